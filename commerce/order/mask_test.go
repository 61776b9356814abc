package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
)

func TestB25_aForwardedLinkTellsNobodyWhoOrdered(t *testing.T) {
	billing := market.Address{Name: "Élodie", Company: "Œuf SARL", Line1: "1 rue X", City: "Lyon", Postcode: "69001", Country: "FR"}
	in := order.Contact{
		Email:    "ada.lovelace@mail.example.co.uk",
		Shipping: market.Address{Name: "Ada King Lovelace", Line1: "Torstraße 1", Line2: "2. OG", City: "Berlin", Postcode: "10119", Country: "DE", Phone: "+49 30 1234567"},
		Billing:  &billing,
	}
	want := order.Contact{
		Email:    "a•••@m•••.uk",
		Shipping: market.Address{Name: "A••• K••• L•••", Line1: "•••", Line2: "•••", City: "Berlin", Postcode: "1•••", Country: "DE", Phone: "•••"},
		Billing:  &market.Address{Name: "É•••", Company: "Œ•••", Line1: "•••", City: "Lyon", Postcode: "6•••", Country: "FR"},
	}
	if diff := cmp.Diff(want, in.Masked()); diff != "" {
		t.Error(diff)
	}
	if in.Shipping.Line1 != "Torstraße 1" || billing.Name != "Élodie" {
		t.Error("masking changed the order itself")
	}
	if diff := cmp.Diff(order.Contact{}, order.Contact{}.Masked()); diff != "" {
		t.Errorf("an empty contact says something: %s", diff)
	}
}
