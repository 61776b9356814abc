// Package api is the programs' door: the shop as one typed table of
// operations, from which come routes, policies, decoders and the OpenAPI
// document. It holds no rule of the trade: the services behind it are those of
// the pages, so the answers are the same.
//
// What an audience is not told has no field in its answers: shoppers see no
// stock level that the shop's policy hides, no cost and no note of staff.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Base is the path before all operations of this version.
const Base = "/api/v1"

// Options is what the API stands on.
type Options struct {
	DB    *db.DB
	Log   *slog.Logger
	Words *locale.Catalog
	Once  *once.Service
	URL   string // of the shop, without a slash at the end: "https://shop.example"

	Market     *market.Service
	Fields     *custom.Service
	Catalog    *catalog.Service
	Search     *search.Service
	Stock      *inventory.Service
	Carts      *cart.Service
	Orders     *order.Service
	Payments   *payment.Service
	Checkout   *checkout.Service
	Fulfilment *fulfilment.Service
	Returns    *returns.Service
	Staff      *staff.Service
	Upload     *upload.Service
	Accounts   *customer.Service // nil: guests only

	Rate Rate // how often one asker may ask

	// Refused is told of every 403; it may be nil.
	Refused func(r *http.Request, route policy.Route, id policy.Identity)
}

// API is the table of operations, ready to be served below /api/.
type API struct {
	Options
	door    *web.Door
	table   *policy.Table
	served  *policy.Served
	limiter limiter
}

// New puts the API together.
func New(o Options) (*API, error) {
	a := &API{Options: o}
	a.Rate = o.Rate.filled()
	a.door = &web.Door{
		Log:      o.Log,
		Printer:  func(r *http.Request) *locale.Printer { return a.printer(r.Context(), r.URL.Query().Get("language")) },
		Problems: web.ProblemTypes,
	}
	k := kit.New(kit.Options{
		Title: "Stoa", Version: "1", Server: o.URL, Base: Base, DB: o.DB,
		Guard: func(h web.Handler) web.Handler { return o.Once.Guard(once.Rule{Door: a.door, Scope: scope}, h) },
	})
	a.catalogue(k)
	a.carts(k)
	a.orders(k)
	if o.Accounts != nil {
		a.accounts(k)
	}
	a.staffSessions(k)
	a.staffTokens(k)
	a.staffProducts(k)
	a.staffMedia(k)
	a.staffStock(k)
	a.staffOrders(k)
	a.staffCategories(k)
	a.staffSettings(k)
	if o.Accounts != nil {
		a.staffCustomers(k)
	}
	var err error
	if a.table, err = k.Table(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	routes, err := a.table.Handler(policy.Options{Door: a.door, Identify: a.identify, Refused: o.Refused})
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a.served = routes.Around(func(next http.Handler) http.Handler {
		return a.heard(web.Compress(a.door.Mount(a.limited(next))))
	})
	return a, nil
}

// Routes is the table of everything that can be asked of the API.
func (a *API) Routes() []policy.Route { return a.table.Routes() }

// Handler serves the operations below /api/.
func (a *API) Handler() *policy.Served { return a.served }

// heard notes what a request says beside its input.
func (a *API) heard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Language, Authorization, Cart-Token")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askKey{}, &ask{
			cart: r.Header.Get(kit.CartToken), language: r.Header.Get("Accept-Language"), key: r.Header.Get("Idempotency-Key"),
		})))
	})
}

type askKey struct{}

// ask is what a request says beside its input.
type ask struct {
	cart     string // secret of a guest's cart
	language string // Accept-Language
	key      string // Idempotency-Key

	me     policy.Identity // who asks
	failed error           // why that is not known
}

func asked(ctx context.Context) *ask {
	if a, ok := ctx.Value(askKey{}).(*ask); ok {
		return a
	}
	return new(ask)
}

// bearer returns the token of an Authorization header; sent reports whether
// there is a header at all.
func bearer(r *http.Request) (token string, sent bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", len(values) > 0
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return token, true
}

// look finds out who is asking. A token that is none is refused even where
// guests may come: a shopper whose session has ended must not go on as
// somebody else without being told.
func (a *API) look(r *http.Request) (policy.Identity, error) {
	token, sent := bearer(r)
	if !sent {
		return policy.Identity{}, nil
	}
	who := []func() (policy.Identity, error){
		func() (policy.Identity, error) {
			if strings.HasPrefix(token, staff.TokenPrefix) {
				return a.Staff.IdentifyToken(r.Context(), token)
			}
			id, _, err := a.Staff.Identify(r.Context(), token)
			return id, err
		},
		func() (policy.Identity, error) {
			if a.Accounts == nil {
				return policy.Identity{}, nil
			}
			id, _, err := a.Accounts.Identify(r.Context(), token)
			return id, err
		},
	}
	if !strings.HasPrefix(r.URL.Path, Base+"/staff/") {
		who[0], who[1] = who[1], who[0]
	}
	for _, ask := range who {
		id, err := ask()
		if err != nil || id.Known() {
			return id, err
		}
	}
	return policy.Identity{}, web.SignInNeeded("Bearer")
}

// scope keeps one asker's repeats apart from another's. A guest without a cart
// has nothing but an address.
func scope(r *http.Request) string {
	if me := policy.Of(r.Context()); me.Known() {
		return me.Kind.String() + ":" + me.ID
	}
	if token := asked(r.Context()).cart; token != "" {
		return "cart:" + token
	}
	return "guest:" + network(r.Context())
}

// named gives the inputs of a fault the names that the caller knows them by:
// pairs of ours and theirs.
func named(err error, pairs ...string) error {
	f := fault.From(err)
	if err == nil || len(f.Fields) == 0 {
		return err
	}
	copied := *f
	copied.Fields = slices.Clone(f.Fields)
	for i, field := range copied.Fields {
		for p := 0; p+1 < len(pairs); p += 2 {
			if field.Path == pairs[p] {
				copied.Fields[i].Path = pairs[p+1]
			}
		}
	}
	return &copied
}
