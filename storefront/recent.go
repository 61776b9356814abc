package storefront

import "sync"

// maxCards is how many product cards are kept, about three kilobytes each.
const maxCards = 6000

// recent keeps what was asked for lately under a key that names everything it
// was made from, so that nothing in it is ever out of date: what changed is
// asked for by another key. It holds between size and twice size values, those
// asked for last, and is safe for concurrent use.
type recent[K comparable, V any] struct {
	size int

	mu         sync.Mutex
	young, old map[K]V
}

// get returns the value of a key, made now if it is not there.
func (r *recent[K, V]) get(key K, make func() V) V {
	r.mu.Lock()
	v, ok := r.young[key]
	if !ok {
		if v, ok = r.old[key]; ok {
			r.put(key, v)
		}
	}
	r.mu.Unlock()
	if ok {
		return v
	}
	v = make()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, v)
	return v
}

// put makes a value a young one. The caller holds the lock.
func (r *recent[K, V]) put(key K, v V) {
	if len(r.young) >= r.size {
		r.young, r.old = nil, r.young
	}
	if r.young == nil {
		r.young = make(map[K]V)
	}
	r.young[key] = v
}

// forget drops everything.
func (r *recent[K, V]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old = nil, nil
}

// Forget drops what was drawn and kept, so that the next page draws all of it
// anew. Nothing needs it to be right; benchmarks measure the first page with it.
func (s *Store) Forget() {
	s.cards.forget()
	s.frames.forget()
}
