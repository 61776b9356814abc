// Package home is the screen a day begins with: today's orders, the sales of
// the last thirty days, and what waits for a person.
package home

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "home".
type View struct {
	admin.Frame
	Notes      []admin.Note // steps of setting up that are left
	Tiles      []admin.Tile
	Chart      admin.Chart
	ChartTotal string
	Todos      []admin.Todo
	Orders     admin.Table
	NoOrders   bool // the role does not see orders
	Best       []Seller
}

// Seller is a product and how often it was sold.
type Seller struct {
	Name    string
	URL     string
	Picture admin.Picture
	Count   string
}
