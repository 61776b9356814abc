package orders

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

// order reads the order that the path names by its public number.
func (s *screen) order(r *http.Request) (order.Order, error) {
	number, ok := order.ParseNumber(r.PathValue("number"))
	if !ok {
		return order.Order{}, order.NotFound()
	}
	o, err := s.Orders.ByNumber(r.Context(), s.DB, number)
	if err != nil {
		return o, err
	}
	var products []string
	for _, l := range o.Lines {
		if l.ProductID != "" {
			products = append(products, l.ProductID)
		}
	}
	there, err := s.Products(r.Context(), products)
	if err != nil {
		return o, err
	}
	for i, l := range o.Lines {
		if !there[l.ProductID] {
			o.Lines[i].ProductID = "" // deleted since: there is no page to lead to
		}
	}
	return o, nil
}

func path(o order.Order) string { return at + "/" + o.PublicNumber() }

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	return s.page(w, r, o, admin.Typed{}, nil)
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, o order.Order, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	frame, err := s.o.Frame(r, d.P.T("admin.order.title", "number", o.PublicNumber()), at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.orders.title"), URL: at}, t.Note()
	frame.Note = strings.Join([]string{d.P.DateTime(o.PlacedAt), d.P.T("admin.language." + o.Locale)}, " · ")
	frame.Badges = []admin.Status{Payment(d, o.Payment), Fulfilment(d, o.State, o.Fulfilment)}
	v := View{Frame: frame, Message: o.Note}
	s.actions(d, &v, o)
	places, err := s.Inventory.Locations(r.Context(), s.DB)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(places))
	for _, p := range places {
		names[p.ID] = p.Name
	}
	shipments, err := s.Orders.Shipments(r.Context(), s.DB, o.ID)
	if err != nil {
		return err
	}
	v.Parcels = s.parcels(d, o, shipments, names, frame.FormKey)
	v.Money = s.money(d, o)
	if d.Can(policy.OrderWrite) {
		v.NoteTo = path(o) + "/notes"
		v.NoteField = t.Fill(admin.Field{Name: "note", Label: d.P.T("admin.order.note"), Kind: admin.LongField, Rows: 2, Bare: true, Hint: d.P.T("admin.order.note_hint"), Max: 2000})
	}
	defs, err := s.Fields.For(r.Context(), custom.Order)
	if err != nil {
		return err
	}
	v.Details = d.CustomSection(frame, path(o)+"/fields", d.Can(policy.OrderWrite), defs, o.Fields, t, o.Version)
	if v.Timeline, err = s.timeline(r, d, o, shipments); err != nil {
		return err
	}
	s.people(d, &v, o)
	if err := s.letters(r, d, &v, o); err != nil {
		return err
	}
	return s.o.Page(w, r, web.Status(cause), "order", v)
}

func open(o order.Order) (units int64) {
	for _, l := range o.Lines {
		units += l.Open()
	}
	return units
}

// actions are what may be done with the order now.
func (s *screen) actions(d *admin.Desk, v *View, o order.Order) {
	left := open(o)
	reviewed := o.Payment == payment.UnderReview
	if o.State == order.Placed && left > 0 && !reviewed && d.Can(policy.OrderShip) {
		v.Primary = &admin.Action{Label: d.P.T("admin.order.ship_items", "count", int(left)), URL: path(o) + "/shipments/new", Icon: "truck", Look: "primary"}
	}
	if o.Refundable() > 0 && d.Can(policy.OrderRefund) {
		v.Actions = append(v.Actions, admin.Action{Label: d.P.T("admin.order.refund"), URL: path(o) + "/refunds/new", Icon: "undo-2"})
	}
	if o.State == order.Placed && left > 0 && d.Can(policy.OrderCancel) {
		label := "admin.order.cancel"
		if o.Fulfilment == order.PartlyShipped {
			label = "admin.order.cancel_rest"
		}
		v.More = append(v.More, admin.Action{Label: d.P.T(label), URL: path(o) + "/cancellation/new", Icon: "ban", Look: "danger"})
	}
	v.More = append(v.More, admin.Action{Label: d.P.T("admin.order.their_page"), URL: "/orders/" + o.Token, Icon: "external-link", Away: true})
	if reviewed {
		note := admin.Note{Tone: admin.Warn, Title: d.P.T("admin.order.review"), Text: d.P.T("admin.order.review_text")}
		for _, a := range o.Attempts {
			for _, doubt := range a.Doubts {
				note.List = append(note.List, d.P.T("payment.doubt."+string(doubt)))
			}
		}
		v.Notes = append(v.Notes, note)
	}
	if o.CancelReason != "" {
		v.Notes = append(v.Notes, admin.Note{Title: d.P.T("admin.order.cancelled"), Text: cancelReason(d, o.CancelReason)})
	}
}

// cancelReason tells the shop's own reason in words; other people's are theirs.
func cancelReason(d *admin.Desk, reason string) string {
	if key := "admin.order.cancel_reason." + reason; reason == order.OutOfStock && d.P.Has(key) {
		return d.P.T(key)
	}
	return reason
}

func (s *screen) line(d *admin.Desk, o order.Order, l order.Line, units int64) admin.Line {
	what := l.SKU
	if l.Options != "" && what != "" {
		what = l.Options + " · " + what
	} else if l.Options != "" {
		what = l.Options
	}
	line := admin.Line{
		Name: l.Name, What: what, Picture: admin.Picture{URL: s.Picture(l.Image)},
		Times: d.P.Number(units) + " × " + d.P.Money(l.Unit, o.Currency),
		Total: d.P.Money(l.Share(o.Listed(l.Total), units), o.Currency),
	}
	if l.ProductID != "" && d.Can(policy.CatalogRead) {
		line.URL = admin.Prefix + "/products/" + l.ProductID
	}
	return line
}

// parcels groups the lines by their fate: what waits, what was sent, what was
// cancelled.
func (s *screen) parcels(d *admin.Desk, o order.Order, shipments []order.Shipment, places map[string]string, key string) []Parcel {
	var parcels []Parcel
	group := func(p Parcel, units func(l order.Line) int64) {
		for _, l := range o.Lines {
			if n := units(l); n > 0 {
				p.Lines = append(p.Lines, s.line(d, o, l, n))
			}
		}
		if len(p.Lines) > 0 {
			parcels = append(parcels, p)
		}
	}
	waiting := Parcel{ID: "open", Status: admin.Status{Tone: admin.Open, Text: d.P.T("admin.order.fulfilment.unfulfilled")}, Note: d.P.T("admin.order.items", "count", int(open(o)))}
	if o.State == order.Placed && o.Payment != payment.UnderReview && d.Can(policy.OrderShip) {
		waiting.Actions = []admin.Action{{Label: d.P.T("admin.order.ship"), URL: path(o) + "/shipments/new", Icon: "truck"}}
	}
	group(waiting, order.Line.Open)
	for _, sh := range slices.Backward(shipments) {
		p := Parcel{
			ID: "parcel-" + sh.ID, Status: admin.Status{Tone: admin.Good, Text: d.P.T("admin.order.shipped")},
			Note: d.P.T("admin.order.parcel", "count", int(sh.Position)) + " · " + d.P.DateTime(sh.ShippedAt),
		}
		if !sh.DeliveredAt.IsZero() {
			p.Status.Text = d.P.T("admin.order.delivered")
			p.Facts = append(p.Facts, admin.Fact{Label: d.P.T("admin.order.delivered"), Value: d.P.DateTime(sh.DeliveredAt)})
		} else if d.Can(policy.OrderShip) {
			p.Actions = []admin.Action{{Label: d.P.T("admin.order.mark_delivered"), Post: true, URL: path(o) + "/shipments/" + sh.ID + "/delivery", Key: key, Icon: "check", Small: true}}
		}
		if sh.Carrier != "" {
			p.Facts = append(p.Facts, admin.Fact{Label: d.P.T("admin.order.carrier"), Value: fulfilment.CarrierName(sh.Carrier)})
		}
		if sh.Tracking != "" {
			p.Facts = append(p.Facts, admin.Fact{Label: d.P.T("admin.order.tracking"), Value: sh.Tracking, URL: sh.TrackingURL})
		}
		if name := places[sh.LocationID]; name != "" {
			p.Facts = append(p.Facts, admin.Fact{Label: d.P.T("admin.order.ships_from"), Value: name})
		}
		group(p, func(l order.Line) (n int64) {
			for _, sl := range sh.Lines {
				if sl.LineID == l.ID {
					n += sl.Quantity
				}
			}
			return n
		})
	}
	group(Parcel{ID: "cancelled", Status: admin.Status{Tone: admin.Muted, Text: d.P.T("admin.order.cancelled")}}, func(l order.Line) int64 { return l.Cancelled })
	return parcels
}

func (s *screen) money(d *admin.Desk, o order.Order) Money {
	say := func(m money.Minor) string { return d.P.Money(m, o.Currency) }
	provider, _ := o.Method()
	m := Money{Status: Payment(d, o.Payment), Method: method(d, o.PaymentMethod)}
	if m.Method == "" {
		m.Method = provider
	}
	units := int64(0)
	for _, l := range o.Lines {
		units += l.Quantity
	}
	m.Sums = []admin.Fact{{Label: d.P.T("admin.order.goods"), Note: d.P.T("admin.order.items", "count", int(units)), Value: say(o.Quote.Subtotal)}}
	if o.Discount > 0 {
		m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.discount"), Value: say(-o.Discount)})
	}
	m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.shipping"), Note: o.ShippingName, Value: say(o.Listed(o.Delivery()))})
	total := admin.Fact{Label: d.P.T("admin.order.total"), Value: say(o.Total), Strong: true, Rule: true}
	var taxes []admin.Fact
	for _, t := range o.Taxes {
		taxes = append(taxes, admin.Fact{Label: d.P.T(taxKey(o), "name", tax.Title(t.Name, d.P), "rate", d.P.Percent(t.Rate)), Value: say(t.Total.Tax)})
	}
	if o.PricesIncludeTax {
		m.Sums = append(append(m.Sums, total), taxes...)
	} else {
		m.Sums = append(append(m.Sums, taxes...), total)
	}
	m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.paid"), Value: say(o.Captured), Rule: true})
	if held := o.Authorised - o.Captured; held > 0 {
		m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.held"), Value: say(held)})
	}
	if o.Refunded > 0 {
		m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.refunded"), Value: say(-o.Refunded)})
	}
	if due := o.Due(); due > 0 {
		m.Sums = append(m.Sums, admin.Fact{Label: d.P.T("admin.order.due"), Value: say(due), Strong: true})
	}
	for _, a := range o.Attempts {
		if left := min(a.Amount-a.Facts.Captured, o.Due()); a.Status == payment.Pledged && d.Can(policy.OrderWrite) && left > 0 {
			m.Actions = append(m.Actions, admin.Action{Label: d.P.T("admin.order.note_paid", "amount", say(left)), Post: true, URL: path(o) + "/payments", Key: formKey(), Icon: "banknote"})
			break
		}
	}
	if o.Refundable() > 0 && d.Can(policy.OrderRefund) {
		m.Actions = append(m.Actions, admin.Action{Label: d.P.T("admin.order.refund"), URL: path(o) + "/refunds/new", Icon: "undo-2"})
	}
	return m
}

// taxKey is how a tax is told: as a part of the total, or as what comes on top
// of the prices.
func taxKey(o order.Order) string {
	if o.PricesIncludeTax {
		return "admin.order.tax"
	}
	return "admin.order.tax_on_top"
}

// method names a way to pay, "sandbox.card", in words.
func method(d *admin.Desk, code string) string {
	if d.P.Has(code) {
		return d.P.T(code)
	}
	return code
}

func (s *screen) people(d *admin.Desk, v *View, o order.Order) {
	ship, bill := o.Contact.Shipping, o.Contact.BillingAddress()
	v.Person = Person{Name: named(d, ship.Name), Email: o.Contact.Email, Phone: ship.Phone, Note: d.P.T("admin.order.guest")}
	if o.CustomerID != "" {
		v.Person.Note = d.P.T("admin.order.account")
		if d.Can(policy.CustomerRead) {
			v.Person.URL = admin.Prefix + "/customers/" + o.CustomerID
		}
	}
	v.ShipTo, v.BillTo, v.ShipBy = written(d, ship), written(d, bill), o.ShippingName
	v.Facts = []admin.Fact{{Label: d.P.T("admin.order.id"), Value: o.ID}}
	if o.TermsVersion != "" {
		v.Facts = append([]admin.Fact{{Label: d.P.T("admin.order.terms"), Value: o.TermsVersion}}, v.Facts...)
	}
}

// named is the name of whoever ordered; nobody's is left of the erased.
func named(d *admin.Desk, name string) string {
	if name == "" {
		return d.P.T("admin.customers.erased")
	}
	return name
}

// written is an address in lines, the country last.
func written(d *admin.Desk, a market.Address) string {
	lines := a.Lines()
	if a.Country != "" {
		lines = append(lines, d.P.T("country."+a.Country))
	}
	return strings.Join(lines, "\n")
}

func (s *screen) letters(r *http.Request, d *admin.Desk, v *View, o order.Order) error {
	var err error
	if v.Mails, err = s.Mails(r.Context(), d, o.ID); err != nil {
		return err
	}
	if len(v.Mails) > 0 && d.Can(policy.OrderWrite) {
		v.Resend = []admin.Action{{Label: d.P.T("admin.order.resend"), Post: true, URL: path(o) + "/mails", Key: v.FormKey, Icon: "send", Small: true}}
	}
	return nil
}

// timeline is everything that happened, newest first: the change log and the
// notes of staff, which are sealed and therefore not in the log.
func (s *screen) timeline(r *http.Request, d *admin.Desk, o order.Order, shipments []order.Shipment) ([]admin.Event, error) {
	return s.since(r, d, o, shipments, -1)
}

// since is the timeline after an entry of the change log; notes are told when
// all is asked for, which a negative number does.
func (s *screen) since(r *http.Request, d *admin.Desk, o order.Order, shipments []order.Shipment, seq int64) ([]admin.Event, error) {
	entries, err := audit.History(r.Context(), s.DB, "order", o.ID, 200)
	if err != nil {
		return nil, err
	}
	notes, err := s.Orders.Notes(r.Context(), s.DB, o)
	if err != nil {
		return nil, err
	}
	staff, err := s.Staff.Names(r.Context())
	if err != nil {
		return nil, err
	}
	type moment struct {
		at time.Time
		e  admin.Event
	}
	var moments []moment
	for _, e := range entries {
		if e.Seq <= seq {
			break
		}
		event := admin.Event{Text: d.P.T("admin.order.note")}
		switch {
		case e.Action != "order.noted":
			event = s.event(d, o, e, shipments)
		case seq < 0:
			continue // the note itself tells it
		}
		event.Meta = d.P.DateTime(e.At)
		if who := actor(d, o, e.Actor, staff); who != "" {
			event.Meta = who + " · " + event.Meta
		}
		moments = append(moments, moment{e.At, event})
	}
	if seq >= 0 {
		notes = nil
	}
	for _, n := range notes {
		name := staff[n.StaffID]
		if name == "" {
			name = d.P.T("admin.actor.staff")
		}
		moments = append(moments, moment{n.At, admin.Event{Icon: "sticky-note", Text: d.P.T("admin.order.note"), Meta: name + " · " + d.P.DateTime(n.At), Body: n.Text}})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return b.at.Compare(a.at) })
	events := make([]admin.Event, len(moments))
	for i, m := range moments {
		events[i] = m.e
	}
	return events, nil
}

func actor(d *admin.Desk, o order.Order, a audit.Actor, staff map[string]string) string {
	switch a.Kind {
	case audit.KindStaff:
		if name := staff[a.ID]; name != "" {
			return name
		}
		return d.P.T("admin.actor.staff")
	case audit.KindCustomer, audit.KindGuest:
		return named(d, o.Contact.Shipping.Name)
	case audit.KindKey:
		if name := staff[a.ID]; name != "" {
			return name
		}
		return d.P.T("admin.actor.key")
	}
	return ""
}

// event tells one entry of the change log in words. What has no words of its
// own is shown by its name rather than hidden.
func (s *screen) event(d *admin.Desk, o order.Order, e audit.Entry, shipments []order.Shipment) admin.Event {
	var data struct {
		Amount   money.Minor `json:"amount"`
		Currency string      `json:"currency"`
		Reason   string      `json:"reason"`
		Method   string      `json:"method"`
		Provider string      `json:"provider"`
		Shipment string      `json:"shipment"`
		Carrier  string      `json:"carrier"`
		Tracking string      `json:"tracking"`
		Quiet    bool        `json:"quiet"`
		Units    int         `json:"units"`
	}
	_ = json.Unmarshal(e.After, &data) // entries of other shapes leave it empty
	looks := map[string]struct{ icon, tone string }{
		"order.placed": {"shopping-cart", ""}, "order.expired": {"clock", ""}, "order.shipped": {"truck", admin.Good}, "order.delivered": {"check", admin.Good},
		"order.cancelled": {"ban", admin.Warn}, "order.refund_asked": {"undo-2", admin.Info}, "order.refunded": {"undo-2", admin.Good},
		"order.refund_failed": {"circle-alert", admin.Bad}, "order.mail_resent": {"send", admin.Info},
		"payment.declined": {"circle-alert", admin.Bad}, "payment.review": {"triangle-alert", admin.Warn}, "payment.approved": {"credit-card", admin.Good},
		"payment.pending": {"clock", admin.Info}, "payment.expired": {"clock", ""}, "payment.leaving": {"undo-2", ""}, "payment.voided": {"undo-2", ""}, "payment.started": {"credit-card", ""},
		"payment.noted": {"banknote", admin.Good}, "payment.entry.capture": {"banknote", admin.Good}, "payment.entry.authorisation": {"lock", ""},
		"payment.entry.refund": {"undo-2", ""}, "payment.entry.void": {"undo-2", ""}, "payment.continue": {"external-link", ""},
	}
	look := looks[e.Action]
	event := admin.Event{Icon: look.icon, Tone: look.tone, Text: e.Action}
	key := "admin.event." + e.Action
	if own := key + "." + data.Reason; data.Reason != "" && d.P.Has(own) {
		key = own
	}
	if d.P.Has(key) {
		currency := data.Currency
		if currency == "" {
			currency = o.Currency
		}
		count := 0
		for _, sh := range shipments {
			if sh.ID == data.Shipment {
				count = int(sh.Position)
			}
		}
		if e.Action == "order.cancelled" {
			count = data.Units
		}
		event.Text = d.P.T(key, "amount", d.P.Money(data.Amount, currency), "count", count, "method", method(d, data.Provider+"."+data.Method))
	}
	switch {
	case key == "admin.event."+e.Action+"."+data.Reason: // the title tells it
	case strings.HasPrefix(e.Action, "payment.") && d.P.Has("admin.decline."+data.Reason):
		event.Body = d.P.T("admin.decline." + data.Reason)
	case e.Action == "order.shipped":
		event.Body = strings.TrimSpace(fulfilment.CarrierName(data.Carrier) + " " + data.Tracking)
		if data.Quiet {
			event.Body = strings.TrimPrefix(event.Body+" · "+d.P.T("admin.order.not_told"), " · ")
		}
	case data.Reason != "" && !strings.HasPrefix(e.Action, "payment."):
		event.Body = cancelReason(d, data.Reason)
	}
	return event
}
