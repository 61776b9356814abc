package transfer

import (
	"context"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Difference is a cell that reads otherwise in one of two sheets.
type Difference struct {
	Product string `json:"product"`
	Row     int    `json:"row"`    // in the first sheet; 0: the product has no such row there
	Column  string `json:"column"` // header in the first sheet
	Before  string `json:"before"`
	After   string `json:"after"`
	Rule    string `json:"rule"` // key of the normalisation that explains it; "" means it is a loss
}

// Comparison is the outcome of Compare.
type Comparison struct {
	Products    int // that both sheets have
	Cells       int // compared
	Missing     []string
	Differences []Difference
}

// Losses are the differences that no rule explains.
func (c Comparison) Losses() []Difference {
	var out []Difference
	for _, d := range c.Differences {
		if d.Rule == "" {
			out = append(out, d)
		}
	}
	return out
}

// Compare reads two sheets of one platform and kind product by product and
// cell by cell: a file as it was imported, and what was exported afterwards.
// Every difference names the rule that explains it, or none. Rules are listed
// by Normalisations.
func Compare(ctx context.Context, before, after *Sheet) (Comparison, error) {
	var c Comparison
	find := make(map[string]*group, len(after.groups))
	for _, g := range after.groups {
		find[g.key] = g
	}
	for _, g := range before.groups {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		other := find[g.key]
		if other == nil {
			c.Missing = append(c.Missing, g.key)
			continue
		}
		c.Products++
		a, err := before.load(g)
		if err != nil {
			return c, err
		}
		b, err := after.load(other)
		if err != nil {
			return c, err
		}
		c.group(g.key, a, b)
	}
	return c, nil
}

// group compares the rows of one product.
func (c *Comparison) group(key string, before, after []rowView) {
	if len(before) == 0 {
		return
	}
	s := before[0].s
	mates := matchRows(before, after)
	for i, col := range s.columns {
		if col.drop != "" && !col.recall || s.stats[i].filled == 0 {
			continue
		}
		if mates == nil {
			c.lists(key, i, before, after)
			continue
		}
		for n, r := range before {
			c.Cells++
			was := r.cells[i]
			now := mates[n].get(col.id)
			if was == now {
				continue
			}
			c.Differences = append(c.Differences, Difference{
				Product: key, Row: r.row, Column: s.header[i], Before: was, After: now,
				Rule: explain(col, r, before, mates[n], was, now),
			})
		}
	}
}

// lists compares a column as the sequence of what it holds, for products whose
// rows are laid out otherwise.
func (c *Comparison) lists(key string, i int, before, after []rowView) {
	s := before[0].s
	col := s.columns[i]
	filled := func(rows []rowView, id string) []rowView {
		return slices.DeleteFunc(slices.Clone(rows), func(r rowView) bool { return r.get(id) == "" })
	}
	a, b := filled(before, col.id), filled(after, col.id)
	for n := range max(len(a), len(b)) {
		c.Cells++
		d := Difference{Product: key, Column: s.header[i]}
		row, mate := before[0], after[0]
		if n < len(a) {
			row = a[n]
			d.Row, d.Before = row.row, row.get(col.id)
		}
		if n < len(b) {
			mate = b[n]
			d.After = mate.get(col.id)
		}
		if d.Before != d.After {
			d.Rule = explain(col, row, before, mate, d.Before, d.After)
			c.Differences = append(c.Differences, d)
		}
	}
}

// matchRows finds for every row the one that says the same in the other sheet:
// by SKU and currency where those are different in all rows, else by order.
// nil means that there is no such pairing.
func matchRows(before, after []rowView) []rowView {
	if len(before) != len(after) {
		return nil
	}
	name := func(r rowView) string {
		if r.get("sku") == "" {
			return ""
		}
		return r.get("sku") + "\x00" + r.get("currency")
	}
	find := make(map[string]rowView, len(after))
	for _, r := range after {
		find[name(r)] = r
	}
	mates := make([]rowView, len(before))
	used := make(map[string]bool)
	for i, r := range before {
		mate, ok := find[name(r)]
		if !ok || name(r) == "" || used[name(r)] {
			return after
		}
		used[name(r)] = true
		mates[i] = mate
	}
	return mates
}

// rules, in the order in which they are tried.
func rules() []rule {
	return []rule{
		{"default", func(x cells) bool {
			return x.col.def != "" && (x.was == "" || same(x.col.def, x.was)) && (x.now == "" || same(x.col.def, x.now)) ||
				x.col.rest != "" && (x.was == "" || same(x.col.rest, x.was)) && (x.now == "" || same(x.col.rest, x.now))
		}},
		{"yes_no", func(x cells) bool {
			a, ok := parseBool(x.was)
			b, okToo := parseBool(x.now)
			return x.col.class == asBool && ok && okToo && a == b
		}},
		{"amount", func(x cells) bool {
			return (x.col.class == asAmount || x.col.class == asCompareAt) && sameNumber(x.was, x.now, x.style)
		}},
		{"zero_is_none", func(x cells) bool {
			return (x.col.class == asCompareAt || x.col.class == asWeight || x.col.class == asLength) && isZero(x.was) && isZero(x.now)
		}},
		{"compare_not_higher", func(x cells) bool {
			price, bad := plainDecimal(x.row.get("price"), x.style)
			before, badToo := plainDecimal(x.was, x.style)
			p, ok := new(big.Rat).SetString(price)
			b, okToo := new(big.Rat).SetString(before)
			return x.col.class == asCompareAt && x.now == "" && bad == "" && badToo == "" && ok && okToo && b.Cmp(p) <= 0
		}},
		{"number", func(x cells) bool {
			return (x.col.class == asNumber || x.col.class == asWeight || x.col.class == asLength || x.col.typ == DecimalField || x.col.typ == IntField) && sameNumber(x.was, x.now, x.style)
		}},
		{"rounded_measure", func(x cells) bool {
			if x.col.class != asWeight && x.col.class != asLength {
				return false
			}
			unit := x.unit()
			a, bad := parseMeasure(x.was, unit, x.style)
			b, badToo := parseMeasure(x.now, unit, decimalPoint)
			return bad == "" && badToo == "" && a-b <= 1 && b-a <= 1
		}},
		{"unit_without_measure", func(x cells) bool { return x.col.class == asUnit && x.now == "" && x.measureless() }},
		{"stock_below_zero", func(x cells) bool {
			n, reason := parseCount(x.was, x.style)
			return x.col.class == asNumber && x.col.target == "variants.stock" && reason == "" && n < 0 && x.now == "0"
		}},
		{"html", func(x cells) bool {
			if x.col.class != asHTML {
				return false
			}
			c := x.row.s.clean
			safe, _ := c.clean(wooParagraphs(x.was))
			return c.words(safe) == c.words(wooParagraphs(x.now))
		}},
		{"list", func(x cells) bool {
			return x.col.class == asList && (slices.Equal(splitList(x.was, ','), splitList(x.now, ',')) || slices.Equal(splitList(x.was, '|'), splitList(x.now, '|')))
		}},
		{"path", func(x cells) bool {
			return strings.Contains(x.col.target, "categories") && slices.EqualFunc(splitPaths(x.was), splitPaths(x.now), slices.Equal)
		}},
		{"date", func(x cells) bool {
			a, ok := parseTime(x.was, x.row.s.opt.Zone)
			b, okToo := parseTime(x.now, x.row.s.opt.Zone)
			return x.col.class == asTime && ok && okToo && a.Equal(b)
		}},
		{"handle", func(x cells) bool { return x.col.class == asHandle && (same(x.was, x.now) || slug(x.was) == x.now) }},
		{"case", func(x cells) bool { return x.col.class == asText && x.col.id == "status" && same(x.was, x.now) }},
		{"image_address", func(x cells) bool { return x.col.class == asImage && "https:"+x.was == x.now }},
		{"image_order", func(x cells) bool { return x.col.id == "image position" }},
		{"derived", func(x cells) bool { return x.col.class == asDerived }},
		{"repeated", func(x cells) bool {
			return x.now == "" && x.row.row != x.group[0].row && x.was == x.group[0].get(x.col.id) && x.col.target != "" && !strings.HasPrefix(x.col.target, "variants")
		}},
		{"inherited", func(x cells) bool {
			return x.now == "" && (x.col.class == asWeight || x.col.class == asLength) && x.was == x.group[0].get(x.col.id)
		}},
	}
}

// Normalisations lists the rules by which an exported file may read otherwise
// than the one that was imported. Each has words under "transfer.rule.…".
func Normalisations() []string {
	var keys []string
	for _, r := range rules() {
		keys = append(keys, r.key)
	}
	return keys
}

type rule struct {
	key   string
	holds func(cells) bool
}

// cells are two readings of one cell and where they stand.
type cells struct {
	col      column
	row      rowView
	group    []rowView
	mate     rowView
	was, now string
	style    decimals
}

func explain(col column, row rowView, group []rowView, mate rowView, was, now string) string {
	x := cells{col, row, group, mate, was, now, decimalsUnknown}
	if i, ok := row.s.index[col.id]; ok {
		x.style = row.s.stats[i].style()
	}
	for _, r := range rules() {
		if r.holds(x) {
			return r.key
		}
	}
	return ""
}

func same(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, ok := parseBool(a)
	y, okToo := parseBool(b)
	return ok && okToo && x == y
}

func sameNumber(a, b string, style decimals) bool {
	x, bad := plainDecimal(a, style)
	y, badToo := plainDecimal(b, decimalPoint)
	trim := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return bad == "" && badToo == "" && trim(x) == trim(y)
}

func isZero(s string) bool {
	if s == "" {
		return true
	}
	plain, reason := plainDecimal(s, decimalPoint)
	return reason == "" && strings.Trim(plain, "0.") == ""
}

// unit is the unit of the measure in a cell: the header's, or that of the
// column beside it.
func (x cells) unit() string {
	if x.col.unit != "" {
		return x.col.unit
	}
	if x.col.class == asWeight {
		return x.row.get("weight unit")
	}
	return x.row.get("dimensions unit")
}

// measureless reports whether a unit stands beside no measure.
func (x cells) measureless() bool {
	for _, c := range x.row.s.columns {
		weight := strings.HasPrefix(x.col.id, "weight")
		if c.class == asWeight && weight || c.class == asLength && !weight {
			if !isZero(x.row.get(c.id)) {
				return false
			}
		}
	}
	return true
}

func splitPaths(s string) [][]string {
	var out [][]string
	for _, p := range splitList(s, ',') {
		out = append(out, splitPath(strings.ReplaceAll(p, "->", ">"), ">"))
	}
	return out
}

// String is for logs and tests.
func (d Difference) String() string {
	return d.Product + " row " + strconv.Itoa(d.Row) + " " + d.Column + ": " + strconv.Quote(d.Before) + " → " + strconv.Quote(d.After) + " [" + d.Rule + "]"
}
