package search_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// goods is a shop of n products: 40 brands, 60 categories in two levels, two
// options, a choice, a number and a truth.
func goods(n int) ([]*catalog.Document, []custom.Field, *catalog.Tree) {
	r := rand.New(rand.NewPCG(1, 2))
	var categories []catalog.Category
	for i := range 10 {
		top := fmt.Sprintf("cat_%02d", i)
		categories = append(categories, catalog.Category{ID: top, Name: en(fmt.Sprintf("Department %d", i))})
		for j := range 5 {
			categories = append(categories, catalog.Category{ID: fmt.Sprintf("%s_%d", top, j), ParentID: top, Name: en(fmt.Sprintf("Shelf %d of %d", j, i))})
		}
	}
	var materials []custom.Option
	for i := range 12 {
		materials = append(materials, custom.Option{Code: fmt.Sprintf("m%d", i), Name: en(fmt.Sprintf("Material %d", i))})
	}
	fields := []custom.Field{
		{Owner: custom.Product, Code: "material", Kind: custom.Choice, Facet: true, Searchable: true, Choices: materials, Name: en("Material")},
		{Owner: custom.Product, Code: "height", Kind: custom.Number, Facet: true, Unit: "cm", Name: en("Height")},
		{Owner: custom.Product, Code: "washable", Kind: custom.Truth, Facet: true, Name: en("Washable")},
	}
	word := func() string { return fmt.Sprintf("word%d", int(r.ExpFloat64()*300)) }
	docs := make([]*catalog.Document, n)
	for i := range docs {
		id := fmt.Sprintf("prd_%06d", i)
		d := doc(id, "", money.Minor(500+r.IntN(20_000)))
		d.Name = locale.Text{"en": word() + " " + word() + " " + word(), "de": word() + " " + word()}
		d.Brand = fmt.Sprintf("Brand %d", r.IntN(40))
		d.CreatedAt = d.CreatedAt.Add(time.Duration(i) * time.Minute)
		text := ""
		for range 60 {
			text += word() + " "
		}
		d.Description = locale.Text{"en": text, "de": text}
		d.Placements = []catalog.Placement{{ID: categories[r.IntN(len(categories))].ID, Position: catalog.Unplaced}}
		d.Fields = custom.Values{"material": custom.OfCode(materials[r.IntN(12)].Code), "height": custom.OfNumber(r.Int64N(200) * 1_000_000), "washable": custom.OfTruth(r.IntN(2) == 0)}
		for j := range 2 + r.IntN(4) {
			d.Choices = append(d.Choices, catalog.DocumentChoice{Option: "size", OptionName: en("Size"), Value: fmt.Sprint(j), ValueName: en(fmt.Sprint(j)), Position: j})
			c := fmt.Sprint(r.IntN(16))
			d.Choices = append(d.Choices, catalog.DocumentChoice{Option: "colour", OptionName: en("Colour"), Value: c, ValueName: en("Colour " + c)})
			d.Variants = append(d.Variants, catalog.DocumentVariant{ID: fmt.Sprint(id, j), SKU: fmt.Sprintf("SKU-%d-%d", i, j), Choices: []int{2 * j, 2*j + 1}})
		}
		prices := make([]*catalog.DocumentPrice, len(d.Variants))
		dearer := r.IntN(3) == 0 // one in three has sizes at prices of their own
		for j := range prices {
			prices[j] = &catalog.DocumentPrice{Amount: d.Prices[0].Min, Available: r.IntN(5) > 0}
			if dearer {
				prices[j].Amount += money.Minor(j * 500)
			}
		}
		priced(d, prices...)
		docs[i] = d
	}
	return docs, fields, catalog.NewTree(categories)
}

// cpu is the processor time this process has used. On a machine that others use
// too it says more than the time on the wall.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measure(b *testing.B, fn func()) {
	b.ReportAllocs()
	began := cpu()
	for b.Loop() {
		fn()
	}
	b.ReportMetric(float64((cpu()-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

func BenchmarkSearch(b *testing.B) {
	docs, fields, tree := goods(10_000)
	x := search.NewIndex([]string{"en", "de"}, fields, tree, docs)
	for _, c := range []struct {
		name string
		q    search.Query
	}{
		{"everything", search.Query{}},
		{"department", search.Query{Category: "cat_03"}},
		{"department, three facets, by price", search.Query{Category: "cat_03", Sort: search.PriceUp, Filters: map[string][]string{
			"brand": {"Brand 1", "Brand 2", "Brand 3", "Brand 4"}, "option:colour": {"1", "2", "3"}, "field:washable": {"true"},
		}}},
		{"everything, three facets and a price", search.Query{
			Filters: map[string][]string{"brand": {"Brand 1", "Brand 2"}, "option:colour": {"1", "2", "3"}, "availability": {"in_stock"}},
			Ranges:  map[string]search.Range{"price": {Min: at(int64(1000)), Max: at(int64(9000))}},
		}},
		{"everything, by name", search.Query{Sort: search.ByName}},
		{"one word", search.Query{Text: "word7"}},
		{"two words", search.Query{Text: "word7 word30"}},
		{"a beginning", search.Query{Text: "word1"}},
		{"a SKU", search.Query{Text: "sku-77-1"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.Lang, c.q.ListID = "en", list
			measure(b, func() {
				if _, err := x.Search(c.q, now); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkPut(b *testing.B) {
	docs, fields, tree := goods(10_000)
	x := search.NewIndex([]string{"en", "de"}, fields, tree, docs)
	i := 0
	measure(b, func() {
		x.Put(docs[i%len(docs)].ID, docs[i%len(docs)])
		i++
	})
}

func BenchmarkBuild(b *testing.B) {
	docs, fields, tree := goods(10_000)
	measure(b, func() { search.NewIndex([]string{"en", "de"}, fields, tree, docs) })
}
