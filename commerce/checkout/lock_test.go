package checkout_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/stoatest/rig"
)

// paidOutside leaves an order whose payment came while nobody was told, and
// what tells the shop of it.
func paidOutside(t *testing.T, r *rig.Rig) (o order.Order, variant string, tell func() error) {
	t.Helper()
	variant = r.Goods("kettle", 5000, 5)
	owner := r.Fill(variant, 1)
	r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
		r.Bank.Wait(q.AttemptID, q.Amount)
		return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
	}
	out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
	if err != nil {
		t.Fatal(err)
	}
	o = r.OrderOf(out.OrderID)
	a := o.Attempts[0]
	r.Bank.Lock()
	r.Bank.Take(a.ID, money.Money{Amount: a.Amount, Currency: a.Currency})
	r.Bank.Unlock()
	return o, variant, func() error {
		_, err := r.Checkout.Returned(t.Context(), a.ID)
		return err
	}
}

// Placing an order and hearing of its payment lock the same rows, and must do
// so in one order: the cart, the order, the payment budget, the stock. Here
// the placing has its first row when the news comes, and goes on when the news
// waits for it.
func TestLocks_placingAndFinishingNeverWaitForEachOther(t *testing.T) {
	tests := map[string]struct {
		first, then func(ctx context.Context, r *rig.Rig, tx *db.Tx, o order.Order, variant string) error
	}{
		"the cart, then the order": {
			func(ctx context.Context, r *rig.Rig, tx *db.Tx, o order.Order, _ string) error {
				_, err := tx.Exec(ctx, `UPDATE cart SET updated_at = updated_at WHERE id = $1`, o.CartID)
				return err
			},
			func(ctx context.Context, r *rig.Rig, tx *db.Tx, o order.Order, _ string) error {
				_, _, err := r.Orders.LockOfCart(ctx, tx, o.CartID)
				return err
			},
		},
		"the budget, then the stock": {
			func(ctx context.Context, r *rig.Rig, tx *db.Tx, _ order.Order, _ string) error {
				_, err := tx.Exec(ctx, `UPDATE throttle SET expires_at = expires_at`)
				return err
			},
			func(ctx context.Context, r *rig.Rig, tx *db.Tx, _ order.Order, variant string) error {
				return r.Stock.Reserve(ctx, tx, "ord_other", []inventory.Demand{{LineID: "oln_other", VariantID: variant, Quantity: 1, Tracked: true}}, tx.Now())
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := rig.New(t, dbtest.New(t, db.Postgres))
			o, variant, tell := paidOutside(t, r)
			r.Order(t, "other", variant, 1)
			before := r.DB.Retries()
			told := make(chan error, 1)
			r.Tx(func(ctx context.Context, tx *db.Tx) error {
				if err := tt.first(ctx, r, tx, o, variant); err != nil {
					return err
				}
				if r.DB.Retries() > before {
					return nil // this transaction was the victim and runs again
				}
				go func() { told <- tell() }()
				for waiting := int64(0); waiting == 0; runtime.Gosched() {
					waiting = r.Int(t, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`)
				}
				return tt.then(ctx, r, tx, o, variant)
			})
			if err := <-told; err != nil {
				t.Fatal(err)
			}
			if n := r.DB.Retries() - before; n != 0 {
				t.Errorf("%d transactions ran again; each waited for the other", n)
			}
			if got := r.OrderOf(o.ID); got.State != order.Placed {
				t.Errorf("the order is %s", got.State)
			}
		})
	}
}
