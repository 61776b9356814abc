package screen_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/customer"
)

// TestAccount_ordersPageByPage leafs through a customer's orders to the end and
// back, in the storefront.
func TestAccount_ordersPageByPage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, variant := h.product(h.owner(), "Carafe", "CA-1", "30", "50")
		b := h.browser()
		b.get("/en/account/sign-up").submit("/en/account/sign-up", "name", "Ada Byron", "email", "ada@example.com", "password", "a difference engine").ok("Ada")
		found, err := h.shop.Customers.List(t.Context(), h.shop.DB, customer.Filter{Email: "ada@example.com"})
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		for range 21 {
			h.clock.Advance(time.Hour) // nobody tries to pay faster
			h.orderBy(cart.Owner{CustomerID: found[0].ID}, map[string]int64{variant: 1})
		}

		const list = "/en/account/orders"
		page := func(path string) (orders []string, previous, next string) {
			t.Helper()
			b.get(path).ok()
			b.find(func(n *html.Node) bool {
				if n.Data != "a" {
					return false
				}
				switch at := attr(n, "href"); {
				case attr(n, "rel") == "prev":
					previous = at
				case attr(n, "rel") == "next":
					next = at
				case strings.HasPrefix(at, list+"/"):
					orders = append(orders, strings.TrimPrefix(at, list+"/"))
				}
				return false
			})
			return slices.Compact(orders), previous, next
		}
		first, none, to := page(list)
		second, back, on := page(to)
		last, up, end := page(on)
		if len(first) != 10 || len(second) != 10 || len(last) != 1 || none != "" || end != "" {
			t.Fatalf("%v, %v, %v; before the first %q, after the last %q", first, second, last, none, end)
		}
		if all := slices.Concat(first, second, last); !slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(all)) != 21 {
			t.Errorf("in order %v", all)
		}
		again, toFirst, toLast := page(up)
		if !slices.Equal(again, second) || toFirst == "" || toLast != on {
			t.Errorf("back from the end %v, before it %q, after it %q; want %v, and %q after it", again, toFirst, toLast, second, on)
		}
		if start, previous, _ := page(back); !slices.Equal(start, first) || previous != "" || b.at != list {
			t.Errorf("back to the start at %s: %v, before it %q", b.at, start, previous)
		}
		b.get(list+"?after=nonsense.x").shows(http.StatusUnprocessableEntity, "please start again")
		if start, _, _ := page(list + "?after=0.ord_00000000000000000000000000"); !slices.Equal(start, first) || b.at != list {
			t.Errorf("after the end at %s: %v", b.at, start)
		}
	})
}
