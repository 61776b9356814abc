package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// staffOrders are the operations on what was ordered, for staff. Those that
// move goods or money want the order's version: whoever acts on an order that
// has changed since it was read is told so, and a repeat that a crash kept
// from being remembered finds the order changed by the first.
func (a *API) staffOrders(k *kit.API) {
	const tag = "staff: orders"
	kit.Add(k, kit.Operation[ordersIn, kit.Page[orderSummary]]{
		Name: "staff.orders.list", Method: http.MethodGet, Path: "/staff/orders", Tag: tag, Who: desk, Permission: policy.OrderRead,
		Summary: "List placed orders, newest first.",
		Handler: a.listOrders,
	})
	kit.Add(k, kit.Operation[orderNumber, staffOrder]{
		Name: "staff.orders.get", Method: http.MethodGet, Path: "/staff/orders/{number}", Tag: tag, Who: desk, Permission: policy.OrderRead,
		Summary: "Get an order with everything that happened to it.",
		Handler: func(ctx context.Context, in orderNumber) (staffOrder, error) {
			o, err := a.orderOf(ctx, in.Number)
			if err != nil {
				return staffOrder{}, err
			}
			return a.staffOrder(ctx, o)
		},
	})
	kit.Add(k, kit.Operation[shipIn, staffOrder]{
		Name: "staff.orders.ship", Method: http.MethodPost, Path: "/staff/orders/{number}/shipments", Tag: tag, Who: desk, Permission: policy.OrderShip, Status: http.StatusCreated, Once: true,
		Summary: "Send a parcel.",
		Handler: a.ship,
	})
	kit.Add(k, kit.Operation[deliveredIn, staffOrder]{
		Name: "staff.orders.delivered", Method: http.MethodPut, Path: "/staff/orders/{number}/shipments/{shipment}/delivery", Tag: tag, Who: desk, Permission: policy.OrderShip,
		Summary: "Note that a parcel has arrived.",
		Handler: func(ctx context.Context, in deliveredIn) (staffOrder, error) {
			o, err := a.orderOf(ctx, in.Number)
			if err != nil {
				return staffOrder{}, err
			}
			return a.after(ctx, o, a.Fulfilment.Delivered(ctx, actor(ctx), o.ID, in.Shipment))
		},
	})
	kit.Add(k, kit.Operation[cancelIn, staffOrder]{
		Name: "staff.orders.cancel", Method: http.MethodPost, Path: "/staff/orders/{number}/cancellation", Tag: tag, Who: desk, Permission: policy.OrderCancel, Status: http.StatusCreated, Once: true,
		Summary: "Cancel everything that was not sent.",
		Handler: func(ctx context.Context, in cancelIn) (staffOrder, error) {
			o, err := a.orderAt(ctx, in.Number, in.Version)
			if err != nil {
				return staffOrder{}, err
			}
			_, err = a.Returns.CancelAt(ctx, actor(ctx), o.ID, in.Version, in.Reason, in.Refund)
			return a.after(ctx, o, err)
		},
	})
	kit.Add(k, kit.Operation[refundIn, refundPreview]{
		Name: "staff.orders.refunds.preview", Method: http.MethodPost, Path: "/staff/orders/{number}/refund-previews", Tag: tag, Who: desk, Permission: policy.OrderRefund, Status: http.StatusOK,
		Summary: "Compute a refund without giving anything back.",
		Handler: a.previewRefund,
	})
	kit.Add(k, kit.Operation[refundNowIn, staffOrder]{
		Name: "staff.orders.refund", Method: http.MethodPost, Path: "/staff/orders/{number}/refunds", Tag: tag, Who: desk, Permission: policy.OrderRefund, Status: http.StatusCreated, Once: true,
		Summary:     "Give money back.",
		Description: "What was paid for the units, and what is asked of the delivery. Open units are cancelled by it, and shipped ones go back on the shelf if asked; which are meant is told in units. The refund in the answer says how far the money got.",
		Handler:     a.refund,
	})
	kit.Add(k, kit.Operation[paidIn, staffOrder]{
		Name: "staff.orders.paid", Method: http.MethodPost, Path: "/staff/orders/{number}/payments", Tag: tag, Who: desk, Permission: policy.OrderWrite, Status: http.StatusCreated, Once: true,
		Summary: "Note that promised money has come, such as a bank transfer.",
		Handler: a.paid,
	})
	kit.Add(k, kit.Operation[noteIn, noteOut]{
		Name: "staff.orders.note", Method: http.MethodPost, Path: "/staff/orders/{number}/notes", Tag: tag, Who: desk, Permission: policy.OrderWrite, Status: http.StatusCreated, Once: true,
		Summary: "Add a note that only staff see.",
		Tx: func(ctx context.Context, tx *db.Tx, in noteIn) (noteOut, error) {
			o, err := a.orderIn(ctx, tx, in.Number)
			if err != nil {
				return noteOut{}, err
			}
			me := policy.Of(ctx)
			if err := a.Orders.AddNote(ctx, tx, actor(ctx), o, in.Note); err != nil {
				return noteOut{}, err
			}
			return noteOut{in.Note, actorOut{string(actor(ctx).Kind), me.ID, me.Name}, tx.Now().UTC()}, nil
		},
	})
	kit.Add(k, kit.Operation[orderFieldsIn, staffOrder]{
		Name: "staff.orders.fields", Method: http.MethodPut, Path: "/staff/orders/{number}/fields", Tag: tag, Who: desk, Permission: policy.OrderWrite,
		Summary: "Rewrite the merchant's own fields of an order.", Description: aboutFields,
		Handler: func(ctx context.Context, in orderFieldsIn) (staffOrder, error) {
			o, err := a.orderOf(ctx, in.Number)
			if err != nil {
				return staffOrder{}, err
			}
			values, err := a.values(ctx, custom.Order, in.Fields)
			if err == nil {
				err = a.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
					return a.Orders.SetFields(ctx, tx, actor(ctx), o.ID, values, in.Version)
				})
			}
			return a.after(ctx, o, err)
		},
	})
}

type orderFieldsIn struct {
	orderNumber
	fieldsBody
}

// orderNumber names an order by the number that people see.
type orderNumber struct {
	Number string `path:"number" max:"20"`
}

func (a *API) orderOf(ctx context.Context, number string) (order.Order, error) {
	return a.orderIn(ctx, a.DB, number)
}

func (a *API) orderIn(ctx context.Context, q db.Q, number string) (order.Order, error) {
	n, ok := order.ParseNumber(number)
	if !ok {
		return order.Order{}, order.NotFound()
	}
	return a.Orders.ByNumber(ctx, q, n)
}

// orderAt is orderOf for somebody who has read a version of it.
func (a *API) orderAt(ctx context.Context, number string, version int64) (order.Order, error) {
	o, err := a.orderOf(ctx, number)
	if err == nil && o.Version != version {
		err = fault.New(fault.Conflict, "version.changed").With("version", o.Version)
	}
	return o, err
}

// after answers an action with the order as it is now.
func (a *API) after(ctx context.Context, o order.Order, err error) (staffOrder, error) {
	if err != nil {
		return staffOrder{}, err
	}
	if o, err = a.Orders.Get(ctx, a.DB, o.ID); err != nil {
		return staffOrder{}, err
	}
	return a.staffOrder(ctx, o)
}

type ordersIn struct {
	kit.PageIn
	State      string    `query:"state" oneof:"placed cancelled"`
	Payment    string    `query:"payment" oneof:"pending failed authorised partly_paid paid partly_refunded refunded voided review"`
	Fulfilment string    `query:"fulfilment" oneof:"unfulfilled partly_shipped shipped nothing"`
	ToShip     bool      `query:"to_ship" doc:"true: only those with units left to send."`
	Email      string    `query:"email" max:"254" doc:"A whole address."`
	Number     string    `query:"number" max:"20"`
	Customer   string    `query:"customer_id" max:"40"`
	From       time.Time `query:"placed_from" doc:"Placed at this instant or later."`
	To         time.Time `query:"placed_before"`
}

type orderSummary struct {
	Number     string    `json:"number"`
	ID         string    `json:"id"`
	CustomerID string    `json:"customer_id,omitempty" doc:"Absent for guests."`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Country    string    `json:"country"`
	Units      int64     `json:"units"`
	Total      kit.Money `json:"total"`
	Refunded   kit.Money `json:"refunded"`
	State      string    `json:"state"`
	Payment    string    `json:"payment"`
	Fulfilment string    `json:"fulfilment"`
	Return     string    `json:"return"`
	PlacedAt   time.Time `json:"placed_at"`
}

// orderMark is where a page of orders ended.
type orderMark struct {
	At int64
	ID string
}

func (a *API) listOrders(ctx context.Context, in ordersIn) (kit.Page[orderSummary], error) {
	f := order.Filter{
		State: order.State(in.State), Payment: payment.State(in.Payment), Fulfilment: order.FulfilmentState(in.Fulfilment), ToShip: in.ToShip,
		Email: in.Email, CustomerID: in.Customer, From: in.From, To: in.To,
	}
	if in.Number != "" {
		n, ok := order.ParseNumber(in.Number)
		if !ok {
			return kit.Page[orderSummary]{}, nil // no order has such a number
		}
		f.Number = n
	}
	return a.pageOfOrders(ctx, in.PageIn, f)
}

// pageOfOrders lists the orders that a filter chooses, one page at a time.
func (a *API) pageOfOrders(ctx context.Context, in kit.PageIn, f order.Filter) (kit.Page[orderSummary], error) {
	var page kit.Page[orderSummary]
	var mark orderMark
	more, err := in.After(&mark)
	if err != nil {
		return page, err
	}
	if more {
		f.After, f.AfterID = time.UnixMilli(mark.At), mark.ID
	}
	f.Limit = in.Size() + 1
	found, err := a.Orders.List(ctx, a.DB, f)
	if err != nil {
		return page, err
	}
	if len(found) > in.Size() {
		found = found[:in.Size()]
		last := found[len(found)-1]
		page.Next = kit.NextCursor(orderMark{last.PlacedAt.UnixMilli(), last.ID})
	}
	page.Items = kit.Each(found, summaryOf)
	return page, nil
}

func summaryOf(o order.Summary) orderSummary {
	return orderSummary{
		Number: o.PublicNumber(), ID: o.ID, CustomerID: o.CustomerID, Name: o.Name, Email: o.Email, Country: o.Country, Units: o.Units,
		Total: kit.Price(o.Total, o.Currency), Refunded: kit.Price(o.Refunded, o.Currency), State: string(o.State), Payment: string(o.Payment),
		Fulfilment: string(o.Fulfilment), Return: string(o.Return), PlacedAt: o.PlacedAt.UTC(),
	}
}

// Edition implements kit.Versioned.
func (o staffOrder) Edition() int64 { return o.Version }

// staffOrder is an order as staff see it, with everything that happened.
type staffOrder struct {
	ID         string `json:"id"`
	Number     string `json:"number"`
	Version    int64  `json:"version" doc:"Send it with what you do to the order."`
	CustomerID string `json:"customer_id,omitempty" doc:"Absent for guests."`
	MarketID   string `json:"market_id"`
	Language   string `json:"language" doc:"That the buyer read."`

	State      string    `json:"state"`
	Payment    string    `json:"payment"`
	Fulfilment string    `json:"fulfilment"`
	Return     string    `json:"return"`
	PlacedAt   time.Time `json:"placed_at"`
	UpdatedAt  time.Time `json:"updated_at"`

	Email          string   `json:"email"`
	ShippingTo     address  `json:"shipping_address"`
	BillingTo      *address `json:"billing_address,omitempty" doc:"Absent when it is the same."`
	Note           string   `json:"note" doc:"The buyer's words."`
	ShippingMethod string   `json:"shipping_method"`
	PaymentMethod  string   `json:"payment_method"`
	Terms          string   `json:"terms_version"`
	CancelReason   string   `json:"cancel_reason,omitempty"`

	Currency     string                   `json:"currency"`
	TaxIncluded  bool                     `json:"prices_include_tax" doc:"Whether unit prices and discounts are with tax. Totals always are."`
	Lines        kit.List[staffOrderLine] `json:"lines"`
	Goods        kit.Money                `json:"goods" doc:"Lines after discounts, with tax."`
	Discount     kit.Money                `json:"discount"`
	Shipping     kit.Money                `json:"shipping" doc:"With tax."`
	Taxes        kit.List[taxRow]         `json:"taxes"`
	Tax          kit.Money                `json:"tax"`
	Total        kit.Money                `json:"total"`
	Captured     kit.Money                `json:"captured"`
	Refunded     kit.Money                `json:"refunded"`
	Refundable   kit.Money                `json:"refundable"`
	Due          kit.Money                `json:"due"`
	ShippingBack kit.Money                `json:"refunded_shipping"`

	Fields    kit.List[fieldValue]    `json:"fields" doc:"The merchant's own."`
	Attempts  kit.List[attempt]       `json:"payment_attempts"`
	Shipments kit.List[staffShipment] `json:"shipments"`
	Refunds   kit.List[staffRefund]   `json:"refunds"`
	Notes     kit.List[noteOut]       `json:"notes"`
	Timeline  kit.List[event]         `json:"timeline" doc:"What happened, oldest first."`
}

type staffOrderLine struct {
	orderLine
	VariantID string `json:"variant_id,omitempty" doc:"Absent once the variant is gone."`
	Open      int64  `json:"open" doc:"Units that wait to be sent."`
	Returned  int64  `json:"returned" doc:"Of the refunded units, those that had been sent."`
	Restocked int64  `json:"restocked"`
	Weight    int64  `json:"weight_grams"`
	HSCode    string `json:"hs_code"`
	Origin    string `json:"origin"`
}

type attempt struct {
	ID        string           `json:"id"`
	Provider  string           `json:"provider"`
	Method    string           `json:"method"`
	Status    string           `json:"status"`
	Reason    string           `json:"reason,omitempty"`
	Doubts    kit.List[string] `json:"doubts" doc:"Why a person must look at it."`
	Reference string           `json:"reference" doc:"The provider's name for it."`
	Amount    kit.Money        `json:"amount"`
	Captured  kit.Money        `json:"captured"`
	Refunded  kit.Money        `json:"refunded"`
	CreatedAt time.Time        `json:"created_at"`
}

type staffShipment struct {
	shipment
	Location string `json:"location_id"`
}

type staffRefund struct {
	ID        string               `json:"id"`
	Amount    kit.Money            `json:"amount"`
	Tax       kit.Money            `json:"tax" doc:"In the amount."`
	Shipping  kit.Money            `json:"shipping" doc:"Of the amount, with tax."`
	State     string               `json:"state" enum:"pending done failed"`
	Reason    string               `json:"reason"`
	Reference string               `json:"reference"`
	Lines     kit.List[refundLine] `json:"lines"`
	CreatedAt time.Time            `json:"created_at"`
}

type refundLine struct {
	Line      string    `json:"line_id"`
	Quantity  int64     `json:"quantity"`
	Cancelled int64     `json:"cancelled" doc:"Of the quantity: units that were open, and that the refund cancels."`
	Returned  int64     `json:"returned" doc:"Of the quantity: units that had been shipped."`
	Amount    kit.Money `json:"amount" doc:"With tax."`
	Tax       kit.Money `json:"tax" doc:"In the amount."`
	Restocked int64     `json:"restocked"`
}

type noteOut struct {
	Note  string    `json:"note"`
	Actor actorOut  `json:"actor"`
	At    time.Time `json:"at"`
}

// event is one entry of the change log.
type event struct {
	Action string          `json:"action" doc:"Such as order.shipped."`
	Actor  actorOut        `json:"actor"`
	At     time.Time       `json:"at"`
	Data   json.RawMessage `json:"data,omitempty" doc:"What the change log keeps of it, if anything; its shape depends on the action."`
}

func (a *API) staffOrder(ctx context.Context, o order.Order) (staffOrder, error) {
	price := func(m money.Minor) kit.Money { return kit.Price(m, o.Currency) }
	fields, err := a.Fields.For(ctx, custom.Order)
	if err != nil {
		return staffOrder{}, err
	}
	out := staffOrder{
		ID: o.ID, Number: o.PublicNumber(), Version: o.Version, CustomerID: o.CustomerID, MarketID: o.MarketID, Language: o.Locale,
		State: string(o.State), Payment: paymentOf(o), Fulfilment: string(o.Fulfilment), Return: string(o.Return), PlacedAt: o.PlacedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
		Email: o.Contact.Email, ShippingTo: addressOf(o.Contact.Shipping), Note: o.Note, ShippingMethod: o.ShippingName, PaymentMethod: o.PaymentMethod,
		Terms: o.TermsVersion, CancelReason: o.CancelReason, Currency: o.Currency, TaxIncluded: o.PricesIncludeTax,
		Lines: kit.Each(o.Lines, func(l order.Line) staffOrderLine {
			return staffOrderLine{lineOf(l, o.Currency), l.VariantID, l.Open(), l.Returned, l.Restocked, l.Weight, l.HSCode, l.Origin}
		}),
		Goods: price(o.Goods), Discount: price(o.Discount), Shipping: price(o.Shipping), Taxes: visit{}.taxRows(o.Taxes, o.Currency), Tax: price(o.Tax), Total: price(o.Total),
		Captured: price(o.Captured), Refunded: price(o.Refunded), Refundable: price(o.Refundable()), Due: price(o.Due()), ShippingBack: price(o.RefundedShip), Fields: fieldValues(fields.Known(o.Fields)),
		Attempts: kit.Each(o.Attempts, func(t payment.Attempt) attempt {
			return attempt{
				t.ID, t.Provider, t.Method, string(t.Status), string(t.Reason), kit.Each(t.Doubts, func(m payment.Mismatch) string { return string(m) }),
				t.Reference, price(t.Amount), price(t.Facts.Captured), price(t.Facts.Refunded), t.CreatedAt.UTC(),
			}
		}),
	}
	if o.Contact.Billing != nil {
		billing := addressOf(*o.Contact.Billing)
		out.BillingTo = &billing
	}
	return out, a.history(ctx, o, &out)
}

// history fills in what happened to an order.
func (a *API) history(ctx context.Context, o order.Order, out *staffOrder) error {
	price := func(m money.Minor) kit.Money { return kit.Price(m, o.Currency) }
	names, err := a.Staff.Names(ctx)
	if err != nil {
		return err
	}
	shipments, err := a.Orders.Shipments(ctx, a.DB, o.ID)
	if err != nil {
		return err
	}
	out.Shipments = kit.Each(shipments, func(s order.Shipment) staffShipment { return staffShipment{shipmentOf(s), s.LocationID} })
	refunds, err := a.Orders.Refunds(ctx, a.DB, o.ID)
	if err != nil {
		return err
	}
	out.Refunds = kit.Each(refunds, func(r order.Refund) staffRefund {
		return staffRefund{
			r.ID, price(r.Amount), price(r.Tax), price(r.Shipping), string(r.State), r.Reason, r.Reference, refundLines(r.Lines, o.Currency), r.CreatedAt.UTC(),
		}
	})
	notes, err := a.Orders.Notes(ctx, a.DB, o)
	if err != nil {
		return err
	}
	out.Notes = kit.Each(notes, func(n order.Note) noteOut {
		return noteOut{n.Text, actorOut{string(writer(n)), n.StaffID, names[n.StaffID]}, n.At.UTC()}
	})
	entries, err := audit.History(ctx, a.DB, "order", o.ID, 200)
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	out.Timeline = kit.Each(entries, func(e audit.Entry) event {
		out := event{e.Action, actorOut{string(e.Actor.Kind), e.Actor.ID, names[e.Actor.ID]}, e.At.UTC(), e.After}
		if string(e.After) == "null" {
			out.Data = nil
		}
		return out
	})
	return nil
}

func refundLines(lines []order.RefundLine, currency string) kit.List[refundLine] {
	return kit.Each(lines, func(l order.RefundLine) refundLine {
		return refundLine{l.LineID, l.Quantity, l.Cancelled, l.Returned, kit.Price(l.Amount, currency), kit.Price(l.Tax, currency), l.Restocked}
	})
}

type unitsIn struct {
	Line     string `json:"line_id" required:"true" max:"40"`
	Quantity int64  `json:"quantity" required:"true" min:"1"`
}

type shipIn struct {
	orderNumber
	Version  int64     `json:"version" required:"true" min:"1" doc:"Of the order as it was read."`
	Location string    `json:"location_id" max:"40" doc:"Where it is sent from; the first active location when absent."`
	Carrier  string    `json:"carrier" max:"60" doc:"A code such as dhl, or any name."`
	Tracking string    `json:"tracking_number" max:"100"`
	Lines    []unitsIn `json:"lines" items:"200" doc:"What is in it; everything that waits when absent."`
	Quiet    bool      `json:"quiet" doc:"true: the customer gets no letter about it."`
}

func (a *API) ship(ctx context.Context, in shipIn) (staffOrder, error) {
	o, err := a.orderAt(ctx, in.Number, in.Version)
	if err != nil {
		return staffOrder{}, err
	}
	p := fulfilment.Parcel{LocationID: in.Location, Carrier: in.Carrier, Tracking: in.Tracking, Quiet: in.Quiet, Version: in.Version}
	for _, l := range in.Lines {
		p.Lines = append(p.Lines, order.ShipmentLine{LineID: l.Line, Quantity: l.Quantity})
	}
	_, err = a.Fulfilment.Ship(ctx, actor(ctx), o.ID, p)
	return a.after(ctx, o, err)
}

type deliveredIn struct {
	orderNumber
	Shipment string `path:"shipment" max:"40"`
}

type cancelIn struct {
	orderNumber
	Version int64  `json:"version" required:"true" min:"1" doc:"Of the order as it was read."`
	Reason  string `json:"reason" max:"500" doc:"For staff."`
	Refund  bool   `json:"refund" doc:"Whether the money for it goes back."`
}

type refundIn struct {
	orderNumber
	refundBody
}

type refundBody struct {
	Lines    []refundUnits `json:"lines" items:"200"`
	Shipping *kit.Money    `json:"shipping" doc:"Of the delivery's price; nothing when absent."`
}

type refundUnits struct {
	unitsIn
	Units   string `json:"units" oneof:"shipped open cancelled" doc:"Which of the line's units: shipped ones, open ones, which the refund cancels, or ones cancelled before. May be absent where all that are left are meant, or there is one kind only."`
	Restock bool   `json:"restock" doc:"Whether units that were sent go back on the shelf."`
}

type refundPreview struct {
	Amount kit.Money            `json:"amount"`
	Tax    kit.Money            `json:"tax" doc:"In the amount."`
	Lines  kit.List[refundLine] `json:"lines"`
	Left   kit.Money            `json:"refundable" doc:"How much of the captured money the shop still has."`
}

func (r refundBody) request(o order.Order) (returns.Request, error) {
	var req returns.Request
	for _, l := range r.Lines {
		req.Lines = append(req.Lines, returns.Line{LineID: l.Line, Quantity: l.Quantity, Of: returns.Units(l.Units), Restock: l.Restock})
	}
	if r.Shipping == nil {
		return req, nil
	}
	var err error
	req.Shipping, err = r.Shipping.Minor("shipping", o.Currency)
	return req, err
}

func (a *API) previewRefund(ctx context.Context, in refundIn) (refundPreview, error) {
	o, err := a.orderOf(ctx, in.Number)
	if err != nil {
		return refundPreview{}, err
	}
	req, err := in.request(o)
	if err != nil {
		return refundPreview{}, err
	}
	p, err := a.Returns.Preview(o, req)
	if err != nil {
		return refundPreview{}, err
	}
	return refundPreview{kit.Price(p.Amount, o.Currency), kit.Price(p.Tax, o.Currency), refundLines(p.Lines, o.Currency), kit.Price(o.Refundable(), o.Currency)}, nil
}

type refundNowIn struct {
	orderNumber
	refundBody
	Version  int64      `json:"version" required:"true" min:"1" doc:"Of the order as it was read."`
	Expected *kit.Money `json:"expected_amount" doc:"amount of the preview; anything else is a conflict."`
	Reason   string     `json:"reason" max:"500" doc:"For staff."`
	Location string     `json:"location_id" max:"40" doc:"Where units come back to; the first active location when absent."`
}

func (a *API) refund(ctx context.Context, in refundNowIn) (staffOrder, error) {
	var none staffOrder
	o, err := a.orderAt(ctx, in.Number, in.Version)
	if err != nil {
		return none, err
	}
	req, err := in.request(o)
	if err != nil {
		return none, err
	}
	req.Reason, req.Location, req.Version = in.Reason, in.Location, in.Version
	if in.Expected != nil {
		want, err := in.Expected.Minor("expected_amount", o.Currency)
		if err != nil {
			return none, err
		}
		p, err := a.Returns.Preview(o, req)
		if err != nil {
			return none, err
		}
		if p.Amount != want {
			return none, fault.New(fault.Conflict, "api.amount_changed").With("amount", money.Money{Amount: p.Amount, Currency: o.Currency})
		}
	}
	_, err = a.Returns.Refund(ctx, actor(ctx), o.ID, req)
	return a.after(ctx, o, err)
}

type paidIn struct {
	orderNumber
	Amount *kit.Money `json:"amount" doc:"What has come; all that is due when absent."`
}

// paid notes money under a name made of the request's key, so that a repeat
// notes it once even if the answer to the first was never remembered.
func (a *API) paid(ctx context.Context, in paidIn) (staffOrder, error) {
	o, err := a.orderOf(ctx, in.Number)
	if err != nil {
		return staffOrder{}, err
	}
	var amount money.Minor
	if in.Amount != nil {
		if amount, err = in.Amount.Minor("amount", o.Currency); err != nil {
			return staffOrder{}, err
		}
		if amount == 0 {
			return staffOrder{}, fault.New(fault.Invalid, "form.invalid").At("amount.amount", "form.too_small", "min", int64(1))
		}
	}
	sum := sha256.Sum256([]byte(policy.Of(ctx).ID + "\n" + asked(ctx).key))
	_, err = a.Checkout.NotePaid(ctx, actor(ctx), o.ID, "note:"+hex.EncodeToString(sum[:16]), amount)
	return a.after(ctx, o, err)
}

// writer says what kind of actor has written a note.
func writer(n order.Note) audit.Kind {
	if id.Valid("tok", n.StaffID) {
		return audit.KindKey
	}
	return audit.KindStaff
}

type noteIn struct {
	orderNumber
	Note string `json:"note" required:"true" max:"2000" multiline:"true"`
}
