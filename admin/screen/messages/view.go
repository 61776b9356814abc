// Package messages is where the contact form's messages are answered.
package messages

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "message".
type View struct {
	admin.Frame
	From    string
	Email   string
	When    string
	Text    string
	Actions []admin.Action
}
