package payment

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/money"
)

// Attempt is one try to pay one order through one provider. An order may have
// several; a declined one is never used again.
type Attempt struct {
	ID          string // "pay_…"; the provider's idempotency key
	OrderID     string
	Provider    string // Info.ID
	Method      string // Method.ID
	Amount      money.Minor
	Currency    string
	Live        bool   // whether real money was asked for, see Live
	Account     string // the shop's account at the provider; empty until the provider first named it
	Reference   string // the provider's name for the payment; empty until known
	Status      AttemptStatus
	Reason      Reason     // why it is Refused; of one that is Leaving, why the shop lets go
	Doubts      []Mismatch // why it is Held for review
	ContinueURL string     // where the shopper goes on; kept so that a second click finds it
	Facts       Facts      // the last ones known
	CreatedAt   time.Time
}

// AttemptStatus is how far an attempt got. Where its money stands is
// Facts.State.
type AttemptStatus string

const (
	Started    AttemptStatus = "started"  // recorded; the provider's answer is not known, or was lost
	Continuing AttemptStatus = "continue" // the shopper is at the provider's page
	Leaving    AttemptStatus = "leaving"  // the shop lets go of it: held money places nothing any more, taken money still does
	Pledged    AttemptStatus = "pending"  // promised: the order is placed, the money comes later
	Settled    AttemptStatus = "approved" // the full amount is held or taken
	Refused    AttemptStatus = "declined" // no money, and none will come
	Released   AttemptStatus = "voided"   // there was money, and it went back before the order was placed
	Lapsed     AttemptStatus = "expired"  // the shop stopped waiting; money that still comes is seen by Learned
	InReview   AttemptStatus = "review"   // the facts do not fit; see Doubts
)

// Places reports whether the order may be placed.
func (s AttemptStatus) Places() bool { return s == Pledged || s == Settled }

// Open reports whether the outcome is still to come, so that a reconcile job
// must go on asking.
func (s AttemptStatus) Open() bool { return s == Started || s == Continuing || s == Leaving }

// Mismatch names a fact that is not what the shop asked for.
type Mismatch string

const (
	OtherAttempt   Mismatch = "attempt"   // the payment belongs to another attempt
	OtherReference Mismatch = "reference" // a second payment for the same attempt
	OtherAccount   Mismatch = "account"   // the money goes to somebody else
	OtherMode      Mismatch = "mode"      // test money for a live order, or the other way round
	OtherCurrency  Mismatch = "currency"  //
	OtherAmount    Mismatch = "amount"    // less or more was asked of the shopper
	Impossible     Mismatch = "sums"      // negative sums, more refunded than taken, more taken than agreed
	Partial        Mismatch = "partial"   // part of the amount was held and no more will be
)

// Entry is one line of the payment ledger: money that moved since the last
// facts. Entries are only ever added.
type Entry struct {
	Kind   EntryKind
	Amount money.Minor // > 0, in the attempt's currency

	// Reference is unique among the entries of one attempt and kind. It is the
	// provider's name for the movement, else the key of the change that asked
	// for it, else "sum:" and the sum up to here. Two nodes that learn the same
	// thing make the same reference, so the ledger's unique index catches what
	// the row lock should have.
	Reference string
}

// EntryKind says which way money moved.
type EntryKind string

const (
	EntryAuthorised EntryKind = "authorisation"
	EntryCaptured   EntryKind = "capture"
	EntryRefunded   EntryKind = "refund"
	EntryVoided     EntryKind = "void"
)

// Check compares facts with what the shop asked for (T30). No mismatch means
// that they may be believed.
func (a Attempt) Check(f Facts) []Mismatch {
	var bad []Mismatch
	note := func(wrong bool, m Mismatch) {
		if wrong {
			bad = append(bad, m)
		}
	}
	note(f.AttemptID != a.ID, OtherAttempt)
	note(a.Reference != "" && f.Reference != a.Reference, OtherReference)
	note(a.Account != "" && f.Account != a.Account, OtherAccount)
	note(f.Live != a.Live, OtherMode)
	note(f.Currency != a.Currency, OtherCurrency)
	note(f.Amount != a.Amount, OtherAmount)
	low := min(f.Authorised, f.Captured, f.Refunded, f.Voided) < 0
	note(low || f.Captured > f.Amount || f.Refunded > max(f.Captured, f.Amount) || f.Voided > max(f.Authorised, f.Amount), Impossible)
	return bad
}

// Answered applies what Authorize returned. It and Learned are the only ways
// an attempt changes, whoever brings the news: the checkout, the shopper's
// browser, a webhook, the reconcile job. The caller holds the order's row and
// writes the returned attempt and entries in the same transaction.
func (a Attempt) Answered(o Outcome, err error) (Attempt, []Entry) {
	if err != nil {
		return a, nil // nobody knows; the reconcile job will ask
	}
	if a.Reference == "" {
		a.Reference = o.Reference
	}
	switch o.Status {
	case Approved:
		return a.Learned(o.Facts)
	case Promised:
		if a.Status.Open() && a.Status != Leaving {
			a.Status = Pledged
			a.Facts = a.Facts.Merge(o.Facts)
		}
	case Continue:
		if a.Status.Open() && a.Status != Leaving {
			a.Status, a.ContinueURL = Continuing, o.ContinueURL
			if o.Facts.AttemptID != "" {
				return a.Learned(o.Facts)
			}
		}
	case Declined:
		if a.Status.Open() {
			a.Status, a.Reason = Refused, o.Reason
		}
	}
	return a, nil
}

// Leave notes that the shop is about to let go of an open attempt at the
// provider. From here on money that is only held places nothing, since the
// letting go may be on its way; money that was taken cannot be let go any more
// and still places the order.
//
// why is ReasonCancelled when the shopper turned to something else, or
// ReasonExpired when the goods were held long enough. The first one stays.
func (a Attempt) Leave(why Reason) Attempt {
	if a.Status.Open() {
		a.Status, a.ContinueURL = Leaving, ""
		a.Reason = cmp.Or(a.Reason, why)
	}
	return a
}

// Learned applies facts that were fetched from the provider and returns the
// ledger lines that are new. Facts that are already known, or older, change
// nothing and give no lines, so any number of webhooks, returns and jobs may
// bring them in any order (T31, T32, T34).
//
// Facts that do not fit put the attempt under review: they are not merged,
// nothing enters the ledger, and an order is never placed on them.
func (a Attempt) Learned(f Facts) (Attempt, []Entry) {
	if bad := a.Check(f); len(bad) > 0 {
		if a.Status != InReview {
			a.Status, a.Doubts = InReview, bad
		}
		return a, nil
	}
	before := a.Facts
	a.Facts = before.Merge(f)
	a.Reference, a.Account = a.Facts.Reference, a.Facts.Account

	secured := a.Facts.Secured()
	switch {
	case a.Status == Settled || a.Status == InReview:
	case a.Status == Leaving && a.Facts.Held() > 0: // on its way back
	case secured >= a.Amount:
		a.Status, a.Reason = Settled, ""
	case a.Facts.Authorised == 0 && a.Facts.Closed:
		if a.Status == Leaving && (a.Facts.Reason == ReasonCancelled || a.Facts.Reason == "") {
			a.Facts.Reason = cmp.Or(a.Reason, a.Facts.Reason) // it was the shop that asked for it
		}
		a.Status, a.Reason = Refused, a.Facts.Reason
	case a.Status == Pledged: // part of it came, or went back: staff see that in the state
	case a.Facts.Authorised > 0 && secured == 0:
		a.Status = Released
	case a.Facts.Authorised > 0 && a.Facts.Closed:
		a.Status, a.Doubts = InReview, []Mismatch{Partial}
	}
	return a, entries(before, a.Facts)
}

// entries lists what moved between two accounts of one payment.
func entries(before, after Facts) []Entry {
	var list []Entry
	add := func(kind EntryKind, from, to money.Minor, had, have []Movement) {
		for _, m := range have {
			if m.Amount > 0 && m.Amount <= to-from && !known(had, m) {
				list = append(list, Entry{kind, m.Amount, cmp.Or(m.Reference, m.Key)})
				from += m.Amount
			}
		}
		if from < to { // the provider gave a sum without its parts
			list = append(list, Entry{kind, to - from, sumPrefix + strconv.FormatInt(int64(to), 10)})
		}
	}
	add(EntryAuthorised, before.Authorised, after.Authorised, nil, nil)
	add(EntryCaptured, before.Captured, after.Captured, before.Captures, after.Captures)
	add(EntryRefunded, before.Refunded, after.Refunded, before.Refunds, after.Refunds)
	add(EntryVoided, before.Voided, after.Voided, nil, nil)
	return list
}

const sumPrefix = "sum:"

// known reports whether m is among moves. Facts rebuilt from the ledger hold
// one name of a movement, which may be the provider's or ours.
func known(moves []Movement, m Movement) bool {
	for _, k := range moves {
		for _, name := range []string{k.Reference, k.Key} {
			if name != "" && (name == m.Reference || name == m.Key) {
				return true
			}
		}
	}
	return false
}

// Replay rebuilds the facts of an attempt from its ledger, which is the only
// place where they are kept.
func (a Attempt) Replay(ledger []Entry) Facts {
	f := Facts{
		Reference: a.Reference, AttemptID: a.ID, Account: a.Account, Live: a.Live,
		Amount: a.Amount, Currency: a.Currency,
		Closed: a.Status == Refused || a.Status == Released, Reason: a.Reason,
	}
	for _, e := range ledger {
		var moves []Movement
		if !strings.HasPrefix(e.Reference, sumPrefix) {
			moves = []Movement{{Reference: e.Reference, Amount: e.Amount}}
		}
		switch e.Kind {
		case EntryAuthorised:
			f.Authorised += e.Amount
		case EntryCaptured:
			f.Captured += e.Amount
			f.Captures = union(f.Captures, moves)
		case EntryRefunded:
			f.Refunded += e.Amount
			f.Refunds = union(f.Refunds, moves)
		case EntryVoided:
			f.Voided += e.Amount
		}
	}
	return f
}

// State is where the attempt's money stands; doubts come first.
func (a Attempt) State() State {
	if a.Status == InReview {
		return UnderReview
	}
	if a.Status == Refused && a.Facts.Authorised == 0 {
		return Failed
	}
	return a.Facts.State()
}
