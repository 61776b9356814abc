// Package checkout takes a shopper from a cart to a placed order, in three
// phases so that no bank is called inside a transaction: prepare (one
// transaction that freezes price, stock and agreement), pay (the provider),
// and finish (one transaction that every bearer of news calls: the checkout
// itself, the returning browser, the webhook, the reconcile job).
package checkout

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/hook"
	"github.com/stoashop/stoa/platform/job"
)

// Providers are the payment providers of a shop.
type Providers interface {
	// Provider returns a provider with its current settings.
	Provider(id string) (p payment.Provider, s payment.Settings, ok bool)
	// Offered lists what shoppers may choose now for a currency.
	Offered(currency string) []payment.Offer
}

// Shop is what the checkout needs to know of the shop, read at each use.
type Shop struct {
	Zone    *time.Location
	Hold    time.Duration // how long stock is held for somebody who pays
	BaseURL string        // "https://shop.example", without a slash at the end

	// Terms names the texts a shopper agrees to, with their versions, as the
	// shop shows them now: "terms 3, privacy 1". It is "" when there are none,
	// and then nobody is asked.
	Terms func(ctx context.Context) (string, error)
}

// MaxHold is how long after its order a hold may grow while a bank keeps a
// shopper waiting.
const MaxHold = 30 * time.Minute

// lookEvery is how often the provider is asked about an attempt whose outcome
// is open.
const lookEvery = time.Minute

// payTime bounds one call of a provider from here, beyond its own limits.
const payTime = 12 * time.Second

// Deps are what the service stands on.
type Deps struct {
	DB        *db.DB
	Log       *slog.Logger
	Vault     *privacy.Vault
	Carts     *cart.Service
	Orders    *order.Service
	Stock     *inventory.Service
	Providers Providers
	Shop      func() Shop
	Budget    payment.Budget
	Languages []string // what names of goods are kept in, the fallback first
}

// Service is the checkout.
type Service struct {
	Deps

	// BeforePlace lets extensions refuse or change an order that is about to
	// be written. It runs in the transaction.
	BeforePlace hook.Point[*order.Order]
}

// New returns the service and registers its jobs with r.
func New(d Deps, r *job.Runner) *Service {
	s := &Service{Deps: d}
	job.Handle(r, s.reconcile)
	job.Handle(r, s.giveBack)
	return s
}

// Client is who tries to pay, for the payment budget.
type Client struct {
	IP     netip.Addr
	Proven bool // signed in, and has paid here before
}

// Placement is what a shopper sends to place an order.
type Placement struct {
	Owner          cart.Owner
	Details        cart.Details
	ShippingMethod string // id
	PaymentMethod  string // "provider.method"
	ExpectedTotal  money.Minor
	CartVersion    int64
	Terms          bool // accepted
	Lang           string
	Client         Client
	PaymentToken   string // what the provider's own form gave, if it has one
}

// Outcome is what became of a placement.
type Outcome struct {
	OrderID     string
	Token       string // opens the order's page
	State       order.State
	ContinueURL string         // where to send the shopper: the bank's page; "" when there is nothing to do
	Declined    payment.Reason // why the payment was refused; "" when it was not
}

// Unmet are the reasons of faults Place fails with; every field has its own.
const (
	ReasonEmpty        = "checkout.empty"         // nothing to order
	ReasonPriceChanged = "checkout.price_changed" // params "old" and "new"
	ReasonCartChanged  = "checkout.cart_changed"  // changed in another tab
)

// lapse is the job that looks after an attempt whose outcome is not known.
type lapse struct {
	Order   string `json:"order"`
	Attempt string `json:"attempt"`
	Late    bool   `json:"late,omitempty"` // the last look at an attempt nobody waits for any more
}

func (l lapse) key() string {
	if l.Late {
		return "reconcile_late:" + l.Attempt
	}
	return "reconcile:" + l.Attempt
}

// lateLook is when an attempt that the provider did not know is looked at once
// more: a request that was under way all the while has arrived by then.
const lateLook = time.Hour

func (lapse) Kind() string { return "checkout.reconcile" }

// giveBack is the job that returns money nobody may keep.
type giveBack struct {
	Order   string `json:"order"`
	Attempt string `json:"attempt"`
	Reason  string `json:"reason"`
}

func (giveBack) Kind() string { return "checkout.give_back" }

func (s *Service) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), payTime)
}
