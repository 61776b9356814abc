// Package event tells the parts of the shop, once somewhere, what has
// happened. An event is a row of the outbox written in the transaction it
// tells of; each handler gets it at least once, also after a crash.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
)

// Topic names a kind of event whose payload is a T: ids and numbers, never
// personal data.
type Topic[T any] struct{ name string }

// NewTopic returns the topic of a name such as "order.placed". The name is
// stored, so renaming one loses its events under way.
func NewTopic[T any](name string) Topic[T] { return Topic[T]{name} }

// Name is the topic's name.
func (t Topic[T]) Name() string { return t.name }

// Event is one thing that happened.
type Event[T any] struct {
	ID      string // the same at every delivery: handlers are idempotent by it
	At      time.Time
	Payload T
}

// Emit writes an event into the transaction.
func Emit[T any](ctx context.Context, tx *db.Tx, topic Topic[T], payload T) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("event %s: %w", topic.name, err)
	}
	id := tx.NewID("evt")
	if err := insert(ctx, tx, id, topic.name, string(raw)); err != nil {
		return fmt.Errorf("event %s: %w", topic.name, err)
	}
	return job.Enqueue(ctx, tx, dispatch{id}, job.Urgent())
}

// dispatch is the job that hands an event to its handlers.
type dispatch struct {
	Event string `json:"event"`
}

func (dispatch) Kind() string { return "event" }

// delivery is the job that runs one handler for one event.
type delivery struct {
	Event   string `json:"event"`
	Handler string `json:"handler"`
}

func (delivery) Kind() string { return "event.delivery" }

// Bus knows who handles what.
type Bus struct {
	db       *db.DB
	byTopic  map[string][]string
	handlers map[string]func(ctx context.Context, id string, at time.Time, raw []byte) error
}

// NewBus returns a bus whose deliveries run on r.
func NewBus(d *db.DB, r *job.Runner) *Bus {
	b := &Bus{db: d, byTopic: make(map[string][]string), handlers: make(map[string]func(context.Context, string, time.Time, []byte) error)}
	job.Handle(r, b.dispatch)
	job.Handle(r, b.deliver)
	return b
}

// On registers a handler. name is stored with deliveries under way and must be
// unique: "mail.order_confirmation". Register before the runner runs.
func On[T any](b *Bus, topic Topic[T], name string, fn func(ctx context.Context, e Event[T]) error) {
	if b.handlers[name] != nil {
		panic("event: two handlers called " + name)
	}
	b.byTopic[topic.name] = append(b.byTopic[topic.name], name)
	b.handlers[name] = func(ctx context.Context, id string, at time.Time, raw []byte) error {
		e := Event[T]{ID: id, At: at}
		if err := json.Unmarshal(raw, &e.Payload); err != nil {
			return fmt.Errorf("event %s: %w", id, err)
		}
		return fn(ctx, e)
	}
}

func (b *Bus) dispatch(ctx context.Context, i job.Info, d dispatch) error {
	return b.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		e, err := find(ctx, tx, d.Event)
		if err != nil {
			return err
		}
		for _, name := range b.byTopic[e.topic] {
			err := job.Enqueue(ctx, tx, delivery{d.Event, name}, job.Urgent(), job.Unique("event:"+d.Event+":"+name))
			if err != nil {
				return err
			}
		}
		return i.Complete(ctx, tx)
	})
}

func (b *Bus) deliver(ctx context.Context, _ job.Info, d delivery) error {
	handle := b.handlers[d.Handler]
	if handle == nil {
		return fmt.Errorf("event: no handler is called %q any more", d.Handler)
	}
	e, err := find(ctx, b.db, d.Event)
	if err != nil {
		return err
	}
	return handle(ctx, d.Event, e.at, []byte(e.payload))
}
