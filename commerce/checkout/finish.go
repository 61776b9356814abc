package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
)

// learner applies news to an attempt.
type learner func(payment.Attempt) (payment.Attempt, []payment.Entry)

// finish is the third phase: it applies news about one attempt and draws the
// consequences. Everybody who brings news calls it, in any order and as often
// as they like; each step looks before it acts. source, when not nil, is the
// provider's message that brought the news; it is stored with its effect.
func (s *Service) finish(ctx context.Context, orderID, attemptID string, learn learner, source *payment.Event) (order.Order, error) {
	var o order.Order
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var err error
		if o, err = s.lock(ctx, tx, orderID); err != nil {
			return err
		}
		before, ok := o.Attempt(attemptID)
		if !ok {
			return order.NotFound()
		}
		if source != nil {
			if fresh, err := s.Orders.NoteEvent(ctx, tx, before.Provider, *source); err != nil || !fresh {
				return err
			}
		}
		after, entries := learn(before)
		return s.apply(ctx, tx, &o, before, after, entries)
	})
	return o, err
}

// lock locks an order for news of its payment. Every transaction of this package
// locks in one order: the cart, its order, the payment budget, the stock.
func (s *Service) lock(ctx context.Context, tx *db.Tx, orderID string) (order.Order, error) {
	if err := lockCart(ctx, tx, orderID); err != nil {
		return order.Order{}, fmt.Errorf("lock the order's cart: %w", err)
	}
	return s.Orders.Lock(ctx, tx, orderID)
}

// apply writes down what became of an attempt of a locked order, if that is
// anything new, and draws the consequences.
func (s *Service) apply(ctx context.Context, tx *db.Tx, o *order.Order, before, after payment.Attempt, entries []payment.Entry) error {
	changed := after.Status != before.Status || after.Reference != before.Reference || after.ContinueURL != before.ContinueURL || len(entries) > 0
	if changed {
		if err := s.Orders.SetAttempt(ctx, tx, o, after, entries); err != nil {
			return err
		}
	}
	waits := after.Status.Places() && (o.State == order.Draft || o.State == order.Expired)
	grows := s.holdUntil(*o, before, after, tx.Now()).After(o.HoldUntil)
	if !changed && !waits && !grows {
		return nil
	}
	return s.consequences(ctx, tx, o, before, after, entries)
}

func (s *Service) consequences(ctx context.Context, tx *db.Tx, o *order.Order, before, after payment.Attempt, entries []payment.Entry) error {
	wasPaid := o.Payment == payment.Paid
	if err := s.report(ctx, tx, before, after); err != nil {
		return err
	}
	switch {
	case after.Status.Places() && !before.Status.Places() && placedBy(*o, after.ID):
		// A second payment for an order that another attempt has placed. Only
		// the news that it came counts: later news of the first one must not
		// find the second and take itself for the duplicate.
		if err := job.Enqueue(ctx, tx, giveBack{o.ID, after.ID, "duplicate"}, job.Unique("give_back:"+after.ID)); err != nil {
			return err
		}
	case after.Status.Places() && (o.State == order.Draft || o.State == order.Expired):
		if err := s.settle(ctx, tx, o, after); err != nil {
			return err
		}
	case after.Status.Places() && o.State == order.Cancelled && !before.Status.Places():
		if err := job.Enqueue(ctx, tx, giveBack{o.ID, after.ID, "cancelled"}, job.Unique("give_back:"+after.ID)); err != nil {
			return err
		}
	case after.Status == payment.Continuing && o.State == order.Draft:
		if until := s.holdUntil(*o, before, after, tx.Now()); until.After(o.HoldUntil) {
			o.HoldUntil = until
			if err := s.Stock.Extend(ctx, tx, o.ID, until); err != nil {
				return err
			}
		}
	case over(after.Status) && !over(before.Status) && o.State == order.Draft:
		if err := s.Stock.Release(ctx, tx, o.ID); err != nil {
			return fmt.Errorf("release stock: %w", err)
		}
	}
	if after.Status == payment.Lapsed && before.Status != payment.Lapsed {
		if err := s.watch(ctx, tx, lapse{Order: o.ID, Attempt: after.ID, Late: true}, tx.Now().Add(lateLook)); err != nil {
			return err
		}
	}
	if err := s.Orders.Save(ctx, tx, o); err != nil {
		return err
	}
	if !wasPaid && o.Payment == payment.Paid && o.State == order.Placed {
		if err := event.Emit(ctx, tx, order.Events().Paid, order.Ref{OrderID: o.ID}); err != nil {
			return err
		}
	}
	return s.logPayment(ctx, tx, *o, before, after, entries)
}

// holdUntil is until when the goods of an order are held after news of an
// attempt: while the shopper is at the bank they wait, but not for ever. The
// hold begins anew when the shopper arrives there and, as long as the provider
// says that the bank still waits, whenever half of it is over. A hold that has
// run out is not renewed: somebody else may have been told of the goods.
func (s *Service) holdUntil(o order.Order, before, after payment.Attempt, now time.Time) time.Time {
	if after.Status != payment.Continuing || o.State != order.Draft {
		return o.HoldUntil
	}
	hold := s.Shop().Hold
	until := o.CreatedAt.Add(MaxHold)
	if before.Status == payment.Continuing {
		left := o.HoldUntil.Sub(now)
		if left <= 0 || left > max(hold/2, lookEvery) {
			return o.HoldUntil
		}
		hold = max(hold, 2*lookEvery) // else it ends before the next look
	} else if until.Before(now) {
		until = now.Add(hold) // another try, long after the first
	}
	until = minTime(until, now.Add(hold))
	if until.Before(o.HoldUntil) {
		return o.HoldUntil
	}
	return until
}

// over reports whether an attempt came to nothing.
func over(s payment.AttemptStatus) bool {
	return s == payment.Refused || s == payment.Released || s == payment.Lapsed
}

// placedBy reports whether an attempt other than id placed the order.
func placedBy(o order.Order, id string) bool {
	if o.State != order.Placed {
		return false
	}
	for _, a := range o.Attempts {
		if a.ID != id && a.Status.Places() {
			return true
		}
	}
	return false
}

// settle places a paid (or promised) draft. Money that comes when the goods
// are gone goes back by itself, and the order ends as cancelled (rule B12).
func (s *Service) settle(ctx context.Context, tx *db.Tx, o *order.Order, a payment.Attempt) error {
	if err := s.Orders.TakeNumber(ctx, tx, o); err != nil { // placed or not; now, because after Allocate others wait for the same goods
		return err
	}
	err := s.Stock.Allocate(ctx, tx, o.ID, demandsOf(*o))
	if fault.Reason(err) == inventory.ShortReason {
		if err := s.Orders.Place(ctx, tx, o, s.Shop().Zone); err != nil {
			return err
		}
		o.State, o.CancelReason = order.Cancelled, order.OutOfStock
		var units int64
		for i := range o.Lines {
			units += o.Lines[i].Open()
			if err := s.Orders.AddUnits(ctx, tx, o, o.Lines[i].ID, order.Count{Cancelled: o.Lines[i].Open()}); err != nil {
				return err
			}
		}
		if err := s.Carts.Close(ctx, tx, o.CartID, o.CartVersion, boughtOf(*o)); err != nil {
			return err
		}
		if err := s.Orders.Log(ctx, tx, audit.System("checkout"), o.ID, "order.cancelled", map[string]any{"units": units, "reason": o.CancelReason}); err != nil {
			return err
		}
		if err := event.Emit(ctx, tx, order.Events().Cancelled, order.Ref{OrderID: o.ID}); err != nil {
			return err
		}
		return job.Enqueue(ctx, tx, giveBack{o.ID, a.ID, order.OutOfStock}, job.Unique("give_back:"+a.ID), job.Urgent())
	}
	if err != nil {
		return fmt.Errorf("allocate stock: %w", err)
	}
	return s.place(ctx, tx, o)
}

func (s *Service) place(ctx context.Context, tx *db.Tx, o *order.Order) error {
	if err := s.Orders.Place(ctx, tx, o, s.Shop().Zone); err != nil {
		return err
	}
	if err := s.Carts.Close(ctx, tx, o.CartID, o.CartVersion, boughtOf(*o)); err != nil {
		return err
	}
	if o.Total == 0 {
		return s.Orders.Save(ctx, tx, o)
	}
	return nil
}

func boughtOf(o order.Order) map[string]int64 {
	units := make(map[string]int64, len(o.Lines))
	for _, l := range o.Lines {
		units[l.VariantID] += l.Quantity
	}
	return units
}

func demandsOf(o order.Order) []inventory.Demand {
	var list []inventory.Demand
	for _, l := range o.Lines {
		list = append(list, inventory.Demand{LineID: l.ID, VariantID: l.VariantID, Quantity: l.Quantity, Tracked: l.Tracked})
	}
	return list
}

// logPayment tells the order's timeline what happened to money.
func (s *Service) logPayment(ctx context.Context, tx *db.Tx, o order.Order, before, after payment.Attempt, entries []payment.Entry) error {
	if after.Status != before.Status {
		data := map[string]any{"attempt": after.ID, "provider": after.Provider, "method": after.Method, "status": after.Status}
		if after.Reason != "" {
			data["reason"] = after.Reason
		}
		if after.Status == payment.InReview {
			data["doubts"] = after.Doubts
		}
		if err := s.Orders.Log(ctx, tx, audit.System("payment"), o.ID, "payment."+string(after.Status), data); err != nil {
			return err
		}
	}
	for _, e := range entries {
		data := map[string]any{"attempt": after.ID, "amount": e.Amount, "currency": after.Currency}
		if err := s.Orders.Log(ctx, tx, audit.System("payment"), o.ID, "payment.entry."+string(e.Kind), data); err != nil {
			return err
		}
	}
	return nil
}

// spend asks the payment budget for one try.
func (s *Service) spend(ctx context.Context, tx *db.Tx, subject payment.Subject) (payment.Verdict, error) {
	levels, err := lockLevels(ctx, tx, s.Budget.Keys(subject))
	if err != nil {
		return payment.Verdict{}, fmt.Errorf("read payment budget: %w", err)
	}
	verdict, changed := s.Budget.Spend(subject, levels, tx.Now())
	if err := saveLevels(ctx, tx, changed); err != nil {
		return verdict, fmt.Errorf("write payment budget: %w", err)
	}
	if verdict.Braked {
		s.Log.WarnContext(ctx, "many payments are being declined; the brake is on", "rule", verdict.Rule, "allowed", verdict.Allowed)
	}
	return verdict, nil
}

// trier is who tries in an attempt, and with which token first.
type trier struct {
	payment.Subject
	Token string // see tokenKey
}

func (s *Service) trierOf(ctx context.Context, tx *db.Tx, attemptID string) (t trier, err error) {
	raw, err := s.Orders.SubjectOf(ctx, tx, attemptID)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(raw), &t)
}

// tokenKey tells payment tokens apart without keeping them.
func (s *Service) tokenKey(token string) string {
	if token == "" {
		return ""
	}
	return fmt.Sprintf("%x", s.Vault.Index("payment_token", token)[:16])
}

// report tells the budget how an attempt ended.
func (s *Service) report(ctx context.Context, tx *db.Tx, before, after payment.Attempt) error {
	declined := after.Status == payment.Refused && before.Status != payment.Refused && after.Reason != payment.ReasonCancelled && after.Reason != payment.ReasonExpired
	approved := after.Status == payment.Settled && before.Status != payment.Settled
	if !declined && !approved {
		return nil
	}
	t, err := s.trierOf(ctx, tx, after.ID)
	if err != nil {
		return err
	}
	subject := t.Subject
	levels, err := lockLevels(ctx, tx, s.Budget.Keys(subject))
	if err != nil {
		return err
	}
	var changed payment.Levels
	if declined {
		changed = s.Budget.Declined(subject, levels, tx.Now())
	} else {
		changed = s.Budget.Approved(subject, levels, tx.Now())
	}
	return saveLevels(ctx, tx, changed)
}

// Returned is called when a shopper's browser comes back from the provider's
// page. It asks the provider for the truth and returns the order. An attempt
// nobody knows is "order.not_found".
func (s *Service) Returned(ctx context.Context, attemptID string) (order.Order, error) {
	orderID, err := s.Orders.OfAttempt(ctx, s.DB, attemptID)
	if err != nil {
		return order.Order{}, err
	}
	o, err := s.learn(ctx, orderID, attemptID, nil)
	if payment.Unknown(err) || fault.Is(err, fault.NotFound) {
		s.Log.WarnContext(ctx, "the payment's state is not known yet", "attempt", attemptID, "err", err)
		return s.Orders.Get(ctx, s.DB, orderID)
	}
	return o, err
}

// Webhook takes a provider's message: verified on the raw body, stored once
// with its effect, and only ever a reason to fetch the truth. It fails with
// "payment.webhook_refused" for a message that is not the provider's; any
// other error asks the provider to send it again. A message about a payment
// that is not ours is acknowledged.
func (s *Service) Webhook(ctx context.Context, provider string, in payment.Inbound) error {
	p, settings, ok := s.Providers.Provider(provider)
	hook, takes := p.(payment.Webhooker)
	if !ok || !takes {
		return fault.New(fault.NotFound, "payment.unknown_provider")
	}
	e, err := hook.Webhook(ctx, settings, in)
	if err != nil {
		return err
	}
	attemptID := e.AttemptID
	var orderID string
	if attemptID != "" {
		orderID, err = s.Orders.OfAttempt(ctx, s.DB, attemptID)
	} else {
		orderID, attemptID, err = s.Orders.OfReference(ctx, s.DB, provider, e.Reference)
	}
	if fault.Is(err, fault.NotFound) {
		s.Log.WarnContext(ctx, "a payment message is about no order of this shop", "provider", provider, "event", e.ID, "kind", e.Kind)
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.learn(ctx, orderID, attemptID, &e)
	return err
}

// learn fetches the truth about an attempt and finishes with it.
func (s *Service) learn(ctx context.Context, orderID, attemptID string, source *payment.Event) (order.Order, error) {
	o, err := s.Orders.Get(ctx, s.DB, orderID)
	if err != nil {
		return o, err
	}
	a, ok := o.Attempt(attemptID)
	if !ok {
		return o, order.NotFound()
	}
	p, settings, ok := s.Providers.Provider(a.Provider)
	fetcher, can := p.(payment.Fetcher)
	if !ok || !can {
		return o, nil
	}
	call, cancel := s.call(ctx)
	facts, err := fetcher.Fetch(call, settings, payment.Query{AttemptID: a.ID, Reference: a.Reference})
	cancel()
	if err != nil {
		return o, fmt.Errorf("fetch payment %s: %w", a.ID, err)
	}
	return s.finish(ctx, orderID, attemptID, func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Learned(facts) }, source)
}

// dropAttempt lets go of an open attempt at the provider, so that it cannot be
// paid any more. If it was paid meanwhile, the order is placed instead. The
// intent is written first, with the reason: else somebody who learns of held
// money could place the order on it while it is being let go.
func (s *Service) dropAttempt(ctx context.Context, orderID, attemptID string, why payment.Reason) error {
	o, err := s.finish(ctx, orderID, attemptID, func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Leave(why), nil }, nil)
	if err != nil {
		return err
	}
	a, _ := o.Attempt(attemptID)
	if !a.Status.Open() {
		return nil // its outcome is known by now
	}
	p, settings, ok := s.Providers.Provider(a.Provider)
	canceller, can := p.(payment.Canceller)
	if !ok || !can {
		return fault.New(fault.Conflict, "checkout.payment_open")
	}
	call, cancel := s.call(ctx)
	defer cancel()
	facts, err := canceller.Cancel(call, settings, payment.Change{Key: "drop_" + a.ID, Attempt: a, Amount: a.Amount})
	switch {
	case fault.Reason(err) == "payment.unknown_reference":
		_, err = s.finish(ctx, orderID, attemptID, lapsed, nil)
		return err
	case fault.Reason(err) == "payment.not_cancellable":
		_, err = s.learn(ctx, orderID, attemptID, nil)
		return err
	case err != nil:
		return fault.New(fault.Unavailable, "checkout.payment_open").Because(err)
	}
	_, err = s.finish(ctx, orderID, attemptID, func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Learned(facts) }, nil)
	return err
}

// lapsed ends an attempt the provider knows nothing of.
func lapsed(a payment.Attempt) (payment.Attempt, []payment.Entry) {
	if a.Status.Open() {
		a.Status = payment.Lapsed
	}
	return a, nil
}

// reconcile asks for the outcome of an attempt until it is known. When the
// hold is over it lets the attempt go and the draft expires.
func (s *Service) reconcile(ctx context.Context, i job.Info, l lapse) error {
	if l.Late {
		return s.lookLate(ctx, i, l)
	}
	o, err := s.Orders.Get(ctx, s.DB, l.Order)
	if err != nil {
		return err
	}
	a, ok := o.Attempt(l.Attempt)
	if !ok || (!a.Status.Open() && o.State != order.Draft) {
		return nil
	}
	now := s.DB.Now()
	if a.Status.Open() {
		var known order.Order
		known, err = s.learn(ctx, l.Order, l.Attempt, nil)
		missing := fault.Reason(err) == "payment.unknown_reference"
		switch {
		case missing && now.Sub(a.CreatedAt) > 2*time.Minute:
			// The provider never heard of it, so no money moved, and none
			// will: the answer to the request is long overdue.
			if known, err = s.finish(ctx, l.Order, l.Attempt, lapsed, nil); err != nil {
				return err
			}
		case missing:
			return s.again(ctx, i, l, now.Add(lookEvery))
		case err != nil:
			s.Log.WarnContext(ctx, "the provider does not say how a payment stands; asking again", "attempt", l.Attempt, "err", err)
			return s.again(ctx, i, l, now.Add(lookEvery))
		}
		o = known
		a, _ = o.Attempt(l.Attempt)
	}
	if a.Status == payment.Leaving {
		if err := s.dropAttempt(ctx, l.Order, l.Attempt, a.Reason); err != nil {
			s.Log.WarnContext(ctx, "a payment that was left cannot be let go yet", "attempt", l.Attempt, "err", err)
			return s.again(ctx, i, l, now.Add(lookEvery))
		}
		if o, err = s.Orders.Get(ctx, s.DB, l.Order); err != nil {
			return err
		}
		a, _ = o.Attempt(l.Attempt)
	}
	if o.State != order.Draft {
		return nil
	}
	if now.Before(o.HoldUntil) {
		return s.again(ctx, i, l, minTime(o.HoldUntil, now.Add(lookEvery)))
	}
	if a.Status.Open() {
		if err := s.dropAttempt(ctx, l.Order, l.Attempt, payment.ReasonExpired); err != nil {
			s.Log.WarnContext(ctx, "a payment nobody waits for cannot be let go yet", "attempt", l.Attempt, "err", err)
			return s.again(ctx, i, l, now.Add(lookEvery))
		}
	}
	ended, err := s.expire(ctx, l.Order)
	if err != nil || ended {
		return err
	}
	return s.again(ctx, i, l, now.Add(lookEvery)) // re-opened meanwhile, or the clock went back
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// again puts the job back for later without counting a failure.
func (s *Service) again(ctx context.Context, i job.Info, l lapse, at time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := i.Complete(ctx, tx); err != nil {
			return err
		}
		return s.watch(ctx, tx, l, at)
	})
}

// watch has an attempt looked at, from an instant on.
func (s *Service) watch(ctx context.Context, tx *db.Tx, l lapse, at time.Time) error {
	return job.Enqueue(ctx, tx, l, job.At(at), job.Unique(l.key()), job.Tries(1000))
}

// lookLate looks at an attempt that was given up because the provider did not
// know it. Money that came all the same finds its order, or its way back.
func (s *Service) lookLate(ctx context.Context, i job.Info, l lapse) error {
	_, err := s.learn(ctx, l.Order, l.Attempt, nil)
	if err == nil || fault.Reason(err) == "payment.unknown_reference" {
		return nil
	}
	s.Log.WarnContext(ctx, "the provider does not say how a payment stands; asking again", "attempt", l.Attempt, "err", err)
	return s.again(ctx, i, l, s.DB.Now().Add(lookEvery))
}

// expire ends a draft that was not paid in time; ended says that the order is
// no draft any more. A draft with an open attempt, or one that a shopper has
// re-opened, stays.
func (s *Service) expire(ctx context.Context, orderID string) (ended bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.Orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		if ended = o.State != order.Draft; ended || tx.Now().Before(o.HoldUntil) {
			return nil
		}
		for _, a := range o.Attempts {
			if a.Status.Open() || a.Status.Places() {
				return nil
			}
		}
		ended = true
		if err := s.Stock.Release(ctx, tx, o.ID); err != nil {
			return err
		}
		o.State = order.Expired
		if err := s.Orders.Save(ctx, tx, &o); err != nil {
			return err
		}
		return s.Orders.Log(ctx, tx, audit.System("checkout"), o.ID, "order.expired", nil)
	})
	return ended, err
}

// giveBack returns money of an order that cannot be: held money is let go,
// captured money refunded. It is repeated until the provider has done it.
func (s *Service) giveBack(ctx context.Context, i job.Info, g giveBack) error {
	o, err := s.Orders.Get(ctx, s.DB, g.Order)
	if err != nil {
		return err
	}
	a, ok := o.Attempt(g.Attempt)
	if !ok || a.Facts.Secured() == 0 {
		return nil
	}
	p, settings, ok := s.Providers.Provider(a.Provider)
	if !ok {
		return fmt.Errorf("payment provider %q is gone; give the money of attempt %s back by hand", a.Provider, a.ID)
	}
	call, cancel := s.call(ctx)
	defer cancel()
	if a.Facts.Held() > 0 { // first, so that no more of it is captured
		canceller, can := p.(payment.Canceller)
		if !can {
			return fmt.Errorf("%s cannot let go of money; do it by hand for attempt %s", a.Provider, a.ID)
		}
		facts, err := canceller.Cancel(call, settings, payment.Change{Key: "back_" + a.ID, Attempt: a, Amount: a.Facts.Held()})
		if err != nil {
			return fmt.Errorf("let go of attempt %s: %w", a.ID, err)
		}
		if o, err = s.Learned(ctx, g.Order, g.Attempt, facts); err != nil {
			return err
		}
		a, _ = o.Attempt(g.Attempt)
	}
	if a.Facts.Captured > a.Facts.Refunded {
		refunder, can := p.(payment.Refunder)
		if !can {
			return fmt.Errorf("%s cannot refund; give the money of attempt %s back by hand", a.Provider, a.ID)
		}
		// What was refunded before is in the key: more that came later is not
		// taken for a repetition.
		key := fmt.Sprintf("back_%s_%d", a.ID, a.Facts.Refunded)
		facts, err := refunder.Refund(call, settings, payment.Change{Key: key, Attempt: a, Amount: a.Facts.Captured - a.Facts.Refunded})
		if err != nil {
			return fmt.Errorf("give back attempt %s: %w", a.ID, err)
		}
		_, err = s.Learned(ctx, g.Order, g.Attempt, facts)
		return err
	}
	return nil
}

// Learned applies facts a provider has just given about an attempt, and draws
// the consequences, as every bearer of news does.
func (s *Service) Learned(ctx context.Context, orderID, attemptID string, facts payment.Facts) (order.Order, error) {
	return s.finish(ctx, orderID, attemptID, func(a payment.Attempt) (payment.Attempt, []payment.Entry) { return a.Learned(facts) }, nil)
}

// GiveBack has money of an attempt returned that the shop may not keep: what
// is held is let go, what was captured refunded. It joins the transaction and
// happens after it; a second call does nothing.
func (s *Service) GiveBack(ctx context.Context, tx *db.Tx, orderID, attemptID, reason string) error {
	return job.Enqueue(ctx, tx, giveBack{orderID, attemptID, reason}, job.Unique("give_back:"+attemptID))
}

// Moved applies a movement of money that people make and note: move is asked
// for the attempt's new facts while the order is locked, so that of two notes
// at once neither is lost. It must not call the network, and may be asked
// again; its error is returned and nothing is changed.
func (s *Service) Moved(ctx context.Context, orderID, attemptID string, move func(context.Context, *db.Tx, payment.Attempt) (payment.Facts, error)) (order.Order, error) {
	var o order.Order
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if o, err = s.lock(ctx, tx, orderID); err != nil {
			return err
		}
		before, ok := o.Attempt(attemptID)
		if !ok {
			return order.NotFound()
		}
		facts, err := move(ctx, tx, before)
		if err != nil {
			return err
		}
		after, entries := before.Learned(facts)
		return s.apply(ctx, tx, &o, before, after, entries)
	})
	return o, err
}

// NotePaid notes that money of a promise has come: amount, or all that is due
// when it is 0. Only attempts whose money people move can be noted; others fail
// with "payment.not_by_hand", and an order that is paid up with
// "payment.nothing_due". key names the note, so that a second click with the
// same key notes it once; two notes at once both count.
func (s *Service) NotePaid(ctx context.Context, actor audit.Actor, orderID, key string, amount money.Minor) (order.Order, error) {
	o, err := s.Orders.Get(ctx, s.DB, orderID)
	if err != nil {
		return o, err
	}
	for _, a := range o.Attempts {
		if !a.Status.Places() {
			continue
		}
		p, settings, ok := s.Providers.Provider(a.Provider)
		capturer, can := p.(payment.Capturer)
		if !ok || !can || !p.Info().ByHand {
			break
		}
		return s.Moved(ctx, orderID, a.ID, func(ctx context.Context, tx *db.Tx, a payment.Attempt) (payment.Facts, error) {
			n := amount
			if n == 0 {
				n = min(a.Amount-a.Facts.Captured, o.Due()) // what was cancelled is not due
			}
			if n <= 0 {
				return a.Facts, fault.New(fault.Conflict, "payment.nothing_due")
			}
			facts, err := capturer.Capture(ctx, settings, payment.Change{Key: key, Attempt: a, Amount: n})
			if err != nil || facts.Captured == a.Facts.Captured {
				return facts, err
			}
			return facts, s.Orders.Log(ctx, tx, actor, orderID, "payment.noted", map[string]any{"amount": n, "currency": a.Currency})
		})
	}
	return o, fault.New(fault.Conflict, "payment.not_by_hand")
}
