// Package fault is the one way a part of the shop says what went wrong, in
// words that a handler can turn into a page, a problem document or a field's
// message.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind groups faults by what the asker can do about them. platform/web maps a
// kind to an HTTP status; nothing else does.
type Kind int

// The zero Kind is Internal, so that a forgotten kind never says too much.
const (
	Internal    Kind = iota // our mistake; the asker is told nothing
	Malformed               // cannot be read at all: unparsable, unknown or repeated field
	Invalid                 // read, but not acceptable; Fields says where
	Forbidden               // the role lacks the function
	NotFound                // no such object, or not the asker's
	Gone                    // it was here, and was deleted for good
	Conflict                // the world moved: price, stock, version, state
	TooLarge                // over a size limit
	Declined                // a payment was refused
	TooMany                 // over a rate limit; Params["retry_after"] holds seconds (int64)
	Unavailable             // something we need is away; try again
)

var names = [...]string{"internal", "malformed", "invalid", "forbidden", "not_found", "gone", "conflict", "too_large", "declined", "too_many", "unavailable"}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return "internal"
	}
	return names[k]
}

// Error is a failure the caller can explain to a person. Reason is a stable
// dotted slug such as "giftcard.balance_too_low"; it is the translation key
// and the tail of the problem type URL, so renaming one is a breaking change.
type Error struct {
	Kind   Kind
	Reason string
	Params map[string]any // values the translated sentence mentions
	Fields []Field        // one per form field at fault; empty for whole-form faults
	Cause  error          // for the log; never shown to anyone
}

// Field is one bad input. Path uses the public name of the input:
// "shipping.postcode", "lines.2.quantity".
type Field struct {
	Path   string
	Reason string
	Params map[string]any
}

// New returns a fault without fields.
func New(kind Kind, reason string) *Error {
	return &Error{Kind: kind, Reason: reason}
}

// With adds a value for the translated sentence and returns e.
func (e *Error) With(name string, value any) *Error {
	if e.Params == nil {
		e.Params = make(map[string]any)
	}
	e.Params[name] = value
	return e
}

// Because sets the cause, which is logged and never shown, and returns e.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// At adds a bad field and returns e. Params are pairs of name and value.
func (e *Error) At(path, reason string, params ...any) *Error {
	f := Field{Path: path, Reason: reason}
	for i := 0; i+1 < len(params); i += 2 {
		if f.Params == nil {
			f.Params = make(map[string]any)
		}
		f.Params[fmt.Sprint(params[i])] = params[i+1]
	}
	e.Fields = append(e.Fields, f)
	return e
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Reason)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(" (")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(f.Path + ": " + f.Reason)
	}
	if len(e.Fields) > 0 {
		b.WriteString(")")
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether err carries a fault of the given kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Reason returns the reason err carries, or "" when it carries none.
func Reason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// From returns the fault err carries. An error that is not a fault becomes an
// Internal one with the reason "internal" and err as its cause; nil stays nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Reason: "internal", Cause: err}
}

// Form collects the bad fields of one input, so that a person is told all of
// them at once. The zero value is ready.
type Form struct{ fields []Field }

// Add notes a bad field; params are pairs of name and value.
func (f *Form) Add(path, reason string, params ...any) {
	e := (&Error{}).At(path, reason, params...)
	f.fields = append(f.fields, e.Fields...)
}

// Merge adds the fields of err under a prefix ("shipping."). An err that is
// not a fault with fields is returned; otherwise Merge returns nil.
func (f *Form) Merge(prefix string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	for _, field := range e.Fields {
		field.Path = prefix + field.Path
		f.fields = append(f.fields, field)
	}
	return nil
}

// Err returns nil when every field is good, else an Invalid fault with reason
// "form.invalid" and all of them.
func (f *Form) Err() error {
	if len(f.fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Reason: "form.invalid", Fields: f.fields}
}
