// Package cart keeps what a shopper is about to buy.
//
// A cart holds variants and quantities, never an entitled price: it is priced
// anew at every look (rule B7). It lives on the server. A guest's is found by
// the secret in a cookie, a customer's by the account, on every device; once a
// cart belongs to an account, the cookie alone no longer opens it.
package cart

import (
	"maps"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// Lifetime is how long a cart that nobody touches is kept.
const Lifetime = 90 * 24 * time.Hour

// MaxLines bounds the lines of one cart.
const MaxLines = 200

// Owner says whose cart. CustomerID wins; Token is the cookie's secret.
type Owner struct {
	CustomerID string
	Token      string
}

// Cart is a cart without its lines.
type Cart struct {
	ID             string
	CustomerID     string
	KeyID          string // "" until something personal is known
	MarketID       string
	Currency       string
	Locale         string
	State          State
	Details        Details
	ShippingMethod string // id of a shipping method; "" until chosen
	PaymentMethod  string // "provider.method"; "" until chosen
	CreatedAt      time.Time
	UpdatedAt      time.Time
	ExpiresAt      time.Time
	Version        int64 // grows with every change
}

// State is what became of a cart.
type State string

// The states.
const (
	Open    State = "open"
	Ordered State = "ordered"
	Merged  State = "merged" // its lines went into the account's cart
)

// Details are what the shopper typed at the checkout, kept as typed. They are
// sealed at rest.
type Details struct {
	Email       string         `json:"email,omitempty"`
	Shipping    market.Address `json:"shipping"`
	SameBilling bool           `json:"same_billing"`
	Billing     market.Address `json:"billing"`
	Note        string         `json:"note,omitempty"`
}

// Item is a line with everything a page and a price need of its goods, read
// afresh.
type Item struct {
	LineID      string
	VariantID   string
	PersonalKey string
	Quantity    int64
	SeenPrice   money.Minor // what the shopper last saw

	ProductID   string
	Slug        string // of the product's page, in the cart's language if it has one
	SKU         string
	Name        locale.Text
	Options     []locale.Text // names of the chosen values, in option order
	Image       Image
	Unit        money.Minor // the price now
	CompareAt   money.Minor // 0 when there is none
	Class       string      // code of the tax class
	Weight      int64
	HSCode      string
	Origin      string
	Tracked     bool
	Stock       inventory.Stock
	Sold        bool // visible and priced: may be sold at all
	combination string
}

// Image is the picture of a line's goods; Hash is "" when there is none.
type Image struct {
	Hash   string
	Width  int64
	Height int64
	Colour string
	Alt    locale.Text
}

// Label joins the options for one language: "Black / 1.7 l".
func (i Item) Label(lang, fallback string) string {
	label := ""
	for _, o := range i.Options {
		if label != "" {
			label += " / "
		}
		label += o.In(lang, fallback)
	}
	return label
}

// Changed reports whether the price moved since the shopper last saw it.
func (i Item) Changed() bool { return i.Sold && i.SeenPrice != i.Unit }

// Rules are the shop's current settings as a cart needs them.
type Rules struct {
	MarketID    string
	Currency    string
	PriceListID string
	Basis       pricing.Basis
	Keep        pricing.Keep
	Home        tax.Place
	Taxes       tax.Table
	Outside     tax.Outside
	MaxPerLine  int64
	Classes     map[string]string // tax class id → code
	Display     inventory.Display

	Zones []shipping.Zone
}

// RulesOf are the rules of one market of a shop's settings; an unknown one is
// the default.
func RulesOf(s *market.Snapshot, marketID string) Rules {
	m, ok := s.Market(marketID)
	if !ok {
		m = s.Default()
	}
	r := Rules{
		MarketID: m.ID, Currency: m.Currency, PriceListID: m.PriceListID, Basis: m.Basis(), Keep: m.PriceKept,
		Home: s.Home(), Taxes: s.Rates, Outside: m.TaxOutside, MaxPerLine: s.Shop.MaxPerLine,
		Classes: make(map[string]string, len(s.Classes)),
		Display: inventory.Display{Mode: s.Shop.StockDisplay, Few: s.Shop.FewThreshold},
		Zones:   s.Zones,
	}
	for _, c := range s.Classes {
		r.Classes[c.ID] = c.Code
	}
	return r
}

// Bag is a cart as it stands at this instant.
type Bag struct {
	Cart     Cart
	Items    []Item
	Quote    pricing.Quote     // of the items that are sold
	Options  []shipping.Option // ways of delivery
	Chosen   string            // method id of the option in the quote; "" when none fits
	Parcel   shipping.Parcel
	Problems []Problem
	To       tax.Place // what the quote assumes
	Guessed  bool      // To is the shop's home, since nothing else is known
	Refused  error     // why nothing can be sold to To; nil when it can
}

// Problem is something the shopper must know about a line.
type Problem struct {
	LineID string
	Reason string // "cart.gone", "inventory.…", "cart.price_changed"
	Params []any
	Blocks bool // the order cannot be placed with it
}

// Quantity is the number of units, for the badge.
func (b Bag) Quantity() (n int64) {
	for _, i := range b.Items {
		n += i.Quantity
	}
	return n
}

// Sold lists the items that are priced.
func (b Bag) Sold() []Item {
	var sold []Item
	for _, i := range b.Items {
		if i.Sold {
			sold = append(sold, i)
		}
	}
	return sold
}

// Demands are what the items ask of the stock.
func (b Bag) Demands() []inventory.Demand {
	var list []inventory.Demand
	for _, i := range b.Sold() {
		list = append(list, inventory.Demand{LineID: i.LineID, VariantID: i.VariantID, Quantity: i.Quantity, Tracked: i.Tracked})
	}
	return list
}

// Fill prices the items for a destination. It is pure: the same cart, items
// and rules give the same bag. An unknown destination is the shop's home.
// shipping is the code of the delivery asked for; one that is not offered
// falls back to the first. It fails only when a price cannot be computed
// (overflow, a missing tax rate).
func Fill(c Cart, items []Item, r Rules, at time.Time) (Bag, error) {
	bag := Bag{Cart: c, Items: items}
	address := c.Details.Shipping
	bag.To = tax.Place{Country: address.Country, Region: address.Region, Postcode: address.Postcode}
	if bag.To.Country == "" {
		bag.To, bag.Guessed = r.Home, true
	}

	basket := priced{pricing.Basket{Currency: r.Currency, Basis: r.Basis, Keep: r.Keep, Taxes: make(map[string]pricing.Tax)}}
	var classes []string
	var grams int64
	wanted := make(map[string]int64)
	for _, i := range items {
		switch {
		case !i.Sold:
			bag.Problems = append(bag.Problems, Problem{LineID: i.LineID, Reason: "cart.gone", Blocks: true})
			continue
		case i.Changed():
			bag.Problems = append(bag.Problems, Problem{
				LineID: i.LineID, Reason: "cart.price_changed",
				Params: []any{"old", money.Money{Amount: i.SeenPrice, Currency: r.Currency}, "new", money.Money{Amount: i.Unit, Currency: r.Currency}},
			})
		}
		wanted[i.VariantID] += i.Quantity
		if wanted[i.VariantID] > r.Display.Ceiling(i.Stock) {
			reason, params := r.Display.Lack(i.Stock.Sellable)
			bag.Problems = append(bag.Problems, Problem{LineID: i.LineID, Reason: reason, Params: params, Blocks: true})
		}
		basket.Lines = append(basket.Lines, pricing.Line{
			ID: i.LineID, VariantID: i.VariantID, Unit: i.Unit, CompareAt: i.CompareAt, Quantity: i.Quantity, Class: i.Class, Weight: i.Weight,
		})
		classes = append(classes, i.Class)
		weight, err := money.Minor(i.Weight).Times(i.Quantity)
		if err != nil {
			return bag, fault.New(fault.Invalid, "cart.too_large").Because(err)
		}
		grams += int64(weight)
	}
	classes = append(classes, tax.Standard)

	err := basket.tax(r, bag.To, classes, at)
	if fault.Reason(err) == "tax.unknown_destination" && !bag.Guessed {
		// The page still shows prices; Refused keeps the checkout from going on.
		bag.Refused = err
		err = basket.tax(r, r.Home, classes, at)
	}
	if err != nil {
		return bag, err
	}

	goods, err := pricing.Compute(basket.Basket)
	if err != nil {
		return bag, err
	}
	if len(basket.Lines) == 0 {
		bag.Quote = goods
		return bag, nil
	}
	bag.Parcel = shipping.Parcel{Grams: grams, Value: goods.Subtotal - goods.Discount, Currency: r.Currency}
	bag.Options = shipping.Options(r.Zones, bag.To, bag.Parcel)
	if len(bag.Options) == 0 {
		bag.Quote = goods
		return bag, nil
	}
	chosen := bag.Options[0]
	for _, o := range bag.Options {
		if o.ID == c.ShippingMethod {
			chosen = o
		}
	}
	bag.Chosen = chosen.ID
	basket.Shipping = &pricing.Shipping{MethodID: chosen.ID, Price: chosen.Price, Tax: pricing.Weighted, Class: tax.Standard}
	if class := r.Classes[chosen.TaxClass]; class != "" {
		basket.Shipping.Tax, basket.Shipping.Class = pricing.ByClass, class
		if _, ok := basket.Taxes[class]; !ok {
			if err := basket.tax(r, bag.To, []string{class}, at); err != nil {
				return bag, err
			}
		}
	}
	bag.Quote, err = pricing.Compute(basket.Basket)
	return bag, err
}

// priced is a basket that is being put together.
type priced struct{ pricing.Basket }

// tax adds the rates of classes at a destination.
func (b priced) tax(r Rules, to tax.Place, classes []string, at time.Time) error {
	applied, err := r.Taxes.Resolve(r.Home, to, classes, at, r.Outside)
	maps.Copy(b.Taxes, pricing.TaxesOf(applied))
	return err
}
