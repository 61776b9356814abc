package kit_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/words"
)

type product struct {
	ID       string            `json:"id"`
	Name     locale.Text       `json:"name"`
	Price    kit.Money         `json:"price"`
	Was      *kit.Money        `json:"was,omitempty" doc:"Price before the sale."`
	State    string            `json:"state" enum:"draft active"`
	Tags     kit.List[string]  `json:"tags"`
	Similar  kit.List[product] `json:"similar,omitempty"`
	Weight   *int              `json:"weight"`
	Changed  time.Time         `json:"changed_at"`
	Fields   map[string]string `json:"fields,omitempty"`
	Internal string            `json:"-"`
}

func (p product) Location() string { return "/api/v1/products/" + p.ID }

type listIn struct {
	kit.PageIn
	Filter []string `query:"filter" items:"20" doc:"name:value, may be repeated."`
}

type createIn struct {
	Category string    `path:"category" max:"40"`
	Name     string    `json:"name" required:"true" max:"200"`
	Stock    int       `json:"stock" min:"0"`
	Price    kit.Money `json:"price" required:"true"`
	Parts    []part    `json:"parts" items:"5"`
}

type part struct {
	SKU  string    `json:"sku" required:"true" doc:"Stock keeping unit."`
	From time.Time `json:"from" time:"date"`
	Kind string    `json:"kind" oneof:"a b"`
}

type none = struct{}

type position struct{ After string }

// shop is an API of three operations; did counts what they changed.
type shop struct {
	did     int
	guarded int
	actor   policy.Identity
}

func (s *shop) api() *kit.API {
	a := kit.New(kit.Options{
		Title: "Shop", Version: "1", Server: "https://shop.example", Base: "/api/v1",
		Guard: func(h web.Handler) web.Handler {
			return func(w http.ResponseWriter, r *http.Request) error { s.guarded++; return h(w, r) }
		},
	})
	kit.Add(a, kit.Operation[listIn, kit.Page[product]]{
		Name: "products.list", Method: "GET", Path: "/products", Summary: "List products.", Tag: "catalogue", Who: policy.Public,
		Handler: func(_ context.Context, in listIn) (kit.Page[product], error) {
			var p position
			found, err := in.After(&p)
			if err != nil || found {
				return kit.Page[product]{Items: kit.List[product]{{ID: p.After}}}, err
			}
			return kit.Page[product]{Next: kit.NextCursor(position{in.Filter[0]})}, nil
		},
	})
	kit.Add(a, kit.Operation[createIn, product]{
		Name: "products.create", Method: "POST", Path: "/categories/{category}/products", Summary: "Make a product.", Tag: "catalogue",
		Who: policy.Staff | policy.Token, Permission: policy.CatalogWrite, Status: 201, Once: true, Body: 500,
		Handler: func(_ context.Context, in createIn) (product, error) {
			price, err := in.Price.Minor("price", "EUR")
			if err != nil {
				return product{}, err
			}
			s.did++
			return product{ID: in.Category + "/<b>", Price: kit.Price(price+1, "EUR"), State: in.Parts[0].Kind}, nil
		},
	})
	kit.Add(a, kit.Operation[none, none]{
		Name: "session.end", Method: "DELETE", Path: "/session", Summary: "Sign out.", Who: policy.Customer, Owner: policy.OwnAccount,
		Handler: func(context.Context, none) (none, error) { s.did++; return none{}, nil },
	})
	return a
}

func (s *shop) handler(t *testing.T) http.Handler {
	t.Helper()
	table, err := s.api().Table()
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	h, err := table.Handler(policy.Options{
		Door: &web.Door{
			Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
			Printer: func(*http.Request) *locale.Printer { return catalog.Printer("en", nil) },
		},
		Identify: func(*http.Request) (policy.Identity, error) { return s.actor, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOperation_answers(t *testing.T) {
	s := &shop{actor: policy.Identity{Kind: policy.Token, Permissions: policy.Permissions()}}
	h := s.handler(t)
	good := `{"name":"Bread","stock":3,"price":{"amount":1999,"currency":"EUR"},"parts":[{"sku":"x","from":"2026-11-24","kind":"a"}]}`
	const made = `{"id":"food/<b>","name":null,"price":{"amount":2000,"currency":"EUR"},"state":"a","tags":[],"weight":null,"changed_at":"0001-01-01T00:00:00Z"}` + "\n"
	w := ask(h, "POST", "/api/v1/categories/food/products", good)
	if w.Code != 201 || w.Body.String() != made || w.Header().Get("Location") != "/api/v1/products/food/<b>" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	if s.did != 1 || s.guarded != 1 {
		t.Errorf("did %d, guarded %d", s.did, s.guarded)
	}
	for name, tt := range map[string]struct {
		method, target, body string
		status               int
		want                 string
	}{
		"first page":     {"GET", "/api/v1/products?filter=colour:red", "", 200, `{"items":[],"next_cursor":"eyJBZnRlciI6ImNvbG91cjpyZWQifQ"}`},
		"limit":          {"GET", "/api/v1/products?limit=101", "", 422, "form.too_large"},
		"limit twice":    {"GET", "/api/v1/products?limit=1&limit=2", "", 400, "form.repeated"},
		"bad cursor":     {"GET", "/api/v1/products?cursor=%2500", "", 422, "request.bad_cursor"},
		"other cursor":   {"GET", "/api/v1/products?cursor=eyJYIjoxfQ", "", 422, "request.bad_cursor"},
		"two cursors":    {"GET", "/api/v1/products?cursor=e317fQ", "", 422, "request.bad_cursor"},
		"unknown field":  {"POST", "/api/v1/categories/food/products", strings.Replace(good, "stock", "Stock", 1), 400, "form.unknown"},
		"negative":       {"POST", "/api/v1/categories/food/products", strings.Replace(good, "3", "-3", 1), 422, "form.too_small"},
		"other currency": {"POST", "/api/v1/categories/food/products", strings.Replace(good, "EUR", "USD", 1), 422, "price.currency"},
		"no amount":      {"POST", "/api/v1/categories/food/products", strings.Replace(good, "1999", "19.99", 1), 422, "price.amount"},
		"too large":      {"POST", "/api/v1/categories/food/products", good + strings.Repeat(" ", 500), 413, "request.too_large"},
		"no body":        {"POST", "/api/v1/categories/food/products", "", 422, "form.required"},
		"wrong kind":     {"DELETE", "/api/v1/session", "", 403, "staff.not_for_tokens"},
		"no such path":   {"GET", "/api/v1/nothing", "", 404, "fault.not_found"},
		"no such method": {"PUT", "/api/v1/products", "", 405, "request.method_not_allowed"},
	} {
		w := ask(h, tt.method, tt.target, tt.body)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", name, w.Header().Get("Content-Type"))
		}
	}
	if s.did != 1 {
		t.Errorf("a refusal did something: %d", s.did)
	}
	if w := ask(h, "GET", "/api/v1/products?cursor=eyJBZnRlciI6ImNvbG91cjpyZWQifQ", ""); !strings.Contains(w.Body.String(), `"id":"colour:red"`) {
		t.Errorf("second page: %s", w.Body)
	}
	s.actor = policy.Identity{Kind: policy.Customer}
	if w := ask(h, "DELETE", "/api/v1/session", ""); w.Code != 204 || w.Body.Len() != 0 || s.did != 2 {
		t.Errorf("sign out: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", "/api/v1/session", "{}"); w.Code != 204 || s.did != 3 {
		t.Errorf("sign out with an empty object: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "DELETE", "/api/v1/session", `{"all":true}`); w.Code != 400 || s.did != 3 {
		t.Errorf("sign out with a field: %d %s", w.Code, w.Body)
	}
}

func TestDocument_isValidAndSaysTheSame(t *testing.T) {
	s := new(shop)
	w := ask(s.handler(t), "GET", "https://shop.example/api/openapi.json", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Paths.Len() != 3 {
		t.Errorf("version %s, %d paths", doc.OpenAPI, doc.Paths.Len())
	}

	var tree map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &tree); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"paths /api/v1/products get security":                                                                            `[]`,
		"paths /api/v1/products get operationId":                                                                         `"products.list"`,
		"paths /api/v1/products get parameters 0":                                                                        `{"description":"How many items at most; 20 when absent.","in":"query","name":"limit","required":false,"schema":{"maximum":100,"minimum":1,"type":"integer"}}`,
		"paths /api/v1/products get parameters 2 schema":                                                                 `{"items":{"maxLength":1000,"type":"string"},"maxItems":20,"type":"array"}`,
		"paths /api/v1/products get responses 200 content application/json":                                              `{"schema":{"$ref":"#/components/schemas/PageProduct"}}`,
		"paths /api/v1/categories/{category}/products post security":                                                     `[{"bearer":[]}]`,
		"paths /api/v1/categories/{category}/products post x-permission":                                                 `"catalog.write"`,
		"paths /api/v1/categories/{category}/products post parameters":                                                   `[{"in":"path","name":"category","required":true,"schema":{"maxLength":40,"type":"string"}},{"$ref":"#/components/parameters/IdempotencyKey"}]`,
		"paths /api/v1/categories/{category}/products post responses 403":                                                `{"$ref":"#/components/responses/Problem"}`,
		"paths /api/v1/categories/{category}/products post requestBody content application/json schema required":         `["name","price"]`,
		"paths /api/v1/categories/{category}/products post requestBody content application/json schema properties stock": `{"minimum":0,"type":"integer"}`,
		"paths /api/v1/session delete responses 204":                                                                     `{"description":"Done.","headers":{"RateLimit":{"$ref":"#/components/headers/RateLimit"},"RateLimit-Policy":{"$ref":"#/components/headers/RateLimitPolicy"}}}`,
		"components schemas PartInput":                                                                                   `{"additionalProperties":false,"properties":{"from":{"format":"date","type":"string"},"kind":{"enum":["a","b"],"maxLength":1000,"type":"string"},"sku":{"description":"Stock keeping unit.","maxLength":1000,"minLength":1,"type":"string"}},"required":["sku"],"type":"object"}`,
		"components schemas Product required":                                                                            `["id","name","price","state","tags","weight","changed_at"]`,
		"components schemas Product properties was":                                                                      `{"$ref":"#/components/schemas/Money","description":"Price before the sale."}`,
		"components schemas Product properties weight":                                                                   `{"anyOf":[{"type":"integer"},{"type":"null"}]}`,
		"components schemas Product properties state":                                                                    `{"enum":["draft","active"],"type":"string"}`,
		"components schemas Product properties similar":                                                                  `{"items":{"$ref":"#/components/schemas/Product"},"type":"array"}`,
		"components schemas Problem required":                                                                            `["type","title","status","reason"]`,
	} {
		if got := at(tree, strings.Fields(path)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", path, got, want)
		}
	}
	r := httptest.NewRequest("GET", "/api/openapi.json", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	s.handler(t).ServeHTTP(again, r)
	if again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("known document: %d", again.Code)
	}
}

func at(v any, path []string) string {
	for _, key := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			if i := int(key[0] - '0'); i < len(x) {
				v = x[i]
			}
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func declare[In, Out any](method, path string, once bool) func(a *kit.API) {
	return func(a *kit.API) {
		kit.Add(a, kit.Operation[In, Out]{
			Name: "x", Method: method, Path: path, Once: once, Who: policy.Public,
			Handler: func(context.Context, In) (out Out, err error) { return out, nil },
		})
	}
}

func TestAdd_refusesWhatTheDocumentCannotSay(t *testing.T) {
	try := func(add func(a *kit.API)) (said string) {
		defer func() { said, _ = recover().(string) }()
		add(kit.New(kit.Options{Base: "/api/v1"}))
		return ""
	}
	type pathIn struct {
		ID string `path:"id"`
	}
	type listOut struct {
		L []string `json:"l"`
	}
	type amount struct {
		M money.Minor `json:"m"`
	}
	type mapIn struct {
		F map[string]string `query:"f"`
	}
	for name, tt := range map[string]struct {
		add  func(a *kit.API)
		want string
	}{
		"plain slice":            {declare[none, listOut]("GET", "/x", false), "use kit.List"},
		"bare amount":            {declare[none, amount]("GET", "/x", false), "use kit.Money"},
		"bare amount read":       {declare[amount, none]("POST", "/x", false), "amounts are kit.Money"},
		"no json name":           {declare[none, struct{ L string }]("GET", "/x", false), "has no json name"},
		"untagged input":         {declare[struct{ L string }, none]("GET", "/x", false), "no tag that names its input"},
		"wildcard without field": {declare[none, none]("GET", "/x/{id}", false), `no field with path:"id"`},
		"field without wildcard": {declare[pathIn, none]("GET", "/x", false), "has no {id}"},
		"map in the query":       {declare[mapIn, none]("GET", "/x", false), "cannot be a parameter"},
		"key for a GET":          {declare[none, none]("GET", "/x", true), "changes nothing"},
		"key without a guard":    {declare[none, none]("POST", "/x", true), "Options.Guard is nil"},
		"no handler": {func(a *kit.API) {
			kit.Add(a, kit.Operation[none, none]{Name: "x", Method: "GET", Path: "/x"})
		}, "either Handler or Tx"},
	} {
		if got := try(tt.add); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestB1_moneyIsAWholeNumber says that no amount of the API has a point.
func TestB1_moneyIsAWholeNumber(t *testing.T) {
	raw, err := json.Marshal([]kit.Money{kit.Price(-5, "EUR"), kit.Price(1624, "JPY"), kit.Price(1250, "KWD")})
	want := `[{"amount":-5,"currency":"EUR"},{"amount":1624,"currency":"JPY"},{"amount":1250,"currency":"KWD"}]`
	if string(raw) != want || err != nil {
		t.Errorf("%s, %v", raw, err)
	}
	for _, tt := range []struct {
		in    kit.Money
		want  money.Minor
		fault string
	}{
		{kit.Money{5, "EUR"}, 5, ""},
		{kit.Money{0, "EUR"}, 0, ""},
		{kit.Money{5, "USD"}, 0, "price.currency"},
		{kit.Money{5, "eur"}, 0, "price.currency"},
		{kit.Money{-5, "EUR"}, 0, "price.amount"},
	} {
		got, err := tt.in.Minor("price", "EUR")
		if got != tt.want || (err == nil) != (tt.fault == "") || (err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.fault))) {
			t.Errorf("%v: %d, %v", tt.in, got, err)
		}
	}
}

func TestEach(t *testing.T) {
	got := kit.Each([]int{1, 2}, func(n int) string { return strings.Repeat("x", n) })
	if !cmp.Equal(got, kit.List[string]{"x", "xx"}) {
		t.Errorf("%v", got)
	}
	raw, err := json.Marshal(kit.Each(nil, func(n int) int { return n }))
	if string(raw) != "[]" || err != nil {
		t.Errorf("%s, %v", raw, err)
	}
}

// TestB14_operationsInATransaction proves that a repeat of an operation with
// Tx gets the first answer, and that effect and answer stand or fall together.
func TestB14_operationsInATransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		type bagIn struct {
			Name string `json:"name" required:"true"`
		}
		type bag struct {
			ID string `json:"id"`
		}
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		catalog, err := locale.Load("en", words.Files)
		if err != nil {
			t.Fatal(err)
		}
		door := &web.Door{Log: log, Printer: func(*http.Request) *locale.Printer { return catalog.Printer("en", nil) }}
		keys := once.New(e.DB, log)
		rule := once.Rule{Door: door, Scope: func(*http.Request) string { return "" }}
		a := kit.New(kit.Options{Base: "/api/v1", DB: e.DB, Guard: func(h web.Handler) web.Handler { return keys.Guard(rule, h) }})
		kit.Add(a, kit.Operation[bagIn, bag]{
			Name: "bags.create", Method: "POST", Path: "/bags", Who: policy.Public, Status: 201, Once: true,
			Tx: func(ctx context.Context, tx *db.Tx, in bagIn) (bag, error) {
				id := tx.NewID("crt")
				_, err := tx.Exec(ctx, `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ($1, 0, 0)`, id)
				if in.Name == "refused" {
					err = fault.New(fault.Conflict, "bag.refused")
				}
				return bag{id}, err
			},
		})
		table, err := a.Table()
		if err != nil {
			t.Fatal(err)
		}
		h, err := table.Handler(policy.Options{Door: door})
		if err != nil {
			t.Fatal(err)
		}
		post := func(key, name string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/api/v1/bags", strings.NewReader(`{"name":"`+name+`"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", key)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		first, second := post("k", "blue"), post("k", "blue")
		if first.Code != 201 || second.Code != 201 || first.Body.String() != second.Body.String() || second.Header().Get("Idempotency-Replayed") != "true" || second.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%d %s, then %d %s %v", first.Code, first.Body, second.Code, second.Body, second.Header())
		}
		if w := post("l", "refused"); w.Code != 409 {
			t.Errorf("refused: %d %s", w.Code, w.Body)
		}
		var n int
		if err := e.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM throttle`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d effects, %v; want 1", n, err)
		}
	})
}
