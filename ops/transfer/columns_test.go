package transfer_test

import (
	stdcmp "cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/customer"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/words"
)

// sample is a product that differs from the plain one of its format by what
// one column says.
type sample struct {
	cells map[string]string   // of its first row, beside the plain ones
	more  []map[string]string // further rows
	want  string              // in the catalogue afterwards, and not with the plain one; "" for a column that is left out
	loose bool                // want may also be of the plain one
}

// cell is the usual sample: one cell of the first row.
func cell(header, value, want string) sample {
	return sample{cells: map[string]string{header: value}, want: want}
}

// with adds cells that the sample's column needs beside it.
func (s sample) with(cells ...string) sample {
	s.cells = maps.Clone(s.cells)
	for i := 0; i < len(cells); i += 2 {
		s.cells[cells[i]] = cells[i+1]
	}
	return s
}

func (s sample) row(cells ...string) sample {
	m := make(map[string]string)
	for i := 0; i < len(cells); i += 2 {
		m[cells[i]] = cells[i+1]
	}
	s.more = append(s.more, m)
	return s
}

// samplesOf has one for every column of a format, those with a number, a
// language or a name in their header included. HANDLE stands for the product's
// own handle.
func samplesOf(platform transfer.Platform) (plain map[string]string, samples map[string]sample) {
	switch platform {
	case transfer.Shopify:
		return map[string]string{"Handle": "HANDLE", "Title": "Plain", "Variant Price": "9", "Variant Inventory Tracker": "shopify"}, map[string]sample{
			"Handle":                                {want: `"slugs":{"en":"HANDLE"}`, loose: true},
			"Title":                                 cell("Title", "Mug", `"name":{"en":"Mug"}`),
			"Body (HTML)":                           cell("Body (HTML)", "<p>Round</p>", `"description":{"en":"Round"}`),
			"Vendor":                                cell("Vendor", "Smith", `"brand":"Smith"`),
			"Product Category":                      cell("Product Category", "Home > Mugs", `"categories":["Home/Mugs"]`),
			"Collection":                            cell("Collection", "Gifts", `"categories":["Gifts"]`),
			"Type":                                  cell("Type", "Crockery", `"product_type":"crockery"`),
			"Tags":                                  cell("Tags", "blue", `"tags":["blue"]`),
			"Published":                             cell("Published", "false", `"status":"draft"`),
			"Option1 Name":                          cell("Option1 Name", "Size", `"name":{"en":"Size"}`).with("Option1 Value", "S"),
			"Option1 Value":                         cell("Option1 Value", "Tiny", `"name":{"en":"Tiny"}`).with("Option1 Name", "Extent"),
			"Option2 Name":                          cell("Option2 Name", "Hue", `"name":{"en":"Hue"}`).with("Option1 Name", "Size", "Option1 Value", "S", "Option2 Value", "Red"),
			"Option2 Value":                         cell("Option2 Value", "Green", `"name":{"en":"Green"}`).with("Option1 Name", "Size", "Option1 Value", "S", "Option2 Name", "Hue"),
			"Option3 Name":                          cell("Option3 Name", "Cut", `"name":{"en":"Cut"}`).with("Option1 Name", "Size", "Option1 Value", "S", "Option3 Value", "Slim"),
			"Option3 Value":                         cell("Option3 Value", "Wide", `"name":{"en":"Wide"}`).with("Option1 Name", "Size", "Option1 Value", "S", "Option3 Name", "Cut"),
			"Variant SKU":                           cell("Variant SKU", "SKU-1", `"sku":"SKU-1"`),
			"Variant Grams":                         cell("Variant Grams", "350", `"weight_grams":350`),
			"Variant Inventory Tracker":             cell("Variant Inventory Tracker", "shipwire", `"shopify_inventory_tracker":{"":"shipwire"}`),
			"Variant Inventory Qty":                 cell("Variant Inventory Qty", "7", `"on_hand":7`),
			"Variant Inventory Policy":              cell("Variant Inventory Policy", "continue", `"backorder_limit":1000000`),
			"Variant Fulfillment Service":           cell("Variant Fulfillment Service", "amazon", `"shopify_fulfillment_service":{"":"amazon"}`),
			"Variant Price":                         cell("Variant Price", "9.50", `"amount":950`),
			"Variant Compare At Price":              cell("Variant Compare At Price", "12", `"compare_at":1200`),
			"Variant Requires Shipping":             cell("Variant Requires Shipping", "false", `"digital":true`),
			"Variant Taxable":                       cell("Variant Taxable", "false", `"tax_free":true`),
			"Variant Barcode":                       cell("Variant Barcode", "4006381333931", `"gtin":"4006381333931"`),
			"Image Src":                             cell("Image Src", "a.png", `"name":"a.png"`),
			"Image Position":                        cell("Image Position", "2", `"pictures":["c.png","b.png"]`).with("Image Src", "b.png").row("Handle", "HANDLE", "Image Src", "c.png", "Image Position", "1"),
			"Image Alt Text":                        cell("Image Alt Text", "From above", `"alt":{"en":"From above"}`).with("Image Src", "d.png"),
			"Gift Card":                             cell("Gift Card", "true", `"shopify_gift_card":true`),
			"SEO Title":                             cell("SEO Title", "Found", `"seo_title":{"en":"Found"}`),
			"SEO Description":                       cell("SEO Description", "Finds", `"seo_description":{"en":"Finds"}`),
			"Variant Image":                         cell("Variant Image", "e.png", `"picture":"e.png"`),
			"Variant Weight Unit":                   cell("Variant Weight Unit", "kg", ""),
			"Variant Tax Code":                      cell("Variant Tax Code", "P000", `"tax_code":{"":"P000"}`),
			"Cost per item":                         cell("Cost per item", "4.20", `"cost_price":4.2`),
			"Status":                                cell("Status", "archived", `"status":"archived"`),
			"Google Shopping / MPN":                 cell("Google Shopping / MPN", "X-7", `"google_mpn":{"":"X-7"}`),
			"Care (product.metafields.custom.care)": cell("Care (product.metafields.custom.care)", "warm", `"custom_care":{"":"warm"}`),
			"Glaze (variant.metafields.custom.glaze)": cell("Glaze (variant.metafields.custom.glaze)", "matt", `"custom_glaze":{"":"matt"}`),
			"Shelf": cell("Shelf", "12", `"shelf":12`),
		}
	case transfer.WooCommerce:
		variable := func(header, value, want string) sample {
			return cell(header, value, want).with("Type", "variable", "SKU", "HANDLE", "Regular price", "").with(header, value)
		}
		return map[string]string{"Name": "HANDLE", "Regular price": "9", "Type": "simple", "Tax class": "standard"}, map[string]sample{
			"ID":                      cell("ID", "44", `"woocommerce_id":{"":"44"}`),
			"Type":                    cell("Type", "simple, virtual", `"digital":true`),
			"SKU":                     cell("SKU", "SKU-1", `"sku":"SKU-1"`),
			"GTIN, UPC, EAN, or ISBN": cell("GTIN, UPC, EAN, or ISBN", "X-12", `"barcode":{"":"X-12"}`),
			"Name":                    {want: `"name":{"en":"HANDLE"}`, loose: true},
			"Published":               cell("Published", "-1", `"status":"draft"`),
			"Is featured?":            cell("Is featured?", "1", `"featured":true`),
			"Visibility in catalog":   cell("Visibility in catalog", "search", `"catalog_visibility":{"":"search"}`),
			"Short description":       cell("Short description", "Short", `"subtitle":{"en":"Short"}`),
			"Description":             cell("Description", "<p>Round</p>", `"description":{"en":"Round"}`),
			"Date sale price starts":  cell("Date sale price starts", "2026-11-20", `"sale_from":"2026-11-20"`).with("Sale price", "8"),
			"Date sale price ends":    cell("Date sale price ends", "2026-11-26", `"sale_until":"2026-11-26"`).with("Sale price", "8"),
			"Tax status":              cell("Tax status", "none", `"tax_free":true`),
			"Tax class":               cell("Tax class", "reduced-rate", `"tax_class":"reduced"`),
			"In stock?":               cell("In stock?", "0", `"tracked":true`),
			"Stock":                   cell("Stock", "7", `"on_hand":7`),
			"Low stock amount":        cell("Low stock amount", "3", `"low_stock_at":3`),
			"Backorders allowed?":     cell("Backorders allowed?", "notify", `"backorder_limit":1000000`).with("Stock", "0"),
			"Sold individually?":      cell("Sold individually?", "1", `"sold_individually":true`),
			"Weight (kg)":             cell("Weight (kg)", "0.35", `"weight_grams":350`),
			"Length (cm)":             cell("Length (cm)", "12", `"length_mm":120`),
			"Width (cm)":              cell("Width (cm)", "13", `"width_mm":130`),
			"Height (cm)":             cell("Height (cm)", "14", `"height_mm":140`),
			"Allow customer reviews?": cell("Allow customer reviews?", "0", `"reviews_allowed":false`),
			"Purchase note":           cell("Purchase note", "Rinse", `"purchase_note":{"":"Rinse"}`),
			"Sale price":              cell("Sale price", "8", `"amount":800,"compare_at":900`),
			"Regular price":           cell("Regular price", "9.50", `"amount":950`),
			"Categories":              cell("Categories", "Home > Mugs", `"categories":["Home/Mugs"]`),
			"Tags":                    cell("Tags", "blue", `"tags":["blue"]`),
			"Shipping class":          cell("Shipping class", "bulky", `"shipping_class":{"":"bulky"}`),
			"Images":                  cell("Images", "a.png", `"pictures":["a.png"]`),
			"Download limit":          cell("Download limit", "5", `"download_limit":5`),
			"Download expiry days":    cell("Download expiry days", "30", `"download_expiry_days":30`),
			"Parent": variable("Attribute 1 name", "Size", `"values":["s"]`).with("Attribute 1 value(s)", "S").
				row("Type", "variation", "Parent", "HANDLE", "SKU", "V-1", "Name", "x", "Regular price", "9", "Attribute 1 name", "Size", "Attribute 1 value(s)", "S"),
			"Grouped products":     cell("Grouped products", "SKU-1", `"related":["woocommercesku"]`).with("Type", "grouped", "Regular price", ""),
			"Upsells":              cell("Upsells", "SKU-1", `"related":["woocommercesku"]`),
			"Cross-sells":          cell("Cross-sells", "SKU-1", `"related":["woocommercesku"]`),
			"External URL":         cell("External URL", "https://else.example/x", `"external_url":{"":"https://else.example/x"}`),
			"Button text":          cell("Button text", "Go", `"external_button":{"":"Go"}`),
			"Position":             cell("Position", "3", `"woocommerce_position":3`),
			"Brands":               cell("Brands", "Smith", `"brand":"Smith"`),
			"Cost of goods":        cell("Cost of goods", "4.20", `"cost_price":4.2`),
			"Attribute 1 name":     cell("Attribute 1 name", "Material", `"material":`).with("Attribute 1 value(s)", "Steel"),
			"Attribute 1 value(s)": cell("Attribute 1 value(s)", "Oak", `"wood":"oak"`).with("Attribute 1 name", "Wood"),
			"Attribute 1 visible":  cell("Attribute 1 visible", "1", `"finish":"dull"`).with("Attribute 1 name", "Finish", "Attribute 1 value(s)", "Dull"),
			"Attribute 1 global":   {cells: map[string]string{"Attribute 1 global": "1"}},
			"Attribute 1 default": variable("Attribute 1 default", "M", `"default_of_attribute_1":{"":"M"}`).with("Attribute 1 name", "Size", "Attribute 1 value(s)", "M").
				row("Type", "variation", "Parent", "HANDLE", "SKU", "V-2", "Name", "x", "Regular price", "9", "Attribute 1 name", "Size", "Attribute 1 value(s)", "M"),
			"Download 1 URL": cell("Download 1 URL", "https://files.example/x.pdf", `"download_1_url":{"":"https://files.example/x.pdf"}`),
			"Meta: _glaze":   cell("Meta: _glaze", "matt", `"meta_glaze":{"":"matt"}`),
		}
	case transfer.Spree:
		return map[string]string{"slug": "HANDLE", "sku": "", "name": "Plain", "price": "9", "currency": "EUR", "status": "active"}, map[string]sample{
			"product_id":                  cell("product_id", "44", `"spree_product_id":{"":"44"}`),
			"slug":                        {want: `"slugs":{"en":"HANDLE"}`, loose: true},
			"sku":                         cell("sku", "SKU-1", `"sku":"SKU-1"`),
			"name":                        cell("name", "Mug", `"name":{"en":"Mug"}`),
			"price":                       cell("price", "9.50", `"amount":950`),
			"compare_at_price":            cell("compare_at_price", "12", `"compare_at":1200`),
			"currency":                    cell("currency", "USD", `"currency":"USD"`),
			"status":                      cell("status", "draft", `"status":"draft"`),
			"description":                 cell("description", "<p>Round</p>", `"description":{"en":"Round"}`),
			"meta_title":                  cell("meta_title", "Found", `"seo_title":{"en":"Found"}`),
			"meta_description":            cell("meta_description", "Finds", `"seo_description":{"en":"Finds"}`),
			"meta_keywords":               cell("meta_keywords", "mugs", `"meta_keywords":{"":"mugs"}`),
			"tags":                        cell("tags", "blue", `"tags":["blue"]`),
			"tax_category":                cell("tax_category", "Luxury", `"source_tax_class":{"":"Luxury"}`),
			"product_type":                cell("product_type", "Crockery", `"product_type":"crockery"`),
			"vendor_name":                 cell("vendor_name", "Smith", `"brand":"Smith"`),
			"brand_name":                  cell("brand_name", "Jones", `"brand":"jones"`),
			"labels":                      cell("labels", "new", `"spree_labels":{"":"new"}`),
			"shipping_category":           cell("shipping_category", "Bulky", `"spree_shipping_category":{"":"Bulky"}`),
			"digital":                     cell("digital", "true", `"digital":true`),
			"category1":                   cell("category1", "Home -> Mugs", `"categories":["Home/Mugs"]`),
			"category2":                   cell("category2", "Gifts", `"categories":["Gifts"]`),
			"category3":                   cell("category3", "Sets", `"categories":["Sets"]`),
			"category4":                   cell("category4", "Tea", `"categories":["Tea"]`),
			"option1_name":                cell("option1_name", "Size", `"name":{"en":"Size"}`).with("option1_value", "S"),
			"option1_value":               cell("option1_value", "Tiny", `"name":{"en":"Tiny"}`).with("option1_name", "Size"),
			"option2_name":                cell("option2_name", "Hue", `"name":{"en":"Hue"}`).with("option2_value", "Red"),
			"option2_value":               cell("option2_value", "Green", `"name":{"en":"Green"}`).with("option2_name", "Hue"),
			"option3_name":                cell("option3_name", "Cut", `"name":{"en":"Cut"}`).with("option3_value", "Slim"),
			"option3_value":               cell("option3_value", "Wide", `"name":{"en":"Wide"}`).with("option3_name", "Cut"),
			"image1_src":                  cell("image1_src", "a.png", `"pictures":["a.png"]`),
			"image1_alt":                  cell("image1_alt", "From above", `"alt":{"en":"From above"}`).with("image1_src", "d.png"),
			"image2_src":                  cell("image2_src", "b.png", `"pictures":["b.png"]`),
			"image3_src":                  cell("image3_src", "c.png", `"pictures":["c.png"]`),
			"width":                       cell("width", "13", `"width_mm":130`),
			"height":                      cell("height", "14", `"height_mm":140`),
			"depth":                       cell("depth", "12", `"length_mm":120`),
			"dimensions_unit":             cell("dimensions_unit", "m", `"width_mm":2000`).with("width", "2"),
			"weight":                      cell("weight", "0.35", `"weight_grams":350`),
			"weight_unit":                 cell("weight_unit", "lb", `"weight_grams":454`).with("weight", "1"),
			"available_on":                cell("available_on", "2026-12-24", `"publish_at":"2026-12-23T23:00:00Z"`),
			"discontinue_on":              cell("discontinue_on", "2026-12-31", `"end_at":"2026-12-30T23:00:00Z"`),
			"inventory_count":             cell("inventory_count", "7", `"on_hand":7`),
			"inventory_backorderable":     cell("inventory_backorderable", "true", `"backorder_limit":1000000`),
			"track_inventory":             cell("track_inventory", "false", `"tracked":false`),
			"custom_field.custom.wattage": cell("custom_field.custom.wattage", "900", `"custom_wattage":900`),
		}
	case transfer.Vendure:
		return map[string]string{"name": "Plain", "slug": "HANDLE", "sku": "", "price": "9"}, map[string]sample{
			"name":           cell("name", "Mug", `"name":{"en":"Mug"}`),
			"name:de":        cell("name:de", "Becher", `"de":"Becher"`),
			"slug":           {want: `"slugs":{"en":"HANDLE"}`, loose: true},
			"slug:de":        cell("slug:de", "becherchen", `"de":"becherchen"`).with("name:de", "Pott"),
			"description":    cell("description", "<p>Round</p>", `"description":{"en":"Round"}`),
			"assets":         cell("assets", "a.png", `"pictures":["a.png"]`),
			"facets":         cell("facets", "category:Home|wood:Oak", `"wood":"oak"`),
			"optionGroups":   cell("optionGroups", "Size", `"name":{"en":"Size"}`).with("optionValues", "S"),
			"optionValues":   cell("optionValues", "Tiny", `"name":{"en":"Tiny"}`).with("optionGroups", "Size"),
			"sku":            cell("sku", "SKU-1", `"sku":"SKU-1"`),
			"price":          cell("price", "9.50", `"amount":950`),
			"taxCategory":    cell("taxCategory", "reduced", `"tax_class":"reduced"`),
			"stockOnHand":    cell("stockOnHand", "7", `"on_hand":7`),
			"trackInventory": cell("trackInventory", "false", `"tracked":false`),
			"variantAssets":  cell("variantAssets", "e.png", `"picture":"e.png"`),
			"variantFacets":  cell("variantFacets", "glaze:Matt", `"glaze":"matt"`),
			"product:care":   cell("product:care", "warm", `"care":{"":"warm"}`),
			"variant:shelf":  cell("variant:shelf", "12", `"shelf":12`),
		}
	}
	return nil, nil
}

// handleOfColumn is the handle of a column's sample.
func handleOfColumn(platform transfer.Platform, header string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(header))
	return string(platform) + letters
}

// sampleFile writes the plain product and the samples in the order of headers.
func sampleFile(t *testing.T, platform transfer.Platform, plain map[string]string, samples map[string]sample, headers []string) string {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	write := func(handle string, cells map[string]string) {
		row := make([]string, len(headers))
		for i, h := range headers {
			row[i] = strings.NewReplacer("HANDLE", handle, "SKU-1", string(platform)+"-1").Replace(cells[h])
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(headers); err != nil {
		t.Fatal(err)
	}
	write(handleOfColumn(platform, "plain"), plain)
	for _, h := range headers {
		first := maps.Clone(plain)
		maps.Copy(first, samples[h].cells)
		write(handleOfColumn(platform, h), first)
		for _, cells := range samples[h].more {
			write(handleOfColumn(platform, h), cells)
		}
	}
	w.Flush()
	return b.String()
}

// goods reads the catalogue back through its own export: products as JSON by
// handle, in which things go by their names instead of ids.
func (s *shop) goods(t *testing.T) map[string]string {
	t.Helper()
	type object = map[string]any
	list := func(v any) []any { l, _ := v.([]any); return l }
	names := make(map[any]any) // by id
	var products []object
	for line := range strings.Lines(s.exported(t, transfer.ExportRequest{Platform: transfer.Own})) {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		switch o["kind"] {
		case "category":
			name := o["name"].(object)["en"].(string)
			if above, ok := names[o["parent"]]; ok {
				name = above.(string) + "/" + name
			}
			names[o["id"]] = name
		case "product":
			names[o["id"]] = o["handle"]
			products = append(products, o)
			for _, picture := range list(o["pictures"]) {
				names[picture.(object)["id"]] = picture.(object)["name"]
			}
		}
	}
	out := make(map[string]string)
	for _, p := range products {
		for _, key := range []string{"categories", "related"} {
			for i, id := range list(p[key]) {
				list(p[key])[i] = names[id]
			}
		}
		var pictures []any
		for _, picture := range list(p["pictures"]) {
			o := picture.(object)
			pictures = append(pictures, o["name"])
			delete(o, "id")
			delete(o, "url")
		}
		p["picture_files"], p["pictures"] = p["pictures"], pictures
		for _, v := range list(p["variants"]) {
			o := v.(object)
			delete(o, "id")
			if id, ok := o["picture"]; ok {
				o["picture"] = names[id]
			}
		}
		for _, key := range []string{"id", "category", "source", "created_at", "updated_at"} {
			delete(p, key)
		}
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
		out[p["handle"].(string)] = b.String()
	}
	return out
}

// Whatever a report says of a column is true: what was taken over or kept is
// found in the catalogue afterwards, what is left out has a reason and makes no
// difference. It goes through every column that is known.
func TestColumns_becomeWhatTheReportSays(t *testing.T) {
	text, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	said := text.Keys("en")
	folder := t.TempDir()
	for i, name := range []string{"a.png", "b.png", "c.png", "d.png", "e.png"} {
		if err := os.WriteFile(filepath.Join(folder, name), dot(t, uint8(i+1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range transfer.Guides() {
		_, samples := samplesOf(g.Platform)
		for _, c := range g.Columns {
			if _, ok := samples[c.Header]; !ok && g.Kind == transfer.Products {
				t.Errorf("%s: the test has no sample of column %q", g.Platform, c.Header)
			}
		}
	}
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		for _, platform := range transfer.Platforms() {
			plain, samples := samplesOf(platform)
			headers := slices.Sorted(maps.Keys(samples))

			file := sampleFile(t, platform, plain, samples, headers)

			run := s.run(t, transfer.Request{Platform: platform, File: strings.NewReader(file), Folder: folder})

			for _, p := range s.problems(t, run.ID) {
				if !p.Notice {
					t.Errorf("%s: refused: %+v", platform, p)
				}
			}
			if len(run.Report.Columns) != len(samples) {
				t.Errorf("%s: the report tells of %d columns, want %d", platform, len(run.Report.Columns), len(samples))
			}
			goods := s.goods(t)
			plainHandle := handleOfColumn(platform, "plain")
			base := goods[plainHandle]
			for _, c := range run.Report.Columns {
				one, handle := samples[c.Name], handleOfColumn(platform, c.Name)
				got := goods[handle]
				want := strings.NewReplacer("HANDLE", handle, "SKU-1", string(platform)+"-1").Replace(one.want)
				switch {
				case got == "" || base == "":
					t.Errorf("%s %q: its product is not there", platform, c.Name)
				case c.Use == transfer.Dropped && (!slices.Contains(said, c.Reason) || want != ""):
					t.Errorf("%s %q is left out (%q), want %q in the shop", platform, c.Name, c.Reason, want)
				case c.Use == transfer.Dropped && strings.ReplaceAll(got, handle, plainHandle) != base:
					t.Errorf("%s %q is left out and yet makes\n%s of\n%s", platform, c.Name, got, base)
				case c.Use == transfer.Dropped:
				case want == "" || !strings.Contains(got, want) || !one.loose && strings.Contains(base, want):
					t.Errorf("%s %q is %s (%s), yet %q is not in the shop, or always there:\n%s", platform, c.Name, c.Use, c.Target, want, got)
				case c.Use == transfer.Kept && (c.Field == nil || !strings.HasPrefix(want, `"`+c.Field.Key+`":`)):
					t.Errorf("%s %q is kept as %+v, want %s", platform, c.Name, c.Field, want)
				}
			}
			s.comesBack(t, string(platform), platform, file, transfer.Kept)
		}
	})
}

// The same of files about people: what was taken over is in the account.
func TestColumns_ofPeople(t *testing.T) {
	plain := map[string]string{"email": "HANDLE@people.example", "first_name": "Pat", "last_name": "Plain", "address1": "Street 1", "city": "Berlin", "zip": "10115", "country_code": "DE"}
	spree := map[string]sample{
		"email":                   {want: `"Email":"HANDLE@people.example"`, loose: true},
		"first_name":              cell("first_name", "Anna", `"FirstName":"Anna"`),
		"last_name":               cell("last_name", "Jones", `"LastName":"Jones"`),
		"phone":                   cell("phone", "+49 30 1234567", `"Phone":"+49 30 1234567"`),
		"accepts_email_marketing": cell("accepts_email_marketing", "yes", `"Marketing":true`),
		"tags":                    cell("tags", "VIP", `"Tags":["VIP"]`),
		"company":                 cell("company", "Smith & Co", `"Company":"Smith & Co"`),
		"address1":                cell("address1", "Lane 2", `"Line1":"Lane 2"`),
		"address2":                cell("address2", "Rear", `"Line2":"Rear"`),
		"city":                    cell("city", "Potsdam", `"City":"Potsdam"`),
		"province_code":           cell("province_code", "BC", `"Region":"BC"`).with("country_code", "CA", "zip", "V6Z 3B7"),
		"country_code":            cell("country_code", "AT", `"Country":"AT"`).with("zip", "1010"),
		"zip":                     cell("zip", "14467", `"Postcode":"14467"`),
		"Province":                {cells: map[string]string{"Province": "Berlin"}},
		"Country":                 {cells: map[string]string{"Country": "Germany"}},
		"Total Spent":             {cells: map[string]string{"Total Spent": "12"}},
		"Total Orders":            {cells: map[string]string{"Total Orders": "3"}},
	}
	shopify := map[string]sample{
		"Customer ID":           {cells: map[string]string{"Customer ID": "44"}},
		"Accepts SMS Marketing": {cells: map[string]string{"Accepts SMS Marketing": "yes"}},
		"Note":                  cell("Note", "Rings twice", `"Note":"Rings twice"`),
		"Tax Exempt":            cell("Tax Exempt", "yes", `"TaxExempt":true`),
		"Default Address Phone": cell("Default Address Phone", "+49 30 7654321", `"Phone":"+49 30 7654321"`),
	}
	other := map[string]string{
		"email": "Email", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone", "accepts_email_marketing": "Accepts Email Marketing", "tags": "Tags",
		"company": "Default Address Company", "address1": "Default Address Address1", "address2": "Default Address Address2", "city": "Default Address City",
		"province_code": "Default Address Province Code", "country_code": "Default Address Country Code", "zip": "Default Address Zip",
	}
	renamed := func(cells map[string]string) map[string]string {
		out := make(map[string]string)
		for h, v := range cells {
			out[stdcmp.Or(other[h], h)] = v
		}
		return out
	}
	for h, one := range spree {
		one.cells = renamed(one.cells)
		shopify[stdcmp.Or(other[h], h)] = one
	}
	files := map[transfer.Platform]struct {
		plain   map[string]string
		samples map[string]sample
	}{transfer.Spree: {plain, spree}, transfer.Shopify: {renamed(plain), shopify}}
	for _, g := range transfer.Guides() {
		for _, c := range g.Columns {
			if _, ok := files[g.Platform].samples[c.Header]; !ok && g.Kind == transfer.Customers {
				t.Errorf("%s: the test has no sample of column %q", g.Platform, c.Header)
			}
		}
	}
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.keepPeople(t)
		for platform, f := range files {
			headers := slices.Sorted(maps.Keys(f.samples))
			run := s.run(t, transfer.Request{Platform: platform, File: strings.NewReader(sampleFile(t, platform, f.plain, f.samples, headers))})
			for _, p := range s.problems(t, run.ID) {
				t.Errorf("%s: %+v", platform, p)
			}
			people := make(map[string]string)
			for c, err := range s.People(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				handle, _, _ := strings.Cut(c.Email, "@")
				c.Source = ""
				var b strings.Builder
				enc := json.NewEncoder(&b)
				enc.SetEscapeHTML(false)
				if err := enc.Encode(c); err != nil {
					t.Fatal(err)
				}
				people[handle] = b.String()
			}
			plainHandle := handleOfColumn(platform, "plain")
			for _, c := range run.Report.Columns {
				one, handle := f.samples[c.Name], handleOfColumn(platform, c.Name)
				base, got, want := people[plainHandle], people[handle], strings.ReplaceAll(one.want, "HANDLE", handle)
				switch {
				case (c.Use == transfer.Dropped) != (want == ""):
					t.Errorf("%s %q is %s, want %q in the account", platform, c.Name, c.Use, want)
				case want == "" && strings.ReplaceAll(got, handle, plainHandle) != base:
					t.Errorf("%s %q is left out and yet makes\n%s of\n%s", platform, c.Name, got, base)
				case want != "" && (!strings.Contains(got, want) || !one.loose && strings.Contains(base, want)):
					t.Errorf("%s %q is %s (%s), yet %q is not in the account:\n%s", platform, c.Name, c.Use, c.Target, want, got)
				}
			}
		}
	})
}

// What has an end in the file ends: goods by themselves, and of a sale the row
// says so while it lasts, and the same file ends it afterwards.
func TestDates_areTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		day := func(days int) string { return e.Clock.Now().AddDate(0, 0, days).Format("2006-01-02") }
		woo := table("SKU|Name|Regular price|Sale price|Date sale price starts|Date sale price ends",
			"W-1|Running|10|8|"+day(-1)+"|"+day(1), "W-2|Over|10|8|"+day(-9)+"|"+day(-1), "W-3|Planned|10|8|"+day(1)+"|"+day(3), "W-4|Open|10|8||")
		spree := table("slug|sku|name|price|status|discontinue_on", "lasting|S-1|Lasting|10|active|"+day(1), "ended|S-2|Ended|10|active|"+day(-1))
		state := func() map[string]string {
			out := make(map[string]string)
			for _, handle := range []string{"running", "over", "planned", "open", "lasting", "ended"} {
				p := s.product(t, handle)
				price, _ := p.Variants[0].Price("plist_std")
				out[handle] = string(p.Status)
				if !p.VisibleAt(e.Clock.Now()) {
					out[handle] = "hidden"
				}
				out[handle] += " " + price.Amount.Decimal("EUR") + " " + price.CompareAt.Decimal("EUR")
			}
			return out
		}
		told := func(platform transfer.Platform, text string) (rows []string) {
			t.Helper()
			run := s.run(t, transfer.Request{Platform: platform, File: strings.NewReader(text), Again: true})
			for _, p := range s.problems(t, run.ID) {
				rows = append(rows, strconv.Itoa(p.Row)+" "+p.Reason+" "+p.Params["date"].(string))
			}
			return rows
		}

		if got, want := told(transfer.WooCommerce, woo), []string{"2 transfer.sale_ends " + day(1), "3 transfer.sale_over " + day(-1), "4 transfer.sale_not_begun " + day(1)}; !slices.Equal(got, want) {
			t.Errorf("told of sales: %v, want %v", got, want)
		}
		if got := told(transfer.Spree, spree); len(got) != 0 {
			t.Errorf("told of last days, which the shop keeps itself: %v", got)
		}
		want := map[string]string{"running": "active 8.00 10.00", "over": "active 10.00 0.00", "planned": "active 10.00 0.00", "open": "active 8.00 10.00", "lasting": "active 10.00 0.00", "ended": "hidden 10.00 0.00"}
		if diff := cmp.Diff(want, state()); diff != "" {
			t.Errorf("at the import (-want +got):\n%s", diff)
		}
		if v := s.product(t, "planned").Variants[0]; custom.Decimal(v.Fields["sale_price"].Number) != "8" || v.Fields["sale_from"].Code != day(1) || v.Fields["sale_until"].Code != day(3) {
			t.Errorf("the staff see %v of the planned sale", v.Fields)
		}

		e.Clock.Advance(2 * 24 * time.Hour)
		if got := told(transfer.WooCommerce, woo); len(got) != 2 {
			t.Errorf("told of sales two days later: %v, want the one that is over and the one that runs", got)
		}
		want["running"], want["planned"], want["lasting"] = "active 10.00 0.00", "active 8.00 10.00", "hidden 10.00 0.00"
		if diff := cmp.Diff(want, state()); diff != "" {
			t.Errorf("two days later (-want +got):\n%s", diff)
		}

		// The merchant sells the last ones off; the same file does not stop that.
		p := *s.product(t, "lasting")
		p.EndAt = time.Time{}
		if _, err := s.Catalog.SaveNow(t.Context(), audit.Staff("stf_1"), p); err != nil {
			t.Fatal(err)
		}
		told(transfer.Spree, strings.Replace(spree, "Lasting", "Last ones", 1))
		if p := s.product(t, "lasting"); !p.VisibleAt(e.Clock.Now()) || p.Name["en"] != "Last ones" {
			t.Errorf("%s is %s until %v, want it on sale again", p.Name["en"], p.Status, p.EndAt)
		}
		// An end that lies before the beginning is none, and that is said.
		early := table("slug|sku|name|price|status|available_on|discontinue_on", "early|S-3|Early|10|active|"+day(5)+"|"+day(4))
		if got, want := told(transfer.Spree, early), []string{"2 transfer.ends_too_early " + day(4)}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}

// An attribute that the shop's field of its name cannot hold gets a field of
// its own, the same one again the next time.
func TestAttributes_thatDoNotFitGetAFieldOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Fields.Create(ctx, tx, audit.Staff("stf_1"), custom.Field{
				Owner: custom.Product, Code: "material", Kind: custom.Choice, Name: en("Material"), Choices: []custom.Option{{Code: "oak", Name: en("Oak")}},
			})
			if err != nil {
				return err
			}
			_, err = s.Fields.Create(ctx, tx, audit.Staff("stf_1"), custom.Field{Owner: custom.Product, Code: "pages", Kind: custom.Number, Name: en("Pages")})
			return err
		})
		file := table("SKU|Name|Regular price|Attribute 1 name|Attribute 1 value(s)|Attribute 2 name|Attribute 2 value(s)", "M-1|Mug|9|Material|Steel, Beech|Pages|120")
		for range 2 {
			run := s.run(t, transfer.Request{Platform: transfer.WooCommerce, File: strings.NewReader(file), Again: true})

			if told := s.problems(t, run.ID); len(told) > 0 {
				t.Errorf("told %v", told)
			}
			want := custom.Values{"material_2": custom.OfText(en("Steel, Beech")), "pages": custom.OfNumber(120_000_000)}
			if diff := cmp.Diff(want, s.product(t, "mug").Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		}
	})
}

// What the staff make of such a custom field is what an export says, and a file
// that says it no more takes it away.
func TestAsides_areReadBackAndTakenAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		file := table("Handle|Title|Variant Price|Cost per item|Variant Requires Shipping|Variant Tax Code", "mug|Mug|9|4.20|false|P0")
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})
		defs, err := s.Fields.For(t.Context(), custom.Variant)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := defs.By("cost_price"); !ok || d.Shown || d.Unit != "EUR" || d.Decimals != 2 {
			t.Errorf("the cost's field is %+v, want one in EUR for the staff only", d)
		}
		p := *s.product(t, "mug")
		p.Variants[0].Fields = custom.Values{"cost_price": custom.OfNumber(5_500_000), "digital": custom.OfTruth(false)}
		if _, err := s.Catalog.SaveNow(t.Context(), audit.Staff("stf_1"), p); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := transfer.Export(&out, transfer.Shopify, strings.Split("Handle,Cost per item,Variant Requires Shipping,Variant Tax Code", ","), s.ExportOptions(t.Context()), s.Catalogue(t.Context(), "")); err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(out.String(), "\n")[1]; got != "mug,5.50,true," {
			t.Errorf("exported %s", got)
		}

		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(table("Handle|Title|Variant Price|Cost per item|Variant Requires Shipping", "mug|Mug|9||true"))})

		if got := s.product(t, "mug").Variants[0].Fields; len(got) != 0 {
			t.Errorf("the file says nothing more, but the variant has %v", got)
		}
	})
}

// A column of customers that is called like a field of the merchant's, by code
// or by name, is read into it and comes back; a cell that does not fit refuses
// the customer. What no field is called like is dropped, and listed.
func TestColumns_ofPeopleThatTheMerchantKeepsFieldsFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		people := s.keepPeople(t)
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			for _, f := range []custom.Field{
				{Owner: custom.Customer, Code: "points", Kind: custom.Number, Name: locale.Text{"en": "Loyalty"}},
				{Owner: custom.Customer, Code: "level", Kind: custom.Choice, Name: locale.Text{"en": "Customer level", "de": "Kundenstufe"}, Choices: []custom.Option{{Code: "gold", Name: locale.Text{"en": "Gold", "de": "Golden"}}}},
			} {
				if _, err := s.Fields.Create(ctx, tx, audit.Staff("stf_1"), f); err != nil {
					return err
				}
			}
			return nil
		})
		file := table("email|points|Kundenstufe|Religion", "ada@people.example|12|Golden|none", "bob@people.example|many||none")

		run := s.run(t, transfer.Request{Platform: transfer.Spree, File: strings.NewReader(file)})

		want := []transfer.Problem{{Row: 3, Column: "points", Reason: "custom.not_a_number"}}
		if diff := cmp.Diff(want, s.problems(t, run.ID)); diff != "" || run.Created != 1 || run.Refused != 1 {
			t.Errorf("%+v, problems (-want +got):\n%s", run.Counts, diff)
		}
		found, err := people.List(t.Context(), s.DB, customer.Filter{})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d customers, %v", len(found), err)
		}
		if diff := cmp.Diff(custom.Values{"points": custom.OfNumber(12_000_000), "level": custom.OfCode("gold")}, found[0].Fields); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
		uses := make(map[string]transfer.Use)
		for _, c := range run.Report.Columns {
			uses[c.Name] = c.Use
		}
		if diff := cmp.Diff(map[string]transfer.Use{"email": transfer.Mapped, "points": transfer.Kept, "Kundenstufe": transfer.Kept, "Religion": transfer.Dropped}, uses); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
		rows, err := csv.NewReader(strings.NewReader(s.exported(t, transfer.ExportRequest{Platform: transfer.Spree, Kind: transfer.Customers}))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("the export is %q, %v", rows, err)
		}
		out := make(map[string]string)
		for i, h := range rows[0] {
			out[h] = rows[1][i]
		}
		if _, religion := out["Religion"]; religion || out["points"] != "12" || out["Kundenstufe"] != "Gold" {
			t.Errorf("the export says %v", out)
		}
	})
}
