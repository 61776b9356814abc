package transfer

import (
	"os"
	"strings"
	"testing"
)

func TestToMarkdown(t *testing.T) {
	tests := map[string]struct{ html, want string }{
		"paragraphs":       {"<p>one<br>two</p><p>three</p>", "one\\\ntwo\n\nthree"},
		"headings":         {"<h2>A <em>b</em></h2><p>c</p>", "## A *b*\n\nc"},
		"emphasis":         {"<p>a<strong> b </strong>c, <i>d</i></p>", "a **b** c, *d*"},
		"links":            {`<p><a href="https://a.example/x y">b</a> <a>c</a></p>`, "[b](<https://a.example/x y>) c"},
		"lists":            {"<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>", "- a\n- b\n  \n  1. c\n  2. d"},
		"quotation":        {"<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b"},
		"table":            {"<table><tr><th>Size</th><th>a|b</th></tr><tr><td>M</td></tr></table>", "| Size | a\\|b |\n| --- | --- |\n| M |  |"},
		"code":             {"<p><code>a`b</code></p><pre>x\n y</pre>", "``a`b``\n\n```\nx\n y\n```"},
		"signs in text":    {"<p>2 * 3_4 [x] &lt;b&gt; &amp;amp; `</p>", "2 \\* 3\\_4 \\[x\\] \\<b> \\&amp; \\`"},
		"signs at a start": {"<p># a</p><p>- b</p><p>1. c</p><p>+ d</p>", "\\# a\n\n\\- b\n\n1\\. c\n\n\\+ d"},
		"loose text":       {"a<p>b</p>c", "a\n\nb\n\nc"},
		"nothing":          {"<p> </p><ul></ul>", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newCleaner().toMarkdown(tt.html); got != tt.want {
				t.Errorf("toMarkdown(%q) = %q, want %q", tt.html, got, tt.want)
			}
		})
	}
}

// Whatever the way to Markdown does to the look, the words stay.
func FuzzToMarkdown_keepsEveryWord(f *testing.F) {
	for _, s := range []string{
		"<p>one<br>two</p><ul><li>a <b>b</b></li></ul>", "<h1>x</h1>y<table><tr><td>1|2</td></tr></table>", "plain * text_ <3",
		"<ol><li>1. a</li></ol><blockquote># b</blockquote>", "<p>**a** ~~b~~ `c`</p>", "<a href='x'>[a](b)</a>", "<li><ul>a</ul></li>", "<dl><dt>a</dt><dd>b</dd></dl>",
	} {
		f.Add(s)
	}
	if text, err := os.ReadFile("testdata/shopify_packt_Product-data.csv"); err == nil {
		f.Add(string(text[900:3000]))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 5000 || strings.ContainsRune(s, 0) {
			return
		}
		c := newCleaner()
		html, _ := c.clean(strings.ToValidUTF8(s, ""))
		md := c.toMarkdown(html)
		back := fromMarkdown(md)
		if want, got := c.letters(html), c.letters(back); want != got {
			t.Errorf("%q\n→ %q\n→ %q\n→ %q\nwords %q, want %q", s, html, md, back, got, want)
		}
	})
}
