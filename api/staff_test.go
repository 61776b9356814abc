package api_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/db"
)

func TestProducts_areKeptWhole(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		me := "bearer:" + h.owner
		list := h.shop.Market.Current(t.Context()).Default().PriceListID
		body := object{
			"status": "draft", "brand": "Acme", "name": object{"en": "Teapot", "de": "Teekanne"}, "description": object{"en": "Pours.\n\n*Well.*"},
			"fields":   []object{{"code": "material", "value": "clay"}, {"code": "supplier", "text": object{"en": "Clay Ltd", "de": "Ton GmbH"}}},
			"options":  []object{{"code": "size", "name": object{"en": "Size"}, "values": []object{{"code": "s", "name": object{"en": "Small"}}, {"code": "l", "name": object{"en": "Large"}}}}},
			"variants": []object{{"sku": "T-S", "values": []string{"s"}, "tracked": true, "prices": []object{{"price_list": list, "amount": eur(2000), "compare_at": eur(2500)}}}, {"sku": "T-L", "values": []string{"l"}, "fields": []object{{"code": "capacity", "value": "1.5"}}}},
		}
		made := h.call("staff.products.create", body, me, "key:teapot").want(201).is(
			"status", "draft", "slugs", object{"en": "teapot", "de": "teekanne"}, "variants.0.prices.0.amount", eur(2000), "variants.1.fields.0", object{"code": "capacity", "value": "1.5", "text": object{}},
			"fields.1", object{"code": "supplier", "value": "", "text": object{"de": "Ton GmbH", "en": "Clay Ltd"}},
		)
		id := made.text("id")
		if made.header.Get("Location") != "/api/v1/staff/products/"+id {
			t.Errorf("made at %q", made.header.Get("Location"))
		}
		h.call("staff.products.create", body, me, "key:teapot").want(201).is("id", id)
		h.call("products.get", nil, "product=teapot").want(404, "catalog.product_not_found")
		h.call("products.get", nil, "product="+id).want(404)
		h.call("staff.products.list", nil, "?status=draft", me).want(200).is("total", 1, "items.0.id", id, "items.0.price", eur(2000))
		h.call("staff.products.list", nil, "?q=T-L", me).want(200).is("items.0.id", id)

		// What was read can be sent back, and changes nothing.
		got := h.call("staff.products.get", nil, "id="+id, me).want(200)
		h.call("staff.products.save", got.tree, "id="+id, me).want(200).is("version", got.number("version"))
		tree := got.tree.(object)
		tree["brand"], tree["end_at"] = "Other", "2026-11-24T10:00:00Z"
		h.call("staff.products.save", tree, "id="+id, me).want(200).is("brand", "Other", "end_at", "2026-11-24T10:00:00Z", "variants.0.id", got.text("variants.0.id"))
		h.call("staff.products.save", tree, "id="+id, me).want(409, "catalog.version_conflict")

		h.call("staff.products.status", object{"status": "active"}, "id="+id, me).want(200).is("status", "active")
		h.call("products.get", nil, "product=teapot").want(200).is("id", id, "variants.0.compare_at", eur(2500), "variants.1.price", nil, "variants.1.availability.state", "unavailable")
		h.call("staff.products.status", object{"status": "scheduled", "publish_at": "2026-11-25T09:00:00Z"}, "id="+id, me).want(200).is("end_at", nil)
		h.call("products.get", nil, "product="+id).want(404)

		h.unchanged(func() {
			for name, tt := range map[string]struct {
				change object
				status int
				field  string
			}{
				"negative price":   {object{"variants": []object{{"values": []string{"s"}, "prices": []object{{"price_list": list, "amount": eur(-1)}}}}}, 422, "variants.0.prices.0.amount.amount"},
				"other currency":   {object{"variants": []object{{"values": []string{"s"}, "prices": []object{{"price_list": list, "amount": object{"amount": 1, "currency": "JPY"}}}}}}, 422, "variants.0.prices.0.amount.currency"},
				"fraction":         {object{"variants": []object{{"values": []string{"s"}, "prices": []object{{"price_list": list, "amount": object{"amount": 1.5, "currency": "EUR"}}}}}}, 422, "variants.0.prices.0.amount.amount"},
				"unknown list":     {object{"variants": []object{{"values": []string{"s"}, "prices": []object{{"price_list": "plist_x", "amount": eur(1)}}}}}, 422, "variants.0.prices.0.price_list"},
				"unknown field":    {object{"fields": []object{{"code": "nothing", "value": "x"}}}, 422, "fields.0.code"},
				"field twice":      {object{"fields": []object{{"code": "material", "value": "clay"}, {"code": "material", "value": "steel"}}}, 422, "fields.1.code"},
				"no such choice":   {object{"fields": []object{{"code": "material", "value": "gold"}}}, 422, "fields.0.value"},
				"text of a choice": {object{"fields": []object{{"code": "material", "text": object{"en": "clay"}}}}, 422, "fields.0.text"},
				"sku of another":   {object{"variants": []object{{"sku": "k-red", "values": []string{"s"}}}}, 422, "variants.0.sku"},
				"no variants":      {object{"variants": []object{}}, 422, "variants"},
				"odd status":       {object{"status": "deleted"}, 422, "status"},
				"another's id":     {object{"id": h.mug.ID}, 422, "id"},
				"unknown member":   {object{"cost": 5}, 400, "cost"},
				"case of a member": {object{"Brand": "x"}, 400, "Brand"},
				"unknown category": {object{"category": "cat_x"}, 422, "categories.0"},
				"huge weight":      {object{"variants": []object{{"values": []string{"s"}, "weight_grams": 1 << 40}}}, 422, "variants.0.weight_grams"},
			} {
				changed := merge(body, "variants", []object{{"sku": "", "values": []string{"s"}}})
				for k, v := range tt.change {
					changed[k] = v
				}
				a := h.call("staff.products.create", changed, me)
				if a.status != tt.status || !strings.Contains(a.body, `"field":"`+tt.field+`"`) {
					t.Errorf("%s: %d %.400s", name, a.status, a.body)
				}
			}
			for _, missing := range []string{"prd_00000000000000000000000000", "x", "' OR 1=1"} {
				h.call("staff.products.get", nil, "id="+missing, me).want(404)
				h.call("staff.products.save", body, "id="+missing, me).want(404)
				h.call("staff.products.status", object{"status": "active"}, "id="+missing, me).want(404)
			}
		}, "product", "variant", "price")
	})
}

func TestStock_isCorrectedByADifference(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		me, mug := "bearer:"+h.owner, h.mug.Variants[0].ID
		h.call("staff.locations.list", nil, me).want(200).is("items.0.id", h.location, "items.0.code", "ham")
		h.call("staff.stock.list", nil, "?variant="+mug+"&variant="+mug+"&variant=var_x&variant="+h.kettle.Variants[0].ID, me).want(200).is("items.0.variant_id", mug, "items.0.sellable", 37, "items.1.sku", "K-BLUE", "items.2", nil)
		h.call("staff.stock.list", nil, me).want(422).field("variant", "form.required")
		h.call("staff.stock.adjust", object{"location_id": h.location, "change": -7, "reason": "damaged", "note": "Fell."}, "variant="+mug, me).want(201).is("sellable", 30, "levels.0.on_hand", 30)
		h.unchanged(func() {
			for _, tt := range []struct {
				variant string
				body    any
				status  int
				field   string
			}{
				{mug, object{"location_id": h.location, "change": -31, "reason": "lost"}, 409, "change"},
				{mug, object{"location_id": h.location, "change": 0, "reason": "lost"}, 422, "change"},
				{mug, object{"location_id": h.location, "change": 1.5, "reason": "lost"}, 422, "change"},
				{mug, object{"location_id": h.location, "change": 1 << 40, "reason": "lost"}, 422, "change"},
				{mug, object{"location_id": h.location, "change": 1, "reason": "theft"}, 422, "reason"},
				{mug, object{"location_id": h.location, "change": 1}, 422, "reason"},
				{mug, object{"location_id": "loc_x", "change": 1, "reason": "lost"}, 422, "location_id"},
				{mug, object{"location_id": h.location, "change": 1, "reason": "lost", "on_hand": 5}, 400, "on_hand"},
				{"var_00000000000000000000000000", object{"location_id": h.location, "change": 1, "reason": "lost"}, 404, ""},
			} {
				if a := h.call("staff.stock.adjust", tt.body, "variant="+tt.variant, me).want(tt.status); tt.field != "" && a.text("errors.0.field") != tt.field {
					t.Errorf("%v: %s", tt.body, a.body)
				}
			}
		}, "stock_movement", "stock_level")
		h.call("staff.stock.policy", object{"safety": 5, "backorder_limit": 0}, "variant="+mug, "location="+h.location, me).want(200).is("sellable", 25, "levels.0.safety", 5)
		h.call("staff.stock.policy", object{"safety": 5, "backorder_limit": 0}, "variant="+mug, "location=loc_x", me).want(404)
		h.call("staff.stock.policy", object{"safety": -5, "backorder_limit": 0}, "variant="+mug, "location="+h.location, me).want(422)
		first := h.call("staff.stock.movements", nil, "?limit=1", "variant="+mug, me).want(200).is("items.0.on_hand_change", -7, "items.0.note", "Damaged: Fell.", "items.0.cause", "adjustment", "items.0.actor.name", "Mira")
		h.call("staff.stock.movements", nil, "?limit=1&cursor="+first.text("next_cursor"), "variant="+mug, me).want(200).is("items.0.on_hand_change", 37, "items.0.cause", "opening", "next_cursor", nil)
		h.call("staff.stock.get", nil, "variant=x", me).want(404)
	})
}

// TestT67_whoMayNotChangesNothing sends every change, well formed and on
// things that exist, as somebody who may only look.
func TestT67_whoMayNotChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, cart := h.fill(h.mug.Variants[0].ID, 1)
		h.place(token, cart)
		h.call("staff.orders.paid", nil, "number=1001", "bearer:"+h.owner).want(201)
		o := h.call("staff.orders.get", nil, "number=1001", "bearer:"+h.owner).want(200)
		whole := h.call("staff.products.get", nil, "id="+h.mug.ID, "bearer:"+h.owner).want(200).tree.(object)
		reader, shopper := "bearer:"+h.staff(policy.RoleReadOnly), "bearer:"+h.call("account.create", object{"name": "Eve", "email": "eve@example.com", "password": secret}).text("token")
		v, line := o.number("version"), o.text("lines.0.id")
		fresh := merge(whole, "id", "", "variants", []object{{"sku": "new"}}, "slugs", object{})
		h.unchanged(func() {
			for _, tt := range []struct {
				op   string
				body any
				path []string
			}{
				{"staff.products.create", fresh, nil},
				{"staff.products.save", merge(whole, "brand", "Hacked"), []string{"id=" + h.mug.ID}},
				{"staff.products.status", object{"status": "archived"}, []string{"id=" + h.mug.ID}},
				{"staff.stock.adjust", object{"location_id": h.location, "change": 9, "reason": "lost"}, []string{"variant=" + h.mug.Variants[0].ID}},
				{"staff.stock.policy", object{"safety": 9, "backorder_limit": 9}, []string{"variant=" + h.mug.Variants[0].ID, "location=" + h.location}},
				{"staff.orders.ship", object{"version": v}, []string{"number=1001"}},
				{"staff.orders.cancel", object{"version": v, "refund": true}, []string{"number=1001"}},
				{"staff.orders.refund", object{"version": v, "lines": []object{{"line_id": line, "quantity": 1}}}, []string{"number=1001"}},
				{"staff.orders.refunds.preview", object{"shipping": eur(1)}, []string{"number=1001"}},
				{"staff.orders.paid", nil, []string{"number=1001"}},
				{"staff.orders.note", object{"note": "x"}, []string{"number=1001"}},
				{"staff.orders.delivered", nil, []string{"number=1001", "shipment=shp_x"}},
			} {
				h.call(tt.op, tt.body, append(tt.path, reader)...).want(403, "staff.role_lacks")
				h.call(tt.op, tt.body, append(tt.path, shopper)...).want(403, "fault.forbidden")
				h.call(tt.op, tt.body, tt.path...).want(401, "request.sign_in_needed")
				// A refusal comes before any look-up: what is not there is refused alike.
				if len(tt.path) > 0 {
					h.call(tt.op, tt.body, "number=9999", "id=prd_x", "variant=var_x", "location=loc_x", "shipment=shp_x", reader).want(403, "staff.role_lacks")
				}
			}
		}, "product", "stock_movement", "shipment", "refund", "order_note", "payment_entry", "change_log WHERE action <> 'access.refused'", "request_key")
		h.call("staff.orders.get", nil, "number=1001", "bearer:"+h.owner).want(200).is("version", v, "fulfilment", "unfulfilled")
		h.call("staff.orders.get", nil, "number=1001", reader).want(200)
		h.call("products.get", nil, "product=mug").is("brand", "Clay & Co")
	})
}

// TestSignIn_isThrottledAndTellsNothing tries passwords through this door.
func TestSignIn_isThrottledAndTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		wrong := h.call("staff.sessions.create", object{"email": "mira@example.com", "password": "not the password"}).want(422, "staff.wrong_sign_in")
		unknown := h.call("staff.sessions.create", object{"email": "nobody@example.com", "password": "not the password"}).want(422, "staff.wrong_sign_in")
		if strings.ReplaceAll(wrong.body, wrong.text("instance"), "") != strings.ReplaceAll(unknown.body, unknown.text("instance"), "") {
			t.Errorf("%s\n%s", wrong.body, unknown.body)
		}
		throttled := false
		for range 60 {
			a := h.call("staff.sessions.create", object{"email": "mira@example.com", "password": "not the password"})
			if throttled = a.status == 429; throttled {
				if a.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
				break
			}
		}
		if !throttled {
			t.Error("60 tries and no end")
		}
		h.call("staff.sessions.create", object{"email": "mira@example.com", "password": "x", "role": "owner"}).want(400)
	})
}

// TestDocument_everyOperationIsWalked keeps the tests from forgetting one: each
// operation must be called by name somewhere above.
func TestDocument_everyOperationIsWalked(t *testing.T) {
	h := open(t, db.SQLite, new(bank))
	var sources string
	for _, file := range []string{"shopper_test.go", "order_test.go", "staff_test.go", "help_test.go", "access_test.go", "fields_test.go"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources += string(raw)
	}
	for name, o := range h.ops {
		if !strings.Contains(sources, `h.call("`+name+`"`) && !strings.Contains(sources, `same("`+name+`"`) && !strings.Contains(sources, `h.read("`+name+`"`) {
			t.Errorf("no test calls %s", name)
		}
		if o.op.Summary == "" || !strings.HasSuffix(o.op.Summary, ".") || len(o.op.Tags) != 1 {
			t.Errorf("%s is not described: %q %v", name, o.op.Summary, o.op.Tags)
		}
		once := slices.ContainsFunc(o.op.Parameters, func(p *parameter) bool { return p.Value.Name == "Idempotency-Key" })
		free := []string{"account.create", "account.verify", "account.session.create", "account.reset", "account.reset.request", "staff.sessions.create", "orders.payment.check", "staff.orders.refunds.preview"}
		if o.method == "POST" && once == slices.Contains(free, name) {
			t.Errorf("%s: a key is asked for: %v", name, once)
		}
	}
}
