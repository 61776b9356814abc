package stoa_test

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
)

// parameters are all that any page reads from its address.
const parameters = "q sort after before price_from price_to brand availability category option.colour option.size field.material field.width_from variant colour size page " +
	"next done declined fresh order language " +
	"view payment fulfilment from to key status of was state parent owner country variants form"

// badAddressesAreAnswered asks for every page with nonsense in every parameter
// and in every wildcard: nothing is our mistake, and nothing is written.
func (w *world) badAddressesAreAnswered(t *testing.T) {
	w.t = t
	ask := func(r policy.Route, path string) answer {
		req := w.request(http.MethodGet, path, "", "")
		req.Header.Set("Accept", "text/html")
		who := "anonymous"
		switch {
		case r.Who&policy.Staff != 0:
			who = "owner"
		case r.Who&policy.Customer != 0, r.Owner == policy.OwnCart:
			who = "customer"
		}
		if a := w.as(who); a.Prepare != nil {
			a.Prepare(req)
		}
		a := w.send(req)
		if a.Code >= 500 {
			t.Errorf("GET %.200s: %d", path, a.Code)
		}
		return a
	}
	ask(policy.Route{Owner: policy.OwnCart}, "/en/checkout") // looks up what the bag costs now
	before, asked := w.books(), 0
	for _, r := range w.routes {
		if r.Method != http.MethodGet {
			continue
		}
		good := ask(r, w.path(r, nil)).Code
		// What campaigns put into an address is no business of a page.
		if got := ask(r, w.path(r, nil)+"?utm_source=%ff&gclid=%00&fbclid="+strings.Repeat("x", 1000)).Code; got != good {
			t.Errorf("GET %s with a campaign's parameters: %d, without %d", r.Pattern, got, good)
		}
		if strings.HasPrefix(r.Pattern, "/api/") {
			continue // its document says what it takes; a test of its own walks it
		}
		for _, value := range []string{"%ff", "1.%00", "zz", "%zz", strings.Repeat("9", 20)} {
			var query []string
			for name := range strings.FieldsSeq(parameters) {
				query = append(query, name+"="+value)
			}
			if value == "zz" {
				query = append(query, query...)
			}
			ask(r, w.path(r, nil)+"?"+strings.Join(query, "&"))
			asked++
		}
		for part := range strings.SplitSeq(r.Pattern, "/") {
			if !strings.HasPrefix(part, "{") || part == "{$}" || part == "{lang}" {
				continue
			}
			for _, value := range []string{"x%00y", "%ff", "..%2f..%2fetc%2fpasswd", "%0d%0aX-A:%20b", strings.Repeat("x", 5000)} {
				a := ask(r, w.path(r, map[string]string{part: value}))
				if a.Code < 400 && a.Code != http.StatusMovedPermanently && a.Code != http.StatusTemporaryRedirect || a.Header().Get("X-A") != "" {
					t.Errorf("GET %s with %.40s: %d %s", r.Pattern, value, a.Code, a.Header().Get("Location"))
				}
				if to := a.Header().Get("Location"); strings.ContainsAny(to, "\r\n\\") {
					t.Errorf("GET %s with %.40s leads to %q", r.Pattern, value, to)
				}
				asked++
			}
		}
	}
	if asked < 600 {
		t.Errorf("only %d were asked for", asked)
	}
	if after := w.books(); after != before {
		t.Errorf("something was written:\n%s", difference(before, after))
	}
}

// filtersAreToldWhereTheyWereChosen holds the rule for addresses that people
// read: what is wrong in a known filter is left aside, told at its field and
// kept there, with 422.
func (w *world) filtersAreToldWhereTheyWereChosen(t *testing.T) {
	w.t = t
	const (
		unread  = "cannot be read"
		chosen  = "cannot be chosen here."
		bound   = "Please enter a price from 0 up"
		begin   = "please start again."
		twice   = "more than once"
		oneOf   = "one of"
		noDay   = "date"
		tooLong = "shorten this"
	)
	for _, tt := range []struct {
		path   string
		status int
		says   []string // on the page, in its markup
	}{
		{"/en/c/kitchen", 200, nil},
		{"/en/c/kitchen?utm_source=x&fbclid=%ff&sort=price&price_from=&price_to=", 200, nil},
		{"/en/c/kitchen?price_from=-1", 422, []string{bound, `value="-1"`, `aria-describedby="f-price_from-problem"`, `id="f-price_from-problem"`, `role="alert"`}},
		{"/en/c/kitchen?price_to=abc&price_from=5", 422, []string{bound, `value="abc"`, `value="5"`, `id="f-price_to-problem"`}},
		{"/en/c/kitchen?price_from=%ff", 422, []string{bound, "\ufffd", `id="f-price_from-problem"`}},
		{"/en/c/kitchen?price_from=1e9", 422, []string{bound, `value="1e9"`}},
		{"/en/c/kitchen?price_from=999999999999999999999", 422, []string{bound}},
		{"/en/c/kitchen?price_from=1&price_from=2", 422, []string{twice, `id="f-price_from-problem"`}},
		{"/en/c/kitchen?brand=Nobody", 422, []string{"“Nobody” " + chosen}},
		{"/en/c/kitchen?brand=Nobody&brand=%3Cb%3E", 422, []string{"“&lt;b&gt;” " + chosen}},
		{"/en/c/kitchen?availability=in_stock&availability=in_stock", 200, nil},
		{"/en/c/kitchen?availability=zz", 422, []string{"“zz” " + chosen}},
		{"/en/c/kitchen?field.nothing=1&option.nothing=2", 200, nil},
		{"/en/c/kitchen?sort=zz", 422, []string{"Sort: ", oneOf}},
		{"/en/c/kitchen?sort=price&sort=name", 422, []string{"Sort: ", twice}},
		{"/en/c/kitchen?after=garbage&price_to=100", 422, []string{begin, `href="/en/c/kitchen?price_to=100"`}},
		{"/en/c/kitchen?after=%ff", 422, []string{begin, `href="/en/c/kitchen"`}},
		{"/en/c/kitchen?before=" + strings.Repeat("x", 3000), 422, []string{begin}},
		{"/en/collections/from-the-bench?sort=zz", 422, []string{oneOf}},
		{"/en/search?q=%ff", 422, []string{unread, `aria-describedby="page-q-problem"`, "value=\"\ufffd\""}},
		{"/en/search?q=kettle%00", 422, []string{`aria-describedby="page-q-problem"`, `id="page-q-problem"`}},
		{"/en/search?q=" + strings.Repeat("kettle+", 1430), 422, []string{tooLong, `id="page-q-problem"`, "kettle kettle"}},
		{"/en/search?q=kettle&q=pan", 422, []string{twice, `value="kettle"`}},
		{"/en/search?q=kettle&sort=zz", 422, []string{oneOf, `value="kettle"`}},
		{"/en/search?q=kettle&utm_campaign=%ff", 200, nil},
		{"/en/search/suggestions?q=%ff", 422, nil},
		{"/en/account/orders?after=garbage", 422, []string{begin, `href="/en/account/orders"`}},
		{"/en/account/orders?after=1.%00", 422, []string{begin}},
		{"/en/account/orders", 200, nil},
		{"/de/c/kueche?price_from=-1", 422, []string{"Bitte geben Sie einen Preis ab 0 ein"}},
		{"/en/p/toaster-for-two?variant=var_gone&colour=none", 200, nil},

		{"/admin/orders?payment=zz", 422, []string{oneOf, `id="orders-payment-fault"`, `aria-describedby="orders-payment-fault"`, "is left aside"}},
		{"/admin/orders?view=zz", 422, []string{"view: ", oneOf}},
		{"/admin/orders?from=yesterday", 422, []string{noDay, `value="yesterday"`, `id="orders-from-fault"`}},
		{"/admin/orders?from=2026-02-30", 422, []string{noDay, `value="2026-02-30"`}},
		{"/admin/orders?q=%ff", 422, []string{unread, `id="orders-q-fault"`}},
		{"/admin/orders?q=a&q=b", 422, []string{twice, `value="a"`}},
		{"/admin/orders?after=garbage", 422, []string{begin}},
		{"/admin/orders?after=ord_00000000000000000000000000&key=x", 422, []string{"whole number"}},
		{"/admin/orders?utm_source=mail", 200, nil},
		{"/admin/products?status=zz", 422, []string{oneOf}},
		{"/admin/products?category=zz", 422, []string{oneOf, `id="products-category-fault"`}},
		{"/admin/products?q=" + strings.Repeat("x", 101), 422, []string{tooLong, `id="products-q-fault"`}},
		{"/admin/products?sort=zz", 422, []string{oneOf}},
		{"/admin/stock?view=zz", 422, []string{oneOf}},
		{"/admin/stock?location=zz", 422, []string{oneOf}},
		{"/admin/customers?q=%ff", 422, []string{unread, `id="customers-q-fault"`}},
		{"/admin/customers?after=zz", 422, []string{begin}},
		{"/admin/mails?state=zz", 422, []string{oneOf}},
		{"/admin/messages?before=zz", 422, []string{begin}},
		{"/admin/imports?before=zz", 422, []string{begin}},
		{"/admin/imports/" + w.objects["/admin/imports {id}"] + "?after=-1", 422, []string{"0 or more"}},
		{"/admin/stock/" + w.objects["{variant}"] + "?before=zz", 422, []string{begin}},
		{"/admin/settings/tokens?after=zz", 422, []string{begin}},
		{"/admin/find?q=%ff", 422, []string{unread}},
	} {
		r := w.request(http.MethodGet, tt.path, "", "")
		who := "customer"
		if strings.HasPrefix(tt.path, "/admin") {
			who = "owner"
		}
		w.as(who).Prepare(r)
		a := w.send(r)
		if a.Code != tt.status || !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%.120s: %d, want %d", tt.path, a.Code, tt.status)
		}
		text := html.UnescapeString(a.text)
		for _, say := range tt.says {
			if !strings.Contains(a.text, say) && !strings.Contains(text, say) {
				t.Errorf("%.120s does not say %q", tt.path, say)
			}
		}
		if tt.status == 200 && (strings.Contains(a.text, `aria-invalid="true"`) || strings.Contains(a.text, "notice--bad")) {
			t.Errorf("%.120s marks a field", tt.path)
		}
	}
}
