// Package screen puts the rooms of the back office together.
package screen

import (
	"context"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen/categories"
	"github.com/stoashop/stoa/admin/screen/home"
	"github.com/stoashop/stoa/admin/screen/orders"
	"github.com/stoashop/stoa/admin/screen/products"
	"github.com/stoashop/stoa/admin/screen/settings"
	"github.com/stoashop/stoa/admin/screen/stock"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
)

// Parts is everything the screens work with.
type Parts struct {
	DB         *db.DB
	Staff      *staff.Service
	Upload     *upload.Service
	Market     *market.Service
	Tax        *tax.Service
	Shipping   *shipping.Service
	Payment    *payment.Service
	Fields     *custom.Service
	Catalog    *catalog.Service
	Inventory  *inventory.Service
	Orders     *order.Service
	Checkout   *checkout.Service
	Fulfilment *fulfilment.Service
	Returns    *returns.Service

	// Link makes an absolute address of a path of the shop.
	Link func(path string) string
}

// All returns the screens, in no order that matters.
func All(p Parts) []admin.Screen {
	return []admin.Screen{
		home.Screen(home.Parts{
			DB: p.DB, Orders: p.Orders, Catalog: p.Catalog, Inventory: p.Inventory, Market: p.Market,
			OrderTable: func(d *admin.Desk, list []order.Summary, now time.Time) ([]admin.Column, []admin.Row) {
				return orders.Columns(d), orders.Rows(d, list, now)
			},
		}),
		orders.Screen(orders.Parts{
			DB: p.DB, Orders: p.Orders, Checkout: p.Checkout, Fulfilment: p.Fulfilment, Returns: p.Returns, Inventory: p.Inventory, Staff: p.Staff,
			Picture: picture,
		}),
		products.Screen(products.Parts{DB: p.DB, Catalog: p.Catalog, Fields: p.Fields, Inventory: p.Inventory, Upload: p.Upload}),
		categories.Screen(categories.Parts{DB: p.DB, Catalog: p.Catalog, Fields: p.Fields}),
		stock.Screen(stock.Parts{DB: p.DB, Catalog: p.Catalog, Inventory: p.Inventory, Staff: p.Staff}),
		settings.Screen(settings.Parts{DB: p.DB, Market: p.Market, Tax: p.Tax, Shipping: p.Shipping, Payment: p.Payment, Inventory: p.Inventory, Staff: p.Staff, Link: p.Link}),
	}
}

// Shop tells the office of the shop it belongs to.
func Shop(m *market.Service, url string) func(ctx context.Context) admin.Shop {
	return func(ctx context.Context) admin.Shop {
		snap := m.Current(ctx)
		main := snap.Default()
		shop := admin.Shop{
			Name: snap.Shop.Name, URL: url, Zone: snap.Shop.Location(), Languages: snap.Shop.Languages,
			Currency: main.Currency, PriceList: main.PriceListID,
		}
		for _, c := range snap.Classes {
			shop.Classes = append(shop.Classes, admin.TaxClass{ID: c.ID, Name: c.Name})
		}
		return shop
	}
}

// picture is the address of a small rendition of a picture named by its hash.
func picture(hash string) string {
	if hash == "" {
		return ""
	}
	return media.Media{Hash: hash, Mime: "image/jpeg", Width: 320, Height: 320}.URL(160)
}
