package screen_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/platform/db"
)

// ids are what differs between two addresses of one screen.
var ids = regexp.MustCompile(`\b[a-z]+_[0-9a-z]{26}|/orders/\d+|/payments/[a-z_.]+`)

// crawl follows every link of the office once a screen and returns the
// addresses.
func crawl(b *browser) []string {
	seen := map[string]bool{"/admin": true}
	pages := []string{"/admin"}
	for i := 0; i < len(pages); i++ {
		b.get(pages[i])
		if b.status != http.StatusOK {
			b.h.t.Errorf("a link leads to %s: %d", pages[i], b.status)
		}
		b.find(func(n *html.Node) bool {
			href, _, _ := strings.Cut(attr(n, "href"), "#")
			path, query, _ := strings.Cut(href, "?")
			if n.Data != "a" || !strings.HasPrefix(path, "/admin") || strings.Contains(path, "/link/") || strings.HasSuffix(path, "/body") {
				return false
			}
			screen := ids.ReplaceAllString(path, "*")
			if strings.Contains(query, "owner=") {
				screen += query
			}
			if !seen[screen] {
				seen[screen] = true
				pages = append(pages, href)
			}
			return false
		})
	}
	return pages
}

// input is something a person types into.
type input struct{ id, name, mode string }

// typed lists the inputs of a form into which text or a number is typed.
func typed(form *html.Node, doc *html.Node) (list []input) {
	var visit func(n *html.Node, inside bool)
	visit = func(n *html.Node, inside bool) {
		inside = inside || n == form
		if n.Type == html.ElementNode && attr(n, "name") != "" && !has(n, "disabled") && inside && attr(n, "form") == "" {
			kind := attr(n, "type")
			if n.Data == "textarea" || (n.Data == "input" && slices.Contains([]string{"text", "email", "tel", "url", "date", "datetime-local"}, kind)) {
				list = append(list, input{attr(n, "id"), attr(n, "name"), attr(n, "inputmode")})
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c, inside)
		}
	}
	visit(doc, false)
	return list
}

// TestOffice_everyFormRefusesNonsense sends every form of the office what no
// person types: each is refused at the field, what was typed stays, and
// nothing is written.
func TestOffice_everyFormRefusesNonsense(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		for _, owner := range []string{"product", "variant", "category", "customer", "order"} {
			b.get("/admin/settings/fields/new?owner="+owner).submit("/admin/settings/fields", "name.en", "Volume", "code", "volume", "kind", "number").ok("Saved.")
		}
		product, variant := h.product(b, "Kettle", "KET-1", "49", "10")
		b.get("/admin/categories/new").submit("/admin/categories", "name.en", "Kitchen").ok("Saved.")
		b.get("/admin/collections/new").submit("/admin/collections", "name.en", "Breakfast", "kind", "manual").ok("Saved.")
		collection := strings.Split(b.at, "?")[0]
		b.get(collection+"/products").submit(collection+"/products", "+id", product).ok("1 product added.")
		o := h.order(map[string]int64{variant: 2})
		b.get("/admin/orders/" + o.PublicNumber()).submit("/admin/orders/" + o.PublicNumber() + "/payments").ok()
		if _, err := h.shop.Customers.SignUp(t.Context(), customer.Newcomer{Name: "Ada Byron", Email: "ada@example.com", Password: "a difference engine", Locale: "en"}, customer.Visit{}); err != nil {
			t.Fatal(err)
		}
		if err := h.shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := h.shop.Content.Send(ctx, tx, content.Message{Name: "Ada", Email: "ada@example.com", Text: "Hello", Lang: "en"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.work()

		done := map[string]bool{"/admin/session/end": true} // signing out never fails
		forms := 0
		for _, page := range crawl(b) {
			b.get(page)
			var actions []string
			b.find(func(n *html.Node) bool {
				if n.Data == "form" && attr(n, "method") == "post" {
					actions = append(actions, attr(n, "action"))
				}
				return false
			})
			for _, action := range actions {
				if key := ids.ReplaceAllString(action, "*"); !done[key] {
					done[key] = true
					forms++
					h.abuse(b, page, action)
				}
			}
		}
		if forms < 40 {
			t.Errorf("only %d forms were found", forms)
		}
		t.Log(forms, "forms")
	})
}

// abuse sends one form everything that is wrong.
func (h *house) abuse(b *browser, page, action string) {
	h.t.Helper()
	b.get(page)
	here := func(n *html.Node) bool {
		return n.Data == "form" && attr(n, "method") == "post" && attr(n, "action") == action
	}
	form := b.find(here)
	values, inputs := b.fields(form), typed(form, b.doc)
	multipart := attr(form, "enctype") == "multipart/form-data"
	before := h.changes()
	send := func(what string, bad url.Values) {
		h.t.Helper()
		if multipart {
			b.send(action, bad, nil)
		} else {
			b.post(action, bad)
		}
		if b.status >= 500 || b.status < 400 {
			h.t.Errorf("%s: %s answers %d: %q", action, what, b.status, b.faults())
		}
		if n := h.changes(); n != before {
			h.t.Errorf("%s: %s wrote %d changes", action, what, n-before)
			before = n
		}
	}
	at := func(what string, wanted []input) {
		h.t.Helper()
		for _, in := range wanted {
			if b.find(func(n *html.Node) bool { return attr(n, "id") == in.id+"-fault" }) == nil {
				h.t.Errorf("%s: %s is not told at %s: %q", action, what, in.name, b.faults())
			}
		}
	}
	kept := func(what string, bad url.Values, wanted []input) {
		h.t.Helper()
		for _, in := range wanted {
			if got := b.value(in.name); got != bad.Get(in.name) {
				h.t.Errorf("%s: after %s %s shows %.40q, typed was %.40q", action, what, in.name, got, bad.Get(in.name))
			}
		}
	}
	with := func(list []input, value string) url.Values {
		bad := url.Values{}
		for name, all := range values {
			bad[name] = slices.Clone(all)
		}
		for _, in := range list {
			bad.Set(in.name, value)
		}
		return bad
	}
	unknown := with(nil, "")
	unknown.Set("surprise", "1")
	send("an unknown field", unknown)
	if len(inputs) == 0 {
		return
	}
	kept("an unknown field", unknown, inputs)

	repeated := with(nil, "")
	for _, in := range inputs {
		repeated.Add(in.name, repeated.Get(in.name))
	}
	send("repeated fields", repeated)
	at("a repeated field", inputs)

	send("bytes that are no text", with(inputs, "a\xff\xfeb"))
	at("what is no text", inputs)

	long := with(inputs, string(bytes.Repeat([]byte("9"), 60_000)))
	send("huge values", long)
	at("a huge value", inputs)

	// What the decoder cannot know, such as the merchant's own fields, is told
	// once the rest is in order.
	later := func(in input) bool {
		return strings.Contains(in.name, "fields.") || strings.HasPrefix(in.name, "quantity.") || strings.HasPrefix(in.name, "cancel.")
	}
	var numbers, counts, laters []input
	for _, in := range inputs {
		switch {
		case in.name == "gtin":
		case in.mode != "" && later(in):
			laters = append(laters, in)
		case in.mode == "numeric":
			numbers, counts = append(numbers, in), append(counts, in)
		case in.mode == "decimal":
			numbers = append(numbers, in)
		}
	}
	if len(counts) > 0 {
		bad := with(counts, "1.5")
		send("fractions", bad)
		at("a fraction", counts)
		kept("a fraction", bad, counts)
	}
	for _, list := range [][]input{numbers, laters} {
		if len(list) > 0 {
			words := with(list, "some")
			send("words for numbers", words)
			at("a word for a number", list)
			kept("a word for a number", words, list)
		}
	}
	negative := slices.DeleteFunc(slices.Clone(numbers), func(in input) bool {
		return in.name == "change"
	})
	if len(negative) > 0 {
		bad := with(negative, "-7")
		send("negative numbers", bad)
		at("a negative number", negative)
		kept("a negative number", bad, negative)
	}
}
