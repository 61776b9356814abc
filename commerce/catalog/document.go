package catalog

import (
	"context"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// Document is what the search index knows of a product: its card, and what it
// is found and filtered by.
type Document struct {
	Card
	Handle      string
	Description locale.Text
	Tags        []string
	Fields      custom.Values
	CategoryID  string
	Placements  []Placement
	Variants    []DocumentVariant // the active ones
	Choices     []DocumentChoice  // the option values that active variants have
}

// Placement is a category or a collection a product is in.
type Placement struct {
	Collection bool
	ID         string
	// Position is its place when it was arranged by hand, else Unplaced.
	Position int
}

// Unplaced is the position of what nobody arranged by hand; it comes last.
const Unplaced = unplaced

// DocumentVariant is what one variant adds.
type DocumentVariant struct {
	ID, SKU, GTIN string
	Fields        custom.Values
	Choices       []int           // its option values, by their place in Document.Choices
	Prices        []DocumentPrice // by list; a list that is not here cannot buy it
}

// DocumentPrice is what a variant costs in one list.
type DocumentPrice struct {
	ListID    string
	Amount    money.Minor
	Available bool // it has stock
}

// DocumentChoice is a value of an option.
type DocumentChoice struct {
	Option     string // the option's code
	OptionName locale.Text
	Value      string // the value's code
	ValueName  locale.Text
	Colour     string
	Position   int
}

// Documents reads what the index knows of products, in eight statements for
// each thousand. Deleted products are left out.
func (s *Service) Documents(ctx context.Context, q db.Q, ids []string) (map[string]*Document, error) {
	return documents(ctx, q, ids, s.db.Now())
}

// ProductIDs lists products that are not deleted in id order, after a given
// one, "" for the first.
func (s *Service) ProductIDs(ctx context.Context, q db.Q, after string, limit int) ([]string, error) {
	return productIDs(ctx, q, after, limit)
}

// ProductsOf lists the products that variants belong to.
func (s *Service) ProductsOf(ctx context.Context, q db.Q, variants []string) ([]string, error) {
	return productsOf(ctx, q, variants)
}
