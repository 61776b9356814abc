package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// house is a provider with a ledger of its own in memory, whose answers a test
// can script. The provider's own kit runs against real ones; here the point is
// what the checkout does with every kind of answer.
type house struct {
	mu      sync.Mutex
	facts   map[string]payment.Facts
	asked   int
	answer  func(payment.Request) (payment.Outcome, error) // nil: approve
	cancels int
}

func (h *house) Info() payment.Info {
	return payment.Info{ID: "house", Name: "house", Methods: []payment.Method{{ID: "card", Name: "card"}}}
}

func (h *house) Authorize(_ context.Context, _ payment.Settings, r payment.Request) (payment.Outcome, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	if f, ok := h.facts[r.AttemptID]; ok && f.Captured > 0 {
		return payment.Outcome{Status: payment.Approved, Reference: f.Reference, Facts: f}, nil
	}
	if h.answer != nil {
		return h.answer(r)
	}
	return payment.Outcome{Status: payment.Approved, Reference: "ref_" + r.AttemptID, Facts: h.take(r.AttemptID, r.Amount)}, nil
}

// take captures the money of an attempt; the caller holds the lock.
func (h *house) take(attempt string, m money.Money) payment.Facts {
	f := payment.Facts{Reference: "ref_" + attempt, AttemptID: attempt, Account: "house", Amount: m.Amount, Currency: m.Currency, Authorised: m.Amount, Captured: m.Amount, Closed: true, Live: true}
	h.facts[attempt] = f
	return f
}

// wait opens a payment that somebody must finish at the bank's page.
func (h *house) wait(attempt string, m money.Money) payment.Facts {
	f := payment.Facts{Reference: "ref_" + attempt, AttemptID: attempt, Account: "house", Amount: m.Amount, Currency: m.Currency, Live: true}
	h.facts[attempt] = f
	return f
}

func (h *house) Fetch(_ context.Context, _ payment.Settings, q payment.Query) (payment.Facts, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f, ok := h.facts[q.AttemptID]; ok {
		return f, nil
	}
	return payment.Facts{}, fault.New(fault.NotFound, "payment.unknown_reference")
}

func (h *house) Cancel(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cancels++
	f, ok := h.facts[c.Attempt.ID]
	if !ok {
		return f, fault.New(fault.NotFound, "payment.unknown_reference")
	}
	f, err := f.Cancel()
	if err == nil {
		h.facts[c.Attempt.ID] = f
	}
	return f, err
}

func (h *house) Refund(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, err := h.facts[c.Attempt.ID].Refund(c.Key, c.Amount)
	if err == nil {
		h.facts[c.Attempt.ID] = f
	}
	return f, err
}

func (h *house) Webhook(_ context.Context, _ payment.Settings, in payment.Inbound) (payment.Event, error) {
	return payment.Event{ID: in.Header.Get("Id"), Kind: "changed", AttemptID: string(in.Body), At: in.At}, nil
}

// sums adds up what the provider has taken and given back, over all payments.
func (h *house) sums() (captured, refunded money.Minor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.facts {
		captured += f.Captured
		refunded += f.Refunded
	}
	return captured, refunded
}

func (h *house) Provider(id string) (payment.Provider, payment.Settings, bool) {
	return h, payment.Settings{}, id == "house"
}

func (h *house) Offered(string) []checkout.Offer {
	return []checkout.Offer{{Code: "house.card", Method: h.Info().Methods[0]}}
}

// rig is a shop with one provider and everything a checkout stands on.
type rig struct {
	dbtest.Env
	t        *testing.T
	bank     *house
	runner   *job.Runner
	stock    *inventory.Service
	carts    *cart.Service
	orders   *order.Service
	checkout *checkout.Service
	location string
	rate     money.Rate
	delivery money.Minor
}

func newRig(t *testing.T, e dbtest.Env) *rig {
	t.Helper()
	e.Market(t)
	r := &rig{Env: e, t: t, bank: &house{facts: make(map[string]payment.Facts)}, runner: e.Jobs(), rate: 190_000, delivery: 490}
	rules := func(string) cart.Rules {
		return cart.Rules{
			MarketID: "mkt_std", Currency: "EUR", PriceListID: "plist_std", Basis: pricing.Gross, MaxPerLine: 99,
			Home:    tax.Place{Country: "DE"},
			Taxes:   tax.Table{{ID: "txr_de", Country: "DE", Class: "standard", Rate: r.rate, Name: "VAT", Source: "test", From: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)}},
			Outside: tax.Refuse, Classes: map[string]string{"txc_std": "standard"}, Display: inventory.Display{Mode: "exact"},
			Zones: []shipping.Zone{{ID: "zon_1", Places: []shipping.Place{{Country: "DE"}}, Methods: []shipping.Method{{
				ID: "shm_1", ZoneID: "zon_1", Code: "standard", Name: locale.Text{"en": "Standard"}, Kind: shipping.Flat, Currency: "EUR", Price: r.delivery, Active: true,
			}}}},
		}
	}
	vault := e.Vault(t)
	r.stock = inventory.New(func() inventory.Display { return inventory.Display{Mode: "exact"} })
	r.carts = cart.New(vault, rules)
	r.orders = order.New(vault)
	event.NewBus(e.DB, r.runner)
	r.checkout = checkout.New(checkout.Deps{
		DB: e.DB, Log: slog.New(slog.DiscardHandler), Vault: vault, Carts: r.carts, Orders: r.orders, Stock: r.stock, Providers: r.bank,
		Shop: func() checkout.Shop {
			return checkout.Shop{Zone: time.UTC, Hold: 10 * time.Minute, TermsVersion: "1", BaseURL: "http://localhost"}
		},
		Budget: payment.DefaultBudget(), Languages: []string{"en", "de"},
	}, r.runner)
	r.tx(func(ctx context.Context, tx *db.Tx) error {
		l, err := r.stock.SaveLocation(ctx, tx, audit.System("test"), inventory.Location{Code: "main", Name: "Main", Country: "DE", Active: true})
		r.location = l.ID
		return err
	})
	return r
}

func each(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) { fn(t, newRig(t, e)) })
}

func (r *rig) tx(fn func(ctx context.Context, tx *db.Tx) error) {
	r.t.Helper()
	if err := r.DB.InTx(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) goods(name string, price, units int64) string {
	r.t.Helper()
	variant := r.Variant(r.t, name, price)
	r.tx(func(ctx context.Context, tx *db.Tx) error {
		return r.stock.Adjust(ctx, tx, audit.System("test"), inventory.Opening, []inventory.Change{{VariantID: variant, LocationID: r.location, Delta: units}})
	})
	return variant
}

// fill puts units into a fresh guest's cart.
func (r *rig) fill(variant string, units int64) cart.Owner {
	r.t.Helper()
	var o cart.Owner
	r.tx(func(ctx context.Context, tx *db.Tx) error {
		added, err := r.carts.Add(ctx, tx, cart.Owner{}, variant, units, "en")
		o = cart.Owner{Token: added.Token}
		return err
	})
	return o
}

func (r *rig) bag(o cart.Owner) cart.Bag {
	r.t.Helper()
	b, err := r.carts.Bag(r.t.Context(), r.DB, o, "en", r.Clock.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func berlin() market.Address {
	return market.Address{Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE"}
}

// placement is what the checkout page would send for the cart as it is now.
func (r *rig) placement(o cart.Owner) checkout.Placement {
	r.t.Helper()
	b := r.bag(o)
	return checkout.Placement{
		Owner: o, Details: cart.Details{Email: "ada@example.com", Shipping: berlin(), SameBilling: true},
		ShippingMethod: "shm_1", PaymentMethod: "house.card", ExpectedTotal: b.Quote.Total.Gross, CartVersion: b.Cart.Version, Terms: true, Lang: "en",
	}
}

func (r *rig) order(id string) order.Order {
	r.t.Helper()
	o, err := r.orders.Get(r.t.Context(), r.DB, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *rig) run() {
	r.t.Helper()
	if _, err := r.runner.RunDue(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// wantBooks checks that nothing is unexplained: stock, and money against the
// provider's own ledger.
func (r *rig) wantBooks(captured, refunded money.Minor) {
	r.t.Helper()
	if bad, err := r.stock.Verify(r.t.Context(), r.DB, 10); err != nil || len(bad) > 0 {
		r.t.Errorf("stock is not explained by its ledger: %+v, %v", bad, err)
	}
	c, ref := r.bank.sums()
	if c != captured || ref != refunded {
		r.t.Errorf("the provider took %d and gave back %d, want %d and %d", c, ref, captured, refunded)
	}
	ledger := func(kind string) money.Minor {
		return money.Minor(r.Int(r.t, `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry WHERE kind = $1`, kind))
	}
	if ledger("capture") != captured || ledger("refund") != refunded {
		r.t.Errorf("our ledger says %d and %d, want %d and %d", ledger("capture"), ledger("refund"), captured, refunded)
	}
}

func (r *rig) wantLevel(variant string, onHand, allocated, held int64) {
	r.t.Helper()
	levels, err := r.stock.Levels(r.t.Context(), r.DB, []string{variant})
	if err != nil || len(levels) != 1 {
		r.t.Fatalf("%v, %v", levels, err)
	}
	if l := levels[0]; l.OnHand != onHand || l.Allocated != allocated || l.Held != held {
		r.t.Errorf("on hand %d, allocated %d, held %d; want %d, %d, %d", l.OnHand, l.Allocated, l.Held, onHand, allocated, held)
	}
}

func (r *rig) count(table string) int64 { return r.Int(r.t, `SELECT COUNT(*) FROM `+table) }

func TestPlace_paidAtOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 3)
		owner := r.fill(variant, 2)
		out, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil {
			t.Fatal(err)
		}
		o := r.order(out.OrderID)
		if o.State != order.Placed || o.Payment != payment.Paid || o.Fulfilment != order.Unfulfilled || o.PublicNumber() != "1001" || o.LocalDay != "2026-11-24" {
			t.Errorf("order is %s, %s, %s, number %q, day %q", o.State, o.Payment, o.Fulfilment, o.PublicNumber(), o.LocalDay)
		}
		if o.Total != 10490 || o.Goods != 10000 || o.Shipping != 490 || o.Tax != 1675 || o.Captured != 10490 || o.Due() != 0 {
			t.Errorf("total %d, goods %d, shipping %d, tax %d, captured %d, due %d", o.Total, o.Goods, o.Shipping, o.Tax, o.Captured, o.Due())
		}
		if o.Contact.Email != "ada@example.com" || o.Contact.Shipping.City != "Berlin" || o.Lines[0].Name != "kettle" || o.Lines[0].Total.Gross != 10000 {
			t.Errorf("contact %+v, lines %+v", o.Contact, o.Lines)
		}
		if byToken, err := r.orders.ByToken(t.Context(), r.DB, out.Token); err != nil || byToken.ID != o.ID {
			t.Errorf("the secret link opens %v, %v", byToken.ID, err)
		}
		if _, err := r.orders.ForCustomer(t.Context(), r.DB, "cus_other", o.Number); !fault.Is(err, fault.NotFound) {
			t.Errorf("another customer reads the order: %v", err)
		}
		r.wantLevel(variant, 3, 2, 0)
		r.wantBooks(10490, 0)
		if b := r.bag(owner); len(b.Items) != 0 {
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
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 10)
		p := r.placement(r.fill(variant, 1))
		outs := make([]checkout.Outcome, 8)
		errs := make([]error, len(outs))
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range outs {
			all.Go(func() {
				<-start
				outs[i], errs[i] = r.checkout.Place(t.Context(), p)
			})
		}
		close(start)
		all.Wait()
		for i := range outs {
			if errs[i] != nil || outs[i] != outs[0] {
				t.Errorf("click %d: %+v, %v; want the first one's answer", i, outs[i], errs[i])
			}
		}
		if n := r.count("orders"); n != 1 {
			t.Errorf("%d orders", n)
		}
		if n := r.count("payment_attempt"); n != 1 {
			t.Errorf("%d payment attempts", n)
		}
		r.wantBooks(5490, 0)
		r.wantLevel(variant, 10, 1, 0)
	})
}

// B7: whatever moves between the last page and the click, nothing but the
// amount last shown is charged.
func TestB7_chargesOnlyWhatWasShown(t *testing.T) {
	moves := map[string]func(r *rig){
		"price":    func(r *rig) { r.Exec(r.t, `UPDATE price SET amount = 7000`) },
		"cheaper":  func(r *rig) { r.Exec(r.t, `UPDATE price SET amount = 1000`) },
		"shipping": func(r *rig) { r.delivery = 990 },
		"quantity": nil,
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				variant := r.goods("kettle", 4900, 10)
				owner := r.fill(variant, 1)
				p := r.placement(owner)
				if move != nil {
					move(r)
				} else {
					r.tx(func(ctx context.Context, tx *db.Tx) error {
						_, err := r.carts.Add(ctx, tx, owner, variant, 1, "en")
						return err
					})
				}
				_, err := r.checkout.Place(t.Context(), p)
				if fault.Reason(err) != checkout.ReasonPriceChanged {
					t.Fatalf("placed at the old price: %v", err)
				}
				if old := fault.From(err).Params["old"].(money.Money); old.Amount != p.ExpectedTotal {
					t.Errorf("old total %v, want %d", old, p.ExpectedTotal)
				}
				if r.count("orders") != 0 || r.bank.asked != 0 {
					t.Error("something happened all the same")
				}
				r.wantLevel(variant, 10, 0, 0)
				out, err := r.checkout.Place(t.Context(), r.placement(owner))
				if err != nil {
					t.Fatal(err)
				}
				if want := r.order(out.OrderID).Total; true {
					r.wantBooks(want, 0)
				}
			})
		})
	}
}

// The tax rate changes while a price includes it: the total stays, the tax in
// it is today's.
func TestB7_taxChangeIsTodaysTax(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 11900, 10)
		p := r.placement(r.fill(variant, 1))
		r.rate = 70_000
		out, err := r.checkout.Place(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if o := r.order(out.OrderID); o.Total != 12390 || o.Tax != 811 || o.Lines[0].TaxRate != 70_000 {
			t.Errorf("total %d, tax %d at %d", o.Total, o.Tax, o.Lines[0].TaxRate)
		}
	})
}

func TestPlace_tellsAllThatIsMissingAtOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		owner := r.fill(r.goods("kettle", 5000, 3), 1)
		p := r.placement(owner)
		p.Details.Email, p.Details.Shipping.Postcode, p.Terms, p.PaymentMethod, p.ShippingMethod = "nobody", "1", false, "gold", "shm_9"
		_, err := r.checkout.Place(t.Context(), p)
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
		if b := r.bag(owner); b.Cart.Details.Email != "nobody" || b.Cart.Details.Shipping.City != "Berlin" {
			t.Errorf("what was typed is lost: %+v", b.Cart.Details)
		}
		if r.count("orders") != 0 || r.bank.asked != 0 {
			t.Error("something happened all the same")
		}
	})
}

func TestPlace_declinedThenPaid(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 1)
		owner := r.fill(variant, 1)
		r.bank.answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonFunds}, nil
		}
		first, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil || first.Declined != payment.ReasonFunds || first.State != order.Draft {
			t.Fatalf("declined: %+v, %v", first, err)
		}
		r.wantLevel(variant, 1, 0, 0)
		r.bank.answer = nil
		second, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil || second.State != order.Placed || second.OrderID != first.OrderID || second.Token != first.Token {
			t.Fatalf("second try: %+v, %v", second, err)
		}
		if o := r.order(second.OrderID); o.Payment != payment.Paid || len(o.Attempts) != 2 {
			t.Errorf("%s after %d attempts", o.Payment, len(o.Attempts))
		}
		r.wantLevel(variant, 1, 1, 0)
		r.wantBooks(5490, 0)
	})
}

// The provider takes the money and the answer is lost. The reconcile job finds
// it; nobody is charged twice (T36).
func TestPlace_answerLostAfterTheEffect(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 1)
		p := r.placement(r.fill(variant, 1))
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			r.bank.take(q.AttemptID, q.Amount)
			return payment.Outcome{}, errors.New("connection reset")
		}
		out, err := r.checkout.Place(t.Context(), p)
		if err != nil || out.State != order.Draft || out.Declined != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		r.wantLevel(variant, 1, 0, 1)
		r.run()
		if r.order(out.OrderID).State != order.Draft {
			t.Error("the job ran before its time")
		}
		r.Clock.Advance(time.Minute)
		r.run()
		if o := r.order(out.OrderID); o.State != order.Placed || o.Payment != payment.Paid {
			t.Errorf("after the job: %s, %s", o.State, o.Payment)
		}
		r.wantLevel(variant, 1, 1, 0)
		r.wantBooks(5490, 0)
	})
}

// The shopper goes to the bank and never comes back: the goods are free again,
// the bank's page takes no money any more.
func TestB12_abandonedAtTheBank(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 1)
		owner := r.fill(variant, 1)
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			r.bank.wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		p := r.placement(owner)
		out, err := r.checkout.Place(t.Context(), p)
		if err != nil || out.ContinueURL == "" {
			t.Fatalf("%+v, %v", out, err)
		}
		again, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil || again.ContinueURL != out.ContinueURL || r.count("payment_attempt") != 1 {
			t.Errorf("a second click leads to %q, %v", again.ContinueURL, err)
		}
		for range 40 {
			r.Clock.Advance(time.Minute)
			r.run()
		}
		if o := r.order(out.OrderID); o.State != order.Expired || o.Attempts[0].Status.Open() {
			t.Errorf("after 40 minutes: %s, attempt %s", o.State, o.Attempts[0].Status)
		}
		if r.bank.cancels == 0 {
			t.Error("the payment was not let go at the bank")
		}
		r.wantLevel(variant, 1, 0, 0)
		if n, _ := job.Waiting(t.Context(), r.DB); n != 0 {
			t.Errorf("%d jobs go on for ever", n)
		}
		r.bank.answer = nil
		if out, err := r.checkout.Place(t.Context(), r.placement(owner)); err != nil || out.State != order.Placed {
			t.Errorf("the cart cannot be ordered later: %+v, %v", out, err)
		}
		r.wantBooks(5490, 0)
	})
}

// B12: the money comes when the hold is over and somebody else has the goods.
// It goes back by itself and the order ends as cancelled.
func TestB12_lateMoneyGoesBack(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 1)
		slow, quick := r.fill(variant, 1), r.fill(variant, 1)
		var attempt string
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.bank.wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + q.AttemptID, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.checkout.Place(t.Context(), r.placement(slow))
		if err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(31 * time.Minute) // nobody sweeps, no job runs
		r.bank.answer = nil
		if won, err := r.checkout.Place(t.Context(), r.placement(quick)); err != nil || won.State != order.Placed {
			t.Fatalf("the free unit could not be bought: %+v, %v", won, err)
		}
		r.bank.mu.Lock()
		r.bank.take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.bank.mu.Unlock()
		in := payment.Inbound{Header: map[string][]string{"Id": {"evt_1"}}, Body: []byte(attempt), At: r.Clock.Now()}
		for range 3 { // the provider repeats itself
			if err := r.checkout.Webhook(t.Context(), "house", in); err != nil {
				t.Fatal(err)
			}
		}
		r.run()
		o := r.order(out.OrderID)
		if o.State != order.Cancelled || o.CancelReason != "out_of_stock" || o.Payment != payment.Refunded || o.Refunded != 5490 {
			t.Errorf("late order: %s (%s), %s, refunded %d", o.State, o.CancelReason, o.Payment, o.Refunded)
		}
		r.wantLevel(variant, 1, 1, 0)
		r.wantBooks(2*5490, 5490)
		events, _ := event.Count(t.Context(), r.DB)
		if events["order.cancelled"] != 1 || events["order.placed"] != 2 {
			t.Errorf("events: %v", events)
		}
	})
}

// B12: late money for goods that are still there makes the order stand.
func TestB12_lateMoneyIsWelcomeWhileStockLasts(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 2)
		var attempt string
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.bank.wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.checkout.Place(t.Context(), r.placement(r.fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(31 * time.Minute)
		if _, err := r.stock.SweepOverdue(t.Context(), r.DB); err != nil {
			t.Fatal(err)
		}
		r.wantLevel(variant, 2, 0, 0)
		r.bank.mu.Lock()
		r.bank.take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.bank.mu.Unlock()
		o, err := r.checkout.Returned(t.Context(), attempt)
		if err != nil || o.State != order.Placed || o.ID != out.OrderID {
			t.Fatalf("%s, %v", o.State, err)
		}
		r.wantLevel(variant, 2, 1, 0)
		r.wantBooks(5490, 0)
	})
}

// T34: return and webhook at the same instant, several times over.
func TestT34_returnAndWebhookRace(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 2)
		var attempt string
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			attempt = q.AttemptID
			r.bank.wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/"}, nil
		}
		out, err := r.checkout.Place(t.Context(), r.placement(r.fill(variant, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r.bank.mu.Lock()
		r.bank.take(attempt, money.Money{Amount: 5490, Currency: "EUR"})
		r.bank.mu.Unlock()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = r.checkout.Returned(t.Context(), attempt)
				} else {
					err = r.checkout.Webhook(t.Context(), "house", payment.Inbound{Header: map[string][]string{"Id": {fmt.Sprint(i % 3)}}, Body: []byte(attempt)})
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if o := r.order(out.OrderID); o.State != order.Placed || o.Payment != payment.Paid {
			t.Errorf("%s, %s", o.State, o.Payment)
		}
		r.wantBooks(5490, 0)
		r.wantLevel(variant, 2, 1, 0)
		events, _ := event.Count(t.Context(), r.DB)
		if events["order.placed"] != 1 || events["order.paid"] != 1 {
			t.Errorf("events: %v", events)
		}
	})
}

// T8: the cart changes while the shopper is at the bank. The old amount cannot
// be paid any more once the new one is asked for.
func TestT8_cartChangedAfterTheIntent(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 5)
		owner := r.fill(variant, 1)
		r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
			r.bank.wait(q.AttemptID, q.Amount)
			return payment.Outcome{Status: payment.Continue, ContinueURL: "https://bank.example/" + q.AttemptID}, nil
		}
		first, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil {
			t.Fatal(err)
		}
		r.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := r.carts.Add(ctx, tx, owner, variant, 1, "en")
			return err
		})
		second, err := r.checkout.Place(t.Context(), r.placement(owner))
		if err != nil || second.ContinueURL == first.ContinueURL || second.OrderID != first.OrderID {
			t.Fatalf("%+v after %+v, %v", second, first, err)
		}
		o := r.order(first.OrderID)
		if len(o.Attempts) != 2 || o.Attempts[0].Status != payment.Refused || o.Attempts[1].Amount != 10490 || o.Total != 10490 {
			t.Errorf("attempts %+v, total %d", o.Attempts, o.Total)
		}
		r.wantLevel(variant, 5, 0, 2)
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
			each(t, func(t *testing.T, r *rig) {
				variant := r.goods("kettle", 5000, 5)
				r.bank.answer = func(q payment.Request) (payment.Outcome, error) {
					f := r.bank.take(q.AttemptID, q.Amount)
					twist(&f)
					return payment.Outcome{Status: payment.Approved, Reference: f.Reference, Facts: f}, nil
				}
				out, err := r.checkout.Place(t.Context(), r.placement(r.fill(variant, 1)))
				if err != nil || out.State == order.Placed {
					t.Fatalf("%+v, %v", out, err)
				}
				if o := r.order(out.OrderID); o.Payment != payment.UnderReview || r.count("payment_entry") != 0 {
					t.Errorf("payment state %s with %d ledger entries", o.Payment, r.count("payment_entry"))
				}
			})
		})
	}
}

// T40: the provider is asked only so often, whichever door is knocked at.
func TestT40_attemptsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 5)
		owner := r.fill(variant, 1)
		r.bank.answer = func(payment.Request) (payment.Outcome, error) {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonDeclined}, nil
		}
		refused := 0
		for range 30 {
			_, err := r.checkout.Place(t.Context(), r.placement(owner))
			if fault.Is(err, fault.TooMany) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if r.bank.asked != 5 || refused != 25 {
			t.Errorf("the provider was asked %d times and %d tries were refused, want 5 and 25", r.bank.asked, refused)
		}
		r.wantLevel(variant, 5, 0, 0)
	})
}

func TestPlace_zeroTotalNeedsNoPayment(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.delivery = 0
		owner := r.fill(r.goods("sample", 0, 5), 1)
		p := r.placement(owner)
		p.PaymentMethod = ""
		out, err := r.checkout.Place(t.Context(), p)
		if err != nil || out.State != order.Placed || r.bank.asked != 0 {
			t.Fatalf("%+v, %v, provider asked %d times", out, err, r.bank.asked)
		}
		if o := r.order(out.OrderID); o.Payment != payment.Paid || o.Number == 0 {
			t.Errorf("payment state %s, number %d", o.Payment, o.Number)
		}
	})
}

// T22 and B11 through the whole checkout: more buyers than goods.
func TestB11_checkoutNeverOversells(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		variant := r.goods("kettle", 5000, 3)
		var ps []checkout.Placement
		for i := range 12 {
			p := r.placement(r.fill(variant, 1))
			p.Details.Email = fmt.Sprintf("buyer%d@example.com", i)
			ps = append(ps, p)
		}
		var mu sync.Mutex
		won, lost := 0, 0
		var all sync.WaitGroup
		for _, p := range ps {
			all.Go(func() {
				out, err := r.checkout.Place(t.Context(), p)
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
		r.wantLevel(variant, 3, 3, 0)
		r.wantBooks(3*5490, 0)
	})
}
