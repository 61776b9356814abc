package order

import (
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/market"
)

// hidden stands for what a masked text does not say.
const hidden = "•••"

// Masked is the contact as it is shown to whoever only holds the order's
// secret link, which may have been forwarded (rule B25): enough for its owner
// to recognise, not enough to find the owner.
func (c Contact) Masked() Contact {
	m := Contact{Email: maskEmail(c.Email), Shipping: maskAddress(c.Shipping)}
	if c.Billing != nil {
		billing := maskAddress(*c.Billing)
		m.Billing = &billing
	}
	return m
}

// maskAddress keeps town and country, the first letters of the name and the
// beginning of the postcode.
func maskAddress(a market.Address) market.Address {
	var names []string
	for _, word := range strings.Fields(a.Name) {
		names = append(names, first(word)+hidden)
	}
	m := market.Address{Name: strings.Join(names, " "), City: a.City, Region: a.Region, Country: a.Country}
	if a.Company != "" {
		m.Company = first(a.Company) + hidden
	}
	if a.Line1 != "" {
		m.Line1 = hidden
	}
	if a.Line2 != "" {
		m.Line2 = hidden
	}
	if a.Postcode != "" {
		m.Postcode = first(a.Postcode) + hidden
	}
	if a.Phone != "" {
		m.Phone = hidden
	}
	return m
}

// maskEmail turns "ada@example.com" into "a•••@e•••.com".
func maskEmail(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok {
		return ""
	}
	end := ""
	if i := strings.LastIndexByte(domain, '.'); i >= 0 {
		end = domain[i:]
	}
	return first(local) + hidden + "@" + first(domain) + hidden + end
}

// first is the first letter of a text.
func first(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
