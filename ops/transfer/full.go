package transfer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// FullVersion is the version of the shop's own format that Full writes. It
// goes up when a reader of the former version would misunderstand a line.
const FullVersion = 1

// The lines of the shop's own format. Each is one JSON object whose "kind"
// says what it is; things refer to one another by id or code. Texts are
// objects by language, descriptions Markdown, amounts whole numbers of the
// currency's smallest unit, instants RFC 3339 in UTC.
type (
	fullHead struct {
		Kind      string   `json:"kind"` // "stoa", the first line
		Version   int      `json:"version"`
		Shop      string   `json:"shop"`
		Address   string   `json:"address"`
		Currency  string   `json:"currency"`
		Languages []string `json:"languages"`
	}
	fullCode struct {
		Kind     string      `json:"kind"` // "price_list", "tax_class", "location"
		Code     string      `json:"code"`
		Name     locale.Text `json:"name"`
		Currency string      `json:"currency,omitempty"`
		Country  string      `json:"country,omitempty"`
	}
	fullField struct {
		Kind       string          `json:"kind"` // "field"
		Owner      custom.Owner    `json:"owner"`
		Code       string          `json:"code"`
		Type       custom.Kind     `json:"type"`
		Unit       string          `json:"unit,omitempty"`
		Decimals   int             `json:"decimals,omitempty"`
		Name       locale.Text     `json:"name"`
		Choices    []custom.Option `json:"choices,omitempty"`
		Required   bool            `json:"required"`
		Shown      bool            `json:"shown"`
		Facet      bool            `json:"facet"`
		Searchable bool            `json:"searchable"`
	}
	fullTexts struct {
		Name           locale.Text `json:"name"`
		Subtitle       locale.Text `json:"subtitle,omitempty"`
		Description    locale.Text `json:"description,omitempty"`
		SEOTitle       locale.Text `json:"seo_title,omitempty"`
		SEODescription locale.Text `json:"seo_description,omitempty"`
		Slugs          locale.Text `json:"slugs"` // addresses
	}
	fullCategory struct {
		Kind   string `json:"kind"` // "category", parents before their children
		ID     string `json:"id"`
		Parent string `json:"parent,omitempty"`
		Hidden bool   `json:"hidden"`
		fullTexts
		Picture *fullPicture  `json:"picture,omitempty"`
		Fields  custom.Values `json:"fields,omitempty"`
	}
	fullCollection struct {
		Kind   string `json:"kind"` // "collection"
		ID     string `json:"id"`
		Code   string `json:"code"`
		Hidden bool   `json:"hidden"`
		fullTexts
		Picture *fullPicture  `json:"picture,omitempty"`
		Rule    *catalog.Rule `json:"rule,omitempty"` // without one it is put together by hand
	}
	fullProduct struct {
		Kind      string         `json:"kind"` // "product", oldest first
		ID        string         `json:"id"`
		Handle    string         `json:"handle"`
		Status    catalog.Status `json:"status"`
		PublishAt *time.Time     `json:"publish_at,omitempty"`
		EndAt     *time.Time     `json:"end_at,omitempty"`
		Brand     string         `json:"brand,omitempty"`
		fullTexts
		TaxClass    string        `json:"tax_class,omitempty"`   // code
		Category    string        `json:"category,omitempty"`    // of the breadcrumbs, id
		Categories  []string      `json:"categories,omitempty"`  // ids
		Collections []string      `json:"collections,omitempty"` // ids of those put together by hand
		Tags        []string      `json:"tags,omitempty"`
		Fields      custom.Values `json:"fields,omitempty"`
		Options     []fullOption  `json:"options,omitempty"`
		Variants    []fullVariant `json:"variants"`
		Pictures    []fullPicture `json:"pictures,omitempty"`
		Related     []string      `json:"related,omitempty"` // ids
		Source      string        `json:"source,omitempty"`  // where an import brought it from
		CreatedAt   time.Time     `json:"created_at"`
		UpdatedAt   time.Time     `json:"updated_at"`
	}
	fullOption struct {
		Code   string      `json:"code"`
		Name   locale.Text `json:"name"`
		Values []fullValue `json:"values"`
	}
	fullValue struct {
		Code   string      `json:"code"`
		Name   locale.Text `json:"name"`
		Colour string      `json:"colour,omitempty"`
	}
	fullVariant struct {
		ID      string         `json:"id"`
		SKU     string         `json:"sku,omitempty"`
		GTIN    string         `json:"gtin,omitempty"`
		Values  []string       `json:"values,omitempty"` // a code of each option
		Status  catalog.Status `json:"status"`
		Tracked bool           `json:"tracked"`
		Weight  int64          `json:"weight_grams,omitempty"`
		Length  int64          `json:"length_mm,omitempty"`
		Width   int64          `json:"width_mm,omitempty"`
		Height  int64          `json:"height_mm,omitempty"`
		HSCode  string         `json:"hs_code,omitempty"`
		Origin  string         `json:"origin,omitempty"`
		Picture string         `json:"picture,omitempty"` // id of one of the product's
		Fields  custom.Values  `json:"fields,omitempty"`
		Prices  []fullPrice    `json:"prices"`
		Stock   []fullStock    `json:"stock,omitempty"`
	}
	fullPrice struct {
		List      string      `json:"list"` // code
		Currency  string      `json:"currency"`
		Amount    money.Minor `json:"amount"`
		CompareAt money.Minor `json:"compare_at,omitempty"`
	}
	fullStock struct {
		Location       string `json:"location"` // code
		OnHand         int64  `json:"on_hand"`
		Allocated      int64  `json:"allocated,omitempty"`
		Safety         int64  `json:"safety,omitempty"`
		BackorderLimit int64  `json:"backorder_limit,omitempty"`
	}
	fullPicture struct {
		ID     string      `json:"id"`
		URL    string      `json:"url"` // the largest rendition
		Width  int         `json:"width"`
		Height int         `json:"height"`
		Alt    locale.Text `json:"alt,omitempty"`
		Name   string      `json:"name,omitempty"`
	}
)

// Full writes the catalogue in the shop's own format: one JSON object a line,
// with everything the catalogue knows, in every language and price list. base
// is the shop's own address, for pictures: "https://shop.example". It does not
// stop the shop: a product that is changed meanwhile is written as it was or
// as it became, whole.
func (s *Service) Full(ctx context.Context, out io.Writer, base string) error {
	w := &fullWriter{s: s, base: strings.TrimRight(base, "/"), out: bufio.NewWriterSize(out, 64<<10), codes: make(map[string]string)}
	w.enc = json.NewEncoder(w.out)
	w.enc.SetEscapeHTML(false)
	for _, part := range []func(context.Context) error{w.settings, w.fields, w.categories, w.collections, w.products} {
		if err := part(ctx); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

type fullWriter struct {
	s     *Service
	base  string
	out   *bufio.Writer
	enc   *json.Encoder
	codes map[string]string // of price lists, tax classes and locations by id
}

func (w *fullWriter) settings(ctx context.Context) error {
	now := w.s.markets.Current(ctx)
	head := fullHead{Kind: "stoa", Version: FullVersion, Shop: now.Shop.Name, Address: w.base, Currency: now.Default().Currency, Languages: now.Shop.Languages}
	if err := w.enc.Encode(head); err != nil {
		return err
	}
	var lines []fullCode
	for _, l := range now.PriceLists {
		w.codes[l.ID] = l.Code
		lines = append(lines, fullCode{Kind: "price_list", Code: l.Code, Name: locale.Text{"": l.Name}, Currency: l.Currency})
	}
	for _, c := range now.Classes {
		w.codes[c.ID] = c.Code
		lines = append(lines, fullCode{Kind: "tax_class", Code: c.Code, Name: c.Name})
	}
	places, err := w.s.stock.Locations(ctx, w.s.db)
	if err != nil {
		return err
	}
	for _, l := range places {
		w.codes[l.ID] = l.Code
		lines = append(lines, fullCode{Kind: "location", Code: l.Code, Name: locale.Text{"": l.Name}, Country: l.Country})
	}
	for _, l := range lines {
		if err := w.enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func (w *fullWriter) fields(ctx context.Context) error {
	for _, owner := range []custom.Owner{custom.Product, custom.Variant, custom.Category} {
		defs, err := w.s.fields.For(ctx, owner)
		if err != nil {
			return err
		}
		for _, f := range defs {
			line := fullField{
				Kind: "field", Owner: f.Owner, Code: f.Code, Type: f.Kind, Unit: f.Unit, Decimals: f.Decimals, Name: f.Name, Choices: f.Choices,
				Required: f.Required, Shown: f.Shown, Facet: f.Facet, Searchable: f.Searchable,
			}
			if err := w.enc.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *fullWriter) picture(all map[string]media.Media, id string) *fullPicture {
	m, ok := all[id]
	if !ok {
		return nil
	}
	return &fullPicture{ID: m.ID, URL: w.base + m.URL(1600), Width: m.Width, Height: m.Height, Alt: m.Alt, Name: m.Name}
}

func (w *fullWriter) categories(ctx context.Context) error {
	tree, err := w.s.catalog.Tree(ctx)
	if err != nil {
		return err
	}
	var pictures []string
	for _, n := range tree.All() {
		pictures = append(pictures, n.MediaID)
	}
	all, err := media.ByIDs(ctx, w.s.db, pictures)
	if err != nil {
		return err
	}
	var walk func(nodes []*catalog.Node) error
	walk = func(nodes []*catalog.Node) error {
		for _, n := range nodes {
			line := fullCategory{
				Kind: "category", ID: n.ID, Parent: n.ParentID, Hidden: n.Hidden, Fields: n.Fields, Picture: w.picture(all, n.MediaID),
				fullTexts: fullTexts{Name: n.Name, Description: n.Description, SEOTitle: n.SEOTitle, SEODescription: n.SEODescription, Slugs: n.Slugs},
			}
			if err := w.enc.Encode(line); err != nil {
				return err
			}
			if err := walk(n.Children); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(tree.Roots())
}

func (w *fullWriter) collections(ctx context.Context) error {
	list, err := w.s.catalog.Collections(ctx, w.s.db)
	if err != nil {
		return err
	}
	var pictures []string
	for _, c := range list {
		pictures = append(pictures, c.MediaID)
	}
	all, err := media.ByIDs(ctx, w.s.db, pictures)
	if err != nil {
		return err
	}
	for _, c := range list {
		line := fullCollection{
			Kind: "collection", ID: c.ID, Code: c.Code, Hidden: c.Hidden, Rule: c.Rule, Picture: w.picture(all, c.MediaID),
			fullTexts: fullTexts{Name: c.Name, Description: c.Description, SEOTitle: c.SEOTitle, SEODescription: c.SEODescription, Slugs: c.Slugs},
		}
		if err := w.enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func (w *fullWriter) products(ctx context.Context) error {
	for after := ""; ; {
		ids, err := productPage(ctx, w.s.db, after, 100)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		if err := w.page(ctx, ids); err != nil {
			return err
		}
	}
}

func (w *fullWriter) page(ctx context.Context, ids []string) error {
	products, err := w.s.catalog.GetAll(ctx, w.s.db, ids)
	if err != nil {
		return err
	}
	var variants, pictures []string
	for _, p := range products {
		pictures = append(pictures, p.Media...)
		for _, v := range p.Variants {
			variants = append(variants, v.ID)
		}
	}
	levels, err := w.s.stock.Levels(ctx, w.s.db, variants)
	if err != nil {
		return err
	}
	stock := make(map[string][]inventory.Level)
	for _, l := range levels {
		stock[l.VariantID] = append(stock[l.VariantID], l)
	}
	all, err := media.ByIDs(ctx, w.s.db, pictures)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p := products[id]
		if p == nil {
			continue // deleted meanwhile
		}
		from, _, err := originOf(ctx, w.s.db, id)
		if err != nil {
			return err
		}
		if err := w.enc.Encode(w.product(*p, from, stock, all)); err != nil {
			return err
		}
	}
	return nil
}

func (w *fullWriter) product(p catalog.Product, from origin, stock map[string][]inventory.Level, all map[string]media.Media) fullProduct {
	line := fullProduct{
		Kind: "product", ID: p.ID, Handle: p.Handle, Status: p.Status, Brand: p.Brand,
		fullTexts: fullTexts{Name: p.Name, Subtitle: p.Subtitle, Description: p.Description, SEOTitle: p.SEOTitle, SEODescription: p.SEODescription, Slugs: p.Slugs},
		TaxClass:  w.codes[p.TaxClassID], Category: p.CategoryID, Categories: p.Categories, Collections: p.Collections, Tags: p.Tags, Fields: p.Fields,
		Variants: []fullVariant{}, Related: p.Related, Source: from.Source, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if !p.PublishAt.IsZero() {
		at := p.PublishAt.UTC()
		line.PublishAt = &at
	}
	if !p.EndAt.IsZero() {
		at := p.EndAt.UTC()
		line.EndAt = &at
	}
	for _, o := range p.Options {
		option := fullOption{Code: o.Code, Name: o.Name}
		for _, v := range o.Values {
			option.Values = append(option.Values, fullValue{v.Code, v.Name, v.Colour})
		}
		line.Options = append(line.Options, option)
	}
	for _, v := range p.Variants {
		line.Variants = append(line.Variants, w.variant(v, stock[v.ID]))
	}
	for _, id := range p.Media {
		if picture := w.picture(all, id); picture != nil {
			line.Pictures = append(line.Pictures, *picture)
		}
	}
	return line
}

func (w *fullWriter) variant(v catalog.Variant, levels []inventory.Level) fullVariant {
	line := fullVariant{
		ID: v.ID, SKU: v.SKU, GTIN: v.GTIN, Values: v.Values, Status: v.Status, Tracked: v.Tracked, Weight: v.WeightGrams,
		Length: v.LengthMM, Width: v.WidthMM, Height: v.HeightMM, HSCode: v.HSCode, Origin: v.Origin, Picture: v.MediaID, Fields: v.Fields, Prices: []fullPrice{},
	}
	for _, p := range v.Prices {
		line.Prices = append(line.Prices, fullPrice{w.codes[p.ListID], p.Currency, p.Amount, p.CompareAt})
	}
	for _, l := range levels {
		line.Stock = append(line.Stock, fullStock{w.codes[l.LocationID], l.OnHand, l.Allocated, l.Safety, l.BackorderLimit})
	}
	return line
}
