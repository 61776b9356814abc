package api

import (
	"context"
	"net/http"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/locale"
)

// staffSettings are what whoever writes products must know of the shop: the
// ids and codes that a product names.
func (a *API) staffSettings(k *kit.API) {
	const tag = "staff: products"
	kit.Add(k, kit.Operation[none, priceLists]{
		Name: "staff.price_lists.list", Method: http.MethodGet, Path: "/staff/price-lists", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "List the price lists, one for each currency that the shop sells in.",
		Handler: func(ctx context.Context, _ none) (priceLists, error) {
			shop := a.Market.Current(ctx)
			first := shop.Default().PriceListID
			return priceLists{kit.Each(shop.PriceLists, func(l market.PriceList) priceList {
				return priceList{l.ID, l.Code, l.Name, l.Currency, l.ID == first}
			})}, nil
		},
	})
	kit.Add(k, kit.Operation[none, taxClasses]{
		Name: "staff.tax_classes.list", Method: http.MethodGet, Path: "/staff/tax-classes", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "List the groups of goods that are taxed alike.",
		Handler: func(ctx context.Context, _ none) (taxClasses, error) {
			return taxClasses{kit.Each(a.Market.Current(ctx).Classes, func(c tax.Class) taxClass { return taxClass{c.ID, c.Code, texts(c.Name)} })}, nil
		},
	})
	kit.Add(k, kit.Operation[definitionsIn, definitions]{
		Name: "staff.fields.list", Method: http.MethodGet, Path: "/staff/fields", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "List the definitions of the merchant's own fields.",
		Handler: func(ctx context.Context, in definitionsIn) (definitions, error) {
			var out definitions
			for _, owner := range custom.Owners() {
				if in.Owner != "" && in.Owner != string(owner) {
					continue
				}
				defs, err := a.Fields.For(ctx, owner)
				if err != nil {
					return out, err
				}
				out.Items = append(out.Items, kit.Each(defs, definitionOf)...)
			}
			return out, nil
		},
	})
}

type priceLists struct {
	Items kit.List[priceList] `json:"items"`
}

type priceList struct {
	ID       string `json:"id" doc:"Send it as price_list of a price."`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Currency string `json:"currency" doc:"Of every price in it."`
	Default  bool   `json:"default" doc:"Whether it is that of the market which the shop opens with."`
}

type taxClasses struct {
	Items kit.List[taxClass] `json:"items" doc:"The first is what the back office proposes."`
}

type taxClass struct {
	ID   string      `json:"id" doc:"Send it as tax_class of a product."`
	Code string      `json:"code"`
	Name locale.Text `json:"name"`
}

type definitionsIn struct {
	Owner string `query:"owner" oneof:"product variant category customer order" doc:"What the fields are of; all when absent."`
}

type definitions struct {
	Items kit.List[definition] `json:"items" doc:"By owner, each owner's in the order they are shown."`
}

// definition is a field that the merchant has defined.
type definition struct {
	Owner      string                     `json:"owner" enum:"product variant category customer order"`
	Code       string                     `json:"code" doc:"Send it as code of a value."`
	Kind       string                     `json:"kind" enum:"number colour date choice text truth"`
	Name       locale.Text                `json:"name"`
	Unit       string                     `json:"unit,omitempty" doc:"Of a number: cm."`
	Decimals   int                        `json:"decimals" doc:"Of a number, at most."`
	Choices    kit.List[definitionChoice] `json:"choices" doc:"Of a choice, in the order they are shown."`
	Required   bool                       `json:"required"`
	Shown      bool                       `json:"shown" doc:"Whether shoppers see it."`
	Facet      bool                       `json:"facet" doc:"Whether it is among the filters of a listing."`
	Searchable bool                       `json:"searchable"`
}

type definitionChoice struct {
	Code string      `json:"code" doc:"Send it as value."`
	Name locale.Text `json:"name"`
}

func definitionOf(f custom.Field) definition {
	return definition{
		Owner: string(f.Owner), Code: f.Code, Kind: string(f.Kind), Name: texts(f.Name), Unit: f.Unit, Decimals: f.Decimals,
		Choices:  kit.Each(f.Choices, func(o custom.Option) definitionChoice { return definitionChoice{o.Code, texts(o.Name)} }),
		Required: f.Required, Shown: f.Shown, Facet: f.Facet, Searchable: f.Searchable,
	}
}
