package stoa

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// realMoney says why this shop may not be played with, and "" when it may: a
// payment provider that is offered moves real money, or sends shoppers to pages
// that are not on this machine.
func (s *Shop) realMoney() string {
	if s.Payments.AnyLive() {
		return "a payment provider that moves real money is set up"
	}
	for _, p := range s.Payments.All() {
		for _, page := range p.Provider.Info().Pages {
			if p.Active && !loopback(page) {
				return "the payment address " + page + " is not on this machine"
			}
		}
	}
	return ""
}

// clockRoutes read and set the shop's clock. They exist in test mode only:
//
//	curl -X PUT --data '{"now":"2026-12-24T18:00:00Z"}' -H 'Content-Type: application/json' http://localhost:8080/test/clock
//
// The clock runs on from there; GET shows it. As soon as a payment provider
// that moves real money is set up, the clock is right again and stays so.
func (s *Shop) clockRoutes() []policy.Route {
	show := func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		return json.NewEncoder(w).Encode(map[string]string{"now": s.Clock.Now().Format(time.RFC3339Nano)})
	}
	set := func(w http.ResponseWriter, r *http.Request) error {
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
		if s.realMoney() != "" {
			s.TestClock.Set(s.parts.clock.Now())
			return fault.New(fault.Forbidden, "request.test_mode_refused")
		}
		s.TestClock.Set(now)
		return show(w, r)
	}
	return []policy.Route{
		{Name: "test.clock", Method: http.MethodGet, Pattern: "/test/clock", Who: policy.Public, Handler: show},
		{Name: "test.clock.set", Method: http.MethodPut, Pattern: "/test/clock", Who: policy.Public, Handler: set},
	}
}
