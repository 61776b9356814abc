package screen_test

import (
	"image/color"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestOffice_pictureOfCategoryAndCollection takes a picture in, says what it
// shows, chooses it elsewhere, and takes it away again.
func TestOffice_pictureOfCategoryAndCollection(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b, guest := h.owner(), h.browser()
		product, _ := h.product(b, "Stool", "ST-1", "59", "20")
		picture := func(path, alt string) string {
			t.Helper()
			guest.get(path).ok()
			n := guest.find(func(n *html.Node) bool { return n.Data == "img" && attr(n, "alt") == alt })
			if n == nil {
				return ""
			}
			return attr(n, "src")
		}
		// form is what the page's form sends as it stands.
		form := func(action string) map[string][]string {
			t.Helper()
			return b.fields(b.find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == action }))
		}
		const categories, collections = "/admin/categories", "/admin/collections"

		b.get(categories+"/new").ok("Picture", "No picture")
		values := form(categories)
		values["name.en"], values["name.de"] = []string{"Seats"}, []string{"Sitze"}
		b.send(categories, values, map[string][]byte{"upload=seats.png": []byte("no picture at all")}).shows(http.StatusUnprocessableEntity)
		if b.value("name.en") != "Seats" || len(b.faults()) < 2 {
			t.Errorf("typed %q, faults %q", b.value("name.en"), b.faults())
		}
		values = form(categories)
		b.send(categories, values, map[string][]byte{"upload=seats.png": picturePNG(color.RGBA{40, 90, 160, 255})}).ok("Saved.", "seats.png")
		category := strings.Split(b.at, "?")[0]
		chosen := b.find(func(n *html.Node) bool { return attr(n, "name") == "media" && has(n, "checked") })
		id := attr(chosen, "value")
		if !strings.HasPrefix(id, "med_") {
			t.Fatalf("%q is chosen", id)
		}
		b.submit(category, "alt."+id+".en", "Three stools", "alt."+id+".de", "Drei Hocker").ok("Saved.")
		b.get("/admin/products/"+product).submit("/admin/products/"+product, "+categories", strings.TrimPrefix(category, categories+"/")).ok("Saved.")
		shown := picture("/en/c/seats", "Three stools")
		if shown == "" || picture("/de/c/sitze", "Drei Hocker") != shown {
			t.Errorf("the category shows %q in English, %q in German", shown, picture("/de/c/sitze", "Drei Hocker"))
		}

		// The same picture, chosen among those that are there.
		b.get(collections+"/new").submit(collections, "name.en", "New this year", "kind", "manual", "media", id).ok("Saved.")
		collection := strings.Split(b.at, "?")[0]
		if got := picture("/en/collections/new-this-year", "Three stools"); got != shown {
			t.Errorf("the collection shows %q, want %q", got, shown)
		}
		b.submit(collection, "media", "med_none").shows(http.StatusUnprocessableEntity)
		b.get(category).submit(category, "media", "").ok("Saved.")
		if got := picture("/en/c/seats", "Three stools"); got != "" {
			t.Errorf("the category still shows %q", got)
		}
		if got := picture("/en/collections/new-this-year", "Three stools"); got != shown {
			t.Errorf("the collection lost its picture with the category: %q", got)
		}
	})
}
