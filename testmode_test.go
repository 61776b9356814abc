package stoa_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// keyed is a payment provider that moves real money once it has a live key.
type keyed struct{ pages []string }

func (k keyed) Info() payment.Info {
	return payment.Info{
		ID: "keyed", Name: "keyed", Methods: []payment.Method{{ID: "card", Name: "keyed.card"}}, Pages: k.pages,
		Settings: []payment.Field{{Name: "key", Kind: payment.Text, Label: "keyed.key", MaxLength: 40}},
	}
}
func (keyed) Test(s payment.Settings) bool { return !strings.HasPrefix(s["key"], "sk_live") }
func (keyed) Authorize(context.Context, payment.Settings, payment.Request) (payment.Outcome, error) {
	return payment.Outcome{}, errors.New("nobody pays here")
}

func testShop(t *testing.T, url string, data string, p payment.Provider) (*stoa.Shop, error) {
	t.Helper()
	return stoa.New(t.Context(), stoa.Settings{
		Listen: "127.0.0.1:8080", Base: base, Data: data, Database: url, TestMode: true, MasterKey: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	}, stoa.Clock(clock.NewFake(dbtest.Began)), stoa.Payment(p), stoa.Log(slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))))
}

// TestTestMode_isRefusedBesideRealMoney sets the clock, gives the payment
// provider a live key, and finds the clock right and fixed; the next start is
// refused in one line. A provider whose pages are elsewhere is refused likewise.
func TestTestMode_isRefusedBesideRealMoney(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			url, data := dbtest.URL(t, engine), t.TempDir()
			shop, err := testShop(t, url, data, keyed{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = shop.Close() })
			handler, err := shop.Handler(nil)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(method, body string) (int, string) {
				r := httptest.NewRequest(method, base+"/test/clock", strings.NewReader(body))
				r.Header.Set("Content-Type", jsonType)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				return w.Code, w.Body.String()
			}
			later := `{"now":"2027-12-24T18:00:00Z"}`
			if status, body := ask(http.MethodPut, later); status != 200 || !strings.Contains(body, "2027-12-24T18:00:00Z") || !shop.Clock.Now().Equal(time.Date(2027, 12, 24, 18, 0, 0, 0, time.UTC)) {
				t.Fatalf("%d %s", status, body)
			}
			for _, bad := range []string{`{}`, `{"now":"tomorrow"}`, `{"now":"2027-12-24T18:00:00Z","nonsense":1}`, `[]`} {
				if status, body := ask(http.MethodPut, bad); status < 400 || status >= 500 {
					t.Errorf("%s: %d %s", bad, status, body)
				}
			}

			list := shop.Payments.All()
			var version int64
			for _, p := range list {
				if p.Provider.Info().ID == "keyed" {
					version = p.Version
				}
			}
			if err := shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return shop.Payments.Save(ctx, tx, audit.System("test"), "keyed", true, map[string]string{"key": "sk_live_1"}, version)
			}); err != nil {
				t.Fatal(err)
			}
			if now := shop.Clock.Now(); !now.Equal(dbtest.Began) {
				t.Errorf("with the live key the clock is at %s, want %s", now, dbtest.Began)
			}
			if status, body := ask(http.MethodPut, later); status != 403 || !strings.Contains(body, "request.test_mode_refused") {
				t.Errorf("beside a live key: %d %s", status, body)
			}
			if now := shop.Clock.Now(); !now.Equal(dbtest.Began) {
				t.Errorf("the clock is at %s, want %s", now, dbtest.Began)
			}
			_ = shop.Close()

			const want = "STOA_TEST_MODE is refused: a payment provider that moves real money is set up"
			if _, err := testShop(t, url, data, keyed{}); err == nil || err.Error() != want || stoa.ExitCode(err) != stoa.ExitSettings {
				t.Errorf("the next start: %v (%d), want %s", err, stoa.ExitCode(err), want)
			}
		})
	}
	const want = "STOA_TEST_MODE is refused: the payment address https://pay.example is not on this machine"
	if _, err := testShop(t, dbtest.URL(t, db.SQLite), t.TempDir(), keyed{[]string{"http://127.0.0.1:9", "https://pay.example"}}); err == nil || err.Error() != want {
		t.Errorf("pages elsewhere: %v, want %s", err, want)
	}
}
