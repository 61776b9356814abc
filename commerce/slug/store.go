package slug

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// rowsAtOnce bounds one multi-row statement, and idsAtOnce one IN list.
const (
	rowsAtOnce = 512
	idsAtOnce  = 1000
)

// Object is something that is to have addresses.
type Object struct {
	ID string
	// New is set when the object was made in this transaction, so that it
	// cannot have addresses yet.
	New bool
	// Slugs are the addresses asked for. A language that is not mentioned
	// keeps the address it has.
	Slugs locale.Text
	// Names give an address to languages that have none yet. A name never
	// changes an address that exists.
	Names locale.Text
}

// Taken is an address that was asked for and belongs to another object.
type Taken struct {
	Index  int // in the objects given to Apply
	Locale string
	Slug   string
}

type want struct {
	index        int
	locale, slug string
	auto         bool
	moved        bool // the object has another current address in this language
}

// Apply gives objects of one kind their addresses and returns the current ones
// of each, in the same order. Old addresses become redirects; an old address
// that is asked for again is taken out of the redirects. When an address asked
// for belongs to another object it is listed in taken and the caller must let
// the transaction fail.
//
// Addresses must be Valid; the caller has checked that.
func Apply(ctx context.Context, tx *db.Tx, kind Kind, objects []Object) (current []locale.Text, taken []Taken, err error) {
	current, err = currentOf(ctx, tx, objects)
	if err != nil {
		return nil, nil, err
	}
	wants := wanted(objects, current)
	if len(wants) == 0 {
		return current, nil, nil
	}
	if err := choose(ctx, tx, kind, objects, wants); err != nil {
		return nil, nil, err
	}
	if err := demote(ctx, tx, objects, wants); err != nil {
		return nil, nil, err
	}
	for part := range db.Batches(wants, rowsAtOnce) {
		n, err := claim(ctx, tx, kind, objects, part)
		if err != nil {
			return nil, nil, err
		}
		if n < int64(len(part)) {
			lost, err := unclaimed(ctx, tx, kind, objects, part)
			if err != nil {
				return nil, nil, err
			}
			taken = append(taken, lost...)
		}
	}
	for _, w := range wants {
		if current[w.index] == nil {
			current[w.index] = locale.Text{}
		}
		current[w.index][w.locale] = w.slug
	}
	return current, taken, nil
}

func currentOf(ctx context.Context, q db.Q, objects []Object) ([]locale.Text, error) {
	current := make([]locale.Text, len(objects))
	index := make(map[string]int, len(objects))
	var ids []string
	for i, o := range objects {
		if !o.New {
			index[o.ID] = i
			ids = append(ids, o.ID)
		}
	}
	slugs, err := Of(ctx, q, ids)
	for id, text := range slugs {
		current[index[id]] = text
	}
	return current, err
}

// Of returns the current addresses of objects, by id and language.
func Of(ctx context.Context, q db.Q, ids []string) (map[string]locale.Text, error) {
	all := make(map[string]locale.Text, len(ids))
	for part := range slices.Chunk(ids, idsAtOnce) {
		part = db.Padded(part)
		_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
			var id, lang, s string
			err := rows.Scan(&id, &lang, &s)
			if all[id] == nil {
				all[id] = locale.Text{}
			}
			all[id][lang] = s
			return struct{}{}, err
		}, `SELECT object_id, locale, slug FROM slug WHERE current = 1 AND object_id IN `+db.In(1, len(part)), db.Args(part)...)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wanted lists the addresses that are asked for and not there yet.
func wanted(objects []Object, current []locale.Text) []want {
	var wants []want
	for i, o := range objects {
		for _, lang := range languages(o.Slugs, o.Names) {
			has := current[i][lang]
			switch s := o.Slugs[lang]; {
			case s != "" && s != has:
				wants = append(wants, want{index: i, locale: lang, slug: s, moved: has != ""})
			case s == "" && has == "" && o.Names[lang] != "":
				base := Make(lang, o.Names[lang])
				if base == "" {
					base = o.ID[strings.IndexByte(o.ID, '_')+1:]
				}
				wants = append(wants, want{index: i, locale: lang, slug: base, auto: true})
			}
		}
	}
	return wants
}

func languages(texts ...locale.Text) []string {
	var all []string
	for _, t := range texts {
		for lang := range t {
			if !slices.Contains(all, lang) {
				all = append(all, lang)
			}
		}
	}
	slices.Sort(all)
	return all
}

// choose settles addresses made from names: the name itself when nobody ever
// had it, else the name and the next number. It never ends a redirect.
func choose(ctx context.Context, tx *db.Tx, kind Kind, objects []Object, wants []want) error {
	used := make(map[[2]string]bool)
	byLang := make(map[string][]string)
	for _, w := range wants {
		if w.auto {
			byLang[w.locale] = append(byLang[w.locale], w.slug)
		} else {
			used[[2]string{w.locale, w.slug}] = true
		}
	}
	for lang, bases := range byLang {
		for part := range slices.Chunk(bases, idsAtOnce) {
			part = db.Padded(part)
			there, err := db.All(ctx, tx, db.String, `SELECT slug FROM slug WHERE kind = $1 AND locale = $2 AND slug IN `+db.In(3, len(part)),
				append([]any{string(kind), lang}, db.Args(part)...)...)
			if err != nil {
				return err
			}
			for _, s := range there {
				used[[2]string{lang, s}] = true
			}
		}
	}
	next := make(map[[2]string]int)
	for i := range wants {
		w := &wants[i]
		if !w.auto {
			continue
		}
		key := [2]string{w.locale, w.slug}
		if used[key] {
			if next[key] == 0 {
				n, err := highest(ctx, tx, kind, w.locale, w.slug)
				if err != nil {
					return err
				}
				next[key] = max(n, 1) + 1
			}
			base := w.slug
			for used[[2]string{w.locale, w.slug}] {
				w.slug = base + "-" + strconv.Itoa(next[key])
				next[key]++
			}
		}
		used[[2]string{w.locale, w.slug}] = true
	}
	return nil
}

// highest is the highest number behind base among the addresses ever used.
func highest(ctx context.Context, q db.Q, kind Kind, lang, base string) (int, error) {
	there, err := db.All(ctx, q, db.String, `
		SELECT slug FROM slug WHERE kind = $1 AND locale = $2 AND slug >= $3 AND slug < $4`,
		string(kind), lang, base+"-", base+".") // "." follows "-"
	most := 0
	for _, s := range there {
		if n, err := strconv.Atoi(s[len(base)+1:]); err == nil {
			most = max(most, n)
		}
	}
	return most, err
}

// demote turns the current addresses that are about to be replaced into
// redirects.
func demote(ctx context.Context, tx *db.Tx, objects []Object, wants []want) error {
	byLang := make(map[string][]string)
	for _, w := range wants {
		if w.moved {
			byLang[w.locale] = append(byLang[w.locale], objects[w.index].ID)
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(byLang)) {
		for part := range slices.Chunk(byLang[lang], idsAtOnce) {
			part = db.Padded(part)
			if _, err := tx.Exec(ctx, `UPDATE slug SET current = 0 WHERE current = 1 AND locale = $1 AND object_id IN `+db.In(2, len(part)),
				append([]any{lang}, db.Args(part)...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// claim makes the addresses current. The condition on the conflict is the
// lock: of two objects that want one address, one gets no row.
func claim(ctx context.Context, tx *db.Tx, kind Kind, objects []Object, wants []want) (int64, error) {
	args := make([]any, 0, 7*len(wants))
	for _, w := range wants {
		args = append(args, string(kind), w.locale, w.slug, objects[w.index].ID, 1, "", tx.Now().UnixMilli())
	}
	return tx.Exec(ctx, `
		INSERT INTO slug (kind, locale, slug, object_id, current, gone_to, created_at)
		VALUES `+db.Values(len(wants), 7)+`
		ON CONFLICT (kind, locale, slug) DO UPDATE
		SET object_id = excluded.object_id, current = 1, gone_to = '', created_at = excluded.created_at
		WHERE slug.current = 0`, args...)
}

// unclaimed lists the wants whose address belongs to somebody else.
func unclaimed(ctx context.Context, tx *db.Tx, kind Kind, objects []Object, wants []want) ([]Taken, error) {
	args := []any{string(kind)}
	for _, w := range wants {
		args = append(args, w.slug)
	}
	type owner struct{ locale, slug, id string }
	owners, err := db.All(ctx, tx, func(rows *db.Rows) (o owner, err error) {
		err = rows.Scan(&o.locale, &o.slug, db.Null(&o.id))
		return o, err
	}, `SELECT locale, slug, object_id FROM slug WHERE kind = $1 AND slug IN `+db.In(2, len(wants)), args...)
	if err != nil {
		return nil, err
	}
	var lost []Taken
	for _, w := range wants {
		if !slices.Contains(owners, owner{w.locale, w.slug, objects[w.index].ID}) {
			lost = append(lost, Taken{w.index, w.locale, w.slug})
		}
	}
	return lost, nil
}

// Lead makes an address that is free lead to an object that lives elsewhere.
// added is false when it did before; ok is false, and nothing changes, when the
// address is or was another living object's. The address must be Valid and the
// object have another current one in the language.
func Lead(ctx context.Context, tx *db.Tx, kind Kind, id, lang, s string) (added, ok bool, err error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO slug (kind, locale, slug, object_id, current, gone_to, created_at)
		VALUES ($1, $2, $3, $4, 0, '', $5)
		ON CONFLICT (kind, locale, slug) DO UPDATE
		SET object_id = excluded.object_id, gone_to = '', created_at = excluded.created_at
		WHERE slug.object_id IS NULL`, string(kind), lang, s, id, tx.Now().UnixMilli())
	if err != nil || n > 0 {
		return n > 0, n > 0, err
	}
	owner, err := Owner(ctx, tx, kind, lang, s)
	return false, owner == id, err
}

// Owner is the living object that an address of a language is, or was; "" when
// it is free.
func Owner(ctx context.Context, q db.Q, kind Kind, lang, s string) (id string, err error) {
	err = q.QueryRow(ctx, `SELECT object_id FROM slug WHERE kind = $1 AND locale = $2 AND slug = $3`, string(kind), lang, s).Scan(db.Null(&id))
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// Delete takes a deleted object's addresses out of use: from now on they lead
// to another object, or answer 410 when to is the zero value. Addresses that
// led to the object lead there too.
func Delete(ctx context.Context, tx *db.Tx, kind Kind, id string, to Target) error {
	if _, err := tx.Exec(ctx, `UPDATE slug SET object_id = NULL, current = 0, gone_to = $1 WHERE object_id = $2`, to.String(), id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE slug SET gone_to = $1 WHERE gone_to = $2 AND gone_to <> ''`, to.String(), Target{kind, id}.String())
	return err
}

// Find looks an address up in a language and in the fallback. ok is false when
// it never existed. One statement. The caller compares the address with the
// object's current one (Of) and redirects when they differ.
func Find(ctx context.Context, q db.Q, kind Kind, lang, fallback, s string) (hit Hit, ok bool, err error) {
	if len(s) > MaxLength {
		return Hit{}, false, nil
	}
	rows, err := db.All(ctx, q, func(rows *db.Rows) (r Row, err error) {
		var gone string
		err = rows.Scan(&r.Locale, &r.Slug, db.Null(&r.ObjectID), db.Truth(&r.Current), &gone)
		r.GoneTo = ParseTarget(gone)
		return r, err
	}, `SELECT locale, slug, object_id, current, gone_to FROM slug WHERE kind = $1 AND slug = $2 AND locale IN ($3, $4)`,
		string(kind), s, lang, fallback)
	if err != nil {
		return Hit{}, false, err
	}
	hit, ok = Pick(rows, lang)
	return hit, ok, nil
}

// All lists every current address of a kind, by object id and language.
func All(ctx context.Context, q db.Q, kind Kind) (map[string]locale.Text, error) {
	all := make(map[string]locale.Text)
	_, err := db.All(ctx, q, func(rows *db.Rows) (struct{}, error) {
		var id, lang, s string
		err := rows.Scan(&id, &lang, &s)
		if all[id] == nil {
			all[id] = locale.Text{}
		}
		all[id][lang] = s
		return struct{}{}, err
	}, `SELECT object_id, locale, slug FROM slug WHERE kind = $1 AND current = 1`, string(kind))
	return all, err
}
