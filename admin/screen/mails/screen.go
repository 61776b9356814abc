package mails

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// Parts is what the screen works with.
type Parts struct {
	DB      *db.DB
	Mailbox *mailbox.Service
}

const (
	at       = admin.Prefix + "/mails"
	pageSize = 50

	// letter is the policy of a letter's own page: its styles and its pictures
	// and nothing that runs, asks or leads anywhere.
	letter = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages: Templates,
		Nouns: []admin.Noun{{
			Label: "admin.mails.title", URL: at, Icon: "mail", Key: "E", Group: 1, Place: 2, Permission: policy.MailRead,
			Waiting: func(ctx context.Context) (int64, error) { return s.Mailbox.FailedUpTo(ctx, s.DB, 100) },
		}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("mails", "/mails", policy.MailRead, s.list),
				o.Get("mail", "/mails/{id}", policy.MailRead, s.show),
				o.Get("mail.body", "/mails/{id}/body", policy.MailRead, s.body),
				o.Post("mail.retry", "/mails/{id}/retry", policy.CustomerWrite, s.retry),
			}
		},
	}
}

type query struct {
	Q     string        `query:"q" max:"254"`
	State mailbox.State `query:"state" oneof:"queued kept sent failed"`
	After string        `query:"after" max:"40"`
	Key   int64         `query:"key"`
}

// url writes the address of the list with these filters, changed as pairs of
// name and value say.
func (q query) url(change ...string) string {
	return admin.Address(at, append([]string{"q", q.Q, "state", string(q.State)}, change...)...)
}

// list shows the letters. Readers are found by their whole address, since
// addresses are sealed.
func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	ctx := r.Context()
	q, asked := admin.Read[query](d, r)
	f := mailbox.Filter{State: q.State, Email: strings.TrimSpace(q.Q), Limit: pageSize + 1}
	if q.After = asked.Place("after", "mail", q.After); q.After != "" {
		f.After, f.AfterID = time.UnixMilli(q.Key), q.After
	}
	found, err := s.Mailbox.List(ctx, s.DB, f)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.mails.title"), at)
	if err != nil {
		return err
	}
	failed, err := s.Mailbox.FailedUpTo(ctx, s.DB, 100)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Views: []admin.View{{Label: d.P.T("admin.mails.all"), URL: q.url("state", ""), Current: q.State == ""}}}
	for _, state := range []mailbox.State{mailbox.Failed, mailbox.Queued, mailbox.Sent, mailbox.Kept} {
		tab := admin.View{Label: d.P.T("admin.mail.state." + string(state)), URL: q.url("state", string(state)), Current: q.State == state}
		if state == mailbox.Failed && failed > 0 {
			tab.Count, tab.Counted = failed, true
		}
		v.Views = append(v.Views, tab)
	}
	v.Filters = &admin.Filters{Action: at, Target: "mails", Clear: query{State: q.State}.url(), Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.mails.search")}}
	if q.State != "" {
		v.Filters.Hidden = []admin.Hidden{{Name: "state", Value: string(q.State)}}
	}
	v.Table = s.table(d, q, found)
	asked.Tell(&v.Frame, v.Filters)
	return s.o.Page(w, r, asked.Status(), "list", v)
}

func (s *screen) table(d *admin.Desk, q query, found []mailbox.Summary) admin.Table {
	t := admin.Table{ID: "mails", Two: true, Caption: d.P.T("admin.mails.title"), Columns: []admin.Column{
		{Head: d.P.T("admin.mails.subject"), Kind: admin.Lead}, {Head: d.P.T("admin.mails.to"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status")}, {Head: d.P.T("admin.stock.when"), Kind: admin.End},
	}}
	if q.After != "" {
		t.Pager.Prev = q.url()
	}
	switch {
	case len(found) == 0 && q.Q == "" && q.State == "":
		t.Empty = &admin.Empty{Icon: "mail", Title: d.P.T("admin.mails.none"), Text: d.P.T("admin.mails.none_text")}
	case len(found) == 0:
		t.Empty = &admin.Empty{Icon: "search", Title: d.P.T("admin.mails.none_fits"), Text: d.P.T("admin.mails.none_fits_text"), Actions: []admin.Action{{Label: d.P.T("admin.mails.show_all"), URL: at}}}
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		last := found[pageSize-1]
		t.Pager.Next = q.url("after", last.ID, "key", strconv.FormatInt(last.CreatedAt.UnixMilli(), 10))
	}
	for _, m := range found {
		status := State(d, m.State)
		subject, to := m.Subject, m.To.Address
		if m.Erased {
			subject, to = d.P.T("privacy.erased"), ""
		}
		t.Rows = append(t.Rows, admin.Row{ID: m.ID, Cells: []admin.Cell{
			{Text: subject, Note: Kind(d, m.Template), URL: at + "/" + m.ID}, {Text: to}, {Status: &status}, {Text: d.When(m.CreatedAt, s.DB.Now())},
		}})
	}
	return t
}

// State is what became of a letter, in words.
func State(d *admin.Desk, state mailbox.State) admin.Status {
	tones := map[mailbox.State]string{mailbox.Sent: admin.Good, mailbox.Queued: admin.Info, mailbox.Kept: admin.Muted, mailbox.Failed: admin.Bad}
	return admin.Status{Tone: tones[state], Text: d.P.T("admin.mail.state." + string(state))}
}

// Kind is what a letter is for, in words.
func Kind(d *admin.Desk, template string) string {
	if key := "admin.mail.template." + template; d.P.Has(key) {
		return d.P.T(key)
	}
	return template
}

func (s *screen) letter(r *http.Request) (mailbox.Message, error) {
	if !id.Valid("mail", r.PathValue("id")) {
		return mailbox.Message{}, fault.New(fault.NotFound, "mailbox.not_found")
	}
	return s.Mailbox.Get(r.Context(), s.DB, r.PathValue("id"))
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	m, err := s.letter(r)
	if err != nil {
		return err
	}
	title := m.Subject
	if m.Erased {
		title = d.P.T("privacy.erased")
	}
	frame, err := s.o.Frame(r, title, at)
	if err != nil {
		return err
	}
	self := at + "/" + m.ID
	frame.Back, frame.Badges = &admin.Link{Label: d.P.T("admin.mails.title"), URL: at}, []admin.Status{State(d, m.State)}
	v := View{Frame: frame, Subject: title, Plain: m.Text}
	if !m.Erased {
		plain := r.URL.Query().Get("form") == "text"
		v.Forms = []admin.View{{Label: d.P.T("admin.mails.letter"), URL: self, Current: !plain}, {Label: d.P.T("admin.mails.plain"), URL: self + "?form=text", Current: plain}}
		if !plain {
			v.Body = self + "/body"
		}
		v.Facts = append(v.Facts, admin.Fact{Label: d.P.T("admin.mails.to"), Value: m.To.Address, URL: "mailto:" + m.To.Address})
	}
	v.Facts = append(v.Facts,
		admin.Fact{Label: d.P.T("admin.mails.kind"), Value: Kind(d, m.Template)},
		admin.Fact{Label: d.P.T("admin.customers.language"), Value: d.P.T("admin.language." + m.Locale)},
		admin.Fact{Label: d.P.T("admin.mails.written"), Value: d.P.DateTime(m.CreatedAt)})
	if !m.SentAt.IsZero() {
		v.Facts = append(v.Facts, admin.Fact{Label: d.P.T("admin.mails.sent"), Value: d.P.DateTime(m.SentAt)})
	}
	if m.Attempts > 0 {
		v.Facts = append(v.Facts, admin.Fact{Label: d.P.T("admin.mails.tries"), Value: d.P.Number(m.Attempts)})
	}
	s.notes(d, &v, m)
	return s.o.Page(w, r, http.StatusOK, "mail", v)
}

// notes says why a letter has not left and offers to send it.
func (s *screen) notes(d *admin.Desk, v *View, m mailbox.Message) {
	again := func(label string) {
		if s.Mailbox.Sends() && d.Can(policy.CustomerWrite) {
			v.Primary = &admin.Action{Label: d.P.T(label), Post: true, URL: at + "/" + m.ID + "/retry", Key: v.FormKey, Icon: "send", Look: "primary"}
		}
	}
	switch {
	case m.Erased:
		v.Notes = []admin.Note{{Tone: admin.Muted, Title: d.P.T("admin.mails.erased")}}
	case m.State == mailbox.Failed:
		v.Notes = []admin.Note{{Tone: admin.Bad, Title: d.P.T("admin.mails.failed"), Text: m.Problem}}
		again("admin.mails.retry")
	case m.State == mailbox.Kept && s.Mailbox.Sends():
		again("admin.mails.retry_kept")
	case m.State == mailbox.Kept:
		v.Notes = []admin.Note{{Tone: admin.Info, Title: d.P.T("admin.mails.kept"), Text: d.P.T("admin.mails.kept_text")}}
	}
}

// body is the letter as its reader sees it, on a page of its own that can do
// nothing.
func (s *screen) body(w http.ResponseWriter, r *http.Request) error {
	m, err := s.letter(r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", letter)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	if _, err := io.WriteString(w, m.HTML); err != nil {
		return fmt.Errorf("write letter: %w", err)
	}
	return nil
}

func (s *screen) retry(w http.ResponseWriter, r *http.Request) error {
	m, err := s.letter(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if err := s.Mailbox.Retry(r.Context(), s.o.Desk(r).Actor(), m.ID); err != nil {
		return err
	}
	admin.Done(at+"/"+m.ID, "mail_retried").Send(w)
	return nil
}
