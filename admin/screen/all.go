// Package screen puts the rooms of the back office together.
package screen

import (
	"context"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen/categories"
	"github.com/stoashop/stoa/admin/screen/collections"
	"github.com/stoashop/stoa/admin/screen/customers"
	"github.com/stoashop/stoa/admin/screen/home"
	"github.com/stoashop/stoa/admin/screen/imports"
	"github.com/stoashop/stoa/admin/screen/mails"
	"github.com/stoashop/stoa/admin/screen/messages"
	"github.com/stoashop/stoa/admin/screen/orders"
	"github.com/stoashop/stoa/admin/screen/pages"
	"github.com/stoashop/stoa/admin/screen/products"
	"github.com/stoashop/stoa/admin/screen/settings"
	"github.com/stoashop/stoa/admin/screen/stock"
	"github.com/stoashop/stoa/admin/screen/tokens"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/ops/transfer"
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
	Customers  *customer.Service
	Content    *content.Service
	Mailbox    *mailbox.Service
	Transfer   *transfer.Service

	// Link makes an absolute address of a path of the shop.
	Link func(path string) string
}

// All returns the screens, in no order that matters.
func All(p Parts) []admin.Screen {
	orderTable := func(d *admin.Desk, list []order.Summary, now time.Time) ([]admin.Column, []admin.Row) {
		return orders.Columns(d), orders.Rows(d, list, now)
	}
	return []admin.Screen{
		home.Screen(home.Parts{
			DB: p.DB, Orders: p.Orders, Catalog: p.Catalog, Inventory: p.Inventory, Market: p.Market, OrderTable: orderTable,
			FailedMails: func(ctx context.Context) (int64, error) { return p.Mailbox.FailedUpTo(ctx, p.DB, 100) },
			NewMessages: func(ctx context.Context) (int64, error) { return messages.Waiting(ctx, p.DB) },
		}),
		orders.Screen(orders.Parts{
			DB: p.DB, Orders: p.Orders, Checkout: p.Checkout, Fulfilment: p.Fulfilment, Returns: p.Returns, Inventory: p.Inventory, Staff: p.Staff, Fields: p.Fields,
			Picture: picture, Mails: p.mailsAbout,
			Products: func(ctx context.Context, ids []string) (map[string]bool, error) {
				return products.There(ctx, p.DB, ids)
			},
			Resend: func(ctx context.Context, tx *db.Tx, orderID string) error {
				return p.Mailbox.Again(ctx, tx, "order_confirmation", orderID)
			},
		}),
		products.Screen(products.Parts{DB: p.DB, Catalog: p.Catalog, Fields: p.Fields, Inventory: p.Inventory, Upload: p.Upload, Countries: settings.Countries}),
		categories.Screen(categories.Parts{DB: p.DB, Catalog: p.Catalog, Fields: p.Fields, Upload: p.Upload}),
		collections.Screen(collections.Parts{
			DB: p.DB, Catalog: p.Catalog, Fields: p.Fields, Upload: p.Upload,
			FindProducts: func(ctx context.Context, words string, limit int) ([]string, error) {
				return products.Find(ctx, p.DB, words, limit)
			},
		}),
		stock.Screen(stock.Parts{DB: p.DB, Catalog: p.Catalog, Inventory: p.Inventory, Staff: p.Staff}),
		customers.Screen(customers.Parts{DB: p.DB, Customers: p.Customers, Orders: p.Orders, Staff: p.Staff, Fields: p.Fields, Content: p.Content, Mailbox: p.Mailbox, OrderTable: orderTable}),
		pages.Screen(pages.Parts{DB: p.DB, Content: p.Content, Catalog: p.Catalog, Upload: p.Upload}),
		messages.Screen(messages.Parts{DB: p.DB, Content: p.Content}),
		mails.Screen(mails.Parts{DB: p.DB, Mailbox: p.Mailbox}),
		imports.Screen(imports.Parts{DB: p.DB, Transfer: p.Transfer}),
		settings.Screen(settings.Parts{DB: p.DB, Market: p.Market, Tax: p.Tax, Shipping: p.Shipping, Payment: p.Payment, Inventory: p.Inventory, Fields: p.Fields, Staff: p.Staff, Link: p.Link}),
		tokens.Screen(tokens.Parts{DB: p.DB, Staff: p.Staff, Rooms: settings.Rooms}),
	}
}

// mailsAbout lists the letters about an order, the newest first.
func (p Parts) mailsAbout(ctx context.Context, d *admin.Desk, orderID string) ([]orders.Mail, error) {
	list, err := p.Mailbox.List(ctx, p.DB, mailbox.Filter{ObjectID: orderID})
	if err != nil {
		return nil, err
	}
	var all []orders.Mail
	for _, m := range list {
		one := orders.Mail{Name: mails.Kind(d, m.Template), Note: d.When(m.CreatedAt, p.DB.Now()), Status: mails.State(d, m.State)}
		if d.Can(policy.MailRead) {
			one.URL = admin.Prefix + "/mails/" + m.ID
		}
		all = append(all, one)
	}
	return all, nil
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
