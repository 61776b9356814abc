package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// maxValues bounds the values in a product's JSON: 2,000 variants of fifty each.
const maxValues = 100_000

// staffProducts are the operations on the goods as staff keep them.
func (a *API) staffProducts(k *kit.API) {
	const tag = "staff: products"
	kit.Add(k, kit.Operation[staffProductsIn, staffProductList]{
		Name: "staff.products.list", Method: http.MethodGet, Path: "/staff/products", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "Search products of every status.",
		Handler: a.listStaffProducts,
	})
	kit.Add(k, kit.Operation[staffProductID, staffProduct]{
		Name: "staff.products.get", Method: http.MethodGet, Path: "/staff/products/{id}", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "Get a whole product.",
		Handler: func(ctx context.Context, in staffProductID) (staffProduct, error) {
			p, err := a.product(ctx, a.DB, in.ID)
			return a.whole(p), err
		},
	})
	kit.Add(k, kit.Operation[staffProductBody, staffProduct]{
		Name: "staff.products.create", Method: http.MethodPost, Path: "/staff/products", Tag: tag, Who: desk, Permission: policy.CatalogWrite, Status: http.StatusCreated, Once: true, Body: 4 << 20, Values: maxValues,
		Summary: "Make a product.",
		Tx: func(ctx context.Context, tx *db.Tx, in staffProductBody) (staffProduct, error) {
			return a.saveProduct(ctx, tx, "", in)
		},
	})
	kit.Add(k, kit.Operation[staffProductPut, staffProduct]{
		Name: "staff.products.save", Method: http.MethodPut, Path: "/staff/products/{id}", Tag: tag, Who: desk, Permission: policy.CatalogWrite, Body: 4 << 20, Values: maxValues,
		Summary:     "Rewrite a whole product.",
		Description: "Options, variants and prices that are not sent are taken away. Send what you read with your changes, its version included: a product that somebody changed meanwhile is a conflict.",
		Tx: func(ctx context.Context, tx *db.Tx, in staffProductPut) (staffProduct, error) {
			if _, err := a.product(ctx, tx, in.Path); err != nil {
				return staffProduct{}, err
			}
			return a.saveProduct(ctx, tx, in.Path, in.staffProductBody)
		},
	})
	kit.Add(k, kit.Operation[staffStatusIn, staffProduct]{
		Name: "staff.products.status", Method: http.MethodPut, Path: "/staff/products/{id}/status", Tag: tag, Who: desk, Permission: policy.CatalogWrite,
		Summary: "Put a product on sale, or take it off.",
		Tx: func(ctx context.Context, tx *db.Tx, in staffStatusIn) (staffProduct, error) {
			if _, err := a.product(ctx, tx, in.ID); err != nil {
				return staffProduct{}, err
			}
			if err := a.Catalog.SetStatus(ctx, tx, actor(ctx), []string{in.ID}, catalog.Status(in.Status), in.PublishAt); err != nil {
				return staffProduct{}, err
			}
			p, err := a.Catalog.Get(ctx, tx, in.ID)
			if err == nil && in.Version != 0 && p.Version != in.Version+1 { // it is locked and one further by now
				err = fault.New(fault.Conflict, "catalog.version_conflict").With("version", in.Version).With("current", p.Version-1)
			}
			return a.whole(p), err
		},
	})
}

func (a *API) product(ctx context.Context, q db.Q, name string) (catalog.Product, error) {
	if !id.Valid("prd", name) {
		return catalog.Product{}, fault.New(fault.NotFound, "catalog.product_not_found")
	}
	return a.Catalog.Get(ctx, q, name)
}

type staffProductsIn struct {
	languageIn
	Text   string   `query:"q" max:"200" doc:"Words, SKU or GTIN."`
	Status []string `query:"status" items:"4" oneof:"draft scheduled active archived"`
	Filter []string `query:"filter" items:"200" max:"300" doc:"KEY:VALUE of a facet, as of the public list."`
	Range  []string `query:"range" items:"20" max:"100" doc:"KEY:FROM..TO of a facet that is a range."`
	Sort   string   `query:"sort" oneof:"relevance newest price -price name"`
	Limit  int      `query:"limit" min:"1" max:"100" doc:"24 when absent."`
	Cursor string   `query:"cursor" max:"2000" doc:"next_cursor of the page before."`
}

type staffProductList struct {
	Total int                 `json:"total"`
	Items kit.List[staffCard] `json:"items"`
	Next  string              `json:"next_cursor,omitempty"`
}

type staffCard struct {
	ID        string      `json:"id"`
	Status    string      `json:"status" enum:"draft scheduled active archived"`
	Name      locale.Text `json:"name"`
	Slugs     locale.Text `json:"slugs"`
	Brand     string      `json:"brand"`
	Price     *kit.Money  `json:"price,omitempty" doc:"Of the cheapest variant in the default market."`
	Variants  int         `json:"variants" doc:"Those with a price."`
	CreatedAt time.Time   `json:"created_at"`
}

func (a *API) listStaffProducts(ctx context.Context, in staffProductsIn) (staffProductList, error) {
	var none staffProductList
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return none, err
	}
	q := search.Query{Lang: v.lang, ListID: v.market.PriceListID, Text: in.Text, Sort: search.Sort(in.Sort), After: in.Cursor, Limit: in.Limit, NoFacets: true, Staff: true}
	if err := a.narrow(&q, in.Filter, in.Range); err != nil {
		return none, err
	}
	if len(in.Status) > 0 {
		q.Filters[search.FacetStatus] = in.Status
	}
	found, err := a.Search.Search(q)
	if err != nil {
		return none, err
	}
	return staffProductList{found.Total, kit.Each(found.Hits, func(h search.Hit) staffCard {
		c := staffCard{ID: h.Card.ID, Status: string(h.Card.Status), Name: texts(h.Card.Name), Slugs: texts(h.Card.Slugs), Brand: h.Card.Brand, CreatedAt: h.Card.CreatedAt.UTC()}
		if p, ok := h.Card.Price(v.market.PriceListID); ok {
			min := kit.Price(p.Min, p.Currency)
			c.Price, c.Variants = &min, p.Variants
		}
		return c
	}), found.Next}, nil
}

// texts is a text in all its languages; none is written as {}.
func texts(t locale.Text) locale.Text {
	if t == nil {
		return locale.Text{}
	}
	return t
}

type staffProductID struct {
	ID string `path:"id" max:"40"`
}

type staffStatusIn struct {
	ID        string    `path:"id" max:"40"`
	Status    string    `json:"status" required:"true" oneof:"draft scheduled active archived"`
	PublishAt time.Time `json:"publish_at" doc:"When a scheduled product becomes visible."`
	Version   int64     `json:"version" min:"0" doc:"Of the product as it was read; 0 or absent stands for any."`
}

// staffProduct is a product as staff keep it.
type staffProduct struct {
	ID             string                 `json:"id"`
	Version        int64                  `json:"version"`
	Handle         string                 `json:"handle"`
	Status         string                 `json:"status" enum:"draft scheduled active archived"`
	PublishAt      time.Time              `json:"publish_at,omitzero"`
	EndAt          time.Time              `json:"end_at,omitzero" doc:"From when on it is not for sale any more; absent for never."`
	Brand          string                 `json:"brand"`
	Name           locale.Text            `json:"name"`
	Subtitle       locale.Text            `json:"subtitle"`
	Description    locale.Text            `json:"description"`
	SEOTitle       locale.Text            `json:"seo_title"`
	SEODescription locale.Text            `json:"seo_description"`
	Slugs          locale.Text            `json:"slugs"`
	TaxClass       string                 `json:"tax_class" doc:"Id of a tax class."`
	Category       string                 `json:"category" doc:"Id of the main category; empty for none."`
	Categories     kit.List[string]       `json:"categories"`
	Collections    kit.List[string]       `json:"collections" doc:"The manual ones."`
	Tags           kit.List[string]       `json:"tags"`
	Fields         kit.List[fieldValue]   `json:"fields"`
	Options        kit.List[staffOption]  `json:"options"`
	Variants       kit.List[staffVariant] `json:"variants"`
	Media          kit.List[string]       `json:"media" doc:"Ids of pictures, in order."`
	Related        kit.List[string]       `json:"related"`
	CreatedAt      time.Time              `json:"created_at"`
	UpdatedAt      time.Time              `json:"updated_at"`
}

// Location implements kit.Located.
func (p staffProduct) Location() string { return Base + "/staff/products/" + p.ID }

// Edition implements kit.Versioned.
func (p staffProduct) Edition() int64 { return p.Version }

// fieldValue is a value of a field of the merchant's own: Text for texts in
// several languages, Value for everything else.
type fieldValue struct {
	Code  string      `json:"code" required:"true" max:"40"`
	Value string      `json:"value" max:"5000" multiline:"true" doc:"12.5, #c0ffee, 2026-11-24, a choice's code, true; a text that is the same in every language."`
	Text  locale.Text `json:"text" max:"5000" multiline:"true" doc:"A text by language."`
}

type staffOption struct {
	ID     string                     `json:"id"`
	Code   string                     `json:"code"`
	Name   locale.Text                `json:"name"`
	Values kit.List[staffOptionValue] `json:"values"`
}

type staffOptionValue struct {
	ID     string      `json:"id" max:"40"`
	Code   string      `json:"code" max:"100"`
	Name   locale.Text `json:"name" max:"250"`
	Colour string      `json:"colour" max:"7"`
}

type staffVariant struct {
	ID          string               `json:"id"`
	SKU         string               `json:"sku"`
	GTIN        string               `json:"gtin"`
	Values      kit.List[string]     `json:"values" doc:"The code of one value of each option, in option order."`
	Status      string               `json:"status" enum:"active archived"`
	Tracked     bool                 `json:"tracked" doc:"Whether it is sold from stock."`
	WeightGrams int64                `json:"weight_grams"`
	LengthMM    int64                `json:"length_mm"`
	WidthMM     int64                `json:"width_mm"`
	HeightMM    int64                `json:"height_mm"`
	HSCode      string               `json:"hs_code"`
	Origin      string               `json:"origin"`
	Media       string               `json:"media" doc:"Id of the picture that shows it."`
	Fields      kit.List[fieldValue] `json:"fields"`
	Prices      kit.List[staffPrice] `json:"prices"`
}

type staffPrice struct {
	List      string     `json:"price_list" required:"true" max:"40" doc:"Id of a price list."`
	Amount    kit.Money  `json:"amount" required:"true"`
	CompareAt *kit.Money `json:"compare_at,omitempty"`
}

func (a *API) whole(p catalog.Product) staffProduct {
	if p.ID == "" {
		return staffProduct{}
	}
	return staffProduct{
		ID: p.ID, Version: p.Version, Handle: p.Handle, Status: string(p.Status), PublishAt: p.PublishAt.UTC(), EndAt: p.EndAt.UTC(), Brand: p.Brand,
		Name: texts(p.Name), Subtitle: texts(p.Subtitle), Description: texts(p.Description), SEOTitle: texts(p.SEOTitle), SEODescription: texts(p.SEODescription), Slugs: texts(p.Slugs),
		TaxClass: p.TaxClassID, Category: p.CategoryID, Categories: p.Categories, Collections: p.Collections, Tags: p.Tags, Fields: fieldValues(p.Fields),
		Options: kit.Each(p.Options, func(o catalog.Option) staffOption {
			return staffOption{o.ID, o.Code, texts(o.Name), kit.Each(o.Values, func(w catalog.OptionValue) staffOptionValue {
				return staffOptionValue{w.ID, w.Code, texts(w.Name), w.Colour}
			})}
		}),
		Variants: kit.Each(p.Variants, func(w catalog.Variant) staffVariant {
			return staffVariant{
				ID: w.ID, SKU: w.SKU, GTIN: w.GTIN, Values: w.Values, Status: string(w.Status), Tracked: w.Tracked,
				WeightGrams: w.WeightGrams, LengthMM: w.LengthMM, WidthMM: w.WidthMM, HeightMM: w.HeightMM, HSCode: w.HSCode, Origin: w.Origin,
				Media: w.MediaID, Fields: fieldValues(w.Fields),
				Prices: kit.Each(w.Prices, func(x catalog.Price) staffPrice {
					return staffPrice{x.ListID, kit.Price(x.Amount, x.Currency), some(x.CompareAt, x.Currency)}
				}),
			}
		}),
		Media: p.Media, Related: p.Related, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
}

func fieldValues(values custom.Values) kit.List[fieldValue] {
	var list kit.List[fieldValue]
	for code, value := range values {
		f := fieldValue{Code: code, Text: locale.Text{}}
		if value.Shape == custom.ShapeText {
			for lang, s := range value.Text {
				if lang == "" {
					f.Value = s
				} else {
					f.Text[lang] = s
				}
			}
		} else {
			f.Value = plain(value, visit{})
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b fieldValue) int {
		if a.Code < b.Code {
			return -1
		}
		return 1 // codes are unique
	})
	return list
}

// readFields turns values as sent into values of their fields.
func readFields(form *fault.Form, path string, defs custom.Definitions, list []fieldValue) custom.Values {
	values := make(custom.Values, len(list))
	for i, f := range list {
		at := path + "." + strconv.Itoa(i)
		def, ok := defs.By(f.Code)
		if !ok {
			form.Add(at+".code", "custom.unknown_field")
			continue
		}
		if _, twice := values[f.Code]; twice {
			form.Add(at+".code", "form.repeated")
			continue
		}
		if def.Kind == custom.Text {
			text := make(locale.Text, len(f.Text)+1)
			for lang, s := range f.Text {
				text[lang] = s
			}
			if f.Value != "" {
				text[""] = f.Value
			}
			values[f.Code] = custom.OfText(text)
			continue
		}
		if len(f.Text) > 0 {
			form.Add(at+".text", "form.unknown")
			continue
		}
		value, empty, reason, params := def.Read(f.Value)
		if reason != "" {
			form.Add(at+".value", reason, params...)
		} else if !empty {
			values[f.Code] = value
		}
	}
	return values
}

// staffProductBody is a whole product as it is sent.
type staffProductBody struct {
	Version        int64         `json:"version" min:"0" doc:"As it was read; 0 for a new product."`
	Handle         string        `json:"handle" max:"250" doc:"Names it in imports; made up when empty."`
	Status         string        `json:"status" required:"true" oneof:"draft scheduled active archived"`
	PublishAt      time.Time     `json:"publish_at"`
	EndAt          time.Time     `json:"end_at" doc:"From when on it is not for sale any more, without anybody's doing; absent for never."`
	Brand          string        `json:"brand" max:"250"`
	Name           locale.Text   `json:"name" required:"true" max:"250"`
	Subtitle       locale.Text   `json:"subtitle" max:"500"`
	Description    locale.Text   `json:"description" max:"50000" multiline:"true" doc:"In CommonMark."`
	SEOTitle       locale.Text   `json:"seo_title" max:"250"`
	SEODescription locale.Text   `json:"seo_description" max:"1000" multiline:"true"`
	Slugs          locale.Text   `json:"slugs" max:"200"`
	TaxClass       string        `json:"tax_class" max:"40" doc:"The first one when empty."`
	Category       string        `json:"category" max:"40"`
	Categories     []string      `json:"categories" items:"500" max:"40"`
	Collections    []string      `json:"collections" items:"500" max:"40"`
	Tags           []string      `json:"tags" items:"100" max:"100"`
	Fields         []fieldValue  `json:"fields" items:"500"`
	Options        []optionBody  `json:"options" items:"10"`
	Variants       []variantBody `json:"variants" required:"true" items:"2000"`
	Media          []string      `json:"media" items:"250" max:"40"`
	Related        []string      `json:"related" items:"100" max:"40"`
	ID             string        `json:"id" max:"40" doc:"May be sent back as it was read; the path decides."`
	CreatedAt      time.Time     `json:"created_at" doc:"May be sent back as it was read; does nothing."`
	UpdatedAt      time.Time     `json:"updated_at" doc:"May be sent back as it was read; does nothing."`
}

type staffProductPut struct {
	Path string `path:"id" max:"40"`
	staffProductBody
}

type optionBody struct {
	ID     string             `json:"id" max:"40"`
	Code   string             `json:"code" max:"100" doc:"Made from the name when empty."`
	Name   locale.Text        `json:"name" required:"true" max:"250"`
	Values []staffOptionValue `json:"values" required:"true" items:"500"`
}

type variantBody struct {
	ID          string       `json:"id" max:"40"`
	SKU         string       `json:"sku" max:"200"`
	GTIN        string       `json:"gtin" max:"20"`
	Values      []string     `json:"values" items:"10" max:"100"`
	Status      string       `json:"status" oneof:"active archived" doc:"active when absent."`
	Tracked     bool         `json:"tracked"`
	WeightGrams int64        `json:"weight_grams" min:"0" max:"100000000"`
	LengthMM    int64        `json:"length_mm" min:"0" max:"1000000"`
	WidthMM     int64        `json:"width_mm" min:"0" max:"1000000"`
	HeightMM    int64        `json:"height_mm" min:"0" max:"1000000"`
	HSCode      string       `json:"hs_code" max:"20"`
	Origin      string       `json:"origin" max:"2"`
	Media       string       `json:"media" max:"40"`
	Fields      []fieldValue `json:"fields" items:"500"`
	Prices      []staffPrice `json:"prices" items:"100"`
}

// saveProduct writes a product, whole.
func (a *API) saveProduct(ctx context.Context, tx *db.Tx, productID string, in staffProductBody) (staffProduct, error) {
	var none staffProduct
	shop := a.Market.Current(ctx)
	own, err := a.Fields.For(ctx, custom.Product)
	if err != nil {
		return none, err
	}
	variants, err := a.Fields.For(ctx, custom.Variant)
	if err != nil {
		return none, err
	}
	currencies := make(map[string]string, len(shop.PriceLists))
	for _, l := range shop.PriceLists {
		currencies[l.ID] = l.Currency
	}
	var form fault.Form
	p := catalog.Product{
		ID: productID, Version: in.Version, Handle: in.Handle, Status: catalog.Status(in.Status), PublishAt: in.PublishAt, EndAt: in.EndAt, Brand: in.Brand,
		Name: in.Name, Subtitle: in.Subtitle, Description: in.Description, SEOTitle: in.SEOTitle, SEODescription: in.SEODescription, Slugs: in.Slugs,
		TaxClassID: in.TaxClass, CategoryID: in.Category, Categories: in.Categories, Collections: in.Collections, Tags: in.Tags, Media: in.Media, Related: in.Related,
		Fields: readFields(&form, "fields", own, in.Fields),
	}
	if p.TaxClassID == "" && len(shop.Classes) > 0 {
		p.TaxClassID = shop.Classes[0].ID
	}
	if in.ID != "" && in.ID != productID {
		form.Add("id", "form.not_a_choice")
	}
	for _, o := range in.Options {
		option := catalog.Option{ID: o.ID, Code: o.Code, Name: o.Name}
		for _, w := range o.Values {
			option.Values = append(option.Values, catalog.OptionValue(w))
		}
		p.Options = append(p.Options, option)
	}
	for i, w := range in.Variants {
		at := "variants." + strconv.Itoa(i)
		variant := catalog.Variant{
			ID: w.ID, SKU: w.SKU, GTIN: w.GTIN, Values: w.Values, Status: catalog.Status(w.Status), Tracked: w.Tracked,
			WeightGrams: w.WeightGrams, LengthMM: w.LengthMM, WidthMM: w.WidthMM, HeightMM: w.HeightMM, HSCode: w.HSCode, Origin: w.Origin, MediaID: w.Media,
			Fields: readFields(&form, at+".fields", variants, w.Fields),
		}
		if variant.Status == "" {
			variant.Status = catalog.Active
		}
		for j, x := range w.Prices {
			price, err := readPrice(at+".prices."+strconv.Itoa(j), x, currencies)
			if err := form.Merge("", err); err != nil {
				return none, err
			}
			variant.Prices = append(variant.Prices, price)
		}
		p.Variants = append(p.Variants, variant)
	}
	if err := form.Err(); err != nil {
		return none, err
	}
	saved, err := a.Catalog.Save(ctx, tx, actor(ctx), p)
	if err != nil {
		return none, err
	}
	return a.whole(saved), nil
}

func readPrice(path string, in staffPrice, currencies map[string]string) (catalog.Price, error) {
	currency, ok := currencies[in.List]
	if !ok {
		return catalog.Price{}, fault.New(fault.Invalid, "form.invalid").At(path+".price_list", "catalog.unknown_price_list")
	}
	amount, err := in.Amount.Minor(path+".amount", currency)
	if err != nil {
		return catalog.Price{}, err
	}
	var before money.Minor
	if in.CompareAt != nil {
		if before, err = in.CompareAt.Minor(path+".compare_at", currency); err != nil {
			return catalog.Price{}, err
		}
	}
	return catalog.Price{ListID: in.List, Currency: currency, Amount: amount, CompareAt: before}, nil
}
