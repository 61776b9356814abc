package audit

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/platform/db"
)

// Log follows the change log on this node.
type Log struct {
	db  *db.DB
	log *slog.Logger

	mu        sync.Mutex // held while followers are told, so that they hear one thing at a time
	followers []follower
	started   bool
	cursor    int64               // every number up to here is seen or missing
	missing   map[int64]lateEntry // numbers below cursor nobody has seen yet
	seen      map[int64]bool      // numbers above cursor that this node committed itself
}

// lateEntry is a number that was skipped: its transaction is still open on
// another node, or was rolled back.
type lateEntry struct{ since clock.Stopwatch }

// latest is how long a skipped number is waited for. It is longer than any
// transaction may stay open.
const latest = 10 * time.Minute

// readAtOnce bounds one read of the log; a node further behind starts afresh.
const readAtOnce = 5000

type follower struct {
	name  string
	tell  func(entries []Entry)
	reset func(ctx context.Context) error
}

// NewLog returns a log without followers.
func NewLog(d *db.DB, log *slog.Logger) *Log {
	l := &Log{db: d, log: log, missing: make(map[int64]lateEntry), seen: make(map[int64]bool)}
	d.OnCommit(topic, l.committed)
	return l
}

// Follow registers a follower. tell gets every entry at least once, in no
// promised order between transactions, after its commit; it must be quick,
// must not begin a transaction, and re-reads the truth rather than trusting an
// entry's After. reset is called at the start, and when entries may have been
// missed: the follower drops all it holds and loads it anew. Register before
// Start.
func (l *Log) Follow(name string, tell func(entries []Entry), reset func(ctx context.Context) error) {
	l.followers = append(l.followers, follower{name, tell, reset})
}

// Start resets every follower and begins to follow. It returns the first
// error of a reset.
func (l *Log) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restart(ctx)
}

func (l *Log) restart(ctx context.Context) error {
	cursor, err := newest(ctx, l.db) // before the resets: what commits during them is told again
	if err != nil {
		return err
	}
	for _, f := range l.followers {
		if f.reset == nil {
			continue
		}
		if err := f.reset(ctx); err != nil {
			return err
		}
	}
	l.cursor, l.started = cursor, true
	clear(l.missing)
	clear(l.seen)
	return nil
}

// committed tells the followers what this node has just committed.
func (l *Log) committed(values []any) {
	entries := make([]Entry, len(values))
	for i, v := range values {
		entries[i] = *v.(*Entry)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		return
	}
	for _, e := range entries {
		if e.Seq > l.cursor {
			l.seen[e.Seq] = true
		}
		delete(l.missing, e.Seq)
	}
	l.tell(entries)
}

func (l *Log) tell(entries []Entry) {
	if len(entries) == 0 {
		return
	}
	for _, f := range l.followers {
		f.tell(entries)
	}
}

// Sync reads what other nodes have committed and tells the followers.
func (l *Log) Sync(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		return l.restart(ctx)
	}
	missing := make([]int64, 0, len(l.missing))
	for seq, late := range l.missing {
		if late.since.Elapsed() > latest {
			delete(l.missing, seq)
			continue
		}
		missing = append(missing, seq)
	}
	if len(missing) > readAtOnce {
		return l.restart(ctx)
	}
	slices.Sort(missing)
	entries, err := after(ctx, l.db, l.cursor, missing, readAtOnce)
	if err != nil {
		return err
	}
	if len(entries) == readAtOnce {
		return l.restart(ctx)
	}
	var fresh []Entry
	for _, e := range entries {
		if e.Seq > l.cursor {
			for seq := l.cursor + 1; seq < e.Seq; seq++ {
				l.missing[seq] = lateEntry{clock.Start()}
			}
			l.cursor = e.Seq
		}
		delete(l.missing, e.Seq)
		if l.seen[e.Seq] {
			delete(l.seen, e.Seq)
			continue
		}
		fresh = append(fresh, e)
	}
	l.tell(fresh)
	return nil
}

// Run follows until ctx ends. After the database was away it resets every
// follower, since a wake may have been lost.
func (l *Log) Run(ctx context.Context) {
	woken, stop := l.db.Wakes(topic)
	defer stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-tick.C:
		}
		if err := l.Sync(ctx); err != nil && ctx.Err() == nil {
			l.log.ErrorContext(ctx, "the change log cannot be read; this node may show old data", "err", err)
			l.mu.Lock()
			l.started = false
			l.mu.Unlock()
		}
	}
}
