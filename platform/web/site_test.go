package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/words"
)

// logbook keeps what is logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{ReplaceAttr: web.MaskAttr}))
}

func newDoor(t *testing.T, log *slog.Logger) *web.Door {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	return &web.Door{
		Log:      log,
		Printer:  func(r *http.Request) *locale.Printer { return catalog.Printer(r.Header.Get("Accept-Language"), nil) },
		Problems: "urn:problem-type:stoa:",
	}
}

func newSite(t *testing.T, base string, log *slog.Logger, change func(*web.SiteOptions)) *web.Site {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	o := web.SiteOptions{Log: log, Base: u, Hosts: []string{"www.shop.example"}}
	if change != nil {
		change(&o)
	}
	s, err := web.NewSite(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

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
	for _, want := range []string{id, "card 4242", "site_test.go", `"status":500`} {
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

// TestSite_T99 proves that every answer carries the security headers, whatever
// answers it.
func TestSite_T99_headersOnEveryAnswer(t *testing.T) {
	site := newSite(t, "https://shop.example", new(logbook).logger(), nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	mux.Handle("GET /moved", http.RedirectHandler("/ok", http.StatusSeeOther))
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("x") })
	h := site.Wrap(mux)
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "strict-origin-when-cross-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
		"Access-Control-Allow-Origin":  "",
		"Server":                       "",
	}
	for target, status := range map[string]int{"/ok": 200, "/moved": 303, "/panic": 500, "/missing": 404} {
		w := ask(h, "GET", "https://shop.example"+target, "Origin", "https://evil.example")
		if w.Code != status {
			t.Errorf("%s: %d", target, w.Code)
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", target, name, got, value)
			}
		}
		if w.Header().Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", target)
		}
	}
	plain := newSite(t, "http://localhost:8080", new(logbook).logger(), nil)
	if got := ask(plain.Wrap(mux), "GET", "http://localhost:8080/ok").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS on plain http: %q", got)
	}
}

// TestSite_T46 proves that only the configured names are answered and that no
// header moves a link.
func TestSite_T46_hosts(t *testing.T) {
	served := 0
	var link string
	var site *web.Site
	h := func() http.Handler {
		return site.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++; link = site.URL("/reset?token=t") }))
	}
	site = newSite(t, "https://shop.example", new(logbook).logger(), nil)
	for host, want := range map[string]int{
		"shop.example": 200, "SHOP.example": 200, "www.shop.example": 200,
		"evil.example": 421, "shop.example:444": 421, "shop@evil": 421, "shop.example.evil": 421, "shop.example.": 421, "": 421, "127.0.0.1": 421,
	} {
		served = 0
		w := ask(h(), "GET", "https://shop.example/", "Host", host, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
		if w.Code != want || served != map[int]int{200: 1, 421: 0}[want] {
			t.Errorf("Host %q: %d, served %d", host, w.Code, served)
		}
	}
	if link != "https://shop.example/reset?token=t" {
		t.Errorf("link %s", link)
	}
	site = newSite(t, "http://localhost:8080", new(logbook).logger(), nil)
	for host, want := range map[string]int{"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "localhost": 421, "shop.example": 421} {
		if w := ask(h(), "GET", "http://localhost:8080/", "Host", host); w.Code != want {
			t.Errorf("Host %q: %d", host, w.Code)
		}
	}
	for _, base := range []string{"", "shop.example", "ftp://shop.example", "https://shop.example/shop", "https://u:p@shop.example", "https://shop.example?x"} {
		u, _ := url.Parse(base)
		if _, err := web.NewSite(web.SiteOptions{Base: u}); err == nil {
			t.Errorf("base %q was accepted", base)
		}
	}
}

// TestSite_T98 proves that no other origin can make a browser change anything.
func TestSite_T98_crossOrigin(t *testing.T) {
	site := newSite(t, "https://shop.example", new(logbook).logger(), nil)
	served := 0
	h := site.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	tests := []struct {
		method string
		header []string
		want   int
	}{
		{"POST", nil, 200}, // no browser
		{"POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", []string{"Origin", "https://shop.example"}, 200},
		{"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.shop.example"}, 403},
		{"POST", []string{"Origin", "null"}, 403},
		{"POST", []string{"Origin", "https://shop.example.evil"}, 403},
		{"PUT", []string{"Origin", "http://shop.example:81"}, 403},
		{"DELETE", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site"}, 200},
	}
	for _, tt := range tests {
		served = 0
		w := ask(h, tt.method, "https://shop.example/cart", tt.header...)
		if w.Code != tt.want || served != map[int]int{200: 1, 403: 0}[tt.want] {
			t.Errorf("%s %v: %d, served %d", tt.method, tt.header, w.Code, served)
		}
	}
}

// TestSite_T97 proves that only configured proxies may name the client.
func TestSite_T97_clientIP(t *testing.T) {
	var got netip.Addr
	ip := func(site *web.Site, peer string, forwarded ...string) string {
		r := httptest.NewRequest("GET", "https://shop.example/", nil)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = forwarded
		r.Header.Set("X-Real-Ip", "6.6.6.6")
		r.Header.Set("Forwarded", "for=6.6.6.6")
		site.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = web.ClientIP(r.Context()) })).ServeHTTP(httptest.NewRecorder(), r)
		return got.String()
	}
	open := newSite(t, "https://shop.example", new(logbook).logger(), nil)
	proxied := newSite(t, "https://shop.example", new(logbook).logger(), func(o *web.SiteOptions) {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	for _, tt := range []struct {
		name, got, want string
	}{
		{"no proxy configured", ip(open, "203.0.113.9:1", "6.6.6.6"), "203.0.113.9"},
		{"not from a proxy", ip(proxied, "203.0.113.9:1", "6.6.6.6"), "203.0.113.9"},
		{"from a proxy", ip(proxied, "10.1.1.1:1", "203.0.113.9"), "203.0.113.9"},
		{"forged in front", ip(proxied, "10.1.1.1:1", "6.6.6.6, 203.0.113.9"), "203.0.113.9"},
		{"forged in another line", ip(proxied, "10.1.1.1:1", "6.6.6.6", "203.0.113.9"), "203.0.113.9"},
		{"two proxies", ip(proxied, "[::1]:1", "6.6.6.6, 203.0.113.9, 10.2.2.2"), "203.0.113.9"},
		{"nonsense", ip(proxied, "10.1.1.1:1", "6.6.6.6, unknown"), "10.1.1.1"},
		{"nothing said", ip(proxied, "10.1.1.1:1"), "10.1.1.1"},
		{"IPv4 in IPv6", ip(proxied, "[::ffff:10.1.1.1]:1", "::ffff:203.0.113.9"), "203.0.113.9"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

// TestSite_T89 proves that a log line stays one line and holds no secret.
func TestSite_T89_log(t *testing.T) {
	var log logbook
	site := newSite(t, "https://shop.example", log.logger(), nil)
	token := strings.Repeat("Ab3-_", 8) + "xyz"
	h := site.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.SetRoute(r.Context(), "/orders/{token}")
		log.logger().Info("x", "password", "hunter2", slog.Group("g", "Session_Token", "hunter2"))
		_, _ = w.Write([]byte("12345"))
	}))
	ask(h, "GET", "https://shop.example/orders/"+token+"/x%0Ay?token=hunter2&password=hunter2", "User-Agent", "a\x1b[31m\"}{", "Authorization", "Bearer hunter2", "Cookie", "s=hunter2")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), token) {
		t.Errorf("log: %s", log.String())
	}
	var entry map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &entry); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"path": "/orders/[masked]/x\ny", "route": "/orders/{token}", "method": "GET", "status": 200.0, "bytes": 5.0, "agent": "a\x1b[31m\"}{", "ip": "192.0.2.1"} {
		if entry[key] != want {
			t.Errorf("%s is %v, want %v", key, entry[key], want)
		}
	}
}

func TestSite_T96_headerCount(t *testing.T) {
	site := newSite(t, "https://shop.example", new(logbook).logger(), nil)
	h := site.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var header []string
	for range 100 {
		header = append(header, "X-A", "1")
	}
	if w := ask(h, "GET", "https://shop.example/", header...); w.Code != 200 {
		t.Errorf("100 headers: %d", w.Code)
	}
	if w := ask(h, "GET", "https://shop.example/", append(header, "X-A", "1")...); w.Code != 431 {
		t.Errorf("101 headers: %d", w.Code)
	}
}

func TestMetrics_countByRoute(t *testing.T) {
	m := web.NewMetrics()
	site := newSite(t, "https://shop.example", new(logbook).logger(), func(o *web.SiteOptions) { o.Metrics = m })
	h := site.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.SetRoute(r.Context(), "/products/{slug}")
		w.WriteHeader(404)
	}))
	ask(h, "GET", "https://shop.example/products/a")
	ask(h, "GET", "https://shop.example/products/b")
	ask(h, "BREW", "https://evil.example/")
	body := ask(m.Handler(), "GET", "/metrics").Body.String()
	for _, want := range []string{
		`stoa_http_requests_total{method="GET",route="/products/{slug}",status="404"} 2`,
		`stoa_http_requests_total{method="other",route="none",status="421"} 1`,
		`stoa_http_request_seconds_count{route="/products/{slug}"} 2`,
		`stoa_http_requests_in_flight 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestCookies(t *testing.T) {
	for secure, want := range map[bool]string{
		true:  "__Host-cart=abc; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax",
		false: "cart=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
	} {
		c := web.Cookies{Secure: secure}
		w := httptest.NewRecorder()
		c.Set(w, "cart", "abc", time.Hour)
		if got := w.Header().Get("Set-Cookie"); got != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s, want %s", got, want)
		}
	}
	c := web.Cookies{Secure: true}
	for header, want := range map[string]string{
		"__Host-cart=abc":                                   "abc",
		"cart=abc":                                          "", // no prefix: any subdomain could have set it
		"__Host-cart=abc; __Host-cart=abd":                  "",
		"__Host-cart=abc; __Host-cart=abc":                  "abc",
		"__Host-cart=":                                      "",
		"__Host-cart=" + strings.Repeat("a", 3501):          "",
		"__Host-cart=a; other=" + strings.Repeat("a", 3501): "a",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		if got, ok := c.Get(r, "cart"); got != want || ok != (want != "") {
			t.Errorf("%.40s: %q, %v", header, got, ok)
		}
	}
	w := httptest.NewRecorder()
	c.Clear(w, "cart")
	if got := w.Header().Get("Set-Cookie"); got != "__Host-cart=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("clear: %s", got)
	}
}

func TestCheckExposure(t *testing.T) {
	for _, tt := range []struct {
		listen, base string
		insecure     bool
		secure, ok   bool
	}{
		{"localhost:8080", "http://localhost:8080", false, false, true},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", false, false, true},
		{"[::1]:8080", "http://[::1]:8080", false, false, true},
		{":8080", "http://localhost:8080", false, false, false},
		{"0.0.0.0:8080", "http://localhost:8080", false, false, false},
		{"127.0.0.1:8080", "http://shop.example", false, false, false},
		{"192.0.2.7:80", "http://192.0.2.7", false, false, false},
		{"192.0.2.7:80", "http://192.0.2.7", true, false, true},
		{":8080", "https://shop.example", false, true, true},
		{"127.0.0.1:8080", "https://shop.example", true, true, true},
		{"8080", "http://localhost:8080", false, false, false},
	} {
		base, err := url.Parse(tt.base)
		if err != nil {
			t.Fatal(err)
		}
		secure, err := web.CheckExposure(tt.listen, base, tt.insecure)
		if secure != tt.secure || (err == nil) != tt.ok {
			t.Errorf("%+v: %v, %v", tt, secure, err)
		}
	}
}

func TestCompress(t *testing.T) {
	page := strings.Repeat("<p>bread and butter</p>", 100)
	h := web.Compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body := page
		switch r.URL.Path {
		case "/small":
			body = "small"
		case "/image":
			w.Header().Set("Content-Type", "image/png")
		case "/done":
			w.Header().Set("Content-Encoding", "br")
		}
		_, _ = w.Write([]byte(body))
	}))
	for _, tt := range []struct{ path, accept, want string }{
		{"/", "gzip, deflate, br, zstd", "zstd"},
		{"/", "gzip", "gzip"},
		{"/", "", ""},
		{"/", "gzip;q=0", ""},
		{"/small", "zstd", ""},
		{"/image", "zstd", ""},
		{"/done", "zstd", "br"},
	} {
		w := ask(h, "GET", tt.path, "Accept-Encoding", tt.accept)
		if got := w.Header().Get("Content-Encoding"); got != tt.want {
			t.Errorf("%s for %q: %q, want %q", tt.path, tt.accept, got, tt.want)
		}
		if tt.path == "/" && w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: Vary %q", tt.path, tt.accept, w.Header().Get("Vary"))
		}
		var body []byte
		switch tt.want {
		case "zstd":
			z, err := zstd.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body, _ = io.ReadAll(z)
			z.Close()
		case "gzip":
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body, _ = io.ReadAll(z)
		default:
			continue
		}
		if string(body) != page {
			t.Errorf("%s: the page came out changed", tt.want)
		}
	}
}

func TestLimitBody(t *testing.T) {
	door := newDoor(t, new(logbook).logger())
	var read int
	h := door.Mount(func(w http.ResponseWriter, r *http.Request) error {
		if err := web.LimitBody(w, r, 5); err != nil {
			return err
		}
		b, err := io.ReadAll(r.Body)
		read = len(b)
		return err
	})
	for _, tt := range []struct {
		body   string
		length int64
		status int
		read   int
	}{{"12345", 5, 200, 5}, {"123456", 6, 413, 0}, {"123456", -1, 413, 5}} {
		read = 0
		r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
		r.ContentLength = tt.length
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || read != tt.read {
			t.Errorf("%+v: %d, read %d", tt, w.Code, read)
		}
	}
}

func TestServe_drainsAndSaysWhatIsInTheWay(t *testing.T) {
	var log logbook
	broken := errors.New("disk full")
	var checkErr error
	health := web.NewHealth(log.logger(), web.Check{Name: "database", Run: func(context.Context) error { return checkErr }})
	entered, release := make(chan struct{}), make(chan struct{})
	h := health.Mount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		_, _ = w.Write([]byte("finished"))
	}))
	probe := func(path string) string {
		w := ask(h, "GET", path, "Host", "10.0.0.1")
		return strings.TrimSpace(w.Body.String()) + " " + http.StatusText(w.Code)
	}
	if got := probe("/healthz/live") + "; " + probe("/healthz/ready"); got != "ok OK; ok OK" {
		t.Error(got)
	}
	checkErr = broken
	if got := probe("/healthz/live") + "; " + probe("/healthz/ready"); got != "ok OK; database is away Service Unavailable" {
		t.Error(got)
	}
	checkErr = nil

	ctx, stop := context.WithCancel(t.Context())
	addr := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	o := web.ServerOptions{
		Listen: "127.0.0.1:0", Handler: h, Log: log.logger(), Health: health,
		MetricsListen: "127.0.0.1:0", Metrics: web.NewMetrics().Handler(),
		Started: func(a net.Addr) { addr <- a },
	}
	go func() { ended <- web.Serve(ctx, o) }()
	at := (<-addr).String()

	second := o
	second.Listen = at
	if err := web.Serve(t.Context(), second); err == nil || !strings.Contains(err.Error(), at+" is in use by another program") {
		t.Errorf("port in use: %v", err)
	}

	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + at + "/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	stop()
	for probe("/healthz/ready") != "draining Service Unavailable" {
		select {
		case err := <-ended:
			t.Fatalf("ended with a request in flight: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if !cmp.Equal(probe("/healthz/live"), "ok OK") {
		t.Error("liveness must not turn while draining")
	}
}

func TestLocalPath(t *testing.T) {
	for s, want := range map[string]bool{
		"/": true, "/orders/7?x=y#z": true, "/a//b": true,
		"": false, "orders": false, "//evil.example": false, "/\\evil.example": false, "https://evil.example": false,
		"/\t/evil.example": false, "/a\r\nSet-Cookie: x": false, "javascript:alert(1)": false, "/%zz": false,
		"/%2f/evil.example": false,
	} {
		if got := web.LocalPath(s); got != want {
			t.Errorf("LocalPath(%q) = %v", s, got)
		}
	}
}

// TestServe_T93_T96 sends over a real connection what no client library would.
func TestServe_T93_T96_refusesWhatIsAmbiguousOrHuge(t *testing.T) {
	log := new(logbook).logger()
	ctx, stop := context.WithCancel(t.Context())
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	served := make(chan string, 10)
	go func() {
		ended <- web.Serve(ctx, web.ServerOptions{
			Listen: "127.0.0.1:0", Log: log, Health: web.NewHealth(log), Started: func(a net.Addr) { addr <- a },
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served <- r.URL.Path }),
		})
	}()
	at := (<-addr).String()
	for name, tt := range map[string]struct{ request, want string }{
		"64 kB of headers":   {"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"space before colon": {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\n", "HTTP/1.1 400"},
		"two lengths":        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400"},
		"odd encoding":       {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", "HTTP/1.1 501"},
		"two hosts":          {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400"},
		"no host":            {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
	} {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, tt.request) // the server may hang up before the end
		answer := make([]byte, len(tt.want))
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != tt.want {
			t.Errorf("%s: %q, %v; want %q", name, answer, err, tt.want)
		}
		_ = conn.Close()
	}
	if len(served) != 0 {
		t.Errorf("a handler saw %q", <-served)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestServe_T93 proves that nothing is read from a connection after a request
// of which a proxy may have seen another end: what it took for the rest of the
// body would be answered as somebody else's request.
func TestServe_T93_noRequestFollowsAnAmbiguousOne(t *testing.T) {
	log := new(logbook).logger()
	health := web.NewHealth(log)
	ctx, stop := context.WithCancel(t.Context())
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	served := make(chan string, 10)
	go func() {
		ended <- web.Serve(ctx, web.ServerOptions{
			Listen: "127.0.0.1:0", Log: log, Health: health, Started: func(a net.Addr) { addr <- a },
			Handler: health.Mount(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served <- r.URL.Path })),
		})
	}()
	at := (<-addr).String()
	const hidden = "GET /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for name, tt := range map[string]struct {
		request string
		answers int
		served  string
	}{
		"both lengths":            {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1, "/a"},
		"chunks alone":            {"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1, "/a"},
		"both lengths of a probe": {"POST /healthz/live HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1, ""},
		"chunks under HTTP/1.0":   {"POST /a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 1, "/a"},
		"one length":              {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", 2, "/a /admin"},
	} {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, tt.request+hidden) // the server may hang up before the end
		said, _ := io.ReadAll(conn)                    // until it does
		_ = conn.Close()
		var paths []string
		for len(served) > 0 {
			paths = append(paths, <-served)
		}
		if n := strings.Count(string(said), "HTTP/1."); n != tt.answers || strings.Join(paths, " ") != tt.served {
			t.Errorf("%s: %d answers, served %q; want %d, %q", name, n, paths, tt.answers, tt.served)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Whatever a log line is made from, a card number in it is masked.
func TestMaskAttr_T41_cardNumbers(t *testing.T) {
	log := new(logbook)
	log.logger().Info("paid with 4242 4242 4242 4242", "note", "4242424242424242", "err", errors.New("bad 4242-4242-4242-4242"), "order", "1042", "phone", "+49 30 23125014")
	line := log.String()
	if strings.Contains(strings.NewReplacer(" ", "", "-", "").Replace(line), "424242424242") || strings.Count(line, "••••4242") != 3 {
		t.Errorf("a card number is logged: %s", line)
	}
	for _, kept := range []string{`"order":"1042"`, `"phone":"+49 30 23125014"`} {
		if !strings.Contains(line, kept) {
			t.Errorf("%s lacks %s", line, kept)
		}
	}
}
