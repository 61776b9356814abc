package stoatest

import (
	_ "embed"
	"encoding/json"
	"testing"
)

//go:embed axe/axe.min.js
var axe string

// WantAccessible runs axe-core in the page and reports every violation of
// WCAG 2.2 A and AA and of its best practices.
func (b *Browser) WantAccessible(t testing.TB, page string) {
	t.Helper()
	b.Eval(axe + "; null")
	raw := Value[string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
		JSON.stringify(r.violations.map(v => ({rule: v.id, help: v.help, at: v.nodes.slice(0, 4).map(n => n.target.join(" ") + " " + (n.failureSummary || "").split("\n")[1])}))))`)
	var violations []struct {
		Rule, Help string
		At         []string
	}
	if err := json.Unmarshal([]byte(raw), &violations); err != nil {
		t.Fatalf("%s: %v: %.200s", page, err, raw)
	}
	for _, v := range violations {
		t.Errorf("%s: %s (%s)", page, v.Help, v.Rule)
		for _, at := range v.At {
			t.Logf("    %s", at)
		}
	}
}
