package orders

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

func formKey() string { return once.NewKey() }

// done leads back to the order.
func done(w http.ResponseWriter, o order.Order, key string) error {
	admin.Done(path(o), key).Send(w)
	return nil
}

func (s *screen) note(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Note string `form:"note" max:"2000" multiline:"true" required:"true"`
	}](r, web.Limits{})
	if err == nil {
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			return admin.Done(path(o)+"#timeline", "note"), s.Orders.AddNote(ctx, tx, d.Actor(), o, in.Note)
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, o, d.Typed(raw, err), err)
}

// saveFields keeps what staff note of an order in the merchant's own fields.
func (s *screen) saveFields(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	defs, err := s.Fields.For(r.Context(), custom.Order)
	if err != nil {
		return err
	}
	values, version, raw, err := d.CustomForm(r, defs)
	if err == nil {
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			return admin.Done(path(o), "saved"), s.Orders.SetFields(ctx, tx, d.Actor(), o.ID, values, version)
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, o, d.Typed(raw, err), err)
}

// paid notes that promised money came: all that is due.
func (s *screen) paid(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	d := s.o.Desk(r)
	if _, err = s.Checkout.NotePaid(r.Context(), d.Actor(), o.ID, "note:"+r.PostFormValue(web.FormKeyField), 0); err == nil {
		return done(w, o, "paid")
	}
	if !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, o, d.Typed(web.Raw{}, err).Unsent(), err)
}

func (s *screen) delivered(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if err := s.Fulfilment.Delivered(r.Context(), s.o.Desk(r).Actor(), o.ID, r.PathValue("shipment")); err != nil {
		return err
	}
	return done(w, o, "delivered")
}

func (s *screen) resend(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	d := s.o.Desk(r)
	return s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
		if err := s.Resend(ctx, tx, o.ID); err != nil {
			return once.Response{}, err
		}
		return admin.Done(path(o), "resent"), s.Orders.Log(ctx, tx, d.Actor(), o.ID, "order.mail_resent", nil)
	})
}

// counts are how many units of each line somebody typed, by the line's id.
type counts map[string]string

// read turns them into numbers of at most what most allows. Faults are at
// "<field>.<line id>".
func (c counts) read(o order.Order, field string, most func(order.Line) int64) (map[string]int64, error) {
	var form fault.Form
	units := make(map[string]int64)
	for lineID, typed := range c {
		i := slices.IndexFunc(o.Lines, func(l order.Line) bool { return l.ID == lineID })
		name := field + "." + lineID
		if i < 0 {
			form.Add(name, "form.unknown")
			continue
		}
		if typed == "" {
			continue
		}
		n, err := strconv.ParseInt(typed, 10, 64) // beyond its range it is the end of it
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			form.Add(name, "form.not_a_number")
		case n < 0:
			form.Add(name, "form.too_small", "min", 0)
		case n > most(o.Lines[i]):
			form.Add(name, "form.too_large", "max", most(o.Lines[i]))
		case n > 0:
			units[lineID] = n
		}
	}
	return units, form.Err()
}

// lines are the order's lines with a field "<name>.<line id>" for how many of
// each.
func (s *screen) lines(d *admin.Desk, o order.Order, t admin.Typed, field string, most func(order.Line) int64, preset bool) []admin.Line {
	var lines []admin.Line
	for _, l := range o.Lines {
		n := most(l)
		if n <= 0 {
			continue
		}
		value := "0"
		if preset {
			value = strconv.FormatInt(n, 10)
		}
		line := s.line(d, o, l, n)
		name := field + "." + l.ID
		field := t.Fill(admin.Field{Name: name, Label: d.P.T("admin.order.quantity_of", "name", l.Name), Kind: admin.NumberField, Value: value})
		if field.Fault == "" {
			field.Fault = t.Fault("lines." + l.ID)
		}
		line.Field, line.After = &field, d.P.T("admin.order.of", "count", int(n))
		lines = append(lines, line)
	}
	return lines
}

type shipForm struct {
	Quantity counts `form:"quantity" items:"500" max:"40"`
	Carrier  string `form:"carrier" max:"60"`
	Tracking string `form:"tracking" max:"100"`
	Location string `form:"location" max:"40"`
	Tell     bool   `form:"tell"` // send the customer a letter
	read
}

func (s *screen) shipPage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	return s.showShip(w, r, o, admin.Typed{}, nil)
}

func (s *screen) showShip(w http.ResponseWriter, r *http.Request, o order.Order, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.form(r, o, t, "admin.order.ship_title")
	if err != nil {
		return err
	}
	v.To = path(o) + "/shipments"
	v.LinesTitle, v.LinesNote = d.P.T("admin.order.ship_lines"), d.P.T("admin.order.ship_lines_note")
	v.Lines = s.lines(d, o, t, "quantity", order.Line.Open, true)
	var grams int64
	for _, l := range o.Lines {
		grams += l.Weight * l.Open()
	}
	carrier := admin.Field{Name: "carrier", Label: d.P.T("admin.order.carrier"), Kind: admin.ChoiceField, Choices: []admin.Choice{{Label: d.P.T("admin.order.no_carrier")}}}
	for _, c := range fulfilment.Carriers() {
		carrier.Choices = append(carrier.Choices, admin.Choice{Value: c.Code, Label: c.Name})
	}
	places, err := s.Inventory.Locations(r.Context(), s.DB)
	if err != nil {
		return err
	}
	places = slices.DeleteFunc(places, func(l inventory.Location) bool { return !l.Active })
	fields := []admin.Field{carrier, {Name: "tracking", Label: d.P.T("admin.order.tracking"), Optional: true, Mono: true, Max: 100}}
	if len(places) > 1 {
		from := admin.Field{Name: "location", Label: d.P.T("admin.order.ships_from"), Kind: admin.ChoiceField}
		for _, p := range places {
			from.Choices = append(from.Choices, admin.Choice{Value: p.ID, Label: p.Name})
		}
		fields = append(fields, from)
	}
	fields = append(fields, admin.Field{Name: "tell", Label: d.P.T("admin.order.tell"), Help: d.P.T("admin.order.tell_help", "email", o.Contact.Email), Kind: admin.CheckField, Checked: true, Wide: true})
	v.Sections = []admin.Section{{Title: d.P.T("admin.order.tracking_title"), Note: d.P.T("admin.order.tracking_note"), Grid: true, Fields: t.Fields(fields...)}}
	v.SumTitle = d.P.T("admin.order.parcel_sum")
	v.Sums = []admin.Fact{{Label: d.P.T("admin.order.items_open"), Value: d.P.Number(open(o))}, {Label: d.P.T("admin.order.weight"), Value: d.P.Weight(grams)}}
	v.Button, v.After = d.P.T("admin.order.ship_now"), d.P.T("admin.order.ship_after")
	v.Side = []admin.Section{{Title: d.P.T("admin.order.ship_to"), Facts: []admin.Fact{{Label: o.ShippingName, Value: o.Contact.Shipping.OneLine(d.P.T("country." + o.Contact.Shipping.Country))}}}}
	return s.o.Page(w, r, web.Status(cause), "order_form", v)
}

// read is what a form that changes an order says of when it was drawn.
type read struct {
	Version int64 `form:"version" min:"1" required:"true"`
	Since   int64 `form:"since" min:"0"` // the last entry of the change log
}

// form draws what the order's forms have in common. One that came back because
// somebody else was faster tells what they did.
func (s *screen) form(r *http.Request, o order.Order, t admin.Typed, title string) (FormView, error) {
	d := s.o.Desk(r)
	frame, err := s.o.Frame(r, d.P.T(title, "number", o.PublicNumber()), at)
	if err != nil {
		return FormView{}, err
	}
	frame.Back = &admin.Link{Label: d.P.T("admin.order.title", "number", o.PublicNumber()), URL: path(o)}
	frame.Fault = t.Note()
	v := FormView{Frame: frame, Refused: t.Sent()}
	version, seen := strconv.FormatInt(o.Version, 10), ""
	last, err := audit.History(r.Context(), s.DB, "order", o.ID, 1)
	if err != nil {
		return v, err
	}
	for _, e := range last {
		seen = strconv.FormatInt(e.Seq, 10)
	}
	if !t.Stale() {
		v.Hidden = []admin.Hidden{{Name: "version", Value: t.Value("version", version)}, {Name: "since", Value: t.Value("since", seen)}}
		return v, nil
	}
	v.Hidden = []admin.Hidden{{Name: "version", Value: version}, {Name: "since", Value: seen}}
	shipments, err := s.Orders.Shipments(r.Context(), s.DB, o.ID)
	if err != nil {
		return v, err
	}
	since, err := strconv.ParseInt(t.Value("since", ""), 10, 64)
	if err != nil {
		return v, nil // it does not say since when
	}
	events, err := s.since(r, d, o, shipments, max(since, 0))
	if err != nil {
		return v, err
	}
	note := &admin.Note{Tone: admin.Bad, Title: d.P.T("admin.order.changed"), Text: d.P.T("admin.order.changed_text")}
	for _, e := range events {
		note.List = append(note.List, e.Text+" · "+e.Meta)
	}
	v.Fault = note
	return v, nil
}

func (s *screen) ship(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[shipForm](r, d.Limits())
	if err == nil {
		err = o.Expect(in.Version)
	}
	var units map[string]int64
	if err == nil {
		units, err = in.Quantity.read(o, "quantity", order.Line.Open)
	}
	if err == nil && len(units) == 0 {
		err = fault.New(fault.Invalid, "admin.order.nothing_chosen")
	}
	if err == nil {
		p := fulfilment.Parcel{LocationID: in.Location, Carrier: in.Carrier, Tracking: in.Tracking, Quiet: !in.Tell, Version: in.Version}
		for _, l := range o.Lines {
			if n := units[l.ID]; n > 0 {
				p.Lines = append(p.Lines, order.ShipmentLine{LineID: l.ID, Quantity: n})
			}
		}
		_, err = s.Fulfilment.Ship(r.Context(), d.Actor(), o.ID, p)
	}
	if err == nil {
		return done(w, o, "shipped")
	}
	if !admin.Correctable(err) {
		return err
	}
	if o, again := s.order(r); again == nil { // as it is by now
		return s.showShip(w, r, o, d.Typed(raw, err), err)
	}
	return err
}

type refundForm struct {
	Returned counts       `form:"quantity" items:"500" max:"40"` // units that were shipped
	Cancel   counts       `form:"cancel" items:"500" max:"40"`   // units that wait
	Owed     counts       `form:"owed" items:"500" max:"40"`     // units that were cancelled before
	Shipping *money.Minor `form:"shipping" min:"0"`
	Reason   string       `form:"reason" max:"500"`
	Restock  bool         `form:"restock"`
	Location string       `form:"location" max:"40"`
	Do       string       `form:"do" oneof:"count refund"`
	Seen     *money.Minor `form:"seen" min:"0"` // the amount the button named
	read
}

// units reads how many units of which kind a refund is about.
func (f refundForm) units(o order.Order) ([]returns.Line, error) {
	var form fault.Form
	var lines []returns.Line
	for _, kind := range returns.Kinds() {
		field := refundField(kind)
		typed := map[returns.Units]counts{returns.Shipped: f.Returned, returns.Open: f.Cancel, returns.Cancelled: f.Owed}[kind]
		n, err := typed.read(o, field, kind.Left)
		if err := form.Merge("", err); err != nil {
			return nil, err
		}
		for _, l := range o.Lines {
			if n[l.ID] > 0 {
				lines = append(lines, returns.Line{LineID: l.ID, Quantity: n[l.ID], Of: kind, Restock: f.Restock})
			}
		}
	}
	return lines, form.Err()
}

// refundField is where the form asks for units of a kind.
func refundField(of returns.Units) string {
	switch of {
	case returns.Open:
		return "cancel"
	case returns.Cancelled:
		return "owed"
	}
	return "quantity"
}

// refundLines are the lines whose money can go back, each for every kind of its
// units, and what happens to them.
func (s *screen) refundLines(d *admin.Desk, o order.Order, t admin.Typed) []admin.Line {
	tones := map[returns.Units]string{returns.Shipped: admin.Good, returns.Open: admin.Open, returns.Cancelled: admin.Muted}
	var lines []admin.Line
	for _, kind := range returns.Kinds() {
		for _, line := range s.lines(d, o, t, refundField(kind), kind.Left, false) {
			line.Status = &admin.Status{Tone: tones[kind], Text: d.P.T("admin.order.refund_of." + string(kind))}
			line.Field.Label += ", " + line.Status.Text
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *screen) refundPage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	return s.showRefund(w, r, o, returns.Request{}, admin.Typed{}, nil)
}

func (s *screen) showRefund(w http.ResponseWriter, r *http.Request, o order.Order, req returns.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.form(r, o, t, "admin.order.refund_title")
	if err != nil {
		return err
	}
	say := func(m money.Minor) string { return d.P.Money(m, o.Currency) }
	v.To = path(o) + "/refunds"
	v.LinesTitle, v.LinesNote = d.P.T("admin.order.refund_lines"), d.P.T("admin.order.refund_lines_note")
	v.Lines = s.refundLines(d, o, t)
	fields := []admin.Field{{Name: "reason", Label: d.P.T("admin.order.reason"), Optional: true, Max: 500, Help: d.P.T("admin.order.reason_help")}}
	if left := o.Shipping - o.RefundedShip; left > 0 {
		help := "admin.order.refund_shipping_help"
		if !o.PricesIncludeTax && o.ShippingTax > 0 {
			help = "admin.order.refund_shipping_taxed" // prices are told without tax, but this is money
		}
		fields = append([]admin.Field{{Name: "shipping", Label: d.P.T("admin.order.refund_shipping"), Kind: admin.AmountField, Prefix: o.Currency, Value: d.P.Decimal(money.Minor(0).Decimal(o.Currency)), Help: d.P.T(help, "amount", say(left))}}, fields...)
	}
	if slices.ContainsFunc(o.Lines, func(l order.Line) bool { return returns.Shipped.Left(l) > 0 }) {
		fields = append(fields, admin.Field{Name: "restock", Label: d.P.T("admin.order.restock"), Help: d.P.T("admin.order.restock_help"), Kind: admin.CheckField, Checked: true, Wide: true})
	}
	v.Sections = []admin.Section{{Grid: true, Fields: t.Fields(fields...)}}
	v.SumTitle = d.P.T("admin.order.refund")
	p, err := s.Returns.Preview(o, req)
	if err != nil {
		p = returns.Preview{} // nothing chosen yet, or refused: the fault says why
	}
	goods, delivery := order.Refund{Tax: p.Tax, Lines: p.Lines, Shipping: p.Shipping}.Split()
	v.Sums = []admin.Fact{
		{Label: d.P.T("admin.order.goods"), Value: say(o.Listed(goods))},
		{Label: d.P.T("admin.order.shipping"), Value: say(o.Listed(delivery))},
	}
	back := admin.Fact{Label: d.P.T("admin.order.goes_back"), Value: say(p.Amount), Strong: true, Rule: true}
	switch {
	case p.Tax == 0:
		v.Sums = append(v.Sums, back)
	case o.PricesIncludeTax:
		v.Sums = append(v.Sums, back, admin.Fact{Label: d.P.T("admin.order.tax_in_it"), Value: say(p.Tax)})
	default:
		v.Sums = append(v.Sums, admin.Fact{Label: d.P.T("admin.order.tax_of_it"), Value: say(p.Tax)}, back)
	}
	v.Sums = append(v.Sums, admin.Fact{Label: d.P.T("admin.order.refundable"), Value: say(o.Refundable()), Rule: true})
	v.Hidden = append(v.Hidden, admin.Hidden{Name: "seen", Value: d.P.Decimal(p.Amount.Decimal(o.Currency))})
	v.Button = d.P.T("admin.order.refund_now")
	if p.Amount > 0 {
		v.Button = d.P.T("admin.order.refund_amount", "amount", say(p.Amount))
	}
	v.Counting, v.After = true, d.P.T("admin.order.refund_after")
	return s.o.Page(w, r, web.Status(cause), "order_form", v)
}

// refund gives money back. The amount that the button named must be what comes
// out: whoever changed a number since counts again first.
func (s *screen) refund(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Currency = o.Currency
	in, raw, err := web.DecodeForm[refundForm](r, limits)
	if err == nil {
		err = o.Expect(in.Version)
	}
	req := returns.Request{Reason: in.Reason, Location: in.Location, Version: in.Version}
	if in.Shipping != nil {
		req.Shipping = *in.Shipping
	}
	if err == nil {
		req.Lines, err = in.units(o)
	}
	var p returns.Preview
	if err == nil {
		p, err = s.Returns.Preview(o, req)
	}
	switch {
	case err != nil:
	case in.Do == "count":
		return s.showRefund(w, r, o, req, d.Typed(raw, nil), nil)
	case in.Seen == nil || *in.Seen != p.Amount:
		err = fault.New(fault.Conflict, "admin.order.amount_changed").With("amount", money.Money{Amount: p.Amount, Currency: o.Currency})
	default:
		_, err = s.Returns.Refund(r.Context(), d.Actor(), o.ID, req)
	}
	if err == nil {
		return done(w, o, "refunded")
	}
	if !admin.Correctable(err) {
		return err
	}
	if o, again := s.order(r); again == nil { // as it is by now
		return s.showRefund(w, r, o, req, d.Typed(raw, err), err)
	}
	return err
}

func (s *screen) cancelPage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	return s.showCancel(w, r, o, admin.Typed{}, nil)
}

func (s *screen) showCancel(w http.ResponseWriter, r *http.Request, o order.Order, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	v, err := s.form(r, o, t, "admin.order.cancel_title")
	if err != nil {
		return err
	}
	v.To = path(o) + "/cancellation"
	fields := []admin.Field{{Name: "reason", Label: d.P.T("admin.order.reason"), Optional: true, Max: 500, Help: d.P.T("admin.order.reason_help")}}
	if o.Refundable() > 0 {
		fields = append(fields, admin.Field{Name: "refund", Label: d.P.T("admin.order.cancel_refund"), Help: d.P.T("admin.order.cancel_refund_help"), Kind: admin.CheckField, Checked: true})
	}
	v.Sections = []admin.Section{{Title: d.P.T("admin.order.cancel_what", "count", int(open(o))), Note: d.P.T("admin.order.cancel_note"), Fields: t.Fields(fields...)}}
	v.SumTitle = d.P.T("admin.order.cancelled_sum")
	v.Sums = []admin.Fact{{Label: d.P.T("admin.order.items_open"), Value: d.P.Number(open(o))}, {Label: d.P.T("admin.order.paid"), Value: d.P.Money(o.Captured, o.Currency)}}
	v.Button, v.After, v.Danger = d.P.T("admin.order.cancel_now"), d.P.T("admin.order.cancel_after"), true
	return s.o.Page(w, r, web.Status(cause), "order_form", v)
}

func (s *screen) cancel(w http.ResponseWriter, r *http.Request) error {
	o, err := s.order(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Reason string `form:"reason" max:"500"`
		Refund bool   `form:"refund"`
		read
	}](r, web.Limits{})
	if err == nil {
		_, err = s.Returns.CancelAt(r.Context(), d.Actor(), o.ID, in.Version, in.Reason, in.Refund)
	}
	if err == nil {
		return done(w, o, "cancelled")
	}
	if !admin.Correctable(err) {
		return err
	}
	if o, again := s.order(r); again == nil { // as it is by now
		return s.showCancel(w, r, o, d.Typed(raw, err), err)
	}
	return err
}
