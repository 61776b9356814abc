package market_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/market"
)

// A tidied address is its own fixed point, and what is let in has a postcode
// that its country knows however it is typed again.
func FuzzNormalize(f *testing.F) {
	f.Add("DE", "d-10119", "Berlin", "")
	f.Add("GB", "sw1a1aa", "London", "")
	f.Add("uk", "W1A\u00a00AX", "London", "")
	f.Add("NL", "1012ab", "Amsterdam", "")
	f.Add("US", "10001-1234", "New York", "new york")
	f.Add("IE", "d02 x285", "Dublin", "Dublin")
	f.Add("JP", "１００-０００１", "千代田区", "東京都")
	f.Add("ZZ", "\u200b0\xff", "\x00", "\u2028")
	f.Fuzz(func(t *testing.T, country, postcode, city, region string) {
		a := market.Normalize(market.Address{Name: "Ada", Line1: "Torstraße 1", City: city, Postcode: postcode, Region: region, Country: country})
		if again := market.Normalize(a); again != a {
			t.Errorf("tidied %+v, tidied again %+v", a, again)
		}
		if market.Validate(a) == nil && (a.City == "" || a.OneLine("DE") == "" || len(a.Lines()) < 3) {
			t.Errorf("let in %+v", a)
		}
	})
}

// A tidied e-mail address is its own fixed point.
func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.com", " Ada@MÜLLER.example ", "a@b", "@", "a@@b.example", "a@xn--.example", "a\u00ad@b.example", "ada@example.com\r\nBcc: x@y.example", "\xff@b.example", "a@b..example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := market.Email(s)
		if err != nil {
			if got != "" {
				t.Errorf("Email(%q) refuses and says %q", s, got)
			}
			return
		}
		if again, err := market.Email(got); again != got || err != nil {
			t.Errorf("Email(%q) is %q, of which it makes %q, %v", s, got, again, err)
		}
		for _, c := range got {
			if c <= ' ' || c == 0x7f {
				t.Errorf("Email(%q) is %q", s, got)
			}
		}
	})
}

// A tidied telephone number is its own fixed point.
func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"+49 30 123456", "030/123-456", "", "(0)30", "٠١٢٣٤٥٦", "++49", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := market.Phone(s)
		if again, failed := market.Phone(got); err == nil && (again != got || failed != nil) {
			t.Errorf("Phone(%q) is %q, of which it makes %q, %v", s, got, again, failed)
		}
	})
}
