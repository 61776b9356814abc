package transfer

import (
	"context"
	"maps"
	"slices"

	"github.com/stoashop/stoa/commerce/catalog"
	addresses "github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// mergeAddresses gives a product the addresses that it had in the other shop,
// in the languages in which it has none here. The others lead to it once it is
// saved: see lead.
func (a *applier) mergeAddresses(ctx context.Context, tx *db.Tx, p *catalog.Product) error {
	for lang, address := range a.addresses() {
		if p.Slugs[lang] != "" {
			continue
		}
		owner, err := addresses.Owner(ctx, tx, addresses.Product, lang, address)
		if err != nil {
			return err
		}
		if owner != "" && owner != p.ID {
			a.tell(a.row(), "transfer.address_taken", "address", address)
			continue
		}
		p.Slugs = maps.Clone(p.Slugs)
		if p.Slugs == nil {
			p.Slugs = make(locale.Text)
		}
		p.Slugs[lang] = address
	}
	return nil
}

// lead makes the other shop's addresses lead to a product that was here before
// and lives at others.
func (a *applier) lead(ctx context.Context, tx *db.Tx, before, saved catalog.Product) error {
	wanted := a.addresses()
	for _, lang := range slices.Sorted(maps.Keys(wanted)) {
		if before.Slugs[lang] == "" || saved.Slugs[lang] == wanted[lang] {
			continue // told by mergeAddresses when it could not be had
		}
		ok, err := a.s.catalog.LeadHere(ctx, tx, a.actor, saved.ID, lang, wanted[lang])
		if err != nil {
			return err
		}
		if !ok {
			a.tell(a.row(), "transfer.address_taken", "address", wanted[lang])
		}
	}
	return nil
}

// addresses are those of the other shop, by language, as far as they can be
// addresses here; where one cannot, the nearest that can.
func (a *applier) addresses() locale.Text {
	out := make(locale.Text)
	add := func(lang, address string) {
		if !addresses.Valid(address) {
			address = addresses.Make(lang, address)
		}
		if address != "" {
			out[lang] = address
		}
	}
	for lang, address := range a.in.Slugs {
		add(lang, address)
	}
	add(a.lang, a.in.Handle)
	return out
}
