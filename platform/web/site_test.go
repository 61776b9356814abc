package web_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/stoashop/stoa/platform/web"
)

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

// Two shops on one machine share a browser's cookies, since those know no
// ports, and leave each other's alone all the same.
func TestCookies_ofShopsSideBySide(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "https"} {
		var shops []*url.URL
		for _, host := range []string{"localhost:8080", "localhost:8081"} {
			base := &url.URL{Scheme: scheme, Host: host, Path: "/"}
			shops = append(shops, base)
			w := httptest.NewRecorder()
			web.CookiesAt(base, scheme == "https").Set(w, "session", "of "+host, time.Hour)
			jar.SetCookies(base, w.Result().Cookies())
		}
		for _, base := range shops {
			r := httptest.NewRequest("GET", base.String(), nil)
			for _, c := range jar.Cookies(base) {
				r.AddCookie(c)
			}
			if got, ok := web.CookiesAt(base, scheme == "https").Get(r, "session"); got != "of "+base.Host || !ok {
				t.Errorf("%s finds %q", base, got)
			}
		}
	}
	for address, want := range map[string]string{
		"https://shop.example": "__Host-session", "https://shop.example:8443": "__Host-session", "http://192.168.1.2:8080": "session",
		"http://localhost": "session", "http://127.0.0.1:8080": "session-8080", "http://[::1]:8080": "session-8080", "https://localhost:8443": "__Host-session-8443",
	} {
		base, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		web.CookiesAt(base, base.Scheme == "https").Set(w, "session", "x", 0)
		if got := w.Result().Cookies()[0].Name; got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
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
