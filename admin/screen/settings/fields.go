package settings

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

const fieldsAt = at + "/fields"

func (s *screen) fieldRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.fields", "/settings/fields", policy.SettingsRead, s.fields),
		o.Get("settings.field.new", "/settings/fields/new", policy.SettingsWrite, s.newField),
		o.Post("settings.field.create", "/settings/fields", policy.SettingsWrite, s.createField),
		o.Get("settings.field", "/settings/fields/{id}", policy.SettingsRead, s.field),
		o.Post("settings.field.save", "/settings/fields/{id}", policy.SettingsWrite, s.saveField),
		o.Post("settings.field.delete", "/settings/fields/{id}/deletion", policy.SettingsWrite, s.deleteField),
	}
}

// fields lists the merchant's own fields, one card for each kind of thing that
// can have any.
func (s *screen) fields(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.fields.title"), fieldsAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To, v.Note = "", d.P.T("admin.fields.note")
	for _, owner := range custom.Owners() {
		defs, err := s.Fields.For(r.Context(), owner)
		if err != nil {
			return err
		}
		sec := admin.Section{Title: d.P.T("admin.fields.of." + string(owner)), ID: "fields-" + string(owner)}
		if !v.ReadOnly {
			sec.Head = []admin.Action{{Label: d.P.T("admin.fields.new"), URL: fieldsAt + "/new?owner=" + string(owner), Icon: "plus", Small: true}}
		}
		if len(defs) == 0 {
			sec.Note = d.P.T("admin.fields.none." + string(owner))
		} else {
			t := &admin.Table{ID: "table-" + string(owner), Caption: sec.Title, Columns: []admin.Column{
				{Head: d.P.T("admin.product.name"), Kind: admin.Lead}, {Head: d.P.T("admin.fields.kind")}, {Head: d.P.T("admin.fields.used_for"), Kind: admin.Wide}, {Head: d.P.T("admin.tax.code"), Kind: admin.End},
			}}
			for _, f := range defs {
				t.Rows = append(t.Rows, admin.Row{ID: f.ID, Cells: []admin.Cell{
					{Text: f.Name.In(d.P.Lang(), d.First()), URL: fieldsAt + "/" + f.ID}, {Text: kind(d, f)}, {Text: purposes(d, f)}, {Text: f.Code, Tone: "faint"},
				}})
			}
			sec.Table = t
		}
		v.Sections = append(v.Sections, sec)
	}
	return s.page(w, r, v, nil)
}

// kind says what a field holds: "Number in cm".
func kind(d *admin.Desk, f custom.Field) string {
	if f.Kind == custom.Number && f.Unit != "" {
		return d.P.T("admin.fields.number_in", "unit", f.Unit)
	}
	return d.P.T("admin.fields.kind." + string(f.Kind))
}

func purposes(d *admin.Desk, f custom.Field) string {
	var all []string
	shown := "shown"
	if f.Owner == custom.Customer || f.Owner == custom.Order {
		shown = "shown_to_buyer"
	}
	for _, use := range []struct {
		on  bool
		key string
	}{{f.Required, "required"}, {f.Shown, shown}, {f.Facet, "facet"}, {f.Searchable, "searchable"}} {
		if use.on {
			all = append(all, d.P.T("admin.fields."+use.key))
		}
	}
	return strings.Join(all, ", ")
}

type fieldForm struct {
	Version    int64             `form:"version" min:"0"`
	Owner      string            `form:"owner" oneof:"product variant category customer order"`
	Name       map[string]string `form:"name" max:"100"`
	Code       string            `form:"code" max:"40"`
	Kind       string            `form:"kind" oneof:"number colour date choice text truth" required:"true"`
	Unit       string            `form:"unit" max:"20"`
	Decimals   int               `form:"decimals" min:"0" max:"6"`
	Position   int               `form:"position" min:"0" max:"100000"`
	Required   bool              `form:"required"`
	Shown      bool              `form:"shown"`
	Facet      bool              `form:"facet"`
	Searchable bool              `form:"searchable"`
	Choices    []choiceForm      `form:"choices" items:"1010"`
}

// choiceForm is one row of choices; a row without a name in the first language
// is taken away, or was never filled in.
type choiceForm struct {
	Code string            `form:"code" max:"60"`
	Name map[string]string `form:"name" max:"100"`
}

func (s *screen) newField(w http.ResponseWriter, r *http.Request) error {
	owner := custom.Owner(r.URL.Query().Get("owner"))
	if !slices.Contains(custom.Owners(), owner) {
		owner = custom.Product
	}
	defs, err := s.Fields.For(r.Context(), owner)
	if err != nil {
		return err
	}
	f := custom.Field{Owner: owner, Kind: custom.Text, Shown: owner != custom.Customer && owner != custom.Order, Position: len(defs)}
	return s.showField(w, r, f, admin.Typed{}, nil)
}

// definition reads the field that the path names.
func (s *screen) definition(r *http.Request) (custom.Field, error) {
	for _, owner := range custom.Owners() {
		defs, err := s.Fields.For(r.Context(), owner)
		if err != nil {
			return custom.Field{}, err
		}
		if i := slices.IndexFunc(defs, func(f custom.Field) bool { return f.ID == r.PathValue("id") }); i >= 0 {
			return defs[i], nil
		}
	}
	return custom.Field{}, fault.New(fault.NotFound, "custom.not_found")
}

func (s *screen) field(w http.ResponseWriter, r *http.Request) error {
	f, err := s.definition(r)
	if err != nil {
		return err
	}
	return s.showField(w, r, f, admin.Typed{}, nil)
}

func (s *screen) showField(w http.ResponseWriter, r *http.Request, f custom.Field, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	title := d.P.T("admin.fields.new_of." + string(f.Owner))
	if f.ID != "" {
		title = f.Name.In(d.P.Lang(), d.First())
	}
	v, err := s.view(r, title, fieldsAt, t)
	if err != nil {
		return err
	}
	v.ID, v.Back = "field", &admin.Link{Label: d.P.T("admin.fields.title"), URL: fieldsAt}
	v.To, v.Save = fieldsAt, admin.SaveBar{Discard: fieldsAt, Always: f.ID == ""}
	v.Hidden = []admin.Hidden{{Name: "owner", Value: string(f.Owner)}}
	code := admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: f.Code, Optional: true, Mono: true, Max: 40, Help: d.P.T("admin.fields.code_help")}
	if f.ID != "" {
		v.To += "/" + f.ID
		v.Note = d.P.T("admin.fields.of." + string(f.Owner))
		v.Hidden = append(v.Hidden, admin.Hidden{Name: "version", Value: t.Value("version", strconv.FormatInt(f.Version, 10))})
		code = admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: f.Code, Mono: true, Off: true, Help: d.P.T("admin.fields.code_kept")}
		n, err := s.Fields.Count(r.Context(), s.DB, f)
		if err != nil {
			return err
		}
		text := d.P.T("admin.fields.delete_text", "count", n)
		if f.Used {
			text = d.P.T("admin.fields.delete_sealed")
		}
		s.deletable(d, &v, v.To+"/deletion", f.Version, "admin.fields.delete", text)
	}
	kinds := admin.Field{Name: "kind", Label: d.P.T("admin.fields.kind"), Kind: admin.RadioField}
	for _, k := range custom.Kinds() {
		kinds.Choices = append(kinds.Choices, admin.Choice{Value: string(k), Label: d.P.T("admin.fields.kind." + string(k)), Help: d.P.T("admin.fields.kind_help." + string(k)), Selected: k == f.Kind})
	}
	stored := func(_, lang string) string { return f.Name[lang] }
	v.Sections = []admin.Section{
		{Title: d.P.T("admin.fields.names"), ID: "names", Tongues: d.Tongues(t, stored, admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 100, Required: true}), Fields: t.Fields(code)},
		{Title: d.P.T("admin.fields.holds"), ID: "kinds", Fields: t.Fields(kinds,
			admin.Field{Name: "unit", Label: d.P.T("admin.fields.unit"), Value: f.Unit, Max: 20, Optional: true, Help: d.P.T("admin.fields.unit_help")},
			admin.Field{Name: "decimals", Label: d.P.T("admin.fields.decimals"), Value: strconv.Itoa(f.Decimals), Kind: admin.NumberField},
		)},
		s.choices(d, f, t),
		{Title: d.P.T("admin.fields.use"), ID: "use", Fields: t.Fields(uses(d, f)...)},
	}
	return s.page(w, r, v, cause)
}

// uses are the switches that make sense for what the field belongs to.
func uses(d *admin.Desk, f custom.Field) []admin.Field {
	check := func(name string, on bool) admin.Field {
		return admin.Field{Name: name, Label: d.P.T("admin.fields." + name), Help: d.P.T("admin.fields." + name + "_help"), Kind: admin.CheckField, Checked: on}
	}
	shown := check("shown", f.Shown)
	switch f.Owner {
	case custom.Customer, custom.Order:
		shown.Label, shown.Help = d.P.T("admin.fields.shown_to_buyer"), d.P.T("admin.fields.shown_help."+string(f.Owner))
	case custom.Product, custom.Variant, custom.Category:
	}
	fields := []admin.Field{check("required", f.Required), shown}
	if f.Owner == custom.Product || f.Owner == custom.Variant {
		fields = append(fields, check("facet", f.Facet), check("searchable", f.Searchable))
	}
	return append(fields, admin.Field{Name: "position", Label: d.P.T("admin.fields.position"), Help: d.P.T("admin.fields.position_help"), Kind: admin.NumberField, Value: strconv.Itoa(f.Position)})
}

// choices is the table of what a choice offers, with room for more.
func (s *screen) choices(d *admin.Desk, f custom.Field, t admin.Typed) admin.Section {
	sec := admin.Section{Title: d.P.T("admin.fields.choices"), Note: d.P.T("admin.fields.choices_note"), ID: "choices", Rows: &admin.Grid{}}
	rows := len(f.Choices) + 4
	for t.Value("choices."+strconv.Itoa(rows)+".name."+d.First(), "") != "" {
		rows++
	}
	langs := d.Languages()
	for _, lang := range langs {
		sec.Rows.Columns, sec.Rows.Nums = append(sec.Rows.Columns, d.P.T("admin.options.value_in", "language", d.P.T("admin.language."+lang))), append(sec.Rows.Nums, false)
	}
	for i := range rows {
		at := "choices." + strconv.Itoa(i)
		var o custom.Option
		if i < len(f.Choices) {
			o = f.Choices[i]
		}
		row := admin.GridRow{Hidden: []admin.Hidden{{Name: at + ".code", Value: o.Code}}}
		for _, lang := range langs {
			in := t.Fill(admin.Field{Name: at + ".name." + lang, Label: d.P.T("admin.options.value_in", "language", d.P.T("admin.language."+lang)), Value: o.Name[lang], Max: 100, Lang: lang})
			if in.Fault == "" && lang == d.First() {
				in.Fault = cmp.Or(t.Fault(at+".name"), t.Fault(at+".code"), t.Fault(at))
			}
			row.Fields = append(row.Fields, in)
		}
		sec.Rows.Rows = append(sec.Rows.Rows, row)
	}
	return sec
}

func (s *screen) createField(w http.ResponseWriter, r *http.Request) error {
	return s.storeField(w, r, custom.Field{})
}

func (s *screen) saveField(w http.ResponseWriter, r *http.Request) error {
	f, err := s.definition(r)
	if err != nil {
		return err
	}
	return s.storeField(w, r, f)
}

func (s *screen) storeField(w http.ResponseWriter, r *http.Request, f custom.Field) error {
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Values = 10_000
	in, raw, err := web.DecodeForm[fieldForm](r, limits)
	var rows []int
	if err == nil {
		var edited custom.Field
		if edited, rows, err = define(f, in, d); err == nil {
			err = s.do(w, r, fieldsAt, "saved", func(ctx context.Context, tx *db.Tx) (err error) {
				if edited.ID == "" {
					_, err = s.Fields.Create(ctx, tx, d.Actor(), edited)
				} else {
					_, err = s.Fields.Update(ctx, tx, d.Actor(), edited)
				}
				return err
			})
		}
	}
	return s.finish(err, func(cause error) error {
		if f.ID == "" {
			f.Owner, f.Kind = custom.Owner(raw.Get("owner")), custom.Text
			if !slices.Contains(custom.Owners(), f.Owner) {
				f.Owner = custom.Product
			}
		}
		return s.showField(w, r, f, d.Typed(raw, atRows(cause, d, rows)), cause)
	})
}

// define puts what was typed into a copy of f. rows says in which row of the
// page each of its choices stands.
func define(f custom.Field, in fieldForm, d *admin.Desk) (custom.Field, []int, error) {
	var faults fault.Form
	f.Version, f.Kind, f.Name = in.Version, custom.Kind(in.Kind), locale.Text{}
	for lang, name := range in.Name {
		if name != "" {
			f.Name[lang] = name
		}
	}
	if f.Name[d.First()] == "" {
		faults.Add("name."+d.First(), "form.required")
	}
	if f.ID == "" {
		f.Owner = custom.Owner(in.Owner)
		f.Code = cmp.Or(in.Code, underscored(slug.Make(d.First(), f.Name[d.First()])))
	}
	f.Position, f.Required, f.Shown, f.Facet, f.Searchable = in.Position, in.Required, in.Shown, in.Facet, in.Searchable
	f.Unit, f.Decimals, f.Choices = "", 0, nil
	if f.Kind == custom.Number {
		f.Unit, f.Decimals = in.Unit, in.Decimals
	}
	var rows []int
	if f.Kind == custom.Choice {
		for i, c := range in.Choices {
			name := locale.Text{}
			for lang, s := range c.Name {
				if s != "" {
					name[lang] = s
				}
			}
			if name[d.First()] == "" {
				if len(name) > 0 {
					faults.Add("choices."+strconv.Itoa(i)+".name."+d.First(), "form.required")
				}
				continue
			}
			f.Choices, rows = append(f.Choices, custom.Option{Code: cmp.Or(c.Code, slug.Make(d.First(), name[d.First()])), Name: name}), append(rows, i)
		}
		if len(f.Choices) == 0 {
			faults.Add("choices.0.name."+d.First(), "form.required")
		}
	}
	return f, rows, faults.Err()
}

// underscored makes a field's code of an address: "Made in 2020" is made_in_2020.
func underscored(address string) string {
	code := strings.ReplaceAll(address, "-", "_")
	if code != "" && (code[0] < 'a' || code[0] > 'z') {
		code = "f_" + code
	}
	return strings.TrimRight(code[:min(len(code), 40)], "_")
}

// atRows names the faults of a definition after the inputs of the page. A
// choice that is missed is where it stood before.
func atRows(err error, d *admin.Desk, rows []int) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		if field.Path == "name" {
			field.Path = "name." + d.First()
		}
		if rest, ok := strings.CutPrefix(field.Path, "choices."); ok && field.Reason != "custom.choice_in_use" {
			n, tail, _ := strings.Cut(rest, ".")
			if j, err := strconv.Atoi(n); err == nil && j < len(rows) && !strings.HasPrefix(tail, "name.") {
				field.Path = "choices." + strconv.Itoa(rows[j]) + "." + tail
			}
		}
		f.Fields[i] = field
	}
	return &f
}

func (s *screen) deleteField(w http.ResponseWriter, r *http.Request) error {
	f, err := s.definition(r)
	if err != nil {
		return err
	}
	_, raw, err := web.DecodeForm[versionForm](r, web.Limits{})
	d := s.o.Desk(r)
	if err == nil {
		err = s.do(w, r, fieldsAt, "deleted", func(ctx context.Context, tx *db.Tx) error {
			return s.Fields.Delete(ctx, tx, d.Actor(), f.ID)
		})
	}
	return s.finish(err, func(cause error) error { return s.showField(w, r, f, d.Typed(raw, cause).Unsent(), cause) })
}
