package customers

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// privacy offers to hand a person's data out and to erase them.
func (s *screen) privacy(d *admin.Desk, c customer.Customer, v *View) {
	if c.Erased || !d.Can(policy.PrivacyWrite) {
		return
	}
	title := d.P.T("admin.customers.erase")
	v.More = append(v.More,
		admin.Action{Label: d.P.T("admin.customers.export"), Icon: "download", Post: true, URL: at + "/" + c.ID + "/data", Key: v.FormKey},
		admin.Action{Label: title, Icon: "trash", Look: "danger", Opens: "erase"},
	)
	v.Dialogs = []admin.Dialog{{
		ID: "erase", Title: d.P.T("admin.customers.erase_title", "name", name(d, c)), Text: d.P.T("admin.customers.erase_text"),
		Action: admin.Action{Label: title, Post: true, URL: at + "/" + c.ID + "/erasure", Key: v.FormKey, Look: "danger"},
	}}
}

func (s *screen) erase(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	d := s.o.Desk(r)
	err = s.Customers.Erase(r.Context(), d.Actor(), c.ID)
	if err == nil {
		admin.Done(at+"/"+c.ID, "erased").Send(w)
		return nil
	}
	if !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, c, admin.Typed{}, err)
}

// dossier is everything the shop knows of a person, as the person gets it.
type dossier struct {
	At        time.Time         `json:"at"`
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Email     string            `json:"email"`
	Proven    *time.Time        `json:"email_confirmed_at"`
	Phone     string            `json:"phone,omitempty"`
	Language  string            `json:"language"`
	Since     time.Time         `json:"since"`
	Fields    custom.Values     `json:"fields,omitempty"`
	Addresses []market.Address  `json:"addresses"`
	Sessions  []dossierSession  `json:"signed_in"`
	Orders    []dossierPurchase `json:"orders"`
	Messages  []dossierMessage  `json:"messages"`
	Letters   []dossierLetter   `json:"letters"`
}

type dossierMessage struct {
	At    time.Time `json:"at"`
	Name  string    `json:"name"`
	Order string    `json:"order,omitempty"`
	Text  string    `json:"text"`
}

type dossierLetter struct {
	At      time.Time     `json:"at"`
	Sent    *time.Time    `json:"sent_at"` // null while it was not
	To      string        `json:"to"`
	Subject string        `json:"subject"`
	Text    string        `json:"text"`
	State   mailbox.State `json:"state"`
}

type dossierSession struct {
	Device string    `json:"device"`
	Since  time.Time `json:"since"`
	Seen   time.Time `json:"last_seen"`
}

type dossierPurchase struct {
	Number   string         `json:"number"`
	Placed   time.Time      `json:"placed_at"`
	State    order.State    `json:"state"`
	Email    string         `json:"email"`
	Delivery market.Address `json:"delivery_address"`
	Invoice  market.Address `json:"invoice_address"`
	Message  string         `json:"message,omitempty"`
	Fields   custom.Values  `json:"fields,omitempty"`
	Notes    []string       `json:"staff_notes,omitempty"`
	Payment  string         `json:"payment_method"`
	Currency string         `json:"currency"`
	Total    money.Minor    `json:"total"` // in the currency's smallest unit, as all amounts here
	Refunded money.Minor    `json:"refunded"`
	Lines    []dossierLine  `json:"lines"`
}

type dossierLine struct {
	SKU      string      `json:"sku"`
	Name     string      `json:"name"`
	Options  string      `json:"options,omitempty"`
	Quantity int64       `json:"quantity"`
	Total    money.Minor `json:"total"`
}

// hand gives a person's data out as a file, and notes that it was done.
func (s *screen) hand(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r)
	if err != nil {
		return err
	}
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if c.Erased {
		return customer.NotFound()
	}
	all, err := s.gather(r.Context(), c)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	err = s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		return audit.Append(ctx, tx, audit.Change{Actor: s.o.Desk(r).Actor(), Action: "customer.exported", Object: "customer", ID: c.ID})
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+c.ID+`.json"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(raw)
	return err
}

func (s *screen) gather(ctx context.Context, c customer.Customer) (dossier, error) {
	all := dossier{
		At: s.DB.Now().UTC(), ID: c.ID, Name: c.Name, Email: c.Email, Phone: c.Phone, Language: c.Locale, Since: c.CreatedAt.UTC(), Fields: c.Fields,
		Addresses: []market.Address{}, Sessions: []dossierSession{}, Orders: []dossierPurchase{},
		Messages: []dossierMessage{}, Letters: []dossierLetter{},
	}
	if proven := c.VerifiedAt.UTC(); c.Verified() {
		all.Proven = &proven
	}
	book, err := s.Customers.Addresses(ctx, s.DB, c.ID)
	if err != nil {
		return dossier{}, err
	}
	for _, a := range book {
		all.Addresses = append(all.Addresses, a.Address)
	}
	sessions, err := s.Customers.Sessions(ctx, c.ID)
	if err != nil {
		return dossier{}, err
	}
	for _, one := range sessions {
		all.Sessions = append(all.Sessions, dossierSession{one.Device, one.CreatedAt.UTC(), one.SeenAt.UTC()})
	}
	if c.Verified() { // else what came from the address may be somebody else's
		messages, err := s.Content.MessagesOf(ctx, s.DB, c.Email)
		if err != nil {
			return dossier{}, err
		}
		for _, m := range messages {
			all.Messages = append(all.Messages, dossierMessage{m.At.UTC(), m.Name, m.Order, m.Text})
		}
	}
	if err := s.letters(ctx, &all, c.ID); err != nil {
		return dossier{}, err
	}
	f := order.Filter{CustomerID: c.ID, Limit: 200}
	for {
		page, err := s.Orders.List(ctx, s.DB, f)
		if err != nil {
			return dossier{}, err
		}
		for _, found := range page {
			one, err := s.purchase(ctx, found.ID)
			if err != nil {
				return dossier{}, err
			}
			all.Orders = append(all.Orders, one)
			if err := s.letters(ctx, &all, found.ID); err != nil {
				return dossier{}, err
			}
		}
		if len(page) < f.Limit {
			return all, nil
		}
		last := page[len(page)-1]
		f.After, f.AfterID = last.PlacedAt, last.ID
	}
}

// letters adds what was written about an account or an order.
func (s *screen) letters(ctx context.Context, all *dossier, about string) error {
	f := mailbox.Filter{ObjectID: about, Limit: 200}
	for {
		page, err := s.Mailbox.List(ctx, s.DB, f)
		if err != nil {
			return err
		}
		for _, found := range page {
			m, err := s.Mailbox.Get(ctx, s.DB, found.ID)
			if err != nil {
				return err
			}
			one := dossierLetter{At: m.CreatedAt.UTC(), To: m.To.Address, Subject: m.Subject, Text: m.Text, State: m.State}
			if sent := m.SentAt.UTC(); !m.SentAt.IsZero() {
				one.Sent = &sent
			}
			all.Letters = append(all.Letters, one)
		}
		if len(page) < f.Limit {
			return nil
		}
		f.After, f.AfterID = page[len(page)-1].CreatedAt, page[len(page)-1].ID
	}
}

func (s *screen) purchase(ctx context.Context, id string) (dossierPurchase, error) {
	o, err := s.Orders.Get(ctx, s.DB, id)
	if err != nil {
		return dossierPurchase{}, err
	}
	one := dossierPurchase{
		Number: o.PublicNumber(), Placed: o.PlacedAt.UTC(), State: o.State, Email: o.Contact.Email, Delivery: o.Contact.Shipping, Invoice: o.Contact.BillingAddress(),
		Message: o.Note, Fields: o.Fields, Payment: o.PaymentMethod, Currency: o.Currency, Total: o.Total, Refunded: o.Refunded,
	}
	for _, l := range o.Lines {
		one.Lines = append(one.Lines, dossierLine{l.SKU, l.Name, l.Options, l.Quantity, l.Total.Gross})
	}
	notes, err := s.Orders.Notes(ctx, s.DB, o)
	if err != nil {
		return dossierPurchase{}, err
	}
	for _, n := range notes {
		one.Notes = append(one.Notes, n.Text)
	}
	return one, nil
}
