// Package manual is the payment provider for money that people move: by bank
// transfer before the goods leave, or in cash at the door. An order is placed
// on the promise; staff note what came and what they gave back.
package manual

import (
	"context"
	"math/big"
	"strings"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
)

// ID is the provider's id; Transfer and Delivery are its methods.
const (
	ID       = "manual"
	Transfer = "bank_transfer"
	Delivery = "cash_on_delivery"
)

// Provider implements payment.Provider, Capturer, Canceller, Refunder and
// Instructor. It asks nobody, so there is nothing to fetch and no answer to
// lose: what happened is what staff noted, which is Change.Attempt.Facts.
type Provider struct{}

// New returns the provider.
func New() Provider { return Provider{} }

// Info implements payment.Provider.
func (Provider) Info() payment.Info {
	return payment.Info{
		ID:   ID,
		Name: "manual.name",
		Methods: []payment.Method{
			{ID: Transfer, Name: "manual.bank_transfer", Help: "manual.bank_transfer.help", Icon: "bank"},
			{ID: Delivery, Name: "manual.cash_on_delivery", Help: "manual.cash_on_delivery.help", Icon: "cash"},
		},
		Settings: []payment.Field{
			{Name: "holder", Kind: payment.Text, Label: "manual.holder", Required: true, Method: Transfer, MaxLength: 70},
			{Name: "iban", Kind: payment.Text, Label: "manual.iban", Help: "manual.iban.help", Required: true, Method: Transfer, Check: iban},
			{Name: "bic", Kind: payment.Text, Label: "manual.bic", Help: "manual.bic.help", Method: Transfer, Check: bic},
			{Name: "bank", Kind: payment.Text, Label: "manual.bank", Method: Transfer, MaxLength: 70},
			{Name: "days", Kind: payment.Number, Label: "manual.days", Help: "manual.days.help", Method: Transfer, Default: "7", Min: 1, Max: 60},
			{Name: "transfer_note", Kind: payment.LocalText, Label: "manual.transfer_note", Help: "manual.note.help", Method: Transfer, MaxLength: 500},
			{Name: "delivery_note", Kind: payment.LocalText, Label: "manual.delivery_note", Help: "manual.note.help", Method: Delivery, MaxLength: 500},
		},
		ByHand:       true,
		ManyCaptures: true,
	}
}

// Authorize implements payment.Provider: the order stands on a promise.
func (p Provider) Authorize(_ context.Context, s payment.Settings, r payment.Request) (payment.Outcome, error) {
	if _, ok := p.Info().Method(r.Method); !ok || !payment.Ready(p.Info(), r.Method, s) {
		return payment.Outcome{Status: payment.Declined, Reason: payment.ReasonUnavailable}, nil
	}
	return payment.Outcome{
		Status:    payment.Promised,
		Reference: reference(r.AttemptID),
		Facts: payment.Facts{
			Reference: reference(r.AttemptID), AttemptID: r.AttemptID, Live: true,
			Amount: r.Amount.Amount, Currency: r.Amount.Currency,
		},
	}, nil
}

// reference names a payment that nobody else has a name for.
func reference(attemptID string) string { return "manual_" + attemptID }

// known checks that a change is about a promise made here.
func known(c payment.Change) (payment.Facts, error) {
	f := c.Attempt.Facts
	if c.Attempt.ID == "" || c.Attempt.Reference != reference(c.Attempt.ID) || f.AttemptID != c.Attempt.ID {
		return f, fault.New(fault.NotFound, "payment.unknown_reference")
	}
	return f, nil
}

// Capture implements payment.Capturer: money came in.
func (Provider) Capture(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	f, err := known(c)
	if err != nil {
		return f, err
	}
	return f.Capture(c.Key, c.Amount)
}

// Refund implements payment.Refunder: money was given back.
func (Provider) Refund(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	f, err := known(c)
	if err != nil {
		return f, err
	}
	return f.Refund(c.Key, c.Amount)
}

// Cancel implements payment.Canceller: no money is expected any more.
func (Provider) Cancel(_ context.Context, _ payment.Settings, c payment.Change) (payment.Facts, error) {
	f, err := known(c)
	if err != nil {
		return f, err
	}
	return f.Cancel()
}

// Instructions implements payment.Instructor.
func (Provider) Instructions(s payment.Settings, d payment.Due) payment.Instructions {
	if d.Method == Delivery {
		return payment.Instructions{
			Lines: []payment.Line{{Label: "manual.have_ready", Money: d.Amount}},
			Note:  s.Text("delivery_note"),
		}
	}
	in := payment.Instructions{Note: s.Text("transfer_note")}
	line := func(label, value string, copies bool) {
		if value != "" {
			in.Lines = append(in.Lines, payment.Line{Label: label, Value: value, Copy: copies})
		}
	}
	in.Lines = append(in.Lines, payment.Line{Label: "manual.amount", Money: d.Amount, Copy: true})
	line("manual.holder", s["holder"], true)
	line("manual.iban", spaced(s["iban"]), true)
	line("manual.bic", s["bic"], true)
	line("manual.bank", s["bank"], false)
	line("manual.reference", d.OrderNumber, true)
	if days := s.Number("days"); days > 0 && !d.PlacedAt.IsZero() {
		in.Until = d.PlacedAt.AddDate(0, 0, int(days))
	}
	return in
}

// iban tidies an IBAN to capitals without spaces and checks its two check
// digits (ISO 13616).
func iban(v string) (tidy, reason string) {
	v = strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(v))
	if len(v) < 15 || len(v) > 34 || !letters(v[:2]) {
		return "", "manual.iban.wrong"
	}
	var digits strings.Builder
	for _, c := range v[4:] + v[:4] {
		switch {
		case c >= '0' && c <= '9':
			digits.WriteRune(c)
		case c >= 'A' && c <= 'Z':
			digits.WriteString(big.NewInt(int64(c - 'A' + 10)).String())
		default:
			return "", "manual.iban.wrong"
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	if !ok || new(big.Int).Mod(n, big.NewInt(97)).Int64() != 1 {
		return "", "manual.iban.wrong"
	}
	return v, ""
}

// bic tidies a BIC: four letters, a country, two and maybe three more.
func bic(v string) (tidy, reason string) {
	v = strings.ToUpper(strings.ReplaceAll(v, " ", ""))
	if len(v) != 8 && len(v) != 11 || !letters(v[:6]) {
		return "", "manual.bic.wrong"
	}
	for _, c := range v {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", "manual.bic.wrong"
		}
	}
	return v, ""
}

func letters(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// spaced writes an IBAN in groups of four, as on paper.
func spaced(v string) string {
	var b strings.Builder
	for i, c := range v {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

var (
	_ payment.Capturer   = Provider{}
	_ payment.Canceller  = Provider{}
	_ payment.Refunder   = Provider{}
	_ payment.Instructor = Provider{}
)
