package settings

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

const paymentsAt = at + "/payments"

func (s *screen) paymentRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.payments", "/settings/payments", policy.SettingsRead, s.payments),
		o.Get("settings.payment", "/settings/payments/{id}", policy.SettingsRead, s.provider),
		o.Post("settings.payment.save", "/settings/payments/{id}", policy.SettingsWrite, s.saveProvider),
	}
}

// payments lists the providers and whether shoppers are offered them.
func (s *screen) payments(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.payments"), paymentsAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To = ""
	t := &admin.Table{ID: "providers", Caption: d.P.T("admin.settings.payments"), Columns: []admin.Column{{Head: d.P.T("admin.payments.method"), Kind: admin.Lead}, {Head: d.P.T("admin.payments.provider"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status"), Kind: admin.End}}}
	for _, st := range s.Payment.All() {
		info := st.Provider.Info()
		for _, m := range info.Methods {
			status := admin.Status{Tone: admin.Good, Text: d.P.T("admin.payments.offered")}
			if lacks := missing(d, info, m, st.Settings); !st.Active {
				status = admin.Status{Tone: admin.Muted, Text: d.P.T("admin.payments.off")}
			} else if lacks != "" {
				status = admin.Status{Tone: admin.Warn, Text: d.P.T("admin.payments.incomplete", "fields", lacks)}
			}
			t.Rows = append(t.Rows, admin.Row{Cells: []admin.Cell{{Text: d.P.T(m.Name), URL: paymentsAt + "/" + info.ID}, {Text: d.P.T(info.Name)}, {Status: &status}}})
		}
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.payments.title"), Note: d.P.T("admin.payments.note"), Table: t}}
	return s.page(w, r, v, nil)
}

// missing names the fields without which a method cannot be offered; "" when
// it has them all.
func missing(d *admin.Desk, info payment.Info, m payment.Method, in payment.Settings) string {
	var names []string
	for _, f := range payment.Missing(info, m.ID, in) {
		names = append(names, d.P.T(f.Label))
	}
	return strings.Join(names, ", ")
}

func (s *screen) stored(r *http.Request) (payment.Stored, error) {
	for _, st := range s.Payment.All() {
		if st.Provider.Info().ID == r.PathValue("id") {
			return st, nil
		}
	}
	return payment.Stored{}, fault.New(fault.NotFound, "payment.unknown_provider")
}

func (s *screen) provider(w http.ResponseWriter, r *http.Request) error {
	st, err := s.stored(r)
	if err != nil {
		return err
	}
	return s.showProvider(w, r, st, admin.Typed{}, nil)
}

// showProvider draws the form that the provider declares. A secret is never
// shown again: left empty it stays as it is.
func (s *screen) showProvider(w http.ResponseWriter, r *http.Request, st payment.Stored, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	info := st.Provider.Info()
	v, err := s.view(r, d.P.T(info.Name), paymentsAt, t)
	if err != nil {
		return err
	}
	v.Back = &admin.Link{Label: d.P.T("admin.settings.payments"), URL: paymentsAt}
	v.To, v.Save = paymentsAt+"/"+info.ID, admin.SaveBar{Discard: paymentsAt}
	v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(st.Version, 10))}}
	fields := []admin.Field{t.Fill(admin.Field{Name: "active", Label: d.P.T("admin.payments.active"), Help: d.P.T("admin.payments.active_help"), Kind: admin.CheckField, Checked: st.Active})}
	for _, f := range info.Settings {
		fields = append(fields, s.setting(d, f, st.Settings, t)...)
	}
	var notes []string
	for _, m := range info.Methods {
		if lacks := missing(d, info, m, st.Settings); lacks != "" {
			notes = append(notes, d.P.T("admin.payments.lacks", "method", d.P.T(m.Name), "fields", lacks))
		}
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.payments.settings"), Note: strings.Join(notes, " "), ID: "provider", Fields: fields}}
	return s.page(w, r, v, cause)
}

func (s *screen) setting(d *admin.Desk, f payment.Field, stored payment.Settings, t admin.Typed) []admin.Field {
	in := admin.Field{Name: "settings." + f.Name, Label: d.P.T(f.Label), Value: stored[f.Name], Max: f.MaxLength, Optional: !f.Required}
	if f.Help != "" {
		in.Help = d.P.T(f.Help)
	}
	switch f.Kind {
	case payment.Secret:
		in.Kind, in.Value, in.Complete = admin.PasswordField, "", "off"
		if stored[f.Name] != "" {
			in.Help = d.P.T("admin.payments.secret_kept")
		}
	case payment.Switch:
		in.Kind, in.Checked = admin.CheckField, stored.Switch(f.Name)
	case payment.Number:
		in.Kind = admin.NumberField
	case payment.Choice:
		in.Kind = admin.ChoiceField
		for _, c := range f.Choices {
			in.Choices = append(in.Choices, admin.Choice{Value: c.Value, Label: d.P.T(c.Label), Selected: c.Value == stored[f.Name]})
		}
	case payment.LocalText:
		var list []admin.Field
		for _, lang := range d.Languages() {
			own := in
			own.Name, own.ID, own.Kind, own.Rows, own.Lang = in.Name+"."+lang, f.Name+"-"+lang, admin.LongField, 2, lang
			own.Label += " (" + d.P.T("admin.language."+lang) + ")"
			own.Value = stored.Text(f.Name)[lang]
			own = t.Fill(own)
			if own.Fault == "" && lang == d.First() {
				own.Fault = t.Fault(in.Name)
			}
			list = append(list, own)
		}
		return list
	}
	return []admin.Field{t.Fill(in)}
}

func (s *screen) saveProvider(w http.ResponseWriter, r *http.Request) error {
	st, err := s.stored(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Version  int64             `form:"version" min:"0"`
		Active   bool              `form:"active"`
		Settings map[string]string `form:"settings" items:"300" max:"5000" multiline:"true"`
	}](r, d.Limits())
	info := st.Provider.Info()
	if err == nil {
		values, bad := gather(info.Settings, in.Settings, d.Languages())
		if err = bad; err == nil {
			err = s.do(w, r, paymentsAt, "saved", func(ctx context.Context, tx *db.Tx) error {
				return s.Payment.Save(ctx, tx, d.Actor(), info.ID, in.Active, values, in.Version)
			})
		}
	}
	return s.finish(err, func(cause error) error {
		f := *fault.From(cause)
		var prefixed []fault.Field
		for _, field := range f.Fields {
			if field.Path != "active" && field.Path != "version" && !hasPrefix(field.Path, "settings.") {
				field.Path = "settings." + field.Path
			}
			prefixed = append(prefixed, field)
		}
		f.Fields = prefixed
		return s.showProvider(w, r, st, d.Typed(raw, &f), cause)
	})
}
