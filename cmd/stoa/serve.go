package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/platform/web"
)

func (c *commands) settings() (stoa.Settings, error) {
	return stoa.ReadSettings(os.Environ(), c.Config)
}

// open puts the shop of the settings together, for a command that serves
// nothing and closes it.
func (c *commands) open(ctx context.Context) (*stoa.Shop, error) {
	settings, err := c.settings()
	if err != nil {
		return nil, err
	}
	return stoa.New(ctx, settings, stoa.WithoutSearch())
}

type serveCmd struct{}

func (serveCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	release, err := mayServe(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	shop, err := stoa.New(ctx, settings, stoa.Claimed())
	if err != nil {
		return err
	}
	if err := unlabel(ctx, shop); err != nil {
		return errors.Join(err, shop.Close())
	}
	return serve(ctx, shop, nil)
}

// mayServe looks at once for what would be in the way only after much work: a
// server on the same data or the same address. The data is this process's until
// release.
func mayServe(ctx context.Context, settings stoa.Settings) (release func() error, err error) {
	release, err = settings.Claim()
	if err != nil {
		return nil, err
	}
	if err := web.Free(ctx, settings.Listen, settings.MetricsListen); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// serve runs a shop and tells where it is, once it is there.
func serve(ctx context.Context, shop *stoa.Shop, more func()) error {
	link, err := ownerLink(ctx, shop)
	if err != nil {
		return errors.Join(err, shop.Close())
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
	shop, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer shop.Close()
	fmt.Println("The database is up to date.")
	return nil
}

type setupCmd struct{}

func (setupCmd) Run(ctx context.Context, c *commands) error {
	shop, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer shop.Close()
	link, err := ownerLink(ctx, shop)
	if err != nil {
		return err
	}
	if link == "" {
		fmt.Println("The shop has staff already: sign in at " + shop.Settings.Base + "/admin")
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
