package stoatest_test

import (
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/stoatest"
)

// The whole way: somebody without JavaScript buys on a phone, is declined
// once, pays on the second try with 3-D Secure; the merchant ships from the
// back office and gives a part back; each letter arrives. The provider's own
// ledger is the judge.
func TestJourney_guestToDeliveredOrder(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		b := s.Browser(t, stoatest.Phone().WithoutScript())
		b.Open("/en/p/toaster-for-two")
		b.Picture("journey-product-" + string(s.DB.Engine()))
		b.Submit("#buy")
		b.Wait(`location.pathname.endsWith("/bag")`)
		b.See("Toaster for two")
		b.Open("/en/checkout")
		fillCheckout(b, "ada@example.com")
		b.Submit("#checkout-form")
		payAtBank(b, "4000000000000002")
		b.See("declined")
		b.Picture("journey-declined-" + string(s.DB.Engine()))

		retry(b)
		payAtBank(b, "4000000000003220")
		b.Wait(`document.querySelector("button[value=approve]")`)
		b.Click("button[value=approve]")
		b.Wait(`location.pathname.includes("/orders/")`)
		b.See("1001")
		b.Picture("journey-order-" + string(s.DB.Engine()))

		o, err := s.Orders.ByNumber(t.Context(), s.DB, 1)
		if err != nil {
			t.Fatal(err)
		}
		if o.State != order.Placed || o.Payment != payment.Paid || len(o.Attempts) != 2 {
			t.Errorf("order is %s and %s after %d attempts", o.State, o.Payment, len(o.Attempts))
		}
		captured := int64(0)
		for _, p := range s.Bank.Ledger() {
			captured += p.Captured
		}
		if captured != int64(o.Total) {
			t.Errorf("the bank took %d for an order of %d", captured, o.Total)
		}
		//M1

		desk := s.Browser(t, stoatest.Desktop())
		signInOwner(t, s, desk)
		desk.Open("/admin/orders/1001")
		desk.See("Ada Lovelace")
		desk.Picture("journey-desk-order-" + string(s.DB.Engine()))
		desk.Open("/admin/orders/1001/shipments/new")
		desk.Fill(`[name=carrier]`, "dhl")
		desk.Fill(`[name=tracking]`, "00340434161094021501")
		desk.Submit(`[name=tracking]`)
		desk.Wait(`location.pathname === "/admin/orders/1001"`)
		//M2

		desk.Open("/admin/orders/1001/refunds/new")
		desk.Eval(`[...document.querySelectorAll("input")].filter(i => i.name.startsWith("quantity") || i.name.startsWith("lines.")).slice(0, 1).forEach(i => { i.value = "1"; i.dispatchEvent(new Event("input", {bubbles: true})); })`)
		desk.Picture("journey-desk-refund-" + string(s.DB.Engine()))
		desk.ClickText("Work out the amount")
		desk.ClickText("Refund €")
		desk.Wait(`location.pathname === "/admin/orders/1001"`)

		if o, err = s.Orders.ByNumber(t.Context(), s.DB, 1); err != nil {
			t.Fatal(err)
		}
		refunded := int64(0)
		for _, p := range s.Bank.Ledger() {
			refunded += p.Refunded
		}
		if o.Fulfilment != order.Shipped || o.Payment != payment.PartlyRefunded || refunded != int64(o.Lines[0].Total.Gross) || int64(o.Refunded) != refunded {
			t.Errorf("order is %s and %s, refunded %d here and %d at the bank", o.Fulfilment, o.Payment, o.Refunded, refunded)
		}
		if bad, err := s.Stock.Verify(t.Context(), s.DB, 5); err != nil || len(bad) > 0 {
			t.Errorf("stock is not explained: %+v, %v", bad, err)
		}
		//M3
		b.Open(strings.TrimPrefix(b.URL(), s.URL))
		b.See("00340434161094021501")
	})
}

func fillCheckout(b *stoatest.Browser, email string) {
	b.SeeElement("#checkout-form")
	if email != "" {
		b.Fill(`[name=email]`, email)
	}
	b.Fill(`[name="shipping.name"]`, "Ada Lovelace")
	b.Fill(`[name="shipping.line1"]`, "Torstraße 1")
	b.Fill(`[name="shipping.postcode"]`, "10119")
	b.Fill(`[name="shipping.city"]`, "Berlin")
	b.Fill(`[name=payment_method][value="sandbox.card"]`, "")
	b.Fill(`[name=terms]`, "")
}

func payAtBank(b *stoatest.Browser, card string) {
	b.SeeElement("#number")
	b.Fill("#number", card)
	b.Fill("#expiry", "12/30")
	b.Fill("#cvc", "123")
	b.Fill("#name", "Ada Lovelace")
	b.Submit("#number")
}

// retry goes on from a declined payment to the bank again.
func retry(b *stoatest.Browser) {
	b.Open("/en/checkout")
	fillCheckout(b, "")
	b.Submit("#checkout-form")
}

func signInOwner(t *testing.T, s *stoatest.Shop, b *stoatest.Browser) {
	t.Helper()
	token, err := s.Staff.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/admin/setup/" + token)
	b.Fill(`[name=name]`, "Olga Owner")
	b.Fill(`[name=email]`, "olga@example.com")
	b.Fill(`[name=password]`, "a long enough sentence")
	b.Submit(`[name=password]`)
	b.Wait(`location.pathname.startsWith("/admin") && !location.pathname.includes("/setup/")`)
}

// wantMail waits for a letter to somebody that contains a text.
func wantMail(t *testing.T, s *stoatest.Shop, to, text string) {
	t.Helper()
	for n := 1; n < 20; n++ {
		for _, m := range s.Mails.Wait(t, n) {
			if strings.Contains(m.To, to) && strings.Contains(m.Text, text) {
				return
			}
		}
	}
	t.Errorf("no letter to %s says %q", to, text)
}

func wantMails(t *testing.T, s *stoatest.Shop, to string, n int) {
	t.Helper()
	got := 0
	for _, m := range s.Mails.Wait(t, n) {
		if strings.Contains(m.To, to) {
			got++
		}
	}
	if got != n {
		t.Errorf("%d letters to %s, want %d", got, to, n)
	}
}
