package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
)

type demoCmd struct {
	Fresh    bool `help:"Throw the demo's data away and start again."`
	Products int  `placeholder:"N" help:"Multiply the catalogue to N products, for measuring. A demo that is there already needs --fresh too."`
}

// Help is the part of the help that is longer than a line.
func (demoCmd) Help() string {
	return `The shop opens on http://localhost:8080 (STOA_LISTEN) and is kept in the folder stoa-data (STOA_DATA); the next start finds everything as it was left. Pay with the card 4242 4242 4242 4242. It ends on Ctrl+C.`
}

// Run fills a shop at the first start and serves it. The data stays; a second
// start finds it.
func (d demoCmd) Run(ctx context.Context, c *commands) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	release, err := mayServe(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	leave, err := d.prepare(ctx, settings)
	if err != nil {
		return err
	}
	defer func() { _ = leave() }()
	keys, err := demoKeys(settings.Data)
	if err != nil {
		return err
	}
	practice, err := startBank(settings, keys)
	if err != nil {
		return err
	}
	defer practice.Close()
	settings.SandboxURL, settings.SandboxKey, settings.SandboxWebhook = practice.URL(), keys.Secret, keys.Webhook

	shop, err := stoa.New(ctx, settings, stoa.Claimed())
	if err != nil {
		return err
	}
	if err := fill(ctx, shop, d.Products); err != nil {
		return errors.Join(err, shop.Close())
	}
	practice.Serve(shop.Market.Current(ctx).Shop.Name)
	return serve(ctx, shop, func() {
		fmt.Println("  Bank         " + practice.URL() + "  (practises payments; pay with card 4242 4242 4242 4242)")
	})
}

type bankKeys struct {
	Secret  string `json:"secret"`
	Webhook string `json:"webhook"`
}

// demoKeys are the keys between shop and bank, made at the first start.
func demoKeys(data string) (keys bankKeys, err error) {
	name := filepath.Join(data, "bank-keys.json")
	raw, err := os.ReadFile(name)
	if err == nil {
		return keys, json.Unmarshal(raw, &keys)
	}
	keys = bankKeys{Secret: "sk_sandbox_" + rand.Text(), Webhook: "whsec_sandbox_" + rand.Text()}
	if raw, err = json.Marshal(keys); err != nil {
		return keys, err
	}
	return keys, os.WriteFile(name, raw, 0o600)
}

// startBank starts the bank beside the shop: on the shop's port and one, or on
// any free one.
func startBank(s stoa.Settings, keys bankKeys) (*bank.Bank, error) {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = "localhost"
	}
	next := "0"
	if n, err := strconv.Atoi(port); err == nil && n > 0 {
		next = strconv.Itoa(n + 1)
	}
	for _, p := range []string{next, "0"} {
		var b *bank.Bank
		b, err = bank.New(bank.Options{SecretKey: keys.Secret, WebhookSecret: keys.Webhook, File: filepath.Join(s.Data, "bank.json")})
		if err != nil {
			return nil, err
		}
		if err = b.Start(net.JoinHostPort(host, p)); err == nil {
			return b, nil
		}
		b.Close()
	}
	return nil, fmt.Errorf("the sandbox bank finds no free port: %w", err)
}
