package screen_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/admin/screen/categories"
	"github.com/stoashop/stoa/admin/screen/customers"
	"github.com/stoashop/stoa/admin/screen/home"
	"github.com/stoashop/stoa/admin/screen/imports"
	"github.com/stoashop/stoa/admin/screen/mails"
	"github.com/stoashop/stoa/admin/screen/messages"
	"github.com/stoashop/stoa/admin/screen/orders"
	"github.com/stoashop/stoa/admin/screen/products"
	"github.com/stoashop/stoa/admin/screen/stock"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/words"
)

// gallery is every screen with made-up data, so that the look can be judged
// and the rules of the markup be checked without a database.
func gallery(t testing.TB) (*theme.Theme, *locale.Catalog) {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	layers := []fs.FS{
		home.Templates, orders.Templates, products.Templates, categories.Templates, stock.Templates,
		customers.Templates, imports.Templates, mails.Templates, messages.Templates,
	}
	th, err := theme.New(theme.Options{Catalog: catalog, Layers: append(layers, admin.Layers()...), AssetPrefix: "/admin/assets/"})
	if err != nil {
		t.Fatal(err)
	}
	return th, catalog
}

func names() []string {
	list := make([]string, 0, len(samples))
	for name := range samples {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// TestScreens_keepTheRulesOfTheMarkup holds every screen, in every language,
// against what the content policy and screen readers ask for.
func TestScreens_keepTheRulesOfTheMarkup(t *testing.T) {
	th, catalog := gallery(t)
	for _, lang := range catalog.Languages() {
		p := catalog.Printer(lang, time.UTC)
		for _, name := range names() {
			t.Run(lang+"/"+name, func(t *testing.T) {
				sample := samples[name]
				var b bytes.Buffer
				if err := th.Render(&b, p, sample.page, sample.view); err != nil {
					t.Fatal(err)
				}
				for _, fault := range lint(b.Bytes()) {
					t.Error(fault)
				}
			})
		}
	}
}

// lint finds what would break the content policy or a screen reader: inline
// styles and scripts, controls without a label, links and buttons without a
// name, repeated ids, labels and descriptions that point nowhere.
func lint(page []byte) []string {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	ids := make(map[string]bool)
	var labels, refs []string
	var controls []*html.Node
	var walk func(n *html.Node, labelled, form bool)
	walk = func(n *html.Node, labelled, form bool) {
		if n.Type == html.ElementNode {
			if id := attr(n, "id"); id != "" {
				if ids[id] {
					say("id %q twice", id)
				}
				ids[id] = true
			}
			for _, a := range n.Attr {
				switch {
				case a.Key == "style", strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"):
					say("<%s %s>: inline", n.Data, a.Key)
				case a.Key == "for":
					labels = append(labels, a.Val)
				case a.Key == "aria-describedby", a.Key == "aria-labelledby", a.Key == "aria-controls", a.Key == "popovertarget", a.Key == "commandfor", a.Key == "form" && a.Val != "no-form":
					refs = append(refs, strings.Fields(a.Val)...)
				case (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.Contains(a.Val, "ZgotmplZ"):
					say("<%s %s>: unsafe address", n.Data, a.Key)
				}
			}
			switch n.Data {
			case "style":
				say("a <style> element")
			case "script":
				if attr(n, "src") == "" {
					say("an inline script")
				}
			case "form":
				if form {
					say("a form inside a form")
				}
				form = true
			case "label":
				labelled = true
			case "input", "select", "textarea":
				if kind := attr(n, "type"); kind != "hidden" && !labelled && attr(n, "aria-label") == "" {
					controls = append(controls, n)
				}
			case "a", "button":
				if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
					say("<%s %v> has no name", n.Data, n.Attr)
				}
			case "img":
				if !has(n, "alt") {
					say("an image without alt")
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, labelled, form)
		}
	}
	walk(doc, false, false)
	named := make(map[string]bool)
	for _, id := range labels {
		named[id] = true
		if !ids[id] {
			say("a label for %q, which is not there", id)
		}
	}
	for _, id := range refs {
		if !ids[id] {
			say("a reference to %q, which is not there", id)
		}
	}
	for _, n := range controls {
		if !named[attr(n, "id")] {
			say("<%s name=%q> has no label", n.Data, attr(n, "name"))
		}
	}
	if m := regexp.MustCompile(`\badmin\.[a-z_.]+\b`).FindString(text(doc)); m != "" {
		say("the key %q instead of words", m)
	}
	return faults
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}

// TestScreens_serve shows the gallery in a browser:
//
//	STOA_GALLERY=127.0.0.1:8099 go test ./admin/screen -run serve -timeout 0
func TestScreens_serve(t *testing.T) {
	addr := os.Getenv("STOA_GALLERY")
	if addr == "" {
		t.Skip("only by hand")
	}
	if err := http.ListenAndServe(addr, galleryHandler(t)); err != nil {
		t.Fatal(err)
	}
}

// galleryHandler serves every sample under its name, with the policy and the
// assets of the real office.
func galleryHandler(t testing.TB) http.Handler {
	th, catalog := gallery(t)
	mux := http.NewServeMux()
	mux.Handle("/admin/assets/", th.Assets())
	mux.HandleFunc("/sample.svg", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		n := len(r.URL.Query().Get("n")) % 4
		fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="%s"/><circle cx="40" cy="36" r="19" fill="%s"/><rect x="22" y="52" width="36" height="12" rx="3" fill="%s"/></svg>`,
			[]string{"#e9e3d6", "#dfe4dc", "#e6dcd8", "#dcdfe6"}[n], []string{"#9b7a54", "#5d7a64", "#a2594c", "#51618a"}[n], []string{"#7b5c3a", "#44604c", "#823f34", "#3a4870"}[n])
	})
	mux.HandleFunc("/favicon.ico", http.NotFound)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", web.CSP{Frames: []string{"'self'"}, Images: []string{"data:"}}.String())
		name := strings.TrimPrefix(r.URL.Path, "/")
		sample, ok := samples[name]
		if !ok {
			fmt.Fprint(w, "<!doctype html><title>Gallery</title><main id=main><ul>")
			for _, n := range names() {
				fmt.Fprintf(w, `<li><a href="/%[1]s">%[1]s</a>`, n)
			}
			return
		}
		var b bytes.Buffer
		if err := th.Render(&b, catalog.Printer(r.URL.Query().Get("lang"), time.UTC), sample.page, sample.view); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	})
	return mux
}
