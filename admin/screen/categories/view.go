// Package categories is where the tree of categories is grown.
package categories

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// TreeView is page "categories".
type TreeView struct {
	admin.Frame
	Branches []admin.Branch
	Empty    *admin.Empty
}
