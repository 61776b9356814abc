package bank_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is a bank behind its handler, with a clock that tests move, and a
// shop that receives its messages.
type counter struct {
	*testing.T
	*bank.Bank
	clock *clock.Fake
	site  *httptest.Server
	shop  *httptest.Server

	mu       sync.Mutex
	received []received
	answer   int // status of the shop; 0 is 200
}

type received struct {
	Type, Signature, Body string
	Captured              int64
}

func open(t *testing.T, o bank.Options) *counter {
	t.Helper()
	c := &counter{T: t, clock: clock.NewFake(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))}
	c.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e struct {
			Type    string
			Payment struct{ Captured int64 }
		}
		json.Unmarshal(body, &e)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.received = append(c.received, received{e.Type, r.Header.Get(bank.SignatureHeader), string(body), e.Payment.Captured})
		if c.answer != 0 {
			w.WriteHeader(c.answer)
		}
	}))
	t.Cleanup(c.shop.Close)
	var h http.Handler
	c.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(c.site.Close)
	o.Clock, o.PublicURL = c.clock, c.site.URL
	var err error
	if c.Bank, err = bank.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	h = c.Handler()
	return c
}

// call speaks to the API and returns the status and the decoded answer.
func (c *counter) call(method, path, key string, body any) (int, map[string]any) {
	c.Helper()
	raw, _ := json.Marshal(body)
	r, _ := http.NewRequest(method, c.site.URL+path, bytes.NewReader(raw))
	r.Header.Set("Authorization", "Bearer sk_sandbox")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	var v map[string]any
	json.NewDecoder(res.Body).Decode(&v)
	return res.StatusCode, v
}

func (c *counter) order(token, capture string) map[string]any {
	return map[string]any{
		"amount": 2000, "currency": "EUR", "capture": capture, "reference": "pay_1", "order": "1042", "locale": "en",
		"return_url": c.shop.URL + "/return", "webhook_url": c.shop.URL + "/hook", "token": token,
	}
}

// make creates a payment and returns it.
func (c *counter) make(token, capture string) bank.Payment {
	c.Helper()
	if status, v := c.call("POST", "/v1/payments", "key_1", c.order(token, capture)); status != 200 {
		c.Fatalf("create: %d %v", status, v)
	}
	return c.only()
}

// only returns the one payment in the ledger.
func (c *counter) only() bank.Payment {
	c.Helper()
	all := c.Ledger()
	if len(all) != 1 {
		c.Fatalf("%d payments, want 1", len(all))
	}
	return all[0]
}

func (c *counter) types() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, r := range c.received {
		all = append(all, r.Type)
	}
	return all
}

func code(v map[string]any) any {
	e, _ := v["error"].(map[string]any)
	return e["code"]
}

func TestAPI_refusals(t *testing.T) {
	c := open(t, bank.Options{})
	with := func(name string, value any) map[string]any {
		o := c.order("", "")
		o[name] = value
		return o
	}
	tests := map[string]struct {
		key    string
		body   any
		status int
		code   string
	}{
		"no key":           {"", c.order("", ""), 400, "idempotency_key_required"},
		"a huge key":       {strings.Repeat("k", 201), c.order("", ""), 400, "idempotency_key_required"},
		"zero":             {"k", with("amount", 0), 422, "bad_amount"},
		"negative":         {"k", with("amount", -5), 422, "bad_amount"},
		"a fraction":       {"k", with("amount", 1.5), 400, "bad_json"},
		"a string":         {"k", with("amount", "5"), 400, "bad_json"},
		"no currency":      {"k", with("currency", ""), 422, "bad_currency"},
		"shells":           {"k", with("currency", "SHL"), 422, "bad_currency"},
		"odd capture":      {"k", with("capture", "never"), 422, "bad_capture"},
		"no reference":     {"k", with("reference", ""), 422, "bad_reference"},
		"no return":        {"k", with("return_url", "/return"), 422, "bad_return_url"},
		"return to a file": {"k", with("return_url", "file:///etc/passwd"), 422, "bad_return_url"},
		"odd webhook":      {"k", with("webhook_url", "javascript:alert(1)"), 422, "bad_webhook_url"},
		"odd token":        {"k", with("token", "tok_free"), 422, "bad_token"},
		"card as token":    {"k", with("token", "4242424242424242"), 422, "bad_token"},
		"unknown field":    {"k", with("card_number", "4242"), 400, "bad_json"},
		"no object":        {"k", []int{1}, 400, "bad_json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if status, v := c.call("POST", "/v1/payments", tt.key, tt.body); status != tt.status || code(v) != tt.code {
				t.Errorf("%d %v, want %d %s", status, v, tt.status, tt.code)
			}
		})
	}
	for _, path := range []string{"/v1/payments", "/test/ledger", "/test/faults"} {
		for _, key := range []string{"", "Bearer ", "Bearer sk_wrong", "sk_sandbox"} {
			r, _ := http.NewRequest("POST", c.site.URL+path, strings.NewReader("{}"))
			r.Header.Set("Authorization", key)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d, want 401", path, key, res.StatusCode)
			}
		}
	}
	if n := len(c.Ledger()); n != 0 {
		t.Errorf("%d payments, want none", n)
	}
}

func TestAPI_aKeyIsGoodForOneThing(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("tok_success", "manual")
	other := c.order("tok_success", "manual")
	other["amount"] = 2001
	if status, v := c.call("POST", "/v1/payments", "key_1", other); status != 422 || code(v) != "idempotency_mismatch" {
		t.Errorf("other body: %d %v", status, v)
	}
	if status, v := c.call("POST", "/v1/payments", "key_1", c.order("tok_success", "manual")); status != 200 || v["id"] != p.ID {
		t.Errorf("same body: %d %v", status, v)
	}
	base := "/v1/payments/" + p.ID
	for _, step := range []struct {
		path   string
		key    string
		amount int64
		status int
		code   any
	}{
		{"/captures", "c1", 500, 200, nil},
		{"/captures", "c1", 500, 200, nil},
		{"/captures", "c1", 600, 422, "idempotency_mismatch"},
		{"/refunds", "c1", 500, 422, "idempotency_mismatch"},
		{"/captures", "", 500, 400, "idempotency_key_required"},
		{"/captures", "c2", 0, 422, "bad_amount"},
		{"/captures", "c2", 1501, 409, "capture_too_high"},
		{"/refunds", "r1", 501, 409, "refund_too_high"},
		{"/refunds", "r1", 500, 200, nil},
		{"/refunds", "r1", 500, 200, nil},
		{"/cancellation", "v1", 0, 200, nil},
		{"/captures", "c3", 1, 409, "capture_too_high"},
	} {
		body := map[string]any{"amount": step.amount}
		if status, v := c.call("POST", base+step.path, step.key, body); status != step.status || code(v) != step.code {
			t.Errorf("%s %s %d: %d %v, want %d %v", step.path, step.key, step.amount, status, v, step.status, step.code)
		}
	}
	got := c.only()
	if sums := [4]int64{got.Authorised, got.Captured, got.Refunded, got.Voided}; sums != [4]int64{2000, 500, 500, 1500} {
		t.Errorf("sums %v", sums)
	}
}

func TestTokens(t *testing.T) {
	want := map[bank.Scenario]string{
		bank.Success: "done", bank.Declined: "card_declined", bank.NoFunds: "insufficient_funds", bank.ExpiredCard: "expired_card",
		bank.Challenge: "confirming", bank.AnswerLost: "done", bank.LateWebhook: "done", bank.RepeatWebhook: "done", bank.Reordered: "done",
	}
	if len(want) != len(bank.Cards()) {
		t.Errorf("%d cards, want %d", len(bank.Cards()), len(want))
	}
	for _, card := range bank.Cards() {
		t.Run(string(card.Scenario), func(t *testing.T) {
			c := open(t, bank.Options{})
			status, _ := c.call("POST", "/v1/payments", "key_1", c.order(card.Scenario.Token(), "automatic"))
			if lost := status == 0; lost != (card.Scenario == bank.AnswerLost) {
				t.Errorf("status %d", status)
			}
			p := c.only()
			got := p.Failure
			if got == "" {
				got = string(p.Phase)
			}
			if got != want[card.Scenario] || (got == "done") != (p.Captured == 2000) || p.Card != card.Last4() {
				t.Errorf("%s, captured %d, card %s", got, p.Captured, p.Card)
			}
		})
	}
}

func TestPaymentsEnd(t *testing.T) {
	c := open(t, bank.Options{})
	p := c.make("", "automatic")
	c.clock.Advance(30*time.Minute - time.Millisecond)
	if got := c.only(); got.Phase != bank.Open {
		t.Errorf("a moment before: %s", got.Phase)
	}
	c.clock.Advance(time.Millisecond)
	if status, v := c.call("GET", "/v1/payments/"+p.ID, "", nil); status != 200 || v["phase"] != "failed" || v["failure"] != "expired" {
		t.Errorf("%d %v", status, v)
	}
	if c.Deliver(t.Context()) != 1 || !slices.Equal(c.types(), []string{"payment.failed"}) {
		t.Errorf("told %v", c.types())
	}

	held := open(t, bank.Options{})
	held.make("tok_success", "manual")
	held.clock.Advance(7 * 24 * time.Hour)
	if got := held.only(); got.Voided != 2000 || got.Held() != 0 {
		t.Errorf("after a week: %+v", got)
	}
}

func TestMessages_areSignedOverTimeAndBody(t *testing.T) {
	c := open(t, bank.Options{WebhookSecret: "whsec_x"})
	c.make("tok_success", "automatic")
	c.clock.Advance(90 * time.Second)

	if n := c.Deliver(t.Context()); n != 2 || c.Pending() != 0 {
		t.Fatalf("%d accepted, %d pending", n, c.Pending())
	}
	if !slices.Equal(c.types(), []string{"payment.authorised", "payment.captured"}) {
		t.Errorf("told %v", c.types())
	}
	for _, r := range c.received {
		if r.Signature != bank.Sign("whsec_x", c.clock.Now(), []byte(r.Body)) || !strings.HasPrefix(r.Signature, "t=1795514490,v1=") {
			t.Errorf("signature %s", r.Signature)
		}
		if strings.Contains(r.Body, "pay_url") || strings.Contains(r.Body, "42424242") {
			t.Errorf("says too much: %s", r.Body)
		}
	}
	if n := c.Deliver(t.Context()); n != 0 {
		t.Errorf("%d delivered again", n)
	}
}

func TestMessages_areRepeatedUntilTaken(t *testing.T) {
	c := open(t, bank.Options{})
	c.answer = 503
	c.make("tok_declined", "automatic")
	waits := []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}
	for i, wait := range waits {
		if n := c.Deliver(t.Context()); n != 0 || c.Pending() != 1 {
			t.Fatalf("try %d: %d accepted, %d pending", i, n, c.Pending())
		}
		c.clock.Advance(wait - time.Millisecond)
		c.Deliver(t.Context())
		if got := len(c.types()); got != i+1 {
			t.Fatalf("%d tries a moment before the next, want %d", got, i+1)
		}
		c.clock.Advance(time.Millisecond)
	}
	c.answer = 204
	if n := c.Deliver(t.Context()); n != 1 || c.Pending() != 0 {
		t.Errorf("at last: %d accepted, %d pending", n, c.Pending())
	}
	first, last := c.received[0], c.received[len(c.received)-1]
	if first.Body != last.Body || first.Signature == last.Signature {
		t.Error("a repeat has the same body and a new signature")
	}

	gone := open(t, bank.Options{})
	gone.answer = 500
	gone.make("tok_declined", "automatic")
	for range 20 {
		gone.Deliver(t.Context())
		gone.clock.Advance(24 * time.Hour)
	}
	if n := len(gone.types()); n != 11 || gone.Pending() != 0 {
		t.Errorf("%d tries, %d pending; want 11 and none", n, gone.Pending())
	}
}

func TestMessages_inEveryBadWay(t *testing.T) {
	deliverAll := func(c *counter) {
		for range 5 {
			c.Deliver(c.Context())
			c.clock.Advance(30 * time.Second)
		}
	}
	tests := map[string]struct {
		token string
		fault bank.Fault
		want  []string
	}{
		"plain":     {"tok_success", bank.Fault{}, []string{"payment.authorised", "payment.captured"}},
		"repeated":  {"tok_duplicate_webhook", bank.Fault{}, []string{"payment.authorised", "payment.authorised", "payment.authorised", "payment.captured", "payment.captured", "payment.captured"}},
		"reordered": {"tok_reordered_webhook", bank.Fault{}, []string{"payment.captured", "payment.authorised"}},
		"late":      {"tok_late_webhook", bank.Fault{}, []string{"payment.authorised", "payment.captured"}},
		"withheld":  {"tok_success", bank.Fault{On: "webhook", Do: "withhold", Times: -1}, nil},
		"the first withheld": {
			"tok_success",
			bank.Fault{On: "webhook", Do: "withhold"},
			[]string{"payment.captured"},
		},
		"the first delayed": {
			"tok_success",
			bank.Fault{On: "webhook", Do: "delay", Delay: time.Minute},
			[]string{"payment.captured", "payment.authorised"},
		},
		"the first four times": {
			"tok_success",
			bank.Fault{On: "webhook", Do: "duplicate", Count: 3},
			[]string{"payment.authorised", "payment.authorised", "payment.authorised", "payment.authorised", "payment.captured"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, bank.Options{})
			if tt.fault.On != "" {
				c.Inject(tt.fault)
			}
			c.make(tt.token, "automatic")
			if name == "late" && c.Deliver(t.Context()) != 0 {
				t.Error("delivered at once")
			}
			deliverAll(c)
			if got := c.types(); !slices.Equal(got, tt.want) {
				t.Errorf("told %v, want %v", got, tt.want)
			}
			if p := c.only(); p.Captured != 2000 {
				t.Errorf("captured %d", p.Captured)
			}
		})
	}
	t.Run("forged", func(t *testing.T) {
		c := open(t, bank.Options{})
		c.Inject(bank.Fault{On: "webhook", Do: "forge"})
		c.make("tok_declined", "automatic")
		c.Deliver(t.Context())
		if r := c.received[0]; r.Signature == bank.Sign("whsec_sandbox", c.clock.Now(), []byte(r.Body)) {
			t.Error("the forged one is signed rightly")
		}
	})
}

func TestFaults_overHTTP(t *testing.T) {
	c := open(t, bank.Options{})
	fault := func(on, do string, times int) {
		if status, v := c.call("POST", "/test/faults", "", map[string]any{"on": on, "do": do, "times": times}); status != 204 {
			t.Fatalf("inject: %d %v", status, v)
		}
	}
	fault("create", "refuse", 1)
	if status, _ := c.call("POST", "/v1/payments", "key_1", c.order("tok_success", "")); status != 500 || len(c.Ledger()) != 0 {
		t.Errorf("refuse: %d, %d payments", status, len(c.Ledger()))
	}
	fault("create", "error", 1)
	if status, _ := c.call("POST", "/v1/payments", "key_1", c.order("tok_success", "")); status != 500 || c.only().Captured != 2000 {
		t.Errorf("error: %d, %+v", status, c.only())
	}
	fault("fetch", "refuse", -1)
	for range 3 {
		if status, _ := c.call("GET", "/v1/payments?reference=pay_1", "", nil); status != 500 {
			t.Errorf("fetch: %d", status)
		}
	}
	if status, _ := c.call("DELETE", "/test/faults", "", nil); status != 204 {
		t.Errorf("heal: %d", status)
	}
	if status, v := c.call("GET", "/v1/payments?reference=pay_1", "", nil); status != 200 || v["captured"] != float64(2000) {
		t.Errorf("healed: %d %v", status, v)
	}
}

func TestFile_keepsTheLedgerAndWhatIsStillToSay(t *testing.T) {
	o := bank.Options{File: filepath.Join(t.TempDir(), "deep", "bank.json")}
	c := open(t, o)
	p := c.make("tok_success", "manual")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(o.File)
	if err != nil || bytes.Contains(raw, []byte("4242424242424242")) {
		t.Fatalf("file: %v, %s", err, raw)
	}

	again := open(t, o)
	if got := again.only(); !reflect.DeepEqual(got.ID, p.ID) || got.Authorised != 2000 || again.Pending() != 1 {
		t.Errorf("%+v, %d pending", got, again.Pending())
	}
	if status, v := again.call("POST", "/v1/payments/"+p.ID+"/captures", "c1", map[string]any{"amount": 2000}); status != 200 {
		t.Errorf("capture: %d %v", status, v)
	}
	// The merchant's keys are remembered, too.
	body := c.order("tok_success", "manual")
	if status, v := again.call("POST", "/v1/payments", "key_1", body); status != 200 || v["id"] != p.ID {
		t.Errorf("same key after the restart: %d %v", status, v)
	}

	if err := os.WriteFile(o.File, []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bank.New(o); err == nil {
		t.Error("a broken file was taken for an empty one")
	}
}

func TestStart_deliversByItselfAndStops(t *testing.T) {
	heard := make(chan string, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { heard <- r.URL.Path }))
	defer shop.Close()
	b, err := bank.New(bank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	other, err := bank.New(bank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(strings.TrimPrefix(b.URL(), "http://")); err == nil {
		t.Error("the port was given twice")
	}
	body := fmt.Sprintf(`{"amount":1,"currency":"EUR","reference":"pay_1","return_url":%q,"webhook_url":%q,"token":"tok_success"}`, shop.URL, shop.URL+"/hook")
	r, _ := http.NewRequest("POST", b.URL()+"/v1/payments", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer sk_sandbox")
	r.Header.Set("Idempotency-Key", "k")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for range 2 {
		if path := <-heard; path != "/hook" {
			t.Errorf("told %s", path)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
