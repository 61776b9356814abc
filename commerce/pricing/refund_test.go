package pricing_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

func TestB17_refundsFollowWhatWasPaid(t *testing.T) {
	t.Run("10 % off 6.00 + 4.00: the first gives back 5.40", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 6_00, 1, "20"), line("b", 4_00, 1, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Rate: 100_000}}
		wantRefunds(t, compute(t, b).Lines[0], []money.Minor{5_40}, nil)
	})
	t.Run("42 off 150 + 60: the 150 gives back 120.00", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 150_00, 1, "20"), line("b", 60_00, 1, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 42_00}}
		wantRefunds(t, compute(t, b).Lines[0], []money.Minor{120_00}, nil)
	})
	t.Run("10.00 for 3", func(t *testing.T) {
		b := basket(pricing.Gross, line("a", 3_34, 3, "20"))
		b.Discounts = []pricing.Discount{{ID: "d", Level: pricing.OnOrder, Amount: 2}}
		q := compute(t, b)
		wantTotal(t, q, 8_33, 1_67, 10_00)
		wantRefunds(t, q.Lines[0], []money.Minor{3_33, 3_34, 3_33}, []money.Minor{56, 55, 56})
	})
	t.Run("units cheaper than a cent give back no tax without a price", func(t *testing.T) {
		total := pricing.Amounts{Net: 5, Tax: 5, Gross: 10}
		var back pricing.Amounts
		for k := range int64(30) {
			r, err := pricing.Refund(total, 30, k, 1)
			if err != nil {
				t.Fatal(err)
			}
			if r.Net < 0 || r.Tax < 0 {
				t.Errorf("unit %d gives back %+v", k, r)
			}
			back = sum(back, r)
		}
		if back != total {
			t.Errorf("gave back %+v, want %+v", back, total)
		}
	})
	t.Run("no more units than there are", func(t *testing.T) {
		for _, bad := range [][3]int64{{3, 0, 4}, {3, 2, 2}, {3, 0, 0}, {3, -1, 1}, {3, 0, -1}, {3, 3, 1}, {0, 0, 1}, {3, 1, math.MaxInt64}} {
			if _, err := pricing.Refund(pricing.Amounts{Net: 1, Gross: 1}, bad[0], bad[1], bad[2]); fault.Reason(err) != "pricing.refund_quantity" {
				t.Errorf("quantity %d, from %d, %d units: got %v", bad[0], bad[1], bad[2], err)
			}
		}
	})
}

func wantRefunds(t *testing.T, l pricing.QuotedLine, gross, tax []money.Minor) {
	t.Helper()
	for k, want := range gross {
		got, err := pricing.Refund(l.Total, l.Quantity, int64(k), 1)
		if err != nil {
			t.Fatal(err)
		}
		if got.Gross != want {
			t.Errorf("unit %d gives back %d, want %d", k+1, got.Gross, want)
		}
		if tax != nil && got.Tax != tax[k] {
			t.Errorf("unit %d gives back tax %d, want %d", k+1, got.Tax, tax[k])
		}
	}
}

func TestRefundShipping(t *testing.T) {
	left := []pricing.Amounts{{Net: 6_00, Tax: 1_20, Gross: 7_20}, {Net: 4_00, Gross: 4_00}}
	got, err := pricing.RefundShipping(left, 11_20)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(left, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []money.Minor{0, -1, 11_21} {
		if _, err := pricing.RefundShipping(left, bad); fault.Reason(err) != "pricing.refund_amount" {
			t.Errorf("refund of %d: got %v", bad, err)
		}
		if _, err := pricing.RefundAmount(sum(left[0], left[1]), 0, bad); fault.Reason(err) != "pricing.refund_amount" {
			t.Errorf("refund of %d: got %v", bad, err)
		}
	}
}
