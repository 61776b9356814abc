package api_test

import (
	"context"
	"html"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
)

// TestFlow_fromTheShelfToTheRefund goes the whole way once: browse, cart,
// order in cash on delivery, and what staff do with it.
func TestFlow_fromTheShelfToTheRefund(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		blue := h.call("products.get", nil, "product=kettle").want(200).text("variants.0.id")
		token, cart := h.fill(blue, 3)

		h.call("orders.place", object{"expected_total": eur(1), "cart_version": cart.number("version"), "terms_accepted": true}, "cart:"+token).
			want(409, "checkout.price_changed").is("params", object{"old": eur(1), "new": eur(15190)})
		h.call("orders.place", object{"expected_total": eur(15190), "cart_version": 1, "terms_accepted": true}, "cart:"+token).want(409, "checkout.cart_changed")
		h.call("orders.place", object{"expected_total": eur(15190), "cart_version": cart.number("version")}, "cart:"+token).want(422).field("terms_accepted", "checkout.accept_terms")
		token2 := h.call("cart.add", object{"variant_id": blue, "quantity": 1}).want(201).text("cart_token")
		bare := h.call("cart.get", nil, "cart:"+token2)
		h.call("orders.place", h.placement(bare), "cart:"+token2).want(422).
			field("email", "form.not_an_email").field("shipping.name", "form.required").field("shipping.country", "form.required").field("payment_method", "checkout.choose_payment")

		order := h.place(token, h.call("cart.get", nil, "cart:"+token))
		h.call("cart.get", nil, "cart:"+token).want(200).is("version", 0, "lines", []any{}, "details.email", "")
		seen := h.call("orders.get", nil, "token="+order, "accept:de").want(200).is(
			"number", "1001", "state", "placed", "payment", "pending", "fulfilment", "unfulfilled", "total", eur(15190), "tax", eur(2425), "lines.0.quantity", 3, "lines.0.name", "Kettle",
			"email", "a•••@e•••.com", "shipping_address.name", "A••• L•••", "shipping_address.line1", "•••", "masked", true, "pay.due", eur(15190), "pay.method", "Nachnahme",
		)
		if strings.Contains(seen.body, "Ring twice.") || strings.Contains(seen.body, "Torstra") {
			t.Errorf("the masked order tells more: %s", seen.body)
		}
		h.call("orders.payment.check", nil, "token="+order).want(200).is("payment", "pending")
		page := h.send(httptest.NewRequest("GET", base+"/en/orders/"+order, nil)).Body.String()
		for _, same := range []string{seen.text("number"), seen.text("shipping_address.name"), seen.text("shipping_address.postcode"), "€151.90"} {
			if !strings.Contains(page, html.EscapeString(same)) && !strings.Contains(page, same) {
				t.Errorf("the order's page does not say %q as the API does", same)
			}
		}

		session := h.call("staff.sessions.create", object{"email": "mira@example.com", "password": secret}).want(201).is("name", "Mira", "role", "owner")
		if session.header.Get("Cache-Control") != "no-store" {
			t.Errorf("a token may be cached: %v", session.header)
		}
		me := "bearer:" + session.text("token")
		h.call("staff.session.get", nil, me).want(200).is("token", nil, "name", "Mira")
		h.call("staff.orders.list", nil, "?to_ship=true", me).want(200).is("items.0.number", "1001", "items.0.email", "ada@example.com", "items.0.units", 3)
		h.call("staff.orders.list", nil, "?payment=paid", me).want(200).is("items", []any{})
		at := []string{"number=1001", me}
		o := h.call("staff.orders.get", nil, at...).want(200).is(
			"note", "Ring twice.", "shipping_address.line1", "Torstraße 1", "lines.0.sku", "K-BLUE", "lines.0.open", 3, "payment_method", "manual.cash_on_delivery", "due", eur(15190),
			"payment_attempts.0.status", "pending",
		)
		line, version := o.text("lines.0.id"), o.number("version")

		h.call("staff.orders.ship", object{"version": version, "lines": []object{{"line_id": line, "quantity": 4}}}, at...).want(409, "order.too_many_units")
		h.call("staff.orders.ship", object{"version": version, "lines": []object{{"line_id": line, "quantity": 9223372036854775807}}}, at...).want(409).field("lines."+line, "order.only_open")
		h.call("staff.orders.ship", object{"version": version, "location_id": "loc_nowhere"}, at...).want(422).field("location", "form.not_a_choice")
		o = h.call("staff.orders.ship", object{"version": version, "carrier": "dhl", "tracking_number": "00340434161094042557", "lines": []object{{"line_id": line, "quantity": 2}}}, at...).
			want(201).is("fulfilment", "partly_shipped", "lines.0.shipped", 2, "lines.0.open", 1, "shipments.0.carrier", "dhl", "shipments.0.location_id", h.location)
		if !strings.HasPrefix(o.text("shipments.0.tracking_url"), "https://") {
			t.Errorf("no tracking page: %s", o.body)
		}
		h.call("staff.orders.ship", object{"version": version}, at...).want(409, "version.changed").is("params.version", o.number("version"))
		h.call("staff.orders.delivered", nil, append(at, "shipment="+o.text("shipments.0.id"))...).want(200)
		h.call("staff.orders.delivered", nil, append(at, "shipment=shp_00000000000000000000000000")...).want(404, "order.not_found")

		h.call("staff.orders.refund", object{"version": o.number("version"), "lines": []object{{"line_id": line, "quantity": 1, "units": "shipped"}}}, at...).want(409)
		h.call("staff.orders.paid", object{"amount": eur(0)}, at...).want(422)
		h.call("staff.orders.paid", object{"amount": object{"amount": 100, "currency": "USD"}}, at...).want(422).field("amount.currency", "form.not_a_choice")
		o = h.call("staff.orders.paid", nil, at...).want(201).is("payment", "paid", "captured", eur(15190), "due", eur(0), "refundable", eur(15190))

		ask := object{"lines": []object{{"line_id": line, "quantity": 1, "units": "open"}}, "shipping": eur(100)}
		h.call("staff.orders.refunds.preview", object{"lines": []object{{"line_id": line, "quantity": 1}}}, at...).want(422).field("lines."+line, "order.which_units")
		h.call("staff.orders.refunds.preview", object{"lines": []object{{"line_id": line, "quantity": 1, "units": "lost"}}}, at...).want(422).field("lines.0.units", "form.not_a_choice")
		h.call("staff.orders.refunds.preview", ask, at...).want(200).is("amount", eur(5000), "tax", eur(798), "lines.0.amount", eur(4900))
		h.call("staff.orders.refunds.preview", object{"lines": []object{{"line_id": line, "quantity": 99999999999999}}}, at...).want(422).field("lines."+line, "pricing.refund_quantity")
		h.call("staff.orders.refunds.preview", object{"shipping": eur(491)}, at...).want(422).field("shipping", "pricing.refund_amount")
		h.call("staff.orders.refunds.preview", object{"shipping": eur(-1)}, at...).want(422).field("shipping.amount", "form.too_small")
		h.call("staff.orders.refunds.preview", object{}, at...).want(422, "order.nothing_to_refund")
		now := object{"version": o.number("version"), "reason": "scratched", "lines": ask["lines"], "shipping": eur(100)}
		h.call("staff.orders.refund", merge(now, "expected_amount", eur(4900)), at...).want(409, "api.amount_changed").is("params.amount", eur(5000))
		o = h.call("staff.orders.refund", merge(now, "expected_amount", eur(5000)), at...).want(201).is(
			"refunds.0.state", "done", "refunds.0.amount", eur(5000), "refunds.0.reason", "scratched", "refunded", eur(5000), "payment", "partly_refunded",
		)
		o.is("lines.0.open", 0, "lines.0.cancelled", 1, "lines.0.returned", 0, "refunds.0.lines.0.cancelled", 1)
		h.call("staff.orders.cancel", object{"version": o.number("version")}, at...).want(409, "order.nothing_open")

		h.call("staff.orders.note", object{"note": "Called,\nwas happy."}, at...).want(201).is("note", "Called,\nwas happy.", "actor.name", "Mira")
		h.call("staff.orders.note", object{"note": " "}, at...).want(422).field("note", "form.required")
		o = h.call("staff.orders.get", nil, at...).want(200).is("notes.0.note", "Called,\nwas happy.", "notes.0.actor.name", "Mira")
		var story []string
		for _, e := range o.get("timeline").([]any) {
			story = append(story, e.(object)["action"].(string))
		}
		if first, last := slices.Index(story, "order.placed"), slices.Index(story, "order.refunded"); first < 0 || last < first {
			t.Errorf("the timeline tells %v", story)
		}
		h.call("orders.get", nil, "token="+order).want(200).is("payment", "partly_refunded", "refunds.0.amount", eur(5000), "shipments.0.tracking_number", "00340434161094042557", "refunded", eur(5000))

		// A second order is cancelled whole, with the money that had come.
		token, cart = h.fill(h.mug.Variants[0].ID, 1)
		h.place(token, cart)
		h.call("staff.orders.paid", nil, "number=1002", me).want(201)
		o = h.call("staff.orders.get", nil, "number=1002", me)
		h.call("staff.orders.cancel", object{"version": o.number("version"), "reason": "no glaze", "refund": true}, "number=1002", me).want(201).
			is("state", "cancelled", "payment", "refunded", "refunded", eur(1740), "cancel_reason", "no glaze", "refunds.0.shipping", eur(490))

		first := h.call("staff.orders.list", nil, "?limit=1", me).want(200).is("items.0.number", "1002")
		h.call("staff.orders.list", nil, "?limit=1&cursor="+first.text("next_cursor"), me).want(200).is("items.0.number", "1001", "next_cursor", nil)
		h.call("staff.orders.list", nil, "?number=%231001", me).want(200).is("items.0.number", "1001", "items.1", nil)
		h.call("staff.orders.list", nil, "?email=ADA@example.com&state=cancelled", me).want(200).is("items.0.number", "1002", "items.1", nil)
		h.call("staff.orders.list", nil, "?placed_before=2026-11-24T00:00:00Z", me).want(200).is("items", []any{})
		for _, missing := range []string{"1", "999999", "x", "-1", "1001%20OR%201=1", "0x3e9"} {
			h.call("staff.orders.get", nil, "number="+missing, me).want(404, "order.not_found")
		}
		h.call("staff.session.end", nil, me).want(204)
		h.call("staff.session.get", nil, me).want(401)
	})
}

func merge(o object, pairs ...any) object {
	out := make(object, len(o)+1)
	for k, v := range o {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// bank is a payment provider whose answers a test scripts.
type bank struct {
	sync.Mutex
	facts  map[string]payment.Facts
	answer func(r payment.Request) payment.Outcome
	asked  int
}

func (b *bank) Info() payment.Info {
	return payment.Info{ID: "probe", Name: "probe", Methods: []payment.Method{{ID: "card", Name: "card"}}}
}

func (b *bank) Test(payment.Settings) bool { return true }

func (b *bank) Authorize(_ context.Context, _ payment.Settings, r payment.Request) (payment.Outcome, error) {
	b.Lock()
	defer b.Unlock()
	b.asked++
	return b.answer(r), nil
}

func (b *bank) open(r payment.Request) payment.Facts {
	f := payment.Facts{Reference: "ref_" + r.AttemptID, AttemptID: r.AttemptID, Account: "probe", Amount: r.Amount.Amount, Currency: r.Amount.Currency}
	b.facts[r.AttemptID] = f
	return f
}

// pay lets everything that is open be paid.
func (b *bank) pay() {
	b.Lock()
	defer b.Unlock()
	for id, f := range b.facts {
		f.Authorised, f.Captured, f.Closed = f.Amount, f.Amount, true
		b.facts[id] = f
	}
}

func (b *bank) Fetch(_ context.Context, _ payment.Settings, q payment.Query) (payment.Facts, error) {
	b.Lock()
	defer b.Unlock()
	if f, ok := b.facts[q.AttemptID]; ok {
		return f, nil
	}
	return payment.Facts{}, fault.New(fault.NotFound, "payment.unknown_reference")
}

func (b *bank) Cancel(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	return c.Attempt.Facts.Cancel()
}

func TestPlace_declinedThenContinued(t *testing.T) {
	eachWith(t, func(t *testing.T, h *house, b *bank) {
		token, _ := h.fill(h.mug.Variants[0].ID, 1)
		cart := h.call("cart.details", merge(berlin(), "payment_method", "probe.card"), "cart:"+token).want(200)
		b.answer = func(r payment.Request) payment.Outcome {
			return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonFunds, Facts: payment.Facts{AttemptID: r.AttemptID, Amount: r.Amount.Amount, Currency: r.Amount.Currency, Closed: true}}
		}
		h.call("orders.place", merge(h.placement(cart), "payment_token", "4242 4242 4242 4242"), "cart:"+token).want(422)
		if b.asked != 0 {
			t.Error("a card number came to the provider")
		}
		refused := h.call("orders.place", h.placement(cart), "cart:"+token).want(201).is("state", "draft", "declined", "insufficient_funds", "continue_url", nil)
		order := refused.text("order_token")
		h.call("orders.get", nil, "token="+order).want(200).is("number", "", "pay.declined", "insufficient_funds", "payment", "failed")

		b.answer = func(r payment.Request) payment.Outcome {
			return payment.Outcome{Status: payment.Continue, Reference: "ref_" + r.AttemptID, ContinueURL: "https://bank.example/3ds", Facts: b.open(r)}
		}
		cart = h.call("cart.get", nil, "cart:"+token)
		h.call("orders.place", h.placement(cart), "cart:"+token).want(201).is("state", "draft", "order_token", order, "continue_url", "https://bank.example/3ds", "declined", nil)
		h.call("orders.get", nil, "token="+order).want(200).is("pay.continue_url", "https://bank.example/3ds")
		h.call("orders.payment.check", nil, "token="+order).want(200).is("state", "draft")
		b.pay()
		h.call("orders.payment.check", nil, "token="+order).want(200).is("state", "placed", "number", "1001", "payment", "paid", "pay.due", eur(0))
		if b.asked != 2 {
			t.Errorf("the provider was asked %d times, want 2", b.asked)
		}
	})
}

// TestB14_aRepeatIsCarriedOutOnce is the rule, for a cart, an order, a refund
// and stock.
func TestB14_aRepeatIsCarriedOutOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		mug := h.mug.Variants[0].ID
		add := object{"variant_id": mug, "quantity": 1}
		h.unchanged(func() {
			h.call("cart.add", add, "key:").want(400, "idempotency_key_required")
			h.call("cart.add", add, "key:"+strings.Repeat("k", 256)).want(400, "idempotency_key_invalid")
			h.call("cart.add", add, "key:two words").want(400, "idempotency_key_invalid")
		}, "cart")
		first := h.call("cart.add", add, "key:one").want(201)
		if first.header.Get("Idempotency-Replayed") != "" {
			t.Error("the first answer calls itself a repeat")
		}
		again := h.call("cart.add", add, "key:one").want(201)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || h.count("cart") != 1 {
			t.Errorf("%d carts; %s\nthen %s", h.count("cart"), first.body, again.body)
		}
		h.call("cart.add", merge(add, "quantity", 2), "key:one").want(422, "idempotency_key_reused")
		token := first.text("cart_token")
		// Under another's token the same key is another key.
		h.call("cart.add", add, "key:one", "cart:"+token).want(201).is("units", 2, "cart_token", nil)
		h.call("cart.add", add, "key:one", "cart:"+token).want(201).is("units", 2)

		// And nobody is given another's answer.
		other := h.call("cart.add", add).want(201).text("cart_token")
		mine := h.call("cart.add", add, "key:one", "cart:"+other).want(201).is("units", 2)
		if mine.header.Get("Idempotency-Replayed") != "" || mine.text("lines.0.id") == first.text("lines.0.id") {
			t.Errorf("one cart was answered with another's lines: %s", mine.body)
		}

		h.call("cart.details", berlin(), "cart:"+token)
		cart := h.call("cart.get", nil, "cart:"+token)
		bodies := make([]string, 8)
		together(8, func(i int) {
			a := h.call("orders.place", h.placement(cart), "cart:"+token, "key:place")
			if a.status == 409 && a.text("reason") == "idempotency_in_flight" {
				return
			}
			bodies[i] = a.want(201).body
		})
		bodies = slices.DeleteFunc(bodies, func(s string) bool { return s == "" })
		if len(slices.Compact(bodies)) != 1 || h.count("orders") != 1 {
			t.Errorf("%d orders, answers %q", h.count("orders"), bodies)
		}
		// A cart becomes one order whatever the key (T6).
		h.call("orders.place", h.placement(cart), "cart:"+token).want(201).is("order_token", h.call("orders.place", h.placement(cart), "cart:"+token, "key:place").text("order_token"))
		if h.count("orders") != 1 {
			t.Errorf("%d orders", h.count("orders"))
		}

		me, at := "bearer:"+h.owner, "number=1001"
		h.call("staff.orders.paid", nil, at, me, "key:paid").want(201)
		h.call("staff.orders.paid", nil, at, me, "key:paid").want(201)
		o := h.call("staff.orders.get", nil, at, me)
		refund := object{"version": o.number("version"), "lines": []object{{"line_id": o.text("lines.0.id"), "quantity": 1}}}
		h.call("staff.orders.refund", refund, at, me, "key:r").want(201)
		h.call("staff.orders.refund", refund, at, me, "key:r").want(201).is("refunds.1", nil, "refunded", eur(1250))
		// With a fresh key, as after a crash, the version keeps it from happening again.
		h.call("staff.orders.refund", refund, at, me).want(409, "version.changed")
		if h.count("refund") != 1 {
			t.Errorf("%d refunds", h.count("refund"))
		}

		adjust := object{"location_id": h.location, "change": -5, "reason": "damaged"}
		h.call("staff.stock.adjust", adjust, "variant="+mug, me, "key:s").want(201).is("levels.0.on_hand", 32)
		h.call("staff.stock.adjust", adjust, "variant="+mug, me, "key:s").want(201).is("levels.0.on_hand", 32)
		h.call("staff.stock.get", nil, "variant="+mug, me).want(200).is("levels.0.on_hand", 32)
	})
}

// TestT62_anothersOrderAnswersLikeNone compares, for everything that names an
// order, the answer to somebody else with the answer for one that never was.
func TestT62_anothersOrderAnswersLikeNone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		sign := func(name string) string {
			return "bearer:" + h.call("account.create", object{"name": name, "email": name + "@example.com", "password": secret}).want(202).text("token")
		}
		ada, bob := sign("ada"), sign("bob")
		h.call("cart.add", object{"variant_id": h.mug.Variants[0].ID, "quantity": 1}, ada).want(201).is("cart_token", nil)
		cart := h.call("cart.details", berlin(), ada).want(200)
		order := h.call("orders.place", h.placement(cart), ada).want(201).text("order_token")

		own := h.call("account.orders.get", nil, "number=1001", ada).want(200).is("masked", false, "shipping_address.line1", "Torstraße 1", "email", "ada@example.com")
		h.call("account.orders.list", nil, ada).want(200).is("items.0.number", "1001")
		h.call("account.orders.list", nil, bob).want(200).is("items", []any{})
		h.call("orders.get", nil, "token="+order, ada).want(200).is("masked", false)
		h.call("orders.get", nil, "token="+order, bob).want(200).is("masked", true)
		same := func(name string, body any, theirs, random []string) {
			t.Helper()
			a, b := h.call(name, body, theirs...), h.call(name, body, random...)
			strip := func(x *answer) string { return strings.ReplaceAll(x.body, x.text("instance"), "") }
			if a.status != b.status || a.status < 400 || strip(a) != strip(b) {
				t.Errorf("%s: %d %s\nrandom: %d %s", name, a.status, a.body, b.status, b.body)
			}
		}
		same("account.orders.get", nil, []string{"number=1001", bob}, []string{"number=4711", bob})
		same("account.orders.get", nil, []string{"number=1001"}, []string{"number=4711"})
		for _, token := range []string{"null", "undefined", "0", "[]", own.text("number"), strings.Repeat("a", 43), strings.Repeat("a", 44)} {
			same("orders.get", nil, []string{"token=" + token, bob}, []string{"token=" + strings.Repeat("z", 43), bob})
			same("orders.payment.check", nil, []string{"token=" + token}, []string{"token=" + strings.Repeat("z", 43)})
		}

		adr := h.call("account.addresses.create", object{"address": berlin()["shipping"]}, ada).want(201).is("default_shipping", true, "address.name", "Ada Lovelace")
		id := adr.text("id")
		h.call("account.addresses.create", object{"address": object{"name": "Ada"}}, ada).want(422)
		put := object{"address": merge(berlin()["shipping"].(object), "line1", "Ring 2")}
		same("account.addresses.save", put, []string{"id=" + id, bob}, []string{"id=adr_00000000000000000000000000", bob})
		same("account.addresses.delete", nil, []string{"id=" + id, bob}, []string{"id=adr_00000000000000000000000000", bob})
		h.call("account.addresses.list", nil, bob).want(200).is("items", []any{})
		h.call("account.addresses.list", nil, ada).want(200).is("items.0.address.line1", "Torstraße 1")
		h.call("account.addresses.save", put, "id="+id, ada).want(200).is("address.line1", "Ring 2")
		h.call("account.addresses.delete", nil, "id="+id, ada).want(204)
	})
}

func TestAccount_fromSignUpToSignOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		who := object{"name": "Ada", "email": "ada@example.com", "password": secret}
		h.call("account.create", merge(who, "email", "nobody"), "accept:de").want(422).is("title", "Bitte prüfen Sie die markierten Felder.").field("email", "form.not_an_email")
		h.call("account.create", merge(who, "role", "owner")).want(400).field("role", "form.unknown")
		h.call("account.create", merge(who, "id", "cus_1", "verified", true)).want(400)
		h.call("account.create", who).want(202)
		// The second sign-up is answered alike, but for the session.
		h.call("account.create", merge(who, "password", "another good sentence")).want(202).is("token", nil)
		h.call("account.session.create", merge(object{"email": "ada@example.com"}, "password", "another good sentence")).want(422, "customer.wrong_sign_in")

		guest, _ := h.fill(h.mug.Variants[0].ID, 2)
		in := h.call("account.session.create", object{"email": "Ada@Example.com", "password": secret, "cart_token": guest}).want(201).is("notices", []any{})
		if in.header.Get("Cache-Control") != "no-store" {
			t.Errorf("a token may be cached: %v", in.header)
		}
		me := "bearer:" + in.text("token")
		h.call("cart.get", nil, me).want(200).is("units", 2)
		h.call("cart.get", nil, "cart:"+guest).want(200).is("units", 0)
		a := h.call("account.get", nil, me).want(200).is("email", "ada@example.com", "name", "Ada", "language", "en")
		h.call("account.save", object{"name": "Ada L.", "phone": "", "language": "de", "version": a.number("version")}, me).want(200).is("name", "Ada L.", "language", "de")
		h.call("account.save", object{"name": "Ada", "language": "de", "version": a.number("version")}, me).want(409, "version.changed")
		h.call("account.password", object{"old": "wrong wrong wrong", "password": "a third good sentence"}, me).want(422)
		h.call("account.password", object{"old": secret, "password": "a third good sentence"}, me).want(204)
		h.call("account.reset.request", object{"email": "ada@example.com"}).want(204)
		h.call("account.reset.request", object{"email": "nobody@example.com"}).want(204)
		h.call("account.reset", object{"token": strings.Repeat("x", 43), "password": secret}).want(404, "customer.link_spent")
		h.call("account.verify", object{"token": strings.Repeat("x", 43), "password": secret}).want(404, "customer.link_spent")
		h.call("account.session.end", nil, me).want(204)
		h.call("account.get", nil, me).want(401)
		h.call("cart.get", nil, me).want(401)
		again := "bearer:" + h.call("account.session.create", object{"email": "ada@example.com", "password": "a third good sentence"}).want(201).text("token")
		h.call("account.sessions.end", nil, again).want(204)
		h.call("account.get", nil, again).want(401)
		h.call("staff.orders.list", nil, "bearer:"+strings.Repeat("x", 43)).want(401)
	})
}
