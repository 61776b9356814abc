package screen_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const secret = "the kettle sings at six"

// house is a whole shop behind a real server.
type house struct {
	t     *testing.T
	shop  *stoa.Shop
	clock *clock.Fake
	url   string
}

// each opens a fresh shop on both engines.
func each(t *testing.T, fn func(t *testing.T, h *house)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { fn(t, openHouse(t, engine, "")) })
	}
}

// openHouse opens a shop on an engine with a mail server; "" has none.
func openHouse(t *testing.T, engine db.Engine, smtp string) *house {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewFake(dbtest.Began)
	data := t.TempDir()
	base := "http://" + listener.Addr().String()
	shop, err := stoa.New(t.Context(), stoa.Settings{
		Listen: listener.Addr().String(), Base: base, Data: data, Database: dbtest.URL(t, engine), SMTP: smtp,
		MasterKey: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}, stoa.Clock(now), stoa.Log(slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shop.Close() })
	handler, err := shop.Handler(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return &house{t, shop, now, base}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// browser walks the office without a script: it reads forms from pages, fills
// them in and sends them.
type browser struct {
	h      *house
	client *http.Client
	at     string // path of the page seen last
	status int
	header http.Header
	doc    *html.Node
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{h: h, client: &http.Client{Jar: jar}}
}

func (b *browser) read(res *http.Response, err error) *browser {
	b.h.t.Helper()
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.status, b.at, b.header = res.StatusCode, res.Request.URL.RequestURI(), res.Header
	if b.doc, err = html.Parse(bytes.NewReader(raw)); err != nil {
		b.h.t.Fatal(err)
	}
	if strings.HasSuffix(b.at, "/body") || !strings.HasPrefix(b.at, "/admin") {
		return b // a letter or the storefront, which are no pages of ours
	}
	for _, fault := range lint(raw) {
		b.h.t.Errorf("%s: %s", b.at, fault)
	}
	return b
}

func (b *browser) get(path string) *browser {
	b.h.t.Helper()
	req, _ := http.NewRequest(http.MethodGet, b.h.url+path, nil)
	req.Header.Set("Accept", "text/html")
	return b.read(b.client.Do(req))
}

func (b *browser) find(match func(n *html.Node) bool) *html.Node {
	var visit func(n *html.Node) *html.Node
	visit = func(n *html.Node) *html.Node {
		if n.Type == html.ElementNode && match(n) {
			return n
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if found := visit(c); found != nil {
				return found
			}
		}
		return nil
	}
	return visit(b.doc)
}

// fields collects what a form would send as it stands.
func (b *browser) fields(form *html.Node) url.Values {
	values := url.Values{}
	id := attr(form, "id")
	var visit func(n *html.Node, inside bool)
	visit = func(n *html.Node, inside bool) {
		inside = inside || n == form
		if n.Type == html.ElementNode {
			owner, named := attr(n, "form"), attr(n, "name")
			mine := (inside && owner == "") || (owner != "" && owner == id)
			if mine && named != "" && !has(n, "disabled") {
				switch n.Data {
				case "input":
					switch attr(n, "type") {
					case "checkbox", "radio":
						if has(n, "checked") {
							values.Add(named, attr(n, "value"))
						}
					case "file":
					default:
						values.Add(named, attr(n, "value"))
					}
				case "textarea":
					values.Add(named, strings.TrimPrefix(text(n), "\n"))
				case "select":
					b.selected(n, named, values)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c, inside)
		}
	}
	visit(b.doc, false)
	return values
}

func (b *browser) selected(n *html.Node, name string, values url.Values) {
	var options []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Data == "option" {
			options = append(options, c)
		}
	}
	for _, o := range options {
		if has(o, "selected") {
			values.Add(name, attr(o, "value"))
			return
		}
	}
	if len(options) > 0 {
		values.Add(name, attr(options[0], "value"))
	}
}

// submit sends the form that posts to action. Pairs replace values; a name
// that begins with "+" adds one, with "-" takes all away.
func (b *browser) submit(action string, pairs ...string) *browser {
	b.h.t.Helper()
	form := b.find(func(n *html.Node) bool {
		return n.Data == "form" && attr(n, "method") == "post" && attr(n, "action") == action
	})
	if form == nil {
		b.h.t.Fatalf("%s has no form that posts to %s:\n%.1500s", b.at, action, text(b.doc))
	}
	values := b.fields(form)
	for i := 0; i+1 < len(pairs); i += 2 {
		switch name := pairs[i]; name[0] {
		case '+':
			values.Add(name[1:], pairs[i+1])
		case '-':
			values.Del(name[1:])
		default:
			values.Set(name, pairs[i+1])
		}
	}
	if attr(form, "enctype") == "multipart/form-data" {
		return b.send(action, values, nil)
	}
	return b.post(action, values)
}

func (b *browser) post(path string, values url.Values) *browser {
	b.h.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, b.h.url+path, strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Accept", "text/html")
	return b.read(b.client.Do(req))
}

// send posts a form with files: "name" or "name=file name" → content.
func (b *browser) send(path string, values url.Values, files map[string][]byte) *browser {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			_ = w.WriteField(name, v)
		}
	}
	for name, content := range files {
		field, file, _ := strings.Cut(name, "=")
		part, err := w.CreateFormFile(field, cmp.Or(file, "picture.png"))
		if err != nil {
			b.h.t.Fatal(err)
		}
		_, _ = part.Write(content)
	}
	_ = w.Close()
	req, _ := http.NewRequest(http.MethodPost, b.h.url+path, &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Accept", "text/html")
	return b.read(b.client.Do(req))
}

// ok fails unless the page was shown and says the words.
func (b *browser) ok(words ...string) *browser {
	b.h.t.Helper()
	return b.shows(http.StatusOK, words...)
}

func (b *browser) shows(status int, words ...string) *browser {
	b.h.t.Helper()
	page := strings.Join(strings.Fields(text(b.find(func(n *html.Node) bool { return n.Data == "body" }))), " ")
	if b.status != status {
		b.h.t.Fatalf("%s answers %d, want %d: %q\n%.300s", b.at, b.status, status, b.faults(), page)
	}
	for _, w := range words {
		if !strings.Contains(page, w) {
			b.h.t.Errorf("%s does not say %q: %q\n%.1500s", b.at, w, b.faults(), page)
		}
	}
	return b
}

// faults lists what the page says is wrong, and where.
func (b *browser) faults() (list []string) {
	b.find(func(n *html.Node) bool {
		class := attr(n, "class")
		if strings.Contains(class, "field__fault") || strings.Contains(class, "note--fault") {
			list = append(list, attr(n, "id")+": "+strings.Join(strings.Fields(text(n)), " "))
		}
		return false
	})
	return list
}

// value is what an input of the page holds.
func (b *browser) value(name string) string {
	n := b.find(func(n *html.Node) bool { return attr(n, "name") == name && (n.Data == "input" || n.Data == "textarea") })
	if n == nil {
		b.h.t.Errorf("%s has no input %q", b.at, name)
		return ""
	}
	if n.Data == "textarea" {
		return strings.TrimPrefix(text(n), "\n")
	}
	return attr(n, "value")
}

// owner opens the shop: the owner's account, the settings, a place for stock.
func (h *house) owner() *browser {
	h.t.Helper()
	token, err := h.shop.Staff.SetupToken(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	b := h.browser()
	b.get("/admin/setup/"+token).submit("/admin/setup/"+token, "name", "Mira Lindqvist", "email", "mira@example.com", "password", secret).ok("The shop is not set up yet")
	b.get("/admin/settings").ok("Set up your shop").submit("/admin/settings/opening", "name", "Stoa", "shipping_price", "4.90", "free_from", "").ok("Your shop is set up.", "Add your first product", "Add the shop’s address")
	b.get("/admin/settings/locations").ok("Main location")
	b.get("/admin/settings/locations/new").submit("/admin/settings/locations", "name", "Hamburg", "code", "ham").ok("Saved.", "Hamburg")
	return b
}

// staff signs in somebody with a role.
func (h *house) staff(owner *browser, role policy.Role) *browser {
	h.t.Helper()
	owner.get("/admin/settings/staff/new").submit("/admin/settings/staff", "name", "Ole "+string(role), "email", string(role)+"@example.com", "role", string(role)).ok("The link for")
	link := owner.find(func(n *html.Node) bool { return strings.Contains(attr(n, "href"), "/admin/link/") })
	u, err := url.Parse(attr(link, "href"))
	if err != nil {
		h.t.Fatal(err)
	}
	b := h.browser()
	b.get(u.Path).ok("Choose a password").submit(u.Path, "password", "another good sentence").ok("Ole " + string(role))
	return b
}

// product makes a product with one counted variant in the back office and
// returns its id and its variant's.
func (h *house) product(b *browser, name, sku, price, units string) (string, string) {
	h.t.Helper()
	b.get("/admin/products/new").submit("/admin/products", "name.en", name, "status", "active", "variants.0.sku", sku, "variants.0.price", price, "variants.0.stock", units).ok("Saved.", name)
	id := strings.TrimPrefix(strings.Split(b.at, "?")[0], "/admin/products/")
	p, err := h.shop.Catalog.Get(h.t.Context(), h.shop.DB, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return id, p.Variants[0].ID
}

// order places an order paid on delivery.
func (h *house) order(units map[string]int64) order.Order {
	h.t.Helper()
	return h.orderBy(cart.Owner{}, units)
}

// orderBy is order by the owner of a cart; nobody is a guest.
func (h *house) orderBy(owner cart.Owner, units map[string]int64) order.Order {
	h.t.Helper()
	ctx := h.t.Context()
	snap := h.shop.Market.Current(ctx)
	for variant, n := range units {
		err := h.shop.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			added, err := h.shop.Carts.Add(ctx, tx, owner, variant, n, "en")
			if owner == (cart.Owner{}) {
				owner = cart.Owner{Token: added.Token}
			}
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	p := checkout.Placement{
		Owner: owner, ShippingMethod: snap.Zones[0].Methods[0].ID, PaymentMethod: "manual.cash_on_delivery", Terms: true, Lang: "en",
		Details: cart.Details{Email: "ada@example.com", SameBilling: true, Shipping: market.Address{Name: "Ada Byron", Line1: "Eppendorfer Weg 12", Postcode: "20259", City: "Hamburg", Country: "DE"}},
	}
	for range 2 { // the first try tells the total
		bag, err := h.shop.Carts.Bag(ctx, h.shop.DB, owner, "en", h.clock.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		p.ExpectedTotal, p.CartVersion = bag.Quote.Total.Gross, bag.Cart.Version
		out, err := h.shop.Checkout.Place(ctx, p)
		if err == nil {
			o, err := h.shop.Orders.Get(ctx, h.shop.DB, out.OrderID)
			if err != nil {
				h.t.Fatal(err)
			}
			return o
		}
		h.t.Log("place:", err)
	}
	h.t.Fatal("no order")
	return order.Order{}
}

// onHand is what lies on all shelves.
func (h *house) onHand(variant string) (units int64) {
	h.t.Helper()
	levels, err := h.shop.Stock.Levels(h.t.Context(), h.shop.DB, []string{variant})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range levels {
		units += l.OnHand
	}
	return units
}

func (h *house) changes() (n int64) {
	h.t.Helper()
	if err := h.shop.DB.QueryRow(h.t.Context(), `SELECT COUNT(*) FROM change_log WHERE action <> 'access.refused'`).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func picturePNG(c color.Color) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		for y := range 48 {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func TestOffice_aDayAtTheShop(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		b.get("/admin/categories/new").submit("/admin/categories", "name.en", "Kitchen", "name.de", "Küche").ok("Saved.", "Kitchen")
		category := strings.TrimPrefix(strings.Split(b.at, "?")[0], "/admin/categories/")

		// A product with a picture; what is wrong is told at the field and
		// what was typed is kept.
		b.get("/admin/products/new").submit("/admin/products", "name.en", "", "variants.0.price", "nineteen", "variants.0.sku", "KET-1").shows(http.StatusUnprocessableEntity, "Please enter an amount such as 19.99.")
		if got := b.value("variants.0.price"); got != "nineteen" {
			t.Errorf("what was typed is lost: %q", got)
		}
		form := b.find(func(n *html.Node) bool { return attr(n, "id") == "product" })
		values := b.fields(form)
		for name, v := range map[string]string{"name.en": "Kettle", "name.de": "Kessel", "variants.0.price": "49.00", "variants.0.stock": "10", "variants.0.weight": "1200", "status": "active"} {
			values.Set(name, v)
		}
		values.Add("categories", category)
		b.send("/admin/products", values, map[string][]byte{"upload": picturePNG(color.RGBA{200, 80, 40, 255})}).ok("Saved.", "Kettle", "Active")
		id := strings.TrimPrefix(strings.Split(b.at, "?")[0], "/admin/products/")
		p, err := h.shop.Catalog.Get(t.Context(), h.shop.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		if p.Variants[0].Prices[0].Amount != 4900 || p.Variants[0].WeightGrams != 1200 || len(p.Media) != 1 || !slices.Equal(p.Categories, []string{category}) || p.Name["de"] != "Kessel" {
			t.Errorf("saved as %+v", p)
		}
		if got := h.onHand(p.Variants[0].ID); got != 10 {
			t.Errorf("%d on the shelf, want 10", got)
		}

		// Its end is the shop's time, and over it is told.
		page := "/admin/products/" + id
		b.get(page).submit(page, "end_at", "2001-01-01T00:00").ok("Saved.", "Ended")
		b.get("/admin/products").ok("Ended")
		b.get(page).submit(page, "end_at", "2001-01-32T00:00").shows(http.StatusUnprocessableEntity)
		if p, _ := h.shop.Catalog.Get(t.Context(), h.shop.DB, id); !p.EndAt.Equal(time.Date(2001, 1, 1, 0, 0, 0, 0, h.shop.Market.Current(t.Context()).Shop.Location())) {
			t.Errorf("it ends at %v", p.EndAt)
		}
		b.get(page).submit(page, "end_at", "").ok("Saved.", "Active")

		// Options make variants; saving what was shown changes nothing.
		b.get("/admin/products/"+id+"/options").submit("/admin/products/"+id+"/options",
			"options.0.name.en", "Colour", "options.0.values.0.name.en", "Sand", "options.0.values.1.name.en", "Slate", "options.0.values.1.colour", "#445566").ok("Saved.", "Sand", "Slate")
		p, _ = h.shop.Catalog.Get(t.Context(), h.shop.DB, id)
		if len(p.Variants) != 2 || p.Variants[1].Prices[0].Amount != 4900 || p.Variants[0].SKU != "KET-1" {
			t.Fatalf("variants %+v", p.Variants)
		}
		before := h.changes()
		b.get("/admin/products/" + id).submit("/admin/products/" + id).ok("Saved.")
		if n := h.changes(); n != before {
			t.Errorf("saving an unchanged product wrote %d changes", n-before)
		}

		// Stock is corrected with a reason.
		variant := p.Variants[0].ID
		b.get("/admin/stock").ok("Kettle", "KET-1")
		b.get("/admin/stock/"+variant).submit("/admin/stock/"+variant+"/movements", "change", "-99").shows(http.StatusConflict)
		b.submit("/admin/stock/"+variant+"/movements", "change", "-2", "reason", "damaged", "note", "chipped").ok("The stock is adjusted.", "Damaged: chipped", "Mira Lindqvist")
		if got := h.onHand(variant); got != 8 {
			t.Errorf("%d on the shelf, want 8", got)
		}

		// An order: paid by hand, shipped in two parcels, partly refunded.
		o := h.order(map[string]int64{variant: 3})
		at := "/admin/orders/" + o.PublicNumber()
		b.get("/admin/orders").ok("#"+o.PublicNumber(), "Ada Byron", "Unpaid", "To ship")
		b.get(at).ok("Ada Byron", "20259 Hamburg", "3 × €49.00", "€151.90", "Order placed").submit(at+"/payments").ok("The payment is noted.", "Paid", "€151.90 noted as paid")
		b.get(at+"/shipments/new").ok("of 3").submit(at+"/shipments", "quantity."+o.Lines[0].ID, "4").shows(http.StatusUnprocessableEntity, "Please enter 3 or less.")
		b.submit(at+"/shipments", "quantity."+o.Lines[0].ID, "2", "carrier", "dhl", "tracking", "00340434161094042557").ok("The parcel is on its way.", "Partly shipped", "00340434161094042557")
		if got := h.onHand(variant); got != 6 {
			t.Errorf("%d on the shelf, want 6", got)
		}

		// The customer hears of a parcel unless whoever packs it says otherwise.
		notices := func() (n int) {
			h.work()
			letters, err := h.shop.Mail.List(t.Context(), h.shop.DB, mailbox.Filter{ObjectID: o.ID})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range letters {
				if l.Template == "shipping_notice" {
					n++
				}
			}
			return n
		}
		if n := notices(); n != 1 {
			t.Errorf("%d shipping notices after the first parcel, want 1", n)
		}
		b.get(at+"/shipments/new").ok("Tell the customer", "ada@example.com").submit(at+"/shipments", "-tell", "").ok("The parcel is on its way.", "the customer was not told")
		if n := notices(); n != 1 {
			t.Errorf("%d shipping notices after a quiet parcel, want 1", n)
		}

		// The amount on the button is the amount that goes back.
		b.get(at+"/refunds/new").submit(at+"/refunds", "quantity."+o.Lines[0].ID, "1", "do", "refund").shows(http.StatusConflict, "This comes to €49.00.")
		if got, _ := h.shop.Orders.Get(t.Context(), h.shop.DB, o.ID); got.Refunded != 0 {
			t.Fatalf("refunded %d although the button named nothing", got.Refunded)
		}
		b.get(at+"/refunds/new").submit(at+"/refunds", "quantity."+o.Lines[0].ID, "1", "shipping", "1.90", "do", "count").ok("Refund €50.90")
		b.submit(at+"/refunds", "do", "refund").ok("The refund is noted.")
		b.get(at).ok("Partly refunded", "-€50.90")

		b.submit(at+"/notes", "note", "Call before delivery").ok("Call before delivery", "Mira Lindqvist")
		b.get("/admin").ok("Latest orders", "#"+o.PublicNumber(), "Best sellers")
		b.get("/admin/find?q=" + o.PublicNumber()).ok("#" + o.PublicNumber())
		b.get("/admin/find?q=kettl").ok("Kettle")

		// Archived by mistake, and back.
		b.get("/admin/products").submit("/admin/products/bulk", "+id", id, "do", "archived").ok("1 product archived.", "Undo")
		undo := b.find(func(n *html.Node) bool { return n.Data == "div" && has(n, "data-toast") })
		form = (&browser{h: h, doc: undo}).find(func(n *html.Node) bool { return n.Data == "form" })
		back := b.fields(form)
		back.Set("do", "active")
		b.post(attr(form, "action"), back).ok("1 product published.")
	})
}

func TestOffice_settings(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		shop := func() market.Shop { return h.shop.Market.Current(t.Context()).Shop }
		b.get("/admin/settings").submit("/admin/settings", "name", "Holm & Daughters", "closed_days", "2026-12-25\n2026-12-26", "few_threshold", "3").ok("Saved.")
		if s := shop(); s.Name != "Holm & Daughters" || len(s.ClosedDays) != 2 || s.FewThreshold != 3 || len(s.Languages) != 2 {
			t.Errorf("saved as %+v", s)
		}
		b.get("/admin/settings").submit("/admin/settings", "closed_days", "Christmas", "zone", "Hamburg").shows(http.StatusUnprocessableEntity)
		if b.value("closed_days") != "Christmas" || shop().Zone == "Hamburg" {
			t.Error("a refused form must keep what was typed and change nothing")
		}

		// Two people, one form: the second is told.
		other := h.browser()
		other.get("/admin/sign-in").submit("/admin/sign-in", "email", "mira@example.com", "password", secret)
		other.get("/admin/settings")
		b.get("/admin/settings").submit("/admin/settings", "phone", "+49 40 1").ok("Saved.")
		other.submit("/admin/settings", "phone", "+49 40 2").shows(http.StatusConflict)
		if got := shop().Phone; got != "+49 40 1" {
			t.Errorf("the phone is %q", got)
		}

		b.get("/admin/settings/prices").submit("/admin/settings/prices", "tax_outside", "zero").ok("Saved.")
		b.get("/admin/settings/taxes").ok("Germany", "19%")
		b.get("/admin/settings/taxes/rates/new").submit("/admin/settings/taxes/rates", "country", "NO", "rate", "25,5", "name", "MVA", "source", "skatteetaten.no", "from", "2026-01-01").ok("Saved.", "Norway", "25.5%")
		b.get("/admin/settings/taxes/classes/new").submit("/admin/settings/taxes/classes", "code", "books", "name.en", "Books").ok("Saved.", "Books")

		b.get("/admin/settings/shipping/zones/new").submit("/admin/settings/shipping/zones", "name", "North", "+countries", "NO", "places", "DE 25980 25999").ok("Saved.", "North", "Germany 25980–25999, Norway")
		zones := h.shop.Market.Current(t.Context()).Zones
		zone := zones[slices.IndexFunc(zones, func(z shipping.Zone) bool { return z.Name == "North" })]
		methods := "/admin/settings/shipping/zones/" + zone.ID + "/methods"
		b.get(methods+"/new").submit(methods, "name.en", "Parcel", "code", "parcel", "kind", "weight", "rates.0.max_grams", "5000", "rates.0.price", "12", "rates.1.max_grams", "1000", "rates.1.price", "8.50").ok("Saved.", "from €8.50")

		b.get("/admin/settings/payments").ok("Bank transfer", "Missing: Account holder, IBAN")
		b.get("/admin/settings/payments/manual").ok("Bank transfer is offered once these are filled in: Account holder, IBAN.")
		b.submit("/admin/settings/payments/manual", "settings.holder", "Holm").ok("Saved.", "Missing: IBAN")
		b.get("/admin/settings/payments/manual").submit("/admin/settings/payments/manual", "settings.iban", "DE00 0000").shows(http.StatusUnprocessableEntity, "This IBAN has a typing error.")
		b.submit("/admin/settings/payments/manual", "settings.iban", "DE89 3704 0044 0532 0130 00", "settings.holder", "Holm").ok("Saved.")
	})
}

// TestOffice_whoMayNotChangesNothing tries every form of the office as every
// role: who lacks the permission gets 403 before anything is looked up, and
// the change log stays as it was.
func TestOffice_whoMayNotChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		product, variant := h.product(b, "Kettle", "KET-1", "49.00", "10")
		o := h.order(map[string]int64{variant: 1})
		office, err := h.shop.Office()
		if err != nil {
			t.Fatal(err)
		}
		fill := strings.NewReplacer("{id}", product, "{number}", o.PublicNumber(), "{token}", "none", "{method}", "none", "{shipment}", "none")
		for _, role := range []policy.Role{policy.RoleReadOnly, policy.RoleFulfilment, policy.RoleSupport, policy.RoleManager} {
			who := h.staff(b, role)
			before := h.changes()
			refused := 0
			for _, route := range office.Routes() {
				if route.Method != http.MethodPost || route.Who != policy.Staff {
					continue
				}
				if role.Permissions().Has(route.Permission) {
					if role == policy.RoleReadOnly && route.Permission != policy.Self {
						t.Errorf("%s changes something and asks only for %s", route.Pattern, route.Permission)
					}
					continue
				}
				refused++
				if who.post(fill.Replace(route.Pattern), url.Values{"form_key": {"k"}, "status": {"archived"}, "do": {"archived"}, "id": {product}, "change": {"-5"}}); who.status != http.StatusForbidden {
					t.Errorf("%s posts to %s: %d, want 403", role, route.Pattern, who.status)
				}
			}
			if n := h.changes(); n != before || refused == 0 {
				t.Errorf("%s: %d refusals, %d changes", role, refused, n-before)
			}
			who.get("/admin").ok()
		}
	})
}
