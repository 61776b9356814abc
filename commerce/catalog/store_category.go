package catalog

import (
	"context"

	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/platform/db"
)

const categoryColumns = `id, parent_id, position, status, name, description, seo_title, seo_description, media_id, fields, version`

func scanCategory(rows *db.Rows) (c Category, err error) {
	var status string
	err = rows.Scan(&c.ID, db.Null(&c.ParentID), &c.Position, &status, db.JSON(&c.Name), db.JSON(&c.Description), db.JSON(&c.SEOTitle),
		db.JSON(&c.SEODescription), db.Null(&c.MediaID), db.JSON(&c.Fields), &c.Version)
	c.Hidden = status == "hidden"
	return c, err
}

// loadTree reads every category with its addresses, in two statements.
func loadTree(ctx context.Context, q db.Q) (*Tree, error) {
	return readTree(ctx, q, "")
}

// lockTree is loadTree that keeps every category from changing until the
// transaction ends, so that two moves cannot make a cycle between them.
func lockTree(ctx context.Context, tx *db.Tx) (*Tree, error) {
	return readTree(ctx, tx, tx.ForUpdate())
}

func readTree(ctx context.Context, q db.Q, lock string) (*Tree, error) {
	list, err := db.All(ctx, q, scanCategory, `SELECT `+categoryColumns+` FROM category ORDER BY id`+lock)
	if err != nil {
		return nil, err
	}
	slugs, err := slug.All(ctx, q, slug.Category)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Slugs = slugs[list[i].ID]
	}
	return NewTree(list), nil
}

func putCategory(ctx context.Context, tx *db.Tx, c Category) error {
	status := "active"
	if c.Hidden {
		status = "hidden"
	}
	now := tx.Now().UnixMilli()
	_, err := tx.Exec(ctx, `
		INSERT INTO category (`+categoryColumns+`, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
		ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, position = excluded.position, status = excluded.status, name = excluded.name,
			description = excluded.description, seo_title = excluded.seo_title, seo_description = excluded.seo_description,
			media_id = excluded.media_id, fields = excluded.fields, version = excluded.version, updated_at = excluded.updated_at`,
		c.ID, db.Null(&c.ParentID), c.Position, status, db.JSON(c.Name), db.JSON(c.Description), db.JSON(c.SEOTitle), db.JSON(c.SEODescription),
		db.Null(&c.MediaID), db.JSON(fields0(c.Fields)), c.Version, now)
	return err
}

func setCategoryPosition(ctx context.Context, tx *db.Tx, id string, position int) error {
	_, err := tx.Exec(ctx, `UPDATE category SET position = $1 WHERE id = $2`, position, id)
	return err
}

// productsIn lists the products placed in any of the categories.
func productsIn(ctx context.Context, q db.Q, categories []string) ([]string, error) {
	return list(ctx, q, db.String, `SELECT DISTINCT product_id FROM product_category WHERE category_id IN `, categories, ` ORDER BY product_id`)
}

// deleteCategory removes a category; products whose main category it was get
// the one above it, or none.
func deleteCategory(ctx context.Context, tx *db.Tx, c Category) error {
	now := tx.Now().UnixMilli()
	if c.ParentID != "" {
		if _, err := tx.Exec(ctx, `
			INSERT INTO product_category (category_id, product_id, position)
			SELECT CAST($1 AS TEXT), id, CAST($2 AS BIGINT) FROM product WHERE category_id = $3
			ON CONFLICT (category_id, product_id) DO NOTHING`, c.ParentID, unplaced, c.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE product SET category_id = $1, updated_at = $2, version = version + 1 WHERE category_id = $3`, db.Null(&c.ParentID), now, c.ID); err != nil {
		return err
	}
	for _, query := range []string{
		`DELETE FROM product_category WHERE category_id = $1`,
		`DELETE FROM category WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, query, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// placeProducts writes the order of products in a category.
func placeProducts(ctx context.Context, tx *db.Tx, table, column, id string, products []string) error {
	rows := make([][]any, len(products))
	for i, product := range products {
		rows[i] = []any{product, id, i}
	}
	return write(ctx, tx, `INSERT INTO `+table+` (product_id, `+column+`, position) VALUES `, 3, rows,
		` ON CONFLICT (product_id, `+column+`) DO UPDATE SET position = excluded.position`)
}

// unplace forgets the order of a category's products.
func unplace(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE product_category SET position = $1 WHERE category_id = $2 AND position <> $1`, unplaced, id)
	return err
}
