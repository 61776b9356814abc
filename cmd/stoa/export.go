package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/ops/transfer"
)

type exportCmd struct {
	Format    string `arg:"" enum:"stoa,shopify,woocommerce,spree,vendure" help:"Whose columns: shopify, woocommerce, spree or vendure as CSV, or stoa for everything the catalogue knows, one JSON object a line."`
	File      string `arg:"" help:"The file to write; - is standard output."`
	Customers bool   `xor:"kind" help:"Write the customers instead of the goods (shopify and spree)."`
	Texts     bool   `xor:"kind" help:"Write the texts of the goods in further languages instead (spree)."`
	Force     bool   `help:"Replace the file when it is there already."`
}

// Run writes the shop's goods or customers. The file appears when it is whole.
func (c exportCmd) Run(ctx context.Context, all *commands) error {
	settings, err := all.settings()
	if err != nil {
		return err
	}
	switch {
	case c.Customers && c.Format != "shopify" && c.Format != "spree":
		return usage("customers are written for shopify and spree only")
	case c.Texts && c.Format != "spree":
		return usage("texts in further languages have a file of their own with spree only")
	}
	if _, err := os.Stat(c.File); err == nil && c.File != "-" && !c.Force {
		return fmt.Errorf("%s is there already; --force replaces it", c.File)
	}
	shop, err := stoa.New(ctx, settings, stoa.WithoutSearch())
	if err != nil {
		return err
	}
	defer shop.Close()
	if c.File == "-" {
		return c.write(ctx, shop, os.Stdout)
	}
	return whole(c.File, func(out io.Writer) error { return c.write(ctx, shop, out) })
}

func (c exportCmd) write(ctx context.Context, shop *stoa.Shop, out io.Writer) error {
	kind := transfer.Products
	switch {
	case c.Customers:
		kind = transfer.Customers
	case c.Texts:
		kind = transfer.Translations
	}
	return shop.Transfer.Export(ctx, out, transfer.ExportRequest{
		Platform: transfer.Platform(c.Format), Kind: kind, Base: shop.Settings.Base, Actor: audit.System("export"),
	})
}

// whole writes a file that only its owner reads, under another name until it
// is complete.
func whole(name string, write func(io.Writer) error) (err error) {
	part := name + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s cannot be written", name)
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(part))
		}
	}()
	b := bufio.NewWriterSize(f, 256<<10)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(part, name)
}
