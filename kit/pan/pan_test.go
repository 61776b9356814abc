package pan_test

import (
	"testing"

	"github.com/stoashop/stoa/kit/pan"
)

func TestT41_cardNumbersAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"4242424242424242":                        "••••4242",
		"please charge 4242 4242 4242 4242, ok?":  "please charge ••••4242, ok?",
		"4242-4242-4242-4242":                     "••••4242",
		"4242.4242.4242.4242":                     "••••4242",
		"card[number]=5555555555554444&cvc=123":   "card[number]=••••4444&cvc=123",
		"378282246310005":                         "••••0005",
		"3782 822463 10005 and 6011111111111117.": "••••0005 and ••••1117.",
		"2223003122003222":                        "••••3222",
		"36227206271667":                          "••••1667",
		"3566002020360505":                        "••••0505",
		"6200000000000005":                        "••••0005",
		"4242 4242 4242 4242 12/29 123":           "••••4242 12/29 123",
		"12 4242424242424242":                     "12 ••••4242",
		"Visa4242424242424242":                    "Visa••••4242",
		"07 2029 5555555555554444 737":            "07 2029 ••••4444 737",
	} {
		if !pan.In(text) {
			t.Errorf("In(%q) = false", text)
		}
		if got := pan.Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestT41_otherNumbersPass(t *testing.T) {
	for _, text := range []string{
		"", "Anna Kühn, 3rd floor", "4242424242424241", "+49 151 12345678", "4006381333931",
		"DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "AT611904300234573201",
		"GB12 4242 4242 4242 4242", // the digits of an IBAN may happen to make a card number
		"00340434161094042557", "1Z999AA10123456784", "order 100042 of 2026-11-24",
		"42424242424242424242424242424242", "4242 4242 4242", "4242  4242  4242  4242",
	} {
		if pan.In(text) {
			t.Errorf("In(%q) = true", text)
		}
		if got := pan.Mask(text); got != text {
			t.Errorf("Mask(%q) = %q", text, got)
		}
	}
}
