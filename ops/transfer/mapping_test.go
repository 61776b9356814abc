package transfer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
)

// table writes rows of "|"-divided cells as CSV, so that tests stay readable.
func table(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range strings.Split(line, "|") {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(strings.TrimSpace(cell), `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A product with any bad row is refused whole; the others go on.
func TestMappings_refuseWholeProducts(t *testing.T) {
	const (
		shopify = "Handle|Title|Option1 Name|Option1 Value|Variant SKU|Variant Price|Vendor"
		spree   = "slug|sku|name|price|currency|option1_name|option1_value|image1_src|available_on"
		vendure = "name|slug|optionGroups|optionValues|sku|price|facets"
		woo     = "ID|Type|SKU|Name|Regular price|Sale price|Parent|Attribute 1 name|Attribute 1 value(s)|Stock|Published"
	)
	type problem struct {
		row    int
		column string
		reason string
	}
	tests := map[string]struct {
		platform transfer.Platform
		rows     []string
		good     string
		want     []problem
	}{
		"shopify: two products with one handle": {
			transfer.Shopify,
			[]string{shopify, "a|A|||A1|1|", "b|B|||B1|2|", "a|Other A|||A2|3|"},
			"b",
			[]problem{{4, "Title", "transfer.rows_disagree"}, {4, "", "transfer.variant_repeated"}},
		},
		"shopify: one variant twice": {
			transfer.Shopify,
			[]string{shopify, "a|A|Size|S|A1|1|", "a|||S|A2|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{3, "", "transfer.variant_repeated"}},
		},
		"shopify: a SKU twice in a product": {
			transfer.Shopify,
			[]string{shopify, "a|A|Size|S|A1|1|", "a|||M|A1|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{3, "Variant SKU", "transfer.sku_repeated"}},
		},
		"shopify: the SKU of another product": {
			transfer.Shopify,
			[]string{shopify, "a|A|||A1|1|", "b|B|||A1|2|", "c|C|||C1|2|"},
			"a c",
			[]problem{{3, "Variant SKU", "transfer.sku_taken"}},
		},
		"shopify: a row without a handle spoils the product above": {
			transfer.Shopify,
			[]string{shopify, "a|A|Size|S|A1|1|", "|||M|A2|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{3, "Handle", "transfer.row_without_product"}, {3, "Handle", "transfer.row_below_broken"}},
		},
		"shopify: an option without its value": {
			transfer.Shopify,
			[]string{shopify, "a|A|Size|S|A1|1|", "a||||A2|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{3, "Option1 Value", "transfer.option_value_missing"}},
		},
		"shopify: rows of one product disagree": {
			transfer.Shopify,
			[]string{shopify, "a|A|Size|S|A1|1|Smith", "a|||M|A2|1|Jones", "b|B|||B1|2|"},
			"b",
			[]problem{{3, "Vendor", "transfer.rows_disagree"}},
		},
		"shopify: no title": {
			transfer.Shopify,
			[]string{shopify, "a||Size|S|A1|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{2, "Title", "transfer.name_missing"}},
		},
		"shopify: a handle of nothing but marks": {
			transfer.Shopify,
			[]string{shopify, "!!!|A|||A1|1|", "b|B|||B1|2|"},
			"b",
			[]problem{{2, "Handle", "transfer.bad_handle"}},
		},

		"spree: a master twice": {
			transfer.Spree,
			[]string{spree, "a|A|A|1|||||", "a|A2|A|2|||||", "b|B|B|2|||||"},
			"b",
			[]problem{{3, "slug", "transfer.handle_repeated"}},
		},
		"spree: two prices in one currency": {
			transfer.Spree,
			[]string{spree, "a|A|A|0||||| ", "a|A-S||1|USD|Size|S||", "a|A-S||2|USD||||", "b|B|B|2|||||"},
			"b",
			[]problem{{4, "currency", "transfer.price_repeated"}},
		},
		"spree: a price of an unknown variant": {
			transfer.Spree,
			[]string{spree, "a|A|A|0|||||", "a|A-S||1|USD|Size|S||", "a|A-M||2|EUR||||", "b|B|B|2|||||"},
			"b",
			[]problem{{4, "sku", "transfer.row_without_variant"}},
		},
		"spree: an unknown currency": {
			transfer.Spree,
			[]string{spree, "a|A|A|1|ZZZ||||", "b|B|B|2|||||"},
			"b",
			[]problem{{2, "currency", "transfer.unknown_currency"}},
		},
		"spree: a date that is none": {
			transfer.Spree,
			[]string{spree, "a|A|A|1|||||31.12.2024", "b|B|B|2|||||"},
			"b",
			[]problem{{2, "available_on", "transfer.not_a_date"}},
		},
		"spree: only a variant": {
			transfer.Spree,
			[]string{spree, "a|A-S||1|USD|Size|S||", "b|B|B|2|||||"},
			"b",
			[]problem{{2, "name", "transfer.name_missing"}},
		},

		"vendure: a slug twice": {
			transfer.Vendure,
			[]string{vendure, "A|a|||A1|1|", "B|b|||B1|2|", "A again|a|||A2|3|"},
			"b",
			[]problem{{4, "slug", "transfer.handle_repeated"}, {4, "", "transfer.variant_repeated"}},
		},
		"vendure: a variant above every product": {
			transfer.Vendure,
			[]string{vendure, "||||A1|1|", "B|b|||B1|2|"},
			"b",
			[]problem{{2, "slug", "transfer.row_without_product"}},
		},
		"vendure: fewer values than options": {
			transfer.Vendure,
			[]string{vendure, "A|a|size||A1|1|", "B|b|||B1|2|"},
			"b",
			[]problem{{2, "optionValues", "transfer.lists_differ"}},
		},
		"vendure: a facet without a value": {
			transfer.Vendure,
			[]string{vendure, "A|a|||A1|1|brand", "B|b|||B1|2|brand:X"},
			"b",
			[]problem{{2, "facets", "transfer.not_a_facet"}},
		},

		"woocommerce: a variation without a parent": {
			transfer.WooCommerce,
			[]string{woo, "1|simple|A|A|1||||||", "2|variation|B-S|B - S|1||B|Size|S||"},
			"a",
			[]problem{{3, "", "transfer.parent_missing"}},
		},
		"woocommerce: a variation that names none": {
			transfer.WooCommerce,
			[]string{woo, "1|simple|A|A|1||||||", "2|variation|B-S|B - S|1|||Size|S||"},
			"a",
			[]problem{{3, "", "transfer.parent_missing"}},
		},
		"woocommerce: a variation of a simple product": {
			transfer.WooCommerce,
			[]string{woo, "1|simple|A|A|1||||||", "2|variation|A-S|A - S|1||A|Size|S||", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{3, "Parent", "transfer.parent_not_variable"}},
		},
		"woocommerce: a variable product without variations": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|A||||Size|S, M||", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{2, "Type", "transfer.no_variants"}},
		},
		"woocommerce: stock shared by variations": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|A||||Size|S|5|", "2|variation|A-S|A - S|1||A|Size|S|parent|", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{3, "Stock", "transfer.shared_stock"}},
		},
		"woocommerce: counted stock for any value": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|A||||Size|S, M||", "2|variation|A-X|A|1||A|Size||5|", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{3, "Stock", "transfer.any_value_with_stock"}},
		},
		"woocommerce: a sale that is none": {
			transfer.WooCommerce,
			[]string{woo, "1|simple|A|A|1|2|||||", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{2, "Sale price", "transfer.sale_not_lower"}},
		},
		"woocommerce: an unknown type": {
			transfer.WooCommerce,
			[]string{woo, "1|subscription|A|A|1||||||", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{2, "Type", "transfer.unknown_product_type"}},
		},
		"woocommerce: an option that the parent does not have": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|A||||Size|S||", "2|variation|A-S|A - S|1||A|Colour|red||", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{3, "Attribute 1 name", "transfer.option_unknown_to_parent"}},
		},
		"woocommerce: an unreadable variation spoils the product of its name": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|Mug||||Size|S||", "2|variation|A-S|Mug - S|1||A|Size|S||", "4|variable|C|Bowl||||Size|S||", "5|variation|C-S|Bowl - S|1||C|Size|S||", "6|variation|A-M|Mug - M", "3|simple|B|B|1||||||"},
			"bowl b",
			[]problem{{6, "", "transfer.too_few_cells"}, {6, "", "transfer.row_below_broken"}},
		},
		"woocommerce: an unreadable variation of no known name spoils all it may belong to": {
			transfer.WooCommerce,
			[]string{woo, "1|variable|A|Mug||||Size|S||", "2|variation|A-S|Mug - S|1||A|Size|S||", "6|variation|A-M|Cup - M", "3|simple|B|B|1||||||"},
			"b",
			[]problem{{4, "", "transfer.too_few_cells"}, {4, "", "transfer.row_below_broken"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := euro(t)
			opt.Currency = "USD"

			got, problems := read(t, open(t, tt.platform, table(tt.rows...), opt))

			if handles(got) != tt.good {
				t.Errorf("products %q, want %q", handles(got), tt.good)
			}
			var found []problem
			for _, p := range problems {
				if !p.Notice {
					found = append(found, problem{p.Row, p.Column, p.Reason})
				}
			}
			if diff := cmp.Diff(tt.want, found, cmp.AllowUnexported(problem{})); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimits_ofOneProduct(t *testing.T) {
	head := "Handle|Title|Option1 Name|Option1 Value|Variant SKU|Variant Price"
	rows := []string{head, "a|A|Size|1|A1|1", "a|||2|A2|1", "a|||3|A3|1", "b|B|||B1|2"}
	t.Run("variants", func(t *testing.T) {
		opt := euro(t)
		opt.Limits.Variants = 2
		got, problems := read(t, open(t, transfer.Shopify, table(rows...), opt))
		if handles(got) != "b" || len(problems) != 1 || problems[0].Reason != "transfer.too_many_variants" {
			t.Errorf("products %q, problems %v", handles(got), problems)
		}
	})
	t.Run("rows", func(t *testing.T) {
		opt := euro(t)
		opt.Limits.ProductRows = 2
		got, problems := read(t, open(t, transfer.Shopify, table(rows...), opt))
		if handles(got) != "b" || len(problems) != 1 || problems[0].Reason != "transfer.too_many_product_rows" {
			t.Errorf("products %q, problems %v", handles(got), problems)
		}
	})
}

func TestShopify_newHeadersAreTheSameColumns(t *testing.T) {
	s := open(t, transfer.Shopify, table(
		"Title|URL handle|Description|Vendor|Product category|Type|Tags|Published on online store|Status|SKU|Barcode|Option1 name|Option1 value|Price|Compare-at price|Cost per item|Charge tax|Tax code|Inventory tracker|Inventory quantity|Continue selling when out of stock|Weight value (grams)|Weight unit for display|Requires shipping|Product image URL|Image position|Image alt text|Variant image URL|SEO title|SEO description",
		"Mug|mug|<p>x</p>|Smith|Home > Kitchen|Cups|a, b|TRUE|active|M-1|4006381333931|Colour|Red|9.50|12|4|TRUE|P1|shopify|7|CONTINUE|350|g|TRUE|https://a.example/2.jpg|2|Side|https://a.example/red.jpg|t|d",
		"|mug||||||||M-2||||9.50|||FALSE||shopify|0|DENY|350|g|FALSE|https://a.example/1.jpg|1|Front|||",
	), euro(t))
	got, problems := read(t, s)
	want := []transfer.Problem{{Row: 3, Column: "Option1 value", Product: "mug", Reason: "transfer.option_value_missing", Params: map[string]any{"option": "Colour"}}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(got) != 0 {
		t.Errorf("products %v", got)
	}
	uses := make(map[transfer.Use][]string)
	for _, c := range s.Columns() {
		if c.Use != transfer.Mapped {
			uses[c.Use] = append(uses[c.Use], c.Name)
		}
	}
	wantUses := map[transfer.Use][]string{transfer.Kept: {"Cost per item", "Charge tax", "Tax code", "Inventory tracker", "Requires shipping"}, transfer.Dropped: {"Weight unit for display"}}
	if diff := cmp.Diff(wantUses, uses); diff != "" {
		t.Errorf("columns that fill no place of the shop (-want +got):\n%s", diff)
	}
}

func TestShopify_imagesInRowsOfTheirOwn(t *testing.T) {
	got, problems := read(t, open(t, transfer.Shopify, table(
		"Handle|Title|Variant Price|Variant Inventory Policy|Variant Taxable|Variant Requires Shipping|Image Src|Image Position|Image Alt Text",
		"mug|Mug|9.50|continue|false|false|https://a.example/2.jpg|2|Side",
		"mug||||||//a.example/1.jpg|1|Front",
	), euro(t)))
	if len(got) != 1 {
		t.Fatalf("problems %v", problems)
	}
	want := []transfer.Image{{Src: "https://a.example/1.jpg", Alt: en("Front")}, {Src: "https://a.example/2.jpg", Alt: en("Side")}}
	if diff := cmp.Diff(want, got[0].Images); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if v := got[0].Variants; len(v) != 1 || v[0].Stock.Backorder != transfer.Allow || v[0].Taxable || !v[0].Digital {
		t.Errorf("variants %+v", v)
	}
}

func TestVendure_languagesInHeaders(t *testing.T) {
	opt := euro(t)
	opt.Language = "de"
	got, problems := read(t, open(t, transfer.Vendure, table(
		"name:en|name:de|slug:en|slug:de|description:en|description:de|assets|facets:en|facets:de|optionGroups:en|optionGroups:de|optionValues:en|optionValues:de|sku|price|variant:care",
		"Mug|Becher|mug|becher|Round|Rund|a.jpg|brand:Smith|Marke:Smith|Size|Größe|Small|Klein|M-1|9|warm",
		"|||||||||||Large|Groß|M-2|11|hot",
	), opt))
	if len(got) != 1 {
		t.Fatalf("problems %v", problems)
	}
	p := got[0]
	if p.Handle != "becher" || p.Name["de"] != "Becher" || p.Name["en"] != "Mug" || p.Description["de"] != "<p>Rund</p>" {
		t.Errorf("%q, %v, %v", p.Handle, p.Name, p.Description)
	}
	if diff := cmp.Diff([]transfer.Option{{Name: locale.Text{"de": "Größe", "en": "Size"}, Values: []locale.Text{{"de": "Klein", "en": "Small"}, {"de": "Groß", "en": "Large"}}}}, p.Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]transfer.Attribute{{Name: locale.Text{"de": "Marke", "en": "brand"}, Values: []locale.Text{{"de": "Smith", "en": "Smith"}}, Visible: true, Global: true}}, p.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]transfer.Field{{Key: "care", Value: "hot"}}, p.Variants[1].Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestWooCommerce_equalNamesGetDifferentHandles(t *testing.T) {
	got, _ := read(t, open(t, transfer.WooCommerce, table("SKU|Name|Regular price", "A|Mug|1", "B|Mug|2", "|Mug|3", "|Bowl|4"), euro(t)))
	if handles(got) != "mug mug-b mug-name-mug bowl" {
		t.Errorf("handles %q", handles(got))
	}
}

func TestCustomers_badCells(t *testing.T) {
	tests := map[string]struct{ row, reason, column string }{
		"no address":         {"|Anna|DE|yes", "transfer.row_without_product", "email"},
		"not an address":     {"anna|Anna|DE|yes", "transfer.not_an_email", "email"},
		"name in address":    {"Anna <a@b.example>|Anna|DE|yes", "transfer.not_an_email", "email"},
		"no country":         {"a@b.example|Anna|Germany|yes", "transfer.not_a_country", "country_code"},
		"neither yes nor no": {"a@b.example|Anna|DE|often", "transfer.not_yes_or_no", "accepts_email_marketing"},
		"too long":           {"a@b.example|" + strings.Repeat("A", 501) + "|DE|yes", "transfer.text_too_long", "first_name"},
		"twice":              {"ok@b.example|Anna|DE|yes", "transfer.handle_repeated", "email"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, transfer.Spree, table("email|first_name|country_code|accepts_email_marketing|favourite", "ok@b.example|Otto|DE|no|x", tt.row+"|x"), transfer.Options{TempDir: t.TempDir()})
			problems := slices.Clone(s.Problems())
			for i := range s.Len() {
				c, pp, err := s.Customer(i)
				if err != nil {
					t.Fatal(err)
				}
				if transfer.Refused(pp) && (c.Email != "" || len(c.Addresses) > 0) {
					t.Errorf("a refused customer is half there: %+v", c)
				}
				problems = append(problems, pp...)
			}
			var reasons []string
			for _, p := range problems {
				if p.Reason != "transfer.row_below_broken" {
					reasons = append(reasons, p.Reason+" "+p.Column)
				}
			}
			if want := []string{tt.reason + " " + tt.column}; !slices.Equal(reasons, want) {
				t.Errorf("problems %v, want %v", reasons, want)
			}
			if c := s.Columns()[4]; c.Use != transfer.Dropped || c.Reason != "transfer.column_personal" {
				t.Errorf("an unknown column about people is %s (%s), want it dropped", c.Use, c.Reason)
			}
		})
	}
}

// T84: no exported cell runs in a spreadsheet, and reading the export gives
// back what was there.
func TestExport_disarmsFormulas(t *testing.T) {
	for _, evil := range []string{`=HYPERLINK("http://evil.example")`, "+1", "-1+1", "@SUM(A1)", "'=already", "''-twice", "'quoted", "=\"a,b\"\nnext", "＝1+1", "＋1", "－1", "＠SUM(A1)", "'＝1"} {
		t.Run(evil, func(t *testing.T) {
			opt := euro(t)
			p := transfer.Product{
				Handle: "a", Name: en(evil), Status: transfer.Active, Taxable: true, Vendor: evil,
				Variants: []transfer.Variant{{SKU: "S", Taxable: true, Prices: []transfer.Price{{Currency: "EUR", Amount: 100}}}},
			}

			text := export(t, transfer.Shopify, []string{"Handle", "Title", "Vendor", "Variant Price", "Variant SKU"}, opt, []transfer.Product{p})

			for _, cell := range strings.Split(strings.Split(text, "\n")[1], ",") {
				if c := strings.TrimPrefix(cell, `"`); c != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(c)[0]) {
					t.Errorf("cell %q runs", cell)
				}
			}
			got, problems := read(t, open(t, transfer.Shopify, text, opt))
			if len(got) != 1 || got[0].Name["en"] != evil || got[0].Vendor != evil {
				t.Errorf("read back %+v, %v", got, problems)
			}
		})
	}
}

func TestCompare_findsLosses(t *testing.T) {
	opt := euro(t)
	before := open(t, transfer.Shopify, table("Handle|Title|Variant SKU|Variant Price|Vendor", "a|A|A1|1.50|Smith", "b|B|B1|2|", "c|C|C1|3|"), opt)
	after := open(t, transfer.Shopify, table("Handle|Title|Variant SKU|Variant Price|Vendor", "a|A|A1|1.5|", "b|B|B2|3|"), opt)

	got, err := transfer.Compare(t.Context(), before, after)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Missing, []string{"c"}) || got.Products != 2 {
		t.Errorf("missing %v of %d", got.Missing, got.Products)
	}
	want := []transfer.Difference{
		{Product: "a", Row: 2, Column: "Variant Price", Before: "1.50", After: "1.5", Rule: "amount"},
		{Product: "a", Row: 2, Column: "Vendor", Before: "Smith"},
		{Product: "b", Row: 3, Column: "Variant SKU", Before: "B1", After: "B2"},
		{Product: "b", Row: 3, Column: "Variant Price", Before: "2", After: "3"},
	}
	slices.SortFunc(got.Differences, func(a, b transfer.Difference) int { return a.Row - b.Row })
	if diff := cmp.Diff(want, got.Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if len(got.Losses()) != 3 {
		t.Errorf("losses %v", got.Losses())
	}
}
