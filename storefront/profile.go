package storefront

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

func (s *Store) profilePage(w http.ResponseWriter, r *http.Request) error {
	return s.showProfile(w, r, form{}, "", http.StatusOK)
}

// showProfile draws the profile; f is what was typed into the form called at:
// "profile", "password" or "email".
func (s *Store) showProfile(w http.ResponseWriter, r *http.Request, f form, at string, status int) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.account.details"))
	if err != nil {
		return err
	}
	of := func(name string) form {
		if name == at {
			return f
		}
		return form{}
	}
	out := view.ProfilePage{Page: page, Nav: v.nav(v.url("account", "profile")), SignOutAllURL: v.url("account", "sessions", "end")}
	name := view.Field{Name: "name", Label: v.P.T("storefront.field.name"), Value: v.Person.Name, Required: true, MaxLength: 200, Autocomplete: "name"}
	phone := view.Field{Name: "phone", Label: v.P.T("storefront.field.phone"), Type: "tel", Value: v.Person.Phone, MaxLength: 40, Autocomplete: "tel"}
	tongue := view.Field{Name: "language", Label: v.P.T("storefront.field.language"), Type: "select", Value: v.Person.Locale, Required: true}
	for _, lang := range s.languages(r.Context()) {
		tongue.Options = append(tongue.Options, view.Choice{Value: lang, Label: v.P.T("storefront.language." + lang), Selected: lang == tongue.Value})
	}
	own := of("profile")
	out.Details = view.Form{
		Action: v.url("account", "profile"), Problem: own.note, Fields: own.fill([]view.Field{name, phone, tongue}),
		Hidden: []view.Hidden{{Name: "version", Value: strconv.FormatInt(v.Person.Version, 10)}},
	}
	defs, err := s.Fields.For(r.Context(), custom.Customer)
	if err != nil {
		return err
	}
	out.Fields = v.fields(defs.Shown(v.Person.Fields))
	secret := of("password")
	out.Password = view.Form{
		Action: v.url("account", "password"), Problem: secret.note,
		Fields: secret.fill([]view.Field{v.secretField("old", "password_old", "current-password"), v.newSecretField()}),
	}
	mail := of("email")
	out.Email = view.Form{
		Action: v.url("account", "email"), Problem: mail.note,
		Fields: mail.fill([]view.Field{v.emailField(v.Person.Email, "email"), v.secretField("secret", "password", "current-password")}),
	}
	sessions, err := s.Accounts.Sessions(r.Context(), v.Me.ID)
	if err != nil {
		return err
	}
	for _, known := range sessions {
		out.Sessions = append(out.Sessions, view.Session{Device: textOr(known.Device, v.P.T("storefront.account.some_device")), SeenAt: known.SeenAt, Current: known.ID == v.Me.Session})
	}
	distinct(&out)
	return s.show(w, r, status, "profile", out)
}

// distinct gives the inputs of the page's three forms ids of their own.
func distinct(p *view.ProfilePage) {
	for prefix, form := range map[string]*view.Form{"password": &p.Password, "email": &p.Email} {
		for i := range form.Fields {
			form.Fields[i].Form = prefix
		}
	}
}

func (s *Store) saveProfile(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Name     string `form:"name" required:"true" max:"200"`
		Phone    string `form:"phone" max:"40"`
		Language string `form:"language" max:"20"`
		Version  int64  `form:"version"`
	}](r, formLimits())
	if err == nil && !slices.Contains(s.languages(r.Context()), in.Language) {
		err = fault.New(fault.Invalid, "form.invalid").At("language", "form.not_a_choice")
	}
	if err == nil {
		err = s.Accounts.SetProfile(r.Context(), v.actor(v.Me.ID), v.Me.ID, customer.Profile{Name: in.Name, Phone: in.Phone, Locale: in.Language}, in.Version)
	}
	return s.profileSaved(w, r, raw, "profile", "saved", err)
}

func (s *Store) changePassword(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Old      string `form:"old" raw:"true" required:"true" max:"200"`
		Password string `form:"password" raw:"true" required:"true" max:"200"`
	}](r, formLimits())
	if err == nil {
		err = s.Accounts.ChangePassword(r.Context(), v.Me.ID, v.Me.Session, in.Old, in.Password)
	}
	return s.profileSaved(w, r, raw, "password", "saved", err)
}

// changeEmail has a link sent to a new address; until it is used nothing
// changes.
func (s *Store) changeEmail(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Email  string `form:"email" required:"true" max:"254"`
		Secret string `form:"secret" raw:"true" required:"true" max:"200"`
	}](r, formLimits())
	if err == nil {
		err = rename(s.Accounts.RequestEmail(r.Context(), v.Me.ID, in.Secret, in.Email, browser(r)), "password", "secret")
	}
	return s.profileSaved(w, r, raw, "email", "email_asked", err)
}

// rename moves what is wrong with one field to the input of another name.
func rename(err error, from, to string) error {
	if err == nil {
		return nil
	}
	f := fault.From(err)
	for i := range f.Fields {
		if f.Fields[i].Path == from {
			f.Fields[i].Path = to
		}
	}
	return err
}

func (s *Store) profileSaved(w http.ResponseWriter, r *http.Request, raw web.Raw, at, done string, err error) error {
	v := s.visit(r)
	switch {
	case err == nil:
		http.Redirect(w, r, v.url("account", "profile")+"?done="+done, http.StatusSeeOther)
		return nil
	case !correctable(err) && !fault.Is(err, fault.Forbidden):
		return err
	}
	return s.showProfile(w, r, v.typed(raw, err), at, web.Status(err))
}

// confirmEmailPage asks for the click that moves the account: a link that is
// only looked at, by a mail scanner say, changes nothing.
func (s *Store) confirmEmailPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	if err := s.Accounts.CheckLink(r.Context(), customer.EmailChange, r.PathValue("token")); err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	return s.door(w, r, http.StatusOK, "confirm", "storefront.confirm.title", view.FormPage{Form: view.Form{Action: v.url("account", "email", r.PathValue("token"))}})
}

func (s *Store) confirmEmail(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	if err := s.Accounts.ConfirmEmail(r.Context(), v.Me.ID, v.Me.Session, r.PathValue("token")); err != nil {
		return err
	}
	http.Redirect(w, r, v.url("account", "profile")+"?done=saved", http.StatusSeeOther)
	return nil
}

func (s *Store) signOutElsewhere(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	if _, err := s.Accounts.SignOutEverywhere(r.Context(), v.actor(v.Me.ID), v.Me.ID, v.Me.Session); err != nil {
		return err
	}
	http.Redirect(w, r, v.url("account", "profile")+"?done=elsewhere", http.StatusSeeOther)
	return nil
}

func (s *Store) addressRoutes() []policy.Route {
	return []policy.Route{
		own(".addresses", http.MethodGet, "/addresses", s.addressesPage),
		own(".address.new", http.MethodGet, "/addresses/new", s.newAddressPage),
		own(".address.add", http.MethodPost, "/addresses", s.saveAddress),
		own(".address.draft", http.MethodPost, "/addresses/draft", s.addressDraft),
		own(".address", http.MethodGet, "/addresses/{id}", s.addressPage),
		own(".address.save", http.MethodPost, "/addresses/{id}", s.saveAddress),
		own(".address.remove", http.MethodPost, "/addresses/{id}/removal", s.removeAddress),
		own(".address.default", http.MethodPost, "/addresses/{id}/default", s.defaultAddress),
	}
}

func (s *Store) addressesPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.account.addresses"))
	if err != nil {
		return err
	}
	at := v.url("account", "addresses")
	out := view.AddressesPage{Page: page, Nav: v.nav(at), AddURL: v.url("account", "addresses", "new")}
	book, err := s.Accounts.Addresses(r.Context(), s.DB, v.Me.ID)
	if err != nil {
		return err
	}
	for _, a := range book {
		card := view.AddressCard{
			ID: a.ID, Lines: append(a.Address.Lines(), v.country(a.Address.Country)), Default: a.DefaultShipping,
			EditURL: v.url("account", "addresses", a.ID), RemoveURL: v.url("account", "addresses", a.ID, "removal"),
		}
		if !card.Default {
			card.DefaultURL = v.url("account", "addresses", a.ID, "default")
		}
		out.Addresses = append(out.Addresses, card)
	}
	return s.show(w, r, http.StatusOK, "addresses", out)
}

func (s *Store) newAddressPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAddress(w, r, form{}, customer.Saved{Address: market.Address{Name: s.visit(r).Person.Name}}, http.StatusOK)
}

func (s *Store) addressPage(w http.ResponseWriter, r *http.Request) error {
	saved, err := s.Accounts.Address(r.Context(), s.DB, s.visit(r).Me.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showAddress(w, r, form{}, saved, http.StatusOK)
}

func (s *Store) showAddress(w http.ResponseWriter, r *http.Request, f form, saved customer.Saved, status int) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.account.addresses"))
	if err != nil {
		return err
	}
	country := textOr(f.value("country", saved.Address.Country), v.Shop.Home().Country)
	if !market.KnownCountry(country) {
		country = v.Shop.Home().Country
	}
	out := view.AddressPage{
		Page: page, Nav: v.nav(v.url("account", "addresses")), New: saved.ID == "",
		RefreshURL: v.url("account", "addresses", "draft"), CancelURL: v.url("account", "addresses"),
		Form: view.Form{Action: v.url("account", "addresses"), Problem: f.note, Fields: v.addressForm("", "shipping", f, saved.Address, country, market.Countries())},
	}
	if saved.ID != "" {
		out.Form.Action = v.url("account", "addresses", saved.ID)
		out.Form.Hidden = []view.Hidden{{Name: "id", Value: saved.ID}}
	}
	return s.show(w, r, status, "address", out)
}

// addressInput is an address form; id names the entry that is changed.
type addressInput struct {
	ID string `form:"id" max:"40"`
	postal
}

// addressDraft draws the form anew for another country; nothing is saved.
func (s *Store) addressDraft(w http.ResponseWriter, r *http.Request) error {
	in, raw, err := web.DecodeForm[addressInput](r, formLimits())
	if err != nil && !correctable(err) {
		return err
	}
	f, status := s.visit(r).typed(raw, nil), http.StatusOK
	if err != nil {
		wrong := faultOf(err)
		wrong.Fields = slices.DeleteFunc(wrong.Fields, func(f fault.Field) bool { return f.Reason == "form.required" }) // it may come yet
		if len(wrong.Fields) > 0 {
			f, status = s.visit(r).typed(raw, wrong), web.Status(err)
		}
	}
	return s.showAddress(w, r, f, customer.Saved{ID: in.ID}, status)
}

// saveAddress adds an address or changes one. Sent twice, a new one is there
// twice; the book shows it and either can be removed.
func (s *Store) saveAddress(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[addressInput](r, formLimits())
	saved := customer.Saved{ID: r.PathValue("id"), Address: in.address()}
	if err == nil {
		_, err = s.Accounts.SaveAddress(r.Context(), v.actor(v.Me.ID), v.Me.ID, saved)
	}
	switch {
	case err == nil:
		http.Redirect(w, r, v.url("account", "addresses")+"?done=saved", http.StatusSeeOther)
		return nil
	case !correctable(err):
		return err
	}
	return s.showAddress(w, r, v.typed(raw, err), saved, web.Status(err))
}

// removeAddress takes an address out of the book. One that is gone is no error.
func (s *Store) removeAddress(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	err := s.Accounts.DeleteAddress(r.Context(), v.actor(v.Me.ID), v.Me.ID, r.PathValue("id"))
	if err != nil && fault.Reason(err) != "customer.address_not_found" {
		return err
	}
	http.Redirect(w, r, v.url("account", "addresses")+"?done=removed", http.StatusSeeOther)
	return nil
}

func (s *Store) defaultAddress(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	if err := s.Accounts.SetDefault(r.Context(), v.actor(v.Me.ID), v.Me.ID, r.PathValue("id"), true, true); err != nil {
		return err
	}
	http.Redirect(w, r, v.url("account", "addresses")+"?done=saved", http.StatusSeeOther)
	return nil
}
