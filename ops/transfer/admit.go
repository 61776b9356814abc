package transfer

import (
	"context"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// personFields are the custom fields for what files say of customers and the
// shop has no place for, those included that it has already. Only those that
// the file fills are made.
func (ses *session) personFields() []custom.Field {
	filled := func(id string) bool {
		i, ok := ses.sheet.index[id]
		return ok && ses.sheet.stats[i].filled > 0
	}
	var out []custom.Field
	for _, f := range []struct {
		id, code string
		kind     custom.Kind
		name     locale.Text
	}{
		{"marketing", "accepts_marketing", custom.Truth, locale.Text{"en": "Wants advertising mail", "de": "Möchte Werbung per E-Mail"}},
		{"tags", "customer_tags", custom.Text, locale.Text{"en": "Tags", "de": "Schlagwörter"}},
		{"tax exempt", "tax_exempt", custom.Truth, locale.Text{"en": "Tax exempt", "de": "Steuerbefreit"}},
		{"note", "customer_note", custom.Text, locale.Text{"en": "Note", "de": "Notiz"}},
	} {
		if filled(f.id) {
			out = append(out, custom.Field{Owner: custom.Customer, Code: f.code, Kind: f.kind, Name: f.name})
		}
	}
	for _, c := range ses.sheet.columns {
		if d, ok := ses.sheet.opt.Own.By(c.key); ok && strings.HasPrefix(c.id, ownColumn) && filled(c.id) {
			out = append(out, d)
		}
	}
	return out
}

// admit makes the step of one customer.
func (ses *session) admit(i int) (step, error) {
	c, problems, err := ses.sheet.Customer(i)
	if err != nil {
		return step{}, err
	}
	if Refused(problems) {
		return step{counts: Counts{Refused: 1}, problems: problems}, nil
	}
	return step{do: func(ctx context.Context, tx *db.Tx, _ map[string]string) (Counts, []Problem, error) {
		opened, err := ses.s.people.Admit(ctx, tx, ses.actor, ses.person(c))
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
			return Counts{}, nil, &refusal{append(slices.Clone(problems), personProblems(c, err)...)}
		case err != nil:
			return Counts{}, nil, err
		case opened:
			return Counts{Created: 1}, problems, nil
		}
		return Counts{Unchanged: 1}, problems, nil
	}}, nil
}

func (ses *session) person(c Customer) customer.Admission {
	p := customer.Admission{Email: c.Email, Name: strings.TrimSpace(c.FirstName + " " + c.LastName), Phone: c.Phone, Locale: ses.lang, Fields: custom.Values{}}
	for _, a := range c.Addresses {
		p.Addresses = append(p.Addresses, market.Normalize(market.Address{
			Name: p.Name, Company: a.Company, Line1: a.Line1, Line2: a.Line2,
			City: a.City, Region: a.Region, Postcode: a.Postcode, Country: a.Country, Phone: a.Phone,
		}))
	}
	set := func(code string, v custom.Value, given bool) {
		if _, ok := ses.defs[custom.Customer].By(code); ok && given {
			p.Fields[code] = v
		}
	}
	set("accepts_marketing", custom.OfTruth(c.Marketing), true)
	set("tax_exempt", custom.OfTruth(c.TaxExempt), true)
	set("customer_tags", custom.OfWords(strings.Join(c.Tags, ", ")), len(c.Tags) > 0)
	set("customer_note", custom.OfWords(c.Note), c.Note != "")
	for _, f := range c.Fields {
		d, ok := ses.defs[custom.Customer].By(f.Key)
		if v, empty, fits := d.Parse(f.Value); ok && fits && !empty {
			p.Fields[f.Key] = v
		}
	}
	return p
}

// personProblems says what is wrong with a customer. The value itself is not
// repeated: reports are read by more people than the file.
func personProblems(c Customer, err error) []Problem {
	row := 0
	if len(c.Rows) > 0 {
		row = c.Rows[0]
	}
	f := fault.From(err)
	var out []Problem
	for _, field := range f.Fields {
		out = append(out, Problem{Row: row, Column: field.Path, Reason: field.Reason, Params: field.Params})
	}
	if len(out) == 0 {
		out = []Problem{{Row: row, Reason: f.Reason, Params: f.Params}}
	}
	return out
}
