package catalog

import (
	"context"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// Page is what a product's page shows, in every language.
type Page struct {
	ID                       string
	Status                   Status
	Brand                    string
	Name, Subtitle           locale.Text
	Description              locale.Text // Markdown
	SEOTitle, SEODescription locale.Text
	TaxClassID               string
	Tags                     []string
	Slugs                    locale.Text // the current address in each language

	Category *Node   // the canonical one; nil for none
	Path     []*Node // the breadcrumbs, the top first

	Options  []Option
	Variants []Offer // the active ones, in order
	Media    []media.Media
	Related  []string       // product ids, in order; those not visible included
	Fields   []custom.Shown // the product's, in order

	UpdatedAt time.Time
	Version   int64
}

// Offer is a variant with its price in one list and its stock.
type Offer struct {
	Variant  // Prices is empty
	ValueIDs []string
	Price    *Price // nil when the list has none: it cannot be bought
	// Stock is for deciding; what the public learns of it says inventory.Display.
	Stock inventory.Stock
}

// Buyable reports whether the offer has a price and stock.
func (o Offer) Buyable() bool { return o.Price != nil && (!o.Stock.Tracked || o.Stock.Sellable > 0) }

// Found is what an address leads to: exactly one of its members is set.
type Found struct {
	Page *Page
	// MovedTo is the product's current address in the asked language.
	MovedTo string
	// Elsewhere is what a deleted product's address leads to.
	Elsewhere slug.Target
}

// ProductPage reads the page at an address, in five statements. An old
// address, or one of another language, comes back as MovedTo; a deleted
// product's as Elsewhere. It fails with "catalog.product_not_found" when there
// never was such a product or shoppers must not see it now, and with
// "catalog.product_gone" when it was deleted for good.
func (s *Service) ProductPage(ctx context.Context, lang, listID, address string) (Found, error) {
	p, hit, ok, err := productAt(ctx, s.db, lang, s.lang, address)
	if err != nil {
		return Found{}, err
	}
	switch {
	case !ok:
		return Found{}, notFound()
	case hit.Gone() && hit.GoneTo.ID == "":
		return Found{}, fault.New(fault.Gone, "catalog.product_gone")
	case hit.Gone():
		return Found{Elsewhere: hit.GoneTo}, nil
	case !p.VisibleAt(s.db.Now()):
		return Found{}, notFound()
	}
	slugs, related, err := addressesAndRelated(ctx, s.db, p.ID)
	if err != nil {
		return Found{}, err
	}
	if now := slugs.In(lang, s.lang); now != address {
		return Found{MovedTo: now}, nil
	}
	page, err := s.page(ctx, p, slugs, related, listID)
	if err != nil {
		return Found{}, err
	}
	return Found{Page: page}, nil
}

// Preview reads a product's page whatever its status, for the staff.
func (s *Service) Preview(ctx context.Context, id, listID string) (*Page, error) {
	p, err := productByID(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	slugs, related, err := addressesAndRelated(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	return s.page(ctx, p, slugs, related, listID)
}

func (s *Service) page(ctx context.Context, p *Product, slugs locale.Text, related []string, listID string) (*Page, error) {
	if err := loadOptionsAtOnce(ctx, s.db, p); err != nil {
		return nil, err
	}
	offers, err := offersOf(ctx, s.db, p, listID, s.db.Now())
	if err != nil {
		return nil, err
	}
	pictures, err := productMedia(ctx, s.db, p.ID)
	if err != nil {
		return nil, err
	}
	tree, err := s.Tree(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := s.fields.For(ctx, custom.Product)
	if err != nil {
		return nil, err
	}
	return &Page{
		ID: p.ID, Status: p.Status, Brand: p.Brand, Name: p.Name, Subtitle: p.Subtitle, Description: p.Description,
		SEOTitle: p.SEOTitle, SEODescription: p.SEODescription, TaxClassID: p.TaxClassID, Tags: p.Tags, Slugs: slugs,
		Category: tree.Find(p.CategoryID), Path: tree.Path(p.CategoryID),
		Options: p.Options, Variants: offers, Media: pictures, Related: related, Fields: fields.Shown(p.Fields),
		UpdatedAt: p.UpdatedAt, Version: p.Version,
	}, nil
}

// Card is what a listing shows of a product, in every language and every price
// list.
type Card struct {
	ID             string
	Status         Status
	PublishAt      time.Time
	EndAt          time.Time
	Brand          string
	Name, Subtitle locale.Text
	Slugs          locale.Text
	Prices         []CardPrice
	Media          []media.Media // the first two
	Swatches       []Swatch
	CreatedAt      time.Time
}

// CardPrice is what the active variants of a product cost in one list.
type CardPrice struct {
	ListID, Currency string
	Min, Max         money.Minor
	CompareAt        money.Minor // of the cheapest variant; 0 for none
	Available        bool        // a variant with a price in this list has stock
	Variants         int         // with a price in this list
	// VariantID is the cheapest variant: the only one when Variants is 1, so
	// that a listing can offer it directly.
	VariantID string
}

// Swatch is a colour one can choose.
type Swatch struct {
	Name   locale.Text
	Colour string // "#rrggbb"
	Option string // the code of the option it is a value of
	Value  string // the code of the value
}

// Price returns what the product costs in a list. ok is false when it cannot
// be bought there.
func (c Card) Price(listID string) (CardPrice, bool) {
	for _, p := range c.Prices {
		if p.ListID == listID {
			return p, true
		}
	}
	return CardPrice{}, false
}

// VisibleAt is Product.VisibleAt.
func (c Card) VisibleAt(now time.Time) bool {
	return visible(c.Status, c.PublishAt, now) && !c.EndedAt(now)
}

// EndedAt is Product.EndedAt.
func (c Card) EndedAt(now time.Time) bool { return ended(c.EndAt, now) }

// Cards reads the cards of products, in three statements for each thousand.
// Deleted products are left out; whether a card is visible the caller asks.
func (s *Service) Cards(ctx context.Context, q db.Q, ids []string) (map[string]*Card, error) {
	found, _, err := cards(ctx, q, ids, s.db.Now())
	return found, err
}

// Line is what a cart or an order needs to know of a variant.
type Line struct {
	VariantID, ProductID string
	SKU, GTIN            string
	Brand                string
	Name                 locale.Text
	Options              []Chosen
	Slugs                locale.Text
	Media                *media.Media // the variant's own, else the product's first; nil for none
	Price                *Price       // in the asked list; nil for none
	TaxClassID           string
	CategoryIDs          []string // every placement
	Tracked              bool
	WeightGrams          int64
	LengthMM             int64
	WidthMM              int64
	HeightMM             int64
	HSCode, Origin       string
	// ForSale is false when the variant or its product is archived, deleted or
	// not visible yet.
	ForSale bool
	Stock   inventory.Stock
}

// Chosen is an option and the value a variant has of it.
type Chosen struct{ Option, Value locale.Text }

// Lines reads variants for a cart in two statements, also those that are not
// for sale any more. Variants that never existed are left out.
func (s *Service) Lines(ctx context.Context, q db.Q, listID string, variants []string) (map[string]*Line, error) {
	return lines(ctx, q, listID, variants, s.db.Now())
}
