package catalog

import (
	"maps"
	"slices"

	"github.com/stoashop/stoa/kit/locale"
)

// compare notes what differs from what is stored, by field, for the change
// log.
func (d *draft) compare() {
	d.before, d.change = make(map[string]any), make(map[string]any)
	old := d.old
	if old == nil {
		d.change["name"], d.change["status"], d.change["handle"], d.change["variants"] = d.p.Name, d.p.Status, d.p.Handle, len(d.p.Variants)
		return
	}
	note := func(name string, same bool, before, after any) {
		if !same {
			d.before[name], d.change[name] = before, after
		}
	}
	p := &d.p
	note("handle", p.Handle == old.Handle, old.Handle, p.Handle)
	note("status", p.Status == old.Status, old.Status, p.Status)
	note("end_at", p.EndAt.Equal(old.EndAt), old.EndAt, p.EndAt)
	note("publish_at", p.PublishAt.Equal(old.PublishAt), old.PublishAt, p.PublishAt)
	note("brand", p.Brand == old.Brand, old.Brand, p.Brand)
	for _, t := range []struct {
		name          string
		before, after locale.Text
	}{
		{"name", old.Name, p.Name},
		{"subtitle", old.Subtitle, p.Subtitle},
		{"description", old.Description, p.Description},
		{"seo_title", old.SEOTitle, p.SEOTitle},
		{"seo_description", old.SEODescription, p.SEODescription},
	} {
		note(t.name, maps.Equal(t.before, t.after), t.before, t.after)
	}
	slugs := maps.Clone(old.Slugs)
	if slugs == nil {
		slugs = locale.Text{}
	}
	maps.Copy(slugs, p.Slugs)
	for lang := range p.Name {
		if slugs[lang] == "" {
			slugs[lang] = "?" // will be made from the name
		}
	}
	note("slugs", maps.Equal(slugs, old.Slugs), old.Slugs, slugs)
	note("tax_class", p.TaxClassID == old.TaxClassID, old.TaxClassID, p.TaxClassID)
	note("category", p.CategoryID == old.CategoryID, old.CategoryID, p.CategoryID)
	for _, l := range []struct {
		name          string
		before, after []string
		ordered       bool
	}{
		{"categories", old.Categories, p.Categories, false},
		{"collections", old.Collections, p.Collections, false},
		{"tags", old.Tags, p.Tags, true},
		{"media", old.Media, p.Media, true},
		{"related", old.Related, p.Related, true},
	} {
		before, after := l.before, l.after
		if !l.ordered {
			before, after = slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(after))
		}
		note(l.name, slices.Equal(before, after), l.before, l.after)
	}
	note("fields", p.Fields.Equal(old.Fields), old.Fields, p.Fields)
	note("options", slices.EqualFunc(p.Options, old.Options, sameOption), old.Options, p.Options)
	d.compareVariants(note)
}

func sameOption(a, b Option) bool {
	return a.ID == b.ID && a.Code == b.Code && maps.Equal(a.Name, b.Name) && slices.EqualFunc(a.Values, b.Values, sameValue)
}

func sameValue(a, b OptionValue) bool {
	return a.ID == b.ID && a.Code == b.Code && a.Colour == b.Colour && maps.Equal(a.Name, b.Name)
}

func sameVariant(a, b Variant) bool {
	return a.ID == b.ID && a.SKU == b.SKU && a.GTIN == b.GTIN && slices.Equal(a.Values, b.Values) && a.Status == b.Status && a.Tracked == b.Tracked &&
		a.WeightGrams == b.WeightGrams && a.LengthMM == b.LengthMM && a.WidthMM == b.WidthMM && a.HeightMM == b.HeightMM &&
		a.HSCode == b.HSCode && a.Origin == b.Origin && a.MediaID == b.MediaID && a.Fields.Equal(b.Fields)
}

// compareVariants notes only the variants that differ.
func (d *draft) compareVariants(note func(string, bool, any, any)) {
	was := make(map[string]Variant, len(d.old.Variants))
	order := make([]string, 0, len(d.old.Variants))
	for _, v := range d.old.Variants {
		was[v.ID] = v
		order = append(order, v.ID)
	}
	before, after := []Variant{}, []Variant{}
	for i, v := range d.p.Variants {
		old, ok := was[v.ID]
		delete(was, v.ID)
		if ok && i < len(order) && order[i] == v.ID && sameVariant(v, old) && slices.Equal(v.Prices, old.Prices) {
			continue
		}
		if ok {
			before = append(before, old)
		}
		after = append(after, v)
	}
	for _, id := range order {
		if v, ok := was[id]; ok {
			before = append(before, v)
		}
	}
	note("variants", len(before)+len(after) == 0, before, after)
}
