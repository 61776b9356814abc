package payment_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/money"
)

func attempt() payment.Attempt {
	return payment.Attempt{ID: "pay_1", OrderID: "ord_1", Provider: "sandbox", Method: "card", Amount: 2000, Currency: "EUR", Status: payment.Started}
}

func captured() payment.Facts {
	f := asked(2000)
	f.Authorised, f.Captured = 2000, 2000
	f.Captures = []payment.Movement{{Reference: "cap_1", Amount: 2000}}
	return f
}

func TestT30_factsThatDoNotFitPlaceNoOrder(t *testing.T) {
	tests := map[string]struct {
		change func(*payment.Facts)
		want   payment.Mismatch
	}{
		"amount 1.00 for an order of 20.00": {func(f *payment.Facts) { f.Amount, f.Authorised, f.Captured, f.Captures = 100, 100, 100, nil }, payment.OtherAmount},
		"more than was asked":               {func(f *payment.Facts) { f.Amount = 2001 }, payment.OtherAmount},
		"other currency":                    {func(f *payment.Facts) { f.Currency = "JPY" }, payment.OtherCurrency},
		"currency in another case":          {func(f *payment.Facts) { f.Currency = "eur" }, payment.OtherCurrency},
		"no currency":                       {func(f *payment.Facts) { f.Currency = "" }, payment.OtherCurrency},
		"other merchant":                    {func(f *payment.Facts) { f.Account = "acct_evil" }, payment.OtherAccount},
		"real money for a test order":       {func(f *payment.Facts) { f.Live = true }, payment.OtherMode},
		"another attempt's payment":         {func(f *payment.Facts) { f.AttemptID = "pay_2" }, payment.OtherAttempt},
		"no attempt":                        {func(f *payment.Facts) { f.AttemptID = "" }, payment.OtherAttempt},
		"a second payment":                  {func(f *payment.Facts) { f.Reference = "sbx_2" }, payment.OtherReference},
		"negative sum":                      {func(f *payment.Facts) { f.Refunded = -1 }, payment.Impossible},
		"more taken than agreed":            {func(f *payment.Facts) { f.Captured = 2001 }, payment.Impossible},
		"more given back than taken":        {func(f *payment.Facts) { f.Refunded = 2001 }, payment.Impossible},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := attempt()
			a.Account, a.Reference = "acct_1", "sbx_1"
			f := captured()
			tt.change(&f)

			got, lines := a.Learned(f)

			if got.Status != payment.InReview || got.State() != payment.UnderReview || !slices.Equal(got.Doubts, []payment.Mismatch{tt.want}) {
				t.Errorf("status %s, doubts %v, want review for %s", got.Status, got.Doubts, tt.want)
			}
			if len(lines) != 0 || !reflect.DeepEqual(got.Facts, a.Facts) {
				t.Errorf("lines %v and facts %+v, want nothing", lines, got.Facts)
			}
			// The right facts do not lift the review: a person does.
			got, _ = got.Learned(captured())
			if got.Status != payment.InReview || got.Status.Places() {
				t.Errorf("then %s, want review still", got.Status)
			}
		})
	}
	if bad := attempt().Check(captured()); bad != nil {
		t.Errorf("the right facts: %v", bad)
	}
}

func TestB15_news(t *testing.T) {
	held := asked(2000)
	held.Authorised = 2000
	part := asked(2000)
	part.Authorised = 500
	partClosed := part
	partClosed.Closed = true
	failed := asked(2000)
	failed.Closed, failed.Reason = true, payment.ReasonFunds
	gone := held
	gone.Voided, gone.Closed = 2000, true
	promise := asked(2000)

	tests := map[string]struct {
		news func(payment.Attempt) (payment.Attempt, []payment.Entry)
		from payment.AttemptStatus
		want payment.AttemptStatus
		rows []payment.Entry
	}{
		"approved": {
			answer(payment.Outcome{Status: payment.Approved, Reference: "sbx_1", Facts: captured()}), payment.Started, payment.Settled,
			[]payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}, {payment.EntryCaptured, 2000, "cap_1"}},
		},
		"approved on paper only":       {answer(payment.Outcome{Status: payment.Approved, Reference: "sbx_1", Facts: asked(2000)}), payment.Started, payment.Started, nil},
		"continue":                     {answer(payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/p"}), payment.Started, payment.Continuing, nil},
		"declined":                     {answer(payment.Outcome{Status: payment.Declined, Reason: payment.ReasonFunds}), payment.Started, payment.Refused, nil},
		"promised":                     {answer(payment.Outcome{Status: payment.Promised, Facts: promise}), payment.Started, payment.Pledged, nil},
		"answer lost":                  {lost, payment.Started, payment.Started, nil},
		"answer lost after the page":   {lost, payment.Continuing, payment.Continuing, nil},
		"late decline of a settled":    {answer(payment.Outcome{Status: payment.Declined}), payment.Settled, payment.Settled, nil},
		"late continue of a settled":   {answer(payment.Outcome{Status: payment.Continue}), payment.Settled, payment.Settled, nil},
		"late promise of a declined":   {answer(payment.Outcome{Status: payment.Promised}), payment.Refused, payment.Refused, nil},
		"learned: held":                {learn(held), payment.Continuing, payment.Settled, []payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}}},
		"learned: failed":              {learn(failed), payment.Continuing, payment.Refused, nil},
		"learned: still at the page":   {learn(asked(2000)), payment.Continuing, payment.Continuing, nil},
		"learned: let go again":        {learn(gone), payment.Started, payment.Released, []payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}, {payment.EntryVoided, 2000, "sum:2000"}}},
		"learned: only a part":         {learn(part), payment.Continuing, payment.Continuing, []payment.Entry{{payment.EntryAuthorised, 500, "sum:500"}}},
		"learned: a part and no more":  {learn(partClosed), payment.Continuing, payment.InReview, []payment.Entry{{payment.EntryAuthorised, 500, "sum:500"}}},
		"late money after a decline":   {learn(held), payment.Refused, payment.Settled, []payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}}},
		"late money after the hold":    {learn(held), payment.Lapsed, payment.Settled, []payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}}},
		"a promise kept":               {learn(held), payment.Pledged, payment.Settled, []payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}}},
		"a promise kept in part":       {learn(part), payment.Pledged, payment.Pledged, []payment.Entry{{payment.EntryAuthorised, 500, "sum:500"}}},
		"a promise part kept, no more": {learn(partClosed), payment.Pledged, payment.Pledged, []payment.Entry{{payment.EntryAuthorised, 500, "sum:500"}}},
		"a promise called off":         {learn(failed), payment.Pledged, payment.Refused, nil},
		"failed after it was settled":  {learn(failed), payment.Settled, payment.Settled, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := attempt()
			a.Status = tt.from

			got, rows := tt.news(a)

			if got.Status != tt.want || !slices.Equal(rows, tt.rows) {
				t.Errorf("%s with %v, want %s with %v", got.Status, rows, tt.want, tt.rows)
			}
			again, rows := tt.news(got)
			if again.Status != got.Status || len(rows) != 0 || again.Facts.State() != got.Facts.State() {
				t.Errorf("told again: %s with %v, want %s with nothing", again.Status, rows, got.Status)
			}
		})
	}
}

func answer(o payment.Outcome) func(payment.Attempt) (payment.Attempt, []payment.Entry) {
	return func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Answered(o, nil) }
}

func learn(f payment.Facts) func(payment.Attempt) (payment.Attempt, []payment.Entry) {
	return func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Learned(f) }
}

func lost(a payment.Attempt) (payment.Attempt, []payment.Entry) {
	return a.Answered(payment.Outcome{}, errors.New("connection reset"))
}

// The ledger is the only memory: rebuilt from it, the facts take up where they
// were, and a refund that is known under our key is not entered again when the
// provider tells of it under its own name (T39).
func TestT39_ledgerAloneIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := attempt()
		truth := asked(2000)
		var ledger []payment.Entry
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 2).Draw(t, "step"); step {
			case 0:
				truth.Authorised = 2000
			case 1:
				if n := money.Minor(rapid.Int64Range(1, 700).Draw(t, "take")); truth.Authorised > 0 && n <= truth.Held() {
					truth.Captured += n
					truth.Captures = append(slices.Clone(truth.Captures), payment.Movement{Reference: "cap_" + string(rune('a'+len(truth.Captures))), Amount: n})
				}
			case 2:
				if n := money.Minor(rapid.Int64Range(1, 700).Draw(t, "back")); n <= truth.Captured-truth.Refunded {
					id := string(rune('a' + len(truth.Refunds)))
					truth.Refunded += n
					truth.Refunds = append(slices.Clone(truth.Refunds), payment.Movement{Key: "ref_" + id, Reference: "re_" + id, Amount: n})
				}
			}
			seen := truth
			if rapid.Bool().Draw(t, "sums only") {
				seen.Captures, seen.Refunds = nil, nil
			}
			a.Facts = a.Replay(ledger) // as if another node had come back
			var rows []payment.Entry
			a, rows = a.Learned(seen)
			ledger = append(ledger, rows...)
		}
		f := a.Replay(ledger)
		if f.Authorised != truth.Authorised || f.Captured != truth.Captured || f.Refunded != truth.Refunded {
			t.Fatalf("ledger %v gives %+v, truth is %+v", ledger, f, truth)
		}
		names := map[payment.Entry]bool{}
		for _, e := range ledger {
			e.Amount = 0
			if names[e] || e.Reference == "" {
				t.Fatalf("reference %q of %s twice in %v", e.Reference, e.Kind, ledger)
			}
			names[e] = true
		}
	})
	mine := payment.Attempt{ID: "pay_1", Reference: "sbx_1", Account: "acct_1", Amount: 2000, Currency: "EUR", Status: payment.Settled}
	mine.Facts = mine.Replay([]payment.Entry{{payment.EntryAuthorised, 2000, "sum:2000"}, {payment.EntryCaptured, 2000, "cap_1"}, {payment.EntryRefunded, 700, "ref_1"}})
	theirs := captured()
	theirs.Refunded, theirs.Refunds = 700, []payment.Movement{{Key: "ref_1", Reference: "re_1", Amount: 700}}
	if _, rows := mine.Learned(theirs); len(rows) != 0 {
		t.Errorf("the same refund gave %v", rows)
	}
	if m, ok := theirs.RefundOf("ref_1"); !ok || m.Amount != 700 {
		t.Errorf("RefundOf(ref_1) = %v, %v", m, ok)
	}
	if _, ok := theirs.RefundOf("ref_2"); ok {
		t.Error("RefundOf(ref_2) found something")
	}
}

// Who let go of a payment is told by whoever let go: a provider only knows that
// it was asked to close it.
func TestLeave_keepsWhy(t *testing.T) {
	closed := func(why payment.Reason) payment.Facts {
		f := asked(2000)
		f.Closed, f.Reason = true, why
		return f
	}
	for name, tt := range map[string]struct {
		whys []payment.Reason
		news payment.Reason
		want payment.Reason
	}{
		"the hold ran out":                {[]payment.Reason{payment.ReasonExpired}, payment.ReasonCancelled, payment.ReasonExpired},
		"the hold ran out, told in short": {[]payment.Reason{payment.ReasonExpired}, "", payment.ReasonExpired},
		"asked again":                     {[]payment.Reason{payment.ReasonExpired, payment.ReasonCancelled}, payment.ReasonCancelled, payment.ReasonExpired},
		"the shopper chose another":       {[]payment.Reason{payment.ReasonCancelled}, payment.ReasonCancelled, payment.ReasonCancelled},
		"the bank was faster":             {[]payment.Reason{payment.ReasonExpired}, payment.ReasonFunds, payment.ReasonFunds},
		"the shopper was faster":          {nil, payment.ReasonCancelled, payment.ReasonCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			a := attempt()
			a.Status = payment.Continuing
			for _, why := range tt.whys {
				a = a.Leave(why)
			}
			a, _ = a.Learned(closed(tt.news))
			if a.Status != payment.Refused || a.Reason != tt.want {
				t.Errorf("%s because of %q, want %q", a.Status, a.Reason, tt.want)
			}
			if again, _ := a.Learned(closed(tt.news)); again.Reason != tt.want {
				t.Errorf("told twice: %q, want %q", again.Reason, tt.want)
			}
		})
	}
}
