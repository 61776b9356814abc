package tax_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var owner = audit.Staff("stf_1")

// do runs fn in a transaction and returns its error.
func do(t *testing.T, e dbtest.Env, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	return e.DB.InTx(t.Context(), fn)
}

func load(t *testing.T, e dbtest.Env) tax.Settings {
	t.Helper()
	s, err := tax.Load(t.Context(), e.DB)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seeded(t *testing.T, e dbtest.Env) {
	t.Helper()
	if err := do(t, e, func(ctx context.Context, tx *db.Tx) error {
		_, err := tax.New().Seed(ctx, tx, owner, starting(t, "DE", ""))
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func changes(t *testing.T, e dbtest.Env) int64 {
	t.Helper()
	return e.Int(t, `SELECT COUNT(*) FROM change_log`)
}

func TestService_Seed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seeded(t, e)
		first := load(t, e)
		if len(first.Rates) != 29 || len(first.Classes) != 2 || first.Classes[0].Code != tax.Standard || first.Classes[1].Code != tax.Exempt {
			t.Fatalf("%d rates, classes %+v", len(first.Rates), first.Classes)
		}
		want := starting(t, "DE", "")
		for _, w := range want {
			got, ok := first.Rates.Rate(tax.Area{Country: w.Country, Region: w.Region}, tax.Standard, now)
			if !ok || got.Rate != w.Rate || got.Source != w.Source || !got.From.Equal(w.From) || got.Name != w.Name {
				t.Errorf("%s %s came back as %+v", w.Country, w.Region, got)
			}
		}
		seeded(t, e) // a second call adds nothing
		if diff := cmp.Diff(first, load(t, e)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestService_SaveRate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seeded(t, e)
		svc := tax.New()
		row := tax.Row{
			Country: "NO", Class: tax.Standard, Rate: 250_000, Name: "MVA", Source: "Skatteetaten",
			From: now.Add(-time.Hour), To: now.Add(time.Hour),
		}
		save := func(r tax.Row) (saved tax.Row, err error) {
			err = do(t, e, func(ctx context.Context, tx *db.Tx) error {
				saved, err = svc.SaveRate(ctx, tx, owner, r)
				return err
			})
			return saved, err
		}
		made, err := save(row)
		if err != nil {
			t.Fatal(err)
		}
		row.ID, row.Version = made.ID, 1
		if diff := cmp.Diff(row, made); diff != "" {
			t.Error(diff)
		}

		made.Rate, made.To = 240_000, time.Time{}
		changed, err := save(made)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := load(t, e).Rates.Rate(tax.Area{Country: "NO"}, tax.Standard, now)
		if diff := cmp.Diff(changed, got); diff != "" || got.Version != 2 || got.Rate != 240_000 {
			t.Errorf("%+v\n%s", got, diff)
		}
		history, err := audit.History(t.Context(), e.DB, "tax_rate", made.ID, 10)
		if err != nil || len(history) != 2 || history[0].Action != "tax_rate.saved" || history[0].Actor != owner {
			t.Errorf("history: %+v, %v", history, err)
		}

		logged, before := changes(t, e), load(t, e)
		refusals := map[string]struct {
			row    tax.Row
			reason string
			field  string
		}{
			"an older version":    {made, "settings.changed", ""},
			"a row that is gone":  {tax.Row{ID: "txr_gone", Country: "NO", Class: tax.Standard, Name: "x", Source: "x", From: now, Version: 1}, "settings.unknown", ""},
			"an unknown class":    {tax.Row{Country: "NO", Class: "books", Name: "x", Source: "x", From: now}, "form.invalid", "class"},
			"a twin":              {tax.Row{Country: "NO", Class: tax.Standard, Name: "x", Source: "x", From: row.From}, "form.invalid", "from"},
			"a bad country":       {tax.Row{Country: "Norway", Class: tax.Standard, Name: "x", Source: "x", From: now}, "form.invalid", "country"},
			"changed into a twin": {func() tax.Row { r := changed; r.Country, r.From = "DE", day("2021-01-01"); return r }(), "form.invalid", "from"},
		}
		for name, tt := range refusals {
			_, err := save(tt.row)
			f := fault.From(err)
			if f == nil || f.Reason != tt.reason || (tt.field != "" && (len(f.Fields) != 1 || f.Fields[0].Path != tt.field)) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if diff := cmp.Diff(before, load(t, e)); diff != "" || changes(t, e) != logged {
			t.Errorf("refusals changed something: %s (%d entries more)", diff, changes(t, e)-logged)
		}

		if err := do(t, e, func(ctx context.Context, tx *db.Tx) error {
			return svc.DeleteRate(ctx, tx, owner, changed.ID, 1)
		}); fault.Reason(err) != "settings.changed" {
			t.Errorf("got %v", err)
		}
		if err := do(t, e, func(ctx context.Context, tx *db.Tx) error {
			return svc.DeleteRate(ctx, tx, owner, changed.ID, 2)
		}); err != nil {
			t.Error(err)
		}
		if _, ok := load(t, e).Rates.Rate(tax.Area{Country: "NO"}, tax.Standard, now); ok {
			t.Error("the rate is still there")
		}
	})
}

func TestService_Classes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seeded(t, e)
		svc := tax.New()
		save := func(c tax.Class) (saved tax.Class, err error) {
			err = do(t, e, func(ctx context.Context, tx *db.Tx) error {
				saved, err = svc.SaveClass(ctx, tx, owner, c)
				return err
			})
			return saved, err
		}
		remove := func(id string, version int64) error {
			return do(t, e, func(ctx context.Context, tx *db.Tx) error { return svc.DeleteClass(ctx, tx, owner, id, version) })
		}
		books, err := save(tax.Class{Code: "books", Name: locale.Text{"en": "Books", "de": "Bücher"}, Position: 5})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := save(tax.Class{Code: "books", Name: locale.Text{"en": "x"}}); fault.From(err).Fields[0].Reason != "tax.code_taken" {
			t.Errorf("got %v", err)
		}
		if _, err := save(tax.Class{Code: "Books!"}); len(fault.From(err).Fields) != 2 {
			t.Errorf("got %v", err)
		}
		books.Code, books.Position = "hardbacks", 6 // a code never changes
		books, err = save(books)
		if err != nil || books.Code != "books" || books.Version != 2 {
			t.Errorf("got %+v, %v", books, err)
		}

		if err := do(t, e, func(ctx context.Context, tx *db.Tx) error {
			_, err := svc.SaveRate(ctx, tx, owner, tax.Row{Country: "DE", Class: "books", Rate: 70_000, Name: "MwSt.", Source: "UStG § 12", From: now})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := remove(books.ID, 2); fault.Reason(err) != "tax.class_in_use" {
			t.Errorf("a class with rates: got %v", err)
		}
		for _, c := range load(t, e).Classes[:2] {
			if err := remove(c.ID, c.Version); fault.Reason(err) != "tax.class_in_use" {
				t.Errorf("%s: got %v", c.Code, err)
			}
		}
		for _, r := range load(t, e).Rates {
			if r.Class == "books" {
				if err := do(t, e, func(ctx context.Context, tx *db.Tx) error { return svc.DeleteRate(ctx, tx, owner, r.ID, r.Version) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := remove(books.ID, 1); fault.Reason(err) != "settings.changed" {
			t.Errorf("got %v", err)
		}
		if err := remove(books.ID, 2); err != nil {
			t.Error(err)
		}
		if err := remove(books.ID, 2); fault.Reason(err) != "settings.unknown" || !fault.Is(err, fault.NotFound) {
			t.Errorf("a second time: got %v", err)
		}
		if n := len(load(t, e).Classes); n != 2 {
			t.Errorf("%d classes are left", n)
		}
	})
}

func TestService_aRolledBackChangeLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seeded(t, e)
		before, logged := load(t, e), changes(t, e)
		no := errors.New("no")
		err := do(t, e, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tax.New().SaveClass(ctx, tx, owner, tax.Class{Code: "books", Name: locale.Text{"en": "Books"}}); err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, load(t, e)); diff != "" || changes(t, e) != logged {
			t.Error("something stayed: " + diff)
		}
	})
}
