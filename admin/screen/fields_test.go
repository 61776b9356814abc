package screen_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
)

// TestOffice_customFields defines fields of one's own and fills them in.
func TestOffice_customFields(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		defs := func(owner custom.Owner) custom.Definitions {
			all, err := custom.For(t.Context(), h.shop.DB, owner)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		const at = "/admin/settings/fields"
		b.get(at).ok("Custom fields", "Products", "Variants", "Categories", "Customers", "Orders")
		b.get(at+"/new?owner=product").ok("New field for products").submit(at, "name.en", "Wood", "name.de", "Holz", "kind", "choice",
			"choices.0.name.en", "Oak", "choices.0.name.de", "Eiche", "choices.1.name.en", "Ash tree", "facet", "true").ok("Saved.", "Wood", "Choice")
		wood := defs(custom.Product)[0]
		if wood.Code != "wood" || wood.Name["de"] != "Holz" || !wood.Facet || len(wood.Choices) != 2 || wood.Choices[1].Code != "ash-tree" || wood.Choices[0].Name["de"] != "Eiche" {
			t.Fatalf("defined as %+v", wood)
		}
		b.get(at+"/new?owner=product").submit(at, "name.en", "Width", "kind", "number", "unit", "cm", "decimals", "1").ok("Number in cm")

		// What is wrong is told at the input, what was typed stays, nothing is
		// written.
		b.get(at+"/new?owner=product").submit(at, "name.en", "", "code", "Bad Code", "kind", "number", "unit", "kg", "decimals", "9").shows(http.StatusUnprocessableEntity)
		if b.value("code") != "Bad Code" || b.value("unit") != "kg" || len(b.faults()) != 2 {
			t.Errorf("%q, %q, faults %q", b.value("code"), b.value("unit"), b.faults())
		}
		b.get(at+"/new?owner=product").submit(at, "name.en", "Other wood", "code", "wood", "kind", "text").shows(http.StatusUnprocessableEntity, "Another field has this code.")
		b.get(at+"/new?owner=product").submit(at, "name.en", "Finish", "kind", "choice", "choices.2.name.de", "Öl").shows(http.StatusUnprocessableEntity)
		if got := b.faults(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "choices.2.name.en-fault") }) || b.value("choices.2.name.de") != "Öl" {
			t.Errorf("faults %q", got)
		}
		if n := len(defs(custom.Product)); n != 2 {
			t.Fatalf("%d fields, want 2", n)
		}

		// Filled in at the product, by a person's words.
		product, _ := h.product(b, "Stool", "ST-1", "59", "4")
		b.get("/admin/products/"+product).submit("/admin/products/"+product, "fields.wood", "ash-tree", "fields.width", "32.55").shows(http.StatusUnprocessableEntity)
		if b.value("fields.width") != "32.55" {
			t.Errorf("the width is %q", b.value("fields.width"))
		}
		b.submit("/admin/products/"+product, "fields.width", "32.5").ok("Saved.")
		p, err := h.shop.Catalog.Get(t.Context(), h.shop.DB, product)
		if err != nil || p.Fields["wood"].Code != "ash-tree" || p.Fields["width"].Number != 32_500_000 {
			t.Errorf("%v, %v", p.Fields, err)
		}

		// A choice in use stays.
		b.get(at+"/"+wood.ID).ok("Wood").submit(at+"/"+wood.ID, "choices.1.name.en", "").shows(http.StatusUnprocessableEntity)
		if got := b.faults(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "choices.1.name.en-fault") }) {
			t.Errorf("faults %q", got)
		}
		b.get(at+"/"+wood.ID).submit(at+"/"+wood.ID, "choices.0.name.en", "", "choices.0.name.de", "", "name.en", "Timber").ok("Saved.", "Timber")
		if f, _ := defs(custom.Product).By("wood"); len(f.Choices) != 1 || f.Choices[0].Code != "ash-tree" {
			t.Errorf("choices %+v", f.Choices)
		}

		// Two tabs: the second is told and loses nothing.
		other := h.browserLike(b).get(at + "/" + wood.ID)
		b.get(at+"/"+wood.ID).submit(at+"/"+wood.ID, "name.en", "Kind of wood").ok("Saved.")
		other.submit(at+"/"+wood.ID, "name.en", "Lumber").shows(http.StatusConflict, "Someone else has changed this")
		if other.value("name.en") != "Lumber" {
			t.Errorf("the second tab lost what was typed: %q", other.value("name.en"))
		}
		width, _ := defs(custom.Product).By("width")
		b.get(at + "/" + width.ID).ok("1 value is deleted with it.").submit(at + "/" + width.ID + "/deletion").ok("Deleted.")
	})
}

// TestOffice_collections fills one collection by hand and one by rule.
func TestOffice_collections(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		cheap, _ := h.product(b, "Spoon", "SP-1", "4.50", "9")
		dear, _ := h.product(b, "Tureen", "TU-1", "120", "2")
		members := func(id string) []string {
			t.Helper()
			list, err := h.shop.Catalog.CollectionProducts(t.Context(), h.shop.DB, id)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		const at = "/admin/collections"
		b.get(at).ok("No collections yet")
		b.get(at+"/new").submit(at, "name.en", "Table for two", "kind", "manual").ok("Saved.", "By hand · 0 products")
		self := strings.Split(b.at, "?")[0]
		byHand := strings.TrimPrefix(self, at+"/")
		b.get(self + "/products?q=spoo").ok("Spoon")
		if strings.Contains(text(b.doc), "Tureen") {
			t.Error("the search offers what does not fit")
		}
		for _, sku := range []string{"TU-1", "tu1", "tu 1"} { // as on the label, and as it is typed
			b.get(self + "/products?q=" + url.QueryEscape(sku)).ok("Tureen")
		}
		b.get(self+"/products").submit(self+"/products", "+id", cheap, "+id", dear).ok("2 products added.", "By hand · 2 products")
		b.get(self).submit(self+"/order", "products.0.place", "5").ok("Saved.")
		if got := members(byHand); !slices.Equal(got, []string{dear, cheap}) {
			t.Errorf("in order %v", got)
		}
		b.submit(self+"/order", "products.0.place", "-1").shows(http.StatusUnprocessableEntity)
		b.get(self).submit(self+"/order", "products.1.out", "true").ok("Saved.", "By hand · 1 product")
		if got := members(byHand); !slices.Equal(got, []string{dear}) {
			t.Errorf("after taking one out %v", got)
		}

		// A rule is counted before it is saved, and then keeps itself.
		b.get(at+"/new").submit(at, "name.en", "Under ten", "kind", "rule", "conditions.0.on", "price", "conditions.0.op", "at_most", "conditions.0.value", "10", "do", "count").ok("1 product fits now.")
		if all, _ := h.shop.Catalog.Collections(t.Context(), h.shop.DB); len(all) != 1 {
			t.Fatalf("counting saved a collection: %d", len(all))
		}
		b.submit(at, "do", "").ok("Saved.", "By rule · 1 product")
		byRule := strings.TrimPrefix(strings.Split(b.at, "?")[0], at+"/")
		if b.value("conditions.0.value") != "10.00" {
			t.Errorf("the condition reads %q", b.value("conditions.0.value"))
		}
		b.get("/admin/products/"+dear).submit("/admin/products/"+dear, "variants.0.price", "9.99").ok("Saved.")
		if got := members(byRule); len(got) != 2 {
			t.Errorf("%d products after a price fell, want 2", len(got))
		}
		b.get(at + "/" + byRule + "/products").shows(http.StatusConflict)

		// Nonsense is refused where it stands.
		b.get(at+"/"+byRule).submit(at+"/"+byRule, "conditions.0.value", "ten", "conditions.1.on", "category", "conditions.1.value", "Nowhere", "conditions.2.on", "tag", "conditions.2.op", "at_least", "conditions.2.value", "red").shows(http.StatusUnprocessableEntity)
		if got := b.faults(); len(got) != 3 || b.value("conditions.0.value") != "ten" {
			t.Errorf("faults %q, typed %q", got, b.value("conditions.0.value"))
		}
		b.get(at+"/"+byRule).submit(at+"/"+byRule, "conditions.1.on", "tag", "conditions.1.op", "at_least", "conditions.1.value", "red").shows(http.StatusUnprocessableEntity)
		if got := b.faults(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "conditions.1.op") }) {
			t.Errorf("faults %q", got)
		}
		b.get("/admin/settings/fields/new?owner=product").submit("/admin/settings/fields", "name.en", "Volume", "code", "volume", "kind", "number").ok("Saved.")
		b.get(at+"/"+byRule).submit(at+"/"+byRule, "conditions.1.on", "field.volume", "conditions.1.op", "at_least", "conditions.1.value", "loud").shows(http.StatusUnprocessableEntity, "Please enter a number.")
		b.get(at+"/"+byRule).submit(at+"/"+byRule, "conditions.0.value", "").shows(http.StatusUnprocessableEntity)
		if got := members(byRule); len(got) != 2 {
			t.Errorf("%d products after refusals, want 2", len(got))
		}
		b.get(self).submit(self + "/deletion").ok("The collection is deleted.")
		b.get(self).shows(http.StatusNotFound)
		b.post(self+"/order", url.Values{"form_key": {"x"}}).shows(http.StatusNotFound)
	})
}

// browserLike is another tab of the same person.
func (h *house) browserLike(b *browser) *browser { return &browser{h: h, client: b.client} }

// TestOffice_fieldsOfPeopleAndOrders fills in fields of one's own where there
// is no other form, and a variant's size, codes and fields.
func TestOffice_fieldsOfPeopleAndOrders(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		const fields = "/admin/settings/fields"
		for _, owner := range []string{"customer", "order", "variant"} {
			b.get(fields+"/new?owner="+owner).submit(fields, "name.en", "Volume of "+owner, "code", "volume", "kind", "number", "unit", "l").ok("Saved.")
		}
		product, variant := h.product(b, "Carafe", "CA-1", "30", "5")

		// The variant: wrong values are told where they are, all at once.
		at := "/admin/products/" + product + "/variants/" + variant
		b.get("/admin/products/" + product).ok()
		b.link(at)
		b.get(at).ok("Carafe").submit(at, "gtin", "123", "length_mm", "-1", "hs_code", "abc", "fields.volume", "lots").shows(http.StatusUnprocessableEntity)
		if b.value("gtin") != "123" || b.value("fields.volume") != "lots" || len(b.faults()) < 2 {
			t.Errorf("typed %q %q, faults %q", b.value("gtin"), b.value("fields.volume"), b.faults())
		}
		b.submit(at, "gtin", "4006381333931", "length_mm", "120", "width_mm", "80", "height_mm", "300", "weight", "900", "hs_code", "7013", "origin", "DE", "fields.volume", "1").ok("Saved.")
		p, err := h.shop.Catalog.Get(t.Context(), h.shop.DB, product)
		if err != nil {
			t.Fatal(err)
		}
		if v := p.Variants[0]; v.GTIN != "4006381333931" || v.LengthMM != 120 || v.HeightMM != 300 || v.WeightGrams != 900 || v.Origin != "DE" || v.Fields["volume"].Number != 1_000_000 || v.SKU != "CA-1" {
			t.Errorf("saved as %+v", v)
		}
		// The product's own form keeps all of it.
		b.get("/admin/products/"+product).submit("/admin/products/"+product, "variants.0.price", "31").ok("Saved.")
		if p, _ = h.shop.Catalog.Get(t.Context(), h.shop.DB, product); p.Variants[0].GTIN != "4006381333931" || p.Variants[0].LengthMM != 120 || p.Variants[0].Fields["volume"].Number != 1_000_000 {
			t.Errorf("the product's form lost %+v", p.Variants[0])
		}

		// The order: in two tabs the second is told.
		o := h.order(map[string]int64{variant: 1})
		order := "/admin/orders/" + o.PublicNumber()
		other := h.browserLike(b).get(order)
		b.get(order).submit(order+"/fields", "fields.volume", "much").shows(http.StatusUnprocessableEntity)
		if b.value("fields.volume") != "much" {
			t.Errorf("typed %q", b.value("fields.volume"))
		}
		b.submit(order+"/fields", "fields.volume", "3").ok("Saved.", "Custom fields changed")
		other.submit(order+"/fields", "fields.volume", "4").shows(http.StatusConflict)
		if got, err := h.shop.Orders.Get(t.Context(), h.shop.DB, o.ID); err != nil || got.Fields["volume"].Number != 3_000_000 || other.value("fields.volume") != "4" {
			t.Errorf("%v, %v; the second tab shows %q", got.Fields, err, other.value("fields.volume"))
		}
		var sealed []byte
		if err := h.shop.DB.QueryRow(t.Context(), `SELECT fields FROM orders WHERE id = $1`, o.ID).Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("volume")) {
			t.Errorf("stored as %q, %v", sealed, err)
		}
		b.get(order).submit(order+"/notes", "note", "Fragile").ok("Fragile")
		if b.value("fields.volume") != "3" {
			t.Errorf("after a note the field reads %q", b.value("fields.volume"))
		}

		// The customer.
		if _, err := h.shop.Customers.SignUp(t.Context(), customer.Newcomer{Name: "Ada Byron", Email: "ada@example.com", Password: "a difference engine", Locale: "en"}, customer.Visit{}); err != nil {
			t.Fatal(err)
		}
		ada := b.get("/admin/customers").link("/admin/customers/cus_")
		b.get(ada).submit(ada+"/fields", "fields.volume", "1e9").shows(http.StatusUnprocessableEntity)
		b.submit(ada+"/fields", "fields.volume", "2").ok("Saved.", "Custom fields changed")
		if b.value("fields.volume") != "2" {
			t.Errorf("the customer's field reads %q", b.value("fields.volume"))
		}
	})
}

// TestOffice_optionsAndARequiredField adds options to a product whose variants
// must have a field: new variants take over what their sibling says, and where
// nothing is said yet, the page leads to it.
func TestOffice_optionsAndARequiredField(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		product, variant := h.product(b, "Kettle", "KET-1", "49", "10")
		at := "/admin/products/" + product
		b.get("/admin/settings/fields/new?owner=variant").submit("/admin/settings/fields", "name.en", "Volume", "code", "volume", "kind", "number", "required", "on").ok("Saved.")
		colours := []string{"options.0.name.en", "Colour", "options.0.values.0.name.en", "Sand", "options.0.values.1.name.en", "Slate"}
		before := h.changes()
		b.get(at+"/options").submit(at+"/options", colours...).shows(http.StatusUnprocessableEntity, "A required custom field is still empty.", "Fill it in")
		if got := b.value("options.0.values.1.name.en"); got != "Slate" || h.changes() != before {
			t.Errorf("typed was Slate, the page says %q; %d changes", got, h.changes()-before)
		}
		b.get(b.link(at+"/variants/")).submit(at+"/variants/"+variant, "fields.volume", "2").ok("Saved.")
		b.get(at+"/options").submit(at+"/options", colours...).ok("Saved.", "Sand", "Slate")
		p, err := h.shop.Catalog.Get(t.Context(), h.shop.DB, product)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Variants) != 2 || len(p.Variants[1].Fields) != 1 || !p.Variants[1].Fields.Equal(p.Variants[0].Fields) {
			t.Errorf("variants %+v", p.Variants)
		}
	})
}
