package checkout_test

import (
	"context"
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
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
