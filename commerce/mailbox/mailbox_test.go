package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/platform/mail"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/stoatest/mailsink"
)

type post struct {
	*mailbox.Service
	dbtest.Env
	t      *testing.T
	vault  *privacy.Vault
	runner *job.Runner
	key    string
}

// open returns a mailbox that gives its letters to sender.
func open(t *testing.T, e dbtest.Env, sender mail.Sender) *post {
	t.Helper()
	p := &post{Env: e, t: t, vault: e.Vault(t), runner: e.Jobs()}
	p.Service = mailbox.New(mailbox.Deps{
		DB: e.DB, Log: slog.New(slog.DiscardHandler), Vault: p.vault, Sender: sender,
		From: func() (from, replyTo mail.Address) {
			return mail.Address{Name: "Alltag", Address: "shop@shop.example"}, mail.Address{}
		},
	}, p.runner)
	var err error
	if p.key, err = p.vault.NewKey(); err != nil {
		t.Fatal(err)
	}
	return p
}

func smtp(t *testing.T, sink *mailsink.Sink) mail.Sender {
	t.Helper()
	s, err := mail.NewSMTP(sink.Options())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *post) letter(once string) mailbox.Letter {
	return mailbox.Letter{
		OnceKey: once, Template: "order_confirmation", ObjectID: "ord_1", KeyID: p.key, Locale: "en",
		To: mail.Address{Name: "Ada Lovelace", Address: "ada@example.com"}, Subject: "Your order 1001", HTML: "<p>Hello</p>", Text: "Hello\n",
	}
}

func (p *post) queue(l mailbox.Letter) bool {
	p.t.Helper()
	var fresh bool
	err := p.DB.InTx(p.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		fresh, err = p.Queue(ctx, tx, l)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return fresh
}

func (p *post) run() {
	p.t.Helper()
	if _, err := p.runner.RunDue(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) only() mailbox.Summary {
	p.t.Helper()
	all, err := p.List(p.t.Context(), p.DB, mailbox.Filter{})
	if err != nil || len(all) != 1 {
		p.t.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

func (p *post) wantOnly(state mailbox.State, attempts int64) mailbox.Summary {
	p.t.Helper()
	m := p.only()
	if m.State != state || m.Attempts != attempts {
		p.t.Errorf("%s after %d tries (%s), want %s after %d", m.State, m.Attempts, m.Problem, state, attempts)
	}
	return m
}

func (p *post) jobs() int64 { return p.Int(p.t, `SELECT COUNT(*) FROM job`) }

func want(t *testing.T, err error, kind fault.Kind, reason string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Reason(err) != reason {
		t.Errorf("got %v, want %s %s", err, kind, reason)
	}
}

func TestB24_oneLetterForOnePurpose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		var fresh atomic.Int64
		var wait sync.WaitGroup
		for range 6 {
			wait.Go(func() {
				if p.queue(p.letter("order_confirmation:ord_1:1")) {
					fresh.Add(1)
				}
			})
		}
		wait.Wait()
		p.run()
		if p.queue(p.letter("order_confirmation:ord_1:1")) {
			t.Error("fresh after it was sent")
		}
		p.run()
		got := sink.Mails()
		if fresh.Load() != 1 || len(got) != 1 || p.jobs() != 0 {
			t.Fatalf("%d fresh, %d arrived, %d jobs left", fresh.Load(), len(got), p.jobs())
		}
		m := p.wantOnly(mailbox.Sent, 1)
		if got[0].To != "ada@example.com" || got[0].From != "shop@shop.example" || got[0].Subject != "Your order 1001" || got[0].Text != "Hello\n" || got[0].HTML != "<p>Hello</p>" ||
			got[0].Header.Get("Message-Id") != "<"+m.ID+"@shop.example>" || got[0].Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%+v", got[0])
		}
		if !m.SentAt.Equal(e.Clock.Now()) || m.Subject != "Your order 1001" || m.To.Address != "ada@example.com" {
			t.Errorf("%+v", m)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM mail_message WHERE LENGTH(recipient) > 40 AND LENGTH(content) > 40 AND LENGTH(recipient_index) = 32`); n != 1 {
			t.Error("reader or content are not sealed")
		}
	})
}

func TestB24_aLetterRolledBackIsNotSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		undo := errors.New("undo")
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := p.Queue(ctx, tx, p.letter("x:1")); err != nil {
				return err
			}
			return undo
		})
		p.run()
		if !errors.Is(err, undo) || len(sink.Mails()) != 0 || e.Int(t, `SELECT COUNT(*) FROM mail_message`) != 0 || p.jobs() != 0 {
			t.Errorf("%v; %d arrived", err, len(sink.Mails()))
		}
	})
}

func TestB24_triesForADayAndThenLiesVisiblyDead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		sink.Refuse(450)
		p.queue(p.letter("x:1"))
		began := e.Clock.Now()
		tries := int64(0)
		var lasted time.Duration
		for range 24 * 15 { // a quarter of an hour at a time
			p.run()
			m := p.only()
			if m.Attempts > tries {
				tries, lasted = m.Attempts, e.Clock.Now().Sub(began)
			}
			if m.State == mailbox.Failed {
				break
			}
			e.Clock.Advance(15 * time.Minute)
		}
		m := p.wantOnly(mailbox.Failed, 20)
		if lasted < 24*time.Hour || lasted > 72*time.Hour || p.jobs() != 0 {
			t.Errorf("gave up after %s; %d jobs left", lasted, p.jobs())
		}
		if !strings.Contains(m.Problem, "450") || strings.Contains(m.Problem, "ada") {
			t.Errorf("problem %q", m.Problem)
		}
		if n, err := p.FailedUpTo(t.Context(), e.DB, 10); n != 1 || err != nil {
			t.Errorf("%d failed, %v", n, err)
		}
		if n := len(sink.Mails()); n != 0 {
			t.Errorf("%d arrived", n)
		}

		sink.Refuse(0)
		if err := p.Retry(t.Context(), audit.Staff("stf_1"), m.ID); err != nil {
			t.Fatal(err)
		}
		want(t, p.Retry(t.Context(), audit.Staff("stf_2"), m.ID), fault.Conflict, "mailbox.under_way")
		p.run()
		p.wantOnly(mailbox.Sent, 21)
		want(t, p.Retry(t.Context(), audit.Staff("stf_1"), m.ID), fault.Conflict, "mailbox.sent")
		want(t, p.Retry(t.Context(), audit.Staff("stf_1"), "mail_nothing"), fault.NotFound, "mailbox.not_found")
		log, err := audit.History(t.Context(), e.DB, "mail", m.ID, 10)
		if err != nil || len(log) != 1 || log[0].Action != "mail.retried" || log[0].Actor != audit.Staff("stf_1") {
			t.Errorf("%+v, %v", log, err)
		}
		if got := sink.Mails(); len(got) != 1 || got[0].Header.Get("Message-Id") != "<"+m.ID+"@shop.example>" {
			t.Errorf("%+v", got)
		}
	})
}

func TestB24_aSecondNodeFindsTheLetterSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		p.queue(p.letter("x:1"))
		e.Exec(t, `UPDATE mail_message SET state = 'sent', sent_at = created_at`)
		p.run()
		p.wantOnly(mailbox.Sent, 0)
		if n := len(sink.Mails()); n != 0 || p.jobs() != 0 {
			t.Errorf("%d arrived, %d jobs left", n, p.jobs())
		}
	})
}

func TestB24_whatTheServerWillNeverTakeIsNotTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		sink.Refuse(550)
		p.queue(p.letter("x:1"))
		p.run()
		if m := p.wantOnly(mailbox.Failed, 1); !strings.Contains(m.Problem, "550") || p.jobs() != 0 {
			t.Errorf("%q, %d jobs", m.Problem, p.jobs())
		}
	})
}

// crashing takes a letter to the sink and then loses the answer.
type crashing struct {
	mail.Sender
	times int
	panic bool
}

func (c *crashing) Send(ctx context.Context, m mail.Message) error {
	err := c.Sender.Send(ctx, m)
	if c.times > 0 {
		c.times--
		if c.panic {
			panic("the plug was pulled; write to ada@example.com")
		}
		return errors.New("connection lost to <ada@example.com>")
	}
	return err
}

func TestB24_aRepeatedLetterKeepsItsMessageID(t *testing.T) {
	for name, panics := range map[string]bool{"answer lost": false, "panic": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
				sink := mailsink.New(t)
				p := open(t, e, &crashing{smtp(t, sink), 1, panics})
				p.queue(p.letter("x:1"))
				p.run()
				if m := p.wantOnly(mailbox.Queued, 1); m.Problem == "" || strings.Contains(m.Problem, "ada") {
					t.Errorf("problem %q", m.Problem)
				}
				if n := e.Int(t, `SELECT COUNT(*) FROM job WHERE last_error LIKE '%ada%'`); n != 0 {
					t.Error("the job names the reader")
				}
				e.Clock.Advance(10 * time.Second)
				p.run()
				p.wantOnly(mailbox.Sent, 2)
				got := sink.Mails()
				if len(got) != 2 || got[0].Header.Get("Message-Id") != got[1].Header.Get("Message-Id") || got[0].Header.Get("Date") != got[1].Header.Get("Date") {
					t.Errorf("%d arrived: %+v", len(got), got)
				}
			})
		})
	}
}

func TestKept_lettersAreReadableWithoutAMailServer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		p := open(t, e, nil)
		l := p.letter("x:1")
		l.Secret = "s3cr3t"
		l.HTML, l.Text = `<a href="https://shop.example/reset/s3cr3t">x</a>`, "https://shop.example/reset/s3cr3t\n"
		p.queue(l)
		p.run()
		m := p.wantOnly(mailbox.Kept, 0)
		got, err := p.Get(t.Context(), e.DB, m.ID)
		if err != nil || got.HTML != l.HTML || got.Text != l.Text || got.Subject != l.Subject || got.To != l.To || p.jobs() != 0 || p.Sends() {
			t.Errorf("%+v, %v", got, err)
		}
		want(t, p.Retry(t.Context(), audit.Staff("stf_1"), m.ID), fault.Conflict, "mailbox.no_server")
		_, err = p.Get(t.Context(), e.DB, "mail_nothing")
		want(t, err, fault.NotFound, "mailbox.not_found")

		// A mail server is set up later: nothing old leaves by itself.
		sink := mailsink.New(t)
		later := open(t, e, smtp(t, sink))
		later.run()
		later.wantOnly(mailbox.Kept, 0)
		if err := later.Retry(t.Context(), audit.Staff("stf_1"), m.ID); err != nil {
			t.Fatal(err)
		}
		later.run()
		later.wantOnly(mailbox.Sent, 1)
		if got := sink.Mails(); len(got) != 1 || got[0].Text != l.Text {
			t.Errorf("%+v", got)
		}
	})
}

func TestQueued_lettersAreKeptWhenTheServerIsTakenAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		open(t, e, smtp(t, mailsink.New(t))).queue(open(t, e, nil).letter("x:1"))
		p := open(t, e, nil)
		p.run()
		p.wantOnly(mailbox.Kept, 0)
	})
}

func TestT47_staffDoNotReadTheLinkOfALetterThatIsSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		l := p.letter("x:1")
		l.Secret = "s3cr3t"
		l.HTML, l.Text = `<a href="https://shop.example/reset/s3cr3t">x</a>`, "https://shop.example/reset/s3cr3t\n"
		p.queue(l)
		read := func() {
			t.Helper()
			got, err := p.Get(t.Context(), e.DB, p.only().ID)
			if err != nil || strings.Contains(got.HTML+got.Text, "s3cr3t") || got.Text != "https://shop.example/reset/•••\n" {
				t.Errorf("%s: %q, %v", got.State, got.Text, err)
			}
		}
		sink.Refuse(450)
		p.run()
		read()
		sink.Refuse(0)
		e.Clock.Advance(time.Minute)
		p.run()
		read()
		if got := sink.Mails(); len(got) != 1 || got[0].Text != l.Text {
			t.Errorf("%+v", got)
		}
		// Nor is it anywhere any more.
		var sealed []byte
		if err := e.DB.QueryRow(t.Context(), `SELECT content FROM mail_message`).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if plain, err := p.vault.OpenText(t.Context(), p.key, "mail_message.content:"+p.only().ID, sealed); err != nil || strings.Contains(plain, "s3cr3t") {
			t.Errorf("%q, %v", plain, err)
		}
	})
}

func TestErased_peopleGetNoLetters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		p.queue(p.letter("x:1"))
		if err := p.vault.Erase(t.Context(), p.key); err != nil {
			t.Fatal(err)
		}
		p.run()
		m := p.wantOnly(mailbox.Failed, 0)
		if !m.Erased || m.Subject != "" || m.To.Address != "" || len(sink.Mails()) != 0 {
			t.Errorf("%+v, %d arrived", m, len(sink.Mails()))
		}
		want(t, p.Retry(t.Context(), audit.Staff("stf_1"), m.ID), fault.Conflict, "mailbox.erased")
	})
}

func TestT86_aLetterWithAHeaderInItsNameIsNotSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		l := p.letter("x:1")
		l.To.Name = "x\r\nBcc: v@evil.example"
		p.queue(l)
		p.run()
		p.wantOnly(mailbox.Failed, 1)
		if n := len(sink.Mails()); n != 0 {
			t.Errorf("%d arrived", n)
		}
	})
}

func TestList_pagesAndFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		p := open(t, e, nil)
		for i := range 5 {
			l := p.letter(fmt.Sprint("x:", i))
			l.Subject = fmt.Sprint(i)
			if i == 2 {
				l.To.Address, l.ObjectID = "Ben@example.com", "ord_2"
			}
			p.queue(l)
			if i%2 == 0 {
				e.Clock.Advance(time.Minute)
			}
		}
		var got string
		f := mailbox.Filter{Limit: 2}
		for {
			page, err := p.List(t.Context(), e.DB, f)
			if err != nil || len(page) > 2 {
				t.Fatalf("%d, %v", len(page), err)
			}
			if len(page) == 0 {
				break
			}
			for _, m := range page {
				got += m.Subject
			}
			f.After, f.AfterID = page[len(page)-1].CreatedAt, page[len(page)-1].ID
		}
		if got != "43210" {
			t.Errorf("order %q", got)
		}
		for name, tt := range map[string]struct {
			f mailbox.Filter
			n int
		}{
			"by address": {mailbox.Filter{Email: "ben@EXAMPLE.com"}, 1}, "by object": {mailbox.Filter{ObjectID: "ord_1"}, 4},
			"by state": {mailbox.Filter{State: mailbox.Kept, Email: "ada@example.com"}, 4}, "other state": {mailbox.Filter{State: mailbox.Sent}, 0},
			"no address": {mailbox.Filter{Email: "x"}, 0},
		} {
			if all, err := p.List(t.Context(), e.DB, tt.f); err != nil || len(all) != tt.n {
				t.Errorf("%s: %d, %v", name, len(all), err)
			}
		}
		_, err := p.List(t.Context(), e.DB, mailbox.Filter{Limit: 201})
		want(t, err, fault.Invalid, "form.invalid")
	})
}

func (p *post) again(template, object string) error {
	return p.DB.InTx(p.t.Context(), func(ctx context.Context, tx *db.Tx) error { return p.Again(ctx, tx, template, object) })
}

func TestAgain_writesTheLatestLetterOnceMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		sink := mailsink.New(t)
		p := open(t, e, smtp(t, sink))
		want(t, p.again("order_confirmation", "ord_1"), fault.NotFound, "mailbox.not_found")
		p.queue(p.letter("order_confirmation:ord_1:1"))
		want(t, p.again("order_confirmation", "ord_1"), fault.Conflict, "mailbox.under_way")
		p.run()
		if err := p.again("order_confirmation", "ord_1"); err != nil {
			t.Fatal(err)
		}
		p.run()
		got := sink.Mails()
		if len(got) != 2 || got[1].To != "ada@example.com" || got[1].Subject != got[0].Subject || got[1].Text != got[0].Text || got[1].HTML != got[0].HTML || got[1].Header.Get("Message-Id") == got[0].Header.Get("Message-Id") {
			t.Errorf("%+v", got)
		}
		want(t, p.again("shipping_notice", "ord_1"), fault.NotFound, "mailbox.not_found")

		secret := p.letter("password_reset:cus_1:1")
		secret.Template, secret.ObjectID, secret.Text, secret.Secret = "password_reset", "cus_1", "https://shop.example/reset/sesame\n", "sesame"
		p.queue(secret)
		p.run()
		want(t, p.again("password_reset", "cus_1"), fault.Conflict, "mailbox.one_time_link")
		p.run()
		if n := len(sink.Mails()); n != 3 {
			t.Errorf("%d letters left, want 3", n)
		}
	})
}
