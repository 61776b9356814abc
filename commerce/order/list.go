package order

import (
	"context"
	"errors"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// Summary is an order in a list.
type Summary struct {
	ID         string
	Number     int64
	Token      string
	CustomerID string
	Name       string // of the delivery address
	Email      string
	Country    string
	Currency   string
	Total      money.Minor
	Refunded   money.Minor
	Units      int64
	State      State
	Payment    payment.State
	Fulfilment FulfilmentState
	Return     ReturnState
	PlacedAt   time.Time
}

// PublicNumber is the number a person sees.
func (s Summary) PublicNumber() string { return PublicNumber(s.Number) }

// Filter chooses placed orders. Zero values choose all.
type Filter struct {
	State      State
	Payment    payment.State
	Fulfilment FulfilmentState
	CustomerID string
	Email      string // whole address
	Number     int64
	From, To   time.Time // placed in [From, To)
	ToShip     bool      // placed, paid or promised, with units left to ship

	// After and AfterID continue below the last row of the page before:
	// its PlacedAt and ID.
	After   time.Time
	AfterID string
	// Before and BeforeID are the first row of a page: List returns the Limit
	// rows above it, still newest first.
	Before   time.Time
	BeforeID string
	Limit    int // 1..200; 0 is 50
}

// List returns placed orders, newest first.
func (s *Service) List(ctx context.Context, q db.Q, f Filter) ([]Summary, error) {
	if f.Limit < 0 || f.Limit > 200 {
		return nil, fault.New(fault.Invalid, "form.invalid").At("limit", "form.too_large", "max", 200)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	var index []byte
	if f.Email != "" {
		index = s.EmailIndex(f.Email)
	}
	rows, err := list(ctx, q, f, index)
	if err != nil {
		return nil, err
	}
	out := make([]Summary, 0, len(rows))
	for _, r := range rows {
		var c Contact
		if err := s.vault.OpenJSON(ctx, r.keyID, "orders.contact:"+r.ID, r.contact, &c); err != nil && !errors.Is(err, privacy.ErrErased) {
			return nil, err
		}
		if r.Token, err = s.vault.OpenText(ctx, r.keyID, "orders.token:"+r.ID, r.token); err != nil && !errors.Is(err, privacy.ErrErased) {
			return nil, err
		}
		r.Name, r.Email = c.Shipping.Name, c.Email
		out = append(out, r.Summary)
	}
	return out, nil
}

// Day is one day of sales.
type Day struct {
	Day    string // "2026-11-24", the shop's calendar
	Orders int64
	Total  money.Minor // of orders placed that day and not cancelled
}

// Sales sums the orders of the shop's days from..to (both included), in one
// currency. Days without orders are absent.
func (s *Service) Sales(ctx context.Context, q db.Q, currency, from, to string) ([]Day, error) {
	return sales(ctx, q, currency, from, to)
}

// Counts are the numbers a day begins with.
type Counts struct {
	ToShip   int64 // placed orders with units left to ship
	ToReview int64 // orders whose payment a person must look at
	Unpaid   int64 // placed on a promise, money not there yet
}

// Waiting counts what waits for staff.
func (s *Service) Waiting(ctx context.Context, q db.Q) (Counts, error) { return waiting(ctx, q) }
