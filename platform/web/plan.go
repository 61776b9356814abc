package web

import (
	"fmt"
	"mime/multipart"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stoashop/stoa/kit/money"
)

// source says where the inputs of a struct come from, and so which tags count.
type source int

const (
	fromForm source = iota
	fromJSON
	fromQuery
	fromPath
)

// tags lists, best first, the struct tags that name an input of a source. The
// first one present wins. A field that only other sources can fill is skipped.
func (s source) tags() []string {
	switch s {
	case fromForm:
		return []string{"form", "json"}
	case fromJSON:
		return []string{"json", "form"}
	case fromQuery:
		return []string{"query", "form"}
	}
	return []string{"path"}
}

// kind is what a leaf holds.
type kind int

const (
	aText kind = iota
	anInt
	aBool
	anAmount
	aTime
	aFile
	aStruct
	aMap // map[string]string or map[string][]string
)

// field is what the decoder knows of one struct field.
type field struct {
	name  string
	index []int
	kind  kind
	ptr   bool  // *T: nil when absent
	list  bool  // []T: may be repeated
	multi bool  // aMap of lists
	sub   *plan // aStruct

	required  bool
	multiline bool
	raw       bool // not trimmed: passwords
	min, max  int64
	bounded   [2]bool // min, max were given
	items     int     // most elements of a list or map
	oneof     []string
	format    string // "", "email"
	when      string // aTime: "instant", "date", "local"
}

// plan is what the decoder knows of a struct.
type plan struct {
	fields []*field
	byName map[string]*field
}

type planKey struct {
	t reflect.Type
	s source
}

// plans keeps what reflection found out. It holds facts of types only, so it
// is no state: two shops in one process read the same truths.
var plans sync.Map

// planOf describes t, or panics with the programmer's mistake in it.
func planOf(t reflect.Type, s source) *plan {
	key := planKey{t, s}
	if p, ok := plans.Load(key); ok {
		return p.(*plan)
	}
	p := &plan{byName: make(map[string]*field)}
	p.add(t, s, nil)
	got, _ := plans.LoadOrStore(key, p)
	return got.(*plan)
}

// Defaults of what tags may say.
const (
	defaultText  = 1000 // characters of a text
	defaultItems = 100  // elements of a list or map
	maxKey       = 100  // characters of a map's key
	maxName      = 200  // characters of a form field's name
	maxBody      = 1 << 20
)

func (p *plan) add(t reflect.Type, s source, path []int) {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("web: %s is not a struct", t))
	}
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int{}, path...), i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct && sf.Tag == "" {
			p.add(sf.Type, s, index)
			continue
		}
		if !sf.IsExported() {
			continue
		}
		name, found := "", false
		for _, tag := range s.tags() {
			if v, ok := sf.Tag.Lookup(tag); ok {
				name, _, _ = strings.Cut(v, ",")
				found = true
				break
			}
		}
		if !found || name == "-" {
			if !found && !taggedElsewhere(sf.Tag) {
				panic(fmt.Sprintf("web: %s.%s has no tag that names its input; use \"-\" to leave it out", t, sf.Name))
			}
			continue
		}
		if (s == fromForm || s == fromJSON) && (hasTag(sf.Tag, "query") || hasTag(sf.Tag, "path")) {
			continue
		}
		if name == "" || strings.ContainsAny(name, " \t\r\n\"") || name == FormKeyField {
			panic(fmt.Sprintf("web: %s.%s has the bad input name %q", t, sf.Name, name))
		}
		if p.byName[name] != nil {
			panic(fmt.Sprintf("web: two inputs of %s are called %q", t, name))
		}
		f := describe(t, sf, s)
		f.name, f.index = name, index
		p.fields = append(p.fields, f)
		p.byName[name] = f
	}
}

func hasTag(tag reflect.StructTag, name string) bool { _, ok := tag.Lookup(name); return ok }

func taggedElsewhere(tag reflect.StructTag) bool {
	for _, name := range []string{"form", "json", "query", "path"} {
		if hasTag(tag, name) {
			return true
		}
	}
	return false
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	amountType = reflect.TypeFor[money.Minor]()
	fileType   = reflect.TypeFor[*multipart.FileHeader]()
)

func describe(owner reflect.Type, sf reflect.StructField, s source) *field {
	bad := func(format string, args ...any) {
		panic(fmt.Sprintf("web: %s.%s: %s", owner, sf.Name, fmt.Sprintf(format, args...)))
	}
	f := &field{items: defaultItems}
	t := sf.Type
	if t.Kind() == reflect.Slice {
		f.list, t = true, t.Elem()
	} else if t.Kind() == reflect.Pointer && t != fileType {
		f.ptr, t = true, t.Elem()
	}
	switch {
	case t == timeType:
		f.kind, f.when = aTime, "instant"
	case t == amountType:
		f.kind = anAmount
	case t == fileType:
		f.kind = aFile
		if s != fromForm {
			bad("files arrive in forms only")
		}
	case t.Kind() == reflect.String:
		f.kind = aText
	case t.Kind() == reflect.Bool:
		f.kind = aBool
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64, t.Kind() == reflect.Int32, t.Kind() == reflect.Int16, t.Kind() == reflect.Int8:
		f.kind = anInt
	case t.Kind() == reflect.Struct:
		f.kind = aStruct
		if s == fromPath {
			bad("a path holds no struct")
		}
		f.sub = planOf(t, s)
	case t.Kind() == reflect.Map && !f.list && !f.ptr && t.Key().Kind() == reflect.String:
		f.kind = aMap
		switch e := t.Elem(); {
		case e.Kind() == reflect.String:
		case e.Kind() == reflect.Slice && e.Elem().Kind() == reflect.String:
			f.multi = true
		default:
			bad("a map holds strings or lists of strings")
		}
	default:
		bad("type %s cannot be an input", sf.Type)
	}
	if s == fromPath && (f.list || f.ptr) {
		bad("a path value is there exactly once")
	}

	yes := func(tag string) bool {
		v, ok := sf.Tag.Lookup(tag)
		if ok && v != "true" {
			bad("tag %s must be \"true\"", tag)
		}
		return ok
	}
	num := func(tag string) (int64, bool) {
		v, ok := sf.Tag.Lookup(tag)
		if !ok {
			return 0, false
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			bad("tag %s: %q is not a whole number", tag, v)
		}
		return n, true
	}
	f.required, f.multiline, f.raw = yes("required"), yes("multiline"), yes("raw")
	f.min, f.bounded[0] = num("min")
	f.max, f.bounded[1] = num("max")
	if n, ok := num("items"); ok {
		f.items = int(n)
	}
	if (f.kind == aText || f.kind == aMap) && !f.bounded[1] {
		f.max, f.bounded[1] = defaultText, true
	}
	if v, ok := sf.Tag.Lookup("oneof"); ok {
		f.oneof = strings.Fields(v)
	}
	switch f.format = sf.Tag.Get("format"); f.format {
	case "", "email":
	default:
		bad("unknown format %q", f.format)
	}
	if v, ok := sf.Tag.Lookup("time"); ok {
		f.when = v
		if v != "instant" && v != "date" && v != "local" {
			bad("unknown time %q", v)
		}
	}
	if f.kind != aText && (f.multiline || f.raw || f.oneof != nil || f.format != "") && f.kind != aMap {
		bad("multiline, raw, oneof and format are for text")
	}
	return f
}
