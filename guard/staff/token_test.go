package staff_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func makeToken(t *testing.T, e dbtest.Env, s *staff.Service, by audit.Actor, may policy.Set, n staff.NewToken) (made staff.Token, key string, err error) {
	t.Helper()
	err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		made, key, err = s.MakeToken(ctx, tx, by, may, n)
		return err
	})
	return made, key, err
}

func opens(t *testing.T, s *staff.Service, key string) policy.Set {
	t.Helper()
	id, err := s.IdentifyToken(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if id.Known() != (id.Kind == policy.Token) {
		t.Errorf("a key is %+v", id)
	}
	return id.Permissions
}

func TestT72_aTokenDoesWhatItWasMadeForUntilItEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		_, boss := owner(t, s)
		by := audit.Staff(boss.ID)
		stock := policy.Set{policy.StockWrite, policy.StockRead, policy.StockRead}
		made, key, err := makeToken(t, e, s, by, boss.Permissions, staff.NewToken{Name: "  Till ", Scopes: stock, ExpiresAt: e.Clock.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if made.Name != "Till" || !strings.HasPrefix(key, staff.TokenPrefix) || !strings.HasSuffix(key, made.Hint) || len(made.Hint) != 4 || made.MadeBy != boss.ID {
			t.Errorf("%+v %s", made, key)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM api_token WHERE token_hash = $1 OR hint = $1`, key); n != 0 {
			t.Error("the key itself is stored")
		}
		if got := opens(t, s, key); !slices.Equal(got, policy.Set{policy.StockRead, policy.StockWrite}) {
			t.Errorf("opens %v", got)
		}
		for _, wrong := range []string{"", "stoa_", key + "x", key[:len(key)-1] + "~", strings.Replace(key, "stoa_", "STOA_", 1), made.ID} {
			if got := opens(t, s, wrong); got != nil {
				t.Errorf("%q opens %v", wrong, got)
			}
		}
		used := func() time.Time {
			t.Helper()
			at, err := s.Token(t.Context(), e.DB, made.ID)
			if err != nil {
				t.Fatal(err)
			}
			return at.UsedAt
		}
		if first := used(); !first.Equal(e.Clock.Now()) {
			t.Errorf("last used %v", first)
		}
		e.Clock.Advance(30 * time.Second)
		opens(t, s, key)
		if at := used(); at.Equal(e.Clock.Now()) {
			t.Error("every request writes")
		}
		e.Clock.Advance(30 * time.Second)
		opens(t, s, key)
		if at := used(); !at.Equal(e.Clock.Now()) {
			t.Errorf("last used %v a minute later", at)
		}
		e.Clock.Advance(time.Hour)
		if got := opens(t, s, key); got != nil {
			t.Errorf("an expired key opens %v", got)
		}

		made, key, err = makeToken(t, e, s, by, boss.Permissions, staff.NewToken{Name: "Export", Scopes: policy.Set{policy.OrderRead}})
		if err != nil || opens(t, s, key) == nil {
			t.Fatal(err)
		}
		revoke := func() (got staff.Token, err error) {
			err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				got, err = s.RevokeToken(ctx, tx, by, made.ID)
				return err
			})
			return got, err
		}
		first, err := revoke()
		if err != nil || opens(t, s, key) != nil {
			t.Errorf("a revoked key opens something: %v", err)
		}
		e.Clock.Advance(time.Hour)
		second, err := revoke()
		if err != nil || !second.RevokedAt.Equal(first.RevokedAt) {
			t.Errorf("revoked at %v and %v, %v", first.RevokedAt, second.RevokedAt, err)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind = 'token'`); n != 3 {
			t.Errorf("%d changes noted, want made, made, revoked", n)
		}
		if list, err := s.Tokens(t.Context(), e.DB, "", 1); err != nil || len(list) != 1 || list[0].ID != made.ID {
			t.Errorf("newest: %+v, %v", list, err)
		}
		if list, err := s.Tokens(t.Context(), e.DB, made.ID, 5); err != nil || len(list) != 1 || list[0].Name != "Till" {
			t.Errorf("older: %+v, %v", list, err)
		}
	})
}

// TestT60_aTokenIsNoSideDoor: no token holds more than its maker, neither when
// it is made nor when the maker has lost it since.
func TestT60_aTokenIsNoSideDoor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := service(t, e)
		_, boss := owner(t, s)
		by, in := audit.Staff(boss.ID), e.Clock.Now().Add(time.Hour)
		for name, tt := range map[string]struct {
			n      staff.NewToken
			may    policy.Set
			reason string
		}{
			"no name":              {staff.NewToken{Scopes: policy.Set{policy.OrderRead}}, boss.Permissions, "form.required"},
			"long name":            {staff.NewToken{Name: strings.Repeat("x", 101), Scopes: policy.Set{policy.OrderRead}}, boss.Permissions, "form.too_long"},
			"no scope":             {staff.NewToken{Name: "x"}, boss.Permissions, "form.required"},
			"unknown scope":        {staff.NewToken{Name: "x", Scopes: policy.Set{"root"}}, boss.Permissions, "form.not_a_choice"},
			"the team":             {staff.NewToken{Name: "x", Scopes: policy.Set{policy.StaffWrite}}, boss.Permissions, "form.not_a_choice"},
			"tokens":               {staff.NewToken{Name: "x", Scopes: policy.Set{policy.TokenWrite}}, boss.Permissions, "form.not_a_choice"},
			"oneself":              {staff.NewToken{Name: "x", Scopes: policy.Set{policy.Self}}, boss.Permissions, "form.not_a_choice"},
			"what one has not got": {staff.NewToken{Name: "x", Scopes: policy.Set{policy.OrderRefund}, ExpiresAt: in}, policy.RoleFulfilment.Permissions(), "staff.scope_not_yours"},
			"ended":                {staff.NewToken{Name: "x", Scopes: policy.Set{policy.OrderRead}, ExpiresAt: e.Clock.Now()}, boss.Permissions, "staff.token_expiry_past"},
		} {
			_, key, err := makeToken(t, e, s, by, tt.may, tt.n)
			if f := fault.From(err); key != "" || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Reason != tt.reason {
				t.Errorf("%s: %q, %v", name, key, err)
			}
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM api_token`) + e.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind = 'token'`); n != 0 {
			t.Errorf("refusals left %d rows", n)
		}

		p, link, err := s.Invite(t.Context(), by, "Ole", "ole@example.com", policy.RoleManager, "en")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UseLink(t.Context(), link, secret); err != nil {
			t.Fatal(err)
		}
		_, key, err := makeToken(t, e, s, audit.Staff(p.ID), p.Role.Permissions(), staff.NewToken{Name: "Ole's", Scopes: policy.Set{policy.OrderRead, policy.OrderRefund}})
		if err != nil {
			t.Fatal(err)
		}
		role := func(role policy.Role, active bool) {
			t.Helper()
			now, err := s.Get(t.Context(), p.ID)
			if err == nil {
				err = s.SetRole(t.Context(), by, p.ID, role, active, now.Version)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		role(policy.RoleFulfilment, true)
		if got := opens(t, s, key); !slices.Equal(got, policy.Set{policy.OrderRead}) {
			t.Errorf("with a lesser maker it opens %v", got)
		}
		role(policy.RoleManager, false)
		if got := opens(t, s, key); got != nil {
			t.Errorf("with its maker switched off it opens %v", got)
		}
	})
}
