package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

// take moves the bucket's theoretical arrival time on by one interval unless
// that would lead further into the future than the burst allows. The condition
// in the statement is the lock. It returns how long to wait, 0 when taken. An
// arrival beyond the burst was noted before the clock was set back, and counts
// as none.
func take(ctx context.Context, tx *db.Tx, b Bucket) (time.Duration, error) {
	now, step := tx.Now().UnixMilli(), b.Limit.Every.Milliseconds()
	room := step * b.Limit.Burst
	n, err := tx.Exec(ctx, `
		INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ($1, $5, $5)
		ON CONFLICT (bucket) DO UPDATE SET
			arrival_at = (CASE WHEN throttle.arrival_at > $2 AND throttle.arrival_at <= $4 THEN throttle.arrival_at ELSE $2 END) + $3,
			expires_at = (CASE WHEN throttle.arrival_at > $2 AND throttle.arrival_at <= $4 THEN throttle.arrival_at ELSE $2 END) + $3
		WHERE (CASE WHEN throttle.arrival_at > $2 AND throttle.arrival_at <= $4 THEN throttle.arrival_at ELSE $2 END) + $3 <= $4`,
		b.Name, now, step, now+room, now+step)
	if err != nil {
		return 0, fmt.Errorf("take from bucket: %w", err)
	}
	if n == 1 {
		return 0, nil
	}
	var arrival int64
	if err := tx.QueryRow(ctx, `SELECT arrival_at FROM throttle WHERE bucket = $1`, b.Name).Scan(&arrival); err != nil {
		return 0, fmt.Errorf("read bucket: %w", err)
	}
	return time.Duration(arrival+step-now-room) * time.Millisecond, nil
}

func drop(ctx context.Context, tx *db.Tx, name string) error {
	_, err := tx.Exec(ctx, `DELETE FROM throttle WHERE bucket = $1`, name)
	return err
}

func sweep(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM throttle WHERE expires_at < $1`, tx.Now().UnixMilli())
	return err
}
