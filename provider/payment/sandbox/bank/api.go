package bank

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/stoashop/stoa/kit/money"
)

// routes lays out the server:
//
//	POST /v1/payments                    make one; Idempotency-Key required
//	GET  /v1/payments/{id}               the truth about one
//	GET  /v1/payments?reference=…        the truth by the merchant's reference
//	POST /v1/payments/{id}/captures      {"amount": …}; Idempotency-Key required
//	POST /v1/payments/{id}/refunds       {"amount": …}; Idempotency-Key required
//	POST /v1/payments/{id}/cancellation  Idempotency-Key required
//	GET, POST /pay/{page}                the payment page, see pages.go
//	GET  /test/ledger                    everything
//	POST, DELETE /test/faults            see Fault
//
// Everything below /v1 and /test wants "Authorization: Bearer <secret key>".
func (b *Bank) routes() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /v1/payments", b.apiCreate)
	api.HandleFunc("GET /v1/payments", b.apiFind)
	api.HandleFunc("GET /v1/payments/{id}", b.apiFetch)
	api.HandleFunc("POST /v1/payments/{id}/captures", b.apiChange("capture", b.capture))
	api.HandleFunc("POST /v1/payments/{id}/refunds", b.apiChange("refund", b.refund))
	api.HandleFunc("POST /v1/payments/{id}/cancellation", b.apiChange("cancel", func(p *Payment, key string, _ int64) error { return b.cancel(p, key) }))
	api.HandleFunc("GET /test/ledger", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, b.Ledger()) })
	api.HandleFunc("POST /test/faults", b.apiInject)
	api.HandleFunc("DELETE /test/faults", func(w http.ResponseWriter, r *http.Request) {
		b.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answerError(w, refuse(http.StatusNotFound, "unknown_address", "there is nothing here"))
	})

	all := http.NewServeMux()
	all.Handle("/v1/", b.keyed(api))
	all.Handle("/test/", b.keyed(api))
	b.pageRoutes(all)
	return all
}

// keyed lets only the merchant in.
func (b *Bank) keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(key), []byte(b.o.SecretKey)) != 1 {
			answerError(w, refuse(http.StatusUnauthorized, "wrong_key", "the secret key is missing or wrong"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		next.ServeHTTP(w, r)
	})
}

// result is what a call to the API came to.
type result struct {
	payment Payment
	again   bool // the key was used before, for the same thing
	fault   Fault
	err     error
}

// perform runs one operation on the ledger: the injected fault first, then fn,
// which finds or makes the payment and changes it.
func (b *Bank) perform(op string, fn func(res *result) (*Payment, error)) (res result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if res.fault = b.fault(op); res.fault.Do == "refuse" {
		res.err = refuse(http.StatusInternalServerError, "internal", "something went wrong")
		return res
	}
	p, err := fn(&res)
	switch {
	case err != nil:
		res.err = err
	case p == nil:
		res.err = refuse(http.StatusNotFound, "unknown_payment", "there is no such payment")
	default:
		res.payment = b.lapse(p).copy()
	}
	return res
}

// reply answers a call, unless a fault keeps the answer.
func (res result) reply(w http.ResponseWriter, r *http.Request) {
	if !suffer(w, r, res.fault) {
		return
	}
	if res.err != nil {
		answerError(w, res.err)
		return
	}
	if res.again {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	answer(w, http.StatusOK, res.payment)
}

func (b *Bank) apiCreate(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	var in create
	if err := decode(r, &in); err != nil {
		answerError(w, err)
		return
	}
	if err := check(key, &in); err != nil {
		answerError(w, err)
		return
	}
	b.perform("create", func(res *result) (*Payment, error) {
		if p := b.byKey[key]; p != nil {
			if p.Secret.Request != in {
				return nil, refuse(http.StatusUnprocessableEntity, "idempotency_mismatch", "this key was used for another payment")
			}
			res.again = true
			return p, nil
		}
		p := b.make(key, in)
		if card, ok := cardByToken(in.Token); ok {
			b.charge(p, card)
			if card.Scenario == AnswerLost {
				res.fault.Do = "drop"
			}
		}
		return p, nil
	}).reply(w, r)
}

func (b *Bank) apiFetch(w http.ResponseWriter, r *http.Request) {
	b.perform("fetch", func(*result) (*Payment, error) {
		return b.byID[r.PathValue("id")], nil
	}).reply(w, r)
}

func (b *Bank) apiFind(w http.ResponseWriter, r *http.Request) {
	b.perform("fetch", func(*result) (*Payment, error) {
		return b.byRef[r.URL.Query().Get("reference")], nil
	}).reply(w, r)
}

func (b *Bank) apiChange(op string, change func(p *Payment, key string, amount int64) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		var in struct {
			Amount int64 `json:"amount"`
		}
		if err := decode(r, &in); err != nil {
			answerError(w, err)
			return
		}
		switch {
		case key == "" || len(key) > 200:
			answerError(w, refuse(http.StatusBadRequest, "idempotency_key_required", "send an Idempotency-Key of at most 200 characters"))
			return
		case op != "cancel" && in.Amount <= 0:
			answerError(w, refuse(http.StatusUnprocessableEntity, "bad_amount", "amount must be a positive whole number"))
			return
		}
		b.perform(op, func(*result) (*Payment, error) {
			p := b.byID[r.PathValue("id")]
			if p == nil {
				return nil, nil
			}
			return p, change(b.lapse(p), key, in.Amount)
		}).reply(w, r)
	}
}

func (b *Bank) apiInject(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := decode(r, &f); err != nil {
		answerError(w, err)
		return
	}
	b.Inject(f)
	w.WriteHeader(http.StatusNoContent)
}

func check(key string, in *create) error {
	bad := func(code, message string) error { return refuse(http.StatusUnprocessableEntity, code, message) }
	if in.Capture == "" {
		in.Capture = "automatic"
	}
	switch {
	case key == "" || len(key) > 200:
		return refuse(http.StatusBadRequest, "idempotency_key_required", "send an Idempotency-Key of at most 200 characters")
	case in.Amount <= 0:
		return bad("bad_amount", "amount must be a positive whole number")
	case !money.Known(in.Currency):
		return bad("bad_currency", "currency must be an ISO 4217 code")
	case in.Capture != "automatic" && in.Capture != "manual":
		return bad("bad_capture", "capture must be automatic or manual")
	case in.Reference == "" || len(in.Reference) > 200 || len(in.Order) > 200 || len(in.Locale) > 35:
		return bad("bad_reference", "reference is required; texts are limited to 200 characters")
	case !address(in.ReturnURL):
		return bad("bad_return_url", "return_url must be an absolute http or https address")
	case in.WebhookURL != "" && !address(in.WebhookURL):
		return bad("bad_webhook_url", "webhook_url must be an absolute http or https address")
	}
	if _, ok := cardByToken(in.Token); in.Token != "" && !ok {
		return bad("bad_token", "there is no such token")
	}
	return nil
}

func address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && len(s) <= 2000
}

func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "bad_json", err.Error())
	}
	return nil
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the asker may be gone
}

func answerError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = refuse(http.StatusInternalServerError, "internal", "something went wrong")
	}
	answer(w, r.status, map[string]any{"error": r})
}
