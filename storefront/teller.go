package storefront

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

// Teller tells of the shop and its orders outside of any request: in letters.
// Every address it gives is absolute and begins with the configured one,
// whatever address anybody used to ask.
type Teller struct{ v *Visit }

// Tell returns a teller in a language, or in the shop's first one when the
// shop does not speak it.
func (s *Store) Tell(ctx context.Context, lang string) *Teller {
	if speaks := s.languages(ctx); !slices.Contains(speaks, lang) {
		lang = speaks[0]
	}
	shop := s.Market.Current(ctx)
	return &Teller{&Visit{store: s, lang: lang, Shop: shop, Market: shop.Default(), P: s.Words.Printer(lang, shop.Shop.Location())}}
}

// Printer writes in the teller's language and the shop's time zone.
func (t *Teller) Printer() *locale.Printer { return t.v.P }

// URL is an absolute address: URL("account", "sign-in").
func (t *Teller) URL(parts ...string) string { return t.absolute(t.v.url(parts...)) }

func (t *Teller) absolute(path string) string { return t.v.store.Base + path }

// Shop is who writes.
func (t *Teller) Shop() view.Shop {
	shop := t.v.shop()
	shop.HomeURL = t.absolute(shop.HomeURL)
	return shop
}

// Order tells the buyer everything about an order; nothing is masked.
func (t *Teller) Order(ctx context.Context, o order.Order) (view.Order, error) {
	out, err := t.v.store.viewOrder(ctx, t.v, o, true)
	out.URL, out.ContactURL, out.CancelURL = t.absolute(out.URL), t.absolute(out.ContactURL), ""
	for i := range out.Lines {
		out.Lines[i].Image = nil // letters have no pictures
	}
	out.Name, out.Note = inert(out.Name), inert(out.Note)
	for _, lines := range [][]string{out.Delivery, out.Billing} {
		for i := range lines {
			lines[i] = inert(lines[i])
		}
	}
	return out, err
}

var linkish = regexp.MustCompile(`(\pL|\pN)\.(\pL|\pN)|:/|@`)

// inert makes what a shopper typed look the same and be no link: mail programs
// turn whatever resembles an address into one, and anybody may order in
// anybody's name (threat T86).
func inert(s string) string {
	return linkish.ReplaceAllStringFunc(s, func(m string) string {
		i := strings.IndexAny(m, ".:@") + 1
		return m[:i] + "\u200b" + m[i:]
	})
}

// Parcel tells of one of an order's shipments. lines are the order's.
func (t *Teller) Parcel(o order.Order, lines []view.SummaryLine, sh order.Shipment) view.Parcel {
	return t.v.parcel(o, lines, sh)
}

// Refund tells of money given back. lines are the order's.
func (t *Teller) Refund(o order.Order, lines []view.SummaryLine, r order.Refund) view.Refund {
	in := func(m money.Minor) money.Money { return money.Money{Amount: m, Currency: o.Currency} }
	out := view.Refund{At: r.UpdatedAt, Amount: in(r.Amount), To: t.v.P.T("mail.refund.to", "method", t.v.store.methodName(t.v, o)), Summary: t.v.refundSummary(o, r)}
	for _, part := range r.Lines {
		for i, l := range o.Lines {
			if l.ID == part.LineID && part.Quantity > 0 {
				line := lines[i]
				line.Quantity, line.Total = int(part.Quantity), in(o.Listed(part.Amounts()))
				out.Lines = append(out.Lines, line)
			}
		}
	}
	return out
}

// Agreement is what an order's buyer agreed to and may do: the shop's pages
// with these codes, one below the other, as HTML and as text. Pages that do
// not exist are left out.
func (t *Teller) Agreement(ctx context.Context, codes ...string) (theme.HTML, string, error) {
	var markup, text strings.Builder
	for _, code := range codes {
		page, err := t.v.store.Content.ByCode(ctx, code)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", "", err
		}
		title, body := t.v.text(page.Title), t.v.text(page.Body)
		markup.WriteString(string(t.v.store.Content.HTML("## " + title + "\n\n" + body)))
		text.WriteString(title + "\n\n" + body + "\n\n")
	}
	whole := strings.ReplaceAll(markup.String(), `href="/`, `href="`+t.v.store.Base+`/`)
	return theme.HTML(whole), strings.TrimSpace(text.String()), nil
}
