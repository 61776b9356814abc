package admin

import (
	"net/http"
	"net/url"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/web"
)

// Asked is what the address of a list says wrongly: it is left aside and told
// where it was chosen, while the rest counts.
type Asked struct {
	d     *Desk
	raw   web.Raw
	wrong fault.Form
	names []string
}

// Read reads the query of a list into T, as web.ReadQuery does.
func Read[T any](d *Desk, r *http.Request) (T, *Asked) {
	t, raw, err := web.ReadQuery[T](r, d.Limits())
	a := &Asked{d: d, raw: raw}
	if err != nil {
		for _, f := range fault.From(err).Fields {
			a.Refuse(f.Path, f.Reason, params(f.Params)...)
		}
	}
	return t, a
}

func params(m map[string]any) (pairs []any) {
	for name, value := range m {
		pairs = append(pairs, name, value)
	}
	return pairs
}

// Refuse adds what only the screen can judge.
func (a *Asked) Refuse(name, reason string, params ...any) {
	a.wrong.Add(name, reason, params...)
	a.names = append(a.names, name)
}

// Place returns the id of the entry that a page begins after or ends before,
// "" for the first page. A value that is no such id is refused.
func (a *Asked) Place(name, prefix, value string) string {
	if value == "" || id.Valid(prefix, value) {
		return value
	}
	a.Refuse(name, "search.bad_cursor")
	return ""
}

// Day returns a day such as 2026-11-24, or "" when none was chosen. What is no
// day is refused.
func (a *Asked) Day(name, value string) string {
	if _, err := time.Parse(time.DateOnly, value); value == "" || err == nil {
		return value
	}
	a.Refuse(name, "form.not_a_date")
	return ""
}

// Status is what the page is answered with.
func (a *Asked) Status() int {
	if a.names == nil {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// Tell says on the page what was left aside: at the filter when there is one,
// and above the list. f may be nil.
func (a *Asked) Tell(frame *Frame, f *Filters) {
	err := a.wrong.Err()
	if err == nil {
		return
	}
	note := &Note{Tone: Bad, Text: a.d.P.T("admin.filters.not_understood")}
	for _, field := range fault.From(err).Fields {
		text := a.d.P.Field(field)
		label := f.fault(field.Path, text, a.raw.Get(field.Path))
		switch {
		case label != "":
			text = label + ": " + text
		case field.Reason != "search.bad_cursor":
			text = field.Path + ": " + text
		}
		note.List = append(note.List, text)
	}
	frame.Fault = note
}

// fault marks the control of a name and returns its label, "" when there is
// none.
func (f *Filters) fault(name, text, typed string) string {
	if f == nil {
		return ""
	}
	if f.Search != nil && f.Search.Name == name {
		f.Search.Value, f.Search.Fault = typed, text
		return f.Search.Label
	}
	for i := range f.Selects {
		if s := &f.Selects[i]; s.Name == name {
			s.Fault = text
			return s.Label
		}
	}
	for i := range f.Dates {
		if d := &f.Dates[i]; d.Name == name {
			d.Value, d.Fault = typed, text
			return d.Label
		}
	}
	return ""
}

// Address writes the address of the list at a path with the filters that pairs
// of name and value say. Empty values are left out, and of two values for a
// name the later counts.
func Address(at string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Del(pairs[i])
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return at
	}
	return at + "?" + v.Encode()
}
