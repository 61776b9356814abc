package stoa_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
)

// strangersChangeNothing (T46, T91, T98) sends every request that changes
// something from another site, in every type of body that a page can send, and
// every page with another host: all are refused before any route is chosen. A
// page that names its reader is kept by nobody.
func (w *world) strangersChangeNothing(t *testing.T) {
	w.t = t
	first := w.request(http.MethodGet, "/en/checkout", "", "") // looks up what the bag costs now
	w.as("customer").Prepare(first)
	w.send(first)
	before := w.books()
	for _, r := range w.routes {
		who := "customer"
		if r.Who&policy.Staff != 0 {
			who = "owner"
		}
		if strings.HasPrefix(r.Pattern, "/healthz/") {
			continue // probes come with any host
		}
		if r.Method != http.MethodGet {
			for _, kind := range []string{formType, "text/plain", jsonType} {
				req := w.request(r.Method, w.path(r, nil), kind, "{}")
				w.as(who).Prepare(req)
				req.Header.Set("Origin", "https://evil.example")
				req.Header.Set("Sec-Fetch-Site", "cross-site")
				if a := w.send(req); a.Code != http.StatusForbidden || !strings.Contains(a.text, "request.cross_origin") {
					t.Errorf("%s %s from another site as %s: %d", r.Method, r.Pattern, kind, a.Code)
				}
			}
			continue
		}
		req := w.request(r.Method, w.path(r, nil), "", "")
		w.as(who).Prepare(req)
		a := w.send(req)
		if mine := strings.Contains(a.text, "Ada") || strings.Contains(a.text, "ada@example.com") || strings.Contains(a.text, "Mira"); mine && a.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s names its reader and may be kept: %q", r.Pattern, a.Header().Get("Cache-Control"))
		}
		req = w.request(r.Method, w.path(r, nil), "", "")
		req.Host = "evil.example"
		if a := w.send(req); a.Code != http.StatusMisdirectedRequest || strings.Contains(a.text, "evil.example") {
			t.Errorf("GET %s of another host: %d", r.Pattern, a.Code)
		}
	}
	if after := w.books(); after != before {
		t.Errorf("something was written:\n%s", difference(before, after))
	}
}
