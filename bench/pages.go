package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
		DB: shop.DB, Market: shop.Market, Shipping: shop.Shipping, Fields: shop.Fields, Catalog: shop.Catalog, Content: shop.Content, Stock: shop.Stock, Upload: quick{},
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
	addresses, err := someAddresses(ctx, shop)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, kind := range []struct {
		name string
		urls []string
	}{
		{"product page", addresses.products},
		{"category page with facets", addresses.categories},
		{"search", addresses.searches},
	} {
		stop, err := profile(profiles, kind.name)
		if err != nil {
			return nil, err
		}
		r, err := onePage(shop, handler, kind.name, kind.urls)
		if err := errors.Join(err, stop()); err != nil {
			return nil, err
		}
		rows = append(rows, r)
		print([]row{r})
	}
	return rows, nil
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

func onePage(shop *stoa.Shop, handler http.Handler, name string, urls []string) (row, error) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	const n = 400
	draw := zipf(len(urls))
	get := func(h http.Handler, url string) (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequest(http.MethodGet, shop.Settings.Base+url, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return nil, fmt.Errorf("%s answers %d", url, w.Code)
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
		name: name + ", one core, uncached", ours: n / took.Seconds(), limit: n / tookPlain.Seconds(), unit: "pages/s",
		beside: "the same bytes from memory", goal: "p50 ≤ 5 ms", p50: percentile(ours, 50), p99: percentile(ours, 99),
		note: fmt.Sprintf("%.1f statements a page", float64(shop.DB.Statements()-statements)/n),
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
