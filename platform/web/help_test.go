package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stoashop/stoa/kit/locale"
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
