package cart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Service keeps carts.
type Service struct {
	vault *privacy.Vault
	rules func(marketID string) Rules // "" is the default market
}

// New returns the service. rules tells a market's current settings.
func New(vault *privacy.Vault, rules func(marketID string) Rules) *Service {
	return &Service{vault, rules}
}

// Rules are the settings a market has now; "" is the default market.
func (s *Service) Rules(marketID string) Rules { return s.rules(marketID) }

func hashOf(token string) string {
	if len(token) != 43 {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func splitCombination(c string) []string {
	if c == "" {
		return nil
	}
	return strings.Split(c, "+")
}

func (s *Service) open(ctx context.Context, c sealed) (Cart, error) {
	if c.KeyID == "" {
		return c.Cart, nil
	}
	err := s.vault.OpenJSON(ctx, c.KeyID, "cart.contact:"+c.ID, c.details, &c.Details)
	if errors.Is(err, privacy.ErrErased) {
		err = nil
	}
	return c.Cart, err
}

// Bag returns the owner's cart, priced now. An owner without a cart has an
// empty one, with ID "".
func (s *Service) Bag(ctx context.Context, q db.Q, o Owner, lang string, now time.Time) (Bag, error) {
	row, err := findOpen(ctx, q, o, hashOf(o.Token), now, "")
	if fault.Is(err, fault.NotFound) {
		r := s.rules("")
		return Bag{Cart: Cart{MarketID: r.MarketID, Currency: r.Currency, Locale: lang}, To: r.Home, Guessed: true}, nil
	}
	if err != nil {
		return Bag{}, err
	}
	return s.fill(ctx, q, row, lang, now)
}

func (s *Service) fill(ctx context.Context, q db.Q, row sealed, lang string, now time.Time) (Bag, error) {
	c, err := s.open(ctx, row)
	if err != nil {
		return Bag{}, err
	}
	r := s.rules(c.MarketID)
	items, err := itemsOf(ctx, q, c.ID, lang, r, now)
	if err != nil {
		return Bag{}, fmt.Errorf("read cart items: %w", err)
	}
	return Fill(c, items, r, now)
}

// Count is the number of units in the owner's cart, for the badge.
func (s *Service) Count(ctx context.Context, q db.Q, o Owner, now time.Time) (int64, error) {
	return count(ctx, q, o, hashOf(o.Token), now)
}

// Lock locks the owner's cart for the rest of the transaction and prices it.
func (s *Service) Lock(ctx context.Context, tx *db.Tx, o Owner, lang string) (Bag, error) {
	row, err := findOpen(ctx, tx, o, hashOf(o.Token), tx.Now(), tx.ForUpdateOf("c"))
	if err != nil {
		return Bag{}, err
	}
	return s.fill(ctx, tx, row, lang, tx.Now())
}

// checkQuantity refuses what is no quantity of goods.
func (r Rules) checkQuantity(path string, n, least int64) error {
	var form fault.Form
	switch {
	case n < least:
		form.Add(path, "form.too_small", "min", least)
	case n > r.MaxPerLine:
		form.Add(path, "form.too_large", "max", r.MaxPerLine)
	}
	return form.Err()
}

// checkStock refuses more units of a variant than a bag may hold.
func (r Rules) checkStock(i Item, wanted int64) error {
	if wanted <= r.Display.Ceiling(i.Stock) {
		return nil
	}
	reason, params := r.Display.Lack(i.Stock.Sellable)
	return fault.New(fault.Conflict, "cart.not_enough").At("quantity", reason, params...)
}

// Added is the result of Add.
type Added struct {
	CartID   string
	Token    string // of a cart that was made just now; "" otherwise
	Item     Item   // the line as it is now
	Quantity int64  // units in the cart
}

// Add puts units of a variant into the owner's cart, which is made if there is
// none. Units of a variant that is already there are added to its line. It
// holds no stock: stock is held while somebody pays.
//
// It fails with "cart.unknown_variant" for a variant that is unknown or not on
// sale, and at "quantity" for one that is below 1, above the shop's limit for
// a line, or more than a bag may hold (see inventory.Display.Ceiling).
func (s *Service) Add(ctx context.Context, tx *db.Tx, o Owner, variantID string, quantity int64, lang string) (Added, error) {
	var out Added
	r := s.rules("")
	if err := r.checkQuantity("quantity", quantity, 1); err != nil {
		return out, err
	}
	item, err := goodsOf(ctx, tx, variantID, lang, r, tx.Now())
	if err != nil {
		return out, err
	}
	if !item.Sold {
		return out, fault.New(fault.NotFound, "cart.unknown_variant")
	}

	row, err := findOpen(ctx, tx, o, hashOf(o.Token), tx.Now(), tx.ForUpdateOf("c"))
	var have []line
	switch {
	case fault.Is(err, fault.NotFound):
		out.Token = tx.NewToken()
		c := Cart{ID: tx.NewID("crt"), CustomerID: o.CustomerID, MarketID: r.MarketID, Currency: r.Currency, Locale: lang, ExpiresAt: tx.Now().Add(Lifetime)}
		if err := insert(ctx, tx, c, hashOf(out.Token)); err != nil {
			return out, fmt.Errorf("make cart: %w", err)
		}
		row.Cart = c
	case err != nil:
		return out, err
	default:
		if have, err = linesOf(ctx, tx, row.ID); err != nil {
			return out, err
		}
	}
	out.CartID = row.ID

	put := line{id: tx.NewID("cln"), variant: variantID, quantity: quantity, seen: item.Unit}
	known, wanted := false, quantity
	for _, l := range have {
		out.Quantity += l.quantity
		if l.variant != variantID {
			continue
		}
		wanted += l.quantity
		if l.personal == "" {
			known = true
			put.id = l.id
			put.quantity += l.quantity
		}
	}
	if !known && len(have) >= MaxLines {
		return out, fault.New(fault.Conflict, "cart.too_many_lines").With("max", MaxLines)
	}
	if err := r.checkQuantity("quantity", put.quantity, 1); err != nil {
		return out, err
	}
	if err := r.checkStock(item, wanted); err != nil {
		return out, err
	}
	if err := putLine(ctx, tx, row.ID, put); err != nil {
		return out, fmt.Errorf("put cart line: %w", err)
	}
	out.Quantity += quantity
	item.LineID, item.Quantity, item.SeenPrice = put.id, put.quantity, item.Unit
	items := []Item{item}
	if err := nameOptions(ctx, tx, items); err != nil {
		return out, err
	}
	out.Item = items[0]
	return out, touch(ctx, tx, row.ID)
}

// SetQuantity sets a line to n units, 0 removes it. Setting what is there is
// no error; a line that is not in the owner's cart is "cart.unknown_line". It
// refuses like Add, and the line stays as it was.
func (s *Service) SetQuantity(ctx context.Context, tx *db.Tx, o Owner, lineID string, n int64, lang string) error {
	row, err := findOpen(ctx, tx, o, hashOf(o.Token), tx.Now(), tx.ForUpdateOf("c"))
	if err != nil {
		return err
	}
	r := s.rules(row.MarketID)
	if n == 0 {
		gone, err := deleteLine(ctx, tx, row.ID, lineID)
		if err != nil || gone == 0 {
			return errors.Join(err, unknownLine(gone))
		}
		return touch(ctx, tx, row.ID)
	}
	if err := r.checkQuantity("quantity", n, 0); err != nil {
		return err
	}
	lines, err := linesOf(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.id != lineID {
			continue
		}
		item, err := goodsOf(ctx, tx, l.variant, lang, r, tx.Now())
		if err != nil {
			return err
		}
		if n > l.quantity {
			if !item.Sold {
				return fault.New(fault.Conflict, "cart.gone").At("quantity", "cart.gone")
			}
			wanted := n
			for _, m := range lines {
				if m.id != l.id && m.variant == l.variant {
					wanted += m.quantity
				}
			}
			if err := r.checkStock(item, wanted); err != nil {
				return err
			}
		}
		if err := setQuantity(ctx, tx, row.ID, lineID, n, item.Unit); err != nil {
			return err
		}
		return touch(ctx, tx, row.ID)
	}
	return unknownLine(0)
}

func unknownLine(found int64) error {
	if found > 0 {
		return nil
	}
	return fault.New(fault.NotFound, "cart.unknown_line")
}

// SeePrices notes that the owner has been shown the prices of bag, so that
// only later changes are pointed out.
func (s *Service) SeePrices(ctx context.Context, tx *db.Tx, b Bag) error {
	if sold := b.Sold(); len(sold) > 0 {
		return seePrices(ctx, tx, b.Cart.ID, sold)
	}
	return nil
}

// SetDetails keeps what the shopper typed at the checkout, and the choices of
// delivery and payment, as they are: nothing is checked until the order is
// placed, so nothing typed is ever lost. Setting the same again changes
// nothing, not even the version.
func (s *Service) SetDetails(ctx context.Context, tx *db.Tx, b *Bag, d Details, shippingMethod, paymentMethod, lang string) error {
	c := &b.Cart
	if c.KeyID != "" && c.Details == d && c.ShippingMethod == shippingMethod && c.PaymentMethod == paymentMethod && c.Locale == lang {
		return nil
	}
	if c.KeyID == "" {
		key, err := s.vault.NewKey()
		if err != nil {
			return err
		}
		c.KeyID = key
	}
	sealedDetails, err := s.vault.SealJSON(ctx, c.KeyID, "cart.contact:"+c.ID, d)
	if err != nil {
		return err
	}
	c.Details, c.ShippingMethod, c.PaymentMethod, c.Locale = d, shippingMethod, paymentMethod, lang
	if err := saveDetails(ctx, tx, *c, sealedDetails); err != nil {
		return fmt.Errorf("save cart details: %w", err)
	}
	c.Version++
	return nil
}

// Refill prices a locked bag anew after its details changed, from the items
// already read.
func (s *Service) Refill(b Bag, now time.Time) (Bag, error) {
	return Fill(b.Cart, b.Items, s.rules(b.Cart.MarketID), now)
}

// LastOrdered names the cart the owner has just ordered, for the second click
// that comes after the first one was answered. A customer's counts for ten
// minutes, a guest's for as long as the cookie lives.
func (s *Service) LastOrdered(ctx context.Context, q db.Q, o Owner, now time.Time) (cartID string, err error) {
	return lastOrdered(ctx, q, o, hashOf(o.Token), now.Add(-10*time.Minute))
}

// Close ends a cart that became an order, at the version that was ordered.
// bought are the units of each variant. What was put into the cart since, while
// its owner was at the bank, stays theirs, in a cart that takes its place. A
// cart that is gone by now is no error.
func (s *Service) Close(ctx context.Context, tx *db.Tx, cartID string, version int64, bought map[string]int64) error {
	if same, err := closeAt(ctx, tx, cartID, version); err != nil || same {
		return err
	}
	row, err := findAny(ctx, tx, cartID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	left, err := linesOf(ctx, tx, cartID)
	if err != nil {
		return err
	}
	bought = maps.Clone(bought)
	for i := range left {
		n := min(left[i].quantity, bought[left[i].variant])
		bought[left[i].variant] -= n
		left[i].quantity -= n
	}
	left = slices.DeleteFunc(left, func(l line) bool { return l.quantity == 0 })
	if len(left) == 0 || row.State != Open {
		return setState(ctx, tx, cartID, Ordered)
	}
	c, err := s.open(ctx, row)
	if err != nil {
		return err
	}
	details := c
	c.ID, c.KeyID, c.ExpiresAt = tx.NewID("crt"), "", tx.Now().Add(Lifetime)
	if err := replace(ctx, tx, cartID, c); err != nil {
		return fmt.Errorf("keep what was not ordered: %w", err)
	}
	for _, l := range left {
		l.id = tx.NewID("cln")
		if err := putLine(ctx, tx, c.ID, l); err != nil {
			return fmt.Errorf("keep what was not ordered: %w", err)
		}
	}
	return s.hand(ctx, tx, details, c)
}

// hand gives what was typed in one cart to another, in which nothing was.
func (s *Service) hand(ctx context.Context, tx *db.Tx, from, to Cart) error {
	if from.KeyID == "" || to.KeyID != "" {
		return nil
	}
	return s.SetDetails(ctx, tx, &Bag{Cart: to}, from.Details, from.ShippingMethod, from.PaymentMethod, to.Locale)
}

// Notice tells a shopper what a merge had to change.
type Notice struct {
	Item   Item
	Reason string // "inventory.…" or "cart.limit"
	Params []any
}

// Merge puts a guest's cart into a customer's (rule B19): the union of lines;
// of a line in both the larger quantity, not the sum; cut to what a bag may hold
// (see inventory.Display.Ceiling) and to the shop's limit, with a notice. What the
// guest typed at the checkout comes along where the customer had typed nothing.
// The guest's cart is used up in the same transaction, so a second call changes nothing. A guest without a cart
// changes nothing either. A customer without a cart takes over the guest's.
func (s *Service) Merge(ctx context.Context, tx *db.Tx, token, customerID, lang string) ([]Notice, error) {
	guest, err := findOpen(ctx, tx, Owner{Token: token}, hashOf(token), tx.Now(), tx.ForUpdateOf("c"))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	own, err := findOpen(ctx, tx, Owner{CustomerID: customerID}, "", tx.Now(), tx.ForUpdateOf("c"))
	if fault.Is(err, fault.NotFound) {
		return nil, adopt(ctx, tx, guest.ID, customerID)
	}
	if err != nil {
		return nil, err
	}
	r := s.rules(own.MarketID)
	theirs, err := itemsOf(ctx, tx, guest.ID, lang, r, tx.Now())
	if err != nil {
		return nil, err
	}
	lines, err := linesOf(ctx, tx, own.ID)
	if err != nil {
		return nil, err
	}
	var notices []Notice
	for _, item := range theirs {
		put := line{id: tx.NewID("cln"), variant: item.VariantID, personal: item.PersonalKey, quantity: item.Quantity, seen: item.SeenPrice}
		for _, l := range lines {
			if l.variant == item.VariantID && l.personal == item.PersonalKey {
				put.id = l.id
				put.quantity = max(put.quantity, l.quantity)
			}
		}
		if put.quantity > r.MaxPerLine {
			put.quantity = r.MaxPerLine
			notices = append(notices, Notice{item, "cart.limit", nil})
		}
		if most := r.Display.Ceiling(item.Stock); item.Sold && put.quantity > most {
			reason, params := r.Display.Lack(item.Stock.Sellable)
			notices = append(notices, Notice{item, reason, params})
			put.quantity = max(most, 1) // what is sold out stays to be seen, and is marked
		}
		if err := putLine(ctx, tx, own.ID, put); err != nil {
			return nil, fmt.Errorf("merge cart line: %w", err)
		}
	}
	typed, err := s.open(ctx, guest)
	if err != nil {
		return nil, err
	}
	if err := s.hand(ctx, tx, typed, own.Cart); err != nil {
		return nil, err
	}
	if err := setState(ctx, tx, guest.ID, Merged); err != nil {
		return nil, err
	}
	return notices, touch(ctx, tx, own.ID)
}

// PurgeExpired deletes carts nobody touched for their lifetime, ordered ones
// too, some hundred at a time. Their orders stay.
func (s *Service) PurgeExpired(ctx context.Context, d *db.DB) error {
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := purgeExpired(ctx, tx, 200)
		return err
	})
}
