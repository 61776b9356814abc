package mailbox

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// row is a letter as stored: reader and content are sealed.
type row struct {
	Summary
	keyID           string
	sealed, content []byte
}

const columns = `id, template, object_id, key_id, locale, recipient, content, state, attempts, last_error, created_at, sent_at`

func scan(rows *db.Rows) (r row, err error) {
	err = rows.Scan(&r.ID, &r.Template, &r.ObjectID, &r.keyID, &r.Locale, &r.sealed, &r.content, (*string)(&r.State), &r.Attempts, &r.Problem, db.Time(&r.CreatedAt), db.Time(&r.SentAt))
	return r, err
}

// insert writes a letter; false when its once key is taken.
func insert(ctx context.Context, tx *db.Tx, r row, onceKey string, index []byte) (bool, error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO mail_message (id, once_key, template, object_id, key_id, locale, recipient, recipient_index, content, state, attempts, last_error, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', $11)
		ON CONFLICT (once_key) DO NOTHING`,
		r.ID, onceKey, r.Template, r.ObjectID, r.keyID, r.Locale, r.sealed, index, r.content, string(r.State), tx.Now().UnixMilli())
	return n == 1, err
}

func known(ctx context.Context, q db.Q, onceKey string) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `SELECT COUNT(*) FROM mail_message WHERE once_key = $1`, onceKey).Scan(&n)
	return n > 0, err
}

// find reads a letter; lock is tx.ForUpdate() to keep the row, or "".
func find(ctx context.Context, q db.Q, id, lock string) (row, error) {
	r, err := db.First(ctx, q, scan, `SELECT `+columns+` FROM mail_message WHERE id = $1`+lock, id)
	if errors.Is(err, db.ErrNoRows) {
		return r, fault.New(fault.NotFound, "mailbox.not_found")
	}
	return r, err
}

func list(ctx context.Context, q db.Q, f Filter, index []byte) ([]row, error) {
	where := []string{"1 = 1"}
	var args []any
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.State != "" {
		add("state = ?", string(f.State))
	}
	if f.Template != "" {
		add("template = ?", f.Template)
	}
	if f.ObjectID != "" {
		add("object_id = ?", f.ObjectID)
	}
	if index != nil {
		add("recipient_index = ?", index)
	}
	if f.AfterID != "" {
		add("(created_at, id) < (?, ?)", f.After.UnixMilli(), f.AfterID)
	}
	args = append(args, f.Limit)
	return db.All(ctx, q, scan, `
		SELECT `+columns+` FROM mail_message WHERE `+strings.Join(where, " AND ")+`
		ORDER BY created_at DESC, id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
}

// count counts letters of a state, up to most.
func count(ctx context.Context, q db.Q, s State, most int) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM mail_message WHERE state = $1 LIMIT $2) AS counted`, string(s), most).Scan(&n)
	return n, err
}

// move changes a letter's state from one to another and notes a try; false
// when it is no longer in the first.
func move(ctx context.Context, tx *db.Tx, id string, from, to State, tries int64, problem string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE mail_message SET state = $1, attempts = attempts + $2, last_error = $3 WHERE id = $4 AND state = $5`,
		string(to), tries, problem, id, string(from))
	return n == 1, err
}

// setSent notes that a letter was taken, and replaces its content.
func setSent(ctx context.Context, tx *db.Tx, id string, sealed []byte) error {
	_, err := tx.Exec(ctx, `UPDATE mail_message SET state = 'sent', attempts = attempts + 1, last_error = '', content = $1, sent_at = $2 WHERE id = $3 AND state = 'queued'`,
		sealed, tx.Now().UnixMilli(), id)
	return err
}
