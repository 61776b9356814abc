package market

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bojanz/currency"

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// Setup is what a new shop has to say before it opens.
type Setup struct {
	Name      string
	Email     string
	Address   Address // the country at least; in the United States the state too
	Currency  string
	Languages []string // the first is the market's
	Zone      string

	PricesIncludeTax bool
	ShippingPrice    money.Minor // flat, in Currency, as listed
	FreeFrom         money.Minor // 0: never free
}

// Suggest fills in what most shops of a country would say. The caller adds a
// name and an e-mail address.
func Suggest(country string) Setup {
	s := Setup{
		Address:          Address{Country: country},
		Currency:         "EUR",
		Languages:        []string{"en", "de"},
		Zone:             zoneOf(country),
		PricesIncludeTax: country != "US" && country != "CA",
	}
	if code, ok := currency.ForCountryCode(country); ok {
		s.Currency = code
	}
	if slices.Contains([]string{"DE", "AT", "CH", "LI", "LU"}, country) {
		s.Languages = []string{"de", "en"}
	}
	return s
}

// zoneOf is the time zone of a country's capital, where that is the usual
// choice; UTC for the others.
func zoneOf(country string) string {
	zones := map[string]string{
		"AT": "Europe/Vienna", "AU": "Australia/Sydney", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CA": "America/Toronto",
		"CH": "Europe/Zurich", "CY": "Asia/Nicosia", "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen",
		"EE": "Europe/Tallinn", "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London",
		"GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin", "IS": "Atlantic/Reykjavik",
		"IT": "Europe/Rome", "JP": "Asia/Tokyo", "LI": "Europe/Vaduz", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg",
		"LV": "Europe/Riga", "MT": "Europe/Malta", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "NZ": "Pacific/Auckland",
		"PL": "Europe/Warsaw", "PT": "Europe/Lisbon", "RO": "Europe/Bucharest", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana",
		"SK": "Europe/Bratislava", "US": "America/New_York",
	}
	if z := zones[country]; z != "" {
		return z
	}
	return "UTC"
}

// SetUp opens a new shop: its row, one price list, the default market, the tax
// classes, the rates it collects as far as the library knows them, and one
// zone around home with one flat way of delivery. A shop whose own rates the
// library does not know refuses orders until the staff enters them; one in the
// United States sells without tax to the states where it has no row.
//
// It joins the caller's transaction. Bad fields fail with "form.invalid", a
// second call with Conflict "market.already_open".
func (s *Service) SetUp(ctx context.Context, tx *db.Tx, actor audit.Actor, in Setup) error {
	home := Shop{
		Name: in.Name, Email: in.Email, Address: in.Address, Languages: in.Languages, Zone: in.Zone,
		StockDisplay: StockFew, FewThreshold: 5, HoldMinutes: 10, MaxPerLine: 999,
		CutOff: 14 * 60, Workdays: shipping.UsualSchedule().Workdays, ClosedDays: []string{},
		OpenedAt: tx.Now(), Version: 1,
	}.tidied()
	list := PriceList{ID: tx.NewID("plist"), Code: "standard", Name: "Standard", Currency: in.Currency, Version: 1}
	main := Market{
		ID: tx.NewID("mkt"), Code: "main", Name: in.Name, Currency: in.Currency, PriceListID: list.ID,
		PricesIncludeTax: in.PricesIncludeTax, TaxRounding: "order", TaxOutside: tax.Refuse, PriceKept: pricing.KeepGross,
		Default: true, Version: 1,
	}
	if home.Address.Country == "US" {
		main.TaxOutside = tax.Zero
	}
	if len(in.Languages) > 0 {
		main.Locale = in.Languages[0]
	}
	if err := in.validate(home, main); err != nil {
		return err
	}

	n, err := insertShop(ctx, tx, home)
	if err != nil {
		return fmt.Errorf("insert shop: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "market.already_open")
	}
	if err := insertList(ctx, tx, list); err != nil {
		return fmt.Errorf("insert price list: %w", err)
	}
	if err := insertMarket(ctx, tx, main); err != nil {
		return fmt.Errorf("insert market: %w", err)
	}
	if err := logged(ctx, tx, actor, "shop.opened", "shop", "shop", nil, home); err != nil {
		return err
	}
	rates, err := tax.Starting(home.Address.Country, home.Address.Region, tx.Now(), location(home.Zone))
	if err != nil {
		return err
	}
	if _, err := s.tax.Seed(ctx, tx, actor, rates); err != nil {
		return err
	}
	return s.firstZone(ctx, tx, actor, in, home)
}

func (in Setup) validate(home Shop, main Market) error {
	var form fault.Form
	if err := form.Merge("", home.Validate()); err != nil {
		return err
	}
	if !money.Known(main.Currency) {
		form.Add("currency", "form.not_a_choice")
	}
	if home.Address.Country == "US" && home.Address.Region == "" {
		form.Add("address.region", "form.required")
	}
	if in.ShippingPrice < 0 {
		form.Add("shipping_price", "form.too_small", "min", 0)
	}
	if in.FreeFrom < 0 {
		form.Add("free_from", "form.too_small", "min", 0)
	}
	return form.Err()
}

// firstZone is home: the country, or the whole Union for one of its members.
func (s *Service) firstZone(ctx context.Context, tx *db.Tx, actor audit.Actor, in Setup, home Shop) error {
	countries := []string{home.Address.Country}
	if slices.Contains(EU(), home.Address.Country) {
		countries = EU()
	}
	zone := shipping.Zone{Name: "Home", Position: 1}
	for _, c := range countries {
		zone.Places = append(zone.Places, shipping.Place{Country: c})
	}
	zone, err := s.shipping.SaveZone(ctx, tx, actor, zone)
	if err != nil {
		return err
	}
	_, err = s.shipping.SaveMethod(ctx, tx, actor, shipping.Method{
		ZoneID: zone.ID, Code: "standard", Name: locale.Text{"en": "Standard delivery", "de": "Standardversand"},
		Kind: shipping.Flat, Currency: in.Currency, Price: in.ShippingPrice, FreeFrom: in.FreeFrom,
		DaysMin: 2, DaysMax: 4, Position: 1, Active: true,
	})
	return err
}

// DefaultHold is how long stock is held before a shop says otherwise.
const DefaultHold = 10 * time.Minute

// Hold is how long stock is held for a payment.
func (s Shop) Hold() time.Duration {
	if s.HoldMinutes == 0 {
		return DefaultHold
	}
	return time.Duration(s.HoldMinutes) * time.Minute
}
