package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

// orders are placing an order, and the order as its buyer sees it.
func (a *API) orders(k *kit.API) {
	const tag = "orders"
	kit.Add(k, kit.Operation[placeIn, placement]{
		Name: "orders.place", Method: http.MethodPost, Path: "/orders", Tag: tag, Who: policy.Guest, Owner: policy.OwnCart, Once: true, Status: http.StatusCreated, Body: 16 << 10,
		Summary: "Order what is in the cart.",
		Description: "Uses the details of the cart. Everything that is missing is told at once, each at its field. A total or a cart that is not the one last shown is a conflict, and nothing is charged. " +
			"Safe to send twice, with any key: a cart becomes one order. A refused payment is no fault: declined says why, and the cart can be ordered again.",
		Handler: a.place,
	})
	kit.Add(k, kit.Operation[orderIn, publicOrder]{
		Name: "orders.get", Method: http.MethodGet, Path: "/orders/{token}", Tag: tag, Who: policy.Guest, Owner: policy.SecretLink,
		Summary:     "Get an order by its token.",
		Description: "Names and addresses are masked unless its buyer is signed in.",
		Handler:     a.getOrder,
	})
	// Without a key: it brings what is known up to date and changes nothing
	// else, so an answer from memory would be the opposite of what is asked.
	kit.Add(k, kit.Operation[orderIn, publicOrder]{
		Name: "orders.payment.check", Method: http.MethodPost, Path: "/orders/{token}/payment/checks", Tag: tag, Who: policy.Guest, Owner: policy.SecretLink,
		Summary: "Ask the payment provider how the payment stands, after its page led back or while it is still open.",
		Handler: a.checkPayment,
	})
}

type placeIn struct {
	languageIn
	Expected     kit.Money `json:"expected_total" required:"true" doc:"total of the cart as it was shown."`
	Version      int64     `json:"cart_version" required:"true" min:"0" doc:"version of the cart as it was shown."`
	Terms        bool      `json:"terms_accepted" doc:"That the buyer has agreed to the shop's terms."`
	PaymentToken string    `json:"payment_token" max:"255" doc:"What the payment provider's own form gave, if it has one; never card data."`
}

// placement is what became of placing an order.
type placement struct {
	Token    string `json:"order_token" doc:"Opens the order; treat it as a secret."`
	State    string `json:"state" enum:"draft placed cancelled expired" doc:"draft: not paid yet."`
	Continue string `json:"continue_url,omitempty" doc:"Where the buyer must go on, such as the bank's page; absent when there is nothing to do."`
	Declined string `json:"declined,omitempty" doc:"Why the payment was refused, such as insufficient_funds; absent when it was not."`
	Detail   string `json:"declined_detail,omitempty" doc:"The same in one sentence."`
}

func (a *API) place(ctx context.Context, in placeIn) (placement, error) {
	var none placement
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return none, err
	}
	o := owner(ctx)
	b, err := a.Carts.Bag(ctx, a.DB, o, v.lang, a.DB.Now())
	if err != nil {
		return none, err
	}
	total, err := in.Expected.Minor("expected_total", b.Cart.Currency)
	if err != nil {
		return none, err
	}
	proven, err := a.proven(ctx)
	if err != nil {
		return none, err
	}
	out, err := a.Checkout.Place(ctx, checkout.Placement{
		Owner: o, Details: b.Cart.Details, ShippingMethod: shippingOf(b.Cart.ShippingMethod, b.Chosen), PaymentMethod: b.Cart.PaymentMethod,
		ExpectedTotal: total, CartVersion: in.Version, Terms: in.Terms, Lang: v.lang, PaymentToken: in.PaymentToken,
		Client: checkout.Client{IP: web.ClientIP(ctx), Proven: proven},
	})
	if err != nil {
		return none, named(err, "terms", "terms_accepted")
	}
	p := placement{Token: out.Token, State: string(out.State), Continue: out.ContinueURL, Declined: string(out.Declined)}
	if out.Declined != "" {
		p.Detail = v.p.T(out.Declined.Key())
	}
	return p, nil
}

// shippingOf is the delivery that was asked for, or the one that was shown
// when none was.
func shippingOf(asked, shown string) string {
	if asked == "" {
		return shown
	}
	return asked
}

// proven reports whether a signed-in customer has paid here before.
func (a *API) proven(ctx context.Context) (bool, error) {
	me := policy.Of(ctx)
	if a.Accounts == nil || me.Kind != policy.Customer {
		return false, nil
	}
	return a.Accounts.Proven(ctx, me.ID)
}

type orderIn struct {
	languageIn
	Token string `path:"token" max:"100"`
}

// publicOrder is an order as its buyer sees it: a snapshot of what was agreed,
// and what became of it. It has no note of staff and no stock.
type publicOrder struct {
	Number      string              `json:"number" doc:"Empty until it is placed."`
	State       string              `json:"state" enum:"draft placed cancelled expired"`
	Payment     string              `json:"payment" enum:"none pending failed authorised partly_paid paid partly_refunded refunded voided review"`
	Fulfilment  string              `json:"fulfilment" enum:"unfulfilled partly_shipped shipped nothing"`
	Return      string              `json:"return" enum:"none partly_returned returned"`
	PlacedAt    time.Time           `json:"placed_at,omitzero"`
	Currency    string              `json:"currency"`
	TaxIncluded bool                `json:"prices_include_tax" doc:"Whether unit prices and discounts are with tax. Totals always are."`
	Lines       kit.List[orderLine] `json:"lines"`
	Goods       kit.Money           `json:"goods" doc:"Lines after discounts, with tax."`
	Discount    kit.Money           `json:"discount"`
	Shipping    kit.Money           `json:"shipping" doc:"With tax."`
	Taxes       kit.List[taxRow]    `json:"taxes"`
	Tax         kit.Money           `json:"tax"`
	Total       kit.Money           `json:"total"`
	Refunded    kit.Money           `json:"refunded"`

	ShippingMethod string   `json:"shipping_method"`
	Email          string   `json:"email"`
	ShippingTo     address  `json:"shipping_address"`
	BillingTo      *address `json:"billing_address,omitempty" doc:"Absent when it is the same."`
	Masked         bool     `json:"masked" doc:"Whether e-mail and addresses are masked."`

	Attributes kit.List[attribute] `json:"attributes" doc:"The shop's own fields, as far as they are for the buyer; texts only when nothing is masked."`

	Pay       payState               `json:"pay"`
	Shipments kit.List[shipment]     `json:"shipments"`
	Refunds   kit.List[publicRefund] `json:"refunds"`
}

type orderLine struct {
	ID        string    `json:"id"`
	ProductID string    `json:"product_id,omitempty" doc:"Absent once the product is gone."`
	SKU       string    `json:"sku"`
	Name      string    `json:"name"`
	Options   string    `json:"options"`
	Quantity  int64     `json:"quantity"`
	Unit      kit.Money `json:"unit_price" doc:"As listed: prices_include_tax tells whether with tax."`
	Discount  kit.Money `json:"discount"`
	Total     kit.Money `json:"total" doc:"After discounts, with tax."`
	Tax       kit.Money `json:"tax"`
	TaxRate   int64     `json:"tax_rate" doc:"In parts per million."`
	Shipped   int64     `json:"shipped" doc:"Units that were sent."`
	Cancelled int64     `json:"cancelled"`
	Refunded  int64     `json:"refunded"`
}

// payState is what there is left to pay, and how.
type payState struct {
	Due          kit.Money             `json:"due"`
	Method       string                `json:"method" doc:"How it is paid, in words."`
	Continue     string                `json:"continue_url,omitempty"`
	Declined     string                `json:"declined,omitempty" doc:"Why the last try was refused."`
	Detail       string                `json:"declined_detail,omitempty"`
	Instructions kit.List[instruction] `json:"instructions" doc:"What a bank transfer must say, or what to have ready."`
	Note         string                `json:"note,omitempty" doc:"What the shop adds to that."`
}

type instruction struct {
	Label string     `json:"label"`
	Value string     `json:"value,omitempty"`
	Money *kit.Money `json:"money,omitempty"`
}

type shipment struct {
	ID          string                 `json:"id"`
	Carrier     string                 `json:"carrier"`
	Tracking    string                 `json:"tracking_number"`
	TrackingURL string                 `json:"tracking_url"`
	ShippedAt   time.Time              `json:"shipped_at"`
	DeliveredAt time.Time              `json:"delivered_at,omitzero"`
	Lines       kit.List[shipmentLine] `json:"lines"`
}

type shipmentLine struct {
	Line     string `json:"line_id"`
	Quantity int64  `json:"quantity"`
}

type publicRefund struct {
	Amount kit.Money              `json:"amount"`
	State  string                 `json:"state" enum:"pending done failed"`
	At     time.Time              `json:"at"`
	Lines  kit.List[shipmentLine] `json:"lines"`
}

func (a *API) getOrder(ctx context.Context, in orderIn) (publicOrder, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return publicOrder{}, err
	}
	o, err := a.Orders.ByToken(ctx, a.DB, in.Token)
	if err != nil {
		return publicOrder{}, err
	}
	return a.public(ctx, v, o)
}

func (a *API) checkPayment(ctx context.Context, in orderIn) (publicOrder, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return publicOrder{}, err
	}
	o, err := a.Orders.ByToken(ctx, a.DB, in.Token)
	if err != nil {
		return publicOrder{}, err
	}
	if last, ok := o.Last(); ok && last.Status.Open() {
		if o, err = a.Checkout.Returned(ctx, last.ID); err != nil {
			return publicOrder{}, err
		}
	}
	return a.public(ctx, v, o)
}

// public writes an order for its buyer, masked unless that is who asks.
func (a *API) public(ctx context.Context, v visit, o order.Order) (publicOrder, error) {
	price := func(m money.Minor) kit.Money { return kit.Price(m, o.Currency) }
	out := publicOrder{
		Number: o.PublicNumber(), State: string(o.State), Payment: paymentOf(o), Fulfilment: string(o.Fulfilment), Return: string(o.Return),
		PlacedAt: o.PlacedAt.UTC(), Currency: o.Currency, TaxIncluded: o.PricesIncludeTax,
		Lines: kit.Each(o.Lines, func(l order.Line) orderLine { return lineOf(l, o.Currency) }),
		Goods: price(o.Goods), Discount: price(o.Discount), Shipping: price(o.Shipping), Taxes: v.taxRows(o.Taxes, o.Currency), Tax: price(o.Tax), Total: price(o.Total),
		Refunded: price(o.Refunded), ShippingMethod: o.ShippingName, Pay: a.pay(v, o),
	}
	contact := o.Contact
	if me := policy.Of(ctx); me.Kind != policy.Customer || me.ID != o.CustomerID {
		contact, out.Masked = contact.Masked(), true
	}
	fields, err := a.Fields.For(ctx, custom.Order)
	if err != nil {
		return out, err
	}
	out.Attributes = kit.Each(fields.ToBuyer(o.Fields, !out.Masked), v.attribute)
	out.Email, out.ShippingTo = contact.Email, addressOf(contact.Shipping)
	if contact.Billing != nil {
		billing := addressOf(*contact.Billing)
		out.BillingTo = &billing
	}
	shipments, err := a.Orders.Shipments(ctx, a.DB, o.ID)
	if err != nil {
		return out, err
	}
	out.Shipments = kit.Each(shipments, shipmentOf)
	refunds, err := a.Orders.Refunds(ctx, a.DB, o.ID)
	if err != nil {
		return out, err
	}
	out.Refunds = kit.Each(refunds, func(r order.Refund) publicRefund {
		return publicRefund{price(r.Amount), string(r.State), r.CreatedAt.UTC(), kit.Each(r.Lines, func(l order.RefundLine) shipmentLine {
			return shipmentLine{l.LineID, l.Quantity}
		})}
	})
	return out, nil
}

func paymentOf(o order.Order) string {
	if o.Payment == "" {
		return string(order.NoPayment)
	}
	return string(o.Payment)
}

func lineOf(l order.Line, currency string) orderLine {
	return orderLine{
		ID: l.ID, ProductID: l.ProductID, SKU: l.SKU, Name: l.Name, Options: l.Options, Quantity: l.Quantity,
		Unit: kit.Price(l.Unit, currency), Discount: kit.Price(l.Discount, currency), Total: kit.Price(l.Total.Gross, currency), Tax: kit.Price(l.Total.Tax, currency),
		TaxRate: int64(l.TaxRate), Shipped: l.Shipped, Cancelled: l.Cancelled, Refunded: l.Refunded,
	}
}

func shipmentOf(s order.Shipment) shipment {
	return shipment{
		ID: s.ID, Carrier: s.Carrier, Tracking: s.Tracking, TrackingURL: s.TrackingURL, ShippedAt: s.ShippedAt.UTC(), DeliveredAt: s.DeliveredAt.UTC(),
		Lines: kit.Each(s.Lines, func(l order.ShipmentLine) shipmentLine { return shipmentLine{l.LineID, l.Quantity} }),
	}
}

// pay says what the buyer can do about the payment.
func (a *API) pay(v visit, o order.Order) payState {
	out := payState{Due: kit.Price(o.Due(), o.Currency), Method: o.PaymentMethod}
	if v.p.Has(o.PaymentMethod) {
		out.Method = v.p.T(o.PaymentMethod)
	}
	last, ok := o.Last()
	if !ok {
		return out
	}
	switch {
	case o.State == order.Draft && last.Status == payment.Continuing:
		out.Continue = last.ContinueURL
	case o.State == order.Draft && last.Status == payment.Refused:
		out.Declined, out.Detail = string(last.Reason), v.p.T(last.Reason.Key())
	}
	provider, settings, known := a.Payments.Provider(last.Provider)
	teller, tells := provider.(payment.Instructor)
	if !known || !tells || o.State != order.Placed || o.Due() == 0 {
		return out
	}
	in := teller.Instructions(settings, payment.Due{Method: last.Method, OrderNumber: o.PublicNumber(), Amount: money.Money{Amount: o.Due(), Currency: o.Currency}, PlacedAt: o.PlacedAt})
	for _, l := range in.Lines {
		line := instruction{Label: v.p.T(l.Label), Value: l.Value}
		if l.Money.Currency != "" {
			p := kit.Price(l.Money.Amount, l.Money.Currency)
			line.Money = &p
		}
		out.Instructions = append(out.Instructions, line)
	}
	out.Note = v.text(in.Note)
	return out
}
