package transfer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
)

// heading is a column that a file had: what an export calls it again.
type heading struct {
	ID     string `json:"id"` // the column's in its format
	Header string `json:"header"`
	Code   string `json:"code,omitempty"` // of the custom field that keeps it
	Each   bool   `json:"each,omitempty"` // the field belongs to variants alone
	Filled bool   `json:"filled,omitempty"`
}

// headings are the columns of the file whose cells an export has again.
func (s *Sheet) headings() []heading {
	var out []heading
	for i, c := range s.columns {
		if c.drop == "" || c.recall {
			out = append(out, heading{c.id, s.header[i], c.key, c.each, s.stats[i].filled > 0})
		}
	}
	return out
}

// alive leaves out the columns whose fields were deleted since.
func (s *Service) alive(ctx context.Context, had []heading) ([]heading, error) {
	have := make(map[string]bool)
	for _, owner := range []custom.Owner{custom.Product, custom.Variant, custom.Customer} {
		defs, err := s.fields.For(ctx, owner)
		if err != nil {
			return nil, err
		}
		if len(defs) >= custom.MaxPerOwner {
			return had, nil // what there is no room for is kept beside the product
		}
		for _, d := range defs {
			have[d.Code] = true
		}
	}
	return slices.DeleteFunc(had, func(h heading) bool { return h.Filled && h.Code != "" && !have[h.Code] }), nil
}

// mostHeadings is how many columns of one kind of file are remembered.
const mostHeadings = 2000

// recalled lays the columns of a file before those of earlier ones. A column
// that two files write differently, and a field that comes from two columns,
// is called as the newer file calls it.
func recalled(had, file []heading) []heading {
	out := slices.Clone(file)
	for _, h := range had {
		same := func(n heading) bool {
			return n.ID == h.ID || n.Code != "" && n.Code == h.Code && n.Each == h.Each
		}
		if !slices.ContainsFunc(file, same) {
			out = append(out, h)
		}
	}
	return out[:min(len(out), mostHeadings)]
}

// layout is the header row of an export.
type layout struct {
	f       *format
	header  []string
	columns []column
	// seen are the columns that a file had, by id. shared are the custom fields
	// of which such a column holds the values of products and variants alike.
	seen, shared map[string]bool
}

// layoutOf finds the column of every header, as Open does.
func layoutOf(f *format, header []string) *layout {
	l := &layout{f: f, seen: make(map[string]bool), shared: make(map[string]bool)}
	for _, h := range header {
		l.add(h, l.columnOf(h))
	}
	return l
}

// newLayout names the columns that the platform has as files named them, and
// those that files had beside them.
func newLayout(f *format, had []heading, lang string) *layout {
	l := layoutOf(f, nil)
	for _, h := range had {
		l.seen[h.ID] = true
	}
	standard := make(map[string]bool)
	for _, c := range f.columns {
		standard[c.id] = true
		at := slices.IndexFunc(had, func(h heading) bool { return h.ID == c.id })
		switch {
		case at >= 0:
			l.add(had[at].Header, l.columnOf(had[at].Header))
		case c.header == "", c.drop != "" && !c.recall:
		case l.seen[c.id+":"+cmp.Or(lang, "en")]: // name:de stands for name
		default:
			l.add(c.header, c)
		}
	}
	for _, h := range had {
		if standard[h.ID] {
			continue
		}
		c := l.columnOf(h.Header)
		if h.Code != "" {
			c.key, c.each = h.Code, h.Each
			l.shared[c.key] = l.shared[c.key] || !c.each && strings.HasPrefix(c.id, "unknown ")
		}
		l.add(h.Header, c)
	}
	for _, c := range l.columns {
		if c.each {
			delete(l.shared, c.key)
		}
	}
	return l
}

func (l *layout) columnOf(header string) column {
	c, ok := l.f.find(header)
	if !ok {
		c = l.f.unknown(header)
	}
	return c
}

func (l *layout) add(header string, c column) {
	l.header, l.columns = append(l.header, header), append(l.columns, c)
}

// settle adds a column of the platform, unless it is there under another name.
func (l *layout) settle(header string) {
	c := l.columnOf(header)
	if !slices.ContainsFunc(l.columns, func(have column) bool { return have.id == c.id }) {
		l.add(header, c)
	}
}

// addFields adds a column for every custom field of p that has none. Those in
// seen have one.
func (l *layout) addFields(p Product, seen map[string]bool) {
	first := -2 // the variant in the product's first row; -1: none, -2: not asked yet
	for i, v := range p.Variants {
		for _, fd := range v.Fields {
			if seen[ofVariant+fd.Key] {
				continue
			}
			if l.shared[fd.Key] {
				if first == -2 {
					first = l.firstVariant(p)
				}
				if i != first {
					continue
				}
			}
			l.addField(fd.Key, true, seen)
		}
	}
	for _, fd := range p.Fields {
		l.addField(fd.Key, false, seen)
	}
}

func (l *layout) addField(key string, each bool, seen map[string]bool) {
	name := key
	if each {
		name = ofVariant + key
	}
	if seen[name] {
		return
	}
	seen[name] = true
	has := func(c column) bool {
		return c.key == key && (c.each == each || !strings.HasPrefix(c.id, "unknown "))
	}
	if slices.ContainsFunc(l.columns, has) || slices.ContainsFunc(l.f.extra, func(d FieldDef) bool { return d.Key == key }) {
		return
	}
	l.add(name, l.columnOf(name))
}

// firstVariant is the variant that the product's first row describes, or -1.
func (l *layout) firstVariant(p Product) int {
	w := newSheetWriter(layoutOf(l.f, nil), Options{})
	w.product(l.f, p)
	if at, ok := w.owner[0]; ok {
		return at
	}
	return -1
}
