package customer

import (
	"context"

	"github.com/stoashop/stoa/platform/db"
)

// hasOpenOrders reports whether a customer waits for something to be shipped
// or is paying this very moment.
func hasOpenOrders(ctx context.Context, q db.Q, id string) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `
		SELECT COUNT(*) FROM (
			SELECT 1 AS one FROM orders
			WHERE customer_id = $1 AND (state = 'draft' OR (state = 'placed' AND fulfilment_state IN ('unfulfilled', 'partly_shipped'))) LIMIT 1
		) AS waiting`, id).Scan(&n)
	return n > 0, err
}

// keysOf lists the keys of everything that is sealed about a customer. Letters
// are under the keys of what they are about. index is the blind index of an
// address that is the customer's for certain; nil when it was never proven, for
// then what came from there may be somebody else's.
func keysOf(ctx context.Context, tx *db.Tx, id string, index []byte) ([]string, error) {
	return db.All(ctx, tx, db.String, `
		SELECT key_id FROM orders WHERE customer_id = $1
		UNION SELECT key_id FROM cart WHERE customer_id = $1 AND key_id IS NOT NULL
		UNION SELECT key_id FROM customer WHERE id = $1
		UNION SELECT key_id FROM contact_message WHERE email_index = $2
		ORDER BY key_id`, id, index)
}

// blank takes away what could still lead to a customer once the keys are gone:
// the blind indexes, which become no address's, what was typed into the bag,
// and every way in.
func blank(ctx context.Context, tx *db.Tx, id string, keys []string, nobody []byte) error {
	now := tx.Now().UnixMilli()
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE customer SET email_index = $1, password_hash = '', verified_at = NULL, updated_at = $2, version = version + 1 WHERE id = $3`, []any{nobody, now, id}},
		{`UPDATE orders SET email_index = $1, updated_at = $2 WHERE customer_id = $3`, []any{nobody, now, id}},
		{`UPDATE cart SET contact = NULL, key_id = NULL WHERE customer_id = $1`, []any{id}},
		{`UPDATE mail_message SET recipient_index = $1 WHERE key_id IN ` + db.In(2, len(keys)), append([]any{nobody}, db.Args(keys)...)},
		{`UPDATE contact_message SET email_index = $1, updated_at = $2 WHERE key_id IN ` + db.In(3, len(keys)), append([]any{nobody, now}, db.Args(keys)...)},
		{`DELETE FROM customer_address WHERE customer_id = $1`, []any{id}},
		{`DELETE FROM session WHERE kind = 'customer' AND subject_id = $1`, []any{id}},
		{`DELETE FROM one_time_token WHERE subject_id = $1`, []any{id}},
	} {
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return err
		}
	}
	return nil
}
