package transfer_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/words"
)

// Everything that can be said about a file has words in both languages, and
// nothing has words that is never said.
func TestWords_coverEveryReason(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]bool)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reason := regexp.MustCompile(`"(transfer\.[a-z0-9_]+)"`)
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reason.FindAllStringSubmatch(string(text), -1) {
			said[m[1]] = true
		}
	}
	said["transfer.grouped_as_draft"], said["transfer.external_as_draft"] = true, true // put together from the type
	for _, rule := range transfer.Normalisations() {
		said["transfer.rule."+rule] = true
	}
	for _, p := range transfer.Platforms() {
		said["transfer.platform."+string(p)] = true
	}
	for _, k := range []transfer.Kind{transfer.Products, transfer.Translations, transfer.Customers} {
		said["transfer.kind."+string(k)] = true
	}
	for _, u := range []transfer.Use{transfer.Mapped, transfer.Kept, transfer.Dropped} {
		said["transfer.use."+string(u)] = true
	}
	for _, lang := range []string{"en", "de"} {
		keys := catalog.Keys(lang)
		for key := range said {
			if !slices.Contains(keys, key) {
				t.Errorf("%s: no words for %s", lang, key)
			}
		}
		for _, key := range keys {
			if strings.HasPrefix(key, "transfer.") && !said[key] {
				t.Errorf("%s: %s is never said", lang, key)
			}
		}
	}
}
