package pricing

import (
	"slices"

	"github.com/stoashop/stoa/kit/money"
)

// pool is a set of amounts whose tax is rounded once and shared out over them.
type pool struct {
	tax     Tax
	members []*Amounts
	units   int64 // pieces the amount consists of; NetUnit rounds for each
}

// tax fills in net, tax and gross of lines and shipping. How amounts are
// pooled is the whole difference between the bases.
func (w *work) tax() error {
	gross := w.basket.Basis.IncludesTax()
	for i := range w.quote.Lines {
		if gross {
			w.quote.Lines[i].Total.Gross = w.left[i]
		} else {
			w.quote.Lines[i].Total.Net = w.left[i]
		}
	}
	for _, p := range w.pools() {
		if err := p.settle(w.basket.Basis); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) pools() []*pool {
	var pools []*pool
	if w.basket.Basis == NetUnit || w.basket.Basis == NetLine {
		byKind := make(map[int]*pool)
		for i := range w.quote.Lines {
			l := &w.quote.Lines[i]
			p := byKind[w.kinds[i]]
			if p == nil {
				p = &pool{tax: l.Tax}
				byKind[w.kinds[i]] = p
				pools = append(pools, p)
			}
			p.members = append(p.members, &l.Total)
			p.units += l.Quantity
		}
		if s := w.quote.Shipping; s != nil {
			for i := range s.Parts {
				pools = append(pools, &pool{s.Parts[i].Tax, []*Amounts{&s.Parts[i].Total}, 1})
			}
		}
		return pools
	}
	byGroup := make(map[group]*pool)
	add := func(t Tax, a *Amounts) {
		p := byGroup[t.group()]
		if p == nil {
			p = &pool{tax: t}
			byGroup[t.group()] = p
			pools = append(pools, p)
		}
		p.members = append(p.members, a)
	}
	for i := range w.quote.Lines {
		add(w.quote.Lines[i].Tax, &w.quote.Lines[i].Total)
	}
	if s := w.quote.Shipping; s != nil {
		for i := range s.Parts {
			add(s.Parts[i].Tax, &s.Parts[i].Total)
		}
	}
	return pools
}

func (p *pool) settle(basis Basis) error {
	weights := make([]int64, len(p.members))
	var sum money.Minor
	for i, a := range p.members {
		amount := a.Net
		if basis.IncludesTax() {
			amount = a.Gross
		}
		var err error
		if sum, err = sum.Add(amount); err != nil {
			return err
		}
		weights[i] = int64(amount)
	}
	tax, err := p.due(basis, sum)
	if err != nil {
		return err
	}
	for i, share := range tax.Split(weights) {
		a := p.members[i]
		a.Tax = share
		if basis.IncludesTax() {
			a.Net = a.Gross - share
			continue
		}
		if a.Gross, err = a.Net.Add(share); err != nil {
			return err
		}
	}
	return nil
}

// due is the tax in (or on top of) the sum of a pool.
func (p *pool) due(basis Basis, sum money.Minor) (money.Minor, error) {
	switch basis {
	case Gross:
		_, tax, err := sum.Net(p.tax.Rate)
		return tax, err
	case NetUnit:
		// A discount may leave units a cent apart: some cost low, the rest
		// one more.
		low, more := sum/money.Minor(p.units), int64(sum)%p.units
		tax, err := low.Part(p.tax.Rate, money.HalfUp)
		if err != nil {
			return 0, err
		}
		if tax, err = tax.Times(p.units - more); err != nil || more == 0 {
			return tax, err
		}
		dearer, err := (low + 1).Part(p.tax.Rate, money.HalfUp)
		if err != nil {
			return 0, err
		}
		if dearer, err = dearer.Times(more); err != nil {
			return 0, err
		}
		return tax.Add(dearer)
	}
	return sum.Part(p.tax.Rate, money.HalfUp)
}

// totals adds everything up.
func (w *work) totals() error {
	q := &w.quote
	at := make(map[group]int)
	book := func(t Tax, a Amounts) error {
		i, ok := at[t.group()]
		if !ok {
			i = len(q.Taxes)
			at[t.group()] = i
			q.Taxes = append(q.Taxes, TaxRow{Code: t.Code, Rate: t.Rate, Name: t.Name, Reason: t.Reason})
		}
		if err := q.Taxes[i].Total.add(a); err != nil {
			return err
		}
		return q.Total.add(a)
	}
	for i := range q.Lines {
		l := &q.Lines[i]
		if err := q.Goods.add(l.Total); err != nil {
			return err
		}
		if err := book(l.Tax, l.Total); err != nil {
			return err
		}
	}
	if s := q.Shipping; s != nil {
		for _, p := range s.Parts {
			if err := s.Total.add(p.Total); err != nil {
				return err
			}
			if err := book(p.Tax, p.Total); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(q.Taxes, func(a, b TaxRow) int {
		return compareGroups(group{a.Rate, a.Code}, group{b.Rate, b.Code})
	})
	return nil
}
