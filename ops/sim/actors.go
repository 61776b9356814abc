package sim

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// shopper is somebody with a cart. What they know outlives the shop's crashes:
// they come back and try again.
type shopper struct {
	r      *run
	name   string
	owner  cart.Owner
	filled bool
	ended  bool // placed, or given up
	tries  int
}

// visit goes on from where the shopper stands.
func (p *shopper) visit(ctx context.Context, a *actor) {
	r := p.r
	for p.tries < 6 && !p.ended && !a.dead {
		if r.pause(ctx, p.name+" looks") != nil {
			return
		}
		n := r.anyNode()
		if !p.filled {
			p.fill(ctx, n)
			continue
		}
		p.tries++
		bag, err := n.carts.Bag(ctx, r.db, p.owner, "en", r.db.Now())
		if err != nil {
			continue
		}
		if bag.Cart.ID == "" && p.tries > 1 { // ordered by a click whose answer was lost
			p.look(ctx, a, n, p.place(ctx, a, n, p.placement(bag)))
			continue
		}
		if len(bag.Sold()) == 0 {
			p.ended = true
			return
		}
		for _, problem := range bag.Problems { // not enough any more: take what there is
			if problem.Blocks && !a.dead {
				p.less(ctx, n, problem.LineID)
			}
		}
		placement := p.placement(bag)
		if r.rng.IntN(4) == 0 {
			r.twin(ctx, p, placement)
		}
		p.look(ctx, a, n, p.place(ctx, a, n, placement))
	}
}

func (p *shopper) fill(ctx context.Context, n *node) {
	variant := p.r.site.variant[p.r.rng.IntN(goods)]
	units := int64(1 + p.r.rng.IntN(3))
	err := p.r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		added, err := n.carts.Add(ctx, tx, p.owner, variant, units, "en")
		if added.Token != "" {
			p.owner.Token = added.Token
		}
		return err
	})
	p.tries++
	if err == nil && p.r.rng.IntN(3) > 0 {
		p.filled = true
		p.tries = 0
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		p.filled = p.owner.Token != ""
	}
}

func (p *shopper) less(ctx context.Context, n *node, line string) {
	_ = p.r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return n.carts.SetQuantity(ctx, tx, p.owner, line, 1, "en")
	})
}

func (p *shopper) placement(bag cart.Bag) checkout.Placement {
	return checkout.Placement{
		Owner: p.owner,
		Details: cart.Details{Email: p.name + "@example.com", SameBilling: true, Shipping: market.Address{
			Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE",
		}},
		ShippingMethod: p.r.site.method, PaymentMethod: "bank.card", ExpectedTotal: bag.Quote.Total.Gross, CartVersion: bag.Cart.Version,
		Terms: true, Lang: "en", Client: checkout.Client{IP: p.r.address(p.name)},
	}
}

// place asks for the order and notes what was agreed to and what was answered.
func (p *shopper) place(ctx context.Context, a *actor, n *node, placement checkout.Placement) checkout.Outcome {
	p.r.books.agree(p.owner.Token, placement.ExpectedTotal)
	a.placing = true
	out, err := n.checkout.Place(ctx, placement)
	a.placing = false
	if err != nil {
		return checkout.Outcome{}
	}
	if out.State == order.Placed && !a.dead {
		p.r.books.acknowledge(out.OrderID, p.owner.Token)
	}
	return out
}

// look draws the shopper's conclusions from an answer.
func (p *shopper) look(ctx context.Context, a *actor, n *node, out checkout.Outcome) {
	switch {
	case a.dead || out.OrderID == "":
	case out.State == order.Placed || out.State == order.Cancelled:
		p.ended = true
	case out.ContinueURL != "":
		attempt := out.ContinueURL[len("https://bank.example/"):]
		if p.r.pause(ctx, p.name+" at the bank") != nil {
			return
		}
		p.r.bank.shopperAt(attempt)
		if p.r.rng.IntN(4) == 0 {
			p.ended = p.r.rng.IntN(2) == 0 // never comes back; the messages must do
			return
		}
		o, err := n.checkout.Returned(ctx, attempt)
		if err == nil && !a.dead && o.State == order.Placed {
			p.r.books.acknowledge(o.ID, p.owner.Token)
			p.ended = true
		}
	case out.State == order.Draft && p.r.rng.IntN(3) == 0:
		p.ended = true // declined, and gives up
	}
}

// address is a shopper's own, so that the payment budget sees many people.
func (r *run) address(name string) netip.Addr {
	var b [4]byte
	copy(b[:], name)
	return netip.AddrFrom4([4]byte{81, b[1], b[2], b[3]})
}

// twin sends the same order a second time, at once: a double click.
func (r *run) twin(ctx context.Context, p *shopper, placement checkout.Placement) {
	r.twins++
	r.s.spawn(context.WithoutCancel(ctx), fmt.Sprintf("%s's second click %d", p.name, r.twins), func(ctx context.Context, a *actor) {
		p.place(ctx, a, r.anyNode(), placement)
	})
}

// staff does what members of staff do, at random.
func (r *run) staff(ctx context.Context, a *actor) {
	for range 3 + r.rng.IntN(6) {
		if a.dead || r.pause(ctx, "staff") != nil {
			return
		}
		n := r.anyNode()
		switch r.rng.IntN(8) {
		case 0, 1:
			r.restock(ctx, a, n)
		case 2:
			r.reprice(ctx)
		default:
			r.tend(ctx, a, n)
		}
	}
}

func (r *run) restock(ctx context.Context, a *actor, n *node) {
	r.clicks++
	document := fmt.Sprintf("click_%d", r.clicks)
	i := r.rng.IntN(goods)
	delta := int64(r.rng.IntN(5) - 1)
	if delta == 0 {
		delta = -2
	}
	r.books.adjusting(document, i, delta)
	err := r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return n.stock.Adjust(ctx, tx, system, inventory.Adjustment, []inventory.Change{{VariantID: r.site.variant[i], LocationID: r.site.place, Delta: delta, Document: document}})
	})
	if err == nil && !a.dead {
		r.books.adjusted(document)
	}
}

func (r *run) reprice(ctx context.Context) {
	i := r.rng.IntN(goods)
	price := basePrice(i) + money.Minor(r.rng.IntN(500))
	_ = r.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return r.site.catalog.SetPrices(ctx, tx, system, []catalog.VariantPrice{{VariantID: r.site.variant[i], ListID: r.site.list, Amount: price}})
	})
}

// tend ships, cancels or refunds an order.
func (r *run) tend(ctx context.Context, a *actor, n *node) {
	ids, err := orderIDs(ctx, r.db)
	if err != nil || len(ids) == 0 {
		return
	}
	id := ids[r.rng.IntN(len(ids))]
	o, err := n.orders.Get(ctx, r.db, id)
	if err != nil || o.State == order.Draft || o.State == order.Expired {
		return
	}
	line := o.Lines[r.rng.IntN(len(o.Lines))]
	switch r.rng.IntN(5) {
	case 0, 1:
		p := fulfilment.Parcel{Carrier: "dhl", Tracking: "1"}
		if r.rng.IntN(2) == 0 {
			p.Lines = []order.ShipmentLine{{LineID: line.ID, Quantity: 1}}
		}
		if sh, err := n.ship.Ship(ctx, system, id, p); err == nil && !a.dead {
			r.books.shipped(sh.ID)
		}
	case 2:
		if _, err := n.returns.Cancel(ctx, system, id, "", true); err == nil && !a.dead {
			r.books.cancelled(id)
		}
	default:
		want := returns.Line{LineID: line.ID, Quantity: int64(1 + r.rng.IntN(2)), Restock: r.rng.IntN(2) == 0}
		first := slices.IndexFunc(returns.Kinds(), func(of returns.Units) bool { return of.Left(line) >= want.Quantity })
		if first >= 0 {
			want.Of = returns.Kinds()[first]
		}
		request := returns.Request{Lines: []returns.Line{want}}
		if r.rng.IntN(3) == 0 {
			request.Shipping = min(100, o.Shipping)
		}
		if ref, err := n.returns.Refund(ctx, system, id, request); err == nil && !a.dead {
			r.books.refunded(ref.ID)
		}
	}
}

// worker runs the jobs of one node.
func (r *run) worker(ctx context.Context, a *actor, n *node) {
	for range 6 {
		if a.dead || r.pause(ctx, "worker") != nil {
			return
		}
		if _, err := n.runner.RunDue(ctx); err != nil {
			continue
		}
		if r.rng.IntN(3) == 0 {
			_, _ = n.stock.SweepOverdue(ctx, r.db)
		}
	}
}

// courier brings the bank's messages: in any order, some forged.
func (r *run) courier(ctx context.Context, a *actor) {
	for range 8 + r.rng.IntN(8) {
		if a.dead || r.pause(ctx, "courier") != nil {
			return
		}
		if r.rng.IntN(6) == 0 {
			r.forge(ctx, a)
			continue
		}
		if len(r.bank.messages) > 0 {
			r.bring(ctx, a, r.rng.IntN(len(r.bank.messages)))
		}
	}
}

// bring delivers a message; what is not acknowledged comes again.
func (r *run) bring(ctx context.Context, a *actor, i int) {
	m := r.bank.messages[i]
	r.bank.messages = append(r.bank.messages[:i:i], r.bank.messages[i+1:]...)
	in := payment.Inbound{Header: http.Header{"Signature": {signature}}, Body: []byte(m.id + " " + m.attempt), At: r.db.Now()}
	if err := r.anyNode().checkout.Webhook(ctx, "bank", in); err != nil || (a != nil && a.dead) {
		r.bank.messages = append(r.bank.messages, m)
	}
}

// forge brings a message that the bank never sent.
func (r *run) forge(ctx context.Context, a *actor) {
	in := payment.Inbound{Header: http.Header{"Signature": {"mine"}}, Body: []byte("evt_9 pay_9"), At: r.db.Now()}
	if err := r.anyNode().checkout.Webhook(ctx, "bank", in); err == nil && !a.dead {
		r.books.complain("forged messages are refused", "one was believed")
	}
}

func (r *run) pause(ctx context.Context, what string) error { return r.s.pause(ctx, wait, what) }

// quiesce lets everything come to rest: nobody shops, nothing fails, the bank
// closes what was left open, every message arrives, every job runs.
func (r *run) quiesce(ctx context.Context) error {
	r.s.calm = true
	for range 400 {
		for len(r.bank.messages) > 0 {
			r.bring(ctx, nil, 0)
		}
		if _, err := r.nodes[0].runner.RunDue(ctx); err != nil {
			return err
		}
		at, err := nextJob(ctx, r.db)
		if err != nil {
			return err
		}
		switch {
		case at > 0:
			r.site.clock.Set(later(r.db.Now().Add(time.Millisecond), time.UnixMilli(at)))
		case len(r.bank.messages) == 0:
			if _, err := r.nodes[0].stock.SweepOverdue(ctx, r.db); err != nil {
				return err
			}
			return nil
		}
		if r.db.Now().Sub(r.began) > 40*time.Minute {
			r.bank.expire()
		}
	}
	return fmt.Errorf("the shop does not come to rest")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
