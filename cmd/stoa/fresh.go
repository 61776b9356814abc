package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/db"
)

// prepare refuses what is no demo's, and throws a demo away when that was asked
// for or had begun. The folder is this process's until release.
//
// Only what the database itself calls a demo is thrown away. The master key
// stays in any case: it may open other databases too.
func (d demoCmd) prepare(ctx context.Context, settings stoa.Settings) (release func() error, err error) {
	database, err := openDatabase(ctx, settings.Database)
	if err != nil {
		return nil, err
	}
	defer database.Close()
	found, err := demo.Look(ctx, database)
	if err != nil {
		return nil, err
	}
	away := found.Demo && (d.Fresh || found.Products == 0)
	switch {
	case found.Taken && !found.Demo:
		return nil, fmt.Errorf("%s holds a shop of its own, not a demo; set STOA_DATA or STOA_DATABASE to another, or run stoa serve", nameOf(settings.Database))
	case found.Demo && !away && d.Products != 0 && d.Products != found.Products:
		return nil, usage("this demo was furnished with %d products, not %d; add --fresh to throw it away and start again", found.Products, d.Products)
	case d.Products != 0 && (away || !found.Demo):
		whole, err := demo.Load()
		if err != nil {
			return nil, err
		}
		if n := len(whole.Products); d.Products < n {
			return nil, usage("the demo has %d products of its own; --products takes that or more", n)
		}
	}
	release, err = settings.ClaimFolder("demo")
	if err != nil {
		return nil, err
	}
	if away {
		err = throwAway(ctx, settings, database)
	}
	if err = errors.Join(err, label(settings.Data)); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// openDatabase opens a database and brings its tables up to date.
func openDatabase(ctx context.Context, address string) (*db.DB, error) {
	d, err := db.Open(ctx, db.Options{URL: address})
	if err != nil {
		return nil, err
	}
	if _, err := d.Migrate(ctx, migrations.Files()); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// nameOf is a database's address as people are told it.
func nameOf(address string) string {
	return strings.TrimPrefix(db.Redacted(address), "sqlite:")
}

// throwAway deletes a demo. It says so in the database first and empties that
// last, so that after a crash in between the next start goes on here.
func throwAway(ctx context.Context, settings stoa.Settings, database *db.DB) error {
	if err := demo.Doom(ctx, database); err != nil {
		return err
	}
	own := []string{"bank.json", "bank-keys.json"}
	if _, err := os.Stat(filepath.Join(settings.Data, marker)); err == nil {
		own = append(own, "files")
	}
	for _, name := range own {
		if err := os.RemoveAll(filepath.Join(settings.Data, name)); err != nil {
			return err
		}
	}
	if err := database.Clear(ctx, migrations.Files()); err != nil {
		return err
	}
	keys, err := db.Open(ctx, db.Options{URL: privacy.KeysURL(settings.Database)})
	if err != nil {
		return err
	}
	return errors.Join(keys.Clear(ctx, migrations.Keys()), keys.Close())
}

// marker is the file that says that all pictures in a folder are a demo's.
const marker = "DEMO"

// label puts the marker into a folder in which nobody has kept anything yet.
func label(data string) error {
	for _, name := range []string{marker, "master.key", "files"} {
		if _, err := os.Lstat(filepath.Join(data, name)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(data, marker), []byte("The pictures in this folder are a demo's; stoa demo --fresh deletes them.\n"), 0o600)
}

// unlabel takes the marker away when a shop of somebody's own moves in.
func unlabel(ctx context.Context, shop *stoa.Shop) error {
	name := filepath.Join(shop.Settings.Data, marker)
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	found, err := demo.Look(ctx, shop.DB)
	if err != nil || found.Demo {
		return err
	}
	return os.Remove(name)
}
