// Package kit is what the API is made of: one typed table of operations from
// which come routes, policies, decoders and the OpenAPI document, so that none
// of them can say something else than the others.
package kit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Operation is one thing a program may ask for.
//
// In is a struct whose fields are filled from the path (tag path), the query
// (tag query) and the JSON body (tag json), with the checks of web.DecodeForm;
// one with a file is filled from a multipart form (tag form) and nothing else.
// Out is written as JSON; struct{} means no body and status 204. Its lists are
// of type List and its amounts of type Money.
type Operation[In, Out any] struct {
	Name        string // unique, "orders.cancel": route name and operationId
	Method      string
	Path        string // below the API's base: "/orders/{number}/cancellation"
	Summary     string // one line
	Description string // more, in CommonMark; may be empty
	Tag         string // groups operations in the document

	Who        policy.Who
	Permission policy.Permission
	Owner      policy.Owner

	Status int    // of success; 0 means 200, or 204 when Out is struct{}
	Cache  string // Cache-Control of success; "" keeps no-store, or "no-cache" for public operations
	Body   int64  // most bytes of the body; 0 means 1 MiB
	Values int    // most values of the body's JSON; 0 means 2,000
	Once   bool   // asks for an Idempotency-Key, and answers repeats from memory (rule B14)

	// Handler carries the operation out. Tx is for one whose whole effect is
	// a single transaction: with Once, effect and answer commit together.
	// Exactly one of the two is set.
	Handler func(ctx context.Context, in In) (Out, error)
	Tx      func(ctx context.Context, tx *db.Tx, in In) (Out, error)
}

// CartToken is the header that names a guest's cart. Operations on an
// OwnCart document it.
const CartToken = "Cart-Token"

// Versioned is an Out that says which version it is of. It is sent as ETag, and
// a change whose In has a "version" may carry it as If-Match.
type Versioned interface{ Edition() int64 }

// Located is an Out that says where what was made can be found.
type Located interface{ Location() string }

// Options says what the API is called and how repeats are caught.
type Options struct {
	Title   string
	Version string // of the API
	Server  string // "https://shop.example"
	Base    string // path before all operations: "/api/v1"

	// Guard wraps the operations that set Once: once.Service.Guard with the
	// API's rule.
	Guard func(web.Handler) web.Handler

	DB *db.DB // for operations with Tx
}

// API is the table of operations.
type API struct {
	o     Options
	table policy.Table
	doc   *document
}

// New returns an API without operations.
func New(o Options) *API { return &API{o: o, doc: newDocument(o)} }

// Add puts an operation into the table. It panics when In cannot be decoded or
// Out cannot be described, which is a mistake of the programmer.
func Add[In, Out any](a *API, op Operation[In, Out]) {
	in, out := reflect.TypeFor[In](), reflect.TypeFor[Out]()
	if op.Status == 0 {
		op.Status = http.StatusOK
		if out == reflect.TypeFor[struct{}]() {
			op.Status = http.StatusNoContent
		}
	}
	if op.Once && op.Method == http.MethodGet {
		panic(fmt.Sprintf("api: %s: a GET changes nothing and needs no key", op.Name))
	}
	if (op.Handler == nil) == (op.Tx == nil) {
		panic(fmt.Sprintf("api: %s: set either Handler or Tx", op.Name))
	}
	checkPath(op.Name, op.Path, in)
	match := matching(in, out, op.Method)
	a.doc.add(described{
		tagged: out.Implements(reflect.TypeFor[Versioned]()), shared: op.shared(), match: match != nil, files: len(files(in)) > 0,
		name: op.Name, method: op.Method, path: a.o.Base + op.Path, summary: op.Summary, description: op.Description, tag: op.Tag,
		who: op.Who, permission: op.Permission, owner: op.Owner, status: op.Status, once: op.Once, in: in, out: out,
	})
	h := func(w http.ResponseWriter, r *http.Request) error { return serve(a.o.DB, op, match, w, r) }
	if op.Once {
		if a.o.Guard == nil {
			panic("api: " + op.Name + " wants repeats caught and Options.Guard is nil")
		}
		h = a.o.Guard(h)
	}
	a.table.Add(policy.Route{
		Name: "api." + op.Name, Method: op.Method, Pattern: a.o.Base + op.Path,
		Who: op.Who, Permission: op.Permission, Owner: op.Owner, Body: op.Body, Handler: h,
	})
}

// checkPath panics unless the wildcards of a path are the fields tagged path.
func checkPath(name, path string, in reflect.Type) {
	want := make(map[string]bool)
	for _, part := range strings.Split(path, "/") {
		if inner, ok := strings.CutPrefix(part, "{"); ok {
			want[strings.TrimSuffix(strings.TrimSuffix(inner, "}"), "...")] = true
		}
	}
	var have []web.Input
	if files(in) == nil {
		have = web.Describe(in, "path")
	}
	for _, f := range have {
		if !want[f.Name] {
			panic(fmt.Sprintf("api: %s: the path %s has no {%s}", name, path, f.Name))
		}
		delete(want, f.Name)
	}
	for missing := range want {
		panic(fmt.Sprintf("api: %s: the input has no field with path:%q", name, missing))
	}
}

// files are the inputs of a form with files; nil for an operation that takes
// JSON.
func files(in reflect.Type) []web.Input {
	for i := range in.NumField() {
		if in.Field(i).Type == reflect.TypeFor[*multipart.FileHeader]() {
			return web.Describe(in, "form")
		}
	}
	return nil
}

// matching is the field "version" that If-Match stands for, of a change to
// something versioned.
func matching(in, out reflect.Type, method string) []int {
	if method == http.MethodGet || !out.Implements(reflect.TypeFor[Versioned]()) {
		return nil
	}
	for _, f := range reflect.VisibleFields(in) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == "version" && f.Type.Kind() == reflect.Int64 {
			return f.Index
		}
	}
	return nil
}

// entityTag is how a version is written in ETag, If-Match and If-None-Match.
func entityTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// expect puts the version of If-Match into an input. It reports whether there
// was one.
func expect(r *http.Request, in reflect.Value, index []int) (bool, error) {
	sent := r.Header.Values("If-Match")
	if index == nil || len(sent) == 0 {
		return false, nil
	}
	bad := fault.New(fault.Malformed, "request.bad_if_match")
	tag, ok := strings.CutPrefix(sent[0], `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	n, err := strconv.ParseInt(tag, 10, 64)
	if len(sent) > 1 || !ok || !closed || err != nil || n < 1 || entityTag(n) != sent[0] {
		return false, bad
	}
	field := in.FieldByIndex(index)
	if field.Int() != 0 && field.Int() != n {
		return false, fault.New(fault.Invalid, "form.invalid").At("version", "request.two_versions")
	}
	field.SetInt(n)
	return true, nil
}

func serve[In, Out any](d *db.DB, op Operation[In, Out], match []int, w http.ResponseWriter, r *http.Request) error {
	in, err := decode(r, op)
	if err != nil {
		return err
	}
	conditional, err := expect(r, reflect.ValueOf(&in).Elem(), match)
	if err != nil {
		return err
	}
	var answer once.Response
	if op.Tx != nil {
		err = d.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
			out, err := op.Tx(ctx, tx, in)
			if err != nil {
				return err
			}
			if answer, err = op.answer(out); err != nil {
				return err
			}
			return once.Complete(ctx, tx, answer)
		})
	} else {
		var out Out
		if out, err = op.Handler(r.Context(), in); err == nil {
			answer, err = op.answer(out)
		}
	}
	if err != nil {
		if f := fault.From(err); conditional && f.Kind == fault.Conflict && (f.Reason == "version.changed" || strings.HasSuffix(f.Reason, ".version_conflict")) {
			return web.PreconditionFailed(f)
		}
		return err
	}
	if op.shared() {
		sum := sha256.Sum256(answer.Body)
		tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"` // weak: compression changes the bytes
		answer.Header.Set("ETag", tag)
		if holds(r, tag) {
			answer.Status, answer.Body = http.StatusNotModified, nil
			answer.Header.Del("Content-Type")
		}
	}
	answer.Send(w)
	return nil
}

// holds reports whether the asker has the answer with this tag already.
func holds(r *http.Request, tag string) bool {
	sent := strings.Join(r.Header.Values("If-None-Match"), ",")
	return slices.Contains(strings.FieldsFunc(sent, func(c rune) bool { return c == ',' || c == ' ' }), tag)
}

// shared reports whether the answer is the same for everybody and may be kept:
// it is asked for again with If-None-Match, and sent again when it is another.
func (op Operation[In, Out]) shared() bool {
	return op.Method == http.MethodGet && op.Who == policy.Public && op.Cache != "no-store"
}

// decode reads an operation's input. Whoever is not staff can send no card
// number in it, as in the storefront's forms.
func decode[In, Out any](r *http.Request, op Operation[In, Out]) (In, error) {
	limits := web.Limits{Bytes: op.Body, Values: op.Values, NoCards: op.Permission == ""}
	if files(reflect.TypeFor[In]()) == nil {
		return web.DecodeInput[In](r, limits)
	}
	in, _, err := web.DecodeForm[In](r, limits)
	return in, err
}

// answer writes an operation's result as JSON. HTML characters are not
// escaped: the content type and nosniff keep browsers from reading it as a
// page.
func (op Operation[In, Out]) answer(out Out) (once.Response, error) {
	a := once.Response{Status: op.Status, Header: make(http.Header)}
	switch {
	case op.Cache != "":
		a.Header.Set("Cache-Control", op.Cache)
	case op.Who == policy.Public:
		a.Header.Set("Cache-Control", "no-cache")
	}
	if v, ok := any(out).(Versioned); ok {
		a.Header.Set("ETag", entityTag(v.Edition()))
	}
	if l, ok := any(out).(Located); ok {
		a.Header.Set("Location", l.Location())
	}
	if op.Status == http.StatusNoContent {
		return a, nil
	}
	a.Header.Set("Content-Type", "application/json")
	var err error
	a.Body, err = marshal(out)
	return a, err
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b.Bytes(), nil
}

// Table returns the routes, the OpenAPI document at /api/openapi.json among
// them. Call it once, after the last Add.
func (a *API) Table() (*policy.Table, error) {
	doc, err := a.Document()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(doc)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	a.table.Add(policy.Route{
		Name: "api.document", Method: http.MethodGet, Pattern: "/api/openapi.json", Who: policy.Public,
		Handler: func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Cache-Control", "public, max-age=300")
			w.Header().Set("ETag", tag)
			if holds(r, tag) {
				w.WriteHeader(http.StatusNotModified)
				return nil
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(doc) // the client may have left
			return nil
		},
	})
	return &a.table, nil
}

// List is a list in an answer; none is written as [] and never as null.
type List[T any] []T

// MarshalJSON implements json.Marshaler.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// Each makes the list of f's results.
func Each[S, T any](from []S, f func(S) T) List[T] {
	list := make(List[T], len(from))
	for i, s := range from {
		list[i] = f(s)
	}
	return list
}

// PageIn is embedded by the inputs of operations that list things.
type PageIn struct {
	Limit  int    `query:"limit" min:"1" max:"100" doc:"How many items at most; 20 when absent."`
	Cursor string `query:"cursor" max:"500" doc:"next_cursor of the page before."`
}

// Size is the limit, or 20 when none was asked for.
func (p PageIn) Size() int {
	if p.Limit == 0 {
		return 20
	}
	return p.Limit
}

// After reads the cursor into the position it was made of. ok is false when
// there is none. A cursor that NextCursor did not make for the same position
// type is Invalid at "cursor".
func (p PageIn) After(position any) (ok bool, err error) {
	if p.Cursor == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err = d.Decode(position)
		if err == nil && d.More() {
			err = fmt.Errorf("more than one value")
		}
	}
	if err != nil {
		return false, fault.New(fault.Invalid, "form.invalid").At("cursor", "request.bad_cursor").Because(err)
	}
	return true, nil
}

// NextCursor writes the position of a page's last item, a small struct.
func NextCursor(position any) string {
	raw, err := json.Marshal(position)
	if err != nil {
		panic("api: a cursor's position must be plain data: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Page is one page of a list.
type Page[T any] struct {
	Items List[T] `json:"items"`
	Next  string  `json:"next_cursor,omitempty" doc:"Send it as cursor for the next page; absent on the last."`
}
