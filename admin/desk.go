package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Frame makes the frame of a screen: title in words, at the address of the
// noun it belongs to. It tells what was done when the address says so.
func (o *Office) Frame(r *http.Request, title, at string) (Frame, error) {
	d := o.Desk(r)
	f := Frame{
		Title: title, Shop: cmp.Or(d.Shop.Name, "Stoa"), ShopURL: cmp.Or(d.Shop.URL, "/"),
		Here: here(r), FormKey: once.NewKey(), Screen: at,
	}
	first, _ := utf8.DecodeRuneInString(f.Shop)
	f.Mark = string(unicode.ToUpper(first))
	if look, _ := o.Cookies.Get(r, lookCookie); look == "light" || look == "dark" {
		f.Look = look
	}
	for _, lang := range o.Words.Languages() {
		f.Tongues = append(f.Tongues, Choice{Value: lang, Label: o.Words.Printer(lang, nil).T("admin.language." + lang), Selected: lang == d.P.Lang()})
	}
	if !d.Me.Known() {
		return f, nil
	}
	f.Me = Me{Name: d.Person.Name, Email: d.Person.Email, Role: d.P.T("admin.role." + string(d.Person.Role)), Initials: initials(d.Person.Name)}
	f.NoKeys = !d.Person.SingleKeys
	groups := make([]NavGroup, 3)
	tabs := make([]NavLink, 5)
	for _, n := range o.nouns {
		if !d.Can(n.Permission) {
			continue
		}
		link := NavLink{Label: d.P.T(n.Label), URL: n.URL, Icon: n.Icon, Key: n.Key, Current: n.URL == at}
		if n.Waiting != nil {
			count, err := n.Waiting(r.Context())
			if err != nil {
				return Frame{}, err
			}
			link.Count = count
		}
		groups[n.Group].Links = append(groups[n.Group].Links, link)
		if n.Tab > 0 && n.Tab < len(tabs) {
			tabs[n.Tab] = link
		}
	}
	groups[2].End = true
	for _, g := range groups {
		if len(g.Links) > 0 {
			f.Nav = append(f.Nav, g)
		}
	}
	for _, t := range tabs {
		if t.URL != "" {
			f.Tabs = append(f.Tabs, t)
		}
	}
	for _, s := range o.Screens {
		for _, c := range s.Do {
			if d.Can(c.Permission) {
				f.Do = append(f.Do, NavLink{Label: d.P.T(c.Label), URL: c.URL, Icon: c.Icon})
			}
		}
	}
	f.Toast = d.toast(r)
	return f, nil
}

// here is the address of a GET, to come back to; after a POST it is where the
// form stood.
func here(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.URL.RequestURI()
	}
	return Prefix
}

func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(first) || unicode.IsDigit(first) {
			out = append(out, unicode.ToUpper(first))
		}
	}
	switch {
	case len(out) == 0:
		return "?"
	case len(out) > 2:
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(out)
}

// toast tells what was done. The address names one of our own messages, so
// nothing that a stranger wrote into a link is ever shown.
func (d *Desk) toast(r *http.Request) *Toast {
	q := r.URL.Query()
	done := q.Get("done")
	key := "admin.done." + done
	if done == "" || len(done) > 60 || !d.P.Has(key) {
		return nil
	}
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 || n > 100000 {
		n = 1
	}
	return &Toast{Text: d.P.T(key, "count", n)}
}

// Done leads to a screen that says what was done: key is the tail of a message
// "admin.done.…".
func Done(path, key string, more ...string) once.Response {
	q := url.Values{"done": {key}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	path, fragment, _ := strings.Cut(path, "#")
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	path += sep + q.Encode()
	if fragment != "" {
		path += "#" + fragment
	}
	return once.SeeOther(path)
}

// Correctable reports whether a form can be shown again with what err says:
// a bad value, something that changed meanwhile, a limit.
func Correctable(err error) bool {
	switch {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict), fault.Is(err, fault.TooLarge), fault.Is(err, fault.Declined), fault.Is(err, fault.TooMany):
		return true
	case fault.Is(err, fault.Malformed):
		return len(fault.From(err).Fields) > 0
	}
	return false
}

// Typed is a form on its way back to whoever typed it: the values as sent and
// what is wrong with each of them. The zero value is a form nobody has sent.
type Typed struct {
	raw    web.Raw
	sent   bool
	stale  bool
	faults map[string]string
	note   *Note
}

// Typed explains err at the fields of a form that was sent; nil when it is
// only shown again.
func (d *Desk) Typed(raw web.Raw, err error) Typed {
	t := Typed{raw: raw, sent: true, faults: make(map[string]string)}
	if err == nil {
		return t
	}
	f := fault.From(err)
	for _, field := range f.Fields {
		if t.faults[field.Path] == "" {
			t.faults[field.Path] = d.P.Field(field)
		}
	}
	t.note = &Note{Tone: Bad, Text: d.P.Fault(f)}
	t.stale = f.Reason == "version.changed" || strings.HasSuffix(f.Reason, ".version_conflict")
	return t
}

// Stale reports whether the form came back because somebody else had changed
// meanwhile what it is about. It is then drawn with the version of now: who
// sends it once more has been told.
func (t Typed) Stale() bool { return t.stale }

// Sent reports whether the form was sent and came back.
func (t Typed) Sent() bool { return t.sent }

// Note is what is wrong with the form as a whole; nil when it was not sent.
func (t Typed) Note() *Note { return t.note }

// Value is what was typed into an input, or the stored value when the form was
// not sent. The version of a stale form is that of now.
func (t Typed) Value(name, stored string) string {
	if t.sent && !(t.stale && name == "version") {
		return t.raw.Get(name)
	}
	return stored
}

// Values is Value for an input that may be sent more than once.
func (t Typed) Values(name string, stored []string) []string {
	if t.sent {
		return t.raw.All(name)
	}
	return stored
}

// Checked is Value for a checkbox.
func (t Typed) Checked(name string, stored bool) bool {
	if t.sent {
		return t.raw.Get(name) != ""
	}
	return stored
}

// Fault is what is wrong with an input, in words.
func (t Typed) Fault(name string) string { return t.faults[name] }

// Rest returns the faults of inputs that are not among shown, so that none is
// lost because its field is not on the page.
func (t Typed) Rest(shown func(name string) bool) []string {
	var rest []string
	for name, text := range t.faults {
		if !shown(name) {
			rest = append(rest, name+": "+text)
		}
	}
	return rest
}

// Fill sets the value and fault of a field from the form.
func (t Typed) Fill(f Field) Field {
	switch f.Kind {
	case CheckField:
		f.Checked = t.Checked(f.Name, f.Checked)
	case ChecksField, RadioField, ChoiceField:
		if t.sent {
			chosen := t.raw.All(f.Name)
			choices := make([]Choice, len(f.Choices))
			for i, c := range f.Choices {
				c.Selected = has(chosen, c.Value)
				choices[i] = c
			}
			f.Choices = choices
		}
	case PasswordField, FileField:
	default:
		f.Value = t.Value(f.Name, f.Value)
	}
	f.Fault = t.Fault(f.Name)
	return f
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Fields fills every field.
func (t Typed) Fields(fields ...Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = t.Fill(f)
	}
	return out
}

// Tongues makes one panel a language of fields whose names get the language as
// a tail ("name" becomes "name.de"). stored returns what is saved. The first
// panel with a fault is open, else the reader's own language.
func (d *Desk) Tongues(t Typed, stored func(field, lang string) string, fields ...Field) []Tongue {
	langs := d.Languages()
	tongues := make([]Tongue, len(langs))
	open := -1
	for i, lang := range langs {
		tongues[i] = Tongue{Code: lang, Name: d.P.T("admin.language." + lang)}
		for _, f := range fields {
			name := f.Name
			f.ID, f.Name, f.Lang = name+"-"+lang, name+"."+lang, lang
			f.Value = stored(name, lang)
			if i > 0 { // only the fallback's texts are needed
				f.Optional, f.Required = true, false
			}
			f = t.Fill(f)
			tongues[i].Fault = tongues[i].Fault || f.Fault != ""
			tongues[i].Fields = append(tongues[i].Fields, f)
		}
		if tongues[i].Fault && open < 0 {
			open = i
		}
	}
	if open < 0 {
		open = 0
		for i, lang := range langs {
			if lang == d.P.Lang() {
				open = i
			}
		}
	}
	tongues[open].Open = true
	return tongues
}

// When writes an instant briefly: "18:05" today, "24 November, 18:05" this
// year, with the year otherwise.
func (d *Desk) When(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, now = t.In(d.Zone()), now.In(d.Zone())
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return d.P.T("admin.when.today", "time", d.P.Time(t))
	case t.Year() == now.Year():
		return d.P.T("admin.when.day", "day", d.ShortDay(t), "time", d.P.Time(t))
	}
	return d.P.Date(t)
}

// ShortDay writes a day without its year: "24 Nov".
func (d *Desk) ShortDay(t time.Time) string {
	t = t.In(d.Zone())
	return d.P.T("admin.when.short", "day", strconv.Itoa(t.Day()), "month", d.P.T("admin.month."+strconv.Itoa(int(t.Month()))))
}

// Amount reads an amount that was typed in a currency which the form itself
// names, so that the decoder could not know it. What is no amount is a fault.
func (d *Desk) Amount(form *fault.Form, name, typed, currency string) money.Minor {
	if d.P.Decimal("0.5") == "0,5" {
		typed = strings.Replace(typed, ",", ".", 1)
	}
	m, err := money.Parse(strings.TrimSpace(typed), currency)
	switch {
	case err != nil:
		form.Add(name, "form.not_an_amount")
	case m < 0:
		form.Add(name, "form.too_small", "min", 0)
	}
	return m
}

// InShop is the address of something in the storefront, below what the shop
// calls its kind ("/p/"): in the reader's language, else in the shop's first.
// It is "" for what has no address.
func (d *Desk) InShop(kind string, slugs locale.Text) string {
	for _, lang := range []string{d.P.Lang(), d.First()} {
		if slug := slugs[lang]; slug != "" && slices.Contains(d.Languages(), lang) {
			return "/" + lang + kind + slug
		}
	}
	return ""
}

// First is the shop's first language, the fallback of all texts.
func (d *Desk) First() string {
	return d.Languages()[0]
}

// Zone is where the shop's times are told; never nil.
func (d *Desk) Zone() *time.Location {
	if d.Shop.Zone == nil {
		return time.UTC
	}
	return d.Shop.Zone
}

// Unsent keeps what is wrong and shows the stored values: for the page that
// answers a refused action without inputs of its own.
func (t Typed) Unsent() Typed {
	t.sent = false
	return t
}

// Visitors is the question of a deletion: whether whoever follows an old link
// is led on, as lead says in words, or told that it is gone (rule B23). The
// input "visitors" is "lead" or "gone".
func (d *Desk) Visitors(lead string) Field {
	return Field{Name: "visitors", ID: "delete-visitors", Label: d.P.T("admin.delete.visitors"), Kind: ChoiceField, Choices: []Choice{
		{Value: "lead", Label: lead, Selected: true}, {Value: "gone", Label: d.P.T("admin.delete.gone")},
	}}
}
