// Package tokens is where keys of the API are made and revoked, a room of the
// settings.
package tokens

import (
	"context"
	"net/http"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Parts is what the screen works with.
type Parts struct {
	DB    *db.DB
	Staff *staff.Service

	// Rooms are the settings' other rooms, for the list beside this one.
	Rooms func(d *admin.Desk, here string) []admin.NavLink
}

const (
	settings = admin.Prefix + "/settings"
	at       = settings + "/tokens"
	pageSize = 50
)

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Do: []admin.Command{{Label: "admin.tokens.new", URL: at + "/new", Icon: "key-round", Permission: policy.TokenWrite}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("settings.tokens", "/settings/tokens", policy.TokenWrite, s.list),
				o.Get("settings.tokens.new", "/settings/tokens/new", policy.TokenWrite, s.blank),
				o.Post("settings.tokens.make", "/settings/tokens", policy.TokenWrite, s.create),
				o.Get("settings.token", "/settings/tokens/{id}", policy.TokenWrite, s.token),
				o.Post("settings.token.revoke", "/settings/tokens/{id}/revoke", policy.TokenWrite, s.revoke),
			}
		},
	}
}

func (s *screen) view(r *http.Request, title string) (admin.FormView, error) {
	f, err := s.o.Frame(r, title, settings)
	if err != nil {
		return admin.FormView{}, err
	}
	return admin.FormView{Frame: f, ID: "token", Rooms: s.Rooms(s.o.Desk(r), at), Save: admin.SaveBar{Discard: at}}, nil
}

// state is what has become of a token, in words.
func (s *screen) state(d *admin.Desk, t staff.Token) admin.Status {
	switch {
	case !t.RevokedAt.IsZero():
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.tokens.revoked")}
	case !t.Live(s.DB.Now()):
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.tokens.expired")}
	}
	return admin.Status{Tone: admin.Good, Text: d.P.T("admin.tokens.live")}
}

func (s *screen) used(d *admin.Desk, t staff.Token) string {
	if t.UsedAt.IsZero() {
		return d.P.T("admin.tokens.never")
	}
	return d.When(t.UsedAt, s.DB.Now())
}

type query struct {
	After string `query:"after" max:"40"`
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[query](d, r)
	q.After = asked.Place("after", "tok", q.After)
	found, err := s.Staff.Tokens(r.Context(), s.DB, q.After, pageSize+1)
	if err != nil {
		return err
	}
	v, err := s.view(r, d.P.T("admin.tokens.title"))
	if err != nil {
		return err
	}
	v.Primary = &admin.Action{Label: d.P.T("admin.tokens.new"), URL: at + "/new", Icon: "plus", Look: "primary"}
	t := &admin.Table{ID: "tokens", Two: true, Caption: d.P.T("admin.tokens.title"), Columns: []admin.Column{
		{Head: d.P.T("admin.product.name"), Kind: admin.Lead}, {Head: d.P.T("admin.tokens.used"), Kind: admin.Wide}, {Head: d.P.T("admin.tokens.expires"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status"), Kind: admin.End},
	}}
	if q.After != "" {
		t.Pager.Prev = at
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		t.Pager.Next = admin.Address(at, "after", found[pageSize-1].ID)
	}
	if len(found) == 0 {
		t.Empty = &admin.Empty{Icon: "key-round", Title: d.P.T("admin.tokens.none"), Text: d.P.T("admin.tokens.none_text")}
	}
	for _, one := range found {
		status := s.state(d, one)
		t.Rows = append(t.Rows, admin.Row{ID: one.ID, Cells: []admin.Cell{
			{Text: one.Name, Note: "stoa_…" + one.Hint, URL: at + "/" + one.ID}, {Text: s.used(d, one)}, {Text: s.end(d, one)}, {Status: &status},
		}})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.tokens.title"), Note: d.P.T("admin.tokens.note"), Table: t}}
	asked.Tell(&v.Frame, nil)
	return s.o.Page(w, r, asked.Status(), "form", v)
}

func (s *screen) end(d *admin.Desk, t staff.Token) string {
	if t.ExpiresAt.IsZero() {
		return d.P.T("admin.tokens.for_ever")
	}
	return d.P.Date(t.ExpiresAt)
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, admin.Typed{}, nil)
}

// lives are the days a token may last; 0 is for ever.
func lives() []string { return []string{"30", "90", "365", "0"} }

func (s *screen) show(w http.ResponseWriter, r *http.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.tokens.new"))
	if err != nil {
		return err
	}
	v.Fault, v.Refused, v.To = t.Note(), t.Sent(), at
	v.Back = &admin.Link{Label: d.P.T("admin.tokens.title"), URL: at}
	v.Save = admin.SaveBar{Save: d.P.T("admin.tokens.make"), Discard: at, Always: true}
	scopes := admin.Field{Name: "scopes", Label: d.P.T("admin.tokens.scopes"), Help: d.P.T("admin.tokens.scopes_help"), Kind: admin.ChecksField}
	for _, p := range staff.Scopes() {
		if d.Can(p) {
			scopes.Choices = append(scopes.Choices, admin.Choice{Value: string(p), Label: d.P.T("admin.scope." + string(p)), Help: string(p)})
		}
	}
	expires := admin.Field{Name: "days", Label: d.P.T("admin.tokens.expires"), Kind: admin.ChoiceField}
	for _, days := range lives() {
		expires.Choices = append(expires.Choices, admin.Choice{Value: days, Label: d.P.T("admin.tokens.days." + days), Selected: days == "365"})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.tokens.what"), ID: "what", Fields: t.Fields(
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Help: d.P.T("admin.tokens.name_help"), Max: 100, Required: true},
		scopes, expires,
	)}}
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

// create makes the token and shows its key, this once. Sent twice it shows the
// same page again.
func (s *screen) create(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Name   string   `form:"name" max:"100"`
		Scopes []string `form:"scopes" items:"30" max:"40"`
		Days   int      `form:"days" min:"0" max:"3650"`
	}](r, web.Limits{})
	var made staff.Token
	var key string
	if err == nil {
		n := staff.NewToken{Name: in.Name}
		for _, p := range in.Scopes {
			n.Scopes = append(n.Scopes, policy.Permission(p))
		}
		if in.Days > 0 {
			n.ExpiresAt = s.DB.Now().Add(time.Duration(in.Days) * 24 * time.Hour)
		}
		err = s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			made, key, err = s.Staff.MakeToken(ctx, tx, d.Actor(), d.Me.Permissions, n)
			return err
		})
	}
	if err != nil {
		if admin.Correctable(err) {
			return s.show(w, r, d.Typed(raw, err), err)
		}
		return err
	}
	return s.page(w, r, made, key)
}

func (s *screen) found(r *http.Request) (staff.Token, error) {
	name := r.PathValue("id")
	if !id.Valid("tok", name) {
		return staff.Token{}, fault.New(fault.NotFound, "staff.token_not_found")
	}
	return s.Staff.Token(r.Context(), s.DB, name)
}

func (s *screen) token(w http.ResponseWriter, r *http.Request) error {
	t, err := s.found(r)
	if err != nil {
		return err
	}
	return s.page(w, r, t, "")
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, t staff.Token, key string) error {
	d := s.o.Desk(r)
	v, err := s.view(r, t.Name)
	if err != nil {
		return err
	}
	v.Back, v.Badges = &admin.Link{Label: d.P.T("admin.tokens.title"), URL: at}, []admin.Status{s.state(d, t)}
	if key != "" {
		v.Notes = []admin.Note{{Tone: admin.Good, Title: d.P.T("admin.tokens.ready"), Text: d.P.T("admin.tokens.ready_text"), List: []string{key}}}
	}
	names, err := s.Staff.Names(r.Context())
	if err != nil {
		return err
	}
	maker := names[t.MadeBy]
	if t.MadeBy == "" {
		maker = d.P.T("admin.tokens.command_line")
	}
	facts := []admin.Fact{
		{Label: d.P.T("admin.tokens.key"), Value: "stoa_…" + t.Hint},
		{Label: d.P.T("admin.tokens.maker"), Value: maker, Note: d.When(t.CreatedAt, s.DB.Now())},
		{Label: d.P.T("admin.tokens.expires"), Value: s.end(d, t)},
		{Label: d.P.T("admin.tokens.used"), Value: s.used(d, t)},
	}
	if !t.RevokedAt.IsZero() {
		facts = append(facts, admin.Fact{Label: d.P.T("admin.tokens.revoked"), Value: d.When(t.RevokedAt, s.DB.Now())})
	}
	var may []admin.Fact
	for _, p := range t.Scopes {
		may = append(may, admin.Fact{Label: d.P.T("admin.scope." + string(p)), Value: string(p)})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.tokens.title"), Facts: facts}, {Title: d.P.T("admin.tokens.scopes"), Facts: may}}
	if t.RevokedAt.IsZero() {
		v.Below = []admin.Section{{Title: d.P.T("admin.tokens.end"), Note: d.P.T("admin.tokens.revoke_text"), Actions: []admin.Action{{Label: d.P.T("admin.tokens.revoke"), Icon: "ban", Look: "danger", Opens: "revoke"}}}}
		v.Dialogs = []admin.Dialog{{
			ID: "revoke", Title: d.P.T("admin.tokens.revoke_title", "name", t.Name), Text: d.P.T("admin.tokens.revoke_text"),
			Action: admin.Action{Label: d.P.T("admin.tokens.revoke"), Post: true, URL: at + "/" + t.ID + "/revoke", Key: v.FormKey, Look: "danger"},
		}}
	}
	return s.o.Page(w, r, http.StatusOK, "form", v)
}

// revoke ends a token; a second click finds it ended.
func (s *screen) revoke(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	t, err := s.found(r)
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		_, err := s.Staff.RevokeToken(ctx, tx, s.o.Desk(r).Actor(), t.ID)
		return admin.Done(at, "token_revoked"), err
	})
}
