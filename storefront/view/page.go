// Package view holds what storefront templates are given: one struct a page,
// one struct an element, documented because themes of other people build on
// them. Adding a field is compatible, renaming or removing one is not.
//
// Three rules hold everywhere:
//   - URLs are ready to be printed; a theme never builds one.
//   - Amounts are money.Money and already the result of every sum; a theme
//     never calculates.
//   - Texts a merchant wrote come in the page's language; texts of the shop
//     itself are messages that the theme looks up with t.
//
// Forms post to the URL they carry. A form or link with data-swap="#id" asks
// the script to send it and to replace that element by the element of the same
// id in the answer, which may be a fragment or a whole page; without the
// script it is a plain form or link. The script's requests name the
// ids they want in the header X-Swap, so a handler may answer with the partial
// alone. In the answer, data-announce is read out and data-bag is the new
// number on the bag.
package view

import (
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
)

// Page is the envelope of every page. Page structs embed it.
type Page struct {
	Shop Shop
	Head Head

	// Menu is the main navigation: the top of the category tree and whatever
	// the merchant added.
	Menu []MenuItem

	// Footer is the columns at the foot of the page.
	Footer []FooterColumn

	Search   SearchBox
	Bag      BagLink
	Customer *CustomerLink // nil for a guest
	Account  AccountLinks

	// Languages is every language of the shop with this page's address in it.
	// A shop with one language has one entry.
	Languages []Language

	// Announcement is one line above the header; nil for none. Its URL may be
	// empty.
	Announcement *Link

	// Breadcrumbs leads from the home page to the page above this one. Empty
	// where depth is not real.
	Breadcrumbs []Link

	// Memo belongs to Shop, Menu and Footer together: with it a theme need not
	// draw them anew for every page, see kept. Nil draws anew.
	Memo *theme.Memo

	// Notices is what just happened ("Your address was saved."), shown once.
	Notices []Notice
}

// Shop is who sells.
type Shop struct {
	Name    string
	Tagline string // one sentence; may be empty
	HomeURL string
	Email   string // where shoppers write to; may be empty
	Phone   string // may be empty
	Logo    *Image // nil: the name is set in type

	// Address is the legal seller's address, one line each.
	Address []string

	// CopyrightYear is the year in the shop's time zone.
	CopyrightYear int
}

// Head is what search engines, link previews and the browser's tab say.
type Head struct {
	Title       string // without the shop's name; empty on the home page
	Description string
	Canonical   string // absolute; empty when the page should not be indexed
	NoIndex     bool
	Alternates  []Alternate // absolute, one a language, for hreflang
	Image       string      // absolute URL of the preview picture; may be empty

	// Prev and Next are the neighbours of a page of a listing.
	Prev, Next string

	// Data is schema.org data, printed as JSON-LD; nil for none.
	Data any
}

// Alternate is this page in another language.
type Alternate struct{ Lang, URL string }

// Link is a name and where it leads.
type Link struct {
	Label   string
	URL     string
	Current bool // the page being shown, or a page above it
}

// MenuItem is an entry of the main navigation. Children are two levels deep at
// most; only the first level may carry pictures.
type MenuItem struct {
	Label    string
	URL      string
	Current  bool
	Children []MenuItem

	// Picture is shown in the opened menu beside Children; nil for none.
	Picture *Picture
}

// Picture is an image that leads somewhere.
type Picture struct {
	Image Image
	Label string
	URL   string
}

// FooterColumn is a titled list of links.
type FooterColumn struct {
	Title string
	Links []Link
}

// SearchBox is the search form: GET URL?q=….
type SearchBox struct {
	URL        string
	SuggestURL string // answers ?q=… with the partial "suggestions"
	Query      string // what was searched for; "" elsewhere
	Problem    string // why that is not searched for; "" for no reason
	Popular    []Link // shown before anything is typed; may be empty
}

// BagLink is the bag as the header shows it.
type BagLink struct {
	URL   string
	Count int // pieces, not lines
}

// CustomerLink is who is signed in.
type CustomerLink struct {
	Name  string // how to address the person; falls back to the e-mail address
	Email string
}

// AccountLinks is where account pages are.
type AccountLinks struct {
	URL        string // the overview; for guests, leads to sign-in first
	SignInURL  string
	SignUpURL  string
	SignOutURL string // takes a POST
}

// Language is one entry of the language switch.
type Language struct {
	Tag     string // "de"
	Name    string // in its own language: "Deutsch"
	URL     string // this page in it
	Current bool
}

// Tone says how a notice is meant.
type Tone string

// The tones. Each has an icon and a colour, never a colour alone.
const (
	Neutral Tone = "neutral"
	Good    Tone = "good"
	Warning Tone = "warning"
	Bad     Tone = "bad"
)

// Notice is one message above the page.
type Notice struct {
	Tone Tone
	Text string
	Link *Link // what can be done about it; nil for none
}

// Image is one picture in every size it exists in.
type Image struct {
	Src    string // a size that suits most places
	Srcset string // "… 400w, … 800w"; may be empty
	Large  string // the largest size, for zooming; may be empty
	Width  int    // of Src, pixels; with Height it keeps the place free
	Height int
	Alt    string // "" marks decoration
	Colour string // placeholder class (theme.ColourClass); may be empty

	// CutOut says that the subject stands free on a plain light ground, so a
	// tile may show it whole instead of filling the frame.
	CutOut bool
}

// Tag writes the picture, which keeps its place free while it loads: sizes is
// the width it gets, as the attribute says it; class adds to its classes; lazy
// is false for what is seen first; plain leaves out the words, where a text
// beside it says the same. A page has fifty pictures, and each written attribute
// by attribute in a template was a third of the work on the page.
func (i Image) Tag(sizes string, class any, lazy bool, plain any) theme.HTML {
	var b strings.Builder
	b.Grow(600)
	set := func(name, value string) {
		b.WriteString(name)
		b.WriteString(html.EscapeString(value))
		b.WriteByte('"')
	}
	classes := "photo " + i.Colour
	if more, _ := class.(string); more != "" {
		classes += " " + more
	}
	set(`<img class="`, classes)
	set(` src="`, i.Src)
	if i.Srcset != "" {
		set(` srcset="`, i.Srcset)
	}
	set(` sizes="`, sizes)
	set(` width="`, strconv.Itoa(i.Width))
	set(` height="`, strconv.Itoa(i.Height))
	if dropped, _ := plain.(bool); dropped {
		set(` alt="`, "")
	} else {
		set(` alt="`, i.Alt)
	}
	if lazy {
		b.WriteString(` loading="lazy" decoding="async">`)
	} else {
		b.WriteString(` fetchpriority="high">`)
	}
	return theme.HTML(b.String())
}

// Price is what something costs one shopper in this market.
type Price struct {
	Amount money.Money
	From   bool // the cheapest of several variants

	// Was is the price to compare with: the lowest of the 30 days before the
	// reduction (rule B8). nil when the price is not reduced.
	Was *money.Money
	// Saving is the reduction; meaningful when Was is set.
	Saving money.Rate

	// TaxIncluded says whether Amount contains tax.
	TaxIncluded bool
	// TaxName is what tax is called at the shop's home: "VAT".
	TaxName string
	// ShippingURL explains what delivery costs.
	ShippingURL string
	// Unit is the legal price per unit ("€12.00 / kg"); may be empty.
	Unit string
}

// Attribute is a property with its value as text: "Weight", "3.4 kg". Link
// leads to everything that shares it; may be empty.
type Attribute struct {
	Key   string // stable, for themes: "weight"
	Label string
	Value string
	URL   string
}

// CustomField is a value of a merchant-defined field. Themes find one with
// Fields.Get.
type CustomField struct {
	Key    string
	Label  string
	Value  string     // as text in the page's language
	Colour string     // "#rrggbb" when the value is a colour
	HTML   theme.HTML // set for rich text only
}

// Fields is a list of custom fields.
type Fields []CustomField

// Get returns the field called key, or nil.
func (f Fields) Get(key string) *CustomField {
	for i := range f {
		if f[i].Key == key {
			return &f[i]
		}
	}
	return nil
}

// Form is an input that is sent back. After a refusal it carries what was
// typed and what is wrong with it.
type Form struct {
	Action  string
	Problem string // what is wrong as a whole; may be empty
	Hidden  []Hidden
	Fields  []Field // in the order in which they are asked
}

// Field returns the field called name; a theme may place fields one by one.
// A name that is not there gives a field that renders to nothing.
func (f Form) Field(name string) Field {
	for _, field := range f.Fields {
		if field.Name == name {
			return field
		}
	}
	return Field{}
}

// Problems lists the fields that have one, in order.
func (f Form) Problems() []Field { return problems(f.Fields) }

func problems(fields []Field) []Field {
	var bad []Field
	for _, field := range fields {
		if field.Problem != "" {
			bad = append(bad, field)
		}
	}
	return bad
}

// Hidden is a value a form sends along.
type Hidden struct{ Name, Value string }

// Field is one input.
type Field struct {
	Name    string // of the input; unique within its form
	Form    string // tells inputs of one name apart on pages with several forms; may be empty
	Label   string
	Type    string // "text", "email", "tel", "password", "textarea", "select", "checkbox", "number"
	Value   string
	Checked bool     // for "checkbox"
	Options []Choice // for "select"
	Help    string   // below the input; may be empty
	Problem string   // what is wrong, in words; "" is fine

	Required     bool
	MaxLength    int    // characters; 0 is no limit
	Autocomplete string // the HTML token: "shipping postal-code"
	InputMode    string // the keyboard: "numeric"; may be empty
	Size         string // how much of a row it needs: "" whole, "half", "third", "two-thirds"

	// Refresh marks an input whose change alters the rest of the form (the
	// country): the script sends the form for a new one at once, without it a
	// button does.
	Refresh bool
}

// ID is the input's id attribute.
func (f Field) ID() string {
	if f.Form != "" {
		return "field-" + f.Form + "-" + f.Name
	}
	return "field-" + f.Name
}

// Choice is an option of a select or a set of radios.
type Choice struct {
	Value    string
	Label    string
	Selected bool
}

// Window is the days between which something arrives. The zero value is unknown.
// From and To are days; equal for a certain day.
type Window struct{ From, To time.Time }

// Known reports whether there is a window.
func (w Window) Known() bool { return !w.From.IsZero() }

// OneDay reports whether the window is a single day.
func (w Window) OneDay() bool { return w.From.Equal(w.To) }
