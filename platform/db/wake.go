package db

import "sync"

// wakes hands out "something happened" to whoever waits for it.
type wakes struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool
}

// Wakes returns a channel that receives after a transaction somewhere called
// Tx.Wake(topic), and a function that ends it. Wakes are hints: several may
// melt into one, and one may come for nothing, so whoever is woken looks for
// itself, and also looks now and then unasked.
func (d *DB) Wakes(topic string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w := &d.wakes
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = make(map[string]map[chan struct{}]bool)
	}
	if w.waiting[topic] == nil {
		w.waiting[topic] = make(map[chan struct{}]bool)
	}
	w.waiting[topic][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[topic], c)
	}
}

func (w *wakes) send(topic string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.waiting[topic] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (w *wakes) sendAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, channels := range w.waiting {
		for c := range channels {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// listeners are this node's functions that learn of commits at once.
type listeners struct {
	mu      sync.RWMutex
	byTopic map[string][]func([]any)
}

// OnCommit registers fn for values that transactions of this node Publish
// under topic. fn runs after the commit in the committing goroutine and before
// InTx returns; it must be quick and must not begin a transaction.
func (d *DB) OnCommit(topic string, fn func(values []any)) {
	d.listeners.mu.Lock()
	defer d.listeners.mu.Unlock()
	if d.listeners.byTopic == nil {
		d.listeners.byTopic = make(map[string][]func([]any))
	}
	d.listeners.byTopic[topic] = append(d.listeners.byTopic[topic], fn)
}

func (l *listeners) tell(topic string, values []any) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, fn := range l.byTopic[topic] {
		fn(values)
	}
}
