package screen_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/ops/transfer"
)

// own is one of the merchant's fields and what the test does with it. Its code
// is the owner's name, an underscore and the key.
var own = []struct {
	key, kind string
	more      []string // of the definition's form
	wrong     string
	typed     string // in the back office
	page      string // on the storefront
	plain     string // in the API
	cell      string // in a CSV file
	brought   string // on the storefront, after the import
}{
	{"reach", "number", []string{"unit", "cm", "decimals", "1"}, "many", "12.5", "12.5 cm", "12.5", "7,5 cm", "7.5 cm"},
	{"tint", "colour", nil, "#12", "#C0FFEE", "#c0ffee", "#c0ffee", "#abc", "#aabbcc"},
	{"since", "date", nil, "2026-13-01", "2026-03-01", "1 March 2026", "2026-03-01", "2025-12-24", "24 December 2025"},
	{"wood", "choice", []string{"choices.0.name.en", "Smoked oak", "choices.1.name.en", "Ash"}, "elm", "smoked-oak", "Smoked oak", "smoked-oak", "Ash", "Ash"},
	{"care", "text", nil, strings.Repeat("x", 5001), "Wipe with linseed", "Wipe with linseed", "Wipe with linseed", "Never in the rain", "Never in the rain"},
}

// everywhere is a shop whose fields are looked at from every door.
type everywhere struct {
	*house
	b        *browser // the owner's
	guest    *browser
	ada      *browser // a customer's
	category string
	product  string
	variant  string
	customer string
	order    string
	bearer   string // Ada's session
}

// page is what somebody reads at an address of the storefront.
func (e *everywhere) page(who *browser, path string) string {
	e.t.Helper()
	return strings.Join(strings.Fields(text(who.get(path).ok().doc)), " ")
}

// public is what the API tells somebody; bearer may be empty.
func (e *everywhere) public(path, bearer string) map[string]any {
	e.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, e.url+path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %d %s", path, res.StatusCode, raw)
	}
	if bytes.Contains(raw, []byte("_secret")) || bytes.Contains(raw, []byte("Bought from the mill")) {
		e.t.Errorf("%s tells what is internal: %s", path, raw)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		e.t.Fatal(err)
	}
	return out
}

// attributes are the values of a list of attributes by their code.
func attributes(list any) map[string]string {
	out := make(map[string]string)
	items, _ := list.([]any)
	for _, item := range items {
		a := item.(map[string]any)
		out[a["code"].(string)] = a["value"].(string)
	}
	return out
}

func (e *everywhere) wants(where string, got map[string]string, owner custom.Owner, texts bool) {
	e.t.Helper()
	n := 0
	for _, f := range own {
		if f.kind == "text" && !texts {
			continue
		}
		n++
		if got[string(owner)+"_"+f.key] != f.plain {
			e.t.Errorf("%s: %s is %q, want %q", where, f.key, got[string(owner)+"_"+f.key], f.plain)
		}
	}
	if len(got) != n {
		e.t.Errorf("%s tells %v, want %d values", where, got, n)
	}
}

// reindex does what Run does when a field has changed.
func (e *everywhere) reindex() {
	e.t.Helper()
	if err := e.shop.Search.Rebuild(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// finds names the products that the API finds.
func (e *everywhere) finds(query string) (names []string) {
	e.t.Helper()
	for _, p := range e.public("/api/v1/products?"+query, "")["items"].([]any) {
		names = append(names, p.(map[string]any)["name"].(string))
	}
	return names
}

// define makes every field of every owner through its form, and one more that
// is nobody's business.
func (e *everywhere) define() {
	e.t.Helper()
	const at = "/admin/settings/fields"
	for _, owner := range custom.Owners() {
		for _, f := range own {
			pairs := append([]string{"name.en", string(owner) + " " + f.key, "kind", f.kind, "shown", "true"}, f.more...)
			if owner == custom.Product || owner == custom.Variant {
				pairs = append(pairs, "facet", "true", "searchable", "true")
			}
			e.b.get(at+"/new?owner="+string(owner)).submit(at, pairs...).ok("Saved.")
		}
		e.b.get(at+"/new?owner="+string(owner)).submit(at, "name.en", string(owner)+" secret", "kind", "text", "-shown", "").ok("Saved.")
	}
}

// fill writes bad values, which come back as they were typed, and then good
// ones.
func (e *everywhere) fill(owner custom.Owner, at, action string) {
	e.t.Helper()
	var bad, good []string
	for _, f := range own {
		name := "fields." + string(owner) + "_" + f.key
		if f.kind == "text" {
			bad, good = append(bad, name+".en", f.wrong), append(good, name+".en", f.typed)
			continue
		}
		bad, good = append(bad, name, f.wrong), append(good, name, f.typed)
	}
	e.b.get(at).ok().submit(action, bad...).shows(http.StatusUnprocessableEntity)
	for _, f := range own {
		if name := "fields." + string(owner) + "_" + f.key; f.kind != "choice" && f.kind != "text" && e.b.value(name) != f.wrong {
			e.t.Errorf("%s of %s: typed %q, came back %q", f.key, owner, f.wrong, e.b.value(name))
		}
	}
	if got := e.b.value("fields." + string(owner) + "_care.en"); len(got) != 5001 {
		e.t.Errorf("a long text of %s came back with %d characters", owner, len(got))
	}
	if n := len(e.b.faults()); n < len(own) {
		e.t.Errorf("%s: %d faults, want one at each of %d inputs: %q", owner, n, len(own), e.b.faults())
	}
	good = append(good, "fields."+string(owner)+"_secret.en", "Bought from the mill")
	e.b.get(at).submit(action, good...).ok("Saved.")
}

// buy places an order of Ada's through the pages.
func (e *everywhere) buy() {
	e.t.Helper()
	e.ada = e.browser()
	e.ada.get("/en/account/sign-up").submit("/en/account/sign-up", "name", "Ada Byron", "email", "ada@example.com", "password", "a difference engine").ok("Ada")
	e.ada.get("/en/p/stool").submit("/en/bag/lines").ok("Stool")
	e.ada.get("/en/checkout").submit("/en/checkout", "shipping.name", "Ada Byron", "shipping.line1", "Eppendorfer Weg 12", "shipping.postcode", "20259",
		"shipping.city", "Hamburg", "shipping.country", "DE", "payment_method", "manual.cash_on_delivery", "terms", "on")
	if !strings.Contains(e.ada.at, "/en/orders/") { // the first try tells what it comes to
		e.ada.submit("/en/checkout", "payment_method", "manual.cash_on_delivery", "terms", "on")
	}
	e.ada.ok("Ada Byron")
	e.order, _, _ = strings.Cut(e.ada.at, "?")
	e.b.get("/admin/customers").ok("Ada Byron")
	e.customer = e.b.link("/admin/customers/cus_")
}

// TestFields_everywhere defines fields of every kind on everything that can
// have them, in the back office alone, and follows their values to every door.
func TestFields_everywhere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		e := &everywhere{house: h, b: h.owner(), guest: h.browser()}
		e.b.get("/admin/categories/new").submit("/admin/categories", "name.en", "Seats", "name.de", "Sitze").ok("Saved.")
		e.category = strings.Split(e.b.at, "?")[0]
		e.product, e.variant = h.product(e.b, "Stool", "ST-1", "59", "20")
		h.product(e.b, "Bench", "BE-1", "159", "4")
		goods := "/admin/products/" + e.product
		e.b.get(goods).submit(goods, "+categories", strings.TrimPrefix(e.category, "/admin/categories/")).ok("Saved.")
		e.buy()
		order := "/admin/orders/1001"

		e.define()
		e.fill(custom.Product, goods, goods)
		e.fill(custom.Variant, goods+"/variants/"+e.variant, goods+"/variants/"+e.variant)
		e.fill(custom.Category, e.category, e.category)
		e.fill(custom.Customer, e.customer, e.customer+"/fields")
		e.fill(custom.Order, order, order+"/fields")
		e.reindex()

		// The pages: each value where it belongs, and none that is internal.
		for _, p := range []struct {
			who   *browser
			path  string
			owner custom.Owner
			texts bool
		}{
			{e.guest, "/en/p/stool", custom.Product, true},
			{e.guest, "/en/p/stool", custom.Variant, true},
			{e.guest, "/en/c/seats", custom.Category, true},
			{e.ada, "/en/account/profile", custom.Customer, true},
			{e.ada, "/en/account/orders/1001", custom.Order, true},
			{e.guest, e.order, custom.Order, false},
		} {
			page := e.page(p.who, p.path)
			for _, f := range own {
				if says := strings.Contains(page, string(p.owner)+" "+f.key+f.page) || strings.Contains(page, string(p.owner)+" "+f.key+" "+f.page); says != (p.texts || f.kind != "text") {
					t.Errorf("%s says of %s %s %q: %v\n%s", p.path, p.owner, f.key, f.page, says, page)
				}
			}
			if strings.Contains(page, "secret") || strings.Contains(page, "Bought from the mill") {
				t.Errorf("%s shows what is internal", p.path)
			}
		}
		for _, path := range []string{"/en/p/stool", "/en/c/seats", e.order} {
			if page := e.page(h.browser(), path); strings.Contains(page, "customer reach") {
				t.Errorf("%s tells of the customer", path)
			}
		}

		// The API: the same, in words for programs.
		for _, c := range e.ada.client.Jar.Cookies(must(url.Parse(h.url))) {
			if strings.Contains(c.Name, "_session") {
				e.bearer = c.Value
			}
		}
		stool := e.public("/api/v1/products/stool", "")
		e.wants("the product", attributes(stool["attributes"]), custom.Product, true)
		e.wants("the variant", attributes(stool["variants"].([]any)[0].(map[string]any)["attributes"]), custom.Variant, true)
		e.wants("the category", attributes(e.public("/api/v1/categories", "")["items"].([]any)[0].(map[string]any)["attributes"]), custom.Category, true)
		e.wants("the account", attributes(e.public("/api/v1/account", e.bearer)["attributes"]), custom.Customer, true)
		e.wants("the buyer's order", attributes(e.public("/api/v1/account/orders/1001", e.bearer)["attributes"]), custom.Order, true)
		token := e.order[strings.LastIndexByte(e.order, '/')+1:]
		e.wants("the order by link", attributes(e.public("/api/v1/orders/"+token, "")["attributes"]), custom.Order, false)

		// Facets and words, on the page and in the API.
		for _, query := range []string{
			"filter=field:product_wood:smoked-oak", "filter=field:product_tint:%23c0ffee", "filter=field:product_since:2026-03-01", "range=field:product_reach:12..13",
			"filter=variant:variant_wood:smoked-oak", "range=variant:variant_reach:12..13", "q=smoked", "q=linseed",
		} {
			if got := e.finds(query); !slices.Equal(got, []string{"Stool"}) {
				t.Errorf("%s finds %v", query, got)
			}
		}
		for _, query := range []string{"filter=field:product_wood:ash", "range=field:product_reach:13..99", "q=mill"} {
			if got := e.finds(query); len(got) != 0 {
				t.Errorf("%s finds %v", query, got)
			}
		}
		if page := e.page(e.guest, "/en/search?q=smoked"); !strings.Contains(page, "product wood") || !strings.Contains(page, "Smoked oak") || !strings.Contains(page, "1 March 2026") {
			t.Errorf("the listing has no filter for wood and day: %s", page)
		}
		narrowed := "/en/search?field.product_wood=smoked-oak&field.product_since=2026-03-01&variant.variant_reach_from=12"
		if page := e.page(e.guest, narrowed); !strings.Contains(page, "Stool") || strings.Contains(page, "Bench") {
			t.Errorf("%s: %s", narrowed, page)
		}

		e.carry()
		e.change(order)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// carry brings values in from columns of a file and writes them out again.
func (e *everywhere) carry() {
	e.t.Helper()
	header, row := []string{"SKU", "Name", "Type", "Published", "Regular price"}, []string{"ST-1", "Stool", "simple", "1", "59"}
	for _, owner := range []string{"product_", "variant:variant_"} {
		for _, f := range own {
			header, row = append(header, owner+f.key), append(row, f.cell)
		}
	}
	bring := func(row []string) {
		e.t.Helper()
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		if err := w.WriteAll([][]string{header, row}); err != nil {
			e.t.Fatal(err)
		}
		e.b.get("/admin/imports/new").ok()
		form := e.b.find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == "/admin/imports" })
		values := e.b.fields(form)
		values.Set("platform", "woocommerce")
		values.Del("pictures")
		e.b.send("/admin/imports", values, map[string][]byte{"file=goods.csv": file.Bytes()}).ok("Trial run")
		trial := strings.Split(e.b.at, "?")[0]
		e.work()
		e.b.get(trial).ok("Tried").submit(trial + "/start").ok("The import has begun.")
		at := strings.Split(e.b.at, "?")[0]
		e.work()
		e.b.get(at).ok("Imported")
	}
	bring(row)
	page := e.page(e.guest, "/en/p/stool")
	for _, f := range own {
		for _, owner := range []string{"product ", "variant "} {
			if !strings.Contains(page, owner+f.key+f.brought) && !strings.Contains(page, owner+f.key+" "+f.brought) {
				e.t.Errorf("after the import the page does not say %s%s %q: %s", owner, f.key, f.brought, page)
			}
		}
	}

	got := e.exported()
	for _, owner := range []string{"product_", "variant:variant_"} {
		for _, f := range own { // as the file wrote it
			if got[owner+f.key] != f.cell {
				e.t.Errorf("exported %s%s as %q, want %q", owner, f.key, got[owner+f.key], f.cell)
			}
		}
	}
	bad := slices.Clone(row)
	bad[5], bad[8] = "wide", "Plum" // a number and a choice
	bring(bad)
	e.b.ok("product_reach")
	if page := e.page(e.guest, "/en/p/stool"); !strings.Contains(page, "7.5 cm") {
		e.t.Errorf("a cell that cannot be read changed the value: %s", page)
	}
}

// exported is the stool's row of an export, by header.
func (e *everywhere) exported() map[string]string {
	e.t.Helper()
	var out bytes.Buffer
	err := e.shop.Transfer.Export(e.t.Context(), &out, transfer.ExportRequest{Platform: transfer.WooCommerce, Base: e.url, Actor: audit.System("test")})
	if err != nil {
		e.t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		e.t.Fatal(err)
	}
	got := make(map[string]string)
	for _, row := range rows[1:] {
		if !slices.Contains(row, "ST-1") {
			continue
		}
		for i, cell := range row {
			got[rows[0][i]] = cell
		}
	}
	return got
}

// change hides fields, renames them and takes them away: every door follows.
func (e *everywhere) change(order string) {
	e.t.Helper()
	const at = "/admin/settings/fields"
	field := func(owner custom.Owner, key string) string {
		e.t.Helper()
		e.b.get(at).ok()
		n := e.b.find(func(n *html.Node) bool { return n.Data == "a" && text(n) == string(owner)+" "+key })
		if n == nil {
			e.t.Fatalf("the list has no field %s %s", owner, key)
		}
		return attr(n, "href")
	}
	edit := func(owner custom.Owner, key string, pairs ...string) {
		e.t.Helper()
		to := field(owner, key)
		e.b.get(to).submit(to, pairs...).ok("Saved.")
	}
	goods := "/admin/products/" + e.product
	e.b.get(goods).submit(goods, "fields.product_reach", "8.5", "fields.product_secret.en", "").ok("Saved.")
	if got := e.exported(); got["product_reach"] != "8.5" || got["product_tint"] != "#abc" || got["variant:variant_secret"] != "Bought from the mill" || got["product_secret"] != "" {
		e.t.Errorf("after a change the export says %v", got)
	}
	edit(custom.Product, "reach", "name.en", "How far it reaches", "unit", "mm")
	edit(custom.Product, "care", "-shown", "", "-searchable", "")
	edit(custom.Category, "wood", "name.en", "Timber", "choices.0.name.en", "Oak from the bog")
	edit(custom.Order, "since", "-shown", "")
	edit(custom.Customer, "tint", "name.en", "Their colour")
	e.reindex()
	product, category, profile, bought := e.page(e.guest, "/en/p/stool"), e.page(e.guest, "/en/c/seats"), e.page(e.ada, "/en/account/profile"), e.page(e.ada, "/en/account/orders/1001")
	for _, want := range []struct {
		page, says string
		not        bool
	}{
		{product, "How far it reaches8.5 mm", false},
		{product, "product reach", true},
		{product, "product care", true},
		{category, "TimberOak from the bog", false},
		{profile, "Their colour #c0ffee", false},
		{bought, "order since", true},
		{bought, "order reach", false},
	} {
		if strings.Contains(want.page, want.says) == want.not {
			e.t.Errorf("after the change %q is there: %v\n%s", want.says, !want.not, want.page)
		}
	}
	shown := attributes(e.public("/api/v1/products/stool", "")["attributes"])
	if shown["product_reach"] != "8.5" || shown["product_care"] != "" {
		e.t.Errorf("the API tells %v", shown)
	}
	if got := e.finds("q=rain"); len(got) != 1 { // the variant's text has the word still
		e.t.Errorf("rain finds %v", got)
	}
	edit(custom.Variant, "care", "-searchable", "")
	e.reindex()
	if got := e.finds("q=rain"); len(got) != 0 {
		e.t.Errorf("rain finds %v", got)
	}

	// Away with them, values and all.
	for _, owner := range custom.Owners() {
		for _, f := range own {
			key, name := f.key, string(owner)+" "+f.key
			switch string(owner) + " " + key {
			case "product reach":
				name = "How far it reaches"
			case "category wood":
				name = "Timber"
			case "customer tint":
				name = "Their colour"
			}
			e.b.get(at).ok()
			to := attr(e.b.find(func(n *html.Node) bool { return n.Data == "a" && text(n) == name }), "href")
			e.b.get(to).ok().submit(to + "/deletion").ok("Deleted.")
		}
	}
	e.reindex()
	for _, p := range []struct {
		who  *browser
		path string
	}{{e.guest, "/en/p/stool"}, {e.guest, "/en/c/seats"}, {e.guest, "/en/search?q=stool"}, {e.ada, "/en/account/profile"}, {e.ada, "/en/account/orders/1001"}} {
		page := e.page(p.who, p.path)
		for _, word := range []string{"reaches", "8.5", "7.5", "12.5", "#c0ffee", "#aabbcc", "Oak from the bog", "Smoked oak", "linseed", "Never in the rain"} {
			if strings.Contains(page, word) {
				e.t.Errorf("%s still says %q: %s", p.path, word, page)
			}
		}
	}
	if stool := e.public("/api/v1/products/stool", ""); len(attributes(stool["attributes"])) != 0 {
		e.t.Errorf("the API still tells %v", stool["attributes"])
	}
	if got := attributes(e.public("/api/v1/account/orders/1001", e.bearer)["attributes"]); len(got) != 0 {
		e.t.Errorf("the API still tells %v of the order", got)
	}
	for name := range e.exported() {
		if strings.HasPrefix(name, "product_") && name != "product_secret" || strings.HasPrefix(name, "variant:variant_") && name != "variant:variant_secret" {
			e.t.Errorf("the export still has a column %s", name)
		}
	}
	// What stays can be filled in as before.
	for _, to := range []struct{ at, action, name string }{
		{"/admin/products/" + e.product, "/admin/products/" + e.product, "fields.product_secret.en"},
		{e.category, e.category, "fields.category_secret.en"},
		{e.customer, e.customer + "/fields", "fields.customer_secret.en"},
		{order, order + "/fields", "fields.order_secret.en"},
	} {
		e.b.get(to.at).submit(to.action, to.name, "Sold by the mill").ok("Saved.")
		if got := e.b.get(to.at).value(to.name); got != "Sold by the mill" {
			e.t.Errorf("%s holds %q", to.name, got)
		}
	}
}
