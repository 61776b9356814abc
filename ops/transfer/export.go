package transfer

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
)

// sheetWriter collects the rows of one product for export.
type sheetWriter struct {
	lang     string
	currency string
	zone     *time.Location
	now      time.Time
	columns  []column
	index    map[string]int
	// ofVariant are the custom fields that have a column for variants alone,
	// ofProduct those that have another.
	ofVariant, ofProduct map[string]bool
	// seen are the columns that a file had, shared the custom fields that one of
	// them holds for products and variants alike.
	seen, shared map[string]bool
	rows         [][]string
	owner        map[int]int // row → variant it describes
}

func newSheetWriter(l *layout, opt Options) *sheetWriter {
	w := &sheetWriter{
		lang: cmp.Or(opt.Language, "en"), currency: opt.Currency, zone: cmp.Or(opt.Zone, time.UTC), now: opt.Now, columns: l.columns, index: make(map[string]int, len(l.columns)),
		ofVariant: make(map[string]bool), ofProduct: make(map[string]bool), seen: l.seen, shared: l.shared,
	}
	for i, c := range l.columns {
		w.index[c.id] = i
		if c.each {
			w.ofVariant[c.key] = true
		} else {
			w.ofProduct[c.key] = true
		}
	}
	return w
}

func (w *sheetWriter) has(id string) bool {
	_, ok := w.index[id]
	return ok
}

// set writes a cell; columns that the sheet does not have are left out.
func (w *sheetWriter) set(row int, id, value string) {
	for len(w.rows) <= row {
		w.rows = append(w.rows, make([]string, len(w.columns)))
	}
	if i, ok := w.index[id]; ok {
		w.rows[row][i] = value
	}
}

// describes says that a row is that of a variant.
func (w *sheetWriter) describes(row, variant int) { w.owner[row] = variant }

// product returns the rows of p.
func (w *sheetWriter) product(f *format, p Product) [][]string {
	w.rows, w.owner = nil, make(map[int]int)
	p = f.telling(p, w.now)
	if f.silent && p.Status != Active {
		return nil
	}
	f.rows(p, w)
	_, both := w.owner[0] // the first row speaks of the product and a variant
	for i, c := range w.columns {
		if c.key == "" || len(w.rows) == 0 {
			continue
		}
		if v := field(p.Fields, c.key); v != "" && !(c.each && (both || w.ofProduct[c.key])) {
			w.rows[0][i] = v
		}
		for row, variant := range w.owner {
			if !w.takes(c, row == 0) {
				continue
			}
			if v := field(p.Variants[variant].Fields, c.key); v != "" {
				w.rows[row][i] = v
			}
		}
	}
	return w.rows
}

// takes reports whether a column holds what a variant says in its field. In the
// first row a column that products share with variants speaks of the product.
func (w *sheetWriter) takes(c column, first bool) bool {
	switch {
	case !w.ofVariant[c.key]:
		return true
	case w.shared[c.key]:
		return c.each == first
	}
	return c.each
}

// telling is a product as far as the format can say it. What shoppers cannot
// see must not show in the other shop because its files have no word for it.
func (f *format) telling(p Product, now time.Time) Product {
	p.Status = cmp.Or(p.Status, Active)
	if f.dateless && (now.Before(p.PublishAt) || !p.EndAt.IsZero() && !now.Before(p.EndAt)) || f.silent && p.Visibility == ByAddressOnly {
		p.Status = Draft
	}
	if !f.shelved {
		live := slices.DeleteFunc(slices.Clone(p.Variants), func(v Variant) bool { return v.Disabled })
		if len(live) > 0 {
			p.Variants = live
		} else if len(p.Variants) > 0 {
			p.Status = Draft
		}
	}
	return p
}

// Export writes products in a platform's own columns, UTF-8, comma separated.
// header names the columns; nil means all that the platform has and the
// products need, for which products is walked twice. Amounts are those in
// opt.Currency, texts those in opt.Language, except where the platform's file
// has room for more. What is not for sale at opt.Now is a draft there, or left
// out where the platform's file knows no drafts; so are single variants. Cells that a spreadsheet would run as a formula are
// disarmed with a leading apostrophe, which Open takes away again.
func Export(out io.Writer, platform Platform, header []string, opt Options, products iter.Seq2[Product, error]) error {
	return exportProducts(out, platform, Products, header, opt, products)
}

// ExportTranslations is Export for the file with the products' texts in the
// languages other than opt.Language.
func ExportTranslations(out io.Writer, platform Platform, header []string, opt Options, products iter.Seq2[Product, error]) error {
	return exportProducts(out, platform, Translations, header, opt, products)
}

func exportProducts(out io.Writer, platform Platform, kind Kind, header []string, opt Options, products iter.Seq2[Product, error]) error {
	f, err := formatOf(platform, kind)
	if err != nil {
		return err
	}
	if header != nil {
		return writeProducts(out, layoutOf(f, header), opt, products)
	}
	return exportAll(out, f, nil, opt, products)
}

// exportAll writes products in all columns that the platform has, that files
// had and that the products need.
func exportAll(out io.Writer, f *format, had []heading, opt Options, products iter.Seq2[Product, error]) error {
	l := newLayout(f, had, opt.Language)
	known := make(map[string]bool)
	for p, err := range products {
		if err != nil {
			return err
		}
		if f.settle != nil {
			for _, h := range f.settle(p, slices.Clip(l.header))[len(l.header):] {
				l.settle(h)
			}
		}
		if f.kind == Products {
			l.addFields(p, known)
		}
	}
	return writeProducts(out, l, opt, products)
}

func writeProducts(out io.Writer, l *layout, opt Options, products iter.Seq2[Product, error]) error {
	w := newSheetWriter(l, opt)
	sink := newCSVWriter(out, l.f)
	if err := sink.write(l.header); err != nil {
		return err
	}
	for p, err := range products {
		if err != nil {
			return err
		}
		for _, row := range w.product(l.f, p) {
			if err := sink.write(row); err != nil {
				return err
			}
		}
	}
	return sink.flush()
}

// ExportCustomers is Export for customers.
func ExportCustomers(out io.Writer, platform Platform, header []string, customers iter.Seq2[Customer, error]) error {
	f, err := formatOf(platform, Customers)
	if err != nil {
		return err
	}
	if header != nil {
		return writeCustomers(out, layoutOf(f, header), customers)
	}
	return writeCustomers(out, newLayout(f, nil, ""), customers)
}

func writeCustomers(out io.Writer, l *layout, customers iter.Seq2[Customer, error]) error {
	w := newSheetWriter(l, Options{})
	sink := newCSVWriter(out, l.f)
	if err := sink.write(l.header); err != nil {
		return err
	}
	for c, err := range customers {
		if err != nil {
			return err
		}
		w.rows = nil
		l.f.people(c, w)
		for _, row := range w.rows {
			if err := sink.write(row); err != nil {
				return err
			}
		}
	}
	return sink.flush()
}

func formatOf(platform Platform, kind Kind) (*format, error) {
	for _, f := range formats() {
		if f.platform == platform && f.kind == kind {
			return f, nil
		}
	}
	return nil, fault.New(fault.Invalid, "transfer.unknown_platform").With("platform", string(platform))
}

type csvWriter struct {
	w *csv.Writer
	f *format
}

func newCSVWriter(out io.Writer, f *format) *csvWriter { return &csvWriter{csv.NewWriter(out), f} }

func (c *csvWriter) write(row []string) error {
	safe := make([]string, len(row))
	for i, cell := range row {
		safe[i] = disarm(cell)
	}
	if err := c.w.Write(safe); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func (c *csvWriter) flush() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// triggers are the first characters that make a spreadsheet run a cell, also in
// the full width that East Asian ones take for the same.
const triggers = "=+-@\t\r＝＋－＠"

// disarm puts an apostrophe before a cell that a spreadsheet would run, and
// before one that begins as if that had been done already, so that arm gives
// back what was there.
func disarm(s string) string {
	if first, n := utf8.DecodeRuneInString(strings.TrimLeft(s, "'")); n > 0 && strings.ContainsRune(triggers, first) {
		return "'" + s
	}
	return s
}

// arm undoes disarm.
func arm(s string) string {
	if strings.HasPrefix(s, "'") && disarm(s[1:]) == s {
		return s[1:]
	}
	return s
}
