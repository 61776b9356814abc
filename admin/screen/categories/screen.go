package categories

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Parts is what the screen works with.
type Parts struct {
	DB      *db.DB
	Catalog *catalog.Service
	Fields  *custom.Service
	Upload  *upload.Service
}

const at = admin.Prefix + "/categories"

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages:          Templates,
		Nouns:          []admin.Noun{{Label: "admin.categories.title", URL: at, Icon: "folder-tree", Key: "C", Place: 3, Permission: policy.CatalogRead}},
		Do:             []admin.Command{{Label: "admin.categories.new", URL: at + "/new", Icon: "plus", Permission: policy.CatalogWrite}},
		Find:           s.find,
		FindPermission: policy.CatalogRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			create := o.Post("category.create", "/categories", policy.CatalogWrite, s.create)
			save := o.Post("category.save", "/categories/{id}", policy.CatalogWrite, s.save)
			create.Body, save.Body = admin.MaxPictureForm, admin.MaxPictureForm
			return []policy.Route{
				o.Get("categories", "/categories", policy.CatalogRead, s.tree),
				o.Get("category.new", "/categories/new", policy.CatalogWrite, s.blank),
				create,
				o.Get("category", "/categories/{id}", policy.CatalogRead, s.show),
				save,
				o.Post("category.move", "/categories/{id}/position", policy.CatalogWrite, s.move),
				o.Post("category.delete", "/categories/{id}/deletion", policy.CatalogWrite, s.remove),
			}
		},
	}
}

func (s *screen) tree(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	tree, err := s.Catalog.Tree(r.Context())
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.categories.title"), at)
	if err != nil {
		return err
	}
	write := d.Can(policy.CatalogWrite)
	v := TreeView{Frame: frame, Empty: &admin.Empty{Icon: "folder-tree", Title: d.P.T("admin.categories.none"), Text: d.P.T("admin.categories.none_text")}}
	if write {
		v.Primary = &admin.Action{Label: d.P.T("admin.categories.new"), URL: at + "/new", Icon: "plus", Look: "primary"}
		v.Empty.Actions = []admin.Action{*v.Primary}
	}
	for _, n := range tree.All() {
		b := admin.Branch{Name: name(d, n), URL: at + "/" + n.ID, Depth: min(n.Depth, 4)}
		if n.Hidden {
			b.Status = &admin.Status{Tone: admin.Muted, Text: d.P.T("admin.category.hidden")}
		}
		if write {
			b.Actions = arrows(d, n, siblings(tree, n), frame.FormKey)
		}
		v.Branches = append(v.Branches, b)
	}
	return s.o.Page(w, r, http.StatusOK, "categories", v)
}

func siblings(t *catalog.Tree, n *catalog.Node) []*catalog.Node {
	if n.Parent == nil {
		return t.Roots()
	}
	return n.Parent.Children
}

// arrows move a category among its siblings.
func arrows(d *admin.Desk, n *catalog.Node, among []*catalog.Node, key string) []admin.Action {
	i := slices.Index(among, n)
	move := func(label, icon string, to int, off bool) admin.Action {
		return admin.Action{
			Label: d.P.T(label, "name", name(d, n)), Icon: icon, Post: true, URL: at + "/" + n.ID + "/position", Key: key, Off: off,
			Fields: []admin.Hidden{{Name: "parent", Value: n.ParentID}, {Name: "index", Value: strconv.Itoa(max(to, 0))}},
		}
	}
	return []admin.Action{
		move("admin.category.up", "arrow-up", i-1, i == 0),
		move("admin.category.down", "arrow-down", i+1, i == len(among)-1),
	}
}

func name(d *admin.Desk, n *catalog.Node) string { return n.Name.In(d.P.Lang(), d.First()) }

type form struct {
	admin.PictureForm
	Version        int64             `form:"version" min:"0"`
	Name           map[string]string `form:"name" max:"250"`
	Description    map[string]string `form:"description" max:"50000" multiline:"true"`
	Slugs          map[string]string `form:"slugs" max:"200"`
	SEOTitle       map[string]string `form:"seo_title" max:"250"`
	SEODescription map[string]string `form:"seo_description" max:"1000" multiline:"true"`
	Parent         string            `form:"parent" max:"40"`
	Shown          bool              `form:"shown"`
	Fields         map[string]string `form:"fields" items:"500" max:"20000" multiline:"true"`
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, r, catalog.Category{ParentID: r.URL.Query().Get("parent")}, admin.Typed{}, nil)
}

func (s *screen) category(r *http.Request) (catalog.Category, *catalog.Tree, error) {
	tree, err := s.Catalog.Tree(r.Context())
	if err != nil {
		return catalog.Category{}, nil, err
	}
	n := tree.Find(r.PathValue("id"))
	if n == nil {
		return catalog.Category{}, nil, fault.New(fault.NotFound, "catalog.category_not_found")
	}
	return n.Category, tree, nil
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	c, _, err := s.category(r)
	if err != nil {
		return err
	}
	return s.page(w, r, c, admin.Typed{}, nil)
}

func (s *screen) create(w http.ResponseWriter, r *http.Request) error {
	return s.store(w, r, catalog.Category{})
}

func (s *screen) save(w http.ResponseWriter, r *http.Request) error {
	c, _, err := s.category(r)
	if err != nil {
		return err
	}
	return s.store(w, r, c)
}

func (s *screen) store(w http.ResponseWriter, r *http.Request, c catalog.Category) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[form](r, d.PictureLimits())
	if err == nil {
		err = s.write(w, r, d, c, in)
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if f.Fields[i].Path == "name" {
			f.Fields[i].Path = "name." + d.First()
		}
	}
	return s.page(w, r, c, d.Typed(raw, &f), err)
}

func (s *screen) write(w http.ResponseWriter, r *http.Request, d *admin.Desk, c catalog.Category, in form) error {
	defs, err := s.Fields.For(r.Context(), custom.Category)
	if err != nil {
		return err
	}
	var faults fault.Form
	moved := c.ID != "" && c.ParentID != in.Parent
	if c.ID == "" {
		c.ParentID = in.Parent
		if tree, err := s.Catalog.Tree(r.Context()); err != nil {
			return err
		} else if parent := tree.Find(in.Parent); parent != nil {
			c.Position = len(parent.Children)
		} else {
			c.Position = len(tree.Roots())
		}
	}
	c.Version, c.Hidden = in.Version, !in.Shown
	c.Name, c.Description, c.Slugs = locale.Text(in.Name), locale.Text(in.Description), locale.Text(in.Slugs)
	c.SEOTitle, c.SEODescription = locale.Text(in.SEOTitle), locale.Text(in.SEODescription)
	c.Fields = d.CustomValues(defs, in.Fields, &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	taken, err := admin.TakePictures(r.Context(), s.Upload, in.Upload)
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		c, err := c, error(nil)
		if c.MediaID, err = in.Keep(ctx, tx, d.Actor(), taken, d.Languages()); err != nil {
			return once.Response{}, err
		}
		saved, err := s.Catalog.SaveCategory(ctx, tx, d.Actor(), c)
		if err == nil && moved {
			err = s.Catalog.MoveCategory(ctx, tx, d.Actor(), saved.ID, in.Parent, 1<<20)
		}
		return admin.Done(at+"/"+saved.ID, "saved"), err
	})
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, c catalog.Category, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	tree, err := s.Catalog.Tree(r.Context())
	if err != nil {
		return err
	}
	title := c.Name.In(d.P.Lang(), d.First())
	if c.ID == "" {
		title = d.P.T("admin.categories.new")
	}
	frame, err := s.o.Frame(r, title, at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.categories.title"), URL: at}, t.Note()
	v := admin.FormView{Frame: frame, ID: "category", To: at, Files: true, Refused: t.Sent(), ReadOnly: !d.Can(policy.CatalogWrite), Save: admin.SaveBar{Discard: at, Always: c.ID == ""}}
	if c.ID != "" {
		v.To, v.Save.Discard = at+"/"+c.ID, at+"/"+c.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(c.Version, 10))}}
		v.Actions = []admin.Action{{Label: d.P.T("admin.category.products"), URL: admin.Prefix + "/products?category=" + c.ID, Icon: "package"}}
		if !v.ReadOnly {
			v.More = []admin.Action{
				{Label: d.P.T("admin.category.below"), URL: at + "/new?parent=" + c.ID, Icon: "plus"},
				{Label: d.P.T("admin.category.delete"), Icon: "trash", Look: "danger", Opens: "delete"},
			}
			var visitors []admin.Field
			if c.ParentID != "" {
				visitors = []admin.Field{d.Visitors(d.P.T("admin.delete.to_parent"))}
			}
			v.Dialogs = []admin.Dialog{{
				ID: "delete", Title: d.P.T("admin.category.delete_title", "name", title), Text: d.P.T("admin.category.delete_text"), Fields: visitors,
				Action: admin.Action{Label: d.P.T("admin.category.delete"), Post: true, URL: at + "/" + c.ID + "/deletion", Key: frame.FormKey, Look: "danger"},
			}}
		}
	}
	stored := func(field, lang string) string {
		return map[string]locale.Text{"name": c.Name, "description": c.Description, "slugs": c.Slugs, "seo_title": c.SEOTitle, "seo_description": c.SEODescription}[field][lang]
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.product.texts"), ID: "texts", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 250, Required: true},
		admin.Field{Name: "description", Label: d.P.T("admin.product.description"), Kind: admin.LongField, Rows: 6, Optional: true, Help: d.P.T("admin.markdown")},
	)}}
	defs, err := s.Fields.For(r.Context(), custom.Category)
	if err != nil {
		return err
	}
	if len(defs) > 0 {
		v.Sections = append(v.Sections, admin.Section{Title: d.P.T("admin.product.details"), ID: "details", Grid: true, Fields: d.CustomInputs(defs, c.Fields, t)})
	}
	v.Sections = append(v.Sections, admin.Section{Title: d.P.T("admin.product.found"), Note: d.P.T("admin.product.found_note"), ID: "seo", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "slugs", Label: d.P.T("admin.slug"), Prefix: "/c/", Optional: true, Max: 200, Help: d.P.T("admin.slug_help")},
		admin.Field{Name: "seo_title", Label: d.P.T("admin.seo_title"), Optional: true, Max: 250},
		admin.Field{Name: "seo_description", Label: d.P.T("admin.seo_description"), Kind: admin.LongField, Rows: 2, Optional: true, Max: 1000},
	)})
	parent := admin.Field{Name: "parent", Label: d.P.T("admin.category.parent"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: d.P.T("admin.category.top"), Selected: c.ParentID == ""}}}
	for _, n := range tree.All() {
		if c.ID == "" || !tree.Under(n.ID, c.ID) {
			parent.Choices = append(parent.Choices, admin.Choice{Value: n.ID, Label: strings.Repeat("\u2003", n.Depth) + name(d, n), Selected: n.ID == c.ParentID})
		}
	}
	picture, err := d.PictureSection(r.Context(), s.DB, c.MediaID, t)
	if err != nil {
		return err
	}
	v.Sections = slices.Insert(v.Sections, 1, picture)
	v.Side = []admin.Section{{Title: d.P.T("admin.category.place"), ID: "place", Fields: t.Fields(parent,
		admin.Field{Name: "shown", Label: d.P.T("admin.category.shown"), Help: d.P.T("admin.category.shown_help"), Kind: admin.CheckField, Checked: !c.Hidden})}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

func (s *screen) move(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Parent string `form:"parent" max:"40"`
		Index  int    `form:"index" min:"0" max:"100000"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return once.SeeOther(at), s.Catalog.MoveCategory(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"), in.Parent, in.Index)
	})
}

func (s *screen) remove(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Visitors string `form:"visitors" oneof:"lead gone"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	c, _, err := s.category(r)
	if err != nil {
		return err
	}
	err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(at, "category_deleted"), s.Catalog.DeleteCategory(ctx, tx, s.o.Desk(r).Actor(), c.ID, in.Visitors == "gone")
	})
	if err == nil || !fault.Is(err, fault.Conflict) {
		return err
	}
	t := s.o.Desk(r).Typed(web.Raw{}, err).Unsent()
	return s.page(w, r, c, t, err)
}

// find looks for categories by name, in memory.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	tree, err := s.Catalog.Tree(ctx)
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.categories.title")}
	for _, n := range tree.All() {
		if strings.Contains(strings.ToLower(name(d, n)), strings.ToLower(words)) && len(g.Hits) < 5 {
			g.Hits = append(g.Hits, admin.Hit{Icon: "folder-tree", Label: name(d, n), URL: at + "/" + n.ID})
		}
	}
	return []admin.FindGroup{g}, nil
}
