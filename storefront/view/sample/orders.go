package sample

import (
	"time"

	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

func (m Maker) line(i, quantity int) view.BagLine {
	c := m.card(i)
	return view.BagLine{
		ID: []string{"a", "b", "c", "d"}[i%4], Name: c.Name, URL: c.URL, Image: c.Image, Options: m.w("Colour: stainless steel", "Farbe: Edelstahl"),
		Unit: c.Price.Amount, Total: eur(int64(c.Price.Amount.Amount) * int64(quantity)), Quantity: quantity, Max: 10,
		UpdateURL: "/bag/lines/a", RemoveURL: "/bag/lines/a/removal",
	}
}

func (m Maker) summary(delivered bool) view.Summary {
	s := view.Summary{
		Rows:        []view.SummaryRow{{Label: m.P.T("storefront.summary.goods"), Amount: eur(15700)}, {Label: m.P.T("storefront.summary.delivery"), Note: m.P.T("storefront.summary.at_checkout")}},
		Total:       eur(15700),
		Estimated:   true,
		TaxIncluded: true,
		Taxes:       []view.TaxRow{{Name: m.P.T("tax.vat"), Rate: 190_000, Amount: eur(2507)}},
	}
	if delivered {
		s.Rows[1] = view.SummaryRow{Label: m.P.T("storefront.summary.delivery"), Amount: eur(490)}
		s.Total, s.Estimated, s.Taxes[0].Amount = eur(16190), false, eur(2585)
	}
	return s
}

func (m Maker) bag(added bool) view.BagContent {
	b := view.BagContent{
		URL: "/bag", CheckoutURL: "/checkout", ContinueURL: "/", Count: 3,
		Lines:    []view.BagLine{m.line(0, 1), m.line(1, 2)},
		Summary:  m.summary(false),
		FreeFrom: &view.FreeShipping{Missing: eur(2300), Percent: 87},
	}
	if added {
		b.Added = &b.Lines[0]
	}
	return b
}

func (m Maker) summaryLines() []view.SummaryLine {
	var lines []view.SummaryLine
	for _, l := range m.bag(false).Lines {
		lines = append(lines, view.SummaryLine{Name: l.Name, Options: l.Options, SKU: "KT-17-ST", Image: l.Image, Quantity: l.Quantity, Total: l.Total})
	}
	return lines
}

func (m Maker) address(prefix, token string) []view.Field {
	f := func(name, key, value, auto, size string, required bool) view.Field {
		field := m.field(prefix+"."+name, key, value)
		field.Autocomplete, field.Size, field.Required = token+" "+auto, size, required
		return field
	}
	country := f("country", "country", "DE", "country", "", true)
	country.Type, country.Refresh = "select", true
	country.Options = []view.Choice{{Value: "DE", Label: m.w("Germany", "Deutschland"), Selected: true}, {Value: "AT", Label: m.w("Austria", "Österreich")}, {Value: "FR", Label: m.w("France", "Frankreich")}, {Value: "US", Label: m.w("United States", "Vereinigte Staaten")}}
	postcode := f("postcode", "postcode", "10969", "postal-code", "third", true)
	postcode.InputMode = "numeric"
	phone := f("phone", "phone", "", "tel", "", false)
	phone.Type, phone.Help = "tel", m.P.T("storefront.field.phone_help")
	return []view.Field{
		country,
		f("first_name", "first_name", "Ada", "given-name", "half", true),
		f("last_name", "last_name", "Lindqvist", "family-name", "half", true),
		f("company", "company", "", "organization", "", false),
		f("line1", "line1", "Lindenstraße 4", "address-line1", "", true),
		f("line2", "line2", "", "address-line2", "", false),
		postcode,
		f("city", "city", "Berlin", "address-level2", "two-thirds", true),
		phone,
	}
}

func (m Maker) payments() []view.PaymentChoice {
	return []view.PaymentChoice{
		{ID: "card", Name: m.w("Card", "Karte"), Note: m.w("On the next page, with the payment provider", "Auf der nächsten Seite, beim Zahlungsanbieter"), Kind: "card", Selected: true},
		{ID: "transfer", Name: m.w("Bank transfer", "Überweisung"), Note: m.w("We send when the money has arrived", "Wir versenden, sobald das Geld da ist"), Kind: "transfer"},
		{ID: "cash", Name: m.w("Cash on delivery", "Nachnahme"), Kind: "cash", Fee: pricePtr(200)},
	}
}

func (m Maker) checkout() view.CheckoutPage {
	email := m.field("email", "email", "ada@example.com")
	email.Type, email.Autocomplete, email.Help = "email", "email", m.P.T("storefront.field.email_help")
	link := func(url, en, de string) theme.HTML {
		return theme.HTML(`<a href="` + url + `">` + m.w(en, de) + `</a>`)
	}
	terms := m.w("I agree to the ", "Ich stimme den ") + string(link("/pages/terms", "terms", "AGB")) + m.w(" and have read about my ", " zu und habe die Hinweise zu ") +
		string(link("/pages/returns", "right of withdrawal", "Widerruf")) + m.w(" and ", " und ") + string(link("/pages/privacy", "privacy", "Datenschutz")) + m.w(".", " gelesen.")
	w := view.Window{From: now.AddDate(0, 0, 2), To: now.AddDate(0, 0, 4)}
	return view.CheckoutPage{
		Page: m.page(m.P.T("storefront.checkout.title")), Action: "/checkout", RefreshURL: "/checkout/draft", BagURL: "/bag", SignInURL: "/account/sign-in",
		Hidden:  []view.Hidden{{Name: "expected_total", Value: "16190"}, {Name: "cart_version", Value: "7"}, {Name: "request_key", Value: "k"}},
		Contact: []view.Field{email}, Delivery: m.address("shipping", "shipping"),
		BillingSame: view.Field{Name: "billing_same", Label: m.P.T("storefront.checkout.billing_same"), Type: "checkbox", Value: "on", Checked: true, Refresh: true},
		Shipping: []view.ShippingChoice{
			{ID: "std", Name: m.w("Standard parcel", "Standardpaket"), Window: w, Price: eur(490), Selected: true},
			{ID: "exp", Name: m.w("Express", "Express"), Window: view.Window{From: now.AddDate(0, 0, 1), To: now.AddDate(0, 0, 1)}, Price: eur(1290)},
			{ID: "pick", Name: m.w("Pick up in Berlin", "Abholung in Berlin"), Note: m.w("Ready today from 16:00", "Heute ab 16 Uhr bereit"), Free: true, Price: eur(0)},
		},
		Payment: m.payments(),
		Note:    view.Field{Name: "note", Label: m.P.T("storefront.checkout.note"), Type: "textarea", MaxLength: 1000},
		Terms:   &view.Terms{Text: theme.HTML(terms), Field: view.Field{Name: "terms", Type: "checkbox"}},
		Lines:   m.summaryLines(), Summary: m.summary(true),
	}
}

func (m Maker) order(state view.OrderState, reached int) view.Order {
	keys := []string{"placed", "paid", "packed", "shipped", "delivered"}
	o := view.Order{
		Number: "1001", URL: "/orders/x7f", PlacedAt: now, State: state, Email: "a•••@example.com", Name: "Ada",
		Lines: m.summaryLines(), Summary: m.summary(true),
		Window:         view.Window{From: now.AddDate(0, 0, 2), To: now.AddDate(0, 0, 4)},
		Delivery:       []string{"Ada Lindqvist", "Lindenstraße 4", "10969 Berlin", m.w("Germany", "Deutschland")},
		ShippingMethod: m.w("Standard parcel", "Standardpaket"), PaymentMethod: m.w("Card ending in 4242", "Karte mit der Endung 4242"),
		ContactURL: "/contact?order=1001",
	}
	for i, key := range keys {
		s := view.OrderStep{Key: key, Label: m.P.T("storefront.order.step." + key), Done: i < reached, Now: i == reached}
		if s.Done {
			s.At = now.Add(time.Duration(i) * 7 * time.Hour)
		}
		o.Steps = append(o.Steps, s)
	}
	if reached < 3 {
		o.CancelURL = "/orders/x7f/cancellation"
	}
	return o
}

func (m Maker) parcel(lines []view.SummaryLine) view.Parcel {
	return view.Parcel{Carrier: "DHL", Number: "00340434161094042557", URL: "https://example.com/track", ShippedAt: now.AddDate(0, 0, 1), Window: view.Window{From: now.AddDate(0, 0, 2), To: now.AddDate(0, 0, 3)}, Lines: lines}
}

func (m Maker) transfer() *view.PayOrder {
	t := func(key, v string) view.Attribute {
		return view.Attribute{Key: key, Label: m.P.T("storefront.order.transfer." + key), Value: v}
	}
	return &view.PayOrder{Due: eur(16190), Until: now.AddDate(0, 0, 7), Transfer: []view.Attribute{
		t("to", "Halm GmbH"), t("iban", "DE02 1203 0000 0000 2020 51"), t("bic", "BYLADEM1001"), t("reference", "1001"), t("amount", m.P.Money(16190, "EUR")),
	}}
}

func (m Maker) addBag(add func(name, page string, data any)) {
	page := m.page(m.P.T("storefront.bag.label"))
	page.Head.NoIndex = true
	add("bag", "bag", view.BagPage{Page: page, Bag: m.bag(false), Suggested: m.cards(2, 4)})
	bad := m.bag(false)
	bad.Lines[0].Note = m.w("The price is now €59.00; it was €49.00.", "Der Preis beträgt jetzt 59,00 €, vorher 49,00 €.")
	bad.Lines[1].Problem = m.w("Only 1 is left. Please reduce the quantity.", "Es ist nur noch 1 da. Bitte verringern Sie die Anzahl.")
	gone := m.line(2, 1)
	gone.URL, gone.Image, gone.Problem = "", nil, m.w("This is no longer sold. Please remove it.", "Das wird nicht mehr verkauft. Bitte entfernen Sie es.")
	bad.Lines = append(bad.Lines, gone)
	bad.Blocked = m.w("Please put the marked lines right first.", "Bitte bringen Sie zuerst die markierten Zeilen in Ordnung.")
	bad.FreeFrom = &view.FreeShipping{Reached: true, Percent: 100}
	add("bag-problems", "bag", view.BagPage{Page: page, Bag: bad})
	page.Bag.Count = 0
	add("bag-empty", "bag", view.BagPage{Page: page, Bag: view.BagContent{URL: "/bag", ContinueURL: "/", Summary: view.Summary{Total: eur(0)}}, Suggested: m.cards(4, 4)})

	add("checkout", "checkout", m.checkout())
	wrong := m.checkout()
	wrong.Contact[0].Value, wrong.Contact[0].Problem = "ada@", m.P.T("form.not_an_email")
	wrong.Delivery[6].Value, wrong.Delivery[6].Problem = "1096", m.w("A German postcode has five digits.", "Eine deutsche Postleitzahl hat fünf Ziffern.")
	wrong.Terms.Field.Problem = m.P.T("storefront.checkout.terms_needed")
	wrong.BillingSame.Checked = false
	wrong.Billing = m.address("billing", "billing")
	add("checkout-errors", "checkout", wrong)
	changed := m.checkout()
	changed.Changed = &view.Change{OldTotal: eur(15190), NewTotal: eur(16190), Items: []string{m.w("Electric kettle 1.7 l: €49.00 → €59.00", "Wasserkocher 1,7 l: 49,00 € → 59,00 €")}}
	changed.Saved = []view.SavedAddress{{ID: "adr_1", Lines: m.order(view.OrderPlaced, 1).Delivery, Selected: true}, {ID: "new", Lines: []string{m.w("Another address", "Eine andere Adresse")}}}
	changed.Delivery, changed.SignInURL = nil, ""
	add("checkout-changed", "checkout", changed)
	declined := m.checkout()
	declined.Problem, declined.Declined = m.P.T("storefront.checkout.declined"), true
	add("checkout-declined", "checkout", declined)
	early := m.checkout()
	for i := range early.Delivery {
		if early.Delivery[i].Type != "select" {
			early.Delivery[i].Value = ""
		}
	}
	early.Contact[0].Value, early.Shipping = "", nil
	add("checkout-empty", "checkout", early)
}

func (m Maker) addOrders(add func(name, page string, data any)) {
	page := m.page(m.P.T("storefront.order.number", "number", "1001"))
	page.Head.NoIndex = true
	page.Bag.Count = 0
	signUp := &view.Link{Label: m.P.T("storefront.order.create_account"), URL: "/account/sign-up"}
	add("order-placed", "order", view.OrderPage{Page: page, Order: m.order(view.OrderPlaced, 2), Fresh: true, SignUp: signUp})
	transfer := m.order(view.OrderAwaitsPayment, 1)
	transfer.Pay, transfer.PaymentMethod = m.transfer(), m.w("Bank transfer", "Überweisung")
	add("order-transfer", "order", view.OrderPage{Page: page, Order: transfer, Fresh: true})
	declined := m.order(view.OrderAwaitsPayment, 1)
	declined.Pay = &view.PayOrder{Due: eur(16190), Declined: true, Problem: m.w("The bank gave no reason. Nothing was charged.", "Die Bank nannte keinen Grund. Es wurde nichts abgebucht."), Action: "/orders/x7f/payments", Methods: m.payments(), Until: now.Add(10 * time.Minute), Hidden: []view.Hidden{{Name: "request_key", Value: "k"}}}
	add("order-declined", "order", view.OrderPage{Page: page, Order: declined})
	partly := m.order(view.OrderPartly, 3)
	partly.Parcels = []view.Parcel{m.parcel(partly.Lines[:1]), m.parcel(partly.Lines[1:])}
	partly.Parcels[1].URL = ""
	add("order-partly-shipped", "order", view.OrderPage{Page: page, Order: partly})
	shipped := m.order(view.OrderShipped, 4)
	shipped.Parcels = []view.Parcel{m.parcel(shipped.Lines)}
	shipped.Billing = shipped.Delivery
	shipped.Note = m.w("Please ring at Novak.", "Bitte bei Novak klingeln.")
	add("order-shipped", "order", view.OrderPage{Page: page, Order: shipped})
	refunded := m.order(view.OrderDelivered, 5)
	refunded.Refunds = []view.Refund{{At: now.AddDate(0, 0, 9), Amount: eur(4900), To: m.w("the card you paid with", "die Karte, mit der Sie bezahlt haben"), Lines: refunded.Lines[1:]}}
	add("order-refunded", "order", view.OrderPage{Page: page, Order: refunded})
	cancelled := m.order(view.OrderCancelled, 1)
	cancelled.Steps = append(cancelled.Steps[:1], view.OrderStep{Key: "cancelled", Label: m.P.T("storefront.order.step.cancelled"), At: now.Add(time.Hour), Done: true})
	cancelled.CancelURL = ""
	add("order-cancelled", "order", view.OrderPage{Page: page, Order: cancelled})
	late := cancelled
	late.Late = true
	add("order-late", "order", view.OrderPage{Page: page, Order: late})
	expired := m.order(view.OrderExpired, 1)
	expired.Number, expired.CancelURL = "", ""
	expired.Steps = []view.OrderStep{{Key: "expired", Label: m.P.T("storefront.order.step.expired"), At: now.Add(time.Hour), Done: true}}
	add("order-expired", "order", view.OrderPage{Page: page, Order: expired})
	add("waiting", "waiting", view.WaitingPage{Page: page, Number: "1001", RefreshURL: "/orders/x7f/payment", Seconds: 5, OrderURL: "/orders/x7f", ContactURL: "/contact"})
}
