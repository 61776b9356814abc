package staff

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Service knows staff. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	vault  *privacy.Vault
	hasher *password.Hasher
}

// New returns the service.
func New(d *db.DB, vault *privacy.Vault, hasher *password.Hasher) *Service {
	return &Service{d, vault, hasher}
}

// One-time tokens open exactly one thing.
const (
	purposeSetup  = "setup"
	purposeInvite = "staff_invite"
	purposeReset  = "staff_reset"
	shop          = "shop"
)

// oneAccount is how often a password of one account may be tried from one
// place.
func oneAccount() watch.Limit { return watch.Limit{Every: time.Minute, Burst: 8} }

// signInBuckets is how often somebody may try to sign in. Who guesses at one account from one
// network is stopped first; guessing from many networks, or at many accounts,
// a little later.
func signInBuckets(index []byte, ip netip.Addr) []watch.Bucket {
	net := watch.Network(ip)
	account := watch.Key("staff.sign_in:account:", index)
	return []watch.Bucket{
		{Name: account + ":" + net, Limit: oneAccount()},
		{Name: account, Limit: watch.Limit{Every: time.Minute, Burst: 60}},
		{Name: "staff.sign_in:net:" + net, Limit: watch.Limit{Every: 10 * time.Second, Burst: 40}},
	}
}

// SetupToken returns a token for the link under which the first member of
// staff, the owner, makes an account; "" when there is somebody already. A
// second call makes a new token and ends the old one.
func (s *Service) SetupToken(ctx context.Context) (token string, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		token = ""
		if there, err := exists(ctx, tx); err != nil || there {
			return err
		}
		token = tx.NewToken()
		return insertToken(ctx, tx, token, purposeSetup, shop, SetupFor)
	})
	return token, err
}

// CheckSetup fails with "staff.link_spent" unless the token still opens the
// set-up. Whoever comes after the owner is told the same as whoever guesses.
func (s *Service) CheckSetup(ctx context.Context, token string) error {
	there, err := exists(ctx, s.db)
	if err != nil {
		return err
	}
	if there {
		return spent()
	}
	_, err = s.subject(ctx, token, purposeSetup)
	return err
}

// SetUp makes the owner's account and signs the owner in. It fails with
// "staff.link_spent", or with the fields that will not do. Of two people who
// use the link at once, one becomes the owner.
func (s *Service) SetUp(ctx context.Context, token string, n Newcomer) (session string, err error) {
	if err := s.CheckSetup(ctx, token); err != nil {
		return "", err
	}
	if err := n.check(); err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := useToken(ctx, tx, token, purposeSetup)
		if err != nil {
			return err
		}
		there, err := exists(ctx, tx)
		if err != nil {
			return err
		}
		if !ok || there {
			return spent()
		}
		p, err := s.insert(ctx, tx, n, policy.RoleOwner, hash)
		if err != nil {
			return err
		}
		session = tx.NewToken()
		if err := insertSession(ctx, tx, session, p.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{
			Actor: audit.Staff(p.ID), Action: "staff.set_up", Object: "staff", ID: p.ID, After: map[string]string{"role": string(p.Role)},
		})
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// insert writes a new member; "staff.email_taken" when the address is known.
func (s *Service) insert(ctx context.Context, tx *db.Tx, n Newcomer, role policy.Role, hash string) (Person, error) {
	r := row{Person: Person{ID: tx.NewID("stf"), Role: role, Active: true, Locale: n.Locale, SingleKeys: true, CreatedAt: tx.Now(), Version: 1}, hash: hash}
	var err error
	if r.keyID, err = s.vault.NewKey(); err != nil {
		return Person{}, err
	}
	if r.email, err = s.vault.SealText(ctx, r.keyID, "staff.email:"+r.ID, n.Email); err != nil {
		return Person{}, err
	}
	if r.name, err = s.vault.SealText(ctx, r.keyID, "staff.name:"+r.ID, n.Name); err != nil {
		return Person{}, err
	}
	ok, err := insert(ctx, tx, r, s.index(n.Email))
	if err != nil {
		return Person{}, fmt.Errorf("insert staff: %w", err)
	}
	if !ok {
		return Person{}, fault.New(fault.Invalid, "form.invalid").At("email", "staff.email_taken")
	}
	r.Email, r.Name, r.Invited = n.Email, n.Name, hash == ""
	return r.Person, nil
}

func (s *Service) index(email string) []byte { return s.vault.Index("staff.email", normal(email)) }

func spent() error { return fault.New(fault.NotFound, "staff.link_spent") }

func (s *Service) subject(ctx context.Context, token, purpose string) (string, error) {
	subject, err := tokenSubject(ctx, s.db, token, purpose, s.db.Now())
	if errors.Is(err, db.ErrNoRows) {
		return "", spent()
	}
	return subject, err
}

// open fills in what is sealed.
func (s *Service) open(ctx context.Context, r row) (Person, error) {
	var err error
	if r.Email, err = s.vault.OpenText(ctx, r.keyID, "staff.email:"+r.ID, r.email); err != nil {
		return Person{}, fmt.Errorf("open staff %s: %w", r.ID, err)
	}
	if r.Name, err = s.vault.OpenText(ctx, r.keyID, "staff.name:"+r.ID, r.name); err != nil {
		return Person{}, fmt.Errorf("open staff %s: %w", r.ID, err)
	}
	return r.Person, nil
}

// SignIn checks who somebody is and returns the token of a fresh session for
// the cookie. Every try counts, the good ones too until they succeed. It
// fails with "staff.wrong_sign_in", which says the same and takes as long for
// an unknown address, a wrong password and an account that is switched off, or
// with TooMany.
func (s *Service) SignIn(ctx context.Context, email, secret string, ip netip.Addr) (session string, err error) {
	index := s.index(email)
	buckets := signInBuckets(index, ip)
	var refused error
	if err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		refused = nil
		err := watch.Take(ctx, tx, buckets...)
		if fault.Is(err, fault.TooMany) { // the try is kept: commit
			refused = err
			return nil
		}
		return err
	}); err != nil {
		return "", err
	}
	if refused != nil {
		return "", refused
	}

	r, err := byEmail(ctx, s.db, index)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	ok, stale, err := s.hasher.Verify(ctx, r.hash, secret)
	if err != nil {
		return "", err
	}
	if !ok || !r.Active {
		return "", fault.New(fault.Invalid, "staff.wrong_sign_in")
	}
	fresh := r.hash
	if stale {
		if fresh, err = s.hasher.Hash(ctx, secret); err != nil {
			return "", err
		}
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		same, err := rehash(ctx, tx, r.ID, r.hash, fresh)
		if err != nil {
			return err
		}
		if !same { // changed while we computed: that ended every session, this one too
			return fault.New(fault.Invalid, "staff.wrong_sign_in")
		}
		if err := watch.Reset(ctx, tx, buckets[0].Name); err != nil {
			return err
		}
		session = tx.NewToken()
		return insertSession(ctx, tx, session, r.ID)
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// Identify says who a session's token belongs to. An unknown, expired or ended
// one, and that of a member who was switched off, is a guest and no error.
func (s *Service) Identify(ctx context.Context, token string) (policy.Identity, Person, error) {
	if len(token) != 43 {
		return policy.Identity{}, Person{}, nil
	}
	now := s.db.Now()
	id := digest(token)
	r, err := bySession(ctx, s.db, id, now)
	if errors.Is(err, db.ErrNoRows) {
		return policy.Identity{}, Person{}, nil
	}
	if err != nil {
		return policy.Identity{}, Person{}, fmt.Errorf("find session: %w", err)
	}
	end := r.createdAt.Add(sessionFor)
	if !now.Before(end) {
		return policy.Identity{}, Person{}, nil
	}
	if now.Sub(r.seenAt) >= seenEvery {
		until := now.Add(idleFor)
		if until.After(end) {
			until = end
		}
		if err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return touchSession(ctx, tx, id, until) }); err != nil {
			return policy.Identity{}, Person{}, fmt.Errorf("prolong session: %w", err)
		}
	}
	p, err := s.open(ctx, r.row)
	if err != nil {
		return policy.Identity{}, Person{}, err
	}
	return policy.Identity{
		Kind: policy.Staff, ID: p.ID, Name: p.Name, Session: id, Role: p.Role, Permissions: p.Role.Permissions(),
	}, p, nil
}

// SignOut ends a session. A second call does nothing.
func (s *Service) SignOut(ctx context.Context, session string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return endSession(ctx, tx, session) })
}

// SignOutElsewhere ends every other session of a member and returns how many
// there were.
func (s *Service) SignOutElsewhere(ctx context.Context, staffID, session string) (n int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err = endSessions(ctx, tx, staffID, session)
		return err
	})
	return n, err
}

// Sweep deletes what has expired. It is housekeeping.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.InTx(ctx, sweepSessions)
}
