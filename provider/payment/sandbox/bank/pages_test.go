package bank_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
	"github.com/stoashop/stoa/stoatest/browse"
	"github.com/stoashop/stoa/words"
)

// walk is a browser without JavaScript that stops when it is sent to the shop.
func (c *counter) walk(method, to string, form url.Values) (*http.Response, string) {
	c.Helper()
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), c.site.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	r, _ := http.NewRequest(method, to, strings.NewReader(form.Encode()))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func fill(number string) url.Values {
	return url.Values{"number": {number}, "expiry": {"12/28"}, "cvc": {"123"}, "name": {"Ana Kühn"}}
}

func (c *counter) backAtShop(res *http.Response) {
	c.Helper()
	if res.StatusCode != 303 || res.Header.Get("Location") != c.shop.URL+"/return" {
		c.Errorf("%s to %q, want the shop", res.Status, res.Header.Get("Location"))
	}
}

func TestPage_payTwiceIsOnePayment(t *testing.T) {
	c := open(t, bank.Options{Merchant: "Kiln & Loom"})
	p := c.make("", "automatic")
	res, page := c.walk("GET", p.PayURL, nil)
	for _, want := range []string{"Kiln &amp; Loom", "€20.00", "Order 1042", `autocomplete="cc-number"`, `action="` + strings.TrimPrefix(p.PayURL, c.site.URL) + `"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+c.shop.URL) || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %s", csp)
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || res.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page has a script or inline style, or may be stored")
	}
	for range 3 {
		res, _ := c.walk("POST", p.PayURL, fill("4242 4242 4242 4242"))
		c.backAtShop(res)
	}
	if got := c.only(); got.Captured != 2000 || len(got.Captures) != 1 || got.Card != "4242" {
		t.Errorf("%+v", got)
	}
	if _, page := c.walk("GET", p.PayURL, nil); !strings.Contains(page, "This payment went through") || !strings.Contains(page, c.shop.URL+"/return") {
		t.Error("an ended payment does not lead back")
	}
}

// WCAG 2.2 AA in every state of the page, on a phone and on a desktop, light
// and dark, and nothing to scroll sideways at 320 pixels.
func TestPage_isAccessible(t *testing.T) {
	tab := browse.New(t)
	for name, look := range map[string]struct {
		width, height int64
		scheme        string
	}{"phone": {320, 700, "light"}, "desktop": {1440, 900, "dark"}} {
		c := open(t, bank.Options{Merchant: "Kiln & Loom"})
		p := c.make("", "automatic")
		tab.Size(look.width, look.height, look.width < 600)
		tab.Scheme(look.scheme)
		holds := func(state string) {
			t.Helper()
			for _, v := range tab.Axe() {
				t.Errorf("%s, %s: %s", name, state, v)
			}
			if wide := browse.Eval[int64](tab, `document.documentElement.scrollWidth`); wide > look.width {
				t.Errorf("%s, %s: %d pixels wide", name, state, wide)
			}
		}
		send := func(form url.Values, until string) {
			t.Helper()
			for field, value := range form {
				tab.Run(`document.querySelector("[name=` + field + `]").value = "` + value[0] + `"`)
			}
			tab.Run(`document.querySelector("button.main").click()`)
			tab.Wait(until)
		}
		tab.Go(p.PayURL)
		holds("the empty form")
		send(fill("1234"), `document.querySelector("[aria-invalid=true]")`)
		holds("a mistake")
		challenge := bank.Cards()[slices.IndexFunc(bank.Cards(), func(c bank.Card) bool { return c.Scenario == bank.Challenge })]
		send(fill(challenge.Spaced()), `!document.querySelector("[name=number]")`)
		holds("the bank's question")
	}
}

func TestPage_aLinkFillsInATestCard(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	_, page := c.walk("GET", p.PayURL, nil)
	links := regexp.MustCompile(`href="(\?card=[a-z0-9_]+)#form"`).FindAllStringSubmatch(page, -1)
	if len(links) != len(bank.Cards()) {
		t.Fatalf("%d links for %d cards", len(links), len(bank.Cards()))
	}
	for i, link := range links {
		_, page := c.walk("GET", p.PayURL+link[1], nil)
		if !strings.Contains(page, `value="`+bank.Cards()[i].Spaced()+`"`) || !strings.Contains(page, `value="11/29"`) || !strings.Contains(page, `value="123"`) {
			t.Errorf("%s does not fill in the form", link[1])
		}
	}
}

func TestPage_badInputIsExplainedAtTheField(t *testing.T) {
	tests := map[string]struct {
		field, value, want string
		kept               bool
	}{
		"no number":         {"number", "", "Enter the number of one of the test cards.", true},
		"no card number":    {"number", "4242 4242 4242 4241", "This is not a card number.", true},
		"letters":           {"number", "four two", "This is not a card number.", true},
		"a real card":       {"number", "4111 1111 1111 1111", "This may be a real card.", false},
		"markup":            {"number", `"><b>`, "This is not a card number.", false},
		"no expiry":         {"expiry", "", "Enter month and year", true},
		"month 13":          {"expiry", "13/28", "Enter month and year", true},
		"last month":        {"expiry", "10/26", "This date has passed.", true},
		"short code":        {"cvc", "12", "Enter 3 or 4 digits.", false},
		"code with letters": {"cvc", "12a", "Enter 3 or 4 digits.", false},
		"a long name":       {"name", strings.Repeat("a", 101), "Please shorten this", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, bank.Options{})
			p := c.make("", "automatic")
			form := fill("4242424242424242")
			form.Set(tt.field, tt.value)

			res, page := c.walk("POST", p.PayURL, form)

			if res.StatusCode != 422 || !strings.Contains(page, tt.want) || !strings.Contains(page, `id="`+tt.field+`-problem"`) || strings.Count(page, "aria-invalid") != 1 {
				t.Errorf("%d, wants %q at %s", res.StatusCode, tt.want, tt.field)
			}
			if tt.kept != strings.Contains(page, `value="`+tt.value+`"`) {
				t.Errorf("kept: %v, want %v", !tt.kept, tt.kept)
			}
			if strings.Contains(page, "<b>") {
				t.Error("markup came through")
			}
			if got := c.only(); got.Phase != bank.Open || got.Authorised != 0 || got.Card != "" {
				t.Errorf("%+v, want it untouched", got)
			}
		})
	}
	for _, good := range []string{"11/26", "1126", "11 / 26", "11/2026", "12/30"} {
		c := open(t, bank.Options{})
		p := c.make("", "automatic")
		form := fill("4242-4242-4242-4242")
		form.Set("expiry", good)
		if res, _ := c.walk("POST", p.PayURL, form); res.StatusCode != 303 {
			t.Errorf("expiry %q: %s", good, res.Status)
		}
	}
}

func TestPage_confirmation(t *testing.T) {
	for decision, want := range map[string]string{"approve": "", "refuse": "authentication_failed"} {
		t.Run(decision, func(t *testing.T) {
			c := open(t, bank.Options{})
			p := c.make("", "automatic")
			res, page := c.walk("POST", p.PayURL, fill("4000000000003220"))
			if res.StatusCode != 200 || !strings.Contains(page, "Is this payment yours?") || !strings.Contains(page, "•••• 3220") {
				t.Fatalf("%s %s", res.Status, page)
			}
			if got := c.only(); got.Phase != bank.Confirming || got.Authorised != 0 {
				t.Errorf("before: %+v", got)
			}
			if res, _ := c.walk("GET", p.PayURL, nil); !strings.HasSuffix(res.Request.URL.Path, "/confirmation") {
				t.Errorf("reload leads to %s", res.Request.URL)
			}
			c.walk("POST", p.PayURL+"/confirmation", url.Values{"decision": {"maybe"}})
			if got := c.only(); got.Phase != bank.Confirming {
				t.Errorf("maybe: %+v", got)
			}
			for range 2 {
				res, _ := c.walk("POST", p.PayURL+"/confirmation", url.Values{"decision": {decision}})
				c.backAtShop(res)
			}
			// The other answer comes too late.
			res, _ = c.walk("POST", p.PayURL+"/confirmation", url.Values{"decision": {"approve"}})
			c.backAtShop(res)
			if got := c.only(); got.Failure != want || (want == "") != (got.Captured == 2000) || len(got.Captures) > 1 {
				t.Errorf("after: %+v", got)
			}
		})
	}
}

func TestPage_turningBack(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	for range 2 {
		res, _ := c.walk("POST", p.PayURL+"/cancellation", nil)
		c.backAtShop(res)
	}
	if res, _ := c.walk("POST", p.PayURL, fill("4242424242424242")); res.StatusCode != 303 {
		t.Errorf("paying afterwards: %s", res.Status)
	}
	if got := c.only(); got.Failure != "cancelled" || got.Authorised != 0 {
		t.Errorf("%+v", got)
	}
	paid := open(t, bank.Options{})
	p = paid.make("tok_success", "automatic")
	paid.walk("POST", p.PayURL+"/cancellation", nil)
	if got := paid.only(); got.Captured != 2000 || got.Failure != "" {
		t.Errorf("turning back after paying: %+v", got)
	}
}

func TestPage_tooLate(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	c.clock.Advance(time.Hour)
	res, _ := c.walk("POST", p.PayURL, fill("4242424242424242"))
	c.backAtShop(res)
	if got := c.only(); got.Failure != "expired" || got.Authorised != 0 {
		t.Errorf("%+v", got)
	}
}

func TestPage_strangers(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	for _, path := range []string{"/pay/" + p.ID, "/pay/x", "/pay/", "/nothing", "/pay/x/confirmation"} {
		if res, page := c.walk("GET", c.site.URL+path, nil); res.StatusCode != 404 || !strings.Contains(page, "There is no such payment") {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	r, _ := http.NewRequest("POST", p.PayURL, strings.NewReader(fill("4242424242424242").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 403 || c.only().Phase != bank.Open {
		t.Errorf("from another site: %s, %+v", res.Status, c.only())
	}
	if _, page := c.walk("GET", c.site.URL+"/", nil); strings.Contains(page, strings.TrimPrefix(p.PayURL, c.site.URL)) || !strings.Contains(page, "1042") {
		t.Error("the ledger lacks the order, or shows the secret address of its page")
	}
}

func TestPage_languages(t *testing.T) {
	c := open(t, bank.Options{})
	for i, tt := range []struct{ locale, want string }{{"de", "Mit Karte zahlen"}, {"de-AT", "20,00"}, {"fr", "Pay by card"}, {"", "Pay by card"}} {
		o := c.order("", "")
		o["locale"], o["reference"] = tt.locale, "pay"
		status, v := c.call("POST", "/v1/payments", string(rune('a'+i)), o)
		if status != 200 {
			t.Fatal(status, v)
		}
		if _, page := c.walk("GET", v["pay_url"].(string), nil); !strings.Contains(page, tt.want) {
			t.Errorf("%q: the page lacks %q", tt.locale, tt.want)
		}
	}
}

// Every text of the pages exists in every language, and both languages have
// the same ones.
func TestWords(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	ours := func(lang string) []string {
		return slices.DeleteFunc(catalog.Keys(lang), func(k string) bool { return !strings.HasPrefix(k, "bank.") })
	}
	if en, de := ours("en"), ours("de"); !slices.Equal(en, de) {
		t.Errorf("en %v, de %v", en, de)
	}
	for _, card := range bank.Cards() {
		if key := "bank.card." + string(card.Scenario); !catalog.Printer("en", nil).Has(key) {
			t.Errorf("no text for %s", key)
		}
	}
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	for _, to := range []string{p.PayURL, c.site.URL + "/", c.site.URL + "/nothing"} {
		if _, page := c.walk("GET", to, nil); strings.Contains(page, "bank.") {
			t.Errorf("%s shows a key", to)
		}
	}
}
