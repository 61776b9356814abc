package kit

import (
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Money is how the API writes and reads amounts: a whole number of the
// currency's smallest unit (rule B1), so that no program has to trust its
// language's decimals.
type Money struct {
	Amount   int64  `json:"amount" required:"true" doc:"In the currency's smallest unit: 1999 is 19.99 EUR, 1999 JPY, 1.999 KWD."`
	Currency string `json:"currency" required:"true" max:"3" doc:"ISO 4217 code."`
}

// Price writes an amount of a document in its currency.
func Price(m money.Minor, currency string) Money { return Money{int64(m), currency} }

// Minor reads the amount, which must be zero or more and in the given
// currency. path names the input for the fault: "price".
func (m Money) Minor(path, currency string) (money.Minor, error) {
	switch {
	case m.Currency != currency:
		return 0, fault.New(fault.Invalid, "form.invalid").At(path+".currency", "form.not_a_choice")
	case m.Amount < 0:
		return 0, fault.New(fault.Invalid, "form.invalid").At(path+".amount", "form.too_small", "min", int64(0))
	}
	return money.Minor(m.Amount), nil
}
