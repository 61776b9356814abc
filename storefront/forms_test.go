package storefront_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/stoatest"
)

// Every form of the storefront refuses what no page of it sends, at the field,
// keeps what else was typed and leaves every table as it was.
func TestForms_refuseBadInput(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		v.post("/en/account/sign-up", url.Values{"name": {"Ada Lindqvist"}, "email": {"ada@example.com"}, "password": {"a long enough secret"}}).want(t, http.StatusOK)
		v.prove("ada@example.com", "a long enough secret")
		guest := enter(t, s)
		guest.putIn(1)
		checkout := guest.filled("manual.cash_on_delivery")
		variant := guest.get(toaster).field(t, "variant")
		address := url.Values{"name": {"Ada Lindqvist"}, "line1": {"Lindenstraße 4"}, "postcode": {"10969"}, "city": {"Berlin"}, "country": {"DE"}}
		forms := []struct {
			path   string
			who    *visitor
			valid  url.Values
			text   string // an input of free text
			number string // an input of a whole number
			need   string // an input that must be there
		}{
			{"/en/bag/lines", guest, url.Values{"variant": {variant}, "quantity": {"1"}}, "variant", "quantity", "variant"},
			{"/en/checkout", guest, checkout, "shipping.line1", "expected_total", "shipping.name"},
			{"/en/contact", guest, url.Values{"name": {"Ada Lindqvist"}, "email": {"ada@example.com"}, "order": {"1001"}, "message": {"Where is it?"}}, "message", "", "message"},
			{"/en/account/sign-in", guest, url.Values{"email": {"ada@example.com"}, "password": {"a long enough secret"}}, "email", "", "email"},
			{"/en/account/sign-up", guest, url.Values{"name": {"Bo Ek"}, "email": {"bo@example.com"}, "password": {"a long enough secret"}}, "name", "", "name"},
			{"/en/account/forgotten", guest, url.Values{"email": {"ada@example.com"}}, "email", "", "email"},
			{"/en/account/addresses", v, address, "line1", "", "name"},
		}
		tables := []string{"cart_line", "orders", "payment_attempt", "contact_message", "customer", "customer_address", "session", "one_time_token", "outbox", "mail_message"}
		books := func() string {
			var b strings.Builder
			for _, table := range tables {
				var n int64
				if err := s.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(&b, table, n)
			}
			return b.String()
		}
		before := books()
		for _, f := range forms {
			type attempt struct {
				name, field string
				values      []string
				refused     []int
				word        string
			}
			unfit, odd := []int{422}, []int{400}
			attempts := []attempt{
				{"an unknown field", "surprise", []string{"1"}, odd, ""},
				{"a field twice", f.text, []string{"a", "b"}, odd, ""},
				{"no UTF-8", f.text, []string{"\xff\xfe"}, []int{400, 422}, ""},
				{"control characters", f.text, []string{"a\x00b"}, []int{400, 422}, ""},
				{"far too long", f.text, []string{strings.Repeat("long ", 8000)}, []int{422}, ""},
				{"200,000 characters", f.text, []string{strings.Repeat("long ", 40_000)}, unfit, "characters."},
				{"more than a form may have", f.text, []string{strings.Repeat("long ", 1<<20/5)}, []int{413}, "characters."},
				{"a card number", f.text, []string{"4242 4242 4242 4242"}, unfit, "This looks like a card number."},
				{"nothing where something must be", f.need, nil, unfit, ""},
			}
			if f.number != "" {
				for _, n := range []string{"1.5", "-1", "1e3", "99999999999999999999", "one"} {
					attempts = append(attempts, attempt{"the number " + n, f.number, []string{n}, []int{409, 422}, ""})
				}
			}
			for _, a := range attempts {
				t.Run(strings.Trim(f.path, "/")+"/"+a.name, func(t *testing.T) {
					form := maps.Clone(f.valid)
					form[a.field] = a.values
					if strings.HasSuffix(f.path, "/contact") {
						form.Set("form_key", f.who.get("/en/contact").field(t, "form_key"))
					}
					got := f.who.post(f.path, form)
					if !slices.Contains(a.refused, got.StatusCode) || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
						t.Fatalf("got %d %s, want one of %v: %.400s", got.StatusCode, got.Header.Get("Content-Type"), a.refused, got.words())
					}
					if f.path != "/en/bag/lines" { // without its goods there is no page to say it on
						got.want(t, got.StatusCode, a.word)
					}
					if a.word != "" && f.path != "/en/bag/lines" && !strings.Contains(got.text, `aria-invalid="true"`) {
						t.Errorf("no field is marked: %.600s", got.words())
					}
					for name, values := range f.valid {
						visible := name != a.field && !strings.Contains(name, "password") && f.path != "/en/bag/lines" && len(values[0]) > 3 && values[0] != "true"
						if visible && !strings.Contains(got.text, values[0]) {
							t.Errorf("what was typed as %s is gone", name)
						}
					}
					if after := books(); after != before {
						t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
					}
				})
			}
		}
	})
}

// prove opens the link that a new account was sent.
func (v *visitor) prove(email, secret string) {
	v.t.Helper()
	var link string
	v.shop.Mails.WaitFor(v.t, func(m stoatest.Mail) bool {
		i := slices.IndexFunc(m.Links(), func(l string) bool { return strings.Contains(l, "/verify/") })
		if i < 0 || !strings.Contains(m.To, email) {
			return false
		}
		link = m.Links()[i]
		return true
	})
	u, err := url.Parse(link)
	if err != nil {
		v.t.Fatal(err)
	}
	v.post(u.Path, url.Values{"password": {secret}}).leads(v.t, http.StatusSeeOther, "/en/account?done=verified")
}

// A card number is searched for nowhere: the field says why, and nothing of it
// goes into a link.
func TestSearch_refusesACardNumber(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		a := v.get("/en/search?q=4242+4242+4242+4242").want(t, http.StatusUnprocessableEntity, "This looks like a card number.")
		if !strings.Contains(a.text, `aria-describedby="page-q-problem"`) || strings.Contains(a.text, "q=4242") {
			t.Errorf("not at the field, or in a link: %.1500s", a.text)
		}
		if a := v.get("/en/search/suggestions?q=4242424242424242").want(t, http.StatusOK); strings.Contains(a.text, "4242") {
			t.Errorf("suggested for: %s", a.text)
		}
	})
}

// The way from page to page of a listing leads back as it came.
func TestListing_leadsBackAPage(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		v := enter(t, s)
		link := func(a answer, rel string) string {
			for n := range a.root.Descendants() {
				attrs := make(map[string]string)
				for _, at := range n.Attr {
					attrs[at.Key] = at.Val
				}
				if n.Data == "a" && attrs["rel"] == rel {
					return attrs["href"]
				}
			}
			return ""
		}
		first := v.get("/en/search?q=&sort=name").want(t, http.StatusOK)
		next := link(first, "next")
		if next == "" || link(first, "prev") != "" {
			t.Fatalf("the first page leads to %q and back to %q", next, link(first, "prev"))
		}
		second := v.get(next).want(t, http.StatusOK, "Previous page")
		back := v.get(link(second, "prev")).want(t, http.StatusOK)
		cards := func(a answer) (list []string) {
			for n := range a.root.Descendants() {
				for _, at := range n.Attr {
					if n.Data == "a" && at.Key == "href" && strings.HasPrefix(at.Val, "/en/p/") {
						list = append(list, at.Val)
					}
				}
			}
			return list
		}
		if !slices.Equal(cards(first), cards(back)) || slices.Equal(cards(first), cards(second)) {
			t.Errorf("back at %v, began at %v", cards(back), cards(first))
		}
	})
}

// The checkout's form leads to the shop and to the pages of its payment
// providers, nowhere else.
func TestPages_leadFormsToProvidersOnly(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		csp := enter(t, s).get("/en/").Header.Get("Content-Security-Policy")
		want := "form-action 'self' " + s.Settings.SandboxURL + ";"
		if !strings.Contains(csp, want) {
			t.Errorf("%s lacks %s", csp, want)
		}
	})
}
