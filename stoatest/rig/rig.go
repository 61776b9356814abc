// Package rig sets up the order core with a payment provider whose answers a
// test scripts, for tests of the journeys.
package rig

import (
	"context"
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

// House is a provider with a ledger of its own in memory, whose answers a test
// can script. The provider's own kit runs against real ones; here the point is
// what the checkout does with every kind of answer.
type House struct {
	sync.Mutex
	facts   map[string]payment.Facts
	Asked   int
	Answer  func(payment.Request) (payment.Outcome, error) // nil: approve
	Cancels int
	Silent  func() bool // nil: it says how a payment stands when it is asked
}

func (h *House) Info() payment.Info {
	return payment.Info{ID: "house", Name: "house", Methods: []payment.Method{{ID: "card", Name: "card"}}}
}

func (h *House) Authorize(_ context.Context, _ payment.Settings, r payment.Request) (payment.Outcome, error) {
	h.Lock()
	defer h.Unlock()
	h.Asked++
	if f, ok := h.facts[r.AttemptID]; ok && f.Captured > 0 {
		return payment.Outcome{Status: payment.Approved, Reference: f.Reference, Facts: f}, nil
	}
	if h.Answer != nil {
		return h.Answer(r)
	}
	return payment.Outcome{Status: payment.Approved, Reference: "ref_" + r.AttemptID, Facts: h.Take(r.AttemptID, r.Amount)}, nil
}

// Take captures the money of an attempt. The caller holds the lock, as Answer
// does.
func (h *House) Take(attempt string, m money.Money) payment.Facts {
	f := payment.Facts{Reference: "ref_" + attempt, AttemptID: attempt, Account: "house", Amount: m.Amount, Currency: m.Currency, Authorised: m.Amount, Captured: m.Amount, Closed: true, Live: true}
	h.facts[attempt] = f
	return f
}

// Put sets what the provider knows of a payment. The caller holds the lock, as
// Answer does.
func (h *House) Put(f payment.Facts) payment.Facts {
	h.facts[f.AttemptID] = f
	return f
}

// Wait opens a payment that somebody must finish at the bank's page.
func (h *House) Wait(attempt string, m money.Money) payment.Facts {
	f := payment.Facts{Reference: "ref_" + attempt, AttemptID: attempt, Account: "house", Amount: m.Amount, Currency: m.Currency, Live: true}
	h.facts[attempt] = f
	return f
}

func (h *House) Fetch(_ context.Context, _ payment.Settings, q payment.Query) (payment.Facts, error) {
	h.Lock()
	defer h.Unlock()
	if h.Silent != nil && h.Silent() {
		return payment.Facts{}, fault.New(fault.Unavailable, "payment.silent")
	}
	if f, ok := h.facts[q.AttemptID]; ok {
		return f, nil
	}
	return payment.Facts{}, fault.New(fault.NotFound, "payment.unknown_reference")
}

func (h *House) Cancel(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	h.Lock()
	defer h.Unlock()
	h.Cancels++
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

func (h *House) Refund(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	h.Lock()
	defer h.Unlock()
	f, err := h.facts[c.Attempt.ID].Refund(c.Key, c.Amount)
	if err == nil {
		h.facts[c.Attempt.ID] = f
	}
	return f, err
}

func (h *House) Webhook(_ context.Context, _ payment.Settings, in payment.Inbound) (payment.Event, error) {
	return payment.Event{ID: in.Header.Get("Id"), Kind: "changed", AttemptID: string(in.Body), At: in.At}, nil
}

// Sums adds up what the provider has taken and given back, over all payments.
func (h *House) Sums() (captured, refunded money.Minor) {
	h.Lock()
	defer h.Unlock()
	for _, f := range h.facts {
		captured += f.Captured
		refunded += f.Refunded
	}
	return captured, refunded
}

func (h *House) Provider(id string) (payment.Provider, payment.Settings, bool) {
	return h, payment.Settings{}, id == "house"
}

func (h *House) Offered(string) []payment.Offer {
	return []payment.Offer{{Code: "house.card", Method: h.Info().Methods[0]}}
}

// Rig is a shop with one provider and everything a checkout stands on.
type Rig struct {
	dbtest.Env
	t        *testing.T
	Bank     *House
	Runner   *job.Runner
	Stock    *inventory.Service
	Carts    *cart.Service
	Orders   *order.Service
	Checkout *checkout.Service
	Location string
	Rate     money.Rate
	Basis    pricing.Basis // Gross at first
	Delivery money.Minor
	Hold     time.Duration     // ten minutes at first
	Display  inventory.Display // "exact" at first
}

func New(t *testing.T, e dbtest.Env) *Rig {
	t.Helper()
	e.Market(t)
	r := &Rig{Env: e, t: t, Bank: &House{facts: make(map[string]payment.Facts)}, Runner: e.Jobs(), Rate: 190_000, Basis: pricing.Gross, Delivery: 490, Hold: 10 * time.Minute, Display: inventory.Display{Mode: "exact"}}
	rules := func(string) cart.Rules {
		return cart.Rules{
			MarketID: "mkt_std", Currency: "EUR", PriceListID: "plist_std", Basis: r.Basis, MaxPerLine: 99,
			Home:    tax.Place{Country: "DE"},
			Taxes:   tax.Table{{ID: "txr_de", Country: "DE", Class: "standard", Rate: r.Rate, Name: "VAT", Source: "test", From: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)}},
			Outside: tax.Refuse, Classes: map[string]string{"txc_std": "standard"}, Display: r.Display,
			Zones: []shipping.Zone{{ID: "zon_1", Places: []shipping.Place{{Country: "DE"}}, Methods: []shipping.Method{{
				ID: "shm_1", ZoneID: "zon_1", Code: "standard", Name: locale.Text{"en": "Standard"}, Kind: shipping.Flat, Currency: "EUR", Price: r.Delivery, Active: true,
			}}}},
		}
	}
	vault := e.Vault(t)
	r.Stock = inventory.New(func() inventory.Display { return r.Display })
	r.Carts = cart.New(vault, rules)
	r.Orders = order.New(vault)
	event.NewBus(e.DB, r.Runner)
	r.Checkout = checkout.New(checkout.Deps{
		DB: e.DB, Log: slog.New(slog.DiscardHandler), Vault: vault, Carts: r.Carts, Orders: r.Orders, Stock: r.Stock, Providers: r.Bank,
		Shop: func() checkout.Shop {
			return checkout.Shop{Zone: time.UTC, Hold: r.Hold, Terms: func(context.Context) (string, error) { return "terms 1", nil }, BaseURL: "http://localhost"}
		},
		Budget: payment.DefaultBudget(), Languages: []string{"en", "de"},
	}, r.Runner)
	r.Tx(func(ctx context.Context, tx *db.Tx) error {
		l, err := r.Stock.SaveLocation(ctx, tx, audit.System("test"), inventory.Location{Code: "main", Name: "Main", Country: "DE", Active: true})
		r.Location = l.ID
		return err
	})
	return r
}

func Each(t *testing.T, fn func(t *testing.T, r *Rig)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) { fn(t, New(t, e)) })
}

func (r *Rig) Tx(fn func(ctx context.Context, tx *db.Tx) error) {
	r.t.Helper()
	if err := r.DB.InTx(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *Rig) Goods(name string, price, units int64) string {
	r.t.Helper()
	variant := r.Variant(r.t, name, price)
	r.Tx(func(ctx context.Context, tx *db.Tx) error {
		return r.Stock.Adjust(ctx, tx, audit.System("test"), inventory.Opening, []inventory.Change{{VariantID: variant, LocationID: r.Location, Delta: units}})
	})
	return variant
}

// Fill puts units into a fresh guest's cart.
func (r *Rig) Fill(variant string, units int64) cart.Owner {
	r.t.Helper()
	var o cart.Owner
	r.Tx(func(ctx context.Context, tx *db.Tx) error {
		added, err := r.Carts.Add(ctx, tx, cart.Owner{}, variant, units, "en")
		o = cart.Owner{Token: added.Token}
		return err
	})
	return o
}

// Customer makes a bare account row and returns its id.
func (r *Rig) Customer(name string) string {
	r.t.Helper()
	id := "cus_" + name
	r.Tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO customer (id, key_id, email, email_index, name, phone, fields, password_hash, locale, created_at, updated_at, version)
			VALUES ($1, 'key', $2, $2, $2, $2, $2, '', 'en', 0, 0, 1)`, id, []byte(name))
		return err
	})
	return id
}

func (r *Rig) Bag(o cart.Owner) cart.Bag {
	r.t.Helper()
	b, err := r.Carts.Bag(r.t.Context(), r.DB, o, "en", r.Clock.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func Berlin() market.Address {
	return market.Address{Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE"}
}

// Placement is what the checkout page would send for the cart as it is now.
func (r *Rig) Placement(o cart.Owner) checkout.Placement {
	r.t.Helper()
	b := r.Bag(o)
	return checkout.Placement{
		Owner: o, Details: cart.Details{Email: "ada@example.com", Shipping: Berlin(), SameBilling: true},
		ShippingMethod: "shm_1", PaymentMethod: "house.card", ExpectedTotal: b.Quote.Total.Gross, CartVersion: b.Cart.Version, Terms: true, Lang: "en",
	}
}

func (r *Rig) OrderOf(id string) order.Order {
	r.t.Helper()
	o, err := r.Orders.Get(r.t.Context(), r.DB, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *Rig) Run() {
	r.t.Helper()
	if _, err := r.Runner.RunDue(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// WantBooks checks that nothing is unexplained: stock, and money against the
// provider's own ledger.
func (r *Rig) WantBooks(captured, refunded money.Minor) {
	r.t.Helper()
	if bad, err := r.Stock.Verify(r.t.Context(), r.DB, 10); err != nil || len(bad) > 0 {
		r.t.Errorf("stock is not explained by its ledger: %+v, %v", bad, err)
	}
	c, ref := r.Bank.Sums()
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

func (r *Rig) WantLevel(variant string, onHand, allocated, held int64) {
	r.t.Helper()
	levels, err := r.Stock.Levels(r.t.Context(), r.DB, []string{variant})
	if err != nil || len(levels) != 1 {
		r.t.Fatalf("%v, %v", levels, err)
	}
	if l := levels[0]; l.OnHand != onHand || l.Allocated != allocated || l.Held != held {
		r.t.Errorf("on hand %d, allocated %d, held %d; want %d, %d, %d", l.OnHand, l.Allocated, l.Held, onHand, allocated, held)
	}
}

func (r *Rig) Count(table string) int64 { return r.Int(r.t, `SELECT COUNT(*) FROM `+table) }
