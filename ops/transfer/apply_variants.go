package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	addresses "github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// mergeOptions recognises options and values by their names.
func (a *applier) mergeOptions(p *catalog.Product, old *catalog.Product) {
	p.Options = nil
	var codes []string
	for _, in := range a.in.Options {
		o := catalog.Option{Name: in.Name}
		if old != nil {
			for _, was := range old.Options {
				if sameName(was.Name, in.Name) {
					o = was
					o.Name = maps.Clone(was.Name)
					maps.Copy(o.Name, in.Name)
					break
				}
			}
		}
		if o.Code == "" {
			o.Code = newCode(in.Name, a.lang, codes)
		}
		codes = append(codes, o.Code)
		was := o.Values
		o.Values = nil
		var used []string
		for _, name := range in.Values {
			v := catalog.OptionValue{Name: name}
			for _, w := range was {
				if sameName(w.Name, name) && !slices.Contains(used, w.Code) {
					v = w
					v.Name = maps.Clone(w.Name)
					maps.Copy(v.Name, name)
					break
				}
			}
			if v.Code == "" {
				var taken []string
				for _, w := range was {
					taken = append(taken, w.Code)
				}
				v.Code = newCode(name, a.lang, append(taken, used...))
			}
			used = append(used, v.Code)
			o.Values = append(o.Values, v)
		}
		p.Options = append(p.Options, o)
	}
}

// newCode makes the code of an option or value.
func newCode(name locale.Text, lang string, taken []string) string {
	base := addresses.Make("", cmp.Or(name["en"], name[lang]))
	if len(base) > 60 {
		base = strings.Trim(strings.ToValidUTF8(base[:60], ""), "-")
	}
	if base == "" {
		sum := sha256.Sum256([]byte(name[lang]))
		base = "x" + hex.EncodeToString(sum[:4])
	}
	code := base
	for n := 2; slices.Contains(taken, code); n++ {
		code = base + "-" + strconv.Itoa(n)
	}
	return code
}

// mergeVariants recognises variants by SKU, else by what is chosen. Those that
// the file no longer has are archived: orders may know them.
func (a *applier) mergeVariants(p *catalog.Product, old *catalog.Product, now time.Time) error {
	var had []catalog.Variant
	if old != nil {
		had = old.Variants
	}
	used := make([]bool, len(had))
	find := func(match func(catalog.Variant) bool) (catalog.Variant, bool) {
		for i, v := range had {
			if !used[i] && match(v) {
				used[i] = true
				return v, true
			}
		}
		return catalog.Variant{}, false
	}
	p.Variants = make([]catalog.Variant, len(a.in.Variants))
	found := make([]bool, len(a.in.Variants))
	values := make([][]string, len(a.in.Variants))
	for i, in := range a.in.Variants {
		for o, at := range in.Choice {
			values[i] = append(values[i], p.Options[o].Values[at].Code)
		}
		if in.SKU != "" {
			p.Variants[i], found[i] = find(func(v catalog.Variant) bool { return catalog.FoldSKU(v.SKU) == catalog.FoldSKU(in.SKU) })
		}
	}
	for i := range a.in.Variants {
		if !found[i] {
			p.Variants[i], found[i] = find(func(v catalog.Variant) bool { return slices.Equal(v.Values, values[i]) })
		}
	}
	for i, in := range a.in.Variants {
		a.mergeVariant(&p.Variants[i], in, values[i], found[i], now)
	}
	for i, v := range had {
		if !used[i] {
			v.Status = catalog.Archived
			p.Variants = append(p.Variants, v)
		}
	}
	return nil
}

func (a *applier) mergeVariant(v *catalog.Variant, in Variant, values []string, found bool, now time.Time) {
	v.Values = values
	v.SKU = cmp.Or(in.SKU, v.SKU)
	if catalog.ValidGTIN(in.Barcode) {
		v.GTIN = in.Barcode
	} else if in.Barcode != "" {
		a.tell(in.Row, "transfer.barcode_kept", "barcode", excerpt(in.Barcode))
	}
	if was, ok := a.was(v.ID); !found || !ok || was.Disabled != in.Disabled {
		v.Status = catalog.Active
		if in.Disabled {
			v.Status = catalog.Archived
		}
	}
	v.Tracked = in.Stock.Tracked || in.Stock.SoldOut || in.Stock.OnOrder
	v.WeightGrams = cmp.Or(in.Weight, v.WeightGrams)
	v.LengthMM, v.WidthMM, v.HeightMM = cmp.Or(in.Length, v.LengthMM), cmp.Or(in.Width, v.WidthMM), cmp.Or(in.Height, v.HeightMM)
	if len(in.Images) > 0 {
		v.MediaID = cmp.Or(a.media[in.Images[0].Src], v.MediaID)
	}
	v.Prices = slices.Clone(v.Prices)
	for _, price := range in.Prices {
		list := a.priceList(price.Currency)
		if list == "" {
			continue
		}
		set := catalog.Price{ListID: list, Currency: price.Currency, Amount: price.Amount, CompareAt: price.CompareAt}
		switch {
		case price.holds(now) && !price.Until.IsZero():
			a.tell(in.Row, "transfer.sale_ends", "date", a.day(price.Until))
		case price.holds(now):
		case now.Before(price.From):
			set.Amount, set.CompareAt = price.CompareAt, 0
			a.tell(in.Row, "transfer.sale_not_begun", "date", a.day(price.From))
		default:
			set.Amount, set.CompareAt = price.CompareAt, 0
			a.tell(in.Row, "transfer.sale_over", "date", a.day(price.Until))
		}
		if had, ok := v.Price(list); ok && had.Amount == set.Amount && !a.sheet.has("compare at", "sale price") {
			set.CompareAt = had.CompareAt // the file has no column for it
		}
		v.Prices = slices.DeleteFunc(v.Prices, func(p catalog.Price) bool { return p.ListID == list })
		v.Prices = append(v.Prices, set)
	}
	v.Fields = maps.Clone(v.Fields)
	if v.Fields == nil {
		v.Fields = custom.Values{}
	}
	a.setFields(custom.Variant, v.Fields, in.Fields, in.Attributes, in.Row)
	a.setAsides(v.Fields, now, &in, v.ID, in.Row)
}

// was is what the last import said of a variant.
func (a *applier) was(id string) (Variant, bool) {
	if i := slices.Index(a.from.Kept.Variants, id); a.known && id != "" && i >= 0 && i < len(a.from.Kept.Product.Variants) {
		return a.from.Kept.Product.Variants[i], true
	}
	return Variant{}, false
}

// backorders is how many pieces may be sold beyond what is there when a source
// allows it without a limit.
const backorders = 1_000_000

// stockUp makes stock what the file says, where the file says something else
// than last time; sales since then stay.
func (a *applier) stockUp(ctx context.Context, tx *db.Tx, saved catalog.Product) (moved bool, err error) {
	if a.in.Partial || a.location == "" {
		return false, nil
	}
	var ids []string
	for i, in := range a.in.Variants {
		if in.Stock.Known || saved.Variants[i].Tracked && (in.Stock.SoldOut || in.Stock.OnOrder || in.Stock.Backorder != Deny) {
			ids = append(ids, saved.Variants[i].ID)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	levels, err := a.s.stock.Levels(ctx, tx, ids)
	if err != nil {
		return false, err
	}
	here := make(map[string]inventory.Level)
	for _, l := range levels {
		if l.LocationID == a.location {
			here[l.VariantID] = l
		}
	}
	var changes []inventory.Change
	for i, in := range a.in.Variants {
		v := saved.Variants[i]
		if !slices.Contains(ids, v.ID) {
			continue
		}
		was, known := a.was(v.ID)
		counted := in.Stock.Known || in.Stock.SoldOut || in.Stock.OnOrder
		if delta := in.Stock.Quantity - here[v.ID].OnHand; counted && delta != 0 && (!known || was.Stock != in.Stock) {
			changes = append(changes, inventory.Change{VariantID: v.ID, LocationID: a.location, Delta: delta, Document: a.run.ID, Note: "import"})
		}
		limit := int64(0)
		if in.Stock.Backorder != Deny || in.Stock.OnOrder {
			limit = backorders
		}
		if (limit > 0) != (here[v.ID].BackorderLimit > 0) && (!known || was.Stock != in.Stock) {
			if err := a.s.stock.SetPolicy(ctx, tx, a.actor, v.ID, a.location, here[v.ID].Safety, limit); err != nil {
				return false, err
			}
			moved = true
		}
	}
	if len(changes) == 0 {
		return moved, nil
	}
	if err := a.s.stock.Adjust(ctx, tx, a.actor, inventory.Import, changes); err != nil {
		return false, a.refused(err)
	}
	touched := make([]string, len(changes))
	for i, c := range changes {
		touched[i] = c.VariantID
	}
	return true, a.s.catalog.SortStock(ctx, tx, touched)
}
