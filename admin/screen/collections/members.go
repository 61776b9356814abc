package collections

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// arranged is how many products one page puts in order; those behind them stay
// behind them.
const arranged = 100

// members adds the card of the collection's products below its form: in which
// order they are, and which of them leave.
func (s *screen) members(ctx context.Context, d *admin.Desk, v *admin.FormView, c catalog.Collection, t admin.Typed) error {
	ids, err := s.Catalog.CollectionProducts(ctx, s.DB, c.ID)
	if err != nil {
		return err
	}
	v.Note = kind(d, c) + " · " + d.P.T("admin.collection.products", "count", len(ids))
	sec := admin.Section{Title: d.P.T("admin.products.title"), ID: "products", Note: d.P.T("admin.collection.products_note")}
	if c.Rule != nil {
		sec.Note = d.P.T("admin.collection.products_note_rule")
	}
	if c.Rule == nil && !v.ReadOnly {
		sec.Head = []admin.Action{{Label: d.P.T("admin.collection.add"), URL: at + "/" + c.ID + "/products", Icon: "plus", Small: true}}
	}
	shown := ids[:min(len(ids), arranged)]
	if len(ids) > len(shown) {
		sec.Note += " " + d.P.T("admin.collection.first_shown", "count", len(shown))
	}
	if len(shown) == 0 {
		sec.Note = d.P.T("admin.collection.empty")
		v.Below = append(v.Below, sec)
		return nil
	}
	cards, err := s.Catalog.Cards(ctx, s.DB, shown)
	if err != nil {
		return err
	}
	grid := &admin.Grid{Columns: []string{d.P.T("admin.product.name"), d.P.T("admin.collection.placed")}, Nums: []bool{false, true}}
	if c.Rule == nil {
		grid.Columns, grid.Nums = append(grid.Columns, d.P.T("admin.collection.out")), append(grid.Nums, false)
	}
	for i, product := range shown {
		card := cards[product]
		if card == nil {
			continue
		}
		prefix := "products." + strconv.Itoa(i) + "."
		row := admin.GridRow{Name: card.Name.In(d.P.Lang(), d.First()), Hidden: []admin.Hidden{{Name: prefix + "id", Value: product}}}
		if card.Status != catalog.Active {
			row.Note = d.P.T("admin.product.status." + string(card.Status))
		}
		row.Fields = t.Fields(admin.Field{Name: prefix + "place", Label: d.P.T("admin.collection.placed"), Kind: admin.NumberField, Value: strconv.Itoa(i + 1), Off: v.ReadOnly})
		if c.Rule == nil {
			row.Fields = append(row.Fields, t.Fill(admin.Field{Name: prefix + "out", Label: d.P.T("admin.collection.out"), Kind: admin.CheckField, Off: v.ReadOnly}))
		}
		grid.Rows = append(grid.Rows, row)
	}
	sec.Rows = grid
	if !v.ReadOnly {
		sec.Form, sec.FormKey = at+"/"+c.ID+"/order", v.FormKey
		sec.Actions = []admin.Action{{Label: d.P.T("admin.collection.arrange"), Submit: "products-form"}}
	}
	v.Below = append(v.Below, sec)
	return nil
}

type orderForm struct {
	Products []placeForm `form:"products" items:"100"`
}

type placeForm struct {
	ID    string `form:"id" max:"40" required:"true"`
	Place int    `form:"place" min:"1" max:"100000" required:"true"`
	Out   bool   `form:"out"`
}

// arrange puts the products that were shown in order. Two with the same place
// stay as they were; what came in meanwhile stays behind them.
func (s *screen) arrange(w http.ResponseWriter, r *http.Request) error {
	c, err := s.collection(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Values = 1_000
	in, raw, err := web.DecodeForm[orderForm](r, limits)
	if err == nil {
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			was, err := s.Catalog.CollectionProducts(ctx, tx, c.ID)
			if err != nil {
				return once.Response{}, err
			}
			return admin.Done(at+"/"+c.ID+"#products", "saved"), s.Catalog.SetCollectionProducts(ctx, tx, d.Actor(), c.ID, order(was, in.Products))
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, c, admin.Typed{}, d.Typed(raw, err), nil, err)
}

// order is what becomes of the products was when some get new places.
func order(was []string, places []placeForm) []string {
	places = slices.DeleteFunc(slices.Clone(places), func(p placeForm) bool { return !slices.Contains(was, p.ID) })
	slices.SortStableFunc(places, func(a, b placeForm) int { return a.Place - b.Place })
	var now []string
	for _, p := range places {
		if !p.Out {
			now = append(now, p.ID)
		}
	}
	for _, product := range was {
		if !slices.ContainsFunc(places, func(p placeForm) bool { return p.ID == product }) {
			now = append(now, product)
		}
	}
	return now
}

// found is how many products the picker offers at a time.
const found = 50

// pick offers products to add to a collection that is filled by hand.
func (s *screen) pick(w http.ResponseWriter, r *http.Request) error {
	c, err := s.collection(r)
	if err != nil {
		return err
	}
	if c.Rule != nil {
		return fault.New(fault.Conflict, "admin.collection.has_rule")
	}
	d := s.o.Desk(r)
	q, asked := admin.Read[struct {
		Q string `query:"q" max:"100"`
	}](d, r)
	frame, err := s.o.Frame(r, d.P.T("admin.collection.add_to", "name", name(d, c)), at)
	if err != nil {
		return err
	}
	self := at + "/" + c.ID + "/products"
	frame.Back = &admin.Link{Label: name(d, c), URL: at + "/" + c.ID}
	ids, err := s.FindProducts(r.Context(), q.Q, found)
	if err != nil {
		return err
	}
	members, err := s.Catalog.CollectionProducts(r.Context(), s.DB, c.ID)
	if err != nil {
		return err
	}
	cards, err := s.Catalog.Cards(r.Context(), s.DB, ids)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Filters: &admin.Filters{Action: self, Target: "picker", Clear: self, Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.products.search")}}}
	v.Table = admin.Table{
		ID: "picker", Caption: d.P.T("admin.products.title"), Two: true, Picks: true, Still: true, BulkTo: self, BulkKey: frame.FormKey,
		Columns: []admin.Column{{Head: d.P.T("admin.product.picture"), Kind: admin.Thumb}, {Head: d.P.T("admin.product.name"), Kind: admin.Lead}, {Head: d.P.T("admin.product.status"), Kind: admin.End}},
		Bulk:    []admin.Action{{Label: d.P.T("admin.collection.add_picked"), Icon: "plus"}},
		Empty:   &admin.Empty{Icon: "search", Title: d.P.T("admin.products.none_fits"), Text: d.P.T("admin.collection.none_fits_text")},
	}
	if len(ids) == found {
		v.Table.Pager.Shown = d.P.T("admin.collection.narrow", "count", found)
	}
	for _, product := range ids {
		card := cards[product]
		if card == nil || slices.Contains(members, product) {
			continue
		}
		title := card.Name.In(d.P.Lang(), d.First())
		picture := admin.Picture{}
		if len(card.Media) > 0 {
			picture.URL = card.Media[0].URL(160)
		}
		v.Table.Rows = append(v.Table.Rows, admin.Row{ID: product, Name: title, Cells: []admin.Cell{{Picture: &picture}, {Text: title}, {Text: d.P.T("admin.product.status." + string(card.Status))}}})
	}
	asked.Tell(&v.Frame, v.Filters)
	return s.o.Page(w, r, asked.Status(), "list", v)
}

// add puts products at the end of a collection; those that are in it stay
// where they are.
func (s *screen) add(w http.ResponseWriter, r *http.Request) error {
	c, err := s.collection(r)
	if err != nil {
		return err
	}
	if c.Rule != nil {
		return fault.New(fault.Conflict, "admin.collection.has_rule")
	}
	in, _, err := web.DecodeForm[struct {
		IDs []string `form:"id" items:"100" max:"40"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	for _, product := range in.IDs {
		if !id.Valid("prd", product) {
			return fault.New(fault.NotFound, "catalog.product_not_found")
		}
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		was, err := s.Catalog.CollectionProducts(ctx, tx, c.ID)
		if err != nil {
			return once.Response{}, err
		}
		now := slices.Clone(was)
		for _, product := range in.IDs {
			if !slices.Contains(now, product) {
				now = append(now, product)
			}
		}
		return admin.Done(at+"/"+c.ID+"#products", "collection_added", "n", strconv.Itoa(len(now)-len(was))), s.Catalog.SetCollectionProducts(ctx, tx, s.o.Desk(r).Actor(), c.ID, now)
	})
}
