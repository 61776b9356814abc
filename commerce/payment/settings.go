package payment

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/pan"
)

// Kind says how a setting is typed in.
type Kind string

const (
	Text      Kind = "text"       // one line
	LocalText Kind = "local_text" // a text per language, as a JSON object
	Secret    Kind = "secret"     // one line, stored sealed, never shown again
	Choice    Kind = "choice"     // one of Field.Choices
	Switch    Kind = "switch"     // "true" or ""
	Number    Kind = "number"     // a whole number from Min to Max
)

// Field is one setting of a provider. The back office draws the form from it.
type Field struct {
	Name     string // "iban"; unique within the provider
	Kind     Kind
	Label    string // message key
	Help     string // message key; may be empty
	Required bool   // until it is filled in, the methods it belongs to are not offered
	Default  string // used while nothing is stored
	Method   string // the method it belongs to; empty means all of them

	Choices   []Option // for Choice
	Min, Max  int64    // for Number, both inclusive
	MaxLength int      // in characters; zero means 200

	// Check looks at a non-empty value and returns the tidied one, or the
	// reason of the fault. nil accepts everything.
	Check func(value string) (tidy, reason string)
}

// Option is one choice of a Choice field.
type Option struct {
	Value string
	Label string // message key
}

// Settings are the values of a provider's fields, as Tidy returned them.
type Settings map[string]string

// Switch reads a Switch field.
func (s Settings) Switch(name string) bool { return s[name] == "true" }

// Number reads a Number field; what is no number is 0.
func (s Settings) Number(name string) int64 {
	n, _ := strconv.ParseInt(s[name], 10, 64)
	return n
}

// Text reads a LocalText field.
func (s Settings) Text(name string) locale.Text {
	var t locale.Text
	if json.Unmarshal([]byte(s[name]), &t) != nil {
		return nil
	}
	return t
}

// Tidy checks the input of a provider's form and returns what to store: every
// field present, defaults filled in, spaces trimmed. All bad fields come back
// in one fault. A required field may stay empty: then Ready is false.
func Tidy(fields []Field, in map[string]string) (Settings, error) {
	var form fault.Form
	out := make(Settings, len(fields))
	for _, f := range fields {
		v, given := in[f.Name]
		if v = strings.TrimSpace(v); !given {
			v = f.Default
		}
		v, reason, params := f.tidy(v)
		if reason != "" {
			form.Add(f.Name, reason, params...)
		}
		out[f.Name] = v
	}
	for name := range in {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			form.Add(name, "form.unknown")
		}
	}
	if err := form.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (f Field) tidy(v string) (tidy, reason string, params []any) {
	limit := f.MaxLength
	if limit == 0 {
		limit = 200
	}
	switch {
	case v == "":
		return "", "", nil
	case !utf8.ValidString(v):
		return "", "form.not_utf8", nil
	case f.Kind != LocalText && utf8.RuneCountInString(v) > limit:
		return "", "form.too_long", []any{"max", limit}
	case pan.In(v):
		return "", "payment.card_number_here", nil
	}
	switch f.Kind {
	case Switch:
		if v != "true" {
			return "", "form.not_a_choice", nil
		}
	case Choice:
		if !slices.ContainsFunc(f.Choices, func(o Option) bool { return o.Value == v }) {
			return "", "form.not_a_choice", nil
		}
	case Number:
		n, err := strconv.ParseInt(v, 10, 64)
		switch {
		case err != nil:
			return "", "form.not_a_number", nil
		case n < f.Min:
			return "", "form.too_small", []any{"min", f.Min}
		case n > f.Max:
			return "", "form.too_large", []any{"max", f.Max}
		}
		v = strconv.FormatInt(n, 10)
	case LocalText:
		var t locale.Text
		if json.Unmarshal([]byte(v), &t) != nil {
			return "", "form.invalid_value", nil
		}
		for lang, text := range t {
			if text = strings.TrimSpace(text); text == "" {
				delete(t, lang)
			} else if t[lang] = text; utf8.RuneCountInString(text) > limit {
				return "", "form.too_long", []any{"max", limit}
			}
		}
		if len(t) == 0 {
			return "", "", nil
		}
		b, err := json.Marshal(t)
		if err != nil {
			return "", "form.invalid_value", nil
		}
		v = string(b)
	}
	if f.Check != nil {
		if v, reason = f.Check(v); reason != "" {
			return "", reason, nil
		}
	}
	return v, "", nil
}

// Ready reports whether a method can be offered: nothing is Missing.
func Ready(i Info, method string, s Settings) bool { return len(Missing(i, method, s)) == 0 }

// Missing lists the required fields that concern a method and are not filled
// in, in the order of the form.
func Missing(i Info, method string, s Settings) (fields []Field) {
	for _, f := range i.Settings {
		if f.Required && s[f.Name] == "" && (f.Method == "" || f.Method == method) {
			fields = append(fields, f)
		}
	}
	return fields
}

// CheckToken refuses what is no token: anything that contains a card number,
// characters outside printable ASCII, or more than 255 of them. The field is
// named "payment_token". Every door that takes a token calls it before
// anything is logged or stored.
func CheckToken(token string) error {
	var form fault.Form
	printable := !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
	switch {
	case pan.In(token):
		form.Add("payment_token", "payment.card_number_here")
	case !printable:
		form.Add("payment_token", "form.invalid_value")
	case len(token) > 255:
		form.Add("payment_token", "form.too_long", "max", 255)
	}
	return form.Err()
}
