package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the tables up to the newest version in files, which holds
// one folder an engine. Several nodes may call it at once; one does the work.
// It returns the versions it applied; a second call applies none. A database
// newer than files is an error: an older program must not touch it.
func (d *DB) Migrate(ctx context.Context, files fs.FS) (applied []int64, err error) {
	defer func() { err = explained(err, d.url) }()
	p, pool, err := d.provider(files)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if err := refuseNewer(ctx, p); err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("the tables could not be brought up to date: %w", err)
	}
	for _, r := range results {
		applied = append(applied, r.Source.Version)
	}
	return applied, nil
}

// Clear drops the tables that Migrate makes from files, the youngest version
// first, and everything in them; Migrate makes them anew. Tables of others stay.
// After a crash in the middle the oldest versions are left, and a second call
// drops them. Nobody else may use the database meanwhile.
func (d *DB) Clear(ctx context.Context, files fs.FS) (err error) {
	defer func() { err = explained(err, d.url) }()
	p, pool, err := d.provider(files)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	if d.engine == SQLite { // or every row is deleted by itself
		if _, err := pool.ExecContext(ctx, `PRAGMA foreign_keys = OFF`); err != nil {
			return err
		}
	}
	if _, err := p.DownTo(ctx, 0); err != nil {
		return fmt.Errorf("the tables could not be dropped: %w", err)
	}
	if d.engine == SQLite {
		_, err = pool.ExecContext(ctx, `VACUUM`)
	}
	return err
}

// Check reports whether the tables are exactly at the newest version in files.
func (d *DB) Check(ctx context.Context, files fs.FS) error {
	p, pool, err := d.provider(files)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return err
	}
	if pending {
		return errors.New("the database is older than this program; run: stoa migrate")
	}
	return nil
}

// Version is the number of the newest migration applied, 0 for none.
func (d *DB) Version(ctx context.Context, files fs.FS) (int64, error) {
	p, pool, err := d.provider(files)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	return p.GetDBVersion(ctx)
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("cannot read the database's version: %w", err)
	}
	var newest int64
	for _, s := range p.ListSources() {
		newest = max(newest, s.Version)
	}
	if has > newest {
		return &Trouble{Newer, fmt.Sprintf("the database is newer (version %d) than this program (version %d); run the newer program, or restore a backup made before the upgrade", has, newest), nil}
	}
	return nil
}

func (d *DB) provider(files fs.FS) (*goose.Provider, *sql.DB, error) {
	folder, err := fs.Sub(files, string(d.engine))
	if err != nil {
		return nil, nil, err
	}
	dialect := goose.DialectSQLite3
	var options []goose.ProviderOption
	var pool *sql.DB
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
		if pool, err = sql.Open("pgx", d.url); err != nil {
			return nil, nil, err
		}
		if u, err := url.Parse(d.url); err == nil && u.Query().Get("search_path") != "" {
			if _, err := pool.Exec(`CREATE SCHEMA IF NOT EXISTS ` + pgx.Identifier{u.Query().Get("search_path")}.Sanitize()); err != nil {
				pool.Close()
				return nil, nil, fmt.Errorf("cannot make the schema for keys: %w", err)
			}
		}
	} else {
		if pool, err = sql.Open("sqlite", "file:"+(&url.URL{Path: d.url[len("sqlite:"):]}).EscapedPath()+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_txlock=immediate"); err != nil {
			return nil, nil, err
		}
		pool.SetMaxOpenConns(1)
	}
	p, err := goose.NewProvider(dialect, pool, folder, options...)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return p, pool, nil
}
