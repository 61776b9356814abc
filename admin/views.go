package admin

import "github.com/stoashop/stoa/platform/theme"

// ListView is a screen that lists things: page "list".
type ListView struct {
	Frame
	Notes   []Note
	Tiles   []Tile
	Views   []View
	Filters *Filters
	Table   Table
}

// FormView is a screen with one form in cards: page "form".
type FormView struct {
	Frame
	ID       string // of the form
	To       string // where it posts to
	Files    bool   // it carries files
	Hidden   []Hidden
	ReadOnly bool // the role may look and not touch
	Refused  bool // it came back with faults, so it is unsaved
	Rooms    []NavLink
	Notes    []Note
	Sections []Section
	Side     []Section
	Below    []Section // after the form, with actions of their own
	Save     SaveBar
	Dialogs  []Dialog
}

// Section is one card of a form.
type Section struct {
	Title   string
	Note    string
	Fields  []Field
	Grid    bool // the fields stand side by side where there is room
	ID      string
	Tongues []Tongue // texts in every language
	Facts   []Fact
	Table   *Table
	Rows    *Grid
	Drop    *Drop
	Media   []Medium
	Picks   []Medium // one of them is chosen: that which is Main; its ID is sent as "media"
	Links   []Link
	Prose   theme.HTML // a text as the shop would show it
	Lang    string     // of Prose
	Actions []Action   // at the foot of the card
	Head    []Action   // beside the title
	Bad     bool
	// Form makes the section a form of its own that posts there; its actions
	// submit it. Sections of a FormView's form leave it empty.
	Form    string
	FormKey string
	Hidden  []Hidden
	Files   bool
}

// Grid is a table of inputs.
type Grid struct {
	Columns []string
	Nums    []bool // columns of numbers
	Rows    []GridRow
	// Suggest is what inputs that name ListID as their List offer while one
	// types.
	ListID  string
	Suggest []string
}

// GridRow is one row of inputs; its fields have bare labels.
type GridRow struct {
	Name    string // of the row, in the first column
	Note    string
	Hidden  []Hidden
	Fields  []Field
	Actions []Action
}

// Medium is one picture of a form: to be described, moved and taken away.
type Medium struct {
	ID      string
	URL     string
	Name    string
	Alts    []Field
	Main    bool
	Order   string // name of the hidden input whose order is the pictures'
	Actions []Action
}

// GateView is a screen before sign-in: page "door".
type GateView struct {
	Frame
	To     string
	Fields []Field
	Hidden []Hidden
	Button string
	Help   string
}

// FaultView is a screen that could not be shown: page "fault".
type FaultView struct {
	Frame
	Text    string
	Request string // id to quote
}

// FindView is the search of the command bar as a page: page "find".
type FindView struct {
	Frame
	Find Find
}
