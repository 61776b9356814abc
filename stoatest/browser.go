package stoatest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoashop/stoa/stoatest/browse"
)

// Device is what somebody looks at the shop with.
type Device struct {
	Width, Height int64
	NoScript      bool
	Dark          bool
}

// Phone and Desktop are the sizes every journey is walked at.
func Phone() Device   { return Device{Width: 390, Height: 844} }
func Desktop() Device { return Device{Width: 1440, Height: 900} }

// WithoutScript is the device with JavaScript switched off.
func (d Device) WithoutScript() Device { d.NoScript = true; return d }

// Browser is a person's browser on the shop, with cookies of its own. Its
// methods end the test when something is not as expected.
type Browser struct {
	*browse.Tab
	t    testing.TB
	base string
}

// Browser opens a browser on the shop. What it complains about, such as an
// exception or a breach of the content policy, fails the test at its end.
func (s *Shop) Browser(t testing.TB, d Device) *Browser {
	t.Helper()
	b := &Browser{Tab: browse.New(t), t: t, base: s.URL}
	b.Size(d.Width, d.Height, d.Width < 600)
	scheme := "light"
	if d.Dark {
		scheme = "dark"
	}
	b.Scheme(scheme)
	b.Script(!d.NoScript)
	t.Cleanup(func() {
		for _, p := range b.Problems() {
			if !strings.Contains(p, "the server responded with a status of 4") { // pages that say no
				t.Errorf("the browser complains: %s", p)
			}
		}
	})
	return b
}

// Open goes to a path of the shop, or to a whole address.
func (b *Browser) Open(path string) {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	b.Go(path)
}

// ClickText clicks the first visible link or button that shows a text.
func (b *Browser) ClickText(text string) {
	b.t.Helper()
	find := `[...document.querySelectorAll("a, button, summary, label")].find(e => e.innerText.trim().includes(` + quote(text) + `) && e.getClientRects().length)`
	b.Wait(find)
	b.Run(find + `.click()`)
}

// FollowText is ClickText, and waits for the page that answers.
func (b *Browser) FollowText(text string) {
	b.t.Helper()
	b.Run(`window.leaving = true`)
	b.ClickText(text)
	b.Wait(`!window.leaving && document.readyState === "complete"`)
}

// Fill types a value into the first field that a selector finds, replacing
// what is there; a box or a radio button it finds is chosen.
func (b *Browser) Fill(selector, value string) {
	b.t.Helper()
	b.SeeElement(selector)
	b.Run(fmt.Sprintf(`
		const field = document.querySelector(%s);
		field.focus();
		if (field.type === "checkbox" || field.type === "radio") {
			if (!field.checked) field.click();
		} else {
			field.value = %s;
			field.dispatchEvent(new Event("input", {bubbles: true}));
			field.dispatchEvent(new Event("change", {bubbles: true}));
		}
	`, quote(selector), quote(value)))
}

// Choose puts a file into the file field that a selector finds.
func (b *Browser) Choose(selector, name, kind string, content []byte) {
	b.t.Helper()
	b.SeeElement(selector)
	b.Run(fmt.Sprintf(`
		const field = document.querySelector(%s), files = new DataTransfer();
		files.items.add(new File([Uint8Array.from(atob(%s), (c) => c.charCodeAt(0))], %s, {type: %s}));
		field.files = files.files;
		field.dispatchEvent(new Event("change", {bubbles: true}));
	`, quote(selector), quote(base64.StdEncoding.EncodeToString(content)), quote(name), quote(kind)))
}

// Send presses the button of the form that a selector finds, or that the found
// element belongs to, and does not wait for what comes of it.
func (b *Browser) Send(selector string) {
	b.t.Helper()
	b.SeeElement(selector)
	b.Run(fmt.Sprintf(`
		const at = document.querySelector(%s);
		const form = at.closest("form") || at.form || at;
		const button = form.querySelector("button:not([type=button]):not([formaction])") || document.querySelector("button[form=" + form.id + "]");
		button.click();
	`, quote(selector)))
}

// Submit is Send, and waits for the page that answers.
func (b *Browser) Submit(selector string) {
	b.t.Helper()
	b.SeeElement(selector)
	b.Run(`window.leaving = true`)
	b.Send(selector)
	b.Wait(`!window.leaving && document.readyState === "complete"`)
}

// See waits until the page shows a text.
func (b *Browser) See(text string) {
	b.t.Helper()
	b.Wait(`document.body.innerText.includes(` + quote(text) + `)`)
}

// SeeElement waits until the page has an element.
func (b *Browser) SeeElement(selector string) {
	b.t.Helper()
	b.Wait(`document.readyState === "complete" && document.querySelector(` + quote(selector) + `)`)
}

// Text is the text of the first element a selector finds, "" if there is none.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return Value[string](b, `(document.querySelector(`+quote(selector)+`) || {innerText: ""}).innerText`)
}

// URL is the address of the page.
func (b *Browser) URL() string {
	b.t.Helper()
	return Value[string](b, `location.href`)
}

// Value evaluates an expression in the page.
func Value[T any](b *Browser, expression string) T {
	b.t.Helper()
	return browse.Eval[T](b.Tab, expression)
}

// WantAccessible reports every violation of WCAG 2.2 A and AA and of axe's
// best practices.
func (b *Browser) WantAccessible(t testing.TB, page string) {
	t.Helper()
	for _, v := range b.Axe() {
		t.Errorf("%s: %s", page, v)
	}
}

// ScreenshotFolder is where pictures go; "" when none are wanted.
func ScreenshotFolder() string { return os.Getenv("STOA_SCREENSHOTS") }

// Picture photographs the whole page into the folder STOA_SCREENSHOTS names;
// without it nothing happens.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	dir := ScreenshotFolder()
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), b.FullPicture(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// quote writes text as JavaScript does.
func quote(text string) string {
	quoted, _ := json.Marshal(text) // text always has a JSON form
	return string(quoted)
}
