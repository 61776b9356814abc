package bank

import (
	"net/http"
	"time"
)

// Fault is one thing to go wrong.
type Fault struct {
	// On is what it befalls: "create", "fetch", "capture", "cancel", "refund",
	// or "webhook".
	On string `json:"on"`

	// Do says how. For calls:
	//   "drop"    the effect happens, then the connection is cut
	//   "error"   the effect happens, then 500
	//   "refuse"  500, nothing happens
	//   "delay"   the effect happens, the answer waits for Delay
	//   "hang"    the effect happens, the answer never comes
	// For webhooks:
	//   "duplicate"  Count more of each
	//   "withhold"   never sent
	//   "delay"      sent after Delay on the bank's clock
	//   "forge"      signed with a wrong secret
	//   "lie"        well signed, but the amount is 1 and the account another
	Do string `json:"do"`

	Times int           `json:"times"` // how often; 0 means once, negative means until Heal
	Delay time.Duration `json:"delay"` // nanoseconds in JSON
	Count int           `json:"count"`
}

// Inject arranges for a fault. Faults of one kind happen in the order in which
// they were injected.
func (b *Bank) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, &f)
}

// Heal takes back every fault that has not happened yet.
func (b *Bank) Heal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

// fault takes the next fault for an operation. The caller holds the lock.
func (b *Bank) fault(on string) Fault {
	for i, f := range b.faults {
		if f.On != on {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				b.faults = append(b.faults[:i:i], b.faults[i+1:]...)
			}
		}
		return *f
	}
	return Fault{}
}

// suffer makes the fault of an answer felt, after its effect. It reports
// whether an answer is still to be given.
func suffer(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f.Do {
	case "drop":
		cut(w)
	case "error":
		answer(w, http.StatusInternalServerError, map[string]any{"error": refuse(500, "internal", "something went wrong")})
	case "hang":
		<-r.Context().Done()
	case "delay":
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-r.Context().Done():
		}
	default:
		return true
	}
	return false
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
		return
	}
	panic(http.ErrAbortHandler) // HTTP/2 and test recorders cannot be hijacked
}
