// Package dbtest runs tests against real databases of both engines.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
)

// Began is where every test's clock stands at first: a Tuesday morning.
var Began = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// Env is what a test gets: a fresh, migrated database and the clock it runs on.
type Env struct {
	DB    *db.DB
	Clock *clock.Fake
	URL   string // for a second connection, as another node would have
}

// Each runs fn once on SQLite and once on PostgreSQL, as the subtests "sqlite"
// and "postgres", each with a database of its own. A missing PostgreSQL makes
// the test red.
func Each(t *testing.T, fn func(t *testing.T, e Env)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, New(t, db.SQLite)) })
	t.Run("postgres", func(t *testing.T) { fn(t, New(t, db.Postgres)) })
}

// New returns a fresh, migrated database of one engine.
func New(t testing.TB, engine db.Engine) Env {
	t.Helper()
	c := clock.NewFake(Began)
	address := URL(t, engine)
	d, err := db.Open(t.Context(), db.Options{URL: address, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return Env{d, c, address}
}

// Vault returns a privacy vault whose key store belongs to e.
func (e Env) Vault(t testing.TB) *privacy.Vault {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{URL: privacy.KeysURL(e.URL), Clock: e.Clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	v, err := privacy.Open(t.Context(), keys, migrations.Keys(), make([]byte, privacy.MasterKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Jobs returns a runner for tests: nothing runs until RunDue.
func (e Env) Jobs() *job.Runner { return job.NewRunner(e.DB, slog.New(slog.DiscardHandler), "test") }

// Audit returns a started log of changes that has the given followers.
func (e Env) Audit(t testing.TB, register func(*audit.Log)) *audit.Log {
	t.Helper()
	l := audit.NewLog(e.DB, slog.New(slog.DiscardHandler))
	if register != nil {
		register(l)
	}
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// URL returns the address of a fresh, migrated database nobody has opened yet.
func URL(t testing.TB, engine db.Engine) string {
	t.Helper()
	if engine == db.SQLite {
		file := filepath.Join(t.TempDir(), "stoa.db")
		template, err := sqliteTemplate()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(template)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + file
	}
	c, err := shared()
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v", err)
	}
	address, drop, err := c.create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	return address
}

// Empty is URL without tables, for tests of migrations.
func Empty(t testing.TB, engine db.Engine) string {
	t.Helper()
	if engine == db.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "stoa.db")
	}
	c, err := shared()
	if err != nil {
		t.Fatalf("PostgreSQL is needed for this test: %v", err)
	}
	address, drop, err := c.createFrom(t.Context(), "template0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	return address
}

// schemaHash names the tables' version, so that a template made for other
// tables is never used.
func schemaHash() string {
	h := sha256.New()
	err := fs.WalkDir(migrations.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(migrations.Files(), name)
		fmt.Fprintln(h, name, len(raw))
		h.Write(raw)
		return err
	})
	if err != nil {
		panic(err) // the files are compiled in
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

var sqliteTemplate = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("stoa-test-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	template := filepath.Join(dir, "template-"+schemaHash()+".db")
	if _, err := os.Stat(template); err == nil {
		return template, nil
	}
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, "stoa.db")
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{URL: "sqlite:" + file})
	if err != nil {
		return "", err
	}
	_, err = d.Migrate(ctx, migrations.Files())
	if cerr := d.Close(); err == nil {
		err = cerr // the last connection to go folds the journal into the file
	}
	if err != nil {
		return "", err
	}
	return template, os.Rename(file, template)
})

func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = "/" + name
	return u.String()
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
