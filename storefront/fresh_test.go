package storefront_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// card is what a listing says of the product with an address.
func (a answer) card(t *testing.T, address string) string {
	t.Helper()
	for _, part := range strings.Split(a.text, "<article ")[1:] {
		part, _, _ = strings.Cut(part, "</article>")
		if strings.Contains(part, `href="`+address+`"`) {
			return html.UnescapeString(answer{text: "<article " + part}.words())
		}
	}
	t.Fatalf("%s lists nothing at %s", a.Request.URL.Path, address)
	return ""
}

// Cards and the frame are drawn once and kept. Whatever changes of them is on
// the very next page, in every language, on the listing as on the product's
// own page.
func TestPages_showAChangeOnTheVeryNextPage(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		ctx := context.Background()
		staff := audit.System("test")
		v := enter(t, s)
		change := func(fn func(ctx context.Context, tx *db.Tx) error) {
			t.Helper()
			if err := s.DB.InTx(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		product := func() catalog.Product {
			t.Helper()
			list := s.Market.Current(ctx).Default().PriceListID
			found, err := s.Catalog.ProductPage(ctx, "en", list, "toaster-for-two")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Catalog.Get(ctx, s.DB, found.Page.ID)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		german := strings.TrimPrefix(v.get("/de"+strings.TrimPrefix(toaster, "/en")).Header.Get("Location"), s.URL)
		shows := func(what, english, deutsch string) {
			t.Helper()
			for _, look := range []struct{ listing, own, word string }{{"/en/c/kitchen", toaster, english}, {"/de/c/kueche", german, deutsch}} {
				if card := v.get(look.listing).card(t, look.own); !strings.Contains(card, look.word) {
					t.Errorf("%s: the card says %q, want %q", what, card, look.word)
				}
				if page := v.get(look.own); !strings.Contains(html.UnescapeString(page.words()), look.word) {
					t.Errorf("%s: %s does not say %q", what, look.own, look.word)
				}
			}
		}
		shows("at first", "Toaster for two", "Toaster")
		shows("at first", "€38.00", "38,00\u00a0€")

		p := product()
		change(func(ctx context.Context, tx *db.Tx) error {
			var prices []catalog.VariantPrice
			for _, variant := range p.Variants {
				prices = append(prices, catalog.VariantPrice{VariantID: variant.ID, ListID: variant.Prices[0].ListID, Amount: 4100, CompareAt: 8200})
			}
			return s.Catalog.SetPrices(ctx, tx, staff, prices)
		})
		shows("another price", "€41.00", "41,00\u00a0€")
		shows("a price that fell", "€82.00", "82,00\u00a0€")

		p = product()
		p.Name = locale.Text{"en": "Bread warmer", "de": "Brotwärmer"}
		if _, err := s.Catalog.SaveNow(ctx, staff, p); err != nil {
			t.Fatal(err)
		}
		shows("another name", "Bread warmer", "Brotwärmer")

		adjust := func(delta func(inventory.Level) int64) {
			t.Helper()
			change(func(ctx context.Context, tx *db.Tx) error {
				var variants []string
				for _, variant := range p.Variants {
					variants = append(variants, variant.ID)
				}
				levels, err := s.Stock.Levels(ctx, tx, variants)
				if err != nil {
					return err
				}
				var changes []inventory.Change
				for _, l := range levels {
					if d := delta(l); d != 0 {
						changes = append(changes, inventory.Change{VariantID: l.VariantID, LocationID: l.LocationID, Delta: d})
					}
				}
				return s.Stock.Adjust(ctx, tx, staff, inventory.Adjustment, changes)
			})
		}
		adjust(func(l inventory.Level) int64 { return -l.OnHand })
		shows("sold out", "Sold out", "Ausverkauft")
		adjust(func(inventory.Level) int64 { return 9 })
		if card := v.get("/en/c/kitchen").card(t, toaster); strings.Contains(card, "Sold out") {
			t.Errorf("back in stock: the card still says %q", card)
		}

		everywhere := func(what, path, word string) {
			t.Helper()
			for _, at := range []string{path, toaster} {
				v.get(at).want(t, http.StatusOK)
				if at == toaster && strings.HasPrefix(path, "/de") {
					at = german
				}
				if page := v.get(at); !strings.Contains(html.UnescapeString(page.words()), word) {
					t.Errorf("%s: %s does not say %q", what, at, word)
				}
			}
		}
		tree, err := s.Catalog.Tree(ctx)
		if err != nil {
			t.Fatal(err)
		}
		top := tree.Shown()[0].Category
		top.Name = locale.Text{"en": "Hearth and board", "de": "Herd und Tisch"}
		change(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Catalog.SaveCategory(ctx, tx, staff, top)
			return err
		})
		everywhere("a category's name", "/en/pages/delivery", "Hearth and board")
		everywhere("a category's name in German", "/de/contact", "Herd und Tisch")

		article, err := s.Content.ByCode(ctx, "returns")
		if err != nil {
			t.Fatal(err)
		}
		article.Title = locale.Text{"en": "Changing your mind", "de": "Doch nicht?"}
		change(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Content.SavePage(ctx, tx, staff, article)
			return err
		})
		everywhere("a page's title", "/en/", "Changing your mind")

		shop := s.Market.Current(ctx).Shop
		shop.Name, shop.Phone = "Alltag & Sons", "+49 30 9018 2000"
		change(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Market.SaveShop(ctx, tx, staff, shop)
			return err
		})
		everywhere("the shop's name", "/en/c/kitchen", "Alltag & Sons")
		everywhere("the shop's telephone", "/en/c/kitchen", "+49 30 9018 2000")
	})
}
