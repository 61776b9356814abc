// Package content keeps the shop's words: pages, the blocks of the home page,
// announcements, and the messages people send.
package content

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// Menu is where links to pages stand.
type Menu string

// The menus.
const (
	NoMenu    Menu = ""
	ShopMenu  Menu = "shop"  // about the shop
	HelpMenu  Menu = "help"  // delivery, returns, contact
	LegalMenu Menu = "legal" // terms, privacy, imprint
)

// Menus lists those that have a place on the page.
func Menus() []Menu { return []Menu{ShopMenu, HelpMenu, LegalMenu} }

// Agreed lists the codes of the pages a shopper agrees to, or takes note of,
// when ordering: the terms, the right of withdrawal, and privacy.
func Agreed() []string { return []string{"terms", "returns", "privacy"} }

// Page is a page of text.
type Page struct {
	ID       string // "pag_…"; "" for a new one
	Code     string // names it for the program and for imports: "privacy"; unique
	Draft    bool   // drafts are not shown to shoppers
	Menu     Menu
	Position int // in the menu

	Title          locale.Text
	Body           locale.Text // Markdown
	SEODescription locale.Text
	Slugs          locale.Text // as a product's
	UpdatedAt      time.Time
	Version        int64
}

// Limits of a text.
const (
	maxTitle   = 250
	maxBody    = 50_000
	maxAction  = 100
	maxMessage = 5000
)

func tidy(texts ...*locale.Text) {
	for _, t := range texts {
		out := make(locale.Text, len(*t))
		for lang, s := range *t {
			if s = strings.TrimSpace(s); s != "" {
				out[lang] = s
			}
		}
		*t = out
	}
}

func (p Page) check() error {
	var form fault.Form
	if len(p.Title) == 0 {
		form.Add("title", "form.required")
	} else if !slug.Valid(p.Code) {
		form.Add("code", "content.bad_code")
	}
	if p.Menu != NoMenu && !slices.Contains(Menus(), p.Menu) {
		form.Add("menu", "form.not_a_choice")
	}
	checkText(&form, "title", p.Title, maxTitle)
	checkText(&form, "body", p.Body, maxBody)
	checkText(&form, "seo_description", p.SEODescription, 1000)
	for lang, s := range p.Slugs {
		if !slug.Valid(s) {
			form.Add("slugs."+lang, "slug.invalid")
		}
	}
	return form.Err()
}

func checkText(form *fault.Form, path string, t locale.Text, limit int) {
	for lang, s := range t {
		checkLine(form, path+"."+lang, s, limit)
	}
}

func checkLine(form *fault.Form, path, s string, limit int) {
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		form.Add(path, "form.not_utf8")
	case utf8.RuneCountInString(s) > limit:
		form.Add(path, "form.too_long", "max", limit)
	}
}

// Place is where blocks stand.
type Place string

// The places.
const (
	Home         Place = "home"
	Announcement Place = "announcement" // the line above every page
)

// BlockKind is what a block looks like.
type BlockKind string

// The kinds. An announcement is always a Notice.
const (
	Hero       BlockKind = "hero"       // one large picture with a sentence
	Categories BlockKind = "categories" // the categories as pictures
	Products   BlockKind = "products"   // goods of the target: a category or a collection
	Story      BlockKind = "story"      // a text beside a picture
	Notice     BlockKind = "notice"     // one line
)

// Block is a piece of the home page, or an announcement.
type Block struct {
	ID       string // "blk_…"; "" for a new one
	Place    Place
	Kind     BlockKind
	Position int
	Draft    bool
	Title    locale.Text
	Body     locale.Text // Markdown
	Action   locale.Text // the words of the link
	Target   slug.Target // where the link leads; zero for nowhere
	MediaID  string
	Version  int64
}

// Shown is a block with its picture.
type Shown struct {
	Block
	Media *media.Media // nil for none
}

func (b Block) check() error {
	var form fault.Form
	kinds := []BlockKind{Notice}
	switch b.Place {
	case Home:
		kinds = []BlockKind{Hero, Categories, Products, Story, Notice}
	case Announcement:
	default:
		form.Add("place", "form.not_a_choice")
	}
	if !slices.Contains(kinds, b.Kind) {
		form.Add("kind", "form.not_a_choice")
	}
	if b.Kind != Categories && b.Kind != Products && len(b.Title) == 0 {
		form.Add("title", "form.required")
	}
	checkText(&form, "title", b.Title, maxTitle)
	checkText(&form, "body", b.Body, maxBody)
	checkText(&form, "action", b.Action, maxAction)
	switch b.Target.Kind {
	case slug.Product, slug.Category, slug.Collection, slug.Page:
		if b.Target.ID == "" {
			form.Add("target", "form.required")
		}
	case "":
	default:
		form.Add("target", "form.not_a_choice")
	}
	return form.Err()
}

// Message is what somebody wrote to the shop.
type Message struct {
	ID    string // "msg_…"
	Name  string
	Email string
	Order string // the order number they mention; may be empty
	Text  string
	Lang  string // the language they used the shop in
	Done  bool
	At    time.Time
	// Erased is set when the writer's data was erased: only ID, Done and At are
	// left.
	Erased bool
}

// Check reports every fault of a message, by field: "name", "email", "order",
// "message".
func (m Message) Check() error {
	var form fault.Form
	for _, f := range []struct {
		path, text string
		limit      int
		required   bool
	}{
		{"name", m.Name, 100, true}, {"email", m.Email, 254, true}, {"order", m.Order, 50, false}, {"message", m.Text, maxMessage, true},
	} {
		if f.required && strings.TrimSpace(f.text) == "" {
			form.Add(f.path, "form.required")
			continue
		}
		checkLine(&form, f.path, f.text, f.limit)
	}
	local, domain, ok := strings.Cut(m.Email, "@")
	if m.Email != "" && (!ok || local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(m.Email, " \r\n\t<>,;")) {
		form.Add("email", "form.not_an_email")
	}
	return form.Err()
}

// move puts an id at an index among others.
func move(ids []string, id string, index int) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == id })
	return slices.Insert(ids, max(0, min(index, len(ids))), id)
}
