package catalog

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Collection is a selection of goods across the tree: put together by hand, or
// by a rule that is evaluated whenever a product changes.
type Collection struct {
	ID       string // "col_…"; "" for a new one
	Code     string // names it in imports and blocks; unique
	Rule     *Rule  // nil for one that is put together by hand
	Hidden   bool
	Position int

	Name, Description        locale.Text
	SEOTitle, SEODescription locale.Text
	Slugs                    locale.Text
	MediaID                  string
	Version                  int64
}

// Rule says which products belong to a collection.
type Rule struct {
	Any        bool        `json:"any"` // one condition is enough; else all must hold
	Conditions []Condition `json:"conditions"`
}

// Subject is what a condition looks at.
type Subject string

// The subjects.
const (
	OnPrice    Subject = "price"    // the lowest price of an active variant, in minor units of the default market's list
	OnStock    Subject = "stock"    // units that can be sold now, of all active variants together; what is not tracked counts as a thousand million
	OnTag      Subject = "tag"      // any of the tags
	OnCategory Subject = "category" // placed in the category or below it
	OnBrand    Subject = "brand"
	OnField    Subject = "field" // a custom field of the product
)

// Op is how a condition compares.
type Op string

// The operators. AtLeast and AtMost are for prices, stock, numbers and dates.
const (
	Is      Op = "is"
	IsNot   Op = "is_not"
	AtLeast Op = "at_least"
	AtMost  Op = "at_most"
)

// Condition is one comparison. Prices, stock and number fields compare Number
// (a number field's in millionths), everything else compares Text: a tag, a
// category's id, a brand, a choice's code, a colour, a date, "true", or a text
// in any language.
type Condition struct {
	On     Subject `json:"on"`
	Field  string  `json:"field,omitempty"` // the code, for OnField
	Is     Op      `json:"is"`
	Text   string  `json:"text,omitempty"`
	Number int64   `json:"number,omitempty"`
}

// MaxConditions bounds a rule.
const MaxConditions = 50

func (r *Rule) check(form *fault.Form, fields custom.Definitions) {
	if len(r.Conditions) == 0 {
		form.Add("rule", "form.required")
	}
	if len(r.Conditions) > MaxConditions {
		form.Add("rule", "catalog.too_many", "max", MaxConditions)
	}
	for i, c := range r.Conditions {
		c.check(form, "rule.conditions."+strconv.Itoa(i), fields)
	}
}

func (c Condition) check(form *fault.Form, path string, fields custom.Definitions) {
	ordered := false
	switch c.On {
	case OnPrice, OnStock:
		ordered = true
	case OnTag, OnCategory, OnBrand:
		if c.Text == "" {
			form.Add(path+".text", "form.required")
		}
	case OnField:
		f, ok := fields.By(c.Field)
		if !ok {
			form.Add(path+".field", "custom.unknown_field")
			return
		}
		ordered = f.Kind == custom.Number || f.Kind == custom.Date
		if f.Kind != custom.Number && c.Text == "" {
			form.Add(path+".text", "form.required")
		}
	default:
		form.Add(path+".on", "form.not_a_choice")
	}
	switch c.Is {
	case Is, IsNot:
	case AtLeast, AtMost:
		if !ordered {
			form.Add(path+".is", "catalog.not_comparable")
		}
	default:
		form.Add(path+".is", "form.not_a_choice")
	}
	checkLine(form, path+".text", c.Text, 500)
}

// Facts is what rules look at.
type Facts struct {
	Price      int64 // minor units; meaningless without Priced
	Priced     bool
	Stock      int64
	Tags       []string
	Categories []string // ids, those above included
	Brand      string
	Fields     custom.Values
}

// Matches reports whether a product with these facts belongs. A rule without
// conditions matches nothing.
func (r Rule) Matches(f Facts) bool {
	for _, c := range r.Conditions {
		if c.holds(f) == r.Any {
			return r.Any
		}
	}
	return !r.Any && len(r.Conditions) > 0
}

func (c Condition) holds(f Facts) bool {
	switch c.On {
	case OnPrice:
		return f.Priced && compare(c.Is, f.Price, c.Number)
	case OnStock:
		return compare(c.Is, f.Stock, c.Number)
	case OnTag:
		return slices.Contains(f.Tags, c.Text) == (c.Is == Is)
	case OnCategory:
		return slices.Contains(f.Categories, c.Text) == (c.Is == Is)
	case OnBrand:
		return (f.Brand == c.Text) == (c.Is == Is)
	case OnField:
		v, ok := f.Fields[c.Field]
		if !ok {
			return c.Is == IsNot
		}
		switch v.Shape {
		case custom.ShapeNumber:
			return compare(c.Is, v.Number, c.Number)
		case custom.ShapeTruth:
			return (strconv.FormatBool(v.Truth) == c.Text) == (c.Is == Is)
		case custom.ShapeText:
			found := false
			for _, s := range v.Text {
				found = found || s == c.Text
			}
			return found == (c.Is == Is)
		case custom.ShapeCode:
			return compare(c.Is, v.Code, c.Text)
		}
	}
	return false
}

func compare[T cmp.Ordered](op Op, a, b T) bool {
	switch op {
	case Is:
		return a == b
	case IsNot:
		return a != b
	case AtLeast:
		return a >= b
	case AtMost:
		return a <= b
	}
	return false
}

func (c Collection) tidy() Collection {
	for _, t := range []*locale.Text{&c.Name, &c.Description, &c.SEOTitle, &c.SEODescription, &c.Slugs} {
		*t = tidyText(*t)
	}
	if c.Code == "" {
		c.Code = slug.Make("", c.Name.In("en", ""))
	}
	return c
}

func (c Collection) check(form *fault.Form, fields custom.Definitions) {
	if len(c.Name) == 0 {
		form.Add("name", "form.required")
	} else if !slug.Valid(c.Code) {
		form.Add("code", "catalog.bad_code")
	}
	checkText(form, "name", c.Name, MaxName)
	checkText(form, "description", c.Description, MaxText)
	checkText(form, "seo_title", c.SEOTitle, MaxName)
	checkText(form, "seo_description", c.SEODescription, 1000)
	for lang, s := range c.Slugs {
		if !slug.Valid(s) {
			form.Add("slugs."+lang, "slug.invalid")
		}
	}
	if c.Rule != nil {
		c.Rule.check(form, fields)
	}
}
