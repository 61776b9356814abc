package locale_test

import (
	"slices"
	"testing"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/words"
)

// Whatever a browser says it speaks, the answer is a language there is.
func FuzzCatalog_Match(f *testing.F) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "de-AT,de;q=0.9,en;q=0.5", "*", "en;q=0", "de;q=NaN", "x-klingon", "de-x-private;q=1.000", "zh-Hant-TW", "de,,en", "\xff", "de;q=0.5;q=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if got := catalog.Match(accept); !slices.Contains(catalog.Languages(), got) {
			t.Errorf("Match(%q) is %q, which the shop does not speak", accept, got)
		}
	})
}
