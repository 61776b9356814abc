package market

import (
	"context"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

func scanShop(rows *db.Rows) (s Shop, err error) {
	var country string
	err = rows.Scan(&s.Name, &s.Email, &s.Phone, db.JSON(&s.Address), &country, db.JSON(&s.Languages), &s.Zone,
		&s.StockDisplay, &s.FewThreshold, &s.HoldMinutes, &s.MaxPerLine, &s.CutOff, db.JSON(&s.Workdays), db.JSON(&s.ClosedDays),
		&s.BankDetails, db.Time(&s.OpenedAt), &s.Version)
	s.Address.Country = country
	return s, err
}

const shopColumns = `name, email, phone, address, country, languages, zone, stock_display, few_threshold, hold_minutes, max_per_line,
	cut_off, workdays, closed_days, bank_details, opened_at, version`

func shop(ctx context.Context, q db.Q) (Shop, error) {
	return db.First(ctx, q, scanShop, `SELECT `+shopColumns+` FROM shop WHERE id = 'shop'`)
}

func lockShop(ctx context.Context, tx *db.Tx) (Shop, error) {
	return db.First(ctx, tx, scanShop, `SELECT `+shopColumns+` FROM shop WHERE id = 'shop'`+tx.ForUpdate())
}

// insertShop writes nothing when there is a shop already.
func insertShop(ctx context.Context, tx *db.Tx, s Shop) (n int64, err error) {
	return tx.Exec(ctx, `
		INSERT INTO shop (id, `+shopColumns+`)
		VALUES ('shop', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO NOTHING`,
		s.Name, s.Email, s.Phone, db.JSON(&s.Address), s.Address.Country, db.JSON(&s.Languages), s.Zone,
		s.StockDisplay, s.FewThreshold, s.HoldMinutes, s.MaxPerLine, s.CutOff, db.JSON(&s.Workdays), db.JSON(&s.ClosedDays),
		s.BankDetails, s.OpenedAt.UnixMilli(), s.Version)
}

func updateShop(ctx context.Context, tx *db.Tx, s Shop) error {
	_, err := tx.Exec(ctx, `
		UPDATE shop SET name = $1, email = $2, phone = $3, address = $4, country = $5, languages = $6, zone = $7,
			stock_display = $8, few_threshold = $9, hold_minutes = $10, max_per_line = $11, cut_off = $12, workdays = $13,
			closed_days = $14, bank_details = $15, version = version + 1
		WHERE id = 'shop' AND version = $16`,
		s.Name, s.Email, s.Phone, db.JSON(&s.Address), s.Address.Country, db.JSON(&s.Languages), s.Zone,
		s.StockDisplay, s.FewThreshold, s.HoldMinutes, s.MaxPerLine, s.CutOff, db.JSON(&s.Workdays),
		db.JSON(&s.ClosedDays), s.BankDetails, s.Version)
	return err
}

const marketColumns = `id, code, name, currency, locale, price_list_id, prices_include_tax, tax_rounding, tax_outside, price_kept, is_default, version`

func scanMarket(rows *db.Rows) (m Market, err error) {
	err = rows.Scan(&m.ID, &m.Code, &m.Name, &m.Currency, &m.Locale, &m.PriceListID, db.Truth(&m.PricesIncludeTax),
		&m.TaxRounding, &m.TaxOutside, &m.PriceKept, db.Truth(&m.Default), &m.Version)
	return m, err
}

func markets(ctx context.Context, q db.Q) ([]Market, error) {
	return db.All(ctx, q, scanMarket, `SELECT `+marketColumns+` FROM market ORDER BY is_default DESC, code`)
}

func lockMarket(ctx context.Context, tx *db.Tx, id string) (Market, error) {
	return db.First(ctx, tx, scanMarket, `SELECT `+marketColumns+` FROM market WHERE id = $1`+tx.ForUpdate(), id)
}

func insertMarket(ctx context.Context, tx *db.Tx, m Market) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO market (`+marketColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		m.ID, m.Code, m.Name, m.Currency, m.Locale, m.PriceListID, db.Bool(m.PricesIncludeTax),
		m.TaxRounding, string(m.TaxOutside), string(m.PriceKept), db.Bool(m.Default), m.Version)
	return err
}

func updateMarket(ctx context.Context, tx *db.Tx, m Market) error {
	_, err := tx.Exec(ctx, `
		UPDATE market SET code = $1, name = $2, currency = $3, locale = $4, prices_include_tax = $5, tax_rounding = $6,
			tax_outside = $7, price_kept = $8, version = version + 1
		WHERE id = $9 AND version = $10`,
		m.Code, m.Name, m.Currency, m.Locale, db.Bool(m.PricesIncludeTax), m.TaxRounding,
		string(m.TaxOutside), string(m.PriceKept), m.ID, m.Version)
	return err
}

// marketCodeTaken reports whether another market has the code.
func marketCodeTaken(ctx context.Context, tx *db.Tx, id, code string) (bool, error) {
	ids, err := db.All(ctx, tx, db.String, `SELECT id FROM market WHERE code = $1 AND id <> $2`, code, id)
	return len(ids) > 0, err
}

func scanList(rows *db.Rows) (l PriceList, err error) {
	err = rows.Scan(&l.ID, &l.Code, &l.Name, &l.Currency, &l.Version)
	return l, err
}

func priceLists(ctx context.Context, q db.Q) ([]PriceList, error) {
	return db.All(ctx, q, scanList, `SELECT id, code, name, currency, version FROM price_list ORDER BY code`)
}

func insertList(ctx context.Context, tx *db.Tx, l PriceList) error {
	_, err := tx.Exec(ctx, `INSERT INTO price_list (id, code, name, currency, version) VALUES ($1, $2, $3, $4, $5)`,
		l.ID, l.Code, l.Name, l.Currency, l.Version)
	return err
}

// changeCurrency gives a list another currency while it holds no price.
func changeCurrency(ctx context.Context, tx *db.Tx, listID, currency string) (n int64, err error) {
	return tx.Exec(ctx, `
		UPDATE price_list SET currency = $1, version = version + 1
		WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM price WHERE list_id = $2)`, currency, listID)
}

// location loads the shop's zone; a name that no longer exists is UTC.
func location(zone string) *time.Location {
	l, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return l
}
