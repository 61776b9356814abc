package api_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	stoamoney "github.com/stoashop/stoa/kit/money"
)

func money(n int64) stoamoney.Minor { return stoamoney.Minor(n) }

func TestCatalogue_asTheStorefrontFindsIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		all := h.call("products.list", nil, "?facets=true&utm_source=mail").want(200).is("total", 2, "next_cursor", nil)
		if all.size("facets") < 3 {
			t.Errorf("facets: %s", all.body)
		}
		first := h.call("products.list", nil, "?limit=1&sort=price").want(200).is("total", 2, "items.0.name", "Mug", "items.0.price", eur(1250), "items.0.variant_id", h.mug.Variants[0].ID)
		h.call("products.list", nil, "?limit=1&sort=price&cursor="+first.text("next_cursor")).want(200).
			is("items.0.name", "Kettle", "items.0.price", eur(4900), "items.0.price_max", eur(5900), "items.0.variants", 2, "next_cursor", nil)
		for query, total := range map[string]int{
			"?q=kettle":                   1,
			"?q=K-RED":                    1,
			"?q=wasserkocher&language=de": 1,
			"?q=nothing":                  0,
			"?filter=option:colour:blue":  1,
			"?filter=field:material:clay": 1,
			"?filter=brand:Acme&filter=brand:Clay+%26+Co":   2,
			"?filter=brand:Acme&filter=field:material:clay": 0,
			"?filter=colour:blue":                           0,
			"?range=price:1000..2000":                       1,
			"?range=price:4900..":                           1,
			"?range=price:..1000":                           0,
			"?category=" + h.kettle.CategoryID:              1,
		} {
			if got := h.call("products.list", nil, query).want(200); got.number("total") != int64(total) {
				t.Errorf("%s finds %d, want %d", query, got.number("total"), total)
			}
		}
		h.call("products.list", nil, "?q=K-RED").is("items.0.matched_variant_id", h.kettle.Variants[1].ID)
		for query, status := range map[string]int{
			"?filter=brand": 422, "?filter=:x": 422, "?filter=option:colour": 422, "?filter=status:draft": 422, "?range=price:1..2&range=price:3..4": 422,
			"?range=price": 422, "?range=price:..": 422, "?range=price:1.5..2": 422, "?range=price:1e3..": 422, "?range=price:99999999999999999999..": 422,
			"?sort=cost": 422, "?limit=0": 422, "?limit=101": 422, "?limit=x": 422, "?cursor=%2500": 400, "?cursor=e30": 400, "?q=a&q=b": 400, "?language=fr": 422,
			"?category=cat_nothing": 404, "?collection=col_nothing": 404, "?q=" + strings.Repeat("x", 201): 422, "?q=%ff": 422,
		} {
			h.call("products.list", nil, query).want(status)
		}

		kettle := h.call("products.get", nil, "product=kettle").want(200).is(
			"id", h.kettle.ID, "name", "Kettle", "brand", "Acme", "breadcrumbs.0.name", "Kitchen",
			"attributes.0.code", "material", "attributes.0.value", "steel", "attributes.0.text", "Steel", "attributes.1", nil,
			"options.0.code", "colour", "options.0.values.0.colour", "#0000ff",
			"variants.0.sku", "K-BLUE", "variants.0.options", object{"colour": "blue"}, "variants.0.price", eur(4900), "variants.0.availability", object{"state": "in_stock"},
			"variants.0.attributes", []any{object{"code": "capacity", "name": "Capacity", "kind": "number", "value": "1.7", "unit": "l", "text": "1.7\u00a0l"}},
		)
		if kettle.header.Get("Cache-Control") != "no-cache" || !strings.Contains(kettle.header.Get("Vary"), "Accept-Language") {
			t.Errorf("%v", kettle.header)
		}
		h.call("products.get", nil, "product=wasserkocher", "accept:de-AT").want(200).is("id", h.kettle.ID, "slug", "wasserkocher", "attributes.0.text", "Stahl")
		h.call("products.get", nil, "product=kettle", "?language=de").want(200).is("slug", "wasserkocher")
		h.call("products.get", nil, "product="+h.kettle.ID).want(200).is("slug", "kettle")
		h.call("products.get", nil, "product=mug").want(200).is("related.0.id", h.kettle.ID)
		for _, missing := range []string{"nothing", "prd_00000000000000000000000000", "..%2f..", "'; --", strings.Repeat("x", 190)} {
			h.call("products.get", nil, "product="+missing).want(404)
		}
		h.call("search.suggest", nil, "?q=ket").want(200).is("products.0.id", h.kettle.ID, "categories", []any{})
		h.call("search.suggest", nil, "?q=kit").want(200).is("categories.0.name", "Kitchen")
		h.call("search.suggest", nil).want(422).field("q", "form.required")
		h.call("categories.list", nil, "?language=de").want(200).is("items.0.name", "Küche", "items.0.slug", "kueche", "items.1", nil)
		h.call("collections.list", nil).want(200).is("items.0.code", "gifts")
	})
}

// TestT11_publicAnswersTellNothingInternal gives the shop things that shoppers
// must not learn, and looks for them in everything that is public.
func TestT11_publicAnswersTellNothingInternal(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, cart := h.fill(h.kettle.Variants[0].ID, 2)
		order := h.place(token, cart)
		number := h.call("orders.get", nil, "token="+order).want(200).text("number")
		h.call("staff.orders.note", object{"note": "smells of trouble"}, "number="+number, "bearer:"+h.owner).want(201)
		for _, a := range []*answer{
			h.call("products.list", nil, "?facets=true"), h.call("products.get", nil, "product=kettle"), h.call("search.suggest", nil, "?q=k"),
			h.call("categories.list", nil), h.call("collections.list", nil), cart, h.call("orders.get", nil, "token="+order),
		} {
			a.want(200)
			for _, hidden := range []string{"Secret Ltd", "supplier", "Aisle 9", "Cellar", "smells of trouble", "37", "35", "on_hand", "sellable", "version_", "key_id", "crt_", "stf_", "Mira"} {
				if strings.Contains(strings.ReplaceAll(a.body, h.kettle.ID, ""), hidden) && !randomly(a.body, hidden) {
					t.Errorf("%s tells %q: %s", a.op, hidden, a.body)
				}
			}
		}
	})
}

// randomly reports whether a short number stands only inside of ids and
// tokens.
func randomly(body, number string) bool {
	if len(number) > 2 {
		return false
	}
	for _, end := range []string{",", "}", "]"} {
		if strings.Contains(body, ":"+number+end) {
			return false
		}
	}
	return true
}

func TestCart_isMadeByTheFirstAddAndPricedAtEveryLook(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		blue := h.kettle.Variants[0].ID
		h.call("cart.get", nil).want(200).is("version", 0, "lines", []any{}, "total", eur(0), "cart_token", nil)
		added := h.call("cart.add", object{"variant_id": blue, "quantity": 2}, "?language=de").want(201).is(
			"lines.0.name", "Wasserkocher", "lines.0.options", "Blau", "lines.0.quantity", 2, "lines.0.unit_price", eur(4900), "units", 2,
			"subtotal", eur(9800), "shipping.price", eur(490), "total", eur(10290), "destination.assumed", true, "taxes.0.rate", 190000,
		)
		token := added.text("cart_token")
		if len(token) != 43 {
			t.Fatalf("no token: %s", added.body)
		}
		h.call("cart.get", nil, "cart:"+token).want(200).is("version", added.number("version"), "total", eur(10290))
		again := h.call("cart.add", object{"variant_id": blue, "quantity": 1}, "cart:"+token).want(201).is("cart_token", nil, "units", 3)
		line := again.text("lines.0.id")
		h.call("cart.add", object{"variant_id": h.mug.Variants[0].ID, "quantity": 1}, "cart:"+token).want(201).is("units", 4)
		h.call("cart.set", object{"quantity": 1}, "line="+line, "cart:"+token).want(200).is("units", 2, "subtotal", eur(6150))
		h.call("cart.remove", nil, "line="+line, "cart:"+token).want(200).is("units", 1, "subtotal", eur(1250))
		h.call("cart.remove", nil, "line="+line, "cart:"+token).want(404, "cart.unknown_line")
		seen := h.call("cart.details", berlin(), "cart:"+token).want(200).is(
			"destination.country", "DE", "destination.assumed", false, "details.email", "ada@example.com", "shipping_options.0.chosen", true,
			"shipping_options.0.earliest", "2026-11-26", "payment_methods.1.code", "manual.cash_on_delivery", "payment_methods.1.chosen", true, "payment_methods.1.name", "Cash on delivery",
		)
		h.call("cart.get", nil, "cart:"+token).want(200).is("version", seen.number("version"), "total", eur(1740), "details.note", "Ring twice.")

		// A price that moves is told, and does not hold the order up by itself.
		p := h.call("staff.products.get", nil, "id="+h.mug.ID, "bearer:"+h.owner).want(200)
		body := p.tree.(object)
		body["variants"].([]any)[0].(object)["prices"].([]any)[0].(object)["amount"] = eur(1300)
		h.call("staff.products.save", body, "id="+h.mug.ID, "bearer:"+h.owner).want(200)
		h.call("cart.get", nil, "cart:"+token).want(200).is(
			"total", eur(1790), "problems.0.reason", "cart.price_changed", "problems.0.detail", "The price changed from €12.50 to €13.00.",
			"problems.0.params", object{"old": eur(1250), "new": eur(1300)}, "problems.0.blocks", false,
		)
	})
}

func TestCart_refusesWhatIsNoQuantity(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		mug := h.mug.Variants[0].ID
		token, cart := h.fill(mug, 1)
		line, version := cart.text("lines.0.id"), cart.number("version")
		h.unchanged(func() {
			for body, status := range map[string]int{
				`{"variant_id":"` + mug + `","quantity":-1}`:                                           422,
				`{"variant_id":"` + mug + `","quantity":0}`:                                            422,
				`{"variant_id":"` + mug + `","quantity":1.5}`:                                          422,
				`{"variant_id":"` + mug + `","quantity":1e0}`:                                          422,
				`{"variant_id":"` + mug + `","quantity":"1"}`:                                          422,
				`{"variant_id":"` + mug + `","quantity":9223372036854775807}`:                          422,
				`{"variant_id":"` + mug + `","quantity":9223372036854775808}`:                          422,
				`{"variant_id":"` + mug + `","quantity":-9223372036854775809}`:                         422,
				`{"variant_id":"` + mug + `","quantity":1e400}`:                                        400,
				`{"variant_id":"` + mug + `","quantity":NaN}`:                                          400,
				`{"variant_id":"` + mug + `","quantity":null}`:                                         422,
				`{"variant_id":"` + mug + `"}`:                                                         422,
				`{"variant_id":"` + mug + `","quantity":1,"quantity":2}`:                               400,
				`{"variant_id":"` + mug + `","Quantity":1}`:                                            400,
				`{"variant_id":"` + mug + `","quantity":1,"price":1}`:                                  400,
				`{"variant_id":"` + mug + `","quantity":1,"unit_price":{"amount":1,"currency":"EUR"}}`: 400,
				`{"variant_id":"` + mug + `","quantity":1}{}`:                                          400,
				`{"variant_id":["` + mug + `"],"quantity":1}`:                                          422,
				"\ufeff" + `{"variant_id":"` + mug + `","quantity":1}`:                                 400,
				`{"variant_id":"` + mug + "\xff" + `","quantity":1}`:                                   400,
				`[1]`:                       422,
				strings.Repeat("[", 10_000): 400,
				`{"variant_id":"var_00000000000000000000000000","quantity":1}`: 404,
				`{"variant_id":"' OR 1=1 --","quantity":1}`:                    404,
				`{"variant_id":"` + mug + `","quantity":1000}`:                 422,
			} {
				h.call("cart.add", body, "cart:"+token).want(status)
			}
			for body, status := range map[string]int{`{"quantity":-1}`: 422, `{"quantity":0.5}`: 422, `{}`: 422, `{"quantity":1,"line":"x"}`: 400} {
				h.call("cart.set", body, "line="+line, "cart:"+token).want(status)
			}
			h.call("cart.set", object{"quantity": 2}, "line=cln_00000000000000000000000000", "cart:"+token).want(404)
			h.call("cart.details", object{"customer_id": "cus_1"}, "cart:"+token).want(400).field("customer_id", "form.unknown")
		}, "cart", "cart_line")
		h.call("cart.get", nil, "cart:"+token).want(200).is("version", version, "units", 1, "total", eur(1740))
		// How many there are is not told by asking for too many: the cart takes
		// them, and the order is refused at the line without a number. The
		// request's id is random and may hold any two digits.
		h.call("cart.set", object{"quantity": 60}, "line="+line, "cart:"+token).want(200).is("problems", []any{})
		cart = h.call("cart.add", object{"variant_id": mug, "quantity": 2}, "cart:"+token).want(201).is("units", 62, "problems", []any{})
		h.unchanged(func() {
			a := h.call("orders.place", h.placement(cart), "cart:"+token).want(409, "inventory.short").field("lines."+line, "inventory.not_enough")
			if told := strings.ReplaceAll(a.body, a.text("instance"), ""); strings.Contains(told, "37") {
				t.Errorf("%s", told)
			}
		}, "orders", "reservation")
		h.place(token, h.call("cart.set", object{"quantity": 37}, "line="+line, "cart:"+token).want(200))
		h.call("cart.add", object{"variant_id": mug, "quantity": 1}).want(409, "cart.not_enough").field("quantity", "inventory.sold_out")
	})
}

// TestCart_tellsWhatWillNotDoOfTheDetails: they are kept as they are, and each
// that will not do is told at its input, before the order is placed.
func TestCart_tellsWhatWillNotDoOfTheDetails(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, cart := h.fill(h.mug.Variants[0].ID, 1)
		cart.is("problems", []any{})
		h.call("cart.details", object{"email": "ada@example.com"}, "cart:"+token).want(200).is("problems", []any{}) // nothing wrong so far
		told := func(a *answer) map[string]string {
			list := make(map[string]string)
			for i := range a.want(200).size("problems") {
				at := fmt.Sprintf("problems.%d.", i)
				list[a.text(at+"field")] = a.text(at + "reason")
				a.is(at+"blocks", true, at+"line_id", nil)
				if a.text(at+"detail") == "" {
					t.Errorf("%s says nothing", at)
				}
			}
			return list
		}
		nonsense := object{
			"email": "nope", "same_billing": false, "payment_method": "nope", "shipping_method": "shm_x",
			"shipping": object{"name": "Ada Lovelace", "line1": "Torstraße 1", "city": "Berlin", "postcode": "1", "country": "DE"},
			"billing":  object{"name": "Ada Lovelace", "country": "ZZ"},
		}
		want := map[string]string{
			"email": "form.not_an_email", "payment_method": "checkout.choose_payment", "shipping_method": "shipping.method_unavailable",
			"shipping.postcode": "address.postcode", "billing.country": "form.not_a_choice",
		}
		if got := told(h.call("cart.details", nonsense, "cart:"+token)); !maps.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if got := told(h.call("cart.get", nil, "cart:"+token)); !maps.Equal(got, want) {
			t.Errorf("told later %v, want %v", got, want)
		}
		refused := h.call("orders.place", h.placement(h.call("cart.get", nil, "cart:"+token)), "cart:"+token).want(422)
		for field, reason := range want {
			refused.field(field, reason)
		}
		nonsense["shipping"] = object{"name": "Ada", "country": "ZZ"}
		if got := told(h.call("cart.details", nonsense, "cart:"+token)); got["shipping.country"] == "" {
			t.Errorf("a country that is none: %v", got)
		}
		h.call("cart.details", berlin(), "cart:"+token).want(200).is("problems", []any{})
	})
}

// TestT66_anothersCartAnswersLikeNone holds the answers to a stranger's token,
// a token of an account's cart, and a random one against each other.
func TestT66_anothersCartAnswersLikeNone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		mine, cart := h.fill(h.mug.Variants[0].ID, 1)
		line := cart.text("lines.0.id")
		owned, _ := h.fill(h.mug.Variants[0].ID, 2)
		signed := h.call("account.create", object{"name": "Ada", "email": "ada@example.com", "password": secret, "cart_token": owned}).want(202)
		random := strings.Repeat("x", 43)
		var bodies []string
		for _, token := range []string{owned, random, "null", "undefined", "0", "' OR 1=1 --", strings.Repeat("y", 5000)} {
			a := h.call("cart.get", nil, "cart:"+token).want(200)
			bodies = append(bodies, a.body)
			h.call("cart.set", object{"quantity": 9}, "line="+line, "cart:"+token).want(404, "cart.not_found")
			h.call("cart.remove", nil, "line="+line, "cart:"+token).want(404, "cart.not_found")
			h.call("cart.details", berlin(), "cart:"+token).want(404, "cart.not_found")
			h.call("orders.place", h.placement(cart), "cart:"+token).want(404, "cart.not_found")
		}
		for _, b := range bodies {
			if b != bodies[0] {
				t.Errorf("%s\ndiffers from\n%s", b, bodies[0])
			}
		}
		// Another's line under one's own cart is as unknown as a random one.
		other, _ := h.fill(h.mug.Variants[0].ID, 1)
		h.call("cart.set", object{"quantity": 9}, "line="+line, "cart:"+other).want(404, "cart.unknown_line")
		h.call("cart.get", nil, "cart:"+mine).want(200).is("units", 1)
		h.call("cart.get", nil, "bearer:"+signed.text("token")).want(200).is("units", 2)
		h.call("cart.get", nil, "bearer:"+random).want(401)
	})
}

// TestInput_noCardNumbers: a card number reaches no text that shoppers send,
// and none of their passwords is taken for one.
func TestInput_noCardNumbers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, _ := h.fill(h.mug.Variants[0].ID, 1)
		card := "4242 4242 4242 4242"
		h.unchanged(func() {
			h.call("cart.details", merge(berlin(), "note", "Card "+card), "cart:"+token).want(422).field("note", "payment.card_number_here")
			h.call("products.list", nil, "?q="+strings.ReplaceAll(card, " ", "+")).want(422).field("q", "payment.card_number_here")
		}, "cart", "orders")
		h.call("account.session.create", object{"email": "nobody@example.com", "password": card}).want(422, "customer.wrong_sign_in")
		h.call("cart.details", merge(berlin(), "note", "Ring twice."), "cart:"+token).want(200)
	})
}
