package storefront

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/storefront/view"
)

func (s *Store) orderRoutes() []policy.Route {
	return []policy.Route{
		get("order", "/orders/{token}", policy.SecretLink, s.orderPage),
		get("order.payment", "/orders/{token}/payment", policy.SecretLink, s.waitingPage),
		post("order.cancel", "/orders/{token}/cancellation", policy.SecretLink, s.cancelOrder),
	}
}

// orderPage shows an order to whoever has its secret link. Its buyer, signed
// in or just come from the checkout, sees it whole; anybody else sees who it is for only in part.
func (s *Store) orderPage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Orders.ByToken(r.Context(), s.DB, r.PathValue("token"))
	if err != nil {
		return err
	}
	v := s.visit(r)
	mine := o.CustomerID != "" && o.CustomerID == v.Me.ID
	title := v.P.T("storefront.order.number", "number", o.PublicNumber())
	if o.Number == 0 {
		title = v.P.T("storefront.order.title." + string(orderState(o, nil)))
	}
	page, err := s.private(r, title)
	if err != nil {
		return err
	}
	out := view.OrderPage{Page: page, Fresh: r.URL.Query().Has("fresh") && o.State == order.Placed}
	if out.Fresh && !mine { // the browser that bought is thanked by name and may check the address
		if mine, err = s.bought(r, o); err != nil {
			return err
		}
	}
	if out.Order, err = s.viewOrder(r.Context(), v, o, mine); err != nil {
		return err
	}
	if out.Order.CancelURL != "" {
		out.Order.CancelURL = v.url("orders", o.Token, "cancellation")
	}
	if !v.Me.Known() && o.CustomerID == "" && o.State == order.Placed {
		out.SignUp = &view.Link{Label: v.P.T("storefront.order.create_account"), URL: v.url("account", "sign-up")}
	}
	return s.show(w, r, http.StatusOK, "order", out)
}

// waitingPage is where a shopper waits for a bank. Every look asks the bank.
func (s *Store) waitingPage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Orders.ByToken(r.Context(), s.DB, r.PathValue("token"))
	if err != nil {
		return err
	}
	v := s.visit(r)
	a, ok := o.Last()
	if ok && o.State == order.Draft && a.Status.Open() {
		if o, err = s.Checkout.Returned(r.Context(), a.ID); err != nil {
			return err
		}
		a, _ = o.Last()
	}
	if o.State != order.Draft || !a.Status.Open() {
		http.Redirect(w, r, s.whereabouts(v, o), http.StatusSeeOther)
		return nil
	}
	page, err := s.private(r, v.P.T("storefront.waiting.title"))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "waiting", view.WaitingPage{
		Page: page, Number: o.PublicNumber(), Seconds: 5, RefreshURL: v.url("orders", o.Token, "payment"),
		OrderURL: v.url("orders", o.Token), ContactURL: v.url("contact"), ContinueURL: a.ContinueURL,
	})
}

// cancelOrder calls an order off of which nothing was sent. A second click
// finds it cancelled and says the same.
func (s *Store) cancelOrder(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	o, err := s.Orders.ByToken(r.Context(), s.DB, r.PathValue("token"))
	if err != nil {
		return err
	}
	v := s.visit(r)
	if err := s.callOff(r.Context(), v, o); err != nil {
		return err
	}
	http.Redirect(w, r, v.url("orders", o.Token)+"?done=cancelled", http.StatusSeeOther)
	return nil
}

func (s *Store) callOff(ctx context.Context, v *Visit, o order.Order) error {
	if !cancellable(o) {
		if o.State == order.Cancelled {
			return nil
		}
		return fault.New(fault.Conflict, "order.nothing_open")
	}
	_, err := s.Returns.Cancel(ctx, v.actor(o.ID), o.ID, v.P.T("storefront.order.cancelled_by_buyer"), true)
	if fault.Reason(err) == "order.nothing_open" {
		return nil
	}
	return err
}

// cancellable reports whether the buyer may still call an order off.
func cancellable(o order.Order) bool {
	return o.State == order.Placed && o.Fulfilment == order.Unfulfilled
}

// viewOrder tells an order's buyer about it. open says that the asker is known
// to be the buyer; else names and streets are told in part (rule B25).
func (s *Store) viewOrder(ctx context.Context, v *Visit, o order.Order, open bool) (view.Order, error) {
	shipments, err := s.Orders.Shipments(ctx, s.DB, o.ID)
	if err != nil {
		return view.Order{}, err
	}
	refunds, err := s.Orders.Refunds(ctx, s.DB, o.ID)
	if err != nil {
		return view.Order{}, err
	}
	contact := o.Contact
	if !open {
		contact = contact.Masked()
	}
	out := view.Order{
		Number: o.PublicNumber(), URL: v.url("orders", o.Token), PlacedAt: o.PlacedAt, State: orderState(o, shipments), Late: o.State == order.Cancelled && o.CancelReason == order.OutOfStock,
		Email: contact.Email, Delivery: v.addressLines(contact.Shipping), ShippingMethod: o.ShippingName,
		PaymentMethod: s.methodName(v, o), ContactURL: v.url("contact") + "?order=" + o.PublicNumber(), Summary: v.orderSummary(o),
	}
	if out.PlacedAt.IsZero() {
		out.PlacedAt = o.CreatedAt
	}
	if open {
		out.Name, out.Note = firstName(o), o.Note
	}
	defs, err := s.Fields.For(ctx, custom.Order)
	if err != nil {
		return view.Order{}, err
	}
	out.Fields = v.fields(defs.ToBuyer(o.Fields, open))
	if contact.Billing != nil {
		out.Billing = v.addressLines(*contact.Billing)
	}
	if out.Lines, err = s.orderLines(ctx, v, o); err != nil {
		return out, err
	}
	if o.State == order.Placed && o.Fulfilment == order.Unfulfilled {
		if m, ok := methodOf(v, o); ok {
			out.Window = v.window(m, o.PlacedAt)
		}
	}
	for _, sh := range shipments {
		out.Parcels = append(out.Parcels, v.parcel(o, out.Lines, sh))
	}
	for _, f := range refunds {
		if f.State != order.RefundFailed {
			out.Refunds = append(out.Refunds, view.Refund{At: f.CreatedAt, Amount: money.Money{Amount: f.Amount, Currency: o.Currency}, To: out.PaymentMethod})
		}
	}
	out.Pay = s.openPayment(v, o)
	out.Steps = v.steps(o, out.State, shipments)
	if cancellable(o) {
		out.CancelURL = out.URL
	}
	return out, nil
}

// firstName is how a letter addresses an order's buyer.
func firstName(o order.Order) string {
	first, _, _ := strings.Cut(o.Contact.Shipping.Name, " ")
	return first
}

// orderState is the one word for an order.
func orderState(o order.Order, shipments []order.Shipment) view.OrderState {
	a, _ := o.Last()
	switch {
	case o.State == order.Cancelled:
		return view.OrderCancelled
	case o.State == order.Expired:
		return view.OrderExpired
	case o.State == order.Draft && a.Status.Open():
		return view.OrderUnknown
	case o.State == order.Draft:
		return view.OrderAwaitsPayment
	case o.Return == order.Returned:
		return view.OrderReturned
	case o.Fulfilment == order.Shipped:
		if !slices.ContainsFunc(shipments, func(s order.Shipment) bool { return s.DeliveredAt.IsZero() }) {
			return view.OrderDelivered
		}
		return view.OrderShipped
	case o.Fulfilment == order.PartlyShipped:
		return view.OrderPartly
	case o.Due() > 0 && o.Payment == payment.Awaiting && !atTheDoor(o):
		return view.OrderAwaitsPayment
	}
	return view.OrderPlaced
}

// atTheDoor reports whether an order is paid when it is handed over.
func atTheDoor(o order.Order) bool {
	_, method := o.Method()
	return method == "cash_on_delivery"
}

// methodOf finds the way of delivery an order was agreed with, if it still
// exists.
func methodOf(v *Visit, o order.Order) (shipping.Method, bool) {
	z, ok := shipping.ZoneOf(v.Shop.Zones, o.Contact.Shipping.Place())
	if !ok {
		return shipping.Method{}, false
	}
	i := slices.IndexFunc(z.Methods, func(m shipping.Method) bool { return m.Code == o.ShippingCode })
	if i < 0 {
		return shipping.Method{}, false
	}
	return z.Methods[i], true
}

func (s *Store) methodName(v *Visit, o order.Order) string {
	provider, method := o.Method()
	impl, _, ok := s.Payments.Provider(provider)
	if !ok {
		return o.PaymentMethod
	}
	if m, ok := impl.Info().Method(method); ok {
		return v.P.T(m.Name)
	}
	return v.P.T(impl.Info().Name)
}

func (s *Store) orderLines(ctx context.Context, v *Visit, o order.Order) ([]view.SummaryLine, error) {
	hashes := make([]string, len(o.Lines))
	for i, l := range o.Lines {
		hashes[i] = l.Image
	}
	pictures, err := s.byHash(ctx, v, hashes)
	if err != nil {
		return nil, err
	}
	var lines []view.SummaryLine
	for _, l := range o.Lines {
		lines = append(lines, view.SummaryLine{
			Name: l.Name, Options: l.Options, SKU: l.SKU, Image: pictures[l.Image], Quantity: int(l.Quantity),
			Total: money.Money{Amount: o.Listed(l.Total), Currency: o.Currency},
		})
	}
	return lines, nil
}

func (v *Visit) orderSummary(o order.Order) view.Summary {
	in := func(m money.Minor) money.Money { return money.Money{Amount: m, Currency: o.Currency} }
	sum := view.Summary{Total: in(o.Total), TaxIncluded: o.PricesIncludeTax}
	row := func(key string, m money.Minor, params ...any) {
		sum.Rows = append(sum.Rows, view.SummaryRow{Label: v.P.T("storefront.summary."+key, params...), Amount: in(m)})
	}
	row("goods", o.Quote.Subtotal)
	if o.Discount > 0 {
		row("discount", -o.Discount)
	}
	row("delivery", o.Listed(o.Delivery()))
	sum.Rows[len(sum.Rows)-1].Free = o.Shipping == 0
	for _, t := range o.Taxes {
		switch {
		case t.Total.Tax == 0:
		case sum.TaxIncluded:
			sum.Taxes = append(sum.Taxes, view.TaxRow{Name: tax.Title(t.Name, v.P), Rate: t.Rate, Amount: in(t.Total.Tax)})
		default:
			row("tax", t.Total.Tax, "name", tax.Title(t.Name, v.P), "rate", v.P.Percent(t.Rate))
		}
	}
	return sum
}

// refundSummary tells what money that goes back is made of.
func (v *Visit) refundSummary(o order.Order, r order.Refund) view.Summary {
	in := func(m money.Minor) money.Money { return money.Money{Amount: m, Currency: o.Currency} }
	sum := view.Summary{Total: in(r.Amount), TaxIncluded: o.PricesIncludeTax}
	row := func(m money.Minor, key string, params ...any) {
		if m > 0 {
			sum.Rows = append(sum.Rows, view.SummaryRow{Label: v.P.T("storefront.summary."+key, params...), Amount: in(m)})
		}
	}
	goods, delivery := r.Split()
	row(o.Listed(goods), "goods")
	row(o.Listed(delivery), "delivery")
	taxed := slices.DeleteFunc(slices.Clone(o.Taxes), func(t pricing.TaxRow) bool { return t.Total.Tax == 0 })
	switch {
	case len(taxed) == 1 && sum.TaxIncluded && r.Tax > 0:
		sum.Taxes = []view.TaxRow{{Name: tax.Title(taxed[0].Name, v.P), Rate: taxed[0].Rate, Amount: in(r.Tax)}}
	case len(taxed) == 1 && !sum.TaxIncluded:
		row(r.Tax, "tax", "name", tax.Title(taxed[0].Name, v.P), "rate", v.P.Percent(taxed[0].Rate))
	case !sum.TaxIncluded:
		row(r.Tax, "tax_all")
	}
	return sum
}

func (v *Visit) parcel(o order.Order, lines []view.SummaryLine, sh order.Shipment) view.Parcel {
	p := view.Parcel{Carrier: sh.Carrier, Number: sh.Tracking, URL: sh.TrackingURL, ShippedAt: sh.ShippedAt}
	if m, ok := methodOf(v, o); ok && sh.DeliveredAt.IsZero() {
		p.Window = v.window(m, sh.ShippedAt)
	}
	for _, part := range sh.Lines {
		for i, l := range o.Lines {
			if l.ID == part.LineID {
				line := lines[i]
				line.Quantity = int(part.Quantity)
				line.Total.Amount = l.Share(o.Listed(l.Total), part.Quantity)
				p.Lines = append(p.Lines, line)
			}
		}
	}
	return p
}

// openPayment is what is still to be paid and how; nil when nothing is.
func (s *Store) openPayment(v *Visit, o order.Order) *view.PayOrder {
	a, ok := o.Last()
	due := money.Money{Amount: o.Due(), Currency: o.Currency}
	if !ok || due.Amount == 0 {
		return nil
	}
	pay := &view.PayOrder{Due: due}
	switch {
	case o.State == order.Draft && a.Status == payment.Refused:
		pay.Declined, pay.Problem, pay.CheckoutURL = true, v.P.T(a.Reason.Key()), v.url("checkout")
		return pay
	case o.State != order.Placed:
		return nil
	}
	impl, settings, ok := s.Payments.Provider(a.Provider)
	if !ok {
		return nil
	}
	instructor, ok := impl.(payment.Instructor)
	if !ok {
		return nil
	}
	in := instructor.Instructions(settings, payment.Due{Method: a.Method, OrderNumber: o.PublicNumber(), Amount: due, PlacedAt: o.PlacedAt})
	for _, line := range in.Lines {
		value := line.Value
		if line.Money.Currency != "" {
			value = v.P.Money(line.Money.Amount, line.Money.Currency)
		}
		pay.Transfer = append(pay.Transfer, view.Attribute{Key: line.Label, Label: v.P.T(line.Label), Value: value})
	}
	pay.Note = v.text(in.Note)
	pay.Until = in.Until
	return pay
}

// steps are an order's way: what happened, where it is, what comes.
func (v *Visit) steps(o order.Order, state view.OrderState, shipments []order.Shipment) []view.OrderStep {
	step := func(key string, at time.Time, done bool) view.OrderStep {
		return view.OrderStep{Key: key, Label: v.P.T("storefront.order.step." + key), At: at, Done: done}
	}
	placed := step("placed", o.PlacedAt, o.State == order.Placed || o.State == order.Cancelled)
	switch state {
	case view.OrderExpired:
		return []view.OrderStep{step("expired", o.UpdatedAt, true)}
	case view.OrderCancelled:
		return []view.OrderStep{placed, step("cancelled", o.UpdatedAt, true)}
	case view.OrderUnknown, view.OrderReturned:
		return nil
	}
	paid := o.Due() == 0
	var sent, arrived time.Time
	for _, s := range shipments {
		sent = later(sent, s.ShippedAt)
		arrived = later(arrived, s.DeliveredAt)
	}
	list := []view.OrderStep{placed, step("paid", time.Time{}, paid)}
	if atTheDoor(o) {
		list = list[:1]
	}
	list = append(list,
		step("shipped", sent, o.Fulfilment == order.Shipped),
		step("delivered", arrived, state == view.OrderDelivered))
	for i := range list {
		if !list[i].Done {
			list[i].Now = true
			if list[i].Key == "shipped" && sent.IsZero() { // nothing was handed over yet
				list[i].Label = v.P.T("storefront.order.step.packing")
			}
			break
		}
	}
	return list
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (v *Visit) addressLines(a market.Address) []string {
	return append(a.Lines(), v.country(a.Country))
}
