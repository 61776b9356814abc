package theme

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// Memo remembers what partials made of one thing that never changes, so that a
// template need not draw it again: {{kept .Memo "card" (dict …)}}. Whoever
// makes the thing gives it a memo of its own; a changed thing is another thing
// with a new memo. A memo knows nothing of what is drawn with it, so nothing
// but that thing, and plain values, may be in what the partial takes.
//
// A memo is safe for concurrent use and must not be copied.
type Memo struct {
	mu    sync.Mutex
	drawn map[string]HTML // by language and zone, partial, and the plain values
}

// maxDrawn bounds what one memo holds: a partial in a few sizes and languages.
const maxDrawn = 16

// kept draws a partial with data, once a memo. Strings, numbers and booleans
// in a dict are part of what is remembered: with other ones the partial is
// drawn anew. Without a memo it is drawn every time.
func (s *set) kept(m *Memo, partial string, data any) (HTML, error) {
	if m == nil {
		return s.draw(partial, data)
	}
	var space [128]byte
	key := append(strconv.AppendUint(space[:0], s.number, 36), ' ')
	key = append(key, partial...)
	if values, ok := data.(map[string]any); ok {
		key = appendPlain(key, values)
	}
	m.mu.Lock()
	markup, ok := m.drawn[string(key)]
	m.mu.Unlock()
	if ok {
		return markup, nil
	}
	markup, err := s.draw(partial, data)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drawn == nil || len(m.drawn) >= maxDrawn {
		m.drawn = make(map[string]HTML)
	}
	m.drawn[string(key)] = markup
	return markup, nil
}

// appendPlain writes the plain values of a dict, in the order of their names.
func appendPlain(key []byte, values map[string]any) []byte {
	var space [8]string
	names := space[:0]
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch v := values[name].(type) {
		case string:
			key = strconv.AppendQuote(appendName(key, name), v)
		case bool:
			key = strconv.AppendBool(appendName(key, name), v)
		case int:
			key = strconv.AppendInt(appendName(key, name), int64(v), 10)
		}
	}
	return key
}

func appendName(key []byte, name string) []byte {
	return append(append(append(key, ' '), name...), '=')
}

// draw renders a partial alone.
func (s *set) draw(partial string, data any) (HTML, error) {
	tmpl := s.partials[partial]
	if tmpl == nil {
		return "", fmt.Errorf("theme: no partial %q", partial)
	}
	var out stringWriter
	if err := write(&out, tmpl.Execute, data, "partial "+partial); err != nil {
		return "", err
	}
	return HTML(out), nil
}

// stringWriter keeps the one piece that write writes.
type stringWriter string

func (w *stringWriter) Write(b []byte) (int, error) {
	*w += stringWriter(b)
	return len(b), nil
}
