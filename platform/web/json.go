package web

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
)

// node is one value of a JSON text.
type node struct {
	kind  byte   // '{', '[', '"', '0', 't', 'f', 'n'
	text  string // the string, or the number as written
	items []node
	keys  []string // of an object, in order; items holds the values
}

// parser reads one JSON text (RFC 8259) and nothing more lenient: UTF-8 only,
// no byte order mark, every key once, one value and then the end, numbers that
// a float64 can hold, no half of a surrogate pair.
type parser struct {
	src   string
	pos   int
	depth int // levels still allowed
	nodes int // values still allowed
	bad   int // where the first byte stands that is no UTF-8; -1 for nowhere
}

func parseJSON(src []byte, depth, nodes int) (node, error) {
	p := &parser{src: string(src), depth: depth, nodes: nodes, bad: -1}
	if !utf8.ValidString(p.src) {
		p.bad = len(p.src)
		for i, c := range p.src {
			if c == utf8.RuneError && !strings.HasPrefix(p.src[i:], "\ufffd") {
				p.bad = i
				break
			}
		}
	}
	if strings.HasPrefix(p.src, "\ufeff") {
		return node{}, p.fail("json.byte_order_mark")
	}
	p.space()
	n, err := p.value("")
	if err == nil {
		if p.space(); p.pos < len(p.src) {
			err = p.fail("json.trailing_data")
		}
	}
	switch {
	case err != nil && p.pos == p.bad && len(fault.From(err).Fields) == 0:
		return node{}, p.fail("json.not_utf8")
	case err != nil:
		return node{}, err
	}
	return n, nil
}

func (p *parser) fail(reason string) *fault.Error {
	return fault.New(fault.Malformed, reason).With("offset", int64(p.pos))
}

func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// value reads the value at pos; path names it for faults.
func (p *parser) value(path string) (node, error) {
	if p.nodes--; p.nodes < 0 {
		return node{}, p.fail("json.too_many_values")
	}
	switch c := p.peek(); {
	case c == '{' || c == '[':
		if p.depth--; p.depth < 0 {
			return node{}, p.fail("json.too_deep")
		}
		read := p.object
		if c == '[' {
			read = p.array
		}
		n, err := read(path)
		p.depth++
		return n, err
	case c == '"':
		s, err := p.str()
		if path != "" && fault.Reason(err) == "json.not_utf8" {
			err = fault.From(err).At(path, "form.not_utf8")
		}
		return node{kind: '"', text: s}, err
	case c == '-' || (c >= '0' && c <= '9'):
		return p.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(p.src[p.pos:], word) {
			p.pos += len(word)
			return node{kind: word[0]}, nil
		}
	}
	return node{}, p.fail("json.syntax")
}

func (p *parser) object(path string) (node, error) {
	n := node{kind: '{'}
	seen := make(map[string]bool)
	p.pos++
	p.space()
	if p.peek() == '}' {
		p.pos++
		return n, nil
	}
	for {
		p.space()
		if p.peek() != '"' {
			return n, p.fail("json.syntax")
		}
		key, err := p.str()
		if err != nil {
			return n, err
		}
		if seen[key] {
			return n, p.fail("json.repeated_key").At(join(path, key), "form.repeated")
		}
		seen[key] = true
		p.space()
		if p.peek() != ':' {
			return n, p.fail("json.syntax")
		}
		p.pos++
		p.space()
		v, err := p.value(join(path, key))
		if err != nil {
			return n, err
		}
		n.keys, n.items = append(n.keys, key), append(n.items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return n, nil
		default:
			return n, p.fail("json.syntax")
		}
	}
}

func (p *parser) array(path string) (node, error) {
	n := node{kind: '['}
	p.pos++
	p.space()
	if p.peek() == ']' {
		p.pos++
		return n, nil
	}
	for {
		p.space()
		v, err := p.value(join(path, strconv.Itoa(len(n.items))))
		if err != nil {
			return n, err
		}
		n.items = append(n.items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return n, nil
		default:
			return n, p.fail("json.syntax")
		}
	}
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *parser) number() (node, error) {
	start := p.pos
	digits := func() bool {
		from := p.pos
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.pos++
		}
		return p.pos > from
	}
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !digits() {
		return node{}, p.fail("json.syntax")
	}
	if p.peek() == '.' {
		p.pos++
		if !digits() {
			return node{}, p.fail("json.syntax")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !digits() {
			return node{}, p.fail("json.syntax")
		}
	}
	text := p.src[start:p.pos]
	if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
		return node{}, p.fail("json.number_too_large")
	}
	return node{kind: '0', text: text}, nil
}

func (p *parser) str() (string, error) {
	s, err := p.quoted()
	if p.bad >= 0 && p.bad < p.pos {
		p.pos = p.bad
		return "", p.fail("json.not_utf8")
	}
	return s, err
}

func (p *parser) quoted() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) { // most strings have no escape
		switch c := p.src[p.pos]; {
		case c == '"':
			s := p.src[start:p.pos]
			p.pos++
			return s, nil
		case c < 0x20:
			return "", p.fail("json.syntax")
		case c == '\\':
			return p.escaped(start)
		}
		p.pos++
	}
	return "", p.fail("json.syntax")
}

// escaped reads the rest of a string that began at start and has an escape at
// pos.
func (p *parser) escaped(start int) (string, error) {
	var b strings.Builder
	b.WriteString(p.src[start:p.pos])
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		switch {
		case c == '"':
			p.pos++
			return b.String(), nil
		case c < 0x20:
			return "", p.fail("json.syntax")
		case c != '\\':
			b.WriteByte(c)
			p.pos++
			continue
		}
		p.pos++
		e := p.peek()
		p.pos++
		if i := strings.IndexByte(`"\/bfnrt`, e); i >= 0 && e != 0 {
			b.WriteByte("\"\\/\b\f\n\r\t"[i])
			continue
		}
		if e != 'u' {
			return "", p.fail("json.syntax")
		}
		r, ok := p.hex()
		if !ok {
			return "", p.fail("json.syntax")
		}
		if utf16.IsSurrogate(r) {
			if !strings.HasPrefix(p.src[min(p.pos, len(p.src)):], `\u`) {
				return "", p.fail("json.not_utf8")
			}
			p.pos += 2
			low, ok := p.hex()
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return "", p.fail("json.not_utf8")
			}
		}
		b.WriteRune(r)
	}
	return "", p.fail("json.syntax")
}

func (p *parser) hex() (rune, bool) {
	if p.pos+4 > len(p.src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.src[p.pos : p.pos+4]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	p.pos += 4
	return r, true
}

// join appends a part to a path: "lines", "2" → "lines.2".
func join(path, part string) string {
	if path == "" {
		return part
	}
	return path + "." + part
}
