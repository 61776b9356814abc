// Package paymenttest proves that a payment provider keeps the contract of
// commerce/payment. A provider's own test makes a Rig and calls Run:
//
//	func TestProvider(t *testing.T) {
//		paymenttest.Run(t, func(t *testing.T) *paymenttest.Rig { … })
//	}
//
// What a provider cannot do, by the interfaces it lacks or by a nil function
// of the Rig, is skipped; Run fails if a provider that is not ByHand lacks what
// every real one needs.
package paymenttest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Act is what a shopper does at the provider's page.
type Act string

const (
	Pays     Act = "pays"
	Fails    Act = "fails"     // the bank declines
	Confirms Act = "confirms"  // is asked by the bank, and says yes
	Denies   Act = "denies"    // is asked by the bank, and says no
	TurnsOff Act = "turns off" // goes back without paying
)

// Rig is one provider with its surroundings, made afresh for every case.
type Rig struct {
	Provider payment.Provider
	Settings payment.Settings // with which every method is Ready
	Method   string           // the one to test; empty is the first

	// Truth returns what the provider's own books say about an attempt, not
	// through the provider: one entry for each payment that was made for it.
	// Nil for providers without books.
	Truth func(t *testing.T, attemptID string) []payment.Facts

	// Approve and Decline change a request so that the provider answers at
	// once. Nil when a shopper must always continue elsewhere.
	Approve func(r *payment.Request)
	Decline func(r *payment.Request)

	// Shopper goes to the provider's page and acts there. Nil when there is
	// none.
	Shopper func(t *testing.T, continueURL string, act Act)

	// Break makes the next call of an operation ("authorise", "fetch",
	// "capture", "cancel", "refund") fail: after its effect, with the answer
	// lost, or before it. Nil for providers that call nobody.
	Break func(t *testing.T, operation string, afterEffect bool)

	// Inbound returns the messages that were sent so far, signed at Now. Nil
	// when there are none.
	Inbound func(t *testing.T) []payment.Inbound

	// Sign signs a body at a time, rightly or with a secret that is not the
	// shop's.
	Sign func(body []byte, at time.Time, rightly bool) http.Header

	// Now is the time that messages are signed at.
	Now func() time.Time
}

// Run runs every case that applies.
func Run(t *testing.T, build func(t *testing.T) *Rig) {
	for _, c := range slices.Concat(infoCases(), authoriseCases(), truthCases(), moveCases(), webhookCases()) {
		t.Run(c.name, func(t *testing.T) {
			c.run(&bench{T: t, Rig: build(t)})
		})
	}
}

type testCase struct {
	name string
	run  func(b *bench)
}

// bench is a case at work.
type bench struct {
	*testing.T
	*Rig
}

var attempts atomic.Int64 // makes attempt ids that no other case used

// request asks for an amount; the attempt goes with it.
func (b *bench) request(amount money.Minor, currency string) (payment.Attempt, payment.Request) {
	method := b.Method
	if method == "" {
		method = b.Provider.Info().Methods[0].ID
	}
	n := attempts.Add(1)
	a := payment.Attempt{
		ID: fmt.Sprintf("pay_%026d", n), OrderID: fmt.Sprintf("ord_%026d", n), Provider: b.Provider.Info().ID, Method: method,
		Amount: amount, Currency: currency, Live: payment.Live(b.Provider, b.Settings), Status: payment.Started,
	}
	return a, payment.Request{
		AttemptID: a.ID, OrderID: a.OrderID, OrderNumber: fmt.Sprint(1000 + n), Method: method,
		Amount:    money.Money{Amount: amount, Currency: currency},
		ReturnURL: "http://shop.example/return/" + a.ID, WebhookURL: "http://shop.example/hook", Locale: "en",
	}
}

func (b *bench) authorise(r payment.Request) (payment.Outcome, error) {
	b.Helper()
	return b.Provider.Authorize(b.Context(), b.Settings, r)
}

func (b *bench) mustAuthorise(r payment.Request) payment.Outcome {
	b.Helper()
	o, err := b.authorise(r)
	if err != nil {
		b.Fatalf("authorise: %v", err)
	}
	return o
}

// secured returns an attempt that holds (later) or has taken the amount.
func (b *bench) secured(amount money.Minor, later bool) payment.Attempt {
	b.Helper()
	a, r := b.request(amount, "EUR")
	r.CaptureLater = later
	if b.Approve != nil {
		b.Approve(&r)
	}
	o := b.mustAuthorise(r)
	a, _ = a.Answered(o, nil)
	if o.Status == payment.Continue {
		if b.Shopper == nil {
			b.Fatal("the shopper must continue, but the rig has no Shopper")
		}
		b.Shopper(b.T, o.ContinueURL, Pays)
		a = b.learn(a)
	}
	if b.Provider.Info().ByHand && !later {
		a = b.apply(a, b.capture("first", a, amount))
	}
	if !a.Status.Places() {
		b.Fatalf("attempt is %s (%v), want the money secured", a.Status, a.Doubts)
	}
	return a
}

// learn fetches the truth and applies it.
func (b *bench) learn(a payment.Attempt) payment.Attempt {
	b.Helper()
	f, err := b.Provider.(payment.Fetcher).Fetch(b.Context(), b.Settings, payment.Query{AttemptID: a.ID, Reference: a.Reference})
	if err != nil {
		b.Fatalf("fetch: %v", err)
	}
	return b.apply(a, f)
}

func (b *bench) apply(a payment.Attempt, f payment.Facts) payment.Attempt {
	b.Helper()
	a, _ = a.Learned(f)
	if len(a.Doubts) > 0 {
		b.Fatalf("facts %+v raise doubts %v", f, a.Doubts)
	}
	return a
}

func (b *bench) capture(key string, a payment.Attempt, amount money.Minor) payment.Facts {
	b.Helper()
	f, err := b.Provider.(payment.Capturer).Capture(b.Context(), b.Settings, payment.Change{Key: key + a.ID, Attempt: a, Amount: amount})
	if err != nil {
		b.Fatalf("capture %d: %v", amount, err)
	}
	return f
}

func (b *bench) refund(key string, a payment.Attempt, amount money.Minor) payment.Facts {
	b.Helper()
	f, err := b.Provider.(payment.Refunder).Refund(b.Context(), b.Settings, payment.Change{Key: key + a.ID, Attempt: a, Amount: amount})
	if err != nil {
		b.Fatalf("refund %d: %v", amount, err)
	}
	return f
}

// truth is what the provider's books say about an attempt's one payment; for a
// provider without books it is what the shop knows.
func (b *bench) truth(a payment.Attempt) payment.Facts {
	b.Helper()
	if b.Truth == nil {
		return a.Facts
	}
	all := b.Truth(b.T, a.ID)
	if len(all) != 1 {
		b.Fatalf("%d payments in the books for %s, want 1", len(all), a.ID)
	}
	return all[0]
}

// wantSums compares the books with four sums.
func (b *bench) wantSums(a payment.Attempt, authorised, captured, refunded, voided money.Minor) {
	b.Helper()
	f := b.truth(a)
	got := [4]money.Minor{f.Authorised, f.Captured, f.Refunded, f.Voided}
	if want := [4]money.Minor{authorised, captured, refunded, voided}; got != want {
		b.Errorf("books say authorised, captured, refunded, voided = %v, want %v", got, want)
	}
}

// wantRefusal checks the reason of an error and that it is a certain one.
func (b *bench) wantRefusal(err error, reason string) {
	b.Helper()
	if fault.Reason(err) != reason || payment.Unknown(err) {
		b.Errorf("error %v, want %s", err, reason)
	}
}

// need skips the case unless a part is there.
func (b *bench) need(what string, there bool) {
	b.Helper()
	if !there {
		b.Skip("this provider has no " + what)
	}
}

func has[T any](p payment.Provider) bool {
	_, ok := p.(T)
	return ok
}

// race runs fn n times at once and waits.
func race(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-gate
			fn(i)
		}()
	}
	ready.Wait()
	close(gate)
	done.Wait()
}

func infoCases() []testCase {
	return []testCase{
		{"info is complete and always the same", func(b *bench) {
			i := b.Provider.Info()
			if i.ID == "" || i.Name == "" || len(i.Methods) == 0 {
				b.Errorf("id %q, name %q, %d methods", i.ID, i.Name, len(i.Methods))
			}
			seen := map[string]bool{}
			for _, m := range i.Methods {
				if m.ID == "" || m.Name == "" || m.Icon == "" || seen[m.ID] {
					b.Errorf("method %+v is incomplete or there twice", m)
				}
				seen[m.ID] = true
				for _, c := range m.Currencies {
					if !money.Known(c) {
						b.Errorf("method %s takes %q", m.ID, c)
					}
				}
			}
			again := b.Provider.Info()
			if again.ID != i.ID || !reflect.DeepEqual(again.Methods, i.Methods) || len(again.Settings) != len(i.Settings) {
				b.Error("the second Info differs")
			}
		}},
		{"the settings form can be drawn and filled in", func(b *bench) {
			i := b.Provider.Info()
			seen := map[string]bool{}
			for _, f := range i.Settings {
				_, ofMethod := i.Method(f.Method)
				if f.Name == "" || f.Label == "" || seen[f.Name] || (f.Method != "" && !ofMethod) || (f.Kind == payment.Choice) != (len(f.Choices) > 0) {
					b.Errorf("field %+v is incomplete, there twice, or of no method", f)
				}
				seen[f.Name] = true
			}
			if _, err := payment.Tidy(i.Settings, nil); err != nil {
				b.Errorf("an untouched form is refused: %v", err)
			}
			tidy, err := payment.Tidy(i.Settings, b.Settings)
			if err != nil {
				b.Fatalf("the rig's settings are refused: %v", err)
			}
			if again, err := payment.Tidy(i.Settings, tidy); err != nil || !reflect.DeepEqual(again, tidy) {
				b.Errorf("saved twice: %v, %v, want %v", again, err, tidy)
			}
			for _, m := range i.Methods {
				if !payment.Ready(i, m.ID, tidy) {
					b.Errorf("method %s is not ready", m.ID)
				}
			}
		}},
		{"what a real provider needs is there", func(b *bench) {
			i := b.Provider.Info()
			if i.ByHand {
				if !has[payment.Capturer](b.Provider) || !has[payment.Refunder](b.Provider) || has[payment.Webhooker](b.Provider) {
					b.Error("by hand means: staff note what came and what went, and nobody sends messages")
				}
				return
			}
			if !has[payment.Fetcher](b.Provider) || b.Truth == nil || b.Break == nil || b.Now == nil {
				b.Error("a provider that is asked over the network must be able to tell the truth after a lost answer")
			}
			if has[payment.Webhooker](b.Provider) && (b.Inbound == nil || b.Sign == nil) {
				b.Error("it verifies messages, but the rig cannot make any")
			}
			if b.Approve == nil && b.Shopper == nil {
				b.Error("nothing can be approved")
			}
		}},
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
