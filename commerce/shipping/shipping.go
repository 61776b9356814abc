// Package shipping answers who is delivered to, by which methods, for how much
// and by when. Zones say where, methods say how; choosing is a pure function
// of both, the destination and the parcel.
package shipping

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// Everywhere is the country of a place that stands for all countries.
const Everywhere = "ZZ"

// Place is a piece of a zone: a country, of it one region, of that a range of
// postcodes. Empty text means all.
//
// A range compares as many characters as its ends have, without spaces and
// hyphens: "20" to "22" are all codes that begin with 20, 21 or 22, and "BT"
// alone all that begin with BT.
type Place struct {
	Country      string `json:"country"` // ISO 3166-1, or Everywhere
	Region       string `json:"region"`
	PostcodeFrom string `json:"postcode_from"`
	PostcodeTo   string `json:"postcode_to"` // empty: the same as PostcodeFrom
}

// Kind is how a method is priced.
type Kind string

const (
	Flat     Kind = "flat"   // one price
	ByWeight Kind = "weight" // a table of weights
)

// Rate is a row of a weight table: what parcels up to MaxGrams cost.
type Rate struct {
	MaxGrams int64       `json:"max_grams"` // > 0
	Price    money.Minor `json:"price"`
}

// Method is a way of delivery within one zone.
type Method struct {
	ID       string      `json:"id"`
	ZoneID   string      `json:"zone_id"`
	Code     string      `json:"code"` // unique within the zone: "standard"
	Name     locale.Text `json:"name"`
	Kind     Kind        `json:"kind"`
	Currency string      `json:"currency"`
	Price    money.Minor `json:"price"`     // Flat only
	Rates    []Rate      `json:"rates"`     // ByWeight only, ascending; a heavier parcel cannot go
	FreeFrom money.Minor `json:"free_from"` // goods worth this much, after discounts, travel free; 0 never
	TaxClass string      `json:"tax_class"` // id of a class; empty means taxed like the goods (rule B6)
	DaysMin  int         `json:"days_min"`  // working days from dispatch to delivery
	DaysMax  int         `json:"days_max"`
	Position int         `json:"position"`
	Active   bool        `json:"active"`
	Version  int64       `json:"version"`
}

// Zone is a set of places that are served alike.
type Zone struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"` // for the staff
	Position int      `json:"position"`
	Places   []Place  `json:"places"`
	Methods  []Method `json:"methods"`
	Version  int64    `json:"version"`
}

// Parcel is what is to be sent.
type Parcel struct {
	Grams    int64
	Value    money.Minor // goods after discounts, as listed
	Currency string
}

// Option is a method that can carry the parcel, with its price.
type Option struct {
	Method
	Price money.Minor // as listed, with or without tax as the market says
	Free  bool        // because the goods are worth FreeFrom or more
}

// ZoneOf finds the zone of a destination. The most specific place decides: a
// postcode before a region before a country before Everywhere; among equals
// the zone with the lower position, then the lower id.
func ZoneOf(zones []Zone, to tax.Place) (Zone, bool) {
	var found Zone
	best := 0
	for _, z := range zones {
		for _, p := range z.Places {
			fit := p.fit(to)
			if fit > best || (fit == best && fit > 0 && before(z, found)) {
				best, found = fit, z
			}
		}
	}
	return found, best > 0
}

func before(a, b Zone) bool {
	return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.ID, b.ID)) < 0
}

// fit is 0 when the place does not contain the destination, more the closer it
// describes it.
func (p Place) fit(to tax.Place) int {
	fit := 2
	switch p.Country {
	case to.Country:
	case Everywhere:
		return 1
	default:
		return 0
	}
	if p.Region != "" {
		if p.Region != to.Region {
			return 0
		}
		fit++
	}
	if p.PostcodeFrom != "" {
		code, from, upto := compact(to.Postcode), compact(p.PostcodeFrom), compact(p.PostcodeTo)
		if upto == "" {
			upto = from
		}
		if code == "" || cut(code, len(from)) < from || cut(code, len(upto)) > upto {
			return 0
		}
		fit += 2
	}
	return fit
}

func compact(postcode string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(postcode))
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// price is what the method asks for a parcel; ok is false when it cannot take
// it.
func (m Method) price(p Parcel) (price money.Minor, free, ok bool) {
	switch {
	case !m.Active || m.Currency != p.Currency:
		return 0, false, false
	case m.Kind == Flat:
		price, ok = m.Price, true
	default:
		for _, r := range m.Rates {
			if p.Grams <= r.MaxGrams {
				price, ok = r.Price, true
				break
			}
		}
	}
	if ok && m.FreeFrom > 0 && p.Value >= m.FreeFrom {
		return 0, true, true
	}
	return price, false, ok
}

// Options lists what can carry the parcel to the destination, in the
// merchant's order. It is empty when nothing can; Choose says why.
func Options(zones []Zone, to tax.Place, p Parcel) []Option {
	zone, ok := ZoneOf(zones, to)
	if !ok {
		return nil
	}
	var options []Option
	for _, m := range zone.Methods {
		if price, free, ok := m.price(p); ok {
			options = append(options, Option{m, price, free})
		}
	}
	slices.SortStableFunc(options, func(a, b Option) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.ID, b.ID))
	})
	return options
}

// Choose returns the option with the given method id.
//
// It fails with "shipping.no_zone" at "country" when the shop does not deliver
// there, "shipping.too_heavy" when no method takes the weight, and
// "shipping.method_unavailable" at "shipping_method" when others do but not
// this one.
func Choose(zones []Zone, to tax.Place, p Parcel, methodID string) (Option, error) {
	options := Options(zones, to, p)
	for _, o := range options {
		if o.ID == methodID {
			return o, nil
		}
	}
	if err := unserved(zones, to, p, options); err != nil {
		return Option{}, err
	}
	return Option{}, fault.New(fault.Conflict, "shipping.method_unavailable").
		At("shipping_method", "shipping.method_unavailable")
}

// Serves returns nil when at least one method can carry the parcel to the
// destination, else one of the first two faults of Choose.
func Serves(zones []Zone, to tax.Place, p Parcel) error {
	return unserved(zones, to, p, Options(zones, to, p))
}

func unserved(zones []Zone, to tax.Place, p Parcel, options []Option) error {
	if len(options) > 0 {
		return nil
	}
	zone, ok := ZoneOf(zones, to)
	heavy := ok && slices.ContainsFunc(zone.Methods, func(m Method) bool {
		lighter := p
		lighter.Grams = 0
		_, _, ok := m.price(lighter)
		return ok
	})
	if heavy {
		return fault.New(fault.Invalid, "shipping.too_heavy")
	}
	return fault.New(fault.Invalid, "shipping.no_zone").With("country", to.Country).
		At("country", "shipping.no_zone", "country", to.Country)
}

// Meter says how far a basket is from free delivery.
type Meter struct {
	FreeFrom money.Minor
	Missing  money.Minor // 0 when reached
	Percent  int         // 0..100, for a bar
}

// Reached reports whether delivery is free already.
func (m Meter) Reached() bool { return m.Missing == 0 }

// FreeMeter measures against the lowest threshold among the methods that can
// carry the parcel to the destination. ok is false when none has one.
func FreeMeter(zones []Zone, to tax.Place, p Parcel) (meter Meter, ok bool) {
	for _, o := range Options(zones, to, p) {
		if o.FreeFrom > 0 && (!ok || o.FreeFrom < meter.FreeFrom) {
			meter.FreeFrom, ok = o.FreeFrom, true
		}
	}
	if !ok {
		return Meter{}, false
	}
	meter.Missing = max(0, meter.FreeFrom-p.Value)
	share, err := money.MulDiv(max(0, p.Value), 100, int64(meter.FreeFrom), money.Down)
	if err != nil || share > 100 {
		share = 100
	}
	meter.Percent = int(share)
	return meter, true
}
