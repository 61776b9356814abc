package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/platform/db"
)

const orderColumns = `o.id, o.number, o.token, o.cart_id, o.cart_version, o.customer_id, o.key_id, o.market_id, o.currency, o.locale,
	o.state, o.payment_state, o.fulfilment_state, o.return_state, o.contact, o.note, o.fields,
	o.shipping_code, o.shipping_name, o.payment_method, o.prices_include_tax,
	o.goods_total, o.discount_total, o.shipping_total, o.shipping_tax, o.tax_total, o.total,
	o.authorised_total, o.captured_total, o.refunded_total, o.refunded_shipping,
	o.quote, o.terms_version, o.cancel_reason, o.hold_until, o.created_at, o.placed_at, o.local_day, o.updated_at, o.version`

// sealed is an order row whose personal columns are still closed.
type sealed struct {
	Order
	token, contact, note, fields []byte
}

func scanOrder(rows *db.Rows) (o sealed, err error) {
	var number *int64
	var state, pay, ful, ret string
	err = rows.Scan(&o.ID, &number, &o.token, db.Null(&o.CartID), &o.CartVersion, db.Null(&o.CustomerID), &o.KeyID, &o.MarketID, &o.Currency, &o.Locale,
		&state, &pay, &ful, &ret, &o.contact, &o.note, &o.fields,
		&o.ShippingCode, &o.ShippingName, &o.PaymentMethod, db.Truth(&o.PricesIncludeTax),
		&o.Goods, &o.Discount, &o.Shipping, &o.ShippingTax, &o.Tax, &o.Total,
		&o.Authorised, &o.Captured, &o.Refunded, &o.RefundedShip,
		db.JSON(&o.Quote), &o.TermsVersion, &o.CancelReason, db.Time(&o.HoldUntil), db.Time(&o.CreatedAt), db.Time(&o.PlacedAt), &o.LocalDay, db.Time(&o.UpdatedAt), &o.Version)
	if number != nil {
		o.Number = *number
	}
	o.State, o.Payment, o.Fulfilment, o.Return = State(state), payment.State(pay), FulfilmentState(ful), ReturnState(ret)
	return o, err
}

// key is a way to name one order.
type key struct {
	column string
	value  any
}

func find(ctx context.Context, q db.Q, k key, lock string) (sealed, error) {
	o, err := db.First(ctx, q, scanOrder, `SELECT `+orderColumns+` FROM orders o WHERE o.`+k.column+` = $1`+lock, k.value)
	if errors.Is(err, db.ErrNoRows) {
		return o, NotFound()
	}
	return o, err
}

func scanLine(rows *db.Rows) (l Line, err error) {
	err = rows.Scan(&l.ID, &l.Position, db.Null(&l.VariantID), db.Null(&l.ProductID), &l.SKU, &l.Name, &l.Options, &l.Image, &l.Quantity, &l.Unit, &l.Discount,
		&l.Total.Net, &l.Total.Tax, &l.Total.Gross, &l.TaxRate, &l.TaxCode, &l.Weight, &l.HSCode, &l.Origin, &l.Shipped, &l.Cancelled, &l.Refunded, &l.Restocked, &l.RefundedAt, &l.Returned, db.Truth(&l.Tracked))
	return l, err
}

func linesOf(ctx context.Context, q db.Q, orderID string) ([]Line, error) {
	return db.All(ctx, q, scanLine, `
		SELECT l.id, l.position, l.variant_id, l.product_id, l.sku, l.name, l.options, l.image, l.quantity, l.unit_price, l.discount,
			l.net, l.tax, l.gross, l.tax_rate, l.tax_code, l.weight_grams, l.hs_code, l.origin, l.shipped, l.cancelled, l.refunded, l.restocked, l.refunded_gross, l.returned,
			CASE WHEN EXISTS (SELECT 1 FROM reservation r WHERE r.order_line_id = l.id) THEN 1 ELSE 0 END
		FROM order_line l WHERE l.order_id = $1 ORDER BY l.position`, orderID)
}

func scanAttempt(rows *db.Rows) (a payment.Attempt, err error) {
	var status, reason string
	err = rows.Scan(&a.ID, &a.OrderID, &a.Provider, &a.Method, &a.Amount, &a.Currency, db.Truth(&a.Live), &a.Account, &status, &a.Reference, &a.ContinueURL, &reason, db.JSON(&a.Doubts), db.JSON(&a.Facts), db.Time(&a.CreatedAt))
	a.Status, a.Reason = payment.AttemptStatus(status), payment.Reason(reason)
	return a, err
}

const attemptColumns = `id, order_id, provider, method, amount, currency, live, account, state, provider_ref, continue_url, decline_reason, doubts, facts, created_at`

func attemptsOf(ctx context.Context, q db.Q, orderID string) ([]payment.Attempt, error) {
	return db.All(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM payment_attempt WHERE order_id = $1 ORDER BY created_at, id`, orderID)
}

// orderOfAttempt finds whose attempt it is.
func orderOfAttempt(ctx context.Context, q db.Q, attemptID string) (orderID string, err error) {
	err = q.QueryRow(ctx, `SELECT order_id FROM payment_attempt WHERE id = $1`, attemptID).Scan(&orderID)
	return orderID, err
}

func orderOfReference(ctx context.Context, q db.Q, provider, reference string) (orderID, attemptID string, err error) {
	err = q.QueryRow(ctx, `SELECT order_id, id FROM payment_attempt WHERE provider = $1 AND provider_ref = $2`, provider, reference).Scan(&orderID, &attemptID)
	return orderID, attemptID, err
}

func insertOrder(ctx context.Context, tx *db.Tx, o Order, tokenHash string, emailIndex, token, contact, note []byte) error {
	quote, err := json.Marshal(o.Quote)
	if err != nil {
		return err
	}
	return tx.Send(ctx, `
		INSERT INTO orders (id, token_hash, token, cart_id, cart_version, customer_id, key_id, market_id, currency, locale,
			state, payment_state, fulfilment_state, return_state, email_index, contact, note, shipping_country,
			shipping_code, shipping_name, payment_method, prices_include_tax,
			goods_total, discount_total, shipping_total, shipping_tax, tax_total, total,
			authorised_total, captured_total, refunded_total, refunded_shipping,
			quote, terms_version, cancel_reason, hold_until, created_at, local_day, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
			'draft', 'none', 'unfulfilled', 'none', $11, $12, $13, $14,
			$15, $16, $17, $18,
			$19, $20, $21, $22, $23, $24,
			0, 0, 0, 0,
			$25, $26, '', $27, $28, '', $28, 1)`,
		o.ID, tokenHash, token, db.Null(&o.CartID), o.CartVersion, db.Null(&o.CustomerID), o.KeyID, o.MarketID, o.Currency, o.Locale,
		emailIndex, contact, note, o.Contact.Shipping.Country,
		o.ShippingCode, o.ShippingName, o.PaymentMethod, db.Bool(o.PricesIncludeTax),
		o.Goods, o.Discount, o.Shipping, o.ShippingTax, o.Tax, o.Total,
		string(quote), o.TermsVersion, db.Time(&o.HoldUntil), tx.Now().UnixMilli())
}

// reopen writes a draft's agreement anew.
func reopen(ctx context.Context, tx *db.Tx, o Order, emailIndex, contact, note []byte) error {
	quote, err := json.Marshal(o.Quote)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE orders SET state = 'draft', cart_version = $1, customer_id = $2, locale = $3, email_index = $4, contact = $5, note = $6, shipping_country = $7,
			shipping_code = $8, shipping_name = $9, payment_method = $10,
			goods_total = $11, discount_total = $12, shipping_total = $13, shipping_tax = $14, tax_total = $15, total = $16,
			quote = $17, terms_version = $18, hold_until = $19, updated_at = $20, version = version + 1
		WHERE id = $21`,
		o.CartVersion, db.Null(&o.CustomerID), o.Locale, emailIndex, contact, note, o.Contact.Shipping.Country,
		o.ShippingCode, o.ShippingName, o.PaymentMethod,
		o.Goods, o.Discount, o.Shipping, o.ShippingTax, o.Tax, o.Total,
		string(quote), o.TermsVersion, db.Time(&o.HoldUntil), tx.Now().UnixMilli(), o.ID)
	return err
}

func deleteLines(ctx context.Context, tx *db.Tx, orderID string) error {
	for _, statement := range []string{
		`DELETE FROM reservation WHERE order_id = $1`,
		`DELETE FROM order_line WHERE order_id = $1`,
		`DELETE FROM order_tax WHERE order_id = $1`,
	} {
		if _, err := tx.Exec(ctx, statement, orderID); err != nil {
			return err
		}
	}
	return nil
}

func insertLines(ctx context.Context, tx *db.Tx, orderID string, lines []Line) error {
	const columns = 20
	args := make([]any, 0, columns*len(lines))
	for i := range lines {
		l := &lines[i]
		args = append(args, l.ID, orderID, l.Position, db.Null(&l.VariantID), db.Null(&l.ProductID), l.SKU, l.Name, l.Options, l.Image, l.Quantity, l.Unit, l.Discount,
			l.Total.Net, l.Total.Tax, l.Total.Gross, l.TaxRate, l.TaxCode, l.Weight, l.HSCode, l.Origin)
	}
	rows := ""
	for i := range lines {
		if i > 0 {
			rows += ","
		}
		in := db.In(1+i*columns, columns)
		rows += in[:len(in)-1] + ", 0, 0, 0, 0, 0)"
	}
	return tx.Send(ctx, `
		INSERT INTO order_line (id, order_id, position, variant_id, product_id, sku, name, options, image, quantity, unit_price, discount,
			net, tax, gross, tax_rate, tax_code, weight_grams, hs_code, origin, shipped, cancelled, refunded, restocked, refunded_gross)
		VALUES `+rows, args...)
}

func insertTaxes(ctx context.Context, tx *db.Tx, orderID string, rows []pricing.TaxRow) error {
	if len(rows) == 0 {
		return nil
	}
	args := make([]any, 0, 6*len(rows))
	for _, r := range rows {
		args = append(args, orderID, r.Code, r.Name, r.Rate, r.Total.Net, r.Total.Tax)
	}
	return tx.Send(ctx, `INSERT INTO order_tax (order_id, code, name, rate, net, tax) VALUES `+db.Values(len(rows), 6), args...)
}

func insertAttempt(ctx context.Context, tx *db.Tx, a payment.Attempt, subject string) error {
	return tx.Send(ctx, `
		INSERT INTO payment_attempt (id, order_id, provider, method, amount, currency, live, account, state, provider_ref, continue_url, decline_reason, doubts, facts, subject, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)`,
		a.ID, a.OrderID, a.Provider, a.Method, a.Amount, a.Currency, db.Bool(a.Live), a.Account, string(a.Status), a.Reference, a.ContinueURL, string(a.Reason),
		db.JSON(&a.Doubts), db.JSON(&a.Facts), subject, tx.Now().UnixMilli())
}

func updateAttempt(ctx context.Context, tx *db.Tx, a payment.Attempt) error {
	return tx.Send(ctx, `
		UPDATE payment_attempt SET account = $1, state = $2, provider_ref = $3, continue_url = $4, decline_reason = $5, doubts = $6, facts = $7, updated_at = $8
		WHERE id = $9`,
		a.Account, string(a.Status), a.Reference, a.ContinueURL, string(a.Reason), db.JSON(&a.Doubts), db.JSON(&a.Facts), tx.Now().UnixMilli(), a.ID)
}

func subjectOf(ctx context.Context, q db.Q, attemptID string) (s string, err error) {
	err = q.QueryRow(ctx, `SELECT subject FROM payment_attempt WHERE id = $1`, attemptID).Scan(&s)
	return s, err
}

func insertEntries(ctx context.Context, tx *db.Tx, a payment.Attempt, entries []payment.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	args := make([]any, 0, 8*len(entries))
	for _, e := range entries {
		args = append(args, tx.NewID("pen"), a.OrderID, a.ID, string(e.Kind), e.Amount, a.Currency, e.Reference, tx.Now().UnixMilli())
	}
	return tx.Send(ctx, `
		INSERT INTO payment_entry (id, order_id, attempt_id, kind, amount, currency, provider_ref, created_at)
		VALUES `+db.Values(len(entries), 8), args...)
}

func nextNumber(ctx context.Context, tx *db.Tx, orderID string) (n int64, err error) {
	err = tx.SendReturning(ctx, []any{&n}, `INSERT INTO order_number (order_id) VALUES ($1) RETURNING number`, orderID)
	if err == nil {
		err = tx.Flush(ctx)
	}
	return n, err
}

// saveState writes what Derive computed, and everything else that changes
// after placement.
func saveState(ctx context.Context, tx *db.Tx, o *Order) error {
	var number *int64
	if o.Number != 0 {
		number = &o.Number
	}
	err := tx.SendExactly(ctx, 1, fmt.Errorf("order %s changed under its own lock", o.ID), `
		UPDATE orders SET number = $1, state = $2, payment_state = $3, fulfilment_state = $4, return_state = $5,
			authorised_total = $6, captured_total = $7, refunded_total = $8, refunded_shipping = $9,
			cancel_reason = $10, hold_until = $11, placed_at = $12, local_day = $13, updated_at = $14, version = version + 1
		WHERE id = $15 AND version = $16`,
		number, string(o.State), string(o.Payment), string(o.Fulfilment), string(o.Return),
		o.Authorised, o.Captured, o.Refunded, o.RefundedShip,
		o.CancelReason, db.Time(&o.HoldUntil), db.Time(&o.PlacedAt), o.LocalDay, tx.Now().UnixMilli(), o.ID, o.Version)
	if err != nil {
		return err
	}
	o.Version++
	o.UpdatedAt = tx.Now()
	return nil
}

// addUnits raises a line's counters; the conditions are the lock. It reports
// whether the line could take it.
func addUnits(ctx context.Context, tx *db.Tx, lineID string, c Count) (bool, error) {
	n, err := tx.Exec(ctx, `
		UPDATE order_line SET shipped = shipped + $1, cancelled = cancelled + $2, refunded = refunded + $3, restocked = restocked + $4, refunded_gross = refunded_gross + $5, returned = returned + $7
		WHERE id = $6 AND shipped + cancelled + $1 + $2 <= quantity AND refunded + $3 <= quantity AND restocked + $4 <= quantity AND refunded_gross + $5 <= gross AND returned + $7 <= shipped + $1`,
		c.Shipped, c.Cancelled, c.Refunded, c.Restocked, c.Gross, lineID, c.Returned)
	return n == 1, err
}

func insertShipment(ctx context.Context, tx *db.Tx, s Shipment) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO shipment (id, order_id, position, location_id, carrier, tracking, tracking_url, shipped_at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM shipment WHERE order_id = $2), $3, $4, $5, $6, $7)`,
		s.ID, s.OrderID, s.LocationID, s.Carrier, s.Tracking, s.TrackingURL, s.ShippedAt.UnixMilli())
	if err != nil {
		return err
	}
	args := make([]any, 0, 3*len(s.Lines))
	for _, l := range s.Lines {
		args = append(args, s.ID, l.LineID, l.Quantity)
	}
	_, err = tx.Exec(ctx, `INSERT INTO shipment_line (shipment_id, order_line_id, quantity) VALUES `+db.Values(len(s.Lines), 3), args...)
	return err
}

func setDelivered(ctx context.Context, tx *db.Tx, shipmentID string) (int64, error) {
	return tx.Exec(ctx, `UPDATE shipment SET delivered_at = $1 WHERE id = $2 AND delivered_at IS NULL`, tx.Now().UnixMilli(), shipmentID)
}

func shipmentsOf(ctx context.Context, q db.Q, orderID string) ([]Shipment, error) {
	list, err := db.All(ctx, q, func(rows *db.Rows) (s Shipment, err error) {
		err = rows.Scan(&s.ID, &s.OrderID, &s.Position, &s.LocationID, &s.Carrier, &s.Tracking, &s.TrackingURL, db.Time(&s.ShippedAt), db.Time(&s.DeliveredAt))
		return s, err
	}, `SELECT id, order_id, position, location_id, carrier, tracking, tracking_url, shipped_at, delivered_at FROM shipment WHERE order_id = $1 ORDER BY position`, orderID)
	if err != nil || len(list) == 0 {
		return list, err
	}
	_, err = db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id string
		var l ShipmentLine
		err := rows.Scan(&id, &l.LineID, &l.Quantity)
		for i := range list {
			if list[i].ID == id {
				list[i].Lines = append(list[i].Lines, l)
			}
		}
		return struct{}{}, err
	}, `SELECT sl.shipment_id, sl.order_line_id, sl.quantity FROM shipment_line sl JOIN shipment s ON s.id = sl.shipment_id WHERE s.order_id = $1 ORDER BY sl.order_line_id`, orderID)
	return list, err
}

func insertRefund(ctx context.Context, tx *db.Tx, r Refund) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO refund (id, order_id, attempt_id, amount, tax, shipping, state, reason, provider_ref, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, '', $8, $8)`,
		r.ID, r.OrderID, r.AttemptID, r.Amount, r.Tax, r.Shipping, r.Reason, tx.Now().UnixMilli())
	if err != nil || len(r.Lines) == 0 {
		return err
	}
	args := make([]any, 0, 8*len(r.Lines))
	for _, l := range r.Lines {
		args = append(args, r.ID, l.LineID, l.Quantity, l.Amount, l.Tax, l.Restocked, l.Cancelled, l.Returned)
	}
	_, err = tx.Exec(ctx, `INSERT INTO refund_line (refund_id, order_line_id, quantity, amount, tax, restocked, cancelled, returned) VALUES `+db.Values(len(r.Lines), 8), args...)
	return err
}

// endRefund moves a pending refund to its end; false when it had ended.
func endRefund(ctx context.Context, tx *db.Tx, id string, state RefundState, reference string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE refund SET state = $1, provider_ref = $2, updated_at = $3 WHERE id = $4 AND state = 'pending'`,
		string(state), reference, tx.Now().UnixMilli(), id)
	return n == 1, err
}

func refundsOf(ctx context.Context, q db.Q, orderID string) ([]Refund, error) {
	list, err := db.All(ctx, q, func(rows *db.Rows) (r Refund, err error) {
		var state string
		err = rows.Scan(&r.ID, &r.OrderID, &r.AttemptID, &r.Amount, &r.Tax, &r.Shipping, &state, &r.Reason, &r.Reference, db.Time(&r.CreatedAt), db.Time(&r.UpdatedAt))
		r.State = RefundState(state)
		return r, err
	}, `SELECT id, order_id, attempt_id, amount, tax, shipping, state, reason, provider_ref, created_at, updated_at FROM refund WHERE order_id = $1 ORDER BY created_at, id`, orderID)
	if err != nil || len(list) == 0 {
		return list, err
	}
	_, err = db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id string
		var l RefundLine
		err := rows.Scan(&id, &l.LineID, &l.Quantity, &l.Amount, &l.Tax, &l.Restocked, &l.Cancelled, &l.Returned)
		for i := range list {
			if list[i].ID == id {
				list[i].Lines = append(list[i].Lines, l)
			}
		}
		return struct{}{}, err
	}, `SELECT rl.refund_id, rl.order_line_id, rl.quantity, rl.amount, rl.tax, rl.restocked, rl.cancelled, rl.returned FROM refund_line rl JOIN refund r ON r.id = rl.refund_id WHERE r.order_id = $1 ORDER BY rl.order_line_id`, orderID)
	return list, err
}

func insertNote(ctx context.Context, tx *db.Tx, id, orderID, staffID string, sealed []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO order_note (id, order_id, staff_id, note, created_at) VALUES ($1, $2, $3, $4, $5)`,
		id, orderID, staffID, sealed, tx.Now().UnixMilli())
	return err
}

type sealedNote struct {
	Note
	sealed []byte
}

func notesOf(ctx context.Context, q db.Q, orderID string) ([]sealedNote, error) {
	return db.All(ctx, q, func(rows *db.Rows) (n sealedNote, err error) {
		err = rows.Scan(&n.ID, &n.StaffID, &n.sealed, db.Time(&n.At))
		return n, err
	}, `SELECT id, staff_id, note, created_at FROM order_note WHERE order_id = $1 ORDER BY created_at, id`, orderID)
}

// insertEvent stores a provider's message once; false when it was there.
func insertEvent(ctx context.Context, tx *db.Tx, provider string, e payment.Event) (bool, error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO provider_event (provider, event_id, attempt_id, kind, received_at, processed_at)
		VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (provider, event_id) DO NOTHING`,
		provider, e.ID, e.AttemptID, e.Kind, tx.Now().UnixMilli())
	return n == 1, err
}

func setFields(ctx context.Context, tx *db.Tx, id string, fields []byte, version int64) (int64, error) {
	return tx.Exec(ctx, `UPDATE orders SET fields = $1, updated_at = $2, version = version + 1 WHERE id = $3 AND version = $4`,
		fields, tx.Now().UnixMilli(), id, version)
}
