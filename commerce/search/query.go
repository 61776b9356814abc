// Package search finds goods by words and narrows them by facets. The index
// lives in memory on every node; it is built from the database at the start
// and kept fresh by the change log. Category and collection pages are answered
// by it too.
package search

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Limits of a query.
const (
	MaxText    = 200 // characters
	MaxWords   = 12  // words that count; the rest is ignored
	MaxFilters = 20  // facets narrowed at once
	MaxChosen  = 50  // values chosen of one facet
	MaxLimit   = 100
	PageSize   = 24 // the usual limit
	maxCursor  = 2000
)

// Sort is an order of hits. What is equal comes newest first.
type Sort string

// The orders. The zero value is Relevance for a text, Featured in a category
// or collection, else Newest.
const (
	Relevance Sort = "relevance"
	Featured  Sort = "featured" // as arranged by hand, then newest first
	Newest    Sort = "newest"
	PriceUp   Sort = "price"
	PriceDown Sort = "-price"
	ByName    Sort = "name"
)

// The keys of facets that every shop has. Options have "option:CODE", custom
// fields of products "field:CODE" and of variants "variant:CODE".
const (
	FacetCategory     = "category"
	FacetBrand        = "brand"
	FacetTag          = "tag"
	FacetPrice        = "price"
	FacetAvailability = "availability" // values InStock and SoldOut
	FacetStatus       = "status"       // for the staff only
	facetCollection   = "collection"
)

// The values of FacetAvailability.
const (
	InStock = "in_stock"
	SoldOut = "sold_out"
)

// Query asks for one page of hits.
type Query struct {
	Lang   string
	ListID string // the price list; products without a price in it are not found
	Text   string
	// Category and Collection restrict the hits to what is placed in a
	// category or below it, or in a collection; by id.
	Category, Collection string
	// Filters keeps the hits that have any of the chosen values, for each
	// facet. What variants have (options, their fields, price and stock) has
	// to meet in one variant. A product is sold out when no variant that
	// passes all other filters can be bought. Unknown facets and values match
	// nothing.
	Filters map[string][]string
	// Ranges keeps the hits within, for FacetPrice and number fields, in the
	// same way.
	Ranges map[string]Range
	Sort   Sort
	After  string // Result.Next of the page before
	Before string // Result.Previous of the page after; not together with After
	Limit  int    // 0 means PageSize
	// NoFacets saves the work of counting them.
	NoFacets bool
	// Staff finds products whatever their status, and without a price.
	Staff bool
	// Complete makes the last word stand for every word that begins with it,
	// however short it is: for suggestions while somebody types.
	Complete bool
}

// Range is an interval that contains both its ends: minor units for prices,
// millionths for number fields. Nil is open.
type Range struct{ Min, Max *int64 }

func (r Range) holds(n int64) bool {
	return (r.Min == nil || n >= *r.Min) && (r.Max == nil || n <= *r.Max)
}

// Result is one page of hits.
type Result struct {
	Total  int // of all pages
	Hits   []Hit
	Facets []Facet // over all pages; those that cannot narrow anything are left out
	Next   string  // the cursor of the next page, for Query.After; "" on the last
	// Previous is the cursor of the page before, for Query.Before; "" on the
	// first. A page that is reached backwards holds the hits just before the
	// cursor, so the first may be shorter than the others.
	Previous string
}

// Hit is a product that was found.
type Hit struct {
	Card *catalog.Card // shared: not to be changed
	// VariantID is the variant whose SKU or GTIN is the text, else "".
	VariantID string
}

// Facet is something to narrow the hits by. Its counts disregard what is
// chosen of the facet itself: each says what choosing that value, and nothing
// else of the facet, finds.
type Facet struct {
	Key    string
	Name   locale.Text  // of an option or a field; empty for those every shop has
	Kind   custom.Kind  // of a field; "" for everything else
	Values []FacetValue // empty for a range

	IsRange  bool
	Min, Max int64 // of what is left, for a range
	Unit     string
	Decimals int
	Buckets  []Bucket // a handful of round steps that hold something
	Chosen   Range
}

// FacetValue is one value and how many hits have it.
type FacetValue struct {
	Key    string
	Name   locale.Text // empty for brands and tags, whose key is their name
	Colour string      // "#rrggbb" or ""
	Depth  int         // of a category below the one asked for, from 0
	Count  int
	Chosen bool
}

// Bucket is a part of a range, both ends included; buckets begin and end at
// round numbers.
type Bucket struct {
	Min, Max int64
	Count    int
	Chosen   bool
}

// check refuses what no page sends and fills in what is left out.
func (q *Query) check() error {
	var form fault.Form
	switch {
	case !utf8.ValidString(q.Text):
		form.Add("q", "form.not_utf8")
	case utf8.RuneCountInString(q.Text) > MaxText:
		form.Add("q", "form.too_long", "max", MaxText)
	}
	if len(q.Filters)+len(q.Ranges) > MaxFilters {
		form.Add("filters", "search.too_many_filters", "max", MaxFilters)
	}
	for key, chosen := range q.Filters {
		if len(chosen) > MaxChosen {
			form.Add(key, "search.too_many_filters", "max", MaxChosen)
		}
	}
	if q.Limit == 0 {
		q.Limit = PageSize
	}
	if q.Limit < 0 || q.Limit > MaxLimit {
		form.Add("limit", "form.too_large", "max", MaxLimit)
	}
	if q.Sort == "" || (q.Sort == Relevance && q.Text == "") {
		switch {
		case q.Text != "":
			q.Sort = Relevance
		case q.Category != "" || q.Collection != "":
			q.Sort = Featured
		default:
			q.Sort = Newest
		}
	}
	if !slices.Contains(Sorts(), q.Sort) {
		form.Add("sort", "form.not_a_choice")
	}
	return form.Err()
}

// Sorts lists the orders.
func Sorts() []Sort { return []Sort{Relevance, Featured, Newest, PriceUp, PriceDown, ByName} }

// mark is a hit's place in its order: what a cursor remembers.
type mark struct {
	Sort    Sort   `json:"s"`
	Number  int64  `json:"n,omitempty"` // ascending
	Name    []byte `json:"k,omitempty"` // ascending
	Created int64  `json:"c"`           // descending
	ID      string `json:"i"`           // descending
}

func (m mark) encode() string {
	raw, err := json.Marshal(m)
	if err != nil {
		return "" // a mark has nothing that cannot be written
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decode(cursor string, sort Sort) (*mark, error) {
	if cursor == "" {
		return nil, nil
	}
	bad := fault.New(fault.Malformed, "search.bad_cursor")
	if len(cursor) > maxCursor {
		return nil, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, bad
	}
	m := new(mark)
	if err := json.Unmarshal(raw, m); err != nil || m.Sort != sort {
		return nil, bad
	}
	return m, nil
}
