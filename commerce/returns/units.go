package returns

import (
	"slices"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/kit/fault"
)

// Units says which of a line's units a refund is about. A unit is in exactly
// one of them, or was refunded.
type Units string

// The units of a line.
const (
	Shipped   Units = "shipped"   // were sent: they come back, or stay with the customer
	Open      Units = "open"      // wait to be sent: the refund cancels them
	Cancelled Units = "cancelled" // will not be sent, and their money is still here
)

// Kinds lists the kinds of units in the order people look at them.
func Kinds() []Units { return []Units{Shipped, Open, Cancelled} }

// Left is how many units of a kind a line has that were not refunded.
func (u Units) Left(l order.Line) int64 {
	switch u {
	case Shipped:
		return l.Shipped - l.Returned
	case Open:
		return l.Open()
	case Cancelled:
		return l.Cancelled - (l.Refunded - l.Returned)
	}
	return l.Quantity - l.Refunded
}

// Line asks for a refund of units of an order line.
type Line struct {
	LineID   string
	Quantity int64 // ≥ 1
	Of       Units // which ones; "" where all that are left are meant, or there is one kind only
	Restock  bool  // shipped units go back on the shelf
}

// pick is what a request asks of one line.
type pick struct {
	line  order.Line
	units map[Units]int64
}

func (p pick) quantity() (n int64) {
	for _, of := range p.units {
		n += of
	}
	return n
}

// picks finds out which units are asked for, in the request's order. Faults
// are at "lines.<id>".
func picks(o order.Order, lines []Line, form *fault.Form) []pick {
	var list []pick
	for _, want := range lines {
		path := "lines." + want.LineID
		i := slices.IndexFunc(o.Lines, func(l order.Line) bool { return l.ID == want.LineID })
		if i < 0 {
			form.Add(path, "order.unknown_line")
			continue
		}
		l := o.Lines[i]
		at := slices.IndexFunc(list, func(p pick) bool { return p.line.ID == l.ID })
		if at < 0 {
			at = len(list)
			list = append(list, pick{l, map[Units]int64{}})
		} else if _, twice := list[at].units[want.Of]; twice || want.Of == "" || list[at].units[""] > 0 {
			form.Add(path, "form.repeated")
			continue
		}
		switch left := want.Of.Left(l); {
		case want.Of != "" && !slices.Contains(Kinds(), want.Of):
			form.Add(path, "form.not_a_choice")
		case want.Quantity < 1:
			form.Add(path, "form.too_small", "min", 1)
		case want.Quantity > left:
			form.Add(path, "pricing.refund_quantity", "count", left)
		}
		list[at].units[want.Of] = want.Quantity
	}
	if form.Err() != nil {
		return nil
	}
	for _, p := range list {
		n := p.units[""]
		if n == 0 {
			continue
		}
		delete(p.units, "")
		all := n == p.line.Quantity-p.line.Refunded
		for _, of := range Kinds() {
			if left := of.Left(p.line); all && left > 0 || left >= n && left == p.line.Quantity-p.line.Refunded {
				p.units[of] = min(n, left)
			}
		}
		if p.quantity() != n {
			form.Add("lines."+p.line.ID, "order.which_units", "shipped", Shipped.Left(p.line), "open", Open.Left(p.line), "cancelled", Cancelled.Left(p.line))
		}
	}
	return list
}

// backAlready is how many shipped units of a line are on the shelf again
// without being refunded: those of refunds that failed (rule B13).
func backAlready(l order.Line, refunds []order.Refund) int64 {
	n := l.Restocked - l.Cancelled
	for _, r := range refunds {
		for _, rl := range r.Lines {
			if rl.LineID == l.ID && r.State != order.RefundFailed {
				n -= rl.Restocked - rl.Cancelled
			}
		}
	}
	return max(n, 0)
}
