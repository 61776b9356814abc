package demo_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/provider/payment/manual"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// services puts together what Fill needs, with the given taker of pictures.
func services(t testing.TB, e dbtest.Env, pictures demo.Taker) demo.Services {
	t.Helper()
	s := demo.Services{DB: e.DB, Shipping: shipping.New(), Upload: pictures}
	s.Market = market.New(e.DB, slog.New(slog.DiscardHandler), tax.New(), s.Shipping)
	var err error
	if s.Payments, err = payment.NewService(e.DB, slog.New(slog.DiscardHandler), e.Vault(t), manual.New()); err != nil {
		t.Fatal(err)
	}
	s.Stock = inventory.New(func() inventory.Display { return inventory.Display{Mode: "exact"} })
	e.Audit(t, func(log *audit.Log) {
		s.Market.Follow(log)
		s.Payments.Follow(log)
		s.Fields = custom.New(e.DB, log)
		s.Catalog = catalog.New(e.DB, log, s.Fields, "en")
		s.Content = content.New(e.DB, log, e.Vault(t), "en")
	})
	return s
}

// unseen takes pictures in without looking at them: that every file is one
// shows TestMaster.
type unseen struct{}

func (unseen) Picture(_ context.Context, r io.Reader) (upload.Picture, error) {
	data, err := io.ReadAll(r)
	return upload.Picture{Hash: blob.Hash(data), Mime: "image/jpeg", Colour: "#eeddcc", Width: 800, Height: 600, Bytes: int64(len(data))}, err
}

func count(t testing.TB, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := d.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s, d := services(t, e, unseen{}), load(t)

		filled, err := demo.Fill(t.Context(), s, demo.Options{})
		if err != nil || !filled {
			t.Fatal(filled, err)
		}

		settings := s.Market.Current(t.Context())
		if settings.Shop.Name != "Alltag" || settings.Shop.Phone != d.Shop.Phone || !slices.Equal(settings.Shop.Languages, d.Shop.Languages) {
			t.Errorf("the shop: %+v", settings.Shop)
		}
		if len(settings.Zones) != 2 || len(settings.Zones[0].Places) != 1 || len(settings.Zones[1].Places) != len(market.EU())-1 {
			t.Errorf("zones: %+v", settings.Zones)
		}

		if err := s.Payments.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range manual.New().Info().Methods {
			if !slices.ContainsFunc(s.Payments.Offered("EUR"), func(o payment.Offer) bool { return o.Code == "manual."+m.ID }) {
				t.Errorf("%s is not offered", m.ID)
			}
		}

		handles := each(d.Products, func(p demo.Product) string { return p.Handle })
		found, err := s.Catalog.ByHandles(t.Context(), e.DB, handles)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := s.Catalog.Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range d.Products {
			got := found[want.Handle]
			if got == nil {
				t.Errorf("%s is missing", want.Handle)
				continue
			}
			for what, pair := range map[string][2]any{
				"name": {want.Name, got.Name}, "description": {want.Description, got.Description}, "brand": {want.Brand, got.Brand},
				"fields": {want.Fields, got.Fields}, "pictures": {len(want.Images), len(got.Media)}, "variants": {len(want.Variants), len(got.Variants)},
				"related": {len(want.Related), len(got.Related)}, "category": {title(d, want.Category), tree.Find(got.CategoryID).Name["en"]},
			} {
				if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
					t.Errorf("%s: %s: %s", want.Handle, what, diff)
				}
			}
			for i, v := range want.Variants {
				price, _ := got.Variants[i].Price(settings.Default().PriceListID)
				if got.Variants[i].SKU != v.SKU || price.Amount != v.Price || price.CompareAt != v.CompareAt || (got.Variants[i].MediaID == "") != (v.Image == "") {
					t.Errorf("%s: variant %+v, want %+v", want.Handle, got.Variants[i], v)
				}
			}
		}
		scheduled := found["twin-lens-camera"]
		if scheduled.VisibleAt(dbtest.Began.AddDate(0, 0, 13)) || !scheduled.VisibleAt(dbtest.Began.AddDate(0, 0, 14)) {
			t.Errorf("scheduled for %v", scheduled.PublishAt)
		}

		var stock int64
		for _, p := range d.Products {
			for _, v := range p.Variants {
				stock += v.Stock
			}
		}
		if n := count(t, e.DB, `SELECT CAST(SUM(on_hand) AS BIGINT) FROM stock_level`); int64(n) != stock {
			t.Errorf("%d units on the shelf, want %d", n, stock)
		}
		if wrong, err := s.Stock.Verify(t.Context(), e.DB, 10); err != nil || len(wrong) > 0 {
			t.Errorf("ledger: %v, %v", wrong, err)
		}

		collections, err := s.Catalog.Collections(t.Context(), e.DB)
		if err != nil {
			t.Fatal(err)
		}
		members := make(map[string]int)
		for _, c := range collections {
			ids, err := s.Catalog.CollectionProducts(t.Context(), e.DB, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			members[c.Code] = len(ids)
		}
		if diff := cmp.Diff(map[string]int{"first-flat": 15, "from-the-bench": 6, "under-fifty": 18, "quiet": 9, "weekend": 8}, members); diff != "" {
			t.Error(diff)
		}

		for _, want := range d.Pages {
			got, err := s.Content.ByCode(t.Context(), want.Code)
			if err != nil || got.Title["de"] != want.Title["de"] || got.Body["en"] != want.Body["en"] || string(got.Menu) != want.Menu {
				t.Errorf("page %s: %+v, %v", want.Code, got, err)
			}
		}
		var blocks []content.Shown
		for _, at := range []content.Place{content.Announcement, content.Home} {
			some, err := s.Content.Blocks(t.Context(), at, false)
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, some...)
		}
		for i, want := range d.Home {
			if i >= len(blocks) {
				t.Fatalf("%d blocks, want %d", len(blocks), len(d.Home))
			}
			got := blocks[i]
			if got.Title["de"] != want.Title["de"] || string(got.Kind) != want.Kind || (got.Media == nil) != (want.Image == "") || !strings.HasPrefix(want.Target, string(got.Target.Kind)) || (got.Target.ID == "") != (want.Target == "") {
				t.Errorf("block %d: %+v, want %+v", i, got, want)
			}
		}

		t.Run("a second time leaves it as it is", func(t *testing.T) {
			before := count(t, e.DB, `SELECT COUNT(*) FROM change_log`)
			filled, err := demo.Fill(t.Context(), s, demo.Options{Products: 500})
			if err != nil || filled {
				t.Errorf("filled %v, %v", filled, err)
			}
			if n := count(t, e.DB, `SELECT COUNT(*) FROM change_log`); n != before {
				t.Errorf("%d changes", n-before)
			}
		})
	})
}

func title(d *demo.Demo, category string) string {
	i := slices.IndexFunc(d.Categories, func(c demo.Category) bool { return c.Code == category })
	return d.Categories[i].Name["en"]
}

// late takes pictures in and, at the first, has something else happen before.
type late struct {
	unseen
	once   sync.Once
	before func()
}

func (l *late) Picture(ctx context.Context, r io.Reader) (upload.Picture, error) {
	l.once.Do(l.before)
	return l.unseen.Picture(ctx, r)
}

// Of two that fill one database the second finds the first one's demo. A shop
// that its owner opens meanwhile is none, and is not touched.
func TestFill_anotherIsFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := services(t, e, unseen{})
		s.Upload = &late{before: func() {
			if filled, err := demo.Fill(t.Context(), services(t, e, unseen{}), demo.Options{Products: 80}); err != nil || !filled {
				t.Error(filled, err)
			}
		}}
		filled, err := demo.Fill(t.Context(), s, demo.Options{Products: 90})
		if err != nil || filled {
			t.Errorf("filled %v, %v", filled, err)
		}
		found, err := demo.Look(t.Context(), e.DB)
		if want := (demo.State{Taken: true, Demo: true, Products: 80}); err != nil || found != want {
			t.Errorf("the database holds %+v, %v", found, err)
		}
	})
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := services(t, e, unseen{})
		s.Upload = &late{before: func() {
			setup := market.Suggest("DE")
			setup.Name, setup.Email = "Hausrat", "hallo@hausrat.example"
			err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return s.Market.SetUp(ctx, tx, audit.System("test"), setup)
			})
			if err != nil {
				t.Error(err)
			}
		}}
		if filled, err := demo.Fill(t.Context(), s, demo.Options{}); fault.Reason(err) != "market.already_open" || filled {
			t.Errorf("filled %v, %v", filled, err)
		}
		found, err := demo.Look(t.Context(), e.DB)
		if want := (demo.State{Taken: true}); err != nil || found != want {
			t.Errorf("the database holds %+v, %v", found, err)
		}
	})
}

// A shop that cannot be furnished stays closed: nothing of the demo is left
// but the bytes of its pictures.
func TestFill_allOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := services(t, e, unseen{})
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { // takes the last collection's code
			_, err := tx.Exec(ctx, `
				INSERT INTO collection (id, code, kind, rule, by_stock, status, name, description, seo_title, seo_description, position, created_at, updated_at, version)
				VALUES ('col_x', 'weekend', 'manual', '', 0, 'active', '{}', '{}', '{}', '{}', 0, 0, 0, 1)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		filled, err := demo.Fill(t.Context(), s, demo.Options{Products: 100})
		if err == nil || filled {
			t.Fatal(filled, err)
		}

		for _, table := range []string{"shop", "product", "variant", "category", "media", "stock_level", "field", "location", "page", "content_block", "change_log"} {
			if n := count(t, e.DB, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
	})
}

func TestFill_multiplies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := services(t, e, unseen{})
		var mu sync.Mutex
		last, whole := 0, 0
		_, err := demo.Fill(t.Context(), s, demo.Options{Products: 300, Progress: func(done, total int) {
			mu.Lock()
			defer mu.Unlock()
			last, whole = max(last, done), total
		}})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, e.DB, `SELECT COUNT(*) FROM product`); n != 300 {
			t.Errorf("%d products", n)
		}
		if want := len(load(t).Images) + 300 - 71; last != want || whole != want {
			t.Errorf("progress ended at %d of %d, want %d", last, whole, want)
		}
		for what, query := range map[string]string{
			"names":  `SELECT COUNT(DISTINCT name) FROM product`,
			"brands": `SELECT COUNT(DISTINCT brand) FROM product`,
			"prices": `SELECT COUNT(DISTINCT amount) FROM price`,
		} {
			if n, want := count(t, e.DB, query), map[string]int{"names": 300, "brands": 60, "prices": 150}[what]; n < want {
				t.Errorf("%d different %s, want %d", n, what, want)
			}
		}
		if n := count(t, e.DB, `SELECT COUNT(*) FROM product p WHERE NOT EXISTS (SELECT 1 FROM variant v JOIN price c ON c.variant_id = v.id WHERE v.product_id = p.id)`); n != 0 {
			t.Errorf("%d products without anything to buy", n)
		}
		if wrong, err := s.Stock.Verify(t.Context(), e.DB, 10); err != nil || len(wrong) > 0 {
			t.Errorf("ledger: %v, %v", wrong, err)
		}
	})
}

// The same number makes the same products, whatever the engine.
func TestFill_multipliesAlike(t *testing.T) {
	var all []string
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := services(t, e, unseen{})
		if _, err := demo.Fill(t.Context(), s, demo.Options{Products: 120}); err != nil {
			t.Fatal(err)
		}
		rows, err := db.All(t.Context(), e.DB, func(r *db.Rows) (string, error) {
			var handle, name, brand, fields, sku, amount string
			err := r.Scan(&handle, &name, &brand, &fields, &sku, &amount)
			return strings.Join([]string{handle, name, brand, fields, sku, amount}, "|"), err
		}, `SELECT p.handle, p.name, p.brand, p.fields, v.sku, CAST(c.amount AS TEXT)
			FROM product p JOIN variant v ON v.product_id = p.id JOIN price c ON c.variant_id = v.id ORDER BY v.sku`)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(rows, "\n"))
	})
	if len(all) != 2 || all[0] != all[1] {
		t.Error(cmp.Diff(all[0], all[1]))
	}
}

func BenchmarkFill(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		b.Run(map[int]string{0: "demo", 10_000: "10000 products"}[n], func(b *testing.B) {
			for range b.N {
				e := dbtest.New(b, db.SQLite)
				s := services(b, e, unseen{})
				if n == 0 { // with all renditions
					files, err := blob.OpenLocal(b.TempDir())
					if err != nil {
						b.Fatal(err)
					}
					s.Upload = upload.New(files, image.New(image.Options{}), nil)
				}
				if _, err := demo.Fill(b.Context(), s, demo.Options{Products: n}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
