package stoatest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// TestOffice_isAccessible opens every screen of the office on a shop at work,
// on a dark phone and a light desk: axe finds nothing against WCAG 2.2 AA,
// nothing is wider than the window, and the browser has no complaint.
func TestOffice_isAccessible(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	b := s.Browser(t, stoatest.Device{Width: 360, Height: 800, Dark: true})
	signInOwner(t, s, b)
	atWork(t, s, b)
	var pages []string
	look := func(page, where string, width int64) {
		b.Open(page)
		b.Picture("office" + strings.NewReplacer("/", "-", "?", "-", "=", "-", " ", "-").Replace(where+ids.ReplaceAllString(page, "/one")))
		b.WantAccessible(t, page+where)
		if w := stoatest.Value[int64](b, "document.documentElement.scrollWidth"); w > width {
			t.Errorf("%s%s is %d pixels wide", page, where, w)
		}
		for _, p := range b.Problems() {
			t.Errorf("%s%s: %s", page, where, p)
		}
	}
	crawl(b, func(page string) {
		pages = append(pages, page)
		look(page, " on a dark phone", 360)
	})
	if len(pages) < 50 {
		t.Errorf("only %d screens were found: %q", len(pages), pages)
	}
	b.Size(1440, 900, false)
	b.Scheme("light")
	for _, page := range pages {
		look(page, " on a light desk", 1440)
	}
}

// TestScreenshots_office photographs every screen of the office on a shop at
// work, whole, at three sizes, light and dark, when STOA_SCREENSHOTS names a
// folder.
func TestScreenshots_office(t *testing.T) {
	if stoatest.ScreenshotFolder() == "" {
		t.Skip("STOA_SCREENSHOTS names no folder")
	}
	s := stoatest.New(t, db.SQLite)
	b := s.Browser(t, stoatest.Device{Width: 360, Height: 800})
	signInOwner(t, s, b)
	atWork(t, s, b)
	crawl(b, func(page string) {
		b.Open(page)
		for _, size := range [][2]int64{{360, 800}, {820, 1180}, {1440, 900}} {
			for _, scheme := range []string{"light", "dark"} {
				b.Size(size[0], size[1], size[0] < 600)
				b.Scheme(scheme)
				name := strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(ids.ReplaceAllString(page, "/one"))
				b.Picture(fmt.Sprintf("office%s.%d.%s", name, size[0], scheme))
			}
		}
	})
}

// ids are what differs between two addresses of one screen.
var ids = regexp.MustCompile(`\b[a-z]+_[0-9a-z]{26}|/orders/\d+|/payments/[a-z_.]+`)

// crawl follows every link of the office, to one address of each screen.
func crawl(b *stoatest.Browser, look func(page string)) {
	seen := map[string]bool{"/admin": true}
	pages := []string{"/admin"}
	for i := 0; i < len(pages); i++ {
		look(pages[i])
		for _, href := range stoatest.Value[[]string](b, `[...document.querySelectorAll("a[href^='/admin']")].map(a => a.getAttribute("href"))`) {
			href, _, _ = strings.Cut(href, "#")
			path, _, _ := strings.Cut(href, "?")
			screen := ids.ReplaceAllString(path, "*")
			if !seen[screen] && !strings.HasSuffix(path, "/body") {
				seen[screen] = true
				pages = append(pages, href)
			}
		}
	}
}

// atWork gives every screen something to show: an order with a letter, a
// customer, a message, an import, a collection and fields of the merchant's.
func atWork(t *testing.T, s *stoatest.Shop, b *stoatest.Browser) {
	t.Helper()
	ctx := t.Context()
	for _, owner := range []string{"product", "variant", "category", "collection", "customer", "order"} {
		b.Open("/admin/settings/fields/new?owner=" + owner)
		b.Fill(`[name="name.en"]`, "Remark")
		b.Fill(`[name=code]`, "remark_"+owner)
		b.Submit(`[name=code]`)
		b.See("Saved.")
	}
	b.Open("/admin/collections/new")
	b.Fill(`[name="name.en"]`, "Breakfast")
	b.Fill("[name=kind][value=manual]", "")
	b.Submit(`[name="name.en"]`)
	b.See("Saved.")

	if _, err := s.Customers.SignUp(ctx, customer.Newcomer{Name: "Ada Byron", Email: "ada@example.com", Password: "a difference engine", Locale: "en"}, customer.Visit{}); err != nil {
		t.Fatal(err)
	}
	b.Script(false)
	b.Open("/en/p/toaster-for-two")
	b.Submit("#buy")
	b.Open("/en/checkout")
	fillAddress(b, "ada@example.com")
	b.Fill(`[name=terms]`, "")
	b.Fill(`[name=payment_method][value="manual.cash_on_delivery"]`, "")
	b.Submit("#checkout-form")
	b.Wait(`location.pathname.includes("/orders/")`)
	b.Script(true)
	if err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Content.Send(ctx, tx, content.Message{Name: "Ada", Email: "ada@example.com", Text: "Does the kettle whistle?", Lang: "en"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	goods, err := os.ReadFile(filepath.Join("..", "ops", "transfer", "testdata", "woocommerce_products.csv"))
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/admin/imports/new")
	b.Choose("[name=file]", "goods.csv", "text/csv", goods)
	b.Fill("[name=platform][value=woocommerce]", "")
	b.Run(`document.querySelector("[name=pictures]").checked = false`) // they lie on the network
	b.Submit("[name=file]")
	b.See("Tried")
	wantLetter(t, s, "ada@example.com", "1001")
}
