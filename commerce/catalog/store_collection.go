package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/platform/db"
)

const collectionColumns = `id, code, kind, rule, status, name, description, seo_title, seo_description, media_id, position, version`

func scanCollection(rows *db.Rows) (c Collection, err error) {
	var kind, status string
	var rule Rule
	err = rows.Scan(&c.ID, &c.Code, &kind, db.JSON(&rule), &status, db.JSON(&c.Name), db.JSON(&c.Description), db.JSON(&c.SEOTitle),
		db.JSON(&c.SEODescription), db.Null(&c.MediaID), &c.Position, &c.Version)
	if kind == "rule" {
		c.Rule = &rule
	}
	c.Hidden = status == "hidden"
	return c, err
}

func collections(ctx context.Context, q db.Q) ([]Collection, error) {
	return db.All(ctx, q, scanCollection, `SELECT `+collectionColumns+` FROM collection ORDER BY position, id`)
}

func lockCollection(ctx context.Context, tx *db.Tx, id string) (Collection, error) {
	return db.First(ctx, tx, scanCollection, `SELECT `+collectionColumns+` FROM collection WHERE id = $1`+tx.ForUpdate(), id)
}

// rules reads the collections that have a rule; nobody changes a rule before
// the transaction ends.
func rules(ctx context.Context, tx *db.Tx) ([]Collection, error) {
	return db.All(ctx, tx, scanCollection, `SELECT `+collectionColumns+` FROM collection WHERE kind = 'rule' ORDER BY id`+shared(tx))
}

// stockRules are the rules that look at stock. Every sale asks for them, so
// others are neither read nor locked.
func stockRules(ctx context.Context, tx *db.Tx) ([]Collection, error) {
	return db.All(ctx, tx, scanCollection, `SELECT `+collectionColumns+` FROM collection WHERE by_stock = 1 ORDER BY id`+shared(tx))
}

// lockCount keeps others from counting the same products' stock until the
// transaction ends, so that of two sales at once the later one sees both. The
// lock is weaker than an update's: order lines that name a product must not
// wait for it, or two orders would wait for each other.
func lockCount(ctx context.Context, tx *db.Tx, ids []string) error {
	_, err := list(ctx, tx, db.String, `SELECT id FROM product WHERE id IN `, ids, ` ORDER BY id`+strings.Replace(tx.ForUpdate(), "UPDATE", "NO KEY UPDATE", 1))
	return err
}

func putCollection(ctx context.Context, tx *db.Tx, c Collection) (int64, error) {
	status, kind := "active", "manual"
	if c.Hidden {
		status = "hidden"
	}
	rule := Rule{Conditions: []Condition{}}
	if c.Rule != nil {
		kind, rule = "rule", *c.Rule
	}
	return tx.Exec(ctx, `
		INSERT INTO collection (`+collectionColumns+`, created_at, updated_at, by_stock)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),
			CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT), CAST($11 AS BIGINT), CAST($12 AS BIGINT), CAST($13 AS BIGINT), CAST($13 AS BIGINT), CAST($14 AS BIGINT)
		WHERE NOT EXISTS (SELECT 1 FROM collection WHERE code = $2 AND id <> $1)
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, kind = excluded.kind, rule = excluded.rule, by_stock = excluded.by_stock, status = excluded.status, name = excluded.name,
			description = excluded.description, seo_title = excluded.seo_title, seo_description = excluded.seo_description,
			media_id = excluded.media_id, position = excluded.position, version = excluded.version, updated_at = excluded.updated_at`,
		c.ID, c.Code, kind, db.JSON(rule), status, db.JSON(c.Name), db.JSON(c.Description), db.JSON(c.SEOTitle), db.JSON(c.SEODescription),
		db.Null(&c.MediaID), c.Position, c.Version, tx.Now().UnixMilli(), db.Bool(c.Rule != nil && c.Rule.looksAt(OnStock)))
}

func deleteCollection(ctx context.Context, tx *db.Tx, id string) error {
	for _, query := range []string{
		`DELETE FROM collection_product WHERE collection_id = $1`,
		`DELETE FROM collection WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}

// memberships reads which of the products are in which rule collection.
func memberships(ctx context.Context, q db.Q, products []string) (map[pair]bool, error) {
	pairs, err := list(ctx, q, scanPair, `
		SELECT x.product_id, x.collection_id FROM collection_product x JOIN collection c ON c.id = x.collection_id
		WHERE c.kind = 'rule' AND x.product_id IN `, products, ``)
	members := make(map[pair]bool, len(pairs))
	for _, p := range pairs {
		members[p] = true
	}
	return members, err
}

func members(ctx context.Context, q db.Q, id string) ([]string, error) {
	return db.All(ctx, q, db.String, `SELECT product_id FROM collection_product WHERE collection_id = $1 ORDER BY position, product_id`, id)
}

func addMembers(ctx context.Context, tx *db.Tx, pairs []pair) error {
	rows := make([][]any, len(pairs))
	for i, p := range pairs {
		rows[i] = []any{p.product, p.other, unplaced}
	}
	return write(ctx, tx, `INSERT INTO collection_product (product_id, collection_id, position) VALUES `, 3, rows,
		` ON CONFLICT (product_id, collection_id) DO NOTHING`)
}

func removeMembers(ctx context.Context, tx *db.Tx, byCollection map[string][]string) error {
	for _, id := range sortedKeys(byCollection) {
		if err := execIn(ctx, tx, `DELETE FROM collection_product WHERE collection_id = $1 AND product_id IN `, byCollection[id], id); err != nil {
			return err
		}
	}
	return nil
}

// facts reads what rules look at, of products that are not deleted; prices
// and stock only when asked for. Categories are the placements themselves.
func facts(ctx context.Context, q db.Q, products []string, prices, stock, categories bool, now time.Time) (map[string]*Facts, error) {
	all := make(map[string]*Facts, len(products))
	_, err := list(ctx, q, func(rows *db.Rows) (id string, err error) {
		f := new(Facts)
		err = rows.Scan(&id, &f.Brand, db.JSON(&f.Tags), db.JSON(&f.Fields))
		all[id] = f
		return id, err
	}, `SELECT id, brand, tags, fields FROM product WHERE status <> 'deleted' AND id IN `, products, ``)
	if err != nil {
		return nil, err
	}
	type number struct {
		id string
		n  int64
	}
	scan := func(rows *db.Rows) (x number, err error) {
		err = rows.Scan(&x.id, &x.n)
		return x, err
	}
	if prices {
		lowest, err := list(ctx, q, scan, `
			SELECT v.product_id, MIN(x.amount) FROM variant v JOIN price x ON x.variant_id = v.id JOIN market m ON m.price_list_id = x.list_id
			WHERE m.is_default = 1 AND v.status = 'active' AND v.product_id IN `, products, ` GROUP BY v.product_id`)
		if err != nil {
			return nil, err
		}
		for _, x := range lowest {
			if f := all[x.id]; f != nil {
				f.Price, f.Priced = x.n, true
			}
		}
	}
	if stock {
		units, err := list(ctx, q, scan, `
			SELECT product_id, CAST(SUM(CASE WHEN tracked = 0 THEN 1000000000 WHEN sellable > 0 THEN sellable ELSE 0 END) AS BIGINT) FROM (
				SELECT v.product_id, v.tracked, `+inventory.StockSQL("v", "$1")+` FROM variant v WHERE v.status = 'active' AND v.product_id IN `, products,
			`) counted GROUP BY product_id`, now.UnixMilli())
		if err != nil {
			return nil, err
		}
		for _, x := range units {
			if f := all[x.id]; f != nil {
				f.Stock = x.n
			}
		}
	}
	if categories {
		pairs, err := list(ctx, q, scanPair, `SELECT product_id, category_id FROM product_category WHERE product_id IN `, products, ``)
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			if f := all[p.product]; f != nil {
				f.Categories = append(f.Categories, p.other)
			}
		}
	}
	return all, nil
}
