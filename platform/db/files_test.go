package db_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
)

var migrationsFiles = migrations.Files()

func onlyFirst(t *testing.T, engine db.Engine) fs.FS {
	t.Helper()
	name := string(engine) + "/0001_machine.sql"
	raw, err := fs.ReadFile(migrationsFiles, name)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{name: {Data: raw}}
}
