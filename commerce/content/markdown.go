package content

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/stoashop/stoa/platform/theme"
)

// rememberedTexts bounds the texts a Markdown keeps ready.
const rememberedTexts = 5000

// Markdown turns the staff's Markdown into HTML that is safe to show: raw HTML
// in it is dropped, links lead to http, https, mailto, tel or the shop itself.
// It remembers what it made. It is safe for concurrent use.
type Markdown struct {
	parser goldmark.Markdown
	policy *bluemonday.Policy

	mu   sync.RWMutex
	made map[[sha256.Size]byte]theme.HTML
}

// NewMarkdown returns a Markdown that remembers nothing yet.
func NewMarkdown() *Markdown {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h2", "h3", "h4", "h5", "h6",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(false)
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	return &Markdown{
		parser: goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify)),
		policy: p,
		made:   make(map[[sha256.Size]byte]theme.HTML),
	}
}

// HTML renders a text. A heading of the first level becomes one of the second:
// the page has its own.
func (m *Markdown) HTML(text string) theme.HTML {
	if text == "" {
		return ""
	}
	key := sha256.Sum256([]byte(text))
	m.mu.RLock()
	html, ok := m.made[key]
	m.mu.RUnlock()
	if ok {
		return html
	}
	var b bytes.Buffer
	if err := m.parser.Convert([]byte(text), &b); err != nil {
		return "" // a bytes.Buffer takes everything
	}
	raw := bytes.ReplaceAll(b.Bytes(), []byte("<h1>"), []byte("<h2>"))
	raw = bytes.ReplaceAll(raw, []byte("</h1>"), []byte("</h2>"))
	html = theme.HTML(m.policy.SanitizeBytes(raw))
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.made) >= rememberedTexts {
		clear(m.made)
	}
	m.made[key] = html
	return html
}
