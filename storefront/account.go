package storefront

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

// own declares a page of the signed-in customer's.
func own(name, method, pattern string, h web.Handler) policy.Route {
	return policy.Route{Name: "storefront.account" + name, Method: method, Pattern: "/{lang}/account" + pattern, Who: policy.Customer, Owner: policy.OwnAccount, Handler: h}
}

func (s *Store) accountRoutes() []policy.Route {
	return append([]policy.Route{
		get("sign_in", "/account/sign-in", policy.Nothing, s.signInPage),
		post("sign_in.submit", "/account/sign-in", policy.Nothing, s.signIn),
		get("sign_up", "/account/sign-up", policy.Nothing, s.signUpPage),
		post("sign_up.submit", "/account/sign-up", policy.Nothing, s.signUp),
		get("forgotten", "/account/forgotten", policy.Nothing, s.forgottenPage),
		post("forgotten.submit", "/account/forgotten", policy.Nothing, s.forgotten),
		get("reset", "/account/reset/{token}", policy.SecretLink, s.resetPage),
		post("reset.submit", "/account/reset/{token}", policy.SecretLink, s.reset),
		get("verify", "/account/verify/{token}", policy.SecretLink, s.verifyPage),
		post("verify.submit", "/account/verify/{token}", policy.SecretLink, s.verify),
		post("sign_out", "/account/session/end", policy.Nothing, s.signOut),

		own("", http.MethodGet, "", s.accountPage),
		own(".orders", http.MethodGet, "/orders", s.ordersPage),
		own(".order", http.MethodGet, "/orders/{number}", s.accountOrder),
		own(".order.cancel", http.MethodPost, "/orders/{number}/cancellation", s.cancelOwnOrder),
		own(".profile", http.MethodGet, "/profile", s.profilePage),
		own(".profile.save", http.MethodPost, "/profile", s.saveProfile),
		own(".password", http.MethodPost, "/password", s.changePassword),
		own(".email", http.MethodPost, "/email", s.changeEmail),
		own(".email.confirm", http.MethodGet, "/email/{token}", s.confirmEmailPage),
		own(".email.confirmed", http.MethodPost, "/email/{token}", s.confirmEmail),
		own(".sessions.end", http.MethodPost, "/sessions/end", s.signOutElsewhere),
	}, s.addressRoutes()...)
}

// browser is what is known of whoever asks, for throttles and sessions.
func browser(r *http.Request) customer.Visit {
	return customer.Visit{IP: web.ClientIP(r.Context()), Device: device(r.UserAgent())}
}

// device names a browser's kind and its machine's, as far as they are known.
func device(agent string) string {
	find := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	program := find("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	machine := find("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	return strings.Trim(program+", "+machine, ", ")
}

// next is where somebody who signs in was going; only within the shop.
func (v *Visit) next(s string) string {
	if web.LocalPath(s) && !strings.Contains(s, "/.") && strings.HasPrefix(s, "/"+v.lang+"/") && !strings.Contains(s, "/account/sign-") {
		return s
	}
	return v.url("account")
}

// begin signs somebody in on this browser: what was in the bag joins that of
// the account (rule B19), and the session that was there before ends.
func (s *Store) begin(w http.ResponseWriter, r *http.Request, session, next string) error {
	v := s.visit(r)
	me, _, err := s.Accounts.Identify(r.Context(), session)
	if err != nil {
		return err
	}
	if v.Me.Known() && v.Me.Session != me.Session {
		if err := s.Accounts.SignOut(r.Context(), v.Me.Session); err != nil {
			return err
		}
	}
	notices := 0
	if token, ok := s.Cookies.Get(r, cartCookie); ok {
		err := s.DB.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
			list, err := s.Carts.Merge(ctx, tx, token, me.ID, v.lang)
			notices = len(list)
			return err
		})
		if err != nil {
			return err
		}
		s.Cookies.Clear(w, cartCookie)
	}
	s.Cookies.Set(w, sessionCookie, session, customer.SessionFor)
	if notices > 0 {
		next = v.url("bag") + "?done=merged"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (v *Visit) emailField(value, token string) view.Field {
	return view.Field{Name: "email", Label: v.P.T("storefront.field.email"), Type: "email", Value: value, Required: true, MaxLength: 254, Autocomplete: token}
}

func (v *Visit) secretField(name, label, token string) view.Field {
	return view.Field{Name: name, Label: v.P.T("storefront.field." + label), Type: "password", Required: true, MaxLength: 200, Autocomplete: token}
}

func (v *Visit) newSecretField() view.Field {
	f := v.secretField("password", "password_new", "new-password")
	f.Help = v.P.T("storefront.field.password_help", "count", password.MinCustomer)
	return f
}

// door draws one of the small pages.
func (s *Store) door(w http.ResponseWriter, r *http.Request, status int, page, title string, p view.FormPage) error {
	base, err := s.private(r, s.visit(r).P.T(title))
	if err != nil {
		return err
	}
	p.Page = base
	return s.show(w, r, status, page, p)
}

func (s *Store) signInPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	if v.Me.Known() {
		http.Redirect(w, r, v.next(r.URL.Query().Get("next")), http.StatusSeeOther)
		return nil
	}
	return s.showSignIn(w, r, form{}, r.URL.Query().Get("next"), http.StatusOK)
}

func (s *Store) showSignIn(w http.ResponseWriter, r *http.Request, f form, next string, status int) error {
	v := s.visit(r)
	p := view.FormPage{
		Form: view.Form{
			Action: v.url("account", "sign-in"), Problem: f.note,
			Fields: f.fill([]view.Field{v.emailField("", "username"), v.secretField("password", "password", "current-password")}),
		},
		Other:        &view.Link{Label: v.P.T("storefront.sign_up.title"), URL: v.url("account", "sign-up")},
		ForgottenURL: v.url("account", "forgotten"),
	}
	if next != "" {
		p.Form.Hidden = []view.Hidden{{Name: "next", Value: cut(next, 500)}}
	}
	return s.door(w, r, status, "sign_in", "storefront.sign_in.title", p)
}

func (s *Store) signIn(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Email    string `form:"email" required:"true" max:"254"`
		Password string `form:"password" raw:"true" required:"true" max:"200"`
		Next     string `form:"next" max:"500"`
	}](r, formLimits())
	if err == nil {
		var session string
		if session, err = s.Accounts.SignIn(r.Context(), in.Email, in.Password, browser(r)); err == nil {
			return s.begin(w, r, session, v.next(in.Next))
		}
	}
	if !correctable(err) && !fault.Is(err, fault.Forbidden) {
		return err
	}
	return s.showSignIn(w, r, v.typed(raw, err), raw.Get("next"), web.Status(err))
}

func (s *Store) signUpPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSignUp(w, r, form{}, http.StatusOK)
}

func (s *Store) showSignUp(w http.ResponseWriter, r *http.Request, f form, status int) error {
	v := s.visit(r)
	name := view.Field{Name: "name", Label: v.P.T("storefront.field.name"), Required: true, MaxLength: 200, Autocomplete: "name"}
	return s.door(w, r, status, "sign_up", "storefront.sign_up.title", view.FormPage{
		Form: view.Form{
			Action: v.url("account", "sign-up"), Problem: f.note,
			Fields: f.fill([]view.Field{name, v.emailField("", "username"), v.newSecretField()}),
		},
		Other: &view.Link{Label: v.P.T("storefront.sign_in.title"), URL: v.url("account", "sign-in")},
	})
}

// signUp answers alike whether or not somebody has the account already.
func (s *Store) signUp(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Name     string `form:"name" required:"true" max:"200"`
		Email    string `form:"email" required:"true" max:"254"`
		Password string `form:"password" raw:"true" required:"true" max:"200"`
	}](r, formLimits())
	if err == nil {
		var session string
		session, err = s.Accounts.SignUp(r.Context(), customer.Newcomer{Name: in.Name, Email: in.Email, Password: in.Password, Locale: v.lang}, browser(r))
		switch {
		case err == nil && session != "":
			return s.begin(w, r, session, v.url("account"))
		case err == nil:
			return s.door(w, r, http.StatusOK, "sign_up", "storefront.sign_up.title", view.FormPage{Done: true})
		}
	}
	if !correctable(err) {
		return err
	}
	return s.showSignUp(w, r, v.typed(raw, err), web.Status(err))
}

func (s *Store) forgottenPage(w http.ResponseWriter, r *http.Request) error {
	return s.showForgotten(w, r, form{}, http.StatusOK)
}

func (s *Store) showForgotten(w http.ResponseWriter, r *http.Request, f form, status int) error {
	v := s.visit(r)
	return s.door(w, r, status, "forgotten", "storefront.forgotten.title", view.FormPage{
		Form:  view.Form{Action: v.url("account", "forgotten"), Problem: f.note, Fields: f.fill([]view.Field{v.emailField("", "username")})},
		Other: &view.Link{Label: v.P.T("storefront.sign_in.title"), URL: v.url("account", "sign-in")},
	})
}

// forgotten has a letter sent. The answer does not tell who has an account.
func (s *Store) forgotten(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Email string `form:"email" required:"true" max:"254"`
	}](r, formLimits())
	if err == nil {
		err = s.Accounts.RequestReset(r.Context(), in.Email, v.lang, browser(r))
	}
	if err == nil {
		return s.door(w, r, http.StatusOK, "forgotten", "storefront.forgotten.title", view.FormPage{Done: true})
	}
	if !correctable(err) {
		return err
	}
	return s.showForgotten(w, r, v.typed(raw, err), web.Status(err))
}

func (s *Store) resetPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.CheckLink(r.Context(), customer.Reset, r.PathValue("token")); err != nil {
		return err
	}
	return s.showReset(w, r, form{}, http.StatusOK)
}

func (s *Store) showReset(w http.ResponseWriter, r *http.Request, f form, status int) error {
	v := s.visit(r)
	return s.door(w, r, status, "reset", "storefront.reset.title", view.FormPage{
		Form: view.Form{Action: v.url("account", "reset", r.PathValue("token")), Problem: f.note, Fields: f.fill([]view.Field{v.newSecretField()})},
	})
}

func (s *Store) reset(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Password string `form:"password" raw:"true" required:"true" max:"200"`
	}](r, formLimits())
	if err == nil {
		var session string
		if session, err = s.Accounts.ResetPassword(r.Context(), r.PathValue("token"), in.Password, browser(r)); err == nil {
			return s.begin(w, r, session, v.url("account")+"?done=password")
		}
	}
	if !correctable(err) {
		return err
	}
	return s.showReset(w, r, v.typed(raw, err), web.Status(err))
}

func (s *Store) verifyPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.CheckLink(r.Context(), customer.Verification, r.PathValue("token")); err != nil {
		return err
	}
	return s.showVerify(w, r, form{}, http.StatusOK)
}

func (s *Store) showVerify(w http.ResponseWriter, r *http.Request, f form, status int) error {
	v := s.visit(r)
	return s.door(w, r, status, "verify", "storefront.verify.title", view.FormPage{
		Form:         view.Form{Action: v.url("account", "verify", r.PathValue("token")), Problem: f.note, Fields: f.fill([]view.Field{v.secretField("password", "password", "current-password")})},
		ForgottenURL: v.url("account", "forgotten"),
	})
}

func (s *Store) verify(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Password string `form:"password" raw:"true" required:"true" max:"200"`
	}](r, formLimits())
	if err == nil {
		var session string
		if session, err = s.Accounts.Verify(r.Context(), r.PathValue("token"), in.Password, browser(r)); err == nil {
			return s.begin(w, r, session, v.url("account")+"?done=verified")
		}
	}
	if !correctable(err) {
		return err
	}
	return s.showVerify(w, r, v.typed(raw, err), web.Status(err))
}

// signOut ends this browser's session. The bag stays with the account.
func (s *Store) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	if v.Me.Known() {
		if err := s.Accounts.SignOut(r.Context(), v.Me.Session); err != nil {
			return err
		}
	}
	s.Cookies.Clear(w, sessionCookie)
	http.Redirect(w, r, v.url()+"?done=signed_out", http.StatusSeeOther)
	return nil
}

// nav is the account's navigation; at is the address that is shown.
func (v *Visit) nav(at string) []view.Link {
	nav := []view.Link{
		{Label: v.P.T("storefront.account.overview"), URL: v.url("account")},
		{Label: v.P.T("storefront.account.orders"), URL: v.url("account", "orders")},
		{Label: v.P.T("storefront.account.addresses"), URL: v.url("account", "addresses")},
		{Label: v.P.T("storefront.account.details"), URL: v.url("account", "profile")},
	}
	for i := range nav {
		nav[i].Current = nav[i].URL == at
	}
	return nav
}

func (s *Store) accountPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.account.label"))
	if err != nil {
		return err
	}
	out := view.AccountPage{
		Page: page, Nav: v.nav(v.url("account")), Since: v.Person.CreatedAt,
		OrdersURL: v.url("account", "orders"), AddressesURL: v.url("account", "addresses"), ProfileURL: v.url("account", "profile"),
	}
	out.Name, _, _ = strings.Cut(v.Person.Name, " ")
	latest, err := s.orderPages(r, v, 3)
	if err != nil {
		return err
	}
	out.Orders = latest.rows
	book, err := s.Accounts.Addresses(r.Context(), s.DB, v.Me.ID)
	if err != nil {
		return err
	}
	for _, a := range book {
		if a.DefaultShipping {
			out.Address = append(a.Address.Lines(), v.country(a.Address.Country))
		}
	}
	return s.show(w, r, http.StatusOK, "account", out)
}

const ordersAPage = 10

func (s *Store) ordersPage(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.account.orders"))
	if err != nil {
		return err
	}
	at := v.url("account", "orders")
	out := view.OrdersPage{Page: page, Nav: v.nav(at), ShopURL: v.url()}
	from, status := readPlace(r), http.StatusOK
	if from.lost {
		out.Problem, out.First, status = v.P.T("search.bad_cursor"), at, http.StatusUnprocessableEntity
	}
	list, err := s.orderPages(r, v, ordersAPage)
	if err != nil {
		return err
	}
	if list.previous == "" && from.back || len(list.rows) == 0 && from.id != "" { // the way back leads to a whole first page
		http.Redirect(w, r, at, http.StatusSeeOther)
		return nil
	}
	out.Orders = list.rows
	if list.next != "" {
		out.Next = at + "?after=" + list.next
	}
	if list.previous != "" {
		out.First, out.Previous = at, at+"?before="+list.previous
	}
	return s.show(w, r, status, "orders", out)
}

// place is where in a list of orders a page begins, or with back ends; the
// zero place is the beginning. It is lost when the address names none.
type place struct {
	at         time.Time
	id         string
	back, lost bool
}

func readPlace(r *http.Request) place {
	in, err := web.DecodeQuery[struct {
		After  string `query:"after" max:"60"`
		Before string `query:"before" max:"60"`
	}](r, web.Limits{})
	if err != nil {
		return place{lost: true}
	}
	p := place{back: in.Before != ""}
	cursor := in.After
	if p.back {
		cursor = in.Before
	}
	if cursor == "" {
		return place{}
	}
	ms, orderID, _ := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n < 0 || !id.Valid("ord", orderID) {
		return place{lost: true}
	}
	p.at, p.id = time.UnixMilli(n), orderID
	return p
}

// orderPages is one page of a customer's orders, newest first, with the cursors
// of the pages around it; "" where there is none.
type orderPages struct {
	rows           []view.OrderRow
	previous, next string
}

// orderPages reads the page that the query's cursor names: n orders after it or
// before it.
func (s *Store) orderPages(r *http.Request, v *Visit, n int) (out orderPages, err error) {
	from := readPlace(r)
	filter, back := order.Filter{CustomerID: v.Me.ID, Limit: n + 1}, from.back
	if back {
		filter.Before, filter.BeforeID = from.at, from.id
	} else {
		filter.After, filter.AfterID = from.at, from.id
	}
	list, err := s.Orders.List(r.Context(), s.DB, filter)
	if err != nil {
		return out, err
	}
	more := len(list) > n // beyond the page, in the way it was read
	switch {
	case more && back:
		list = list[1:]
	case more:
		list = list[:n]
	}
	if len(list) > 0 {
		mark := func(o order.Summary) string { return strconv.FormatInt(o.PlacedAt.UnixMilli(), 10) + "." + o.ID }
		if more || filter.BeforeID != "" {
			out.next = mark(list[len(list)-1])
		}
		if filter.AfterID != "" || filter.BeforeID != "" && more {
			out.previous = mark(list[0])
		}
	}
	for _, o := range list {
		out.rows = append(out.rows, view.OrderRow{
			Number: o.PublicNumber(), URL: v.url("account", "orders", o.PublicNumber()), PlacedAt: o.PlacedAt,
			State: summaryState(o), Total: money.Money{Amount: o.Total, Currency: o.Currency}, Count: int(o.Units),
		})
	}
	return out, nil
}

// summaryState is orderState for what a list knows of an order.
func summaryState(o order.Summary) view.OrderState {
	return orderState(order.Order{State: o.State, Payment: o.Payment, Fulfilment: o.Fulfilment, Return: o.Return}, []order.Shipment{{}})
}

// accountOrder shows a customer's own order, whole.
func (s *Store) accountOrder(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	o, err := s.ownOrder(r)
	if err != nil {
		return err
	}
	page, err := s.private(r, v.P.T("storefront.order.number", "number", o.PublicNumber()))
	if err != nil {
		return err
	}
	out := view.OrderPage{Page: page, AccountNav: v.nav(v.url("account", "orders"))}
	if out.Order, err = s.viewOrder(r.Context(), v, o, true); err != nil {
		return err
	}
	if out.Order.CancelURL != "" {
		out.Order.CancelURL = v.url("account", "orders", o.PublicNumber(), "cancellation")
	}
	return s.show(w, r, http.StatusOK, "order", out)
}

func (s *Store) ownOrder(r *http.Request) (order.Order, error) {
	number, ok := order.ParseNumber(r.PathValue("number"))
	if !ok {
		return order.Order{}, order.NotFound()
	}
	return s.Orders.ForCustomer(r.Context(), s.DB, s.visit(r).Me.ID, number)
}

func (s *Store) cancelOwnOrder(w http.ResponseWriter, r *http.Request) error {
	if err := button(r); err != nil {
		return err
	}
	v := s.visit(r)
	o, err := s.ownOrder(r)
	if err != nil {
		return err
	}
	if err := s.callOff(r.Context(), v, o); err != nil {
		return err
	}
	http.Redirect(w, r, v.url("account", "orders", o.PublicNumber())+"?done=cancelled", http.StatusSeeOther)
	return nil
}
