package payment_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

func asked(amount money.Minor) payment.Facts {
	return payment.Facts{Reference: "sbx_1", AttemptID: "pay_1", Account: "acct_1", Amount: amount, Currency: "EUR"}
}

func TestB16_stateFollowsFromFacts(t *testing.T) {
	type sums struct{ authorised, captured, refunded, voided money.Minor }
	tests := map[string]struct {
		sums   sums
		closed bool
		want   payment.State
	}{
		"nothing yet":                       {sums{}, false, payment.Awaiting},
		"nothing and nothing will":          {sums{}, true, payment.Failed},
		"held":                              {sums{100, 0, 0, 0}, false, payment.Authorised},
		"held in part":                      {sums{40, 0, 0, 0}, false, payment.Authorised},
		"let go":                            {sums{100, 0, 0, 100}, true, payment.Voided},
		"taken in part, rest held":          {sums{100, 65, 0, 0}, false, payment.PartlyPaid},
		"taken in part, rest let go":        {sums{100, 65, 0, 35}, true, payment.PartlyPaid},
		"taken":                             {sums{100, 100, 0, 0}, true, payment.Paid},
		"given back in part":                {sums{100, 100, 1, 0}, true, payment.PartlyRefunded},
		"given back":                        {sums{100, 100, 100, 0}, true, payment.Refunded},
		"taken part given back, rest held":  {sums{100, 65, 65, 0}, false, payment.PartlyRefunded},
		"taken part given back, rest gone":  {sums{100, 65, 65, 35}, true, payment.Refunded},
		"refund known before the capture":   {sums{0, 0, 100, 0}, false, payment.Refunded},
		"expired after it had been taken":   {sums{100, 100, 0, 0}, true, payment.Paid},
		"capture known before the approval": {sums{0, 100, 0, 0}, false, payment.Paid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := asked(100)
			f.Authorised, f.Captured, f.Refunded, f.Voided, f.Closed = tt.sums.authorised, tt.sums.captured, tt.sums.refunded, tt.sums.voided, tt.closed
			if got := f.State(); got != tt.want {
				t.Errorf("State() = %s, want %s", got, tt.want)
			}
		})
	}
}

// permutations calls visit with every order of list.
func permutations[T any](list []T, visit func([]T)) {
	var place func(k int)
	place = func(k int) {
		if k == len(list) {
			visit(slices.Clone(list))
			return
		}
		for i := k; i < len(list); i++ {
			list[k], list[i] = list[i], list[k]
			place(k + 1)
			list[k], list[i] = list[i], list[k]
		}
	}
	place(0)
}

// Four events of one life: authorised, captured, refunded, expired. Each is
// what the provider knew when it spoke.
func life() []payment.Facts {
	authorised := asked(2000)
	authorised.Authorised = 2000
	captured := authorised
	captured.Captured, captured.Captures = 2000, []payment.Movement{{Reference: "cap_1", Amount: 2000}}
	refunded := captured
	refunded.Refunded, refunded.Refunds = 2000, []payment.Movement{{Key: "ref_1", Reference: "re_1", Amount: 2000}}
	expired := asked(2000)
	expired.Closed, expired.Reason = true, payment.ReasonExpired
	return []payment.Facts{authorised, captured, refunded, expired}
}

func TestB15_T32_everyOrderOfEventsEndsTheSame(t *testing.T) {
	runs := 0
	var first *payment.Facts
	permutations(life(), func(order []payment.Facts) {
		runs++
		var f payment.Facts
		ledger := map[payment.EntryKind]money.Minor{}
		a := attempt()
		for _, event := range order {
			f = f.Merge(event)
			var lines []payment.Entry
			a, lines = a.Learned(event)
			for _, e := range lines {
				ledger[e.Kind] += e.Amount
			}
		}
		if got := f.State(); got != payment.Refunded {
			t.Errorf("%+v ends %s, want refunded", order, got)
		}
		if first == nil {
			first = &f
		}
		if !reflect.DeepEqual(f, *first) {
			t.Errorf("other facts: %+v, want %+v", f, *first)
		}
		if a.State() != payment.Refunded {
			t.Errorf("the attempt ends %s, want refunded", a.State())
		}
		want := map[payment.EntryKind]money.Minor{payment.EntryAuthorised: 2000, payment.EntryCaptured: 2000, payment.EntryRefunded: 2000}
		if !reflect.DeepEqual(ledger, want) {
			t.Errorf("ledger %v, want %v", ledger, want)
		}
	})
	if runs != 24 {
		t.Errorf("%d orders tried, want 24", runs)
	}
}

func anyFacts(t *rapid.T) payment.Facts {
	sum := rapid.Int64Range(0, 3)
	f := asked(100)
	f.Authorised, f.Captured = money.Minor(sum.Draw(t, "authorised")), money.Minor(sum.Draw(t, "captured"))
	f.Refunded, f.Voided = money.Minor(sum.Draw(t, "refunded")), money.Minor(sum.Draw(t, "voided"))
	f.Closed = rapid.Bool().Draw(t, "closed")
	f.Reason = rapid.SampledFrom([]payment.Reason{"", payment.ReasonExpired, payment.ReasonDeclined}).Draw(t, "reason")
	f.LapsesAt = time.UnixMilli(sum.Draw(t, "lapses"))
	if f.Refunded > 0 {
		f.Refunds = []payment.Movement{{Reference: "re_" + rapid.SampledFrom([]string{"1", "2"}).Draw(t, "refund"), Amount: f.Refunded}}
	}
	return f
}

func TestB15_mergeIsASemilattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyFacts(t), anyFacts(t), anyFacts(t)
		same := func(law string, x, y payment.Facts) {
			if !reflect.DeepEqual(x, y) {
				t.Fatalf("%s:\n%+v\n%+v", law, x, y)
			}
		}
		same("commutative", a.Merge(b), b.Merge(a))
		same("associative", a.Merge(b).Merge(c), a.Merge(b.Merge(c)))
		same("settled stays settled", a.Merge(b).Merge(b), a.Merge(b))
		m := a.Merge(b)
		for name, grew := range map[string]bool{
			"authorised": m.Authorised >= max(a.Authorised, b.Authorised), "captured": m.Captured >= max(a.Captured, b.Captured),
			"refunded": m.Refunded >= max(a.Refunded, b.Refunded), "voided": m.Voided >= max(a.Voided, b.Voided),
			"captured covers refunded": m.Captured >= m.Refunded, "authorised covers the rest": m.Authorised >= m.Captured+m.Voided,
		} {
			if !grew {
				t.Fatalf("%s: %+v and %+v gave %+v", name, a, b, m)
			}
		}
	})
}

// Random movements by hand keep captured ≤ amount and refunded ≤ captured, a
// repeated key moves nothing, and a refusal leaves the facts as they were.
func TestB16_B17_handMadeMovementsKeepTheSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := asked(100)
		var captured, refunded money.Minor
		seen := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"k1", "k2", "k3", "k4", "k5", "k6"}).Draw(t, "key")
			amount := money.Minor(rapid.Int64Range(-5, 120).Draw(t, "amount"))
			refund := rapid.Bool().Draw(t, "refund")
			var next payment.Facts
			var err error
			if refund {
				next, err = f.Refund("r"+key, amount)
				key = "r" + key
			} else {
				next, err = f.Capture(key, amount)
			}
			switch {
			case seen[key]:
				if err != nil || !reflect.DeepEqual(next, f) {
					t.Fatalf("key %s again: %v, %+v, want %+v", key, err, next, f)
				}
			case err != nil:
				if !fault.Is(err, fault.Conflict) || !reflect.DeepEqual(next, f) {
					t.Fatalf("refusal %v changed %+v to %+v", err, f, next)
				}
			default:
				if amount <= 0 {
					t.Fatalf("moved %d", amount)
				}
				seen[key] = true
				if refund {
					refunded += amount
				} else {
					captured += amount
				}
			}
			f = next
			if f.Captured != captured || f.Refunded != refunded || captured > 100 || refunded > captured {
				t.Fatalf("captured %d refunded %d, facts %+v", captured, refunded, f)
			}
		}
	})
}

func TestFacts_Cancel(t *testing.T) {
	held := asked(100)
	held.Authorised = 100
	part := held
	part.Captured = 60
	all := held
	all.Captured = 100

	if f, err := held.Cancel(); err != nil || f.State() != payment.Voided || f.Voided != 100 {
		t.Errorf("held: %+v, %v", f, err)
	}
	f, err := part.Cancel()
	if err != nil || f.State() != payment.PartlyPaid || f.Voided != 40 {
		t.Errorf("part: %+v, %v", f, err)
	}
	if again, err := f.Cancel(); err != nil || !reflect.DeepEqual(again, f) {
		t.Errorf("twice: %+v, %v", again, err)
	}
	if f, err := all.Cancel(); fault.Reason(err) != "payment.not_cancellable" || !reflect.DeepEqual(f, all) {
		t.Errorf("captured: %+v, %v", f, err)
	}
	if f, err := asked(100).Cancel(); err != nil || f.State() != payment.Failed || f.Reason != payment.ReasonCancelled {
		t.Errorf("nothing held: %+v, %v", f, err)
	}
	if f, err := mustCancel(t, asked(100)).Capture("k", 1); fault.Reason(err) != "payment.not_capturable" || f.Captured != 0 {
		t.Errorf("capture after cancel: %+v, %v", f, err)
	}
}

func mustCancel(t *testing.T, f payment.Facts) payment.Facts {
	t.Helper()
	f, err := f.Cancel()
	if err != nil {
		t.Fatal(err)
	}
	return f
}
