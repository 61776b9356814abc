package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/upload"
)

// pages measures whole pages of a shop with many products, on one core and
// without a page cache: each request draws another address by Zipf. Beside it,
// in turns, a plain handler that sends the very same bytes from memory.
func pages(ctx context.Context, dir string, products int, profiles string) ([]row, error) {
	settings, err := stoa.ReadSettings([]string{"STOA_DATA=" + dir, "STOA_DATABASE=sqlite:" + filepath.Join(dir, "pages.db")}, os.DevNull)
	if err != nil {
		return nil, err
	}
	shop, err := stoa.New(ctx, settings, stoa.Log(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	defer shop.Close()
	_, err = demo.Fill(ctx, demo.Services{
		DB: shop.DB, Market: shop.Market, Shipping: shop.Shipping, Fields: shop.Fields, Catalog: shop.Catalog, Content: shop.Content, Stock: shop.Stock, Payments: shop.Payments, Upload: quick{},
	}, demo.Options{Products: products})
	if err != nil {
		return nil, err
	}
	if err := shop.Search.Settle(ctx); err != nil {
		return nil, err
	}
	handler, err := shop.Handler(nil)
	if err != nil {
		return nil, err
	}
	addresses, err := someAddresses(ctx, shop, handler)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, kind := range []struct {
		name string
		urls []string
		cold bool
	}{
		{"product page", addresses.products, false},
		{"category page with facets", addresses.categories, false},
		{"search", addresses.searches, false},
		{"product page, nothing drawn before", addresses.products, true},
		{"category page, nothing drawn before", addresses.categories, true},
		{"search, nothing drawn before", addresses.searches, true},
	} {
		stop, err := profile(profiles, kind.name)
		if err != nil {
			return nil, err
		}
		r, err := onePage(shop, handler, kind.name, kind.urls, kind.cold)
		if err := errors.Join(err, stop()); err != nil {
			return nil, err
		}
		rows = append(rows, r)
		print([]row{r})
	}
	r, err := addToBag(shop, handler, addresses.products)
	if err != nil {
		return nil, err
	}
	print([]row{r})
	return append(rows, r), nil
}

// addToBag measures the post that puts a product into a new bag, beside a plain
// handler that answers with the same redirect.
func addToBag(shop *stoa.Shop, handler http.Handler, urls []string) (row, error) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	const n = 200
	draw := zipf(len(urls))
	variant := regexp.MustCompile(`name="variant" value="([^"]+)"`)
	var ours []time.Duration
	var took, tookPlain time.Duration
	commits := shop.DB.Commits()
	for tries := 0; len(ours) < n; tries++ {
		page := httptest.NewRecorder()
		handler.ServeHTTP(page, httptest.NewRequest(http.MethodGet, shop.Settings.Base+urls[draw()], nil))
		found := variant.FindSubmatch(page.Body.Bytes())
		if found == nil && tries < 100*n {
			continue // sold out
		}
		if found == nil {
			return row{}, errors.New("nothing can be bought")
		}
		post := func(h http.Handler) (*httptest.ResponseRecorder, time.Duration) {
			form := url.Values{"variant": {string(found[1])}, "quantity": {"1"}}
			r := httptest.NewRequest(http.MethodPost, shop.Settings.Base+"/en/bag/lines", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", shop.Settings.Base)
			w := httptest.NewRecorder()
			watch := stopwatch()
			h.ServeHTTP(w, r)
			return w, watch.Elapsed()
		}
		w, d := post(handler)
		if w.Code != http.StatusSeeOther {
			return row{}, fmt.Errorf("putting into the bag answers %d", w.Code)
		}
		ours, took = append(ours, d), took+d
		header := w.Header()
		_, d = post(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			maps.Copy(w.Header(), header)
			w.WriteHeader(http.StatusSeeOther)
		}))
		tookPlain += d
	}
	return row{
		name: "add to bag, one core, SQLite", ours: n / took.Seconds(), limit: n / tookPlain.Seconds(), unit: "adds/s",
		beside: "the same redirect from memory", p50: percentile(ours, 50), p99: percentile(ours, 99),
		note: fmt.Sprintf("%.1f disk syncs an add", float64(shop.DB.Commits()-commits)/n),
	}, nil
}

// profile begins to note what the processor does, in a file of its own in
// folder; "" means not to.
func profile(folder, name string) (stop func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(folder, strings.ReplaceAll(name, " ", "-")+".pprof"))
	if err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, pprof.StartCPUProfile(f)
}

// onePage measures one kind of page. With cold, no card and no frame has been
// drawn before.
func onePage(shop *stoa.Shop, handler http.Handler, name string, urls []string, cold bool) (row, error) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	const n = 2000
	draw := zipf(len(urls))
	get := func(h http.Handler, address string) (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequest(http.MethodGet, shop.Settings.Base+address, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return nil, fmt.Errorf("%s answers %d", address, w.Code)
		}
		return w, nil
	}
	for _, url := range urls[:min(20, len(urls))] { // warm: statements are prepared
		if _, err := get(handler, url); err != nil {
			return row{}, err
		}
	}
	var ours []time.Duration
	var took, tookPlain time.Duration
	statements := shop.DB.Statements()
	for range n {
		url := urls[draw()]
		if cold {
			shop.Storefront.Forget()
		}
		watch := stopwatch()
		w, err := get(handler, url)
		if err != nil {
			return row{}, err
		}
		d := watch.Elapsed()
		ours, took = append(ours, d), took+d
		body, header := w.Body.Bytes(), w.Header()
		plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range header {
				w.Header()[k] = v
			}
			_, _ = io.Copy(w, bytes.NewReader(body))
		})
		watch = stopwatch()
		if _, err := get(plain, url); err != nil {
			return row{}, err
		}
		tookPlain += watch.Elapsed()
	}
	return row{
		name: name + ", one core", ours: n / took.Seconds(), limit: n / tookPlain.Seconds(), unit: "pages/s",
		beside: "the same bytes from memory", goal: "p50 ≤ 5 ms", p50: percentile(ours, 50), p99: percentile(ours, 99),
		note: fmt.Sprintf("%.1f statements a page, %d addresses", float64(shop.DB.Statements()-statements)/n, len(urls)),
	}, nil
}

// quick takes no pictures in: the measurement is of pages.
type quick struct{}

func (quick) Picture(_ context.Context, r io.Reader) (upload.Picture, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return upload.Picture{}, err
	}
	return pictureOf(raw), nil
}
