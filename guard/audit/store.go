package audit

import (
	"context"

	"github.com/stoashop/stoa/platform/db"
)

// insert writes an entry, whose number is known when the transaction is on
// disk.
func insert(ctx context.Context, tx *db.Tx, e *Entry) error {
	return tx.SendReturning(ctx, []any{&e.Seq}, `
		INSERT INTO change_log (at, actor_kind, actor_id, action, object_kind, object_id, before, after, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		RETURNING seq`,
		e.At.UnixMilli(), string(e.Actor.Kind), e.Actor.ID, e.Action, e.Object, e.ID, string(e.Before), string(e.After), e.Reason)
}

const columns = `seq, at, actor_kind, actor_id, action, object_kind, object_id, before, after, reason`

func scan(rows *db.Rows) (e Entry, err error) {
	var kind, before, after string
	err = rows.Scan(&e.Seq, db.Time(&e.At), &kind, &e.Actor.ID, &e.Action, &e.Object, &e.ID, &before, &after, &e.Reason)
	e.Actor.Kind, e.Before, e.After = Kind(kind), []byte(before), []byte(after)
	return e, err
}

func history(ctx context.Context, q db.Q, object, id string, limit int) ([]Entry, error) {
	return db.All(ctx, q, scan, `
		SELECT `+columns+` FROM change_log
		WHERE object_kind = $1 AND object_id = $2
		ORDER BY seq DESC LIMIT $3`, object, id, limit)
}

// newest is the highest number in the log, 0 when it is empty.
func newest(ctx context.Context, q db.Q) (seq int64, err error) {
	err = q.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM change_log`).Scan(&seq)
	return seq, err
}

// after lists entries above seq, and those of missing that have turned up.
func after(ctx context.Context, q db.Q, seq int64, missing []int64, limit int) ([]Entry, error) {
	args := append([]any{seq, limit}, db.Args(missing)...)
	return db.All(ctx, q, scan, `
		SELECT `+columns+` FROM change_log
		WHERE seq > $1 OR seq IN `+db.In(3, len(missing))+`
		ORDER BY seq LIMIT $2`, args...)
}
