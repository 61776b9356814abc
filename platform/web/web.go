// Package web is how requests come in and answers go out: handlers that may
// fail, the one place where a fault becomes a page or a problem document, the
// strict decoder of forms and JSON, cookies, and the server with its timeouts,
// caps, headers, logs and metrics. It knows nothing of shops.
package web

import (
	"context"
	"net/http"
	"net/netip"
)

// Handler is an http.Handler that may fail. It returns an error instead of
// writing one; Door.Mount alone turns errors into responses. A handler that
// has begun to write must not fail for a reason the client should hear of:
// what comes too late is logged and the connection is cut.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Sure makes a Handler of one that answers by itself whatever happens: of
// files, of metrics.
func Sure(h http.Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// info is what the outermost middleware knows of a request. It lives in the
// context, so that inner handlers can add the route to it although they see a
// copy of the request.
type info struct {
	id    string
	ip    netip.Addr
	route string
}

type infoKey struct{}

func infoOf(ctx context.Context) *info {
	i, _ := ctx.Value(infoKey{}).(*info)
	return i
}

// RequestID returns the id under which everything about this request is
// logged ("req_…"), or "" outside a request.
func RequestID(ctx context.Context) string {
	if i := infoOf(ctx); i != nil {
		return i.id
	}
	return ""
}

// ClientIP returns the address the request came from: the peer's, or what a
// configured proxy says of it. It is the zero Addr outside a request.
func ClientIP(ctx context.Context) netip.Addr {
	if i := infoOf(ctx); i != nil {
		return i.ip
	}
	return netip.Addr{}
}

// SetRoute tells log and metrics which route answers this request, as its
// pattern ("/products/{slug}"), so that labels stay few.
func SetRoute(ctx context.Context, pattern string) {
	if i := infoOf(ctx); i != nil {
		i.route = pattern
	}
}

// tracker notices whether an answer has begun, and with which status.
type tracker struct {
	http.ResponseWriter
	status int // 0 until the header is written
	bytes  int64
}

func (t *tracker) WriteHeader(status int) {
	if t.status == 0 && status >= 200 { // 1xx is not the answer yet
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	n, err := t.ResponseWriter.Write(b)
	t.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Flush sends what is buffered. Writers look for it by assertion.
func (t *tracker) Flush() {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	_ = http.NewResponseController(t.ResponseWriter).Flush() // a writer that cannot flush has nothing to flush
}
