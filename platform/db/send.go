package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// sent is a statement that nothing waits for.
type sent struct {
	query string
	args  []any
	rows  int64 // it must touch; any number when otherwise is nil

	otherwise error
	into      []any // takes the one row it returns; nil for none
}

// Send is Exec for a statement whose answer nothing waits for. PostgreSQL gets
// it together with the next statement that is waited for, or with the COMMIT,
// so that many writes cost one journey; SQLite runs it at once. Statements keep
// their order: whatever is read later in the transaction sees the write. What
// is wrong with it may be told by a later statement, or by InTx.
func (tx *Tx) Send(ctx context.Context, query string, args ...any) error {
	return tx.send(ctx, sent{query: query, args: args})
}

// SendExactly is Send for a write without RETURNING that must touch exactly
// rows rows; if it does not, the transaction fails with otherwise.
func (tx *Tx) SendExactly(ctx context.Context, rows int64, otherwise error, query string, args ...any) error {
	return tx.send(ctx, sent{query: query, args: args, rows: rows, otherwise: otherwise})
}

// SendReturning is Send for a write that returns one row, which is scanned into
// pointers to plain values: at once on SQLite, by the next Flush, or by the
// time the transaction is on disk.
func (tx *Tx) SendReturning(ctx context.Context, into []any, query string, args ...any) error {
	return tx.send(ctx, sent{query: query, args: args, into: into})
}

// Flush waits for everything that was sent.
func (tx *Tx) Flush(ctx context.Context) error {
	if p, ok := tx.conn.(*pgTx); ok {
		return tx.db.dialect.explain(p.flush(ctx))
	}
	return nil
}

// maxSent bounds how much is on its way.
const maxSent = 200

func (tx *Tx) send(ctx context.Context, s sent) error {
	tx.count(s.query, s.args)
	if err := tx.asker.Err(); err != nil {
		return err
	}
	if err := tx.pass(ctx, Statement, s.query); err != nil {
		return err
	}
	p, ok := tx.conn.(*pgTx)
	if !ok {
		return tx.sendNow(ctx, s)
	}
	for i, arg := range s.args { // as they are now: who sent them may go on to change them
		var err error
		if s.args[i], err = settled(arg); err != nil {
			return err
		}
	}
	p.queue = append(p.queue, s)
	if len(p.queue) >= maxSent {
		return tx.Flush(ctx)
	}
	return nil
}

func (tx *Tx) sendNow(ctx context.Context, s sent) error {
	if s.into != nil {
		return tx.db.dialect.explain(tx.conn.queryRow(tx.pick(ctx), s.query, s.args).Scan(s.into...))
	}
	res, err := tx.conn.exec(tx.pick(ctx), s.query, s.args)
	if err != nil {
		return tx.db.dialect.explain(err)
	}
	if s.otherwise == nil {
		return nil
	}
	if n, err := res.RowsAffected(); err != nil || n != s.rows {
		return errors.Join(err, s.otherwise)
	}
	return nil
}

// settled is an argument's value at this moment.
func settled(arg any) (any, error) {
	if v, ok := arg.(driver.Valuer); ok {
		return v.Value()
	}
	if v := reflect.ValueOf(arg); v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		return v.Elem().Interface(), nil
	}
	return arg, nil
}

// pgTx is a transaction on a connection of its own.
type pgTx struct {
	conn   *sql.Conn
	queue  []sent
	untold error // what was wrong with something sent, found out when a row was asked for
}

func (t *pgTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if err := t.flush(ctx); err != nil {
		return nil, err
	}
	return t.conn.QueryContext(ctx, query, args...)
}

func (t *pgTx) queryRow(ctx context.Context, query string, args []any) *sql.Row {
	if t.untold = t.flush(ctx); t.untold != nil { // a Row cannot carry it
		over, cancel := context.WithCancel(ctx)
		cancel()
		return t.conn.QueryRowContext(over, query, args...)
	}
	return t.conn.QueryRowContext(ctx, query, args...)
}

func (t *pgTx) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	if len(t.queue) == 0 {
		return t.conn.ExecContext(ctx, query, args...)
	}
	tag, err := t.journey(ctx, query, args)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// flush sends what is queued and waits for the answers.
func (t *pgTx) flush(ctx context.Context) error {
	if len(t.queue) == 0 {
		return nil
	}
	_, err := t.journey(ctx, "", nil)
	return err
}

// commit sends what is queued with the COMMIT behind it, in one journey.
func (t *pgTx) commit(ctx context.Context) error {
	tag, err := t.journey(ctx, "COMMIT", nil)
	if err == nil && tag.String() != "COMMIT" {
		return errors.New("db: the transaction had failed before its end, and was rolled back")
	}
	return err
}

// journey sends what is queued and a last statement, if any, and returns the
// answer to the last. The first statement that fails keeps those behind it
// from running, the COMMIT too.
func (t *pgTx) journey(ctx context.Context, last string, args []any) (tag pgconn.CommandTag, err error) {
	queue := t.queue
	t.queue = nil
	batch := new(pgx.Batch)
	for _, s := range queue {
		batch.Queue(exactly(s), s.args...)
	}
	if last != "" {
		batch.Queue(last, args...)
	}
	var failed error
	raw := t.conn.Raw(func(c any) error {
		results := c.(*stdlib.Conn).Conn().SendBatch(ctx, batch)
		for _, s := range queue {
			if failed = take(results, s); failed != nil {
				break
			}
		}
		if failed == nil && last != "" {
			tag, failed = results.Exec()
		}
		failed = errors.Join(failed, unlessTold(failed, results.Close()))
		return nil
	})
	return tag, errors.Join(raw, failed)
}

// unlessTold leaves out what closing says again.
func unlessTold(told, err error) error {
	if told != nil {
		return nil
	}
	return err
}

// take reads the answer to one statement.
func take(results pgx.BatchResults, s sent) error {
	var err error
	switch {
	case s.into != nil:
		err = results.QueryRow().Scan(s.into...)
	default:
		_, err = results.Exec()
	}
	var e *pgconn.PgError
	if s.otherwise != nil && errors.As(err, &e) && e.Code == divisionByZero {
		return s.otherwise
	}
	if err != nil {
		return fmt.Errorf("%s: %w", abbreviate(s.query), err)
	}
	return nil
}

const divisionByZero = "22012"

// exactly makes a statement fail by itself when it touches another number of
// rows than it must: a COMMIT may be on its way behind it, so its answer would
// come too late.
func exactly(s sent) string {
	if s.otherwise == nil {
		return s.query
	}
	return `WITH touched AS (` + s.query + ` RETURNING 1) SELECT 1 / CASE WHEN COUNT(*) = ` + strconv.FormatInt(s.rows, 10) + ` THEN 1 ELSE 0 END FROM touched`
}
