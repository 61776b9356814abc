package pages

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

const blocksAt = admin.Prefix + "/blocks"

func (s *screen) blockRoutes(o *admin.Office) []policy.Route {
	create := o.Post("block.create", "/blocks", policy.ContentWrite, s.createBlock)
	save := o.Post("block.save", "/blocks/{id}", policy.ContentWrite, s.saveBlock)
	create.Body, save.Body = admin.MaxPictureForm, admin.MaxPictureForm
	return []policy.Route{
		o.Get("blocks", "/blocks", policy.ContentRead, s.blocks),
		o.Get("block.new", "/blocks/new", policy.ContentWrite, s.blankBlock),
		create,
		o.Get("block", "/blocks/{id}", policy.ContentRead, s.showBlock),
		save,
		o.Post("block.move", "/blocks/{id}/place", policy.ContentWrite, s.moveBlock),
		o.Post("block.delete", "/blocks/{id}/deletion", policy.ContentWrite, s.removeBlock),
	}
}

// kinds are what may stand at a place.
func kinds(p content.Place) []content.BlockKind {
	if p == content.Announcement {
		return []content.BlockKind{content.Notice}
	}
	return []content.BlockKind{content.Hero, content.Categories, content.Products, content.Story, content.Notice}
}

func kind(d *admin.Desk, k content.BlockKind) string { return d.P.T("admin.block.kind." + string(k)) }

// name is what a block is called: its title, else what it is.
func name(d *admin.Desk, b content.Block) string {
	if t := b.Title.In(d.P.Lang(), d.First()); t != "" {
		return t
	}
	return kind(d, b.Kind)
}

func (s *screen) blocks(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	frame, err := s.o.Frame(r, d.P.T("admin.blocks.title"), at)
	if err != nil {
		return err
	}
	frame.Back = &admin.Link{Label: d.P.T("admin.pages.title"), URL: at}
	frame.Note = d.P.T("admin.blocks.note")
	v := admin.FormView{Frame: frame, ReadOnly: true}
	for _, place := range []content.Place{content.Announcement, content.Home} {
		list, err := s.Content.Blocks(r.Context(), place, true)
		if err != nil {
			return err
		}
		v.Sections = append(v.Sections, s.placeSection(d, place, list))
	}
	return s.o.Page(w, r, http.StatusOK, "form", v)
}

func (s *screen) placeSection(d *admin.Desk, place content.Place, list []content.Shown) admin.Section {
	write := d.Can(policy.ContentWrite)
	sec := admin.Section{
		Title: d.P.T("admin.block.place." + string(place)), Note: d.P.T("admin.block.note." + string(place)), ID: string(place),
		Table: &admin.Table{
			ID: string(place) + "-blocks", Caption: d.P.T("admin.block.place." + string(place)), Two: true,
			Columns: []admin.Column{{Head: d.P.T("admin.page.title"), Kind: admin.Lead}, {Head: d.P.T("admin.block.kind")}, {Head: d.P.T("admin.product.status"), Kind: admin.End}},
			Empty:   &admin.Empty{Icon: "layers", Title: d.P.T("admin.block.none"), Text: d.P.T("admin.block.none." + string(place))},
		},
	}
	if write {
		sec.Table.Columns = append(sec.Table.Columns, admin.Column{Head: d.P.T("admin.block.order"), Kind: admin.Acts})
		sec.Head = []admin.Action{{Label: d.P.T("admin.block.add"), URL: blocksAt + "/new?place=" + string(place), Icon: "plus", Small: true}}
	}
	for i, b := range list {
		row := admin.Row{ID: b.ID, Name: name(d, b.Block), Cells: []admin.Cell{
			{Text: name(d, b.Block), URL: blocksAt + "/" + b.ID}, {Text: kind(d, b.Kind)}, {Status: status(d, b.Draft)},
		}}
		if write {
			var tools admin.Cell
			move := func(label, icon string, to int) {
				tools.Actions = append(tools.Actions, admin.Action{
					Label: d.P.T(label, "name", row.Name), Icon: icon, Post: true, URL: blocksAt + "/" + b.ID + "/place", Key: once.NewKey(), Off: to < 0 || to >= len(list),
					Fields: []admin.Hidden{{Name: "index", Value: strconv.Itoa(to)}},
				})
			}
			move("admin.block.up", "chevron-up", i-1)
			move("admin.block.down", "chevron-down", i+1)
			row.Cells = append(row.Cells, tools)
		}
		sec.Table.Rows = append(sec.Table.Rows, row)
	}
	return sec
}

// block reads what the path names.
func (s *screen) block(r *http.Request) (content.Block, error) {
	for _, place := range []content.Place{content.Home, content.Announcement} {
		list, err := s.Content.Blocks(r.Context(), place, true)
		if err != nil {
			return content.Block{}, err
		}
		for _, b := range list {
			if b.ID == r.PathValue("id") {
				return b.Block, nil
			}
		}
	}
	return content.Block{}, fault.New(fault.NotFound, "content.block_not_found")
}

type blockForm struct {
	admin.PictureForm
	Version int64             `form:"version" min:"0"`
	Place   string            `form:"place" oneof:"home announcement"`
	Kind    string            `form:"kind" oneof:"hero categories products story notice" required:"true"`
	Title   map[string]string `form:"title" max:"250"`
	Body    map[string]string `form:"body" max:"50000" multiline:"true"`
	Action  map[string]string `form:"action" max:"100"`
	Target  string            `form:"target" max:"100"`
	Shown   bool              `form:"shown"`
}

func (s *screen) blankBlock(w http.ResponseWriter, r *http.Request) error {
	b := content.Block{Place: content.Home, Kind: content.Story}
	if r.URL.Query().Get("place") == string(content.Announcement) {
		b.Place, b.Kind = content.Announcement, content.Notice
	}
	return s.drawBlock(w, r, b, admin.Typed{}, nil)
}

func (s *screen) showBlock(w http.ResponseWriter, r *http.Request) error {
	b, err := s.block(r)
	if err != nil {
		return err
	}
	return s.drawBlock(w, r, b, admin.Typed{}, nil)
}

func (s *screen) createBlock(w http.ResponseWriter, r *http.Request) error {
	return s.storeBlock(w, r, content.Block{Place: content.Home, Kind: content.Story})
}

func (s *screen) saveBlock(w http.ResponseWriter, r *http.Request) error {
	b, err := s.block(r)
	if err != nil {
		return err
	}
	return s.storeBlock(w, r, b)
}

func (s *screen) storeBlock(w http.ResponseWriter, r *http.Request, b content.Block) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[blockForm](r, d.PictureLimits())
	if b.ID == "" && raw.Get("place") == string(content.Announcement) {
		b.Place, b.Kind = content.Announcement, content.Notice
	}
	var taken []media.Input
	if err == nil {
		taken, err = admin.TakePictures(r.Context(), s.Upload, in.Upload)
	}
	if err == nil {
		edited := b
		edited.Version, edited.Kind, edited.Draft = in.Version, content.BlockKind(in.Kind), !in.Shown
		edited.Title, edited.Body, edited.Action = locale.Text(in.Title), locale.Text(in.Body), locale.Text(in.Action)
		edited.Target = slug.ParseTarget(in.Target)
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			b, err := edited, error(nil)
			if b.MediaID, err = in.Keep(ctx, tx, d.Actor(), taken, d.Languages()); err != nil {
				return once.Response{}, err
			}
			_, err = s.Content.SaveBlock(ctx, tx, d.Actor(), b)
			return admin.Done(blocksAt, "saved"), err
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	err = inFirst(err, d, "title")
	return s.drawBlock(w, r, b, d.Typed(raw, err), err)
}

func (s *screen) drawBlock(w http.ResponseWriter, r *http.Request, b content.Block, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	head := name(d, b)
	if b.ID == "" {
		head = d.P.T("admin.block.new." + string(b.Place))
	}
	frame, err := s.o.Frame(r, head, at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.blocks.title"), URL: blocksAt}, t.Note()
	v := admin.FormView{Frame: frame, ID: "block", To: blocksAt, Files: true, Refused: t.Sent(), ReadOnly: !d.Can(policy.ContentWrite), Save: admin.SaveBar{Discard: blocksAt, Always: b.ID == ""}}
	v.Hidden = []admin.Hidden{{Name: "place", Value: string(b.Place)}}
	if b.ID != "" {
		v.To, v.Save.Discard = blocksAt+"/"+b.ID, blocksAt+"/"+b.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(b.Version, 10))}}
		if !v.ReadOnly {
			v.More = []admin.Action{{Label: d.P.T("admin.block.delete"), Icon: "trash", Look: "danger", Opens: "delete"}}
			v.Dialogs = []admin.Dialog{{
				ID: "delete", Title: d.P.T("admin.category.delete_title", "name", head), Text: d.P.T("admin.block.delete_text"),
				Action: admin.Action{Label: d.P.T("admin.block.delete"), Post: true, URL: blocksAt + "/" + b.ID + "/deletion", Key: frame.FormKey, Look: "danger"},
			}}
		}
	}
	stored := func(field, lang string) string {
		return map[string]locale.Text{"title": b.Title, "body": b.Body, "action": b.Action}[field][lang]
	}
	target, err := s.target(r, d, b.Target)
	if err != nil {
		return err
	}
	what := admin.Field{Name: "kind", Label: d.P.T("admin.block.kind"), Kind: admin.RadioField, Bare: true}
	for _, k := range kinds(b.Place) {
		what.Choices = append(what.Choices, admin.Choice{Value: string(k), Label: kind(d, k), Help: d.P.T("admin.block.help." + string(k)), Selected: b.Kind == k})
	}
	picture, err := d.PictureSection(r.Context(), s.DB, b.MediaID, t)
	if err != nil {
		return err
	}
	v.Sections = []admin.Section{
		{Title: d.P.T("admin.block.kind"), ID: "kinds", Fields: []admin.Field{t.Fill(what)}},
		{Title: d.P.T("admin.product.texts"), ID: "texts", Tongues: d.Tongues(t, stored,
			admin.Field{Name: "title", Label: d.P.T("admin.page.title"), Max: 250, Optional: true},
			admin.Field{Name: "body", Label: d.P.T("admin.page.body"), Kind: admin.LongField, Rows: 5, Optional: true, Help: d.P.T("admin.markdown")},
			admin.Field{Name: "action", Label: d.P.T("admin.block.action"), Max: 100, Optional: true, Help: d.P.T("admin.block.action_help")},
		), Fields: []admin.Field{t.Fill(target)}},
	}
	if b.Place == content.Home {
		v.Sections = append(v.Sections, picture)
	} else {
		v.Hidden = append(v.Hidden, admin.Hidden{Name: "media", Value: b.MediaID})
	}
	v.Side = []admin.Section{{Title: d.P.T("admin.product.status"), ID: "shown-card", Fields: t.Fields(
		admin.Field{Name: "shown", Label: d.P.T("admin.page.show"), Help: d.P.T("admin.block.show_help"), Kind: admin.CheckField, Checked: !b.Draft},
	)}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

// target offers what a block may lead to. One that it leads to and that is not
// offered stays a choice of its own.
func (s *screen) target(r *http.Request, d *admin.Desk, now slug.Target) (admin.Field, error) {
	f := admin.Field{Name: "target", Label: d.P.T("admin.block.target"), Help: d.P.T("admin.block.target_help"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: d.P.T("admin.block.nowhere")}}}
	offer := func(to slug.Target, label string) {
		f.Choices = append(f.Choices, admin.Choice{Value: to.String(), Label: label, Selected: to == now})
	}
	tree, err := s.Catalog.Tree(r.Context())
	if err != nil {
		return f, err
	}
	for _, n := range tree.All() {
		var names []string
		for _, up := range n.Path() {
			names = append(names, up.Name.In(d.P.Lang(), d.First()))
		}
		offer(slug.Target{Kind: slug.Category, ID: n.ID}, strings.Join(names, " › "))
	}
	collections, err := s.Catalog.Collections(r.Context(), s.DB)
	if err != nil {
		return f, err
	}
	for _, c := range collections {
		offer(slug.Target{Kind: slug.Collection, ID: c.ID}, d.P.T("admin.block.collection", "name", c.Name.In(d.P.Lang(), d.First())))
	}
	pages, err := s.Content.Pages(r.Context())
	if err != nil {
		return f, err
	}
	for _, p := range pages {
		offer(slug.Target{Kind: slug.Page, ID: p.ID}, d.P.T("admin.block.page", "name", title(d, p)))
	}
	if now.ID != "" && !slices.ContainsFunc(f.Choices, func(c admin.Choice) bool { return c.Selected }) {
		offer(now, d.P.T("admin.block.as_before"))
	}
	return f, nil
}

func (s *screen) moveBlock(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Index int `form:"index" min:"0" max:"100000"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(blocksAt, "saved"), s.Content.MoveBlock(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"), in.Index)
	})
}

func (s *screen) removeBlock(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(blocksAt, "block_deleted"), s.Content.DeleteBlock(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"))
	})
}
