package sample_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
	"github.com/stoashop/stoa/storefront/view/sample"
	"github.com/stoashop/stoa/themes/base"
	"github.com/stoashop/stoa/words"
)

func open(t testing.TB) (*theme.Theme, *locale.Catalog) {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	th, err := theme.New(theme.Options{Catalog: catalog, Layers: []fs.FS{base.Files}})
	if err != nil {
		t.Fatal(err)
	}
	return th, catalog
}

func maker(catalog *locale.Catalog, lang string) sample.Maker {
	return sample.Maker{P: catalog.Printer(lang, time.UTC), Picture: func(name string) view.Image {
		return view.Image{Src: "/m/" + name + ".jpg", Srcset: "/m/" + name + "-400.jpg 400w", Width: 800, Height: 800, Colour: "ph-654"}
	}}
}

func render(t *testing.T, th *theme.Theme, m sample.Maker, s sample.State) string {
	t.Helper()
	var page bytes.Buffer
	var err error
	if s.Fragment != "" {
		err = th.Fragment(&page, m.P, s.Fragment, s.Data)
	} else {
		err = th.Render(&page, m.P, s.Page, s.Data)
	}
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return page.String()
}

// each runs check on the parsed page of every state in every language.
func each(t *testing.T, check func(t *testing.T, s sample.State, raw string, root *html.Node)) {
	th, catalog := open(t)
	for _, lang := range catalog.Languages() {
		m := maker(catalog, lang)
		for _, s := range m.States() {
			t.Run(lang+"/"+s.Name, func(t *testing.T) {
				raw := render(t, th, m, s)
				root, err := html.Parse(strings.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				check(t, s, raw, root)
			})
		}
	}
}

func nodes(root *html.Node, keep func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && keep(n) {
			found = append(found, n)
		}
	}
	return found
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func TestPages_everyPageHasAState(t *testing.T) {
	th, catalog := open(t)
	seen := map[string]bool{}
	for _, s := range maker(catalog, "en").States() {
		seen[s.Page] = true
	}
	for _, page := range th.Pages() {
		if !seen[page] {
			t.Errorf("no sample shows the page %q", page)
		}
	}
	seen = map[string]bool{}
	for _, l := range maker(catalog, "en").Letters() {
		seen[l.Mail] = true
	}
	for _, mail := range th.Mails() {
		if !seen[mail] {
			t.Errorf("no sample shows the mail %q", mail)
		}
	}
}

// A page that may be cached has no inline script and no style attribute, and
// loads nothing from elsewhere, so it lives under a strict policy.
func TestPages_liveUnderAStrictPolicy(t *testing.T) {
	handler := regexp.MustCompile(`^on[a-z]+$`)
	each(t, func(t *testing.T, s sample.State, raw string, root *html.Node) {
		for _, n := range nodes(root, func(*html.Node) bool { return true }) {
			for _, a := range n.Attr {
				if a.Key == "style" || handler.MatchString(a.Key) || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
			src, _ := attr(n, "src")
			kind, _ := attr(n, "type")
			switch {
			case n.Data == "style":
				t.Error("a <style> element")
			case n.Data == "script" && kind != "application/ld+json" && !strings.HasPrefix(src, "/assets/"):
				t.Errorf("a script that is not an asset: src=%q type=%q", src, kind)
			case n.Data == "img" && !strings.HasPrefix(src, "/"):
				t.Errorf("a picture from elsewhere: %q", src)
			}
		}
	})
}

func TestPages_areSoundForThoseWhoListen(t *testing.T) {
	each(t, func(t *testing.T, s sample.State, raw string, root *html.Node) {
		ids := map[string]int{}
		for _, n := range nodes(root, func(*html.Node) bool { return true }) {
			if id, ok := attr(n, "id"); ok {
				ids[id]++
			}
		}
		for id, n := range ids {
			if n > 1 || id == "" {
				t.Errorf("the id %q is used %d times", id, n)
			}
		}
		var last int
		var h1 int
		for _, n := range nodes(root, func(*html.Node) bool { return true }) {
			for _, ref := range []string{"for", "aria-labelledby", "aria-describedby", "popovertarget", "form"} {
				v, ok := attr(n, ref)
				for _, id := range strings.Fields(v) {
					if ok && ids[id] == 0 {
						t.Errorf("<%s %s=%q> points nowhere", n.Data, ref, id)
					}
				}
			}
			switch n.Data {
			case "img":
				if _, ok := attr(n, "alt"); !ok {
					t.Errorf("a picture without alt: %v", n.Attr)
				}
				if w, _ := attr(n, "width"); w == "" || w == "0" {
					t.Errorf("a picture whose place is not kept free: %v", n.Attr)
				}
			case "input", "select", "textarea":
				if kind, _ := attr(n, "type"); kind != "hidden" && !labelled(root, n) {
					t.Errorf("an input without a label: %v", n.Attr)
				}
			case "button", "a":
				if _, named := attr(n, "aria-label"); !named && strings.TrimSpace(text(n)) == "" {
					if hidden, _ := attr(n, "aria-hidden"); hidden != "true" {
						t.Errorf("<%s> without a name: %v", n.Data, n.Attr)
					}
				}
				if href, ok := attr(n, "href"); n.Data == "a" && (!ok || href == "") {
					if hidden, _ := attr(n, "aria-hidden"); hidden != "true" {
						t.Errorf("a link that leads nowhere: %q", strings.TrimSpace(text(n)))
					}
				}
			case "h1", "h2", "h3":
				level := int(n.Data[1] - '0')
				if s.Fragment == "" && level > last+1 {
					t.Errorf("%s %q comes after level %d", n.Data, strings.TrimSpace(text(n)), last)
				}
				last = level
				if level == 1 {
					h1++
				}
			}
		}
		if s.Fragment == "" && h1 != 1 {
			t.Errorf("%d first headings, want one", h1)
		}
	})
}

func labelled(root, input *html.Node) bool {
	if _, ok := attr(input, "aria-label"); ok {
		return true
	}
	for p := input.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return true
		}
	}
	id, _ := attr(input, "id")
	return len(nodes(root, func(n *html.Node) bool {
		v, ok := attr(n, "for")
		return ok && v == id && n.Data == "label"
	})) > 0
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		} else if alt, ok := attr(d, "alt"); ok {
			b.WriteString(alt)
		}
	}
	return b.String()
}

// What a form or link asks to be replaced must exist, here or in the answer
// the layout prepares for.
func TestPages_swapsNameElements(t *testing.T) {
	each(t, func(t *testing.T, s sample.State, raw string, root *html.Node) {
		ids := map[string]bool{}
		for _, n := range nodes(root, func(*html.Node) bool { return true }) {
			id, _ := attr(n, "id")
			ids[id] = true
		}
		for _, n := range nodes(root, func(*html.Node) bool { return true }) {
			for _, name := range []string{"data-swap", "data-load", "data-refresh-swap"} {
				v, _ := attr(n, name)
				for _, id := range strings.Fields(v) {
					if !strings.HasPrefix(id, "#") || !ids[id[1:]] {
						t.Errorf("<%s %s=%q>: no such element", n.Data, name, v)
					}
				}
			}
			if panel, ok := attr(n, "data-open"); ok && !ids[panel] {
				t.Errorf("data-open=%q: no such element", panel)
			}
		}
	})
}

func TestPages_leaveNoMessageUnsaid(t *testing.T) {
	key := regexp.MustCompile(`\b(storefront|mail|form|fault)\.[a-z_]+[a-z_.]*\b|\{[a-z]+\}|%!|<no value>`)
	each(t, func(t *testing.T, s sample.State, raw string, root *html.Node) {
		if found := key.FindAllString(raw, 3); found != nil {
			t.Errorf("unfilled text: %q", found)
		}
	})
}

func TestMails_areWholeInBothForms(t *testing.T) {
	th, catalog := open(t)
	key := regexp.MustCompile(`\b(storefront|mail)\.[a-z_]+\.[a-z_.]+|\{[a-z]+\}|%!|<no value>|ZgotmplZ`)
	for _, lang := range catalog.Languages() {
		m := maker(catalog, lang)
		for _, l := range m.Letters() {
			t.Run(lang+"/"+l.Name, func(t *testing.T) {
				mail, err := th.Mail(m.P, l.Mail, l.Data)
				if err != nil {
					t.Fatal(err)
				}
				if mail.Subject == "" || strings.ContainsAny(mail.Subject, "\r\n") {
					t.Errorf("subject %q", mail.Subject)
				}
				for form, got := range map[string]string{"html": mail.HTML, "text": mail.Text, "subject": mail.Subject} {
					if found := key.FindAllString(got, 3); found != nil {
						t.Errorf("%s has unfilled text: %q", form, found)
					}
				}
				if strings.Contains(mail.HTML, "<img") || strings.Contains(mail.HTML, "<script") {
					t.Error("a mail that needs pictures or a script")
				}
				if strings.Contains(mail.Text, "\n\n\n\n") {
					t.Error("the text has holes")
				}
				for _, url := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(mail.HTML, -1) {
					if !strings.HasPrefix(url[1], "https://") && !strings.HasPrefix(url[1], "mailto:") {
						t.Errorf("a link that works only on the site: %s", url[1])
					}
				}
			})
		}
	}
}

func TestWords_bothLanguagesHaveTheSameKeys(t *testing.T) {
	_, catalog := open(t)
	en := catalog.Keys("en")
	for _, lang := range catalog.Languages()[1:] {
		other := catalog.Keys(lang)
		for _, key := range en {
			if !slices.Contains(other, key) {
				t.Errorf("%s lacks %q", lang, key)
			}
		}
		for _, key := range other {
			if !slices.Contains(en, key) {
				t.Errorf("en lacks %q, which %s has", key, lang)
			}
		}
	}
}

// What a first visit loads stays small, as it is sent.
func TestAssets_stayWithinTheirBudgets(t *testing.T) {
	th, _ := open(t)
	sent := func(name string) int {
		url, err := th.Asset(name)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, url, nil)
		r.Header.Set("Accept-Encoding", "br")
		w := httptest.NewRecorder()
		th.Assets().ServeHTTP(w, r)
		return w.Body.Len()
	}
	for what, tt := range map[string]struct {
		files []string
		limit int
	}{
		"scripts": {[]string{"js/store.js", "js/swap.js"}, 4 << 10},
		"fonts":   {[]string{"fonts/instrument-sans.woff2", "fonts/familjen-grotesk.woff2"}, 60 << 10},
		"styles":  {[]string{"css/store.css"}, 16 << 10},
		"icons":   {[]string{"icons.svg"}, 6 << 10},
	} {
		got := 0
		for _, name := range tt.files {
			got += sent(name)
		}
		if got > tt.limit {
			t.Errorf("%s take %s, at most %s is allowed", what, kb(got), kb(tt.limit))
		}
		t.Logf("%s take %s", what, kb(got))
	}
}

func kb(n int) string { return fmt.Sprintf("%.1f kB", float64(n)/1024) }
