// Package job does slow or outside work after a transaction, at least once.
//
// A job is a row written in the transaction that wants it, so it exists
// exactly when the transaction's effect does. Any node may run it; a lease
// keeps two from running it at a time, and a node that dies loses its lease.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/platform/db"
)

// Args are what a job needs to know, as JSON. Ids, never personal data.
type Args interface {
	// Kind names the handler. It is stored, so renaming one loses its jobs.
	Kind() string
}

// Option changes how a job is enqueued.
type Option func(*row)

// At runs the job no earlier than t.
func At(t time.Time) Option { return func(r *row) { r.runAt = t } }

// Unique makes the job one of its key. After the transaction a run begins that
// sees what it did: while a job with the key waits, enqueuing another does
// nothing; while it runs, it will run once more; and a dead one is revived.
// The last two take the new arguments and start with all their tries.
func Unique(key string) Option { return func(r *row) { r.uniqueKey = key } }

// Tries sets how often the job may fail before it is dead; 20 by default,
// which with the growing pauses is about two days.
func Tries(n int) Option { return func(r *row) { r.maxAttempts = n } }

// Urgent runs the job before others that are due.
func Urgent() Option { return func(r *row) { r.priority = 0 } }

// Enqueue writes a job into the transaction.
func Enqueue(ctx context.Context, tx *db.Tx, args Args, options ...Option) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job %s: %w", args.Kind(), err)
	}
	r := row{id: tx.NewID("job"), kind: args.Kind(), args: string(raw), priority: 10, runAt: tx.Now(), maxAttempts: 20}
	for _, o := range options {
		o(&r)
	}
	tx.Wake(topic)
	return insert(ctx, tx, r)
}

const topic = "jobs"

// Info is what a handler knows of the job it runs.
type Info struct {
	ID      string
	Attempt int // 1 for the first
	Last    bool
	lease   string
}

// Complete marks the job done inside the handler's own transaction, so that
// effect and completion are one. The runner's own completion then finds
// nothing left to do.
func (i Info) Complete(ctx context.Context, tx *db.Tx) error { return remove(ctx, tx, i.ID, i.lease) }

// Runner runs jobs on this node.
type Runner struct {
	db       *db.DB
	log      *slog.Logger
	node     string
	handlers map[string]func(ctx context.Context, i Info, args []byte) error
	every    []periodic
}

type periodic struct {
	name  string
	pause time.Duration
	fn    func(context.Context) error
	next  time.Time
}

// NewRunner returns a runner without handlers. node names this process among
// others.
func NewRunner(d *db.DB, log *slog.Logger, node string) *Runner {
	return &Runner{db: d, log: log, node: node, handlers: make(map[string]func(context.Context, Info, []byte) error)}
}

// Handle registers the handler of one kind of job. It may be called again for
// the same job and must then come to the same end. Register before Run.
func Handle[T Args](r *Runner, fn func(ctx context.Context, i Info, args T) error) {
	var zero T
	kind := zero.Kind()
	if r.handlers[kind] != nil {
		panic("job: two handlers for " + kind)
	}
	r.handlers[kind] = func(ctx context.Context, i Info, raw []byte) error {
		var args T
		if err := json.Unmarshal(raw, &args); err != nil {
			return fmt.Errorf("job %s: unreadable arguments: %w", kind, err)
		}
		return fn(ctx, i, args)
	}
}

// Every registers housekeeping that each node does now and then. fn must be
// harmless when several nodes do it at once. Register before Run.
func (r *Runner) Every(pause time.Duration, name string, fn func(context.Context) error) {
	r.every = append(r.every, periodic{name: name, pause: pause, fn: fn})
}

// Limits of one node's worker.
const (
	workers   = 4
	batch     = 16
	leaseTime = 2 * time.Minute
	idlePause = time.Second
	graceTime = 20 * time.Second
)

// Run works until ctx ends. Then it hands back the jobs it has claimed and not
// begun, so that other nodes need not wait for the lease, and waits for those
// under way, which are given graceTime before their context ends too.
func (r *Runner) Run(ctx context.Context) {
	woken, stop := r.db.Wakes(topic)
	defer stop()
	tick := time.NewTicker(idlePause)
	defer tick.Stop()
	for ctx.Err() == nil {
		r.housekeeping(ctx)
		n, err := r.work(ctx, workers)
		if err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "jobs cannot be fetched", "err", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-woken:
		case <-tick.C:
		}
	}
}

// RunDue runs every job that is due now, one after the other, and those they
// enqueue, until none is left, and returns how many ran. Tests and the
// simulator use it.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := r.work(ctx, 1)
		total += n
		if n == 0 || err != nil {
			return total, err
		}
	}
}

func (r *Runner) housekeeping(ctx context.Context) {
	now := r.db.Now()
	for i := range r.every {
		p := &r.every[i]
		if now.Before(p.next) && p.next.Sub(now) <= p.pause { // the second half: the clock went back
			continue
		}
		p.next = now.Add(p.pause)
		if err := p.fn(ctx); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "housekeeping failed", "task", p.name, "err", err)
		}
	}
}

func (r *Runner) work(ctx context.Context, workers int) (int, error) {
	var due []row
	err := r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		due, err = claim(ctx, tx, r.node, batch, tx.Now().Add(leaseTime))
		return err
	})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	lasting, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, cut) })()
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, workers)
	for i, j := range due {
		slots <- struct{}{}
		if ctx.Err() != nil {
			return i, r.handBack(context.WithoutCancel(ctx), due[i:])
		}
		all.Go(func() {
			defer func() { <-slots }()
			r.one(lasting, j)
		})
	}
	return len(due), nil
}

// handBack frees the leases of jobs that were not begun.
func (r *Runner) handBack(ctx context.Context, jobs []row) error {
	err := r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Wake(topic)
		return release(ctx, tx, jobs)
	})
	if err != nil {
		r.log.WarnContext(ctx, "jobs could not be handed back; they run when their lease is over", "jobs", len(jobs), "err", err)
	}
	return err
}

func (r *Runner) one(ctx context.Context, j row) {
	watch := clock.Start()
	err := r.call(ctx, j)
	ctx = context.WithoutCancel(ctx) // its end is written even when it was cut
	ended := r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err == nil {
			return remove(ctx, tx, j.id, j.lease)
		}
		return fail(ctx, tx, j, err, tx.Now().Add(pause(j.attempts)))
	})
	if err != nil {
		r.log.WarnContext(ctx, "job failed", "kind", j.kind, "job", j.id, "attempt", j.attempts, "of", j.maxAttempts, "took", watch.Elapsed(), "err", err)
	}
	if ended != nil {
		r.log.ErrorContext(ctx, "a job's end could not be written; it will run again", "kind", j.kind, "job", j.id, "err", ended)
	}
}

func (r *Runner) call(ctx context.Context, j row) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	handle := r.handlers[j.kind]
	if handle == nil {
		return fmt.Errorf("nobody handles jobs of kind %q", j.kind)
	}
	return handle(ctx, Info{ID: j.id, Attempt: j.attempts, Last: j.attempts >= j.maxAttempts, lease: j.lease}, []byte(j.args))
}

// pause is the wait after the n-th failure: 10 s, 20 s, 40 s … up to 6 h.
func pause(n int) time.Duration {
	return min(10*time.Second<<min(n-1, 12), 6*time.Hour)
}
