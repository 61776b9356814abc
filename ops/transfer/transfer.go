// Package transfer brings a shop's goods and customers in from the files that
// other platforms export, and writes them out in the same columns again.
//
// A file goes through three steps. Open reads it once from end to end: it
// finds out encoding and delimiter, checks the header, sorts rows into
// products and keeps them in a temporary file, so that memory does not grow
// with the size of a field and rows of one product need not stand together.
// Sheet.Product then makes one neutral Product after the other, each whole or
// not at all. What is done with them is up to the caller.
//
// Nothing is lost in silence: Sheet.Columns says of every column whether it is
// mapped, kept as a custom field or dropped and why, and every row is either
// part of a product or named in a Problem.
package transfer

import (
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
)

// Platform names the software a file was exported from.
type Platform string

// The platforms whose files are understood.
const (
	Shopify     Platform = "shopify"
	WooCommerce Platform = "woocommerce"
	Spree       Platform = "spree"
	Vendure     Platform = "vendure"
)

// Platforms lists every platform in the order people are offered them.
func Platforms() []Platform { return []Platform{Shopify, WooCommerce, Spree, Vendure} }

// Kind is what the rows of a file are.
type Kind string

// The kinds of file. A platform's exports need not cover all of them.
const (
	Products     Kind = "products"
	Translations Kind = "translations" // texts of products in further languages
	Customers    Kind = "customers"
)

// Options say how a file is to be understood. The zero value of every field
// but Currency is usable.
type Options struct {
	// Currency of the shop, ISO 4217. Amounts in a column or file that names
	// no currency are in it. Required for products.
	Currency string
	// Language of the texts in columns that name none; "" means "en".
	Language string
	// Zone is where dates without an offset were written; nil means UTC.
	Zone *time.Location
	// TempDir is where rows are kept while the sheet is open; "" means the
	// system's.
	TempDir string
	// Own are the fields that the shop keeps of customers: a column that is
	// called like one, by code or name, is read into it.
	Own custom.Definitions
	// Now is the instant of an export: what is published later is not for sale
	// yet. The zero time is before everything.
	Now    time.Time
	Limits Limits
}

// Limits bound what one file may ask for. Zero means the default.
type Limits struct {
	Field       int // bytes of one cell, 1 MiB
	Row         int // bytes of one row, 8 MiB
	Rows        int // rows below the header, 1,000,000
	Columns     int // columns, 2,000
	ProductRows int // rows of one product, 20,000
	Variants    int // variants of one product, 2,000
}

func (l Limits) orDefaults() Limits {
	set := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	set(&l.Field, 1<<20)
	set(&l.Row, 8<<20)
	set(&l.Rows, 1_000_000)
	set(&l.Columns, 2_000)
	set(&l.ProductRows, 20_000)
	set(&l.Variants, 2_000)
	return l
}

// Problem is one thing a person should know about a row. Reason is a key of
// the words ("transfer.not_an_amount") and Params are its values.
type Problem struct {
	Row     int            `json:"row"`               // as a spreadsheet counts: the header is row 1; 0 is the whole file
	Column  string         `json:"column,omitempty"`  // the header as the file writes it; "" when no single cell is at fault
	Product string         `json:"product,omitempty"` // the product's handle, when known
	Reason  string         `json:"reason"`
	Params  map[string]any `json:"params,omitempty"`
	Value   string         `json:"value,omitempty"`  // the beginning of the cell
	Notice  bool           `json:"notice,omitempty"` // true: the product is taken nevertheless
}

// Field is the problem as a fault's field, for pages that show it beside what
// was sent.
func (p Problem) Field() fault.Field {
	return fault.Field{Path: p.Column, Reason: p.Reason, Params: p.Params}
}

// excerpt is the beginning of a cell as a report shows it: at most 80 runes,
// on one line.
func excerpt(s string) string {
	var b []rune
	for _, r := range s {
		if len(b) == 80 {
			return string(b) + "…"
		}
		if r < ' ' {
			r = ' '
		}
		b = append(b, r)
	}
	return string(b)
}
