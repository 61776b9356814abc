// Package customer keeps the shoppers' accounts: how one is opened, how its
// owner signs in and out, the address book, and what the merchant notes.
//
// Nobody learns here who has an account. Signing up and asking for a new
// password are answered alike for known and unknown addresses, in the same
// words and the same time; what differs is the letter, and only the owner of
// the mailbox reads that. So an address counts only once it is proven by a
// link from such a letter (rule B25), and orders placed as a guest join the
// account no sooner.
package customer

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/event"
)

// Customer is a shopper with an account.
type Customer struct {
	ID         string // "cus_…"
	Email      string
	Name       string
	Phone      string // may be empty
	Locale     string // language of letters
	Fields     custom.Values
	VerifiedAt time.Time // when the address was proven; zero: not yet
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64

	// Erased says that the person's data are gone; Email, Name, Phone and
	// Fields are then empty.
	Erased bool
}

// Verified reports whether the customer has shown that the mailbox is theirs.
func (c Customer) Verified() bool { return !c.VerifiedAt.IsZero() }

// Visit is what is known of the browser somebody uses.
type Visit struct {
	IP     netip.Addr
	Device string // a kind, "Firefox on Linux"; longer than 60 bytes is cut
}

const maxDevice = 60

func (v Visit) device() string {
	d := strings.ToValidUTF8(v.Device, "")
	for len(d) > maxDevice {
		_, size := utf8.DecodeLastRuneInString(d)
		d = d[:len(d)-size]
	}
	return d
}

// How long things last.
const (
	ResetFor  = time.Hour          // a link to a new password
	VerifyFor = 3 * 24 * time.Hour // a link that proves an address

	SessionFor = 90 * 24 * time.Hour // a session at most
	idleFor    = 30 * 24 * time.Hour // a session without a request
	seenEvery  = time.Hour           // how precisely requests are noted
)

// MaxAddresses bounds an address book.
const MaxAddresses = 50

// Newcomer is what somebody tells of themselves to get an account.
type Newcomer struct {
	Name     string
	Email    string
	Password string
	Locale   string
}

// Profile is what a customer may change without more ado.
type Profile struct {
	Name   string
	Phone  string
	Locale string
}

// Saved is one entry of an address book. Of a customer's addresses exactly one
// is the default of each kind.
type Saved struct {
	ID              string // "adr_…"
	Address         market.Address
	DefaultShipping bool
	DefaultBilling  bool
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Session is one place where a customer is signed in.
type Session struct {
	ID        string // what Identify gives as Identity.Session
	Device    string // may be empty
	CreatedAt time.Time
	SeenAt    time.Time
}

// Ask is a letter that an account needs, as an event. It names nobody in the
// clear.
type Ask struct {
	CustomerID string `json:"customer_id,omitempty"` // empty: nobody has an account under the address
	KeyID      string `json:"key_id"`
	To         []byte `json:"to"` // the address, sealed
	Locale     string `json:"locale"`
}

// Topics are the letters that accounts need. Every one of them is asked for
// while nobody waits for it: the token in a letter is made when the letter is
// written, and is never anywhere else (see Service.Issue).
type Topics struct {
	// VerificationAsked wants a link that proves the address.
	VerificationAsked event.Topic[Ask]
	// AlreadyKnown wants a word to the owner of an account whose address
	// somebody used to sign up, or to move another account to.
	AlreadyKnown event.Topic[Ask]
	// ResetAsked wants a link to a new password or, when there is no account,
	// a letter that says so.
	ResetAsked event.Topic[Ask]
	// EmailChangeAsked wants a link, to the new address, that moves the account.
	EmailChangeAsked event.Topic[Ask]
	// EmailChanged tells the old address.
	EmailChanged event.Topic[Ask]
	// PasswordChanged tells the owner.
	PasswordChanged event.Topic[Ask]
}

// Events returns the topics.
func Events() Topics {
	return Topics{
		VerificationAsked: event.NewTopic[Ask]("customer.verification_asked"),
		AlreadyKnown:      event.NewTopic[Ask]("customer.already_known"),
		ResetAsked:        event.NewTopic[Ask]("customer.reset_asked"),
		EmailChangeAsked:  event.NewTopic[Ask]("customer.email_change_asked"),
		EmailChanged:      event.NewTopic[Ask]("customer.email_changed"),
		PasswordChanged:   event.NewTopic[Ask]("customer.password_changed"),
	}
}

const maxName = 100

// check tidies a newcomer and says what is wrong, all at once.
func (n Newcomer) check() (Newcomer, error) {
	var form fault.Form
	n.Name = checkName(&form, n.Name)
	n.Email = checkEmail(&form, "email", n.Email)
	checkPassword(&form, n.Password, n.Email, n.Name)
	checkLocale(&form, n.Locale)
	return n, form.Err()
}

// check tidies a profile and says what is wrong, all at once.
func (p Profile) check() (Profile, error) {
	var form fault.Form
	p.Name = checkName(&form, p.Name)
	phone, err := market.Phone(p.Phone)
	if err != nil {
		form.Merge("", atField("phone", err)) //nolint:errcheck // it has a field
	}
	p.Phone = phone
	checkLocale(&form, p.Locale)
	return p, form.Err()
}

// atField gives a fault without fields the name of its field.
func atField(path string, err error) error {
	f := fault.From(err)
	var params []any
	for name, value := range f.Params {
		params = append(params, name, value)
	}
	return fault.New(fault.Invalid, "form.invalid").At(path, f.Reason, params...)
}

// checkName takes what can stand in a letter: one line, and nothing that mail
// programs would turn into a link, lest the shop be used to send strangers
// there.
func checkName(form *fault.Form, name string) string {
	if !utf8.ValidString(name) {
		form.Add("name", "form.not_utf8")
		return name
	}
	name = strings.TrimSpace(name)
	low := strings.ToLower(name)
	switch {
	case name == "":
		form.Add("name", "form.required")
	case utf8.RuneCountInString(name) > maxName:
		form.Add("name", "form.too_long", "max", maxName)
	case strings.ContainsFunc(name, func(c rune) bool {
		return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
	}):
		form.Add("name", "form.one_line")
	case strings.Contains(low, "://") || strings.Contains(low, "www."):
		form.Add("name", "customer.link_in_name")
	}
	return name
}

func checkEmail(form *fault.Form, path, email string) string {
	tidy, err := market.Email(email)
	if err != nil {
		form.Merge("", atField(path, err)) //nolint:errcheck // it has a field
		return email
	}
	return tidy
}

func checkPassword(form *fault.Form, secret string, known ...string) {
	switch {
	case secret == "":
		form.Add("password", "form.required")
	case !utf8.ValidString(secret):
		form.Add("password", "form.not_utf8")
	default:
		if reason, params := password.Check(secret, password.MinCustomer, known...); reason != "" {
			form.Add("password", reason, params...)
		}
	}
}

func checkLocale(form *fault.Form, locale string) {
	if _, err := language.Parse(locale); err != nil || len(locale) > 20 {
		form.Add("locale", "form.not_a_choice")
	}
}

// NotFound is the answer for a customer that is not there.
func NotFound() error { return fault.New(fault.NotFound, "customer.not_found") }

func spent() error { return fault.New(fault.NotFound, "customer.link_spent") }

func wrong() error { return fault.New(fault.Invalid, "customer.wrong_sign_in") }
