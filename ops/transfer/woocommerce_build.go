package transfer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

func buildWoo(b *builder) {
	p := &b.p
	main := b.rows[0]
	for _, r := range b.rows {
		if wooType(r) != "variation" {
			main = r
			b.main = r.row
			break
		}
	}
	if wooType(main) == "variation" {
		return // the product's own row is broken, which is told already
	}
	b.wooTexts(main)
	b.wooStatus(main)
	p.Taxable = b.wooTaxable(main, true)
	p.TaxClass = main.get("tax class")
	p.Vendor = main.get("brands")
	p.Tags = splitList(main.get("tags"), ',')
	for _, path := range splitList(main.get("categories"), ',') {
		p.Categories = append(p.Categories, splitPath(path, ">"))
	}
	p.Images = b.wooImages(main)
	for _, rel := range []struct{ id, kind string }{{"grouped products", "member"}, {"upsells", "upsell"}, {"cross-sells", "cross_sell"}} {
		for _, ref := range splitList(main.get(rel.id), ',') {
			p.Related = append(p.Related, Relation{Kind: rel.kind, Ref: ref})
		}
	}
	if wooMark(main, "downloadable") {
		p.Fields = append(p.Fields, Field{"woocommerce_downloadable", "true"})
	}

	var variations []rowView
	for _, r := range b.rows {
		if wooType(r) == "variation" {
			variations = append(variations, r)
		}
	}
	kind := wooType(main)
	if len(variations) > 0 && kind != "variable" {
		b.bad(variations[0], "parent", "transfer.parent_not_variable")
		return
	}
	switch kind {
	case "simple":
		b.wooAttributes(main, nil)
		b.wooSimple(main)
	case "variable":
		if len(variations) == 0 {
			b.bad(main, "type", "transfer.no_variants")
			return
		}
		b.wooAttributes(main, variations)
		b.wooVariations(main, variations)
	case "grouped", "external":
		b.wooAttributes(main, nil)
		p.Selling = map[string]Selling{"grouped": Grouped, "external": External}[kind]
		if p.Status == Active {
			p.Status = Draft
			p.Fields = append(p.Fields, Field{"woocommerce_published", "1"})
		}
		for _, id := range wooParentCells() {
			b.wooParentCell(main, id)
		}
		b.note(main, "type", "transfer."+kind+"_as_draft")
	default:
		b.bad(main, "type", "transfer.unknown_product_type")
	}
	b.checkVariants()
	b.keep()
}

func (b *builder) wooTexts(r rowView) {
	b.p.Name = b.in(r.get("name"))
	b.checkName("name")
	b.p.Description = b.in(b.safe(r, "description", wooParagraphs(r.get("description"))))
	b.p.Summary = b.in(b.safe(r, "short description", wooParagraphs(r.get("short description"))))
	if b.p.Handle == "" {
		b.bad(r, "name", "transfer.bad_handle")
	}
}

// wooParagraphs undoes the exporter's "\n" for line ends and, like WordPress
// when it shows a text, makes paragraphs of blank lines in HTML without any.
func wooParagraphs(s string) string {
	s = strings.ReplaceAll(s, `\\n`, "\x00")
	s = strings.ReplaceAll(s, `\n`, "\n")
	s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", `\n`))
	lower := strings.ToLower(s)
	if !strings.Contains(s, "\n") || !strings.Contains(s, "<") {
		return s
	}
	for _, block := range []string{"<p", "<div", "<ul", "<ol", "<h", "<table", "<br", "<blockquote", "<pre"} {
		if strings.Contains(lower, block) {
			return s
		}
	}
	var out strings.Builder
	for part := range strings.SplitSeq(s, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			out.WriteString("<p>" + strings.ReplaceAll(part, "\n", "<br>") + "</p>")
		}
	}
	return out.String()
}

func (b *builder) wooStatus(r rowView) {
	p := &b.p
	switch published := r.get("published"); published {
	case "", "1":
	case "-1":
		p.Status = Draft
	case "0", "2", "3": // private, pending, planned
		p.Status = Draft
		p.Fields = append(p.Fields, Field{"woocommerce_published", published})
	default:
		if yes, ok := parseBool(published); !ok {
			b.bad(r, "published", "transfer.unknown_status")
		} else if !yes {
			p.Status = Draft
		}
	}
	switch v := strings.ToLower(r.get("visibility")); v {
	case "", "visible":
	case "catalog", "search", "hidden":
		p.Visibility = Visibility(v)
	default:
		b.bad(r, "visibility", "transfer.unknown_value")
	}
}

func (b *builder) wooTaxable(r rowView, def bool) bool {
	switch s := strings.ToLower(r.get("tax status")); s {
	case "":
		return def
	case "taxable":
		return true
	case "shipping":
		if wooType(r) != "variation" {
			b.p.Fields = append(b.p.Fields, Field{"woocommerce_tax_status", s})
		}
		return false
	case "none":
		return false
	}
	b.bad(r, "tax status", "transfer.unknown_value")
	return def
}

func (b *builder) wooImages(r rowView) []Image {
	var images []Image
	for _, src := range splitList(r.get("images"), ',') {
		if img, ok := b.image(r, "images", src, nil); ok {
			images = append(images, img)
		}
	}
	return images
}

// wooCell is the n-th attribute's part of a row.
func wooCell(r rowView, n int, part string) string {
	return r.get("attribute " + strconv.Itoa(n) + " " + part)
}

// wooAttributeColumns is the highest number of an attribute in the header.
func (s *Sheet) wooAttributeColumns() int {
	most := 0
	for _, c := range s.columns {
		if rest, ok := strings.CutPrefix(c.id, "attribute "); ok {
			number, _, _ := strings.Cut(rest, " ")
			if n, err := strconv.Atoi(number); err == nil {
				most = max(most, n)
			}
		}
	}
	return most
}

// wooAttributes divides a product's attributes: those that variations name are
// options, the others facts.
func (b *builder) wooAttributes(main rowView, variations []rowView) {
	most := b.s.wooAttributeColumns()
	chosen := make(map[string]bool)
	for _, r := range variations {
		for n := 1; n <= most; n++ {
			if name := wooCell(r, n, "name"); name != "" {
				chosen[fold(name)] = true
			}
		}
	}
	for n := 1; n <= most; n++ {
		name := wooCell(main, n, "name")
		id := "attribute " + strconv.Itoa(n) + " "
		if name == "" {
			if wooCell(main, n, "value(s)") != "" {
				b.bad(main, id+"value(s)", "transfer.option_without_name", "value", excerpt(wooCell(main, n, "value(s)")))
			}
			continue
		}
		var values []locale.Text
		for _, v := range splitList(wooCell(main, n, "value(s)"), ',') {
			values = append(values, b.in(v))
		}
		visible, global := b.yes(main, id+"visible", false), b.yes(main, id+"global", false)
		if chosen[fold(name)] {
			b.p.Options = append(b.p.Options, Option{Name: b.in(name), Values: values, Position: n, Visible: visible, Global: global})
			delete(chosen, fold(name))
		} else {
			b.p.Attributes = append(b.p.Attributes, Attribute{Name: b.in(name), Values: values, Position: n, Visible: visible, Global: global})
		}
	}
	for _, r := range variations {
		for n := 1; n <= most; n++ {
			if name := wooCell(r, n, "name"); chosen[fold(name)] {
				b.bad(r, "attribute "+strconv.Itoa(n)+" name", "transfer.option_unknown_to_parent", "option", excerpt(name))
				delete(chosen, fold(name))
			}
		}
	}
}

func (b *builder) wooSimple(r rowView) {
	v := Variant{SKU: r.get("sku"), Barcode: r.get("barcode"), Taxable: b.p.Taxable, Digital: wooMark(r, "virtual"), Row: r.row}
	b.wooGoods(r, nil, &v)
	b.owner[r.row] = 0
	b.p.Variants = []Variant{v}
}

// wooGoods reads what variant and simple product have in common; what the row
// leaves open is inherited from parent.
func (b *builder) wooGoods(r rowView, parent *rowView, v *Variant) {
	b.wooPrice(r, v)
	b.wooStock(r, v)
	measure := func(id string) (int64, string) {
		unit := b.s.columnUnit(id)
		if n := b.measure(r, id, unit); n > 0 || parent == nil {
			return n, unit
		}
		return b.measure(*parent, id, unit), unit
	}
	var unit string
	if v.Weight, unit = measure("weight"); v.Weight > 0 {
		v.WeightUnit = unit
	}
	v.Length, _ = measure("length")
	v.Width, _ = measure("width")
	v.Height, unit = measure("height")
	if v.Length > 0 || v.Width > 0 || v.Height > 0 {
		v.DimensionUnit = unit
	}
	if cost, given := b.amount(r, "cost", b.s.opt.Currency); given {
		v.Cost = &money.Money{Amount: cost, Currency: b.s.opt.Currency}
	}
}

func (s *Sheet) columnUnit(id string) string {
	if i, ok := s.index[id]; ok {
		return s.columns[i].unit
	}
	return ""
}

func (b *builder) wooPrice(r rowView, v *Variant) {
	currency := b.s.opt.Currency
	regular, given := b.amount(r, "regular price", currency)
	if !given && r.get("regular price") == "" {
		b.bad(r, "regular price", "transfer.price_missing")
	}
	price := Price{Currency: currency, Amount: regular}
	sale, onSale := b.amount(r, "sale price", currency)
	from, until := b.time(r, "sale from"), b.time(r, "sale until")
	switch {
	case onSale && given && sale >= regular:
		b.bad(r, "sale price", "transfer.sale_not_lower")
	case onSale:
		price.Amount, price.CompareAt, price.From, price.Until = sale, regular, from, until
	case !from.IsZero():
		b.note(r, "sale from", "transfer.date_without_sale")
	case !until.IsZero():
		b.note(r, "sale until", "transfer.date_without_sale")
	}
	v.Prices = []Price{price}
}

func (b *builder) wooStock(r rowView, v *Variant) {
	stock := r.get("stock")
	switch {
	case strings.EqualFold(stock, "parent"):
		b.bad(r, "stock", "transfer.shared_stock")
	case stock != "":
		v.Stock.Tracked = true
		v.Stock.Quantity, v.Stock.Known = b.pieces(r, "stock")
	default:
		switch s := strings.ToLower(r.get("in stock")); s {
		case "":
		case "backorder":
			v.Stock.OnOrder = true
		default:
			if yes, ok := parseBool(s); !ok {
				b.bad(r, "in stock", "transfer.not_yes_or_no")
			} else {
				v.Stock.SoldOut = !yes
			}
		}
	}
	v.Stock.LowAt, _ = b.count(r, "low stock")
	switch s := strings.ToLower(r.get("backorders")); s {
	case "":
	case "notify":
		v.Stock.Backorder = Notify
	default:
		if yes, ok := parseBool(s); !ok {
			b.bad(r, "backorders", "transfer.unknown_value")
		} else if yes {
			v.Stock.Backorder = Allow
		}
	}
}

// wooParentCell keeps what a row that is not for sale itself says about goods.
func (b *builder) wooParentCell(r rowView, id string) {
	if value := r.get(id); value != "" && !(id == "backorders" && value == "0") {
		b.p.Fields = append(b.p.Fields, Field{wooParentKey(id), value})
	}
}

func (b *builder) wooVariations(main rowView, variations []rowView) {
	for _, id := range wooParentCells() {
		b.wooParentCell(main, id)
	}
	most := b.s.wooAttributeColumns()
	taken := make(map[string]bool) // combinations that a row names in full
	rows := make([][]string, len(variations))
	for i, r := range variations {
		rows[i] = make([]string, len(b.p.Options))
		full := true
		for o := range b.p.Options {
			name := fold(b.p.Options[o].Name[b.s.opt.Language])
			for n := 1; n <= most; n++ {
				if fold(wooCell(r, n, "name")) == name {
					rows[i][o] = strings.ReplaceAll(wooCell(r, n, "value(s)"), `\,`, ",")
				}
			}
			full = full && rows[i][o] != ""
		}
		if full {
			taken[strings.Join(rows[i], "\x00")] = true
		}
	}
	for i, r := range variations {
		b.wooVariation(main, r, rows[i], taken)
		if len(b.p.Variants) > b.s.opt.Limits.Variants {
			return // checkVariants refuses them
		}
	}
}

// wooVariation makes the variants of a row: one, or, where the row stands for
// any value of an option, one for each value that no other row names.
func (b *builder) wooVariation(main, r rowView, values []string, taken map[string]bool) {
	v := Variant{SKU: r.get("sku"), Barcode: r.get("barcode"), Digital: wooMark(r, "virtual"), Row: r.row}
	v.Taxable = b.wooTaxable(r, b.p.Taxable)
	if class := r.get("tax class"); class != "parent" && class != b.p.TaxClass {
		v.TaxClass = cmp.Or(class, wooStandard)
	}
	switch published := r.get("published"); published {
	case "", "1", "-1":
	case "0":
		v.Disabled = true
	default:
		b.bad(r, "published", "transfer.unknown_status")
	}
	b.wooGoods(r, &main, &v)
	v.Images = b.wooImages(r)
	if text := r.get("description"); text != "" {
		v.Fields = append(v.Fields, Field{"woocommerce_variation_description", b.safe(r, "description", wooParagraphs(text))})
	}

	var open []string
	combos := [][]string{nil}
	for i, value := range values {
		choices := []string{value}
		if value == "" {
			open = append(open, b.p.Options[i].Name[b.s.opt.Language])
			choices = choices[:0]
			for _, t := range b.p.Options[i].Values {
				choices = append(choices, t[b.s.opt.Language])
			}
		}
		var next [][]string
		for _, c := range combos {
			for _, choice := range choices {
				if len(next) <= b.s.opt.Limits.Variants {
					next = append(next, append(slices.Clone(c), choice))
				}
			}
		}
		combos = next
	}
	if len(open) == 0 {
		if name := r.get("name"); name != "" && name != wooVariationName(b.p.Name[b.s.opt.Language], values) {
			v.Fields = append(v.Fields, Field{"woocommerce_variation_name", name})
		}
		b.wooAdd(r, v, values)
		return
	}
	if v.Stock.Tracked {
		b.bad(r, "stock", "transfer.any_value_with_stock", "options", strings.Join(open, ", "))
		return
	}
	if len(combos) == 0 {
		b.bad(r, "", "transfer.option_value_missing", "option", excerpt(strings.Join(open, ", ")))
		return
	}
	if name := r.get("name"); name != "" {
		v.Fields = append(v.Fields, Field{"woocommerce_variation_name", name})
	}
	v.Fields = append(v.Fields, Field{"woocommerce_any", strings.Join(open, "|")})
	if v.SKU != "" {
		v.Fields = append(v.Fields, Field{"woocommerce_any_sku", v.SKU})
	}
	b.note(r, "", "transfer.any_value_expanded", "options", strings.Join(open, ", "), "variants", int64(len(combos)))
	for _, combo := range combos {
		if taken[strings.Join(combo, "\x00")] {
			continue
		}
		one := v
		one.Fields = slices.Clone(v.Fields)
		if v.SKU != "" {
			for i, value := range values {
				if value == "" {
					one.SKU += "-" + slug(combo[i])
				}
			}
		}
		b.wooAdd(r, one, combo)
	}
}

func (b *builder) wooAdd(r rowView, v Variant, values []string) {
	texts := make([]locale.Text, len(values))
	for i, value := range values {
		texts[i] = b.in(value)
	}
	b.choose(r, "", &v, texts)
	if id := r.get("woocommerce_id"); id != "" && field(v.Fields, "woocommerce_any") != "" {
		v.Fields = append(v.Fields, Field{"woocommerce_id", id})
	}
	if _, seen := b.owner[r.row]; !seen {
		b.owner[r.row] = len(b.p.Variants)
	}
	b.p.Variants = append(b.p.Variants, v)
}

// wooVariationName is how WooCommerce names a variation.
func wooVariationName(product string, values []string) string {
	return product + " - " + strings.Join(values, ", ")
}
