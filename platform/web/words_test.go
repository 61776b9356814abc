package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/words"
)

var reason = regexp.MustCompile(`"((?:form|request|json|mail|idempotency)[._][a-z_]+)"`)

// TestEveryReasonHasWords finds reasons that the catalogues cannot say. The
// refusals before any door speak no language.
func TestEveryReasonHasWords(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{"en": catalog.Keys("en"), "de": catalog.Keys("de")}
	wordless := []string{"form_key", "request.unknown_host", "request.cross_origin", "request.too_many_headers"}
	checked := 0
	for _, pattern := range []string{"*.go", "once/*.go", "../mail/*.go", "../../api/kit/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if matched, _ := filepath.Match("*_test.go", filepath.Base(file)); matched {
				continue
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range reason.FindAllSubmatch(src, -1) {
				key := string(found[1])
				if slices.Contains(wordless, key) {
					continue
				}
				checked++
				for lang, keys := range said {
					if !slices.Contains(keys, key) {
						t.Errorf("%s: %q has no words in %q", file, key, lang)
					}
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d reasons found", checked)
	}
}
