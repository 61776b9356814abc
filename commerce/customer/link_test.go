package customer_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const other = "a new word, a new day"

func TestT48_aResetLinkIsGoodOnceForAnHourAndTheNewestOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		adas, session := s.member(ada)
		bens, _ := s.member(ben)
		s.quiet()
		ask := func() string {
			t.Helper()
			if err := s.RequestReset(t.Context(), ada.Email, "en", home); err != nil {
				t.Fatal(err)
			}
			return s.letter("customer.reset_asked").token
		}
		spent := func(name, token string) {
			t.Helper()
			want(t, s.CheckLink(t.Context(), customer.Reset, token), fault.NotFound, "customer.link_spent")
			_, err := s.ResetPassword(t.Context(), token, other, home)
			if fault.Reason(err) != "customer.link_spent" {
				t.Errorf("%s: %v", name, err)
			}
		}
		first := ask()
		second := ask()
		spent("an older one", first)
		spent("a guess", guess(second))
		spent("nothing", "")
		spent("a session", session)
		if err := s.CheckLink(t.Context(), customer.Verification, second); fault.Reason(err) != "customer.link_spent" {
			t.Errorf("for another purpose: %v", err)
		}
		_, err := s.ResetPassword(t.Context(), second, "short", home)
		wantField(t, err, "password", "password.too_short")
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil || !s.who(session).Known() {
			t.Errorf("refused links changed something: %v", err)
		}

		fresh, err := s.ResetPassword(t.Context(), second, other, home)
		if err != nil {
			t.Fatal(err)
		}
		if s.who(fresh).ID != adas.ID || s.who(session).Known() {
			t.Error("a new password must end every session and begin one")
		}
		if p := s.letter("customer.password_changed"); p.to != "Ada@example.com" {
			t.Errorf("told %q", p.to)
		}
		spent("used", second)
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); fault.Reason(err) != "customer.wrong_sign_in" {
			t.Errorf("the old password: %v", err)
		}
		if _, err := s.SignIn(t.Context(), ben.Email, secret, home); err != nil {
			t.Errorf("somebody else's password changed (%s): %v", bens.ID, err)
		}

		s.quiet()
		late := ask()
		e.Clock.Advance(customer.ResetFor)
		spent("an hour later", late)
		s.quiet()
		pending := ask()
		if err := s.ChangePassword(t.Context(), adas.ID, "", other, secret); err != nil {
			t.Fatal(err)
		}
		spent("asked for before the password was changed", pending)
	})
}

func TestT48_aLinkIsUsedOnceByWhoeverIsFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		s.member(ada)
		if err := s.RequestReset(t.Context(), ada.Email, "en", home); err != nil {
			t.Fatal(err)
		}
		token := s.letter("customer.reset_asked").token
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				_, err := s.ResetPassword(t.Context(), token, other, home)
				if err == nil {
					won.Add(1)
				} else if !fault.Is(err, fault.NotFound) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 {
			t.Errorf("%d used the link", won.Load())
		}
	})
}

func TestT48_tokensAreRandom(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seen := make(map[string]bool)
		ones := 0
		err := e.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			for range 1000 {
				token := tx.NewToken()
				raw, err := base64.RawURLEncoding.DecodeString(token)
				if err != nil || len(raw) != 32 {
					return fmt.Errorf("%q: %d bytes, %w", token, len(raw), err)
				}
				seen[token] = true
				for _, b := range raw {
					ones += bits.OnesCount8(b)
				}
			}
			return nil
		})
		// 256,000 fair coins: the standard deviation is 253.
		if err != nil || len(seen) != 1000 || ones < 128_000-1500 || ones > 128_000+1500 {
			t.Errorf("%d different, %d ones of 256000, %v", len(seen), ones, err)
		}
	})
}

func TestT47_aTokenIsInTheLetterAndNowhereElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		if _, err := s.SignUp(t.Context(), ada, home); err != nil {
			t.Fatal(err)
		}
		verify := s.letter("customer.verification_asked").token
		if err := s.RequestReset(t.Context(), ada.Email, "en", home); err != nil {
			t.Fatal(err)
		}
		reset := s.letter("customer.reset_asked").token
		for _, token := range []string{verify, reset} {
			for _, where := range []string{
				`SELECT COUNT(*) FROM one_time_token WHERE id = $1`, `SELECT COUNT(*) FROM outbox WHERE payload LIKE '%' || $1 || '%'`,
				`SELECT COUNT(*) FROM job WHERE args LIKE '%' || $1 || '%'`, `SELECT COUNT(*) FROM change_log WHERE after LIKE '%' || $1 || '%'`,
			} {
				if n := e.Int(t, where, token); n != 0 || len(token) != 43 {
					t.Errorf("token %q: %d by %s", token, n, where)
				}
			}
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM outbox WHERE payload LIKE '%example.com%' OR payload LIKE '%Ada%'`); n != 0 {
			t.Errorf("%d events name her", n)
		}
	})
}

func TestT56_guestOrdersJoinOnceTheAddressIsProven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Market(t)
		s := open(t, e, customer.Options{Unproven: true}) // the harder case: she can sign in unproven
		s.guestOrder("one", "ada@example.com")
		s.guestOrder("bens", "ben@example.com")
		session, err := s.SignUp(t.Context(), ada, home)
		if err != nil {
			t.Fatal(err)
		}
		id := s.who(session).ID
		verify := s.letter("customer.verification_asked").token
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil {
			t.Fatal(err)
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := s.AttachOrders(ctx, tx, id); return err })
		want(t, err, fault.Conflict, "customer.not_proven")
		if n := s.ordersOf(id); n != 0 {
			t.Fatalf("%d orders before the address is proven", n)
		}
		if _, err := s.Verify(t.Context(), verify, secret, home); err != nil {
			t.Fatal(err)
		}
		if n := s.ordersOf(id); n != 1 {
			t.Errorf("%d orders, want hers", n)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'order.attached' AND object_kind = 'order' AND object_id = 'ord_one'`); n != 1 {
			t.Errorf("%d entries in the order's timeline", n)
		}
		s.guestOrder("two", "ada@example.com")
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil || s.ordersOf(id) != 2 {
			t.Errorf("an order placed later as a guest: %d, %v", s.ordersOf(id), err)
		}
		// Somebody with another account's order keeps it.
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			n, err := s.AttachOrders(ctx, tx, id)
			if n != 0 {
				t.Errorf("attached %d again", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestReset_provesTheAddressAndForgetsWhatAStrangerLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{Unproven: true})
		session, err := s.SignUp(t.Context(), ada, home) // by somebody who is not Ada
		if err != nil {
			t.Fatal(err)
		}
		id := s.who(session).ID
		if _, err := s.SaveAddress(t.Context(), audit.Customer(id), id, customer.Saved{Address: berlin()}); err != nil {
			t.Fatal(err)
		}
		verify := s.letter("customer.verification_asked").token
		if err := s.RequestReset(t.Context(), ada.Email, "en", away); err != nil {
			t.Fatal(err)
		}
		hers, err := s.ResetPassword(t.Context(), s.letter("customer.reset_asked").token, other, away)
		if err != nil {
			t.Fatal(err)
		}
		book, err := s.Addresses(t.Context(), e.DB, id)
		if s.who(session).Known() || s.who(hers).ID != id || !s.customer(id).Verified() || len(book) != 0 || err != nil {
			t.Errorf("stranger in %v, verified %v, %d addresses, %v", s.who(session).Known(), s.customer(id).Verified(), len(book), err)
		}
		_, err = s.Verify(t.Context(), verify, secret, home)
		want(t, err, fault.NotFound, "customer.link_spent")
	})
}

func TestT54_aLinkToANewAddressIsOneAccountsAndOneMoves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		adas, here := s.member(ada)
		bens, bensHere := s.member(ben)
		there, err := s.SignIn(t.Context(), ada.Email, secret, away)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(email string) post {
			t.Helper()
			s.quiet()
			if err := s.RequestEmail(t.Context(), adas.ID, secret, email, home); err != nil {
				t.Fatal(err)
			}
			return s.letter("customer.email_change_asked")
		}
		wantField(t, s.RequestEmail(t.Context(), adas.ID, "not her password", "new@example.com", home), "password", "customer.wrong_password")
		wantField(t, s.RequestEmail(t.Context(), adas.ID, secret, "nowhere", home), "email", "form.not_an_email")
		wantField(t, s.RequestEmail(t.Context(), adas.ID, secret, "ada@EXAMPLE.com", home), "email", "customer.same_email")

		first := ask("first@example.com")
		if first.to != "first@example.com" || s.customer(adas.ID).Email != "Ada@example.com" {
			t.Errorf("letter to %q; the account is at %q before the link is used", first.to, s.customer(adas.ID).Email)
		}
		want(t, s.ConfirmEmail(t.Context(), bens.ID, s.who(bensHere).Session, first.token), fault.NotFound, "customer.link_spent")
		second := ask("second@example.com")
		want(t, s.ConfirmEmail(t.Context(), adas.ID, "", first.token), fault.NotFound, "customer.link_spent")

		if err := s.RequestReset(t.Context(), ada.Email, "en", home); err != nil {
			t.Fatal(err)
		}
		reset := s.letter("customer.reset_asked").token
		if err := s.ConfirmEmail(t.Context(), adas.ID, s.who(here).Session, second.token); err != nil {
			t.Fatal(err)
		}
		if c := s.customer(adas.ID); c.Email != "second@example.com" || !c.Verified() || s.customer(bens.ID).Email != "ben@example.com" {
			t.Errorf("%+v", c)
		}
		if p := s.letter("customer.email_changed"); p.to != "Ada@example.com" {
			t.Errorf("told %q, not the old address", p.to)
		}
		if s.who(there).Known() || !s.who(here).Known() {
			t.Error("a new address must end the other sessions and only those")
		}
		_, err = s.ResetPassword(t.Context(), reset, other, home)
		want(t, err, fault.NotFound, "customer.link_spent")
		want(t, s.ConfirmEmail(t.Context(), adas.ID, "", second.token), fault.NotFound, "customer.link_spent")

		// An address somebody has: the answer is the same, the letter is not.
		s.quiet()
		if err := s.RequestEmail(t.Context(), adas.ID, secret, "Ben@example.com", home); err != nil {
			t.Fatal(err)
		}
		if p := s.letter("customer.already_known"); p.to != "ben@example.com" || p.who.ID != bens.ID {
			t.Errorf("%+v", p)
		}
	})
}

func TestT54_twoMovesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		adas, _ := s.member(ada)
		bens, _ := s.member(ben)
		s.quiet()
		tokens := make(map[string]string)
		for _, id := range []string{adas.ID, bens.ID} {
			if err := s.RequestEmail(t.Context(), id, secret, "both@example.com", home); err != nil {
				t.Fatal(err)
			}
			tokens[id] = s.letter("customer.email_change_asked").token
		}
		var won atomic.Int64
		var wait sync.WaitGroup
		for id, token := range tokens {
			wait.Go(func() {
				err := s.ConfirmEmail(t.Context(), id, "", token)
				if err == nil {
					won.Add(1)
				} else if !fault.Is(err, fault.NotFound) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 {
			t.Errorf("%d accounts moved to one address", won.Load())
		}
	})
}

func TestT55_aNewAddressShowsNothingUntilItIsProven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Market(t)
		s := open(t, e, customer.Options{})
		id, here := s.member(ada)
		s.guestOrder("victims", "victim@example.com")
		if err := s.RequestEmail(t.Context(), id.ID, secret, "victim@example.com", home); err != nil {
			t.Fatal(err)
		}
		token := s.letter("customer.email_change_asked").token
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil {
			t.Fatal(err)
		}
		if n := s.ordersOf(id.ID); n != 0 {
			t.Errorf("%d orders of the victim shown", n)
		}
		if err := s.ConfirmEmail(t.Context(), id.ID, s.who(here).Session, token); err != nil || s.ordersOf(id.ID) != 1 {
			t.Errorf("after the proof %d orders, %v", s.ordersOf(id.ID), err)
		}
	})
}

func TestT87_fiveLettersAnHourToOneAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		for _, email := range []string{"nobody@example.com", "ada@example.com"} {
			asked, refused := 0, 0
			var last error
			for minute := range 60 {
				from := customer.Visit{IP: home.IP}
				for range minute % 3 {
					from.IP = from.IP.Next()
				}
				n := ada
				n.Email = strings.ToUpper(email[:1]) + email[1:]
				var err error
				if minute%2 == 0 {
					err = s.RequestReset(t.Context(), email, "en", from)
				} else {
					_, err = s.SignUp(t.Context(), n, from)
				}
				switch {
				case err == nil:
					asked++
				case fault.Is(err, fault.TooMany):
					refused, last = refused+1, err
				default:
					t.Fatal(err)
				}
				e.Clock.Advance(time.Minute)
			}
			if got := len(s.letters()); got != asked || asked > 5 || asked < 4 || refused != 60-asked {
				t.Errorf("%s: asked for %d, got %d letters, %d refused", email, asked, got, refused)
			}
			if wait, ok := fault.From(last).Params["retry_after"].(int64); !ok || wait < 1 || wait > 1800 {
				t.Errorf("%s: %v", email, last)
			}
		}
		// Staff cannot be made to flood somebody either.
		s.quiet()
		list, err := s.List(t.Context(), e.DB, customer.Filter{Email: "ada@example.com"})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		for i := range 4 {
			err := s.SendReset(t.Context(), audit.Staff("stf_1"), list[0].ID)
			if (i < 3) != (err == nil) {
				t.Errorf("letter %d: %v", i, err)
			}
		}
	})
}

func TestIssue_aLetterThatWasOvertakenHasNoLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		issue := func(p customer.Purpose, a customer.Ask) error {
			return e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Issue(ctx, tx, p, a)
				return err
			})
		}
		for range 2 { // two letters under way at once: of their links one is good
			if _, err := s.SignUp(t.Context(), ada, home); err != nil {
				t.Fatal(err)
			}
		}
		got := s.letters()
		if len(got) != 2 {
			t.Fatalf("%+v", got)
		}
		good, here := 0, ""
		for _, p := range got {
			session, err := s.Verify(t.Context(), p.token, secret, home)
			if err == nil {
				good, here = good+1, session
			} else if fault.Reason(err) != "customer.link_spent" {
				t.Error(err)
			}
		}
		if good != 1 {
			t.Fatalf("%d good links", good)
		}
		id := s.who(here)
		want(t, issue(customer.Verification, got[0].ask), fault.NotFound, "customer.link_spent")
		if err := s.RequestVerification(t.Context(), id.ID, home); err != nil || len(s.letters()) != 0 {
			t.Errorf("a link for a proven address: %v", err)
		}

		// The account moves on before the letter to the old address is written.
		s.quiet()
		if err := s.RequestEmail(t.Context(), id.ID, secret, "new@example.com", home); err != nil {
			t.Fatal(err)
		}
		change := s.letter("customer.email_change_asked")
		if err := s.ConfirmEmail(t.Context(), id.ID, id.Session, change.token); err != nil {
			t.Fatal(err)
		}
		want(t, issue(customer.Reset, got[0].ask), fault.NotFound, "customer.link_spent")
		want(t, issue(customer.EmailChange, change.ask), fault.NotFound, "customer.link_spent")
		if n := e.Int(t, `SELECT COUNT(*) FROM one_time_token WHERE used_at IS NULL`); n != 0 {
			t.Errorf("%d links are good", n)
		}
	})
}

func berlin() market.Address {
	return market.Address{Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE"}
}

// guess changes the first letter of a token, whose bits all count: of the last
// letter two bits are padding, and one guess in sixteen would be the token.
func guess(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}
