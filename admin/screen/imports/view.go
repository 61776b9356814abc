// Package imports brings the goods of other shop systems in.
package imports

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// NewView is page "import_new".
type NewView struct {
	admin.Frame
	To       string
	Refused  bool
	Platform admin.Field
	File     admin.Drop
	Fields   []admin.Field
	Actions  []admin.Action
	Steps    []admin.Fact
}

// RunView is page "import_run". While it runs the page asks for itself every
// second.
type RunView struct {
	admin.Frame
	Self     string
	Running  bool
	Status   admin.Status
	Done     int64
	Total    int64
	Percent  string
	Progress string // "1,240 of 3,000 rows"
	Notes    []admin.Note
	Tiles    []admin.Tile
	Errors   *admin.Table
	Columns  *admin.Table
	Actions  []admin.Action
}
