// Package orders is where orders are read, shipped, cancelled and refunded.
package orders

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "order": people, goods, money, parcels and everything that
// happened, on one screen.
type View struct {
	admin.Frame
	Notes     []admin.Note
	Parcels   []Parcel // what is still to ship first
	Money     Money
	NoteTo    string // where a note posts to; "" when the role may not write one
	NoteField admin.Field
	Timeline  []admin.Event
	Person    Person
	ShipTo    string
	ShipBy    string
	BillTo    string
	Message   string
	Mails     []Mail
	Resend    []admin.Action
	Facts     []admin.Fact
	Details   *admin.Section // the merchant's own fields
	Dialogs   []admin.Dialog
}

// Parcel is a part of the order that shares a fate: not yet shipped, shipped
// together, or cancelled.
type Parcel struct {
	ID      string
	Status  admin.Status
	Note    string
	Facts   []admin.Fact
	Lines   []admin.Line
	Actions []admin.Action
}

// Money is what the order costs and what was paid.
type Money struct {
	Status  admin.Status
	Method  string
	Sums    []admin.Fact
	Entries []admin.Fact // the ledger
	Actions []admin.Action
}

// Person is who ordered.
type Person struct {
	Name  string
	URL   string // "" for a guest
	Note  string
	Email string
	Phone string
}

// Mail is one mail about the order.
type Mail struct {
	Name   string
	Note   string
	URL    string
	Status admin.Status
}

// FormView is page "order_form": how much of which line, and what goes with
// it.
type FormView struct {
	admin.Frame
	To         string
	Refused    bool
	Hidden     []admin.Hidden
	Notes      []admin.Note
	LinesTitle string
	LinesNote  string
	Lines      []admin.Line
	Sections   []admin.Section
	Side       []admin.Section
	SumTitle   string
	Sums       []admin.Fact
	Counting   bool // there is a button that only adds up
	Danger     bool // the button takes something away for good
	Button     string
	After      string
}
