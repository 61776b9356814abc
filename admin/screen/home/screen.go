package home

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// Parts is what the screen works with.
type Parts struct {
	DB        *db.DB
	Orders    *order.Service
	Catalog   *catalog.Service
	Inventory *inventory.Service
	Market    *market.Service

	// OrderTable draws a list of orders the way their own screen does.
	OrderTable func(d *admin.Desk, list []order.Summary, now time.Time) ([]admin.Column, []admin.Row)

	// FailedMails and NewMessages count what waits.
	FailedMails func(ctx context.Context) (int64, error)
	NewMessages func(ctx context.Context) (int64, error)
}

const days = 30

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages: Templates,
		Nouns: []admin.Noun{{Label: "admin.home.title", URL: admin.Prefix, Icon: "house", Key: "H", Tab: 1, Permission: policy.Self}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{o.Get("home", "", policy.Self, s.show)}
		},
	}
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	now := s.DB.Now().In(d.Zone())
	first, _, _ := strings.Cut(d.Person.Name, " ")
	frame, err := s.o.Frame(r, d.P.T("admin.home."+greeting(now.Hour()), "name", first), admin.Prefix)
	if err != nil {
		return err
	}
	frame.Note = d.P.T("admin.weekday."+weekday(now)) + ", " + d.P.Date(now)
	v := View{Frame: frame}
	if d.Can(policy.SettingsWrite) && !s.Market.Current(r.Context()).Open() {
		v.Notes = []admin.Note{{Title: d.P.T("admin.home.not_open"), Text: d.P.T("admin.home.not_open_text"), Links: []admin.Link{{Label: d.P.T("admin.opening.title"), URL: admin.Prefix + "/settings/opening"}}}}
	}
	for _, fill := range []func(context.Context, *admin.Desk, time.Time, *View) error{s.numbers, s.orders, s.sellers, s.todos} {
		if err := fill(r.Context(), d, now, &v); err != nil {
			return err
		}
	}
	return s.o.Page(w, r, http.StatusOK, "home", v)
}

func greeting(hour int) string {
	switch {
	case hour < 4, hour >= 18:
		return "evening"
	case hour < 12:
		return "morning"
	}
	return "daytime"
}

func weekday(t time.Time) string { return string(rune('0' + int(t.Weekday()))) }

// numbers fills in the tiles and the chart: today beside yesterday, thirty
// days beside the thirty before.
func (s *screen) numbers(ctx context.Context, d *admin.Desk, now time.Time, v *View) error {
	if !d.Can(policy.OrderRead) {
		return nil
	}
	currency := d.Shop.Currency
	if currency == "" {
		currency = "EUR"
	}
	day := func(back int) string { return now.AddDate(0, 0, -back).Format(time.DateOnly) }
	sales, err := s.Orders.Sales(ctx, s.DB, currency, day(2*days-1), day(0))
	if err != nil {
		return err
	}
	by := make(map[string]order.Day, len(sales))
	for _, x := range sales {
		by[x.Day] = x
	}
	say := func(m money.Minor) string { return d.P.Money(m, currency) }
	points := make([]admin.Point, days)
	var total, count int64
	for i := range points {
		back := days - 1 - i
		at := now.AddDate(0, 0, -back)
		x := by[day(back)]
		points[i] = admin.Point{Label: d.P.Day(at), Value: int64(x.Total), Was: int64(by[day(back+days)].Total)}
		total, count = total+int64(x.Total), count+x.Orders
	}
	var labels []string
	for _, back := range []int{29, 22, 15, 7, 0} {
		labels = append(labels, d.ShortDay(now.AddDate(0, 0, -back)))
	}
	v.Chart = admin.NewChart(points, unit(currency), func(n int64) string { return say(money.Minor(n)) }, labels)
	v.Chart.Title, v.Chart.Day, v.Chart.Keys = d.P.T("admin.home.sales"), d.P.T("admin.home.day"), []string{d.P.T("admin.home.these_days"), d.P.T("admin.home.days_before")}
	for i, tick := range v.Chart.Ticks {
		v.Chart.Ticks[i] = whole(tick)
	}
	v.ChartTotal = say(money.Minor(total))

	waiting, err := s.Orders.Waiting(ctx, s.DB)
	if err != nil {
		return err
	}
	today, yesterday := by[day(0)], by[day(1)]
	average := "–"
	if count > 0 {
		average = say(money.Minor(total / count))
	}
	since := "/orders?from=" + day(0)
	v.Tiles = []admin.Tile{
		{Label: d.P.T("admin.home.sales_today"), Value: say(today.Total), Note: d.P.T("admin.home.yesterday", "value", say(yesterday.Total)), URL: admin.Prefix + since},
		{Label: d.P.T("admin.home.orders_today"), Value: d.P.Number(today.Orders), Note: d.P.T("admin.home.yesterday", "value", d.P.Number(yesterday.Orders)), URL: admin.Prefix + since},
		{Label: d.P.T("admin.home.to_ship"), Value: d.P.Number(waiting.ToShip), URL: admin.Prefix + "/orders?view=to_ship"},
		{Label: d.P.T("admin.home.average"), Value: average, Note: d.P.T("admin.home.last_days")},
	}
	return nil
}

// unit is one whole of a currency in its minor units: 100 for EUR, 1 for JPY.
func unit(currency string) int64 {
	digits, _ := money.Exponent(currency)
	n := int64(1)
	for range digits {
		n *= 10
	}
	return n
}

// whole leaves the zero cents off a label of the axis.
func whole(tick string) string {
	for _, zeros := range []string{".000", ",000", ".00", ",00"} {
		if head, tail, ok := strings.Cut(tick, zeros); ok && !strings.ContainsAny(tail, "0123456789") {
			return head + tail
		}
	}
	return tick
}

func (s *screen) orders(ctx context.Context, d *admin.Desk, now time.Time, v *View) error {
	v.Orders = admin.Table{ID: "latest", Caption: d.P.T("admin.home.latest"), Empty: &admin.Empty{Icon: "shopping-cart", Title: d.P.T("admin.orders.none"), Text: d.P.T("admin.orders.none_text")}}
	if !d.Can(policy.OrderRead) {
		v.NoOrders = true
		return nil
	}
	list, err := s.Orders.List(ctx, s.DB, order.Filter{Limit: 8})
	if err != nil {
		return err
	}
	v.Orders.Columns, v.Orders.Rows = s.OrderTable(d, list, now)
	return nil
}

func (s *screen) sellers(ctx context.Context, d *admin.Desk, now time.Time, v *View) error {
	if !d.Can(policy.OrderRead) || !d.Can(policy.CatalogRead) {
		return nil
	}
	list, err := best(ctx, s.DB, now.AddDate(0, 0, 1-days).Format(time.DateOnly), now.Format(time.DateOnly), 5)
	if err != nil {
		return err
	}
	ids := make([]string, len(list))
	for i, x := range list {
		ids[i] = x.product
	}
	cards, err := s.Catalog.Cards(ctx, s.DB, ids)
	if err != nil {
		return err
	}
	for _, x := range list {
		c := cards[x.product]
		if c == nil {
			continue
		}
		seller := Seller{Name: c.Name.In(d.P.Lang(), d.First()), URL: admin.Prefix + "/products/" + c.ID, Count: d.P.Number(x.units)}
		if len(c.Media) > 0 {
			seller.Picture.URL = c.Media[0].URL(160)
		}
		v.Best = append(v.Best, seller)
	}
	return nil
}

// steps are what a new shop still needs before it can sell.
func (s *screen) steps(ctx context.Context, d *admin.Desk, v *View) error {
	snap := s.Market.Current(ctx)
	if !snap.Open() || !d.Can(policy.SettingsWrite) {
		return nil
	}
	goods, err := s.Catalog.ProductIDs(ctx, s.DB, "", 1)
	if err != nil {
		return err
	}
	if len(goods) == 0 && d.Can(policy.CatalogWrite) {
		v.Todos = append(v.Todos,
			admin.Todo{Icon: "package", Tone: admin.Info, Text: d.P.T("admin.todo.first_product"), Note: d.P.T("admin.todo.first_product_note"), URL: admin.Prefix + "/products/new"},
			admin.Todo{Icon: "credit-card", Tone: admin.Info, Text: d.P.T("admin.todo.payments"), Note: d.P.T("admin.todo.payments_note"), URL: admin.Prefix + "/settings/payments"})
	}
	if snap.Shop.Address.Line1 == "" {
		v.Todos = append(v.Todos, admin.Todo{Icon: "store", Tone: admin.Warn, Text: d.P.T("admin.todo.address"), Note: d.P.T("admin.todo.address_note"), URL: admin.Prefix + "/settings#address"})
	}
	return nil
}

// todos lists what waits for a person, as far as this one may see it.
func (s *screen) todos(ctx context.Context, d *admin.Desk, _ time.Time, v *View) error {
	if err := s.steps(ctx, d, v); err != nil {
		return err
	}
	if d.Can(policy.OrderRead) {
		waiting, err := s.Orders.Waiting(ctx, s.DB)
		if err != nil {
			return err
		}
		for _, x := range []struct {
			n                     int64
			icon, tone, key, view string
		}{
			{waiting.ToReview, "triangle-alert", admin.Warn, "admin.todo.review", "review"},
			{waiting.ToShip, "truck", admin.Info, "admin.todo.ship", "to_ship"},
			{waiting.Unpaid, "banknote", "", "admin.todo.unpaid", "unpaid"},
		} {
			if x.n > 0 {
				v.Todos = append(v.Todos, admin.Todo{Icon: x.icon, Tone: x.tone, Text: d.P.T(x.key, "count", int(x.n)), URL: admin.Prefix + "/orders?view=" + x.view})
			}
		}
	}
	if d.Can(policy.StockRead) {
		few := s.Inventory.Display().Few
		n, err := low(ctx, s.DB, s.DB.Now(), few, 100)
		if err != nil {
			return err
		}
		if n > 0 {
			v.Todos = append(v.Todos, admin.Todo{Icon: "boxes", Tone: admin.Warn, Text: d.P.T("admin.todo.low", "count", int(n)), Note: d.P.T("admin.todo.low_note", "count", int(few)), URL: admin.Prefix + "/stock?view=low"})
		}
	}
	for _, x := range []struct {
		count           func(context.Context) (int64, error)
		p               policy.Permission
		icon, tone, key string
		url             string
	}{
		{s.FailedMails, policy.MailRead, "mail", admin.Bad, "admin.todo.mails", "/mails?state=failed"},
		{s.NewMessages, policy.ContentRead, "message-square", "", "admin.todo.messages", "/messages"},
	} {
		if !d.Can(x.p) {
			continue
		}
		n, err := x.count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			v.Todos = append(v.Todos, admin.Todo{Icon: x.icon, Tone: x.tone, Text: d.P.T(x.key, "count", int(n)), URL: admin.Prefix + x.url})
		}
	}
	return nil
}
