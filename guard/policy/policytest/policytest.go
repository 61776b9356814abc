// Package policytest tries every route as everyone. It knows no rule of its
// own but the two that matter: whoever is not named is refused, and a refusal
// happens before a handler runs.
package policytest

import (
	"fmt"
	"net/http"
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

// Run has every route's request sent as every actor and checks that those the
// policy names get past it and all others do not; it also sends the methods
// that a path lacks. ask sends one and returns the status of the answer; for
// methods that have no route it is told the path's first. It asks in a way
// that programs do, so that who is unknown is refused by status and not led to
// a page. The objects need not exist, because a refusal comes before any
// look-up.
//
// The answers are returned as a table, a line each route and a column each
// actor. Kept as a golden file it shows in a review what a change lets whom do.
func Run(t *testing.T, routes []policy.Route, actors []Actor, ask func(method string, r policy.Route, a Actor) int) string {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%-6s %-57s", "", "")
	for _, a := range actors {
		table.WriteString(" " + a.Name)
	}
	table.WriteString("\n")
	methods := make(map[string][]string)
	for _, r := range routes {
		methods[r.Pattern] = append(methods[r.Pattern], r.Method)
	}
	for _, route := range routes {
		fmt.Fprintf(&table, "%-6s %-57s", route.Method, route.Pattern)
		for _, actor := range actors {
			status := ask(route.Method, route, actor)
			refused := status == http.StatusUnauthorized || status == http.StatusForbidden
			if want := may(route, actor.Identity); want == refused || status == http.StatusMethodNotAllowed || status >= 500 {
				t.Errorf("%s as %s: %s %s gives %d; allowed should be %v", route.Name, actor.Name, route.Method, route.Pattern, status, want)
			}
			fmt.Fprintf(&table, " %-*d", len(actor.Name), status)
		}
		table.WriteString("\n")
		if methods[route.Pattern][0] != route.Method {
			continue
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if slices.Contains(methods[route.Pattern], method) {
				continue
			}
			if status := ask(method, route, actors[0]); status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s, which no route has, gives %d, want 405", method, route.Pattern, status)
			}
		}
	}
	var lines strings.Builder
	for line := range strings.Lines(table.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return lines.String()
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
