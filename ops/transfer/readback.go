package transfer

import (
	"cmp"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// Catalogue walks over all living products as Export wants them, oldest first.
// What the catalogue holds is told as it is now; what it has no place for, as
// the product's last import said it. base is the shop's own address, for
// pictures that came from nowhere else: "https://shop.example".
func (s *Service) Catalogue(ctx context.Context, base string) iter.Seq2[Product, error] {
	return func(yield func(Product, error) bool) {
		r := &reader{s: s, base: strings.TrimRight(base, "/"), clean: newCleaner(), session: session{s: s, settings: s.markets.Current(ctx)}}
		r.currency, r.lang = s.defaults(ctx, Request{})
		after := ""
		for {
			ids, err := productPage(ctx, s.db, after, 100)
			if err != nil {
				yield(Product{}, err)
				return
			}
			if len(ids) == 0 {
				return
			}
			after = ids[len(ids)-1]
			if !r.page(ctx, ids, yield) {
				return
			}
		}
	}
}

// Own is the shop's own format, which is only written: see Full.
const Own Platform = "stoa"

// ExportRequest says what to write.
type ExportRequest struct {
	Platform Platform // Own, or one of Platforms
	Kind     Kind     // "" means Products
	Base     string   // the shop's own address, for pictures: "https://shop.example"
	Actor    audit.Actor
}

// Export writes all goods, their translations or all customers to out, and notes in the change log that
// it was begun. What came from a file of the same kind is written under the
// headers that the file had. It fails with "transfer.unknown_platform" when the platform
// has no such file.
func (s *Service) Export(ctx context.Context, out io.Writer, r ExportRequest) error {
	kind := cmp.Or(r.Kind, Products)
	if r.Platform != Own || kind != Products {
		if _, err := formatOf(r.Platform, kind); err != nil {
			return err
		}
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Append(ctx, tx, audit.Change{
			Actor: r.Actor, Action: "export.written", Object: "export", ID: tx.NewID("exp"),
			After: map[string]any{"platform": r.Platform, "kind": kind},
		})
	})
	if err != nil {
		return err
	}
	if r.Platform == Own {
		return s.Full(ctx, out, r.Base)
	}
	f, err := formatOf(r.Platform, kind)
	if err != nil {
		return err
	}
	had, err := headings(ctx, s.db, r.Platform, kind)
	if err != nil {
		return err
	}
	if had, err = s.alive(ctx, had); err != nil {
		return err
	}
	if kind == Customers {
		return writeCustomers(out, newLayout(f, had, ""), s.People(ctx))
	}
	return exportAll(out, f, had, s.ExportOptions(ctx), s.Catalogue(ctx, r.Base))
}

// ExportOptions are the options with which Catalogue's products are exported.
func (s *Service) ExportOptions(ctx context.Context) Options {
	currency, lang := s.defaults(ctx, Request{})
	return Options{Currency: currency, Language: lang, Zone: s.markets.Current(ctx).Shop.Location(), Now: s.db.Now()}
}

// reader turns products of the catalogue into neutral ones.
type reader struct {
	session
	s        *Service
	base     string
	clean    *cleaner
	currency string
	lang     string
	tree     *catalog.Tree
	fields   map[custom.Owner]custom.Definitions
	stock    map[string][]inventory.Level
	pictures map[string]media.Media
}

func (r *reader) page(ctx context.Context, ids []string, yield func(Product, error) bool) bool {
	fail := func(err error) bool { yield(Product{}, err); return false }
	products, err := r.s.catalog.GetAll(ctx, r.s.db, ids)
	if err != nil {
		return fail(err)
	}
	if r.tree, err = r.s.catalog.Tree(ctx); err != nil {
		return fail(err)
	}
	r.fields = make(map[custom.Owner]custom.Definitions)
	for _, owner := range []custom.Owner{custom.Product, custom.Variant} {
		if r.fields[owner], err = r.s.fields.For(ctx, owner); err != nil {
			return fail(err)
		}
	}
	var variants, pictures []string
	for _, p := range products {
		pictures = append(pictures, p.Media...)
		for _, v := range p.Variants {
			variants = append(variants, v.ID)
		}
	}
	levels, err := r.s.stock.Levels(ctx, r.s.db, variants)
	if err != nil {
		return fail(err)
	}
	r.stock = make(map[string][]inventory.Level)
	for _, l := range levels {
		r.stock[l.VariantID] = append(r.stock[l.VariantID], l)
	}
	if r.pictures, err = media.ByIDs(ctx, r.s.db, pictures); err != nil {
		return fail(err)
	}
	for _, id := range ids {
		p := products[id]
		if p == nil {
			continue
		}
		from, _, err := originOf(ctx, r.s.db, id)
		if err != nil {
			return fail(err)
		}
		if !yield(r.product(*p, from), nil) {
			return false
		}
	}
	return true
}

func (r *reader) product(p catalog.Product, from origin) Product {
	k := from.Kept
	out := k.Product
	known := from.ProductID != ""
	out.Source = cmp.Or(from.Source, "stoa:"+p.ID)
	out.Handle = p.Handle
	out.Slugs = maps.Clone(p.Slugs)
	maps.Copy(out.Slugs, k.Product.Slugs)
	delete(out.Slugs, r.lang)
	out.Name, out.SEOTitle, out.SEOText = maps.Clone(p.Name), maps.Clone(p.SEOTitle), maps.Clone(p.SEODescription)
	out.Description = make(locale.Text)
	for lang, s := range p.Description {
		out.Description[lang] = fromMarkdown(s)
	}
	if k.Merged {
		// The summary stands at the head of the description.
		out.Summary = make(locale.Text)
		for lang, summary := range k.Product.Summary {
			if rest, ok := strings.CutPrefix(p.Description[lang], r.clean.toMarkdown(summary)); ok {
				out.Summary[lang], out.Description[lang] = summary, fromMarkdown(strings.TrimSpace(rest))
			}
		}
	} else {
		summary := make(locale.Text)
		for lang, s := range p.Subtitle {
			summary[lang] = "<p>" + escapeHTML(s) + "</p>"
			if was := k.Product.Summary[lang]; plainWords(was) == s {
				summary[lang] = was
			}
		}
		out.Summary = summary
	}
	if status, at := statusOf(k.Product, r.s.db.Now()); !known || status != p.Status || !at.Equal(p.PublishAt) {
		out.Status = map[catalog.Status]Status{catalog.Active: Active, catalog.Scheduled: Active, catalog.Archived: Archived}[p.Status]
		out.Status = cmp.Or(out.Status, Draft)
		out.PublishAt = p.PublishAt
		if p.Status == catalog.Active {
			out.Visibility = Everywhere
		}
	}
	out.EndAt = p.EndAt
	out.Vendor = p.Brand
	if class, _ := r.taxClass(k.Product.TaxClass); !known || class != p.TaxClassID {
		for _, c := range r.settings.Classes {
			if c.ID == p.TaxClassID {
				out.TaxClass = c.Code
			}
		}
		out.Taxable = true
	}
	out.Tags = p.Tags
	if tags := slices.Clone(k.Product.Tags); slices.Equal(slices.Sorted(slices.Values(tags)), slices.Sorted(slices.Values(p.Tags))) {
		out.Tags = tags // in the file's order
	}
	out.Categories = r.categories(p, k.Product.Categories)
	out.Attributes = r.attributes(custom.Product, p.Fields, k.Product.Attributes, k.Codes)
	out.Type = r.typeOf(p.Fields, k.Product.Type)
	out.Fields = r.plainFields(custom.Product, p.Fields, k.Product.Fields, k.Codes)
	r.asides(p.Fields, &out, nil)
	r.options(&out, p)
	r.variants(&out, p, k)
	out.Images = r.images(p, k)
	return out
}

// categories lists the paths of a product's places: those that the file named
// in its order, then the others.
func (r *reader) categories(p catalog.Product, was [][]string) [][]string {
	var paths [][]string
	for _, id := range p.Categories {
		var path []string
		for _, n := range r.tree.Path(id) {
			path = append(path, n.Name.In(r.lang, r.lang))
		}
		if len(path) > 0 {
			paths = append(paths, path)
		}
	}
	same := func(a, b []string) bool { return fold(strings.Join(a, "\x00")) == fold(strings.Join(b, "\x00")) }
	var out [][]string
	for _, w := range was {
		if slices.ContainsFunc(paths, func(p []string) bool { return same(p, w) }) {
			out = append(out, w)
		}
	}
	for _, p := range paths {
		if !slices.ContainsFunc(out, func(o []string) bool { return same(o, p) }) {
			out = append(out, p)
		}
	}
	return out
}

// texts is the value of a field in words, by language.
func texts(d custom.Field, v custom.Value) locale.Text {
	switch d.Kind {
	case custom.Choice:
		if o, ok := d.Option(v.Code); ok {
			return o.Name
		}
	case custom.Text:
		return v.Text
	case custom.Truth:
		if v.Truth {
			return locale.Text{"": "true"}
		}
		return locale.Text{"": "false"}
	case custom.Number:
		return locale.Text{"": custom.Decimal(v.Number)}
	case custom.Colour, custom.Date:
	}
	return locale.Text{"": v.Code}
}

// attributes reads the attributes back that the file named, with the values
// that their fields have now.
func (r *reader) attributes(owner custom.Owner, values custom.Values, was []Attribute, codes map[string]string) []Attribute {
	var out []Attribute
	for _, a := range was {
		code := codes[fold(a.Name[r.lang])]
		d, ok := r.fields[owner].By(code)
		v, set := values[code]
		if ok && !set || !ok && len(r.fields[owner]) < custom.MaxPerOwner {
			continue // taken away since, or its field was
		}
		if ok {
			if had, fits := attributeValue(d, a, r.lang); !fits || !agree(had, v) {
				t := texts(d, v)
				a.Values = nil
				for part := range strings.SplitSeq(t.In(r.lang, ""), ", ") {
					a.Values = append(a.Values, locale.Text{r.lang: part})
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// agree reports whether a value still says what the file said; a text may say
// it in further languages.
func agree(file, now custom.Value) bool {
	if file.Shape != custom.ShapeText || now.Shape != custom.ShapeText {
		return file.Equal(now)
	}
	for lang, s := range file.Text {
		if now.Text[lang] != s {
			return false
		}
	}
	return true
}

func (r *reader) typeOf(values custom.Values, was string) string {
	d, ok := r.fields[custom.Product].By("product_type")
	v, set := values["product_type"]
	if !ok || !set {
		return was
	}
	return texts(d, v).In(r.lang, "")
}

// plainFields reads the custom fields that are no attributes.
func (r *reader) plainFields(owner custom.Owner, values custom.Values, was []Field, codes map[string]string) []Field {
	attribute := map[string]bool{"product_type": true}
	for _, d := range asides() {
		attribute[d.key] = true
	}
	for _, code := range codes {
		attribute[code] = true
	}
	var out []Field
	seen := make(map[string]bool)
	for _, f := range was {
		seen[f.Key] = true
		if d, ok := r.fields[owner].By(f.Key); ok {
			v, set := values[f.Key]
			had, _, fits := d.Parse(f.Value)
			switch {
			case !set && fits:
				continue
			case set && !had.Equal(v):
				f.Value = texts(d, v).In(r.lang, "")
			}
		} else if len(r.fields[owner]) < custom.MaxPerOwner {
			continue // there was room for it: its field was deleted since
		}
		out = append(out, f)
	}
	for _, code := range slices.Sorted(maps.Keys(values)) {
		if d, ok := r.fields[owner].By(code); ok && !seen[code] && !attribute[code] {
			out = append(out, Field{code, texts(d, values[code]).In(r.lang, "")})
		}
	}
	return out
}

func (r *reader) options(out *Product, p catalog.Product) {
	was := out.Options
	out.Options = nil
	for i, o := range p.Options {
		n := Option{Name: maps.Clone(o.Name), Position: i + 1}
		for _, w := range was {
			if sameName(w.Name, o.Name) {
				n.Position, n.Visible, n.Global = w.Position, w.Visible, w.Global
			}
		}
		for _, v := range o.Values {
			n.Values = append(n.Values, maps.Clone(v.Name))
		}
		out.Options = append(out.Options, n)
	}
}

func (r *reader) variants(out *Product, p catalog.Product, k memory) {
	out.Variants = nil
	order := make([]catalog.Variant, 0, len(p.Variants))
	for _, id := range k.Variants {
		for _, v := range p.Variants {
			if v.ID == id {
				order = append(order, v)
			}
		}
	}
	for _, v := range p.Variants {
		if v.Status == catalog.Active && !slices.Contains(k.Variants, v.ID) {
			order = append(order, v)
		}
	}
	for _, v := range order {
		var was Variant
		at := slices.Index(k.Variants, v.ID)
		if at >= 0 && at < len(k.Product.Variants) {
			was = k.Product.Variants[at]
		} else {
			was = Variant{Taxable: true}
		}
		n := was
		n.SKU = v.SKU
		n.Barcode = cmp.Or(v.GTIN, was.Barcode)
		n.Choice = nil
		for i, code := range v.Values {
			n.Choice = append(n.Choice, slices.IndexFunc(p.Options[i].Values, func(o catalog.OptionValue) bool { return o.Code == code }))
		}
		if slices.Contains(n.Choice, -1) {
			continue // an archived one of options that are gone
		}
		n.Disabled = v.Status != catalog.Active
		n.Weight, n.Length, n.Width, n.Height = v.WeightGrams, v.LengthMM, v.WidthMM, v.HeightMM
		n.WeightUnit, n.DimensionUnit = cmp.Or(was.WeightUnit, unitIf(n.Weight > 0, "kg")), cmp.Or(was.DimensionUnit, unitIf(n.Length+n.Width+n.Height > 0, "cm"))
		n.Prices = r.prices(v, was.Prices)
		if !was.Stock.SoldOut && !was.Stock.OnOrder {
			n.Stock.Tracked = v.Tracked
		}
		if was.Stock.Known || v.Tracked && at < 0 {
			n.Stock.Known, n.Stock.Quantity = true, 0
			limit := int64(0)
			for _, l := range r.stock[v.ID] {
				n.Stock.Quantity += l.OnHand
				limit += l.BackorderLimit
			}
			if (limit > 0) != (was.Stock.Backorder != Deny) {
				n.Stock.Backorder = map[bool]Backorder{true: Allow, false: Deny}[limit > 0]
			}
		}
		n.Attributes = r.attributes(custom.Variant, v.Fields, was.Attributes, k.VariantCodes)
		n.Fields = r.plainFields(custom.Variant, v.Fields, was.Fields, k.VariantCodes)
		r.asides(v.Fields, out, &n)
		out.Variants = append(out.Variants, n)
	}
}

func unitIf(needed bool, unit string) string {
	if needed {
		return unit
	}
	return ""
}

// prices reads the prices of all lists. A price in a currency without a list
// is as the file said it, a sale with its dates as long as its price stands.
func (r *reader) prices(v catalog.Variant, was []Price) []Price {
	var out []Price
	seen := make(map[string]bool)
	for _, w := range was {
		list := r.priceList(w.Currency)
		now, ok := v.Price(list)
		switch {
		case list == "":
			out = append(out, w)
		case !ok:
		case now.Amount == w.Amount && now.CompareAt == w.CompareAt, !w.From.IsZero() && now.Amount == w.CompareAt, !w.Until.IsZero() && now.Amount == w.CompareAt:
			out = append(out, w)
		default:
			out = append(out, Price{Currency: now.Currency, Amount: now.Amount, CompareAt: now.CompareAt})
		}
		seen[w.Currency] = true
	}
	others := slices.Clone(v.Prices)
	slices.SortStableFunc(others, func(a, b catalog.Price) int { // the shop's own currency first
		return cmp.Compare(map[bool]int{true: 0, false: 1}[a.Currency == r.currency], map[bool]int{true: 0, false: 1}[b.Currency == r.currency])
	})
	for _, now := range others {
		if !seen[now.Currency] && r.priceList(now.Currency) == now.ListID {
			out = append(out, Price{Currency: now.Currency, Amount: now.Amount, CompareAt: now.CompareAt})
		}
	}
	return out
}

// images lists a product's pictures under the addresses they came from, then
// those that came from nowhere else. Pictures that only show a variant stay
// with it.
func (r *reader) images(p catalog.Product, k memory) []Image {
	var out []Image
	used := make(map[string]bool)
	for _, v := range k.Product.Variants {
		for _, img := range v.Images {
			used[k.Media[img.Src]] = true
		}
	}
	for _, img := range k.Product.Images {
		id := k.Media[img.Src]
		if id != "" && !slices.Contains(p.Media, id) {
			continue // taken away since
		}
		if m, ok := r.pictures[id]; ok && len(m.Alt) > 0 {
			img.Alt = m.Alt
		}
		used[id] = true
		out = append(out, img)
	}
	for _, id := range p.Media {
		if m, ok := r.pictures[id]; ok && !used[id] {
			out = append(out, Image{Src: r.base + m.URL(1600), Alt: m.Alt})
		}
	}
	return out
}
