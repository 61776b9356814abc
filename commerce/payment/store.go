package payment

import (
	"context"

	"github.com/stoashop/stoa/platform/db"
)

type stored struct {
	id       string
	active   bool
	settings []byte
	version  int64
}

func load(ctx context.Context, q db.Q) (map[string]stored, error) {
	list, err := db.All(ctx, q, func(rows *db.Rows) (s stored, err error) {
		err = rows.Scan(&s.id, db.Truth(&s.active), &s.settings, &s.version)
		return s, err
	}, `SELECT id, active, settings, version FROM payment_provider`)
	byID := make(map[string]stored, len(list))
	for _, s := range list {
		byID[s.id] = s
	}
	return byID, err
}

// save writes a provider's row if version is the stored one, 0 for none yet.
func save(ctx context.Context, tx *db.Tx, id string, active bool, settings []byte, version int64) (bool, error) {
	if version == 0 {
		n, err := tx.Exec(ctx, `
			INSERT INTO payment_provider (id, active, settings, version) VALUES ($1, $2, $3, 1)
			ON CONFLICT (id) DO NOTHING`, id, db.Bool(active), settings)
		return n == 1, err
	}
	n, err := tx.Exec(ctx, `UPDATE payment_provider SET active = $1, settings = $2, version = version + 1 WHERE id = $3 AND version = $4`,
		db.Bool(active), settings, id, version)
	return n == 1, err
}
