// Package sandbox is the payment provider that practises: it speaks to the
// server of package bank the way a real provider's package speaks to a real
// service. Shoppers type test cards on the bank's page; the shop never sees
// one.
package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/egress"
)

// ID is the provider's id.
const ID = "sandbox"

// Options come from the boot settings.
type Options struct {
	URL       string // the bank's address, such as "http://127.0.0.1:8081"
	SecretKey string // carried by every call

	// WebhookSecrets verify messages; any of them will do, so that one can be
	// changed while messages are under way. Empty ones are ignored.
	WebhookSecrets []string
}

// Provider implements payment.Provider and every optional part of it except
// instructions.
type Provider struct {
	base    string
	key     string
	secrets []string
	http    *http.Client
}

// New returns the provider. It fails when the address is no http or https
// address.
func New(out *egress.Client, o Options) (*Provider, error) {
	client, err := out.Private(o.URL, egress.Connect(time.Second), egress.Total(5*time.Second), egress.MaxBody(1<<20), egress.Redirects(0))
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	p := &Provider{base: strings.TrimSuffix(o.URL, "/"), key: o.SecretKey, http: client}
	for _, s := range o.WebhookSecrets {
		if s != "" {
			p.secrets = append(p.secrets, s)
		}
	}
	return p, nil
}

// Info implements payment.Provider.
func (p *Provider) Info() payment.Info {
	return payment.Info{
		ID:                ID,
		Name:              "sandbox.name",
		Methods:           []payment.Method{{ID: "card", Name: "sandbox.card", Help: "sandbox.card.help", Icon: "card"}},
		Pages:             []string{p.base},
		ManyCaptures:      true,
		AuthorisationLife: 7 * 24 * time.Hour,
	}
}

// Test implements payment.Tester: no real money ever moves here.
func (p *Provider) Test(payment.Settings) bool { return true }

// fact is the bank's payment, as far as the shop reads it.
type fact struct {
	ID         string     `json:"id"`
	Reference  string     `json:"reference"`
	Account    string     `json:"account"`
	Live       bool       `json:"live"`
	Phase      string     `json:"phase"`
	Amount     int64      `json:"amount"`
	Currency   string     `json:"currency"`
	Authorised int64      `json:"authorised"`
	Captured   int64      `json:"captured"`
	Refunded   int64      `json:"refunded"`
	Voided     int64      `json:"voided"`
	Captures   []movement `json:"captures"`
	Refunds    []movement `json:"refunds"`
	Failure    string     `json:"failure"`
	PayURL     string     `json:"pay_url"`
	Lapses     time.Time  `json:"lapses"`
}

type movement struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Amount int64  `json:"amount"`
}

func (f fact) facts() payment.Facts {
	return payment.Facts{
		Reference:  f.ID,
		AttemptID:  f.Reference,
		Account:    f.Account,
		Live:       f.Live,
		Amount:     money.Minor(f.Amount),
		Currency:   f.Currency,
		Authorised: money.Minor(f.Authorised),
		Captured:   money.Minor(f.Captured),
		Refunded:   money.Minor(f.Refunded),
		Voided:     money.Minor(f.Voided),
		Captures:   movements(f.Captures),
		Refunds:    movements(f.Refunds),
		Closed:     f.Phase == "failed" || f.Phase == "done" && f.Authorised == f.Captured+f.Voided,
		Reason:     reason(f.Failure),
		LapsesAt:   f.Lapses,
	}
}

func movements(in []movement) []payment.Movement {
	var out []payment.Movement
	for _, m := range in {
		out = append(out, payment.Movement{Key: m.Key, Reference: m.ID, Amount: money.Minor(m.Amount)})
	}
	return out
}

func reason(failure string) payment.Reason {
	switch r := payment.Reason(failure); r {
	case "", payment.ReasonDeclined, payment.ReasonFunds, payment.ReasonExpiredCard,
		payment.ReasonAuthentication, payment.ReasonCancelled, payment.ReasonExpired:
		return r
	}
	return payment.ReasonDeclined
}

// Authorize implements payment.Provider. Without a token the shopper continues
// at the bank's page.
func (p *Provider) Authorize(ctx context.Context, _ payment.Settings, r payment.Request) (payment.Outcome, error) {
	if err := payment.CheckToken(r.Token); err != nil {
		return payment.Outcome{}, err
	}
	if _, ok := p.Info().Method(r.Method); !ok {
		return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonUnavailable}, nil
	}
	capture := "automatic"
	if r.CaptureLater {
		capture = "manual"
	}
	f, err := p.call(ctx, http.MethodPost, "/v1/payments", r.AttemptID, map[string]any{
		"amount": r.Amount.Amount, "currency": r.Amount.Currency, "capture": capture,
		"reference": r.AttemptID, "order": r.OrderNumber, "token": r.Token,
		"return_url": r.ReturnURL, "webhook_url": r.WebhookURL, "locale": r.Locale,
	})
	if err != nil {
		return payment.Outcome{}, fmt.Errorf("sandbox: authorise %s: %w", r.AttemptID, err)
	}
	o := payment.Outcome{Reference: f.ID, Facts: f.facts()}
	switch f.Phase {
	case "done":
		o.Status = payment.Approved
	case "failed":
		o.Status, o.Reason = payment.Declined, reason(f.Failure)
	case "open", "confirming":
		o.Status, o.ContinueURL = payment.Continue, f.PayURL
	default:
		return payment.Outcome{}, fmt.Errorf("sandbox: authorise %s: phase %q", r.AttemptID, f.Phase)
	}
	return o, nil
}

// Fetch implements payment.Fetcher.
func (p *Provider) Fetch(ctx context.Context, _ payment.Settings, q payment.Query) (payment.Facts, error) {
	path := "/v1/payments/" + url.PathEscape(q.Reference)
	if q.Reference == "" {
		path = "/v1/payments?reference=" + url.QueryEscape(q.AttemptID)
	}
	f, err := p.call(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return payment.Facts{}, fmt.Errorf("sandbox: fetch %s: %w", q.Reference+q.AttemptID, err)
	}
	return f.facts(), nil
}

// Capture implements payment.Capturer.
func (p *Provider) Capture(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return p.change(ctx, "captures", c, map[string]any{"amount": c.Amount})
}

// Refund implements payment.Refunder.
func (p *Provider) Refund(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return p.change(ctx, "refunds", c, map[string]any{"amount": c.Amount})
}

// Cancel implements payment.Canceller.
func (p *Provider) Cancel(ctx context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return p.change(ctx, "cancellation", c, map[string]any{})
}

func (p *Provider) change(ctx context.Context, what string, c payment.Change, body map[string]any) (payment.Facts, error) {
	if c.Attempt.Reference == "" {
		return payment.Facts{}, fault.New(fault.NotFound, "payment.unknown_reference")
	}
	f, err := p.call(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(c.Attempt.Reference)+"/"+what, c.Key, body)
	if err != nil {
		var refused *fault.Error
		if errors.As(err, &refused) && refused.Params["left"] != nil {
			refused.Params["left"] = money.Money{Amount: refused.Params["left"].(money.Minor), Currency: c.Attempt.Currency}
		}
		return payment.Facts{}, fmt.Errorf("sandbox: %s of %s: %w", what, c.Attempt.Reference, err)
	}
	return f.facts(), nil
}

// call speaks to the bank. Every error that leaves open what happened is an
// Unavailable fault; the bank's own refusals are those of the contract.
func (p *Provider) call(ctx context.Context, method, path, key string, body any) (fact, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fact{}, err
		}
		payload = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, payload)
	if err != nil {
		return fact{}, err
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := p.http.Do(r)
	if err != nil {
		return fact{}, lost(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fact{}, lost(err)
	}
	if res.StatusCode != http.StatusOK {
		return fact{}, refusal(res.StatusCode, raw)
	}
	var f fact
	if err := json.Unmarshal(raw, &f); err != nil {
		return fact{}, lost(err)
	}
	if f.ID == "" {
		return fact{}, lost(errors.New("an answer without a payment"))
	}
	return f, nil
}

func lost(cause error) error {
	return fault.New(fault.Unavailable, "payment.provider_unreachable").Because(cause)
}

func refusal(status int, raw []byte) error {
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Left    *int64 `json:"left"`
		} `json:"error"`
	}
	if json.Unmarshal(raw, &body) != nil || status >= 500 {
		return lost(fmt.Errorf("status %d", status))
	}
	cause := fmt.Errorf("status %d: %s: %s", status, body.Error.Code, body.Error.Message)
	kind := fault.Conflict
	switch body.Error.Code {
	case "unknown_payment":
		body.Error.Code, kind = "unknown_reference", fault.NotFound
	case "capture_too_high", "not_capturable", "not_cancellable", "refund_too_high":
	default: // a wrong key, a key used twice: our mistake, and no word about the money
		return lost(cause)
	}
	f := fault.New(kind, "payment."+body.Error.Code).Because(cause)
	if body.Error.Left != nil {
		f.With("left", money.Minor(*body.Error.Left))
	}
	return f
}

// Tolerance is how far a message's time may lie from the shop's.
const Tolerance = 5 * time.Minute

// Webhook implements payment.Webhooker.
func (p *Provider) Webhook(_ context.Context, _ payment.Settings, in payment.Inbound) (payment.Event, error) {
	if err := p.verify(in); err != nil {
		return payment.Event{}, fault.New(fault.Malformed, "payment.webhook_refused").Because(err)
	}
	var e struct {
		ID      string    `json:"id"`
		Type    string    `json:"type"`
		Created time.Time `json:"created"`
		Payment fact      `json:"payment"`
	}
	if err := json.Unmarshal(in.Body, &e); err != nil || e.ID == "" {
		return payment.Event{}, fault.New(fault.Malformed, "payment.webhook_refused").Because(errors.New("sandbox: signed, but no event"))
	}
	return payment.Event{ID: e.ID, Kind: e.Type, At: e.Created, AttemptID: e.Payment.Reference, Reference: e.Payment.ID}, nil
}

// verify checks "t=<unix>,v1=<hex>" over "<unix>.<body>". There must be one
// header with one time; of several signatures one must fit.
func (p *Provider) verify(in payment.Inbound) error {
	headers := in.Header.Values("Sandbox-Signature")
	if len(headers) != 1 || len(headers[0]) > 1000 {
		return errors.New("sandbox: no signature, or several")
	}
	var at string
	var given [][]byte
	for part := range strings.SplitSeq(headers[0], ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			if at != "" {
				return errors.New("sandbox: two times")
			}
			at = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil && len(mac) == sha256.Size {
				given = append(given, mac)
			}
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return errors.New("sandbox: no time")
	}
	var match bool
	for _, secret := range p.secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(at + "."))
		mac.Write(in.Body)
		want := mac.Sum(nil)
		for _, g := range given {
			match = hmac.Equal(g, want) || match
		}
	}
	if !match {
		return errors.New("sandbox: wrong signature")
	}
	if age := in.At.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("sandbox: signed %s ago", age)
	}
	return nil
}
