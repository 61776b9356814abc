package staff

import (
	"context"
	"errors"
	"time"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

const tokenColumns = `t.id, t.name, t.hint, t.scopes, t.made_by, t.created_at, t.expires_at, t.used_at, t.revoked_at`

// tokenRow is a token with what its maker may still do.
type tokenRow struct {
	Token
	makerRole   policy.Role
	makerActive bool
}

func scanToken(rows *db.Rows) (r tokenRow, err error) {
	var active int64
	var role string
	err = rows.Scan(&r.ID, &r.Name, &r.Hint, db.JSON(&r.Scopes), db.Null(&r.MadeBy), db.Time(&r.CreatedAt), db.Time(&r.ExpiresAt), db.Time(&r.UsedAt), db.Time(&r.RevokedAt), &role, &active)
	r.makerRole, r.makerActive = policy.Role(role), active == 1
	return r, err
}

const fromTokens = `
	SELECT ` + tokenColumns + `, COALESCE(s.role, ''), COALESCE(s.active, 0)
	FROM api_token t LEFT JOIN staff s ON s.id = t.made_by`

func insertAPIToken(ctx context.Context, tx *db.Tx, t Token, secret string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO api_token (id, token_hash, hint, name, scopes, made_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.ID, digest(secret), t.Hint, t.Name, db.JSON(&t.Scopes), db.Null(&t.MadeBy), t.CreatedAt.UnixMilli(), db.Time(&t.ExpiresAt))
	return err
}

// tokenBySecret returns the token of a key, dead ones too; ErrNoRows when
// there is none.
func tokenBySecret(ctx context.Context, q db.Q, secret string) (tokenRow, error) {
	return db.First(ctx, q, scanToken, fromTokens+` WHERE t.token_hash = $1`, digest(secret))
}

func tokenByID(ctx context.Context, q db.Q, id string) (tokenRow, error) {
	r, err := db.First(ctx, q, scanToken, fromTokens+` WHERE t.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return r, fault.New(fault.NotFound, "staff.token_not_found")
	}
	return r, err
}

// tokensBefore lists tokens, the newest first: ids grow with time.
func tokensBefore(ctx context.Context, q db.Q, before string, n int) ([]tokenRow, error) {
	if before == "" {
		return db.All(ctx, q, scanToken, fromTokens+` ORDER BY t.id DESC LIMIT $1`, n)
	}
	return db.All(ctx, q, scanToken, fromTokens+` WHERE t.id < $1 ORDER BY t.id DESC LIMIT $2`, before, n)
}

// tokenNames puts the names of all tokens into a map, by their ids.
func tokenNames(ctx context.Context, q db.Q, names map[string]string) error {
	type named struct{ id, name string }
	list, err := db.All(ctx, q, func(rows *db.Rows) (t named, err error) { return t, rows.Scan(&t.id, &t.name) }, `SELECT id, name FROM api_token`)
	for _, t := range list {
		names[t.id] = t.name
	}
	return err
}

// liveTokens counts up to most tokens that have not been revoked.
func liveTokens(ctx context.Context, q db.Q, most int) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM api_token WHERE revoked_at IS NULL LIMIT $1) AS t`, most).Scan(&n)
	return n, err
}

// revokeToken ends a token; false when it was ended before.
func revokeToken(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, tx.Now().UnixMilli(), id)
	return n == 1, err
}

func touchToken(ctx context.Context, tx *db.Tx, id string, seen time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE api_token SET used_at = $1 WHERE id = $2`, seen.UnixMilli(), id)
	return err
}
