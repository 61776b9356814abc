package transfer

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Sheet is a file that was read once and can be asked for its products, in any
// order and as often as needed. It is not safe for concurrent use. Close it.
type Sheet struct {
	Platform Platform
	Kind     Kind
	Encoding Encoding // what the file was written in
	Comma    string   // its delimiter
	Rows     int      // rows below the header that hold anything
	Blank    int      // rows that hold nothing

	format   *format
	opt      Options
	clean    *cleaner
	header   []string
	width    int // cells of the header row, with the empty ones at its end
	columns  []column
	index    map[string]int // column id → place in a row
	stats    []columnStats
	groups   []*group
	loose    []Problem // of no product
	spool    *os.File
	unlinked bool           // the temporary file has no name any more
	texts    *Sheet         // translations that products are given
	aliases  map[string]int // names under which rows point to products → group
	byKey    map[string]int // of a sheet of translations: key → index + 1
}

// group is the rows of one product.
type group struct {
	key      string
	handle   string
	rows     []stored
	problems []Problem
	refused  int // problems, kept or not
	sells    bool
}

// stored says where a row lies in the temporary file.
type stored struct {
	row    int
	offset int64
}

// maxGroupProblems is how many problems of one product are kept with their
// text; more are only counted.
const maxGroupProblems = 50

func (g *group) add(p Problem) {
	if !p.Notice {
		g.refused++
	}
	if len(g.problems) < maxGroupProblems {
		g.problems = append(g.problems, p)
	}
}

// rowView looks at one row by column id.
type rowView struct {
	s     *Sheet
	cells []string
	row   int
}

// get returns a cell, "" when the file has no such column.
func (r rowView) get(id string) string {
	i, ok := r.s.index[id]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return r.cells[i]
}

// has reports whether the file has one of the columns.
func (s *Sheet) has(ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { _, ok := s.index[id]; return ok })
}

// Open reads a file and sorts its rows into products. It fails with a fault
// when the file as a whole cannot be used: "transfer.empty_file",
// "transfer.not_csv", "transfer.columns_missing", "transfer.columns_repeated",
// "transfer.other_platform", "transfer.no_rows", "transfer.quote_never_closed",
// "transfer.too_many_rows", or the reason for which the header row cannot be
// read. Nothing else about the content is an error; see Problems.
func Open(ctx context.Context, platform Platform, src io.ReadSeeker, opt Options) (*Sheet, error) {
	opt.Limits = opt.Limits.orDefaults()
	if opt.Language == "" {
		opt.Language = "en"
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if !slices.Contains(Platforms(), platform) {
		return nil, fault.New(fault.Invalid, "transfer.unknown_platform").With("platform", string(platform))
	}
	text, enc, err := decode(src)
	if err != nil {
		return nil, err
	}
	all := formats()
	known := func(header []string) int {
		most := 0
		for _, f := range all {
			if n, _ := f.fit(header); n > most {
				most = n
			}
		}
		return most
	}
	text, comma, err := detect(text, opt.Limits, known)
	if err != nil {
		return nil, fmt.Errorf("read import: %w", err)
	}
	s := &Sheet{Platform: platform, Encoding: enc, Comma: string(comma), opt: opt, clean: newCleaner()}
	in := newCSV(text, comma, opt.Limits, enc)
	if err := s.readHeader(in, all); err != nil {
		return nil, err
	}
	if s.Kind != Customers && !money.Known(opt.Currency) {
		return nil, fault.New(fault.Invalid, "transfer.unknown_currency").With("currency", opt.Currency)
	}
	if s.spool, err = os.CreateTemp(opt.TempDir, "stoa-import-*"); err != nil {
		return nil, fmt.Errorf("keep import rows: %w", err)
	}
	// Where a file in use can be unlinked, not even a crash leaves it behind.
	s.unlinked = os.Remove(s.spool.Name()) == nil
	if err := s.readRows(ctx, in); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close removes the temporary file. A second Close does nothing.
func (s *Sheet) Close() error {
	if s.spool == nil {
		return nil
	}
	name, err := s.spool.Name(), s.spool.Close()
	if !s.unlinked {
		err = errors.Join(err, os.Remove(name))
	}
	s.spool = nil
	return err
}

func (s *Sheet) readHeader(in *csvReader, all []*format) error {
	if head, err := in.in.Peek(4); err == nil && bytes.Equal(head, []byte("PK\x03\x04")) {
		return fault.New(fault.Malformed, "transfer.is_workbook")
	}
	var rec record
	for { // blank lines above the header
		var err error
		rec, err = in.read()
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Invalid, "transfer.empty_file")
		}
		if err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		if rec.bad != nil || !blank(rec.cells) {
			break
		}
	}
	if rec.bad != nil {
		if rec.bad.Reason == "transfer.nul_byte" || len(rec.cells) < 2 {
			return fault.New(fault.Malformed, "transfer.not_csv")
		}
		return &fault.Error{Kind: fault.Malformed, Reason: rec.bad.Reason, Params: rec.bad.Params}
	}
	s.header, s.width = rec.cells, len(rec.cells)
	for len(s.header) > 1 && s.header[len(s.header)-1] == "" {
		s.header = s.header[:len(s.header)-1]
	}

	var best *format
	var lacks []string
	most := -1
	for _, f := range all {
		if f.platform != s.Platform {
			continue
		}
		if n, missing := f.fit(s.header); n > most || n == most && n > 0 && len(missing) < len(lacks) {
			best, most, lacks = f, n, missing
		}
	}
	if other := elsewhere(all, s.Platform, s.header, most, len(lacks) == 0); other != nil {
		return fault.New(fault.Invalid, "transfer.other_platform").With("platform", string(other.platform))
	}
	if len(lacks) > 0 {
		f := fault.New(fault.Invalid, "transfer.columns_missing").With("columns", strings.Join(lacks, ", "))
		for _, name := range lacks {
			f.At(name, "transfer.column_missing")
		}
		return f
	}
	s.format, s.Kind = best, best.kind
	return s.assign()
}

// clearly is by how many known headers another platform's format must be ahead
// of one whose needed columns are all there.
const clearly = 2

// elsewhere is the format of another platform that fits a header best, or nil
// when it fits no better than the platform's own, which knows most headers.
// complete says that the own one lacks nothing.
func elsewhere(all []*format, own Platform, header []string, most int, complete bool) *format {
	if complete {
		most += clearly - 1
	}
	var best *format
	for _, f := range all {
		if n, missing := f.fit(header); f.platform != own && len(missing) == 0 && n > most {
			best, most = f, n
		}
	}
	return best
}

// assign settles which column of the format every header is.
func (s *Sheet) assign() error {
	s.columns = make([]column, len(s.header))
	s.stats = make([]columnStats, len(s.header))
	s.index = make(map[string]int, len(s.header))
	keys := make(map[string]bool)
	for _, d := range s.format.extra {
		keys[d.Key] = true
	}
	for _, d := range asides() {
		keys[d.key], keys["variant:"+d.key] = true, true
	}
	var twice []string
	for i, h := range s.header {
		s.stats[i] = newStats()
		c, ok := s.format.find(h)
		switch {
		case h == "":
			c = column{id: "unnamed " + strconv.Itoa(i), drop: "transfer.column_unnamed"}
		case !ok:
			if c, ok = s.own(h); !ok {
				c = s.format.unknown(h)
			}
		}
		if _, seen := s.index[c.id]; seen {
			if ok && !strings.HasPrefix(c.id, "unknown ") {
				twice = append(twice, h)
				continue
			}
			c.id += " " + strconv.Itoa(i)
		}
		base, owner := c.key, map[bool]string{true: "variant:"}[c.each]
		for n := 2; c.key != "" && keys[owner+c.key]; n++ { // two headers that make one key
			tail := "_" + strconv.Itoa(n)
			c.key = base[:min(len(base), 40-len(tail))] + tail
		}
		keys[owner+c.key] = true
		s.columns[i], s.index[c.id] = c, i
	}
	if len(twice) > 0 {
		f := fault.New(fault.Invalid, "transfer.columns_repeated").With("columns", strings.Join(twice, ", "))
		for _, name := range twice {
			f.At(name, "transfer.column_repeated")
		}
		return f
	}
	return nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if c != "" {
			return false
		}
	}
	return true
}

// Columns tells of every column of the file, in its order, what becomes of it.
func (s *Sheet) Columns() []Column {
	out := make([]Column, len(s.header))
	for i, c := range s.columns {
		out[i] = Column{Name: s.header[i], Use: c.use(), Target: c.target, Reason: c.drop, Filled: s.stats[i].filled}
		for _, key := range c.aside {
			out[i].Also = append(out[i].Also, *asideOf(key, s.header[i]))
		}
		if out[i].Use == Kept {
			if out[i].Filled == 0 {
				out[i].Use, out[i].Reason, out[i].Also = Dropped, "transfer.column_empty", nil
				continue
			}
			if c.key == "" {
				out[i].Field, out[i].Also = &out[i].Also[0], out[i].Also[1:]
				continue
			}
			out[i].Field = &FieldDef{Key: c.key, Label: cmp.Or(c.label, s.header[i]), Type: c.typ, Column: s.header[i], Shown: c.shown}
		}
	}
	return out
}

// Fields lists the custom fields that products of the file may have.
func (s *Sheet) Fields() []FieldDef {
	defs := slices.Clone(s.format.extra)
	for _, c := range s.Columns() {
		if c.Field != nil {
			defs = append(defs, *c.Field)
		}
	}
	return defs
}

// Len is the number of products (or customers), good and refused ones.
func (s *Sheet) Len() int { return len(s.groups) }

// Problems lists what is wrong with rows that belong to no product.
func (s *Sheet) Problems() []Problem { return s.loose }

// load reads the rows of a group back.
func (s *Sheet) load(g *group) ([]rowView, error) {
	rows := make([]rowView, 0, len(g.rows))
	for _, at := range g.rows {
		cells, err := readStored(bufio.NewReaderSize(io.NewSectionReader(s.spool, at.offset, 1<<62), 4096), len(s.header))
		if err != nil {
			return nil, fmt.Errorf("read kept row %d: %w", at.row, err)
		}
		rows = append(rows, rowView{s, cells, at.row})
	}
	return rows, nil
}

func readStored(r *bufio.Reader, columns int) ([]string, error) {
	cells := make([]string, columns)
	for i := range cells {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		cells[i] = string(b)
	}
	return cells, nil
}

func appendStored(b []byte, cells []string) []byte {
	for _, c := range cells {
		b = binary.AppendUvarint(b, uint64(len(c)))
		b = append(b, c...)
	}
	return b
}
