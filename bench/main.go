// Command bench measures the shop, each figure beside its limit in the same
// run: what a plain server, or plain SQL, does on the same machine at the same
// moment. Ratios travel between machines; absolute figures do not.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/stoashop/stoa/stoatest/dbtest"
)

// row is one line of the table.
type row struct {
	name, unit, beside, goal, note string
	ours, limit                    float64
	p50, p99                       time.Duration
}

func main() {
	orders := flag.Int("orders", 1000, "placements a measurement")
	products := flag.Int("products", 10_000, "size of the catalogue")
	only := flag.String("only", "", "measure only what has this in its name")
	profiles := flag.String("profiles", "", "a folder for a processor profile of each row, for go tool pprof")
	flag.Parse()
	if err := run(context.Background(), *orders, *products, *only, *profiles); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, orders, products int, only, profiles string) error {
	server, err := dbtest.Start(true)
	if err != nil {
		return err
	}
	defer server.Stop()
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var rows []row
	wants := func(name string) bool { return strings.Contains(name, only) }
	for _, clients := range []int{1, 32} {
		for _, engine := range []string{"sqlite", "postgres"} {
			if !wants("placement " + engine) {
				continue
			}
			url := "sqlite:" + filepath.Join(dir, fmt.Sprintf("bench-%d.db", clients))
			if engine == "postgres" {
				if url, err = makeDatabase(ctx, server.URL, fmt.Sprintf("bench_%d", clients)); err != nil {
					return err
				}
			}
			stop, err := profile(profiles, fmt.Sprintf("placement %s %d", engine, clients))
			if err != nil {
				return err
			}
			r, err := placement(ctx, url, clients, orders, products)
			if err := errors.Join(err, stop()); err != nil {
				return fmt.Errorf("placement on %s: %w", engine, err)
			}
			rows = append(rows, r)
			print([]row{r})
		}
	}
	if wants("pages") {
		more, err := pages(ctx, filepath.Join(dir, "shop"), products, profiles)
		if err != nil {
			return fmt.Errorf("pages: %w", err)
		}
		rows = append(rows, more...)
	}
	print(rows)
	return nil
}

func print(rows []row) {
	t := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "what\tours\tlimit\tratio\tgoal\tp50\tp99\tbeside\tnote")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%.0f %s\t%.0f\t%.2f×\t%s\t%s\t%s\t%s\t%s\n", r.name, r.ours, r.unit, r.limit, r.ours/r.limit, r.goal, short(r.p50), short(r.p99), r.beside, r.note)
	}
	t.Flush()
}

func short(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }

// race runs n pieces of work on some clients and returns how long all of it
// took, and each piece.
func race(clients, n int, work func(i int) error) (time.Duration, []time.Duration, error) {
	each := make([]time.Duration, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	watch := stopwatch()
	for range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || failed.Load() != nil {
					return
				}
				own := stopwatch()
				if err := work(i); err != nil {
					failed.Store(&err)
					return
				}
				each[i] = own.Elapsed()
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, nil, *err
	}
	return watch.Elapsed(), each, nil
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(list), cmp.Compare[time.Duration])
	return sorted[(len(sorted)-1)*p/100]
}

// zipf draws indexes below n, the low ones most often, the same every run.
func zipf(n int) func() int {
	z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 4, uint64(n-1))
	return func() int { return int(z.Uint64()) }
}
