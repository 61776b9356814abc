package sample

import (
	"github.com/stoashop/stoa/storefront/view"
)

func (m Maker) nav(current int) []view.Link {
	nav := []view.Link{
		{Label: m.P.T("storefront.account.overview"), URL: "/account"},
		{Label: m.P.T("storefront.account.orders"), URL: "/account/orders"},
		{Label: m.P.T("storefront.account.addresses"), URL: "/account/addresses"},
		{Label: m.P.T("storefront.account.details"), URL: "/account/profile"},
	}
	nav[current].Current = true
	return nav
}

func (m Maker) rows() []view.OrderRow {
	states := []view.OrderState{view.OrderAwaitsPayment, view.OrderPlaced, view.OrderShipped, view.OrderDelivered, view.OrderCancelled}
	var rows []view.OrderRow
	for i, state := range states {
		row := view.OrderRow{Number: []string{"1041", "1033", "1029", "1012", "1001"}[i], URL: "/account/orders/1041", PlacedAt: now.AddDate(0, 0, -9*i), State: state, Total: eur(int64(4900 + 3300*i)), Count: i + 1}
		for j := range min(i+1, 3) {
			row.Images = append(row.Images, *m.card(i + j).Image)
		}
		row.More = max(0, i-2)
		rows = append(rows, row)
	}
	return rows
}

func (m Maker) addAccount(add func(name, page string, data any)) {
	email := m.field("email", "email", "")
	email.Type, email.Autocomplete = "email", "username"
	password := m.field("password", "password", "")
	password.Type, password.Autocomplete = "password", "current-password"
	fresh := m.field("password", "password_new", "")
	fresh.Type, fresh.Autocomplete, fresh.Help = "password", "new-password", m.P.T("storefront.field.password_help", "count", 12)
	link := func(key, url string) *view.Link { return &view.Link{Label: m.P.T(key), URL: url} }

	in := view.FormPage{Page: m.page(m.P.T("storefront.sign_in.title")), Form: view.Form{Action: "/account/sign-in", Fields: []view.Field{email, password}}, Other: link("storefront.sign_up.title", "/account/sign-up"), ForgottenURL: "/account/forgotten"}
	add("sign-in", "sign_in", in)
	in.Form.Problem = m.P.T("storefront.sign_in.refused")
	add("sign-in-refused", "sign_in", in)
	up := view.FormPage{Page: in.Page, Form: view.Form{Action: "/account/sign-up", Fields: []view.Field{m.field("name", "name", ""), email, fresh}}, Other: link("storefront.sign_in.title", "/account/sign-in")}
	add("sign-up", "sign_up", up)
	add("forgotten", "forgotten", view.FormPage{Page: in.Page, Form: view.Form{Action: "/account/forgotten", Fields: []view.Field{email}}, Other: link("storefront.sign_in.title", "/account/sign-in")})
	add("forgotten-sent", "forgotten", view.FormPage{Page: in.Page, Done: true})
	add("verify", "verify", view.FormPage{Page: in.Page, Form: view.Form{Action: "/account/verify/x", Fields: []view.Field{password}}, ForgottenURL: "/account/forgotten"})
	add("confirm", "confirm", view.FormPage{Page: in.Page, Form: view.Form{Action: "/account/email/x"}})
	add("reset", "reset", view.FormPage{Page: in.Page, Form: view.Form{Action: "/account/reset", Fields: []view.Field{fresh}}})

	page := m.signedIn(m.page(m.P.T("storefront.account.label")))
	page.Head.NoIndex = true
	saved := page
	saved.Notices = []view.Notice{{Tone: view.Good, Text: m.P.T("storefront.form.saved")}}
	add("account", "account", view.AccountPage{Page: page, Nav: m.nav(0), Name: "Ada", Since: now, Orders: m.rows()[:2], OrdersURL: "/account/orders", Address: m.order(view.OrderPlaced, 1).Delivery, AddressesURL: "/account/addresses", ProfileURL: "/account/profile"})
	add("account-new", "account", view.AccountPage{Page: page, Nav: m.nav(0), Name: "Ada", OrdersURL: "/account/orders", AddressesURL: "/account/addresses", ProfileURL: "/account/profile"})
	add("orders", "orders", view.OrdersPage{Page: page, Nav: m.nav(1), Orders: m.rows(), First: "/account/orders", Previous: "/account/orders?before=x", Next: "/account/orders?after=x"})
	add("orders-none", "orders", view.OrdersPage{Page: page, Nav: m.nav(1), ShopURL: "/"})
	shipped := m.order(view.OrderShipped, 4)
	shipped.Parcels = []view.Parcel{m.parcel(shipped.Lines)}
	add("account-order", "order", view.OrderPage{Page: page, Order: shipped, AccountNav: m.nav(1)})
	cards := []view.AddressCard{
		{ID: "adr_1", Lines: shipped.Delivery, Default: true, EditURL: "/account/addresses/adr_1", RemoveURL: "/account/addresses/adr_1/removal"},
		{ID: "adr_2", Lines: []string{"Ada Lindqvist", "c/o Werkstatt Nord", "Musterweg 17, Hinterhaus", "20095 Hamburg", m.w("Germany", "Deutschland")}, EditURL: "/account/addresses/adr_2", RemoveURL: "/account/addresses/adr_2/removal", DefaultURL: "/account/addresses/adr_2/default"},
	}
	add("addresses", "addresses", view.AddressesPage{Page: saved, Nav: m.nav(2), Addresses: cards, AddURL: "/account/addresses/new"})
	add("address", "address", view.AddressPage{Page: page, Nav: m.nav(2), New: true, Form: view.Form{Action: "/account/addresses", Fields: m.address("address", "shipping")}, RefreshURL: "/account/addresses/draft", CancelURL: "/account/addresses"})
	old := m.field("old", "password_old", "")
	old.Type, old.Autocomplete = "password", "current-password"
	newEmail, secret := email, password
	newEmail.Form, secret.Form, secret.Name = "email", "email", "secret"
	for _, f := range []*view.Field{&old, &fresh} {
		f.Form = "password"
	}
	add("profile", "profile", view.ProfilePage{
		Page: page, Nav: m.nav(3),
		Details:  view.Form{Action: "/account/profile", Fields: []view.Field{m.field("name", "name", "Ada Lindqvist")}},
		Email:    view.Form{Action: "/account/email", Fields: []view.Field{newEmail, secret}},
		Password: view.Form{Action: "/account/password", Fields: []view.Field{old, fresh}},
		Sessions: []view.Session{{Device: "Firefox, Linux", SeenAt: now, Current: true}, {Device: "Safari, iPhone", SeenAt: now.AddDate(0, 0, -3)}}, SignOutAllURL: "/account/sessions/end",
	})
}
