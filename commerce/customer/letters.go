package customer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
)

// Purpose is what the link in a letter is for.
type Purpose string

// The purposes.
const (
	Verification Purpose = "customer_verify"
	Reset        Purpose = "customer_reset"
	EmailChange  Purpose = "customer_email"
)

// Addressee says who a letter goes to. The customer is zero when nobody has an
// account under the address. It fails with privacy.ErrErased when the person
// is gone.
func (s *Service) Addressee(ctx context.Context, q db.Q, a Ask) (to string, c Customer, err error) {
	if to, err = s.vault.OpenText(ctx, a.KeyID, "customer.ask:"+a.KeyID, a.To); err != nil || a.CustomerID == "" {
		return to, Customer{}, err
	}
	r, err := byID(ctx, q, a.CustomerID, "")
	if err != nil {
		return "", Customer{}, err
	}
	c, err = s.open(ctx, r)
	return to, c, err
}

// Issue makes the token of a letter's link, in the transaction that queues the
// letter, and ends those made before for the same purpose. Only a digest of it
// is stored; the letter is the one place where the token is. It fails with
// "customer.link_spent" when the letter has been overtaken: the address is
// proven already, or is no longer the account's.
func (s *Service) Issue(ctx context.Context, tx *db.Tx, p Purpose, a Ask) (token string, expires time.Time, err error) {
	r, err := byID(ctx, tx, a.CustomerID, tx.ForUpdate())
	if err != nil {
		return "", time.Time{}, err
	}
	to, err := s.vault.OpenText(ctx, a.KeyID, "customer.ask:"+a.KeyID, a.To)
	if err != nil {
		return "", time.Time{}, err
	}
	same := string(s.index(to)) == string(r.index)
	var sealed []byte
	valid := ResetFor
	switch p {
	case Verification:
		if !same || r.Verified() {
			return "", time.Time{}, spent()
		}
		valid = VerifyFor
	case Reset:
		if !same {
			return "", time.Time{}, spent()
		}
	case EmailChange:
		if same && r.Verified() {
			return "", time.Time{}, spent()
		}
		if sealed, err = s.vault.SealJSON(ctx, r.keyID, "one_time_token.sealed:"+r.ID, move{r.index, to}); err != nil {
			return "", time.Time{}, err
		}
	default:
		return "", time.Time{}, fmt.Errorf("customer: no link is for %q", p)
	}
	token, expires = tx.NewToken(), tx.Now().Add(valid)
	return token, expires, insertToken(ctx, tx, token, string(p), r.ID, expires, sealed)
}

// move is what a link to a new address changes: bound to the old one as well.
type move struct {
	From []byte `json:"from"` // blind index
	To   string `json:"to"`
}

// Verify proves an account's address by the token from its letter and signs
// its owner in. The password is asked for as well, because the letter's reader
// need not be who signed up: whoever opened an account in another's name
// must not gain from the other's click. It fails with "customer.link_spent",
// with "customer.wrong_password" at "password", or with TooMany.
func (s *Service) Verify(ctx context.Context, token, secret string, v Visit) (session string, err error) {
	id, _, err := findToken(ctx, s.db, token, string(Verification), s.db.Now())
	if err != nil {
		return "", err
	}
	r, err := byID(ctx, s.db, id, "")
	if err != nil {
		return "", err
	}
	buckets := signInBuckets(r.index, v.IP)
	if err := s.take(ctx, buckets...); err != nil {
		return "", err
	}
	ok, _, err := s.hasher.Verify(ctx, r.hash, secret)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", wrongPassword("password")
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if now.hash != r.hash {
			return spent()
		}
		if err := useToken(ctx, tx, token, string(Verification), id); err != nil {
			return err
		}
		if err := s.prove(ctx, tx, &now); err != nil {
			return err
		}
		session, err = s.admit(ctx, tx, now, v, buckets[0].Name)
		return err
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// prove notes that the address is its owner's. A second call does nothing.
func (s *Service) prove(ctx context.Context, tx *db.Tx, r *row) error {
	if r.Verified() {
		return nil
	}
	r.VerifiedAt = tx.Now()
	if err := setVerified(ctx, tx, r.ID); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: audit.Customer(r.ID), Action: "customer.verified", Object: "customer", ID: r.ID})
}

func wrongPassword(field string) error {
	return fault.New(fault.Invalid, "form.invalid").At(field, "customer.wrong_password")
}

// CheckLink fails with "customer.link_spent" unless a token still opens what
// it is for; pages ask before they show a form.
func (s *Service) CheckLink(ctx context.Context, p Purpose, token string) error {
	_, _, err := findToken(ctx, s.db, token, string(p), s.db.Now())
	return err
}

// RequestVerification sends the owner of an account another link.
func (s *Service) RequestVerification(ctx context.Context, customerID string, v Visit) error {
	r, err := byID(ctx, s.db, customerID, "")
	if err != nil {
		return err
	}
	if r.Verified() {
		return nil
	}
	if err := s.take(ctx, askBuckets("verify", r.index, v.IP)...); err != nil {
		return err
	}
	return s.emitFor(ctx, r, Events().VerificationAsked, r.Locale, nil)
}

func (s *Service) emitFor(ctx context.Context, r row, topic event.Topic[Ask], locale string, also func(ctx context.Context, tx *db.Tx) error) error {
	a, err := s.askFor(ctx, r, locale)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if also != nil {
			if err := also(ctx, tx); err != nil {
				return err
			}
		}
		return event.Emit(ctx, tx, topic, a)
	})
}

// RequestReset has a letter sent to an address: with a link to a new password
// when there is an account, else with word that there is none. The answer is
// the same. It fails with a bad field "email", or with TooMany.
func (s *Service) RequestReset(ctx context.Context, email, locale string, v Visit) error {
	var form fault.Form
	email = checkEmail(&form, "email", email)
	checkLocale(&form, locale)
	if err := form.Err(); err != nil {
		return err
	}
	index := s.index(email)
	if err := s.take(ctx, askBuckets("reset", index, v.IP)...); err != nil {
		return err
	}
	// A key is taken for known addresses too, so that both take as long.
	keyID, err := s.vault.NewKey()
	if err != nil {
		return err
	}
	r, err := byEmail(ctx, s.db, index)
	switch {
	case errors.Is(err, db.ErrNoRows):
		r = row{}
	case err != nil:
		return err
	default:
		keyID = r.keyID
		if email, err = s.vault.OpenText(ctx, keyID, "customer.email:"+r.ID, r.email); err != nil {
			return err
		}
	}
	a, err := s.ask(ctx, r.ID, keyID, email, locale)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return event.Emit(ctx, tx, Events().ResetAsked, a) })
}

// SendReset has a link to a new password sent to a customer, for staff.
func (s *Service) SendReset(ctx context.Context, actor audit.Actor, customerID string) error {
	r, err := byID(ctx, s.db, customerID, "")
	if err != nil {
		return err
	}
	if err := s.take(ctx, askBuckets("reset", r.index, Visit{}.IP)[0]); err != nil {
		return err
	}
	return s.emitFor(ctx, r, Events().ResetAsked, r.Locale, func(ctx context.Context, tx *db.Tx) error {
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.reset_sent", Object: "customer", ID: customerID})
	})
}

// ResetPassword sets the password that a link allows to be set, ends every
// session and every other link of the account, and signs its owner in, whose
// address is thereby proven. It fails with "customer.link_spent" or with what
// is wrong at "password".
//
// An account nobody had proven may have been opened by somebody else in the
// owner's name: what that other person left in the address book goes. Into one
// that was admitted (see Admit) nobody has been; its addresses stay.
func (s *Service) ResetPassword(ctx context.Context, token, secret string, v Visit) (session string, err error) {
	id, _, err := findToken(ctx, s.db, token, string(Reset), s.db.Now())
	if err != nil {
		return "", err
	}
	if err := s.checkNew(ctx, id, secret); err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, secret)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if err := useToken(ctx, tx, token, string(Reset), id); err != nil {
			return err
		}
		if !r.Verified() && r.hash != "" {
			if _, err := deleteAddresses(ctx, tx, id); err != nil {
				return err
			}
		}
		if err := s.prove(ctx, tx, &r); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, r, hash, ""); err != nil {
			return err
		}
		session, err = s.admit(ctx, tx, r, v, signInBuckets(r.index, v.IP)[0].Name)
		return err
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// checkNew says at "password" why a customer's new password will not do.
func (s *Service) checkNew(ctx context.Context, id, secret string) error {
	r, err := byID(ctx, s.db, id, "")
	if err != nil {
		return err
	}
	c, err := s.open(ctx, r)
	if err != nil {
		return err
	}
	var form fault.Form
	checkPassword(&form, secret, c.Email, c.Name)
	return form.Err()
}

// replacePassword sets a password, ends every session but one and every link,
// and tells the owner.
func (s *Service) replacePassword(ctx context.Context, tx *db.Tx, r row, hash, but string) error {
	if err := setPassword(ctx, tx, r.ID, hash); err != nil {
		return err
	}
	if _, err := endSessions(ctx, tx, r.ID, but); err != nil {
		return err
	}
	if err := dropTokens(ctx, tx, r.ID, string(Reset), string(EmailChange), string(Verification)); err != nil {
		return err
	}
	a, err := s.askFor(ctx, r, r.Locale)
	if err != nil {
		return err
	}
	if err := event.Emit(ctx, tx, Events().PasswordChanged, a); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: audit.Customer(r.ID), Action: "customer.password_set", Object: "customer", ID: r.ID})
}

// own checks a customer's password again before something important changes.
// Guessing it in a stolen session is throttled like guessing it at the door.
func (s *Service) own(ctx context.Context, id, secret, field string) (row, error) {
	if err := s.take(ctx, watch.Bucket{Name: "customer.password:" + id, Limit: watch.Limit{Every: time.Minute, Burst: 8}}); err != nil {
		return row{}, err
	}
	r, err := byID(ctx, s.db, id, "")
	if err != nil {
		return row{}, err
	}
	ok, _, err := s.hasher.Verify(ctx, r.hash, secret)
	if err != nil {
		return row{}, err
	}
	if !ok {
		return row{}, wrongPassword(field)
	}
	return r, nil
}

// ChangePassword replaces a customer's password and ends all other sessions.
// It fails at "password" when the new one will not do, and with
// "customer.wrong_password" at "old".
func (s *Service) ChangePassword(ctx context.Context, id, session, old, secret string) error {
	if err := s.checkNew(ctx, id, secret); err != nil {
		return err
	}
	r, err := s.own(ctx, id, old, "old")
	if err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, secret)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if now.hash != r.hash {
			return wrongPassword("old")
		}
		return s.replacePassword(ctx, tx, now, hash, session)
	})
}

// RequestEmail has a link sent to a new address that moves the account there;
// until it is used nothing changes. Whether somebody has an account under the
// new address only its owner is told, by letter. It fails at "email" and, with
// "customer.wrong_password", at "password".
func (s *Service) RequestEmail(ctx context.Context, id, secret, email string, v Visit) error {
	var form fault.Form
	email = checkEmail(&form, "email", email)
	if err := form.Err(); err != nil {
		return err
	}
	r, err := s.own(ctx, id, secret, "password")
	if err != nil {
		return err
	}
	index := s.index(email)
	if string(index) == string(r.index) {
		return fault.New(fault.Invalid, "form.invalid").At("email", "customer.same_email")
	}
	if err := s.take(ctx, askBuckets("email", index, v.IP)...); err != nil {
		return err
	}
	other, err := byEmail(ctx, s.db, index)
	if err == nil {
		return s.emitFor(ctx, other, Events().AlreadyKnown, other.Locale, nil)
	}
	if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	a, err := s.ask(ctx, id, r.keyID, email, r.Locale)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return event.Emit(ctx, tx, Events().EmailChangeAsked, a) })
}

// ConfirmEmail moves a customer's account to the address that the token was
// sent to. The token is good for this customer and from the address the
// account had when it was asked for, else it is "customer.link_spent". The
// other sessions and all links end; the old address is told.
func (s *Service) ConfirmEmail(ctx context.Context, id, session, token string) error {
	owner, sealed, err := findToken(ctx, s.db, token, string(EmailChange), s.db.Now())
	if err != nil {
		return err
	}
	if owner != id {
		return spent()
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if err := useToken(ctx, tx, token, string(EmailChange), id); err != nil {
			return err
		}
		var m move
		if err := s.vault.OpenJSON(ctx, r.keyID, "one_time_token.sealed:"+id, sealed, &m); err != nil {
			return err
		}
		before, err := s.askFor(ctx, r, r.Locale)
		if err != nil {
			return err
		}
		email, err := s.vault.SealText(ctx, r.keyID, "customer.email:"+id, m.To)
		if err != nil {
			return err
		}
		ok, err := setEmail(ctx, tx, id, m.From, s.index(m.To), email)
		if err != nil {
			return err
		}
		if !ok {
			return spent()
		}
		if _, err := endSessions(ctx, tx, id, session); err != nil {
			return err
		}
		if err := dropTokens(ctx, tx, id, string(Reset), string(EmailChange), string(Verification)); err != nil {
			return err
		}
		r.index = s.index(m.To)
		if _, err := s.attach(ctx, tx, r); err != nil {
			return err
		}
		if err := event.Emit(ctx, tx, Events().EmailChanged, before); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: audit.Customer(id), Action: "customer.email_changed", Object: "customer", ID: id})
	})
	if db.IsUnique(err, "email_index") { // somebody took it this very moment
		return spent()
	}
	return err
}
