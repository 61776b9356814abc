package api

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/kit/fault"
)

// split parts "option:colour:blue" into a facet's key and the rest.
func split(s string) (key, rest string, ok bool) {
	key, rest, ok = strings.Cut(s, ":")
	switch key {
	case "option", "field", "variant":
		code, value, more := strings.Cut(rest, ":")
		return key + ":" + code, value, more && code != ""
	}
	return key, rest, ok && key != ""
}

// narrow reads filters and ranges into a query.
func (a *API) narrow(q *search.Query, filters, ranges []string) error {
	var form fault.Form
	q.Filters, q.Ranges = make(map[string][]string), make(map[string]search.Range)
	for _, s := range filters {
		key, value, ok := split(s)
		if !ok || value == "" || (key == search.FacetStatus && !q.Staff) {
			form.Add("filter", "api.filter")
			continue
		}
		q.Filters[key] = append(q.Filters[key], value)
	}
	for _, s := range ranges {
		key, value, ok := split(s)
		from, to, both := strings.Cut(value, "..")
		r, good := search.Range{}, ok && both && from+to != ""
		if _, twice := q.Ranges[key]; twice {
			good = false
		}
		for _, end := range []struct {
			text string
			at   **int64
		}{{from, &r.Min}, {to, &r.Max}} {
			if end.text == "" || !good {
				continue
			}
			n, ok := number(key, end.text)
			*end.at, good = &n, ok
		}
		if !good {
			form.Add("range", "api.range")
			continue
		}
		q.Ranges[key] = r
	}
	return form.Err()
}

// number reads an end of a range: minor units of a price, millionths of any
// other number.
func number(key, s string) (int64, bool) {
	n, ok := custom.ParseDecimal(s)
	if key != search.FacetPrice || !ok {
		return n, ok
	}
	return n / 1_000_000, n%1_000_000 == 0 && !strings.Contains(s, ".")
}

// facet is something to narrow the products by.
type facet struct {
	Key    string               `json:"key" doc:"What filter or range begins with."`
	Name   string               `json:"name"`
	Kind   string               `json:"kind" enum:"values range"`
	Values kit.List[facetValue] `json:"values"`
	Range  *facetRange          `json:"range,omitempty"`
}

type facetValue struct {
	Key    string `json:"key" doc:"The value to filter by."`
	Name   string `json:"name"`
	Colour string `json:"colour,omitempty"`
	Depth  int    `json:"depth" doc:"Of a category below the one asked for, from 0."`
	Count  int    `json:"count" doc:"How many products choosing it brings."`
	Chosen bool   `json:"chosen"`
}

// facetRange is in the units that range takes: whole smallest units of a
// price, decimals of any other number.
type facetRange struct {
	Min     string           `json:"min"`
	Max     string           `json:"max"`
	Unit    string           `json:"unit,omitempty" doc:"Of a number; the currency of a price."`
	Buckets kit.List[bucket] `json:"buckets"`
}

type bucket struct {
	Min    string `json:"min"`
	Max    string `json:"max"`
	Count  int    `json:"count"`
	Chosen bool   `json:"chosen"`
}

func (v visit) facet(f search.Facet) facet {
	out := facet{Key: f.Key, Name: v.text(f.Name), Kind: "values"}
	if key := "api.facet." + f.Key; v.p.Has(key) {
		out.Name = v.p.T(key)
	}
	if !f.IsRange {
		out.Values = kit.Each(f.Values, func(w search.FacetValue) facetValue {
			name := v.text(w.Name)
			switch {
			case name != "":
			case f.Key == search.FacetAvailability || f.Key == search.FacetStatus:
				name = v.p.T("api.facet." + f.Key + "." + w.Key)
			default:
				name = cmp.Or(f.Kind.Label(w.Key, v.p), w.Key)
			}
			return facetValue{w.Key, name, w.Colour, w.Depth, w.Count, w.Chosen}
		})
		return out
	}
	say, unit := custom.Decimal, f.Unit
	if f.Key == search.FacetPrice {
		say, unit = func(n int64) string { return strconv.FormatInt(n, 10) }, v.market.Currency
	}
	out.Kind = "range"
	out.Range = &facetRange{say(f.Min), say(f.Max), unit, kit.Each(f.Buckets, func(b search.Bucket) bucket {
		return bucket{say(b.Min), say(b.Max), b.Count, b.Chosen}
	})}
	return out
}
