package storefront

import (
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/kit/pan"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

func notFound() error { return fault.New(fault.NotFound, "fault.not_found") }

func gone() error { return fault.New(fault.Gone, "fault.gone") }

// category shows what is in a category and below it.
func (s *Store) category(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	f, err := s.furniture.Get(r.Context())
	if err != nil {
		return err
	}
	n := f.tree.Find(f.at(slug.Category, v.lang, r.PathValue("slug")))
	if n == nil {
		return s.elsewhere(w, r, f, slug.Category)
	}
	if !n.Visible() {
		return notFound()
	}
	page := view.CategoryPage{Name: v.text(n.Name), Description: s.Content.HTML(v.text(n.Description))}
	defs, err := s.Fields.For(r.Context(), custom.Category)
	if err != nil {
		return err
	}
	page.Fields = v.fields(defs.Shown(n.Fields))
	if n.Depth == 0 && len(n.Shown()) == 0 {
		page.Image = f.picture(v, n.MediaID)
	}
	for _, child := range n.Shown() {
		page.Children = append(page.Children, f.tile(v, child))
	}
	page.Page, err = s.page(r, textOr(v.text(n.SEOTitle), page.Name), func(lang string) string {
		if here := n.Slugs[lang]; here != "" {
			return address(lang, "c", here)
		}
		return ""
	})
	if err != nil {
		return err
	}
	page.Head.Description = v.text(n.SEODescription)
	path := n.Path()
	for _, above := range path[:len(path)-1] {
		page.Breadcrumbs = append(page.Breadcrumbs, view.Link{Label: v.text(above.Name), URL: v.categoryURL(above)})
	}
	if err := s.stand(r, &page.Page, v.categoryURL(path[0])); err != nil {
		return err
	}
	return s.showListing(w, r, page, v.categoryURL(n), search.Query{Category: n.ID, Sort: search.Featured})
}

// collection shows a selection across the tree.
func (s *Store) collection(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	f, err := s.furniture.Get(r.Context())
	if err != nil {
		return err
	}
	c := f.collection(f.at(slug.Collection, v.lang, r.PathValue("slug")))
	if c == nil {
		return s.elsewhere(w, r, f, slug.Collection)
	}
	if c.Hidden {
		return notFound()
	}
	page := view.CategoryPage{Name: v.text(c.Name), Description: s.Content.HTML(v.text(c.Description)), Image: f.picture(v, c.MediaID)}
	page.Page, err = s.page(r, textOr(v.text(c.SEOTitle), page.Name), func(lang string) string {
		if here := c.Slugs[lang]; here != "" {
			return address(lang, "collections", here)
		}
		return ""
	})
	if err != nil {
		return err
	}
	page.Head.Description = v.text(c.SEODescription)
	if err := s.stand(r, &page.Page, v.collectionURL(c)); err != nil {
		return err
	}
	return s.showListing(w, r, page, v.collectionURL(c), search.Query{Collection: c.ID, Sort: search.Featured})
}

func (s *Store) showListing(w http.ResponseWriter, r *http.Request, page view.CategoryPage, at string, q search.Query) error {
	l, err := s.listing(r, at, q)
	if err != nil {
		return err
	}
	page.Listing = l
	page.Head.NoIndex = l.Filtered() || l.Problems != nil
	page.Head.Next, page.Head.Prev = absolute(s.Base, l.Next), absolute(s.Base, l.Previous)
	browse(w)
	if wants(r, "listing") || wants(r, "results") {
		return s.fragment(w, r, understood(l), "listing", l)
	}
	return s.show(w, r, understood(l), "category", page)
}

// understood is the status of a listing's answer.
func understood(l view.Listing) int {
	if l.Problems != nil {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// searched is what the search field sends.
type searched struct {
	Text string `query:"q" max:"200"`
}

func absolute(base, path string) string {
	if path == "" {
		return ""
	}
	return base + path
}

// searchPage shows what a query finds.
func (s *Store) searchPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.ReadQuery[searched](r, formLimits())
	f := v.typed(raw, err)
	text, problem, status := in.Text, f.faults["q"], web.Status(err)
	title := v.P.T("storefront.search.label")
	if err != nil {
		status = http.StatusUnprocessableEntity
	} else if text != "" {
		title = v.P.T("storefront.search.title", "query", text)
	}
	base, err := s.page(r, title, nil)
	if err != nil {
		return err
	}
	base.Head.NoIndex, base.Head.Canonical = true, ""
	page := view.SearchPage{Page: base, Query: text}
	page.Page.Search.Query, page.Page.Search.Problem = strings.TrimSpace(raw.Get("q")), problem
	if pan.In(page.Page.Search.Query) {
		page.Page.Search.Query = "" // kept nowhere, not even on the page
	}
	at := v.url("search")
	if problem == "" && (text != "" || len(r.URL.Query()) > 0) {
		l, err := s.listing(r, at, search.Query{Text: text})
		if err != nil {
			return err
		}
		page.Listing = l
		if l.Problems != nil {
			status = understood(l)
		}
		if text != "" {
			if near, err := s.Search.Suggest(v.lang, v.Market.PriceListID, text, 1); err == nil {
				for _, n := range near.Categories {
					page.Categories = append(page.Categories, view.Link{Label: v.text(n.Name), URL: v.categoryURL(n)})
				}
			}
		}
	}
	if page.Listing.Total == 0 && !page.Listing.Filtered() {
		page.Popular = s.newest(v, 4)
	}
	browse(w)
	if wants(r, "listing") || wants(r, "results") {
		return s.fragment(w, r, status, "listing", page.Listing)
	}
	return s.show(w, r, status, "search", page)
}

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), n)])
}

// newest are the latest products; none when that cannot be known.
func (s *Store) newest(v *Visit, n int) []view.ProductCard {
	found, err := s.Search.Search(search.Query{Lang: v.lang, ListID: v.Market.PriceListID, Sort: search.Newest, Limit: n, NoFacets: true})
	if err != nil {
		return nil
	}
	var cards []view.ProductCard
	for _, h := range found.Hits {
		cards = append(cards, v.card(h.Card))
	}
	return cards
}

// suggestions answers while somebody types.
func (s *Store) suggestions(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, _, err := web.ReadQuery[searched](r, formLimits())
	if err != nil && fault.From(err).Fields[0].Reason != "payment.card_number_here" {
		return err
	}
	text := in.Text
	found, err := s.Search.Suggest(v.lang, v.Market.PriceListID, text, 6)
	if err != nil {
		return err
	}
	out := view.Suggestions{Query: text, Total: found.Total, AllURL: v.url("search") + "?" + url.Values{"q": {text}}.Encode()}
	for _, h := range found.Products {
		out.Products = append(out.Products, v.hit(h))
	}
	for _, n := range found.Categories {
		out.Categories = append(out.Categories, view.Link{Label: v.text(n.Name), URL: v.categoryURL(n)})
	}
	browse(w)
	return s.fragment(w, r, http.StatusOK, "suggestions", out)
}

// hit is a card that leads to the variant that was meant, if one was.
func (v *Visit) hit(h search.Hit) view.ProductCard {
	c := v.card(h.Card)
	if h.VariantID != "" {
		c.URL += "?" + url.Values{"variant": {h.VariantID}}.Encode()
		c.Memo = nil // it is another card now
	}
	return c
}

// sorts are the orders a listing offers and their messages.
var sorts = []struct {
	sort search.Sort
	key  string
}{
	{search.Featured, "featured"},
	{search.Relevance, "relevance"},
	{search.Newest, "newest"},
	{search.PriceUp, "price_up"},
	{search.PriceDown, "price_down"},
	{search.ByName, "name"},
}

// ordered is how a listing is read.
type ordered struct {
	Sort   string `query:"sort" oneof:"relevance featured newest price -price name"`
	After  string `query:"after" max:"2000"`
	Before string `query:"before" max:"2000"`
}

// listing answers one page of a listing at an address. q says what it is of;
// the request's query narrows and orders it. What the query says wrongly is left
// aside and told where it was typed.
func (s *Store) listing(r *http.Request, at string, q search.Query) (view.Listing, error) {
	v := s.visit(r)
	asked := r.URL.Query()
	first := q.Sort
	if q.Text != "" {
		first = search.Relevance
	}
	q.Lang, q.ListID, q.Sort = v.lang, v.Market.PriceListID, first
	in, raw, err := web.ReadQuery[ordered](r, formLimits())
	f := v.typed(raw, err)
	if in.Sort != "" {
		q.Sort = search.Sort(in.Sort)
	}
	q.After = in.After
	if q.After == "" {
		q.Before = in.Before
	}
	fields := make(map[string]bool)
	for prefix, owner := range map[string]custom.Owner{"field:": custom.Product, "variant:": custom.Variant} {
		defs, err := s.Fields.For(r.Context(), owner)
		if err != nil {
			return view.Listing{}, err
		}
		for _, def := range defs {
			fields[prefix+def.Code] = def.Facet
		}
	}
	state := s.narrow(v, &q, asked, fields, f.faults)

	found, err := s.Search.Search(q)
	lost := fault.Reason(err) == "search.bad_cursor"
	if lost || err == nil && q.Before != "" && found.Previous == "" { // the way back leads to a whole first page
		q.After, q.Before = "", ""
		found, err = s.Search.Search(q)
	}
	if err != nil {
		return view.Listing{}, err
	}
	l := view.Listing{Total: found.Total, Action: at}
	if lost || f.faults["after"] != "" || f.faults["before"] != "" {
		l.Problems = append(l.Problems, v.P.T("search.bad_cursor"))
		l.First = link(at, state)
	}
	if text := f.faults["sort"]; text != "" {
		l.Problems = append(l.Problems, v.P.T("storefront.listing.sort")+": "+text)
	}
	if q.Text != "" {
		state.Set("q", q.Text)
		l.Hidden = append(l.Hidden, view.Hidden{Name: "q", Value: q.Text})
	}
	if q.Sort != first {
		state.Set("sort", string(q.Sort))
		l.Hidden = append(l.Hidden, view.Hidden{Name: "sort", Value: string(q.Sort)})
	}
	for _, h := range found.Hits {
		l.Products = append(l.Products, v.hit(h))
	}
	for _, found := range found.Facets {
		if found.Key == search.FacetStatus || found.Key == search.FacetTag || found.Key == search.FacetCategory && q.Category != "" {
			continue
		}
		facet := v.facet(found, len(l.Facets) < 3, state, f)
		same := slices.ContainsFunc(l.Facets, func(other view.Facet) bool { return other.Label == facet.Label })
		if !same { // an option and a field may both be called colour; the first is the one to choose by
			l.Facets = append(l.Facets, facet)
		}
		l.Chips = append(l.Chips, v.chips(found, at, state)...)
		for _, text := range []string{facet.Problem, ends(facet).FromProblem, ends(facet).ToProblem} {
			if text != "" && !same {
				l.Problems = append(l.Problems, facet.Label+": "+text)
			}
		}
		for _, name := range []string{facet.Key, facet.Key + "_from", facet.Key + "_to"} {
			delete(f.faults, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.faults)) { // of what has no field on this page
		if !slices.Contains([]string{"sort", "after", "before"}, name) {
			l.Problems = append(l.Problems, name+": "+f.faults[name])
		}
	}
	if len(l.Chips) > 0 {
		l.ClearURL = link(at, keep(state, "q", "sort"))
	}
	for _, o := range sorts {
		if o.sort == search.Relevance && q.Text == "" || o.sort == search.Featured && q.Category == "" && q.Collection == "" {
			continue
		}
		next := clone(state)
		next.Del("sort")
		if o.sort != first {
			next.Set("sort", string(o.sort))
		}
		l.Sorts = append(l.Sorts, view.Sort{Label: v.P.T("storefront.sort." + o.key), URL: link(at, next), Selected: o.sort == q.Sort})
	}
	if found.Next != "" {
		next := clone(state)
		next.Set("after", found.Next)
		l.Next = link(at, next)
	}
	if found.Previous != "" {
		before := clone(state)
		before.Set("before", found.Previous)
		l.Previous = link(at, before)
	}
	if q.After != "" || q.Before != "" {
		l.First = link(at, state)
	}
	return l, nil
}

// ends are a facet's, if it is a range.
func ends(f view.Facet) view.Range {
	if f.Range == nil {
		return view.Range{}
	}
	return *f.Range
}

// input is the name a facet's inputs have: "option:colour" is "option.colour".
func input(key string) string { return strings.ReplaceAll(key, ":", ".") }

// narrow reads the chosen facets from a query and returns them as a query of
// their own, without what the listing does not know. fields are the keys of the
// merchant's own. What is wrong goes to faults, by the name of its input.
func (s *Store) narrow(v *Visit, q *search.Query, asked url.Values, fields map[string]bool, faults map[string]string) url.Values {
	state := make(url.Values)
	for name, values := range asked {
		key := strings.Replace(name, ".", ":", 1)
		base, end := key, ""
		for _, e := range []string{"_from", "_to"} {
			if b, ok := strings.CutSuffix(key, e); ok && !fields[key] { // a field may be called valid_from
				base, end = b, e
			}
		}
		known := key == search.FacetBrand || key == search.FacetAvailability || key == search.FacetCategory && q.Category == "" ||
			strings.HasPrefix(key, "option:") || strings.HasPrefix(key, "field:") || strings.HasPrefix(key, "variant:")
		switch {
		case end != "" && (base == search.FacetPrice || strings.HasPrefix(base, "field:") || strings.HasPrefix(base, "variant:")):
			if base != search.FacetPrice && !fields[base] {
				continue // as good as a parameter of somebody else's
			}
			if len(values) != 1 {
				faults[name] = v.P.Field(fault.Field{Reason: "form.repeated"})
				continue
			}
			if values[0] == "" {
				continue
			}
			n, ok := v.bound(base, values[0])
			if !ok {
				word := "storefront.facet.bad_number"
				if base == search.FacetPrice {
					word = "storefront.facet.bad_price"
				}
				faults[name] = v.P.T(word)
				continue
			}
			if q.Ranges == nil {
				q.Ranges = make(map[string]search.Range)
			}
			span := q.Ranges[base]
			if end == "_from" {
				span.Min = &n
			} else {
				span.Max = &n
			}
			q.Ranges[base] = span
			state.Set(name, values[0])
		case known:
			if facet, _ := s.Search.Knows(key, ""); !facet {
				continue // as good as a parameter of somebody else's
			}
			for _, value := range values {
				if _, ok := s.Search.Knows(key, value); !ok {
					if value != "" {
						faults[name] = v.P.T("storefront.facet.bad_value", "value", cut(strings.ToValidUTF8(value, "\ufffd"), 40))
					}
					continue
				}
				if slices.Contains(state[name], value) {
					continue
				}
				state.Add(name, value)
				if q.Filters == nil {
					q.Filters = make(map[string][]string)
				}
				q.Filters[key] = state[name]
			}
		}
	}
	return state
}

// bound reads one end of a range: a price in the market's currency, or a
// number field's value in millionths.
func (v *Visit) bound(key, s string) (int64, bool) {
	n, ok := custom.ParseDecimal(strings.Replace(strings.TrimSpace(s), ",", ".", 1))
	if key != search.FacetPrice || !ok {
		return n, ok
	}
	if n < 0 {
		return 0, false
	}
	unit := v.unit()
	if n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit / 1_000_000, true
}

// unit is how many minor units make one of the market's currency.
func (v *Visit) unit() int64 {
	unit := int64(1)
	digits, _ := money.Exponent(v.Market.Currency)
	for range digits {
		unit *= 10
	}
	return unit
}

func (v *Visit) facet(f search.Facet, open bool, state url.Values, typed form) view.Facet {
	out := view.Facet{Key: input(f.Key), Label: v.facetName(f), Kind: "choice", Open: open}
	out.Problem = typed.faults[out.Key]
	out.Open = out.Open || out.Problem != ""
	if f.IsRange {
		out.Kind = "range"
		from, to := out.Key+"_from", out.Key+"_to"
		span := &view.Range{FromName: from, ToName: to, From: state.Get(from), To: state.Get(to), Unit: f.Unit, FromProblem: typed.faults[from], ToProblem: typed.faults[to]}
		if span.FromProblem != "" {
			span.From = cut(typed.raw.Get(from), 60)
		}
		if span.ToProblem != "" {
			span.To = cut(typed.raw.Get(to), 60)
		}
		span.Min, span.Max = v.rangeText(f, f.Min, false), v.rangeText(f, f.Max, true)
		if f.Key == search.FacetPrice {
			span.Unit = v.P.Symbol(v.Market.Currency)
		}
		out.Open = out.Open || span.From != "" || span.To != ""
		out.Range = span
		return out
	}
	for _, value := range f.Values {
		one := view.FacetValue{Value: value.Key, Label: v.facetValue(f, value), Count: value.Count, Selected: value.Chosen, Colour: value.Colour}
		if value.Colour != "" {
			out.Kind = "swatch"
		}
		out.Open = out.Open || value.Chosen
		out.Values = append(out.Values, one)
	}
	return out
}

// rangeText writes an end of what a range spans, in whole units of a price and
// as a decimal of anything else.
func (v *Visit) rangeText(f search.Facet, n int64, up bool) string {
	if f.Key != search.FacetPrice {
		return v.P.Decimal(custom.Decimal(n))
	}
	unit := v.unit()
	if up {
		n += unit - 1
	}
	return strconv.FormatInt(n/unit, 10)
}

var facetNames = map[string]string{
	search.FacetPrice: "price", search.FacetBrand: "brand", search.FacetCategory: "category", search.FacetAvailability: "stock",
}

func (v *Visit) facetName(f search.Facet) string {
	if key := facetNames[f.Key]; key != "" {
		return v.P.T("storefront.facet." + key)
	}
	return v.text(f.Name)
}

func (v *Visit) facetValue(f search.Facet, value search.FacetValue) string {
	switch {
	case value.Key == search.InStock && f.Key == search.FacetAvailability:
		return v.P.T("storefront.facet.in_stock")
	case value.Key == search.SoldOut && f.Key == search.FacetAvailability:
		return v.P.T("storefront.stock.sold_out")
	}
	return textOr(textOr(v.text(value.Name), f.Kind.Label(value.Key, v.P)), value.Key)
}

// chips are what of a facet is chosen, each with the listing without it.
func (v *Visit) chips(f search.Facet, at string, state url.Values) []view.Chip {
	var chips []view.Chip
	name := input(f.Key)
	if f.IsRange {
		from, to := state.Get(name+"_from"), state.Get(name+"_to")
		if from == "" && to == "" {
			return nil
		}
		without := clone(state)
		without.Del(name + "_from")
		without.Del(name + "_to")
		say := func(s string) string {
			if n, ok := v.bound(f.Key, s); ok && f.Key == search.FacetPrice {
				return v.P.Money(money.Minor(n), v.Market.Currency)
			}
			return strings.TrimSpace(v.P.Decimal(s) + " " + f.Unit)
		}
		label := v.P.T("storefront.facet.price_between", "from", say(from), "to", say(to))
		if from == "" {
			label = v.P.T("storefront.facet.price_to", "amount", say(to))
		} else if to == "" {
			label = v.P.T("storefront.facet.price_from", "amount", say(from))
		}
		return []view.Chip{{Label: label, RemoveURL: link(at, without)}}
	}
	for _, value := range f.Values {
		if !value.Chosen {
			continue
		}
		without := clone(state)
		without[name] = slices.DeleteFunc(slices.Clone(without[name]), func(s string) bool { return s == value.Key })
		chips = append(chips, view.Chip{Label: v.facetValue(f, value), RemoveURL: link(at, without)})
	}
	return chips
}

func clone(q url.Values) url.Values {
	out := make(url.Values, len(q))
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	return out
}

func keep(q url.Values, names ...string) url.Values {
	out := make(url.Values)
	for _, name := range names {
		if v, ok := q[name]; ok {
			out[name] = v
		}
	}
	return out
}

func link(at string, q url.Values) string {
	for k, v := range q {
		if len(v) == 0 {
			delete(q, k)
		}
	}
	if len(q) == 0 {
		return at
	}
	return at + "?" + q.Encode()
}

// someOf are the first products of a category or a collection.
func (s *Store) someOf(v *Visit, q search.Query, n int) []*catalog.Card {
	q.Lang, q.ListID, q.Limit, q.NoFacets = v.lang, v.Market.PriceListID, n, true
	found, err := s.Search.Search(q)
	if err != nil {
		return nil
	}
	var cards []*catalog.Card
	for _, h := range found.Hits {
		cards = append(cards, h.Card)
	}
	return cards
}
