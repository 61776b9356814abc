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

// shopifyProducts reads Shopify's product file: one row a variant, pictures
// beside them or in rows of their own, the product's own columns in its first
// row. Both generations of headers are known ("Body (HTML)", "Description").
func shopifyProducts() *format {
	f := &format{
		platform: Shopify, kind: Products,
		dateless: true,
		required: []string{"handle", "title", "price"},
		key:      "handle",
		unknown:  unknownColumn,
		extra:    []FieldDef{{Key: "shopify_published", Label: "Published", Type: BoolField, Column: "Published"}},
		columns: []column{
			mapped("Handle", "handle", asHandle, "handle", "url handle"),
			mapped("Title", "title", asText, "name"),
			mapped("Body (HTML)", "body", asHTML, "description", "body html", "body", "description"),
			mapped("Vendor", "vendor", asText, "vendor"),
			mapped("Product Category", "product category", asText, "categories", "standard product type", "standardized product type"),
			mapped("Type", "type", asText, "type", "custom product type"),
			mapped("Tags", "tags", asList, "tags"),
			mapped("Published", "published", asBool, "status", "published on online store").or("true"),
			mapped("Option1 Name", "option1 name", asText, "options"),
			mapped("Option1 Value", "option1 value", asText, "variants.choice"),
			mapped("Option2 Name", "option2 name", asText, "options"),
			mapped("Option2 Value", "option2 value", asText, "variants.choice"),
			mapped("Option3 Name", "option3 name", asText, "options"),
			mapped("Option3 Value", "option3 value", asText, "variants.choice"),
			mapped("Variant SKU", "sku", asSKU, "variants.sku", "sku"),
			mapped("Variant Grams", "grams", asWeight, "variants.weight", "weight value (grams)").in("g"),
			kept("Variant Inventory Tracker", "shopify_inventory_tracker", TextField, "inventory tracker").or("shopify").perVariant(),
			mapped("Variant Inventory Qty", "quantity", asNumber, "variants.stock", "inventory quantity"),
			mapped("Variant Inventory Policy", "policy", asText, "variants.stock", "continue selling when out of stock").or("deny"),
			kept("Variant Fulfillment Service", "shopify_fulfillment_service", TextField, "fulfillment service").or("manual").perVariant(),
			mapped("Variant Price", "price", asAmount, "variants.prices", "price"),
			mapped("Variant Compare At Price", "compare at", asCompareAt, "variants.prices", "compare-at price", "compare at price"),
			mapped("Variant Requires Shipping", "requires shipping", asBool, "", "requires shipping").or("true").asides("digital"),
			mapped("Variant Taxable", "taxable", asBool, "", "charge tax").or("true").asides("tax_free"),
			mapped("Variant Barcode", "barcode", asText, "variants.barcode", "barcode").asides("barcode"),
			mapped("Image Src", "image", asImage, "images", "product image url"),
			mapped("Image Position", "image position", asNumber, "images"),
			mapped("Image Alt Text", "image alt", asText, "images.alt"),
			kept("Gift Card", "shopify_gift_card", BoolField).or("false"),
			mapped("SEO Title", "seo title", asText, "seo.title"),
			mapped("SEO Description", "seo description", asText, "seo.text"),
			mapped("Variant Image", "variant image", asImage, "variants.images", "variant image url"),
			mapped("Variant Weight Unit", "weight unit", asUnit, "", "weight unit for display").left("transfer.column_unit"),
			mapped("Variant Tax Code", "tax code", asText, "", "tax code").asides("tax_code"),
			mapped("Cost per item", "cost", asAmount, "").asides("cost_price"),
			mapped("Status", "status", asText, "status").or("active").asides("catalog_visibility"),
		},
	}
	metafield := regexp.MustCompile(`^(.*?)\s*\((product|variant)\.metafields\.([^()]+)\)$`)
	f.pattern = func(folded, header string) (column, bool) {
		if m := metafield.FindStringSubmatch(header); m != nil {
			c := column{id: "unknown " + folded, key: fieldKey(m[3]), typ: TextField, label: m[1], each: m[2] == "variant"}
			return c, true
		}
		if rest, ok := strings.CutPrefix(folded, "google shopping / "); ok {
			c := column{id: "unknown " + folded, key: fieldKey("google " + rest), typ: TextField}
			if i := strings.Index(header, "/"); i >= 0 {
				c.label = "Google: " + strings.TrimSpace(header[i+1:])
			}
			return c, true
		}
		if folded == "collection" {
			return column{id: "collection", class: asText, target: "categories"}, true
		}
		return column{}, false
	}
	f.place = func(r rowView) placement {
		handle := handleOf(r.get("handle"))
		return placement{key: handle, handle: handle, sku: r.get("sku")}
	}
	f.build = buildShopify
	f.rows = writeShopify
	return f
}

// in names the unit of a measure.
func (c column) in(unit string) column { c.unit = unit; return c }

// shopifyVariantCells are the columns that make a row more than a picture.
func shopifyVariantCells() []string {
	return []string{"sku", "price", "option1 value", "option2 value", "option3 value", "compare at", "barcode", "cost", "quantity", "variant image"}
}

func buildShopify(b *builder) {
	p := &b.p
	b.checkHandle("handle")
	p.Name = b.text("title")
	b.checkName("title")
	p.Description = b.html("body")
	p.Vendor = b.one("vendor")
	p.Type = b.one("type")
	p.Tags = splitList(b.one("tags"), ',')
	p.SEOTitle, p.SEOText = b.text("seo title"), b.text("seo description")
	if path := splitPath(b.one("product category"), ">"); len(path) > 0 {
		p.Categories = append(p.Categories, path)
	}
	if path := splitPath(b.one("collection"), ">"); len(path) > 0 {
		p.Categories = append(p.Categories, path)
	}
	if len(p.Categories) == 0 && p.Type != "" {
		p.Categories = [][]string{{p.Type}}
	}
	b.shopifyStatus()
	b.shopifyOptions()

	type placed struct {
		image Image
		at    int64
	}
	var images []placed
	for i, r := range b.rows {
		isVariant := slices.ContainsFunc(shopifyVariantCells(), func(id string) bool { return r.get(id) != "" })
		isVariant = isVariant || i == 0 && r.get("image") == ""
		if isVariant {
			b.shopifyVariant(r)
		}
		if src := r.get("image"); src != "" {
			if img, ok := b.image(r, "image", src, b.in(r.get("image alt"))); ok {
				at, given := b.count(r, "image position")
				if !given {
					at = int64(len(images) + 1)
				}
				images = append(images, placed{img, at})
			}
		} else if !isVariant {
			b.bad(r, "handle", "transfer.row_without_variant")
		} else if r.get("image alt") != "" {
			b.bad(r, "image alt", "transfer.alt_without_image")
		}
	}
	slices.SortStableFunc(images, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	for _, i := range images {
		p.Images = append(p.Images, i.image)
	}
	if len(p.Variants) == 0 && !b.refused {
		b.bad(b.rows[0], "price", "transfer.no_variants")
	}
	b.checkVariants()
	b.keep()
	if field(p.Fields, "shopify_gift_card") == "true" {
		p.Status = Draft
		b.note(b.rows[0], "shopify_gift_card", "transfer.gift_card_as_draft")
	}
}

func (b *builder) shopifyStatus() {
	status, at := b.oneAt("status")
	switch strings.ToLower(status) {
	case "", "active":
		b.p.Status = Active
	case "draft", "unlisted":
		b.p.Status = Draft
	case "archived":
		b.p.Status = Archived
	default:
		b.bad(at, "status", "transfer.unknown_status")
	}
	if strings.EqualFold(status, "unlisted") {
		b.p.Status, b.p.Visibility = Active, ByAddressOnly
	}
	published, at := b.oneAt("published")
	if published == "" {
		return
	}
	yes, ok := parseBool(published)
	if !ok {
		b.bad(at, "published", "transfer.not_yes_or_no")
		return
	}
	if yes != (b.p.Status == Active) {
		// A product for sale, but not in the online shop, is not for sale here.
		b.p.Fields = append(b.p.Fields, Field{"shopify_published", strconv.FormatBool(yes)})
		if b.p.Status == Active {
			b.p.Status = Draft
		}
	}
}

// shopifyOptions reads the names of the options. A product without a choice is
// written as an option "Title" whose only value is "Default Title".
func (b *builder) shopifyOptions() {
	for n := 1; n <= 3; n++ {
		id := "option" + strconv.Itoa(n)
		name := b.one(id + " name")
		value := ""
		for _, r := range b.rows {
			if value = r.get(id + " value"); value != "" {
				break
			}
		}
		switch {
		case name == "" && value == "", n == 1 && name == "Title" && value == "Default Title":
		case n == 1 && name == "" && value == "Default Title":
		case name == "":
			b.bad(b.rows[0], id+" name", "transfer.option_without_name", "value", excerpt(value))
		case value == "":
			b.bad(b.rows[0], id+" name", "transfer.option_without_values", "option", excerpt(name))
		default:
			b.p.Options = append(b.p.Options, Option{Name: b.in(name), Position: n})
		}
	}
}

func (b *builder) shopifyVariant(r rowView) {
	v := Variant{SKU: r.get("sku"), Barcode: r.get("barcode"), TaxCode: r.get("tax code"), Row: r.row}
	var values []locale.Text
	for _, o := range b.p.Options {
		id := "option" + strconv.Itoa(o.Position) + " value"
		value := r.get(id)
		if value == "" {
			b.bad(r, id, "transfer.option_value_missing", "option", excerpt(o.Name.In(b.s.opt.Language, "")))
			return
		}
		values = append(values, b.in(value))
	}
	b.choose(r, "", &v, values)

	currency := b.s.opt.Currency
	price, given := b.amount(r, "price", currency)
	if !given && r.get("price") == "" {
		b.bad(r, "price", "transfer.price_missing")
	}
	before := b.before(r, "compare at", currency, price)
	v.Prices = []Price{{Currency: currency, Amount: price, CompareAt: before}}
	if cost, given := b.amount(r, "cost", currency); given {
		v.Cost = &money.Money{Amount: cost, Currency: currency}
	}
	v.Weight = b.measure(r, "grams", "g")
	v.WeightUnit = b.unit(r, "weight unit", "", true)
	v.Digital = !b.yes(r, "requires shipping", true)
	v.Taxable = b.yes(r, "taxable", true)
	v.Stock.Quantity, v.Stock.Known = b.pieces(r, "quantity")
	v.Stock.Tracked = r.get("shopify_inventory_tracker") != ""
	switch policy := strings.ToLower(r.get("policy")); policy {
	case "", "deny", "false":
	case "continue", "true":
		v.Stock.Backorder = Allow
	default:
		b.bad(r, "policy", "transfer.unknown_value")
	}
	if src := r.get("variant image"); src != "" {
		if img, ok := b.image(r, "variant image", src, nil); ok {
			v.Images = []Image{img}
		}
	}
	b.owner[r.row] = len(b.p.Variants)
	b.p.Variants = append(b.p.Variants, v)
}

func writeShopify(p Product, w *sheetWriter) {
	lang := w.lang
	for i := range max(len(p.Variants), len(p.Images)) {
		w.set(i, "handle", p.Handle)
	}
	w.set(0, "title", p.Name[lang])
	w.set(0, "body", p.Description[lang])
	w.set(0, "vendor", p.Vendor)
	w.set(0, "type", p.Type)
	w.set(0, "tags", joinList(p.Tags, ", "))
	w.set(0, "seo title", p.SEOTitle[lang])
	w.set(0, "seo description", p.SEOText[lang])
	paths := p.Categories
	if len(paths) == 1 && slices.Equal(paths[0], []string{p.Type}) {
		paths = nil
	}
	ids := []string{"product category", "collection"}
	if w.seen["collection"] && !w.seen["product category"] {
		slices.Reverse(ids) // as the file had it
	}
	for _, id := range ids {
		if w.has(id) && len(paths) > 0 {
			w.set(0, id, strings.Join(paths[0], " > "))
			paths = paths[1:]
		}
	}
	status, published := p.Status, strconv.FormatBool(p.Status == Active)
	switch was := field(p.Fields, "shopify_published"); {
	case was == "false":
		status, published = Active, was
	case was == "true":
		published = was
	case p.Visibility == ByAddressOnly:
		status = "unlisted"
	}
	w.set(0, "status", string(status))
	w.set(0, "published", published)
	if len(p.Options) == 0 {
		w.set(0, "option1 name", "Title")
	}
	for n, o := range p.Options {
		w.set(0, "option"+strconv.Itoa(n+1)+" name", o.Name[lang])
	}
	for i, img := range p.Images {
		w.set(i, "image", img.Src)
		w.set(i, "image position", strconv.Itoa(i+1))
		w.set(i, "image alt", img.Alt[lang])
	}
	for i, v := range p.Variants {
		w.describes(i, i)
		if len(p.Options) == 0 {
			w.set(i, "option1 value", "Default Title")
		}
		for n, at := range v.Choice {
			w.set(i, "option"+strconv.Itoa(n+1)+" value", p.Options[n].Values[at][lang])
		}
		w.set(i, "sku", v.SKU)
		w.set(i, "barcode", v.Barcode)
		w.set(i, "grams", strconv.FormatInt(v.Weight, 10))
		w.set(i, "weight unit", v.WeightUnit)
		w.set(i, "tax code", v.TaxCode)
		w.set(i, "requires shipping", strconv.FormatBool(!v.Digital))
		w.set(i, "taxable", strconv.FormatBool(v.Taxable))
		if v.Stock.Known {
			w.set(i, "quantity", strconv.FormatInt(v.Stock.Quantity, 10))
		}
		if v.Stock.Tracked {
			w.set(i, "shopify_inventory_tracker", "shopify")
		}
		w.set(i, "policy", map[bool]string{false: "deny", true: "continue"}[v.Stock.Backorder != Deny])
		w.set(i, "shopify_fulfillment_service", "manual")
		if price, ok := v.Price(w.currency); ok {
			w.set(i, "price", price.Amount.Decimal(w.currency))
			if price.CompareAt > 0 {
				w.set(i, "compare at", price.CompareAt.Decimal(w.currency))
			}
		}
		if v.Cost != nil && v.Cost.Currency == w.currency {
			w.set(i, "cost", v.Cost.Amount.Decimal(w.currency))
		}
		if len(v.Images) > 0 {
			w.set(i, "variant image", v.Images[0].Src)
		}
	}
	w.set(0, "shopify_gift_card", "false")
}
