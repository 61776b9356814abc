package content

import (
	"context"

	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/platform/db"
)

const pageColumns = `id, code, status, menu, position, title, body, seo_description, updated_at, version`

func scanPage(rows *db.Rows) (p Page, err error) {
	var status string
	err = rows.Scan(&p.ID, &p.Code, &status, &p.Menu, &p.Position, db.JSON(&p.Title), db.JSON(&p.Body), db.JSON(&p.SEODescription), db.Time(&p.UpdatedAt), &p.Version)
	p.Draft = status == "draft"
	return p, err
}

func pages(ctx context.Context, q db.Q) ([]Page, error) {
	list, err := db.All(ctx, q, scanPage, `SELECT `+pageColumns+` FROM page ORDER BY position, id`)
	if err != nil {
		return nil, err
	}
	slugs, err := slug.All(ctx, q, slug.Page)
	for i := range list {
		list[i].Slugs = slugs[list[i].ID]
	}
	return list, err
}

func lockPage(ctx context.Context, tx *db.Tx, id string) (Page, error) {
	return db.First(ctx, tx, scanPage, `SELECT `+pageColumns+` FROM page WHERE id = $1`+tx.ForUpdate(), id)
}

func status(draft bool) string {
	if draft {
		return "draft"
	}
	return "active"
}

// insertPage inserts unless the code is taken.
func insertPage(ctx context.Context, tx *db.Tx, p Page) (int64, error) {
	now := tx.Now().UnixMilli()
	return tx.Exec(ctx, `
		INSERT INTO page (`+pageColumns+`, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (code) DO NOTHING`,
		p.ID, p.Code, status(p.Draft), string(p.Menu), p.Position, db.JSON(p.Title), db.JSON(p.Body), db.JSON(p.SEODescription), now, p.Version, now)
}

// updatePage rewrites all but the code.
func updatePage(ctx context.Context, tx *db.Tx, p Page) error {
	_, err := tx.Exec(ctx, `
		UPDATE page SET status = $1, menu = $2, position = $3, title = $4, body = $5, seo_description = $6, updated_at = $7, version = $8 WHERE id = $9`,
		status(p.Draft), string(p.Menu), p.Position, db.JSON(p.Title), db.JSON(p.Body), db.JSON(p.SEODescription), tx.Now().UnixMilli(), p.Version, p.ID)
	return err
}

func deletePage(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM page WHERE id = $1`, id)
	return err
}

const blockColumns = `b.id, b.place, b.kind, b.position, b.status, b.title, b.body, b.action, b.target, b.media_id, b.version`

func scanBlock(rows *db.Rows) (b Block, err error) {
	var status, target string
	err = rows.Scan(&b.ID, &b.Place, &b.Kind, &b.Position, &status, db.JSON(&b.Title), db.JSON(&b.Body), db.JSON(&b.Action), &target, db.Null(&b.MediaID), &b.Version)
	b.Draft, b.Target = status == "draft", slug.ParseTarget(target)
	return b, err
}

// blocks reads every block with its picture, in order.
func blocks(ctx context.Context, q db.Q) ([]Shown, error) {
	list, err := db.All(ctx, q, scanBlock, `SELECT `+blockColumns+` FROM content_block b ORDER BY b.place, b.position, b.id`)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, b := range list {
		if b.MediaID != "" {
			ids = append(ids, b.MediaID)
		}
	}
	pictures, err := media.ByIDs(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	shown := make([]Shown, len(list))
	for i, b := range list {
		shown[i] = Shown{Block: b}
		if m, ok := pictures[b.MediaID]; ok {
			shown[i].Media = &m
		}
	}
	return shown, nil
}

func lockBlocks(ctx context.Context, tx *db.Tx, place Place) ([]Block, error) {
	return db.All(ctx, tx, scanBlock, `SELECT `+blockColumns+` FROM content_block b WHERE b.place = $1 ORDER BY b.position, b.id`+tx.ForUpdate(), string(place))
}

func lockBlock(ctx context.Context, tx *db.Tx, id string) (Block, error) {
	return db.First(ctx, tx, scanBlock, `SELECT `+blockColumns+` FROM content_block b WHERE b.id = $1`+tx.ForUpdate(), id)
}

func putBlock(ctx context.Context, tx *db.Tx, b Block) error {
	now := tx.Now().UnixMilli()
	_, err := tx.Exec(ctx, `
		INSERT INTO content_block (id, place, kind, position, status, title, body, action, target, media_id, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, position = excluded.position, status = excluded.status, title = excluded.title, body = excluded.body,
			action = excluded.action, target = excluded.target, media_id = excluded.media_id, version = excluded.version, updated_at = excluded.updated_at`,
		b.ID, string(b.Place), string(b.Kind), b.Position, status(b.Draft), db.JSON(b.Title), db.JSON(b.Body), db.JSON(b.Action), b.Target.String(), db.Null(&b.MediaID), b.Version, now)
	return err
}

func setBlockPosition(ctx context.Context, tx *db.Tx, id string, position int) error {
	_, err := tx.Exec(ctx, `UPDATE content_block SET position = $1 WHERE id = $2`, position, id)
	return err
}

func deleteBlock(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM content_block WHERE id = $1`, id)
	return err
}

func insertMessage(ctx context.Context, tx *db.Tx, id, keyID string, sealed, from []byte) error {
	now := tx.Now().UnixMilli()
	_, err := tx.Exec(ctx, `
		INSERT INTO contact_message (id, key_id, message, email_index, state, created_at, updated_at) VALUES ($1, $2, $3, $4, 'new', $5, $5)`, id, keyID, sealed, from, now)
	return err
}

type sealedMessage struct {
	Message
	keyID  string
	sealed []byte
}

// messages lists messages newest first, those before a given one.
func messages(ctx context.Context, q db.Q, before string, limit int) ([]sealedMessage, error) {
	if before == "" {
		before = "~" // above every id
	}
	return db.All(ctx, q, scanMessage, `SELECT `+messageColumns+` FROM contact_message WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
}

func messagesFrom(ctx context.Context, q db.Q, index []byte) ([]sealedMessage, error) {
	return db.All(ctx, q, scanMessage, `SELECT `+messageColumns+` FROM contact_message WHERE email_index = $1 ORDER BY id DESC`, index)
}

const messageColumns = `id, key_id, message, state, created_at`

func scanMessage(rows *db.Rows) (m sealedMessage, err error) {
	var state string
	err = rows.Scan(&m.ID, &m.keyID, &m.sealed, &state, db.Time(&m.At))
	m.Done = state == "done"
	return m, err
}

func setMessageState(ctx context.Context, tx *db.Tx, id, state string) (int64, error) {
	return tx.Exec(ctx, `UPDATE contact_message SET state = $1, updated_at = $2 WHERE id = $3`, state, tx.Now().UnixMilli(), id)
}
