package locale_test

import (
	"encoding/json"
	"testing"
	"testing/fstest"

	"github.com/stoashop/stoa/kit/locale"
)

// What was kept as JSON is said as it was before: whole numbers are counted and
// written as people write them.
func TestPrinter_numbersThatWereKeptAsJSON(t *testing.T) {
	catalog, err := locale.Load("en", fstest.MapFS{
		"en/a.json": {Data: []byte(`{"a.pictures": {"one": "One picture.", "other": "{count} pictures."}, "a.most": "At most {max}."}`)},
		"de/a.json": {Data: []byte(`{"a.pictures": {"one": "Ein Bild.", "other": "{count} Bilder."}, "a.most": "Höchstens {max}."}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ lang, key, params, want string }{
		{"en", "a.pictures", `{"count": 1}`, "One picture."},
		{"de", "a.pictures", `{"count": 1}`, "Ein Bild."},
		{"en", "a.pictures", `{"count": 2}`, "2 pictures."},
		{"en", "a.most", `{"max": 1000000}`, "At most 1,000,000."},
		{"de", "a.most", `{"max": 1000000}`, "Höchstens 1.000.000."},
		{"en", "a.most", `{"max": 1.5}`, "At most 1.5."},
		{"en", "a.most", `{"max": "1 MiB"}`, "At most 1 MiB."},
	} {
		var params map[string]any
		if err := json.Unmarshal([]byte(tt.params), &params); err != nil {
			t.Fatal(err)
		}
		if got := catalog.Printer(tt.lang, nil).T(tt.key, params); got != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.lang, tt.key, tt.params, got, tt.want)
		}
	}
}
