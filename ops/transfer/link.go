package transfer

import (
	"context"
	"slices"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/platform/db"
)

// link points a product to those that its file names.
func (ses *session) link(ctx context.Context, tx *db.Tx, i int) (Counts, []Problem, error) {
	in, problems, err := ses.sheet.Product(i)
	if err != nil || Refused(problems) {
		return Counts{}, nil, err
	}
	a := &applier{session: ses, in: in}
	from, known, err := originBySource(ctx, tx, in.Source)
	if err != nil || !known {
		return Counts{}, nil, err // it was refused, or this is a dry run
	}
	p, err := ses.s.catalog.Get(ctx, tx, from.ProductID)
	if err != nil {
		return Counts{}, nil, err
	}
	for _, rel := range in.Related {
		id, err := ses.resolve(ctx, tx, rel.Ref)
		if err != nil {
			return Counts{}, nil, err
		}
		switch {
		case id == "":
			a.tell(a.row(), "transfer.related_missing", "ref", excerpt(rel.Ref))
		case id != p.ID && !slices.Contains(p.Related, id):
			p.Related = append(slices.Clone(p.Related), id)
		}
	}
	if _, err := ses.s.catalog.Save(ctx, tx, ses.actor, p); err != nil {
		return Counts{}, nil, a.refused(err)
	}
	return Counts{}, a.notes, nil
}

// resolve finds the product that a reference of the file means.
func (ses *session) resolve(ctx context.Context, tx *db.Tx, ref string) (string, error) {
	if g, ok := ses.sheet.aliases[wooRef(ref)]; ok {
		from, known, err := originBySource(ctx, tx, string(ses.run.Platform)+":"+ses.sheet.groups[g].key)
		if err != nil || known {
			return from.ProductID, err
		}
	}
	bySKU, err := ses.s.catalog.BySKUs(ctx, tx, []string{ref})
	if err != nil {
		return "", err
	}
	return bySKU[catalog.FoldSKU(ref)].ProductID, nil
}
