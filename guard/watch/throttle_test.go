package watch_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestTake_burstThenRate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := watch.Bucket{Name: "test:ip", Limit: watch.Limit{Every: 10 * time.Second, Burst: 3}}
		other := watch.Bucket{Name: "test:other", Limit: b.Limit}
		take := func(b watch.Bucket) int64 {
			t.Helper()
			var refused error
			err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				refused = watch.Take(ctx, tx, b)
				return only(refused)
			})
			if err != nil {
				t.Fatal(err)
			}
			if refused == nil {
				return 0
			}
			if !fault.Is(refused, fault.TooMany) {
				t.Fatal(refused)
			}
			return fault.From(refused).Params["retry_after"].(int64)
		}
		steps := []struct {
			after time.Duration
			want  int64 // seconds to wait, 0 = let through
		}{
			{0, 0},
			{0, 0},
			{0, 0},
			{0, 10},
			{4 * time.Second, 6},
			{6 * time.Second, 0},
			{0, 10},
			{time.Hour, 0},
			{0, 0},
			{0, 0},
			{0, 10},
			// A clock set back does not lock anyone out until it is that late again.
			{-24 * time.Hour, 0},
			{0, 0},
			{0, 0},
			{0, 10},
		}
		for i, s := range steps {
			e.Clock.Advance(s.after)
			if got := take(b); got != s.want {
				t.Errorf("step %d: wait %d s, want %d", i, got, s.want)
			}
		}
		if got := take(other); got != 0 {
			t.Errorf("another bucket waits %d s", got)
		}
	})
}

func TestTake_countsEveryoneOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := watch.Bucket{Name: "test:race", Limit: watch.Limit{Every: time.Minute, Burst: 5}}
		var through atomic.Int64
		var wait sync.WaitGroup
		for range 16 {
			wait.Go(func() {
				var refused error
				if err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					refused = watch.Take(ctx, tx, b)
					return only(refused)
				}); err != nil {
					t.Error(err)
				}
				if refused == nil {
					through.Add(1)
				}
			})
		}
		wait.Wait()
		if through.Load() != 5 {
			t.Errorf("%d came through, want 5", through.Load())
		}
		e.Clock.Advance(time.Hour)
		if err := watch.Sweep(t.Context(), e.DB); err != nil {
			t.Fatal(err)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM throttle`); n != 0 {
			t.Errorf("%d buckets left after the sweep", n)
		}
	})
}

func TestNetwork(t *testing.T) {
	tests := map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	}
	for in, want := range tests {
		if got := watch.Network(netip.MustParseAddr(in)); got != want {
			t.Errorf("Network(%s) = %s, want %s", in, got, want)
		}
	}
	if got := watch.Network(netip.Addr{}); got != "unknown" {
		t.Errorf("no address: %s", got)
	}
}

// only lets a refusal pass and returns every other error.
func only(err error) error {
	if fault.Is(err, fault.TooMany) {
		return nil
	}
	return err
}
