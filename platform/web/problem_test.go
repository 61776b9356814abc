package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

func TestDoor_writesProblems(t *testing.T) {
	var log logbook
	door := newDoor(t, log.logger())
	site := newSite(t, "https://shop.example", log.logger(), nil)
	secretErr := errors.New("dial 10.0.0.7: password=hunter2")
	tests := map[string]struct {
		err    error
		status int
		reason string
		retry  string
	}{
		"malformed":        {fault.New(fault.Malformed, "form.malformed"), 400, "form.malformed", ""},
		"invalid":          {fault.New(fault.Invalid, "form.invalid"), 422, "form.invalid", ""},
		"forbidden":        {fault.New(fault.Forbidden, "staff.role"), 403, "staff.role", ""},
		"not found":        {fault.New(fault.NotFound, "order.unknown"), 404, "order.unknown", ""},
		"conflict":         {fault.New(fault.Conflict, "cart.price"), 409, "cart.price", ""},
		"in flight":        {fault.New(fault.Conflict, "once.busy").With("retry_after", int64(2)), 409, "once.busy", "2"},
		"too large":        {fault.New(fault.TooLarge, "upload.large"), 413, "upload.large", ""},
		"body capped":      {&http.MaxBytesError{Limit: 5}, 413, "request.too_large", ""},
		"declined":         {fault.New(fault.Declined, "payment.declined"), 402, "payment.declined", ""},
		"too many":         {fault.New(fault.TooMany, "signin.many").With("retry_after", int64(17)), 429, "signin.many", "17"},
		"too many, unsaid": {fault.New(fault.TooMany, "signin.many"), 429, "signin.many", "60"},
		"unavailable":      {fault.New(fault.Unavailable, "db.away"), 503, "db.away", "5"},
		"deadline":         {context.DeadlineExceeded, 503, "request.timed_out", "5"},
		"internal":         {fault.New(fault.Internal, "secret.reason").With("dsn", "x").Because(secretErr), 500, "internal", ""},
		"unknown":          {secretErr, 500, "internal", ""},
		"sign in":          {web.SignInNeeded("Bearer"), 401, "request.sign_in_needed", ""},
		"method":           {web.MethodNotAllowed("GET, HEAD"), 405, "request.method_not_allowed", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(site.Wrap(door.Mount(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("ETag", `"x"`)
				w.Header().Set("Content-Type", "text/html")
				return tt.err
			})), "POST", "https://shop.example/x")
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			h := w.Header()
			if w.Code != tt.status || p.Status != tt.status || p.Reason != tt.reason || h.Get("Retry-After") != tt.retry {
				t.Errorf("%d %+v Retry-After %q", w.Code, p, h.Get("Retry-After"))
			}
			if p.Type != "urn:problem-type:stoa:"+tt.reason || p.Title == "" || strings.HasPrefix(p.Title, "fault.") || p.Instance != h.Get("X-Request-Id") {
				t.Errorf("problem %+v", p)
			}
			if h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" {
				t.Errorf("headers %v", h)
			}
			if strings.Contains(w.Body.String(), "hunter2") || strings.Contains(w.Body.String(), "secret.reason") || strings.Contains(w.Body.String(), "dsn") {
				t.Errorf("the answer says too much: %s", w.Body)
			}
			if web.Status(tt.err) != tt.status {
				t.Errorf("Status = %d", web.Status(tt.err))
			}
		})
	}
	if got := ask(door.Mount(func(http.ResponseWriter, *http.Request) error { return web.MethodNotAllowed("GET, HEAD") }), "POST", "/").Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %q", got)
	}
	if got := ask(door.Mount(func(http.ResponseWriter, *http.Request) error { return web.SignInNeeded("Bearer") }), "POST", "/").Header().Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", got)
	}
}

func TestDoor_problemSpeaksTheLanguageAndNamesTheFields(t *testing.T) {
	door := newDoor(t, new(logbook).logger())
	h := door.Mount(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Invalid, "form.invalid").With("total", money.Money{Amount: 1999, Currency: "EUR"}).
			At("quantity", "form.too_large", "max", int64(5)).At("price", "form.too_small", "min", money.Money{Amount: 150, Currency: "EUR"})
	})
	want := `{"type":"urn:problem-type:stoa:form.invalid","title":"Bitte prüfen Sie die markierten Felder.","status":422,` +
		`"detail":"Bitte prüfen Sie die markierten Felder.","reason":"form.invalid","params":{"total":{"amount":1999,"currency":"EUR"}},` +
		`"errors":[{"field":"quantity","reason":"form.too_large","detail":"Bitte geben Sie höchstens 5 ein.","params":{"max":5}},` +
		`{"field":"price","reason":"form.too_small","detail":"Bitte geben Sie mindestens 1,50` + "\u00a0" + `€ ein.","params":{"min":{"amount":150,"currency":"EUR"}}}]}` + "\n"
	if got := ask(h, "POST", "/", "Accept-Language", "de").Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDoor_drawsPages(t *testing.T) {
	var log logbook
	door := newDoor(t, log.logger())
	door.CSP = web.CSP{}.String()
	door.Page = func(_ *http.Request, p web.Problem) ([]byte, error) {
		switch p.Reason {
		case "page.fails":
			return nil, errors.New("no template")
		case "page.panics":
			panic("no template")
		}
		return []byte("<h1>" + p.Title + "</h1>"), nil
	}
	h := func(reason string) http.Handler {
		return door.Mount(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.NotFound, reason) })
	}
	w := ask(h("x.y"), "GET", "/", "Accept", "text/html")
	if w.Code != 404 || w.Body.String() != "<h1>There is nothing here.</h1>" || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("page: %d %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Security-Policy"); got != "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; manifest-src 'self'; media-src 'self'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'" {
		t.Errorf("CSP %s", got)
	}
	if w := ask(h("x.y"), "GET", "/", "Accept", "application/json"); w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program got %d %s", w.Code, w.Body)
	}
	for _, reason := range []string{"page.fails", "page.panics"} {
		if w := ask(h(reason), "GET", "/"); w.Code != 404 || !strings.Contains(w.Body.String(), "<h1>There is nothing here.</h1>") {
			t.Errorf("%s: %d %s", reason, w.Code, w.Body)
		}
	}
}

// Who leaves while an error page is drawn is no mistake of ours: it is told to
// who debugs. A page that fails for a reader, or panics, is.
func TestDoor_tellsWhoLeftFromAPageThatFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave bool
		page  func(context.Context) ([]byte, error)
		want  string
	}{
		{"left", true, func(ctx context.Context) ([]byte, error) { return nil, ctx.Err() }, "DEBUG"},
		{"fails", false, func(context.Context) ([]byte, error) { return nil, errors.New("no template") }, "ERROR"},
		{"left, and it panics", true, func(context.Context) ([]byte, error) { panic("no template") }, "ERROR"},
	} {
		var log logbook
		door := newDoor(t, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		door.Page = func(r *http.Request, _ web.Problem) ([]byte, error) { return c.page(r.Context()) }
		ctx, leave := context.WithCancel(t.Context())
		h := door.Mount(func(http.ResponseWriter, *http.Request) error {
			if c.leave {
				leave()
			}
			return fault.New(fault.NotFound, "x.y")
		})
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		leave()
		var levels []string
		for line := range strings.Lines(log.String()) {
			var entry struct{ Level, Msg string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if entry.Msg == "error page failed" {
				levels = append(levels, entry.Level)
			}
		}
		if !slices.Equal(levels, []string{c.want}) {
			t.Errorf("%s: told as %v, want %s\n%s", c.name, levels, c.want, log.String())
		}
	}
}

// TestDoor_T109 proves that a panic tells the client an id and the log
// everything.
func TestDoor_T109_panicsSayNothing(t *testing.T) {
	var log logbook
	door := newDoor(t, log.logger())
	site := newSite(t, "https://shop.example", log.logger(), nil)
	w := ask(site.Wrap(door.Mount(func(http.ResponseWriter, *http.Request) error { panic("card 4242") })), "GET", "https://shop.example/x")
	if w.Code != 500 || strings.Contains(w.Body.String(), "4242") || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	for _, want := range []string{id, "card 4242", "problem_test.go", `"status":500`} {
		if !strings.HasPrefix(id, "req_") || !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
	w = ask(site.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("outside a door") })), "GET", "https://shop.example/x")
	if w.Code != 500 || strings.Contains(w.Body.String(), "door") || !strings.Contains(log.String(), "outside a door") {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
}

func TestDoor_cutsAnAnswerThatFailsHalfway(t *testing.T) {
	var log logbook
	site := newSite(t, "http://localhost", log.logger(), nil)
	door := newDoor(t, log.logger())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "localhost"
		site.Wrap(door.Mount(func(w http.ResponseWriter, r *http.Request) error {
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			return errors.New("template broke")
		})).ServeHTTP(w, r)
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != "half" {
		t.Errorf("the client believes the answer is whole: %q, %v", body, err)
	}
	if !strings.Contains(log.String(), "template broke") {
		t.Error("the failure is not in the log")
	}
}
