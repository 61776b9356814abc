package sample_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stoashop/stoa/stoatest/browse"
)

// opened are states that a hand makes: a page, what is pressed on it, what
// must be true before the picture is taken, and the widths it is there at.
var opened = []struct {
	name, page, press, until string
	least, most              int64
}{
	{"menu-open", "home", `document.querySelector("[data-open=menu-panel]").click()`, `document.getElementById("menu-panel").open`, 0, 600},
	{"menu-open", "home", `document.querySelector(".menu__drop summary").click()`, `document.querySelector(".menu__drop[open]")`, 1200, 2000},
	{"filters-open", "category", `document.querySelector(".results__filter").click()`, `document.getElementById("filters").matches(":popover-open")`, 0, 600},
	{"suggestions-open", "home", `document.querySelector("[data-open=search-panel]").click(); document.getElementById("overlay-q").value = "ket"; document.getElementById("overlay-q").dispatchEvent(new Event("input", {bubbles: true}))`, `document.querySelector("#suggestions .hit")`, 0, 2000},
	{"drawer-open", "product", `document.querySelector("#buy .button--main").click()`, `document.getElementById("drawer-panel").open && document.querySelector("#drawer .drawer__added")`, 0, 2000},
	{"rows-open", "product", `document.querySelectorAll("details.row").forEach((d) => d.open = true); document.querySelector("details.row").scrollIntoView()`, `document.querySelector("details.row[open]")`, 0, 2000},
}

// TestScreenshots photographs every state at three sizes, light and dark, the
// German ones on a phone and a desk, into the folder STOA_SCREENSHOTS; STOA_SCREENSHOTS_ONLY is a regular expression of
// file names to draw. Without a folder there is nothing to do.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("STOA_SCREENSHOTS")
	if dir == "" {
		t.Skip("STOA_SCREENSHOTS names no folder")
	}
	only, err := regexp.Compile(os.Getenv("STOA_SCREENSHOTS_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "storefront")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	g, url := newGallery(t)
	tab := browse.New(t)
	// draw takes the six pictures of a state. It is loaded once; the other sizes
	// and schemes are the same page, changed in place.
	draw := func(name, lang string, least, most int64, load func()) {
		loaded := false
		for _, size := range [][2]int64{{390, 844}, {820, 1180}, {1440, 900}} {
			for _, scheme := range []string{"light", "dark"} {
				file := fmt.Sprintf("%s.%s.%d.%s.png", name, lang, size[0], scheme)
				if size[0] < least || size[0] > most || !only.MatchString(file) {
					continue
				}
				if lang == "de" && size[0] == 820 {
					continue // the words are what differs; a phone and a desk show where they are tight
				}
				tab.Scheme(scheme)
				tab.Size(size[0], size[1], size[0] < 600)
				if !loaded {
					load()
					loaded = true
				}
				height := browse.Eval[int64](tab, `(async () => {
					for (const i of document.images) i.loading = "eager";
					await Promise.all([...document.images].filter(i => i.getClientRects().length).map(i => i.decode().catch(() => {})));
					await document.fonts.ready;
					return document.documentElement.scrollHeight;
				})()`)
				if os.Getenv("STOA_SCREENSHOTS_WHOLE") != "" {
					tab.Size(size[0], height, size[0] < 600)
				}
				if err := os.WriteFile(filepath.Join(dir, file), tab.Picture(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	names := g.pages()
	for _, l := range g.maker("en").Letters() {
		names = append(names, "mail-"+l.Name)
	}
	for _, lang := range g.catalog.Languages() {
		at := url + "/see/" + lang + "/"
		for _, o := range opened {
			draw(o.name, lang, o.least, o.most, func() {
				tab.Go(at + o.page)
				tab.Run(o.press)
				tab.Wait(o.until)
			})
		}
		tab.Script(false)
		for _, name := range []string{"category", "product", "bag", "checkout"} {
			draw(name+"-without-script", lang, 0, 2000, func() { tab.Go(at + name) })
		}
		tab.Script(true)
		for _, name := range names {
			draw(name, lang, 0, 2000, func() { tab.Go(at + name) })
		}
	}
}
