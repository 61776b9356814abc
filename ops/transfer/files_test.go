package transfer_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stoashop/stoa/kit/fault"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/ops/transfer"
)

type realFile struct {
	platform transfer.Platform
	name     string
	currency string
}

func realFiles() map[string]realFile {
	return map[string]realFile{
		"shopify":     {transfer.Shopify, "shopify_packt_Product-data.csv", "USD"},
		"woocommerce": {transfer.WooCommerce, "woocommerce_products.csv", "EUR"},
		"spree":       {transfer.Spree, "spree_products.csv", "USD"},
		"vendure":     {transfer.Vendure, "vendure_products.csv", "USD"},
	}
}

func TestRealFiles_everyRowAndColumnIsAccountedFor(t *testing.T) {
	want := map[string]struct {
		rows, products, variants, images int
		notices                          map[string]int
		dropped                          int      // columns, all but left of them empty in every row
		left                             []string // those that hold something
	}{
		"shopify": {21, 20, 21, 21, map[string]int{}, 16, []string{"Variant Weight Unit"}},
		"woocommerce": {13, 7, 10, 6, map[string]int{
			"transfer.any_value_expanded": 1, "transfer.grouped_as_draft": 1, "transfer.external_as_draft": 1,
		}, 2, []string{"Attribute 1 global", "Attribute 2 global"}},
		"spree":   {211, 37, 87, 37, map[string]int{}, 0, nil},
		"vendure": {88, 54, 88, 54, map[string]int{"transfer.sku_numbered": 2}, 0, nil},
	}
	for name, file := range realFiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openFile(t, file.platform, file.name, transfer.Options{Currency: file.currency, TempDir: t.TempDir()})
			products, problems := read(t, s)
			want := want[name]

			if s.Rows != want.rows || s.Len() != want.products || len(products) != want.products {
				t.Errorf("%d rows and %d products of which %d are good, want %d rows and %d products, all good", s.Rows, s.Len(), len(products), want.rows, want.products)
			}
			seen := make(map[int]bool)
			variants, images := 0, 0
			for _, p := range products {
				variants += len(p.Variants)
				images += len(p.Images)
				for _, row := range p.Rows {
					if seen[row] {
						t.Errorf("row %d is part of two products", row)
					}
					seen[row] = true
				}
			}
			if len(seen) != want.rows {
				t.Errorf("products are made of %d rows, want all %d", len(seen), want.rows)
			}
			if variants != want.variants || images != want.images {
				t.Errorf("%d variants and %d images, want %d and %d", variants, images, want.variants, want.images)
			}
			notices := make(map[string]int)
			for _, p := range problems {
				if !p.Notice {
					t.Errorf("refused: %+v", p)
				}
				notices[p.Reason]++
			}
			if diff := cmp.Diff(want.notices, notices); diff != "" {
				t.Errorf("notices (-want +got):\n%s", diff)
			}
			dropped := 0
			for _, c := range s.Columns() {
				switch {
				case c.Use == transfer.Mapped && c.Target == "", c.Use == transfer.Kept && c.Field == nil, c.Use == transfer.Dropped && c.Reason == "":
					t.Errorf("nobody knows what becomes of column %q: %+v", c.Name, c)
				case c.Use == transfer.Dropped:
					dropped++
					if c.Filled != 0 && !slices.Contains(want.left, c.Name) {
						t.Errorf("column %q is dropped and yet holds %d values", c.Name, c.Filled)
					}
				}
			}
			if dropped != want.dropped {
				t.Errorf("%d columns dropped, want %d", dropped, want.dropped)
			}
		})
	}
}

// Import, export, compare: every cell is there again, or one of the documented
// normalisations says why it reads otherwise. How often each applies is part
// of the test, so that a new one cannot hide a loss.
func TestRealFiles_comeBackColumnByColumn(t *testing.T) {
	want := map[string]map[string]int{
		"shopify": {"html": 1, "zero_is_none": 21},
		"woocommerce": {
			"amount": 12, "date": 1, "default": 3, "html": 6, "yes_no": 2,
		},
		"spree": {
			"amount": 8, "default": 298, "html": 37, "unit_without_measure": 74, "zero_is_none": 120,
		},
		"vendure": {"html": 54},
	}
	for name, file := range realFiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := transfer.Options{Currency: file.currency, TempDir: t.TempDir()}
			before := openFile(t, file.platform, file.name, opt)
			products, _ := read(t, before)
			after := open(t, file.platform, export(t, file.platform, headerOf(before), opt, products), opt)

			got, err := transfer.Compare(t.Context(), before, after)
			if err != nil {
				t.Fatal(err)
			}
			if got.Products != before.Len() || len(got.Missing) > 0 {
				t.Errorf("compared %d products, missing %v", got.Products, got.Missing)
			}
			for _, d := range got.Losses() {
				t.Errorf("lost: %s", d)
			}
			rules := make(map[string]int)
			for _, d := range got.Differences {
				rules[d.Rule]++
			}
			if diff := cmp.Diff(want[name], rules); diff != "" {
				t.Errorf("normalisations (-want +got):\n%s", diff)
			}
			again, _ := read(t, after)
			if diff := cmp.Diff(withoutRows(products), withoutRows(again)); diff != "" {
				t.Errorf("products after export (-want +got):\n%s", diff)
			}
		})
	}
}

// withoutRows forgets where products stood in their file.
func withoutRows(products []transfer.Product) map[string]transfer.Product {
	out := make(map[string]transfer.Product)
	for _, p := range products {
		p.Rows = nil
		p.Variants = slices.Clone(p.Variants)
		for i := range p.Variants {
			p.Variants[i].Row = 0
			p.Variants[i].Fields = sorted(p.Variants[i].Fields)
		}
		p.Fields = sorted(p.Fields)
		out[p.Source] = p
	}
	return out
}

func sorted(fields []transfer.Field) []transfer.Field {
	m := make(map[string]string)
	for _, f := range fields {
		m[f.Key] = f.Value
	}
	var out []transfer.Field
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, transfer.Field{Key: k, Value: m[k]})
	}
	return out
}

// The same products through the columns of another platform keep what both
// can say.
func TestExport_crossesPlatforms(t *testing.T) {
	opt := transfer.Options{Currency: "USD", TempDir: t.TempDir()}
	products, _ := read(t, openFile(t, transfer.Spree, "spree_products.csv", opt))
	for _, to := range transfer.Platforms() {
		t.Run(string(to), func(t *testing.T) {
			s := open(t, to, export(t, to, nil, opt, products), opt)
			got, problems := read(t, s)
			if len(got) != 37 {
				t.Fatalf("%d products arrive, want 37; problems: %v", len(got), problems)
			}
			for i, p := range got {
				was := products[i]
				if p.Name["en"] != was.Name["en"] || len(p.Variants) != len(was.Variants) || len(p.Images) != len(was.Images) {
					t.Errorf("%s arrives as %q with %d variants and %d images", was.Handle, p.Name["en"], len(p.Variants), len(p.Images))
					continue
				}
				for n, v := range p.Variants {
					price, _ := v.Price("USD")
					wasPrice, _ := was.Variants[n].Price("USD")
					if v.SKU != was.Variants[n].SKU || price.Amount != wasPrice.Amount || v.Stock.Quantity != was.Variants[n].Stock.Quantity {
						t.Errorf("%s: variant %+v, was %+v", was.Handle, v, was.Variants[n])
					}
				}
			}
		})
	}
}

func TestSpree_pricesInFurtherCurrenciesStandFarBelow(t *testing.T) {
	products, _ := read(t, openFile(t, transfer.Spree, "spree_products.csv", transfer.Options{Currency: "USD", TempDir: t.TempDir()}))

	p := find(t, products, "automatic-espresso-machine")

	want := []transfer.Price{{Currency: "USD", Amount: 87999}, {Currency: "EUR", Amount: 81999}}
	for _, v := range p.Variants {
		if diff := cmp.Diff(want, v.Prices); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.SKU, diff)
		}
	}
	if want := []int{2, 3, 4, 5, 126, 127, 128}; !slices.Equal(p.Rows, want) {
		t.Errorf("rows %v, want %v", p.Rows, want)
	}
	v := p.Variants[0]
	if v.Weight != 8981 || v.Width != 351 || v.Height != 399 || v.Length != 300 || v.WeightUnit != "lb" || v.DimensionUnit != "in" {
		t.Errorf("19.8 lb and 13.8 × 15.7 × 11.8 in are %d g and %d × %d × %d mm (%s, %s)", v.Weight, v.Width, v.Height, v.Length, v.WeightUnit, v.DimensionUnit)
	}
	if v.Stock != (transfer.Stock{Tracked: true, Known: true, Quantity: 5000}) {
		t.Errorf("stock %+v", v.Stock)
	}
	if diff := cmp.Diff([][]string{{"Kitchen", "Coffee Machines"}}, p.Categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
}

func TestSpree_translationsJoinTheirProducts(t *testing.T) {
	opt := transfer.Options{Currency: "USD", TempDir: t.TempDir()}
	s := openFile(t, transfer.Spree, "spree_products.csv", opt)
	texts := openFile(t, transfer.Spree, "spree_product_translations.csv", opt)
	if texts.Kind != transfer.Translations || texts.Rows != 74 || texts.Len() != 37 {
		t.Fatalf("%s, %d rows, %d products, want 74 rows of translations of 37", texts.Kind, texts.Rows, texts.Len())
	}
	if err := s.Translate(texts); err != nil {
		t.Fatal(err)
	}

	products, problems := read(t, s)

	if len(products) != 37 || len(problems) != 0 {
		t.Fatalf("%d products, problems %v", len(products), problems)
	}
	for _, p := range products {
		for _, text := range []locale.Text{p.Name, p.Description, p.SEOTitle, p.SEOText} {
			if len(text) != 3 || text["en"] == "" || text["de"] == "" || text["fr"] == "" {
				t.Errorf("%s: want three languages in %v", p.Handle, text)
			}
		}
	}
	if name := find(t, products, "automatic-espresso-machine").Name["de"]; name != "Kaffeevollautomat" {
		t.Errorf("German name %q", name)
	}
}

func TestSpree_translationsOnTheirOwnArePartial(t *testing.T) {
	s := openFile(t, transfer.Spree, "spree_product_translations.csv", transfer.Options{Currency: "USD", TempDir: t.TempDir()})
	products, _ := read(t, s)
	for _, p := range products {
		if !p.Partial || len(p.Name) != 2 {
			t.Errorf("%s: partial %v, names %v", p.Handle, p.Partial, p.Name)
		}
	}
}

func TestVendure_facetsOptionsAndRepeatedSKUs(t *testing.T) {
	products, _ := read(t, openFile(t, transfer.Vendure, "vendure_products.csv", euro(t)))

	laptop := find(t, products, "laptop")
	if diff := cmp.Diff([]transfer.Option{
		{Name: en("screen size"), Values: []locale.Text{en("13 inch"), en("15 inch")}, Position: 0},
		{Name: en("RAM"), Values: []locale.Text{en("8GB"), en("16GB")}, Position: 1},
	}, laptop.Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	var choices [][]int
	for _, v := range laptop.Variants {
		choices = append(choices, v.Choice)
	}
	if diff := cmp.Diff([][]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}}, choices); diff != "" {
		t.Errorf("choices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"Electronics", "Computers"}}, laptop.Categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	chair := find(t, products, "modern-cafe-chair")
	var skus []string
	for _, v := range chair.Variants {
		skus = append(skus, v.SKU)
	}
	if want := []string{"404.038.96", "404.038.96-2", "404.038.96-3"}; !slices.Equal(skus, want) {
		t.Errorf("SKUs %v, want %v", skus, want)
	}
	if got := chair.Variants[1].Attributes; len(got) != 1 || got[0].Name["en"] != "color" || got[0].Values[0]["en"] != "green" {
		t.Errorf("facets of the mint chair: %+v", got)
	}
	if len(chair.Images) != 1 || chair.Images[0].Src != "jean-philippe-delberghe-1400011-unsplash.jpg" {
		t.Errorf("images %+v", chair.Images)
	}
}

func TestShopify_optionsImagesAndPrices(t *testing.T) {
	products, _ := read(t, openFile(t, transfer.Shopify, "shopify_packt_Product-data.csv", transfer.Options{Currency: "USD", TempDir: t.TempDir()}))

	gloves := find(t, products, "gardening-gloves")
	if diff := cmp.Diff([]transfer.Option{{Name: en("Color"), Values: []locale.Text{en("Green"), en("Yellow")}, Position: 1}}, gloves.Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if len(gloves.Images) != 2 || gloves.Variants[1].Prices[0].Amount != 1599 {
		t.Errorf("images %v, prices %v", gloves.Images, gloves.Variants[1].Prices)
	}
	lamp := find(t, products, "floor-lamp")
	if diff := cmp.Diff([]transfer.Price{{Currency: "USD", Amount: 6999, CompareAt: 8500}}, lamp.Variants[0].Prices); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
	if len(lamp.Options) != 0 || lamp.Variants[0].Stock.Tracked {
		t.Errorf("a lamp without a choice has options %v, stock %+v", lamp.Options, lamp.Variants[0].Stock)
	}
	if !find(t, products, "grey-wheelbarrow").Variants[0].Stock.Tracked {
		t.Error("the wheelbarrow's stock is tracked by shopify")
	}
}

func TestWooCommerce_variationsAreFoundByTheirParent(t *testing.T) {
	products, _ := read(t, openFile(t, transfer.WooCommerce, "woocommerce_products.csv", euro(t)))

	apron := find(t, products, "linen-apron")
	if want := []int{3, 4, 5, 6, 7}; !slices.Equal(apron.Rows, want) { // row 3 stands above its parent
		t.Errorf("rows %v, want %v", apron.Rows, want)
	}
	var got []string
	for _, v := range apron.Variants {
		got = append(got, v.SKU)
	}
	if want := []string{"APR-BLUE-M", "APR-BLUE-L", "APR-SAND-M", "APR-SAND-L"}; !slices.Equal(got, want) {
		t.Errorf("variants %v, want %v", got, want)
	}
	if w := []int64{apron.Variants[0].Weight, apron.Variants[1].Weight}; w[0] != 400 || w[1] != 450 {
		t.Errorf("weights %v, want the parent's 400 g and its own 450 g", w)
	}
	if s := apron.Variants[1].Stock; s.Backorder != transfer.Notify || !s.Tracked || s.Quantity != 0 {
		t.Errorf("stock of the large blue apron %+v", s)
	}
	if !apron.Variants[3].Disabled {
		t.Error("the large sand apron is not published and must be disabled")
	}
	if diff := cmp.Diff([]transfer.Price{{Currency: "EUR", Amount: 2400, CompareAt: 3200}}, apron.Variants[2].Prices); diff != "" {
		t.Errorf("sale price (-want +got):\n%s", diff)
	}
	if want := "<p>Woven in a mill by the river.</p><p>Soft from the first day.</p>"; apron.Description["en"] != want {
		t.Errorf("description %q, want %q", apron.Description["en"], want)
	}

	board := find(t, products, "oak-chopping-board")
	got = nil
	for _, v := range board.Variants {
		got = append(got, v.SKU)
	}
	if want := []string{"BRD-OIL-small", "BRD-OIL-large", "BRD-WAX-L"}; !slices.Equal(got, want) { // "any size" is one variant a size
		t.Errorf("variants %v, want %v", got, want)
	}

	kettle := find(t, products, "stovetop-kettle")
	if diff := cmp.Diff([][]string{{"Kitchen", "Kettles"}, {"Gifts", "Under 50, for tea lovers"}}, kettle.Categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	v := kettle.Variants[0]
	if v.Weight != 1350 || v.Length != 240 || v.Width != 195 || v.Height != 220 || v.Barcode != "4006381333931" || v.Cost == nil || *v.Cost != (money.Money{Amount: 1820, Currency: "EUR"}) {
		t.Errorf("kettle %+v", v)
	}
	if p := find(t, products, "20-c-freezer-box"); p.Name["en"] != "-20 °C Freezer Box" || p.Status != transfer.Draft || p.Visibility != transfer.ByAddressOnly {
		t.Errorf("freezer box %+v", p)
	}
	if p := find(t, products, "tea-for-two"); p.Selling != transfer.Grouped || p.Status != transfer.Draft || len(p.Related) != 3 || len(p.Variants) != 0 {
		t.Errorf("grouped product %+v", p)
	}
	if p := find(t, products, "apron-sewing-pattern"); !p.Variants[0].Digital || p.Taxable {
		t.Errorf("pattern %+v", p)
	}
}

func TestCustomers_comeBackColumnByColumn(t *testing.T) {
	opt := transfer.Options{TempDir: t.TempDir()}
	before := openFile(t, transfer.Spree, "spree_customers.csv", opt)
	if before.Kind != transfer.Customers || before.Len() != 20 || before.Rows != 20 {
		t.Fatalf("%s: %d of %d rows", before.Kind, before.Len(), before.Rows)
	}
	var all []transfer.Customer
	for i := range before.Len() {
		c, problems, err := before.Customer(i)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		all = append(all, c)
	}
	want := transfer.Customer{
		Source: "spree:liam.murphy@example.com", Email: "liam.murphy@example.com", FirstName: "Liam", LastName: "Murphy",
		Phone: "+49 30 12345678", Marketing: true, Tags: []string{"Newsletter"}, Rows: []int{15},
		Addresses: []transfer.Address{{Company: "Murphy Imports GmbH", Line1: "Friedrichstrasse 43", City: "Berlin", Country: "DE", Postcode: "10117"}},
	}
	if diff := cmp.Diff(want, all[13]); diff != "" {
		t.Errorf("customer (-want +got):\n%s", diff)
	}

	after := open(t, transfer.Spree, exportCustomers(t, headerOf(before), all), opt)
	got, err := transfer.Compare(t.Context(), before, after)

	if err != nil || got.Products != 20 || len(got.Differences) != 0 {
		t.Errorf("%d customers compared, differences %v, %v", got.Products, got.Differences, err)
	}
}

// Every file is taken as what it is, and refused whole as anything else, with
// the name of the system that it is from.
func TestOpen_knowsEveryFileFromEveryOther(t *testing.T) {
	files := map[string]transfer.Platform{
		"shopify_packt_Product-data.csv": transfer.Shopify,
		"woocommerce_products.csv":       transfer.WooCommerce,
		"spree_products.csv":             transfer.Spree,
		"spree_product_translations.csv": transfer.Spree,
		"spree_customers.csv":            transfer.Spree,
		"vendure_products.csv":           transfer.Vendure,
	}
	for name, from := range files {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range transfer.Platforms() {
			opt := euro(t)
			s, err := transfer.Open(t.Context(), as, bytes.NewReader(text), opt)
			if s != nil {
				_ = s.Close()
			}
			f := fault.From(err)
			switch {
			case as == from && err != nil:
				t.Errorf("%s as %s: %v", name, as, err)
			case as != from && (err == nil || f.Reason != "transfer.other_platform" || f.Params["platform"] != string(from)):
				t.Errorf("%s as %s: %v, want a refusal that names %s", name, as, err, from)
			}
		}
	}
}
