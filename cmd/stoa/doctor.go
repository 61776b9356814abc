package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

type doctorCmd struct{}

// Run tries everything the shop stands on and tells, a line each, what is well
// and what is not. It fails when anything is not.
func (doctorCmd) Run(ctx context.Context, c *commands) error {
	bad := 0
	tell := func(what string, err error) bool {
		if err != nil {
			bad++
			fmt.Printf("  not well   %s: %s\n", what, strings.Join(said(err), "; "))
			return false
		}
		fmt.Printf("  well       %s\n", what)
		return true
	}
	settings, err := c.settings()
	if err != nil {
		fmt.Println("  not well   settings:")
		return err
	}
	tell("settings", nil)
	if file, ok := strings.CutPrefix(settings.Database, "sqlite:"); ok {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) { // looking makes nothing
			tell("address "+settings.Listen, web.Free(ctx, settings.Listen, settings.MetricsListen))
			fmt.Printf("  to do      there is no database %s yet: \"stoa serve\" makes it; if there should be one, look at STOA_DATA\n", file)
			return ill(bad)
		}
	}
	if served(settings) {
		fmt.Printf("  well       address %s: this shop is being served\n", settings.Listen)
	} else {
		tell("address "+settings.Listen, web.Free(ctx, settings.Listen, settings.MetricsListen))
	}
	shop, err := stoa.New(ctx, settings, stoa.WithoutSearch())
	if tell("database, data folder and master key", err) {
		defer shop.Close()
		if shop.Market.Current(ctx).Open() {
			tell("shop is set up", nil)
		} else {
			fmt.Println("  to do      the shop is not set up yet: open the back office")
		}
		waiting, err := shop.DeadJobs(ctx)
		if err == nil && waiting > 0 {
			err = fmt.Errorf("%d jobs have failed for good; look at them in the back office", waiting)
		}
		tell("background jobs", err)
	}
	if settings.SMTP != "" {
		tell("mail server answers", dial(ctx, settings.SMTP))
	} else {
		fmt.Println("  to do      STOA_SMTP_URL is not set: mails are kept in the back office and not sent")
	}
	return ill(bad)
}

func ill(bad int) error {
	if bad > 0 {
		return errors.New("not everything is well")
	}
	return nil
}

// served reports whether a process holds the shop's folder at this moment. On
// PostgreSQL, which many nodes serve, it is always false.
func served(s stoa.Settings) bool {
	release, err := s.Claim()
	if err != nil {
		var t *db.Trouble
		return errors.As(err, &t) && t.Problem == db.InUse
	}
	_ = release() // nothing was written under it
	return false
}

func dial(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("STOA_SMTP_URL cannot be read")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtps": "465"}[u.Scheme]
	}
	if port == "" {
		port = "587"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("%s does not answer", u.Host)
	}
	return conn.Close()
}
