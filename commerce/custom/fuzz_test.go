package custom_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/custom"
)

// What is read as a number is written so that it is read as the same.
func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"-12.5", "0.000001", "1.0000000", "9999999999.999999", "-0", ".5", "1e9", "1_0", "١"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := custom.ParseDecimal(s)
		if !ok {
			return
		}
		if n > custom.MaxNumber || n < -custom.MaxNumber {
			t.Errorf("ParseDecimal(%q) is %d", s, n)
		}
		if again, ok := custom.ParseDecimal(custom.Decimal(n)); again != n || !ok {
			t.Errorf("ParseDecimal(%q) is %d, written %q, read as %d", s, n, custom.Decimal(n), again)
		}
	})
}
