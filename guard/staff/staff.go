// Package staff knows the people behind the counter: how the first of them
// comes in, how all of them sign in and out, and what role each has.
package staff

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// Person is a member of staff.
type Person struct {
	ID         string // "stf_…"
	Email      string
	Name       string
	Role       policy.Role
	Active     bool   // may sign in
	Invited    bool   // has not chosen a password yet
	Locale     string // language of the back office
	SingleKeys bool   // letters and signs alone are shortcuts of the back office; true at first
	CreatedAt  time.Time
	Version    int64
}

// How long things last.
const (
	SetupFor  = 24 * time.Hour     // the owner's link
	InviteFor = 7 * 24 * time.Hour // an invitation
	ResetFor  = 2 * time.Hour      // a link to a new password

	sessionFor = 7 * 24 * time.Hour // a session at most
	idleFor    = 12 * time.Hour     // a session without a request
	seenEvery  = 5 * time.Minute    // how precisely requests are noted
)

// Newcomer is what somebody tells of themselves to get an account.
type Newcomer struct {
	Name     string
	Email    string
	Password string
	Locale   string
}

const (
	maxName  = 100
	maxEmail = 254
)

// check says what is wrong with a newcomer, all at once.
func (n Newcomer) check() error {
	var form fault.Form
	checkName(&form, n.Name)
	checkEmail(&form, n.Email)
	checkPassword(&form, n.Password, n.Email, n.Name)
	return form.Err()
}

func checkName(form *fault.Form, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		form.Add("name", "form.required")
	case utf8.RuneCountInString(name) > maxName:
		form.Add("name", "form.too_long", "max", maxName)
	}
}

func checkEmail(form *fault.Form, email string) {
	switch {
	case strings.TrimSpace(email) == "":
		form.Add("email", "form.required")
	case len(email) > maxEmail || !web.Email(email):
		form.Add("email", "form.not_an_email")
	}
}

func checkPassword(form *fault.Form, secret string, known ...string) {
	if secret == "" {
		form.Add("password", "form.required")
		return
	}
	if reason, params := password.Check(secret, password.MinStaff, known...); reason != "" {
		form.Add("password", reason, params...)
	}
}

// normal is the form of an address that is compared.
func normal(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
