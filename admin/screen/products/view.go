// Package products is where the goods are described, pictured, priced and put
// on sale.
package products

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "product".
type View struct {
	admin.Frame
	To         string
	Refused    bool
	ReadOnly   bool // the role may look and not touch
	Hidden     []admin.Hidden
	Notes      []admin.Note
	Texts      admin.Section
	Media      admin.Section
	Options    *admin.Section
	Variants   admin.Section
	Attributes *admin.Section
	Found      admin.Section // how search engines see it
	Side       []admin.Section
	Save       admin.SaveBar
	Dialogs    []admin.Dialog
}
