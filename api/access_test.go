package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/api"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
)

// TestT72_aTokenDoesWhatItSaysAndNoMore goes the whole way of a program's key.
func TestT72_aTokenDoesWhatItSaysAndNoMore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := "bearer:" + h.owner
		body := object{"name": "Till", "scopes": []string{"order.read", "order.write", "stock.read"}, "expires_at": h.clock.Now().Add(24 * time.Hour)}
		made := h.call("staff.tokens.create", body, boss, "key:one").want(201)
		key, id := made.text("key"), made.text("id")
		if made.header.Get("Location") != api.Base+"/staff/tokens/"+id {
			t.Errorf("Location %q", made.header.Get("Location"))
		}
		if again := h.call("staff.tokens.create", body, boss, "key:one").want(201); again.body != made.body || h.count("api_token") != 1 {
			t.Errorf("a repeat makes another: %s", again.body)
		}
		token := "bearer:" + key

		h.call("staff.stock.get", nil, "variant="+h.mug.Variants[0].ID, token).want(200)
		h.call("staff.tokens.get", nil, "id="+id, boss).want(200).is("name", "Till", "hint", key[len(key)-4:], "scopes", []string{"stock.read", "order.read", "order.write"})
		if list := h.call("staff.tokens.list", nil, boss).want(200); list.size("items") != 1 || strings.Contains(list.body, key) || list.text("items.0.last_used_at") == "" {
			t.Errorf("%s", list.body)
		}
		cart, seen := h.fill(h.mug.Variants[0].ID, 1)
		h.place(cart, seen)
		note := h.call("staff.orders.note", object{"note": "Printed."}, "number=1001", token).want(201)
		note.is("actor.kind", "key", "actor.id", id, "actor.name", "Till")
		if o := h.call("staff.orders.get", nil, "number=1001", token).want(200); !strings.Contains(o.body, "Printed.") {
			t.Errorf("%s", o.body)
		}
		h.unchanged(func() {
			adjust := object{"location_id": h.location, "change": 9, "reason": "lost"}
			h.call("staff.stock.adjust", adjust, "variant="+h.mug.Variants[0].ID, token).want(403, "staff.scope_missing").is("detail", "This token lacks the scope stock.write. Use one that has it.", "params.scope", "stock.write")
			h.call("staff.products.create", object{}, token).want(403, "staff.scope_missing").is("params.scope", "catalog.write")
			// A token makes no token, signs nobody out, and is no shopper.
			h.call("staff.tokens.create", body, token).want(403, "staff.not_for_tokens")
			h.call("staff.tokens.list", nil, token).want(403, "staff.not_for_tokens")
			h.call("staff.session.get", nil, token).want(403, "staff.not_for_tokens")
			h.call("account.get", nil, token).want(403, "staff.not_for_tokens")
			h.call("staff.stock.get", nil, "variant="+h.mug.Variants[0].ID, "bearer:"+key[:len(key)-1]).want(401, "request.sign_in_needed")
			// Neither the office nor the shop takes it for a session.
			r := httptest.NewRequest("GET", base+"/admin", nil)
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Cookie", "stoa_staff-8080="+key+"; stoa_session-8080="+key)
			r.Header.Set("Accept", "application/json")
			if w := h.send(r); w.Code != 401 {
				t.Errorf("the office answers a token with %d", w.Code)
			}
		}, "stock_movement", "product", "api_token", "session")

		for _, tt := range []struct {
			body   object
			path   string
			reason string
		}{
			{object{"scopes": []string{"order.read"}}, "name", "form.required"},
			{object{"name": "x"}, "scopes", "form.required"},
			{object{"name": "x", "scopes": []string{}}, "scopes", "form.required"},
			{object{"name": "x", "scopes": []string{"staff.write"}}, "scopes.0", "form.not_a_choice"},
			{object{"name": "x", "scopes": []string{"order.read"}, "expires_at": h.clock.Now()}, "expires_at", "staff.token_expiry_past"},
		} {
			h.unchanged(func() { h.call("staff.tokens.create", tt.body, boss).want(422).field(tt.path, tt.reason) }, "api_token", "change_log")
		}
		manager := "bearer:" + h.staff(policy.RoleManager)
		h.call("staff.tokens.create", body, manager).want(403)

		h.call("staff.tokens.revoke", nil, "id="+id, manager).want(403)
		h.call("staff.tokens.revoke", nil, "id="+id, boss).want(200)
		h.call("staff.stock.get", nil, "variant="+h.mug.Variants[0].ID, token).want(401)
		h.call("staff.tokens.revoke", nil, "id="+id, boss).want(200)
		h.call("staff.tokens.revoke", nil, "id=tok_00000000000000000000000000", boss).want(404, "staff.token_not_found")
		h.call("staff.tokens.get", nil, "id=x", boss).want(404, "staff.token_not_found")
	})
}

// TestScopes_areTheRightsOfTheTable holds what tokens can be given against
// what the operations for tokens ask.
func TestScopes_areTheRightsOfTheTable(t *testing.T) {
	h := open(t, "sqlite", new(bank))
	door, err := h.shop.API()
	if err != nil {
		t.Fatal(err)
	}
	asked := make(map[policy.Permission]bool)
	for _, r := range door.Routes() {
		if r.Who&policy.Token != 0 {
			asked[r.Permission] = true
			if !staff.Scopes().Has(r.Permission) {
				t.Errorf("%s is for tokens and no token can have %s", r.Name, r.Permission)
			}
		}
	}
	enum := h.ops["staff.tokens.create"].op.RequestBody.Value.Content["application/json"].Schema.Value.Properties["scopes"].Value.Items.Value.Enum
	for _, p := range staff.Scopes() {
		if !asked[p] {
			t.Errorf("no operation asks for the scope %s", p)
		}
		if !slices.Contains(enum, any(string(p))) {
			t.Errorf("the document does not offer the scope %s", p)
		}
	}
	if len(enum) != len(staff.Scopes()) {
		t.Errorf("the document offers %v", enum)
	}
}

// TestRefusals_areNoted: every refusal of staff and programs is found in the
// change log, until somebody hammers.
func TestRefusals_areNoted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		reader := "bearer:" + h.staff(policy.RoleReadOnly)
		noted := func() (n int64) {
			t.Helper()
			if err := h.shop.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM change_log WHERE action = 'access.refused' AND object_id = 'api.staff.orders.note' AND actor_kind = 'staff'`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		h.call("staff.orders.note", object{"note": "x"}, "number=1001", reader).want(403)
		if n := noted(); n != 1 {
			t.Errorf("one refusal left %d notes", n)
		}
		for range 40 {
			h.call("staff.orders.note", object{"note": "x"}, "number=1001", reader).want(403)
		}
		if n := noted(); n != 20 {
			t.Errorf("41 refusals in one moment left %d notes, want the 20 of a burst", n)
		}
		h.call("staff.orders.note", object{"note": "x"}, "number=1001").want(401)
		if n := noted(); n != 20 {
			t.Errorf("an unknown guest left a note")
		}
	})
}

// from sends a bare request from an address.
func (h *house) from(ip, path, bearer string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", base+path, nil)
	r.RemoteAddr = ip + ":4711"
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return h.bare(r)
}

func TestT69_whoAsksTooOftenWaits(t *testing.T) {
	h := open(t, "sqlite", new(bank))
	const path = api.Base + "/categories"
	left := func(w *httptest.ResponseRecorder) string { return w.Header().Get("RateLimit") }
	w := h.from("203.0.113.5", path, "")
	if w.Code != 200 || w.Header().Get("RateLimit-Policy") != `"guest";q=300;w=30` || left(w) != `"guest";r=299;t=1` {
		t.Errorf("%d %q %q", w.Code, w.Header().Get("RateLimit-Policy"), left(w))
	}
	for range 299 {
		// A made-up token does not make somebody else of a guest.
		h.from("203.0.113.5", path, staff.TokenPrefix+strings.Repeat("x", 42)+strconv.Itoa(7))
	}
	w = h.from("203.0.113.5", path, "")
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" || left(w) != `"guest";r=0;t=30` || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "fault.too_many") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := h.from("203.0.113.5", "/api/v1/nothing", ""); w.Code != 429 {
		t.Errorf("what is not there answers %d", w.Code)
	}
	if w := h.from("203.0.113.6", path, ""); w.Code != 200 {
		t.Errorf("the neighbour gets %d", w.Code)
	}
	if w := h.from("203.0.113.5", "/", ""); w.Code == 429 {
		t.Errorf("the shop's pages answer %d", w.Code)
	}
	// Somebody known has a measure of their own, whatever the network did.
	w = h.from("203.0.113.5", api.Base+"/staff/session", h.owner)
	if w.Code != 200 || w.Header().Get("RateLimit-Policy") != `"known";q=600;w=30` {
		t.Errorf("the owner gets %d %q", w.Code, w.Header().Get("RateLimit-Policy"))
	}
	h.clock.Advance(100 * time.Millisecond)
	if w := h.from("203.0.113.5", path, ""); w.Code != 200 {
		t.Errorf("after waiting: %d", w.Code)
	}
	if w := h.from("203.0.113.5", path, ""); w.Code != 429 {
		t.Errorf("one wait lets two through: %d", w.Code)
	}
	h.clock.Advance(-24 * time.Hour)
	if w := h.from("203.0.113.5", path, ""); left(w) != `"guest";r=299;t=1` {
		t.Errorf("after the clock was set back: %d %q", w.Code, left(w))
	}
	h.clock.Advance(24 * time.Hour)
	// One /64 is one asker.
	h.from("[2001:db8::1]", path, "")
	if w := h.from("[2001:db8::2]", path, ""); left(w) != `"guest";r=298;t=1` {
		t.Errorf("a second address of a /64: %q", left(w))
	}
}

func drawing(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	return m
}

// upload sends a multipart form; parts are pairs of name and content, a name
// with a file name behind a colon is a file.
func (h *house) upload(bearer, key string, parts ...string) *answer {
	h.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		name, file, is := strings.Cut(parts[i], ":")
		if !is {
			_ = form.WriteField(name, parts[i+1])
			continue
		}
		part, err := form.CreateFormFile(name, file)
		if err != nil {
			h.t.Fatal(err)
		}
		_, _ = part.Write([]byte(parts[i+1]))
	}
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, base+api.Base+"/staff/media", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+bearer)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return h.read("staff.media.create", h.send(r))
}

func TestMedia_arePicturesAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var b, transparent bytes.Buffer
		if err := jpeg.Encode(&b, drawing(900, 450), nil); err != nil {
			t.Fatal(err)
		}
		hole := drawing(300, 300)
		hole.Set(0, 0, color.NRGBA{})
		if err := png.Encode(&transparent, hole); err != nil {
			t.Fatal(err)
		}
		made := h.upload(h.owner, "a", "file:../../kettle.jpg", b.String(), "alt", "A kettle", "language", "en").want(201).is("width", 900, "height", 450, "mime", "image/jpeg", "alt", object{"en": "A kettle"}, "name", "kettle.jpg", "version", 1)
		id := made.text("id")
		if again := h.upload(h.owner, "a", "file:../../kettle.jpg", b.String(), "alt", "A kettle", "language", "en"); again.body != made.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("a repeat: %v %s", again.header, again.body)
		}
		h.upload(h.owner, "b", "file:other.jpg", b.String(), "alt", "Another").want(201).is("id", id, "alt", object{"en": "A kettle"})
		h.upload(h.owner, "c", "file:hole.png", transparent.String()).want(201).is("mime", "image/png", "alt", object{})
		if w := h.send(httptest.NewRequest("GET", base+made.text("url"), nil)); w.Code != 200 || w.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("the picture: %d", w.Code)
		}
		boss := "bearer:" + h.owner
		h.call("staff.media.get", nil, "id="+id, boss).want(200).is("name", "kettle.jpg")
		said := h.call("staff.media.describe", object{"version": 1, "alt": object{"en": "A red kettle", "de": "Ein roter Kessel"}}, "id="+id, boss).want(200).is("version", 2)
		h.call("staff.media.describe", object{"version": 1, "alt": object{"en": "x"}}, "id="+id, boss).want(409, "media.version_conflict")
		h.call("staff.media.describe", object{"alt": object{"en": "x"}}, "id="+id, boss, `match:"1"`).want(412, "media.version_conflict")
		h.call("staff.media.describe", object{"alt": object{"en": "x"}}, "id="+id, boss, `match:W/"2"`).want(400, "request.bad_if_match")
		h.call("staff.media.describe", object{"version": 1, "alt": object{"en": "x"}}, "id="+id, boss, `match:"2"`).want(422).field("version", "request.two_versions")
		h.call("staff.media.describe", object{"alt": object{"en": "A blue kettle"}}, "id="+id, boss, "match:"+said.header.Get("ETag")).want(200).is("version", 3)
		p := h.call("staff.products.get", nil, "id="+h.mug.ID, boss).want(200)
		h.call("staff.products.save", merge(p.tree.(object), "media", []string{id}), "id="+h.mug.ID, boss).want(200).is("media.0", id)
		h.call("staff.products.save", merge(p.tree.(object), "brand", "x"), "id="+h.mug.ID, boss, "match:"+p.header.Get("ETag")).want(412, "catalog.version_conflict")
		h.call("products.get", nil, "product=mug").want(200).is("media.0.alt", "A blue kettle", "media.0.width", 900)

		reader := h.staff(policy.RoleReadOnly)
		h.unchanged(func() {
			h.upload(h.owner, "", "file:a.jpg", b.String()).want(400, "idempotency_key_required")
			h.upload(h.owner, "d", "alt", "x").want(422).field("file", "form.required")
			h.upload(h.owner, "e", "file:a.jpg", "").want(422).field("file", "upload.empty")
			h.upload(h.owner, "f", "file:a.jpg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").want(422).field("file", "image.unknown_format")
			h.upload(h.owner, "g", "file:a.jpg", b.String()[:400]).want(422).field("file", "image.broken")
			h.upload(h.owner, "h", "file:a.jpg", b.String(), "file:b.jpg", transparent.String()).want(400).field("file", "form.repeated")
			h.upload(h.owner, "i", "file", b.String()).want(422).field("file", "form.not_a_file")
			h.upload(h.owner, "j", "file:a.jpg", b.String(), "alt", "\xff\xfe").want(422).field("alt", "form.not_utf8")
			h.upload(h.owner, "k", "file:a.jpg", b.String(), "alt", strings.Repeat("x", 501)).want(422).field("alt", "form.too_long")
			h.upload(h.owner, "l", "file:a.jpg", b.String(), "language", "xx").want(422).field("language", "form.not_a_choice")
			h.upload(h.owner, "m", "file:a.jpg", b.String(), "product", "x").want(400).field("product", "form.unknown")
			h.upload(h.owner, "n", "file:a.jpg", strings.Repeat("x", 22<<20)).want(413, "request.too_large").field("file", "form.files_too_large")
			h.upload(reader, "o", "file:a.jpg", b.String()).want(403)
			h.call("staff.media.get", nil, "id=med_00000000000000000000000000", boss).want(404, "media.not_found")
			h.call("staff.media.get", nil, "id=x", boss).want(404, "media.not_found")
		}, "media")
	})
}

// TestCaching_saysWhoMayKeepWhat: shared answers are asked for again with their
// tag, everything of a person or of staff is kept by nobody.
func TestCaching_saysWhoMayKeepWhat(t *testing.T) {
	h := open(t, "sqlite", new(bank))
	get := func(path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", base+path, nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		return h.send(r)
	}
	for _, path := range []string{"/api/openapi.json", api.Base + "/products", api.Base + "/products/mug", api.Base + "/categories", api.Base + "/collections"} {
		w := get(path, "")
		tag := w.Header().Get("ETag")
		if control := w.Header().Get("Cache-Control"); w.Code != 200 || tag == "" || control == "no-store" || !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Accept-Language") {
			t.Errorf("%s: %d %q %q", path, w.Code, tag, control)
		}
		if again := get(path, `"other", `+tag); again.Code != 304 || again.Body.Len() != 0 || again.Header().Get("ETag") != tag {
			t.Errorf("%s again: %d, %d bytes", path, again.Code, again.Body.Len())
		}
		if other := get(path, `"other"`); other.Code != 200 {
			t.Errorf("%s with another tag: %d", path, other.Code)
		}
	}
	cart, _ := h.fill(h.mug.Variants[0].ID, 1)
	for name, a := range map[string]*answer{
		"cart": h.call("cart.get", nil, "cart:"+cart), "product of staff": h.call("staff.products.get", nil, "id="+h.mug.ID, "bearer:"+h.owner),
		"sign-in": h.call("staff.sessions.create", object{"email": "mira@example.com", "password": secret}), "fault": h.call("products.get", nil, "product=none"),
	} {
		if control := a.header.Get("Cache-Control"); control != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, control)
		}
	}
}

// TestT99_noOtherOriginIsLetIn: no header lets another site's script read an
// answer, and its changes are refused.
func TestT99_noOtherOriginIsLetIn(t *testing.T) {
	h := open(t, "sqlite", new(bank))
	for _, origin := range []string{"https://evil.example", "null", base + ".evil.example"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			path := api.Base + "/categories"
			if method == "POST" {
				path = api.Base + "/cart/lines"
			}
			r := httptest.NewRequest(method, base+path, nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			w := h.send(r)
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s from %s is answered with %s", method, origin, name)
				}
			}
			if want := map[string]int{"GET": 200, "POST": 403, "OPTIONS": 405}[method]; w.Code != want {
				t.Errorf("%s from %s: %d, want %d", method, origin, w.Code, want)
			}
		}
	}
}
