package order

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/platform/db"
)

type summaryRow struct {
	Summary
	keyID          string
	contact, token []byte
}

func list(ctx context.Context, q db.Q, f Filter, emailIndex []byte) ([]summaryRow, error) {
	where := []string{"o.placed_at IS NOT NULL"}
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.State != "" {
		add("o.state = ?", string(f.State))
	}
	if f.Payment != "" {
		add("o.payment_state = ?", string(f.Payment))
	}
	if f.Fulfilment != "" {
		add("o.fulfilment_state = ?", string(f.Fulfilment))
	}
	if f.ToShip {
		where = append(where, "o.state = 'placed' AND o.fulfilment_state IN ('unfulfilled', 'partly_shipped')")
	}
	if f.CustomerID != "" {
		add("o.customer_id = ?", f.CustomerID)
	}
	if emailIndex != nil {
		add("o.email_index = ?", emailIndex)
	}
	if f.Number != 0 {
		add("o.number = ?", f.Number)
	}
	if !f.From.IsZero() {
		add("o.placed_at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add("o.placed_at < ?", f.To.UnixMilli())
	}
	if f.AfterID != "" {
		args = append(args, f.After.UnixMilli(), f.AfterID)
		where = append(where, "(o.placed_at, o.id) < ($"+strconv.Itoa(len(args)-1)+", $"+strconv.Itoa(len(args))+")")
	}
	way := "DESC"
	if f.BeforeID != "" {
		way = "ASC"
		args = append(args, f.Before.UnixMilli(), f.BeforeID)
		where = append(where, "(o.placed_at, o.id) > ($"+strconv.Itoa(len(args)-1)+", $"+strconv.Itoa(len(args))+")")
	}
	args = append(args, f.Limit)
	found, err := db.All(ctx, q, func(rows *db.Rows) (r summaryRow, err error) {
		var state, pay, ful, ret string
		err = rows.Scan(&r.ID, &r.Number, &r.token, db.Null(&r.CustomerID), &r.keyID, &r.contact, &r.Country, &r.Currency, &r.Total, &r.Refunded, &state, &pay, &ful, &ret, db.Time(&r.PlacedAt), &r.Units)
		r.State, r.Payment, r.Fulfilment, r.Return = State(state), payment.State(pay), FulfilmentState(ful), ReturnState(ret)
		return r, err
	}, `
		SELECT o.id, o.number, o.token, o.customer_id, o.key_id, o.contact, o.shipping_country, o.currency, o.total, o.refunded_total,
			o.state, o.payment_state, o.fulfilment_state, o.return_state, o.placed_at,
			(SELECT CAST(SUM(l.quantity) AS BIGINT) FROM order_line l WHERE l.order_id = o.id)
		FROM orders o WHERE `+strings.Join(where, " AND ")+`
		ORDER BY o.placed_at `+way+`, o.id `+way+` LIMIT $`+strconv.Itoa(len(args)), args...)
	if f.BeforeID != "" {
		slices.Reverse(found)
	}
	return found, err
}

func sales(ctx context.Context, q db.Q, currency, from, to string) ([]Day, error) {
	return db.All(ctx, q, func(rows *db.Rows) (d Day, err error) {
		err = rows.Scan(&d.Day, &d.Orders, &d.Total)
		return d, err
	}, `
		SELECT local_day, COUNT(*), CAST(SUM(total) AS BIGINT) FROM orders
		WHERE placed_at IS NOT NULL AND state <> 'cancelled' AND currency = $1 AND local_day >= $2 AND local_day <= $3
		GROUP BY local_day ORDER BY local_day`, currency, from, to)
}

func waiting(ctx context.Context, q db.Q) (c Counts, err error) {
	err = q.QueryRow(ctx, `
		SELECT
			CAST(COALESCE(SUM(CASE WHEN state = 'placed' AND fulfilment_state IN ('unfulfilled', 'partly_shipped') THEN 1 ELSE 0 END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN payment_state = 'review' THEN 1 ELSE 0 END), 0) AS BIGINT),
			CAST(COALESCE(SUM(CASE WHEN payment_state = 'pending' THEN 1 ELSE 0 END), 0) AS BIGINT)
		FROM orders
		WHERE state = 'placed' AND (fulfilment_state IN ('unfulfilled', 'partly_shipped') OR payment_state IN ('review', 'pending'))`).Scan(&c.ToShip, &c.ToReview, &c.Unpaid)
	return c, err
}
