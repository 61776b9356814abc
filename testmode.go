package stoa

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// testClock reads and sets the shop's clock. It exists in test mode only:
//
//	curl -X PUT --data '{"now":"2026-12-24T18:00:00Z"}' -H 'Content-Type: application/json' http://localhost:8080/test/clock
//
// The clock runs on from there; GET shows it. As soon as a payment provider
// that moves real money is set up, the clock is right again and stays so.
func (s *Shop) testClock() http.Handler {
	door := &web.Door{Log: s.Log, Printer: s.printer}
	return door.Mount(func(w http.ResponseWriter, r *http.Request) error {
		switch r.Method {
		case http.MethodGet:
		case http.MethodPut:
			in, err := web.DecodeJSON[struct {
				Now string `json:"now" required:"true" max:"40"`
			}](r, web.Limits{})
			if err != nil {
				return err
			}
			now, err := time.Parse(time.RFC3339, in.Now)
			if err != nil {
				return fault.New(fault.Invalid, "form.invalid").At("now", "form.not_a_date")
			}
			if s.Payments.AnyLive() {
				s.TestClock.Set(s.parts.clock.Now())
				return fault.New(fault.Forbidden, "request.test_mode_refused")
			}
			s.TestClock.Set(now)
		default:
			return web.MethodNotAllowed("GET, PUT")
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]string{"now": s.Clock.Now().Format(time.RFC3339Nano)})
	})
}
