package returns_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/stoatest/rig"
)

var staff = audit.Staff("stf_1")

type shop struct {
	*rig.Rig
	returns    *returns.Service
	fulfilment *fulfilment.Service
}

func each(t *testing.T, fn func(t *testing.T, s shop)) {
	t.Helper()
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		fn(t, shop{r, returns.New(r.DB, slog.New(slog.DiscardHandler), r.Orders, r.Stock, r.Checkout, r.Bank, r.Runner), fulfilment.New(r.DB, r.Orders, r.Stock)})
	})
}

// placed orders n units at a price, 4.90 delivery included.
func (s shop) placed(t *testing.T, price, stock, n int64) (o order.Order, variant string) {
	t.Helper()
	variant = s.Goods("kettle", price, stock)
	out, err := s.Checkout.Place(t.Context(), s.Placement(s.Fill(variant, n)))
	if err != nil {
		t.Fatal(err)
	}
	return s.OrderOf(out.OrderID), variant
}

func (s shop) refund(t *testing.T, o order.Order, n int64, restock bool, shipping money.Minor) order.Refund {
	t.Helper()
	return s.refundOf(t, o, "", n, restock, shipping)
}

func (s shop) refundOf(t *testing.T, o order.Order, of returns.Units, n int64, restock bool, shipping money.Minor) order.Refund {
	t.Helper()
	r := returns.Request{Shipping: shipping, Reason: "test"}
	if n > 0 {
		r.Lines = []returns.Line{{LineID: o.Lines[0].ID, Quantity: n, Of: of, Restock: restock}}
	}
	ref, err := s.returns.Refund(t.Context(), staff, o.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (s shop) ship(t *testing.T, o order.Order, n int64) {
	t.Helper()
	_, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{Carrier: "dhl", Tracking: "00340", Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: n}}})
	if err != nil {
		t.Fatal(err)
	}
}

// B17: a line paid 10.00 for 3 gives back 3.33, 3.34, 3.33, its tax 1.60
// likewise, in whatever order and however often asked; the sum is what was paid.
func TestB17_refundsAddUpToWhatWasPaid(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		s.Delivery = 0
		variant := s.Goods("kettle", 1000, 9)
		o, _ := s.placed2(t, variant, 3)
		var amounts, taxes []money.Minor
		for range 3 {
			ref := s.refund(t, o, 1, false, 0)
			if ref.State != order.RefundDone {
				t.Fatalf("refund is %s", ref.State)
			}
			amounts, taxes = append(amounts, ref.Amount), append(taxes, ref.Tax)
		}
		if amounts[0] != 1000 || amounts[1] != 1000 || amounts[2] != 1000 {
			t.Errorf("amounts %v", amounts)
		}
		if sum := taxes[0] + taxes[1] + taxes[2]; sum != o.Tax || taxes[0] != 160 || taxes[1] != 159 {
			t.Errorf("taxes %v add up to %d, want %d", taxes, sum, o.Tax)
		}
		if _, err := s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Lines: []returns.Line{{LineID: o.Lines[0].ID, Quantity: 1}}}); fault.From(err).Fields[0].Reason != "pricing.refund_quantity" {
			t.Errorf("a fourth unit of three: %v", err)
		}
		if got := s.OrderOf(o.ID); got.Payment != payment.Refunded || got.State != order.Cancelled || got.Refundable() != 0 {
			t.Errorf("%s, %s, refundable %d", got.State, got.Payment, got.Refundable())
		}
		s.WantBooks(3000, 3000)
		s.WantLevel(variant, 9, 0, 0)
	})
}

func (s shop) placed2(t *testing.T, variant string, n int64) (order.Order, error) {
	t.Helper()
	out, err := s.Checkout.Place(t.Context(), s.Placement(s.Fill(variant, n)))
	if err != nil {
		t.Fatal(err)
	}
	return s.OrderOf(out.OrderID), nil
}

// B17 as a property: random partial refunds, random shipments between them,
// then the rest: never more than captured, in the end exactly that, and every
// unit of stock is explained.
func TestB17_B13_randomWalks(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		for seed := range uint64(6) {
			rnd := rand.New(rand.NewPCG(seed, 17))
			variant := s.Goods(string(rune('a'+seed)), int64(333+rnd.IntN(2000)), 100)
			o, _ := s.placed2(t, variant, int64(1+rnd.IntN(6)))
			var back, tax money.Minor
			refund := func(of returns.Units, n int64, restock bool, shipping money.Minor) {
				ref := s.refundOf(t, o, of, n, restock, shipping)
				back, tax = back+ref.Amount, tax+ref.Tax
			}
			for {
				o = s.OrderOf(o.ID)
				l := o.Lines[0]
				if l.Refunded == l.Quantity && o.RefundedShip == o.Shipping {
					break
				}
				if l.Open() > 0 && rnd.IntN(2) == 0 {
					s.ship(t, o, 1+rnd.Int64N(l.Open()))
					continue
				}
				if l.Open() > 0 && rnd.IntN(4) == 0 { // called off, and the money stays for now
					if _, err := s.returns.Cancel(t.Context(), staff, o.ID, "", false); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if l.Quantity > l.Refunded {
					of := returns.Kinds()[rnd.IntN(3)]
					if n := of.Left(l); n > 0 {
						refund(of, 1+rnd.Int64N(n), rnd.IntN(2) == 0, 0)
					}
				} else {
					refund("", 0, false, min(o.Shipping-o.RefundedShip, 1+money.Minor(rnd.IntN(490))))
				}
			}
			if back != o.Total || tax != o.Tax || o.Refundable() != 0 || o.Payment != payment.Refunded {
				t.Errorf("seed %d: gave back %d of %d, with tax %d of %d, state %s", seed, back, o.Total, tax, o.Tax, o.Payment)
			}
			if l := o.Lines[0]; l.Restocked > l.Quantity || l.Restocked < l.Cancelled || l.RefundedAt != l.Total.Gross || l.Returned != l.Shipped {
				t.Errorf("seed %d: restocked %d of %d, refunded %d of %d, returned %d of %d", seed, l.Restocked, l.Quantity, l.RefundedAt, l.Total.Gross, l.Returned, l.Shipped)
			}
		}
		captured, _ := s.Bank.Sums()
		s.WantBooks(captured, captured)
	})
}

// B13, B17: refunds of every kind and cancellations of one order at the same
// moment: each unit comes back once and is paid back once, whoever is first.
func TestB13_B17_atTheSameMoment(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		var captured, refunded money.Minor
		for round := range 3 {
			variant := s.Goods(string(rune('a'+round)), 1000, 10)
			o, err := s.placed2(t, variant, 4)
			if err != nil {
				t.Fatal(err)
			}
			s.ship(t, o, 2)
			back := func(of returns.Units, n int64) error {
				_, err := s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Lines: []returns.Line{{LineID: o.Lines[0].ID, Quantity: n, Of: of, Restock: true}}})
				return err
			}
			cancel := func() error {
				_, err := s.returns.Cancel(t.Context(), staff, o.ID, "", true)
				return err
			}
			shipped, open := func() error { return back(returns.Shipped, 1) }, func() error { return back(returns.Open, 1) }
			start := make(chan struct{})
			var all sync.WaitGroup
			for _, act := range []func() error{shipped, open, cancel, shipped, open, cancel, shipped, open} {
				all.Go(func() {
					<-start
					if err := act(); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
						t.Error(err)
					}
				})
			}
			close(start)
			all.Wait()
			for _, kind := range returns.Kinds() { // and what nobody came to
				if n := kind.Left(s.OrderOf(o.ID).Lines[0]); n > 0 {
					if err := back(kind, n); err != nil {
						t.Error(err)
					}
				}
			}
			o = s.OrderOf(o.ID)
			if l := o.Lines[0]; l.Refunded != 4 || l.Restocked != 4 || l.Shipped+l.Cancelled != 4 || l.RefundedAt != l.Total.Gross || o.Refunded != l.Total.Gross {
				t.Errorf("%+v, refunded %d", l, o.Refunded)
			}
			s.WantLevel(variant, 10, 0, 0)
			captured, refunded = captured+o.Total, refunded+o.Lines[0].Total.Gross
			s.WantBooks(captured, refunded)
		}
	})
}

// B13: order 2, refund 2 with restock, then cancel the order: +2, not +4.
func TestB13_stockReturnsOnce(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 2)
		s.WantLevel(variant, 10, 2, 0)
		s.refund(t, o, 2, true, 0)
		s.WantLevel(variant, 10, 0, 0)
		if _, err := s.returns.Cancel(t.Context(), staff, o.ID, "", true); fault.Reason(err) != "order.nothing_open" {
			t.Errorf("cancelled what was refunded: %v", err)
		}
		s.WantLevel(variant, 10, 0, 0)
		s.WantBooks(10490, 10000)
	})
}

// B13: the same with shipped goods, and with the units coming back by two ways.
func TestB13_shippedUnitsComeBackOnce(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 3)
		s.ship(t, o, 2)
		s.WantLevel(variant, 8, 1, 0)
		s.refundOf(t, o, returns.Open, 1, true, 0)
		s.WantLevel(variant, 8, 0, 0)
		s.refundOf(t, o, returns.Shipped, 1, true, 0)
		s.WantLevel(variant, 9, 0, 0)
		s.refund(t, o, 1, true, 490)
		s.WantLevel(variant, 10, 0, 0)
		got := s.OrderOf(o.ID)
		if got.Lines[0].Restocked != 3 || got.Return != order.Returned || got.Fulfilment != order.Shipped {
			t.Errorf("restocked %d, %s, %s", got.Lines[0].Restocked, got.Return, got.Fulfilment)
		}
		s.WantBooks(15490, 15490)
	})
}

func TestRefund_withoutRestockLeavesTheShelfAlone(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 1)
		s.ship(t, o, 1)
		s.refund(t, o, 1, false, 0)
		s.WantLevel(variant, 9, 0, 0)
	})
}

func TestCancel_beforeAnythingWasSent(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 2)
		got, err := s.returns.Cancel(t.Context(), staff, o.ID, "asked by phone", true)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != order.Cancelled || got.Fulfilment != order.Nothing || got.Payment != payment.Refunded || got.Refunded != 10490 {
			t.Errorf("%s, %s, %s, refunded %d", got.State, got.Fulfilment, got.Payment, got.Refunded)
		}
		s.WantLevel(variant, 10, 0, 0)
		s.WantBooks(10490, 10490)
		if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{}); fault.Reason(err) != "order.not_shippable" {
			t.Errorf("a cancelled order was shipped: %v", err)
		}
		events, _ := event.Count(t.Context(), s.DB)
		if events["order.cancelled"] != 1 || events["order.refunded"] != 1 {
			t.Errorf("events: %v", events)
		}
	})
}

// T39: two refunds of 60 out of 100 at once: one wins.
func TestT39_refundsNeverExceedWhatWasTaken(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, _ := s.placed(t, 2500, 10, 4)
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Lines: []returns.Line{{LineID: o.Lines[0].ID, Quantity: 3}}})
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if fault.Reason(err) != "form.invalid" {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d refunds of 3 out of 4 units went through, want 1", won)
		}
		s.WantBooks(10490, 7500)
	})
}

// T104: cancel and ship at the same instant: exactly one wins each unit.
func TestT104_cancelAgainstShip(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, _ := s.placed(t, 5000, 10, 1)
		var shipErr, cancelErr error
		var all sync.WaitGroup
		all.Go(func() { _, shipErr = s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{}) })
		all.Go(func() { _, cancelErr = s.returns.Cancel(t.Context(), staff, o.ID, "", true) })
		all.Wait()
		if (shipErr == nil) == (cancelErr == nil) {
			t.Errorf("ship: %v, cancel: %v; want exactly one to win", shipErr, cancelErr)
		}
		if bad, err := s.Stock.Verify(t.Context(), s.DB, 10); err != nil || len(bad) > 0 {
			t.Errorf("stock: %+v, %v", bad, err)
		}
	})
}

// B20: the variant is gone from the catalogue; the order is shipped, refunded,
// cancelled and read all the same.
func TestB20_orderOutlivesItsVariant(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 2)
		other, err := s.placed2(t, variant, 3)
		if err != nil {
			t.Fatal(err)
		}
		s.Rate, s.Delivery = 70_000, 1990 // and what is gone with it has left no trace either
		s.Exec(t, `UPDATE variant SET status = 'deleted', sku_key = id`, `UPDATE product SET status = 'deleted', name = '{"en":"Something else"}'`, `DELETE FROM price`)
		s.ship(t, o, 1)
		s.refund(t, o, 2, true, 490)
		got := s.OrderOf(o.ID)
		if got.Lines[0].Name != "kettle" || got.Lines[0].SKU != "kettle" || got.Lines[0].Unit != 5000 || got.Payment != payment.Refunded || got.Fulfilment != order.Shipped {
			t.Errorf("%+v, %s, %s", got.Lines[0], got.Payment, got.Fulfilment)
		}
		if l := got.Lines[0]; l.TaxRate != 190_000 || got.Tax != o.Tax || got.Shipping != 490 || got.Quote.Check() != nil {
			t.Errorf("tax %d at %d, shipping %d", got.Tax, l.TaxRate, got.Shipping)
		}
		if got, err := s.returns.Cancel(t.Context(), staff, other.ID, "", true); err != nil || got.State != order.Cancelled || got.Lines[0].Name != "kettle" {
			t.Errorf("cancelled: %s, %v", got.State, err)
		}
		s.WantBooks(10490+15490, 10490+15490)
		s.WantLevel(variant, 10, 0, 0)
	})
}

func TestShip_partsAndTracking(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 3)
		s.ship(t, o, 1)
		if got := s.OrderOf(o.ID); got.Fulfilment != order.PartlyShipped {
			t.Errorf("after one of three: %s", got.Fulfilment)
		}
		if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: 3}}}); fault.Reason(err) != "order.too_many_units" {
			t.Errorf("three of the two that are left: %v", err)
		}
		for _, bad := range []int64{0, -1} {
			if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: bad}}}); !fault.Is(err, fault.Invalid) {
				t.Errorf("shipped %d units: %v", bad, err)
			}
		}
		s.WantLevel(variant, 9, 2, 0)
		if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{}); err != nil {
			t.Fatal(err)
		}
		list, err := s.Orders.Shipments(t.Context(), s.DB, o.ID)
		if err != nil || len(list) != 2 || list[0].Position != 1 || list[1].Position != 2 || list[1].Lines[0].Quantity != 2 || list[0].TrackingURL == "" {
			t.Errorf("%+v, %v", list, err)
		}
		if got := s.OrderOf(o.ID); got.Fulfilment != order.Shipped {
			t.Errorf("in the end: %s", got.Fulfilment)
		}
		s.WantLevel(variant, 7, 0, 0)
	})
}

func TestShip_backorderedWaitsForTheGoods(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		variant := s.Goods("kettle", 5000, 1)
		s.Tx(func(ctx context.Context, tx *db.Tx) error {
			return s.Stock.SetPolicy(ctx, tx, staff, variant, s.Location, 0, 5)
		})
		o, _ := s.placed2(t, variant, 3)
		if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{}); fault.Reason(err) != "inventory.not_on_shelf" {
			t.Errorf("shipped three of one: %v", err)
		}
		if got := s.OrderOf(o.ID); got.Lines[0].Shipped != 0 {
			t.Errorf("%d units are marked as shipped", got.Lines[0].Shipped)
		}
		s.Tx(func(ctx context.Context, tx *db.Tx) error {
			return s.Stock.Adjust(ctx, tx, staff, inventory.Adjustment, []inventory.Change{{VariantID: variant, LocationID: s.Location, Delta: 2}})
		})
		if _, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{}); err != nil {
			t.Error(err)
		}
		s.WantLevel(variant, 0, 0, 0)
	})
}

// T104: whoever acts on an order that is not the one they have read is told so,
// and nothing happens. The version is looked at under the order's lock, so that
// of two who have read the same one, one comes through.
func TestT104_onlyTheOrderThatWasRead(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 1000, 9, 4)
		line := []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: 1}}
		acts := map[string]func(version int64) error{
			"ship": func(version int64) error {
				_, err := s.fulfilment.Ship(t.Context(), staff, o.ID, fulfilment.Parcel{Lines: line, Version: version})
				return err
			},
			"refund": func(version int64) error {
				_, err := s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Lines: []returns.Line{{LineID: o.Lines[0].ID, Quantity: 1}}, Version: version})
				return err
			},
			"cancel": func(version int64) error {
				_, err := s.returns.CancelAt(t.Context(), staff, o.ID, version, "", true)
				return err
			},
		}
		for name, act := range acts {
			for _, version := range []int64{o.Version - 1, o.Version + 1, -1} {
				if err := act(version); fault.Reason(err) != "version.changed" || fault.From(err).Params["version"] != o.Version {
					t.Errorf("%s of version %d: %v", name, version, err)
				}
			}
		}
		if now := s.OrderOf(o.ID); now.Version != o.Version || now.Refunded != 0 || now.Lines[0].Shipped != 0 || now.State != order.Placed {
			t.Errorf("something happened: %+v", now)
		}
		s.WantLevel(variant, 9, 4, 0)

		var all sync.WaitGroup
		errs := make(chan error, 3)
		for _, act := range acts {
			all.Go(func() { errs <- act(o.Version) })
		}
		all.Wait()
		close(errs)
		came := 0
		for err := range errs {
			if err == nil {
				came++
			} else if fault.Reason(err) != "version.changed" {
				t.Error(err)
			}
		}
		if came != 1 {
			t.Errorf("%d came through with the same version", came)
		}
	})
}

// B17, B13: a line has units that were sent, that wait and that were cancelled.
// A refund says which it is about; what it says nothing of stays as it is.
func TestB17_aRefundSaysWhichUnits(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 5)
		s.ship(t, o, 2)
		line := o.Lines[0].ID
		for name, tt := range map[string]struct {
			ask  []returns.Line
			want string
		}{
			"not said":              {[]returns.Line{{LineID: line, Quantity: 1}}, "order.which_units"},
			"more than were sent":   {[]returns.Line{{LineID: line, Quantity: 3, Of: returns.Shipped}}, "pricing.refund_quantity"},
			"more than wait":        {[]returns.Line{{LineID: line, Quantity: 4, Of: returns.Open}}, "pricing.refund_quantity"},
			"none were cancelled":   {[]returns.Line{{LineID: line, Quantity: 1, Of: returns.Cancelled}}, "pricing.refund_quantity"},
			"more than there are":   {[]returns.Line{{LineID: line, Quantity: 1 << 62}}, "pricing.refund_quantity"},
			"a kind nobody knows":   {[]returns.Line{{LineID: line, Quantity: 1, Of: "lost"}}, "form.not_a_choice"},
			"a kind twice":          {[]returns.Line{{LineID: line, Quantity: 1, Of: returns.Open}, {LineID: line, Quantity: 1, Of: returns.Open}}, "form.repeated"},
			"a kind and any":        {[]returns.Line{{LineID: line, Quantity: 1, Of: returns.Open}, {LineID: line, Quantity: 1}}, "form.repeated"},
			"less than one":         {[]returns.Line{{LineID: line, Quantity: -1, Of: returns.Shipped}}, "form.too_small"},
			"a line of another one": {[]returns.Line{{LineID: "oln_other", Quantity: 1}}, "order.unknown_line"},
		} {
			_, err := s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Lines: tt.ask})
			if f := fault.From(err); len(f.Fields) != 1 || f.Fields[0].Reason != tt.want || f.Fields[0].Path != "lines."+tt.ask[0].LineID {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
		s.WantBooks(25490, 0)
		s.WantLevel(variant, 8, 3, 0)

		// One that was sent comes back, one that waits is not sent: at once.
		ref, err := s.returns.Refund(t.Context(), staff, o.ID, returns.Request{Reason: "chipped", Lines: []returns.Line{
			{LineID: line, Quantity: 1, Of: returns.Shipped, Restock: true}, {LineID: line, Quantity: 1, Of: returns.Open},
		}})
		if err != nil || len(ref.Lines) != 1 {
			t.Fatalf("%+v, %v", ref, err)
		}
		if got, want := ref.Lines[0], (order.RefundLine{LineID: line, Quantity: 2, Cancelled: 1, Returned: 1, Amount: 10000, Tax: ref.Lines[0].Tax, Restocked: 2}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		s.WantLevel(variant, 9, 2, 0)
		// The two that wait are called off without money, and the money follows.
		if _, err := s.returns.Cancel(t.Context(), staff, o.ID, "", false); err != nil {
			t.Fatal(err)
		}
		s.refundOf(t, o, returns.Cancelled, 2, true, 0)
		s.WantLevel(variant, 9, 0, 0)
		got := s.OrderOf(o.ID)
		if l := got.Lines[0]; l.Shipped != 2 || l.Cancelled != 3 || l.Refunded != 4 || l.Returned != 1 || l.Restocked != 4 {
			t.Errorf("%+v", l)
		}
		if got.Return != order.PartlyReturned || got.Fulfilment != order.Shipped || got.State != order.Placed {
			t.Errorf("%s, %s, %s", got.Return, got.Fulfilment, got.State)
		}
		s.refund(t, o, 1, false, 490) // the last one is lost, and clear
		s.WantLevel(variant, 9, 0, 0)
		s.WantBooks(25490, 25490)
		if got := s.OrderOf(o.ID); got.Return != order.Returned {
			t.Errorf("all that was sent is given back, and it is %s", got.Return)
		}
		wantStory(t, s, o.ID, "order.shipped", "order.refund_asked", "order.cancelled", "order.refunded", "order.cancelled", "order.refund_asked", "order.refunded", "order.refund_asked", "order.refunded")
		events, _ := event.Count(t.Context(), s.DB)
		if events["order.shortened"] != 2 || events["order.cancelled"] != 0 {
			t.Errorf("events: %v", events)
		}
	})
}

// wantStory compares what an order's timeline tells of the order itself.
func wantStory(t *testing.T, s shop, orderID string, want ...string) {
	t.Helper()
	entries, err := audit.History(t.Context(), s.DB, "order", orderID, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		if strings.HasPrefix(e.Action, "order.") && e.Action != "order.placed" {
			got = append(got, e.Action)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("timeline:\n%q\nwant\n%q", got, want)
	}
}

// What is not sent is not owed: an order by bank transfer is paid up with the
// rest, and its customer is told.
func TestCancel_theRestOfAnUnpaidOrder(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		s.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Promised, Reference: "ref_" + q.AttemptID}, nil
		}
		o, variant := s.placed(t, 1000, 10, 3)
		s.ship(t, o, 2)
		got, err := s.returns.Cancel(t.Context(), staff, o.ID, "out of glass", true)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != order.Placed || got.Fulfilment != order.Shipped || got.Payment != payment.Awaiting || got.Payable() != 2490 || got.Due() != 2490 {
			t.Errorf("%s, %s, %s, comes to %d, due %d", got.State, got.Fulfilment, got.Payment, got.Payable(), got.Due())
		}
		s.WantLevel(variant, 8, 0, 0)
		events, _ := event.Count(t.Context(), s.DB)
		if events["order.shortened"] != 1 || events["order.cancelled"] != 0 {
			t.Errorf("events: %v", events)
		}
		a := got.Attempts[0]
		s.Bank.Lock()
		f := s.Bank.Wait(a.ID, money.Money{Amount: a.Amount, Currency: "EUR"})
		f.Authorised, f.Captured = 2490, 2490
		s.Bank.Put(f)
		s.Bank.Unlock()
		if got, err = s.Checkout.Returned(t.Context(), a.ID); err != nil || got.Payment != payment.Paid || got.Due() != 0 {
			t.Errorf("what was left is paid, and it is %s, due %d, %v", got.Payment, got.Due(), err)
		}
		s.WantBooks(2490, 0)
	})
}

// B13: a refund that failed leaves the units on the shelf that came back for
// it; asked for again, they do not come back twice, and others do.
func TestB13_aFailedRefundBringsNothingBackTwice(t *testing.T) {
	each(t, func(t *testing.T, s shop) {
		o, variant := s.placed(t, 5000, 10, 3)
		s.ship(t, o, 3)
		f, _ := s.Bank.Fetch(t.Context(), nil, payment.Query{AttemptID: o.Attempts[0].ID})
		spent := f
		spent.Refunded = f.Captured // the bank has given it back already, it says
		s.Bank.Lock()
		s.Bank.Put(spent)
		s.Bank.Unlock()
		if ref := s.refundOf(t, o, returns.Shipped, 1, true, 0); ref.State != order.RefundFailed {
			t.Fatalf("the refund is %s", ref.State)
		}
		s.Bank.Lock()
		s.Bank.Put(f)
		s.Bank.Unlock()
		s.WantLevel(variant, 8, 0, 0)
		s.refundOf(t, o, returns.Shipped, 1, true, 0) // the same one
		s.WantLevel(variant, 8, 0, 0)
		s.refundOf(t, o, returns.Shipped, 2, true, 0) // the others
		s.WantLevel(variant, 10, 0, 0)
		if l := s.OrderOf(o.ID).Lines[0]; l.Returned != 3 || l.Restocked != 3 || l.Refunded != 3 {
			t.Errorf("%+v", l)
		}
		s.WantBooks(15490, 15000)
	})
}
