package screen_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/stoatest/browse"
)

// atDesk shows the gallery in a browser.
func atDesk(t *testing.T) (*browse.Tab, string) {
	t.Helper()
	server := httptest.NewServer(galleryHandler(t))
	t.Cleanup(server.Close)
	return browse.New(t), server.URL + "/"
}

// TestScreens_inTheBrowser opens every screen on a phone, a tablet and a desk,
// light and dark: nothing breaks the content policy, nothing is wider than the
// window, and axe finds nothing against WCAG 2.2 AA.
func TestScreens_inTheBrowser(t *testing.T) {
	b, url := atDesk(t)
	for _, name := range names() {
		loaded := false
		for _, size := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"phone", 360, 800, "light"}, {"phone", 360, 800, "dark"}, {"tablet", 820, 1180, "light"}, {"desk", 1440, 900, "light"}, {"desk", 1440, 900, "dark"}} {
			b.Size(size.width, size.height, size.name == "phone")
			b.Scheme(size.scheme)
			if !loaded || size.name == "tablet" { // the others are this page, changed in place
				b.Go(url + name)
				loaded = true
			}
			where := name + " on a " + size.name + ", " + size.scheme
			for _, p := range b.Problems() {
				if !strings.Contains(p, "beforeunload") { // unsaved on purpose
					t.Errorf("%s: %s", where, p)
				}
			}
			if w := browse.Eval[int64](b, "document.documentElement.scrollWidth"); w > size.width {
				t.Errorf("%s is %d pixels wide", where, w)
			}
			if size.name == "tablet" || (size.name == "phone") == (size.scheme == "light") {
				continue // what axe looks at shows on a dark phone and a light desk
			}
			for _, v := range b.Axe() {
				t.Errorf("%s: %s", where, v)
			}
		}
	}
}

func TestScript_commandBar(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "orders")
	b.Press("k", "ctrl")
	b.Wait(`document.querySelector("#command").open`)
	b.Press("sto")
	b.Wait(`[...document.querySelectorAll("#command-go .command__item")].filter(e => !e.hidden).length === 3`) // Stock, Customers, Open the storefront
	if at := browse.Eval[string](b, `document.querySelector("#command .is-at .command__what").textContent`); at != "Stock" {
		t.Errorf("the first hit is %q", at)
	}
	b.Press("\r")
	b.Wait(`location.pathname === "/admin/stock"`)
	b.Go(url + "orders")
	b.Press("g")
	b.Press("p")
	b.Wait(`location.pathname === "/admin/products"`)
	b.Problems() // the gallery has no such pages
}

func TestScript_rowsByKeyboard(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "orders")
	b.Press("j")
	b.Press("j")
	b.Press("x")
	if got := browse.Eval[[]string](b, `[...document.querySelectorAll(".pick:checked")].map(e => e.value)`); !slices.Equal(got, []string{"#1041"}) {
		t.Errorf("picked %v", got)
	}
	if shown := browse.Eval[string](b, `getComputedStyle(document.querySelector(".bulk")).display`); shown != "flex" {
		t.Errorf("the bulk bar is %s", shown)
	}
	b.Press("\r")
	b.Wait(`location.pathname === "/order"`)
}

// TestScript_singleKeysCanBeSwitchedOff is WCAG 2.1.4: who switched them off
// types letters and signs to no effect; keys that are no character still work.
func TestScript_singleKeysCanBeSwitchedOff(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "orders")
	browse.Eval[string](b, `document.body.dataset.singleKeys = "off"`)
	for _, key := range []string{"j", "k", "x", "/", "?", "u", "c", "g", "p"} {
		b.Press(key)
	}
	got := browse.Eval[[]string](b, `[...document.querySelectorAll("tr.is-at, .pick:checked, dialog[open], [data-search]:focus")].map(e => e.outerHTML)`)
	if path := browse.Eval[string](b, `location.pathname`); len(got) != 0 || path != "/orders" {
		t.Errorf("at %s, %v", path, got)
	}
	b.Press("k", "ctrl")
	b.Wait(`document.querySelector("#command").open`)
}

func TestScript_unsavedWorkIsGuardedAndKept(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "category")
	bar := `getComputedStyle(document.querySelector("[data-savebar]")).visibility`
	if got := browse.Eval[string](b, bar); got != "hidden" {
		t.Errorf("nothing changed and the save bar is %s", got)
	}
	browse.Eval[bool](b, `(() => { const i = document.querySelector("[name='name.en']"); i.value = "Plaids"; i.dispatchEvent(new Event("input", {bubbles: true})); return true })()`)
	b.Wait(bar + ` === "visible"`)
	browse.Eval[bool](b, `(document.querySelector(".nav a[href='/admin/orders']").click(), true)`)
	b.Wait(`document.querySelector("#leave").open`)
	if path := browse.Eval[string](b, `location.pathname`); path != "/category" {
		t.Errorf("left for %s without asking", path)
	}
	browse.Eval[bool](b, `(document.querySelector("#leave [data-close]").click(), true)`)

	// The tab is thrown away and opened again: the work is still there.
	b.Go(url + "category?again")
	if got := browse.Eval[string](b, `document.querySelector("[name='name.en']").value`); got != "Plaids" {
		t.Errorf("after a crash the name is %q", got)
	}
	browse.Eval[bool](b, `(document.querySelector("[name='name.en']").value = "Throws", document.querySelector("[name='name.en']").dispatchEvent(new Event("input", {bubbles: true})), true)`)
	b.Wait(bar + ` === "hidden"`)
}

func TestScript_filtersReplaceTheListOnly(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "orders")
	browse.Eval[bool](b, `(window.stays = true, document.querySelector("[data-search]").focus(), true)`)
	b.Press("lind")
	b.Wait(`location.search.includes("q=lind")`)
	if !browse.Eval[bool](b, `window.stays === true && document.activeElement.matches("[data-search]") && document.querySelectorAll("#orders tbody tr").length === 25`) {
		t.Error("the page was loaded anew, or the caret left the search box")
	}
	for _, p := range b.Problems() {
		t.Error(p)
	}
}

func TestScript_filesAreDroppedAndNamed(t *testing.T) {
	b, url := atDesk(t)
	b.Size(1440, 900, false)
	b.Go(url + "product")
	browse.Eval[bool](b, `(() => { const d = new DataTransfer(); d.items.add(new File(["x"], "kettle.jpg", {type: "image/jpeg"})); document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", {dataTransfer: d, bubbles: true, cancelable: true})); return true })()`)
	if got := browse.Eval[string](b, `document.querySelector("[data-files]").textContent + " " + document.querySelector("#upload").files.length`); got != "kettle.jpg 1" {
		t.Errorf("dropped: %q", got)
	}
	b.Wait(`document.querySelector("#product").classList.contains("is-changed")`)
}

// Expressions in attributes would be code from data: they must not run.
func TestScript_attributesAreNeverEvaluated(t *testing.T) {
	b, url := atDesk(t)
	b.Go(url + "orders")
	browse.Eval[bool](b, `(() => { document.querySelector("#main").insertAdjacentHTML("beforeend", '<button id="x" hx-get="/orders" hx-vals="js:{a: (window.ran = true)}" hx-on:click="window.ran = true">x</button>'); htmx.process(document.querySelector("#main")); document.querySelector("#x").click(); return true })()`)
	browse.Eval[bool](b, `new Promise(r => setTimeout(() => r(true), 200))`)
	if browse.Eval[bool](b, `window.ran === true`) {
		t.Error("an attribute was run as code")
	}
	b.Problems()
}
