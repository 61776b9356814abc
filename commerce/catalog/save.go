package catalog

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

func indexPrefix(i int) string { return strconv.Itoa(i) + "." }

// draft is one product on its way into the database.
type draft struct {
	p      Product
	old    *Product // nil for a new one
	prefix string   // of its fields' paths
	change map[string]any
	before map[string]any
}

// batch collects the rows that many drafts write, table by table.
type batch struct {
	products, options, values, variants, prices             [][]any
	media, categories, collections, related                 [][]any
	goneOptions, goneValues, goneVariants                   []string
	parkedOptions, parkedValues, parkedVariants             []string
	gonePrices                                              map[string][]string // by list
	goneMedia, goneCategories, goneCollections, goneRelated map[string][]string // by product
}

func (s *Service) save(ctx context.Context, tx *db.Tx, actor audit.Actor, products []Product, prefix func(int) string) ([]Product, error) {
	drafts, err := s.prepare(ctx, tx, products, prefix)
	if err != nil {
		return nil, err
	}
	var form fault.Form
	if err := s.examine(ctx, tx, &form, drafts); err != nil {
		return nil, err
	}
	if err := form.Err(); err != nil {
		return nil, err
	}
	var b batch
	var changed []*draft
	for i := range drafts {
		d := &drafts[i]
		d.identify(tx)
		if d.compare(); len(d.change) == 0 {
			continue
		}
		d.p.UpdatedAt = tx.Now()
		d.p.Version++
		if d.old == nil {
			d.p.CreatedAt, d.p.Version = tx.Now(), 1
		}
		b.add(d, s.lang, tx.Now())
		changed = append(changed, d)
	}
	if len(changed) > 0 {
		if err := b.write(ctx, tx); err != nil {
			return nil, explain(err)
		}
		if err := address(ctx, tx, changed); err != nil {
			return nil, err
		}
		ids := make([]string, len(changed))
		for i, d := range changed {
			ids[i] = d.p.ID
		}
		if err := s.Sort(ctx, tx, ids); err != nil {
			return nil, err
		}
	}
	for _, d := range changed {
		c := audit.Change{Actor: actor, Action: "product.saved", Object: "product", ID: d.p.ID, Before: d.before, After: d.change}
		if d.old == nil {
			c.Action, c.Before = "product.created", nil
		}
		if err := audit.Append(ctx, tx, c); err != nil {
			return nil, err
		}
	}
	saved := make([]Product, len(drafts))
	for i, d := range drafts {
		saved[i] = d.p
	}
	return saved, nil
}

// prepare locks and loads what is there and brings what is given into its
// canonical form.
func (s *Service) prepare(ctx context.Context, tx *db.Tx, products []Product, prefix func(int) string) ([]draft, error) {
	var ids []string
	for _, p := range products {
		if p.ID != "" {
			ids = append(ids, p.ID)
		}
	}
	var stored map[string]*Product
	if len(ids) > 0 {
		if err := lockProducts(ctx, tx, ids); err != nil {
			return nil, err
		}
		var err error
		if stored, err = load(ctx, tx, ids); err != nil {
			return nil, err
		}
	}
	drafts := make([]draft, len(products))
	for i, p := range products {
		d := draft{p: p, prefix: prefix(i)}
		if p.ID != "" {
			if d.old = stored[p.ID]; d.old == nil {
				return nil, notFound()
			}
			if p.Version != d.old.Version {
				return nil, fault.New(fault.Conflict, "catalog.version_conflict").With("version", p.Version).With("current", d.old.Version)
			}
			d.p.CreatedAt, d.p.UpdatedAt = d.old.CreatedAt, d.old.UpdatedAt
			d.p.adopt(*d.old)
		}
		d.p = d.p.tidy()
		drafts[i] = d
	}
	return drafts, nil
}

// adopt gives options and values the codes they are stored under, so that a
// new name makes no new code, and what has only a code the id it is stored
// under.
func (p *Product) adopt(old Product) {
	p.Options = slices.Clone(p.Options)
	for i := range p.Options {
		o := &p.Options[i]
		k := slices.IndexFunc(old.Options, func(x Option) bool { return x.ID == o.ID || (o.ID == "" && o.Code != "" && x.Code == o.Code) })
		if k < 0 {
			o.ID = ""
			continue
		}
		was := old.Options[k]
		o.ID = was.ID
		if o.Code == "" {
			o.Code = was.Code
		}
		byID := make(map[string]OptionValue, len(was.Values))
		byCode := make(map[string]OptionValue, len(was.Values))
		for _, v := range was.Values {
			byID[v.ID], byCode[v.Code] = v, v
		}
		o.Values = slices.Clone(o.Values)
		for j := range o.Values {
			v := &o.Values[j]
			x, ok := byID[v.ID]
			if !ok && v.ID == "" && v.Code != "" {
				x, ok = byCode[v.Code]
			}
			if !ok {
				v.ID = ""
				continue
			}
			v.ID = x.ID
			if v.Code == "" {
				v.Code = x.Code
			}
		}
	}
	if p.Handle == "" {
		p.Handle = old.Handle
	}
}

// examine reports every fault of the drafts, those that only the database
// knows of included.
func (s *Service) examine(ctx context.Context, tx *db.Tx, form *fault.Form, drafts []draft) error {
	fields, err := custom.Lock(ctx, tx, custom.Product, custom.Variant)
	if err != nil {
		return err
	}
	for i := range drafts {
		d := &drafts[i]
		var own fault.Form
		d.p.check(&own)
		if err := d.checkFields(&own, fields); err != nil {
			return err
		}
		if err := form.Merge(d.prefix, own.Err()); err != nil {
			return err
		}
	}
	for _, check := range []func(context.Context, *db.Tx, *fault.Form, []draft) error{checkReferences, checkPriceLists, checkHandles, checkSKUs} {
		if err := check(ctx, tx, form, drafts); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) checkFields(form *fault.Form, fields map[custom.Owner]custom.Definitions) error {
	var before custom.Values
	variants := make(map[string]custom.Values)
	if d.old != nil {
		before = d.old.Fields
		for _, v := range d.old.Variants {
			variants[v.ID] = v.Fields
		}
	}
	values, err := fields[custom.Product].Check(d.p.Fields, before)
	d.p.Fields = values
	if err := form.Merge("fields.", err); err != nil {
		return err
	}
	for i := range d.p.Variants {
		v := &d.p.Variants[i]
		values, err := fields[custom.Variant].Check(v.Fields, variants[v.ID])
		v.Fields = values
		if err := form.Merge("variants."+strconv.Itoa(i)+".fields.", err); err != nil {
			return err
		}
	}
	return nil
}

// checkReferences makes sure that everything a product names exists. What it
// named already is not asked for again.
func checkReferences(ctx context.Context, tx *db.Tx, form *fault.Form, drafts []draft) error {
	for _, ref := range []struct {
		table, condition, path, reason string
		of                             func(p *Product) []string
	}{
		{"tax_class", ``, "tax_class", "catalog.unknown_tax_class", func(p *Product) []string { return []string{p.TaxClassID} }},
		{"category", ``, "categories", "catalog.unknown_category", func(p *Product) []string { return p.Categories }},
		{"collection", ` AND kind = 'manual'`, "collections", "catalog.unknown_collection", func(p *Product) []string { return p.Collections }},
		{"media", ``, "media", "catalog.unknown_media", func(p *Product) []string { return p.Media }},
		{"product", ` AND status <> 'deleted'`, "related", "catalog.unknown_product", func(p *Product) []string { return p.Related }},
	} {
		var fresh []string
		for _, d := range drafts {
			for _, id := range ref.of(&d.p) {
				if id != "" && (d.old == nil || !slices.Contains(ref.of(d.old), id)) {
					fresh = append(fresh, id)
				}
			}
		}
		gone, err := missing(ctx, tx, ref.table, ref.condition, fresh)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			continue
		}
		for _, d := range drafts {
			for i, id := range ref.of(&d.p) {
				if gone[id] {
					path := d.prefix + ref.path
					if ref.table != "tax_class" {
						path += "." + strconv.Itoa(i)
					}
					form.Add(path, ref.reason)
				}
			}
		}
	}
	return nil
}

// checkPriceLists makes sure that every price is in its list's currency. An
// empty currency becomes the list's.
func checkPriceLists(ctx context.Context, tx *db.Tx, form *fault.Form, drafts []draft) error {
	var lists map[string]string
	for _, d := range drafts {
		for i := range d.p.Variants {
			for j := range d.p.Variants[i].Prices {
				if lists == nil {
					var err error
					if lists, err = currencies(ctx, tx); err != nil {
						return err
					}
				}
				price := &d.p.Variants[i].Prices[j]
				currency, ok := lists[price.ListID]
				if price.Currency == "" {
					price.Currency = currency
				}
				path := d.prefix + "variants." + strconv.Itoa(i) + ".prices." + strconv.Itoa(j)
				switch {
				case !ok:
					form.Add(path+".list", "catalog.unknown_price_list")
				case price.Currency != currency:
					form.Add(path+".currency", "catalog.wrong_currency", "currency", currency)
				}
			}
		}
	}
	return nil
}

func checkHandles(ctx context.Context, tx *db.Tx, form *fault.Form, drafts []draft) error {
	var fresh []string
	seen := make(map[string]bool)
	for _, d := range drafts {
		if d.p.Handle == "" || (d.old != nil && d.old.Handle == d.p.Handle) {
			continue
		}
		if seen[d.p.Handle] {
			form.Add(d.prefix+"handle", "catalog.handle_taken")
		}
		seen[d.p.Handle] = true
		fresh = append(fresh, d.p.Handle)
	}
	owners, err := handleOwners(ctx, tx, fresh)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if owner := owners[d.p.Handle]; owner != "" && owner != d.p.ID {
			form.Add(d.prefix+"handle", "catalog.handle_taken")
		}
	}
	return nil
}

// checkSKUs recognises variants by SKU and makes sure that no other product
// has one of the SKUs.
func checkSKUs(ctx context.Context, tx *db.Tx, form *fault.Form, drafts []draft) error {
	var fresh []string
	for _, d := range drafts {
		var had map[string]bool
		if d.old != nil {
			had = make(map[string]bool, len(d.old.Variants))
			for _, v := range d.old.Variants {
				had[FoldSKU(v.SKU)] = true
			}
		}
		for _, v := range d.p.Variants {
			if key := FoldSKU(v.SKU); key != "" && !had[key] {
				fresh = append(fresh, key)
			}
		}
	}
	owners, err := skuOwners(ctx, tx, fresh)
	if err != nil {
		return err
	}
	var mine map[string]bool
	if len(owners) > 0 {
		mine = make(map[string]bool)
		for _, d := range drafts {
			if d.old != nil {
				for _, v := range d.old.Variants {
					mine[v.ID] = true
				}
			}
		}
	}
	seen := make(map[string]int)
	for i, d := range drafts {
		for j, v := range d.p.Variants {
			key := FoldSKU(v.SKU)
			if key == "" {
				continue
			}
			other, twice := seen[key]
			if owner := owners[key]; (owner != "" && !mine[owner]) || (twice && other != i) {
				form.Add(d.prefix+"variants."+strconv.Itoa(j)+".sku", "catalog.sku_taken", "sku", v.SKU)
			}
			seen[key] = i
		}
	}
	return nil
}

// identify gives ids to everything that is new and recognises what is not.
func (d *draft) identify(tx *db.Tx) {
	p := &d.p
	if d.old == nil {
		p.ID = tx.NewID("prd")
	}
	if p.Handle == "" {
		p.Handle = p.ID
	}
	for i := range p.Options {
		o := &p.Options[i]
		if d.old == nil || o.ID == "" {
			o.ID = tx.NewID("opt")
		}
		for j := range o.Values {
			if v := &o.Values[j]; d.old == nil || v.ID == "" {
				v.ID = tx.NewID("val")
			}
		}
	}
	byID := make(map[string]bool)
	bySKU := make(map[string]string)
	byValues := make(map[string]string)
	if d.old != nil {
		for _, v := range d.old.Variants {
			byID[v.ID] = true
			if key := FoldSKU(v.SKU); key != "" {
				bySKU[key] = v.ID
			}
			if v.Status == Active {
				byValues[strings.Join(v.Values, "+")] = v.ID
			}
		}
	}
	taken := make(map[string]bool)
	for i := range p.Variants {
		v := &p.Variants[i]
		if !byID[v.ID] || taken[v.ID] {
			v.ID = ""
		}
		taken[v.ID] = true
	}
	for _, find := range []func(v *Variant) string{
		func(v *Variant) string { return bySKU[FoldSKU(v.SKU)] },
		func(v *Variant) string { return byValues[strings.Join(v.Values, "+")] },
	} {
		for i := range p.Variants {
			v := &p.Variants[i]
			if v.ID != "" {
				continue
			}
			if id := find(v); id != "" && !taken[id] {
				v.ID, taken[id] = id, true
			}
		}
	}
	for i := range p.Variants {
		if v := &p.Variants[i]; v.ID == "" {
			v.ID = tx.NewID("var")
		}
	}
}

// compare notes what differs from what is stored, by field, for the change
// log.
func (d *draft) compare() {
	d.before, d.change = make(map[string]any), make(map[string]any)
	old := d.old
	if old == nil {
		d.change["name"], d.change["status"], d.change["handle"], d.change["variants"] = d.p.Name, d.p.Status, d.p.Handle, len(d.p.Variants)
		return
	}
	note := func(name string, same bool, before, after any) {
		if !same {
			d.before[name], d.change[name] = before, after
		}
	}
	p := &d.p
	note("handle", p.Handle == old.Handle, old.Handle, p.Handle)
	note("status", p.Status == old.Status, old.Status, p.Status)
	note("publish_at", p.PublishAt.Equal(old.PublishAt), old.PublishAt, p.PublishAt)
	note("brand", p.Brand == old.Brand, old.Brand, p.Brand)
	for _, t := range []struct {
		name          string
		before, after locale.Text
	}{
		{"name", old.Name, p.Name}, {"subtitle", old.Subtitle, p.Subtitle}, {"description", old.Description, p.Description},
		{"seo_title", old.SEOTitle, p.SEOTitle}, {"seo_description", old.SEODescription, p.SEODescription},
	} {
		note(t.name, maps.Equal(t.before, t.after), t.before, t.after)
	}
	slugs := maps.Clone(old.Slugs)
	if slugs == nil {
		slugs = locale.Text{}
	}
	maps.Copy(slugs, p.Slugs)
	for lang := range p.Name {
		if slugs[lang] == "" {
			slugs[lang] = "?" // will be made from the name
		}
	}
	note("slugs", maps.Equal(slugs, old.Slugs), old.Slugs, slugs)
	note("tax_class", p.TaxClassID == old.TaxClassID, old.TaxClassID, p.TaxClassID)
	note("category", p.CategoryID == old.CategoryID, old.CategoryID, p.CategoryID)
	for _, l := range []struct {
		name          string
		before, after []string
		ordered       bool
	}{
		{"categories", old.Categories, p.Categories, false}, {"collections", old.Collections, p.Collections, false},
		{"tags", old.Tags, p.Tags, true}, {"media", old.Media, p.Media, true}, {"related", old.Related, p.Related, true},
	} {
		before, after := l.before, l.after
		if !l.ordered {
			before, after = slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(after))
		}
		note(l.name, slices.Equal(before, after), l.before, l.after)
	}
	note("fields", p.Fields.Equal(old.Fields), old.Fields, p.Fields)
	note("options", slices.EqualFunc(p.Options, old.Options, sameOption), old.Options, p.Options)
	d.compareVariants(note)
}

func sameOption(a, b Option) bool {
	return a.ID == b.ID && a.Code == b.Code && maps.Equal(a.Name, b.Name) && slices.EqualFunc(a.Values, b.Values, sameValue)
}

func sameValue(a, b OptionValue) bool {
	return a.ID == b.ID && a.Code == b.Code && a.Colour == b.Colour && maps.Equal(a.Name, b.Name)
}

func sameVariant(a, b Variant) bool {
	return a.ID == b.ID && a.SKU == b.SKU && a.GTIN == b.GTIN && slices.Equal(a.Values, b.Values) && a.Status == b.Status && a.Tracked == b.Tracked &&
		a.WeightGrams == b.WeightGrams && a.LengthMM == b.LengthMM && a.WidthMM == b.WidthMM && a.HeightMM == b.HeightMM &&
		a.HSCode == b.HSCode && a.Origin == b.Origin && a.MediaID == b.MediaID && a.Fields.Equal(b.Fields)
}

// compareVariants notes only the variants that differ.
func (d *draft) compareVariants(note func(string, bool, any, any)) {
	was := make(map[string]Variant, len(d.old.Variants))
	order := make([]string, 0, len(d.old.Variants))
	for _, v := range d.old.Variants {
		was[v.ID] = v
		order = append(order, v.ID)
	}
	before, after := []Variant{}, []Variant{}
	for i, v := range d.p.Variants {
		old, ok := was[v.ID]
		delete(was, v.ID)
		if ok && i < len(order) && order[i] == v.ID && sameVariant(v, old) && slices.Equal(v.Prices, old.Prices) {
			continue
		}
		if ok {
			before = append(before, old)
		}
		after = append(after, v)
	}
	for _, id := range order {
		if v, ok := was[id]; ok {
			before = append(before, v)
		}
	}
	note("variants", len(before)+len(after) == 0, before, after)
}

// add collects the rows in which the draft differs from what is stored.
func (b *batch) add(d *draft, lang string, now time.Time) {
	var old Product
	if d.old != nil {
		old = *d.old
	}
	p := d.p
	b.products = append(b.products, productRow(p, FoldName(p.Name.In(lang, lang)), now))
	b.addOptions(p, old)
	b.addVariants(p, old, now)
	b.media, b.goneMedia = links(b.media, b.goneMedia, p.ID, old.Media, p.Media, true)
	b.categories, b.goneCategories = links(b.categories, b.goneCategories, p.ID, old.Categories, p.Categories, false)
	b.collections, b.goneCollections = links(b.collections, b.goneCollections, p.ID, old.Collections, p.Collections, false)
	b.related, b.goneRelated = links(b.related, b.goneRelated, p.ID, old.Related, p.Related, true)
}

func (b *batch) addOptions(p, old Product) {
	type place struct {
		value    OptionValue
		position int
	}
	options := make(map[string]Option)
	positions := make(map[string]int)
	values := make(map[string]place)
	for i, o := range old.Options {
		options[o.ID], positions[o.ID] = o, i
		for j, v := range o.Values {
			values[v.ID] = place{v, j}
		}
	}
	for i, o := range p.Options {
		was, ok := options[o.ID]
		if ok && was.Code != o.Code {
			b.parkedOptions = append(b.parkedOptions, o.ID)
		}
		if !ok || was.Code != o.Code || positions[o.ID] != i || !maps.Equal(was.Name, o.Name) {
			b.options = append(b.options, []any{o.ID, p.ID, o.Code, db.JSON(o.Name), i})
		}
		delete(options, o.ID)
		for j, v := range o.Values {
			was, ok := values[v.ID]
			if ok && was.value.Code != v.Code {
				b.parkedValues = append(b.parkedValues, v.ID)
			}
			if !ok || was.position != j || !sameValue(was.value, v) {
				b.values = append(b.values, []any{v.ID, o.ID, v.Code, db.JSON(v.Name), v.Colour, j})
			}
			delete(values, v.ID)
		}
	}
	b.goneOptions = append(b.goneOptions, sortedKeys(options)...)
	b.goneValues = append(b.goneValues, sortedKeys(values)...)
}

func (b *batch) addVariants(p, old Product, now time.Time) {
	was := make(map[string]Variant, len(old.Variants))
	positions := make(map[string]int, len(old.Variants))
	for i, v := range old.Variants {
		was[v.ID], positions[v.ID] = v, i
	}
	ids, oldIDs := valueIDs(p.Options), valueIDs(old.Options)
	for i, v := range p.Variants {
		stored, ok := was[v.ID]
		delete(was, v.ID)
		combination := combine(v.Values, ids)
		// A code may have changed its value, or a value its code: what counts is
		// which values the variant stands for.
		moved := ok && combine(stored.Values, oldIDs) != combination
		if ok && (moved || FoldSKU(stored.SKU) != FoldSKU(v.SKU) || stored.Status != v.Status) {
			b.parkedVariants = append(b.parkedVariants, v.ID)
		}
		if !ok || moved || positions[v.ID] != i || !sameVariant(stored, v) {
			b.variants = append(b.variants, variantValues(v, p.ID, combination, i, now))
		}
		for _, price := range v.Prices {
			if had, ok := stored.Price(price.ListID); !ok || had != price {
				b.prices = append(b.prices, priceValues(v.ID, price, now))
			}
		}
		for _, had := range stored.Prices {
			if _, ok := v.Price(had.ListID); !ok {
				if b.gonePrices == nil {
					b.gonePrices = make(map[string][]string)
				}
				b.gonePrices[had.ListID] = append(b.gonePrices[had.ListID], v.ID)
			}
		}
	}
	b.goneVariants = append(b.goneVariants, sortedKeys(was)...)
}

// combine names a variant's values by id.
func combine(values []string, ids []map[string]string) string {
	parts := make([]string, 0, len(values))
	for k, code := range values {
		if k < len(ids) && ids[k][code] != "" {
			parts = append(parts, ids[k][code])
		}
	}
	return strings.Join(parts, "+")
}

// valueIDs maps the codes of each option's values to their ids.
func valueIDs(options []Option) []map[string]string {
	ids := make([]map[string]string, len(options))
	for k, o := range options {
		ids[k] = make(map[string]string, len(o.Values))
		for _, v := range o.Values {
			ids[k][v.Code] = v.ID
		}
	}
	return ids
}

// links adds the rows of a link table that are new or moved, and notes those
// that are gone. Unordered links keep the position they have.
func links(rows [][]any, gone map[string][]string, product string, old, now []string, ordered bool) ([][]any, map[string][]string) {
	for i, id := range now {
		k := slices.Index(old, id)
		switch {
		case !ordered && k < 0:
			rows = append(rows, []any{product, id, unplaced})
		case ordered && k != i:
			rows = append(rows, []any{product, id, i})
		}
	}
	for _, id := range old {
		if !slices.Contains(now, id) {
			if gone == nil {
				gone = make(map[string][]string)
			}
			gone[product] = append(gone[product], id)
		}
	}
	return rows, gone
}

func (b *batch) write(ctx context.Context, tx *db.Tx) error {
	steps := []func() error{
		func() error { return putProducts(ctx, tx, b.products) },
		func() error { return deleteVariants(ctx, tx, b.goneVariants) },
		func() error { return parkVariants(ctx, tx, b.parkedVariants) },
		func() error { return deleteOptions(ctx, tx, b.goneOptions, b.goneValues) },
		func() error { return parkCodes(ctx, tx, b.parkedOptions, b.parkedValues) },
		func() error { return putOptions(ctx, tx, b.options) },
		func() error { return putOptionValues(ctx, tx, b.values) },
		func() error { return putVariants(ctx, tx, b.variants) },
		func() error {
			for _, listID := range sortedKeys(b.gonePrices) {
				if err := deletePrices(ctx, tx, listID, b.gonePrices[listID]); err != nil {
					return err
				}
			}
			return putPrices(ctx, tx, b.prices)
		},
		func() error { return relink(ctx, tx, "product_media", "media_id", b.goneMedia, b.media) },
		func() error {
			return relink(ctx, tx, "product_category", "category_id", b.goneCategories, b.categories)
		},
		func() error {
			return relink(ctx, tx, "collection_product", "collection_id", b.goneCollections, b.collections)
		},
		func() error { return relink(ctx, tx, "product_relation", "related_id", b.goneRelated, b.related) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// address gives the drafts their slugs.
func address(ctx context.Context, tx *db.Tx, drafts []*draft) error {
	objects := make([]slug.Object, len(drafts))
	for i, d := range drafts {
		objects[i] = slug.Object{ID: d.p.ID, New: d.old == nil, Slugs: d.p.Slugs, Names: d.p.Name}
	}
	current, taken, err := slug.Apply(ctx, tx, slug.Product, objects)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		var form fault.Form
		for _, t := range taken {
			form.Add(drafts[t.Index].prefix+"slugs."+t.Locale, "slug.taken", "slug", t.Slug)
		}
		return form.Err()
	}
	for i, d := range drafts {
		d.p.Slugs = current[i]
	}
	return nil
}
