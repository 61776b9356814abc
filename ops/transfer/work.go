package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
)

// session is an open file with everything that importing it needs. It belongs
// to one goroutine.
type session struct {
	s        *Service
	run      Run
	at       int64 // steps behind
	due      due   // those of them that the database does not know yet
	sheet    *Sheet
	texts    *Sheet
	settings *market.Snapshot
	actor    audit.Actor
	lang     string
	plan     plan
	defs     map[custom.Owner]custom.Definitions
	location string                                // where stock goes
	paths    map[string]string                     // category by path
	taken    map[string]taken                      // pictures by source, of this session
	root     *os.Root                              // of pictures; nil: none
	fetch    func(context.Context, string) picture // of the web; nil: none
}

// taken is a picture that was taken in.
type taken struct {
	picture upload.Picture
	name    string
}

// picture is a picture that was fetched, or the reason why it was not.
type picture struct {
	taken
	reason string
	params map[string]any
}

// session opens a run's file and plans it.
func (s *Service) session(ctx context.Context, run Run, file, texts io.ReadSeeker, dir string) (*session, error) {
	opt := Options{Currency: run.Report.Currency, Language: run.Report.Language, TempDir: s.tempDir}
	settings := s.markets.Current(ctx)
	opt.Zone = settings.Shop.Location()
	sheet, err := Open(ctx, run.Platform, file, opt)
	if err != nil {
		return nil, err
	}
	ses := &session{s: s, run: run, at: run.Done, sheet: sheet, settings: settings, actor: run.Report.Actor, lang: opt.Language,
		paths: make(map[string]string), taken: make(map[string]taken)}
	if err := ses.prepare(ctx, texts, dir, opt); err != nil {
		ses.close()
		return nil, err
	}
	return ses, nil
}

func (ses *session) prepare(ctx context.Context, texts io.ReadSeeker, dir string, opt Options) (err error) {
	if ses.sheet.Kind == Customers && ses.s.people == nil {
		return fault.New(fault.Invalid, "transfer.no_customers")
	}
	if texts != nil {
		if ses.texts, err = Open(ctx, ses.run.Platform, texts, opt); err != nil {
			return err
		}
		if err := ses.sheet.Translate(ses.texts); err != nil {
			return err
		}
	}
	if err := ses.folder(dir); err != nil {
		return err
	}
	if ses.run.Report.Pictures && ses.s.web != nil {
		ses.fetch = ses.s.fetch
	}
	if ses.plan, err = ses.look(ctx); err != nil {
		return err
	}
	return ses.start(ctx)
}

func (ses *session) close() {
	if ses.root != nil {
		_ = ses.root.Close()
	}
	for _, sheet := range []*Sheet{ses.sheet, ses.texts} {
		if sheet == nil {
			continue
		}
		if err := sheet.Close(); err != nil {
			ses.s.log.Warn("an import's temporary file cannot be removed", "err", err)
		}
	}
}

// folder opens the folder of pictures.
func (ses *session) folder(dir string) error {
	if dir == "" {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fault.New(fault.Invalid, "transfer.no_folder").With("folder", dir).Because(err)
	}
	ses.root = root
	return nil
}

func (ses *session) total() int64 { return int64(ses.sheet.Len() + len(ses.plan.related)) }

// start notes what the file is like and makes what products need: custom
// fields, and a place for stock. It does nothing that is done already.
func (ses *session) start(ctx context.Context) error {
	return ses.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := findRun(ctx, tx, ses.run.ID)
		if err != nil {
			return err
		}
		first := now.Total == 0
		r := &now.Report
		r.Kind, r.Encoding, r.Comma, r.Rows, r.Blank = ses.sheet.Kind, ses.sheet.Encoding, ses.sheet.Comma, ses.sheet.Rows, ses.sheet.Blank
		r.Columns = ses.sheet.Columns()
		if ses.texts != nil {
			for _, c := range ses.texts.Columns() {
				c.Name = "+ " + c.Name
				r.Columns = append(r.Columns, c)
			}
		}
		if _, err := setState(ctx, tx, now.ID, now.State, r, now.State); err != nil {
			return err
		}
		if err := setTotal(ctx, tx, now.ID, ses.total()); err != nil {
			return err
		}
		ses.run = now
		if first { // what belongs to no product is told once
			loose := append(slices.Clone(ses.sheet.Problems()), ses.plan.notices...)
			if ses.texts != nil {
				loose = append(loose, ses.texts.Problems()...)
			}
			if err := addProblems(ctx, tx, now.ID, loose); err != nil {
				return err
			}
			if err := addCounts(ctx, tx, now.ID, Counts{Problems: int64(len(loose))}); err != nil {
				return err
			}
		}
		if err := ses.makeFields(ctx, tx); err != nil {
			return err
		}
		return ses.findLocation(ctx, tx)
	})
}

// errPause says that more steps are left.
var errPause = errors.New("transfer: more to do")

// due is the outcome of steps that wrote nothing: products that are unchanged
// or refused, and all of a dry run. It is written together with the next step
// that does write, or after a hundred, or after a moment.
type due struct {
	steps    int64
	counts   Counts
	problems []Problem
	since    clock.Stopwatch
}

const (
	mostDue = 100
	dueTime = 250 * time.Millisecond
)

func (c *Counts) add(d Counts) {
	c.Created += d.Created
	c.Updated += d.Updated
	c.Unchanged += d.Unchanged
	c.Refused += d.Refused
	c.Variants += d.Variants
	c.Pictures += d.Pictures
	c.Problems += d.Problems
}

// work carries out the steps that are left, while more says so.
func (s *Service) work(ctx context.Context, ses *session, progress func(Run), more func() bool) error {
	for ses.at < ses.total() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := ses.step(ctx); err != nil {
			return err
		}
		last := ses.at == ses.total()
		pause := !last && !more()
		if last || pause {
			if err := ses.settle(ctx); err != nil {
				return err
			}
		}
		if progress != nil && ses.due.steps == 0 {
			run, err := s.Get(ctx, ses.run.ID)
			if err != nil {
				return err
			}
			progress(run)
		}
		if pause {
			return errPause
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ended, err := setState(ctx, tx, ses.run.ID, Done, nil, Running)
		if err != nil {
			return err
		}
		if !ended {
			return fault.New(fault.Conflict, "transfer.run_stopped")
		}
		run, err := findRun(ctx, tx, ses.run.ID)
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: ses.actor, Action: "import.finished", Object: "import", ID: run.ID, After: run.Counts})
	})
}

// errDry undoes what a dry run has tried.
var errDry = errors.New("transfer: dry run")

// refusal is an outcome that undoes a step's writes but not the step.
type refusal struct{ problems []Problem }

func (r *refusal) Error() string { return fmt.Sprintf("transfer: refused: %v", r.problems) }

// step imports one product, or points one to others, in one transaction with
// the run's cursor, its counts and its problems.
func (ses *session) step(ctx context.Context) error {
	n := int64(ses.sheet.Len())
	if ses.at >= n {
		i := ses.plan.related[ses.at-n]
		_, err := ses.commit(ctx, func(ctx context.Context, tx *db.Tx) (Counts, []Problem, error) { return ses.link(ctx, tx, i) })
		return err
	}
	if ses.sheet.Kind == Customers {
		return ses.admit(ctx, int(ses.at))
	}
	p, problems, err := ses.sheet.Product(int(ses.at))
	if err != nil {
		return err
	}
	if Refused(problems) {
		return ses.put(ctx, Counts{Refused: 1}, problems)
	}
	a := &applier{session: ses, in: p, problems: problems}
	if err := a.takePictures(ctx); err != nil {
		return err
	}
	if a.unchanged {
		return ses.put(ctx, Counts{Unchanged: 1}, a.problems)
	}
	wrote, err := ses.commit(ctx, a.apply)
	if wrote {
		ses.remember(a.paths)
	}
	return err
}

// commit carries out a step that writes, and reports whether it did. One that
// is refused, and a dry run, writes nothing.
func (ses *session) commit(ctx context.Context, do func(context.Context, *db.Tx) (Counts, []Problem, error)) (wrote bool, err error) {
	var counts Counts
	var problems []Problem
	err = ses.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var err error
		if counts, problems, err = do(ctx, tx); err != nil {
			return err
		}
		if ses.run.DryRun {
			return errDry
		}
		return ses.write(ctx, tx, 1, counts, problems)
	})
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return false, ses.put(ctx, Counts{Refused: 1}, refused.problems)
	case errors.Is(err, errDry):
		return false, ses.put(ctx, counts, problems)
	case err == nil:
		ses.at++
		ses.due = due{}
	}
	return err == nil, err
}

// put notes a step that wrote nothing.
func (ses *session) put(ctx context.Context, counts Counts, problems []Problem) error {
	if ses.due.steps == 0 {
		ses.due.since = clock.Start()
	}
	ses.at++
	ses.due.steps++
	ses.due.counts.add(counts)
	ses.due.problems = append(ses.due.problems, problems...)
	if ses.due.steps < mostDue && ses.due.since.Elapsed() < dueTime {
		return nil
	}
	return ses.settle(ctx)
}

// settle writes what is due.
func (ses *session) settle(ctx context.Context) error {
	if ses.due.steps == 0 {
		return nil
	}
	err := ses.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return ses.write(ctx, tx, 0, Counts{}, nil) })
	if err == nil {
		ses.due = due{}
	}
	return err
}

// write moves the cursor over what is due and some steps more, and notes what
// came of them.
func (ses *session) write(ctx context.Context, tx *db.Tx, steps int64, counts Counts, problems []Problem) error {
	moved, err := advance(ctx, tx, ses.run.ID, ses.at-ses.due.steps, ses.due.steps+steps)
	if err != nil {
		return err
	}
	if !moved {
		run, err := findRun(ctx, tx, ses.run.ID)
		if err != nil {
			return err
		}
		if run.State != Running {
			return fault.New(fault.Conflict, "transfer.run_stopped")
		}
		return fault.New(fault.Conflict, "transfer.run_elsewhere")
	}
	counts.add(ses.due.counts)
	all := append(slices.Clone(ses.due.problems), problems...)
	counts.Problems = int64(len(all))
	if err := addCounts(ctx, tx, ses.run.ID, counts); err != nil {
		return err
	}
	return addProblems(ctx, tx, ses.run.ID, all)
}
