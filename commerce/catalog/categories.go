package catalog

import (
	"context"
	"slices"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Tree returns the category tree from memory. The change log drops it when a
// category changes, so it is at most one second old on any node.
func (s *Service) Tree(ctx context.Context) (*Tree, error) { return s.tree.Get(ctx) }

// LockTree reads the tree as it is in the database now, and keeps every category
// in it from changing until the transaction ends.
func (s *Service) LockTree(ctx context.Context, tx *db.Tx) (*Tree, error) { return lockTree(ctx, tx) }

// SaveCategory creates a category (ID is "", at the end of its siblings) or
// rewrites one. Its parent may change; see MoveCategory for its position. It
// fails with "form.invalid" at the field, "catalog.category_not_found",
// "catalog.version_conflict", and at "parent" with "catalog.category_cycle"
// when the parent is the category itself or lies below it.
func (s *Service) SaveCategory(ctx context.Context, tx *db.Tx, actor audit.Actor, c Category) (Category, error) {
	tree, err := lockTree(ctx, tx)
	if err != nil {
		return c, err
	}
	c = c.tidy()
	var old *Node
	change := audit.Change{Actor: actor, Action: "category.created", Object: "category"}
	if c.ID != "" {
		if old = tree.Find(c.ID); old == nil {
			return c, fault.New(fault.NotFound, "catalog.category_not_found")
		}
		if c.Version != old.Version {
			return c, fault.New(fault.Conflict, "catalog.version_conflict").With("version", c.Version).With("current", old.Version)
		}
		change.Action, change.Before = "category.saved", old.Category
	}
	if err := s.checkCategory(ctx, tx, tree, old, &c); err != nil {
		return c, err
	}
	if old == nil {
		c.ID, c.Version = tx.NewID("cat"), 1
		c.Position = len(siblings(tree, c.ParentID))
	} else {
		c.Version++
		c.Position = old.Position
		if c.ParentID != old.ParentID {
			c.Position = len(siblings(tree, c.ParentID))
		}
	}
	if err := putCategory(ctx, tx, c); err != nil {
		return c, err
	}
	slugs, taken, err := slug.Apply(ctx, tx, slug.Category, []slug.Object{{ID: c.ID, New: old == nil, Slugs: c.Slugs, Names: c.Name}})
	if err != nil {
		return c, err
	}
	if err := slugFaults(taken); err != nil {
		return c, err
	}
	c.Slugs = slugs[0]
	change.ID, change.After = c.ID, c
	if err := audit.Append(ctx, tx, change); err != nil {
		return c, err
	}
	if old != nil && old.ParentID != c.ParentID {
		return c, s.sortCategory(ctx, tx, tree.Within(c.ID))
	}
	return c, nil
}

func slugFaults(taken []slug.Taken) error {
	var form fault.Form
	for _, t := range taken {
		form.Add("slugs."+t.Locale, "slug.taken", "slug", t.Slug)
	}
	return form.Err()
}

func siblings(t *Tree, parentID string) []*Node {
	if parent := t.Find(parentID); parent != nil {
		return parent.Children
	}
	return t.Roots()
}

func (s *Service) checkCategory(ctx context.Context, tx *db.Tx, tree *Tree, old *Node, c *Category) error {
	var form fault.Form
	c.check(&form)
	switch {
	case c.ParentID == "":
	case tree.Find(c.ParentID) == nil:
		form.Add("parent", "catalog.unknown_category")
	case c.ID != "" && tree.Under(c.ParentID, c.ID):
		form.Add("parent", "catalog.category_cycle")
	}
	fields, err := custom.Lock(ctx, tx, custom.Category)
	if err != nil {
		return err
	}
	var before custom.Values
	if old != nil {
		before = old.Fields
	}
	c.Fields, err = fields[custom.Category].Check(c.Fields, before)
	if err := form.Merge("fields.", err); err != nil {
		return err
	}
	if c.MediaID != "" && (old == nil || old.MediaID != c.MediaID) {
		gone, err := missing(ctx, tx, "media", ``, []string{c.MediaID})
		if err != nil {
			return err
		}
		if len(gone) > 0 {
			form.Add("media", "catalog.unknown_media")
		}
	}
	return form.Err()
}

// MoveCategory puts a category below a parent ("" for the top) at a place
// among its siblings, counted from 0; a place past the end means the end. It
// fails with "catalog.category_cycle" when the parent is the category itself
// or lies below it, and with "catalog.category_not_found".
func (s *Service) MoveCategory(ctx context.Context, tx *db.Tx, actor audit.Actor, id, parentID string, index int) error {
	tree, err := lockTree(ctx, tx)
	if err != nil {
		return err
	}
	n := tree.Find(id)
	if n == nil || (parentID != "" && tree.Find(parentID) == nil) {
		return fault.New(fault.NotFound, "catalog.category_not_found")
	}
	if parentID != "" && tree.Under(parentID, id) {
		return fault.New(fault.Conflict, "catalog.category_cycle")
	}
	order := slices.DeleteFunc(slices.Clone(siblings(tree, parentID)), func(x *Node) bool { return x.ID == id })
	index = max(0, min(index, len(order)))
	order = slices.Insert(order, index, n)
	moved := n.Category
	moved.ParentID, moved.Position = parentID, index
	moved.Version++
	if err := putCategory(ctx, tx, moved); err != nil {
		return err
	}
	for i, x := range order {
		if x.ID != id && x.Position != i {
			if err := setCategoryPosition(ctx, tx, x.ID, i); err != nil {
				return err
			}
		}
	}
	type place struct {
		Parent   string `json:"parent"`
		Position int    `json:"position"`
	}
	if err := audit.Append(ctx, tx, audit.Change{
		Actor: actor, Action: "category.moved", Object: "category", ID: id, Before: place{n.ParentID, n.Position}, After: place{parentID, index},
	}); err != nil {
		return err
	}
	if n.ParentID == parentID {
		return nil
	}
	return s.sortCategory(ctx, tx, tree.Within(id))
}

// sortCategory evaluates the rules for everything placed in categories that
// have moved.
func (s *Service) sortCategory(ctx context.Context, tx *db.Tx, categories []string) error {
	products, err := productsIn(ctx, tx, categories)
	if err != nil {
		return err
	}
	return s.Sort(ctx, tx, products)
}

// DeleteCategory removes a category. Its products stay; those whose main
// category it was get the one above it. Its address leads to the one above it
// from now on, or answers 410 when gone is set or there is none. It fails with
// "catalog.category_not_found" and, while it has children, with
// "catalog.category_has_children".
func (s *Service) DeleteCategory(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, gone bool) error {
	tree, err := lockTree(ctx, tx)
	if err != nil {
		return err
	}
	n := tree.Find(id)
	if n == nil {
		return fault.New(fault.NotFound, "catalog.category_not_found")
	}
	if len(n.Children) > 0 {
		return fault.New(fault.Conflict, "catalog.category_has_children").With("count", len(n.Children))
	}
	products, err := productsIn(ctx, tx, []string{id})
	if err != nil {
		return err
	}
	if err := deleteCategory(ctx, tx, n.Category); err != nil {
		return err
	}
	var to slug.Target
	if n.ParentID != "" && !gone {
		to = slug.Target{Kind: slug.Category, ID: n.ParentID}
	}
	if err := slug.Delete(ctx, tx, slug.Category, id, to); err != nil {
		return err
	}
	if err := audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "category.deleted", Object: "category", ID: id, Before: n.Category}); err != nil {
		return err
	}
	return s.Sort(ctx, tx, products)
}

// ArrangeCategory puts products of a category in order, by hand: the given
// ones first, in this order, before all others.
func (s *Service) ArrangeCategory(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, products []string) error {
	placed, err := productsIn(ctx, tx, []string{id})
	if err != nil {
		return err
	}
	for _, p := range products {
		if !slices.Contains(placed, p) {
			return fault.New(fault.Invalid, "catalog.not_in_category")
		}
	}
	if err := unplace(ctx, tx, id); err != nil {
		return err
	}
	if err := placeProducts(ctx, tx, "product_category", "category_id", id, unique(products)); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "category.arranged", Object: "category", ID: id, After: products})
}
