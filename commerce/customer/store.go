package customer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// row is a customer as stored: what is personal is sealed.
type row struct {
	Customer
	keyID                      string
	email, name, phone, fields []byte
	index                      []byte
	hash                       string
}

const columns = `c.id, c.key_id, c.email, c.email_index, c.name, c.phone, c.fields, c.password_hash, c.locale, c.verified_at, c.created_at, c.updated_at, c.version`

func (r *row) places() []any {
	return []any{&r.ID, &r.keyID, &r.email, &r.index, &r.name, &r.phone, &r.fields, &r.hash, &r.Locale, db.Time(&r.VerifiedAt), db.Time(&r.CreatedAt), db.Time(&r.UpdatedAt), &r.Version}
}

func scan(rows *db.Rows) (r row, err error) {
	err = rows.Scan(r.places()...)
	return r, err
}

// byID reads a customer; lock is tx.ForUpdate() to keep the row, or "".
func byID(ctx context.Context, q db.Q, id, lock string) (row, error) {
	r, err := db.First(ctx, q, scan, `SELECT `+columns+` FROM customer c WHERE c.id = $1`+lock, id)
	if errors.Is(err, db.ErrNoRows) {
		return r, NotFound()
	}
	return r, err
}

// byEmail returns the customer with this blind index; ErrNoRows when none has
// it.
func byEmail(ctx context.Context, q db.Q, index []byte) (row, error) {
	return db.First(ctx, q, scan, `SELECT `+columns+` FROM customer c WHERE c.email_index = $1`, index)
}

func list(ctx context.Context, q db.Q, f Filter, index []byte) ([]row, error) {
	where := []string{"1 = 1"}
	var args []any
	if index != nil {
		args = append(args, index)
		where = append(where, "c.email_index = $1")
	}
	if f.AfterID != "" {
		n := len(args)
		args = append(args, f.After.UnixMilli(), f.AfterID)
		where = append(where, "(c.created_at, c.id) < ($"+strconv.Itoa(n+1)+", $"+strconv.Itoa(n+2)+")")
	}
	args = append(args, f.Limit)
	return db.All(ctx, q, scan, `
		SELECT `+columns+` FROM customer c WHERE `+strings.Join(where, " AND ")+`
		ORDER BY c.created_at DESC, c.id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
}

// insert writes a customer; false when the address is taken.
func insert(ctx context.Context, tx *db.Tx, r row) (bool, error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO customer (id, key_id, email, email_index, name, phone, fields, password_hash, locale, verified_at, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10, $10, 1)
		ON CONFLICT (email_index) DO NOTHING`,
		r.ID, r.keyID, r.email, r.index, r.name, r.phone, r.fields, r.hash, r.Locale, tx.Now().UnixMilli())
	return n == 1, err
}

// touch writes nothing new to a customer: signing up with a known address
// costs what it costs with an unknown one.
func touch(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE customer SET updated_at = updated_at WHERE id = $1`, id)
	return err
}

func setPassword(ctx context.Context, tx *db.Tx, id, hash string) error {
	_, err := tx.Exec(ctx, `UPDATE customer SET password_hash = $1, updated_at = $2, version = version + 1 WHERE id = $3`, hash, tx.Now().UnixMilli(), id)
	return err
}

// rehash replaces a hash by one of the same password with today's costs,
// unless the password was changed meanwhile.
func rehash(ctx context.Context, tx *db.Tx, id, old, fresh string) error {
	_, err := tx.Exec(ctx, `UPDATE customer SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, fresh, id, old)
	return err
}

func setVerified(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE customer SET verified_at = $1, updated_at = $1, version = version + 1 WHERE id = $2 AND verified_at IS NULL`, tx.Now().UnixMilli(), id)
	return err
}

// setEmail moves an account from one address to another, proven one; false
// when it no longer has the old one or somebody has the new one.
func setEmail(ctx context.Context, tx *db.Tx, id string, oldIndex, newIndex, email []byte) (bool, error) {
	n, err := tx.Exec(ctx, `
		UPDATE customer SET email = $1, email_index = $2, verified_at = $3, updated_at = $3, version = version + 1
		WHERE id = $4 AND email_index = $5 AND NOT EXISTS (SELECT 1 FROM customer other WHERE other.email_index = $2)`,
		email, newIndex, tx.Now().UnixMilli(), id, oldIndex)
	return n == 1, err
}

func setProfile(ctx context.Context, tx *db.Tx, r row, version int64) error {
	return versioned(tx.Exec(ctx, `UPDATE customer SET name = $1, phone = $2, locale = $3, updated_at = $4, version = version + 1 WHERE id = $5 AND version = $6`,
		r.name, r.phone, r.Locale, tx.Now().UnixMilli(), r.ID, version))
}

func setFields(ctx context.Context, tx *db.Tx, r row, version int64) error {
	return versioned(tx.Exec(ctx, `UPDATE customer SET fields = $1, updated_at = $2, version = version + 1 WHERE id = $3 AND version = $4`,
		r.fields, tx.Now().UnixMilli(), r.ID, version))
}

func versioned(n int64, err error) error {
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "version.changed")
	}
	return err
}

// attachOrders gives a customer the placed orders of guests with this address
// and returns their ids.
func attachOrders(ctx context.Context, tx *db.Tx, id string, index []byte) ([]string, error) {
	return db.All(ctx, tx, db.String, `
		UPDATE orders SET customer_id = $1, updated_at = $2
		WHERE email_index = $3 AND customer_id IS NULL AND placed_at IS NOT NULL RETURNING id`, id, tx.Now().UnixMilli(), index)
}

func hasPaid(ctx context.Context, q db.Q, id string) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `
		SELECT COUNT(*) FROM (
			SELECT 1 AS one FROM orders WHERE customer_id = $1 AND state = 'placed' AND payment_state IN ('paid', 'partly_refunded') LIMIT 1
		) AS paid`, id).Scan(&n)
	return n > 0, err
}

// digest is what is stored of a token.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func insertSession(ctx context.Context, tx *db.Tx, token, customerID, device string) error {
	now := tx.Now()
	_, err := tx.Exec(ctx, `INSERT INTO session (id, kind, subject_id, created_at, seen_at, expires_at, device) VALUES ($1, 'customer', $2, $3, $3, $4, $5)`,
		digest(token), customerID, now.UnixMilli(), now.Add(idleFor).UnixMilli(), db.Null(&device))
	return err
}

// signedIn is who a session belongs to.
type signedIn struct {
	row
	began, seenAt time.Time
}

// bySession returns the customer behind a live session.
func bySession(ctx context.Context, q db.Q, id string, now time.Time) (signedIn, error) {
	return db.First(ctx, q, func(rows *db.Rows) (s signedIn, err error) {
		err = rows.Scan(append(s.places(), db.Time(&s.began), db.Time(&s.seenAt))...)
		return s, err
	}, `
		SELECT `+columns+`, s.created_at, s.seen_at FROM session s JOIN customer c ON c.id = s.subject_id
		WHERE s.id = $1 AND s.kind = 'customer' AND s.expires_at > $2`, id, now.UnixMilli())
}

func touchSession(ctx context.Context, tx *db.Tx, id string, until time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE session SET seen_at = $1, expires_at = $2 WHERE id = $3`, tx.Now().UnixMilli(), until.UnixMilli(), id)
	return err
}

func endSession(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM session WHERE id = $1 AND kind = 'customer'`, id)
	return err
}

// endSessions ends every session of a customer but one ("" ends all).
func endSessions(ctx context.Context, tx *db.Tx, customerID, but string) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM session WHERE kind = 'customer' AND subject_id = $1 AND id <> $2`, customerID, but)
}

func sessions(ctx context.Context, q db.Q, customerID string, now time.Time) ([]Session, error) {
	return db.All(ctx, q, func(rows *db.Rows) (s Session, err error) {
		err = rows.Scan(&s.ID, db.Null(&s.Device), db.Time(&s.CreatedAt), db.Time(&s.SeenAt))
		return s, err
	}, `SELECT id, device, created_at, seen_at FROM session WHERE kind = 'customer' AND subject_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id`,
		customerID, now.UnixMilli())
}

// insertToken stores a one-time token and takes the validity of those with the
// same purpose and customer.
func insertToken(ctx context.Context, tx *db.Tx, token, purpose, customerID string, until time.Time, sealed []byte) error {
	if err := dropTokens(ctx, tx, customerID, purpose); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO one_time_token (id, purpose, subject_id, created_at, expires_at, sealed) VALUES ($1, $2, $3, $4, $5, $6)`,
		digest(token), purpose, customerID, tx.Now().UnixMilli(), until.UnixMilli(), sealed)
	return err
}

// dropTokens takes the validity of a customer's unused tokens.
func dropTokens(ctx context.Context, tx *db.Tx, customerID string, purposes ...string) error {
	_, err := tx.Exec(ctx, `DELETE FROM one_time_token WHERE subject_id = $1 AND used_at IS NULL AND purpose IN `+db.In(2, len(purposes)),
		append([]any{customerID}, db.Args(purposes)...)...)
	return err
}

// findToken returns whose live token this is; "customer.link_spent" when it is
// none.
func findToken(ctx context.Context, q db.Q, token, purpose string, now time.Time) (customerID string, sealed []byte, err error) {
	if len(token) != 43 {
		return "", nil, spent()
	}
	err = q.QueryRow(ctx, `SELECT subject_id, sealed FROM one_time_token WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3`,
		digest(token), purpose, now.UnixMilli()).Scan(&customerID, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		err = spent()
	}
	return customerID, sealed, err
}

// useToken spends a customer's token; "customer.link_spent" when it was spent,
// has expired or is another's.
func useToken(ctx context.Context, tx *db.Tx, token, purpose, customerID string) error {
	n, err := tx.Exec(ctx, `UPDATE one_time_token SET used_at = $1 WHERE id = $2 AND purpose = $3 AND subject_id = $4 AND used_at IS NULL AND expires_at > $1`,
		tx.Now().UnixMilli(), digest(token), purpose, customerID)
	if err == nil && n == 0 {
		return spent()
	}
	return err
}

func sweep(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE expires_at < $1`, tx.Now().UnixMilli()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM one_time_token WHERE expires_at < $1`, tx.Now().UnixMilli())
	return err
}
