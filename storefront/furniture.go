package storefront

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

// furnitureObjects are the kinds of object whose change makes the furniture
// stale.
var furnitureObjects = []string{"category", "collection", "media", "field"}

// furniture is what every page shows around its own content. It is read once
// and kept until something of it changes, so that a page costs no statement
// for its frame.
type furniture struct {
	tree        *catalog.Tree
	collections []catalog.Collection
	pictures    map[string]media.Media // of categories and collections, by media id

	byAddress map[string]string // "category de stuehle" → id, current addresses only
}

func (s *Store) loadFurniture(ctx context.Context) (*furniture, error) {
	f := &furniture{byAddress: make(map[string]string)}
	var err error
	if f.tree, err = s.Catalog.Tree(ctx); err != nil {
		return nil, fmt.Errorf("read categories: %w", err)
	}
	if f.collections, err = s.Catalog.Collections(ctx, s.DB); err != nil {
		return nil, fmt.Errorf("read collections: %w", err)
	}
	var ids []string
	for _, n := range f.tree.All() {
		f.note(slug.Category, n.Slugs, n.ID)
		ids = append(ids, n.MediaID)
	}
	for _, c := range f.collections {
		f.note(slug.Collection, c.Slugs, c.ID)
		ids = append(ids, c.MediaID)
	}
	if f.pictures, err = media.ByIDs(ctx, s.DB, given(ids)); err != nil {
		return nil, fmt.Errorf("read pictures: %w", err)
	}
	return f, nil
}

func given(ids []string) []string {
	var list []string
	for _, id := range ids {
		if id != "" {
			list = append(list, id)
		}
	}
	return list
}

func (f *furniture) note(kind slug.Kind, slugs locale.Text, id string) {
	for lang, s := range slugs {
		f.byAddress[string(kind)+" "+lang+" "+s] = id
	}
}

// at finds what lives at a current address of a language.
func (f *furniture) at(kind slug.Kind, lang, s string) string {
	return f.byAddress[string(kind)+" "+lang+" "+s]
}

func (f *furniture) collection(id string) *catalog.Collection {
	for i := range f.collections {
		if f.collections[i].ID == id {
			return &f.collections[i]
		}
	}
	return nil
}

// picture shows a category's or a collection's picture; nil for none.
func (f *furniture) picture(v *Visit, id string) *view.Image {
	m, ok := f.pictures[id]
	if !ok {
		return nil
	}
	image := v.picture(m)
	return &image
}

// frame is what of a page around its content is the same on every page.
type frame struct {
	shop   view.Shop
	menu   []view.MenuItem
	footer []view.FooterColumn
	memo   *theme.Memo
}

// frameKey names everything a frame is made from: what is read from memory, by
// where it stands there, since what changes is read into another place.
type frameKey struct {
	furniture *furniture
	settings  *market.Snapshot
	pages     *content.Page // the first of them; nil for none
	lang      string
	year      int
	current   string // address of the menu's entry that the page is in; "" for none
}

// maxFrames is how many frames are kept: entries of the menu times languages.
const maxFrames = 64

// stand puts a page into its frame, in an entry of the menu; current is that
// entry's address, "" for none.
func (s *Store) stand(r *http.Request, p *view.Page, current string) error {
	v := s.visit(r)
	f, err := s.furniture.Get(r.Context())
	if err != nil {
		return err
	}
	pages, err := s.Content.Pages(r.Context())
	if err != nil {
		return err
	}
	key := frameKey{furniture: f, settings: v.Shop, lang: v.lang, year: v.now().Year(), current: current}
	if len(pages) > 0 {
		key.pages = &pages[0]
	}
	fr := s.frames.get(key, func() *frame {
		shop := v.shop()
		shop.Name = cmp.Or(shop.Name, "Stoa")
		return &frame{shop, f.menu(v, current), v.footer(pages), new(theme.Memo)}
	})
	p.Shop, p.Menu, p.Footer, p.Memo = fr.shop, fr.menu, fr.footer, fr.memo
	return nil
}

func (f *furniture) menu(v *Visit, current string) []view.MenuItem {
	var menu []view.MenuItem
	for _, n := range f.tree.Shown() {
		item := v.menuItem(n)
		for _, child := range n.Shown() {
			below := v.menuItem(child)
			for _, grandchild := range child.Shown() {
				below.Children = append(below.Children, v.menuItem(grandchild))
			}
			item.Children = append(item.Children, below)
		}
		if image := f.picture(v, n.MediaID); image != nil && len(item.Children) > 0 {
			item.Picture = &view.Picture{Image: *image, Label: item.Label, URL: item.URL}
		}
		menu = append(menu, item)
	}
	for _, c := range f.collections {
		if !c.Hidden && len(menu) < 7 {
			menu = append(menu, view.MenuItem{Label: v.text(c.Name), URL: v.collectionURL(&c)})
		}
	}
	for i := range menu {
		menu[i].Current = menu[i].URL == current
	}
	return menu
}

func (v *Visit) menuItem(n *catalog.Node) view.MenuItem {
	return view.MenuItem{Label: v.text(n.Name), URL: v.categoryURL(n)}
}

func (v *Visit) categoryURL(n *catalog.Node) string { return v.url("c", v.text(n.Slugs)) }

func (v *Visit) collectionURL(c *catalog.Collection) string {
	return v.url("collections", v.text(c.Slugs))
}

// pageURL is where a page is. What the merchant wrote about writing to them
// stands beside the form for it.
func (v *Visit) pageURL(p content.Page) string {
	if p.Code == contactCode {
		return v.url("contact")
	}
	return v.url("pages", v.text(p.Slugs))
}

const contactCode = "contact"

// tiles are the departments as pictures.
func (f *furniture) tiles(v *Visit) []view.CategoryTile {
	var tiles []view.CategoryTile
	for _, n := range f.tree.Shown() {
		tiles = append(tiles, f.tile(v, n))
	}
	return tiles
}

func (f *furniture) tile(v *Visit, n *catalog.Node) view.CategoryTile {
	return view.CategoryTile{Name: v.text(n.Name), URL: v.categoryURL(n), Image: f.picture(v, n.MediaID)}
}

// footer is the menus of pages.
func (v *Visit) footer(all []content.Page) []view.FooterColumn {
	var columns []view.FooterColumn
	for _, menu := range content.Menus() {
		c := view.FooterColumn{Title: v.P.T("storefront.footer." + string(menu))}
		contact := false
		for _, p := range all {
			if p.Menu == menu && !p.Draft {
				c.Links = append(c.Links, view.Link{Label: v.text(p.Title), URL: v.pageURL(p)})
				contact = contact || p.Code == contactCode
			}
		}
		if menu == content.HelpMenu && !contact {
			c.Links = append(c.Links, view.Link{Label: v.P.T("storefront.contact.title"), URL: v.url("contact")})
		}
		if c.Links != nil {
			columns = append(columns, c)
		}
	}
	return columns
}

// target is the address of what a link written by the staff leads to; "" when
// shoppers do not see it.
func (s *Store) target(ctx context.Context, f *furniture, v *Visit, t slug.Target) string {
	switch t.Kind {
	case slug.Category:
		if n := f.tree.Find(t.ID); n != nil && n.Visible() {
			return v.categoryURL(n)
		}
	case slug.Collection:
		if c := f.collection(t.ID); c != nil && !c.Hidden {
			return v.collectionURL(c)
		}
	case slug.Page:
		pages, err := s.Content.Pages(ctx)
		if err != nil {
			return ""
		}
		for _, p := range pages {
			if p.ID == t.ID && !p.Draft {
				return v.pageURL(p)
			}
		}
	}
	return ""
}

func (s *Store) announcement(ctx context.Context, f *furniture, v *Visit) (*view.Link, error) {
	blocks, err := s.Content.Blocks(ctx, content.Announcement, false)
	if err != nil || len(blocks) == 0 {
		return nil, err
	}
	b := blocks[0]
	return &view.Link{Label: v.text(b.Title), URL: s.target(ctx, f, v, b.Target)}, nil
}
