// Package db runs one SQL text on two engines: SQLite, embedded, with group
// commit, and PostgreSQL. Nothing above it imports database/sql.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
)

// Rows, Row and ErrNoRows are database/sql's, so that stores need not import it.
type (
	Rows = sql.Rows
	Row  = sql.Row
)

// ErrNoRows is returned by Row.Scan when there was no row.
var ErrNoRows = sql.ErrNoRows

// Q runs statements: a *DB reads outside a transaction, a *Tx reads and writes
// inside one. SQL is written once, with $1 placeholders, in the subset both
// engines share.
type Q interface {
	Query(ctx context.Context, query string, args ...any) (*Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *Row
	Exec(ctx context.Context, query string, args ...any) (rows int64, err error)
}

// Engine names a database engine.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Options says which database to open.
type Options struct {
	// URL is "sqlite:/path/to/file.db" or "postgres://…".
	URL string
	// Clock and IDs give transactions their instant and their ids.
	// Nil means the system's.
	Clock clock.Clock
	IDs   *id.Source

	// Trace, if set, is told of every statement inside a transaction, in
	// order, and of "COMMIT" once it is on disk: n names the transaction.
	// Benchmarks replay what they record.
	Trace func(n int64, query string, args []any)

	// Gate, if set, is asked before every step and may hold it back; an error
	// it returns takes the step's place. The simulator stands there.
	Gate func(ctx context.Context, s Step) error
}

// Step is one move of the database, as a Gate sees it.
type Step struct {
	Kind    StepKind
	Query   string // of Read and Statement
	Backend int64  // PostgreSQL's process that runs the transaction; else 0
}

// StepKind says which move a step is.
type StepKind string

// The kinds of steps.
const (
	Read      StepKind = "read"      // a query outside a transaction
	Begin     StepKind = "begin"     // before the transaction has anything
	Statement StepKind = "statement" // inside a transaction
	Commit    StepKind = "commit"    // all is written, nothing is durable
	Committed StepKind = "committed" // it is durable, and nobody has been told
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine     Engine
	clock      clock.Clock
	ids        *id.Source
	dialect    dialect
	reader     *sql.DB
	writer     *writer // SQLite only
	statements atomic.Int64
	wakes      wakes
	notes      notes // PostgreSQL only
	stmts      stmtCache
	url        string
	closeOnce  sync.Once
	stop       context.CancelFunc
	closePool  func() // PostgreSQL only
	listeners  listeners
	trace      func(n int64, query string, args []any)
	gate       func(ctx context.Context, s Step) error
	begun      atomic.Int64
	commits    atomic.Int64
	retries    atomic.Int64
}

// Open opens the database and checks that it answers. It neither creates
// tables nor checks their version: see Migrate and Check.
//
// Its errors are single lines for the person who runs the shop.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.IDs == nil {
		o.IDs = id.NewSource(nil)
	}
	d := &DB{clock: o.Clock, ids: o.IDs, url: o.URL, trace: o.Trace, gate: o.Gate}
	background, stop := context.WithCancel(context.Background())
	d.stop = stop
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		err = d.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:"))
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = d.openPostgres(ctx, background, o.URL)
	default:
		err = &Trouble{WrongAddress, `the database must be "sqlite:FILE" or "postgres://…"`, nil}
	}
	if err != nil {
		stop()
		return nil, err
	}
	return d, nil
}

// Engine tells which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Now is the current instant of the database's clock.
func (d *DB) Now() time.Time { return d.clock.Now() }

// Clock is the clock transactions take their instant from.
func (d *DB) Clock() clock.Clock { return d.clock }

// Statements is the number of statements run since Open, transactions' BEGIN
// and COMMIT not counted. Tests count the cost of a page with it.
func (d *DB) Statements() int64 { return d.statements.Load() }

type counterKey struct{}

// Counting returns a context under which statements are counted in n too, those
// of transactions begun under it included: one request's, whatever else runs.
func Counting(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, counterKey{}, n)
}

func (d *DB) countOne(ctx context.Context) {
	d.statements.Add(1)
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// Commits is the number of commits since Open on SQLite, each of which is one
// disk sync however many transactions it holds; 0 on PostgreSQL.
func (d *DB) Commits() int64 { return d.commits.Load() }

// pass asks the gate.
func (d *DB) pass(ctx context.Context, s Step) error {
	if d.gate == nil {
		return nil
	}
	return d.gate(ctx, s)
}

// refused is a context under which nothing runs any more: a Row can carry no
// other error than the one of its query.
func refused(ctx context.Context, err error) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(err)
	return ctx
}

// Retries is how often since Open a transaction ran again because it was part
// of a deadlock; always 0 on SQLite. Rows are locked in one order everywhere,
// so it stays 0.
func (d *DB) Retries() int64 { return d.retries.Load() }

// Query reads outside a transaction.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	d.countOne(ctx)
	if err := d.pass(ctx, Step{Kind: Read, Query: query}); err != nil {
		return nil, err
	}
	if d.engine == Postgres { // pgx prepares and caches by itself
		rows, err := d.reader.QueryContext(ctx, query, args...)
		return rows, d.dialect.explain(err)
	}
	stmt, err := d.stmts.get(ctx, d.reader, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return d.reader.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRow reads one row outside a transaction.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	d.countOne(ctx)
	if err := d.pass(ctx, Step{Kind: Read, Query: query}); err != nil {
		return d.reader.QueryRowContext(refused(ctx, err), query, args...)
	}
	if d.engine == Postgres {
		return d.reader.QueryRowContext(ctx, query, args...)
	}
	stmt, err := d.stmts.get(ctx, d.reader, query)
	if err != nil || stmt == nil {
		return d.reader.QueryRowContext(ctx, query, args...) // carries the error
	}
	return stmt.QueryRowContext(ctx, args...)
}

// Exec is refused outside a transaction: writes go through InTx. It is here so
// that *DB is a Q.
func (d *DB) Exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("db: Exec outside a transaction; use InTx")
}

// Tx is an open transaction.
type Tx struct {
	db    *DB
	conn  preparer
	ctx   context.Context // statements run under this one, never under a shopper's (SQLite)
	asker context.Context // whoever waits for the transaction
	now   time.Time
	after []func()
	wake  map[string]bool
	notes map[string][]any
	n     int64 // names the transaction to Trace

	backend int64 // PostgreSQL's process; only where a gate asks for it
}

func (tx *Tx) pass(ctx context.Context, kind StepKind, query string) error {
	if tx.db.gate == nil {
		return nil
	}
	return tx.db.gate(ctx, Step{Kind: kind, Query: query, Backend: tx.backend})
}

type preparer interface {
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	queryRow(ctx context.Context, query string, args []any) *sql.Row
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
}

// Now is the time the transaction began, in UTC, whole milliseconds. Every row
// a transaction writes carries the same instant.
func (tx *Tx) Now() time.Time { return tx.now }

// NewID returns a fresh id with the given prefix.
func (tx *Tx) NewID(prefix string) string { return tx.db.ids.New(prefix, tx.now) }

// NewToken returns 256 random bits as 43 URL-safe characters.
func (tx *Tx) NewToken() string { return tx.db.ids.Token() }

// ForUpdate is the clause that locks the rows of a SELECT until the end of the
// transaction: " FOR UPDATE", or nothing on SQLite, where the transaction is
// the only writer anyway. Lock rows in id order.
func (tx *Tx) ForUpdate() string { return tx.db.dialect.forUpdate() }

// ForUpdateOf is ForUpdate for one table of a join, by its alias.
func (tx *Tx) ForUpdateOf(alias string) string {
	if clause := tx.ForUpdate(); clause != "" {
		return clause + " OF " + alias
	}
	return ""
}

// SkipLocked is ForUpdate that passes over rows another transaction holds.
func (tx *Tx) SkipLocked() string { return tx.db.dialect.skipLocked() }

// AfterCommit runs fn once the transaction is on disk and before InTx returns.
// It does not run when the transaction fails.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Wake makes every channel from Wakes(topic), on every node, receive after the
// commit.
func (tx *Tx) Wake(topic string) {
	if tx.wake == nil {
		tx.wake = make(map[string]bool)
	}
	tx.wake[topic] = true
}

// count counts a statement and tells Trace of it.
func (tx *Tx) count(query string, args []any) {
	tx.db.countOne(tx.asker)
	if tx.db.trace != nil {
		if tx.n == 0 {
			tx.n = tx.db.begun.Add(1)
		}
		tx.db.trace(tx.n, query, args)
	}
}

// Publish hands value to this node's OnCommit listeners of topic once the
// transaction is on disk, before InTx returns.
func (tx *Tx) Publish(topic string, value any) {
	if tx.notes == nil {
		tx.notes = make(map[string][]any)
	}
	tx.notes[topic] = append(tx.notes[topic], value)
}

// Query reads inside the transaction.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	tx.count(query, args)
	if err := tx.asker.Err(); err != nil {
		return nil, err
	}
	if err := tx.pass(ctx, Statement, query); err != nil {
		return nil, err
	}
	return tx.conn.query(tx.pick(ctx), query, args)
}

// QueryRow reads one row inside the transaction.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	tx.count(query, args)
	if err := tx.pass(ctx, Statement, query); err != nil {
		return tx.conn.queryRow(refused(ctx, err), query, args)
	}
	return tx.conn.queryRow(tx.pick(ctx), query, args)
}

// Exec writes and returns the number of rows touched. A broken constraint comes
// back as a *Violation; on PostgreSQL the transaction is dead by then.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tx.count(query, args)
	if err := tx.asker.Err(); err != nil {
		return 0, err
	}
	if err := tx.pass(ctx, Statement, query); err != nil {
		return 0, err
	}
	res, err := tx.conn.exec(tx.pick(ctx), query, args)
	if err != nil {
		return 0, tx.db.dialect.explain(err)
	}
	return res.RowsAffected()
}

// pick is the context a statement runs under.
func (tx *Tx) pick(ctx context.Context) context.Context {
	if tx.ctx != nil {
		return tx.ctx
	}
	return ctx
}

type inTx struct{}

// InTx runs fn in one transaction and commits if it returns nil. It may run fn
// again after a deadlock, a busy database or a failed neighbour in the same
// group commit, so fn must not touch anything but tx and variables it assigns
// afresh. The context it hands to fn is marked: starting a second transaction
// with it is an error at once, not a wait for SQLite's only writer.
//
// When InTx returns nil the transaction is on disk. When it returns an error,
// nothing was written.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if ctx.Value(inTx{}) != nil {
		return errors.New("db: InTx inside InTx; pass the tx instead")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.pass(ctx, Step{Kind: Begin}); err != nil {
		return err
	}
	inner := context.WithValue(ctx, inTx{}, true)
	var tx *Tx
	var err error
	if d.writer != nil {
		tx, err = d.writer.run(inner, fn)
	} else {
		tx, err = d.runPostgres(inner, fn)
	}
	if err != nil {
		return d.dialect.explain(err)
	}
	if err := d.pass(ctx, Step{Kind: Committed}); err != nil {
		return err
	}
	if d.trace != nil && tx.n != 0 {
		d.trace(tx.n, "COMMIT", nil)
	}
	for topic, values := range tx.notes {
		d.listeners.tell(topic, values)
	}
	for _, after := range tx.after {
		after()
	}
	if d.engine == SQLite {
		for topic := range tx.wake {
			d.wakes.send(topic)
		}
	}
	return nil
}

// Ping asks the database for a sign of life.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.reader.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fault.New(fault.Unavailable, "database.unavailable").Because(d.dialect.explain(err))
	}
	return nil
}

// Close waits for the transaction under way and closes the database. A second
// call does nothing.
func (d *DB) Close() error {
	var err error
	d.closeOnce.Do(func() {
		d.stop()
		if d.writer != nil {
			err = d.writer.close()
		}
		d.stmts.close()
		err = errors.Join(err, d.reader.Close())
		if d.closePool != nil {
			d.closePool()
		}
	})
	return err
}

// stmtCache keeps SQLite's prepared statements by text. Texts are constants of the
// program but for the length of IN lists, so the cache is bounded.
type stmtCache struct {
	mu   sync.RWMutex
	byID map[string]*sql.Stmt
}

const maxStatements = 1024

func (c *stmtCache) get(ctx context.Context, pool *sql.DB, query string) (*sql.Stmt, error) {
	c.mu.RLock()
	stmt := c.byID[query]
	full := len(c.byID) >= maxStatements
	c.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := pool.PrepareContext(ctx, unnamed(query))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", abbreviate(query), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.byID[query]; other != nil {
		stmt.Close()
		return other, nil
	}
	if c.byID == nil {
		c.byID = make(map[string]*sql.Stmt)
	}
	c.byID[query] = stmt
	return stmt, nil
}

func (c *stmtCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, stmt := range c.byID {
		stmt.Close()
	}
	c.byID = nil
}

func abbreviate(query string) string {
	query = strings.Join(strings.Fields(query), " ")
	if len(query) > 120 {
		query = query[:120] + "…"
	}
	return query
}

// Redacted is the database's address without its password.
func Redacted(dbURL string) string {
	u, err := url.Parse(dbURL)
	if err != nil || u.User == nil {
		return dbURL
	}
	return u.Redacted()
}

func writableFolder(file string) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &Trouble{NotWritable, fmt.Sprintf("cannot make the data folder %s: %v", dir, errors.Unwrap(err)), err}
	}
	probe, err := os.CreateTemp(dir, ".write-probe-*")
	if err != nil {
		return &Trouble{NotWritable, fmt.Sprintf("the data folder %s is not writable; give this user write access or set STOA_DATA to another folder", dir), err}
	}
	probe.Close()
	return os.Remove(probe.Name())
}
