package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/job"
)

// books are what the outside knows: what shoppers agreed to and were told, what
// staff did and were told. Together with the bank's ledger and the mail server
// they are the oracle; nothing in them comes from the shop's tables.
type books struct {
	agreed    map[string]map[money.Minor]bool // totals a cart's owner said yes to
	acked     map[string]string               // order → cart token
	changes   map[string]change
	shipments []string
	cancels   []string
	refunds   []string
	problems  []Violation
}

type change struct {
	goods int
	delta int64
	acked bool
}

// Violation is a promise that was broken.
type Violation struct {
	Invariant string
	Detail    string
}

func newBooks() *books {
	return &books{agreed: make(map[string]map[money.Minor]bool), acked: make(map[string]string), changes: make(map[string]change)}
}

func (b *books) agree(token string, total money.Minor) {
	if b.agreed[token] == nil {
		b.agreed[token] = make(map[money.Minor]bool)
	}
	b.agreed[token][total] = true
}

func (b *books) acknowledge(orderID, token string) { b.acked[orderID] = token }

func (b *books) adjusting(document string, goods int, delta int64) {
	b.changes[document] = change{goods, delta, false}
}

func (b *books) adjusted(document string) {
	c := b.changes[document]
	c.acked = true
	b.changes[document] = c
}

func (b *books) shipped(id string)   { b.shipments = append(b.shipments, id) }
func (b *books) cancelled(id string) { b.cancels = append(b.cancels, id) }
func (b *books) refunded(id string)  { b.refunds = append(b.refunds, id) }

func (b *books) complain(invariant, format string, args ...any) {
	b.problems = append(b.problems, Violation{invariant, fmt.Sprintf(format, args...)})
}

// audit compares the shop, at rest, with the books, the bank and the mail
// server.
func (r *run) audit(ctx context.Context) error {
	n := r.nodes[0]
	ids, err := orderIDs(ctx, r.db)
	if err != nil {
		return err
	}
	var orders []order.Order
	for _, id := range ids {
		o, err := n.orders.Get(ctx, r.db, id)
		if err != nil {
			return err
		}
		orders = append(orders, o)
	}
	for _, check := range []func(context.Context, []order.Order) error{r.auditStock, r.auditOrders, r.auditMoney, r.auditWork} {
		if err := check(ctx, orders); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) auditStock(ctx context.Context, orders []order.Order) error {
	n := r.nodes[0]
	bad, err := n.stock.Verify(ctx, r.db, 10)
	if err != nil {
		return err
	}
	for _, d := range bad {
		r.books.complain("stock is what its ledger says", "%+v", d)
	}
	present, err := movements(ctx, r.db, "adjustment")
	if err != nil {
		return err
	}
	waiting, err := sold(ctx, r.db)
	if err != nil {
		return err
	}
	var supply, lost, open, shipped, back [goods]int64
	for i := range goods {
		supply[i] = r.opening[i]
	}
	for _, document := range slices.Sorted(maps.Keys(r.books.changes)) {
		c := r.books.changes[document]
		switch got := present[document]; {
		case got > 1:
			r.books.complain("a change of stock happens once", "%s happened %d times", document, got)
		case c.acked && got == 0:
			r.books.complain("an acknowledged change of stock is kept", "%s is gone", document)
		case got == 1:
			supply[c.goods] += c.delta
			lost[c.goods] += max(-c.delta, 0)
		}
	}
	for _, o := range orders {
		if o.State != order.Placed && o.State != order.Cancelled {
			continue
		}
		for _, l := range o.Lines {
			i := slices.Index(r.site.variant[:], l.VariantID)
			if o.CancelReason == order.OutOfStock { // paid when nothing was left: never sold, never came back
				if l.Shipped != 0 || l.Restocked != 0 || l.Open() != 0 {
					r.books.complain("a unit is shipped, cancelled, refunded and restocked once", "order %s was never sold: %+v", o.PublicNumber(), l)
				}
				continue
			}
			if waiting[l.ID] != l.Open() {
				r.books.complain("reservations say what orders still wait for", "order %s: %d reserved, %d open", o.PublicNumber(), waiting[l.ID], l.Open())
			}
			open[i] += l.Open()
			shipped[i] += l.Shipped
			back[i] += l.Restocked - l.Cancelled
			if l.Restocked < l.Cancelled || l.Restocked > l.Quantity || l.Shipped+l.Cancelled > l.Quantity || l.Refunded > l.Quantity || l.Refunded < 0 {
				r.books.complain("a unit is shipped, cancelled, refunded and restocked once", "order %s: %+v", o.PublicNumber(), l)
			}
		}
	}
	levels, err := n.stock.Levels(ctx, r.db, r.site.variant[:])
	if err != nil {
		return err
	}
	for _, l := range levels {
		i := slices.Index(r.site.variant[:], l.VariantID)
		if l.OnHand < 0 || l.Allocated > l.OnHand+lost[i] { // staff may find that sold goods are broken
			r.books.complain("nothing is oversold", "thing %d: %d on the shelf, %d sold", i, l.OnHand, l.Allocated)
		}
		if l.Allocated != open[i] {
			r.books.complain("what is sold is what orders still wait for", "thing %d: %d allocated, %d open", i, l.Allocated, open[i])
		}
		if want := supply[i] - shipped[i] + back[i]; l.OnHand != want {
			r.books.complain("the shelf holds what came in and did not go out", "thing %d: %d on the shelf, want %d", i, l.OnHand, want)
		}
		if l.Held != 0 {
			r.books.complain("nothing is held for ever", "thing %d: %d held", i, l.Held)
		}
	}
	still, err := held(ctx, r.db)
	if err == nil && still > 0 {
		r.books.complain("nothing is held for ever", "%d reservations", still)
	}
	return err
}

func (r *run) auditOrders(ctx context.Context, orders []order.Order) error {
	n := r.nodes[0]
	byID := make(map[string]order.Order)
	numbers := make(map[int64]bool)
	carts := make(map[string]string)
	for _, o := range orders {
		byID[o.ID] = o
		if other := carts[o.CartID]; other != "" && o.CartID != "" {
			r.books.complain("a cart is ordered once", "orders %s and %s", other, o.ID)
		}
		carts[o.CartID] = o.ID
		if o.State == order.Draft {
			r.books.complain("no order is left half done", "order %s is a draft, its payment %s", o.ID, o.Payment)
		}
		if o.Number > 0 {
			if numbers[o.Number] {
				r.books.complain("order numbers are unique", "%d twice", o.Number)
			}
			numbers[o.Number] = true
		}
		again := o
		again.Lines = slices.Clone(o.Lines)
		again.Derive()
		if again.Payment != o.Payment || again.Fulfilment != o.Fulfilment || again.Return != o.Return || again.Captured != o.Captured || again.State != o.State {
			r.books.complain("states follow from what happened", "order %s: %s %s %s, derived %s %s %s", o.ID, o.Payment, o.Fulfilment, o.Return, again.Payment, again.Fulfilment, again.Return)
		}
		var sum money.Minor
		for _, l := range o.Lines {
			sum += l.Total.Gross
		}
		if sum+o.Shipping != o.Total {
			r.books.complain("a total is the sum of its parts", "order %s: %d + %d is not %d", o.ID, sum, o.Shipping, o.Total)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.books.acked)) {
		o, ok := byID[id]
		if !ok || (o.State != order.Placed && o.State != order.Cancelled) {
			r.books.complain("an acknowledged order is kept", "order %s is %q", id, o.State)
			continue
		}
		if !r.books.agreed[r.books.acked[id]][o.Total] {
			r.books.complain("nobody pays what they did not agree to", "order %s costs %d", id, o.Total)
		}
	}
	for _, id := range r.books.cancels {
		for _, l := range byID[id].Lines {
			if l.Open() > 0 {
				r.books.complain("an acknowledged cancellation is kept", "order %s still has %d open", id, l.Open())
			}
		}
	}
	parcels, refunds := make(map[string]bool), make(map[string]bool)
	for _, o := range orders {
		list, err := n.orders.Shipments(ctx, r.db, o.ID)
		if err != nil {
			return err
		}
		units := make(map[string]int64)
		for _, sh := range list {
			parcels[sh.ID] = true
			for _, l := range sh.Lines {
				units[l.LineID] += l.Quantity
			}
		}
		for _, l := range o.Lines {
			if units[l.ID] != l.Shipped {
				r.books.complain("parcels hold what was shipped", "order %s: %d in parcels, %d shipped", o.ID, units[l.ID], l.Shipped)
			}
		}
		back, err := n.orders.Refunds(ctx, r.db, o.ID)
		if err != nil {
			return err
		}
		for _, ref := range back {
			refunds[ref.ID] = true
		}
	}
	for _, id := range r.books.shipments {
		if !parcels[id] {
			r.books.complain("an acknowledged parcel is kept", "%s is gone", id)
		}
	}
	for _, id := range r.books.refunds {
		if !refunds[id] {
			r.books.complain("an acknowledged refund is kept", "%s is gone", id)
		}
	}
	return nil
}

func (r *run) auditMoney(ctx context.Context, orders []order.Order) error {
	n := r.nodes[0]
	ledger, err := tallies(ctx, r.db)
	if err != nil {
		return err
	}
	ours := make(map[string]bool)
	for _, o := range orders {
		var attempts []string
		full := 0
		for _, a := range o.Attempts {
			ours[a.ID] = true
			attempts = append(attempts, a.ID)
			f := r.bank.facts[a.ID]
			if t := ledger[a.ID]; t.captured != f.Captured || t.refunded != f.Refunded || t.voided != f.Voided {
				r.books.complain("the money ledger is the bank's", "attempt %s: %+v here, %d %d %d there", a.ID, t, f.Captured, f.Refunded, f.Voided)
			}
			if f.Captured > o.Total || (f.Amount != 0 && f.Amount != a.Amount) {
				r.books.complain("nobody is charged more than the total", "attempt %s took %d of %d", a.ID, f.Captured, o.Total)
			}
			if f.Secured() > 0 {
				full++
			}
		}
		if full > 1 {
			r.books.complain("an order is paid once", "order %s has money of %d attempts", o.ID, full)
		}
		captured, refunded, held := r.bank.of(attempts)
		list, err := n.orders.Refunds(ctx, r.db, o.ID)
		if err != nil {
			return err
		}
		var asked money.Minor
		for _, ref := range list {
			switch ref.State {
			case order.RefundDone:
				asked += ref.Amount
			case order.RefundPending:
				r.books.complain("every refund ends", "refund %s is pending", ref.ID)
			}
		}
		switch o.State {
		case order.Placed:
			if captured-refunded+held != o.Total-asked {
				r.books.complain("the shop keeps the total less what was refunded", "order %s, payments %v: %d of %d, %d refunded", o.ID, r.bank.names(attempts), captured-refunded+held, o.Total, asked)
			}
		case order.Draft, order.Expired:
			if captured-refunded+held != 0 {
				r.books.complain("no money without an order", "order %s is %s and holds %d", o.ID, o.State, captured-refunded+held)
			}
		case order.Cancelled:
			if kept := captured - refunded + held; kept < 0 || (kept > 0 && !r.keeps(o, asked, kept)) {
				r.books.complain("no money without goods", "order %s is cancelled and holds %d", o.ID, kept)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.bank.facts)) {
		if !ours[id] && r.bank.facts[id].Secured() > 0 {
			r.books.complain("no money without an order", "attempt %s belongs to none", id)
		}
	}
	return nil
}

// keeps reports whether a cancelled order may keep money: what staff refunded
// by hand before they cancelled leaves the delivery's price, which is theirs to
// give back.
func (r *run) keeps(o order.Order, asked, kept money.Minor) bool {
	return asked > 0 && kept <= o.Shipping && asked+kept == o.Total
}

func (r *run) auditWork(ctx context.Context, orders []order.Order) error {
	dead, err := job.DeadJobs(ctx, r.db, 10)
	if err != nil {
		return err
	}
	for _, d := range dead {
		r.books.complain("no work is given up", "%s %s: %s", d.Kind, d.Args, d.Error)
	}
	written, err := letters(ctx, r.db)
	if err != nil {
		return err
	}
	want := make(map[string]bool)
	for _, o := range orders {
		if o.Number > 0 {
			want["placed:"+o.ID] = true
		}
		if o.State == order.Cancelled {
			want["cancelled:"+o.ID] = true
		}
		list, err := r.nodes[0].orders.Shipments(ctx, r.db, o.ID)
		if err != nil {
			return err
		}
		for _, sh := range list {
			want["shipped:"+sh.ID] = true
		}
		back, err := r.nodes[0].orders.Refunds(ctx, r.db, o.ID)
		if err != nil {
			return err
		}
		for _, ref := range back {
			if ref.State == order.RefundDone {
				want["refunded:"+ref.ID] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if written[key] != "sent" {
			r.books.complain("everybody is told", "letter %s is %q", key, written[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(written)) {
		if !want[key] {
			r.books.complain("nobody is told what did not happen", "letter %s", key)
		}
	}
	if len(r.post.taken) != len(written) {
		r.books.complain("every letter arrives once", "%d letters arrived, %d were written", len(r.post.taken), len(written))
	}
	return nil
}
