package teeth_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stoashop/stoa/internal/teeth"
)

var ruleOf = regexp.MustCompile(`^Test([A-Z])(\d+)_`)

// tables writes what is broken to see which test go red.
func tables() string {
	var rules, core []teeth.Mutation
	for _, m := range teeth.Mutations() {
		if m.Test == "" {
			core = append(core, m)
		} else {
			rules = append(rules, m)
		}
	}
	number := func(m teeth.Mutation) int {
		n, _ := strconv.Atoi(ruleOf.FindStringSubmatch(m.Test)[2])
		return n
	}
	slices.SortStableFunc(rules, func(a, b teeth.Mutation) int { return cmp.Compare(number(a), number(b)) })
	var b strings.Builder
	b.WriteString("| rule | test | what is broken to see it fail |\n|---|---|---|\n")
	for _, m := range rules {
		fmt.Fprintf(&b, "| B%d | `%s` %s | %s |\n", number(m), m.Package, m.Test, m.Name)
	}
	b.WriteString("\n## What the simulation must find\n\n| what is broken | where | only on PostgreSQL |\n|---|---|---|\n")
	for _, m := range core {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", m.Name, m.File, map[bool]string{true: "yes"}[m.Postgres])
	}
	return b.String()
}

// docs/proofs.md says which test proves which rule, and what was broken to see
// it fail. STOA_GOLDEN=1 writes the tables anew.
func TestProofs_areAsTheDocumentSays(t *testing.T) {
	const file, mark = "../../docs/proofs.md", "## Rule by rule\n\n"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(raw), mark)
	if !ok {
		t.Fatalf("%s has no part %q", file, strings.TrimSpace(mark))
	}
	want := head + mark + tables()
	if os.Getenv("STOA_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(raw) != want {
		t.Errorf("%s is not up to date: STOA_GOLDEN=1 go test ./internal/teeth", file)
	}
}

// Every rule that must be proved has a test that can fail, and the test exists.
func TestProofs_everyRuleHasATest(t *testing.T) {
	missing := map[string]bool{"B1": true, "B2": true, "B3": true, "B4": true, "B5": true, "B7": true, "B11": true, "B12": true, "B13": true, "B14": true, "B17": true, "B20": true, "B23": true}
	for _, m := range teeth.Mutations() {
		if m.Test == "" {
			continue
		}
		rule := ruleOf.FindStringSubmatch(m.Test)
		if rule == nil {
			t.Errorf("%s names no rule", m.Test)
			continue
		}
		delete(missing, rule[1]+rule[2])
		files, err := filepath.Glob(filepath.Join("../..", m.Package, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(file string) bool {
			raw, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(raw), "\nfunc "+m.Test+"(t *testing.T) {")
		}) {
			t.Errorf("there is no %s in %s", m.Test, m.Package)
		}
	}
	for rule := range missing {
		t.Errorf("nothing breaks %s", rule)
	}
}
