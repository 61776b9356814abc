// Package tax knows rates and whom they concern: a table of rates with the
// day each takes effect, the areas that tax law carves out of countries, and
// what is collected where nothing applies. It does no arithmetic on baskets;
// that is commerce/pricing.
package tax

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// Standard is the class of goods to which nothing special applies.
const Standard = "standard"

// Exempt is the class of what is never taxed when it is sold: gift cards,
// deposits. It needs no rows in the table.
const Exempt = "exempt"

// Row is one rate of one class in one area for one span of time.
type Row struct {
	ID      string     `json:"id"`
	Country string     `json:"country"` // ISO 3166-1
	Region  string     `json:"region"`  // code within the country; empty is all of it that no other row names
	Class   string     `json:"class"`   // code of the tax class
	Rate    money.Rate `json:"rate"`    // 0..money.Whole
	Name    string     `json:"name"`    // as invoices there call it: "MwSt."
	Source  string     `json:"source"`  // publication and its address; never empty
	From    time.Time  `json:"from"`    // first instant
	To      time.Time  `json:"to"`      // first instant no more; zero while no end is known
	Version int64      `json:"version"` // counts the changes of the row
}

// Class is a kind of goods that is taxed alike.
type Class struct {
	ID       string      `json:"id"`
	Code     string      `json:"code"` // "standard"; never changes
	Name     locale.Text `json:"name"`
	Position int         `json:"position"`
	Version  int64       `json:"version"`
}

// Table is the rates a shop collects. Where it has no row for a place, the
// shop collects nothing there; see Outside.
type Table []Row

// Place is a destination as an address gives it. Region and Postcode may be
// empty.
type Place struct {
	Country  string
	Region   string
	Postcode string
}

// Outside is what a market does about places the table does not know.
type Outside string

const (
	// Refuse does not sell there: nobody has said what to collect.
	Refuse Outside = "refuse"
	// Zero sells without tax and says why on the order.
	Zero Outside = "zero"
)

// Applied is a rate found for a destination, with everything a quote keeps.
type Applied struct {
	Rate   money.Rate
	Home   money.Rate // the rate where the shop is at home, for prices listed with tax
	Name   string
	Code   string // "DE", "US-CA", "export", "not_registered", "exempt"
	Reason string // why nothing is collected: "tax.export", "tax.not_registered", "tax.exempt"
	Source string // id of the row
}

// Rate returns the row for an area, a class and an instant: one that names the
// region before one for the whole country, the latest to begin before others.
// ok is false when there is none.
func (t Table) Rate(a Area, class string, at time.Time) (row Row, ok bool) {
	for _, r := range t {
		switch {
		case r.Country != a.Country || r.Class != class:
		case r.Region != a.Region && (r.Region != "" || a.Apart):
		case at.Before(r.From) || (!r.To.IsZero() && !at.Before(r.To)):
		case !ok, row.Region == "" && r.Region != "", row.Region == r.Region && r.From.After(row.From):
			row, ok = r, true
		}
	}
	return row, ok
}

// covers reports whether the table has any rate in force for the area.
func (t Table) covers(a Area, at time.Time) bool {
	return slices.ContainsFunc(t, func(r Row) bool {
		return r.Country == a.Country && (r.Region == a.Region || (r.Region == "" && !a.Apart)) &&
			!at.Before(r.From) && (r.To.IsZero() || at.Before(r.To))
	})
}

// Resolve finds what each class is charged at the destination. home is where
// the shop is; listed prices with tax contain its rates.
//
// A place the table does not know is refused with "tax.unknown_destination" at
// "country", or charged nothing under Zero, with the reason. A class without a
// rate in a place that has others fails with "tax.rate_missing": it is never
// taken to be 0 %.
func (t Table) Resolve(home, to Place, classes []string, at time.Time, outside Outside) (map[string]Applied, error) {
	from, area := Locate(home), Locate(to)
	known := t.covers(area, at)
	if !known && outside != Zero {
		return nil, fault.New(fault.Invalid, "tax.unknown_destination").With("country", to.Country).
			At("country", "tax.unknown_destination", "country", to.Country)
	}
	found := make(map[string]Applied, len(classes))
	for _, class := range classes {
		var a Applied
		if row, ok := t.Rate(from, class, at); ok {
			a.Home = row.Rate
		}
		row, ok := t.Rate(area, class, at)
		switch {
		case class == Exempt:
			a.Code, a.Reason = "exempt", "tax.exempt"
		case ok:
			a.Rate, a.Name, a.Code, a.Source = row.Rate, row.Name, row.Country, row.ID
			if row.Region != "" {
				a.Code += "-" + row.Region
			}
		case known:
			return nil, fault.New(fault.Conflict, "tax.rate_missing").With("class", class).With("country", to.Country)
		case area.Country == from.Country && !area.Apart:
			a.Code, a.Reason = "not_registered", "tax.not_registered"
		default:
			a.Code, a.Reason = "export", "tax.export"
		}
		found[class] = a
	}
	return found, nil
}

// Shown converts a listed price for display: from with tax to without or the
// other way round. Listed and shown the same way it is left alone.
func Shown(price money.Minor, rate money.Rate, listedWith, shownWith bool) (money.Minor, error) {
	switch {
	case listedWith == shownWith:
		return price, nil
	case listedWith:
		net, _, err := price.Net(rate)
		return net, err
	}
	tax, err := price.Part(rate, money.HalfUp)
	if err != nil {
		return 0, err
	}
	return price.Add(tax)
}

// Note is the message that says how a shown price relates to tax, with the
// parameters "rate" (money.Rate) and "name" for its text: "incl. 19% MwSt.".
func (a Applied) Note(shownWith bool) string {
	switch {
	case a.Reason != "":
		return a.Reason
	case a.Rate == 0:
		return "tax.none"
	case shownWith:
		return "tax.included"
	}
	return "tax.excluded"
}

// Title is a tax's name in the reader's language. Value added tax is known by
// what its countries call it; what staff named otherwise stays as it is.
func Title(name string, p *locale.Printer) string {
	switch name {
	case "VAT", "MwSt.", "MWST", "USt.", "TVA", "BTW/TVA", "btw", "IVA", "moms", "ALV", "DPH", "DDV", "PDV", "PVM", "PVN", "käibemaks", "ÁFA", "ΦΠΑ", "ДДС":
		return p.T("tax.vat")
	case "Sales tax":
		return p.T("tax.sales")
	}
	return name
}

// Validate checks a row that staff entered. The fields are the names of the
// columns: "country", "region", "class", "rate", "name", "source", "to".
func (r Row) Validate() error {
	var form fault.Form
	if !upper(r.Country, 2, 2) {
		form.Add("country", "form.not_a_choice")
	}
	if r.Region != "" && !upper(r.Region, 1, 10) {
		form.Add("region", "form.not_a_choice")
	}
	if r.Class == "" || r.Class == Exempt {
		form.Add("class", "form.not_a_choice")
	}
	switch {
	case r.Rate < 0:
		form.Add("rate", "form.too_small", "min", 0)
	case r.Rate > money.Whole:
		form.Add("rate", "form.too_large", "max", 100)
	}
	for _, f := range []struct{ path, text string }{{"name", r.Name}, {"source", r.Source}} {
		switch {
		case strings.TrimSpace(f.text) == "":
			form.Add(f.path, "form.required")
		case !utf8.ValidString(f.text):
			form.Add(f.path, "form.not_utf8")
		case len(f.text) > 300:
			form.Add(f.path, "form.too_long", "max", 300)
		}
	}
	if r.From.IsZero() {
		form.Add("from", "form.required")
	} else if !r.To.IsZero() && !r.To.After(r.From) {
		form.Add("to", "tax.ends_before_it_begins")
	}
	return form.Err()
}

// Validate checks a class that staff entered. Fields: "code", "name.LANG".
func (c Class) Validate() error {
	var form fault.Form
	if c.Code == "" || len(c.Code) > 40 || strings.Trim(c.Code, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		form.Add("code", "tax.code")
	}
	if len(c.Name) == 0 {
		form.Add("name", "form.required")
	}
	for lang, name := range c.Name {
		switch {
		case strings.TrimSpace(name) == "":
			form.Add("name."+lang, "form.required")
		case !utf8.ValidString(name):
			form.Add("name."+lang, "form.not_utf8")
		case utf8.RuneCountInString(name) > 100:
			form.Add("name."+lang, "form.too_long", "max", 100)
		}
	}
	return form.Err()
}

func upper(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
}
