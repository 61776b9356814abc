// Package pricing turns a basket into a quote: what each line costs, which
// discounts it carries, which tax it contains, and what there is to pay. It is
// arithmetic only. Whoever calls it looks up prices, discounts, rates and the
// shipping choice first and hands them over.
//
// The order of the work is fixed (rule B5): discounts of the unit price,
// discounts of the whole order shared out over what is left, shipping and its
// discounts, tax. Tenders (gift cards, credit) pay a total; they never change
// one, so they are no part of a quote.
package pricing

import (
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/money"
)

// Basis says what a listed price is and where tax is rounded (rule B3). A
// market has one; an order remembers it.
type Basis string

const (
	// Gross: listed prices contain tax and are final. The total is the sum of
	// quantity times unit price; tax is taken out once per rate and shared out
	// over the lines.
	Gross Basis = "gross"

	// NetUnit: listed prices are without tax, which is rounded for every
	// single unit.
	NetUnit Basis = "net_unit"

	// NetLine: listed prices are without tax, which is rounded once per
	// article. Lines of the same variant at the same price count as one, so
	// splitting a line changes nothing.
	NetLine Basis = "net_line"

	// NetOrder: listed prices are without tax, which is rounded once per rate
	// and shared out over the lines.
	NetOrder Basis = "net_order"
)

// Valid reports whether b is one of the four.
func (b Basis) Valid() bool {
	switch b {
	case Gross, NetUnit, NetLine, NetOrder:
		return true
	}
	return false
}

// BasisOf is the basis of a market that lists prices with or without tax and
// rounds tax by "unit", "line" or "order".
func BasisOf(pricesIncludeTax bool, rounding string) Basis {
	if pricesIncludeTax {
		return Gross
	}
	return Basis("net_" + rounding)
}

// IncludesTax reports whether listed prices contain tax.
func (b Basis) IncludesTax() bool { return b == Gross }

// Keep says which price stays as listed when the destination's rate differs
// from the one at home (rule B6). It matters only under Gross.
type Keep string

const (
	// KeepGross leaves the price on the label: 119.00 stays 119.00 and the
	// merchant's share changes.
	KeepGross Keep = "gross"

	// KeepNet leaves the price without tax: 119.00 at 19 % becomes 120.00 at
	// 20 % and 100.00 where no tax is collected. A reverse charge needs it.
	KeepNet Keep = "net"
)

// Tax is the rate that applies to one tax class at the destination.
type Tax struct {
	Rate money.Rate `json:"rate"`           // ≥ 0
	Home money.Rate `json:"home,omitempty"` // what listed prices contain; read under Gross with KeepNet only
	Name string     `json:"name"`           // as an invoice calls it: "VAT", "MwSt."

	// Code says who collects it: "DE", "US-CA", or why nobody does: "export",
	// "reverse_charge". One code and one rate make one row of an invoice.
	Code string `json:"code,omitempty"`

	// Reason is why nothing is collected ("tax.export", "tax.reverse_charge").
	// It is empty when the rate applies in the ordinary way.
	Reason string `json:"reason,omitempty"`

	// Source identifies the row of the rate table that was used; an order
	// keeps it and reads the rate from its own copy for ever after.
	Source string `json:"source,omitempty"`
}

// TaxesOf turns what tax.Table.Resolve found into the taxes of a basket.
func TaxesOf(found map[string]tax.Applied) map[string]Tax {
	taxes := make(map[string]Tax, len(found))
	for class, a := range found {
		taxes[class] = Tax{Rate: a.Rate, Home: a.Home, Name: a.Name, Code: a.Code, Reason: a.Reason, Source: a.Source}
	}
	return taxes
}

// group is what makes two taxes one row of an invoice.
type group struct {
	rate money.Rate
	code string
}

func (t Tax) group() group { return group{t.Rate, t.Code} }

// Line is one line of a basket.
type Line struct {
	ID        string      `json:"id"`                   // unique within the basket
	VariantID string      `json:"variant_id"`           // lines of one variant at one price are the same article
	Unit      money.Minor `json:"unit"`                 // listed price of one, ≥ 0
	CompareAt money.Minor `json:"compare_at,omitempty"` // "was" price of one; 0 when there is none
	Quantity  int64       `json:"quantity"`             // ≥ 1
	Class     string      `json:"class"`                // tax class, a key of Basket.Taxes
	Weight    int64       `json:"weight"`               // grams of one, ≥ 0
	FullPrice bool        `json:"full_price,omitempty"` // no discount ever applies: gift cards, deposits
}

// Level is what a discount is taken off.
type Level int

const (
	OnUnit     Level = iota // the price of every unit of its lines, each rounded by itself
	OnOrder                 // the sum of its lines, shared out over them (rule B4)
	OnShipping              // the shipping price
)

// Discount is a reduction that somebody else has found to apply. Exactly one
// of Rate and Amount is set.
type Discount struct {
	ID       string      `json:"id"` // unique within the basket
	Level    Level       `json:"level"`
	Priority int         `json:"priority,omitempty"` // within a level the lower number is taken off first
	Rate     money.Rate  `json:"rate"`               // 0..money.Whole
	Amount   money.Minor `json:"amount"`             // ≥ 0; OnUnit: off each unit; never more than is left
	Lines    []string    `json:"lines,omitempty"`    // ids of the lines it applies to; empty means all

	// Label and Code are kept for the quote and the order: the text the
	// shopper reads and the code that was entered, if any.
	Label string `json:"label,omitempty"`
	Code  string `json:"code,omitempty"`
}

// ShippingTax says how the shipping price is taxed (rule B6).
type ShippingTax string

const (
	// Weighted: like the goods, in proportion to their value at each rate.
	Weighted ShippingTax = "weighted"
	// ByClass: at the rate of Shipping.Class.
	ByClass ShippingTax = "class"
)

// Shipping is the way of delivery that was chosen.
type Shipping struct {
	MethodID string
	Price    money.Minor // listed price, ≥ 0, with or without tax as the basis says
	Tax      ShippingTax
	Class    string // tax class under ByClass, and under Weighted when there are no goods
}

// Basket is all that a price depends on.
type Basket struct {
	Currency  string // ISO 4217; every amount is in its minor unit
	Basis     Basis
	Keep      Keep // "" means KeepGross
	Lines     []Line
	Discounts []Discount
	Shipping  *Shipping      // nil until one is chosen
	Taxes     map[string]Tax // by tax class
}
