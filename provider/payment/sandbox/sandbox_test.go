package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/provider/payment/sandbox"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
	"github.com/stoashop/stoa/stoatest/paymenttest"
)

const secret = "whsec_test"

// start runs a bank on loopback. Its messages go nowhere: tests take them from
// Messages or call Deliver.
func start(t *testing.T, o bank.Options) (*bank.Bank, *sandbox.Provider) {
	t.Helper()
	o.SecretKey, o.WebhookSecret = "sk_test", secret
	b, err := bank.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	p, err := sandbox.New(egress.New(), sandbox.Options{URL: b.URL(), SecretKey: "sk_test", WebhookSecrets: []string{"", "whsec_old", secret}})
	if err != nil {
		t.Fatal(err)
	}
	return b, p
}

func newRig(t *testing.T) *paymenttest.Rig {
	time := clock.NewFake(clock.System().Now())
	b, p := start(t, bank.Options{Clock: time})
	return &paymenttest.Rig{
		Provider: p,
		Truth:    func(t *testing.T, attemptID string) []payment.Facts { return truth(b, attemptID) },
		Approve:  func(r *payment.Request) { r.Token = bank.Success.Token() },
		Decline:  func(r *payment.Request) { r.Token = bank.NoFunds.Token() },
		Shopper:  shopper,
		Break: func(t *testing.T, operation string, afterEffect bool) {
			on := map[string]string{"authorise": "create"}[operation]
			if on == "" {
				on = operation
			}
			do := "refuse"
			if afterEffect {
				do = "error"
			}
			b.Inject(bank.Fault{On: on, Do: do})
		},
		Inbound: func(t *testing.T) []payment.Inbound {
			var all []payment.Inbound
			for _, m := range b.Messages() {
				all = append(all, payment.Inbound{Header: m.Header, Body: m.Body, At: time.Now()})
			}
			return all
		},
		Sign: func(body []byte, at clockTime, rightly bool) http.Header {
			with := secret
			if !rightly {
				with = "whsec_other"
			}
			return http.Header{bank.SignatureHeader: {bank.Sign(with, at, body)}}
		},
		Now: time.Now,
	}
}

type clockTime = time.Time

// truth reads the bank's books, not through the provider.
func truth(b *bank.Bank, attemptID string) []payment.Facts {
	var all []payment.Facts
	for _, p := range b.ByReference(attemptID) {
		all = append(all, payment.Facts{
			Reference: p.ID, AttemptID: p.Reference, Account: p.Account, Live: p.Live,
			Amount: money.Minor(p.Amount), Currency: p.Currency,
			Authorised: money.Minor(p.Authorised), Captured: money.Minor(p.Captured), Refunded: money.Minor(p.Refunded), Voided: money.Minor(p.Voided),
		})
	}
	return all
}

// shopper fills in the bank's pages like a browser without JavaScript.
func shopper(t *testing.T, page string, act paymenttest.Act) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Host, "shop.example") {
			return http.ErrUseLastResponse // back at the shop
		}
		return nil
	}}
	post := func(to string, form url.Values) *http.Response {
		t.Helper()
		res, err := c.PostForm(to, form)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return res
	}
	card := func(s bank.Scenario) url.Values {
		for _, c := range bank.Cards() {
			if c.Scenario == s {
				return url.Values{"number": {c.Spaced()}, "expiry": {"12/" + clock.System().Now().AddDate(1, 0, 0).Format("06")}, "cvc": {"123"}, "name": {"A. Shopper"}}
			}
		}
		t.Fatalf("no card for %s", s)
		return nil
	}
	var last *http.Response
	switch act {
	case paymenttest.Pays:
		last = post(page, card(bank.Success))
	case paymenttest.Fails:
		last = post(page, card(bank.Declined))
	case paymenttest.Confirms, paymenttest.Denies:
		asked := post(page, card(bank.Challenge))
		if asked.StatusCode != http.StatusOK || !strings.HasSuffix(asked.Request.URL.Path, "/confirmation") {
			t.Fatalf("asked at %s with %s", asked.Request.URL, asked.Status)
		}
		decision := map[paymenttest.Act]string{paymenttest.Confirms: "approve", paymenttest.Denies: "refuse"}[act]
		last = post(asked.Request.URL.String(), url.Values{"decision": {decision}})
	case paymenttest.TurnsOff:
		last = post(page+"/cancellation", nil)
	}
	if last.StatusCode != http.StatusSeeOther || !strings.HasPrefix(last.Header.Get("Location"), "http://shop.example/return/") {
		t.Fatalf("%s ended with %s at %s", act, last.Status, last.Header.Get("Location"))
	}
}

func TestContract(t *testing.T) { paymenttest.Run(t, newRig) }

func request(id string, amount money.Minor) payment.Request {
	return payment.Request{
		AttemptID: id, Method: "card", Amount: money.Money{Amount: amount, Currency: "EUR"},
		ReturnURL: "http://shop.example/return/" + id, WebhookURL: "http://shop.example/hook",
	}
}

// However the answer gets lost after the money moved, the shop gets an error
// that leaves it open, soon, and finds one payment when it asks.
func TestT36_lostAnswers(t *testing.T) {
	for _, do := range []string{"drop", "error", "hang", "delay"} {
		t.Run(do, func(t *testing.T) {
			b, p := start(t, bank.Options{})
			r := request("pay_1", 2000)
			r.Token = bank.Success.Token()
			b.Inject(bank.Fault{On: "create", Do: do, Delay: time.Hour})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if do == "hang" || do == "delay" {
				go leave(ctx, cancel, b, "pay_1")
			}

			o, err := p.Authorize(ctx, nil, r)

			if !payment.Unknown(err) || fault.Reason(err) != "payment.provider_unreachable" {
				t.Fatalf("outcome %+v, %v", o, err)
			}
			f, err := p.Fetch(t.Context(), nil, payment.Query{AttemptID: "pay_1"})
			if err != nil || f.Captured != 2000 {
				t.Errorf("facts %+v, %v", f, err)
			}
			if o, err := p.Authorize(t.Context(), nil, r); err != nil || o.Status != payment.Approved {
				t.Errorf("again: %+v, %v", o, err)
			}
			if all := b.ByReference("pay_1"); len(all) != 1 || all[0].Captured != 2000 {
				t.Errorf("books: %+v", all)
			}
		})
	}
}

// leave gives up as soon as the bank has the payment in its books.
func leave(ctx context.Context, cancel context.CancelFunc, b *bank.Bank, reference string) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(b.ByReference(reference)) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	cancel()
}

// A bank that takes the call and never answers holds nobody for longer than
// the five seconds of the client.
func TestT36_theClientGivesUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	t.Parallel()
	b, p := start(t, bank.Options{})
	b.Inject(bank.Fault{On: "create", Do: "hang"})
	watch := clock.Start()
	o, err := p.Authorize(t.Context(), nil, request("pay_1", 2000))
	if took := watch.Elapsed(); !payment.Unknown(err) || took > time.Minute {
		t.Errorf("outcome %+v, %v after %s", o, err, took)
	}
}

func TestT35_tenClicksAreOneCapture(t *testing.T) {
	b, p := start(t, bank.Options{})
	r := request("pay_1", 2000)
	r.Token = bank.Success.Token()
	b.Inject(bank.Fault{On: "create", Do: "drop", Times: 3})
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { p.Authorize(t.Context(), nil, r) })
	}
	wait.Wait()
	if all := b.ByReference("pay_1"); len(all) != 1 || all[0].Captured != 2000 || len(all[0].Captures) != 1 {
		t.Errorf("books: %+v", all)
	}
}

// While the secret is being changed, both verify; once the old one is taken
// out, it is refused (T44).
func TestT44_twoSecretsForAWhile(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	body := []byte(`{"id":"evt_1","type":"payment.captured","payment":{"id":"sbx_1","reference":"pay_1"}}`)
	in := payment.Inbound{Header: http.Header{bank.SignatureHeader: {bank.Sign("old", at, body)}}, Body: body, At: at}
	both, _ := sandbox.New(egress.New(), sandbox.Options{URL: "http://127.0.0.1:1", WebhookSecrets: []string{"new", "old"}})
	after, _ := sandbox.New(egress.New(), sandbox.Options{URL: "http://127.0.0.1:1", WebhookSecrets: []string{"new", ""}})
	if e, err := both.Webhook(t.Context(), nil, in); err != nil || e.ID != "evt_1" || e.AttemptID != "pay_1" || e.Reference != "sbx_1" {
		t.Errorf("both: %+v, %v", e, err)
	}
	if e, err := after.Webhook(t.Context(), nil, in); fault.Reason(err) != "payment.webhook_refused" || e.ID != "" {
		t.Errorf("after: %+v, %v", e, err)
	}
	// No secret at all verifies nothing, not even a signature with an empty one.
	none, _ := sandbox.New(egress.New(), sandbox.Options{URL: "http://127.0.0.1:1", WebhookSecrets: []string{""}})
	in.Header.Set(bank.SignatureHeader, bank.Sign("", at, body))
	if e, err := none.Webhook(t.Context(), nil, in); fault.Reason(err) != "payment.webhook_refused" {
		t.Errorf("no secret: %+v, %v", e, err)
	}
}

// A well signed lie about amount and account is not believed: the message only
// says where to look, and the bank's answer is looked at with doubt.
func TestT30_aSignedLieIsLookedUp(t *testing.T) {
	b, p := start(t, bank.Options{})
	b.Inject(bank.Fault{On: "webhook", Do: "lie", Times: -1})
	r := request("pay_1", 2000)
	r.Token = bank.Success.Token()
	if _, err := p.Authorize(t.Context(), nil, r); err != nil {
		t.Fatal(err)
	}
	m := b.Messages()[0]
	if !strings.Contains(string(m.Body), "acct_other") {
		t.Fatalf("no lie: %s", m.Body)
	}
	e, err := p.Webhook(t.Context(), nil, payment.Inbound{Header: m.Header, Body: m.Body, At: clock.System().Now()})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Fetch(t.Context(), nil, payment.Query{Reference: e.Reference})
	a := payment.Attempt{ID: "pay_1", Amount: 2000, Currency: "EUR", Status: payment.Started, Account: "acct_sandbox"}
	if a, _ = a.Learned(f); err != nil || a.Status != payment.Settled {
		t.Errorf("attempt %s %v, %v", a.Status, a.Doubts, err)
	}
}

func TestWrongKeyLeavesItOpen(t *testing.T) {
	b, _ := start(t, bank.Options{})
	p, err := sandbox.New(egress.New(), sandbox.Options{URL: b.URL(), SecretKey: "sk_wrong"})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := p.Authorize(t.Context(), nil, request("pay_1", 2000)); !payment.Unknown(err) {
		t.Errorf("outcome %+v, %v", o, err)
	}
	if n := len(b.Ledger()); n != 0 {
		t.Errorf("%d payments", n)
	}
	if _, err := sandbox.New(egress.New(), sandbox.Options{URL: "bank.example"}); err == nil {
		t.Error("an address without a scheme was taken")
	}
}

func TestNoRealMoney(t *testing.T) {
	_, p := start(t, bank.Options{})
	if payment.Live(p, nil) {
		t.Error("the sandbox says that it moves real money")
	}
}

// A card number that arrives as a token does not even reach the wire, and an
// answer with a server's error says nothing about the money, whatever its body
// claims.
func TestT41_whatGoesOutAndWhatIsBelieved(t *testing.T) {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, `{"error":{"code":"refund_too_high","left":5}}`)
	}))
	defer server.Close()
	p, err := sandbox.New(egress.New(), sandbox.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := request("pay_1", 2000)
	r.Token = "4242 4242 4242 4242"
	if o, err := p.Authorize(t.Context(), nil, r); !fault.Is(err, fault.Invalid) || calls.Load() != 0 {
		t.Errorf("outcome %+v, %v, %d calls", o, err, calls.Load())
	}
	c := payment.Change{Key: "ref_1", Attempt: payment.Attempt{ID: "pay_1", Reference: "sbx_1", Currency: "EUR"}, Amount: 100}
	if f, err := p.Refund(t.Context(), nil, c); !payment.Unknown(err) || calls.Load() != 1 {
		t.Errorf("facts %+v, %v, %d calls", f, err, calls.Load())
	}
}
