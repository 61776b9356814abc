// Package collections is where goods are gathered across the tree: by hand, or
// by a rule.
package collections

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/media"
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

	// FindProducts lists the ids of at most limit products whose name, SKU,
	// brand or GTIN fits, by name; all of them for no words.
	FindProducts func(ctx context.Context, words string, limit int) ([]string, error)
}

const at = admin.Prefix + "/collections"

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Nouns:          []admin.Noun{{Label: "admin.collections.title", URL: at, Icon: "layers", Key: "L", Place: 3, Permission: policy.CatalogRead}},
		Do:             []admin.Command{{Label: "admin.collections.new", URL: at + "/new", Icon: "plus", Permission: policy.CatalogWrite}},
		Find:           s.find,
		FindPermission: policy.CatalogRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			create := o.Post("collection.create", "/collections", policy.CatalogWrite, s.create)
			save := o.Post("collection.save", "/collections/{id}", policy.CatalogWrite, s.save)
			create.Body, save.Body = admin.MaxPictureForm, admin.MaxPictureForm
			return []policy.Route{
				o.Get("collections", "/collections", policy.CatalogRead, s.list),
				o.Get("collection.new", "/collections/new", policy.CatalogWrite, s.blank),
				create,
				o.Get("collection", "/collections/{id}", policy.CatalogRead, s.show),
				save,
				o.Post("collection.delete", "/collections/{id}/deletion", policy.CatalogWrite, s.remove),
				o.Post("collection.arrange", "/collections/{id}/order", policy.CatalogWrite, s.arrange),
				o.Get("collection.pick", "/collections/{id}/products", policy.CatalogWrite, s.pick),
				o.Post("collection.add", "/collections/{id}/products", policy.CatalogWrite, s.add),
			}
		},
	}
}

func name(d *admin.Desk, c catalog.Collection) string { return c.Name.In(d.P.Lang(), d.First()) }

func kind(d *admin.Desk, c catalog.Collection) string {
	if c.Rule != nil {
		return d.P.T("admin.collection.by_rule")
	}
	return d.P.T("admin.collection.by_hand")
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	all, err := s.Catalog.Collections(r.Context(), s.DB)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.collections.title"), at)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Table: admin.Table{
		ID: "collections", Caption: d.P.T("admin.collections.title"), Two: true,
		Columns: []admin.Column{
			{Head: d.P.T("admin.product.name"), Kind: admin.Lead},
			{Head: d.P.T("admin.collection.filled")},
			{Head: d.P.T("admin.product.status")},
			{Head: d.P.T("admin.products.title"), Kind: admin.End},
		},
		Empty: &admin.Empty{Icon: "layers", Title: d.P.T("admin.collections.none"), Text: d.P.T("admin.collections.none_text")},
	}}
	if d.Can(policy.CatalogWrite) {
		v.Primary = &admin.Action{Label: d.P.T("admin.collections.new"), URL: at + "/new", Icon: "plus", Look: "primary"}
		v.Table.Empty.Actions = []admin.Action{*v.Primary}
	}
	for _, c := range all {
		products, err := s.Catalog.CollectionProducts(r.Context(), s.DB, c.ID)
		if err != nil {
			return err
		}
		status := admin.Status{Tone: admin.Good, Text: d.P.T("admin.collection.shown_now")}
		if c.Hidden {
			status = admin.Status{Tone: admin.Muted, Text: d.P.T("admin.category.hidden")}
		}
		v.Table.Rows = append(v.Table.Rows, admin.Row{ID: c.ID, Name: name(d, c), Cells: []admin.Cell{
			{Text: name(d, c), URL: at + "/" + c.ID, Note: c.Code}, {Text: kind(d, c)}, {Status: &status}, {Text: d.P.Number(int64(len(products)))},
		}})
	}
	return s.o.Page(w, r, http.StatusOK, "list", v)
}

// collection reads what the path names.
func (s *screen) collection(r *http.Request) (catalog.Collection, error) {
	all, err := s.Catalog.Collections(r.Context(), s.DB)
	if err != nil {
		return catalog.Collection{}, err
	}
	i := slices.IndexFunc(all, func(c catalog.Collection) bool { return c.ID == r.PathValue("id") })
	if i < 0 {
		return catalog.Collection{}, fault.New(fault.NotFound, "catalog.collection_not_found")
	}
	return all[i], nil
}

type form struct {
	admin.PictureForm
	Version        int64             `form:"version" min:"0"`
	Name           map[string]string `form:"name" max:"250"`
	Description    map[string]string `form:"description" max:"50000" multiline:"true"`
	Slugs          map[string]string `form:"slugs" max:"200"`
	SEOTitle       map[string]string `form:"seo_title" max:"250"`
	SEODescription map[string]string `form:"seo_description" max:"1000" multiline:"true"`
	Code           string            `form:"code" max:"100"`
	Position       int               `form:"position" min:"0" max:"100000"`
	Shown          bool              `form:"shown"`
	Kind           string            `form:"kind" oneof:"manual rule" required:"true"`
	Match          string            `form:"match" oneof:"all any" required:"true"`
	Conditions     []conditionForm   `form:"conditions" items:"60"`
	Do             string            `form:"do" oneof:"count"`
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Catalog.Collections(r.Context(), s.DB)
	if err != nil {
		return err
	}
	return s.page(w, r, catalog.Collection{Position: len(all)}, admin.Typed{}, admin.Typed{}, nil, nil)
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	c, err := s.collection(r)
	if err != nil {
		return err
	}
	return s.page(w, r, c, admin.Typed{}, admin.Typed{}, nil, nil)
}

func (s *screen) create(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Catalog.Collections(r.Context(), s.DB)
	if err != nil {
		return err
	}
	return s.store(w, r, catalog.Collection{Position: len(all)})
}

func (s *screen) save(w http.ResponseWriter, r *http.Request) error {
	c, err := s.collection(r)
	if err != nil {
		return err
	}
	return s.store(w, r, c)
}

// store saves what was typed over c, or only counts what its rule would choose.
func (s *screen) store(w http.ResponseWriter, r *http.Request, c catalog.Collection) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[form](r, d.PictureLimits())
	var rows []int
	var edited catalog.Collection
	if err == nil {
		edited, rows, err = s.edit(r.Context(), d, c, in)
	}
	if err == nil && in.Do == "count" {
		note := &admin.Note{Text: d.P.T("admin.collection.count_manual")}
		if edited.Rule != nil {
			var fitting []string
			if fitting, err = s.Catalog.Fitting(r.Context(), s.DB, *edited.Rule); err == nil {
				note.Text = d.P.T("admin.collection.counted", "count", len(fitting))
			}
		}
		if err == nil {
			return s.page(w, r, c, d.Typed(raw, nil), admin.Typed{}, note, nil)
		}
	} else if err == nil {
		var taken []media.Input
		if taken, err = admin.TakePictures(r.Context(), s.Upload, in.Upload); err == nil {
			err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				c, err := edited, error(nil)
				if c.MediaID, err = in.Keep(ctx, tx, d.Actor(), taken, d.Languages()); err != nil {
					return once.Response{}, err
				}
				saved, err := s.Catalog.SaveCollection(ctx, tx, d.Actor(), c)
				return admin.Done(at+"/"+saved.ID, "saved"), err
			})
		}
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	err = atInputs(err, d, rows)
	return s.page(w, r, c, d.Typed(raw, err), admin.Typed{}, nil, err)
}

// edit puts what was typed into a copy of c. rows says in which row of the
// page each condition stands.
func (s *screen) edit(ctx context.Context, d *admin.Desk, c catalog.Collection, in form) (catalog.Collection, []int, error) {
	var faults fault.Form
	c.Version, c.Hidden, c.Position = in.Version, !in.Shown, in.Position
	c.Name, c.Description, c.Slugs = locale.Text(in.Name), locale.Text(in.Description), locale.Text(in.Slugs)
	c.SEOTitle, c.SEODescription = locale.Text(in.SEOTitle), locale.Text(in.SEODescription)
	if in.Code != "" {
		c.Code = in.Code
	}
	if in.Name[d.First()] == "" {
		faults.Add("name."+d.First(), "form.required")
	}
	c.Rule = nil
	var rows []int
	if in.Kind == "rule" {
		rule := &catalog.Rule{Any: in.Match == "any"}
		var err error
		if rule.Conditions, rows, err = s.conditions(ctx, d, in.Conditions, &faults); err != nil {
			return c, nil, err
		}
		if len(rule.Conditions) == 0 && faults.Err() == nil {
			faults.Add("conditions.0.value", "form.required")
		}
		c.Rule = rule
	}
	return c, rows, faults.Err()
}

// atInputs names the faults of the catalogue after the inputs of the page.
func atInputs(err error, d *admin.Desk, rows []int) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		if field.Path == "name" {
			field.Path = "name." + d.First()
		}
		if rest, ok := strings.CutPrefix(field.Path, "rule.conditions."); ok {
			n, what, _ := strings.Cut(rest, ".")
			inputs := map[string]string{"text": "value", "is": "op", "on": "on", "field": "on"}
			if j, err := strconv.Atoi(n); err == nil && j < len(rows) {
				field.Path = "conditions." + strconv.Itoa(rows[j]) + "." + inputs[what]
			}
		}
		if field.Path == "rule" {
			field.Path = "conditions.0.value"
		}
		f.Fields[i] = field
	}
	return &f
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, c catalog.Collection, t, places admin.Typed, note *admin.Note, cause error) error {
	d := s.o.Desk(r)
	title := name(d, c)
	if c.ID == "" {
		title = d.P.T("admin.collections.new")
	}
	frame, err := s.o.Frame(r, title, at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.collections.title"), URL: at}, t.Note()
	if frame.Fault == nil {
		frame.Fault = places.Note()
	}
	v := admin.FormView{Frame: frame, ID: "collection", To: at, Files: true, Refused: t.Sent(), ReadOnly: !d.Can(policy.CatalogWrite), Save: admin.SaveBar{Discard: at, Always: c.ID == ""}}
	if note != nil {
		v.Notes = []admin.Note{*note}
	}
	if c.ID != "" {
		v.To, v.Save.Discard = at+"/"+c.ID, at+"/"+c.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(c.Version, 10))}}
		if page := d.InShop("/collections/", c.Slugs); page != "" && !c.Hidden {
			v.Actions = []admin.Action{{Label: d.P.T("admin.product.view"), URL: page, Icon: "external-link", Away: true}}
		}
		if !v.ReadOnly {
			v.More = []admin.Action{{Label: d.P.T("admin.collection.delete"), Icon: "trash", Look: "danger", Opens: "delete"}}
			v.Dialogs = []admin.Dialog{{
				ID: "delete", Title: d.P.T("admin.category.delete_title", "name", title), Text: d.P.T("admin.collection.delete_text"),
				Action: admin.Action{Label: d.P.T("admin.collection.delete"), Post: true, URL: at + "/" + c.ID + "/deletion", Key: frame.FormKey, Look: "danger"},
			}}
		}
		if err := s.members(r.Context(), d, &v, c, places); err != nil {
			return err
		}
	}
	stored := func(field, lang string) string {
		return map[string]locale.Text{"name": c.Name, "description": c.Description, "slugs": c.Slugs, "seo_title": c.SEOTitle, "seo_description": c.SEODescription}[field][lang]
	}
	rule, err := s.ruleSections(r.Context(), d, c, t)
	if err != nil {
		return err
	}
	v.Sections = append([]admin.Section{{Title: d.P.T("admin.product.texts"), ID: "texts", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 250, Required: true},
		admin.Field{Name: "description", Label: d.P.T("admin.product.description"), Kind: admin.LongField, Rows: 4, Optional: true, Help: d.P.T("admin.markdown")},
	)}}, rule...)
	v.Sections = append(v.Sections, admin.Section{Title: d.P.T("admin.product.found"), Note: d.P.T("admin.product.found_note"), ID: "seo", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "slugs", Label: d.P.T("admin.slug"), Prefix: "/collections/", Optional: true, Max: 200, Help: d.P.T("admin.slug_help")},
		admin.Field{Name: "seo_title", Label: d.P.T("admin.seo_title"), Optional: true, Max: 250},
		admin.Field{Name: "seo_description", Label: d.P.T("admin.seo_description"), Kind: admin.LongField, Rows: 2, Optional: true, Max: 1000},
	)})
	picture, err := d.PictureSection(r.Context(), s.DB, c.MediaID, t)
	if err != nil {
		return err
	}
	v.Sections = slices.Insert(v.Sections, 1, picture)
	v.Side = []admin.Section{{Title: d.P.T("admin.category.place"), ID: "place", Fields: t.Fields(
		admin.Field{Name: "shown", Label: d.P.T("admin.category.shown"), Help: d.P.T("admin.collection.shown_help"), Kind: admin.CheckField, Checked: !c.Hidden},
		admin.Field{Name: "position", Label: d.P.T("admin.fields.position"), Help: d.P.T("admin.fields.position_help"), Kind: admin.NumberField, Value: strconv.Itoa(c.Position)},
		admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: c.Code, Optional: true, Mono: true, Max: 100, Help: d.P.T("admin.collection.code_help")},
	)}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

func (s *screen) remove(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(at, "collection_deleted"), s.Catalog.DeleteCollection(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"))
	})
}

// find looks for collections by name.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	all, err := s.Catalog.Collections(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.collections.title")}
	for _, c := range all {
		if strings.Contains(strings.ToLower(name(d, c)), strings.ToLower(words)) && len(g.Hits) < 5 {
			g.Hits = append(g.Hits, admin.Hit{Icon: "layers", Label: name(d, c), URL: at + "/" + c.ID})
		}
	}
	return []admin.FindGroup{g}, nil
}
