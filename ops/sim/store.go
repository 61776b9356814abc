package sim

import (
	"context"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// wipe empties the books, so that each run begins alike.
func wipe(ctx context.Context, tx *db.Tx) error {
	for _, table := range []string{
		"mail_message", "order_note", "refund_line", "refund", "shipment_line", "shipment", "provider_event", "payment_entry", "payment_attempt",
		"reservation", "order_tax", "order_line", "order_number", "orders", "cart_line", "cart", "stock_movement", "stock_level",
		"request_key", "throttle", "job", "outbox", "change_log",
	} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// setPrice gives a variant the price that every run begins with.
func setPrice(ctx context.Context, tx *db.Tx, list, variant string, price money.Minor) error {
	_, err := tx.Exec(ctx, `UPDATE price SET amount = $1 WHERE list_id = $2 AND variant_id = $3`, price, list, variant)
	return err
}

// nextJob is when the next job that waits is due, in milliseconds; 0 when none
// waits.
func nextJob(ctx context.Context, q db.Q) (at int64, err error) {
	err = q.QueryRow(ctx, `SELECT COALESCE(MIN(CASE WHEN lease_until IS NOT NULL AND lease_until > run_at THEN lease_until ELSE run_at END), 0) FROM job WHERE state = 'waiting'`).Scan(&at)
	return at, err
}

func orderIDs(ctx context.Context, q db.Q) ([]string, error) {
	return db.All(ctx, q, func(rows *db.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	}, `SELECT id FROM orders ORDER BY created_at, id`)
}

// tally is what the money ledger says of an attempt.
type tally struct{ captured, refunded, voided money.Minor }

func tallies(ctx context.Context, q db.Q) (map[string]tally, error) {
	type row struct {
		attempt, kind string
		amount        money.Minor
	}
	rows, err := db.All(ctx, q, func(rows *db.Rows) (r row, err error) {
		return r, rows.Scan(&r.attempt, &r.kind, &r.amount)
	}, `SELECT attempt_id, kind, CAST(SUM(amount) AS BIGINT) FROM payment_entry GROUP BY attempt_id, kind`)
	all := make(map[string]tally)
	for _, r := range rows {
		t := all[r.attempt]
		switch r.kind {
		case "capture":
			t.captured = r.amount
		case "refund":
			t.refunded = r.amount
		case "void":
			t.voided = r.amount
		}
		all[r.attempt] = t
	}
	return all, err
}

// sold is what the reservations say lines still wait for, by line.
func sold(ctx context.Context, q db.Q) (map[string]int64, error) {
	units := make(map[string]int64)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var line string
		var n int64
		err := rows.Scan(&line, &n)
		units[line] = n
		return struct{}{}, err
	}, `SELECT order_line_id, CAST(SUM(quantity) AS BIGINT) FROM reservation WHERE state = 'used' GROUP BY order_line_id`)
	return units, err
}

// movements counts the entries of the stock ledger by document and cause.
func movements(ctx context.Context, q db.Q, cause string) (map[string]int64, error) {
	counts := make(map[string]int64)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var document string
		var n int64
		err := rows.Scan(&document, &n)
		counts[document] = n
		return struct{}{}, err
	}, `SELECT document, COUNT(*) FROM stock_movement WHERE cause = $1 GROUP BY document`, cause)
	return counts, err
}

// letters lists what the outbox says of its letters: once key → state.
func letters(ctx context.Context, q db.Q) (map[string]string, error) {
	all := make(map[string]string)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var key, state string
		err := rows.Scan(&key, &state)
		all[key] = state
		return struct{}{}, err
	}, `SELECT once_key, state FROM mail_message`)
	return all, err
}

func held(ctx context.Context, q db.Q) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM reservation WHERE state = 'held'`).Scan(&n)
	return n, err
}

// lockWaits tells which of PostgreSQL's processes wait for a row that another
// transaction holds.
func lockWaits(ctx context.Context, q db.Q, backends []int64) (map[int64]bool, error) {
	waiting := make(map[int64]bool)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var pid int64
		err := rows.Scan(&pid)
		waiting[pid] = true
		return struct{}{}, err
	}, `SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple', 'advisory') AND pid IN `+db.In(1, len(backends)), db.Args(backends)...)
	return waiting, err
}

// cancelStatement has PostgreSQL end the statement a process works at.
func cancelStatement(ctx context.Context, q db.Q, backend int64) error {
	var done bool
	return q.QueryRow(ctx, `SELECT pg_cancel_backend(CAST($1 AS INTEGER))`, backend).Scan(&done)
}
