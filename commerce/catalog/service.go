package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Service reads and changes the catalogue.
type Service struct {
	db     *db.DB
	lang   string // the shop's first language
	fields *custom.Service
	tree   *audit.Held[*Tree]
}

// New returns the catalogue of a shop. lang is the shop's first language, the
// fallback of all others. Call it before the log's Start.
func New(d *db.DB, log *audit.Log, fields *custom.Service, lang string) *Service {
	s := &Service{db: d, lang: lang, fields: fields}
	s.tree = audit.Hold(log, "category tree", []string{"category", "field"}, func(ctx context.Context) (*Tree, error) {
		return loadTree(ctx, d)
	})
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Get reads a whole product. It fails with "catalog.product_not_found", also
// when the product is deleted.
func (s *Service) Get(ctx context.Context, q db.Q, id string) (Product, error) {
	all, err := load(ctx, q, []string{id})
	if err != nil {
		return Product{}, err
	}
	p, ok := all[id]
	if !ok {
		return Product{}, notFound()
	}
	return *p, nil
}

func notFound() error { return fault.New(fault.NotFound, "catalog.product_not_found") }

// GetAll reads whole products by id; missing and deleted ones are left out.
func (s *Service) GetAll(ctx context.Context, q db.Q, ids []string) (map[string]*Product, error) {
	return load(ctx, q, ids)
}

// ByHandles reads whole products by their import handles.
func (s *Service) ByHandles(ctx context.Context, q db.Q, handles []string) (map[string]*Product, error) {
	owners, err := handleOwners(ctx, q, handles)
	if err != nil {
		return nil, err
	}
	all, err := load(ctx, q, slices.Collect(maps.Values(owners)))
	if err != nil {
		return nil, err
	}
	byHandle := make(map[string]*Product, len(all))
	for _, p := range all {
		byHandle[p.Handle] = p
	}
	return byHandle, nil
}

// BySKUs finds the living variants that have these SKUs, whatever their case:
// variant and product id by folded SKU (FoldSKU).
func (s *Service) BySKUs(ctx context.Context, q db.Q, skus []string) (map[string]VariantRef, error) {
	keys := make([]string, 0, len(skus))
	for _, sku := range skus {
		if key := FoldSKU(sku); key != "" {
			keys = append(keys, key)
		}
	}
	return variantsBySKU(ctx, q, keys)
}

// VariantRef names a variant and its product.
type VariantRef struct{ VariantID, ProductID string }

// Save creates a product (ID is "") or rewrites one, whole: variants, options
// and prices that are not in p are taken away. Variants are recognised by id,
// else by SKU, else by their values, so saving what was read changes nothing,
// and saving it a second time appends nothing to the change log. It returns
// the product as stored.
//
// It fails with "form.invalid" and every bad field ("variants.3.sku",
// "options.0.values.2.name", "fields.material"), with
// "catalog.version_conflict" (and both versions) when the product changed
// since p.Version, with "catalog.product_not_found", and with
// "catalog.sku_taken" when another transaction took a SKU at the same moment.
func (s *Service) Save(ctx context.Context, tx *db.Tx, actor audit.Actor, p Product) (Product, error) {
	saved, err := s.save(ctx, tx, actor, []Product{p}, func(int) string { return "" })
	if err != nil {
		return p, err
	}
	return saved[0], nil
}

// SaveAll is Save for many products with hardly more statements than for one.
// The paths of bad fields begin with the product's index ("3.variants.0.sku").
// One bad product makes all fail.
func (s *Service) SaveAll(ctx context.Context, tx *db.Tx, actor audit.Actor, products []Product) ([]Product, error) {
	return s.save(ctx, tx, actor, products, indexPrefix)
}

// SaveNow is Save in a transaction of its own.
func (s *Service) SaveNow(ctx context.Context, actor audit.Actor, p Product) (saved Product, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		saved, err = s.Save(ctx, tx, actor, p)
		return err
	})
	return saved, explain(err)
}

// explain turns the one constraint that two honest transactions can break
// together into a fault.
func explain(err error) error {
	switch {
	case db.IsUnique(err, "sku"):
		return fault.New(fault.Conflict, "catalog.sku_taken").Because(err)
	case db.IsUnique(err, "handle"):
		return fault.New(fault.Conflict, "catalog.handle_taken").Because(err)
	}
	return err
}
