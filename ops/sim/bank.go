package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// bank is the payment provider of a run: a ledger of its own, which nothing in
// the shop can change but through its door, and messages about what happened
// that come twice, late, in any order, or never. Answers are lost before and
// after the effect.
type bank struct {
	s        *scheduler
	facts    map[string]payment.Facts // by attempt
	plan     map[string]plan
	messages []message
	told     int
	seen     map[string]int // attempts in the order they came, for the trace
}

type plan string

const (
	approves  plan = "approves"
	declines  plan = "declines"
	asks      plan = "asks" // the shopper must go to the bank's page
	withholds plan = "withholds"
)

type message struct{ id, attempt string }

const signature = "by the bank"

func newBank(s *scheduler) *bank {
	return &bank{s: s, facts: make(map[string]payment.Facts), plan: make(map[string]plan), seen: make(map[string]int)}
}

func (b *bank) Info() payment.Info {
	return payment.Info{ID: "bank", Name: "bank", Methods: []payment.Method{{ID: "card", Name: "card"}}}
}

func (b *bank) Provider(id string) (payment.Provider, payment.Settings, bool) {
	return b, payment.Settings{}, id == "bank"
}

func (b *bank) Offered(string) []payment.Offer {
	return []payment.Offer{{Code: "bank.card", Method: b.Info().Methods[0]}}
}

// act makes an effect between two steps, so that the answer may be lost before
// and after it.
func act[T any](ctx context.Context, b *bank, what, attempt string, effect func() (T, error)) (T, error) {
	if b.seen[attempt] == 0 {
		b.seen[attempt] = len(b.seen) + 1
	}
	what = fmt.Sprintf("bank: %s payment %d", what, b.seen[attempt])
	if err := b.s.pause(ctx, called, what); err != nil {
		var none T
		return none, err
	}
	v, err := effect()
	if lost := b.s.pause(ctx, answered, what); lost != nil {
		var none T
		return none, lost
	}
	return v, err
}

func (b *bank) Authorize(ctx context.Context, _ payment.Settings, r payment.Request) (payment.Outcome, error) {
	return act(ctx, b, "authorize", r.AttemptID, func() (payment.Outcome, error) {
		f, known := b.facts[r.AttemptID]
		if !known {
			f = payment.Facts{Reference: "ref_" + r.AttemptID, AttemptID: r.AttemptID, Account: "shop", Amount: r.Amount.Amount, Currency: r.Amount.Currency, Live: true}
			switch n := b.s.rng.IntN(10); {
			case n < 5:
				b.plan[r.AttemptID] = approves
				f.Authorised, f.Captured, f.Closed = f.Amount, f.Amount, true
			case n < 7:
				b.plan[r.AttemptID] = declines
				f.Closed, f.Reason = true, payment.ReasonDeclined
			case n < 9:
				b.plan[r.AttemptID] = asks
			default:
				b.plan[r.AttemptID] = withholds
				f.Authorised = f.Amount // held, not taken
			}
			b.set(f)
		}
		out := payment.Outcome{Reference: f.Reference, Facts: f}
		switch {
		case f.Secured() > 0:
			out.Status = payment.Approved
		case f.Closed:
			out.Status, out.Reason = payment.Declined, f.Reason
		default:
			out.Status, out.ContinueURL = payment.Continue, "https://bank.example/"+r.AttemptID
		}
		return out, nil
	})
}

// set notes a change and has a message sent about it, or two, or none.
func (b *bank) set(f payment.Facts) {
	b.facts[f.AttemptID] = f
	b.told++
	id := fmt.Sprintf("evt_%d", b.told)
	switch b.s.rng.IntN(10) {
	case 0: // never told
	case 1, 2, 3:
		b.messages = append(b.messages, message{id, f.AttemptID}, message{id, f.AttemptID})
	default:
		b.messages = append(b.messages, message{id, f.AttemptID})
	}
}

// shopperAt is what a shopper does on the bank's page. An open payment is paid,
// refused, or left as it is.
func (b *bank) shopperAt(attempt string) {
	f, ok := b.facts[attempt]
	if !ok || f.Closed || f.Authorised > 0 {
		return
	}
	switch b.s.rng.IntN(4) {
	case 0:
		f.Closed, f.Reason = true, payment.ReasonAuthentication
	case 1:
		return
	default:
		f.Authorised, f.Captured, f.Closed = f.Amount, f.Amount, true
	}
	b.set(f)
}

func (b *bank) Fetch(ctx context.Context, _ payment.Settings, q payment.Query) (payment.Facts, error) {
	return act(ctx, b, "fetch", q.AttemptID, func() (payment.Facts, error) {
		f, ok := b.facts[q.AttemptID]
		if !ok {
			return f, fault.New(fault.NotFound, "payment.unknown_reference")
		}
		return f, nil
	})
}

func (b *bank) change(ctx context.Context, what, attempt string, fn func(f payment.Facts) (payment.Facts, error)) (payment.Facts, error) {
	return act(ctx, b, what, attempt, func() (payment.Facts, error) {
		before, ok := b.facts[attempt]
		if !ok {
			return before, fault.New(fault.NotFound, "payment.unknown_reference")
		}
		f, err := fn(before)
		if err == nil && (f.Captured != before.Captured || f.Refunded != before.Refunded || f.Voided != before.Voided || f.Closed != before.Closed) {
			b.set(f)
		}
		return f, err
	})
}

func (b *bank) Cancel(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return b.change(ctx, "cancel", c.Attempt.ID, func(f payment.Facts) (payment.Facts, error) { return f.Cancel() })
}

func (b *bank) Capture(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return b.change(ctx, "capture", c.Attempt.ID, func(f payment.Facts) (payment.Facts, error) { return f.Capture(c.Key, c.Amount) })
}

func (b *bank) Refund(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return b.change(ctx, "refund", c.Attempt.ID, func(f payment.Facts) (payment.Facts, error) { return f.Refund(c.Key, c.Amount) })
}

func (b *bank) Webhook(_ context.Context, _ payment.Settings, in payment.Inbound) (payment.Event, error) {
	id, attempt, ok := strings.Cut(string(in.Body), " ")
	if !ok || in.Header.Get("Signature") != signature {
		return payment.Event{}, fault.New(fault.Malformed, "payment.webhook_refused")
	}
	return payment.Event{ID: id, Kind: "changed", AttemptID: attempt, At: in.At}, nil
}

// expire closes what nobody finished at the bank's page.
func (b *bank) expire() {
	for _, id := range slices.Sorted(maps.Keys(b.facts)) {
		if f := b.facts[id]; !f.Closed && f.Authorised == 0 {
			f.Closed, f.Reason = true, payment.ReasonExpired
			b.set(f)
		}
	}
}

// names are the trace's words for attempts.
func (b *bank) names(attempts []string) (list []int) {
	for _, id := range attempts {
		list = append(list, b.seen[id])
	}
	return list
}

// of sums up what the bank did for attempts.
func (b *bank) of(attempts []string) (captured, refunded, held money.Minor) {
	for _, id := range attempts {
		f := b.facts[id]
		captured += f.Captured
		refunded += f.Refunded
		held += f.Held()
	}
	return captured, refunded, held
}

var _ interface {
	payment.Provider
	payment.Fetcher
	payment.Canceller
	payment.Capturer
	payment.Refunder
	payment.Webhooker
} = (*bank)(nil)
