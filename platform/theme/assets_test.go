package theme_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"github.com/stoashop/stoa/platform/theme"
)

func get(t *testing.T, th *theme.Theme, url string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	th.Assets().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func mustURL(t *testing.T, th *theme.Theme, name string) string {
	t.Helper()
	url, err := th.Asset(name)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestAssets_areNamedByTheirContentAndKeptForEver(t *testing.T) {
	th := build(t, base())
	url := mustURL(t, th, "css/all.css")
	if !regexp.MustCompile(`^/assets/css/all\.[0-9a-f]{12}\.css$`).MatchString(url) {
		t.Errorf("got URL %q", url)
	}
	res := get(t, th, url)
	if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		res.Header.Get("Content-Type") != "text/css; charset=utf-8" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
	css := body(t, res.Body)
	if !strings.Contains(css, `src: url("`+mustURL(t, th, "f.woff2")+`")`) {
		t.Errorf("the font is not referred to by its hashed name: %.200s", css)
	}
	if !strings.Contains(css, ".ph-777{--ph:#ffffff}") || strings.Contains(css, "@import") || strings.Contains(css, "/*") {
		t.Errorf("imports were not swallowed: %.200s", css)
	}
	if _, err := th.Asset("css/a.css"); err == nil {
		t.Error("a sheet that is part of another is served twice")
	}
	js := body(t, get(t, th, mustURL(t, th, "js/main.js")).Body)
	if want := `import {x} from "` + mustURL(t, th, "js/part.js") + `";` + "\nx();"; js != want {
		t.Errorf("got script %q, want %q", js, want)
	}
}

func TestAssets_aChangedPartRenamesTheWhole(t *testing.T) {
	changed := fstest.MapFS{"assets/f.woff2": file("another font")}
	old, now := build(t, base()), build(t, changed, base())
	if mustURL(t, old, "css/all.css") == mustURL(t, now, "css/all.css") {
		t.Error("the sheet kept its name though the font it loads has a new one")
	}
	res := get(t, now, mustURL(t, old, "css/all.css"))
	if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("a page from before the update got %d, %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
}

func TestAssets_speakTheReadersEncoding(t *testing.T) {
	th := build(t, base())
	url := mustURL(t, th, "css/all.css")
	plain := body(t, get(t, th, url).Body)
	tests := map[string]struct{ accept, want string }{
		"brotli first":       {"gzip, deflate, br, zstd", "br"},
		"brotli refused":     {"br;q=0, gzip", "gzip"},
		"gzip by weight":     {"gzip;q=0.5", "gzip"},
		"nothing we know":    {"deflate", ""},
		"a longer name":      {"brx", ""},
		"everything refused": {"br;q=0.0, gzip;q=0", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res := get(t, th, url, "Accept-Encoding", tt.accept)
			if got := res.Header.Get("Content-Encoding"); got != tt.want {
				t.Fatalf("got encoding %q, want %q", got, tt.want)
			}
			if res.Header.Get("Vary") != "Accept-Encoding" {
				t.Error("no Vary: a cache would hand the wrong form out")
			}
			var r io.Reader = res.Body
			switch tt.want {
			case "br":
				r = brotli.NewReader(r)
			case "gzip":
				z, err := gzip.NewReader(r)
				if err != nil {
					t.Fatal(err)
				}
				r = z
			}
			if got := body(t, r); got != plain {
				t.Errorf("the unpacked file differs: %d bytes, want %d", len(got), len(plain))
			}
			again := get(t, th, url, "Accept-Encoding", tt.accept, "If-None-Match", res.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified {
				t.Errorf("a known file was sent again: %d", again.StatusCode)
			}
		})
	}
}

func TestAssets_nothingElseIsServed(t *testing.T) {
	th := build(t, base())
	for _, path := range []string{
		"/assets/css/all.css", "/assets/", "/assets/f.LICENSE.md", "/assets/../pages/home.html",
		"/assets/css/all.0123456789ab.js", "/pages/home.html", "/assets/%2e%2e/pages/home.html", "/assets/css/a.0123456789ab.css",
	} {
		if res := get(t, th, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, res.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	th.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodPost, mustURL(t, th, "css/all.css"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
}
