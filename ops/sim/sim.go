// Package sim proves the order core. It runs the production services on a real
// database, with everything around them under its thumb: who moves next, what
// time it is, what the bank answers, which message comes twice, when the
// process dies. When all has come to rest it compares the shop with what the
// outside knows. A seed decides everything, so a failure happens again.
package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/platform/db"
)

// Options say what is run.
type Options struct {
	// URL is the database, which must be empty. "" makes SQLite ones in a
	// temporary folder, anew after every RunsPerSite runs.
	URL  string
	Seed uint64 // of the first run; the next ones count up from it
	Runs int

	// Stop ends with the first run that breaks a promise.
	Stop bool

	// Line is told each step; nil for nobody.
	Line func(line string)

	// Progress is told after each run; nil for nobody.
	Progress func(r Report)
}

// RunsPerSite is how many runs share a database before it is made anew.
const RunsPerSite = 2000

// Report is what came of the runs.
type Report struct {
	Runs      int
	Orders    int // written
	Placed    int // acknowledged
	Faults    int
	Crashes   int
	Crowded   int           // runs with two or more open placements when the first fault struck
	Faulted   int           // runs in which a fault struck
	Elapsed   time.Duration // by the monotonic clock
	Simulated time.Duration // by the shop's
	Trace     uint64        // of the last run
	Failed    []Failure
}

// Failure is a run that broke a promise.
type Failure struct {
	Seed       uint64
	Violations []Violation
}

// Run runs the simulation. The error says that it could not be run; broken
// promises are in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	var report Report
	watch := clock.Start()
	var s *site
	defer func() {
		if s != nil {
			s.close()
		}
	}()
	for i := range o.Runs {
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		if s == nil || (o.URL == "" && i%RunsPerSite == 0) {
			var err error
			if s, err = renew(ctx, s, o.URL); err != nil {
				return report, err
			}
		}
		r, err := newRun(ctx, s, o.Seed+uint64(i), o.Line)
		if err != nil {
			return report, err
		}
		if err := r.play(ctx); err != nil {
			return report, fmt.Errorf("seed %d: %w", r.seed, err)
		}
		report.add(r)
		report.Elapsed = watch.Elapsed()
		if o.Progress != nil {
			o.Progress(report)
		}
		if o.Stop && len(report.Failed) > 0 {
			break
		}
	}
	return report, nil
}

// renew closes a site and opens the next one.
func renew(ctx context.Context, old *site, url string) (*site, error) {
	if old != nil {
		old.close()
	}
	if url != "" {
		return openSite(ctx, url)
	}
	parent := ""
	if _, err := os.Stat("/dev/shm"); err == nil {
		parent = "/dev/shm" // crashes here are simulated; the disk's own are another test's
	}
	dir, err := os.MkdirTemp(parent, "stoa-sim-")
	if err != nil {
		return nil, err
	}
	s, err := openSite(ctx, "sqlite:"+filepath.Join(dir, "shop.db"))
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s.dir = dir
	return s, nil
}

func (p *Report) add(r *run) {
	p.Runs++
	p.Orders += r.orders
	p.Placed += len(r.books.acked)
	p.Faults += r.spent
	p.Crashes += r.crashes
	p.Simulated += r.db.Now().Sub(r.began)
	p.Trace = r.s.trace
	if r.s.struck >= 0 {
		p.Faulted++
	}
	if r.s.struck >= 2 {
		p.Crowded++
	}
	if len(r.books.problems) > 0 {
		p.Failed = append(p.Failed, Failure{r.seed, r.books.problems})
	}
}

// run is one story: a few shoppers, staff, workers and couriers, some faults.
type run struct {
	site    *site
	db      *db.DB
	s       *scheduler
	rng     *rand.Rand
	seed    uint64
	began   time.Time
	bank    *bank
	post    *postOffice
	books   *books
	nodes   []*node
	people  []*shopper
	opening [goods]int64
	twins   int
	clicks  int
	crashes int
	spent   int
	orders  int
}

func newRun(ctx context.Context, site *site, seed uint64, line func(string)) (*run, error) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	site.random.r = rand.NewChaCha8(key)
	site.clock.Set(birth)
	s := newScheduler(seed, site.clock)
	s.engine, s.verbose = site.db.Engine(), line
	if s.engine == db.Postgres {
		s.locks = func(backends []int64) (map[int64]bool, error) { return lockWaits(ctx, site.db, backends) }
		s.cancel = func(backend int64) error { return cancelStatement(ctx, site.db, backend) }
	}
	r := &run{site: site, db: site.db, s: s, rng: s.rng, seed: seed, began: birth, bank: newBank(s), post: &postOffice{s, make(map[string]string)}, books: newBooks()}
	for i := range goods {
		r.opening[i] = int64(1 + r.rng.IntN(6))
	}
	s.faults = r.rng.IntN(4)
	s.chance = []float64{0.003, 0.01, 0.03}[r.rng.IntN(3)]
	site.now = nil
	err := site.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := wipe(ctx, tx); err != nil {
			return err
		}
		for i := range goods {
			if err := setPrice(ctx, tx, site.list, site.variant[i], basePrice(i)); err != nil {
				return err
			}
		}
		var changes []inventory.Change
		for i := range goods {
			changes = append(changes, inventory.Change{VariantID: site.variant[i], LocationID: site.place, Delta: r.opening[i]})
		}
		return site.stock().Adjust(ctx, tx, system, inventory.Opening, changes)
	})
	site.now = s
	return r, err
}

// boot starts the shop's processes.
func (r *run) boot() {
	r.nodes = nil
	for i := range 2 {
		r.nodes = append(r.nodes, r.site.newNode(fmt.Sprintf("node %d after %d crashes", i, r.crashes), r.bank, r.post))
	}
}

func (r *run) anyNode() *node { return r.nodes[r.rng.IntN(len(r.nodes))] }

// play runs the story to its end and judges it.
func (r *run) play(ctx context.Context) error {
	for i := range 2 + r.rng.IntN(4) {
		r.people = append(r.people, &shopper{r: r, name: fmt.Sprintf("s%d", i)})
	}
	budget, retries := r.s.faults, r.db.Retries()
	for {
		r.boot()
		for _, p := range r.people {
			r.s.spawn(ctx, p.name, p.visit)
		}
		r.s.spawn(ctx, "staff", r.staff)
		r.s.spawn(ctx, "courier", r.courier)
		for i, n := range r.nodes {
			r.s.spawn(ctx, fmt.Sprintf("worker %d", i), func(ctx context.Context, a *actor) { r.worker(ctx, a, n) })
		}
		if err := r.s.Run(); err != nil {
			return err
		}
		if !r.s.crashed {
			break
		}
		r.crashes++
		r.site.clock.Advance(time.Duration(1+r.rng.IntN(180)) * time.Second)
	}
	if n := r.db.Retries() - retries; n > 0 {
		r.books.complain("locks are taken in one order", "%d deadlocks", n)
	}
	r.spent = budget - r.s.faults
	if err := r.quiesce(ctx); err != nil {
		r.books.complain("the shop comes to rest", "%v", err)
	}
	ids, err := orderIDs(ctx, r.db)
	if err != nil {
		return err
	}
	r.orders = len(ids)
	return r.audit(ctx)
}
