package products

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/platform/db"
)

// filter chooses products. Zero values choose all that are not deleted.
type filter struct {
	words      string // part of a name or SKU, a brand or a GTIN
	status     catalog.Status
	categories []string // one of these
	byName     bool     // else what changed last comes first
	after      mark     // the last row of the page before
	limit      int
}

// joins takes out what stands between the parts of a SKU, which people leave out
// or write otherwise.
var joins = strings.NewReplacer("-", "", " ", "", ".", "")

// mark is a row's place in the list.
type mark struct {
	id   string
	name string    // byName
	at   time.Time // otherwise

	category string // the main one
}

// page lists the places of products, one more than the limit when there are
// more.
func page(ctx context.Context, q db.Q, f filter) ([]mark, error) {
	where := []string{`p.status <> 'deleted'`}
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if f.status != "" {
		where = append(where, `p.status = `+arg(string(f.status)))
	}
	if len(f.categories) > 0 {
		first := len(args) + 1
		args = append(args, db.Args(f.categories)...)
		where = append(where, `EXISTS (SELECT 1 FROM product_category pc WHERE pc.product_id = p.id AND pc.category_id IN `+db.In(first, len(f.categories))+`)`)
	}
	if f.words != "" {
		w := `CAST(` + arg(catalog.FoldName(f.words)) + ` AS TEXT)`
		plain := `CAST(` + arg(joins.Replace(catalog.FoldName(f.words))) + ` AS TEXT)`
		where = append(where, `(`+contains(`p.sort_name`, w)+` OR lower(p.brand) = `+w+` OR EXISTS (
			SELECT 1 FROM variant v WHERE v.product_id = p.id AND v.status <> 'deleted' AND (`+contains(`replace(replace(replace(v.sku_key, '-', ''), ' ', ''), '.', '')`, plain)+` OR v.gtin = `+w+`)))`)
	}
	order := `p.updated_at DESC, p.id DESC`
	if f.byName {
		order = `p.sort_name, p.id`
	}
	if f.after.id != "" {
		if f.byName {
			where = append(where, `(p.sort_name, p.id) > (`+arg(f.after.name)+`, `+arg(f.after.id)+`)`)
		} else {
			where = append(where, `(p.updated_at, p.id) < (`+arg(f.after.at.UnixMilli())+`, `+arg(f.after.id)+`)`)
		}
	}
	scan := func(rows *db.Rows) (m mark, err error) {
		err = rows.Scan(&m.id, &m.name, db.Time(&m.at), db.Null(&m.category))
		return m, err
	}
	marks, err := db.All(ctx, q, scan, `SELECT p.id, p.sort_name, p.updated_at, p.category_id FROM product p WHERE `+strings.Join(where, ` AND `)+
		` ORDER BY `+order+` LIMIT `+arg(f.limit+1), args...)
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return marks, nil
}

// contains is a condition that holds when text contains part, on both engines
// and without patterns in what was typed.
func contains(text, part string) string {
	return `length(replace(` + text + `, ` + part + `, '')) < length(` + text + `)`
}

// shelf is what is left of a product, all variants and places together.
type shelf struct {
	id       string
	variants int64
	tracked  int64 // variants that are counted
	left     int64
}

func shelves(ctx context.Context, q db.Q, ids []string) (map[string]shelf, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	scan := func(rows *db.Rows) (s shelf, err error) {
		err = rows.Scan(&s.id, &s.variants, &s.tracked, &s.left)
		return s, err
	}
	list, err := db.All(ctx, q, scan, `
		SELECT v.product_id, COUNT(*), CAST(SUM(v.tracked) AS BIGINT),
			CAST(SUM(CASE WHEN v.tracked = 1 THEN COALESCE((
				SELECT SUM(l.on_hand - l.allocated - l.held - l.safety) FROM stock_level l WHERE l.variant_id = v.id), 0) ELSE 0 END) AS BIGINT)
		FROM variant v WHERE v.status = 'active' AND v.product_id IN `+db.In(1, len(ids))+` GROUP BY v.product_id`, db.Args(ids)...)
	if err != nil {
		return nil, fmt.Errorf("count stock of products: %w", err)
	}
	by := make(map[string]shelf, len(list))
	for _, s := range list {
		by[s.id] = s
	}
	return by, nil
}

// There says which products are not deleted, of those with these ids.
func There(ctx context.Context, q db.Q, ids []string) (map[string]bool, error) {
	there := make(map[string]bool, len(ids))
	if len(ids) == 0 {
		return there, nil
	}
	list, err := db.All(ctx, q, db.String, `SELECT id FROM product WHERE status <> 'deleted' AND id IN `+db.In(1, len(ids)), db.Args(ids)...)
	if err != nil {
		return nil, fmt.Errorf("look for products: %w", err)
	}
	for _, id := range list {
		there[id] = true
	}
	return there, nil
}
