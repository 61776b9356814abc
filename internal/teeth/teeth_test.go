package teeth_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stoashop/stoa/internal/teeth"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// R25: the simulation finds what is planted, and the test of a rule what breaks
// the rule. STOA_TEETH=all plants all, another value the mutations whose name or
// test it matches.
func TestR25_simulationFindsPlantedMistakes(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	which := os.Getenv("STOA_TEETH")
	only, err := regexp.Compile(which)
	if err != nil {
		t.Fatal(err)
	}
	found, planted := 0, 0
	for _, m := range teeth.Mutations() {
		if which == "" && !m.Quick || which != "" && which != "all" && !only.MatchString(m.Name) && !only.MatchString(m.Test) {
			continue
		}
		planted++
		url, runs := "", 10_000
		if m.Postgres && m.Test == "" {
			url, runs = dbtest.URL(t, db.Postgres), 1000
		}
		n, err := teeth.Find(t.Context(), root, t.TempDir(), m, url, runs)
		switch {
		case err != nil:
			t.Error(err)
		case n == 0:
			t.Errorf("not found in %d runs: %s", runs, m.Name)
		default:
			found++
			t.Logf("found by run %d: %s", n, m.Name)
		}
	}
	t.Logf("%d of %d found", found, planted)
}

// A mutation whose place was rewritten would only be noticed in the long run.
func TestMutations_haveTheirPlace(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range teeth.Mutations() {
		if names[m.Name] {
			t.Errorf("two are named %q", m.Name)
		}
		names[m.Name] = true
		source, err := os.ReadFile(filepath.Join("../..", m.File))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(source); err != nil {
			t.Error(err)
		}
	}
}
