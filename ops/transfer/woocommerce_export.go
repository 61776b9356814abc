package transfer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
)

func writeWoo(p Product, w *sheetWriter) {
	lang := w.lang
	kind := "simple"
	switch {
	case p.Selling != Ordinary:
		kind = string(p.Selling)
	case len(p.Options) > 0:
		kind = "variable"
	}
	types := []string{kind}
	if field(p.Fields, "woocommerce_downloadable") == "true" {
		types = append(types, "downloadable")
	}
	if kind == "simple" && len(p.Variants) > 0 && p.Variants[0].Digital {
		types = append(types, "virtual")
	}
	w.set(0, "type", strings.Join(types, ", "))
	w.set(0, "name", p.Name[lang])
	published := map[Status]string{Active: "1"}[p.Status]
	w.set(0, "published", cmp.Or(field(p.Fields, "woocommerce_published"), published, "-1"))
	w.set(0, "visibility", cmp.Or(string(p.Visibility), "visible"))
	w.set(0, "description", wooLines(p.Description[lang]))
	w.set(0, "short description", wooLines(p.Summary[lang]))
	w.set(0, "tax status", cmp.Or(field(p.Fields, "woocommerce_tax_status"), map[bool]string{true: "taxable", false: "none"}[p.Taxable]))
	w.set(0, "tax class", p.TaxClass)
	w.set(0, "brands", p.Vendor)
	w.set(0, "tags", joinList(p.Tags, ", "))
	var paths []string
	for _, path := range p.Categories {
		paths = append(paths, strings.Join(path, " > "))
	}
	w.set(0, "categories", joinList(paths, ", "))
	w.set(0, "images", wooSources(p.Images))
	refs := make(map[string][]string)
	for _, r := range p.Related {
		refs[r.Kind] = append(refs[r.Kind], r.Ref)
	}
	w.set(0, "grouped products", joinList(refs["member"], ", "))
	w.set(0, "upsells", joinList(refs["upsell"], ", "))
	w.set(0, "cross-sells", joinList(refs["cross_sell"], ", "))
	w.set(0, "featured", "0")
	w.set(0, "sold_individually", "0")
	w.set(0, "reviews_allowed", "1")
	w.set(0, "woocommerce_position", "0")
	w.set(0, "backorders", "0")
	writeWooAttributes(p, w)
	if kind == "simple" && len(p.Variants) > 0 {
		w.describes(0, 0)
		writeWooGoods(p.Variants[0], w, 0)
		return
	}
	for _, id := range wooParentCells() {
		if v := field(p.Fields, wooParentKey(id)); v != "" {
			w.set(0, id, v)
		}
	}
	w.set(0, "in stock", "1")
	if kind == "variable" {
		writeWooVariations(p, w)
	}
}

func wooLines(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }

func wooSources(images []Image) string {
	var out []string
	for _, i := range images {
		out = append(out, i.Src)
	}
	return joinList(out, ", ")
}

func writeWooAttributes(p Product, w *sheetWriter) {
	type entry struct {
		position        int
		name            string
		values          []locale.Text
		visible, global bool
	}
	var all []entry
	for _, o := range p.Options {
		all = append(all, entry{o.Position, o.Name[w.lang], o.Values, o.Visible, o.Global})
	}
	for _, a := range p.Attributes {
		all = append(all, entry{a.Position, a.Name[w.lang], a.Values, a.Visible, a.Global})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.position, b.position) })
	flag := map[bool]string{true: "1", false: "0"}
	for i, e := range all {
		id := "attribute " + strconv.Itoa(i+1) + " "
		var values []string
		for _, v := range e.values {
			values = append(values, v[w.lang])
		}
		w.set(0, id+"name", e.name)
		w.set(0, id+"value(s)", joinList(values, ", "))
		w.set(0, id+"visible", flag[e.visible])
		w.set(0, id+"global", flag[e.global])
	}
}

func writeWooVariations(p Product, w *sheetWriter) {
	parent := field(p.Fields, wooParentKey("sku"))
	if id := field(p.Fields, "woocommerce_id"); parent == "" && id != "" {
		parent = "id:" + id
	}
	if parent == "" {
		parent = p.Handle
		w.set(0, "sku", parent)
	}
	row := 0
	for i, v := range p.Variants {
		open := strings.Split(field(v.Fields, "woocommerce_any"), "|")
		if i > 0 && sameAny(p.Variants[i-1], v) {
			continue // one row stands for all of them
		}
		row++
		w.describes(row, i)
		w.set(row, "type", map[bool]string{false: "variation", true: "variation, virtual"}[v.Digital])
		w.set(row, "parent", parent)
		w.set(row, "visibility", "visible")
		w.set(row, "published", map[bool]string{false: "1", true: "0"}[v.Disabled])
		if !v.Disabled && p.Status == Draft && field(p.Fields, "woocommerce_published") == "" {
			w.set(row, "published", "-1")
		}
		w.set(row, "tax status", map[bool]string{true: "taxable", false: "none"}[v.Taxable])
		if s := field(p.Fields, "woocommerce_tax_status"); s != "" && !v.Taxable {
			w.set(row, "tax status", s)
		}
		switch {
		case v.TaxClass == "" && p.TaxClass != "":
			w.set(row, "tax class", "parent")
		case v.TaxClass != wooStandard:
			w.set(row, "tax class", v.TaxClass)
		}
		w.set(row, "description", wooLines(field(v.Fields, "woocommerce_variation_description")))
		w.set(row, "images", wooSources(v.Images))
		w.set(row, "featured", "0")
		w.set(row, "sold_individually", "0")
		w.set(row, "reviews_allowed", "0")
		w.set(row, "woocommerce_position", "0")
		var values []string
		for n, at := range v.Choice {
			o := p.Options[n]
			value := o.Values[at][w.lang]
			values = append(values, value)
			if slices.Contains(open, o.Name[w.lang]) {
				value = ""
			}
			id := "attribute " + strconv.Itoa(n+1) + " "
			w.set(row, id+"name", o.Name[w.lang])
			w.set(row, id+"value(s)", joinList([]string{value}, ", "))
			w.set(row, id+"global", map[bool]string{true: "1", false: "0"}[o.Global])
		}
		w.set(row, "name", cmp.Or(field(v.Fields, "woocommerce_variation_name"), wooVariationName(p.Name[w.lang], values)))
		writeWooGoods(v, w, row)
		w.set(row, "sku", cmp.Or(field(v.Fields, "woocommerce_any_sku"), v.SKU))
		for _, id := range []string{"weight", "length", "width", "height"} {
			if inherited := field(p.Fields, wooParentKey(id)); inherited != "" && w.same(id, inherited, row) {
				w.set(row, id, "")
			}
		}
	}
}

// same reports whether a measure of the row is the one given.
func (w *sheetWriter) same(id, value string, row int) bool {
	i, ok := w.index[id]
	if !ok {
		return false
	}
	a, _ := parseMeasure(w.rows[row][i], w.columns[i].unit, decimalPoint)
	b, reason := parseMeasure(value, w.columns[i].unit, decimalPoint)
	return reason == "" && a == b
}

func sameAny(a, b Variant) bool {
	for _, key := range []string{"woocommerce_any", "woocommerce_any_sku", "woocommerce_id", "woocommerce_variation_name"} {
		if field(a.Fields, key) != field(b.Fields, key) {
			return false
		}
	}
	return field(a.Fields, "woocommerce_any") != ""
}

func writeWooGoods(v Variant, w *sheetWriter, row int) {
	w.set(row, "sku", v.SKU)
	w.set(row, "barcode", v.Barcode)
	if price, ok := v.Price(w.currency); ok {
		if price.CompareAt > 0 {
			w.set(row, "sale price", price.Amount.Decimal(w.currency))
			w.set(row, "regular price", price.CompareAt.Decimal(w.currency))
		} else {
			w.set(row, "regular price", price.Amount.Decimal(w.currency))
		}
		if !price.From.IsZero() {
			w.set(row, "sale from", price.From.In(w.zone).Format("2006-01-02 15:04:05"))
		}
		if !price.Until.IsZero() {
			w.set(row, "sale until", price.Until.In(w.zone).Format("2006-01-02 15:04:05"))
		}
	}
	if v.Cost != nil && v.Cost.Currency == w.currency {
		w.set(row, "cost", v.Cost.Amount.Decimal(w.currency))
	}
	s := v.Stock
	if s.Tracked {
		w.set(row, "stock", strconv.FormatInt(s.Quantity, 10))
	}
	in := "1"
	switch {
	case s.OnOrder, s.Tracked && s.Quantity == 0 && s.Backorder != Deny:
		in = "backorder"
	case s.SoldOut, s.Tracked && s.Quantity == 0:
		in = "0"
	}
	w.set(row, "in stock", in)
	if s.LowAt > 0 {
		w.set(row, "low stock", strconv.FormatInt(s.LowAt, 10))
	}
	w.set(row, "backorders", map[Backorder]string{Deny: "0", Allow: "1", Notify: "notify"}[s.Backorder])
	for id, n := range map[string]int64{"weight": v.Weight, "length": v.Length, "width": v.Width, "height": v.Height} {
		if n > 0 && w.has(id) {
			w.set(row, id, formatMeasure(n, w.columns[w.index[id]].unit))
		}
	}
}

func settleWoo(p Product, header []string) []string {
	for i := range len(p.Options) + len(p.Attributes) {
		for _, part := range []string{"name", "value(s)", "visible", "global"} {
			if h := "Attribute " + strconv.Itoa(i+1) + " " + part; !slices.Contains(header, h) {
				header = append(header, h)
			}
		}
	}
	return header
}
