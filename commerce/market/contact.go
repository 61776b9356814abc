package market

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/stoashop/stoa/kit/fault"
)

// Email tidies an e-mail address and refuses what cannot be one: spaces around
// it go, the domain is written in small letters and, if it has others, in its
// ASCII form ("müller.example" → "xn--mller-kva.example"). The part before the
// @ stays as typed, because only the receiver may say that its case does not
// matter; EmailKey is for finding people.
//
// It fails with "form.required", "form.not_utf8", "form.too_long" or
// "form.not_an_email", without a field: the caller knows its name.
func Email(s string) (string, error) {
	refuse := func(reason string) (string, error) { return "", fault.New(fault.Invalid, reason) }
	if !utf8.ValidString(s) {
		return refuse("form.not_utf8")
	}
	if len(s) > 2000 {
		return "", fault.New(fault.Invalid, "form.too_long").With("max", 254)
	}
	s = tidy(s)
	if s == "" {
		return refuse("form.required")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return refuse("form.not_an_email")
	}
	local, domain := s[:at], strings.TrimSuffix(s[at+1:], ".")
	if !goodLocal(local) {
		return refuse("form.not_an_email")
	}
	domain, err := idna.Lookup.ToASCII(strings.ToLower(norm.NFC.String(domain)))
	if err != nil || !goodDomain(domain) {
		return refuse("form.not_an_email")
	}
	s = local + "@" + domain
	if len(s) > 254 {
		return "", fault.New(fault.Invalid, "form.too_long").With("max", 254)
	}
	return s, nil
}

// EmailKey is the form under which two spellings of one mailbox are the same:
// all small letters. It takes what Email returned.
func EmailKey(email string) string { return strings.ToLower(email) }

// goodLocal accepts a dot-atom of RFC 5322 of at most 64 octets; quoted forms
// are legal but nobody has one, and they smuggle.
func goodLocal(s string) bool {
	if len(s) > 64 {
		return false
	}
	for _, atom := range strings.Split(s, ".") {
		if atom == "" {
			return false
		}
		for _, c := range atom {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
			if !letter && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c) {
				return false
			}
		}
	}
	return true
}

func goodDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	last := labels[len(labels)-1] // a top-level domain is never a number: that would be an IP address
	return strings.Trim(last, "0123456789") != ""
}

// Phone tidies a telephone number and refuses what cannot be one. The digits
// stay as they were typed: only the country's exchange can say more. An empty
// number is fine. It fails like Email, with "address.phone" for what is none.
func Phone(s string) (string, error) {
	if reason, params := checkText(tidy(s), limit("phone")); reason != "" {
		f := fault.New(fault.Invalid, reason)
		if len(params) == 2 {
			f.With("max", params[1])
		}
		return "", f
	}
	s = tidy(s)
	if s != "" && !looksLikePhone(s) {
		return "", fault.New(fault.Invalid, "address.phone")
	}
	return s, nil
}

// looksLikePhone wants 5 to 20 digits (15 of E.164 and an extension) and
// nothing but the signs people put between them.
func looksLikePhone(s string) bool {
	digits := 0
	for i, c := range norm.NFKC.String(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i != 0 && !strings.HasPrefix(s, "("):
			return false
		case strings.ContainsRune("+ ()-./‐‑–", c):
		case c == 'x' || c == '#': // extension
		default:
			return false
		}
	}
	return digits >= 5 && digits <= 20
}
