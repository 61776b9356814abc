package screen_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestOffice_pictureOfCategoryAndCollection takes a picture in, says what it
// shows, chooses it elsewhere, and takes it away again. One that is too large is
// refused where it was chosen.
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
		h.tooLargePictures(b)
	})
}

// zeros is what a picture that is much too large is made of.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// tooLargePictures sends files that are larger than a form may be: the form
// comes back with what was typed, and says at the pictures how much is possible.
func (h *house) tooLargePictures(b *browser) {
	send := func(path string, values map[string][]string, size int64) *browser {
		h.t.Helper()
		var before, after bytes.Buffer
		w := multipart.NewWriter(&before)
		_, err := w.CreateFormFile("upload", "wall.png")
		end := before.Len()
		for name, list := range values {
			for _, v := range list {
				err = errors.Join(err, w.WriteField(name, v))
			}
		}
		if err = errors.Join(err, w.Close()); err != nil {
			h.t.Fatal(err)
		}
		after.Write(before.Bytes()[end:]) // the texts stand behind the file
		before.Truncate(end)
		length := int64(before.Len()+after.Len()) + size
		req, _ := http.NewRequest(http.MethodPost, h.url+path, io.MultiReader(&before, io.LimitReader(zeros{}, size), &after))
		req.ContentLength = length
		req.Header.Set("Content-Type", w.FormDataContentType())
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Accept", "text/html")
		return b.read(b.client.Do(req))
	}
	before := h.changes()
	for path, most := range map[string]int64{"/admin/products": 64, "/admin/categories": 32} {
		b.get(path + "/new")
		values := b.fields(b.find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == path }))
		values.Set("name.en", "Wallpaper")
		want := fmt.Sprintf("Together, files may have at most %d MB. Choose fewer or smaller ones.", most)
		send(path, values, most<<20).shows(http.StatusRequestEntityTooLarge, want, "Mira Lindqvist")
		if b.value("name.en") != "Wallpaper" || !slices.Contains(b.faults(), "upload-fault: "+want) {
			h.t.Errorf("%s: typed %q, faults %q", path, b.value("name.en"), b.faults())
		}
	}
	// Where not even the texts can be kept, it is said in the office.
	many := url.Values{}
	for i := range 9 {
		many.Set("text"+strconv.Itoa(i), strings.Repeat("9", 128<<10))
	}
	b.post("/admin/profile", many).shows(http.StatusRequestEntityTooLarge, "This is larger than the 1 MB allowed here.", "Mira Lindqvist", "Products")
	b.get("/admin/profile").submit("/admin/profile", "name", strings.Repeat("M", 2<<20)).shows(http.StatusRequestEntityTooLarge, "Please shorten this to 100 characters.")
	if n := h.changes(); n != before {
		h.t.Errorf("%d changes were written", n-before)
	}
}
