package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
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
		return &Trouble{WrongAddress, "the PostgreSQL address " + Redacted(dbURL) + " cannot be read; it should be postgres://USER:PASSWORD@HOST/NAME", err}
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
		return &Trouble{Away, "cannot reach PostgreSQL at " + Redacted(dbURL), err}
	}
	d.engine, d.dialect = Postgres, postgresDialect{}
	d.reader = sql.OpenDB(connector{stdlib.GetPoolConnector(pool)})
	d.reader.SetMaxIdleConns(0) // the pool keeps them
	d.notes.kick = make(chan struct{}, 1)
	d.closePool = func() {
		last, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = d.notes.send(last, pool) // of a process that ends right after its last commit
		pool.Close()
	}
	if err := d.reader.PingContext(ctx); err != nil {
		d.reader.Close()
		pool.Close()
		var f *fault.Error // the connector's; its cause is what went wrong
		if errors.As(err, &f) {
			err = f.Cause
		}
		return &Trouble{Away, fmt.Sprintf("cannot reach PostgreSQL at %s: %s", Redacted(dbURL), remedy(err)), err}
	}
	go d.notes.run(background, pool)
	go d.listen(background, cfg.ConnConfig.Copy())
	return nil
}

// connector says that the database is unavailable when no connection can be
// had, so that whoever reads needs no word of PostgreSQL's.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, fault.New(fault.Unavailable, "database.unavailable").Because(err)
	}
	return conn, err
}

// remedy says in a few words why no connection can be had and what to do about
// it, without the driver's list of everything that was tried.
func remedy(err error) string {
	var server *pgconn.PgError
	var name *net.DNSError
	var late net.Error
	switch {
	case errors.As(err, &server):
		switch server.Code {
		case "3D000":
			base, _ := strings.CutPrefix(server.Message, "database ")
			base = strings.Trim(strings.TrimSuffix(base, " does not exist"), `"`)
			return fmt.Sprintf("it has no database %q; make one (createdb %s), or look at STOA_DATABASE", base, base)
		case "28P01", "28000":
			return "it refuses this user or the password; look at STOA_DATABASE"
		case "53300":
			return "it takes no more connections; raise max_connections or set pool_max_conns in STOA_DATABASE"
		case "57P03":
			return "it is starting or stopping; try again in a moment"
		}
		return strings.ToLower(server.Severity) + ": " + server.Message
	case errors.As(err, &name):
		return "there is no host " + name.Name + "; look at STOA_DATABASE"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return "nothing answers there; start it, or look at STOA_DATABASE"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return "it does not answer in time; see that it runs and that no firewall is in between"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return strings.Join(strings.Fields(err.Error()), " ") + "; see that it runs, or look at STOA_DATABASE"
}

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

func (d *DB) tryPostgres(ctx context.Context, fn func(context.Context, *Tx) error) (*Tx, error) {
	conn, err := d.reader.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := conn.ExecContext(ctx, `BEGIN ISOLATION LEVEL READ COMMITTED`); err != nil {
		return nil, err
	}
	p := &pgTx{conn: conn}
	tx := &Tx{db: d, conn: p, asker: ctx, now: d.clock.Now()}
	done := false
	defer func() {
		if !done { // also when fn panics
			cancel() // ends rows that were left open
			rollback(ctx, conn)
		}
	}()
	if d.gate != nil {
		if err := conn.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&tx.backend); err != nil {
			return nil, err
		}
	}
	if err := cmp.Or(fn(ctx, tx), p.untold); err != nil {
		return nil, cmp.Or(p.untold, err)
	}
	if err := tx.pass(ctx, Commit, ""); err != nil {
		return nil, err
	}
	if err := p.commit(ctx); err != nil {
		return nil, err
	}
	done = true
	for topic := range tx.wake {
		d.notes.add(topic)
	}
	return tx, nil
}

// rollback ends a transaction that failed. A connection that cannot even do
// that is thrown away.
func rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, `ROLLBACK`); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// notes are wakes on their way to every node. They are not part of the
// transactions that caused them, because PostgreSQL lets transactions that
// notify commit only one after the other; and those that come while some are
// being sent are melted into one.
type notes struct {
	mu      sync.Mutex
	pending map[string]bool
	kick    chan struct{}
}

func (n *notes) add(topic string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pending == nil {
		n.pending = make(map[string]bool)
	}
	n.pending[topic] = true
	select {
	case n.kick <- struct{}{}:
	default:
	}
}

// send tells every node, this one too, of what is pending.
func (n *notes) send(ctx context.Context, pool *pgxpool.Pool) error {
	n.mu.Lock()
	pending := n.pending
	n.pending = nil
	n.mu.Unlock()
	for topic := range pending {
		if _, err := pool.Exec(ctx, `SELECT pg_notify('stoa_wake', $1)`, topic); err != nil {
			return err
		}
	}
	return nil
}

// run sends notes until ctx ends. What cannot be sent is not sent again:
// wakes are hints, and everybody looks unasked too.
func (n *notes) run(ctx context.Context, pool *pgxpool.Pool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.kick:
			_ = n.send(ctx, pool)
		}
	}
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
	if errors.As(err, &connect) || pgconn.Timeout(err) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Unavailable, "database.unavailable").Because(err)
	}
	return err
}
