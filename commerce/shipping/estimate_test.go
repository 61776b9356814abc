package shipping_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stoashop/stoa/commerce/shipping"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestExpect(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	usual := shipping.UsualSchedule()
	holidays := usual
	holidays.Closed = []string{"2026-12-25", "2026-12-24"}
	everyDay := shipping.Schedule{CutOff: 14 * time.Hour}
	tests := map[string]struct {
		schedule                 shipping.Schedule
		now                      string
		least, most              int
		leaves, earliest, latest string
	}{
		"Tuesday morning":               {usual, "2026-11-24 09:00:00", 1, 3, "2026-11-24", "2026-11-25", "2026-11-27"},
		"a second before the cut-off":   {usual, "2026-11-24 13:59:59", 1, 1, "2026-11-24", "2026-11-25", "2026-11-25"},
		"at the cut-off":                {usual, "2026-11-24 14:00:00", 1, 1, "2026-11-25", "2026-11-26", "2026-11-26"},
		"Friday morning":                {usual, "2026-11-27 09:00:00", 1, 2, "2026-11-27", "2026-11-30", "2026-12-01"},
		"Friday afternoon":              {usual, "2026-11-27 15:00:00", 1, 2, "2026-11-30", "2026-12-01", "2026-12-02"},
		"Saturday":                      {usual, "2026-11-28 09:00:00", 1, 2, "2026-11-30", "2026-12-01", "2026-12-02"},
		"Sunday night":                  {usual, "2026-11-29 23:59:59", 0, 0, "2026-11-30", "2026-11-30", "2026-11-30"},
		"same day":                      {usual, "2026-11-24 09:00:00", 0, 0, "2026-11-24", "2026-11-24", "2026-11-24"},
		"over Christmas":                {holidays, "2026-12-23 15:00:00", 1, 2, "2026-12-28", "2026-12-29", "2026-12-30"},
		"closed on the day":             {holidays, "2026-12-24 09:00:00", 1, 1, "2026-12-28", "2026-12-29", "2026-12-29"},
		"every day":                     {everyDay, "2026-11-28 15:00:00", 1, 2, "2026-11-29", "2026-11-30", "2026-12-01"},
		"the clocks go back":            {everyDay, "2026-10-24 15:00:00", 1, 1, "2026-10-25", "2026-10-26", "2026-10-26"},
		"the clocks go forward":         {everyDay, "2026-03-28 15:00:00", 1, 1, "2026-03-29", "2026-03-30", "2026-03-30"},
		"13:30 on the day they go back": {everyDay, "2026-10-25 13:30:00", 1, 1, "2026-10-25", "2026-10-26", "2026-10-26"},
		"over the new year":             {usual, "2026-12-31 15:00:00", 1, 1, "2027-01-01", "2027-01-04", "2027-01-04"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.schedule.Expect(at(tt.now), berlin, tt.least, tt.most)
			for _, c := range []struct {
				what string
				got  time.Time
				want string
			}{{"leaves", got.Leaves, tt.leaves}, {"earliest", got.Earliest, tt.earliest}, {"latest", got.Latest, tt.latest}} {
				if s := c.got.Format("2006-01-02 15:04"); s != c.want+" 00:00" {
					t.Errorf("%s %s, want %s", c.what, s, c.want)
				}
			}
		})
	}
}

func TestExpect_theShopsClockDecides(t *testing.T) {
	now := time.Date(2026, 11, 24, 13, 30, 0, 0, time.UTC) // 14:30 in Berlin, 08:30 in New York
	if got := shipping.UsualSchedule().Expect(now, zone(t, "Europe/Berlin"), 0, 0).Leaves.Day(); got != 25 {
		t.Errorf("Berlin sends on the %d.", got)
	}
	if got := shipping.UsualSchedule().Expect(now, zone(t, "America/New_York"), 0, 0).Leaves.Day(); got != 24 {
		t.Errorf("New York sends on the %d.", got)
	}
	if got := shipping.UsualSchedule().Expect(now, nil, 0, 0).Leaves.Day(); got != 24 {
		t.Errorf("UTC sends on the %d.", got)
	}
}

func TestExpect_daysWithoutMidnight(t *testing.T) {
	santiago := zone(t, "America/Santiago") // clocks go from 23:59:59 to 01:00 on 6 September 2026
	s := shipping.Schedule{CutOff: 14 * time.Hour}
	got := s.Expect(time.Date(2026, 9, 5, 15, 0, 0, 0, santiago), santiago, 1, 1)
	if got.Leaves.Day() != 6 || got.Earliest.Day() != 7 {
		t.Errorf("leaves %s, arrives %s", got.Leaves, got.Earliest)
	}
}

func TestExpect_endsForAShopThatIsAlwaysClosed(t *testing.T) {
	s := shipping.Schedule{Workdays: []time.Weekday{time.Weekday(9)}}
	got := s.Expect(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), nil, 2, 1_000_000)
	if got.Latest.Before(got.Earliest) {
		t.Errorf("got %+v", got)
	}
}
