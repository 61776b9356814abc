package checkout_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/rig"
)

// B15: an order that was paid twice gives the second payment back, and only
// that one, whatever news of the first one comes later.
func TestB15_paidTwiceGivesBackOnlyTheSecond(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 5)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		if _, err := r.Checkout.Place(t.Context(), r.Placement(owner)); err != nil {
			t.Fatal(err)
		}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := r.Carts.Add(ctx, tx, owner, variant, 1, "en")
			return err
		})
		r.Bank.Answer = nil
		out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || out.State != order.Placed {
			t.Fatalf("%+v, %v", out, err)
		}
		o := r.OrderOf(out.OrderID)
		dropped, paid := o.Attempts[0], o.Attempts[1]
		tell := func(id, attempt string) {
			t.Helper()
			in := payment.Inbound{Header: map[string][]string{"Id": {id}}, Body: []byte(attempt), At: r.Clock.Now()}
			if err := r.Checkout.Webhook(t.Context(), "house", in); err != nil {
				t.Fatal(err)
			}
			r.Run()
		}

		r.Bank.Lock()
		r.Bank.Take(dropped.ID, money.Money{Amount: dropped.Amount, Currency: "EUR"})
		r.Bank.Unlock()
		tell("evt_1", dropped.ID)
		r.WantBooks(dropped.Amount+10490, dropped.Amount)

		// Ten euros of the good payment go back at the provider's own desk.
		if _, err := r.Bank.Refund(t.Context(), nil, payment.Change{Key: "desk", Attempt: paid, Amount: 1000}); err != nil {
			t.Fatal(err)
		}
		tell("evt_2", paid.ID)
		r.WantBooks(dropped.Amount+10490, dropped.Amount+1000)
		if o = r.OrderOf(out.OrderID); o.State != order.Placed || o.Payment != payment.PartlyRefunded || o.Refunded != 1000 {
			t.Errorf("order is %s, %s, refunded %d", o.State, o.Payment, o.Refunded)
		}
	})
}

// Money that is partly captured and partly still held goes back whole.
func TestB12_givesBackWhatIsHeldAndWhatWasTaken(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		owner := r.Fill(r.Goods("kettle", 5000, 5), 1)
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			f := r.Bank.Take(q.AttemptID, q.Amount)
			f.Captured, f.Closed = 2000, false
			return payment.Outcome{Status: payment.Approved, Reference: f.Reference, Facts: r.Bank.Put(f)}, nil
		}
		out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || out.State != order.Placed {
			t.Fatalf("%+v, %v", out, err)
		}
		attempt := r.OrderOf(out.OrderID).Attempts[0].ID
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			return r.Checkout.GiveBack(ctx, tx, out.OrderID, attempt, "test")
		})
		r.Run()
		r.WantBooks(2000, 2000)
		if f := r.OrderOf(out.OrderID).Attempts[0].Facts; f.Voided != 3490 || f.Secured() != 0 {
			t.Errorf("let go of %d, want 3490; %d is still ours", f.Voided, f.Secured())
		}
	})
}

// What was typed is kept also by a refusal that undoes the transaction: goods
// that somebody else was faster to hold, and a payment budget that is spent.
func TestPlace_keepsWhatWasTypedWhenRefused(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		owner := r.Fill(r.Goods("kettle", 5000, 5), 1)
		faster := true
		r.Checkout.BeforePlace.Add("faster", func(context.Context, *order.Order) error {
			if faster {
				return fault.New(fault.Conflict, inventory.ShortReason)
			}
			return nil
		})
		place := func(note string) error {
			p := r.Placement(owner)
			p.Details.Note = note
			_, err := r.Checkout.Place(t.Context(), p)
			if got := r.Bag(owner).Cart.Details.Note; got != note {
				t.Errorf("after %v the note is %q, want %q", err, got, note)
			}
			return err
		}
		if err := place("Ring twice"); fault.Reason(err) != inventory.ShortReason || r.Count("orders") != 0 {
			t.Errorf("%v, and %d orders", err, r.Count("orders"))
		}
		faster = false
		r.Bank.Answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonDeclined}, nil
		}
		for n := range 30 {
			attempts := r.Count("payment_attempt")
			if err := place(fmt.Sprint("Try ", n)); fault.Reason(err) == "payment.too_many_attempts" {
				if got := r.Count("payment_attempt"); got != attempts {
					t.Errorf("a refused try made %d attempts", got-attempts)
				}
				return
			}
		}
		t.Error("the budget never ran out")
	})
}

// What was typed at a checkout is not kept for ever: a cart goes when its time
// is over, also one that was ordered or given up at the bank. Orders stay.
func TestCarts_areForgottenWhenTheirTimeIsOver(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 10)
		ordered, err := r.Checkout.Place(t.Context(), r.Placement(r.Fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Fill(variant, 1) // only looked
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		given, err := r.Checkout.Place(t.Context(), r.Placement(r.Fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		purge := func(want int64) {
			t.Helper()
			if err := r.Carts.PurgeExpired(t.Context(), r.DB); err != nil {
				t.Fatal(err)
			}
			if n := r.Count("cart"); n != want {
				t.Errorf("%d carts, want %d", n, want)
			}
		}
		r.Clock.Advance(cart.Lifetime)
		purge(1) // whose order may still be paid
		if n := r.Count("cart_line"); n != 1 {
			t.Errorf("%d lines, want 1", n)
		}
		r.Run()
		young := r.Fill(variant, 2)
		purge(1)
		if b := r.Bag(young); b.Quantity() != 2 {
			t.Errorf("a young cart holds %d, want 2", b.Quantity())
		}
		for id, state := range map[string]order.State{ordered.OrderID: order.Placed, given.OrderID: order.Expired} {
			if o := r.OrderOf(id); o.State != state || o.CartID != "" {
				t.Errorf("the order is %s of cart %q, want %s of none", o.State, o.CartID, state)
			}
		}
		r.WantBooks(5490, 0)
	})
}
