package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/provider/payment/sandbox"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
	"github.com/stoashop/stoa/stoatest/rig"
)

// shop is a checkout that pays at a real bank server on loopback, and a web
// address for the bank's messages.
type shop struct {
	*rig.Rig
	t       *testing.T
	bank    *bank.Bank
	refused int // messages the shop would not believe
}

type only struct{ p *sandbox.Provider }

func (o only) Provider(id string) (payment.Provider, payment.Settings, bool) {
	return o.p, nil, id == sandbox.ID
}

func (o only) Offered(string) []payment.Offer {
	return []payment.Offer{{Code: "sandbox.card", Method: o.p.Info().Methods[0]}}
}

func openShop(t *testing.T, r *rig.Rig) *shop {
	t.Helper()
	s := &shop{Rig: r, t: t}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		err := r.Checkout.Webhook(q.Context(), sandbox.ID, payment.Inbound{Header: q.Header, Body: body, At: r.Clock.Now()})
		switch {
		case fault.Reason(err) == "payment.webhook_refused":
			s.refused++
			w.WriteHeader(http.StatusBadRequest)
		case err != nil:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(door.Close)
	var handler http.Handler
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { handler.ServeHTTP(w, q) }))
	t.Cleanup(site.Close)
	var err error
	if s.bank, err = bank.New(bank.Options{Clock: r.Clock, PublicURL: site.URL, WebhookSecret: secret}); err != nil {
		t.Fatal(err)
	}
	handler = s.bank.Handler()
	p, err := sandbox.New(egress.New(), sandbox.Options{URL: site.URL, SecretKey: "sk_sandbox", WebhookSecrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	inner := r.Checkout.Shop
	r.Checkout.Providers = only{p}
	r.Checkout.Shop = func() checkout.Shop {
		shop := inner()
		shop.BaseURL = door.URL
		return shop
	}
	return s
}

// buy puts one kettle into a fresh cart and sends the order.
func (s *shop) buy(variant string, card bank.Scenario) (checkout.Placement, checkout.Outcome) {
	s.t.Helper()
	p := s.Placement(s.Fill(variant, 1))
	p.PaymentMethod = "sandbox.card"
	if card != "" {
		p.PaymentToken = card.Token()
	}
	out, err := s.Checkout.Place(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return p, out
}

// post sends a form of the bank's page and does not follow it to the shop.
func (s *shop) post(to string, form url.Values) {
	s.t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.PostForm(to, form)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%s: %s", to, res.Status)
	}
}

// pass lets time go by, with the bank's messages and the shop's jobs at work.
func (s *shop) pass(d time.Duration) {
	s.t.Helper()
	for range d / (30 * time.Second) {
		s.bank.Deliver(s.t.Context())
		s.Run()
		s.Clock.Advance(30 * time.Second)
	}
	s.bank.Deliver(s.t.Context())
	s.Run()
}

// wantAgreement compares the shop's ledger with the bank's, sum by sum.
func (s *shop) wantAgreement() {
	s.t.Helper()
	var theirs [4]int64
	for _, p := range s.bank.Ledger() {
		theirs[0] += p.Authorised
		theirs[1] += p.Captured
		theirs[2] += p.Refunded
		theirs[3] += p.Voided
	}
	var ours [4]int64
	for i, kind := range []string{"authorisation", "capture", "refund", "void"} {
		ours[i] = s.Int(s.t, `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry WHERE kind = $1`, kind)
	}
	if ours != theirs {
		s.t.Errorf("our ledger says %v, the bank's %v", ours, theirs)
	}
}

func (s *shop) wantPlaced(id string, times int) {
	s.t.Helper()
	if o := s.OrderOf(id); o.State != order.Placed || o.Payment != payment.Paid || o.Captured != o.Total {
		s.t.Errorf("order is %s, %s, captured %d of %d", o.State, o.Payment, o.Captured, o.Total)
	}
	if events, err := event.Count(s.t.Context(), s.DB); err != nil || events["order.placed"] != times || events["order.paid"] != times {
		s.t.Errorf("events %v, %v; want %d placed and paid", events, err, times)
	}
}

// Every test card that pays ends in one placed order and one capture, however
// the bank's answer and its messages arrive; the shop and the bank agree
// (T31, T32, T33, T36).
func TestJourney_cardsThatPay(t *testing.T) {
	for _, card := range []bank.Scenario{bank.Success, bank.AnswerLost, bank.LateWebhook, bank.RepeatWebhook, bank.Reordered} {
		t.Run(string(card), func(t *testing.T) {
			rig.Each(t, func(t *testing.T, r *rig.Rig) {
				s := openShop(t, r)
				variant := r.Goods("kettle", 5000, 2)
				p, out := s.buy(variant, card)
				if _, err := r.Checkout.Place(t.Context(), p); err != nil {
					t.Errorf("second click: %v", err)
				}
				s.pass(5 * time.Minute)
				s.wantPlaced(out.OrderID, 1)
				s.wantAgreement()
				if all := s.bank.Ledger(); len(all) != 1 || len(all[0].Captures) != 1 || all[0].Captured != 5490 || s.refused != 0 {
					t.Errorf("bank: %+v; %d messages refused", all, s.refused)
				}
				r.WantLevel(variant, 2, 1, 0)
			})
		})
	}
}

// The shopper pays at the bank's page, with and without 3-D Secure, and closes
// the tab: the message alone places the order (T33).
func TestJourney_tabClosedAfterPaying(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 5)
		_, out := s.buy(variant, "")
		page := s.OrderOf(out.OrderID).Attempts[0].ContinueURL
		if out.ContinueURL == "" || out.ContinueURL != page {
			t.Fatalf("continue at %q, stored %q", out.ContinueURL, page)
		}
		s.post(page, card(r.Clock.Now(), bank.Success))
		s.bank.Deliver(t.Context())
		s.wantPlaced(out.OrderID, 1)

		_, out = s.buy(variant, bank.Challenge)
		s.post(out.ContinueURL+"/confirmation", url.Values{"decision": {"approve"}})
		s.bank.Deliver(t.Context())
		s.wantPlaced(out.OrderID, 2)
		s.pass(time.Minute)
		s.wantAgreement()
	})
}

// Messages never come at all: the browser's return, or failing that the
// reconcile job, finds out.
func TestJourney_noMessages(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 5)
		s.bank.Inject(bank.Fault{On: "webhook", Do: "withhold", Times: -1})

		_, out := s.buy(variant, "")
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.Success))
		attempt := s.OrderOf(out.OrderID).Attempts[0].ID
		if _, err := r.Checkout.Returned(t.Context(), attempt); err != nil {
			t.Fatal(err)
		}
		s.wantPlaced(out.OrderID, 1)

		_, out = s.buy(variant, "")
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.Success))
		s.pass(3 * time.Minute)
		s.wantPlaced(out.OrderID, 2)
		s.wantAgreement()
	})
}

// Declined once, paid on the second try with 3-D Secure: one order, one
// capture, nothing held.
func TestJourney_declinedThenConfirmed(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 1)
		p, out := s.buy(variant, "")
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.NoFunds))
		if _, err := r.Checkout.Returned(t.Context(), s.OrderOf(out.OrderID).Attempts[0].ID); err != nil {
			t.Fatal(err)
		}
		o := s.OrderOf(out.OrderID)
		if o.State != order.Draft || o.Attempts[0].Reason != payment.ReasonFunds {
			t.Errorf("after the decline: %s, %q", o.State, o.Attempts[0].Reason)
		}
		r.WantLevel(variant, 1, 0, 0)

		again := s.Placement(p.Owner)
		again.PaymentMethod = "sandbox.card"
		out, err := r.Checkout.Place(t.Context(), again)
		if err != nil || out.ContinueURL == "" {
			t.Fatalf("%+v, %v", out, err)
		}
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.Challenge))
		s.post(out.ContinueURL+"/confirmation", url.Values{"decision": {"approve"}})
		s.pass(2 * time.Minute)
		s.wantPlaced(out.OrderID, 1)
		s.wantAgreement()
		r.WantLevel(variant, 1, 1, 0)
	})
}

// Nobody pays: after the hold the goods are free, and the bank's page takes no
// money any more.
func TestJourney_abandoned(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 1)
		_, out := s.buy(variant, "")
		s.pass(35 * time.Minute)
		if o := s.OrderOf(out.OrderID); o.State != order.Expired {
			t.Errorf("order is %s", o.State)
		}
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.Success))
		s.pass(time.Minute)
		if all := s.bank.Ledger(); len(all) != 1 || all[0].Authorised != 0 || all[0].Failure == "" {
			t.Errorf("bank: %+v", all)
		}
		s.wantAgreement()
		r.WantLevel(variant, 1, 0, 0)
	})
}

// Forged messages change nothing and are refused; a signed lie about the
// amount is looked up and changes nothing either (T29, T30).
func TestJourney_liesChangeNothing(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 1)
		_, out := s.buy(variant, "")
		s.bank.Inject(bank.Fault{On: "webhook", Do: "forge"}) // of the authorisation
		s.bank.Inject(bank.Fault{On: "webhook", Do: "lie"})   // of the capture
		s.post(out.ContinueURL, card(r.Clock.Now(), bank.Success))
		s.bank.Deliver(t.Context())
		s.wantPlaced(out.OrderID, 1)
		s.wantAgreement()
		if s.refused != 1 {
			t.Errorf("%d messages refused, want the forged one", s.refused)
		}
	})
}

// A card number in a note, an address or the token is refused before anything
// is kept, at the shop and at the bank (T41).
func TestT41_cardNumbersStayOut(t *testing.T) {
	rig.Each(t, func(t *testing.T, r *rig.Rig) {
		s := openShop(t, r)
		variant := r.Goods("kettle", 5000, 1)
		places := map[string]func(p *checkout.Placement, number string){
			"note":          func(p *checkout.Placement, n string) { p.Details.Note = "charge " + n },
			"shipping.name": func(p *checkout.Placement, n string) { p.Details.Shipping.Name = n },
			"billing.line2": func(p *checkout.Placement, n string) { p.Details.Billing.Line2 = n },
			"payment_token": func(p *checkout.Placement, n string) { p.PaymentToken = n },
		}
		for path, put := range places {
			p := s.Placement(s.Fill(variant, 1))
			p.PaymentMethod = "sandbox.card"
			version := s.Bag(p.Owner).Cart.Version
			put(&p, "4242424242424242")
			_, err := r.Checkout.Place(t.Context(), p)
			f := fault.From(err)
			if f == nil || len(f.Fields) != 1 || f.Fields[0].Path != path || f.Fields[0].Reason != "payment.card_number_here" {
				t.Errorf("%s: %v", path, err)
			}
			if s.Bag(p.Owner).Cart.Version != version {
				t.Errorf("%s: the cart changed", path)
			}
		}
		if r.Count("orders") != 0 || len(s.bank.Ledger()) != 0 {
			t.Error("something happened all the same")
		}
	})
}

func card(now time.Time, s bank.Scenario) url.Values {
	for _, c := range bank.Cards() {
		if c.Scenario == s {
			return url.Values{"number": {c.Spaced()}, "expiry": {now.AddDate(1, 0, 0).Format("01/06")}, "cvc": {"123"}}
		}
	}
	panic(fmt.Sprintf("no card for %s", s))
}
