package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

type doctorCmd struct{}

// Help is the part of the help that is longer than a line.
func (doctorCmd) Help() string {
	return `A line for each thing the shop stands on says "well", "to do" or "not well" and why. Nothing is made where there is no shop yet. It ends with 0 when nothing is "not well", else with the code that "stoa serve" would end with (stoa --help).`
}

// Run tries everything the shop stands on and tells, a line each, what is well
// and what is not. It fails with the code of the first trouble.
func (doctorCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	var found findings
	if !found.tell("settings", err) {
		return found.err()
	}
	file, isFile := strings.CutPrefix(settings.Database, "sqlite:")
	fresh := false
	if isFile {
		_, err := os.Stat(file)
		fresh = errors.Is(err, fs.ErrNotExist)
	}
	if fresh { // looking makes nothing
		folders := []string{settings.Data}
		if dir := filepath.Dir(file); dir != filepath.Clean(settings.Data) {
			folders = append(folders, dir)
		}
		for _, folder := range folders {
			found.tell("data folder "+folder, stoa.Writable(folder))
		}
	}
	if !fresh && served(settings) {
		found.tell("address "+settings.Listen+": this shop is being served", nil)
	} else {
		found.tell("address "+settings.Listen, web.Free(ctx, settings.Listen, settings.MetricsListen))
	}
	if fresh {
		found.todo(`there is no database ` + file + ` yet: "stoa serve" makes it; if there should be one, look at STOA_DATA`)
	} else {
		inspect(ctx, settings, &found)
	}
	if settings.SMTP != "" {
		found.tell("mail server", dial(ctx, settings.SMTP))
	} else {
		found.todo("STOA_SMTP_URL is not set: mails are kept in the back office and not sent")
	}
	return found.err()
}

// inspect looks at a shop that is there.
func inspect(ctx context.Context, settings stoa.Settings, found *findings) {
	shop, err := stoa.New(ctx, settings, stoa.WithoutSearch())
	if !found.tell("database, data folder and master key", err) {
		return
	}
	defer shop.Close()
	if shop.Market.Current(ctx).Open() {
		found.tell("shop is set up", nil)
	} else {
		found.todo(`the shop is not set up yet: open the link that "stoa serve" printed ("stoa setup" prints a new one)`)
	}
	dead, err := shop.DeadJobs(ctx)
	if err == nil && dead > 0 {
		err = fmt.Errorf("%d jobs have failed for good; look at them in the back office", dead)
	}
	found.tell("background jobs", err)
}

// findings are what a doctor found, told line by line.
type findings struct{ troubles []error }

// tell writes that a thing is well or, with err, why it is not, and reports
// which.
func (f *findings) tell(what string, err error) bool {
	if err == nil {
		fmt.Printf("  well       %s\n", what)
		return true
	}
	f.troubles = append(f.troubles, err)
	fmt.Printf("  not well   %s: %s\n", what, strings.Join(said(err), "; "))
	return false
}

func (f *findings) todo(what string) { fmt.Printf("  to do      %s\n", what) }

// err is nil when nothing was found, else an error with the code of the first
// trouble that has one of its own.
func (f *findings) err() error {
	if len(f.troubles) == 0 {
		return nil
	}
	code := stoa.ExitFailure
	for _, t := range f.troubles {
		if code = stoa.ExitCode(t); code != stoa.ExitFailure {
			break
		}
	}
	return &stoa.ExitError{Code: code, Line: "not everything is well; the lines above say what to do"}
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
