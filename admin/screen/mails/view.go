// Package mails shows the letters the shop writes, sent or not.
package mails

import (
	"embed"

	"github.com/stoashop/stoa/admin"
)

// Templates holds this screen's pages.
//
//go:embed pages
var Templates embed.FS

// View is page "mail".
type View struct {
	admin.Frame
	Notes   []admin.Note
	Subject string
	Forms   []admin.View // the letter, its plain text
	Body    string       // address of the letter's own page; "" shows Plain
	Plain   string
	Facts   []admin.Fact
}
