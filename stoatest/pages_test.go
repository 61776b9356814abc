package stoatest_test

import (
	"testing"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// storefrontPages are pages of the demo by a short name.
func storefrontPages() [][2]string {
	return [][2]string{
		{"home", "/en/"},
		{"home-de", "/de/"},
		{"category", "/en/c/kitchen"},
		{"product", "/en/p/toaster-for-two"},
		{"search", "/en/search?q=kettle"},
		{"search-nothing", "/en/search?q=zzzz"},
		{"bag-empty", "/en/bag"},
		{"sign-in", "/en/account/sign-in"},
		{"sign-up", "/en/account/sign-up"},
		{"forgotten", "/en/account/forgotten"},
		{"contact", "/en/contact"},
		{"content", "/en/pages/about-us"},
		{"not-found", "/en/nowhere"},
	}
}

// WCAG 2.2 AA on every page, on a phone and on a desktop, light and dark.
func TestPages_areAccessible(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	for _, d := range []stoatest.Device{stoatest.Phone(), {Width: 1440, Height: 900, Dark: true}} {
		b := s.Browser(t, d)
		for _, p := range storefrontPages() {
			b.Open(p[1])
			b.WantAccessible(t, p[0])
		}
		b.Open("/en/p/toaster-for-two")
		b.Send("#buy")
		b.SeeElement("dialog[open] #drawer .bag__lines")
		b.WantAccessible(t, "drawer")
		b.Open("/en/bag")
		b.WantAccessible(t, "bag")
		b.Open("/en/checkout")
		b.WantAccessible(t, "checkout")
		b.Submit("#checkout-form")
		b.Wait(`document.querySelector("[aria-invalid=true]")`)
		b.WantAccessible(t, "checkout with mistakes")
		b.Open("/admin/sign-in")
		b.WantAccessible(t, "admin sign-in")
	}
}

// TestScreenshots photographs the demo's home page when STOA_SCREENSHOTS names
// a folder, for people to look at. What else the storefront can show is drawn
// from samples in storefront/view/sample.
func TestScreenshots(t *testing.T) {
	if stoatest.ScreenshotFolder() == "" {
		t.Skip("STOA_SCREENSHOTS names no folder")
	}
	s := stoatest.New(t, db.SQLite)
	for name, d := range map[string]stoatest.Device{"390": stoatest.Phone(), "1440": stoatest.Desktop(), "1440-dark": {Width: 1440, Height: 900, Dark: true}} {
		b := s.Browser(t, d)
		b.Open("/en/")
		b.Picture("home-" + name)
	}
}
