package api

import "github.com/stoashop/stoa/commerce/market"

// address is where somebody lives or wants a parcel. It is kept as typed;
// what is wrong with it is among the problems of the cart.
type address struct {
	Name     string `json:"name" max:"200"`
	Company  string `json:"company" max:"200"`
	Line1    string `json:"line1" max:"200"`
	Line2    string `json:"line2" max:"200"`
	City     string `json:"city" max:"200"`
	Region   string `json:"region" max:"100" doc:"A code such as CA where the country has regions."`
	Postcode string `json:"postcode" max:"40"`
	Country  string `json:"country" max:"2" doc:"ISO 3166-1, such as DE."`
	Phone    string `json:"phone" max:"40"`
}

func (a address) market() market.Address { return market.Address(a) }

func addressOf(a market.Address) address { return address(a) }
