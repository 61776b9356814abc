package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/stoashop/stoa"
)

func (c *commands) settings() (stoa.Settings, error) {
	return stoa.ReadSettings(os.Environ(), c.Config)
}

type serveCmd struct{}

func (serveCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	shop, err := stoa.New(ctx, settings)
	if err != nil {
		return err
	}
	return serve(ctx, shop, nil)
}

// serve runs a shop and tells where it is, once it is there.
func serve(ctx context.Context, shop *stoa.Shop, more func()) error {
	link, err := ownerLink(ctx, shop)
	if err != nil {
		shop.Close()
		return err
	}
	return shop.Run(ctx, func(net.Addr) {
		fmt.Println()
		fmt.Println("  Shop         " + shop.Settings.Base)
		fmt.Println("  Back office  " + shop.Settings.Base + "/admin")
		if link != "" {
			fmt.Println("  Owner        " + link)
			fmt.Println("               (opens once, within a day: makes the owner's account)")
		}
		if more != nil {
			more()
		}
		fmt.Println()
	})
}

// ownerLink is the one-time link of a shop without staff; "" when there is
// somebody.
func ownerLink(ctx context.Context, shop *stoa.Shop) (string, error) {
	token, err := shop.Staff.SetupToken(ctx)
	if err != nil || token == "" {
		return "", err
	}
	return shop.Settings.Base + "/admin/setup/" + token, nil
}

type migrateCmd struct{}

func (migrateCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	shop, err := stoa.New(ctx, settings)
	if err != nil {
		return err
	}
	defer shop.Close()
	fmt.Println("The database is up to date.")
	return nil
}

type setupCmd struct{}

func (setupCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	shop, err := stoa.New(ctx, settings)
	if err != nil {
		return err
	}
	defer shop.Close()
	link, err := ownerLink(ctx, shop)
	if err != nil {
		return err
	}
	if link == "" {
		fmt.Println("The shop has staff already: sign in at " + settings.Base + "/admin")
		return nil
	}
	fmt.Println(link)
	return nil
}

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"Print every setting in force, as lines of stoa.conf; secrets are not shown."`
}

type configPrintCmd struct{}

func (configPrintCmd) Run(c *commands) error {
	settings, err := c.settings()
	for _, line := range settings.Print(os.Environ(), c.Config) {
		fmt.Println(line)
	}
	return err
}
