// Package payment is the contract between the shop and whoever moves its
// money, and the rules for believing what they say.
//
// The shop never sees a card number. It opens an attempt, asks a provider to
// authorise it, and from then on trusts only facts that it fetched from the
// provider itself: a webhook or a returning browser is a reason to look, not a
// proof. This file is the contract; facts.go and attempt.go are the rules;
// budget.go limits how often anyone may try.
package payment

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Provider moves money for the shop. It keeps no state of its own: everything
// it needs arrives with each call, so that two shops in one process, or two
// nodes of one shop, never disagree. It is safe for concurrent use.
//
// What a provider can do beyond authorising it says by implementing Capturer,
// Canceller, Refunder, Webhooker, Fetcher, Instructor or Tester. Every
// provider must pass stoatest/paymenttest.
type Provider interface {
	// Info says who the provider is. It is the same at every call.
	Info() Info

	// Authorize asks for the money of one attempt. Calling it again with the
	// same attempt id must not charge again: it returns where the attempt
	// stands now.
	//
	// An error means that nobody knows whether money moved. The caller keeps
	// the attempt and asks with Fetch until it does know. A provider that
	// knows for sure that the money was refused says so in the Outcome.
	Authorize(ctx context.Context, s Settings, r Request) (Outcome, error)
}

// Capturer takes money that was authorised earlier, or, for a provider whose
// money is moved by hand, notes that it came.
//
// Asking for more than is authorised fails with "payment.capture_too_high", a
// payment that holds no authorisation with "payment.not_capturable" (both
// Conflict), an unknown one with "payment.unknown_reference" (NotFound). In
// these three cases nothing happened. After any other error nobody knows, and
// the call may be repeated with the same key.
type Capturer interface {
	Capture(ctx context.Context, s Settings, c Change) (Facts, error)
}

// Canceller lets go of all that is authorised and not captured. What was
// captured stays; a payment with nothing left to let go fails with
// "payment.not_cancellable" (Conflict). Cancelling twice is no error.
// Change.Amount is ignored.
type Canceller interface {
	Cancel(ctx context.Context, s Settings, c Change) (Facts, error)
}

// Refunder gives captured money back. More than was captured and not yet
// refunded fails with "payment.refund_too_high" (Conflict), and nothing
// happened. The key names the refund: the same key refunds once.
type Refunder interface {
	Refund(ctx context.Context, s Settings, c Change) (Facts, error)
}

// Fetcher tells the truth about one payment. A payment that the provider never
// heard of fails with "payment.unknown_reference" (NotFound), which after a
// lost answer means that no money moved.
type Fetcher interface {
	Fetch(ctx context.Context, s Settings, q Query) (Facts, error)
}

// Webhooker verifies what arrives at the shop's webhook address. It checks the
// signature over the raw body before it parses anything, in constant time, and
// refuses a message that is older or newer than its tolerance. Anything wrong
// fails with "payment.webhook_refused" (Malformed) and nothing else is said.
//
// A verified message about no payment gives an Event without references, which
// the caller acknowledges and forgets.
type Webhooker interface {
	Webhook(ctx context.Context, s Settings, in Inbound) (Event, error)
}

// Instructor tells a shopper how to pay an order that was placed on a promise:
// a bank account, what to have ready at the door.
type Instructor interface {
	Instructions(s Settings, d Due) Instructions
}

// Tester reports whether no real money moves with these settings. A provider
// that does not say is taken to move real money.
type Tester interface {
	Test(s Settings) bool
}

// Live reports whether p moves real money with these settings.
func Live(p Provider, s Settings) bool {
	t, ok := p.(Tester)
	return !ok || !t.Test(s)
}

// Info describes a provider. Names are message keys.
type Info struct {
	ID       string   // "sandbox"; stored with every attempt, so it never changes
	Name     string   // for staff
	Methods  []Method // at least one
	Settings []Field  // the form that staff fill in; may be empty

	// Pages are the sources of the pages that shoppers are sent to, such as
	// "https://pay.example"; empty when there are none. Browsers lead a
	// shopper who pays nowhere else.
	Pages []string

	// ByHand says that people move the money: Authorize promises, staff note
	// with Capture and Refund what the bank statement says.
	ByHand bool

	// ManyCaptures says that one authorisation may be captured in parts.
	// Without it the first capture releases the rest.
	ManyCaptures bool

	// AuthorisationLife is how long an authorisation can be captured. Zero
	// means that it does not lapse, or that captures happen at once.
	AuthorisationLife time.Duration
}

// Method returns the method with this id.
func (i Info) Method(id string) (Method, bool) {
	for _, m := range i.Methods {
		if m.ID == id {
			return m, true
		}
	}
	return Method{}, false
}

// Method is one way to pay, as the shopper sees it.
type Method struct {
	ID   string // "card"; unique within the provider, never changes
	Name string // message key
	Help string // message key of one sentence below the name; may be empty
	Icon string // a name of the icon set: "card", "bank", "cash"

	// Currencies that can be paid with it; empty means all.
	Currencies []string
}

// Takes reports whether the method can be paid in a currency.
func (m Method) Takes(currency string) bool {
	for _, c := range m.Currencies {
		if c == currency {
			return true
		}
	}
	return len(m.Currencies) == 0
}

// Request asks for the money of one attempt. It carries no name, no address
// and no basket: what a provider does not get, it cannot lose.
type Request struct {
	AttemptID   string // "pay_…"; the provider's idempotency key
	OrderID     string
	OrderNumber string // as the shopper knows it; empty before the order has one
	Method      string // Method.ID
	Amount      money.Money

	// CaptureLater asks for an authorisation only. A provider that cannot
	// wait captures at once and says so in its facts.
	CaptureLater bool

	// ReturnURL is where a shopper's browser comes back to, whatever happened;
	// WebhookURL is where messages are sent. Both absolute.
	ReturnURL  string
	WebhookURL string

	Locale string // BCP 47, of the pages the provider shows

	// Email is the shopper's address, for providers that must send a receipt
	// of their own. Empty unless the shop's owner allowed it.
	Email string

	// Token is what the provider's own form in the browser gave instead of
	// card data. Empty when the provider shows a page of its own. See
	// CheckToken.
	Token string
}

// Status is the answer to Authorize.
type Status string

const (
	// Approved: the money is there or is held. Facts say how much.
	Approved Status = "approved"
	// Promised: the order may be placed, the money comes later.
	Promised Status = "promised"
	// Continue: the shopper must go on at ContinueURL.
	Continue Status = "continue"
	// Declined: no money moved and none will.
	Declined Status = "declined"
)

// Outcome is what a provider answers to Authorize.
type Outcome struct {
	Status      Status
	Reference   string // the provider's name for the payment; empty if it has none yet
	ContinueURL string // absolute; for Continue only
	Reason      Reason // for Declined only
	Facts       Facts  // for Approved; for the others as far as known
}

// Reason says why a payment was refused, as far as a shopper may know. The
// message key is "payment.declined." and the reason.
type Reason string

const (
	ReasonDeclined       Reason = "card_declined" // the bank gives no more detail, also for fraud
	ReasonFunds          Reason = "insufficient_funds"
	ReasonExpiredCard    Reason = "expired_card"
	ReasonAuthentication Reason = "authentication_failed" // 3-D Secure and the like
	ReasonCancelled      Reason = "cancelled"             // the shopper turned back
	ReasonExpired        Reason = "expired"               // the shopper took too long
	ReasonUnavailable    Reason = "unavailable"           // this method does not work at the moment
)

// Key is the message key of the reason. An unknown reason reads like
// ReasonDeclined: a provider's own words are for staff.
func (r Reason) Key() string {
	switch r {
	case ReasonFunds, ReasonExpiredCard, ReasonAuthentication, ReasonCancelled, ReasonExpired, ReasonUnavailable:
		return "payment.declined." + string(r)
	}
	return "payment.declined." + string(ReasonDeclined)
}

// Change asks to move money of a payment that exists.
type Change struct {
	Key     string      // idempotency key: the id of the row that asks, such as "ref_…"
	Attempt Attempt     // whose money; Facts are the last ones known
	Amount  money.Minor // > 0, in the attempt's currency
}

// Query names a payment. Reference is preferred; without it the provider is
// asked by attempt id, which is how a lost answer is found again.
type Query struct {
	AttemptID string
	Reference string
}

// Inbound is a message as it arrived.
type Inbound struct {
	Header http.Header
	Body   []byte    // the raw bytes
	At     time.Time // when it arrived, by the shop's clock
}

// Event is a verified message. It says where to look, never what to believe.
type Event struct {
	ID        string // unique at the provider; stored once, in the transaction of its effect
	Kind      string // the provider's word, for the log
	AttemptID string // ours, if the message carries it
	Reference string // the provider's name for the payment
	At        time.Time
}

// Due is what a shopper still has to pay.
type Due struct {
	Method      string
	OrderNumber string
	Amount      money.Money
	PlacedAt    time.Time
}

// Instructions are lines to show after the order was placed and in its mail.
type Instructions struct {
	Lines []Line
	Note  map[string]string // language → free text by the shop's owner; may be nil
	Until time.Time         // pay before; zero means no limit
}

// Line is one labelled value, such as an IBAN.
type Line struct {
	Label string      // message key
	Value string      // plain; empty when Money is set
	Money money.Money // shown in the shopper's format
	Copy  bool        // worth a button that copies it
}

// Unknown reports whether err leaves open if money moved. It is false for nil
// and for the refusals that the contract names.
func Unknown(err error) bool {
	if err == nil {
		return false
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		return true
	}
	switch f.Reason {
	case "payment.capture_too_high", "payment.not_capturable", "payment.not_cancellable",
		"payment.refund_too_high", "payment.unknown_reference", "payment.webhook_refused":
		return false
	}
	return true
}
