package pricing_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// taxes has the classes the examples need: their names are the percentages.
func taxes() map[string]pricing.Tax {
	return map[string]pricing.Tax{
		"0":   {Rate: 0, Home: 0, Name: "VAT"},
		"5":   {Rate: 50_000, Home: 50_000, Name: "VAT"},
		"7.7": {Rate: 77_000, Home: 77_000, Name: "VAT"},
		"10":  {Rate: 100_000, Home: 100_000, Name: "VAT"},
		"20":  {Rate: 200_000, Home: 200_000, Name: "VAT"},
		"21":  {Rate: 210_000, Home: 210_000, Name: "VAT"},
		"25":  {Rate: 250_000, Home: 250_000, Name: "VAT"},
	}
}

func line(id string, unit money.Minor, quantity int64, class string) pricing.Line {
	return pricing.Line{ID: id, VariantID: "var_" + id, Unit: unit, Quantity: quantity, Class: class}
}

func basket(basis pricing.Basis, lines ...pricing.Line) pricing.Basket {
	return pricing.Basket{Currency: "EUR", Basis: basis, Lines: lines, Taxes: taxes()}
}

// compute prices a basket that must be good and proves that it adds up.
func compute(t *testing.T, b pricing.Basket) pricing.Quote {
	t.Helper()
	q, err := pricing.Compute(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Check(); err != nil {
		t.Fatalf("quote does not add up: %v", err)
	}
	return q
}

func wantTotal(t *testing.T, q pricing.Quote, net, tax, gross money.Minor) {
	t.Helper()
	if want := (pricing.Amounts{Net: net, Tax: tax, Gross: gross}); q.Total != want {
		t.Errorf("total is %+v, want %+v", q.Total, want)
	}
}

func shares(q pricing.Quote) []money.Minor {
	var out []money.Minor
	for _, l := range q.Lines {
		out = append(out, l.Discount)
	}
	return out
}

func TestB1_amountsAreMinorUnitsOfTheirCurrency(t *testing.T) {
	tests := map[string]struct {
		currency        string
		unit            money.Minor
		tax             money.Rate
		net, tax2, full money.Minor
	}{
		"KWD has three decimals: 5 % of 1.250 is 0.063": {"KWD", 1250, 50_000, 1250, 63, 1313},
		"JPY has none: ¥1,624 is 1624":                  {"JPY", 1624, 0, 1624, 0, 1624},
		"USD has two":                                   {"USD", 1999, 62_500, 1999, 125, 2124},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := basket(pricing.NetOrder, line("a", tt.unit, 1, "x"))
			b.Currency = tt.currency
			b.Taxes["x"] = pricing.Tax{Rate: tt.tax}
			wantTotal(t, compute(t, b), tt.net, tt.tax2, tt.full)
		})
	}
}

func TestB2_taxIsTakenOutByRoundingOneNumber(t *testing.T) {
	q := compute(t, basket(pricing.Gross, line("a", 9_99, 3, "20")))
	wantTotal(t, q, 24_98, 4_99, 29_97)

	// The famous cent: three lines of one give the same.
	q = compute(t, basket(pricing.Gross, line("a", 9_99, 1, "20"), line("b", 9_99, 1, "20"), line("c", 9_99, 1, "20")))
	wantTotal(t, q, 24_98, 4_99, 29_97)
}

func TestB3_regroupingTheSameGoodsChangesNothing(t *testing.T) {
	one := line("a", 10_70, 2, "21")
	first, second := line("a", 10_70, 1, "21"), line("b", 10_70, 1, "21")
	second.VariantID = first.VariantID
	tests := map[pricing.Basis]money.Minor{
		pricing.NetUnit:  25_90,
		pricing.NetOrder: 25_89,
		pricing.NetLine:  25_89,
		pricing.Gross:    21_40,
	}
	for basis, want := range tests {
		t.Run(string(basis), func(t *testing.T) {
			for _, b := range []pricing.Basket{basket(basis, one), basket(basis, first, second)} {
				if q := compute(t, b); q.Total.Gross != want {
					t.Errorf("%d lines: total is %d, want %d", len(b.Lines), q.Total.Gross, want)
				}
			}
		})
	}
}

func TestB3_netLineRoundsForEachArticle(t *testing.T) {
	q := compute(t, basket(pricing.NetLine, line("a", 10_70, 1, "21"), line("b", 10_70, 1, "21")))
	wantTotal(t, q, 21_40, 4_50, 25_90) // two articles, 12.95 each
}

func TestB3_discountsFollowArticlesNotLines(t *testing.T) {
	// Line by line the cent would go to b: 4/13 < 5/13. By article it goes
	// to a: 8/13 > 5/13, however a is split up.
	two := line("a", 4, 2, "20")
	first, second := line("a", 4, 1, "20"), line("a2", 4, 1, "20")
	second.VariantID = first.VariantID
	other := line("b", 5, 1, "0")
	for _, b := range []pricing.Basket{basket(pricing.NetOrder, two, other), basket(pricing.NetOrder, first, second, other)} {
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 1}}
		wantTotal(t, compute(t, b), 12, 1, 13)
	}
}

func TestB4_orderDiscountIsSharedOutByLargestRemainder(t *testing.T) {
	t.Run("10.00 off 3 × 9.99", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 9_99, 1, "20"), line("b", 9_99, 1, "20"), line("c", 9_99, 1, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 10_00}}
		q := compute(t, b)
		if diff := cmp.Diff([]money.Minor{3_34, 3_33, 3_33}, shares(q)); diff != "" {
			t.Error(diff)
		}
		if q.Total.Gross != 19_97 {
			t.Errorf("total is %d, want 1997", q.Total.Gross)
		}
	})
	t.Run("mixed rates", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 50_00, 1, "20"), line("b", 30_00, 1, "5"), line("c", 19_99, 1, "0"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 15_00}}
		q := compute(t, b)
		if diff := cmp.Diff([]money.Minor{7_50, 4_50, 3_00}, shares(q)); diff != "" {
			t.Error(diff)
		}
		var totals []pricing.Amounts
		for _, l := range q.Lines {
			totals = append(totals, l.Total)
		}
		want := []pricing.Amounts{
			{Net: 35_42, Tax: 7_08, Gross: 42_50},
			{Net: 24_29, Tax: 1_21, Gross: 25_50},
			{Net: 16_99, Tax: 0, Gross: 16_99},
		}
		if diff := cmp.Diff(want, totals); diff != "" {
			t.Error(diff)
		}
		if q.Total.Gross != 84_99 {
			t.Errorf("total is %d, want 8499", q.Total.Gross)
		}
	})
	t.Run("the last line never pays for rounding: 12 × 9.95 + 0.05, 5.00 off", func(t *testing.T) {
		var lines []pricing.Line
		for i := range 12 {
			lines = append(lines, line(string(rune('a'+i)), 9_95, 1, "20"))
		}
		lines = append(lines, line("z", 5, 1, "20"))
		b := basket(pricing.Gross, lines...)
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 5_00}}
		q := compute(t, b)
		if q.Discount != 5_00 || q.Total.Gross != 119_45-5_00 {
			t.Errorf("discount %d, total %d; want 500 and 11445", q.Discount, q.Total.Gross)
		}
		if last := q.Lines[12]; last.Discount < 0 || last.Total.Gross > 5 {
			t.Errorf("the last line became dearer: %+v", last)
		}
	})
	t.Run("all of it is applied: 99 × 1.00 + 0.30, 0.49 off", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 1_00, 99, "20"), line("b", 30, 1, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 49}}
		if q := compute(t, b); q.Discount != 49 {
			t.Errorf("discount is %d, want 49", q.Discount)
		}
	})
	t.Run("more than there is takes all and no more", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 5_00, 1, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 50_00}}
		q := compute(t, b)
		wantTotal(t, q, 0, 0, 0)
		if q.Discounts[0].Taken != 5_00 {
			t.Errorf("took %d, want 500", q.Discounts[0].Taken)
		}
	})
	t.Run("only lines that may be discounted", func(t *testing.T) {
		card := line("card", 50_00, 1, "0")
		card.FullPrice = true
		b := basket(pricing.Gross, card, line("a", 20_00, 1, "20"), line("b", 20_00, 1, "20"))
		b.Discounts = []pricing.Discount{
			{ID: "c", Level: pricing.OnUnit, Rate: 100_000, Lines: []string{"card"}},
			{ID: "d", Level: pricing.OnOrder, Rate: 100_000},
			{ID: "e", Level: pricing.OnOrder, Amount: 5_00, Priority: 9, Lines: []string{"b"}},
		}
		q := compute(t, b)
		if diff := cmp.Diff([]money.Minor{0, 2_00, 7_00}, shares(q)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestB5_orderOfDiscountsIsDeclared(t *testing.T) {
	percent := pricing.Discount{ID: "p", Level: pricing.OnOrder, Rate: 200_000}
	amount := pricing.Discount{ID: "f", Level: pricing.OnOrder, Amount: 10_00}
	one := basket(pricing.Gross, line("a", 100_00, 1, "20"))
	tests := map[string]struct {
		basket    pricing.Basket
		discounts []pricing.Discount
		want      money.Minor
	}{
		"20 % then 10 is 70": {one, []pricing.Discount{amount, percent}, 70_00},
		"10 then 20 % is 72 when priorities say so": {
			one, []pricing.Discount{prio(percent, 2), prio(amount, 1)}, 72_00,
		},
		"the unit comes before the order: 0 + 38 + 57": {
			basket(pricing.Gross, line("a", 25_00, 1, "20"), line("b", 50_00, 1, "20"), line("c", 75_00, 1, "20")),
			[]pricing.Discount{
				{ID: "o", Level: pricing.OnOrder, Amount: 30_00},
				{ID: "u", Level: pricing.OnUnit, Rate: money.Whole, Lines: []string{"a"}, Priority: 5},
			},
			95_00,
		},
		"100 % off is 0": {one, []pricing.Discount{{ID: "x", Level: pricing.OnOrder, Rate: money.Whole}}, 0},
		"100 % and 10 more is still 0": {
			one, []pricing.Discount{{ID: "x", Level: pricing.OnOrder, Rate: money.Whole}, amount}, 0,
		},
		"a code that takes nothing changes nothing": {one, []pricing.Discount{{ID: "x", Level: pricing.OnOrder}}, 100_00},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.basket.Discounts = tt.discounts
			if q := compute(t, tt.basket); q.Total.Gross != tt.want {
				t.Errorf("total is %d, want %d; chain %+v", q.Total.Gross, tt.want, q.Discounts)
			}
		})
	}

	t.Run("shares of the worked example", func(t *testing.T) {
		b := tests["the unit comes before the order: 0 + 38 + 57"].basket
		b.Discounts = tests["the unit comes before the order: 0 + 38 + 57"].discounts
		if diff := cmp.Diff([]money.Minor{25_00, 12_00, 18_00}, shares(compute(t, b))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("equal priority and kind: the lower id first", func(t *testing.T) {
		b := one
		b.Discounts = []pricing.Discount{
			{ID: "b", Level: pricing.OnOrder, Amount: 70_00}, {ID: "a", Level: pricing.OnOrder, Amount: 70_00},
		}
		q := compute(t, b)
		if q.Discounts[0].ID != "a" || q.Discounts[0].Taken != 70_00 || q.Discounts[1].Taken != 30_00 {
			t.Errorf("chain is %+v", q.Discounts)
		}
	})
	t.Run("the chain is told in the order of its levels", func(t *testing.T) {
		b := one
		b.Shipping = &pricing.Shipping{Price: 5_00, Tax: pricing.Weighted}
		b.Discounts = []pricing.Discount{
			{ID: "a", Level: pricing.OnShipping, Amount: 1}, {ID: "b", Level: pricing.OnOrder, Amount: 1, Priority: -1}, {ID: "c", Level: pricing.OnUnit, Amount: 1},
		}
		var chain string
		for _, d := range compute(t, b).Discounts {
			chain += d.ID
		}
		if chain != "cba" {
			t.Errorf("chain is %s, want cba", chain)
		}
	})
	t.Run("a discount of the unit is rounded for the unit", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 9_99, 3, "20"))
		b.Discounts = []pricing.Discount{{ID: "u", Level: pricing.OnUnit, Rate: 150_000}}
		if q := compute(t, b); q.Discount != 3*1_50 {
			t.Errorf("discount is %d, want 450", q.Discount)
		}
	})
}

func prio(d pricing.Discount, p int) pricing.Discount {
	d.Priority = p
	return d
}

func TestB6_whichPriceStaysConstant(t *testing.T) {
	tests := map[string]struct {
		keep            pricing.Keep
		tax             pricing.Tax
		net, tax2, full money.Minor
	}{
		"at home":                         {pricing.KeepGross, pricing.Tax{Rate: 190_000, Home: 190_000}, 100_00, 19_00, 119_00},
		"gross constant to FR":            {pricing.KeepGross, pricing.Tax{Rate: 200_000, Home: 190_000}, 99_17, 19_83, 119_00},
		"net constant to FR":              {pricing.KeepNet, pricing.Tax{Rate: 200_000, Home: 190_000}, 100_00, 20_00, 120_00},
		"reverse charge":                  {pricing.KeepNet, pricing.Tax{Home: 190_000, Reason: "tax.reverse_charge"}, 100_00, 0, 100_00},
		"export, gross constant":          {pricing.KeepGross, pricing.Tax{Home: 190_000, Reason: "tax.export"}, 119_00, 0, 119_00},
		"unsaid means the label is right": {"", pricing.Tax{Rate: 200_000, Home: 190_000}, 99_17, 19_83, 119_00},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := basket(pricing.Gross, line("a", 119_00, 1, "x"))
			b.Keep = tt.keep
			b.Taxes["x"] = tt.tax
			q := compute(t, b)
			wantTotal(t, q, tt.net, tt.tax2, tt.full)
			if q.Taxes[0].Reason != tt.tax.Reason {
				t.Errorf("the table gives the reason %q, want %q", q.Taxes[0].Reason, tt.tax.Reason)
			}
		})
	}
}

func TestB6_shippingIsTaxedLikeTheGoodsOrByItsClass(t *testing.T) {
	goods := []pricing.Line{line("a", 60_00, 1, "20"), line("b", 40_00, 1, "0")}
	t.Run("weighted", func(t *testing.T) {
		b := basket(pricing.NetOrder, goods...)
		b.Shipping = &pricing.Shipping{MethodID: "shm_x", Price: 10_00, Tax: pricing.Weighted}
		q := compute(t, b)
		want := []pricing.Part{
			{Tax: taxes()["20"], Total: pricing.Amounts{Net: 6_00, Tax: 1_20, Gross: 7_20}},
			{Tax: taxes()["0"], Total: pricing.Amounts{Net: 4_00, Gross: 4_00}},
		}
		if diff := cmp.Diff(want, q.Shipping.Parts); diff != "" {
			t.Error(diff)
		}
		if want := (pricing.Amounts{Net: 10_00, Tax: 1_20, Gross: 11_20}); q.Shipping.Total != want {
			t.Errorf("shipping is %+v, want %+v", q.Shipping.Total, want)
		}
		wantTotal(t, q, 110_00, 13_20, 123_20)
	})
	t.Run("by class", func(t *testing.T) {
		b := basket(pricing.Gross, goods...)
		b.Shipping = &pricing.Shipping{Price: 6_00, Tax: pricing.ByClass, Class: "20"}
		if q := compute(t, b); q.Shipping.Total != (pricing.Amounts{Net: 5_00, Tax: 1_00, Gross: 6_00}) {
			t.Errorf("shipping is %+v", q.Shipping.Total)
		}
	})
	t.Run("goods that became free still weigh", func(t *testing.T) {
		b := basket(pricing.NetOrder, goods...)
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Rate: money.Whole}}
		b.Shipping = &pricing.Shipping{Price: 10_00, Tax: pricing.Weighted}
		if q := compute(t, b); q.Shipping.Total.Tax != 1_20 {
			t.Errorf("shipping is %+v", q.Shipping.Total)
		}
	})
	t.Run("goods that were always free count by number", func(t *testing.T) {
		b := basket(pricing.NetOrder, line("a", 0, 3, "20"), line("b", 0, 1, "0"))
		b.Shipping = &pricing.Shipping{Price: 8_00, Tax: pricing.Weighted}
		if q := compute(t, b); q.Shipping.Total != (pricing.Amounts{Net: 8_00, Tax: 1_20, Gross: 9_20}) {
			t.Errorf("shipping is %+v", q.Shipping.Total)
		}
	})
	t.Run("discounts of shipping leave goods alone", func(t *testing.T) {
		b := basket(pricing.NetOrder, goods...)
		b.Shipping = &pricing.Shipping{Price: 10_00, Tax: pricing.Weighted}
		b.Discounts = []pricing.Discount{
			{ID: "half", Level: pricing.OnShipping, Rate: 500_000},
			{ID: "rest", Level: pricing.OnShipping, Amount: 99_00},
		}
		q := compute(t, b)
		wantTotal(t, q, 100_00, 12_00, 112_00)
		want := []pricing.Share{{DiscountID: "half", Amount: 5_00}, {DiscountID: "rest", Amount: 5_00}}
		if diff := cmp.Diff(want, q.Shipping.Shares); diff != "" {
			t.Error(diff)
		}
		if len(q.Shipping.Parts) != 0 || q.Discount != 0 {
			t.Errorf("parts %+v, discount on lines %d", q.Shipping.Parts, q.Discount)
		}
	})
	t.Run("net constant converts each part", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 119_00, 1, "x"), line("b", 119_00, 1, "y"))
		b.Keep = pricing.KeepNet
		b.Taxes["x"] = pricing.Tax{Rate: 200_000, Home: 190_000}
		b.Taxes["y"] = pricing.Tax{Rate: 0, Home: 190_000, Reason: "tax.export"}
		b.Shipping = &pricing.Shipping{Price: 11_90, Tax: pricing.Weighted}
		q := compute(t, b)
		if q.Shipping.Price != 11_00 || q.Shipping.Total.Net != 10_00 {
			t.Errorf("shipping is %d, %+v; want 6.00 + 5.00 with 10.00 net", q.Shipping.Price, q.Shipping.Total)
		}
	})
	t.Run("no goods need a class", func(t *testing.T) {
		b := basket(pricing.Gross)
		b.Shipping = &pricing.Shipping{Price: 6_00, Tax: pricing.Weighted, Class: "20"}
		wantTotal(t, compute(t, b), 5_00, 1_00, 6_00)
		b.Shipping.Class = ""
		if _, err := pricing.Compute(b); err == nil {
			t.Error("shipping without a rate was priced")
		}
	})
}

func TestB18_aVoucherLowersTheTax(t *testing.T) {
	b := basket(pricing.Gross, line("a", 338_00, 1, "25"))
	wantTotal(t, compute(t, b), 270_40, 67_60, 338_00)
	b.Discounts = []pricing.Discount{{ID: "voucher", Level: pricing.OnOrder, Amount: 25_00}}
	wantTotal(t, compute(t, b), 250_40, 62_60, 313_00)
}

// Threat T7: a thousand lines of a cent, a third off, an odd rate.
func TestT7_thousandsOfCentsLoseNone(t *testing.T) {
	for _, basis := range []pricing.Basis{pricing.Gross, pricing.NetUnit, pricing.NetLine, pricing.NetOrder} {
		t.Run(string(basis), func(t *testing.T) {
			var lines []pricing.Line
			for i := range 1000 {
				l := line("l", 1, 1, "7.7")
				l.ID += string(rune('0' + i))
				l.VariantID = l.ID
				lines = append(lines, l)
			}
			b := basket(basis, lines...)
			b.Discounts = []pricing.Discount{{ID: "third", Level: pricing.OnOrder, Rate: 333_300}}
			q := compute(t, b)
			switch basis {
			case pricing.Gross:
				wantTotal(t, q, 6_19, 48, 6_67)
			case pricing.NetOrder:
				wantTotal(t, q, 6_67, 51, 7_18)
			default: // 7.7 % of a cent is nothing, a thousand times
				wantTotal(t, q, 6_67, 0, 6_67)
			}
			var back pricing.Amounts
			for _, l := range q.Lines {
				r, err := pricing.Refund(l.Total, l.Quantity, 0, l.Quantity)
				if err != nil {
					t.Fatal(err)
				}
				back = sum(back, r)
			}
			if back != q.Total {
				t.Errorf("refunds of all lines are %+v, want %+v", back, q.Total)
			}
		})
	}
}

func sum(a, b pricing.Amounts) pricing.Amounts {
	return pricing.Amounts{Net: a.Net + b.Net, Tax: a.Tax + b.Tax, Gross: a.Gross + b.Gross}
}

func TestCompute_refusals(t *testing.T) {
	good := func() pricing.Basket { return basket(pricing.Gross, line("a", 5_00, 1, "20")) }
	tests := map[string]struct {
		change func(b *pricing.Basket)
		kind   fault.Kind
		reason string
	}{
		"quantity zero":    {func(b *pricing.Basket) { b.Lines[0].Quantity = 0 }, fault.Invalid, "form.invalid"},
		"quantity below":   {func(b *pricing.Basket) { b.Lines[0].Quantity = -3 }, fault.Invalid, "form.invalid"},
		"line overflows":   {func(b *pricing.Basket) { b.Lines[0].Quantity = math.MaxInt64 / 100 }, fault.Invalid, "pricing.too_large"},
		"weight overflows": {func(b *pricing.Basket) { b.Lines[0].Weight, b.Lines[0].Quantity = math.MaxInt64, 2 }, fault.Invalid, "pricing.too_large"},
		"sum overflows": {func(b *pricing.Basket) {
			b.Lines[0].Unit = math.MaxInt64
			b.Lines = append(b.Lines, line("b", 1, 1, "20"))
		}, fault.Invalid, "pricing.too_large"},
		"tax overflows": {func(b *pricing.Basket) { b.Basis, b.Lines[0].Unit = pricing.NetLine, math.MaxInt64-1 }, fault.Invalid, "pricing.too_large"},
		"shipping overflows": {func(b *pricing.Basket) {
			b.Lines[0].Unit = math.MaxInt64 - 5
			b.Shipping = &pricing.Shipping{Price: 6, Tax: pricing.Weighted}
		}, fault.Invalid, "pricing.too_large"},
		"quantities overflow": {func(b *pricing.Basket) {
			b.Lines[0].Unit, b.Lines[0].Quantity = 0, math.MaxInt64
			b.Lines = append(b.Lines, line("b", 0, 1, "20"))
		}, fault.Invalid, "pricing.too_large"},

		"no rate for the class": {func(b *pricing.Basket) { b.Lines[0].Class = "books" }, fault.Internal, ""},
		"no class":              {func(b *pricing.Basket) { b.Lines[0].Class = "" }, fault.Internal, ""},
		"no currency":           {func(b *pricing.Basket) { b.Currency = "" }, fault.Internal, ""},
		"unknown currency":      {func(b *pricing.Basket) { b.Currency = "EURO" }, fault.Internal, ""},
		"unknown basis":         {func(b *pricing.Basket) { b.Basis = "" }, fault.Internal, ""},
		"unknown keep":          {func(b *pricing.Basket) { b.Keep = "both" }, fault.Internal, ""},
		"negative price":        {func(b *pricing.Basket) { b.Lines[0].Unit = -1 }, fault.Internal, ""},
		"negative rate":         {func(b *pricing.Basket) { b.Taxes["20"] = pricing.Tax{Rate: -1} }, fault.Internal, ""},
		"line without id":       {func(b *pricing.Basket) { b.Lines[0].ID = "" }, fault.Internal, ""},
		"line twice":            {func(b *pricing.Basket) { b.Lines = append(b.Lines, b.Lines[0]) }, fault.Internal, ""},
		"discount twice":        {func(b *pricing.Basket) { b.Discounts = []pricing.Discount{{ID: "d"}, {ID: "d"}} }, fault.Internal, ""},
		"discount above 100 %":  {func(b *pricing.Basket) { b.Discounts = []pricing.Discount{{ID: "d", Rate: money.Whole + 1}} }, fault.Internal, ""},
		"discount that adds":    {func(b *pricing.Basket) { b.Discounts = []pricing.Discount{{ID: "d", Amount: -1}} }, fault.Internal, ""},
		"discount of both":      {func(b *pricing.Basket) { b.Discounts = []pricing.Discount{{ID: "d", Rate: 1, Amount: 1}} }, fault.Internal, ""},
		"discount of no line":   {func(b *pricing.Basket) { b.Discounts = []pricing.Discount{{ID: "d", Rate: 1, Lines: []string{"z"}}} }, fault.Internal, ""},
		"negative shipping":     {func(b *pricing.Basket) { b.Shipping = &pricing.Shipping{Price: -1, Tax: pricing.Weighted} }, fault.Internal, ""},
		"shipping without rule": {func(b *pricing.Basket) { b.Shipping = &pricing.Shipping{Price: 1} }, fault.Internal, ""},
		"shipping of no class":  {func(b *pricing.Basket) { b.Shipping = &pricing.Shipping{Price: 1, Tax: pricing.ByClass, Class: "x"} }, fault.Internal, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := good()
			tt.change(&b)
			q, err := pricing.Compute(b)
			if err == nil {
				t.Fatalf("priced at %+v", q.Total)
			}
			if f := fault.From(err); f.Kind != tt.kind || (tt.reason != "" && f.Reason != tt.reason) {
				t.Errorf("got %v (%v), want %v %s", err, f.Kind, tt.kind, tt.reason)
			}
			if diff := cmp.Diff(pricing.Quote{}, q); diff != "" {
				t.Errorf("a refusal still quotes: %s", diff)
			}
		})
	}
	t.Run("each bad quantity is named", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 1, 0, "20"), line("b", 1, 1, "20"), line("c", 1, -1, "20"))
		_, err := pricing.Compute(b)
		f := fault.From(err)
		if len(f.Fields) != 2 || f.Fields[0].Path != "lines.0.quantity" || f.Fields[1].Path != "lines.2.quantity" {
			t.Errorf("fields are %+v", f.Fields)
		}
	})
}

func TestCompute_emptyBasketCostsNothing(t *testing.T) {
	q := compute(t, basket(pricing.Gross))
	wantTotal(t, q, 0, 0, 0)
}

func TestCompute_addsUpWeightAndQuantity(t *testing.T) {
	a, b := line("a", 1_00, 3, "20"), line("b", 1_00, 2, "20")
	a.Weight, b.Weight = 250, 1000
	q := compute(t, basket(pricing.Gross, a, b))
	if q.Weight != 2750 || q.Quantity != 5 || q.Subtotal != 5_00 {
		t.Errorf("weight %d, quantity %d, subtotal %d", q.Weight, q.Quantity, q.Subtotal)
	}
}

func TestTaxesOf(t *testing.T) {
	found := map[string]tax.Applied{"standard": {Rate: 1, Home: 2, Name: "n", Code: "c", Reason: "r", Source: "s"}}
	want := map[string]pricing.Tax{"standard": {Rate: 1, Home: 2, Name: "n", Code: "c", Reason: "r", Source: "s"}}
	if diff := cmp.Diff(want, pricing.TaxesOf(found)); diff != "" {
		t.Error(diff)
	}
}

func TestBasisOf(t *testing.T) {
	for rounding, want := range map[string]pricing.Basis{"unit": pricing.NetUnit, "line": pricing.NetLine, "order": pricing.NetOrder} {
		if got := pricing.BasisOf(false, rounding); got != want {
			t.Errorf("net by %s is %s, want %s", rounding, got, want)
		}
		if got := pricing.BasisOf(true, rounding); got != pricing.Gross {
			t.Errorf("gross by %s is %s", rounding, got)
		}
	}
	if pricing.BasisOf(false, "total").Valid() {
		t.Error("an unknown rounding makes a valid basis")
	}
}

// An order keeps its quote as JSON for ever.
func TestQuote_survivesJSON(t *testing.T) {
	b := basket(pricing.Gross, line("a", 10_70, 2, "21"), line("b", 3_33, 1, "5"))
	b.Taxes["5"] = pricing.Tax{Reason: "tax.export", Code: "export", Source: "txr_1"}
	b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Rate: 100_000, Label: "Ten", Code: "TEN"}}
	b.Shipping = &pricing.Shipping{MethodID: "shm_1", Price: 4_90, Tax: pricing.Weighted}
	want := compute(t, b)

	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got pricing.Quote
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompute_leavesTheBasketAlone(t *testing.T) {
	b := basket(pricing.Gross, line("a", 119_00, 1, "x"))
	b.Keep = pricing.KeepNet
	b.Taxes["x"] = pricing.Tax{Rate: 200_000, Home: 190_000}
	b.Discounts = []pricing.Discount{{ID: "b", Level: pricing.OnOrder, Amount: 1}, {ID: "a", Level: pricing.OnUnit, Amount: 1}}
	compute(t, b)
	if b.Lines[0].Unit != 119_00 || b.Discounts[0].ID != "b" {
		t.Errorf("the basket was changed: %+v", b)
	}
}

func TestQuote_CheckFindsAWrongCent(t *testing.T) {
	b := basket(pricing.NetOrder, line("a", 10_70, 2, "21"), line("b", 3_33, 1, "5"))
	b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Rate: 100_000}}
	b.Shipping = &pricing.Shipping{Price: 4_90, Tax: pricing.Weighted}
	changes := map[string]func(q *pricing.Quote){
		"line tax":       func(q *pricing.Quote) { q.Lines[0].Total.Tax++ },
		"line discount":  func(q *pricing.Quote) { q.Lines[0].Discount++ },
		"share":          func(q *pricing.Quote) { q.Lines[0].Shares[0].Amount++ },
		"subtotal":       func(q *pricing.Quote) { q.Subtotal++ },
		"goods":          func(q *pricing.Quote) { q.Goods.Gross++ },
		"total":          func(q *pricing.Quote) { q.Total.Gross++ },
		"row":            func(q *pricing.Quote) { q.Taxes[0].Total.Net++ },
		"row missing":    func(q *pricing.Quote) { q.Taxes = q.Taxes[:1] },
		"shipping part":  func(q *pricing.Quote) { q.Shipping.Parts[0].Total.Tax-- },
		"shipping price": func(q *pricing.Quote) { q.Shipping.Price++ },
		"discount taken": func(q *pricing.Quote) { q.Discounts[0].Taken-- },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			q := compute(t, b)
			change(&q)
			if q.Check() == nil {
				t.Error("not noticed")
			}
		})
	}
}
