package inventory_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func service() *inventory.Service {
	return inventory.New(func() inventory.Display { return inventory.Display{Mode: "few", Few: 3} })
}

func inTx(t *testing.T, e dbtest.Env, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := e.DB.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// stocked makes the shop with one location and stock of one variant.
func stocked(t *testing.T, e dbtest.Env, s *inventory.Service, units int64) (variant, location string) {
	t.Helper()
	e.Market(t)
	variant = e.Variant(t, "kettle", 5000)
	inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
		l, err := s.SaveLocation(ctx, tx, audit.System("test"), inventory.Location{Code: "main", Name: "Main", Country: "DE", Active: true})
		location = l.ID
		return err
	})
	stock(t, e, s, variant, location, units)
	return variant, location
}

func stock(t *testing.T, e dbtest.Env, s *inventory.Service, variant, location string, units int64) {
	t.Helper()
	inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
		return s.Adjust(ctx, tx, audit.System("test"), inventory.Opening, []inventory.Change{{VariantID: variant, LocationID: location, Delta: units}})
	})
}

func reserve(t *testing.T, e dbtest.Env, s *inventory.Service, order, line, variant string, n int64, until time.Time) error {
	return e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return s.Reserve(ctx, tx, order, []inventory.Demand{{LineID: line, VariantID: variant, Quantity: n, Tracked: true}}, until)
	})
}

func wantLevel(t *testing.T, e dbtest.Env, s *inventory.Service, variant string, onHand, allocated, held int64) {
	t.Helper()
	levels, err := s.Levels(t.Context(), e.DB, []string{variant})
	if err != nil {
		t.Fatal(err)
	}
	var l inventory.Level
	for _, x := range levels {
		l.OnHand += x.OnHand
		l.Allocated += x.Allocated
		l.Held += x.Held
	}
	if l.OnHand != onHand || l.Allocated != allocated || l.Held != held {
		t.Errorf("on hand %d, allocated %d, held %d; want %d, %d, %d", l.OnHand, l.Allocated, l.Held, onHand, allocated, held)
	}
	if bad, err := s.Verify(t.Context(), e.DB, 10); err != nil || len(bad) > 0 {
		t.Errorf("the ledger does not explain the levels: %+v, %v", bad, err)
	}
}

func TestB11_neverOversellsUnderARace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, _ := stocked(t, e, s, 5)
		const buyers = 16
		for i := range buyers {
			e.Order(t, fmt.Sprint(i), variant, 1)
		}
		var won, lost atomic.Int64
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range buyers {
			all.Go(func() {
				<-start
				order, line := fmt.Sprintf("ord_%d", i), fmt.Sprintf("oln_%d", i)
				err := reserve(t, e, s, order, line, variant, 1, e.Clock.Now().Add(time.Minute))
				switch {
				case err == nil:
					won.Add(1)
				case fault.Reason(err) == inventory.ShortReason:
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if won.Load() != 5 || lost.Load() != buyers-5 {
			t.Errorf("%d got one and %d did not, want 5 and %d", won.Load(), lost.Load(), buyers-5)
		}
		wantLevel(t, e, s, variant, 5, 0, 5)
	})
}

func TestB11_demandIsSummedOverLines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, _ := stocked(t, e, s, 5)
		order, line := e.Order(t, "a", variant, 3)
		e.Exec(t, `INSERT INTO order_line (id, order_id, position, variant_id, product_id, sku, name, options, image, quantity, unit_price, discount, net, tax, gross, tax_rate, tax_code, weight_grams, hs_code, origin, shipped, cancelled, refunded, restocked, refunded_gross) SELECT 'oln_b', order_id, 1, variant_id, product_id, sku, name, options, image, quantity, unit_price, discount, net, tax, gross, tax_rate, tax_code, weight_grams, hs_code, origin, shipped, cancelled, refunded, restocked, refunded_gross FROM order_line`)
		two := []inventory.Demand{{LineID: line, VariantID: variant, Quantity: 3, Tracked: true}, {LineID: "oln_b", VariantID: variant, Quantity: 3, Tracked: true}}
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Reserve(ctx, tx, order, two, e.Clock.Now().Add(time.Minute))
		})
		f := fault.From(err)
		if f == nil || f.Reason != inventory.ShortReason || len(f.Fields) != 2 || f.Fields[0].Path != "lines."+line || f.Fields[0].Reason != "inventory.not_enough" || f.Fields[0].Params != nil {
			t.Errorf("3 + 3 of 5: %v, want both lines refused without a number", err)
		}
		wantLevel(t, e, s, variant, 5, 0, 0)
	})
}

func TestB12_holdEndsInTheQueryWithoutASweep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, _ := stocked(t, e, s, 1)
		first, firstLine := e.Order(t, "a", variant, 1)
		second, secondLine := e.Order(t, "b", variant, 1)
		until := e.Clock.Now().Add(10 * time.Minute)
		if err := reserve(t, e, s, first, firstLine, variant, 1, until); err != nil {
			t.Fatal(err)
		}
		sellable := func() int64 {
			got, err := s.Of(t.Context(), e.DB, []string{variant}, e.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return got[variant].Sellable
		}
		e.Clock.Set(until.Add(-time.Millisecond))
		if sellable() != 0 {
			t.Error("a hold is over a millisecond too early")
		}
		if err := reserve(t, e, s, second, secondLine, variant, 1, until.Add(time.Hour)); fault.Reason(err) != inventory.ShortReason {
			t.Errorf("the last unit was promised twice: %v", err)
		}
		e.Clock.Set(until)
		if sellable() != 1 {
			t.Error("a hold that has run out still counts")
		}
		if err := reserve(t, e, s, second, secondLine, variant, 1, until.Add(time.Hour)); err != nil {
			t.Errorf("the unit is free again, yet: %v", err)
		}
		wantLevel(t, e, s, variant, 1, 0, 1)

		// The first one's money arrives late, and there is nothing for it.
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Allocate(ctx, tx, first, []inventory.Demand{{LineID: firstLine, VariantID: variant, Quantity: 1, Tracked: true}})
		})
		if fault.Reason(err) != inventory.ShortReason {
			t.Errorf("late money was given the second one's unit: %v", err)
		}
		wantLevel(t, e, s, variant, 1, 0, 1)
	})
}

func TestB12_lateMoneyTakesStockAnewIfThereIsSome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, _ := stocked(t, e, s, 2)
		order, line := e.Order(t, "a", variant, 1)
		if err := reserve(t, e, s, order, line, variant, 1, e.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(time.Minute)
		if n, err := s.SweepOverdue(t.Context(), e.DB); n != 1 || err != nil {
			t.Errorf("sweep gave back %d, %v", n, err)
		}
		wantLevel(t, e, s, variant, 2, 0, 0)
		allocate := func(ctx context.Context, tx *db.Tx) error {
			return s.Allocate(ctx, tx, order, []inventory.Demand{{LineID: line, VariantID: variant, Quantity: 1, Tracked: true}})
		}
		inTx(t, e, allocate)
		inTx(t, e, allocate) // a second call does nothing
		wantLevel(t, e, s, variant, 2, 1, 0)
	})
}

func TestAllocateShipCancelReturn_ledgerExplainsEveryUnit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, location := stocked(t, e, s, 10)
		order, line := e.Order(t, "a", variant, 4)
		if err := reserve(t, e, s, order, line, variant, 4, e.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		staff := audit.Staff("stf_1")
		units := func(n int64) []inventory.Units {
			return []inventory.Units{{LineID: line, VariantID: variant, Quantity: n}}
		}
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
			return s.Allocate(ctx, tx, order, []inventory.Demand{{LineID: line, VariantID: variant, Quantity: 4, Tracked: true}})
		})
		wantLevel(t, e, s, variant, 10, 4, 0)
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
			return s.Ship(ctx, tx, staff, order, location, "shp_1", units(3))
		})
		wantLevel(t, e, s, variant, 7, 1, 0)
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error { return s.Cancel(ctx, tx, staff, order, units(1)) })
		wantLevel(t, e, s, variant, 7, 0, 0)
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error { return s.Return(ctx, tx, staff, location, units(2)) })
		wantLevel(t, e, s, variant, 9, 0, 0)
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error { return s.Release(ctx, tx, order) })
		wantLevel(t, e, s, variant, 9, 0, 0)
		moves, err := s.Movements(t.Context(), e.DB, variant, "", 10)
		if err != nil || len(moves) != 5 {
			t.Fatalf("%d movements, %v; want opening, sale, shipment, cancellation, return", len(moves), err)
		}
		if m := moves[0]; m.Cause != inventory.Return || m.OnHandDelta != 2 || m.ActorID != "stf_1" {
			t.Errorf("newest movement: %+v", m)
		}
	})
}

func TestReserve_splitsOverLocationsOnlyWhenItMust(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, main := stocked(t, e, s, 2)
		var second string
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
			l, err := s.SaveLocation(ctx, tx, audit.System("test"), inventory.Location{Code: "second", Name: "Second", Country: "DE", Position: 1, Active: true})
			second = l.ID
			return err
		})
		stock(t, e, s, variant, second, 3)
		where := func(order string) (fromMain, fromSecond int64) {
			return e.Int(t, `SELECT COALESCE(CAST(SUM(quantity) AS BIGINT), 0) FROM reservation WHERE order_id = $1 AND location_id = $2`, order, main),
				e.Int(t, `SELECT COALESCE(CAST(SUM(quantity) AS BIGINT), 0) FROM reservation WHERE order_id = $1 AND location_id = $2`, order, second)
		}
		until := e.Clock.Now().Add(time.Minute)
		for _, c := range []struct {
			name                   string
			quantity, main, second int64
		}{
			{"alone", 3, 0, 3}, // fits into the second alone
			{"rest", 2, 2, 0},
		} {
			order, line := e.Order(t, c.name, variant, c.quantity)
			if err := reserve(t, e, s, order, line, variant, c.quantity, until); err != nil {
				t.Fatal(err)
			}
			if m, n := where(order); m != c.main || n != c.second {
				t.Errorf("%s: %d from main and %d from second, want %d and %d", c.name, m, n, c.main, c.second)
			}
			inTx(t, e, func(ctx context.Context, tx *db.Tx) error { return s.Release(ctx, tx, order) })
		}
		order, line := e.Order(t, "split", variant, 4)
		if err := reserve(t, e, s, order, line, variant, 4, until); err != nil {
			t.Fatal(err)
		}
		if m, n := where(order); m != 2 || n != 2 {
			t.Errorf("split: %d and %d, want 2 and 2", m, n)
		}
	})
}

func TestSetPolicy_safetyAndBackorders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, location := stocked(t, e, s, 5)
		policy := func(safety, backorder int64) {
			inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
				return s.SetPolicy(ctx, tx, audit.Staff("stf_1"), variant, location, safety, backorder)
			})
		}
		state := func() inventory.State {
			got, err := s.Of(t.Context(), e.DB, []string{variant}, e.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return s.Display().Public(got[variant]).State
		}
		for _, c := range []struct {
			safety, backorder int64
			want              inventory.State
		}{
			{0, 0, inventory.InStock}, {2, 0, inventory.FewLeft}, {5, 0, inventory.SoldOut}, {5, 4, inventory.OnBackorder},
		} {
			policy(c.safety, c.backorder)
			if got := state(); got != c.want {
				t.Errorf("safety %d, back-orders %d: %s, want %s", c.safety, c.backorder, got, c.want)
			}
		}
		order, line := e.Order(t, "a", variant, 5)
		if err := reserve(t, e, s, order, line, variant, 5, e.Clock.Now().Add(time.Minute)); fault.Reason(err) != inventory.ShortReason {
			t.Errorf("5 were promised though only 4 back-orders are allowed: %v", err)
		}
		if err := reserve(t, e, s, order, line, variant, 4, e.Clock.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
	})
}

func TestAdjust_refusesBelowZeroAndChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, location := stocked(t, e, s, 5)
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Adjust(ctx, tx, audit.Staff("stf_1"), inventory.Adjustment, []inventory.Change{{VariantID: variant, LocationID: location, Delta: -6}})
		})
		if fault.Reason(err) != "inventory.below_zero" {
			t.Errorf("took 6 of 5: %v", err)
		}
		wantLevel(t, e, s, variant, 5, 0, 0)
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Adjust(ctx, tx, audit.Staff("stf_1"), inventory.Adjustment, []inventory.Change{{VariantID: variant, LocationID: location, Delta: inventory.MaxQuantity}})
		})
		if f := fault.From(err); f.Kind != fault.Invalid || f.Fields[0].Path != "quantity" || f.Fields[0].Reason != "form.too_large" {
			t.Errorf("more than can be counted: %v", err)
		}
		wantLevel(t, e, s, variant, 5, 0, 0)
		if n := e.Int(t, `SELECT COUNT(*) FROM stock_movement`); n != 1 {
			t.Errorf("%d movements, want the opening alone", n)
		}
	})
}

func TestPublic_neverLeaksALevel(t *testing.T) {
	stock := inventory.Stock{Tracked: true, Sellable: 4711, Shelf: 4711}
	if a := (inventory.Display{Mode: "few", Few: 3}).Public(stock); a.Count != 0 {
		t.Errorf("few shows %d", a.Count)
	}
	if a := (inventory.Display{Mode: "hidden"}).Public(inventory.Stock{Tracked: true, Sellable: 1, Shelf: 1}); a.Count != 0 || a.State != inventory.InStock {
		t.Errorf("hidden shows %+v", a)
	}
	if a := (inventory.Display{Mode: "exact"}).Public(stock); a.Count != 4711 {
		t.Errorf("exact shows %d", a.Count)
	}
}

// What a bag may hold, and what is said when it is too much, is the same for
// all levels that look the same: no series of quantities tells them apart.
func TestCeiling_tellsNoMoreThanPublic(t *testing.T) {
	for name, tt := range map[string]struct {
		display inventory.Display
		faces   int
		// most is the ceiling at 0, 1, 3, 4 and 40 units.
		most [5]int64
	}{
		"hidden": {inventory.Display{Mode: "hidden", Few: 3}, 2, [5]int64{0, inventory.MaxQuantity, inventory.MaxQuantity, inventory.MaxQuantity, inventory.MaxQuantity}},
		"few":    {inventory.Display{Mode: "few", Few: 3}, 3, [5]int64{0, 3, 3, inventory.MaxQuantity, inventory.MaxQuantity}},
		"exact":  {inventory.Display{Mode: "exact", Few: 3}, 61, [5]int64{0, 1, 3, 4, 40}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, n := range []int64{0, 1, 3, 4, 40} {
				if most := tt.display.Ceiling(inventory.Stock{Tracked: true, Sellable: n, Shelf: n}); most != tt.most[i] {
					t.Errorf("of %d a bag may hold %d, want %d", n, most, tt.most[i])
				}
			}
			if most := tt.display.Ceiling(inventory.Stock{}); most != inventory.MaxQuantity {
				t.Errorf("of what is not counted a bag may hold %d", most)
			}
			for _, backorder := range []int64{0, 5} {
				told := make(map[inventory.Availability]string)
				for n := int64(0); n <= 60; n++ {
					s := inventory.Stock{Tracked: true, Sellable: n + backorder, Shelf: n}
					reason, params := tt.display.Lack(s.Sellable)
					answer := fmt.Sprint(tt.display.Ceiling(s), reason, params)
					face := tt.display.Public(s)
					if was, ok := told[face]; ok && was != answer {
						t.Errorf("%d with %d on back-order looks like %+v and is told apart: %s, else %s", n, backorder, face, answer, was)
					}
					told[face] = answer
				}
				if backorder == 0 && len(told) != tt.faces {
					t.Errorf("%d faces, want %d", len(told), tt.faces)
				}
			}
		})
	}
}

func TestReserve_logsOnlyWhenThePublicFaceChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, _ := stocked(t, e, s, 5)
		faces := func() int64 { return e.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'stock.shown'`) }
		base := faces()
		for i, want := range []int64{0, 1, 1} { // 4 left: in stock; 3: few; 2: still few
			order, line := e.Order(t, fmt.Sprint(i), variant, 1)
			if err := reserve(t, e, s, order, line, variant, 1, e.Clock.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if n := faces() - base; n != want {
				t.Errorf("after %d holds %d changes logged, want %d", i+1, n, want)
			}
		}
	})
}

// Whatever changes what the public sees is in the change log, which search and
// pages follow: a policy and a location that closes as much as a sale.
func TestFaces_policyAndLocationAreLoggedToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service()
		variant, location := stocked(t, e, s, 5)
		var told []string
		s.Changed.Add("test", func(_ context.Context, c inventory.Changed) error {
			told = append(told, c.Variants...)
			return nil
		})
		last := func() (before, after string) {
			t.Helper()
			entries, err := audit.History(t.Context(), e.DB, "stock", variant, 1)
			if err != nil || len(entries) != 1 || entries[0].Action != "stock.shown" {
				t.Fatalf("%+v, %v", entries, err)
			}
			return string(entries[0].Before), string(entries[0].After)
		}
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
			return s.SetPolicy(ctx, tx, audit.Staff("stf_1"), variant, location, 5, 0)
		})
		if b, a := last(); b != `{"State":"in_stock","Count":0}` || a != `{"State":"sold_out","Count":0}` {
			t.Errorf("kept back: from %s to %s", b, a)
		}
		inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
			return s.SetPolicy(ctx, tx, audit.Staff("stf_1"), variant, location, 0, 0)
		})
		set := func(active bool) {
			t.Helper()
			inTx(t, e, func(ctx context.Context, tx *db.Tx) error {
				all, err := s.Locations(ctx, tx)
				if err != nil {
					return err
				}
				all[0].Active = active
				_, err = s.SaveLocation(ctx, tx, audit.Staff("stf_1"), all[0])
				return err
			})
		}
		set(false)
		if b, a := last(); b != `{"State":"in_stock","Count":0}` || a != `{"State":"sold_out","Count":0}` {
			t.Errorf("closed: from %s to %s", b, a)
		}
		set(false) // changes nothing
		set(true)
		if b, a := last(); b != `{"State":"sold_out","Count":0}` || a != `{"State":"in_stock","Count":0}` {
			t.Errorf("opened: from %s to %s", b, a)
		}
		if len(told) != 4 {
			t.Errorf("told %v, want the variant four times", told)
		}
	})
}
