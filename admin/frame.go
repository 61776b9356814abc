// Package admin is the staff's door: the kit that back-office screens are made
// of. A screen is one package below admin/screen: it declares its routes with
// their policies, fills a view struct made of the types in this package, and
// renders a page whose template is put together from the kit's partials.
//
// The kit's types hold what a person reads, ready to be printed: amounts and
// dates are formatted by the screen with its locale.Printer, so that templates
// do no sums and build no addresses.
package admin

// Frame is what surrounds every screen: the nouns on the left, the title, what
// can be done here, and what was just done. A view struct embeds it; the
// layout "frame" prints it.
type Frame struct {
	Title   string   // also the window's title
	Note    string   // one quiet line below the title
	Back    *Link    // one step up, where depth is real
	Badges  []Status // beside the title
	Primary *Action  // the one thing to do here
	Actions []Action // other things, as buttons
	More    []Action // the rest, folded into a menu
	Toast   *Toast   // what was just done
	Fault   *Note    // what went wrong with the whole form
	Narrow  bool     // for screens that are read rather than scanned

	Shop    string // the shop's name
	ShopURL string // the storefront
	Mark    string // one or two letters that stand for the shop
	Me      Me
	Nav     []NavGroup
	Tabs    []NavLink // the bottom bar of phones, at most four
	Do      []NavLink // what the command bar can begin
	Look    string    // "light", "dark" or "" for what the machine prefers
	Here    string    // path and query of this screen, to come back to
	Tongues []Choice  // languages of the back office
	Screen  string    // the noun that is open, for the keyboard's sake
	NoKeys  bool      // letters and signs alone are no shortcuts here
	FormKey string    // one-time key of the forms on this page
}

// Me is the person at the desk.
type Me struct {
	Name     string
	Email    string
	Role     string // in words
	Initials string // at most two letters
}

// NavGroup is a run of nouns between two hairlines.
type NavGroup struct {
	Links []NavLink
	End   bool // at the foot of the list
}

// NavLink is one noun.
type NavLink struct {
	Label   string
	URL     string
	Icon    string
	Key     string // second letter of the keyboard's "g …", "" for none
	Count   int64  // waiting rows; 0 is not shown
	Current bool
	Sub     bool // belongs to the noun above it
}

// Link is a word and where it leads.
type Link struct {
	Label string
	URL   string
}

// Action is something a person can do. A plain action is a link. With Post it
// is a form with one button; with Submit it is the button of the form with
// that id elsewhere on the page; with Opens it shows the dialog with that id.
type Action struct {
	Label  string
	URL    string
	Icon   string
	Look   string // "", "primary", "danger", "plain"
	Post   bool
	Submit string
	Opens  string
	Fields []Hidden // sent along with Post
	Name   string   // name and value of the button itself
	Value  string
	Key    string // one-time key of the form, for Post
	Hint   string // keyboard shortcut, shown in menus
	Small  bool
	Off    bool // shown, but not to be had now
	Away   bool // opens in another tab
}

// Hidden is one value that a form sends unseen.
type Hidden struct{ Name, Value string }

// Status is a dot and a word. Tone is one of the constants; the word says the
// same, so that colour never carries the meaning alone.
type Status struct {
	Tone string
	Text string
}

// The tones of a Status, a Note, a timeline entry and a to-do.
const (
	Good  = "good"  // done, paid, in stock
	Warn  = "warn"  // somebody should look
	Bad   = "bad"   // failed, none left
	Info  = "info"  // under way
	Half  = "half"  // partly done
	Open  = "open"  // not begun
	Muted = "muted" // over, archived, of no further interest
)

// Toast says what was just done, with the way back where there is one.
type Toast struct {
	Text string
	Undo *Action
	Bad  bool
}

// Note is a box that says something about the screen below it.
type Note struct {
	Tone  string // Good, Warn, Bad or "" for plain
	Title string
	Text  string
	Links []Link
	List  []string
}

// Empty is what a list shows when there is nothing in it: what would be here,
// and how to get it here.
type Empty struct {
	Icon    string
	Title   string
	Text    string
	Actions []Action
}

// Picture is a small image in a list.
type Picture struct {
	URL string // "" shows a placeholder
	Alt string // "" where the name stands beside it
}

// Fact is a word and what it stands for.
type Fact struct {
	Label  string
	Value  string
	URL    string
	Strong bool // the last line of a sum
	Rule   bool // a hairline above
	Note   string
}
