package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// accounts are the operations of shoppers with an account.
func (a *API) accounts(k *kit.API) {
	const tag = "account"
	// The ways in have no key: each is safe to repeat, and an answer from
	// memory would let passwords be tried against it past the throttle.
	kit.Add(k, kit.Operation[signUpIn, accountSession]{
		Name: "account.create", Method: http.MethodPost, Path: "/accounts", Tag: tag, Who: policy.Public, Status: http.StatusAccepted, Cache: "no-store", Body: 4 << 10,
		Summary:     "Open an account.",
		Description: "Answered alike whether or not the address has an account: the letter that follows tells, and its link proves the address. A shop that sends no letters signs a new customer in at once.",
		Handler:     a.signUp,
	})
	kit.Add(k, kit.Operation[verifyIn, accountSession]{
		Name: "account.verify", Method: http.MethodPost, Path: "/account/verifications", Tag: tag, Who: policy.Public, Status: http.StatusCreated, Cache: "no-store", Body: 4 << 10,
		Summary: "Prove an account's address with the token from the letter, and sign in.",
		Handler: func(ctx context.Context, in verifyIn) (accountSession, error) {
			token, err := a.Accounts.Verify(ctx, in.Token, in.Password, visitOf(ctx))
			return a.begin(ctx, token, in.cartIn, err)
		},
	})
	kit.Add(k, kit.Operation[customerSignIn, accountSession]{
		Name: "account.session.create", Method: http.MethodPost, Path: "/account/sessions", Tag: tag, Who: policy.Public, Status: http.StatusCreated, Cache: "no-store", Body: 4 << 10,
		Summary:     "Sign in.",
		Description: "Send the token as `Authorization: Bearer …` from then on. A guest's cart that is named is merged into the account's and its token opens nothing any more.",
		Handler: func(ctx context.Context, in customerSignIn) (accountSession, error) {
			token, err := a.Accounts.SignIn(ctx, in.Email, in.Password, visitOf(ctx))
			return a.begin(ctx, token, in.cartIn, err)
		},
	})
	kit.Add(k, kit.Operation[resetAskIn, none]{
		Name: "account.reset.request", Method: http.MethodPost, Path: "/account/reset-requests", Tag: tag, Who: policy.Public, Status: http.StatusNoContent, Cache: "no-store", Body: 4 << 10,
		Summary:     "Have a link to a new password sent.",
		Description: "Answered alike whether or not the address has an account.",
		Handler: func(ctx context.Context, in resetAskIn) (none, error) {
			v, err := a.visit(ctx, in.languageIn)
			if err != nil {
				return none{}, err
			}
			return none{}, a.Accounts.RequestReset(ctx, in.Email, v.lang, visitOf(ctx))
		},
	})
	kit.Add(k, kit.Operation[verifyIn, accountSession]{
		Name: "account.reset", Method: http.MethodPost, Path: "/account/resets", Tag: tag, Who: policy.Public, Status: http.StatusCreated, Cache: "no-store", Body: 4 << 10,
		Summary: "Set a new password with the token from the letter, and sign in.",
		Handler: func(ctx context.Context, in verifyIn) (accountSession, error) {
			token, err := a.Accounts.ResetPassword(ctx, in.Token, in.Password, visitOf(ctx))
			return a.begin(ctx, token, in.cartIn, err)
		},
	})

	kit.Add(k, kit.Operation[none, account]{
		Name: "account.get", Method: http.MethodGet, Path: "/account", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Get the account that is signed in.",
		Handler: func(ctx context.Context, _ none) (account, error) { return a.account(ctx) },
	})
	kit.Add(k, kit.Operation[profileIn, account]{
		Name: "account.save", Method: http.MethodPut, Path: "/account", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Change name, telephone number and language.",
		Handler: func(ctx context.Context, in profileIn) (account, error) {
			p := customer.Profile{Name: in.Name, Phone: in.Phone, Locale: in.Language}
			if err := a.Accounts.SetProfile(ctx, actor(ctx), policy.Of(ctx).ID, p, in.Version); err != nil {
				return account{}, err
			}
			return a.account(ctx)
		},
	})
	kit.Add(k, kit.Operation[passwordIn, none]{
		Name: "account.password", Method: http.MethodPut, Path: "/account/password", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount, Body: 4 << 10,
		Summary: "Change the password; every other session ends.",
		Handler: func(ctx context.Context, in passwordIn) (none, error) {
			me := policy.Of(ctx)
			return none{}, a.Accounts.ChangePassword(ctx, me.ID, me.Session, in.Old, in.Password)
		},
	})
	kit.Add(k, kit.Operation[none, none]{
		Name: "account.session.end", Method: http.MethodDelete, Path: "/account/session", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Sign out.",
		Handler: func(ctx context.Context, _ none) (none, error) {
			return none{}, a.Accounts.SignOut(ctx, policy.Of(ctx).Session)
		},
	})
	kit.Add(k, kit.Operation[none, none]{
		Name: "account.sessions.end", Method: http.MethodDelete, Path: "/account/sessions", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Sign out everywhere.",
		Handler: func(ctx context.Context, _ none) (none, error) {
			_, err := a.Accounts.SignOutEverywhere(ctx, actor(ctx), policy.Of(ctx).ID, "")
			return none{}, err
		},
	})
	kit.Add(k, kit.Operation[kit.PageIn, kit.Page[ownSummary]]{
		Name: "account.orders.list", Method: http.MethodGet, Path: "/account/orders", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "List the account's orders, newest first.",
		Handler: a.ownOrders,
	})
	kit.Add(k, kit.Operation[ownOrderIn, publicOrder]{
		Name: "account.orders.get", Method: http.MethodGet, Path: "/account/orders/{number}", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Get one of the account's orders.",
		Handler: func(ctx context.Context, in ownOrderIn) (publicOrder, error) {
			v, err := a.visit(ctx, in.languageIn)
			if err != nil {
				return publicOrder{}, err
			}
			n, ok := order.ParseNumber(in.Number)
			if !ok {
				return publicOrder{}, order.NotFound()
			}
			o, err := a.Orders.ForCustomer(ctx, a.DB, policy.Of(ctx).ID, n)
			if err != nil {
				return publicOrder{}, err
			}
			return a.public(ctx, v, o)
		},
	})
	a.addresses(k, tag)
}

// addresses are the operations on the account's address book.
func (a *API) addresses(k *kit.API, tag string) {
	kit.Add(k, kit.Operation[none, addressList]{
		Name: "account.addresses.list", Method: http.MethodGet, Path: "/account/addresses", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "List the address book.",
		Handler: func(ctx context.Context, _ none) (addressList, error) {
			list, err := a.Accounts.Addresses(ctx, a.DB, policy.Of(ctx).ID)
			return addressList{kit.Each(list, savedOf)}, err
		},
	})
	kit.Add(k, kit.Operation[addressIn, savedAddress]{
		Name: "account.addresses.create", Method: http.MethodPost, Path: "/account/addresses", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount, Status: http.StatusCreated, Once: true,
		Summary: "Add an address.",
		Handler: func(ctx context.Context, in addressIn) (savedAddress, error) { return a.saveAddress(ctx, "", in) },
	})
	kit.Add(k, kit.Operation[addressPut, savedAddress]{
		Name: "account.addresses.save", Method: http.MethodPut, Path: "/account/addresses/{id}", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Rewrite an address.",
		Handler: func(ctx context.Context, in addressPut) (savedAddress, error) {
			return a.saveAddress(ctx, in.ID, in.addressIn)
		},
	})
	kit.Add(k, kit.Operation[addressID, none]{
		Name: "account.addresses.delete", Method: http.MethodDelete, Path: "/account/addresses/{id}", Tag: tag, Who: policy.Customer, Owner: policy.OwnAccount,
		Summary: "Remove an address.",
		Handler: func(ctx context.Context, in addressID) (none, error) {
			return none{}, a.Accounts.DeleteAddress(ctx, actor(ctx), policy.Of(ctx).ID, in.ID)
		},
	})
}

// visitOf is what is known of the program that somebody signs in with.
func visitOf(ctx context.Context) customer.Visit {
	return customer.Visit{IP: web.ClientIP(ctx), Device: "API"}
}

// cartIn is embedded by the ways in.
type cartIn struct {
	CartToken string `json:"cart_token" max:"100" doc:"Of a guest's cart to bring along."`
}

type signUpIn struct {
	languageIn
	cartIn
	Name     string `json:"name" required:"true" max:"100"`
	Email    string `json:"email" required:"true" max:"254"`
	Password string `json:"password" required:"true" raw:"true" max:"200"`
}

type verifyIn struct {
	cartIn
	Token    string `json:"token" required:"true" max:"100" doc:"From the link in the letter."`
	Password string `json:"password" required:"true" raw:"true" max:"200"`
}

type customerSignIn struct {
	cartIn
	Email    string `json:"email" required:"true" max:"254"`
	Password string `json:"password" required:"true" raw:"true" max:"200"`
}

type resetAskIn struct {
	languageIn
	Email string `json:"email" required:"true" max:"254"`
}

// accountSession is a session that has begun, or a promise of one.
type accountSession struct {
	Token   string           `json:"token,omitempty" doc:"A secret; absent until the address is proven."`
	Notices kit.List[notice] `json:"notices" doc:"What bringing the cart along had to change."`
}

type notice struct {
	VariantID string `json:"variant_id"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail"`
}

func (a *API) signUp(ctx context.Context, in signUpIn) (accountSession, error) {
	v, err := a.visit(ctx, in.languageIn)
	if err != nil {
		return accountSession{}, err
	}
	token, err := a.Accounts.SignUp(ctx, customer.Newcomer{Name: in.Name, Email: in.Email, Password: in.Password, Locale: v.lang}, visitOf(ctx))
	return a.begin(ctx, token, in.cartIn, err)
}

// begin brings along what somebody put into a guest's cart before they signed
// in.
func (a *API) begin(ctx context.Context, token string, in cartIn, err error) (accountSession, error) {
	out := accountSession{Token: token}
	if err != nil || token == "" {
		return out, err
	}
	v, err := a.visit(ctx, languageIn{})
	if err != nil {
		return out, err
	}
	me, _, err := a.Accounts.Identify(ctx, token)
	if err != nil {
		return out, err
	}
	var notices []cart.Notice
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		notices, err = a.Carts.Merge(ctx, tx, in.CartToken, me.ID, v.lang)
		return err
	})
	out.Notices = kit.Each(notices, func(n cart.Notice) notice {
		return notice{n.Item.VariantID, v.text(n.Item.Name), n.Reason, v.say(n.Reason, n.Params)}
	})
	return out, err
}

// Edition implements kit.Versioned.
func (a account) Edition() int64 { return a.Version }

// account is a customer's own account.
type account struct {
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Phone     string    `json:"phone"`
	Language  string    `json:"language"`
	Verified  bool      `json:"verified" doc:"Whether the address has been proven."`
	CreatedAt time.Time `json:"created_at"`
	Version   int64     `json:"version"`

	Attributes kit.List[attribute] `json:"attributes" doc:"The shop's own fields, as far as they are for the customer."`
}

func (a *API) account(ctx context.Context) (account, error) {
	c, err := a.Accounts.Get(ctx, a.DB, policy.Of(ctx).ID)
	if err != nil {
		return account{}, err
	}
	v, err := a.visit(ctx, languageIn{})
	if err != nil {
		return account{}, err
	}
	fields, err := a.Fields.For(ctx, custom.Customer)
	return account{c.Name, c.Email, c.Phone, c.Locale, c.Verified(), c.CreatedAt.UTC(), c.Version, kit.Each(fields.Shown(c.Fields), v.attribute)}, err
}

type profileIn struct {
	Name     string `json:"name" required:"true" max:"100"`
	Phone    string `json:"phone" max:"40"`
	Language string `json:"language" required:"true" max:"35"`
	Version  int64  `json:"version" required:"true" min:"1"`
}

type passwordIn struct {
	Old      string `json:"old" required:"true" raw:"true" max:"200"`
	Password string `json:"password" required:"true" raw:"true" max:"200"`
}

// ownSummary is an order in the list of its buyer.
type ownSummary struct {
	Number     string    `json:"number"`
	Units      int64     `json:"units"`
	Total      kit.Money `json:"total"`
	Refunded   kit.Money `json:"refunded"`
	State      string    `json:"state"`
	Payment    string    `json:"payment"`
	Fulfilment string    `json:"fulfilment"`
	Return     string    `json:"return"`
	PlacedAt   time.Time `json:"placed_at"`
}

type ownOrderIn struct {
	languageIn
	orderNumber
}

func (a *API) ownOrders(ctx context.Context, in kit.PageIn) (kit.Page[ownSummary], error) {
	found, err := a.pageOfOrders(ctx, in, order.Filter{CustomerID: policy.Of(ctx).ID})
	return kit.Page[ownSummary]{Next: found.Next, Items: kit.Each(found.Items, func(o orderSummary) ownSummary {
		return ownSummary{o.Number, o.Units, o.Total, o.Refunded, o.State, o.Payment, o.Fulfilment, o.Return, o.PlacedAt}
	})}, err
}

type addressList struct {
	Items kit.List[savedAddress] `json:"items"`
}

type savedAddress struct {
	ID              string  `json:"id"`
	Address         address `json:"address"`
	DefaultShipping bool    `json:"default_shipping"`
	DefaultBilling  bool    `json:"default_billing"`
}

func savedOf(s customer.Saved) savedAddress {
	return savedAddress{s.ID, addressOf(s.Address), s.DefaultShipping, s.DefaultBilling}
}

type addressID struct {
	ID string `path:"id" max:"40"`
}

type addressIn struct {
	Address         address `json:"address" required:"true"`
	DefaultShipping bool    `json:"default_shipping" doc:"A default stays one until another becomes it."`
	DefaultBilling  bool    `json:"default_billing"`
}

type addressPut struct {
	addressID
	addressIn
}

func (a *API) saveAddress(ctx context.Context, id string, in addressIn) (savedAddress, error) {
	saved, err := a.Accounts.SaveAddress(ctx, actor(ctx), policy.Of(ctx).ID, customer.Saved{
		ID: id, Address: in.Address.market(), DefaultShipping: in.DefaultShipping, DefaultBilling: in.DefaultBilling,
	})
	return savedOf(saved), err
}
