package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const readThrottle = `SELECT arrival_at FROM throttle WHERE bucket = $1`

func arrival(ctx context.Context, q db.Q, bucket string) (n int64, err error) {
	err = q.QueryRow(ctx, readThrottle, bucket).Scan(&n)
	return n, err
}

func TestSend_keepsItsPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		at := time.UnixMilli(7)
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			err := errors.Join(
				tx.Send(ctx, insertThrottle, "a", db.Time(&at), 1),
				tx.Send(ctx, `UPDATE throttle SET arrival_at = arrival_at * 2 WHERE bucket = $1`, "a"),
			)
			at = time.UnixMilli(100) // what was sent is as it was
			if n, err := arrival(ctx, tx, "a"); err != nil || n != 14 {
				t.Errorf("a read sees %d, %v; want 14", n, err)
			}
			err = errors.Join(err, tx.Send(ctx, `UPDATE throttle SET arrival_at = arrival_at + 1 WHERE bucket = $1`, "a"))
			if list, err := db.All(ctx, tx, db.String, `SELECT bucket FROM throttle WHERE arrival_at = 15`); err != nil || len(list) != 1 {
				t.Errorf("rows see %v, %v; want the one of 15", list, err)
			}
			err = errors.Join(err, tx.Send(ctx, `UPDATE throttle SET expires_at = arrival_at WHERE bucket = $1`, "a"))
			if n, err := tx.Exec(ctx, `UPDATE throttle SET arrival_at = arrival_at * 2 WHERE arrival_at = $1`, 15); err != nil || n != 1 {
				t.Errorf("a write touches %d, %v; want 1", n, err)
			}
			var first, second int64
			err = errors.Join(err,
				tx.SendReturning(ctx, []any{&first}, `UPDATE throttle SET arrival_at = arrival_at + 1 WHERE bucket = $1 RETURNING arrival_at`, "a"),
				tx.Flush(ctx))
			if first != 31 {
				t.Errorf("after Flush the row returned is %d, want 31", first)
			}
			tx.AfterCommit(func() {
				if second != 62 {
					t.Errorf("after the commit the row returned is %d, want 62", second)
				}
			})
			return errors.Join(err,
				tx.SendReturning(ctx, []any{&second}, `UPDATE throttle SET arrival_at = arrival_at * 2 WHERE bucket = $1 RETURNING arrival_at`, "a"),
				tx.SendExactly(ctx, 1, errors.New("not one"), `UPDATE throttle SET arrival_at = arrival_at + 1 WHERE bucket = $1`, "a"))
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := arrival(t.Context(), e.DB, "a"); err != nil || n != 63 {
			t.Errorf("committed %d, %v; want 63", n, err)
		}
	})
}

func TestSend_whatIsWrongLeavesNothing(t *testing.T) {
	short := errors.New("short")
	wrong := map[string]struct {
		send func(ctx context.Context, tx *db.Tx) error
		is   func(error) bool
	}{
		"a broken constraint": {
			func(ctx context.Context, tx *db.Tx) error { return tx.Send(ctx, insertThrottle, "taken", 1, 1) },
			func(err error) bool { return db.IsUnique(err, "throttle") },
		},
		"too few rows": {
			func(ctx context.Context, tx *db.Tx) error {
				return tx.SendExactly(ctx, 2, short, `UPDATE throttle SET arrival_at = 9 WHERE bucket IN ('taken', 'nobody')`)
			},
			func(err error) bool { return errors.Is(err, short) },
		},
		"too many rows": {
			func(ctx context.Context, tx *db.Tx) error {
				return tx.SendExactly(ctx, 1, short, `UPDATE throttle SET arrival_at = 9`)
			},
			func(err error) bool { return errors.Is(err, short) },
		},
	}
	then := map[string]func(ctx context.Context, tx *db.Tx) error{
		"then the commit": func(context.Context, *db.Tx) error { return nil },
		"then a flush":    func(ctx context.Context, tx *db.Tx) error { return tx.Flush(ctx) },
		"then a write": func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, insertThrottle, "c", 1, 1)
			return err
		},
		"then a row":                   func(ctx context.Context, tx *db.Tx) error { _, err := arrival(ctx, tx, "taken"); return err },
		"then a row, whatever it says": func(ctx context.Context, tx *db.Tx) error { _, _ = arrival(ctx, tx, "taken"); return nil },
		"then rows": func(ctx context.Context, tx *db.Tx) error {
			_, err := db.All(ctx, tx, db.String, `SELECT bucket FROM throttle`)
			return err
		},
	}
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(tx.Send(ctx, insertThrottle, "taken", 1, 1), tx.Send(ctx, insertThrottle, "other", 1, 1))
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, w := range wrong {
			for next, fn := range then {
				after := 0
				err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					tx.AfterCommit(func() { after++ })
					if err := tx.Send(ctx, insertThrottle, "b", 1, 1); err != nil {
						return err
					}
					if err := w.send(ctx, tx); err != nil {
						return err
					}
					return fn(ctx, tx)
				})
				if !w.is(err) {
					t.Errorf("%s, %s: got %v", what, next, err)
				}
				if n := count(t, e.DB); n != 2 || after != 0 {
					t.Errorf("%s, %s: %d rows and %d functions run after it, want 2 and none", what, next, n, after)
				}
				if n, err := arrival(t.Context(), e.DB, "taken"); err != nil || n != 1 {
					t.Errorf("%s, %s: the row is %d now, %v", what, next, n, err)
				}
			}
		}
	})
}

// Whoever gives up, panics or leaves rows open gives the connection back as it
// was.
func TestInTx_onPostgresGivesConnectionsBackClean(t *testing.T) {
	e := dbtest.New(t, db.Postgres)
	no := errors.New("no")
	for i := range 100 { // more than the pool holds
		ctx, cancel := context.WithCancel(t.Context())
		func() {
			defer func() { _ = recover() }()
			err := e.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Send(ctx, insertThrottle, "a", 1, 1); err != nil {
					return err
				}
				switch i % 4 {
				case 0:
					panic("the function of the transaction gives up")
				case 1:
					cancel()
				case 2:
					rows, err := tx.Query(ctx, `SELECT bucket FROM throttle`)
					if err == nil {
						rows.Next()
					}
				}
				return no
			})
			if err == nil {
				t.Error("committed")
			}
		}()
		cancel()
	}
	if n := count(t, e.DB); n != 0 {
		t.Errorf("%d rows were left", n)
	}
}
