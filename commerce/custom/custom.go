// Package custom keeps the merchant's own fields: typed definitions, and the
// values of products, variants, categories, customers and orders. A product's
// attributes are its custom fields.
//
// Values are stored with their owner, as one JSON object keyed by the field's
// code. Every write goes through Definitions.Check.
package custom

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Owner says what a field belongs to.
type Owner string

// The owners.
const (
	Product  Owner = "product"
	Variant  Owner = "variant"
	Category Owner = "category"
	Customer Owner = "customer"
	Order    Owner = "order"
)

// Owners lists them all.
func Owners() []Owner { return []Owner{Product, Variant, Category, Customer, Order} }

// Kind is what a field holds.
type Kind string

// The kinds.
const (
	Number Kind = "number" // a decimal with a unit
	Colour Kind = "colour" // "#rrggbb"
	Date   Kind = "date"   // "2026-11-24"
	Choice Kind = "choice" // one of the field's choices
	Text   Kind = "text"   // a text in several languages
	Truth  Kind = "truth"  // yes or no
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Number, Colour, Date, Choice, Text, Truth} }

// Limits of a definition and of a value.
const (
	MaxChoices    = 1000
	MaxText       = 5000 // characters of a text value in one language
	MaxPerOwner   = 200
	MaxNumber     = 1_000_000_000 * million
	million       = 1_000_000
	maxNameLength = 100
)

// Field is a definition.
type Field struct {
	ID    string // "fld_…"
	Owner Owner
	// Code names the field in imports, the API, facets and themes: lower-case
	// letters, digits and underscores. It never changes.
	Code     string
	Kind     Kind
	Unit     string // of a number: "cm"; "" when it counts things
	Decimals int    // of a number, 0..6
	Name     locale.Text
	Choices  []Option // of a choice, in the order they are shown
	Required bool
	// Shown fields are for everybody who sees the object: on its page and in the
	// API. Those of a customer and an order are shown to the buyer alone. Facet
	// ones are among the filters of a listing, Searchable ones are found by the
	// shop's search.
	Shown, Facet, Searchable bool
	Position                 int
	// Used is set once a customer or an order had a value. Whether one still has
	// is sealed.
	Used    bool
	Version int64
}

// Option is one choice.
type Option struct {
	Code string      `json:"code"`
	Name locale.Text `json:"name"`
}

// Option returns the choice with a code.
func (f Field) Option(code string) (Option, bool) {
	i := slices.IndexFunc(f.Choices, func(o Option) bool { return o.Code == code })
	if i < 0 {
		return Option{}, false
	}
	return f.Choices[i], true
}

var (
	codePattern   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	choicePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,59}$`)
)

// Check reports every fault of a definition, by field: "code", "kind",
// "unit", "decimals", "name", "choices.2.code".
func (f Field) Check() error {
	var form fault.Form
	if !slices.Contains(Owners(), f.Owner) {
		form.Add("owner", "form.not_a_choice")
	}
	if !codePattern.MatchString(f.Code) {
		form.Add("code", "custom.bad_code")
	}
	if !slices.Contains(Kinds(), f.Kind) {
		form.Add("kind", "form.not_a_choice")
	}
	if f.Decimals < 0 || f.Decimals > 6 || (f.Kind != Number && f.Decimals != 0) {
		form.Add("decimals", "custom.bad_decimals")
	}
	if utf8.RuneCountInString(f.Unit) > 20 {
		form.Add("unit", "form.too_long", "max", 20)
	} else if f.Kind != Number && f.Unit != "" {
		form.Add("unit", "custom.unit_without_number")
	}
	checkName(&form, "name", f.Name)
	if f.Kind != Choice && len(f.Choices) > 0 {
		form.Add("choices", "custom.choices_without_choice")
	}
	if len(f.Choices) > MaxChoices {
		form.Add("choices", "custom.too_many_choices", "max", MaxChoices)
		return form.Err()
	}
	seen := make(map[string]bool)
	for i, o := range f.Choices {
		path := "choices." + strconv.Itoa(i) + "."
		switch {
		case !choicePattern.MatchString(o.Code):
			form.Add(path+"code", "custom.bad_choice_code")
		case seen[o.Code]:
			form.Add(path+"code", "custom.repeated_choice")
		}
		seen[o.Code] = true
		checkName(&form, path+"name", o.Name)
	}
	return form.Err()
}

func checkName(form *fault.Form, path string, name locale.Text) {
	if name.In("", "") == "" {
		form.Add(path, "form.required")
	}
	for lang, s := range name {
		switch {
		case !utf8.ValidString(s):
			form.Add(path+"."+lang, "form.not_utf8")
		case utf8.RuneCountInString(s) > maxNameLength:
			form.Add(path+"."+lang, "form.too_long", "max", maxNameLength)
		}
	}
}

// Shape is how a value is written.
type Shape int

// The shapes.
const (
	ShapeCode   Shape = iota // a colour, a date or a choice
	ShapeNumber              // millionths
	ShapeTruth
	ShapeText
)

// Value is one value of a field. Of its members only the one its shape names
// counts. The zero Value is no value of any field.
type Value struct {
	Shape  Shape
	Code   string      // "#c0ffee", "2026-11-24", a choice's code
	Number int64       // in millionths: 12.5 cm is 12_500_000
	Truth  bool        //
	Text   locale.Text // under "" the text is the same in every language
}

// OfCode, OfNumber, OfTruth, OfText and OfWords make values.
func OfCode(code string) Value { return Value{Shape: ShapeCode, Code: code} }

// OfNumber makes a number from millionths.
func OfNumber(millionths int64) Value { return Value{Shape: ShapeNumber, Number: millionths} }

// OfTruth makes a yes or no.
func OfTruth(yes bool) Value { return Value{Shape: ShapeTruth, Truth: yes} }

// OfText makes a text.
func OfText(t locale.Text) Value { return Value{Shape: ShapeText, Text: t} }

// OfWords makes a text that is the same in every language.
func OfWords(s string) Value { return OfText(locale.Text{"": s}) }

// Equal reports whether two values are the same.
func (v Value) Equal(w Value) bool {
	return v.Shape == w.Shape && v.Code == w.Code && v.Number == w.Number && v.Truth == w.Truth && maps.Equal(v.Text, w.Text)
}

// MarshalJSON writes a number as 12.5, a truth as true, a text as an object
// keyed by language, everything else as a string.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Shape {
	case ShapeNumber:
		return []byte(Decimal(v.Number)), nil
	case ShapeTruth:
		return strconv.AppendBool(nil, v.Truth), nil
	case ShapeText:
		return json.Marshal(v.Text)
	}
	return json.Marshal(v.Code)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch b = bytes.TrimSpace(b); {
	case len(b) == 0:
		return fmt.Errorf("custom: empty value")
	case b[0] == '"':
		*v = Value{Shape: ShapeCode}
		return json.Unmarshal(b, &v.Code)
	case b[0] == '{':
		*v = Value{Shape: ShapeText}
		return json.Unmarshal(b, &v.Text)
	case b[0] == 't', b[0] == 'f':
		*v = Value{Shape: ShapeTruth}
		return json.Unmarshal(b, &v.Truth)
	}
	n, ok := ParseDecimal(string(b))
	if !ok {
		return fmt.Errorf("custom: %q is no number", b)
	}
	*v = OfNumber(n)
	return nil
}

// Decimal writes millionths as a plain decimal without trailing zeros.
func Decimal(millionths int64) string {
	sign := ""
	n := uint64(millionths)
	if millionths < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatUint(n/million, 10)
	if frac := n % million; frac != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%06d", frac), "0")
	}
	return sign + s
}

// ParseDecimal reads a plain decimal such as "-12.5" into millionths. It
// refuses exponents, separators and more than six decimals.
func ParseDecimal(s string) (millionths int64, ok bool) {
	body, neg := strings.CutPrefix(s, "-")
	whole, frac, dot := strings.Cut(body, ".")
	if whole == "" || len(whole) > 10 || (dot && frac == "") {
		return 0, false
	}
	if len(frac) > 6 {
		if strings.Trim(frac[6:], "0") != "" {
			return 0, false
		}
		frac = frac[:6]
	}
	digits := whole + frac + strings.Repeat("0", 6-len(frac))
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > MaxNumber {
		return 0, false
	}
	if neg {
		n = -n
	}
	return n, true
}

// Values are an object's values by field code. A field without a value is not
// in the map.
type Values map[string]Value

// Equal reports whether two sets of values are the same.
func (v Values) Equal(w Values) bool { return maps.EqualFunc(v, w, Value.Equal) }

// Definitions are the fields of one owner, in order.
type Definitions []Field

func (d Definitions) sort() {
	slices.SortFunc(d, func(a, b Field) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Code, b.Code))
	})
}

// By returns the field with a code.
func (d Definitions) By(code string) (Field, bool) {
	i := slices.IndexFunc(d, func(f Field) bool { return f.Code == code })
	if i < 0 {
		return Field{}, false
	}
	return d[i], true
}

// Known leaves out values of fields that are not there any more.
func (d Definitions) Known(values Values) Values {
	out := make(Values, len(values))
	for _, f := range d {
		if v, ok := values[f.Code]; ok {
			out[f.Code] = v
		}
	}
	return out
}

// Shown is a field with its value.
type Shown struct {
	Field Field
	Value Value
}

// Shown lists those of the values that the public may see, in the fields'
// order.
func (d Definitions) Shown(values Values) []Shown {
	var list []Shown
	for _, f := range d {
		if v, ok := values[f.Code]; ok && f.Shown {
			list = append(list, Shown{f, v})
		}
	}
	return list
}

// ToBuyer is Shown for the fields of an order. Whoever holds the order's link
// only, and is not known to be the buyer, is told no free text: it may speak of
// people (rule B25).
func (d Definitions) ToBuyer(values Values, known bool) []Shown {
	return slices.DeleteFunc(d.Shown(values), func(s Shown) bool { return !known && s.Field.Kind == Text })
}

// Check brings values into their canonical form and reports every fault, each
// at its code ("material: custom.unknown_choice"). Empty texts and codes are
// taken out. Values that were there before and are unchanged pass even when
// the definition has become stricter since, so that one old value does not
// stop every other edit of its owner; a required field that was empty may not
// stay so. before is nil for a new object.
func (d Definitions) Check(values, before Values) (Values, error) {
	var form fault.Form
	out := make(Values, len(values))
	for _, code := range slices.Sorted(maps.Keys(values)) {
		v := values[code]
		f, ok := d.By(code)
		if !ok {
			form.Add(code, "custom.unknown_field")
			continue
		}
		if old, ok := before[code]; ok && old.Equal(v) {
			out[code] = v
			continue
		}
		v, empty, reason, params := f.check(v)
		switch {
		case reason != "":
			form.Add(code, reason, params...)
		case !empty:
			out[code] = v
		}
	}
	for _, f := range d {
		if _, ok := out[f.Code]; f.Required && !ok && values[f.Code].blank() {
			form.Add(f.Code, "form.required")
		}
	}
	return out, form.Err()
}

// blank reports whether the value says nothing.
func (v Value) blank() bool {
	switch v.Shape {
	case ShapeCode:
		return strings.TrimSpace(v.Code) == ""
	case ShapeText:
		for _, s := range v.Text {
			if strings.TrimSpace(s) != "" {
				return false
			}
		}
		return true
	}
	return false
}

var (
	colourPattern = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	shortColour   = regexp.MustCompile(`^#[0-9a-f]{3}$`)
)

func (f Field) check(v Value) (out Value, empty bool, reason string, params []any) {
	if v.blank() {
		return v, true, "", nil
	}
	switch f.Kind {
	case Number:
		if v.Shape != ShapeNumber || v.Number > MaxNumber || v.Number < -MaxNumber {
			return v, false, "custom.not_a_number", nil
		}
		step := int64(million)
		for range f.Decimals {
			step /= 10
		}
		if v.Number%step != 0 {
			return v, false, "custom.too_many_decimals", []any{"max", f.Decimals}
		}
	case Truth:
		if v.Shape != ShapeTruth {
			return v, false, "custom.not_a_truth", nil
		}
	case Text:
		if v.Shape == ShapeCode { // a plain string is a text for every language
			v = OfWords(v.Code)
		}
		if v.Shape != ShapeText {
			return v, false, "custom.not_a_text", nil
		}
		text := make(locale.Text, len(v.Text))
		for lang, s := range v.Text {
			s = strings.TrimSpace(s)
			switch {
			case !utf8.ValidString(s):
				return v, false, "form.not_utf8", nil
			case utf8.RuneCountInString(s) > MaxText:
				return v, false, "form.too_long", []any{"max", MaxText}
			case s != "":
				text[lang] = s
			}
		}
		v.Text = text
	case Colour:
		c := strings.ToLower(strings.TrimSpace(v.Code))
		if shortColour.MatchString(c) {
			c = string([]byte{'#', c[1], c[1], c[2], c[2], c[3], c[3]})
		}
		if v.Shape != ShapeCode || !colourPattern.MatchString(c) {
			return v, false, "custom.not_a_colour", nil
		}
		v.Code = c
	case Date:
		v.Code = strings.TrimSpace(v.Code)
		if _, err := time.Parse(time.DateOnly, v.Code); v.Shape != ShapeCode || err != nil {
			return v, false, "form.not_a_date", nil
		}
	case Choice:
		v.Code = strings.TrimSpace(v.Code)
		if _, ok := f.Option(v.Code); v.Shape != ShapeCode || !ok {
			return v, false, "custom.unknown_choice", nil
		}
	}
	return v, false, "", nil
}

// Parse reads what a person or a spreadsheet wrote for a field: "12,5" or
// "12.5" for a number, "yes"/"no"/"true"/"false"/"1"/"0" for a truth, a
// choice by its code or by its name in any language, anything for a text. ok
// is false when it does not fit; an empty text is no value and ok.
func (f Field) Parse(s string) (v Value, empty, ok bool) {
	v, empty, reason, _ := f.Read(s)
	return v, empty, reason == ""
}

// Read is Parse for forms: reason, with its parameters, says what is wrong, as
// Definitions.Check does; it is "" when nothing is.
func (f Field) Read(s string) (v Value, empty bool, reason string, params []any) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Value{}, true, "", nil
	}
	switch f.Kind {
	case Number:
		s = strings.TrimSpace(strings.TrimSuffix(s, f.Unit))
		n, ok := ParseDecimal(strings.Replace(s, ",", ".", 1))
		if !ok {
			return Value{}, false, "custom.not_a_number", nil
		}
		v = OfNumber(n)
	case Truth:
		switch strings.ToLower(s) {
		case "yes", "true", "1", "ja", "y", "on":
			v = OfTruth(true)
		case "no", "false", "0", "nein", "n", "off":
			v = OfTruth(false)
		default:
			return Value{}, false, "custom.not_a_truth", nil
		}
	case Text:
		v = OfWords(s)
	case Choice:
		v = OfCode(s)
		for _, o := range f.Choices {
			for _, name := range o.Name {
				if strings.EqualFold(name, s) {
					v = OfCode(o.Code)
				}
			}
		}
		if _, exact := f.Option(s); exact {
			v = OfCode(s)
		}
	case Colour, Date:
		v = OfCode(s)
	}
	return f.check(v)
}

// Show writes a value the way the page shows it, without the unit's
// translation: "12.5 cm", "Oak", "24 November 2026". A truth is "yes" or "no"
// in the printer's language (custom.yes, custom.no).
func (f Field) Show(v Value, p *locale.Printer, fallback string) string {
	switch f.Kind {
	case Number:
		s := p.Decimal(f.decimal(v.Number))
		if f.Unit != "" {
			s += "\u00a0" + f.Unit
		}
		return s
	case Truth:
		if v.Truth {
			return p.T("custom.yes")
		}
		return p.T("custom.no")
	case Text:
		return v.Text.In(p.Lang(), fallback)
	case Date:
		day, err := time.ParseInLocation(time.DateOnly, v.Code, p.Zone())
		if err != nil {
			return v.Code
		}
		return p.Date(day)
	case Choice:
		if o, ok := f.Option(v.Code); ok {
			return o.Name.In(p.Lang(), fallback)
		}
	}
	return v.Code
}

// Label writes a value of a date or a truth by what stands for it in a filter:
// "2026-11-24", "true". It is "" for the other kinds, whose values have names.
func (k Kind) Label(key string, p *locale.Printer) string {
	switch k {
	case Date:
		return Field{Kind: Date}.Show(OfCode(key), p, "")
	case Truth:
		return Field{Kind: Truth}.Show(OfTruth(key == "true"), p, "")
	case Number, Colour, Choice, Text:
	}
	return ""
}

// decimal writes a number with at least the field's decimals.
func (f Field) decimal(n int64) string {
	s := Decimal(n)
	_, frac, _ := strings.Cut(s, ".")
	if f.Decimals > len(frac) {
		if frac == "" {
			s += "."
		}
		s += strings.Repeat("0", f.Decimals-len(frac))
	}
	return s
}
