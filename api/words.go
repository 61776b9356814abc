package api

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/web"
)

// none is the input or the answer of an operation without any.
type none = struct{}

// languageIn is embedded by operations that answer in words.
type languageIn struct {
	Language string `query:"language" max:"35" doc:"One of the shop's languages, such as de. When absent, Accept-Language decides."`
}

// visit is in which words and at which prices a request is answered.
type visit struct {
	p        *locale.Printer
	lang     string
	fallback string
	shop     *market.Snapshot
	market   market.Market
}

// speaks lists the languages that the shop has goods and words in.
func (a *API) speaks(shop *market.Snapshot) []string {
	has := a.Words.Languages()
	var both []string
	for _, lang := range shop.Shop.Languages {
		if slices.Contains(has, lang) {
			both = append(both, lang)
		}
	}
	if both == nil {
		return has
	}
	return both
}

// visit reads the settings once for a whole request. A language that the shop
// does not speak is Invalid at "language".
func (a *API) visit(ctx context.Context, in languageIn) (visit, error) {
	shop := a.Market.Current(ctx)
	speaks := a.speaks(shop)
	v := visit{lang: in.Language, fallback: a.Words.Languages()[0], shop: shop, market: shop.Default()}
	switch {
	case v.lang == "":
		if want := asked(ctx).language; want != "" {
			v.lang = a.Words.Match(want)
		}
		if !slices.Contains(speaks, v.lang) {
			v.lang = speaks[0]
		}
	case !slices.Contains(speaks, v.lang):
		return v, fault.New(fault.Invalid, "form.invalid").At("language", "form.not_a_choice")
	}
	v.p = a.Words.Printer(v.lang, shop.Shop.Location())
	return v, nil
}

// printer writes the words of faults.
func (a *API) printer(ctx context.Context, want string) *locale.Printer {
	v, err := a.visit(ctx, languageIn{want})
	if err != nil {
		v, _ = a.visit(ctx, languageIn{}) // cannot fail: no language is asked for
	}
	return v.p
}

// text is what the merchant wrote, in the visit's language.
func (v visit) text(t locale.Text) string { return t.In(v.lang, v.fallback) }

// some is a price that may be missing; 0 is none.
func some(m money.Minor, currency string) *kit.Money {
	if m == 0 {
		return nil
	}
	p := kit.Price(m, currency)
	return &p
}

// owner says whose cart a request is about.
func owner(ctx context.Context) cart.Owner {
	if me := policy.Of(ctx); me.Kind == policy.Customer {
		return cart.Owner{CustomerID: me.ID, Token: asked(ctx).cart}
	}
	return cart.Owner{Token: asked(ctx).cart}
}

// actor is who the change log names.
func actor(ctx context.Context) audit.Actor {
	switch me := policy.Of(ctx); me.Kind {
	case policy.Staff:
		return audit.Staff(me.ID)
	case policy.Token:
		return audit.Actor{Kind: audit.KindKey, ID: me.ID}
	case policy.Customer:
		return audit.Customer(me.ID)
	}
	return audit.Guest("")
}

func network(ctx context.Context) string {
	if ip := web.ClientIP(ctx); ip.IsValid() {
		return watch.Network(ip)
	}
	return ""
}

// params writes a fault's parameters, given as pairs, the way problem
// documents do.
func params(pairs []any) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		value := pairs[i+1]
		if m, is := value.(money.Money); is {
			value = kit.Price(m.Amount, m.Currency)
		}
		raw, err := json.Marshal(value)
		if ok && err == nil {
			out[name] = raw
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// say writes a reason in words.
func (v visit) say(reason string, pairs []any) string {
	f := (&fault.Error{}).At("", reason, pairs...)
	return v.p.Field(f.Fields[0])
}
