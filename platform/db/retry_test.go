package db_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// Two transactions that lock the same rows in opposite order: PostgreSQL ends
// one of them, which is run again, and both callers succeed. SQLite has one
// writer and no such quarrel.
func TestInTx_deadlockIsRunAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Exec(t, `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ('a', 0, 0), ('b', 0, 0)`)
		raise := func(ctx context.Context, tx *db.Tx, bucket string) error {
			_, err := tx.Exec(ctx, `UPDATE throttle SET arrival_at = arrival_at + 1 WHERE bucket = $1`, bucket)
			return err
		}
		var both, all sync.WaitGroup
		var runs atomic.Int64
		both.Add(2)
		for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
			all.Go(func() {
				var first sync.Once
				err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					runs.Add(1)
					if err := raise(ctx, tx, order[0]); err != nil {
						return err
					}
					first.Do(func() {
						both.Done()
						if e.DB.Engine() == db.Postgres {
							both.Wait() // each holds what the other wants
						}
					})
					return raise(ctx, tx, order[1])
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if sum := e.Int(t, `SELECT CAST(SUM(arrival_at) AS BIGINT) FROM throttle`); sum != 4 {
			t.Errorf("raised %d times, want 4: each transaction once", sum)
		}
		if want := int64(2); e.DB.Engine() == db.Postgres && runs.Load() != want+1 || e.DB.Engine() == db.SQLite && runs.Load() != want {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

// A serialisation failure is run again too; on SQLite nothing of the kind
// happens and the second writer sees the first one's value.
func TestInTx_serialisationFailureIsRunAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		if e.DB.Engine() == db.SQLite {
			return // one writer: transactions are serial
		}
		e.Exec(t, `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ('a', 0, 0)`)
		runs := 0
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			runs++
			if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`); err != nil {
				return err
			}
			var at int64
			if err := tx.QueryRow(ctx, `SELECT arrival_at FROM throttle WHERE bucket = 'a'`).Scan(&at); err != nil {
				return err
			}
			if runs == 1 { // somebody else is faster
				if err := e.DB.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE throttle SET arrival_at = arrival_at + 10 WHERE bucket = 'a'`)
					return err
				}); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `UPDATE throttle SET arrival_at = $1 WHERE bucket = 'a'`, at+1)
			return err
		})
		if at := e.Int(t, `SELECT arrival_at FROM throttle`); err != nil || runs != 2 || at != 11 {
			t.Errorf("%d runs, value %d, %v; want 2 runs and 11", runs, at, err)
		}
	})
}

// A data folder may be called anything: what means something in an address
// means nothing in a path, and the key store lies beside the shop's database.
func TestOpen_anyPath(t *testing.T) {
	for _, name := range []string{"a b", "a#b", "a?b=c&mode=ro", "100%", "%41", "ä:ö+'\""} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			shop := "sqlite:" + filepath.Join(dir, name+".db")
			for _, url := range []string{shop, privacy.KeysURL(shop)} {
				d, err := db.Open(t.Context(), db.Options{URL: url})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := d.Migrate(t.Context(), onlyFirst(t, db.SQLite)); err != nil {
					t.Error(err)
				}
				err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if _, err := tx.Exec(ctx, insertThrottle, "b", 1, 1); err != nil { // what was migrated is this file
						return err
					}
					_, err := tx.Exec(ctx, `CREATE TABLE t (n INTEGER)`)
					return err
				})
				if err != nil {
					t.Error(err)
				}
				var n int // the readers open the same file
				if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM t`).Scan(&n); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			files, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", "*.db"))
			if err != nil || len(files) != 2 || filepath.Dir(files[0]) != dir {
				t.Errorf("files %q, %v; want the shop's and the keys' in %q", files, err, dir)
			}
		})
	}
}
