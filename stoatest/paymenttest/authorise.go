package paymenttest

import (
	"net/url"
	"reflect"
	"sync/atomic"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/money"
)

func authoriseCases() []testCase {
	keeps := func(name string, amount money.Minor, currency string) testCase {
		return testCase{"amount and currency are kept: " + name, func(b *bench) {
			a, r := b.request(amount, currency)
			if m, _ := b.Provider.Info().Method(r.Method); !m.Takes(currency) {
				b.Skip("the method does not take " + currency)
			}
			if b.Approve != nil {
				b.Approve(&r)
			}
			o := b.mustAuthorise(r)
			a, _ = a.Answered(o, nil)
			if o.Status == payment.Declined || len(a.Doubts) > 0 {
				b.Fatalf("outcome %+v, doubts %v", o, a.Doubts)
			}
			if f := b.truth(a); f.Amount != amount || f.Currency != currency || f.AttemptID != a.ID {
				b.Errorf("books say %d %s for %s", f.Amount, f.Currency, f.AttemptID)
			}
		}}
	}
	return []testCase{
		keeps("19.99 EUR", 1999, "EUR"),
		keeps("1999 JPY", 1999, "JPY"),
		keeps("1.999 KWD", 1999, "KWD"),
		keeps("0.01 EUR", 1, "EUR"),
		keeps("9,999,999.99 EUR", 999_999_999, "EUR"),

		{"approved means that the whole amount is secured", func(b *bench) {
			b.need("answer at once", b.Approve != nil)
			a, r := b.request(2000, "EUR")
			b.Approve(&r)
			o := b.mustAuthorise(r)
			a, lines := a.Answered(o, nil)
			if o.Status != payment.Approved || a.Status != payment.Settled || a.Facts.Secured() != 2000 || len(lines) == 0 {
				b.Errorf("outcome %s, attempt %s, secured %d, %d lines", o.Status, a.Status, a.Facts.Secured(), len(lines))
			}
			if o.Reference == "" || o.Facts.Reference != o.Reference {
				b.Errorf("reference %q, facts say %q", o.Reference, o.Facts.Reference)
			}
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
		{"promised means that no money moved", func(b *bench) {
			b.need("promise", b.Provider.Info().ByHand)
			a, r := b.request(2000, "EUR")
			o := b.mustAuthorise(r)
			a, lines := a.Answered(o, nil)
			if o.Status != payment.Promised || a.Status != payment.Pledged || a.State() != payment.Awaiting || len(lines) != 0 {
				b.Errorf("outcome %s, attempt %s, state %s, lines %v", o.Status, a.Status, a.State(), lines)
			}
		}},
		{"capture later holds and does not take", func(b *bench) {
			b.need("capture", has[payment.Capturer](b.Provider) && !b.Provider.Info().ByHand)
			a := b.secured(2000, true)
			if a.State() != payment.Authorised {
				b.Errorf("state %s, want authorised", a.State())
			}
			b.wantSums(a, 2000, 0, 0, 0)
		}},
		{"the same attempt twice is one payment with one answer", func(b *bench) {
			a, r := b.request(2000, "EUR")
			if b.Approve != nil {
				b.Approve(&r)
			}
			first, second := b.mustAuthorise(r), b.mustAuthorise(r)
			if !reflect.DeepEqual(first, second) {
				b.Errorf("first %+v, then %+v", first, second)
			}
			a, _ = a.Answered(first, nil)
			b.truth(a) // exactly one
		}},
		{"the same attempt ten times at once is one payment", func(b *bench) {
			a, r := b.request(2000, "EUR")
			if b.Approve != nil {
				b.Approve(&r)
			}
			var refs [10]string
			race(len(refs), func(i int) {
				o, err := b.authorise(r)
				if err != nil {
					b.Error(err)
				}
				refs[i] = o.Reference
			})
			for _, ref := range refs {
				if ref != refs[0] || ref == "" {
					b.Fatalf("references %q", refs)
				}
			}
			a.Facts.AttemptID = a.ID
			if f := b.truth(a); b.Truth != nil && f.Captured > 2000 {
				b.Errorf("captured %d", f.Captured)
			}
		}},
		{"the same attempt for another amount moves nothing more", func(b *bench) {
			b.need("books", b.Truth != nil)
			a, r := b.request(2000, "EUR")
			if b.Approve != nil {
				b.Approve(&r)
			}
			b.mustAuthorise(r)
			before := b.truth(a)
			r.Amount.Amount = 100
			if o, err := b.authorise(r); err == nil && o.Facts.Amount != 2000 {
				b.Errorf("outcome %+v, want an error or the first payment", o)
			}
			if after := b.truth(a); !reflect.DeepEqual(after, before) {
				b.Errorf("books changed from %+v to %+v", before, after)
			}
		}},
		{"a decline has a reason and moves nothing", func(b *bench) {
			b.need("decline at once", b.Decline != nil)
			a, r := b.request(2000, "EUR")
			b.Decline(&r)
			o := b.mustAuthorise(r)
			a, lines := a.Answered(o, nil)
			if o.Status != payment.Declined || o.Reason == "" || o.ContinueURL != "" || a.Status != payment.Refused || len(lines) != 0 {
				b.Errorf("outcome %+v, attempt %s, lines %v", o, a.Status, lines)
			}
			b.wantSums(a, 0, 0, 0, 0)
			if again := b.mustAuthorise(r); again.Status != payment.Declined {
				b.Errorf("asked again: %s", again.Status)
			}
		}},
		{"an unknown method is declined", func(b *bench) {
			a, r := b.request(2000, "EUR")
			r.Method = "shells"
			if o, err := b.authorise(r); err != nil || o.Status != payment.Declined || o.Reason != payment.ReasonUnavailable {
				b.Errorf("outcome %+v, %v", o, err)
			}
			if b.Truth != nil && len(b.Truth(b.T, a.ID)) != 0 {
				b.Error("a payment was made")
			}
		}},
		{"a card number as token is refused and goes nowhere", func(b *bench) {
			b.need("books", b.Truth != nil)
			a, r := b.request(2000, "EUR")
			r.Token = "4242424242424242"
			if o, err := b.authorise(r); err == nil {
				b.Errorf("outcome %+v", o)
			}
			if len(b.Truth(b.T, a.ID)) != 0 {
				b.Error("a payment was made")
			}
		}},
		{"a shopper who gives up leaves an error, not an outcome", func(b *bench) {
			b.need("network", b.Break != nil)
			_, r := b.request(2000, "EUR")
			if o, err := b.Provider.Authorize(cancelled(), b.Settings, r); err == nil || !payment.Unknown(err) {
				b.Errorf("outcome %+v, %v", o, err)
			}
		}},
		{"continue leads to an absolute address and moves nothing yet", func(b *bench) {
			b.need("page", b.Shopper != nil)
			a, r := b.request(2000, "EUR")
			o := b.mustAuthorise(r)
			a, lines := a.Answered(o, nil)
			u, err := url.Parse(o.ContinueURL)
			if o.Status != payment.Continue || err != nil || u.Host == "" || a.Status != payment.Continuing || len(lines) != 0 {
				b.Errorf("outcome %+v, attempt %s, lines %v", o, a.Status, lines)
			}
			b.wantSums(a, 0, 0, 0, 0)
		}},
		page("a shopper pays at the page", Pays, payment.Settled, ""),
		page("a shopper confirms with the bank", Confirms, payment.Settled, ""),
		page("a shopper is declined at the page", Fails, payment.Refused, "*"),
		page("a shopper denies it to the bank", Denies, payment.Refused, payment.ReasonAuthentication),
		page("a shopper turns back", TurnsOff, payment.Refused, payment.ReasonCancelled),

		{"ten shoppers are ten payments", func(b *bench) {
			b.need("books", b.Truth != nil && b.Approve != nil)
			var total atomic.Int64
			race(10, func(i int) {
				a, r := b.request(money.Minor(100+i), "EUR")
				b.Approve(&r)
				if _, err := b.authorise(r); err != nil {
					b.Error(err)
				}
				for _, f := range b.Truth(b.T, a.ID) {
					total.Add(int64(f.Captured))
				}
			})
			if total.Load() != 1045 {
				b.Errorf("captured %d together, want 1045", total.Load())
			}
		}},
	}
}

// page sends a shopper to the provider's page; the shop then learns by fetching
// and by asking again, and both say the same.
func page(name string, act Act, want payment.AttemptStatus, reason payment.Reason) testCase {
	return testCase{name, func(b *bench) {
		b.need("page", b.Shopper != nil)
		a, r := b.request(2000, "EUR")
		o := b.mustAuthorise(r)
		a, _ = a.Answered(o, nil)
		b.Shopper(b.T, o.ContinueURL, act)
		fetched := b.learn(a)
		if fetched.Status != want || (reason == "*") != (fetched.Reason != "" && reason == "*") || reason != "*" && fetched.Reason != reason {
			b.Errorf("fetched: %s for %q, want %s for %q", fetched.Status, fetched.Reason, want, reason)
		}
		asked, _ := a.Answered(b.mustAuthorise(r), nil)
		if asked.Status != want || asked.Reason != fetched.Reason {
			b.Errorf("asked again: %s for %q, want %s for %q", asked.Status, asked.Reason, want, fetched.Reason)
		}
		if want == payment.Settled {
			b.wantSums(a, 2000, 2000, 0, 0)
		} else {
			b.wantSums(a, 0, 0, 0, 0)
		}
	}}
}
