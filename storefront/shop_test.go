package storefront_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// visitor is a browser without a script: cookies, pages, forms.
type visitor struct {
	t      *testing.T
	shop   *stoatest.Shop
	client *http.Client
}

func enter(t *testing.T, s *stoatest.Shop) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what came back, read.
type answer struct {
	*http.Response
	text string
	root *html.Node
}

func (v *visitor) do(r *http.Request) answer {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(raw)))
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{res, string(raw), root}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(v.request(http.MethodGet, path, nil))
}

func (v *visitor) request(method, path string, form url.Values) *http.Request {
	v.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = v.shop.URL + path
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.shop.URL)
	}
	r.Header.Set("Accept", "text/html")
	return r
}

func (v *visitor) post(path string, form url.Values) answer {
	v.t.Helper()
	return v.do(v.request(http.MethodPost, path, form))
}

// field is the value of a page's first input of a name.
func (a answer) field(t *testing.T, name string) string {
	t.Helper()
	for n := range a.root.Descendants() {
		if n.Data != "input" && n.Data != "button" {
			continue
		}
		attrs := make(map[string]string)
		for _, at := range n.Attr {
			attrs[at.Key] = at.Val
		}
		if attrs["name"] == name {
			return attrs["value"]
		}
	}
	t.Fatalf("no input %q on the page: %.2000s", name, a.text)
	return ""
}

// words is what a page says, without markup.
func (a answer) words() string {
	return regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(a.text, " "), " ")
}

func (a answer) want(t *testing.T, status int, words ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: got %d, want %d: %.600s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.words())
	}
	for _, w := range words {
		if !strings.Contains(html.UnescapeString(a.words()), w) {
			t.Errorf("%s %s does not say %q", a.Request.Method, a.Request.URL.Path, w)
		}
	}
	return a
}

func (a answer) leads(t *testing.T, status int, to string) {
	t.Helper()
	if got := a.Header.Get("Location"); a.StatusCode != status || !strings.HasSuffix(got, to) {
		t.Errorf("%s %s: got %d to %q, want %d to %q", a.Request.Method, a.Request.URL, a.StatusCode, got, status, to)
	}
}

const toaster = "/en/p/toaster-for-two"

// putIn puts pieces of the toaster into the bag.
func (v *visitor) putIn(n int) {
	v.t.Helper()
	variant := v.get(toaster).want(v.t, http.StatusOK).field(v.t, "variant")
	v.post("/en/bag/lines", url.Values{"variant": {variant}, "quantity": {strconv.Itoa(n)}}).leads(v.t, http.StatusSeeOther, "/en/bag")
}

// filled is a checkout form that can be sent, as the page drew it.
func (v *visitor) filled(method string) url.Values {
	v.t.Helper()
	page := v.get("/en/checkout").want(v.t, http.StatusOK)
	return url.Values{
		"email": {"ada@example.com"}, "shipping.country": {"DE"}, "shipping.name": {"Ada Lindqvist"}, "shipping.line1": {"Lindenstraße 4"},
		"shipping.postcode": {"10969"}, "shipping.city": {"Berlin"}, "billing_same": {"true"}, "terms": {"on"},
		"shipping_method": {page.field(v.t, "shipping_method")}, "payment_method": {method},
		"expected_total": {page.field(v.t, "expected_total")}, "cart_version": {page.field(v.t, "cart_version")},
	}
}

// buy places an order that is paid at the door and returns its page's address.
func (v *visitor) buy() string {
	v.t.Helper()
	v.putIn(2)
	a := v.post("/en/checkout", v.filled("manual.cash_on_delivery"))
	to := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || !strings.Contains(to, "/en/orders/") {
		v.t.Fatalf("placing gave %d to %q: %.1500s", a.StatusCode, to, a.words())
	}
	return strings.TrimSuffix(to, "?fresh=1")
}

func orders(t *testing.T, s *stoatest.Shop) []order.Summary {
	t.Helper()
	list, err := s.Orders.List(context.Background(), s.DB, order.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPages_ofTheCatalogue(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		tests := map[string]struct {
			path, word string
			status     int
		}{
			"home":                       {"/en/", "Good things for ordinary days", 200},
			"home in German":             {"/de/", "Gute Dinge für gewöhnliche Tage", 200},
			"a category":                 {"/en/c/kitchen", "13 products", 200},
			"narrowed by price":          {"/en/c/kitchen?price_to=40", "up to €40.00", 200},
			"narrowed by nonsense":       {"/en/c/kitchen?price_to=x&brand=&nothing=1", "13 products", 422},
			"a bad cursor starts anew":   {"/en/c/kitchen?after=!!", "13 products", 422},
			"a collection":               {"/en/collections/from-the-bench", "From the bench", 200},
			"a product":                  {toaster, "Toaster for two", 200},
			"a product by variant":       {toaster + "?variant=var_nonsense", "Toaster for two", 200},
			"search":                     {"/en/search?q=kettle", "2 products", 200},
			"search for nothing":         {"/en/search?q=zzzzzz", "Nothing found for", 200},
			"search without a word":      {"/en/search", "Search", 200},
			"a page":                     {"/en/pages/delivery", "Delivery", 200},
			"contact":                    {"/en/contact", "Write to us", 200},
			"no such product":            {"/en/p/nothing", "This page does not exist", 404},
			"no such category":           {"/en/c/nothing", "This page does not exist", 404},
			"no such page":               {"/en/pages/nothing", "This page does not exist", 404},
			"no such language":           {"/xx/", "This page does not exist", 404},
			"an order nobody has":        {"/en/orders/" + strings.Repeat("A", 43), "This page does not exist", 404},
			"a word with markup":         {"/en/search?q=%3Cscript%3E", "Nothing found for", 200},
			"the empty bag":              {"/en/bag", "Your bag is empty", 200},
			"a payment nobody has asked": {"/payments/pay_nothing", "This page does not exist", 404},
		}
		for name, tt := range tests {
			a := v.get(tt.path)
			if a.StatusCode != tt.status || !strings.Contains(html.UnescapeString(a.words()), tt.word) {
				t.Errorf("%s: got %d, want %d and %q", name, a.StatusCode, tt.status, tt.word)
			}
			if strings.Contains(a.text, "<script>") {
				t.Errorf("%s: markup came through", name)
			}
			if cookies := a.Cookies(); len(cookies) != 0 {
				t.Errorf("%s sets cookies: %v", name, cookies)
			}
		}
		if kitchen := v.get("/en/c/kitchen"); !strings.Contains(kitchen.text, `href="`+toaster+`?colour=black"`) {
			t.Error("the dot of a colour does not lead to the product in that colour")
		}
		for path, want := range map[string]bool{"/en/search?q=kettle": true, "/en/search?q=kettle&price_from=90000": false} { // the latter keeps its filters, to be taken off
			if got := strings.Contains(v.get(path).text, `class="sort"`); got != want {
				t.Errorf("%s can be sorted: %v, want %v", path, got, want)
			}
		}
		german := v.get("/de" + strings.TrimPrefix(toaster, "/en"))
		if german.StatusCode != http.StatusMovedPermanently || !strings.HasPrefix(german.Header.Get("Location"), "/de/p/") {
			t.Errorf("the English address in German: got %d to %q", german.StatusCode, german.Header.Get("Location"))
		}
		v.get("/").leads(t, http.StatusSeeOther, "/en/")
		r := v.request(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", "de-AT, en;q=0.5")
		v.do(r).leads(t, http.StatusSeeOther, "/de/")
	})
}

// An uncached product page costs at most six statements.
func TestProduct_costsFewStatements(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	v := enter(t, s)
	for what, tt := range map[string]struct {
		path string
		most int64
	}{"product": {toaster, 6}, "category": {"/en/c/kitchen", 0}, "search": {"/en/search?q=kettle", 0}, "home": {"/en/", 0}} {
		v.get(tt.path).want(t, http.StatusOK) // fills what is kept in memory
		before := s.DB.Statements()
		v.get(tt.path)
		if n := s.DB.Statements() - before; n > tt.most {
			t.Errorf("%s: %d statements, at most %d are allowed", what, n, tt.most)
		}
	}
}

// Old addresses redirect in one step, query kept (rule B23).
func TestB23_oldAddressesRedirect(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		ctx := context.Background()
		v := enter(t, s)
		found, err := s.Catalog.ProductPage(ctx, "en", s.Market.Current(ctx).Default().PriceListID, "toaster-for-two")
		if err != nil {
			t.Fatal(err)
		}
		rename := func(to string) {
			t.Helper()
			p, err := s.Catalog.Get(ctx, s.DB, found.Page.ID)
			if err != nil {
				t.Fatal(err)
			}
			p.Slugs = locale.Text{"en": to}
			if _, err := s.Catalog.SaveNow(ctx, audit.System("test"), p); err != nil {
				t.Fatal(err)
			}
		}
		rename("bread-warmer")
		rename("morning-machine")
		for _, old := range []string{"toaster-for-two", "bread-warmer"} {
			v.get("/en/p/"+old+"?utm_source=x").leads(t, http.StatusMovedPermanently, "/en/p/morning-machine?utm_source=x")
		}
		v.get("/en/p/morning-machine").want(t, http.StatusOK)
		rename("toaster-for-two")
		v.get(toaster).want(t, http.StatusOK)
	})
}

func TestBag_refusesAtTheFieldAndKeepsTheRest(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		variant := v.get(toaster).field(t, "variant")
		for name, tt := range map[string]struct {
			form   url.Values
			status int
			word   string
		}{
			"none at all":       {url.Values{"variant": {variant}, "quantity": {"0"}}, 422, "Please enter 1 or more."},
			"less than nothing": {url.Values{"variant": {variant}, "quantity": {"-3"}}, 422, "Please enter 1 or more."},
			"a fraction":        {url.Values{"variant": {variant}, "quantity": {"1.5"}}, 422, "Please enter a whole number."},
			"far too many":      {url.Values{"variant": {variant}, "quantity": {"99999999999999999999"}}, 422, "Please"},
			"twice the same":    {url.Values{"variant": {variant, variant}, "quantity": {"1"}}, 400, ""},
			"an unknown field":  {url.Values{"variant": {variant}, "quantity": {"1"}, "price": {"1"}}, 400, ""},
			"no such goods":     {url.Values{"variant": {"var_nothing"}, "quantity": {"1"}}, 404, ""},
			"no goods":          {url.Values{"quantity": {"1"}}, 422, ""},
		} {
			v.post("/en/bag/lines", tt.form).want(t, tt.status, tt.word)
			if a := v.get("/en/bag"); !strings.Contains(a.words(), "Your bag is empty") {
				t.Errorf("%s: something is in the bag", name)
			}
		}

		v.putIn(2)
		page := v.get("/en/bag").want(t, http.StatusOK, "Toaster for two", "€76.00", "€80.90")
		line := regexp.MustCompile(`/en/bag/lines/([^/"]+)"`).FindStringSubmatch(page.text)[1]
		v.post("/en/bag/lines/"+line, url.Values{"quantity": {"-1"}}).want(t, 422, "Please enter 0 or more.")
		v.post("/en/bag/lines/"+line, url.Values{"quantity": {"3"}}).leads(t, http.StatusSeeOther, "/en/bag")
		v.get("/en/bag").want(t, http.StatusOK, "€114.00")

		stranger := enter(t, s)
		stranger.post("/en/bag/lines/"+line, url.Values{"quantity": {"9"}}).want(t, 404)
		v.get("/en/bag").want(t, http.StatusOK, "€114.00")

		for range 2 { // a second click finds it gone and says the same
			v.post("/en/bag/lines/"+line+"/removal", url.Values{}).leads(t, http.StatusSeeOther, "/en/bag")
		}
		v.get("/en/bag").want(t, http.StatusOK, "Your bag is empty")
	})
}

// More than there is, where the shop tells only that few are left: what was
// typed stays with its refusal, what the bag takes is refused at the order by
// the line's name, and nowhere is there a number.
func TestBag_asksForMoreThanThereIs(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		ctx := context.Background()
		v := enter(t, s)
		variant := v.get(toaster).field(t, "variant")
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			levels, err := s.Stock.Levels(ctx, tx, []string{variant})
			if err != nil {
				return err
			}
			var changes []inventory.Change
			for i, l := range levels {
				keep := int64(0)
				if i == 0 {
					keep = 3
				}
				changes = append(changes, inventory.Change{VariantID: variant, LocationID: l.LocationID, Delta: keep - l.OnHand})
			}
			return s.Stock.Adjust(ctx, tx, audit.System("test"), inventory.Adjustment, changes)
		})
		if err != nil {
			t.Fatal(err)
		}
		const tooMany = "There are not that many left. Please lower the quantity."
		quiet := func(a answer) answer {
			t.Helper()
			if words := a.words(); strings.Contains(words, "3 left") || strings.Contains(words, "Only 3") {
				t.Errorf("the level is told: %s", words)
			}
			return a
		}
		a := quiet(v.post("/en/bag/lines", url.Values{"variant": {variant}, "quantity": {"6"}}).want(t, 409, tooMany))
		if got := a.field(t, "quantity"); got != "6" {
			t.Errorf("the product's page shows %q pieces, not what was typed", got)
		}
		v.putIn(1)
		line := regexp.MustCompile(`/en/bag/lines/([^/"]+)"`).FindStringSubmatch(v.get("/en/bag").text)[1]
		a = quiet(v.post("/en/bag/lines/"+line, url.Values{"quantity": {"6"}}).want(t, 409, tooMany))
		if got := a.field(t, "quantity"); got != "6" {
			t.Errorf("the bag shows %q pieces, not what was typed", got)
		}
		if a = v.post("/en/bag/lines/"+line, url.Values{"quantity": {"1.5"}}).want(t, 422); a.field(t, "quantity") != "1.5" {
			t.Errorf("the bag shows %q pieces, not what was typed", a.field(t, "quantity"))
		}
		v.post("/en/bag/lines/"+line, url.Values{"quantity": {"5"}}).leads(t, http.StatusSeeOther, "/en/bag")
		a = quiet(v.post("/en/checkout", v.filled("manual.cash_on_delivery")).want(t, 409, "Not everything in your bag can be ordered like this.", "Toaster for two", tooMany, "Change it in the bag"))
		if a.field(t, "email") != "ada@example.com" || !strings.Contains(a.text, `href="/en/bag#line-`+line+`"`) || !strings.Contains(v.get("/en/bag").text, `id="line-`+line+`"`) {
			t.Error("what was typed is gone, or nothing leads to the line")
		}
		if n := len(orders(t, s)); n != 0 {
			t.Errorf("%d orders, want none", n)
		}
		v.post("/en/bag/lines/"+line, url.Values{"quantity": {"3"}}).leads(t, http.StatusSeeOther, "/en/bag")
		if a := v.post("/en/checkout", v.filled("manual.cash_on_delivery")); a.StatusCode != http.StatusSeeOther {
			t.Errorf("three are there and got %d: %.600s", a.StatusCode, a.words())
		}
	})
}

func TestBag_theScriptGetsTheDrawer(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	v := enter(t, s)
	r := v.request(http.MethodPost, "/en/bag/lines", url.Values{"variant": {v.get(toaster).field(t, "variant")}, "quantity": {"1"}})
	r.Header.Set("X-Swap", "drawer")
	a := v.do(r).want(t, http.StatusOK, "Toaster for two is in your bag")
	if strings.Contains(a.text, "<html") || !strings.Contains(a.text, `id="drawer"`) || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("not the drawer alone: %.300s", a.text)
	}
}

// Every unmet requirement is told at its field at once, what was typed is
// kept, and nothing was ordered.
func TestCheckout_tellsEverythingAtOnce(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		v.get("/en/checkout").leads(t, http.StatusSeeOther, "/en/bag")
		v.putIn(1)
		form := v.filled("sandbox.card")
		form.Set("email", "ada@")
		form.Set("shipping.postcode", "109")
		form.Set("note", "Ring <b>twice</b>")
		form.Del("terms")
		a := v.post("/en/checkout", form).want(t, 422, "3 things are still missing", "Please enter an e-mail address", "Please enter a code such as 10115.")
		if a.field(t, "email") != "ada@" || a.field(t, "shipping.name") != "Ada Lindqvist" || !strings.Contains(a.text, "Ring &lt;b&gt;twice") {
			t.Error("what was typed is gone")
		}
		v.post("/en/checkout", url.Values{"email": {"a"}, "email2": {"b"}}).want(t, 400)
		if n := len(orders(t, s)); n != 0 {
			t.Errorf("%d orders, want none", n)
		}
	})
}

// The amount charged is the amount last shown (rule B7).
func TestB7_aPriceThatMovedIsConfirmedAgain(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		ctx := context.Background()
		v := enter(t, s)
		v.putIn(1)
		form := v.filled("manual.cash_on_delivery")
		variant := v.get(toaster).field(t, "variant")
		list := s.Market.Current(ctx).Default().PriceListID
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.Catalog.SetPrices(ctx, tx, audit.System("test"), []catalog.VariantPrice{{VariantID: variant, ListID: list, Amount: 4500}})
		})
		if err != nil {
			t.Fatal(err)
		}
		a := v.post("/en/checkout", form).want(t, http.StatusConflict, "Something changed while you were here", "The total was €42.90 and is now €49.90.",
			"Toaster for two: The price changed from €38.00 to €45.00.", "nothing was charged")
		if n := len(orders(t, s)); n != 0 {
			t.Fatalf("%d orders, want none", n)
		}
		form.Set("expected_total", a.field(t, "expected_total"))
		form.Set("cart_version", a.field(t, "cart_version"))
		v.post("/en/checkout", form).want(t, http.StatusSeeOther)
		if list := orders(t, s); len(list) != 1 || list[0].Total != 4990 {
			t.Errorf("got %v, want one order of 49.90", list)
		}
	})
}

// A double click is one order.
func TestB14_theOrderButtonTwice(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		v.putIn(1)
		form := v.filled("manual.cash_on_delivery")
		first, second := v.post("/en/checkout", form), v.post("/en/checkout", form)
		if first.StatusCode != http.StatusSeeOther || first.Header.Get("Location") != second.Header.Get("Location") {
			t.Errorf("got %q and %q", first.Header.Get("Location"), second.Header.Get("Location"))
		}
		if n := len(orders(t, s)); n != 1 {
			t.Errorf("%d orders, want one", n)
		}
	})
}

// Whoever has only the link sees the order, and its addressee in part.
func TestB25_theSecretLink(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		at := enter(t, s).buy()
		stranger := enter(t, s)
		a := stranger.get(at+"?fresh=1").want(t, http.StatusOK, "Order 1001", "Toaster for two", "A••• L•••", "Berlin", "a•••@e•••.com", "Thank you for your order")
		for _, secret := range []string{"Ada", "Lindqvist", "Lindenstraße", "10969", "ada@example.com"} {
			if strings.Contains(a.text, secret) {
				t.Errorf("a stranger reads %q", secret)
			}
		}
		if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the link may leak: %v", a.Header)
		}

		// What happens with it now is said in words, until it has left.
		if step := a.step(t); step != "We are packing it" {
			t.Errorf("the order stands at %q", step)
		}
		o, err := s.Orders.ByNumber(t.Context(), s.DB, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Fulfilment.Ship(t.Context(), audit.System("test"), o.ID, fulfilment.Parcel{Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: o.Lines[0].Quantity}}}); err != nil {
			t.Fatal(err)
		}
		a = stranger.get(at).want(t, http.StatusOK)
		if step := a.step(t); step == "" || step == "We are packing it" {
			t.Errorf("on its way the order stands at %q", step)
		}
	})
}

// step is where an order's page says that the order is.
func (a answer) step(t *testing.T) string {
	t.Helper()
	for n := range a.root.Descendants() {
		for _, at := range n.Attr {
			if at.Key == "aria-current" && at.Val == "step" {
				var b strings.Builder
				for d := range n.Descendants() {
					if d.Type == html.TextNode {
						b.WriteString(d.Data)
					}
				}
				return strings.TrimSpace(b.String())
			}
		}
	}
	return ""
}

// The address a bank sends shoppers back to opens an order only to the browser
// that placed it.
func TestPayment_theReturnOfAStranger(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		v.putIn(1)
		pay := v.post("/en/checkout", v.filled("sandbox.card")).want(t, http.StatusSeeOther).Header.Get("Location")
		r := v.request(http.MethodPost, pay, url.Values{"number": {"4242424242424242"}, "expiry": {"12/30"}, "cvc": {"123"}, "name": {"Ada"}})
		r.Header.Set("Origin", s.Bank.URL())
		back := v.do(r).want(t, http.StatusSeeOther).Header.Get("Location")
		enter(t, s).get(back).leads(t, http.StatusSeeOther, "/en/?done=payment")
		a := v.get(back)
		if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/en/orders/") {
			t.Fatalf("the buyer is led to %q", to)
		}
		v.get(a.Header.Get("Location")).want(t, http.StatusOK, "Thank you, Ada")
	})
}

// Beside the button stands what the shop's own page and its ways to pay say.
func TestProduct_promisesWhatTheShopSays(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	page := enter(t, s).get("/en/p/toaster-for-two").want(t, http.StatusOK)
	form := page.text[strings.Index(page.text, `id="buy"`):]
	form = form[:strings.Index(form, "</form>")]
	for _, want := range []string{"Thirty days to send things back", `href="/en/pages/`, "Ways to pay: "} {
		if !strings.Contains(form, want) {
			t.Errorf("the buying form does not say %q", want)
		}
	}
}

func TestPayment_declinedAndPaidAtTheSecondTry(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		v.putIn(1)
		try := func(card string) string {
			t.Helper()
			pay := v.post("/en/checkout", v.filled("sandbox.card")).want(t, http.StatusSeeOther).Header.Get("Location")
			r := v.request(http.MethodPost, pay, url.Values{"number": {card}, "expiry": {"12/30"}, "cvc": {"123"}, "name": {"Ada"}})
			r.Header.Set("Origin", s.Bank.URL())
			return v.get(v.do(r).Header.Get("Location")).Header.Get("Location")
		}
		to := try("4000000000000002")
		page := v.get(to).want(t, http.StatusOK, "The bank declined this payment. Nothing was charged.", "Choose another way to pay", "Toaster for two")
		if n := strings.Count(page.words(), "Nothing was charged."); n != 1 {
			t.Errorf("it is said %d times that nothing was charged, want once", n)
		}
		if n := len(orders(t, s)); n != 0 {
			t.Errorf("%d orders after a refusal, want none", n)
		}
		v.get(try("4242424242424242")).want(t, http.StatusOK, "Order 1001", "Paid")
		if list := orders(t, s); len(list) != 1 || list[0].Total != 4290 {
			t.Errorf("got %v, want one order of 42.90", list)
		}
	})
}

// Cancelling twice gives the money and the goods back once.
func TestOrder_cancelledByItsBuyer(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		at := v.buy()
		v.get(at).want(t, http.StatusOK, "Cancel order")
		for range 2 {
			v.post(at+"/cancellation", url.Values{}).leads(t, http.StatusSeeOther, at+"?done=cancelled")
		}
		a := v.get(at).want(t, http.StatusOK, "Cancelled")
		if strings.Contains(a.text, "/cancellation") {
			t.Error("it can be cancelled again")
		}
		if list := orders(t, s); len(list) != 1 || list[0].State != order.Cancelled || list[0].Refunded != 0 {
			t.Errorf("got %+v", list)
		}
	})
}

func TestContact_isKeptOnce(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		form := url.Values{"form_key": {v.get("/en/contact?order=1001").field(t, "form_key")}, "name": {"Ada"}, "email": {"ada"}, "order": {"1001"}, "message": {"Where is my toaster?"}}
		a := v.post("/en/contact", form).want(t, 422, "Please enter an e-mail address")
		if !strings.Contains(a.text, "Where is my toaster?") {
			t.Error("what was typed is gone")
		}
		form.Set("email", "ada@example.com")
		for range 2 {
			v.post("/en/contact", form).leads(t, http.StatusSeeOther, "/en/contact/sent")
		}
		v.get("/en/contact/sent").want(t, http.StatusOK, "Your message has arrived")
		list, err := s.Content.Messages(context.Background(), s.DB, "", 10)
		if err != nil || len(list) != 1 || list[0].Text != "Where is my toaster?" {
			t.Errorf("got %v, %v, want one message", list, err)
		}
	})
}

func TestSearch_aSKULeadsToItsVariant(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	ctx := context.Background()
	found, err := s.Search.Search(search.Query{Lang: "en", ListID: s.Market.Current(ctx).Default().PriceListID, Text: "toaster for two", Limit: 1})
	if err != nil || len(found.Hits) != 1 {
		t.Fatal(found, err)
	}
	page, err := s.Catalog.Preview(ctx, found.Hits[0].Card.ID, s.Market.Current(ctx).Default().PriceListID)
	if err != nil {
		t.Fatal(err)
	}
	last := page.Variants[len(page.Variants)-1]
	a := enter(t, s).get("/en/search?q="+url.QueryEscape(last.SKU)).want(t, http.StatusOK)
	if !strings.Contains(a.text, "?variant="+last.ID) {
		t.Errorf("no link to variant %s of %s", last.ID, last.SKU)
	}
	if last.Price == nil || last.Price.Amount <= money.Minor(0) {
		t.Error("the variant has no price")
	}
}
