package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/provider/payment/manual"
)

// placement measures orders a second, and beside it the same writes as raw
// SQL: the very statements that the shop wrote, with their values, replayed in
// the same transactions by the same number of clients on a copy of the
// database at the same durability, without any logic. Both run in slices that
// take turns, so that a noisy machine is noisy for both.
func placement(ctx context.Context, url string, clients, orders, products int) (row, error) {
	rec := recorder{all: make(map[int64][]write)}
	s, err := openCore(ctx, url, nil)
	if err != nil {
		return row{}, err
	}
	if err := errors.Join(s.setUp(ctx), s.stockUp(ctx, products)); err != nil {
		return row{}, err
	}
	placements, err := s.carts(ctx, orders)
	s.close() // a database that is in use cannot be copied
	if err != nil {
		return row{}, err
	}
	copied, drop, err := copyOf(ctx, url)
	if err != nil {
		return row{}, err
	}
	defer drop()
	if s, err = openCore(ctx, url, rec.note); err != nil {
		return row{}, err
	}
	defer s.close()
	raw, err := openRaw(ctx, copied)
	if err != nil {
		return row{}, err
	}
	defer raw.close()

	const slices = 5
	var ours, theirs time.Duration
	var latencies []time.Duration
	syncs := int64(0)
	for i := range slices {
		part := placements[i*orders/slices : (i+1)*orders/slices]
		rec.reset()
		before := s.db.Commits()
		took, each, err := race(clients, len(part), func(n int) error {
			out, err := s.checkout.Place(ctx, part[n])
			if err == nil && out.State != order.Placed {
				err = fmt.Errorf("order is %s", out.State)
			}
			return err
		})
		if err != nil {
			return row{}, err
		}
		ours += took
		syncs += s.db.Commits() - before
		latencies = append(latencies, each...)
		recorded := rec.orders()
		took, _, err = race(clients, len(recorded), func(n int) error {
			for _, transaction := range recorded[n] {
				if err := raw.run(ctx, transaction); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return row{}, fmt.Errorf("replay: %w", err)
		}
		theirs += took
	}
	r := row{
		name:   fmt.Sprintf("placement, %s, %d buyers", s.db.Engine(), clients),
		ours:   float64(orders) / ours.Seconds(),
		limit:  float64(orders) / theirs.Seconds(),
		unit:   "orders/s",
		beside: "the same writes as raw SQL",
		goal:   "≥ 0.5×",
		p50:    percentile(latencies, 50), p99: percentile(latencies, 99),
	}
	r.note = fmt.Sprintf("%.1f statements an order", rec.perOrder(orders/slices))
	if s.db.Engine() == db.SQLite {
		r.note += fmt.Sprintf(", %.2f commits (disk syncs) an order", float64(syncs)/float64(orders))
	}
	return r, nil
}

// core is the order core of a shop, with goods and payment on delivery.
type core struct {
	settings *market.Service
	db       *db.DB
	keys     *db.DB
	stock    *inventory.Service
	carts_   *cart.Service
	checkout *checkout.Service
	variants []string
	location string
}

func openCore(ctx context.Context, url string, trace func(int64, string, []any)) (*core, error) {
	d, err := db.Open(ctx, db.Options{URL: url, Trace: trace})
	if err != nil {
		return nil, err
	}
	if _, err := d.Migrate(ctx, migrations.Files()); err != nil {
		return nil, err
	}
	keys, err := db.Open(ctx, db.Options{URL: privacy.KeysURL(url)})
	if err != nil {
		return nil, err
	}
	vault, err := privacy.Open(ctx, keys, migrations.Keys(), make([]byte, privacy.MasterKeySize))
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	changes := audit.NewLog(d, log)
	settings := market.New(d, log, tax.New(), shipping.New())
	settings.Follow(changes)
	providers, err := payment.NewService(d, log, vault, manual.New())
	if err != nil {
		return nil, err
	}
	if err := changes.Start(ctx); err != nil {
		return nil, err
	}
	now := func() *market.Snapshot { return settings.Current(context.Background()) }
	c := &core{db: d, keys: keys, settings: settings}
	c.stock = inventory.New(func() inventory.Display {
		return inventory.Display{Mode: now().Shop.StockDisplay, Few: now().Shop.FewThreshold}
	})
	c.carts_ = cart.New(vault, func(id string) cart.Rules { return cart.RulesOf(now(), id) })
	c.checkout = checkout.New(checkout.Deps{
		DB: d, Log: log, Vault: vault, Carts: c.carts_, Orders: order.New(vault), Stock: c.stock, Providers: providers,
		Budget: payment.DefaultBudget(), Languages: []string{"en"},
		Shop: func() checkout.Shop {
			return checkout.Shop{Zone: now().Shop.Location(), Hold: now().Shop.Hold(), Terms: func(context.Context) (string, error) { return "terms 1", nil }, BaseURL: "http://localhost"}
		},
	}, job.NewRunner(d, log, "bench"))
	return c, nil
}

// setUp opens the shop.
func (c *core) setUp(ctx context.Context) error {
	setup := market.Suggest("DE")
	setup.Name, setup.Email, setup.ShippingPrice = "Bench", "shop@example.com", 490
	return c.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := c.settings.SetUp(ctx, tx, audit.System("bench"), setup); err != nil {
			return err
		}
		l, err := c.stock.SaveLocation(ctx, tx, audit.System("bench"), inventory.Location{Code: "main", Name: "Main", Country: "DE", Active: true})
		c.location = l.ID
		return err
	})
}

func (c *core) close() {
	c.db.Close()
	c.keys.Close()
}

// stockUp makes n products with plenty of stock.
func (c *core) stockUp(ctx context.Context, n int) error {
	const batch = 500
	for from := 0; from < n; from += batch {
		if err := c.stockSome(ctx, from, min(from+batch, n)); err != nil {
			return err
		}
	}
	return nil
}

func (c *core) stockSome(ctx context.Context, from, to int) error {
	return c.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var list, class string
		if err := tx.QueryRow(ctx, `SELECT price_list_id FROM market`).Scan(&list); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT id FROM tax_class WHERE code = 'standard'`).Scan(&class); err != nil {
			return err
		}
		var changes []inventory.Change
		for i := from; i < to; i++ {
			product, variant := tx.NewID("prd"), tx.NewID("var")
			name := fmt.Sprintf("goods-%d", i)
			for _, w := range []struct {
				sql  string
				args []any
			}{
				{`INSERT INTO product (id, handle, status, brand, name, subtitle, description, seo_title, seo_description, tax_class_id, tags, fields, sort_name, created_at, updated_at, version)
					VALUES ($1, $2, 'active', '', $3, '{}', '{}', '{}', '{}', $4, '[]', '{}', $2, $5, $5, 1)`, []any{product, name, `{"en":"` + name + `"}`, class, tx.Now().UnixMilli()}},
				{`INSERT INTO variant (id, product_id, sku, sku_key, gtin, combination, status, position, tracked, weight_grams, length_mm, width_mm, height_mm, hs_code, origin, fields, created_at, updated_at)
					VALUES ($1, $2, $3, $3, '', '', 'active', 0, 1, 500, 0, 0, 0, '', '', '{}', $4, $4)`, []any{variant, product, name, tx.Now().UnixMilli()}},
				{`INSERT INTO price (list_id, variant_id, currency, amount, updated_at) VALUES ($1, $2, 'EUR', $3, $4)`, []any{list, variant, 1000 + 7*i, tx.Now().UnixMilli()}},
			} {
				if _, err := tx.Exec(ctx, w.sql, w.args...); err != nil {
					return err
				}
			}
			c.variants = append(c.variants, variant)
			changes = append(changes, inventory.Change{VariantID: variant, LocationID: c.location, Delta: 1_000_000})
		}
		return c.stock.Adjust(ctx, tx, audit.System("bench"), inventory.Opening, changes)
	})
}

// carts fills n carts with two lines each and returns what their checkouts
// would send.
func (c *core) carts(ctx context.Context, n int) ([]checkout.Placement, error) {
	list := make([]checkout.Placement, n)
	draw := zipf(len(c.variants))
	for i := range list {
		var owner cart.Owner
		err := c.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			first := draw()
			added, err := c.carts_.Add(ctx, tx, cart.Owner{}, c.variants[first], 1, "en")
			if err != nil {
				return err
			}
			owner = cart.Owner{Token: added.Token}
			_, err = c.carts_.Add(ctx, tx, owner, c.variants[(first+1)%len(c.variants)], 2, "en")
			return err
		})
		if err != nil {
			return nil, err
		}
		p := checkout.Placement{
			Owner:         owner,
			Details:       cart.Details{Email: fmt.Sprintf("buyer%d@example.com", i), SameBilling: true, Shipping: market.Address{Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE"}},
			PaymentMethod: manual.ID + "." + manual.Delivery, Terms: true, Lang: "en",
		}
		bag, err := c.carts_.Bag(ctx, c.db, owner, "en", c.db.Now())
		if err != nil {
			return nil, err
		}
		if len(bag.Options) == 0 {
			return nil, errors.New("nothing delivers")
		}
		p.ShippingMethod, p.ExpectedTotal, p.CartVersion = bag.Options[0].ID, bag.Quote.Total.Gross, bag.Cart.Version
		list[i] = p
	}
	return list, nil
}

// recorder keeps the writes of each transaction.
type recorder struct {
	mu   sync.Mutex
	all  map[int64][]write
	done []int64 // committed, in order
	seen int
}

type write struct {
	query string
	args  []any
}

var isWrite = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE)`)

func (r *recorder) note(n int64, query string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if query == "COMMIT" {
		r.done = append(r.done, n)
		return
	}
	r.seen++
	if !isWrite.MatchString(query) {
		return
	}
	r.all[n] = append(r.all[n], write{query, args})
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.done, r.seen = make(map[int64][]write), nil, 0
}

// orders lists what was committed, the transactions of one order together and
// in order: the client that begins an order also ends it.
func (r *recorder) orders() [][][]write {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := make(map[string]int)
	var list [][][]write
	for _, n := range r.done {
		writes := r.all[n]
		if len(writes) == 0 {
			continue
		}
		id := orderOf(writes)
		i, ok := at[id]
		if !ok {
			i = len(list)
			at[id] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], writes)
	}
	return list
}

// orderOf is the first order id among the values.
func orderOf(writes []write) string {
	for _, w := range writes {
		for _, a := range w.args {
			if s, ok := a.(string); ok && strings.HasPrefix(s, "ord_") {
				return s
			}
		}
	}
	return ""
}

func (r *recorder) perOrder(orders int) float64 { return float64(r.seen) / float64(orders) }

// raw replays writes through database/sql and nothing else.
type raw struct {
	pool   *sql.DB
	writer chan *sql.Conn // SQLite has one writer
}

func openRaw(ctx context.Context, url string) (*raw, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=cache_size(-65536)")
		if err != nil {
			return nil, err
		}
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, err
		}
		r := &raw{pool, make(chan *sql.Conn, 1)}
		r.writer <- conn
		return r, nil
	}
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	return &raw{pool: pool}, nil
}

func (r *raw) close() { r.pool.Close() }

func (r *raw) run(ctx context.Context, writes []write) error {
	if r.writer != nil {
		conn := <-r.writer
		defer func() { r.writer <- conn }()
		return runOn(ctx, writes, func(q string, args ...any) error { _, err := conn.ExecContext(ctx, q, args...); return err }, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
	}
	for {
		tx, err := r.pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		err = runOn(ctx, writes, func(q string, args ...any) error { _, err := tx.ExecContext(ctx, q, args...); return err }, "", "", "")
		if err == nil {
			return tx.Commit()
		}
		_ = tx.Rollback()
		if !strings.Contains(err.Error(), "40P01") {
			return err
		}
	}
}

func runOn(_ context.Context, writes []write, exec func(string, ...any) error, begin, commit, rollback string) error {
	do := func(q string) error {
		if q == "" {
			return nil
		}
		return exec(q)
	}
	if err := do(begin); err != nil {
		return err
	}
	for _, w := range writes {
		if err := exec(w.query, w.args...); err != nil {
			return errors.Join(err, do(rollback))
		}
	}
	return do(commit)
}

// copyOf copies a database that nobody writes to at the moment.
func copyOf(ctx context.Context, url string) (copied string, drop func(), err error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		to := filepath.Join(filepath.Dir(file), "copy.db")
		pool, err := sql.Open("sqlite", "file:"+file)
		if err != nil {
			return "", nil, err
		}
		defer pool.Close()
		_, err = pool.ExecContext(ctx, `VACUUM INTO '`+to+`'`)
		return "sqlite:" + to, func() { os.Remove(to) }, err
	}
	return copyPostgres(ctx, url)
}

// stopwatch keeps the clock package the only one that tells time.
func stopwatch() clock.Stopwatch { return clock.Start() }
