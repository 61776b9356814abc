package sample_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/stoatest/browse"
	"github.com/stoashop/stoa/storefront/view"
	"github.com/stoashop/stoa/storefront/view/sample"
)

// photos are the demo's pictures that stand in for the samples'.
var photos = map[string]string{
	"kettle": "electric-kettle-1-7l-stainless-steel", "kettle-black": "electric-kettle-1-7l-black", "kettle-white": "electric-kettle-1-7l-white",
	"kettle-all": "electric-kettle-1-7l", "toaster": "2-slice-toaster-stainless-steel", "toaster-black": "2-slice-toaster-black",
	"espresso": "semi-automatic-espresso-machine-stainless-steel", "blender": "high-speed-blender-stainless-steel",
	"airfryer": "digital-air-fryer-4l-matte-black", "kettle-pro": "temperature-control-kettle-stainless-steel", "coffee": "drip-coffee-maker-black",
	"fan": "pedestal-fan-black", "purifier": "air-purifier-compact-white", "armchair": "kari-shea-398668", "cactus": "charles-deluvio-695736",
	"sofa": "paul-weaver-1120584", "lamp": "pierre-chatel-innocenti-483198", "camera": "eniko-kis-663725",
	"chairs": "jean-philippe-delberghe-1400011", "bonsai": "mark-tegethoff-667351", "bench": "abel-y-costa-716024",
}

// gallery serves every sample state under /see/<language>/<state>, the theme's
// assets and the photos. Other addresses answer as the shop would: with the
// fragment that the script asks for, else with a page.
type gallery struct {
	theme   *theme.Theme
	catalog *locale.Catalog
	files   map[string]demo.Image

	mu     sync.Mutex
	images map[string]image.Image
	made   map[string][]byte
	told   map[string]view.Image
}

func newGallery(t *testing.T) (*gallery, string) {
	t.Helper()
	d, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	g := &gallery{files: make(map[string]demo.Image), images: make(map[string]image.Image), made: make(map[string][]byte), told: make(map[string]view.Image)}
	for _, i := range d.Images {
		g.files[strings.TrimSuffix(i.File, filepath.Ext(i.File))] = i
	}
	g.theme, g.catalog = open(t)
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server.URL
}

func (g *gallery) maker(lang string) sample.Maker {
	return sample.Maker{P: g.catalog.Printer(lang, nil), Picture: g.picture}
}

// answers is what the script's requests are answered with.
var answers = map[string]string{
	"drawer": "drawer", "suggestions": "suggestions", "results facet-fields facet-apply": "category-filtered", "listing": "category-filtered",
	"bag": "bag", "product": "product-sold-out", "checkout": "checkout-errors",
}

func (g *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case parts[0] == "assets":
		g.theme.Assets().ServeHTTP(w, r)
	case parts[0] == "photos" && len(parts) == 3:
		g.photo(w, r, parts[1], parts[2])
	case parts[0] == "see" && len(parts) == 3:
		g.write(w, parts[1], parts[2])
	case answers[r.Header.Get("X-Swap")] != "":
		g.write(w, "en", answers[r.Header.Get("X-Swap")])
	default:
		g.write(w, "en", "error-404")
	}
}

func (g *gallery) write(w http.ResponseWriter, lang, state string) {
	m := g.maker(lang)
	var b bytes.Buffer
	var err error
	found := false
	for _, s := range m.States() {
		if s.Name == state {
			found = true
			if s.Fragment != "" {
				err = g.theme.Fragment(&b, m.P, s.Fragment, s.Data)
			} else {
				err = g.theme.Render(&b, m.P, s.Page, s.Data)
				w.Header().Set("Content-Security-Policy", web.CSP{}.String())
			}
		}
	}
	for _, l := range m.Letters() {
		if "mail-"+l.Name == state {
			found = true
			var mail theme.Mail
			mail, err = g.theme.Mail(m.P, l.Mail, l.Data)
			b.WriteString(mail.HTML)
		}
	}
	if err != nil || !found {
		http.Error(w, fmt.Sprintf("%s: %v", state, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// picture describes a photo in the sizes this server makes.
func (g *gallery) picture(name string) view.Image {
	g.mu.Lock()
	defer g.mu.Unlock()
	if told, ok := g.told[name]; ok {
		return told
	}
	b := g.load(name).Bounds()
	at := func(width int) string { return fmt.Sprintf("/photos/%d/%s.jpg", width, name) }
	g.told[name] = view.Image{
		Src: at(800), Srcset: at(400) + " 400w, " + at(800) + " 800w", Large: at(800),
		Width: 800, Height: 800 * b.Dy() / b.Dx(), Colour: "ph-766",
	}
	return g.told[name]
}

func (g *gallery) load(name string) image.Image {
	if img := g.images[name]; img != nil {
		return img
	}
	plain := image.NewRGBA(image.Rect(0, 0, 800, 800))
	draw.Draw(plain, plain.Bounds(), image.NewUniform(color.RGBA{222, 214, 203, 255}), image.Point{}, draw.Src)
	var img image.Image = plain
	if file, ok := g.files[photos[name]]; ok {
		if raw, err := demo.Master(file); err == nil {
			if decoded, _, err := image.Decode(bytes.NewReader(raw)); err == nil {
				img = decoded
			}
		}
	}
	g.images[name] = img
	return img
}

func (g *gallery) photo(w http.ResponseWriter, r *http.Request, size, file string) {
	width, err := strconv.Atoi(size)
	if err != nil || width < 1 || width > 1600 {
		http.NotFound(w, r)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	raw := g.made[r.URL.Path]
	if raw == nil {
		img := g.load(strings.TrimSuffix(file, ".jpg"))
		b := img.Bounds()
		small := image.NewRGBA(image.Rect(0, 0, width, width*b.Dy()/b.Dx()))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, small, nil); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		raw = buf.Bytes()
		g.made[r.URL.Path] = raw
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Write(raw)
}

// pages lists the states that are whole pages.
func (g *gallery) pages() []string {
	var names []string
	for _, s := range g.maker("en").States() {
		if s.Page != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// Every state of every page, on a phone by day and on a desk by night: nothing
// breaks the policy or the script, nothing is wider than the screen, and
// everybody can use it.
func TestPages_holdUpInABrowser(t *testing.T) {
	g, url := newGallery(t)
	tab := browse.New(t)
	told := make(map[string]bool)
	for _, look := range []struct {
		width  int64
		scheme string
	}{{390, "light"}, {1440, "dark"}} {
		tab.Size(look.width, 900, look.width < 600)
		tab.Scheme(look.scheme)
		for _, name := range g.pages() {
			tab.Go(url + "/see/en/" + name)
			browse.Eval[bool](tab, `document.querySelectorAll("details:not(.menu__drop):not(.sort)").forEach(d => d.open = true), true`)
			for _, p := range append(tab.Problems(), tab.Axe()...) {
				if !told[p] { // what every page has is told once
					t.Errorf("%s at %d, %s: %s", name, look.width, look.scheme, p)
				}
				told[p] = true
			}
			if over := browse.Eval[int](tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
				t.Errorf("%s is %d pixels wider than a screen of %d", name, over, look.width)
			}
		}
	}
}

// Nothing scrolls sideways on the narrowest screen, which is also a desk's at
// 400% zoom, in the language with the longer words.
func TestPages_fitTheNarrowestScreen(t *testing.T) {
	g, url := newGallery(t)
	tab := browse.New(t)
	tab.Size(320, 640, true)
	for _, name := range g.pages() {
		tab.Go(url + "/see/de/" + name)
		if wide := browse.Eval[int](tab, `document.documentElement.scrollWidth`); wide > 320 {
			t.Errorf("%s is %d pixels wide", name, wide)
		}
	}
}

func TestScript_swapsWhatTheServerAnswers(t *testing.T) {
	_, url := newGallery(t)
	tab := browse.New(t)
	tab.Size(1440, 900, false)
	tab.Scheme("light")
	open := func(name string) { tab.Go(url + "/see/en/" + name) }
	is := func(what, expression string) {
		t.Helper()
		tab.Wait(expression)
		for _, p := range tab.Problems() {
			t.Errorf("%s: %s", what, p)
		}
	}

	open("product")
	browse.Eval[bool](tab, `document.querySelector("#buy .button--main").click(), true`)
	is("the drawer opens with what was added", `document.getElementById("drawer-panel").open && document.querySelector("#drawer .drawer__added")`)
	is("the badge counts it", `[...document.querySelectorAll("[data-bag-count]")].every(b => b.textContent === "3" && !b.hidden)`)
	is("it is announced", `document.getElementById("announce").textContent.includes("is in your bag")`)
	tab.Press("\x1b")
	is("Escape closes the drawer", `!document.getElementById("drawer-panel").open`)

	open("product")
	browse.Eval[bool](tab, `document.querySelector(".choice.is-out").click(), true`)
	is("a choice redraws the product in place", `document.querySelector("#buy button[disabled]") && location.search.includes("colour=White")`)

	open("home")
	browse.Eval[bool](tab, `document.querySelector("[data-open=search-panel]").click(), true`)
	is("search opens over the page, ready to type", `document.getElementById("search-panel").open && document.activeElement.id === "overlay-q"`)
	tab.Press("ket")
	is("suggestions appear", `document.querySelectorAll("#suggestions .hit").length === 6`)

	open("category")
	browse.Eval[bool](tab, `(c => (c.focus(), c.click(), true))(document.getElementById("f-colour-black"))`)
	is("a filter redraws the results and the address", `document.querySelectorAll("#results .card").length === 2 && location.search.includes("colour=black")`)
	is("the focus stays where it was", `document.activeElement.id === "f-colour-black"`)

	open("bag")
	browse.Eval[bool](tab, `document.querySelector(".bag [data-step='1']").click(), true`)
	is("a step changes the bag in place", `document.getElementById("bag").getAttribute("aria-busy") !== "true"`)

	open("checkout")
	browse.Eval[bool](tab, `(() => { const c = document.getElementById("field-shipping.country"); c.value = "FR"; c.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`)
	is("another country redraws the form and leads to what is wrong", `document.getElementById("problems") && document.activeElement.id === "problems"`)

	tab.Size(390, 844, true)
	open("product")
	browse.Eval[bool](tab, `scrollTo(0, 1600), true`)
	is("the bar to buy follows on a phone", `document.querySelector(".buybar.is-shown")`)
}

// Without the script, everything that opens is a page, a disclosure or a
// popover of the browser's own.
func TestPages_workWithoutTheScript(t *testing.T) {
	_, url := newGallery(t)
	tab := browse.New(t)
	tab.Script(false)
	tab.Size(390, 844, true)
	tab.Go(url + "/see/en/category")
	browse.Eval[bool](tab, `document.querySelector(".results__filter").click(), true`)
	tab.Wait(`document.getElementById("filters").matches(":popover-open")`)
	tab.Wait(`getComputedStyle(document.querySelector("#facet-apply .button--main")).display !== "none"`)
	tab.Go(url + "/see/en/checkout")
	tab.Wait(`getComputedStyle(document.querySelector("button[formaction]").parentElement).display !== "none"`)
	tab.Go(url + "/see/en/bag")
	tab.Wait(`getComputedStyle(document.querySelector(".line__tools .without-script")).display !== "none"`)
	tab.Wait(`getComputedStyle(document.querySelector(".quantity__step")).display === "none"`)
	for _, p := range tab.Problems() {
		t.Error(p)
	}
}
