package once

import (
	"context"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// row is what the table knows of a key that somebody else has claimed.
type row struct {
	bodyHash []byte
	done     bool
	response []byte
}

// insertClaim takes a key that is free or whose time is over. With correct it
// also takes one whose answer was a refusal, for another body: a form that was
// corrected.
func insertClaim(ctx context.Context, tx *db.Tx, c *claim, correct bool) (won bool, err error) {
	least := 1000 // no status: never
	if correct {
		least = 400
	}
	now := tx.Now()
	n, err := tx.Exec(ctx, `
		INSERT INTO request_key (scope, key, body_hash, state, status, headers, response, created_at, expires_at)
		VALUES ($1, $2, $3, 'running', 0, $4, NULL, $5, $6)
		ON CONFLICT (scope, key) DO UPDATE
		SET body_hash = excluded.body_hash, state = 'running', status = 0, headers = excluded.headers,
		    response = NULL, created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE request_key.expires_at <= $5
		   OR (request_key.status >= $7 AND request_key.body_hash <> excluded.body_hash)`,
		c.scope, c.key, c.bodyHash, c.token, now.UnixMilli(), now.Add(lease).UnixMilli(), least)
	return n == 1, err
}

func findRow(ctx context.Context, tx *db.Tx, c *claim) (r row, err error) {
	err = tx.QueryRow(ctx, `
		SELECT body_hash, state = 'done', response
		FROM request_key
		WHERE scope = $1 AND key = $2`,
		c.scope, c.key).Scan(&r.bodyHash, &r.done, &r.response)
	return r, err
}

// complete writes the answer if the claim still stands. While a request is
// under way the column headers holds the token of the attempt.
func complete(ctx context.Context, tx *db.Tx, c *claim, a Response) error {
	sealed, err := c.seal(a)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		UPDATE request_key
		SET state = 'done', status = $1, headers = '', response = $2, expires_at = $3
		WHERE scope = $4 AND key = $5 AND state = 'running' AND headers = $6`,
		a.Status, sealed, tx.Now().Add(keep).UnixMilli(), c.scope, c.key, c.token)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "idempotency_lost")
	}
	return err
}

func deleteClaim(ctx context.Context, tx *db.Tx, c *claim) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM request_key
		WHERE scope = $1 AND key = $2 AND state = 'running' AND headers = $3`,
		c.scope, c.key, c.token)
	return err
}

func deleteExpired(ctx context.Context, tx *db.Tx, most int) (int64, error) {
	return tx.Exec(ctx, `
		DELETE FROM request_key
		WHERE (scope, key) IN (
			SELECT scope, key FROM request_key
			WHERE expires_at <= $1
			ORDER BY expires_at, scope, key
			LIMIT $2)`,
		tx.Now().UnixMilli(), most)
}
