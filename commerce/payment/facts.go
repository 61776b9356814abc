package payment

import (
	"cmp"
	"slices"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Facts are what a provider says about one payment. The four amounts are sums
// since the payment began and only ever grow, which is what makes the order of
// messages irrelevant (rule B15).
type Facts struct {
	Reference string // the provider's name for the payment
	AttemptID string // ours, as the provider repeats it
	Account   string // whose money it becomes: the merchant's account at the provider
	Live      bool   // real money

	Amount   money.Minor // what the payment is for
	Currency string      // of all amounts here

	Authorised money.Minor // ever held or taken
	Captured   money.Minor // ever taken
	Refunded   money.Minor // ever given back of what was taken
	Voided     money.Minor // ever let go of what was held

	// Captures and Refunds are the single movements, if the provider tells.
	Captures []Movement `json:",omitempty"`
	Refunds  []Movement `json:",omitempty"`

	Closed bool   // no more money will come of itself
	Reason Reason // why it failed, when it did

	LapsesAt time.Time // when the authorisation lapses; zero means not known or never
}

// Movement is one capture or refund.
type Movement struct {
	Key       string      // ours, if the movement was asked for by us
	Reference string      // the provider's name for it
	Amount    money.Minor // > 0
}

// State is where a payment stands. It is derived from facts and never set.
// The message key is "payment.state." and the state.
type State string

const (
	Awaiting       State = "pending"         // no money yet
	Failed         State = "failed"          // none came and none will
	Authorised     State = "authorised"      // held, not taken
	PartlyPaid     State = "partly_paid"     // less taken than was asked for
	Paid           State = "paid"            //
	PartlyRefunded State = "partly_refunded" //
	Refunded       State = "refunded"        // all that was taken went back
	Voided         State = "voided"          // held, then let go; nothing was taken
	UnderReview    State = "review"          // the provider's facts are not those of our order; a person must look
)

// State derives where the payment stands.
func (f Facts) State() State {
	f = f.implied()
	switch {
	case f.Refunded > 0 && f.Refunded >= f.Captured && f.Held() == 0:
		return Refunded
	case f.Refunded > 0:
		return PartlyRefunded
	case f.Captured > 0 && f.Captured >= f.Amount:
		return Paid
	case f.Captured > 0:
		return PartlyPaid
	case f.Held() > 0:
		return Authorised
	case f.Authorised > 0:
		return Voided
	case f.Closed:
		return Failed
	}
	return Awaiting
}

// Held is what is authorised and neither captured nor let go.
func (f Facts) Held() money.Minor { return max(f.Authorised-f.Captured-f.Voided, 0) }

// Secured is what the shop has or can take: held money and captured money that
// was not refunded.
func (f Facts) Secured() money.Minor { return f.Held() + max(f.Captured-f.Refunded, 0) }

// implied fills in what must have happened before: what was refunded had been
// captured, what was captured or voided had been authorised.
func (f Facts) implied() Facts {
	f.Captured = max(f.Captured, f.Refunded)
	f.Authorised = max(f.Authorised, f.Captured+f.Voided)
	return f
}

// Merge joins two accounts of the same payment, whichever is older: every sum
// is the larger one, closed stays closed. Merging is commutative, associative,
// and merging the same facts again changes nothing, so duplicated, late and
// reordered messages all lead to the same result.
func (f Facts) Merge(g Facts) Facts {
	m := Facts{
		Reference:  max(f.Reference, g.Reference),
		AttemptID:  max(f.AttemptID, g.AttemptID),
		Account:    max(f.Account, g.Account),
		Live:       f.Live || g.Live,
		Amount:     max(f.Amount, g.Amount),
		Currency:   max(f.Currency, g.Currency),
		Authorised: max(f.Authorised, g.Authorised),
		Captured:   max(f.Captured, g.Captured),
		Refunded:   max(f.Refunded, g.Refunded),
		Voided:     max(f.Voided, g.Voided),
		Captures:   union(f.Captures, g.Captures),
		Refunds:    union(f.Refunds, g.Refunds),
		Closed:     f.Closed || g.Closed,
		Reason:     max(f.Reason, g.Reason),
		LapsesAt:   f.LapsesAt,
	}
	if g.LapsesAt.After(m.LapsesAt) {
		m.LapsesAt = g.LapsesAt
	}
	return m.implied()
}

func union(a, b []Movement) []Movement {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y Movement) int {
		return cmp.Or(cmp.Compare(x.Reference, y.Reference), cmp.Compare(x.Key, y.Key), cmp.Compare(x.Amount, y.Amount))
	})
	return slices.Compact(all)
}

// Capture notes that amount was taken. It is how a provider whose money moves
// by hand keeps its facts; if nothing was held, the money is authorised and
// captured in one. A key that is already among the captures changes nothing.
// More than the payment is for fails with "payment.capture_too_high".
func (f Facts) Capture(key string, amount money.Minor) (Facts, error) {
	if has(f.Captures, key) {
		return f, nil
	}
	sum, err := f.Captured.Add(amount)
	switch {
	case amount <= 0 || err != nil || sum > f.Amount:
		return f, fault.New(fault.Conflict, "payment.capture_too_high").
			With("left", money.Money{Amount: f.Amount - f.Captured, Currency: f.Currency})
	case f.Closed:
		return f, fault.New(fault.Conflict, "payment.not_capturable")
	}
	f.Captured = sum
	f.Captures = union(f.Captures, []Movement{{Key: key, Amount: amount}})
	return f.implied(), nil
}

// Refund notes that amount was given back. A key that is already among the
// refunds changes nothing. More than was captured and not refunded fails with
// "payment.refund_too_high".
func (f Facts) Refund(key string, amount money.Minor) (Facts, error) {
	if has(f.Refunds, key) {
		return f, nil
	}
	if left := f.Captured - f.Refunded; amount <= 0 || amount > left {
		return f, fault.New(fault.Conflict, "payment.refund_too_high").
			With("left", money.Money{Amount: left, Currency: f.Currency})
	}
	f.Refunded += amount
	f.Refunds = union(f.Refunds, []Movement{{Key: key, Amount: amount}})
	return f, nil
}

// Cancel notes that what is held was let go and that no more money is expected.
// It fails with "payment.not_cancellable" when all of it was captured.
func (f Facts) Cancel() (Facts, error) {
	if f.Captured > 0 && f.Held() == 0 && f.Voided == 0 {
		return f, fault.New(fault.Conflict, "payment.not_cancellable")
	}
	f.Voided += f.Held()
	f.Closed = true
	if f.Authorised == 0 {
		f.Reason = ReasonCancelled
	}
	return f, nil
}

// RefundOf finds the refund that was asked for with key. Whoever lost the answer
// to a refund looks here before trying again.
func (f Facts) RefundOf(key string) (Movement, bool) {
	i := slices.IndexFunc(f.Refunds, func(m Movement) bool { return known([]Movement{m}, Movement{Key: key}) })
	if i < 0 {
		return Movement{}, false
	}
	return f.Refunds[i], true
}

func has(moves []Movement, key string) bool {
	return key != "" && known(moves, Movement{Key: key})
}
