package transfer

import "time"

// SetSlice sets how long one job imports.
func (s *Service) SetSlice(d time.Duration) { s.sliceTime = d }
