package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// chunk bounds the ids of one IN list, and parameters those of one multi-row
// statement.
const (
	chunk      = 1000
	parameters = 6000
)

// list runs a query for many ids, some at a time. Its arguments are first and
// then the ids.
func list[T any](ctx context.Context, q db.Q, scan func(*db.Rows) (T, error), before string, ids []string, after string, first ...any) ([]T, error) {
	var all []T
	for part := range slices.Chunk(ids, chunk) {
		part = db.Padded(part)
		some, err := db.All(ctx, q, scan, before+db.In(1+len(first), len(part))+after, append(slices.Clip(first), db.Args(part)...)...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// write runs a multi-row statement for many rows, some at a time.
func write(ctx context.Context, tx *db.Tx, before string, columns int, rows [][]any, after string) error {
	for part := range db.Batches(rows, parameters/columns) {
		args := make([]any, 0, columns*len(part))
		for _, row := range part {
			args = append(args, row...)
		}
		if _, err := tx.Exec(ctx, before+db.Values(len(part), columns)+after, args...); err != nil {
			return err
		}
	}
	return nil
}

// execIn runs a statement for many ids, some at a time. Its arguments are first
// and then the ids.
func execIn(ctx context.Context, tx *db.Tx, before string, ids []string, first ...any) error {
	for part := range slices.Chunk(ids, chunk) {
		part = db.Padded(part)
		if _, err := tx.Exec(ctx, before+db.In(1+len(first), len(part)), append(slices.Clip(first), db.Args(part)...)...); err != nil {
			return err
		}
	}
	return nil
}

const productColumns = `p.id, p.handle, p.status, p.publish_at, p.end_at, p.brand, p.name, p.subtitle, p.description, p.seo_title, p.seo_description,
	p.tax_class_id, p.category_id, p.tags, p.fields, p.created_at, p.updated_at, p.version`

func scanProduct(rows *db.Rows, p *Product, before ...any) error {
	return rows.Scan(append(before, &p.ID, &p.Handle, &p.Status, db.Time(&p.PublishAt), db.Time(&p.EndAt), &p.Brand, db.JSON(&p.Name), db.JSON(&p.Subtitle),
		db.JSON(&p.Description), db.JSON(&p.SEOTitle), db.JSON(&p.SEODescription), &p.TaxClassID, db.Null(&p.CategoryID),
		db.JSON(&p.Tags), db.JSON(&p.Fields), db.Time(&p.CreatedAt), db.Time(&p.UpdatedAt), &p.Version)...)
}

func oneProduct(rows *db.Rows) (p *Product, err error) {
	p = new(Product)
	return p, scanProduct(rows, p)
}

// lockProducts locks the rows of products that are not deleted.
func lockProducts(ctx context.Context, tx *db.Tx, ids []string) error {
	_, err := list(ctx, tx, db.String, `SELECT id FROM product WHERE id IN `, ids, ` ORDER BY id`+tx.ForUpdate())
	return err
}

// load reads whole products, deleted ones and deleted variants left out, in
// ten statements for each thousand.
func load(ctx context.Context, q db.Q, ids []string) (map[string]*Product, error) {
	products, err := list(ctx, q, oneProduct, `SELECT `+productColumns+` FROM product p WHERE p.status <> 'deleted' AND p.id IN `, ids, ``)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Product, len(products))
	ids = ids[:0:0]
	for _, p := range products {
		all[p.ID] = p
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return all, nil
	}
	for _, part := range []func(context.Context, db.Q, map[string]*Product, []string) error{loadOptions, loadVariants, loadPrices, loadLists, loadSlugs} {
		if err := part(ctx, q, all, ids); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func loadOptions(ctx context.Context, q db.Q, all map[string]*Product, ids []string) error {
	type row struct {
		product string
		Option
	}
	options, err := list(ctx, q, func(rows *db.Rows) (o row, err error) {
		err = rows.Scan(&o.product, &o.ID, &o.Code, db.JSON(&o.Name))
		return o, err
	}, `SELECT product_id, id, code, name FROM product_option WHERE product_id IN `, ids, ` ORDER BY product_id, position, id`)
	if err != nil || len(options) == 0 {
		return err
	}
	type place struct {
		product *Product
		index   int
	}
	places := make(map[string]place, len(options))
	for _, o := range options {
		p := all[o.product]
		places[o.ID] = place{p, len(p.Options)}
		p.Options = append(p.Options, o.Option)
	}
	type valueRow struct {
		option string
		OptionValue
	}
	values, err := list(ctx, q, func(rows *db.Rows) (v valueRow, err error) {
		err = rows.Scan(&v.option, &v.ID, &v.Code, db.JSON(&v.Name), &v.Colour)
		return v, err
	}, `SELECT v.option_id, v.id, v.code, v.name, v.colour FROM option_value v JOIN product_option o ON o.id = v.option_id WHERE o.product_id IN `,
		ids, ` ORDER BY v.option_id, v.position, v.id`)
	for _, v := range values {
		at := places[v.option]
		o := &at.product.Options[at.index]
		o.Values = append(o.Values, v.OptionValue)
	}
	return err
}

const variantColumns = `v.id, v.product_id, v.sku, v.gtin, v.combination, v.status, v.tracked, v.weight_grams, v.length_mm, v.width_mm, v.height_mm,
	v.hs_code, v.origin, v.media_id, v.fields`

// variantRow is a variant as stored: its combination names values by id.
type variantRow struct {
	product, combination string
	Variant
}

func scanVariant(rows *db.Rows, v *variantRow, after ...any) error {
	return rows.Scan(append([]any{
		&v.ID, &v.product, &v.SKU, &v.GTIN, &v.combination, &v.Status, db.Truth(&v.Tracked), &v.WeightGrams, &v.LengthMM, &v.WidthMM,
		&v.HeightMM, &v.HSCode, &v.Origin, db.Null(&v.MediaID), db.JSON(&v.Fields),
	}, after...)...)
}

func loadVariants(ctx context.Context, q db.Q, all map[string]*Product, ids []string) error {
	variants, err := list(ctx, q, func(rows *db.Rows) (v variantRow, err error) {
		err = scanVariant(rows, &v)
		return v, err
	}, `SELECT `+variantColumns+` FROM variant v WHERE v.status <> 'deleted' AND v.product_id IN `, ids, ` ORDER BY v.product_id, v.position, v.id`)
	if err != nil {
		return err
	}
	codes := make(map[string]map[string]string, len(all))
	for _, v := range variants {
		p := all[v.product]
		if codes[p.ID] == nil {
			codes[p.ID] = valueCodes(p.Options)
		}
		v.Values = split(v.combination, codes[p.ID])
		p.Variants = append(p.Variants, v.Variant)
	}
	return nil
}

// valueCodes maps the ids of option values to their codes.
func valueCodes(options []Option) map[string]string {
	codes := make(map[string]string)
	for _, o := range options {
		for _, v := range o.Values {
			codes[v.ID] = v.Code
		}
	}
	return codes
}

// split turns a stored combination into codes; values that are gone are left
// out.
func split(combination string, codes map[string]string) []string {
	if combination == "" {
		return nil
	}
	ids := strings.Split(combination, "+")
	values := make([]string, 0, len(ids))
	for _, id := range ids {
		if code, ok := codes[id]; ok {
			values = append(values, code)
		}
	}
	return values
}

type priceRow struct {
	variant string
	Price
}

func loadPrices(ctx context.Context, q db.Q, all map[string]*Product, ids []string) error {
	prices, err := list(ctx, q, func(rows *db.Rows) (p priceRow, err error) {
		var compare *int64
		err = rows.Scan(&p.variant, &p.ListID, &p.Currency, &p.Amount, &compare)
		if compare != nil {
			p.CompareAt = money.Minor(*compare)
		}
		return p, err
	}, `SELECT x.variant_id, x.list_id, x.currency, x.amount, x.compare_at FROM price x JOIN variant v ON v.id = x.variant_id
		WHERE v.status <> 'deleted' AND v.product_id IN `, ids, ` ORDER BY x.variant_id, x.list_id`)
	if err != nil {
		return err
	}
	variants := make(map[string]*Variant)
	for _, p := range all {
		for i := range p.Variants {
			variants[p.Variants[i].ID] = &p.Variants[i]
		}
	}
	for _, p := range prices {
		if v := variants[p.variant]; v != nil {
			v.Prices = append(v.Prices, p.Price)
		}
	}
	return nil
}

type pair struct{ product, other string }

func scanPair(rows *db.Rows) (p pair, err error) {
	err = rows.Scan(&p.product, &p.other)
	return p, err
}

func loadLists(ctx context.Context, q db.Q, all map[string]*Product, ids []string) error {
	for _, l := range []struct {
		query, order string
		add          func(p *Product, other string)
	}{
		{
			`SELECT product_id, media_id FROM product_media WHERE product_id IN `, ` ORDER BY product_id, position`,
			func(p *Product, other string) { p.Media = append(p.Media, other) },
		},
		{
			`SELECT product_id, category_id FROM product_category WHERE product_id IN `, ` ORDER BY product_id, category_id`,
			func(p *Product, other string) { p.Categories = append(p.Categories, other) },
		},
		{
			`SELECT x.product_id, x.collection_id FROM collection_product x JOIN collection c ON c.id = x.collection_id WHERE c.kind = 'manual' AND x.product_id IN `, ` ORDER BY x.product_id, x.collection_id`,
			func(p *Product, other string) { p.Collections = append(p.Collections, other) },
		},
		{
			`SELECT product_id, related_id FROM product_relation WHERE product_id IN `, ` ORDER BY product_id, position`,
			func(p *Product, other string) { p.Related = append(p.Related, other) },
		},
	} {
		pairs, err := list(ctx, q, scanPair, l.query, ids, l.order)
		if err != nil {
			return err
		}
		for _, x := range pairs {
			l.add(all[x.product], x.other)
		}
	}
	return nil
}

func loadSlugs(ctx context.Context, q db.Q, all map[string]*Product, ids []string) error {
	slugs, err := slug.Of(ctx, q, ids)
	for id, text := range slugs {
		all[id].Slugs = text
	}
	return err
}

// missing returns the ids that are not in the table (with a further condition).
func missing(ctx context.Context, q db.Q, table, condition string, ids []string) (map[string]bool, error) {
	gone := make(map[string]bool)
	if len(ids) == 0 {
		return gone, nil
	}
	for _, id := range ids {
		gone[id] = true
	}
	there, err := list(ctx, q, db.String, `SELECT id FROM `+table+` WHERE id IN `, unique(ids), condition)
	for _, id := range there {
		delete(gone, id)
	}
	return gone, err
}

func currencies(ctx context.Context, q db.Q) (map[string]string, error) {
	pairs, err := db.All(ctx, q, scanPair, `SELECT id, currency FROM price_list`)
	lists := make(map[string]string, len(pairs))
	for _, p := range pairs {
		lists[p.product] = p.other
	}
	return lists, err
}

// owners maps folded SKUs to the variants that have them.
func skuOwners(ctx context.Context, q db.Q, keys []string) (map[string]string, error) {
	pairs, err := list(ctx, q, scanPair, `SELECT sku_key, id FROM variant WHERE sku_key IN `, keys, ``)
	owners := make(map[string]string, len(pairs))
	for _, p := range pairs {
		owners[p.product] = p.other
	}
	return owners, err
}

// handleOwners maps handles to the products that have them.
func handleOwners(ctx context.Context, q db.Q, handles []string) (map[string]string, error) {
	pairs, err := list(ctx, q, scanPair, `SELECT handle, id FROM product WHERE handle IN `, handles, ``)
	owners := make(map[string]string, len(pairs))
	for _, p := range pairs {
		owners[p.product] = p.other
	}
	return owners, err
}

func productRow(p Product, sortName string, now time.Time) []any {
	return []any{
		p.ID, p.Handle, string(p.Status), db.Time(&p.PublishAt), db.Time(&p.EndAt), p.Brand, db.JSON(p.Name), db.JSON(p.Subtitle), db.JSON(p.Description),
		db.JSON(p.SEOTitle), db.JSON(p.SEODescription), p.TaxClassID, db.Null(&p.CategoryID), db.JSON(strings0(p.Tags)), db.JSON(fields0(p.Fields)),
		sortName, p.CreatedAt.UnixMilli(), now.UnixMilli(), p.Version,
	}
}

func strings0(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func fields0(v custom.Values) custom.Values {
	if v == nil {
		return custom.Values{}
	}
	return v
}

// putProducts inserts new products and rewrites old ones.
func putProducts(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return write(ctx, tx, `
		INSERT INTO product (id, handle, status, publish_at, end_at, brand, name, subtitle, description, seo_title, seo_description,
			tax_class_id, category_id, tags, fields, sort_name, created_at, updated_at, version)
		VALUES `, 19, rows, `
		ON CONFLICT (id) DO UPDATE SET handle = excluded.handle, status = excluded.status, publish_at = excluded.publish_at, end_at = excluded.end_at, brand = excluded.brand,
			name = excluded.name, subtitle = excluded.subtitle, description = excluded.description, seo_title = excluded.seo_title,
			seo_description = excluded.seo_description, tax_class_id = excluded.tax_class_id, category_id = excluded.category_id,
			tags = excluded.tags, fields = excluded.fields, sort_name = excluded.sort_name, updated_at = excluded.updated_at, version = excluded.version`)
}

func putOptions(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return write(ctx, tx, `INSERT INTO product_option (id, product_id, code, name, position) VALUES `, 5, rows,
		` ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, position = excluded.position`)
}

func putOptionValues(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return write(ctx, tx, `INSERT INTO option_value (id, option_id, code, name, colour, position) VALUES `, 6, rows,
		` ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, colour = excluded.colour, position = excluded.position`)
}

func deleteOptions(ctx context.Context, tx *db.Tx, options, values []string) error {
	if err := execIn(ctx, tx, `DELETE FROM option_value WHERE id IN `, values); err != nil {
		return err
	}
	return execIn(ctx, tx, `DELETE FROM product_option WHERE id IN `, options)
}

// parkCodes gives options and values whose codes change places codes that
// nobody else has, so that the rewrite meets no unique constraint half-way.
func parkCodes(ctx context.Context, tx *db.Tx, options, values []string) error {
	if err := execIn(ctx, tx, `UPDATE product_option SET code = id WHERE id IN `, options); err != nil {
		return err
	}
	return execIn(ctx, tx, `UPDATE option_value SET code = id WHERE id IN `, values)
}

func variantValues(v Variant, productID, combination string, position int, now time.Time) []any {
	key := FoldSKU(v.SKU)
	return []any{
		v.ID, productID, v.SKU, db.Null(&key), v.GTIN, combination, string(v.Status), position, db.Bool(v.Tracked), v.WeightGrams, v.LengthMM,
		v.WidthMM, v.HeightMM, v.HSCode, v.Origin, db.Null(&v.MediaID), db.JSON(fields0(v.Fields)), now.UnixMilli(), now.UnixMilli(),
	}
}

func putVariants(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return write(ctx, tx, `
		INSERT INTO variant (id, product_id, sku, sku_key, gtin, combination, status, position, tracked, weight_grams, length_mm, width_mm, height_mm,
			hs_code, origin, media_id, fields, created_at, updated_at)
		VALUES `, 19, rows, `
		ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, sku_key = excluded.sku_key, gtin = excluded.gtin, combination = excluded.combination,
			status = excluded.status, position = excluded.position, tracked = excluded.tracked, weight_grams = excluded.weight_grams,
			length_mm = excluded.length_mm, width_mm = excluded.width_mm, height_mm = excluded.height_mm, hs_code = excluded.hs_code,
			origin = excluded.origin, media_id = excluded.media_id, fields = excluded.fields, updated_at = excluded.updated_at`)
}

// parkVariants takes variants out of the unique indexes for a moment, so that
// they may swap SKUs or combinations.
func parkVariants(ctx context.Context, tx *db.Tx, ids []string) error {
	return execIn(ctx, tx, `UPDATE variant SET sku_key = NULL, status = 'archived' WHERE id IN `, ids)
}

// deleteVariants frees their SKUs; the rows stay for the orders' sake.
func deleteVariants(ctx context.Context, tx *db.Tx, ids []string) error {
	if err := execIn(ctx, tx, `UPDATE variant SET status = 'deleted', sku_key = NULL, updated_at = $1 WHERE id IN `, ids, tx.Now().UnixMilli()); err != nil {
		return err
	}
	return execIn(ctx, tx, `DELETE FROM price WHERE variant_id IN `, ids)
}

func putPrices(ctx context.Context, tx *db.Tx, rows [][]any) error {
	return write(ctx, tx, `INSERT INTO price (list_id, variant_id, currency, amount, compare_at, updated_at) VALUES `, 6, rows,
		` ON CONFLICT (list_id, variant_id) DO UPDATE SET currency = excluded.currency, amount = excluded.amount, compare_at = excluded.compare_at, updated_at = excluded.updated_at`)
}

func deletePrices(ctx context.Context, tx *db.Tx, listID string, variants []string) error {
	return execIn(ctx, tx, `DELETE FROM price WHERE list_id = $1 AND variant_id IN `, variants, listID)
}

func priceValues(variantID string, p Price, now time.Time) []any {
	var compare any
	if p.CompareAt != 0 {
		compare = int64(p.CompareAt)
	}
	return []any{p.ListID, variantID, p.Currency, int64(p.Amount), compare, now.UnixMilli()}
}

// relink replaces what products are linked to in one of the link tables.
func relink(ctx context.Context, tx *db.Tx, table, column string, gone map[string][]string, rows [][]any) error {
	for _, product := range sortedKeys(gone) {
		if err := execIn(ctx, tx, `DELETE FROM `+table+` WHERE product_id = $1 AND `+column+` IN `, gone[product], product); err != nil {
			return err
		}
	}
	return write(ctx, tx, `INSERT INTO `+table+` (product_id, `+column+`, position) VALUES `, 3, rows,
		` ON CONFLICT (product_id, `+column+`) DO UPDATE SET position = excluded.position`)
}

func markDeleted(ctx context.Context, tx *db.Tx, id string) error {
	now := tx.Now().UnixMilli()
	for _, query := range []string{
		`UPDATE product SET status = 'deleted', publish_at = NULL, end_at = NULL, handle = id, category_id = NULL, updated_at = $1, version = version + 1 WHERE id = $2`,
		`UPDATE variant SET status = 'deleted', sku_key = NULL, updated_at = $1 WHERE product_id = $2`,
	} {
		if _, err := tx.Exec(ctx, query, now, id); err != nil {
			return err
		}
	}
	for _, query := range []string{
		`DELETE FROM price WHERE variant_id IN (SELECT id FROM variant WHERE product_id = $1)`,
		`DELETE FROM product_media WHERE product_id = $1`,
		`DELETE FROM product_category WHERE product_id = $1`,
		`DELETE FROM collection_product WHERE product_id = $1`,
		`DELETE FROM product_relation WHERE product_id = $1 OR related_id = $1`,
	} {
		if _, err := tx.Exec(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}

// productIDs lists products that are not deleted in id order, after a given one.
func productIDs(ctx context.Context, q db.Q, after string, limit int) ([]string, error) {
	return db.All(ctx, q, db.String, `SELECT id FROM product WHERE id > $1 AND status <> 'deleted' ORDER BY id LIMIT $2`, after, limit)
}

// productsOf lists the products variants belong to.
func productsOf(ctx context.Context, q db.Q, variants []string) ([]string, error) {
	return list(ctx, q, db.String, `SELECT DISTINCT product_id FROM variant WHERE id IN `, variants, ` ORDER BY product_id`)
}

func variantsBySKU(ctx context.Context, q db.Q, keys []string) (map[string]VariantRef, error) {
	found := make(map[string]VariantRef, len(keys))
	_, err := list(ctx, q, func(rows *db.Rows) (key string, err error) {
		var ref VariantRef
		err = rows.Scan(&key, &ref.VariantID, &ref.ProductID)
		found[key] = ref
		return key, err
	}, `SELECT sku_key, id, product_id FROM variant WHERE sku_key IN `, keys, ``)
	return found, err
}

// livingVariants maps variants that are not deleted to their products.
func livingVariants(ctx context.Context, q db.Q, ids []string) (map[string]string, error) {
	pairs, err := list(ctx, q, scanPair, `SELECT id, product_id FROM variant WHERE status <> 'deleted' AND id IN `, ids, ``)
	owners := make(map[string]string, len(pairs))
	for _, p := range pairs {
		owners[p.product] = p.other
	}
	return owners, err
}

// touch bumps the version of products.
func touch(ctx context.Context, tx *db.Tx, ids []string) error {
	return execIn(ctx, tx, `UPDATE product SET updated_at = $1, version = version + 1 WHERE id IN `, ids, tx.Now().UnixMilli())
}

// unpicture takes pictures from a product's variants.
func unpicture(ctx context.Context, tx *db.Tx, product string, media []string) error {
	return execIn(ctx, tx, `UPDATE variant SET media_id = NULL, updated_at = $1 WHERE product_id = $2 AND media_id IN `, media, tx.Now().UnixMilli(), product)
}

type statusRow struct {
	id        string
	status    Status
	publishAt time.Time
	variants  int
}

// statuses reads the status of products, with the number of active variants.
func statuses(ctx context.Context, q db.Q, ids []string) (map[string]statusRow, error) {
	found, err := list(ctx, q, func(rows *db.Rows) (r statusRow, err error) {
		err = rows.Scan(&r.id, &r.status, db.Time(&r.publishAt), &r.variants)
		return r, err
	}, `SELECT p.id, p.status, p.publish_at, (SELECT COUNT(*) FROM variant v WHERE v.product_id = p.id AND v.status = 'active')
		FROM product p WHERE p.status <> 'deleted' AND p.id IN `, ids, ``)
	all := make(map[string]statusRow, len(found))
	for _, r := range found {
		all[r.id] = r
	}
	return all, err
}

// setStatus sets the status of products, and takes an end away that lies at
// begin or before.
func setStatus(ctx context.Context, tx *db.Tx, ids []string, status Status, publishAt, begin time.Time) error {
	return execIn(ctx, tx, `UPDATE product SET status = $1, publish_at = $2, end_at = CASE WHEN end_at <= $4 THEN NULL ELSE end_at END, updated_at = $3, version = version + 1 WHERE id IN `, ids,
		string(status), db.Time(&publishAt), tx.Now().UnixMilli(), begin.UnixMilli())
}
