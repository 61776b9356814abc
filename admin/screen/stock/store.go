package stock

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// filter chooses variants that are counted.
type filter struct {
	words    string
	location string // only what lies there, or could
	most     int64  // for sale at most this many; < 0 for any
	after    mark
	limit    int
}

type mark struct{ name, product, variant string }

// row is one variant with its stock at one or all locations.
type row struct {
	mark
	productName locale.Text
	sku         string
	onHand      int64
	allocated   int64
	safety      int64
	sellable    int64
}

// list reads variants by product name, one more than the limit when there are
// more.
func list(ctx context.Context, q db.Q, f filter) ([]row, error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	place := ``
	if f.location != "" {
		place = ` AND l.location_id = ` + arg(f.location)
	}
	sum := func(expr string) string {
		return `COALESCE((SELECT CAST(SUM(` + expr + `) AS BIGINT) FROM stock_level l WHERE l.variant_id = v.id` + place + `), 0)`
	}
	sellable := sum(`l.on_hand - l.allocated - l.held - l.safety`)
	where := []string{`v.status = 'active'`, `v.tracked = 1`, `p.status <> 'deleted'`}
	if f.words != "" {
		w := `CAST(` + arg(catalog.FoldName(f.words)) + ` AS TEXT)`
		where = append(where, `(length(replace(p.sort_name, `+w+`, '')) < length(p.sort_name) OR length(replace(v.sku_key, `+w+`, '')) < length(v.sku_key))`)
	}
	if f.most >= 0 {
		where = append(where, sellable+` <= `+arg(f.most))
	}
	if f.after.variant != "" {
		where = append(where, `(p.sort_name, p.id, v.id) > (`+arg(f.after.name)+`, `+arg(f.after.product)+`, `+arg(f.after.variant)+`)`)
	}
	scan := func(rows *db.Rows) (r row, err error) {
		err = rows.Scan(&r.name, &r.product, &r.variant, db.JSON(&r.productName), &r.sku, &r.onHand, &r.allocated, &r.safety, &r.sellable)
		return r, err
	}
	rows, err := db.All(ctx, q, scan, `
		SELECT p.sort_name, p.id, v.id, p.name, v.sku, `+sum(`l.on_hand`)+`, `+sum(`l.allocated`)+`, `+sum(`l.safety`)+`, `+sellable+`
		FROM variant v JOIN product p ON p.id = v.product_id
		WHERE `+strings.Join(where, ` AND `)+`
		ORDER BY p.sort_name, p.id, v.id LIMIT `+arg(f.limit+1), args...)
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", err)
	}
	return rows, nil
}
