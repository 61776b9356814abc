package mailbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/platform/mail"
)

// Deps is what a mailbox needs.
type Deps struct {
	DB    *db.DB
	Log   *slog.Logger
	Vault *privacy.Vault

	// Sender takes letters to their readers; nil keeps them.
	Sender mail.Sender

	// From says who writes, when a letter is sent: the shop, and where
	// answers go (zero: to the sender).
	From func() (from, replyTo mail.Address)
}

// Service keeps the outbox. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service; its job runs on jobs.
func New(d Deps, jobs *job.Runner) *Service {
	s := &Service{d}
	job.Handle(jobs, s.send)
	return s
}

// Sends reports whether letters leave the shop.
func (s *Service) Sends() bool { return s.Sender != nil }

type dispatch struct {
	Mail string `json:"mail"`
}

func (dispatch) Kind() string { return "mail" }

// Known reports whether a letter with this once key has been written. Writers
// ask before they go to the trouble; Queue alone decides.
func (s *Service) Known(ctx context.Context, q db.Q, onceKey string) (bool, error) {
	return known(ctx, q, onceKey)
}

// Queue stores a letter and has it sent after the transaction. fresh is false,
// and nothing happened, when a letter with its once key is there already.
func (s *Service) Queue(ctx context.Context, tx *db.Tx, l Letter) (fresh bool, err error) {
	if l.OnceKey == "" || l.Template == "" || l.KeyID == "" {
		return false, errors.New("mailbox: a letter needs a once key, a template and a privacy key")
	}
	r := row{Summary: Summary{ID: tx.NewID("mail"), Template: l.Template, ObjectID: l.ObjectID, Locale: l.Locale, State: Queued}, keyID: l.KeyID}
	if s.Sender == nil {
		r.State = Kept
	}
	if r.sealed, err = s.Vault.SealJSON(ctx, l.KeyID, "mail_message.recipient:"+r.ID, l.To); err != nil {
		return false, err
	}
	if r.content, err = s.seal(ctx, r, content{l.Subject, l.HTML, l.Text, l.Secret}); err != nil {
		return false, err
	}
	if fresh, err = insert(ctx, tx, r, l.OnceKey, s.index(l.To.Address)); err != nil || !fresh {
		return false, err
	}
	if r.State == Kept {
		return true, nil
	}
	return true, job.Enqueue(ctx, tx, dispatch{r.ID})
}

func (s *Service) index(email string) []byte {
	return s.Vault.Index("email", market.EmailKey(email))
}

func (s *Service) seal(ctx context.Context, r row, c content) ([]byte, error) {
	return s.Vault.SealJSON(ctx, r.keyID, "mail_message.content:"+r.ID, c)
}

// open fills in what is sealed of r and returns its content. Of a letter to a
// person who was erased nothing is left.
func (s *Service) open(ctx context.Context, r *row) (c content, err error) {
	if err = s.Vault.OpenJSON(ctx, r.keyID, "mail_message.recipient:"+r.ID, r.sealed, &r.To); err == nil {
		err = s.Vault.OpenJSON(ctx, r.keyID, "mail_message.content:"+r.ID, r.content, &c)
	}
	if errors.Is(err, privacy.ErrErased) {
		r.To, r.Subject, r.Erased = mail.Address{}, "", true
		return content{}, nil
	}
	if err != nil {
		return content{}, fmt.Errorf("open letter %s: %w", r.ID, err)
	}
	r.Subject = c.Subject
	return c, nil
}

// send is the job that brings a letter to the mail server.
func (s *Service) send(ctx context.Context, i job.Info, d dispatch) error {
	err := s.try(ctx, i, d.Mail)
	if err == nil || fault.Is(err, fault.NotFound) {
		return nil
	}
	return s.failed(ctx, i, d.Mail, err)
}

// try sends a letter once, unless it is no longer to be sent.
func (s *Service) try(ctx context.Context, i job.Info, id string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	r, err := find(ctx, s.DB, id, "")
	if err != nil || r.State != Queued {
		return err
	}
	c, err := s.open(ctx, &r)
	if err != nil {
		return err
	}
	switch {
	case r.Erased:
		return s.end(ctx, i, id, Failed, 0, "privacy.erased")
	case s.Sender == nil: // the mail server was taken away
		return s.end(ctx, i, id, Kept, 0, "")
	}
	// Sealed before it is sent: what can fail should fail now.
	sealed, err := s.seal(ctx, r, c.veiled())
	if err != nil {
		return err
	}
	from, replyTo := s.From()
	err = s.Sender.Send(ctx, mail.Message{
		ID: id, From: from, To: r.To, ReplyTo: replyTo, Subject: c.Subject, HTML: c.HTML, Text: c.Text, Date: r.CreatedAt,
		Headers: map[string]string{"Auto-Submitted": "auto-generated"},
	})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := setSent(ctx, tx, id, sealed); err != nil {
			return err
		}
		return i.Complete(ctx, tx)
	})
}

// failed notes a try that failed. When another may succeed it returns an error,
// and the job runs again later.
func (s *Service) failed(ctx context.Context, i job.Info, id string, cause error) error {
	problem := explain(cause)
	if mail.Refused(cause) || i.Last {
		s.Log.WarnContext(ctx, "a letter could not be sent", "mail", id, "attempt", i.Attempt, "err", problem)
		return s.end(ctx, i, id, Failed, 1, problem)
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := move(ctx, tx, id, Queued, Queued, 1, problem)
		return err
	})
	return errors.Join(errors.New(problem), err)
}

// end moves a letter to its final state, and the job to its end, in one
// transaction.
func (s *Service) end(ctx context.Context, i job.Info, id string, to State, tries int64, problem string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := move(ctx, tx, id, Queued, to, tries, problem); err != nil {
			return err
		}
		return i.Complete(ctx, tx)
	})
}

// Retry sends a letter that failed, or that was kept for want of a mail
// server, after all. It fails with "mailbox.not_found", with
// "mailbox.no_server" while there is none, with "mailbox.erased", and with
// "mailbox.under_way" or "mailbox.sent" for a letter that needs no retry: of
// two members of staff who click at once, one does.
func (s *Service) Retry(ctx context.Context, actor audit.Actor, id string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := find(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if _, err := s.open(ctx, &r); err != nil {
			return err
		}
		switch {
		case r.State == Queued:
			return fault.New(fault.Conflict, "mailbox.under_way")
		case r.State == Sent:
			return fault.New(fault.Conflict, "mailbox.sent")
		case s.Sender == nil:
			return fault.New(fault.Conflict, "mailbox.no_server")
		case r.Erased:
			return fault.New(fault.Conflict, "mailbox.erased")
		}
		if _, err := move(ctx, tx, id, r.State, Queued, 0, ""); err != nil {
			return err
		}
		if err := job.Enqueue(ctx, tx, dispatch{id}); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "mail.retried", Object: "mail", ID: id, Before: r.State, After: Queued})
	})
}

// Again writes the latest letter of a kind about an object once more, to the
// same reader, after the transaction. Every call writes one. It fails with
// "mailbox.not_found", "mailbox.erased", with "mailbox.under_way" while that
// letter has not left yet, and with "mailbox.one_time_link" for a letter whose
// link works once: such a link is asked for anew.
func (s *Service) Again(ctx context.Context, tx *db.Tx, template, objectID string) error {
	latest, err := list(ctx, tx, Filter{Template: template, ObjectID: objectID, Limit: 1}, nil)
	if err != nil {
		return err
	}
	if len(latest) == 0 {
		return fault.New(fault.NotFound, "mailbox.not_found")
	}
	r := latest[0]
	c, err := s.open(ctx, &r)
	switch {
	case err != nil:
		return err
	case r.Erased:
		return fault.New(fault.Conflict, "mailbox.erased")
	case r.State == Queued:
		return fault.New(fault.Conflict, "mailbox.under_way")
	case c.Secret != "" || strings.Contains(c.Text, hidden):
		return fault.New(fault.Conflict, "mailbox.one_time_link")
	}
	_, err = s.Queue(ctx, tx, Letter{
		OnceKey: template + ":" + objectID + ":again:" + tx.NewID("mail"), Template: template, ObjectID: objectID, KeyID: r.keyID, Locale: r.Locale,
		To: r.To, Subject: c.Subject, HTML: c.HTML, Text: c.Text,
	})
	return err
}

// List returns letters, the newest first.
func (s *Service) List(ctx context.Context, q db.Q, f Filter) ([]Summary, error) {
	if f.Limit < 0 || f.Limit > 200 {
		return nil, fault.New(fault.Invalid, "form.invalid").At("limit", "form.too_large", "max", 200)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	var index []byte
	if f.Email != "" {
		email, err := market.Email(f.Email)
		if err != nil {
			return []Summary{}, nil // nobody has such an address
		}
		index = s.index(email)
	}
	rows, err := list(ctx, q, f, index)
	if err != nil {
		return nil, err
	}
	all := make([]Summary, len(rows))
	for i := range rows {
		if _, err := s.open(ctx, &rows[i]); err != nil {
			return nil, err
		}
		all[i] = rows[i].Summary
	}
	return all, nil
}

// FailedUpTo counts the letters that failed; counting stops at most.
func (s *Service) FailedUpTo(ctx context.Context, q db.Q, most int) (int64, error) {
	return count(ctx, q, Failed, most)
}

// Get returns a letter for staff; "mailbox.not_found" when there is none. The
// secret of its link is hidden unless the letter was kept: then staff must be
// able to hand it over.
func (s *Service) Get(ctx context.Context, q db.Q, id string) (Message, error) {
	r, err := find(ctx, q, id, "")
	if err != nil {
		return Message{}, err
	}
	c, err := s.open(ctx, &r)
	if err != nil {
		return Message{}, err
	}
	if r.State != Kept || s.Sender != nil {
		c = c.veiled()
	}
	return Message{Summary: r.Summary, HTML: c.HTML, Text: c.Text}, nil
}
