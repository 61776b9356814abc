package view

import (
	"time"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
)

// OrderPage is pages/order.html, reached by secret link or from the account.
type OrderPage struct {
	Page
	Order Order
	// Fresh is true right after the order was placed: the page says thank you.
	Fresh bool
	// Account is the side navigation when reached from the account; empty for
	// guests.
	AccountNav []Link
	// SignUp invites a guest to keep the order; nil otherwise.
	SignUp *Link
}

// OrderState is the one word that sums an order up for its buyer.
type OrderState string

// The states of an order as its buyer sees them.
const (
	OrderAwaitsPayment OrderState = "awaits_payment" // transfer expected, or declined and to be retried
	OrderUnknown       OrderState = "unknown"        // the bank has not answered yet
	OrderPlaced        OrderState = "placed"         // paid or on account; being prepared
	OrderPartly        OrderState = "partly_shipped"
	OrderShipped       OrderState = "shipped"
	OrderDelivered     OrderState = "delivered"
	OrderCancelled     OrderState = "cancelled"
	OrderReturned      OrderState = "returned"
	OrderExpired       OrderState = "expired" // never came to be: not paid in time
)

// Order is an order as its buyer sees it. It is a snapshot: nothing in it
// changes with the catalogue.
type Order struct {
	Number   string
	URL      string // the secret link
	PlacedAt time.Time
	State    OrderState
	Late     bool   // cancelled because it was paid when the goods were gone
	Email    string // masked on pages that need no sign-in
	Name     string // first name, for the salutation; may be empty

	Steps   []OrderStep // what happened and what comes next, in order
	Lines   []SummaryLine
	Summary Summary
	Window  Window // when it is expected

	Delivery       []string // address, one line each; masked where needed
	Billing        []string // empty when the same
	ShippingMethod string
	PaymentMethod  string

	Pay     *PayOrder // what is to be paid and how; nil when nothing is
	Parcels []Parcel
	Refunds []Refund

	Note       string // what the buyer wrote; may be empty
	Fields     Fields // the merchant's own, as far as they are for the buyer
	CancelURL  string // POST; "" when it can no longer be cancelled
	ContactURL string
	Messages   []Notice
}

// OrderStep is one step of an order's way.
type OrderStep struct {
	Key   string // "placed", "paid", "packed", "shipped", "delivered", "cancelled", "expired"
	Label string
	At    time.Time // zero when it has not happened
	Done  bool
	Now   bool // the step the order is at
}

// PayOrder is an open payment.
type PayOrder struct {
	Due      money.Money
	Declined bool
	Problem  string // why the last try failed, in words; may be empty

	// Transfer is what to write on a bank transfer; empty for other methods.
	Transfer []Attribute
	Note     string // a word of the merchant's about it; may be empty
	// Until is when the goods are no longer held; zero when not told.
	Until time.Time

	// Action takes another try with one of Methods; "" when there is none.
	Action  string
	Hidden  []Hidden
	Methods []PaymentChoice

	// CheckoutURL is where the order can be tried anew: the bag is still
	// there; "" when it is not.
	CheckoutURL string
}

// Parcel is one shipment.
type Parcel struct {
	Carrier   string
	Number    string // tracking number; may be empty
	URL       string // tracking page; may be empty
	ShippedAt time.Time
	Window    Window
	Lines     []SummaryLine
}

// Refund is money given back.
type Refund struct {
	At     time.Time
	Amount money.Money
	Reason string // may be empty
	To     string // "the card you paid with"
	Lines  []SummaryLine
	// Summary tells what Amount is made of; letters have it, the order page
	// does not. Without rows there is nothing to tell.
	Summary Summary
}

// WaitingPage is pages/waiting.html: the bank has not answered yet.
type WaitingPage struct {
	Page
	Number     string
	RefreshURL string // this page again
	Seconds    int    // until the next look
	OrderURL   string
	ContactURL string
	// ContinueURL is the bank's page, for whoever closed it too early; "" when
	// there is none.
	ContinueURL string
}

// OrderMail is mail/order_confirmation: everything the order page tells. In
// every mail all URLs are absolute and nothing is masked.
type OrderMail struct {
	Shop      Shop
	Order     Order
	Terms     theme.HTML // right of withdrawal and terms as they were agreed to
	TermsText string     // the same for the plain text
}

// ShippingMail is mail/shipping_notice.
type ShippingMail struct {
	Shop   Shop
	Order  Order
	Parcel Parcel
	// Rest says that more parcels will follow.
	Rest bool
}

// RefundMail is mail/refund_notice.
type RefundMail struct {
	Shop   Shop
	Order  Order
	Refund Refund
}

// PasswordMail is mail/password_reset. Exists is false when nobody has an
// account under the address: the mail then says so, and the page that sent it
// looked the same.
type PasswordMail struct {
	Shop      Shop
	Name      string
	URL       string
	ExpiresAt time.Time
	Exists    bool
}

// CancelMail is mail/order_cancelled.
type CancelMail struct {
	Shop  Shop
	Order Order
	Paid  bool // money had been taken
	Back  bool // and goes back by itself
}

// ShortenMail is mail/order_shortened: some units will not be sent, and the
// order goes on.
type ShortenMail struct {
	Shop  Shop
	Order Order
	Lines []SummaryLine // what will not be sent
	Open  bool          // more was paid than the rest comes to, and does not go back by itself
	Back  bool          // what was paid for them goes back
	Due   money.Money   // what is left to pay
	Rest  bool          // something is still to be sent
}

// AccountMail is what an account's letters are given:
//   - mail/account_verify: URL proves the address.
//   - mail/account_exists: somebody signed up with the address of an account
//     that is there; URL signs in.
//   - mail/email_change: URL moves the account to the address that the letter
//     goes to.
//   - mail/email_changed: tells the address that the account had before.
//   - mail/password_changed: tells the owner.
type AccountMail struct {
	Shop         Shop
	URL          string    // may be empty
	ExpiresAt    time.Time // of URL; zero when it does not expire
	ForgottenURL string    // to a new password
	ContactURL   string
}
