package screen_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestOffice_pages writes the shop's own pages, and shows that the checkout
// asks for agreement to what can be read and to nothing else.
func TestOffice_pages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		_, spoon := h.product(b, "Spoon", "SP-1", "4.50", "9")
		terms := func() string {
			t.Helper()
			agreed, err := h.shop.Content.Terms(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return agreed
		}
		const at = "/admin/pages"
		b.get(at).ok("No pages yet", "Not in the shop yet", "Terms", "Right of withdrawal", "Privacy")
		before := h.order(map[string]int64{spoon: 1})
		if before.TermsVersion != "" || terms() != "" {
			t.Errorf("%q was agreed to, want nothing", before.TermsVersion)
		}

		b.get(at+"/new?code=terms").submit(at, "body.en", "You buy, **we** send.", "do", "preview").ok("Preview, English", "You buy, we send.")
		b.submit(at, "do", "").ok("Saved.", "Legal")
		self := strings.Split(b.at, "?")[0]
		if got := terms(); got != "terms 1" {
			t.Errorf("agreed to %q, want terms 1", got)
		}
		b.get("/en/pages/terms").ok("Terms", "You buy, we send.")
		b.get(self).submit(self, "title.en", "Our terms", "menu", "help").ok("Saved.")
		if o := h.order(map[string]int64{spoon: 1}); o.TermsVersion != "terms 2" {
			t.Errorf("agreed to %q, want terms 2", o.TermsVersion)
		}

		// Nonsense stays where it was typed; nothing is changed by it.
		n := h.changes()
		b.get(self).submit(self, "title.en", strings.Repeat("x", 251)).shows(http.StatusUnprocessableEntity)
		b.get(self).submit(self, "title.en", "").shows(http.StatusUnprocessableEntity)
		if got := b.faults(); len(got) != 2 || !strings.HasPrefix(got[1], "title-en-fault") {
			t.Errorf("faults %q", got)
		}
		b.get(self).submit(self, "slugs.en", "no spaces please").shows(http.StatusUnprocessableEntity)
		b.get(self).submit(self, "version", "1", "title.en", "Late").shows(http.StatusConflict)
		if b.value("title.en") != "Late" {
			t.Errorf("typed %q is gone", b.value("title.en"))
		}
		b.post(self, url.Values{"form_key": {"x"}, "menu": {"cellar"}}).shows(http.StatusUnprocessableEntity)
		if h.changes() != n {
			t.Error("a refusal changed something")
		}
		b.get(self).submit(self, "version", "1", "title.en", "Late").shows(http.StatusConflict)
		b.submit(self, "title.en", "Our terms").ok("Saved.") // whoever was told may save all the same

		// A deleted page leads on, or says that it is gone (rule B23).
		b.get(at+"/new").submit(at, "title.en", "Delivery", "body.en", "Two days.").ok("Saved.")
		other := strings.TrimPrefix(strings.Split(b.at, "?")[0], at+"/")
		b.get(self).submit(self+"/deletion", "to", other).ok("The page is deleted.")
		if b.get("/en/pages/terms"); !strings.HasPrefix(b.at, "/en/pages/delivery") {
			t.Errorf("the old address leads to %s", b.at)
		}
		b.get(at + "/" + other).submit(at + "/" + other + "/deletion").ok("The page is deleted.")
		b.get("/en/pages/delivery").shows(http.StatusGone, "No longer here")
		b.get("/en/pages/terms").shows(http.StatusGone)
		b.get(at + "/" + other).shows(http.StatusNotFound)
		if terms() != "" {
			t.Errorf("%q is still agreed to", terms())
		}
	})
}

// TestB23_aDeletedProductLeadsOnOrIsGone leaves the choice to whoever deletes.
func TestB23_aDeletedProductLeadsOnOrIsGone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		b.get("/admin/categories/new").submit("/admin/categories", "name.en", "Kitchen", "shown", "true").ok("Saved.")
		kitchen := strings.TrimPrefix(strings.Split(b.at, "?")[0], "/admin/categories/")
		for name, want := range map[string]string{"Ladle": "lead", "Whisk": "gone"} {
			product, _ := h.product(b, name, strings.ToUpper(name), "4.50", "9")
			self := "/admin/products/" + product
			b.get(self).submit(self, "category", kitchen).ok("Saved.")
			b.get(self).submit(self+"/deletion", "visitors", want).ok()
			b.get("/en/p/" + strings.ToLower(name))
			if want == "gone" {
				b.shows(http.StatusGone, "No longer here")
			} else if b.ok(); !strings.HasPrefix(b.at, "/en/c/kitchen") {
				t.Errorf("%s leads to %s", name, b.at)
			}
		}
		spoon, variant := h.product(b, "Spoon", "SP-1", "4.50", "9")
		order := "/admin/orders/" + h.order(map[string]int64{variant: 1}).PublicNumber()
		linked := func() bool {
			b.get(order).ok("Spoon")
			return b.find(func(n *html.Node) bool { return attr(n, "href") == "/admin/products/"+spoon }) != nil
		}
		if !linked() {
			t.Error("the order does not lead to its product")
		}
		b.get("/admin/products/" + spoon).submit("/admin/products/" + spoon + "/deletion").ok()
		b.get("/en/p/spoon").shows(http.StatusGone)
		if linked() {
			t.Error("the order leads to a product that is gone")
		}
		b.get("/en/p/never-was").shows(http.StatusNotFound)
	})
}

// TestOffice_homePage arranges the home page and the line above every page.
func TestOffice_homePage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		const at = "/admin/blocks"
		b.get(at).ok("Home page", "Announcement", "Nothing here yet")
		b.get(at+"/new?place=announcement").submit(at, "title.en", "Closed on Friday", "shown", "true").ok("Saved.", "Closed on Friday")
		b.get("/en/").ok("Closed on Friday")
		b.get(at+"/new").submit(at, "kind", "story", "title.en", "How we began", "body.en", "In **1998**.", "shown", "true").ok("Saved.")
		b.get(at+"/new").submit(at, "kind", "notice", "title.en", "Second", "shown", "true").ok("Saved.")
		b.get("/en/").ok("How we began", "In 1998.", "Second")
		first := strings.Index(text(b.doc), "How we began") < strings.Index(text(b.doc), "Second")
		if !first {
			t.Error("the parts are not in the order they were made in")
		}

		// Down, hidden, refused, deleted.
		blocks, err := h.shop.Content.Blocks(t.Context(), "home", true)
		if err != nil || len(blocks) != 2 {
			t.Fatalf("%d parts, %v", len(blocks), err)
		}
		story := at + "/" + blocks[0].ID
		b.get(at).submit(story+"/place", "index", "1").ok("Saved.")
		if b.get("/en/"); strings.Index(text(b.doc), "How we began") < strings.Index(text(b.doc), "Second") {
			t.Error("the part did not move down")
		}
		b.get(story).submit(story, "shown", "").ok("Saved.", "Draft")
		if b.get("/en/"); strings.Contains(text(b.doc), "How we began") {
			t.Error("a hidden part is shown")
		}
		n := h.changes()
		b.get(story).submit(story, "title.en", "").shows(http.StatusUnprocessableEntity)
		b.get(story).submit(story, "target", "elsewhere:1").shows(http.StatusUnprocessableEntity)
		b.get(story).submit(story, "version", "1", "title.en", "Late").shows(http.StatusConflict)
		b.get(story).submit(story, "media", "med_nothere").shows(http.StatusUnprocessableEntity)
		if h.changes() != n {
			t.Error("a refusal changed something")
		}
		b.get(story).submit(story + "/deletion").ok("It is deleted.")
		b.get(story).shows(http.StatusNotFound)
	})
}
