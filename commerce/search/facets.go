package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
)

// maxValues bounds the values a facet lists; chosen ones are always listed.
const maxValues = 100

// facets turns the counts into what a page shows.
func (p *plan) facets() []Facet {
	x := p.x
	byFacet := make([][]uint32, len(x.facets))
	for n := range x.values {
		if v := &x.values[n]; p.b.counts[n] > 0 || p.b.chosen[n] != 0 {
			byFacet[v.facet] = append(byFacet[v.facet], uint32(n))
		}
	}
	var list []Facet
	for _, key := range p.order() {
		switch key {
		case FacetCategory:
			list = appendFacet(list, p.categories())
		case FacetPrice:
			if p.price != nil {
				list = appendFacet(list, p.span(FacetPrice, p.b.prices, nil, "", 0, 1))
			}
		case FacetAvailability:
			list = appendFacet(list, p.availability())
		default:
			if i := slices.IndexFunc(x.numbers, func(c *column) bool { return c.key == key }); i >= 0 {
				f := x.numbers[i].field
				list = appendFacet(list, p.span(key, p.b.numbers[i], f.Name, f.Unit, f.Decimals, grain(f)))
				continue
			}
			f, ok := x.facetAt[key]
			if ok && (!x.facets[f].hidden || (p.q.Staff && key != facetCollection)) {
				list = appendFacet(list, p.listed(x.facets[f], byFacet[f]))
			}
		}
	}
	return list
}

// order lists the facets' keys as pages show them: category, price,
// availability, brand, options, fields.
func (p *plan) order() []string {
	keys := []string{FacetCategory, FacetPrice, FacetAvailability, FacetBrand}
	for _, f := range p.x.facets {
		if len(f.key) > 7 && f.key[:7] == "option:" {
			keys = append(keys, f.key)
		}
	}
	for _, f := range p.x.fields {
		if f.Facet {
			keys = append(keys, fieldKey(f))
		}
	}
	return append(keys, FacetTag, FacetStatus)
}

// appendFacet leaves out a facet that cannot narrow anything.
func appendFacet(list []Facet, f Facet) []Facet {
	chosen := f.Chosen != (Range{}) || slices.ContainsFunc(f.Values, func(v FacetValue) bool { return v.Chosen })
	switch {
	case chosen:
	case f.IsRange && f.Min == f.Max:
		return list
	case !f.IsRange && len(f.Values) == 0:
		return list
	}
	return append(list, f)
}

func (p *plan) listed(f facet, numbers []uint32) Facet {
	x := p.x
	slices.SortFunc(numbers, func(a, b uint32) int {
		v, w := &x.values[a], &x.values[b]
		if f.ordered {
			return cmp.Or(cmp.Compare(v.position, w.position), cmp.Compare(v.key, w.key))
		}
		return cmp.Or(cmp.Compare(p.b.counts[b], p.b.counts[a]), cmp.Compare(v.key, w.key))
	})
	out := Facet{Key: f.key, Name: f.name, Kind: f.kind}
	for i, n := range numbers {
		v := &x.values[n]
		chosen := p.b.chosen[n] != 0
		if i >= maxValues && !chosen {
			continue
		}
		out.Values = append(out.Values, FacetValue{Key: v.key, Name: v.name, Colour: v.colour, Count: int(p.b.counts[n]), Chosen: chosen})
	}
	return out
}

// categories lists what is directly below the category asked for, and what is
// below each chosen one.
func (p *plan) categories() Facet {
	x := p.x
	f := x.facetAt[FacetCategory]
	out := Facet{Key: FacetCategory}
	var walk func(nodes []*catalog.Node, depth int)
	walk = func(nodes []*catalog.Node, depth int) {
		for _, n := range nodes {
			if !n.Visible() && !p.q.Staff {
				continue
			}
			number, ok := x.valueAt[valueKey{f, n.ID}]
			if !ok {
				continue
			}
			chosen := p.b.chosen[number] != 0
			if count := int(p.b.counts[number]); count > 0 || chosen {
				out.Values = append(out.Values, FacetValue{Key: n.ID, Name: n.Name, Depth: depth, Count: count, Chosen: chosen})
			}
			if chosen || p.chosenBelow(f, n) {
				walk(n.Children, depth+1)
			}
		}
	}
	roots := x.tree.Roots()
	if p.q.Category != "" {
		roots = nil
		if n := x.tree.Find(p.q.Category); n != nil {
			roots = n.Children
		}
	}
	walk(roots, 0)
	return out
}

func (p *plan) chosenBelow(f uint32, n *catalog.Node) bool {
	for _, id := range p.q.Filters[FacetCategory] {
		if id != n.ID && p.x.tree.Under(id, n.ID) {
			return true
		}
	}
	return false
}

func (p *plan) availability() Facet {
	out := Facet{Key: FacetAvailability}
	if p.price == nil {
		return out
	}
	for i, key := range []string{InStock, SoldOut} {
		if p.inOut[i] > 0 || p.wants[i] {
			out.Values = append(out.Values, FacetValue{Key: key, Count: p.inOut[i], Chosen: p.wants[i]})
		}
	}
	if len(out.Values) < 2 && p.stock == 0 {
		out.Values = nil // all the same: nothing to narrow
	}
	return out
}

// span makes a range facet of spots, with a handful of round steps. A document
// counts once in each step it has a spot in. grain is the smallest difference
// two numbers can have.
func (p *plan) span(key string, spots []spot, name locale.Text, unit string, decimals int, grain int64) Facet {
	chosen, isChosen := p.q.Ranges[key]
	f := Facet{Key: key, Name: name, IsRange: true, Unit: unit, Decimals: decimals, Chosen: chosen}
	f.Min, f.Max = math.MaxInt64, math.MinInt64
	for _, s := range spots {
		if !s.not {
			f.Min, f.Max = min(f.Min, s.n), max(f.Max, s.n)
		}
	}
	if f.Min > f.Max {
		f.Min, f.Max = 0, 0
		return f
	}
	step := stepOf(f.Max-f.Min, grain)
	first := floor(f.Min, step)
	counts := make([]int, floor(f.Max-first, step)/step+1)
	last := make([]uint32, len(counts)) // the document a step has met last, and one
	for _, s := range spots {
		if s.n < first || s.n >= first+int64(len(counts))*step {
			continue // only what does not count can be out there
		}
		i := (s.n - first) / step
		if last[i] != s.doc+1 && !s.not {
			counts[i]++
		}
		last[i] = s.doc + 1
	}
	for i, count := range counts {
		b := Bucket{Min: first + int64(i)*step, Max: first + int64(i+1)*step - grain, Count: count}
		b.Chosen = isChosen && chosen.Min != nil && chosen.Max != nil && *chosen.Min == b.Min && *chosen.Max == b.Max
		if count > 0 || b.Chosen {
			f.Buckets = append(f.Buckets, b)
		}
	}
	return f
}

// floor rounds n down to a multiple of step.
func floor(n, step int64) int64 {
	q := n / step
	if n%step < 0 {
		q--
	}
	return q * step
}

// stepOf is the smallest of grain times 1, 2, 5, 10, 20, 50 … that divides a
// span into at most five parts and a rest.
func stepOf(span, grain int64) int64 {
	step := grain
	for grow := 0; span/step > 5; grow++ {
		if grow%3 == 1 {
			step = step / 2 * 5
		} else {
			step *= 2
		}
	}
	return step
}

// grain is a number field's last decimal, in millionths.
func grain(f custom.Field) int64 {
	n := int64(1)
	for range 6 - f.Decimals {
		n *= 10
	}
	return n
}
