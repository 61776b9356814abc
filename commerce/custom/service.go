package custom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Service changes definitions and keeps a copy of them in memory.
type Service struct {
	held *audit.Held[map[Owner]Definitions]
}

// New returns a service whose copy the change log keeps fresh.
func New(d *db.DB, log *audit.Log) *Service {
	return &Service{audit.Hold(log, "custom", []string{"field"}, func(ctx context.Context) (map[Owner]Definitions, error) {
		return All(ctx, d)
	})}
}

// For returns one owner's definitions from memory; they must not be changed.
func (s *Service) For(ctx context.Context, owner Owner) (Definitions, error) {
	all, err := s.held.Get(ctx)
	return all[owner], err
}

// Lock returns the definitions of owners and keeps them from changing until
// the transaction ends.
func Lock(ctx context.Context, tx *db.Tx, owners ...Owner) (map[Owner]Definitions, error) {
	return lock(ctx, tx, owners...)
}

// Accept checks values of a customer or an order that are about to be sealed,
// as Definitions.Check does, and notes that their fields are in use. Faults
// are at "fields.CODE".
func Accept(ctx context.Context, tx *db.Tx, owner Owner, values, before Values) (Values, error) {
	all, err := lock(ctx, tx, owner)
	if err != nil {
		return nil, err
	}
	out, err := all[owner].Check(values, before)
	if err != nil {
		var form fault.Form
		if err := form.Merge("fields.", err); err != nil {
			return nil, err
		}
		return nil, form.Err()
	}
	var fresh []string
	for _, f := range all[owner] {
		if _, ok := out[f.Code]; ok && !f.Used {
			fresh = append(fresh, f.ID)
		}
	}
	if len(fresh) > 0 {
		if err := markUsed(ctx, tx, fresh); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Create adds a definition. It fails at the field with what Field.Check
// reports, and at "code" with "custom.code_taken", or "custom.code_retired"
// when a field of this code was deleted that customers or orders had values of.
func (s *Service) Create(ctx context.Context, tx *db.Tx, actor audit.Actor, f Field) (Field, error) {
	if err := f.Check(); err != nil {
		return f, err
	}
	n, err := count(ctx, tx, f.Owner)
	if err != nil {
		return f, err
	}
	if n >= MaxPerOwner {
		return f, fault.New(fault.Conflict, "custom.too_many_fields").With("max", MaxPerOwner)
	}
	f.ID, f.Version, f.Used = tx.NewID("fld"), 1, false
	if n, err := insert(ctx, tx, f); err != nil || n == 0 {
		if err != nil {
			return f, err
		}
		gone, err := retired(ctx, tx, f)
		reason := "custom.code_taken"
		if gone {
			reason = "custom.code_retired"
		}
		return f, errors.Join(err, fault.New(fault.Invalid, "form.invalid").At("code", reason))
	}
	return f, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "field.created", Object: "field", ID: f.ID, After: f})
}

// Update changes a definition. The owner and the code stay what they are. It
// fails with "custom.version_conflict" when somebody changed it meanwhile, at
// "kind" with "custom.kind_in_use" when values exist, and at "choices" with
// "custom.choice_in_use" when a choice that some object has is left out.
func (s *Service) Update(ctx context.Context, tx *db.Tx, actor audit.Actor, f Field) (Field, error) {
	old, err := find(ctx, tx, f.ID)
	if err != nil {
		return f, err
	}
	if f.Version != old.Version {
		return f, fault.New(fault.Conflict, "custom.version_conflict").With("version", f.Version).With("current", old.Version)
	}
	f.Owner, f.Code, f.Used = old.Owner, old.Code, old.Used
	if err := f.Check(); err != nil {
		return f, err
	}
	if err := stillFits(ctx, tx, old, f); err != nil {
		return f, err
	}
	f.Version++
	if err := update(ctx, tx, f); err != nil {
		return f, err
	}
	return f, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "field.updated", Object: "field", ID: f.ID, Before: old, After: f})
}

// stillFits refuses a change under which values would lose their meaning. The
// definition's row is locked, so no value can be written meanwhile.
func stillFits(ctx context.Context, tx *db.Tx, old, f Field) error {
	var gone []string
	for _, o := range old.Choices {
		if _, ok := f.Option(o.Code); !ok {
			gone = append(gone, o.Code)
		}
	}
	if f.Kind == old.Kind && len(gone) == 0 {
		return nil
	}
	sealed := table(f.Owner) == ""
	var objects int
	var codes map[string]int
	if !sealed {
		var err error
		if objects, codes, err = uses(ctx, tx, f); err != nil {
			return fmt.Errorf("count the values of %s: %w", f.Code, err)
		}
	}
	var form fault.Form
	if f.Kind != old.Kind && f.Used {
		form.Add("kind", "custom.kind_sealed")
		return form.Err()
	}
	if f.Kind != old.Kind && objects > 0 {
		form.Add("kind", "custom.kind_in_use", "count", objects)
		return form.Err()
	}
	for _, code := range gone {
		i := slices.IndexFunc(old.Choices, func(o Option) bool { return o.Code == code })
		switch at := "choices." + strconv.Itoa(i) + ".code"; {
		case f.Used:
			form.Add(at, "custom.choice_sealed", "choice", code)
		case codes[code] > 0:
			form.Add(at, "custom.choice_in_use", "choice", code, "count", codes[code])
		}
	}
	return form.Err()
}

// Delete removes a definition and the values that products, variants and
// categories have of it. Those of customers and orders are sealed: nobody is
// shown them any more, they go with the next change of their owner, and the
// code is not given again. Delete fails with "custom.field_in_rule" while a
// collection's rule asks for the field. A second call fails with
// "custom.not_found".
func (s *Service) Delete(ctx context.Context, tx *db.Tx, actor audit.Actor, id string) error {
	old, err := find(ctx, tx, id)
	if err != nil {
		return err
	}
	if old.Owner == Product {
		name, err := ruled(ctx, tx, old.Code)
		if err != nil {
			return err
		}
		if len(name) > 0 {
			return fault.New(fault.Conflict, "custom.field_in_rule").With("collection", name.In("", ""))
		}
	}
	lost := 0
	if table(old.Owner) != "" {
		if lost, err = strip(ctx, tx, old); err != nil {
			return fmt.Errorf("take the values of %s away: %w", old.Code, err)
		}
	}
	if old.Used {
		err = retire(ctx, tx, id)
	} else {
		err = remove(ctx, tx, id)
	}
	if err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "field.deleted", Object: "field", ID: id, Before: old, After: map[string]int{"values": lost}})
}

// Count tells how many products, variants or categories have a value of a
// field. Those of customers and orders are sealed and not counted.
func (s *Service) Count(ctx context.Context, q db.Q, f Field) (int, error) {
	if table(f.Owner) == "" {
		return 0, nil
	}
	n, _, err := uses(ctx, q, f)
	return n, err
}

func find(ctx context.Context, tx *db.Tx, id string) (Field, error) {
	f, err := byID(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return f, fault.New(fault.NotFound, "custom.not_found")
	}
	return f, err
}
