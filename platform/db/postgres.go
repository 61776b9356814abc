package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/stoashop/stoa/kit/fault"
)

// deadlockTries is how often a transaction runs before a deadlock or a
// serialisation failure becomes the caller's.
const deadlockTries = 8

func (d *DB) openPostgres(ctx, background context.Context, dbURL string) error {
	cfg, err := pgxpool.ParseConfig(dbURL)
	if err != nil {
		return fmt.Errorf("the PostgreSQL address %s cannot be read", Redacted(dbURL))
	}
	if !strings.Contains(dbURL, "pool_max_conns") {
		cfg.MaxConns = 32
	}
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "stoa"
	}
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60000"
	pool, err := pgxpool.NewWithConfig(background, cfg)
	if err != nil {
		return fmt.Errorf("cannot reach PostgreSQL at %s: %w", Redacted(dbURL), err)
	}
	d.engine, d.dialect = Postgres, postgresDialect{}
	d.reader = stdlib.OpenDBFromPool(pool)
	d.closePool = pool.Close
	if err := d.reader.PingContext(ctx); err != nil {
		d.reader.Close()
		pool.Close()
		return fmt.Errorf("cannot reach PostgreSQL at %s: is it running, and may this user log in? (%s)", Redacted(dbURL), oneLine(err))
	}
	go d.listen(background, cfg.ConnConfig.Copy())
	return nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// listen passes NOTIFY on to Wakes until the database is closed. After a lost
// connection it wakes everybody: something may have been missed.
func (d *DB) listen(ctx context.Context, cfg *pgx.ConnConfig) {
	for ctx.Err() == nil {
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			_, err = conn.Exec(ctx, `LISTEN stoa_wake`)
			if err == nil {
				d.wakes.sendAll()
			}
			for err == nil {
				var note *pgconn.Notification
				if note, err = conn.WaitForNotification(ctx); err == nil {
					d.wakes.send(note.Payload)
				}
			}
			conn.Close(context.WithoutCancel(ctx))
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (d *DB) runPostgres(ctx context.Context, fn func(context.Context, *Tx) error) (*Tx, error) {
	for try := 1; ; try++ {
		tx, err := d.tryPostgres(ctx, fn)
		if err == nil || try == deadlockTries || !retryable(err) {
			return tx, err
		}
		d.retries.Add(1)
		wait := time.Duration(rand.Int64N(int64(5*time.Millisecond) << min(try, 6)))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func retryable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func (d *DB) tryPostgres(ctx context.Context, fn func(context.Context, *Tx) error) (tx *Tx, err error) {
	raw, err := d.reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, err
	}
	defer raw.Rollback() // does nothing after Commit
	tx = &Tx{db: d, conn: pgTx{raw}, asker: ctx, now: d.clock.Now()}
	if d.gate != nil {
		if err := raw.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&tx.backend); err != nil {
			return nil, err
		}
	}
	if err := fn(ctx, tx); err != nil {
		return nil, err
	}
	for topic := range tx.wake {
		if _, err := raw.ExecContext(ctx, `SELECT pg_notify('stoa_wake', $1)`, topic); err != nil {
			return nil, err
		}
	}
	if err := tx.pass(ctx, Commit, ""); err != nil {
		return nil, err
	}
	if err := raw.Commit(); err != nil {
		return nil, err
	}
	return tx, nil
}

type pgTx struct{ tx *sql.Tx }

func (t pgTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

func (t pgTx) queryRow(ctx context.Context, query string, args []any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t pgTx) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, query, args...)
}

type postgresDialect struct{}

func (postgresDialect) forUpdate() string  { return " FOR UPDATE" }
func (postgresDialect) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (postgresDialect) explain(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case e.Code == "23505":
			return &Violation{Unique: true, Detail: e.ConstraintName, Cause: err}
		case strings.HasPrefix(e.Code, "23"):
			return &Violation{Detail: e.ConstraintName, Cause: err}
		case strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"):
			return fault.New(fault.Unavailable, "database.unavailable").Because(err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.Timeout(err) {
		return fault.New(fault.Unavailable, "database.unavailable").Because(err)
	}
	return err
}
