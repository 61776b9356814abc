package storefront

import (
	"context"
	"net/http"
	"net/url"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

func (s *Store) bagRoutes() []policy.Route {
	return []policy.Route{
		get("bag", "/bag", policy.OwnCart, s.bagPage),
		post("bag.add", "/bag/lines", policy.OwnCart, s.addToBag),
		post("bag.line", "/bag/lines/{line}", policy.OwnCart, s.setLine),
		post("bag.line.remove", "/bag/lines/{line}/removal", policy.OwnCart, s.removeLine),
		get("checkout", "/checkout", policy.OwnCart, s.checkoutPage),
		post("checkout.place", "/checkout", policy.OwnCart, s.place),
		post("checkout.draft", "/checkout/draft", policy.OwnCart, s.checkoutDraft),
	}
}

// bagPage shows the bag, as a page or as the drawer.
func (s *Store) bagPage(w http.ResponseWriter, r *http.Request) error {
	return s.showBag(w, r, http.StatusOK, "", "", nil)
}

// showBag draws the bag as it stands now. line is the one that was just put in
// or, with refused, to which something could not be done; typed is the quantity
// that was asked for then. All three may be nothing.
func (s *Store) showBag(w http.ResponseWriter, r *http.Request, status int, line, typed string, refused error) error {
	v := s.visit(r)
	b, err := s.Carts.Bag(r.Context(), s.DB, v.owner(r), v.lang, s.DB.Now())
	if err != nil {
		return err
	}
	out, err := s.viewBag(r.Context(), v, b)
	if err != nil {
		return err
	}
	for i := range out.Lines {
		if out.Lines[i].ID != line {
			continue
		}
		if refused != nil {
			out.Lines[i].Problem, out.Lines[i].Typed = firstProblem(v, refused), typed
		} else {
			out.Added = &out.Lines[i]
		}
	}
	if err := s.seePrices(r.Context(), v, b); err != nil {
		return err
	}
	switch {
	case wants(r, "drawer"):
		return s.fragment(w, r, status, "drawer", out)
	case wants(r, "bag"):
		return s.fragment(w, r, status, "bag", out)
	}
	page, err := s.private(r, v.P.T("storefront.bag.label"))
	if err != nil {
		return err
	}
	page.Bag.Count = out.Count
	p := view.BagPage{Page: page, Bag: out}
	if len(out.Lines) == 0 {
		p.Suggested = s.newest(v, 4)
	}
	return s.show(w, r, status, "bag", p)
}

// seePrices notes that the shopper has been told of prices that moved, so
// that they are pointed out once.
func (s *Store) seePrices(ctx context.Context, v *Visit, b cart.Bag) error {
	moved := false
	for _, i := range b.Items {
		moved = moved || i.Changed()
	}
	if !moved {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.Carts.SeePrices(ctx, tx, b) })
}

// addToBag puts a variant into the bag. With the script the drawer answers,
// without it the bag's page. A second click adds another piece: the page it is
// sent from is shared by everybody and can carry no key of its own.
func (s *Store) addToBag(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Variant  string `form:"variant" required:"true" max:"40"`
		Quantity int64  `form:"quantity"`
	}](r, formLimits())
	if err != nil {
		return s.refuseAdding(w, r, raw, err)
	}
	owner := v.owner(r)
	var added cart.Added
	err = s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		var err error
		added, err = s.Carts.Add(ctx, tx, owner, in.Variant, in.Quantity, v.lang)
		return err
	})
	if err != nil {
		return s.refuseAdding(w, r, raw, err)
	}
	if added.Token != "" {
		s.Cookies.Set(w, cartCookie, added.Token, cart.Lifetime)
		v.cart = added.Token
	}
	if !wants(r, "drawer") {
		http.Redirect(w, r, v.url("bag"), http.StatusSeeOther)
		return nil
	}
	return s.showBag(w, r, http.StatusOK, added.Item.LineID, "", nil)
}

// refuseAdding shows the product again with what is wrong, or the bag when the
// product is not to be seen any more.
func (s *Store) refuseAdding(w http.ResponseWriter, r *http.Request, raw web.Raw, cause error) error {
	v, variant := s.visit(r), raw.Get("variant")
	if !correctable(cause) || variant == "" {
		return cause
	}
	lines, err := s.Catalog.Lines(r.Context(), s.DB, v.Market.PriceListID, []string{variant})
	if err != nil || lines[variant] == nil {
		return cause
	}
	found, err := s.Catalog.ProductPage(r.Context(), v.lang, v.Market.PriceListID, v.text(lines[variant].Slugs))
	if err != nil || found.Page == nil {
		return cause
	}
	r = r.Clone(r.Context())
	r.URL = &url.URL{Path: v.url("p", v.text(lines[variant].Slugs)), RawQuery: url.Values{"variant": {variant}}.Encode()}
	return s.showProduct(w, r, found.Page, web.Status(cause), raw.Get("quantity"), cause)
}

// setLine sets a line's quantity; 0 takes it out. The same again changes
// nothing.
func (s *Store) setLine(w http.ResponseWriter, r *http.Request) error {
	in, raw, err := web.DecodeForm[struct {
		Quantity int64 `form:"quantity" min:"0" required:"true"`
	}](r, formLimits())
	if err == nil {
		err = s.changeLine(r, in.Quantity)
	}
	return s.lineChanged(w, r, raw.Get("quantity"), err)
}

// removeLine takes a line out. One that is gone is no error.
func (s *Store) removeLine(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	err := s.changeLine(r, 0)
	if fault.Reason(err) == "cart.unknown_line" || fault.Reason(err) == "cart.not_found" {
		err = nil
	}
	return s.lineChanged(w, r, "", err)
}

func (s *Store) changeLine(r *http.Request, n int64) error {
	v := s.visit(r)
	owner, line := v.owner(r), r.PathValue("line")
	return s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return s.Carts.SetQuantity(ctx, tx, owner, line, n, v.lang)
	})
}

// lineChanged answers a change of a line, or its refusal with the quantity
// that was typed.
func (s *Store) lineChanged(w http.ResponseWriter, r *http.Request, typed string, err error) error {
	switch {
	case err != nil && !correctable(err):
		return err
	case err != nil:
		return s.showBag(w, r, web.Status(err), r.PathValue("line"), typed, err)
	case wants(r, "bag") || wants(r, "drawer"):
		return s.showBag(w, r, http.StatusOK, "", "", nil)
	}
	http.Redirect(w, r, s.visit(r).url("bag"), http.StatusSeeOther)
	return nil
}

// firstProblem is the first thing that is wrong, in words.
func firstProblem(v *Visit, err error) string {
	f := fault.From(err)
	for _, field := range f.Fields {
		return v.P.Field(field)
	}
	return v.P.Fault(f)
}

// viewBag tells what is in a bag and what it costs.
func (s *Store) viewBag(ctx context.Context, v *Visit, b cart.Bag) (view.BagContent, error) {
	out := view.BagContent{
		URL: v.url("bag"), CheckoutURL: v.url("checkout"), ContinueURL: v.url(),
		Count: int(b.Quantity()), Summary: v.bagSummary(b),
	}
	hashes := make([]string, len(b.Items))
	for i, item := range b.Items {
		hashes[i] = item.Image.Hash
	}
	pictures, err := s.byHash(ctx, v, hashes)
	if err != nil {
		return out, err
	}
	totals := lineTotals(b)
	for _, item := range b.Items {
		line := view.BagLine{
			ID: item.LineID, Name: v.text(item.Name), Options: item.Label(v.lang, v.fallback()), Image: pictures[item.Image.Hash],
			Unit: v.in(b, item.Unit), Total: v.in(b, totals[item.LineID]), Quantity: int(item.Quantity), Max: int(v.Shop.Shop.MaxPerLine),
			UpdateURL: v.url("bag", "lines", item.LineID), RemoveURL: v.url("bag", "lines", item.LineID, "removal"),
		}
		if item.Sold && item.Slug != "" {
			line.URL = v.url("p", item.Slug) + "?" + url.Values{"variant": {item.VariantID}}.Encode()
		}
		for _, p := range b.Problems {
			if p.LineID != item.LineID {
				continue
			}
			if p.Blocks {
				line.Problem = v.P.T(p.Reason, p.Params...)
				out.Blocked = v.P.T("storefront.bag.blocked")
			} else {
				line.Note = v.P.T("storefront.bag.price_changed", p.Params...)
			}
		}
		out.Lines = append(out.Lines, line)
	}
	if meter, ok := shipping.FreeMeter(s.Carts.Rules(b.Cart.MarketID).Zones, b.To, b.Parcel); ok && len(b.Items) > 0 {
		out.FreeFrom = &view.FreeShipping{Reached: meter.Reached(), Missing: v.in(b, meter.Missing), Percent: meter.Percent}
	}
	return out, nil
}

// in is an amount in a bag's currency.
func (v *Visit) in(b cart.Bag, m money.Minor) money.Money {
	return money.Money{Amount: m, Currency: b.Cart.Currency}
}

// lineTotals are what the lines cost as listed, after discounts.
func lineTotals(b cart.Bag) map[string]money.Minor {
	totals := make(map[string]money.Minor, len(b.Quote.Lines))
	for _, l := range b.Quote.Lines {
		totals[l.ID] = l.Total.Net
		if b.Quote.Basis.IncludesTax() {
			totals[l.ID] = l.Total.Gross
		}
	}
	return totals
}

// bagSummary is the sum of a bag. The delivery is that to the address that is
// known, else to the shop's home, and says so.
func (v *Visit) bagSummary(b cart.Bag) view.Summary {
	q := b.Quote
	sum := view.Summary{Total: v.in(b, q.Total.Gross), TaxIncluded: q.Basis.IncludesTax(), Estimated: b.Guessed}
	row := func(label string, m money.Minor) {
		sum.Rows = append(sum.Rows, view.SummaryRow{Label: label, Amount: v.in(b, m)})
	}
	row(v.P.T("storefront.summary.goods"), q.Subtotal)
	if q.Discount > 0 {
		row(v.P.T("storefront.summary.discount"), -q.Discount)
	}
	label := v.P.T("storefront.summary.delivery")
	if b.Guessed {
		label = v.P.T("storefront.summary.delivery_to", "country", v.country(b.To.Country))
	}
	if q.Shipping == nil {
		sum.Rows = append(sum.Rows, view.SummaryRow{Label: v.P.T("storefront.summary.delivery"), Amount: v.in(b, 0), Note: v.P.T("storefront.summary.at_checkout")})
		sum.Estimated = true
	} else {
		row(label, listed(sum.TaxIncluded, q.Shipping.Total.Gross, q.Shipping.Total.Net))
		sum.Rows[len(sum.Rows)-1].Free = q.Shipping.Total.Gross == 0
	}
	for _, t := range q.Taxes {
		if sum.TaxIncluded && t.Total.Tax > 0 {
			sum.Taxes = append(sum.Taxes, view.TaxRow{Name: tax.Title(t.Name, v.P), Rate: t.Rate, Amount: v.in(b, t.Total.Tax)})
		} else if t.Total.Tax > 0 {
			row(v.P.T("storefront.summary.tax", "name", tax.Title(t.Name, v.P), "rate", v.P.Percent(t.Rate)), t.Total.Tax)
		}
	}
	return sum
}

func listed(gross bool, with, without money.Minor) money.Minor {
	if gross {
		return with
	}
	return without
}
