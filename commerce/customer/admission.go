package customer

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Admission is a customer who comes along from another shop.
type Admission struct {
	Email  string
	Name   string // may be empty
	Phone  string // may be empty
	Locale string
	// Addresses are the address book, at most MaxAddresses; the first is the
	// default of both kinds.
	Addresses []market.Address
	Fields    custom.Values
}

// check tidies an admission and says what is wrong, all at once. The faults of
// an address are at its own field names.
func (a Admission) check() (Admission, error) {
	var form fault.Form
	a.Email = checkEmail(&form, "email", a.Email)
	if a.Name != "" {
		a.Name = checkName(&form, a.Name)
	}
	phone, err := market.Phone(a.Phone)
	if err != nil {
		form.Merge("", atField("phone", err)) //nolint:errcheck // it has a field
	}
	a.Phone = phone
	checkLocale(&form, a.Locale)
	if len(a.Addresses) > MaxAddresses {
		form.Add("addresses", "customer.too_many_addresses", "max", MaxAddresses)
		return a, form.Err()
	}
	book := make([]market.Address, len(a.Addresses))
	for i, address := range a.Addresses {
		book[i] = market.Normalize(address)
		if err := form.Merge("", market.Validate(book[i])); err != nil {
			return a, err
		}
	}
	a.Addresses = book
	return a, form.Err()
}

// Admit opens an account for somebody the merchant knows from another shop. It
// has no password and its address is not proven, so nobody can sign in; its
// owner gets in by asking for a new password, or by signing up with the
// address. No letter is written.
//
// An account that exists under the address belongs to its owner: nothing of it
// changes, and opened is false. Admit fails with the fields that will not do,
// and then nothing is written.
func (s *Service) Admit(ctx context.Context, tx *db.Tx, actor audit.Actor, a Admission) (opened bool, err error) {
	if a, err = a.check(); err != nil {
		return false, err
	}
	index := s.index(a.Email)
	if _, err := byEmail(ctx, tx, index); !errors.Is(err, db.ErrNoRows) {
		return false, err
	}
	fields, err := custom.Accept(ctx, tx, custom.Customer, a.Fields, nil)
	if err != nil {
		return false, err
	}
	keyID, err := s.vault.NewKey()
	if err != nil {
		return false, err
	}
	r := row{Customer: Customer{ID: tx.NewID("cus"), Locale: a.Locale}, keyID: keyID, index: index}
	if err := s.sealInto(ctx, &r, a.Email, Profile{Name: a.Name, Phone: a.Phone}, fields); err != nil {
		return false, err
	}
	fresh, err := insert(ctx, tx, r)
	if err != nil {
		return false, fmt.Errorf("insert customer: %w", err)
	}
	if !fresh { // somebody signed up this moment
		return false, nil
	}
	for i, address := range a.Addresses {
		saved := Saved{ID: tx.NewID("adr"), Address: address, DefaultShipping: i == 0, DefaultBilling: i == 0}
		sealed, err := s.vault.SealJSON(ctx, keyID, "customer_address.address:"+saved.ID, address)
		if err != nil {
			return false, err
		}
		if err := insertAddress(ctx, tx, r.ID, savedRow{saved, sealed}); err != nil {
			return false, fmt.Errorf("insert address: %w", err)
		}
	}
	return true, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.admitted", Object: "customer", ID: r.ID})
}
