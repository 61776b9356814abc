package money_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoashop/stoa/kit/money"
)

// B1: in every currency of ISO 4217 an amount is a whole number of its smallest
// unit, and what is written with that currency's decimals is read as the same.
func TestB1_everyCurrencyThereAndBack(t *testing.T) {
	for code, want := range map[string]int{"JPY": 0, "KRW": 0, "CLP": 0, "EUR": 2, "USD": 2, "JOD": 3, "KWD": 3, "BHD": 3} {
		if digits, ok := money.Exponent(code); digits != want || !ok {
			t.Errorf("%s has %d decimals, want %d", code, digits, want)
		}
	}
	codes := money.Codes()
	if len(codes) < 150 {
		t.Fatalf("%d currencies", len(codes))
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(codes).Draw(t, "currency")
		digits, _ := money.Exponent(code)
		m := money.Minor(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "amount"))
		text := m.Decimal(code)
		if _, decimals, _ := strings.Cut(text, "."); len(decimals) != digits {
			t.Fatalf("%d in %s is written %q", m, code, text)
		}
		if got, err := money.Parse(text, code); got != m || err != nil {
			t.Fatalf("%d in %s is written %q, read as %d, %v", m, code, text, got, err)
		}
	})
}
