package order

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
)

// Service keeps orders. It opens and seals what is personal in them.
type Service struct {
	vault *privacy.Vault
}

// New returns the service.
func New(vault *privacy.Vault) *Service { return &Service{vault} }

// MaxNote bounds the shopper's and the staff's notes, in bytes.
const MaxNote = 2000

// HashToken is how a token is stored and looked up.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Insert writes a fresh draft with its lines and taxes. o.ID, o.Token, o.KeyID
// and the lines' ids are set by the caller.
func (s *Service) Insert(ctx context.Context, tx *db.Tx, o Order) error {
	index, contact, note, err := s.seal(ctx, o)
	if err != nil {
		return err
	}
	token, err := s.vault.SealText(ctx, o.KeyID, "orders.token:"+o.ID, o.Token)
	if err != nil {
		return err
	}
	if err := insertOrder(ctx, tx, o, HashToken(o.Token), index, token, contact, note); err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	return s.insertParts(ctx, tx, o)
}

// Reopen writes a draft's agreement anew, with fresh lines. What was held for
// it must have been released before.
func (s *Service) Reopen(ctx context.Context, tx *db.Tx, o Order) error {
	index, contact, note, err := s.seal(ctx, o)
	if err != nil {
		return err
	}
	if err := deleteLines(ctx, tx, o.ID); err != nil {
		return fmt.Errorf("clear draft: %w", err)
	}
	if err := reopen(ctx, tx, o, index, contact, note); err != nil {
		return fmt.Errorf("reopen draft: %w", err)
	}
	return s.insertParts(ctx, tx, o)
}

func (s *Service) insertParts(ctx context.Context, tx *db.Tx, o Order) error {
	if err := insertLines(ctx, tx, o.ID, o.Lines); err != nil {
		return fmt.Errorf("insert order lines: %w", err)
	}
	if err := insertTaxes(ctx, tx, o.ID, o.Taxes); err != nil {
		return fmt.Errorf("insert order taxes: %w", err)
	}
	return nil
}

func (s *Service) seal(ctx context.Context, o Order) (index, contact, note []byte, err error) {
	if contact, err = s.vault.SealJSON(ctx, o.KeyID, "orders.contact:"+o.ID, o.Contact); err != nil {
		return nil, nil, nil, err
	}
	if o.Note != "" {
		if note, err = s.vault.SealText(ctx, o.KeyID, "orders.note:"+o.ID, o.Note); err != nil {
			return nil, nil, nil, err
		}
	}
	return s.EmailIndex(o.Contact.Email), contact, note, nil
}

// EmailIndex is the blind index under which orders of an address are found.
func (s *Service) EmailIndex(email string) []byte {
	return s.vault.Index("email", market.EmailKey(email))
}

// open fills in what is sealed. Of an erased person only the agreement is left.
func (s *Service) open(ctx context.Context, row sealed) (Order, error) {
	o := row.Order
	var err error
	if o.Token, err = s.vault.OpenText(ctx, o.KeyID, "orders.token:"+o.ID, row.token); err != nil && !errors.Is(err, privacy.ErrErased) {
		return o, err
	}
	if err = s.vault.OpenJSON(ctx, o.KeyID, "orders.contact:"+o.ID, row.contact, &o.Contact); err != nil && !errors.Is(err, privacy.ErrErased) {
		return o, err
	}
	if o.Note, err = s.vault.OpenText(ctx, o.KeyID, "orders.note:"+o.ID, row.note); err != nil && !errors.Is(err, privacy.ErrErased) {
		return o, err
	}
	if row.fields != nil {
		if err = s.vault.OpenJSON(ctx, o.KeyID, "orders.fields:"+o.ID, row.fields, &o.Fields); err != nil && !errors.Is(err, privacy.ErrErased) {
			return o, err
		}
	}
	return o, nil
}

// load opens a row and reads its parts.
func (s *Service) load(ctx context.Context, q db.Q, row sealed) (Order, error) {
	o, err := s.open(ctx, row)
	if err != nil {
		return o, err
	}
	if o.Lines, err = linesOf(ctx, q, o.ID); err != nil {
		return o, fmt.Errorf("load order lines: %w", err)
	}
	if o.Attempts, err = attemptsOf(ctx, q, o.ID); err != nil {
		return o, fmt.Errorf("load payment attempts: %w", err)
	}
	o.Taxes = o.Quote.Taxes
	return o, nil
}

func (s *Service) get(ctx context.Context, q db.Q, k key, lock string) (Order, error) {
	row, err := find(ctx, q, k, lock)
	if err != nil {
		return Order{}, err
	}
	return s.load(ctx, q, row)
}

// Get returns an order for staff; "order.not_found" when there is none.
func (s *Service) Get(ctx context.Context, q db.Q, id string) (Order, error) {
	return s.get(ctx, q, key{"id", id}, "")
}

// ByNumber returns a placed order for staff by its stored number.
func (s *Service) ByNumber(ctx context.Context, q db.Q, number int64) (Order, error) {
	return s.get(ctx, q, key{"number", number}, "")
}

// ByToken returns the order a secret link opens.
func (s *Service) ByToken(ctx context.Context, q db.Q, token string) (Order, error) {
	if len(token) != 43 {
		return Order{}, NotFound()
	}
	return s.get(ctx, q, key{"token_hash", HashToken(token)}, "")
}

// ForCustomer returns a customer's own placed order by number; anybody else's
// is "order.not_found".
func (s *Service) ForCustomer(ctx context.Context, q db.Q, customerID string, number int64) (Order, error) {
	o, err := s.get(ctx, q, key{"number", number}, "")
	if err == nil && (customerID == "" || o.CustomerID != customerID) {
		return Order{}, NotFound()
	}
	return o, err
}

// OfCart returns the order a cart became, if any, without locking it.
func (s *Service) OfCart(ctx context.Context, q db.Q, cartID string) (Order, bool, error) {
	o, err := s.get(ctx, q, key{"cart_id", cartID}, "")
	if fault.Is(err, fault.NotFound) {
		return o, false, nil
	}
	return o, err == nil, err
}

// Lock locks an order for the rest of the transaction and returns it whole.
func (s *Service) Lock(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	return s.get(ctx, tx, key{"id", id}, tx.ForUpdateOf("o"))
}

// LockOfCart is Lock by cart; false when the cart has no order.
func (s *Service) LockOfCart(ctx context.Context, tx *db.Tx, cartID string) (Order, bool, error) {
	o, err := s.get(ctx, tx, key{"cart_id", cartID}, tx.ForUpdateOf("o"))
	if fault.Is(err, fault.NotFound) {
		return o, false, nil
	}
	return o, err == nil, err
}

// OfAttempt names the order of a payment attempt.
func (s *Service) OfAttempt(ctx context.Context, q db.Q, attemptID string) (orderID string, err error) {
	orderID, err = orderOfAttempt(ctx, q, attemptID)
	if errors.Is(err, db.ErrNoRows) {
		return "", NotFound()
	}
	return orderID, err
}

// OfReference names the order and attempt of a provider's payment.
func (s *Service) OfReference(ctx context.Context, q db.Q, provider, reference string) (orderID, attemptID string, err error) {
	if reference == "" {
		return "", "", NotFound()
	}
	orderID, attemptID, err = orderOfReference(ctx, q, provider, reference)
	if errors.Is(err, db.ErrNoRows) {
		return "", "", NotFound()
	}
	return orderID, attemptID, err
}

// Save derives the order's states and writes them. The order must be locked.
// It returns the same order with its new version.
func (s *Service) Save(ctx context.Context, tx *db.Tx, o *Order) error {
	o.Derive()
	return saveState(ctx, tx, o)
}

// AddAttempt records a fresh attempt. subject is what the payment budget needs
// to know of who tries, as JSON without personal data.
func (s *Service) AddAttempt(ctx context.Context, tx *db.Tx, o *Order, a payment.Attempt, subject string) error {
	o.Attempts = append(o.Attempts, a)
	return insertAttempt(ctx, tx, a, subject)
}

// SetAttempt replaces an attempt and adds the ledger entries of what is new.
func (s *Service) SetAttempt(ctx context.Context, tx *db.Tx, o *Order, a payment.Attempt, entries []payment.Entry) error {
	for i := range o.Attempts {
		if o.Attempts[i].ID == a.ID {
			o.Attempts[i] = a
		}
	}
	if err := updateAttempt(ctx, tx, a); err != nil {
		return fmt.Errorf("update payment attempt: %w", err)
	}
	if err := insertEntries(ctx, tx, a, entries); err != nil {
		return fmt.Errorf("record payment entries: %w", err)
	}
	return nil
}

// SubjectOf returns what AddAttempt stored.
func (s *Service) SubjectOf(ctx context.Context, q db.Q, attemptID string) (string, error) {
	return subjectOf(ctx, q, attemptID)
}

// NoteEvent stores a provider's message once, in the transaction of its
// effect; false when it was stored before.
func (s *Service) NoteEvent(ctx context.Context, tx *db.Tx, provider string, e payment.Event) (bool, error) {
	return insertEvent(ctx, tx, provider, e)
}

// TakeNumber gives an order its number. A second call does nothing.
func (s *Service) TakeNumber(ctx context.Context, tx *db.Tx, o *Order) error {
	if o.Number != 0 {
		return nil
	}
	n, err := nextNumber(ctx, tx, o.ID)
	if err != nil {
		return fmt.Errorf("take an order number: %w", err)
	}
	o.Number = n
	return nil
}

// Place gives a draft its number and day, in the zone of the shop, and tells
// of it. The caller saves.
func (s *Service) Place(ctx context.Context, tx *db.Tx, o *Order, zone *time.Location) error {
	if o.State == Placed {
		return nil
	}
	if err := s.TakeNumber(ctx, tx, o); err != nil {
		return err
	}
	o.State = Placed
	o.PlacedAt = tx.Now()
	o.LocalDay = tx.Now().In(zone).Format(time.DateOnly)
	if err := event.Emit(ctx, tx, Events().Placed, Ref{o.ID}); err != nil {
		return err
	}
	return s.Log(ctx, tx, s.ShopperOf(*o), o.ID, "order.placed", map[string]any{"number": o.PublicNumber(), "total": o.Total, "currency": o.Currency})
}

// ShopperOf is the order's shopper as an actor.
func (s *Service) ShopperOf(o Order) audit.Actor {
	if o.CustomerID != "" {
		return audit.Customer(o.CustomerID)
	}
	return audit.Guest(o.ID)
}

// Log appends to the order's timeline.
func (s *Service) Log(ctx context.Context, tx *db.Tx, actor audit.Actor, orderID, action string, after any) error {
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: "order", ID: orderID, After: after})
}

// TooMany is the answer to more units than a line has open.
func TooMany(l Line) error {
	return fault.New(fault.Conflict, "order.too_many_units").At("lines."+l.ID, "order.only_open", "count", l.Open())
}

// AddUnits raises a line's counters in the database and in o. It fails with
// "order.too_many_units" when the line has fewer left.
func (s *Service) AddUnits(ctx context.Context, tx *db.Tx, o *Order, lineID string, n Count) error {
	ok, err := addUnits(ctx, tx, lineID, n)
	if err != nil {
		return err
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.ID != lineID {
			continue
		}
		if !ok {
			return TooMany(*l)
		}
		l.Shipped += n.Shipped
		l.Cancelled += n.Cancelled
		l.Refunded += n.Refunded
		l.Returned += n.Returned
		l.Restocked += n.Restocked
		l.RefundedAt += n.Gross
		return nil
	}
	return NotFound()
}

// AddShipment records a parcel.
func (s *Service) AddShipment(ctx context.Context, tx *db.Tx, sh Shipment) error {
	return insertShipment(ctx, tx, sh)
}

// Delivered notes that a parcel arrived; false when that was known.
func (s *Service) Delivered(ctx context.Context, tx *db.Tx, shipmentID string) (bool, error) {
	n, err := setDelivered(ctx, tx, shipmentID)
	return n == 1, err
}

// Shipments lists an order's parcels.
func (s *Service) Shipments(ctx context.Context, q db.Q, orderID string) ([]Shipment, error) {
	return shipmentsOf(ctx, q, orderID)
}

// AddRefund records a refund that is about to be asked for.
func (s *Service) AddRefund(ctx context.Context, tx *db.Tx, r Refund) error {
	return insertRefund(ctx, tx, r)
}

// EndRefund notes how a pending refund ended; false when it had ended before.
func (s *Service) EndRefund(ctx context.Context, tx *db.Tx, id string, state RefundState, reference string) (bool, error) {
	return endRefund(ctx, tx, id, state, reference)
}

// Refunds lists an order's refunds, oldest first.
func (s *Service) Refunds(ctx context.Context, q db.Q, orderID string) ([]Refund, error) {
	return refundsOf(ctx, q, orderID)
}

// AddNote adds a remark of staff.
func (s *Service) AddNote(ctx context.Context, tx *db.Tx, actor audit.Actor, o Order, text string) error {
	var form fault.Form
	if text == "" {
		form.Add("note", "form.required")
	}
	if len(text) > MaxNote {
		form.Add("note", "form.too_long", "max", MaxNote)
	}
	if err := form.Err(); err != nil {
		return err
	}
	id := tx.NewID("note")
	sealed, err := s.vault.SealText(ctx, o.KeyID, "order_note.note:"+id, text)
	if err != nil {
		return err
	}
	if err := insertNote(ctx, tx, id, o.ID, actor.ID, sealed); err != nil {
		return fmt.Errorf("insert note: %w", err)
	}
	return s.Log(ctx, tx, actor, o.ID, "order.noted", nil)
}

// Notes lists staff's remarks, oldest first.
func (s *Service) Notes(ctx context.Context, q db.Q, o Order) ([]Note, error) {
	rows, err := notesOf(ctx, q, o.ID)
	notes := make([]Note, 0, len(rows))
	for _, r := range rows {
		n := r.Note
		if n.Text, err = s.vault.OpenText(ctx, o.KeyID, "order_note.note:"+n.ID, r.sealed); err != nil && !errors.Is(err, privacy.ErrErased) {
			return nil, err
		}
		notes = append(notes, n)
	}
	return notes, err
}

// SetFields replaces the values of the merchant's own fields. It fails at
// "fields.CODE", or with "version.changed" when the order has another version.
func (s *Service) SetFields(ctx context.Context, tx *db.Tx, actor audit.Actor, orderID string, values custom.Values, version int64) error {
	o, err := s.Lock(ctx, tx, orderID)
	if err != nil {
		return err
	}
	now, err := custom.Accept(ctx, tx, custom.Order, values, o.Fields)
	if err != nil {
		return err
	}
	sealed, err := s.vault.SealJSON(ctx, o.KeyID, "orders.fields:"+o.ID, now)
	if err != nil {
		return err
	}
	n, err := setFields(ctx, tx, o.ID, sealed, version)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "version.changed")
	}
	if err != nil {
		return err
	}
	changed := []string{}
	for code := range now {
		if before, had := o.Fields[code]; !had || !before.Equal(now[code]) {
			changed = append(changed, code)
		}
	}
	for code := range o.Fields {
		if _, has := now[code]; !has {
			changed = append(changed, code)
		}
	}
	slices.Sort(changed)
	return s.Log(ctx, tx, actor, o.ID, "order.fields_changed", map[string][]string{"changed": changed})
}
