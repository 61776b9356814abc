package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/kit/pan"
	"github.com/stoashop/stoa/platform/db"
)

// Place turns the owner's cart into an order and asks for its payment.
//
// It is safe to send twice: the cart names the order, so a second click gets
// the first one's outcome. What was typed is kept in the cart also when the
// order is refused. It fails with
//   - "form.invalid" (Invalid): every unmet requirement at its field;
//   - ReasonPriceChanged (Conflict): the total is not the one last shown, with
//     the lines whose price moved as fields; nothing was charged;
//   - ReasonCartChanged (Conflict): the cart is not the one last shown;
//   - inventory.ShortReason (Conflict): somebody was faster;
//   - "payment.too_many_attempts" (TooMany).
//
// A refused payment is no error: it is an Outcome with Declined.
func (s *Service) Place(ctx context.Context, p Placement) (Outcome, error) {
	if err := cardNumbers(p); err != nil {
		return Outcome{}, err
	}
	for range 3 {
		prep, err := s.prepare(ctx, p)
		if fault.Reason(err) == "cart.not_found" {
			return s.ordered(ctx, p.Owner, err)
		}
		if err != nil {
			return Outcome{}, errors.Join(err, s.keep(ctx, p, err))
		}
		switch {
		case prep.refusal != nil:
			return Outcome{}, prep.refusal
		case prep.drop != "":
			// The shopper changed their mind while an attempt was open: let it
			// go first, so that the old amount cannot be paid any more (T8).
			if err := s.dropAttempt(ctx, prep.order.ID, prep.drop, payment.ReasonCancelled); err != nil {
				return Outcome{}, err
			}
			continue
		case prep.attempt == "":
			return outcomeOf(prep.order), nil
		}
		return s.pay(ctx, prep, p)
	}
	return Outcome{}, fault.New(fault.Conflict, "checkout.busy")
}

// keep writes what was typed into the cart after a refusal that undid the
// transaction it was written in.
func (s *Service) keep(ctx context.Context, p Placement, refusal error) error {
	if fault.From(refusal).Kind == fault.Internal {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		held, err := s.Carts.Lock(ctx, tx, p.Owner, p.Lang)
		if fault.Reason(err) == "cart.not_found" {
			return nil // ordered meanwhile
		}
		if err != nil {
			return err
		}
		return s.Carts.SetDetails(ctx, tx, &held, normalized(p.Details), p.ShippingMethod, p.PaymentMethod, p.Lang)
	})
}

// cardNumbers refuses card numbers in free text and in the payment token,
// before anything is kept or logged (T41). It is the one refusal after which
// the cart does not remember what was typed.
func cardNumbers(p Placement) error {
	var form fault.Form
	if err := form.Merge("", payment.CheckToken(p.PaymentToken)); err != nil {
		return err
	}
	d := p.Details
	for _, f := range []struct{ path, text string }{
		{"email", d.Email},
		{"note", d.Note},
		{"shipping.name", d.Shipping.Name},
		{"shipping.company", d.Shipping.Company},
		{"shipping.line1", d.Shipping.Line1},
		{"shipping.line2", d.Shipping.Line2},
		{"shipping.city", d.Shipping.City},
		{"shipping.phone", d.Shipping.Phone},
		{"billing.name", d.Billing.Name},
		{"billing.company", d.Billing.Company},
		{"billing.line1", d.Billing.Line1},
		{"billing.line2", d.Billing.Line2},
		{"billing.city", d.Billing.City},
		{"billing.phone", d.Billing.Phone},
	} {
		if pan.In(f.text) {
			form.Add(f.path, "payment.card_number_here")
		}
	}
	return form.Err()
}

// ordered answers the click that finds its cart ordered already.
func (s *Service) ordered(ctx context.Context, owner cart.Owner, missing error) (Outcome, error) {
	cartID, err := s.Carts.LastOrdered(ctx, s.DB, owner, s.DB.Now())
	if err != nil {
		return Outcome{}, missing
	}
	o, ok, err := s.Orders.OfCart(ctx, s.DB, cartID)
	if err != nil || !ok {
		return Outcome{}, errors.Join(err, missing)
	}
	return outcomeOf(o), nil
}

// prepared is the result of the first phase.
type prepared struct {
	order   order.Order
	attempt string // to be authorised; "" when there is nothing to pay now
	drop    string // an open attempt to let go of before trying again
	refusal error  // told to the shopper; the transaction is committed all the same
}

func outcomeOf(o order.Order) Outcome {
	out := Outcome{OrderID: o.ID, Token: o.Token, State: o.State}
	if a, ok := o.Last(); ok && o.State == order.Draft {
		if a.Status == payment.Continuing {
			out.ContinueURL = a.ContinueURL
		}
		if a.Status == payment.Refused {
			out.Declined = a.Reason
		}
	}
	return out
}

func (s *Service) prepare(ctx context.Context, p Placement) (prepared, error) {
	var prep prepared
	terms, err := s.Shop().Terms(ctx)
	if err != nil {
		return prep, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		prep = prepared{}
		bag, err := s.Carts.Lock(ctx, tx, p.Owner, p.Lang)
		if err != nil {
			return err
		}
		existing, has, err := s.Orders.LockOfCart(ctx, tx, bag.Cart.ID)
		if err != nil {
			return err
		}
		seen := bag.Cart.Version
		d := normalized(p.Details)
		if err := s.Carts.SetDetails(ctx, tx, &bag, d, p.ShippingMethod, p.PaymentMethod, p.Lang); err != nil {
			return err
		}
		if bag, err = s.Carts.Refill(bag, tx.Now()); err != nil {
			return err
		}
		if has {
			same := existing.CartVersion == bag.Cart.Version && existing.Total == bag.Quote.Total.Gross && existing.PaymentMethod == p.PaymentMethod
			if done := s.existing(&prep, existing, same); done {
				return s.spare(ctx, tx, &prep, p.PaymentToken)
			}
		}
		if err := s.unmet(bag, d, p, terms != ""); err != nil {
			prep.refusal = err
			return nil
		}
		switch total := bag.Quote.Total.Gross; {
		case total != p.ExpectedTotal:
			prep.refusal = moved(bag, p.ExpectedTotal)
			return s.Carts.SeePrices(ctx, tx, bag)
		case seen != p.CartVersion:
			prep.refusal = fault.New(fault.Conflict, ReasonCartChanged)
			return nil
		}
		o, reserve, err := s.agree(ctx, tx, bag, d, p, terms, existing, has)
		if err != nil {
			return err
		}
		prep.order = o
		if o.Total == 0 {
			if err := reserve(); err != nil {
				return err
			}
			return s.placeUnpaid(ctx, tx, &prep)
		}
		if err := s.openAttempt(ctx, tx, &prep, p); err != nil {
			return err
		}
		return reserve() // last: from now to the commit others wait for the same goods
	})
	return prep, err
}

// moved says which total was shown and which it is now, and at its line each
// price that is not the one last shown (rule B7).
func moved(bag cart.Bag, shown money.Minor) error {
	f := fault.New(fault.Conflict, ReasonPriceChanged).
		With("old", money.Money{Amount: shown, Currency: bag.Quote.Currency}).
		With("new", money.Money{Amount: bag.Quote.Total.Gross, Currency: bag.Quote.Currency})
	for _, p := range bag.Problems {
		if p.Reason == "cart.price_changed" {
			f = f.At("lines."+p.LineID, p.Reason, p.Params...)
		}
	}
	return f
}

// existing decides what an order that the cart already has means for a new
// placement; true when there is nothing more to prepare.
func (s *Service) existing(prep *prepared, o order.Order, same bool) bool {
	prep.order = o
	if o.State == order.Placed || o.State == order.Cancelled {
		return true
	}
	a, ok := o.Last()
	if !ok {
		return false
	}
	switch {
	case a.Status.Places():
		prep.attempt = a.ID // paid, and the finish was interrupted
		return true
	case a.Status == payment.InReview:
		return true
	case a.Status.Open() && same && a.Status != payment.Leaving:
		prep.attempt = ""
		if a.Status == payment.Started {
			prep.attempt = a.ID // ask again, with the same key
		}
		return true
	case a.Status.Open():
		prep.drop = a.ID
		return true
	}
	return false
}

// spare spends from the payment budget for asking the provider again about an
// attempt whose answer was lost, unless it is the same question: another token
// is another card. When nothing is left the provider is not asked: the
// reconcile job will find out.
func (s *Service) spare(ctx context.Context, tx *db.Tx, prep *prepared, token string) error {
	a, ok := prep.order.Attempt(prep.attempt)
	if !ok || a.Status != payment.Started {
		return nil
	}
	t, err := s.trierOf(ctx, tx, a.ID)
	if err != nil || t.Token == s.tokenKey(token) {
		return err
	}
	verdict, err := s.spend(ctx, tx, t.Subject)
	if err == nil && !verdict.Allowed {
		prep.attempt = ""
	}
	return err
}

func normalized(d cart.Details) cart.Details {
	d.Email = strings.TrimSpace(d.Email)
	d.Shipping = market.Normalize(d.Shipping)
	d.Billing = market.Normalize(d.Billing)
	if d.SameBilling {
		d.Billing = market.Address{}
	}
	return d
}

// unmet collects everything that keeps the order from being placed.
func (s *Service) unmet(bag cart.Bag, d cart.Details, p Placement, terms bool) error {
	if len(bag.Items) == 0 {
		return fault.New(fault.Invalid, ReasonEmpty)
	}
	form, err := s.details(bag, d, p.ShippingMethod, p.PaymentMethod)
	if err != nil {
		return err
	}
	if terms && !p.Terms {
		form.Add("terms", "checkout.accept_terms")
	}
	for _, problem := range bag.Problems {
		if problem.Blocks {
			form.Add("lines."+problem.LineID, problem.Reason, problem.Params...)
		}
	}
	return form.Err()
}

// Wrong tells what will not do of the details that a bag keeps, at the paths
// that Place tells it at. What has not been said yet is not wrong.
func (s *Service) Wrong(bag cart.Bag) ([]fault.Field, error) {
	c := bag.Cart
	d := normalized(c.Details)
	form, err := s.details(bag, d, c.ShippingMethod, c.PaymentMethod)
	if err != nil || form.Err() == nil {
		return nil, err
	}
	said := map[string]string{"email": d.Email, "note": d.Note, "shipping_method": c.ShippingMethod, "payment_method": c.PaymentMethod}
	for at, a := range map[string]market.Address{"shipping.": d.Shipping, "billing.": d.Billing} {
		for name, text := range map[string]string{
			"name": a.Name, "company": a.Company, "line1": a.Line1, "line2": a.Line2, "city": a.City, "region": a.Region, "postcode": a.Postcode, "country": a.Country, "phone": a.Phone,
		} {
			said[at+name] = text
		}
	}
	return slices.DeleteFunc(fault.From(form.Err()).Fields, func(f fault.Field) bool { return said[f.Path] == "" }), nil
}

// details collects what is wrong with what the shopper has said.
func (s *Service) details(bag cart.Bag, d cart.Details, delivery, pay string) (form fault.Form, err error) {
	if _, err := market.Email(d.Email); err != nil {
		if err := form.Merge("", err); err != nil {
			form.Add("email", "form.not_an_email")
		}
	}
	errs := []error{form.Merge("shipping.", market.Validate(d.Shipping))}
	if !d.SameBilling {
		errs = append(errs, form.Merge("billing.", market.Validate(d.Billing)))
	}
	if err := errors.Join(errs...); err != nil {
		return form, err
	}
	if len(d.Note) > order.MaxNote {
		form.Add("note", "form.too_long", "max", order.MaxNote)
	}
	if d.Shipping.Country != "" {
		if bag.Refused != nil {
			form.Add("shipping.country", fault.Reason(bag.Refused), "country", d.Shipping.Country)
		} else if r := s.Carts.Rules(bag.Cart.MarketID); len(bag.Options) == 0 && len(bag.Sold()) > 0 {
			err := shipping.Serves(r.Zones, bag.To, bag.Parcel)
			f := fault.From(err)
			if f != nil && len(f.Fields) > 0 {
				form.Add("shipping.country", f.Fields[0].Reason, "country", d.Shipping.Country)
			} else if f != nil {
				form.Add("shipping_method", f.Reason)
			}
		} else if bag.Chosen != delivery && len(bag.Options) > 0 {
			form.Add("shipping_method", "shipping.method_unavailable")
		}
	}
	if bag.Quote.Total.Gross > 0 && !s.offered(pay, bag.Quote.Currency) {
		form.Add("payment_method", "checkout.choose_payment")
	}
	return form, nil
}

func (s *Service) offered(code, currency string) bool {
	for _, o := range s.Providers.Offered(currency) {
		if o.Code == code {
			return true
		}
	}
	return false
}

// agree writes the draft order: fresh, or the cart's declined draft anew.
// reserve holds its stock.
func (s *Service) agree(ctx context.Context, tx *db.Tx, bag cart.Bag, d cart.Details, p Placement, terms string, existing order.Order, has bool) (o order.Order, reserve func() error, err error) {
	shop := s.Shop()
	o = order.Order{
		CartID: bag.Cart.ID, CartVersion: bag.Cart.Version, CustomerID: bag.Cart.CustomerID, KeyID: bag.Cart.KeyID, MarketID: bag.Cart.MarketID,
		Currency: bag.Quote.Currency, Locale: p.Lang, State: order.Draft,
		Contact: order.Contact{Email: d.Email, Shipping: d.Shipping}, Note: d.Note,
		PaymentMethod: p.PaymentMethod, PricesIncludeTax: bag.Quote.Basis.IncludesTax(),
		Quote: bag.Quote, TermsVersion: terms, HoldUntil: tx.Now().Add(shop.Hold),
		Goods: bag.Quote.Goods.Gross, Discount: bag.Quote.Discount, Tax: bag.Quote.Total.Tax, Total: bag.Quote.Total.Gross, Taxes: bag.Quote.Taxes,
	}
	if !d.SameBilling {
		billing := d.Billing
		o.Contact.Billing = &billing
	}
	if q := bag.Quote.Shipping; q != nil {
		o.Shipping, o.ShippingTax = q.Total.Gross, q.Total.Tax
		for _, option := range bag.Options {
			if option.ID == bag.Chosen {
				o.ShippingCode, o.ShippingName = option.Code, option.Name.In(p.Lang, s.Languages[0])
			}
		}
	}
	byLine := make(map[string]cart.Item)
	for _, i := range bag.Items {
		byLine[i.LineID] = i
	}
	names := make(map[string]string) // cart line → order line
	for n, q := range bag.Quote.Lines {
		i := byLine[q.ID]
		l := order.Line{
			ID: tx.NewID("oln"), Position: int64(n), VariantID: i.VariantID, ProductID: i.ProductID, SKU: i.SKU,
			Name: i.Name.In(p.Lang, s.Languages[0]), Options: i.Label(p.Lang, s.Languages[0]), Image: i.Image.Hash,
			Quantity: q.Quantity, Unit: q.Unit, Discount: q.Discount, Total: q.Total, TaxRate: q.Tax.Rate, TaxCode: q.Tax.Code,
			Weight: i.Weight, HSCode: i.HSCode, Origin: i.Origin, Tracked: i.Tracked,
		}
		names[q.ID] = l.ID
		o.Lines = append(o.Lines, l)
	}
	if has {
		o.ID, o.Token, o.KeyID, o.Version, o.Attempts = existing.ID, existing.Token, existing.KeyID, existing.Version+1, existing.Attempts
	} else {
		o.ID, o.Token, o.Version = tx.NewID("ord"), tx.NewToken(), 1
		key, err := s.Vault.NewKey() // the order outlives its cart: a key of its own
		if err != nil {
			return o, nil, err
		}
		o.KeyID = key
	}
	if err := s.BeforePlace.Run(ctx, &o); err != nil {
		return o, nil, err
	}
	if has {
		if err = s.Stock.Release(ctx, tx, o.ID); err == nil {
			err = s.Orders.Reopen(ctx, tx, o)
		}
	} else {
		err = s.Orders.Insert(ctx, tx, o)
	}
	demands := bag.Demands()
	for i := range demands {
		demands[i].LineID = names[demands[i].LineID]
	}
	return o, func() error {
		if err := s.Stock.Reserve(ctx, tx, o.ID, demands, o.HoldUntil); err != nil {
			return backToCart(err, names)
		}
		return nil
	}, err
}

// backToCart renames the lines of a fault to the cart's, which the page shows.
func backToCart(err error, names map[string]string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return fmt.Errorf("reserve stock: %w", err)
	}
	for i := range f.Fields {
		for cartLine, orderLine := range names {
			if f.Fields[i].Path == "lines."+orderLine {
				f.Fields[i].Path = "lines." + cartLine
			}
		}
	}
	return err
}

// placeUnpaid places an order that costs nothing: no payment step, still an
// order.
func (s *Service) placeUnpaid(ctx context.Context, tx *db.Tx, prep *prepared) error {
	o := &prep.order
	if err := s.Stock.Allocate(ctx, tx, o.ID, demandsOf(*o)); err != nil {
		return err
	}
	return s.place(ctx, tx, o)
}

// openAttempt spends from the payment budget and records the attempt and the
// job that will ask for its outcome, whatever happens to this process.
func (s *Service) openAttempt(ctx context.Context, tx *db.Tx, prep *prepared, p Placement) error {
	o := &prep.order
	provider, method := order.SplitMethod(p.PaymentMethod)
	impl, settings, ok := s.Providers.Provider(provider)
	if !ok {
		return fault.New(fault.Conflict, "checkout.choose_payment")
	}
	subject := payment.Subject{
		Email:  fmt.Sprintf("%x", s.Orders.EmailIndex(o.Contact.Email)[:16]),
		Cart:   o.CartID,
		Amount: money.Money{Amount: o.Total, Currency: o.Currency},
		Proven: p.Client.Proven,
	}
	if p.Client.IP.IsValid() {
		subject.IP = fmt.Sprintf("%x", s.Vault.Index("ip", payment.IPKey(p.Client.IP))[:16])
	}
	verdict, err := s.spend(ctx, tx, subject)
	if err != nil {
		return err
	}
	if err := verdict.Err(); err != nil {
		// Nothing of the order is kept; the refusal itself changes no level.
		return err
	}
	a := payment.Attempt{
		ID: tx.NewID("pay"), OrderID: o.ID, Provider: provider, Method: method, Amount: o.Total, Currency: o.Currency,
		Live: payment.Live(impl, settings), Status: payment.Started, CreatedAt: tx.Now(),
	}
	raw, err := json.Marshal(trier{subject, s.tokenKey(p.PaymentToken)})
	if err != nil {
		return err
	}
	if err := s.Orders.AddAttempt(ctx, tx, o, a, string(raw)); err != nil {
		return fmt.Errorf("record payment attempt: %w", err)
	}
	prep.attempt = a.ID
	return s.watch(ctx, tx, lapse{Order: o.ID, Attempt: a.ID}, tx.Now().Add(min(lookEvery, s.Shop().Hold/2))) // before the hold is over
}

// pay is the second phase, and hands what the provider says to finish.
func (s *Service) pay(ctx context.Context, prep prepared, p Placement) (Outcome, error) {
	a, _ := prep.order.Attempt(prep.attempt)
	provider, settings, ok := s.Providers.Provider(a.Provider)
	if !ok {
		return Outcome{}, fault.New(fault.Unavailable, "payment.unavailable")
	}
	var answer payment.Outcome
	var unknown error
	if a.Status == payment.Started {
		call, cancel := s.call(ctx)
		shop := s.Shop()
		answer, unknown = provider.Authorize(call, settings, payment.Request{
			AttemptID: a.ID, OrderID: a.OrderID, Method: a.Method, Amount: money.Money{Amount: a.Amount, Currency: a.Currency},
			ReturnURL: shop.BaseURL + "/payments/" + a.ID, WebhookURL: shop.BaseURL + "/webhooks/payments/" + a.Provider,
			Locale: p.Lang, Token: p.PaymentToken,
		})
		cancel()
		if unknown != nil {
			s.Log.WarnContext(ctx, "payment provider did not answer; the reconcile job will ask", "attempt", a.ID, "provider", a.Provider, "err", unknown)
		}
	}
	o, err := s.finish(ctx, a.OrderID, a.ID, func(a payment.Attempt) (payment.Attempt, []payment.Entry) {
		if a.Status != payment.Started {
			if unknown == nil && answer.Facts.AttemptID != "" {
				return a.Learned(answer.Facts) // somebody else decided meanwhile; facts stay facts
			}
			return a, nil
		}
		return a.Answered(answer, unknown)
	}, nil)
	if err != nil {
		return Outcome{}, err
	}
	return outcomeOf(o), nil
}
