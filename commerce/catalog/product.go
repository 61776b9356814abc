// Package catalog keeps the goods: products with their options and variants,
// their prices, the category tree, and collections.
package catalog

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// Status is where a product or a variant is in its life.
type Status string

// The statuses. A variant is active, archived or deleted only.
const (
	Draft     Status = "draft"     // being written; only the staff see it
	Scheduled Status = "scheduled" // for sale from PublishAt on, without anybody's doing
	Active    Status = "active"    // for sale
	Archived  Status = "archived"  // not for sale any more; may come back
	Deleted   Status = "deleted"   // gone; kept because orders remember it
)

// Limits of a product.
const (
	MaxVariants = 2000
	MaxOptions  = 10
	MaxTags     = 100
	MaxMedia    = 250
	MaxName     = 250
	MaxText     = 50_000
	maxTag      = 60
	maxSKU      = 100
	maxHandle   = 255
	maxWeight   = 100_000_000       // grams
	maxLength   = 10_000_000        // millimetres
	maxAmount   = 1_000_000_000_000 // minor units
	unplaced    = 1 << 30           // position of a product nobody placed by hand
)

// Product is something for sale, in one or many variants.
type Product struct {
	ID string // "prd_…"; "" for a new one
	// Handle is the product's name in imports, unique. "" becomes the id.
	Handle    string
	Status    Status
	PublishAt time.Time // when a scheduled one becomes visible; zero otherwise
	EndAt     time.Time // from when on it is not for sale any more, whatever its status; zero for never

	Brand                    string
	Name                     locale.Text
	Subtitle                 locale.Text
	Description              locale.Text // Markdown
	SEOTitle, SEODescription locale.Text

	// Slugs are the addresses, one a language. A language without one gets it
	// from the name once and keeps it whatever becomes of the name.
	Slugs locale.Text

	TaxClassID string
	// CategoryID is the category of the breadcrumbs; it is one of Categories,
	// which lists every placement. "" means none.
	CategoryID string
	Categories []string
	// Collections lists the manual collections it is in.
	Collections []string
	Tags        []string
	Fields      custom.Values

	Options  []Option
	Variants []Variant // those that are not deleted, in order
	Media    []string  // ids, in order
	Related  []string  // product ids, in order

	CreatedAt, UpdatedAt time.Time
	Version              int64 // must be that of the stored product on Save
}

// Option is one thing to choose, such as a colour.
type Option struct {
	ID     string // "opt_…"; "" for a new one
	Code   string // unique in the product; "" is made from the name
	Name   locale.Text
	Values []OptionValue
}

// OptionValue is one choice of an option.
type OptionValue struct {
	ID     string // "val_…"; "" for a new one
	Code   string // unique in the option; "" is made from the name
	Name   locale.Text
	Colour string // of the swatch, "#rrggbb"; "" for none
}

// Variant is what is really sold. A product has at least one; a product with
// options need not have one for every combination.
type Variant struct {
	ID   string // "var_…"; "" for a new one
	SKU  string // unique among all living variants, whatever its case; "" for none
	GTIN string // EAN or UPC with its check digit; "" for none
	// Values holds the code of one value of each option, in option order.
	Values []string
	Status Status // Active or Archived

	// Tracked variants are sold from stock; the others are always there.
	Tracked     bool
	WeightGrams int64
	LengthMM    int64
	WidthMM     int64
	HeightMM    int64
	HSCode      string // customs tariff number
	Origin      string // country of origin, ISO 3166-1 alpha-2

	MediaID string // the picture that shows this variant; one of the product's
	Fields  custom.Values
	Prices  []Price // one a price list
}

// Price is what a variant costs in a price list.
type Price struct {
	ListID   string
	Currency string // the list's
	Amount   money.Minor
	// CompareAt is the price it is compared with, more than Amount; 0 for none.
	CompareAt money.Minor
}

// Price returns the price in a list.
func (v Variant) Price(listID string) (Price, bool) {
	i := slices.IndexFunc(v.Prices, func(p Price) bool { return p.ListID == listID })
	if i < 0 {
		return Price{}, false
	}
	return v.Prices[i], true
}

// VisibleAt reports whether shoppers see the product at an instant. A
// scheduled product is visible from PublishAt on, that millisecond included,
// and any product up to EndAt, that millisecond excluded.
func (p Product) VisibleAt(now time.Time) bool {
	return visible(p.Status, p.PublishAt, now) && !p.EndedAt(now)
}

// EndedAt reports whether the last moment of a product is over.
func (p Product) EndedAt(now time.Time) bool { return ended(p.EndAt, now) }

func visible(s Status, publishAt, now time.Time) bool {
	return s == Active || (s == Scheduled && !now.Before(publishAt))
}

func ended(endAt, now time.Time) bool { return !endAt.IsZero() && !now.Before(endAt) }

// FoldSKU is the form in which SKUs are compared: NFKC, lower case, without
// space around it.
func FoldSKU(sku string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(sku)))
}

// FoldName is the form by which lists of products are sorted.
func FoldName(name string) string {
	s := strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// tidy brings a product into its canonical form: texts trimmed, lists without
// repetition, codes made from names, the canonical category among the others,
// the variants' pictures among the product's. It shares nothing with p.
func (p Product) tidy() Product {
	p.Handle, p.Brand = strings.TrimSpace(p.Handle), strings.TrimSpace(p.Brand)
	for _, t := range []*locale.Text{&p.Name, &p.Subtitle, &p.Description, &p.SEOTitle, &p.SEODescription, &p.Slugs} {
		*t = tidyText(*t)
	}
	if p.Status == "" {
		p.Status = Draft
	}
	if p.Status != Scheduled {
		p.PublishAt = time.Time{}
	}
	p.Categories = unique(append([]string{p.CategoryID}, p.Categories...))
	p.Collections, p.Related = unique(p.Collections), unique(p.Related)
	p.Tags = unique(p.Tags)
	slices.Sort(p.Tags)
	p.Media = unique(p.Media)
	p.Options = slices.Clone(p.Options)
	for i := range p.Options {
		o := &p.Options[i]
		o.Name, o.Code = tidyText(o.Name), strings.TrimSpace(o.Code)
		if o.Code == "" {
			o.Code = codeFrom(o.Name, func(code string) (locale.Text, bool) {
				k := slices.IndexFunc(p.Options, func(x Option) bool { return x.Code == code })
				if k < 0 {
					return nil, false
				}
				return p.Options[k].Name, true
			})
		}
		o.Values = slices.Clone(o.Values)
		codes := make(map[string]locale.Text, len(o.Values))
		for _, v := range o.Values {
			codes[v.Code] = v.Name
		}
		for j := range o.Values {
			v := &o.Values[j]
			v.Name, v.Code, v.Colour = tidyText(v.Name), strings.TrimSpace(v.Code), strings.ToLower(strings.TrimSpace(v.Colour))
			if v.Code == "" {
				v.Code = codeFrom(v.Name, func(code string) (locale.Text, bool) {
					name, ok := codes[code]
					return name, ok
				})
				codes[v.Code] = v.Name
			}
		}
	}
	p.Variants = slices.Clone(p.Variants)
	for i := range p.Variants {
		v := &p.Variants[i]
		v.SKU, v.GTIN, v.HSCode = strings.TrimSpace(v.SKU), strings.TrimSpace(v.GTIN), strings.TrimSpace(v.HSCode)
		v.Origin = strings.ToUpper(strings.TrimSpace(v.Origin))
		if v.Status == "" {
			v.Status = Active
		}
		if v.MediaID != "" && !slices.Contains(p.Media, v.MediaID) {
			p.Media = append(p.Media, v.MediaID)
		}
		v.Values = slices.Clone(v.Values)
		v.Prices = slices.Clone(v.Prices)
		slices.SortFunc(v.Prices, func(a, b Price) int { return strings.Compare(a.ListID, b.ListID) })
	}
	return p
}

func tidyText(t locale.Text) locale.Text {
	out := make(locale.Text, len(t))
	for lang, s := range t {
		if s = strings.TrimSpace(s); s != "" {
			out[lang] = s
		}
	}
	return out
}

// codeFrom makes a code from the name in English, else in the first language.
// When something with another name has the code, a number is added; something
// with the same name is left to collide, which check reports.
func codeFrom(name locale.Text, taken func(code string) (locale.Text, bool)) string {
	text := name.In("en", "")
	base := slug.Make("", text)
	if base == "" && text != "" { // "+", "★"
		base = "x" + hex.EncodeToString([]byte(text))
		base = base[:min(len(base), 40)]
	}
	code := base
	for n := 2; code != ""; n++ {
		other, ok := taken(code)
		if !ok || maps.Equal(other, name) {
			return code
		}
		code = base + "-" + strconv.Itoa(n)
	}
	return ""
}

func unique(list []string) []string {
	var out []string
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

var (
	countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)
	tariffPattern  = regexp.MustCompile(`^[0-9][0-9. ]{3,15}$`)
	colourPattern  = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	langPattern    = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// check reports every fault of a tidy product that can be seen without the
// database, each at its field.
func (p Product) check(form *fault.Form) {
	if len(p.Handle) > maxHandle || strings.ContainsFunc(p.Handle, func(r rune) bool { return r < ' ' }) {
		form.Add("handle", "catalog.bad_handle", "max", maxHandle)
	}
	switch p.Status {
	case Draft, Active, Archived:
	case Scheduled:
		if p.PublishAt.IsZero() {
			form.Add("publish_at", "form.required")
		}
	default:
		form.Add("status", "form.not_a_choice")
	}
	if !p.EndAt.IsZero() && !p.EndAt.Truncate(time.Millisecond).After(p.PublishAt) {
		form.Add("end_at", "catalog.ends_before_it_begins")
	}
	if len(p.Name) == 0 {
		form.Add("name", "form.required")
	}
	checkText(form, "name", p.Name, MaxName)
	checkText(form, "subtitle", p.Subtitle, MaxName)
	checkText(form, "description", p.Description, MaxText)
	checkText(form, "seo_title", p.SEOTitle, MaxName)
	checkText(form, "seo_description", p.SEODescription, 1000)
	checkLine(form, "brand", p.Brand, 100)
	for lang, s := range p.Slugs {
		if !slug.Valid(s) {
			form.Add("slugs."+lang, "slug.invalid")
		}
	}
	if p.TaxClassID == "" {
		form.Add("tax_class", "form.required")
	}
	if len(p.Tags) > MaxTags {
		form.Add("tags", "catalog.too_many", "max", MaxTags)
	}
	for i, tag := range p.Tags {
		checkLine(form, "tags."+strconv.Itoa(i), tag, maxTag)
	}
	if len(p.Media) > MaxMedia {
		form.Add("media", "catalog.too_many", "max", MaxMedia)
	}
	if p.ID != "" && slices.Contains(p.Related, p.ID) {
		form.Add("related", "catalog.related_to_itself")
	}
	p.checkOptions(form)
	p.checkVariants(form)
}

func checkLine(form *fault.Form, path, s string, limit int) {
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		form.Add(path, "form.not_utf8")
	case utf8.RuneCountInString(s) > limit:
		form.Add(path, "form.too_long", "max", limit)
	}
}

func checkText(form *fault.Form, path string, t locale.Text, limit int) {
	for lang, s := range t {
		if !langPattern.MatchString(lang) {
			form.Add(path, "catalog.unknown_language")
			continue
		}
		checkLine(form, path+"."+lang, s, limit)
	}
}

func (p Product) checkOptions(form *fault.Form) {
	if len(p.Options) > MaxOptions {
		form.Add("options", "catalog.too_many", "max", MaxOptions)
	}
	codes := make(map[string]bool)
	for i, o := range p.Options {
		path := "options." + strconv.Itoa(i)
		if len(o.Name) == 0 {
			form.Add(path+".name", "form.required")
		}
		checkText(form, path+".name", o.Name, 100)
		if len(o.Name) > 0 && !validCode(o.Code) {
			form.Add(path+".code", "catalog.bad_code")
		} else if codes[o.Code] {
			form.Add(path+".name", "catalog.repeated")
		}
		codes[o.Code] = true
		if len(o.Values) == 0 {
			form.Add(path+".values", "form.required")
		}
		if len(o.Values) > MaxVariants {
			form.Add(path+".values", "catalog.too_many", "max", MaxVariants)
		}
		values := make(map[string]bool)
		for j, v := range o.Values {
			path := path + ".values." + strconv.Itoa(j)
			if len(v.Name) == 0 {
				form.Add(path+".name", "form.required")
				continue
			}
			checkText(form, path+".name", v.Name, 100)
			if !validCode(v.Code) {
				form.Add(path+".code", "catalog.bad_code")
			} else if values[v.Code] {
				form.Add(path+".name", "catalog.repeated")
			}
			values[v.Code] = true
			if v.Colour != "" && !colourPattern.MatchString(v.Colour) {
				form.Add(path+".colour", "custom.not_a_colour")
			}
		}
	}
}

func validCode(code string) bool { return slug.Valid(code) }

func (p Product) checkVariants(form *fault.Form) {
	if len(p.Variants) > MaxVariants {
		form.Add("variants", "catalog.too_many", "max", MaxVariants)
		return
	}
	if p.Status == Active || p.Status == Scheduled {
		if !slices.ContainsFunc(p.Variants, func(v Variant) bool { return v.Status == Active }) {
			form.Add("variants", "catalog.nothing_to_sell")
		}
	}
	known := make([]map[string]bool, len(p.Options))
	for k, o := range p.Options {
		known[k] = make(map[string]bool, len(o.Values))
		for _, v := range o.Values {
			known[k][v.Code] = true
		}
	}
	skus := make(map[string]bool)
	combinations := make(map[string]bool)
	ids := make(map[string]bool)
	for i, v := range p.Variants {
		path := "variants." + strconv.Itoa(i)
		if v.ID != "" && ids[v.ID] {
			form.Add(path+".id", "catalog.repeated")
		}
		ids[v.ID] = true
		checkLine(form, path+".sku", v.SKU, maxSKU)
		if key := FoldSKU(v.SKU); key != "" {
			if skus[key] {
				form.Add(path+".sku", "catalog.sku_repeated", "sku", v.SKU)
			}
			skus[key] = true
		}
		if v.GTIN != "" && !ValidGTIN(v.GTIN) {
			form.Add(path+".gtin", "catalog.bad_gtin")
		}
		if v.Status != Active && v.Status != Archived {
			form.Add(path+".status", "form.not_a_choice")
		}
		if v.Status == Active { // an archived one may be older than today's options
			checkCombination(form, path, v, known, combinations)
		}
		checkRange(form, path+".weight_grams", v.WeightGrams, maxWeight)
		checkRange(form, path+".length_mm", v.LengthMM, maxLength)
		checkRange(form, path+".width_mm", v.WidthMM, maxLength)
		checkRange(form, path+".height_mm", v.HeightMM, maxLength)
		if v.HSCode != "" && !tariffPattern.MatchString(v.HSCode) {
			form.Add(path+".hs_code", "catalog.bad_hs_code")
		}
		if v.Origin != "" && !countryPattern.MatchString(v.Origin) {
			form.Add(path+".origin", "catalog.bad_country")
		}
		for j, price := range v.Prices {
			price.check(form, path+".prices."+strconv.Itoa(j))
			if j > 0 && v.Prices[j-1].ListID == price.ListID {
				form.Add(path+".prices."+strconv.Itoa(j), "catalog.repeated")
			}
		}
	}
}

func checkCombination(form *fault.Form, path string, v Variant, known []map[string]bool, seen map[string]bool) {
	if len(v.Values) != len(known) {
		form.Add(path+".values", "catalog.one_value_per_option", "count", len(known))
		return
	}
	for k, code := range v.Values {
		if !known[k][code] {
			form.Add(path+".values."+strconv.Itoa(k), "catalog.unknown_value")
		}
	}
	key := strings.Join(v.Values, "+")
	if seen[key] {
		form.Add(path+".values", "catalog.combination_repeated")
	}
	seen[key] = true
}

func (p Price) check(form *fault.Form, path string) {
	if p.Amount < 0 || p.Amount > maxAmount {
		form.Add(path+".amount", "catalog.bad_price")
	}
	if p.CompareAt != 0 && (p.CompareAt <= p.Amount || p.CompareAt > maxAmount) {
		form.Add(path+".compare_at", "catalog.bad_compare_at")
	}
}

func checkRange(form *fault.Form, path string, n, limit int64) {
	switch {
	case n < 0:
		form.Add(path, "form.too_small", "min", 0)
	case n > limit:
		form.Add(path, "form.too_large", "max", limit)
	}
}

// ValidGTIN reports whether s is an EAN-8, UPC-A, EAN-13 or GTIN-14 with the
// right check digit.
func ValidGTIN(s string) bool {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return false
	}
	sum := 0
	for i, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		weight := 1
		if (len(s)-1-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(c-'0')
	}
	return sum%10 == 0
}
