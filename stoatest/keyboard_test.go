package stoatest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

const (
	enter = "\r"
	space = " "
	down  = kb.ArrowDown

	calm = `!document.querySelector("[aria-busy=true]")`
)

// keyboard is a person without a pointer. Wherever the focus goes it must be
// on something, and seen.
type keyboard struct {
	*stoatest.Browser
	t *testing.T
}

// seen reports that the control with the focus is outlined, itself or by the
// box that stands for it. A part that the browser draws, as the calendar of a
// date, has the browser's own ring.
const seen = `(() => {
	const outlined = (e) => [null, "::after"].some((part) => { const s = getComputedStyle(e, part); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1.5; });
	const at = document.activeElement;
	return !at.matches(":focus") || [at, at.parentElement, at.parentElement?.parentElement, ...at.children].filter(Boolean).some(outlined);
})()`

// held checks where the focus is.
func (k keyboard) held(after string) {
	k.t.Helper()
	if !stoatest.Value[bool](k.Browser, `document.activeElement && document.activeElement !== document.body && document.activeElement !== document.documentElement`) {
		k.t.Fatalf("after %s the focus is lost at %s", after, k.URL())
	}
	if !stoatest.Value[bool](k.Browser, seen) {
		k.t.Errorf("after %s nobody sees where the focus is: %s", after, stoatest.Value[string](k.Browser, `document.activeElement.outerHTML.slice(0, 160)`))
	}
}

// tabTo presses Tab until the focus is on what a selector finds.
func (k keyboard) tabTo(selector string) {
	k.t.Helper()
	for range 120 {
		k.Press("\t")
		k.held("Tab on the way to " + selector)
		if stoatest.Value[bool](k.Browser, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
	}
	k.t.Fatalf("Tab never reaches %s at %s", selector, k.URL())
}

// at checks that the focus is held by what a selector finds.
func (k keyboard) at(after, selector string) {
	k.t.Helper()
	k.held(after)
	if !stoatest.Value[bool](k.Browser, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
		k.t.Fatalf("after %s the focus is not on %s but on %s", after, selector, stoatest.Value[string](k.Browser, `document.activeElement.outerHTML.slice(0, 160)`))
	}
}

// types goes from field to field, and fills them: a name, then its text.
func (k keyboard) types(pairs ...string) {
	k.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !stoatest.Value[bool](k.Browser, fmt.Sprintf(`document.activeElement.name === %q`, pairs[i])) {
			k.tabTo(fmt.Sprintf("[name='%s']", pairs[i]))
		}
		k.Press(pairs[i+1])
	}
}

// Somebody buys without a pointer, and somebody ships it: Tab, Enter, Space,
// the arrows and typing.
func TestKeyboard_buysAndShips(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	k := keyboard{s.Browser(t, stoatest.Desktop()), t}
	k.Open("/en/p/toaster-for-two")
	k.tabTo(".skip")
	k.SeeElement("#buy")

	k.tabTo("#header a[data-open=search-panel]")
	k.Press(enter)
	k.SeeElement("#search-panel[open]")
	k.held("the search has opened")
	if url := k.URL(); strings.Contains(url, "q=") {
		t.Errorf("the key that opens the search also sends it: %s", url)
	}
	k.Press("\x1b")
	k.Wait(`!document.getElementById("search-panel").open`)
	k.held("Escape")

	k.tabTo("#buy [name=quantity]")
	k.tabTo("#buy button[type=submit]")
	k.Press(enter)
	k.SeeElement("dialog[open] #drawer .bag__lines")
	k.Wait(`document.activeElement.closest("#drawer-panel")`)
	k.held("the bag has opened")
	k.tabTo("#drawer [data-step='1']")
	k.Press(space)
	k.Wait(`document.querySelector("#drawer [name=quantity]").value === "2" && document.querySelector("#drawer").ariaBusy !== "true"`)
	k.held("a piece more")
	k.Press("\x1b")
	k.Wait(`!document.getElementById("drawer-panel").open`)
	k.held("Escape")
	k.Press(enter) // the focus is back on the button: once more opens the bag again
	k.SeeElement("dialog[open] #drawer .bag__lines")
	k.tabTo("#drawer a[href$='/checkout']")
	k.Press(enter)
	k.SeeElement("#checkout-form")

	k.tabTo("#checkout-form button[type=submit]:not([formaction])")
	k.Press(enter) // far too early
	k.Wait(`document.activeElement.id === "problems"`)
	k.held("the mistakes")
	k.tabTo("#problems a")
	k.types("email", "ada@example.com", "shipping.name", "Ada Lovelace", "shipping.line1", "Torstraße 1", "shipping.postcode", "10119", "shipping.city", "Berlin")
	k.tabTo("[name=payment_method]") // on the way there the form is worked out anew, and the mistakes go
	k.Wait(calm)
	k.at("the form anew", "[name=payment_method][value='sandbox.card']:checked")
	for _, method := range []string{"manual.bank_transfer", "manual.cash_on_delivery"} {
		k.Run(`window.before = document.getElementById("checkout")`)
		k.Press(down) // who pays in another way may pay another amount
		k.Wait(`document.getElementById("checkout") !== before && ` + calm)
		k.at("an arrow", "[name=payment_method][value='"+method+"']:checked")
	}
	k.tabTo("[name=terms]")
	k.Press(space)
	k.tabTo("#checkout-form button[type=submit]:not([formaction])")
	k.Press(enter)
	k.Wait(`location.pathname.includes("/orders/")`)
	k.See("1001")
	k.See("Torstraße 1") // whoever has just bought sees the address whole
	if o := load(t, s, 1); o.State != order.Placed || len(o.Lines) != 1 || o.Lines[0].Quantity < 2 {
		t.Errorf("the order is %s with %+v", o.State, o.Lines)
	}
	k.ships(s, "1001")
}

// ships is the other side of the counter: the owner comes, signs out and in
// again, opens an order and ships it.
func (k keyboard) ships(s *stoatest.Shop, number string) {
	k.t.Helper()
	token, err := s.Staff.SetupToken(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	k.Open("/admin/setup/" + token)
	k.types("name", "Olga Owner", "email", "olga@example.com", "password", "a long enough sentence")
	k.Press(enter)
	k.Wait(`location.pathname === "/admin" && document.readyState === "complete"`)
	k.tabTo(".nav .me")
	k.Press(enter)
	k.tabTo("#me-menu [action='/admin/session/end'] button")
	k.Press(enter)
	k.Wait(`location.pathname === "/admin/sign-in" && document.readyState === "complete"`)
	k.types("email", "olga@example.com", "password", "a long enough sentence")
	k.Press(enter)
	k.Wait(`location.pathname === "/admin" && document.readyState === "complete"`)

	k.Press("go") // "g", then "o": to the orders
	k.Wait(`location.pathname === "/admin/orders" && document.readyState === "complete"`)
	k.tabTo("main a[href='/admin/orders/" + number + "']")
	k.Press(enter)
	k.Wait(`location.pathname.endsWith("/` + number + `") && document.readyState === "complete"`)
	k.tabTo("a[href$='/shipments/new']")
	k.Press(enter)
	k.SeeElement("[name=tracking]")
	k.types("tracking", "00340434161094021509")
	k.Press(enter)
	k.Wait(`location.pathname === "/admin/orders/` + number + `" && document.readyState === "complete"`)
	k.See("00340434161094021509")
	if o := load(k.t, s, 1); o.Fulfilment != order.Shipped {
		k.t.Errorf("the order is %s", o.Fulfilment)
	}
}
