package cart_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/rig"
)

func add(r *rig.Rig, o cart.Owner, variant string, n int64) (cart.Added, error) {
	var added cart.Added
	err := r.DB.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		added, err = r.Carts.Add(ctx, tx, o, variant, n, "en")
		return err
	})
	return added, err
}

func mustAdd(t *testing.T, r *rig.Rig, o cart.Owner, variant string, n int64) cart.Owner {
	t.Helper()
	added, err := add(r, o, variant, n)
	if err != nil {
		t.Fatal(err)
	}
	if o.CustomerID == "" && o.Token == "" {
		o.Token = added.Token
	}
	return o
}

func quantities(t *testing.T, r *rig.Rig, o cart.Owner) map[string]int64 {
	t.Helper()
	got := make(map[string]int64)
	for _, i := range r.Bag(o).Items {
		got[i.SKU] += i.Quantity
	}
	return got
}

func want(t *testing.T, got map[string]int64, pairs ...any) {
	t.Helper()
	expect := make(map[string]int64)
	for i := 0; i < len(pairs); i += 2 {
		expect[pairs[i].(string)] = int64(pairs[i+1].(int))
	}
	if fmt.Sprint(got) != fmt.Sprint(expect) {
		t.Errorf("cart holds %v, want %v", got, expect)
	}
}

// B19: saved {A:2, B:1}, guest {A:1, C:1} → {A:2, B:1, C:1}; signing in again
// changes nothing; the guest's cart opens no more.
func TestB19_mergeLosesNothingAndDoublesNothing(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a, b, c := r.Goods("A", 100, 10), r.Goods("B", 100, 10), r.Goods("C", 100, 10)
		own := cart.Owner{CustomerID: r.Customer("ada")}
		mustAdd(t, r, own, a, 2)
		mustAdd(t, r, own, b, 1)
		guest := mustAdd(t, r, cart.Owner{}, a, 1)
		mustAdd(t, r, guest, c, 1)
		typed := cart.Details{Email: "ada@example.com", Shipping: rig.Berlin(), Note: "Ring twice"}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			b, err := r.Carts.Lock(ctx, tx, guest, "en")
			if err != nil {
				return err
			}
			return r.Carts.SetDetails(ctx, tx, &b, typed, "shm_1", "house.card", "en")
		})

		for range 2 {
			r.Tx(func(ctx context.Context, tx *db.Tx) error {
				notices, err := r.Carts.Merge(ctx, tx, guest.Token, own.CustomerID, "en")
				if len(notices) > 0 {
					t.Errorf("notices: %+v", notices)
				}
				return err
			})
			want(t, quantities(t, r, own), "A", 2, "B", 1, "C", 1)
			want(t, quantities(t, r, guest))
			if c := r.Bag(own).Cart; c.Details != typed || c.ShippingMethod != "shm_1" || c.PaymentMethod != "house.card" {
				t.Errorf("of what was typed is left: %+v, %s, %s", c.Details, c.ShippingMethod, c.PaymentMethod)
			}
		}
		// What the customer typed themselves stays.
		other := mustAdd(t, r, cart.Owner{}, b, 1)
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			b, err := r.Carts.Lock(ctx, tx, other, "en")
			if err != nil {
				return err
			}
			if err := r.Carts.SetDetails(ctx, tx, &b, cart.Details{Email: "eve@example.com"}, "", "", "en"); err != nil {
				return err
			}
			_, err = r.Carts.Merge(ctx, tx, other.Token, own.CustomerID, "en")
			return err
		})
		if c := r.Bag(own).Cart; c.Details != typed {
			t.Errorf("somebody else's words came in: %+v", c.Details)
		}
	})
}

// B19: stock of A is 1 → A:1 and a notice, never a 500.
func TestB19_mergeIsCutToTheStock(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a := r.Goods("A", 100, 3)
		own := cart.Owner{CustomerID: r.Customer("ada")}
		mustAdd(t, r, own, a, 1)
		guest := mustAdd(t, r, cart.Owner{}, a, 3)
		r.Exec(t, `UPDATE stock_level SET on_hand = 1`)
		var notices []cart.Notice
		r.Tx(func(ctx context.Context, tx *db.Tx) (err error) {
			notices, err = r.Carts.Merge(ctx, tx, guest.Token, own.CustomerID, "en")
			return err
		})
		if len(notices) != 1 || notices[0].Reason != "inventory.only_left" {
			t.Errorf("notices: %+v", notices)
		}
		want(t, quantities(t, r, own), "A", 1)
	})
}

// B12: a shop that does not tell its levels does not tell them to a bag either:
// where 1 and 40 look the same, every quantity is answered the same by adding,
// setting, looking and signing in.
func TestB12_theBagIsNoMeasureOfTheStock(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		one, many, none := r.Goods("one", 100, 1), r.Goods("many", 100, 40), r.Goods("none", 100, 0)
		answers := func(variant string, n int64) string {
			t.Helper()
			var text string
			note := func(what string, err error) {
				if err != nil {
					text += fmt.Sprintf("%s %s %+v; ", what, fault.Reason(err), fault.From(err).Fields)
				}
			}
			added, err := add(r, cart.Owner{}, variant, n)
			note("add", err)
			o := mustAdd(t, r, cart.Owner{}, variant, 1)
			bag := r.Bag(o)
			note("set", r.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return r.Carts.SetQuantity(ctx, tx, o, bag.Items[0].LineID, n, "en")
			}))
			bag = r.Bag(o)
			for _, p := range bag.Problems {
				text += fmt.Sprintf("look %s %v; ", p.Reason, p.Params)
			}
			guest := cart.Owner{Token: added.Token}
			own := cart.Owner{CustomerID: r.Customer(fmt.Sprint(r.Display.Mode, variant, n))}
			mustAdd(t, r, own, variant, 1)
			r.Tx(func(ctx context.Context, tx *db.Tx) error {
				notices, err := r.Carts.Merge(ctx, tx, guest.Token, own.CustomerID, "en")
				for _, n := range notices {
					text += fmt.Sprintf("merge %s %v; ", n.Reason, n.Params)
				}
				return err
			})
			return text + fmt.Sprintf("%d %d", bag.Items[0].Quantity, r.Bag(own).Items[0].Quantity)
		}
		for _, r.Display = range []inventory.Display{{Mode: "hidden"}, {Mode: "few", Few: 50}} {
			most := int64(99)
			if r.Display.Mode == "few" {
				most = 50
			}
			for _, n := range []int64{1, 2, 40, 41, 50, 51, 99} {
				a, b := answers(one, n), answers(many, n)
				if a != b {
					t.Errorf("%s, %d: of one %q, of forty %q", r.Display.Mode, n, a, b)
				}
				if want := fmt.Sprintf("%d %d", n, n); n <= most && a != want {
					t.Errorf("%s, %d: %q, want %q", r.Display.Mode, n, a, want)
				}
			}
			if _, err := add(r, cart.Owner{}, none, 1); fault.Reason(err) != "cart.not_enough" || fault.From(err).Fields[0].Reason != "inventory.sold_out" {
				t.Errorf("%s, of none: %v", r.Display.Mode, err)
			}
		}
		r.Display = inventory.Display{Mode: "exact"}
		if _, err := add(r, cart.Owner{}, one, 2); fault.Reason(err) != "cart.not_enough" || fmt.Sprint(fault.From(err).Fields[0].Params) != "map[count:1]" {
			t.Errorf("exact: %v %+v", err, fault.From(err).Fields)
		}
	})
}

// T101: two tabs sign in at once.
func TestT101_mergeInTwoTabs(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a := r.Goods("A", 100, 10)
		own := cart.Owner{CustomerID: r.Customer("ada")}
		mustAdd(t, r, own, a, 2)
		guest := mustAdd(t, r, cart.Owner{}, a, 3)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				err := r.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := r.Carts.Merge(ctx, tx, guest.Token, own.CustomerID, "en")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		want(t, quantities(t, r, own), "A", 3)
		want(t, quantities(t, r, guest))
	})
}

// T66: once a cart belongs to an account, its old cookie opens nothing.
func TestT66_tokenAloneDoesNotOpenAnOwnedCart(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a := r.Goods("A", 100, 10)
		guest := mustAdd(t, r, cart.Owner{}, a, 1)
		own := cart.Owner{CustomerID: r.Customer("ada")}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := r.Carts.Merge(ctx, tx, guest.Token, own.CustomerID, "en")
			return err
		})
		want(t, quantities(t, r, own), "A", 1)
		want(t, quantities(t, r, guest))
		for _, token := range []string{"", "null", "0", guest.Token + "x"} {
			if b := r.Bag(cart.Owner{Token: token}); b.Cart.ID != "" {
				t.Errorf("token %q opens cart %s", token, b.Cart.ID)
			}
		}
	})
}

// T1, T2, T5: odd, huge and split quantities.
func TestT1_quantities(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a := r.Goods("A", 100, 1000)
		o := mustAdd(t, r, cart.Owner{}, a, 1)
		for _, n := range []int64{0, -1, 100, 1 << 31, 1<<63 - 1} {
			if _, err := add(r, o, a, n); !fault.Is(err, fault.Invalid) || fault.From(err).Fields[0].Path != "quantity" {
				t.Errorf("added %d: %v", n, err)
			}
		}
		if _, err := add(r, o, a, 99); !fault.Is(err, fault.Invalid) {
			t.Errorf("1 and 99 pass the limit of 99: %v", err)
		}
		want(t, quantities(t, r, o), "A", 1)
		line := r.Bag(o).Items[0].LineID
		for _, n := range []int64{-1, 100} {
			err := r.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return r.Carts.SetQuantity(ctx, tx, o, line, n, "en")
			})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("set to %d: %v", n, err)
			}
		}
		want(t, quantities(t, r, o), "A", 1)
	})
}

// T10: what is not on sale is as unknown as what does not exist.
func TestT10_hiddenGoodsCannotBeAdded(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a := r.Goods("A", 100, 10)
		at := r.Clock.Now().Add(time.Hour).UnixMilli()
		for _, change := range []string{
			`UPDATE product SET status = 'draft'`,
			`UPDATE product SET status = 'archived'`,
			fmt.Sprintf(`UPDATE product SET status = 'scheduled', publish_at = %d`, at),
			fmt.Sprintf(`UPDATE product SET status = 'active', publish_at = NULL, end_at = %d`, r.Clock.Now().UnixMilli()),
			`UPDATE product SET status = 'active', end_at = NULL; `,
		} {
			r.Exec(t, change)
			if strings.HasSuffix(change, "; ") {
				r.Exec(t, `UPDATE variant SET status = 'archived'`)
			}
			_, hidden := add(r, cart.Owner{}, a, 1)
			_, missing := add(r, cart.Owner{}, "var_none", 1)
			if fault.Reason(hidden) != "cart.unknown_variant" || hidden.Error() != missing.Error() {
				t.Errorf("%s: %v, unknown: %v", change, hidden, missing)
			}
		}
		if n := r.Count("cart"); n != 0 {
			t.Errorf("%d carts were made", n)
		}
		r.Exec(t, `UPDATE variant SET status = 'active'`, fmt.Sprintf(`UPDATE product SET status = 'scheduled', publish_at = %d`, at))
		r.Clock.Advance(time.Hour)
		if _, err := add(r, cart.Owner{}, a, 1); err != nil {
			t.Errorf("at its instant the scheduled product is not for sale: %v", err)
		}
		// In a bag already when its end comes, it does not hold up the rest.
		owner := r.Fill(a, 1)
		r.Exec(t, fmt.Sprintf(`UPDATE product SET end_at = %d`, r.Clock.Now().Add(time.Millisecond).UnixMilli()))
		if b := r.Bag(owner); len(b.Sold()) != 1 {
			t.Errorf("a millisecond before its end: %+v", b.Problems)
		}
		r.Clock.Advance(time.Millisecond)
		if b := r.Bag(owner); len(b.Sold()) != 0 || len(b.Problems) != 1 {
			t.Errorf("at its end %d are sold, problems %+v", len(b.Sold()), b.Problems)
		}
	})
}

// B7: an old price is pointed out until it was seen, and never charged.
func TestB7_priceIsReadAtEveryLook(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		o := mustAdd(t, r, cart.Owner{}, r.Goods("A", 4900, 10), 2)
		r.Exec(t, `UPDATE price SET amount = 7000`)
		b := r.Bag(o)
		if b.Quote.Goods.Gross != 14000 || len(b.Problems) != 1 || b.Problems[0].Reason != "cart.price_changed" || b.Problems[0].Blocks {
			t.Errorf("goods %d, problems %+v", b.Quote.Goods.Gross, b.Problems)
		}
		r.Tx(func(ctx context.Context, tx *db.Tx) error { return r.Carts.SeePrices(ctx, tx, b) })
		if b := r.Bag(o); len(b.Problems) != 0 {
			t.Errorf("still pointed out: %+v", b.Problems)
		}
	})
}

// A line whose goods are gone is marked and can be removed.
func TestBag_goneGoodsDoNotBlockTheRest(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		a, b := r.Goods("A", 100, 10), r.Goods("B", 200, 10)
		o := mustAdd(t, r, mustAdd(t, r, cart.Owner{}, a, 1), b, 1)
		r.Exec(t, `UPDATE product SET status = 'deleted' WHERE id = 'prd_A'`)
		bag := r.Bag(o)
		if bag.Quote.Goods.Gross != 200 || len(bag.Problems) != 1 || bag.Problems[0].Reason != "cart.gone" || !bag.Problems[0].Blocks {
			t.Errorf("goods %d, problems %+v", bag.Quote.Goods.Gross, bag.Problems)
		}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			return r.Carts.SetQuantity(ctx, tx, o, bag.Problems[0].LineID, 0, "en")
		})
		want(t, quantities(t, r, o), "B", 1)
	})
}
