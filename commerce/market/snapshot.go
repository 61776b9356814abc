package market

import (
	"slices"
	"time"
	_ "time/tzdata" // a shop's zone must be known on machines without zone files

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Stock displays: how much of the stock shoppers are told.
const (
	StockExact  = "exact"  // the number
	StockFew    = "few"    // "only a few left" up to FewThreshold, else "in stock"
	StockHidden = "hidden" // in stock or not
)

// Shop is what the merchant says of the shop itself. There is one.
type Shop struct {
	Name    string  `json:"name"`
	Email   string  `json:"email"` // where shoppers write to, and the sender of mail
	Phone   string  `json:"phone"`
	Address Address `json:"address"` // may be empty but for the country

	Languages []string `json:"languages"` // BCP 47; the first is the fallback of the others
	Zone      string   `json:"zone"`      // IANA time zone: "Europe/Berlin"

	StockDisplay string `json:"stock_display"`
	FewThreshold int64  `json:"few_threshold"` // ≥ 0
	HoldMinutes  int    `json:"hold_minutes"`  // 1..30: how long stock is held for a payment
	MaxPerLine   int64  `json:"max_per_line"`  // 1..1,000,000 pieces

	CutOff     int            `json:"cut_off"` // minutes after midnight; later orders leave the next working day
	Workdays   []time.Weekday `json:"workdays"`
	ClosedDays []string       `json:"closed_days"` // "2026-12-25"

	BankDetails string    `json:"bank_details"` // told to those who pay by transfer
	OpenedAt    time.Time `json:"opened_at"`
	Version     int64     `json:"version"`

	location *time.Location
}

// Location is the shop's time zone; never nil.
func (s Shop) Location() *time.Location {
	if s.location == nil {
		return time.UTC
	}
	return s.location
}

// Market is a group of shoppers who see the same prices.
type Market struct {
	ID               string       `json:"id"`
	Code             string       `json:"code"`
	Name             string       `json:"name"`
	Currency         string       `json:"currency"`
	Locale           string       `json:"locale"`
	PriceListID      string       `json:"price_list_id"`
	PricesIncludeTax bool         `json:"prices_include_tax"`
	TaxRounding      string       `json:"tax_rounding"` // "unit", "line", "order"; read when prices are without tax
	TaxOutside       tax.Outside  `json:"tax_outside"`
	PriceKept        pricing.Keep `json:"price_kept"`
	Default          bool         `json:"default"`
	Version          int64        `json:"version"`
}

// Basis is how the market's prices are listed and rounded.
func (m Market) Basis() pricing.Basis { return pricing.BasisOf(m.PricesIncludeTax, m.TaxRounding) }

// Basket is an empty basket of the market, to be filled with lines.
func (m Market) Basket() pricing.Basket {
	return pricing.Basket{Currency: m.Currency, Basis: m.Basis(), Keep: m.PriceKept}
}

// PriceList is a set of prices in one currency.
type PriceList struct {
	ID       string `json:"id"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Version  int64  `json:"version"`
}

// Snapshot is every setting of the shop at one instant. It is read by many at
// once and never changed: whoever got one keeps it for the whole request.
type Snapshot struct {
	Shop       Shop
	Markets    []Market // the default first
	PriceLists []PriceList
	Classes    []tax.Class // by position
	Rates      tax.Table
	Zones      []shipping.Zone // by position
}

// Open reports whether the shop has been set up.
func (s *Snapshot) Open() bool { return len(s.Markets) > 0 && !s.Shop.OpenedAt.IsZero() }

// Default is the market of those of whom nothing is known. Before the shop is
// set up it is the zero Market.
func (s *Snapshot) Default() Market {
	if len(s.Markets) == 0 {
		return Market{}
	}
	return s.Markets[0]
}

// Market finds a market by its id.
func (s *Snapshot) Market(id string) (Market, bool) {
	i := slices.IndexFunc(s.Markets, func(m Market) bool { return m.ID == id })
	if i < 0 {
		return Market{}, false
	}
	return s.Markets[i], true
}

// Class finds a tax class by its id.
func (s *Snapshot) Class(id string) (tax.Class, bool) {
	i := slices.IndexFunc(s.Classes, func(c tax.Class) bool { return c.ID == id })
	if i < 0 {
		return tax.Class{}, false
	}
	return s.Classes[i], true
}

// ClassID is the id of the tax class with a code, or "".
func (s *Snapshot) ClassID(code string) string {
	for _, c := range s.Classes {
		if c.Code == code {
			return c.ID
		}
	}
	return ""
}

// Language picks the language of the shop that is asked for, else the first.
func (s *Snapshot) Language(want string) string {
	if slices.Contains(s.Shop.Languages, want) || len(s.Shop.Languages) == 0 {
		return want
	}
	return s.Shop.Languages[0]
}

// Home is where the shop is, for the tax that listed prices contain.
func (s *Snapshot) Home() tax.Place { return s.Shop.Address.Place() }

// Place is the destination that an address names, for tax and delivery.
func (a Address) Place() tax.Place {
	return tax.Place{Country: a.Country, Region: a.Region, Postcode: a.Postcode}
}

// Taxes finds what each tax class (by id) is charged at a destination, keyed
// by id: it is the Taxes of a basket of the market. It fails like
// tax.Table.Resolve.
func (s *Snapshot) Taxes(m Market, to tax.Place, classIDs []string, at time.Time) (map[string]pricing.Tax, error) {
	codes := make([]string, 0, len(classIDs))
	for _, id := range classIDs {
		c, ok := s.Class(id)
		if !ok {
			return nil, fault.New(fault.Conflict, "tax.rate_missing").With("class", id).With("country", to.Country)
		}
		codes = append(codes, c.Code)
	}
	found, err := s.Rates.Resolve(s.Home(), to, codes, at, m.TaxOutside)
	if err != nil {
		return nil, err
	}
	byCode := pricing.TaxesOf(found)
	taxes := make(map[string]pricing.Tax, len(classIDs))
	for i, id := range classIDs {
		taxes[id] = byCode[codes[i]]
	}
	return taxes, nil
}

// Parcel describes what a market's goods would be sent as. value is after
// discounts, as listed.
func (m Market) Parcel(grams int64, value money.Minor) shipping.Parcel {
	return shipping.Parcel{Grams: grams, Value: value, Currency: m.Currency}
}

// Expect estimates when an order placed at now would arrive by a method.
func (s *Snapshot) Expect(now time.Time, m shipping.Method) shipping.Estimate {
	schedule := shipping.Schedule{
		CutOff:   time.Duration(s.Shop.CutOff) * time.Minute,
		Workdays: s.Shop.Workdays,
		Closed:   s.Shop.ClosedDays,
	}
	return schedule.Expect(now, s.Shop.Location(), m.DaysMin, m.DaysMax)
}

// Shipping is the choice of an option as a basket takes it.
func Shipping(o shipping.Option) *pricing.Shipping {
	s := &pricing.Shipping{MethodID: o.ID, Price: o.Price, Tax: pricing.Weighted}
	if o.TaxClass != "" {
		s.Tax, s.Class = pricing.ByClass, o.TaxClass
	}
	return s
}
