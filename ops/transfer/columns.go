package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Use is what becomes of a source column.
type Use string

// Every column of a file has exactly one Use.
const (
	Mapped  Use = "mapped"  // Target names the part of the product it goes to
	Kept    Use = "kept"    // stored as the custom field Field
	Dropped Use = "dropped" // Reason says why
)

// Column tells what becomes of one column of the file.
type Column struct {
	Name   string    `json:"name"` // the header as the file writes it
	Use    Use       `json:"use"`
	Target string    `json:"target,omitempty"` // "variant.price"
	Field  *FieldDef `json:"field,omitempty"`
	// Also are custom fields for what the target, or Field, cannot hold.
	Also   []FieldDef `json:"also,omitempty"`
	Reason string     `json:"reason,omitempty"` // key of the words
	Filled int        `json:"filled"`           // rows in which it holds anything
}

// class says how a column's cells compare: "19.9" and "19,90" are one amount.
type class int

const (
	asText class = iota
	asHandle
	asHTML
	asAmount
	asCompareAt // an amount of which 0 means none
	asNumber
	asWeight // grams per unit, rounded to grams
	asLength
	asUnit // says nothing when no measure stands beside it
	asBool
	asList
	asTime
	asImage
	asSKU
	asDerived // follows from other columns
)

// column describes one column that a format knows.
type column struct {
	id     string   // how the mapping asks for it
	names  []string // headers, folded; the first is what export writes
	header string   // what export writes; "" means it is not among the standard columns
	class  class
	target string
	key    string // custom field that keeps it; "" when mapped
	typ    FieldType
	drop   string   // reason for dropping; "" when mapped or kept
	recall bool     // dropped, but remembered for an export in the same columns
	aside  []string // keys of the asides that hold it, or what the target cannot hold
	label  string   // of the custom field; "" is the header
	def    string   // a value that says no more than an empty cell
	rest   string   // the same for rows below a product's first
	shown  bool     // the custom field is a fact for shoppers
	each   bool     // the custom field belongs to the variant, also in a product's first row
	unit   string   // of asWeight and asLength when the header names it
}

func (c column) use() Use {
	switch {
	case c.drop != "":
		return Dropped
	case c.key != "", c.target == "" && len(c.aside) > 0:
		return Kept
	}
	return Mapped
}

// fold makes headers comparable: lower case, blanks evened out.
func fold(header string) string {
	return strings.Join(strings.Fields(strings.ToLower(header)), " ")
}

// mapped, kept and dropped write column tables.
func mapped(header, id string, class class, target string, more ...string) column {
	return column{id: id, header: header, names: append([]string{fold(header)}, more...), class: class, target: target}
}

func kept(header, key string, typ FieldType, more ...string) column {
	c := column{id: key, header: header, names: append([]string{fold(header)}, more...), key: key, typ: typ}
	switch typ {
	case BoolField:
		c.class = asBool
	case IntField, DecimalField:
		c.class = asNumber
	}
	return c
}

// asides says which asides hold what the column says, or what its target
// cannot hold. Without a target the column is kept.
func (c column) asides(keys ...string) column { c.aside = keys; return c }

// left drops a mapped column: nothing in the shop is made of it. An export in
// the same columns has it again.
func (c column) left(reason string) column {
	c.target, c.drop, c.recall = "", reason, true
	return c
}

func (c column) perVariant() column { c.each = true; return c }

// or names a value that says no more than an empty cell.
func (c column) or(def string) column { c.def = def; return c }

// unknownColumn is the column of a header that no table and no pattern knows.
// Its type is settled when all rows have been seen.
func unknownColumn(header string) column {
	return column{id: "unknown " + fold(header), key: fieldKey(header), typ: TextField}
}

// fieldKey makes a custom field's key of a header: "Google Shopping / MPN" is
// google_shopping_mpn. At most 40 bytes.
func fieldKey(header string) string {
	s := strings.ReplaceAll(slug(header), "-", "_")
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, s)
	if len(s) > 40 {
		s = s[:40]
	}
	s = strings.Trim(s, "_")
	if s == "" { // letters of another script only
		sum := sha256.Sum256([]byte(header))
		s = "field_" + hex.EncodeToString(sum[:4])
	}
	if s[0] >= '0' && s[0] <= '9' {
		s = "field_" + s
		s = strings.TrimRight(s[:min(len(s), 40)], "_")
	}
	return s
}

// columnStats is what a first reading of a column tells.
type columnStats struct {
	filled        int
	points        int // values that prove a decimal point
	commas        int // values that prove a decimal comma
	bool, whole   bool
	number        bool
	date, address bool
}

func newStats() columnStats {
	return columnStats{bool: true, whole: true, number: true, date: true, address: true}
}

func (c *columnStats) see(s string) {
	if s == "" {
		return
	}
	c.filled++
	if len(s) > 500 {
		c.bool, c.whole, c.number, c.date, c.address = false, false, false, false, false
		return
	}
	switch evidence(s) {
	case decimalPoint:
		c.points++
	case decimalComma:
		c.commas++
	case decimalsUnknown:
	}
	if c.bool && s != "true" && s != "false" {
		c.bool = false
	}
	if c.number {
		// A number only when writing the number gives the same text again, so
		// that "007" and "1.50" stay what they are.
		plain, reason := plainDecimal(s, decimalPoint)
		c.number = reason == "" && plain == s && !strings.HasSuffix(s, "0") || isPlainWhole(s)
		if c.whole {
			c.whole = isPlainWhole(s)
		}
	}
	if c.date {
		t, err := time.Parse(time.DateOnly, s)
		c.date = err == nil && sensible(t)
	}
	if c.address {
		c.address = isWebAddress(s)
	}
}

func isPlainWhole(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == s
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(s) <= 2048 && !strings.ContainsAny(s, " \n\t")
}

func (c *columnStats) style() decimals {
	switch {
	case c.commas > 0 && c.points == 0:
		return decimalComma
	case c.points > 0 && c.commas == 0:
		return decimalPoint
	}
	return decimalsUnknown
}

// fieldType is the narrowest type that all values of a column are.
func (c *columnStats) fieldType() FieldType {
	switch {
	case c.filled == 0:
		return TextField
	case c.bool:
		return BoolField
	case c.number && c.whole:
		return IntField
	case c.number:
		return DecimalField
	case c.date:
		return DateField
	case c.address:
		return URLField
	}
	return TextField
}

// format is what is known about one kind of file of one platform.
type format struct {
	platform Platform
	kind     Kind
	required []string // ids
	key      string   // id of the column that says which product a row is of
	columns  []column
	// pattern recognises headers with a number, unit or name inside. nil: none.
	pattern func(folded, header string) (column, bool)
	// unknown says what becomes of a header that nothing recognises.
	unknown func(header string) column
	// place says to which product a row belongs.
	place func(cells rowView) placement
	// build makes the product of a group's rows; nil for customers.
	build func(b *builder)
	// person makes a customer of a group's rows; nil for products.
	person func(b *builder) Customer
	// rows writes a product in the platform's columns; nil when that is not
	// offered.
	rows func(p Product, w *sheetWriter)
	// people writes a customer.
	people func(c Customer, w *sheetWriter)
	// settle adds the numbered headers that a product needs.
	settle func(p Product, header []string) []string
	// dateless formats cannot say from when a product shows, unarchived ones
	// not that it is put away, and silent ones nothing of the kind: what their
	// files list is for sale.
	dateless, unarchived, silent bool
	// shelved formats can say of a single variant that it is not for sale.
	shelved bool
	// extra are custom fields for what a mapped column says beyond its target.
	extra []FieldDef
}

// placement says where a row belongs. Exactly one of key, above and parent is
// set, or none when the row does not say.
type placement struct {
	key    string   // the product's own key; rows with equal keys are one product
	above  bool     // the product of the row above
	parent string   // alias of the product
	names  []string // aliases under which other rows point to this one
	starts bool     // begins a product: a second start with the same key is a repeat

	variation bool   // part of another product, and does not say which
	handle    string // proposed handle of a product that starts here
	sku       string // of goods that are sold: no other product may have it
	lone      string // the same, unless other rows of the product are what is sold
}

// find returns the column a header stands for.
func (f *format) find(header string) (column, bool) {
	folded := fold(header)
	for _, c := range f.columns {
		if slices.Contains(c.names, folded) {
			return c, true
		}
	}
	if f.pattern != nil {
		if c, ok := f.pattern(folded, header); ok {
			return c, true
		}
	}
	if key, ok := strings.CutPrefix(folded, ofVariant); ok && key != "" {
		return column{id: "unknown " + folded, key: fieldKey(key), typ: TextField, label: strings.TrimSpace(header[len(ofVariant):]), each: true}, true
	}
	return column{}, false
}

// ofVariant begins the header under which Export writes a custom field of
// variants, so that the value in a product's first row is the variant's too.
const ofVariant = "variant:"

// fit counts how many headers a format knows, and lists the required ones that
// are missing.
func (f *format) fit(header []string) (known int, missing []string) {
	have := make(map[string]bool)
	for _, h := range header {
		if c, ok := f.find(h); ok {
			known++
			base, _, _ := strings.Cut(c.id, ":") // name:de is a name
			have[base] = true
		}
	}
	for _, id := range f.required {
		if !have[id] {
			missing = append(missing, f.name(id))
		}
	}
	return known, missing
}

// name is the header that stands for an id in messages.
func (f *format) name(id string) string {
	for _, c := range f.columns {
		if c.id == id {
			return c.header
		}
	}
	return id
}

// formats lists everything that can be read. It is a function because the
// tables must not be shared between two shops in one process.
func formats() []*format {
	return []*format{
		shopifyProducts(), shopifyCustomers(),
		wooProducts(),
		spreeProducts(), spreeTranslations(), spreeCustomers(),
		vendureProducts(),
	}
}
