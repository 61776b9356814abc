package event_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

type placed struct {
	Order string `json:"order"`
}

var topic = event.NewTopic[placed]("order.placed")

func emit(t *testing.T, d *db.DB, order string, result error) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := event.Emit(ctx, tx, topic, placed{order}); err != nil {
			return err
		}
		return result
	})
	if !errors.Is(err, result) {
		t.Fatal(err)
	}
}

func TestEmit_reachesEveryHandlerAndRetriesOnlyTheFailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		runner := e.Jobs()
		bus := event.NewBus(e.DB, runner)
		var first, second []string
		fail := true
		event.On(bus, topic, "first", func(_ context.Context, ev event.Event[placed]) error {
			first = append(first, ev.Payload.Order)
			return nil
		})
		event.On(bus, topic, "second", func(_ context.Context, ev event.Event[placed]) error {
			second = append(second, ev.Payload.Order)
			if fail {
				fail = false
				return errors.New("not today")
			}
			return nil
		})
		emit(t, e.DB, "ord_1", nil)
		emit(t, e.DB, "ord_2", errors.New("rolled back"))
		run := func() {
			t.Helper()
			if _, err := runner.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if len(first) != 1 || first[0] != "ord_1" || len(second) != 1 {
			t.Fatalf("first run: %v, %v", first, second)
		}
		run() // the pause is not over
		e.Clock.Advance(10 * time.Second)
		run()
		if len(first) != 1 || len(second) != 2 {
			t.Errorf("after the pause: %v, %v; want only the failed handler again", first, second)
		}
		if n, err := job.Waiting(t.Context(), e.DB); n != 0 || err != nil {
			t.Errorf("%d jobs left, %v", n, err)
		}
		if counts, err := event.Count(t.Context(), e.DB); err != nil || counts["order.placed"] != 1 || len(counts) != 1 {
			t.Errorf("outbox holds %v, %v; want the committed event alone", counts, err)
		}
	})
}
