package transfer

import (
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// cleaner makes descriptions safe. Every sheet has its own, because the policy
// inside is built by method calls.
type cleaner struct {
	policy  *bluemonday.Policy
	bare    *bluemonday.Policy
	tag     *regexp.Regexp
	entity  *regexp.Regexp
	breaks  *regexp.Regexp
	blanks  *regexp.Regexp
	remarks *regexp.Regexp
}

// newCleaner allows what a description needs: headings, paragraphs, lists,
// tables, emphasis and links. No styles, classes, scripts, frames, forms or
// pictures of other hosts: a shop's pages load nothing from elsewhere.
func newCleaner() *cleaner {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
		"strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "code", "pre", "blockquote", "q", "cite", "abbr",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowStandardURLs()
	p.AllowRelativeURLs(true)
	p.RequireNoFollowOnLinks(false)
	return &cleaner{
		policy:  p,
		bare:    bluemonday.StrictPolicy(),
		tag:     regexp.MustCompile(`</?[a-zA-Z][^<>]*>|<!--`),
		entity:  regexp.MustCompile(`&(#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);`),
		breaks:  regexp.MustCompile(`\n[ \t]*\n\s*`),
		blanks:  regexp.MustCompile(`\s+`),
		remarks: regexp.MustCompile(`<(br|/p|/h[1-6]|/li|/tr|/div|/td|/th)\b[^>]*>`),
	}
}

// isHTML reports whether text was written as HTML rather than plainly.
func (c *cleaner) isHTML(s string) bool { return c.tag.MatchString(s) || c.entity.MatchString(s) }

// clean returns s as safe HTML. Plain text becomes paragraphs. cut reports
// that words, links or pictures were taken out, not only markup.
func (c *cleaner) clean(s string) (safe string, cut bool) {
	if s == "" {
		return "", false
	}
	if !c.isHTML(s) {
		var b strings.Builder
		for _, part := range c.breaks.Split(s, -1) {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(part)), "\n", "<br>") + "</p>")
		}
		return b.String(), false
	}
	safe = strings.TrimSpace(balance(c.policy.Sanitize(s)))
	lower := strings.ToLower(s)
	for _, mark := range []string{"<img", "<iframe", "<script", "<video", "<object", "<embed", "<form", "<style", "javascript:"} {
		if strings.Contains(lower, mark) {
			return safe, true
		}
	}
	return safe, false
}

// balance closes what is open and drops what closes nothing, so that a
// description cannot reach beyond its place in a page.
func balance(s string) string {
	nodes, err := xhtml.ParseFragment(strings.NewReader(s), &xhtml.Node{Type: xhtml.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return html.EscapeString(s)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := xhtml.Render(&b, n); err != nil {
			return html.EscapeString(s)
		}
	}
	return b.String()
}

// words is the text of some HTML with its blanks evened out, for comparing
// what two descriptions say.
func (c *cleaner) words(s string) string {
	if c.isHTML(s) {
		s = c.remarks.ReplaceAllString(s, " $0")
		s = html.UnescapeString(c.bare.Sanitize(s))
	}
	return strings.TrimSpace(c.blanks.ReplaceAllString(strings.ReplaceAll(s, "\u00a0", " "), " "))
}

func escapeHTML(s string) string { return html.EscapeString(s) }
