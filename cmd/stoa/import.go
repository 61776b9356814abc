package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
)

type importCmd struct {
	Platform     string `arg:"" enum:"shopify,woocommerce,spree,vendure" help:"What the file was exported from: shopify, woocommerce, spree or vendure."`
	File         string `arg:"" type:"existingfile" help:"The exported CSV file."`
	DryRun       bool   `help:"Say what would happen, row by row, and change nothing."`
	Images       string `placeholder:"DIR" type:"existingdir" help:"Folder in which pictures are looked for by file name."`
	Fetch        bool   `help:"Fetch pictures from the addresses in the file."`
	Translations string `placeholder:"FILE" type:"existingfile" help:"File of translations of the products (spree)."`
	Again        bool   `help:"Import a file that was imported to the end before."`
}

// Run imports a file product by product. It can be stopped at any moment and
// run again: it goes on where it stopped, and nothing is imported twice.
func (c importCmd) Run(ctx context.Context, all *commands) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s cannot be read", c.File)
	}
	defer file.Close()
	request := transfer.Request{
		Platform: transfer.Platform(c.Platform), File: file, FileName: filepath.Base(c.File),
		DryRun: c.DryRun, Folder: c.Images, Pictures: c.Fetch, Again: c.Again, Actor: audit.System("import"), Progress: progress(),
	}
	if c.Translations != "" {
		texts, err := os.Open(c.Translations)
		if err != nil {
			return fmt.Errorf("%s cannot be read", c.Translations)
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
		return errors.New("the shop is not set up yet: run stoa serve, open the owner's link and name the shop first")
	}
	say := shop.Words.Printer("en", nil)
	run, err := shop.Transfer.Run(ctx, request)
	fmt.Println()
	if err != nil {
		return err
	}
	return report(ctx, shop, say, run)
}

// progress draws a line that is drawn over.
func progress() func(transfer.Run) {
	told := int64(-1)
	return func(r transfer.Run) {
		if r.Total == 0 {
			return
		}
		if percent := 100 * r.Done / r.Total; percent != told {
			told = percent
			fmt.Printf("\r%d of %d steps (%d %%)", r.Done, r.Total, percent)
		}
	}
}

// report prints what a run did, each problem with its row, and what became of
// every column.
func report(ctx context.Context, shop *stoa.Shop, say *locale.Printer, run transfer.Run) error {
	fmt.Printf("%s: %+v\n", run.State, run.Counts)
	for after := int64(0); ; {
		problems, err := shop.Transfer.Problems(ctx, run.ID, after, 200)
		if err != nil {
			return err
		}
		for _, p := range problems {
			where := fmt.Sprintf("row %d", p.Row)
			if p.Column != "" {
				where += ", " + p.Column
			}
			fmt.Printf("  %s: %s", where, say.T(p.Reason, p.Params))
			if p.Value != "" {
				fmt.Printf(" (%q)", p.Value)
			}
			fmt.Println()
		}
		after += int64(len(problems))
		if len(problems) < 200 {
			break
		}
	}
	for _, c := range run.Report.Columns {
		what := say.T("transfer.use." + string(c.Use))
		if c.Reason != "" {
			what += ": " + say.T(c.Reason)
		}
		fmt.Printf("  column %-40s %s\n", c.Name, strings.TrimSpace(what+" "+c.Target))
	}
	if run.Report.Failure != "" {
		return errors.New(say.T(run.Report.Failure, run.Report.Params))
	}
	return nil
}
