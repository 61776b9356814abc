package bank

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex HMAC-SHA256>" over the
// time, a dot and the raw body.
const SignatureHeader = "Sandbox-Signature"

// Message is a webhook as it goes over the wire.
type Message struct {
	URL    string
	Header http.Header
	Body   []byte
}

// event is the body of a webhook.
type event struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Created time.Time `json:"created"`
	Account string    `json:"account"`
	Live    bool      `json:"live"`
	Payment *Payment  `json:"payment"`
}

// delivery is one event on its way.
type delivery struct {
	Event string    // its id
	URL   string    //
	Body  []byte    //
	Due   time.Time // by the bank's clock
	Tries int       //
	Forge bool      `json:",omitempty"`
}

// backoff lists the waits between tries; after the last the bank gives up.
func backoff() []time.Duration {
	return []time.Duration{
		time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
		time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour,
	}
}

// Sign returns the signature of a body at a moment.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// tell queues a message about a payment. The caller holds the lock.
func (b *Bank) tell(p *Payment, kind string) {
	f := b.fault("webhook")
	if p.Secret.Request.WebhookURL == "" || f.Do == "withhold" {
		return
	}
	now := b.now()
	snapshot := p.copy()
	snapshot.PayURL = ""
	e := event{ID: b.ids.New("evt", now), Type: kind, Created: now, Account: b.o.Account, Payment: &snapshot}
	if f.Do == "lie" {
		snapshot.Amount, snapshot.Authorised, snapshot.Captured = 1, 1, 1
		e.Account, snapshot.Account = "acct_other", "acct_other"
	}
	body, err := json.Marshal(e)
	if err != nil {
		b.o.Log.Error("sandbox bank: event lost", "err", err)
		return
	}
	d := delivery{Event: e.ID, URL: p.Secret.Request.WebhookURL, Body: body, Due: now, Forge: f.Do == "forge"}
	copies := 1
	switch p.Secret.Scenario {
	case LateWebhook:
		d.Due = now.Add(time.Minute)
	case RepeatWebhook:
		copies = 3
	case Reordered: // each message overtakes the one before
		d.Due = now.Add(3 * time.Second)
		for _, earlier := range b.deliveries {
			if earlier.URL == d.URL && earlier.Tries == 0 && !earlier.Due.Before(d.Due) {
				earlier.Due = d.Due.Add(time.Second)
			}
		}
	}
	switch f.Do {
	case "delay":
		d.Due = d.Due.Add(f.Delay)
	case "duplicate":
		copies += f.Count
	}
	for range copies {
		c := d
		b.deliveries = append(b.deliveries, &c)
	}
	b.messages = append(b.messages[max(0, len(b.messages)-keepMessages+1):], Message{d.URL, b.header(&d), body})
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

const keepMessages = 10_000

func (b *Bank) header(d *delivery) http.Header {
	secret := b.o.WebhookSecret
	if d.Forge {
		secret = "whsec_somebody_else"
	}
	return http.Header{
		"Content-Type":    {"application/json"},
		"User-Agent":      {"stoa-sandbox-bank/1"},
		SignatureHeader:   {Sign(secret, b.now(), d.Body)},
		"Sandbox-Event":   {d.Event},
		"Sandbox-Attempt": {strconv.Itoa(d.Tries + 1)},
	}
}

// Messages returns everything the bank signed so far, delivered or not, oldest
// first, one of each however often it is sent.
func (b *Bank) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// Pending counts messages that wait for their time or for another try.
func (b *Bank) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.deliveries)
}

// Deliver sends every message that is due by the bank's clock, earliest first,
// and returns how many were accepted with a 2xx answer. What fails is due
// again after a growing wait.
func (b *Bank) Deliver(ctx context.Context) (accepted int) {
	b.sending.Lock()
	defer b.sending.Unlock()
	b.mu.Lock()
	b.expire()
	now := b.now()
	var due []*delivery
	for _, d := range b.deliveries {
		if !d.Due.After(now) {
			due = append(due, d)
		}
	}
	slices.SortStableFunc(due, func(x, y *delivery) int { return x.Due.Compare(y.Due) })
	b.mu.Unlock()
	for _, d := range due {
		ok := b.send(ctx, d)
		if ctx.Err() != nil {
			return accepted
		}
		b.mu.Lock()
		d.Tries++
		waits := backoff()
		if ok || d.Tries > len(waits) {
			b.deliveries = slices.DeleteFunc(b.deliveries, func(x *delivery) bool { return x == d })
		} else {
			d.Due = b.now().Add(waits[d.Tries-1])
		}
		b.dirty = true
		b.mu.Unlock()
		if ok {
			accepted++
		}
	}
	return accepted
}

func (b *Bank) send(ctx context.Context, d *delivery) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return false
	}
	b.mu.Lock()
	r.Header = b.header(d)
	b.mu.Unlock()
	res, err := b.out.Do(r)
	if err != nil {
		b.o.Log.Debug("sandbox bank: webhook not delivered", "url", d.URL, "err", err)
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode/100 == 2
}

// work delivers and saves until ctx ends. It wakes when there is something to
// say and, while messages wait, once a second, because the clock may be moved.
func (b *Bank) work(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		case <-tick.C:
		}
		b.Deliver(ctx)
		if err := b.save(); err != nil {
			b.o.Log.Error("sandbox bank: ledger not saved", "err", err)
		}
	}
}
