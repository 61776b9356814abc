package search

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/catalog"
)

// buffer is the scratch memory of one query.
type buffer struct {
	score   []uint32 // by document; only touched ones are not zero
	matched []uint8  // words of the query a document has, by document
	touched []uint32
	counts  []uint32 // by value
	chosen  []uint64 // by value: the bit of the filter it satisfies
	counted []uint64 // by value: the last document of which it was counted, see seen
	seen    uint64   // documents of which values were counted so far, ever
	every   []uint32 // 0, 1, 2 …
	prices  []spot
	numbers [][]spot // by number field
	lacking []uint64 // of the document at hand: what each variant does not pass
	differ  []planRange
}

// spot is where a document stands in a range.
type spot struct {
	n   int64
	doc uint32
	// not says that the document does not count where this spot is, whatever
	// its other spots are.
	not bool
}

func (x *index) buffer() *buffer {
	b, _ := x.buffers.Get().(*buffer)
	if b == nil {
		b = new(buffer)
	}
	if len(b.score) < len(x.docs) {
		b.score = make([]uint32, len(x.docs)+len(x.docs)/8+64)
		b.matched = make([]uint8, len(b.score))
	}
	if len(b.counts) < len(x.values) {
		b.counts = make([]uint32, len(x.values)+len(x.values)/8+64)
		b.chosen = make([]uint64, len(b.counts))
		b.counted = make([]uint64, len(b.counts))
	}
	return b
}

func (x *index) release(b *buffer) {
	for _, doc := range b.touched {
		b.score[doc], b.matched[doc] = 0, 0
	}
	b.touched = b.touched[:0]
	clear(b.counts)
	b.prices = b.prices[:0]
	for i := range b.numbers {
		b.numbers[i] = b.numbers[i][:0]
	}
	x.buffers.Put(b)
}

// run answers a checked query as of now. The caller holds the lock for
// reading.
func (x *index) run(q Query, from *mark, now int64) Result {
	b := x.buffer()
	defer x.release(b)
	docs, variants := x.candidates(b, q)
	p := x.plan(b, q, now)
	defer p.forget(b)
	top := newTop(x, q, from, b)
	for i := len(docs) - 1; i >= 0; i-- { // what is new tends to come first, so the heap changes seldom
		doc := docs[i]
		e := &x.docs[doc]
		if !e.live || !p.shows(e, doc) {
			continue
		}
		failing := p.failing(doc)
		if failing == 0 {
			top.offer(doc)
		}
		if !q.NoFacets {
			p.count(doc, failing)
		}
	}
	r := Result{Total: top.total}
	r.Hits, r.Next, r.Previous = top.page(variants)
	if !q.NoFacets {
		r.Facets = p.facets()
	}
	return r
}

// candidates lists the documents that have the words and are in the category
// or collection asked for, in ascending order unless there is a text; and the
// variants whose code the text is.
func (x *index) candidates(b *buffer, q Query) (docs []uint32, variants map[uint32]string) {
	if q.Text == "" {
		switch {
		case q.Category != "":
			return x.in(FacetCategory, q.Category), nil
		case q.Collection != "":
			return x.in(facetCollection, q.Collection), nil
		}
		for i := len(b.every); i < len(x.docs); i++ {
			b.every = append(b.every, uint32(i))
		}
		return b.every[:len(x.docs)], nil
	}
	return x.match(b, q)
}

// in lists what is in a category or a collection.
func (x *index) in(facetKey, id string) []uint32 {
	n, ok := x.valueAt[valueKey{x.facetAt[facetKey], id}]
	if !ok {
		return nil
	}
	return x.values[n].docs
}

func (x *index) has(doc uint32, value uint32) bool {
	return slices.Contains(x.vals[x.offs[doc]:x.offs[doc+1]], value)
}

// match scores the documents that have every word of the text, exactly or as
// the beginning of a longer one, and those one of whose codes it is.
func (x *index) match(b *buffer, q Query) ([]uint32, map[uint32]string) {
	lang := q.Lang
	if x.text[lang] == nil {
		lang = x.fallback
	}
	vocabulary := x.text[lang]
	groups := split(q.Text)
	words := uint8(0)
	for i, g := range groups {
		first, least := words, minBeginning
		if q.Complete && i == len(groups)-1 {
			least = 1
		}
		for j, w := range g.words {
			if j == len(g.words)-1 && len(w) >= least {
				x.mark(b, w, vocabulary.from(w), words, words+1)
			} else {
				x.mark(b, w, vocabulary.is(w), words, words+1)
			}
			words++
		}
		if g.code != "" {
			x.mark(b, g.code, vocabulary.from(g.code), first, words)
		}
	}
	variants := make(map[uint32]string)
	whole := code(q.Text)
	for _, hit := range x.codes[whole] {
		if variants[hit.doc] == "" {
			variants[hit.doc] = hit.variant
		}
	}
	docs := make([]uint32, 0, len(b.touched))
	text := strings.Join(strings.Fields(fold(q.Text)), " ")
	begin := text + " "
	li := slices.Index(x.langs, lang)
	for _, doc := range b.touched {
		if words == 0 || b.matched[doc] != words || !x.docs[doc].live {
			continue
		}
		docs = append(docs, doc)
		switch named := x.docs[doc].names[li].folded; {
		case named == text:
			b.score[doc] += 200_000
		case strings.HasPrefix(named, begin):
			b.score[doc] += 20_000
		}
	}
	for doc := range variants {
		if !x.docs[doc].live {
			delete(variants, doc)
			continue
		}
		if words == 0 || b.matched[doc] != words {
			docs = append(docs, doc)
			if b.matched[doc] == 0 && b.score[doc] == 0 {
				b.touched = append(b.touched, doc)
			}
		}
		b.score[doc] += 100_000_000 // an exact code comes before everything
	}
	return x.scoped(docs, q), variants
}

// scoped keeps what is in the category and the collection.
func (x *index) scoped(docs []uint32, q Query) []uint32 {
	for _, s := range [][2]string{{FacetCategory, q.Category}, {facetCollection, q.Collection}} {
		if s[1] == "" {
			continue
		}
		n, ok := x.valueAt[valueKey{x.facetAt[s[0]], s[1]}]
		if !ok {
			return nil
		}
		docs = slices.DeleteFunc(docs, func(doc uint32) bool { return !x.has(doc, n) })
	}
	return docs
}

// group is what stands between two spaces of a text. A document has it when it
// has all its words, or its code, if there is one: "AB-12" is "ab" and "12", and
// also the SKU that is written "AB12". The last word and the code may be the
// beginning of a longer one.
type group struct {
	words []string
	code  string // "" for a group that is one word
}

const (
	// minBeginning is the shortest word that stands for every word which
	// begins with it, in bytes.
	minBeginning = 3
	// minCode is the shortest code that a group of several words is taken for,
	// in bytes: "4.2" is not the size 42.
	minCode = 3
)

// split reads the groups of a text, with MaxWords words at most.
func split(text string) []group {
	var groups []group
	left := MaxWords
	for _, s := range strings.Fields(text) {
		g := group{words: terms(s)}
		if len(g.words) > 1 && len(code(s)) >= minCode {
			g.code = code(s)
		}
		if len(g.words) > left {
			g.words = g.words[:left]
		}
		if left -= len(g.words); len(g.words) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// mark notes that documents which have the first n words have the next ones up
// to the to-th: they have one of the terms, which are w or begin with it. A
// longer term weighs the less the longer it is; the first that a document has
// counts.
func (x *index) mark(b *buffer, w string, terms []*listing, n, to uint8) {
	found := 0
	for _, e := range terms {
		found += len(e.postings)
	}
	if found == 0 {
		return
	}
	rarity := uint32(bits.Len(uint(len(x.docs)/found))) + 1 // a logarithm is enough
	for _, e := range terms {
		share, of := uint32(2*len(e.term)), uint32(2*len(e.term))
		if e.term != w {
			share = uint32(len(w))
		}
		for _, p := range e.postings {
			had := b.matched[p.doc]
			if had < n || had >= to {
				continue
			}
			if had == 0 {
				b.touched = append(b.touched, p.doc)
			}
			b.matched[p.doc] = to
			b.score[p.doc] += uint32(p.weight) * rarity * share / of
		}
	}
}

// plan is a query's filters, translated.
type plan struct {
	x      *index
	q      Query
	b      *buffer
	now    int64
	price  *priceCol
	values []uint32 // whose b.chosen is set
	all    uint64   // the bits of all filters
	own    uint64   // of these, the ones on what variants have: one variant has to pass them all
	facet  []uint64 // the bit of the filter on each facet, 0 for none
	ranges []planRange
	number []uint64 // the bit of the range of each number field
	money  uint64   // the bit of the price's range
	stock  uint64   // the bit of availability
	wants  [2]bool
	out    bool // only what is sold out is asked for
	inOut  [2]int
}

type planRange struct {
	Range
	bit    uint64
	column *column
}

func (x *index) plan(b *buffer, q Query, now int64) *plan {
	p := &plan{x: x, q: q, b: b, now: now, price: x.prices[q.ListID], facet: make([]uint64, len(x.facets)), number: make([]uint64, len(x.numbers))}
	for len(b.numbers) < len(x.numbers) {
		b.numbers = append(b.numbers, nil)
	}
	next := uint64(1)
	for _, key := range sorted(q.Filters) {
		chosen := q.Filters[key]
		if len(chosen) == 0 {
			continue
		}
		bit := next
		next <<= 1
		p.all |= bit
		if key == FacetAvailability {
			p.stock = bit
			p.wants = [2]bool{slices.Contains(chosen, InStock), slices.Contains(chosen, SoldOut)}
			p.out = p.wants[1] && !p.wants[0]
			if p.price != nil {
				p.own |= bit
			}
			continue
		}
		f, ok := x.facetAt[key]
		if !ok || (key == FacetStatus && !q.Staff) {
			continue // nothing has the bit, so nothing is found
		}
		p.facet[f] = bit
		if x.facets[f].variant {
			p.own |= bit
		}
		for _, c := range chosen {
			if n, ok := x.valueAt[valueKey{f, c}]; ok && b.chosen[n] == 0 {
				b.chosen[n] = bit
				p.values = append(p.values, n)
			}
		}
	}
	for _, key := range sorted(q.Ranges) {
		r := planRange{Range: q.Ranges[key], bit: next}
		next <<= 1
		p.all |= r.bit
		if key == FacetPrice {
			p.money = r.bit
			if p.price != nil {
				r.column = &p.price.column
			}
		}
		for i, c := range x.numbers {
			if c.key == key {
				r.column, p.number[i] = c, r.bit
			}
		}
		if r.column != nil && r.column.variant {
			p.own |= r.bit
		}
		p.ranges = append(p.ranges, r)
	}
	return p
}

// forget takes the marks of the plan out of the buffer.
func (p *plan) forget(b *buffer) {
	for _, n := range p.values {
		b.chosen[n] = 0
	}
}

// shows reports whether whoever asks may see the document at all.
func (p *plan) shows(e *entry, doc uint32) bool {
	if p.q.Staff {
		return true
	}
	if e.visibleFrom > p.now || e.visibleTo <= p.now {
		return false
	}
	return p.q.ListID == "" || (p.price != nil && p.price.at(doc) != missing)
}

// failing is the set of filters a document does not pass. Of a document with
// several variants it is what the best of them does not pass: a red one in L
// and a blue one in M are no red one in M, and a cheap one that is sold out
// beside a dear one in stock is no cheap one in stock. It leaves what each
// variant does not pass in b.lacking, if that may matter.
func (p *plan) failing(doc uint32) uint64 {
	b := p.b
	b.lacking, b.differ = b.lacking[:0], b.differ[:0]
	if p.all == 0 {
		return 0
	}
	x := p.x
	variants := x.docs[doc].variants
	var passed uint64
	for _, n := range x.vals[x.offs[doc]:x.offs[doc+1]] {
		passed |= b.chosen[n]
	}
	lacks := p.own // what every variant does not pass, as far as they are all the same
	for _, r := range p.ranges {
		if r.column == nil {
			continue
		}
		if variants != nil && r.column.variants(doc) != nil {
			b.differ = append(b.differ, r)
			passed |= r.bit // perhaps
			continue
		}
		if n := r.column.at(doc); n != missing && r.holds(n) {
			passed |= r.bit
			lacks &^= r.bit
		}
	}
	var available []bool
	if p.stock != 0 {
		in := p.price != nil && p.price.has(doc)
		if variants != nil && p.price != nil {
			available = p.price.availables(doc)
		}
		switch {
		case available != nil:
			passed |= p.stock // perhaps
		case (in && p.wants[0]) || (!in && p.wants[1]):
			passed |= p.stock
			lacks &^= p.stock
		}
	}
	failing := p.all &^ passed
	if variants == nil || p.own == 0 || failing&(failing-1) != 0 || (failing != 0 && p.q.NoFacets) {
		return failing
	}
	least, blocked := p.own, false
	for i, values := range variants {
		lacks := lacks
		for _, n := range values {
			lacks &^= b.chosen[n]
		}
		for _, r := range b.differ {
			if n := r.column.each[doc][i]; n != missing && r.holds(n) {
				lacks &^= r.bit
			}
		}
		if available != nil && ((available[i] && p.wants[0]) || (!available[i] && p.wants[1])) {
			lacks &^= p.stock
		}
		b.lacking = append(b.lacking, lacks)
		if bits.OnesCount64(lacks) < bits.OnesCount64(least) {
			least = lacks
		}
		blocked = blocked || lacks == p.stock
	}
	if p.out && blocked {
		least = p.stock // one that can be bought passes all the rest
	}
	return failing&^p.own | least
}

// count adds a document to the counts of each facet that does not stand in
// its way: to all when it passes every filter, to one when only that one's
// filter keeps it out.
func (p *plan) count(doc uint32, failing uint64) {
	if failing&(failing-1) != 0 {
		return // two filters keep it out
	}
	x, b := p.x, p.b
	if len(b.lacking) > 0 {
		p.countVariants(doc, failing)
		return
	}
	if failing == 0 {
		for _, n := range x.vals[x.offs[doc]:x.offs[doc+1]] {
			b.counts[n]++
		}
	} else {
		for _, n := range x.vals[x.offs[doc]:x.offs[doc+1]] {
			if p.facet[x.facetOf[n]] == failing {
				b.counts[n]++
			}
		}
	}
	if p.price != nil {
		if failing == 0 || p.money == failing {
			b.prices = p.price.spots(b.prices, doc)
		}
		if failing == 0 || p.stock == failing {
			p.inOut[b2i(!p.price.has(doc))]++
		}
	}
	for i, c := range x.numbers {
		if failing == 0 || p.number[i] == failing {
			b.numbers[i] = c.spots(b.numbers[i], doc)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spots appends where a document and its variants stand.
func (c *column) spots(list []spot, doc uint32) []spot {
	each := c.variants(doc)
	if each == nil {
		if n := c.at(doc); n != missing {
			list = append(list, spot{n: n, doc: doc})
		}
		return list
	}
	for _, n := range each {
		if n != missing {
			list = append(list, spot{n: n, doc: doc})
		}
	}
	return list
}

// countVariants adds a document of which some variants may pass and others
// not: what a variant has counts when the variant passes every other filter.
// When only what is sold out is asked for, it does not count after all if
// another variant has it too, passes as well and can be bought.
func (p *plan) countVariants(doc uint32, failing uint64) {
	x, b := p.x, p.b
	for _, n := range x.vals[x.offs[doc]:x.offs[doc+1]] {
		if f := x.facetOf[n]; !x.facets[f].variant && (failing == 0 || p.facet[f] == failing) {
			b.counts[n]++
		}
	}
	for i, c := range x.numbers {
		if !c.variant && (failing == 0 || p.number[i] == failing) {
			b.numbers[i] = c.spots(b.numbers[i], doc)
		}
	}
	if failing&^p.own != 0 {
		return
	}
	b.seen++
	if p.out {
		for i, lacks := range b.lacking {
			if lacks&p.stock != 0 {
				p.countVariant(doc, i, lacks&^p.stock, true)
			}
		}
	}
	asked, in := false, false
	for i, lacks := range b.lacking {
		p.countVariant(doc, i, lacks, false)
		if p.price != nil && lacks&^p.stock == 0 {
			asked, in = true, in || p.price.in(doc, i)
		}
	}
	if asked {
		p.inOut[b2i(!in)]++
	}
}

// in reports whether a variant is available.
func (p *priceCol) in(doc uint32, variant int) bool {
	if each := p.availables(doc); each != nil {
		return each[variant]
	}
	return p.has(doc)
}

// countVariant adds what one variant has, or, with not, keeps the rest from
// adding it.
func (p *plan) countVariant(doc uint32, variant int, lacks uint64, not bool) {
	if lacks&(lacks-1) != 0 {
		return
	}
	x, b := p.x, p.b
	for _, n := range x.docs[doc].variants[variant] {
		if lacks&^p.facet[x.facetOf[n]] == 0 && b.counted[n] != b.seen {
			b.counted[n] = b.seen
			if !not {
				b.counts[n]++
			}
		}
	}
	if p.price != nil && lacks&^p.money == 0 {
		b.prices = p.price.spot(b.prices, doc, variant, not)
	}
	for i, c := range x.numbers {
		if c.variant && lacks&^p.number[i] == 0 {
			b.numbers[i] = c.spot(b.numbers[i], doc, variant, not)
		}
	}
}

// spot appends where a variant stands.
func (c *column) spot(list []spot, doc uint32, variant int, not bool) []spot {
	n := c.at(doc)
	if each := c.variants(doc); each != nil {
		n = each[variant]
	}
	if n == missing {
		return list
	}
	s := spot{n, doc, not}
	if len(list) > 0 && list[len(list)-1] == s {
		return list
	}
	return append(list, s)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// top keeps the best hits in a heap whose root is the worst of them.
type top struct {
	x     *index
	q     Query
	b     *buffer
	from  *mark // the cursor; nil on the first page
	back  bool  // it is asked for what comes before the cursor
	limit int
	heap  []place
	total int
	lang  int
	scope uint32
	price *priceCol
}

type place struct {
	doc    uint32
	number int64
}

func newTop(x *index, q Query, from *mark, b *buffer) *top {
	t := &top{x: x, q: q, b: b, from: from, back: q.Before != "", limit: q.Limit + 1, price: x.prices[q.ListID], scope: math.MaxUint32}
	t.lang = max(0, slices.Index(x.langs, q.Lang))
	for _, s := range [][2]string{{facetCollection, q.Collection}, {FacetCategory, q.Category}} {
		if n, ok := x.valueAt[valueKey{x.facetAt[s[0]], s[1]}]; ok && s[1] != "" {
			t.scope = n
		}
	}
	return t
}

// number is what a document is sorted by first, ascending.
func (t *top) number(doc uint32) int64 {
	switch t.q.Sort {
	case Relevance:
		return -int64(t.b.score[doc])
	case Featured:
		for _, p := range t.x.docs[doc].placed {
			if p.value == t.scope {
				return int64(p.position)
			}
		}
		return catalog.Unplaced
	case PriceUp, PriceDown:
		n := int64(missing)
		if t.price != nil {
			n = t.price.at(doc)
		}
		if n == missing {
			return math.MaxInt64 // without a price: last, either way
		}
		if t.q.Sort == PriceDown {
			return -n
		}
		return n
	}
	return 0
}

func (t *top) compare(a, b place) int {
	if a.number != b.number {
		return cmp.Compare(a.number, b.number)
	}
	x, y := &t.x.docs[a.doc], &t.x.docs[b.doc]
	if t.q.Sort == ByName {
		if c := bytes.Compare(x.names[t.lang].key, y.names[t.lang].key); c != 0 {
			return c
		}
	}
	if x.created != y.created {
		return cmp.Compare(y.created, x.created)
	}
	return cmp.Compare(y.card.ID, x.card.ID)
}

// nearer orders hits by how far they are from the cursor, on the side that is
// asked for.
func (t *top) nearer(a, b place) int {
	if t.back {
		return t.compare(b, a)
	}
	return t.compare(a, b)
}

// past reports whether a document is on the side of the cursor that is asked
// for.
func (t *top) past(p place) bool {
	if t.from == nil {
		return true
	}
	e := &t.x.docs[p.doc]
	c := cmp.Compare(p.number, t.from.Number)
	if c == 0 && t.q.Sort == ByName {
		c = bytes.Compare(e.names[t.lang].key, t.from.Name)
	}
	c = cmp.Or(c, cmp.Compare(t.from.Created, e.created), cmp.Compare(t.from.ID, e.card.ID))
	if t.back {
		return c < 0
	}
	return c > 0
}

// offer counts a hit and keeps it if it is among those nearest to the cursor.
func (t *top) offer(doc uint32) {
	t.total++
	p := place{doc, t.number(doc)}
	if len(t.heap) == t.limit && t.nearer(p, t.heap[0]) >= 0 {
		return
	}
	if !t.past(p) {
		return
	}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, p)
		for i := len(t.heap) - 1; i > 0; {
			parent := (i - 1) / 2
			if t.nearer(t.heap[i], t.heap[parent]) <= 0 {
				break
			}
			t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
			i = parent
		}
		return
	}
	t.heap[0] = p
	for i := 0; ; {
		worst := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(t.heap) && t.nearer(t.heap[child], t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// page is the hits of a page in order, and the cursors of what comes after and
// before them.
func (t *top) page(variants map[uint32]string) (hits []Hit, next, previous string) {
	slices.SortFunc(t.heap, t.compare)
	more := len(t.heap) == t.limit // on the side that is asked for
	switch {
	case more && t.back:
		t.heap = t.heap[1:]
	case more:
		t.heap = t.heap[:t.limit-1]
	}
	if n := len(t.heap); n > 0 {
		if t.back || more {
			next = t.mark(t.heap[n-1])
		}
		if t.back && more || !t.back && t.from != nil {
			previous = t.mark(t.heap[0])
		}
	}
	hits = make([]Hit, len(t.heap))
	for i, p := range t.heap {
		hits[i] = Hit{Card: t.x.docs[p.doc].card, VariantID: variants[p.doc]}
	}
	return hits, next, previous
}

// mark is the cursor that remembers a hit's place.
func (t *top) mark(p place) string {
	e := &t.x.docs[p.doc]
	m := mark{Sort: t.q.Sort, Number: p.number, Created: e.created, ID: e.card.ID}
	if t.q.Sort == ByName {
		m.Name = e.names[t.lang].key
	}
	return m.encode()
}
