package messages

import (
	"context"
	"fmt"

	"github.com/stoashop/stoa/platform/db"
)

// fresh counts, up to a hundred, the messages nobody has dealt with.
func fresh(ctx context.Context, q db.Q) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT id FROM contact_message WHERE state = 'new' LIMIT 100) AS waiting`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count new messages: %w", err)
	}
	return n, nil
}
