// Package returns undoes orders, whole or in parts: cancellations of what was
// not sent, and refunds of what was paid. Money goes back by what was paid for
// the very units (rule B17), stock returns once, by whatever way (rule B13).
package returns

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
)

// Service cancels and refunds.
type Service struct {
	db        *db.DB
	log       *slog.Logger
	orders    *order.Service
	stock     *inventory.Service
	checkout  *checkout.Service
	providers checkout.Providers
}

// New returns the service and registers its job with r.
func New(d *db.DB, log *slog.Logger, orders *order.Service, stock *inventory.Service, c *checkout.Service, providers checkout.Providers, r *job.Runner) *Service {
	s := &Service{d, log, orders, stock, c, providers}
	job.Handle(r, func(ctx context.Context, i job.Info, p payOut) error { return s.payOut(ctx, p, i.Last) })
	return s
}

// payOut is the job that asks the provider to give money back.
type payOut struct {
	Order  string `json:"order"`
	Refund string `json:"refund"`
}

func (payOut) Kind() string { return "returns.pay_out" }

// Request asks for a refund. Shipping is an amount of the delivery's price.
type Request struct {
	Lines    []Line
	Shipping money.Minor
	Reason   string // for staff
	Location string // where units come back to; "" is the first active location
	Version  int64  // of the order as it was read; 0 is any
}

// MaxReason bounds reasons, in bytes.
const MaxReason = 500

// Preview is what a refund would give back.
type Preview struct {
	Amount   money.Minor
	Tax      money.Minor
	Shipping money.Minor // of Amount
	Lines    []order.RefundLine
}

// Preview computes a refund without doing anything. It fails like Refund.
func (s *Service) Preview(o order.Order, r Request) (Preview, error) {
	var p Preview
	var form fault.Form
	for _, want := range picks(o, r.Lines, &form) {
		l, n := want.line, want.quantity()
		if n == 0 {
			continue // told at the line
		}
		amounts, err := pricing.Refund(l.Total, l.Quantity, l.Refunded, n)
		if err != nil {
			form.Add("lines."+l.ID, "pricing.refund_quantity", "count", l.Quantity-l.Refunded)
			continue
		}
		p.Lines = append(p.Lines, order.RefundLine{LineID: l.ID, Quantity: n, Cancelled: want.units[Open], Returned: want.units[Shipped], Amount: amounts.Gross, Tax: amounts.Tax})
		p.Amount += amounts.Gross
		p.Tax += amounts.Tax
	}
	if r.Shipping != 0 {
		left := o.Shipping - o.RefundedShip
		switch {
		case r.Shipping < 0:
			form.Add("shipping", "form.too_small", "min", 0)
		case r.Shipping > left:
			form.Add("shipping", "pricing.refund_amount", "left", money.Money{Amount: left, Currency: o.Currency})
		default:
			amounts, err := pricing.RefundAmount(o.Delivery(), o.RefundedShip, r.Shipping)
			if err != nil {
				return p, err
			}
			p.Amount += amounts.Gross
			p.Tax += amounts.Tax
			p.Shipping = amounts.Gross
		}
	}
	if len(r.Reason) > MaxReason {
		form.Add("reason", "form.too_long", "max", MaxReason)
	}
	if err := form.Err(); err != nil {
		return p, err
	}
	if len(p.Lines) == 0 && r.Shipping == 0 {
		return p, fault.New(fault.Invalid, "order.nothing_to_refund")
	}
	return p, nil
}

// Refund gives money back: what was paid for the units, with its tax, and what
// is asked of the delivery. Open units are cancelled by it; shipped ones go
// back to stock if asked. Which units are meant is said, unless it is clear:
// "order.which_units" at the line asks for it.
//
// The refund is written first and then asked of the provider; when the answer
// is lost it is asked again with the same key until it is known. The result
// says how far it got. It fails with "version.changed" when the order is not
// the one that was read, with "form.invalid" at the fields,
// "order.nothing_to_refund", or "order.refund_too_high" when less is left of
// the captured money.
func (s *Service) Refund(ctx context.Context, actor audit.Actor, orderID string, r Request) (order.Refund, error) {
	var ref order.Refund
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		if err := o.Expect(r.Version); err != nil {
			return err
		}
		before := o.State
		ref, err = s.write(ctx, tx, actor, &o, r)
		if err != nil {
			return err
		}
		if err := s.orders.Save(ctx, tx, &o); err != nil || o.State != order.Cancelled || before == order.Cancelled {
			return err
		}
		return event.Emit(ctx, tx, order.Events().Cancelled, order.Ref{OrderID: o.ID}) // nothing was left to send
	})
	if err != nil {
		return ref, err
	}
	return s.now(ctx, orderID, ref)
}

// now tries the pay-out at once; the job stands by for a lost answer.
func (s *Service) now(ctx context.Context, orderID string, ref order.Refund) (order.Refund, error) {
	if ref.ID == "" {
		return ref, nil
	}
	if err := s.payOut(ctx, payOut{orderID, ref.ID}, false); err != nil {
		s.log.WarnContext(ctx, "a refund has not been confirmed yet; it will be asked for again", "refund", ref.ID, "err", err)
	}
	list, err := s.orders.Refunds(ctx, s.db, orderID)
	if err != nil {
		return ref, err
	}
	for _, l := range list {
		if l.ID == ref.ID {
			return l, nil
		}
	}
	return ref, nil
}

// write records a refund in a locked order. The caller saves the order.
func (s *Service) write(ctx context.Context, tx *db.Tx, actor audit.Actor, o *order.Order, r Request) (order.Refund, error) {
	var none order.Refund
	p, err := s.Preview(*o, r)
	if err != nil {
		return none, err
	}
	if o.State != order.Placed && o.State != order.Cancelled {
		return none, fault.New(fault.Conflict, "order.not_refundable")
	}
	a, ok := payer(*o, p.Amount)
	if !ok || p.Amount > o.Refundable() || p.Amount == 0 {
		return none, fault.New(fault.Conflict, "order.refund_too_high").
			With("left", money.Money{Amount: o.Refundable(), Currency: o.Currency})
	}
	ref := order.Refund{ID: tx.NewID("ref"), OrderID: o.ID, AttemptID: a.ID, Amount: p.Amount, Tax: p.Tax, Shipping: r.Shipping, State: order.RefundPending, Reason: strings.TrimSpace(r.Reason), CreatedAt: tx.Now()}
	restock := make(map[string]bool)
	for _, l := range r.Lines {
		restock[l.LineID] = restock[l.LineID] || l.Restock && (l.Of == Shipped || l.Of == "")
	}
	earlier, err := s.orders.Refunds(ctx, tx, o.ID)
	if err != nil {
		return none, err
	}
	var cancel, back []inventory.Units
	var cut []order.ShipmentLine
	for i := range p.Lines {
		rl := &p.Lines[i]
		l := lineOf(*o, rl.LineID)
		rl.Restocked = rl.Cancelled
		var fresh int64
		if restock[rl.LineID] {
			rl.Restocked += rl.Returned
			fresh = max(rl.Returned-backAlready(l, earlier), 0) // a unit comes back once
		}
		if err := s.orders.AddUnits(ctx, tx, o, l.ID, order.Count{Cancelled: rl.Cancelled, Refunded: rl.Quantity, Returned: rl.Returned, Restocked: rl.Cancelled + fresh, Gross: rl.Amount}); err != nil {
			return none, err
		}
		if rl.Cancelled > 0 {
			cut = append(cut, order.ShipmentLine{LineID: l.ID, Quantity: rl.Cancelled})
			if l.Tracked {
				cancel = append(cancel, inventory.Units{LineID: l.ID, VariantID: l.VariantID, Quantity: rl.Cancelled})
			}
		}
		if l.Tracked && l.VariantID != "" && fresh > 0 {
			back = append(back, inventory.Units{LineID: l.ID, VariantID: l.VariantID, Quantity: fresh})
		}
	}
	ref.Lines = p.Lines
	if err := s.stock.Cancel(ctx, tx, actor, o.ID, cancel); err != nil {
		return none, fmt.Errorf("free stock: %w", err)
	}
	if err := s.putBack(ctx, tx, actor, r.Location, back); err != nil {
		return none, err
	}
	o.Refunded += ref.Amount
	o.RefundedShip += ref.Shipping
	if err := s.orders.AddRefund(ctx, tx, ref); err != nil {
		return none, fmt.Errorf("record refund: %w", err)
	}
	if err := s.orders.Log(ctx, tx, actor, o.ID, "order.refund_asked", map[string]any{"refund": ref.ID, "amount": ref.Amount, "currency": o.Currency, "lines": ref.Lines, "shipping": ref.Shipping, "reason": ref.Reason}); err != nil {
		return none, err
	}
	if len(cut) > 0 {
		if err := s.noteCut(ctx, tx, actor, o, cut, ref.ID, ref.Reason); err != nil {
			return none, err
		}
	}
	return ref, job.Enqueue(ctx, tx, payOut{o.ID, ref.ID}, job.At(tx.Now().Add(time.Minute)), job.Unique("pay_out:"+ref.ID))
}

// noteCut tells of units that will not be sent: in the timeline and, unless the
// whole order ends with them, to the customer.
func (s *Service) noteCut(ctx context.Context, tx *db.Tx, actor audit.Actor, o *order.Order, cut []order.ShipmentLine, refund, reason string) error {
	var units int64
	for _, l := range cut {
		units += l.Quantity
	}
	data := map[string]any{"units": units, "lines": cut, "reason": reason}
	if refund != "" {
		data["refund"] = refund
	}
	if err := s.orders.Log(ctx, tx, actor, o.ID, "order.cancelled", data); err != nil {
		return err
	}
	o.Derive()
	if o.State == order.Cancelled {
		return nil // told as a whole
	}
	return event.Emit(ctx, tx, order.Events().Shortened, order.CutRef{OrderID: o.ID, CutID: tx.NewID("cut"), Lines: cut})
}

func (s *Service) putBack(ctx context.Context, tx *db.Tx, actor audit.Actor, location string, units []inventory.Units) error {
	if len(units) == 0 {
		return nil
	}
	places, err := s.stock.Locations(ctx, tx)
	if err != nil {
		return err
	}
	for _, place := range places {
		if place.ID == location || (location == "" && place.Active) {
			return s.stock.Return(ctx, tx, actor, place.ID, units)
		}
	}
	return fault.New(fault.Invalid, "form.invalid").At("location", "form.not_a_choice")
}

func lineOf(o order.Order, id string) order.Line {
	for _, l := range o.Lines {
		if l.ID == id {
			return l
		}
	}
	return order.Line{}
}

// payer finds the attempt that can give the amount back: the one with the most
// captured money left.
func payer(o order.Order, amount money.Minor) (best payment.Attempt, ok bool) {
	for _, a := range o.Attempts {
		left := a.Facts.Captured - a.Facts.Refunded
		if left >= amount && (!ok || left > best.Facts.Captured-best.Facts.Refunded) {
			best, ok = a, true
		}
	}
	return best, ok
}

// payOut asks the provider and writes down how it ended.
func (s *Service) payOut(ctx context.Context, p payOut, last bool) error {
	o, err := s.orders.Get(ctx, s.db, p.Order)
	if err != nil {
		return err
	}
	list, err := s.orders.Refunds(ctx, s.db, p.Order)
	if err != nil {
		return err
	}
	var ref order.Refund
	for _, l := range list {
		if l.ID == p.Refund {
			ref = l
		}
	}
	if ref.State != order.RefundPending {
		return nil
	}
	a, _ := o.Attempt(ref.AttemptID)
	provider, settings, ok := s.providers.Provider(a.Provider)
	refunder, can := provider.(payment.Refunder)
	if !ok || !can {
		return s.end(ctx, o, ref, order.RefundFailed, "", "payment.cannot_refund")
	}
	var facts payment.Facts
	if provider.Info().ByHand {
		// Nobody is called, and what staff noted before is all there is to
		// know: add to it under the lock.
		_, err = s.checkout.Moved(ctx, o.ID, a.ID, func(ctx context.Context, _ *db.Tx, a payment.Attempt) (payment.Facts, error) {
			facts, err = refunder.Refund(ctx, settings, payment.Change{Key: ref.ID, Attempt: a, Amount: ref.Amount})
			return facts, err
		})
	} else {
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), 12*time.Second)
		facts, err = refunder.Refund(call, settings, payment.Change{Key: ref.ID, Attempt: a, Amount: ref.Amount})
		cancel()
		if err == nil {
			_, err = s.checkout.Learned(ctx, o.ID, a.ID, facts)
		}
	}
	switch {
	case payment.Unknown(err):
		if last {
			return fmt.Errorf("refund %s is still not confirmed; look at the provider: %w", ref.ID, err)
		}
		return err
	case err != nil:
		return s.end(ctx, o, ref, order.RefundFailed, "", fault.Reason(err))
	}
	reference := ""
	for _, m := range facts.Refunds {
		if m.Key == ref.ID {
			reference = m.Reference
		}
	}
	return s.end(ctx, o, ref, order.RefundDone, reference, "")
}

// end closes a refund. A failed one gives its amounts and units back to the
// order, so that it can be asked for anew; stock stays where it went.
func (s *Service) end(ctx context.Context, o order.Order, ref order.Refund, state order.RefundState, reference, reason string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.orders.Lock(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		fresh, err := s.orders.EndRefund(ctx, tx, ref.ID, state, reference)
		if err != nil || !fresh {
			return err
		}
		action := "order.refunded"
		if state == order.RefundFailed {
			action = "order.refund_failed"
			o.Refunded -= ref.Amount
			o.RefundedShip -= ref.Shipping
			for _, l := range ref.Lines {
				if err := s.orders.AddUnits(ctx, tx, &o, l.LineID, order.Count{Refunded: -l.Quantity, Returned: -l.Returned, Gross: -l.Amount}); err != nil {
					return err
				}
			}
		} else if err := event.Emit(ctx, tx, order.Events().Refunded, order.RefundRef{OrderID: o.ID, RefundID: ref.ID}); err != nil {
			return err
		}
		if err := s.orders.Save(ctx, tx, &o); err != nil {
			return err
		}
		return s.orders.Log(ctx, tx, audit.System("payment"), o.ID, action, map[string]any{"refund": ref.ID, "amount": ref.Amount, "currency": o.Currency, "reason": reason})
	})
}

// Cancel cancels every unit that was not shipped: the stock is free again, and
// with refund the money for these units goes back, with the delivery's price
// if nothing was sent at all. Money that is only held is let go when nothing
// was sent. An order with nothing left to cancel fails with
// "order.nothing_open".
func (s *Service) Cancel(ctx context.Context, actor audit.Actor, orderID, reason string, refund bool) (order.Order, error) {
	return s.CancelAt(ctx, actor, orderID, 0, reason, refund)
}

// CancelAt is Cancel by somebody who has read a version of the order. It fails
// with "version.changed" when the order is another one by now.
func (s *Service) CancelAt(ctx context.Context, actor audit.Actor, orderID string, version int64, reason string, refund bool) (order.Order, error) {
	reason = strings.TrimSpace(reason)
	if len(reason) > MaxReason {
		return order.Order{}, fault.New(fault.Invalid, "form.invalid").At("reason", "form.too_long", "max", MaxReason)
	}
	var ref order.Refund
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ref = order.Refund{}
		o, err := s.orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		if err := o.Expect(version); err != nil {
			return err
		}
		if o.State != order.Placed {
			return fault.New(fault.Conflict, "order.nothing_open")
		}
		var units []inventory.Units
		var cut []order.ShipmentLine
		var request Request
		var sent int64
		for _, l := range o.Lines {
			sent += l.Shipped
			open := l.Open()
			if open == 0 {
				continue
			}
			cut = append(cut, order.ShipmentLine{LineID: l.ID, Quantity: open})
			if err := s.orders.AddUnits(ctx, tx, &o, l.ID, order.Count{Cancelled: open, Restocked: open}); err != nil {
				return err
			}
			if l.Tracked {
				units = append(units, inventory.Units{LineID: l.ID, VariantID: l.VariantID, Quantity: open})
			}
			request.Lines = append(request.Lines, Line{LineID: l.ID, Quantity: open, Of: Cancelled})
		}
		if len(cut) == 0 {
			return fault.New(fault.Conflict, "order.nothing_open")
		}
		if err := s.stock.Cancel(ctx, tx, actor, o.ID, units); err != nil {
			return fmt.Errorf("free stock: %w", err)
		}
		o.CancelReason = reason
		if err := s.noteCut(ctx, tx, actor, &o, cut, "", reason); err != nil {
			return err
		}
		if refund && o.Refundable() > 0 && len(request.Lines) > 0 {
			if sent == 0 {
				request.Shipping = o.Shipping - o.RefundedShip
			}
			request.Reason = reason
			if p, err := s.Preview(o, request); err == nil && p.Amount > 0 {
				if ref, err = s.write(ctx, tx, actor, &o, request); err != nil {
					return err
				}
			}
		}
		for _, a := range o.Attempts {
			if sent == 0 && a.Facts.Held() > 0 {
				if err := s.checkout.GiveBack(ctx, tx, o.ID, a.ID, "cancelled"); err != nil {
					return err
				}
			}
		}
		if err := s.orders.Save(ctx, tx, &o); err != nil {
			return err
		}
		if o.State != order.Cancelled {
			return nil
		}
		return event.Emit(ctx, tx, order.Events().Cancelled, order.Ref{OrderID: o.ID})
	})
	if err != nil {
		return order.Order{}, err
	}
	if _, err := s.now(ctx, orderID, ref); err != nil {
		return order.Order{}, err
	}
	return s.orders.Get(ctx, s.db, orderID)
}
