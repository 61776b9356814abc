package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// statusOf is the only place where a kind of fault meets an HTTP status.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Gone:
		return http.StatusGone
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Declined:
		return http.StatusPaymentRequired
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// protocolError is a refusal that belongs to HTTP and not to the trade: no
// session, a method that the path lacks, a host that is not ours.
type protocolError struct {
	status int
	header [2]string // one header to add, or empty
	fault  *fault.Error
}

func (e *protocolError) Error() string { return e.fault.Error() }
func (e *protocolError) Unwrap() error { return e.fault }

// SignInNeeded is answered with 401: the route is for people (or programs)
// that we know, and the request carries no valid session or token. scheme is
// the challenge ("Bearer").
func SignInNeeded(scheme string) error {
	return &protocolError{http.StatusUnauthorized, [2]string{"WWW-Authenticate", scheme}, fault.New(fault.Forbidden, "request.sign_in_needed")}
}

// MethodNotAllowed is answered with 405 and the methods that the path has.
func MethodNotAllowed(allow string) error {
	return &protocolError{http.StatusMethodNotAllowed, [2]string{"Allow", allow}, fault.New(fault.Malformed, "request.method_not_allowed")}
}

// PreconditionFailed is answered with 412: the request said what it wanted to
// find (If-Match), and cause says that it is not so.
func PreconditionFailed(cause *fault.Error) error {
	return &protocolError{http.StatusPreconditionFailed, [2]string{}, cause}
}

// Status returns the status that err is answered with; nil is 200. A handler
// that answers a fault with its own page again uses it.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	status, _ := explain(err)
	return status
}

// explain finds the status and the fault of an error. An Internal fault loses
// everything that a stranger must not read.
func explain(err error) (int, *fault.Error) {
	var p *protocolError
	if errors.As(err, &p) {
		return p.status, p.fault
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			f = tooMuch(tooLarge.Limit)
		case errors.Is(err, context.DeadlineExceeded):
			f = fault.New(fault.Unavailable, "request.timed_out").Because(err)
		}
	}
	if f == nil || f.Kind == fault.Internal {
		f = fault.New(fault.Internal, "internal").Because(err)
	}
	return statusOf(f.Kind), f
}

// Problem is a fault in the words of the person who asked. It is the body of
// RFC 9457 and what an error page is drawn from.
type Problem struct {
	Type     string         `json:"type"`             // address that names the reason
	Title    string         `json:"title"`            // the kind of fault in one sentence
	Status   int            `json:"status"`           //
	Detail   string         `json:"detail,omitempty"` // the reason in one sentence
	Instance string         `json:"instance,omitempty"`
	Reason   string         `json:"reason"`
	Params   map[string]any `json:"params,omitempty"`
	Errors   []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem is one bad input of a Problem.
type FieldProblem struct {
	Field  string         `json:"field"`
	Reason string         `json:"reason"`
	Detail string         `json:"detail"`
	Params map[string]any `json:"params,omitempty"`
}

// ProblemTypes makes a reason a problem's type (RFC 9457): a name, not an
// address, since there is no page to read behind it.
const ProblemTypes = "urn:problem-type:stoa:"

// Door is one way into the shop: the storefront, the back office, the API. It
// decides how errors look there and which content security policy holds.
type Door struct {
	Log *slog.Logger

	// Printer picks the language of a request's errors.
	Printer func(r *http.Request) *locale.Printer

	// Page draws an error page (UTF-8 HTML). Nil means that this door speaks
	// to programs and always answers problem documents. When Page fails, a
	// plain page is sent in its place.
	Page func(r *http.Request, p Problem) ([]byte, error)

	// CSP is the Content-Security-Policy of every answer; "" keeps the
	// strictest one, which allows nothing.
	CSP string

	// Problems is put before a reason to make a problem's type, see ProblemTypes.
	Problems string
}

// Mount adapts h to net/http: it sets the door's headers, turns a returned
// error or a panic into an answer, and logs what was our mistake.
func (d *Door) Mount(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.CSP != "" {
			w.Header().Set("Content-Security-Policy", d.CSP)
		}
		t := &tracker{ResponseWriter: w}
		if err := call(h, t, r); err != nil {
			d.fail(t, r, err)
		}
	})
}

// panicked is the error that a panic becomes.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprint("panic: ", p.value) }

func call(h Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			err = &panicked{v, debug.Stack()}
		}
	}()
	return h(w, r)
}

// fail answers err, or cuts the connection when an answer has already begun.
func (d *Door) fail(t *tracker, r *http.Request, err error) {
	ctx := r.Context()
	status, _ := explain(err)
	var p *panicked
	switch {
	case ctx.Err() != nil && !errors.As(err, &p):
		d.Log.DebugContext(ctx, "client left", "request", RequestID(ctx), "path", SafePath(r.URL.Path), "err", err)
	case status >= 500 || t.status != 0:
		attrs := []any{"request", RequestID(ctx), "method", r.Method, "path", SafePath(r.URL.Path), "err", err}
		if errors.As(err, &p) {
			attrs = append(attrs, "stack", string(p.stack))
		}
		d.Log.ErrorContext(ctx, "request failed", attrs...)
	}
	if t.status != 0 {
		panic(http.ErrAbortHandler)
	}
	d.Answer(t, r, err)
}

// Answer writes what err is answered with to w, for whoever must keep the
// answer; handlers return their errors instead. It does not log err.
func (d *Door) Answer(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	status, f := explain(err)
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Content-Disposition", "Location", "Expires"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept")
	var p *protocolError
	if errors.As(err, &p) && p.header[0] != "" {
		h.Set(p.header[0], p.header[1])
	}
	if after := retryAfter(f); after > 0 {
		h.Set("Retry-After", strconv.FormatInt(after, 10))
	}
	problem := d.Explain(r, err)
	if d.Page != nil && !PrefersJSON(r) {
		body, err := d.draw(r, problem)
		if err != nil {
			level := slog.LevelError
			if p := (*panicked)(nil); ctx.Err() != nil && !errors.As(err, &p) {
				level = slog.LevelDebug // nobody reads it any more, and what it needs was not fetched
			}
			d.Log.Log(ctx, level, "error page failed", "request", RequestID(ctx), "err", err)
			body = plainPage(problem)
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write(body) // the client may have left
		return
	}
	body, err := json.Marshal(problem)
	if err != nil { // a parameter that JSON cannot hold
		d.Log.ErrorContext(ctx, "problem cannot be written", "request", RequestID(ctx), "err", err)
		problem.Params, problem.Errors = nil, nil
		body, _ = json.Marshal(problem) // strings and a number only
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have left
}

func (d *Door) draw(r *http.Request, p Problem) (body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, nil}
		}
	}()
	return d.Page(r, p)
}

// Explain says in words what err means to whoever sent r.
func (d *Door) Explain(r *http.Request, err error) Problem {
	status, f := explain(err)
	say := d.Printer(r)
	p := Problem{
		Type:     d.Problems + f.Reason,
		Title:    say.T("fault." + f.Kind.String()),
		Status:   status,
		Detail:   say.Fault(f),
		Instance: RequestID(r.Context()),
		Reason:   f.Reason,
		Params:   public(f.Params),
	}
	if f.Kind != fault.Internal && status != statusOf(f.Kind) { // HTTP's own refusals have no kind to speak for them
		p.Title = p.Detail
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, FieldProblem{field.Path, field.Reason, say.Field(field), public(field.Params)})
	}
	return p
}

// public gives amounts the form that the API writes them in everywhere:
// whole numbers of the smallest unit (rule B1).
func public(params map[string]any) map[string]any {
	var out map[string]any
	for name, v := range params {
		if m, ok := v.(money.Money); ok {
			if out == nil {
				out = maps.Clone(params)
			}
			out[name] = map[string]any{"amount": m.Amount, "currency": m.Currency}
		}
	}
	if out == nil {
		return params
	}
	return out
}

// retryAfter returns the seconds after which another try makes sense, 0 for
// "not by waiting".
func retryAfter(f *fault.Error) int64 {
	switch n := f.Params["retry_after"].(type) {
	case int64:
		return max(n, 1)
	case int:
		return max(int64(n), 1)
	}
	switch f.Kind {
	case fault.TooMany:
		return 60
	case fault.Unavailable:
		return 5
	}
	return 0
}

// PrefersJSON reports whether the client named JSON and not HTML.
func PrefersJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

// plainPage is what is sent when even the error page fails.
func plainPage(p Problem) []byte {
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
	escape(&b, p.Title)
	b.WriteString("</title>\n<h1>")
	escape(&b, p.Title)
	b.WriteString("</h1>\n<p>")
	escape(&b, p.Detail)
	b.WriteString("</p>\n<p>")
	escape(&b, p.Instance)
	b.WriteString("</p>\n")
	return b.Bytes()
}
