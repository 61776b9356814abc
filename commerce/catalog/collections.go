package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// shared locks rows against changes but not against others who share them.
func shared(tx *db.Tx) string { return strings.Replace(tx.ForUpdate(), "UPDATE", "SHARE", 1) }

// Collections lists every collection in order, with its addresses.
func (s *Service) Collections(ctx context.Context, q db.Q) ([]Collection, error) {
	all, err := collections(ctx, q)
	if err != nil {
		return nil, err
	}
	slugs, err := slug.All(ctx, q, slug.Collection)
	for i := range all {
		all[i].Slugs = slugs[all[i].ID]
	}
	return all, err
}

// CollectionProducts lists the ids of a collection's products in order.
func (s *Service) CollectionProducts(ctx context.Context, q db.Q, id string) ([]string, error) {
	return members(ctx, q, id)
}

// SaveCollection creates a collection (ID is "") or rewrites one. A rule that
// is new or changed is evaluated for every product, in the same transaction.
// It fails with "form.invalid" at the field, "catalog.collection_not_found"
// and "catalog.version_conflict".
func (s *Service) SaveCollection(ctx context.Context, tx *db.Tx, actor audit.Actor, c Collection) (Collection, error) {
	c = c.tidy()
	change := audit.Change{Actor: actor, Action: "collection.created", Object: "collection"}
	var old Collection
	if c.ID != "" {
		var err error
		if old, err = lockCollection(ctx, tx, c.ID); err != nil {
			return c, collectionErr(err)
		}
		if c.Version != old.Version {
			return c, fault.New(fault.Conflict, "catalog.version_conflict").With("version", c.Version).With("current", old.Version)
		}
		change.Action, change.Before = "collection.saved", old
	}
	fields, err := custom.Lock(ctx, tx, custom.Product)
	if err != nil {
		return c, err
	}
	var form fault.Form
	c.check(&form, fields[custom.Product])
	if c.MediaID != "" && c.MediaID != old.MediaID {
		gone, err := missing(ctx, tx, "media", ``, []string{c.MediaID})
		if err != nil {
			return c, err
		}
		if len(gone) > 0 {
			form.Add("media", "catalog.unknown_media")
		}
	}
	if err := form.Err(); err != nil {
		return c, err
	}
	fresh := c.ID == ""
	c.Version++
	if fresh {
		c.ID, c.Version = tx.NewID("col"), 1
	}
	n, err := putCollection(ctx, tx, c)
	if err != nil {
		return c, err
	}
	if n == 0 {
		return c, fault.New(fault.Invalid, "form.invalid").At("code", "catalog.code_taken")
	}
	slugs, taken, err := slug.Apply(ctx, tx, slug.Collection, []slug.Object{{ID: c.ID, New: fresh, Slugs: c.Slugs, Names: c.Name}})
	if err != nil {
		return c, err
	}
	if err := slugFaults(taken); err != nil {
		return c, err
	}
	c.Slugs = slugs[0]
	if c.Rule != nil && (old.Rule == nil || old.Rule.Any != c.Rule.Any || !slices.Equal(old.Rule.Conditions, c.Rule.Conditions)) {
		if err := s.sortAll(ctx, tx, c); err != nil {
			return c, err
		}
	}
	change.ID, change.After = c.ID, c
	return c, audit.Append(ctx, tx, change)
}

func collectionErr(err error) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.New(fault.NotFound, "catalog.collection_not_found")
	}
	return err
}

// SetCollectionProducts says which products a manual collection has, in
// order. For a collection with a rule it sets the order only: the given ones
// come first, and must be members.
func (s *Service) SetCollectionProducts(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, products []string) error {
	c, err := lockCollection(ctx, tx, id)
	if err != nil {
		return collectionErr(err)
	}
	products = unique(products)
	was, err := members(ctx, tx, id)
	if err != nil {
		return err
	}
	gone, err := missing(ctx, tx, "product", ` AND status <> 'deleted'`, products)
	if err != nil {
		return err
	}
	for _, p := range products {
		if gone[p] || (c.Rule != nil && !slices.Contains(was, p)) {
			return fault.New(fault.Invalid, "catalog.unknown_product")
		}
	}
	if c.Rule == nil {
		var out []string
		for _, p := range was {
			if !slices.Contains(products, p) {
				out = append(out, p)
			}
		}
		if err := removeMembers(ctx, tx, map[string][]string{id: out}); err != nil {
			return err
		}
	}
	if err := placeProducts(ctx, tx, "collection_product", "collection_id", id, products); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "collection.arranged", Object: "collection", ID: id, Before: was, After: products})
}

// DeleteCollection removes a collection; its products stay. Its address
// answers 410 from now on.
func (s *Service) DeleteCollection(ctx context.Context, tx *db.Tx, actor audit.Actor, id string) error {
	old, err := lockCollection(ctx, tx, id)
	if err != nil {
		return collectionErr(err)
	}
	if err := deleteCollection(ctx, tx, id); err != nil {
		return err
	}
	if err := slug.Delete(ctx, tx, slug.Collection, id, slug.Target{}); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "collection.deleted", Object: "collection", ID: id, Before: old})
}

// Sort evaluates the rules of all collections for the given products and no
// others, and makes the collections so. Every method of this package that
// changes a product calls it; stock that changes calls SortStock.
func (s *Service) Sort(ctx context.Context, tx *db.Tx, products []string) error {
	if len(products) == 0 {
		return nil
	}
	all, err := rules(ctx, tx)
	if err != nil || len(all) == 0 {
		return err
	}
	_, err = s.evaluate(ctx, tx, all, products)
	return err
}

// SortStock is Sort after the stock of variants changed, in the transaction
// that changed it; inventory.Service.Changed is where it is added. It does
// nothing unless some rule looks at stock. Products that come into a collection
// or leave one are noted in the change log.
func (s *Service) SortStock(ctx context.Context, tx *db.Tx, variants []string) error {
	all, err := stockRules(ctx, tx)
	if err != nil || len(all) == 0 {
		return err
	}
	products, err := productsOf(ctx, tx, variants)
	if err != nil {
		return err
	}
	if err := lockCount(ctx, tx, products); err != nil {
		return err
	}
	moved, err := s.evaluate(ctx, tx, all, products)
	if err != nil {
		return err
	}
	for _, id := range moved {
		if err := audit.Append(ctx, tx, audit.Change{Actor: audit.System("catalog"), Action: "product.sorted", Object: "product", ID: id}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) looksAt(subject Subject) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.On == subject })
}

// evaluate makes collections agree with their rules for the given products and
// returns those that came in or left.
func (s *Service) evaluate(ctx context.Context, tx *db.Tx, all []Collection, products []string) (moved []string, err error) {
	looks := func(subject Subject) bool {
		return slices.ContainsFunc(all, func(c Collection) bool { return c.Rule.looksAt(subject) })
	}
	known, err := facts(ctx, tx, products, looks(OnPrice), looks(OnStock), looks(OnCategory), tx.Now())
	if err != nil {
		return nil, err
	}
	if looks(OnCategory) {
		tree, err := loadTree(ctx, tx)
		if err != nil {
			return nil, err
		}
		for _, f := range known {
			f.Categories = above(tree, f.Categories)
		}
	}
	has, err := memberships(ctx, tx, products)
	if err != nil {
		return nil, err
	}
	var in []pair
	out := make(map[string][]string)
	for _, c := range all {
		for _, id := range products {
			f := known[id]
			member := pair{id, c.ID}
			switch belongs := f != nil && c.Rule.Matches(*f); {
			case belongs && !has[member]:
				in = append(in, member)
				moved = append(moved, id)
			case !belongs && has[member]:
				out[c.ID] = append(out[c.ID], id)
				moved = append(moved, id)
			}
		}
	}
	if err := addMembers(ctx, tx, in); err != nil {
		return nil, err
	}
	return unique(moved), removeMembers(ctx, tx, out)
}

// above adds to categories all that lie above them.
func above(t *Tree, categories []string) []string {
	var all []string
	for _, id := range categories {
		for _, n := range t.Path(id) {
			all = append(all, n.ID)
		}
	}
	return unique(all)
}

// Fitting lists the products that a rule would choose now, in id order; nothing
// is changed. It fails at "rule.conditions.2.text" as SaveCollection does.
func (s *Service) Fitting(ctx context.Context, q db.Q, r Rule) ([]string, error) {
	defs, err := s.fields.For(ctx, custom.Product)
	if err != nil {
		return nil, err
	}
	var form fault.Form
	if r.check(&form, defs); form.Err() != nil {
		return nil, form.Err()
	}
	tree, err := s.Tree(ctx)
	if err != nil {
		return nil, err
	}
	var fitting []string
	for after := ""; ; {
		ids, err := productIDs(ctx, q, after, chunk)
		if err != nil || len(ids) == 0 {
			return fitting, err
		}
		known, err := facts(ctx, q, ids, r.looksAt(OnPrice), r.looksAt(OnStock), r.looksAt(OnCategory), s.db.Now())
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if f := known[id]; f != nil {
				f.Categories = above(tree, f.Categories)
				if r.Matches(*f) {
					fitting = append(fitting, id)
				}
			}
		}
		after = ids[len(ids)-1]
	}
}

// sortAll evaluates one collection's rule for every product, some at a time.
func (s *Service) sortAll(ctx context.Context, tx *db.Tx, c Collection) error {
	after := ""
	for {
		ids, err := productIDs(ctx, tx, after, chunk)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := s.evaluate(ctx, tx, []Collection{c}, ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}
