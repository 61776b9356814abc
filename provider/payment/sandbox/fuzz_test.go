package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/provider/payment/sandbox"
)

// A message is let in only with a signature over its very bytes, and then is
// an event with a name or refused; a signature of other bytes lets nothing in.
func FuzzWebhook(f *testing.F) {
	p, err := sandbox.New(egress.New(), sandbox.Options{URL: "http://127.0.0.1:1", SecretKey: "sk_test", WebhookSecrets: []string{secret}})
	if err != nil {
		f.Fatal(err)
	}
	at := time.Unix(1764000000, 0)
	sign := func(body []byte) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("1764000000."))
		mac.Write(body)
		return "t=1764000000,v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	good := []byte(`{"id":"evt_1","type":"payment.captured","created":"2025-11-24T16:00:00Z","payment":{"id":"pay_1","reference":"pat_1","amount":1999,"currency":"EUR"}}`)
	f.Add(good, sign(good))
	f.Add([]byte(`{"id":""}`), "t=1764000000,v1=")
	f.Add([]byte(`{"id":"a","payment":[]}`), "t=1764000000,t=1764000000,v1=00")
	f.Add([]byte(`{"created":1}`), "t=-9223372036854775808,v1=zz")
	f.Add([]byte(""), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		for _, signature := range []string{sign(body), header} {
			in := payment.Inbound{Header: http.Header{"Sandbox-Signature": {signature}}, Body: body, At: at}
			e, err := p.Webhook(t.Context(), payment.Settings{}, in)
			switch {
			case err != nil && (!fault.Is(err, fault.Malformed) || e != payment.Event{}):
				t.Errorf("refused as %v with %+v", err, e)
			case err == nil && e.ID == "":
				t.Errorf("let in an event without a name: %s", body)
			}
		}
		in := payment.Inbound{Header: http.Header{"Sandbox-Signature": {sign(body)}}, Body: append(body[:len(body):len(body)], ' '), At: at}
		if e, err := p.Webhook(t.Context(), payment.Settings{}, in); err == nil {
			t.Errorf("let in %+v with a signature of other bytes", e)
		}
	})
}
