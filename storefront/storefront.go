// Package storefront is the shopper's door: it draws the views of
// storefront/view from the services and hands what shoppers send to them. It
// holds no rule of the trade.
//
// Every page lives below its language: /en/p/kettle, /de/p/wasserkocher. The
// bare address leads to the language the browser asks for.
package storefront

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/storefront/view"
)

// Options is what the storefront stands on.
type Options struct {
	DB      *db.DB
	Log     *slog.Logger
	Words   *locale.Catalog
	Layers  []fs.FS // of the theme, most specific first, the base last
	Cookies web.Cookies
	Once    *once.Service
	Audit   *audit.Log

	// Base is the shop's address without a slash at the end, for links that
	// leave the page: "https://shop.example".
	Base string
	// PayAt lists the sources of hosted payment pages, which the checkout's
	// form may lead to: "https://pay.example".
	PayAt []string

	Market   *market.Service
	Fields   *custom.Service
	Catalog  *catalog.Service
	Search   *search.Service
	Stock    *inventory.Service
	Carts    *cart.Service
	Orders   *order.Service
	Payments *payment.Service
	Checkout *checkout.Service
	Returns  *returns.Service

	Content  *content.Service
	Accounts *customer.Service
}

// Store is the storefront, ready to be served.
type Store struct {
	Options
	Theme *theme.Theme
	Door  *web.Door

	furniture *audit.Held[*furniture]
	pages     policy.Table // below a language
	bare      policy.Table // everything else

	cards  recent[cardKey, view.ProductCard]
	frames recent[frameKey, *frame]

	mu       sync.Mutex
	pictures map[string]media.Media // by hash; what a hash names never changes
}

// New puts the storefront together. Call it before the change log starts. It
// fails when a template is broken or names what is not there.
func New(o Options) (*Store, error) {
	th, err := theme.New(theme.Options{Catalog: o.Words, Layers: o.Layers})
	if err != nil {
		return nil, fmt.Errorf("storefront: %w", err)
	}
	s := &Store{Options: o, Theme: th, pictures: make(map[string]media.Media)}
	s.cards.size, s.frames.size = maxCards, maxFrames
	s.furniture = audit.Hold(o.Audit, "storefront furniture", furnitureObjects, s.loadFurniture)
	s.Door = &web.Door{
		Log:      o.Log,
		Printer:  func(r *http.Request) *locale.Printer { return s.visit(r).P },
		Page:     s.faultPage,
		CSP:      web.CSP{FormAction: o.PayAt}.String(),
		Problems: web.ProblemTypes,
	}
	s.pages.Add(s.catalogRoutes()...)
	s.pages.Add(s.bagRoutes()...)
	s.pages.Add(s.orderRoutes()...)
	s.pages.Add(s.contentRoutes()...)
	s.pages.Add(s.accountRoutes()...)
	s.bare.Add(s.bareRoutes()...)
	return s, nil
}

// Routes is the table of everything that can be asked of the storefront.
func (s *Store) Routes() []policy.Route { return append(s.bare.Routes(), s.pages.Routes()...) }

// Handler serves the storefront at the root, the theme's assets included.
func (s *Store) Handler() (*policy.Served, error) {
	options := policy.Options{Door: s.Door, Identify: s.identify, AskSignIn: s.askSignIn}
	pages, err1 := s.pages.Handler(options)
	bare, err2 := s.bare.Handler(options)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("storefront: %w", err)
	}
	const barely, paged = 0, 1
	return policy.Choose(func(r *http.Request) int {
		if v, _ := r.Context().Value(visitKey{}).(*Visit); v.lang != "" {
			return paged
		}
		return barely
	}, bare, pages).Around(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := &Visit{store: s}
			if lang := first(r); slices.Contains(s.languages(r.Context()), lang) {
				v.lang = lang
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
		})
	}), nil
}

// first is the first part of a path.
func first(r *http.Request) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return part
}

// languages are those the shop speaks and has words in, its own first.
func (s *Store) languages(ctx context.Context) []string {
	speaks := s.Words.Languages()
	var both []string
	for _, lang := range s.Market.Current(ctx).Shop.Languages {
		if slices.Contains(speaks, lang) {
			both = append(both, lang)
		}
	}
	if both == nil {
		return speaks
	}
	return both
}

// get declares a page; whose object it shows, if any, says owner.
func get(name, pattern string, owner policy.Owner, h web.Handler) policy.Route {
	return policy.Route{Name: "storefront." + name, Method: http.MethodGet, Pattern: "/{lang}" + pattern, Who: policy.Guest, Owner: owner, Handler: h}
}

// post declares a form that a shopper sends.
func post(name, pattern string, owner policy.Owner, h web.Handler) policy.Route {
	r := get(name, pattern, owner, h)
	r.Method = http.MethodPost
	return r
}

// bareRoutes are the addresses without a language.
func (s *Store) bareRoutes() []policy.Route {
	return []policy.Route{
		{Name: "storefront.front", Method: http.MethodGet, Pattern: "/{$}", Who: policy.Public, Handler: s.front},
		{Name: "storefront.assets", Method: http.MethodGet, Pattern: "/assets/{file...}", Who: policy.Public, Handler: web.Sure(s.Theme.Assets())},
		{Name: "storefront.payment.return", Method: http.MethodGet, Pattern: "/payments/{attempt}", Who: policy.Guest, Owner: policy.Nothing, Handler: s.paymentReturn},
		{Name: "storefront.payment.webhook", Method: http.MethodPost, Pattern: "/webhooks/payments/{provider}", Who: policy.Public, Body: 256 << 10, Handler: s.paymentWebhook},
	}
}

// front leads to the home page in the browser's language.
func (s *Store) front(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(w, r, s.visit(r).url(), http.StatusSeeOther)
	return nil
}

// show answers with a page. Pages that belong to nobody may be kept by the
// browser that asked as long as it asks again.
func (s *Store) show(w http.ResponseWriter, r *http.Request, status int, page string, data any) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Cookie")
	return s.Theme.Render(&late{w, status}, s.visit(r).P, page, data)
}

// fragment answers with one partial.
func (s *Store) fragment(w http.ResponseWriter, r *http.Request, status int, partial string, data any) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "X-Swap")
	return s.Theme.Fragment(&late{w, status}, s.visit(r).P, partial, data)
}

// browse lets the browser keep a page and come back to it, after asking
// whether it is still the same.
func browse(w http.ResponseWriter) { w.Header().Set("Cache-Control", "private, no-cache") }

// wants reports whether the script asks for a fragment of its page: the
// element with this id.
func wants(r *http.Request, id string) bool {
	return slices.Contains(strings.Fields(r.Header.Get("X-Swap")), id)
}

// late writes the status just before the first byte, so that a page which
// fails to render can still be answered with an error.
type late struct {
	w      http.ResponseWriter
	status int
}

func (l *late) Write(b []byte) (int, error) {
	if l.status != 0 {
		l.w.WriteHeader(l.status)
		l.status = 0
	}
	return l.w.Write(b)
}
