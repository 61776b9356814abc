package market_test

import (
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/kit/fault"
)

func TestEmail(t *testing.T) {
	good := map[string]string{
		"ada@example.com":                      "ada@example.com",
		"  Ada.L+shop@EXAMPLE.com ":            "Ada.L+shop@example.com",
		"\u202aada@example.com\u202c":          "ada@example.com", // marks that phones copy along
		"o'neil@mail.example.co.uk":            "o'neil@mail.example.co.uk",
		"ada@müller.example":                   "ada@xn--mller-kva.example",
		"ada@mu\u0308ller.example":             "ada@xn--mller-kva.example",
		"ada@example.com.":                     "ada@example.com",
		strings.Repeat("a", 64) + "@x.org":     strings.Repeat("a", 64) + "@x.org",
		"ada@１２３.example":                      "ada@123.example",
		"!#$%&'*+-/=?^_`{|}~@example.com":      "!#$%&'*+-/=?^_`{|}~@example.com",
		"a@" + strings.Repeat("b.", 60) + "de": "a@" + strings.Repeat("b.", 60) + "de",
	}
	for typed, want := range good {
		if got, err := market.Email(typed); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", typed, got, err, want)
		}
	}
	bad := map[string]string{
		"":                                 "form.required",
		"   ":                              "form.required",
		"ada":                              "form.not_an_email",
		"@example.com":                     "form.not_an_email",
		"ada@":                             "form.not_an_email",
		"ada@localhost":                    "form.not_an_email",
		"ada@127.0.0.1":                    "form.not_an_email",
		"ada@[127.0.0.1]":                  "form.not_an_email",
		"ada@@example.com":                 "form.not_an_email",
		"ada lovelace@example.com":         "form.not_an_email",
		"ada.@example.com":                 "form.not_an_email",
		".ada@example.com":                 "form.not_an_email",
		"a..b@example.com":                 "form.not_an_email",
		`"ada"@example.com`:                "form.not_an_email",
		"Ada <ada@example.com>":            "form.not_an_email",
		"ada@example.com, bob@example.com": "form.not_an_email",
		"ada@exa_mple.com":                 "form.not_an_email",
		"ada@-example.com":                 "form.not_an_email",
		"ada@example-.com":                 "form.not_an_email",
		"ada@ex..ample.com":                "form.not_an_email",
		"ada@example.com\r\nBcc: v@x.org":  "form.not_an_email",
		"ada\r\n@example.com":              "form.not_an_email",
		"ada\x00@example.com":              "form.not_an_email",
		"ада@example.com":                  "form.not_an_email",
		"ada@exam\xffple.com":              "form.not_utf8",
		strings.Repeat("a", 65) + "@x.org": "form.not_an_email",
		strings.Repeat("a@b.de", 10_000):   "form.too_long",
		strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 100) + "de": "form.too_long",
	}
	for typed, want := range bad {
		got, err := market.Email(typed)
		if fault.Reason(err) != want || !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("%.60q: got %q, %v; want %s", typed, got, err, want)
		}
	}
}

func TestEmailKey(t *testing.T) {
	if market.EmailKey("Ada@example.com") != market.EmailKey("ada@example.com") {
		t.Error("two spellings of one mailbox differ")
	}
	if market.EmailKey("ada+shop@example.com") == market.EmailKey("ada@example.com") {
		t.Error("two mailboxes are one")
	}
}

func TestPhone(t *testing.T) {
	good := map[string]string{
		"":                             "",
		" +49 30 1234567 ":             "+49 30 1234567",
		"(030) 123-45 67":              "(030) 123-45 67",
		"(+49) 30/1234567":             "(+49) 30/1234567",
		"020.7946.0018 x12":            "020.7946.0018 x12",
		"\u202a+44 20 7946 0018\u202c": "+44 20 7946 0018",
		"０３－１２３４－５６７８":                 "０３－１２３４－５６７８",
	}
	for typed, want := range good {
		if got, err := market.Phone(typed); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", typed, got, err, want)
		}
	}
	bad := map[string]string{
		"1234":                     "address.phone",
		"call me":                  "address.phone",
		"12345+6":                  "address.phone",
		"1234567890123456789012":   "address.phone",
		"+49;DROP TABLE":           "address.phone",
		"+49\r\n301234567":         "form.one_line",
		"\xff1234567":              "form.not_utf8",
		strings.Repeat("1 ", 5000): "form.too_long",
	}
	for typed, want := range bad {
		if got, err := market.Phone(typed); fault.Reason(err) != want || got != "" {
			t.Errorf("%.40q: got %q, %v; want %s", typed, got, err, want)
		}
	}
}
