package event

import (
	"context"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

type row struct {
	topic, payload string
	at             time.Time
}

func insert(ctx context.Context, tx *db.Tx, id, topic, payload string) error {
	return tx.Send(ctx, `INSERT INTO outbox (id, topic, payload, created_at) VALUES ($1, $2, $3, $4)`,
		id, topic, payload, tx.Now().UnixMilli())
}

func find(ctx context.Context, q db.Q, id string) (r row, err error) {
	err = q.QueryRow(ctx, `SELECT topic, payload, created_at FROM outbox WHERE id = $1`, id).Scan(&r.topic, &r.payload, db.Time(&r.at))
	return r, err
}

// Purge deletes events older than before. Deliveries that are still under way
// by then find nothing and die.
func Purge(ctx context.Context, tx *db.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM outbox WHERE created_at < $1`, before.UnixMilli())
	return err
}

// Count is the number of events by topic since the shop began, for tests that
// prove that nothing else happened.
func Count(ctx context.Context, q db.Q) (map[string]int, error) {
	counts := make(map[string]int)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var topic string
		var n int
		err := rows.Scan(&topic, &n)
		counts[topic] = n
		return struct{}{}, err
	}, `SELECT topic, COUNT(*) FROM outbox GROUP BY topic`)
	return counts, err
}
