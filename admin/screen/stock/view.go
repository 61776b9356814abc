// Package stock is where units are counted, corrected and traced.
package stock

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// ItemView is page "stock_item": one variant at every location.
type ItemView struct {
	admin.Frame
	Tiles     []admin.Tile
	Levels    admin.Table
	Movements admin.Table
	Side      []admin.Section // adjust, keep back, sell ahead
}
