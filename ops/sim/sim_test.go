package sim_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stoashop/stoa/ops/sim"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// A seed tells the same story every time, whatever was played before it.
func TestR25_seedsReplay(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			play := func(seed uint64, runs int) uint64 {
				url := ""
				if engine == db.Postgres {
					url = dbtest.URL(t, engine)
				}
				report, err := sim.Run(t.Context(), sim.Options{URL: url, Seed: seed, Runs: runs})
				if err != nil {
					t.Fatal(err)
				}
				return report.Trace
			}
			if alone, after := play(12, 1), play(10, 3); alone != after {
				t.Errorf("seed 12 went %x alone and %x after two others", alone, after)
			}
		})
	}
}

// R25: whatever goes wrong, no promise is broken. STOA_SIM_RUNS and
// STOA_SIM_SEED ask for other runs.
func TestR25_noPromiseIsBroken(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("STOA_SIM_SEED"), 10, 64)
	for engine, runs := range map[db.Engine]int{db.SQLite: 400, db.Postgres: 60} {
		t.Run(string(engine), func(t *testing.T) {
			if n, err := strconv.Atoi(os.Getenv("STOA_SIM_RUNS")); err == nil {
				runs = n
			}
			url := ""
			if engine == db.Postgres {
				url = dbtest.URL(t, engine)
			}
			o := sim.Options{URL: url, Seed: seed, Runs: runs}
			if os.Getenv("STOA_SIM_VERBOSE") != "" {
				o.Line = func(line string) { t.Log(line) }
			}
			report, err := sim.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d runs, %d orders, %d placed, %d faults, %d crashes, crowded %d of %d, %s", report.Runs, report.Orders, report.Placed, report.Faults, report.Crashes, report.Crowded, report.Faulted, report.Elapsed)
			for i, f := range report.Failed {
				if i == 10 {
					t.Errorf("and %d more", len(report.Failed)-i)
					break
				}
				for _, v := range f.Violations {
					t.Errorf("seed %d: %s: %s", f.Seed, v.Invariant, v.Detail)
				}
			}
		})
	}
}
