package main_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
)

func TestDemo_keepsItsGoodsAndStartsAgain(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		p := start(t, env, "demo").begin().serving()
		p.wrote(`(?m)^  Bank         http://\S+`)
		p.wrote(`Furnishing the shop, once: 100 %`)
		status, home := p.get("/")
		if status != 200 || strings.Count(home, `class="card"`) < 4 {
			t.Errorf("home: %d with %d goods", status, strings.Count(home, `class="card"`))
		}
		if code := p.terminate(); code != 0 {
			t.Fatalf("exit code %d; it wrote\n%s", code, p.out.String())
		}

		watch := clock.Start()
		again := start(t, env, "demo", "--products", "71").begin().serving()
		took := watch.Elapsed()
		if took > 30*time.Second { // a second on a quiet machine
			t.Errorf("the second start took %s", took)
		}
		if strings.Contains(again.out.String(), "Furnishing") {
			t.Error("the second start furnishes again")
		}
		if _, body := again.get("/"); strings.Count(body, `class="card"`) != strings.Count(home, `class="card"`) {
			t.Error("the home page shows other goods")
		}
		if code := again.terminate(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}

// unseen takes pictures in without looking at them.
type unseen struct{}

func (unseen) Picture(_ context.Context, r io.Reader) (upload.Picture, error) {
	data, err := io.ReadAll(r)
	return upload.Picture{Hash: blob.Hash(data), Mime: "image/jpeg", Colour: "#eeddcc", Width: 800, Height: 600, Bytes: int64(len(data))}, err
}

// data is the data folder of the settings, database their database's address.
func (s settings) data() string     { return strings.TrimPrefix(s[0], "STOA_DATA=") }
func (s settings) database() string { return strings.TrimPrefix(s[2], "STOA_DATABASE=") }

// whole puts the shop of the settings together.
func whole(t *testing.T, env settings) *stoa.Shop {
	t.Helper()
	s, err := stoa.ReadSettings(env, "")
	if err != nil {
		t.Fatal(err)
	}
	shop, err := stoa.New(t.Context(), s, stoa.WithoutSearch())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shop.Close() })
	return shop
}

// furnished leaves a demo as a first start does, but for its pictures.
func furnished(t *testing.T, env settings) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(env.data(), "DEMO"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shop := whole(t, env)
	defer shop.Close()
	filled, err := demo.Fill(t.Context(), demo.Services{
		DB: shop.DB, Market: shop.Market, Shipping: shop.Shipping, Fields: shop.Fields,
		Catalog: shop.Catalog, Stock: shop.Stock, Content: shop.Content, Payments: shop.Payments, Upload: unseen{},
	}, demo.Options{})
	if err != nil || !filled {
		t.Fatal(filled, err)
	}
}

// holds fails unless the data folder has exactly these files and folders, the
// locks and SQLite's aside.
func holds(t *testing.T, data string, want ...string) {
	t.Helper()
	for _, name := range []string{"DEMO", "bank.json", "bank-keys.json", "files", "master.key"} {
		_, err := os.Stat(filepath.Join(data, name))
		if wanted := strings.Contains(" "+strings.Join(want, " ")+" ", " "+name+" "); wanted != (err == nil) || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s wanted: %v, %v", name, wanted, err)
		}
	}
}

// What a shop of somebody's own is kept in is not touched, wherever its
// database is.
func TestDemo_leavesAnothersShopAlone(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		open(t, env)
		key, err := os.ReadFile(filepath.Join(env.data(), "master.key"))
		if err != nil {
			t.Fatal(err)
		}

		for _, args := range [][]string{{"demo"}, {"demo", "--fresh"}} {
			code, out := run(t, env, args...)
			oneLine(t, code, out, stoa.ExitFailure, strings.TrimPrefix(db.Redacted(env.database()), "sqlite:")+" holds a shop of its own, not a demo; set STOA_DATA or STOA_DATABASE to another, or run stoa serve")
		}

		holds(t, env.data(), "master.key", "files")
		if now, err := os.ReadFile(filepath.Join(env.data(), "master.key")); err != nil || string(now) != string(key) {
			t.Errorf("the key is another: %v", err)
		}
		if name := whole(t, env).Market.Current(t.Context()).Shop.Name; name != "Hausrat" {
			t.Errorf("the shop is %q now", name)
		}
	})
}

// A demo is emptied and made anew. So it is when the program crashed in
// between. The master key stays, since it may open more than this database.
func TestDemo_freshStartsAgain(t *testing.T) {
	empty := func(t *testing.T, address string, files fs.FS) {
		t.Helper()
		d, err := db.Open(t.Context(), db.Options{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.Clear(t.Context(), files), d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		args  []string
		crash func(t *testing.T, env settings)
	}{
		"asked for": {[]string{"demo", "--fresh"}, func(*testing.T, settings) {}},
		"crashed after the note": {[]string{"demo"}, func(t *testing.T, env settings) {
			shop := whole(t, env)
			if err := errors.Join(demo.Doom(t.Context(), shop.DB), shop.Close()); err != nil {
				t.Fatal(err)
			}
		}},
		"crashed before the keys": {[]string{"demo"}, func(t *testing.T, env settings) {
			if err := os.RemoveAll(filepath.Join(env.data(), "files")); err != nil {
				t.Fatal(err)
			}
			empty(t, env.database(), migrations.Files())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, env settings) {
				furnished(t, env)
				key, err := os.ReadFile(filepath.Join(env.data(), "master.key"))
				if err != nil {
					t.Fatal(err)
				}
				before := filepath.Join(env.data(), "files", "of-before")
				if err := os.WriteFile(before, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				tt.crash(t, env)

				p := start(t, env, tt.args...).begin()
				p.wrote(`once: 0 %`)
				p.terminate()

				if _, err := os.Stat(before); !os.IsNotExist(err) {
					t.Errorf("a picture of before: %v", err)
				}
				if now, err := os.ReadFile(filepath.Join(env.data(), "master.key")); err != nil || string(now) != string(key) {
					t.Errorf("the key is another: %v", err)
				}
				found, err := demo.Look(t.Context(), whole(t, env).DB)
				if err != nil || found != (demo.State{}) {
					t.Errorf("the database holds %+v, %v", found, err)
				}
			})
		})
	}
}

// The folder may hold pictures of more than this demo when it was not the
// demo's from the beginning, or a shop of somebody's own has moved in.
func TestDemo_freshLeavesPicturesOfOthers(t *testing.T) {
	env := fresh(t, db.SQLite)
	furnished(t, env)
	other := settings{env[0], "STOA_LISTEN=" + port(t), "STOA_DATABASE=sqlite:" + filepath.Join(t.TempDir(), "own.db")}
	if code := start(t, env, "serve").begin().serving().terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	holds(t, env.data(), "DEMO", "files", "master.key")
	if code := start(t, other, "serve").begin().serving().terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	holds(t, env.data(), "files", "master.key")
	picture := filepath.Join(env.data(), "files", "of-another")
	if err := os.WriteFile(picture, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	p := start(t, env, "demo", "--fresh").begin()
	p.wrote(`once: 0 %`)
	p.terminate()

	if _, err := os.Stat(picture); err != nil {
		t.Error(err)
	}
	holds(t, env.data(), "files", "master.key", "bank-keys.json")
	whole(t, other) // the key still opens it
}

func TestDemo_otherProductsNeedFresh(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		code, out := run(t, env, "demo", "--products", "70")
		oneLine(t, code, out, stoa.ExitUsage, "the demo has 71 products of its own; --products takes that or more")
		furnished(t, env)
		for _, n := range []string{"500", "70", "-1"} {
			code, out := run(t, env, "demo", "--products="+n)
			oneLine(t, code, out, stoa.ExitUsage, "this demo was furnished with 71 products, not "+n+"; add --fresh to throw it away and start again")
		}
		found, err := demo.Look(t.Context(), whole(t, env).DB)
		if want := (demo.State{Taken: true, Demo: true, Products: 71}); err != nil || found != want {
			t.Errorf("the database holds %+v, %v", found, err)
		}
	})
}

func TestDemo_oneAtATimeAndCanBeStopped(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		p := start(t, env, "demo").begin()
		p.wrote(`once: 10 %`)
		if code := p.terminate(); code != stoa.ExitStopped || !strings.HasSuffix(p.out.String(), "\nstoa: stopped before it was done; run it again\n") {
			t.Errorf("exit code %d; it wrote\n%s", code, p.out.String())
		}

		p = start(t, env, "demo").begin()
		p.wrote(`once: 0 %`)
		other := settings{env[0], "STOA_LISTEN=" + port(t), env[2]}
		for _, args := range [][]string{{"demo"}, {"demo", "--fresh"}} {
			code, out := run(t, other, args...)
			oneLine(t, code, out, stoa.ExitInUse, "another stoa ")
		}
		p.terminate()
	})
}
