package customer_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

const secret = "grinder on monday"

var (
	home = customer.Visit{IP: netip.MustParseAddr("192.0.2.1"), Device: "Firefox on Linux"}
	away = customer.Visit{IP: netip.MustParseAddr("198.51.100.7")}
	ada  = customer.Newcomer{Name: "Ada Lovelace", Email: "Ada@example.com", Password: secret, Locale: "en"}
	ben  = customer.Newcomer{Name: "Ben Ali", Email: "ben@example.com", Password: secret, Locale: "de"}
)

// post is a letter as the room that writes letters would see it.
type post struct {
	topic string
	to    string
	who   customer.Customer
	token string
	ask   customer.Ask
}

// shop is the service with somebody who writes the letters.
type shop struct {
	*customer.Service
	dbtest.Env
	t      *testing.T
	vault  *privacy.Vault
	runner *job.Runner

	mu    sync.Mutex
	posts []post
}

func open(t *testing.T, e dbtest.Env, o customer.Options) *shop {
	t.Helper()
	v := e.Vault(t)
	s := &shop{Service: customer.New(e.DB, v, password.New(password.Params{Memory: 64, Time: 1, Threads: 1}, 4), o), Env: e, t: t, vault: v, runner: e.Jobs()}
	e.Audit(t, func(log *audit.Log) { s.Register(s.runner, log) })
	bus := event.NewBus(e.DB, s.runner)
	topics := customer.Events()
	for _, topic := range []event.Topic[customer.Ask]{topics.VerificationAsked, topics.AlreadyKnown, topics.ResetAsked, topics.EmailChangeAsked, topics.EmailChanged, topics.PasswordChanged} {
		event.On(bus, topic, "test."+topic.Name(), func(ctx context.Context, ev event.Event[customer.Ask]) error {
			return s.write(ctx, topic.Name(), ev.Payload)
		})
	}
	return s
}

func (s *shop) write(ctx context.Context, topic string, a customer.Ask) error {
	to, who, err := s.Addressee(ctx, s.DB, a)
	if err != nil {
		return err
	}
	p := post{topic: topic, to: to, who: who, ask: a}
	purpose := map[string]customer.Purpose{
		"customer.verification_asked": customer.Verification, "customer.reset_asked": customer.Reset, "customer.email_change_asked": customer.EmailChange,
	}[topic]
	if purpose != "" && who.ID != "" {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			p.token, _, err = s.Issue(ctx, tx, purpose, a)
			return err
		})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = append(s.posts, p)
	return nil
}

// letters delivers what is under way and returns it.
func (s *shop) letters() []post {
	s.t.Helper()
	if _, err := s.runner.RunDue(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.posts
	s.posts = nil
	return got
}

// letter is letters when there must be exactly one.
func (s *shop) letter(topic string) post {
	s.t.Helper()
	got := s.letters()
	if len(got) != 1 || got[0].topic != topic {
		s.t.Fatalf("letters %+v, want one %s", got, topic)
	}
	return got[0]
}

// member signs somebody up, proves the address and returns the session.
func (s *shop) member(n customer.Newcomer) (id policy.Identity, session string) {
	s.t.Helper()
	if got, err := s.SignUp(s.t.Context(), n, home); err != nil || got != "" {
		s.t.Fatalf("sign-up: session %q, %v", got, err)
	}
	session, err := s.Verify(s.t.Context(), s.letter("customer.verification_asked").token, n.Password, home)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.who(session), session
}

func (s *shop) who(session string) policy.Identity {
	s.t.Helper()
	id, _, err := s.Identify(s.t.Context(), session)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *shop) customer(id string) customer.Customer {
	s.t.Helper()
	c, err := s.Get(s.t.Context(), s.DB, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// guestOrder is a placed order of a guest with this address.
func (s *shop) guestOrder(name, email string) string {
	s.t.Helper()
	id, _ := s.Order(s.t, name, s.Variant(s.t, name, 100), 1)
	index := s.vault.Index("email", email)
	err := s.DB.InTx(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE orders SET state = 'placed', placed_at = $1, email_index = $2 WHERE id = $3`, tx.Now().UnixMilli(), index, id)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *shop) ordersOf(id string) int64 {
	s.t.Helper()
	return s.Int(s.t, `SELECT COUNT(*) FROM orders WHERE customer_id = $1`, id)
}

func want(t *testing.T, err error, kind fault.Kind, reason string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Reason(err) != reason {
		t.Errorf("got %v, want %s %s", err, kind, reason)
	}
}

func wantField(t *testing.T, err error, field, reason string) {
	t.Helper()
	f := fault.From(err)
	if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != field || f.Fields[0].Reason != reason {
		t.Errorf("got %v, want %s: %s", err, field, reason)
	}
}

// quiet lets the hourly allowance of letters fill up again.
func (s *shop) quiet() { s.Clock.Advance(2 * time.Hour) }
