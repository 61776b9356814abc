package tax

import (
	"context"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

func scanClass(rows *db.Rows) (c Class, err error) {
	err = rows.Scan(&c.ID, &c.Code, db.JSON(&c.Name), &c.Position, &c.Version)
	return c, err
}

func classes(ctx context.Context, q db.Q) ([]Class, error) {
	return db.All(ctx, q, scanClass, `SELECT id, code, name, position, version FROM tax_class ORDER BY position, id`)
}

func lockClass(ctx context.Context, tx *db.Tx, id string) (Class, error) {
	return db.First(ctx, tx, scanClass, `
		SELECT id, code, name, position, version FROM tax_class WHERE id = $1`+tx.ForUpdate(), id)
}

func classID(ctx context.Context, q db.Q, code string) (string, error) {
	return db.First(ctx, q, db.String, `SELECT id FROM tax_class WHERE code = $1`, code)
}

// insertClass writes nothing when the code is taken.
func insertClass(ctx context.Context, tx *db.Tx, c Class) (n int64, err error) {
	return tx.Exec(ctx, `
		INSERT INTO tax_class (id, code, name, position, version) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (code) DO NOTHING`, c.ID, c.Code, db.JSON(&c.Name), c.Position, c.Version)
}

func updateClass(ctx context.Context, tx *db.Tx, c Class) (n int64, err error) {
	return tx.Exec(ctx, `
		UPDATE tax_class SET name = $1, position = $2, version = version + 1 WHERE id = $3 AND version = $4`,
		db.JSON(&c.Name), c.Position, c.ID, c.Version)
}

// deleteClass deletes nothing while goods, rates or methods use the class.
func deleteClass(ctx context.Context, tx *db.Tx, id string) (n int64, err error) {
	return tx.Exec(ctx, `
		DELETE FROM tax_class WHERE id = $1
		AND NOT EXISTS (SELECT 1 FROM product WHERE tax_class_id = $1)
		AND NOT EXISTS (SELECT 1 FROM tax_rate WHERE tax_class_id = $1)
		AND NOT EXISTS (SELECT 1 FROM shipping_method WHERE tax_class_id = $1)`, id)
}

const rowColumns = `r.id, r.country, r.region, c.code, r.rate, r.name, r.source, r.effective_from, r.effective_to, r.version`

func scanRow(rows *db.Rows) (r Row, err error) {
	err = rows.Scan(&r.ID, &r.Country, &r.Region, &r.Class, &r.Rate, &r.Name, &r.Source, db.Time(&r.From), db.Time(&r.To), &r.Version)
	return r, err
}

func table(ctx context.Context, q db.Q) (Table, error) {
	return db.All(ctx, q, scanRow, `
		SELECT `+rowColumns+` FROM tax_rate r JOIN tax_class c ON c.id = r.tax_class_id
		ORDER BY r.country, r.region, c.position, r.effective_from, r.id`)
}

func lockRow(ctx context.Context, tx *db.Tx, id string) (Row, error) {
	return db.First(ctx, tx, scanRow, `
		SELECT `+rowColumns+` FROM tax_rate r JOIN tax_class c ON c.id = r.tax_class_id
		WHERE r.id = $1`+tx.ForUpdateOf("r"), id)
}

// insertRow writes nothing when the area and class have a row from that
// instant.
func insertRow(ctx context.Context, tx *db.Tx, r Row, classID string) (n int64, err error) {
	return tx.Exec(ctx, `
		INSERT INTO tax_rate (id, country, region, tax_class_id, rate, name, source, effective_from, effective_to, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (country, region, tax_class_id, effective_from) DO NOTHING`,
		r.ID, r.Country, r.Region, classID, r.Rate, r.Name, r.Source, r.From.UnixMilli(), db.Time(&r.To), r.Version)
}

// twin counts the other rows of the same area and class from that instant.
func twin(ctx context.Context, tx *db.Tx, id, country, region, classID string, from time.Time) (found bool, err error) {
	rows, err := db.All(ctx, tx, db.String, `
		SELECT id FROM tax_rate
		WHERE country = $1 AND region = $2 AND tax_class_id = $3 AND effective_from = $4 AND id <> $5`,
		country, region, classID, from.UnixMilli(), id)
	return len(rows) > 0, err
}

func updateRow(ctx context.Context, tx *db.Tx, r Row, classID string) (n int64, err error) {
	return tx.Exec(ctx, `
		UPDATE tax_rate SET country = $1, region = $2, tax_class_id = $3, rate = $4, name = $5, source = $6,
			effective_from = $7, effective_to = $8, version = version + 1
		WHERE id = $9 AND version = $10`,
		r.Country, r.Region, classID, r.Rate, r.Name, r.Source, r.From.UnixMilli(), db.Time(&r.To), r.ID, r.Version)
}

func deleteRow(ctx context.Context, tx *db.Tx, id string, version int64) (n int64, err error) {
	return tx.Exec(ctx, `DELETE FROM tax_rate WHERE id = $1 AND version = $2`, id, version)
}
