package screen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestScreenshots photographs every screen of the gallery at three sizes,
// light and dark, and in German on a phone, into the folder STOA_SCREENSHOTS.
// Without a folder there is nothing to do.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("STOA_SCREENSHOTS")
	if dir == "" {
		t.Skip("STOA_SCREENSHOTS names no folder")
	}
	dir = filepath.Join(dir, "office")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b, url := atDesk(t)
	for _, lang := range []string{"en", "de"} {
		for _, name := range names() {
			loaded := false
			for _, size := range [][2]int64{{360, 800}, {820, 1180}, {1440, 900}} {
				for _, scheme := range []string{"light", "dark"} {
					if lang == "de" && (size[0] != 360 || scheme != "light") {
						continue // the words are what differs, and they are tight on a phone
					}
					b.Scheme(scheme)
					b.Size(size[0], size[1], size[0] < 600)
					if !loaded { // the other sizes and schemes are this screen, changed in place
						b.Go(url + name + "?lang=" + lang)
						loaded = true
					}
					file := fmt.Sprintf("%s.%s.%d.%s.png", name, lang, size[0], scheme)
					if err := os.WriteFile(filepath.Join(dir, file), b.Picture(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}
