// Package letter writes to shoppers: what became of their orders, and what
// their accounts need.
//
// It listens to events, so it writes after the fact and in a transaction of
// its own; whatever goes wrong here, the order stands, and the letter is tried
// again. Every letter has a once key, so an event that is delivered twice
// makes one letter. Links begin with the configured address alone.
package letter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/platform/mail"
	"github.com/stoashop/stoa/storefront"
	"github.com/stoashop/stoa/storefront/view"
)

// Writer writes the letters.
type Writer struct {
	store *storefront.Store
	box   *mailbox.Service
}

// Register makes a writer and has it listen. Call it before the job runner
// runs.
func Register(bus *event.Bus, store *storefront.Store, box *mailbox.Service) *Writer {
	w := &Writer{store, box}
	orders, accounts := order.Events(), customer.Events()
	event.On(bus, orders.Placed, "letter.order_confirmation", w.placed)
	event.On(bus, orders.Cancelled, "letter.order_cancelled", w.cancelled)
	event.On(bus, orders.Shortened, "letter.order_shortened", w.shortened)
	event.On(bus, orders.Shipped, "letter.shipping_notice", w.shipped)
	event.On(bus, orders.Refunded, "letter.refund_notice", w.refunded)
	event.On(bus, accounts.VerificationAsked, "letter.account_verify", w.verify)
	event.On(bus, accounts.AlreadyKnown, "letter.account_exists", w.exists)
	event.On(bus, accounts.ResetAsked, "letter.password_reset", w.reset)
	event.On(bus, accounts.EmailChangeAsked, "letter.email_change", w.emailChange)
	event.On(bus, accounts.EmailChanged, "letter.email_changed", w.emailChanged)
	event.On(bus, accounts.PasswordChanged, "letter.password_changed", w.passwordChanged)
	return w
}

// render completes a letter with its words. Only the theme decides what it
// looks like.
func (w *Writer) render(t *storefront.Teller, l mailbox.Letter, data any) (mailbox.Letter, error) {
	m, err := w.store.Theme.Mail(t.Printer(), l.Template, data)
	l.Locale, l.Subject, l.HTML, l.Text = t.Printer().Lang(), m.Subject, m.HTML, m.Text
	return l, err
}

// onOrder writes a letter about an order to its buyer. part names what it is
// about beside the order, "" for the order itself. data is asked for once the
// letter is known to be wanted; nil means that it is not.
func (w *Writer) onOrder(ctx context.Context, template, part, orderID string, data func(t *storefront.Teller, o order.Order, told view.Order) (any, error)) error {
	if part == "" {
		part = orderID
	}
	key := template + ":" + part + ":1"
	if known, err := w.box.Known(ctx, w.store.DB, key); err != nil || known {
		return err
	}
	o, err := w.store.Orders.Get(ctx, w.store.DB, orderID)
	if err != nil {
		return err
	}
	if o.Contact.Email == "" {
		return nil // the buyer was erased
	}
	t := w.store.Tell(ctx, o.Locale)
	told, err := t.Order(ctx, o)
	if err != nil {
		return err
	}
	about, err := data(t, o, told)
	if err != nil || about == nil {
		return err
	}
	l, err := w.render(t, mailbox.Letter{
		OnceKey: key, Template: template, ObjectID: o.ID, KeyID: o.KeyID,
		To: mail.Address{Name: o.Contact.BillingAddress().Name, Address: o.Contact.Email},
	}, about)
	if err != nil {
		return err
	}
	return w.store.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := w.box.Queue(ctx, tx, l)
		return err
	})
}

func (w *Writer) placed(ctx context.Context, e event.Event[order.Ref]) error {
	return w.onOrder(ctx, "order_confirmation", "", e.Payload.OrderID, func(t *storefront.Teller, o order.Order, told view.Order) (any, error) {
		if o.State == order.Cancelled {
			return nil, nil // paid when the goods were gone: the other letter says so
		}
		terms, text, err := t.Agreement(ctx, "returns", "terms")
		return view.OrderMail{Shop: t.Shop(), Order: told, Terms: terms, TermsText: text}, err
	})
}

func (w *Writer) cancelled(ctx context.Context, e event.Event[order.Ref]) error {
	return w.onOrder(ctx, "order_cancelled", "", e.Payload.OrderID, func(t *storefront.Teller, o order.Order, told view.Order) (any, error) {
		return view.CancelMail{Shop: t.Shop(), Order: told, Paid: o.Captured > 0, Back: o.Refunded > 0 || o.Captured > 0 && told.Late}, nil
	})
}

func (w *Writer) shortened(ctx context.Context, e event.Event[order.CutRef]) error {
	return w.onOrder(ctx, "order_shortened", e.Payload.CutID, e.Payload.OrderID, func(t *storefront.Teller, o order.Order, told view.Order) (any, error) {
		kept := o.Captured - o.Refunded
		return view.ShortenMail{
			Shop: t.Shop(), Order: told, Lines: t.Parcel(o, told.Lines, order.Shipment{Lines: e.Payload.Lines}).Lines,
			Open: kept > o.Payable(), Back: o.Refunded > 0 && kept <= o.Payable(), Due: money.Money{Amount: o.Due(), Currency: o.Currency},
			Rest: slices.ContainsFunc(o.Lines, func(l order.Line) bool { return l.Open() > 0 }),
		}, nil
	})
}

func (w *Writer) shipped(ctx context.Context, e event.Event[order.ShipmentRef]) error {
	if e.Payload.Quiet {
		return nil
	}
	return w.onOrder(ctx, "shipping_notice", e.Payload.ShipmentID, e.Payload.OrderID, func(t *storefront.Teller, o order.Order, told view.Order) (any, error) {
		all, err := w.store.Orders.Shipments(ctx, w.store.DB, o.ID)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(s order.Shipment) bool { return s.ID == e.Payload.ShipmentID })
		if i < 0 {
			return nil, fmt.Errorf("order %s has no shipment %s", o.ID, e.Payload.ShipmentID)
		}
		return view.ShippingMail{
			Shop: t.Shop(), Order: told, Parcel: t.Parcel(o, told.Lines, all[i]),
			Rest: slices.ContainsFunc(o.Lines, func(l order.Line) bool { return l.Open() > 0 }),
		}, nil
	})
}

func (w *Writer) refunded(ctx context.Context, e event.Event[order.RefundRef]) error {
	return w.onOrder(ctx, "refund_notice", e.Payload.RefundID, e.Payload.OrderID, func(t *storefront.Teller, o order.Order, told view.Order) (any, error) {
		all, err := w.store.Orders.Refunds(ctx, w.store.DB, o.ID)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(r order.Refund) bool { return r.ID == e.Payload.RefundID })
		if i < 0 {
			return nil, fmt.Errorf("order %s has no refund %s", o.ID, e.Payload.RefundID)
		}
		return view.RefundMail{Shop: t.Shop(), Order: told, Refund: t.Refund(o, told.Lines, all[i])}, nil
	})
}

// link is what a letter's token opens; the zero value is a letter without one.
type link struct {
	purpose customer.Purpose
	path    string // below the account's pages
}

// onAccount writes a letter that an account needs. Its link's token is made in
// the transaction that queues the letter, so a letter that is not written
// leaves no token. A letter that was overtaken meanwhile is not written.
func (w *Writer) onAccount(ctx context.Context, e event.Event[customer.Ask], template string, l link, data func(t *storefront.Teller, c customer.Customer, url string, until time.Time) any) error {
	key := template + ":" + e.ID + ":1"
	if known, err := w.box.Known(ctx, w.store.DB, key); err != nil || known {
		return err
	}
	a := e.Payload
	to, c, err := w.store.Accounts.Addressee(ctx, w.store.DB, a)
	if gone(err) || c.Erased {
		return nil
	}
	if err != nil {
		return err
	}
	t := w.store.Tell(ctx, a.Locale)
	err = w.store.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if known, err := w.box.Known(ctx, tx, key); err != nil || known {
			return err
		}
		m := mailbox.Letter{OnceKey: key, Template: template, ObjectID: a.CustomerID, KeyID: a.KeyID, To: mail.Address{Address: to}}
		if c.Verified() { // of nobody else is the name their own
			m.To.Name = c.Name
		}
		var address string
		var until time.Time
		if l.purpose != "" && c.ID != "" {
			var err error
			if m.Secret, until, err = w.store.Accounts.Issue(ctx, tx, l.purpose, a); err != nil {
				return err
			}
			address = t.URL("account", l.path, m.Secret)
		}
		m, err := w.render(t, m, data(t, c, address, until))
		if err != nil {
			return err
		}
		_, err = w.box.Queue(ctx, tx, m)
		return err
	})
	if gone(err) {
		return nil
	}
	return err
}

// gone reports whether there is nobody to write to, or nothing to write, any
// more.
func gone(err error) bool {
	return errors.Is(err, privacy.ErrErased) || fault.Is(err, fault.NotFound)
}

// plain is the data of most letters of an account. url replaces the address of
// the token when the letter has none.
func plain(url ...string) func(t *storefront.Teller, c customer.Customer, address string, until time.Time) any {
	return func(t *storefront.Teller, _ customer.Customer, address string, until time.Time) any {
		if address == "" && len(url) > 0 {
			address = t.URL(url...)
		}
		return view.AccountMail{Shop: t.Shop(), URL: address, ExpiresAt: until, ForgottenURL: t.URL("account", "forgotten"), ContactURL: t.URL("contact")}
	}
}

func (w *Writer) verify(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "account_verify", link{customer.Verification, "verify"}, plain())
}

func (w *Writer) exists(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "account_exists", link{}, plain("account", "sign-in"))
}

func (w *Writer) reset(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "password_reset", link{customer.Reset, "reset"}, func(t *storefront.Teller, c customer.Customer, address string, until time.Time) any {
		return view.PasswordMail{Shop: t.Shop(), URL: address, ExpiresAt: until, Exists: c.ID != ""}
	})
}

func (w *Writer) emailChange(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "email_change", link{customer.EmailChange, "email"}, plain())
}

func (w *Writer) emailChanged(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "email_changed", link{}, plain())
}

func (w *Writer) passwordChanged(ctx context.Context, e event.Event[customer.Ask]) error {
	return w.onAccount(ctx, e, "password_changed", link{}, plain())
}
