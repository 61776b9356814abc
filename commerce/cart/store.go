package cart

import (
	"context"
	"errors"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

const columns = `c.id, c.customer_id, c.key_id, c.market_id, c.currency, c.locale, c.state, c.contact, c.shipping_method, c.payment_method, c.created_at, c.updated_at, c.expires_at, c.version`

type sealed struct {
	Cart
	details []byte
}

func scan(rows *db.Rows) (c sealed, err error) {
	var state string
	err = rows.Scan(&c.ID, db.Null(&c.CustomerID), db.Null(&c.KeyID), &c.MarketID, &c.Currency, &c.Locale, &state, &c.details, &c.ShippingMethod, &c.PaymentMethod, db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt), db.Time(&c.ExpiresAt), &c.Version)
	c.State = State(state)
	return c, err
}

// NotFound is the answer for a cart that is not there, or not the asker's.
func notFound() error { return fault.New(fault.NotFound, "cart.not_found") }

func findOpen(ctx context.Context, q db.Q, o Owner, hash string, now time.Time, lock string) (sealed, error) {
	var c sealed
	var err error
	switch {
	case o.CustomerID != "":
		c, err = db.First(ctx, q, scan, `SELECT `+columns+` FROM cart c WHERE c.customer_id = $1 AND c.state = 'open'`+lock, o.CustomerID)
	case hash != "":
		c, err = db.First(ctx, q, scan, `SELECT `+columns+` FROM cart c WHERE c.token_hash = $1 AND c.customer_id IS NULL AND c.state = 'open' AND c.expires_at > $2`+lock, hash, now.UnixMilli())
	default:
		return c, notFound()
	}
	if errors.Is(err, db.ErrNoRows) {
		return c, notFound()
	}
	return c, err
}

func findAny(ctx context.Context, q db.Q, id string) (sealed, error) {
	c, err := db.First(ctx, q, scan, `SELECT `+columns+` FROM cart c WHERE c.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return c, notFound()
	}
	return c, err
}

func insert(ctx context.Context, tx *db.Tx, c Cart, tokenHash string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO cart (id, token_hash, customer_id, market_id, currency, locale, state, shipping_method, payment_method, created_at, updated_at, expires_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, 'open', '', '', $7, $7, $8, 1)`,
		c.ID, tokenHash, db.Null(&c.CustomerID), c.MarketID, c.Currency, c.Locale, tx.Now().UnixMilli(), c.ExpiresAt.UnixMilli())
	return err
}

// touch notes that a cart changed.
func touch(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE cart SET version = version + 1, updated_at = $1, expires_at = $2 WHERE id = $3`,
		tx.Now().UnixMilli(), tx.Now().Add(Lifetime).UnixMilli(), id)
	return err
}

func saveDetails(ctx context.Context, tx *db.Tx, c Cart, details []byte) error {
	return tx.Send(ctx, `
		UPDATE cart SET key_id = $1, contact = $2, shipping_method = $3, payment_method = $4, locale = $5, version = version + 1, updated_at = $6, expires_at = $7
		WHERE id = $8`,
		db.Null(&c.KeyID), details, c.ShippingMethod, c.PaymentMethod, c.Locale, tx.Now().UnixMilli(), tx.Now().Add(Lifetime).UnixMilli(), c.ID)
}

func setState(ctx context.Context, tx *db.Tx, id string, state State) error {
	return tx.Send(ctx, `UPDATE cart SET state = $1, updated_at = $2 WHERE id = $3`, string(state), tx.Now().UnixMilli(), id)
}

// closeAt notes that a cart was ordered at a version; false when it has another
// one by now, or is gone.
func closeAt(ctx context.Context, tx *db.Tx, id string, version int64) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE cart SET state = 'ordered', updated_at = $1 WHERE id = $2 AND version = $3`, tx.Now().UnixMilli(), id, version)
	return n == 1, err
}

// replace puts an empty cart in the place of one that was ordered: it is found
// by the same secret or the same customer.
func replace(ctx context.Context, tx *db.Tx, id string, c Cart) error {
	hash, err := db.First(ctx, tx, db.String, `SELECT token_hash FROM cart WHERE id = $1`, id)
	if err != nil {
		return err
	}
	// No secret has this hash: an id is shorter.
	if _, err := tx.Exec(ctx, `UPDATE cart SET state = 'ordered', token_hash = id, updated_at = $1 WHERE id = $2`, tx.Now().UnixMilli(), id); err != nil {
		return err
	}
	return insert(ctx, tx, c, hash)
}

func adopt(ctx context.Context, tx *db.Tx, id, customerID string) error {
	_, err := tx.Exec(ctx, `UPDATE cart SET customer_id = $1, version = version + 1, updated_at = $2 WHERE id = $3`, customerID, tx.Now().UnixMilli(), id)
	return err
}

// line is a bare cart line.
type line struct {
	id, variant, personal string
	quantity              int64
	seen                  money.Minor
}

func linesOf(ctx context.Context, q db.Q, cartID string) ([]line, error) {
	return db.All(ctx, q, func(rows *db.Rows) (l line, err error) {
		err = rows.Scan(&l.id, &l.variant, &l.personal, &l.quantity, &l.seen)
		return l, err
	}, `SELECT id, variant_id, personal_key, quantity, seen_price FROM cart_line WHERE cart_id = $1 ORDER BY created_at, id`, cartID)
}

// putLine makes a line or sets the quantity of the one with the same identity.
func putLine(ctx context.Context, tx *db.Tx, cartID string, l line) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO cart_line (id, cart_id, variant_id, personal_key, quantity, seen_price, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (cart_id, variant_id, personal_key) DO UPDATE SET quantity = excluded.quantity, seen_price = excluded.seen_price`,
		l.id, cartID, l.variant, l.personal, l.quantity, l.seen, tx.Now().UnixMilli())
	return err
}

func setQuantity(ctx context.Context, tx *db.Tx, cartID, lineID string, n int64, seen money.Minor) error {
	_, err := tx.Exec(ctx, `UPDATE cart_line SET quantity = $1, seen_price = $2 WHERE id = $3 AND cart_id = $4`, n, seen, lineID, cartID)
	return err
}

func deleteLine(ctx context.Context, tx *db.Tx, cartID, lineID string) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM cart_line WHERE id = $1 AND cart_id = $2`, lineID, cartID)
}

func seePrices(ctx context.Context, tx *db.Tx, cartID string, items []Item) error {
	args := []any{cartID}
	for _, i := range items {
		args = append(args, i.LineID, int64(i.Unit))
	}
	_, err := tx.Exec(ctx, `
		UPDATE cart_line SET seen_price = d.column2
		FROM (VALUES `+db.Tuples(2, len(items), "TEXT", "BIGINT")+`) AS d
		WHERE cart_line.id = d.column1 AND cart_line.cart_id = $1`, args...)
	return err
}

// goods are the columns of an item that come from the catalogue.
const goods = `v.id, v.sku, v.combination, v.tracked, v.weight_grams, v.hs_code, v.origin, p.id, p.name, p.tax_class_id,
	CASE WHEN v.status = 'active' AND (p.status = 'active' OR (p.status = 'scheduled' AND p.publish_at <= $1)) AND (p.end_at IS NULL OR p.end_at > $1) AND r.amount IS NOT NULL THEN 1 ELSE 0 END,
	COALESCE(r.amount, 0), COALESCE(r.compare_at, 0),
	COALESCE((SELECT s.slug FROM slug s WHERE s.object_id = p.id AND s.current = 1 ORDER BY CASE WHEN s.locale = $3 THEN 0 ELSE 1 END, s.locale LIMIT 1), ''),
	m.hash, m.width, m.height, m.colour, m.alt, `

const goodsFrom = `
	JOIN product p ON p.id = v.product_id
	LEFT JOIN price r ON r.variant_id = v.id AND r.list_id = $2
	LEFT JOIN media m ON m.id = COALESCE(v.media_id, (SELECT pm.media_id FROM product_media pm WHERE pm.product_id = p.id ORDER BY pm.position, pm.media_id LIMIT 1))`

func scanGoods(rows *db.Rows, r Rules, before ...any) (Item, error) {
	var i Item
	var class string
	var hash, colour, alt *string
	var width, height *int64
	dest := append(before, &i.VariantID, &i.SKU, &i.combination, db.Truth(&i.Tracked), &i.Weight, &i.HSCode, &i.Origin, &i.ProductID, db.JSON(&i.Name), &class,
		db.Truth(&i.Sold), &i.Unit, &i.CompareAt, &i.Slug, &hash, &width, &height, &colour, &alt, &i.Stock.Sellable, &i.Stock.Shelf)
	if err := rows.Scan(dest...); err != nil {
		return i, err
	}
	i.Stock.Tracked = i.Tracked
	i.Class = r.Classes[class]
	if hash != nil {
		i.Image = Image{Hash: *hash, Width: *width, Height: *height, Colour: *colour}
		if err := db.JSON(&i.Image.Alt).Scan(*alt); err != nil {
			return i, err
		}
	}
	return i, nil
}

// itemsOf reads a cart's lines with their goods as they are now.
func itemsOf(ctx context.Context, q db.Q, cartID, lang string, r Rules, now time.Time) ([]Item, error) {
	items, err := db.All(ctx, q, func(rows *db.Rows) (Item, error) {
		var l line
		i, err := scanGoods(rows, r, &l.id, &l.personal, &l.quantity, &l.seen)
		i.LineID, i.PersonalKey, i.Quantity, i.SeenPrice = l.id, l.personal, l.quantity, l.seen
		return i, err
	}, `
		SELECT c.id, c.personal_key, c.quantity, c.seen_price, `+goods+inventory.StockSQL("v", "$1")+`
		FROM cart_line c JOIN variant v ON v.id = c.variant_id`+goodsFrom+`
		WHERE c.cart_id = $4 ORDER BY c.created_at, c.id`, now.UnixMilli(), r.PriceListID, lang, cartID)
	if err != nil {
		return nil, err
	}
	return items, nameOptions(ctx, q, items)
}

// goodsOf reads the goods of one variant as if it were a line.
func goodsOf(ctx context.Context, q db.Q, variantID, lang string, r Rules, now time.Time) (Item, error) {
	i, err := db.First(ctx, q, func(rows *db.Rows) (Item, error) { return scanGoods(rows, r) }, `
		SELECT `+goods+inventory.StockSQL("v", "$1")+`
		FROM variant v`+goodsFrom+`
		WHERE v.id = $4`, now.UnixMilli(), r.PriceListID, lang, variantID)
	if errors.Is(err, db.ErrNoRows) {
		return i, fault.New(fault.NotFound, "cart.unknown_variant")
	}
	return i, err
}

// nameOptions fills in the names of the chosen option values.
func nameOptions(ctx context.Context, q db.Q, items []Item) error {
	var ids []string
	for _, i := range items {
		ids = append(ids, splitCombination(i.combination)...)
	}
	if len(ids) == 0 {
		return nil
	}
	names := make(map[string]locale.Text, len(ids))
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id string
		var name locale.Text
		err := rows.Scan(&id, db.JSON(&name))
		names[id] = name
		return struct{}{}, err
	}, `SELECT id, name FROM option_value WHERE id IN `+db.In(1, len(ids)), db.Args(ids)...)
	for i := range items {
		for _, id := range splitCombination(items[i].combination) {
			items[i].Options = append(items[i].Options, names[id])
		}
	}
	return err
}

// purgeExpired deletes up to limit carts whose time is over, oldest first, and
// what was typed at their checkout. An order outlives its cart; only one that
// may still be paid keeps it.
func purgeExpired(ctx context.Context, tx *db.Tx, limit int) (int64, error) {
	ids, err := db.All(ctx, tx, db.String, `SELECT id FROM cart WHERE expires_at <= $1
		AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.cart_id = cart.id AND o.state = 'draft')
		ORDER BY expires_at LIMIT $2`+tx.SkipLocked(), tx.Now().UnixMilli(), limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM cart_line WHERE cart_id IN `+db.In(1, len(ids)), db.Args(ids)...); err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `DELETE FROM cart WHERE id IN `+db.In(1, len(ids)), db.Args(ids)...)
}

func count(ctx context.Context, q db.Q, o Owner, hash string, now time.Time) (n int64, err error) {
	const sum = `SELECT CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) FROM cart_line l JOIN cart c ON c.id = l.cart_id WHERE c.state = 'open' AND `
	switch {
	case o.CustomerID != "":
		err = q.QueryRow(ctx, sum+`c.customer_id = $1`, o.CustomerID).Scan(&n)
	case hash != "":
		err = q.QueryRow(ctx, sum+`c.token_hash = $1 AND c.customer_id IS NULL AND c.expires_at > $2`, hash, now.UnixMilli()).Scan(&n)
	}
	return n, err
}

// lastOrdered names the cart an owner has just ordered: a guest's by its
// secret, a customer's newest since an instant.
func lastOrdered(ctx context.Context, q db.Q, o Owner, hash string, since time.Time) (id string, err error) {
	switch {
	case o.CustomerID != "":
		err = q.QueryRow(ctx, `SELECT id FROM cart WHERE customer_id = $1 AND state = 'ordered' AND updated_at >= $2 ORDER BY updated_at DESC LIMIT 1`, o.CustomerID, since.UnixMilli()).Scan(&id)
	case hash != "":
		err = q.QueryRow(ctx, `SELECT id FROM cart WHERE token_hash = $1 AND customer_id IS NULL AND state = 'ordered'`, hash).Scan(&id)
	default:
		err = db.ErrNoRows
	}
	if errors.Is(err, db.ErrNoRows) {
		return "", notFound()
	}
	return id, err
}
