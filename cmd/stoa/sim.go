package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stoashop/stoa/ops/sim"
)

type simCmd struct {
	Seed     uint64 `default:"1" help:"Seed of the first run; the next ones count up from it."`
	Runs     int    `default:"1000" help:"How many runs."`
	Database string `placeholder:"URL" help:"An empty database to play in, such as postgres://…; without it, SQLite in a temporary folder. Never the shop's own."`
	Stop     bool   `help:"Stop at the first run that breaks a promise."`
	Trace    bool   `help:"Print every step."`
}

func (c *simCmd) Run(ctx context.Context) error {
	if c.Runs < 1 {
		return usage("--runs must be 1 or more")
	}
	o := sim.Options{URL: c.Database, Seed: c.Seed, Runs: c.Runs, Stop: c.Stop}
	if c.Trace {
		o.Line = func(line string) { fmt.Println(line) }
	}
	shown := time.Duration(0)
	o.Progress = func(r sim.Report) {
		if r.Elapsed-shown < 10*time.Second {
			return
		}
		shown = r.Elapsed
		fmt.Fprintf(os.Stderr, "%d of %d runs, %.0f a second, %d failed\n", r.Runs, c.Runs, float64(r.Runs)/r.Elapsed.Seconds(), len(r.Failed))
	}
	r, err := sim.Run(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("%d runs, %.0f a second: %d orders, %d acknowledged, %d faults, %d crashes\n", r.Runs, float64(r.Runs)/r.Elapsed.Seconds(), r.Orders, r.Placed, r.Faults, r.Crashes)
	if r.Faulted > 0 {
		fmt.Printf("%d %% of the runs with a fault had two or more open placements when it struck\n", 100*r.Crowded/r.Faulted)
	}
	for _, f := range r.Failed {
		for _, v := range f.Violations {
			fmt.Printf("seed %d: %s: %s\n", f.Seed, v.Invariant, v.Detail)
		}
	}
	if len(r.Failed) > 0 {
		return fmt.Errorf("%d of %d runs broke a promise; play one again with: stoa sim --runs 1 --trace --seed %d", len(r.Failed), r.Runs, r.Failed[0].Seed)
	}
	fmt.Println("No promise was broken.")
	return nil
}
