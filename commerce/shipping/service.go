package shipping

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Load reads all zones with their places and methods in four statements,
// sorted by position.
func Load(ctx context.Context, q db.Q) ([]Zone, error) {
	list, err := zones(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("load shipping zones: %w", err)
	}
	at := make(map[string]int, len(list))
	for i, z := range list {
		at[z.ID] = i
	}
	where, err := places(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("load places of shipping zones: %w", err)
	}
	for _, p := range where {
		if i, ok := at[p.zone]; ok {
			list[i].Places = append(list[i].Places, p.Place)
		}
	}
	how, err := methods(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("load shipping methods: %w", err)
	}
	weights, err := rates(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("load shipping rates: %w", err)
	}
	tables := make(map[string][]Rate)
	for _, r := range weights {
		tables[r.method] = append(tables[r.method], r.Rate)
	}
	for _, m := range how {
		if i, ok := at[m.ZoneID]; ok {
			m.Rates = tables[m.ID]
			list[i].Methods = append(list[i].Methods, m)
		}
	}
	return list, nil
}

// Service changes zones and methods for the staff. Every method joins the
// caller's transaction and writes the change log. What somebody else changed
// since it was read fails with "settings.changed", what is gone with NotFound
// "settings.unknown"; bad fields fail with "form.invalid".
type Service struct{}

// New returns the service.
func New() *Service { return &Service{} }

// SaveZone creates a zone (without an id) or changes its name, position and
// places. Its methods are saved one by one.
func (s *Service) SaveZone(ctx context.Context, tx *db.Tx, actor audit.Actor, z Zone) (Zone, error) {
	if err := z.Validate(); err != nil {
		return Zone{}, err
	}
	z.Places = slices.Clone(z.Places)
	for i, p := range z.Places {
		z.Places[i].PostcodeFrom, z.Places[i].PostcodeTo = compact(p.PostcodeFrom), compact(p.PostcodeTo)
	}
	action, before := "shipping_zone.saved", any(nil)
	if z.ID == "" {
		action = "shipping_zone.created"
		z.ID, z.Version = tx.NewID("zon"), 1
		if err := insertZone(ctx, tx, z); err != nil {
			return Zone{}, fmt.Errorf("insert shipping zone: %w", err)
		}
	} else {
		old, err := s.locked(ctx, tx, z.ID, z.Version)
		if err != nil {
			return Zone{}, err
		}
		before = old
		if err := updateZone(ctx, tx, z); err != nil {
			return Zone{}, fmt.Errorf("update shipping zone %s: %w", z.ID, err)
		}
		z.Version++
	}
	if err := replacePlaces(ctx, tx, z.ID, z.Places); err != nil {
		return Zone{}, fmt.Errorf("write places of shipping zone %s: %w", z.ID, err)
	}
	z.Methods = nil
	return z, logged(ctx, tx, actor, action, "shipping_zone", z.ID, before, z)
}

// locked locks a zone and returns it with its places, if it is the version
// that was edited.
func (s *Service) locked(ctx context.Context, tx *db.Tx, id string, version int64) (Zone, error) {
	z, err := lockZone(ctx, tx, id)
	if err := current(err, z.Version, version); err != nil {
		return Zone{}, fmt.Errorf("shipping zone %s: %w", id, err)
	}
	where, err := placesOf(ctx, tx, id)
	if err != nil {
		return Zone{}, fmt.Errorf("places of shipping zone %s: %w", id, err)
	}
	for _, p := range where {
		z.Places = append(z.Places, p.Place)
	}
	return z, nil
}

// DeleteZone removes a zone with its places and methods. Orders keep their own
// copy of the method they chose.
func (s *Service) DeleteZone(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, version int64) error {
	before, err := s.locked(ctx, tx, id, version)
	if err != nil {
		return err
	}
	if err := deleteZone(ctx, tx, id); err != nil {
		return fmt.Errorf("delete shipping zone %s: %w", id, err)
	}
	return logged(ctx, tx, actor, "shipping_zone.deleted", "shipping_zone", id, before, nil)
}

// SaveMethod creates a method (without an id) in m.ZoneID or changes it; a
// method never moves to another zone. A code taken within the zone is a fault
// at "code", an unknown class one at "tax_class", an unknown zone NotFound.
func (s *Service) SaveMethod(ctx context.Context, tx *db.Tx, actor audit.Actor, m Method) (Method, error) {
	if err := m.Validate(); err != nil {
		return Method{}, err
	}
	action, before := "shipping_method.created", any(nil)
	if m.ID != "" {
		old, err := lockMethod(ctx, tx, m.ID)
		if err := current(err, old.Version, m.Version); err != nil {
			return Method{}, fmt.Errorf("shipping method %s: %w", m.ID, err)
		}
		table, err := ratesOf(ctx, tx, m.ID)
		if err != nil {
			return Method{}, fmt.Errorf("rates of shipping method %s: %w", m.ID, err)
		}
		for _, r := range table {
			old.Rates = append(old.Rates, r.Rate)
		}
		m.ZoneID = old.ZoneID
		action, before = "shipping_method.saved", old
	}
	if err := s.fits(ctx, tx, m); err != nil {
		return Method{}, err
	}
	if m.ID == "" {
		m.ID, m.Version = tx.NewID("shm"), 1
		if err := insertMethod(ctx, tx, m); err != nil {
			return Method{}, fmt.Errorf("insert shipping method: %w", err)
		}
	} else {
		if err := updateMethod(ctx, tx, m); err != nil {
			return Method{}, fmt.Errorf("update shipping method %s: %w", m.ID, err)
		}
		m.Version++
	}
	if err := replaceRates(ctx, tx, m.ID, m.Rates); err != nil {
		return Method{}, fmt.Errorf("write rates of shipping method %s: %w", m.ID, err)
	}
	return m, logged(ctx, tx, actor, action, "shipping_method", m.ID, before, m)
}

// fits checks what only the database knows. The zone stays locked, so that two
// people cannot give one code away at once.
func (s *Service) fits(ctx context.Context, tx *db.Tx, m Method) error {
	if _, err := lockZone(ctx, tx, m.ZoneID); err != nil {
		return fmt.Errorf("zone of a shipping method: %w", current(err, 0, 0))
	}
	var form fault.Form
	taken, err := codeTaken(ctx, tx, m)
	if err != nil {
		return fmt.Errorf("look for the code of a shipping method: %w", err)
	}
	if taken {
		form.Add("code", "shipping.code_taken")
	}
	if m.TaxClass != "" {
		known, err := knownClass(ctx, tx, m.TaxClass)
		if err != nil {
			return fmt.Errorf("look for the tax class of a shipping method: %w", err)
		}
		if !known {
			form.Add("tax_class", "form.not_a_choice")
		}
	}
	return form.Err()
}

// DeleteMethod removes a method. Carts that had chosen it choose again.
func (s *Service) DeleteMethod(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, version int64) error {
	before, err := lockMethod(ctx, tx, id)
	if err := current(err, before.Version, version); err != nil {
		return fmt.Errorf("shipping method %s: %w", id, err)
	}
	if err := deleteMethod(ctx, tx, id); err != nil {
		return fmt.Errorf("delete shipping method %s: %w", id, err)
	}
	return logged(ctx, tx, actor, "shipping_method.deleted", "shipping_method", id, before, nil)
}

// current turns the outcome of locking a row into a fault when it is gone or
// not the version that was edited.
func current(err error, have, edited int64) error {
	switch {
	case errors.Is(err, db.ErrNoRows):
		return fault.New(fault.NotFound, "settings.unknown")
	case err != nil:
		return err
	case have != edited:
		return fault.New(fault.Conflict, "settings.changed")
	}
	return nil
}

func logged(ctx context.Context, tx *db.Tx, actor audit.Actor, action, object, id string, before, after any) error {
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: object, ID: id, Before: before, After: after})
}
