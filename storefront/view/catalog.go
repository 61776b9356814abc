package view

import (
	"html"
	"strconv"
	"time"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
)

// HomePage is pages/home.html. The merchant arranges the blocks.
type HomePage struct {
	Page
	Blocks []Block
}

// Block is one section of an editorial page. Exactly one field is set.
type Block struct {
	Hero       *Hero
	Categories *CategoryRow
	Products   *ProductRow
	Story      *Story
	Text       *TextBlock
}

// Hero opens a page: one large picture and one sentence about the goods.
type Hero struct {
	Image *Image
	Title string
	Text  string // may be empty
	Link  *Link
	// Caption names what the picture shows and leads to it; nil for none.
	Caption *Link
}

// CategoryRow shows categories as pictures.
type CategoryRow struct {
	Title string
	Tiles []CategoryTile
}

// CategoryTile is one category as a picture.
type CategoryTile struct {
	Name  string
	URL   string
	Image *Image // nil: the name stands alone
	Count int    // products in it; 0 when not counted
}

// ProductRow shows some products.
type ProductRow struct {
	Title    string
	Text     string // may be empty
	Link     *Link  // to all of them; nil for none
	Products []ProductCard
}

// Story is a picture beside a few sentences.
type Story struct {
	Image *Image
	Title string
	Text  theme.HTML
	Link  *Link
	Flip  bool // the picture on the other side
}

// TextBlock is rich text on its own.
type TextBlock struct {
	Title string
	Text  theme.HTML
}

// ProductCard is a product in a list.
type ProductCard struct {
	Name   string
	URL    string
	Brand  string // may be empty
	Image  *Image // nil when the product has none
	Second *Image // shown on hover; nil for none
	Price  Price

	New     bool
	SoldOut bool

	// Swatches is the colours it comes in, at most five; More counts the rest.
	Swatches []Swatch
	More     int

	// Memo belongs to this card: with it a theme need not draw the same card
	// again, see kept. Nil draws anew.
	Memo *theme.Memo
}

// Swatch is a colour a product comes in.
type Swatch struct {
	Label  string
	Colour string // "#rrggbb"
	URL    string // the product in this colour
}

// Link writes the colour as a dot that leads to the product, named by its label.
// A page of cards has a hundred, which is why no template writes them.
func (s Swatch) Link() theme.HTML {
	label, url := html.EscapeString(s.Label), html.EscapeString(s.URL)
	return theme.HTML(`<a href="` + url + `" title="` + label + `"><svg class="swatch" viewBox="0 0 18 18" width="18" height="18" aria-hidden="true" focusable="false"><circle cx="9" cy="9" r="9" fill="` +
		html.EscapeString(s.Colour) + `"/></svg><span class="sr-only">` + label + `</span></a>`)
}

// ProductPage is pages/product.html.
type ProductPage struct {
	Page
	Product Product
	Related []ProductCard
}

// Product is one product with one variant chosen. Everything that depends on
// the choice is inside, so the partial "product_buy" can replace it.
type Product struct {
	ID    string
	Name  string
	Intro string // one or two sentences; may be empty
	Brand *Link  // nil for none
	URL   string // of the product without a choice

	Images []Image // the chosen variant's first

	Price    Price
	SKU      string // of the chosen variant; "" when none is chosen
	Options  []Option
	Stock    Stock
	Delivery Delivery
	Buy      BuyForm

	Description theme.HTML
	Attributes  []Attribute
	Fields      Fields

	// Promises stand beside the button: what the shop's page about returns says
	// in a sentence, and the ways to pay. A shop without them has none.
	Promises []Promise

	// Delivered and Returned are the shop's own words about delivery and
	// returns; may be empty.
	Delivered theme.HTML
	Returned  theme.HTML
}

// Promise is a short line of what the buyer can rely on.
type Promise struct {
	Icon string
	Text string
	URL  string // where it is explained; may be empty
}

// Option is something to choose: colour, size.
type Option struct {
	Key    string
	Label  string // "Colour"
	Chosen string // label of the chosen value; "" when none is
	Kind   string // "chip" or "swatch"
	Values []OptionValue
}

// OptionValue is one choice. Its URL is the product with this choice and the
// other options as they are, so it works as a plain link.
type OptionValue struct {
	Label    string
	URL      string
	Selected bool
	Colour   string // "#rrggbb", for swatches
	Image    *Image // instead of a colour; nil for none

	// Available says that this combination can be bought. A combination that
	// does not exist or is sold out is shown, marked and still leads to its
	// page.
	Available bool
	// Exists is false when no such combination is made at all.
	Exists bool
}

// StockState is what the shop tells about availability. Exact numbers are
// shown only where the merchant's policy says so.
type StockState string

// The states of a variant's stock.
const (
	InStock   StockState = "in_stock"
	LowStock  StockState = "low"       // Left may say how many
	BackOrder StockState = "backorder" // can be bought, comes later
	SoldOut   StockState = "sold_out"
	NotMade   StockState = "not_made" // no such combination
	Choose    StockState = "choose"   // a choice is still to be made
)

// Stock is availability as the page tells it.
type Stock struct {
	State StockState
	Left  int // pieces; 0 when not told
}

// Delivery is when and for how much.
type Delivery struct {
	Window Window
	// OrderBy is the last instant at which Window holds; zero when not told.
	OrderBy time.Time
	Cost    *money.Money // nil when not known; zero is free
	To      string       // the country Window and Cost are for
}

// BuyForm is the add-to-bag form: POST Action with variant and quantity.
type BuyForm struct {
	Action    string
	VariantID string // "" when a choice is to be made or nothing can be bought
	Quantity  int
	Max       int // most that may be asked for
	Problem   string
	Typed     string // the quantity that was refused, as typed; "" otherwise
}

// Shown is the quantity to be shown: what was typed, if it was refused.
func (f BuyForm) Shown() string { return shown(f.Typed, f.Quantity) }

func shown(typed string, quantity int) string {
	if typed != "" {
		return typed
	}
	return strconv.Itoa(quantity)
}

// Enabled reports whether the product can be put into the bag.
func (f BuyForm) Enabled() bool { return f.VariantID != "" }

// CategoryPage is pages/category.html, also for collections and brands.
type CategoryPage struct {
	Page
	Name        string
	Description theme.HTML
	Fields      Fields // the category's; a collection has none
	Image       *Image
	Children    []CategoryTile
	Listing     Listing
}

// SearchPage is pages/search.html.
type SearchPage struct {
	Page
	Query      string
	DidYouMean *Link  // nil for none
	Categories []Link // categories whose names match
	Listing    Listing
	// Popular is what to offer when nothing was found.
	Popular []ProductCard
}

// Listing is a page of products with everything to narrow it down. It is the
// partial "listing" with the id "listing".
type Listing struct {
	Total    int // products that match, all pages together
	Products []ProductCard

	// Action and Hidden make the filter form: GET Action with the chosen
	// values. Hidden holds what the form must keep (the query, the order).
	Action string
	Hidden []Hidden

	// Problems says what of the address was not understood and so left aside,
	// in whole sentences; the answer's status is 422 then.
	Problems []string

	Facets   []Facet
	Chips    []Chip // what is chosen
	ClearURL string // the listing with nothing chosen; "" when nothing is

	Sorts []Sort

	First    string // the first page; "" on it
	Previous string // the page before; "" on the first
	Next     string // the page after; "" on the last
}

// Filtered reports whether anything is chosen.
func (l Listing) Filtered() bool { return len(l.Chips) > 0 }

// Sorted returns the label of the order in use, or "".
func (l Listing) Sorted() string {
	for _, s := range l.Sorts {
		if s.Selected {
			return s.Label
		}
	}
	return ""
}

// Facet is one way to narrow a listing.
type Facet struct {
	Key   string // name of the inputs
	Label string
	Kind  string // "choice", "swatch", "range"
	Open  bool   // shown opened
	// Problem is why something that was chosen of it does not count; may be
	// empty. A range has its problems beside its ends.
	Problem string

	Values []FacetValue // for choice and swatch
	Range  *Range       // for range
}

// FacetValue is one value of a facet. Count is what the listing would hold
// with it, the facet's own choices aside.
type FacetValue struct {
	Value    string
	Label    string
	Count    int
	Selected bool
	Colour   string // "#rrggbb", for swatches
}

// Range is an interval of the facet's unit.
type Range struct {
	Min, Max         string // what the listing spans
	From, To         string // what is chosen
	FromName, ToName string // of the inputs
	Unit             string // "€", "cm"; may be empty

	// What is wrong with an end, in words; "" is fine.
	FromProblem, ToProblem string
}

// Chip is a chosen value and the listing without it.
type Chip struct{ Label, RemoveURL string }

// Sort is an order of the listing.
type Sort struct {
	Label    string
	URL      string
	Selected bool
}

// Suggestions is the partial "suggestions": the answer to a half-typed query.
type Suggestions struct {
	Query      string
	Terms      []Link // completed queries
	Categories []Link
	Products   []ProductCard // at most six
	Total      int
	AllURL     string
}
