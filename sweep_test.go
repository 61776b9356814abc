package stoa_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/guard/policy"
)

// aForm is a form of a page, as it would be sent untouched.
type aForm struct {
	values url.Values
	typed  []string // inputs that a person types into or chooses
	whole  []string // those of them that take a whole number
	many   bool     // multipart
}

// forms lists the forms of a page that change something, by their action.
func forms(page string) map[string]aForm {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	all := make(map[string]aForm)
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attr(n, "method"), "post") {
			continue
		}
		f := aForm{values: url.Values{}, many: attr(n, "enctype") == "multipart/form-data"}
		for in := range n.Descendants() {
			name, kind := attr(in, "name"), attr(in, "type")
			if owner := attr(in, "form"); owner != "" && owner != attr(n, "id") {
				continue // sent with another form, or with none
			}
			if in.Type != html.ElementNode || name == "" || !slices.Contains([]string{"input", "select", "textarea"}, in.Data) {
				continue
			}
			switch {
			case kind == "hidden":
				f.values.Add(name, attr(in, "value"))
			case kind == "file", kind == "submit":
			default:
				f.values.Set(name, attr(in, "value"))
				if !slices.Contains(f.typed, name) {
					f.typed = append(f.typed, name)
					if kind == "number" || attr(in, "inputmode") == "numeric" {
						f.whole = append(f.whole, name)
					}
				}
			}
		}
		if action, _, _ := strings.Cut(attr(n, "action"), "?"); action != "" {
			if old, twice := all[action]; !twice || len(old.typed) < len(f.typed) {
				all[action] = f
			}
		}
	}
	return all
}

// keptInBag is what an order form that cannot be taken yet changes: the bag
// keeps the address that was typed.
var keptInBag = regexp.MustCompile(`^- cart .*\n\+ cart .*\n$`)

// everyFormRefusesNonsense sends every address of the shop and the office that
// takes a form what no page sends. The forms are those that the pages draw, so
// that every input is met by its name. Nothing is our mistake, what no form has
// is refused, and a refusal leaves every table as it was.
func (w *world) everyFormRefusesNonsense(t *testing.T) {
	w.t = t
	found := make(map[string]aForm) // by the pattern of the route it is sent to
	patterns := make(map[string]*regexp.Regexp)
	for _, r := range w.routes {
		if r.Method == http.MethodPost && !strings.HasPrefix(r.Pattern, "/api/") {
			patterns[r.Pattern] = regexp.MustCompile("^" + regexp.MustCompile(`\\\{[a-z.]+\\\}`).ReplaceAllString(regexp.QuoteMeta(r.Pattern), `[^/]+`) + "$")
		}
	}
	dressed := func(req *http.Request, r policy.Route) *http.Request {
		who := "anonymous"
		switch {
		case r.Who&policy.Staff != 0:
			who = "owner"
		case r.Who&policy.Customer != 0, r.Owner == policy.OwnCart, r.Owner == policy.SecretLink:
			who = "customer"
		}
		if a := w.as(who); a.Prepare != nil {
			a.Prepare(req)
		}
		return req
	}
	for _, r := range w.routes {
		if r.Method != http.MethodGet || strings.HasPrefix(r.Pattern, "/api/") {
			continue
		}
		for action, f := range forms(w.send(dressed(w.request(http.MethodGet, w.path(r, nil), "", ""), r)).text) {
			for pattern, re := range patterns {
				if re.MatchString(action) && len(f.typed) >= len(found[pattern].typed) {
					found[pattern] = f
				}
			}
		}
	}
	for pattern, inputs := range map[string]string{ // whose pages open with a secret that came by mail
		"/{lang}/account/reset/{token}": "password", "/{lang}/account/verify/{token}": "password", "/admin/setup/{token}": "name email password",
		"/{lang}/account/addresses/draft": "id name line1 postcode city country", "/{lang}/checkout/draft": "email shipping.name shipping.country shipping_method",
	} {
		f := aForm{values: url.Values{}, typed: strings.Fields(inputs)}
		for _, name := range f.typed {
			f.values.Set(name, "x")
		}
		found[pattern] = f
	}
	// Signing out ends what the others need.
	skip := []string{"/admin/session/end", "/{lang}/account/session/end", "/{lang}/account/sessions/end", "/admin/profile/sessions/end"}
	before, sent, refused, met, remade := w.books(), 0, 0, 0, 0
	for _, r := range w.routes {
		if patterns[r.Pattern] == nil || r.Method != http.MethodPost || slices.Contains(skip, r.Pattern) {
			continue
		}
		f, drawn := found[r.Pattern]
		if drawn && len(f.typed) > 0 {
			met++
		}
		// shown is what a page that has the form again must hold of what was
		// sent, beside a marked field; "" for what no field can be blamed for.
		send := func(what, kind, body, shown string, must bool) {
			t.Helper()
			a := w.send(dressed(w.request(http.MethodPost, w.path(r, nil), kind, body), r))
			sent++
			switch {
			case a.Code >= 500:
				t.Errorf("POST %s with %s: %d", r.Pattern, what, a.Code)
			case a.Code < 400 && must:
				t.Errorf("POST %s takes %s: %d %s", r.Pattern, what, a.Code, a.Header().Get("Location"))
			}
			after := w.books()
			wrote := difference(before, after)
			before = after
			if a.Code < 400 {
				return
			}
			refused++
			if wrote != "" && !(r.Pattern == "/{lang}/checkout" && keptInBag.MatchString(wrote)) {
				t.Errorf("POST %s with %s was refused and wrote\n%s", r.Pattern, what, wrote)
			}
			if again := drawn && slices.ContainsFunc(f.typed, func(name string) bool { return strings.Contains(a.text, `name="`+name+`"`) }); again && shown != "" && a.Code != http.StatusConflict {
				remade++
				if !strings.Contains(a.text, `aria-invalid="true"`) || !strings.Contains(a.text, shown) {
					t.Errorf("POST %s with %s: %d, and no field is marked, or what was typed is gone: %q", r.Pattern, what, a.Code, f.typed)
				}
			}
		}
		with := func(change func(v url.Values)) string {
			v := url.Values{}
			for name, all := range f.values {
				v[name] = slices.Clone(all)
			}
			change(v)
			return v.Encode()
		}
		each := func(value string) string {
			return with(func(v url.Values) {
				for _, name := range f.typed {
					v.Set(name, value)
				}
			})
		}
		hook := strings.HasPrefix(r.Pattern, "/webhooks/") // takes whatever its provider signs
		send("an unknown field", formType, with(func(v url.Values) { v.Set("surprise", "1") }), "", true)
		send("JSON", jsonType, `{"surprise":1}`, "", true)
		send("a broken form", formType, "a=%zz&%=&;", "", true)
		send("a broken multipart form", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf", "", true)
		send("a text", "text/plain", "surprise=1", "", true)
		send("a multipart form without a boundary", "multipart/form-data", "", "", true)
		if len(f.typed) > 0 && !hook {
			send("bytes that are no text", formType, each("a\xff\xfeb"), " ", true)
			send("control characters", formType, each("a\x00b"), " ", true)
			if strings.HasSuffix(r.Pattern, "/deletion") || strings.HasSuffix(r.Pattern, "/erasure") {
				continue // what else it may take takes things away that the others need
			}
			send("every field twice", formType, with(func(v url.Values) {
				for _, name := range f.typed {
					v[name] = append(v[name], v[name]...)
				}
			}), "", false) // a list may hold one thing twice
			if len(f.whole) > 0 {
				send("fractions", formType, with(func(v url.Values) {
					for _, name := range f.whole {
						v.Set(name, "1.5")
					}
				}), `"1.5"`, true)
			}
			marked := ""
			if len(f.whole) > 0 {
				marked = " "
			}
			send("huge numbers", formType, each("99999999999999999999999999"), marked, false)
			send("negative numbers", formType, each("-1"), marked, false)
			send("nothing", formType, with(func(v url.Values) {
				for _, name := range f.typed {
					v.Del(name)
				}
			}), "", false) // where everything may be left out, that is an answer
			send("far too much", formType, each(strings.Repeat("9", 300_000)), "", true)
		}
	}
	if met < 56 || sent < 900 || refused < sent*9/10 {
		t.Errorf("only %d forms were met; of %d requests %d were refused", met, sent, refused)
	}
	t.Logf("%d forms, %d requests, %d refused, %d shown again", met, sent, refused, remade)
}
