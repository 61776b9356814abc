package once_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/words"
)

// site is a handler behind a guard; calls counts how often it ran.
type site struct {
	env   dbtest.Env
	keys  *once.Service
	rule  once.Rule
	calls atomic.Int64
	log   *logbook
}

// logbook keeps what is logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newSite(t *testing.T, e dbtest.Env, form bool) *site {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	book := new(logbook)
	log := slog.New(slog.NewTextHandler(book, nil))
	return &site{env: e, log: book, keys: once.New(e.DB, log), rule: once.Rule{
		Door:  &web.Door{Log: log, Printer: func(*http.Request) *locale.Printer { return catalog.Printer("en", nil) }},
		Scope: func(r *http.Request) string { return r.Header.Get("X-Who") },
		Form:  form,
	}}
}

func (s *site) handler(h web.Handler) http.Handler {
	return s.rule.Door.Mount(s.keys.Guard(s.rule, func(w http.ResponseWriter, r *http.Request) error {
		s.calls.Add(1)
		return h(w, r)
	}))
}

func (s *site) want(t *testing.T, calls int64, about string) {
	t.Helper()
	if got := s.calls.Load(); got != calls {
		t.Errorf("%s: the handler has run %d times, want %d", about, got, calls)
	}
}

// effect is what a handler does to the shop: one row.
func effect(ctx context.Context, tx *db.Tx, name string) error {
	_, err := tx.Exec(ctx, `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES ($1, 0, 0)`, name)
	return err
}

func (s *site) effects(t *testing.T) (n int) {
	t.Helper()
	if err := s.env.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM throttle`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

type answer struct {
	Status         int
	Body, Location string
	Replayed       bool
}

func send(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String(), w.Header().Get("Location"), w.Header().Get("Idempotency-Replayed") == "true"}
}

func api(key, body string, header ...string) *http.Request {
	r := httptest.NewRequest("POST", "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func form(body string) *http.Request {
	r := httptest.NewRequest("POST", "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestB14_theFirstAnswerIsTheOnlyOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, false)
		h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			w.Header().Set("Location", "/orders/1")
			w.Header().Set("Set-Cookie", "session=secret")
			w.WriteHeader(201)
			fmt.Fprintf(w, "%d: %s", s.calls.Load(), body)
			return nil
		})
		first := send(h, api("k", "a"))
		if want := (answer{201, "1: a", "/orders/1", false}); first != want {
			t.Fatalf("first %+v, want %+v", first, want)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, api("k", "a"))
		first.Replayed = true
		if again := send(h, api("k", "a")); again != first || w.Code != 201 {
			t.Errorf("again %+v, want %+v", again, first)
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Error("a cookie was remembered")
		}
		s.want(t, 1, "repeats")

		if got := send(h, api("k", "b")); got.Status != 422 || !strings.Contains(got.Body, `"reason":"idempotency_key_reused"`) {
			t.Errorf("other body: %+v", got)
		}
		s.want(t, 1, "other body")
		other := api("k", "a")
		other.URL.RawQuery = "x=y"
		if got := send(h, other); got.Status != 422 {
			t.Errorf("other query: %+v", got)
		}
		s.want(t, 1, "other query")

		other = api("k", "a")
		other.URL.Path = "/refunds"
		if got := send(h, other); got.Body != "2: a" {
			t.Errorf("other path: %+v", got)
		}
		if got := send(h, api("k", "a", "X-Who", "cus_2")); got.Body != "3: a" {
			t.Errorf("somebody else got %+v", got)
		}
		if got := send(h, api("K", "a")); got.Body != "4: a" {
			t.Errorf("other key: %+v", got)
		}
	})
}

func TestB14_keysAreAskedFor(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	s := newSite(t, e, false)
	h := s.handler(func(http.ResponseWriter, *http.Request) error { return nil })
	for name, tt := range map[string]struct {
		r    *http.Request
		want string
	}{
		"none":         {api("", "a"), "idempotency_key_required"},
		"two":          {api("k", "a", "Idempotency-Key", "l"), "idempotency_key_invalid"},
		"too long":     {api(strings.Repeat("k", 256), "a"), "idempotency_key_invalid"},
		"with a space": {api("a b", "a"), "idempotency_key_invalid"},
		"not ASCII":    {api("kéy", "a"), "idempotency_key_invalid"},
		"in the body":  {form("form_key=k"), "idempotency_key_required"},
	} {
		if got := send(h, tt.r); got.Status != 400 || !strings.Contains(got.Body, `"reason":"`+tt.want+`"`) {
			t.Errorf("%s: %+v, want %s", name, got, tt.want)
		}
	}
	forms := newSite(t, e, true)
	h = forms.handler(func(http.ResponseWriter, *http.Request) error { return nil })
	for name, tt := range map[string]struct {
		r    *http.Request
		want string
	}{
		"none":          {form("a=b"), "request.form_key_missing"},
		"empty":         {form("form_key="), "request.form_key_missing"},
		"two":           {form("form_key=a&form_key=b"), "idempotency_key_invalid"},
		"unreadable":    {form("form_key=%zz"), "request.unreadable"},
		"JSON":          {api("k", "a"), "request.wrong_content_type"},
		"in the header": {api("k", "form_key=a"), "request.wrong_content_type"},
	} {
		if got := send(h, tt.r); got.Status != 400 || !strings.Contains(got.Body, `"reason":"`+tt.want+`"`) {
			t.Errorf("form, %s: %+v, want %s", name, got, tt.want)
		}
	}
	s.want(t, 0, "refused")
	forms.want(t, 0, "refused")
}

func TestB14_whatIsRemembered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		for kind, remembered := range map[fault.Kind]bool{
			fault.Declined: true, fault.Conflict: true, fault.Invalid: true, fault.Malformed: true, fault.NotFound: true,
			fault.Internal: false, fault.Unavailable: false, fault.TooMany: false, fault.Forbidden: false, fault.TooLarge: false,
		} {
			s := newSite(t, e, false)
			h := s.handler(func(http.ResponseWriter, *http.Request) error {
				return fault.New(kind, "x.y").With("call", s.calls.Load())
			})
			first, second := send(h, api("k"+kind.String(), "a")), send(h, api("k"+kind.String(), "a"))
			if second.Replayed != remembered || first.Status != second.Status || first.Status < 400 {
				t.Errorf("%s: %+v, then %+v", kind, first, second)
			}
			if remembered && first.Body != second.Body {
				t.Errorf("%s: the repeat reads %s, the first %s", kind, second.Body, first.Body)
			}
			s.want(t, map[bool]int64{true: 1, false: 2}[remembered], kind.String())
		}
	})
}

// TestB14_aConditionIsPartOfTheRequest proves that the same body under another
// If-Match is another request.
func TestB14_aConditionIsPartOfTheRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, false)
		h := s.handler(func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusCreated)
			return nil
		})
		for _, tt := range []struct {
			header []string
			status int
			calls  int64
		}{
			{[]string{"If-Match", `"1"`}, 201, 1},
			{[]string{"If-Match", `"1"`}, 201, 1},
			{[]string{"If-Match", `"2"`}, 422, 1},
			{nil, 422, 1},
			{[]string{"If-Match", `"1"`, "If-Match", `"2"`}, 422, 1},
		} {
			if got := send(h, api("k", "{}", tt.header...)); got.Status != tt.status {
				t.Errorf("%q: %+v, want %d", tt.header, got, tt.status)
			}
			s.want(t, tt.calls, strings.Join(tt.header, " "))
		}
	})
}

func TestB14_whileTheFirstIsUnderWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		for _, isForm := range []bool{false, true} {
			s := newSite(t, e, isForm)
			entered, release := make(chan struct{}), make(chan struct{})
			h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
				close(entered)
				<-release
				fmt.Fprint(w, "done")
				return nil
			})
			request := func() *http.Request {
				if isForm {
					return form("form_key=f&x=1")
				}
				return api("a", "x")
			}
			first, second := make(chan answer, 1), make(chan answer, 1)
			go func() { first <- send(h, request()) }()
			<-entered
			if !isForm {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request())
				if w.Code != 409 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "idempotency_in_flight") {
					t.Errorf("API: %d %v %s", w.Code, w.Header(), w.Body)
				}
				second <- answer{200, "done", "", true}
			} else {
				go func() { second <- send(h, request()) }()
			}
			close(release)
			if got := <-first; got != (answer{200, "done", "", false}) {
				t.Errorf("first: %+v", got)
			}
			if got := <-second; got != (answer{200, "done", "", true}) {
				t.Errorf("second: %+v", got)
			}
			s.want(t, 1, "two at once")
		}
	})
}

// TestB14_eightClicks proves that under any interleaving one effect happens
// and everybody reads the same answer.
func TestB14_eightClicks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, true)
		h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
			return s.keys.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				id := tx.NewID("ord")
				return once.SeeOther("/orders/" + id), effect(ctx, tx, id)
			})
		})
		answers := make([]answer, 8)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = send(h, form("form_key=k&pay=1")) })
		}
		wg.Wait()
		replayed := 0
		for _, a := range answers {
			if a.Status != 303 || a.Location != answers[0].Location || a.Body != answers[0].Body {
				t.Errorf("answers differ: %+v and %+v", a, answers[0])
			}
			if a.Replayed {
				replayed++
			}
		}
		if n := s.effects(t); n != 1 || replayed != 7 {
			t.Errorf("%d effects, %d repeats answered from memory; want 1 and 7", n, replayed)
		}
		s.want(t, 1, "eight clicks")
		if s.log.b.Len() != 0 {
			t.Errorf("the log says %s", s.log.b.String())
		}
	})
}

// TestB14_effectAndMemoryCommitTogether proves it at the three places where a
// process may die: before, inside and after the transaction.
func TestB14_effectAndMemoryCommitTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, true)
		where := ""
		h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
			if where == "before" {
				panic("died")
			}
			rec := httptest.NewRecorder()
			err := s.keys.Do(rec, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				if err := effect(ctx, tx, "order"); err != nil {
					return once.Response{}, err
				}
				if where == "inside" {
					return once.Response{}, errors.New("died")
				}
				return once.SeeOther("/orders/1"), nil
			})
			if where == "after" {
				panic("died")
			}
			w.Header().Set("Location", rec.Header().Get("Location"))
			w.WriteHeader(rec.Code)
			return err
		})
		for _, tt := range []struct {
			where   string
			want    answer
			effects int
		}{
			{"before", answer{Status: 500}, 0},
			{"inside", answer{Status: 500}, 0},
			{"after", answer{Status: 500}, 1},
			{"", answer{303, "", "/orders/1", true}, 1},
		} {
			where = tt.where
			got := send(h, form("form_key=k"))
			if got.Status == 500 {
				got.Body = ""
			}
			if got != tt.want || s.effects(t) != tt.effects {
				t.Errorf("dies %q: %+v, %d effects; want %+v, %d", tt.where, got, s.effects(t), tt.want, tt.effects)
			}
		}
		s.want(t, 3, "each death")
	})
}

// TestB14_aLostPlaceCommitsNothing: a request that outlived its lease finds a
// repeat in its place and must not have an effect as well.
func TestB14_aLostPlaceCommitsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, false)
		entered, release := make(chan struct{}), make(chan struct{})
		h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
			name := "second"
			if s.calls.Load() == 1 {
				name = "first"
				close(entered)
				<-release
			}
			return s.keys.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				return once.SeeOther("/" + name), effect(ctx, tx, name)
			})
		})
		first := make(chan answer, 1)
		go func() { first <- send(h, api("k", "a")) }()
		<-entered
		e.Clock.Advance(2*time.Minute - time.Millisecond)
		if got := send(h, api("k", "a")); got.Status != 409 {
			t.Errorf("within the lease: %+v", got)
		}
		e.Clock.Advance(time.Millisecond)
		if got := send(h, api("k", "a")); got != (answer{303, "", "/second", false}) {
			t.Errorf("after the lease: %+v", got)
		}
		close(release)
		if got := <-first; got.Status != 409 || !strings.Contains(got.Body, "idempotency_lost") {
			t.Errorf("the one that lost its place: %+v", got)
		}
		if got := send(h, api("k", "a")); got != (answer{303, "", "/second", true}) {
			t.Errorf("later: %+v", got)
		}
		if n := s.effects(t); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
}

func TestB14_aRefusedFormMayBeCorrected(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, true)
		h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
			type order struct {
				Quantity int `form:"quantity" min:"1"`
			}
			if _, _, err := web.DecodeForm[order](r, web.Limits{}); err != nil {
				return err
			}
			return s.keys.Do(w, r, func(context.Context, *db.Tx) (once.Response, error) { return once.SeeOther("/ok"), nil })
		})
		for i, tt := range []struct {
			body     string
			status   int
			replayed bool
			calls    int64
		}{
			{"form_key=k&quantity=0", 422, false, 1},
			{"form_key=k&quantity=0", 422, true, 1},
			{"form_key=k&quantity=2", 303, false, 2},
			{"form_key=k&quantity=2", 303, true, 2},
			{"form_key=k&quantity=3", 422, false, 2}, // it was done: no second time with other contents
		} {
			if got := send(h, form(tt.body)); got.Status != tt.status || got.Replayed != tt.replayed {
				t.Errorf("step %d, %s: %+v", i, tt.body, got)
			}
			s.want(t, tt.calls, tt.body)
		}
	})
}

func TestB14_multipartFormsRepeatToo(t *testing.T) {
	s := newSite(t, dbtest.New(t, db.SQLite), true)
	h := s.handler(func(w http.ResponseWriter, r *http.Request) error {
		type upload struct {
			Photo *multipart.FileHeader `form:"photo" required:"true"`
		}
		in, _, err := web.DecodeForm[upload](r, web.Limits{})
		if err == nil {
			fmt.Fprintf(w, "%d: %d bytes", s.calls.Load(), in.Photo.Size)
		}
		return err
	})
	post := func(content string) answer {
		var b bytes.Buffer
		m := multipart.NewWriter(&b) // a new boundary each time
		p, err := m.CreateFormFile("photo", "a.png")
		if err == nil {
			_, err = io.WriteString(p, content)
		}
		err = errors.Join(err, m.WriteField("form_key", "k"), m.Close())
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/photos", &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		return send(h, r)
	}
	if got := post("12345"); got != (answer{200, "1: 5 bytes", "", false}) {
		t.Errorf("first: %+v", got)
	}
	if got := post("12345"); got != (answer{200, "1: 5 bytes", "", true}) {
		t.Errorf("repeat: %+v", got)
	}
	if got := post("54321"); got.Status != 422 {
		t.Errorf("another photo: %+v", got)
	}
}

func TestB14_keptForTwoDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, false)
		h := s.handler(func(http.ResponseWriter, *http.Request) error { return nil })
		sweep := func(want int64) {
			t.Helper()
			if n, err := s.keys.Sweep(t.Context()); n != want || err != nil {
				t.Errorf("swept %d, %v; want %d", n, err, want)
			}
		}
		send(h, api("k", "a"))
		send(h, api("l", "a"))
		e.Clock.Advance(48*time.Hour - time.Millisecond)
		sweep(0)
		if got := send(h, api("k", "a")); !got.Replayed {
			t.Errorf("after just less than two days: %+v", got)
		}
		e.Clock.Advance(time.Millisecond)
		if got := send(h, api("k", "b")); got.Replayed || got.Status != 200 {
			t.Errorf("after two days: %+v", got)
		}
		s.want(t, 3, "after two days")
		sweep(1) // "l"; "k" is new again
		sweep(0)
	})
}

// TestTheTableTellsNothing proves that whoever reads the database finds
// neither keys nor what was asked nor what was answered.
func TestTheTableTellsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newSite(t, e, false)
		h := s.handler(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Location", "/orders/secret-location")
			fmt.Fprint(w, "secret-answer")
			return nil
		})
		send(h, api("secret-key", "secret-body", "X-Who", "secret-person"))
		rows, err := db.All(t.Context(), e.DB, func(rows *db.Rows) (string, error) {
			var scope, key, headers string
			var hash, response []byte
			err := rows.Scan(&scope, &key, &hash, &headers, &response)
			return strings.Join([]string{scope, key, string(hash), headers, string(response)}, "|"), err
		}, `SELECT scope, key, body_hash, headers, response FROM request_key`)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 1 || strings.Contains(string(raw), "secret") {
			t.Errorf("the table says %s", raw)
		}
	})
}

func TestComplete_outsideAGuardDoesNothing(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	s := newSite(t, e, false)
	w := httptest.NewRecorder()
	err := s.keys.Do(w, api("", ""), func(context.Context, *db.Tx) (once.Response, error) { return once.SeeOther("/x"), nil })
	if err != nil || w.Code != 303 || w.Header().Get("Location") != "/x" {
		t.Errorf("%v, %d", err, w.Code)
	}
	if n, err := s.keys.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestNewKey(t *testing.T) {
	a, b := once.NewKey(), once.NewKey()
	if a == b || len(a) != 26 {
		t.Errorf("%s, %s", a, b)
	}
}
