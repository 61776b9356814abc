package manual_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
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

// B17: what several members of staff note at the same moment is all kept: the
// money that came and the money that went back, each once, in the ledger too.
func TestB17_notesAtTheSameMomentAllCount(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		providers := only{settings(t)}
		r.Checkout.Providers = providers
		p := r.Placement(r.Fill(r.Goods("kettle", 5000, 1), 1))
		p.PaymentMethod = "manual.bank_transfer"
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		staff := audit.System("test")
		ledger := func(kind string) int64 {
			return r.Int(t, `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry WHERE kind = $1`, kind)
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if _, err := r.Checkout.NotePaid(t.Context(), staff, out.OrderID, fmt.Sprint("pen_", i), 600); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if o := r.OrderOf(out.OrderID); o.Captured != 4800 || ledger("capture") != 4800 {
			t.Errorf("captured %d, ledger %d, want 4800", o.Captured, ledger("capture"))
		}
		if n := r.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'payment.noted'`); n != 8 {
			t.Errorf("%d notes in the change log, want 8", n)
		}

		back := returns.New(r.DB, slog.New(slog.DiscardHandler), r.Orders, r.Stock, r.Checkout, providers, r.Runner)
		for range 7 {
			all.Go(func() {
				ref, err := back.Refund(t.Context(), staff, out.OrderID, returns.Request{Shipping: 70})
				if err != nil || ref.State != order.RefundDone {
					t.Errorf("%+v, %v", ref, err)
				}
			})
		}
		all.Wait()
		if o := r.OrderOf(out.OrderID); o.Refunded != 490 || o.Attempts[0].Facts.Refunded != 490 || ledger("refund") != 490 {
			t.Errorf("refunded %d, by the provider %d, ledger %d; want 490", o.Refunded, o.Attempts[0].Facts.Refunded, ledger("refund"))
		}
	})
}
