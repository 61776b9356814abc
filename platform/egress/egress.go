// Package egress is the shop's one way out: every request that the shop makes
// to another machine goes through a client from here.
//
// It has two doors. Public is for addresses that somebody typed: in an import
// file, a webhook form, a request. Those may reach the open internet only.
// Private is for the address of a service that the operator named in the boot
// settings; it may lie in the operator's own network and leads nowhere else.
package egress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Client makes HTTP clients that cannot be talked into visiting the machine's
// own network. It is safe for concurrent use.
type Client struct {
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	doors map[door]*http.Client
}

// door names a client that was made before. Asking again with the same limits
// gives the same client, so that its idle connections are shared.
type door struct {
	origin string // "" is the public door
	limits limits
}

type limits struct {
	connect   time.Duration
	total     time.Duration
	body      int64
	redirects int
}

// Limit changes one limit of a client.
type Limit func(*limits)

// Connect caps the time for the name look-up, the TCP connection and the TLS
// handshake, each. Default 3 s.
func Connect(d time.Duration) Limit { return func(l *limits) { l.connect = d } }

// Total caps the whole exchange: connecting, redirects, and reading the body
// to its end. Default 15 s.
func Total(d time.Duration) Limit { return func(l *limits) { l.total = d } }

// MaxBody caps the bytes of a response's body after decompression. Reading
// past it fails with "egress.too_large". Default 10 MiB.
func MaxBody(n int64) Limit { return func(l *limits) { l.body = n } }

// Redirects caps how many redirects are followed, 0 to 3. Default 3.
func Redirects(n int) Limit { return func(l *limits) { l.redirects = min(max(n, 0), 3) } }

// Option changes how a Client finds and reaches hosts.
type Option func(*Client)

// WithResolver replaces DNS. What it answers is checked like any answer.
func WithResolver(resolve func(ctx context.Context, host string) ([]netip.Addr, error)) Option {
	return func(c *Client) { c.resolve = resolve }
}

// WithDialer replaces the TCP dialer. It is handed checked "ip:port"
// addresses only. A test uses it to let a public address be answered by a
// server of its own; the checks stay as they are.
func WithDialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	return func(c *Client) { c.dial = dial }
}

// New returns a Client that uses the system's resolver and no proxy, whatever
// the environment says.
func New(options ...Option) *Client {
	c := &Client{
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		doors: make(map[door]*http.Client),
	}
	for _, o := range options {
		o(c)
	}
	return c
}

// Public returns a client for addresses that come from the database or from a
// request. It speaks http and https to hosts whose every address is on the
// public internet. The name is looked up once for each connection, all answers
// are checked, and the connection goes to a checked address, so a name that
// changes its mind in between gains nothing. Redirects are checked the same
// way; a redirect from https to http is refused.
//
// A refused address fails with "egress.address_refused" (Invalid), a long body
// with "egress.too_large" (TooLarge), a fourth redirect with
// "egress.too_many_redirects" (Invalid). The caller closes the body.
func (c *Client) Public(changes ...Limit) *http.Client {
	return c.open("", changes)
}

// Private returns a client for one origin that the operator configured, such
// as "http://127.0.0.1:9090". A path in base is ignored. Requests and
// redirects to any other origin fail with "egress.address_refused". It is an
// error when base is no absolute http or https address.
func (c *Client) Private(base string, changes ...Limit) (*http.Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("egress: %q is no http or https address", base)
	}
	return c.open(origin(u), changes), nil
}

func (c *Client) open(only string, changes []Limit) *http.Client {
	l := limits{connect: 3 * time.Second, total: 15 * time.Second, body: 10 << 20, redirects: 3}
	for _, change := range changes {
		change(&l)
	}
	key := door{only, l}

	c.mu.Lock()
	defer c.mu.Unlock()
	if made := c.doors[key]; made != nil {
		return made
	}
	made := &http.Client{
		Timeout: l.total,
		Transport: &guard{
			only:  only,
			limit: l.body,
			next: &http.Transport{
				Proxy:                  nil,
				DialContext:            c.dialer(only, l),
				TLSHandshakeTimeout:    l.connect,
				ResponseHeaderTimeout:  l.total,
				MaxResponseHeaderBytes: 64 << 10,
				MaxIdleConns:           32,
				MaxIdleConnsPerHost:    8,
				IdleConnTimeout:        30 * time.Second,
				ForceAttemptHTTP2:      true,
			},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > l.redirects {
				return fault.New(fault.Invalid, "egress.too_many_redirects").With("max", l.redirects)
			}
			if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return refused(r.URL.Host, "redirect from https to http")
			}
			return nil // the guard looks at the address itself
		},
	}
	c.doors[key] = made
	return made
}

// dialer returns the only function that opens connections. For the public
// door it looks the host up, refuses it unless every answer is public, and
// dials the answers, not the name.
func (c *Client) dialer(only string, l limits) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: l.connect, KeepAlive: 30 * time.Second}
	dial := c.dial
	if dial == nil {
		if only == "" {
			// The last look, at the address the kernel is asked to reach.
			d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
				ap, err := netip.ParseAddrPort(address)
				if err != nil || !Routable(ap.Addr()) {
					return refused(address, "not on the public internet")
				}
				return nil
			}
		}
		dial = d.DialContext
	}
	if only != "" {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, l.connect)
		defer cancel()
		addrs, err := c.lookup(ctx, host)
		if err != nil {
			return nil, err
		}
		var failures []error
		for _, addr := range addrs {
			conn, err := dial(ctx, network, net.JoinHostPort(addr.String(), port))
			if err == nil {
				return conn, nil
			}
			failures = append(failures, err)
		}
		return nil, errors.Join(failures...)
	}
}

// lookup returns the addresses of a host, all of them public, at most four.
func (c *Client) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if !Routable(addr) {
			return nil, refused(host, "not on the public internet")
		}
		return []netip.Addr{addr}, nil
	}
	if numeric(host) {
		return nil, refused(host, "an address in an unusual notation")
	}
	answers, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("egress: %s has no address", host)
	}
	addrs := make([]netip.Addr, 0, len(answers))
	for _, a := range answers {
		a = a.Unmap() // the resolver writes IPv4 answers either way
		if !Routable(a) {
			return nil, refused(host, "leads to "+a.String()+", which is not on the public internet")
		}
		addrs = append(addrs, a)
	}
	// IPv4 first: where IPv6 is set up halfway, it fails slowly.
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	return addrs[:min(len(addrs), 4)], nil
}

// guard stands before the transport. It sees every hop, redirects included,
// also when a library brings a redirect policy of its own.
type guard struct {
	only  string // the one allowed origin; "" allows any public one
	limit int64
	next  http.RoundTripper
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return nil, refused(r.URL.Scheme+":", "only http and https are spoken")
	case r.URL.User != nil:
		return nil, refused(r.URL.Host, "carries a user name")
	case g.only != "" && origin(r.URL) != g.only:
		return nil, refused(origin(r.URL), "is not "+g.only)
	}
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.ContentLength > g.limit && r.Method != http.MethodHead {
		res.Body.Close()
		return nil, tooLarge(g.limit)
	}
	res.Body = &capped{body: res.Body, left: g.limit, limit: g.limit}
	return res, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the
// transport.
func (g *guard) CloseIdleConnections() {
	if t, ok := g.next.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// capped is a body that fails once more than limit bytes were read. Unlike
// io.LimitReader it never passes a cut body off as a whole one.
type capped struct {
	body        io.ReadCloser
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.body.Read(p)
	if int64(n) > c.left {
		n = int(c.left)
		c.left = 0
		return n, tooLarge(c.limit)
	}
	c.left -= int64(n)
	return n, err
}

func (c *capped) Close() error { return c.body.Close() }

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func refused(address, why string) error {
	return fault.New(fault.Invalid, "egress.address_refused").
		With("address", address).
		Because(fmt.Errorf("egress: %s %s", address, why))
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "egress.too_large").With("max", locale.Size(limit))
}
