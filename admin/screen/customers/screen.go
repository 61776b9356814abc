package customers

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// Parts is what the screen works with.
type Parts struct {
	DB        *db.DB
	Customers *customer.Service
	Orders    *order.Service
	Staff     *staff.Service
	Fields    *custom.Service
	Content   *content.Service
	Mailbox   *mailbox.Service

	// OrderTable draws a list of orders the way their own screen does.
	OrderTable func(d *admin.Desk, list []order.Summary, now time.Time) ([]admin.Column, []admin.Row)
}

const (
	at       = admin.Prefix + "/customers"
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
		Pages:          Templates,
		Nouns:          []admin.Noun{{Label: "admin.customers.title", URL: at, Icon: "users", Key: "U", Place: 5, Permission: policy.CustomerRead}},
		Find:           s.find,
		FindPermission: policy.CustomerRead,
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("customers", "/customers", policy.CustomerRead, s.list),
				o.Get("customer", "/customers/{id}", policy.CustomerRead, s.show),
				o.Post("customer.fields", "/customers/{id}/fields", policy.CustomerWrite, s.saveFields),
				o.Post("customer.reset", "/customers/{id}/password-link", policy.CustomerWrite, s.reset),
				o.Post("customer.sign_out", "/customers/{id}/sessions/end", policy.CustomerWrite, s.signOut),
				o.Post("customer.data", "/customers/{id}/data", policy.PrivacyWrite, s.hand),
				o.Post("customer.erase", "/customers/{id}/erasure", policy.PrivacyWrite, s.erase),
			}
		},
	}
}

type query struct {
	Q     string `query:"q" max:"254"`
	After string `query:"after" max:"40"`
	Key   int64  `query:"key"`
}

// list finds customers by their whole address: names are sealed and cannot be
// searched.
func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[query](d, r)
	f := customer.Filter{Email: strings.TrimSpace(q.Q), Limit: pageSize + 1}
	if q.After = asked.Place("after", "cus", q.After); q.After != "" {
		f.After, f.AfterID = time.UnixMilli(q.Key), q.After
	}
	found, err := s.Customers.List(r.Context(), s.DB, f)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.customers.title"), at)
	if err != nil {
		return err
	}
	v := admin.ListView{Frame: frame, Filters: &admin.Filters{Action: at, Target: "customers", Clear: at, Search: &admin.Search{Name: "q", Value: q.Q, Label: d.P.T("admin.customers.search")}}}
	t := admin.Table{ID: "customers", Two: true, Caption: d.P.T("admin.customers.title"), Columns: []admin.Column{
		{Head: d.P.T("admin.order.customer"), Kind: admin.Lead}, {Head: d.P.T("admin.customers.language"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status")}, {Head: d.P.T("admin.staff.since"), Kind: admin.End},
	}}
	if q.After != "" {
		t.Pager.Prev = at
	}
	switch {
	case len(found) == 0 && q.Q == "":
		t.Empty = &admin.Empty{Icon: "users", Title: d.P.T("admin.customers.none"), Text: d.P.T("admin.customers.none_text")}
	case len(found) == 0:
		t.Empty = &admin.Empty{Icon: "search", Title: d.P.T("admin.customers.none_fits"), Text: d.P.T("admin.customers.none_fits_text"), Actions: []admin.Action{{Label: d.P.T("admin.customers.show_all"), URL: at}}}
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		last := found[pageSize-1]
		t.Pager.Next = admin.Address(at, "q", q.Q, "after", last.ID, "key", strconv.FormatInt(last.CreatedAt.UnixMilli(), 10))
	}
	for _, c := range found {
		status := state(d, c)
		t.Rows = append(t.Rows, admin.Row{ID: c.ID, Cells: []admin.Cell{
			{Text: name(d, c), Note: c.Email, URL: at + "/" + c.ID}, {Text: d.P.T("admin.language." + c.Locale)}, {Status: &status}, {Text: d.P.Date(c.CreatedAt)},
		}})
	}
	v.Table = t
	asked.Tell(&v.Frame, v.Filters)
	return s.o.Page(w, r, asked.Status(), "list", v)
}

func name(d *admin.Desk, c customer.Customer) string {
	switch {
	case c.Erased:
		return d.P.T("admin.customers.erased")
	case c.Name == "":
		return c.Email
	}
	return c.Name
}

func state(d *admin.Desk, c customer.Customer) admin.Status {
	switch {
	case c.Erased:
		return admin.Status{Tone: admin.Muted, Text: d.P.T("admin.customers.erased")}
	case c.Verified():
		return admin.Status{Tone: admin.Good, Text: d.P.T("admin.customers.proven")}
	}
	return admin.Status{Tone: admin.Open, Text: d.P.T("admin.customers.unproven")}
}

func (s *screen) customer(r *http.Request) (customer.Customer, error) {
	if !id.Valid("cus", r.PathValue("id")) {
		return customer.Customer{}, customer.NotFound()
	}
	return s.Customers.Get(r.Context(), s.DB, r.PathValue("id"))
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	return s.page(w, r, c, admin.Typed{}, nil)
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, c customer.Customer, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	ctx := r.Context()
	frame, err := s.o.Frame(r, name(d, c), at)
	if err != nil {
		return err
	}
	frame.Back, frame.Note = &admin.Link{Label: d.P.T("admin.customers.title"), URL: at}, d.P.T("admin.customers.since", "date", d.P.Date(c.CreatedAt))
	frame.Badges, frame.Fault = []admin.Status{state(d, c)}, t.Note()
	if cause != nil && !t.Sent() {
		frame.Fault = &admin.Note{Tone: admin.Bad, Text: d.P.Fault(fault.From(cause))}
	}
	if c.Erased {
		frame.Note = d.P.T("admin.customers.erased_text")
	}
	if d.Can(policy.CustomerWrite) && !c.Erased {
		frame.More = []admin.Action{
			{Label: d.P.T("admin.customers.send_reset"), Icon: "key-round", Post: true, URL: at + "/" + c.ID + "/password-link", Key: frame.FormKey},
			{Label: d.P.T("admin.customers.sign_out"), Icon: "log-out", Post: true, URL: at + "/" + c.ID + "/sessions/end", Key: frame.FormKey},
		}
	}
	v := View{Frame: frame}
	s.privacy(d, c, &v)
	if !c.Erased {
		v.Facts = []admin.Fact{{Label: d.P.T("admin.field.email"), Value: c.Email, URL: "mailto:" + c.Email}}
		if c.Phone != "" {
			v.Facts = append(v.Facts, admin.Fact{Label: d.P.T("admin.settings.phone"), Value: c.Phone, URL: "tel:" + c.Phone})
		}
		v.Facts = append(v.Facts, admin.Fact{Label: d.P.T("admin.customers.language"), Value: d.P.T("admin.language." + c.Locale)})
		book, err := s.Customers.Addresses(ctx, s.DB, c.ID)
		if err != nil {
			return err
		}
		for _, a := range book {
			v.Addresses = append(v.Addresses, Address{Text: written(d, a.Address), Note: defaults(d, a)})
		}
	}
	if err := s.orders(ctx, d, c, &v); err != nil {
		return err
	}
	if v.Timeline, err = s.timeline(ctx, d, c); err != nil {
		return err
	}
	if !c.Erased {
		defs, err := s.Fields.For(ctx, custom.Customer)
		if err != nil {
			return err
		}
		v.Details = d.CustomSection(frame, at+"/"+c.ID+"/fields", d.Can(policy.CustomerWrite), defs, c.Fields, t, c.Version)
	}
	return s.o.Page(w, r, web.Status(cause), "customer", v)
}

// saveFields keeps what staff note of a customer in the merchant's own fields.
func (s *screen) saveFields(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	defs, err := s.Fields.For(r.Context(), custom.Customer)
	if err != nil {
		return err
	}
	values, version, raw, err := d.CustomForm(r, defs)
	if err == nil {
		err = s.Customers.SetFields(r.Context(), d.Actor(), c.ID, values, version)
	}
	if err == nil {
		admin.Done(at+"/"+c.ID, "saved").Send(w)
		return nil
	}
	if !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, c, d.Typed(raw, err), err)
}

func defaults(d *admin.Desk, a customer.Saved) string {
	switch {
	case a.DefaultShipping && a.DefaultBilling:
		return d.P.T("admin.customers.default_both")
	case a.DefaultShipping:
		return d.P.T("admin.customers.default_shipping")
	case a.DefaultBilling:
		return d.P.T("admin.customers.default_billing")
	}
	return ""
}

func written(d *admin.Desk, a market.Address) string {
	return strings.Join(append(a.Lines(), d.P.T("country."+a.Country)), "\n")
}

// orders fills in the latest orders and what all of them came to; beyond a
// hundred they are not added up.
func (s *screen) orders(ctx context.Context, d *admin.Desk, c customer.Customer, v *View) error {
	v.Orders = admin.Table{ID: "orders", Caption: d.P.T("admin.customer.orders"), Empty: &admin.Empty{Icon: "shopping-cart", Title: d.P.T("admin.customers.no_orders")}}
	if !d.Can(policy.OrderRead) {
		return nil
	}
	const most = 100
	list, err := s.Orders.List(ctx, s.DB, order.Filter{CustomerID: c.ID, Limit: most})
	if err != nil {
		return err
	}
	var sum money.Minor
	var counted int64
	for _, o := range list {
		if o.State == order.Placed && o.Currency == d.Shop.Currency {
			if sum, err = sum.Add(o.Total - o.Refunded); err != nil {
				return err
			}
			counted++
		}
	}
	more := ""
	if len(list) == most {
		more = "+"
	}
	average := "–"
	if counted > 0 {
		average = d.P.Money(sum/money.Minor(counted), d.Shop.Currency)
	}
	v.Tiles = []admin.Tile{
		{Label: d.P.T("admin.customers.spent"), Value: d.P.Money(sum, d.Shop.Currency) + more},
		{Label: d.P.T("admin.orders.title"), Value: d.P.Number(int64(len(list))) + more},
		{Label: d.P.T("admin.home.average"), Value: average},
	}
	v.Orders.Columns, v.Orders.Rows = s.OrderTable(d, list[:min(len(list), 20)], s.DB.Now())
	return nil
}

func (s *screen) timeline(ctx context.Context, d *admin.Desk, c customer.Customer) ([]admin.Event, error) {
	entries, err := audit.History(ctx, s.DB, "customer", c.ID, 50)
	if err != nil {
		return nil, err
	}
	names, err := s.Staff.Names(ctx)
	if err != nil {
		return nil, err
	}
	var events []admin.Event
	for _, e := range entries {
		text := e.Action
		if key := "admin.event." + e.Action; d.P.Has(key) {
			text = d.P.T(key)
		}
		who := names[e.Actor.ID]
		if who == "" && d.P.Has("admin.actor."+string(e.Actor.Kind)) {
			who = d.P.T("admin.actor." + string(e.Actor.Kind))
		}
		events = append(events, admin.Event{Icon: "user", Text: text, Meta: who + " · " + d.P.DateTime(e.At)})
	}
	return events, nil
}

func (s *screen) reset(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if err := s.Customers.SendReset(r.Context(), s.o.Desk(r).Actor(), c.ID); err != nil {
		return err
	}
	admin.Done(at+"/"+c.ID, "reset_sent").Send(w)
	return nil
}

func (s *screen) signOut(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if _, err := s.Customers.SignOutEverywhere(r.Context(), s.o.Desk(r).Actor(), c.ID, ""); err != nil {
		return err
	}
	admin.Done(at+"/"+c.ID, "signed_out").Send(w)
	return nil
}

// find looks for a customer by the whole address.
func (s *screen) find(ctx context.Context, d *admin.Desk, words string) ([]admin.FindGroup, error) {
	if !strings.Contains(words, "@") {
		return nil, nil
	}
	found, err := s.Customers.List(ctx, s.DB, customer.Filter{Email: words, Limit: 5})
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g := admin.FindGroup{Label: d.P.T("admin.customers.title")}
	for _, c := range found {
		g.Hits = append(g.Hits, admin.Hit{Icon: "user", Label: name(d, c), Note: c.Email, URL: at + "/" + c.ID})
	}
	return []admin.FindGroup{g}, nil
}
