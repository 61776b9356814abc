package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const insertThrottle = `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ($1, $2, $3)`

func count(t *testing.T, q db.Q) int {
	t.Helper()
	var n int
	if err := q.QueryRow(t.Context(), `SELECT COUNT(*) FROM throttle`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInTx_commitsOrLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		after := 0
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { after++ })
			_, err := tx.Exec(ctx, insertThrottle, "a", 1, tx.Now().UnixMilli())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		refusal := errors.New("no")
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { after++ })
			if _, err := tx.Exec(ctx, insertThrottle, "b", 1, 1); err != nil {
				return err
			}
			return refusal
		})
		if !errors.Is(err, refusal) {
			t.Errorf("InTx returned %v, want the function's own error", err)
		}
		if n := count(t, e.DB); n != 1 {
			t.Errorf("%d rows, want only the committed one", n)
		}
		if after != 1 {
			t.Errorf("AfterCommit ran %d times, want once, for the commit", after)
		}
	})
}

func TestInTx_refusesToNest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return e.DB.InTx(ctx, func(context.Context, *db.Tx) error { return nil })
		})
		if err == nil {
			t.Error("a transaction inside a transaction was accepted")
		}
	})
}

func TestInTx_turnsConstraintsIntoViolations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		insert := func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, insertThrottle, "a", 1, 1)
			return err
		}
		if err := e.DB.InTx(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
		if err := e.DB.InTx(t.Context(), insert); !db.IsUnique(err, "throttle") {
			t.Errorf("second insert: %v, want a unique violation of throttle", err)
		}
	})
}

func TestInTx_panicIsAnError(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	err := e.DB.InTx(t.Context(), func(context.Context, *db.Tx) error { panic("boom") })
	if err == nil {
		t.Error("a panic in a transaction was not reported")
	}
	if err := e.DB.InTx(t.Context(), func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Errorf("the writer did not survive: %v", err)
	}
}

// One of 32 shoppers gives up in mid-statement. Its own transaction must leave
// nothing; the other 31, which share its group commit, must all be kept.
func TestGroupCommit_oneOf32CancelsInMidStatement(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	const members, quitter = 32, 13

	// Hold the writer so that all members gather behind it into one group.
	release := make(chan struct{})
	held := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		e.DB.InTx(t.Context(), func(context.Context, *db.Tx) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := make([]error, members)
	var runs atomic.Int64
	for i := range members {
		ctx := ctx
		if i != quitter {
			ctx = t.Context()
		}
		all.Go(func() {
			errs[i] = e.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				runs.Add(1)
				if _, err := tx.Exec(ctx, insertThrottle, string(rune('A'+i)), i, i); err != nil {
					return err
				}
				if i != quitter {
					return nil
				}
				// A statement long enough for the cancellation to fall into it.
				time.AfterFunc(20*time.Millisecond, cancel)
				_, err := tx.Exec(ctx, `
					WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 300000)
					INSERT INTO throttle (bucket, arrival_at, expires_at) SELECT 'n' || n, n, n FROM c`)
				return err
			})
		})
	}
	close(release)
	all.Wait()

	for i, err := range errs {
		switch {
		case i == quitter && !errors.Is(err, context.Canceled):
			t.Errorf("the one who left got %v, want context.Canceled", err)
		case i != quitter && err != nil:
			t.Errorf("member %d failed with its neighbour: %v", i, err)
		}
	}
	if n := runs.Load(); n != members {
		t.Errorf("functions ran %d times, want %d: the statement was interrupted and its neighbours had to run again", n, members)
	}
	if n := count(t, e.DB); n != members-1 {
		t.Errorf("%d rows, want %d: everybody's but the one's who left", n, members-1)
	}
}

// A member that ends the whole SQLite transaction (as a full disk would) takes
// nobody with it: the others are run again.
func TestGroupCommit_lostTransactionIsRunAgain(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	release, held := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		e.DB.InTx(t.Context(), func(context.Context, *db.Tx) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			errs[i] = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, insertThrottle, string(rune('A'+i)), i, i); err != nil {
					return err
				}
				if i == 5 {
					tx.Exec(ctx, `ROLLBACK`)
					return errors.New("disk full")
				}
				return nil
			})
		})
	}
	close(release)
	all.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 5) {
			t.Errorf("member %d: %v", i, err)
		}
	}
	if n := count(t, e.DB); n != 7 {
		t.Errorf("%d rows, want 7", n)
	}
}

func TestMigrate_twiceAppliesOnce(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			e := dbtest.New(t, engine)
			applied, err := e.DB.Migrate(t.Context(), migrationsFiles)
			if err != nil || len(applied) != 0 {
				t.Errorf("migrating a migrated database applied %v, %v", applied, err)
			}
			if err := e.DB.Check(t.Context(), migrationsFiles); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMigrate_refusesANewerDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		older := onlyFirst(t, e.DB.Engine())
		if _, err := e.DB.Migrate(t.Context(), older); err == nil {
			t.Error("a program older than the database migrated it")
		}
	})
}

// Every table of the shop goes, whatever points to it, and none of others.
func TestClear_dropsTheShopsTablesAndNoOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Exec(t, `CREATE TABLE another (id INTEGER)`)
		e.Exec(t, `INSERT INTO price_list (id, code, name, currency, version) VALUES ('p', 'p', 'p', 'EUR', 1)`)
		e.Exec(t, `INSERT INTO market (id, code, name, currency, locale, price_list_id, prices_include_tax, tax_rounding, tax_outside, price_kept, is_default, version)
			VALUES ('m', 'm', 'm', 'EUR', 'en', 'p', 1, 'line', 'zero', 'gross', 1, 1)`)
		tables := func() []string {
			query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence' ORDER BY name`
			if e.DB.Engine() == db.Postgres {
				query = `SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
			}
			names, err := db.All(t.Context(), e.DB, db.String, query)
			if err != nil {
				t.Fatal(err)
			}
			return names
		}
		before := tables()

		for range 2 { // the second finds nothing
			if err := e.DB.Clear(t.Context(), migrationsFiles); err != nil {
				t.Fatal(err)
			}
			if left, want := tables(), []string{"another", "goose_db_version"}; !slices.Equal(left, want) {
				t.Errorf("the tables %v are left, want %v", left, want)
			}
		}

		if _, err := e.DB.Migrate(t.Context(), migrationsFiles); err != nil {
			t.Fatal(err)
		}
		if after := tables(); !slices.Equal(after, before) {
			t.Errorf("made anew: %v, want %v", after, before)
		}
		if err := e.DB.Clear(t.Context(), onlyFirst(t, e.DB.Engine())); err == nil {
			t.Error("a program older than the database cleared it")
		}
	})
}

func TestOpen_saysWhatIsWrong(t *testing.T) {
	for name, url := range map[string]string{
		"no scheme":        "stoa.db",
		"no file":          "sqlite:",
		"nobody listening": "postgres://nobody@127.0.0.1:1/none",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), db.Options{URL: url})
			if err == nil {
				d.Close()
				t.Fatalf("%s was opened", url)
			}
			if fault.Is(err, fault.Internal) {
				t.Errorf("%v is no line for a person", err)
			}
		})
	}
}

func TestWakes_reachTheOtherNode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		woken, stop := e.DB.Wakes("jobs")
		defer stop()
		if e.DB.Engine() == db.Postgres {
			<-woken // the listener says so when it is in place
		}
		node := e.DB
		if e.DB.Engine() == db.Postgres {
			other, err := db.Open(t.Context(), db.Options{URL: e.URL, Clock: e.Clock})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			node = other
		}
		err := node.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.Wake("jobs")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		<-woken
	})
}
