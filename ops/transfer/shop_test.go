package transfer_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// shop is everything an import needs, on one database.
type shop struct {
	dbtest.Env
	*transfer.Service
	Catalog *catalog.Service
	Fields  *custom.Service
	Stock   *inventory.Service
	Files   blob.Store
	Temp    string
	markets *market.Service
}

// newShop opens a shop in EUR, with price lists in EUR and USD, whose client
// for pictures is web.
func newShop(t testing.TB, e dbtest.Env, web *http.Client) *shop {
	t.Helper()
	e.Market(t)
	e.Exec(t,
		`INSERT INTO price_list (id, code, name, currency, version) VALUES ('plist_usd', 'usd', 'Dollar', 'USD', 1)`,
		`INSERT INTO tax_class (id, code, name, position, version) VALUES ('txc_red', 'reduced', '{"en":"Reduced"}', 1, 1)`,
	)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var goods *catalog.Service
	var fields *custom.Service
	markets := market.New(e.DB, log, tax.New(), shipping.New())
	e.Audit(t, func(l *audit.Log) {
		fields = custom.New(e.DB, l)
		goods = catalog.New(e.DB, l, fields, "en")
		markets.Follow(l)
	})
	files, err := blob.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	pictures := upload.New(files, image.New(image.Options{Widths: []int{60}}), nil)
	stock := inventory.New(func() inventory.Display { return inventory.Display{Mode: "exact"} })
	s := &shop{Env: e, Catalog: goods, Fields: fields, Stock: stock, Files: files, Temp: t.TempDir(), markets: markets}
	s.Service = transfer.New(e.DB, goods, fields, stock, markets, pictures, web, files, log, s.Temp)
	return s
}

// keepPeople gives the shop accounts.
func (s *shop) keepPeople(t *testing.T) *customer.Service {
	t.Helper()
	people := customer.New(s.DB, s.Vault(t), password.New(password.Params{Memory: 64, Time: 1, Threads: 1}, 4), customer.Options{})
	s.WithPeople(people)
	return people
}

func (s *shop) reload(t *testing.T) {
	t.Helper()
	if err := s.markets.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) file(t *testing.T, name string) *bytes.Reader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// run imports a request and wants it to succeed.
func (s *shop) run(t testing.TB, r transfer.Request) transfer.Run {
	t.Helper()
	run, err := s.Run(t.Context(), r)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if run.State != transfer.Done || run.Done != run.Total {
		t.Fatalf("the run is %s at %d of %d", run.State, run.Done, run.Total)
	}
	if left, _ := os.ReadDir(s.Temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return run
}

func (s *shop) problems(t *testing.T, id string) []transfer.Problem {
	t.Helper()
	all, err := s.Problems(t.Context(), id, 0, 5000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// product reads a product by its handle.
func (s *shop) product(t *testing.T, handle string) *catalog.Product {
	t.Helper()
	all, err := s.Catalog.ByHandles(t.Context(), s.DB, []string{handle})
	if err != nil {
		t.Fatal(err)
	}
	if all[handle] == nil {
		t.Fatalf("no product %q", handle)
	}
	return all[handle]
}

func (s *shop) onHand(t *testing.T, variant string) int64 {
	t.Helper()
	return s.Int(t, `SELECT COALESCE(CAST(SUM(on_hand) AS BIGINT), 0) FROM stock_level WHERE variant_id = $1`, variant)
}

// state is everything an import writes, as text, but ids and instants: two
// shops that were filled in different ways can be compared.
func (s *shop) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, query := range []string{
		`SELECT p.handle, p.status, p.brand, p.name, p.subtitle, p.description, p.seo_title, p.seo_description, p.tax_class_id, p.tags, p.fields FROM product p ORDER BY p.handle`,
		`SELECT p.handle, v.sku, v.gtin, v.status, CAST(v.position AS TEXT), CAST(v.tracked AS TEXT), CAST(v.weight_grams AS TEXT), CAST(v.length_mm AS TEXT), CAST(v.width_mm AS TEXT), CAST(v.height_mm AS TEXT), v.fields
			FROM variant v JOIN product p ON p.id = v.product_id ORDER BY p.handle, v.position, v.sku`,
		`SELECT p.handle, v.sku, l.code, CAST(r.amount AS TEXT), COALESCE(CAST(r.compare_at AS TEXT), '') FROM price r JOIN price_list l ON l.id = r.list_id JOIN variant v ON v.id = r.variant_id JOIN product p ON p.id = v.product_id ORDER BY p.handle, v.position, v.sku, l.code`,
		`SELECT p.handle, v.sku, CAST(s.on_hand AS TEXT), CAST(s.backorder_limit AS TEXT) FROM stock_level s JOIN variant v ON v.id = s.variant_id JOIN product p ON p.id = v.product_id ORDER BY p.handle, v.position, v.sku`,
		`SELECT p.handle, v.sku, CAST(m.on_hand_delta AS TEXT), m.cause FROM stock_movement m JOIN variant v ON v.id = m.variant_id JOIN product p ON p.id = v.product_id ORDER BY p.handle, v.position, v.sku, m.on_hand_delta`,
		`SELECT p.handle, c.name, COALESCE(u.name, '') FROM product_category x JOIN product p ON p.id = x.product_id JOIN category c ON c.id = x.category_id LEFT JOIN category u ON u.id = c.parent_id ORDER BY p.handle, c.name`,
		`SELECT c.name, COALESCE(u.name, '') FROM category c LEFT JOIN category u ON u.id = c.parent_id ORDER BY c.name, u.name NULLS FIRST`,
		`SELECT p.handle, m.hash, CAST(x.position AS TEXT) FROM product_media x JOIN product p ON p.id = x.product_id JOIN media m ON m.id = x.media_id ORDER BY p.handle, x.position`,
		`SELECT a.handle, b.handle FROM product_relation x JOIN product a ON a.id = x.product_id JOIN product b ON b.id = x.related_id ORDER BY a.handle, b.handle`,
		`SELECT owner, code, kind, name, choices FROM field ORDER BY owner, code`,
		`SELECT source, hash FROM import_product ORDER BY source`,
	} {
		rows, err := s.DB.Query(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			cells := make([]string, len(columns))
			into := make([]any, len(columns))
			for i := range cells {
				into[i] = &cells[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			b.WriteString(strings.Join(cells, " | ") + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		_ = rows.Close()
	}
	return b.String()
}

// logged is the number of entries of the change log, those of imports
// themselves left out.
func (s *shop) logged(t *testing.T) int64 {
	t.Helper()
	return s.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind <> 'import'`)
}

func (s *shop) tx(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
