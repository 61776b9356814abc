package storefront

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

// Cookies of the storefront. Each holds a random secret and nothing else.
const (
	cartCookie    = "stoa_cart"
	sessionCookie = "stoa_session"
)

// Visit is who looks at the shop in a request, in which words and at which
// prices.
type Visit struct {
	P      *locale.Printer
	Shop   *market.Snapshot
	Market market.Market
	Me     policy.Identity
	Person customer.Customer // zero for a guest

	store *Store
	lang  string
	cart  string // secret of a cart that was made in this request
}

type visitKey struct{}

// visit returns the visit of a request.
func (s *Store) visit(r *http.Request) *Visit {
	v, _ := r.Context().Value(visitKey{}).(*Visit)
	if v == nil {
		v = &Visit{store: s}
	}
	if v.P == nil {
		v.Shop = s.Market.Current(r.Context())
		v.Market = v.Shop.Default()
		if v.lang == "" {
			v.lang = s.preferred(r)
		}
		v.P = s.Words.Printer(v.lang, v.Shop.Shop.Location())
	}
	return v
}

// preferred is the shop's language that a browser likes best.
func (s *Store) preferred(r *http.Request) string {
	speaks := s.languages(r.Context())
	if want := s.Words.Match(r.Header.Get("Accept-Language")); slices.Contains(speaks, want) {
		return want
	}
	return speaks[0]
}

// identify finds out who is asking. Shoppers without a session are guests.
func (s *Store) identify(r *http.Request) (policy.Identity, error) {
	token, ok := s.Cookies.Get(r, sessionCookie)
	if !ok {
		return policy.Identity{}, nil
	}
	me, person, err := s.Accounts.Identify(r.Context(), token)
	if err == nil {
		v := s.visit(r)
		v.Me, v.Person = me, person
	}
	return me, err
}

// askSignIn leads somebody to the sign-in page and back again.
func (s *Store) askSignIn(w http.ResponseWriter, r *http.Request) error {
	return policy.Redirect(s.visit(r).url("account", "sign-in"))(w, r)
}

// owner says whose bag a request is about.
func (v *Visit) owner(r *http.Request) cart.Owner {
	token := v.cart
	if token == "" {
		token, _ = v.store.Cookies.Get(r, cartCookie)
	}
	return cart.Owner{CustomerID: v.Me.ID, Token: token}
}

// actor is who the change log names for what a shopper does to an object.
func (v *Visit) actor(object string) audit.Actor {
	if v.Me.Known() {
		return audit.Customer(v.Me.ID)
	}
	return audit.Guest(object)
}

// url is an address in the visit's language: url("p", "kettle") is
// "/en/p/kettle"; without parts it is the home page.
func (v *Visit) url(parts ...string) string { return address(v.lang, parts...) }

func address(lang string, parts ...string) string {
	var b strings.Builder
	b.WriteByte('/')
	b.WriteString(lang)
	if len(parts) == 0 {
		b.WriteByte('/')
	}
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// text is what a merchant wrote, in the visit's language.
func (v *Visit) text(t locale.Text) string { return t.In(v.lang, v.fallback()) }

func (v *Visit) fallback() string { return v.store.Words.Languages()[0] }

// fields are values of the merchant's own fields, as pages write them.
func (v *Visit) fields(list []custom.Shown) (out view.Fields) {
	for _, s := range list {
		f := view.CustomField{Key: s.Field.Code, Label: v.text(s.Field.Name), Value: s.Field.Show(s.Value, v.P, v.fallback())}
		if s.Field.Kind == custom.Colour {
			f.Colour = s.Value.Code
		}
		out = append(out, f)
	}
	return out
}

// money is an amount in the market's currency.
func (v *Visit) money(m money.Minor) money.Money {
	return money.Money{Amount: m, Currency: v.Market.Currency}
}

func (v *Visit) country(code string) string { return v.P.T("country." + code) }

// alternate gives a page's path in another language, "" when it has none.
type alternate func(lang string) string

// page makes the frame of a page. title is for the tab; at names the page in
// other languages, nil when only the language in the path differs.
func (s *Store) page(r *http.Request, title string, at alternate) (view.Page, error) {
	v := s.visit(r)
	f, err := s.furniture.Get(r.Context())
	if err != nil {
		return view.Page{}, err
	}
	if at == nil {
		at = func(lang string) string {
			_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
			return "/" + lang + "/" + rest
		}
	}
	p := view.Page{
		Head:    view.Head{Title: title, Canonical: s.Base + at(v.lang)},
		Search:  view.SearchBox{URL: v.url("search"), SuggestURL: v.url("search", "suggestions")},
		Bag:     view.BagLink{URL: v.url("bag")},
		Account: view.AccountLinks{URL: v.url("account"), SignInURL: v.url("account", "sign-in"), SignUpURL: v.url("account", "sign-up"), SignOutURL: v.url("account", "session", "end")},
	}
	if err := s.stand(r, &p, ""); err != nil {
		return p, err
	}
	if p.Announcement, err = s.announcement(r.Context(), f, v); err != nil {
		return p, err
	}
	for _, lang := range s.languages(r.Context()) {
		to := at(lang)
		if to == "" {
			to = address(lang)
		} else {
			p.Head.Alternates = append(p.Head.Alternates, view.Alternate{Lang: lang, URL: s.Base + to})
		}
		p.Languages = append(p.Languages, view.Language{Tag: lang, Name: v.P.T("storefront.language." + lang), URL: to, Current: lang == v.lang})
	}
	if v.Me.Known() {
		p.Customer = &view.CustomerLink{Name: cmp.Or(v.Person.Name, v.Person.Email), Email: v.Person.Email}
	}
	if owner := v.owner(r); owner.CustomerID != "" || owner.Token != "" {
		n, err := s.Carts.Count(r.Context(), s.DB, owner, s.DB.Now())
		if err != nil {
			return p, err
		}
		p.Bag.Count = int(n)
	}
	if key := r.URL.Query().Get("done"); key != "" && len(key) < 40 && v.P.Has("storefront.done."+key) {
		p.Notices = append(p.Notices, view.Notice{Tone: view.Good, Text: v.P.T("storefront.done." + key)})
	}
	return p, nil
}

// private is page for what belongs to one person: never indexed.
func (s *Store) private(r *http.Request, title string) (view.Page, error) {
	p, err := s.page(r, title, nil)
	p.Head.NoIndex, p.Head.Canonical, p.Head.Alternates = true, "", nil
	return p, err
}

// shop is who sells, as every page tells it.
func (v *Visit) shop() view.Shop {
	shop := v.Shop.Shop
	lines := shop.Address.Lines()
	if shop.Address.Company == "" && shop.Address.Name == "" {
		lines = append([]string{shop.Name}, lines...)
	}
	return view.Shop{
		Name: shop.Name, HomeURL: v.url(), Email: shop.Email, Phone: shop.Phone, Address: lines,
		CopyrightYear: v.now().Year(),
	}
}

// now is this instant in the shop's zone.
func (v *Visit) now() time.Time { return v.store.DB.Now().In(v.P.Zone()) }

// formLimits are those of every form: a card number is typed at the payment
// provider only.
func formLimits() web.Limits { return web.Limits{NoCards: true} }

// form is what was typed into a form on its way back: the values as sent and
// what is wrong with each. The zero value is a form nobody has sent.
type form struct {
	raw    web.Raw
	sent   bool
	faults map[string]string
	note   string // what is wrong as a whole
}

// typed explains why a form was refused.
func (v *Visit) typed(raw web.Raw, err error) form {
	f := form{raw: raw, sent: true, faults: make(map[string]string)}
	if err == nil {
		return f
	}
	fault := faultOf(err)
	for _, field := range fault.Fields {
		if f.faults[field.Path] == "" {
			f.faults[field.Path] = v.P.Field(field)
		}
	}
	f.note = v.P.Fault(fault)
	return f
}

// value is what an input shows: what was sent, else what is stored.
func (f form) value(name, stored string) string {
	if f.sent {
		return f.raw.Get(name)
	}
	return stored
}

// fill completes inputs with what was typed and what is wrong with it.
func (f form) fill(fields []view.Field) []view.Field {
	for i := range fields {
		field := &fields[i]
		if f.sent && field.Type != "password" {
			field.Value = cmp.Or(f.raw.Get(field.Name), "")
		}
		if field.Type == "checkbox" {
			field.Checked, field.Value = f.checked(field.Name, field.Checked), "true"
		}
		field.Problem = f.faults[field.Name]
		for j := range field.Options {
			field.Options[j].Selected = field.Options[j].Value == field.Value
		}
	}
	return fields
}

func (f form) checked(name string, stored bool) bool {
	if f.sent {
		return f.raw.Has(name)
	}
	return stored
}
