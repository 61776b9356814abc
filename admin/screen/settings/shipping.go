package settings

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

const shippingAt = at + "/shipping"

func (s *screen) shippingRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.shipping", "/settings/shipping", policy.SettingsRead, s.zones),
		o.Get("settings.zone.new", "/settings/shipping/zones/new", policy.SettingsWrite, s.newZone),
		o.Post("settings.zone.create", "/settings/shipping/zones", policy.SettingsWrite, s.createZone),
		o.Get("settings.zone", "/settings/shipping/zones/{id}", policy.SettingsRead, s.zone),
		o.Post("settings.zone.save", "/settings/shipping/zones/{id}", policy.SettingsWrite, s.saveZone),
		o.Post("settings.zone.delete", "/settings/shipping/zones/{id}/deletion", policy.SettingsWrite, s.deleteZone),
		o.Get("settings.method.new", "/settings/shipping/zones/{id}/methods/new", policy.SettingsWrite, s.newMethod),
		o.Post("settings.method.create", "/settings/shipping/zones/{id}/methods", policy.SettingsWrite, s.createMethod),
		o.Get("settings.method", "/settings/shipping/zones/{id}/methods/{method}", policy.SettingsRead, s.method),
		o.Post("settings.method.save", "/settings/shipping/zones/{id}/methods/{method}", policy.SettingsWrite, s.saveMethod),
		o.Post("settings.method.delete", "/settings/shipping/zones/{id}/methods/{method}/deletion", policy.SettingsWrite, s.deleteMethod),
	}
}

func (s *screen) zones(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.shipping"), shippingAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To = ""
	if !v.ReadOnly {
		v.Primary = &admin.Action{Label: d.P.T("admin.zone.add"), URL: shippingAt + "/zones/new", Icon: "plus", Look: "primary"}
	}
	for _, z := range s.Market.Current(r.Context()).Zones {
		sec := admin.Section{Title: z.Name, Note: places(d, z), Table: s.methods(d, z)}
		if !v.ReadOnly {
			sec.Head = []admin.Action{
				{Label: d.P.T("admin.zone.edit"), URL: shippingAt + "/zones/" + z.ID, Icon: "pencil", Small: true},
				{Label: d.P.T("admin.method.add"), URL: shippingAt + "/zones/" + z.ID + "/methods/new", Icon: "plus", Small: true},
			}
		}
		v.Sections = append(v.Sections, sec)
	}
	if len(v.Sections) == 0 {
		v.Notes = []admin.Note{{Tone: admin.Warn, Title: d.P.T("admin.zone.none"), Text: d.P.T("admin.zone.none_text")}}
	}
	return s.page(w, r, v, nil)
}

// places tells where a zone is, briefly.
func places(d *admin.Desk, z shipping.Zone) string {
	var names []string
	for _, p := range z.Places {
		name := d.P.T("admin.zone.everywhere")
		if p.Country != shipping.Everywhere {
			name = d.P.T("country." + p.Country)
		}
		if p.Region != "" {
			name += " (" + market.RegionName(p.Country, p.Region) + ")"
		}
		if p.PostcodeFrom != "" {
			name += " " + p.PostcodeFrom
			if p.PostcodeTo != "" {
				name += "–" + p.PostcodeTo
			}
		}
		names = append(names, name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(fold(a), fold(b)) })
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + " " + d.P.T("admin.zone.more", "count", len(names)-8)
	}
	return strings.Join(names, ", ")
}

func (s *screen) methods(d *admin.Desk, z shipping.Zone) *admin.Table {
	t := &admin.Table{ID: "methods-" + z.ID, Caption: z.Name, Columns: []admin.Column{
		{Head: d.P.T("admin.method.name"), Kind: admin.Lead},
		{Head: d.P.T("admin.method.days"), Kind: admin.Tight},
		{Head: d.P.T("admin.settings.free_from"), Kind: admin.WideNum},
		{Head: d.P.T("admin.product.status"), Kind: admin.Tight},
		{Head: d.P.T("admin.method.price"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "truck", Title: d.P.T("admin.method.none"), Text: d.P.T("admin.method.none_text")}}
	for _, m := range z.Methods {
		free, price := "–", d.P.Money(m.Price, m.Currency)
		if m.FreeFrom > 0 {
			free = d.P.Money(m.FreeFrom, m.Currency)
		}
		if m.Kind == shipping.ByWeight && len(m.Rates) > 0 {
			price = d.P.T("admin.method.from_price", "price", d.P.Money(m.Rates[0].Price, m.Currency))
		}
		status := admin.Status{Tone: admin.Good, Text: d.P.T("admin.method.active")}
		if !m.Active {
			status = admin.Status{Tone: admin.Muted, Text: d.P.T("admin.method.inactive")}
		}
		t.Rows = append(t.Rows, admin.Row{ID: m.ID, Cells: []admin.Cell{
			{Text: m.Name.In(d.P.Lang(), d.First()), URL: shippingAt + "/zones/" + z.ID + "/methods/" + m.ID},
			{Text: days(d, m)},
			{Text: free},
			{Status: &status},
			{Text: price},
		}})
	}
	return t
}

type zoneForm struct {
	Version   int64    `form:"version" min:"0"`
	Name      string   `form:"name" max:"100"`
	Countries []string `form:"countries" items:"260" max:"2"`
	Places    string   `form:"places" max:"20000" multiline:"true"`
	Position  int      `form:"position" min:"0" max:"10000"`
}

// places reads the ticked countries and the lines for parts of countries:
// "DE 20 22", "US-AK", "ES-TF 38".
func (in zoneForm) places() ([]shipping.Place, error) {
	var form fault.Form
	var list []shipping.Place
	for _, c := range in.Countries {
		list = append(list, shipping.Place{Country: c})
	}
	for line := range strings.SplitSeq(in.Places, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) > 3 {
			form.Add("places", "admin.zone.bad_line", "line", line)
			continue
		}
		country, region, _ := strings.Cut(words[0], "-")
		p := shipping.Place{Country: strings.ToUpper(country), Region: strings.ToUpper(region)}
		if len(words) > 1 {
			p.PostcodeFrom = words[1]
		}
		if len(words) > 2 {
			p.PostcodeTo = words[2]
		}
		list = append(list, p)
	}
	return list, form.Err()
}

func (s *screen) newZone(w http.ResponseWriter, r *http.Request) error {
	return s.showZone(w, r, shipping.Zone{}, admin.Typed{}, nil)
}

func (s *screen) findZone(r *http.Request) (shipping.Zone, error) {
	for _, z := range s.Market.Current(r.Context()).Zones {
		if z.ID == r.PathValue("id") {
			return z, nil
		}
	}
	return shipping.Zone{}, fault.New(fault.NotFound, "settings.unknown")
}

func (s *screen) zone(w http.ResponseWriter, r *http.Request) error {
	z, err := s.findZone(r)
	if err != nil {
		return err
	}
	return s.showZone(w, r, z, admin.Typed{}, nil)
}

func (s *screen) showZone(w http.ResponseWriter, r *http.Request, z shipping.Zone, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, cmp.Or(z.Name, d.P.T("admin.zone.add")), shippingAt, t)
	if err != nil {
		return err
	}
	v.Back = &admin.Link{Label: d.P.T("admin.settings.shipping"), URL: shippingAt}
	v.To, v.Save = shippingAt+"/zones", admin.SaveBar{Discard: shippingAt, Always: z.ID == ""}
	if z.ID != "" {
		v.To += "/" + z.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(z.Version, 10))}}
		s.deletable(d, &v, v.To+"/deletion", z.Version, "admin.zone.delete", d.P.T("admin.zone.delete_text"))
	}
	whole := admin.Field{Name: "countries", Label: d.P.T("admin.zone.countries"), Kind: admin.ChecksField}
	whole.Choices = append([]admin.Choice{{Value: shipping.Everywhere, Label: d.P.T("admin.zone.everywhere"), Help: d.P.T("admin.zone.everywhere_help")}}, Countries(d, "")...)
	var parts []string
	for _, p := range z.Places {
		if p.Region == "" && p.PostcodeFrom == "" {
			for i := range whole.Choices {
				whole.Choices[i].Selected = whole.Choices[i].Selected || whole.Choices[i].Value == p.Country
			}
			continue
		}
		line := p.Country
		if p.Region != "" {
			line += "-" + p.Region
		}
		parts = append(parts, strings.TrimSpace(line+" "+p.PostcodeFrom+" "+p.PostcodeTo))
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.zone.title"), ID: "zone", Fields: t.Fields(
		admin.Field{Name: "name", Label: d.P.T("admin.zone.name"), Value: z.Name, Max: 100, Help: d.P.T("admin.zone.name_help")},
		whole,
		admin.Field{Name: "places", Label: d.P.T("admin.zone.parts"), Kind: admin.LongField, Rows: 3, Mono: true, Value: strings.Join(parts, "\n"), Optional: true, Help: d.P.T("admin.zone.parts_help"), Hint: "DE 25980 25999"},
		admin.Field{Name: "position", Label: d.P.T("admin.position"), Kind: admin.NumberField, Value: strconv.Itoa(z.Position), Help: d.P.T("admin.zone.position_help")},
	)}}
	return s.page(w, r, v, cause)
}

func (s *screen) createZone(w http.ResponseWriter, r *http.Request) error {
	return s.storeZone(w, r, shipping.Zone{})
}

func (s *screen) saveZone(w http.ResponseWriter, r *http.Request) error {
	z, err := s.findZone(r)
	if err != nil {
		return err
	}
	return s.storeZone(w, r, z)
}

func (s *screen) storeZone(w http.ResponseWriter, r *http.Request, z shipping.Zone) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[zoneForm](r, d.Limits())
	edited := z
	if err == nil {
		edited.Version, edited.Name, edited.Position = in.Version, in.Name, in.Position
		edited.Places, err = in.places()
	}
	if err == nil {
		err = s.do(w, r, shippingAt, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Shipping.SaveZone(ctx, tx, d.Actor(), edited)
			return err
		})
	}
	return s.finish(err, func(cause error) error {
		f := *fault.From(cause)
		f.Fields = slices.Clone(f.Fields)
		for i := range f.Fields {
			if strings.HasPrefix(f.Fields[i].Path, "places.") {
				f.Fields[i].Path = "places"
			}
		}
		return s.showZone(w, r, z, d.Typed(raw, &f), cause)
	})
}

func (s *screen) deleteZone(w http.ResponseWriter, r *http.Request) error {
	z, err := s.findZone(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[versionForm](r, web.Limits{})
	if err == nil {
		err = s.do(w, r, shippingAt, "deleted", func(ctx context.Context, tx *db.Tx) error {
			return s.Shipping.DeleteZone(ctx, tx, d.Actor(), z.ID, in.Version)
		})
	}
	return s.finish(err, func(cause error) error { return s.showZone(w, r, z, d.Typed(raw, cause).Unsent(), cause) })
}

type methodForm struct {
	Version  int64             `form:"version" min:"0"`
	Code     string            `form:"code" max:"40"`
	Name     map[string]string `form:"name" max:"100"`
	Kind     string            `form:"kind" oneof:"flat weight" required:"true"`
	Price    *money.Minor      `form:"price" min:"0"`
	Rates    []weightForm      `form:"rates" items:"60"`
	FreeFrom *money.Minor      `form:"free_from" min:"0"`
	TaxClass string            `form:"tax_class" max:"40"`
	DaysMin  int               `form:"days_min" min:"0" max:"365"`
	DaysMax  int               `form:"days_max" min:"0" max:"365"`
	Position int               `form:"position" min:"0" max:"10000"`
	Active   bool              `form:"active"`
}

type weightForm struct {
	MaxGrams *int64       `form:"max_grams" min:"1" max:"100000000"`
	Price    *money.Minor `form:"price" min:"0"`
}

func (s *screen) newMethod(w http.ResponseWriter, r *http.Request) error {
	z, err := s.findZone(r)
	if err != nil {
		return err
	}
	m := shipping.Method{ZoneID: z.ID, Kind: shipping.Flat, Active: true, DaysMin: 1, DaysMax: 3, Position: len(z.Methods)}
	return s.showMethod(w, r, z, m, admin.Typed{}, nil)
}

func (s *screen) findMethod(r *http.Request) (shipping.Zone, shipping.Method, error) {
	z, err := s.findZone(r)
	if err != nil {
		return z, shipping.Method{}, err
	}
	for _, m := range z.Methods {
		if m.ID == r.PathValue("method") {
			return z, m, nil
		}
	}
	return z, shipping.Method{}, fault.New(fault.NotFound, "settings.unknown")
}

func (s *screen) method(w http.ResponseWriter, r *http.Request) error {
	z, m, err := s.findMethod(r)
	if err != nil {
		return err
	}
	return s.showMethod(w, r, z, m, admin.Typed{}, nil)
}

func (s *screen) showMethod(w http.ResponseWriter, r *http.Request, z shipping.Zone, m shipping.Method, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	title := m.Name.In(d.P.Lang(), d.First())
	if m.ID == "" {
		title = d.P.T("admin.method.add")
	}
	v, err := s.view(r, title, shippingAt, t)
	if err != nil {
		return err
	}
	v.Back, v.Note = &admin.Link{Label: d.P.T("admin.settings.shipping"), URL: shippingAt}, z.Name
	v.To, v.Save = shippingAt+"/zones/"+z.ID+"/methods", admin.SaveBar{Discard: shippingAt, Always: m.ID == ""}
	if m.ID != "" {
		v.To += "/" + m.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(m.Version, 10))}}
		s.deletable(d, &v, v.To+"/deletion", m.Version, "admin.method.delete", d.P.T("admin.method.delete_text"))
	}
	currency := cmp.Or(m.Currency, d.Shop.Currency)
	amount := func(n money.Minor) string {
		if n == 0 && m.ID == "" {
			return ""
		}
		return d.P.Decimal(n.Decimal(currency))
	}
	free := ""
	if m.FreeFrom > 0 {
		free = amount(m.FreeFrom)
	}
	kind := admin.Field{Name: "kind", Label: d.P.T("admin.method.kind"), Kind: admin.RadioField, Choices: []admin.Choice{
		{Value: string(shipping.Flat), Label: d.P.T("admin.method.flat"), Selected: m.Kind == shipping.Flat},
		{Value: string(shipping.ByWeight), Label: d.P.T("admin.method.by_weight"), Selected: m.Kind == shipping.ByWeight},
	}}
	grid := &admin.Grid{Columns: []string{d.P.T("admin.method.up_to"), d.P.T("admin.method.price")}, Nums: []bool{true, true}}
	for i := range max(len(m.Rates)+2, 4) {
		grams, price := "", ""
		if i < len(m.Rates) {
			grams, price = strconv.FormatInt(m.Rates[i].MaxGrams, 10), amount(m.Rates[i].Price)
		}
		name := "rates." + strconv.Itoa(i)
		grid.Rows = append(grid.Rows, admin.GridRow{Fields: t.Fields(
			admin.Field{Name: name + ".max_grams", Label: d.P.T("admin.method.up_to"), Kind: admin.NumberField, Value: grams, Suffix: "g"},
			admin.Field{Name: name + ".price", Label: d.P.T("admin.method.price"), Kind: admin.AmountField, Value: price, Prefix: currency},
		)})
	}
	class := admin.Field{Name: "tax_class", Label: d.P.T("admin.method.tax"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: d.P.T("admin.method.tax_like_goods")}}, Help: d.P.T("admin.method.tax_help")}
	for _, c := range s.Market.Current(r.Context()).Classes {
		class.Choices = append(class.Choices, admin.Choice{Value: c.Code, Label: c.Name.In(d.P.Lang(), d.First()), Selected: c.Code == m.TaxClass})
	}
	v.Sections = []admin.Section{
		{
			Title: d.P.T("admin.method.title"), ID: "method", Tongues: d.Tongues(t, func(_, lang string) string { return m.Name[lang] }, admin.Field{Name: "name", Label: d.P.T("admin.method.name"), Max: 100, Required: true}),
			Grid: true, Fields: t.Fields(
				admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: m.Code, Max: 40, Mono: true, Help: d.P.T("admin.method.code_help")},
				admin.Field{Name: "days_min", Label: d.P.T("admin.method.days_min"), Kind: admin.NumberField, Value: strconv.Itoa(m.DaysMin)},
				admin.Field{Name: "days_max", Label: d.P.T("admin.method.days_max"), Kind: admin.NumberField, Value: strconv.Itoa(m.DaysMax), Help: d.P.T("admin.method.days_help")},
				admin.Field{Name: "position", Label: d.P.T("admin.position"), Kind: admin.NumberField, Value: strconv.Itoa(m.Position)},
				admin.Field{Name: "active", Label: d.P.T("admin.method.offered"), Kind: admin.CheckField, Checked: m.Active, Wide: true},
			),
		},
		{Title: d.P.T("admin.method.price"), ID: "price-card", Fields: t.Fields(kind,
			admin.Field{Name: "price", Label: d.P.T("admin.method.flat_price"), Kind: admin.AmountField, Value: amount(m.Price), Prefix: currency},
			admin.Field{Name: "free_from", Label: d.P.T("admin.settings.free_from"), Kind: admin.AmountField, Value: free, Prefix: currency, Optional: true, Help: d.P.T("admin.method.free_help")},
			class)},
		{Title: d.P.T("admin.method.weights"), Note: d.P.T("admin.method.weights_note"), ID: "weights", Rows: grid},
	}
	return s.page(w, r, v, cause)
}

func (s *screen) createMethod(w http.ResponseWriter, r *http.Request) error {
	z, err := s.findZone(r)
	if err != nil {
		return err
	}
	return s.storeMethod(w, r, z, shipping.Method{ZoneID: z.ID, Kind: shipping.Flat})
}

func (s *screen) saveMethod(w http.ResponseWriter, r *http.Request) error {
	z, m, err := s.findMethod(r)
	if err != nil {
		return err
	}
	return s.storeMethod(w, r, z, m)
}

func (s *screen) storeMethod(w http.ResponseWriter, r *http.Request, z shipping.Zone, m shipping.Method) error {
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Currency = cmp.Or(m.Currency, d.Shop.Currency)
	in, raw, err := web.DecodeForm[methodForm](r, limits)
	edited := m
	if err == nil {
		edited, err = in.apply(m, limits.Currency)
	}
	if err == nil {
		err = s.do(w, r, shippingAt, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Shipping.SaveMethod(ctx, tx, d.Actor(), edited)
			return err
		})
	}
	return s.finish(err, func(cause error) error {
		return s.showMethod(w, r, z, m, d.Typed(raw, firstTongue(cause, d, "name")), cause)
	})
}

func (in methodForm) apply(m shipping.Method, currency string) (shipping.Method, error) {
	var form fault.Form
	m.Version, m.Code, m.Name, m.Kind, m.Currency = in.Version, in.Code, text(in.Name), shipping.Kind(in.Kind), currency
	m.TaxClass, m.DaysMin, m.DaysMax, m.Position, m.Active = in.TaxClass, in.DaysMin, in.DaysMax, in.Position, in.Active
	m.Price, m.FreeFrom, m.Rates = 0, 0, nil
	if in.FreeFrom != nil {
		m.FreeFrom = *in.FreeFrom
	}
	if m.Kind == shipping.Flat {
		if in.Price == nil {
			form.Add("price", "form.required")
			return m, form.Err()
		}
		m.Price = *in.Price
		return m, nil
	}
	for i, rate := range in.Rates {
		name := "rates." + strconv.Itoa(i)
		switch {
		case rate.MaxGrams == nil && rate.Price == nil:
		case rate.MaxGrams == nil:
			form.Add(name+".max_grams", "form.required")
		case rate.Price == nil:
			form.Add(name+".price", "form.required")
		default:
			m.Rates = append(m.Rates, shipping.Rate{MaxGrams: *rate.MaxGrams, Price: *rate.Price})
		}
	}
	if len(m.Rates) == 0 {
		form.Add("rates.0.max_grams", "form.required")
	}
	slices.SortFunc(m.Rates, func(a, b shipping.Rate) int { return cmp.Compare(a.MaxGrams, b.MaxGrams) })
	return m, form.Err()
}

func (s *screen) deleteMethod(w http.ResponseWriter, r *http.Request) error {
	z, m, err := s.findMethod(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[versionForm](r, web.Limits{})
	if err == nil {
		err = s.do(w, r, shippingAt, "deleted", func(ctx context.Context, tx *db.Tx) error {
			return s.Shipping.DeleteMethod(ctx, tx, d.Actor(), m.ID, in.Version)
		})
	}
	return s.finish(err, func(cause error) error { return s.showMethod(w, r, z, m, d.Typed(raw, cause).Unsent(), cause) })
}

// days is how long a delivery takes: "2 to 3", or "1".
func days(d *admin.Desk, m shipping.Method) string {
	if m.DaysMin == m.DaysMax {
		return d.P.Number(int64(m.DaysMin))
	}
	return d.P.T("admin.method.days_range", "from", m.DaysMin, "to", m.DaysMax)
}
