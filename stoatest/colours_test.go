package stoatest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

// keyboard is a person without a pointer. Wherever the focus goes it must be
// on something, and seen.
type keyboard struct {
	*stoatest.Browser
	t *testing.T
}

// seen reports that the control with the focus is outlined, itself or by the
// box that stands for it.
const seen = `(() => {
	const outlined = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1.5; };
	const at = document.activeElement;
	return [at, at.parentElement, at.parentElement?.parentElement, ...at.children].filter(Boolean).some(outlined);
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

// In a reader's own colours, where fills and shadows are gone, what is chosen,
// pressed and focused still differs from what is not.
func TestForcedColours_keepWhatIsChosenApart(t *testing.T) {
	s := stoatest.New(t, db.SQLite)
	b := s.Browser(t, stoatest.Desktop())
	b.ForcedColours()
	differ := func(what, one, other string) {
		t.Helper()
		b.SeeElement(one)
		b.SeeElement(other)
		look := func(selector string) string {
			return stoatest.Value[string](b, fmt.Sprintf(`(() => { const s = getComputedStyle(document.querySelector(%q));
				return [s.backgroundColor, s.color, s.borderTopColor, s.borderTopStyle, s.borderLeftWidth, s.appearance].join(" ") })()`, selector))
		}
		if a, c := look(one), look(other); a == c {
			t.Errorf("%s looks like the others: %s", what, a)
		}
	}
	b.Open("/en/p/toaster-for-two")
	differ("the chosen value", ".choice.is-selected", ".choice:not(.is-selected)")
	differ("the button to buy", "#buy .button--main", "#buy .quantity__step")
	keyboard{b, t}.tabTo("#buy .button--main")
	b.Picture("forced-colours-product")
	b.Send("#buy")
	b.SeeElement("dialog[open] #drawer .bag__lines")
	b.Picture("forced-colours-drawer")
	b.Open("/en/checkout")
	differ("the chosen way to pay", ".pick:has([name=payment_method]:checked)", ".pick:has([name=payment_method]:not(:checked))")
	b.Submit("#checkout-form")
	b.SeeElement("[aria-invalid=true]")
	differ("a field with a mistake", ".field--bad .input", ".field:not(.field--bad) .input")
	b.Picture("forced-colours-checkout")
	if motion := stoatest.Value[string](b, `getComputedStyle(document.querySelector(".button")).transitionDuration`); strings.Trim(motion, "0s, ") != "" {
		t.Errorf("although motion is to be reduced, buttons change over %s", motion)
	}
}
