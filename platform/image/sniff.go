package image

import (
	"bytes"
	"strings"
)

// Kind is what a file is, judged by its first bytes alone. Names, endings and
// Content-Type headers are never asked.
type Kind string

// The kinds of picture that are decoded.
const (
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	GIF  Kind = "gif"
	WebP Kind = "webp"
)

// Picture reports whether files of this kind are decoded.
func (k Kind) Picture() bool { return k == JPEG || k == PNG || k == GIF || k == WebP }

// Sniff says what a file is. Besides the four kinds of picture it knows those
// that people try ("svg", "avif", "heic", "tiff", "bmp", "pdf", "html", "zip",
// "mp4"), so that a refusal can name them; "" is anything else.
func Sniff(data []byte) Kind {
	has := func(prefix string) bool { return strings.HasPrefix(string(data[:min(len(data), 16)]), prefix) }
	switch {
	case has("\xff\xd8\xff"):
		return JPEG
	case has("\x89PNG\r\n\x1a\n"):
		return PNG
	case has("GIF87a"), has("GIF89a"):
		return GIF
	case has("RIFF") && len(data) >= 12 && string(data[8:12]) == "WEBP":
		return WebP
	case has("%PDF"):
		return "pdf"
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return "zip"
	case has("II*\x00"), has("MM\x00*"):
		return "tiff"
	case has("BM"):
		return "bmp"
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		switch string(data[8:12]) {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "hevc", "mif1", "msf1":
			return "heic"
		}
		return "mp4"
	}
	text := bytes.ToLower(bytes.TrimLeft(data[:min(len(data), 1024)], "\xef\xbb\xbf \t\r\n"))
	switch {
	case len(text) == 0 || text[0] != '<':
		return ""
	case bytes.Contains(text, []byte("<svg")):
		return "svg"
	case bytes.Contains(text, []byte("<html")), bytes.Contains(text, []byte("<!doctype html")), bytes.Contains(text, []byte("<script")):
		return "html"
	}
	return ""
}
