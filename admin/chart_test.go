package admin_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stoashop/stoa/admin"
)

func TestNewChart_axisEndsOnARoundNumberAboveTheHighestValue(t *testing.T) {
	tests := map[string]struct {
		unit   int64
		values []int64
		want   []string
	}{
		"cents":                     {100, []int64{141_00, 60_00}, []string{"15000", "10000", "5000", "0"}},
		"pieces":                    {1, []int64{7}, []string{"8", "6", "4", "2", "0"}},
		"exactly on a line":         {1, []int64{4}, []string{"4", "3", "2", "1", "0"}},
		"nothing was sold":          {100, []int64{0, 0}, []string{"100", "0"}},
		"no step below one unit":    {100, []int64{30}, []string{"100", "0"}},
		"as much as an int64 holds": {1, []int64{1 << 62}, []string{"6000000000000000000", "4000000000000000000", "2000000000000000000", "0"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			points := make([]admin.Point, len(tt.values))
			for i, v := range tt.values {
				points[i].Value = v
			}
			c := admin.NewChart(points, tt.unit, func(v int64) string { return fmt.Sprint(v) }, nil)
			if !slices.Equal(c.Ticks, tt.want) {
				t.Errorf("ticks %v, want %v", c.Ticks, tt.want)
			}
		})
	}
}

func TestNewChart_barsStandOnTheBaseAndStayInside(t *testing.T) {
	points := []admin.Point{{Value: 0}, {Value: 1, Was: 1000}, {Value: 500}, {Value: 1000}}
	c := admin.NewChart(points, 1, func(v int64) string { return fmt.Sprint(v) }, nil)
	var heights []int64
	for i, b := range c.Bars {
		heights = append(heights, b.H)
		if b.Y+b.H != c.Height || b.X < b.HitX || b.X+b.W > b.HitX+b.HitW {
			t.Errorf("bar %d leaves its place: %+v", i, b)
		}
	}
	if want := []int64{0, 2, 160, 320}; !slices.Equal(heights, want) {
		t.Errorf("heights %v, want %v: what was sold is seen, however little", heights, want)
	}
	if got := c.Bars[1].WasH; got != 320 {
		t.Errorf("compared height %d, want 320", got)
	}
}
