package manual_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/provider/payment/manual"
	"github.com/stoashop/stoa/stoatest/rig"
)

type only struct{ s payment.Settings }

func (o only) Provider(id string) (payment.Provider, payment.Settings, bool) {
	return manual.New(), o.s, id == manual.ID
}

func (o only) Offered(string) []payment.Offer {
	return []payment.Offer{{Code: "manual.bank_transfer"}, {Code: "manual.cash_on_delivery"}}
}

// An order by bank transfer is placed unpaid; staff note the money in two
// parts, each once however often they click.
func TestJourney_transfer(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		r.Checkout.Providers = only{settings(t)}
		variant := r.Goods("kettle", 5000, 1)
		p := r.Placement(r.Fill(variant, 1))
		p.PaymentMethod = "manual.bank_transfer"
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		want := func(state payment.State, status payment.AttemptStatus, captured money.Minor) {
			t.Helper()
			o := r.OrderOf(out.OrderID)
			if o.State != order.Placed || o.Payment != state || o.Attempts[0].Status != status || o.Captured != captured {
				t.Errorf("order is %s, %s, attempt %s, captured %d; want %s, %s, %d", o.State, o.Payment, o.Attempts[0].Status, o.Captured, state, status, captured)
			}
		}
		want(payment.Awaiting, payment.Pledged, 0)
		r.WantLevel(variant, 1, 1, 0)

		staff := audit.System("test")
		note := func(key string, amount money.Minor) error {
			_, err := r.Checkout.NotePaid(t.Context(), staff, out.OrderID, key, amount)
			return err
		}
		for range 2 {
			if err := note("pen_1", 4000); err != nil {
				t.Fatal(err)
			}
			want(payment.PartlyPaid, payment.Pledged, 4000)
		}
		if err := note("pen_2", 1491); fault.Reason(err) != "payment.capture_too_high" {
			t.Errorf("too much: %v", err)
		}
		for range 2 {
			if err := note("pen_3", 1490); err != nil {
				t.Fatal(err)
			}
			want(payment.Paid, payment.Settled, 5490)
		}
		if err := note("pen_4", 0); fault.Reason(err) != "payment.nothing_due" {
			t.Errorf("paid up: %v", err)
		}
		want(payment.Paid, payment.Settled, 5490)
	})
}
