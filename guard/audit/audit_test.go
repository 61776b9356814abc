package audit_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func change(t *testing.T, d *db.DB, id string) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return audit.Append(ctx, tx, audit.Change{Actor: audit.System("test"), Action: "thing.saved", Object: "thing", ID: id, After: map[string]int{"n": 1}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// recorder follows and notes the ids it is told of.
func recorder(ids *[]string, resets *int) func(*audit.Log) {
	return func(l *audit.Log) {
		l.Follow("recorder",
			func(entries []audit.Entry) {
				for _, e := range entries {
					*ids = append(*ids, e.ID)
				}
			},
			func(context.Context) error { *resets++; return nil })
	}
}

func TestFollow_committingNodeKnowsBeforeInTxReturns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		var ids []string
		var resets int
		l := e.Audit(t, recorder(&ids, &resets))

		change(t, e.DB, "a")
		if !slices.Equal(ids, []string{"a"}) {
			t.Errorf("told of %v when InTx returned, want [a]", ids)
		}
		if err := l.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids, []string{"a"}) || resets != 1 {
			t.Errorf("after Sync: %v with %d resets, want [a] once and only the first reset", ids, resets)
		}
		refused := errors.New("refused")
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := audit.Append(ctx, tx, audit.Change{Actor: audit.System("test"), Action: "thing.saved", Object: "thing", ID: "never"}); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) || len(ids) != 1 {
			t.Errorf("a change that was rolled back was told: %v", ids)
		}
	})
}

func TestFollow_otherNodeIsToldOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		var ids []string
		var resets int
		l := e.Audit(t, recorder(&ids, &resets))
		other, err := db.Open(t.Context(), db.Options{URL: e.URL, Clock: e.Clock})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()

		change(t, other, "b")
		change(t, e.DB, "c")
		for range 3 {
			if err := l.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(ids)
		if !slices.Equal(ids, []string{"b", "c"}) {
			t.Errorf("told of %v, want each once", ids)
		}
	})
}

// On PostgreSQL a smaller number may commit after a larger one. The follower
// must hear of it all the same.
func TestFollow_hearsOfALateCommit(t *testing.T) {
	e := dbtest.New(t, db.Postgres)
	var ids []string
	var resets int
	l := e.Audit(t, recorder(&ids, &resets))
	other, err := db.Open(t.Context(), db.Options{URL: e.URL, Clock: e.Clock})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()

	written, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- other.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			err := audit.Append(ctx, tx, audit.Change{Actor: audit.System("test"), Action: "thing.saved", Object: "thing", ID: "slow"})
			close(written)
			<-finish
			return err
		})
	}()
	<-written
	change(t, other, "quick")
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, []string{"quick"}) {
		t.Errorf("told of %v, want only what is committed", ids)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, []string{"quick", "slow"}) {
		t.Errorf("told of %v, want the late one too", ids)
	}
}

func TestHistory_newestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		change(t, e.DB, "a")
		change(t, e.DB, "b")
		change(t, e.DB, "a")
		got, err := audit.History(t.Context(), e.DB, "thing", "a", 10)
		if err != nil || len(got) != 2 || got[0].Seq < got[1].Seq || string(got[0].Before) != "null" || string(got[0].After) != `{"n":1}` {
			t.Errorf("history: %+v, %v", got, err)
		}
	})
}
