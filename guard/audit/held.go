package audit

import (
	"context"
	"slices"
	"sync"
)

// Held keeps something worked out from the database in memory until one of the
// objects it was worked out from changes, on whatever node. It is safe for
// concurrent use.
type Held[T any] struct {
	load func(ctx context.Context) (T, error)

	mu    sync.Mutex
	value T
	have  bool
	age   int64 // counts changes, so that what was read before one is not kept after it
}

// Hold returns a Held that is filled by load when first asked and dropped when
// the log tells of a change of one of the kinds of object. Call it before the
// log's Start. load must read committed data only.
func Hold[T any](log *Log, name string, objects []string, load func(ctx context.Context) (T, error)) *Held[T] {
	h := &Held[T]{load: load}
	log.Follow(name, func(entries []Entry) {
		if slices.ContainsFunc(entries, func(e Entry) bool { return slices.Contains(objects, e.Object) }) {
			h.drop()
		}
	}, func(context.Context) error {
		h.drop()
		return nil
	})
	return h
}

func (h *Held[T]) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var none T
	h.value, h.have = none, false
	h.age++
}

// Get returns the value, which the caller must not change.
func (h *Held[T]) Get(ctx context.Context) (T, error) {
	h.mu.Lock()
	value, have, age := h.value, h.have, h.age
	h.mu.Unlock()
	if have {
		return value, nil
	}
	value, err := h.load(ctx)
	if err != nil {
		return value, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.age == age {
		h.value, h.have = value, true
	}
	return value, nil
}
