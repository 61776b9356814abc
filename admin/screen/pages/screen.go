// Package pages is where the shop's own words are written: its pages of text,
// and what its home page and the line above every page show.
package pages

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/slug"
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
	Content *content.Service
	Catalog *catalog.Service
	Upload  *upload.Service
}

const at = admin.Prefix + "/pages"

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Nouns:          []admin.Noun{{Label: "admin.pages.title", URL: at, Icon: "file-text", Key: "W", Group: 1, Place: 0, Permission: policy.ContentRead}},
		Do:             []admin.Command{{Label: "admin.pages.new", URL: at + "/new", Icon: "plus", Permission: policy.ContentWrite}},
		Find:           s.find,
		FindPermission: policy.ContentRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return append([]policy.Route{
				o.Get("pages", "/pages", policy.ContentRead, s.list),
				o.Get("page.new", "/pages/new", policy.ContentWrite, s.blank),
				o.Post("page.create", "/pages", policy.ContentWrite, s.create),
				o.Get("page", "/pages/{id}", policy.ContentRead, s.show),
				o.Post("page.save", "/pages/{id}", policy.ContentWrite, s.save),
				o.Post("page.delete", "/pages/{id}/deletion", policy.ContentWrite, s.remove),
			}, s.blockRoutes(o)...)
		},
	}
}

func title(d *admin.Desk, p content.Page) string { return p.Title.In(d.P.Lang(), d.First()) }

func menu(d *admin.Desk, m content.Menu) string {
	if m == content.NoMenu {
		return d.P.T("admin.page.menu.none")
	}
	return d.P.T("admin.page.menu." + string(m))
}

// status says whether shoppers see something.
func status(d *admin.Desk, draft bool) *admin.Status {
	if draft {
		return &admin.Status{Tone: admin.Muted, Text: d.P.T("admin.page.draft")}
	}
	return &admin.Status{Tone: admin.Good, Text: d.P.T("admin.page.shown")}
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	all, err := s.Content.Pages(r.Context())
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.pages.title"), at)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Table: admin.Table{
		ID: "pages", Caption: d.P.T("admin.pages.title"), Two: true,
		Columns: []admin.Column{
			{Head: d.P.T("admin.page.title"), Kind: admin.Lead},
			{Head: d.P.T("admin.page.menu")},
			{Head: d.P.T("admin.page.changed")},
			{Head: d.P.T("admin.product.status"), Kind: admin.End},
		},
		Empty: &admin.Empty{Icon: "file-text", Title: d.P.T("admin.pages.none"), Text: d.P.T("admin.pages.none_text")},
	}}
	v.Actions = []admin.Action{{Label: d.P.T("admin.blocks.title"), URL: blocksAt, Icon: "house"}}
	if d.Can(policy.ContentWrite) {
		v.Primary = &admin.Action{Label: d.P.T("admin.pages.new"), URL: at + "/new", Icon: "plus", Look: "primary"}
		v.Table.Empty.Actions = []admin.Action{*v.Primary}
	}
	if note := missing(d, all); note != nil {
		v.Notes = append(v.Notes, *note)
	}
	for _, p := range all {
		v.Table.Rows = append(v.Table.Rows, admin.Row{ID: p.ID, Name: title(d, p), Cells: []admin.Cell{
			{Text: title(d, p), URL: at + "/" + p.ID, Note: p.Code}, {Text: menu(d, p.Menu)}, {Text: d.When(p.UpdatedAt, s.DB.Now())}, {Status: status(d, p.Draft)},
		}})
	}
	return s.o.Page(w, r, http.StatusOK, "list", v)
}

// missing names the pages a checkout leads to and the shop does not show yet.
func missing(d *admin.Desk, all []content.Page) *admin.Note {
	note := admin.Note{Title: d.P.T("admin.pages.missing"), Text: d.P.T("admin.pages.missing_text")}
	for _, code := range content.Agreed() {
		i := slices.IndexFunc(all, func(p content.Page) bool { return p.Code == code })
		switch {
		case i < 0 && d.Can(policy.ContentWrite):
			note.Links = append(note.Links, admin.Link{Label: d.P.T("admin.page.code." + code), URL: at + "/new?code=" + code})
		case i >= 0 && all[i].Draft:
			note.Links = append(note.Links, admin.Link{Label: title(d, all[i]), URL: at + "/" + all[i].ID})
		}
	}
	if note.Links == nil {
		return nil
	}
	return &note
}

// page reads what the path names.
func (s *screen) page(r *http.Request) (content.Page, error) {
	all, err := s.Content.Pages(r.Context())
	if err != nil {
		return content.Page{}, err
	}
	i := slices.IndexFunc(all, func(p content.Page) bool { return p.ID == r.PathValue("id") })
	if i < 0 {
		return content.Page{}, fault.New(fault.NotFound, "content.page_not_found")
	}
	return all[i], nil
}

type form struct {
	Version        int64             `form:"version" min:"0"`
	Title          map[string]string `form:"title" max:"250"`
	Body           map[string]string `form:"body" max:"50000" multiline:"true"`
	SEODescription map[string]string `form:"seo_description" max:"1000" multiline:"true"`
	Slugs          map[string]string `form:"slugs" max:"200"`
	Code           string            `form:"code" max:"100"`
	Menu           string            `form:"menu" oneof:"none shop help legal" required:"true"`
	Position       int               `form:"position" min:"0" max:"100000"`
	Shown          bool              `form:"shown"`
	Do             string            `form:"do" oneof:"preview"`
}

// fresh is a page that is not there yet: at the end, shown, and with the code
// that was asked for if it is one the checkout knows.
func (s *screen) fresh(r *http.Request) (content.Page, error) {
	all, err := s.Content.Pages(r.Context())
	p := content.Page{Position: len(all), Menu: content.HelpMenu}
	if code := r.URL.Query().Get("code"); slices.Contains(content.Agreed(), code) {
		d := s.o.Desk(r)
		p.Code, p.Menu, p.Title = code, content.LegalMenu, locale.Text{d.First(): d.P.T("admin.page.code." + code)}
	}
	return p, err
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	p, err := s.fresh(r)
	if err != nil {
		return err
	}
	return s.draw(w, r, p, admin.Typed{}, nil, nil)
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r)
	if err != nil {
		return err
	}
	return s.draw(w, r, p, admin.Typed{}, nil, nil)
}

func (s *screen) create(w http.ResponseWriter, r *http.Request) error {
	p, err := s.fresh(r)
	if err != nil {
		return err
	}
	return s.store(w, r, p)
}

func (s *screen) save(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r)
	if err != nil {
		return err
	}
	return s.store(w, r, p)
}

// store saves what was typed over p, or only shows what it would look like.
func (s *screen) store(w http.ResponseWriter, r *http.Request, p content.Page) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[form](r, d.Limits())
	if err == nil && in.Do == "preview" {
		return s.draw(w, r, p, d.Typed(raw, nil), locale.Text(in.Body), nil)
	}
	if err == nil {
		edited := p
		edited.Version, edited.Draft, edited.Position, edited.Menu = in.Version, !in.Shown, in.Position, content.Menu(in.Menu)
		edited.Title, edited.Body, edited.SEODescription, edited.Slugs = locale.Text(in.Title), locale.Text(in.Body), locale.Text(in.SEODescription), locale.Text(in.Slugs)
		if in.Menu == "none" {
			edited.Menu = content.NoMenu
		}
		if p.ID == "" {
			edited.Code = strings.TrimSpace(in.Code)
		}
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			saved, err := s.Content.SavePage(ctx, tx, d.Actor(), edited)
			return admin.Done(at+"/"+saved.ID, "saved"), err
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	err = inFirst(err, d, "title")
	return s.draw(w, r, p, d.Typed(raw, err), nil, err)
}

// inFirst puts the fault of a text that is missing in every language at the
// input of the first one.
func inFirst(err error, d *admin.Desk, names ...string) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if slices.Contains(names, f.Fields[i].Path) {
			f.Fields[i].Path += "." + d.First()
		}
	}
	return &f
}

func (s *screen) draw(w http.ResponseWriter, r *http.Request, p content.Page, t admin.Typed, preview locale.Text, cause error) error {
	d := s.o.Desk(r)
	head := title(d, p)
	if p.ID == "" {
		head = d.P.T("admin.pages.new")
	}
	frame, err := s.o.Frame(r, head, at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.pages.title"), URL: at}, t.Note()
	v := admin.FormView{Frame: frame, ID: "page", To: at, Refused: t.Sent(), ReadOnly: !d.Can(policy.ContentWrite), Save: admin.SaveBar{Discard: at, Always: p.ID == ""}}
	if p.ID != "" {
		v.To, v.Save.Discard = at+"/"+p.ID, at+"/"+p.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(p.Version, 10))}}
		if url := d.InShop("/pages/", p.Slugs); url != "" && !p.Draft {
			v.Actions = []admin.Action{{Label: d.P.T("admin.product.view"), URL: url, Icon: "external-link", Away: true}}
		}
		if !v.ReadOnly {
			if err := s.offerDeletion(r, d, &v, p); err != nil {
				return err
			}
		}
	}
	stored := func(field, lang string) string {
		return map[string]locale.Text{"title": p.Title, "body": p.Body, "slugs": p.Slugs, "seo_description": p.SEODescription}[field][lang]
	}
	texts := admin.Section{Title: d.P.T("admin.product.texts"), ID: "texts", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "title", Label: d.P.T("admin.page.title"), Max: 250, Required: true},
		admin.Field{Name: "body", Label: d.P.T("admin.page.body"), Kind: admin.LongField, Rows: 16, Optional: true, Help: d.P.T("admin.markdown")},
	)}
	if !v.ReadOnly {
		texts.Actions = []admin.Action{{Label: d.P.T("admin.page.preview"), Submit: "page", Name: "do", Value: "preview", Icon: "eye"}}
	}
	v.Sections = []admin.Section{texts}
	for _, lang := range d.Languages() {
		if preview[lang] != "" {
			v.Sections = append(v.Sections, admin.Section{
				Title: d.P.T("admin.page.preview_in", "language", d.P.T("admin.language."+lang)), ID: "preview-" + lang, Lang: lang, Prose: s.Content.HTML(preview[lang]),
			})
		}
	}
	v.Sections = append(v.Sections, admin.Section{Title: d.P.T("admin.product.found"), Note: d.P.T("admin.product.found_note"), ID: "seo", Tongues: d.Tongues(t, stored,
		admin.Field{Name: "slugs", Label: d.P.T("admin.slug"), Prefix: "/pages/", Optional: true, Max: 200, Help: d.P.T("admin.slug_help")},
		admin.Field{Name: "seo_description", Label: d.P.T("admin.seo_description"), Kind: admin.LongField, Rows: 2, Optional: true, Max: 1000},
	)})
	where := admin.Field{Name: "menu", Label: d.P.T("admin.page.menu"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Value: "none", Label: menu(d, content.NoMenu), Selected: p.Menu == content.NoMenu}}}
	for _, m := range content.Menus() {
		where.Choices = append(where.Choices, admin.Choice{Value: string(m), Label: menu(d, m), Selected: p.Menu == m})
	}
	v.Side = []admin.Section{{Title: d.P.T("admin.category.place"), ID: "place", Fields: t.Fields(
		admin.Field{Name: "shown", Label: d.P.T("admin.page.show"), Help: d.P.T("admin.page.show_help"), Kind: admin.CheckField, Checked: !p.Draft},
		where,
		admin.Field{Name: "position", Label: d.P.T("admin.fields.position"), Help: d.P.T("admin.fields.position_help"), Kind: admin.NumberField, Value: strconv.Itoa(p.Position)},
		admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: p.Code, Optional: true, Mono: true, Max: 100, Help: d.P.T("admin.page.code_help"), Off: p.ID != ""},
	)}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

// offerDeletion adds the dialog that asks where a page's visitors go.
func (s *screen) offerDeletion(r *http.Request, d *admin.Desk, v *admin.FormView, p content.Page) error {
	all, err := s.Content.Pages(r.Context())
	if err != nil {
		return err
	}
	to := admin.Field{Name: "to", ID: "delete-to", Label: d.P.T("admin.delete.visitors"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Value: "gone", Label: d.P.T("admin.delete.gone"), Selected: true}}}
	for _, other := range all {
		if other.ID != p.ID && !other.Draft {
			to.Choices = append(to.Choices, admin.Choice{Value: other.ID, Label: d.P.T("admin.delete.to", "name", title(d, other))})
		}
	}
	v.More = []admin.Action{{Label: d.P.T("admin.page.delete"), Icon: "trash", Look: "danger", Opens: "delete"}}
	v.Dialogs = []admin.Dialog{{
		ID: "delete", Title: d.P.T("admin.category.delete_title", "name", title(d, p)), Text: d.P.T("admin.page.delete_text"), Fields: []admin.Field{to},
		Action: admin.Action{Label: d.P.T("admin.page.delete"), Post: true, URL: at + "/" + p.ID + "/deletion", Key: v.FormKey, Look: "danger"},
	}}
	return nil
}

func (s *screen) remove(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		To string `form:"to" max:"40"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	var to slug.Target
	if in.To != "" && in.To != "gone" {
		all, err := s.Content.Pages(r.Context())
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(p content.Page) bool { return p.ID == in.To && p.ID != r.PathValue("id") }) {
			return fault.New(fault.NotFound, "content.page_not_found")
		}
		to = slug.Target{Kind: slug.Page, ID: in.To}
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(at, "page_deleted"), s.Content.DeletePage(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"), to)
	})
}

// find looks for pages by title.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	all, err := s.Content.Pages(ctx)
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.pages.title")}
	for _, p := range all {
		if strings.Contains(strings.ToLower(title(d, p)), strings.ToLower(words)) && len(g.Hits) < 5 {
			g.Hits = append(g.Hits, admin.Hit{Icon: "file-text", Label: title(d, p), URL: at + "/" + p.ID})
		}
	}
	return []admin.FindGroup{g}, nil
}
