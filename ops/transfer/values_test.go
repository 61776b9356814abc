package transfer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/ops/transfer"
)

// Prices as people and spreadsheets write them; the column decides what a
// comma means.
func TestPrices(t *testing.T) {
	tests := map[string]struct {
		currency string
		cells    []string
		want     []money.Minor
	}{
		"decimal point":          {"EUR", []string{"19.99", "5", "0", "1234.5", ".5", "7.", "3.100"}, []money.Minor{1999, 500, 0, 123450, 50, 700, 310}},
		"decimal comma":          {"EUR", []string{"19,99", "1.234,56", "1.234.567", "1.234", "0,5"}, []money.Minor{1999, 123456, 123456700, 123400, 50}},
		"English thousands":      {"EUR", []string{"1,234.56", "1,234,567", "1,234", "2.5"}, []money.Minor{123456, 123456700, 123400, 250}},
		"blanks and apostrophes": {"CHF", []string{"1 234,50", "1'234.50", "1\u00a0234,50", "1’234.50"}, []money.Minor{123450, 123450, 123450, 123450}},
		"no decimals":            {"JPY", []string{"1500", "1500.00", "12,000,000"}, []money.Minor{1500, 1500, 12_000_000}},
		"three decimals":         {"KWD", []string{"1.234", "0.5"}, []money.Minor{1234, 500}},
		"leading zeros":          {"EUR", []string{"007.50", "00"}, []money.Minor{750, 0}},
		"the largest":            {"EUR", []string{"10000000000.00"}, []money.Minor{1_000_000_000_000}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := euro(t)
			opt.Currency = tt.currency
			got, problems := read(t, open(t, transfer.Shopify, sheetOf("Variant Price", tt.cells), opt))
			var prices []money.Minor
			for _, p := range got {
				prices = append(prices, p.Variants[0].Prices[0].Amount)
			}
			if diff := cmp.Diff(tt.want, prices); diff != "" {
				t.Errorf("prices (-want +got):\n%s\n%v", diff, problems)
			}
		})
	}
}

// sheetOf is a Shopify file of products p0, p1, … that differ in one column.
func sheetOf(column string, cells []string) string {
	header := []string{"Handle", "Title", "Variant Price"}
	row := []string{"", "", "1"}
	at := 2
	if column != "Variant Price" {
		header, row, at = append(header, column), append(row, ""), 3
	}
	var b strings.Builder
	b.WriteString(strings.Join(header, ",") + "\n")
	for i, cell := range cells {
		row[0] = "p" + string(rune('0'+i))
		row[1] = row[0]
		row[at] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}

// What cannot be understood refuses its product at the cell, and the others go
// on.
func TestBadCells(t *testing.T) {
	tests := []struct {
		column, cell, want string
	}{
		{"Variant Price", "-1", "transfer.negative"},
		{"Variant Price", "1.999", "transfer.too_many_decimals"},
		{"Variant Price", "1,234", "transfer.ambiguous_number"},
		{"Variant Price", "1,23,4", "transfer.not_an_amount"},
		{"Variant Price", "12.34.56", "transfer.not_an_amount"},
		{"Variant Price", "€ 5", "transfer.not_an_amount"},
		{"Variant Price", "1e3", "transfer.not_an_amount"},
		{"Variant Price", "٣", "transfer.not_an_amount"},
		{"Variant Price", "NaN", "transfer.not_an_amount"},
		{"Variant Price", "--5", "transfer.not_an_amount"},
		{"Variant Price", ".", "transfer.not_an_amount"},
		{"Variant Price", "99999999999999999999", "transfer.number_too_large"},
		{"Variant Price", "10000000000.01", "transfer.number_too_large"},
		{"Variant Price", "", "transfer.price_missing"},
		{"Variant Compare At Price", "-3", "transfer.negative"},
		{"Cost per item", "x", "transfer.not_an_amount"},
		{"Variant Inventory Qty", "1.5", "transfer.not_whole"},
		{"Variant Inventory Qty", "1000000001", "transfer.number_too_large"},
		{"Variant Inventory Qty", "many", "transfer.not_a_number"},
		{"Variant Grams", "-5", "transfer.negative"},
		{"Variant Grams", "99999999999", "transfer.number_too_large"},
		{"Variant Weight Unit", "stone", "transfer.unknown_unit"},
		{"Variant Weight Unit", "cm", "transfer.unknown_unit"},
		{"Variant Taxable", "maybe", "transfer.not_yes_or_no"},
		{"Variant Inventory Policy", "shrug", "transfer.unknown_value"},
		{"Published", "soon", "transfer.not_yes_or_no"},
		{"Status", "live", "transfer.unknown_status"},
		{"Gift Card", "perhaps", "transfer.not_yes_or_no"},
		{"Image Src", "javascript:alert(1)", "transfer.bad_image"},
		{"Image Src", "file:///etc/passwd", "transfer.bad_image"},
		{"Image Src", "../../etc/passwd", "transfer.bad_image"},
		{"Image Src", "/etc/passwd", "transfer.bad_image"},
		{"Image Src", `a\..\..\b.jpg`, "transfer.bad_image"},
		{"Image Src", "https://", "transfer.bad_image"},
		{"Image Alt Text", "A mug", "transfer.alt_without_image"},
		{"Option1 Value", "Red", "transfer.option_without_name"},
		{"Option1 Name", "Size", "transfer.option_without_values"},
		{"Variant SKU", strings.Repeat("S", 256), "transfer.text_too_long"},
	}
	for _, tt := range tests {
		t.Run(tt.column+" "+excerptOf(tt.cell), func(t *testing.T) {
			t.Parallel()
			good := map[string]string{"Variant Price": "5"}[tt.column]
			got, problems := read(t, open(t, transfer.Shopify, sheetOf(tt.column, []string{good, tt.cell, good}), euro(t)))
			if handles(got) != "p0 p2" {
				t.Errorf("products %q, want p0 and p2", handles(got))
			}
			if len(problems) != 1 || problems[0].Reason != tt.want || problems[0].Row != 3 || problems[0].Product != "p1" {
				t.Fatalf("problems %+v, want %s in row 3", problems, tt.want)
			}
			if c := problems[0].Column; c != tt.column && tt.column != "Option1 Value" { // its name has no column
				t.Errorf("column %q, want %q", c, tt.column)
			}
		})
	}
}

func excerptOf(s string) string { return s[:min(len(s), 20)] }

func TestNotices(t *testing.T) {
	tests := []struct {
		column, cell, want string
		check              func(transfer.Product) bool
	}{
		{"Variant Inventory Qty", "-3", "transfer.stock_below_zero", func(p transfer.Product) bool { return p.Variants[0].Stock.Quantity == 0 }},
		{"Variant Compare At Price", "1.00", "transfer.compare_not_higher", func(p transfer.Product) bool { return p.Variants[0].Prices[0].CompareAt == 0 }},
		{"Gift Card", "TRUE", "transfer.gift_card_as_draft", func(p transfer.Product) bool { return p.Status == transfer.Draft }},
		{"Body (HTML)", "Hi<script>alert(1)</script>", "transfer.html_cleaned", func(p transfer.Product) bool { return p.Description["en"] == "Hi" }},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			got, problems := read(t, open(t, transfer.Shopify, sheetOf(tt.column, []string{tt.cell}), euro(t)))
			if len(got) != 1 || len(problems) != 1 || problems[0].Reason != tt.want || !problems[0].Notice || problems[0].Row != 2 {
				t.Fatalf("%d products, problems %+v, want the notice %s", len(got), problems, tt.want)
			}
			if !tt.check(got[0]) {
				t.Errorf("product %+v", got[0])
			}
		})
	}
}

func TestDescriptions_becomeSafeHTML(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain text":              {"Tom & Jerry <3 cheese", "<p>Tom &amp; Jerry &lt;3 cheese</p>"},
		"paragraphs":              {"one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"},
		"entities":                {"Tom &amp; Jerry", "Tom &amp; Jerry"},
		"what a shop needs":       {`<h2>A</h2><ul><li><b>x</b></li></ul><a href="https://a.example/">b</a>`, `<h2>A</h2><ul><li><b>x</b></li></ul><a href="https://a.example/">b</a>`},
		"scripts":                 {`a<script>alert(1)</script><b onclick="x()">c</b>`, `a<b>c</b>`},
		"script addresses":        {`<a href="javascript:alert(1)">b</a>`, `b`},
		"styles and classes":      {`<p class="x" style="color:red">a</p><style>p{}</style>`, `<p>a</p>`},
		"pictures of other hosts": {`<p>a<img src="https://evil.example/x.gif"></p>`, `<p>a</p>`},
		"frames":                  {`<p>a</p><iframe src="https://evil.example"></iframe>`, `<p>a</p>`},
		"broken markup":           {`</div><p>a<b>c`, `<p>a<b>c</b></p>`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := read(t, open(t, transfer.Shopify, sheetOf("Body (HTML)", []string{tt.in}), euro(t)))
			if len(got) != 1 || got[0].Description["en"] != tt.want {
				t.Errorf("description %q, want %q", got[0].Description["en"], tt.want)
			}
		})
	}
}

func TestUnits(t *testing.T) {
	const head = "slug,sku,name,price,weight,weight_unit,width,dimensions_unit\n"
	tests := map[string]struct {
		weight, wUnit, width, dUnit string
		grams, mm                   int64
	}{
		"kilograms and centimetres": {"1.5", "kg", "12.34", "cm", 1500, 123},
		"pounds and inches":         {"2", "lb", "10", "in", 907, 254},
		"ounces and feet":           {"8", "oz", "1", "ft", 227, 305},
		"grams and millimetres":     {"0.5", "g", "7.5", "mm", 1, 8},
		"metres":                    {"", "", "1.2", "m", 0, 1200},
		"comma":                     {"0,25", "kg", "3,5", "cm", 250, 35},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := []string{"a", "a", "a", "1", `"` + tt.weight + `"`, tt.wUnit, `"` + tt.width + `"`, tt.dUnit}
			got, problems := read(t, open(t, transfer.Spree, head+strings.Join(row, ",")+"\n", euro(t)))
			if len(got) != 1 {
				t.Fatalf("problems %v", problems)
			}
			if v := got[0].Variants[0]; v.Weight != tt.grams || v.Width != tt.mm {
				t.Errorf("%d g and %d mm, want %d and %d", v.Weight, v.Width, tt.grams, tt.mm)
			}
		})
	}
}

// Columns that nothing knows are kept, with the narrowest type that loses
// nothing.
func TestUnknownColumns_areKeptWithTheirType(t *testing.T) {
	tests := map[string]struct {
		cells []string
		want  transfer.FieldType
	}{
		"truth":                            {[]string{"true", "false", ""}, transfer.BoolField},
		"whole numbers":                    {[]string{"12", "-3"}, transfer.IntField},
		"decimals":                         {[]string{"1.5", "2"}, transfer.DecimalField},
		"a code that looks like a number":  {[]string{"007", "12"}, transfer.TextField},
		"a price that would lose its zero": {[]string{"1.50"}, transfer.TextField},
		"dates":                            {[]string{"2024-02-29"}, transfer.DateField},
		"no date":                          {[]string{"2023-02-29"}, transfer.TextField},
		"addresses":                        {[]string{"https://a.example/x"}, transfer.URLField},
		"text":                             {[]string{"12", "blue"}, transfer.TextField},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, transfer.Shopify, sheetOf("Care Notes", tt.cells), euro(t))
			got, _ := read(t, s)
			columns := s.Columns()
			last := columns[len(columns)-1]
			if last.Use != transfer.Kept || last.Field == nil || last.Field.Type != tt.want || last.Field.Key != "care_notes" {
				t.Fatalf("column %+v, want it kept as %s", last, tt.want)
			}
			for i, p := range got {
				var value string
				for _, f := range p.Fields {
					if f.Key == "care_notes" {
						value = f.Value
					}
				}
				if value != tt.cells[i] {
					t.Errorf("%s keeps %q, want %q", p.Handle, value, tt.cells[i])
				}
			}
		})
	}
}

func TestMetafieldsAndGoogleColumns(t *testing.T) {
	s := open(t, transfer.Shopify, "Handle,Title,Variant Price,Color (product.metafields.shopify.color-pattern),Google Shopping / MPN,Tags,Tags Extra\na,A,1,red,M-1,x,y\n", euro(t))
	got, _ := read(t, s)
	want := []transfer.Field{{Key: "shopify_color_pattern", Value: "red"}, {Key: "google_mpn", Value: "M-1"}, {Key: "tags_extra", Value: "y"}}
	if diff := cmp.Diff(want, got[0].Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if f := s.Columns()[3].Field; f.Label != "Color" {
		t.Errorf("label %q", f.Label)
	}
}
