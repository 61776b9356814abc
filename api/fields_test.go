package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// fields defines one field of each owner that staff write through the API.
func (h *house) fields() {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx *db.Tx) error {
		for _, owner := range []custom.Owner{custom.Category, custom.Customer, custom.Order} {
			for _, f := range []custom.Field{
				{Owner: owner, Code: "remark", Kind: custom.Text, Name: locale.Text{"en": "Remark"}},
				{Owner: owner, Code: "score", Kind: custom.Number, Decimals: 1, Name: locale.Text{"en": "Score"}},
				{Owner: owner, Code: "finish", Kind: custom.Choice, Name: locale.Text{"en": "Finish"}, Choices: []custom.Option{{Code: "matt", Name: locale.Text{"en": "Matt"}}}},
				{Owner: owner, Code: "since", Kind: custom.Date, Name: locale.Text{"en": "Since"}},
				{Owner: owner, Code: "gift", Kind: custom.Truth, Name: locale.Text{"en": "Gift"}},
				{Owner: owner, Code: "paint", Kind: custom.Colour, Name: locale.Text{"en": "Paint"}},
			} {
				if _, err := h.shop.Fields.Create(ctx, tx, audit.System("test"), f); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TestFields_ofCategoriesCustomersAndOrders are read and written by staff and
// by programs with the scope, and by nobody who has read another version.
func TestFields_ofCategoriesCustomersAndOrders(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.fields()
		h.call("account.create", object{"name": "Ada", "email": "ada@example.com", "password": secret}).want(202)
		token, cart := h.fill(h.mug.Variants[0].ID, 1)
		h.place(token, cart)
		me := "bearer:" + h.owner
		program := "bearer:" + h.call("staff.tokens.create", object{"name": "Sync", "scopes": []string{"catalog.read", "catalog.write", "customer.read", "customer.write", "order.read", "order.write"}}, me).want(201).text("key")
		reader := "bearer:" + h.call("staff.tokens.create", object{"name": "Reader", "scopes": []string{"catalog.read", "customer.read", "order.read"}}, me).want(201).text("key")

		kitchen := h.call("staff.categories.list", nil, reader).want(200).is("items.0.name", object{"en": "Kitchen", "de": "Küche"}, "items.1.hidden", true, "items.0.fields", []any{}).text("items.0.id")
		ada := h.call("staff.customers.list", nil, reader).want(200).is("items.0.email", "ada@example.com", "items.0.name", "Ada", "items.0.fields", []any{}).text("items.0.id")
		h.call("staff.customers.list", nil, "?email=Ada@example.com", reader).want(200).is("items.0.id", ada)
		h.call("staff.customers.list", nil, "?email=nobody@example.com", reader).want(200).is("items", []any{})
		h.call("staff.customers.list", nil, "?cursor=x", reader).want(422).field("cursor", "request.bad_cursor")

		for _, tt := range []struct {
			name, at, none string
			read           func(who ...string) *answer
			write          func(body any, who ...string) *answer
		}{
			{
				"category", "id=" + kitchen, "id=cat_00000000000000000000000000",
				func(who ...string) *answer { return h.call("staff.categories.get", nil, who...) },
				func(body any, who ...string) *answer { return h.call("staff.categories.fields", body, who...) },
			},
			{
				"customer", "id=" + ada, "id=cus_00000000000000000000000000",
				func(who ...string) *answer { return h.call("staff.customers.get", nil, who...) },
				func(body any, who ...string) *answer { return h.call("staff.customers.fields", body, who...) },
			},
			{
				"order", "number=1001", "number=9999",
				func(who ...string) *answer { return h.call("staff.orders.get", nil, who...) },
				func(body any, who ...string) *answer { return h.call("staff.orders.fields", body, who...) },
			},
		} {
			at, read, write := tt.at, tt.read, tt.write
			got := read(at, reader).want(200).is("fields", []any{})
			version := got.number("version")
			body := object{"version": version, "fields": []object{{"code": "score", "value": "7"}, {"code": "remark", "text": object{"en": "Good"}}}}
			filled := []object{{"code": "remark", "value": "", "text": object{"en": "Good"}}, {"code": "score", "value": "7", "text": object{}}}

			write(body, at, reader).want(403)
			write(body, at).want(401)
			write(merge(body, "version", version+1), at, me).want(409)
			write(object{"fields": body["fields"]}, at, me, fmt.Sprintf("match:\"%d\"", version+1)).want(412)
			write(object{"fields": body["fields"]}, at, me).want(409)
			write(merge(body, "fields", []object{{"code": "nothing", "value": "x"}}), at, me).want(422).field("fields.0.code", "custom.unknown_field")
			var unfit []object
			for _, v := range [][2]string{{"score", "many"}, {"finish", "gold"}, {"since", "2026-13-01"}, {"gift", "maybe"}, {"paint", "sky"}} {
				unfit = append(unfit, object{"code": v[0], "value": v[1]})
			}
			refused := write(merge(body, "fields", unfit), at, me).want(422)
			for i, reason := range []string{"custom.not_a_number", "custom.unknown_choice", "form.not_a_date", "custom.not_a_truth", "custom.not_a_colour"} {
				refused.field(fmt.Sprintf("fields.%d.value", i), reason)
			}
			write(merge(body, "fields", []object{{"code": "score", "value": "1.25"}}), at, me).want(422).field("fields.0.value", "custom.too_many_decimals").is("errors.0.detail", "Use at most 1 decimals.")
			write(merge(body, "name", "x"), at, me).want(400)
			read(at, me).want(200).is("fields", []any{}, "version", version)

			wrote := write(body, at, program).want(200).is("fields", filled, "version", version+1)
			if wrote.header.Get("ETag") != fmt.Sprintf("\"%d\"", version+1) {
				t.Errorf("%s: ETag %s", tt.name, wrote.header.Get("ETag"))
			}
			write(body, at, program).want(409)
			read(at, reader).want(200).is("fields", filled)
			write(object{"fields": []object{}}, at, me, fmt.Sprintf("match:\"%d\"", version+1)).want(200).is("fields", []any{}, "version", version+2)
			other, _, _ := strings.Cut(at, "=")
			for _, missing := range []string{tt.none, other + "=x", other + "=' OR 1=1"} {
				read(missing, me).want(404)
				write(body, missing, me).want(404)
			}
		}
		// What else a category is has stayed.
		h.call("staff.categories.get", nil, "id="+kitchen, me).want(200).is("name", object{"en": "Kitchen", "de": "Küche"}, "slugs", object{"en": "kitchen", "de": "kueche"})
	})
}

// TestProducts_canBePricedFromScratch: what a product must name of the shop can
// be found out with the scope that reads products.
func TestProducts_canBePricedFromScratch(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.fields()
		key := "bearer:" + h.call("staff.tokens.create", object{"name": "Sync", "scopes": []string{"catalog.read", "catalog.write"}}, "bearer:"+h.owner).want(201).text("key")
		list := h.call("staff.price_lists.list", nil, key).want(200).is("items.0.currency", "EUR", "items.0.default", true, "items.1", nil).text("items.0.id")
		class := h.call("staff.tax_classes.list", nil, key).want(200).is("items.0.code", "standard").text("items.0.id")
		made := h.call("staff.products.create", object{
			"status": "active", "name": object{"en": "Bowl"}, "tax_class": class,
			"variants": []object{{"sku": "BOWL", "status": "active", "prices": []object{{"price_list": list, "amount": eur(1900)}}}},
		}, key).want(201)
		made.is("tax_class", class, "variants.0.prices.0.amount", eur(1900))
		h.call("staff.fields.list", nil, "?owner=category", key).want(200).is(
			"items.0.code", "finish", "items.0.kind", "choice", "items.0.choices", []object{{"code": "matt", "name": object{"en": "Matt"}}},
			"items.3.code", "remark", "items.3.choices", []any{}, "items.4.code", "score", "items.4.decimals", 1, "items.6", nil,
		)
		if n := h.call("staff.fields.list", nil, key).want(200).size("items"); n < 15 {
			t.Errorf("%d definitions of all owners", n)
		}
		h.call("staff.fields.list", nil, "?owner=shop", key).want(422).field("owner", "form.not_a_choice")
		h.call("staff.price_lists.list", nil).want(401)
	})
}

// TestOrders_programsAreNamed: a note of a program's is not one of staff who
// have left.
func TestOrders_programsAreNamed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, cart := h.fill(h.mug.Variants[0].ID, 1)
		h.place(token, cart)
		me := "bearer:" + h.owner
		made := h.call("staff.tokens.create", object{"name": "Till <3>", "scopes": []string{"order.read", "order.write"}}, me).want(201)
		id, program := made.text("id"), "bearer:"+made.text("key")
		want := object{"kind": "key", "id": id, "name": "Till <3>"}
		h.call("staff.orders.note", object{"note": "Printed."}, "number=1001", program).want(201).is("actor", want)
		h.call("staff.tokens.revoke", nil, "id="+id, me).want(200)
		o := h.call("staff.orders.get", nil, "number=1001", me).want(200).is("notes.0.actor", want)
		last := fmt.Sprintf("timeline.%d.", o.size("timeline")-1)
		o.is(last+"action", "order.noted", last+"actor", want)

		r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/admin/orders/1001", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "stoa_staff-8080", Value: h.owner})
		page := h.send(r).Body.String()
		if !strings.Contains(page, "Till &lt;3&gt; · ") || !strings.Contains(page, "Printed.") || strings.Contains(page, "Former staff") {
			t.Errorf("the timeline does not name the program:\n%s", page)
		}
	})
}

// TestOrders_quietParcel: a program may keep the customer from being told of a
// parcel.
func TestOrders_quietParcel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, cart := h.fill(h.mug.Variants[0].ID, 2)
		h.place(token, cart)
		me := "bearer:" + h.owner
		o := h.call("staff.orders.get", nil, "number=1001", me)
		send := func(version int64, quiet bool) int64 {
			body := object{"version": version, "quiet": quiet, "lines": []object{{"line_id": o.text("lines.0.id"), "quantity": 1}}}
			return h.call("staff.orders.ship", body, "number=1001", me).want(201).number("version")
		}
		next := send(o.number("version"), true)
		send(next, false)
		o = h.call("staff.orders.get", nil, "number=1001", me).want(200)
		var quiet []any
		for i := range o.size("timeline") {
			at := fmt.Sprintf("timeline.%d.", i)
			if o.text(at+"action") == "order.shipped" {
				quiet = append(quiet, o.get(at+"data.quiet"))
			}
		}
		if fmt.Sprint(quiet) != "[true false]" {
			t.Errorf("the parcels were sent quietly: %v", quiet)
		}
	})
}

// TestProducts_statusOfTheVersionThatWasRead refuses to put on sale what
// somebody else has changed meanwhile.
func TestProducts_statusOfTheVersionThatWasRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		me, at := "bearer:"+h.owner, "id="+h.mug.ID
		v := h.call("staff.products.get", nil, at, me).want(200).number("version")
		match := func(n int64) string { return fmt.Sprintf("match:\"%d\"", n) }
		draft := object{"status": "draft"}
		h.call("staff.products.status", draft, at, me, match(v+7)).want(412)
		h.call("staff.products.status", draft, at, me, match(v+1)).want(412)
		h.call("staff.products.status", merge(draft, "version", v+1), at, me).want(409, "catalog.version_conflict")
		h.call("staff.products.status", draft, at, me, "match:mug").want(400)
		h.call("staff.products.get", nil, at, me).want(200).is("version", v, "status", "active")
		h.call("staff.products.status", draft, at, me, match(v)).want(200).is("version", v+1, "status", "draft")
		h.call("staff.products.status", merge(draft, "status", "active", "version", v+1), at, me).want(200).is("version", v+2, "status", "active")
		h.call("staff.products.status", draft, at, me).want(200).is("status", "draft")
	})
}

// TestB14_aRepeatAfterARestart: the shop remembers across its own end, so that
// a program that lost its connection to it may ask again when it is back.
func TestB14_aRepeatAfterARestart(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			h := open(t, engine, new(bank))
			me := "bearer:" + h.owner
			add := object{"variant_id": h.mug.Variants[0].ID, "quantity": 2}
			cart := h.call("cart.add", add, "key:cart").want(201)
			token := cart.text("cart_token")
			details := h.call("cart.details", berlin(), "cart:"+token).want(200)
			order := h.call("orders.place", h.placement(details), "cart:"+token, "key:order").want(201)
			o := h.call("staff.orders.get", nil, "number=1001", me)
			ship := object{"version": o.number("version"), "lines": []object{{"line_id": o.text("lines.0.id"), "quantity": 1}}}
			sent := h.call("staff.orders.ship", ship, "number=1001", me, "key:ship").want(201)
			adjust := object{"location_id": h.location, "change": -5, "reason": "damaged"}
			stock := h.call("staff.stock.adjust", adjust, "variant="+h.mug.Variants[0].ID, me, "key:stock").want(201)

			h.restart()
			h.unchanged(func() {
				for name, again := range map[string]struct{ first, now *answer }{
					"cart":  {cart, h.call("cart.add", add, "key:cart").want(201)},
					"order": {order, h.call("orders.place", h.placement(details), "cart:"+token, "key:order").want(201)},
					"ship":  {sent, h.call("staff.orders.ship", ship, "number=1001", me, "key:ship").want(201)},
					"stock": {stock, h.call("staff.stock.adjust", adjust, "variant="+h.mug.Variants[0].ID, me, "key:stock").want(201)},
				} {
					if again.now.body != again.first.body || again.now.header.Get("Idempotency-Replayed") != "true" {
						t.Errorf("%s: %s\nthen %s", name, again.first.body, again.now.body)
					}
				}
				h.call("cart.add", merge(add, "quantity", 3), "key:cart").want(422, "idempotency_key_reused")
			}, "cart", "cart_line", "orders", "shipment", "stock_movement", "request_key")
			h.call("staff.stock.get", nil, "variant="+h.mug.Variants[0].ID, me).want(200).is("levels.0.on_hand", 31)
		})
	}
}

// restart closes the shop and opens it again on the same data.
func (h *house) restart() {
	h.t.Helper()
	if err := h.shop.Close(); err != nil {
		h.t.Fatal(err)
	}
	shop, err := stoa.New(h.t.Context(), h.settings, stoa.Clock(h.clock), stoa.Payment(h.bank), stoa.Log(slog.New(slog.NewTextHandler(testLog{h.t}, &slog.HandlerOptions{Level: slog.LevelError}))))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = shop.Close() })
	h.serve(shop)
}
