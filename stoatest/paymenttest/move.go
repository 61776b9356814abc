package paymenttest

import (
	"reflect"
	"sync/atomic"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

func truthCases() []testCase {
	fetch := func(b *bench, q payment.Query) (payment.Facts, error) {
		return b.Provider.(payment.Fetcher).Fetch(b.Context(), b.Settings, q)
	}
	return []testCase{
		{"the truth is the same by attempt and by reference", func(b *bench) {
			b.need("fetch", has[payment.Fetcher](b.Provider))
			a := b.secured(2000, false)
			byAttempt, err1 := fetch(b, payment.Query{AttemptID: a.ID})
			byReference, err2 := fetch(b, payment.Query{Reference: a.Reference})
			if err1 != nil || err2 != nil || !reflect.DeepEqual(byAttempt, byReference) {
				b.Errorf("%+v, %v and %+v, %v", byAttempt, err1, byReference, err2)
			}
			if bad := a.Check(byAttempt); len(bad) != 0 {
				b.Errorf("doubts %v", bad)
			}
		}},
		{"a payment nobody made is unknown", func(b *bench) {
			b.need("fetch", has[payment.Fetcher](b.Provider))
			for _, q := range []payment.Query{{AttemptID: "pay_none"}, {Reference: "none"}, {Reference: "../payments"}, {}} {
				_, err := fetch(b, q)
				b.wantRefusal(err, "payment.unknown_reference")
				if !fault.Is(err, fault.NotFound) {
					b.Errorf("%+v: %v, want NotFound", q, err)
				}
			}
		}},
		{"a lost answer is found again and charged once", func(b *bench) {
			b.need("network", b.Break != nil)
			a, r := b.request(2000, "EUR")
			if b.Approve != nil {
				b.Approve(&r)
			}
			b.Break(b.T, "authorise", true)
			o, err := b.authorise(r)
			if !payment.Unknown(err) {
				b.Fatalf("outcome %+v, %v, want an error that leaves it open", o, err)
			}
			a, _ = a.Answered(o, err)
			if !a.Status.Open() {
				b.Errorf("attempt is %s, want it open", a.Status)
			}
			a = b.learn(a) // by attempt id: there is no reference yet
			again, _ := a.Answered(b.mustAuthorise(r), nil)
			if again.Status != a.Status && again.Status != payment.Continuing {
				b.Errorf("fetched %s, asked again %s", a.Status, again.Status)
			}
			b.truth(a) // exactly one
		}},
		{"a call that never arrived left nothing", func(b *bench) {
			b.need("network", b.Break != nil)
			a, r := b.request(2000, "EUR")
			if b.Approve != nil {
				b.Approve(&r)
			}
			b.Break(b.T, "authorise", false)
			if o, err := b.authorise(r); !payment.Unknown(err) {
				b.Fatalf("outcome %+v, %v", o, err)
			}
			_, err := fetch(b, payment.Query{AttemptID: a.ID})
			b.wantRefusal(err, "payment.unknown_reference")
			if n := len(b.Truth(b.T, a.ID)); n != 0 {
				b.Errorf("%d payments in the books", n)
			}
			if o := b.mustAuthorise(r); o.Status == payment.Declined {
				b.Errorf("asked again: %+v", o)
			}
		}},
		{"a fetch without an answer is an error", func(b *bench) {
			b.need("network", b.Break != nil)
			a := b.secured(2000, false)
			b.Break(b.T, "fetch", true)
			if f, err := fetch(b, payment.Query{Reference: a.Reference}); !payment.Unknown(err) {
				b.Errorf("facts %+v, %v", f, err)
			}
		}},
	}
}

func moveCases() []testCase {
	capture := func(b *bench, key string, a payment.Attempt, n money.Minor) (payment.Facts, error) {
		return b.Provider.(payment.Capturer).Capture(b.Context(), b.Settings, payment.Change{Key: key + a.ID, Attempt: a, Amount: n})
	}
	refund := func(b *bench, key string, a payment.Attempt, n money.Minor) (payment.Facts, error) {
		return b.Provider.(payment.Refunder).Refund(b.Context(), b.Settings, payment.Change{Key: key + a.ID, Attempt: a, Amount: n})
	}
	cancel := func(b *bench, key string, a payment.Attempt) (payment.Facts, error) {
		return b.Provider.(payment.Canceller).Cancel(b.Context(), b.Settings, payment.Change{Key: key + a.ID, Attempt: a})
	}
	stranger := func(b *bench) payment.Attempt {
		a, _ := b.request(2000, "EUR")
		a.Reference, a.Status = "none", payment.Settled
		return a
	}
	// authorised is what the books say before a capture.
	authorised := func(b *bench) money.Minor {
		if b.Provider.Info().ByHand {
			return 0
		}
		return 2000
	}
	return []testCase{
		{"a capture takes once for one key", func(b *bench) {
			b.need("capture", has[payment.Capturer](b.Provider))
			a := b.secured(2000, true)
			a = b.apply(a, b.capture("c", a, 2000))
			if a.State() != payment.Paid {
				b.Errorf("state %s, want paid", a.State())
			}
			again := b.capture("c", a, 2000)
			if after, lines := a.Learned(again); len(lines) != 0 || after.State() != payment.Paid {
				b.Errorf("the same key gave %v, %s", lines, after.State())
			}
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
		{"captures in parts add up", func(b *bench) {
			b.need("second capture", has[payment.Capturer](b.Provider) && b.Provider.Info().ManyCaptures)
			a := b.secured(2000, true)
			a = b.apply(a, b.capture("c1", a, 1300))
			if a.State() != payment.PartlyPaid {
				b.Errorf("state %s, want partly_paid", a.State())
			}
			a = b.apply(a, b.capture("c2", a, 700))
			if a.State() != payment.Paid {
				b.Errorf("state %s, want paid", a.State())
			}
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
		{"more than was authorised is not taken", func(b *bench) {
			b.need("capture", has[payment.Capturer](b.Provider))
			a := b.secured(2000, true)
			for _, n := range []money.Minor{2001, 1 << 62} {
				_, err := capture(b, "c", a, n)
				b.wantRefusal(err, "payment.capture_too_high")
			}
			b.wantSums(a, authorised(b), 0, 0, 0)
		}},
		{"a payment nobody made cannot be captured, cancelled or refunded", func(b *bench) {
			a := stranger(b)
			if has[payment.Capturer](b.Provider) {
				_, err := capture(b, "c", a, 100)
				b.wantRefusal(err, "payment.unknown_reference")
			}
			if has[payment.Canceller](b.Provider) {
				_, err := cancel(b, "v", a)
				b.wantRefusal(err, "payment.unknown_reference")
			}
			if has[payment.Refunder](b.Provider) {
				_, err := refund(b, "r", a, 100)
				b.wantRefusal(err, "payment.unknown_reference")
			}
		}},
		{"a cancellation lets go of what is held, twice is no error", func(b *bench) {
			b.need("cancel", has[payment.Canceller](b.Provider))
			a := b.secured(2000, true)
			for _, key := range []string{"v", "v", "w"} {
				f, err := cancel(b, key, a)
				if err != nil {
					b.Fatalf("cancel %s: %v", key, err)
				}
				a = b.apply(a, f)
			}
			if s := a.State(); s != payment.Voided && s != payment.Failed {
				b.Errorf("state %s, want voided, or failed when nothing was held", s)
			}
			b.wantSums(a, authorised(b), 0, 0, authorised(b))
		}},
		{"after a cancellation nothing is taken", func(b *bench) {
			b.need("cancel and capture", has[payment.Canceller](b.Provider) && has[payment.Capturer](b.Provider))
			a := b.secured(2000, true)
			f, err := cancel(b, "v", a)
			if err != nil {
				b.Fatal(err)
			}
			a = b.apply(a, f)
			_, err = capture(b, "c", a, 1)
			b.wantRefusal(err, "payment.not_capturable")
			b.wantSums(a, authorised(b), 0, 0, authorised(b))
		}},
		{"a captured payment is not cancelled", func(b *bench) {
			b.need("cancel", has[payment.Canceller](b.Provider))
			a := b.secured(2000, false)
			_, err := cancel(b, "v", a)
			b.wantRefusal(err, "payment.not_cancellable")
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
		{"a cancellation keeps what was captured", func(b *bench) {
			b.need("cancel and part capture", has[payment.Canceller](b.Provider) && has[payment.Capturer](b.Provider) && b.Provider.Info().ManyCaptures && !b.Provider.Info().ByHand)
			a := b.secured(2000, true)
			a = b.apply(a, b.capture("c", a, 1300))
			f, err := cancel(b, "v", a)
			if err != nil {
				b.Fatal(err)
			}
			a = b.apply(a, f)
			b.wantSums(a, 2000, 1300, 0, 700)
		}},
		{"refunds in parts add up to what was paid", func(b *bench) {
			b.need("refund", has[payment.Refunder](b.Provider))
			a := b.secured(1000, false)
			for i, n := range []money.Minor{333, 334, 333} {
				a = b.apply(a, b.refund([]string{"r1", "r2", "r3"}[i], a, n))
				if want := []payment.State{payment.PartlyRefunded, payment.PartlyRefunded, payment.Refunded}[i]; a.State() != want {
					b.Errorf("after refund %d: %s, want %s", i+1, a.State(), want)
				}
			}
			b.wantSums(a, 1000, 1000, 1000, 0)
			_, err := refund(b, "r4", a, 1)
			b.wantRefusal(err, "payment.refund_too_high")
			b.wantSums(a, 1000, 1000, 1000, 0)
		}},
		{"more than was paid is not refunded", func(b *bench) {
			b.need("refund", has[payment.Refunder](b.Provider))
			a := b.secured(2000, false)
			for _, n := range []money.Minor{2001, 1 << 62} {
				_, err := refund(b, "r", a, n)
				b.wantRefusal(err, "payment.refund_too_high")
				if f := fault.From(err); f.Params["left"] != (money.Money{Amount: 2000, Currency: "EUR"}) {
					b.Errorf("left %v, want 20.00 EUR", f.Params["left"])
				}
			}
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
		{"what was not taken is not refunded", func(b *bench) {
			b.need("refund and capture", has[payment.Refunder](b.Provider) && has[payment.Capturer](b.Provider))
			a := b.secured(2000, true)
			_, err := refund(b, "r", a, 1)
			b.wantRefusal(err, "payment.refund_too_high")
			b.wantSums(a, authorised(b), 0, 0, 0)
		}},
		{"one key refunds once, and names the refund", func(b *bench) {
			b.need("refund", has[payment.Refunder](b.Provider))
			a := b.secured(2000, false)
			a = b.apply(a, b.refund("r", a, 700))
			f := b.refund("r", a, 700)
			if after, lines := a.Learned(f); len(lines) != 0 || after.Facts.Refunded != 700 {
				b.Errorf("the same key gave %v, refunded %d", lines, after.Facts.Refunded)
			}
			if m, ok := f.RefundOf("r" + a.ID); !ok || m.Amount != 700 {
				b.Errorf("RefundOf = %+v, %v", m, ok)
			}
			b.wantSums(a, 2000, 2000, 700, 0)
		}},
		{"one key eight times at once refunds once", func(b *bench) {
			b.need("refund over the network", has[payment.Refunder](b.Provider) && b.Truth != nil)
			a := b.secured(2000, false)
			race(8, func(int) {
				if _, err := refund(b, "r", a, 700); err != nil {
					b.Error(err)
				}
			})
			b.wantSums(a, 2000, 2000, 700, 0)
		}},
		{"two refunds of 60 out of 100 at once: one is refused", func(b *bench) {
			b.need("refund over the network", has[payment.Refunder](b.Provider) && b.Truth != nil)
			a := b.secured(100, false)
			var done, refused atomic.Int64
			race(2, func(i int) {
				switch _, err := refund(b, []string{"r1", "r2"}[i], a, 60); fault.Reason(err) {
				case "":
					done.Add(1)
				case "payment.refund_too_high":
					refused.Add(1)
				default:
					b.Error(err)
				}
			})
			if done.Load() != 1 || refused.Load() != 1 {
				b.Errorf("%d done, %d refused", done.Load(), refused.Load())
			}
			b.wantSums(a, 100, 100, 60, 0)
		}},
		{"a refund whose answer was lost is found by its key", func(b *bench) {
			b.need("refund over the network", has[payment.Refunder](b.Provider) && b.Break != nil)
			a := b.secured(2000, false)
			b.Break(b.T, "refund", true)
			if _, err := refund(b, "r", a, 700); !payment.Unknown(err) {
				b.Fatalf("error %v, want one that leaves it open", err)
			}
			a = b.learn(a)
			if m, ok := a.Facts.RefundOf("r" + a.ID); !ok || m.Amount != 700 {
				b.Errorf("RefundOf = %+v, %v", m, ok)
			}
			a = b.apply(a, b.refund("r", a, 700)) // trying again is safe
			b.wantSums(a, 2000, 2000, 700, 0)
		}},
		{"a capture whose answer was lost may be repeated", func(b *bench) {
			b.need("capture over the network", has[payment.Capturer](b.Provider) && b.Break != nil)
			a := b.secured(2000, true)
			b.Break(b.T, "capture", true)
			if _, err := capture(b, "c", a, 2000); !payment.Unknown(err) {
				b.Fatalf("error %v, want one that leaves it open", err)
			}
			a = b.apply(a, b.capture("c", a, 2000))
			b.wantSums(a, 2000, 2000, 0, 0)
		}},
	}
}
