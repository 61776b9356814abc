// Package once makes a request that changes something safe to send again
// (rule B14): the first one is carried out, every repeat with the same key
// gets the first one's answer. A form carries its key in a hidden input, a
// program in the header Idempotency-Key.
//
// The table holds nothing that can be read without the key: keys and scopes
// are hashed, answers are sealed with a key derived from the request's.
package once

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

const (
	// keep is how long an answer is remembered; rule B14 asks for 24 hours.
	keep = 48 * time.Hour

	// lease is how long a request may be under way before a repeat may take
	// its place: longer than the server lets any request take. The one that
	// lost its place cannot commit any more; see Complete.
	lease = 2 * time.Minute

	// patience is how long a repeated form waits for the first one's answer.
	patience = 10 * time.Second
)

// NewKey returns a fresh key for a form about to be drawn, 130 random bits.
// Draw a new one each time the form is shown, also after it was refused.
func NewKey() string { return rand.Text() }

// Service remembers answers in the table request_key.
type Service struct {
	db  *db.DB
	log *slog.Logger
}

// New returns a service on d's tables.
func New(d *db.DB, log *slog.Logger) *Service { return &Service{d, log} }

// Rule says how the repeats of a route are told apart.
type Rule struct {
	// Door writes refusals, so that a repeat gets the very same words.
	Door *web.Door

	// Scope names who is asking, so that nobody is given another's answer:
	// the id of a customer, member of staff or token, for guests something
	// that only they have, such as their cart's cookie.
	Scope func(r *http.Request) string

	// Form means that the key is the input web.FormKeyField, that a repeat
	// waits for the first answer, and that a form which was refused may be
	// corrected and sent again with its old key. Otherwise the key is the
	// header Idempotency-Key, a repeat under way is answered with 409, and
	// the same key with another body always with 422.
	Form bool
}

// Guard runs h at most once for each key. The body, which the route bounds, is
// read into memory. An answer below 500 is remembered, refusals included; not
// so 401, 403, 408, 413, 421 and 429, which say nothing about what was asked.
//
// The effect and the memory of it commit together when h uses Do or Complete.
// Otherwise a crash between the two lets a repeat run h again, so h must then
// know its own repeats, as placing an order does by its cart.
//
// Faults: Malformed "idempotency_key_required", "idempotency_key_invalid" or
// "request.form_key_missing"; Invalid "idempotency_key_reused"; Conflict
// "idempotency_in_flight" with retry_after.
func (s *Service) Guard(rule Rule, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := rule.read(r)
		if err != nil {
			return err
		}
		answer, err := s.claim(r.Context(), c, rule.Form)
		if err != nil {
			return err
		}
		if answer != nil {
			w.Header().Set("Idempotency-Replayed", "true")
			answer.Send(w)
			return nil
		}
		return s.run(rule, c, h, w, r)
	}
}

// claim waits its turn: it returns nil when the caller is to carry the request
// out, else the answer to give.
func (s *Service) claim(ctx context.Context, c *claim, wait bool) (*Response, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for pause := 25 * time.Millisecond; ; pause = min(2*pause, 400*time.Millisecond) {
		var found row
		var won bool
		err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			if won, err = insertClaim(ctx, tx, c, wait); won || err != nil {
				return err
			}
			found, err = findRow(ctx, tx, c)
			return err
		})
		switch {
		case err == nil && won:
			return nil, nil
		case errors.Is(err, db.ErrNoRows): // released between the two statements
		case err != nil:
			return nil, err
		case !bytes.Equal(found.bodyHash, c.bodyHash):
			return nil, fault.New(fault.Invalid, "idempotency_key_reused")
		case found.done:
			return c.open(found.response)
		case !wait:
			return nil, fault.New(fault.Conflict, "idempotency_in_flight").With("retry_after", int64(1))
		}
		select {
		case <-time.After(pause):
		case <-deadline.C:
			return nil, fault.New(fault.Conflict, "idempotency_in_flight").With("retry_after", int64(5))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type claimKey struct{}

// run carries a claimed request out and remembers its answer.
func (s *Service) run(rule Rule, c *claim, h web.Handler, w http.ResponseWriter, r *http.Request) error {
	after := context.WithoutCancel(r.Context()) // the client may leave; what happened has happened
	settled := false
	defer func() {
		if !settled && !c.committed.Load() {
			s.release(after, c)
		}
	}()
	rec := &recorder{header: make(http.Header)}
	if err := h(rec, r.WithContext(context.WithValue(r.Context(), claimKey{}, c))); err != nil {
		if forgettable(web.Status(err)) {
			return err
		}
		rec = &recorder{header: make(http.Header)}
		rule.Door.Answer(rec, r, err)
	}
	answer := rec.answer()
	if !c.committed.Load() && !forgettable(answer.Status) {
		err := s.db.InTx(after, func(ctx context.Context, tx *db.Tx) error { return complete(ctx, tx, c, answer) })
		if err != nil {
			s.log.ErrorContext(after, "an answer could not be remembered", "request", web.RequestID(after), "err", err)
		}
		settled = err == nil
	}
	answer.Send(w)
	return nil
}

// forgettable reports whether a status says nothing about what was asked, so
// that a repeat must be tried afresh.
func forgettable(status int) bool {
	return status >= 500 || slices.Contains([]int{401, 403, 408, 413, 421, 429}, status)
}

func (s *Service) release(ctx context.Context, c *claim) {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return deleteClaim(ctx, tx, c) })
	if err != nil {
		s.log.WarnContext(ctx, "a request key stays claimed until its lease ends", "request", web.RequestID(ctx), "err", err)
	}
}

// Complete remembers the answer to the request that ctx belongs to, in the
// transaction of its effect: either both are on disk or neither is. The
// handler must then send this very answer; Do does both. Outside a guarded
// request it does nothing.
//
// It fails with Conflict "idempotency_lost" when the request took so long that
// a repeat has taken its place; the effect is then rolled back with it.
func Complete(ctx context.Context, tx *db.Tx, answer Response) error {
	c, ok := ctx.Value(claimKey{}).(*claim)
	if !ok {
		return nil
	}
	if err := complete(ctx, tx, c, answer); err != nil {
		return err
	}
	tx.AfterCommit(func() { c.committed.Store(true) })
	return nil
}

// Do runs fn in a transaction that also remembers the answer fn returns, and
// sends it. On error nothing happened.
func (s *Service) Do(w http.ResponseWriter, r *http.Request, fn func(ctx context.Context, tx *db.Tx) (Response, error)) error {
	var answer Response
	err := s.db.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if answer, err = fn(ctx, tx); err != nil {
			return err
		}
		return Complete(ctx, tx, answer)
	})
	if err != nil {
		return err
	}
	answer.Send(w)
	return nil
}

// Sweep deletes keys whose time is over, at most a thousand a call, and
// returns how many. Run it now and then until it returns 0.
func (s *Service) Sweep(ctx context.Context) (n int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err = deleteExpired(ctx, tx, 1000)
		return err
	})
	return n, err
}

// Response is an answer that can be remembered. Of the header only what
// describes the answer is kept: no cookies.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// SeeOther leads the browser to another page of the shop, the answer to most
// forms that succeed.
func SeeOther(path string) Response {
	return Response{Status: http.StatusSeeOther, Header: http.Header{"Location": {path}}}
}

// Send writes the answer.
func (a Response) Send(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range a.Header {
		if name == "Set-Cookie" || name == "Vary" {
			h[name] = append(h[name], values...)
			continue
		}
		h[name] = slices.Clone(values)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client may have left
}

// recorder holds an answer back until it is remembered.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (rec *recorder) Header() http.Header { return rec.header }

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= 200 {
		rec.status = status
	}
}

func (rec *recorder) Write(b []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	return rec.body.Write(b)
}

func (rec *recorder) answer() Response {
	rec.WriteHeader(http.StatusOK)
	return Response{rec.status, rec.header, rec.body.Bytes()}
}

// claim is one request with its key.
type claim struct {
	scope, key string // hashed, as the table has them
	bodyHash   []byte
	token      string // tells this attempt from one that takes its place
	secret     []byte // seals the answer
	committed  atomic.Bool
}
