package web

import "reflect"

// Input is what the decoder expects of one field, told for documentation.
type Input struct {
	Name     string
	Kind     string // "text", "int", "bool", "amount", "time", "file", "object", "map"
	When     string // of a time: "instant", "date", "local"
	Required bool
	List     bool         // of a map: its values are lists
	Min, Max *int64       // of a number, or of a text's length
	Items    int          // most elements of a list or map
	OneOf    []string     // the only texts allowed
	Format   string       // "email" or ""
	Type     reflect.Type // of the struct field
	Fields   []Input      // of an object
}

// Describe lists what the decoder takes from one place for a struct type: "path",
// "query", "json" or "form". It panics with the programmer's mistake when the
// struct cannot be decoded, so it also serves to check inputs at start.
func Describe(t reflect.Type, place string) []Input {
	from, ok := map[string]source{"path": fromPath, "query": fromQuery, "json": fromJSON, "form": fromForm}[place]
	if !ok {
		panic("web: inputs come from path, query, json or form, not " + place)
	}
	return planOf(t, from).describe(t)
}

func (p *plan) describe(t reflect.Type) []Input {
	list := make([]Input, 0, len(p.fields))
	for _, f := range p.fields {
		in := Input{
			Name: f.name, Kind: [...]string{"text", "int", "bool", "amount", "time", "file", "object", "map"}[f.kind],
			When: f.when, Required: f.required, List: f.list || f.multi, Items: f.items,
			OneOf: f.oneof, Format: f.format, Type: t.FieldByIndex(f.index).Type,
		}
		if f.bounded[0] {
			in.Min = &f.min
		}
		if f.bounded[1] {
			in.Max = &f.max
		}
		if f.sub != nil {
			e := in.Type
			if e.Kind() == reflect.Slice || e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			in.Fields = f.sub.describe(e)
		}
		list = append(list, in)
	}
	return list
}
