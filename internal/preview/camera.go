package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// unsafe is what a file name had better not contain.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// camera takes the pictures.
type camera struct {
	base, out, lang, script string
	fold                    bool
	site                    bool // names are paths of a running shop
	sizes, schemes          []string
}

func (c camera) shoot(ctx context.Context, names []string) error {
	profile, err := os.MkdirTemp("", "preview")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(profile) }()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("headless", "new"), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("no-sandbox", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(profile))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		return err
	}
	if err := chromedp.Listen(ctx, complain); err != nil {
		return err
	}
	for _, size := range c.sizes {
		var width, height int64
		if _, err := fmt.Sscanf(size, "%dx%d", &width, &height); err != nil {
			return fmt.Errorf("size %q: %w", size, err)
		}
		view := chromedp.EmulateViewport(width, height)
		if width < 600 {
			view = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch)
		}
		for _, scheme := range c.schemes {
			for _, name := range names {
				address, label := c.base+"/see/"+c.lang+"/"+name, name+"."+c.lang
				if c.site {
					address, label = c.base+name, strings.Trim(unsafe.ReplaceAllString(name, "-"), "-")
				}
				file := filepath.Join(c.out, fmt.Sprintf("%s.%d.%s.png", label, width, scheme))
				if err := c.one(ctx, view, scheme, address, file); err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
			}
		}
	}
	return nil
}

func (c camera) one(ctx context.Context, view chromedp.Action[chromedp.Void], scheme, address, file string) error {
	dress := func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return chromedp.Void{}, err
	}
	if err := chromedp.Do(ctx, view, dress, chromedp.Navigate(address)); err != nil {
		return err
	}
	// Pictures below the fold load lazily; the shot wants all of them.
	const settle = `(async () => {
		for (const i of document.images) i.loading = "eager";
		await Promise.all([...document.images].filter(i => i.getClientRects().length).map(i => i.decode().catch(() => {})));
		await document.fonts.ready;
		const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
		return over;
	})()`
	over, err := chromedp.Run(ctx, chromedp.Evaluate[int](settle, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	if over > 0 {
		log.Printf("%s: %d pixels wider than the screen", file, over)
	}
	if c.script != "" {
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](c.script), chromedp.Sleep(600*time.Millisecond)); err != nil {
			return err
		}
	}
	shot := chromedp.FullScreenshot(100)
	if c.fold {
		shot = chromedp.CaptureScreenshot()
	}
	png, err := chromedp.Run(ctx, shot)
	if err != nil {
		return err
	}
	return os.WriteFile(file, png, 0o644)
}

// complain prints what the page's console says: a policy that was broken, a
// script that failed.
func complain(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		log.Printf("exception: %v", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		log.Printf("console: %v", e.Type)
	}
}
