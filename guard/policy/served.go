package policy

import "net/http"

// Served is a table that answers requests. Only Table.Handler makes one, and
// what Around and Choose make of it is one again: a handler of this type has
// no route without a policy.
type Served struct {
	handler http.Handler
	routes  []Route
}

// ServeHTTP implements http.Handler.
func (s *Served) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Routes lists everything that s answers.
func (s *Served) Routes() []Route { return sorted(s.routes) }

// Around puts a middleware around s. It prepares requests and answers, and may
// refuse a request; it has no routes of its own.
func (s *Served) Around(wrap func(next http.Handler) http.Handler) *Served {
	return &Served{wrap(s.handler), s.routes}
}

// Choose answers each request with one of several tables: the one whose place
// in of is what pick returns.
func Choose(pick func(r *http.Request) int, of ...*Served) *Served {
	all := new(Served)
	for _, s := range of {
		all.routes = append(all.routes, s.routes...)
	}
	all.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { of[pick(r)].ServeHTTP(w, r) })
	return all
}
