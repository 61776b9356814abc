package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// bad is one wrong value and where it stands.
type bad struct {
	what  string
	field string // as the answer must name it; "" when only the whole can be refused
	body  string // JSON
}

// wrongs lists values that do not fit a schema, as JSON.
func wrongs(s *openapi3.Schema) map[string]string {
	list := map[string]string{}
	text := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	switch {
	case s.Type.Is("string"):
		list["a number"], list["true"], list["an object"], list["a list"] = `17`, `true`, `{}`, `["x"]`
		list["a control character"] = `"x\u0000"`
		if s.MaxLength != nil && *s.MaxLength <= 5000 {
			list["too long"] = text(int(*s.MaxLength) + 1)
		}
		if len(s.Enum) > 0 {
			list["no choice"] = `"no such choice"`
		}
		if s.Format == "date-time" {
			list["no time"] = `"yesterday"`
		}
	case s.Type.Is("integer"):
		list["a text"], list["a fraction"], list["an exponent"], list["true"] = `"1"`, `1.5`, `1e0`, `true`
		list["huge"], list["hugely negative"] = `9223372036854775808`, `-9223372036854775809`
		if s.Min != nil {
			list["too small"] = strconv.FormatInt(int64(*s.Min)-1, 10)
		}
		if s.Max != nil && *s.Max < 1e15 {
			list["too large"] = strconv.FormatInt(int64(*s.Max)+1, 10)
		}
	case s.Type.Is("boolean"):
		list["a text"], list["a number"] = `"true"`, `1`
	case s.Type.Is("array"):
		list["a text"], list["an object"] = `"x"`, `{}`
		if s.MaxItems != nil && *s.MaxItems <= 500 {
			list["too many"] = `[` + strings.TrimSuffix(strings.Repeat(`"x",`, int(*s.MaxItems)+1), ",") + `]`
		}
	case s.Type.Is("object"):
		list["a text"], list["a list"] = `"x"`, `[]`
	}
	return list
}

// bodies lists bad bodies for a schema: every property at every depth, wrong
// in every way, one at a time.
func bodies(s *openapi3.Schema, path string, wrap func(string) string, depth int) (list []bad) {
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for name, ref := range s.Properties {
		key, _ := json.Marshal(name)
		put := func(v string) string { return wrap(`{` + string(key) + `:` + v + `}`) }
		for what, v := range wrongs(ref.Value) {
			list = append(list, bad{what, at(name), put(v)})
		}
		list = append(list,
			bad{"twice", "", wrap(`{` + string(key) + `:null,` + string(key) + `:null}`)},
			bad{"in other letters", at(strings.ToUpper(name)), wrap(`{"` + strings.ToUpper(name) + `":null}`)},
			bad{"not UTF-8", at(name), put("\"\xff\"")})
		if slices.Contains(s.Required, name) {
			list = append(list, bad{"missing", at(name), wrap(`{}`)}, bad{"null", at(name), put(`null`)})
		}
		if depth > 3 {
			continue
		}
		switch {
		case ref.Value.Type.Is("array") && ref.Value.Items.Value.Type.Is("object"):
			list = append(list, bodies(ref.Value.Items.Value, at(name)+".0", func(in string) string { return put(`[` + in + `]`) }, depth+1)...)
		case ref.Value.Type.Is("array"):
			for what, v := range wrongs(ref.Value.Items.Value) {
				list = append(list, bad{what, at(name) + ".0", put(`[` + v + `]`)})
			}
		case ref.Value.Type.Is("object"):
			list = append(list, bodies(ref.Value, at(name), put, depth+1)...)
		}
	}
	return append(list, bad{"unknown", at("nonsense"), wrap(`{"nonsense":1}`)})
}

// tables lists every table with its rows, from the schema that both engines
// share; what only notes that somebody has tried is left out.
func (h *house) rows() map[string]int64 {
	h.t.Helper()
	raw, err := os.ReadFile("../migrations/schema.txt")
	if err != nil {
		h.t.Fatal(err)
	}
	rows := make(map[string]int64)
	for _, line := range strings.Split(string(raw), "\n") {
		table, _, ok := strings.Cut(line, ".")
		if _, known := rows[table]; !ok || known || strings.ContainsAny(table, " (") || table == "throttle" || table == "request_key" {
			continue
		}
		rows[table] = h.count(table)
	}
	if len(rows) < 40 {
		h.t.Fatalf("%d tables", len(rows))
	}
	return rows
}

// TestBadInput_isRefusedAtItsField walks the document: every input of every
// operation, wrong in every way. Each answer is a refusal that names the
// field, none is our mistake, and nothing is written.
func TestBadInput_isRefusedAtItsField(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.call("account.create", object{"name": "Ada", "email": "ada@example.com", "password": secret}).want(202)
		customer := "bearer:" + h.call("account.session.create", object{"email": "ada@example.com", "password": secret}).want(201).text("token")
		before, sent := h.rows(), 0
		for name, o := range h.ops {
			who := "accept:en"
			switch {
			case strings.HasPrefix(o.path, "/api/v1/staff/"):
				who = "bearer:" + h.owner
			case strings.HasPrefix(o.path, "/api/v1/account"):
				who = customer
			}
			ids := []string{who}
			for _, p := range o.op.Parameters {
				if p.Value.In == "path" {
					ids = append(ids, p.Value.Name+"=x")
				}
			}
			check := func(b bad, a *answer) {
				t.Helper()
				sent++
				if a.status < 400 || a.status >= 500 || a.header.Get("Content-Type") != "application/problem+json" {
					t.Fatalf("%s with %s %s: %d %.300s", name, b.field, b.what, a.status, a.body)
				}
				if b.field == "" {
					return
				}
				errors, _ := a.get("errors").([]any)
				for _, e := range errors {
					f, _ := e.(object)
					if f["field"] == b.field && f["detail"] != "" && f["detail"] != f["reason"] {
						return
					}
				}
				t.Errorf("%s with %s %s is refused without naming it: %d %.300s", name, b.field, b.what, a.status, a.body)
			}
			ask := func(b bad, more ...string) {
				t.Helper()
				var body any
				if b.body != "" {
					body = b.body
				}
				check(b, h.call(name, body, append(slices.Clone(more), ids...)...))
			}
			for _, p := range o.op.Parameters {
				n, s := p.Value.Name, p.Value.Schema.Value
				switch p.Value.In {
				case "path":
					ask(bad{"not UTF-8", n, ""}, n+"=\xff")
				case "query":
					ask(bad{"not UTF-8", n, ""}, "?"+n+"=%ff")
					one := s
					if s.Type.Is("array") {
						one = s.Items.Value
					} else {
						ask(bad{"twice", n, ""}, "?"+n+"=1&"+n+"=1")
					}
					if one.Type.Is("integer") {
						for _, v := range []string{"-1", "0.5", "x", "9223372036854775808"} {
							ask(bad{v, n, ""}, "?"+n+"="+v)
						}
					}
					if one.Type.Is("string") && one.MaxLength != nil {
						ask(bad{"too long", n, ""}, "?"+n+"="+strings.Repeat("x", int(*one.MaxLength)+1))
					}
				}
			}
			if o.method == "GET" {
				continue
			}
			if o.op.RequestBody == nil {
				ask(bad{"unknown", "nonsense", `{"nonsense":1}`})
				continue
			}
			media := o.op.RequestBody.Value.Content["application/json"]
			if media == nil {
				continue // a form with a file has a test of its own
			}
			for _, b := range bodies(media.Schema.Value, "", func(s string) string { return s }, 0) {
				ask(b)
			}
			for _, b := range []string{"", "{", "[]", "null", `{} {}`, "\ufeff{}", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
				ask(bad{"no object", "", b + " "})
			}
			if a := h.call(name, `{"nonsense":"`+strings.Repeat("x", 22<<20)+`"}`, ids...); a.status != 413 {
				t.Errorf("%s takes 22 MiB: %d", name, a.status)
			}
		}
		if sent < 1000 {
			t.Errorf("only %d tries", sent)
		}
		after := h.rows()
		for table, n := range after {
			if before[table] != n {
				t.Errorf("%s has %d rows, had %d", table, n, before[table])
			}
		}
		t.Log(fmt.Sprint(sent, " refusals"))
	})
}
