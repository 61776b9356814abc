package tax

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// Settings is what the shop has set up.
type Settings struct {
	Classes []Class // by position
	Rates   Table
}

// Load reads the settings in two statements.
func Load(ctx context.Context, q db.Q) (s Settings, err error) {
	if s.Classes, err = classes(ctx, q); err != nil {
		return Settings{}, fmt.Errorf("load tax classes: %w", err)
	}
	if s.Rates, err = table(ctx, q); err != nil {
		return Settings{}, fmt.Errorf("load tax rates: %w", err)
	}
	return s, nil
}

// Service changes classes and rates for the staff. Every method joins the
// caller's transaction and writes the change log. A row that somebody else
// changed since it was read fails with "settings.changed", one that is gone
// with NotFound "settings.unknown"; bad fields fail with "form.invalid".
type Service struct{}

// New returns the service.
func New() *Service { return &Service{} }

// SaveClass creates a class (without an id) or changes its name and position.
// A taken code is a fault at "code".
func (s *Service) SaveClass(ctx context.Context, tx *db.Tx, actor audit.Actor, c Class) (Class, error) {
	if err := c.Validate(); err != nil {
		return Class{}, err
	}
	if c.ID == "" {
		c.ID, c.Version = tx.NewID("txc"), 1
		n, err := insertClass(ctx, tx, c)
		if err != nil {
			return Class{}, fmt.Errorf("insert tax class: %w", err)
		}
		if n == 0 {
			return Class{}, field("code", "tax.code_taken")
		}
		return c, logged(ctx, tx, actor, "tax_class.created", "tax_class", c.ID, nil, c)
	}
	before, err := lockClass(ctx, tx, c.ID)
	if err := current(err, before.Version, c.Version); err != nil {
		return Class{}, fmt.Errorf("tax class %s: %w", c.ID, err)
	}
	c.Code = before.Code
	if _, err := updateClass(ctx, tx, c); err != nil {
		return Class{}, fmt.Errorf("update tax class %s: %w", c.ID, err)
	}
	c.Version++
	return c, logged(ctx, tx, actor, "tax_class.saved", "tax_class", c.ID, before, c)
}

// DeleteClass removes a class that nothing uses. It fails with
// "tax.class_in_use" otherwise, and always for Standard and Exempt.
func (s *Service) DeleteClass(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, version int64) error {
	before, err := lockClass(ctx, tx, id)
	if err := current(err, before.Version, version); err != nil {
		return fmt.Errorf("tax class %s: %w", id, err)
	}
	inUse := fault.New(fault.Conflict, "tax.class_in_use")
	if before.Code == Standard || before.Code == Exempt {
		return inUse
	}
	n, err := deleteClass(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("delete tax class %s: %w", id, err)
	}
	if n == 0 {
		return inUse
	}
	return logged(ctx, tx, actor, "tax_class.deleted", "tax_class", id, before, nil)
}

// SaveRate creates a row (without an id) or changes it. A second row for the
// same area and class from the same instant is a fault at "from".
func (s *Service) SaveRate(ctx context.Context, tx *db.Tx, actor audit.Actor, r Row) (Row, error) {
	if err := r.Validate(); err != nil {
		return Row{}, err
	}
	class, err := classID(ctx, tx, r.Class)
	if errors.Is(err, db.ErrNoRows) {
		return Row{}, field("class", "form.not_a_choice")
	}
	if err != nil {
		return Row{}, fmt.Errorf("find tax class: %w", err)
	}
	if r.ID == "" {
		r.ID, r.Version = tx.NewID("txr"), 1
		n, err := insertRow(ctx, tx, r, class)
		if err != nil {
			return Row{}, fmt.Errorf("insert tax rate: %w", err)
		}
		if n == 0 {
			return Row{}, field("from", "tax.rate_twice")
		}
		return r, logged(ctx, tx, actor, "tax_rate.created", "tax_rate", r.ID, nil, r)
	}
	before, err := lockRow(ctx, tx, r.ID)
	if err := current(err, before.Version, r.Version); err != nil {
		return Row{}, fmt.Errorf("tax rate %s: %w", r.ID, err)
	}
	taken, err := twin(ctx, tx, r.ID, r.Country, r.Region, class, r.From)
	if err != nil {
		return Row{}, fmt.Errorf("look for a twin of tax rate %s: %w", r.ID, err)
	}
	if taken {
		return Row{}, field("from", "tax.rate_twice")
	}
	if _, err := updateRow(ctx, tx, r, class); err != nil {
		return Row{}, fmt.Errorf("update tax rate %s: %w", r.ID, err)
	}
	r.Version++
	return r, logged(ctx, tx, actor, "tax_rate.saved", "tax_rate", r.ID, before, r)
}

// DeleteRate removes a row. Orders keep their own copy of what it said.
func (s *Service) DeleteRate(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, version int64) error {
	before, err := lockRow(ctx, tx, id)
	if err := current(err, before.Version, version); err != nil {
		return fmt.Errorf("tax rate %s: %w", id, err)
	}
	if _, err := deleteRow(ctx, tx, id, version); err != nil {
		return fmt.Errorf("delete tax rate %s: %w", id, err)
	}
	return logged(ctx, tx, actor, "tax_rate.deleted", "tax_rate", id, before, nil)
}

// Seed makes the classes Standard and Exempt, if they are not there, and adds
// the rows the table does not have yet. It returns how many it added; a second
// call adds none.
func (s *Service) Seed(ctx context.Context, tx *db.Tx, actor audit.Actor, rows Table) (added int, err error) {
	for i, c := range []Class{
		{Code: Standard, Name: locale.Text{"en": "Standard", "de": "Regelsatz"}},
		{Code: Exempt, Name: locale.Text{"en": "Free of tax", "de": "Steuerfrei"}},
	} {
		c.ID, c.Position, c.Version = tx.NewID("txc"), i, 1
		if _, err := insertClass(ctx, tx, c); err != nil {
			return 0, fmt.Errorf("insert tax class %s: %w", c.Code, err)
		}
	}
	ids := make(map[string]string)
	for _, r := range rows {
		if err := r.Validate(); err != nil {
			return added, err
		}
		if ids[r.Class] == "" {
			if ids[r.Class], err = classID(ctx, tx, r.Class); err != nil {
				return added, fmt.Errorf("find tax class %s: %w", r.Class, err)
			}
		}
		r.ID, r.Version = tx.NewID("txr"), 1
		n, err := insertRow(ctx, tx, r, ids[r.Class])
		if err != nil {
			return added, fmt.Errorf("insert tax rate of %s %s: %w", r.Country, r.Region, err)
		}
		added += int(n)
	}
	return added, logged(ctx, tx, actor, "tax_rate.seeded", "tax_rate", "", nil, map[string]int{"added": added})
}

func field(path, reason string) error {
	var form fault.Form
	form.Add(path, reason)
	return form.Err()
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
