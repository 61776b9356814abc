package transfer

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

// How long the file of a run that may still be carried out is kept.
const (
	keepGoods  = 30 * 24 * time.Hour
	keepPeople = 24 * time.Hour // it is about people
)

func (s *Service) forgetNow(ctx context.Context, id string) error {
	run, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.forget(ctx, run)
}

// forget deletes the files of a run that is done. Those of a trial, and of one
// that failed or was stopped, may still be carried out and are kept until
// Sweep; only a file about people that was stopped goes at once.
func (s *Service) forget(ctx context.Context, run Run) error {
	trial := run.DryRun && run.State == Done
	if trial || run.Report.Kind != Customers && run.State != Done {
		return nil
	}
	return s.drop(ctx, run)
}

func (s *Service) drop(ctx context.Context, run Run) error {
	for _, name := range run.Report.files() {
		if err := s.files.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// files are the names of what is stored for a run.
func (r Report) files() []string {
	names := slices.Collect(maps.Values(r.Given))
	for _, name := range []string{r.File, r.Texts} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Sweep deletes the files of runs that nobody has carried out in time: a day
// for people, a month for goods. A file that a younger run needs stays. It is
// housekeeping; a second call finds nothing left.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.db.Now()
	needed := make(map[string]bool)
	var old []Run
	for before := ""; ; {
		page, err := s.List(ctx, before, 200)
		if err != nil {
			return err
		}
		for _, r := range page {
			keep := keepGoods
			if r.Report.Kind == Customers {
				keep = keepPeople
			}
			switch {
			case r.Report.File == "":
			case r.FinishedAt.IsZero() || now.Sub(r.FinishedAt) < keep:
				for _, name := range r.Report.files() {
					needed[name] = true
				}
			default:
				old = append(old, r)
			}
		}
		if len(page) < 200 {
			break
		}
		before = page[len(page)-1].ID
	}
	for _, r := range old {
		gone := r.Report
		gone.File, gone.Texts, gone.Given = "", "", nil
		for _, name := range r.Report.files() {
			if needed[name] {
				continue
			}
			if err := s.files.Delete(ctx, name); err != nil {
				return err
			}
		}
		err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return setReport(ctx, tx, r.ID, gone) })
		if err != nil {
			return err
		}
	}
	return nil
}
