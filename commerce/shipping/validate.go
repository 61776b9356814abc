package shipping

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Validate checks a zone that staff entered, without its methods. Fields:
// "name", "places", "places.N.country", "places.N.region",
// "places.N.postcode_from", "places.N.postcode_to".
func (z Zone) Validate() error {
	var form fault.Form
	text(&form, "name", z.Name, 100)
	if len(z.Places) == 0 {
		form.Add("places", "form.required")
	}
	if len(z.Places) > 500 {
		form.Add("places", "form.too_large", "max", 500)
		return form.Err()
	}
	seen := make(map[[3]string]bool)
	for i, p := range z.Places {
		at := "places." + strconv.Itoa(i) + "."
		if !capitals(p.Country) || len(p.Country) != 2 {
			form.Add(at+"country", "form.not_a_choice")
		}
		if p.Region != "" && (!capitals(p.Region) || len(p.Region) > 10) {
			form.Add(at+"region", "form.not_a_choice")
		}
		from, upto := compact(p.PostcodeFrom), compact(p.PostcodeTo)
		switch {
		case (from != "" && !capitals(from)) || len(from) > 12:
			form.Add(at+"postcode_from", "shipping.postcode_range")
		case (upto != "" && !capitals(upto)) || len(upto) > 12 || (upto != "" && (from == "" || cut(upto, len(from)) < cut(from, len(upto)))):
			form.Add(at+"postcode_to", "shipping.postcode_range")
		case p.Country == Everywhere && (p.Region != "" || from != ""):
			form.Add(at+"country", "form.not_a_choice")
		}
		key := [3]string{p.Country, p.Region, from}
		if seen[key] {
			form.Add(at+"country", "shipping.place_twice")
		}
		seen[key] = true
	}
	return form.Err()
}

// Validate checks a method that staff entered. Fields: "code", "name", "kind",
// "currency", "price", "rates", "rates.N.max_grams", "rates.N.price",
// "free_from", "days_min", "days_max".
func (m Method) Validate() error {
	var form fault.Form
	if !slug(m.Code) {
		form.Add("code", "shipping.code")
	}
	if len(m.Name) == 0 {
		form.Add("name", "form.required")
	}
	for lang, name := range m.Name {
		text(&form, "name."+lang, name, 100)
	}
	if !money.Known(m.Currency) {
		form.Add("currency", "form.not_a_choice")
	}
	if m.Price < 0 {
		form.Add("price", "form.too_small", "min", 0)
	}
	if m.FreeFrom < 0 {
		form.Add("free_from", "form.too_small", "min", 0)
	}
	switch m.Kind {
	case Flat:
		if len(m.Rates) > 0 {
			form.Add("rates", "shipping.flat_has_no_table")
		}
	case ByWeight:
		if m.Price != 0 {
			form.Add("price", "shipping.table_has_no_price")
		}
		m.table(&form)
	default:
		form.Add("kind", "form.not_a_choice")
	}
	switch {
	case m.DaysMin < 0:
		form.Add("days_min", "form.too_small", "min", 0)
	case m.DaysMax < m.DaysMin:
		form.Add("days_max", "form.too_small", "min", m.DaysMin)
	case m.DaysMax > 365:
		form.Add("days_max", "form.too_large", "max", 365)
	}
	return form.Err()
}

func (m Method) table(form *fault.Form) {
	if len(m.Rates) == 0 {
		form.Add("rates", "form.required")
	}
	if len(m.Rates) > 100 {
		form.Add("rates", "form.too_large", "max", 100)
		return
	}
	var last int64
	for i, r := range m.Rates {
		at := "rates." + strconv.Itoa(i) + "."
		if r.MaxGrams <= last {
			form.Add(at+"max_grams", "form.too_small", "min", last+1)
		}
		last = max(last, r.MaxGrams)
		if r.Price < 0 {
			form.Add(at+"price", "form.too_small", "min", 0)
		}
	}
}

func text(form *fault.Form, path, s string, most int) {
	switch {
	case !utf8.ValidString(s):
		form.Add(path, "form.not_utf8")
	case strings.TrimSpace(s) == "":
		form.Add(path, "form.required")
	case utf8.RuneCountInString(s) > most:
		form.Add(path, "form.too_long", "max", most)
	case strings.ContainsFunc(s, unicode.IsControl):
		form.Add(path, "form.one_line")
	}
}

func capitals(s string) bool {
	return s != "" && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
}

func slug(s string) bool {
	return s != "" && len(s) <= 40 && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}
