package stoatest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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

// Browser is a person's browser: Chromium, with cookies of its own. Its
// methods end the test when something is not as expected.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	base string
}

// Browser opens a browser on the shop.
func (s *Shop) Browser(t testing.TB, d Device) *Browser {
	t.Helper()
	profile, err := os.MkdirTemp("", "stoa-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("headless", "new"), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(profile))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop(); os.RemoveAll(profile) })
	b := &Browser{t: t, ctx: ctx, base: s.URL}
	view := chromedp.EmulateViewport(d.Width, d.Height)
	if d.Width < 600 {
		view = chromedp.EmulateViewport(d.Width, d.Height, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	scheme := "light"
	if d.Dark {
		scheme = "dark"
	}
	// The browser lives as long as the context of its first step.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open a browser: %v", err)
	}
	b.do("dress the browser", view, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: d.NoScript})
		return chromedp.Void{}, err
	})
	return b
}

// limit is how long one step may take on a busy machine.
const limit = 40 * time.Second

func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\nat %s", what, err, b.where())
	}
}

func (b *Browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.title + "\n" + document.body.innerText.slice(0, 1500)`))
	if err != nil {
		return "(unknown)"
	}
	return text
}

// Open goes to a path of the shop, or to a whole address.
func (b *Browser) Open(path string) {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	b.do("open "+path, chromedp.Navigate(path))
}

// Click clicks the first element that a CSS selector finds.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.ScrollIntoView(selector), chromedp.Click(selector))
}

// ClickText clicks the first link or button that shows a text.
func (b *Browser) ClickText(text string) {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	b.Wait(fmt.Sprintf(`[...document.querySelectorAll("a, button, summary, label")].some(e => e.innerText.trim().includes(%s))`, quoted))
	b.Eval(fmt.Sprintf(`[...document.querySelectorAll("a, button, summary, label")].find(e => e.innerText.trim().includes(%s) && e.getClientRects().length).click()`, quoted))
}

// Fill types a value into the first field that a selector finds, as a person
// would, replacing what is there.
func (b *Browser) Fill(selector, value string) {
	b.t.Helper()
	quotedSelector, _ := json.Marshal(selector)
	quotedValue, _ := json.Marshal(value)
	b.Wait(fmt.Sprintf(`!!document.querySelector(%s)`, quotedSelector))
	b.Eval(fmt.Sprintf(`(() => {
		const field = document.querySelector(%s);
		field.focus();
		if (field.type === "checkbox" || field.type === "radio") { if (!field.checked) field.click(); return; }
		field.value = %s;
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
	})()`, quotedSelector, quotedValue))
}

// Submit submits the form that a selector finds, or that the found element
// belongs to, by its submit button.
func (b *Browser) Submit(selector string) {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	b.Eval(fmt.Sprintf(`(() => {
		const at = document.querySelector(%s);
		const form = at.closest("form") || at.form || at;
		(form.querySelector("button:not([type=button]):not([formaction])") || document.querySelector("button[form=" + form.id + "]")).click();
	})()`, quoted))
}

// Eval runs a script of the test's own in the page, also where the page's
// scripts are switched off.
func (b *Browser) Eval(script string) {
	b.t.Helper()
	b.do(script, chromedp.Evaluate[chromedp.Void](script))
}

// Wait waits until an expression is true, over navigations.
func (b *Browser) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+expression+`)`))
		if err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s: %v\nat %s", expression, err, b.where())
		}
	}
}

// See waits until the page shows a text.
func (b *Browser) See(text string) {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	b.Wait(`document.body.innerText.includes(` + string(quoted) + `)`)
}

// SeeElement waits until the page has an element.
func (b *Browser) SeeElement(selector string) {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	b.Wait(`document.querySelector(` + string(quoted) + `)`)
}

// Text is the text of the first element a selector finds, "" if there is none.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	return Value[string](b, `(document.querySelector(`+string(quoted)+`) || {innerText: ""}).innerText`)
}

// URL is the address of the page.
func (b *Browser) URL() string {
	b.t.Helper()
	return Value[string](b, `location.href`)
}

// Value evaluates an expression in the page.
func Value[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
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
	Value[bool](b, `(async () => {
		for (const i of document.images) i.loading = "eager";
		await Promise.all([...document.images].map(i => i.decode().catch(() => {})));
		await document.fonts.ready;
		return true;
	})()`)
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
