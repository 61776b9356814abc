package job_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

type ping struct {
	N int `json:"n"`
}

func (ping) Kind() string { return "ping" }

func enqueue(t *testing.T, d *db.DB, n int, options ...job.Option) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return job.Enqueue(ctx, tx, ping{n}, options...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runDue(t *testing.T, r *job.Runner) int {
	t.Helper()
	n, err := r.RunDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRunner_runsOnceAndForgets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		r := e.Jobs()
		var ran atomic.Int64
		job.Handle(r, func(_ context.Context, _ job.Info, p ping) error { ran.Add(int64(p.N)); return nil })
		enqueue(t, e.DB, 1)
		enqueue(t, e.DB, 10, job.Unique("k"))
		enqueue(t, e.DB, 10, job.Unique("k"))
		enqueue(t, e.DB, 100, job.At(e.Clock.Now().Add(time.Minute)))
		if n := runDue(t, r); n != 2 || ran.Load() != 11 {
			t.Errorf("ran %d jobs with sum %d, want the two that are due", n, ran.Load())
		}
		e.Clock.Advance(time.Minute)
		if n := runDue(t, r); n != 1 || ran.Load() != 111 {
			t.Errorf("after a minute %d jobs, sum %d", n, ran.Load())
		}
	})
}

func TestRunner_parksAPoisonJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		r := e.Jobs()
		var tries atomic.Int64
		job.Handle(r, func(_ context.Context, i job.Info, _ ping) error {
			if tries.Add(1) == 2 {
				panic("poison")
			}
			if i.Last != (i.Attempt == 3) {
				t.Errorf("attempt %d says last=%v", i.Attempt, i.Last)
			}
			return errors.New("poison")
		})
		enqueue(t, e.DB, 1, job.Tries(3))
		for range 6 {
			runDue(t, r)
			e.Clock.Advance(time.Hour)
		}
		if tries.Load() != 3 {
			t.Errorf("tried %d times, want 3", tries.Load())
		}
		dead, err := job.DeadJobs(t.Context(), e.DB, 10)
		if err != nil || len(dead) != 1 || dead[0].Error != "poison" || dead[0].Attempts != 3 {
			t.Fatalf("dead jobs: %+v, %v", dead, err)
		}
		if err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return job.Revive(ctx, tx, dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		if n := runDue(t, r); n != 1 || tries.Load() != 4 {
			t.Errorf("revived: %d jobs, %d tries", n, tries.Load())
		}
	})
}

// A node that leaves ends the jobs it has begun and hands back those it has
// only claimed, so that another node runs them at once and no try is counted.
func TestRunner_handsBackWhenItLeaves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		for n := range 7 {
			enqueue(t, e.DB, n)
		}
		leaving := e.Jobs()
		ctx, leave := context.WithCancel(t.Context())
		begun, release := make(chan struct{}, 7), make(chan struct{})
		job.Handle(leaving, func(ctx context.Context, i job.Info, _ ping) error {
			begun <- struct{}{}
			<-release
			return ctx.Err()
		})
		ended := make(chan struct{})
		go func() { defer close(ended); leaving.Run(ctx) }()
		for range 4 { // as many as work at a time; three wait
			<-begun
		}
		leave()
		close(release)
		<-ended
		if left := e.Int(t, `SELECT COUNT(*) FROM job`); left != 3 {
			t.Errorf("%d jobs left, want the 3 that were not begun", left)
		}
		if tried := e.Int(t, `SELECT CAST(COALESCE(SUM(attempts), 0) AS BIGINT) FROM job`); tried != 0 {
			t.Errorf("%d tries counted, want none", tried)
		}

		other := e.Jobs()
		var ran atomic.Int64
		job.Handle(other, func(context.Context, job.Info, ping) error { ran.Add(1); return nil })
		if n := runDue(t, other); n != 3 || ran.Load() != 3 {
			t.Errorf("the other node ran %d of the 3 at once", ran.Load())
		}
	})
}

// A node that dies keeps its lease for two minutes; then another takes over.
func TestRunner_takesOverAfterTheLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		enqueue(t, e.DB, 1)
		dying := e.Jobs()
		stuck, release := make(chan struct{}), make(chan struct{})
		job.Handle(dying, func(context.Context, job.Info, ping) error { close(stuck); <-release; return nil })
		ended := make(chan struct{})
		go func() { defer close(ended); dying.RunDue(context.WithoutCancel(t.Context())) }()
		<-stuck
		defer func() { close(release); <-ended }()

		other := e.Jobs()
		var ran atomic.Int64
		job.Handle(other, func(context.Context, job.Info, ping) error { ran.Add(1); return nil })
		if n := runDue(t, other); n != 0 {
			t.Errorf("a leased job ran on another node")
		}
		e.Clock.Advance(2 * time.Minute)
		if n := runDue(t, other); n != 1 || ran.Load() != 1 {
			t.Errorf("after the lease: %d jobs, %d runs; want it taken over", n, ran.Load())
		}
	})
}

// What is enqueued while a job of the same key runs may be news the run has
// not seen: the job runs once more after it, with all its tries.
func TestUnique_wakesAJobThatRuns(t *testing.T) {
	for name, complete := range map[string]bool{"the runner ends the job": false, "the handler ends the job": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
				r := e.Jobs()
				var seen []int
				job.Handle(r, func(ctx context.Context, i job.Info, p ping) error {
					seen = append(seen, p.N)
					if i.Attempt != 1 {
						t.Errorf("run %d counts as attempt %d", len(seen), i.Attempt)
					}
					if len(seen) == 1 { // news comes, twice
						enqueue(t, e.DB, 2, job.Unique("k"))
						enqueue(t, e.DB, 3, job.Unique("k"))
					}
					if !complete {
						return nil
					}
					return e.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return i.Complete(ctx, tx) })
				})
				enqueue(t, e.DB, 1, job.Unique("k"))
				if n := runDue(t, r); n != 2 || !slices.Equal(seen, []int{1, 3}) {
					t.Errorf("%d runs saw %v, want a second one with the latest news", n, seen)
				}
				if left := e.Int(t, `SELECT COUNT(*) FROM job`); left != 0 {
					t.Errorf("%d jobs left", left)
				}
			})
		})
	}
}

// A run that fails has its pause; news does not have to wait for its end, nor
// does it die with the tries of the job it met.
func TestUnique_wakesAJobThatFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		r := e.Jobs()
		var runs int
		job.Handle(r, func(context.Context, job.Info, ping) error {
			runs++
			if runs == 1 {
				enqueue(t, e.DB, 2, job.Unique("k"), job.At(e.Clock.Now().Add(time.Second)))
				return errors.New("not now")
			}
			return nil
		})
		enqueue(t, e.DB, 1, job.Unique("k"), job.Tries(1))
		if n := runDue(t, r); n != 1 {
			t.Errorf("%d runs before the time that was asked for", n)
		}
		e.Clock.Advance(time.Second)
		if n := runDue(t, r); n != 1 || runs != 2 {
			t.Errorf("%d runs, %d in all; want the second at its time", n, runs)
		}
	})
}

func TestUnique_revivesADeadJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		r := e.Jobs()
		var seen []int
		job.Handle(r, func(_ context.Context, i job.Info, p ping) error {
			seen = append(seen, p.N)
			if p.N == 1 {
				return errors.New("poison")
			}
			return nil
		})
		enqueue(t, e.DB, 1, job.Unique("k"), job.Tries(1))
		runDue(t, r)
		if dead, err := job.DeadJobs(t.Context(), e.DB, 10); err != nil || len(dead) != 1 {
			t.Fatalf("dead jobs: %+v, %v", dead, err)
		}
		enqueue(t, e.DB, 2, job.Unique("k"))
		if n := runDue(t, r); n != 1 || !slices.Equal(seen, []int{1, 2}) {
			t.Errorf("%d runs, %v in all; want the dead job run with the new arguments", n, seen)
		}
		if left := e.Int(t, `SELECT COUNT(*) FROM job`); left != 0 {
			t.Errorf("%d jobs left", left)
		}
	})
}

// A node that was slow beyond its lease must not end the run of the node that
// took over.
func TestRunner_endsOnlyItsOwnRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		enqueue(t, e.DB, 1, job.Unique("k"))
		slow, other := e.Jobs(), e.Jobs()
		stuck, release := make(chan struct{}), make(chan struct{})
		job.Handle(slow, func(context.Context, job.Info, ping) error { close(stuck); <-release; return nil })
		ended := make(chan struct{})
		go func() { defer close(ended); slow.RunDue(context.WithoutCancel(t.Context())) }()
		<-stuck
		e.Clock.Advance(2 * time.Minute)
		job.Handle(other, func(context.Context, job.Info, ping) error {
			close(release)
			<-ended
			return errors.New("interrupted")
		})
		runDue(t, other)
		if left := e.Int(t, `SELECT COUNT(*) FROM job WHERE last_error = 'interrupted' AND lease_until IS NULL`); left != 1 {
			t.Errorf("the slow node ended the other's run: %d jobs wait to be tried again, want 1", left)
		}
	})
}
