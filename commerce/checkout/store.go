package checkout

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/platform/db"
)

// lockCart locks the cart an order came from, so that its order is locked after
// it. SQLite, which has one writer, needs no locks.
func lockCart(ctx context.Context, tx *db.Tx, orderID string) error {
	if tx.ForUpdate() == "" {
		return nil
	}
	_, err := db.All(ctx, tx, db.String, `SELECT c.id FROM cart c JOIN orders o ON o.cart_id = c.id WHERE o.id = $1`+tx.ForUpdateOf("c"), orderID)
	return err
}

// lockLevels reads the payment budget's levels and locks their rows, in the
// order of keys, which are sorted.
func lockLevels(ctx context.Context, tx *db.Tx, keys []string) (payment.Levels, error) {
	levels := make(payment.Levels)
	_, err := db.All(ctx, tx, func(rows *db.Rows) (struct{}, error) {
		var key string
		var at time.Time
		err := rows.Scan(&key, db.Time(&at))
		levels[key[len(prefix):]] = at
		return struct{}{}, err
	}, `SELECT bucket, arrival_at FROM throttle WHERE bucket IN `+db.In(1, len(keys))+` ORDER BY bucket`+tx.ForUpdate(), prefixed(keys)...)
	return levels, err
}

const prefix = "pay:"

func prefixed(keys []string) []any {
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = prefix + k
	}
	return out
}

func saveLevels(ctx context.Context, tx *db.Tx, levels payment.Levels) error {
	if len(levels) == 0 {
		return nil
	}
	args := make([]any, 0, 3*len(levels))
	for _, key := range slices.Sorted(maps.Keys(levels)) { // rows are locked in one order
		at := levels[key]
		args = append(args, prefix+key, at.UnixMilli(), at.Add(time.Hour).UnixMilli())
	}
	return tx.Send(ctx, `
		INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES `+db.Values(len(levels), 3)+`
		ON CONFLICT (bucket) DO UPDATE SET arrival_at = excluded.arrival_at, expires_at = excluded.expires_at`, args...)
}
