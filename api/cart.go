package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// carts are the operations on the cart that the token, or the account, names.
func (a *API) carts(k *kit.API) {
	const tag = "cart"
	kit.Add(k, kit.Operation[languageIn, bag]{
		Name: "cart.get", Method: http.MethodGet, Path: "/cart", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart,
		Summary:     "Get the cart, priced now.",
		Description: "A token that opens no cart is answered with an empty one, whatever the reason.",
		Handler:     a.getCart,
	})
	kit.Add(k, kit.Operation[addLineIn, bag]{
		Name: "cart.add", Method: http.MethodPost, Path: "/cart/lines", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart, Once: true, Status: http.StatusCreated,
		Summary:     "Put units of a variant into the cart.",
		Description: "Makes a cart when there is none, and then tells its token: send it as Cart-Token from then on, because it is never told again. Units of a variant that is in the cart already are added to its line.",
		Tx:          a.addLine,
	})
	kit.Add(k, kit.Operation[setLineIn, bag]{
		Name: "cart.set", Method: http.MethodPatch, Path: "/cart/lines/{line}", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart,
		Summary: "Set how many units a line holds.",
		Tx: func(ctx context.Context, tx *db.Tx, in setLineIn) (bag, error) {
			return a.setLine(ctx, tx, in.languageIn, in.Line, in.Quantity)
		},
	})
	kit.Add(k, kit.Operation[removeLineIn, bag]{
		Name: "cart.remove", Method: http.MethodDelete, Path: "/cart/lines/{line}", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart,
		Summary: "Take a line out of the cart.",
		Tx: func(ctx context.Context, tx *db.Tx, in removeLineIn) (bag, error) {
			return a.setLine(ctx, tx, in.languageIn, in.Line, 0)
		},
	})
	kit.Add(k, kit.Operation[detailsIn, bag]{
		Name: "cart.details", Method: http.MethodPut, Path: "/cart/details", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart,
		Summary:     "Say who buys, where it goes, and how it is sent and paid.",
		Description: "Replaces all of it and keeps it as it is: what will not do is told in problems, each at its field; what is still missing, when the order is placed. The answer is priced for the destination.",
		Tx:          a.setDetails,
	})
}

// bag is a cart as it stands now.
type bag struct {
	Token       string                   `json:"cart_token,omitempty" doc:"Only in the answer that made a guest's cart."`
	Version     int64                    `json:"version" doc:"Grows with every change; send it when you place the order. 0 for a cart that nothing was ever put into."`
	Currency    string                   `json:"currency"`
	TaxIncluded bool                     `json:"prices_include_tax" doc:"Whether unit prices and the subtotal contain tax. The total always does."`
	Lines       kit.List[bagLine]        `json:"lines"`
	Units       int64                    `json:"units"`
	Subtotal    kit.Money                `json:"subtotal" doc:"Lines before discounts."`
	Discount    kit.Money                `json:"discount"`
	Shipping    *chosenShipping          `json:"shipping" doc:"null while there is nothing to send or no way to."`
	Taxes       kit.List[taxRow]         `json:"taxes"`
	Tax         kit.Money                `json:"tax"`
	Total       kit.Money                `json:"total" doc:"What there is to pay; send it as expected_total when you place the order."`
	Problems    kit.List[bagProblem]     `json:"problems"`
	Destination destination              `json:"destination" doc:"What the prices assume."`
	Options     kit.List[shippingOption] `json:"shipping_options"`
	Methods     kit.List[paymentMethod]  `json:"payment_methods"`
	Details     details                  `json:"details"`
}

type destination struct {
	Country  string `json:"country"`
	Region   string `json:"region,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Assumed  bool   `json:"assumed" doc:"true while no address is known and the shop's own country is taken."`
	Refused  string `json:"refused,omitempty" doc:"Why nothing can be sold there, in words; absent when it can."`
}

type bagLine struct {
	ID        string     `json:"id"`
	ProductID string     `json:"product_id"`
	VariantID string     `json:"variant_id"`
	Slug      string     `json:"slug"`
	SKU       string     `json:"sku"`
	Name      string     `json:"name"`
	Options   string     `json:"options" doc:"The chosen values: Black / 1.7 l."`
	Image     *picture   `json:"image,omitempty"`
	Quantity  int64      `json:"quantity"`
	Unit      *kit.Money `json:"unit_price" doc:"null when it is no longer sold."`
	CompareAt *kit.Money `json:"compare_at,omitempty"`
	Discount  *kit.Money `json:"discount,omitempty"`
	Total     *kit.Money `json:"total" doc:"After discounts, with tax; null when it is no longer sold."`
}

type bagProblem struct {
	Line   string                     `json:"line_id,omitempty" doc:"The line it is about; absent for details."`
	Field  string                     `json:"field,omitempty" doc:"The input of details it is about: shipping.postcode; absent for lines."`
	Reason string                     `json:"reason"`
	Detail string                     `json:"detail" doc:"The reason in one sentence."`
	Params map[string]json.RawMessage `json:"params,omitempty"`
	Blocks bool                       `json:"blocks" doc:"Whether the order cannot be placed with it."`
}

type taxRow struct {
	Name string    `json:"name"`
	Code string    `json:"code" doc:"Who collects it, or why nobody does."`
	Rate int64     `json:"rate" doc:"In parts per million: 190000 is 19 %."`
	Net  kit.Money `json:"net"`
	Tax  kit.Money `json:"tax"`
}

type chosenShipping struct {
	Method string    `json:"method_id"`
	Price  kit.Money `json:"price" doc:"Before discounts."`
	Total  kit.Money `json:"total" doc:"After discounts, with tax."`
}

type shippingOption struct {
	ID       string    `json:"id" doc:"Send it as shipping_method."`
	Code     string    `json:"code"`
	Name     string    `json:"name"`
	Price    kit.Money `json:"price"`
	Free     bool      `json:"free" doc:"Because the goods are worth enough."`
	Earliest string    `json:"earliest" doc:"The first day it may arrive if ordered now: 2026-11-26."`
	Latest   string    `json:"latest"`
	Chosen   bool      `json:"chosen"`
}

type paymentMethod struct {
	Code   string `json:"code" doc:"Send it as payment_method."`
	Name   string `json:"name"`
	Help   string `json:"help,omitempty"`
	Chosen bool   `json:"chosen"`
}

// details are what the shopper has said so far.
type details struct {
	Email          string  `json:"email" max:"254"`
	Shipping       address `json:"shipping"`
	SameBilling    bool    `json:"same_billing" doc:"true: the invoice goes where the parcel goes."`
	Billing        address `json:"billing"`
	Note           string  `json:"note" max:"2000" multiline:"true" doc:"For the shop."`
	ShippingMethod string  `json:"shipping_method" max:"40" doc:"id of a shipping option."`
	PaymentMethod  string  `json:"payment_method" max:"100" doc:"code of a payment method."`
}

func (d details) cart() cart.Details {
	return cart.Details{Email: d.Email, Shipping: d.Shipping.market(), SameBilling: d.SameBilling, Billing: d.Billing.market(), Note: d.Note}
}

func detailsOf(c cart.Cart) details {
	return details{
		Email: c.Details.Email, Shipping: addressOf(c.Details.Shipping), SameBilling: c.Details.SameBilling, Billing: addressOf(c.Details.Billing),
		Note: c.Details.Note, ShippingMethod: c.ShippingMethod, PaymentMethod: c.PaymentMethod,
	}
}

func (v visit) taxRows(rows []pricing.TaxRow, currency string) kit.List[taxRow] {
	return kit.Each(rows, func(t pricing.TaxRow) taxRow {
		return taxRow{t.Name, t.Code, int64(t.Rate), kit.Price(t.Total.Net, currency), kit.Price(t.Total.Tax, currency)}
	})
}

// bag writes a cart for its owner.
func (a *API) bag(v visit, b cart.Bag) (bag, error) {
	q, currency := b.Quote, b.Cart.Currency
	out := bag{
		Version: b.Cart.Version, Currency: currency, TaxIncluded: v.market.PricesIncludeTax, Units: b.Quantity(),
		Subtotal: kit.Price(q.Subtotal, currency), Discount: kit.Price(q.Discount, currency),
		Taxes: v.taxRows(q.Taxes, currency), Tax: kit.Price(q.Total.Tax, currency), Total: kit.Price(q.Total.Gross, currency),
		Destination: destination{Country: b.To.Country, Region: b.To.Region, Postcode: b.To.Postcode, Assumed: b.Guessed},
		Details:     detailsOf(b.Cart),
	}
	if b.Refused != nil {
		out.Destination.Refused = v.p.Fault(fault.From(b.Refused))
	}
	priced := make(map[string]pricing.QuotedLine, len(q.Lines))
	for _, l := range q.Lines {
		priced[l.ID] = l
	}
	for _, i := range b.Items {
		l := bagLine{
			ID: i.LineID, ProductID: i.ProductID, VariantID: i.VariantID, Slug: i.Slug, SKU: i.SKU, Name: v.text(i.Name), Options: i.Label(v.lang, v.fallback), Quantity: i.Quantity,
		}
		if i.Image.Hash != "" {
			p := v.picture(media.Media{Hash: i.Image.Hash, Width: int(i.Image.Width), Height: int(i.Image.Height), Colour: i.Image.Colour, Alt: i.Image.Alt})
			l.Image = &p
		}
		if p, ok := priced[i.LineID]; ok {
			unit, total := kit.Price(p.Unit, currency), kit.Price(p.Total.Gross, currency)
			l.Unit, l.Total, l.CompareAt, l.Discount = &unit, &total, some(p.CompareAt, currency), some(p.Discount, currency)
		}
		out.Lines = append(out.Lines, l)
	}
	for _, p := range b.Problems {
		out.Problems = append(out.Problems, bagProblem{p.LineID, "", p.Reason, v.say(p.Reason, p.Params), params(p.Params), p.Blocks})
	}
	wrong, err := a.Checkout.Wrong(b)
	if err != nil {
		return out, err
	}
	for _, f := range wrong {
		var list []any
		for _, name := range slices.Sorted(maps.Keys(f.Params)) {
			list = append(list, name, f.Params[name])
		}
		out.Problems = append(out.Problems, bagProblem{"", f.Path, f.Reason, v.p.Field(f), params(list), true})
	}
	if s := q.Shipping; s != nil {
		out.Shipping = &chosenShipping{s.MethodID, kit.Price(s.Price, currency), kit.Price(s.Total.Gross, currency)}
	}
	out.Options = kit.Each(b.Options, func(o shipping.Option) shippingOption {
		e := v.shop.Expect(a.DB.Now(), o.Method)
		return shippingOption{o.ID, o.Code, v.text(o.Name), kit.Price(o.Price, currency), o.Free, e.Earliest.Format("2006-01-02"), e.Latest.Format("2006-01-02"), o.ID == b.Chosen}
	})
	out.Methods = kit.Each(a.Payments.Offered(currency), func(o payment.Offer) paymentMethod {
		m := paymentMethod{Code: o.Code, Name: v.p.T(o.Name), Chosen: o.Code == b.Cart.PaymentMethod}
		if o.Help != "" {
			m.Help = v.p.T(o.Help)
		}
		return m
	})
	return out, nil
}

func (a *API) getCart(ctx context.Context, in languageIn) (bag, error) {
	v, err := a.visit(ctx, in)
	if err != nil {
		return bag{}, err
	}
	b, err := a.Carts.Bag(ctx, a.DB, owner(ctx), v.lang, a.DB.Now())
	if err != nil {
		return bag{}, err
	}
	return a.bag(v, b)
}

// changed answers a change with the cart as it is now. Whoever reads it has
// been shown its prices.
func (a *API) changed(ctx context.Context, tx *db.Tx, v visit, o cart.Owner) (bag, error) {
	b, err := a.Carts.Bag(ctx, tx, o, v.lang, tx.Now())
	if err != nil {
		return bag{}, err
	}
	out, err := a.bag(v, b)
	if err != nil {
		return out, err
	}
	return out, a.Carts.SeePrices(ctx, tx, b)
}

type addLineIn struct {
	languageIn
	VariantID string `json:"variant_id" required:"true" max:"40"`
	Quantity  int64  `json:"quantity" required:"true" min:"1" max:"1000000"`
}

func (a *API) addLine(ctx context.Context, tx *db.Tx, in addLineIn) (bag, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return bag{}, err
	}
	o := owner(ctx)
	added, err := a.Carts.Add(ctx, tx, o, in.VariantID, in.Quantity, v.lang)
	if err != nil {
		return bag{}, err
	}
	if o.CustomerID == "" && added.Token != "" {
		o.Token = added.Token
	}
	out, err := a.changed(ctx, tx, v, o)
	if o.CustomerID == "" {
		out.Token = added.Token
	}
	return out, err
}

type setLineIn struct {
	languageIn
	Line     string `path:"line" max:"40"`
	Quantity int64  `json:"quantity" required:"true" min:"0" max:"1000000" doc:"0 takes the line out."`
}

type removeLineIn struct {
	languageIn
	Line string `path:"line" max:"40"`
}

func (a *API) setLine(ctx context.Context, tx *db.Tx, in languageIn, line string, n int64) (bag, error) {
	v, err := a.visit(ctx, in)
	if err != nil {
		return bag{}, err
	}
	if err := a.Carts.SetQuantity(ctx, tx, owner(ctx), line, n, v.lang); err != nil {
		return bag{}, err
	}
	return a.changed(ctx, tx, v, owner(ctx))
}

type detailsIn struct {
	languageIn
	details
}

func (a *API) setDetails(ctx context.Context, tx *db.Tx, in detailsIn) (bag, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return bag{}, err
	}
	b, err := a.Carts.Lock(ctx, tx, owner(ctx), v.lang)
	if err != nil {
		return bag{}, err
	}
	if err := a.Carts.SetDetails(ctx, tx, &b, in.cart(), in.ShippingMethod, in.PaymentMethod, v.lang); err != nil {
		return bag{}, err
	}
	return a.changed(ctx, tx, v, owner(ctx))
}
