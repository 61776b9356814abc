package transfer

import (
	"regexp"
	"slices"
	"strings"
)

// wooProducts reads the file of WooCommerce's product exporter. Every row is a
// product or, with the type "variation", a variant of the product that Parent
// names by SKU or as "id:44", which may stand anywhere in the file. Weights
// and lengths name their unit in the header; attributes, downloads and meta
// data have numbered or named headers of their own.
func wooProducts() *format {
	f := &format{
		platform: WooCommerce, kind: Products,
		dateless: true, unarchived: true, shelved: true,
		required: []string{"sku", "name", "regular price"},
		key:      "sku",
		unknown:  unknownColumn,
		columns: []column{
			kept("ID", "woocommerce_id", TextField).perVariant(),
			mapped("Type", "type", asText, "variants").or("simple").asides("product_kind", "digital"),
			mapped("SKU", "sku", asSKU, "variants.sku"),
			mapped("GTIN, UPC, EAN, or ISBN", "barcode", asText, "variants.barcode").asides("barcode"),
			mapped("Name", "name", asText, "name"),
			mapped("Published", "published", asText, "status"),
			kept("Is featured?", "featured", BoolField).or("false"),
			mapped("Visibility in catalog", "visibility", asText, "status").or("visible").asides("catalog_visibility"),
			mapped("Short description", "short description", asHTML, "summary"),
			mapped("Description", "description", asHTML, "description"),
			mapped("Date sale price starts", "sale from", asTime, "").asides("sale_from"),
			mapped("Date sale price ends", "sale until", asTime, "").asides("sale_until"),
			mapped("Tax status", "tax status", asText, "").or("taxable").asides("tax_free"),
			mapped("Tax class", "tax class", asText, "tax_class").or("parent").asides("source_tax_class"),
			mapped("In stock?", "in stock", asDerived, "variants.stock"),
			mapped("Stock", "stock", asNumber, "variants.stock"),
			mapped("Low stock amount", "low stock", asNumber, "").asides("low_stock_at"),
			mapped("Backorders allowed?", "backorders", asText, "variants.stock").or("0"),
			kept("Sold individually?", "sold_individually", BoolField).or("false"),
			mapped("Weight (kg)", "weight", asWeight, "variants.weight").in("kg"),
			mapped("Length (cm)", "length", asLength, "variants.length").in("cm"),
			mapped("Width (cm)", "width", asLength, "variants.width").in("cm"),
			mapped("Height (cm)", "height", asLength, "variants.height").in("cm"),
			reviewsColumn(),
			kept("Purchase note", "purchase_note", TextField),
			mapped("Sale price", "sale price", asAmount, "variants.prices").asides("sale_price"),
			mapped("Regular price", "regular price", asAmount, "variants.prices"),
			mapped("Categories", "categories", asList, "categories"),
			mapped("Tags", "tags", asList, "tags"),
			kept("Shipping class", "shipping_class", TextField),
			mapped("Images", "images", asList, "images"),
			kept("Download limit", "download_limit", IntField),
			kept("Download expiry days", "download_expiry_days", IntField),
			mapped("Parent", "parent", asText, "variants"),
			mapped("Grouped products", "grouped products", asList, "related"),
			mapped("Upsells", "upsells", asList, "related"),
			mapped("Cross-sells", "cross-sells", asList, "related"),
			kept("External URL", "external_url", URLField),
			kept("Button text", "external_button", TextField),
			kept("Position", "woocommerce_position", IntField).or("0").perVariant(),
			mapped("Brands", "brands", asText, "vendor"),
			mapped("Cost of goods", "cost", asAmount, "").asides("cost_price"),
		},
		extra: []FieldDef{
			{Key: "woocommerce_published", Label: "Published", Type: TextField, Column: "Published"},
			{Key: "woocommerce_downloadable", Label: "Downloadable", Type: BoolField, Column: "Type"},
			{Key: "woocommerce_tax_status", Label: "Tax status", Type: TextField, Column: "Tax status"},
			{Key: "woocommerce_variation_name", Label: "Variation name", Type: TextField, Column: "Name"},
			{Key: "woocommerce_variation_description", Label: "Variation description", Type: TextField, Column: "Description"},
			{Key: "woocommerce_any", Label: "Any value of", Type: TextField, Column: "Attribute value(s)"},
			{Key: "woocommerce_any_sku", Label: "SKU in WooCommerce", Type: TextField, Column: "SKU"},
		},
	}
	for _, id := range wooParentCells() {
		f.extra = append(f.extra, FieldDef{Key: wooParentKey(id), Label: "Parent: " + id, Type: TextField, Column: id})
	}
	measure := regexp.MustCompile(`^(weight|length|width|height) \(([a-z]+)\)$`)
	attribute := regexp.MustCompile(`^attribute (\d{1,3}) (name|value\(s\)|visible|global|default)$`)
	download := regexp.MustCompile(`^download \d{1,3} (id|name|url)$`)
	f.pattern = func(folded, header string) (column, bool) {
		if m := measure.FindStringSubmatch(folded); m != nil {
			_, weight, ok := unitFactor(m[2])
			if !ok || weight != (m[1] == "weight") {
				return column{}, false
			}
			c := column{id: m[1], class: asLength, target: "variants." + m[1], unit: m[2]}
			if weight {
				c.class = asWeight
			}
			return c, true
		}
		if m := attribute.FindStringSubmatch(folded); m != nil {
			c := column{id: "attribute " + m[1] + " " + m[2], target: "options, attributes"}
			switch m[2] {
			case "value(s)":
				c.class = asList
			case "visible":
				c.class, c.def = asBool, "0"
			case "global":
				c.class, c.def = asBool, "0"
				c = c.left("transfer.column_all_global")
			case "default":
				c.key, c.typ, c.target = "default_of_attribute_"+m[1], TextField, ""
			}
			return c, true
		}
		if download.MatchString(folded) {
			return column{id: "unknown " + folded, key: fieldKey(folded), typ: TextField}, true
		}
		if rest, ok := strings.CutPrefix(folded, "meta: "); ok {
			return column{id: "unknown " + folded, key: fieldKey("meta " + rest), typ: TextField, label: strings.TrimSpace(header[5:])}, true
		}
		return column{}, false
	}
	f.place = func(r rowView) placement {
		id, sku := r.get("woocommerce_id"), r.get("sku")
		if wooType(r) == "variation" {
			parent := wooRef(r.get("parent"))
			return placement{parent: parent, variation: parent == "", sku: sku}
		}
		p := placement{handle: slug(r.get("name")), starts: true, lone: sku}
		if sku != "" {
			p.names = append(p.names, wooRef(sku))
		}
		if id != "" {
			p.names = append(p.names, "id:"+id)
		}
		switch {
		case len(p.names) > 0:
			p.key = p.names[0]
		case p.handle != "":
			p.key = "name:" + p.handle
		}
		return p
	}
	f.build = buildWoo
	f.rows = writeWoo
	f.settle = settleWoo
	return f
}

// reviewsColumn is yes for products and no for their variations.
func reviewsColumn() column {
	c := kept("Allow customer reviews?", "reviews_allowed", BoolField).or("true")
	c.rest = "false"
	return c
}

// wooStandard is the tax class that WooCommerce writes as an empty cell.
const wooStandard = "standard"

// wooRef is the alias under which a product is referred to: "id:44", or its
// SKU, of which WooCommerce does not mind the case.
func wooRef(s string) string {
	switch {
	case s == "":
		return ""
	case strings.HasPrefix(strings.ToLower(s), "id:"):
		return "id:" + strings.TrimSpace(s[3:])
	}
	return "sku:" + strings.ToLower(s)
}

// wooType is the sort of product without the marks that may stand beside it.
func wooType(r rowView) string {
	for _, t := range splitList(strings.ToLower(r.get("type")), ',') {
		if t != "virtual" && t != "downloadable" {
			return t
		}
	}
	return "simple"
}

func wooMark(r rowView, mark string) bool {
	return slices.Contains(splitList(strings.ToLower(r.get("type")), ','), mark)
}

// wooParentCells are columns of a variant that a variable product may fill:
// for its variations to inherit, or for nothing.
func wooParentCells() []string {
	return []string{"sku", "barcode", "stock", "low stock", "backorders", "weight", "length", "width", "height", "sale price", "regular price", "sale from", "sale until", "cost"}
}

func wooParentKey(id string) string { return "woocommerce_parent_" + fieldKey(id) }
