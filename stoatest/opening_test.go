package stoatest_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/stoatest"
)

// A merchant opens a shop of their own: from the link that the first start
// prints to the first parcel, through the office alone.
func TestOpening_toTheFirstParcel(t *testing.T) {
	stoatest.EachEmpty(t, func(t *testing.T, s *stoatest.Shop) {
		name := "-" + string(s.DB.Engine())
		desk := s.Browser(t, stoatest.Desktop())
		signInOwner(t, s, desk)
		desk.See("The shop is not set up yet")
		desk.Picture("opening-home" + name)
		desk.ClickText("Set up your shop")
		desk.SeeElement("[name=shipping_price]")
		desk.Fill("[name=name]", "Olga's kettles")
		desk.Fill("[name=shipping_price]", "4.90")
		desk.Fill("[name=free_from]", "")
		desk.Picture("opening-form" + name)
		desk.Submit("[name=shipping_price]")
		desk.See("Your shop is set up.")
		desk.Picture("opening-todo" + name)

		desk.ClickText("Add your first product")
		desk.SeeElement(`[name="variants.0.price"]`)
		desk.Fill(`[name="name.en"]`, "Copper kettle")
		desk.Choose("[name=upload]", "kettle.png", "image/png", kettle(t))
		desk.Fill(`[name="variants.0.price"]`, "89.00")
		desk.Fill(`[name="variants.0.sku"]`, "KET-1")
		desk.Fill(`[name="variants.0.stock"]`, "5")
		desk.Fill("[name=status]", "active")
		desk.Submit(`[name="variants.0.sku"]`)
		desk.See("Saved.")
		desk.SeeElement(`#media img[src*="/media/"]`)
		desk.Picture("opening-product" + name)
		desk.Open(stoatest.Value[string](desk, `[...document.querySelectorAll("a")].find(a => a.innerText.trim() === "View in shop").getAttribute("href")`))
		desk.SeeElement("#buy")

		// The rates of tax and a zone are there from the opening; Switzerland is
		// one more zone with a price of its own.
		desk.Open("/admin/settings/taxes")
		desk.See("19%")
		desk.Open("/admin/settings/shipping/zones/new")
		desk.Fill(`[name="name"]`, "Switzerland")
		desk.Fill(`[name=countries][value=CH]`, "")
		desk.Picture("opening-zone" + name)
		desk.Submit(`[name="name"]`)
		desk.See("Saved.")
		desk.Open("/admin/settings/payments")
		desk.Picture("opening-payments" + name)
		desk.ClickText("Bank transfer")
		desk.SeeElement(`[name="settings.holder"]`)
		desk.Fill(`[name="settings.holder"]`, "Olga Owner")
		desk.Fill(`[name="settings.iban"]`, "DE89370400440532013000")
		desk.Fill("[name=active]", "")
		desk.Submit(`[name="settings.iban"]`)
		desk.See("Saved.")

		b := s.Browser(t, stoatest.Phone().WithoutScript())
		b.Open("/en/")
		b.ClickText("Copper kettle")
		b.SeeElement("#buy")
		b.See("€89.00")
		b.Picture("opening-shop" + name)
		b.Submit("#buy")
		b.Open("/en/checkout")
		fillAddress(b, "ada@example.com")
		b.Fill(`[name=payment_method][value="manual.bank_transfer"]`, "")
		b.Submit("#checkout-form")
		b.Wait(`location.pathname.includes("/orders/")`)
		b.See("DE89 3704 0044 0532 0130 00")
		b.See("€93.90")
		b.Picture("opening-order" + name)
		way := b.URL()
		wantLetter(t, s, "ada@example.com", "1001", "Copper kettle", "DE89 3704 0044 0532 0130 00")

		desk.Open("/admin")
		desk.ClickText("1001")
		desk.See("Ada Lovelace")
		desk.FollowText("€93.90 has arrived")
		desk.See("Paid")
		desk.Picture("opening-paid" + name)
		desk.Open("/admin/orders/1001/shipments/new")
		desk.Fill("[name=tracking]", "00340434161094021509")
		desk.Submit("[name=tracking]")
		desk.Wait(`location.pathname === "/admin/orders/1001"`)
		desk.See("Shipped")
		wantLetter(t, s, "ada@example.com", "1001", "00340434161094021509")
		b.Open(way)
		b.See("00340434161094021509")

		o := load(t, s, 1)
		if o.Payment != payment.Paid || o.Fulfilment != order.Shipped || o.Total != 9390 || o.Tax != 1499 {
			t.Errorf("the order is %s and %s, %d with %d tax", o.Payment, o.Fulfilment, o.Total, o.Tax)
		}
		levels, err := s.Stock.Levels(t.Context(), s.DB, []string{o.Lines[0].VariantID})
		if err != nil || len(levels) != 1 || levels[0].OnHand != 4 {
			t.Errorf("on the shelf: %+v, %v", levels, err)
		}
	})
}

// kettle is a picture that somebody uploads.
func kettle(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 400, 500))
	for x := range 400 {
		for y := range 500 {
			img.Set(x, y, color.RGBA{uint8(180 + x/8), 110, uint8(60 + y/10), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
