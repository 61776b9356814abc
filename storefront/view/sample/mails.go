package sample

import (
	"time"

	"github.com/stoashop/stoa/storefront/view"
)

// Letter is one mail in one state.
type Letter struct {
	Name string // "order-transfer"
	Mail string // name of the mail
	Data any
}

// Letters lists every mail there is to see.
func (m Maker) Letters() []Letter {
	shop := m.page("").Shop
	shop.HomeURL = "https://halm.example/"
	absolute := func(o view.Order) view.Order {
		o.URL, o.ContactURL = "https://halm.example/orders/x7f", "https://halm.example/contact?order=1001"
		return o
	}
	placed := absolute(m.order(view.OrderPlaced, 2))
	placed.Note = m.w("Please ring at Novak.", "Bitte bei Novak klingeln.")
	transfer := absolute(m.order(view.OrderAwaitsPayment, 1))
	transfer.Pay, transfer.Billing = m.transfer(), transfer.Delivery
	refund := view.Refund{At: now.AddDate(0, 0, 9), Amount: eur(4900), To: m.w("the card you paid with", "die Karte, mit der Sie bezahlt haben"), Lines: placed.Lines[1:], Summary: view.Summary{
		Rows: []view.SummaryRow{{Label: m.w("Goods", "Waren"), Amount: eur(4900)}}, Total: eur(4900), TaxIncluded: true,
		Taxes: []view.TaxRow{{Name: m.w("VAT", "MwSt."), Rate: 190_000, Amount: eur(782)}},
	}}
	reset := view.PasswordMail{Shop: shop, Name: "Ada", URL: "https://halm.example/account/reset?token=x7f", ExpiresAt: now.Add(time.Hour), Exists: true}
	unknown := reset
	unknown.Exists, unknown.URL = false, ""
	cancelled := absolute(m.order(view.OrderCancelled, 1))
	partly := absolute(m.order(view.OrderPartly, 3))
	late := cancelled
	late.Late = true
	account := view.AccountMail{
		Shop: shop, URL: "https://halm.example/account/verify/x7f", ExpiresAt: now.AddDate(0, 0, 3),
		ForgottenURL: "https://halm.example/account/forgotten", ContactURL: "https://halm.example/contact",
	}
	return []Letter{
		{"order", "order_confirmation", view.OrderMail{Shop: shop, Order: placed}},
		{"order-transfer", "order_confirmation", view.OrderMail{Shop: shop, Order: transfer, Terms: html(m.w("You may withdraw from this contract within fourteen days without giving any reason.", "Sie können diesen Vertrag binnen vierzehn Tagen ohne Angabe von Gründen widerrufen."))}},
		{"shipped", "shipping_notice", view.ShippingMail{Shop: shop, Order: placed, Parcel: m.parcel(placed.Lines)}},
		{"shipped-partly", "shipping_notice", view.ShippingMail{Shop: shop, Order: placed, Parcel: m.parcel(placed.Lines[:1]), Rest: true}},
		{"refund", "refund_notice", view.RefundMail{Shop: shop, Order: placed, Refund: refund}},
		{"password", "password_reset", reset},
		{"password-unknown", "password_reset", unknown},
		{"cancelled", "order_cancelled", view.CancelMail{Shop: shop, Order: cancelled}},
		{"cancelled-paid", "order_cancelled", view.CancelMail{Shop: shop, Order: cancelled, Paid: true, Back: true}},
		{"shortened", "order_shortened", view.ShortenMail{Shop: shop, Order: partly, Lines: partly.Lines[:1], Due: eur(4900), Rest: true}},
		{"shortened-paid", "order_shortened", view.ShortenMail{Shop: shop, Order: partly, Lines: partly.Lines[:1], Back: true}},
		{"cancelled-late", "order_cancelled", view.CancelMail{Shop: shop, Order: late, Paid: true, Back: true}},
		{"cancelled-open", "order_cancelled", view.CancelMail{Shop: shop, Order: cancelled, Paid: true}},
		{"verify", "account_verify", account},
		{"exists", "account_exists", account},
		{"email-change", "email_change", account},
		{"email-changed", "email_changed", account},
		{"password-changed", "password_changed", account},
	}
}
