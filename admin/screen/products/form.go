package products

import (
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// variantsShown is how many variants a product's form holds at a time.
const variantsShown = 100

// form is what a product's page sends. Texts come as name.en, name.de; the
// variants of one page of the grid as variants.0.sku with their place in the
// product as number.
type form struct {
	Version        int64                   `form:"version" min:"0"`
	Name           map[string]string       `form:"name" max:"250"`
	Subtitle       map[string]string       `form:"subtitle" max:"500"`
	Description    map[string]string       `form:"description" max:"50000" multiline:"true"`
	Slugs          map[string]string       `form:"slugs" max:"200"`
	SEOTitle       map[string]string       `form:"seo_title" max:"250"`
	SEODescription map[string]string       `form:"seo_description" max:"1000" multiline:"true"`
	Status         string                  `form:"status" oneof:"draft scheduled active archived" required:"true"`
	PublishAt      *time.Time              `form:"publish_at" time:"local"`
	EndAt          *time.Time              `form:"end_at" time:"local"`
	Brand          string                  `form:"brand" max:"250"`
	Tags           string                  `form:"tags" max:"4000"`
	TaxClass       string                  `form:"tax_class" max:"40"`
	Category       string                  `form:"category" max:"40"`
	Categories     []string                `form:"categories" items:"500" max:"40"`
	Collections    []string                `form:"collections" items:"500" max:"40"`
	Fields         map[string]string       `form:"fields" items:"500" max:"20000" multiline:"true"`
	Variants       []variantForm           `form:"variants" items:"100"`
	Media          []string                `form:"media" items:"250" max:"40"`
	Alt            map[string]string       `form:"alt" items:"1500" max:"500"`
	Upload         []*multipart.FileHeader `form:"upload" items:"30"`
	Remove         string                  `form:"remove" max:"40"`
	Main           string                  `form:"main" max:"40"`
}

type variantForm struct {
	ID        string       `form:"id" max:"40"`
	SKU       string       `form:"sku" max:"200"`
	Price     *money.Minor `form:"price" min:"0"`
	CompareAt *money.Minor `form:"compare_at" min:"0"`
	Stock     *int64       `form:"stock" min:"0" max:"1000000000"` // of a new variant
	Weight    *int64       `form:"weight" min:"0" max:"100000000"`
	Tracked   bool         `form:"tracked"`
	Off       bool         `form:"off"` // archived
	// Fields are only asked for here when the product has one variant.
	Fields map[string]string `form:"fields" items:"500" max:"20000" multiline:"true"`
}

func (s *screen) limits(d *admin.Desk) web.Limits {
	l := d.Limits()
	l.Bytes, l.Values, l.Memory = maxForm, 10_000, 8<<20
	return l
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	p := catalog.Product{Status: catalog.Draft, Variants: []catalog.Variant{{Tracked: true, Status: catalog.Active}}}
	if len(d.Shop.Classes) > 0 {
		p.TaxClassID = d.Shop.Classes[0].ID
	}
	return s.page(w, r, p, admin.Typed{}, nil)
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	p, err := s.product(r)
	if err != nil {
		return err
	}
	return s.page(w, r, p, admin.Typed{}, nil)
}

func (s *screen) product(r *http.Request) (catalog.Product, error) {
	if err := known(r.PathValue("id")); err != nil {
		return catalog.Product{}, err
	}
	return s.Catalog.Get(r.Context(), s.DB, r.PathValue("id"))
}

func (s *screen) create(w http.ResponseWriter, r *http.Request) error {
	return s.store(w, r, catalog.Product{Variants: []catalog.Variant{{Tracked: true, Status: catalog.Active}}})
}

func (s *screen) save(w http.ResponseWriter, r *http.Request) error {
	p, err := s.product(r)
	if err != nil {
		return err
	}
	return s.store(w, r, p)
}

// store writes what was typed over p. Pictures are taken in first, outside of
// any transaction; the same picture taken in twice is stored once.
func (s *screen) store(w http.ResponseWriter, r *http.Request, p catalog.Product) error {
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[form](r, s.limits(d))
	if err == nil {
		var edited catalog.Product
		var stock map[int]int64
		var taken []media.Input
		if edited, stock, err = s.edit(r.Context(), d, p, in); err == nil {
			taken, err = admin.TakePictures(r.Context(), s.Upload, in.Upload)
		}
		if err == nil {
			err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
				saved, err := s.write(ctx, tx, d.Actor(), edited, in, taken, stock, d.Languages())
				return admin.Done(at+"/"+saved.ID, "saved"), err
			})
		}
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, p, d.Typed(raw, onPage(err, d)), err)
}

// onPage names the faults of the catalogue after the inputs of the page.
func onPage(err error, d *admin.Desk) error {
	f := *fault.From(err)
	f.Fields = slices.Clone(f.Fields)
	for i, field := range f.Fields {
		if field.Path == "name" {
			field.Path = "name." + d.First()
		}
		if head, tail, ok := strings.Cut(field.Path, ".prices."); ok {
			switch {
			case strings.HasSuffix(tail, ".compare_at"):
				field.Path = head + ".compare_at"
			default:
				field.Path = head + ".price"
			}
		}
		field.Path = strings.Replace(field.Path, ".weight_grams", ".weight", 1)
		f.Fields[i] = field
	}
	return &f
}

// edit puts what was typed into a copy of p. It returns the opening stock of
// variants by their place.
func (s *screen) edit(ctx context.Context, d *admin.Desk, p catalog.Product, in form) (catalog.Product, map[int]int64, error) {
	var faults fault.Form
	p.Version = in.Version
	p.Name, p.Subtitle, p.Description = locale.Text(in.Name), locale.Text(in.Subtitle), locale.Text(in.Description)
	p.Slugs, p.SEOTitle, p.SEODescription = locale.Text(in.Slugs), locale.Text(in.SEOTitle), locale.Text(in.SEODescription)
	p.Status, p.Brand, p.TaxClassID = catalog.Status(in.Status), in.Brand, in.TaxClass
	p.PublishAt = time.Time{}
	if in.PublishAt != nil && p.Status == catalog.Scheduled {
		p.PublishAt = *in.PublishAt
	}
	p.EndAt = time.Time{}
	if in.EndAt != nil {
		p.EndAt = *in.EndAt
	}
	p.Tags = nil
	for tag := range strings.SplitSeq(in.Tags, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			p.Tags = append(p.Tags, tag)
		}
	}
	p.CategoryID, p.Categories, p.Collections = in.Category, in.Categories, in.Collections
	if p.CategoryID == "" && len(p.Categories) > 0 {
		p.CategoryID = p.Categories[0]
	}
	defs, err := s.Fields.For(ctx, custom.Product)
	if err != nil {
		return p, nil, err
	}
	p.Fields = d.CustomValues(defs, in.Fields, &faults)

	own, err := s.Fields.For(ctx, custom.Variant)
	if err != nil {
		return p, nil, err
	}
	stock := make(map[int]int64)
	p.Variants = slices.Clone(p.Variants)
	for i, v := range in.Variants {
		n := slices.IndexFunc(p.Variants, func(old catalog.Variant) bool { return old.ID == v.ID })
		if n < 0 {
			faults.Add("variants."+strconv.Itoa(i), "catalog.unknown_variant")
			continue
		}
		old := p.Variants[n]
		old.SKU, old.Tracked, old.Status = v.SKU, v.Tracked, catalog.Active
		if single(p) {
			old.Fields = d.CustomValuesAt("variants."+strconv.Itoa(n)+".", own, v.Fields, &faults)
		} else if len(v.Fields) > 0 {
			faults.Add("variants."+strconv.Itoa(n)+".fields", "form.unknown")
		}
		if v.Off {
			old.Status = catalog.Archived
		}
		old.WeightGrams = 0
		if v.Weight != nil {
			old.WeightGrams = *v.Weight
		}
		old.Prices = slices.DeleteFunc(slices.Clone(old.Prices), func(p catalog.Price) bool { return p.ListID == d.Shop.PriceList })
		switch {
		case v.Price != nil:
			price := catalog.Price{ListID: d.Shop.PriceList, Currency: d.Shop.Currency, Amount: *v.Price}
			if v.CompareAt != nil {
				price.CompareAt = *v.CompareAt
			}
			old.Prices = append([]catalog.Price{price}, old.Prices...)
		case v.CompareAt != nil:
			faults.Add("variants."+strconv.Itoa(n)+".price", "form.required")
		}
		if v.Stock != nil && *v.Stock > 0 && old.ID == "" {
			stock[n] = *v.Stock
		}
		p.Variants[n] = old
	}

	p.Media = slices.DeleteFunc(slices.Clone(in.Media), func(m string) bool { return m == in.Remove })
	if i := slices.Index(p.Media, in.Main); i > 0 {
		p.Media = append([]string{in.Main}, slices.Delete(p.Media, i, i+1)...)
	}
	return p, stock, faults.Err()
}

// single reports whether a product is sold in one variant without options.
func single(p catalog.Product) bool { return len(p.Variants) == 1 && len(p.Options) == 0 }

// write saves everything the page holds in one transaction.
func (s *screen) write(ctx context.Context, tx *db.Tx, actor audit.Actor, p catalog.Product, in form, taken []media.Input, stock map[int]int64, langs []string) (catalog.Product, error) {
	p.Media = slices.Clone(p.Media)
	for _, input := range taken {
		m, err := media.Add(ctx, tx, actor, input)
		if err != nil {
			return p, err
		}
		if !slices.Contains(p.Media, m.ID) {
			p.Media = append(p.Media, m.ID)
		}
	}
	saved, err := s.Catalog.Save(ctx, tx, actor, p)
	if err != nil {
		return p, err
	}
	pictures, err := media.ByIDs(ctx, tx, saved.Media)
	if err != nil {
		return saved, err
	}
	for _, m := range pictures {
		if err := admin.Describe(ctx, tx, actor, m, in.Alt, langs); err != nil {
			return saved, err
		}
	}
	if len(stock) == 0 {
		return saved, nil
	}
	places, err := s.Inventory.Locations(ctx, tx)
	if err != nil {
		return saved, err
	}
	i := slices.IndexFunc(places, func(l inventory.Location) bool { return l.Active })
	if i < 0 {
		return saved, nil
	}
	var changes []inventory.Change
	for n, units := range stock {
		if n < len(saved.Variants) {
			changes = append(changes, inventory.Change{VariantID: saved.Variants[n].ID, LocationID: places[i].ID, Delta: units, Document: saved.ID})
		}
	}
	return saved, s.Inventory.Adjust(ctx, tx, actor, inventory.Opening, changes)
}

// page draws a product's form: as stored, or as typed with its faults.
func (s *screen) page(w http.ResponseWriter, r *http.Request, p catalog.Product, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	title := p.Name.In(d.P.Lang(), d.First())
	if p.ID == "" {
		title = d.P.T("admin.products.new")
	}
	frame, err := s.o.Frame(r, title, at)
	if err != nil {
		return err
	}
	frame.Back = &admin.Link{Label: d.P.T("admin.products.title"), URL: at}
	frame.Fault = t.Note()
	v := View{Frame: frame, To: at, Refused: t.Sent(), Save: admin.SaveBar{Discard: at}}
	write := d.Can(policy.CatalogWrite)
	if p.ID == "" {
		v.Save.Always, v.Save.Save = true, d.P.T("admin.product.create")
	} else {
		v.To, v.Save.Discard = at+"/"+p.ID, at+"/"+p.ID
		if from := r.URL.Query().Get("variants"); from != "" {
			v.To += "?" + url.Values{"variants": {from}}.Encode()
		}
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", strconv.FormatInt(p.Version, 10))}}
		s.about(d, &v, p, write)
	}
	v.ReadOnly = !write

	v.Texts = admin.Section{Title: d.P.T("admin.product.texts"), ID: "texts", Tongues: d.Tongues(t, texts(p),
		admin.Field{Name: "name", Label: d.P.T("admin.product.name"), Max: 250, Required: true},
		admin.Field{Name: "subtitle", Label: d.P.T("admin.product.subtitle"), Max: 500, Optional: true},
		admin.Field{Name: "description", Label: d.P.T("admin.product.description"), Kind: admin.LongField, Rows: 8, Optional: true, Help: d.P.T("admin.markdown")},
	)}
	if v.Media, err = s.mediaSection(r.Context(), d, p, t); err != nil {
		return err
	}
	if v.Variants, err = s.variantSection(r.Context(), d, p, t, r.URL.Query().Get("variants")); err != nil {
		return err
	}
	if p.ID != "" {
		v.Options = s.optionSection(d, p, write)
	}
	defs, err := s.Fields.For(r.Context(), custom.Product)
	if err != nil {
		return err
	}
	if len(defs) > 0 {
		v.Attributes = &admin.Section{Title: d.P.T("admin.product.details"), ID: "details", Grid: true, Fields: d.CustomInputs(defs, p.Fields, t)}
	}
	v.Found = admin.Section{Title: d.P.T("admin.product.found"), Note: d.P.T("admin.product.found_note"), ID: "seo", Tongues: d.Tongues(t, texts(p),
		admin.Field{Name: "slugs", Label: d.P.T("admin.slug"), Prefix: "/p/", Optional: true, Max: 200, Help: d.P.T("admin.slug_help")},
		admin.Field{Name: "seo_title", Label: d.P.T("admin.seo_title"), Optional: true, Max: 250},
		admin.Field{Name: "seo_description", Label: d.P.T("admin.seo_description"), Kind: admin.LongField, Rows: 2, Optional: true, Max: 1000},
	)}
	if v.Side, err = s.side(r.Context(), d, p, t); err != nil {
		return err
	}
	return s.o.Page(w, r, web.Status(cause), "product", v)
}

// about fills in what only a stored product has.
func (s *screen) about(d *admin.Desk, v *View, p catalog.Product, write bool) {
	v.Badges = []admin.Status{Status(d.P, p.Status, p.EndedAt(s.DB.Now()))}
	if page := d.InShop("/p/", p.Slugs); page != "" && p.VisibleAt(s.DB.Now()) {
		v.Actions = []admin.Action{{Label: d.P.T("admin.product.view"), URL: page, Icon: "external-link", Away: true}}
	}
	if !write {
		return
	}
	to, label, icon := "archived", "admin.products.archive", "archive"
	if p.Status == catalog.Archived {
		to, label, icon = "draft", "admin.product.unarchive", "rotate-ccw"
	}
	v.More = []admin.Action{
		{Label: d.P.T(label), Icon: icon, Post: true, URL: at + "/" + p.ID + "/status", Key: v.FormKey, Name: "status", Value: to},
		{Label: d.P.T("admin.product.delete"), Icon: "trash", Look: "danger", Opens: "delete"},
	}
	var visitors []admin.Field
	if p.CategoryID != "" {
		visitors = []admin.Field{d.Visitors(d.P.T("admin.delete.to_category"))}
	}
	v.Dialogs = []admin.Dialog{{
		ID: "delete", Title: d.P.T("admin.product.delete_title", "name", p.Name.In(d.P.Lang(), d.First())), Text: d.P.T("admin.product.delete_text"), Fields: visitors,
		Action: admin.Action{Label: d.P.T("admin.product.delete"), Post: true, URL: at + "/" + p.ID + "/deletion", Key: v.FormKey, Look: "danger"},
	}}
}

func texts(p catalog.Product) func(field, lang string) string {
	return func(field, lang string) string {
		switch field {
		case "name":
			return p.Name[lang]
		case "subtitle":
			return p.Subtitle[lang]
		case "description":
			return p.Description[lang]
		case "slugs":
			return p.Slugs[lang]
		case "seo_title":
			return p.SEOTitle[lang]
		case "seo_description":
			return p.SEODescription[lang]
		}
		return ""
	}
}

func (s *screen) mediaSection(ctx context.Context, d *admin.Desk, p catalog.Product, t admin.Typed) (admin.Section, error) {
	sec := admin.Section{
		Title: d.P.T("admin.media.title"), Note: d.P.T("admin.media.note"), ID: "media",
		Drop: &admin.Drop{ID: "upload", Name: "upload", Label: d.P.T("admin.media.drop"), Help: d.P.T("admin.media.drop_help"), Accept: admin.PictureTypes, Many: true, Fault: t.Fault("upload")},
	}
	ids := t.Values("media", p.Media)
	pictures, err := media.ByIDs(ctx, s.DB, ids)
	if err != nil {
		return sec, err
	}
	for i, id := range ids {
		m, ok := pictures[id]
		if !ok {
			continue
		}
		item := admin.Medium{ID: m.ID, URL: m.URL(320), Name: m.Name, Main: len(sec.Media) == 0, Order: "media"}
		for _, lang := range d.Languages() {
			name := "alt." + m.ID + "." + lang
			label := d.P.T("admin.media.alt")
			if len(d.Languages()) > 1 {
				label = d.P.T("admin.media.alt_in", "language", strings.ToUpper(lang))
			}
			item.Alts = append(item.Alts, t.Fill(admin.Field{Name: name, Label: label, Value: m.Alt[lang], Max: 500, Lang: lang}))
		}
		if i > 0 {
			item.Actions = append(item.Actions, admin.Action{Label: d.P.T("admin.media.make_main"), Icon: "star", Submit: "product", Name: "main", Value: m.ID})
		}
		item.Actions = append(item.Actions, admin.Action{Label: d.P.T("admin.media.remove"), Icon: "trash", Submit: "product", Name: "remove", Value: m.ID})
		sec.Media = append(sec.Media, item)
	}
	return sec, nil
}

// decimal writes an amount the way the reader types it.
func decimal(d *admin.Desk, m money.Minor) string { return d.P.Decimal(m.Decimal(d.Shop.Currency)) }

func (s *screen) variantSection(ctx context.Context, d *admin.Desk, p catalog.Product, t admin.Typed, at0 string) (admin.Section, error) {
	from, err := strconv.Atoi(at0)
	if err != nil || from < 0 || from >= len(p.Variants) {
		from = 0
	}
	to := min(from+variantsShown, len(p.Variants))
	var ids []string
	for _, v := range p.Variants[from:to] {
		if v.ID != "" {
			ids = append(ids, v.ID)
		}
	}
	levels, err := s.Inventory.Levels(ctx, s.DB, ids)
	if err != nil {
		return admin.Section{}, err
	}
	onHand := make(map[string]int64)
	for _, l := range levels {
		onHand[l.VariantID] += l.OnHand
	}
	sec := admin.Section{Title: d.P.T("admin.product.variants"), Rows: &admin.Grid{
		Columns: []string{d.P.T("admin.product.variant"), d.P.T("admin.product.sku"), d.P.T("admin.product.price"), d.P.T("admin.product.before"), d.P.T("admin.product.on_hand"), d.P.T("admin.product.weight"), d.P.T("admin.product.counted"), d.P.T("admin.product.off")},
		Nums:    []bool{false, false, true, true, true, true, false, false},
	}}
	own, err := s.Fields.For(ctx, custom.Variant)
	if err != nil {
		return sec, err
	}
	if single(p) {
		sec.Title = d.P.T("admin.product.selling")
		sec.Fields = d.CustomInputsAt("variants.0.", own, p.Variants[0].Fields, t)
	}
	if len(p.Variants) > variantsShown {
		sec.Note = d.P.T("admin.product.variants_shown", "from", from+1, "to", to, "count", len(p.Variants))
		if to < len(p.Variants) {
			sec.Head = append(sec.Head, admin.Action{Label: d.P.T("admin.table.next"), URL: "?variants=" + strconv.Itoa(to) + "#variants", Small: true})
		}
		if from > 0 {
			sec.Head = append([]admin.Action{{Label: d.P.T("admin.table.prev"), URL: "?#variants", Small: true}}, sec.Head...)
		}
	}
	for i := from; i < to; i++ {
		v := p.Variants[i]
		name := func(field string) string { return "variants." + strconv.Itoa(i) + "." + field }
		row := admin.GridRow{Name: s.valuesOf(d, p, v), Hidden: []admin.Hidden{{Name: name("id"), Value: v.ID}}}
		if fault := t.Fault(name("values")); fault != "" {
			row.Note = fault
		}
		for _, def := range own {
			if fault := t.Fault(name("fields." + def.Code)); fault != "" && !single(p) {
				row.Note = def.Name.In(d.P.Lang(), d.First()) + ": " + fault
			}
		}
		if v.ID != "" {
			row.Actions = []admin.Action{{Label: d.P.T("admin.variant.open", "name", row.Name), URL: at + "/" + p.ID + "/variants/" + v.ID, Icon: "pencil"}}
		}
		price, _ := v.Price(d.Shop.PriceList)
		amount, before, weight := "", "", ""
		if price.ListID != "" {
			amount = decimal(d, price.Amount)
		}
		if price.CompareAt > 0 {
			before = decimal(d, price.CompareAt)
		}
		if v.WeightGrams > 0 {
			weight = strconv.FormatInt(v.WeightGrams, 10)
		}
		stock := admin.Field{Name: name("stock"), Label: d.P.T("admin.product.on_hand"), Kind: admin.NumberField}
		if v.ID != "" {
			stock = admin.Field{Kind: admin.StaticField, Label: d.P.T("admin.product.on_hand"), Value: d.P.Number(onHand[v.ID]), Hint: admin.Prefix + "/stock/" + v.ID}
			if !v.Tracked {
				stock.Value = "–"
			}
		}
		row.Fields = t.Fields(
			admin.Field{Name: name("sku"), Label: d.P.T("admin.product.sku"), Value: v.SKU, Mono: true, Max: 200},
			admin.Field{Name: name("price"), Label: d.P.T("admin.product.price"), Kind: admin.AmountField, Value: amount, Prefix: d.Shop.Currency},
			admin.Field{Name: name("compare_at"), Label: d.P.T("admin.product.before"), Kind: admin.AmountField, Value: before},
		)
		if stock.Kind != admin.StaticField {
			stock = t.Fill(stock)
		}
		row.Fields = append(row.Fields, stock)
		row.Fields = append(row.Fields, t.Fields(
			admin.Field{Name: name("weight"), Label: d.P.T("admin.product.weight"), Kind: admin.NumberField, Value: weight, Suffix: "g"},
			admin.Field{Name: name("tracked"), Label: d.P.T("admin.product.counted"), Kind: admin.CheckField, Checked: v.Tracked},
			admin.Field{Name: name("off"), Label: d.P.T("admin.product.off"), Kind: admin.CheckField, Checked: v.Status == catalog.Archived},
		)...)
		sec.Rows.Rows = append(sec.Rows.Rows, row)
	}
	if t.Fault("variants") != "" {
		sec.Note = t.Fault("variants")
	}
	return sec, nil
}

// valuesOf names a variant by its values.
func (s *screen) valuesOf(d *admin.Desk, p catalog.Product, v catalog.Variant) string {
	var names []string
	for i, code := range v.Values {
		if i >= len(p.Options) {
			break
		}
		for _, value := range p.Options[i].Values {
			if value.Code == code {
				names = append(names, value.Name.In(d.P.Lang(), d.First()))
			}
		}
	}
	if len(names) == 0 {
		return d.P.T("admin.product.only_variant")
	}
	return strings.Join(names, " / ")
}

func (s *screen) optionSection(d *admin.Desk, p catalog.Product, write bool) *admin.Section {
	sec := &admin.Section{Title: d.P.T("admin.product.options"), ID: "options", Note: d.P.T("admin.product.options_note")}
	if write {
		label := d.P.T("admin.product.edit_options")
		if len(p.Options) == 0 {
			label = d.P.T("admin.product.add_options")
		}
		sec.Head = []admin.Action{{Label: label, URL: at + "/" + p.ID + "/options", Icon: "pencil", Small: true}}
	}
	for _, o := range p.Options {
		var values []string
		for _, v := range o.Values {
			values = append(values, v.Name.In(d.P.Lang(), d.First()))
		}
		sec.Facts = append(sec.Facts, admin.Fact{Label: o.Name.In(d.P.Lang(), d.First()), Value: strings.Join(values, ", ")})
	}
	return sec
}

func (s *screen) side(ctx context.Context, d *admin.Desk, p catalog.Product, t admin.Typed) ([]admin.Section, error) {
	tree, err := s.Catalog.Tree(ctx)
	if err != nil {
		return nil, err
	}
	collections, err := s.Catalog.Collections(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	status := admin.Field{Name: "status", Label: d.P.T("admin.product.status"), Kind: admin.RadioField, Bare: true}
	for _, code := range []string{"active", "draft", "scheduled", "archived"} {
		status.Choices = append(status.Choices, admin.Choice{Value: code, Label: d.P.T("admin.product.status." + code), Help: d.P.T("admin.product.status_help." + code), Selected: string(p.Status) == code})
	}
	moment := func(name string, at time.Time) admin.Field {
		f := admin.Field{Name: name, Label: d.P.T("admin.product." + name), Kind: admin.MomentField, Help: d.P.T("admin.product." + name + "_help")}
		if !at.IsZero() {
			f.Value = at.In(d.Zone()).Format("2006-01-02T15:04")
		}
		return f
	}
	var places []admin.Choice
	main := []admin.Choice{{Label: d.P.T("admin.product.main_first")}}
	for _, n := range tree.All() {
		name := n.Name.In(d.P.Lang(), d.First())
		places = append(places, admin.Choice{Value: n.ID, Label: name, Depth: min(n.Depth, 4), Selected: slices.Contains(p.Categories, n.ID)})
		main = append(main, admin.Choice{Value: n.ID, Label: strings.Repeat("\u2003", n.Depth) + name, Selected: p.CategoryID == n.ID})
	}
	var picked []admin.Choice
	for _, c := range collections {
		if c.Rule == nil {
			picked = append(picked, admin.Choice{Value: c.ID, Label: c.Name.In(d.P.Lang(), d.First()), Selected: slices.Contains(p.Collections, c.ID)})
		}
	}
	belongs := []admin.Field{}
	if len(places) > 0 {
		belongs = append(belongs,
			admin.Field{Name: "categories", Label: d.P.T("admin.product.categories"), Kind: admin.ChecksField, Choices: places},
			admin.Field{Name: "category", Label: d.P.T("admin.product.main_category"), Kind: admin.ChoiceField, Choices: main, Help: d.P.T("admin.product.main_category_help")})
	}
	if len(picked) > 0 {
		belongs = append(belongs, admin.Field{Name: "collections", Label: d.P.T("admin.product.collections"), Kind: admin.ChecksField, Choices: picked})
	}
	belongs = append(belongs,
		admin.Field{Name: "brand", Label: d.P.T("admin.product.brand"), Value: p.Brand, Max: 250, Optional: true},
		admin.Field{Name: "tags", Label: d.P.T("admin.product.tags"), Value: strings.Join(p.Tags, ", "), Help: d.P.T("admin.product.tags_help"), Optional: true})
	class := admin.Field{Name: "tax_class", Label: d.P.T("admin.product.tax_class"), Kind: admin.ChoiceField}
	for _, c := range d.Shop.Classes {
		class.Choices = append(class.Choices, admin.Choice{Value: c.ID, Label: c.Name.In(d.P.Lang(), d.First()), Selected: c.ID == p.TaxClassID})
	}
	return []admin.Section{
		{Title: d.P.T("admin.product.status"), ID: "status-card", Fields: t.Fields(status, moment("publish_at", p.PublishAt), moment("end_at", p.EndAt))},
		{Title: d.P.T("admin.product.belongs"), ID: "belongs", Fields: t.Fields(belongs...)},
		{Title: d.P.T("admin.product.tax"), ID: "tax", Fields: t.Fields(class)},
	}, nil
}
