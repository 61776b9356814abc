package customer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Filter chooses customers for staff. Zero values choose all.
type Filter struct {
	Email string // a whole address

	// After and AfterID continue below the last row of the page before:
	// its CreatedAt and ID.
	After   time.Time
	AfterID string
	Limit   int // 1..200; 0 is 50
}

// List returns customers for staff, the newest first.
func (s *Service) List(ctx context.Context, q db.Q, f Filter) ([]Customer, error) {
	if f.Limit < 0 || f.Limit > 200 {
		return nil, fault.New(fault.Invalid, "form.invalid").At("limit", "form.too_large", "max", 200)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	var index []byte
	if f.Email != "" {
		index = s.lookup(f.Email)
	}
	rows, err := list(ctx, q, f, index)
	if err != nil {
		return nil, err
	}
	all := make([]Customer, len(rows))
	for i, r := range rows {
		if all[i], err = s.open(ctx, r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Get returns one customer; "customer.not_found" when there is none.
func (s *Service) Get(ctx context.Context, q db.Q, id string) (Customer, error) {
	r, err := byID(ctx, q, id, "")
	if err != nil {
		return Customer{}, err
	}
	return s.open(ctx, r)
}

// SetProfile changes a customer's name, telephone number and language. It
// fails with the fields that will not do, or with "version.changed".
func (s *Service) SetProfile(ctx context.Context, actor audit.Actor, id string, p Profile, version int64) error {
	p, err := p.check()
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		c, err := s.open(ctx, r)
		if err != nil {
			return err
		}
		if c.Erased {
			return NotFound()
		}
		if err := s.sealProfile(ctx, &r, p); err != nil {
			return err
		}
		r.Locale = p.Locale
		if err := setProfile(ctx, tx, r, version); err != nil {
			return err
		}
		var changed []string
		for field, same := range map[string]bool{"name": c.Name == p.Name, "phone": c.Phone == p.Phone, "locale": c.Locale == p.Locale} {
			if !same {
				changed = append(changed, field)
			}
		}
		slices.Sort(changed)
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.profile_changed", Object: "customer", ID: id, After: map[string][]string{"changed": changed}})
	})
}

// SetFields replaces the values of the merchant's own fields. It fails at
// "fields.CODE", or with "version.changed".
func (s *Service) SetFields(ctx context.Context, actor audit.Actor, id string, values custom.Values, version int64) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		c, err := s.open(ctx, r)
		if err != nil {
			return err
		}
		if c.Erased {
			return NotFound()
		}
		now, err := custom.Accept(ctx, tx, custom.Customer, values, c.Fields)
		if err != nil {
			return err
		}
		if err := s.sealFields(ctx, &r, now); err != nil {
			return err
		}
		if err := setFields(ctx, tx, r, version); err != nil {
			return err
		}
		changed := []string{}
		for code := range mapsUnion(c.Fields, now) {
			before, had := c.Fields[code]
			after, has := now[code]
			if had != has || !before.Equal(after) {
				changed = append(changed, code)
			}
		}
		slices.Sort(changed)
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.fields_changed", Object: "customer", ID: id, After: map[string][]string{"changed": changed}})
	})
}

func mapsUnion(a, b custom.Values) custom.Values {
	all := make(custom.Values, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

func (s *Service) openSaved(ctx context.Context, keyID string, a savedRow) (Saved, error) {
	err := s.vault.OpenJSON(ctx, keyID, "customer_address.address:"+a.ID, a.sealed, &a.Address)
	return a.Saved, err
}

// Addresses lists a customer's address book, the oldest entry first.
func (s *Service) Addresses(ctx context.Context, q db.Q, customerID string) ([]Saved, error) {
	r, err := byID(ctx, q, customerID, "")
	if err != nil {
		return nil, err
	}
	rows, err := addresses(ctx, q, customerID)
	if err != nil {
		return nil, err
	}
	book := make([]Saved, 0, len(rows))
	for _, a := range rows {
		saved, err := s.openSaved(ctx, r.keyID, a)
		if errors.Is(err, privacy.ErrErased) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		book = append(book, saved)
	}
	return book, nil
}

// Address returns one entry of a customer's address book; another's is
// "customer.address_not_found".
func (s *Service) Address(ctx context.Context, q db.Q, customerID, id string) (Saved, error) {
	r, err := byID(ctx, q, customerID, "")
	if err != nil {
		return Saved{}, err
	}
	a, err := address(ctx, q, customerID, id)
	if errors.Is(err, db.ErrNoRows) {
		return Saved{}, noAddress()
	}
	if err != nil {
		return Saved{}, err
	}
	return s.openSaved(ctx, r.keyID, a)
}

func noAddress() error { return fault.New(fault.NotFound, "customer.address_not_found") }

// SaveAddress adds an address to a customer's book, or changes the one with
// a.ID. The first address is the default of both kinds; a default stays one
// until another becomes it. It fails with the fields market.Validate names,
// with "customer.address_not_found" for another's, and with
// "customer.too_many_addresses".
func (s *Service) SaveAddress(ctx context.Context, actor audit.Actor, customerID string, a Saved) (Saved, error) {
	a.Address = market.Normalize(a.Address)
	if err := market.Validate(a.Address); err != nil {
		return a, err
	}
	asked := a
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a = asked
		r, err := byID(ctx, tx, customerID, tx.ForUpdate())
		if err != nil {
			return err
		}
		book, err := addresses(ctx, tx, customerID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(book, func(b savedRow) bool { return b.ID == a.ID })
		action := "customer.address_changed"
		switch {
		case a.ID == "":
			if len(book) >= MaxAddresses {
				return fault.New(fault.Conflict, "customer.too_many_addresses").With("max", MaxAddresses)
			}
			a.ID, a.CreatedAt = tx.NewID("adr"), tx.Now()
			action = "customer.address_added"
		case at < 0:
			return noAddress()
		default:
			a.CreatedAt = book[at].CreatedAt
			a.DefaultShipping = a.DefaultShipping || book[at].DefaultShipping
			a.DefaultBilling = a.DefaultBilling || book[at].DefaultBilling
		}
		a.DefaultShipping = a.DefaultShipping || len(book) == 0
		a.DefaultBilling = a.DefaultBilling || len(book) == 0
		a.UpdatedAt = tx.Now()
		sealed, err := s.vault.SealJSON(ctx, r.keyID, "customer_address.address:"+a.ID, a.Address)
		if err != nil {
			return err
		}
		if at < 0 {
			err = insertAddress(ctx, tx, customerID, savedRow{a, sealed})
		} else {
			_, err = updateAddress(ctx, tx, customerID, savedRow{a, sealed})
		}
		if err != nil {
			return err
		}
		if err := keepDefaults(ctx, tx, customerID, book, a); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: "customer", ID: customerID, After: map[string]string{"address_id": a.ID}})
	})
	return a, err
}

// keepDefaults makes the address just saved the only default of the kinds it
// asks to be.
func keepDefaults(ctx context.Context, tx *db.Tx, customerID string, book []savedRow, saved Saved) error {
	shipping, billing := defaults(book)
	if saved.DefaultShipping {
		shipping = saved.ID
	}
	if saved.DefaultBilling {
		billing = saved.ID
	}
	return setDefaults(ctx, tx, customerID, shipping, billing)
}

func defaults(book []savedRow) (shipping, billing string) {
	for _, b := range book {
		if b.DefaultShipping {
			shipping = b.ID
		}
		if b.DefaultBilling {
			billing = b.ID
		}
	}
	return shipping, billing
}

// SetDefault makes one of a customer's addresses the default of the kinds
// that are true; another's is "customer.address_not_found".
func (s *Service) SetDefault(ctx context.Context, actor audit.Actor, customerID, id string, shipping, billing bool) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := byID(ctx, tx, customerID, tx.ForUpdate()); err != nil {
			return err
		}
		book, err := addresses(ctx, tx, customerID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(book, func(b savedRow) bool { return b.ID == id }) {
			return noAddress()
		}
		if err := keepDefaults(ctx, tx, customerID, book, Saved{ID: id, DefaultShipping: shipping, DefaultBilling: billing}); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.address_changed", Object: "customer", ID: customerID, After: map[string]string{"address_id": id}})
	})
}

// DeleteAddress takes an address out of a customer's book; another's, or one
// that is gone, is "customer.address_not_found". When it was a default, the
// oldest one left becomes it. Orders keep their copies.
func (s *Service) DeleteAddress(ctx context.Context, actor audit.Actor, customerID, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := byID(ctx, tx, customerID, tx.ForUpdate()); err != nil {
			return err
		}
		ok, err := deleteAddress(ctx, tx, customerID, id)
		if err != nil {
			return err
		}
		if !ok {
			return noAddress()
		}
		left, err := addresses(ctx, tx, customerID)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			shipping, billing := defaults(left)
			if shipping == "" {
				shipping = left[0].ID
			}
			if billing == "" {
				billing = left[0].ID
			}
			if err := setDefaults(ctx, tx, customerID, shipping, billing); err != nil {
				return err
			}
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.address_deleted", Object: "customer", ID: customerID, After: map[string]string{"address_id": id}})
	})
}
