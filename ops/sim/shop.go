package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/platform/mail"
)

// goods is how many variants there are to fight over.
const goods = 3

var (
	system = audit.System("sim")
	birth  = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	quiet  = slog.New(slog.DiscardHandler)
)

// site is a database on which runs take place, one after the other. Each run
// begins with empty books.
type site struct {
	db      *db.DB
	keys    *db.DB
	vault   *privacy.Vault
	clock   *clock.Fake
	random  *swap
	market  *market.Service
	catalog *catalog.Service
	now     *scheduler // of the run under way
	dir     string     // to be removed in the end; "" if the database is the caller's
	list    string
	method  string
	place   string
	product [goods]string
	variant [goods]string
}

// swap is a stream of random bytes that each run replaces by its own.
type swap struct{ r io.Reader }

func (s *swap) Read(p []byte) (int, error) { return s.r.Read(p) }

// openSite makes the shop of the runs in an empty database.
func openSite(ctx context.Context, url string) (*site, error) {
	s := &site{clock: clock.NewFake(birth), random: &swap{rand.NewChaCha8([32]byte{1})}}
	ids := id.NewSource(s.random)
	var err error
	s.db, err = db.Open(ctx, db.Options{URL: url, Clock: s.clock, IDs: ids, Gate: func(ctx context.Context, step db.Step) error {
		if s.now == nil {
			return nil
		}
		return s.now.gate(ctx, step)
	}})
	if err != nil {
		return nil, err
	}
	if _, err := s.db.Migrate(ctx, migrations.Files()); err != nil {
		return nil, err
	}
	if s.keys, err = db.Open(ctx, db.Options{URL: privacy.KeysURL(url), Clock: s.clock, IDs: ids}); err != nil {
		return nil, err
	}
	if s.vault, err = privacy.Open(ctx, s.keys, migrations.Keys(), bytes.Repeat([]byte{7}, privacy.MasterKeySize)); err != nil {
		return nil, err
	}
	log := audit.NewLog(s.db, quiet)
	s.market = market.New(s.db, quiet, tax.New(), shipping.New())
	s.market.Follow(log)
	fields := custom.New(s.db, log)
	s.catalog = catalog.New(s.db, log, fields, "en")
	if err := log.Start(ctx); err != nil {
		return nil, err
	}
	if err := s.db.InTx(ctx, s.furnish); err != nil {
		return nil, fmt.Errorf("furnish the shop: %w", err)
	}
	return s, s.market.Reload(ctx)
}

func (s *site) furnish(ctx context.Context, tx *db.Tx) error {
	setup := market.Suggest("DE")
	setup.Name, setup.Email, setup.Currency, setup.Languages, setup.Zone = "Sim", "shop@example.com", "EUR", []string{"en"}, "Europe/Berlin"
	setup.Address = market.Address{Company: "Sim", Line1: "Torstraße 1", Postcode: "10119", City: "Berlin", Country: "DE"}
	setup.ShippingPrice = 490
	if err := s.market.SetUp(ctx, tx, system, setup); err != nil {
		return err
	}
	settings, err := market.Load(ctx, tx)
	if err != nil {
		return err
	}
	s.list = settings.Default().PriceListID
	s.method = settings.Zones[0].Methods[0].ID
	l, err := s.stock().SaveLocation(ctx, tx, system, inventory.Location{Code: "sim", Name: "Sim", Country: "DE", Position: 1, Active: true})
	if err != nil {
		return err
	}
	s.place = l.ID
	for i := range goods {
		name := fmt.Sprintf("Thing %d", i)
		p, err := s.catalog.Save(ctx, tx, system, catalog.Product{
			Handle: fmt.Sprintf("thing-%d", i), Status: catalog.Active, Name: locale.Text{"en": name}, TaxClassID: settings.ClassID("standard"),
			Variants: []catalog.Variant{{SKU: fmt.Sprintf("T%d", i), Status: catalog.Active, Tracked: true, WeightGrams: 500, Prices: []catalog.Price{{ListID: s.list, Amount: basePrice(i)}}}},
		})
		if err != nil {
			return err
		}
		s.product[i], s.variant[i] = p.ID, p.Variants[0].ID
	}
	return nil
}

func basePrice(i int) money.Minor { return money.Minor(1999 + 1000*i) }

func (s *site) stock() *inventory.Service {
	return inventory.New(func() inventory.Display { return inventory.Display{Mode: "exact"} })
}

func (s *site) close() {
	s.db.Close()
	s.keys.Close()
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// node is one process of the shop: the production services over the site's
// database, with whatever they keep in memory. A crash ends it; the next one
// is made anew.
type node struct {
	runner   *job.Runner
	stock    *inventory.Service
	carts    *cart.Service
	orders   *order.Service
	checkout *checkout.Service
	ship     *fulfilment.Service
	returns  *returns.Service
	mailbox  *mailbox.Service
}

func (s *site) newNode(name string, b *bank, post *postOffice) *node {
	n := &node{runner: job.NewRunner(s.db, quiet, name), stock: s.stock(), orders: order.New(s.vault)}
	n.carts = cart.New(s.vault, func(id string) cart.Rules { return cart.RulesOf(s.market.Current(context.Background()), id) })
	bus := event.NewBus(s.db, n.runner)
	n.checkout = checkout.New(checkout.Deps{
		DB: s.db, Log: quiet, Vault: s.vault, Carts: n.carts, Orders: n.orders, Stock: n.stock, Providers: b,
		Shop: func() checkout.Shop {
			return checkout.Shop{Zone: time.UTC, Hold: 10 * time.Minute, Terms: func(context.Context) (string, error) { return "terms 1", nil }, BaseURL: "https://shop.example"}
		},
		Budget: payment.DefaultBudget(), Languages: []string{"en"},
	}, n.runner)
	n.ship = fulfilment.New(s.db, n.orders, n.stock)
	n.returns = returns.New(s.db, quiet, n.orders, n.stock, n.checkout, b, n.runner)
	n.mailbox = mailbox.New(mailbox.Deps{DB: s.db, Log: quiet, Vault: s.vault, Sender: post, From: func() (mail.Address, mail.Address) {
		return mail.Address{Address: "shop@example.com"}, mail.Address{}
	}}, n.runner)
	topics := order.Events()
	event.On(bus, topics.Placed, "sim.placed", func(ctx context.Context, e event.Event[order.Ref]) error {
		return s.write(ctx, n, "placed", e.Payload.OrderID, e.Payload.OrderID)
	})
	event.On(bus, topics.Cancelled, "sim.cancelled", func(ctx context.Context, e event.Event[order.Ref]) error {
		return s.write(ctx, n, "cancelled", e.Payload.OrderID, e.Payload.OrderID)
	})
	event.On(bus, topics.Shipped, "sim.shipped", func(ctx context.Context, e event.Event[order.ShipmentRef]) error {
		return s.write(ctx, n, "shipped", e.Payload.ShipmentID, e.Payload.OrderID)
	})
	event.On(bus, topics.Refunded, "sim.refunded", func(ctx context.Context, e event.Event[order.RefundRef]) error {
		return s.write(ctx, n, "refunded", e.Payload.RefundID, e.Payload.OrderID)
	})
	return n
}

// write queues a letter about something that happened.
func (s *site) write(ctx context.Context, n *node, what, about, orderID string) error {
	o, err := n.orders.Get(ctx, s.db, orderID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := n.mailbox.Queue(ctx, tx, mailbox.Letter{
			OnceKey: what + ":" + about, Template: what, ObjectID: o.ID, KeyID: o.KeyID, Locale: "en",
			To: mail.Address{Address: o.Contact.Email}, Subject: what, Text: what,
		})
		return err
	})
}

// postOffice is the mail server: what it took, by Message-ID.
type postOffice struct {
	s     *scheduler
	taken map[string]string // id → subject
}

func (p *postOffice) Send(ctx context.Context, m mail.Message) error {
	what := "mail: " + m.Subject
	if err := p.s.pause(ctx, called, what); err != nil {
		return err
	}
	if p.s.rng.IntN(20) == 0 && !p.s.calm {
		return fault.New(fault.Unavailable, "mail.unavailable")
	}
	p.taken[m.ID] = m.Subject
	return p.s.pause(ctx, answered, what)
}
