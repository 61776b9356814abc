package screen_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/guard/policy"
)

// TestTokens_areMadeShownOnceAndRevoked goes the way of a key, and tries it as
// somebody who may not.
func TestTokens_areMadeShownOnceAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		opens := func(key string) policy.Set {
			t.Helper()
			id, err := h.shop.Staff.IdentifyToken(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			return id.Permissions
		}
		b.get("/admin/settings/tokens").ok("No tokens yet", "New API token")
		b.get("/admin/settings/tokens/new").submit("/admin/settings/tokens", "name", "", "scopes", "order.read", "days", "30").shows(422, "Please fill this in.")
		b.get("/admin/settings/tokens/new").submit("/admin/settings/tokens", "name", "Till", "scopes", "staff.write", "days", "30").shows(422)
		b.get("/admin/settings/tokens/new").submit("/admin/settings/tokens", "name", "Till", "scopes", "order.read", "days", "30").ok("The key of the new token", "See orders", "Mira Lindqvist")
		words := text(b.find(func(n *html.Node) bool { return n.Data == "body" }))
		i := strings.Index(words, "stoa_")
		if i < 0 {
			t.Fatalf("no key in %s", words)
		}
		key := words[i : i+48]
		if got := opens(key); len(got) != 1 || got[0] != policy.OrderRead {
			t.Fatalf("%q opens %v", key, got)
		}
		list, err := h.shop.Staff.Tokens(t.Context(), h.shop.DB, "", 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d tokens, %v", len(list), err)
		}
		at := "/admin/settings/tokens/" + list[0].ID
		b.get(at).ok("Till", list[0].Hint)
		if strings.Contains(text(b.find(func(n *html.Node) bool { return n.Data == "body" })), key) {
			t.Error("the key is shown twice")
		}
		before := h.changes()
		for _, role := range []policy.Role{policy.RoleManager, policy.RoleReadOnly} {
			other := h.staff(b, role)
			before = h.changes()
			for _, path := range []string{"/admin/settings/tokens", "/admin/settings/tokens/new", at} {
				other.get(path).shows(403)
			}
			other.post("/admin/settings/tokens", url.Values{"name": {"Mine"}, "scopes": {"order.read"}, "days": {"0"}}).shows(403)
			other.post(at+"/revoke", url.Values{}).shows(403)
		}
		if n := h.changes(); n != before || opens(key) == nil {
			t.Errorf("refusals changed %d things", n-before)
		}
		b.get(at).submit(at+"/revoke").ok("The token is revoked.", "Revoked")
		if opens(key) != nil {
			t.Error("a revoked key opens something")
		}
		b.get("/admin/settings/tokens/tok_x").shows(404)
	})
}
