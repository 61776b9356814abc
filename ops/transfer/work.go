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
	var err error
	if opt.Own, err = s.fields.For(ctx, custom.Customer); err != nil {
		return nil, err
	}
	sheet, err := Open(ctx, run.Platform, file, opt)
	if err != nil {
		return nil, err
	}
	ses := &session{
		s: s, run: run, at: run.Done, sheet: sheet, settings: settings, actor: run.Report.Actor, lang: opt.Language,
		paths: make(map[string]string), taken: make(map[string]taken),
	}
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

// day is the date of an instant where the shop is.
func (ses *session) day(t time.Time) string { return about{ses: ses}.day(t) }

func (ses *session) total() int64 { return int64(ses.sheet.Len() + len(ses.plan.related)) }

// start notes what the file is like and makes what products need: custom
// fields, and a place for stock. It does nothing that is done already.
func (ses *session) start(ctx context.Context) error {
	return ses.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		// A process that was killed may have committed since the run was read;
		// the cursor that counts is the one read under the lock.
		now, err := lockRun(ctx, tx, ses.run.ID)
		if err != nil {
			return err
		}
		ses.at = now.Done
		first := now.Total == 0
		r := &now.Report
		r.Kind, r.Encoding, r.Comma, r.Rows, r.Blank = ses.sheet.Kind, ses.sheet.Encoding, ses.sheet.Comma, ses.sheet.Rows, ses.sheet.Blank
		r.Columns = ses.columns()
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
			loose := slices.Concat(r.Refused, ses.sheet.Problems(), ses.plan.notices)
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
		if err := ses.recall(ctx, tx); err != nil {
			return err
		}
		if err := ses.makeFields(ctx, tx); err != nil {
			return err
		}
		return ses.findLocation(ctx, tx)
	})
}

// recall remembers what the file calls its columns, for an export.
func (ses *session) recall(ctx context.Context, tx *db.Tx) error {
	if ses.run.DryRun {
		return nil
	}
	for _, sheet := range []*Sheet{ses.sheet, ses.texts} {
		if sheet == nil {
			continue
		}
		had, err := headings(ctx, tx, sheet.Platform, sheet.Kind)
		if err != nil {
			return err
		}
		now := recalled(had, sheet.headings())
		if slices.Equal(now, had) {
			continue
		}
		if err := saveHeadings(ctx, tx, sheet.Platform, sheet.Kind, now); err != nil {
			return err
		}
	}
	return nil
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
		if err := ses.batch(ctx); err != nil {
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

// step is what is to be done for one product or customer.
type step struct {
	// do writes, in a transaction that others may share. made are the
	// categories that the transaction has made so far, by path. nil: nothing is
	// to be written, and counts and problems are the outcome.
	do       func(ctx context.Context, tx *db.Tx, made map[string]string) (Counts, []Problem, error)
	counts   Counts
	problems []Problem
}

// A batch is the steps that share a transaction, so that the disk is waited for
// once. It stays so short that a checkout that waits for SQLite's only writer
// does not feel it.
const (
	mostBatch = 16
	batchTime = 25 * time.Millisecond  // after which no step is added to a transaction
	readTime  = 250 * time.Millisecond // after which no step is added to a batch: pictures are slow
)

// batch takes the next steps.
func (ses *session) batch(ctx context.Context) error {
	most := ses.s.mostBatch
	if ses.run.DryRun { // undone one by one
		most = 1
	}
	var steps []step
	for watch := clock.Start(); len(steps) < most && ses.at+int64(len(steps)) < ses.total() && (len(steps) == 0 || watch.Elapsed() < ses.s.readTime); {
		st, err := ses.ready(ctx, ses.at+int64(len(steps)))
		switch {
		case err != nil && len(steps) > 0:
			return ses.commit(ctx, steps) // the error comes back, when those before it are in
		case err != nil:
			return err
		case st.do == nil && len(steps) == 0:
			return ses.put(ctx, st.counts, st.problems)
		}
		steps = append(steps, st)
	}
	return ses.commit(ctx, steps)
}

// ready does what comes before the transaction of a step.
func (ses *session) ready(ctx context.Context, at int64) (step, error) {
	n := int64(ses.sheet.Len())
	if at >= n {
		i := ses.plan.related[at-n]
		return step{do: func(ctx context.Context, tx *db.Tx, _ map[string]string) (Counts, []Problem, error) {
			return ses.link(ctx, tx, i)
		}}, nil
	}
	if ses.sheet.Kind == Customers {
		return ses.admit(int(at))
	}
	p, problems, err := ses.sheet.Product(int(at))
	if err != nil {
		return step{}, err
	}
	if Refused(problems) {
		return step{counts: Counts{Refused: 1}, problems: problems}, nil
	}
	a := &applier{session: ses, in: p, problems: problems}
	if err := a.takePictures(ctx); err != nil {
		return step{}, err
	}
	if a.unchanged {
		return step{counts: Counts{Unchanged: 1}, problems: a.problems}, nil
	}
	return step{do: a.apply}, nil
}

// commit carries out steps in as few transactions as their time allows. When a
// step fails, its transaction is undone; the steps before it are done again
// without it, and it alone after them.
func (ses *session) commit(ctx context.Context, steps []step) error {
	for most := len(steps); len(steps) > 0; {
		done, failed, err := ses.try(ctx, steps[:most])
		var refused *refusal
		switch {
		case err == nil:
		case failed && done > 0:
			most = done
			continue
		case errors.As(err, &refused):
			done, err = 1, ses.put(ctx, Counts{Refused: 1}, refused.problems)
		case errors.Is(err, errDry):
			done, err = 1, ses.put(ctx, steps[0].counts, steps[0].problems)
		}
		if err != nil {
			return err
		}
		steps = steps[done:]
		most = len(steps)
	}
	return nil
}

// try carries out steps in one transaction together with the run's cursor, its
// counts and its problems, until their time is up. done is how many it did; when
// failed is set, the step after them failed and nothing was written. A dry run
// writes nothing, leaves the outcome in its step and fails with errDry.
func (ses *session) try(ctx context.Context, steps []step) (done int, failed bool, err error) {
	var made map[string]string
	err = ses.s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, failed, made = 0, false, make(map[string]string)
		var counts Counts
		var problems []Problem
		for watch := clock.Start(); done < len(steps) && (done == 0 || watch.Elapsed() < ses.s.batchTime); done++ {
			st := steps[done]
			if st.do != nil {
				var err error
				if st.counts, st.problems, err = st.do(ctx, tx, made); err != nil {
					failed = true
					return err
				}
			}
			if ses.run.DryRun {
				steps[done] = st
				return errDry
			}
			counts.add(st.counts)
			problems = append(problems, st.problems...)
		}
		return ses.write(ctx, tx, int64(done), counts, problems)
	})
	if err == nil {
		ses.at += int64(done)
		ses.due = due{}
		ses.remember(made)
	}
	return done, failed, err
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
