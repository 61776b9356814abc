package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/platform/db"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token and print its key, once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens, the newest first."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke a token: its next request is refused."`
}

type tokenCreateCmd struct {
	Name    string        `arg:"" help:"What the program is for."`
	Scope   []string      `placeholder:"SCOPE" help:"What it may do, several with commas: ${scopes}."`
	Role    string        `enum:",manager,fulfilment,support,read_only" default:"" help:"Or everything a role may do through the API: manager, fulfilment, support or read_only."`
	Expires time.Duration `placeholder:"DURATION" help:"How long it lasts, such as 720h; for ever when not given."`
}

// scopeNames lists the scopes for the help text.
func scopeNames() string {
	var names []string
	for _, p := range staff.Scopes() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// Run prints nothing but the key on standard output, so that a script can take
// it; what it is for goes to standard error.
func (c tokenCreateCmd) Run(ctx context.Context, all *commands) error {
	if (len(c.Scope) == 0) == (c.Role == "") {
		return usage("say what the token may do: either --scope catalog.read,order.read or --role read_only")
	}
	n := staff.NewToken{Name: c.Name, Scopes: staff.ScopesOf(policy.Role(c.Role))}
	for _, s := range c.Scope {
		if !slices.Contains(staff.Scopes(), policy.Permission(s)) {
			return usage("there is no scope %q; the scopes are %s", s, scopeNames())
		}
		n.Scopes = append(n.Scopes, policy.Permission(s))
	}
	if c.Expires < 0 {
		return usage("--expires must be a time to come, such as 720h")
	}
	return all.withShop(ctx, func(shop *stoa.Shop) error {
		if c.Expires > 0 {
			n.ExpiresAt = shop.DB.Now().Add(c.Expires)
		}
		var key string
		err := shop.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			_, key, err = shop.Staff.MakeToken(ctx, tx, audit.System("command line"), staff.Scopes(), n)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "Keep this key; it is not stored and cannot be shown again:")
		fmt.Println(key)
		return nil
	})
}

type tokenListCmd struct{}

// Run prints one line a token.
func (tokenListCmd) Run(ctx context.Context, all *commands) error {
	return all.withShop(ctx, func(shop *stoa.Shop) error {
		out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(out, "ID\tNAME\tKEY\tSTATE\tLAST USED\tSCOPES")
		for before := ""; ; {
			list, err := shop.Staff.Tokens(ctx, shop.DB, before, 100)
			if err != nil {
				return err
			}
			for _, t := range list {
				var scopes []string
				for _, p := range t.Scopes {
					scopes = append(scopes, string(p))
				}
				fmt.Fprintf(out, "%s\t%s\t…%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Hint, tokenState(t, shop.DB.Now()), day(t.UsedAt), strings.Join(scopes, ","))
				before = t.ID
			}
			if len(list) < 100 {
				return out.Flush()
			}
		}
	})
}

func tokenState(t staff.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.Live(now):
		return "expired"
	case t.ExpiresAt.IsZero():
		return "for ever"
	}
	return "until " + day(t.ExpiresAt)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

type tokenRevokeCmd struct {
	ID string `arg:"" help:"Id of the token, as stoa token list shows it."`
}

// Run may be called twice.
func (c tokenRevokeCmd) Run(ctx context.Context, all *commands) error {
	return all.withShop(ctx, func(shop *stoa.Shop) error {
		return shop.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := shop.Staff.RevokeToken(ctx, tx, audit.System("command line"), c.ID)
			return err
		})
	})
}

// withShop runs fn with the shop of the settings.
func (c *commands) withShop(ctx context.Context, fn func(*stoa.Shop) error) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	shop, err := stoa.New(ctx, settings, stoa.WithoutSearch())
	if err != nil {
		return err
	}
	return errors.Join(fn(shop), shop.Close())
}
