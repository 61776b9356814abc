package pricing

import (
	"errors"
	"fmt"

	"github.com/stoashop/stoa/kit/money"
)

// Amounts is one sum told three ways. Gross is always Net + Tax.
type Amounts struct {
	Net   money.Minor `json:"net"`
	Tax   money.Minor `json:"tax"`
	Gross money.Minor `json:"gross"`
}

func (a *Amounts) add(b Amounts) (err error) {
	if a.Net, err = a.Net.Add(b.Net); err != nil {
		return err
	}
	if a.Tax, err = a.Tax.Add(b.Tax); err != nil {
		return err
	}
	a.Gross, err = a.Gross.Add(b.Gross)
	return err
}

// Share is the part of one discount that a line (or the shipping) carries, > 0.
type Share struct {
	DiscountID string      `json:"discount_id"`
	Amount     money.Minor `json:"amount"`
}

// QuotedLine is a line with everything that an order keeps of it.
type QuotedLine struct {
	Line                 // Unit and CompareAt are what this destination is asked
	Tax      Tax         `json:"tax"`      // the rate that applies
	Amount   money.Minor `json:"amount"`   // Unit × Quantity, before discounts
	Shares   []Share     `json:"shares"`   // in the order they were taken off
	Discount money.Minor `json:"discount"` // Σ Shares, 0..Amount
	Total    Amounts     `json:"total"`    // after discounts
}

// Part is the piece of the shipping that falls under one rate.
type Part struct {
	Tax   Tax     `json:"tax"`
	Total Amounts `json:"total"`
}

// QuotedShipping is the delivery and its price.
type QuotedShipping struct {
	MethodID string      `json:"method_id"`
	Price    money.Minor `json:"price"` // before discounts, as this destination is asked
	Shares   []Share     `json:"shares"`
	Discount money.Minor `json:"discount"`
	Parts    []Part      `json:"parts"` // one per rate, highest rate first; none when it is free
	Total    Amounts     `json:"total"` // Σ Parts
}

// TaxRow is one row of the per-rate table of an invoice: all lines and the
// part of the shipping under one rate.
type TaxRow struct {
	Code   string     `json:"code"`
	Rate   money.Rate `json:"rate"`
	Name   string     `json:"name"`
	Reason string     `json:"reason"`
	Total  Amounts    `json:"total"`
}

// Applied is a discount with what it came to; 0 when there was nothing left
// to take it off.
type Applied struct {
	Discount
	Taken money.Minor `json:"taken"`
}

// Quote is the price of a basket. Everything in it adds up to the cent:
// Total = Goods + Shipping = Σ Taxes, and Goods = Σ Lines.
type Quote struct {
	Currency  string          `json:"currency"`
	Basis     Basis           `json:"basis"`
	Keep      Keep            `json:"keep"`
	Lines     []QuotedLine    `json:"lines"`     // in the order of the basket
	Discounts []Applied       `json:"discounts"` // in the order they were taken off
	Shipping  *QuotedShipping `json:"shipping"`
	Taxes     []TaxRow        `json:"taxes"` // highest rate first

	Quantity int64       `json:"quantity"` // units of all lines
	Weight   int64       `json:"weight"`   // grams of all lines
	Subtotal money.Minor `json:"subtotal"` // lines before discounts, as listed (gross or net)
	Discount money.Minor `json:"discount"` // taken off the lines
	Goods    Amounts     `json:"goods"`    // lines after discounts
	Total    Amounts     `json:"total"`    // Total.Gross is what there is to pay
}

// Check recomputes every sum of the quote and reports the first that does not
// hold. Compute never returns a quote that fails it; audits and tests use it
// on quotes that come from elsewhere.
func (q Quote) Check() error {
	var goods, total Amounts
	var subtotal, discount money.Minor
	taken := make(map[string]money.Minor)
	rows := make(map[group]Amounts)

	count := func(t Tax, a Amounts) error {
		if a.Net < 0 || a.Tax < 0 || a.Net+a.Tax != a.Gross {
			return fmt.Errorf("net %d and tax %d are not gross %d", a.Net, a.Tax, a.Gross)
		}
		row := rows[t.group()]
		if err := row.add(a); err != nil {
			return err
		}
		rows[t.group()] = row
		return total.add(a)
	}
	shares := func(list []Share, sum, most money.Minor) error {
		var got money.Minor
		for _, s := range list {
			if s.Amount <= 0 {
				return fmt.Errorf("share of %s is %d", s.DiscountID, s.Amount)
			}
			got += s.Amount
			taken[s.DiscountID] += s.Amount
		}
		if got != sum || got > most {
			return fmt.Errorf("shares add up to %d, discount is %d of %d", got, sum, most)
		}
		return nil
	}

	for _, l := range q.Lines {
		if err := count(l.Tax, l.Total); err != nil {
			return fmt.Errorf("line %s: %w", l.ID, err)
		}
		if err := shares(l.Shares, l.Discount, l.Amount); err != nil {
			return fmt.Errorf("line %s: %w", l.ID, err)
		}
		if l.Amount-l.Discount != q.listed(l.Total) {
			return fmt.Errorf("line %s: %d less %d is not %d", l.ID, l.Amount, l.Discount, q.listed(l.Total))
		}
		if err := goods.add(l.Total); err != nil {
			return err
		}
		subtotal += l.Amount
		discount += l.Discount
	}
	if goods != q.Goods || subtotal != q.Subtotal || discount != q.Discount {
		return errors.New("lines do not add up to the goods")
	}
	if s := q.Shipping; s != nil {
		var sum Amounts
		for _, p := range s.Parts {
			if err := count(p.Tax, p.Total); err != nil {
				return fmt.Errorf("shipping: %w", err)
			}
			if err := sum.add(p.Total); err != nil {
				return err
			}
		}
		if err := shares(s.Shares, s.Discount, s.Price); err != nil {
			return fmt.Errorf("shipping: %w", err)
		}
		if sum != s.Total || s.Price-s.Discount != q.listed(sum) {
			return errors.New("shipping parts do not add up to its price")
		}
	}
	if total != q.Total {
		return fmt.Errorf("goods and shipping add up to %+v, total is %+v", total, q.Total)
	}
	for _, d := range q.Discounts {
		if taken[d.ID] != d.Taken {
			return fmt.Errorf("shares of discount %s add up to %d, it took %d", d.ID, taken[d.ID], d.Taken)
		}
	}
	if len(rows) != len(q.Taxes) {
		return fmt.Errorf("%d rates were used, the table has %d rows", len(rows), len(q.Taxes))
	}
	for _, r := range q.Taxes {
		if rows[group{r.Rate, r.Code}] != r.Total {
			return fmt.Errorf("rate %d: table says %+v, lines and shipping %+v", r.Rate, r.Total, rows[group{r.Rate, r.Code}])
		}
	}
	return nil
}

// listed picks the amount that is told the way listed prices are.
func (q Quote) listed(a Amounts) money.Minor {
	if q.Basis.IncludesTax() {
		return a.Gross
	}
	return a.Net
}
