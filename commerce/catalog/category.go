package catalog

import (
	"cmp"
	"slices"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Category is a place in the tree in which goods are arranged.
type Category struct {
	ID       string // "cat_…"; "" for a new one
	ParentID string // "" at the top
	Position int    // among its siblings
	Hidden   bool   // hidden ones, and all below them, are not shown to shoppers

	Name, Description        locale.Text // Description is Markdown
	SEOTitle, SEODescription locale.Text
	Slugs                    locale.Text // as a product's
	MediaID                  string
	Fields                   custom.Values
	Version                  int64
}

func (c Category) tidy() Category {
	for _, t := range []*locale.Text{&c.Name, &c.Description, &c.SEOTitle, &c.SEODescription, &c.Slugs} {
		*t = tidyText(*t)
	}
	return c
}

func (c Category) check(form *fault.Form) {
	if len(c.Name) == 0 {
		form.Add("name", "form.required")
	}
	checkText(form, "name", c.Name, MaxName)
	checkText(form, "description", c.Description, MaxText)
	checkText(form, "seo_title", c.SEOTitle, MaxName)
	checkText(form, "seo_description", c.SEODescription, 1000)
	for lang, s := range c.Slugs {
		if !slug.Valid(s) {
			form.Add("slugs."+lang, "slug.invalid")
		}
	}
}

// Node is a category in its tree. It must not be changed.
type Node struct {
	Category
	Parent   *Node
	Children []*Node // in order, hidden ones included
	Depth    int     // 0 at the top
	visible  bool
}

// Visible reports whether shoppers see the category: it and everything above
// it is not hidden.
func (n *Node) Visible() bool { return n.visible }

// Path lists the category and everything above it, the top first: the
// breadcrumbs.
func (n *Node) Path() []*Node {
	path := make([]*Node, 0, n.Depth+1)
	for ; n != nil; n = n.Parent {
		path = append(path, n)
	}
	slices.Reverse(path)
	return path
}

// Shown lists the children shoppers see.
func (n *Node) Shown() []*Node { return shown(n.Children) }

func shown(nodes []*Node) []*Node {
	var list []*Node
	for _, n := range nodes {
		if n.visible {
			list = append(list, n)
		}
	}
	return list
}

// Tree is every category at one moment. It never changes.
type Tree struct {
	roots []*Node
	byID  map[string]*Node
	all   []*Node // parents before their children, siblings in order
}

// NewTree arranges categories. A category whose parent is missing comes to the
// top.
func NewTree(list []Category) *Tree {
	t := &Tree{byID: make(map[string]*Node, len(list))}
	for _, c := range list {
		t.byID[c.ID] = &Node{Category: c}
	}
	for _, c := range list {
		n := t.byID[c.ID]
		if n.Parent = t.byID[c.ParentID]; n.Parent != nil {
			n.Parent.Children = append(n.Parent.Children, n)
		} else {
			t.roots = append(t.roots, n)
		}
	}
	var walk func(nodes []*Node, depth int, visible bool)
	walk = func(nodes []*Node, depth int, visible bool) {
		slices.SortFunc(nodes, func(a, b *Node) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
		})
		for _, n := range nodes {
			n.Depth, n.visible = depth, visible && !n.Hidden
			t.all = append(t.all, n)
			walk(n.Children, depth+1, n.visible)
		}
	}
	walk(t.roots, 0, true)
	return t
}

// Roots lists the categories at the top, hidden ones included.
func (t *Tree) Roots() []*Node { return t.roots }

// Shown lists the categories at the top that shoppers see.
func (t *Tree) Shown() []*Node { return shown(t.roots) }

// All lists every category, parents before their children.
func (t *Tree) All() []*Node { return t.all }

// Find returns a category by id, or nil.
func (t *Tree) Find(id string) *Node { return t.byID[id] }

// Path lists a category and everything above it, the top first; nil when
// there is no such category.
func (t *Tree) Path(id string) []*Node {
	if n := t.byID[id]; n != nil {
		return n.Path()
	}
	return nil
}

// Within lists the ids of a category and of everything below it.
func (t *Tree) Within(id string) []string {
	n := t.byID[id]
	if n == nil {
		return nil
	}
	ids := []string{n.ID}
	for i := 0; i < len(ids); i++ {
		for _, child := range t.byID[ids[i]].Children {
			ids = append(ids, child.ID)
		}
	}
	return ids
}

// Under reports whether a category is another one or lies below it.
func (t *Tree) Under(id, top string) bool {
	for n := t.byID[id]; n != nil; n = n.Parent {
		if n.ID == top {
			return true
		}
	}
	return false
}
