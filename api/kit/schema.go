package kit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

// object is a JSON object of the document. encoding/json writes its keys in
// order, so equal tables give equal documents.
type object = map[string]any

// schemas collects the named schemas of a document.
type schemas struct {
	named object
	types map[string]reflect.Type // name → the type that has it
}

// name registers a struct's schema under its type's name and returns a
// reference to it. suffix keeps what is read apart from what is written.
func (s *schemas) name(t reflect.Type, suffix string, build func() object) object {
	if t.Name() == "" {
		return build()
	}
	name := typeName(t) + suffix
	if other, ok := s.types[name]; ok && other != t {
		panic(fmt.Sprintf("api: %s and %s would both be called %s in the document", t, other, name))
	} else if !ok {
		s.types[name] = t
		s.named[name] = object{} // ends the recursion of types that hold themselves
		s.named[name] = build()
	}
	return object{"$ref": "#/components/schemas/" + name}
}

var packages = regexp.MustCompile(`[^\[\],]*[./]`)

// typeName makes Page[github.com/…/api.Product] into PageProduct, and the
// unexported product into Product.
func typeName(t reflect.Type) string {
	name := packages.ReplaceAllString(t.Name(), "")
	name = strings.NewReplacer("[", " ", "]", " ", ",", " ", "·", "").Replace(name)
	var b strings.Builder
	for _, part := range strings.Fields(name) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// out describes what is written for t.
func (s *schemas) out(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return object{}
	case reflect.TypeFor[locale.Text]():
		return object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "Texts by language tag."}
	case reflect.TypeFor[money.Minor](), reflect.TypeFor[money.Money](), reflect.TypeFor[money.Rate]():
		panic(fmt.Sprintf("api: %s has no form in JSON; use kit.Money", t))
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Pointer:
		return object{"anyOf": []any{s.out(t.Elem()), object{"type": "null"}}}
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return object{"type": "object", "additionalProperties": s.out(t.Elem())}
		}
	case reflect.Slice:
		if !strings.HasPrefix(t.Name(), "List[") {
			panic(fmt.Sprintf("api: %s would be written as null when it is empty; use kit.List", t))
		}
		return object{"type": "array", "items": s.out(t.Elem())}
	case reflect.Struct:
		return s.name(t, "", func() object { return s.outStruct(t) })
	}
	panic(fmt.Sprintf("api: %s cannot be an answer", t))
}

func (s *schemas) outStruct(t reflect.Type) object {
	properties, required := object{}, []any{}
	s.outFields(t, properties, &required)
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func (s *schemas) outFields(t reflect.Type, properties object, required *[]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			s.outFields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("api: %s.%s has no json name", t, f.Name))
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		ft := f.Type
		if optional && ft.Kind() == reflect.Pointer {
			ft = ft.Elem() // absent and never null
		}
		properties[name] = documented(s.out(ft), f.Tag)
		if !optional {
			*required = append(*required, name)
		}
	}
}

// documented adds what tags say about a field.
func documented(schema object, tag reflect.StructTag) object {
	if doc := tag.Get("doc"); doc != "" {
		schema["description"] = doc
	}
	if values := strings.Fields(tag.Get("enum")); len(values) > 0 {
		enum := make([]any, len(values))
		for i, v := range values {
			enum[i] = v
		}
		schema["enum"] = enum
	}
	return schema
}

// in describes what is read for one input.
func (s *schemas) in(owner reflect.Type, f web.Input) object {
	var schema object
	switch f.Kind {
	case "text", "map":
		schema = object{"type": "string"}
		if f.Max != nil {
			schema["maxLength"] = *f.Max
		}
		switch {
		case f.Min != nil:
			schema["minLength"] = *f.Min
		case f.Required && f.Kind == "text":
			schema["minLength"] = 1
		}
		if f.Format != "" {
			schema["format"] = f.Format
		}
		if f.OneOf != nil {
			schema["enum"] = f.OneOf
		}
	case "int":
		schema = object{"type": "integer"}
		if f.Min != nil {
			schema["minimum"] = *f.Min
		}
		if f.Max != nil {
			schema["maximum"] = *f.Max
		}
	case "bool":
		schema = object{"type": "boolean"}
	case "time":
		schema = object{"type": "string", "format": map[string]string{"instant": "date-time", "date": "date", "local": "date-time-local"}[f.When]}
	case "file":
		schema = object{"type": "string", "format": "binary"}
	case "object":
		e := f.Type
		if e.Kind() == reflect.Slice || e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		suffix := "Input"
		if e == reflect.TypeFor[Money]() {
			suffix = ""
		}
		schema = s.name(e, suffix, func() object { return s.inStruct(e, f.Fields) })
	default:
		panic(fmt.Sprintf("api: %s: %s cannot be an input of the API; amounts are kit.Money", owner, f.Name))
	}
	if f.List {
		schema = object{"type": "array", "items": schema, "maxItems": f.Items}
	}
	if f.Kind == "map" {
		schema = object{"type": "object", "additionalProperties": schema, "maxProperties": f.Items}
	}
	return schema
}

func (s *schemas) inStruct(t reflect.Type, fields []web.Input) object {
	properties, required := object{}, []any{}
	for _, f := range fields {
		properties[f.Name] = documented(s.in(t, f), tagOf(t, f.Name))
		if f.Required {
			required = append(required, f.Name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// tagOf finds the tags of an input's field, also in embedded structs.
func tagOf(t reflect.Type, name string) reflect.StructTag {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			if tag := tagOf(f.Type, name); tag != "" {
				return tag
			}
		}
		for _, key := range []string{"path", "query", "json", "form"} {
			if v, _, _ := strings.Cut(f.Tag.Get(key), ","); v == name {
				return f.Tag
			}
		}
	}
	return ""
}
