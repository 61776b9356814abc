package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
)

// sorter puts rows into groups while the file is read.
type sorter struct {
	s       *Sheet
	byKey   map[string]int
	aliases map[string]int
	skus    map[string]int // SKU → group
	last    int            // group of the row above; -1: none
	orphans []orphan
	lone    []loneSKU
	loose   int
}

// orphan is a row that points to a parent which may stand further down.
type orphan struct {
	at     stored
	parent string
	name   string // of a broken row that does not say where it belongs
	sku    string
	bad    *Problem
}

func (s *Sheet) readRows(ctx context.Context, in *csvReader) error {
	out := bufio.NewWriterSize(s.spool, 256<<10)
	st := &sorter{s: s, byKey: map[string]int{}, aliases: map[string]int{}, skus: map[string]int{}, last: -1}
	var offset int64
	var buf []byte
	for {
		rec, err := in.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		if rec.row%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if rec.bad == nil && blank(rec.cells) {
			s.Blank++
			continue
		}
		s.Rows++
		if s.Rows > s.opt.Limits.Rows {
			return fault.New(fault.TooLarge, "transfer.too_many_rows").With("max", int64(s.opt.Limits.Rows))
		}
		if rec.cut {
			// Everything below the quotation mark was swallowed, so no product
			// can be known to be whole.
			return &fault.Error{Kind: fault.Malformed, Reason: rec.bad.Reason, Params: map[string]any{"row": strconv.Itoa(rec.row), "line": strconv.Itoa(rec.line)}}
		}
		if rec.bad == nil && slices.Equal(rec.cells, s.header) {
			st.note(Problem{Row: rec.row, Reason: "transfer.header_again", Notice: true})
			continue
		}
		s.measure(&rec)
		for i, c := range rec.cells {
			if i < len(s.stats) {
				s.stats[i].see(c)
			}
		}
		at := stored{row: rec.row, offset: offset}
		if rec.bad == nil {
			buf = appendStored(buf[:0], rec.cells[:len(s.header)])
			if _, err := out.Write(buf); err != nil {
				return fmt.Errorf("keep import rows: %w", err)
			}
			offset += int64(len(buf))
		}
		st.put(rec, at)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("keep import rows: %w", err)
	}
	if s.Rows == 0 {
		return fault.New(fault.Invalid, "transfer.no_rows")
	}
	if err := st.adopt(); err != nil {
		return err
	}
	s.aliases = st.aliases
	s.settleTypes()
	s.settleHandles()
	return nil
}

// measure spoils rows whose length is not the header's. Further cells are not
// forgiven even when they are empty: they show that a comma inside an unquoted
// text has moved all others.
func (s *Sheet) measure(rec *record) {
	if rec.bad != nil {
		if rec.at >= 0 && rec.at < len(s.header) {
			rec.bad.Column = s.header[rec.at]
		}
		return
	}
	n := len(rec.cells)
	switch {
	case n < len(s.header):
		rec.spoil("transfer.too_few_cells", -1, "cells", int64(n), "columns", int64(len(s.header)))
	case n > s.width, !blank(rec.cells[len(s.header):]):
		rec.spoil("transfer.more_cells_than_columns", -1, "cells", int64(n), "columns", int64(len(s.header)))
		rec.bad.Value = excerpt(strings.Join(rec.cells[len(s.header):], " "))
	}
}

// maxLoose is how many problems outside any product are kept.
const maxLoose = 1000

func (st *sorter) note(p Problem) {
	if st.s.Kind == Customers {
		p.Value = ""
	}
	if st.loose++; st.loose <= maxLoose {
		st.s.loose = append(st.s.loose, p)
	}
}

// put gives a row to the product it belongs to. A broken row spoils that
// product; when it does not say which, the one above it, whose rest it may be.
func (st *sorter) put(rec record, at stored) {
	row := rowView{st.s, rec.cells, rec.row}
	p := st.s.format.place(row)
	switch {
	case p.parent != "":
		st.orphans = append(st.orphans, orphan{at: at, parent: p.parent, sku: p.sku, bad: rec.bad})
		return
	case p.above && st.last >= 0:
		st.give(st.last, rec, at, p)
		return
	case p.variation && rec.bad != nil: // cut off before it names its parent
		st.note(*rec.bad)
		st.orphans = append(st.orphans, orphan{at: at, name: row.get("name"), bad: rec.bad})
		return
	case p.variation:
		st.note(Problem{Row: rec.row, Reason: "transfer.parent_missing", Value: excerpt(row.get("name"))})
		return
	case p.key == "":
		bad := rec.bad
		if bad == nil {
			bad = &Problem{Row: rec.row, Reason: "transfer.row_without_product", Column: st.s.keyColumn(), Value: excerpt(strings.Join(rec.cells, " "))}
		}
		st.note(*bad)
		st.spoilAbove(*bad)
		return
	}
	g, ok := st.byKey[p.key]
	if !ok {
		g = len(st.s.groups)
		st.byKey[p.key] = g
		st.s.groups = append(st.s.groups, &group{key: p.key, handle: p.handle})
	} else if p.starts {
		st.s.groups[g].add(Problem{Row: rec.row, Reason: "transfer.handle_repeated", Column: st.s.keyColumn(), Value: st.keyValue(p.key)})
	}
	for _, name := range p.names {
		if _, taken := st.aliases[name]; !taken {
			st.aliases[name] = g
		}
	}
	st.last = g
	st.give(g, rec, at, p)
}

// keyColumn is the header of the column that says which product a row is of.
func (s *Sheet) keyColumn() string {
	if i, ok := s.index[s.format.key]; ok {
		return s.header[i]
	}
	return ""
}

func (st *sorter) keyValue(key string) string {
	if st.s.Kind == Customers {
		return ""
	}
	return excerpt(key)
}

func (st *sorter) spoilAbove(p Problem) {
	if st.s.Kind == Customers {
		return // every row is a customer of its own
	}
	if st.last >= 0 {
		p.Reason, p.Params = "transfer.row_below_broken", map[string]any{"reason": p.Reason}
		st.s.groups[st.last].add(p)
	}
}

func (st *sorter) give(g int, rec record, at stored, p placement) {
	group := st.s.groups[g]
	if rec.bad != nil {
		bad := *rec.bad
		if st.s.Kind == Customers {
			bad.Value = ""
		}
		group.add(bad)
		return
	}
	if len(group.rows) >= st.s.opt.Limits.ProductRows {
		if len(group.rows) == st.s.opt.Limits.ProductRows {
			group.add(Problem{Row: at.row, Reason: "transfer.too_many_product_rows", Params: map[string]any{"max": int64(st.s.opt.Limits.ProductRows)}})
		}
		return
	}
	group.rows = append(group.rows, at)
	if p.lone != "" {
		st.lone = append(st.lone, loneSKU{g, at.row, p.lone})
	}
	if p.sku != "" {
		group.sells = true
		st.claim(g, at.row, p.sku)
	}
}

// loneSKU is the SKU of a row that is for sale only when no other row of its
// product is.
type loneSKU struct {
	g, row int
	sku    string
}

// claim notes whose SKU it is. The first product of the file keeps it.
func (st *sorter) claim(g, row int, sku string) {
	first, taken := st.skus[sku]
	if !taken {
		st.skus[sku] = g
		return
	}
	if first != g {
		col := ""
		if i, ok := st.s.index["sku"]; ok {
			col = st.s.header[i]
		}
		st.s.groups[g].add(Problem{Row: row, Column: col, Reason: "transfer.sku_taken", Value: excerpt(sku), Params: map[string]any{"product": st.s.groups[first].key}})
	}
}

// adopt gives rows that point to a parent to it, now that all are known.
func (st *sorter) adopt() error {
	var among []variable
	unsure := 0
	for _, o := range st.orphans {
		if o.parent == "" {
			if unsure++; unsure > 1000 {
				continue // by now one that may belong to any has refused them all
			}
			if among == nil {
				var err error
				if among, err = st.variables(); err != nil {
					return err
				}
			}
			if unsure == 1000 {
				o.name = ""
			}
			st.spoilByName(o, among)
			continue
		}
		g, ok := st.aliases[o.parent]
		switch {
		case !ok && o.bad != nil:
			st.note(*o.bad)
		case !ok:
			st.note(Problem{Row: o.at.row, Reason: "transfer.parent_missing", Value: excerpt(strings.TrimPrefix(o.parent, "sku:"))})
		default:
			st.give(g, record{bad: o.bad}, o.at, placement{sku: o.sku})
		}
	}
	for _, l := range st.lone {
		if !st.s.groups[l.g].sells {
			st.claim(l.g, l.row, l.sku)
		}
	}
	for _, g := range st.s.groups {
		slices.SortStableFunc(g.rows, func(a, b stored) int { return a.row - b.row })
	}
	return nil
}

// variable is a product to which variations can belong.
type variable struct {
	g    *group
	name string
}

// spoilByName refuses the products to which a broken variation may belong: its
// name begins with theirs. When none does, it may belong to any of them.
func (st *sorter) spoilByName(o orphan, among []variable) {
	p := *o.bad
	p.Reason, p.Params = "transfer.row_below_broken", map[string]any{"reason": o.bad.Reason}
	found := false
	for _, v := range among {
		if v.name != "" && strings.HasPrefix(o.name, v.name+" - ") {
			v.g.add(p)
			found = true
		}
	}
	for _, v := range among {
		if !found {
			v.g.add(p)
		}
	}
}

func (st *sorter) variables() ([]variable, error) {
	var all []variable
	for _, g := range st.s.groups {
		if len(g.rows) == 0 {
			continue
		}
		rows, err := st.s.load(&group{rows: g.rows[:1]})
		if err != nil {
			return nil, err
		}
		if strings.Contains(strings.ToLower(rows[0].get("type")), "variable") {
			all = append(all, variable{g, rows[0].get("name")})
		}
	}
	return all, nil
}

// settleTypes gives unknown columns the type that all their values have.
func (s *Sheet) settleTypes() {
	for i := range s.columns {
		c := &s.columns[i]
		if !strings.HasPrefix(c.id, "unknown ") || c.key == "" {
			continue
		}
		c.typ = s.stats[i].fieldType()
		c.target = ""
	}
}

// settleHandles makes the handles of products different from each other. Only
// formats without handles of their own propose equal ones.
func (s *Sheet) settleHandles() {
	taken := make(map[string]bool, len(s.groups))
	for _, g := range s.groups {
		if g.handle == "" {
			continue
		}
		if taken[g.handle] {
			g.handle += "-" + slug(strings.NewReplacer("sku:", "", "id:", "").Replace(g.key))
		}
		base := g.handle
		for n := 2; taken[g.handle]; n++ {
			g.handle = base + "-" + strconv.Itoa(n)
		}
		taken[g.handle] = true
	}
}
