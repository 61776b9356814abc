// Package clock is the only source of wall time. Everything that needs to know
// what time it is takes a Clock, so that tests, the simulator and the clock of
// test mode decide what "now" means.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	// Now is the current instant in UTC, whole milliseconds.
	Now() time.Time
}

type system struct{}

func (system) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// System is the machine's clock.
func System() Clock { return system{} }

// Fake is a clock that moves only when told to. It is safe for concurrent use.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake returns a clock that stands at now.
func NewFake(now time.Time) *Fake {
	return &Fake{now: now.UTC().Truncate(time.Millisecond)}
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Set moves the clock to now, forwards or backwards.
func (f *Fake) Set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now.UTC().Truncate(time.Millisecond)
}

// Advance moves the clock by d, which may be negative.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d).Truncate(time.Millisecond)
}

// Shifted is the system's clock moved by an offset that may be changed while
// the shop runs. Test mode uses it.
type Shifted struct {
	mu     sync.Mutex
	base   Clock
	offset time.Duration
}

// NewShifted returns base moved by nothing.
func NewShifted(base Clock) *Shifted { return &Shifted{base: base} }

// Now implements Clock.
func (s *Shifted) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base.Now().Add(s.offset)
}

// Set makes the clock show now at this moment and run on from there.
func (s *Shifted) Set(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = now.Sub(s.base.Now()).Truncate(time.Millisecond)
}

// Stopwatch measures a duration on the monotonic clock, which no change of the
// wall clock moves. The zero value is not started.
type Stopwatch struct{ began time.Time }

// Start returns a running stopwatch.
func Start() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed is the time since Start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.began) }
