package kit

import (
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Money is how the API writes and reads amounts: a plain decimal as text,
// because JSON numbers are not exact everywhere.
type Money struct {
	Amount   string `json:"amount" required:"true" max:"24" doc:"A decimal such as 19.99, with at most the currency's decimals."`
	Currency string `json:"currency" required:"true" max:"3" doc:"ISO 4217 code."`
}

// Price writes an amount of a document in its currency.
func Price(m money.Minor, currency string) Money {
	return Money{m.Decimal(currency), currency}
}

// Minor reads the amount, which must be in the given currency. path names the
// input for the fault: "price".
func (m Money) Minor(path, currency string) (money.Minor, error) {
	if m.Currency != currency {
		return 0, fault.New(fault.Invalid, "form.invalid").At(path+".currency", "form.not_a_choice")
	}
	n, err := money.Parse(m.Amount, currency)
	if err != nil {
		return 0, fault.New(fault.Invalid, "form.invalid").At(path+".amount", "form.not_an_amount").Because(err)
	}
	return n, nil
}
