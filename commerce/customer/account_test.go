package customer_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestT49_nobodyLearnsWhoHasAnAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		s.member(ada)
		s.quiet()
		type answer struct {
			out        string
			err        error
			statements int64
		}
		ask := func(fn func() (string, error)) answer {
			before := e.DB.Statements()
			out, err := fn()
			return answer{out, err, e.DB.Statements() - before}
		}
		doors := map[string]func(email string) (string, error){
			"sign-up": func(email string) (string, error) {
				return s.SignUp(t.Context(), customer.Newcomer{Name: "X", Email: email, Password: "something else", Locale: "en"}, away)
			},
			"sign-in": func(email string) (string, error) { return s.SignIn(t.Context(), email, "not her password", away) },
			"reset":   func(email string) (string, error) { return "", s.RequestReset(t.Context(), email, "en", away) },
		}
		for name, door := range doors {
			ask(func() (string, error) { return door("warm.up@example.com") }) // fills the pool of keys
			known := ask(func() (string, error) { return door("ada@example.com") })
			unknown := ask(func() (string, error) { return door("nobody.here@example.com") })
			if known.out != unknown.out || fault.Reason(known.err) != fault.Reason(unknown.err) || known.statements != unknown.statements {
				t.Errorf("%s tells a known address (%+v) from an unknown one (%+v)", name, known, unknown)
			}
		}
		// The account signing up made cannot be used to find out afterwards.
		_, fresh := s.SignIn(t.Context(), "nobody.here@example.com", "something else", away)
		_, old := s.SignIn(t.Context(), "ada@example.com", "something else", away)
		want(t, fresh, fault.Invalid, "customer.wrong_sign_in")
		want(t, old, fault.Invalid, "customer.wrong_sign_in")
		// What differs is in the letters alone.
		got := make(map[string]bool)
		for _, p := range s.letters() {
			got[p.topic+" "+p.to] = true
			if p.who.ID == "" && p.token != "" {
				t.Errorf("a link for nobody: %+v", p)
			}
		}
		for _, w := range []string{
			"customer.already_known Ada@example.com", "customer.reset_asked Ada@example.com",
			"customer.verification_asked nobody.here@example.com", "customer.reset_asked nobody.here@example.com",
		} {
			if !got[w] {
				t.Errorf("no letter %q in %v", w, got)
			}
		}
	})
}

func TestSignUp_saysEverythingThatWillNotDoAndWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		tests := map[string]struct {
			n    customer.Newcomer
			want string
		}{
			"nothing":                {customer.Newcomer{Locale: "en"}, "name form.required, email form.required, password form.required"},
			"T86 header in the name": {customer.Newcomer{Name: "x\r\nBcc: v@x.example", Email: "a@example.com", Password: secret, Locale: "en"}, "name form.one_line"},
			"T86 header in address":  {customer.Newcomer{Name: "x", Email: "a@example.com\r\nBcc: v@x.example", Password: secret, Locale: "en"}, "email form.not_an_email"},
			"T86 10 kB name":         {customer.Newcomer{Name: strings.Repeat("x", 10<<10), Email: "a@example.com", Password: secret, Locale: "en"}, "name form.too_long"},
			"T86 link in the name":   {customer.Newcomer{Name: "Win HTTPS://evil.example", Email: "a@example.com", Password: secret, Locale: "en"}, "name customer.link_in_name"},
			"name is not text":       {customer.Newcomer{Name: "\xff", Email: "a@example.com", Password: secret, Locale: "en"}, "name form.not_utf8"},
			"password too short":     {customer.Newcomer{Name: "x", Email: "a@example.com", Password: "1234567", Locale: "en"}, "password password.too_short"},
			"password is the name":   {customer.Newcomer{Name: "Winfried", Email: "a@example.com", Password: "Winfried1", Locale: "en"}, "password password.too_simple"},
			"no such language":       {customer.Newcomer{Name: "x", Email: "a@example.com", Password: secret, Locale: "../en"}, "locale form.not_a_choice"},
		}
		for name, tt := range tests {
			_, err := s.SignUp(t.Context(), tt.n, home)
			var got []string
			for _, f := range fault.From(err).Fields {
				got = append(got, f.Path+" "+f.Reason)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%s: %v, want %s", name, got, tt.want)
			}
		}
		for _, table := range []string{"customer", "outbox", "change_log", "throttle"} {
			if n := e.Int(t, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
	})
}

func TestSignUp_theAccountIsSealedAndOpensWithTheLetter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		if session, err := s.SignUp(t.Context(), ada, home); session != "" || err != nil {
			t.Fatalf("%q, %v", session, err)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM session`); n != 0 {
			t.Errorf("%d sessions before the address is proven", n)
		}
		_, err := s.SignIn(t.Context(), ada.Email, secret, home)
		want(t, err, fault.Invalid, "customer.wrong_sign_in")

		letter := s.letter("customer.verification_asked")
		if letter.to != "Ada@example.com" {
			t.Errorf("letter to %q", letter.to)
		}
		// Who opened the account in another's name gains nothing from the
		// other's click, and the click alone opens nothing.
		_, err = s.Verify(t.Context(), letter.token, "not what was typed", home)
		wantField(t, err, "password", "customer.wrong_password")
		session, err := s.Verify(t.Context(), letter.token, secret, home)
		if err != nil {
			t.Fatal(err)
		}
		id, c, err := s.Identify(t.Context(), session)
		if err != nil || id.Kind != policy.Customer || id.Name != "Ada Lovelace" || id.ID != c.ID || !c.Verified() || c.Email != "Ada@example.com" || c.Locale != "en" || len(id.Permissions) != 0 || id.Role != "" {
			t.Errorf("%+v, %+v, %v", id, c, err)
		}
		_, err = s.Verify(t.Context(), letter.token, secret, home)
		want(t, err, fault.NotFound, "customer.link_spent")
		if _, err := s.SignIn(t.Context(), " ada@EXAMPLE.com ", secret, home); err != nil {
			t.Errorf("sign-in with the address in other letters: %v", err)
		}
		sealed := e.Int(t, `SELECT COUNT(*) FROM customer WHERE LENGTH(email) > 20 AND LENGTH(name) > 20 AND LENGTH(phone) > 20 AND LENGTH(fields) > 20`)
		if sealed != 1 {
			t.Error("something personal is not sealed")
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE before || after || reason LIKE '%ada%' OR before || after || reason LIKE '%Ada%'`); n != 0 {
			t.Errorf("%d entries of the change log name her", n)
		}
	})
}

func TestSignUp_unprovenAccountsWhereNoLetterLeaves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{Unproven: true})
		session, err := s.SignUp(t.Context(), ada, home)
		if err != nil || !s.who(session).Known() {
			t.Fatalf("%q, %v", session, err)
		}
		if again, err := s.SignUp(t.Context(), ada, home); again != "" || err != nil {
			t.Errorf("signing up again: %q, %v", again, err)
		}
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil {
			t.Error(err)
		}
	})
}

func TestSignUp_atTheSameMomentOpensOneAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		var done atomic.Int64
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				if _, err := s.SignUp(t.Context(), ada, home); err != nil {
					t.Error(err)
				}
				done.Add(1)
			})
		}
		wait.Wait()
		if n := e.Int(t, `SELECT COUNT(*) FROM customer`); n != 1 || done.Load() != 3 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestT53_everySignInIsAFreshSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, first := s.member(ada)
		second, err := s.SignIn(t.Context(), ada.Email, secret, away)
		if err != nil || second == first || len(second) != 43 {
			t.Fatalf("%q, %v", second, err)
		}
		all, err := s.Sessions(t.Context(), id.ID)
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
		for _, x := range all {
			if x.ID == first || x.ID == second {
				t.Error("a session's row holds the token itself")
			}
		}
		if s.who(guess(first)).Known() || s.who("").Known() || s.who(all[0].ID).Known() {
			t.Error("something that is no token opens a session")
		}
	})
}

func TestSignIn_isThrottledPerAccountAndNetwork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		s.member(ada)
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			for i := range 8 {
				_, err := s.SignIn(t.Context(), email, "wrong wrong", home)
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("%s, try %d: %v", email, i, err)
				}
			}
			_, err := s.SignIn(t.Context(), email, secret, home)
			if !fault.Is(err, fault.TooMany) || fault.From(err).Params["retry_after"] != int64(60) {
				t.Errorf("%s, the ninth try: %v", email, err)
			}
		}
		if _, err := s.SignIn(t.Context(), ada.Email, secret, away); err != nil {
			t.Errorf("T51: the owner at another place is locked out: %v", err)
		}
	})
}

func TestT52_sessionsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, here := s.member(ada)
		sign := func(pw string) string {
			t.Helper()
			session, err := s.SignIn(t.Context(), ada.Email, pw, home)
			if err != nil {
				t.Fatal(err)
			}
			return session
		}
		there := sign(secret)
		if err := s.SignOut(t.Context(), s.who(there).Session); err != nil || s.who(there).Known() || !s.who(here).Known() {
			t.Errorf("sign-out: %v", err)
		}
		there = sign(secret)
		err := s.ChangePassword(t.Context(), id.ID, s.who(here).Session, "not my password", "a new word, a new day")
		wantField(t, err, "old", "customer.wrong_password")
		err = s.ChangePassword(t.Context(), id.ID, s.who(here).Session, secret, "short")
		wantField(t, err, "password", "password.too_short")
		if !s.who(there).Known() {
			t.Error("a refused change ended a session")
		}
		if err := s.ChangePassword(t.Context(), id.ID, s.who(here).Session, secret, "a new word, a new day"); err != nil {
			t.Fatal(err)
		}
		if s.who(there).Known() || !s.who(here).Known() {
			t.Error("a new password must end the other sessions and only those")
		}
		if p := s.letter("customer.password_changed"); p.to != "Ada@example.com" {
			t.Errorf("told %q", p.to)
		}
		_, err = s.SignIn(t.Context(), ada.Email, secret, home)
		want(t, err, fault.Invalid, "customer.wrong_sign_in")
		there = sign("a new word, a new day")
		if n, err := s.SignOutEverywhere(t.Context(), audit.Customer(id.ID), id.ID, s.who(here).Session); err != nil || n != 1 || s.who(there).Known() || !s.who(here).Known() {
			t.Errorf("sign-out elsewhere: %d, %v", n, err)
		}
		if n, err := s.SignOutEverywhere(t.Context(), audit.Staff("stf_1"), id.ID, ""); err != nil || n != 1 || s.who(here).Known() {
			t.Errorf("sign-out everywhere: %d, %v", n, err)
		}

		idle := sign("a new word, a new day")
		e.Clock.Advance(29 * 24 * time.Hour)
		if !s.who(idle).Known() {
			t.Error("ended while in use")
		}
		e.Clock.Advance(30 * 24 * time.Hour)
		if s.who(idle).Known() {
			t.Error("alive after thirty idle days")
		}
		long := sign("a new word, a new day")
		for range 9 {
			e.Clock.Advance(10 * 24 * time.Hour)
			s.who(long)
		}
		if s.who(long).Known() {
			t.Error("alive after ninety days")
		}
		if err := s.Sweep(t.Context()); err != nil || e.Int(t, `SELECT COUNT(*) FROM session`) > 1 {
			t.Errorf("sweep: %v", err)
		}
	})
}

func TestIdentify_anErasedPersonIsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, session := s.member(ada)
		var key string
		if err := e.DB.QueryRow(t.Context(), `SELECT key_id FROM customer WHERE id = $1`, id.ID).Scan(&key); err != nil {
			t.Fatal(err)
		}
		if err := s.vault.Erase(context.Background(), key); err != nil {
			t.Fatal(err)
		}
		if s.who(session).Known() {
			t.Error("an erased person is signed in")
		}
		if c := s.customer(id.ID); !c.Erased || c.Name != "" || c.Email != "" {
			t.Errorf("%+v", c)
		}
		if book, err := s.Addresses(t.Context(), e.DB, id.ID); err != nil || len(book) != 0 {
			t.Errorf("%v, %v", book, err)
		}
	})
}
