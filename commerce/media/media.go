// Package media keeps what the shop knows about its pictures: size, colour,
// words for those who cannot see them, and where they are used. The bytes are
// elsewhere, under their hash.
package media

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/upload"
)

// Media is a picture.
type Media struct {
	ID     string      `json:"id"`     // "med_…"
	Hash   string      `json:"hash"`   // of the bytes that were uploaded; names the files
	Mime   string      `json:"mime"`   // "image/jpeg", "image/png"
	Width  int         `json:"width"`  // pixels
	Height int         `json:"height"` // pixels
	Bytes  int64       `json:"bytes"`
	Colour string      `json:"colour"` // the dominant one, "#rrggbb"; "" when unknown
	Alt    locale.Text `json:"alt"`    // what it shows
	Name   string      `json:"name"`   // of the file, for the staff

	Version int64 `json:"version"`
}

// Input is a picture whose bytes are stored already.
type Input struct {
	Hash          string
	Mime          string
	Width, Height int
	Bytes         int64
	Colour        string
	Name          string
	Alt           locale.Text
}

// Widths is the ladder of widths every picture is served in, in pixels. A
// picture is never enlarged: see Ladder.
func Widths() []int { return image.Ladder() }

// Ladder lists the widths the picture is kept in, ascending: see image.Rungs.
func (m Media) Ladder() []int { return image.Rungs(m.Width) }

// URL is where the picture is served at most width pixels wide; the widest
// rung of its ladder that fits, else the narrowest. The address never changes
// its content.
func (m Media) URL(width int) string {
	ladder := m.Ladder()
	best := ladder[0]
	for _, w := range ladder {
		if w <= width {
			best = w
		}
	}
	return address(m.Hash, best, m.Extension())
}

// Srcset is the value of an img element's srcset.
func (m Media) Srcset() string {
	var b strings.Builder
	for i, w := range m.Ladder() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(address(m.Hash, w, m.Extension()))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(w))
		b.WriteByte('w')
	}
	return b.String()
}

// Extension is "png" for a picture that may be see-through, else "jpg".
func (m Media) Extension() string {
	if m.Mime == "image/png" {
		return "png"
	}
	return "jpg"
}

func address(hash string, width int, ext string) string {
	return "/media/" + hash + "/" + strconv.Itoa(width) + "." + ext
}

const maxAlt = 500

func (in Input) check() error {
	var form fault.Form
	if len(in.Hash) < 16 || len(in.Hash) > 128 || strings.Trim(in.Hash, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		form.Add("hash", "media.bad_hash")
	}
	if in.Mime != "image/jpeg" && in.Mime != "image/png" {
		form.Add("mime", "media.bad_kind")
	}
	if in.Width < 1 || in.Height < 1 || in.Bytes < 1 {
		form.Add("width", "media.empty")
	}
	checkAlt(&form, in.Alt)
	return form.Err()
}

func checkAlt(form *fault.Form, alt locale.Text) {
	for lang, s := range alt {
		if !utf8.ValidString(s) {
			form.Add("alt."+lang, "form.not_utf8")
		} else if utf8.RuneCountInString(s) > maxAlt {
			form.Add("alt."+lang, "form.too_long", "max", maxAlt)
		}
	}
}

// Use is one place where a picture is shown.
type Use struct {
	Object string // "product", "variant", "category", "collection", "block"
	ID     string
}

// Of is the input for a picture that was taken in.
func Of(p upload.Picture, name string, alt locale.Text) Input {
	return Input{Hash: p.Hash, Mime: p.Mime, Width: p.Width, Height: p.Height, Bytes: p.Bytes, Colour: p.Colour, Name: name, Alt: alt}
}
