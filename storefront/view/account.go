package view

import (
	"time"

	"github.com/stoashop/stoa/kit/money"
)

// FormPage is pages/sign_in.html, sign_up.html, forgotten.html, reset.html,
// verify.html and confirm.html: one small form.
type FormPage struct {
	Page
	Form Form
	// Done is true when there is nothing left to fill in (the letter with the
	// link was sent).
	Done bool
	// Other leads to the neighbouring page: from sign-in to sign-up and back.
	Other *Link
	// ForgottenURL is set on sign-in.
	ForgottenURL string
}

// AccountPage is pages/account.html, the overview.
type AccountPage struct {
	Page
	Nav       []Link
	Name      string
	Since     time.Time
	Orders    []OrderRow // the latest few
	OrdersURL string
	Address   []string // the default one; empty when there is none
	AddressesURL,
	ProfileURL string
}

// OrderRow is an order in a list.
type OrderRow struct {
	Number   string
	URL      string
	PlacedAt time.Time
	State    OrderState
	Total    money.Money
	Count    int // pieces
	Images   []Image
	More     int // pictures left out
}

// OrdersPage is pages/orders.html.
type OrdersPage struct {
	Page
	Nav      []Link
	Orders   []OrderRow
	Problem  string // what of the address was not understood; may be empty
	First    string // the first page; "" on it
	Previous string // the page before; "" on the first
	Next     string // the page after; "" on the last
	ShopURL  string // where to begin when there are none
}

// AddressesPage is pages/addresses.html.
type AddressesPage struct {
	Page
	Nav       []Link
	Addresses []AddressCard
	AddURL    string
}

// AddressCard is one entry of the address book.
type AddressCard struct {
	ID         string
	Lines      []string
	Default    bool
	EditURL    string
	RemoveURL  string // POST
	DefaultURL string // POST; "" for the default itself
}

// AddressPage is pages/address.html: an address to add or change.
type AddressPage struct {
	Page
	Nav        []Link
	New        bool
	Form       Form
	RefreshURL string // the form drawn anew for another country
	CancelURL  string
}

// ProfilePage is pages/profile.html.
type ProfilePage struct {
	Page
	Nav      []Link
	Details  Form   // name, phone, language
	Fields   Fields // what else the shop notes of the customer and shows
	Password Form
	Email    Form // where the account is; asks for the password
	Sessions []Session
	// SignOutAllURL ends every session but this one; POST.
	SignOutAllURL string
}

// Session is one place where the customer is signed in.
type Session struct {
	Device  string // "Firefox on Linux"
	SeenAt  time.Time
	Current bool
}
