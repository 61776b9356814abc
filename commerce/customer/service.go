package customer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
)

// Options says how a shop treats accounts.
type Options struct {
	// Unproven lets people use an account before they have opened the link
	// in the letter: right when the shop cannot send letters at all. It costs
	// that whoever signs up with an address learns whether it was known.
	Unproven bool
}

// Service knows customers. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	vault  *privacy.Vault
	hasher *password.Hasher
	o      Options
}

// New returns the service.
func New(d *db.DB, vault *privacy.Vault, hasher *password.Hasher, o Options) *Service {
	return &Service{d, vault, hasher, o}
}

// index is the blind index of an address; orders use the same.
func (s *Service) index(email string) []byte {
	return s.vault.Index("email", market.EmailKey(email))
}

// lookup is index for whatever somebody typed as their address.
func (s *Service) lookup(typed string) []byte {
	if email, err := market.Email(typed); err == nil {
		return s.index(email)
	}
	return s.vault.Index("email", strings.ToLower(strings.ToValidUTF8(typed, "?")))
}

// signInBuckets is how often passwords may be tried: at one account from one
// network, and from one network in all. There is none for an account alone,
// because with that anybody could lock out anybody.
func signInBuckets(index []byte, ip netip.Addr) []watch.Bucket {
	net := watch.Network(ip)
	return []watch.Bucket{
		{Name: watch.Key("customer.sign_in:account:", index) + ":" + net, Limit: watch.Limit{Every: time.Minute, Burst: 8}},
		{Name: "customer.sign_in:net:" + net, Limit: watch.Limit{Every: 6 * time.Second, Burst: 60}},
	}
}

// askBuckets is how often letters may be asked for: to one address five in any
// hour (three at once and one every thirty minutes), and from one network.
func askBuckets(what string, index []byte, ip netip.Addr) []watch.Bucket {
	return []watch.Bucket{
		{Name: watch.Key("customer.letter:", index), Limit: watch.Limit{Every: 30 * time.Minute, Burst: 3}},
		{Name: "customer." + what + ":net:" + watch.Network(ip), Limit: watch.Limit{Every: time.Minute, Burst: 20}},
	}
}

// take counts a try in a transaction of its own, so that it counts whatever
// comes of it.
func (s *Service) take(ctx context.Context, buckets ...watch.Bucket) error {
	var refused error
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		refused = nil
		err := watch.Take(ctx, tx, buckets...)
		if fault.Is(err, fault.TooMany) {
			refused = err
			return nil
		}
		return err
	})
	return errors.Join(err, refused)
}

// open fills in what is sealed. Of an erased person nothing is left.
func (s *Service) open(ctx context.Context, r row) (Customer, error) {
	c := r.Customer
	err := s.openAll(ctx, r, &c)
	if errors.Is(err, privacy.ErrErased) {
		c.Email, c.Name, c.Phone, c.Fields, c.Erased = "", "", "", nil, true
		return c, nil
	}
	if err != nil {
		return Customer{}, fmt.Errorf("open customer %s: %w", r.ID, err)
	}
	return c, nil
}

func (s *Service) openAll(ctx context.Context, r row, c *Customer) (err error) {
	if c.Email, err = s.vault.OpenText(ctx, r.keyID, "customer.email:"+r.ID, r.email); err != nil {
		return err
	}
	if c.Name, err = s.vault.OpenText(ctx, r.keyID, "customer.name:"+r.ID, r.name); err != nil {
		return err
	}
	if c.Phone, err = s.vault.OpenText(ctx, r.keyID, "customer.phone:"+r.ID, r.phone); err != nil {
		return err
	}
	return s.vault.OpenJSON(ctx, r.keyID, "customer.fields:"+r.ID, r.fields, &c.Fields)
}

// ask makes the event of a letter to an address. keyID is the customer's key,
// or a fresh one for an address without account.
func (s *Service) ask(ctx context.Context, customerID, keyID, to, locale string) (Ask, error) {
	sealed, err := s.vault.SealText(ctx, keyID, "customer.ask:"+keyID, to)
	return Ask{CustomerID: customerID, KeyID: keyID, To: sealed, Locale: locale}, err
}

// askFor is ask for the owner of an account, under the account's own address.
func (s *Service) askFor(ctx context.Context, r row, locale string) (Ask, error) {
	email, err := s.vault.OpenText(ctx, r.keyID, "customer.email:"+r.ID, r.email)
	if err != nil {
		return Ask{}, err
	}
	return s.ask(ctx, r.ID, r.keyID, email, locale)
}

// SignUp opens an account, or writes to the owner of the one that is there;
// the answer is the same. session is empty: the account can be used once
// Verify has seen the link from the letter. Only where Options.Unproven holds
// is a fresh account signed in at once. It fails with the fields that will not
// do, or with TooMany.
func (s *Service) SignUp(ctx context.Context, n Newcomer, v Visit) (session string, err error) {
	n, err = n.check()
	if err != nil {
		return "", err
	}
	index := s.index(n.Email)
	if err := s.take(ctx, askBuckets("sign_up", index, v.IP)...); err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	keyID, err := s.vault.NewKey()
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		session = ""
		r := row{Customer: Customer{ID: tx.NewID("cus"), Locale: n.Locale}, keyID: keyID, index: index, hash: hash}
		if err := s.sealInto(ctx, &r, n.Email, Profile{Name: n.Name}, custom.Values{}); err != nil {
			return err
		}
		fresh, err := insert(ctx, tx, r)
		if err != nil {
			return fmt.Errorf("insert customer: %w", err)
		}
		// From here on both ways run the same statements.
		if r, err = byEmail(ctx, tx, index); err != nil {
			return err
		}
		if err := touch(ctx, tx, r.ID); err != nil {
			return err
		}
		a, err := s.askFor(ctx, r, n.Locale)
		if err != nil {
			return err
		}
		topic := Events().VerificationAsked
		switch {
		case r.Verified():
			topic = Events().AlreadyKnown
		case r.hash == "": // admitted from another shop: the link is to set a password
			topic = Events().ResetAsked
		}
		if err := event.Emit(ctx, tx, topic, a); err != nil {
			return err
		}
		if fresh && s.o.Unproven {
			session = tx.NewToken()
			if err := insertSession(ctx, tx, session, r.ID, v.device()); err != nil {
				return err
			}
		}
		actor, action := audit.Customer(r.ID), "customer.signed_up"
		if !fresh {
			actor, action = audit.System("sign_up"), "customer.signed_up_again"
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: "customer", ID: r.ID})
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// sealInto seals what is personal of a new customer into r.
func (s *Service) sealInto(ctx context.Context, r *row, email string, p Profile, fields custom.Values) (err error) {
	if r.email, err = s.vault.SealText(ctx, r.keyID, "customer.email:"+r.ID, email); err != nil {
		return err
	}
	if err := s.sealProfile(ctx, r, p); err != nil {
		return err
	}
	return s.sealFields(ctx, r, fields)
}

func (s *Service) sealProfile(ctx context.Context, r *row, p Profile) (err error) {
	if r.name, err = s.vault.SealText(ctx, r.keyID, "customer.name:"+r.ID, p.Name); err != nil {
		return err
	}
	r.phone, err = s.vault.SealText(ctx, r.keyID, "customer.phone:"+r.ID, p.Phone)
	return err
}

func (s *Service) sealFields(ctx context.Context, r *row, fields custom.Values) (err error) {
	r.fields, err = s.vault.SealJSON(ctx, r.keyID, "customer.fields:"+r.ID, fields)
	return err
}

// SignIn checks who somebody is and returns the token of a fresh session for
// the cookie. It fails with "customer.wrong_sign_in", which says the same and
// takes as long for an unknown address, a wrong password and an address that
// is not proven yet, or with TooMany. The caller ends the session the browser
// had before and merges its bag.
func (s *Service) SignIn(ctx context.Context, email, secret string, v Visit) (session string, err error) {
	index := s.lookup(email)
	buckets := signInBuckets(index, v.IP)
	if err := s.take(ctx, buckets...); err != nil {
		return "", err
	}
	r, err := byEmail(ctx, s.db, index)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	ok, stale, err := s.hasher.Verify(ctx, r.hash, secret)
	if err != nil {
		return "", err
	}
	if !ok || !(r.Verified() || s.o.Unproven) {
		return "", wrong()
	}
	var fresh string
	if stale {
		if fresh, err = s.hasher.Hash(ctx, secret); err != nil {
			return "", err
		}
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := byID(ctx, tx, r.ID, tx.ForUpdate())
		if err != nil {
			return err
		}
		if now.hash != r.hash { // changed while we computed
			return wrong()
		}
		if fresh != "" {
			if err := rehash(ctx, tx, r.ID, r.hash, fresh); err != nil {
				return err
			}
		}
		session, err = s.admit(ctx, tx, now, v, buckets[0].Name)
		return err
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// admit starts a session of somebody who has proved who they are, forgives
// their failed tries, and brings them the orders they placed as a guest.
func (s *Service) admit(ctx context.Context, tx *db.Tx, r row, v Visit, bucket string) (session string, err error) {
	if err := watch.Reset(ctx, tx, bucket); err != nil {
		return "", err
	}
	if r.Verified() {
		if _, err := s.attach(ctx, tx, r); err != nil {
			return "", err
		}
	}
	session = tx.NewToken()
	return session, insertSession(ctx, tx, session, r.ID, v.device())
}

// Identify says who a session's token belongs to. An unknown, expired or ended
// one, and that of an erased person, is a guest and no error.
func (s *Service) Identify(ctx context.Context, token string) (policy.Identity, Customer, error) {
	if len(token) != 43 {
		return policy.Identity{}, Customer{}, nil
	}
	now := s.db.Now()
	id := digest(token)
	r, err := bySession(ctx, s.db, id, now)
	if errors.Is(err, db.ErrNoRows) {
		return policy.Identity{}, Customer{}, nil
	}
	if err != nil {
		return policy.Identity{}, Customer{}, fmt.Errorf("find session: %w", err)
	}
	end := r.began.Add(SessionFor)
	if !now.Before(end) {
		return policy.Identity{}, Customer{}, nil
	}
	c, err := s.open(ctx, r.row)
	if err != nil {
		return policy.Identity{}, Customer{}, err
	}
	if c.Erased {
		return policy.Identity{}, Customer{}, nil
	}
	if now.Sub(r.seenAt) >= seenEvery {
		until := now.Add(idleFor)
		if until.After(end) {
			until = end
		}
		if err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return touchSession(ctx, tx, id, until) }); err != nil {
			return policy.Identity{}, Customer{}, fmt.Errorf("prolong session: %w", err)
		}
	}
	return policy.Identity{Kind: policy.Customer, ID: c.ID, Name: c.Name, Session: id}, c, nil
}

// SignOut ends a session by its id (Identity.Session). A second call does
// nothing.
func (s *Service) SignOut(ctx context.Context, session string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return endSession(ctx, tx, session) })
}

// SignOutEverywhere ends every session of a customer but one ("" ends all) and
// returns how many there were.
func (s *Service) SignOutEverywhere(ctx context.Context, actor audit.Actor, customerID, but string) (n int64, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := byID(ctx, tx, customerID, ""); err != nil {
			return err
		}
		if n, err = endSessions(ctx, tx, customerID, but); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.signed_out", Object: "customer", ID: customerID, After: map[string]int64{"sessions": n}})
	})
	return n, err
}

// Sessions lists where a customer is signed in, the last used first.
func (s *Service) Sessions(ctx context.Context, customerID string) ([]Session, error) {
	return sessions(ctx, s.db, customerID, s.db.Now())
}

// Sweep deletes what has expired. It is housekeeping.
func (s *Service) Sweep(ctx context.Context) error { return s.db.InTx(ctx, sweep) }

// AttachOrders gives a customer the orders placed as a guest under the
// account's address, and returns how many there were. It fails with
// "customer.not_proven" before the address is proven. A second call finds
// nothing left.
func (s *Service) AttachOrders(ctx context.Context, tx *db.Tx, customerID string) (int, error) {
	r, err := byID(ctx, tx, customerID, tx.ForUpdate())
	if err != nil {
		return 0, err
	}
	if !r.Verified() {
		return 0, fault.New(fault.Conflict, "customer.not_proven")
	}
	return s.attach(ctx, tx, r)
}

func (s *Service) attach(ctx context.Context, tx *db.Tx, r row) (int, error) {
	ids, err := attachOrders(ctx, tx, r.ID, r.index)
	if err != nil {
		return 0, fmt.Errorf("attach orders: %w", err)
	}
	for _, id := range ids {
		err := audit.Append(ctx, tx, audit.Change{Actor: audit.Customer(r.ID), Action: "order.attached", Object: "order", ID: id, After: map[string]string{"customer_id": r.ID}})
		if err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// Proven reports whether a customer has a paid order: whoever has paid here
// before is trusted a little more at the next payment.
func (s *Service) Proven(ctx context.Context, customerID string) (bool, error) {
	if customerID == "" {
		return false, nil
	}
	return hasPaid(ctx, s.db, customerID)
}
