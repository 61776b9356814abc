package privacy

import (
	"context"
	"errors"

	"github.com/stoashop/stoa/platform/db"
)

type wrapped struct {
	id  string
	key []byte
}

// insertKeys keeps keys that are there already.
func insertKeys(ctx context.Context, tx *db.Tx, keys []wrapped) error {
	args := make([]any, 0, 3*len(keys))
	for _, k := range keys {
		args = append(args, k.id, k.key, tx.Now().UnixMilli())
	}
	_, err := tx.Exec(ctx, `INSERT INTO subject_key (id, wrapped, created_at) VALUES `+db.Values(len(keys), 3)+` ON CONFLICT (id) DO NOTHING`, args...)
	return err
}

func findKey(ctx context.Context, q db.Q, id string) (key []byte, err error) {
	err = q.QueryRow(ctx, `SELECT wrapped FROM subject_key WHERE id = $1`, id).Scan(&key)
	return key, err
}

func holdsKeys(ctx context.Context, q db.Q) (bool, error) {
	var id string
	err := q.QueryRow(ctx, `SELECT id FROM subject_key ORDER BY id LIMIT 1`).Scan(&id)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// somethingSealed looks into every table that has sealed columns, those first
// that a shop has rows in from its first day.
func somethingSealed(ctx context.Context, q db.Q) (sealed bool, err error) {
	err = q.QueryRow(ctx, `
		SELECT CASE WHEN EXISTS (SELECT 1 FROM staff)
			OR EXISTS (SELECT 1 FROM payment_provider)
			OR EXISTS (SELECT 1 FROM customer)
			OR EXISTS (SELECT 1 FROM customer_address)
			OR EXISTS (SELECT 1 FROM orders)
			OR EXISTS (SELECT 1 FROM order_note)
			OR EXISTS (SELECT 1 FROM contact_message)
			OR EXISTS (SELECT 1 FROM mail_message)
			OR EXISTS (SELECT 1 FROM cart WHERE contact IS NOT NULL)
			OR EXISTS (SELECT 1 FROM one_time_token WHERE sealed IS NOT NULL)
			OR EXISTS (SELECT 1 FROM request_key WHERE response IS NOT NULL)
		THEN 1 ELSE 0 END`).Scan(db.Truth(&sealed))
	return sealed, err
}

func deleteKey(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM subject_key WHERE id = $1`, id)
	return err
}
