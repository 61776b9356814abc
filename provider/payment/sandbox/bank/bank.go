// Package bank is a payment service to practise with: a separate HTTP server
// with a ledger, a payment page, a 3-D Secure step and signed webhooks of its
// own. The demo starts it beside the shop; tests start it on loopback and ask
// its ledger what really happened.
//
// It shares no code with the shop's payment rules, so that it can be the judge
// of them. No real money moves: only the test cards of Cards are accepted.
package bank

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/id"
)

// Options set up a bank. The zero value works for tests.
type Options struct {
	// SecretKey is what the merchant's API calls carry; default "sk_sandbox".
	SecretKey string

	// WebhookSecret signs messages; default "whsec_sandbox".
	WebhookSecret string

	// Account is the merchant's account; default "acct_sandbox". Merchant is
	// the name that shoppers read; default "Test shop".
	Account  string
	Merchant string

	// PublicURL is how browsers reach the bank, without a slash at the end.
	// Default: the address that Start listens on.
	PublicURL string

	// File keeps the ledger over restarts; empty keeps it in memory. The
	// newest 1000 payments are kept.
	File string

	// Life is how long a shopper may take to pay; default 30 minutes.
	Life time.Duration

	Clock clock.Clock  // default the system's
	Rand  io.Reader    // source of ids; default the system's
	Log   *slog.Logger // default silent
}

// Bank is the server. It is safe for concurrent use.
type Bank struct {
	o     Options
	ids   *id.Source
	http  http.Handler
	pages *pages
	out   *http.Client // carries webhooks

	mu         sync.Mutex
	payments   []*Payment // oldest first
	byID       map[string]*Payment
	byPage     map[string]*Payment // by the secret of its page
	byKey      map[string]*Payment // by the idempotency key that made it
	byRef      map[string]*Payment // the newest for each reference of the merchant
	deliveries []*delivery         // not yet delivered, or being retried
	messages   []Message           // everything ever signed, for tests
	faults     []*Fault
	dirty      bool

	sending sync.Mutex // one Deliver at a time
	wake    chan struct{}
	server  *http.Server
	address string
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// New returns a bank that does not listen yet. It fails when Options.File
// exists and cannot be read.
func New(o Options) (*Bank, error) {
	defaults := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	defaults(&o.SecretKey, "sk_sandbox")
	defaults(&o.WebhookSecret, "whsec_sandbox")
	defaults(&o.Account, "acct_sandbox")
	defaults(&o.Merchant, "Test shop")
	if o.Life == 0 {
		o.Life = 30 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Bank{
		o:      o,
		ids:    id.NewSource(o.Rand),
		byID:   make(map[string]*Payment),
		byPage: make(map[string]*Payment),
		byKey:  make(map[string]*Payment),
		byRef:  make(map[string]*Payment),
		wake:   make(chan struct{}, 1),
		out: &http.Client{
			Timeout:       5 * time.Second,
			Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	var err error
	if b.pages, err = newPages(); err != nil {
		return nil, err
	}
	if err := b.load(); err != nil {
		return nil, fmt.Errorf("sandbox bank: read %s: %w", o.File, err)
	}
	b.http = b.routes()
	return b, nil
}

// Handler serves the bank's API and pages. A test that uses it without Start
// sets Options.PublicURL and calls Deliver itself.
func (b *Bank) Handler() http.Handler { return b.http }

// Start listens on addr ("127.0.0.1:0" picks a port), serves, and delivers
// webhooks in the background until Close. It returns once the port is open.
func (b *Bank) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("sandbox bank: %w", err)
	}
	b.address = l.Addr().String()
	if b.o.PublicURL == "" {
		b.o.PublicURL = "http://" + b.address
	}
	b.server = &http.Server{
		Handler:           b.http,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(b.o.Log.Handler(), slog.LevelDebug),
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.done.Add(2)
	go func() {
		defer b.done.Done()
		if err := b.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			b.o.Log.Error("sandbox bank stopped", "err", err)
		}
	}()
	go func() {
		defer b.done.Done()
		b.work(ctx)
	}()
	return nil
}

// URL is where the bank is reached, without a slash at the end.
func (b *Bank) URL() string { return strings.TrimSuffix(b.o.PublicURL, "/") }

// Close stops serving and delivering and writes the ledger.
func (b *Bank) Close() error {
	if b.stop != nil {
		b.stop()
		b.server.Close()
		b.done.Wait()
	}
	b.out.CloseIdleConnections()
	return b.save()
}

// Ledger returns a copy of all payments, oldest first. It is what really
// happened to the money.
func (b *Bank) Ledger() []Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	all := make([]Payment, len(b.payments))
	for i, p := range b.payments {
		all[i] = p.copy()
	}
	return all
}

// ByReference returns the payments made for one reference of the merchant.
func (b *Bank) ByReference(reference string) []Payment {
	return slices.DeleteFunc(b.Ledger(), func(p Payment) bool { return p.Reference != reference })
}

// now is the bank's own time.
func (b *Bank) now() time.Time { return b.o.Clock.Now() }
