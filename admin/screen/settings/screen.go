// Package settings is where the merchant says how the shop works: who and
// where it is, prices, taxes, delivery, ways to pay, places that keep stock,
// and who works here.
package settings

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Parts is what the screen works with.
type Parts struct {
	DB        *db.DB
	Market    *market.Service
	Tax       *tax.Service
	Shipping  *shipping.Service
	Payment   *payment.Service
	Inventory *inventory.Service
	Fields    *custom.Service
	Staff     *staff.Service

	// Link makes an absolute address of a path of the shop, for invitations.
	Link func(path string) string
}

const at = admin.Prefix + "/settings"

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Do:    []admin.Command{{Label: "admin.staff.invite", URL: teamAt + "/new", Icon: "user-plus", Permission: policy.StaffWrite}},
		Nouns: []admin.Noun{{Label: "admin.settings.title", URL: at, Icon: "settings", Key: "T", Group: 2, Permission: policy.SettingsRead}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return slices.Concat(s.shopRoutes(), s.taxRoutes(), s.shippingRoutes(), s.paymentRoutes(), s.placeRoutes(), s.fieldRoutes(), s.teamRoutes())
		},
	}
}

func (s *screen) shopRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings", "/settings", policy.SettingsRead, s.shop),
		o.Post("settings.shop.save", "/settings", policy.SettingsWrite, s.saveShop),
		o.Get("settings.opening", "/settings/opening", policy.SettingsWrite, s.opening),
		o.Post("settings.opening.submit", "/settings/opening", policy.SettingsWrite, s.open),
		o.Get("settings.prices", "/settings/prices", policy.SettingsRead, s.prices),
		o.Post("settings.prices.save", "/settings/prices", policy.SettingsWrite, s.savePrices),
	}
}

// view makes the frame of a settings page. room is the path of the open room.
func (s *screen) view(r *http.Request, title, room string, t admin.Typed) (admin.FormView, error) {
	d := s.o.Desk(r)
	f, err := s.o.Frame(r, title, at)
	if err != nil {
		return admin.FormView{}, err
	}
	f.Fault = t.Note()
	return admin.FormView{Frame: f, ID: "settings", To: room, Rooms: Rooms(d, room), Refused: t.Sent(), ReadOnly: !d.Can(policy.SettingsWrite), Save: admin.SaveBar{Discard: room}}, nil
}

// Rooms lists the rooms of the settings that the reader may see; here is the
// path of the open one.
func Rooms(d *admin.Desk, here string) (rooms []admin.NavLink) {
	for _, n := range []struct {
		path, label, icon string
		p                 policy.Permission
	}{
		{at, "admin.settings.shop", "store", policy.SettingsRead},
		{at + "/prices", "admin.settings.prices", "tag", policy.SettingsRead},
		{at + "/taxes", "admin.settings.taxes", "percent", policy.SettingsRead},
		{at + "/shipping", "admin.settings.shipping", "truck", policy.SettingsRead},
		{at + "/payments", "admin.settings.payments", "credit-card", policy.SettingsRead},
		{at + "/locations", "admin.settings.locations", "warehouse", policy.SettingsRead},
		{fieldsAt, "admin.fields.title", "table-2", policy.SettingsRead},
		{at + "/staff", "admin.settings.staff", "users", policy.StaffRead},
		{at + "/tokens", "admin.tokens.title", "key-round", policy.TokenWrite},
	} {
		if d.Can(n.p) {
			rooms = append(rooms, admin.NavLink{Label: d.P.T(n.label), URL: n.path, Icon: n.icon, Current: n.path == here})
		}
	}
	return rooms
}

// finish answers a form that was carried out, or shows it again.
func (s *screen) finish(err error, again func(cause error) error) error {
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return again(err)
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, v admin.FormView, cause error) error {
	return s.o.Page(w, r, web.Status(cause), "form", v)
}

// do runs fn in the transaction that also remembers the answer.
func (s *screen) do(w http.ResponseWriter, r *http.Request, to, key string, fn func(ctx context.Context, tx *db.Tx) error) error {
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		return admin.Done(to, key), fn(ctx, tx)
	})
}

type shopForm struct {
	Version      int64       `form:"version" min:"0"`
	Name         string      `form:"name" max:"100"`
	Email        string      `form:"email" max:"254"`
	Phone        string      `form:"phone" max:"40"`
	Address      addressForm `form:"address"`
	Languages    []string    `form:"languages" items:"20" max:"20"`
	First        string      `form:"first" max:"20"`
	Zone         string      `form:"zone" max:"60"`
	StockDisplay string      `form:"stock_display" oneof:"exact few hidden"`
	FewThreshold int64       `form:"few_threshold" min:"0" max:"1000000"`
	HoldMinutes  int         `form:"hold_minutes" min:"1" max:"30"`
	MaxPerLine   int64       `form:"max_per_line" min:"1" max:"1000000"`
	CutOff       string      `form:"cut_off" max:"5"`
	Workdays     []string    `form:"workdays" items:"7" oneof:"0 1 2 3 4 5 6"`
	ClosedDays   string      `form:"closed_days" multiline:"true" max:"6000"`
	Bank         string      `form:"bank_details" multiline:"true" max:"2000"`
}

type addressForm struct {
	Name     string `form:"name" max:"100"`
	Company  string `form:"company" max:"100"`
	Line1    string `form:"line1" max:"100"`
	Line2    string `form:"line2" max:"100"`
	Postcode string `form:"postcode" max:"20"`
	City     string `form:"city" max:"100"`
	Region   string `form:"region" max:"60"`
	Country  string `form:"country" max:"2"`
}

func (a addressForm) address() market.Address {
	return market.Address{Name: a.Name, Company: a.Company, Line1: a.Line1, Line2: a.Line2, Postcode: a.Postcode, City: a.City, Region: a.Region, Country: a.Country}
}

// shop shows what is said of the shop, or how to open one that is not set up.
func (s *screen) shop(w http.ResponseWriter, r *http.Request) error {
	if !s.Market.Current(r.Context()).Open() && s.o.Desk(r).Can(policy.SettingsWrite) {
		http.Redirect(w, r, at+"/opening", http.StatusSeeOther)
		return nil
	}
	return s.showShop(w, r, admin.Typed{}, nil)
}

func (s *screen) showShop(w http.ResponseWriter, r *http.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.title"), at, t)
	if err != nil {
		return err
	}
	shop := s.Market.Current(r.Context()).Shop
	v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(shop.Version, 10))}}
	days := admin.Field{Name: "workdays", Label: d.P.T("admin.settings.workdays"), Kind: admin.ChecksField}
	for i := range 7 {
		day := (i + 1) % 7
		days.Choices = append(days.Choices, admin.Choice{Value: strconv.Itoa(day), Label: d.P.T("admin.weekday." + strconv.Itoa(day)), Selected: slices.Contains(shop.Workdays, time.Weekday(day))})
	}
	stock := admin.Field{Name: "stock_display", Label: d.P.T("admin.settings.stock_display"), Kind: admin.RadioField, Bare: true}
	for _, code := range []string{market.StockExact, market.StockFew, market.StockHidden} {
		stock.Choices = append(stock.Choices, admin.Choice{Value: code, Label: d.P.T("admin.settings.stock." + code), Help: d.P.T("admin.settings.stock_help." + code), Selected: shop.StockDisplay == code})
	}
	number := func(name, label, help, suffix string, n int64) admin.Field {
		f := admin.Field{Name: name, Label: d.P.T(label), Kind: admin.NumberField, Value: strconv.FormatInt(n, 10)}
		if help != "" {
			f.Help = d.P.T(help)
		}
		if suffix != "" {
			f.Suffix = d.P.T(suffix)
		}
		return f
	}
	v.Sections = []admin.Section{
		{Title: d.P.T("admin.settings.shop"), ID: "shop", Grid: true, Fields: t.Fields(
			admin.Field{Name: "name", Label: d.P.T("admin.settings.name"), Value: shop.Name, Max: 100, Required: true, Wide: true},
			admin.Field{Name: "email", Label: d.P.T("admin.field.email"), Kind: admin.EmailField, Value: shop.Email, Max: 254, Help: d.P.T("admin.settings.email_help")},
			admin.Field{Name: "phone", Label: d.P.T("admin.settings.phone"), Kind: admin.TelField, Value: shop.Phone, Max: 40, Optional: true},
		)},
		{Title: d.P.T("admin.settings.address"), Note: d.P.T("admin.settings.address_note"), ID: "address", Grid: true, Fields: t.Fields(addressFields(d, shop.Address)...)},
		{Title: d.P.T("admin.settings.languages"), ID: "languages-card", Fields: t.Fields(s.languageFields(d, shop)...)},
		{Title: d.P.T("admin.settings.stock_title"), ID: "stock", Fields: t.Fields(stock, number("few_threshold", "admin.settings.few", "", "admin.settings.pieces", shop.FewThreshold))},
		{Title: d.P.T("admin.settings.buying"), ID: "buying", Grid: true, Fields: t.Fields(
			number("max_per_line", "admin.settings.max_per_line", "admin.settings.max_per_line_help", "admin.settings.pieces", shop.MaxPerLine),
			number("hold_minutes", "admin.settings.hold", "admin.settings.hold_help", "admin.settings.minutes", int64(shop.HoldMinutes)),
		)},
		{Title: d.P.T("admin.settings.dispatch"), ID: "dispatch", Fields: t.Fields(
			admin.Field{Name: "cut_off", Label: d.P.T("admin.settings.cut_off"), Kind: "time", Value: clock(shop.CutOff), Help: d.P.T("admin.settings.cut_off_help")},
			days,
			admin.Field{Name: "closed_days", Label: d.P.T("admin.settings.closed"), Kind: admin.LongField, Rows: 3, Value: strings.Join(shop.ClosedDays, "\n"), Help: d.P.T("admin.settings.closed_help"), Optional: true},
		)},
		{Title: d.P.T("admin.settings.bank"), ID: "bank", Note: d.P.T("admin.settings.bank_note"), Fields: t.Fields(
			admin.Field{Name: "bank_details", Label: d.P.T("admin.settings.bank"), Kind: admin.LongField, Rows: 3, Bare: true, Value: shop.BankDetails, Optional: true},
		)},
	}
	return s.page(w, r, v, cause)
}

func clock(minutes int) string {
	return pad(minutes/60) + ":" + pad(minutes%60)
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func addressFields(d *admin.Desk, a market.Address) []admin.Field {
	return []admin.Field{
		{Name: "address.company", Label: d.P.T("admin.settings.company"), Value: a.Company, Max: 100, Complete: "organization", Optional: true},
		{Name: "address.name", Label: d.P.T("admin.settings.person"), Value: a.Name, Max: 100, Complete: "name", Optional: true},
		{Name: "address.line1", Label: d.P.T("admin.settings.line1"), Value: a.Line1, Max: 100, Complete: "address-line1", Optional: true},
		{Name: "address.line2", Label: d.P.T("admin.settings.line2"), Value: a.Line2, Max: 100, Complete: "address-line2", Optional: true},
		{Name: "address.postcode", Label: d.P.T("admin.settings.postcode"), Value: a.Postcode, Max: 20, Complete: "postal-code", Optional: true},
		{Name: "address.city", Label: d.P.T("admin.settings.city"), Value: a.City, Max: 100, Complete: "address-level2", Optional: true},
		{Name: "address.region", Label: d.P.T("admin.settings.region"), Value: a.Region, Max: 60, Complete: "address-level1", Optional: true},
		countryField(d, "address.country", a.Country),
	}
}

// countryField is a choice of every country, by name.
func countryField(d *admin.Desk, name, chosen string) admin.Field {
	f := admin.Field{Name: name, Label: d.P.T("admin.settings.country"), Kind: admin.ChoiceField, Complete: "country", Choices: Countries(d, chosen)}
	return f
}

// Countries are the choices of a country, sorted by their names.
func Countries(d *admin.Desk, chosen string) []admin.Choice {
	var choices []admin.Choice
	for _, code := range market.Countries() {
		choices = append(choices, admin.Choice{Value: code, Label: d.P.T("country." + code), Selected: code == chosen})
	}
	slices.SortFunc(choices, func(a, b admin.Choice) int { return strings.Compare(fold(a.Label), fold(b.Label)) })
	return choices
}

// fold makes names sort the way people look for them: Österreich beside O.
func fold(s string) string {
	return strings.NewReplacer("Ä", "A", "Ö", "O", "Ü", "U", "ä", "a", "ö", "o", "ü", "u", "É", "E", "Å", "A", "Ç", "C", "ã", "a", "é", "e", "í", "i", "ô", "o", "ç", "c").Replace(s)
}

func (s *screen) languageFields(d *admin.Desk, shop market.Shop) []admin.Field {
	spoken := admin.Field{Name: "languages", Label: d.P.T("admin.settings.spoken"), Kind: admin.ChecksField, Help: d.P.T("admin.settings.spoken_help")}
	first := admin.Field{Name: "first", Label: d.P.T("admin.settings.first_language"), Kind: admin.ChoiceField, Help: d.P.T("admin.settings.first_language_help")}
	for _, lang := range s.o.Words.Languages() {
		spoken.Choices = append(spoken.Choices, admin.Choice{Value: lang, Label: d.P.T("admin.language." + lang), Selected: slices.Contains(shop.Languages, lang)})
		first.Choices = append(first.Choices, admin.Choice{Value: lang, Label: d.P.T("admin.language." + lang), Selected: len(shop.Languages) > 0 && shop.Languages[0] == lang})
	}
	return []admin.Field{spoken, first, {Name: "zone", Label: d.P.T("admin.settings.zone"), Value: shop.Zone, Max: 60, Hint: "Europe/Berlin", Help: d.P.T("admin.settings.zone_help")}}
}

// ordered puts the first language in front.
func ordered(languages []string, first string) []string {
	if i := slices.Index(languages, first); i > 0 {
		return append([]string{first}, slices.Delete(slices.Clone(languages), i, i+1)...)
	}
	return languages
}

func (s *screen) saveShop(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[shopForm](r, d.Limits())
	shop := s.Market.Current(r.Context()).Shop
	if err == nil {
		shop, err = in.apply(shop)
	}
	if err == nil {
		err = s.do(w, r, at, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Market.SaveShop(ctx, tx, d.Actor(), shop)
			return err
		})
	}
	return s.finish(err, func(cause error) error { return s.showShop(w, r, d.Typed(raw, grouped(cause)), cause) })
}

// grouped gives faults of list elements ("closed_days.3") to their one input.
func grouped(err error) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		for _, list := range []string{"closed_days", "languages", "workdays"} {
			if strings.HasPrefix(field.Path, list+".") {
				f.Fields[i].Path = list
			}
		}
	}
	return &f
}

func (in shopForm) apply(shop market.Shop) (market.Shop, error) {
	var form fault.Form
	shop.Version = in.Version
	shop.Name, shop.Email, shop.Phone, shop.Address = in.Name, in.Email, in.Phone, in.Address.address()
	shop.Languages, shop.Zone = ordered(in.Languages, in.First), in.Zone
	shop.StockDisplay, shop.FewThreshold, shop.HoldMinutes, shop.MaxPerLine = in.StockDisplay, in.FewThreshold, in.HoldMinutes, in.MaxPerLine
	shop.BankDetails = in.Bank
	t, err := time.Parse("15:04", in.CutOff)
	if err != nil {
		form.Add("cut_off", "admin.settings.not_a_time")
	}
	shop.CutOff = t.Hour()*60 + t.Minute()
	shop.Workdays = nil
	for _, day := range in.Workdays {
		n, _ := strconv.Atoi(day) // the decoder let digits through only
		shop.Workdays = append(shop.Workdays, time.Weekday(n))
	}
	shop.ClosedDays = strings.FieldsFunc(in.ClosedDays, func(c rune) bool { return c == '\n' || c == ',' || c == ' ' || c == '\t' })
	return shop, form.Err()
}

// text is what was typed in each language; an empty input is no text.
func text(in map[string]string) locale.Text {
	t := locale.Text{}
	for lang, s := range in {
		if s != "" {
			t[lang] = s
		}
	}
	return t
}
