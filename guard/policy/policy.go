// Package policy decides who may use which route. A route exists only together
// with its policy; router, documentation and the test that tries every route
// as everyone come from the same table. What no table names is refused.
package policy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// Who says which kinds of people and programs a route is for. Staff and Token
// may be combined, Customer and Token too; Public and Guest stand alone,
// because they admit everybody.
type Who uint8

// The zero Who is nobody, so that a forgotten one is noticed.
const (
	Public   Who = 1 << iota // anyone, and nobody asks who: pages that can be shared
	Guest                    // anyone, known or not: bag, checkout, search with own prices
	Customer                 // a signed-in shopper
	Staff                    // a signed-in member of staff with the route's permission
	Token                    // a program with the route's permission
)

func (w Who) String() string {
	var names []string
	for i, name := range []string{"public", "guest", "customer", "staff", "token"} {
		if w&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "nobody"
	}
	return strings.Join(names, "+")
}

// Owner says whose object a route of shoppers works on, and so what the
// service must be asked with. Another's object is "not found".
type Owner string

// The owners.
const (
	NoOwner    Owner = ""        // only for routes of Public, Staff and Token
	Nothing    Owner = "nothing" // no object of anyone's: sign-in, search
	OwnCart    Owner = "cart"    // the bag that the cookie or token names
	OwnAccount Owner = "account" // objects of the signed-in customer
	SecretLink Owner = "link"    // the object whose secret token is in the path
)

// Route is one thing that can be asked for, and by whom.
type Route struct {
	Name       string // unique, "admin.order.refund"
	Method     string // GET also answers HEAD
	Pattern    string // of net/http: "/orders/{number}"; one path has one set of wildcard names
	Who        Who
	Permission Permission // needed by Staff and Token, "" for all others
	Owner      Owner      // needed by Guest and Customer
	Body       int64      // most bytes of a request's body; 0 means 1 MiB
	Handler    web.Handler
}

// Identity is who is asking. The zero value is an unknown guest.
type Identity struct {
	Kind        Who    // 0 or Guest, Customer, Staff, Token
	ID          string // "cus_…", "stf_…", "tok_…"; "" for a guest
	Name        string // to be shown
	Session     string // id of the session row, if there is one
	Role        Role   // of staff
	Permissions Set    // of staff and tokens
}

// Known reports whether it is somebody.
func (id Identity) Known() bool { return id.Kind&(Customer|Staff|Token) != 0 }

// Can reports whether the permission is held.
func (id Identity) Can(p Permission) bool {
	return id.Kind&(Staff|Token) != 0 && id.Permissions.Has(p)
}

type identityKey struct{}

// With returns a context that carries id; the table does it for every route
// but public ones.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// Of returns who is asking; on a public route it is an unknown guest.
func Of(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// Verdict is what a policy says.
type Verdict int

// The zero Verdict refuses.
const (
	Forbid Verdict = iota // known, and not allowed
	SignIn                // unknown, and must not be
	Allow
)

// Decide applies a route's policy without looking at any object.
func (r Route) Decide(id Identity) Verdict {
	switch {
	case r.Who == Public || r.Who == Guest:
		return Allow
	case !id.Known():
		return SignIn
	case r.Who&id.Kind == 0:
		return Forbid
	case id.Kind == Customer || id.Can(r.Permission):
		return Allow
	}
	return Forbid
}

// check says what is wrong with a route's declaration.
func (r Route) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("route %q (%s %s): %s", r.Name, r.Method, r.Pattern, fmt.Sprintf(format, args...))
	}
	switch {
	case r.Name == "" || r.Handler == nil:
		return bad("needs a name and a handler")
	case !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, r.Method):
		return bad("unknown method")
	case !strings.HasPrefix(r.Pattern, "/"):
		return bad("the pattern must begin with a slash")
	case r.Who == 0 || r.Who >= Token<<1:
		return bad("has no policy: say who it is for")
	case r.Who&(Public|Guest) != 0 && r.Who != Public && r.Who != Guest:
		return bad("%s admits everybody, so the rest means nothing", r.Who)
	case r.Who&(Staff|Token) != 0 && !Permissions().Has(r.Permission):
		return bad("staff and tokens need a known permission, not %q", r.Permission)
	case r.Who&(Staff|Token) == 0 && r.Permission != "":
		return bad("only staff and tokens have permissions")
	case r.Who&(Guest|Customer) != 0 && !slices.Contains([]Owner{Nothing, OwnCart, OwnAccount, SecretLink}, r.Owner):
		return bad("say whose object it works on")
	case r.Who == Public && r.Owner != NoOwner && r.Owner != Nothing && r.Owner != SecretLink:
		return bad("nobody is known on a public route, so nothing can be theirs")
	case r.Body < 0:
		return bad("negative body limit")
	}
	return nil
}

// Options is what a table needs to become a handler.
type Options struct {
	Door *web.Door

	// Identify finds out who is asking. A missing, expired or unknown session
	// is an unknown guest and no error; an error means that it cannot be
	// known now.
	Identify func(r *http.Request) (Identity, error)

	// AskSignIn answers unknown people on routes for known ones; nil answers
	// 401. See Redirect.
	AskSignIn web.Handler

	// Refused is told of every 403, for the audit log; it may be nil.
	Refused func(r *http.Request, route Route, id Identity)
}

// Redirect returns an AskSignIn that leads people to the sign-in page and,
// after a GET, back; programs still get 401. An htmx request is told to load
// the whole page.
func Redirect(signIn string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if web.PrefersJSON(r) {
			return web.SignInNeeded("Bearer")
		}
		to := signIn
		if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
			to += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		if r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Redirect", to)
			w.WriteHeader(http.StatusUnauthorized)
			return nil
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
}

// Table holds the routes of one door. The zero value is empty and ready.
type Table struct{ routes []Route }

// Add puts routes into the table. What is wrong with them is told by Handler,
// all at once.
func (t *Table) Add(routes ...Route) { t.routes = append(t.routes, routes...) }

// Routes lists the table, in the order of its paths, for documentation and
// the matrix test.
func (t *Table) Routes() []Route { return sorted(t.routes) }

func sorted(routes []Route) []Route {
	routes = slices.Clone(routes)
	slices.SortStableFunc(routes, func(a, b Route) int {
		return strings.Compare(a.Pattern+" "+a.Method, b.Pattern+" "+b.Method)
	})
	return routes
}

// Handler builds the router. It fails when a route lacks its policy, when two
// answer the same request, or when a name is used twice. A path that no route
// has is 404, a method that a path lacks is 405. Every answer of a route that
// is not public begins with Cache-Control: no-store, which a handler may
// change.
func (t *Table) Handler(o Options) (*Served, error) {
	var errs []error
	names := make(map[string]bool)
	paths := make(map[string]map[string]Route)
	for _, r := range t.routes {
		if err := r.check(); err != nil {
			errs = append(errs, err)
			continue
		}
		if names[r.Name] {
			errs = append(errs, fmt.Errorf("two routes are called %q", r.Name))
		}
		names[r.Name] = true
		if paths[r.Pattern] == nil {
			paths[r.Pattern] = make(map[string]Route)
		}
		if _, twice := paths[r.Pattern][r.Method]; twice {
			errs = append(errs, fmt.Errorf("two routes answer %s %s", r.Method, r.Pattern))
		}
		paths[r.Pattern][r.Method] = r
	}
	mux := http.NewServeMux()
	for _, pattern := range slices.Sorted(keys(paths)) {
		if err := register(mux, pattern, o.path(paths[pattern])); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if paths["/"] == nil {
		mux.Handle("/", o.Door.Mount(func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.NotFound, "fault.not_found")
		}))
	}
	return &Served{mux, slices.Clone(t.routes)}, nil
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// register turns the mux's panic about clashing patterns into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("pattern %s: %v", pattern, v)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// path answers one pattern.
func (o Options) path(methods map[string]Route) http.Handler {
	var allow []string
	for m := range methods {
		allow = append(allow, m)
		if m == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	allowed := strings.Join(allow, ", ")
	return o.Door.Mount(func(w http.ResponseWriter, r *http.Request) error {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		route, ok := methods[method]
		if !ok {
			return web.MethodNotAllowed(allowed)
		}
		return o.serve(route, w, r)
	})
}

func (o Options) serve(route Route, w http.ResponseWriter, r *http.Request) error {
	web.SetRoute(r.Context(), route.Pattern)
	if o.Door.Page != nil && (!utf8.ValidString(r.URL.Path) || strings.ContainsFunc(r.URL.Path, unicode.IsControl)) {
		return fault.New(fault.NotFound, "fault.not_found") // no page has such an address
	}
	limit := route.Body
	if limit == 0 {
		limit = 1 << 20
	}
	if route.Owner == SecretLink {
		w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	}
	if route.Who == Public { // takes no forms that people fill in
		if err := web.LimitBody(w, r, limit); err != nil {
			return err
		}
		return route.Handler(w, r)
	}
	w.Header().Set("Cache-Control", "no-store")
	id, err := o.Identify(r)
	if err != nil {
		return err
	}
	r = r.WithContext(With(r.Context(), id))
	switch route.Decide(id) {
	case Allow:
		if r, err = web.LimitForm(w, r, limit); err != nil {
			return err
		}
		return route.Handler(w, r)
	case SignIn:
		if o.AskSignIn != nil {
			return o.AskSignIn(w, r)
		}
		return web.SignInNeeded("Bearer")
	}
	if o.Refused != nil {
		o.Refused(r, route, id)
	}
	return refusal(route, id)
}

// refusal says what is missing: "staff.scope_missing" names the scope that a
// token lacks.
func refusal(route Route, id Identity) error {
	switch {
	case id.Kind == Token && route.Who&Token != 0:
		return fault.New(fault.Forbidden, "staff.scope_missing").With("scope", string(route.Permission))
	case id.Kind == Token:
		return fault.New(fault.Forbidden, "staff.not_for_tokens")
	case id.Kind == Staff && route.Who&Staff != 0:
		return fault.New(fault.Forbidden, "staff.role_lacks")
	}
	return fault.New(fault.Forbidden, "fault.forbidden")
}
