package staff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// row is a member of staff as stored: name and address are sealed.
type row struct {
	Person
	keyID       string
	email, name []byte
	hash        string
}

const columns = `id, key_id, email, name, password_hash, role, active, locale, single_keys, created_at, version`

func scan(rows *db.Rows) (r row, err error) {
	err = rows.Scan(&r.ID, &r.keyID, &r.email, &r.name, &r.hash, (*string)(&r.Role), db.Truth(&r.Active), &r.Locale, db.Truth(&r.SingleKeys), db.Time(&r.CreatedAt), &r.Version)
	r.Invited = r.hash == ""
	return r, err
}

func byID(ctx context.Context, q db.Q, id string) (row, error) {
	r, err := db.First(ctx, q, scan, `SELECT `+columns+` FROM staff WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return r, fault.New(fault.NotFound, "staff.not_found")
	}
	return r, err
}

// byEmail returns the member with this blind index; ErrNoRows when none has it.
func byEmail(ctx context.Context, q db.Q, index []byte) (row, error) {
	return db.First(ctx, q, scan, `SELECT `+columns+` FROM staff WHERE email_index = $1`, index)
}

func list(ctx context.Context, q db.Q) ([]row, error) {
	return db.All(ctx, q, scan, `SELECT `+columns+` FROM staff ORDER BY id`)
}

func exists(ctx context.Context, q db.Q) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM staff LIMIT 1) AS s`).Scan(&n)
	return n > 0, err
}

// insert writes a member of staff; false when the address is taken.
func insert(ctx context.Context, tx *db.Tx, r row, index []byte) (bool, error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO staff (id, key_id, email, email_index, name, password_hash, role, active, locale, single_keys, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, 1)
		ON CONFLICT (email_index) DO NOTHING`,
		r.ID, r.keyID, r.email, index, r.name, r.hash, string(r.Role), db.Bool(r.Active), r.Locale, db.Bool(r.SingleKeys), tx.Now().UnixMilli())
	return n == 1, err
}

func setPassword(ctx context.Context, tx *db.Tx, id, hash string) error {
	_, err := tx.Exec(ctx, `UPDATE staff SET password_hash = $1, updated_at = $2, version = version + 1 WHERE id = $3`, hash, tx.Now().UnixMilli(), id)
	return err
}

// rehash replaces a hash by one of the same password, perhaps the same, and
// locks the member. It is false when the password was changed or the member
// switched off meanwhile.
func rehash(ctx context.Context, tx *db.Tx, id, old, fresh string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE staff SET password_hash = $1 WHERE id = $2 AND password_hash = $3 AND active = 1`, fresh, id, old)
	return n == 1, err
}

func setProfile(ctx context.Context, tx *db.Tx, r row, version int64) error {
	return versioned(tx.Exec(ctx, `UPDATE staff SET name = $1, locale = $2, single_keys = $3, updated_at = $4, version = version + 1 WHERE id = $5 AND version = $6`,
		r.name, r.Locale, db.Bool(r.SingleKeys), tx.Now().UnixMilli(), r.ID, version))
}

func setLocale(ctx context.Context, tx *db.Tx, id, locale string) error {
	_, err := tx.Exec(ctx, `UPDATE staff SET locale = $1, updated_at = $2 WHERE id = $3`, locale, tx.Now().UnixMilli(), id)
	return err
}

func setRole(ctx context.Context, tx *db.Tx, id string, role policy.Role, active bool, version int64) error {
	return versioned(tx.Exec(ctx, `UPDATE staff SET role = $1, active = $2, updated_at = $3, version = version + 1 WHERE id = $4 AND version = $5`,
		string(role), db.Bool(active), tx.Now().UnixMilli(), id, version))
}

func versioned(n int64, err error) error {
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "version.changed")
	}
	return err
}

// owners locks every active owner who can sign in and returns their ids.
func owners(ctx context.Context, tx *db.Tx) ([]string, error) {
	return db.All(ctx, tx, db.String, `SELECT id FROM staff WHERE role = $1 AND active = 1 AND password_hash <> '' ORDER BY id`+tx.ForUpdate(), string(policy.RoleOwner))
}

// digest is what is stored of a token.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func insertSession(ctx context.Context, tx *db.Tx, token, staffID string) error {
	now := tx.Now()
	_, err := tx.Exec(ctx, `INSERT INTO session (id, kind, subject_id, created_at, seen_at, expires_at) VALUES ($1, 'staff', $2, $3, $3, $4)`,
		digest(token), staffID, now.UnixMilli(), now.Add(idleFor).UnixMilli())
	return err
}

// signedIn is who a session belongs to.
type signedIn struct {
	row
	createdAt, seenAt time.Time
}

// bySession returns the active member behind a live session.
func bySession(ctx context.Context, q db.Q, id string, now time.Time) (s signedIn, err error) {
	scan := func(rows *db.Rows) (s signedIn, err error) {
		err = rows.Scan(&s.ID, &s.keyID, &s.email, &s.name, (*string)(&s.Role), &s.Locale, db.Truth(&s.SingleKeys), &s.Version, db.Time(&s.createdAt), db.Time(&s.seenAt))
		s.Active = true
		return s, err
	}
	return db.First(ctx, q, scan, `
		SELECT p.id, p.key_id, p.email, p.name, p.role, p.locale, p.single_keys, p.version, s.created_at, s.seen_at
		FROM session s JOIN staff p ON p.id = s.subject_id
		WHERE s.id = $1 AND s.kind = 'staff' AND s.expires_at > $2 AND p.active = 1`, id, now.UnixMilli())
}

func touchSession(ctx context.Context, tx *db.Tx, id string, until time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE session SET seen_at = $1, expires_at = $2 WHERE id = $3`, tx.Now().UnixMilli(), until.UnixMilli(), id)
	return err
}

func endSession(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM session WHERE id = $1 AND kind = 'staff'`, id)
	return err
}

// endSessions ends every session of a member but one ("" ends all).
func endSessions(ctx context.Context, tx *db.Tx, staffID, but string) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM session WHERE kind = 'staff' AND subject_id = $1 AND id <> $2`, staffID, but)
}

// insertToken stores a one-time token and takes the validity of those with the
// same purpose and subject.
func insertToken(ctx context.Context, tx *db.Tx, token, purpose, subject string, valid time.Duration) error {
	if _, err := tx.Exec(ctx, `DELETE FROM one_time_token WHERE purpose = $1 AND subject_id = $2 AND used_at IS NULL`, purpose, subject); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO one_time_token (id, purpose, subject_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		digest(token), purpose, subject, tx.Now().UnixMilli(), tx.Now().Add(valid).UnixMilli())
	return err
}

// tokenSubject returns whose live token this is; ErrNoRows when it is none.
func tokenSubject(ctx context.Context, q db.Q, token, purpose string, now time.Time) (subject string, err error) {
	err = q.QueryRow(ctx, `SELECT subject_id FROM one_time_token WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3`,
		digest(token), purpose, now.UnixMilli()).Scan(&subject)
	return subject, err
}

// useToken spends a token; false when it was spent or has expired.
func useToken(ctx context.Context, tx *db.Tx, token, purpose string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE one_time_token SET used_at = $1 WHERE id = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1`,
		tx.Now().UnixMilli(), digest(token), purpose)
	return n == 1, err
}

func sweepSessions(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE expires_at < $1`, tx.Now().UnixMilli()); err != nil {
		return fmt.Errorf("sweep sessions: %w", err)
	}
	_, err := tx.Exec(ctx, `DELETE FROM one_time_token WHERE expires_at < $1`, tx.Now().UnixMilli())
	return err
}
