// Package demo carries a complete shop to look at: Alltag, which sells things
// for the home. Its goods, words and photographs are in data and images; where
// they come from says LICENCES.md.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

//go:embed data images
var files embed.FS

// Demo is everything the shop consists of. Things name one another by handle,
// code or picture id. Every text is there in each of Shop.Languages; amounts
// are in the minor unit of Shop.Currency and include tax.
type Demo struct {
	Shop        Shop
	Shipping    []Zone
	Fields      []custom.Field // without ids, in order
	Categories  []Category     // parents before their children, siblings in order
	Products    []Product
	Collections []Collection // in order
	Images      []Image      // by id
	Pages       []Page       // in order
	Home        []Block      // in order
}

// Shop is who sells.
type Shop struct {
	Name      string      `json:"name"`
	Tagline   locale.Text `json:"tagline"`
	Email     string      `json:"email"`
	Phone     string      `json:"phone"`
	Address   Address     `json:"address"`
	Currency  string      `json:"currency"`
	Languages []string    `json:"languages"` // the first is the fallback
	Zone      string      `json:"zone"`      // IANA time zone

	CutOff       int      `json:"cut_off"` // minutes after midnight
	ClosedDays   []string `json:"closed_days"`
	StockDisplay string   `json:"stock_display"`
	FewThreshold int64    `json:"few_threshold"`
	MaxPerLine   int64    `json:"max_per_line"`
	BankDetails  string   `json:"bank_details"`
	Location     Location `json:"location"` // where all stock is

	// Payments are the settings of payment providers by id, as their forms
	// take them.
	Payments map[string]map[string]string `json:"payments"`
}

// Address is where the shop is.
type Address struct {
	Company  string `json:"company"`
	Line1    string `json:"line1"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

// Location is a place that keeps stock.
type Location struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Country string `json:"country"`
}

// Zone is where the shop delivers, and how.
type Zone struct {
	Name      string    `json:"name"`
	Countries Countries `json:"countries"`
	Methods   []Method  `json:"methods"`
}

// Countries are ISO 3166-1 codes; "EU" alone is the European Union without
// the countries other zones name.
type Countries []string

// UnmarshalJSON reads a list, or one code alone.
func (c *Countries) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*c = make(Countries, 1)
		return json.Unmarshal(b, &(*c)[0])
	}
	return json.Unmarshal(b, (*[]string)(c))
}

// Method is a way of delivery, priced by weight.
type Method struct {
	Code     string      `json:"code"`
	Name     locale.Text `json:"name"`
	Rates    [][2]int64  `json:"rates"`     // grams up to, price; ascending
	FreeFrom money.Minor `json:"free_from"` // 0 for never
	Days     [2]int      `json:"days"`      // working days, at least and at most
}

// Category is a place in the tree.
type Category struct {
	Code           string      `json:"code"`
	Parent         string      `json:"parent"` // code; "" at the top
	Name           locale.Text `json:"name"`
	Description    locale.Text `json:"description"`
	SEOTitle       locale.Text `json:"seo_title"`
	SEODescription locale.Text `json:"seo_description"`
	Image          string      `json:"image"`
}

// Product is something for sale. Description is Markdown.
type Product struct {
	Handle string         `json:"handle"`
	Status catalog.Status `json:"status"` // "" is active
	// PublishInDays is when a scheduled product goes on sale, counted from the
	// day the shop is filled.
	PublishInDays  int           `json:"publish_in_days"`
	Brand          string        `json:"brand"` // "" for none
	Name           locale.Text   `json:"name"`
	Subtitle       locale.Text   `json:"subtitle"`
	Description    locale.Text   `json:"description"`
	SEOTitle       locale.Text   `json:"seo_title"`
	SEODescription locale.Text   `json:"seo_description"`
	Category       string        `json:"category"` // code
	Tags           []string      `json:"tags"`
	HSCode         string        `json:"hs_code"` // six digits
	Origin         string        `json:"origin"`  // ISO 3166-1
	Fields         custom.Values `json:"fields"`
	Options        []Option      `json:"options"`
	Variants       []Variant     `json:"variants"` // at least one
	Images         []string      `json:"images"`   // at least one; the first is the product's face
	Related        []string      `json:"related"`  // handles
}

// Option is one thing to choose.
type Option struct {
	Code   string      `json:"code"`
	Name   locale.Text `json:"name"`
	Values []Value     `json:"values"`
}

// Value is one choice of an option.
type Value struct {
	Code   string      `json:"code"`
	Name   locale.Text `json:"name"`
	Colour string      `json:"colour"` // of the swatch, "#rrggbb"; "" for none
}

// Variant is what is really sold.
type Variant struct {
	SKU       string        `json:"sku"`
	Values    []string      `json:"values"` // one code of each option, in option order
	Price     money.Minor   `json:"price"`
	CompareAt money.Minor   `json:"compare_at"` // 0 for none
	Stock     int64         `json:"stock"`
	Grams     int64         `json:"grams"`
	SizeMM    [3]int64      `json:"size_mm"` // length, width, height
	Image     string        `json:"image"`   // one of the product's; "" for none of its own
	Fields    custom.Values `json:"fields"`
}

// Collection is a selection of goods, by hand (Products) or by Rule.
type Collection struct {
	Code           string        `json:"code"`
	Name           locale.Text   `json:"name"`
	Description    locale.Text   `json:"description"`
	SEOTitle       locale.Text   `json:"seo_title"`
	SEODescription locale.Text   `json:"seo_description"`
	Image          string        `json:"image"`
	Rule           *catalog.Rule `json:"rule"` // categories by code
	Products       []string      `json:"products"`
}

// Image is a photograph. Its file holds the master, at most 1600 pixels wide,
// without metadata; renditions are made from it.
type Image struct {
	ID            string      `json:"id"`
	File          string      `json:"file"` // below images
	Width, Height int         // pixels of the master
	Alt           locale.Text `json:"alt"`
}

// Page is a page of words. Body is Markdown and comes from
// data/pages/<code>.<language>.md.
type Page struct {
	Code           string      `json:"code"`
	Menu           string      `json:"menu"` // "shop", "help" or "legal"
	Title          locale.Text `json:"title"`
	SEODescription locale.Text `json:"seo_description"`
	Body           locale.Text `json:"-"`
}

// Block is a piece of the home page, or the announcement above every page.
type Block struct {
	Place  string      `json:"place"`  // "home" or "announcement"
	Kind   string      `json:"kind"`   // "hero", "categories", "products", "story" or "notice"
	Title  locale.Text `json:"title"`  // plain
	Body   locale.Text `json:"body"`   // Markdown; may be missing
	Action locale.Text `json:"action"` // words of the link; may be missing
	Target string      `json:"target"` // "category:", "collection:" or "page:" and a code; "" for none
	Image  string      `json:"image"`  // "" for none
}

// Load reads the demo that is compiled in.
func Load() (*Demo, error) {
	var d Demo
	var about struct {
		Shop     *Shop   `json:"shop"`
		Shipping *[]Zone `json:"shipping"`
	}
	about.Shop, about.Shipping = &d.Shop, &d.Shipping
	for _, part := range []struct {
		file string
		into any
	}{
		{"shop", &about},
		{"fields", &d.Fields},
		{"categories", &d.Categories},
		{"collections", &d.Collections},
		{"images", &d.Images},
		{"pages", &d.Pages},
		{"home", &d.Home},
	} {
		if err := read("data/"+part.file+".json", part.into); err != nil {
			return nil, err
		}
	}
	for i := range d.Fields {
		d.Fields[i].Position = i
	}
	for _, c := range d.Categories { // products come in the order of the departments
		if c.Parent != "" {
			continue
		}
		var some []Product
		if err := read("data/products/"+c.Code+".json", &some); err != nil {
			return nil, err
		}
		d.Products = append(d.Products, some...)
	}
	for i, p := range d.Pages {
		d.Pages[i].Body = make(locale.Text)
		for _, lang := range d.Shop.Languages {
			body, err := files.ReadFile("data/pages/" + p.Code + "." + lang + ".md")
			if err != nil {
				return nil, err
			}
			d.Pages[i].Body[lang] = strings.TrimSpace(string(body))
		}
	}
	return &d, nil
}

// read decodes one file. A field that nobody knows is an error: in data a typo
// must not pass for an omission.
func read(file string, into any) error {
	raw, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more than one value", file)
	}
	return nil
}

// Master returns the bytes of a picture's file, a JPEG or WebP.
func Master(i Image) ([]byte, error) { return files.ReadFile(path.Join("images", i.File)) }
