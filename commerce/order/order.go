// Package order keeps what was agreed with a shopper and what became of it.
//
// An order is a snapshot (rule B20): it copies names, options, prices, taxes
// and addresses, and every later step works on the copy, whatever happens to
// the catalogue. Its state is told by three derived states (payment,
// fulfilment, return) that are recomputed from what happened and never set.
package order

import (
	"strconv"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/event"
)

// State is how far the agreement got.
type State string

// The states.
const (
	Draft     State = "draft"     // being paid; no number yet
	Placed    State = "placed"    // agreed
	Cancelled State = "cancelled" // was placed, and nothing will be sent any more
	Expired   State = "expired"   // never came to be: not paid in time
)

// OutOfStock is the CancelReason of an order that was paid too late: its goods
// were no longer held, and somebody else had them.
const OutOfStock = "out_of_stock"

// FulfilmentState is derived from what was shipped and cancelled.
type FulfilmentState string

// The fulfilment states.
const (
	Unfulfilled   FulfilmentState = "unfulfilled"
	PartlyShipped FulfilmentState = "partly_shipped"
	Shipped       FulfilmentState = "shipped"
	Nothing       FulfilmentState = "nothing" // everything was cancelled
)

// ReturnState is derived from what was refunded after it was shipped.
type ReturnState string

// The return states.
const (
	NotReturned    ReturnState = "none"
	PartlyReturned ReturnState = "partly_returned"
	Returned       ReturnState = "returned"
)

// Contact is who ordered and where it goes. It is sealed at rest.
type Contact struct {
	Email    string          `json:"email"`
	Shipping market.Address  `json:"shipping"`
	Billing  *market.Address `json:"billing,omitempty"` // nil: the same
}

// BillingAddress is where the invoice goes.
func (c Contact) BillingAddress() market.Address {
	if c.Billing != nil {
		return *c.Billing
	}
	return c.Shipping
}

// Order is one order with everything that belongs to it. Amounts are in
// Currency.
type Order struct {
	ID          string
	Number      int64  // 0 until placed; see PublicNumber
	Token       string // opens the order's page; secret
	CartID      string
	CartVersion int64
	CustomerID  string // empty for a guest
	KeyID       string
	MarketID    string
	Currency    string
	Locale      string

	State      State
	Payment    payment.State // "none" is "" for an order without payment
	Fulfilment FulfilmentState
	Return     ReturnState

	Contact          Contact
	Note             string        // the shopper's words
	Fields           custom.Values // the merchant's own
	ShippingCode     string
	ShippingName     string // as the shopper read it
	PaymentMethod    string // "sandbox.card": provider and method
	PricesIncludeTax bool

	Lines    []Line
	Taxes    []pricing.TaxRow
	Attempts []payment.Attempt

	Goods        money.Minor // lines after discounts, gross
	Discount     money.Minor
	Shipping     money.Minor // gross
	ShippingTax  money.Minor
	Tax          money.Minor
	Total        money.Minor // Goods + Shipping; what there was to pay
	Authorised   money.Minor
	Captured     money.Minor
	Refunded     money.Minor // of what was captured, pending refunds included
	RefundedShip money.Minor // of Shipping

	Quote        pricing.Quote
	TermsVersion string // what was agreed to, as checkout.Shop.Terms names it; "" when nothing was asked
	CancelReason string // words of whoever cancelled, or OutOfStock
	HoldUntil    time.Time
	CreatedAt    time.Time
	PlacedAt     time.Time
	LocalDay     string // the shop's calendar day of placement, "2026-11-24"
	UpdatedAt    time.Time
	Version      int64
}

// Line is one line as it was agreed.
type Line struct {
	ID         string
	Position   int64
	VariantID  string // empty once the variant is gone
	ProductID  string
	SKU        string
	Name       string
	Options    string // "Black / 1.7 l"
	Image      string // hash of the media shown
	Quantity   int64
	Unit       money.Minor
	Discount   money.Minor
	Total      pricing.Amounts
	TaxRate    money.Rate
	TaxCode    string
	Weight     int64 // grams of one
	HSCode     string
	Origin     string
	Tracked    bool // at the time; kept in the reservation's existence
	Shipped    int64
	Cancelled  int64
	Refunded   int64 // units
	Returned   int64 // of Refunded, those that had been shipped
	Restocked  int64 // units that came back to stock, by whatever way
	RefundedAt money.Minor
}

// Open is how many units still wait to be shipped.
func (l Line) Open() int64 { return l.Quantity - l.Shipped - l.Cancelled }

// Count is what is added to the counters of a line; a refund that failed takes
// away.
type Count struct {
	Shipped   int64
	Cancelled int64
	Refunded  int64 // units
	Returned  int64 // of Refunded, those that had been shipped
	Restocked int64
	Gross     money.Minor // refunded
}

// Share is what units of the line come to of an amount that is for all of
// them, for display; what goes back is pricing.Refund's to say.
func (l Line) Share(all money.Minor, units int64) money.Minor {
	if units == l.Quantity || l.Quantity == 0 {
		return all
	}
	part, err := money.MulDiv(all, units, l.Quantity, money.HalfUp)
	if err != nil {
		return all
	}
	return part
}

// PublicNumber is the number a person sees: "1001" for the first.
func (o Order) PublicNumber() string { return PublicNumber(o.Number) }

// firstNumber is what the first order is called, less one: a shop's first
// customer need not know that.
const firstNumber = 1000

// PublicNumber writes an order's number for people; "" before it has one.
func PublicNumber(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n+firstNumber, 10)
}

// ParseNumber reads what PublicNumber wrote, with or without "#".
func ParseNumber(s string) (int64, bool) {
	if len(s) > 0 && s[0] == '#' {
		s = s[1:]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n - firstNumber, err == nil && n > firstNumber && len(s) < 16
}

// Listed tells a sum as the shop lists its prices: with tax or without.
func (o Order) Listed(a pricing.Amounts) money.Minor {
	if o.PricesIncludeTax {
		return a.Gross
	}
	return a.Net
}

// Delivery is the price of the shipping with the tax on it.
func (o Order) Delivery() pricing.Amounts {
	return pricing.Amounts{Net: o.Shipping - o.ShippingTax, Tax: o.ShippingTax, Gross: o.Shipping}
}

// Method splits PaymentMethod into provider and method.
func (o Order) Method() (provider, method string) { return SplitMethod(o.PaymentMethod) }

// SplitMethod splits "sandbox.card" into "sandbox" and "card".
func SplitMethod(code string) (provider, method string) {
	for i := range code {
		if code[i] == '.' {
			return code[:i], code[i+1:]
		}
	}
	return code, ""
}

// Payable is what the order came to, less what was paid for nothing: the units
// that were cancelled. Shipping stays.
func (o Order) Payable() money.Minor {
	sum := o.Total
	for _, l := range o.Lines {
		if gone, err := money.Cumulative(l.Total.Gross, l.Quantity-l.Cancelled, l.Cancelled, max(l.Quantity, 1)); err == nil {
			sum -= gone
		}
	}
	return sum
}

// Due is what is still to be paid: what the order comes to less what is
// captured or held, never below zero. Nothing is due for an order that is
// cancelled.
func (o Order) Due() money.Minor {
	if o.State == Cancelled || o.State == Expired {
		return 0
	}
	return max(o.Payable()-o.Authorised, 0)
}

// Refundable is how much of the captured money is still with the shop.
func (o Order) Refundable() money.Minor { return o.Captured - o.Refunded }

// Attempt returns the attempt with an id.
func (o Order) Attempt(id string) (payment.Attempt, bool) {
	for _, a := range o.Attempts {
		if a.ID == id {
			return a, true
		}
	}
	return payment.Attempt{}, false
}

// Last returns the newest attempt.
func (o Order) Last() (payment.Attempt, bool) {
	if len(o.Attempts) == 0 {
		return payment.Attempt{}, false
	}
	return o.Attempts[len(o.Attempts)-1], true
}

// Derive recomputes the three states and the payment sums from lines and
// attempts. It is called after every change, so no state is ever set by hand.
func (o *Order) Derive() {
	var quantity, shipped, cancelled, returned int64
	for _, l := range o.Lines {
		quantity += l.Quantity
		shipped += l.Shipped
		cancelled += l.Cancelled
		returned += l.Returned
	}
	switch {
	case cancelled == quantity:
		o.Fulfilment = Nothing
	case shipped == 0:
		o.Fulfilment = Unfulfilled
	case shipped+cancelled < quantity:
		o.Fulfilment = PartlyShipped
	default:
		o.Fulfilment = Shipped
	}
	switch {
	case returned == 0:
		o.Return = NotReturned
	case returned < shipped:
		o.Return = PartlyReturned
	default:
		o.Return = Returned
	}
	var refunded money.Minor
	o.Payment, o.Authorised, o.Captured, refunded = derivePayment(o.Total, o.Payable(), o.Attempts)
	o.Refunded = max(o.Refunded, refunded) // also what was given back at the provider's own desk
	if o.State == Placed && o.Fulfilment == Nothing {
		o.State = Cancelled
	}
}

// derivePayment sums the attempts. The order's payment state is that of all
// its money together: a declined try before a successful one leaves no trace.
func derivePayment(total, payable money.Minor, attempts []payment.Attempt) (state payment.State, secured, captured, refunded money.Minor) {
	var f payment.Facts
	f.Amount = payable
	review, pledged, open := false, false, false
	kept := false // some attempt's money stays with the shop
	for _, a := range attempts {
		kept = kept || a.Facts.Secured() > 0
	}
	for _, a := range attempts {
		if kept && a.Facts.Authorised > 0 && a.Facts.Secured() == 0 {
			continue // paid twice, and this one went back
		}
		review = review || a.Status == payment.InReview
		pledged = pledged || a.Status == payment.Pledged
		open = open || a.Status.Open()
		f.Authorised += a.Facts.Authorised
		f.Captured += a.Facts.Captured
		f.Refunded += a.Facts.Refunded
		f.Voided += a.Facts.Voided
	}
	secured = f.Held() + f.Captured
	switch {
	case review:
		return payment.UnderReview, secured, f.Captured, f.Refunded
	case len(attempts) == 0 && total == 0:
		return payment.Paid, 0, 0, 0
	case f.Authorised > 0:
		return f.State(), secured, f.Captured, f.Refunded
	case pledged || open:
		return payment.Awaiting, 0, 0, 0
	case len(attempts) == 0:
		return NoPayment, 0, 0, 0
	}
	return payment.Failed, 0, 0, 0
}

// NoPayment is the payment state of an order nobody has tried to pay.
const NoPayment payment.State = "none"

// NotFound is the answer for an order that is not there, or not the asker's.
func NotFound() error { return fault.New(fault.NotFound, "order.not_found") }

// Expect fails with "version.changed" unless the order is the version that
// somebody has read; 0 stands for any. Ask it of a locked order.
func (o Order) Expect(version int64) error {
	if version != 0 && version != o.Version {
		return fault.New(fault.Conflict, "version.changed").With("version", o.Version)
	}
	return nil
}

// Ref names an order in an event.
type Ref struct {
	OrderID string `json:"order_id"`
}

// ShipmentRef names a shipment in an event.
type ShipmentRef struct {
	OrderID    string `json:"order_id"`
	ShipmentID string `json:"shipment_id"`
	Quiet      bool   `json:"quiet,omitempty"` // the customer is not told
}

// CutRef tells of units that will not be sent, of an order that goes on.
type CutRef struct {
	OrderID string         `json:"order_id"`
	CutID   string         `json:"cut_id"` // "cut_…", for this time
	Lines   []ShipmentLine `json:"lines"`
}

// RefundRef names a refund in an event.
type RefundRef struct {
	OrderID  string `json:"order_id"`
	RefundID string `json:"refund_id"`
}

// Topics are the events an order's life emits.
type Topics struct {
	Placed    event.Topic[Ref]
	Paid      event.Topic[Ref]
	Cancelled event.Topic[Ref] // the whole order
	Shortened event.Topic[CutRef]
	Shipped   event.Topic[ShipmentRef]
	Refunded  event.Topic[RefundRef]
}

// Events returns the topics.
func Events() Topics {
	return Topics{
		Placed:    event.NewTopic[Ref]("order.placed"),
		Paid:      event.NewTopic[Ref]("order.paid"),
		Cancelled: event.NewTopic[Ref]("order.cancelled"),
		Shortened: event.NewTopic[CutRef]("order.shortened"),
		Shipped:   event.NewTopic[ShipmentRef]("order.shipped"),
		Refunded:  event.NewTopic[RefundRef]("order.refunded"),
	}
}

// Shipment is one parcel.
type Shipment struct {
	ID          string
	OrderID     string
	Position    int64 // 1 for the first
	LocationID  string
	Carrier     string
	Tracking    string
	TrackingURL string
	ShippedAt   time.Time
	DeliveredAt time.Time
	Lines       []ShipmentLine
}

// ShipmentLine is how many units of a line are in a parcel.
type ShipmentLine struct {
	LineID   string
	Quantity int64
}

// Refund is money given back.
type Refund struct {
	ID        string
	OrderID   string
	AttemptID string
	Amount    money.Minor
	Tax       money.Minor
	Shipping  money.Minor // of Amount
	State     RefundState
	Reason    string
	Reference string
	Lines     []RefundLine
	CreatedAt time.Time
	UpdatedAt time.Time
}

// RefundState is how far the money got.
type RefundState string

// The refund states.
const (
	RefundPending RefundState = "pending"
	RefundDone    RefundState = "done"
	RefundFailed  RefundState = "failed"
)

// RefundLine is the part of a refund that is for units of one line.
type RefundLine struct {
	LineID    string
	Quantity  int64
	Cancelled int64 // of Quantity: units that the refund cancelled
	Returned  int64 // of Quantity: units that had been shipped
	Amount    money.Minor
	Tax       money.Minor
	Restocked int64 // Cancelled, and those of Returned that went back on the shelf
}

// Amounts are the line's part of the refund told three ways.
func (l RefundLine) Amounts() pricing.Amounts {
	return pricing.Amounts{Net: l.Amount - l.Tax, Tax: l.Tax, Gross: l.Amount}
}

// Split tells what of a refund is for goods and what for the delivery. One
// that was made at the provider's own desk is for neither.
func (r Refund) Split() (goods, delivery pricing.Amounts) {
	for _, l := range r.Lines {
		goods.Gross += l.Amount
		goods.Tax += l.Tax
	}
	goods.Net = goods.Gross - goods.Tax
	if r.Shipping > 0 {
		delivery = pricing.Amounts{Net: r.Shipping - r.Tax + goods.Tax, Tax: r.Tax - goods.Tax, Gross: r.Shipping}
	}
	return goods, delivery
}

// Note is a remark of staff.
type Note struct {
	ID      string
	StaffID string
	Text    string
	At      time.Time
}
