package bank

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Phase is how far a payment got.
type Phase string

const (
	Open       Phase = "open"       // waiting for the shopper's card
	Confirming Phase = "confirming" // waiting for the shopper at 3-D Secure
	Done       Phase = "done"       // money was held or taken
	Failed     Phase = "failed"     // none was, none will be
)

// Payment is one row of the ledger. Amounts are in minor units of Currency.
type Payment struct {
	ID        string `json:"id"`
	Object    string `json:"object"`
	Reference string `json:"reference"` // the merchant's; the shop sends its attempt id
	Order     string `json:"order"`
	Account   string `json:"account"`
	Live      bool   `json:"live"`
	Phase     Phase  `json:"phase"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Capture   string `json:"capture"` // "automatic" or "manual"

	Authorised int64      `json:"authorised"`
	Captured   int64      `json:"captured"`
	Refunded   int64      `json:"refunded"`
	Voided     int64      `json:"voided"`
	Captures   []Movement `json:"captures"`
	Refunds    []Movement `json:"refunds"`

	Failure string    `json:"failure,omitempty"` // "card_declined", "cancelled", …
	Card    string    `json:"card,omitempty"`    // last four digits
	PayURL  string    `json:"pay_url,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"` // while open
	Lapses  time.Time `json:"lapses"`  // the authorisation, once there is one

	Secret Secret `json:"-"`
}

// Secret is the part of a payment that the API never tells.
type Secret struct {
	Key      string // idempotency key of its creation
	Request  create // to compare a repeated creation with
	Page     string // secret of the page's address
	Scenario Scenario
	Changes  map[string]string // idempotency key → operation and amount
}

// Movement is one capture or refund.
type Movement struct {
	ID      string    `json:"id"`
	Key     string    `json:"key"`
	Amount  int64     `json:"amount"`
	Created time.Time `json:"created"`
}

func (p *Payment) copy() Payment {
	c := *p
	c.Captures, c.Refunds = slices.Clone(p.Captures), slices.Clone(p.Refunds)
	return c
}

// Held is what is authorised and neither captured nor let go.
func (p *Payment) Held() int64 { return p.Authorised - p.Captured - p.Voided }

// create is the body of POST /v1/payments.
type create struct {
	Amount     int64  `json:"amount"`
	Currency   string `json:"currency"`
	Capture    string `json:"capture"`
	Reference  string `json:"reference"`
	Order      string `json:"order"`
	ReturnURL  string `json:"return_url"`
	WebhookURL string `json:"webhook_url"`
	Locale     string `json:"locale"`
	Token      string `json:"token"`
}

// refusal is a rule of the bank that a call broke.
type refusal struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	Left    *int64 `json:"left,omitempty"`
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, Code: code, Message: message}
}

func tooMuch(code string, left int64) *refusal {
	return &refusal{status: 409, Code: code, Message: "more than is left", Left: &left}
}

const authorisationLife = 7 * 24 * time.Hour

// make opens a payment. The caller holds the lock.
func (b *Bank) make(key string, in create) *Payment {
	now := b.now()
	p := &Payment{
		ID: b.ids.New("sbx", now), Object: "payment", Reference: in.Reference, Order: in.Order,
		Account: b.o.Account, Phase: Open, Amount: in.Amount, Currency: in.Currency, Capture: in.Capture,
		Captures: []Movement{}, Refunds: []Movement{}, Created: now, Expires: now.Add(b.o.Life),
		Secret: Secret{Key: key, Request: in, Page: b.ids.Token(), Changes: map[string]string{}},
	}
	p.PayURL = b.URL() + "/pay/" + p.Secret.Page
	b.index(p)
	b.dirty = true
	return p
}

func (b *Bank) index(p *Payment) {
	b.payments = append(b.payments, p)
	b.byID[p.ID], b.byPage[p.Secret.Page], b.byKey[p.Secret.Key], b.byRef[p.Reference] = p, p, p, p
}

// charge applies a card to an open payment.
func (b *Bank) charge(p *Payment, c Card) {
	p.Card, p.Secret.Scenario = c.Last4(), c.Scenario
	b.dirty = true
	switch c.Scenario {
	case Declined:
		b.fail(p, "card_declined")
	case NoFunds:
		b.fail(p, "insufficient_funds")
	case ExpiredCard:
		b.fail(p, "expired_card")
	case Challenge:
		p.Phase = Confirming
	default:
		b.authorise(p)
	}
}

func (b *Bank) authorise(p *Payment) {
	p.Phase, p.Authorised, p.Lapses = Done, p.Amount, b.now().Add(authorisationLife)
	b.dirty = true
	b.tell(p, "payment.authorised")
	if p.Capture == "automatic" {
		b.take(p, "auto_"+p.ID, p.Amount)
	}
}

func (b *Bank) take(p *Payment, key string, amount int64) {
	now := b.now()
	p.Captured += amount
	p.Captures = append(p.Captures, Movement{b.ids.New("cap", now), key, amount, now})
	b.dirty = true
	b.tell(p, "payment.captured")
}

func (b *Bank) fail(p *Payment, why string) {
	p.Phase, p.Failure = Failed, why
	b.dirty = true
	b.tell(p, "payment.failed")
}

// lapse ends a payment that a shopper left open, and lets go of an old
// authorisation. Every look at a payment comes through here first, so that no
// timer decides what is true.
func (b *Bank) lapse(p *Payment) *Payment {
	now := b.now()
	switch {
	case (p.Phase == Open || p.Phase == Confirming) && !now.Before(p.Expires):
		b.fail(p, "expired")
	case p.Phase == Done && p.Held() > 0 && !now.Before(p.Lapses):
		p.Voided += p.Held()
		b.dirty = true
		b.tell(p, "payment.voided")
	}
	return p
}

func (b *Bank) expire() {
	for _, p := range b.payments {
		b.lapse(p)
	}
}

// once runs fn unless key did the same before. The same key for something else
// is refused.
func (p *Payment) once(key, what string, fn func() error) error {
	if did, ok := p.Secret.Changes[key]; ok {
		if did != what {
			return refuse(422, "idempotency_mismatch", "this key was used for something else")
		}
		return nil
	}
	if err := fn(); err != nil {
		return err
	}
	p.Secret.Changes[key] = what
	return nil
}

func (b *Bank) capture(p *Payment, key string, amount int64) error {
	return p.once(key, fmt.Sprintf("capture %d", amount), func() error {
		switch {
		case p.Phase != Done || p.Held() == 0 && p.Captured == 0:
			return refuse(409, "not_capturable", "nothing is held")
		case amount > p.Held():
			return tooMuch("capture_too_high", p.Held())
		}
		b.take(p, key, amount)
		return nil
	})
}

func (b *Bank) cancel(p *Payment, key string) error {
	return p.once(key, "cancel", func() error {
		switch {
		case p.Phase == Failed, p.Phase == Done && p.Held() == 0 && p.Voided > 0:
			return nil // nothing is held any more: what was wanted is so
		case p.Phase == Done && p.Held() == 0:
			return refuse(409, "not_cancellable", "all of it was captured")
		case p.Phase == Done:
			p.Voided += p.Held()
			b.dirty = true
			b.tell(p, "payment.voided")
		default:
			b.fail(p, "cancelled")
		}
		return nil
	})
}

func (b *Bank) refund(p *Payment, key string, amount int64) error {
	return p.once(key, fmt.Sprintf("refund %d", amount), func() error {
		if left := p.Captured - p.Refunded; amount > left {
			return tooMuch("refund_too_high", left)
		}
		now := b.now()
		p.Refunded += amount
		p.Refunds = append(p.Refunds, Movement{b.ids.New("re", now), key, amount, now})
		b.dirty = true
		b.tell(p, "payment.refunded")
		return nil
	})
}

// kept is the form of a payment on disk.
type kept struct {
	Payment Payment
	Secret  Secret
}

type file struct {
	Payments   []kept
	Deliveries []*delivery
}

const keepPayments = 1000

func (b *Bank) load() error {
	if b.o.File == "" {
		return nil
	}
	raw, err := os.ReadFile(b.o.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	for _, k := range f.Payments {
		p := k.Payment
		p.Secret = k.Secret
		b.index(&p)
	}
	b.deliveries = f.Deliveries
	return nil
}

// save writes the ledger beside the old one and swaps them.
func (b *Bank) save() error {
	b.mu.Lock()
	if b.o.File == "" || !b.dirty {
		b.mu.Unlock()
		return nil
	}
	var f file
	for _, p := range b.payments[max(0, len(b.payments)-keepPayments):] {
		f.Payments = append(f.Payments, kept{p.copy(), p.Secret})
	}
	f.Deliveries = b.deliveries
	raw, err := json.MarshalIndent(f, "", " ")
	b.dirty = false
	b.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.o.File), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(b.o.File+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(b.o.File+".new", b.o.File)
}
