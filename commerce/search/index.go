package search

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
)

// index holds documents under ascending numbers. A changed product gets a new
// number and its old one dies; everything else is only ever appended to, so
// that lists stay sorted without being rewritten. Too many dead numbers, and
// it is built anew (see Service).
type index struct {
	mu sync.RWMutex

	langs    []string
	fallback string
	fields   []custom.Field // product and variant fields that are facets or searchable
	tree     *catalog.Tree

	docs []entry
	byID map[string]uint32
	dead int

	// What documents can be narrowed by is one list of numbered values; the
	// values of document d are vals[offs[d]:offs[d+1]].
	facets  []facet
	facetAt map[string]uint32
	values  []value
	valueAt map[valueKey]uint32
	vals    []uint32
	offs    []uint32

	facetOf []uint32 // of each value

	numbers []*column            // number fields
	prices  map[string]*priceCol // by price list

	text  map[string]*vocabulary
	codes map[string][]codeHit // SKUs and GTINs

	variantAt map[string]uint32

	bulk      bool
	collators map[string]*collate.Collator
	buffers   sync.Pool
}

// entry is a document.
type entry struct {
	card        *catalog.Card
	live        bool
	visibleFrom int64 // milliseconds; never for what only the staff see
	visibleTo   int64 // the first millisecond of its end
	created     int64
	placed      []placed // where it was arranged by hand
	names       []name   // by language
	// variants are the values each variant has of what variants differ in;
	// nil when there is one variant only, whose values are the document's.
	variants [][]uint32
}

type placed struct {
	value    uint32 // a category or a collection
	position int32
}

type name struct {
	folded string
	key    []byte // sorts as the language does
}

// never is an instant that does not come.
const never = math.MaxInt64

type facet struct {
	key     string
	name    locale.Text
	ordered bool // values keep their positions; else the most frequent comes first
	hidden  bool
	variant bool        // a variant has its values, not the whole product
	kind    custom.Kind // of a field
}

type valueKey struct {
	facet uint32
	key   string
}

type value struct {
	facet    uint32
	key      string
	name     locale.Text
	colour   string
	position int
	docs     []uint32 // for categories and collections only
}

// column is a number of each document; missing where it has none.
type column struct {
	key     string
	field   custom.Field
	variant bool    // a variant has it, not the whole product
	of      []int64 // the lowest
	// each are the numbers of a document's variants, missing where one has
	// none; nil when they are all the same.
	each [][]int64
}

const missing = math.MinInt64

func (c *column) at(doc uint32) int64 {
	if int(doc) >= len(c.of) {
		return missing
	}
	return c.of[doc]
}

// variants are the numbers of a document's variants; nil when they are all
// what at says.
func (c *column) variants(doc uint32) []int64 {
	if int(doc) >= len(c.each) {
		return nil
	}
	return c.each[doc]
}

func (c *column) set(doc uint32, n int64) {
	for len(c.of) < int(doc) {
		c.of = append(c.of, missing)
	}
	c.of = append(c.of, n)
}

// setEach sets what the variants of a document have.
func (c *column) setEach(doc uint32, numbers []int64) {
	lowest, same := int64(missing), true
	for _, n := range numbers {
		if n != missing && (lowest == missing || n < lowest) {
			lowest = n
		}
		same = same && n == numbers[0]
	}
	if lowest == missing {
		return
	}
	c.set(doc, lowest)
	if !same {
		c.each = at(c.each, doc, numbers)
	}
}

// forget drops what a dead document's variants have.
func (c *column) forget(doc uint32) {
	if int(doc) < len(c.each) {
		c.each[doc] = nil
	}
}

// at puts v into a list by document that has nothing yet from there on.
func at[T any](list []T, doc uint32, v T) []T {
	var none T
	for len(list) < int(doc) {
		list = append(list, none)
	}
	return append(list, v)
}

// priceCol is what the documents cost in a list.
type priceCol struct {
	column
	available []bool
	// inEach is what of a document's variants is available; nil when all of
	// them are, or none.
	inEach [][]bool
}

// has reports whether one of the variants is available.
func (p *priceCol) has(doc uint32) bool { return int(doc) < len(p.available) && p.available[doc] }

// availables says which of the variants are available; nil when has says it
// for all of them.
func (p *priceCol) availables(doc uint32) []bool {
	if int(doc) >= len(p.inEach) {
		return nil
	}
	return p.inEach[doc]
}

func (p *priceCol) put(doc uint32, o *offers) {
	p.setEach(doc, o.amounts)
	p.available = at(p.available, doc, slices.Contains(o.in, true))
	if slices.Contains(o.in, true) && slices.Contains(o.in, false) {
		p.inEach = at(p.inEach, doc, o.in)
	}
}

func (p *priceCol) forget(doc uint32) {
	p.column.forget(doc)
	if int(doc) < len(p.inEach) {
		p.inEach[doc] = nil
	}
}

// offers are what the variants of a document cost in a list.
type offers struct {
	amounts []int64
	in      []bool
}

type codeHit struct {
	doc     uint32
	variant string
}

func newIndex(langs []string, fields []custom.Field, tree *catalog.Tree) *index {
	x := &index{
		langs: langs, fallback: langs[0], fields: fields, tree: tree,
		byID: make(map[string]uint32), facetAt: make(map[string]uint32), valueAt: make(map[valueKey]uint32), offs: []uint32{0},
		prices: make(map[string]*priceCol),
		text:   make(map[string]*vocabulary), codes: make(map[string][]codeHit), variantAt: make(map[string]uint32),
		bulk: true, collators: make(map[string]*collate.Collator),
	}
	for _, lang := range langs {
		x.text[lang] = newVocabulary()
		x.collators[lang] = collate.New(language.Make(lang), collate.IgnoreCase)
	}
	for _, key := range []string{FacetCategory, FacetBrand, FacetTag, FacetStatus, facetCollection} {
		x.facetNumber(facet{key: key, ordered: key == FacetCategory || key == FacetStatus, hidden: key == facetCollection || key == FacetStatus || key == FacetTag})
	}
	for _, f := range fields {
		if f.Facet && f.Kind == custom.Number {
			x.numbers = append(x.numbers, &column{key: fieldKey(f), field: f, variant: f.Owner == custom.Variant})
		}
	}
	return x
}

// fieldKey is the facet's key of a custom field.
func fieldKey(f custom.Field) string {
	if f.Owner == custom.Variant {
		return "variant:" + f.Code
	}
	return "field:" + f.Code
}

func (x *index) facetNumber(f facet) uint32 {
	if n, ok := x.facetAt[f.key]; ok {
		return n
	}
	n := uint32(len(x.facets))
	x.facets = append(x.facets, f)
	x.facetAt[f.key] = n
	return n
}

func (x *index) valueNumber(v value) uint32 {
	key := valueKey{v.facet, v.key}
	if n, ok := x.valueAt[key]; ok {
		return n
	}
	n := uint32(len(x.values))
	x.values = append(x.values, v)
	x.facetOf = append(x.facetOf, v.facet)
	x.valueAt[key] = n
	return n
}

// settle ends the bulk of additions an index begins with.
func (x *index) settle() {
	for _, v := range x.text {
		v.settle()
	}
	x.bulk = false
}

// put replaces what the index holds of a product in one step; nil takes it
// out. The caller holds the lock.
func (x *index) put(id string, d *catalog.Document) {
	if old, ok := x.byID[id]; ok {
		x.docs[old].live = false
		x.docs[old].card, x.docs[old].variants = nil, nil
		for _, c := range x.numbers {
			c.forget(old)
		}
		for _, p := range x.prices {
			p.forget(old)
		}
		x.dead++
		delete(x.byID, id)
	}
	if d == nil {
		return
	}
	doc := uint32(len(x.docs))
	x.byID[id] = doc
	e := entry{card: &d.Card, live: true, created: d.CreatedAt.UnixMilli(), visibleFrom: never, visibleTo: never}
	switch d.Status {
	case catalog.Active:
		e.visibleFrom = math.MinInt64
	case catalog.Scheduled:
		e.visibleFrom = d.PublishAt.UnixMilli()
	}
	if !d.EndAt.IsZero() {
		e.visibleTo = d.EndAt.UnixMilli()
	}
	e.placed = x.place(doc, d)
	e.variants = x.choose(d)
	x.offs = append(x.offs, uint32(len(x.vals)))
	x.count(doc, d)
	for _, lang := range x.langs {
		text := d.Name.In(lang, x.fallback)
		// The collator's buffer is reused; the key is copied.
		var buf collate.Buffer
		e.names = append(e.names, name{fold(text), slices.Clone(x.collators[lang].KeyFromString(&buf, text))})
		x.text[lang].add(doc, x.weigh(d, lang))
	}
	for _, v := range d.Variants {
		x.variantAt[v.ID] = doc
		for _, s := range []string{code(v.SKU), code(v.GTIN)} {
			if s != "" {
				x.codes[s] = append(x.codes[s], codeHit{doc, v.ID})
			}
		}
	}
	x.docs = append(x.docs, e)
}

// place notes the categories, with all above them, and the collections.
func (x *index) place(doc uint32, d *catalog.Document) []placed {
	var list []placed
	seen := make(map[uint32]bool)
	note := func(f uint32, id string, position int) {
		n := x.valueNumber(value{facet: f, key: id})
		if position < catalog.Unplaced {
			list = append(list, placed{n, int32(position)})
		}
		if !seen[n] {
			seen[n] = true
			x.vals = append(x.vals, n)
			x.values[n].docs = append(x.values[n].docs, doc)
		}
	}
	for _, p := range d.Placements {
		if p.Collection {
			note(x.facetAt[facetCollection], p.ID, p.Position)
			continue
		}
		note(x.facetAt[FacetCategory], p.ID, p.Position)
		for _, n := range x.tree.Path(p.ID) {
			if n.ID != p.ID {
				note(x.facetAt[FacetCategory], n.ID, catalog.Unplaced)
			}
		}
	}
	return list
}

// choose notes the values of every other facet, each once, and returns those
// of each variant.
func (x *index) choose(d *catalog.Document) [][]uint32 {
	start := len(x.vals)
	note := func(f uint32, v value) uint32 {
		v.facet = f
		n := x.valueNumber(v)
		if !slices.Contains(x.vals[start:], n) {
			x.vals = append(x.vals, n)
		}
		return n
	}
	var variants [][]uint32
	if len(d.Variants) > 1 {
		variants = make([][]uint32, len(d.Variants))
	}
	if d.Brand != "" {
		note(x.facetAt[FacetBrand], value{key: d.Brand})
	}
	for _, tag := range d.Tags {
		note(x.facetAt[FacetTag], value{key: tag})
	}
	note(x.facetAt[FacetStatus], value{key: string(d.Status)})
	choices := make([]uint32, len(d.Choices))
	for i, c := range d.Choices {
		f := x.facetNumber(facet{key: "option:" + c.Option, name: c.OptionName, ordered: true, variant: true})
		choices[i] = note(f, value{key: c.Value, name: c.ValueName, colour: c.Colour, position: c.Position})
	}
	for i := range variants {
		for _, c := range d.Variants[i].Choices {
			variants[i] = append(variants[i], choices[c])
		}
	}
	for _, f := range x.fields {
		if !f.Facet {
			continue
		}
		if f.Owner == custom.Product {
			x.chooseField(f, d.Fields, note)
			continue
		}
		for i, v := range d.Variants {
			x.chooseField(f, v.Fields, func(f uint32, v value) uint32 {
				n := note(f, v)
				if variants != nil {
					variants[i] = append(variants[i], n)
				}
				return n
			})
		}
	}
	return packed(variants)
}

// packed moves lists next to each other: a query looks at all of them.
func packed(lists [][]uint32) [][]uint32 {
	all := slices.Concat(lists...)
	for i, l := range lists {
		lists[i], all = all[:len(l):len(l)], all[len(l):]
	}
	return lists
}

func (x *index) chooseField(f custom.Field, values custom.Values, note func(uint32, value) uint32) {
	v, ok := values[f.Code]
	if !ok {
		return
	}
	n := x.facetNumber(facet{key: fieldKey(f), name: f.Name, ordered: f.Kind != custom.Text && f.Kind != custom.Colour, variant: f.Owner == custom.Variant, kind: f.Kind})
	switch f.Kind {
	case custom.Choice:
		i := slices.IndexFunc(f.Choices, func(o custom.Option) bool { return o.Code == v.Code })
		if i >= 0 {
			note(n, value{key: v.Code, name: f.Choices[i].Name, position: i})
		}
	case custom.Colour:
		note(n, value{key: v.Code, colour: v.Code})
	case custom.Truth:
		position := 1
		if v.Truth {
			position = 0
		}
		note(n, value{key: strconv.FormatBool(v.Truth), position: position})
	case custom.Text:
		text := v.Text.In(x.fallback, "")
		if text != "" && len(text) <= 100 {
			note(n, value{key: text, name: v.Text})
		}
	case custom.Date:
		note(n, value{key: v.Code})
	}
}

// count fills the columns of numbers.
func (x *index) count(doc uint32, d *catalog.Document) {
	none := slices.Repeat([]int64{missing}, len(d.Variants))
	for _, c := range x.numbers {
		if !c.variant {
			if v, ok := d.Fields[c.field.Code]; ok {
				c.set(doc, v.Number)
			}
			continue
		}
		numbers := slices.Clone(none)
		for i, variant := range d.Variants {
			if v, ok := variant.Fields[c.field.Code]; ok {
				numbers[i] = v.Number
			}
		}
		c.setEach(doc, numbers)
	}
	lists := make(map[string]*offers)
	for i, v := range d.Variants {
		for _, p := range v.Prices {
			o := lists[p.ListID]
			if o == nil {
				o = &offers{slices.Clone(none), make([]bool, len(d.Variants))}
				lists[p.ListID] = o
			}
			o.amounts[i], o.in[i] = int64(p.Amount), p.Available
		}
	}
	for id, o := range lists {
		col := x.prices[id]
		if col == nil {
			col = &priceCol{column: column{variant: true}}
			x.prices[id] = col
		}
		col.put(doc, o)
	}
}

// What a word weighs by where it stands.
const (
	inName        = 400
	inCode        = 500
	inBrand       = 250
	inSubtitle    = 150
	inTag         = 150
	inCategory    = 120
	inField       = 120
	inDescription = 25
)

// weigh lists the terms of a document in a language with their weights. A
// word that stands in several places weighs what they weigh together.
func (x *index) weigh(d *catalog.Document, lang string) map[string]int {
	weights := make(map[string]int)
	note := func(text string, weight int) {
		words := terms(text)
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			weights[w] += weight
		}
	}
	text := d.Name.In(lang, x.fallback)
	note(text, inName+inName/(2*max(1, len(terms(text))))) // a word of a short name says more
	note(d.Brand, inBrand)
	note(d.Subtitle.In(lang, x.fallback), inSubtitle)
	note(strings.Join(d.Tags, " "), inTag)
	note(d.Description.In(lang, x.fallback), inDescription)
	for _, p := range d.Placements {
		if !p.Collection {
			for _, n := range x.tree.Path(p.ID) {
				if n.Visible() {
					note(n.Name.In(lang, x.fallback), inCategory)
				}
			}
		}
	}
	var choices []string
	for _, c := range d.Choices {
		choices = append(choices, c.ValueName.In(lang, x.fallback))
	}
	note(strings.Join(choices, " "), inField)
	for _, f := range x.fields {
		if !f.Searchable {
			continue
		}
		if f.Owner == custom.Product {
			note(x.fieldText(f, d.Fields, lang), inField)
			continue
		}
		for _, v := range d.Variants {
			note(x.fieldText(f, v.Fields, lang), inField)
		}
	}
	for _, v := range d.Variants {
		for _, s := range []string{code(v.SKU), code(v.GTIN)} {
			if s != "" {
				weights[s] += inCode
			}
		}
	}
	return weights
}

func (x *index) fieldText(f custom.Field, values custom.Values, lang string) string {
	v, ok := values[f.Code]
	if !ok {
		return ""
	}
	switch f.Kind {
	case custom.Text:
		return v.Text.In(lang, x.fallback)
	case custom.Choice:
		if o, ok := f.Option(v.Code); ok {
			return o.Name.In(lang, x.fallback)
		}
	case custom.Number:
		return custom.Decimal(v.Number) + " " + f.Unit
	}
	return ""
}
