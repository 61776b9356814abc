package search_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const list = "plist_eur"

var now = dbtest.Began.UnixMilli()

func en(s string) locale.Text { return locale.Text{"en": s} }

func at[T any](v T) *T { return &v }

// doc is an active product that costs something. Its variants cost what its
// card says, unless change sets their prices.
func doc(id, name string, amount money.Minor, change ...func(*catalog.Document)) *catalog.Document {
	d := &catalog.Document{Card: catalog.Card{
		ID: id, Status: catalog.Active, Name: en(name), CreatedAt: dbtest.Began.AddDate(-1, 0, 0),
		Prices: []catalog.CardPrice{{ListID: list, Currency: "EUR", Min: amount, Max: amount, Available: true, Variants: 1, VariantID: "var_" + id}},
	}, Variants: []catalog.DocumentVariant{{ID: "var_" + id}}}
	for _, c := range change {
		c(d)
	}
	for i := range d.Variants {
		for _, p := range d.Prices {
			if d.Variants[i].Prices == nil {
				d.Variants[i].Prices = []catalog.DocumentPrice{{ListID: p.ListID, Amount: p.Min, Available: p.Available}}
			}
		}
	}
	return d
}

// priced sets what the variants of a product cost, and its card's prices
// accordingly.
func priced(d *catalog.Document, prices ...*catalog.DocumentPrice) {
	d.Prices = nil
	for i, p := range prices {
		if p == nil {
			d.Variants[i].Prices = []catalog.DocumentPrice{}
			continue
		}
		p.ListID = list
		d.Variants[i].Prices = []catalog.DocumentPrice{*p}
		if d.Prices == nil {
			d.Prices = []catalog.CardPrice{{ListID: list, Currency: "EUR", Min: p.Amount, Max: p.Amount}}
		}
		c := &d.Prices[0]
		c.Min, c.Max, c.Available = min(c.Min, p.Amount), max(c.Max, p.Amount), c.Available || p.Available
		c.Variants++
	}
}

func ids(hits []search.Hit) []string {
	list := make([]string, len(hits))
	for i, h := range hits {
		list[i] = h.Card.ID
	}
	return list
}

func index(docs ...*catalog.Document) *search.Index {
	return search.NewIndex([]string{"en", "de"}, nil, catalog.NewTree(nil), docs)
}

func find(t testing.TB, x *search.Index, q search.Query) search.Result {
	t.Helper()
	if q.ListID == "" {
		q.ListID = list
	}
	if q.Lang == "" {
		q.Lang = "en"
	}
	r, err := x.Search(q, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTerms(t *testing.T) {
	for in, want := range map[string][]string{
		"Crème brûlée, 2-pack": {"creme", "brulee", "2", "pack"},
		"Men's  T-Shirt":       {"mens", "t", "shirt"},
		"Größe & Straße":       {"grosse", "strasse"},
		"ﬁve ＡＢＣ":              {"five", "abc"},
		"":                     nil,
		"—…!":                  nil,
		"日本 тест":              {"日本", "тест"},
	} {
		if got := search.Terms(in); !slices.Equal(got, want) {
			t.Errorf("Terms(%q) = %q, want %q", in, got, want)
		}
	}
	if got := search.Code("ab-12 3/X"); got != "ab123x" {
		t.Errorf("Code = %q", got)
	}
}

func TestSearch_words(t *testing.T) {
	x := index(
		doc("prd_a", "Linen shirt", 5000, func(d *catalog.Document) { d.Brand = "Aure"; d.Tags = []string{"summer"} }),
		doc("prd_b", "Wool coat", 9000, func(d *catalog.Document) { d.Description = en("Wear it over a linen shirt.") }),
		doc("prd_c", "Shirtdress", 7000),
		doc("prd_d", "Shirt", 4000, func(d *catalog.Document) { d.Name["de"] = "Hemd" }),
	)
	for text, want := range map[string][]string{
		"linen":         {"prd_a", "prd_b"},                   // the name before the description
		"LINEN":         {"prd_a", "prd_b"},                   //
		"shirt":         {"prd_d", "prd_a", "prd_c", "prd_b"}, // the whole name, the word, the beginning of a longer word, the description
		"shirt linen":   {"prd_a", "prd_b"},                   // every word
		"shi":           {"prd_d", "prd_a", "prd_c", "prd_b"}, // a beginning
		"sh":            nil,                                  // too short a beginning
		"aure":          {"prd_a"},
		"summer aure":   {"prd_a"},
		"linen coat":    {"prd_b"},
		"nothing":       nil,
		"linen nothing": nil,
		"!!!":           nil,
	} {
		if got := ids(find(t, x, search.Query{Text: text}).Hits); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q finds %v, want %v", text, got, want)
		}
	}
	if got := ids(find(t, x, search.Query{Lang: "de", Text: "hemd"}).Hits); !slices.Equal(got, []string{"prd_d"}) {
		t.Errorf("hemd in German finds %v", got)
	}
	if got := find(t, x, search.Query{Lang: "de", Text: "shirt"}); got.Total != 3 {
		t.Errorf("shirt in German finds %d, want the three that have no German name", got.Total)
	}
	if got := find(t, x, search.Query{Text: "s", Complete: true}); got.Total != 4 {
		t.Errorf("a first letter completes to %d, want all", got.Total)
	}
}

func TestSearch_codesComeFirst(t *testing.T) {
	x := index(
		doc("prd_a", "AB-12 in the name only", 1000),
		doc("prd_b", "Lamp", 1000, func(d *catalog.Document) {
			d.Variants = []catalog.DocumentVariant{{ID: "var_1", SKU: "LMP-1", GTIN: "4006381333931"}, {ID: "var_2", SKU: "ab-12"}, {ID: "var_3", SKU: "AB-123"}}
		}),
	)
	for text, want := range map[string]search.Hit{
		"AB-12":         {VariantID: "var_2"},
		"ab12":          {VariantID: "var_2"},
		"4006381333931": {VariantID: "var_1"},
		"lmp 1":         {VariantID: "var_1"},
		"lmp":           {}, // a beginning, so no variant in particular
		"4006381":       {},
		"lamp AB-12":    {},
		"LMP-":          {},
		"400638-1333":   {}, // the beginning of a code, written as on the label
		"AB-123":        {VariantID: "var_3"},
	} {
		r := find(t, x, search.Query{Text: text})
		if len(r.Hits) == 0 || r.Hits[0].Card.ID != "prd_b" || r.Hits[0].VariantID != want.VariantID {
			t.Errorf("%q finds %+v, want the lamp first with variant %q", text, ids(r.Hits), want.VariantID)
		}
	}
}

// Words that a sign joins are found apart and together, whatever other goods are
// called.
func TestSearch_signsWithinWords(t *testing.T) {
	x := index(
		doc("prd_a", "Air fryer 4.2 l", 1000),
		doc("prd_b", "Sneaker size 42", 1000, func(d *catalog.Document) {
			d.Variants = []catalog.DocumentVariant{{ID: "var_1", SKU: "AL-1101-MABL"}}
		}),
		doc("prd_c", "T-shirt", 1000),
		doc("prd_d", "Tshirt long", 1000),
		doc("prd_e", "Shirt, size T", 1000),
	)
	for text, want := range map[string][]string{
		"air fryer 4.2":   {"prd_a"},
		"4.2":             {"prd_a"},
		"42":              {"prd_b"},
		"t-shirt":         {"prd_c", "prd_e", "prd_d"}, // the very name, both words, the joined word
		"T-Shirt long":    {"prd_d"},
		"AL-1101":         {"prd_b"},
		"al1101":          {"prd_b"},
		"al-11":           {"prd_b"},
		"AL-1101-MABL":    {"prd_b"},
		"sneaker al-1101": {"prd_b"},
		"al-1102":         nil,
	} {
		if got := ids(find(t, x, search.Query{Text: text}).Hits); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q finds %v, want %v", text, got, want)
		}
	}
}

// A beginning is completed to every word there is, however many begin so.
func TestSearch_countsEveryCompletion(t *testing.T) {
	docs := make([]*catalog.Document, 6000)
	for i := range docs {
		docs[i] = doc(fmt.Sprintf("prd_%04d", i), fmt.Sprintf("Res%d", i), 1000, func(d *catalog.Document) { d.Brand = []string{"Even", "Odd"}[i%2] })
	}
	x := index(docs...)
	for text, want := range map[string]int{"res": 6000, "res1": 1111, "res59": 111} {
		r := find(t, x, search.Query{Text: text})
		sum := 0
		for _, f := range r.Facets {
			if f.Key == search.FacetBrand {
				for _, v := range f.Values {
					sum += v.Count
				}
			}
		}
		if r.Total != want || sum != want {
			t.Errorf("%q finds %d, and %d by brand, want %d", text, r.Total, sum, want)
		}
	}
}

func TestSearch_visibleFromTheVeryMillisecond(t *testing.T) {
	publish, end := dbtest.Began.Add(time.Hour), dbtest.Began.Add(2*time.Hour)
	x := index(
		doc("prd_e", "Ending", 200, func(d *catalog.Document) { d.Status, d.PublishAt, d.EndAt = catalog.Scheduled, publish, end }),
		doc("prd_s", "Scheduled", 100, func(d *catalog.Document) { d.Status, d.PublishAt = catalog.Scheduled, publish }),
		doc("prd_d", "Draft", 100, func(d *catalog.Document) { d.Status = catalog.Draft }),
		doc("prd_x", "Archived", 100, func(d *catalog.Document) { d.Status = catalog.Archived }),
		doc("prd_n", "Priceless", 100, func(d *catalog.Document) { d.Prices = nil }),
	)
	for when, want := range map[int64][]string{
		publish.UnixMilli() - 1: {},
		publish.UnixMilli():     {"prd_e", "prd_s"},
		end.UnixMilli() - 1:     {"prd_e", "prd_s"},
		end.UnixMilli():         {"prd_s"},
	} {
		r, err := x.Search(search.Query{Lang: "en", ListID: list}, when)
		if err != nil {
			t.Fatal(err)
		}
		got := ids(r.Hits)
		slices.Sort(got)
		if !slices.Equal(got, want) || r.Total != len(want) {
			t.Errorf("at %d: %v of %d, want %v", when, got, r.Total, want)
		}
	}
	if r := find(t, x, search.Query{Staff: true}); r.Total != 5 {
		t.Errorf("the staff find %d, want all 5", r.Total)
	}
	r := find(t, x, search.Query{Staff: true, Filters: map[string][]string{search.FacetStatus: {"draft"}}})
	if got := ids(r.Hits); !slices.Equal(got, []string{"prd_d"}) {
		t.Errorf("drafts: %v", got)
	}
	if r := find(t, x, search.Query{Filters: map[string][]string{search.FacetStatus: {"active"}}}); r.Total != 0 {
		t.Errorf("a shopper filters by status and finds %d", r.Total)
	}
}

func TestSearch_refusesTheAbsurd(t *testing.T) {
	x := index(doc("prd_a", "Linen shirt", 100))
	long := func(n int, s string) string { return string(slices.Repeat([]byte(s), n)) }
	many := make(map[string][]string)
	for i := range 21 {
		many["option:"+strconv.Itoa(i)] = []string{"x"}
	}
	for name, q := range map[string]search.Query{
		"10 kB of text":           {Text: long(10_000, "a")},
		"201 characters":          {Text: long(201, "é"[:1]) + "é"},
		"not UTF-8":               {Text: "\xff"},
		"21 facets":               {Filters: many},
		"51 values":               {Filters: map[string][]string{"brand": slices.Repeat([]string{"x"}, 51)}},
		"limit":                   {Limit: 101},
		"negative limit":          {Limit: -1},
		"order":                   {Sort: "price; DROP TABLE"},
		"cursor":                  {After: "???"},
		"cursor of 10 kB":         {After: long(10_000, "a")},
		"cursor backwards":        {Before: "???"},
		"cursor of another order": {After: "eyJzIjoibmFtZSJ9"},
	} {
		q.Lang, q.ListID = "en", list
		if _, err := x.Search(q, now); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Malformed) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	// Many words and stars cost nothing and are no fault.
	if r := find(t, x, search.Query{Text: long(99, "* ")}); r.Total != 0 {
		t.Errorf("stars find %d", r.Total)
	}
	if r := find(t, x, search.Query{Text: long(50, "lin ")}); r.Total != 1 {
		t.Errorf("50 words find %d", r.Total)
	}
}

func TestIndex_replacesWithoutGhosts(t *testing.T) {
	x := index(doc("prd_a", "Linen shirt", 5000), doc("prd_b", "Wool coat", 9000))
	x.Put("prd_a", doc("prd_a", "Cotton shirt", 6000))
	x.Put("prd_b", nil)
	if r := find(t, x, search.Query{Text: "linen"}); r.Total != 0 {
		t.Errorf("the old name finds %d", r.Total)
	}
	if r := find(t, x, search.Query{Text: "cotton"}); r.Total != 1 || r.Hits[0].Card.Prices[0].Min != 6000 {
		t.Errorf("the new name finds %d", r.Total)
	}
	if r := find(t, x, search.Query{}); r.Total != 1 {
		t.Errorf("%d products, want 1", r.Total)
	}
}

// shopDocs draws a small shop in which facets overlap.
func shopDocs(t *rapid.T) ([]*catalog.Document, []custom.Field, *catalog.Tree) {
	tree := catalog.NewTree([]catalog.Category{
		{ID: "cat_a", Name: en("A")}, {ID: "cat_b", ParentID: "cat_a", Name: en("B")}, {ID: "cat_c", ParentID: "cat_a", Name: en("C")}, {ID: "cat_d", Name: en("D")},
	})
	fields := []custom.Field{
		{
			Owner: custom.Product, Code: "material", Kind: custom.Choice, Facet: true, Searchable: true, Name: en("Material"),
			Choices: []custom.Option{{Code: "linen", Name: en("Linen")}, {Code: "wool", Name: en("Wool")}},
		},
		{Owner: custom.Product, Code: "height", Kind: custom.Number, Facet: true, Unit: "cm", Name: en("Height")},
		{Owner: custom.Product, Code: "washable", Kind: custom.Truth, Facet: true, Name: en("Washable")},
		{Owner: custom.Variant, Code: "tint", Kind: custom.Colour, Facet: true, Name: en("Tint")},
		{Owner: custom.Variant, Code: "volume", Kind: custom.Number, Facet: true, Unit: "l", Name: en("Volume")},
	}
	n := rapid.IntRange(0, 40).Draw(t, "products")
	docs := make([]*catalog.Document, n)
	for i := range docs {
		label := func(s string) string { return fmt.Sprintf("%s %d", s, i) }
		words := rapid.SampledFrom([]string{"linen shirt", "wool coat", "shirt", "lamp", "linen lamp"}).Draw(t, label("name"))
		docs[i] = doc(fmt.Sprintf("prd_%03d", i), words, 0, func(d *catalog.Document) {
			d.Brand = rapid.SampledFrom([]string{"", "Aure", "Bask"}).Draw(t, label("brand"))
			d.CreatedAt = d.CreatedAt.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, label("created"))) * time.Hour)
			if rapid.IntRange(0, 9).Draw(t, label("status")) == 0 {
				d.Status = catalog.Draft
			}
			d.Fields = custom.Values{}
			if m := rapid.SampledFrom([]string{"", "linen", "wool"}).Draw(t, label("material")); m != "" {
				d.Fields["material"] = custom.OfCode(m)
			}
			if h := rapid.Int64Range(-1, 5).Draw(t, label("height")); h >= 0 {
				d.Fields["height"] = custom.OfNumber(h * 10_000_000)
			}
			if rapid.Bool().Draw(t, label("has washable")) {
				d.Fields["washable"] = custom.OfTruth(rapid.Bool().Draw(t, label("washable")))
			}
			d.Variants = make([]catalog.DocumentVariant, rapid.IntRange(1, 3).Draw(t, label("variants")))
			for v := range d.Variants {
				d.Variants[v].ID = fmt.Sprintf("%s_%d", d.ID, v)
				if tint := rapid.SampledFrom([]string{"", "#aa0000", "#00bb00"}).Draw(t, label("tint")); tint != "" {
					d.Variants[v].Fields = custom.Values{"tint": custom.OfCode(tint)}
				}
				if l := rapid.Int64Range(-1, 3).Draw(t, label("volume")); l >= 0 {
					if d.Variants[v].Fields == nil {
						d.Variants[v].Fields = custom.Values{}
					}
					d.Variants[v].Fields["volume"] = custom.OfNumber(l * 1_000_000)
				}
				size := rapid.SampledFrom([]string{"", "s", "m"}).Draw(t, label("size"))
				if size == "" {
					continue
				}
				at := slices.IndexFunc(d.Choices, func(c catalog.DocumentChoice) bool { return c.Value == size })
				if at < 0 {
					at = len(d.Choices)
					d.Choices = append(d.Choices, catalog.DocumentChoice{Option: "size", OptionName: en("Size"), Value: size, ValueName: en(size)})
				}
				d.Variants[v].Choices = []int{at}
			}
			prices := make([]*catalog.DocumentPrice, len(d.Variants))
			for v := range prices {
				if n := rapid.Int64Range(-1, 9).Draw(t, label("price")); n >= 0 {
					prices[v] = &catalog.DocumentPrice{Amount: money.Minor(n * 500), Available: rapid.Bool().Draw(t, label("available"))}
				}
				if v > 0 && rapid.Bool().Draw(t, label("the same")) {
					prices[v] = prices[v-1]
				}
			}
			priced(d, prices...)
			for _, c := range []string{"cat_a", "cat_b", "cat_c", "cat_d"} {
				if rapid.IntRange(0, 3).Draw(t, label(c)) == 0 {
					d.Placements = append(d.Placements, catalog.Placement{ID: c, Position: rapid.SampledFrom([]int{0, 1, catalog.Unplaced}).Draw(t, label("position"))})
				}
			}
		})
	}
	return docs, fields, tree
}

// naive are the values of a document by facet, worked out the plain way.
func naive(d *catalog.Document, tree *catalog.Tree) map[string][]string {
	v := make(map[string][]string)
	if d.Brand != "" {
		v[search.FacetBrand] = []string{d.Brand}
	}
	for _, p := range d.Placements {
		for _, n := range tree.Path(p.ID) {
			if !slices.Contains(v[search.FacetCategory], n.ID) {
				v[search.FacetCategory] = append(v[search.FacetCategory], n.ID)
			}
		}
	}
	if m, ok := d.Fields["material"]; ok {
		v["field:material"] = []string{m.Code}
	}
	if w, ok := d.Fields["washable"]; ok {
		v["field:washable"] = []string{strconv.FormatBool(w.Truth)}
	}
	return v
}

// ofVariant are the values of a variant by facet.
func ofVariant(d *catalog.Document, i int) map[string][]string {
	v := make(map[string][]string)
	for _, c := range d.Variants[i].Choices {
		v["option:size"] = []string{d.Choices[c].Value}
	}
	if c, ok := d.Variants[i].Fields["tint"]; ok {
		v["variant:tint"] = []string{c.Code}
	}
	return v
}

// passes reports whether a document has one variant that passes every filter,
// the document's own properties included. Of the availability it is all
// variants that pass the rest that tell: one that can be bought is enough to
// be in stock, and sold out is what none of them can be.
func passes(d *catalog.Document, tree *catalog.Tree, filters map[string][]string, ranges map[string]search.Range) bool {
	in := func(r search.Range, n int64) bool {
		return (r.Min == nil || n >= *r.Min) && (r.Max == nil || n <= *r.Max)
	}
	number := func(v custom.Values, code string) bool {
		r, asked := ranges["field:"+code]
		if !asked {
			r, asked = ranges["variant:"+code]
		}
		n, has := v[code]
		return !asked || (has && in(r, n.Number))
	}
	if d.Status != catalog.Active || len(d.Prices) == 0 || !number(d.Fields, "height") {
		return false
	}
	found, buyable := false, false
	for i, v := range d.Variants {
		ok := number(v.Fields, "volume")
		have := naive(d, tree)
		for key, values := range ofVariant(d, i) {
			have[key] = values
		}
		for key, chosen := range filters {
			if key != search.FacetAvailability && chosen != nil && !overlap(have[key], chosen) {
				ok = false
			}
		}
		if r, asked := ranges[search.FacetPrice]; asked && (len(v.Prices) == 0 || !in(r, int64(v.Prices[0].Amount))) {
			ok = false
		}
		found = found || ok
		buyable = buyable || ok && len(v.Prices) > 0 && v.Prices[0].Available
	}
	asked := filters[search.FacetAvailability]
	return found && (asked == nil || slices.Contains(asked, search.InStock) && buyable || slices.Contains(asked, search.SoldOut) && !buyable)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// What is chosen of several options has to meet in one variant.
func TestSearch_oneVariantHasItAll(t *testing.T) {
	shirt := func(id string, variants ...[2]string) *catalog.Document {
		return doc(id, "Shirt", 1000, func(d *catalog.Document) {
			d.Variants = nil
			at := func(option, value string) int {
				i := slices.IndexFunc(d.Choices, func(c catalog.DocumentChoice) bool { return c.Option == option && c.Value == value })
				if i < 0 {
					i = len(d.Choices)
					d.Choices = append(d.Choices, catalog.DocumentChoice{Option: option, OptionName: en(option), Value: value, ValueName: en(value)})
				}
				return i
			}
			for i, v := range variants {
				d.Variants = append(d.Variants, catalog.DocumentVariant{ID: fmt.Sprint(id, i), Choices: []int{at("size", v[0]), at("colour", v[1])}})
			}
		})
	}
	x := index(shirt("prd_both", [2]string{"m", "red"}, [2]string{"l", "blue"}), shirt("prd_crossed", [2]string{"l", "red"}, [2]string{"m", "blue"}), shirt("prd_one", [2]string{"l", "red"}))
	size := func(s ...string) map[string][]string { return map[string][]string{"option:size": s} }
	with := func(f map[string][]string, colour ...string) map[string][]string {
		f["option:colour"] = colour
		return f
	}
	counts := func(r search.Result, key string) string {
		var text string
		for _, f := range r.Facets {
			if f.Key == key {
				for _, v := range f.Values {
					text += fmt.Sprintf("%s %d ", v.Key, v.Count)
				}
			}
		}
		return text
	}
	for name, tt := range map[string]struct {
		filters       map[string][]string
		want          []string
		sizes, colour string
	}{
		"one option":            {size("m"), []string{"prd_crossed", "prd_both"}, "l 3 m 2 ", "blue 1 red 1 "},
		"two that meet":         {with(size("m"), "red"), []string{"prd_both"}, "l 2 m 1 ", "blue 1 red 1 "},
		"either of two colours": {with(size("m"), "red", "blue"), []string{"prd_crossed", "prd_both"}, "l 3 m 2 ", "blue 1 red 1 "},
		"one that nobody made":  {with(size("xl"), "red"), []string{}, "l 2 m 1 ", "red 0 "},
	} {
		t.Run(name, func(t *testing.T) {
			r := find(t, x, search.Query{Filters: tt.filters})
			if got := ids(r.Hits); !slices.Equal(got, tt.want) || r.Total != len(tt.want) {
				t.Errorf("found %v of %d, want %v", got, r.Total, tt.want)
			}
			if got := counts(r, "option:size"); got != tt.sizes {
				t.Errorf("sizes %q, want %q", got, tt.sizes)
			}
			if got := counts(r, "option:colour"); got != tt.colour {
				t.Errorf("colours %q, want %q", got, tt.colour)
			}
		})
	}
}

// TestSearch_countsLikeBruteForce draws shops and queries and compares hits,
// order, pages and every facet's counts with a plain evaluation.
func TestSearch_countsLikeBruteForce(t *testing.T) {
	choices := map[string][]string{
		search.FacetBrand: {"Aure", "Bask", "Nobody"}, search.FacetCategory: {"cat_a", "cat_b", "cat_d"}, search.FacetAvailability: {search.InStock, search.SoldOut},
		"option:size": {"s", "m", "xl"}, "field:material": {"linen", "wool"}, "field:washable": {"true", "false"}, "variant:tint": {"#aa0000", "#00bb00"}, "field:unknown": {"x"},
	}
	keys := []string{search.FacetBrand, search.FacetCategory, search.FacetAvailability, "option:size", "field:material", "field:washable", "variant:tint", "field:unknown"}
	rapid.Check(t, func(t *rapid.T) {
		docs, fields, tree := shopDocs(t)
		x := search.NewIndex([]string{"en", "de"}, fields, tree, docs)
		for i := range docs { // some are replaced, some go
			switch rapid.IntRange(0, 9).Draw(t, "then") {
			case 0:
				docs[i].Brand = "Bask"
				x.Put(docs[i].ID, docs[i])
			case 1:
				x.Put(docs[i].ID, nil)
				docs[i] = nil
			}
		}
		q := search.Query{Lang: "en", ListID: list, Limit: rapid.IntRange(1, 10).Draw(t, "limit"), Filters: map[string][]string{}, Ranges: map[string]search.Range{}}
		ofVariants := rapid.Bool().Draw(t, "of variants only")
		for _, key := range keys {
			often := 3
			if ofVariants {
				often = 1
				if !slices.Contains([]string{search.FacetAvailability, "option:size", "variant:tint"}, key) {
					continue
				}
			}
			if rapid.IntRange(0, often).Draw(t, "filter "+key) == 0 {
				q.Filters[key] = rapid.SliceOfNDistinct(rapid.SampledFrom(choices[key]), 1, len(choices[key]), rapid.ID[string]).Draw(t, key)
			}
		}
		if rapid.Bool().Draw(t, "by price") {
			from := rapid.Int64Range(0, 3000).Draw(t, "from")
			q.Ranges[search.FacetPrice] = search.Range{Min: at(from), Max: at(from + rapid.Int64Range(0, 3000).Draw(t, "span"))}
		}
		if rapid.IntRange(0, 3).Draw(t, "by height") == 0 {
			q.Ranges["field:height"] = search.Range{Max: at(rapid.Int64Range(0, 5).Draw(t, "to") * 10_000_000)}
		}
		if rapid.IntRange(0, 3).Draw(t, "by volume") == 0 {
			q.Ranges["variant:volume"] = search.Range{Min: at(rapid.Int64Range(0, 3).Draw(t, "least") * 1_000_000)}
		}
		q.Category = rapid.SampledFrom([]string{"", "", "cat_a", "cat_c", "cat_none"}).Draw(t, "category")
		q.Text = rapid.SampledFrom([]string{"", "", "linen", "lin", "shirt linen"}).Draw(t, "text")
		q.Sort = rapid.SampledFrom([]search.Sort{search.Newest, search.PriceUp, search.PriceDown, search.ByName, search.Featured}).Draw(t, "sort")

		var asked []*catalog.Document // in the category, with the words
		for _, d := range docs {
			if d == nil {
				continue
			}
			in := naive(d, tree)[search.FacetCategory]
			words := d.Name["en"] + " " + d.Fields["material"].Code
			for _, n := range in {
				words += " " + tree.Find(n).Name["en"]
			}
			has := func(word string) bool { return slices.Contains(search.Terms(words), word) }
			if (q.Category == "" || slices.Contains(in, q.Category)) && (q.Text == "" || has("linen")) && (q.Text != "shirt linen" || has("shirt")) {
				asked = append(asked, d)
			}
		}
		// narrowed counts what is found when one filter is another.
		narrowed := func(key string, chosen []string, r *search.Range) (n int) {
			filters, ranges := maps.Clone(q.Filters), maps.Clone(q.Ranges)
			if r == nil {
				filters[key] = chosen
			} else {
				ranges[key] = *r
			}
			for _, d := range asked {
				if passes(d, tree, filters, ranges) {
					n++
				}
			}
			return n
		}
		var want []*catalog.Document
		for _, d := range asked {
			if passes(d, tree, q.Filters, q.Ranges) {
				want = append(want, d)
			}
		}
		position := func(d *catalog.Document) int {
			for _, p := range d.Placements {
				if p.ID == q.Category {
					return p.Position
				}
			}
			return catalog.Unplaced
		}
		slices.SortFunc(want, func(a, b *catalog.Document) int {
			c := 0
			switch q.Sort {
			case search.PriceUp:
				c = int(a.Prices[0].Min - b.Prices[0].Min)
			case search.PriceDown:
				c = int(b.Prices[0].Min - a.Prices[0].Min)
			case search.ByName:
				c = cmpString(a.Name["en"], b.Name["en"])
			case search.Featured:
				c = position(a) - position(b)
			}
			if c == 0 {
				c = b.CreatedAt.Compare(a.CreatedAt)
			}
			if c == 0 {
				c = cmpString(b.ID, a.ID)
			}
			return c
		})
		wantIDs := []string{}
		for _, d := range want {
			wantIDs = append(wantIDs, d.ID)
		}

		got := []string{}
		var first, last search.Result
		for page := 0; ; page++ {
			r, err := x.Search(q, now)
			if err != nil {
				t.Fatal(err)
			}
			if page == 0 {
				first = r
			}
			if r.Total != len(want) {
				t.Fatalf("total %d, want %d", r.Total, len(want))
			}
			if (r.Previous == "") != (page == 0 || len(r.Hits) == 0) {
				t.Fatalf("page %d has the way back %q", page, r.Previous)
			}
			got = append(got, ids(r.Hits)...)
			if q.After = r.Next; q.After == "" {
				last = r
				break
			}
		}
		back := ids(last.Hits)
		for r := last; r.Previous != "" && len(back) <= len(want); {
			q.Before = r.Previous
			var err error
			if r, err = x.Search(q, now); err != nil {
				t.Fatal(err)
			}
			if r.Total != len(want) || len(r.Hits) != q.Limit || r.Next == "" {
				t.Fatalf("backwards: %d of %d hits, next %q", len(r.Hits), r.Total, r.Next)
			}
			back = append(ids(r.Hits), back...)
		}
		if diff := cmp.Diff(got, back); diff != "" {
			t.Fatalf("backwards (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantIDs, got); diff != "" {
			t.Fatalf("hits (-want +got):\n%s", diff)
		}
		// What a count says is what choosing it, and nothing else of its facet,
		// finds.
		for _, f := range first.Facets {
			if f.IsRange {
				covered := 0
				for _, b := range f.Buckets {
					if n := narrowed(f.Key, nil, &search.Range{Min: &b.Min, Max: &b.Max}); b.Count != n {
						t.Fatalf("%s %d to %d: %d, want %d", f.Key, b.Min, b.Max, b.Count, n)
					}
					covered += b.Count
				}
				if all := narrowed(f.Key, nil, &search.Range{Min: &f.Min, Max: &f.Max}); covered < all {
					t.Fatalf("%s: the steps hold %d, want all %d", f.Key, covered, all)
				}
				for _, beyond := range []search.Range{{Max: at(f.Min - 1)}, {Min: at(f.Max + 1)}} {
					if n := narrowed(f.Key, nil, &beyond); n > 0 && len(f.Buckets) > 0 {
						t.Fatalf("%s is said to be %d to %d, and %d products are beyond", f.Key, f.Min, f.Max, n)
					}
				}
				continue
			}
			listed := make(map[string]bool)
			for _, v := range f.Values {
				listed[v.Key] = true
				if n := narrowed(f.Key, []string{v.Key}, nil); v.Count != n {
					t.Fatalf("%s %s: %d, want %d", f.Key, v.Key, v.Count, n)
				}
			}
			if f.Key == search.FacetCategory {
				continue // lists what is below the one asked for only
			}
			for _, v := range choices[f.Key] {
				if n := narrowed(f.Key, []string{v}, nil); n > 0 && !listed[v] {
					t.Fatalf("%s lacks %s, which has %d", f.Key, v, n)
				}
			}
		}
	})
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestIndex_readersAndWriters is for the race detector: everybody at once.
func TestIndex_readersAndWriters(t *testing.T) {
	docs, fields, tree := goods(200)
	x := search.NewIndex([]string{"en", "de"}, fields, tree, docs)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 100 {
				if i == 0 {
					d := *docs[j]
					x.Put(d.ID, &d)
					continue
				}
				r, err := x.Search(search.Query{Lang: "de", ListID: list, Text: []string{"", "word1"}[j%2], Category: []string{"", "cat_01"}[j%3%2]}, now)
				if err != nil {
					t.Error(err)
				}
				seen := make(map[string]bool)
				for _, h := range r.Hits {
					if seen[h.Card.ID] {
						t.Errorf("%s is found twice", h.Card.ID)
					}
					seen[h.Card.ID] = true
				}
			}
		})
	}
	wg.Wait()
}
