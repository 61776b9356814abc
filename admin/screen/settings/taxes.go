package settings

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

func (s *screen) taxRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.taxes", "/settings/taxes", policy.SettingsRead, s.taxes),
		o.Get("settings.rate.new", "/settings/taxes/rates/new", policy.SettingsWrite, s.newRate),
		o.Post("settings.rate.create", "/settings/taxes/rates", policy.SettingsWrite, s.createRate),
		o.Get("settings.rate", "/settings/taxes/rates/{id}", policy.SettingsRead, s.rate),
		o.Post("settings.rate.save", "/settings/taxes/rates/{id}", policy.SettingsWrite, s.saveRate),
		o.Post("settings.rate.delete", "/settings/taxes/rates/{id}/deletion", policy.SettingsWrite, s.deleteRate),
		o.Get("settings.class.new", "/settings/taxes/classes/new", policy.SettingsWrite, s.newClass),
		o.Post("settings.class.create", "/settings/taxes/classes", policy.SettingsWrite, s.createClass),
		o.Get("settings.class", "/settings/taxes/classes/{id}", policy.SettingsRead, s.class),
		o.Post("settings.class.save", "/settings/taxes/classes/{id}", policy.SettingsWrite, s.saveClass),
		o.Post("settings.class.delete", "/settings/taxes/classes/{id}/deletion", policy.SettingsWrite, s.deleteClass),
	}
}

const taxesAt = at + "/taxes"

func (s *screen) taxes(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.taxes"), taxesAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To = ""
	snap := s.Market.Current(r.Context())
	rates := &admin.Table{ID: "rates", Caption: d.P.T("admin.tax.rates"), Columns: []admin.Column{
		{Head: d.P.T("admin.settings.country"), Kind: admin.Lead},
		{Head: d.P.T("admin.tax.class")},
		{Head: d.P.T("admin.tax.name"), Kind: admin.Wide},
		{Head: d.P.T("admin.tax.from"), Kind: admin.Tight},
		{Head: d.P.T("admin.tax.rate"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "percent", Title: d.P.T("admin.tax.none"), Text: d.P.T("admin.tax.none_text")}}
	rows := slices.Clone(snap.Rates)
	slices.SortStableFunc(rows, func(a, b tax.Row) int {
		return cmp.Or(strings.Compare(fold(d.P.T("country."+a.Country)), fold(d.P.T("country."+b.Country))), strings.Compare(a.Region, b.Region), strings.Compare(a.Class, b.Class), b.From.Compare(a.From))
	})
	for _, row := range rows {
		where := d.P.T("country." + row.Country)
		if row.Region != "" {
			where += ", " + region(d, row.Country, row.Region)
		}
		rates.Rows = append(rates.Rows, admin.Row{ID: row.ID, Cells: []admin.Cell{
			{Text: where, URL: taxesAt + "/rates/" + row.ID}, {Text: className(d, snap, row.Class)}, {Text: row.Name}, {Text: d.P.Date(row.From)}, {Text: d.P.Percent(row.Rate)},
		}})
	}
	classes := &admin.Table{ID: "classes", Caption: d.P.T("admin.tax.classes"), Columns: []admin.Column{{Head: d.P.T("admin.tax.class"), Kind: admin.Lead}, {Head: d.P.T("admin.tax.code"), Kind: admin.End}}}
	for _, c := range snap.Classes {
		classes.Rows = append(classes.Rows, admin.Row{ID: c.ID, Cells: []admin.Cell{{Text: c.Name.In(d.P.Lang(), d.First()), URL: taxesAt + "/classes/" + c.ID}, {Text: c.Code, Tone: "faint"}}})
	}
	rateSection := admin.Section{Title: d.P.T("admin.tax.rates"), Note: d.P.T("admin.tax.rates_note"), Table: rates}
	classSection := admin.Section{Title: d.P.T("admin.tax.classes"), Note: d.P.T("admin.tax.classes_note"), Table: classes}
	if !v.ReadOnly {
		rateSection.Head = []admin.Action{{Label: d.P.T("admin.tax.add_rate"), URL: taxesAt + "/rates/new", Icon: "plus", Small: true}}
		classSection.Head = []admin.Action{{Label: d.P.T("admin.tax.add_class"), URL: taxesAt + "/classes/new", Icon: "plus", Small: true}}
	}
	v.Sections = []admin.Section{rateSection, classSection}
	return s.page(w, r, v, nil)
}

func className(d *admin.Desk, snap *market.Snapshot, code string) string {
	for _, c := range snap.Classes {
		if c.Code == code {
			return c.Name.In(d.P.Lang(), d.First())
		}
	}
	return code
}

type rateForm struct {
	Version int64      `form:"version" min:"0"`
	Country string     `form:"country" max:"2"`
	Region  string     `form:"region" max:"10"`
	Class   string     `form:"class" max:"40"`
	Rate    string     `form:"rate" max:"20" required:"true"`
	Name    string     `form:"name" max:"300"`
	Source  string     `form:"source" max:"300"`
	From    *time.Time `form:"from" time:"date"`
	To      *time.Time `form:"to" time:"date"`
}

func (s *screen) newRate(w http.ResponseWriter, r *http.Request) error {
	return s.showRate(w, r, tax.Row{Country: s.Market.Current(r.Context()).Shop.Address.Country, Class: tax.Standard}, admin.Typed{}, nil)
}

// row reads the rate that the path names.
func (s *screen) row(r *http.Request) (tax.Row, error) {
	for _, row := range s.Market.Current(r.Context()).Rates {
		if row.ID == r.PathValue("id") {
			return row, nil
		}
	}
	return tax.Row{}, fault.New(fault.NotFound, "settings.unknown")
}

func (s *screen) rate(w http.ResponseWriter, r *http.Request) error {
	row, err := s.row(r)
	if err != nil {
		return err
	}
	return s.showRate(w, r, row, admin.Typed{}, nil)
}

func (s *screen) showRate(w http.ResponseWriter, r *http.Request, row tax.Row, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	title := d.P.T("admin.tax.add_rate")
	if row.ID != "" {
		title = d.P.T("country."+row.Country) + " " + d.P.Percent(row.Rate)
	}
	v, err := s.view(r, title, taxesAt, t)
	if err != nil {
		return err
	}
	v.Back = &admin.Link{Label: d.P.T("admin.settings.taxes"), URL: taxesAt}
	v.To, v.Save = taxesAt+"/rates", admin.SaveBar{Discard: taxesAt, Always: row.ID == ""}
	if row.ID != "" {
		v.To += "/" + row.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(row.Version, 10))}}
		s.deletable(d, &v, v.To+"/deletion", row.Version, "admin.tax.delete_rate", d.P.T("admin.tax.delete_rate_text"))
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(d.Zone()).Format(time.DateOnly)
	}
	class := admin.Field{Name: "class", Label: d.P.T("admin.tax.class"), Kind: admin.ChoiceField}
	for _, c := range s.Market.Current(r.Context()).Classes {
		if c.Code != tax.Exempt {
			class.Choices = append(class.Choices, admin.Choice{Value: c.Code, Label: c.Name.In(d.P.Lang(), d.First()), Selected: c.Code == row.Class})
		}
	}
	rate := ""
	if row.ID != "" {
		rate = d.P.Decimal(custom.Decimal(int64(row.Rate) * 100))
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.tax.rate"), ID: "rate-card", Grid: true, Fields: t.Fields(
		countryField(d, "country", row.Country),
		admin.Field{Name: "region", Label: d.P.T("admin.settings.region"), Value: row.Region, Max: 10, Optional: true, Help: d.P.T("admin.tax.region_help")},
		class,
		admin.Field{Name: "rate", Label: d.P.T("admin.tax.rate"), Kind: admin.AmountField, Value: rate, Suffix: "%"},
		admin.Field{Name: "name", Label: d.P.T("admin.tax.name"), Value: row.Name, Max: 300, Help: d.P.T("admin.tax.name_help")},
		admin.Field{Name: "source", Label: d.P.T("admin.tax.source"), Value: row.Source, Max: 300, Help: d.P.T("admin.tax.source_help")},
		admin.Field{Name: "from", Label: d.P.T("admin.tax.from"), Kind: admin.DateField, Value: day(row.From), Help: d.P.T("admin.tax.from_help")},
		admin.Field{Name: "to", Label: d.P.T("admin.tax.to"), Kind: admin.DateField, Value: day(row.To), Optional: true, Help: d.P.T("admin.tax.to_help")},
	)}}
	return s.page(w, r, v, cause)
}

// deletable adds the way to delete what a page shows.
func (s *screen) deletable(d *admin.Desk, v *admin.FormView, to string, version int64, label, text string) {
	if v.ReadOnly {
		return
	}
	v.More = append(v.More, admin.Action{Label: d.P.T(label), Icon: "trash", Look: "danger", Opens: "delete"})
	v.Dialogs = append(v.Dialogs, admin.Dialog{ID: "delete", Title: d.P.T(label) + "?", Text: text, Action: admin.Action{
		Label: d.P.T("admin.delete"), Post: true, URL: to, Key: v.FormKey, Look: "danger", Fields: []admin.Hidden{{Name: "version", Value: strconv.FormatInt(version, 10)}},
	}})
}

// percent reads "19" or "19,5" as a rate.
func percent(typed string) (money.Rate, bool) {
	typed = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(typed), "%"))
	millionths, ok := custom.ParseDecimal(strings.Replace(typed, ",", ".", 1))
	if !ok || millionths%100 != 0 {
		return 0, false
	}
	return money.Rate(millionths / 100), true
}

func (s *screen) createRate(w http.ResponseWriter, r *http.Request) error {
	return s.storeRate(w, r, tax.Row{})
}

func (s *screen) saveRate(w http.ResponseWriter, r *http.Request) error {
	row, err := s.row(r)
	if err != nil {
		return err
	}
	return s.storeRate(w, r, row)
}

func (s *screen) storeRate(w http.ResponseWriter, r *http.Request, row tax.Row) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[rateForm](r, d.Limits())
	edited := row
	if err == nil {
		var ok bool
		edited.Version, edited.Country, edited.Region, edited.Class, edited.Name, edited.Source = in.Version, in.Country, in.Region, in.Class, in.Name, in.Source
		edited.From, edited.To = time.Time{}, time.Time{}
		if in.From != nil {
			edited.From = *in.From
		}
		if in.To != nil {
			edited.To = *in.To
		}
		if edited.Rate, ok = percent(in.Rate); !ok {
			err = fault.New(fault.Invalid, "form.invalid").At("rate", "admin.tax.not_a_rate")
		}
	}
	if err == nil {
		err = s.do(w, r, taxesAt, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Tax.SaveRate(ctx, tx, d.Actor(), edited)
			return err
		})
	}
	return s.finish(err, func(cause error) error { return s.showRate(w, r, row, d.Typed(raw, cause), cause) })
}

type versionForm struct {
	Version int64 `form:"version" min:"0" required:"true"`
}

func (s *screen) deleteRate(w http.ResponseWriter, r *http.Request) error {
	row, err := s.row(r)
	if err != nil {
		return err
	}
	in, raw, err := web.DecodeForm[versionForm](r, web.Limits{})
	d := s.o.Desk(r)
	if err == nil {
		err = s.do(w, r, taxesAt, "deleted", func(ctx context.Context, tx *db.Tx) error {
			return s.Tax.DeleteRate(ctx, tx, d.Actor(), row.ID, in.Version)
		})
	}
	return s.finish(err, func(cause error) error { return s.showRate(w, r, row, d.Typed(raw, cause).Unsent(), cause) })
}

func (s *screen) newClass(w http.ResponseWriter, r *http.Request) error {
	return s.showClass(w, r, tax.Class{}, admin.Typed{}, nil)
}

func (s *screen) taxClass(r *http.Request) (tax.Class, error) {
	c, ok := s.Market.Current(r.Context()).Class(r.PathValue("id"))
	if !ok {
		return c, fault.New(fault.NotFound, "settings.unknown")
	}
	return c, nil
}

func (s *screen) class(w http.ResponseWriter, r *http.Request) error {
	c, err := s.taxClass(r)
	if err != nil {
		return err
	}
	return s.showClass(w, r, c, admin.Typed{}, nil)
}

func (s *screen) showClass(w http.ResponseWriter, r *http.Request, c tax.Class, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	title := c.Name.In(d.P.Lang(), d.First())
	if c.ID == "" {
		title = d.P.T("admin.tax.add_class")
	}
	v, err := s.view(r, title, taxesAt, t)
	if err != nil {
		return err
	}
	v.Back = &admin.Link{Label: d.P.T("admin.settings.taxes"), URL: taxesAt}
	v.To, v.Save = taxesAt+"/classes", admin.SaveBar{Discard: taxesAt, Always: c.ID == ""}
	code := admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: c.Code, Max: 40, Mono: true, Help: d.P.T("admin.tax.code_help")}
	if c.ID != "" {
		v.To += "/" + c.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(c.Version, 10))}}
		code.Off = true
		if c.Code != tax.Standard && c.Code != tax.Exempt {
			s.deletable(d, &v, v.To+"/deletion", c.Version, "admin.tax.delete_class", d.P.T("admin.tax.delete_class_text"))
		}
	} else {
		code = t.Fill(code)
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.tax.class"), ID: "class-card", Fields: []admin.Field{code}, Tongues: d.Tongues(t, func(_, lang string) string { return c.Name[lang] }, admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 100, Required: true})}}
	return s.page(w, r, v, cause)
}

func (s *screen) createClass(w http.ResponseWriter, r *http.Request) error {
	return s.storeClass(w, r, tax.Class{Position: len(s.Market.Current(r.Context()).Classes)})
}

func (s *screen) saveClass(w http.ResponseWriter, r *http.Request) error {
	c, err := s.taxClass(r)
	if err != nil {
		return err
	}
	return s.storeClass(w, r, c)
}

func (s *screen) storeClass(w http.ResponseWriter, r *http.Request, c tax.Class) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Version int64             `form:"version" min:"0"`
		Code    string            `form:"code" max:"40"`
		Name    map[string]string `form:"name" max:"100"`
	}](r, d.Limits())
	edited := c
	if err == nil {
		edited.Version, edited.Name = in.Version, text(in.Name)
		if c.ID == "" {
			edited.Code = in.Code
		}
		err = s.do(w, r, taxesAt, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Tax.SaveClass(ctx, tx, d.Actor(), edited)
			return err
		})
	}
	return s.finish(err, func(cause error) error {
		return s.showClass(w, r, c, d.Typed(raw, firstTongue(cause, d, "name")), cause)
	})
}

func (s *screen) deleteClass(w http.ResponseWriter, r *http.Request) error {
	c, err := s.taxClass(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[versionForm](r, web.Limits{})
	if err == nil {
		err = s.do(w, r, taxesAt, "deleted", func(ctx context.Context, tx *db.Tx) error {
			return s.Tax.DeleteClass(ctx, tx, d.Actor(), c.ID, in.Version)
		})
	}
	return s.finish(err, func(cause error) error { return s.showClass(w, r, c, d.Typed(raw, cause).Unsent(), cause) })
}

// firstTongue gives a fault of a whole text to its input in the first
// language.
func firstTongue(err error, d *admin.Desk, name string) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if f.Fields[i].Path == name {
			f.Fields[i].Path = name + "." + d.First()
		}
	}
	return &f
}

// unprefixed drops a prefix that the page's inputs do not have.
func unprefixed(err error, prefix string) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i].Path = strings.TrimPrefix(f.Fields[i].Path, prefix)
	}
	return &f
}

// region names a region: in the reader's language where it has a name there.
func region(d *admin.Desk, country, code string) string {
	key := "region." + country + "-" + code
	if name := d.P.T(key); name != key {
		return name
	}
	return market.RegionName(country, code)
}
