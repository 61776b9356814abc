package products

import (
	"context"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Parts is what the screen works with.
type Parts struct {
	DB        *db.DB
	Catalog   *catalog.Service
	Fields    *custom.Service
	Inventory *inventory.Service
	Upload    *upload.Service

	// Countries are the choices of a country, sorted by name.
	Countries func(d *admin.Desk, chosen string) []admin.Choice
}

const (
	at       = admin.Prefix + "/products"
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
		Pages:          fs.FS(Templates),
		Nouns:          []admin.Noun{{Label: "admin.products.title", URL: at, Icon: "package", Key: "P", Place: 2, Tab: 3, Permission: policy.CatalogRead}},
		Do:             []admin.Command{{Label: "admin.products.new", URL: at + "/new", Icon: "plus", Permission: policy.CatalogWrite}},
		Find:           s.find,
		FindPermission: policy.CatalogRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			create := o.Post("product.create", "/products", policy.CatalogWrite, s.create)
			save := o.Post("product.save", "/products/{id}", policy.CatalogWrite, s.save)
			create.Body, save.Body = maxForm, maxForm
			return []policy.Route{
				o.Get("products", "/products", policy.CatalogRead, s.list),
				o.Post("products.bulk", "/products/bulk", policy.CatalogWrite, s.bulk),
				o.Get("product.new", "/products/new", policy.CatalogWrite, s.blank),
				create,
				o.Get("product", "/products/{id}", policy.CatalogRead, s.show),
				save,
				o.Get("product.options", "/products/{id}/options", policy.CatalogWrite, s.options),
				o.Post("product.options.save", "/products/{id}/options", policy.CatalogWrite, s.saveOptions),
				o.Get("product.variant", "/products/{id}/variants/{variant}", policy.CatalogRead, s.variant),
				o.Post("product.variant.save", "/products/{id}/variants/{variant}", policy.CatalogWrite, s.saveVariant),
				o.Post("product.status", "/products/{id}/status", policy.CatalogWrite, s.setStatus),
				o.Post("product.delete", "/products/{id}/deletion", policy.CatalogWrite, s.remove),
			}
		},
	}
}

// maxForm bounds a product's form: texts and a handful of pictures.
const maxForm = 64 << 20

type query struct {
	Q        string `query:"q" max:"100"`
	Status   string `query:"status" oneof:"draft scheduled active archived"`
	Category string `query:"category" max:"40"`
	Sort     string `query:"sort" oneof:"name"`
	After    string `query:"after" max:"60"`
	Key      string `query:"key" max:"300"`
	Of       string `query:"of" max:"2000"`
	Was      string `query:"was" oneof:"draft active archived"`
}

// url writes the address of the list with these filters, changed as pairs of
// name and value say.
func (q query) url(change ...string) string {
	return admin.Address(at, append([]string{"q", q.Q, "status", q.Status, "category", q.Category, "sort", q.Sort}, change...)...)
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[query](d, r)
	tree, err := s.Catalog.Tree(r.Context())
	if err != nil {
		return err
	}
	f := filter{words: q.Q, status: catalog.Status(q.Status), byName: q.Sort == "name", limit: pageSize}
	if q.Category != "" {
		if f.categories = tree.Within(q.Category); f.categories == nil {
			asked.Refuse("category", "form.not_a_choice")
			q.Category = ""
		}
	}
	if q.After = asked.Place("after", "prd", q.After); q.After != "" {
		f.after = mark{id: q.After, name: q.Key}
		if ms, err := strconv.ParseInt(q.Key, 10, 64); err == nil {
			f.after.at = time.UnixMilli(ms)
		}
	}
	marks, err := page(r.Context(), s.DB, f)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.products.title"), at)
	if err != nil {
		return err
	}
	if d.Can(policy.CatalogWrite) {
		frame.Primary = &admin.Action{Label: d.P.T("admin.products.new"), URL: at + "/new", Icon: "plus", Look: "primary"}
	}
	if ids := strings.Split(q.Of, ","); frame.Toast != nil && q.Was != "" && d.Can(policy.CatalogWrite) && len(ids) <= pageSize {
		undo := admin.Action{Label: d.P.T("admin.undo"), Post: true, URL: at + "/bulk", Key: once.NewKey(), Name: "do", Value: q.Was, Small: true}
		for _, p := range ids {
			if id.Valid("prd", p) {
				undo.Fields = append(undo.Fields, admin.Hidden{Name: "id", Value: p})
			}
		}
		if len(undo.Fields) > 0 {
			frame.Toast.Undo = &undo
		}
	}
	view := admin.ListView{Frame: frame, Views: s.views(d, q), Filters: s.filters(d, q, tree)}
	if view.Table, err = s.table(r.Context(), d, q, marks, tree, frame.FormKey); err != nil {
		return err
	}
	asked.Tell(&view.Frame, view.Filters)
	return s.o.Page(w, r, asked.Status(), "list", view)
}

func (s *screen) views(d *admin.Desk, q query) []admin.View {
	var views []admin.View
	for _, status := range []string{"", "active", "draft", "scheduled", "archived"} {
		label := d.P.T("admin.products.all")
		if status != "" {
			label = d.P.T("admin.product.status." + status)
		}
		views = append(views, admin.View{Label: label, URL: q.url("status", status), Current: q.Status == status})
	}
	return views
}

func (s *screen) filters(d *admin.Desk, q query, tree *catalog.Tree) *admin.Filters {
	f := &admin.Filters{
		Action: at, Target: "products", Clear: query{Status: q.Status}.url(),
		Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.products.search")},
		Hidden: []admin.Hidden{},
	}
	if q.Status != "" {
		f.Hidden = append(f.Hidden, admin.Hidden{Name: "status", Value: q.Status})
	}
	categories := []admin.Choice{{Label: d.P.T("admin.products.any_category"), Selected: q.Category == ""}}
	for _, n := range tree.All() {
		categories = append(categories, admin.Choice{Value: n.ID, Label: strings.Repeat("\u2003", n.Depth) + n.Name.In(d.P.Lang(), d.First()), Selected: q.Category == n.ID})
	}
	f.Selects = []admin.Select{
		{Name: "category", Label: d.P.T("admin.product.category"), Choices: categories},
		{Name: "sort", Label: d.P.T("admin.sort"), Choices: []admin.Choice{
			{Label: d.P.T("admin.sort.changed"), Selected: q.Sort == ""}, {Value: "name", Label: d.P.T("admin.sort.name"), Selected: q.Sort == "name"},
		}},
	}
	if q.Q != "" {
		f.Chosen = append(f.Chosen, admin.Chosen{Label: "“" + q.Q + "”", URL: q.url("q", "")})
	}
	if n := tree.Find(q.Category); n != nil {
		f.Chosen = append(f.Chosen, admin.Chosen{Label: n.Name.In(d.P.Lang(), d.First()), URL: q.url("category", "")})
	}
	return f
}

func (s *screen) table(ctx context.Context, d *admin.Desk, q query, marks []mark, tree *catalog.Tree, key string) (admin.Table, error) {
	t := admin.Table{
		ID: "products", Caption: d.P.T("admin.products.title"), Two: true, Picks: d.Can(policy.CatalogWrite),
		Columns: []admin.Column{
			{Head: d.P.T("admin.product.picture"), Kind: admin.Thumb},
			{Head: d.P.T("admin.product.name"), Kind: admin.Lead},
			{Head: d.P.T("admin.product.status")},
			{Head: d.P.T("admin.product.stock"), Kind: admin.Num},
			{Head: d.P.T("admin.product.category"), Kind: admin.Wide},
			{Head: d.P.T("admin.product.changed"), Kind: admin.Wide},
			{Head: d.P.T("admin.product.price"), Kind: admin.End},
		},
	}
	if t.Picks {
		t.BulkTo, t.BulkKey = at+"/bulk", key
		t.Bulk = []admin.Action{
			{Label: d.P.T("admin.products.publish"), Icon: "eye", Name: "do", Value: "active"},
			{Label: d.P.T("admin.products.archive"), Icon: "archive", Name: "do", Value: "archived"},
		}
	}
	if len(marks) == 0 {
		t.Empty = s.nothing(d, q)
		return t, nil
	}
	if len(marks) > pageSize {
		marks = marks[:pageSize]
		last := marks[pageSize-1]
		key := strconv.FormatInt(last.at.UnixMilli(), 10)
		if q.Sort == "name" {
			key = last.name
		}
		t.Pager.Next = q.url("after", last.id, "key", key)
	}
	if q.After != "" {
		t.Pager.Prev = q.url()
	}
	ids := make([]string, len(marks))
	for i, m := range marks {
		ids[i] = m.id
	}
	cards, err := s.Catalog.Cards(ctx, s.DB, ids)
	if err != nil {
		return t, err
	}
	stock, err := shelves(ctx, s.DB, ids)
	if err != nil {
		return t, err
	}
	t.Pager.Shown = d.P.T("admin.products.shown", "count", len(marks))
	for _, m := range marks {
		c := cards[m.id]
		if c == nil {
			continue
		}
		shelf := stock[m.id]
		name := c.Name.In(d.P.Lang(), d.First())
		note := d.P.T("admin.products.variants", "count", int(shelf.variants))
		if c.Brand != "" {
			note += " · " + c.Brand
		}
		var picture admin.Picture
		if len(c.Media) > 0 {
			picture.URL = c.Media[0].URL(160)
		}
		category := ""
		if n := tree.Find(m.category); n != nil {
			category = n.Name.In(d.P.Lang(), d.First())
		}
		status := Status(d.P, c.Status, c.EndedAt(s.DB.Now()))
		t.Rows = append(t.Rows, admin.Row{ID: m.id, Name: name, Cells: []admin.Cell{
			{Picture: &picture},
			{Text: name, Note: note, URL: at + "/" + m.id},
			{Status: &status},
			left(d, shelf),
			{Text: category},
			{Text: d.When(m.at, s.DB.Now())},
			{Text: price(d, c)},
		}})
	}
	return t, nil
}

func left(d *admin.Desk, s shelf) admin.Cell {
	c := admin.Cell{Label: d.P.T("admin.product.stock")}
	switch {
	case s.tracked == 0:
		c.Text, c.Tone = d.P.T("admin.stock.uncounted"), "faint"
	case s.left <= 0:
		c.Text, c.Tone = d.P.Number(s.left), admin.Bad
	default:
		c.Text = d.P.Number(s.left)
	}
	return c
}

func price(d *admin.Desk, c *catalog.Card) string {
	p, ok := c.Price(d.Shop.PriceList)
	switch {
	case !ok:
		return "–"
	case p.Min == p.Max:
		return d.P.Money(p.Min, p.Currency)
	}
	return d.P.Money(p.Min, p.Currency) + " – " + d.P.Money(p.Max, p.Currency)
}

func (s *screen) nothing(d *admin.Desk, q query) *admin.Empty {
	if q.url() != at || q.After != "" {
		return &admin.Empty{Icon: "search", Title: d.P.T("admin.products.none_fits"), Text: d.P.T("admin.products.none_fits_text"), Actions: []admin.Action{{Label: d.P.T("admin.products.show_all"), URL: at}}}
	}
	e := &admin.Empty{Icon: "package", Title: d.P.T("admin.products.none"), Text: d.P.T("admin.products.none_text")}
	if d.Can(policy.CatalogWrite) {
		e.Actions = []admin.Action{{Label: d.P.T("admin.products.new"), URL: at + "/new", Icon: "plus", Look: "primary"}}
	}
	return e
}

// bulk publishes or archives what was picked, all of it or none.
func (s *screen) bulk(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		IDs []string `form:"id" items:"200" max:"40"`
		Do  string   `form:"do" oneof:"active archived draft" required:"true"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		admin.Done(at, "nothing_picked").Send(w)
		return nil
	}
	was, err := s.Catalog.Cards(r.Context(), s.DB, in.IDs)
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		if err := s.Catalog.SetStatus(ctx, tx, s.o.Desk(r).Actor(), in.IDs, catalog.Status(in.Do), time.Time{}); err != nil {
			return once.Response{}, err
		}
		more := []string{"n", strconv.Itoa(len(in.IDs))}
		if old := alike(was); old != "" && len(in.IDs) <= pageSize {
			more = append(more, "of", strings.Join(in.IDs, ","), "was", string(old))
		}
		return admin.Done(at, "products_"+in.Do, more...), nil
	})
}

// alike is the one status that all products had, if there is one to go back
// to.
func alike(cards map[string]*catalog.Card) (status catalog.Status) {
	for _, c := range cards {
		if c.Status == catalog.Scheduled || (status != "" && c.Status != status) {
			return ""
		}
		status = c.Status
	}
	return status
}

func (s *screen) setStatus(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Status string `form:"status" oneof:"active archived draft" required:"true"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	product := r.PathValue("id")
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		err := s.Catalog.SetStatus(ctx, tx, s.o.Desk(r).Actor(), []string{product}, catalog.Status(in.Status), time.Time{})
		return admin.Done(at+"/"+product, "products_"+in.Status), err
	})
}

func (s *screen) remove(w http.ResponseWriter, r *http.Request) error {
	in, _, err := web.DecodeForm[struct {
		Visitors string `form:"visitors" oneof:"lead gone"`
	}](r, web.Limits{})
	if err != nil {
		return err
	}
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		err := s.Catalog.Delete(ctx, tx, s.o.Desk(r).Actor(), r.PathValue("id"), in.Visitors == "gone")
		return admin.Done(at, "product_deleted"), err
	})
}

// Find lists the ids of at most limit products by name: those whose name or SKU
// holds the words, or whose brand or GTIN they are; all of them for no words.
func Find(ctx context.Context, q db.Q, words string, limit int) ([]string, error) {
	marks, err := page(ctx, q, filter{words: words, byName: true, limit: limit})
	if err != nil {
		return nil, err
	}
	marks = marks[:min(len(marks), limit)]
	ids := make([]string, len(marks))
	for i, m := range marks {
		ids[i] = m.id
	}
	return ids, nil
}

// find looks for products by name or SKU.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	ids, err := Find(ctx, s.DB, words, 6)
	if err != nil {
		return nil, err
	}
	cards, err := s.Catalog.Cards(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.products.title")}
	for _, id := range ids {
		if c := cards[id]; c != nil {
			g.Hits = append(g.Hits, admin.Hit{Icon: "package", Label: c.Name.In(d.P.Lang(), d.First()), Note: price(d, c), URL: at + "/" + id})
		}
	}
	return []admin.FindGroup{g}, nil
}

// known answers "not found" without asking the database.
func known(product string) error {
	if !id.Valid("prd", product) {
		return fault.New(fault.NotFound, "catalog.product_not_found")
	}
	return nil
}

// Status is a product's status in words. One whose end is over is said to be
// so where it would be on sale otherwise.
func Status(p interface{ T(string, ...any) string }, status catalog.Status, ended bool) admin.Status {
	if ended && (status == catalog.Active || status == catalog.Scheduled) {
		return admin.Status{Tone: admin.Muted, Text: p.T("admin.product.status.ended")}
	}
	tones := map[catalog.Status]string{catalog.Active: admin.Good, catalog.Scheduled: admin.Warn, catalog.Draft: admin.Open, catalog.Archived: admin.Muted}
	return admin.Status{Tone: tones[status], Text: p.T("admin.product.status." + string(status))}
}
