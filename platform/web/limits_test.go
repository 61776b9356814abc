package web_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stoashop/stoa/platform/web"
)

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
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served <- r.URL.Path }),
		})
	}()
	at := (<-addr).String()
	const hidden = "GET /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for name, tt := range map[string]struct {
		request string
		answers int
		served  string
	}{
		"both lengths":          {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1, "/a"},
		"chunks alone":          {"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1, "/a"},
		"chunks under HTTP/1.0": {"POST /a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 1, "/a"},
		"one length":            {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", 2, "/a /admin"},
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
