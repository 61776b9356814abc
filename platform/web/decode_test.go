package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

type line struct {
	SKU      string `form:"sku" required:"true" max:"20"`
	Quantity int    `form:"quantity" required:"true" min:"1" max:"999"`
}

type place struct {
	Street string `form:"street" max:"40"`
	City   string `form:"city" required:"true"`
}

type order struct {
	Name     string                  `form:"name" required:"true" max:"10"`
	Email    string                  `form:"email" format:"email"`
	Note     string                  `form:"note" multiline:"true"`
	Password string                  `form:"password" raw:"true" min:"3"`
	Kind     string                  `form:"kind" oneof:"page post"`
	Quantity int                     `form:"quantity" min:"1" max:"99"`
	Small    int8                    `form:"small"`
	Weight   *int                    `form:"weight"`
	Price    money.Minor             `form:"price" min:"0"`
	Day      time.Time               `form:"day" time:"date"`
	At       time.Time               `form:"at"`
	Agreed   bool                    `form:"agreed"`
	Tags     []string                `form:"tags" items:"3"`
	Lines    []line                  `form:"lines" items:"3"`
	Ship     *place                  `form:"ship"`
	Fields   map[string]string       `form:"fields" items:"2" max:"5"`
	Facets   map[string][]string     `form:"facets"`
	Photo    *multipart.FileHeader   `form:"photo" json:"-"`
	Photos   []*multipart.FileHeader `form:"photos" json:"-"`
	Internal string                  `form:"-"`
}

func post(body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func postJSON(body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

var limits = web.Limits{Currency: "EUR", Lang: "de", Zone: time.FixedZone("", 3600)}

func TestDecodeForm_readsEveryType(t *testing.T) {
	weight := 0
	want := order{
		Name: "Ada", Email: "ada@example.com", Note: "one\n\ttwo", Password: " secret ", Kind: "post",
		Quantity: 7, Small: -128, Weight: &weight, Price: 1999,
		Day: time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC), At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
		Agreed: true, Tags: []string{"a", "b"},
		Lines:  []line{{"A-1", 1}, {"B-2", 999}},
		Ship:   &place{City: "Köln"},
		Fields: map[string]string{"colour": "red"},
		Facets: map[string][]string{"size": {"s", "m"}},
	}
	form := "name=+Ada+&email=ada@example.com&note=one%0D%0A%09two&password=+secret+&kind=post&quantity=7&small=-128&weight=0" +
		"&price=19,99&day=2026-11-24&at=2026-11-24T12:00:00%2B02:00&agreed=on&tags=a&tags=b&lines.0.sku=A-1&lines.0.quantity=1" +
		"&lines.10.sku=B-2&lines.10.quantity=999&ship.city=K%C3%B6ln&ship.street=&fields.colour=red&facets.size=s&facets.size=m&form_key=k1"

	got, raw, err := web.DecodeForm[order](post(form), limits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("form (-want +got)\n" + diff)
	}
	if raw.Get("name") != " Ada " || !raw.Has("ship.street") || raw.Has("photo") || len(raw.All("tags")) != 2 {
		t.Errorf("what was typed is lost: %v", raw)
	}

	js := `{"name":" Ada ","email":"ada@example.com","note":"one\r\n\ttwo","password":" secret ","kind":"post","quantity":7,"small":-128,
		"weight":0,"price":"19.99","day":"2026-11-24","at":"2026-11-24T12:00:00+02:00","agreed":true,"tags":["a","b"],
		"lines":[{"sku":"A-1","quantity":1},{"sku":"B-2","quantity":999}],"ship":{"city":"K\u00f6ln"},"fields":{"colour":"red"},"facets":{"size":["s","m"]}}`
	got, err = web.DecodeJSON[order](postJSON(js), limits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("JSON (-want +got)\n" + diff)
	}
}

// TestDecode_T1 proves that every wrong quantity is refused at its field, as a
// form and as JSON, with the same reason, and that nothing is decoded.
func TestDecode_T1_refusesAtTheField(t *testing.T) {
	tests := map[string]struct {
		form, json string // what is sent beside a good name
		want       string // kind, then path: reason
	}{
		"negative":          {"quantity=-1", `"quantity":-1`, "invalid quantity: form.too_small"},
		"minus zero":        {"quantity=-0", `"quantity":-0`, "invalid quantity: form.not_a_number"},
		"zero":              {"quantity=0", `"quantity":0`, "invalid quantity: form.too_small"},
		"fraction":          {"quantity=1.5", `"quantity":1.5`, "invalid quantity: form.not_a_number"},
		"exponent":          {"quantity=1e3", `"quantity":1e3`, "invalid quantity: form.not_a_number"},
		"space":             {"quantity=+1", `"quantity":" 1"`, "invalid quantity: form.not_a_number"},
		"plus":              {"quantity=%2B1", `"quantity":"+1"`, "invalid quantity: form.not_a_number"},
		"other digits":      {"quantity=%D9%A3", `"quantity":"٣"`, "invalid quantity: form.not_a_number"},
		"list":              {"quantity=[2,-5]", `"quantity":[2,-5]`, "invalid quantity: form.not_a_number"},
		"huge":              {"quantity=99999999999999999999", `"quantity":99999999999999999999`, "invalid quantity: form.too_large"},
		"hugely negative":   {"quantity=-99999999999999999999", `"quantity":-99999999999999999999`, "invalid quantity: form.too_small"},
		"past the type":     {"small=128", `"small":128`, "invalid small: form.too_large"},
		"repeated":          {"quantity=1&quantity=2", "", "malformed quantity: form.repeated"},
		"unknown":           {"is_admin=1", `"is_admin":true`, "malformed is_admin: form.unknown"},
		"case variant":      {"Quantity=1", `"Quantity":1`, "malformed Quantity: form.unknown"},
		"left out by a tag": {"Internal=1", `"Internal":"1"`, "malformed Internal: form.unknown"},
		"not a name at all": {"-=1", `"-":"1"`, "malformed -: form.unknown"},
		"too long":          {"kind=page&tags=a&fields.a=123456", `"kind":"page","tags":["a"],"fields":{"a":"123456"}`, "invalid fields.a: form.too_long"},
		"not a choice":      {"kind=pages", `"kind":"pages"`, "invalid kind: form.not_a_choice"},
		"too short":         {"password=ab", `"password":"ab"`, "invalid password: form.too_short"},
		"not UTF-8":         {"email=%FF", "", "invalid email: form.not_utf8"},
		"NUL":               {"note=a%00b", `"note":"a\u0000b"`, "invalid note: form.control_character"},
		"line break":        {"email=a%0Ab", `"email":"a\nb"`, "invalid email: form.control_character"},
		"C1 control":        {"email=a%C2%85b", `"email":"a\u0085b"`, "invalid email: form.control_character"},
		"line separator":    {"kind=page&tags=a&fields.a=b%E2%80%A8c", `"kind":"page","tags":["a"],"fields":{"a":"b\u2028c"}`, "invalid fields.a: form.control_character"},
		"end of paragraph":  {"kind=page&tags=a&fields.a=b%E2%80%A9c", `"kind":"page","tags":["a"],"fields":{"a":"b\u2029c"}`, "invalid fields.a: form.control_character"},
		"no mailbox":        {"email=ada@example", `"email":"ada@example"`, "invalid email: form.not_an_email"},
		"two mailboxes":     {"email=a@b.de,c@d.de", `"email":"a@b.de,c@d.de"`, "invalid email: form.not_an_email"},
		"negative price":    {"price=-0,01", `"price":"-0.01"`, "invalid price: form.too_small"},
		"three decimals":    {"price=1.000", `"price":"1.000"`, "invalid price: form.not_an_amount"},
		"grouped":           {"price=1.000,00", `"price":"1,000.00"`, "invalid price: form.not_an_amount"},
		"huge price":        {"price=99999999999999999999", `"price":"99999999999999999999"`, "invalid price: form.not_an_amount"},
		"number for price":  {"price=1e2", `"price":19.99`, "invalid price: form.not_an_amount"},
		"no day":            {"day=2026-02-30", `"day":"2026-02-30"`, "invalid day: form.not_a_date"},
		"year zero":         {"day=0001-01-01", `"day":"0001-01-01"`, "invalid day: form.not_a_date"},
		"no instant":        {"at=2026-11-24", `"at":1`, "invalid at: form.not_a_date"},
		"checkbox":          {"agreed=maybe", `"agreed":"true"`, "invalid agreed: form.not_a_choice"},
		"too many tags":     {"tags=1&tags=2&tags=3&tags=4", `"tags":["1","2","3","4"]`, "invalid tags: form.too_many"},
		"too many lines":    {"lines.0.sku=a&lines.1.sku=a&lines.2.sku=a&lines.3.sku=a", `"lines":[{},{},{},{}]`, "invalid lines: form.too_many"},
		"bad line":          {"lines.7.sku=a&lines.7.quantity=0", `"lines":[{"sku":"a","quantity":0}]`, "invalid lines.%: form.too_small"},
		"no line number":    {"lines.01.sku=a", `"lines":{"sku":"a"}`, ""},
		"missing in struct": {"ship.street=x", `"ship":{"street":"x"}`, "invalid ship.city: form.required"},
		"many map keys":     {"fields.a=1&fields.b=2&fields.c=3", `"fields":{"a":"1","b":"2","c":"3"}`, "invalid fields: form.too_many"},
		"empty map key":     {"fields.=1", `"fields":{"":"1"}`, "malformed fields.: form.unknown"},
		"text for object":   {"ship=x", `"ship":"x"`, ""},
		"text for file":     {"photo=x", "", "invalid photo: form.not_a_file"},
		"two keys":          {"form_key=a&form_key=b", "", "malformed form_key: form.repeated"},
	}
	special := map[string][2]string{ // where a form and JSON differ by nature
		"no line number":  {"malformed lines.01.sku: form.unknown", "invalid lines: form.not_a_list"},
		"text for object": {"malformed ship: form.unknown", "invalid ship: form.not_an_object"},
		"bad line":        {"invalid lines.7.quantity: form.too_small", "invalid lines.0.quantity: form.too_small"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantForm, wantJSON := tt.want, tt.want
			if s, ok := special[name]; ok {
				wantForm, wantJSON = s[0], s[1]
			}
			got, raw, err := web.DecodeForm[order](post("name=Ada&"+tt.form), limits)
			if summary(err) != wantForm {
				t.Errorf("form %s: %s, want %s", tt.form, summary(err), wantForm)
			}
			if !cmp.Equal(got, order{}) || raw.Get("name") != "Ada" {
				t.Errorf("a refused form left %+v and %v", got, raw)
			}
			if tt.json == "" {
				return
			}
			got, err = web.DecodeJSON[order](postJSON(`{"name":"Ada",`+tt.json+"}"), limits)
			if summary(err) != wantJSON {
				t.Errorf("JSON %s: %s, want %s", tt.json, summary(err), wantJSON)
			}
			if !cmp.Equal(got, order{}) {
				t.Errorf("refused JSON left %+v", got)
			}
		})
	}
}

func summary(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return fmt.Sprint(err)
	}
	s := f.Kind.String()
	if len(f.Fields) == 0 {
		return s + " " + f.Reason
	}
	for _, field := range f.Fields {
		s += " " + field.Path + ": " + field.Reason
	}
	return s
}

func TestDecode_tellsEverythingAtOnce(t *testing.T) {
	_, _, err := web.DecodeForm[order](post("quantity=0&email=x&zzz=1"), limits)
	want := "malformed name: form.required email: form.not_an_email quantity: form.too_small zzz: form.unknown"
	if got := summary(err); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var f *fault.Error
	if errors.As(err, &f); !cmp.Equal(f.Fields[2].Params, map[string]any{"min": int64(1)}) {
		t.Errorf("parameters of too_small: %v", f.Fields[2].Params)
	}
}

// TestDecodeJSON_T100 proves that whatever two JSON readers could take two
// ways is refused before it is bound.
func TestDecodeJSON_T100_refusesWhatIsAmbiguous(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"repeated key":         {`{"name":"a","name":"b"}`, "malformed name: form.repeated"},
		"repeated by escape":   {`{"name":"a","n\u0061me":"b"}`, "malformed name: form.repeated"},
		"repeated inside":      {`{"name":"a","ship":{"city":"a","city":"b"}}`, "malformed ship.city: form.repeated"},
		"repeated in unknown":  {`{"name":"a","x":[{"y":1,"y":2}]}`, "malformed x.0.y: form.repeated"},
		"trailing data":        {`{"name":"a"} {}`, "malformed json.trailing_data"},
		"trailing NUL":         {"{\"name\":\"a\"}\x00", "malformed json.trailing_data"},
		"byte order mark":      {"\ufeff{\"name\":\"a\"}", "malformed json.byte_order_mark"},
		"NaN":                  {`{"quantity":NaN}`, "malformed json.syntax"},
		"Infinity":             {`{"quantity":-Infinity}`, "malformed json.syntax"},
		"1e400":                {`{"quantity":1e400}`, "malformed json.number_too_large"},
		"leading zero":         {`{"quantity":01}`, "malformed json.syntax"},
		"hexadecimal":          {`{"quantity":0x1}`, "malformed json.syntax"},
		"comment":              {`{"name":"a"/*b*/}`, "malformed json.syntax"},
		"trailing comma":       {`{"name":"a",}`, "malformed json.syntax"},
		"single quotes":        {`{'name':'a'}`, "malformed json.syntax"},
		"depth 33":             {`{"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "malformed json.too_deep"},
		"depth 10,000":         {strings.Repeat("[", 10_000), "malformed json.too_deep"},
		"depth 32":             {`{"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, "malformed name: form.required x: form.unknown"},
		"not UTF-8":            {"{\"name\":\"\xff\"}", "malformed name: form.not_utf8"},
		"overlong UTF-8":       {"{\"name\":\"\xc0\xaf\"}", "malformed name: form.not_utf8"},
		"lone high surrogate":  {`{"name":"\ud800"}`, "malformed name: form.not_utf8"},
		"lone low surrogate":   {`{"name":"\udc00"}`, "malformed name: form.not_utf8"},
		"a list not UTF-8":     {"{\"tags\":[\"a\",\"\xff\"]}", "malformed tags.1: form.not_utf8"},
		"a key not UTF-8":      {"{\"na\xffme\":\"a\"}", "malformed json.not_utf8"},
		"no text, not UTF-8":   {"{\"name\":\xff}", "malformed json.not_utf8"},
		"wrong before it":      {"{\"name\":x \"\xff\"}", "malformed json.syntax"},
		"raw control":          {"{\"name\":\"a\nb\"}", "malformed json.syntax"},
		"bad escape":           {`{"name":"\x41"}`, "malformed json.syntax"},
		"unfinished":           {`{"name":"a`, "malformed json.syntax"},
		"unfinished escape":    {`{"name":"a\`, "malformed json.syntax"},
		"unfinished surrogate": {`{"name":"\ud83d\u`, "malformed name: form.not_utf8"},
		"empty":                {``, "malformed json.syntax"},
		"null":                 {`null`, "invalid : form.not_an_object"},
		"a list":               {`[]`, "invalid : form.not_an_object"},
		"too many values":      {`{"x":[` + strings.Repeat("1,", 2000) + `1]}`, "malformed json.too_many_values"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := web.DecodeJSON[order](postJSON(tt.body), limits)
			if got := summary(err); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDecodeJSON_saysAtWhichByte(t *testing.T) {
	for body, want := range map[string]int64{"{\"note\":\"\ufffd\xff\"}": 12, "{\"\xe4\":1}": 2, "[\xe4": 1, "{}\xe4": 2, `{"note":"\ud800"}`: 15} {
		_, err := web.DecodeJSON[order](postJSON(body), limits)
		if f := fault.From(err); f.Reason != "json.not_utf8" || f.Params["offset"] != want {
			t.Errorf("%q: %s at %v, want %d", body, f.Reason, f.Params["offset"], want)
		}
	}
}

func TestDecode_refusesOtherContentTypes(t *testing.T) {
	for _, ct := range []string{"", "text/plain", "application/json, text/plain", "application/json; charset=utf-16", "text/json", "application/x-www-form-urlencoded"} {
		r := postJSON(`{"name":"a"}`)
		r.Header.Set("Content-Type", ct)
		if _, err := web.DecodeJSON[order](r, limits); summary(err) != "malformed request.wrong_content_type" {
			t.Errorf("%q as JSON: %v", ct, err)
		}
	}
	for _, ct := range []string{"", "text/plain", "application/json", "multipart/mixed; boundary=x"} {
		r := post("name=a")
		r.Header.Set("Content-Type", ct)
		if _, _, err := web.DecodeForm[order](r, limits); summary(err) != "malformed request.wrong_content_type" {
			t.Errorf("%q as form: %v", ct, err)
		}
	}
	r := postJSON(`{"name":"a"}`)
	r.Header.Add("Content-Type", "text/plain")
	if _, err := web.DecodeJSON[order](r, limits); summary(err) != "malformed request.wrong_content_type" {
		t.Errorf("two types: %v", err)
	}
	r = postJSON(`{"name":"a"}`)
	r.Header.Set("Content-Encoding", "gzip")
	if _, err := web.DecodeJSON[order](r, limits); summary(err) != "malformed request.wrong_content_type" {
		t.Errorf("compressed body: %v", err)
	}
}

func TestDecode_boundsTheBody(t *testing.T) {
	small := limits
	small.Bytes = 10
	if _, _, err := web.DecodeForm[order](post("name=12345"), small); err != nil {
		t.Errorf("10 bytes: %v", err)
	}
	for _, length := range []int64{11, -1} {
		r := post("name=123456")
		r.ContentLength = length // -1: chunked, the length is not known before
		if _, _, err := web.DecodeForm[order](r, small); summary(err) != "too_large request.too_large" {
			t.Errorf("11 bytes, length %d: %v", length, err)
		}
		r = postJSON(`{"name":""}`)
		r.ContentLength = length
		if _, err := web.DecodeJSON[order](r, small); summary(err) != "too_large request.too_large" {
			t.Errorf("11 bytes of JSON, length %d: %v", length, err)
		}
	}
	few := limits
	few.Values = 2
	if _, _, err := web.DecodeForm[order](post("name=a&tags=b&tags=c"), few); summary(err) != "too_large form.too_many_fields" {
		t.Errorf("3 fields: %v", err)
	}
	if _, raw, err := web.DecodeForm[order](post("name=a&kind=%zz"), limits); summary(err) != "malformed request.unreadable" || raw.Get("name") != "a" {
		t.Errorf("bad escape: %v", err)
	}
}

func multi(t *testing.T, build func(*multipart.Writer)) *http.Request {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	build(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestDecodeForm_multipart(t *testing.T) {
	file := func(w *multipart.Writer, name, filename string) {
		p, err := w.CreateFormFile(name, filename)
		if err == nil {
			_, err = p.Write([]byte("12345"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	field := func(w *multipart.Writer, name, value string) {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	got, raw, err := web.DecodeForm[order](multi(t, func(w *multipart.Writer) {
		field(w, "name", "Ada")
		file(w, "photo", "../../etc/passwd")
		file(w, "photos", "a.png")
		file(w, "photos", "b.png")
	}), limits)
	if err != nil || got.Name != "Ada" || got.Photo.Size != 5 || got.Photo.Filename != "passwd" || len(got.Photos) != 2 || raw.Get("name") != "Ada" {
		t.Errorf("got %+v, %v", got, err)
	}
	tests := map[string]struct {
		build func(w *multipart.Writer)
		want  string
	}{
		"two files for one":    {func(w *multipart.Writer) { file(w, "photo", "a"); file(w, "photo", "b") }, "malformed photo: form.repeated"},
		"unknown file":         {func(w *multipart.Writer) { file(w, "evil", "a") }, "malformed evil: form.unknown"},
		"file for a text":      {func(w *multipart.Writer) { file(w, "kind", "a") }, "invalid kind: form.not_text"},
		"file as the form key": {func(w *multipart.Writer) { file(w, "form_key", "a") }, "malformed form_key: form.repeated"},
		"empty file input":     {func(w *multipart.Writer) { field(w, "photo", "") }, "<nil>"},
		"repeated text":        {func(w *multipart.Writer) { field(w, "kind", "page"); field(w, "kind", "page") }, "malformed kind: form.repeated"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := web.DecodeForm[order](multi(t, func(w *multipart.Writer) { field(w, "name", "Ada"); tt.build(w) }), limits)
			if summary(err) != tt.want {
				t.Errorf("got %s, want %s", summary(err), tt.want)
			}
		})
	}
	small := limits
	small.Bytes = 100
	r := multi(t, func(w *multipart.Writer) { file(w, "photo", "a") })
	r.ContentLength = -1
	if _, _, err := web.DecodeForm[order](r, small); summary(err) != "too_large request.too_large" {
		t.Errorf("too large: %v", err)
	}
}

type listing struct {
	Page  int                 `query:"page" min:"1" max:"50"`
	Sort  string              `query:"sort" oneof:"name price"`
	Facet map[string][]string `query:"f"`
}

func TestDecodeQuery_ignoresWhatItDoesNotKnow(t *testing.T) {
	get := func(query string) (listing, error) {
		return web.DecodeQuery[listing](httptest.NewRequest("GET", "/?"+query, nil), limits)
	}
	got, err := get("utm_source=x&utm_source=y&page=2&f.colour=red&f.colour=blue&sort=price&%zz=1")
	want := listing{2, "price", map[string][]string{"colour": {"red", "blue"}}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for query, want := range map[string]string{
		"page=1&page=2": "malformed page: form.repeated",
		"page=0":        "invalid page: form.too_small",
		"sort=name%00":  "invalid sort: form.control_character",
	} {
		if _, err := get(query); summary(err) != want {
			t.Errorf("%s: %s, want %s", query, summary(err), want)
		}
	}
}

type input struct {
	Number string `path:"number" max:"10"`
	Expand string `query:"expand" oneof:"lines"`
	Reason string `json:"reason" required:"true"`
}

func TestDecodeInput_takesEachPartFromItsPlace(t *testing.T) {
	var got input
	var err error
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{number}/cancellation", func(_ http.ResponseWriter, r *http.Request) {
		got, err = web.DecodeInput[input](r, limits)
	})
	send := func(target, body string) {
		r := postJSON(body)
		r.URL, _ = r.URL.Parse(target)
		mux.ServeHTTP(httptest.NewRecorder(), r)
	}
	send("/orders/1007/cancellation?expand=lines&reason=query", `{"reason":"late"}`)
	if want := (input{"1007", "lines", "late"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	send("/orders/12345678901/cancellation?expand=all", `{"number":"1008"}`)
	if want := "malformed number: form.too_long expand: form.not_a_choice reason: form.required number: form.unknown"; summary(err) != want {
		t.Errorf("got %s, want %s", summary(err), want)
	}
}

func TestDecode_amountsFollowTheCurrencyAndTheLanguage(t *testing.T) {
	type price struct {
		Price money.Minor `form:"price"`
	}
	tests := []struct {
		typed, currency, lang string
		want                  money.Minor
		ok                    bool
	}{
		{"19.99", "EUR", "en", 1999, true},
		{"19,99", "EUR", "en", 0, false},
		{"19,99", "EUR", "de", 1999, true},
		{"19.99", "EUR", "de", 1999, true},
		{" 5 ", "EUR", "de", 500, true},
		{"5.", "EUR", "en", 0, false},
		{".5", "EUR", "en", 0, false},
		{"1.234", "KWD", "en", 1234, true},
		{"1.234", "KWD", "de", 0, false},
		{"1,234", "KWD", "de", 1234, true},
		{"1000", "JPY", "en", 1000, true},
		{"1.0", "JPY", "en", 0, false},
		{"-3.50", "EUR", "en", -350, true},
		{"-0", "EUR", "en", 0, false},
		{"٣", "EUR", "en", 0, false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("POST", "/", strings.NewReader("price="+strings.ReplaceAll(tt.typed, " ", "%20")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, _, err := web.DecodeForm[price](r, web.Limits{Currency: tt.currency, Lang: tt.lang})
		if got.Price != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q in %s, %s: %d, %v", tt.typed, tt.currency, tt.lang, got.Price, err)
		}
	}
}

func FuzzDecodeForm(f *testing.F) {
	for _, seed := range []string{"name=Ada", "quantity=-1&lines.0.sku=a&lines.0.quantity=1", "fields.=&fields.a=b", "ship.city=%FF&%zz", "lines.99999999999999999999.sku=x", "a=b;c=d&form_key=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, _, err := web.DecodeForm[order](post(body), limits)
		if err != nil && !cmp.Equal(got, order{}) {
			t.Errorf("refused, and yet %+v", got)
		}
		if err == nil {
			sound(t, got)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"name":"Ada"}`, `{"name":"a","name":"b"}`, `{"x":[[[]]]}`, `{"quantity":1e400}`, "\ufeff{}", `{"name":"\ud83d\ude00"}`, `{"lines":[{"sku":"a","quantity":1}]}`, `[1,-0.5e-3,true,null]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := web.DecodeJSON[order](postJSON(body), limits)
		if err == nil {
			sound(t, got)
			if !json.Valid([]byte(body)) {
				t.Errorf("accepted what is not JSON: %q", body)
			}
		}
	})
}

// sound checks what must hold of every order that was let in.
func sound(t *testing.T, o order) {
	if o.Name == "" || len([]rune(o.Name)) > 10 || strings.ContainsAny(o.Name, "\x00\n") || o.Quantity < 0 || o.Quantity > 99 || o.Price < 0 || len(o.Lines) > 3 || len(o.Tags) > 3 || len(o.Fields) > 2 {
		t.Errorf("let in %+v", o)
	}
	for _, l := range o.Lines {
		if l.SKU == "" || l.Quantity < 1 || l.Quantity > 999 {
			t.Errorf("let in %+v", l)
		}
	}
}

// Strangers' forms take no card numbers, other forms and passwords do.
func TestDecodeForm_T41_cardNumbers(t *testing.T) {
	type note struct {
		Note   string   `form:"note"`
		Tags   []string `form:"tags"`
		Secret string   `form:"secret" raw:"true"`
	}
	const card = "4242 4242 4242 4242"
	decode := func(form url.Values, l web.Limits) error {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, _, err := web.DecodeForm[note](r, l)
		return err
	}
	form := url.Values{"note": {"my card is " + card}, "tags": {card}}
	f := fault.From(decode(form, web.Limits{NoCards: true}))
	if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 2 || f.Fields[0].Path != "note" || f.Fields[0].Reason != "payment.card_number_here" {
		t.Errorf("got %+v", f)
	}
	if err := decode(form, web.Limits{}); err != nil {
		t.Error(err)
	}
	if err := decode(url.Values{"secret": {card}}, web.Limits{NoCards: true}); err != nil {
		t.Error(err)
	}
}

// An amount that is typed is read exactly or refused at its field.
func FuzzAmount(f *testing.F) {
	for _, seed := range []string{"19.99", "19,99", "1.234", "1.234,50", "1,234.50", " 5 ", "5.", "-3,50", "٣", "99999999999999999999", "\u00a05", "1e3", "+1"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, typed string, german bool) {
		l := web.Limits{Currency: "EUR", Lang: map[bool]string{true: "de", false: "en"}[german]}
		got, _, err := web.DecodeForm[struct {
			Price money.Minor `form:"price"`
		}](post(url.Values{"price": {typed}}.Encode()), l)
		if err != nil {
			if got.Price != 0 {
				t.Errorf("%q is refused and read as %d", typed, got.Price)
			}
			return
		}
		again, _, err := web.DecodeForm[struct {
			Price money.Minor `form:"price"`
		}](post("price="+got.Price.Decimal("EUR")), l)
		if err != nil || again != got {
			t.Errorf("%q is %d, written %s, read as %d, %v", typed, got.Price, got.Price.Decimal("EUR"), again.Price, err)
		}
	})
}
