package media

import (
	"context"
	"slices"

	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// Columns are the columns Scan reads, for joins under the alias m.
const Columns = `m.id, m.hash, m.mime, m.width, m.height, m.bytes, m.colour, m.alt, m.name, m.version`

// Scan reads Columns, after the caller's own.
func Scan(rows *db.Rows, m *Media, before ...any) error {
	return rows.Scan(append(before, &m.ID, &m.Hash, &m.Mime, &m.Width, &m.Height, &m.Bytes, &m.Colour, db.JSON(&m.Alt), &m.Name, &m.Version)...)
}

func scan(rows *db.Rows) (m Media, err error) {
	err = Scan(rows, &m)
	return m, err
}

// ByIDs reads pictures by id. Ids that do not exist are left out.
func ByIDs(ctx context.Context, q db.Q, ids []string) (map[string]Media, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return !id.Valid("med", one) }) // a form may hold what no database takes
	found := make(map[string]Media, len(ids))
	for part := range slices.Chunk(ids, 1000) {
		part = db.Padded(part)
		list, err := db.All(ctx, q, scan, `SELECT `+Columns+` FROM media m WHERE m.id IN `+db.In(1, len(part)), db.Args(part)...)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			found[m.ID] = m
		}
	}
	return found, nil
}

// ByHash reads one picture by its hash; db.ErrNoRows when there is none.
func ByHash(ctx context.Context, q db.Q, hash string) (Media, error) {
	return db.First(ctx, q, scan, `SELECT `+Columns+` FROM media m WHERE m.hash = $1`, hash)
}

// Page lists pictures, newest first, before a given id ("" for the first page).
func Page(ctx context.Context, q db.Q, before string, limit int) ([]Media, error) {
	if before == "" {
		return db.All(ctx, q, scan, `SELECT `+Columns+` FROM media m ORDER BY m.id DESC LIMIT $1`, limit)
	}
	return db.All(ctx, q, scan, `SELECT `+Columns+` FROM media m WHERE m.id < $1 ORDER BY m.id DESC LIMIT $2`, before, limit)
}

func insert(ctx context.Context, tx *db.Tx, m Media) (int64, error) {
	return tx.Exec(ctx, `
		INSERT INTO media (id, hash, mime, width, height, bytes, colour, alt, name, created_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (hash) DO NOTHING`,
		m.ID, m.Hash, m.Mime, m.Width, m.Height, m.Bytes, m.Colour, db.JSON(m.Alt), m.Name, tx.Now().UnixMilli(), m.Version)
}

func setAlt(ctx context.Context, tx *db.Tx, id string, alt locale.Text, version int64) (int64, error) {
	return tx.Exec(ctx, `UPDATE media SET alt = $1, version = version + 1 WHERE id = $2 AND version = $3`, db.JSON(alt), id, version)
}

func lock(ctx context.Context, tx *db.Tx, id string) (Media, error) {
	return db.First(ctx, tx, scan, `SELECT `+Columns+` FROM media m WHERE m.id = $1`+tx.ForUpdate(), id)
}

func remove(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM media WHERE id = $1`, id)
	return err
}

// Uses lists where a picture is shown.
func Uses(ctx context.Context, q db.Q, id string) ([]Use, error) {
	return db.All(ctx, q, func(rows *db.Rows) (u Use, err error) {
		err = rows.Scan(&u.Object, &u.ID)
		return u, err
	}, `
		SELECT 'product', product_id FROM product_media WHERE media_id = $1
		UNION ALL SELECT 'variant', id FROM variant WHERE media_id = $1 AND status <> 'deleted'
		UNION ALL SELECT 'category', id FROM category WHERE media_id = $1
		UNION ALL SELECT 'collection', id FROM collection WHERE media_id = $1
		UNION ALL SELECT 'block', id FROM content_block WHERE media_id = $1
		ORDER BY 1, 2`, id)
}

// release lets go of a picture that only deleted variants still name.
func release(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE variant SET media_id = NULL WHERE media_id = $1 AND status = 'deleted'`, id)
	return err
}
