package messages

import (
	"context"
	"net/http"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Parts is what the screen works with.
type Parts struct {
	DB      *db.DB
	Content *content.Service
}

const (
	at       = admin.Prefix + "/messages"
	pageSize = 50
)

type screen struct {
	Parts
	o *admin.Office
}

// Waiting counts the messages nobody has dealt with; a hundred stands for a
// hundred and more.
func Waiting(ctx context.Context, q db.Q) (int64, error) { return fresh(ctx, q) }

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages: Templates,
		Nouns: []admin.Noun{{
			Label: "admin.messages.title", URL: at, Icon: "message-square", Key: "M", Group: 1, Place: 1, Permission: policy.ContentRead,
			Waiting: func(ctx context.Context) (int64, error) { return fresh(ctx, s.DB) },
		}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("messages", "/messages", policy.ContentRead, s.list),
				o.Get("message", "/messages/{id}", policy.ContentRead, s.show),
				o.Post("message.done", "/messages/{id}/state", policy.ContentWrite, s.setDone),
			}
		},
	}
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[struct {
		Before string `query:"before" max:"40"`
	}](d, r)
	before := asked.Place("before", "msg", q.Before)
	found, err := s.Content.Messages(r.Context(), s.DB, before, pageSize+1)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.messages.title"), at)
	if err != nil {
		return err
	}
	t := admin.Table{ID: "messages", Two: true, Caption: d.P.T("admin.messages.title"), Columns: []admin.Column{
		{Head: d.P.T("admin.messages.from"), Kind: admin.Lead}, {Head: d.P.T("admin.messages.text"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status")}, {Head: d.P.T("admin.stock.when"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "message-square", Title: d.P.T("admin.messages.none"), Text: d.P.T("admin.messages.none_text")}}
	if len(found) > pageSize {
		found = found[:pageSize]
		t.Pager.Next = at + "?before=" + found[pageSize-1].ID
	}
	if before != "" {
		t.Pager.Prev = at
	}
	for _, m := range found {
		status := state(d, m)
		t.Rows = append(t.Rows, admin.Row{ID: m.ID, Cells: []admin.Cell{
			{Text: from(d, m), Note: m.Email, URL: at + "/" + m.ID}, {Text: clip(m.Text, 90), Tone: "quiet"}, {Status: &status}, {Text: d.When(m.At, s.DB.Now())},
		}})
	}
	asked.Tell(&frame, nil)
	return s.o.Page(w, r, asked.Status(), "list", admin.ListView{Frame: frame, Table: t})
}

func from(d *admin.Desk, m content.Message) string {
	if m.Erased {
		return d.P.T("admin.customers.erased")
	}
	return m.Name
}

func state(d *admin.Desk, m content.Message) admin.Status {
	if m.Done {
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.messages.done")}
	}
	return admin.Status{Tone: admin.Info, Text: d.P.T("admin.messages.new")}
}

// clip shortens a text to so many characters, on one line.
func clip(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= most {
		return string(r)
	}
	return strings.TrimSpace(string(r[:most])) + "…"
}

// message reads one message. The list is read from just above its id, so the
// first row is the message itself if it is there.
func (s *screen) message(r *http.Request) (content.Message, error) {
	wanted := r.PathValue("id")
	if id.Valid("msg", wanted) {
		found, err := s.Content.Messages(r.Context(), s.DB, wanted+"0", 1)
		if err != nil {
			return content.Message{}, err
		}
		if len(found) == 1 && found[0].ID == wanted {
			return found[0], nil
		}
	}
	return content.Message{}, fault.New(fault.NotFound, "content.message_not_found")
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	m, err := s.message(r)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, from(d, m), at)
	if err != nil {
		return err
	}
	frame.Back, frame.Narrow, frame.Badges = &admin.Link{Label: d.P.T("admin.messages.title"), URL: at}, true, []admin.Status{state(d, m)}
	v := View{Frame: frame, From: from(d, m), Email: m.Email, When: d.P.DateTime(m.At), Text: m.Text}
	if m.Erased {
		v.Text = d.P.T("privacy.erased")
	}
	if m.Order != "" && d.Can(policy.OrderRead) {
		v.Actions = append(v.Actions, admin.Action{Label: d.P.T("admin.messages.order", "number", m.Order), URL: admin.Prefix + "/find?q=" + m.Order, Icon: "shopping-cart"})
	}
	if d.Can(policy.ContentWrite) {
		label, to, icon := "admin.messages.mark_done", "done", "check"
		if m.Done {
			label, to, icon = "admin.messages.mark_new", "new", "rotate-ccw"
		}
		v.Actions = append(v.Actions, admin.Action{Label: d.P.T(label), Post: true, URL: at + "/" + m.ID + "/state", Key: frame.FormKey, Name: "state", Value: to, Icon: icon})
	}
	if m.Email != "" {
		v.Actions = append(v.Actions, admin.Action{Label: d.P.T("admin.messages.reply"), URL: "mailto:" + m.Email, Icon: "reply", Look: "primary"})
	}
	return s.o.Page(w, r, http.StatusOK, "message", v)
}

func (s *screen) setDone(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		State string `form:"state" oneof:"new done" required:"true"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	message := r.PathValue("id")
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(at+"/"+message, "saved"), s.Content.SetDone(ctx, tx, s.o.Desk(r).Actor(), message, in.State == "done")
	})
}
