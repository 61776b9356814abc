package transfer

// Guide describes the columns of one kind of file, for people.
type Guide struct {
	Platform Platform
	Kind     Kind
	Columns  []GuideColumn
}

// GuideColumn is a column that a format knows by name.
type GuideColumn struct {
	Header   string   // what Export writes
	Others   []string // further headers that are understood, in lower case
	Required bool
	Use      Use
	Target   string // part of the product or customer, of a mapped one
	Field    string // key of the custom field, of a kept one
	// Also are keys of custom fields for what the target, or Field, cannot hold.
	Also   []string
	Reason string // key of the words, of a dropped one
	Usual  string // a value that says no more than an empty cell
}

// Guides lists every kind of file that is understood, with the columns that it
// is known to have. Headers with a number, a language or a name inside are
// understood beside these; see Sheet.Columns for those of a file.
func Guides() []Guide {
	var out []Guide
	for _, f := range formats() {
		g := Guide{Platform: f.platform, Kind: f.kind}
		required := make(map[string]bool)
		for _, id := range f.required {
			required[id] = true
		}
		for _, c := range f.columns {
			if c.header == "" {
				continue
			}
			field, also := c.key, c.aside
			if c.use() == Kept && field == "" {
				field, also = also[0], also[1:]
			}
			g.Columns = append(g.Columns, GuideColumn{
				Header: c.header, Others: others(c), Required: required[c.id],
				Use: c.use(), Target: c.target, Field: field, Also: also, Reason: c.drop, Usual: c.def,
			})
		}
		out = append(out, g)
	}
	return out
}

func others(c column) []string {
	var out []string
	for _, name := range c.names {
		if name != fold(c.header) {
			out = append(out, name)
		}
	}
	return out
}
