// Package stoatest runs whole shops for tests: the same program that serves
// people, on either engine, with the demo's goods, the sandbox bank, a mail
// server that keeps what it gets, and browsers to walk through it.
package stoatest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/stoatest/mailsink"
)

// Shop is a shop that is open on a port of the loopback address.
type Shop struct {
	*stoa.Shop
	URL   string
	Bank  *bank.Bank
	Mails *mailsink.Sink
}

// Mail is a letter that the shop sent.
type Mail = mailsink.Mail

// Each opens a filled shop on SQLite and one on PostgreSQL and runs fn with
// each.
func Each(t *testing.T, fn func(t *testing.T, s *Shop)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, New(t, db.SQLite)) })
	t.Run("postgres", func(t *testing.T) { fn(t, New(t, db.Postgres)) })
}

// EachEmpty is Each with shops that nobody has set up yet.
func EachEmpty(t *testing.T, fn func(t *testing.T, s *Shop)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, open(t, db.SQLite, false)) })
	t.Run("postgres", func(t *testing.T) { fn(t, open(t, db.Postgres, false)) })
}

// New opens a shop filled with the demo. It is closed with the test.
func New(t testing.TB, engine db.Engine) *Shop {
	t.Helper()
	return open(t, engine, true)
}

func open(t testing.TB, engine db.Engine, fill bool) *Shop {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Shop{URL: "http://" + listener.Addr().String(), Mails: mailsink.New(t)}
	s.Bank, err = bank.New(bank.Options{SecretKey: "sk_test", WebhookSecret: "whsec_test", Merchant: "Alltag"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Bank.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Bank.Close() })

	data := t.TempDir()
	known, err := stockPictures(data)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := stoa.ReadSettings([]string{
		"STOA_LISTEN=" + listener.Addr().String(),
		"STOA_DATA=" + data,
		"STOA_DATABASE=" + dbtest.URL(t, engine),
		"STOA_SMTP_URL=" + s.Mails.URL(),
		"STOA_SANDBOX_URL=" + s.Bank.URL(), "STOA_SANDBOX_KEY=sk_test", "STOA_SANDBOX_WEBHOOK_SECRET=whsec_test",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.Shop, err = stoa.New(ctx, settings, stoa.Log(slog.New(slog.NewTextHandler(writer{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	if err != nil {
		t.Fatal(err)
	}
	if fill {
		if _, err := demo.Fill(ctx, demo.Services{DB: s.DB, Market: s.Market, Shipping: s.Shipping, Fields: s.Fields, Catalog: s.Catalog, Stock: s.Stock, Content: s.Content, Payments: s.Payments, Upload: pictures{known, s.Upload}}, demo.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Search.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	handler, err := s.Handler(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	var all sync.WaitGroup
	all.Go(func() { _ = server.Serve(listener) })
	all.Go(func() { s.Work(ctx) })
	t.Cleanup(func() {
		server.Close()
		stop()
		all.Wait()
		s.Close()
	})
	return s
}

// writer passes the shop's warnings to the test's log.
type writer struct{ t testing.TB }

func (w writer) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}
