package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// FormKeyField is the hidden input that carries a form's one-time key. Every
// form may have it; the decoder leaves it to whoever guards repeats.
const FormKeyField = "form_key"

// Limits bounds what is read, and says how amounts and local times are meant.
// Zero fields take their defaults.
type Limits struct {
	Bytes  int64 // of the body; 1 MiB
	Values int   // form fields, or values of a JSON text; 2,000
	Depth  int   // levels of a JSON text; 32
	Memory int64 // of a multipart body's files before they go to disk; 1 MiB

	Currency string         // of money.Minor fields; a struct with amounts needs it
	Lang     string         // of whoever types amounts into a form: "de" may write 19,99
	Zone     *time.Location // of times without a zone; UTC

	// NoCards refuses payment card numbers in texts ("payment.card_number_here"),
	// for forms that strangers fill in. Passwords are not looked at.
	NoCards bool
}

func (l Limits) filled() Limits {
	if l.Bytes == 0 {
		l.Bytes = maxBody
	}
	if l.Values == 0 {
		l.Values = 2000
	}
	if l.Depth == 0 {
		l.Depth = 32
	}
	if l.Memory == 0 {
		l.Memory = 1 << 20
	}
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	return l
}

// Raw is what was typed into a form, for showing it again. Bytes that are not
// UTF-8 are replaced.
type Raw struct{ values url.Values }

// Get returns the first value of an input, or "".
func (r Raw) Get(name string) string { return strings.ToValidUTF8(r.values.Get(name), "\ufffd") }

// All returns every value of an input.
func (r Raw) All(name string) []string {
	all := slices.Clone(r.values[name])
	for i := range all {
		all[i] = strings.ToValidUTF8(all[i], "\ufffd")
	}
	return all
}

// Has reports whether the input was sent at all.
func (r Raw) Has(name string) bool { return r.values.Has(name) }

// Names lists the inputs that were sent, sorted.
func (r Raw) Names() []string {
	names := make([]string, 0, len(r.values))
	for name := range r.values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// DecodeForm reads a posted form (urlencoded or multipart) into T, a struct
// whose fields name their inputs:
//
//	type address struct {
//		Name    string   `form:"name" required:"true" max:"100"`
//		Lines   []line   `form:"lines"`      // lines.0.sku, lines.0.quantity, lines.1.sku …
//		Ship    place    `form:"ship"`       // ship.street, ship.city …
//		Fields  map[string]string `form:"fields"` // fields.colour …
//		Note    string   `form:"note" multiline:"true" max:"2000"`
//		Count   int      `form:"count" min:"1" max:"999"`
//		Price   money.Minor `form:"price" min:"0"` // in Limits.Currency
//		From    time.Time `form:"from" time:"date"` // or "local", "instant"
//		Agreed  bool     `form:"agreed"`     // a checkbox: absent is false
//		Tags    []string `form:"tags" items:"20"` // may be repeated
//		Weight  *int     `form:"weight"`     // nil when absent or empty
//		Password string  `form:"password" raw:"true" min:"8"` // raw: not trimmed
//		Kind    string   `form:"kind" oneof:"page post"`
//		Email   string   `form:"email" format:"email"`
//		Photo   *multipart.FileHeader `form:"photo"`
//	}
//
// A text without max holds 1,000 characters, a list without items 100
// elements. Texts are trimmed, and must be UTF-8 without control characters;
// line breaks (as "\n") and tabs need multiline.
//
// Everything that is wrong is told at once. An unknown or repeated field makes
// the fault Malformed ("form.malformed"); anything else Invalid
// ("form.invalid"); both carry all fields. A body that cannot be read as a form
// is Malformed, one over Limits.Bytes TooLarge; below LimitForm it says at which
// fields. On error T is zero and Raw holds what was typed.
func DecodeForm[T any](r *http.Request, l Limits) (T, Raw, error) {
	var t, none T
	raw, err := decodeForm(r, l.filled(), reflect.ValueOf(&t).Elem())
	if err != nil {
		return none, raw, err
	}
	return t, raw, nil
}

// DecodeJSON reads a JSON body into T. The tags are those of DecodeForm, with
// json in place of form; amounts are strings ("19.99"), times RFC 3339 unless
// the time tag says otherwise; null is the same as absent. A key that differs
// only in case from a known one is unknown.
func DecodeJSON[T any](r *http.Request, l Limits) (T, error) {
	var t, none T
	if err := decodeJSON(r, l.filled(), reflect.ValueOf(&t).Elem()); err != nil {
		return none, err
	}
	return t, nil
}

// DecodeQuery reads the query parameters into T, whose fields are tagged query
// (or form). Parameters that T does not know are ignored, so that campaign
// tags do no harm; a known one that is repeated is Malformed.
func DecodeQuery[T any](r *http.Request, l Limits) (T, error) {
	var t, none T
	b := &binder{limits: l.filled()}
	b.query(r, reflect.ValueOf(&t).Elem())
	if err := b.err(); err != nil {
		return none, err
	}
	return t, nil
}

// ReadQuery is DecodeQuery for pages that are shown all the same: T holds what
// is right, Raw everything as it came, and the error every field that is wrong.
func ReadQuery[T any](r *http.Request, l Limits) (T, Raw, error) {
	var t T
	b := &binder{limits: l.filled()}
	b.query(r, reflect.ValueOf(&t).Elem())
	return t, Raw{r.URL.Query()}, b.err()
}

// DecodeInput fills one struct from the path (fields tagged path), the query
// (tagged query) and the JSON body (tagged json), for typed operations.
// Methods without a body skip it.
func DecodeInput[T any](r *http.Request, l Limits) (T, error) {
	var t, none T
	v := reflect.ValueOf(&t).Elem()
	b := &binder{limits: l.filled()}
	b.path(r, v)
	b.query(r, v)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if p := planOf(v.Type(), fromJSON); len(p.fields) > 0 || r.ContentLength != 0 {
			n, err := readJSON(r, b.limits)
			if err != nil {
				return none, err
			}
			b.object(p, "", n, v)
		}
	}
	if err := b.err(); err != nil {
		return none, err
	}
	return t, nil
}

// media returns the media type of the body when it is one of those asked for.
func media(r *http.Request, want ...string) (string, map[string]string, error) {
	refuse := fault.New(fault.Malformed, "request.wrong_content_type").With("want", strings.Join(want, ", "))
	if len(r.Header.Values("Content-Type")) != 1 || r.Header.Get("Content-Encoding") != "" {
		return "", nil, refuse
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(want, kind) {
		return "", nil, refuse
	}
	if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") {
		return "", nil, refuse
	}
	return kind, params, nil
}

// maxTexts is what the texts of a multipart form may have beside Limits.Memory;
// package multipart sets it.
const maxTexts = 10 << 20

func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, tooMuch(limit)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if int64(len(body)) > limit {
		return nil, tooMuch(limit)
	}
	return body, nil
}

// tooMuch refuses a body of more than limit bytes.
func tooMuch(limit int64) *fault.Error {
	return fault.New(fault.TooLarge, "request.too_large").With("max", locale.Size(limit))
}

// unreadable says why a body could not be read.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return tooMuch(tooLarge.Limit)
	}
	return fault.New(fault.Malformed, "request.unreadable").Because(err)
}

func decodeForm(r *http.Request, l Limits, v reflect.Value) (Raw, error) {
	kind, params, err := media(r, formKind, filesKind)
	if err != nil {
		return Raw{}, err
	}
	in := &inputs{strict: true}
	if kind == filesKind {
		if r.Body == nil || params["boundary"] == "" {
			return Raw{}, fault.New(fault.Malformed, "request.unreadable")
		}
		if r.ContentLength > l.Bytes {
			return Raw{}, tooMuch(l.Bytes)
		}
		form, err := multipart.NewReader(http.MaxBytesReader(nil, r.Body, l.Bytes), params["boundary"]).ReadForm(l.Memory)
		switch {
		case errors.Is(err, multipart.ErrMessageTooLarge): // its texts, or the number of its parts
			return Raw{}, tooMuch(l.Memory + maxTexts)
		case err != nil:
			return Raw{}, unreadable(err)
		}
		// The server removes temporary files of the request that it made
		// itself; handlers see a copy, so the end of the request does it.
		context.AfterFunc(r.Context(), func() { _ = form.RemoveAll() })
		in.values, in.files = form.Value, form.File
	} else {
		body, err := readBody(r, l.Bytes)
		if err != nil {
			return Raw{}, err
		}
		if in.values, err = url.ParseQuery(string(body)); err != nil {
			return Raw{in.values}, fault.New(fault.Malformed, "request.unreadable").Because(err)
		}
	}
	large := oversized(r)
	if large != nil {
		large.round(in.values)
	}
	raw := Raw{in.values}
	count := 0
	for _, vs := range in.values {
		count += len(vs)
	}
	for _, fs := range in.files {
		count += len(fs)
	}
	if count > l.Values {
		return raw, fault.New(fault.TooLarge, "form.too_many_fields").With("max", int64(l.Values))
	}
	b := &binder{limits: l}
	b.form(planOf(v.Type(), fromForm), in, v)
	if large == nil || len(large.files)+len(large.texts) == 0 {
		return raw, b.err()
	}
	large.tell(b)
	if b.malformed {
		return raw, b.err()
	}
	e := tooMuch(large.limit)
	e.Fields = b.fields
	return raw, e
}

func readJSON(r *http.Request, l Limits) (node, error) {
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return node{kind: '{'}, nil // an operation without input needs no body
	}
	if _, _, err := media(r, "application/json"); err != nil {
		return node{}, err
	}
	body, err := readBody(r, l.Bytes)
	if err != nil {
		return node{}, err
	}
	return parseJSON(body, l.Depth, l.Values)
}

func decodeJSON(r *http.Request, l Limits, v reflect.Value) error {
	n, err := readJSON(r, l)
	if err != nil {
		return err
	}
	b := &binder{limits: l}
	b.object(planOf(v.Type(), fromJSON), "", n, v)
	return b.err()
}
