package paymenttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
)

func webhookCases() []testCase {
	read := func(b *bench, in payment.Inbound) (payment.Event, error) {
		return b.Provider.(payment.Webhooker).Webhook(b.Context(), b.Settings, in)
	}
	// genuine makes a payment and returns a message about it.
	genuine := func(b *bench) (payment.Attempt, payment.Inbound) {
		b.need("messages", has[payment.Webhooker](b.Provider) && b.Inbound != nil)
		a := b.secured(2000, false)
		all := b.Inbound(b.T)
		if len(all) == 0 {
			b.Fatal("no message was sent")
		}
		return a, all[len(all)-1]
	}
	refused := func(b *bench, name string, in payment.Inbound) {
		b.Helper()
		e, err := read(b, in)
		if fault.Reason(err) != "payment.webhook_refused" || !fault.Is(err, fault.Malformed) || e != (payment.Event{}) {
			b.Errorf("%s: event %+v, %v, want payment.webhook_refused", name, e, err)
		}
	}
	return []testCase{
		{"every message names its payment, and itself once", func(b *bench) {
			a, _ := genuine(b)
			a = b.apply(a, b.refund("r", a, 700))
			seen := map[string]bool{}
			for _, in := range b.Inbound(b.T) {
				e, err := read(b, in)
				if err != nil || e.ID == "" || seen[e.ID] || e.Kind == "" || e.Reference != a.Reference || e.AttemptID != a.ID {
					b.Errorf("event %+v, %v", e, err)
				}
				seen[e.ID] = true
			}
			if len(seen) < 2 {
				b.Errorf("%d messages about a payment and a refund", len(seen))
			}
		}},
		{"a forged message is refused", func(b *bench) {
			_, in := genuine(b)
			with := func(change func(h http.Header, body []byte) []byte) payment.Inbound {
				c := payment.Inbound{Header: in.Header.Clone(), Body: bytes.Clone(in.Body), At: in.At}
				c.Body = change(c.Header, c.Body)
				return c
			}
			var signature string // the header that makes the difference
			for name := range in.Header {
				if _, err := read(b, with(func(h http.Header, body []byte) []byte { h.Del(name); return body })); err != nil {
					signature = name
				}
			}
			if signature == "" {
				b.Fatal("no header matters")
			}
			edit := func(f func(string) string) payment.Inbound {
				return with(func(h http.Header, body []byte) []byte { h.Set(signature, f(h.Get(signature))); return body })
			}
			refused(b, "no signature", with(func(h http.Header, body []byte) []byte { h.Del(signature); return body }))
			refused(b, "empty signature", edit(func(string) string { return "" }))
			refused(b, "truncated signature", edit(func(s string) string { return s[:len(s)-1] }))
			refused(b, "cut in half", edit(func(s string) string { return s[:len(s)/2] }))
			refused(b, "longer signature", edit(func(s string) string { return s + "00" }))
			refused(b, "one digit changed", edit(func(s string) string {
				last := byte('0')
				if s[len(s)-1] == last {
					last = '1'
				}
				return s[:len(s)-1] + string(last)
			}))
			refused(b, "noise", edit(func(string) string { return "t=now,v1=zz,alg=none" }))
			refused(b, "no algorithm", edit(func(s string) string { return s[:bytes.IndexByte([]byte(s), ',')+1] }))
			refused(b, "two signatures", with(func(h http.Header, body []byte) []byte { h.Add(signature, h.Get(signature)); return body }))
			refused(b, "body changed", with(func(h http.Header, body []byte) []byte { return bytes.Replace(body, []byte("2000"), []byte("2001"), 1) }))
			refused(b, "space added", with(func(h http.Header, body []byte) []byte { return append(body, ' ') }))
			refused(b, "no body", with(func(h http.Header, body []byte) []byte { return nil }))
			refused(b, "written anew", with(func(h http.Header, body []byte) []byte {
				var v any
				if json.Unmarshal(body, &v) != nil {
					return nil
				}
				again, _ := json.MarshalIndent(v, "", " ")
				return again
			}))
			wrong := with(func(h http.Header, body []byte) []byte { return body })
			wrong.Header = b.Sign(wrong.Body, wrong.At, false)
			refused(b, "another key", wrong)
			if _, err := read(b, in); err != nil {
				b.Errorf("the genuine one: %v", err)
			}
		}},
		{"a signed message that is no event is refused", func(b *bench) {
			b.need("messages", has[payment.Webhooker](b.Provider) && b.Sign != nil)
			for _, body := range []string{"", "null", "[]", "{}", "hello", `{"id":5}`} {
				refused(b, body, payment.Inbound{Header: b.Sign([]byte(body), b.Now(), true), Body: []byte(body), At: b.Now()})
			}
		}},
		{"an old message is refused", func(b *bench) {
			_, in := genuine(b)
			for _, age := range []time.Duration{10 * time.Minute, 3 * 24 * time.Hour, -10 * time.Minute} {
				late := in
				late.At = in.At.Add(age)
				refused(b, age.String(), late)
			}
			for _, age := range []time.Duration{0, 4 * time.Minute, -4 * time.Minute} {
				late := in
				late.At = in.At.Add(age)
				if _, err := read(b, late); err != nil {
					b.Errorf("after %s: %v", age, err)
				}
			}
		}},
		{"the same message twice is the same event", func(b *bench) {
			_, in := genuine(b)
			first, err1 := read(b, in)
			second, err2 := read(b, in)
			if err1 != nil || err2 != nil || first != second {
				b.Errorf("%+v, %v and %+v, %v", first, err1, second, err2)
			}
		}},
		{"messages in any order lead to what the books say", func(b *bench) {
			a, _ := genuine(b)
			b.refund("r", a, 2000)
			all := b.Inbound(b.T)
			slices.Reverse(all)
			fresh, _ := b.request(2000, "EUR")
			fresh.ID = a.ID
			for _, in := range all {
				e, err := read(b, in)
				if err != nil {
					b.Fatal(err)
				}
				fresh.Reference = e.Reference
				fresh = b.learn(fresh)
			}
			if fresh.State() != payment.Refunded {
				b.Errorf("state %s, want refunded", fresh.State())
			}
		}},
	}
}
