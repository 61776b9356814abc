package web

import (
	"math"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/kit/pan"
)

// binder puts inputs into a struct and collects what is wrong with them.
type binder struct {
	limits    Limits
	json      bool          // strings come from JSON: types and marks are exact
	malformed bool          // an unknown or repeated field was among them
	fields    []fault.Field // in the order of the struct, unknown ones last
}

// most is how many bad fields one answer tells of.
const most = 100

func (b *binder) bad(path, reason string, params ...any) {
	if reason == "form.unknown" || reason == "form.repeated" {
		b.malformed = true
	}
	if len(b.fields) < most {
		e := (&fault.Error{}).At(clip(path), reason, params...)
		b.fields = append(b.fields, e.Fields...)
	}
}

func (b *binder) err() error {
	switch {
	case len(b.fields) == 0:
		return nil
	case b.malformed:
		return &fault.Error{Kind: fault.Malformed, Reason: "form.malformed", Fields: b.fields}
	}
	return &fault.Error{Kind: fault.Invalid, Reason: "form.invalid", Fields: b.fields}
}

// clip makes a name that a stranger chose fit to be sent back and logged.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if utf8.RuneCountInString(s) <= maxName {
		return s
	}
	return string([]rune(s)[:maxName]) + "…"
}

// inputs are the names and values of a form or a query.
type inputs struct {
	values map[string][]string
	files  map[string][]*multipart.FileHeader
	strict bool // unknown names are faults
	names  []string
	used   map[string]bool
}

func (in *inputs) index() {
	in.used = make(map[string]bool, len(in.values)+len(in.files))
	for name := range in.values {
		in.names = append(in.names, name)
	}
	for name := range in.files {
		if _, twice := in.values[name]; !twice {
			in.names = append(in.names, name)
		}
	}
	slices.Sort(in.names)
}

// below returns the names that begin with prefix, sorted.
func (in *inputs) below(prefix string) []string {
	from, _ := slices.BinarySearch(in.names, prefix)
	to := from
	for to < len(in.names) && strings.HasPrefix(in.names[to], prefix) {
		to++
	}
	return in.names[from:to]
}

// numbers returns the element numbers in use below a list's path, ascending:
// lines.0.sku, lines.2.sku → 0, 2. Other names stay unused and so unknown.
func (in *inputs) numbers(path string) []int {
	var ns []int
	for _, name := range in.below(path + ".") {
		part, _, ok := strings.Cut(name[len(path)+1:], ".")
		n, err := strconv.Atoi(part)
		if !ok || err != nil || strconv.Itoa(n) != part || n < 0 {
			continue
		}
		if len(ns) == 0 || ns[len(ns)-1] != n {
			ns = append(ns, n)
		}
	}
	slices.Sort(ns)
	return slices.Compact(ns)
}

// form binds every input of a form and then refuses those left over.
func (b *binder) form(p *plan, in *inputs, v reflect.Value) {
	in.index()
	b.group(p, "", in, v)
	if !in.strict {
		return
	}
	for _, name := range in.names {
		switch {
		case name == FormKeyField:
			if len(in.values[name]) != 1 || len(in.files[name]) != 0 {
				b.bad(name, "form.repeated")
			}
		case !in.used[name]:
			b.bad(name, "form.unknown")
		}
	}
}

func (b *binder) query(r *http.Request, v reflect.Value) {
	values, _ := url.ParseQuery(r.URL.RawQuery) // pairs that cannot be read are unknown ones
	b.form(planOf(v.Type(), fromQuery), &inputs{values: values}, v)
}

func (b *binder) path(r *http.Request, v reflect.Value) {
	for _, f := range planOf(v.Type(), fromPath).fields {
		b.text(f, f.name, r.PathValue(f.name), v.FieldByIndex(f.index))
	}
}

func (b *binder) group(p *plan, prefix string, in *inputs, v reflect.Value) {
	for _, f := range p.fields {
		path, dst := prefix+f.name, v.FieldByIndex(f.index)
		switch {
		case f.kind == aStruct && f.list:
			ns := in.numbers(path)
			if !b.enough(f, path, len(ns)) {
				in.use(in.below(path + "."))
				continue
			}
			list := reflect.MakeSlice(dst.Type(), len(ns), len(ns))
			for i, n := range ns {
				b.group(f.sub, path+"."+strconv.Itoa(n)+".", in, list.Index(i))
			}
			if len(ns) > 0 {
				dst.Set(list)
			}
		case f.kind == aStruct:
			if f.ptr {
				if len(in.below(path+".")) == 0 {
					b.absent(f, path)
					continue
				}
				dst.Set(reflect.New(dst.Type().Elem()))
				dst = dst.Elem()
			}
			b.group(f.sub, path+".", in, dst)
		case f.kind == aMap:
			names := in.below(path + ".")
			in.use(names)
			if !b.enough(f, path, len(names)) || len(names) == 0 {
				continue
			}
			dst.Set(reflect.MakeMapWithSize(dst.Type(), len(names)))
			for _, name := range names {
				b.entry(f, path, name[len(path)+1:], in.values[name], dst)
			}
		case f.kind == aFile:
			in.use([]string{path})
			b.files(f, path, in, dst)
		default:
			in.use([]string{path})
			b.values(f, path, in.values[path], len(in.files[path]) > 0, dst)
		}
	}
}

func (in *inputs) use(names []string) {
	for _, name := range names {
		in.used[name] = true
	}
}

// enough checks the number of a list's elements.
func (b *binder) enough(f *field, path string, n int) bool {
	if n > f.items {
		b.bad(path, "form.too_many", "max", int64(f.items))
		return false
	}
	if n == 0 {
		b.absent(f, path)
	}
	return true
}

func (b *binder) absent(f *field, path string) {
	if f.required {
		b.bad(path, "form.required")
	}
}

func (b *binder) files(f *field, path string, in *inputs, dst reflect.Value) {
	for _, s := range in.values[path] {
		if s != "" { // an empty file input arrives as an empty text
			b.bad(path, "form.not_a_file")
			return
		}
	}
	files := in.files[path]
	switch {
	case f.list:
		if b.enough(f, path, len(files)) && len(files) > 0 {
			dst.Set(reflect.ValueOf(files))
		}
	case len(files) > 1:
		b.bad(path, "form.repeated")
	case len(files) == 1:
		dst.Set(reflect.ValueOf(files[0]))
	default:
		b.absent(f, path)
	}
}

func (b *binder) values(f *field, path string, values []string, file bool, dst reflect.Value) {
	if file {
		b.bad(path, "form.not_text")
		return
	}
	if !f.list {
		switch len(values) {
		case 0:
			b.absent(f, path)
		case 1:
			b.text(f, path, values[0], dst)
		default:
			b.bad(path, "form.repeated")
		}
		return
	}
	if !b.enough(f, path, len(values)) || len(values) == 0 {
		return
	}
	one := *f
	one.list, one.required = false, true
	list := reflect.MakeSlice(dst.Type(), len(values), len(values))
	for i, s := range values {
		b.text(&one, path, s, list.Index(i))
	}
	dst.Set(list)
}

// entry puts one key of a map in place.
func (b *binder) entry(f *field, path, key string, values []string, dst reflect.Value) {
	at := path + "." + key
	if key == "" || utf8.RuneCountInString(key) > maxKey || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		b.bad(at, "form.unknown")
		return
	}
	one := *f
	one.kind, one.list, one.required = aText, f.multi, false
	e := reflect.New(dst.Type().Elem()).Elem()
	b.values(&one, at, values, false, e)
	dst.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), e)
}

// object binds a JSON object.
func (b *binder) object(p *plan, path string, n node, v reflect.Value) {
	b.json = true
	if n.kind != '{' {
		b.bad(path, "form.not_an_object")
		return
	}
	for _, f := range p.fields {
		at, dst := join(path, f.name), v.FieldByIndex(f.index)
		i := slices.Index(n.keys, f.name)
		if i < 0 || n.items[i].kind == 'n' {
			b.absent(f, at)
			continue
		}
		b.value(f, at, n.items[i], dst)
	}
	for _, key := range n.keys {
		if p.byName[key] == nil {
			b.bad(join(path, key), "form.unknown")
		}
	}
}

func (b *binder) value(f *field, path string, n node, dst reflect.Value) {
	switch {
	case f.list:
		if n.kind != '[' {
			b.bad(path, "form.not_a_list")
			return
		}
		if !b.enough(f, path, len(n.items)) {
			return
		}
		one := *f
		one.list, one.required = false, f.kind != aStruct
		list := reflect.MakeSlice(dst.Type(), len(n.items), len(n.items))
		for i, item := range n.items {
			b.value(&one, join(path, strconv.Itoa(i)), item, list.Index(i))
		}
		dst.Set(list)
	case f.kind == aStruct:
		if f.ptr {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		b.object(f.sub, path, n, dst)
	case f.kind == aMap:
		b.dict(f, path, n, dst)
	default:
		b.leaf(f, path, n, dst)
	}
}

func (b *binder) dict(f *field, path string, n node, dst reflect.Value) {
	if n.kind != '{' {
		b.bad(path, "form.not_an_object")
		return
	}
	if !b.enough(f, path, len(n.keys)) {
		return
	}
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(n.keys)))
	for i, key := range n.keys {
		item, at := n.items[i], join(path, key)
		want, reason := byte('"'), "form.not_text"
		if f.multi {
			want, reason = '[', "form.not_a_list"
		}
		if item.kind != want {
			b.bad(at, reason)
			continue
		}
		texts := []string{item.text}
		if f.multi {
			texts = texts[:0]
			for _, sub := range item.items {
				if sub.kind != '"' {
					b.bad(at, "form.not_text")
				}
				texts = append(texts, sub.text)
			}
		}
		b.entry(f, path, key, texts, dst)
	}
}

// leaf checks the JSON type of a value before its text is read.
func (b *binder) leaf(f *field, path string, n node, dst reflect.Value) {
	want, reason := byte('"'), "form.not_text"
	switch f.kind {
	case anInt:
		want, reason = '0', "form.not_a_number"
	case anAmount:
		reason = "form.not_an_amount"
	case aTime:
		reason = "form.not_a_date"
	case aBool:
		if n.kind != 't' && n.kind != 'f' {
			b.bad(path, "form.not_a_choice")
			return
		}
		b.target(f, dst).SetBool(n.kind == 't')
		return
	}
	if n.kind != want {
		b.bad(path, reason)
		return
	}
	b.text(f, path, n.text, dst)
}

// target returns the value to set, which for a pointer is made first.
func (b *binder) target(f *field, dst reflect.Value) reflect.Value {
	if !f.ptr {
		return dst
	}
	dst.Set(reflect.New(dst.Type().Elem()))
	return dst.Elem()
}

// text reads one text into dst.
func (b *binder) text(f *field, path, s string, dst reflect.Value) {
	if !utf8.ValidString(s) {
		b.bad(path, "form.not_utf8")
		return
	}
	if b.limits.NoCards && f.kind == aText && !f.raw && pan.In(s) {
		b.bad(path, "payment.card_number_here")
		return
	}
	if f.kind == aText {
		b.words(f, path, s, dst)
		return
	}
	if s == "" {
		b.absent(f, path)
		return
	}
	switch f.kind {
	case anInt:
		n, reason := whole(s)
		switch {
		case reason == "form.not_a_number":
			b.bad(path, reason)
			return
		case reason == "form.too_small" || (reason == "" && n < f.lowest(dst)):
			b.bad(path, "form.too_small", "min", f.lowest(dst))
			return
		case reason == "form.too_large" || n > f.highest(dst):
			b.bad(path, "form.too_large", "max", f.highest(dst))
			return
		}
		b.target(f, dst).SetInt(n)
	case anAmount:
		b.amount(f, path, s, dst)
	case aTime:
		t, ok := b.time(f.when, s)
		if !ok {
			b.bad(path, "form.not_a_date")
			return
		}
		b.target(f, dst).Set(reflect.ValueOf(t))
	case aBool:
		switch s {
		case "on", "1", "true":
			b.target(f, dst).SetBool(true)
		case "0", "false":
			b.target(f, dst).SetBool(false)
		default:
			b.bad(path, "form.not_a_choice")
		}
	}
}

func (f *field) lowest(dst reflect.Value) int64 {
	if f.bounded[0] {
		return f.min
	}
	return math.MinInt64 >> (64 - f.bits(dst))
}

func (f *field) highest(dst reflect.Value) int64 {
	if f.bounded[1] {
		return f.max
	}
	return math.MaxInt64 >> (64 - f.bits(dst))
}

func (f *field) bits(dst reflect.Value) int {
	if f.ptr {
		return dst.Type().Elem().Bits()
	}
	return dst.Type().Bits()
}

// whole reads a whole number written in ASCII digits with at most a minus
// before them: no plus, space, point, exponent, other script, nor "-0".
func whole(s string) (n int64, reason string) {
	digits, neg := strings.CutPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, "form.not_a_number"
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil && neg:
		return 0, "form.too_small"
	case err != nil:
		return 0, "form.too_large"
	case neg && n == 0:
		return 0, "form.not_a_number"
	}
	return n, ""
}

func (b *binder) amount(f *field, path, s string, dst reflect.Value) {
	cur := b.limits.Currency
	digits, ok := money.Exponent(cur)
	if !ok {
		panic("web: " + path + " is an amount and Limits names no currency")
	}
	if !b.json { // people write their own decimal mark
		s = strings.TrimSpace(s)
		comma := b.limits.Lang != "" && b.limits.Lang != "en" && !strings.HasPrefix(b.limits.Lang, "en-")
		switch {
		case comma && strings.Count(s, ",") == 1 && !strings.Contains(s, "."):
			s = strings.Replace(s, ",", ".", 1)
		case comma && digits > 2 && strings.Contains(s, "."):
			b.bad(path, "form.not_an_amount") // 1.234 might be a thousand
			return
		}
	}
	// More decimals than the currency has are refused even as zeros: "1.000"
	// may be a thousand.
	_, frac, _ := strings.Cut(s, ".")
	n, err := money.Parse(s, cur)
	if err != nil || len(frac) > digits || (strings.HasPrefix(s, "-") && n == 0) {
		b.bad(path, "form.not_an_amount")
		return
	}
	if f.bounded[0] && int64(n) < f.min {
		b.bad(path, "form.too_small", "min", money.Money{Amount: money.Minor(f.min), Currency: cur})
		return
	}
	if f.bounded[1] && int64(n) > f.max {
		b.bad(path, "form.too_large", "max", money.Money{Amount: money.Minor(f.max), Currency: cur})
		return
	}
	b.target(f, dst).SetInt(int64(n))
}

func (b *binder) time(when, s string) (time.Time, bool) {
	layouts := []string{time.RFC3339}
	switch when {
	case "date":
		layouts = []string{time.DateOnly}
	case "local":
		layouts = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, b.limits.Zone); err == nil && t.Year() >= 1900 {
			return t.UTC().Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}

// words reads a text that people will see again.
func (b *binder) words(f *field, path, s string, dst reflect.Value) {
	if f.multiline {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	for _, c := range s {
		if unicode.IsControl(c) && (!f.multiline || (c != '\n' && c != '\t')) || !f.multiline && (c == '\u2028' || c == '\u2029') {
			b.bad(path, "form.control_character")
			return
		}
	}
	if !f.raw {
		s = strings.TrimSpace(s)
	}
	n := int64(utf8.RuneCountInString(s))
	switch {
	case s == "":
		b.absent(f, path)
		if f.ptr && b.json { // "" is a value where null exists
			b.target(f, dst).SetString("")
		}
		return
	case n > f.max:
		b.bad(path, "form.too_long", "max", f.max)
		return
	case f.bounded[0] && n < f.min:
		b.bad(path, "form.too_short", "min", f.min)
		return
	case f.oneof != nil && !slices.Contains(f.oneof, s):
		b.bad(path, "form.not_a_choice")
		return
	case f.format == "email" && !Email(s):
		b.bad(path, "form.not_an_email")
		return
	}
	b.target(f, dst).SetString(s)
}

// Email reports whether s looks like an address that mail can be sent to: one
// plain mailbox of at most 254 bytes at a domain with a dot.
func Email(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > 254 || strings.ContainsAny(s, "\"<>()[] ") {
		return false
	}
	local, domain, _ := strings.Cut(s, "@")
	return len(local) <= 64 && strings.Contains(strings.Trim(domain, "."), ".") && !strings.HasSuffix(domain, ".")
}
