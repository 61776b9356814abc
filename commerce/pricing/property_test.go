package pricing_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/kit/money"
)

var (
	bases   = []pricing.Basis{pricing.Gross, pricing.NetUnit, pricing.NetLine, pricing.NetOrder}
	classes = []string{"0", "5", "7.7", "10", "20", "21", "25"}
)

func drawBasket(t *rapid.T) pricing.Basket {
	b := pricing.Basket{
		Currency: rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "currency"),
		Basis:    rapid.SampledFrom(bases).Draw(t, "basis"),
		Keep:     rapid.SampledFrom([]pricing.Keep{pricing.KeepGross, pricing.KeepNet}).Draw(t, "keep"),
		Taxes:    taxes(),
	}
	for class, tax := range b.Taxes {
		tax.Home = rapid.SampledFrom([]money.Rate{0, 70_000, 190_000}).Draw(t, "home of "+class)
		b.Taxes[class] = tax
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "lines") {
		b.Lines = append(b.Lines, pricing.Line{
			ID:        fmt.Sprint("line", i),
			VariantID: fmt.Sprint("var", i),
			Unit:      money.Minor(rapid.Int64Range(0, 30_00).Draw(t, "unit")),
			Quantity:  rapid.Int64Range(1, 9).Draw(t, "quantity"),
			Class:     rapid.SampledFrom(classes).Draw(t, "class"),
			FullPrice: rapid.IntRange(0, 9).Draw(t, "full") == 0,
		})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "discounts") {
		d := pricing.Discount{
			ID:       fmt.Sprint("d", i),
			Level:    rapid.SampledFrom([]pricing.Level{pricing.OnUnit, pricing.OnOrder, pricing.OnShipping}).Draw(t, "level"),
			Priority: rapid.IntRange(0, 2).Draw(t, "priority"),
		}
		if rapid.Bool().Draw(t, "percent") {
			d.Rate = money.Rate(rapid.Int64Range(1, 1_000_000).Draw(t, "rate"))
		} else {
			d.Amount = money.Minor(rapid.Int64Range(0, 60_00).Draw(t, "amount"))
		}
		for _, l := range b.Lines {
			if rapid.IntRange(0, 3).Draw(t, "names a line") == 0 {
				d.Lines = append(d.Lines, l.ID)
			}
		}
		b.Discounts = append(b.Discounts, d)
	}
	if rapid.Bool().Draw(t, "ships") {
		b.Shipping = &pricing.Shipping{
			Price: money.Minor(rapid.Int64Range(0, 20_00).Draw(t, "shipping")),
			Tax:   rapid.SampledFrom([]pricing.ShippingTax{pricing.Weighted, pricing.ByClass}).Draw(t, "shipping tax"),
			Class: rapid.SampledFrom(classes).Draw(t, "shipping class"),
		}
	}
	return b
}

func must(t *rapid.T, b pricing.Basket) pricing.Quote {
	q, err := pricing.Compute(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Check(); err != nil {
		t.Fatalf("does not add up: %v\n%+v", err, q)
	}
	return q
}

// B2, B4, B5: for any basket everything adds up, shares lie between nothing
// and what was left, nothing is negative. Check, which must calls, recomputes
// all of it.
func TestB2_B4_everythingAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		q := must(t, b)

		for i, l := range q.Lines {
			if l.Discount < 0 || l.Discount > l.Amount || l.Total.Gross < 0 {
				t.Fatalf("line %s: discount %d of %d", l.ID, l.Discount, l.Amount)
			}
			if b.Lines[i].FullPrice && l.Discount != 0 {
				t.Fatalf("line %s has its full price less %d", l.ID, l.Discount)
			}
		}
		if b.Basis == pricing.Gross {
			var labels money.Minor
			for _, l := range q.Lines {
				labels += l.Unit * money.Minor(l.Quantity)
			}
			if q.Goods.Gross != labels-q.Discount {
				t.Fatalf("goods cost %d, labels say %d less %d", q.Goods.Gross, labels, q.Discount)
			}
		}
	})
}

// B4: a discount of an order is applied in full as long as there is something
// left to take it off.
func TestB4_allocationsAreTheDiscount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		b.Discounts = []pricing.Discount{{
			ID: "d", Level: pricing.OnOrder,
			Amount: money.Minor(rapid.Int64Range(0, 300_00).Draw(t, "off")),
		}}
		q := must(t, b)
		var eligible money.Minor
		for _, l := range q.Lines {
			if !l.FullPrice {
				eligible += l.Amount
			}
		}
		if want := min(eligible, b.Discounts[0].Amount); q.Discount != want {
			t.Fatalf("%d was taken off, want %d", q.Discount, want)
		}
	})
}

// B2: for every gross amount and rate, net is the exact quotient rounded half
// up and tax is the rest.
func TestB2_netAndTaxAreGross(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gross := money.Minor(rapid.Int64Range(0, 1<<52).Draw(t, "gross"))
		// At 20 % every sixth amount is a tie: 29.97 is 24.975 and 4.995.
		rate := money.Rate(rapid.OneOf(rapid.SampledFrom([]int64{200_000, 250_000, 600_000}), rapid.Int64Range(0, 1_000_000)).Draw(t, "rate"))
		b := basket(pricing.Gross, line("a", gross, 1, "x"))
		b.Taxes["x"] = pricing.Tax{Rate: rate}
		q := must(t, b)

		// hu(g/(1+r)) = floor((2g·10⁶ + 10⁶ + r) / (2(10⁶ + r)))
		den := big.NewInt(int64(money.Whole + rate))
		num := new(big.Int).Mul(big.NewInt(2*int64(gross)), big.NewInt(int64(money.Whole)))
		num.Add(num, den).Div(num, den.Lsh(den, 1))
		if net := money.Minor(num.Int64()); q.Total != (pricing.Amounts{Net: net, Tax: gross - net, Gross: gross}) {
			t.Fatalf("got %+v, want net %d", q.Total, net)
		}
	})
}

// B3: splitting lines into any parts changes neither the total nor a row of
// the table of rates, on any basis, with any discounts.
func TestB3_splitAndMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := drawBasket(t)
		parts := whole
		parts.Lines = nil
		ids := make(map[string][]string)
		for _, l := range whole.Lines {
			left := l.Quantity
			for n := 0; left > 0; n++ {
				part := l
				part.ID = fmt.Sprint(l.ID, ".", n)
				part.Quantity = rapid.Int64Range(1, left).Draw(t, "part")
				left -= part.Quantity
				ids[l.ID] = append(ids[l.ID], part.ID)
				parts.Lines = append(parts.Lines, part)
			}
		}
		parts.Discounts = slices.Clone(whole.Discounts)
		for i, d := range parts.Discounts {
			var lines []string
			for _, id := range d.Lines {
				lines = append(lines, ids[id]...)
			}
			parts.Discounts[i].Lines = lines
		}

		a, b := must(t, whole), must(t, parts)

		if a.Total != b.Total {
			t.Fatalf("%s: one by one %+v, together %+v", whole.Basis, b.Total, a.Total)
		}
		if diff := cmp.Diff(a.Taxes, b.Taxes); diff != "" {
			t.Fatalf("%s: %s", whole.Basis, diff)
		}
	})
}

// B5: the order in which discounts arrive has no say, and a discount that
// takes nothing changes nothing.
func TestB5_permutations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBasket(t)
		want := must(t, b)
		if want.Total.Gross < 0 || want.Total.Net < 0 {
			t.Fatalf("total is %+v", want.Total)
		}
		b.Discounts = rapid.Permutation(b.Discounts).Draw(t, "order")
		if diff := cmp.Diff(want, must(t, b)); diff != "" {
			t.Fatal(diff)
		}
		b.Discounts = append(slices.Clone(b.Discounts), pricing.Discount{ID: "idle", Level: pricing.OnOrder})
		if got := must(t, b); got.Total != want.Total || cmp.Diff(want.Lines, got.Lines) != "" {
			t.Fatalf("an idle discount changed %+v to %+v", want.Total, got.Total)
		}
	})
}

// B17: any sequence of partial refunds gives back what was paid: per line,
// per rate and in all.
func TestB17_partialRefundsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := must(t, drawBasket(t))
		var all pricing.Amounts
		rows := make(map[money.Rate]pricing.Amounts)
		for _, l := range q.Lines {
			var back pricing.Amounts
			for done := int64(0); done < l.Quantity; {
				n := rapid.Int64Range(1, l.Quantity-done).Draw(t, "units")
				r, err := pricing.Refund(l.Total, l.Quantity, done, n)
				if err != nil {
					t.Fatal(err)
				}
				if r.Net < 0 || r.Tax < 0 || r.Net+r.Tax != r.Gross {
					t.Fatalf("refund of %d units after %d is %+v of %+v", n, done, r, l.Total)
				}
				back = sum(back, r)
				done += n
			}
			if back != l.Total {
				t.Fatalf("line gave back %+v of %+v", back, l.Total)
			}
			all = sum(all, back)
			rows[l.Tax.Rate] = sum(rows[l.Tax.Rate], back)
		}
		if s := q.Shipping; s != nil {
			var left []pricing.Amounts
			for _, p := range s.Parts {
				left = append(left, p.Total)
			}
			for due := s.Total.Gross; due > 0; {
				amount := money.Minor(rapid.Int64Range(1, int64(due)).Draw(t, "shipping back"))
				back, err := pricing.RefundShipping(left, amount)
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range back {
					if r.Gross < 0 || r.Gross > left[i].Gross || r.Tax < 0 || r.Tax > left[i].Tax {
						t.Fatalf("part %d gives back %+v of %+v", i, r, left[i])
					}
					left[i] = pricing.Amounts{Net: left[i].Net - r.Net, Tax: left[i].Tax - r.Tax, Gross: left[i].Gross - r.Gross}
					all = sum(all, r)
					rows[s.Parts[i].Tax.Rate] = sum(rows[s.Parts[i].Tax.Rate], r)
				}
				due -= amount
			}
		}
		if all != q.Total {
			t.Fatalf("gave back %+v of %+v", all, q.Total)
		}
		for _, row := range q.Taxes {
			if rows[row.Rate] != row.Total {
				t.Fatalf("at %d gave back %+v of %+v", row.Rate, rows[row.Rate], row.Total)
			}
		}
	})
}

// B17: giving back by amount adds up as well.
func TestB17_refundsByAmountAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := money.Minor(rapid.Int64Range(0, 100_00).Draw(t, "net"))
		tax := money.Minor(rapid.Int64Range(0, int64(net)).Draw(t, "tax"))
		total := pricing.Amounts{Net: net, Tax: tax, Gross: net + tax}
		var back pricing.Amounts
		for back.Gross < total.Gross {
			amount := money.Minor(rapid.Int64Range(1, int64(total.Gross-back.Gross)).Draw(t, "amount"))
			r, err := pricing.RefundAmount(total, back.Gross, amount)
			if err != nil {
				t.Fatal(err)
			}
			if r.Gross != amount || r.Net < 0 || r.Tax < 0 {
				t.Fatalf("refund of %d is %+v", amount, r)
			}
			back = sum(back, r)
		}
		if back != total {
			t.Fatalf("gave back %+v of %+v", back, total)
		}
	})
}
