package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
)

type importCmd struct {
	Platform     platform `arg:"" help:"What the file was exported from: shopify, woocommerce, spree or vendure."`
	File         string   `arg:"" help:"The exported CSV file."`
	DryRun       bool     `help:"Say what would happen, row by row, and change nothing."`
	Images       string   `placeholder:"DIR" help:"Folder in which pictures are looked for by file name."`
	Fetch        bool     `help:"Fetch pictures from the addresses in the file."`
	Translations string   `placeholder:"FILE" help:"File of translations of the products (spree)."`
	Again        bool     `help:"Import a file that was imported to the end before."`
}

// Help is the part of the help that is longer than a line.
func (importCmd) Help() string {
	return `The shop must have been set up: its owner has opened the link of "stoa setup" and named the shop. Begin with --dry-run. An import can be stopped and run again; it goes on where it stopped, and nothing is imported twice.`
}

// platform is a shop system whose files are read. A command line with another
// is told so before anything else of it is looked at.
type platform string

// UnmarshalText fails unless the text is the name of one.
func (p *platform) UnmarshalText(text []byte) error {
	known := []string{"shopify", "woocommerce", "spree", "vendure"}
	if !slices.Contains(known, string(text)) {
		return fmt.Errorf("%q is not known; the known ones are %s", text, strings.Join(known, ", "))
	}
	*p = platform(text)
	return nil
}

// Run imports a file product by product. It can be stopped at any moment and
// run again: it goes on where it stopped, and nothing is imported twice.
func (c importCmd) Run(ctx context.Context, all *commands) error {
	file, err := openFile(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	if c.Images != "" {
		if _, err := os.ReadDir(c.Images); err != nil {
			return unread("folder", c.Images, err)
		}
	}
	drawn := &bar{percent: -1}
	request := transfer.Request{
		Platform: transfer.Platform(c.Platform), File: file, FileName: filepath.Base(c.File),
		DryRun: c.DryRun, Folder: c.Images, Pictures: c.Fetch, Again: c.Again, Actor: audit.System("import"), Progress: drawn.draw,
	}
	if c.Translations != "" {
		texts, err := openFile(c.Translations)
		if err != nil {
			return err
		}
		defer texts.Close()
		request.Texts = texts
	}
	shop, err := all.open(ctx)
	if err != nil {
		return err
	}
	defer shop.Close()
	if !shop.Market.Current(ctx).Open() {
		return errors.New("the shop is not set up yet: run stoa serve, open the owner's link (stoa setup prints a new one) and name the shop first")
	}
	say, began := shop.Words.Printer("en", nil), shop.DB.Now()
	run, err := shop.Transfer.Run(ctx, request)
	drawn.end()
	if err != nil {
		return err
	}
	if run.FinishedAt.Before(began) {
		fmt.Println("This file was imported to the end before; --again imports it once more. What became of it then:")
	}
	return report(ctx, shop, say, run)
}

// openFile opens a file that the command line names.
func openFile(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unread("file", name, err)
	}
	if about, err := f.Stat(); err == nil && about.IsDir() {
		return nil, errors.Join(usage("%s is a folder, not a file", name), f.Close())
	}
	return f, nil
}

// unread says in words why what the command line names cannot be read.
func unread(what, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage("there is no %s %s", what, name)
	case errors.Is(err, fs.ErrPermission):
		return usage("this user may not read the %s %s", what, name)
	case errors.Is(err, syscall.ENOTDIR):
		return usage("%s is no %s", name, what)
	}
	return usage("the %s %s cannot be read", what, name)
}

// bar is a line about a run that is drawn over.
type bar struct{ percent int64 }

func (b *bar) draw(r transfer.Run) {
	if r.Total == 0 {
		return
	}
	if percent := 100 * r.Done / r.Total; percent != b.percent {
		b.percent = percent
		fmt.Printf("\r%d of %d steps (%d %%)", r.Done, r.Total, percent)
	}
}

// end begins a new line, if there is one to end.
func (b *bar) end() {
	if b.percent >= 0 {
		fmt.Println()
	}
}

// report prints what a run did, each problem with its row, and what became of
// every column. It fails when something of the file was left out.
func report(ctx context.Context, shop *stoa.Shop, say *locale.Printer, run transfer.Run) error {
	fmt.Println(summary(run))
	left := run.Refused > 0
	for after := int64(0); ; {
		problems, err := shop.Transfer.Problems(ctx, run.ID, after, 200)
		if err != nil {
			return err
		}
		for _, p := range problems {
			what := "note"
			if !p.Notice {
				what, left = "refused", true
			}
			fmt.Printf("  %-8s %s\n", what, problem(say, p))
		}
		after += int64(len(problems))
		if len(problems) < 200 {
			break
		}
	}
	for _, c := range run.Report.Columns {
		what := say.T("transfer.use." + string(c.Use))
		if c.Target != "" {
			what += ": " + c.Target
		}
		if c.Reason != "" {
			what += ": " + say.T(c.Reason)
		}
		if c.Field != nil {
			what += " “" + c.Field.Label + "”"
		}
		for _, f := range c.Also {
			what += ", custom field “" + f.Label + "”"
		}
		fmt.Printf("  column %-40s %s\n", c.Name, what)
	}
	switch {
	case run.Report.Failure != "":
		return errors.New(say.T(run.Report.Failure, run.Report.Params))
	case left:
		return &stoa.ExitError{Code: stoa.ExitRefused, Line: "not everything in the file could be taken; correct the rows named above and import it again"}
	}
	return nil
}

// summary says in a sentence what a run did or, dry, would do.
func summary(run transfer.Run) string {
	people := run.Report.Kind == transfer.Customers
	thing, would, c := "product", "", run.Counts
	if people {
		thing = "account"
	}
	if run.DryRun {
		would = "would be "
	}
	line := fmt.Sprintf("%s: %s %screated, %d updated, %d unchanged, %d refused", run.FileName, counted(c.Created, thing), would, c.Updated, c.Unchanged, c.Refused)
	if !people {
		line += "; " + counted(c.Variants, "variant") + " and " + counted(c.Pictures, "picture")
	}
	return line + "."
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// problem is one line about a row, or about the whole file.
func problem(say *locale.Printer, p transfer.Problem) string {
	where := "the whole file"
	if p.Row > 0 {
		where = fmt.Sprintf("row %d", p.Row)
	}
	if p.Column != "" {
		where += ", " + p.Column
	}
	line := where + ": " + say.T(p.Reason, p.Params)
	if p.Value != "" {
		line += fmt.Sprintf(" (%q)", p.Value)
	}
	return line
}
