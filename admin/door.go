package admin

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// doorRoutes are the ways in and out, and what everybody may do at the own
// desk.
func (o *Office) doorRoutes() []policy.Route {
	guest := func(name, method, pattern string, owner policy.Owner, h web.Handler) policy.Route {
		return policy.Route{Name: "admin." + name, Method: method, Pattern: Prefix + pattern, Who: policy.Guest, Owner: owner, Handler: h}
	}
	own := func(name, pattern string, h web.Handler) policy.Route { // a repeat does the same again
		return policy.Route{Name: "admin." + name, Method: http.MethodPost, Pattern: Prefix + pattern, Who: policy.Staff, Permission: policy.Self, Handler: h}
	}
	return []policy.Route{
		guest("sign_in", http.MethodGet, "/sign-in", policy.Nothing, o.signInPage),
		guest("sign_in.submit", http.MethodPost, "/sign-in", policy.Nothing, o.signIn),
		guest("setup", http.MethodGet, "/setup/{token}", policy.SecretLink, o.setupPage),
		guest("setup.submit", http.MethodPost, "/setup/{token}", policy.SecretLink, o.setup),
		guest("link", http.MethodGet, "/link/{token}", policy.SecretLink, o.linkPage),
		guest("link.submit", http.MethodPost, "/link/{token}", policy.SecretLink, o.link),
		own("session.end", "/session/end", o.signOut),
		own("preferences", "/preferences", o.preferences),
		o.Get("profile", "/profile", policy.Self, o.profilePage),
		o.Post("profile.save", "/profile", policy.Self, o.saveProfile),
		o.Post("profile.password", "/profile/password", policy.Self, o.changePassword),
		o.Post("profile.elsewhere", "/profile/sessions/end", policy.Self, o.signOutElsewhere),
		o.Get("find", "/find", policy.Self, o.find),
	}
}

// gate makes the frame of a screen outside of the office and keeps the
// language that was chosen there.
func (o *Office) gate(w http.ResponseWriter, r *http.Request, title string) (Frame, error) {
	d := o.Desk(r)
	if lang := r.URL.Query().Get("language"); slices.Contains(o.Words.Languages(), lang) {
		o.Cookies.Set(w, tongueCookie, lang, 365*24*time.Hour)
		d.P = o.Words.Printer(lang, d.Shop.Zone)
	}
	f, err := o.Frame(r, d.P.T(title), "")
	f.Narrow = true
	return f, err
}

func (o *Office) begin(w http.ResponseWriter, r *http.Request, session, next string) {
	o.Cookies.Set(w, sessionCookie, session, 7*24*time.Hour)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// next is where somebody who signs in was going; only within the office.
func next(s string) string {
	if web.LocalPath(s) && !strings.Contains(s, "/.") && (s == Prefix || strings.HasPrefix(s, Prefix+"/")) && !strings.HasPrefix(s, Prefix+"/sign-in") {
		return s
	}
	return Prefix
}

func (o *Office) signInPage(w http.ResponseWriter, r *http.Request) error {
	if o.Desk(r).Me.Known() {
		http.Redirect(w, r, next(r.URL.Query().Get("next")), http.StatusSeeOther)
		return nil
	}
	return o.showSignIn(w, r, Typed{}, r.URL.Query().Get("next"), nil)
}

func (o *Office) showSignIn(w http.ResponseWriter, r *http.Request, t Typed, to string, cause error) error {
	f, err := o.gate(w, r, "admin.sign_in.title")
	if err != nil {
		return err
	}
	d := o.Desk(r)
	f.Fault = t.Note()
	v := GateView{Frame: f, To: Prefix + "/sign-in", Button: d.P.T("admin.sign_in.button"), Help: d.P.T("admin.sign_in.help")}
	if to != "" {
		v.Hidden = []Hidden{{"next", to}}
	}
	v.Fields = t.Fields(
		Field{Name: "email", Label: d.P.T("admin.field.email"), Kind: EmailField, Complete: "username", Required: true, Focus: !t.Sent()},
		Field{Name: "password", Label: d.P.T("admin.field.password"), Kind: PasswordField, Complete: "current-password", Required: true},
	)
	if fault.Is(cause, fault.TooMany) {
		w.Header().Set("Retry-After", retryAfter(cause))
	}
	return o.Page(w, r, web.Status(cause), "door", v)
}

func (o *Office) signIn(w http.ResponseWriter, r *http.Request) error {
	in, raw, err := web.DecodeForm[struct {
		Email    string `form:"email" max:"254" required:"true"`
		Password string `form:"password" raw:"true" max:"200" required:"true"`
		Next     string `form:"next" max:"2000"`
	}](r, web.Limits{})
	if err == nil {
		var session string
		if session, err = o.Staff.SignIn(r.Context(), in.Email, in.Password, web.ClientIP(r.Context())); err == nil {
			o.begin(w, r, session, next(in.Next))
			return nil
		}
	}
	if !Correctable(err) {
		return err
	}
	return o.showSignIn(w, r, o.Desk(r).Typed(raw, err), raw.Get("next"), err)
}

func (o *Office) setupPage(w http.ResponseWriter, r *http.Request) error {
	if err := o.Staff.CheckSetup(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return o.showSetup(w, r, Typed{}, nil)
}

func (o *Office) showSetup(w http.ResponseWriter, r *http.Request, t Typed, cause error) error {
	f, err := o.gate(w, r, "admin.setup.title")
	if err != nil {
		return err
	}
	d := o.Desk(r)
	f.Note, f.Fault, f.Narrow = d.P.T("admin.setup.lead"), t.Note(), false
	return o.Page(w, r, web.Status(cause), "door", GateView{
		Frame: f, To: Prefix + "/setup/" + r.PathValue("token"), Button: d.P.T("admin.setup.button"),
		Fields: t.Fields(
			Field{Name: "name", Label: d.P.T("admin.setup.name"), Complete: "name", Max: 100, Required: true, Focus: !t.Sent()},
			Field{Name: "email", Label: d.P.T("admin.field.email"), Kind: EmailField, Complete: "username", Max: 254, Required: true},
			d.newPassword(),
		),
	})
}

func (d *Desk) newPassword() Field {
	return Field{Name: "password", Label: d.P.T("admin.field.password"), Kind: PasswordField, Complete: "new-password", Required: true, Help: d.P.T("admin.field.password_help")}
}

func (o *Office) setup(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if err := o.Staff.CheckSetup(r.Context(), token); err != nil {
		return err
	}
	in, raw, err := web.DecodeForm[struct {
		Name     string `form:"name" max:"100"`
		Email    string `form:"email" max:"254"`
		Password string `form:"password" raw:"true"`
	}](r, web.Limits{})
	if err == nil {
		var session string
		session, err = o.Staff.SetUp(r.Context(), token, staff.Newcomer{Name: in.Name, Email: in.Email, Password: in.Password, Locale: o.Desk(r).P.Lang()})
		if err == nil {
			o.begin(w, r, session, Prefix)
			return nil
		}
	}
	if !Correctable(err) {
		return err
	}
	return o.showSetup(w, r, o.Desk(r).Typed(raw, err), err)
}

func (o *Office) linkPage(w http.ResponseWriter, r *http.Request) error {
	p, err := o.Staff.CheckLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return o.showLink(w, r, p, Typed{}, nil)
}

func (o *Office) showLink(w http.ResponseWriter, r *http.Request, p staff.Person, t Typed, cause error) error {
	f, err := o.gate(w, r, "admin.link.title")
	if err != nil {
		return err
	}
	d := o.Desk(r)
	f.Note, f.Fault = d.P.T("admin.link.lead", "name", p.Name), t.Note()
	field := d.newPassword()
	field.Focus = !t.Sent()
	return o.Page(w, r, web.Status(cause), "door", GateView{
		Frame: f, To: Prefix + "/link/" + r.PathValue("token"), Button: d.P.T("admin.link.button"), Fields: t.Fields(field),
	})
}

func (o *Office) link(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	p, err := o.Staff.CheckLink(r.Context(), token)
	if err != nil {
		return err
	}
	in, raw, err := web.DecodeForm[struct {
		Password string `form:"password" raw:"true"`
	}](r, web.Limits{})
	if err == nil {
		var session string
		if session, err = o.Staff.UseLink(r.Context(), token, in.Password); err == nil {
			o.begin(w, r, session, Prefix)
			return nil
		}
	}
	if !Correctable(err) {
		return err
	}
	return o.showLink(w, r, p, o.Desk(r).Typed(raw, err), err)
}

func (o *Office) signOut(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if err := o.Staff.SignOut(r.Context(), o.Desk(r).Me.Session); err != nil {
		return err
	}
	o.Cookies.Clear(w, sessionCookie)
	w.Header().Set("Clear-Site-Data", `"storage"`) // copies of unsaved forms
	http.Redirect(w, r, Prefix+"/sign-in", http.StatusSeeOther)
	return nil
}

// preferences keeps the look in a cookie and the language with the member.
func (o *Office) preferences(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Look     string `form:"look" oneof:"system light dark"`
		Language string `form:"language" max:"20"`
		Back     string `form:"back" max:"2000"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	switch in.Look {
	case "":
	case "system":
		o.Cookies.Clear(w, lookCookie)
	default:
		o.Cookies.Set(w, lookCookie, in.Look, 365*24*time.Hour)
	}
	if in.Language != "" {
		if !slices.Contains(o.Words.Languages(), in.Language) {
			return fault.New(fault.Invalid, "form.invalid").At("language", "form.not_a_choice")
		}
		if err := o.Staff.SetLocale(r.Context(), o.Desk(r).Me.ID, in.Language); err != nil {
			return err
		}
	}
	http.Redirect(w, r, next(in.Back), http.StatusSeeOther)
	return nil
}

func (o *Office) profilePage(w http.ResponseWriter, r *http.Request) error {
	return o.showProfile(w, r, Typed{}, Typed{}, nil)
}

func (o *Office) showProfile(w http.ResponseWriter, r *http.Request, profile, secret Typed, cause error) error {
	d := o.Desk(r)
	f, err := o.Frame(r, d.P.T("admin.frame.profile"), Prefix+"/profile")
	if err != nil {
		return err
	}
	f.Note, f.Narrow = d.Person.Email, true
	f.Fault = profile.Note()
	if f.Fault == nil {
		f.Fault = secret.Note()
	}
	v := FormView{
		Frame: f, ID: "profile", To: Prefix + "/profile", Refused: profile.Sent(),
		Sections: []Section{{Title: d.P.T("admin.profile.title"), Fields: profile.Fields(
			Field{Name: "name", Label: d.P.T("admin.setup.name"), Value: d.Person.Name, Max: 100, Complete: "name", Required: true},
			Field{Name: "language", Label: d.P.T("admin.frame.language"), Kind: ChoiceField, Choices: f.Tongues},
			Field{Name: "single_keys", Label: d.P.T("admin.profile.single_keys"), Help: d.P.T("admin.profile.single_keys_help"), Kind: CheckField, Checked: d.Person.SingleKeys},
		)}},
		Save: SaveBar{Discard: Prefix + "/profile"},
		Below: []Section{
			{Title: d.P.T("admin.profile.password"), Note: d.P.T("admin.profile.password_note"), ID: "password-card", Form: Prefix + "/profile/password", FormKey: f.FormKey, Fields: secret.Fields(
				Field{Name: "old", Label: d.P.T("admin.profile.old"), Kind: PasswordField, Complete: "current-password", Required: true},
				d.newPassword(),
			), Actions: []Action{{Label: d.P.T("admin.profile.change_password"), Submit: "password-card-form"}}},
			{Title: d.P.T("admin.profile.sessions"), Note: d.P.T("admin.profile.sessions_note"), Actions: []Action{{Label: d.P.T("admin.profile.end_sessions"), Post: true, URL: Prefix + "/profile/sessions/end", Key: f.FormKey}}},
		},
	}
	return o.Page(w, r, web.Status(cause), "form", v)
}

func (o *Office) saveProfile(w http.ResponseWriter, r *http.Request) error {
	d := o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Name       string `form:"name" max:"100"`
		Language   string `form:"language" max:"20"`
		SingleKeys bool   `form:"single_keys"`
	}](r, web.Limits{})
	if err == nil && !slices.Contains(o.Words.Languages(), in.Language) {
		err = fault.New(fault.Invalid, "form.invalid").At("language", "form.not_a_choice")
	}
	if err == nil {
		err = o.Staff.SetProfile(r.Context(), d.Me.ID, in.Name, in.Language, in.SingleKeys, d.Person.Version)
	}
	if err == nil {
		Done(Prefix+"/profile", "saved").Send(w)
		return nil
	}
	if !Correctable(err) {
		return err
	}
	return o.showProfile(w, r, d.Typed(raw, err), Typed{}, err)
}

func (o *Office) changePassword(w http.ResponseWriter, r *http.Request) error {
	d := o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Old      string `form:"old" raw:"true"`
		Password string `form:"password" raw:"true"`
	}](r, web.Limits{})
	if err == nil {
		err = o.Staff.ChangePassword(r.Context(), d.Me.ID, d.Me.Session, in.Old, in.Password)
	}
	if err == nil {
		Done(Prefix+"/profile", "password").Send(w)
		return nil
	}
	if !Correctable(err) {
		return err
	}
	return o.showProfile(w, r, Typed{}, d.Typed(raw, err), err)
}

func (o *Office) signOutElsewhere(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	d := o.Desk(r)
	if _, err := o.Staff.SignOutElsewhere(r.Context(), d.Me.ID, d.Me.Session); err != nil {
		return err
	}
	Done(Prefix+"/profile", "sessions").Send(w)
	return nil
}

// find asks every screen for what fits the words.
func (o *Office) find(w http.ResponseWriter, r *http.Request) error {
	d := o.Desk(r)
	in, asked := Read[struct {
		Q string `query:"q" max:"100"`
	}](d, r)
	f, err := o.Frame(r, d.P.T("admin.find.title"), Prefix+"/find")
	if err != nil {
		return err
	}
	v := FindView{Frame: f, Find: Find{Query: in.Q}}
	if words := strings.TrimSpace(in.Q); words != "" {
		for _, s := range o.Screens {
			if s.Find == nil || !d.Can(s.FindPermission) {
				continue
			}
			groups, err := s.Find(r.Context(), d, words)
			if err != nil {
				return err
			}
			for _, g := range groups {
				if len(g.Hits) > 0 {
					v.Find.Groups = append(v.Find.Groups, g)
				}
			}
		}
	}
	asked.Tell(&v.Frame, nil)
	return o.Page(w, r, asked.Status(), "find", v)
}

func retryAfter(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		if n, ok := f.Params["retry_after"].(int64); ok {
			return strconv.FormatInt(n, 10)
		}
	}
	return "60"
}
