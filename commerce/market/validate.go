package market

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// tidied returns the shop as it is stored: trimmed, normalized, sorted.
func (s Shop) tidied() Shop {
	s.Name, s.Zone = tidy(s.Name), strings.TrimSpace(s.Zone)
	s.Address = Normalize(s.Address)
	s.Languages = slices.Clone(s.Languages)
	s.Workdays, s.ClosedDays = slices.Clone(s.Workdays), slices.Clone(s.ClosedDays)
	slices.Sort(s.Workdays)
	slices.Sort(s.ClosedDays)
	s.Workdays, s.ClosedDays = slices.Compact(s.Workdays), slices.Compact(s.ClosedDays)
	s.BankDetails = strings.TrimSpace(strings.ReplaceAll(s.BankDetails, "\r\n", "\n"))
	if email, err := Email(s.Email); err == nil {
		s.Email = email
	}
	if phone, err := Phone(s.Phone); err == nil {
		s.Phone = phone
	}
	return s
}

// Validate checks what staff entered; the fields are the JSON names
// ("address.postcode", "languages.0"). The address needs only its country, but
// what it has must be right.
func (s Shop) Validate() error {
	var form fault.Form
	line(&form, "name", s.Name, 100)
	if _, err := Email(s.Email); err != nil {
		form.Add("email", fault.Reason(err))
	}
	if _, err := Phone(s.Phone); err != nil {
		form.Add("phone", fault.Reason(err))
	}
	s.validateAddress(&form)
	if len(s.Languages) == 0 {
		form.Add("languages", "form.required")
	}
	seen := make(map[string]bool)
	for i, lang := range s.Languages {
		if _, err := language.Parse(lang); err != nil || len(lang) > 20 || seen[lang] || i >= 20 {
			form.Add("languages."+strconv.Itoa(i), "form.not_a_choice")
			break
		}
		seen[lang] = true
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		form.Add("zone", "form.not_a_choice")
	}
	if !slices.Contains([]string{StockExact, StockFew, StockHidden}, s.StockDisplay) {
		form.Add("stock_display", "form.not_a_choice")
	}
	within(&form, "few_threshold", s.FewThreshold, 0, 1_000_000)
	within(&form, "hold_minutes", int64(s.HoldMinutes), 1, 30)
	within(&form, "max_per_line", s.MaxPerLine, 1, 1_000_000)
	within(&form, "cut_off", int64(s.CutOff), 0, 24*60)
	for _, d := range s.Workdays {
		if d < time.Sunday || d > time.Saturday {
			form.Add("workdays", "form.not_a_choice")
			break
		}
	}
	if len(s.ClosedDays) > 366 {
		form.Add("closed_days", "form.too_large", "max", 366)
	}
	for i, d := range s.ClosedDays[:min(len(s.ClosedDays), 366)] {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			form.Add("closed_days."+strconv.Itoa(i), "form.not_a_date")
		}
	}
	switch {
	case !utf8.ValidString(s.BankDetails):
		form.Add("bank_details", "form.not_utf8")
	case utf8.RuneCountInString(s.BankDetails) > 2000:
		form.Add("bank_details", "form.too_long", "max", 2000)
	}
	return form.Err()
}

func (s Shop) validateAddress(form *fault.Form) {
	f := fault.From(Validate(s.Address))
	if f == nil {
		return
	}
	for _, bad := range f.Fields {
		if bad.Reason == "form.required" && bad.Path != "country" {
			continue
		}
		var params []any
		for name, value := range bad.Params {
			params = append(params, name, value)
		}
		form.Add("address."+bad.Path, bad.Reason, params...)
	}
}

// Validate checks what staff entered; the fields are the JSON names.
func (m Market) Validate() error {
	var form fault.Form
	if m.Code == "" || len(m.Code) > 40 || strings.Trim(m.Code, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		form.Add("code", "market.code")
	}
	line(&form, "name", m.Name, 100)
	if !money.Known(m.Currency) {
		form.Add("currency", "form.not_a_choice")
	}
	if _, err := language.Parse(m.Locale); err != nil || len(m.Locale) > 20 {
		form.Add("locale", "form.not_a_choice")
	}
	if !slices.Contains([]string{"unit", "line", "order"}, m.TaxRounding) {
		form.Add("tax_rounding", "form.not_a_choice")
	}
	if m.TaxOutside != tax.Refuse && m.TaxOutside != tax.Zero {
		form.Add("tax_outside", "form.not_a_choice")
	}
	if m.PriceKept != pricing.KeepGross && m.PriceKept != pricing.KeepNet {
		form.Add("price_kept", "form.not_a_choice")
	}
	return form.Err()
}

func line(form *fault.Form, path, s string, most int) {
	switch {
	case !utf8.ValidString(s):
		form.Add(path, "form.not_utf8")
	case strings.TrimSpace(s) == "":
		form.Add(path, "form.required")
	case utf8.RuneCountInString(s) > most:
		form.Add(path, "form.too_long", "max", most)
	case strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }):
		form.Add(path, "form.one_line") // the shop's name is the sender's of every letter
	}
}

func within(form *fault.Form, path string, n, least, most int64) {
	switch {
	case n < least:
		form.Add(path, "form.too_small", "min", least)
	case n > most:
		form.Add(path, "form.too_large", "max", most)
	}
}
