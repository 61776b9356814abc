package staff

import (
	"context"
	"slices"
	"strings"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// List returns everybody, the longest-serving first.
func (s *Service) List(ctx context.Context) ([]Person, error) {
	rows, err := list(ctx, s.db)
	if err != nil {
		return nil, err
	}
	people := make([]Person, len(rows))
	for i, r := range rows {
		if people[i], err = s.open(ctx, r); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// Get returns one member; "staff.not_found" when there is none.
func (s *Service) Get(ctx context.Context, id string) (Person, error) {
	r, err := byID(ctx, s.db, id)
	if err != nil {
		return Person{}, err
	}
	return s.open(ctx, r)
}

// Names returns what to call members and tokens, by their ids: everybody who
// may stand in a change log, revoked tokens too.
func (s *Service) Names(ctx context.Context) (map[string]string, error) {
	people, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(people))
	for _, p := range people {
		names[p.ID] = p.Name
	}
	return names, tokenNames(ctx, s.db, names)
}

// Invite makes an account without a password and returns the token of the
// link under which its owner chooses one. It fails with the fields that will
// not do, "staff.email_taken" among them.
func (s *Service) Invite(ctx context.Context, actor audit.Actor, name, email string, role policy.Role, locale string) (p Person, token string, err error) {
	var form fault.Form
	checkName(&form, name)
	checkEmail(&form, email)
	if !role.Valid() {
		form.Add("role", "form.not_a_choice")
	}
	if err := form.Err(); err != nil {
		return Person{}, "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err = s.insert(ctx, tx, Newcomer{Name: strings.TrimSpace(name), Email: strings.TrimSpace(email), Locale: locale}, role, "")
		if err != nil {
			return err
		}
		token = tx.NewToken()
		if err := insertToken(ctx, tx, token, purposeInvite, p.ID, InviteFor); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "staff.invited", Object: "staff", ID: p.ID, After: map[string]string{"role": string(role)}})
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, token, nil
}

// NewLink returns the token of a link under which a member chooses a (new)
// password. Links made before end.
func (s *Service) NewLink(ctx context.Context, actor audit.Actor, id string) (token string, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		if !r.Active {
			return fault.New(fault.Conflict, "staff.switched_off")
		}
		token = tx.NewToken()
		purpose, valid := purposeReset, ResetFor
		if r.Invited {
			purpose, valid = purposeInvite, InviteFor
		}
		if err := insertToken(ctx, tx, token, purpose, id, valid); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "staff.link_made", Object: "staff", ID: id})
	})
	return token, err
}

// CheckLink returns whose invitation or link to a new password a token is, or
// "staff.link_spent".
func (s *Service) CheckLink(ctx context.Context, token string) (Person, error) {
	for _, purpose := range []string{purposeInvite, purposeReset} {
		id, err := s.subject(ctx, token, purpose)
		if err == nil {
			return s.Get(ctx, id)
		}
		if !fault.Is(err, fault.NotFound) {
			return Person{}, err
		}
	}
	return Person{}, spent()
}

// UseLink sets the password that a link allows to be set, ends every session
// of its owner and starts a fresh one.
func (s *Service) UseLink(ctx context.Context, token, secret string) (session string, err error) {
	p, err := s.CheckLink(ctx, token)
	if err != nil {
		return "", err
	}
	if !p.Active {
		return "", spent()
	}
	var form fault.Form
	checkPassword(&form, secret, p.Email, p.Name)
	if err := form.Err(); err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, secret)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		purpose := purposeReset
		if p.Invited {
			purpose = purposeInvite
		}
		ok, err := useToken(ctx, tx, token, purpose)
		if err != nil {
			return err
		}
		if !ok {
			return spent()
		}
		if err := setPassword(ctx, tx, p.ID, hash); err != nil {
			return err
		}
		if _, err := endSessions(ctx, tx, p.ID, ""); err != nil {
			return err
		}
		session = tx.NewToken()
		if err := insertSession(ctx, tx, session, p.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: audit.Staff(p.ID), Action: "staff.password_set", Object: "staff", ID: p.ID})
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// ChangePassword replaces a member's own password. The old one must be given;
// all other sessions end.
func (s *Service) ChangePassword(ctx context.Context, id, session, old, secret string) error {
	r, err := byID(ctx, s.db, id)
	if err != nil {
		return err
	}
	p, err := s.open(ctx, r)
	if err != nil {
		return err
	}
	var form fault.Form
	checkPassword(&form, secret, p.Email, p.Name)
	if err := form.Err(); err != nil {
		return err
	}
	// Guessing an old password in a stolen session is throttled like sign-in.
	var refused error
	if err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		refused = nil
		err := watch.Take(ctx, tx, watch.Bucket{Name: "staff.password:" + id, Limit: oneAccount()})
		if fault.Is(err, fault.TooMany) {
			refused = err
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	ok, _, err := s.hasher.Verify(ctx, r.hash, old)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "form.invalid").At("old", "staff.wrong_password")
	}
	hash, err := s.hasher.Hash(ctx, secret)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := setPassword(ctx, tx, id, hash); err != nil {
			return err
		}
		if _, err := endSessions(ctx, tx, id, session); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: audit.Staff(id), Action: "staff.password_set", Object: "staff", ID: id})
	})
}

// SetProfile changes a member's own name and language, and whether single keys
// are shortcuts for them. A stale version is "version.changed".
func (s *Service) SetProfile(ctx context.Context, id, name, locale string, singleKeys bool, version int64) error {
	var form fault.Form
	checkName(&form, name)
	if err := form.Err(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.name, err = s.vault.SealText(ctx, r.keyID, "staff.name:"+id, strings.TrimSpace(name)); err != nil {
			return err
		}
		r.Locale, r.SingleKeys = locale, singleKeys
		if err := setProfile(ctx, tx, r, version); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: audit.Staff(id), Action: "staff.profile_changed", Object: "staff", ID: id})
	})
}

// SetLocale changes the language a member reads. It is a matter of taste and
// not logged.
func (s *Service) SetLocale(ctx context.Context, id, locale string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return setLocale(ctx, tx, id, locale) })
}

// SetRole gives a member another role, or switches the account off or on. Who
// is switched off is signed out everywhere. The last owner who can sign in
// stays one: "staff.last_owner". A stale version is "version.changed".
func (s *Service) SetRole(ctx context.Context, actor audit.Actor, id string, role policy.Role, active bool, version int64) error {
	if !role.Valid() {
		return fault.New(fault.Invalid, "form.invalid").At("role", "form.not_a_choice")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		left, err := owners(ctx, tx)
		if err != nil {
			return err
		}
		r, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		if slices.Equal(left, []string{id}) && (role != policy.RoleOwner || !active) {
			return fault.New(fault.Conflict, "staff.last_owner")
		}
		if err := setRole(ctx, tx, id, role, active, version); err != nil {
			return err
		}
		if !active {
			if _, err := endSessions(ctx, tx, id, ""); err != nil {
				return err
			}
		}
		type state struct {
			Role   policy.Role `json:"role"`
			Active bool        `json:"active"`
		}
		return audit.Append(ctx, tx, audit.Change{
			Actor: actor, Action: "staff.role_changed", Object: "staff", ID: id,
			Before: state{r.Role, r.Active}, After: state{role, active},
		})
	})
}
