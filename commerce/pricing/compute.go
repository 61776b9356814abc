package pricing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Compute prices a basket. It is a pure function: equal baskets get equal
// quotes, whatever the order in which discounts are listed.
//
// A quantity below 1 fails with "form.invalid" at "lines.N.quantity"; sums that
// no 64-bit amount holds fail with "pricing.too_large". Any other error is a
// mistake of the caller: an unknown currency or basis, a negative price, a tax
// class without a rate (which is never taken to be 0 %), a repeated id.
func Compute(b Basket) (Quote, error) {
	q, err := compute(b)
	if errors.Is(err, money.ErrOverflow) {
		return Quote{}, fault.New(fault.Invalid, "pricing.too_large").Because(err)
	}
	if err != nil {
		return Quote{}, err
	}
	return q, nil
}

func compute(b Basket) (Quote, error) {
	if b.Keep == "" {
		b.Keep = KeepGross
	}
	if err := b.validate(); err != nil {
		return Quote{}, err
	}
	w := work{
		basket: b,
		quote:  Quote{Currency: b.Currency, Basis: b.Basis, Keep: b.Keep},
		index:  make(map[string]int, len(b.Lines)),
	}
	steps := []func() error{w.lines, w.discounts, w.shipping, w.tax, w.totals}
	for _, step := range steps {
		if err := step(); err != nil {
			return Quote{}, err
		}
	}
	return w.quote, nil
}

func (b Basket) validate() error {
	if !money.Known(b.Currency) {
		return fmt.Errorf("pricing: unknown currency %q", b.Currency)
	}
	if !b.Basis.Valid() {
		return fmt.Errorf("pricing: unknown basis %q", b.Basis)
	}
	if b.Keep != KeepGross && b.Keep != KeepNet {
		return fmt.Errorf("pricing: unknown choice %q of the price to keep", b.Keep)
	}
	for class, t := range b.Taxes {
		if t.Rate < 0 || t.Home < 0 || t.Rate > 10*money.Whole || t.Home > 10*money.Whole {
			return fmt.Errorf("pricing: tax class %q has rate %d, at home %d", class, t.Rate, t.Home)
		}
	}
	if s := b.Shipping; s != nil {
		if s.Price < 0 {
			return fmt.Errorf("pricing: shipping costs %d", s.Price)
		}
		if s.Tax != Weighted && s.Tax != ByClass {
			return fmt.Errorf("pricing: unknown rule %q of shipping tax", s.Tax)
		}
	}
	var form fault.Form
	for i, l := range b.Lines {
		switch {
		case l.Quantity < 1:
			form.Add("lines."+strconv.Itoa(i)+".quantity", "form.too_small", "min", 1)
		case l.ID == "":
			return fmt.Errorf("pricing: line %d has no id", i)
		case l.Unit < 0 || l.CompareAt < 0 || l.Weight < 0:
			return fmt.Errorf("pricing: line %s: unit %d, compare-at %d, weight %d", l.ID, l.Unit, l.CompareAt, l.Weight)
		}
	}
	seen := make(map[string]bool, len(b.Discounts))
	for _, d := range b.Discounts {
		switch {
		case d.ID == "" || seen[d.ID]:
			return fmt.Errorf("pricing: discount id %q is empty or repeated", d.ID)
		case d.Level < OnUnit || d.Level > OnShipping:
			return fmt.Errorf("pricing: discount %s has level %d", d.ID, d.Level)
		case d.Rate < 0 || d.Rate > money.Whole || d.Amount < 0 || (d.Rate > 0 && d.Amount > 0):
			return fmt.Errorf("pricing: discount %s has rate %d and amount %d", d.ID, d.Rate, d.Amount)
		}
		seen[d.ID] = true
	}
	return form.Err()
}

// work is a quote in the making.
type work struct {
	basket Basket
	quote  Quote
	index  map[string]int // position of a line by its id
	unit   []money.Minor  // price of one unit after the discounts on units, by line
	left   []money.Minor  // what is left of each line's amount
	kinds  []int          // number of the line's article; see articles
}

// asked turns a listed price into what the destination is asked (rule B6).
func (w *work) asked(listed money.Minor, t Tax) (money.Minor, error) {
	if w.basket.Basis != Gross || w.basket.Keep != KeepNet {
		return listed, nil
	}
	return money.MulDiv(listed, int64(money.Whole+t.Rate), int64(money.Whole+t.Home), money.HalfUp)
}

// listed is the reverse of asked. The price of shipping is listed at home, so
// it is split in proportion to the goods as listed at home.
func (w *work) listed(asked money.Minor, t Tax) (money.Minor, error) {
	if w.basket.Basis != Gross || w.basket.Keep != KeepNet {
		return asked, nil
	}
	return money.MulDiv(asked, int64(money.Whole+t.Home), int64(money.Whole+t.Rate), money.HalfUp)
}

func (w *work) taxOf(class string) (Tax, error) {
	t, ok := w.basket.Taxes[class]
	if !ok {
		return Tax{}, fmt.Errorf("pricing: no rate for tax class %q", class)
	}
	return t, nil
}

func (w *work) lines() error {
	q := &w.quote
	q.Lines = make([]QuotedLine, len(w.basket.Lines))
	for i, l := range w.basket.Lines {
		if _, repeated := w.index[l.ID]; repeated {
			return fmt.Errorf("pricing: line %s is listed twice", l.ID)
		}
		w.index[l.ID] = i
		t, err := w.taxOf(l.Class)
		if err != nil {
			return err
		}
		if l.Unit, err = w.asked(l.Unit, t); err != nil {
			return err
		}
		if l.CompareAt, err = w.asked(l.CompareAt, t); err != nil {
			return err
		}
		amount, err := l.Unit.Times(l.Quantity)
		if err != nil {
			return err
		}
		if q.Subtotal, err = q.Subtotal.Add(amount); err != nil {
			return err
		}
		quantity, err := money.Minor(q.Quantity).Add(money.Minor(l.Quantity))
		if err != nil {
			return err
		}
		grams, err := money.Minor(l.Weight).Times(l.Quantity)
		if err != nil {
			return err
		}
		if grams, err = grams.Add(money.Minor(q.Weight)); err != nil {
			return err
		}
		q.Quantity, q.Weight = int64(quantity), int64(grams)
		q.Lines[i] = QuotedLine{Line: l, Tax: t, Amount: amount}
		w.unit = append(w.unit, l.Unit)
		w.left = append(w.left, amount)
	}
	return nil
}

// discounts takes off what is taken off lines. The chain is sorted by level,
// priority, percent before amount, id: how codes were entered has no say.
func (w *work) discounts() error {
	chain := slices.Clone(w.basket.Discounts)
	slices.SortFunc(chain, func(a, b Discount) int {
		return cmp.Or(
			cmp.Compare(a.Level, b.Level),
			cmp.Compare(a.Priority, b.Priority),
			cmp.Compare(fixed(a), fixed(b)),
			strings.Compare(a.ID, b.ID),
		)
	})
	eligible := make([][]int, len(chain))
	for i, d := range chain {
		lines, err := w.eligible(d)
		if err != nil {
			return err
		}
		eligible[i] = lines
	}
	for i, d := range chain {
		w.quote.Discounts = append(w.quote.Discounts, Applied{Discount: d})
		if d.Level != OnUnit {
			continue
		}
		for _, line := range eligible[i] {
			off, err := d.off(w.unit[line])
			if err != nil {
				return err
			}
			w.unit[line] -= off
			// The line's amount held, so a part of it holds as well.
			w.take(i, line, off*money.Minor(w.quote.Lines[line].Quantity))
		}
	}
	w.articles(chain, eligible)
	for i, d := range chain {
		if d.Level != OnOrder || len(eligible[i]) == 0 {
			continue
		}
		if err := w.allocate(i, d, eligible[i]); err != nil {
			return err
		}
	}
	return nil
}

func fixed(d Discount) int {
	if d.Rate > 0 {
		return 0
	}
	return 1
}

// off is what d takes off an amount: never more than there is.
func (d Discount) off(amount money.Minor) (money.Minor, error) {
	if d.Rate > 0 {
		return amount.Part(d.Rate, money.HalfUp)
	}
	return min(d.Amount, amount), nil
}

// eligible lists the positions of the lines that d may touch, ascending.
func (w *work) eligible(d Discount) ([]int, error) {
	var lines []int
	if len(d.Lines) == 0 {
		for i, l := range w.basket.Lines {
			if !l.FullPrice {
				lines = append(lines, i)
			}
		}
		return lines, nil
	}
	for _, id := range d.Lines {
		i, ok := w.index[id]
		if !ok {
			return nil, fmt.Errorf("pricing: discount %s names line %s, which is not in the basket", d.ID, id)
		}
		if !w.basket.Lines[i].FullPrice {
			lines = append(lines, i)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// take books an amount of discount number i on a line.
func (w *work) take(i, line int, amount money.Minor) {
	if amount == 0 {
		return
	}
	l := &w.quote.Lines[line]
	l.Shares = append(l.Shares, Share{w.quote.Discounts[i].ID, amount})
	l.Discount += amount
	w.left[line] -= amount
	w.quote.Discount += amount
	w.quote.Discounts[i].Taken += amount
}

// articles numbers what is the same thing at the same price under the same
// discounts. Discounts of an order are shared out over articles first and over
// the lines of each second, and tax by unit or by line is rounded by article,
// so that regrouping lines moves no cent (rule B3).
func (w *work) articles(chain []Discount, eligible [][]int) {
	type article struct {
		variant, class string
		unit           money.Minor
		full           bool
		discounts      string // which discounts of the order apply
	}
	marks := make([][]byte, len(w.left))
	for i, d := range chain {
		if d.Level != OnOrder || len(d.Lines) == 0 {
			continue
		}
		for _, line := range eligible[i] {
			marks[line] = strconv.AppendInt(append(marks[line], ' '), int64(i), 10)
		}
	}
	numbers := make(map[article]int)
	w.kinds = make([]int, len(w.left))
	for i, l := range w.basket.Lines {
		a := article{l.VariantID, l.Class, w.unit[i], l.FullPrice, string(marks[i])}
		n, ok := numbers[a]
		if !ok {
			n = len(numbers)
			numbers[a] = n
		}
		w.kinds[i] = n
	}
}

// allocate shares discount number i out over lines by largest remainder, in
// proportion to what is left of them (rule B4). No line gets a share above
// what is left of it: the discount is at most their sum.
func (w *work) allocate(i int, d Discount, lines []int) error {
	var base money.Minor
	members := make(map[int][]int)
	var order []int // article numbers as they first appear
	for _, line := range lines {
		base += w.left[line]
		kind := w.kinds[line]
		if members[kind] == nil {
			order = append(order, kind)
		}
		members[kind] = append(members[kind], line)
	}
	amount, err := d.off(base)
	if err != nil || amount == 0 {
		return err
	}
	weights := make([]int64, len(order))
	for n, kind := range order {
		for _, line := range members[kind] {
			weights[n] += int64(w.left[line])
		}
	}
	for n, share := range amount.Split(weights) {
		if share == 0 {
			continue
		}
		own := members[order[n]]
		parts := make([]int64, len(own))
		for k, line := range own {
			parts[k] = int64(w.left[line])
		}
		for k, part := range share.Split(parts) {
			w.take(i, own[k], part)
		}
	}
	return nil
}

// shipping splits the price of the delivery by rate and takes its discounts
// off.
func (w *work) shipping() error {
	in := w.basket.Shipping
	if in == nil {
		return nil
	}
	taxes, weights, err := w.shippingTaxes(in)
	if err != nil {
		return err
	}
	out := &QuotedShipping{MethodID: in.MethodID}
	var parts []money.Minor // what is left of each, in step with out.Parts
	for i, price := range in.Price.Split(weights) {
		if price, err = w.asked(price, taxes[i]); err != nil {
			return err
		}
		if out.Price, err = out.Price.Add(price); err != nil {
			return err
		}
		at := slices.IndexFunc(out.Parts, func(p Part) bool { return p.Tax.group() == taxes[i].group() })
		switch {
		case at >= 0:
			parts[at] += price
		case price > 0:
			out.Parts = append(out.Parts, Part{Tax: taxes[i]})
			parts = append(parts, price)
		}
	}
	left := out.Price
	for i, d := range w.quote.Discounts {
		if d.Level != OnShipping {
			continue
		}
		amount, err := d.off(left)
		if err != nil {
			return err
		}
		if amount == 0 {
			continue
		}
		shares := make([]int64, len(parts))
		for k, p := range parts {
			shares[k] = int64(p)
		}
		for k, share := range amount.Split(shares) {
			parts[k] -= share
		}
		left -= amount
		out.Discount += amount
		out.Shares = append(out.Shares, Share{d.ID, amount})
		w.quote.Discounts[i].Taken = amount
	}
	for k := range out.Parts {
		if w.basket.Basis.IncludesTax() {
			out.Parts[k].Total.Gross = parts[k]
		} else {
			out.Parts[k].Total.Net = parts[k]
		}
	}
	out.Parts = slices.DeleteFunc(out.Parts, func(p Part) bool { return p.Total == Amounts{} })
	slices.SortStableFunc(out.Parts, func(a, b Part) int { return compareGroups(a.Tax.group(), b.Tax.group()) })
	w.quote.Shipping = out
	return nil
}

// shippingTaxes lists the taxes the delivery falls under and their weights:
// the value of the goods after discounts, or before them when all is free, or
// their number when it was free to begin with.
func (w *work) shippingTaxes(s *Shipping) ([]Tax, []int64, error) {
	if s.Tax == ByClass || len(w.quote.Lines) == 0 {
		t, err := w.taxOf(s.Class)
		return []Tax{t}, []int64{1}, err
	}
	weigh := []func(i int) int64{
		func(i int) int64 { return int64(w.left[i]) },
		func(i int) int64 { return int64(w.quote.Lines[i].Amount) },
		func(i int) int64 { return w.quote.Lines[i].Quantity },
	}
	for _, weight := range weigh {
		var taxes []Tax
		var weights []int64
		var sum int64
		for i, l := range w.quote.Lines {
			at := slices.IndexFunc(taxes, func(t Tax) bool {
				return t.group() == l.Tax.group() && t.Home == l.Tax.Home
			})
			if at < 0 {
				at = len(taxes)
				taxes = append(taxes, l.Tax)
				weights = append(weights, 0)
			}
			weights[at] += weight(i)
			sum += weight(i)
		}
		if sum == 0 {
			continue
		}
		for i, t := range taxes {
			listed, err := w.listed(money.Minor(weights[i]), t)
			if err != nil {
				return nil, nil, err
			}
			weights[i] = int64(listed)
		}
		return taxes, weights, nil
	}
	return nil, nil, errors.New("pricing: goods without number") // quantities are ≥ 1
}

func compareGroups(a, b group) int {
	return cmp.Or(cmp.Compare(b.rate, a.rate), strings.Compare(a.code, b.code))
}
