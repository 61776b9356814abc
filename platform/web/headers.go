package web

import (
	"bytes"
	"html"
	"net/http"
	"strings"
)

// nothing is the content security policy of answers that are no page.
const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// CSP describes the content security policy of a door's pages. The zero value
// allows scripts, styles, images, fonts and requests from the shop's own
// origin and nothing else: no inline script, no style attribute, no frame.
// The lists add sources such as "'sha256-…'", "data:" or "https://pay.example".
type CSP struct {
	Scripts    []string
	Styles     []string
	Images     []string
	Connect    []string
	FormAction []string // where a form may lead, redirects included: hosted payment pages
	Frames     []string // what the page may embed; empty forbids frames
}

// String writes the header.
func (c CSP) String() string {
	frames := "'none'"
	if len(c.Frames) > 0 {
		frames = strings.Join(c.Frames, " ")
	}
	list := func(more []string) string { return strings.Join(append([]string{"'self'"}, more...), " ") }
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + list(c.Scripts),
		"style-src " + list(c.Styles),
		"img-src " + list(c.Images),
		"connect-src " + list(c.Connect),
		"font-src 'self'",
		"manifest-src 'self'",
		"media-src 'self'",
		"form-action " + list(c.FormAction),
		"frame-src " + frames,
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"object-src 'none'",
	}, "; ")
}

// secure sets the headers that every answer carries, redirects and errors
// included. Doors replace the content security policy; a handler of public
// images may widen Cross-Origin-Resource-Policy.
func secure(h http.Header, https bool) {
	h.Set("Content-Security-Policy", nothing)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

func escape(b *bytes.Buffer, s string) { b.WriteString(html.EscapeString(s)) }
