package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

// batch collects the rows that many drafts write, table by table.
type batch struct {
	products, options, values, variants, prices             [][]any
	media, categories, collections, related                 [][]any
	goneOptions, goneValues, goneVariants                   []string
	parkedOptions, parkedValues, parkedVariants             []string
	gonePrices                                              map[string][]string // by list
	goneMedia, goneCategories, goneCollections, goneRelated map[string][]string // by product
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
