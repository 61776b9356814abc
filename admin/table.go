package admin

// Table is a list of rows. On wide screens it is a table with a head that
// stays; on phones every row becomes a card.
type Table struct {
	ID      string // of the region that filters replace
	Caption string // for screen readers
	Columns []Column
	Rows    []Row
	Picks   bool // a checkbox before every row, for the bulk bar
	Two     bool // rows of two lines
	Still   bool // rows lead nowhere
	Empty   *Empty
	Pager   Pager
	Bulk    []Action // of the bar that appears once rows are picked; each posts "id"
	BulkKey string   // one-time key of the bulk form
	BulkTo  string   // where the bulk form posts to
}

// Column describes the cells below it.
type Column struct {
	Head string
	Kind string // "", Lead, End, Num, Wide, Thumb, Tight, Actions
	Sort *Sort  // nil: cannot be sorted by
}

// The kinds of a Column, which say where its cells stand.
const (
	Lead    = "lead"    // the row's name: links to it, first line of the card
	End     = "end"     // the number that counts: right-aligned, first line of the card
	Num     = "num"     // another number: right-aligned
	Wide    = "wide"    // only on wide screens
	WideNum = "widenum" // a number, only on wide screens
	Thumb   = "thumb"   // a picture
	Tight   = "tight"   // as narrow as its words
	Acts    = "actions" // buttons
)

// Sort is a column's link.
type Sort struct {
	URL  string
	Dir  string // "asc", "desc" or "" when the list is sorted by something else
	Desc bool   // a click sorts downwards
}

// Row is one thing. Its cells are in the order of the columns.
type Row struct {
	ID    string // value of the checkbox
	Name  string // what the checkbox picks, for screen readers
	Cells []Cell
}

// Cell holds one of: text, a status, a picture, buttons.
type Cell struct {
	Text     string
	Note     string // a second, quiet line
	URL      string // of the lead cell: where the row leads
	Tone     string // "good", "warn", "bad", "quiet", "faint"
	Status   *Status
	Statuses []Status
	Picture  *Picture
	Actions  []Action
	Label    string // before the text on phones, where there is no head
}

// Pager steps through a list that is read by key, so there are no page numbers
// and no total.
type Pager struct {
	Next  string // "" on the last page
	Prev  string // "" on the first
	Shown string // "50 orders", "" to say nothing
}

// View is a saved view of a list, shown as a tab.
type View struct {
	Label   string
	URL     string
	Count   int64
	Counted bool // show Count, even 0
	Current bool
}

// Filters is the row of controls above a list: a search box, choices, dates.
// It is a form that asks with GET, so that every list has an address.
type Filters struct {
	Action  string // the list's own path
	Target  string // id of the Table it replaces
	Search  *Search
	Selects []Select
	Dates   []DateFilter
	Hidden  []Hidden // what the address keeps: the view, the order
	Chosen  []Chosen
	Clear   string // address without any filter
}

// Search is the box of Filters.
type Search struct {
	Name  string
	Value string
	Label string // says what is searched
	Fault string // why that is not searched for, in words; "" is fine
}

// Select is one choice of Filters. The choice with an empty value is "all".
type Select struct {
	Name    string
	Label   string
	Choices []Choice
	Fault   string // in words; "" is fine
}

// DateFilter is one day of Filters, as 2026-11-24.
type DateFilter struct {
	Name  string
	Label string
	Value string
	Fault string // in words; "" is fine
}

// Chosen is a filter that is on; its link takes it off.
type Chosen struct {
	Label string
	URL   string
}
