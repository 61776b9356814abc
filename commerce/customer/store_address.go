package customer

import (
	"context"

	"github.com/stoashop/stoa/platform/db"
)

type savedRow struct {
	Saved
	sealed []byte
}

func scanSaved(rows *db.Rows) (a savedRow, err error) {
	err = rows.Scan(&a.ID, &a.sealed, db.Truth(&a.DefaultShipping), db.Truth(&a.DefaultBilling), db.Time(&a.CreatedAt), db.Time(&a.UpdatedAt))
	return a, err
}

const savedColumns = `id, address, default_shipping, default_billing, created_at, updated_at`

func addresses(ctx context.Context, q db.Q, customerID string) ([]savedRow, error) {
	return db.All(ctx, q, scanSaved, `SELECT `+savedColumns+` FROM customer_address WHERE customer_id = $1 ORDER BY id`, customerID)
}

// address reads one address of its owner; ErrNoRows for another's.
func address(ctx context.Context, q db.Q, customerID, id string) (savedRow, error) {
	return db.First(ctx, q, scanSaved, `SELECT `+savedColumns+` FROM customer_address WHERE id = $1 AND customer_id = $2`, id, customerID)
}

func insertAddress(ctx context.Context, tx *db.Tx, customerID string, a savedRow) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO customer_address (id, customer_id, address, country, default_shipping, default_billing, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
		a.ID, customerID, a.sealed, a.Address.Country, db.Bool(a.DefaultShipping), db.Bool(a.DefaultBilling), tx.Now().UnixMilli())
	return err
}

// updateAddress writes an owner's address; false when it is another's.
func updateAddress(ctx context.Context, tx *db.Tx, customerID string, a savedRow) (bool, error) {
	n, err := tx.Exec(ctx, `
		UPDATE customer_address SET address = $1, country = $2, default_shipping = $3, default_billing = $4, updated_at = $5
		WHERE id = $6 AND customer_id = $7`,
		a.sealed, a.Address.Country, db.Bool(a.DefaultShipping), db.Bool(a.DefaultBilling), tx.Now().UnixMilli(), a.ID, customerID)
	return n == 1, err
}

func setDefaults(ctx context.Context, tx *db.Tx, customerID, shipping, billing string) error {
	_, err := tx.Exec(ctx, `
		UPDATE customer_address SET
			default_shipping = CASE WHEN id = $1 THEN 1 ELSE 0 END,
			default_billing = CASE WHEN id = $2 THEN 1 ELSE 0 END
		WHERE customer_id = $3`, shipping, billing, customerID)
	return err
}

// deleteAddress removes an owner's address; false when it is another's.
func deleteAddress(ctx context.Context, tx *db.Tx, customerID, id string) (bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM customer_address WHERE id = $1 AND customer_id = $2`, id, customerID)
	return n == 1, err
}

func deleteAddresses(ctx context.Context, tx *db.Tx, customerID string) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM customer_address WHERE customer_id = $1`, customerID)
}
