package teeth_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stoashop/stoa/internal/teeth"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// R25: the simulation finds what is planted. STOA_TEETH=all plants all.
func TestR25_simulationFindsPlantedMistakes(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all := os.Getenv("STOA_TEETH") == "all"
	found, planted := 0, 0
	for _, m := range teeth.Mutations() {
		if !all && !m.Quick {
			continue
		}
		planted++
		url, runs := "", 10_000
		if m.Postgres {
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
