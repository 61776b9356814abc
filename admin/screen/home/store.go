package home

import (
	"context"
	"fmt"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

// low counts, up to a limit, the counted variants on sale of which at most
// some are left.
func low(ctx context.Context, q db.Q, now time.Time, most int64, limit int) (n int64, err error) {
	err = q.QueryRow(ctx, `
		SELECT COUNT(*) FROM (
			SELECT v.id FROM variant v JOIN product p ON p.id = v.product_id
			WHERE v.status = 'active' AND v.tracked = 1 AND p.status = 'active' AND (p.end_at IS NULL OR p.end_at > $3)
			AND COALESCE((SELECT SUM(l.on_hand - l.allocated - l.held - l.safety) FROM stock_level l WHERE l.variant_id = v.id), 0) <= $1
			LIMIT $2) AS few`, most, limit, now.UnixMilli()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count low stock: %w", err)
	}
	return n, nil
}

// sold is a product and how many units of it were sold.
type sold struct {
	product string
	units   int64
}

// best lists the products of which most units were sold in orders placed on
// the shop's days from..to.
func best(ctx context.Context, q db.Q, from, to string, limit int) ([]sold, error) {
	scan := func(rows *db.Rows) (s sold, err error) {
		err = rows.Scan(&s.product, &s.units)
		return s, err
	}
	list, err := db.All(ctx, q, scan, `
		SELECT l.product_id, CAST(SUM(l.quantity - l.cancelled) AS BIGINT) AS units
		FROM orders o JOIN order_line l ON l.order_id = o.id
		WHERE o.placed_at IS NOT NULL AND o.state <> 'cancelled' AND o.local_day BETWEEN $1 AND $2 AND l.product_id IS NOT NULL
		GROUP BY l.product_id ORDER BY units DESC, l.product_id LIMIT $3`, from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("list best sellers: %w", err)
	}
	return list, nil
}
