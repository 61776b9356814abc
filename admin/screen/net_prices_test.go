package screen_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// says is what a page says, in one line.
func (b *browser) says(path string) string {
	b.h.t.Helper()
	return strings.Join(strings.Fields(text(b.get(path).ok().doc)), " ")
}

// wantRows looks for texts that follow each other.
func wantRows(t *testing.T, where, page string, rows ...string) {
	t.Helper()
	at := 0
	for _, row := range rows {
		i := strings.Index(page[at:], row)
		if i < 0 {
			t.Errorf("%s does not say %q after %q: %s", where, row, page[:at], page[at:])
			return
		}
		at += i + len(row)
	}
}

// In a shop of New Mexico prices are without tax, and its tax is a "gross
// receipts tax": every page and letter lists net amounts, adds the tax by its
// name as a row of its own, and ends with what there is to pay.
func TestNetPrices_everywhere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, err := h.shop.Staff.SetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		office := h.browser()
		office.get("/admin/setup/"+token).submit("/admin/setup/"+token, "name", "Mira Lindqvist", "email", "mira@example.com", "password", secret).ok()
		office.get("/admin/settings").submit("/admin/settings/opening", "name", "Mesa", "country", "US", "region", "New Mexico", "currency", "USD", "zone", "America/Denver",
			"-tax_included", "", "shipping_price", "7.00", "free_from", "").ok("Your shop is set up.")
		h.product(office, "Kettle", "KET-1", "30.00", "9")

		ada := h.browser()
		if page := ada.says("/en/p/kettle"); !strings.Contains(page, "$30.00 plus Gross receipts tax") {
			t.Errorf("the product page says %s", page)
		}
		ada.get("/en/account/sign-up").submit("/en/account/sign-up", "name", "Ada Byron", "email", "ada@example.com", "password", "a difference engine").ok("Ada")
		ada.get("/en/p/kettle").submit("/en/bag/lines", "quantity", "3").ok("Kettle")
		net := []string{"$90.00", "Goods", "$90.00", "Delivery", "$7.00", "Gross receipts tax 4.875%", "$4.73", "otal", "$101.73"}
		wantRows(t, "the bag", ada.says("/en/bag"), net...)
		ada.get("/en/checkout").submit("/en/checkout", "shipping.name", "Ada Byron", "shipping.line1", "4 Mesa Road", "shipping.postcode", "87501",
			"shipping.city", "Santa Fe", "shipping.country", "US", "shipping.region", "NM", "payment_method", "manual.cash_on_delivery")
		if !strings.Contains(ada.at, "/en/orders/") { // the first try tells what it comes to
			wantRows(t, "the checkout", strings.Join(strings.Fields(text(ada.doc)), " "), net...)
			ada.submit("/en/checkout", "payment_method", "manual.cash_on_delivery")
		}
		way, _, _ := strings.Cut(ada.ok().at, "?")
		gross := func(where, page string) {
			t.Helper()
			for _, sum := range []string{"$94.39", "$31.46", "$7.34", "included"} {
				if strings.Contains(page, sum) {
					t.Errorf("%s says %q: %s", where, sum, page)
				}
			}
		}
		page := ada.says(way)
		wantRows(t, "the order page", page, net...)
		gross("the order page", page)
		wantRows(t, "the account's order page", ada.says("/en/account/orders/1001"), net...)

		h.work()
		letter := func(subject string) string {
			t.Helper()
			office.get("/admin/mails")
			n := office.find(func(n *html.Node) bool {
				return n.Data == "a" && strings.HasPrefix(attr(n, "href"), "/admin/mails/") && strings.Contains(text(n), subject)
			})
			if n == nil {
				t.Fatalf("no letter %q: %.1500s", subject, text(office.doc))
			}
			return office.says(attr(n, "href") + "/body")
		}
		page = letter("Your order 1001")
		wantRows(t, "the confirmation", page, net...)
		gross("the confirmation", page)

		o, err := h.shop.Orders.ByNumber(t.Context(), h.shop.DB, 1)
		if err != nil {
			t.Fatal(err)
		}
		const at = "/admin/orders/1001"
		page = office.says(at)
		wantRows(t, "the office", page, "3 × $30.00", "$90.00", "Goods", "$90.00", "Shipping", "$7.00", "Gross receipts tax 4.875%", "$4.73", "Total", "$101.73")
		gross("the office", page)
		office.get(at).submit(at + "/payments").ok("Paid")
		wantRows(t, "the form of a refund", office.says(at+"/refunds/new"), "of 3", "$90.00", "$7.34 of it is left, tax included.")
		office.submit(at+"/refunds", "cancel."+o.Lines[0].ID, "1", "shipping", "7.34", "do", "count")
		wantRows(t, "the refund", strings.Join(strings.Fields(text(office.ok().doc)), " "), "Goods", "$30.00", "Shipping", "$7.00", "Tax on it", "$1.80", "Goes back", "$38.80")
		office.submit(at+"/refunds", "do", "refund").ok("The refund is noted.")
		h.work()
		page = letter("Refund for your order 1001")
		wantRows(t, "the letter of the refund", page, "Kettle", "$30.00", "Goods", "$30.00", "Delivery", "$7.00", "Gross receipts tax 4.875%", "$1.80", "Total", "$38.80")
		gross("the letter of the refund", page)

		told := (&everywhere{house: h}).public("/api/v1/orders/"+o.Token, "")
		row := told["taxes"].([]any)[0].(map[string]any)
		if told["prices_include_tax"] != false || row["name"] != "Gross receipts tax" || row["rate"] != 48_750.0 {
			t.Errorf("the API tells %v", told)
		}
		if got, err := h.shop.Orders.ByNumber(t.Context(), h.shop.DB, 1); err != nil || got.PricesIncludeTax || got.Total != 10173 || got.Tax != 473 || got.Refunded != 3880 || !slices.Equal(got.Taxes, o.Taxes) {
			t.Errorf("the order is %+v, %v", got, err)
		}
	})
}
