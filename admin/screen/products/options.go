package products

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// optionsForm is what the page of a product's options sends. Rows without a
// name in the first language are taken away, or were never filled in.
type optionsForm struct {
	Version int64        `form:"version" min:"0"`
	Options []optionForm `form:"options" items:"12"`
	All     bool         `form:"all"` // make every combination that is missing
}

type optionForm struct {
	ID     string            `form:"id" max:"40"`
	Name   map[string]string `form:"name" max:"250"`
	Values []valueForm       `form:"values" items:"2010"`
}

type valueForm struct {
	ID     string            `form:"id" max:"40"`
	Name   map[string]string `form:"name" max:"250"`
	Colour string            `form:"colour" max:"7"`
}

// spare is how many empty rows a page offers for more values.
const spare = 3

func (s *screen) options(w http.ResponseWriter, r *http.Request) error {
	p, err := s.product(r)
	if err != nil {
		return err
	}
	return s.optionsPage(w, r, p, admin.Typed{}, nil)
}

func (s *screen) optionsPage(w http.ResponseWriter, r *http.Request, p catalog.Product, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	self := at + "/" + p.ID + "/options"
	frame, err := s.o.Frame(r, d.P.T("admin.product.options"), at)
	if err != nil {
		return err
	}
	frame.Back = &admin.Link{Label: p.Name.In(d.P.Lang(), d.First()), URL: at + "/" + p.ID}
	frame.Note, frame.Fault = d.P.T("admin.options.lead"), t.Note()
	if where := unfilled(p, cause); where != "" {
		frame.Fault = &admin.Note{Tone: admin.Bad, Text: d.P.T("admin.options.fields_first"), Links: []admin.Link{{Label: d.P.T("admin.options.fill_in"), URL: where}}}
	}
	v := admin.FormView{Frame: frame, ID: "options", To: self, Refused: t.Sent(), Save: admin.SaveBar{Discard: self}}
	shown := slices.Clone(p.Options)
	if len(shown) < catalog.MaxOptions {
		shown = append(shown, catalog.Option{})
	}
	langs := d.Languages()
	for i, o := range shown {
		prefix := "options." + strconv.Itoa(i)
		sec := admin.Section{Title: o.Name.In(d.P.Lang(), d.First()), ID: "option-" + strconv.Itoa(i)}
		if o.ID == "" {
			sec.Title, sec.Note = d.P.T("admin.options.another"), d.P.T("admin.options.another_note")
		}
		sec.Grid = true
		for _, lang := range langs {
			sec.Fields = append(sec.Fields, t.Fill(admin.Field{Name: prefix + ".name." + lang, Label: d.P.T("admin.options.name_in", "language", d.P.T("admin.language."+lang)), Value: o.Name[lang], Max: 250, Lang: lang, Fault: t.Fault(prefix + ".name")}))
		}
		grid := &admin.Grid{}
		for _, lang := range langs {
			grid.Columns, grid.Nums = append(grid.Columns, d.P.T("admin.options.value_in", "language", d.P.T("admin.language."+lang))), append(grid.Nums, false)
		}
		grid.Columns, grid.Nums = append(grid.Columns, d.P.T("admin.options.colour")), append(grid.Nums, false)
		values := append(slices.Clone(o.Values), make([]catalog.OptionValue, spare)...)
		for j, value := range values {
			at := prefix + ".values." + strconv.Itoa(j)
			row := admin.GridRow{Hidden: []admin.Hidden{{Name: at + ".id", Value: value.ID}}}
			if j == 0 {
				row.Hidden = append(row.Hidden, admin.Hidden{Name: prefix + ".id", Value: o.ID})
			}
			for _, lang := range langs {
				f := t.Fill(admin.Field{Name: at + ".name." + lang, Label: d.P.T("admin.options.value_in", "language", d.P.T("admin.language."+lang)), Value: value.Name[lang], Max: 250, Lang: lang})
				if f.Fault == "" && lang == d.First() {
					f.Fault = t.Fault(at + ".name")
				}
				row.Fields = append(row.Fields, f)
			}
			row.Fields = append(row.Fields, t.Fill(admin.Field{Name: at + ".colour", Label: d.P.T("admin.options.colour"), Value: value.Colour, Max: 7, Mono: true, Hint: "#rrggbb"}))
			grid.Rows = append(grid.Rows, row)
		}
		sec.Rows = grid
		v.Sections = append(v.Sections, sec)
	}
	v.Sections = append(v.Sections, admin.Section{Title: d.P.T("admin.options.combinations"), ID: "combinations", Fields: t.Fields(
		admin.Field{Name: "all", Label: d.P.T("admin.options.all"), Help: d.P.T("admin.options.all_help"), Kind: admin.CheckField, Checked: len(p.Options) == 0},
	)})
	v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(p.Version, 10))}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

func (s *screen) saveOptions(w http.ResponseWriter, r *http.Request) error {
	p, err := s.product(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Values = 10_000
	in, raw, err := web.DecodeForm[optionsForm](r, limits)
	if err == nil {
		var edited catalog.Product
		if edited, err = editOptions(p, in, d.First()); err == nil {
			err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				_, err := s.Catalog.Save(ctx, tx, d.Actor(), edited)
				return admin.Done(at+"/"+p.ID, "saved"), err
			})
		}
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.optionsPage(w, r, p, d.Typed(raw, err), err)
}

// unfilled is the page with the field of the merchant's own that must be filled
// in before the options can be saved, "" when it is not that.
func unfilled(p catalog.Product, cause error) string {
	if cause == nil {
		return ""
	}
	for _, f := range fault.From(cause).Fields {
		rest, ofVariant := strings.CutPrefix(f.Path, "variants.")
		n, what, _ := strings.Cut(rest, ".")
		switch i, err := strconv.Atoi(n); {
		case !ofVariant && strings.HasPrefix(f.Path, "fields."):
			return at + "/" + p.ID + "#details"
		case ofVariant && err == nil && strings.HasPrefix(what, "fields.") && len(p.Variants) > 0:
			if i >= len(p.Variants) {
				i = 0 // new ones are made like the first
			}
			return at + "/" + p.ID + "/variants/" + p.Variants[i].ID
		}
	}
	return ""
}

// editOptions puts the options that were typed into a copy of p and fits the
// variants to them: those of a value that is gone go too, a new option gives
// every variant its first value.
func editOptions(p catalog.Product, in optionsForm, first string) (catalog.Product, error) {
	var faults fault.Form
	p.Version = in.Version
	before := p.Options
	p.Options = nil
	for i, o := range in.Options {
		prefix := "options." + strconv.Itoa(i)
		option := catalog.Option{Name: locale.Text(o.Name)}
		if j := slices.IndexFunc(before, func(old catalog.Option) bool { return o.ID != "" && old.ID == o.ID }); j >= 0 {
			option.ID, option.Code = before[j].ID, before[j].Code
		} else if o.ID != "" {
			faults.Add(prefix+".name", "fault.conflict")
		}
		for j, v := range o.Values {
			if v.Name[first] == "" {
				if v.ID == "" && v.Colour != "" {
					faults.Add(prefix+".values."+strconv.Itoa(j)+".name", "form.required")
				}
				continue
			}
			value := catalog.OptionValue{ID: v.ID, Name: locale.Text(v.Name), Colour: v.Colour}
			for _, old := range before {
				for _, known := range old.Values {
					if v.ID != "" && known.ID == v.ID {
						value.Code = known.Code
					}
				}
			}
			option.Values = append(option.Values, value)
		}
		if o.Name[first] == "" {
			if len(option.Values) > 0 && o.ID == "" {
				faults.Add(prefix+".name", "form.required")
			}
			continue
		}
		if len(option.Values) == 0 {
			faults.Add(prefix+".values.0.name", "form.required")
			continue
		}
		p.Options = append(p.Options, option)
	}
	if err := faults.Err(); err != nil {
		return p, err
	}
	codes(p.Options, first)
	p.Variants = fit(p.Variants, before, p.Options)
	if in.All {
		p.Variants = complete(p.Variants, p.Options)
	}
	if len(p.Variants) > catalog.MaxVariants {
		return p, fault.New(fault.Invalid, "form.invalid").At("all", "catalog.too_many", "max", catalog.MaxVariants)
	}
	return p, nil
}

// codes gives new options and values codes of their own, so that variants can
// name them before they are stored.
func codes(options []catalog.Option, lang string) {
	for i := range options {
		if options[i].Code == "" {
			options[i].Code = free(cmp.Or(slug.Make(lang, options[i].Name[lang]), "option"), func(c string) bool {
				return slices.ContainsFunc(options, func(o catalog.Option) bool { return o.Code == c })
			})
		}
		for j := range options[i].Values {
			if options[i].Values[j].Code == "" {
				options[i].Values[j].Code = free(cmp.Or(slug.Make(lang, options[i].Values[j].Name[lang]), "value"), func(c string) bool {
					return slices.ContainsFunc(options[i].Values, func(v catalog.OptionValue) bool { return v.Code == c })
				})
			}
		}
	}
}

func free(code string, taken func(string) bool) string {
	for n, c := 2, code; ; n++ {
		if !taken(c) {
			return c
		}
		c = code + "-" + strconv.Itoa(n)
	}
}

// fit moves variants from the old options to the new ones. Of variants that
// fall together the first stays.
func fit(variants []catalog.Variant, before, after []catalog.Option) []catalog.Variant {
	var kept []catalog.Variant
	for _, v := range variants {
		values := make([]string, len(after))
		ok := true
		for i, o := range after {
			j := slices.IndexFunc(before, func(old catalog.Option) bool { return o.ID != "" && old.ID == o.ID })
			if j < 0 || j >= len(v.Values) {
				values[i] = o.Values[0].Code
				continue
			}
			values[i] = v.Values[j]
			ok = ok && slices.ContainsFunc(o.Values, func(value catalog.OptionValue) bool { return value.Code == values[i] })
		}
		if !ok || slices.ContainsFunc(kept, func(k catalog.Variant) bool {
			return k.Status == catalog.Active && v.Status == catalog.Active && slices.Equal(k.Values, values)
		}) {
			continue
		}
		v.Values = values
		kept = append(kept, v)
	}
	return kept
}

// complete adds a variant for every combination that has none, priced, weighed
// and described like the first.
func complete(variants []catalog.Variant, options []catalog.Option) []catalog.Variant {
	model := catalog.Variant{Tracked: true, Status: catalog.Active}
	if len(variants) > 0 {
		first := variants[0]
		model.Tracked, model.WeightGrams, model.LengthMM, model.WidthMM, model.HeightMM = first.Tracked, first.WeightGrams, first.LengthMM, first.WidthMM, first.HeightMM
		model.HSCode, model.Origin, model.Prices = first.HSCode, first.Origin, first.Prices
		model.Fields = maps.Clone(first.Fields) // what must be filled in is, with what is true of a sibling
	}
	combinations := [][]string{{}}
	for _, o := range options {
		var more [][]string
		for _, c := range combinations {
			for _, v := range o.Values {
				more = append(more, append(slices.Clone(c), v.Code))
			}
		}
		if len(more) > catalog.MaxVariants {
			return make([]catalog.Variant, catalog.MaxVariants+1)
		}
		combinations = more
	}
	for _, c := range combinations {
		if !slices.ContainsFunc(variants, func(v catalog.Variant) bool { return slices.Equal(v.Values, c) && v.Status == catalog.Active }) {
			v := model
			v.Values = c
			variants = append(variants, v)
		}
	}
	return variants
}
