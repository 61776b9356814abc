package products

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// detailForm is what a variant's page sends: everything the grid has no room
// for.
type detailForm struct {
	Version int64             `form:"version" min:"0"`
	SKU     string            `form:"sku" max:"200"`
	GTIN    string            `form:"gtin" max:"20"`
	Weight  *int64            `form:"weight" min:"0" max:"100000000"`
	Length  *int64            `form:"length_mm" min:"0" max:"1000000"`
	Width   *int64            `form:"width_mm" min:"0" max:"1000000"`
	Height  *int64            `form:"height_mm" min:"0" max:"1000000"`
	HSCode  string            `form:"hs_code" max:"20"`
	Origin  string            `form:"origin" max:"2"`
	Media   string            `form:"media" max:"40"`
	Fields  map[string]string `form:"fields" items:"500" max:"20000" multiline:"true"`
}

// one reads the product and the place of the variant that the path names.
func (s *screen) one(r *http.Request) (catalog.Product, int, error) {
	p, err := s.product(r)
	if err != nil {
		return p, 0, err
	}
	n := slices.IndexFunc(p.Variants, func(v catalog.Variant) bool { return v.ID == r.PathValue("variant") })
	if n < 0 || !id.Valid("var", r.PathValue("variant")) {
		return p, 0, fault.New(fault.NotFound, "catalog.unknown_variant")
	}
	return p, n, nil
}

func (s *screen) variant(w http.ResponseWriter, r *http.Request) error {
	p, n, err := s.one(r)
	if err != nil {
		return err
	}
	return s.variantPage(w, r, p, n, admin.Typed{}, nil)
}

func (s *screen) variantPage(w http.ResponseWriter, r *http.Request, p catalog.Product, n int, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v := p.Variants[n]
	product := p.Name.In(d.P.Lang(), d.First())
	title := product
	if !single(p) {
		title = s.valuesOf(d, p, v)
	}
	frame, err := s.o.Frame(r, title, at)
	if err != nil {
		return err
	}
	self := at + "/" + p.ID + "/variants/" + v.ID
	frame.Back, frame.Fault = &admin.Link{Label: product, URL: at + "/" + p.ID}, t.Note()
	if d.Can(policy.StockRead) {
		frame.Actions = []admin.Action{{Label: d.P.T("admin.variant.stock"), URL: admin.Prefix + "/stock/" + v.ID, Icon: "boxes"}}
	}
	view := admin.FormView{
		Frame: frame, ID: "variant", To: self, Refused: t.Sent(), ReadOnly: !d.Can(policy.CatalogWrite), Save: admin.SaveBar{Discard: self},
		Hidden: []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(p.Version, 10))}},
	}
	whole := func(name, label, unit string, value int64) admin.Field {
		f := admin.Field{Name: name, Label: d.P.T(label), Kind: admin.NumberField, Suffix: unit}
		if value > 0 {
			f.Value = strconv.FormatInt(value, 10)
		}
		return f
	}
	origin := admin.Field{Name: "origin", Label: d.P.T("admin.variant.origin"), Kind: admin.ChoiceField, Choices: append([]admin.Choice{{Label: "–"}}, s.Countries(d, v.Origin)...)}
	view.Sections = []admin.Section{
		{Title: d.P.T("admin.variant.codes"), ID: "codes", Grid: true, Fields: t.Fields(
			admin.Field{Name: "sku", Label: d.P.T("admin.product.sku"), Value: v.SKU, Mono: true, Max: 200, Optional: true},
			admin.Field{Name: "gtin", Label: d.P.T("admin.variant.gtin"), Value: v.GTIN, Mono: true, Max: 20, Optional: true, Help: d.P.T("admin.variant.gtin_help"), Mode: "numeric"},
		)},
		{Title: d.P.T("admin.variant.size"), Note: d.P.T("admin.variant.size_note"), ID: "size", Grid: true, Fields: t.Fields(
			whole("weight", "admin.product.weight", "g", v.WeightGrams), whole("length_mm", "admin.variant.length", "mm", v.LengthMM),
			whole("width_mm", "admin.variant.width", "mm", v.WidthMM), whole("height_mm", "admin.variant.height", "mm", v.HeightMM),
		)},
		{Title: d.P.T("admin.variant.customs"), Note: d.P.T("admin.variant.customs_note"), ID: "customs", Grid: true, Fields: t.Fields(
			admin.Field{Name: "hs_code", Label: d.P.T("admin.variant.hs_code"), Value: v.HSCode, Mono: true, Max: 20, Optional: true}, origin,
		)},
	}
	defs, err := s.Fields.For(r.Context(), custom.Variant)
	if err != nil {
		return err
	}
	if len(defs) > 0 {
		view.Sections = append(view.Sections, admin.Section{Title: d.P.T("admin.product.details"), ID: "details", Grid: true, Fields: d.CustomInputs(defs, v.Fields, t)})
	}
	if len(p.Media) > 0 {
		sec, err := s.pictureSection(r.Context(), d, p, v, t)
		if err != nil {
			return err
		}
		view.Side = []admin.Section{sec}
	}
	return s.o.Page(w, r, web.Status(cause), "form", view)
}

// pictureSection chooses which of the product's pictures shows the variant.
func (s *screen) pictureSection(ctx context.Context, d *admin.Desk, p catalog.Product, v catalog.Variant, t admin.Typed) (admin.Section, error) {
	pictures, err := media.ByIDs(ctx, s.DB, p.Media)
	if err != nil {
		return admin.Section{}, err
	}
	f := admin.Field{Name: "media", Label: d.P.T("admin.product.picture"), Kind: admin.ChoiceField, Bare: true, Choices: []admin.Choice{{Label: d.P.T("admin.variant.no_picture"), Selected: v.MediaID == ""}}}
	for i, m := range p.Media {
		pic := pictures[m]
		label := strconv.Itoa(i + 1)
		if name := pic.Alt.In(d.P.Lang(), d.First()); name != "" {
			label += ": " + name
		} else if pic.Name != "" {
			label += ": " + pic.Name
		}
		f.Choices = append(f.Choices, admin.Choice{Value: m, Label: label, Selected: m == v.MediaID})
	}
	return admin.Section{Title: d.P.T("admin.product.picture"), Note: d.P.T("admin.variant.picture_note"), ID: "picture", Fields: t.Fields(f)}, nil
}

func (s *screen) saveVariant(w http.ResponseWriter, r *http.Request) error {
	p, n, err := s.one(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[detailForm](r, d.Limits())
	if err == nil {
		var edited catalog.Product
		if edited, err = s.detail(r.Context(), d, p, n, in); err == nil {
			err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				_, err := s.Catalog.Save(ctx, tx, d.Actor(), edited)
				return admin.Done(at+"/"+p.ID+"/variants/"+p.Variants[n].ID, "saved"), err
			})
		}
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		path := strings.TrimPrefix(f.Fields[i].Path, "variants."+strconv.Itoa(n)+".")
		f.Fields[i].Path = strings.Replace(path, "weight_grams", "weight", 1)
	}
	return s.variantPage(w, r, p, n, d.Typed(raw, &f), err)
}

// detail puts what was typed into a copy of p.
func (s *screen) detail(ctx context.Context, d *admin.Desk, p catalog.Product, n int, in detailForm) (catalog.Product, error) {
	defs, err := s.Fields.For(ctx, custom.Variant)
	if err != nil {
		return p, err
	}
	var faults fault.Form
	p.Version, p.Variants = in.Version, slices.Clone(p.Variants)
	v := p.Variants[n]
	v.SKU, v.GTIN, v.HSCode, v.Origin, v.MediaID = in.SKU, in.GTIN, in.HSCode, in.Origin, in.Media
	v.WeightGrams, v.LengthMM, v.WidthMM, v.HeightMM = zero(in.Weight), zero(in.Length), zero(in.Width), zero(in.Height)
	v.Fields = d.CustomValues(defs, in.Fields, &faults)
	if in.Media != "" && !slices.Contains(p.Media, in.Media) {
		faults.Add("media", "form.not_a_choice")
	}
	p.Variants[n] = v
	return p, faults.Err()
}

func zero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
