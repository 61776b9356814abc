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

// Help is the part of the help that is longer than a line.
func (serveCmd) Help() string {
	return `At the first start it makes the data folder (STOA_DATA) with the database, and prints the addresses of the shop and of the back office and a one-time link that makes the owner's account. STOA_LISTEN is the address it listens on, STOA_BASE_URL the one that people use. It ends on Ctrl+C or SIGTERM, once everything begun is done.`
}

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
			fmt.Println("               (opens once, within a day: makes the owner's account; links of before have ended)")
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
	fmt.Fprintln(os.Stderr, "It opens once, within a day. Links printed before, by stoa serve too, have ended.")
	fmt.Println(link)
	return nil
}

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"Print every setting in force and where it was set, as lines of stoa.conf; secrets are not shown."`
}

type configPrintCmd struct{}

func (configPrintCmd) Run(c *commands) error {
	_, err := c.settings()
	for _, line := range stoa.PrintSettings(os.Environ(), c.Config) {
		fmt.Println(line)
	}
	return err
}
