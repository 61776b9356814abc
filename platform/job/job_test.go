package job_test

import (
	"context"
	"errors"
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
