package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/pan"
)

// SiteOptions says where the shop is found and whom it believes.
type SiteOptions struct {
	Log     *slog.Logger
	Clock   clock.Clock // for request ids; the system's when nil
	IDs     *id.Source  // a new one when nil
	Metrics *Metrics    // may be nil

	// Base is the address at which people reach the shop, the only source of
	// links: "https://shop.example". It has no path, query or user.
	Base *url.URL

	// Hosts are further Host headers that are answered ("www.shop.example").
	// When Base is on loopback, every loopback name of its port is one.
	Hosts []string

	// Proxies are the networks whose X-Forwarded-For is believed, one hop
	// each. Empty means that the peer is the client.
	Proxies []netip.Prefix
}

// Site is what all doors share: request ids, the access log, host check,
// headers, protection against cross-origin requests, metrics.
type Site struct {
	o     SiteOptions
	https bool
	hosts []string
	cross *http.CrossOriginProtection
}

// NewSite checks the options.
func NewSite(o SiteOptions) (*Site, error) {
	b := o.Base
	if b == nil || (b.Scheme != "http" && b.Scheme != "https") || b.Host == "" || strings.Trim(b.Path, "/") != "" || b.RawQuery != "" || b.User != nil || b.Fragment != "" {
		return nil, fmt.Errorf("the shop's address must look like https://shop.example, not %q", b)
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.IDs == nil {
		o.IDs = id.NewSource(nil)
	}
	s := &Site{o: o, https: b.Scheme == "https", cross: http.NewCrossOriginProtection()}
	for _, host := range append([]string{b.Host}, o.Hosts...) {
		s.hosts = append(s.hosts, strings.ToLower(host))
	}
	if loopback(b.Hostname()) {
		for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
			if port := b.Port(); port != "" {
				name += ":" + port
			}
			s.hosts = append(s.hosts, name)
		}
	}
	// Browsers say Origin: https://shop.example also when a proxy in front
	// passes another Host on.
	if err := s.cross.AddTrustedOrigin(b.Scheme + "://" + strings.ToLower(b.Host)); err != nil {
		return nil, fmt.Errorf("the shop's address %q: %w", b, err)
	}
	return s, nil
}

// URL returns an absolute link to a path of the shop ("/orders/…?x=y").
func (s *Site) URL(path string) string {
	return s.o.Base.Scheme + "://" + s.o.Base.Host + "/" + strings.TrimPrefix(path, "/")
}

// maxHeaders is how many header lines a request may have.
const maxHeaders = 100

// Wrap puts the site's middleware around all doors. Health checks stay outside
// of it: see Health.Mount.
func (s *Site) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch := clock.Start()
		i := &info{id: s.o.IDs.New("req", s.o.Clock.Now()), ip: s.clientIP(r)}
		r = r.WithContext(context.WithValue(r.Context(), infoKey{}, i))
		t := &tracker{ResponseWriter: w}
		secure(t.Header(), s.https)
		t.Header().Set("X-Request-Id", i.id)
		s.o.Metrics.begin()
		defer func() {
			v := recover()
			if v == nil && t.status == 0 {
				t.status = http.StatusOK // what the server sends for an empty answer
			}
			s.o.Metrics.end(r.Method, i.route, t.status, watch.Elapsed())
			s.log(r, i, t, watch.Elapsed())
			if v != nil {
				panic(v)
			}
		}()
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				s.o.Log.ErrorContext(r.Context(), "middleware panicked", "request", i.id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				if t.status != 0 {
					panic(http.ErrAbortHandler)
				}
				refuse(t, http.StatusInternalServerError, "internal", i.id)
			}
		}()
		switch {
		case len(r.Header) > maxHeaders || countHeaders(r.Header) > maxHeaders:
			refuse(t, http.StatusRequestHeaderFieldsTooLarge, "request.too_many_headers", i.id)
		case !slices.Contains(s.hosts, strings.ToLower(r.Host)):
			refuse(t, http.StatusMisdirectedRequest, "request.unknown_host", i.id)
		case s.cross.Check(r) != nil:
			refuse(t, http.StatusForbidden, "request.cross_origin", i.id)
		default:
			h.ServeHTTP(t, r)
		}
	})
}

// refuse answers before any door is chosen, so without words of a language.
func refuse(w http.ResponseWriter, status int, reason, id string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"instance":%q,"reason":%q}`+"\n",
		http.StatusText(status), status, id, reason) // the client may have left
}

func countHeaders(h http.Header) int {
	n := 0
	for _, values := range h {
		n += len(values)
	}
	return n
}

// clientIP walks the chain of proxies from the near end and stops at the first
// address that is not one of ours.
func (s *Site) clientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = next.Unmap().WithZone("")
	}
	return ip
}

func (s *Site) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(s.o.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func (s *Site) log(r *http.Request, i *info, t *tracker, took time.Duration) {
	s.o.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("request", i.id),
		slog.String("method", clip(r.Method)),
		slog.String("path", SafePath(r.URL.Path)),
		slog.String("route", i.route),
		slog.Int("status", t.status),
		slog.Int64("bytes", t.bytes),
		slog.Int64("us", took.Microseconds()),
		slog.String("ip", i.ip.String()),
		slog.String("agent", clip(r.UserAgent())))
}

// SafePath returns a path fit for a log: without query, at most 200
// characters, and with every secret link's token masked.
func SafePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) == 43 && strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == "" {
			parts[i] = masked
		}
	}
	return clip(strings.Join(parts, "/"))
}

const masked = "[masked]"

// MaskAttr is a slog.HandlerOptions.ReplaceAttr that masks attributes whose
// name says that they are secret, and card numbers in any text or error,
// wherever they are logged from.
func MaskAttr(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, secret := range []string{"password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey", "private_key", "dsn"} {
		if strings.Contains(name, secret) {
			return slog.String(a.Key, masked)
		}
	}
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		if pan.In(v.String()) {
			return slog.String(a.Key, pan.Mask(v.String()))
		}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok && pan.In(err.Error()) {
			return slog.String(a.Key, pan.Mask(err.Error()))
		}
	}
	return a
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// CheckExposure decides whether the shop may be served at all, and whether
// its cookies are Secure. https always may (a proxy in front ends TLS). Plain
// http may when both the listening address and the shop's address are on
// loopback, or when insecure says that the operator knows better.
func CheckExposure(listen string, base *url.URL, insecure bool) (secure bool, err error) {
	if base.Scheme == "https" {
		return true, nil
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, fmt.Errorf("cannot listen on %q: want host:port, such as localhost:8080", listen)
	}
	if insecure || (loopback(host) && loopback(base.Hostname())) {
		return false, nil
	}
	return false, fmt.Errorf("refusing to serve plain http on %s as %s: cookies and passwords would travel in the clear. Put a TLS proxy in front and set the base URL to https, listen on localhost, or set STOA_INSECURE=1 if you know that nobody listens in", listen, base)
}

// LocalPath reports whether s is a path of this shop that a redirect may lead
// to: it begins with one slash, and neither a browser nor a server can read a
// host in it.
func LocalPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t\x00") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Host == "" && u.Scheme == "" && u.User == nil && !strings.HasPrefix(u.Path, "//")
}

// LimitBody bounds the body of a request before a handler sees it: more than
// limit bytes fail the read and are answered with 413. Bodies over 1 MiB get
// more time than the server grants by default, at 64 KiB a second.
func LimitBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // do not read what is refused
		return &http.MaxBytesError{Limit: limit}
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
	}
	if limit > maxBody {
		more := readTimeout + time.Duration(limit/(64<<10))*time.Second
		until := clock.System().Now().Add(more)
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(until)                    // a test's recorder has no deadlines
		_ = c.SetWriteDeadline(until.Add(writeTimeout)) // the same
	}
	return nil
}

// Compress wraps dynamic pages: zstd at its fastest, else gzip, for texts from
// one kilobyte on. What already has a Content-Encoding passes through.
func Compress(h http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(5), gzhttp.ContentTypes([]string{
		"text/html", "text/plain", "text/css", "text/csv", "text/xml", "text/javascript",
		"application/json", "application/problem+json", "application/xml", "application/rss+xml", "application/manifest+json", "image/svg+xml",
	}))
	if err != nil {
		panic("web: " + err.Error()) // the options above are constants
	}
	return wrap(h)
}
