package stoa

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen"
	"github.com/stoashop/stoa/api"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/storefront"
	"github.com/stoashop/stoa/themes/base"
)

// mount hangs the doors into mux.
func (s *Shop) mount(mux *http.ServeMux) error {
	office, err := s.Office()
	if err != nil {
		return err
	}
	desk, err := office.Handler()
	if err != nil {
		return err
	}
	mux.Handle(admin.Prefix, desk)
	mux.Handle(admin.Prefix+"/", desk)
	programs, err := s.API()
	if err != nil {
		return err
	}
	mux.Handle("/api/", programs)
	mux.Handle("/media/", upload.Serve(s.Files))
	shop, err := s.Storefront.Handler()
	if err != nil {
		return err
	}
	mux.Handle("/", shop)
	if s.TestClock != nil {
		mux.Handle("/test/clock", s.testClock())
	}
	return nil
}

// Office puts the back office together; its routes are the table that
// documentation and tests go through.
func (s *Shop) Office() (*admin.Office, error) {
	return admin.New(admin.Options{
		DB: s.DB, Words: s.Words, Staff: s.Staff, Once: s.Once, Cookies: s.cookies, Log: s.Log,
		Shop: screen.Shop(s.Market, "/"), Screens: s.screens(), Refused: s.refusals.tell("office"),
	})
}

// store puts the storefront together.
func (s *Shop) store() (*storefront.Store, error) {
	var payAt []string
	for _, stored := range s.Payments.All() {
		payAt = append(payAt, stored.Provider.Info().Pages...)
	}
	return storefront.New(storefront.Options{
		DB: s.DB, Log: s.Log, Words: s.Words, Layers: append(slices.Clone(s.parts.themes), base.Files), Cookies: s.cookies, Once: s.Once, Audit: s.Audit,
		Base: s.Settings.Base, PayAt: payAt,
		Market: s.Market, Catalog: s.Catalog, Search: s.Search, Stock: s.Stock, Carts: s.Carts, Orders: s.Orders,
		Payments: s.Payments, Checkout: s.Checkout, Returns: s.Returns, Content: s.Content, Accounts: s.Customers,
	})
}

// API puts the programs' door together; its routes are the table that
// documentation and tests go through.
func (s *Shop) API() (*api.API, error) {
	return api.New(api.Options{
		DB: s.DB, Log: s.Log, Words: s.Words, Once: s.Once, URL: s.Settings.Base,
		Market: s.Market, Fields: s.Fields, Catalog: s.Catalog, Search: s.Search, Stock: s.Stock, Carts: s.Carts, Orders: s.Orders,
		Payments: s.Payments, Checkout: s.Checkout, Fulfilment: s.Fulfilment, Returns: s.Returns, Staff: s.Staff, Upload: s.Upload, Accounts: s.Customers,
		Refused: s.refusals.tell("api"),
	})
}

// screens are the rooms of the back office.
func (s *Shop) screens() []admin.Screen {
	return screen.All(screen.Parts{
		DB: s.DB, Staff: s.Staff, Upload: s.Upload, Market: s.Market, Tax: s.Tax, Shipping: s.Shipping, Payment: s.Payments,
		Fields: s.Fields, Catalog: s.Catalog, Inventory: s.Stock, Orders: s.Orders, Checkout: s.Checkout, Fulfilment: s.Fulfilment, Returns: s.Returns,
		Customers: s.Customers, Content: s.Content, Mailbox: s.Mail, Transfer: s.Transfer,
		Link: func(path string) string { return s.base.ResolveReference(&url.URL{Path: path}).String() },
	})
}

// printer writes in the language a browser asks for.
func (s *Shop) printer(r *http.Request) *locale.Printer {
	return s.Words.Printer(s.Words.Match(r.Header.Get("Accept-Language")), s.market().Shop.Location())
}
