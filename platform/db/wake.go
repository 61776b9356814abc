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
