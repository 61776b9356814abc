package storefront_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// A shopper's whole way costs at most 60 statements: the product's page, into
// the bag, the bag, the checkout's page with address, delivery and payment, the
// order, and its page. The uncached product page alone costs at most six.
func TestCheckout_costsFewStatements(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		enter(t, s).buy() // fills what is kept in memory, once for all shoppers

		var count atomic.Int64 // of the requests alone: workers go on beside them
		handler, err := s.Handler(nil)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(handler)
		server.Config.BaseContext = func(net.Listener) context.Context { return db.Counting(context.Background(), &count) }
		server.Start()
		defer server.Close()
		v := enter(t, s)
		v.client.Transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}}
		var steps []string
		sum := int64(0)
		step := func(what string, most int64, do func() answer, status int) answer {
			t.Helper()
			before := count.Load()
			a := do()
			n := count.Load() - before
			if a.want(t, status); n > most {
				t.Errorf("%s: %d statements, at most %d are allowed", what, n, most)
			}
			steps, sum = append(steps, what), sum+n
			t.Logf("%-18s %3d", what, n)
			return a
		}
		page := step("product", 6, func() answer { return v.get(toaster) }, http.StatusOK)
		form := map[string][]string{"variant": {page.field(t, "variant")}, "quantity": {"2"}}
		step("into the bag", 60, func() answer { return v.post("/en/bag/lines", form) }, http.StatusSeeOther)
		step("bag", 60, func() answer { return v.get("/en/bag") }, http.StatusOK)
		var filled map[string][]string
		before := count.Load()
		filled = v.filled("manual.cash_on_delivery")
		n := count.Load() - before
		t.Logf("%-18s %3d", "checkout", n)
		sum += n
		placed := step("order", 60, func() answer { return v.post("/en/checkout", filled) }, http.StatusSeeOther)
		to := placed.Header.Get("Location")
		if !strings.Contains(to, "/en/orders/") {
			t.Fatalf("placing leads to %q", to)
		}
		step("order's page", 60, func() answer { return v.get(to) }, http.StatusOK)
		t.Logf("%-18s %3d", "all", sum)
		if sum > 60 {
			t.Errorf("%d statements for the whole way, at most 60 are allowed", sum)
		}
	})
}
