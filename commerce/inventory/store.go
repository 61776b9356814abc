package inventory

import (
	"context"
	"slices"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

const levelColumns = `l.variant_id, l.location_id, l.on_hand, l.allocated, l.held, l.safety, l.backorder_limit, l.updated_at`

func scanLevel(rows *db.Rows) (l Level, err error) {
	err = rows.Scan(&l.VariantID, &l.LocationID, &l.OnHand, &l.Allocated, &l.Held, &l.Safety, &l.BackorderLimit, db.Time(&l.UpdatedAt))
	return l, err
}

// lockLevels locks every level of the variants at active locations, in id
// order, and returns them by location position.
func lockLevels(ctx context.Context, tx *db.Tx, variants []string) ([]Level, error) {
	return db.All(ctx, tx, scanLevel, `
		SELECT `+levelColumns+`
		FROM stock_level l JOIN location o ON o.id = l.location_id AND o.active = 1
		WHERE l.variant_id IN `+db.In(1, len(variants))+`
		ORDER BY l.variant_id, o.position, l.location_id`+tx.ForUpdateOf("l"), db.Args(variants)...)
}

// lockMany is lockLevels for any number of variants, which are sorted.
func lockMany(ctx context.Context, tx *db.Tx, variants []string) ([]Level, error) {
	var all []Level
	for some := range slices.Chunk(variants, 1000) {
		levels, err := lockLevels(ctx, tx, some)
		if err != nil {
			return nil, err
		}
		all = append(all, levels...)
	}
	return all, nil
}

// keptAt lists the variants with levels at a location that is about to become
// active or not; none when it is so already.
func keptAt(ctx context.Context, tx *db.Tx, location string, active bool) ([]string, error) {
	return db.All(ctx, tx, db.String, `
		SELECT l.variant_id FROM stock_level l JOIN location o ON o.id = l.location_id
		WHERE o.id = $1 AND o.active <> $2 ORDER BY l.variant_id`, location, db.Bool(active))
}

type hold struct {
	id       string
	line     string
	variant  string
	location string
	quantity int64
	state    string
}

func scanHold(rows *db.Rows) (h hold, err error) {
	err = rows.Scan(&h.id, &h.line, &h.variant, &h.location, &h.quantity, &h.state)
	return h, err
}

// overdueVariants lists variants with held reservations that have run out. It
// locks nothing: levels are locked before reservations, here as everywhere.
func overdueVariants(ctx context.Context, q db.Q, now time.Time, limit int) ([]string, error) {
	return db.All(ctx, q, func(rows *db.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	}, `
		SELECT DISTINCT variant_id FROM (
			SELECT variant_id FROM reservation WHERE state = 'held' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2
		) AS late ORDER BY variant_id`, now.UnixMilli(), limit)
}

// overdue locks the held reservations of variants that have run out, passing
// over those somebody is dealing with. The variants' levels are locked already.
func overdue(ctx context.Context, tx *db.Tx, variants []string, now time.Time, limit int) ([]hold, error) {
	args := append([]any{now.UnixMilli(), limit}, db.Args(variants)...)
	return db.All(ctx, tx, scanHold, `
		SELECT id, order_line_id, variant_id, location_id, quantity, state FROM reservation
		WHERE state = 'held' AND expires_at <= $1 AND variant_id IN `+db.In(3, len(variants))+`
		ORDER BY expires_at, id LIMIT $2`+tx.SkipLocked(), args...)
}

// holdsOf lists what is reserved for an order in any of the states.
func holdsOf(ctx context.Context, q db.Q, orderID string, states ...string) ([]hold, error) {
	return db.All(ctx, q, scanHold, `
		SELECT id, order_line_id, variant_id, location_id, quantity, state FROM reservation
		WHERE order_id = $1 AND state IN `+db.In(2, len(states))+` ORDER BY variant_id, location_id, id`, append([]any{orderID}, db.Args(states)...)...)
}

// setState moves reservations out of "held". All of them, or the transaction
// fails with "inventory.changed".
func setState(ctx context.Context, tx *db.Tx, holds []hold, state string) error {
	args := []any{state}
	for _, h := range holds {
		args = append(args, h.id)
	}
	return tx.SendExactly(ctx, int64(len(holds)), changed(), `UPDATE reservation SET state = $1 WHERE state = 'held' AND id IN `+db.In(2, len(holds)), args...)
}

func insertHolds(ctx context.Context, tx *db.Tx, orderID, state string, takings []taking, until time.Time) error {
	args := make([]any, 0, 9*len(takings))
	for _, t := range takings {
		args = append(args, tx.NewID("rsv"), orderID, t.line, t.variant, t.location, t.quantity, state, until.UnixMilli(), tx.Now().UnixMilli())
	}
	// A line that was held before, and let go, takes up its row again.
	return tx.Send(ctx, `
		INSERT INTO reservation (id, order_id, order_line_id, variant_id, location_id, quantity, state, expires_at, created_at)
		VALUES `+db.Values(len(takings), 9)+`
		ON CONFLICT (order_line_id, location_id) DO UPDATE
		SET quantity = CASE WHEN reservation.state = 'used' THEN reservation.quantity + excluded.quantity ELSE excluded.quantity END,
			state = excluded.state, expires_at = excluded.expires_at`, args...)
}

func extendHolds(ctx context.Context, tx *db.Tx, orderID string, until time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE reservation SET expires_at = $1 WHERE order_id = $2 AND state = 'held' AND expires_at < $1`, until.UnixMilli(), orderID)
	return err
}

// delta is a change of one level.
type delta struct {
	variant, location string
	onHand, allocated int64
	held              int64
}

// apply changes levels and returns for how many of them that was possible.
func apply(ctx context.Context, tx *db.Tx, deltas []delta) (int64, error) {
	query, args := levelChange(tx, deltas, false)
	return tx.Exec(ctx, query, args...)
}

// applyAll changes levels; if one of them cannot change so, the transaction
// fails with otherwise. With guard, only where enough is sellable: the
// condition in the WHERE clause is the lock, so two orders racing for the last
// unit cannot both win, on either engine (rule B11).
func applyAll(ctx context.Context, tx *db.Tx, deltas []delta, guard bool, otherwise error) error {
	query, args := levelChange(tx, deltas, guard)
	return tx.SendExactly(ctx, int64(len(deltas)), otherwise, query, args...)
}

func levelChange(tx *db.Tx, deltas []delta, guard bool) (query string, args []any) {
	args = []any{tx.Now().UnixMilli()}
	for _, d := range deltas {
		args = append(args, d.variant, d.location, d.onHand, d.allocated, d.held)
	}
	query = `
		UPDATE stock_level
		SET on_hand = stock_level.on_hand + d.column3,
		    allocated = stock_level.allocated + d.column4,
		    held = stock_level.held + d.column5,
		    updated_at = $1
		FROM (VALUES ` + db.Tuples(2, len(deltas), "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT") + `) AS d
		WHERE stock_level.variant_id = d.column1 AND stock_level.location_id = d.column2
		  AND stock_level.on_hand + d.column3 BETWEEN 0 AND 1000000000
		  AND stock_level.allocated + d.column4 >= 0
		  AND stock_level.held + d.column5 >= 0`
	if guard {
		query += `
		  AND stock_level.on_hand - stock_level.allocated - stock_level.held - stock_level.safety + stock_level.backorder_limit >= d.column4 + d.column5`
	}
	return query, args
}

func insertMovements(ctx context.Context, tx *db.Tx, list []Movement) error {
	args := make([]any, 0, 11*len(list))
	for _, m := range list {
		args = append(args, tx.NewID("mov"), m.VariantID, m.LocationID, m.OnHandDelta, m.AllocatedDelta, string(m.Cause), m.Document, m.Note, m.ActorKind, m.ActorID, tx.Now().UnixMilli())
	}
	return tx.Send(ctx, `
		INSERT INTO stock_movement (id, variant_id, location_id, on_hand_delta, allocated_delta, cause, document, note, actor_kind, actor_id, created_at)
		VALUES `+db.Values(len(list), 11), args...)
}

// ensureLevels makes empty levels where there are none.
func ensureLevels(ctx context.Context, tx *db.Tx, keys [][2]string) error {
	args := make([]any, 0, 3*len(keys))
	for _, k := range keys {
		args = append(args, k[0], k[1], tx.Now().UnixMilli())
	}
	rows := make([]byte, 0, 40*len(keys))
	for i := range keys {
		if i > 0 {
			rows = append(rows, ',')
		}
		in := db.In(1+3*i, 3)
		rows = append(rows, in[:len(in)-1]+",0,0,0,0,0)"...)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO stock_level (variant_id, location_id, updated_at, on_hand, allocated, held, safety, backorder_limit)
		VALUES `+string(rows)+` ON CONFLICT (variant_id, location_id) DO NOTHING`, args...)
	return err
}

func setPolicy(ctx context.Context, tx *db.Tx, variant, location string, safety, backorder int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE stock_level SET safety = $1, backorder_limit = $2, updated_at = $3
		WHERE variant_id = $4 AND location_id = $5`, safety, backorder, tx.Now().UnixMilli(), variant, location)
	return err
}

func levelsOf(ctx context.Context, q db.Q, variants []string) ([]Level, error) {
	return db.All(ctx, q, scanLevel, `
		SELECT `+levelColumns+`
		FROM stock_level l JOIN location o ON o.id = l.location_id
		WHERE l.variant_id IN `+db.In(1, len(variants))+`
		ORDER BY l.variant_id, o.position, l.location_id`, db.Args(variants)...)
}

// StockSQL is a correlated pair of columns, "sellable, shelf", for the variant
// whose alias is v, at the instant $now: the stock of the active locations,
// with holds that have run out given back. Other packages' stores put it into
// their own queries, so that a page needs no statement of its own for stock.
func StockSQL(v, now string) string {
	const overdue = `COALESCE((SELECT SUM(r.quantity) FROM reservation r WHERE r.variant_id = l.variant_id AND r.location_id = l.location_id AND r.state = 'held' AND r.expires_at <= `
	sum := func(extra string) string {
		return `COALESCE((SELECT CAST(SUM(l.on_hand - l.allocated - l.held - l.safety` + extra + ` + ` + overdue + now + `), 0)) AS BIGINT) ` +
			`FROM stock_level l JOIN location o ON o.id = l.location_id AND o.active = 1 WHERE l.variant_id = ` + v + `.id), 0)`
	}
	return sum(" + l.backorder_limit") + ` AS sellable, ` + sum("") + ` AS shelf`
}

func stockOf(ctx context.Context, q db.Q, variants []string, now time.Time) (map[string]Stock, error) {
	stock := make(map[string]Stock, len(variants))
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id string
		var s Stock
		err := rows.Scan(&id, db.Truth(&s.Tracked), &s.Sellable, &s.Shelf)
		stock[id] = s
		return struct{}{}, err
	}, `SELECT v.id, v.tracked, `+StockSQL("v", "$1")+` FROM variant v WHERE v.id IN `+db.In(2, len(variants)),
		append([]any{now.UnixMilli()}, db.Args(variants)...)...)
	return stock, err
}

func movementsOf(ctx context.Context, q db.Q, variant string, before string, limit int) ([]Movement, error) {
	if before == "" {
		before = "~" // above every id
	}
	return db.All(ctx, q, func(rows *db.Rows) (m Movement, err error) {
		var cause string
		err = rows.Scan(&m.ID, &m.VariantID, &m.LocationID, &m.OnHandDelta, &m.AllocatedDelta, &cause, &m.Document, &m.Note, &m.ActorKind, &m.ActorID, db.Time(&m.At))
		m.Cause = Cause(cause)
		return m, err
	}, `
		SELECT id, variant_id, location_id, on_hand_delta, allocated_delta, cause, document, note, actor_kind, actor_id, created_at
		FROM stock_movement WHERE variant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, variant, before, limit)
}

func scanLocation(rows *db.Rows) (l Location, err error) {
	err = rows.Scan(&l.ID, &l.Code, &l.Name, &l.Country, &l.Position, db.Truth(&l.Active), &l.Version)
	return l, err
}

func locations(ctx context.Context, q db.Q) ([]Location, error) {
	return db.All(ctx, q, scanLocation, `SELECT id, code, name, country, position, active, version FROM location ORDER BY position, id`)
}

func insertLocation(ctx context.Context, tx *db.Tx, l Location) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO location (id, code, name, country, position, active, created_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`, l.ID, l.Code, l.Name, l.Country, l.Position, db.Bool(l.Active), tx.Now().UnixMilli())
	return err
}

func updateLocation(ctx context.Context, tx *db.Tx, l Location) (int64, error) {
	return tx.Exec(ctx, `
		UPDATE location SET code = $1, name = $2, country = $3, position = $4, active = $5, version = version + 1
		WHERE id = $6 AND version = $7`, l.Code, l.Name, l.Country, l.Position, db.Bool(l.Active), l.ID, l.Version)
}

// Discrepancy is a level that its ledger does not explain.
type Discrepancy struct {
	VariantID, LocationID                     string
	OnHand, Allocated, Held                   int64 // as the level says
	LedgerOnHand, LedgerAllocated, LedgerHeld int64 // as movements and reservations say
}

func discrepancies(ctx context.Context, q db.Q, limit int) ([]Discrepancy, error) {
	return db.All(ctx, q, func(rows *db.Rows) (d Discrepancy, err error) {
		err = rows.Scan(&d.VariantID, &d.LocationID, &d.OnHand, &d.Allocated, &d.Held, &d.LedgerOnHand, &d.LedgerAllocated, &d.LedgerHeld)
		return d, err
	}, `
		SELECT variant_id, location_id, on_hand, allocated, held, ledger_on_hand, ledger_allocated, ledger_held
		FROM (
			SELECT l.variant_id, l.location_id, l.on_hand, l.allocated, l.held,
				COALESCE((SELECT CAST(SUM(m.on_hand_delta) AS BIGINT) FROM stock_movement m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id), 0) AS ledger_on_hand,
				COALESCE((SELECT CAST(SUM(m.allocated_delta) AS BIGINT) FROM stock_movement m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id), 0) AS ledger_allocated,
				COALESCE((SELECT CAST(SUM(r.quantity) AS BIGINT) FROM reservation r WHERE r.variant_id = l.variant_id AND r.location_id = l.location_id AND r.state = 'held'), 0) AS ledger_held
			FROM stock_level l
		) AS checked
		WHERE on_hand <> ledger_on_hand OR allocated <> ledger_allocated OR held <> ledger_held
		ORDER BY variant_id, location_id LIMIT $1`, limit)
}

// lowerUsed notes in the reservations that units have left them.
func lowerUsed(ctx context.Context, tx *db.Tx, parts []hold) error {
	args := make([]any, 0, 2*len(parts))
	for _, p := range parts {
		args = append(args, p.id, p.quantity)
	}
	_, err := tx.Exec(ctx, `
		UPDATE reservation SET quantity = reservation.quantity - d.column2
		FROM (VALUES `+db.Tuples(1, len(parts), "TEXT", "BIGINT")+`) AS d
		WHERE reservation.id = d.column1 AND reservation.state = 'used'`, args...)
	return err
}
