package custom

import (
	"context"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

const columns = `id, owner, code, kind, unit, decimals, name, choices, required, shown, facet, searchable, used, position, version`

func scan(rows *db.Rows) (f Field, err error) {
	err = rows.Scan(&f.ID, &f.Owner, &f.Code, &f.Kind, &f.Unit, &f.Decimals, db.JSON(&f.Name), db.JSON(&f.Choices),
		db.Truth(&f.Required), db.Truth(&f.Shown), db.Truth(&f.Facet), db.Truth(&f.Searchable), db.Truth(&f.Used), &f.Position, &f.Version)
	return f, err
}

// All lists every definition of every owner, in order.
func All(ctx context.Context, q db.Q) (map[Owner]Definitions, error) {
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM field WHERE removed = 0 ORDER BY owner, position, code`)
	all := make(map[Owner]Definitions)
	for _, f := range list {
		all[f.Owner] = append(all[f.Owner], f)
	}
	return all, err
}

// For lists one owner's definitions in order.
func For(ctx context.Context, q db.Q, owner Owner) (Definitions, error) {
	return db.All(ctx, q, scan, `SELECT `+columns+` FROM field WHERE owner = $1 AND removed = 0 ORDER BY position, code`, string(owner))
}

// lock is For in a transaction that is about to write values: the definitions
// cannot change before it ends.
func lock(ctx context.Context, tx *db.Tx, owners ...Owner) (map[Owner]Definitions, error) {
	list, err := db.All(ctx, tx, scan, `SELECT `+columns+` FROM field WHERE removed = 0 AND owner IN `+db.In(1, len(owners))+` ORDER BY id`+shared(tx), db.Args(owners)...)
	all := make(map[Owner]Definitions)
	for _, f := range list {
		all[f.Owner] = append(all[f.Owner], f)
	}
	for _, d := range all {
		d.sort()
	}
	return all, err
}

// shared locks rows against changes but not against others who share them.
func shared(tx *db.Tx) string { return strings.Replace(tx.ForUpdate(), "UPDATE", "SHARE", 1) }

func markUsed(ctx context.Context, tx *db.Tx, ids []string) error {
	_, err := tx.Exec(ctx, `UPDATE field SET used = 1 WHERE used = 0 AND id IN `+db.In(1, len(ids)), db.Args(ids)...)
	return err
}

func byID(ctx context.Context, tx *db.Tx, id string) (Field, error) {
	return db.First(ctx, tx, scan, `SELECT `+columns+` FROM field WHERE id = $1 AND removed = 0`+tx.ForUpdate(), id)
}

func count(ctx context.Context, tx *db.Tx, owner Owner) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM field WHERE owner = $1 AND removed = 0`, string(owner)).Scan(&n)
	return n, err
}

func insert(ctx context.Context, tx *db.Tx, f Field) (int64, error) {
	return tx.Exec(ctx, `
		INSERT INTO field (`+columns+`, created_at, removed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)
		ON CONFLICT (owner, code) DO NOTHING`,
		f.ID, string(f.Owner), f.Code, string(f.Kind), f.Unit, f.Decimals, db.JSON(f.Name), db.JSON(choices(f)),
		db.Bool(f.Required), db.Bool(f.Shown), db.Bool(f.Facet), db.Bool(f.Searchable), db.Bool(f.Used), f.Position, f.Version, tx.Now().UnixMilli())
}

func choices(f Field) []Option {
	if f.Choices == nil {
		return []Option{}
	}
	return f.Choices
}

func update(ctx context.Context, tx *db.Tx, f Field) error {
	_, err := tx.Exec(ctx, `
		UPDATE field SET kind = $1, unit = $2, decimals = $3, name = $4, choices = $5, required = $6,
			shown = $7, facet = $8, searchable = $9, position = $10, version = $11
		WHERE id = $12`,
		string(f.Kind), f.Unit, f.Decimals, db.JSON(f.Name), db.JSON(choices(f)), db.Bool(f.Required),
		db.Bool(f.Shown), db.Bool(f.Facet), db.Bool(f.Searchable), f.Position, f.Version, f.ID)
	return err
}

func remove(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `DELETE FROM field WHERE id = $1`, id)
	return err
}

// retire takes a definition away and keeps its code from being given again.
func retire(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE field SET removed = 1, version = version + 1 WHERE id = $1`, id)
	return err
}

// retired reports whether a code was that of a field that is gone.
func retired(ctx context.Context, tx *db.Tx, f Field) (gone bool, err error) {
	err = tx.QueryRow(ctx, `SELECT removed FROM field WHERE owner = $1 AND code = $2`, string(f.Owner), f.Code).Scan(db.Truth(&gone))
	return gone, err
}

type holder struct {
	id     string
	values Values
}

// strip takes a field's values from everything that has one, and returns how
// many things that were. Their versions move on: who has one open is told.
func strip(ctx context.Context, tx *db.Tx, f Field) (int, error) {
	name := table(f.Owner)
	all, err := db.All(ctx, tx, func(rows *db.Rows) (h holder, err error) {
		return h, rows.Scan(&h.id, db.JSON(&h.values))
	}, `SELECT id, fields FROM `+name+` WHERE fields <> '{}' ORDER BY id`+tx.ForUpdate())
	if err != nil {
		return 0, err
	}
	n := 0
	for _, h := range all {
		if _, ok := h.values[f.Code]; !ok {
			continue
		}
		n++
		delete(h.values, f.Code)
		if _, err := tx.Exec(ctx, `UPDATE `+name+` SET fields = $1 WHERE id = $2`, db.JSON(h.values), h.id); err != nil {
			return n, err
		}
		whose := `id = $2`
		if f.Owner == Variant {
			name, whose = "product", `id = (SELECT product_id FROM variant WHERE id = $2)`
		}
		if _, err := tx.Exec(ctx, `UPDATE `+name+` SET version = version + 1, updated_at = $1 WHERE `+whose, tx.Now().UnixMilli(), h.id); err != nil {
			return n, err
		}
		name = table(f.Owner)
	}
	return n, nil
}

// ruled names a collection whose rule asks for a field of products; "" when
// none does.
func ruled(ctx context.Context, tx *db.Tx, code string) (name locale.Text, err error) {
	type collection struct {
		name locale.Text
		rule struct {
			Conditions []struct {
				Field string `json:"field"`
			} `json:"conditions"`
		}
	}
	all, err := db.All(ctx, tx, func(rows *db.Rows) (c collection, err error) {
		return c, rows.Scan(db.JSON(&c.name), db.JSON(&c.rule))
	}, `SELECT name, rule FROM collection WHERE kind = 'rule' ORDER BY id`)
	for _, c := range all {
		for _, condition := range c.rule.Conditions {
			if condition.Field == code {
				return c.name, err
			}
		}
	}
	return nil, err
}

// table names where an owner's values can be read; "" when they are sealed.
func table(o Owner) string {
	switch o {
	case Product, Variant, Category:
		return string(o)
	}
	return ""
}

// uses counts the objects that have a value of a field, in all and by code. It
// reads every object that has any value: slow and seldom, since only a change
// of the definition asks.
func uses(ctx context.Context, q db.Q, f Field) (objects int, codes map[string]int, err error) {
	codes = make(map[string]int)
	rows, err := q.Query(ctx, `SELECT fields FROM `+table(f.Owner)+` WHERE fields <> '{}'`)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var values Values
		if err := rows.Scan(db.JSON(&values)); err != nil {
			return 0, nil, err
		}
		if v, ok := values[f.Code]; ok {
			objects++
			if v.Shape == ShapeCode {
				codes[v.Code]++
			}
		}
	}
	return objects, codes, rows.Err()
}
