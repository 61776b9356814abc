package transfer

import (
	"context"
	"iter"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/kit/fault"
)

// People walks over all customers as ExportCustomers wants them, the newest
// first; erased ones are left out. The shop keeps a name in one piece: its last
// word is taken for the family name. Of an address book the default delivery
// address is told. It fails with "transfer.no_customers" when nobody keeps
// customers.
func (s *Service) People(ctx context.Context) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		if s.people == nil {
			yield(Customer{}, fault.New(fault.Invalid, "transfer.no_customers"))
			return
		}
		fields, err := s.fields.For(ctx, custom.Customer)
		if err != nil {
			yield(Customer{}, err)
			return
		}
		_, lang := s.defaults(ctx, Request{})
		filter := customer.Filter{Limit: 200}
		for {
			page, err := s.people.List(ctx, s.db, filter)
			if err != nil {
				yield(Customer{}, err)
				return
			}
			for _, c := range page {
				if c.Erased {
					continue
				}
				book, err := s.people.Addresses(ctx, s.db, c.ID)
				if !yield(readPerson(c, fields, book, lang), err) || err != nil {
					return
				}
			}
			if len(page) < filter.Limit {
				return
			}
			last := page[len(page)-1]
			filter.After, filter.AfterID = last.CreatedAt, last.ID
		}
	}
}

func readPerson(c customer.Customer, fields custom.Definitions, book []customer.Saved, lang string) Customer {
	c.Fields = fields.Known(c.Fields)
	out := Customer{
		Source: "stoa:" + c.ID, Email: c.Email, Phone: c.Phone,
		Marketing: c.Fields["accepts_marketing"].Truth, TaxExempt: c.Fields["tax_exempt"].Truth,
		Note: wordsOf(c.Fields["customer_note"]), Tags: splitList(wordsOf(c.Fields["customer_tags"]), ','),
	}
	for _, d := range fields {
		if v, ok := c.Fields[d.Code]; ok {
			out.Fields = append(out.Fields, Field{d.Code, texts(d, v).In(lang, "")})
		}
	}
	out.FirstName, out.LastName = splitName(c.Name)
	for _, a := range book {
		if a.DefaultShipping {
			out.Addresses = append(out.Addresses, Address{
				Company: a.Address.Company, Line1: a.Address.Line1, Line2: a.Address.Line2,
				City: a.Address.City, Region: a.Address.Region, Postcode: a.Address.Postcode, Country: a.Address.Country, Phone: a.Address.Phone,
			})
		}
	}
	return out
}

// wordsOf is the text of a field that is not translated.
func wordsOf(v custom.Value) string { return v.Text.In("", "") }

func splitName(name string) (first, last string) {
	if i := strings.LastIndexByte(name, ' '); i > 0 {
		return name[:i], name[i+1:]
	}
	return name, ""
}
