package manual_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/provider/payment/manual"
	"github.com/stoashop/stoa/stoatest/paymenttest"
	"github.com/stoashop/stoa/words"
)

func settings(t *testing.T) payment.Settings {
	s, err := payment.Tidy(manual.New().Info().Settings, map[string]string{
		"holder": "Kiln & Loom GmbH", "iban": "de89 3704 0044 0532 0130 00", "bic": "cobadeffxxx", "bank": "Commerzbank",
		"transfer_note": `{"en":"We ship when the money is here.","de":"Wir versenden nach Zahlungseingang."}`,
		"delivery_note": `{"en":"The carrier takes cash only."}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	for _, method := range []string{manual.Transfer, manual.Delivery} {
		t.Run(method, func(t *testing.T) {
			paymenttest.Run(t, func(t *testing.T) *paymenttest.Rig {
				return &paymenttest.Rig{Provider: manual.New(), Settings: settings(t), Method: method}
			})
		})
	}
}

func TestInstructions(t *testing.T) {
	placed := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	due := payment.Due{Method: manual.Transfer, OrderNumber: "1042", Amount: money.Money{Amount: 4990, Currency: "EUR"}, PlacedAt: placed}

	got := manual.New().Instructions(settings(t), due)

	want := []payment.Line{
		{Label: "manual.amount", Money: due.Amount, Copy: true},
		{Label: "manual.holder", Value: "Kiln & Loom GmbH", Copy: true},
		{Label: "manual.iban", Value: "DE89 3704 0044 0532 0130 00", Copy: true},
		{Label: "manual.bic", Value: "COBADEFFXXX", Copy: true},
		{Label: "manual.bank", Value: "Commerzbank"},
		{Label: "manual.reference", Value: "1042", Copy: true},
	}
	if !reflect.DeepEqual(got.Lines, want) {
		t.Errorf("lines %+v, want %+v", got.Lines, want)
	}
	if got.Until != placed.AddDate(0, 0, 7) || got.Note["de"] != "Wir versenden nach Zahlungseingang." {
		t.Errorf("until %v, note %v", got.Until, got.Note)
	}

	due.Method = manual.Delivery
	got = manual.New().Instructions(settings(t), due)
	if len(got.Lines) != 1 || got.Lines[0].Money != due.Amount || !got.Until.IsZero() || got.Note["en"] == "" {
		t.Errorf("at the door: %+v", got)
	}
}

// Without an account to pay into, a bank transfer is not offered and, if asked
// for anyway, not promised. Cash needs no account.
func TestTransferNeedsAnAccount(t *testing.T) {
	p := manual.New()
	empty, err := payment.Tidy(p.Info().Settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if payment.Ready(p.Info(), manual.Transfer, empty) || !payment.Ready(p.Info(), manual.Delivery, empty) {
		t.Error("a transfer needs holder and IBAN, cash does not")
	}
	r := payment.Request{AttemptID: "pay_1", Method: manual.Transfer, Amount: money.Money{Amount: 100, Currency: "EUR"}}
	if o, err := p.Authorize(t.Context(), empty, r); err != nil || o.Status != payment.Declined || o.Reason != payment.ReasonUnavailable {
		t.Errorf("outcome %+v, %v", o, err)
	}
}

func TestAccountNumbersAreChecked(t *testing.T) {
	tests := []struct{ field, in, want, reason string }{
		{"iban", "DE89370400440532013000", "DE89370400440532013000", ""},
		{"iban", "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432", ""},
		{"iban", "FR14-2004-1010-0505-0001-3M02-606", "FR1420041010050500013M02606", ""},
		{"iban", "DE88370400440532013000", "", "manual.iban.wrong"},
		{"iban", "DE893704004405320130", "", "manual.iban.wrong"},
		{"iban", "8937040044053201", "", "manual.iban.wrong"},
		{"iban", "DE89", "", "manual.iban.wrong"},
		{"iban", "DE8937040044053201300ö", "", "manual.iban.wrong"},
		{"bic", "deutdeff", "DEUTDEFF", ""},
		{"bic", "DEUT DE FF 500", "DEUTDEFF500", ""},
		{"bic", "DEUTDEF", "", "manual.bic.wrong"},
		{"bic", "DEU1DEFF", "", "manual.bic.wrong"},
		{"bic", "DEUTDEF*", "", "manual.bic.wrong"},
	}
	for _, tt := range tests {
		got, err := payment.Tidy(manual.New().Info().Settings, map[string]string{tt.field: tt.in})
		var f *fault.Error
		reason := ""
		if errors.As(err, &f) {
			reason = f.Fields[0].Reason
		}
		if got[tt.field] != tt.want || reason != tt.reason {
			t.Errorf("%s %q = %q, %q, want %q, %q", tt.field, tt.in, got[tt.field], reason, tt.want, tt.reason)
		}
	}
}

// Every message key that the provider names is in the catalogue.
func TestWords(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	p := manual.New()
	var keys []string
	i := p.Info()
	keys = append(keys, i.Name)
	for _, m := range i.Methods {
		keys = append(keys, m.Name, m.Help)
		for _, l := range p.Instructions(settings(t), payment.Due{Method: m.ID, OrderNumber: "1"}).Lines {
			keys = append(keys, l.Label)
		}
	}
	for _, f := range i.Settings {
		keys = append(keys, f.Label, f.Help)
	}
	for _, lang := range catalog.Languages() {
		for _, key := range keys {
			if p := catalog.Printer(lang, nil); key != "" && p.T(key) == key {
				t.Errorf("no text for %s in %s", key, lang)
			}
		}
	}
}

// A promise that was made elsewhere is not ours to change, however well its
// facts fit.
func TestOnlyOwnPromises(t *testing.T) {
	a := payment.Attempt{ID: "pay_1", Reference: "sbx_1", Amount: 2000, Currency: "EUR", Live: true, Status: payment.Pledged}
	a.Facts = a.Replay(nil)
	c := payment.Change{Key: "pen_1", Attempt: a, Amount: 2000}
	if f, err := manual.New().Capture(t.Context(), nil, c); fault.Reason(err) != "payment.unknown_reference" || f.Captured != 0 {
		t.Errorf("facts %+v, %v", f, err)
	}
}

// What staff note survives in the ledger alone: money in, part of it back, and
// the same note again.
func TestNotesSurviveInTheLedger(t *testing.T) {
	p := manual.New()
	r := payment.Request{AttemptID: "pay_1", Method: manual.Delivery, Amount: money.Money{Amount: 2000, Currency: "EUR"}}
	o, err := p.Authorize(t.Context(), settings(t), r)
	if err != nil {
		t.Fatal(err)
	}
	a := payment.Attempt{ID: "pay_1", Amount: 2000, Currency: "EUR", Live: true, Status: payment.Started}
	a, ledger := a.Answered(o, nil)
	note := func(key string, amount money.Minor, by func(payment.Change) (payment.Facts, error), want payment.State) {
		t.Helper()
		a.Facts = a.Replay(ledger)
		f, err := by(payment.Change{Key: key, Attempt: a, Amount: amount})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		var lines []payment.Entry
		a, lines = a.Learned(f)
		if ledger = append(ledger, lines...); a.State() != want {
			t.Errorf("after %s: %s, want %s", key, a.State(), want)
		}
	}
	in := func(c payment.Change) (payment.Facts, error) { return p.Capture(t.Context(), nil, c) }
	out := func(c payment.Change) (payment.Facts, error) { return p.Refund(t.Context(), nil, c) }
	note("pen_1", 1500, in, payment.PartlyPaid)
	note("pen_1", 1500, in, payment.PartlyPaid)
	note("pen_2", 500, in, payment.Paid)
	note("ref_1", 700, out, payment.PartlyRefunded)
	note("ref_1", 700, out, payment.PartlyRefunded)
	if f := a.Replay(ledger); f.Captured != 2000 || f.Refunded != 700 || a.Status != payment.Settled {
		t.Errorf("%s, %+v from %v", a.Status, f, ledger)
	}
}
