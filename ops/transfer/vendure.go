package transfer

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// vendureProducts reads Vendure's product file: a row with a name begins a
// product and is its first variant, rows without a name below it are further
// variants. Lists are divided by "|", facets are "name:value". The facet
// "category" is understood as a path of categories, the way Vendure's own
// collections are made of it; every other facet is an attribute. A header may
// end in a language: "name:de".
func vendureProducts() *format {
	f := &format{
		platform: Vendure, kind: Products,
		required: []string{"name", "slug", "sku", "price"},
		key:      "slug",
		unknown:  unknownColumn,
		silent:   true, dateless: true, unarchived: true,
		columns: []column{
			mapped("name", "name", asText, "name"),
			mapped("slug", "slug", asHandle, "handle"),
			mapped("description", "description", asHTML, "description"),
			mapped("assets", "assets", asList, "images"),
			mapped("facets", "facets", asList, "categories, attributes"),
			mapped("optionGroups", "option groups", asList, "options"),
			mapped("optionValues", "option values", asList, "variants.choice"),
			mapped("sku", "sku", asSKU, "variants.sku"),
			mapped("price", "price", asAmount, "variants.prices"),
			mapped("taxCategory", "tax category", asText, "tax_class").asides("source_tax_class"),
			mapped("stockOnHand", "stock", asNumber, "variants.stock"),
			mapped("trackInventory", "track", asText, "variants.stock").or("inherit"),
			mapped("variantAssets", "variant assets", asList, "variants.images"),
			mapped("variantFacets", "variant facets", asList, "variants.attributes"),
		},
		extra: []FieldDef{
			{Key: "vendure_sku", Label: "SKU in Vendure", Type: TextField, Column: "sku"},
			{Key: "vendure_track_inventory", Label: "Track inventory", Type: TextField, Column: "trackInventory"},
		},
	}
	inLanguage := regexp.MustCompile(`^(name|slug|description|facets|optiongroups|optionvalues|variantfacets):([a-z]{2,3}(?:[_-][a-z0-9]+)*)$`)
	own := regexp.MustCompile(`^(product|variant):([^:]+)(:[a-z_-]+)?$`)
	f.pattern = func(folded, header string) (column, bool) {
		if m := inLanguage.FindStringSubmatch(folded); m != nil {
			lang, ok := languageTag(m[2])
			if !ok {
				return column{}, false
			}
			for _, c := range f.columns {
				if c.names[0] == m[1] {
					c.id, c.names, c.header = c.id+":"+lang, []string{folded}, ""
					return c, true
				}
			}
		}
		if m := own.FindStringSubmatch(folded); m != nil {
			return column{id: "unknown " + folded, key: fieldKey(m[2] + m[3]), typ: TextField, label: strings.TrimSpace(header[strings.Index(header, ":")+1:]), each: m[1] == "variant"}, true
		}
		return column{}, false
	}
	f.place = func(r rowView) placement {
		name := r.s.vendureText(r, "name")
		if name == "" {
			return placement{above: true, sku: r.get("sku")}
		}
		handle := handleOf(r.s.vendureText(r, "slug"))
		if handle == "" {
			handle = slug(name)
		}
		return placement{key: handle, handle: handle, starts: true, sku: r.get("sku")}
	}
	f.build = buildVendure
	f.rows = writeVendure
	return f
}

// vendureText is a cell in the file's main language, or in the column that
// names no language.
func (s *Sheet) vendureText(r rowView, id string) string {
	if v := r.get(id + ":" + s.opt.Language); v != "" {
		return v
	}
	return r.get(id)
}

// languages lists the main language and those that headers name.
func (s *Sheet) languages(id string) []string {
	langs := []string{s.opt.Language}
	for _, c := range s.columns {
		if lang, ok := strings.CutPrefix(c.id, id+":"); ok && lang != s.opt.Language {
			langs = append(langs, lang)
		}
	}
	return langs
}

// vendureTexts gathers a cell in all languages.
func (b *builder) vendureTexts(r rowView, id string) locale.Text {
	t := b.in(b.s.vendureText(r, id))
	for _, lang := range b.s.languages(id)[1:] {
		put(&t, lang, r.get(id+":"+lang))
	}
	return t
}

// vendureLists is vendureTexts for cells that hold lists. Lists of different
// length cannot be told apart and are at fault.
func (b *builder) vendureLists(r rowView, id string) []locale.Text {
	var out []locale.Text
	for item := range strings.SplitSeq(b.s.vendureText(r, id), "|") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, b.in(item))
		}
	}
	for _, lang := range b.s.languages(id)[1:] {
		cell := r.get(id + ":" + lang)
		if cell == "" {
			continue
		}
		items := strings.Split(cell, "|")
		if len(items) != len(out) {
			b.bad(r, id+":"+lang, "transfer.lists_differ", "want", int64(len(out)), "got", int64(len(items)))
			continue
		}
		for i, item := range items {
			put(&out[i], lang, strings.TrimSpace(item))
		}
	}
	return out
}

func buildVendure(b *builder) {
	p := &b.p
	first := b.rows[0]
	b.checkHandle("slug")
	for _, lang := range b.s.languages("slug")[1:] {
		if cell := first.get("slug:" + lang); cell != "" {
			put(&p.Slugs, lang, handleOf(cell))
		}
	}
	p.Name = b.vendureTexts(first, "name")
	b.checkName("name")
	p.Description = b.vendureTexts(first, "description")
	for lang, text := range p.Description {
		p.Description[lang] = b.safe(first, "description", text)
	}
	for _, src := range splitList(first.get("assets"), '|') {
		if img, ok := b.image(first, "assets", src, nil); ok {
			p.Images = append(p.Images, img)
		}
	}
	b.vendureFacets(first)
	for i, name := range b.vendureLists(first, "option groups") {
		p.Options = append(p.Options, Option{Name: name, Position: i})
	}
	p.TaxClass = first.get("tax category")
	var numbers map[string]int
	for _, r := range b.rows {
		if r.row != first.row {
			for _, id := range []string{"slug", "description", "assets", "facets", "option groups"} {
				if v := r.get(id); v != "" && v != first.get(id) {
					b.bad(r, id, "transfer.rows_disagree", "row", strconv.Itoa(first.row), "value", excerpt(first.get(id)))
				}
			}
		}
		v, ok := b.vendureVariant(r)
		if !ok {
			continue
		}
		// Vendure lets several variants share a SKU. The second and later ones
		// get a number, and keep what they were called.
		if numbers == nil {
			numbers = make(map[string]int)
		}
		if numbers[v.SKU]++; v.SKU != "" && numbers[v.SKU] > 1 {
			was := v.SKU
			v.SKU += "-" + strconv.Itoa(numbers[was])
			v.Fields = append(v.Fields, Field{"vendure_sku", was})
			b.note(r, "sku", "transfer.sku_numbered", "sku", v.SKU)
		}
		b.owner[r.row] = len(p.Variants)
		p.Variants = append(p.Variants, v)
	}
	b.checkVariants()
	b.keep()
}

// vendureFacets divides the facets into categories and attributes.
func (b *builder) vendureFacets(r rowView) {
	var path []string
	for _, f := range b.vendureFacetList(r, "facets") {
		if main := f.Name.In(b.s.opt.Language, ""); strings.EqualFold(main, "category") {
			path = append(path, f.Values[0].In(b.s.opt.Language, ""))
			continue
		}
		b.p.Attributes = addAttribute(b.p.Attributes, f, b.s.opt.Language)
	}
	if len(path) > 0 {
		b.p.Categories = append(b.p.Categories, path)
	}
}

func (b *builder) vendureFacetList(r rowView, id string) []Attribute {
	var out []Attribute
	for _, item := range b.vendureLists(r, id) {
		a := Attribute{Visible: true, Global: true, Values: []locale.Text{nil}}
		for lang, text := range item {
			name, value, ok := strings.Cut(text, ":")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			if !ok || name == "" || value == "" {
				b.bad(r, id, "transfer.not_a_facet", "facet", excerpt(text))
				return nil
			}
			put(&a.Name, lang, name)
			put(&a.Values[0], lang, value)
		}
		out = append(out, a)
	}
	return out
}

// addAttribute adds a value to the attribute of its name.
func addAttribute(all []Attribute, a Attribute, lang string) []Attribute {
	for i := range all {
		if all[i].Name[lang] == a.Name[lang] {
			all[i].Values = append(all[i].Values, a.Values...)
			return all
		}
	}
	a.Position = len(all)
	return append(all, a)
}

func (b *builder) vendureVariant(r rowView) (Variant, bool) {
	v := Variant{SKU: r.get("sku"), Taxable: true, Row: r.row}
	values := b.vendureLists(r, "option values")
	if len(values) != len(b.p.Options) {
		b.bad(r, "option values", "transfer.lists_differ", "want", int64(len(b.p.Options)), "got", int64(len(values)))
		return v, false
	}
	b.choose(r, "option values", &v, values)
	price, given := b.amount(r, "price", b.s.opt.Currency)
	if !given && r.get("price") == "" {
		b.bad(r, "price", "transfer.price_missing")
	}
	v.Prices = []Price{{Currency: b.s.opt.Currency, Amount: price}}
	if class := r.get("tax category"); class != b.p.TaxClass {
		v.TaxClass = class
	}
	v.Stock.Quantity, v.Stock.Known = b.pieces(r, "stock")
	switch track := strings.ToLower(r.get("track")); track {
	case "", "inherit":
		v.Stock.Tracked = true
	case "true", "false":
		v.Stock.Tracked = track == "true"
		if v.Stock.Tracked {
			v.Fields = append(v.Fields, Field{"vendure_track_inventory", "true"})
		}
	default:
		b.bad(r, "track", "transfer.not_yes_or_no")
	}
	for _, src := range splitList(r.get("variant assets"), '|') {
		if img, ok := b.image(r, "variant assets", src, nil); ok {
			v.Images = append(v.Images, img)
		}
	}
	for _, f := range b.vendureFacetList(r, "variant facets") {
		v.Attributes = addAttribute(v.Attributes, f, b.s.opt.Language)
	}
	return v, true
}

func writeVendure(p Product, w *sheetWriter) {
	langs := []string{w.lang}
	for _, c := range w.columns {
		if _, lang, ok := strings.Cut(c.id, ":"); ok && !slices.Contains(langs, lang) && !strings.HasPrefix(c.id, "unknown") {
			langs = append(langs, lang)
		}
	}
	for _, lang := range langs {
		tail := ":" + lang
		if lang == w.lang && !w.has("name"+tail) {
			tail = ""
		}
		w.set(0, "name"+tail, p.Name[lang])
		w.set(0, "slug"+tail, cmp.Or(p.Slugs[lang], p.Handle))
		w.set(0, "description"+tail, p.Description[lang])
		var facets []string
		for _, path := range p.Categories {
			for _, c := range path {
				facets = append(facets, "category:"+unbarred(c))
			}
		}
		w.set(0, "facets"+tail, strings.Join(append(facets, facetList(p.Attributes, lang, w.lang)...), "|"))
		var groups []string
		for _, o := range p.Options {
			groups = append(groups, unbarred(o.Name.In(lang, w.lang)))
		}
		w.set(0, "option groups"+tail, strings.Join(groups, "|"))
		for i, v := range p.Variants {
			var values []string
			for n, at := range v.Choice {
				values = append(values, unbarred(p.Options[n].Values[at].In(lang, w.lang)))
			}
			w.set(i, "option values"+tail, strings.Join(values, "|"))
			w.set(i, "variant facets"+tail, strings.Join(facetList(v.Attributes, lang, w.lang), "|"))
		}
	}
	w.set(0, "slug", p.Handle)
	w.set(0, "assets", sources(p.Images))
	for i, v := range p.Variants {
		w.describes(i, i)
		w.set(i, "sku", v.SKU)
		if was := field(v.Fields, "vendure_sku"); was != "" {
			w.set(i, "sku", was)
		}
		var price money.Minor
		if at, ok := v.Price(w.currency); ok {
			price = at.Amount
		}
		w.set(i, "price", price.Decimal(w.currency))
		w.set(i, "tax category", p.TaxClass)
		if v.TaxClass != "" {
			w.set(i, "tax category", v.TaxClass)
		}
		if v.Stock.Known {
			w.set(i, "stock", strconv.FormatInt(v.Stock.Quantity, 10))
		}
		switch {
		case !v.Stock.Tracked:
			w.set(i, "track", "false")
		case field(v.Fields, "vendure_track_inventory") != "":
			w.set(i, "track", "true")
		}
		w.set(i, "variant assets", sources(v.Images))
	}
}

// unbarred replaces the sign that divides Vendure's lists, which it cannot
// escape.
func unbarred(s string) string { return strings.ReplaceAll(s, "|", "/") }

func facetList(all []Attribute, lang, fallback string) []string {
	var out []string
	for _, a := range all {
		for _, v := range a.Values {
			out = append(out, unbarred(strings.ReplaceAll(a.Name.In(lang, fallback), ":", " ")+":"+v.In(lang, fallback)))
		}
	}
	return out
}

func sources(images []Image) string {
	out := make([]string, len(images))
	for i, img := range images {
		out[i] = img.Src
	}
	return strings.Join(out, "|")
}
