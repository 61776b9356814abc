package slug_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/slug"
)

// Of any name comes an address that may be one, and of that the same.
func FuzzMake(f *testing.F) {
	for _, seed := range []string{"Crème brûlée, 2 pcs.", "Größe", "İstanbul", "日本茶", "a\u0301\u0323", "ǅ", "ﬁ", "---", "\xff", "ﷺ", "한국", "ß'’ß"} {
		f.Add("de", seed)
		f.Add("en", seed)
	}
	f.Fuzz(func(t *testing.T, lang, name string) {
		got := slug.Make(lang, name)
		if got == "" {
			return
		}
		if !slug.Valid(got) {
			t.Errorf("Make(%q, %q) is %q, which is no address", lang, name, got)
		}
		if again := slug.Make(lang, got); again != got {
			t.Errorf("Make(%q, %q) is %q, of which it makes %q", lang, name, got, again)
		}
	})
}
