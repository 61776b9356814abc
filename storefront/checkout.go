package storefront

import (
	"context"
	"net/http"
	"strings"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

// postal is an address as a form sends it. How long a text may be says
// market.Validate, so that everything is told at its field at once.
type postal struct {
	Name     string `form:"name"`
	Company  string `form:"company"`
	Line1    string `form:"line1"`
	Line2    string `form:"line2"`
	City     string `form:"city"`
	Region   string `form:"region"`
	Postcode string `form:"postcode"`
	Country  string `form:"country" max:"2"`
	Phone    string `form:"phone"`
}

func (p postal) address() market.Address { return market.Address(p) }

// checkoutForm is the one form of the checkout.
type checkoutForm struct {
	Email          string `form:"email"`
	Saved          string `form:"address" max:"40"` // an entry of the address book
	Shipping       postal `form:"shipping"`
	BillingSame    bool   `form:"billing_same"`
	Billing        postal `form:"billing"`
	ShippingMethod string `form:"shipping_method" max:"40"`
	PaymentMethod  string `form:"payment_method" max:"80"`
	PaymentToken   string `form:"payment_token" max:"255"`
	Note           string `form:"note" multiline:"true" max:"2000"`
	Terms          bool   `form:"terms"`
	ExpectedTotal  int64  `form:"expected_total"`
	CartVersion    int64  `form:"cart_version"`
}

// details are what the form says, with an address from the book in its place
// if one was chosen.
func (s *Store) details(ctx context.Context, v *Visit, in checkoutForm) (cart.Details, error) {
	d := cart.Details{Email: in.Email, Shipping: in.Shipping.address(), SameBilling: in.BillingSame, Billing: in.Billing.address(), Note: in.Note}
	if in.Saved != "" && in.Saved != newAddress && v.Me.Known() {
		saved, err := s.Accounts.Address(ctx, s.DB, v.Me.ID, in.Saved)
		if err != nil {
			return d, err
		}
		d.Shipping = saved.Address
	}
	return d, nil
}

// newAddress is the choice of an address that is not in the book.
const newAddress = "new"

// checkoutPage shows the checkout. An empty bag has none.
func (s *Store) checkoutPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	b, err := s.Carts.Bag(r.Context(), s.DB, v.owner(r), v.lang, s.DB.Now())
	if err != nil {
		return err
	}
	if len(b.Items) == 0 {
		http.Redirect(w, r, v.url("bag"), http.StatusSeeOther)
		return nil
	}
	if v.Me.Known() && b.Cart.Details.Shipping.IsZero() {
		if b, err = s.introduce(r.Context(), v, v.owner(r)); err != nil {
			return err
		}
	}
	return s.showCheckout(w, r, b, form{}, http.StatusOK, func(p *view.CheckoutPage) {
		reason := "payment.declined." + r.URL.Query().Get("declined")
		if r.URL.Query().Has("declined") && len(reason) < 60 && v.P.Has(reason) {
			p.Problem, p.Declined = v.P.T(reason), true
		}
	})
}

// introduce fills a customer's empty checkout with what the account knows.
func (s *Store) introduce(ctx context.Context, v *Visit, owner cart.Owner) (cart.Bag, error) {
	book, err := s.Accounts.Addresses(ctx, s.DB, v.Me.ID)
	if err != nil {
		return cart.Bag{}, err
	}
	d := cart.Details{Email: v.Person.Email, SameBilling: true}
	for _, a := range book {
		if a.DefaultShipping {
			d.Shipping = a.Address
		}
	}
	return s.keep(ctx, owner, d, "", "", v.lang)
}

// keep stores what was typed at the checkout and returns the bag priced for it.
func (s *Store) keep(ctx context.Context, owner cart.Owner, d cart.Details, delivery, payment, lang string) (b cart.Bag, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var err error
		if b, err = s.Carts.Lock(ctx, tx, owner, lang); err != nil {
			return err
		}
		if err := s.Carts.SetDetails(ctx, tx, &b, d, delivery, payment, lang); err != nil {
			return err
		}
		b, err = s.Carts.Refill(b, tx.Now())
		return err
	})
	return b, err
}

// checkoutDraft draws the checkout anew for another country, delivery or way
// to pay. Nothing is checked; what was typed is kept.
func (s *Store) checkoutDraft(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[checkoutForm](r, formLimits())
	if err != nil {
		return s.refusePlacing(w, r, raw, err)
	}
	d, err := s.details(r.Context(), v, in)
	if err != nil {
		return err
	}
	b, err := s.keep(r.Context(), v.owner(r), d, in.ShippingMethod, in.PaymentMethod, v.lang)
	if fault.Reason(err) == "cart.not_found" {
		http.Redirect(w, r, v.url("bag"), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	return s.showCheckout(w, r, b, v.typed(raw, nil), http.StatusOK, nil)
}

// place handles the order button.
//
// It is safe to send twice: the cart names the order, so a second click gets
// the first one's page. When the price moved since the page was drawn the
// shopper sees both totals and confirms again; nothing was charged.
func (s *Store) place(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[checkoutForm](r, formLimits())
	if err != nil {
		return s.refusePlacing(w, r, raw, err)
	}
	d, err := s.details(r.Context(), v, in)
	if err != nil {
		return err
	}
	client := checkout.Client{IP: web.ClientIP(r.Context())}
	if v.Me.Known() {
		if client.Proven, err = s.Accounts.Proven(r.Context(), v.Me.ID); err != nil {
			return err
		}
	}
	out, err := s.Checkout.Place(r.Context(), checkout.Placement{
		Owner: v.owner(r), Details: d, ShippingMethod: in.ShippingMethod, PaymentMethod: in.PaymentMethod, PaymentToken: in.PaymentToken,
		ExpectedTotal: money.Minor(in.ExpectedTotal), CartVersion: in.CartVersion, Terms: in.Terms, Lang: v.lang, Client: client,
	})
	switch {
	case fault.Reason(err) == "cart.not_found":
		http.Redirect(w, r, v.url("bag"), http.StatusSeeOther)
		return nil
	case err != nil:
		return s.refusePlacing(w, r, raw, err)
	case out.Declined != "":
		return s.showRefused(w, r, raw, fault.New(fault.Declined, out.Declined.Key()))
	}
	next := v.url("orders", out.Token)
	switch {
	case out.ContinueURL != "": // 3-D Secure, a bank's own page
		next = out.ContinueURL
	case out.State == order.Draft: // the bank's answer was lost; the page asks again
		next = v.url("orders", out.Token, "payment")
	default:
		next += "?fresh=1"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// refusePlacing shows the same page with the same input and what to do about
// it, or fails with what the page cannot help with.
func (s *Store) refusePlacing(w http.ResponseWriter, r *http.Request, raw web.Raw, cause error) error {
	if !correctable(cause) {
		return cause
	}
	return s.showRefused(w, r, raw, cause)
}

func (s *Store) showRefused(w http.ResponseWriter, r *http.Request, raw web.Raw, cause error) error {
	v := s.visit(r)
	b, err := s.Carts.Bag(r.Context(), s.DB, v.owner(r), v.lang, s.DB.Now())
	if err != nil {
		return err
	}
	if len(b.Items) == 0 {
		http.Redirect(w, r, v.url("bag"), http.StatusSeeOther)
		return nil
	}
	typed := v.typed(raw, cause)
	return s.showCheckout(w, r, b, typed, web.Status(cause), func(p *view.CheckoutPage) {
		f := fault.From(cause)
		switch {
		case f.Reason == checkout.ReasonPriceChanged:
			p.Changed = &view.Change{Items: changes(v, b, typed)}
			p.Changed.OldTotal, _ = f.Params["old"].(money.Money)
			p.Changed.NewTotal, _ = f.Params["new"].(money.Money)
			return
		case len(p.Problems()) == 0:
			p.Problem, p.Declined = typed.note, f.Kind == fault.Declined
		}
		for i, item := range b.Sold() {
			p.Lines[i].Problem = typed.faults["lines."+item.LineID]
		}
		for _, item := range b.Items {
			if problem := typed.faults["lines."+item.LineID]; problem != "" {
				p.Problem = v.P.T("storefront.checkout.stuck")
				p.Stuck = append(p.Stuck, view.StuckLine{
					Name: v.text(item.Name), Options: item.Label(v.lang, v.fallback()), Problem: problem, URL: v.url("bag") + "#line-" + item.LineID,
				})
			}
		}
	})
}

// changes says of each line of b whose price moved how it did.
func changes(v *Visit, b cart.Bag, typed form) []string {
	var list []string
	for _, i := range b.Items {
		if moved := typed.faults["lines."+i.LineID]; moved != "" {
			list = append(list, v.text(i.Name)+": "+moved)
		}
	}
	return list
}

// paymentReturn takes a shopper who comes back from a bank's page to where
// they belong. Whose browser it is decides what they see: the address of the
// attempt alone opens no order.
func (s *Store) paymentReturn(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Checkout.Returned(r.Context(), r.PathValue("attempt"))
	if err != nil {
		return err
	}
	v := s.visit(r)
	if o.Locale != "" {
		v.lang = o.Locale
	}
	mine, err := s.bought(r, o)
	if err != nil {
		return err
	}
	next := v.url() + "?done=payment"
	if mine {
		next = s.whereabouts(v, o)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// bought reports whether an order is that of whoever asks.
func (s *Store) bought(r *http.Request, o order.Order) (bool, error) {
	v := s.visit(r)
	if o.CustomerID != "" {
		return o.CustomerID == v.Me.ID, nil
	}
	owner := v.owner(r)
	if owner.Token == "" {
		return false, nil
	}
	last, err := s.Carts.LastOrdered(r.Context(), s.DB, owner, s.DB.Now())
	if err == nil && last == o.CartID {
		return true, nil
	}
	b, err := s.Carts.Bag(r.Context(), s.DB, owner, v.lang, s.DB.Now())
	return err == nil && b.Cart.ID == o.CartID, err
}

// whereabouts is the page that fits an order which is being paid.
func (s *Store) whereabouts(v *Visit, o order.Order) string {
	a, _ := o.Last()
	switch {
	case o.State == order.Draft && a.Status.Open():
		return v.url("orders", o.Token, "payment")
	case o.State == order.Draft || o.State == order.Expired:
		return v.url("checkout") + "?declined=" + strings.TrimPrefix(a.Reason.Key(), "payment.declined.")
	}
	return v.url("orders", o.Token) + "?fresh=1"
}
