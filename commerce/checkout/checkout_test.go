package checkout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
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
	"github.com/stoashop/stoa/stoatest/rig"
)

func TestPlace_paidAtOnce(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 3)
		owner := r.Fill(variant, 2)
		out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil {
			t.Fatal(err)
		}
		o := r.OrderOf(out.OrderID)
		if o.State != order.Placed || o.Payment != payment.Paid || o.Fulfilment != order.Unfulfilled || o.PublicNumber() != "1001" || o.LocalDay != "2026-11-24" {
			t.Errorf("order is %s, %s, %s, number %q, day %q", o.State, o.Payment, o.Fulfilment, o.PublicNumber(), o.LocalDay)
		}
		if o.Total != 10490 || o.Goods != 10000 || o.Shipping != 490 || o.Tax != 1675 || o.Captured != 10490 || o.Due() != 0 {
			t.Errorf("total %d, goods %d, shipping %d, tax %d, captured %d, due %d", o.Total, o.Goods, o.Shipping, o.Tax, o.Captured, o.Due())
		}
		if o.Contact.Email != "ada@example.com" || o.Contact.Shipping.City != "Berlin" || o.Lines[0].Name != "kettle" || o.Lines[0].Total.Gross != 10000 {
			t.Errorf("contact %+v, lines %+v", o.Contact, o.Lines)
		}
		if byToken, err := r.Orders.ByToken(t.Context(), r.DB, out.Token); err != nil || byToken.ID != o.ID {
			t.Errorf("the secret link opens %v, %v", byToken.ID, err)
		}
		if _, err := r.Orders.ForCustomer(t.Context(), r.DB, "cus_other", o.Number); !fault.Is(err, fault.NotFound) {
			t.Errorf("another customer reads the order: %v", err)
		}
		r.WantLevel(variant, 3, 2, 0)
		r.WantBooks(10490, 0)
		if b := r.Bag(owner); len(b.Items) != 0 {
			t.Errorf("the cart still holds %d lines", len(b.Items))
		}
		events, err := event.Count(t.Context(), r.DB)
		if err != nil || events["order.placed"] != 1 || events["order.paid"] != 1 || len(events) != 2 {
			t.Errorf("events %v, %v", events, err)
		}
	})
}

// B14: two clicks, one order, one charge, equal answers.
func TestB14_doubleClickIsOneOrder(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 10)
		p := r.Placement(r.Fill(variant, 1))
		outs := make([]checkout.Outcome, 8)
		errs := make([]error, len(outs))
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range outs {
			all.Go(func() {
				<-start
				outs[i], errs[i] = r.Checkout.Place(t.Context(), p)
			})
		}
		close(start)
		all.Wait()
		for i := range outs {
			if errs[i] != nil || outs[i] != outs[0] {
				t.Errorf("click %d: %+v, %v; want the first one's answer", i, outs[i], errs[i])
			}
		}
		if n := r.Count("orders"); n != 1 {
			t.Errorf("%d orders", n)
		}
		if n := r.Count("payment_attempt"); n != 1 {
			t.Errorf("%d payment attempts", n)
		}
		r.WantBooks(5490, 0)
		r.WantLevel(variant, 10, 1, 0)
	})
}

// B7: whatever moves between the last page and the click, nothing but the
// amount last shown is charged.
func TestB7_chargesOnlyWhatWasShown(t *testing.T) {
	moves := map[string]struct {
		move func(r *rig.Rig)
		unit money.Minor // of the line, when its price moved
	}{
		"price":    {func(r *rig.Rig) { r.Exec(t, `UPDATE price SET amount = 7000`) }, 7000},
		"cheaper":  {func(r *rig.Rig) { r.Exec(t, `UPDATE price SET amount = 1000`) }, 1000},
		"shipping": {func(r *rig.Rig) { r.Delivery = 990 }, 0},
		"quantity": {nil, 0},
	}
	for name, c := range moves {
		t.Run(name, func(t *testing.T) {
			rig.Each(t, func(t *testing.T, r *rig.Rig) {
				variant := r.Goods("kettle", 4900, 10)
				owner := r.Fill(variant, 1)
				p := r.Placement(owner)
				if c.move != nil {
					c.move(r)
				} else {
					r.Tx(func(ctx context.Context, tx *db.Tx) error {
						_, err := r.Carts.Add(ctx, tx, owner, variant, 1, "en")
						return err
					})
				}
				_, err := r.Checkout.Place(t.Context(), p)
				if fault.Reason(err) != checkout.ReasonPriceChanged {
					t.Fatalf("placed at the old price: %v", err)
				}
				if old := fault.From(err).Params["old"].(money.Money); old.Amount != p.ExpectedTotal {
					t.Errorf("old total %v, want %d", old, p.ExpectedTotal)
				}
				var diff []money.Minor
				for _, f := range fault.From(err).Fields {
					diff = append(diff, f.Params["old"].(money.Money).Amount, f.Params["new"].(money.Money).Amount)
				}
				if want := []money.Minor{4900, c.unit}; c.unit != 0 && !slices.Equal(diff, want) || c.unit == 0 && diff != nil {
					t.Errorf("lines moved %v, want 4900 to %d", diff, c.unit)
				}
				if r.Count("orders") != 0 || r.Bank.Asked != 0 {
					t.Error("something happened all the same")
				}
				r.WantLevel(variant, 10, 0, 0)
				out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
				if err != nil {
					t.Fatal(err)
				}
				if want := r.OrderOf(out.OrderID).Total; true {
					r.WantBooks(want, 0)
				}
			})
		})
	}
}

// B7: whatever moves between any two steps of a checkout (page, click, decline,
// second click, the bank's page, the way back), what is charged is what was
// last shown. Prices are without tax here, so that a rate moves the total too.
func TestB7_whateverMovesBetweenTwoSteps(t *testing.T) {
	moves := map[string]func(t *testing.T, r *rig.Rig, variant string){
		"price": func(t *testing.T, r *rig.Rig, variant string) {
			r.Exec(t, `UPDATE price SET amount = amount + 900 WHERE variant_id = '`+variant+`'`)
		},
		"cheaper": func(t *testing.T, r *rig.Rig, variant string) {
			r.Exec(t, `UPDATE price SET amount = amount - 900 WHERE variant_id = '`+variant+`'`)
		},
		"tax":      func(_ *testing.T, r *rig.Rig, _ string) { r.Rate += 10_000 },
		"shipping": func(_ *testing.T, r *rig.Rig, _ string) { r.Delivery += 500 },
	}
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		r.Basis = pricing.NetOrder
		var charged money.Minor
		for name, move := range moves {
			variant := r.Goods(name, 4900, 10)
			owner := r.Fill(variant, 1)
			asked := r.Bank.Asked
			refused := func(step string, p checkout.Placement) checkout.Placement {
				t.Helper()
				move(t, r, variant)
				_, err := r.Checkout.Place(t.Context(), p)
				if fault.Reason(err) != checkout.ReasonPriceChanged || fault.From(err).Params["old"].(money.Money).Amount != p.ExpectedTotal {
					t.Errorf("%s, %s: %v, want the old total of %d to be refused", name, step, err, p.ExpectedTotal)
				}
				if r.Bank.Asked != asked {
					t.Errorf("%s, %s: the bank was asked", name, step)
				}
				r.WantLevel(variant, 10, 0, 0)
				shown := r.Placement(owner)
				if now := fault.From(err).Params["new"].(money.Money).Amount; now != shown.ExpectedTotal || now == p.ExpectedTotal {
					t.Errorf("%s, %s: the refusal says %d, the page %d, and before %d", name, step, now, shown.ExpectedTotal, p.ExpectedTotal)
				}
				return shown
			}
			p := refused("between the page and the click", r.Placement(owner))
			r.Bank.Answer = func(payment.Request) (payment.Outcome, error) {
				return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonFunds}, nil
			}
			if out, err := r.Checkout.Place(t.Context(), p); err != nil || out.Declined == "" {
				t.Fatalf("%s: %+v, %v", name, out, err)
			}
			asked = r.Bank.Asked
			p = refused("between the decline and the second click", r.Placement(owner))
			var attempt string
			r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
				attempt = q.AttemptID
				move(t, r, variant) // while the bank is asked
				r.Bank.Wait(q.AttemptID, q.Amount)
				return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
			}
			out, err := r.Checkout.Place(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			move(t, r, variant) // while the shopper is at the bank
			r.Bank.Lock()
			r.Bank.Take(attempt, money.Money{Amount: p.ExpectedTotal, Currency: "EUR"})
			r.Bank.Unlock()
			o, err := r.Checkout.Returned(t.Context(), attempt)
			if err != nil || o.ID != out.OrderID || o.State != order.Placed || o.Payment != payment.Paid || o.Total != p.ExpectedTotal || o.Captured != p.ExpectedTotal {
				t.Errorf("%s: the order is %s and %s, %d with %d paid, want %d: %v", name, o.State, o.Payment, o.Total, o.Captured, p.ExpectedTotal, err)
			}
			if err := o.Quote.Check(); err != nil || o.Quote.Total.Gross != p.ExpectedTotal {
				t.Errorf("%s: the order is explained by %+v, %v", name, o.Quote.Total, err)
			}
			charged += p.ExpectedTotal
			r.WantLevel(variant, 10, 1, 0)
			r.WantBooks(charged, 0)
		}
	})
}

// The tax rate changes while a price includes it: the total stays, the tax in
// it is today's.
func TestB7_taxChangeIsTodaysTax(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 11900, 10)
		p := r.Placement(r.Fill(variant, 1))
		r.Rate = 70_000
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if o := r.OrderOf(out.OrderID); o.Total != 12390 || o.Tax != 811 || o.Lines[0].TaxRate != 70_000 {
			t.Errorf("total %d, tax %d at %d", o.Total, o.Tax, o.Lines[0].TaxRate)
		}
	})
}

func TestPlace_tellsAllThatIsMissingAtOnce(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		owner := r.Fill(r.Goods("kettle", 5000, 3), 1)
		p := r.Placement(owner)
		p.Details.Email, p.Details.Shipping.Postcode, p.Terms, p.PaymentMethod, p.ShippingMethod = "nobody", "1", false, "gold", "shm_9"
		_, err := r.Checkout.Place(t.Context(), p)
		want := map[string]bool{"email": true, "shipping.postcode": true, "terms": true, "payment_method": true, "shipping_method": true}
		for _, f := range fault.From(err).Fields {
			if !want[f.Path] {
				t.Errorf("unexpected complaint at %s: %s", f.Path, f.Reason)
			}
			delete(want, f.Path)
		}
		if len(want) > 0 {
			t.Errorf("not told: %v", want)
		}
		if b := r.Bag(owner); b.Cart.Details.Email != "nobody" || b.Cart.Details.Shipping.City != "Berlin" {
			t.Errorf("what was typed is lost: %+v", b.Cart.Details)
		}
		if r.Count("orders") != 0 || r.Bank.Asked != 0 {
			t.Error("something happened all the same")
		}
	})
}

func TestPlace_declinedThenPaid(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 1)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonFunds}, nil
		}
		first, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || first.Declined != payment.ReasonFunds || first.State != order.Draft {
			t.Fatalf("declined: %+v, %v", first, err)
		}
		r.WantLevel(variant, 1, 0, 0)
		r.Bank.Answer = nil
		second, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || second.State != order.Placed || second.OrderID != first.OrderID || second.Token != first.Token {
			t.Fatalf("second try: %+v, %v", second, err)
		}
		if o := r.OrderOf(second.OrderID); o.Payment != payment.Paid || len(o.Attempts) != 2 {
			t.Errorf("%s after %d attempts", o.Payment, len(o.Attempts))
		}
		r.WantLevel(variant, 1, 1, 0)
		r.WantBooks(5490, 0)
	})
}

// The provider takes the money and the answer is lost. The reconcile job finds
// it; nobody is charged twice (T36).
func TestPlace_answerLostAfterTheEffect(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 1)
		p := r.Placement(r.Fill(variant, 1))
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			r.Bank.Take(q.AttemptID, q.Amount)
			return payment.Outcome{}, errors.New("connection reset")
		}
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil || out.State != order.Draft || out.Declined != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		r.WantLevel(variant, 1, 0, 1)
		r.Run()
		if r.OrderOf(out.OrderID).State != order.Draft {
			t.Error("the job ran before its time")
		}
		r.Clock.Advance(time.Minute)
		r.Run()
		if o := r.OrderOf(out.OrderID); o.State != order.Placed || o.Payment != payment.Paid {
			t.Errorf("after the job: %s, %s", o.State, o.Payment)
		}
		r.WantLevel(variant, 1, 1, 0)
		r.WantBooks(5490, 0)
	})
}

// The shopper goes to the bank and never comes back: the goods are free again,
// the bank's page takes no money any more.
func TestB12_abandonedAtTheBank(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 1)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		p := r.Placement(owner)
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil || out.ContinueURL == "" {
			t.Fatalf("%+v, %v", out, err)
		}
		again, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || again.ContinueURL != out.ContinueURL || r.Count("payment_attempt") != 1 {
			t.Errorf("a second click leads to %q, %v", again.ContinueURL, err)
		}
		for range 40 {
			r.Clock.Advance(time.Minute)
			r.Run()
		}
		if o := r.OrderOf(out.OrderID); o.State != order.Expired || o.Attempts[0].Status.Open() {
			t.Errorf("after 40 minutes: %s, attempt %s", o.State, o.Attempts[0].Status)
		}
		if r.Bank.Cancels == 0 {
			t.Error("the payment was not let go at the bank")
		}
		// Nobody cancelled anything: it was not paid in time, and everybody says so.
		if o := r.OrderOf(out.OrderID); o.Attempts[0].Status != payment.Refused || o.Attempts[0].Reason != payment.ReasonExpired {
			t.Errorf("the attempt is %s, because of %s", o.Attempts[0].Status, o.Attempts[0].Reason)
		}
		wantTimeline(t, r, out.OrderID, "payment.continue", "payment.leaving expired", "payment.declined expired", "order.expired")
		r.WantLevel(variant, 1, 0, 0)
		if n, _ := job.Waiting(t.Context(), r.DB); n != 0 {
			t.Errorf("%d jobs go on for ever", n)
		}
		r.Bank.Answer = nil
		if out, err := r.Checkout.Place(t.Context(), r.Placement(owner)); err != nil || out.State != order.Placed {
			t.Errorf("the cart cannot be ordered later: %+v, %v", out, err)
		}
		r.WantBooks(5490, 0)
	})
}

// B12: goods are held for ten minutes from when the shopper is at the bank, and
// never for more than thirty; then they are free again without a sweep.
func TestB12_theHoldGrowsWithTheBank(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		for answered, ends := range map[time.Duration]time.Duration{0: 10 * time.Minute, 5 * time.Minute: 15 * time.Minute, 25 * time.Minute: 30 * time.Minute} {
			variant := r.Goods(answered.String(), 5000, 1)
			owner, other := r.Fill(variant, 1), r.Fill(variant, 1)
			r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
				r.Clock.Advance(answered)
				r.Bank.Wait(q.AttemptID, q.Amount)
				return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
			}
			began := r.Clock.Now()
			if _, err := r.Checkout.Place(t.Context(), r.Placement(owner)); err != nil {
				t.Fatal(err)
			}
			free := func() bool {
				return !slices.ContainsFunc(r.Bag(other).Problems, func(p cart.Problem) bool { return p.Blocks })
			}
			r.Clock.Set(began.Add(ends - time.Millisecond))
			if free() {
				t.Errorf("answered after %s: the goods are free before %s", answered, ends)
			}
			r.Clock.Set(began.Add(ends))
			if !free() {
				t.Errorf("answered after %s: the goods are held after %s", answered, ends)
			}
		}
	})
}

// B12: goods are held for as long as the bank says that it waits for the shopper,
// at most thirty minutes from the order; they are free at once when the bank
// has done waiting, and when their time is over while the bank says nothing.
func TestB12_theHoldLastsWhileTheBankWaits(t *testing.T) {
	const never = 24 * time.Hour
	cases := []struct {
		name         string
		hold         time.Duration
		silent, over time.Duration // from when on the bank says nothing, or that it is over
		held, free   time.Duration // the last look at which the goods are held, and the first at which they are free
	}{
		{"the bank waits", 10 * time.Minute, never, never, 30*time.Minute - time.Millisecond, 30 * time.Minute},
		{"a short hold", time.Minute, never, never, 30*time.Minute - time.Millisecond, 30 * time.Minute},
		{"the bank has done waiting", 10 * time.Minute, never, 17*time.Minute + 30*time.Second, 17*time.Minute + 45*time.Second, 18 * time.Minute},
		{"the bank says nothing", 10 * time.Minute, 4 * time.Minute, never, 10*time.Minute - time.Millisecond, 10 * time.Minute},
	}
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		for _, c := range cases {
			r.Hold = c.hold
			variant := r.Goods(c.name, 5000, 1)
			owner, other := r.Fill(variant, 1), r.Fill(variant, 1)
			var asked payment.Request
			r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
				asked = q
				r.Bank.Wait(q.AttemptID, q.Amount)
				return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
			}
			began := r.Clock.Now()
			out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
			if err != nil {
				t.Fatal(err)
			}
			free := func() bool {
				return !slices.ContainsFunc(r.Bag(other).Problems, func(p cart.Problem) bool { return p.Blocks })
			}
			silent := false
			r.Bank.Silent = func() bool { return silent }
			for at := 30 * time.Second; at < c.held; at += 30 * time.Second {
				silent = at >= c.silent
				if at >= c.over {
					r.Bank.Lock()
					f := r.Bank.Wait(asked.AttemptID, asked.Amount)
					f.Closed, f.Reason = true, payment.ReasonExpired
					r.Bank.Put(f)
					r.Bank.Unlock()
				}
				r.Clock.Set(began.Add(at))
				r.Run()
				if free() {
					t.Fatalf("%s: the goods are free after %s", c.name, at)
				}
			}
			r.Clock.Set(began.Add(c.held))
			if free() {
				t.Errorf("%s: the goods are free after %s", c.name, c.held)
			}
			r.Clock.Set(began.Add(c.free))
			if c.over < never {
				r.Run()
			}
			if !free() {
				t.Errorf("%s: the goods are held after %s", c.name, c.free)
			}
			if o := r.OrderOf(out.OrderID); o.State != order.Draft || o.HoldUntil.After(began.Add(checkout.MaxHold)) {
				t.Errorf("%s: %s, held until %s", c.name, o.State, o.HoldUntil.Sub(began))
			}
		}
	})
}

// B12: a bag holds more than there is where the level is not told. The order is
// refused at the line, without a number, and holds nothing; with less it is
// taken.
func TestB12_aHiddenLevelRefusesAtTheOrderOnly(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		r.Display = inventory.Display{Mode: "hidden"}
		owner := r.Fill(r.Goods("kettle", 5000, 3), 40)
		spoon := r.Goods("spoon", 100, 3)
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := r.Carts.Add(ctx, tx, owner, spoon, 1, "en")
			return err
		})
		bag := r.Bag(owner)
		kettle := bag.Items[0].LineID
		if len(bag.Problems) != 0 || bag.Quote.Goods.Gross != 200100 {
			t.Errorf("goods %d, problems %+v", bag.Quote.Goods.Gross, bag.Problems)
		}
		_, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		f := fault.From(err)
		if f.Kind != fault.Conflict || f.Reason != inventory.ShortReason || len(f.Params) != 0 || len(f.Fields) != 1 {
			t.Fatalf("%v", err)
		}
		if at := f.Fields[0]; at.Path != "lines."+kettle || at.Reason != "inventory.not_enough" || len(at.Params) != 0 {
			t.Errorf("%+v", at)
		}
		for _, table := range []string{"orders", "reservation", "payment_attempt"} {
			if n := r.Count(table); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			return r.Carts.SetQuantity(ctx, tx, owner, kettle, 3, "en")
		})
		if out, err := r.Checkout.Place(t.Context(), r.Placement(owner)); err != nil || out.State != order.Placed {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// B12: the money comes when the hold is over and somebody else has the goods.
// It goes back by itself and the order ends as cancelled.
func TestB12_lateMoneyGoesBack(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 1)
		slow, quick := r.Fill(variant, 1), r.Fill(variant, 1)
		var attempt string
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.Checkout.Place(t.Context(), r.Placement(slow))
		if err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(31 * time.Minute) // nobody sweeps, no job runs
		r.Bank.Answer = nil
		if won, err := r.Checkout.Place(t.Context(), r.Placement(quick)); err != nil || won.State != order.Placed {
			t.Fatalf("the free unit could not be bought: %+v, %v", won, err)
		}
		r.Bank.Lock()
		r.Bank.Take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.Bank.Unlock()
		in := payment.Inbound{Header: map[string][]string{"Id": {"evt_1"}}, Body: []byte(attempt), At: r.Clock.Now()}
		for range 3 { // the provider repeats itself
			if err := r.Checkout.Webhook(t.Context(), "house", in); err != nil {
				t.Fatal(err)
			}
		}
		r.Run()
		o := r.OrderOf(out.OrderID)
		if o.State != order.Cancelled || o.CancelReason != "out_of_stock" || o.Payment != payment.Refunded || o.Refunded != 5490 {
			t.Errorf("late order: %s (%s), %s, refunded %d", o.State, o.CancelReason, o.Payment, o.Refunded)
		}
		r.WantLevel(variant, 1, 1, 0)
		r.WantBooks(2*5490, 5490)
		events, _ := event.Count(t.Context(), r.DB)
		if events["order.cancelled"] != 1 || events["order.placed"] != 2 {
			t.Errorf("events: %v", events)
		}
		wantTimeline(t, r, out.OrderID, "payment.continue", "order.placed", "order.cancelled out_of_stock",
			"payment.approved", "payment.entry.authorisation", "payment.entry.capture", "payment.entry.refund")
	})
}

// B12: late money for goods that are still there makes the order stand.
func TestB12_lateMoneyIsWelcomeWhileStockLasts(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 2)
		var attempt string
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.Checkout.Place(t.Context(), r.Placement(r.Fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(31 * time.Minute)
		if _, err := r.Stock.SweepOverdue(t.Context(), r.DB); err != nil {
			t.Fatal(err)
		}
		r.WantLevel(variant, 2, 0, 0)
		r.Bank.Lock()
		r.Bank.Take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.Bank.Unlock()
		o, err := r.Checkout.Returned(t.Context(), attempt)
		if err != nil || o.State != order.Placed || o.ID != out.OrderID {
			t.Fatalf("%s, %v", o.State, err)
		}
		r.WantLevel(variant, 2, 1, 0)
		r.WantBooks(5490, 0)
	})
}

// T34: return and webhook at the same instant, several times over.
func TestT34_returnAndWebhookRace(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 2)
		var attempt string
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.Checkout.Place(t.Context(), r.Placement(r.Fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Bank.Lock()
		r.Bank.Take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.Bank.Unlock()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = r.Checkout.Returned(t.Context(), attempt)
				} else {
					err = r.Checkout.Webhook(t.Context(), "house", payment.Inbound{Header: map[string][]string{"Id": {fmt.Sprint(i % 3)}}, Body: []byte(attempt)})
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if o := r.OrderOf(out.OrderID); o.State != order.Placed || o.Payment != payment.Paid {
			t.Errorf("%s, %s", o.State, o.Payment)
		}
		r.WantBooks(5490, 0)
		r.WantLevel(variant, 2, 1, 0)
		events, _ := event.Count(t.Context(), r.DB)
		if events["order.placed"] != 1 || events["order.paid"] != 1 {
			t.Errorf("events: %v", events)
		}
	})
}

// T8: the cart changes while the shopper is at the bank. The old amount cannot
// be paid any more once the new one is asked for.
func TestT8_cartChangedAfterTheIntent(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 5)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
			r.Bank.Wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		first, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil {
			t.Fatal(err)
		}
		r.Tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := r.Carts.Add(ctx, tx, owner, variant, 1, "en")
			return err
		})
		second, err := r.Checkout.Place(t.Context(), r.Placement(owner))
		if err != nil || second.ContinueURL == first.ContinueURL || second.OrderID != first.OrderID {
			t.Fatalf("%+v after %+v, %v", second, first, err)
		}
		o := r.OrderOf(first.OrderID)
		if len(o.Attempts) != 2 || o.Attempts[0].Status != payment.Refused || o.Attempts[1].Amount != 10490 || o.Total != 10490 {
			t.Errorf("attempts %+v, total %d", o.Attempts, o.Total)
		}
		r.WantLevel(variant, 5, 0, 2)
	})
}

// T30: facts that are not those of our order never place one.
func TestT30_wrongFactsAreHeldForReview(t *testing.T) {
	for name, twist := range map[string]func(*payment.Facts){
		"amount":   func(f *payment.Facts) { f.Amount, f.Captured, f.Authorised = 100, 100, 100 },
		"currency": func(f *payment.Facts) { f.Currency = "JPY" },
		"mode":     func(f *payment.Facts) { f.Live = false },
		"attempt":  func(f *payment.Facts) { f.AttemptID = "pay_other" },
	} {
		t.Run(name, func(t *testing.T) {
			rig.Each(t, func(t *testing.T, r *rig.Rig) {
				variant := r.Goods("kettle", 5000, 5)
				r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
					f := r.Bank.Take(q.AttemptID, q.Amount)
					twist(&f)
					return payment.Outcome{Status: payment.Approved, Reference: f.Reference, Facts: f}, nil
				}
				out, err := r.Checkout.Place(t.Context(), r.Placement(r.Fill(variant, 1)))
				if err != nil || out.State == order.Placed {
					t.Fatalf("%+v, %v", out, err)
				}
				if o := r.OrderOf(out.OrderID); o.Payment != payment.UnderReview || r.Count("payment_entry") != 0 {
					t.Errorf("payment state %s with %d ledger entries", o.Payment, r.Count("payment_entry"))
				}
			})
		})
	}
}

// T40: the provider is asked only so often, whichever door is knocked at.
func TestT40_attemptsAreLimited(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 5)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonDeclined}, nil
		}
		refused := 0
		for range 30 {
			_, err := r.Checkout.Place(t.Context(), r.Placement(owner))
			if fault.Is(err, fault.TooMany) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if r.Bank.Asked != 5 || refused != 25 {
			t.Errorf("the provider was asked %d times and %d tries were refused, want 5 and 25", r.Bank.Asked, refused)
		}
		r.WantLevel(variant, 5, 0, 0)
	})
}

// T40: asking again about an attempt whose answer was lost is limited, too: a
// provider that answers with errors is no free oracle.
func TestT40_askingAgainIsLimited(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 5)
		owner := r.Fill(variant, 1)
		r.Bank.Answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{}, errors.New("bad token")
		}
		for n := range 30 {
			p := r.Placement(owner)
			p.PaymentToken = fmt.Sprintf("tok_%d", n)
			out, err := r.Checkout.Place(t.Context(), p)
			if err != nil || out.State != order.Draft || out.ContinueURL != "" || out.Declined != "" {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		if r.Bank.Asked != 5 || r.Count("payment_attempt") != 1 {
			t.Errorf("the provider was asked %d times about %d attempts, want 5 and 1", r.Bank.Asked, r.Count("payment_attempt"))
		}
		// What was asked of it took effect after all; the job finds out.
		o := r.OrderOf(orderOf(t, r))
		r.Bank.Lock()
		r.Bank.Take(o.Attempts[0].ID, money.Money{Amount: o.Total, Currency: "EUR"})
		r.Bank.Unlock()
		r.Clock.Advance(time.Minute)
		r.Run()
		if o := r.OrderOf(o.ID); o.State != order.Placed {
			t.Errorf("the order is %s", o.State)
		}
	})
}

// orderOf is the id of the only order there is.
func orderOf(t *testing.T, r *rig.Rig) (id string) {
	t.Helper()
	if err := r.DB.QueryRow(t.Context(), `SELECT id FROM orders`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// What is put into a bag while its owner is at the bank is not ordered, and not
// lost: a guest and a customer find it afterwards, with what they typed.
func TestT8_whatCameAfterTheIntentStaysInTheBag(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		kettle, spoon := r.Goods("kettle", 5000, 9), r.Goods("spoon", 300, 9)
		customer := r.Customer("ada")
		for name, owner := range map[string]cart.Owner{"guest": {}, "customer": {CustomerID: customer}} {
			put := func(variant string, n int64) {
				t.Helper()
				r.Tx(func(ctx context.Context, tx *db.Tx) error {
					added, err := r.Carts.Add(ctx, tx, owner, variant, n, "en")
					if added.Token != "" && owner.CustomerID == "" {
						owner.Token = added.Token
					}
					return err
				})
			}
			put(kettle, 1)
			r.Bank.Answer = func(q payment.Request) (payment.Outcome, error) {
				r.Bank.Wait(q.AttemptID, q.Amount)
				return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/"}, nil
			}
			out, err := r.Checkout.Place(t.Context(), r.Placement(owner))
			if err != nil {
				t.Fatal(err)
			}
			put(kettle, 2)
			put(spoon, 4)
			o := r.OrderOf(out.OrderID)
			r.Bank.Lock()
			r.Bank.Take(o.Attempts[0].ID, money.Money{Amount: o.Total, Currency: "EUR"})
			r.Bank.Unlock()
			for range 2 {
				if o, err = r.Checkout.Returned(t.Context(), o.Attempts[0].ID); err != nil || o.State != order.Placed {
					t.Fatalf("%s: %s, %v", name, o.State, err)
				}
			}
			b := r.Bag(owner)
			got := make(map[string]int64)
			for _, i := range b.Items {
				got[i.SKU] = i.Quantity
			}
			if want := map[string]int64{"kettle": 2, "spoon": 4}; !maps.Equal(got, want) {
				t.Errorf("%s: the bag holds %v, want %v", name, got, want)
			}
			if b.Cart.ID == o.CartID || b.Cart.Details.Shipping != rig.Berlin() {
				t.Errorf("%s: cart %s after %s, typed %+v", name, b.Cart.ID, o.CartID, b.Cart.Details)
			}
			r.Bank.Answer = nil
			if out, err := r.Checkout.Place(t.Context(), r.Placement(owner)); err != nil || out.State != order.Placed || out.OrderID == o.ID {
				t.Errorf("%s: ordering the rest: %+v, %v", name, out, err)
			}
			if n := len(r.Bag(owner).Items); n != 0 {
				t.Errorf("%s: %d lines are left in the end", name, n)
			}
		}
		r.WantLevel(kettle, 9, 6, 0)
		r.WantLevel(spoon, 9, 8, 0)
	})
}

func TestPlace_zeroTotalNeedsNoPayment(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		r.Delivery = 0
		owner := r.Fill(r.Goods("sample", 0, 5), 1)
		p := r.Placement(owner)
		p.PaymentMethod = ""
		out, err := r.Checkout.Place(t.Context(), p)
		if err != nil || out.State != order.Placed || r.Bank.Asked != 0 {
			t.Fatalf("%+v, %v, provider asked %d times", out, err, r.Bank.Asked)
		}
		if o := r.OrderOf(out.OrderID); o.Payment != payment.Paid || o.Number == 0 {
			t.Errorf("payment state %s, number %d", o.Payment, o.Number)
		}
	})
}

// T22 and B11 through the whole checkout: more buyers than goods.
func TestB11_checkoutNeverOversells(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		variant := r.Goods("kettle", 5000, 3)
		var ps []checkout.Placement
		for i := range 12 {
			p := r.Placement(r.Fill(variant, 1))
			p.Details.Email = fmt.Sprintf("buyer%d@example.com", i)
			ps = append(ps, p)
		}
		var mu sync.Mutex
		won, lost := 0, 0
		var all sync.WaitGroup
		for _, p := range ps {
			all.Go(func() {
				out, err := r.Checkout.Place(t.Context(), p)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && out.State == order.Placed:
					won++
				case fault.Reason(err) == inventory.ShortReason, fault.Reason(err) == "form.invalid":
					lost++
				default:
					t.Errorf("%+v, %v", out, err)
				}
			})
		}
		all.Wait()
		if won != 3 || lost != 9 {
			t.Errorf("%d bought and %d did not, want 3 and 9", won, lost)
		}
		r.WantLevel(variant, 3, 3, 0)
		r.WantBooks(3*5490, 0)
	})
}

// wantTimeline compares an order's timeline, each entry with its reason.
func wantTimeline(t *testing.T, r *rig.Rig, orderID string, want ...string) {
	t.Helper()
	entries, err := audit.History(t.Context(), r.DB, "order", orderID, 50)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		var data struct{ Reason string }
		if err := json.Unmarshal(e.After, &data); err != nil && len(e.After) > 0 {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(e.Action+" "+data.Reason))
	}
	if !slices.Equal(got, want) {
		t.Errorf("timeline:\n%q\nwant\n%q", got, want)
	}
}
