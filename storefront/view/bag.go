package view

import (
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
)

// BagPage is pages/bag.html.
type BagPage struct {
	Page
	Bag BagContent
	// Suggested is shown below, or alone when the bag is empty.
	Suggested []ProductCard
}

// BagContent is the partial "bag" (id "bag") and the partial "drawer" (id
// "drawer").
type BagContent struct {
	URL         string
	CheckoutURL string
	ContinueURL string // back to the goods
	Lines       []BagLine
	Count       int
	Summary     Summary
	FreeFrom    *FreeShipping // nil when there is no such offer
	// Added is the line that was just put in, to be named in the drawer; nil
	// otherwise.
	Added *BagLine
	// Blocked says why the bag cannot be checked out; "" when it can.
	Blocked string
}

// BagLine is the partial "bag_line" with the id "line-" and ID.
type BagLine struct {
	ID        string
	Name      string
	URL       string // "" when the product is no longer shown
	Options   string // "Colour: black"; may be empty
	Image     *Image
	Unit      money.Money
	Total     money.Money
	Quantity  int
	Max       int    // most that may be asked for
	UpdateURL string // POST quantity
	RemoveURL string // POST
	Problem   string // what must be put right
	Typed     string // the quantity that was refused, as typed; "" otherwise
	Note      string // what changed since it was put in: "The price is now €79.00."
}

// Shown is the quantity to be shown: what was typed, if it was refused.
func (l BagLine) Shown() string { return shown(l.Typed, l.Quantity) }

// FreeShipping is the way to free delivery.
type FreeShipping struct {
	Reached bool
	Missing money.Money
	Percent int // 0..100
}

// Summary is the sum at the bottom of bag, checkout, order and mail.
type Summary struct {
	Rows  []SummaryRow
	Total money.Money
	// Estimated says that delivery may still change the total.
	Estimated bool
	// Taxes is the tax contained in Total, one entry a rate.
	Taxes []TaxRow
	// TaxIncluded says whether Taxes are inside the rows' amounts (true) or
	// were added as rows of their own.
	TaxIncluded bool
}

// SummaryRow is one line of the sum: goods, discount, delivery.
type SummaryRow struct {
	Label  string
	Amount money.Money
	Free   bool   // say "free" instead of an amount of zero
	Note   string // instead of an amount: "at checkout"; may be empty
}

// TaxRow is the tax of one rate.
type TaxRow struct {
	Name   string // "VAT", in the reader's language
	Rate   money.Rate
	Amount money.Money
}

// CheckoutPage is pages/checkout.html: one form, posted to Action. It is never
// cached.
type CheckoutPage struct {
	Page
	// Action takes the order; RefreshURL takes the same form and answers with
	// the page drawn anew (other country, other delivery).
	Action     string
	RefreshURL string
	BagURL     string
	SignInURL  string // "" when signed in

	// Hidden carries expected_total, cart_version and request_key.
	Hidden []Hidden

	Problem  string // why the order was not taken, in words; may be empty
	Declined bool   // Problem is a refused payment: another way may work
	// Changed tells what the shopper must agree to anew; nil when nothing
	// changed.
	Changed *Change

	Contact  []Field
	Saved    []SavedAddress // a customer's addresses; empty for guests
	Delivery []Field        // as the country's post wants it
	// BillingSame is the checkbox "billing address is the same".
	BillingSame Field
	Billing     []Field // empty while BillingSame is checked

	Shipping        []ShippingChoice
	ShippingProblem string
	Payment         []PaymentChoice
	PaymentProblem  string
	Note            Field
	Terms           *Terms // nil when there is nothing to agree to

	Lines   []SummaryLine
	Summary Summary
	// Stuck are the lines that cannot be ordered as they are; URL is where the
	// bag shows them.
	Stuck []StuckLine
}

// StuckLine is a line of the bag that keeps an order from being placed.
type StuckLine struct {
	Name, Options string
	Problem       string
	URL           string
}

// Problems lists every field that has a problem, in the order of the page.
func (c CheckoutPage) Problems() []Field {
	var bad []Field
	for _, fields := range [][]Field{c.Contact, c.Delivery, c.Billing, {c.Note}} {
		bad = append(bad, problems(fields)...)
	}
	if c.ShippingProblem != "" {
		bad = append(bad, Field{Name: "shipping_method", Problem: c.ShippingProblem})
	}
	if c.PaymentProblem != "" {
		bad = append(bad, Field{Name: "payment_method", Problem: c.PaymentProblem})
	}
	if c.Terms != nil && c.Terms.Field.Problem != "" {
		bad = append(bad, c.Terms.Field)
	}
	return bad
}

// Change is a difference between what was shown and what is true now.
type Change struct {
	OldTotal, NewTotal money.Money
	Items              []string // what changed, one sentence each
}

// SavedAddress is one entry of the address book.
type SavedAddress struct {
	ID       string
	Lines    []string
	Selected bool
}

// ShippingChoice is one way of delivery.
type ShippingChoice struct {
	ID       string
	Name     string
	Note     string // may be empty
	Window   Window
	Price    money.Money
	Free     bool
	Selected bool
}

// PaymentChoice is one way to pay.
type PaymentChoice struct {
	ID       string
	Name     string
	Note     string // what happens next; may be empty
	Kind     string // for the icon: "card", "transfer", "cash", "other"
	Fee      *money.Money
	Selected bool
	// Fields is what the method asks for here; card numbers never are.
	Fields []Field
}

// Terms is the legal agreement above the order button. Text contains links.
type Terms struct {
	Text  theme.HTML
	Field Field // a checkbox; Name is empty when reading is enough
}

// SummaryLine is a line as the checkout, the order and the mails list it.
type SummaryLine struct {
	Name     string
	Options  string
	SKU      string
	URL      string // may be empty
	Image    *Image
	Quantity int
	Total    money.Money
	// Problem is why this line cannot be ordered; "" when it can.
	Problem string
}
