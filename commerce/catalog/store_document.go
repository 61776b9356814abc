package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

func documents(ctx context.Context, q db.Q, ids []string, now time.Time) (map[string]*Document, error) {
	found, prices, err := cards(ctx, q, ids, now)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Document, len(found))
	for id, c := range found {
		all[id] = &Document{Card: *c}
	}
	for _, read := range []func(context.Context, db.Q, map[string]*Document, []string) error{documentTexts, documentPlacements, documentVariants} {
		if err := read(ctx, q, all, ids); err != nil {
			return nil, err
		}
	}
	documentPrices(all, prices)
	return all, nil
}

func documentTexts(ctx context.Context, q db.Q, all map[string]*Document, ids []string) error {
	_, err := list(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var d Document
		err := rows.Scan(&d.ID, &d.Handle, db.JSON(&d.Description), db.JSON(&d.Tags), db.JSON(&d.Fields), db.Null(&d.CategoryID))
		if to := all[d.ID]; to != nil {
			to.Handle, to.Description, to.Tags, to.Fields, to.CategoryID = d.Handle, d.Description, d.Tags, d.Fields, d.CategoryID
		}
		return struct{}{}, err
	}, `SELECT id, handle, description, tags, fields, category_id FROM product WHERE id IN `, ids, ``)
	return err
}

func documentPlacements(ctx context.Context, q db.Q, all map[string]*Document, ids []string) error {
	for _, query := range []string{
		`SELECT product_id, 0, category_id, position FROM product_category WHERE product_id IN `,
		`SELECT product_id, 1, collection_id, position FROM collection_product WHERE product_id IN `,
	} {
		_, err := list(ctx, q, func(rows *db.Rows) (struct{}, error) {
			var id string
			var p Placement
			err := rows.Scan(&id, db.Truth(&p.Collection), &p.ID, &p.Position)
			if d := all[id]; d != nil {
				d.Placements = append(d.Placements, p)
			}
			return struct{}{}, err
		}, query, ids, ``)
		if err != nil {
			return err
		}
	}
	return nil
}

// documentPrices hands each variant its prices.
func documentPrices(all map[string]*Document, offers []offered) {
	own := make(map[string][]DocumentPrice, len(offers))
	for _, o := range offers {
		own[o.variant] = append(own[o.variant], o.DocumentPrice)
	}
	for _, d := range all {
		for i := range d.Variants {
			d.Variants[i].Prices = own[d.Variants[i].ID]
		}
	}
}

// documentVariants reads the active variants, and the option values they have.
func documentVariants(ctx context.Context, q db.Q, all map[string]*Document, ids []string) error {
	users := make(map[string][]int) // of an option value: the places of its variants in the one document they are in
	_, err := list(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id, combination string
		var v DocumentVariant
		err := rows.Scan(&id, &v.ID, &v.SKU, &v.GTIN, &combination, db.JSON(&v.Fields))
		if d := all[id]; d != nil {
			d.Variants = append(d.Variants, v)
			for value := range strings.SplitSeq(combination, "+") {
				users[value] = append(users[value], len(d.Variants)-1)
			}
		}
		return struct{}{}, err
	}, `SELECT product_id, id, sku, gtin, combination, fields FROM variant WHERE status = 'active' AND product_id IN `, ids, ` ORDER BY product_id, position, id`)
	if err != nil {
		return err
	}
	_, err = list(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id, value string
		var c DocumentChoice
		err := rows.Scan(&id, &value, &c.Option, db.JSON(&c.OptionName), &c.Value, db.JSON(&c.ValueName), &c.Colour, &c.Position)
		if d := all[id]; d != nil && users[value] != nil {
			for _, i := range users[value] {
				d.Variants[i].Choices = append(d.Variants[i].Choices, len(d.Choices))
			}
			d.Choices = append(d.Choices, c)
		}
		return struct{}{}, err
	}, `SELECT o.product_id, v.id, o.code, o.name, v.code, v.name, v.colour, v.position
		FROM option_value v JOIN product_option o ON o.id = v.option_id WHERE o.product_id IN `, ids, ` ORDER BY o.product_id, o.position, v.position, v.id`)
	return err
}
