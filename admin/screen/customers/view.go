// Package customers is where the shop's people are looked up.
package customers

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "customer".
type View struct {
	admin.Frame
	Tiles     []admin.Tile
	Orders    admin.Table
	Facts     []admin.Fact
	Addresses []Address
	Details   *admin.Section // the merchant's own fields
	Timeline  []admin.Event
	Dialogs   []admin.Dialog
}

// Address is one entry of the address book, in lines.
type Address struct {
	Text string
	Note string
}
