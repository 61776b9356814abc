package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/ops/demo"
)

// fill furnishes a fresh shop and says so while it does; one that is open is
// left as it is.
func fill(ctx context.Context, shop *stoa.Shop, products int) error {
	var mu sync.Mutex
	told := -1
	_, err := demo.Fill(ctx, demo.Services{
		DB: shop.DB, Market: shop.Market, Shipping: shop.Shipping, Fields: shop.Fields,
		Catalog: shop.Catalog, Stock: shop.Stock, Content: shop.Content, Payments: shop.Payments, Upload: shop.Upload,
	}, demo.Options{Products: products, Progress: func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		if tenth := 10 * done / total; tenth > told {
			told = tenth
			fmt.Printf("Furnishing the shop, once: %d %%\n", 10*tenth)
		}
	}})
	return err
}
