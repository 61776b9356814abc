package stoatest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/stoatest"
)

// The whole way, at both sizes: a guest without JavaScript and somebody with
// an account and JavaScript buy, are declined once and pay on the second try
// with 3-D Secure; the merchant ships from the back office and gives a part
// back; each letter arrives once. The bank's own ledger is the judge.
func TestJourney_toDeliveredOrder(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		desk := s.Browser(t, stoatest.Desktop())
		signInOwner(t, s, desk)
		walks := []struct {
			name    string
			device  stoatest.Device
			account bool
		}{
			{"phone-guest", stoatest.Phone().WithoutScript(), false},
			{"desktop-guest", stoatest.Desktop().WithoutScript(), false},
			{"phone-account", stoatest.Phone(), true},
			{"desktop-account", stoatest.Desktop(), true},
		}
		for i, w := range walks {
			name := w.name + "-" + string(s.DB.Engine())
			email := w.name + "@example.com"
			b := s.Browser(t, w.device)
			if w.account {
				signUp(t, s, b, email)
			}
			b.Open("/en/p/toaster-for-two")
			b.Picture("journey-product-" + name)
			if w.device.NoScript {
				b.Submit("#buy")
				b.Wait(`location.pathname.endsWith("/bag")`)
			} else {
				b.Send("#buy")
				b.Wait(`document.querySelector("dialog[open] #drawer .bag__lines")`)
			}
			b.See("Toaster for two")
			b.Open("/en/checkout")
			if w.account {
				fillCheckout(b, "") // the address of the account stands there
			} else {
				fillCheckout(b, email)
			}
			b.Picture("journey-checkout-" + name)
			b.Submit("#checkout-form")
			payAtBank(b, "4000000000000002")
			b.See("declined")
			b.Picture("journey-declined-" + name)

			b.Open("/en/checkout")
			fillCheckout(b, "")
			b.Submit("#checkout-form")
			payAtBank(b, "4000000000003220")
			b.SeeElement("button[value=approve]")
			b.Click("button[value=approve]")
			b.Wait(`location.pathname.includes("/orders/")`)
			number := fmt.Sprint(1001 + i)
			b.See(number)
			b.Picture("journey-order-" + name)
			way := b.URL()

			o := load(t, s, int64(i+1))
			if o.State != order.Placed || o.Payment != payment.Paid || len(o.Attempts) != 2 {
				t.Errorf("%s: order is %s and %s after %d attempts", name, o.State, o.Payment, len(o.Attempts))
			}
			if (o.CustomerID != "") != w.account {
				t.Errorf("%s: order belongs to customer %q", name, o.CustomerID)
			}
			if captured, _ := atBank(s, o); captured != o.Total {
				t.Errorf("%s: the bank took %d for an order of %d", name, captured, o.Total)
			}
			wantLetter(t, s, email, number, "Toaster for two", s.Words.Printer("en", nil).Money(o.Total, o.Currency))

			tracking := fmt.Sprintf("0034043416109402150%d", i)
			desk.Open("/admin/orders/" + number)
			desk.See("Ada Lovelace")
			desk.Picture("journey-desk-order-" + name)
			desk.Open("/admin/orders/" + number + "/shipments/new")
			desk.Fill(`[name=carrier]`, "dhl")
			desk.Fill(`[name=tracking]`, tracking)
			desk.Submit(`[name=tracking]`)
			desk.Wait(`location.pathname === "/admin/orders/` + number + `"`)
			wantLetter(t, s, email, number, tracking)

			desk.Open("/admin/orders/" + number + "/refunds/new")
			desk.Run(`const amount = [...document.querySelectorAll("input")].find(i => i.name.startsWith("quantity") || i.name.startsWith("lines."));
				amount.value = "1";
				amount.dispatchEvent(new Event("input", {bubbles: true}))`)
			desk.ClickText("Work out the amount")
			desk.See("Refund €")
			desk.Picture("journey-desk-refund-" + name)
			desk.ClickText("Refund €")
			desk.Wait(`location.pathname === "/admin/orders/` + number + `"`)

			o = load(t, s, int64(i+1))
			if _, refunded := atBank(s, o); o.Fulfilment != order.Shipped || o.Payment != payment.PartlyRefunded || refunded != o.Lines[0].Total.Gross || o.Refunded != refunded {
				t.Errorf("%s: order is %s and %s, refunded %d here and %d at the bank", name, o.Fulfilment, o.Payment, o.Refunded, refunded)
			}
			words := s.Words.Printer("en", nil)
			wantLetter(t, s, email, number, words.T("mail.refund.title", "amount", words.Money(o.Refunded, o.Currency)))
			letters := 3 // confirmed, shipped, refunded
			if w.account {
				letters++ // and the address proven
			}
			if got := lettersTo(s, email); got != letters {
				t.Errorf("%s: %d letters, want %d", name, got, letters)
			}

			b.Open(way)
			b.See(tracking)
			if w.account {
				b.Open("/en/account/orders")
				b.See(number)
				b.Picture("journey-account-" + name)
			}
		}
		if bad, err := s.Stock.Verify(t.Context(), s.DB, 5); err != nil || len(bad) > 0 {
			t.Errorf("stock is not explained: %+v, %v", bad, err)
		}
	})
}

// Nothing that was typed or chosen while the checkout was being worked out
// anew is lost, nor is the place in the field.
func TestCheckout_keepsWhatIsTypedMeanwhile(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, s *stoatest.Shop) {
		b := s.Browser(t, stoatest.Desktop())
		b.Open("/en/p/toaster-for-two")
		b.Send("#buy")
		b.SeeElement("dialog[open] #drawer .bag__lines")
		b.Open("/en/checkout")
		b.Run(`const real = fetch;
			window.fetch = async (...args) => { const answer = await real(...args); await new Promise((go) => { window.arrive = go; }); return answer; };
			window.before = document.getElementById("checkout");
			before.querySelector("[name='shipping.city']").value = "Ber"`)
		b.Fill(`[name=payment_method]:not(:checked)`, "")
		b.Wait(`window.arrive`)
		b.Fill(`[name="shipping.name"]`, "Ada Lovelace")
		b.Fill(`[name=terms]`, "")
		b.Fill(`[name="shipping.city"]`, "Berlin")
		b.Run(`document.querySelector("[name='shipping.city']").setSelectionRange(2, 2); arrive()`)
		b.Wait(`document.getElementById("checkout") !== before`)
		got := stoatest.Value[string](b, `[document.querySelector("[name='shipping.name']").value, document.querySelector("[name='shipping.city']").value,
			document.querySelector("[name=terms]").checked, document.activeElement.name, document.activeElement.selectionStart].join(", ")`)
		if want := "Ada Lovelace, Berlin, true, shipping.city, 2"; got != want {
			t.Errorf("the form says %q, want %q", got, want)
		}
	})
}

// signUp opens an account with the link that comes by mail.
func signUp(t *testing.T, s *stoatest.Shop, b *stoatest.Browser, email string) {
	t.Helper()
	b.Open("/en/account/sign-up")
	b.Fill(`main [name=name]`, "Ada Lovelace")
	b.Fill(`main [name=email]`, email)
	b.Fill(`main [name=password]`, "a long enough sentence")
	b.Submit(`main [name=password]`)
	link := ""
	s.Mails.WaitFor(t, func(m stoatest.Mail) bool {
		if !strings.Contains(m.To, email) {
			return false
		}
		for _, l := range m.Links() {
			if strings.Contains(l, "/verify/") {
				link = l
			}
		}
		return link != ""
	})
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	b.Open(u.Path)
	b.Fill(`main [name=password]`, "a long enough sentence")
	b.Submit(`main [name=password]`)
	b.Wait(`!location.pathname.includes("/verify/")`)
}

func fillCheckout(b *stoatest.Browser, email string) {
	fillAddress(b, email)
	b.Fill(`[name=terms]`, "")
	b.Fill(`[name=payment_method][value="sandbox.card"]`, "")
}

func fillAddress(b *stoatest.Browser, email string) {
	b.SeeElement("#checkout-form")
	if email != "" {
		b.Fill(`[name=email]`, email)
	}
	b.Fill(`[name="shipping.name"]`, "Ada Lovelace")
	b.Fill(`[name="shipping.line1"]`, "Torstraße 1")
	b.Fill(`[name="shipping.postcode"]`, "10119")
	b.Fill(`[name="shipping.city"]`, "Berlin")
}

func payAtBank(b *stoatest.Browser, card string) {
	b.SeeElement("#number")
	b.Fill("#number", card)
	b.Fill("#expiry", "12/30")
	b.Fill("#cvc", "123")
	b.Fill("#name", "Ada Lovelace")
	b.Submit("#number")
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

func load(t *testing.T, s *stoatest.Shop, number int64) order.Order {
	t.Helper()
	o, err := s.Orders.ByNumber(t.Context(), s.DB, number)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// atBank is what the bank's ledger says of an order's payments.
func atBank(s *stoatest.Shop, o order.Order) (captured, refunded money.Minor) {
	for _, p := range s.Bank.Ledger() {
		for _, a := range o.Attempts {
			if p.Reference == a.ID {
				captured += money.Minor(p.Captured)
				refunded += money.Minor(p.Refunded)
			}
		}
	}
	return captured, refunded
}

// wantLetter waits for a letter to somebody that contains all the texts.
func wantLetter(t *testing.T, s *stoatest.Shop, to string, texts ...string) {
	t.Helper()
	s.Mails.WaitFor(t, func(m stoatest.Mail) bool {
		for _, text := range texts {
			if !strings.Contains(m.Text, text) || !strings.Contains(m.HTML, text) {
				return false
			}
		}
		return strings.Contains(m.To, to)
	})
}

func lettersTo(s *stoatest.Shop, to string) (n int) {
	for _, m := range s.Mails.Mails() {
		if strings.Contains(m.To, to) {
			n++
		}
	}
	return n
}
