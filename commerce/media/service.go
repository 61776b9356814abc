package media

import (
	"context"
	"errors"
	"strings"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// Add notes a picture whose bytes are stored. The same bytes are noted once: a
// second call returns the row of the first, words and name as they are there.
func Add(ctx context.Context, tx *db.Tx, actor audit.Actor, in Input) (Media, error) {
	if err := in.check(); err != nil {
		return Media{}, err
	}
	m := Media{
		ID: tx.NewID("med"), Hash: in.Hash, Mime: in.Mime, Width: in.Width, Height: in.Height, Bytes: in.Bytes,
		Colour: in.Colour, Alt: clean(in.Alt), Name: in.Name, Version: 1,
	}
	n, err := insert(ctx, tx, m)
	if err != nil {
		return Media{}, err
	}
	if n == 0 {
		return ByHash(ctx, tx, in.Hash)
	}
	return m, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "media.added", Object: "media", ID: m.ID, After: m})
}

func clean(alt locale.Text) locale.Text {
	out := locale.Text{}
	for lang, s := range alt {
		if s = strings.TrimSpace(s); s != "" {
			out[lang] = s
		}
	}
	return out
}

// SetAlt says what a picture shows, in every language at once. It fails with
// "media.not_found", and with "media.version_conflict" when somebody else
// changed it since the given version.
func SetAlt(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, alt locale.Text, version int64) error {
	var form fault.Form
	checkAlt(&form, alt)
	if err := form.Err(); err != nil {
		return err
	}
	old, err := locked(ctx, tx, id)
	if err != nil {
		return err
	}
	alt = clean(alt)
	n, err := setAlt(ctx, tx, id, alt, version)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "media.version_conflict").With("version", version).With("current", old.Version)
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "media.described", Object: "media", ID: id, Before: old.Alt, After: alt})
}

// Delete forgets a picture and returns what it was, so that the caller can
// delete the bytes after the commit. It fails with "media.in_use" while it is
// shown anywhere, and with "media.not_found".
func Delete(ctx context.Context, tx *db.Tx, actor audit.Actor, id string) (Media, error) {
	m, err := locked(ctx, tx, id)
	if err != nil {
		return m, err
	}
	uses, err := Uses(ctx, tx, id)
	if err != nil {
		return m, err
	}
	if len(uses) > 0 {
		return m, fault.New(fault.Conflict, "media.in_use").With("count", len(uses))
	}
	if err := release(ctx, tx, id); err != nil {
		return m, err
	}
	if err := remove(ctx, tx, id); err != nil {
		return m, err
	}
	return m, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "media.deleted", Object: "media", ID: id, Before: m})
}

func locked(ctx context.Context, tx *db.Tx, id string) (Media, error) {
	m, err := lock(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return m, fault.New(fault.NotFound, "media.not_found")
	}
	return m, err
}
