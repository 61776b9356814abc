package settings

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

const placesAt = at + "/locations"

func (s *screen) placeRoutes() []policy.Route {
	o := s.o
	return []policy.Route{
		o.Get("settings.locations", "/settings/locations", policy.SettingsRead, s.locations),
		o.Get("settings.location.new", "/settings/locations/new", policy.SettingsWrite, s.newLocation),
		o.Post("settings.location.create", "/settings/locations", policy.SettingsWrite, s.createLocation),
		o.Get("settings.location", "/settings/locations/{id}", policy.SettingsRead, s.location),
		o.Post("settings.location.save", "/settings/locations/{id}", policy.SettingsWrite, s.saveLocation),
	}
}

func (s *screen) locations(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	v, err := s.view(r, d.P.T("admin.settings.locations"), placesAt, admin.Typed{})
	if err != nil {
		return err
	}
	v.To = ""
	if !v.ReadOnly {
		v.Primary = &admin.Action{Label: d.P.T("admin.location.add"), URL: placesAt + "/new", Icon: "plus", Look: "primary"}
	}
	list, err := s.Inventory.Locations(r.Context(), s.DB)
	if err != nil {
		return err
	}
	t := &admin.Table{ID: "locations", Caption: d.P.T("admin.settings.locations"), Columns: []admin.Column{
		{Head: d.P.T("admin.stock.location"), Kind: admin.Lead}, {Head: d.P.T("admin.tax.code")}, {Head: d.P.T("admin.settings.country"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "warehouse", Title: d.P.T("admin.location.none"), Text: d.P.T("admin.location.none_text")}}
	for _, l := range list {
		status := admin.Status{Tone: admin.Good, Text: d.P.T("admin.location.active")}
		if !l.Active {
			status = admin.Status{Tone: admin.Muted, Text: d.P.T("admin.location.inactive")}
		}
		t.Rows = append(t.Rows, admin.Row{ID: l.ID, Cells: []admin.Cell{{Text: l.Name, URL: placesAt + "/" + l.ID}, {Text: l.Code, Tone: "faint"}, {Text: d.P.T("country." + l.Country)}, {Status: &status}}})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.settings.locations"), Note: d.P.T("admin.location.note"), Table: t}}
	return s.page(w, r, v, nil)
}

func (s *screen) findLocation(r *http.Request) (inventory.Location, error) {
	list, err := s.Inventory.Locations(r.Context(), s.DB)
	if err != nil {
		return inventory.Location{}, err
	}
	for _, l := range list {
		if l.ID == r.PathValue("id") {
			return l, nil
		}
	}
	return inventory.Location{}, fault.New(fault.NotFound, "settings.unknown")
}

func (s *screen) newLocation(w http.ResponseWriter, r *http.Request) error {
	return s.showLocation(w, r, inventory.Location{Active: true, Country: s.Market.Current(r.Context()).Shop.Address.Country}, admin.Typed{}, nil)
}

func (s *screen) location(w http.ResponseWriter, r *http.Request) error {
	l, err := s.findLocation(r)
	if err != nil {
		return err
	}
	return s.showLocation(w, r, l, admin.Typed{}, nil)
}

func (s *screen) showLocation(w http.ResponseWriter, r *http.Request, l inventory.Location, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.view(r, cmp.Or(l.Name, d.P.T("admin.location.add")), placesAt, t)
	if err != nil {
		return err
	}
	v.Back = &admin.Link{Label: d.P.T("admin.settings.locations"), URL: placesAt}
	v.Save = admin.SaveBar{Discard: placesAt, Always: l.ID == ""}
	v.To = placesAt
	if l.ID != "" {
		v.To += "/" + l.ID
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(l.Version, 10))}}
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.stock.location"), ID: "location", Grid: true, Fields: t.Fields(
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Value: l.Name, Max: 100},
		admin.Field{Name: "code", Label: d.P.T("admin.tax.code"), Value: l.Code, Max: 40, Mono: true, Help: d.P.T("admin.location.code_help")},
		countryField(d, "country", l.Country),
		admin.Field{Name: "position", Label: d.P.T("admin.position"), Kind: admin.NumberField, Value: strconv.FormatInt(l.Position, 10), Help: d.P.T("admin.location.position_help")},
		admin.Field{Name: "active", Label: d.P.T("admin.location.sells"), Kind: admin.CheckField, Checked: l.Active, Wide: true},
	)}}
	return s.page(w, r, v, cause)
}

func (s *screen) createLocation(w http.ResponseWriter, r *http.Request) error {
	return s.storeLocation(w, r, inventory.Location{})
}

func (s *screen) saveLocation(w http.ResponseWriter, r *http.Request) error {
	l, err := s.findLocation(r)
	if err != nil {
		return err
	}
	return s.storeLocation(w, r, l)
}

func (s *screen) storeLocation(w http.ResponseWriter, r *http.Request, l inventory.Location) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Version  int64  `form:"version" min:"0"`
		Name     string `form:"name" max:"100"`
		Code     string `form:"code" max:"40"`
		Country  string `form:"country" max:"2"`
		Position int64  `form:"position" min:"0" max:"10000"`
		Active   bool   `form:"active"`
	}](r, d.Limits())
	if err == nil {
		edited := inventory.Location{ID: l.ID, Version: in.Version, Name: in.Name, Code: in.Code, Country: in.Country, Position: in.Position, Active: in.Active}
		err = s.do(w, r, placesAt, "saved", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Inventory.SaveLocation(ctx, tx, d.Actor(), edited)
			return err
		})
	}
	return s.finish(err, func(cause error) error { return s.showLocation(w, r, l, d.Typed(raw, cause), cause) })
}
