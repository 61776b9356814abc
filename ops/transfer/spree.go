package transfer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// spreeProducts reads Spree's product file. Rows of one slug are a product:
// first the master with the texts, then a row a variant. Prices in further
// currencies are rows with the same SKU that may stand far below.
func spreeProducts() *format {
	f := &format{
		platform: Spree, kind: Products,
		required: []string{"slug", "name", "price", "sku"},
		key:      "slug",
		unknown:  unknownColumn,
		columns: []column{
			kept("product_id", "spree_product_id", TextField),
			mapped("slug", "slug", asHandle, "handle"),
			mapped("sku", "sku", asSKU, "variants.sku"),
			mapped("name", "name", asText, "name"),
			mapped("price", "price", asAmount, "variants.prices"),
			mapped("compare_at_price", "compare at", asCompareAt, "variants.prices"),
			mapped("currency", "currency", asText, "variants.prices"),
			mapped("status", "status", asText, "status"),
			mapped("description", "description", asHTML, "description"),
			mapped("meta_title", "meta title", asText, "seo.title"),
			mapped("meta_description", "meta description", asText, "seo.text"),
			kept("meta_keywords", "meta_keywords", TextField),
			mapped("tags", "tags", asList, "tags"),
			mapped("tax_category", "tax category", asText, "tax_class").asides("source_tax_class"),
			mapped("product_type", "product type", asText, "type"),
			mapped("vendor_name", "vendor", asText, "vendor"),
			mapped("brand_name", "brand", asText, "attributes"),
			kept("labels", "spree_labels", TextField),
			kept("shipping_category", "spree_shipping_category", TextField),
			mapped("digital", "digital", asBool, "").or("false").asides("digital"),
			mapped("category1", "category1", asText, "categories"),
			mapped("category2", "category2", asText, "categories"),
			mapped("category3", "category3", asText, "categories"),
			mapped("option1_name", "option1 name", asText, "options"),
			mapped("option1_value", "option1 value", asText, "variants.choice"),
			mapped("option2_name", "option2 name", asText, "options"),
			mapped("option2_value", "option2 value", asText, "variants.choice"),
			mapped("option3_name", "option3 name", asText, "options"),
			mapped("option3_value", "option3 value", asText, "variants.choice"),
			mapped("image1_src", "image1", asImage, "images"),
			mapped("image2_src", "image2", asImage, "images"),
			mapped("image3_src", "image3", asImage, "images"),
			mapped("width", "width", asLength, "variants.width"),
			mapped("height", "height", asLength, "variants.height"),
			mapped("depth", "depth", asLength, "variants.length"),
			mapped("dimensions_unit", "dimensions unit", asUnit, "variants.length"),
			mapped("weight", "weight", asWeight, "variants.weight"),
			mapped("weight_unit", "weight unit", asUnit, "variants.weight"),
			mapped("available_on", "available on", asTime, "publish_at").asides("available_since"),
			mapped("discontinue_on", "discontinue on", asTime, "end_at"),
			mapped("inventory_count", "inventory", asNumber, "variants.stock"),
			mapped("inventory_backorderable", "backorderable", asBool, "variants.stock").or("false"),
			mapped("track_inventory", "track", asBool, "variants.stock").or("true"),
		},
	}
	numbered := regexp.MustCompile(`^(category|image|option)(\d{1,2})(_src|_name|_value|_alt)?$`)
	f.pattern = func(folded, header string) (column, bool) {
		if m := numbered.FindStringSubmatch(folded); m != nil {
			c := column{id: m[1] + m[2], names: []string{folded}, target: "images", class: asImage}
			switch m[1] + m[3] {
			case "category":
				c.target, c.class = "categories", asText
			case "image_src":
			case "image_alt":
				c.id, c.target, c.class = m[1]+m[2]+" alt", "images.alt", asText
			case "option_name":
				c.id, c.target, c.class = m[1]+m[2]+" name", "options", asText
			case "option_value":
				c.id, c.target, c.class = m[1]+m[2]+" value", "variants.choice", asText
			default:
				return column{}, false
			}
			return c, true
		}
		for _, prefix := range []string{"custom_field.", "metafield."} {
			if rest, ok := strings.CutPrefix(folded, prefix); ok {
				label := rest[strings.LastIndexByte(rest, '.')+1:]
				label = strings.ReplaceAll(label, "_", " ")
				if label != "" {
					label = strings.ToUpper(label[:1]) + label[1:]
				}
				return column{id: "unknown " + folded, key: fieldKey(strings.ReplaceAll(rest, "_", "-")), typ: TextField, label: label, shown: true}, true
			}
		}
		return column{}, false
	}
	// What stands in the master's row of a product with variants is kept.
	for _, id := range spreeMasterCells() {
		f.extra = append(f.extra, FieldDef{Key: masterKey(id), Label: "Master " + id, Type: TextField, Column: id})
	}
	f.place = func(r rowView) placement {
		slug := handleOf(r.get("slug"))
		p := placement{key: slug, handle: slug, sku: r.get("sku")}
		if r.get("name") != "" && r.get("option1 value") == "" {
			p.sku, p.lone = "", p.sku
		} else if r.get("option1 value") == "" {
			p.sku = "" // a further price
		}
		return p
	}
	f.build = buildSpree
	f.rows = writeSpree
	f.settle = settleSpree
	return f
}

func spreeMasterCells() []string {
	return []string{"sku", "price", "compare at", "width", "height", "depth", "dimensions unit", "weight", "weight unit", "inventory", "backorderable", "track"}
}

func masterKey(id string) string { return "spree_master_" + strings.ReplaceAll(id, " ", "_") }

// most numbered columns of one sort that are looked at.
const numberedColumns = 20

func buildSpree(b *builder) {
	p := &b.p
	b.checkHandle("slug")
	p.Name = b.text("name")
	b.checkName("name")
	p.Description = b.html("description")
	p.SEOTitle, p.SEOText = b.text("meta title"), b.text("meta description")
	p.Tags = splitList(b.one("tags"), ',')
	p.TaxClass = b.one("tax category")
	p.Type = b.one("product type")
	p.Vendor = b.one("vendor")
	if brand := b.one("brand"); brand != "" {
		p.Attributes = append(p.Attributes, Attribute{Name: locale.Text{b.s.opt.Language: "Brand"}, Values: []locale.Text{b.in(brand)}, Visible: true, Global: true})
		if p.Vendor == "" {
			p.Vendor = brand
		}
	}
	for n := 1; n <= numberedColumns; n++ {
		if path := splitPath(b.one("category"+strconv.Itoa(n)), "->"); len(path) > 0 {
			p.Categories = append(p.Categories, path)
		}
	}
	status, at := b.oneAt("status")
	switch strings.ToLower(status) {
	case "", "active":
	case "draft":
		p.Status = Draft
	case "archived":
		p.Status = Archived
	default:
		b.bad(at, "status", "transfer.unknown_status")
	}

	var master, named *rowView
	var further []rowView // prices in other currencies
	var variants []rowView
	seen := make(map[string]bool)
	for i := range b.rows {
		r := &b.rows[i]
		hasValues := false
		for n := 1; n <= numberedColumns && !hasValues; n++ {
			hasValues = r.get("option"+strconv.Itoa(n)+" value") != ""
		}
		sku := r.get("sku")
		switch {
		case hasValues:
			variants = append(variants, *r)
			seen[sku] = true
			if r.get("name") != "" && named == nil {
				named = r
			}
		case r.get("name") != "" && master == nil:
			master = r
			seen[sku] = true
		case r.get("name") != "":
			b.bad(*r, "slug", "transfer.handle_repeated")
		case sku != "" && seen[sku]:
			further = append(further, *r)
		default:
			b.bad(*r, "sku", "transfer.row_without_variant")
		}
	}
	main := master
	if main == nil {
		main = named // the texts may also stand in the first variant's row
	}
	if main == nil {
		return // the name is missing, which is told already
	}
	b.main = main.row
	p.PublishAt, p.EndAt = b.time(*main, "available on"), b.time(*main, "discontinue on")
	switch {
	case master == nil:
		b.spreeOptions(variants)
	case len(variants) == 0:
		variants = []rowView{*master}
		p.Images = b.spreeImages(*master)
	default:
		for _, id := range spreeMasterCells() {
			b.spreeMaster(*master, id)
		}
		p.Images = b.spreeImages(*master)
		b.spreeOptions(variants)
	}
	bySKU := make(map[string]int)
	for _, r := range variants {
		b.spreeVariant(r, master != nil && r.row == master.row)
		bySKU[r.get("sku")] = len(p.Variants) - 1
	}
	for _, r := range further {
		if v, ok := bySKU[r.get("sku")]; ok && v >= 0 {
			b.spreePrice(r, &p.Variants[v])
			b.owner[r.row] = v
		} else {
			b.bad(r, "sku", "transfer.row_without_variant")
		}
	}
	b.checkVariants()
	b.keep()
}

// spreeMaster keeps what the master's row says about goods that are only sold
// as variants.
func (b *builder) spreeMaster(r rowView, id string) {
	value := r.get(id)
	switch {
	case value == "", b.spreeSaysNothing(r, id, value):
		return
	}
	b.p.Fields = append(b.p.Fields, Field{masterKey(id), value})
}

func (b *builder) spreeSaysNothing(r rowView, id, value string) bool {
	switch id {
	case "price", "compare at":
		plain, reason := plainDecimal(value, b.style(id))
		return reason == "" && strings.Trim(plain, "0.") == ""
	case "backorderable", "track":
		yes, ok := parseBool(value)
		return ok && yes == (id == "track")
	case "dimensions unit":
		return r.get("width") == "" && r.get("height") == "" && r.get("depth") == ""
	case "weight unit":
		return r.get("weight") == ""
	}
	return false
}

func (b *builder) spreeImages(r rowView) []Image {
	var images []Image
	for n := 1; n <= numberedColumns; n++ {
		id := "image" + strconv.Itoa(n)
		src, alt := r.get(id), r.get(id+" alt")
		switch {
		case src != "":
			if img, ok := b.image(r, id, src, b.in(alt)); ok {
				images = append(images, img)
			}
		case alt != "":
			b.bad(r, id+" alt", "transfer.alt_without_image")
		}
	}
	return images
}

func (b *builder) spreeOptions(variants []rowView) {
	for n := 1; n <= numberedColumns; n++ {
		id := "option" + strconv.Itoa(n)
		name := ""
		for _, r := range variants {
			switch v := r.get(id + " name"); {
			case v == "" && r.get(id+" value") != "":
				b.bad(r, id+" name", "transfer.option_without_name", "value", excerpt(r.get(id+" value")))
			case v != "" && name == "":
				name = v
			case v != "" && v != name:
				b.bad(r, id+" name", "transfer.rows_disagree", "row", strconv.Itoa(variants[0].row), "value", excerpt(name))
			}
		}
		if name != "" {
			b.p.Options = append(b.p.Options, Option{Name: b.in(name), Position: n})
		}
	}
}

func (b *builder) spreeVariant(r rowView, isMaster bool) {
	v := Variant{SKU: r.get("sku"), Taxable: true, Row: r.row}
	var values []locale.Text
	for _, o := range b.p.Options {
		id := "option" + strconv.Itoa(o.Position) + " value"
		if r.get(id) == "" {
			b.bad(r, id, "transfer.option_value_missing", "option", excerpt(o.Name.In(b.s.opt.Language, "")))
			return
		}
		values = append(values, b.in(r.get(id)))
	}
	b.choose(r, "", &v, values)
	b.spreePrice(r, &v)
	lengths := b.unit(r, "dimensions unit", "cm", false)
	v.Width, v.Height, v.Length = b.measure(r, "width", lengths), b.measure(r, "height", lengths), b.measure(r, "depth", lengths)
	if v.Width > 0 || v.Height > 0 || v.Length > 0 {
		v.DimensionUnit = lengths
	}
	weight := b.unit(r, "weight unit", "kg", true)
	if v.Weight = b.measure(r, "weight", weight); v.Weight > 0 {
		v.WeightUnit = weight
	}
	v.Stock.Tracked = b.yes(r, "track", true)
	if r.get("inventory") == "∞" {
		v.Stock.Tracked = false
	} else {
		v.Stock.Quantity, v.Stock.Known = b.pieces(r, "inventory")
	}
	if b.yes(r, "backorderable", false) {
		v.Stock.Backorder = Allow
	}
	v.Digital = b.yes(r, "digital", false)
	if !isMaster {
		v.Images = b.spreeImages(r)
	}
	b.owner[r.row] = len(b.p.Variants)
	b.p.Variants = append(b.p.Variants, v)
}

// spreePrice adds the price of a row to a variant, once a currency.
func (b *builder) spreePrice(r rowView, v *Variant) {
	currency := strings.ToUpper(r.get("currency"))
	if currency == "" {
		currency = b.s.opt.Currency
	}
	if !money.Known(currency) {
		b.bad(r, "currency", "transfer.unknown_currency", "currency", excerpt(currency))
		return
	}
	amount, given := b.amount(r, "price", currency)
	if !given {
		if r.get("price") == "" {
			b.bad(r, "price", "transfer.price_missing")
		}
		return
	}
	if _, twice := v.Price(currency); twice {
		b.bad(r, "currency", "transfer.price_repeated", "currency", currency, "sku", excerpt(v.SKU))
		return
	}
	before := b.before(r, "compare at", currency, amount)
	v.Prices = append(v.Prices, Price{Currency: currency, Amount: amount, CompareAt: before})
}

func writeSpree(p Product, w *sheetWriter) {
	lang := w.lang
	simple := len(p.Options) == 0
	w.set(0, "slug", p.Handle)
	w.set(0, "name", p.Name[lang])
	w.set(0, "status", string(p.Status))
	w.set(0, "description", p.Description[lang])
	w.set(0, "meta title", p.SEOTitle[lang])
	w.set(0, "meta description", p.SEOText[lang])
	w.set(0, "tags", joinList(p.Tags, ", "))
	w.set(0, "tax category", p.TaxClass)
	w.set(0, "product type", p.Type)
	brand := ""
	for _, a := range p.Attributes {
		if a.Name[lang] == "Brand" && len(a.Values) > 0 {
			brand = a.Values[0][lang]
		}
	}
	w.set(0, "brand", brand)
	if p.Vendor != brand {
		w.set(0, "vendor", p.Vendor)
	}
	for i, path := range p.Categories {
		w.set(0, "category"+strconv.Itoa(i+1), strings.Join(path, " -> "))
	}
	if !p.PublishAt.IsZero() {
		w.set(0, "available on", p.PublishAt.In(w.zone).Format("2006-01-02 15:04:05"))
	}
	if !p.EndAt.IsZero() {
		w.set(0, "discontinue on", p.EndAt.In(w.zone).Format("2006-01-02 15:04:05"))
	}
	writeSpreeImages(w, 0, lang, p.Images)
	if !simple {
		w.set(0, "currency", w.currency)
		if len(p.Variants) > 0 && len(p.Variants[0].Prices) > 0 {
			w.set(0, "currency", p.Variants[0].Prices[0].Currency)
		}
		w.set(0, "price", "0")
		w.set(0, "backorderable", "false")
		for _, id := range spreeMasterCells() {
			if v := field(p.Fields, masterKey(id)); v != "" {
				w.set(0, id, v)
			}
		}
	}
	next := 1
	for i, v := range p.Variants {
		row := next
		if simple {
			row = 0
		} else {
			next++
			writeSpreeImages(w, row, lang, v.Images)
		}
		w.describes(row, i)
		w.set(row, "slug", p.Handle)
		w.set(row, "sku", v.SKU)
		for n, at := range v.Choice {
			id := "option" + strconv.Itoa(n+1)
			w.set(row, id+" name", p.Options[n].Name[lang])
			w.set(row, id+" value", p.Options[n].Values[at][lang])
		}
		if v.DimensionUnit != "" {
			w.set(row, "dimensions unit", v.DimensionUnit)
			for id, n := range map[string]int64{"width": v.Width, "height": v.Height, "depth": v.Length} {
				if n > 0 {
					w.set(row, id, formatMeasure(n, v.DimensionUnit))
				}
			}
		}
		if v.WeightUnit != "" && v.Weight > 0 {
			w.set(row, "weight unit", v.WeightUnit)
			w.set(row, "weight", formatMeasure(v.Weight, v.WeightUnit))
		}
		if v.Stock.Known {
			w.set(row, "inventory", strconv.FormatInt(v.Stock.Quantity, 10))
		} else if !v.Stock.Tracked {
			w.set(row, "inventory", "∞")
		}
		w.set(row, "backorderable", strconv.FormatBool(v.Stock.Backorder != Deny))
		w.set(row, "track", strconv.FormatBool(v.Stock.Tracked))
		w.set(row, "digital", strconv.FormatBool(v.Digital))
		if len(v.Prices) > 0 {
			writeSpreePrice(w, row, v.Prices[0])
		}
	}
	for _, v := range p.Variants {
		for n, price := range v.Prices {
			if n == 0 {
				continue
			}
			w.set(next, "slug", p.Handle)
			w.set(next, "sku", v.SKU)
			w.set(next, "backorderable", "false")
			writeSpreePrice(w, next, price)
			next++
		}
	}
}

func writeSpreePrice(w *sheetWriter, row int, price Price) {
	w.set(row, "currency", price.Currency)
	w.set(row, "price", price.Amount.Decimal(price.Currency))
	if price.CompareAt > 0 {
		w.set(row, "compare at", price.CompareAt.Decimal(price.Currency))
	}
}

func writeSpreeImages(w *sheetWriter, row int, lang string, images []Image) {
	for i, img := range images {
		id := "image" + strconv.Itoa(i+1)
		w.set(row, id, img.Src)
		w.set(row, id+" alt", img.Alt[lang])
	}
}

func settleSpree(p Product, header []string) []string {
	need := func(format string, n int, suffix ...string) {
		for i := 1; i <= n; i++ {
			for _, s := range suffix {
				if h := format + strconv.Itoa(i) + s; !slices.Contains(header, h) {
					header = append(header, h)
				}
			}
		}
	}
	images := p.Images
	for _, v := range p.Variants {
		if len(v.Images) > len(images) {
			images = v.Images
		}
	}
	need("image", len(images), "_src", "_alt")
	need("category", len(p.Categories), "")
	need("option", len(p.Options), "_name", "_value")
	return header
}
