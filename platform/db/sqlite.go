package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
)

// Limits of one group commit. A group ends when nobody waits, when it has
// groupMembers transactions, or when it has been open for groupTime.
const (
	groupMembers = 128
	groupTime    = 50 * time.Millisecond
)

// oldestSQLite has the fix of the WAL-reset corruption (sqlite.org/changes).
const oldestSQLite = "3.53.0"

func (d *DB) openSQLite(ctx context.Context, file string) error {
	if file == "" {
		return &Trouble{WrongAddress, `the database is "sqlite:" without a file name`, nil}
	}
	if err := writableFolder(file); err != nil {
		return err
	}
	d.engine, d.dialect = SQLite, sqliteDialect{}

	dsn := func(extra ...string) string {
		// busy_timeout first: the pragmas after it may have to wait.
		pragmas := append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "temp_store(MEMORY)", "cache_size(-65536)", "mmap_size(268435456)"}, extra...)
		q := url.Values{"_pragma": pragmas}
		return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
	}
	pool, err := sql.Open("sqlite", dsn())
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return explained(fmt.Errorf("cannot open the database %s: %w", file, err), d.url)
	}
	var version, mode string
	var sync int
	err = errors.Join(
		conn.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version),
		conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode),
		conn.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&sync),
	)
	switch {
	case err != nil:
		err = explained(fmt.Errorf("cannot read the database %s: %w", file, err), d.url)
	case olderThan(version, oldestSQLite):
		err = fmt.Errorf("SQLite %s is too old: %s or newer is needed", version, oldestSQLite)
	case mode != "wal" || sync != 2:
		err = fmt.Errorf("the database %s does not keep a durable journal (journal_mode %s, synchronous %d)", file, mode, sync)
	}
	if err != nil {
		conn.Close()
		pool.Close()
		return err
	}
	d.reader, err = sql.Open("sqlite", dsn("query_only(1)"))
	if err != nil {
		conn.Close()
		pool.Close()
		return err
	}
	readers := max(4, 2*runtime.GOMAXPROCS(0))
	d.reader.SetMaxOpenConns(readers)
	d.reader.SetMaxIdleConns(readers)
	d.writer = newWriter(d, pool, conn)
	return nil
}

func olderThan(version, than string) bool {
	var a, b [3]int
	_, _ = fmt.Sscanf(version, "%d.%d.%d", &a[0], &a[1], &a[2])
	_, _ = fmt.Sscanf(than, "%d.%d.%d", &b[0], &b[1], &b[2])
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// writer is SQLite's only writer. Transactions queue up; it takes the ones
// that wait, runs each under its own savepoint, and commits them together, so
// that one disk sync serves them all. Nobody is answered before the commit.
type writer struct {
	db    *DB
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	queue chan *member
	done  chan struct{}

	mu     sync.RWMutex
	closed bool
}

// member is one transaction of a group.
type member struct {
	ctx context.Context
	fn  func(context.Context, *Tx) error
	tx  *Tx
	err error
	end chan struct{}
}

func newWriter(d *DB, pool *sql.DB, conn *sql.Conn) *writer {
	w := &writer{db: d, pool: pool, conn: conn, stmts: make(map[string]*sql.Stmt), queue: make(chan *member, 1024), done: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) run(ctx context.Context, fn func(context.Context, *Tx) error) (*Tx, error) {
	m := &member{ctx: ctx, fn: fn, end: make(chan struct{})}
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return nil, fault.New(fault.Unavailable, "database.closed")
	}
	select {
	case w.queue <- m:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return nil, ctx.Err()
	}
	<-m.end // also when ctx ends: only the writer knows what became of it
	return m.tx, m.err
}

func (w *writer) close() error {
	w.mu.Lock()
	already := w.closed
	w.closed = true
	w.mu.Unlock()
	if already {
		return nil
	}
	close(w.queue)
	<-w.done
	for _, stmt := range w.stmts {
		stmt.Close()
	}
	return errors.Join(w.conn.Close(), w.pool.Close())
}

func (w *writer) loop() {
	defer close(w.done)
	for m := range w.queue {
		w.group(m)
	}
}

// group runs first and whoever waits behind it, and answers them all.
func (w *writer) group(first *member) {
	members := []*member{first}
	lost := w.attempt(func(run func(*member) bool) {
		watch := clock.Start()
		if !run(first) {
			return
		}
		for len(members) < groupMembers && watch.Elapsed() < groupTime {
			select {
			case m, ok := <-w.queue:
				if !ok {
					return
				}
				members = append(members, m)
				if !run(m) {
					return
				}
			default:
				return
			}
		}
	}, &members)
	if lost != nil {
		// The whole transaction ended under us (disk full, I/O error, out of
		// memory, or a member ended it): nothing of it was written. Each
		// member gets a transaction of its own, so that the one at fault fails
		// alone.
		for _, m := range members {
			alone := []*member{m}
			if lost := w.attempt(func(run func(*member) bool) { run(m) }, &alone); lost != nil {
				m.err = lost
			}
		}
	}
	for _, m := range members {
		close(m.end)
	}
}

// attempt opens a transaction, lets body run members in it, and commits. It
// returns an error when the transaction as a whole came to nothing.
func (w *writer) attempt(body func(run func(*member) bool), members *[]*member) error {
	ctx := context.Background()
	if _, err := w.exec(ctx, `BEGIN IMMEDIATE`, nil); err != nil {
		for _, m := range *members {
			m.err = err
		}
		return err
	}
	var lost error
	body(func(m *member) bool {
		lost = w.member(ctx, m)
		return lost == nil
	})
	if lost != nil {
		_, _ = w.conn.ExecContext(ctx, `ROLLBACK`) // fails when it is gone already, which is as well
		return lost
	}
	if _, err := w.exec(ctx, `COMMIT`, nil); err != nil {
		_, _ = w.conn.ExecContext(ctx, `ROLLBACK`)
		return err
	}
	w.db.commits.Add(1)
	return nil
}

// member runs one transaction under a savepoint and notes its result. The
// error it returns means that the whole group's transaction is gone.
func (w *writer) member(ctx context.Context, m *member) (lost error) {
	m.tx, m.err = nil, nil
	if err := m.ctx.Err(); err != nil {
		m.err = err // gave up while waiting
		return nil
	}
	if _, err := w.exec(ctx, `SAVEPOINT member`, nil); err != nil {
		return err
	}
	tx := &Tx{db: w.db, conn: w, ctx: ctx, asker: m.ctx, now: w.db.clock.Now()}
	err := call(m, tx)
	if err == nil {
		err = m.ctx.Err()
	}
	if err == nil {
		err = tx.pass(m.ctx, Commit, "")
	}
	if err == nil {
		if _, err := w.exec(ctx, `RELEASE member`, nil); err != nil {
			return err // the savepoint is gone, and so is everything before it
		}
		m.tx = tx
		return nil
	}
	// Only the engine knows whether the error ended the whole transaction:
	// if it did, the savepoint does not exist any more.
	if _, gone := w.exec(ctx, `ROLLBACK TO member`, nil); gone != nil {
		return errors.Join(err, gone)
	}
	if _, gone := w.exec(ctx, `RELEASE member`, nil); gone != nil {
		return errors.Join(err, gone)
	}
	m.err = err
	return nil
}

// call runs the member's function; its panic becomes an error, since it must
// not take the writer down.
func call(m *member, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("db: panic in transaction: %v", p)
		}
	}()
	return m.fn(m.ctx, tx)
}

func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := w.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, unnamed(query))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", abbreviate(query), err)
	}
	if len(w.stmts) < maxStatements {
		w.stmts[query] = stmt
	}
	return stmt, nil
}

func (w *writer) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	stmt, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (w *writer) queryRow(ctx context.Context, query string, args []any) *sql.Row {
	stmt, err := w.stmt(ctx, query)
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // carries the error
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (w *writer) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	stmt, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

type sqliteDialect struct{}

func (sqliteDialect) forUpdate() string  { return "" }
func (sqliteDialect) skipLocked() string { return "" }

func (sqliteDialect) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch code := e.Code(); {
	case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE, code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		_, columns, _ := strings.Cut(e.Error(), "constraint failed: ")
		columns, _, _ = strings.Cut(columns, " (")
		return &Violation{Unique: true, Detail: columns, Cause: err}
	case code&0xff == sqlite3.SQLITE_CONSTRAINT:
		return &Violation{Detail: e.Error(), Cause: err}
	case code&0xff == sqlite3.SQLITE_FULL:
		return fault.New(fault.Unavailable, "database.full").Because(err)
	case code&0xff == sqlite3.SQLITE_BUSY, code&0xff == sqlite3.SQLITE_IOERR, code&0xff == sqlite3.SQLITE_CANTOPEN, code&0xff == sqlite3.SQLITE_READONLY:
		return fault.New(fault.Unavailable, "database.unavailable").Because(err)
	}
	return err
}
