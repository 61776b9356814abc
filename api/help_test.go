package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const (
	base   = "http://127.0.0.1:8080"
	secret = "the kettle sings at six"
)

// house is a whole shop with two products, spoken to over HTTP.
type house struct {
	t       *testing.T
	shop    *stoa.Shop
	clock   *clock.Fake
	handler http.Handler
	plain   http.Handler // handler with a clock that stands
	ops     map[string]operation
	called  map[string]bool // operations that have succeeded
	keys    int

	kettle, mug catalog.Product
	location    string
	owner       string // session of the shop's owner

	settings stoa.Settings
	bank     *bank
}

// operation is what the document says of one.
type operation struct {
	method, path string
	op           *openapi3.Operation
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	eachWith(t, func(t *testing.T, h *house, _ *bank) { fn(t, h) })
}

// eachWith is each, with a payment provider that the test speaks for.
func eachWith(t *testing.T, fn func(t *testing.T, h *house, b *bank)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			b := &bank{facts: make(map[string]payment.Facts)}
			fn(t, open(t, engine, b), b)
		})
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func open(t *testing.T, engine db.Engine, b *bank) *house {
	t.Helper()
	now := clock.NewFake(dbtest.Began)
	settings := stoa.Settings{
		Listen: "127.0.0.1:8080", Base: base, Data: t.TempDir(), Database: dbtest.URL(t, engine),
		MasterKey: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}
	shop, err := stoa.New(t.Context(), settings, stoa.Clock(now), stoa.Payment(b), stoa.Log(slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shop.Close() })
	h := &house{t: t, clock: now, ops: make(map[string]operation), called: make(map[string]bool), settings: settings, bank: b}
	h.serve(shop)
	h.document()
	h.furnish()
	return h
}

// serve speaks to a shop from now on.
func (h *house) serve(shop *stoa.Shop) {
	h.t.Helper()
	inner, err := shop.Handler(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.shop, h.plain = shop, inner
	h.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.clock.Advance(100 * time.Millisecond) // nobody asks too often
		inner.ServeHTTP(w, r)
	})
}

// document reads and checks what the API says of itself.
func (h *house) document() {
	h.t.Helper()
	w := h.send(httptest.NewRequest("GET", base+"/api/openapi.json", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		h.t.Fatal(err)
	}
	if err := doc.Validate(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			h.ops[op.OperationID] = operation{method, path, op}
		}
	}
}

func (h *house) tx(fn func(ctx context.Context, tx *db.Tx) error) {
	h.t.Helper()
	if err := h.shop.DB.InTx(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// furnish opens the shop: settings, an owner, a kettle in two colours and a
// mug.
func (h *house) furnish() {
	h.t.Helper()
	s, by := h.shop, audit.System("test")
	h.tx(func(ctx context.Context, tx *db.Tx) error {
		return s.Market.SetUp(ctx, tx, by, market.Setup{
			Name: "Test", Email: "shop@example.com", Address: market.Address{Country: "DE"}, Currency: "EUR", Languages: []string{"en", "de"}, Zone: "Europe/Berlin",
			PricesIncludeTax: true, ShippingPrice: 490,
		})
	})
	shop := s.Market.Current(h.t.Context())
	list := shop.Default().PriceListID
	h.tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Fields.Create(ctx, tx, by, custom.Field{
			Owner: custom.Product, Code: "material", Kind: custom.Choice, Name: locale.Text{"en": "Material", "de": "Material"}, Shown: true, Facet: true,
			Choices: []custom.Option{{Code: "steel", Name: locale.Text{"en": "Steel", "de": "Stahl"}}, {Code: "clay", Name: locale.Text{"en": "Clay", "de": "Ton"}}},
		})
		if err != nil {
			return err
		}
		_, err = s.Fields.Create(ctx, tx, by, custom.Field{Owner: custom.Product, Code: "supplier", Kind: custom.Text, Name: locale.Text{"en": "Supplier", "de": "Lieferant"}})
		if err != nil {
			return err
		}
		_, err = s.Fields.Create(ctx, tx, by, custom.Field{Owner: custom.Variant, Code: "capacity", Kind: custom.Number, Unit: "l", Decimals: 1, Name: locale.Text{"en": "Capacity", "de": "Inhalt"}, Shown: true})
		if err != nil {
			return err
		}
		_, err = s.Fields.Create(ctx, tx, by, custom.Field{Owner: custom.Variant, Code: "shelf", Kind: custom.Text, Name: locale.Text{"en": "Shelf", "de": "Regal"}})
		return err
	})
	var kitchen catalog.Category
	h.tx(func(ctx context.Context, tx *db.Tx) (err error) {
		kitchen, err = s.Catalog.SaveCategory(ctx, tx, by, catalog.Category{Name: locale.Text{"en": "Kitchen", "de": "Küche"}})
		if err != nil {
			return err
		}
		_, err = s.Catalog.SaveCategory(ctx, tx, by, catalog.Category{Name: locale.Text{"en": "Cellar", "de": "Keller"}, Hidden: true})
		if err != nil {
			return err
		}
		_, err = s.Catalog.SaveCollection(ctx, tx, by, catalog.Collection{Code: "gifts", Name: locale.Text{"en": "Gifts", "de": "Geschenke"}})
		return err
	})
	price := func(n int64) []catalog.Price {
		return []catalog.Price{{ListID: list, Currency: "EUR", Amount: money(n)}}
	}
	h.tx(func(ctx context.Context, tx *db.Tx) (err error) {
		h.kettle, err = s.Catalog.Save(ctx, tx, by, catalog.Product{
			Status: catalog.Active, Brand: "Acme", Name: locale.Text{"en": "Kettle", "de": "Wasserkocher"}, TaxClassID: shop.Classes[0].ID,
			CategoryID: kitchen.ID, Categories: []string{kitchen.ID}, Tags: []string{"hot"},
			Fields:  custom.Values{"material": custom.OfCode("steel"), "supplier": custom.OfWords("Secret Ltd")},
			Options: []catalog.Option{{Code: "colour", Name: locale.Text{"en": "Colour", "de": "Farbe"}, Values: []catalog.OptionValue{{Code: "blue", Name: locale.Text{"en": "Blue", "de": "Blau"}, Colour: "#0000ff"}, {Code: "red", Name: locale.Text{"en": "Red", "de": "Rot"}, Colour: "#ff0000"}}}},
			Variants: []catalog.Variant{
				{SKU: "K-BLUE", Values: []string{"blue"}, Status: catalog.Active, Tracked: true, WeightGrams: 900, Prices: price(4900), Fields: custom.Values{"capacity": custom.OfNumber(1_700_000), "shelf": custom.OfWords("Aisle 9")}},
				{SKU: "K-RED", Values: []string{"red"}, Status: catalog.Active, Tracked: true, WeightGrams: 900, Prices: price(5900)},
			},
		})
		if err != nil {
			return err
		}
		h.mug, err = s.Catalog.Save(ctx, tx, by, catalog.Product{
			Status: catalog.Active, Brand: "Clay & Co", Name: locale.Text{"en": "Mug", "de": "Becher"}, TaxClassID: shop.Classes[0].ID, Fields: custom.Values{"material": custom.OfCode("clay")},
			Related:  []string{h.kettle.ID},
			Variants: []catalog.Variant{{SKU: "MUG", Status: catalog.Active, Tracked: true, WeightGrams: 300, Prices: price(1250)}},
		})
		if err != nil {
			return err
		}
		l, err := s.Stock.SaveLocation(ctx, tx, by, inventory.Location{Code: "ham", Name: "Hamburg", Country: "DE", Active: true})
		h.location = l.ID
		return err
	})
	h.tx(func(ctx context.Context, tx *db.Tx) error {
		var changes []inventory.Change
		for _, v := range append(h.kettle.Variants, h.mug.Variants...) {
			changes = append(changes, inventory.Change{VariantID: v.ID, LocationID: h.location, Delta: 37})
		}
		if _, err := s.Content.SavePage(ctx, tx, by, content.Page{Code: "terms", Menu: content.LegalMenu, Title: locale.Text{"en": "Terms"}, Body: locale.Text{"en": "You buy, we send."}}); err != nil {
			return err
		}
		return s.Stock.Adjust(ctx, tx, by, inventory.Opening, changes)
	})
	if err := s.Search.Settle(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	token, err := s.Staff.SetupToken(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	if h.owner, err = s.Staff.SetUp(h.t.Context(), token, staff.Newcomer{Name: "Mira", Email: "mira@example.com", Password: secret, Locale: "en"}); err != nil {
		h.t.Fatal(err)
	}
}

// staff signs in somebody with a role.
func (h *house) staff(role policy.Role) string {
	h.t.Helper()
	by := audit.System("test")
	_, link, err := h.shop.Staff.Invite(h.t.Context(), by, "Ole "+string(role), string(role)+"@example.com", role, "en")
	if err != nil {
		h.t.Fatal(err)
	}
	session, err := h.shop.Staff.UseLink(h.t.Context(), link, secret)
	if err != nil {
		h.t.Fatal(err)
	}
	return session
}

func (h *house) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// bare is send while the clock stands.
func (h *house) bare(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.plain.ServeHTTP(w, r)
	return w
}

// object is a JSON body.
type object = map[string]any

type parameter = openapi3.ParameterRef

// answer is what came back.
type answer struct {
	t      *testing.T
	op     string
	status int
	header http.Header
	body   string
	tree   any
}

// call asks for an operation and holds the answer against the document: its
// status must be one the operation is said to have, and its body must fit.
// body is nil, text, or something to be written as JSON.
func (h *house) call(name string, body any, w ...string) *answer {
	h.t.Helper()
	o, ok := h.ops[name]
	if !ok {
		h.t.Fatalf("the document knows no operation %q", name)
	}
	path, query := o.path, ""
	header := make(http.Header)
	for _, p := range o.op.Parameters {
		if p.Value.Name == "Idempotency-Key" {
			h.keys++
			header.Set("Idempotency-Key", fmt.Sprintf("key-%s-%d", h.t.Name(), h.keys))
		}
	}
	for _, s := range w {
		kind, value, _ := strings.Cut(s, ":")
		switch {
		case strings.HasPrefix(s, "?"):
			query = s
		case kind == "cart":
			header.Set("Cart-Token", value)
		case kind == "bearer":
			header.Set("Authorization", "Bearer "+value)
		case kind == "match":
			header.Set("If-Match", value)
		case kind == "accept":
			header.Set("Accept-Language", value)
		case kind == "key" && value == "":
			header.Del("Idempotency-Key")
		case kind == "key":
			header.Set("Idempotency-Key", value)
		default:
			wildcard, value, _ := strings.Cut(s, "=")
			path = strings.Replace(path, "{"+wildcard+"}", url.PathEscape(value), 1)
		}
	}
	var reader io.Reader
	if body != nil {
		text, is := body.(string)
		if !is {
			raw, err := json.Marshal(body)
			if err != nil {
				h.t.Fatal(err)
			}
			text = string(raw)
		}
		reader = strings.NewReader(text)
		header.Set("Content-Type", "application/json")
	}
	r := httptest.NewRequest(o.method, base+path+query, reader)
	r.Header = header
	return h.read(name, h.send(r))
}

// read holds an answer against what the document says of its operation.
func (h *house) read(name string, got *httptest.ResponseRecorder) *answer {
	h.t.Helper()
	a := &answer{h.t, name, got.Code, got.Header(), got.Body.String(), nil}
	if a.body != "" {
		if err := json.Unmarshal(got.Body.Bytes(), &a.tree); err != nil {
			h.t.Errorf("%s: %v: %.200s", name, err, a.body)
		}
	}
	a.fits(h.ops[name].op)
	if a.status < 300 {
		h.called[name] = true
	}
	return a
}

// fits holds an answer against what the document says.
func (a *answer) fits(op *openapi3.Operation) {
	a.t.Helper()
	response := op.Responses.Value(strconv.Itoa(a.status))
	if response == nil {
		a.t.Errorf("%s answers %d, which the document does not know: %.300s", a.op, a.status, a.body)
		return
	}
	kind := a.header.Get("Content-Type")
	if len(response.Value.Content) == 0 {
		if a.body != "" {
			a.t.Errorf("%s: %d has a body", a.op, a.status)
		}
		return
	}
	media := response.Value.Content[kind]
	if media == nil {
		a.t.Errorf("%s answers %d as %q", a.op, a.status, kind)
		return
	}
	if err := media.Schema.Value.VisitJSON(a.tree, openapi3.MultiErrors()); err != nil {
		a.t.Errorf("%s: %d is not as documented: %v\n%.2000s", a.op, a.status, err, a.body)
	}
	if undocumented := extra(media.Schema, a.tree, ""); undocumented != "" {
		a.t.Errorf("%s tells %s, which the document does not", a.op, undocumented)
	}
}

// extra finds a member of an answer that its schema does not name.
func extra(s *openapi3.SchemaRef, v any, path string) string {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			if s.Value.Items != nil {
				if found := extra(s.Value.Items, e, path+"[]"); found != "" {
					return found
				}
			}
		}
	case object:
		for _, option := range s.Value.AnyOf {
			if option.Value.Properties != nil {
				s = option
			}
		}
		if s.Value.Properties == nil {
			return ""
		}
		for name, e := range x {
			p := s.Value.Properties[name]
			if p == nil {
				return path + "." + name
			}
			if found := extra(p, e, path+"."+name); found != "" {
				return found
			}
		}
	}
	return ""
}

// want fails unless the status, and for a fault the reason, is this.
func (a *answer) want(status int, reason ...string) *answer {
	a.t.Helper()
	if a.status != status || (len(reason) > 0 && a.text("reason") != reason[0]) {
		a.t.Fatalf("%s: %d %.600s\nwant %d %v", a.op, a.status, a.body, status, reason)
	}
	return a
}

// field fails unless the fault names a bad input with a reason.
func (a *answer) field(path, reason string) *answer {
	a.t.Helper()
	list, _ := a.get("errors").([]any)
	for _, e := range list {
		if e.(object)["field"] == path && e.(object)["reason"] == reason {
			return a
		}
	}
	a.t.Errorf("%s does not refuse %s with %s: %.600s", a.op, path, reason, a.body)
	return a
}

// get finds a value by its path: "lines.0.id".
func (a *answer) get(path string) any {
	v := a.tree
	for _, part := range strings.Split(path, ".") {
		switch x := v.(type) {
		case object:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) text(path string) string {
	s, _ := a.get(path).(string)
	return s
}

func (a *answer) number(path string) int64 {
	n, ok := a.get(path).(float64)
	if !ok {
		return -1
	}
	return int64(n)
}

func (a *answer) size(path string) int {
	list, _ := a.get(path).([]any)
	return len(list)
}

// is fails unless values are these, given as pairs of path and JSON.
func (a *answer) is(pairs ...any) *answer {
	a.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		got, _ := json.Marshal(a.get(pairs[i].(string)))
		want, _ := json.Marshal(pairs[i+1])
		if string(got) != string(want) {
			a.t.Errorf("%s: %s is %s, want %s", a.op, pairs[i], got, want)
		}
	}
	return a
}

func eur(n int64) object { return object{"amount": n, "currency": "EUR"} }

// berlin are the details of somebody who pays in cash.
func berlin() object {
	return object{
		"email": "ada@example.com", "same_billing": true, "payment_method": "manual.cash_on_delivery", "note": "Ring twice.",
		"shipping": object{"name": "Ada Lovelace", "line1": "Torstraße 1", "city": "Berlin", "postcode": "10119", "country": "DE"},
	}
}

// fill puts units of a variant into a fresh guest's cart and says where it
// goes.
func (h *house) fill(variant string, units int64) (token string, cart *answer) {
	h.t.Helper()
	added := h.call("cart.add", object{"variant_id": variant, "quantity": units}).want(201)
	token = added.text("cart_token")
	return token, h.call("cart.details", berlin(), "cart:"+token).want(200)
}

// place orders what is in a cart.
func (h *house) place(token string, cart *answer) (order string) {
	h.t.Helper()
	return h.call("orders.place", h.placement(cart), "cart:"+token).want(201).is("state", "placed").text("order_token")
}

func (h *house) placement(cart *answer) object {
	return object{"expected_total": eur(cart.number("total.amount")), "cart_version": cart.number("version"), "terms_accepted": true}
}

// count reads a number that a refusal must not have changed.
func (h *house) count(table string) (n int64) {
	h.t.Helper()
	if err := h.shop.DB.QueryRow(h.t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// unchanged runs fn and fails when rows of a table came or went.
func (h *house) unchanged(fn func(), tables ...string) {
	h.t.Helper()
	before := make(map[string]int64)
	for _, table := range tables {
		before[table] = h.count(table)
	}
	fn()
	for _, table := range tables {
		if now := h.count(table); now != before[table] {
			h.t.Errorf("%s has %d rows, had %d", table, now, before[table])
		}
	}
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { fn(i) })
	}
	wait.Wait()
}
