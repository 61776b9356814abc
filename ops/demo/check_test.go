package demo_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/demo"
)

// checker collects what is wrong with a demo.
type checker struct {
	*demo.Demo
	found []string
}

func (c *checker) bad(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// problems lists everything that is wrong with a demo, as sentences.
func problems(d *demo.Demo) []string {
	c := &checker{Demo: d}
	for _, check := range []func(){
		c.languages, c.names, c.categories, c.products, c.variants, c.collections, c.pictures, c.home, c.delivery, c.variety, c.style,
	} {
		check()
	}
	return c.found
}

// languages: every text says something in every language and nothing else.
func (c *checker) languages() {
	want := slices.Sorted(slices.Values(c.Shop.Languages))
	optional := map[string]bool{"Home.Body": true, "Home.Action": true}
	walk(reflect.ValueOf(c.Demo).Elem(), "", func(path string, t locale.Text) {
		if len(t) == 0 && optional[noIndex.ReplaceAllString(path, "")] {
			return
		}
		var langs []string
		for lang, s := range t {
			langs = append(langs, lang)
			if s == "" || s != strings.TrimSpace(s) || strings.Contains(s, "  ") || !utf8.ValidString(s) {
				c.bad("%s.%s is empty or has stray spaces: %q", path, lang, s)
			}
		}
		slices.Sort(langs)
		if !slices.Equal(langs, want) {
			c.bad("%s is in %v, want %v", path, langs, want)
		}
		if t["en"] == t["de"] && len(t["en"]) > 25 {
			c.bad("%s was not translated: %q", path, t["en"])
		}
	})
}

var noIndex = regexp.MustCompile(`\[\d+\]`)

// walk calls fn for every text below v.
func walk(v reflect.Value, path string, fn func(string, locale.Text)) {
	if t, ok := v.Interface().(locale.Text); ok {
		fn(path, t)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, fn)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			walk(v.Field(i), name, fn)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), fn)
		}
	}
}

// unique reports names that occur twice.
func (c *checker) unique(what string, names []string) {
	seen := make(map[string]bool)
	for _, n := range names {
		if seen[n] || n == "" {
			c.bad("%s %q is empty or there twice", what, n)
		}
		seen[n] = true
	}
}

func each[T any](list []T, name func(T) string) (names []string) {
	for _, x := range list {
		names = append(names, name(x))
	}
	return names
}

// names: what names a thing names one thing, in the addresses too.
func (c *checker) names() {
	c.unique("field", each(c.Fields, func(f custom.Field) string { return string(f.Owner) + " " + f.Code }))
	c.unique("category", each(c.Categories, func(x demo.Category) string { return x.Code }))
	c.unique("product", each(c.Products, func(x demo.Product) string { return x.Handle }))
	c.unique("collection", each(c.Collections, func(x demo.Collection) string { return x.Code }))
	c.unique("image", each(c.Images, func(x demo.Image) string { return x.ID }))
	c.unique("image file", each(c.Images, func(x demo.Image) string { return x.File }))
	c.unique("page", each(c.Pages, func(x demo.Page) string { return x.Code }))
	var skus []string
	for _, p := range c.Products {
		for _, v := range p.Variants {
			skus = append(skus, catalog.FoldSKU(v.SKU))
		}
	}
	c.unique("SKU", skus)
	for _, lang := range c.Shop.Languages {
		c.unique("address of a product in "+lang, each(c.Products, func(x demo.Product) string { return slug.Make(lang, x.Name[lang]) }))
		c.unique("address of a category in "+lang, each(c.Categories, func(x demo.Category) string { return slug.Make(lang, x.Name[lang]) }))
		c.unique("address of a page in "+lang, each(c.Pages, func(x demo.Page) string { return slug.Make(lang, x.Title[lang]) }))
	}
}

func (c *checker) category(code string) (demo.Category, bool) {
	i := slices.IndexFunc(c.Categories, func(x demo.Category) bool { return x.Code == code })
	if i < 0 {
		return demo.Category{}, false
	}
	return c.Categories[i], true
}

// categories: two levels, parents first, none empty.
func (c *checker) categories() {
	for i, x := range c.Categories {
		c.image("category "+x.Code, x.Image)
		if x.Parent == "" {
			continue
		}
		parent, ok := c.category(x.Parent)
		at := slices.IndexFunc(c.Categories, func(y demo.Category) bool { return y.Code == x.Parent })
		switch {
		case !ok || at > i:
			c.bad("category %s comes before its parent %q", x.Code, x.Parent)
		case parent.Parent != "":
			c.bad("category %s is on a third level", x.Code)
		case !slices.ContainsFunc(c.Products, func(p demo.Product) bool { return p.Category == x.Code }):
			c.bad("category %s is empty", x.Code)
		}
	}
}

// image checks that a picture is there.
func (c *checker) image(where, id string) {
	if !slices.ContainsFunc(c.Images, func(i demo.Image) bool { return i.ID == id }) {
		c.bad("%s: no image %q", where, id)
	}
}

func (c *checker) definitions(owner custom.Owner) (defs custom.Definitions) {
	for _, f := range c.Fields {
		if f.Owner == owner {
			defs = append(defs, f)
		}
	}
	return defs
}

// fields checks values against their definitions.
func (c *checker) fields(where string, owner custom.Owner, values custom.Values) {
	if _, err := c.definitions(owner).Check(values, nil); err != nil {
		c.bad("%s: %v", where, err)
	}
}

var hsCode = regexp.MustCompile(`^\d{6}$`)

func (c *checker) products() {
	for _, f := range c.Fields {
		if err := f.Check(); err != nil {
			c.bad("field %s: %v", f.Code, err)
		}
	}
	for _, p := range c.Products {
		if x, ok := c.category(p.Category); !ok || x.Parent == "" {
			c.bad("%s: no category %q on the second level", p.Handle, p.Category)
		}
		if !slices.Contains([]catalog.Status{"", catalog.Scheduled, catalog.Archived}, p.Status) || (p.Status == catalog.Scheduled) != (p.PublishInDays > 0) {
			c.bad("%s: status %q and %d days do not go together", p.Handle, p.Status, p.PublishInDays)
		}
		if !hsCode.MatchString(p.HSCode) || !market.KnownCountry(p.Origin) {
			c.bad("%s: tariff number %q or origin %q", p.Handle, p.HSCode, p.Origin)
		}
		if len(p.Tags) == 0 || len(p.Fields) == 0 || len(p.Variants) == 0 || len(p.Images) == 0 || len(p.Related) < 2 {
			c.bad("%s: tags, fields, variants, images or related goods are missing", p.Handle)
		}
		c.fields(p.Handle, custom.Product, p.Fields)
		for _, id := range p.Images {
			c.image(p.Handle, id)
		}
		c.unique("image of "+p.Handle, p.Images)
		c.unique("product related to "+p.Handle, p.Related)
		for _, h := range p.Related {
			if h == p.Handle || !c.has(h) {
				c.bad("%s: related to %q", p.Handle, h)
			}
		}
	}
}

func (c *checker) has(handle string) bool {
	return slices.ContainsFunc(c.Products, func(p demo.Product) bool { return p.Handle == handle })
}

var hexColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (c *checker) variants() {
	for _, p := range c.Products {
		for _, o := range p.Options {
			c.unique("value of "+p.Handle+" "+o.Code, each(o.Values, func(v demo.Value) string { return v.Code }))
			for _, v := range o.Values {
				if (o.Code == "colour") != hexColour.MatchString(v.Colour) {
					c.bad("%s: swatch of %s is %q", p.Handle, v.Code, v.Colour)
				}
				if !slices.ContainsFunc(p.Variants, func(x demo.Variant) bool { return slices.Contains(x.Values, v.Code) }) {
					c.bad("%s: nothing to be had in %s", p.Handle, v.Code)
				}
			}
		}
		c.unique("combination of "+p.Handle, each(p.Variants, func(v demo.Variant) string { return "=" + strings.Join(v.Values, "+") }))
		for _, v := range p.Variants {
			if len(v.Values) != len(p.Options) {
				c.bad("%s has %d values", v.SKU, len(v.Values))
				continue
			}
			for i, code := range v.Values {
				if !slices.ContainsFunc(p.Options[i].Values, func(x demo.Value) bool { return x.Code == code }) {
					c.bad("%s: no value %q", v.SKU, code)
				}
			}
			if v.Price <= 0 || v.CompareAt != 0 && v.CompareAt <= v.Price || v.Stock < 0 || v.Grams <= 0 || slices.Min(v.SizeMM[:]) <= 0 {
				c.bad("%s: price %d, compared with %d, %d in stock, %d g, %v mm", v.SKU, v.Price, v.CompareAt, v.Stock, v.Grams, v.SizeMM)
			}
			if v.Image != "" && !slices.Contains(p.Images, v.Image) {
				c.bad("%s: image %q is not among the product's", v.SKU, v.Image)
			}
			c.fields(v.SKU, custom.Variant, v.Fields)
			if len(v.Fields) == 0 {
				c.bad("%s has no fields", v.SKU)
			}
		}
	}
}

func (c *checker) collections() {
	for _, x := range c.Collections {
		c.image("collection "+x.Code, x.Image)
		if (x.Rule == nil) == (len(x.Products) == 0) {
			c.bad("collection %s is neither by hand nor by rule, or both", x.Code)
		}
		for _, h := range x.Products {
			if !c.has(h) {
				c.bad("collection %s: no product %q", x.Code, h)
			}
		}
		c.unique("product of collection "+x.Code, x.Products)
		if x.Rule == nil {
			continue
		}
		n := 0
		for _, p := range c.Products {
			f := catalog.Facts{Tags: p.Tags, Fields: p.Fields, Brand: p.Brand, Categories: []string{p.Category}, Priced: true, Price: int64(p.Variants[0].Price)}
			if x.Rule.Matches(f) {
				n++
			}
		}
		if n < 4 {
			c.bad("collection %s: the rule finds %d products", x.Code, n)
		}
	}
}

// pictures: every picture is used somewhere.
func (c *checker) pictures() {
	used := make(map[string]bool)
	for _, p := range c.Products {
		for _, id := range p.Images {
			used[id] = true
		}
	}
	for _, x := range c.Categories {
		used[x.Image] = true
	}
	for _, x := range c.Collections {
		used[x.Image] = true
	}
	for _, x := range c.Home {
		used[x.Image] = true
	}
	for _, i := range c.Images {
		if !used[i.ID] {
			c.bad("image %s is used nowhere", i.ID)
		}
		if i.Width < 480 || i.Width > 1600 || i.Height < 480 {
			c.bad("image %s is %d × %d", i.ID, i.Width, i.Height)
		}
	}
}

func (c *checker) home() {
	for i, b := range c.Home {
		where := fmt.Sprintf("block %d", i)
		if b.Image != "" {
			c.image(where, b.Image)
		}
		kinds := map[string][]string{"home": {"hero", "categories", "products", "story"}, "announcement": {"notice"}}
		if !slices.Contains(kinds[b.Place], b.Kind) {
			c.bad("%s: kind %q in place %q", where, b.Kind, b.Place)
		}
		kind, code, _ := strings.Cut(b.Target, ":")
		ok := false
		switch kind {
		case "":
			ok = b.Kind == "categories"
		case "category":
			_, ok = c.category(code)
		case "collection":
			ok = slices.ContainsFunc(c.Collections, func(x demo.Collection) bool { return x.Code == code })
		case "page":
			ok = slices.ContainsFunc(c.Pages, func(x demo.Page) bool { return x.Code == code })
		}
		if !ok {
			c.bad("%s leads to %q", where, b.Target)
		}
	}
	for _, want := range []string{"about", "delivery", "returns", "privacy", "terms", "imprint", "contact"} {
		if !slices.ContainsFunc(c.Pages, func(x demo.Page) bool { return x.Code == want }) {
			c.bad("no page %s", want)
		}
	}
	for _, p := range c.Pages {
		if !slices.Contains([]string{"shop", "help", "legal"}, p.Menu) {
			c.bad("page %s is in menu %q", p.Code, p.Menu)
		}
	}
}

// delivery: everything for sale can be sent everywhere.
func (c *checker) delivery() {
	var zones []shipping.Zone
	for _, z := range c.Shipping {
		countries := []string(z.Countries)
		if slices.Equal(countries, []string{"EU"}) {
			countries = market.EU()
		}
		zone := shipping.Zone{ID: z.Name}
		for _, country := range countries {
			zone.Places = append(zone.Places, shipping.Place{Country: country})
		}
		for _, m := range z.Methods {
			method := shipping.Method{ID: m.Code, Code: m.Code, Name: m.Name, Kind: shipping.ByWeight, Currency: c.Shop.Currency, FreeFrom: m.FreeFrom, DaysMin: m.Days[0], DaysMax: m.Days[1], Active: true}
			for _, r := range m.Rates {
				method.Rates = append(method.Rates, shipping.Rate{MaxGrams: r[0], Price: minor(r[1])})
			}
			if err := method.Validate(); err != nil {
				c.bad("method %s of %s: %v", m.Code, z.Name, err)
			}
			zone.Methods = append(zone.Methods, method)
		}
		zones = append(zones, zone)
	}
	for _, p := range c.Products {
		for _, v := range p.Variants {
			for _, country := range []string{"DE", "AT", "FR"} {
				if err := shipping.Serves(zones, place(country), shipping.Parcel{Grams: v.Grams, Value: v.Price, Currency: c.Shop.Currency}); err != nil {
					c.bad("%s to %s: %s", v.SKU, country, fault.Reason(err))
				}
			}
		}
	}
}

// variety: the shop shows what a shop can have.
func (c *checker) variety() {
	n := make(map[string]int)
	for _, p := range c.Products {
		n[string(p.Status)]++
		var stock int64
		for _, v := range p.Variants {
			stock += v.Stock
			if v.Stock > 0 && v.Stock <= 3 {
				n["low"]++
			}
			if v.CompareAt > 0 {
				n["reduced"]++
			}
			if v.Stock == 0 && len(p.Variants) > 1 {
				n["one variant sold out"]++
			}
			if v.Image == "" && len(p.Variants) > 1 {
				n["variant without a photo"]++
			}
		}
		if stock == 0 && p.Status == "" {
			n["sold out"]++
		}
		if len(p.Options) == 2 {
			n["two options"]++
			if all := len(p.Options[0].Values) * len(p.Options[1].Values); len(p.Variants) < all {
				n["sparse"]++
			}
		}
	}
	if total := len(c.Products); total < 55 || total > 75 {
		c.bad("%d products", total)
	}
	for what, want := range map[string]int{
		string(catalog.Scheduled): 1, string(catalog.Archived): 1, "sold out": 1, "one variant sold out": 1, "low": 10, "reduced": 4, "two options": 1, "sparse": 1, "variant without a photo": 1,
	} {
		if n[what] < want {
			c.bad("%d × %s, want %d", n[what], what, want)
		}
	}
}

// stock phrases and what gives away a machine.
var phrases = regexp.MustCompile(`(?i)welcome to|discover|elevate|unleash|perfect (for|choice)|must-have|game.?chang|state.of.the.art|cutting.edge|high.quality|premium|look no further|experience the|willkommen|entdecken|perfekt|hochwertig|must.have|einzigartig|erleben sie|ideal für|!|—`)

// style: lengths that fit where the words are shown, and nothing worn out.
func (c *checker) style() {
	limit := func(where string, t locale.Text, from, to int) {
		for lang, s := range t {
			if n := utf8.RuneCountInString(s); n < from || n > to {
				c.bad("%s.%s has %d characters, want %d to %d: %s", where, lang, n, from, to, s)
			}
			if m := phrases.FindString(s); m != "" {
				c.bad("%s.%s says %q", where, lang, m)
			}
		}
	}
	for _, p := range c.Products {
		limit(p.Handle+" name", p.Name, 4, 40)
		limit(p.Handle+" subtitle", p.Subtitle, 15, 90)
		limit(p.Handle+" description", p.Description, 120, 620)
		limit(p.Handle+" SEO title", p.SEOTitle, 10, 60)
		limit(p.Handle+" SEO description", p.SEODescription, 40, 160)
		for lang, s := range p.Description {
			if n := len(sentence.FindAllString(s, -1)); n < 2 || n > 7 {
				c.bad("%s description.%s has %d sentences", p.Handle, lang, n)
			}
		}
	}
	for _, x := range c.Categories {
		limit(x.Code+" name", x.Name, 3, 30)
		limit(x.Code+" description", x.Description, 15, 240)
		limit(x.Code+" SEO description", x.SEODescription, 20, 160)
	}
	for _, x := range c.Collections {
		limit(x.Code+" description", x.Description, 15, 240)
		limit(x.Code+" SEO description", x.SEODescription, 20, 160)
	}
	for _, i := range c.Images {
		limit(i.ID+" alt", i.Alt, 15, 125)
		for lang, s := range i.Alt {
			if first, _, _ := strings.Cut(strings.ToLower(s), " "); slices.Contains([]string{"image", "picture", "photo", "bild", "foto"}, first) {
				c.bad("%s alt.%s begins with %q", i.ID, lang, first)
			}
		}
	}
	for _, p := range c.Pages {
		limit(p.Code+" body", p.Body, 200, 6000)
		limit(p.Code+" SEO description", p.SEODescription, 20, 160)
	}
	for i, b := range c.Home {
		limit(fmt.Sprintf("block %d title", i), b.Title, 5, 90)
		limit(fmt.Sprintf("block %d body", i), b.Body, 20, 300)
	}
}

var sentence = regexp.MustCompile(`[^\s.?:]{2,}[.?](\s|$)`)
