// Package browse drives a real browser in tests: Chromium, with pages held
// against WCAG 2.2 AA by axe-core 4.14.1 (MPL-2.0, see axe.LICENSE).
package browse

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	logdomain "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed axe.min.js
var axe string

// limit is how long one step may take on a busy machine.
const limit = 40 * time.Second

// Tab is one tab of a browser that ends with its test.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// New starts a browser. A missing Chromium makes the test red.
func New(t testing.TB) *Tab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("browse: no Chromium; on Debian: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-background-networking", true))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(func() { end(); endAllocator() })
	b := &Tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal("browse: ", err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal("browse: ", err)
	}
	call(b, logdomain.Enable, cdp.Empty{})
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // no window manager gives a new page the focus
	return b
}

// call sends a protocol command that must succeed.
func call[P, R any](b *Tab, cmd cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	res, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		b.t.Fatal("browse: ", err)
	}
	return res
}

// listen collects what the browser complains about: exceptions, breaches of
// the content policy, files that did not load.
func (b *Tab) listen(event any) {
	var what string
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening: // "leave without saving?"; nobody sits here to answer
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	case *logdomain.EventEntryAdded:
		if e.Entry.Level == logdomain.EntryLevelError {
			what = e.Entry.Text
			if e.Entry.URL != "" {
				what += " (" + e.Entry.URL + ")"
			}
		}
	case *runtime.EventExceptionThrown:
		what = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			what += " " + e.ExceptionDetails.Exception.Description
		}
	}
	if what != "" {
		b.mu.Lock()
		b.problems = append(b.problems, what)
		b.mu.Unlock()
	}
}

// Problems returns what the browser complained about since the last call.
func (b *Tab) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.problems
	b.problems = nil
	return list
}

// Size makes the window so many CSS pixels large; phone adds touch and the
// mobile viewport.
func (b *Tab) Size(width, height int64, phone bool) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: phone})
}

// Scheme is "light" or "dark". Motion is reduced, so that pictures and checks
// see pages at rest.
func (b *Tab) Scheme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// ForcedColours shows pages in the reader's own colours, as Windows' contrast
// themes do, until the next call of Scheme.
func (b *Tab) ForcedColours() {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "forced-colors", Value: "active"}, {Name: "prefers-color-scheme", Value: "dark"}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// Script turns the page's own scripts on or off, from the next page on.
func (b *Tab) Script(on bool) {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Cookie sets a cookie for an address.
func (b *Tab) Cookie(url, name, value string) {
	b.t.Helper()
	call(b, network.SetCookie, network.SetCookieParams{URL: url, Name: name, Value: value})
}

// Go opens an address and waits until it is loaded.
func (b *Tab) Go(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

func (b *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal("browse: ", err)
	}
}

// Eval runs an expression in the page and returns its value, which must be
// JSON. Promises are awaited.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	yes := true
	res, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "(async () => JSON.stringify(await (" + expression + ")))()", AwaitPromise: &yes, ReturnByValue: &yes})
	if err == nil && res.ExceptionDetails != nil {
		text := res.ExceptionDetails.Text
		if res.ExceptionDetails.Exception != nil {
			text += " " + res.ExceptionDetails.Exception.Description
		}
		err = errors.New(text)
	}
	var text string
	var value T
	if err == nil && res.Result != nil && len(res.Result.Value) > 0 {
		if err = json.Unmarshal([]byte(res.Result.Value), &text); err == nil && text != "" {
			err = json.Unmarshal([]byte(text), &value)
		}
	}
	if err != nil {
		b.t.Fatalf("browse: %s: %v\nat %s", expression, err, b.where())
	}
	return value
}

// Run runs statements in the page, also where the page's own scripts are
// switched off. They may press a button: that the page goes away while they
// run is no mistake.
func (b *Tab) Run(script string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	res, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "{" + script + "\n}"})
	switch {
	case err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "destroyed")):
	case err != nil:
		b.t.Fatalf("browse: %s: %v\nat %s", script, err, b.where())
	case res.ExceptionDetails != nil:
		b.t.Fatalf("browse: %s: %s\nat %s", script, res.ExceptionDetails.Text, b.where())
	}
}

// Wait waits until an expression is true, also over navigations.
func (b *Tab) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && got {
			return
		}
		select {
		case <-look.C: // also after an error: the page may be on its way out
		case <-ctx.Done():
			b.t.Fatalf("browse: %s never came true: %v\nat %s", expression, err, b.where())
		}
	}
}

// where tells what the window shows, for the tale of a failed test.
func (b *Tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.title + "\n" + document.body.innerText.slice(0, 1500)`))
	if err != nil {
		return "(unknown)"
	}
	return text
}

// Press types keys; mods are "ctrl", "shift", "alt".
func (b *Tab) Press(keys string, mods ...string) {
	b.t.Helper()
	options := []chromedp.KeyOption{func(k *input.DispatchKeyEventParams) {
		if k.Type == kb.KeyDown { // as a keyboard does it: when the page takes the key, no character follows
			k.Type = kb.KeyRawDown
		}
	}}
	for _, m := range mods {
		switch m {
		case "ctrl":
			options = append(options, chromedp.KeyModifiers(kb.ModifierCtrl))
		case "shift":
			options = append(options, chromedp.KeyModifiers(kb.ModifierShift))
		case "alt":
			options = append(options, chromedp.KeyModifiers(kb.ModifierAlt))
		}
	}
	b.do(chromedp.KeyEvent(keys, options...))
}

// Click clicks the first element that a CSS selector finds, as a pointer would.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(selector), chromedp.Click(selector))
}

// FullPicture returns the whole page as PNG, with all of its pictures.
func (b *Tab) FullPicture() []byte {
	b.t.Helper()
	Eval[bool](b, `(async () => {
		for (const i of document.images) i.loading = "eager";
		await Promise.all([...document.images].map(i => i.decode().catch(() => {})));
		await document.fonts.ready;
		document.activeElement?.blur();
		scrollTo(0, 0);
		return true;
	})()`)
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal("browse: ", err)
	}
	return png
}

// Picture returns what the window shows as PNG, packed quickly rather than
// small.
func (b *Tab) Picture() []byte {
	b.t.Helper()
	yes := true
	return call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: &yes}).Data
}

// Axe holds the page against WCAG 2.2 AA and returns what breaks it: the rule,
// what it says, and the elements.
func (b *Tab) Axe() []string {
	b.t.Helper()
	type node struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	}
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []node `json:"nodes"`
	}
	yes := true
	if res := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: axe + "; true", ReturnByValue: &yes}); res.ExceptionDetails != nil {
		b.t.Fatal("browse: axe-core does not load: ", res.ExceptionDetails.Text)
	}
	found := Eval[[]violation](b, `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
	var list []string
	for _, v := range found {
		for _, n := range v.Nodes {
			html := n.HTML
			if len(html) > 160 {
				html = html[:160] + "…"
			}
			list = append(list, fmt.Sprintf("%s: %s: %s %s", v.ID, v.Help, html, strings.Join(strings.Fields(n.Summary), " ")))
		}
	}
	return list
}
