package transfer

import "time"

// SetSlice sets how long one job imports.
func (s *Service) SetSlice(d time.Duration) { s.sliceTime = d }

// SetBatch sets how many steps share a transaction, and for how long one takes
// further steps. Nothing else ends a batch then, however slow the machine.
func (s *Service) SetBatch(most int, d time.Duration) {
	s.mostBatch, s.batchTime, s.readTime = most, d, time.Hour
}
