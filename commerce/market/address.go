package market

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stoashop/stoa/kit/fault"
)

// Address is where somebody lives or wants a parcel. Country is an ISO 3166-1
// code; Region is a code of Regions where the country has them, else free
// text. Empty fields are not given.
type Address struct {
	Name     string `json:"name"`
	Company  string `json:"company,omitempty"`
	Line1    string `json:"line1"`
	Line2    string `json:"line2,omitempty"`
	City     string `json:"city"`
	Region   string `json:"region,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Country  string `json:"country"`
	Phone    string `json:"phone,omitempty"`
}

// IsZero reports whether nothing is filled in.
func (a Address) IsZero() bool { return a == Address{} }

// fields pairs the public names of the fields with their places.
func (a *Address) fields() []struct {
	name string
	text *string
} {
	return []struct {
		name string
		text *string
	}{
		{"name", &a.Name},
		{"company", &a.Company},
		{"line1", &a.Line1},
		{"line2", &a.Line2},
		{"city", &a.City},
		{"region", &a.Region},
		{"postcode", &a.Postcode},
		{"country", &a.Country},
		{"phone", &a.Phone},
	}
}

func (a *Address) field(name string) string {
	for _, f := range a.fields() {
		if f.name == name {
			return *f.text
		}
	}
	return ""
}

// Normalize tidies an address without changing what it says: spaces are
// trimmed and runs of them shortened, invisible marks dropped, letters composed
// (NFC), the country and the postcode written the official way ("sw1a1aa" →
// "SW1A 1AA", "D-10115" → "10115"), a region's name replaced by its code.
// What it cannot read it leaves for Validate. It is its own fixed point.
func Normalize(a Address) Address {
	for _, f := range a.fields() {
		*f.text = tidy(*f.text)
	}
	if utf8.ValidString(a.Country) {
		a.Country = strings.ToUpper(a.Country)
	}
	switch a.Country {
	case "UK":
		a.Country = "GB"
	case "EL":
		a.Country = "GR"
	}
	r := all().rule(a.Country)
	a.Postcode, _ = r.Postcode.canonical(a.Postcode)
	if len(a.Region) <= 4*limit("region") {
		for _, region := range r.Regions {
			if strings.EqualFold(a.Region, region.Code) || strings.EqualFold(a.Region, region.Name) ||
				(region.Native != "" && a.Region == region.Native) {
				a.Region = region.Code
				break
			}
		}
	}
	if !slices.Contains(r.Form, "region") {
		a.Region = ""
	}
	return a
}

// tidy cleans one line of text. Text that is not UTF-8, or longer than any
// field may be, comes back as it is.
func tidy(s string) string {
	if !utf8.ValidString(s) || len(s) > 2000 {
		return s
	}
	var b strings.Builder
	space := false
	for _, c := range s {
		switch {
		case unicode.Is(unicode.Zs, c) || c == '\t':
			space = true
		case unicode.Is(unicode.Cf, c) && c != '\u200c' && c != '\u200d':
			// Marks nobody sees: byte order, direction, soft hyphen.
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(c)
		}
	}
	return norm.NFC.String(strings.TrimSpace(b.String()))
}

// Validate says what is wrong with a normalized address, all of it at once,
// by public field name; nil when a parcel could be sent there. The postcode's
// fault has the parameter "example".
func Validate(a Address) error {
	var form fault.Form
	bad := make(map[string]bool)
	note := func(field, reason string, params ...any) {
		bad[field] = true
		form.Add(field, reason, params...)
	}
	for _, f := range a.fields() {
		reason, params := checkText(*f.text, limit(f.name))
		if reason != "" {
			note(f.name, reason, params...)
		}
	}
	if !bad["country"] {
		if a.Country == "" {
			note("country", "form.required")
		} else if !KnownCountry(a.Country) {
			note("country", "form.not_a_choice")
		}
	}
	r := all().rule(a.Country)
	for _, name := range r.Required {
		if !bad[name] && a.field(name) == "" {
			note(name, "form.required")
		}
	}
	if a.Postcode != "" && !bad["postcode"] {
		code, ok := r.Postcode.canonical(a.Postcode)
		switch {
		case r.Postcode.re == nil && !loosePostcode(a.Postcode):
			note("postcode", "address.postcode_unreadable")
		case !ok || code != a.Postcode:
			note("postcode", "address.postcode", "example", r.Postcode.Example)
		}
	}
	if a.Region != "" && !bad["region"] && len(r.Regions) > 0 &&
		!slices.ContainsFunc(r.Regions, func(x Region) bool { return x.Code == a.Region }) {
		note("region", "form.not_a_choice")
	}
	if a.Phone != "" && !bad["phone"] && !looksLikePhone(a.Phone) {
		note("phone", "address.phone")
	}
	return form.Err()
}

// checkText refuses text no label printer or mail header can take.
func checkText(s string, most int) (reason string, params []any) {
	switch {
	case !utf8.ValidString(s):
		return "form.not_utf8", nil
	case utf8.RuneCountInString(s) > most:
		return "form.too_long", []any{"max", most}
	case strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
	}):
		return "form.one_line", nil
	}
	return "", nil
}

// loosePostcode accepts what the codes of countries without a rule of their
// own are made of.
func loosePostcode(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == ' ' || c == '-')
	})
}

// Lines writes an address as its country's post expects it, without the name
// of the country. Empty lines are left out.
func (a Address) Lines() []string {
	r := all().rule(a.Country)
	format, native := r.Lines, len(r.Native) > 0 && inOwnScript(a.Line1+a.City)
	if native {
		format = r.Native
	}
	region := a.Region
	for _, known := range r.Regions {
		switch {
		case known.Code != a.Region:
		case native:
			region = known.Native
		case r.Region == "name":
			region = known.Name
		}
	}
	a.Region = region
	var lines []string
	for _, f := range format {
		if line := a.fill(f); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// fill writes one line of a format: {city} is the city, {, |region} a comma
// and the region if there is one.
func (a *Address) fill(format string) string {
	var b strings.Builder
	for format != "" {
		before, rest, found := strings.Cut(format, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		lead, field, split := strings.Cut(name, "|")
		if !split {
			lead, field = "", name
		}
		if text := a.field(field); text != "" {
			if b.Len() == 0 {
				lead = strings.TrimLeft(lead, ", ") // nothing stands before it
			}
			b.WriteString(lead + text)
		}
		format = after
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// OneLine is Lines joined by commas, with the name of the country given by the
// caller last (empty leaves it out).
func (a Address) OneLine(country string) string {
	lines := a.Lines()
	if country != "" {
		lines = append(lines, country)
	}
	return strings.Join(lines, ", ")
}

func inOwnScript(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana)
	})
}
