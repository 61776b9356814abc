package stock

import (
	"context"
	"net/http"
	"slices"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/platform/db"
)

// Parts is what the screen works with.
type Parts struct {
	DB        *db.DB
	Catalog   *catalog.Service
	Inventory *inventory.Service
	Staff     *staff.Service
}

const (
	at       = admin.Prefix + "/stock"
	pageSize = 50
)

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages: Templates,
		Nouns: []admin.Noun{{Label: "admin.stock.title", URL: at, Icon: "boxes", Key: "S", Place: 4, Tab: 4, Permission: policy.StockRead}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("stock", "/stock", policy.StockRead, s.list),
				o.Get("stock.item", "/stock/{id}", policy.StockRead, s.item),
				o.Post("stock.adjust", "/stock/{id}/movements", policy.StockWrite, s.adjust),
				o.Post("stock.policy", "/stock/{id}/policy", policy.StockWrite, s.policy),
			}
		},
	}
}

type query struct {
	Q        string `query:"q" max:"100"`
	View     string `query:"view" oneof:"low out"`
	Location string `query:"location" max:"40"`
	After    string `query:"after" max:"40"`
	Product  string `query:"product" max:"40"`
	Key      string `query:"key" max:"300"`
}

// url writes the address of the list with these filters, changed as pairs of
// name and value say.
func (q query) url(change ...string) string {
	return admin.Address(at, append([]string{"q", q.Q, "view", q.View, "location", q.Location}, change...)...)
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[query](d, r)
	places, err := s.Inventory.Locations(r.Context(), s.DB)
	if err != nil {
		return err
	}
	if q.Location != "" && !slices.ContainsFunc(places, func(l inventory.Location) bool { return l.ID == q.Location }) {
		asked.Refuse("location", "form.not_a_choice")
		q.Location = ""
	}
	few := s.Inventory.Display().Few
	f := filter{words: q.Q, location: q.Location, most: -1, limit: pageSize}
	switch q.View {
	case "low":
		f.most = few
	case "out":
		f.most = 0
	}
	if q.After = asked.Place("after", "var", q.After); q.After != "" {
		f.after = mark{q.Key, q.Product, q.After}
	}
	rows, err := list(r.Context(), s.DB, f)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.stock.title"), at)
	if err != nil {
		return err
	}
	frame.Note = d.P.T("admin.stock.lead")
	v := admin.ListView{Frame: frame, Filters: &admin.Filters{
		Action: at, Target: "stock", Clear: query{View: q.View}.url(), Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.stock.search")},
	}}
	for _, view := range []string{"", "low", "out"} {
		label := "admin.stock.view.all"
		if view != "" {
			label = "admin.stock.view." + view
		}
		v.Views = append(v.Views, admin.View{Label: d.P.T(label), URL: q.url("view", view), Current: q.View == view})
	}
	if q.View != "" {
		v.Filters.Hidden = []admin.Hidden{{Name: "view", Value: q.View}}
	}
	if len(places) > 1 {
		sel := admin.Select{Name: "location", Label: d.P.T("admin.stock.location"), Choices: []admin.Choice{{Label: d.P.T("admin.stock.any_location"), Selected: q.Location == ""}}}
		for _, l := range places {
			sel.Choices = append(sel.Choices, admin.Choice{Value: l.ID, Label: l.Name, Selected: q.Location == l.ID})
			if q.Location == l.ID {
				v.Filters.Chosen = append(v.Filters.Chosen, admin.Chosen{Label: l.Name, URL: q.url("location", "")})
			}
		}
		v.Filters.Selects = []admin.Select{sel}
	}
	if q.Q != "" {
		v.Filters.Chosen = append(v.Filters.Chosen, admin.Chosen{Label: "“" + q.Q + "”", URL: q.url("q", "")})
	}
	if v.Table, err = s.table(r.Context(), d, q, rows, few); err != nil {
		return err
	}
	asked.Tell(&v.Frame, v.Filters)
	return s.o.Page(w, r, asked.Status(), "list", v)
}

func (s *screen) table(ctx context.Context, d *admin.Desk, q query, rows []row, few int64) (admin.Table, error) {
	t := admin.Table{ID: "stock", Caption: d.P.T("admin.stock.title"), Two: true, Columns: []admin.Column{
		{Head: d.P.T("admin.product.picture"), Kind: admin.Thumb},
		{Head: d.P.T("admin.product.variant"), Kind: admin.Lead},
		{Head: d.P.T("admin.stock.on_hand"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.sold"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.kept_back"), Kind: admin.WideNum},
		{Head: d.P.T("admin.stock.for_sale"), Kind: admin.End},
	}}
	if len(rows) == 0 {
		t.Empty = &admin.Empty{Icon: "boxes", Title: d.P.T("admin.stock.none"), Text: d.P.T("admin.stock.none_text")}
		return t, nil
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		last := rows[pageSize-1]
		t.Pager.Next = q.url("after", last.variant, "product", last.product, "key", last.name)
	}
	if q.After != "" {
		t.Pager.Prev = q.url()
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.variant
	}
	lines, err := s.Catalog.Lines(ctx, s.DB, d.Shop.PriceList, ids)
	if err != nil {
		return t, err
	}
	for _, r := range rows {
		var picture admin.Picture
		what := r.sku
		if l := lines[r.variant]; l != nil {
			if l.Media != nil {
				picture.URL = l.Media.URL(160)
			}
			what = join(options(d, l.Options), r.sku)
		}
		left := admin.Cell{Text: d.P.Number(r.sellable)}
		switch {
		case r.sellable <= 0:
			left.Tone = admin.Bad
		case r.sellable <= few:
			left.Tone = admin.Warn
		}
		t.Rows = append(t.Rows, admin.Row{ID: r.variant, Cells: []admin.Cell{
			{Picture: &picture},
			{Text: r.productName.In(d.P.Lang(), d.First()), Note: what, URL: at + "/" + r.variant},
			{Text: d.P.Number(r.onHand), Label: d.P.T("admin.stock.on_hand")},
			{Text: d.P.Number(r.allocated), Label: d.P.T("admin.stock.sold")},
			{Text: d.P.Number(r.safety)},
			left,
		}})
	}
	return t, nil
}

func options(d *admin.Desk, chosen []catalog.Chosen) string {
	text := ""
	for _, c := range chosen {
		if text != "" {
			text += " / "
		}
		text += c.Value.In(d.P.Lang(), d.First())
	}
	return text
}

func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + " · " + b
}
