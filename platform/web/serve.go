package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// The server's timeouts. A header takes five seconds at most, a body of up to
// one mebibyte thirty (LimitBody grants larger ones more), an answer a minute;
// a quiet connection is kept for two.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 32 << 10
)

// Check is something without which the shop cannot serve.
type Check struct {
	Name string
	Run  func(ctx context.Context) error // bounded by the two seconds it is given
}

// Health answers the two questions of whoever runs the shop: is the process
// alive, and should it get requests.
type Health struct {
	log      *slog.Logger
	checks   []Check
	draining atomic.Bool
}

// NewHealth returns a Health that is ready when every check passes.
func NewHealth(log *slog.Logger, checks ...Check) *Health {
	return &Health{log: log, checks: checks}
}

// Drain makes readiness say 503 from now on.
func (h *Health) Drain() { h.draining.Store(true) }

// Live answers that the process is there.
func (h *Health) Live(w http.ResponseWriter, _ *http.Request) error {
	h.answer(w, http.StatusOK, "ok")
	return nil
}

// Ready answers whether the shop should get requests.
func (h *Health) Ready(w http.ResponseWriter, r *http.Request) error {
	h.ready(w, r)
	return nil
}

// Probed stands around what answers probes and metrics in place of Site.Wrap:
// they come with any Host and fill no log.
func Probed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header(), false)
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		h.answer(w, http.StatusServiceUnavailable, "draining")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	for _, c := range h.checks {
		if err := c.Run(ctx); err != nil {
			h.log.WarnContext(ctx, "not ready", "check", c.Name, "err", err)
			h.answer(w, http.StatusServiceUnavailable, c.Name+" is away")
			return
		}
	}
	h.answer(w, http.StatusOK, "ok")
}

func (h *Health) answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the prober may have left
}

// ServerOptions says what is served where.
type ServerOptions struct {
	Listen  string       // "localhost:8080"
	Handler http.Handler // health checks and site
	Log     *slog.Logger
	Health  *Health

	MetricsListen string       // "" serves no metrics
	Metrics       http.Handler // health checks and metrics

	// DrainDelay is how long readiness says 503 before connections are
	// closed, so that a load balancer looks away first. DrainLimit is how
	// long requests in flight then get; 0 means 20 seconds.
	DrainDelay time.Duration
	DrainLimit time.Duration

	// Started is called once with the address that is listened on; it may be
	// nil.
	Started func(addr net.Addr)
}

// Serve answers requests until ctx ends and then drains: readiness turns 503,
// after DrainDelay no connection is accepted, and requests in flight have
// DrainLimit to finish before they are cut. It returns nil after a drain, and
// an error fit for a person when an address cannot be listened on.
func Serve(ctx context.Context, o ServerOptions) error {
	main, err := listen(ctx, o.Listen, "STOA_LISTEN")
	if err != nil {
		return err
	}
	srv := newServer(o.Handler, o.Log)
	servers := []*http.Server{srv}
	failed := make(chan error, 2)
	if o.MetricsListen != "" {
		ln, err := listen(ctx, o.MetricsListen, "STOA_METRICS_LISTEN")
		if err != nil {
			_ = main.Close() // the other error is the one to tell
			return err
		}
		m := newServer(o.Metrics, o.Log)
		servers = append(servers, m)
		go func() { failed <- m.Serve(ln) }()
	}
	go func() { failed <- srv.Serve(main) }()
	if o.Started != nil {
		o.Started(main.Addr())
	}

	select {
	case err := <-failed:
		for _, s := range servers {
			_ = s.Close() // the first failure is the one to tell
		}
		return fmt.Errorf("serve %s: %w", o.Listen, err)
	case <-ctx.Done():
	}
	return drain(o, servers)
}

func drain(o ServerOptions, servers []*http.Server) error {
	o.Health.Drain()
	if o.DrainDelay > 0 {
		<-time.After(o.DrainDelay)
	}
	limit := o.DrainLimit
	if limit == 0 {
		limit = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			o.Log.Warn("requests were cut at shutdown", "after", limit.String())
			_ = s.Close() // nothing is left to tell
		}
	}
	return nil
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           alone(h),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken handshakes and the like
	}
}

// alone lets no request follow on a connection where a proxy in front might
// have seen another end of this one than we do: with a chunked body, beside
// which a Content-Length may have stood, and under HTTP/1.0, where
// Transfer-Encoding means nothing. net/http drops the header that it does not
// follow, so that the two cannot be told from others (RFC 9112, 6.1).
func alone(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// ErrAddress is in every error that says that an address cannot be listened on.
var ErrAddress = errors.New("the address cannot be listened on")

// addressError is a line for a person.
type addressError struct{ line string }

func (e addressError) Error() string        { return e.line }
func (e addressError) Is(target error) bool { return target == ErrAddress }

// Free fails as Serve would when an address cannot be listened on now;
// metrics may be "". It is for telling before long work that it would be in
// vain.
func Free(ctx context.Context, addr, metrics string) error {
	main, err := listen(ctx, addr, "STOA_LISTEN")
	if err != nil {
		return err
	}
	if metrics == "" {
		return main.Close()
	}
	second, err := listen(ctx, metrics, "STOA_METRICS_LISTEN") // beside the first: they may be one address
	if err != nil {
		_ = main.Close() // the other error is the one to tell
		return err
	}
	return errors.Join(main.Close(), second.Close())
}

func listen(ctx context.Context, addr, setting string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, addressError{addr + " is in use by another program, perhaps another stoa; stop it or listen on another address (" + setting + ")"}
	case errors.Is(err, syscall.EACCES):
		return nil, addressError{"not allowed to listen on " + addr + "; ports below 1024 need a privilege, set " + setting + " to another"}
	}
	return nil, addressError{fmt.Sprintf("cannot listen on %s (%s): %v", addr, setting, err)}
}
