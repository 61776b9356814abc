package storefront

import (
	"cmp"
	"html"
	"net/http"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

// showCheckout draws the checkout for a bag: f is what was typed, more may add
// what happened.
func (s *Store) showCheckout(w http.ResponseWriter, r *http.Request, b cart.Bag, f form, status int, more func(*view.CheckoutPage)) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.checkout.title"))
	if err != nil {
		return err
	}
	page.Announcement = nil
	d := b.Cart.Details
	p := view.CheckoutPage{
		Page: page, Action: v.url("checkout"), RefreshURL: v.url("checkout", "draft"), BagURL: v.url("bag"),
		Hidden: []view.Hidden{
			{Name: "expected_total", Value: formatInt(int64(b.Quote.Total.Gross))},
			{Name: "cart_version", Value: formatInt(b.Cart.Version)},
		},
		Summary: v.bagSummary(b),
	}
	p.Contact = f.fill([]view.Field{{
		Name: "email", Label: v.P.T("storefront.field.email"), Help: v.P.T("storefront.field.email_help"), Type: "email", Value: d.Email,
		Required: true, MaxLength: 254, Autocomplete: "email",
	}})
	sent := f.sent && f.raw.Has("email") // a refusal of what could not even be read carries no fields
	if !v.Me.Known() {
		p.SignInURL = v.url("account", "sign-in") + "?next=" + v.url("checkout")
	}
	chosen := ""
	if v.Me.Known() {
		book, err := s.Accounts.Addresses(r.Context(), s.DB, v.Me.ID)
		if err != nil {
			return err
		}
		for _, a := range book {
			selected := chosen == "" && a.Address == d.Shipping
			if sent {
				selected = f.raw.Get("address") == a.ID
			}
			if selected {
				chosen = a.ID
			}
			p.Saved = append(p.Saved, view.SavedAddress{ID: a.ID, Lines: append(a.Address.Lines(), v.country(a.Address.Country)), Selected: selected})
		}
		if len(book) > 0 {
			p.Saved = append(p.Saved, view.SavedAddress{ID: newAddress, Lines: []string{v.P.T("storefront.checkout.new_address")}, Selected: chosen == ""})
		}
	}
	if chosen == "" {
		p.Delivery = s.addressFields(v, b, "shipping", f, d.Shipping)
	}
	same := d.SameBilling || d.Billing.IsZero() && d.Email == ""
	p.BillingSame = view.Field{Name: "billing_same", Label: v.P.T("storefront.checkout.billing_same"), Type: "checkbox", Value: "true", Checked: f.checked("billing_same", same), Refresh: true}
	if !p.BillingSame.Checked {
		p.Billing = s.addressFields(v, b, "billing", f, d.Billing)
	}
	p.ShippingProblem = f.faults["shipping_method"]
	for _, o := range b.Options {
		p.Shipping = append(p.Shipping, view.ShippingChoice{
			ID: o.ID, Name: v.text(o.Name), Window: v.window(o.Method, s.DB.Now()), Price: v.in(b, o.Price), Free: o.Free || o.Price == 0, Selected: o.ID == b.Chosen,
		})
	}
	if b.Refused != nil && p.ShippingProblem == "" && !b.Guessed {
		p.ShippingProblem = firstProblem(v, b.Refused)
	}
	p.PaymentProblem = f.faults["payment_method"]
	method := f.value("payment_method", b.Cart.PaymentMethod)
	for i, o := range s.Payments.Offered(b.Cart.Currency) {
		choice := view.PaymentChoice{ID: o.Code, Name: v.P.T(o.Name), Kind: payIcons[o.Icon], Selected: o.Code == method || method == "" && i == 0}
		if o.Help != "" {
			choice.Note = v.P.T(o.Help)
		}
		p.Payment = append(p.Payment, choice)
	}
	p.Note = f.fill([]view.Field{{Name: "note", Label: v.P.T("storefront.checkout.note"), Type: "textarea", Value: d.Note, MaxLength: 2000}})[0]
	if text := s.terms(r, v); text != "" {
		p.Terms = &view.Terms{Text: text, Field: f.fill([]view.Field{{Name: "terms", Type: "checkbox"}})[0]}
	}
	if err := s.summaryLines(r, v, b, &p); err != nil {
		return err
	}
	if more != nil {
		more(&p)
	}
	if err := s.seePrices(r.Context(), v, b); err != nil {
		return err
	}
	return s.show(w, r, status, "checkout", p)
}

// payIcons are the theme's names of what payment methods call their icons.
var payIcons = map[string]string{"card": "card", "bank": "transfer", "cash": "cash"}

func (s *Store) summaryLines(r *http.Request, v *Visit, b cart.Bag, p *view.CheckoutPage) error {
	sold := b.Sold()
	hashes := make([]string, len(sold))
	for i, item := range sold {
		hashes[i] = item.Image.Hash
	}
	pictures, err := s.byHash(r.Context(), v, hashes)
	if err != nil {
		return err
	}
	totals := lineTotals(b)
	for _, item := range sold {
		p.Lines = append(p.Lines, view.SummaryLine{
			Name: v.text(item.Name), Options: item.Label(v.lang, v.fallback()), SKU: item.SKU, Image: pictures[item.Image.Hash],
			Quantity: int(item.Quantity), Total: v.in(b, totals[item.LineID]),
		})
	}
	return nil
}

// addressFields are the inputs of an address as its country's post wants it.
func (s *Store) addressFields(v *Visit, b cart.Bag, prefix string, f form, stored market.Address) []view.Field {
	country := cmp.Or(f.value(prefix+".country", stored.Country), v.Shop.Home().Country)
	if !market.KnownCountry(country) {
		country = v.Shop.Home().Country
	}
	var countries []string
	if prefix == "shipping" {
		countries = served(v.Shop.Zones)
	} else {
		countries = market.Countries()
	}
	return v.addressForm(prefix+".", prefix, f, stored, country, countries)
}

// addressForm are the inputs of an address: names begin with prefix, browsers
// complete them as token ("shipping").
func (v *Visit) addressForm(prefix, token string, f form, stored market.Address, country string, countries []string) []view.Field {
	choose := view.Field{
		Name: prefix + "country", Label: v.P.T("address.country"), Type: "select", Value: country, Required: true, Refresh: true,
		Autocomplete: strings.TrimSpace(token + " country"), Options: v.countryChoices(countries),
	}
	fields := []view.Field{choose}
	values := map[string]string{
		"name": stored.Name, "company": stored.Company, "line1": stored.Line1, "line2": stored.Line2, "city": stored.City,
		"region": stored.Region, "postcode": stored.Postcode, "phone": stored.Phone,
	}
	for _, in := range market.FormOf(country).Fields {
		field := view.Field{
			Name: prefix + in.Name, Label: v.P.T(in.Label), Type: "text", Value: values[in.Name], Required: in.Required,
			MaxLength: in.Max, Autocomplete: strings.TrimSpace(token + " " + in.Autocomplete), Size: sizes[in.Name],
		}
		if in.Digits {
			field.InputMode = "numeric"
		}
		if in.Name == "phone" {
			field.Type = "tel"
			// The carrier calls where the goods go; nobody calls where the bill goes.
			if prefix != "billing." {
				field.Help = v.P.T("storefront.field.phone_help")
			}
		}
		if in.Regions != nil {
			field.Type = "select"
			field.Options = append(field.Options, view.Choice{})
			for _, region := range in.Regions {
				field.Options = append(field.Options, view.Choice{Value: region.Code, Label: region.Name})
			}
		}
		fields = append(fields, field)
	}
	fields = f.fill(fields)
	// A form that was sent for another country still shows the one asked for.
	fields[0].Value = country
	for i := range fields[0].Options {
		fields[0].Options[i].Selected = fields[0].Options[i].Value == country
	}
	for i, field := range fields {
		if field.Type == "select" && !f.sent {
			for j := range field.Options {
				fields[i].Options[j].Selected = field.Options[j].Value == field.Value
			}
		}
	}
	return fields
}

// sizes are the widths of an address's inputs.
var sizes = map[string]string{"postcode": "third", "city": "two-thirds"}

func (v *Visit) countryChoices(codes []string) []view.Choice {
	choices := make([]view.Choice, 0, len(codes))
	for _, code := range codes {
		choices = append(choices, view.Choice{Value: code, Label: v.country(code)})
	}
	locale.Sort(v.P, choices, func(c view.Choice) string { return c.Label })
	return choices
}

// served lists the countries that the shop delivers to.
func served(zones []shipping.Zone) []string {
	seen := make(map[string]bool)
	for _, z := range zones {
		if !slices.ContainsFunc(z.Methods, func(m shipping.Method) bool { return m.Active }) {
			continue
		}
		for _, p := range z.Places {
			if p.Country == shipping.Everywhere {
				return market.Countries()
			}
			seen[p.Country] = true
		}
	}
	var list []string
	for _, code := range market.Countries() {
		if seen[code] {
			list = append(list, code)
		}
	}
	return list
}

// terms is the sentence that is agreed to, its nouns leading to the pages they
// name; "" when the shop has none of them.
func (s *Store) terms(r *http.Request, v *Visit) theme.HTML {
	var swap, rest []string
	terms := ""
	for _, part := range []struct{ name, code string }{{"terms", "terms"}, {"withdrawal", "returns"}, {"privacy", "privacy"}} {
		page, err := s.Content.ByCode(r.Context(), part.code)
		if err != nil {
			continue
		}
		mark := "\x01" + part.name + "\x02"
		if part.name == "terms" {
			terms = mark
		} else {
			rest = append(rest, mark)
		}
		words := html.EscapeString(v.P.T("storefront.checkout." + part.name + "_noun"))
		swap = append(swap, mark, `<a href="`+html.EscapeString(v.pageURL(page))+`" target="_blank">`+words+`</a>`)
	}
	others := strings.Join(rest, "")
	if len(rest) == 2 {
		others = v.P.T("storefront.checkout.terms_both", "one", rest[0], "other", rest[1])
	}
	said := ""
	switch {
	case terms != "" && others != "":
		said = v.P.T("storefront.checkout.terms", "terms", terms, "rest", others)
	case terms != "":
		said = v.P.T("storefront.checkout.terms_only", "terms", terms)
	case others != "":
		said = v.P.T("storefront.checkout.terms_rest", "rest", others)
	}
	return theme.HTML(strings.NewReplacer(swap...).Replace(html.EscapeString(said)))
}
