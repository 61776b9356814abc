package catalog

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// VariantPrice sets what a variant costs in a list.
type VariantPrice struct {
	VariantID string
	ListID    string
	Amount    money.Minor
	CompareAt money.Minor // 0 for none
}

// SetPrices sets prices and touches nothing else. It fails at "prices.2.amount"
// and the like, and at "prices.2.variant" when there is no such living
// variant.
func (s *Service) SetPrices(ctx context.Context, tx *db.Tx, actor audit.Actor, prices []VariantPrice) error {
	variants := make([]string, len(prices))
	for i, p := range prices {
		variants[i] = p.VariantID
	}
	owners, err := livingVariants(ctx, tx, unique(variants))
	if err != nil {
		return err
	}
	lists, err := currencies(ctx, tx)
	if err != nil {
		return err
	}
	var form fault.Form
	var rows [][]any
	change := make(map[string][]VariantPrice)
	for i, p := range prices {
		path := "prices." + strconv.Itoa(i)
		price := Price{ListID: p.ListID, Currency: lists[p.ListID], Amount: p.Amount, CompareAt: p.CompareAt}
		price.check(&form, path)
		if price.Currency == "" {
			form.Add(path+".list", "catalog.unknown_price_list")
		}
		if owners[p.VariantID] == "" {
			form.Add(path+".variant", "catalog.unknown_variant")
		}
		rows = append(rows, priceValues(p.VariantID, price, tx.Now()))
		change[owners[p.VariantID]] = append(change[owners[p.VariantID]], p)
	}
	if err := form.Err(); err != nil {
		return err
	}
	products := sortedKeys(change)
	if err := lockProducts(ctx, tx, products); err != nil {
		return err
	}
	stored, err := load(ctx, tx, products)
	if err != nil {
		return err
	}
	if err := putPrices(ctx, tx, rows); err != nil {
		return err
	}
	for _, id := range products {
		before := []VariantPrice{}
		for _, p := range change[id] {
			if old, ok := stored[id].price(p.VariantID, p.ListID); ok {
				before = append(before, VariantPrice{p.VariantID, p.ListID, old.Amount, old.CompareAt})
			}
		}
		if err := s.touched(ctx, tx, actor, "product.priced", id, before, change[id]); err != nil {
			return err
		}
	}
	return s.Sort(ctx, tx, products)
}

func (p *Product) price(variantID, listID string) (Price, bool) {
	for _, v := range p.Variants {
		if v.ID == variantID {
			return v.Price(listID)
		}
	}
	return Price{}, false
}

// touched bumps a product's version, so that an older form does not undo the
// change, and writes it into the log.
func (s *Service) touched(ctx context.Context, tx *db.Tx, actor audit.Actor, action, id string, before, after any) error {
	if err := touch(ctx, tx, []string{id}); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: "product", ID: id, Before: before, After: after})
}

// SetMedia says which pictures a product has, in order. A picture that is
// taken away is taken from the variants too.
func (s *Service) SetMedia(ctx context.Context, tx *db.Tx, actor audit.Actor, productID string, ids []string) error {
	if err := lockProducts(ctx, tx, []string{productID}); err != nil {
		return err
	}
	p, err := s.Get(ctx, tx, productID)
	if err != nil {
		return err
	}
	ids = unique(ids)
	gone, err := missing(ctx, tx, "media", ``, ids)
	if err != nil {
		return err
	}
	var form fault.Form
	for i, id := range ids {
		if gone[id] {
			form.Add("media."+strconv.Itoa(i), "catalog.unknown_media")
		}
	}
	if len(ids) > MaxMedia {
		form.Add("media", "catalog.too_many", "max", MaxMedia)
	}
	if err := form.Err(); err != nil {
		return err
	}
	if slices.Equal(ids, p.Media) {
		return nil
	}
	rows, out := links(nil, nil, p.ID, p.Media, ids, true)
	if err := relink(ctx, tx, "product_media", "media_id", out, rows); err != nil {
		return err
	}
	if err := unpicture(ctx, tx, p.ID, out[p.ID]); err != nil {
		return err
	}
	return s.touched(ctx, tx, actor, "product.pictured", p.ID, p.Media, ids)
}

// LeadHere makes an address of a language lead to a product that lives at
// another one. It reports false, and changes nothing, when the address cannot be
// one or belongs to another product; a second call does nothing.
func (s *Service) LeadHere(ctx context.Context, tx *db.Tx, actor audit.Actor, productID, lang, address string) (bool, error) {
	if !slug.Valid(address) {
		return false, nil
	}
	added, ok, err := slug.Lead(ctx, tx, slug.Product, productID, lang, address)
	if err != nil || !added {
		return ok, err
	}
	return true, audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "product.redirected", Object: "product", ID: productID, After: map[string]string{"locale": lang, "from": address}})
}

// SetStatus sets the status of many products at once; publishAt counts for
// Scheduled only. One that goes on sale after its end has none any more. It fails with "catalog.nothing_to_sell" (and the product's
// id) when a product without an active variant would go on sale, and with
// "catalog.product_not_found".
func (s *Service) SetStatus(ctx context.Context, tx *db.Tx, actor audit.Actor, ids []string, status Status, publishAt time.Time) error {
	switch {
	case status != Draft && status != Scheduled && status != Active && status != Archived:
		return fault.New(fault.Invalid, "form.invalid").At("status", "form.not_a_choice")
	case status == Scheduled && publishAt.IsZero():
		return fault.New(fault.Invalid, "form.invalid").At("publish_at", "form.required")
	case status != Scheduled:
		publishAt = time.Time{}
	}
	ids = unique(ids)
	if err := lockProducts(ctx, tx, ids); err != nil {
		return err
	}
	was, err := statuses(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, ok := was[id]
		if !ok {
			return notFound()
		}
		if (status == Active || status == Scheduled) && w.variants == 0 {
			return fault.New(fault.Conflict, "catalog.nothing_to_sell").With("product", id)
		}
	}
	var begin time.Time
	switch status {
	case Active:
		begin = tx.Now()
	case Scheduled:
		begin = publishAt
	case Draft, Archived, Deleted:
	}
	if err := setStatus(ctx, tx, ids, status, publishAt, begin); err != nil {
		return err
	}
	type state struct {
		Status    Status    `json:"status"`
		PublishAt time.Time `json:"publish_at"`
	}
	for _, id := range ids {
		if err := audit.Append(ctx, tx, audit.Change{
			Actor: actor, Action: "product." + string(status), Object: "product", ID: id,
			Before: state{was[id].status, was[id].publishAt}, After: state{status, publishAt},
		}); err != nil {
			return err
		}
	}
	return nil
}

// Delete deletes a product. Orders keep what they know of it (rule B20); its
// SKUs and its handle are free again. Its address leads to its main category
// from now on, or answers 410 when gone is set or it has none (rule B23). A
// second call fails with "catalog.product_not_found".
func (s *Service) Delete(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, gone bool) error {
	if err := lockProducts(ctx, tx, []string{id}); err != nil {
		return err
	}
	p, err := s.Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := markDeleted(ctx, tx, id); err != nil {
		return err
	}
	var to slug.Target
	if p.CategoryID != "" && !gone {
		to = slug.Target{Kind: slug.Category, ID: p.CategoryID}
	}
	if err := slug.Delete(ctx, tx, slug.Product, id, to); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "product.deleted", Object: "product", ID: id, Before: p})
}
