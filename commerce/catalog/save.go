package catalog

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
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
