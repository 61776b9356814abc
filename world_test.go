package stoa_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/policy/policytest"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const (
	base   = "http://127.0.0.1:8080"
	secret = "the kettle sings at six"
)

// world is a whole shop at work, in test mode, with everybody who may come to
// its doors. What it holds is named in objects, by the wildcards of the
// routes: "{number}" is the customer's order.
type world struct {
	t       *testing.T
	shop    *stoa.Shop
	clock   *clock.Fake
	handler http.Handler
	routes  []policy.Route

	actors   []policytest.Actor
	objects  map[string]string // "{number}" → "1001"; "/admin/orders {x}" where one wildcard names different things
	stranger *owner
}

// owner is somebody with a cart, an order and an address.
type owner struct {
	session, line, number, token, address string
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// cheap takes the demo's pictures for granted.
type cheap struct{}

func (cheap) Picture(_ context.Context, r io.Reader) (upload.Picture, error) {
	data, err := io.ReadAll(r)
	return upload.Picture{Hash: blob.Hash(data), Mime: "image/jpeg", Colour: "#aaaaaa", Width: 800, Height: 600, Bytes: int64(len(data)), Widths: []int{800}}, err
}

// openWorld fills a shop on an engine and lets everybody come once.
func openWorld(t *testing.T, engine db.Engine) *world {
	t.Helper()
	now := clock.NewFake(dbtest.Began)
	shop, err := stoa.New(t.Context(), stoa.Settings{
		Listen: "127.0.0.1:8080", Base: base, Data: t.TempDir(), Database: dbtest.URL(t, engine), TestMode: true,
		MasterKey: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}, stoa.Clock(now), stoa.Log(slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shop.Close() })
	if _, err := demo.Fill(t.Context(), demo.Services{DB: shop.DB, Market: shop.Market, Shipping: shop.Shipping, Fields: shop.Fields, Catalog: shop.Catalog, Stock: shop.Stock, Content: shop.Content, Payments: shop.Payments, Upload: cheap{}}, demo.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := shop.Search.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	served, err := shop.Handler(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, shop: shop, clock: now, routes: served.Routes(), objects: make(map[string]string)}
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		now.Advance(110 * time.Millisecond) // nobody asks too often
		served.ServeHTTP(rw, r)
	})
	w.people()
	w.things()
	return w
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	text string
}

// send asks as somebody; body is nil, a form's text, JSON text or a multipart
// form's.
func (w *world) send(r *http.Request) answer {
	r.RemoteAddr = "127.0.0.1:4711"
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return answer{rec, rec.Body.String()}
}

func (w *world) request(method, path, kind, body string) *http.Request {
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// call is send for the API, which must succeed.
func (w *world) call(method, path, bearer string, in any) map[string]any {
	w.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	r := w.request(method, "/api/v1"+path, jsonType, string(raw))
	if in == nil {
		r = w.request(method, "/api/v1"+path, "", "")
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Idempotency-Key", fmt.Sprint("key-", method, path, w.clock.Now().UnixNano()))
	a := w.send(r)
	if a.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, a.Code, a.text)
	}
	m := make(map[string]any)
	if a.text != "" {
		if err := json.Unmarshal([]byte(a.text), &m); err != nil {
			w.t.Fatal(err)
		}
	}
	return m
}

// dig follows keys into a tree of JSON.
func (w *world) dig(tree any, keys ...any) string {
	w.t.Helper()
	for _, key := range keys {
		switch k := key.(type) {
		case string:
			m, _ := tree.(map[string]any)
			tree = m[k]
		case int:
			l, _ := tree.([]any)
			if k >= len(l) {
				w.t.Fatalf("no %v of %v", key, keys)
			}
			tree = l[k]
		}
	}
	if n, ok := tree.(float64); ok {
		return fmt.Sprint(int64(n))
	}
	s, _ := tree.(string)
	return s
}

// one reads one text from the database.
func (w *world) one(sql string, args ...any) (s string) {
	w.t.Helper()
	if err := w.shop.DB.QueryRow(w.t.Context(), sql, args...).Scan(&s); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return s
}

type object = map[string]any

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// shopper signs somebody up who buys, keeps an address and fills a cart anew.
func (w *world) shopper(name string) *owner {
	w.t.Helper()
	ctx := w.t.Context()
	email := strings.ToLower(name) + "@example.com"
	session, err := w.shop.Customers.SignUp(ctx, customer.Newcomer{Name: name, Email: email, Password: secret, Locale: "en"}, customer.Visit{})
	w.must(err)
	o := &owner{session: session}
	variant := w.one(`SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id WHERE p.status = 'active' AND v.status = 'active' AND v.tracked = 1 ORDER BY v.id LIMIT 1`)
	home := object{"name": name + " Lindqvist", "line1": "Torstraße 1", "city": "Berlin", "postcode": "10119", "country": "DE"}
	w.call("POST", "/cart/lines", session, object{"variant_id": variant, "quantity": 1})
	cart := w.call("PUT", "/cart/details", session, object{"email": email, "same_billing": true, "payment_method": "manual.cash_on_delivery", "shipping": home})
	placed := w.call("POST", "/orders", session, object{"expected_total": cart["total"], "cart_version": cart["version"], "terms_accepted": true})
	o.token = w.dig(placed, "order_token")
	o.number = w.dig(w.call("GET", "/account/orders", session, nil), "items", 0, "number")
	o.address = w.dig(w.call("POST", "/account/addresses", session, object{"address": home}), "id")
	again := w.call("POST", "/cart/lines", session, object{"variant_id": variant, "quantity": 2})
	o.line = w.dig(again, "lines", 0, "id")
	if o.line == "" {
		o.line = w.dig(again, "cart", "lines", 0, "id")
	}
	return o
}

// people are everybody who may come to a door.
func (w *world) people() {
	ctx, s := w.t.Context(), w.shop
	link, err := s.Staff.SetupToken(ctx)
	w.must(err)
	sessions := make(map[policy.Role]string)
	sessions[policy.RoleOwner], err = s.Staff.SetUp(ctx, link, staff.Newcomer{Name: "Mira", Email: "mira@example.com", Password: secret, Locale: "en"})
	w.must(err)
	for _, role := range policy.Roles()[1:] {
		_, invited, err := s.Staff.Invite(ctx, audit.System("test"), "Ole "+string(role), string(role)+"@example.com", role, "en")
		w.must(err)
		sessions[role], err = s.Staff.UseLink(ctx, invited, secret)
		w.must(err)
	}
	ada, bob := w.shopper("Ada"), w.shopper("Bob")
	w.stranger = bob
	w.objects["{number}"], w.objects["{line}"] = ada.number, ada.line
	w.objects["/{lang}/orders {token}"], w.objects["/api/v1/orders {token}"] = ada.token, ada.token
	w.objects["/{lang}/account/addresses {id}"], w.objects["/api/v1/account/addresses {id}"] = ada.address, ada.address

	cookie := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				r.Header.Set("Authorization", "Bearer "+value)
				return
			}
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	add := func(name string, id policy.Identity, prepare func(*http.Request)) {
		w.actors = append(w.actors, policytest.Actor{Name: name, Identity: id, Prepare: prepare})
	}
	add("anonymous", policy.Identity{}, nil)
	add("customer", policy.Identity{Kind: policy.Customer}, cookie("stoa_session-8080", ada.session))
	add("stranger", policy.Identity{Kind: policy.Customer}, cookie("stoa_session-8080", bob.session))
	for _, role := range policy.Roles() {
		add(string(role), policy.Identity{Kind: policy.Staff, Permissions: role.Permissions()}, cookie("stoa_staff-8080", sessions[role]))
	}
	for _, token := range []struct {
		name   string
		scopes policy.Set
	}{{"all_scopes", staff.Scopes()}, {"reads_orders", policy.Set{policy.OrderRead}}} {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, key, err := s.Staff.MakeToken(ctx, tx, audit.System("test"), staff.Scopes(), staff.NewToken{Name: token.name, Scopes: token.scopes})
			add(token.name, policy.Identity{Kind: policy.Token, Permissions: token.scopes}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) })
			return err
		})
		w.must(err)
	}
}

// as finds an actor by name.
func (w *world) as(name string) policytest.Actor {
	w.t.Helper()
	for _, a := range w.actors {
		if a.Name == name {
			return a
		}
	}
	w.t.Fatalf("nobody is called %s", name)
	return policytest.Actor{}
}

// things are what the routes' wildcards name.
func (w *world) things() {
	ctx, s := w.t.Context(), w.shop
	m := image.NewNRGBA(image.Rect(0, 0, 60, 40))
	m.Set(3, 3, color.NRGBA{200, 10, 10, 255})
	var picture bytes.Buffer
	w.must(png.Encode(&picture, m))
	stored, err := s.Upload.Picture(ctx, bytes.NewReader(picture.Bytes()))
	w.must(err)
	icon, err := s.Storefront.Theme.Asset("favicon.svg")
	w.must(err)
	office, err := s.Office()
	w.must(err)
	mark, err := office.Theme.Asset("mark.svg")
	w.must(err)
	w.must(s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Content.Send(ctx, tx, content.Message{Name: "Ada", Email: "ada@example.com", Text: "Hello", Lang: "en"})
		return err
	}))
	_, link, err := s.Staff.Invite(ctx, audit.System("test"), "Kim", "kim@example.com", policy.RoleSupport, "en")
	w.must(err)
	attempt := w.one(`SELECT id FROM payment_attempt ORDER BY id LIMIT 1`)
	_, err = s.Jobs.RunDue(ctx)
	w.must(err)
	for name, value := range map[string]string{
		"{lang}":           "en",
		"/{lang}/p {slug}": "toaster-for-two", "/{lang}/c {slug}": "kitchen", "/{lang}/collections {slug}": "from-the-bench", "/{lang}/pages {slug}": "delivery",
		"{product}": "toaster-for-two", "{hash}": stored.Hash, "{file}": fmt.Sprint(stored.Width, ".", map[string]string{"image/jpeg": "jpg", "image/png": "png"}[stored.Mime]),
		"{file...}": strings.TrimPrefix(icon, "/assets/"), "/admin/assets {file...}": strings.TrimPrefix(mark, "/admin/assets/"), "{variant}": w.one(`SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id JOIN product_option o ON o.product_id = p.id ORDER BY v.id LIMIT 1`),
		"{location}": w.one(`SELECT id FROM location ORDER BY id LIMIT 1`), "{attempt}": attempt,
		"{provider}": "manual", "/admin/link {token}": link, "{token}": strings.Repeat("x", 43), "{shipment}": "shp_00000000000000000000000000",
		"/admin/categories {id}": w.one(`SELECT id FROM category ORDER BY id LIMIT 1`), "/api/v1/staff/categories {id}": w.one(`SELECT id FROM category ORDER BY id LIMIT 1`),
		"/admin/collections {id}": w.one(`SELECT id FROM collection WHERE kind = 'manual' ORDER BY id LIMIT 1`),
		"/admin/customers {id}":   w.one(`SELECT id FROM customer ORDER BY id LIMIT 1`), "/api/v1/staff/customers {id}": w.one(`SELECT id FROM customer ORDER BY id LIMIT 1`),
		"/admin/mails {id}": w.one(`SELECT id FROM mail_message ORDER BY id LIMIT 1`), "/admin/messages {id}": w.one(`SELECT id FROM contact_message ORDER BY id LIMIT 1`),
		"/admin/settings/fields {id}": w.one(`SELECT id FROM field ORDER BY id LIMIT 1`), "/admin/settings/locations {id}": w.one(`SELECT id FROM location ORDER BY id LIMIT 1`),
		"/admin/settings/payments {id}": "manual", "/admin/settings/staff {id}": w.one(`SELECT id FROM staff WHERE role = 'support' ORDER BY id LIMIT 1`),
		"/admin/settings/shipping/zones {id}": w.one(`SELECT zone_id FROM shipping_method ORDER BY id LIMIT 1`), "{method}": w.one(`SELECT id FROM shipping_method ORDER BY id LIMIT 1`),
		"/admin/settings/taxes/classes {id}": w.one(`SELECT id FROM tax_class ORDER BY id LIMIT 1`), "/admin/settings/taxes/rates {id}": w.one(`SELECT id FROM tax_rate ORDER BY id LIMIT 1`),
		"/admin/settings/tokens {id}": w.one(`SELECT id FROM api_token ORDER BY id LIMIT 1`), "/api/v1/staff/tokens {id}": w.one(`SELECT id FROM api_token ORDER BY id LIMIT 1`),
		"/admin/blocks {id}": w.one(`SELECT id FROM content_block ORDER BY id LIMIT 1`), "/admin/pages {id}": w.one(`SELECT id FROM page ORDER BY id LIMIT 1`),
		"/api/v1/staff/media {id}": w.one(`SELECT id FROM media ORDER BY id LIMIT 1`),
	} {
		w.objects[name] = value
	}
	variant := w.objects["{variant}"]
	product := w.one(`SELECT product_id FROM variant WHERE id = $1`, variant)
	w.objects["/admin/products {id}"], w.objects["/api/v1/staff/products {id}"] = product, product
	w.objects["/admin/stock {id}"] = variant
	w.objects["/admin/imports {id}"] = w.imported()
}

// imported begins an import and returns its id.
func (w *world) imported() string {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	w.must(form.WriteField("platform", "woocommerce"))
	file, err := form.CreateFormFile("file", "goods.csv")
	w.must(err)
	_, err = file.Write([]byte("ID,Type,SKU,Name,Regular price\n1,simple,NEW-1,New thing,10\n"))
	w.must(err)
	w.must(form.Close())
	r := w.request("POST", "/admin/imports", form.FormDataContentType(), b.String())
	w.as("owner").Prepare(r)
	a := w.send(r)
	to := a.Header().Get("Location")
	i := strings.Index(to, "/imports/")
	if i < 0 {
		w.t.Fatalf("importing: %d %q %.500s", a.Code, to, a.text)
	}
	id, _, _ := strings.Cut(to[i+len("/imports/"):], "?")
	return id
}

// path fills the wildcards of a route with what there is; change may put
// others in their place.
func (w *world) path(r policy.Route, change map[string]string) string {
	w.t.Helper()
	parts := strings.Split(strings.ReplaceAll(r.Pattern, "{$}", ""), "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		value, ok := change[part]
		if !ok {
			value, ok = w.objects[strings.Join(strings.Split(r.Pattern, "/")[:i], "/")+" "+part]
		}
		if !ok {
			value, ok = w.objects[part]
		}
		if !ok {
			w.t.Fatalf("%s %s: say what %s is", r.Method, r.Pattern, part)
		}
		parts[i] = value
	}
	return strings.Join(parts, "/")
}

// books is the state of every table: how many rows it has, and the sums of what
// moves when one of them is changed. What only notes that somebody has come or
// tried is left out.
func (w *world) books() string {
	w.t.Helper()
	raw, err := os.ReadFile("migrations/schema.txt")
	w.must(err)
	var tables []string
	sums := make(map[string][]string)
	for line := range strings.Lines(string(raw)) {
		name, _, _ := strings.Cut(line, " ")
		table, column, ok := strings.Cut(name, ".")
		if !ok || slices.Contains([]string{"throttle", "request_key", "session"}, table) {
			continue
		}
		if !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
		if slices.Contains([]string{"updated_at", "version", "quantity", "on_hand", "held", "allocated", "amount"}, column) {
			sums[table] = append(sums[table], column)
		}
	}
	if len(tables) < 40 {
		w.t.Fatalf("%d tables", len(tables))
	}
	var b strings.Builder // one question, since it is asked after every request of the sweep
	b.WriteString("SELECT ''")
	for _, table := range tables {
		where := ""
		if table == "change_log" {
			where = ` WHERE action <> 'access.refused'`
		}
		fmt.Fprintf(&b, " || '%s ' || (SELECT COUNT(*) FROM %s%s)", table, table, where)
		for _, column := range sums[table] {
			fmt.Fprintf(&b, " || ' %s ' || (SELECT CAST(COALESCE(SUM(%s), 0) AS BIGINT) FROM %s)", column, column, table)
		}
		b.WriteString(" || '\n'")
	}
	var books string
	w.must(w.shop.DB.QueryRow(w.t.Context(), b.String()).Scan(&books))
	return books
}

// answered is the status that a handler gives.
func answered(h http.Handler, r *http.Request) int {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Code
}
