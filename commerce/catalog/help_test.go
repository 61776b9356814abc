package catalog_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// shop is a catalogue with one price list, one tax class and one location.
type shop struct {
	dbtest.Env
	*catalog.Service
	Fields *custom.Service
	Log    *audit.Log
}

const (
	list     = "plist_eur"
	taxes    = "txc_standard"
	location = "loc_main"
)

var actor = audit.System("test")

func open(t testing.TB, e dbtest.Env) *shop {
	t.Helper()
	log := audit.NewLog(e.DB, slog.New(slog.NewTextHandler(io.Discard, nil)))
	fields := custom.New(e.DB, log)
	s := &shop{e, catalog.New(e.DB, log, fields, "en"), fields, log}
	s.tx(t, func(ctx context.Context, tx *db.Tx) error {
		for _, query := range []string{
			`INSERT INTO tax_class (id, code, name, position, version) VALUES ('txc_standard', 'standard', '{"en":"Standard"}', 0, 1)`,
			`INSERT INTO price_list (id, code, name, currency, version) VALUES ('plist_eur', 'eur', 'Euro', 'EUR', 1)`,
			`INSERT INTO price_list (id, code, name, currency, version) VALUES ('plist_chf', 'chf', 'Franken', 'CHF', 1)`,
			`INSERT INTO market (id, code, name, currency, locale, price_list_id, prices_include_tax, tax_rounding, tax_outside, price_kept, is_default, version)
			 VALUES ('mkt_eu', 'eu', 'Europe', 'EUR', 'en', 'plist_eur', 1, 'unit', 'refuse', 'gross', 1, 1)`,
			`INSERT INTO location (id, code, name, country, position, active, created_at, version) VALUES ('loc_main', 'main', 'Main', 'DE', 0, 1, 0, 1)`,
			`INSERT INTO location (id, code, name, country, position, active, created_at, version) VALUES ('loc_closed', 'closed', 'Closed', 'DE', 1, 0, 0, 1)`,
		} {
			if _, err := tx.Exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
	if err := log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) tx(t testing.TB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) save(t testing.TB, p catalog.Product) catalog.Product {
	t.Helper()
	saved, err := s.SaveNow(t.Context(), actor, p)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (s *shop) get(t testing.TB, id string) catalog.Product {
	t.Helper()
	p, err := s.Get(t.Context(), s.DB, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *shop) stock(t testing.TB, variant, loc string, onHand, held int) {
	t.Helper()
	s.tx(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, safety, backorder_limit, updated_at)
			VALUES ($1, $2, $3, 0, $4, 0, 0, 0)
			ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = excluded.on_hand, held = excluded.held`, variant, loc, onHand, held)
		return err
	})
}

func (s *shop) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	if err := s.DB.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func en(s string) locale.Text { return locale.Text{"en": s} }

func eur(amount money.Minor) []catalog.Price {
	return []catalog.Price{{ListID: list, Currency: "EUR", Amount: amount}}
}

// simple is an active product with one variant.
func simple(name, sku string, amount money.Minor) catalog.Product {
	return catalog.Product{
		Status: catalog.Active, Name: en(name), TaxClassID: taxes,
		Variants: []catalog.Variant{{SKU: sku, Prices: eur(amount)}},
	}
}

// wantFields checks which fields an error is at.
func wantFields(t testing.TB, err error, want ...string) {
	t.Helper()
	f := fault.From(err)
	if f == nil {
		t.Fatalf("no error, want faults at %v", want)
	}
	got := make(map[string]bool)
	for _, field := range f.Fields {
		got[field.Path+": "+field.Reason] = true
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("no fault %q in %v", w, err)
		}
		delete(got, w)
	}
	for g := range got {
		t.Errorf("unexpected fault %q", g)
	}
}

func day(n int) time.Time { return dbtest.Began.AddDate(0, 0, n) }
