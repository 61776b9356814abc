package settings

import (
	"net/http"
	"strconv"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/platform/web"
)

const teamAt = at + "/staff"

func (s *screen) teamRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.staff", "/settings/staff", policy.StaffRead, s.team),
		o.Get("settings.staff.new", "/settings/staff/new", policy.StaffWrite, s.newMember),
		o.Post("settings.staff.invite", "/settings/staff", policy.StaffWrite, s.invite),
		o.Get("settings.staff.member", "/settings/staff/{id}", policy.StaffRead, s.member),
		o.Post("settings.staff.save", "/settings/staff/{id}", policy.StaffWrite, s.saveMember),
		o.Post("settings.staff.link", "/settings/staff/{id}/link", policy.StaffWrite, s.newLink),
	}
}

func (s *screen) team(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.staff"), teamAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To = ""
	if d.Can(policy.StaffWrite) {
		v.Primary = &admin.Action{Label: d.P.T("admin.staff.invite"), URL: teamAt + "/new", Icon: "user-plus", Look: "primary"}
	}
	people, err := s.Staff.List(r.Context())
	if err != nil {
		return err
	}
	t := &admin.Table{ID: "staff", Two: true, Caption: d.P.T("admin.settings.staff"), Columns: []admin.Column{{Head: d.P.T("admin.product.name"), Kind: admin.Lead}, {Head: d.P.T("admin.staff.role")}, {Head: d.P.T("admin.staff.since"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status"), Kind: admin.End}}}
	for _, p := range people {
		status := memberStatus(d, p)
		t.Rows = append(t.Rows, admin.Row{ID: p.ID, Cells: []admin.Cell{{Text: p.Name, Note: p.Email, URL: teamAt + "/" + p.ID}, {Text: d.P.T("admin.role." + string(p.Role))}, {Text: d.P.Date(p.CreatedAt)}, {Status: &status}}})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.settings.staff"), Table: t}}
	return s.page(w, r, v, nil)
}

func memberStatus(d *admin.Desk, p staff.Person) admin.Status {
	switch {
	case !p.Active:
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.staff.off")}
	case p.Invited:
		return admin.Status{Tone: admin.Open, Text: d.P.T("admin.staff.invited")}
	}
	return admin.Status{Tone: admin.Good, Text: d.P.T("admin.staff.active")}
}

func (s *screen) roleField(d *admin.Desk, chosen policy.Role) admin.Field {
	f := admin.Field{Name: "role", Label: d.P.T("admin.staff.role"), Kind: admin.RadioField}
	for _, role := range policy.Roles() {
		f.Choices = append(f.Choices, admin.Choice{Value: string(role), Label: d.P.T("admin.role." + string(role)), Help: d.P.T("admin.role_help." + string(role)), Selected: role == chosen})
	}
	return f
}

func (s *screen) newMember(w http.ResponseWriter, r *http.Request) error {
	return s.showInvite(w, r, admin.Typed{}, nil)
}

func (s *screen) showInvite(w http.ResponseWriter, r *http.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.staff.invite"), teamAt, t)
	if err != nil {
		return err
	}
	v.ReadOnly = false
	v.Back = &admin.Link{Label: d.P.T("admin.settings.staff"), URL: teamAt}
	v.Save = admin.SaveBar{Save: d.P.T("admin.staff.invite"), Discard: teamAt, Always: true}
	v.Sections = []admin.Section{{Title: d.P.T("admin.staff.who"), ID: "member", Fields: t.Fields(
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 100, Required: true},
		admin.Field{Name: "email", Label: d.P.T("admin.field.email"), Kind: admin.EmailField, Max: 254, Required: true},
		s.roleField(d, policy.RoleFulfilment),
	)}}
	return s.page(w, r, v, cause)
}

// invite makes the account and shows its link once: it is stored as a hash and
// cannot be shown again.
func (s *screen) invite(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Name  string `form:"name" max:"100"`
		Email string `form:"email" max:"254"`
		Role  string `form:"role" max:"20"`
	}](r, web.Limits{})
	if err == nil {
		p, token, failed := s.Staff.Invite(r.Context(), d.Actor(), in.Name, in.Email, policy.Role(in.Role), d.P.Lang())
		if err = failed; err == nil {
			return s.showMember(w, r, p, token, admin.Typed{}, nil)
		}
	}
	return s.finish(err, func(cause error) error { return s.showInvite(w, r, d.Typed(raw, cause), cause) })
}

func (s *screen) member(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Staff.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showMember(w, r, p, "", admin.Typed{}, nil)
}

func (s *screen) showMember(w http.ResponseWriter, r *http.Request, p staff.Person, token string, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, p.Name, teamAt, t)
	if err != nil {
		return err
	}
	v.ReadOnly = !d.Can(policy.StaffWrite)
	v.Back, v.Note = &admin.Link{Label: d.P.T("admin.settings.staff"), URL: teamAt}, p.Email
	v.Badges = []admin.Status{memberStatus(d, p)}
	v.To, v.Save = teamAt+"/"+p.ID, admin.SaveBar{Discard: teamAt + "/" + p.ID}
	v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(p.Version, 10))}}
	if token != "" {
		link := s.Link(admin.Prefix + "/link/" + token)
		v.Notes = []admin.Note{{Tone: admin.Good, Title: d.P.T("admin.staff.link_ready", "name", p.Name), Text: d.P.T("admin.staff.link_ready_text"), Links: []admin.Link{{Label: link, URL: link}}}}
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.staff.rights"), ID: "member", Fields: t.Fields(
		s.roleField(d, p.Role),
		admin.Field{Name: "active", Label: d.P.T("admin.staff.may_sign_in"), Help: d.P.T("admin.staff.may_sign_in_help"), Kind: admin.CheckField, Checked: p.Active},
	)}}
	if !v.ReadOnly && p.Active {
		label := "admin.staff.new_password"
		if p.Invited {
			label = "admin.staff.new_invitation"
		}
		v.Below = []admin.Section{{Title: d.P.T("admin.staff.link"), Note: d.P.T("admin.staff.link_note"), Actions: []admin.Action{{Label: d.P.T(label), Post: true, URL: teamAt + "/" + p.ID + "/link", Key: v.FormKey, Icon: "link"}}}}
	}
	return s.page(w, r, v, cause)
}

func (s *screen) saveMember(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	p, err := s.Staff.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	in, raw, err := web.DecodeForm[struct {
		Version int64  `form:"version" min:"0" required:"true"`
		Role    string `form:"role" max:"20"`
		Active  bool   `form:"active"`
	}](r, web.Limits{})
	if err == nil {
		err = s.Staff.SetRole(r.Context(), d.Actor(), p.ID, policy.Role(in.Role), in.Active, in.Version)
	}
	if err == nil {
		admin.Done(teamAt, "saved").Send(w)
		return nil
	}
	return s.finish(err, func(cause error) error { return s.showMember(w, r, p, "", d.Typed(raw, cause), cause) })
}

func (s *screen) newLink(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	token, err := s.Staff.NewLink(r.Context(), d.Actor(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := s.Staff.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showMember(w, r, p, token, admin.Typed{}, nil)
}
