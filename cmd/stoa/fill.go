package main

import (
	"context"

	"github.com/stoashop/stoa"
)

func fill(ctx context.Context, shop *stoa.Shop, products int) error { return nil }
