// Package policytest tries every route as everyone. It knows no rule of its
// own but the two that matter: whoever is not named is refused, and a refusal
// happens before a handler runs.
package policytest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
)

// Actor is somebody who tries the routes.
type Actor struct {
	Name     string
	Identity policy.Identity       // what the shop must take it for
	Prepare  func(r *http.Request) // adds its cookie or token; may be nil
}

// Actors returns a guest, a customer, staff of every role and without any, and
// a token that may only read, without ways to sign in: Prepare is nil.
func Actors() []Actor {
	actors := []Actor{
		{Name: "guest"},
		{Name: "customer", Identity: policy.Identity{Kind: policy.Customer, ID: "cus_1"}},
		{Name: "staff without a role", Identity: policy.Identity{Kind: policy.Staff, ID: "stf_0"}},
		{Name: "reading token", Identity: policy.Identity{Kind: policy.Token, ID: "key_1", Permissions: readers()}},
	}
	for _, role := range policy.Roles() {
		actors = append(actors, Actor{Name: string(role), Identity: policy.Identity{
			Kind: policy.Staff, ID: "stf_" + string(role), Role: role, Permissions: role.Permissions(),
		}})
	}
	return actors
}

func readers() policy.Set {
	return slices.DeleteFunc(policy.Permissions(), func(p policy.Permission) bool {
		return !strings.HasSuffix(string(p), ".read")
	})
}

// Run sends every route's request as every actor to h and checks that those
// the policy names get past it and all others do not; it also sends the
// methods that a path lacks. path fills the wildcards of a pattern; the
// objects need not exist, because a refusal comes before any look-up. base is
// the shop's address ("https://shop.example").
func Run(t *testing.T, h http.Handler, base string, routes []policy.Route, actors []Actor, path func(policy.Route) string) {
	t.Helper()
	methods := make(map[string][]string)
	for _, r := range routes {
		methods[r.Pattern] = append(methods[r.Pattern], r.Method)
	}
	for _, route := range routes {
		for _, actor := range actors {
			w := send(h, route.Method, base+path(route), actor)
			refused := w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden
			if want := may(route, actor.Identity); want == refused || w.Code == http.StatusMethodNotAllowed {
				t.Errorf("%s as %s: %s %s gives %d; allowed should be %v", route.Name, actor.Name, route.Method, route.Pattern, w.Code, want)
			}
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if slices.Contains(methods[route.Pattern], method) {
				continue
			}
			if w := send(h, method, base+path(route), actors[0]); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s, which no route has, gives %d, want 405", method, route.Pattern, w.Code)
			}
		}
	}
}

// may is the policy said once more, by another route than Decide takes.
func may(r policy.Route, id policy.Identity) bool {
	if r.Who == policy.Public || r.Who == policy.Guest {
		return true
	}
	switch id.Kind {
	case policy.Customer:
		return r.Who&policy.Customer != 0
	case policy.Staff, policy.Token:
		return r.Who&id.Kind != 0 && slices.Contains(id.Permissions, r.Permission)
	}
	return false
}

func send(h http.Handler, method, target string, actor Actor) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Accept", "application/json") // a program is refused by status, people are led to the sign-in page
	if actor.Prepare != nil {
		actor.Prepare(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
