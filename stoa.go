// Package stoa is a complete shop: storefront, back office, API and everything
// behind them, as a library. The program in cmd/stoa is what an agency would
// write with it:
//
//	settings, err := stoa.ReadSettings(os.Environ(), "")
//	shop, err := stoa.New(ctx, settings, stoa.Payment(klarna.New()))
//	err = shop.Run(ctx)
//
// This package is wiring and nothing else.
package stoa

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/platform/mail"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/provider/standard"
	"github.com/stoashop/stoa/storefront"
	"github.com/stoashop/stoa/storefront/letter"
	"github.com/stoashop/stoa/words"
)

// Shop is a shop put together. Its parts are there for programs that use Stoa
// as a library; they are safe for concurrent use.
type Shop struct {
	Settings Settings
	Log      *slog.Logger
	Clock    clock.Clock
	Words    *locale.Catalog

	DB     *db.DB
	Vault  *privacy.Vault
	Files  blob.Store
	Out    *egress.Client
	Audit  *audit.Log
	Jobs   *job.Runner
	Events *event.Bus
	Once   *once.Service
	Upload *upload.Service
	Staff  *staff.Service

	Market     *market.Service
	Tax        *tax.Service
	Shipping   *shipping.Service
	Fields     *custom.Service
	Catalog    *catalog.Service
	Search     *search.Service
	Content    *content.Service
	Customers  *customer.Service
	Stock      *inventory.Service
	Carts      *cart.Service
	Orders     *order.Service
	Payments   *payment.Service
	Checkout   *checkout.Service
	Fulfilment *fulfilment.Service
	Returns    *returns.Service
	Transfer   *transfer.Service
	Storefront *storefront.Store
	Mail       *mailbox.Service

	// TestClock moves the shop's clock; nil outside of test mode.
	TestClock *clock.Shifted

	refusals *refusals
	health   *web.Health
	cookies  web.Cookies
	hasher   *password.Hasher
	base     *url.URL
	parts    parts
	closers  []func() error
	once     sync.Once
}

// New puts a shop together: it opens the database, brings its tables up to
// date, and starts to follow the change log. Nothing is served and no job runs
// until Run. Close it when Run was not called.
//
// Its errors are lines for the person who runs the shop.
func New(ctx context.Context, settings Settings, options ...Option) (*Shop, error) {
	s := &Shop{Settings: settings, parts: parts{standard: true, clock: clock.System()}}
	for _, o := range options {
		o(&s.parts)
	}
	if err := s.build(ctx); err != nil {
		s.Close() // the first failure is the one to tell
		if t := db.TroubleOf(err, settings.Database); t != nil {
			return nil, t
		}
		return nil, err
	}
	return s, nil
}

func (s *Shop) build(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.foundations, s.machine, s.trade, s.follow} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// foundations are the log, the clock, the words and the address.
func (s *Shop) foundations(context.Context) error {
	s.Log = s.parts.log
	if s.Log == nil {
		s.Log = NewLog(s.Settings.LogFormat)
	}
	s.Clock = s.parts.clock
	if s.Settings.TestMode {
		s.TestClock = clock.NewShifted(s.Clock)
		s.Clock = s.TestClock
	}
	if s.parts.ids == nil {
		s.parts.ids = id.NewSource(nil)
	}
	var err error
	if s.base, err = url.Parse(s.Settings.Base); err != nil {
		return wrongSettings(fmt.Errorf("STOA_BASE_URL %q cannot be read", s.Settings.Base))
	}
	secure, err := web.CheckExposure(s.Settings.Listen, s.base, s.Settings.Insecure)
	if err != nil {
		return wrongSettings(err)
	}
	s.cookies = web.CookiesAt(s.base, secure)
	layers := append(s.parts.words[:len(s.parts.words):len(s.parts.words)], words.Files)
	for i, j := 0, len(layers)-1; i < j; i, j = i+1, j-1 { // the built-in words first, overridden by later ones
		layers[i], layers[j] = layers[j], layers[i]
	}
	s.Words, err = locale.Load("en", layers...)
	return err
}

// machine is everything that knows nothing of shops.
func (s *Shop) machine(ctx context.Context) error {
	if err := makeFolder(s.Settings.Data); err != nil {
		return err
	}
	var err error
	if s.DB, err = db.Open(ctx, db.Options{URL: s.Settings.Database, Clock: s.Clock, IDs: s.parts.ids}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.DB.Close)
	s.health = web.NewHealth(s.Log, web.Check{Name: "database", Run: s.DB.Ping})
	if _, err := s.DB.Migrate(ctx, migrations.Files()); err != nil {
		return err
	}
	if err := s.unseal(ctx); err != nil {
		return err
	}
	files, err := blob.OpenLocal(filepath.Join(s.Settings.Data, "files"))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, files.Close)
	s.Files = files
	s.Out = egress.New()
	s.Audit = audit.NewLog(s.DB, s.Log)
	s.Jobs = job.NewRunner(s.DB, s.Log, s.parts.nodeName())
	s.Events = event.NewBus(s.DB, s.Jobs)
	s.Once = once.New(s.DB, s.Log)
	s.Upload = upload.New(s.Files, image.New(image.Options{}), nil)
	s.hasher = password.New(password.Default(), 4)
	s.Staff = staff.New(s.DB, s.Vault, s.hasher)
	s.refusals = newRefusals(s.DB, s.Log)
	return nil
}

// unseal opens the key store. Keys made in the place of lost ones would open
// nothing, and the next backup would put them over the right ones: where
// something is sealed and its keys are gone, none are made.
func (s *Shop) unseal(ctx context.Context) error {
	sealed, err := privacy.Sealed(ctx, s.DB)
	if err != nil {
		return err
	}
	address := privacy.KeysURL(s.Settings.Database)
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok && sealed {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) { // opening would make it
			return s.Settings.keysLost()
		}
	}
	keys, err := db.Open(ctx, db.Options{URL: address, Clock: s.Clock, IDs: s.parts.ids})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, keys.Close)
	held, err := privacy.Held(ctx, keys, migrations.Keys())
	switch {
	case err != nil:
		return err
	case sealed && !held:
		return s.Settings.keysLost()
	}
	master, err := s.Settings.masterKey(!held) // only now: a database that does not answer leaves no key behind
	if err != nil {
		return err
	}
	s.Vault, err = privacy.Open(ctx, keys, migrations.Keys(), master)
	if errors.Is(err, privacy.ErrMaster) {
		return &db.Trouble{Problem: db.Damaged, Line: err.Error(), Cause: err}
	}
	return err
}

func (p parts) nodeName() string {
	if p.node != "" {
		return p.node
	}
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// trade is the commerce.
func (s *Shop) trade(context.Context) error {
	s.Tax, s.Shipping = tax.New(), shipping.New()
	s.Market = market.New(s.DB, s.Log, s.Tax, s.Shipping)
	s.Market.Follow(s.Audit)
	s.Fields = custom.New(s.DB, s.Audit)
	s.Catalog = catalog.New(s.DB, s.Audit, s.Fields, s.Words.Languages()[0])
	s.Content = content.New(s.DB, s.Audit, s.Vault, s.Words.Languages()[0])
	s.Customers = customer.New(s.DB, s.Vault, s.hasher, customer.Options{Unproven: s.Settings.SMTP == ""})
	s.Customers.Register(s.Jobs, s.Audit)
	indexed := s.Audit
	if s.parts.unsearched {
		indexed = audit.NewLog(s.DB, s.Log) // never started: the index stays empty
	}
	s.Search = search.New(s.DB, indexed, s.Catalog, s.Fields, s.Words.Languages(), s.Log)
	s.Stock = inventory.New(func() inventory.Display {
		shop := s.market().Shop
		return inventory.Display{Mode: shop.StockDisplay, Few: shop.FewThreshold}
	})
	s.Stock.Changed.Add("catalog/collections", func(ctx context.Context, c inventory.Changed) error {
		return s.Catalog.SortStock(ctx, c.Tx, c.Variants)
	})
	s.Carts = cart.New(s.Vault, func(marketID string) cart.Rules { return cart.RulesOf(s.market(), marketID) })
	s.Orders = order.New(s.Vault)

	providers := s.parts.providers
	if s.parts.standard {
		more, err := standard.Payments(s.Out, standard.Options{SandboxURL: s.Settings.SandboxURL, SandboxKey: s.Settings.SandboxKey, SandboxWebhook: s.Settings.SandboxWebhook})
		if err != nil {
			return err
		}
		providers = append(providers, more...)
	}
	var err error
	if s.Payments, err = payment.NewService(s.DB, s.Log, s.Vault, providers...); err != nil {
		return err
	}
	s.Payments.Follow(s.Audit)
	s.Checkout = checkout.New(checkout.Deps{
		DB: s.DB, Log: s.Log, Vault: s.Vault, Carts: s.Carts, Orders: s.Orders, Stock: s.Stock, Providers: s.Payments,
		Budget: payment.DefaultBudget(), Languages: s.Words.Languages(),
		Shop: func() checkout.Shop {
			shop := s.market().Shop
			return checkout.Shop{Zone: shop.Location(), Hold: shop.Hold(), BaseURL: s.Settings.Base, Terms: s.Content.Terms}
		},
	}, s.Jobs)
	s.Fulfilment = fulfilment.New(s.DB, s.Orders, s.Stock)
	s.Returns = returns.New(s.DB, s.Log, s.Orders, s.Stock, s.Checkout, s.Payments, s.Jobs)
	s.Transfer = transfer.New(s.DB, s.Catalog, s.Fields, s.Stock, s.Market, s.Upload, s.Out.Public(egress.Total(time.Minute), egress.MaxBody(20<<20)), s.Files, s.Log, "").WithPeople(s.Customers)
	s.Transfer.Register(s.Jobs)
	s.housekeeping()
	if s.Storefront, err = s.store(); err != nil {
		return err
	}
	if s.Mail, err = s.outbox(); err != nil {
		return err
	}
	letter.Register(s.Events, s.Storefront, s.Mail)
	return nil
}

// outbox sends letters to the mail server of the settings, or keeps them when
// there is none.
func (s *Shop) outbox() (*mailbox.Service, error) {
	var sender mail.Sender
	if s.Settings.SMTP != "" {
		o, err := mail.ParseURL(s.Settings.SMTP)
		if err != nil {
			return nil, wrongSettings(fmt.Errorf("STOA_SMTP_URL: %w", err))
		}
		o.HELO = s.base.Hostname()
		if sender, err = mail.NewSMTP(o); err != nil {
			return nil, wrongSettings(fmt.Errorf("STOA_SMTP_URL: %w", err))
		}
	}
	return mailbox.New(mailbox.Deps{
		DB: s.DB, Log: s.Log, Vault: s.Vault, Sender: sender,
		From: func() (from, replyTo mail.Address) {
			shop := s.market().Shop
			from = mail.Address{Name: shop.Name, Address: shop.Email}
			if s.Settings.MailFrom != "" {
				from.Address, replyTo.Address = s.Settings.MailFrom, shop.Email
			}
			return from, replyTo
		},
	}, s.Jobs), nil
}

// market is the shop's settings now.
func (s *Shop) market() *market.Snapshot { return s.Market.Current(context.Background()) }

// housekeeping is what nodes do now and then; none of it is ever waited for.
func (s *Shop) housekeeping() {
	s.Jobs.Every(10*time.Second, "stock holds", func(ctx context.Context) error {
		_, err := s.Stock.SweepOverdue(ctx, s.DB)
		return err
	})
	s.Jobs.Every(time.Hour, "old carts", func(ctx context.Context) error { return s.Carts.PurgeExpired(ctx, s.DB) })
	s.Jobs.Every(time.Hour, "sign-ins of staff", s.Staff.Sweep)
	s.Jobs.Every(time.Hour, "sign-ins of customers", s.Customers.Sweep)
	s.Jobs.Every(time.Hour, "files of imports", s.Transfer.Sweep)
	s.Jobs.Every(time.Hour, "throttles", func(ctx context.Context) error { return watch.Sweep(ctx, s.DB) })
	s.Jobs.Every(time.Hour, "request keys", func(ctx context.Context) error {
		_, err := s.Once.Sweep(ctx)
		return err
	})
	s.Jobs.Every(24*time.Hour, "old events", func(ctx context.Context) error {
		return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return event.Purge(ctx, tx, tx.Now().AddDate(0, 0, -30))
		})
	})
}

// follow fills the caches and keeps them fresh.
func (s *Shop) follow(ctx context.Context) error {
	if s.TestClock != nil {
		right := func(context.Context) error {
			if s.realMoney() != "" {
				s.TestClock.Set(s.parts.clock.Now())
			}
			return nil
		}
		s.Audit.Follow("test clock", func([]audit.Entry) { _ = right(ctx) }, right) // after the payments: it never fails
	}
	if err := s.Audit.Start(ctx); err != nil {
		return fmt.Errorf("load the shop: %w", err)
	}
	if why := s.realMoney(); s.Settings.TestMode && why != "" {
		return wrongSettings(errors.New("STOA_TEST_MODE is refused: " + why))
	}
	return nil
}

// NewLog returns a log on standard error in a format, "text" or "json".
func NewLog(format string) *slog.Logger {
	options := &slog.HandlerOptions{ReplaceAttr: web.MaskAttr}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// Run serves the shop until ctx ends, then drains. started, which may be nil,
// is called with the address that is listened on. Run closes the shop. It
// fails when another process serves the same SQLite database (see Claim) or
// the address cannot be listened on.
func (s *Shop) Run(ctx context.Context, started func(net.Addr)) error {
	if !s.parts.claimed {
		release, err := s.Settings.Claim()
		if err != nil {
			return errors.Join(err, s.Close())
		}
		defer func() { _ = release() }()
	}
	metrics := web.NewMetrics()
	handler, err := s.Handler(metrics)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	probes, err := s.Probes(metrics)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { s.Work(work) })
	err = web.Serve(ctx, web.ServerOptions{
		Listen: s.Settings.Listen, Handler: handler, Log: s.Log, Health: s.health,
		MetricsListen: s.Settings.MetricsListen, Metrics: probes, Started: started,
	})
	stop()
	background.Wait()
	return errors.Join(err, s.Close())
}

// Work does what goes on behind the pages, until ctx ends: it follows the
// change log, keeps the index fresh and runs jobs. Run calls it; programs that
// serve Handler themselves call it too.
func (s *Shop) Work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.Audit.Run(ctx) })
	all.Go(func() { s.Search.Run(ctx) })
	all.Go(func() { s.Jobs.Run(ctx) })
	all.Wait()
}

// Close lets go of everything. A second call does nothing.
func (s *Shop) Close() error {
	var err error
	s.once.Do(func() {
		for i := len(s.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, s.closers[i]())
		}
	})
	return err
}

// Handler is the whole shop as one handler: storefront, back office, API,
// pictures, health checks. Its Routes are the table of everything it answers.
// metrics may be nil. It fails for a shop WithoutSearch.
func (s *Shop) Handler(metrics *web.Metrics) (*policy.Served, error) {
	if s.parts.unsearched {
		return nil, errors.New("a shop without search cannot be served")
	}
	site, err := web.NewSite(web.SiteOptions{Log: s.Log, Clock: s.Clock, Metrics: metrics, Base: s.base, Hosts: s.Settings.Hosts, Proxies: s.Settings.Proxies})
	if err != nil {
		return nil, err
	}
	if metrics != nil {
		if err := metrics.Registry.Register(s.refusals.counter); err != nil {
			return nil, err
		}
	}
	doors, err := s.doors()
	if err != nil {
		return nil, err
	}
	probes, err := s.Probes(nil)
	if err != nil {
		return nil, err
	}
	const serving, probing = 0, 1
	return policy.Choose(func(r *http.Request) int {
		if firstPart(r) == "healthz" {
			return probing
		}
		return serving
	}, doors.Around(site.Wrap), probes), nil
}

// DeadJobs counts the background jobs that failed for good.
func (s *Shop) DeadJobs(ctx context.Context) (int, error) {
	dead, err := job.DeadJobs(ctx, s.DB, 1000)
	return len(dead), err
}
