package sandbox_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/provider/payment/sandbox/bank"
)

// B1: what the shop asks for in any currency of ISO 4217 is what the bank has
// in its books, and what the bank answers is what the shop reads: the same
// whole number, neither multiplied nor divided on the way.
func TestB1_everyCurrencyReachesTheBankWhole(t *testing.T) {
	b, p := start(t, bank.Options{})
	for _, code := range money.Codes() {
		id := "pat_" + code
		out, err := p.Authorize(t.Context(), payment.Settings{}, payment.Request{
			AttemptID: id, OrderID: "ord_" + code, OrderNumber: "1001", Method: "card", Token: bank.Success.Token(), Locale: "en",
			Amount: money.Money{Amount: 1625, Currency: code}, ReturnURL: "https://shop.example/", WebhookURL: "https://shop.example/hook",
		})
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		books := truth(b, id)
		if len(books) != 1 || books[0].Amount != 1625 || books[0].Captured != 1625 || books[0].Currency != code {
			t.Errorf("%s: the bank has %+v", code, books)
		}
		if out.Status != payment.Approved || out.Facts.Amount != 1625 || out.Facts.Captured != 1625 || out.Facts.Currency != code {
			t.Errorf("%s: the shop reads %s, %+v", code, out.Status, out.Facts)
		}
	}
}
