package stoa

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen"
	"github.com/stoashop/stoa/api"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront"
	"github.com/stoashop/stoa/themes/base"
)

// doors are everything that the shop answers: the shopper's pages, the back
// office, the API, the pictures, and in test mode the clock.
func (s *Shop) doors() (*policy.Served, error) {
	office, err := s.Office()
	if err != nil {
		return nil, err
	}
	programs, err := s.API()
	if err != nil {
		return nil, err
	}
	var bare policy.Table
	bare.Add(policy.Route{Name: "media.picture", Method: http.MethodGet, Pattern: "/media/{hash}/{file}", Who: policy.Public, Handler: web.Sure(upload.Serve(s.Files))})
	if s.TestClock != nil {
		bare.Add(s.clockRoutes()...)
	}
	desk, err1 := office.Handler()
	shop, err2 := s.Storefront.Handler()
	rest, err3 := bare.Handler(policy.Options{Door: s.plain()})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	const shopping, working, asking, other = 0, 1, 2, 3
	at := map[string]int{"admin": working, "api": asking, "media": other}
	if s.TestClock != nil {
		at["test"] = other
	}
	return policy.Choose(func(r *http.Request) int { return at[firstPart(r)] }, shop, desk, programs.Handler(), rest), nil
}

// Probes answer whoever runs the shop: health checks and, with metrics, what it
// counts, which belongs on an address of its own.
func (s *Shop) Probes(metrics *web.Metrics) (*policy.Served, error) {
	var table policy.Table
	table.Add(
		policy.Route{Name: "health.live", Method: http.MethodGet, Pattern: "/healthz/live", Who: policy.Public, Handler: s.health.Live},
		policy.Route{Name: "health.ready", Method: http.MethodGet, Pattern: "/healthz/ready", Who: policy.Public, Handler: s.health.Ready},
	)
	if metrics != nil {
		table.Add(policy.Route{Name: "metrics", Method: http.MethodGet, Pattern: "/metrics", Who: policy.Public, Handler: web.Sure(metrics.Handler())})
	}
	served, err := table.Handler(policy.Options{Door: s.plain()})
	if err != nil {
		return nil, err
	}
	return served.Around(web.Probed), nil
}

// plain is the door of what has no pages.
func (s *Shop) plain() *web.Door {
	return &web.Door{Log: s.Log, Printer: s.printer, Problems: web.ProblemTypes}
}

func firstPart(r *http.Request) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return part
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
		Market: s.Market, Fields: s.Fields, Catalog: s.Catalog, Search: s.Search, Stock: s.Stock, Carts: s.Carts, Orders: s.Orders,
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
