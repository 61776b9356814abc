package dbtest

import (
	"context"
	"testing"

	"github.com/stoashop/stoa/platform/db"
)

// Exec runs raw statements in one transaction: fixtures for tests of single
// parts, which need rows of other parts but not those parts' rules.
func (e Env) Exec(t testing.TB, statements ...string) {
	t.Helper()
	err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				t.Logf("fixture: %s", s)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Int reads one number.
func (e Env) Int(t testing.TB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := e.DB.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Market makes the shop's row, the tax class "txc_std", the price list
// "plist_std" in EUR and the default market "mkt_std", tax included.
func (e Env) Market(t testing.TB) {
	t.Helper()
	e.Exec(t,
		`INSERT INTO tax_class (id, code, name, position, version) VALUES ('txc_std', 'standard', '{"en":"Standard"}', 0, 1)`,
		`INSERT INTO price_list (id, code, name, currency, version) VALUES ('plist_std', 'standard', 'Standard', 'EUR', 1)`,
		`INSERT INTO market (id, code, name, currency, locale, price_list_id, prices_include_tax, tax_rounding, tax_outside, price_kept, is_default, version)
			VALUES ('mkt_std', 'eu', 'Europe', 'EUR', 'en', 'plist_std', 1, 'line', 'refuse', 'gross', 1, 1)`,
		`INSERT INTO shop (id, name, email, phone, address, country, languages, zone, stock_display, few_threshold, hold_minutes, max_per_line, cut_off, workdays, closed_days, bank_details, opened_at, version)
			VALUES ('shop', 'Test', 'shop@example.com', '', '{}', 'DE', '["en","de"]', 'Europe/Berlin', 'few', 3, 10, 99, 840, '[1,2,3,4,5]', '[]', '', 0, 1)`,
	)
}

// Variant makes an active product with one variant at a price in cents; the
// ids are "prd_" and "var_" with name. Market must have been called.
func (e Env) Variant(t testing.TB, name string, price int64) (variantID string) {
	t.Helper()
	at := e.Clock.Now().UnixMilli()
	err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO product (id, handle, status, brand, name, subtitle, description, seo_title, seo_description, tax_class_id, tags, fields, sort_name, created_at, updated_at, version)
			VALUES ($1, $2, 'active', '', $3, '{}', '{}', '{}', '{}', 'txc_std', '[]', '{}', $2, $4, $4, 1)`, "prd_"+name, name, `{"en":"`+name+`"}`, at)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO variant (id, product_id, sku, sku_key, gtin, combination, status, position, tracked, weight_grams, length_mm, width_mm, height_mm, hs_code, origin, fields, created_at, updated_at)
			VALUES ($1, $2, $3, $3, '', '', 'active', 0, 1, 500, 0, 0, 0, '', '', '{}', $4, $4)`, "var_"+name, "prd_"+name, name, at)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO price (list_id, variant_id, currency, amount, updated_at) VALUES ('plist_std', $1, 'EUR', $2, $3)`, "var_"+name, price, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return "var_" + name
}

// Order makes a bare draft order "ord_<name>" with one line "oln_<name>".
func (e Env) Order(t testing.TB, name, variantID string, quantity int64) (orderID, lineID string) {
	t.Helper()
	orderID, lineID = "ord_"+name, "oln_"+name
	at := e.Clock.Now().UnixMilli()
	err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO orders (id, cart_version, token_hash, token, key_id, market_id, currency, locale, state, payment_state, fulfilment_state, return_state,
				email_index, contact, shipping_country, shipping_code, shipping_name, payment_method, prices_include_tax,
				goods_total, discount_total, shipping_total, shipping_tax, tax_total, total, authorised_total, captured_total, refunded_total, refunded_shipping,
				quote, terms_version, cancel_reason, created_at, local_day, updated_at, version)
			VALUES ($1, 0, $1, $2, 'key', 'mkt_std', 'EUR', 'en', 'draft', 'none', 'unfulfilled', 'none', $2, $2, 'DE', '', '', '', 1,
				0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '1', '', $3, '2026-11-24', $3, 1)`, orderID, []byte("x"), at)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO order_line (id, order_id, position, variant_id, sku, name, options, image, quantity, unit_price, discount, net, tax, gross, tax_rate, tax_code, weight_grams, hs_code, origin, shipped, cancelled, refunded, restocked, refunded_gross)
			VALUES ($1, $2, 0, $3, '', '', '', '', $4, 0, 0, 0, 0, 0, 0, '', 0, '', '', 0, 0, 0, 0, 0)`, lineID, orderID, variantID, quantity)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return orderID, lineID
}
