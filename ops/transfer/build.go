package transfer

import (
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// builder makes one product of its rows and collects everything that is wrong
// with them.
type builder struct {
	s        *Sheet
	rows     []rowView
	p        Product
	problems []Problem
	refused  bool
	owner    map[int]int // row of the file → index of the variant it describes
	main     int         // row of the file that speaks for the product as a whole
}

// Product makes the i-th product of the file, 0 ≤ i < Len. When one of its
// rows cannot be used the product is refused whole: Refused(problems) is true
// and only Source, Handle and Rows of the product are set. An error is one of
// the disk.
func (s *Sheet) Product(i int) (Product, []Problem, error) {
	g := s.groups[i]
	b, err := s.builder(g)
	if err != nil {
		return Product{}, nil, err
	}
	b.p = Product{Source: string(s.Platform) + ":" + g.key, Handle: g.handle, Taxable: true, Status: Active, Rows: b.numbers()}
	if s.format.silent {
		b.p.Status = Unsaid
	}
	if len(b.rows) > 0 {
		s.format.build(b)
	}
	if p := b.p; len(p.Variants) == 0 && p.Selling == Ordinary && !p.Partial && !b.refused && g.refused == 0 {
		b.bad(b.rows[0], "", "transfer.no_variants")
	}
	if t := s.texts; t != nil && t.byKey[g.key] > 0 {
		if err := b.translate(t, t.byKey[g.key]-1); err != nil {
			return Product{}, nil, err
		}
	}
	b.finish(g)
	if b.refused {
		b.p = Product{Source: b.p.Source, Handle: b.p.Handle, Rows: b.p.Rows}
	}
	return b.p, b.problems, nil
}

// Translate adds the texts of a sheet of translations to the products of this
// one: Product returns them together. Texts of products that this sheet does
// not have are left to be imported on their own. t must stay open as long as s.
func (s *Sheet) Translate(t *Sheet) error {
	if s.Kind != Products || t.Kind != Translations {
		return fault.New(fault.Invalid, "transfer.not_translations")
	}
	if t.byKey == nil {
		t.byKey = make(map[string]int, len(t.groups))
		for i, g := range t.groups {
			t.byKey[g.key] = i + 1
		}
	}
	s.texts = t
	return nil
}

func (b *builder) translate(t *Sheet, i int) error {
	more, problems, err := t.Product(i)
	if err != nil {
		return err
	}
	b.problems = append(b.problems, problems...)
	if Refused(problems) {
		b.refused = true
		return nil
	}
	for _, pair := range []struct {
		into *locale.Text
		from locale.Text
	}{{&b.p.Name, more.Name}, {&b.p.Description, more.Description}, {&b.p.SEOTitle, more.SEOTitle}, {&b.p.SEOText, more.SEOText}} {
		for lang, text := range pair.from {
			put(pair.into, lang, text)
		}
	}
	return nil
}

// Customer makes the i-th customer of a file of customers, whole or not at
// all, like Product.
func (s *Sheet) Customer(i int) (Customer, []Problem, error) {
	g := s.groups[i]
	b, err := s.builder(g)
	if err != nil {
		return Customer{}, nil, err
	}
	c := Customer{Source: string(s.Platform) + ":" + g.key}
	if len(b.rows) > 0 {
		c = s.format.person(b)
		c.Source = string(s.Platform) + ":" + g.key
	}
	b.finish(g)
	if b.refused {
		c = Customer{Source: c.Source}
	}
	c.Rows = b.numbers()
	return c, b.problems, nil
}

// Refused reports whether problems keep a product from being taken.
func Refused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Notice })
}

func (s *Sheet) builder(g *group) (*builder, error) {
	if g.refused > 0 && len(g.rows) > s.opt.Limits.ProductRows {
		return &builder{s: s}, nil
	}
	rows, err := s.load(g)
	if err != nil {
		return nil, err
	}
	b := &builder{s: s, rows: rows, owner: make(map[int]int)}
	if len(rows) > 0 {
		b.main = rows[0].row
	}
	return b, nil
}

func (b *builder) numbers() []int {
	rows := make([]int, len(b.rows))
	for i, r := range b.rows {
		rows[i] = r.row
	}
	return rows
}

// finish puts what the first reading found before what the build found.
func (b *builder) finish(g *group) {
	b.problems = append(slices.Clone(g.problems), b.problems...)
	for i := range b.problems {
		b.problems[i].Product = b.p.Handle
	}
	b.refused = b.refused || g.refused > 0
}

// bad refuses the product for a cell, or for a row when id is "".
func (b *builder) bad(r rowView, id, reason string, params ...any) {
	b.refused = true
	b.tell(r, id, reason, false, params)
}

// note tells something about a product that is taken nevertheless.
func (b *builder) note(r rowView, id, reason string, params ...any) {
	b.tell(r, id, reason, true, params)
}

func (b *builder) tell(r rowView, id, reason string, notice bool, params []any) {
	if len(b.problems) >= maxGroupProblems {
		return
	}
	p := Problem{Row: r.row, Reason: reason, Params: pairs(params), Notice: notice, Value: excerpt(r.get(id))}
	if b.s.Kind == Customers {
		p.Value = "" // reports are read by more people than files
	}
	if i, ok := b.s.index[id]; ok {
		p.Column = b.s.header[i]
	}
	b.problems = append(b.problems, p)
}

// one returns a value that belongs to the product as a whole: the first that
// any row has. Rows that say something else are at fault.
func (b *builder) one(id string) string {
	value, _ := b.oneAt(id)
	return value
}

func (b *builder) oneAt(id string) (string, rowView) {
	var value string
	at := b.rows[0]
	for _, r := range b.rows {
		v := r.get(id)
		switch {
		case v == "":
		case value == "":
			value, at = v, r
		case v != value:
			b.bad(r, id, "transfer.rows_disagree", "row", strconv.Itoa(at.row), "value", excerpt(value))
		}
	}
	return value, at
}

// text is one in the file's language.
func (b *builder) text(id string) locale.Text { return b.in(b.one(id)) }

func (b *builder) in(s string) locale.Text {
	if s == "" {
		return nil
	}
	return locale.Text{b.s.opt.Language: s}
}

// html is one as safe HTML.
func (b *builder) html(id string) locale.Text {
	value, at := b.oneAt(id)
	return b.in(b.safe(at, id, value))
}

func (b *builder) safe(r rowView, id, value string) string {
	safe, cut := b.s.clean.clean(value)
	if cut {
		b.note(r, id, "transfer.html_cleaned")
	}
	return safe
}

func (b *builder) style(id string) decimals {
	if i, ok := b.s.index[id]; ok {
		return b.s.stats[i].style()
	}
	return decimalsUnknown
}

// amount reads a price; given is false when the cell is empty or at fault.
func (b *builder) amount(r rowView, id, currency string) (amount money.Minor, given bool) {
	s := r.get(id)
	if s == "" {
		return 0, false
	}
	amount, reason := parseAmount(s, currency, b.style(id))
	if reason != "" {
		b.bad(r, id, reason, "currency", currency)
		return 0, false
	}
	return amount, true
}

// count reads a whole number ≥ 0.
func (b *builder) count(r rowView, id string) (n int64, given bool) {
	n, given = b.whole(r, id)
	if n < 0 {
		b.bad(r, id, "transfer.negative")
		return 0, false
	}
	return n, given
}

// before reads the price from which a reduction counts. One that is not higher
// than the price says nothing and is told.
func (b *builder) before(r rowView, id, currency string, price money.Minor) money.Minor {
	before, given := b.amount(r, id, currency)
	if given && before > 0 && before <= price {
		b.note(r, id, "transfer.compare_not_higher")
		return 0
	}
	return before
}

func (b *builder) whole(r rowView, id string) (n int64, given bool) {
	s := r.get(id)
	if s == "" {
		return 0, false
	}
	n, reason := parseCount(s, b.style(id))
	if reason != "" {
		b.bad(r, id, reason)
		return 0, false
	}
	return n, true
}

// pieces reads a quantity in stock. Less than nothing, as shops that sold too
// much have it, becomes nothing and is told.
func (b *builder) pieces(r rowView, id string) (n int64, given bool) {
	n, given = b.whole(r, id)
	if n < 0 {
		b.note(r, id, "transfer.stock_below_zero")
		n = 0
	}
	return n, given
}

// measure reads grams or millimetres.
func (b *builder) measure(r rowView, id, unit string) int64 {
	s := r.get(id)
	if s == "" {
		return 0
	}
	n, reason := parseMeasure(s, unit, b.style(id))
	if reason != "" {
		b.bad(r, id, reason, "unit", unit)
	}
	return n
}

// unit checks a unit's name.
func (b *builder) unit(r rowView, id, def string, weight bool) string {
	u := r.get(id)
	if u == "" {
		return def
	}
	if _, isWeight, ok := unitFactor(u); !ok || isWeight != weight {
		b.bad(r, id, "transfer.unknown_unit", "unit", excerpt(u))
		return def
	}
	return u
}

func (b *builder) yes(r rowView, id string, def bool) bool {
	s := r.get(id)
	if s == "" {
		return def
	}
	yes, ok := parseBool(s)
	if !ok {
		b.bad(r, id, "transfer.not_yes_or_no")
	}
	return yes
}

func (b *builder) time(r rowView, id string) time.Time {
	s := r.get(id)
	if s == "" {
		return time.Time{}
	}
	t, ok := parseTime(s, b.s.opt.Zone)
	if !ok {
		b.bad(r, id, "transfer.not_a_date")
	}
	return t
}

// image checks where a picture comes from: the web, or a file below the folder
// of pictures.
func (b *builder) image(r rowView, id, src string, alt locale.Text) (Image, bool) {
	if strings.HasPrefix(src, "//") {
		src = "https:" + src
	}
	if isWebAddress(src) {
		return Image{Src: src, Alt: alt}, true
	}
	if u, err := url.Parse(src); err == nil && u.Scheme == "" && filepath.IsLocal(src) && len(src) <= 1024 && !strings.ContainsAny(src, "\\\n") {
		return Image{Src: src, Alt: alt}, true
	}
	b.bad(r, id, "transfer.bad_image", "image", excerpt(src))
	return Image{}, false
}

// checkHandle refuses a product without a usable address, and tells when the
// source's had to be mended.
func (b *builder) checkHandle(id string) {
	cell := b.rows[0].get(id)
	switch {
	case !isHandle(b.p.Handle):
		b.bad(b.rows[0], id, "transfer.bad_handle")
	case cell != "" && !strings.EqualFold(cell, b.p.Handle):
		b.note(b.rows[0], id, "transfer.handle_mended", "handle", b.p.Handle)
	}
}

// checkName refuses a product without a name or with one that is too long.
func (b *builder) checkName(id string) {
	if len(b.p.Name) == 0 {
		b.bad(b.rows[0], id, "transfer.name_missing")
	}
	for _, s := range b.p.Name {
		if len(s) > 1000 {
			b.bad(b.rows[0], id, "transfer.text_too_long", "max", int64(1000))
		}
	}
}

// choose gives a variant its values for the product's options and refuses a
// combination that another variant has.
func (b *builder) choose(r rowView, id string, v *Variant, values []locale.Text) {
	for i, value := range values {
		o := &b.p.Options[i]
		main := value.In(b.s.opt.Language, "")
		at := slices.IndexFunc(o.Values, func(t locale.Text) bool { return t.In(b.s.opt.Language, "") == main })
		if at < 0 {
			at = len(o.Values)
			o.Values = append(o.Values, value)
		}
		v.Choice = append(v.Choice, at)
	}
}

// combos is checked once for all variants, so that 2,000 of them stay cheap.
func (b *builder) checkVariants() {
	if len(b.p.Variants) > b.s.opt.Limits.Variants {
		b.bad(b.rows[0], "", "transfer.too_many_variants", "max", int64(b.s.opt.Limits.Variants), "variants", int64(len(b.p.Variants)))
		return
	}
	combos := make(map[string]int)
	skus := make(map[string]int)
	for _, v := range b.p.Variants {
		row := b.at(v.Row)
		combo := strings.Join(b.values(v), "\x00")
		if first, twice := combos[combo]; twice {
			b.bad(row, "", "transfer.variant_repeated", "row", strconv.Itoa(first), "values", strings.Join(b.values(v), ", "))
		} else {
			combos[combo] = v.Row
		}
		if v.SKU == "" {
			continue
		}
		if len(v.SKU) > 255 {
			b.bad(row, "sku", "transfer.text_too_long", "max", int64(255))
		}
		if first, twice := skus[v.SKU]; twice {
			b.bad(row, "sku", "transfer.sku_repeated", "row", strconv.Itoa(first))
		}
		skus[v.SKU] = v.Row
	}
}

func (b *builder) values(v Variant) []string {
	out := make([]string, len(v.Choice))
	for i, at := range v.Choice {
		out[i] = b.p.Options[i].Values[at].In(b.s.opt.Language, "")
	}
	return out
}

func (b *builder) at(row int) rowView {
	for _, r := range b.rows {
		if r.row == row {
			return r
		}
	}
	return b.rows[0]
}

// keep stores the columns that have no place of their own. A value in the
// product's main row is the product's, any other that of the variant the row
// describes.
func (b *builder) keep() {
	for i, c := range b.s.columns {
		if c.key == "" || b.s.stats[i].filled == 0 {
			continue
		}
		for _, r := range b.rows {
			raw := r.cells[i]
			if raw == "" || strings.EqualFold(raw, c.def) {
				continue
			}
			value, reason := b.fieldValue(raw, c)
			if reason != "" {
				b.bad(r, c.id, reason)
				continue
			}
			if value == c.def || r.row != b.main && value == c.rest {
				continue
			}
			owner, ok := b.owner[r.row]
			switch {
			case r.row == b.main && (!c.each || !ok):
				b.p.Fields = append(b.p.Fields, Field{c.key, value})
			case ok:
				b.p.Variants[owner].Fields = append(b.p.Variants[owner].Fields, Field{c.key, value})
			case value != field(b.p.Fields, c.key):
				b.note(r, c.id, "transfer.value_without_variant")
			}
		}
	}
}

func (b *builder) fieldValue(raw string, c column) (value, reason string) {
	switch c.typ {
	case BoolField:
		yes, ok := parseBool(raw)
		if !ok {
			return "", "transfer.not_yes_or_no"
		}
		if yes {
			return "true", ""
		}
		return "false", ""
	case IntField:
		plain, reason := plainDecimal(raw, decimalPoint)
		if reason == "" && strings.Contains(plain, ".") {
			reason = "transfer.not_whole"
		}
		return plain, reason
	case DecimalField:
		return plainDecimal(raw, b.style(c.id))
	case TextField, DateField, URLField:
	}
	return raw, ""
}

// put sets a text in one language; "" changes nothing.
func put(t *locale.Text, lang, s string) {
	if s == "" {
		return
	}
	if *t == nil {
		*t = make(locale.Text)
	}
	(*t)[lang] = s
}

// languageTag turns "de", "de_AT" or "DE" into a BCP 47 tag.
func languageTag(s string) (string, bool) {
	if len(s) > 20 {
		return "", false
	}
	tag, err := language.Parse(strings.ReplaceAll(s, "_", "-"))
	if err != nil || tag == language.Und {
		return "", false
	}
	return tag.String(), true
}

// splitList reads "a, b" with blanks and empty items dropped and repeats
// removed. A backslash keeps the separator that follows it.
func splitList(s string, sep byte) []string {
	var out []string
	var cur strings.Builder
	flush := func() {
		item := strings.TrimSpace(cur.String())
		if item != "" && !slices.Contains(out, item) {
			out = append(out, item)
		}
		cur.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == sep:
			cur.WriteByte(sep)
			i++
		case s[i] == sep:
			flush()
		default:
			cur.WriteByte(s[i])
		}
	}
	flush()
	return out
}

// joinList writes a list so that splitList reads it again.
func joinList(items []string, sep string) string {
	mark := strings.TrimSpace(sep)
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = strings.ReplaceAll(item, mark, "\\"+mark)
	}
	return strings.Join(out, sep)
}

// splitPath reads "Home > Lamps".
func splitPath(s, sep string) []string {
	var out []string
	for part := range strings.SplitSeq(s, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
