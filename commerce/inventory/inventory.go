// Package inventory knows what is where and promises each unit once.
//
// Per variant and location there are units on hand; of these some are
// allocated (sold, not yet shipped) and some are held for shoppers who are
// paying now. On hand and allocated are the sums of append-only movements;
// held is the sum of the reservations in state "held". A hold that has run
// out counts for nothing from that instant on, whether or not somebody has
// swept it up (rule B12).
package inventory

import (
	"cmp"
	"slices"
	"time"

	"github.com/stoashop/stoa/kit/fault"
)

// MaxQuantity bounds every count of units.
const MaxQuantity = 1_000_000_000

// Location is a place that keeps stock.
type Location struct {
	ID       string
	Code     string // unique, for imports
	Name     string
	Country  string // ISO 3166 alpha-2
	Position int64  // stock is taken from the lowest first
	Active   bool
	Version  int64
}

// Level is the stock of one variant at one location, in units ≥ 0.
type Level struct {
	VariantID      string
	LocationID     string
	OnHand         int64 // on the shelf
	Allocated      int64 // sold and not yet shipped; may exceed OnHand by what is on back-order
	Held           int64 // promised to shoppers who are paying now
	Safety         int64 // kept back
	BackorderLimit int64 // how many may be sold beyond what is there
	UpdatedAt      time.Time
}

// Sellable is how many more may be promised; it may be negative.
func (l Level) Sellable() int64 {
	return l.OnHand - l.Allocated - l.Held - l.Safety + l.BackorderLimit
}

// Movement is one entry of the stock ledger.
type Movement struct {
	ID             string
	VariantID      string
	LocationID     string
	OnHandDelta    int64
	AllocatedDelta int64
	Cause          Cause
	Document       string // order line, shipment or import run
	Note           string
	ActorKind      string
	ActorID        string
	At             time.Time
}

// Cause says why stock moved.
type Cause string

// The causes.
const (
	Opening      Cause = "opening"
	Adjustment   Cause = "adjustment" // by staff, with a reason
	Count        Cause = "count"      // a stock-take
	Import       Cause = "import"
	Sale         Cause = "sale"         // allocated at placement
	Shipped      Cause = "shipment"     // left the shelf
	Cancellation Cause = "cancellation" // allocated no more
	Return       Cause = "return"       // back on the shelf
)

// Demand asks for units of a variant on behalf of an order line.
type Demand struct {
	LineID    string
	VariantID string
	Quantity  int64 // > 0
	Tracked   bool  // false: the shop does not count this variant, it is always there
}

// Display is the shop's policy of what the public may learn of stock levels.
type Display struct {
	Mode string // "exact", "few" or "hidden"
	Few  int64  // "few": from this many down the shop says that few are left
}

// State is what the public learns of a variant's stock.
type State string

// The states.
const (
	InStock     State = "in_stock"
	FewLeft     State = "few_left"
	OnBackorder State = "backorder" // sellable, but not on the shelf now
	SoldOut     State = "sold_out"
)

// Availability is the public face of a stock level.
type Availability struct {
	State State
	Count int64 // units left under "exact", else 0
}

// CanBuy reports whether at least one unit may be sold.
func (a Availability) CanBuy() bool { return a.State != SoldOut }

// Stock is a variant's stock summed over the active locations.
type Stock struct {
	Tracked  bool
	Sellable int64 // holds that have run out are given back
	Shelf    int64 // sellable without back-orders
}

// counted marks a stock that was added up from levels.
func (s Stock) counted() Stock {
	s.Tracked = true
	return s
}

// Public applies the policy. It never shows a level the policy hides.
func (d Display) Public(s Stock) Availability {
	switch {
	case !s.Tracked:
		return Availability{State: InStock}
	case s.Sellable <= 0:
		return Availability{State: SoldOut}
	case s.Shelf <= 0:
		return Availability{State: OnBackorder}
	case d.Mode == "exact":
		return Availability{State: InStock, Count: s.Shelf}
	case d.Mode == "few" && s.Shelf <= d.Few:
		return Availability{State: FewLeft}
	}
	return Availability{State: InStock}
}

// Ceiling is how many units of a variant a bag may hold, 0 when it is sold
// out. Whoever is refused more learns nothing that Public does not show: what
// is left under "exact", and under "few" that few are left, not how many. Where
// the level is hidden a bag holds any quantity, and what is not there is
// refused by Reserve only.
func (d Display) Ceiling(s Stock) int64 {
	switch {
	case !s.Tracked:
		return MaxQuantity
	case s.Sellable <= 0:
		return 0
	case d.Mode == "exact":
		return s.Sellable
	case d.Public(s).State == FewLeft && s.Sellable == s.Shelf: // and no back-orders
		return d.Few
	}
	return MaxQuantity
}

// Shortage is one variant of which there is not enough.
type Shortage struct {
	VariantID string
	Wanted    int64
	Left      int64 // ≥ 0
}

// ShortReason is the reason of the fault Short returns.
const ShortReason = "inventory.short"

// Short is the Conflict that Reserve fails with. Its fields name the demands'
// lines ("lines.<line id>"). The number that is left is told under "exact"
// only: nobody learns a hidden level by asking for too much.
func (d Display) Short(shortages []Shortage, demands []Demand) *fault.Error {
	f := fault.New(fault.Conflict, ShortReason)
	for _, s := range shortages {
		for _, demand := range demands {
			if demand.VariantID == s.VariantID {
				reason, params := d.Lack(s.Left)
				f.At("lines."+demand.LineID, reason, params...)
			}
		}
	}
	return f
}

// Lack is the reason, with its parameters, for a quantity beyond what is left.
func (d Display) Lack(left int64) (reason string, params []any) {
	switch {
	case left <= 0:
		return "inventory.sold_out", nil
	case d.Mode == "exact":
		return "inventory.only_left", []any{"count", left}
	}
	return "inventory.not_enough", nil
}

// taking is a number of units taken from one level for one line.
type taking struct {
	line     string
	variant  string
	location string
	quantity int64
}

// plan decides which location gives how much for each demand: demand is summed
// per variant by walking the lines over the same dwindling levels (rule B11).
// A location that can serve a line alone is preferred; otherwise it is split,
// in order of position. levels must be sorted by location position.
func plan(levels []Level, demands []Demand) (takings []taking, short []Shortage) {
	left := make(map[string][]Level)
	for _, l := range levels {
		left[l.VariantID] = append(left[l.VariantID], l)
	}
	wanted := make(map[string]int64)
	missing := make(map[string]bool)
	for _, d := range demands {
		if !d.Tracked {
			continue
		}
		wanted[d.VariantID] += d.Quantity
		own := left[d.VariantID]
		alone := slices.IndexFunc(own, func(l Level) bool { return l.Sellable() >= d.Quantity })
		if alone >= 0 {
			own[alone].Held += d.Quantity
			takings = append(takings, taking{d.LineID, d.VariantID, own[alone].LocationID, d.Quantity})
			continue
		}
		need := d.Quantity
		for i := range own {
			if n := min(need, own[i].Sellable()); n > 0 {
				own[i].Held += n
				need -= n
				takings = append(takings, taking{d.LineID, d.VariantID, own[i].LocationID, n})
			}
		}
		if need > 0 {
			missing[d.VariantID] = true
		}
	}
	for variant := range missing {
		var there int64
		for _, l := range levels {
			if l.VariantID == variant {
				there += max(l.Sellable(), 0)
			}
		}
		short = append(short, Shortage{variant, wanted[variant], there})
	}
	slices.SortFunc(short, func(a, b Shortage) int { return cmp.Compare(a.VariantID, b.VariantID) })
	return takings, short
}
