package pricing

import (
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Refund is what units from+1 .. from+n of a line were paid, with the tax in
// it, when the whole line of quantity units was paid total (rule B17). Any
// sequence of refunds that covers the line gives back exactly total.
//
// from counts the units refunded before. Asking for more units than are left
// fails with "pricing.refund_quantity".
func Refund(total Amounts, quantity, from, n int64) (Amounts, error) {
	if from < 0 || n < 1 || quantity < 1 || n > quantity-from {
		return Amounts{}, fault.New(fault.Invalid, "pricing.refund_quantity").With("count", max(quantity-max(from, 0), 0))
	}
	return cumulative(total, from, n, quantity)
}

// RefundAmount is the tax in a refund of amount out of total, when before was
// refunded already. Like Refund it adds up over any sequence. Shipping is
// given back by amount. More than is left fails with "pricing.refund_amount".
func RefundAmount(total Amounts, before, amount money.Minor) (Amounts, error) {
	if before < 0 || amount < 1 || amount > total.Gross-before {
		return Amounts{}, fault.New(fault.Invalid, "pricing.refund_amount").With("left", int64(max(total.Gross-max(before, 0), 0)))
	}
	return cumulative(total, int64(before), int64(amount), int64(total.Gross))
}

func cumulative(total Amounts, from, n, of int64) (Amounts, error) {
	gross, err := money.Cumulative(total.Gross, from, n, of)
	if err != nil {
		return Amounts{}, err
	}
	if int64(total.Gross) < of && total.Gross > 0 {
		// Units cheaper than a cent: follow the cents, so that no unit gives
		// back tax without a price.
		before, err := money.MulDiv(total.Gross, from, of, money.HalfUp)
		if err != nil {
			return Amounts{}, err
		}
		from, n, of = int64(before), int64(gross), int64(total.Gross)
	}
	tax, err := money.Cumulative(total.Tax, from, n, of)
	if err != nil {
		return Amounts{}, err
	}
	return Amounts{Net: gross - tax, Tax: tax, Gross: gross}, nil
}

// RefundShipping shares a refund of amount out over the parts of the shipping.
// left is what was paid less what was refunded so far; the result has one
// entry per part, in the same order, and never takes more from a part than it
// has. Subtract it from left before the next call. More than is left fails
// with "pricing.refund_amount".
func RefundShipping(left []Amounts, amount money.Minor) ([]Amounts, error) {
	var sum money.Minor
	weights := make([]int64, len(left))
	for i, a := range left {
		var err error
		if sum, err = sum.Add(a.Gross); err != nil {
			return nil, err
		}
		weights[i] = int64(a.Gross)
	}
	if amount < 1 || amount > sum {
		return nil, fault.New(fault.Invalid, "pricing.refund_amount").With("left", int64(sum))
	}
	out := make([]Amounts, len(left))
	for i, gross := range amount.Split(weights) {
		if gross == 0 {
			continue
		}
		tax, err := money.MulDiv(left[i].Tax, int64(gross), int64(left[i].Gross), money.HalfUp)
		if err != nil {
			return nil, err
		}
		out[i] = Amounts{Net: gross - tax, Tax: tax, Gross: gross}
	}
	return out, nil
}
