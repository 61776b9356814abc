package settings

import (
	"context"
	"net/http"
	"strconv"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// opening asks what a new shop has to say. The country comes first, because it
// suggests the rest.
func (s *screen) opening(w http.ResponseWriter, r *http.Request) error {
	if s.Market.Current(r.Context()).Open() {
		http.Redirect(w, r, at, http.StatusSeeOther)
		return nil
	}
	return s.showOpening(w, r, r.URL.Query().Get("country"), admin.Typed{}, nil)
}

func (s *screen) showOpening(w http.ResponseWriter, r *http.Request, country string, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.opening.title"), at+"/opening", t)
	if err != nil {
		return err
	}
	v.Rooms, v.Note, v.Narrow = nil, d.P.T("admin.opening.lead"), true
	v.Save = admin.SaveBar{Save: d.P.T("admin.opening.button"), Always: true}
	if !market.KnownCountry(country) && !t.Sent() {
		country = "DE"
	}
	in := market.Suggest(country)
	price := func(m money.Minor) string { return d.P.Decimal(m.Decimal(in.Currency)) }
	free := ""
	if in.FreeFrom > 0 {
		free = price(in.FreeFrom)
	}
	v.Sections = []admin.Section{
		{Title: d.P.T("admin.settings.shop"), ID: "shop", Grid: true, Fields: t.Fields(
			admin.Field{Name: "name", Label: d.P.T("admin.settings.name"), Max: 100, Required: true, Focus: !t.Sent()},
			admin.Field{Name: "email", Label: d.P.T("admin.field.email"), Kind: admin.EmailField, Value: d.Person.Email, Max: 254, Help: d.P.T("admin.settings.email_help")},
			countryField(d, "country", country),
			admin.Field{Name: "region", Label: d.P.T("admin.settings.region"), Optional: true, Max: 60, Help: d.P.T("admin.opening.region_help")},
		)},
		{Title: d.P.T("admin.settings.prices"), ID: "prices", Grid: true, Fields: t.Fields(
			admin.Field{Name: "currency", Label: d.P.T("admin.settings.currency"), Kind: admin.ChoiceField, Choices: currencies(in.Currency)},
			admin.Field{Name: "zone", Label: d.P.T("admin.settings.zone"), Value: in.Zone, Max: 60, Hint: "Europe/Berlin"},
			admin.Field{Name: "tax_included", Label: d.P.T("admin.settings.tax_included"), Kind: admin.CheckField, Checked: in.PricesIncludeTax, Wide: true},
		)},
		{Title: d.P.T("admin.settings.shipping"), Note: d.P.T("admin.opening.shipping_note"), ID: "shipping", Grid: true, Fields: t.Fields(
			admin.Field{Name: "shipping_price", Label: d.P.T("admin.opening.shipping_price"), Kind: admin.AmountField, Value: price(in.ShippingPrice)},
			admin.Field{Name: "free_from", Label: d.P.T("admin.settings.free_from"), Kind: admin.AmountField, Value: free, Optional: true},
		)},
	}
	return s.page(w, r, v, cause)
}

func currencies(chosen string) []admin.Choice {
	var choices []admin.Choice
	for _, code := range money.Codes() {
		choices = append(choices, admin.Choice{Value: code, Label: code, Selected: code == chosen})
	}
	return choices
}

func (s *screen) open(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Name          string `form:"name" max:"100"`
		Email         string `form:"email" max:"254"`
		Country       string `form:"country" max:"2"`
		Region        string `form:"region" max:"60"`
		Currency      string `form:"currency" max:"3"`
		Zone          string `form:"zone" max:"60"`
		TaxIncluded   bool   `form:"tax_included"`
		ShippingPrice string `form:"shipping_price" max:"20" required:"true"`
		FreeFrom      string `form:"free_from" max:"20"`
	}](r, web.Limits{})
	if err == nil {
		setup := market.Setup{
			Name: in.Name, Email: in.Email, Address: market.Address{Country: in.Country, Region: in.Region}, Currency: in.Currency, Zone: in.Zone,
			Languages: ordered(s.o.Words.Languages(), d.P.Lang()), PricesIncludeTax: in.TaxIncluded,
		}
		var faults fault.Form
		setup.ShippingPrice = d.Amount(&faults, "shipping_price", in.ShippingPrice, in.Currency)
		if in.FreeFrom != "" {
			setup.FreeFrom = d.Amount(&faults, "free_from", in.FreeFrom, in.Currency)
		}
		err = faults.Err()
		if err == nil {
			err = s.do(w, r, admin.Prefix, "opened", func(ctx context.Context, tx *db.Tx) error {
				if err := s.Market.SetUp(ctx, tx, d.Actor(), setup); err != nil {
					return err
				}
				return s.firstPlace(ctx, tx, d, in.Country)
			})
		}
	}
	return s.finish(err, func(cause error) error {
		return s.showOpening(w, r, raw.Get("country"), d.Typed(raw, unprefixed(cause, "address.")), cause)
	})
}

// firstPlace gives a new shop a place for its stock, so that the first product
// can be counted.
func (s *screen) firstPlace(ctx context.Context, tx *db.Tx, d *admin.Desk, country string) error {
	places, err := s.Inventory.Locations(ctx, tx)
	if err != nil || len(places) > 0 {
		return err
	}
	_, err = s.Inventory.SaveLocation(ctx, tx, d.Actor(), inventory.Location{Code: "main", Name: d.P.T("admin.location.first"), Country: country, Active: true})
	return err
}

// prices shows how the default market's prices are listed and taxed.
func (s *screen) prices(w http.ResponseWriter, r *http.Request) error {
	return s.showPrices(w, r, admin.Typed{}, nil)
}

func (s *screen) showPrices(w http.ResponseWriter, r *http.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.prices"), at+"/prices", t)
	if err != nil {
		return err
	}
	m := s.Market.Current(r.Context()).Default()
	v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(m.Version, 10))}}
	choice := func(name, label, help, prefix, chosen string, codes ...string) admin.Field {
		f := admin.Field{Name: name, Label: d.P.T(label), Kind: admin.RadioField}
		if help != "" {
			f.Help = d.P.T(help)
		}
		for _, code := range codes {
			f.Choices = append(f.Choices, admin.Choice{Value: code, Label: d.P.T(prefix + code), Selected: code == chosen})
		}
		return f
	}
	v.Sections = []admin.Section{
		{Title: d.P.T("admin.settings.currency_title"), ID: "currency-card", Fields: t.Fields(
			admin.Field{Name: "currency", Label: d.P.T("admin.settings.currency"), Kind: admin.ChoiceField, Choices: currencies(m.Currency), Help: d.P.T("admin.settings.currency_help")},
			admin.Field{Name: "tax_included", Label: d.P.T("admin.settings.tax_included"), Help: d.P.T("admin.settings.tax_included_help"), Kind: admin.CheckField, Checked: m.PricesIncludeTax},
		)},
		{Title: d.P.T("admin.settings.tax_rules"), ID: "tax-rules", Fields: t.Fields(
			choice("price_kept", "admin.settings.price_kept", "", "admin.settings.price_kept.", string(m.PriceKept), string(pricing.KeepGross), string(pricing.KeepNet)),
			choice("tax_rounding", "admin.settings.rounding", "admin.settings.rounding_help", "admin.settings.rounding.", m.TaxRounding, "unit", "line", "order"),
			choice("tax_outside", "admin.settings.outside", "admin.settings.outside_help", "admin.settings.outside.", string(m.TaxOutside), string(tax.Refuse), string(tax.Zero)),
		)},
	}
	return s.page(w, r, v, cause)
}

func (s *screen) savePrices(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Version     int64  `form:"version" min:"0"`
		Currency    string `form:"currency" max:"3"`
		TaxIncluded bool   `form:"tax_included"`
		PriceKept   string `form:"price_kept" max:"20"`
		TaxRounding string `form:"tax_rounding" max:"20"`
		TaxOutside  string `form:"tax_outside" max:"20"`
	}](r, d.Limits())
	if err == nil {
		m := s.Market.Current(r.Context()).Default()
		m.Version, m.Currency, m.PricesIncludeTax = in.Version, in.Currency, in.TaxIncluded
		m.PriceKept, m.TaxRounding, m.TaxOutside = pricing.Keep(in.PriceKept), in.TaxRounding, tax.Outside(in.TaxOutside)
		err = s.do(w, r, at+"/prices", "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Market.SaveMarket(ctx, tx, d.Actor(), m)
			return err
		})
	}
	return s.finish(err, func(cause error) error { return s.showPrices(w, r, d.Typed(raw, cause), cause) })
}
