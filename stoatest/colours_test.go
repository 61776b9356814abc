package stoatest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest"
)

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
