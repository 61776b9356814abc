package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// productAt reads the product at an address in a language or the fallback, and
// what the address leads to.
func productAt(ctx context.Context, q db.Q, lang, fallback, address string) (p *Product, hit slug.Hit, ok bool, err error) {
	if len(address) > slug.MaxLength {
		return nil, hit, false, nil
	}
	products := make(map[string]*Product)
	found, err := db.All(ctx, q, func(rows *db.Rows) (r slug.Row, err error) {
		var gone string
		p := new(Product)
		var n nullable
		err = rows.Scan(&r.Locale, db.Null(&r.ObjectID), db.Truth(&r.Current), &gone, db.Null(&p.ID), db.Null(&p.Handle), &n.status, db.Time(&p.PublishAt), db.Time(&p.EndAt),
			db.Null(&p.Brand), db.JSON(&p.Name), db.JSON(&p.Subtitle), db.JSON(&p.Description), db.JSON(&p.SEOTitle), db.JSON(&p.SEODescription),
			db.Null(&p.TaxClassID), db.Null(&p.CategoryID), db.JSON(&p.Tags), db.JSON(&p.Fields), db.Time(&p.CreatedAt), db.Time(&p.UpdatedAt), &n.version)
		r.GoneTo = slug.ParseTarget(gone)
		if n.status != nil && n.version != nil {
			p.Status, p.Version = Status(*n.status), *n.version
			products[p.ID] = p
		}
		return r, err
	}, `
		SELECT s.locale, s.object_id, s.current, s.gone_to, `+productColumns+`
		FROM slug s LEFT JOIN product p ON p.id = s.object_id
		WHERE s.kind = 'product' AND s.slug = $1 AND s.locale IN ($2, $3)`, address, lang, fallback)
	if err != nil {
		return nil, hit, false, err
	}
	hit, ok = slug.Pick(found, lang)
	return products[hit.ObjectID], hit, ok, nil
}

type nullable struct {
	status  *string
	version *int64
}

func productByID(ctx context.Context, q db.Q, id string) (*Product, error) {
	p, err := db.First(ctx, q, oneProduct, `SELECT `+productColumns+` FROM product p WHERE p.id = $1 AND p.status <> 'deleted'`, id)
	if errors.Is(err, db.ErrNoRows) {
		return nil, notFound()
	}
	return p, err
}

// addressesAndRelated reads two short lists in one statement.
func addressesAndRelated(ctx context.Context, q db.Q, id string) (slugs locale.Text, related []string, err error) {
	slugs = locale.Text{}
	_, err = db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var what, key, text string
		var position int
		err := rows.Scan(&what, &position, &key, &text)
		if what == "slug" {
			slugs[key] = text
		} else {
			related = append(related, key)
		}
		return struct{}{}, err
	}, `
		SELECT 'slug', 0, locale, slug FROM slug WHERE object_id = $1 AND current = 1
		UNION ALL SELECT 'related', position, related_id, '' FROM product_relation WHERE product_id = $1
		ORDER BY 1, 2`, id)
	return slugs, related, err
}

// loadOptionsAtOnce reads one product's options and values in one statement.
func loadOptionsAtOnce(ctx context.Context, q db.Q, p *Product) error {
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var o Option
		var v OptionValue
		err := rows.Scan(&o.ID, &o.Code, db.JSON(&o.Name), &v.ID, &v.Code, db.JSON(&v.Name), &v.Colour)
		if n := len(p.Options); n == 0 || p.Options[n-1].ID != o.ID {
			p.Options = append(p.Options, o)
		}
		last := &p.Options[len(p.Options)-1]
		last.Values = append(last.Values, v)
		return struct{}{}, err
	}, `
		SELECT o.id, o.code, o.name, v.id, v.code, v.name, v.colour
		FROM product_option o JOIN option_value v ON v.option_id = o.id
		WHERE o.product_id = $1 ORDER BY o.position, o.id, v.position, v.id`, p.ID)
	return err
}

// optionalPrice scans the columns of a price that may not be there.
type optionalPrice struct {
	list, currency  *string
	amount, compare *int64
}

func (o *optionalPrice) price() *Price {
	if o.list == nil || o.currency == nil || o.amount == nil {
		return nil
	}
	p := &Price{ListID: *o.list, Currency: *o.currency, Amount: money.Minor(*o.amount)}
	if o.compare != nil {
		p.CompareAt = money.Minor(*o.compare)
	}
	return p
}

// offersOf reads the active variants of a product with price and stock.
func offersOf(ctx context.Context, q db.Q, p *Product, listID string, now time.Time) ([]Offer, error) {
	codes := valueCodes(p.Options)
	return db.All(ctx, q, func(rows *db.Rows) (o Offer, err error) {
		var v variantRow
		var price optionalPrice
		err = scanVariant(rows, &v, &price.list, &price.currency, &price.amount, &price.compare, &o.Stock.Sellable, &o.Stock.Shelf)
		o.Variant, o.Price = v.Variant, price.price()
		o.Stock.Tracked = v.Tracked
		if v.combination != "" {
			o.ValueIDs = strings.Split(v.combination, "+")
			o.Values = split(v.combination, codes)
		}
		return o, err
	}, `
		SELECT `+variantColumns+`, x.list_id, x.currency, x.amount, x.compare_at, `+inventory.StockSQL("v", "$1")+`
		FROM variant v LEFT JOIN price x ON x.variant_id = v.id AND x.list_id = $2
		WHERE v.product_id = $3 AND v.status = 'active' ORDER BY v.position, v.id`,
		now.UnixMilli(), listID, p.ID)
}

func productMedia(ctx context.Context, q db.Q, id string) ([]media.Media, error) {
	return db.All(ctx, q, func(rows *db.Rows) (m media.Media, err error) {
		err = media.Scan(rows, &m)
		return m, err
	}, `SELECT `+media.Columns+` FROM product_media x JOIN media m ON m.id = x.media_id WHERE x.product_id = $1 ORDER BY x.position, m.id`, id)
}

// cards reads the cards of products, and the offers they are made from, in
// three statements for each thousand.
func cards(ctx context.Context, q db.Q, ids []string, now time.Time) (map[string]*Card, []offered, error) {
	all := make(map[string]*Card, len(ids))
	_, err := list(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var c Card
		var lang, address *string
		err := rows.Scan(&c.ID, &c.Status, db.Time(&c.PublishAt), db.Time(&c.EndAt), &c.Brand, db.JSON(&c.Name), db.JSON(&c.Subtitle), db.Time(&c.CreatedAt), &lang, &address)
		card := all[c.ID]
		if card == nil {
			card = &c
			card.Slugs = locale.Text{}
			all[c.ID] = card
		}
		if lang != nil && address != nil {
			card.Slugs[*lang] = *address
		}
		return struct{}{}, err
	}, `
		SELECT p.id, p.status, p.publish_at, p.end_at, p.brand, p.name, p.subtitle, p.created_at, s.locale, s.slug
		FROM product p LEFT JOIN slug s ON s.object_id = p.id AND s.current = 1
		WHERE p.status <> 'deleted' AND p.id IN `, ids, ``)
	if err != nil {
		return nil, nil, err
	}
	prices, err := offers(ctx, q, ids, now)
	if err != nil {
		return nil, nil, err
	}
	cardPrices(all, prices)
	return all, prices, cardPictures(ctx, q, all, ids)
}

// offered is what one active variant costs in one list.
type offered struct {
	product, variant, currency string
	compare                    money.Minor
	DocumentPrice
}

// offers reads what the active variants of products cost in every list, of a
// product and a list the cheapest first.
func offers(ctx context.Context, q db.Q, ids []string, now time.Time) ([]offered, error) {
	return list(ctx, q, func(rows *db.Rows) (o offered, err error) {
		var compare *int64
		var tracked bool
		var stock inventory.Stock
		err = rows.Scan(&o.product, &o.variant, &o.ListID, &o.currency, &o.Amount, &compare, db.Truth(&tracked), &stock.Sellable, &stock.Shelf)
		if compare != nil {
			o.compare = money.Minor(*compare)
		}
		o.Available = !tracked || stock.Sellable > 0
		return o, err
	}, `
		SELECT v.product_id, v.id, x.list_id, x.currency, x.amount, x.compare_at, v.tracked, `+inventory.StockSQL("v", "$1")+`
		FROM variant v JOIN price x ON x.variant_id = v.id
		WHERE v.status = 'active' AND v.product_id IN `, ids, ` ORDER BY v.product_id, x.list_id, x.amount, v.position, v.id`, now.UnixMilli())
}

// cardPrices adds up the offers of each product and list.
func cardPrices(all map[string]*Card, offers []offered) {
	for _, o := range offers {
		c := all[o.product]
		if c == nil {
			continue
		}
		if n := len(c.Prices); n == 0 || c.Prices[n-1].ListID != o.ListID {
			c.Prices = append(c.Prices, CardPrice{ListID: o.ListID, Currency: o.currency, Min: o.Amount, CompareAt: o.compare, VariantID: o.variant})
		}
		p := &c.Prices[len(c.Prices)-1]
		p.Max = o.Amount
		p.Variants++
		p.Available = p.Available || o.Available
	}
}

// maxSwatches bounds the swatches of a card.
const maxSwatches = 12

func cardPictures(ctx context.Context, q db.Q, all map[string]*Card, ids []string) error {
	for part := range slices.Chunk(ids, chunk) {
		part = db.Padded(part)
		in := db.In(1, len(part))
		_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
			var what, product string
			var position int
			var m media.Media
			err := media.Scan(rows, &m, &what, &product, &position)
			switch c := all[product]; {
			case c == nil:
			case what == "media":
				c.Media = append(c.Media, m)
			case len(c.Swatches) < maxSwatches:
				c.Swatches = append(c.Swatches, Swatch{Name: m.Alt, Colour: m.Colour, Option: m.Hash, Value: m.Mime})
			}
			return struct{}{}, err
		}, `
			SELECT 'media' AS what, x.product_id AS product, x.position AS position, `+media.Columns+`
			FROM (
				SELECT product_id, media_id, position, ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY position, media_id) AS place
				FROM product_media WHERE product_id IN `+in+`) x JOIN media m ON m.id = x.media_id
			WHERE x.place <= 2
			UNION ALL
			SELECT 'swatch', o.product_id, v.position, v.id, o.code, v.code, 0, 0, 0, v.colour, v.name, '', 0
			FROM option_value v JOIN product_option o ON o.id = v.option_id
			WHERE v.colour <> '' AND o.product_id IN `+in+`
			ORDER BY 1, 2, 3`, db.Args(part)...)
		if err != nil {
			return err
		}
	}
	return nil
}

func lines(ctx context.Context, q db.Q, listID string, variants []string, now time.Time) (map[string]*Line, error) {
	all := make(map[string]*Line, len(variants))
	var products, values []string
	combinations := make(map[string]string)
	_, err := list(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var l Line
		var status Status
		var product Product
		var combination string
		var price optionalPrice
		var m optionalMedia
		err := rows.Scan(&l.VariantID, &l.ProductID, &l.SKU, &l.GTIN, &combination, &status, db.Truth(&l.Tracked), &l.WeightGrams, &l.LengthMM, &l.WidthMM,
			&l.HeightMM, &l.HSCode, &l.Origin, &l.Brand, db.JSON(&l.Name), &l.TaxClassID, &product.Status, db.Time(&product.PublishAt), db.Time(&product.EndAt),
			&price.list, &price.currency, &price.amount, &price.compare, &l.Stock.Sellable, &l.Stock.Shelf,
			&m.id, &m.hash, &m.mime, &m.width, &m.height, &m.bytes, &m.colour, db.JSON(&m.alt))
		l.ForSale = status == Active && product.VisibleAt(now)
		l.Stock.Tracked = l.Tracked
		l.Price, l.Media, l.Slugs = price.price(), m.media(), locale.Text{}
		all[l.VariantID] = &l
		products = append(products, l.ProductID)
		if combination != "" {
			combinations[l.VariantID] = combination
			values = append(values, strings.Split(combination, "+")...)
		}
		return struct{}{}, err
	}, `
		SELECT v.id, v.product_id, v.sku, v.gtin, v.combination, v.status, v.tracked, v.weight_grams, v.length_mm, v.width_mm, v.height_mm,
			v.hs_code, v.origin, p.brand, p.name, p.tax_class_id, p.status, p.publish_at, p.end_at,
			x.list_id, x.currency, x.amount, x.compare_at, `+inventory.StockSQL("v", "$1")+`,
			m.id, m.hash, m.mime, m.width, m.height, m.bytes, m.colour, m.alt
		FROM variant v JOIN product p ON p.id = v.product_id
			LEFT JOIN price x ON x.variant_id = v.id AND x.list_id = $2
			LEFT JOIN media m ON m.id = COALESCE(v.media_id, (SELECT y.media_id FROM product_media y WHERE y.product_id = v.product_id ORDER BY y.position, y.media_id LIMIT 1))
		WHERE v.id IN `, variants, ``, now.UnixMilli(), listID)
	if err != nil || len(all) == 0 {
		return all, err
	}
	chosen, slugs, placements, err := lineTexts(ctx, q, unique(products), unique(values))
	if err != nil {
		return nil, err
	}
	for id, l := range all {
		if s := slugs[l.ProductID]; s != nil {
			l.Slugs = s
		}
		l.CategoryIDs = placements[l.ProductID]
		if combination := combinations[id]; combination != "" {
			for value := range strings.SplitSeq(combination, "+") {
				if c, ok := chosen[value]; ok {
					l.Options = append(l.Options, c)
				}
			}
		}
	}
	return all, nil
}

// lineTexts reads the names of option values, the addresses of products and
// their categories in one statement.
func lineTexts(ctx context.Context, q db.Q, products, values []string) (map[string]Chosen, map[string]locale.Text, map[string][]string, error) {
	chosen := make(map[string]Chosen)
	slugs := make(map[string]locale.Text)
	placements := make(map[string][]string)
	products, values = db.Padded(products), db.Padded(values)
	query := `
		SELECT 'slug', object_id, locale, slug FROM slug WHERE current = 1 AND object_id IN ` + db.In(1, len(products)) + `
		UNION ALL SELECT 'category', product_id, category_id, '' FROM product_category WHERE product_id IN ` + db.In(1, len(products)) + `
		UNION ALL SELECT 'value', v.id, o.name, v.name FROM option_value v JOIN product_option o ON o.id = v.option_id
			WHERE v.id IN ` + db.In(1+len(products), len(values)) + ` ORDER BY 1, 2, 3`
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var what, id, a, b string
		if err := rows.Scan(&what, &id, &a, &b); err != nil {
			return struct{}{}, err
		}
		switch what {
		case "slug":
			if slugs[id] == nil {
				slugs[id] = locale.Text{}
			}
			slugs[id][a] = b
		case "category":
			placements[id] = append(placements[id], a)
		case "value":
			var c Chosen
			if err := errors.Join(db.JSON(&c.Option).Scan(a), db.JSON(&c.Value).Scan(b)); err != nil {
				return struct{}{}, err
			}
			chosen[id] = c
		}
		return struct{}{}, nil
	}, query, append(db.Args(products), db.Args(values)...)...)
	return chosen, slugs, placements, err
}

type optionalMedia struct {
	id, hash, mime, colour *string
	width, height          *int
	bytes                  *int64
	alt                    locale.Text
}

func (o *optionalMedia) media() *media.Media {
	if o.id == nil {
		return nil
	}
	return &media.Media{ID: *o.id, Hash: *o.hash, Mime: *o.mime, Width: *o.width, Height: *o.height, Bytes: *o.bytes, Colour: *o.colour, Alt: o.alt}
}
