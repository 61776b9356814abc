package transfer

import (
	"slices"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// Product is one product as every platform's file is understood. It carries
// nothing of the platform but Fields, which hold the columns that have no
// place of their own.
type Product struct {
	// Source is the product's identity in the file it came from, such as
	// "woocommerce:id:44". It stays the same when the file is exported again.
	Source string
	// Handle is the product's name in the source and its address in the file's
	// language: letters, digits, hyphens, lower case.
	Handle string
	// Slugs are its addresses in other languages; nil where the source has one
	// for all.
	Slugs locale.Text

	Name        locale.Text
	Description locale.Text // safe HTML
	Summary     locale.Text // safe HTML
	SEOTitle    locale.Text
	SEOText     locale.Text

	Selling    Selling
	Status     Status
	Visibility Visibility
	PublishAt  time.Time // zero: at once
	EndAt      time.Time // zero: never

	Vendor     string // brand or maker
	Type       string // the merchant's own word for the sort of goods
	TaxClass   string // name in the source; "" is the shop's standard
	Taxable    bool
	Categories [][]string // paths from the root: {"Home", "Lamps"}
	Tags       []string
	Attributes []Attribute
	Options    []Option
	Variants   []Variant
	Images     []Image
	Related    []Relation
	Fields     []Field

	// Partial is true for a file of translations: only the texts are set and
	// the product must exist.
	Partial bool
	// Rows are the rows of the file that this product was made of, ascending,
	// as a spreadsheet counts.
	Rows []int
}

// Status says whether shoppers can see a product.
type Status string

// The states of a product. Unsaid is for sale where the product is new, and
// leaves one that is there as it is.
const (
	Unsaid   Status = ""
	Draft    Status = "draft"
	Active   Status = "active"
	Archived Status = "archived"
)

// Visibility says where an active product shows.
type Visibility string

// The zero Visibility is everywhere.
const (
	Everywhere    Visibility = ""
	InCategories  Visibility = "catalog"
	InSearch      Visibility = "search"
	ByAddressOnly Visibility = "hidden"
)

// Selling says how a product is sold.
type Selling string

// The zero Selling is an ordinary product with its own variants. The other two
// have no price here, so they are always drafts.
const (
	Ordinary Selling = ""
	Grouped  Selling = "grouped"  // a page that shows other products
	External Selling = "external" // sold by another shop
)

// Option is one thing a shopper chooses: size, colour.
type Option struct {
	Name     locale.Text
	Values   []locale.Text // in the order in which the file first names them
	Position int           // among Options and Attributes together, for formats that mix them
	Visible  bool          // also listed among the facts
	Global   bool          // shared by all products of the source
}

// Attribute is a fact about a product or variant.
type Attribute struct {
	Name     locale.Text
	Values   []locale.Text
	Position int
	Visible  bool
	Global   bool
}

// Variant is what is put into a bag.
type Variant struct {
	SKU     string // "" when the source has none
	Barcode string
	Choice  []int // per Option of the product, an index into its Values
	Prices  []Price
	Cost    *money.Money // what the merchant pays; nil: not known

	Weight        int64 // grams; 0: not known
	Length        int64 // millimetres; 0: not known
	Width         int64
	Height        int64
	WeightUnit    string // as the merchant writes it: "kg", "lb"
	DimensionUnit string

	Stock      Stock
	Digital    bool // nothing is shipped
	Taxable    bool
	TaxCode    string
	TaxClass   string // "" is the product's
	Disabled   bool   // not for sale at present
	Images     []Image
	Attributes []Attribute
	Fields     []Field
	Row        int // the row that describes the variant
}

// Price is what a variant costs in one currency.
type Price struct {
	Currency  string
	Amount    money.Minor // ≥ 0
	CompareAt money.Minor // the price before; 0: none
	From      time.Time   // Amount holds from here, CompareAt before; zero: always
	Until     time.Time   // Amount holds up to here, CompareAt after; zero: for ever
}

// Backorder says what happens when nothing is left.
type Backorder string

// The zero Backorder refuses.
const (
	Deny   Backorder = ""
	Allow  Backorder = "allow"
	Notify Backorder = "notify" // allow, and say so to the shopper
)

// Stock is how many of a variant there are.
type Stock struct {
	Tracked   bool
	Known     bool  // the source names a quantity, tracked or not
	Quantity  int64 // ≥ 0
	Backorder Backorder
	LowAt     int64 // warn at this many; 0: the shop's own rule
	// SoldOut and OnOrder are said of goods that are not counted.
	SoldOut bool
	OnOrder bool
}

// Image is a picture, by address or by file name.
type Image struct {
	Src string // https://… or a relative file name
	Alt locale.Text
}

// Relation points to another product of the same shop.
type Relation struct {
	Kind string // "upsell", "cross_sell", "member"
	Ref  string // SKU, or the identity the source uses ("id:44")
}

// FieldType is what a custom field holds.
type FieldType string

// The types of custom fields.
const (
	TextField    FieldType = "text"
	BoolField    FieldType = "boolean" // "true", "false"
	IntField     FieldType = "integer"
	DecimalField FieldType = "decimal" // "12.5"
	DateField    FieldType = "date"    // 2006-01-02
	URLField     FieldType = "url"
)

// FieldDef describes a custom field that a file needs.
type FieldDef struct {
	Key    string // lower-case letters, digits, underscores
	Label  string // the column's header
	Type   FieldType
	Column string // the header as the file writes it
	Shown  bool   // a fact for shoppers, not only for the staff
}

// Field is the value of a custom field, written as its type asks.
type Field struct {
	Key   string
	Value string
}

// Customer is a person from another shop's file.
type Customer struct {
	Source    string // "spree:anna@example.com"
	Email     string // lower case
	FirstName string
	LastName  string
	Phone     string
	// Marketing is the wish to get advertising mail as the source recorded it.
	Marketing bool
	TaxExempt bool
	Note      string
	Tags      []string
	Addresses []Address
	Fields    []Field
	Rows      []int
}

// Address is where a customer lives.
type Address struct {
	Company  string
	Line1    string
	Line2    string
	City     string
	Region   string // code of the state or province
	Postcode string
	Country  string // ISO 3166-1 alpha-2
	Phone    string
}

// field returns the value of a custom field, "" when there is none.
func field(fields []Field, key string) string {
	if i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == key }); i >= 0 {
		return fields[i].Value
	}
	return ""
}

// Price returns the variant's price in a currency.
func (v Variant) Price(currency string) (Price, bool) {
	for _, p := range v.Prices {
		if p.Currency == currency {
			return p, true
		}
	}
	return Price{}, false
}
