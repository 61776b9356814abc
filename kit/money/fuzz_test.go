package money_test

import (
	"testing"

	"github.com/stoashop/stoa/kit/money"
)

// What Parse reads, Decimal writes so that it is read as the same amount.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"19.99", "-5", "0", "-0.00", "1.250", "1,5", "9223372036854775807", "92233720368547758.08", ".5", "5.", "+1", "1e3", "٣"} {
		f.Add(seed, "EUR")
	}
	f.Add("1624", "JPY")
	f.Add("1.250", "KWD")
	f.Fuzz(func(t *testing.T, s, code string) {
		m, err := money.Parse(s, code)
		if err != nil {
			if m != 0 {
				t.Errorf("Parse(%q, %q) refuses and says %d", s, code, m)
			}
			return
		}
		if again, err := money.Parse(m.Decimal(code), code); again != m || err != nil {
			t.Errorf("Parse(%q, %q) is %d, written %q, read as %d, %v", s, code, m, m.Decimal(code), again, err)
		}
	})
}
