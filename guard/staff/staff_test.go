package staff_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const secret = "the kettle sings at six"

var (
	cheap = password.Params{Memory: 64, Time: 1, Threads: 1}
	home  = netip.MustParseAddr("192.0.2.1")
	mira  = staff.Newcomer{Name: "Mira Lindqvist", Email: "Mira@example.com", Password: secret, Locale: "en"}
)

func service(t *testing.T, e dbtest.Env) *staff.Service {
	return staff.New(e.DB, e.Vault(t), password.New(cheap, 4))
}

// owner sets the shop up and returns the owner's session.
func owner(t *testing.T, s *staff.Service) (session string, id policy.Identity) {
	t.Helper()
	token, err := s.SetupToken(t.Context())
	if err != nil || token == "" {
		t.Fatalf("set-up token %q, %v", token, err)
	}
	if session, err = s.SetUp(t.Context(), token, mira); err != nil {
		t.Fatal(err)
	}
	return session, identify(t, s, session)
}

func identify(t *testing.T, s *staff.Service, session string) policy.Identity {
	t.Helper()
	id, _, err := s.Identify(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func want(t *testing.T, err error, kind fault.Kind, reason string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Reason(err) != reason {
		t.Errorf("got %v, want %s %s", err, kind, reason)
	}
}

func TestSetUp_theFirstBecomesOwnerAndTheDoorCloses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		old, _ := s.SetupToken(t.Context())
		token, _ := s.SetupToken(t.Context())
		want(t, s.CheckSetup(t.Context(), old), fault.NotFound, "staff.link_spent")
		want(t, s.CheckSetup(t.Context(), "guess"), fault.NotFound, "staff.link_spent")
		_, err := s.SetUp(t.Context(), token, staff.Newcomer{Email: "nowhere", Password: "short"})
		var fields []string
		for _, f := range fault.From(err).Fields {
			fields = append(fields, f.Path+" "+f.Reason)
		}
		if len(fields) != 3 || fields[0] != "name form.required" || fields[1] != "email form.not_an_email" || fields[2] != "password password.too_short" {
			t.Errorf("fields %v", fields)
		}

		var won atomic.Int64
		var wait sync.WaitGroup
		for range 6 {
			wait.Go(func() {
				_, err := s.SetUp(t.Context(), token, mira)
				if err == nil {
					won.Add(1)
				} else if !fault.Is(err, fault.NotFound) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		people, err := s.List(t.Context())
		if err != nil || won.Load() != 1 || len(people) != 1 || people[0].Role != policy.RoleOwner || people[0].Name != mira.Name || people[0].Email != mira.Email {
			t.Errorf("%d won; team %+v, %v", won.Load(), people, err)
		}
		if again, err := s.SetupToken(t.Context()); again != "" || err != nil {
			t.Errorf("a second set-up is offered: %q, %v", again, err)
		}
		want(t, s.CheckSetup(t.Context(), token), fault.NotFound, "staff.link_spent")
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'staff.set_up'`); n != 1 {
			t.Errorf("%d entries in the change log", n)
		}
	})
}

func TestSetUp_theLinkExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		token, _ := s.SetupToken(t.Context())
		e.Clock.Advance(staff.SetupFor)
		_, err := s.SetUp(t.Context(), token, mira)
		want(t, err, fault.NotFound, "staff.link_spent")
		if n := e.Int(t, `SELECT COUNT(*) FROM staff`); n != 0 {
			t.Errorf("%d members", n)
		}
	})
}

func TestSignIn_saysTheSameToEveryoneItRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		_, own := owner(t, s)
		off, token, err := s.Invite(t.Context(), audit.Staff(own.ID), "Ole", "ole@example.com", policy.RoleSupport, "en")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UseLink(t.Context(), token, secret); err != nil {
			t.Fatal(err)
		}
		off, _ = s.Get(t.Context(), off.ID)
		if err := s.SetRole(t.Context(), audit.Staff(own.ID), off.ID, off.Role, false, off.Version); err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string][2]string{
			"wrong password": {"mira@example.com", "the kettle sings at seven"}, "unknown address": {"nobody@example.com", secret},
			"switched off": {"ole@example.com", secret}, "nothing": {"", ""},
		} {
			_, err := s.SignIn(t.Context(), try[0], try[1], home)
			if fault.Reason(err) != "staff.wrong_sign_in" || !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		session, err := s.SignIn(t.Context(), " mira@EXAMPLE.com ", secret, home)
		if err != nil {
			t.Fatal(err)
		}
		if id := identify(t, s, session); id.ID != own.ID || id.Role != policy.RoleOwner || id.Kind != policy.Staff || !id.Can(policy.StaffWrite) {
			t.Errorf("signed in as %+v", id)
		}
		if id := identify(t, s, guess(session)); id.Known() {
			t.Errorf("another token is %+v", id)
		}
	})
}

func TestSignIn_isThrottledPerAccountAndNetwork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		owner(t, s)
		for i := range 8 {
			if _, err := s.SignIn(t.Context(), mira.Email, "wrong wrong wrong", home); !fault.Is(err, fault.Invalid) {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		_, err := s.SignIn(t.Context(), mira.Email, secret, home)
		if !fault.Is(err, fault.TooMany) || fault.From(err).Params["retry_after"] != int64(60) {
			t.Errorf("the ninth try, with the right password: %v", err)
		}
		if _, err := s.SignIn(t.Context(), mira.Email, secret, netip.MustParseAddr("198.51.100.7")); err != nil {
			t.Errorf("the owner at another place is locked out: %v", err)
		}
		e.Clock.Advance(time.Minute)
		if _, err := s.SignIn(t.Context(), mira.Email, secret, home); err != nil {
			t.Errorf("a minute later: %v", err)
		}
		for i := range 7 {
			if _, err := s.SignIn(t.Context(), mira.Email, "wrong wrong wrong", home); !fault.Is(err, fault.Invalid) {
				t.Fatalf("after a success try %d: %v", i, err)
			}
		}
	})
}

func TestSession_ends(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		session, own := owner(t, s)
		e.Clock.Advance(11 * time.Hour)
		if !identify(t, s, session).Known() {
			t.Fatal("signed out within the idle time")
		}
		e.Clock.Advance(11 * time.Hour)
		if !identify(t, s, session).Known() {
			t.Fatal("a request did not prolong the session")
		}
		e.Clock.Advance(12 * time.Hour)
		if identify(t, s, session).Known() {
			t.Error("still signed in after twelve idle hours")
		}
		other, err := s.SignIn(t.Context(), mira.Email, secret, home)
		if err != nil {
			t.Fatal(err)
		}
		for range 15 {
			e.Clock.Advance(11 * time.Hour)
			identify(t, s, other)
		}
		e.Clock.Advance(4 * time.Hour)
		if identify(t, s, other).Known() {
			t.Error("still signed in after a week of work without a break")
		}
		third, err := s.SignIn(t.Context(), mira.Email, secret, home)
		if err != nil {
			t.Fatal(err)
		}
		fourth, err := s.SignIn(t.Context(), mira.Email, secret, home)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SignOut(t.Context(), identify(t, s, third).Session); err != nil || identify(t, s, third).Known() || !identify(t, s, fourth).Known() {
			t.Errorf("sign-out: %v", err)
		}
		if err := s.ChangePassword(t.Context(), own.ID, identify(t, s, fourth).Session, "not this one at all", "a new morning, a new word"); fault.Reason(err) != "form.invalid" {
			t.Errorf("a wrong old password: %v", err)
		}
		fifth, err := s.SignIn(t.Context(), mira.Email, secret, home)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ChangePassword(t.Context(), own.ID, identify(t, s, fourth).Session, secret, "a new morning, a new word"); err != nil {
			t.Fatal(err)
		}
		if !identify(t, s, fourth).Known() || identify(t, s, fifth).Known() {
			t.Error("a new password must end the other sessions and only those")
		}
		if _, err := s.SignIn(t.Context(), mira.Email, secret, home); !fault.Is(err, fault.Invalid) {
			t.Errorf("the old password still works: %v", err)
		}
	})
}

func TestTeam_invitationRoleAndTheLastOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		_, own := owner(t, s)
		by := audit.Staff(own.ID)
		_, _, err := s.Invite(t.Context(), by, "Twin", "MIRA@example.com", policy.RoleManager, "en")
		if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Reason != "staff.email_taken" {
			t.Errorf("the same address twice: %v", err)
		}
		ole, token, err := s.Invite(t.Context(), by, "Ole", "ole@example.com", policy.RoleFulfilment, "de")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SignIn(t.Context(), "ole@example.com", "", home); !fault.Is(err, fault.Invalid) {
			t.Errorf("an invited account has an empty password: %v", err)
		}
		if p, err := s.CheckLink(t.Context(), token); err != nil || p.ID != ole.ID || !p.Invited {
			t.Errorf("link of %+v, %v", p, err)
		}
		session, err := s.UseLink(t.Context(), token, secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UseLink(t.Context(), token, secret); fault.Reason(err) != "staff.link_spent" {
			t.Errorf("the link opens twice: %v", err)
		}
		id := identify(t, s, session)
		if id.Role != policy.RoleFulfilment || id.Can(policy.StaffWrite) || !id.Can(policy.OrderShip) {
			t.Errorf("invited as %+v", id)
		}

		mine, _ := s.Get(t.Context(), own.ID)
		want(t, s.SetRole(t.Context(), by, own.ID, policy.RoleManager, true, mine.Version), fault.Conflict, "staff.last_owner")
		want(t, s.SetRole(t.Context(), by, own.ID, policy.RoleOwner, false, mine.Version), fault.Conflict, "staff.last_owner")
		ole, _ = s.Get(t.Context(), ole.ID)
		want(t, s.SetRole(t.Context(), by, ole.ID, policy.RoleOwner, true, ole.Version-1), fault.Conflict, "version.changed")
		if err := s.SetRole(t.Context(), by, ole.ID, policy.RoleOwner, true, ole.Version); err != nil {
			t.Fatal(err)
		}
		if !identify(t, s, session).Can(policy.StaffWrite) {
			t.Error("the new role does not hold at once")
		}

		// Two owners demote each other at the same time: one owner is left.
		ole, _ = s.Get(t.Context(), ole.ID)
		var wait sync.WaitGroup
		for _, p := range []staff.Person{mine, ole} {
			wait.Go(func() {
				err := s.SetRole(context.WithoutCancel(t.Context()), by, p.ID, policy.RoleReadOnly, true, p.Version)
				if err != nil && fault.Reason(err) != "staff.last_owner" {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if n := e.Int(t, `SELECT COUNT(*) FROM staff WHERE role = 'owner'`); n != 1 {
			t.Errorf("%d owners left", n)
		}
	})
}

func TestNewLink_endsOldSessionsAndOldLinks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		session, own := owner(t, s)
		first, err := s.NewLink(t.Context(), audit.Staff(own.ID), own.ID)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.NewLink(t.Context(), audit.Staff(own.ID), own.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.UseLink(t.Context(), first, "a new morning, a new word")
		want(t, err, fault.NotFound, "staff.link_spent")
		if !identify(t, s, session).Known() {
			t.Error("a refused link signed the owner out")
		}
		fresh, err := s.UseLink(t.Context(), second, "a new morning, a new word")
		if err != nil {
			t.Fatal(err)
		}
		if identify(t, s, session).Known() || !identify(t, s, fresh).Known() {
			t.Error("a new password must end the old sessions and begin one")
		}
		third, _ := s.NewLink(t.Context(), audit.Staff(own.ID), own.ID)
		e.Clock.Advance(staff.ResetFor)
		_, err = s.UseLink(t.Context(), third, "yet another good sentence")
		want(t, err, fault.NotFound, "staff.link_spent")
	})
}

// TestT52_anOldPasswordOpensNothingLate: a sign-in that was under way while the
// password was changed does not leave a session behind that the change would
// have ended.
func TestT52_anOldPasswordOpensNothingLate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		vault := e.Vault(t)
		slow := staff.New(e.DB, vault, password.New(password.Params{Memory: 64 << 10, Time: 6, Threads: 1}, 1))
		quick := staff.New(e.DB, vault, password.New(cheap, 1))
		session, me := owner(t, slow)
		link, err := quick.NewLink(t.Context(), audit.Staff(me.ID), me.ID)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		var late string
		go func() {
			var err error
			late, err = slow.SignIn(t.Context(), mira.Email, secret, home)
			done <- err
		}()
		for tries := 0; tries == 0; { // until the sign-in has begun
			if err := e.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM throttle`).Scan(&tries); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := quick.UseLink(t.Context(), link, "another kettle sings at seven"); err != nil {
			t.Fatal(err)
		}
		want(t, <-done, fault.Invalid, "staff.wrong_sign_in")
		for name, token := range map[string]string{"late": late, "old": session} {
			if token != "" && identify(t, quick, token).Known() {
				t.Errorf("the %s session is alive", name)
			}
		}
		if _, err := quick.SignIn(t.Context(), mira.Email, "another kettle sings at seven", home); err != nil {
			t.Error(err)
		}
	})
}

// guess changes the first letter of a token, whose bits all count: of the last
// letter two bits are padding, and one guess in sixteen would be the token.
func guess(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}
