package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/hook"
)

// Service moves stock. Its methods join the caller's transaction.
type Service struct {
	display func() Display

	// Changed is told, in the transaction, of which variants more or fewer
	// units can be sold than before, whatever the reason: a hold, a sale that
	// was cancelled, a delivery, a policy, a location that opened.
	Changed hook.Point[Changed]
}

// Changed names variants whose sellable stock has changed in Tx.
type Changed struct {
	Tx       *db.Tx
	Variants []string // sorted
}

// New returns the service. display tells the shop's current policy.
func New(display func() Display) *Service { return &Service{display: display} }

// Display is the shop's current policy.
func (s *Service) Display() Display { return s.display() }

// Reserve holds stock for an order until the given instant: all lines or none.
// Demand is summed per variant; a hold that has run out is given back first.
// A line may be held at several locations. It fails with ShortReason, naming
// the lines and what is left, and then nothing is held.
func (s *Service) Reserve(ctx context.Context, tx *db.Tx, orderID string, demands []Demand, until time.Time) error {
	variants := trackedVariants(demands)
	if len(variants) == 0 {
		return nil
	}
	levels, err := s.lockFresh(ctx, tx, variants)
	if err != nil {
		return fmt.Errorf("lock stock: %w", err)
	}
	takings, short := plan(levels, demands)
	if len(short) > 0 {
		return s.display().Short(short, demands)
	}
	if err := s.take(ctx, tx, levels, takings, func(t taking) delta {
		return delta{variant: t.variant, location: t.location, held: t.quantity}
	}, demands); err != nil {
		return err
	}
	if err := insertHolds(ctx, tx, orderID, "held", takings, until); err != nil {
		return fmt.Errorf("hold stock: %w", err)
	}
	return nil
}

func trackedVariants(demands []Demand) []string {
	var ids []string
	for _, d := range demands {
		if d.Tracked {
			ids = append(ids, d.VariantID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lockFresh locks the levels of variants and gives back what was held too
// long, so that the levels it returns are the truth of this instant.
func (s *Service) lockFresh(ctx context.Context, tx *db.Tx, variants []string) ([]Level, error) {
	levels, err := lockLevels(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(levels, func(l Level) bool { return l.Held > 0 }) {
		return levels, nil
	}
	late, err := overdue(ctx, tx, variants, tx.Now(), 1000)
	if err != nil || len(late) == 0 {
		return levels, err
	}
	if err := s.letGo(ctx, tx, late); err != nil {
		return nil, err
	}
	err = s.logFaces(ctx, tx, levels, sum(late, func(h hold) delta {
		return delta{variant: h.variant, location: h.location, held: -h.quantity}
	}))
	if err != nil {
		return nil, err
	}
	return lockLevels(ctx, tx, variants)
}

// letGo ends holds whose rows are locked.
func (s *Service) letGo(ctx context.Context, tx *db.Tx, holds []hold) error {
	if err := setState(ctx, tx, holds, "released"); err != nil {
		return err
	}
	deltas := sum(holds, func(h hold) delta {
		return delta{variant: h.variant, location: h.location, held: -h.quantity}
	})
	return applyAll(ctx, tx, deltas, false, fmt.Errorf("inventory: not all of %d levels gave back their holds", len(deltas)))
}

// sum adds up changes per level, in id order.
func sum[T any](list []T, change func(T) delta) []delta {
	at := make(map[[2]string]int)
	var deltas []delta
	for _, item := range list {
		d := change(item)
		key := [2]string{d.variant, d.location}
		i, ok := at[key]
		if !ok {
			at[key] = len(deltas)
			deltas = append(deltas, d)
			continue
		}
		deltas[i].onHand += d.onHand
		deltas[i].allocated += d.allocated
		deltas[i].held += d.held
	}
	slices.SortFunc(deltas, func(a, b delta) int {
		return slices.Compare([]string{a.variant, a.location}, []string{b.variant, b.location})
	})
	return deltas
}

// take applies guarded changes and logs the variants whose public face
// changed by them. levels are the locked levels before.
func (s *Service) take(ctx context.Context, tx *db.Tx, levels []Level, takings []taking, change func(taking) delta, demands []Demand) error {
	deltas := sum(takings, change)
	// The levels were locked and sufficed, so nothing is short here; the
	// statement is the last word all the same.
	if err := applyAll(ctx, tx, deltas, true, s.display().Short(nil, demands)); err != nil {
		return fmt.Errorf("take stock: %w", err)
	}
	return s.logFaces(ctx, tx, levels, deltas)
}

// logFaces draws the consequences of changes of levels that were locked before.
func (s *Service) logFaces(ctx context.Context, tx *db.Tx, before []Level, deltas []delta) error {
	after := slices.Clone(before)
	for i := range after {
		l := &after[i]
		for _, d := range deltas {
			if d.variant == l.VariantID && d.location == l.LocationID {
				l.OnHand += d.onHand
				l.Allocated += d.allocated
				l.Held += d.held
			}
		}
	}
	return s.faces(ctx, tx, before, after)
}

// faces appends a change for each variant that the public now sees
// differently, and runs Changed for those of which more or fewer can be sold.
// Levels at locations that are not active are in neither list.
func (s *Service) faces(ctx context.Context, tx *db.Tx, before, after []Level) error {
	was, is := addUp(before), addUp(after)
	var ids []string
	for _, l := range slices.Concat(before, after) {
		ids = append(ids, l.VariantID)
	}
	slices.Sort(ids)
	policy := s.display()
	var moved []string
	for _, id := range slices.Compact(ids) {
		if was[id].Sellable != is[id].Sellable {
			moved = append(moved, id)
		}
		old, now := policy.Public(was[id].counted()), policy.Public(is[id].counted())
		if old == now {
			continue
		}
		err := audit.Append(ctx, tx, audit.Change{Actor: audit.System("inventory"), Action: "stock.shown", Object: "stock", ID: id, Before: old, After: now})
		if err != nil {
			return err
		}
	}
	return s.tell(ctx, tx, moved)
}

// tell runs Changed, if anything did.
func (s *Service) tell(ctx context.Context, tx *db.Tx, variants []string) error {
	if len(variants) == 0 {
		return nil
	}
	return s.Changed.Run(ctx, Changed{tx, variants})
}

// addUp is what the levels are together, for each variant. A variant without
// levels is counted all the same: there is none of it.
func addUp(levels []Level) map[string]Stock {
	sums := make(map[string]Stock)
	for _, l := range levels {
		sum := sums[l.VariantID]
		sum.Sellable += l.Sellable()
		sum.Shelf += l.Sellable() - l.BackorderLimit
		sums[l.VariantID] = sum
	}
	return sums
}

// Extend prolongs an order's holds to until, never shortening one.
func (s *Service) Extend(ctx context.Context, tx *db.Tx, orderID string, until time.Time) error {
	return extendHolds(ctx, tx, orderID, until)
}

// Release gives back everything held for an order. A second call, and a call
// for an order that holds nothing, does nothing.
func (s *Service) Release(ctx context.Context, tx *db.Tx, orderID string) error {
	holds, err := holdsOf(ctx, tx, orderID, "held")
	if err != nil || len(holds) == 0 {
		return err
	}
	levels, err := lockLevels(ctx, tx, variantsOf(holds))
	if err != nil {
		return err
	}
	// Look again under the lock: a sweep may have been first.
	if holds, err = holdsOf(ctx, tx, orderID, "held"); err != nil || len(holds) == 0 {
		return err
	}
	if err := s.letGo(ctx, tx, holds); err != nil {
		return err
	}
	return s.logFaces(ctx, tx, levels, sum(holds, func(h hold) delta {
		return delta{variant: h.variant, location: h.location, held: -h.quantity}
	}))
}

func variantsOf(holds []hold) []string {
	var ids []string
	for _, h := range holds {
		ids = append(ids, h.variant)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Allocate turns an order's holds into a sale: what was held is allocated and
// a movement says so. A hold that was lost meanwhile is taken anew if there is
// stock; if not, Allocate fails with ShortReason and nothing is allocated
// (rule B12). A second call does nothing.
func (s *Service) Allocate(ctx context.Context, tx *db.Tx, orderID string, demands []Demand) error {
	variants := trackedVariants(demands)
	if len(variants) == 0 {
		return nil
	}
	levels, err := lockLevels(ctx, tx, variants)
	if err != nil {
		return fmt.Errorf("lock stock: %w", err)
	}
	held, err := holdsOf(ctx, tx, orderID, "used", "held")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(held, func(h hold) bool { return h.state == "used" }) {
		return nil // allocated before
	}
	// Decide before anything is written: a caller that is told "short" may
	// commit what it does about it.
	var anew []taking
	if len(uncovered(demands, held)) > 0 {
		if levels, err = s.lockFresh(ctx, tx, variants); err != nil {
			return err
		}
		if held, err = holdsOf(ctx, tx, orderID, "held"); err != nil {
			return err
		}
		lost := uncovered(demands, held)
		var short []Shortage
		if anew, short = plan(levels, lost); len(short) > 0 {
			return s.display().Short(short, lost)
		}
	}
	if len(held) > 0 {
		if err := setState(ctx, tx, held, "used"); err != nil {
			return err
		}
		deltas := sum(held, func(h hold) delta {
			return delta{variant: h.variant, location: h.location, held: -h.quantity, allocated: h.quantity}
		})
		if err := applyAll(ctx, tx, deltas, false, changed()); err != nil {
			return err
		}
	}
	if len(anew) > 0 {
		err := s.take(ctx, tx, levels, anew, func(t taking) delta {
			return delta{variant: t.variant, location: t.location, allocated: t.quantity}
		}, demands)
		if err != nil {
			return err
		}
		if err := insertHolds(ctx, tx, orderID, "used", anew, tx.Now()); err != nil {
			return err
		}
		for _, t := range anew {
			held = append(held, hold{line: t.line, variant: t.variant, location: t.location, quantity: t.quantity})
		}
	}
	var moves []Movement
	for _, h := range held {
		moves = append(moves, Movement{VariantID: h.variant, LocationID: h.location, AllocatedDelta: h.quantity, Cause: Sale, Document: h.line, ActorKind: string(audit.KindSystem), ActorID: "checkout"})
	}
	return insertMovements(ctx, tx, moves)
}

// changed is told to who finds that somebody changed stock under them.
func changed() error { return fault.New(fault.Conflict, "inventory.changed") }

// uncovered lists what demands ask beyond what holds cover, per line.
func uncovered(demands []Demand, holds []hold) []Demand {
	have := make(map[string]int64)
	for _, h := range holds {
		have[h.line] += h.quantity
	}
	var lost []Demand
	for _, d := range demands {
		if d.Tracked && have[d.LineID] < d.Quantity {
			d.Quantity -= have[d.LineID]
			lost = append(lost, d)
		}
	}
	return lost
}

// Units names a number of units of one order line.
type Units struct {
	LineID    string
	VariantID string
	Quantity  int64 // > 0
}

// Ship takes allocated units off the shelf they were allocated at, preferring
// location; document is the shipment's id. Lines of variants that are not
// counted are passed over. It fails with "inventory.not_on_shelf" when a
// back-ordered unit has not arrived yet.
func (s *Service) Ship(ctx context.Context, tx *db.Tx, actor audit.Actor, orderID, location, document string, units []Units) error {
	return s.unallocate(ctx, tx, orderID, location, units, Shipped, document, actor, -1)
}

// Cancel gives back units that were allocated and not shipped.
func (s *Service) Cancel(ctx context.Context, tx *db.Tx, actor audit.Actor, orderID string, units []Units) error {
	return s.unallocate(ctx, tx, orderID, "", units, Cancellation, "", actor, 0)
}

// unallocate walks the order's used reservations and lowers allocated, and
// with onHand -1 also on_hand, by the units.
func (s *Service) unallocate(ctx context.Context, tx *db.Tx, orderID, prefer string, units []Units, cause Cause, document string, actor audit.Actor, onHand int64) error {
	if len(units) == 0 {
		return nil
	}
	used, err := holdsOf(ctx, tx, orderID, "used")
	if err != nil || len(used) == 0 {
		return err
	}
	slices.SortStableFunc(used, func(a, b hold) int {
		return b2i(b.location == prefer) - b2i(a.location == prefer)
	})
	var parts []hold
	for _, u := range units {
		need := u.Quantity
		for i := range used {
			if used[i].line != u.LineID || need == 0 {
				continue
			}
			n := min(need, used[i].quantity)
			if n == 0 {
				continue
			}
			used[i].quantity -= n
			need -= n
			parts = append(parts, hold{used[i].id, u.LineID, used[i].variant, used[i].location, n, used[i].state})
		}
	}
	if len(parts) == 0 {
		return nil
	}
	levels, err := lockLevels(ctx, tx, variantsOf(parts))
	if err != nil {
		return err
	}
	deltas := sum(parts, func(h hold) delta {
		return delta{variant: h.variant, location: h.location, allocated: -h.quantity, onHand: onHand * h.quantity}
	})
	n, err := apply(ctx, tx, deltas)
	if err != nil {
		return err
	}
	if n != int64(len(deltas)) {
		return fault.New(fault.Conflict, "inventory.not_on_shelf")
	}
	if err := lowerUsed(ctx, tx, parts); err != nil {
		return err
	}
	var moves []Movement
	for _, p := range parts {
		doc := document
		if doc == "" {
			doc = p.line
		}
		moves = append(moves, Movement{VariantID: p.variant, LocationID: p.location, AllocatedDelta: -p.quantity, OnHandDelta: onHand * p.quantity, Cause: cause, Document: doc, ActorKind: string(actor.Kind), ActorID: actor.ID})
	}
	if err := insertMovements(ctx, tx, moves); err != nil {
		return err
	}
	return s.logFaces(ctx, tx, levels, deltas)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Return puts shipped units back on the shelf of a location. The caller has
// made sure that each unit returns once (rule B13). Variants that are not
// counted must not be among units.
func (s *Service) Return(ctx context.Context, tx *db.Tx, actor audit.Actor, location string, units []Units) error {
	var changes []Change
	for _, u := range units {
		changes = append(changes, Change{VariantID: u.VariantID, LocationID: location, Delta: u.Quantity, Document: u.LineID})
	}
	return s.Adjust(ctx, tx, actor, Return, changes)
}

// Change is a correction of what is on hand.
type Change struct {
	VariantID  string
	LocationID string
	Delta      int64 // ≠ 0
	Document   string
	Note       string // why, in the words of staff
}

// Adjust changes what is on hand, relative to what is there, and records why.
// It fails at "quantity" with "inventory.below_zero" when more would leave than
// there is, and when more would be there than MaxQuantity, and then nothing
// changes. A level that does not exist yet is made.
func (s *Service) Adjust(ctx context.Context, tx *db.Tx, actor audit.Actor, cause Cause, changes []Change) error {
	var keys [][2]string
	var ids []string
	var moves []Movement
	for _, c := range changes {
		if c.Delta == 0 {
			continue
		}
		if c.Delta > MaxQuantity || c.Delta < -MaxQuantity {
			return fault.New(fault.Invalid, "form.invalid").At("quantity", "form.too_large", "max", MaxQuantity)
		}
		keys = append(keys, [2]string{c.VariantID, c.LocationID})
		ids = append(ids, c.VariantID)
		moves = append(moves, Movement{VariantID: c.VariantID, LocationID: c.LocationID, OnHandDelta: c.Delta, Cause: cause, Document: c.Document, Note: c.Note, ActorKind: string(actor.Kind), ActorID: actor.ID})
	}
	if len(moves) == 0 {
		return nil
	}
	if err := ensureLevels(ctx, tx, keys); err != nil {
		return fmt.Errorf("make stock levels: %w", err)
	}
	slices.Sort(ids)
	levels, err := lockLevels(ctx, tx, slices.Compact(ids))
	if err != nil {
		return err
	}
	deltas := sum(moves, func(m Movement) delta {
		return delta{variant: m.VariantID, location: m.LocationID, onHand: m.OnHandDelta}
	})
	n, err := apply(ctx, tx, deltas)
	if err != nil {
		return fmt.Errorf("adjust stock: %w", err)
	}
	if n != int64(len(deltas)) {
		if !slices.ContainsFunc(deltas, func(d delta) bool { return d.onHand < 0 }) {
			return fault.New(fault.Invalid, "form.invalid").At("quantity", "form.too_large", "max", MaxQuantity)
		}
		return fault.New(fault.Conflict, "inventory.below_zero").At("quantity", "inventory.below_zero")
	}
	if err := insertMovements(ctx, tx, moves); err != nil {
		return fmt.Errorf("record movements: %w", err)
	}
	return s.logFaces(ctx, tx, levels, deltas)
}

// SetPolicy sets what is kept back and how many may be sold beyond what is
// there. Both are 0..MaxQuantity.
func (s *Service) SetPolicy(ctx context.Context, tx *db.Tx, actor audit.Actor, variantID, locationID string, safety, backorder int64) error {
	var form fault.Form
	if safety < 0 || safety > MaxQuantity {
		form.Add("safety", "form.too_large", "max", MaxQuantity)
	}
	if backorder < 0 || backorder > MaxQuantity {
		form.Add("backorder_limit", "form.too_large", "max", MaxQuantity)
	}
	if err := form.Err(); err != nil {
		return err
	}
	if err := ensureLevels(ctx, tx, [][2]string{{variantID, locationID}}); err != nil {
		return err
	}
	levels, err := lockLevels(ctx, tx, []string{variantID})
	if err != nil {
		return err
	}
	after := slices.Clone(levels)
	for i := range after {
		l := &after[i]
		if l.LocationID != locationID {
			continue
		}
		if l.Safety == safety && l.BackorderLimit == backorder {
			return nil
		}
		l.Safety, l.BackorderLimit = safety, backorder
	}
	if err := setPolicy(ctx, tx, variantID, locationID, safety, backorder); err != nil {
		return err
	}
	err = audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "stock.policy", Object: "stock", ID: variantID, After: map[string]any{"location": locationID, "safety": safety, "backorder_limit": backorder}})
	if err != nil {
		return err
	}
	return s.faces(ctx, tx, levels, after)
}

// SweepOverdue gives back holds that have run out, some hundred at a time, and
// returns how many. It is housekeeping: availability never counts them.
func (s *Service) SweepOverdue(ctx context.Context, d *db.DB) (int, error) {
	n := 0
	err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n = 0
		variants, err := overdueVariants(ctx, tx, tx.Now(), 200)
		if err != nil || len(variants) == 0 {
			return err
		}
		levels, err := lockLevels(ctx, tx, variants)
		if err != nil {
			return err
		}
		late, err := overdue(ctx, tx, variants, tx.Now(), 1000)
		if err != nil || len(late) == 0 {
			return err
		}
		n = len(late)
		if err := s.letGo(ctx, tx, late); err != nil {
			return err
		}
		return s.logFaces(ctx, tx, levels, sum(late, func(h hold) delta {
			return delta{variant: h.variant, location: h.location, held: -h.quantity}
		}))
	})
	return n, err
}

// Of returns the stock of variants now. Unknown ids are absent.
func (s *Service) Of(ctx context.Context, q db.Q, variants []string, now time.Time) (map[string]Stock, error) {
	if len(variants) == 0 {
		return map[string]Stock{}, nil
	}
	return stockOf(ctx, q, variants, now)
}

// Levels lists the levels of variants at every location.
func (s *Service) Levels(ctx context.Context, q db.Q, variants []string) ([]Level, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	return levelsOf(ctx, q, variants)
}

// Movements lists a variant's ledger, newest first, from below the id before
// ("" for the newest).
func (s *Service) Movements(ctx context.Context, q db.Q, variantID, before string, limit int) ([]Movement, error) {
	return movementsOf(ctx, q, variantID, before, limit)
}

// Locations lists all locations in order of position.
func (s *Service) Locations(ctx context.Context, q db.Q) ([]Location, error) {
	return locations(ctx, q)
}

// SaveLocation makes a location, or changes the one whose id and version are
// given; "version.changed" when somebody else was faster.
func (s *Service) SaveLocation(ctx context.Context, tx *db.Tx, actor audit.Actor, l Location) (Location, error) {
	var form fault.Form
	if l.Name == "" {
		form.Add("name", "form.required")
	}
	if l.Code == "" {
		form.Add("code", "form.required")
	}
	if len(l.Country) != 2 {
		form.Add("country", "form.not_a_choice")
	}
	if err := form.Err(); err != nil {
		return l, err
	}
	if l.ID == "" {
		l.ID, l.Version = tx.NewID("loc"), 1
		if err := insertLocation(ctx, tx, l); err != nil {
			return l, fmt.Errorf("insert location: %w", err)
		}
	} else if err := s.changeLocation(ctx, tx, l); err != nil {
		return l, err
	} else {
		l.Version++
	}
	return l, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "location.saved", Object: "settings", ID: l.ID, After: l})
}

// changeLocation writes a location. One that opens or closes changes what can
// be sold of all it keeps.
func (s *Service) changeLocation(ctx context.Context, tx *db.Tx, l Location) error {
	kept, err := keptAt(ctx, tx, l.ID, l.Active)
	if err != nil {
		return err
	}
	before, err := lockMany(ctx, tx, kept)
	if err != nil {
		return err
	}
	n, err := updateLocation(ctx, tx, l)
	if err != nil {
		return fmt.Errorf("update location: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "version.changed")
	}
	after, err := lockMany(ctx, tx, kept)
	if err != nil {
		return err
	}
	return s.faces(ctx, tx, before, after)
}

// Verify compares every level with its ledger and returns those that differ,
// at most limit.
func (s *Service) Verify(ctx context.Context, q db.Q, limit int) ([]Discrepancy, error) {
	return discrepancies(ctx, q, limit)
}
