package shipping

import (
	"slices"
	"time"
)

// Schedule is when the shop hands parcels over.
type Schedule struct {
	// CutOff is the time of day, since midnight on the shop's clock, from
	// which an order leaves on the next working day.
	CutOff time.Duration

	// Workdays are the days on which parcels leave and arrive.
	Workdays []time.Weekday

	// Closed are days without work beyond that, as "2006-01-02".
	Closed []string
}

// UsualSchedule is Monday to Friday with a cut-off at 14:00.
func UsualSchedule() Schedule {
	return Schedule{
		CutOff:   14 * time.Hour,
		Workdays: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
	}
}

// Estimate is the days on which a parcel can be expected.
type Estimate struct {
	Leaves   time.Time // midnight of the day it is handed over, in the shop's zone
	Earliest time.Time // midnight of the first day it may arrive
	Latest   time.Time // midnight of the last
}

// Expect estimates the delivery of an order placed at now by a method that
// takes daysMin to daysMax working days. zone is the shop's; nil means UTC. A
// schedule without workdays works every day.
func (s Schedule) Expect(now time.Time, zone *time.Location, daysMin, daysMax int) Estimate {
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	day := midnight(local, 0)
	// Wall-clock time of day: a day with a clock change has the same cut-off.
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if clock >= s.CutOff {
		day = midnight(day, 1)
	}
	day = s.next(day)
	return Estimate{day, s.after(day, daysMin), s.after(day, daysMax)}
}

// after is the n-th working day after day.
func (s Schedule) after(day time.Time, n int) time.Time {
	for range min(max(n, 0), 365) {
		day = s.next(midnight(day, 1))
	}
	return day
}

// next is day itself when it is a working day, else the first one after it.
// It gives up after a year of closed days.
func (s Schedule) next(day time.Time) time.Time {
	for range 366 {
		if s.works(day) {
			return day
		}
		day = midnight(day, 1)
	}
	return day
}

func (s Schedule) works(day time.Time) bool {
	if len(s.Workdays) > 0 && !slices.Contains(s.Workdays, day.Weekday()) {
		return false
	}
	return !slices.Contains(s.Closed, day.Format(time.DateOnly))
}

// midnight is the beginning of the day that is n days after t's, in t's zone.
// Where a clock change skips midnight it is the first instant of that day.
func midnight(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	begin := time.Date(y, m, d+n, 0, 0, 0, 0, t.Location())
	if begin.Day() != time.Date(y, m, d+n, 12, 0, 0, 0, t.Location()).Day() {
		begin = time.Date(y, m, d+n, 1, 0, 0, 0, t.Location())
	}
	return begin
}
