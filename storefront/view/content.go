package view

import (
	"time"

	"github.com/stoashop/stoa/platform/theme"
)

// ContentPage is pages/content.html: an article of the merchant's.
type ContentPage struct {
	Page
	Title   string
	Intro   string // may be empty
	Image   *Image
	Body    theme.HTML
	Updated time.Time // zero when not told
	// Side is the neighbouring pages; may be empty.
	Side []Link
}

// ContactPage is pages/contact.html.
type ContactPage struct {
	Page
	Intro theme.HTML
	Form  Form
	Sent  bool
	// Answer is how long an answer takes, in words; may be empty.
	Answer string
}

// ErrorPage is pages/error.html, for every status.
type ErrorPage struct {
	Page
	Status    int
	Title     string
	Text      string
	RequestID string // to be quoted when asking for help; may be empty
	RetryURL  string // "" when trying again makes no sense
	Tiles     []CategoryTile
	Products  []ProductCard
}
