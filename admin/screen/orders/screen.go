package orders

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
)

// Parts is what the screen works with.
type Parts struct {
	DB         *db.DB
	Orders     *order.Service
	Checkout   *checkout.Service
	Fulfilment *fulfilment.Service
	Returns    *returns.Service
	Inventory  *inventory.Service
	Staff      *staff.Service
	Fields     *custom.Service

	// Picture returns the address of a line's picture by its hash, and "" when
	// there is none.
	Picture func(hash string) string

	// Products says which products are not deleted.
	Products func(ctx context.Context, ids []string) (map[string]bool, error)

	// Mails lists the letters about an order.
	Mails func(ctx context.Context, d *admin.Desk, orderID string) ([]Mail, error)
	// Resend writes an order's confirmation once more.
	Resend func(ctx context.Context, tx *db.Tx, orderID string) error
}

const (
	at       = admin.Prefix + "/orders"
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
		Nouns: []admin.Noun{{
			Label: "admin.orders.title", URL: at, Icon: "shopping-cart", Key: "O", Place: 1, Tab: 2, Permission: policy.OrderRead,
			Waiting: func(ctx context.Context) (int64, error) {
				c, err := s.Orders.Waiting(ctx, s.DB)
				return c.ToShip, err
			},
		}},
		Find:           s.find,
		FindPermission: policy.OrderRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("orders", "/orders", policy.OrderRead, s.list),
				o.Get("order", "/orders/{number}", policy.OrderRead, s.show),
				o.Post("order.fields", "/orders/{number}/fields", policy.OrderWrite, s.saveFields),
				o.Post("order.note", "/orders/{number}/notes", policy.OrderWrite, s.note),
				o.Post("order.paid", "/orders/{number}/payments", policy.OrderWrite, s.paid),
				o.Get("order.ship", "/orders/{number}/shipments/new", policy.OrderShip, s.shipPage),
				o.Post("order.ship.submit", "/orders/{number}/shipments", policy.OrderShip, s.ship),
				o.Post("order.delivered", "/orders/{number}/shipments/{shipment}/delivery", policy.OrderShip, s.delivered),
				o.Get("order.refund", "/orders/{number}/refunds/new", policy.OrderRefund, s.refundPage),
				o.Post("order.refund.submit", "/orders/{number}/refunds", policy.OrderRefund, s.refund),
				o.Get("order.cancel", "/orders/{number}/cancellation/new", policy.OrderCancel, s.cancelPage),
				o.Post("order.cancel.submit", "/orders/{number}/cancellation", policy.OrderCancel, s.cancel),
				o.Post("order.resend", "/orders/{number}/mails", policy.OrderWrite, s.resend),
			}
		},
	}
}

type query struct {
	Q          string `query:"q" max:"254"`
	View       string `query:"view" oneof:"to_ship unpaid review shipped cancelled"`
	Payment    string `query:"payment" oneof:"pending authorised partly_paid paid partly_refunded refunded"`
	Fulfilment string `query:"fulfilment" oneof:"unfulfilled partly_shipped shipped nothing"`
	From       string `query:"from" max:"10"`
	To         string `query:"to" max:"10"`
	After      string `query:"after" max:"40"`
	Key        int64  `query:"key"`
}

// url writes the address of the list with these filters, changed as pairs of
// name and value say.
func (q query) url(change ...string) string {
	return admin.Address(at, append([]string{"q", q.Q, "view", q.View, "payment", q.Payment, "fulfilment", q.Fulfilment, "from", q.From, "to", q.To}, change...)...)
}

// filter reads the query as the service understands it. Words are an order
// number or a whole e-mail address: names are sealed and cannot be searched.
func (q query) filter(zone *time.Location) (f order.Filter, understood bool) {
	f = order.Filter{Payment: payment.State(q.Payment), Fulfilment: order.FulfilmentState(q.Fulfilment), Limit: pageSize + 1}
	switch q.View {
	case "to_ship":
		f.ToShip = true
	case "unpaid":
		f.State, f.Payment = order.Placed, payment.Awaiting
	case "review":
		f.Payment = payment.UnderReview
	case "shipped":
		f.Fulfilment = order.Shipped
	case "cancelled":
		f.State = order.Cancelled
	}
	if from, err := time.ParseInLocation(time.DateOnly, q.From, zone); err == nil {
		f.From = from
	}
	if to, err := time.ParseInLocation(time.DateOnly, q.To, zone); err == nil {
		f.To = to.AddDate(0, 0, 1)
	}
	if id.Valid("ord", q.After) {
		f.After, f.AfterID = time.UnixMilli(q.Key), q.After
	}
	understood = true
	if words := strings.TrimSpace(q.Q); words != "" {
		number, ok := order.ParseNumber(words)
		switch {
		case ok:
			f.Number = number
		case strings.Contains(words, "@"):
			f.Email = words
		default:
			understood = false
		}
	}
	return f, understood
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[query](d, r)
	q.After = asked.Place("after", "ord", q.After)
	q.From, q.To = asked.Day("from", q.From), asked.Day("to", q.To)
	f, understood := q.filter(d.Zone())
	var err error
	var found []order.Summary
	if understood {
		if found, err = s.Orders.List(r.Context(), s.DB, f); err != nil {
			return err
		}
	}
	waiting, err := s.Orders.Waiting(r.Context(), s.DB)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.orders.title"), at)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Filters: filters(d, q)}
	counts := map[string]int64{"to_ship": waiting.ToShip, "unpaid": waiting.Unpaid, "review": waiting.ToReview}
	for _, view := range []string{"", "to_ship", "unpaid", "review", "shipped", "cancelled"} {
		label := "admin.orders.view.all"
		if view != "" {
			label = "admin.orders.view." + view
		}
		n, counted := counts[view]
		if view == "review" && n == 0 && q.View != view {
			continue // shown only when somebody must look
		}
		v.Views = append(v.Views, admin.View{Label: d.P.T(label), URL: q.url("view", view), Current: q.View == view, Count: n, Counted: counted})
	}
	v.Table = s.table(d, q, found, understood)
	asked.Tell(&v.Frame, v.Filters)
	return s.o.Page(w, r, asked.Status(), "list", v)
}

func filters(d *admin.Desk, q query) *admin.Filters {
	f := &admin.Filters{Action: at, Target: "orders", Clear: query{View: q.View}.url(), Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.orders.search")}}
	if q.View != "" {
		f.Hidden = []admin.Hidden{{Name: "view", Value: q.View}}
	}
	choose := func(name, label, any, chosen, prefix string, codes ...string) {
		sel := admin.Select{Name: name, Label: d.P.T(label), Choices: []admin.Choice{{Label: d.P.T(any), Selected: chosen == ""}}}
		for _, code := range codes {
			text := d.P.T(prefix + code)
			sel.Choices = append(sel.Choices, admin.Choice{Value: code, Label: text, Selected: chosen == code})
			if chosen == code {
				f.Chosen = append(f.Chosen, admin.Chosen{Label: d.P.T(label) + ": " + text, URL: q.url(name, "")})
			}
		}
		f.Selects = append(f.Selects, sel)
	}
	choose("payment", "admin.order.payment", "admin.orders.any_payment", q.Payment, "payment.state.", "pending", "authorised", "partly_paid", "paid", "partly_refunded", "refunded")
	choose("fulfilment", "admin.order.fulfilment", "admin.orders.any_fulfilment", q.Fulfilment, "admin.order.fulfilment.", "unfulfilled", "partly_shipped", "shipped", "nothing")
	f.Dates = []admin.DateFilter{{Name: "from", Label: d.P.T("admin.orders.from"), Value: q.From}, {Name: "to", Label: d.P.T("admin.orders.to"), Value: q.To}}
	for _, day := range []struct{ name, label, value string }{{"from", "admin.orders.from", q.From}, {"to", "admin.orders.to", q.To}} {
		if t, err := time.ParseInLocation(time.DateOnly, day.value, d.Zone()); err == nil {
			f.Chosen = append(f.Chosen, admin.Chosen{Label: d.P.T(day.label) + " " + d.P.Date(t), URL: q.url(day.name, "")})
		}
	}
	if q.Q != "" {
		f.Chosen = append(f.Chosen, admin.Chosen{Label: "“" + q.Q + "”", URL: q.url("q", "")})
	}
	return f
}

// Columns are those of a list of orders, here and on other screens.
func Columns(d *admin.Desk) []admin.Column {
	return []admin.Column{
		{Head: d.P.T("admin.order.number"), Kind: admin.Lead},
		{Head: d.P.T("admin.order.placed"), Kind: admin.Tight},
		{Head: d.P.T("admin.order.customer")},
		{Head: d.P.T("admin.order.payment")},
		{Head: d.P.T("admin.order.fulfilment")},
		{Head: d.P.T("admin.order.total"), Kind: admin.End},
	}
}

// Rows are the rows of a list of orders.
func Rows(d *admin.Desk, list []order.Summary, now time.Time) []admin.Row {
	rows := make([]admin.Row, len(list))
	for i, o := range list {
		pay, ship := Payment(d, o.Payment), Fulfilment(d, o.State, o.Fulfilment)
		if o.Payment == payment.Awaiting {
			pay.Text = d.P.T("admin.orders.view.unpaid")
		}
		number := "#" + o.PublicNumber()
		rows[i] = admin.Row{ID: o.ID, Name: number, Cells: []admin.Cell{
			{Text: number, URL: at + "/" + o.PublicNumber()},
			{Text: d.When(o.PlacedAt, now)},
			{Text: named(d, o.Name)},
			{Status: &pay},
			{Status: &ship},
			{Text: d.P.Money(o.Total, o.Currency)},
		}}
	}
	return rows
}

// Payment is where an order's money stands, in words.
func Payment(d *admin.Desk, s payment.State) admin.Status {
	if s == "" {
		s = order.NoPayment
	}
	tones := map[payment.State]string{
		payment.Paid: admin.Good, payment.Authorised: admin.Info, payment.PartlyPaid: admin.Half, payment.PartlyRefunded: admin.Half,
		payment.Failed: admin.Bad, payment.UnderReview: admin.Warn, payment.Awaiting: admin.Open, payment.Refunded: admin.Muted, payment.Voided: admin.Muted,
	}
	return admin.Status{Tone: tones[s], Text: d.P.T("payment.state." + string(s))}
}

// Fulfilment is how much of an order is on its way, in words.
func Fulfilment(d *admin.Desk, state order.State, s order.FulfilmentState) admin.Status {
	if state == order.Cancelled && s != order.Shipped {
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.order.cancelled")}
	}
	tones := map[order.FulfilmentState]string{order.Unfulfilled: admin.Open, order.PartlyShipped: admin.Half, order.Shipped: admin.Good, order.Nothing: admin.Muted}
	return admin.Status{Tone: tones[s], Text: d.P.T("admin.order.fulfilment." + string(s))}
}

func (s *screen) table(d *admin.Desk, q query, found []order.Summary, understood bool) admin.Table {
	t := admin.Table{ID: "orders", Caption: d.P.T("admin.orders.title"), Columns: Columns(d)}
	if q.After != "" {
		t.Pager.Prev = q.url()
	}
	switch {
	case !understood:
		t.Empty = &admin.Empty{Icon: "search", Title: d.P.T("admin.orders.what"), Text: d.P.T("admin.orders.what_text")}
		return t
	case len(found) == 0 && q.url() == at:
		t.Empty = &admin.Empty{Icon: "shopping-cart", Title: d.P.T("admin.orders.none"), Text: d.P.T("admin.orders.none_text")}
		return t
	case len(found) == 0:
		t.Empty = &admin.Empty{Icon: "search", Title: d.P.T("admin.orders.none_fits"), Text: d.P.T("admin.orders.none_fits_text"), Actions: []admin.Action{{Label: d.P.T("admin.orders.show_all"), URL: at}}}
		return t
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		last := found[pageSize-1]
		t.Pager.Next = q.url("after", last.ID, "key", strconv.FormatInt(last.PlacedAt.UnixMilli(), 10))
	}
	t.Pager.Shown = d.P.T("admin.orders.shown", "count", len(found))
	t.Rows = Rows(d, found, s.DB.Now())
	return t
}

// find looks for an order by its number or the whole e-mail address.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	f, understood := query{Q: words}.filter(d.Zone())
	if !understood {
		return nil, nil
	}
	f.Limit = 5
	found, err := s.Orders.List(ctx, s.DB, f)
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.orders.title")}
	for _, o := range found {
		g.Hits = append(g.Hits, admin.Hit{Icon: "shopping-cart", Label: "#" + o.PublicNumber() + " · " + named(d, o.Name), Note: d.P.Money(o.Total, o.Currency), URL: at + "/" + o.PublicNumber()})
	}
	return []admin.FindGroup{g}, nil
}
