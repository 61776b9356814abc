package money_test

import (
	"slices"
	"testing"

	"github.com/stoashop/stoa/kit/money"
)

func TestMinor_Split(t *testing.T) {
	tests := map[string]struct {
		amount  money.Minor
		weights []int64
		want    []money.Minor
	}{
		"even":                         {900, []int64{1, 1, 1}, []money.Minor{300, 300, 300}},
		"odd cent goes left":           {1000, []int64{1, 1, 1}, []money.Minor{334, 333, 333}},
		"largest remainder wins":       {100, []int64{1, 2, 3}, []money.Minor{17, 33, 50}},
		"a refund splits like a sale":  {-1000, []int64{1, 1, 1}, []money.Minor{-334, -333, -333}},
		"free lines get nothing":       {500, []int64{0, 5}, []money.Minor{0, 500}},
		"all free: the first takes it": {500, []int64{0, 0}, []money.Minor{500, 0}},
		"no lines":                     {500, nil, []money.Minor{}},
		"more units than int64 holds":  {1 << 62, []int64{1 << 40, 1 << 40}, []money.Minor{1 << 61, 1 << 61}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := tt.amount.Split(tt.weights)

			if !slices.Equal(got, tt.want) {
				t.Errorf("Minor(%d).Split(%v) = %v, want %v", tt.amount, tt.weights, got, tt.want)
			}
			var sum money.Minor
			for _, part := range got {
				sum += part
			}
			if len(got) > 0 && sum != tt.amount {
				t.Errorf("parts add up to %d, want %d", sum, tt.amount)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	for code, want := range map[string]bool{"EUR": true, "JPY": true, "KWD": true, "": false, "eur": false, "EURO": false, "XXY": false} {
		if got := money.Known(code); got != want {
			t.Errorf("Known(%q) is %v", code, got)
		}
	}
}
