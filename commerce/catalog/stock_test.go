package catalog_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/rig"
)

// counter is a shop whose collections follow what is sold.
type counter struct {
	*rig.Rig
	catalog *catalog.Service
}

func eachCounter(t *testing.T, fn func(t *testing.T, c counter)) {
	t.Helper()
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		log := audit.NewLog(r.DB, slog.New(slog.NewTextHandler(io.Discard, nil)))
		c := counter{r, catalog.New(r.DB, log, custom.New(r.DB, log), "en")}
		r.Stock.Changed.Add("catalog/collections", func(ctx context.Context, s inventory.Changed) error {
			return c.catalog.SortStock(ctx, s.Tx, s.Variants)
		})
		fn(t, c)
	})
}

func (c counter) collection(t *testing.T, name string, op catalog.Op, n int64) string {
	t.Helper()
	var saved catalog.Collection
	c.Tx(func(ctx context.Context, tx *db.Tx) (err error) {
		saved, err = c.catalog.SaveCollection(ctx, tx, actor, catalog.Collection{Name: en(name), Rule: one(catalog.OnStock, op, "", n)})
		return err
	})
	return saved.ID
}

func (c counter) holds(t *testing.T, collection string) []string {
	t.Helper()
	ids, err := c.catalog.CollectionProducts(t.Context(), c.DB, collection)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Whatever changes what can be sold sorts the changed product in the same
// transaction: a hold, its end, a sale, a cancellation, a policy, a location
// that closes.
func TestCollections_followWhatIsSold(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		kettle := c.Goods("kettle", 5000, 2)
		c.Goods("spoon", 100, 50)
		pair := c.collection(t, "At least two", catalog.AtLeast, 2)
		none := c.collection(t, "Sold out", catalog.AtMost, 0)
		want := func(when string, inPair, inNone bool) {
			t.Helper()
			if got := slices.Contains(c.holds(t, pair), "prd_kettle"); got != inPair {
				t.Errorf("%s: in \"At least two\" %v, want %v", when, got, inPair)
			}
			if got := slices.Contains(c.holds(t, none), "prd_kettle"); got != inNone {
				t.Errorf("%s: in \"Sold out\" %v, want %v", when, got, inNone)
			}
			if ids := c.holds(t, pair); !slices.Contains(ids, "prd_spoon") {
				t.Errorf("%s: the spoon is gone: %v", when, ids)
			}
		}
		place := func(n int64) checkout.Outcome {
			t.Helper()
			out, err := c.Checkout.Place(t.Context(), c.Placement(c.Fill(kettle, n)))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		want("at first", true, false)

		c.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			c.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
		}
		place(2)
		want("held at the bank", false, true)
		c.Clock.Advance(31 * time.Minute)
		if n, err := c.Stock.SweepOverdue(t.Context(), c.DB); n != 1 || err != nil {
			t.Fatalf("%d holds swept, %v", n, err)
		}
		want("hold over", true, false)

		c.Bank.Answer = nil
		first := place(1)
		want("one sold", false, false)
		place(1)
		want("all sold", false, true)
		back := returns.New(c.DB, slog.New(slog.DiscardHandler), c.Orders, c.Stock, c.Checkout, c.Bank, c.Runner)
		if o, err := back.Cancel(t.Context(), actor, first.OrderID, "", true); err != nil || o.State != order.Cancelled {
			t.Fatalf("%s, %v", o.State, err)
		}
		want("one cancelled", false, false)

		c.Tx(func(ctx context.Context, tx *db.Tx) error {
			return c.Stock.SetPolicy(ctx, tx, actor, kettle, c.Location, 0, 5)
		})
		want("back-orders", true, false)
		if n := c.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'product.sorted' AND object_id = 'prd_spoon'`); n != 0 {
			t.Errorf("the spoon was looked at %d times", n)
		}
		c.Tx(func(ctx context.Context, tx *db.Tx) error {
			all, err := c.Stock.Locations(ctx, tx)
			if err != nil {
				return err
			}
			all[0].Active = false
			_, err = c.Stock.SaveLocation(ctx, tx, actor, all[0])
			return err
		})
		if ids := c.holds(t, none); len(ids) != 2 {
			t.Errorf("nothing can be sold, and \"Sold out\" has %v", ids)
		}
		if ids := c.holds(t, pair); len(ids) != 0 {
			t.Errorf("nothing can be sold, and \"At least two\" has %v", ids)
		}
	})
}

// Two variants of one product sell out at the same moment, each order seeing
// the other's units still there: the later one must count both.
func TestCollections_countSalesAtTheSameMoment(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		red := c.Goods("shirt", 1000, 4)
		c.Exec(t,
			`INSERT INTO variant (id, product_id, sku, sku_key, gtin, combination, status, position, tracked, weight_grams, length_mm, width_mm, height_mm, hs_code, origin, fields, created_at, updated_at)
				VALUES ('var_blue', 'prd_shirt', 'blue', 'blue', '', 'x', 'active', 1, 1, 500, 0, 0, 0, '', '', '{}', 0, 0)`,
			`INSERT INTO price (list_id, variant_id, currency, amount, updated_at) VALUES ('plist_std', 'var_blue', 'EUR', 1000, 0)`)
		c.Tx(func(ctx context.Context, tx *db.Tx) error {
			return c.Stock.Adjust(ctx, tx, actor, inventory.Opening, []inventory.Change{{VariantID: "var_blue", LocationID: c.Location, Delta: 4}})
		})
		none := c.collection(t, "Sold out", catalog.AtMost, 0)
		var all sync.WaitGroup
		for i := range 8 {
			variant := red
			if i%2 == 1 {
				variant = "var_blue"
			}
			p := c.Placement(c.Fill(variant, 1))
			p.Details.Email = string(rune('a'+i)) + "@example.com"
			all.Go(func() {
				if out, err := c.Checkout.Place(t.Context(), p); err != nil || out.State != order.Placed {
					t.Errorf("%+v, %v", out, err)
				}
			})
		}
		all.Wait()
		if ids := c.holds(t, none); !slices.Equal(ids, []string{"prd_shirt"}) {
			t.Errorf("\"Sold out\" has %v", ids)
		}
		c.WantBooks(8*1490, 0)
	})
}
