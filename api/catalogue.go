package api

import (
	"context"
	"net/http"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
)

// catalogue are the operations on the goods as shoppers see them.
func (a *API) catalogue(k *kit.API) {
	const tag = "catalogue"
	kit.Add(k, kit.Operation[productsIn, productList]{
		Name: "products.list", Method: http.MethodGet, Path: "/products", Tag: tag, Who: policy.Public,
		Summary: "Search and browse products.",
		Description: "Finds by words, within a category or a collection, narrowed by facets; the same search answers the storefront's listings. " +
			"Send a facet's key and one of its values as `filter`, joined by a colon: `filter=brand:Acme&filter=option:colour:blue`. Values of one facet widen, facets narrow.",
		Handler: a.listProducts,
	})
	kit.Add(k, kit.Operation[productIn, product]{
		Name: "products.get", Method: http.MethodGet, Path: "/products/{product}", Tag: tag, Who: policy.Public,
		Summary:     "Get a product by its slug or id.",
		Description: "A former slug, or that of another language, leads to the product under its current one.",
		Handler:     a.getProduct,
	})
	kit.Add(k, kit.Operation[suggestIn, suggestions]{
		Name: "search.suggest", Method: http.MethodGet, Path: "/search/suggestions", Tag: tag, Who: policy.Public,
		Summary: "Suggest products and categories while somebody types.",
		Handler: a.suggest,
	})
	kit.Add(k, kit.Operation[languageIn, categoryTree]{
		Name: "categories.list", Method: http.MethodGet, Path: "/categories", Tag: tag, Who: policy.Public,
		Summary: "Get the tree of categories that shoppers see.",
		Handler: a.listCategories,
	})
	kit.Add(k, kit.Operation[languageIn, collectionList]{
		Name: "collections.list", Method: http.MethodGet, Path: "/collections", Tag: tag, Who: policy.Public,
		Summary: "List the collections that shoppers see.",
		Handler: a.listCollections,
	})
}

// picture is a picture in every width it is served in.
type picture struct {
	URL    string `json:"url" doc:"A middle width, for programs that take only one; a path of the shop."`
	Srcset string `json:"srcset" doc:"Every width, as HTML's srcset."`
	Width  int    `json:"width" doc:"Of the original, in pixels."`
	Height int    `json:"height"`
	Colour string `json:"colour" doc:"The dominant one, for a placeholder: #rrggbb, or empty."`
	Alt    string `json:"alt" doc:"What it shows."`
}

// usual is the width of picture.URL.
const usual = 800

func (v visit) picture(m media.Media) picture {
	return picture{URL: m.URL(usual), Srcset: m.Srcset(), Width: m.Width, Height: m.Height, Colour: m.Colour, Alt: v.text(m.Alt)}
}

type link struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

func (v visit) link(n *catalog.Node) link {
	return link{n.ID, v.text(n.Slugs), v.text(n.Name)}
}

// card is a product in a list.
type card struct {
	ID        string            `json:"id"`
	Slug      string            `json:"slug"`
	Name      string            `json:"name"`
	Subtitle  string            `json:"subtitle"`
	Brand     string            `json:"brand"`
	Price     kit.Money         `json:"price" doc:"Of the cheapest variant."`
	PriceMax  kit.Money         `json:"price_max" doc:"Of the dearest variant."`
	CompareAt *kit.Money        `json:"compare_at,omitempty" doc:"What the cheapest variant cost before; absent when it is not reduced."`
	Variants  int               `json:"variants" doc:"How many variants there are to choose from."`
	VariantID string            `json:"variant_id" doc:"The cheapest variant; when there is one only, it can go straight into the cart."`
	Available bool              `json:"available" doc:"Whether some variant can be bought now."`
	Media     kit.List[picture] `json:"media"`
	Swatches  kit.List[swatch]  `json:"swatches"`
}

type swatch struct {
	Name   string `json:"name"`
	Colour string `json:"colour"`
}

func (v visit) card(c *catalog.Card) card {
	p, _ := c.Price(v.market.PriceListID) // what the search finds has one
	out := card{
		ID: c.ID, Slug: v.text(c.Slugs), Name: v.text(c.Name), Subtitle: v.text(c.Subtitle), Brand: c.Brand,
		Price: kit.Price(p.Min, p.Currency), PriceMax: kit.Price(p.Max, p.Currency), CompareAt: some(p.CompareAt, p.Currency),
		Variants: p.Variants, VariantID: p.VariantID, Available: p.Available, Media: kit.Each(c.Media, v.picture),
		Swatches: kit.Each(c.Swatches, func(s catalog.Swatch) swatch { return swatch{v.text(s.Name), s.Colour} }),
	}
	return out
}

type productIn struct {
	languageIn
	Product string `path:"product" max:"200" doc:"Slug or id."`
}

// product is a product with everything its page tells.
type product struct {
	ID             string              `json:"id"`
	Slug           string              `json:"slug"`
	Name           string              `json:"name"`
	Subtitle       string              `json:"subtitle"`
	Brand          string              `json:"brand"`
	Description    string              `json:"description" doc:"In CommonMark. Clean the HTML you make of it."`
	SEOTitle       string              `json:"seo_title"`
	SEODescription string              `json:"seo_description"`
	Tags           kit.List[string]    `json:"tags"`
	Breadcrumbs    kit.List[link]      `json:"breadcrumbs" doc:"The categories from the top down to the product's own."`
	Attributes     kit.List[attribute] `json:"attributes" doc:"The shop's own fields, as far as they are for everybody."`
	Options        kit.List[option]    `json:"options"`
	Variants       kit.List[variant]   `json:"variants"`
	Media          kit.List[picture]   `json:"media"`
	Related        kit.List[card]      `json:"related"`
	TaxIncluded    bool                `json:"prices_include_tax"`
}

// attribute is a field that the merchant made, with its value.
type attribute struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Kind  string `json:"kind" enum:"number colour date choice text truth"`
	Value string `json:"value" doc:"For programs: 12.5, #c0ffee, 2026-11-24, oak, true; a text in the language asked for."`
	Unit  string `json:"unit,omitempty"`
	Text  string `json:"text" doc:"As the page writes it: 12.5 cm."`
}

func (v visit) attribute(s custom.Shown) attribute {
	return attribute{
		Code: s.Field.Code, Name: v.text(s.Field.Name), Kind: string(s.Field.Kind), Value: plain(s.Value, v), Unit: s.Field.Unit,
		Text: s.Field.Show(s.Value, v.p, v.fallback),
	}
}

// plain writes a value for programs.
func plain(value custom.Value, v visit) string {
	switch value.Shape {
	case custom.ShapeNumber:
		return custom.Decimal(value.Number)
	case custom.ShapeTruth:
		if value.Truth {
			return "true"
		}
		return "false"
	case custom.ShapeText:
		return v.text(value.Text)
	}
	return value.Code
}

type option struct {
	Code   string                `json:"code"`
	Name   string                `json:"name"`
	Values kit.List[optionValue] `json:"values"`
}

type optionValue struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Colour string `json:"colour,omitempty" doc:"#rrggbb"`
}

// variant is what is really bought.
type variant struct {
	ID           string              `json:"id"`
	SKU          string              `json:"sku"`
	GTIN         string              `json:"gtin,omitempty"`
	Options      map[string]string   `json:"options" doc:"Codes of the values, by code of the option."`
	Price        *kit.Money          `json:"price" doc:"null when it cannot be bought."`
	CompareAt    *kit.Money          `json:"compare_at,omitempty" doc:"What it cost before; absent when it is not reduced."`
	Availability availability        `json:"availability"`
	WeightGrams  int64               `json:"weight_grams"`
	LengthMM     int64               `json:"length_mm"`
	WidthMM      int64               `json:"width_mm"`
	HeightMM     int64               `json:"height_mm"`
	Attributes   kit.List[attribute] `json:"attributes"`
	Media        *picture            `json:"media,omitempty" doc:"The picture that shows this variant."`
}

// availability is what the public learns of a stock level.
type availability struct {
	State string `json:"state" enum:"in_stock few_left backorder sold_out unavailable" doc:"unavailable: has no price here."`
	Left  *int64 `json:"left,omitempty" doc:"How many can be bought; told only by shops that tell exact levels."`
}

func (a *API) availability(o catalog.Offer) availability {
	if o.Price == nil {
		return availability{State: "unavailable"}
	}
	public := a.Stock.Display().Public(o.Stock)
	out := availability{State: string(public.State)}
	if public.Count > 0 {
		out.Left = &public.Count
	}
	return out
}

func (a *API) getProduct(ctx context.Context, in productIn) (product, error) {
	var none product
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return none, err
	}
	page, err := a.page(ctx, v, in.Product)
	if err != nil {
		return none, err
	}
	fields, err := a.Fields.For(ctx, custom.Variant)
	if err != nil {
		return none, err
	}
	pictures := make(map[string]media.Media, len(page.Media))
	for _, m := range page.Media {
		pictures[m.ID] = m
	}
	return product{
		ID: page.ID, Slug: v.text(page.Slugs), Name: v.text(page.Name), Subtitle: v.text(page.Subtitle), Brand: page.Brand,
		Description: v.text(page.Description), SEOTitle: v.text(page.SEOTitle), SEODescription: v.text(page.SEODescription),
		Tags: kit.List[string](page.Tags), Breadcrumbs: kit.Each(shown(page.Path), v.link), Attributes: kit.Each(page.Fields, v.attribute),
		Options: kit.Each(page.Options, v.option),
		Variants: kit.Each(page.Variants, func(o catalog.Offer) variant {
			return a.variant(v, page.Options, o, fields, pictures)
		}),
		Media:       kit.Each(page.Media, v.picture),
		Related:     kit.Each(a.Search.Cards(v.market.PriceListID, page.Related), v.card),
		TaxIncluded: v.market.PricesIncludeTax,
	}, nil
}

// shown keeps the part of a path that shoppers see.
func shown(path []*catalog.Node) []*catalog.Node {
	for _, n := range path {
		if !n.Visible() {
			return nil
		}
	}
	return path
}

// page finds a product by what a program knows of it.
func (a *API) page(ctx context.Context, v visit, name string) (*catalog.Page, error) {
	missing := fault.New(fault.NotFound, "catalog.product_not_found")
	if id.Valid("prd", name) {
		slugs, err := slug.Of(ctx, a.DB, []string{name})
		if err != nil {
			return nil, err
		}
		if name = v.text(slugs[name]); name == "" {
			return nil, missing
		}
	}
	for range 2 { // a former address names the current one
		found, err := a.Catalog.ProductPage(ctx, v.lang, v.market.PriceListID, name)
		switch {
		case err != nil:
			return nil, err
		case found.Page != nil:
			return found.Page, nil
		case found.MovedTo == "":
			return nil, fault.New(fault.Gone, "catalog.product_gone")
		}
		name = found.MovedTo
	}
	return nil, missing
}

func (v visit) option(o catalog.Option) option {
	return option{o.Code, v.text(o.Name), kit.Each(o.Values, func(w catalog.OptionValue) optionValue {
		return optionValue{w.Code, v.text(w.Name), w.Colour}
	})}
}

func (a *API) variant(v visit, options []catalog.Option, o catalog.Offer, fields custom.Definitions, pictures map[string]media.Media) variant {
	out := variant{
		ID: o.ID, SKU: o.SKU, GTIN: o.GTIN, Options: make(map[string]string, len(options)), Availability: a.availability(o),
		WeightGrams: o.WeightGrams, LengthMM: o.LengthMM, WidthMM: o.WidthMM, HeightMM: o.HeightMM,
		Attributes: kit.Each(fields.Shown(o.Fields), v.attribute),
	}
	for i, chosen := range options {
		for _, value := range chosen.Values {
			if i < len(o.ValueIDs) && value.ID == o.ValueIDs[i] {
				out.Options[chosen.Code] = value.Code
			}
		}
	}
	if o.Price != nil {
		p := kit.Price(o.Price.Amount, o.Price.Currency)
		out.Price, out.CompareAt = &p, some(o.Price.CompareAt, o.Price.Currency)
	}
	if m, ok := pictures[o.MediaID]; ok {
		p := v.picture(m)
		out.Media = &p
	}
	return out
}

type suggestIn struct {
	languageIn
	Text string `query:"q" required:"true" max:"200" doc:"What has been typed so far."`
}

type suggestions struct {
	Total      int            `json:"total" doc:"How many products match."`
	Products   kit.List[card] `json:"products"`
	Categories kit.List[link] `json:"categories"`
}

func (a *API) suggest(ctx context.Context, in suggestIn) (suggestions, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return suggestions{}, err
	}
	found, err := a.Search.Suggest(v.lang, v.market.PriceListID, in.Text, 6)
	if err != nil {
		return suggestions{}, err
	}
	return suggestions{
		Total:      found.Total,
		Products:   kit.Each(found.Products, func(h search.Hit) card { return v.card(h.Card) }),
		Categories: kit.Each(found.Categories, v.link),
	}, nil
}

type categoryTree struct {
	Items kit.List[category] `json:"items" doc:"Those at the top, in order."`
}

type category struct {
	ID             string              `json:"id"`
	Slug           string              `json:"slug"`
	Name           string              `json:"name"`
	Description    string              `json:"description" doc:"In CommonMark."`
	SEOTitle       string              `json:"seo_title"`
	SEODescription string              `json:"seo_description"`
	Attributes     kit.List[attribute] `json:"attributes" doc:"The shop's own fields, as far as they are for everybody."`
	Children       kit.List[category]  `json:"children"`
}

func (a *API) listCategories(ctx context.Context, in languageIn) (categoryTree, error) {
	v, err := a.visit(ctx, in)
	if err != nil {
		return categoryTree{}, err
	}
	tree, err := a.Catalog.Tree(ctx)
	if err != nil {
		return categoryTree{}, err
	}
	fields, err := a.Fields.For(ctx, custom.Category)
	if err != nil {
		return categoryTree{}, err
	}
	return categoryTree{kit.Each(tree.Shown(), func(n *catalog.Node) category { return v.category(n, fields) })}, nil
}

func (v visit) category(n *catalog.Node, fields custom.Definitions) category {
	return category{
		ID: n.ID, Slug: v.text(n.Slugs), Name: v.text(n.Name), Description: v.text(n.Description),
		SEOTitle: v.text(n.SEOTitle), SEODescription: v.text(n.SEODescription), Attributes: kit.Each(fields.Shown(n.Fields), v.attribute),
		Children: kit.Each(n.Shown(), func(n *catalog.Node) category { return v.category(n, fields) }),
	}
}

type collectionList struct {
	Items kit.List[collection] `json:"items"`
}

type collection struct {
	ID          string `json:"id"`
	Code        string `json:"code"`
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description" doc:"In CommonMark."`
}

func (a *API) listCollections(ctx context.Context, in languageIn) (collectionList, error) {
	v, err := a.visit(ctx, in)
	if err != nil {
		return collectionList{}, err
	}
	all, err := a.Catalog.Collections(ctx, a.DB)
	if err != nil {
		return collectionList{}, err
	}
	var list collectionList
	for _, c := range all {
		if !c.Hidden {
			list.Items = append(list.Items, collection{c.ID, c.Code, v.text(c.Slugs), v.text(c.Name), v.text(c.Description)})
		}
	}
	return list, nil
}

// productsIn asks for one page of products.
type productsIn struct {
	languageIn
	Text       string   `query:"q" max:"200" doc:"Words to find."`
	Category   string   `query:"category" max:"40" doc:"Id of a category; what lies below it counts too."`
	Collection string   `query:"collection" max:"40" doc:"Id of a collection."`
	Filter     []string `query:"filter" items:"200" max:"300" doc:"KEY:VALUE of a facet, such as brand:Acme, option:colour:blue, field:material:oak, availability:in_stock."`
	Range      []string `query:"range" items:"20" max:"100" doc:"KEY:FROM..TO of a facet that is a range; either end may be left out. Prices in the smallest unit: price:1000..5000. Numbers as decimals: field:width:10..20.5."`
	Sort       string   `query:"sort" oneof:"relevance featured newest price -price name" doc:"When absent: relevance for words, the shop's own order within a category or a collection, else the newest first."`
	Facets     bool     `query:"facets" doc:"true to be told what the products can be narrowed by."`
	Limit      int      `query:"limit" min:"1" max:"100" doc:"How many products at most; 24 when absent."`
	Cursor     string   `query:"cursor" max:"2000" doc:"next_cursor of the page before."`
}

type productList struct {
	Total  int             `json:"total" doc:"On all pages together."`
	Items  kit.List[hit]   `json:"items"`
	Facets kit.List[facet] `json:"facets"`
	Next   string          `json:"next_cursor,omitempty" doc:"Send it as cursor for the next page; absent on the last."`
}

type hit struct {
	card
	Match string `json:"matched_variant_id,omitempty" doc:"The variant whose SKU or GTIN the words are."`
}

func (a *API) listProducts(ctx context.Context, in productsIn) (productList, error) {
	var none productList
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return none, err
	}
	q := search.Query{
		Lang: v.lang, ListID: v.market.PriceListID, Text: in.Text, Category: in.Category, Collection: in.Collection,
		Sort: search.Sort(in.Sort), After: in.Cursor, Limit: in.Limit, NoFacets: !in.Facets,
	}
	if err := a.narrow(&q, in.Filter, in.Range); err != nil {
		return none, err
	}
	if err := a.visible(ctx, q); err != nil {
		return none, err
	}
	found, err := a.Search.Search(q)
	if err != nil {
		return none, err
	}
	return productList{
		Total:  found.Total,
		Items:  kit.Each(found.Hits, func(h search.Hit) hit { return hit{v.card(h.Card), h.VariantID} }),
		Facets: kit.Each(found.Facets, v.facet), Next: found.Next,
	}, nil
}

// visible refuses a category or a collection that shoppers do not see.
func (a *API) visible(ctx context.Context, q search.Query) error {
	if q.Category != "" {
		tree, err := a.Catalog.Tree(ctx)
		if err != nil {
			return err
		}
		if n := tree.Find(q.Category); n == nil || !n.Visible() {
			return fault.New(fault.NotFound, "catalog.category_not_found")
		}
	}
	if q.Collection == "" {
		return nil
	}
	all, err := a.Catalog.Collections(ctx, a.DB)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.ID == q.Collection && !c.Hidden {
			return nil
		}
	}
	return fault.New(fault.NotFound, "catalog.collection_not_found")
}
