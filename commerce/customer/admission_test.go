package customer_test

import (
	"context"
	"testing"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func (s *shop) admit(a customer.Admission) (opened bool, err error) {
	s.t.Helper()
	err = s.DB.InTx(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		opened, err = s.Admit(ctx, tx, audit.System("import"), a)
		return err
	})
	return opened, err
}

func adasOld() customer.Admission {
	return customer.Admission{Email: "Ada@example.com", Name: "Ada Lovelace", Phone: "+49 30 123456", Locale: "de", Addresses: []market.Address{berlin(), berlin()}}
}

// Whoever comes from another shop gets in by a letter to the mailbox, and by
// nothing else; what the merchant knew of them is then still there.
func TestAdmit_theOwnerGetsInByLetterOnly(t *testing.T) {
	for name, ask := range map[string]func(s *shop) error{
		"by a new password": func(s *shop) error { return s.RequestReset(s.t.Context(), "ada@example.com", "de", home) },
		"by signing up": func(s *shop) error {
			session, err := s.SignUp(s.t.Context(), ada, home)
			if session != "" {
				s.t.Error("signing up over the account opens it")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
				s := open(t, e, customer.Options{Unproven: true})
				if opened, err := s.admit(adasOld()); err != nil || !opened {
					t.Fatalf("Admit = %t, %v", opened, err)
				}
				if got := s.letters(); len(got) != 0 {
					t.Errorf("letters %+v, want none", got)
				}
				for _, guess := range []string{"", secret, " "} {
					_, err := s.SignIn(t.Context(), ada.Email, guess, home)
					want(t, err, fault.Invalid, "customer.wrong_sign_in")
				}

				if err := ask(s); err != nil {
					t.Fatal(err)
				}
				session, err := s.ResetPassword(t.Context(), s.letter("customer.reset_asked").token, secret, home)
				if err != nil {
					t.Fatal(err)
				}
				id := s.who(session)
				c := s.customer(id.ID)
				if c.Name != "Ada Lovelace" || c.Phone != "+49 30 123456" || c.Locale != "de" || !c.Verified() {
					t.Errorf("customer %+v", c)
				}
				if got := s.book(id.ID); got != berlin().Line1+"*+ "+berlin().Line1 {
					t.Errorf("book %q", got)
				}
			})
		})
	}
}

func TestAdmit_anAccountIsItsOwners(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		s.letters()
		was, logged := s.customer(id.ID), s.Int(t, `SELECT COUNT(*) FROM change_log`)

		opened, err := s.admit(adasOld())

		if err != nil || opened {
			t.Errorf("Admit = %t, %v", opened, err)
		}
		now := s.customer(id.ID)
		if now.Name != was.Name || now.Version != was.Version || now.Locale != was.Locale || s.book(id.ID) != "" {
			t.Errorf("the account became %+v with book %q", now, s.book(id.ID))
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log`); n != logged {
			t.Errorf("%d entries of the log", n-logged)
		}
	})
}

func TestAdmit_refusesBadFieldsAndWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		with := func(change func(a *customer.Admission)) customer.Admission {
			a := adasOld()
			change(&a)
			return a
		}
		for _, tt := range []struct {
			field, reason string
			a             customer.Admission
		}{
			{"email", "form.required", with(func(a *customer.Admission) { a.Email = " " })},
			{"name", "customer.link_in_name", with(func(a *customer.Admission) { a.Name = "see https://x.example" })},
			{"phone", "address.phone", with(func(a *customer.Admission) { a.Phone = "call me" })},
			{"locale", "form.not_a_choice", with(func(a *customer.Admission) { a.Locale = "?" })},
			{"postcode", "address.postcode", with(func(a *customer.Admission) { a.Addresses[1].Postcode = "1" })},
			{"addresses", "customer.too_many_addresses", with(func(a *customer.Admission) { a.Addresses = make([]market.Address, customer.MaxAddresses+1) })},
			{"fields.shoe", "custom.unknown_field", with(func(a *customer.Admission) { a.Fields = custom.Values{"shoe": custom.OfWords("42")} })},
		} {
			opened, err := s.admit(tt.a)
			wantField(t, err, tt.field, tt.reason)
			if n := s.Int(t, `SELECT COUNT(*) FROM customer`) + s.Int(t, `SELECT COUNT(*) FROM change_log`); opened || n != 0 {
				t.Errorf("%s: opened %t and wrote %d rows", tt.field, opened, n)
			}
		}
	})
}
