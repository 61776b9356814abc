package transfer

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// toMarkdown writes clean HTML as Markdown (CommonMark with tables), which is
// how the catalogue keeps descriptions. What Markdown has no sign for keeps
// its words and loses its look: underlined, small, raised and lowered text.
//
// The words are compared with those that the Markdown says. When signs and
// text would be mistaken for each other, as in the middle of a word, the look
// of the lines is given up, and at last that of the whole.
func (c *cleaner) toMarkdown(s string) string {
	if s == "" {
		return ""
	}
	nodes, err := xhtml.ParseFragment(strings.NewReader(s), &xhtml.Node{Type: xhtml.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return ""
	}
	words := c.letters(s)
	for _, w := range []mdWriter{{}, {bare: true}} {
		if md := strings.Join(w.mdNodes(nodes, 0), "\n\n"); c.letters(fromMarkdown(md)) == words {
			return md
		}
	}
	var plain strings.Builder
	for _, r := range c.words(s) {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			plain.WriteByte('\\')
		}
		plain.WriteRune(r)
	}
	return plain.String()
}

// letters is the text of some HTML without blanks and quotation marks, which
// the way to Markdown may move.
func (c *cleaner) letters(s string) string {
	return strings.Join(strings.FieldsFunc(c.words(s), func(r rune) bool { return r <= ' ' || r == '“' || r == '”' }), "")
}

// mdWriter turns parsed HTML into Markdown. bare leaves emphasis and links
// out.
type mdWriter struct{ bare bool }

// fromMarkdown is the way back, for exports.
func fromMarkdown(s string) string {
	if s == "" {
		return ""
	}
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Convert([]byte(s), &out); err != nil {
		return ""
	}
	return strings.TrimSpace(out.String())
}

// mdDeep bounds how deep lists and quotations are followed.
const mdDeep = 12

// mdBlocks writes the children of n, one string a block.
func (w mdWriter) mdBlocks(n *xhtml.Node, depth int) []string {
	var nodes []*xhtml.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		nodes = append(nodes, c)
	}
	return w.mdNodes(nodes, depth)
}

func (w mdWriter) mdNodes(nodes []*xhtml.Node, depth int) []string {
	var out []string
	var line strings.Builder
	flush := func() {
		if text := mdTidy(line.String()); text != "" {
			out = append(out, text)
		}
		line.Reset()
	}
	for _, c := range nodes {
		if c.Type != xhtml.ElementNode || mdInline(c.DataAtom) {
			line.WriteString(w.mdText(c, depth))
			continue
		}
		flush()
		if depth > mdDeep {
			if text := mdTidy(w.mdText(c, depth)); text != "" {
				out = append(out, text)
			}
			continue
		}
		switch c.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			level, _ := strconv.Atoi(c.Data[1:])
			if text := mdOneLine(w.mdChildren(c, depth)); text != "" {
				out = append(out, strings.Repeat("#", level)+" "+text)
			}
		case atom.Ul, atom.Ol:
			if list := w.mdList(c, depth+1); list != "" {
				out = append(out, list)
			}
		case atom.Blockquote:
			if text := strings.Join(w.mdBlocks(c, depth+1), "\n\n"); text != "" {
				out = append(out, "> "+strings.ReplaceAll(text, "\n", "\n> "))
			}
		case atom.Pre:
			if text := strings.Trim(mdRaw(c), "\n"); strings.TrimSpace(text) != "" {
				fence := "```"
				for strings.Contains(text, fence) {
					fence += "`"
				}
				out = append(out, fence+"\n"+text+"\n"+fence)
			}
		case atom.Hr:
			out = append(out, "---")
		case atom.Table:
			if table := w.mdTable(c, depth); table != "" {
				out = append(out, table)
			}
		default: // p, dl, dt, dd and what stands around them
			out = append(out, w.mdBlocks(c, depth+1)...)
		}
	}
	flush()
	return out
}

func mdInline(a atom.Atom) bool {
	switch a {
	case atom.A, atom.B, atom.Strong, atom.I, atom.Em, atom.U, atom.S, atom.Del, atom.Ins, atom.Sub, atom.Sup, atom.Small, atom.Mark,
		atom.Code, atom.Q, atom.Cite, atom.Abbr, atom.Br, atom.Span, 0:
		return true
	}
	return false
}

func (w mdWriter) mdChildren(n *xhtml.Node, depth int) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(w.mdText(c, depth))
	}
	return b.String()
}

// mdBreak stands for a line break until the lines are put together. No text
// holds this character.
const mdBreak = "\x01"

// mdOneLine is inline content for places that cannot break the line.
func mdOneLine(s string) string { return mdTidy(strings.ReplaceAll(s, mdBreak, " ")) }

// mdText writes inline content.
func (w mdWriter) mdText(n *xhtml.Node, depth int) string {
	switch n.Type {
	case xhtml.TextNode:
		return mdEscape(n.Data)
	case xhtml.ElementNode:
	default:
		return ""
	}
	if depth > mdDeep+50 {
		return mdEscape(mdRaw(n))
	}
	depth++
	switch n.DataAtom {
	case atom.Br:
		return mdBreak
	case atom.Strong, atom.B:
		return w.mdWrap(w.mdChildren(n, depth), "**")
	case atom.Em, atom.I, atom.Cite:
		return w.mdWrap(w.mdChildren(n, depth), "*")
	case atom.Del, atom.S:
		return w.mdWrap(w.mdChildren(n, depth), "~~")
	case atom.Code:
		text := strings.Join(strings.Fields(mdRaw(n)), " ")
		if text == "" {
			return ""
		}
		tick := "`"
		for strings.Contains(text, tick) {
			tick += "`"
		}
		if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
			text = " " + text + " "
		}
		return tick + text + tick
	case atom.Q:
		return "“" + w.mdChildren(n, depth) + "”"
	case atom.A:
		text := w.mdChildren(n, depth)
		for _, a := range n.Attr {
			if w.bare {
				break
			}
			if href := strings.TrimSpace(a.Val); a.Key == "href" && href != "" && strings.TrimSpace(text) != "" {
				return "[" + mdTidy(text) + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "", "\\", "%5C").Replace(href) + ">)"
			}
		}
		return text
	}
	text := w.mdChildren(n, depth)
	if !mdInline(n.DataAtom) {
		text = " " + text + " "
	}
	return text
}

// mdWrap puts signs around words, outside of the blanks at their ends.
func (w mdWriter) mdWrap(text, sign string) string {
	inner := strings.TrimSpace(text)
	if w.bare || inner == "" || strings.Contains(inner, mdBreak) || strings.Contains(inner, sign) {
		return text
	}
	at := strings.Index(text, inner)
	return text[:at] + sign + inner + sign + text[at+len(inner):]
}

func mdRaw(n *xhtml.Node) string {
	if n.Type == xhtml.TextNode {
		return n.Data
	}
	if n.DataAtom == atom.Br {
		return "\n"
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(mdRaw(c))
	}
	return b.String()
}

func (w mdWriter) mdList(n *xhtml.Node, depth int) string {
	var items []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		blocks := w.mdNodes([]*xhtml.Node{c}, depth) // what stands between the items is one
		if c.DataAtom == atom.Li {
			blocks = w.mdBlocks(c, depth)
		}
		text := strings.Join(blocks, "\n\n")
		if text == "" {
			continue
		}
		mark := "- "
		if n.DataAtom == atom.Ol {
			mark = strconv.Itoa(len(items)+1) + ". "
		}
		items = append(items, mark+strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, "\n")
}

func (w mdWriter) mdTable(n *xhtml.Node, depth int) string {
	var rows [][]string
	var walk func(n *xhtml.Node)
	walk = func(n *xhtml.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Tr:
				var row []string
				for cell := c.FirstChild; cell != nil; cell = cell.NextSibling {
					if cell.DataAtom == atom.Td || cell.DataAtom == atom.Th {
						text := mdOneLine(w.mdChildren(cell, depth))
						row = append(row, strings.ReplaceAll(text, "|", `\|`))
					}
				}
				if len(row) > 0 {
					rows = append(rows, row)
				}
			case atom.Caption:
				if text := mdOneLine(w.mdChildren(c, depth)); text != "" {
					rows = append(rows, []string{text})
				}
			default:
				walk(c)
			}
		}
	}
	walk(n)
	if len(rows) == 0 {
		return ""
	}
	columns := 0
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	var b strings.Builder
	for i, r := range rows {
		for len(r) < columns {
			r = append(r, "")
		}
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", columns) + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// mdTidy evens out the blanks of one block of inline Markdown and keeps the
// first sign of a line from being read as more than text.
func mdTidy(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, mdBreak) {
		line = strings.Join(strings.Fields(line), " ")
		lines = append(lines, mdLine(line))
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var b strings.Builder
	for i, line := range lines {
		switch {
		case i == 0:
		case line == "" || lines[i-1] == "": // an empty line would end the paragraph
			if line != "" {
				b.WriteString("\n\n")
			}
			b.WriteString(line)
			continue
		default:
			b.WriteString("\\\n")
		}
		b.WriteString(line)
	}
	return b.String()
}

func mdLine(s string) string {
	if s == "" {
		return ""
	}
	switch s[0] {
	case '#', '>', '+', '-', '=', '|', ':':
		return `\` + s
	case '~':
		if !strings.HasPrefix(s, "~~") || strings.HasPrefix(s, "~~~") {
			return `\` + s
		}
	}
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < len(s) && (s[digits] == '.' || s[digits] == ')') {
		return s[:digits] + `\` + s[digits:]
	}
	return s
}

// mdEscape keeps text from being read as signs.
func mdEscape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '`', '*', '_', '[', ']', '<', '~', '&':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n', mdBreak[0]:
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// plainWords is a text without any markup, for places that hold one line.
func plainWords(html string) string {
	s := regexp.MustCompile(`<[^<>]*>`).ReplaceAllString(strings.ReplaceAll(html, "<", " <"), "")
	return strings.Join(strings.Fields(xhtml.UnescapeString(s)), " ")
}
