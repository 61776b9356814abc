package shipping

import (
	"context"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

func scanZone(rows *db.Rows) (z Zone, err error) {
	err = rows.Scan(&z.ID, &z.Name, &z.Position, &z.Version)
	return z, err
}

func zones(ctx context.Context, q db.Q) ([]Zone, error) {
	return db.All(ctx, q, scanZone, `SELECT id, name, position, version FROM shipping_zone ORDER BY position, id`)
}

func lockZone(ctx context.Context, tx *db.Tx, id string) (Zone, error) {
	return db.First(ctx, tx, scanZone, `SELECT id, name, position, version FROM shipping_zone WHERE id = $1`+tx.ForUpdate(), id)
}

type zonePlace struct {
	zone string
	Place
}

func scanPlace(rows *db.Rows) (p zonePlace, err error) {
	err = rows.Scan(&p.zone, &p.Country, &p.Region, &p.PostcodeFrom, &p.PostcodeTo)
	return p, err
}

func places(ctx context.Context, q db.Q) ([]zonePlace, error) {
	return db.All(ctx, q, scanPlace, `
		SELECT zone_id, country, region, postcode_from, postcode_to FROM shipping_zone_place
		ORDER BY zone_id, country, region, postcode_from`)
}

func placesOf(ctx context.Context, q db.Q, zoneID string) ([]zonePlace, error) {
	return db.All(ctx, q, scanPlace, `
		SELECT zone_id, country, region, postcode_from, postcode_to FROM shipping_zone_place
		WHERE zone_id = $1 ORDER BY country, region, postcode_from`, zoneID)
}

const methodColumns = `id, zone_id, code, name, kind, currency, price, free_from, tax_class_id, days_min, days_max, position, active, version`

func scanMethod(rows *db.Rows) (m Method, err error) {
	var freeFrom *int64
	err = rows.Scan(&m.ID, &m.ZoneID, &m.Code, db.JSON(&m.Name), &m.Kind, &m.Currency, &m.Price, &freeFrom, db.Null(&m.TaxClass),
		&m.DaysMin, &m.DaysMax, &m.Position, db.Truth(&m.Active), &m.Version)
	if freeFrom != nil {
		m.FreeFrom = money.Minor(*freeFrom)
	}
	return m, err
}

func methods(ctx context.Context, q db.Q) ([]Method, error) {
	return db.All(ctx, q, scanMethod, `SELECT `+methodColumns+` FROM shipping_method ORDER BY zone_id, position, id`)
}

func lockMethod(ctx context.Context, tx *db.Tx, id string) (Method, error) {
	return db.First(ctx, tx, scanMethod, `SELECT `+methodColumns+` FROM shipping_method WHERE id = $1`+tx.ForUpdate(), id)
}

type methodRate struct {
	method string
	Rate
}

func scanRate(rows *db.Rows) (r methodRate, err error) {
	err = rows.Scan(&r.method, &r.MaxGrams, &r.Price)
	return r, err
}

func rates(ctx context.Context, q db.Q) ([]methodRate, error) {
	return db.All(ctx, q, scanRate, `SELECT method_id, max_grams, price FROM shipping_rate ORDER BY method_id, max_grams`)
}

func ratesOf(ctx context.Context, q db.Q, methodID string) ([]methodRate, error) {
	return db.All(ctx, q, scanRate, `
		SELECT method_id, max_grams, price FROM shipping_rate WHERE method_id = $1 ORDER BY max_grams`, methodID)
}

func insertZone(ctx context.Context, tx *db.Tx, z Zone) error {
	_, err := tx.Exec(ctx, `INSERT INTO shipping_zone (id, name, position, version) VALUES ($1, $2, $3, $4)`, z.ID, z.Name, z.Position, z.Version)
	return err
}

func updateZone(ctx context.Context, tx *db.Tx, z Zone) error {
	_, err := tx.Exec(ctx, `
		UPDATE shipping_zone SET name = $1, position = $2, version = version + 1 WHERE id = $3 AND version = $4`,
		z.Name, z.Position, z.ID, z.Version)
	return err
}

// replacePlaces writes the places of a zone anew.
func replacePlaces(ctx context.Context, tx *db.Tx, zoneID string, list []Place) error {
	if _, err := tx.Exec(ctx, `DELETE FROM shipping_zone_place WHERE zone_id = $1`, zoneID); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	args := make([]any, 0, 5*len(list))
	for _, p := range list {
		args = append(args, zoneID, p.Country, p.Region, p.PostcodeFrom, p.PostcodeTo)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO shipping_zone_place (zone_id, country, region, postcode_from, postcode_to)
		VALUES `+db.Values(len(list), 5), args...)
	return err
}

func deleteZone(ctx context.Context, tx *db.Tx, id string) error {
	for _, statement := range []string{
		`DELETE FROM shipping_rate WHERE method_id IN (SELECT id FROM shipping_method WHERE zone_id = $1)`,
		`DELETE FROM shipping_method WHERE zone_id = $1`,
		`DELETE FROM shipping_zone_place WHERE zone_id = $1`,
		`DELETE FROM shipping_zone WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}

// codeTaken reports whether another method of the zone has the code.
func codeTaken(ctx context.Context, tx *db.Tx, m Method) (bool, error) {
	ids, err := db.All(ctx, tx, db.String, `
		SELECT id FROM shipping_method WHERE zone_id = $1 AND code = $2 AND id <> $3`, m.ZoneID, m.Code, m.ID)
	return len(ids) > 0, err
}

func knownClass(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	ids, err := db.All(ctx, tx, db.String, `SELECT id FROM tax_class WHERE id = $1`, id)
	return len(ids) > 0, err
}

func freeFrom(m Method) any {
	if m.FreeFrom == 0 {
		return nil
	}
	return m.FreeFrom
}

func insertMethod(ctx context.Context, tx *db.Tx, m Method) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO shipping_method (`+methodColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		m.ID, m.ZoneID, m.Code, db.JSON(&m.Name), string(m.Kind), m.Currency, m.Price, freeFrom(m), db.Null(&m.TaxClass),
		m.DaysMin, m.DaysMax, m.Position, db.Bool(m.Active), m.Version)
	return err
}

func updateMethod(ctx context.Context, tx *db.Tx, m Method) error {
	_, err := tx.Exec(ctx, `
		UPDATE shipping_method SET code = $1, name = $2, kind = $3, currency = $4, price = $5, free_from = $6, tax_class_id = $7,
			days_min = $8, days_max = $9, position = $10, active = $11, version = version + 1
		WHERE id = $12 AND version = $13`,
		m.Code, db.JSON(&m.Name), string(m.Kind), m.Currency, m.Price, freeFrom(m), db.Null(&m.TaxClass),
		m.DaysMin, m.DaysMax, m.Position, db.Bool(m.Active), m.ID, m.Version)
	return err
}

// replaceRates writes the weight table of a method anew.
func replaceRates(ctx context.Context, tx *db.Tx, methodID string, list []Rate) error {
	if _, err := tx.Exec(ctx, `DELETE FROM shipping_rate WHERE method_id = $1`, methodID); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	args := make([]any, 0, 3*len(list))
	for _, r := range list {
		args = append(args, methodID, r.MaxGrams, r.Price)
	}
	_, err := tx.Exec(ctx, `INSERT INTO shipping_rate (method_id, max_grams, price) VALUES `+db.Values(len(list), 3), args...)
	return err
}

func deleteMethod(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM shipping_rate WHERE method_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM shipping_method WHERE id = $1`, id)
	return err
}
