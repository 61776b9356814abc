package policy_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/policy/policytest"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/words"
)

func door(t *testing.T) *web.Door {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	return &web.Door{
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Printer: func(*http.Request) *locale.Printer { return catalog.Printer("en", nil) },
	}
}

// shop is a table with one route of every sort; served counts its handlers.
type shop struct {
	table   policy.Table
	served  map[string]int
	refused []string
	actor   policy.Identity
	down    error
}

func newShop() *shop {
	s := &shop{served: make(map[string]int)}
	for _, r := range []policy.Route{
		{Name: "product", Method: "GET", Pattern: "/products/{slug}", Who: policy.Public},
		{Name: "cart", Method: "GET", Pattern: "/cart", Who: policy.Guest, Owner: policy.OwnCart},
		{Name: "cart.add", Method: "POST", Pattern: "/cart", Who: policy.Guest, Owner: policy.OwnCart, Body: 10},
		{Name: "account", Method: "GET", Pattern: "/account", Who: policy.Customer, Owner: policy.OwnAccount},
		{Name: "admin.orders", Method: "GET", Pattern: "/admin/orders", Who: policy.Staff | policy.Token, Permission: policy.OrderRead},
		{Name: "admin.refund", Method: "POST", Pattern: "/admin/orders/{number}/refunds", Who: policy.Staff | policy.Token, Permission: policy.OrderRefund},
		{Name: "admin.profile", Method: "GET", Pattern: "/admin/profile", Who: policy.Staff, Permission: policy.Self},
	} {
		r.Handler = func(http.ResponseWriter, *http.Request) error { s.served[r.Name]++; return nil }
		s.table.Add(r)
	}
	return s
}

func (s *shop) handler(t *testing.T, askSignIn web.Handler) http.Handler {
	t.Helper()
	h, err := s.table.Handler(policy.Options{
		Door:      door(t),
		Identify:  func(*http.Request) (policy.Identity, error) { return s.actor, s.down },
		AskSignIn: askSignIn,
		Refused: func(_ *http.Request, r policy.Route, id policy.Identity) {
			s.refused = append(s.refused, r.Name+" by "+id.ID)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// actors are a guest, a customer, staff without a role, a token that may only
// read, and staff of every role.
func actors() []policytest.Actor {
	readers := slices.DeleteFunc(policy.Permissions(), func(p policy.Permission) bool { return !strings.HasSuffix(string(p), ".read") })
	list := []policytest.Actor{
		{Name: "guest"},
		{Name: "customer", Identity: policy.Identity{Kind: policy.Customer, ID: "cus_1"}},
		{Name: "nobody", Identity: policy.Identity{Kind: policy.Staff, ID: "stf_0"}},
		{Name: "reader", Identity: policy.Identity{Kind: policy.Token, ID: "key_1", Permissions: readers}},
	}
	for _, role := range policy.Roles() {
		list = append(list, policytest.Actor{Name: string(role), Identity: policy.Identity{Kind: policy.Staff, ID: "stf_" + string(role), Role: role, Permissions: role.Permissions()}})
	}
	return list
}

func TestTable_matrix(t *testing.T) {
	s := newShop()
	h := s.handler(t, nil)
	actors := actors()
	table := policytest.Run(t, s.table.Routes(), actors, func(method string, r policy.Route, a policytest.Actor) int {
		s.actor = a.Identity
		path := strings.NewReplacer("{slug}", "bread", "{number}", "1007").Replace(r.Pattern)
		return ask(h, method, "http://localhost"+path, "", "Accept", "application/json").Code
	})
	var lines []string
	for line := range strings.Lines(table) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"guest customer nobody reader owner manager fulfilment support read_only",
		"GET /account 401 200 403 403 403 403 403 403 403",
		"POST /admin/orders/{number}/refunds 401 403 403 403 200 200 403 200 403",
		"GET /products/{slug} 200 200 200 200 200 200 200 200 200",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%s\nlacks %s", table, want)
		}
	}
	// The whole matrix once more, as numbers: of 9 actors so many got through.
	want := map[string]int{"product": 9, "cart": 9, "cart.add": 9, "account": 1, "admin.orders": 6, "admin.refund": 3, "admin.profile": 5}
	for name, n := range want {
		if s.served[name] != n {
			t.Errorf("%s was served to %d actors, want %d", name, s.served[name], n)
		}
	}
	if len(s.refused) == 0 || !slices.Contains(s.refused, "admin.refund by key_1") || slices.Contains(s.refused, "admin.refund by ") {
		t.Errorf("refusals told: %v", s.refused)
	}
}

func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTable_answers(t *testing.T) {
	s := newShop()
	h := s.handler(t, nil)
	for _, tt := range []struct {
		method, target, body string
		status               int
		allow, cache         string
	}{
		{"GET", "/products/bread", "", 200, "", ""},
		{"HEAD", "/products/bread", "", 200, "", ""},
		{"POST", "/products/bread", "", 405, "GET, HEAD", "no-store"},
		{"OPTIONS", "/cart", "", 405, "GET, HEAD, POST", "no-store"},
		{"GET", "/cart", "", 200, "", "no-store"},
		{"POST", "/cart", "0123456789", 200, "", "no-store"},
		{"POST", "/cart", "0123456789a", 413, "", "no-store"},
		{"GET", "/account", "", 401, "", "no-store"},
		{"GET", "/account/x.css", "", 404, "", "no-store"},
		{"GET", "/products/", "", 404, "", "no-store"},
		{"GET", "/.git/config", "", 404, "", "no-store"},
		{"GET", "/metrics", "", 404, "", "no-store"},
		{"GET", "/debug/pprof/", "", 404, "", "no-store"},
		{"GET", "/admin/orders", "", 401, "", "no-store"},
	} {
		w := ask(h, tt.method, tt.target, tt.body)
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow || w.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%s %s: %d, Allow %q, Cache-Control %q", tt.method, tt.target, w.Code, w.Header().Get("Allow"), w.Header().Get("Cache-Control"))
		}
	}
	if s.served["account"]+s.served["admin.orders"] != 0 || s.served["cart.add"] != 1 {
		t.Errorf("served %v", s.served)
	}
	s.down = fault.New(fault.Unavailable, "db.away")
	if w := ask(h, "GET", "/cart", ""); w.Code != 503 || s.served["cart"] != 1 {
		t.Errorf("identity unknown: %d, %v", w.Code, s.served)
	}
	if w := ask(h, "GET", "/products/bread", ""); w.Code != 200 {
		t.Errorf("a public page asked who: %d", w.Code)
	}
}

func TestRedirect(t *testing.T) {
	s := newShop()
	h := s.handler(t, policy.Redirect("/admin/sign-in"))
	w := ask(h, "GET", "/admin/orders?page=2", "")
	if w.Code != 303 || w.Header().Get("Location") != "/admin/sign-in?next=%2Fadmin%2Forders%3Fpage%3D2" {
		t.Errorf("GET: %d %s", w.Code, w.Header().Get("Location"))
	}
	w = ask(h, "POST", "/admin/orders/7/refunds", "")
	if w.Code != 303 || w.Header().Get("Location") != "/admin/sign-in" {
		t.Errorf("POST: %d %s", w.Code, w.Header().Get("Location"))
	}
	w = ask(h, "GET", "/admin/orders", "", "HX-Request", "true")
	if w.Code != 401 || w.Header().Get("HX-Redirect") != "/admin/sign-in" {
		t.Errorf("htmx: %d %s", w.Code, w.Header().Get("HX-Redirect"))
	}
	w = ask(h, "GET", "/admin/orders", "", "Accept", "application/json")
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("program: %d", w.Code)
	}
	s.actor = policy.Identity{Kind: policy.Staff}
	if w = ask(h, "GET", "/admin/orders", ""); w.Code != 403 {
		t.Errorf("known, but not allowed: %d", w.Code)
	}
	if len(s.served) != 0 {
		t.Errorf("served %v", s.served)
	}
}

func TestTable_refusesBadDeclarations(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) error { return nil }
	good := policy.Route{Name: "a", Method: "GET", Pattern: "/a", Who: policy.Public, Handler: ok}
	tests := map[string]struct {
		change func(r *policy.Route)
		want   string
	}{
		"no policy":             {func(r *policy.Route) { r.Who = 0 }, "has no policy"},
		"no handler":            {func(r *policy.Route) { r.Handler = nil }, "needs a name and a handler"},
		"no name":               {func(r *policy.Route) { r.Name = "" }, "needs a name and a handler"},
		"odd method":            {func(r *policy.Route) { r.Method = "BREW" }, "unknown method"},
		"host in pattern":       {func(r *policy.Route) { r.Pattern = "evil/a" }, "must begin with a slash"},
		"everybody and staff":   {func(r *policy.Route) { r.Who = policy.Guest | policy.Staff }, "admits everybody"},
		"staff, no permission":  {func(r *policy.Route) { r.Who = policy.Staff }, "need a known permission"},
		"staff, misspelt":       {func(r *policy.Route) { r.Who, r.Permission = policy.Staff, "order.raed" }, "need a known permission"},
		"permission for guests": {func(r *policy.Route) { r.Permission = policy.OrderRead }, "only staff and tokens"},
		"customer, no owner":    {func(r *policy.Route) { r.Who = policy.Customer }, "whose object"},
		"guest, no owner":       {func(r *policy.Route) { r.Who = policy.Guest }, "whose object"},
		"public cart":           {func(r *policy.Route) { r.Owner = policy.OwnCart }, "nobody is known"},
		"same name":             {func(r *policy.Route) { r.Pattern = "/b" }, `two routes are called "a"`},
		"same request":          {func(r *policy.Route) { r.Name = "b" }, "two routes answer GET /a"},
		"clash":                 {func(r *policy.Route) { r.Name, r.Pattern = "b", "/{x}/{y...}" }, ""},
		"real clash":            {func(r *policy.Route) { r.Name, r.Pattern = "b", "/{x" }, "pattern /{x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bad := good
			tt.change(&bad)
			var table policy.Table
			table.Add(good, bad)
			h, err := table.Handler(policy.Options{Door: door(t)})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if h != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	var table policy.Table
	table.Add(policy.Route{}, policy.Route{Name: "x", Handler: ok, Method: "GET", Pattern: "/x"})
	_, err := table.Handler(policy.Options{Door: door(t)})
	if got := strings.Count(err.Error(), "\n") + 1; got != 2 {
		t.Errorf("%d mistakes told, want 2: %v", got, err)
	}
}

func TestRole_permissions(t *testing.T) {
	for role, want := range map[policy.Role]int{
		policy.RoleOwner: 25, policy.RoleManager: 22, policy.RoleFulfilment: 6, policy.RoleSupport: 11, policy.RoleReadOnly: 8, "admin": 0, "": 0,
	} {
		got := role.Permissions()
		if len(got) != want || role.Valid() != (want > 0) {
			t.Errorf("%s has %d permissions, want %d", role, len(got), want)
		}
		for i, p := range got {
			if !policy.Permissions().Has(p) || slices.Contains(got[:i], p) {
				t.Errorf("%s has %q, which is unknown or there twice", role, p)
			}
		}
	}
	for _, p := range policy.RoleReadOnly.Permissions() {
		if p != policy.Self && !strings.HasSuffix(string(p), ".read") {
			t.Errorf("read_only may %s", p)
		}
	}
	if (policy.Identity{Kind: policy.Customer, Permissions: policy.Permissions()}).Can(policy.OrderRead) {
		t.Error("a customer holds a permission of staff")
	}
}

// TestServed_routesFollow proves that what is put together from tables says
// everything that it answers.
func TestServed_routesFollow(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) error { return nil }
	serve := func(pattern string) *policy.Served {
		var table policy.Table
		table.Add(policy.Route{Name: pattern, Method: "GET", Pattern: pattern, Who: policy.Public, Handler: ok})
		h, err := table.Handler(policy.Options{Door: door(t)})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	around := 0
	all := policy.Choose(func(r *http.Request) int { return len(r.URL.Path) % 2 }, serve("/b"), serve("/aa").Around(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { around++; next.ServeHTTP(w, r) })
	}))
	var patterns []string
	for _, r := range all.Routes() {
		patterns = append(patterns, r.Pattern)
	}
	if !slices.Equal(patterns, []string{"/aa", "/b"}) {
		t.Errorf("routes %q", patterns)
	}
	if b, a, none := ask(all, "GET", "/b", "").Code, ask(all, "GET", "/aa", "").Code, ask(all, "GET", "/cc", "").Code; b != 200 || a != 200 || none != 404 || around != 2 {
		t.Errorf("%d %d %d, around %d", b, a, none, around)
	}
}

func TestOf(t *testing.T) {
	if id := policy.Of(t.Context()); id.Known() || id.ID != "" {
		t.Errorf("nobody is %+v", id)
	}
	if id := policy.Of(policy.With(t.Context(), policy.Identity{Kind: policy.Customer, ID: "cus_1"})); !id.Known() || id.ID != "cus_1" {
		t.Errorf("got %+v", id)
	}
}

var errDown = errors.New("down") // proves that an unmapped error is a 500

func TestTable_identifyFailure(t *testing.T) {
	s := newShop()
	s.down = errDown
	if w := ask(s.handler(t, nil), "GET", "/account", ""); w.Code != 500 || strings.Contains(w.Body.String(), "down") || s.served["account"] != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestSecretLink_isNotSentOn proves that no page under a secret address tells
// the address to another, whatever it answers.
func TestSecretLink_isNotSentOn(t *testing.T) {
	var table policy.Table
	for name, who := range map[string]policy.Who{"open": policy.Public, "known": policy.Guest} {
		table.Add(
			policy.Route{Name: name, Method: "GET", Pattern: "/" + name + "/{token}", Who: who, Owner: policy.SecretLink, Handler: func(_ http.ResponseWriter, r *http.Request) error {
				if r.PathValue("token") == "wrong" {
					return fault.New(fault.NotFound, "fault.not_found")
				}
				return nil
			}},
			policy.Route{Name: name + ".page", Method: "GET", Pattern: "/" + name + "-page", Who: who, Owner: policy.Nothing, Handler: func(http.ResponseWriter, *http.Request) error { return nil }},
		)
	}
	h, err := table.Handler(policy.Options{Door: door(t), Identify: func(*http.Request) (policy.Identity, error) { return policy.Identity{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/open/secret": "no-referrer", "/open/wrong": "no-referrer", "/known/secret": "no-referrer", "/known/wrong": "no-referrer",
		"/open-page": "", "/known-page": "",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Header().Get("Referrer-Policy"); got != want {
			t.Errorf("%s: Referrer-Policy %q, want %q", path, got, want)
		}
	}
}
