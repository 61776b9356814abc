package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
)

// staffStock are the operations on what is where.
func (a *API) staffStock(k *kit.API) {
	const tag = "staff: stock"
	kit.Add(k, kit.Operation[none, locationList]{
		Name: "staff.locations.list", Method: http.MethodGet, Path: "/staff/locations", Tag: tag, Who: desk, Permission: policy.StockRead,
		Summary: "List the places that keep stock.",
		Handler: func(ctx context.Context, _ none) (locationList, error) {
			places, err := a.Stock.Locations(ctx, a.DB)
			return locationList{kit.Each(places, func(l inventory.Location) location {
				return location{l.ID, l.Code, l.Name, l.Country, l.Active}
			})}, err
		},
	})
	kit.Add(k, kit.Operation[stockIn, stockList]{
		Name: "staff.stock.list", Method: http.MethodGet, Path: "/staff/stock", Tag: tag, Who: desk, Permission: policy.StockRead,
		Summary: "Get the stock of many variants.",
		Handler: func(ctx context.Context, in stockIn) (stockList, error) {
			list, err := a.stock(ctx, a.DB, in.Variants)
			return stockList{list}, err
		},
	})
	kit.Add(k, kit.Operation[stockID, stock]{
		Name: "staff.stock.get", Method: http.MethodGet, Path: "/staff/stock/{variant}", Tag: tag, Who: desk, Permission: policy.StockRead,
		Summary: "Get a variant's stock at every location.",
		Handler: func(ctx context.Context, in stockID) (stock, error) { return a.stockOf(ctx, a.DB, in.Variant) },
	})
	kit.Add(k, kit.Operation[adjustIn, stock]{
		Name: "staff.stock.adjust", Method: http.MethodPost, Path: "/staff/stock/{variant}/adjustments", Tag: tag, Who: desk, Permission: policy.StockWrite, Status: http.StatusCreated, Once: true,
		Summary:     "Correct what is on hand, by a difference.",
		Description: "A difference and not a sum, so that two people who count at once do not undo each other.",
		Tx:          a.adjustStock,
	})
	kit.Add(k, kit.Operation[stockPolicyIn, stock]{
		Name: "staff.stock.policy", Method: http.MethodPut, Path: "/staff/stock/{variant}/policies/{location}", Tag: tag, Who: desk, Permission: policy.StockWrite,
		Summary: "Set what is kept back, and how many may be sold before they have arrived.",
		Tx: func(ctx context.Context, tx *db.Tx, in stockPolicyIn) (stock, error) {
			if err := a.stockPlace(ctx, tx, in.Variant, in.Location, fault.New(fault.NotFound, "fault.not_found")); err != nil {
				return stock{}, err
			}
			if err := a.Stock.SetPolicy(ctx, tx, actor(ctx), in.Variant, in.Location, in.Safety, in.Backorder); err != nil {
				return stock{}, err
			}
			return a.stockOf(ctx, tx, in.Variant)
		},
	})
	kit.Add(k, kit.Operation[movementsIn, kit.Page[movement]]{
		Name: "staff.stock.movements", Method: http.MethodGet, Path: "/staff/stock/{variant}/movements", Tag: tag, Who: desk, Permission: policy.StockRead,
		Summary: "List a variant's stock movements, newest first.",
		Handler: a.movements,
	})
}

type locationList struct {
	Items kit.List[location] `json:"items" doc:"In the order stock is taken from them."`
}

type location struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	Country string `json:"country"`
	Active  bool   `json:"active"`
}

type stockIn struct {
	Variants []string `query:"variant" items:"100" max:"40" required:"true" doc:"Id of a variant; may be repeated. Unknown ones are left out."`
}

type stockID struct {
	Variant string `path:"variant" max:"40"`
}

type stockList struct {
	Items kit.List[stock] `json:"items"`
}

// stock is a variant's stock, exactly: for staff only.
type stock struct {
	Variant  string          `json:"variant_id"`
	Product  string          `json:"product_id"`
	SKU      string          `json:"sku"`
	Tracked  bool            `json:"tracked" doc:"false: the shop does not count it, it is always there."`
	Sellable int64           `json:"sellable" doc:"How many more can be sold, at the active locations together."`
	Shelf    int64           `json:"shelf" doc:"The same without those that have not arrived yet."`
	Levels   kit.List[level] `json:"levels"`
}

type level struct {
	Location  string    `json:"location_id"`
	OnHand    int64     `json:"on_hand"`
	Allocated int64     `json:"allocated" doc:"Sold and not sent yet."`
	Held      int64     `json:"held" doc:"Promised to shoppers who are paying now."`
	Safety    int64     `json:"safety" doc:"Kept back."`
	Backorder int64     `json:"backorder_limit" doc:"How many may be sold beyond what is there."`
	UpdatedAt time.Time `json:"updated_at"`
}

func (a *API) stockOf(ctx context.Context, q db.Q, variant string) (stock, error) {
	list, err := a.stock(ctx, q, []string{variant})
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "catalog.unknown_variant")
	}
	if err != nil {
		return stock{}, err
	}
	return list[0], nil
}

// stock reads the stock of variants, in the given order; unknown ones are left
// out.
func (a *API) stock(ctx context.Context, q db.Q, variants []string) (kit.List[stock], error) {
	variants = slices.DeleteFunc(slices.Clone(variants), func(v string) bool { return !id.Valid("var", v) })
	lines, err := a.Catalog.Lines(ctx, q, "", variants)
	if err != nil {
		return nil, err
	}
	levels, err := a.Stock.Levels(ctx, q, variants)
	if err != nil {
		return nil, err
	}
	var list kit.List[stock]
	for i, v := range variants {
		l := lines[v]
		if l == nil || slices.Contains(variants[:i], v) {
			continue
		}
		s := stock{Variant: v, Product: l.ProductID, SKU: l.SKU, Tracked: l.Tracked, Sellable: l.Stock.Sellable, Shelf: l.Stock.Shelf}
		for _, x := range levels {
			if x.VariantID == v {
				s.Levels = append(s.Levels, level{x.LocationID, x.OnHand, x.Allocated, x.Held, x.Safety, x.BackorderLimit, x.UpdatedAt.UTC()})
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// stockPlace fails unless there are such a variant and such a location; missing
// is the fault for the location.
func (a *API) stockPlace(ctx context.Context, q db.Q, variant, location string, missing error) error {
	if _, err := a.stockOf(ctx, q, variant); err != nil {
		return err
	}
	places, err := a.Stock.Locations(ctx, q)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(places, func(l inventory.Location) bool { return l.ID == location }) {
		return missing
	}
	return nil
}

type adjustIn struct {
	languageIn
	Variant  string `path:"variant" max:"40"`
	Location string `json:"location_id" required:"true" max:"40"`
	Change   int64  `json:"change" required:"true" min:"-1000000000" max:"1000000000" doc:"More (or, below zero, fewer) than there were."`
	Reason   string `json:"reason" required:"true" oneof:"delivery counted damaged lost returned other"`
	Note     string `json:"note" max:"300"`
}

func (a *API) adjustStock(ctx context.Context, tx *db.Tx, in adjustIn) (stock, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return stock{}, err
	}
	bad := func(path, reason string) error { return fault.New(fault.Invalid, "form.invalid").At(path, reason) }
	if in.Change == 0 {
		return stock{}, bad("change", "admin.stock.no_change")
	}
	if err := a.stockPlace(ctx, tx, in.Variant, in.Location, bad("location_id", "form.not_a_choice")); err != nil {
		return stock{}, err
	}
	cause := inventory.Adjustment
	if in.Reason == "counted" {
		cause = inventory.Count
	}
	note := strings.TrimSuffix(v.p.T("admin.stock.reason."+in.Reason)+": "+in.Note, ": ") // as the back office writes it
	change := inventory.Change{VariantID: in.Variant, LocationID: in.Location, Delta: in.Change, Note: note}
	if err := a.Stock.Adjust(ctx, tx, actor(ctx), cause, []inventory.Change{change}); err != nil {
		return stock{}, named(err, "quantity", "change")
	}
	return a.stockOf(ctx, tx, in.Variant)
}

type stockPolicyIn struct {
	Variant   string `path:"variant" max:"40"`
	Location  string `path:"location" max:"40"`
	Safety    int64  `json:"safety" required:"true" min:"0" max:"1000000000"`
	Backorder int64  `json:"backorder_limit" required:"true" min:"0" max:"1000000000"`
}

type movementsIn struct {
	kit.PageIn
	Variant string `path:"variant" max:"40"`
}

type movement struct {
	ID        string    `json:"id"`
	Location  string    `json:"location_id"`
	OnHand    int64     `json:"on_hand_change"`
	Allocated int64     `json:"allocated_change"`
	Cause     string    `json:"cause"`
	Document  string    `json:"document" doc:"Order line, shipment or import run."`
	Note      string    `json:"note"`
	Actor     actorOut  `json:"actor"`
	At        time.Time `json:"at"`
}

type actorOut struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty" doc:"Of staff and programs."`
}

// movementAt is where a page of movements ended.
type movementAt struct{ Before string }

func (a *API) movements(ctx context.Context, in movementsIn) (kit.Page[movement], error) {
	var page kit.Page[movement]
	var from movementAt
	if _, err := in.After(&from); err != nil {
		return page, err
	}
	if _, err := a.stockOf(ctx, a.DB, in.Variant); err != nil {
		return page, err
	}
	names, err := a.Staff.Names(ctx)
	if err != nil {
		return page, err
	}
	found, err := a.Stock.Movements(ctx, a.DB, in.Variant, from.Before, in.Size()+1)
	if err != nil {
		return page, err
	}
	if len(found) > in.Size() {
		found = found[:in.Size()]
		page.Next = kit.NextCursor(movementAt{found[len(found)-1].ID})
	}
	page.Items = kit.Each(found, func(m inventory.Movement) movement {
		return movement{m.ID, m.LocationID, m.OnHandDelta, m.AllocatedDelta, string(m.Cause), m.Document, m.Note, actorOut{m.ActorKind, m.ActorID, names[m.ActorID]}, m.At.UTC()}
	})
	return page, nil
}
