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

func deleteKey(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM subject_key WHERE id = $1`, id)
	return err
}
