// Package market knows where the shop sells and how people there write their
// addresses. Its data is compiled in: forms, postcode rules and regions of the
// countries that need more than the plain form.
package market

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/countries.json
var countryData []byte

// isoCodes is ISO 3166-1 alpha-2 and XK, which mail and banks use for Kosovo.
const isoCodes = `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE
NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE
YT ZA ZM ZW`

// eu is the member states of the European Union.
const eu = `AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK`

// EU lists the member states of the European Union, sorted.
func EU() []string { return strings.Fields(eu) }

// Countries lists the codes an address may have, sorted. Their names are the
// messages "country.DE" and so on.
func Countries() []string { return slices.Sorted(maps.Keys(all().rules)) }

// KnownCountry reports whether code is one of Countries.
func KnownCountry(code string) bool {
	_, ok := all().rules[code]
	return ok
}

// Region is a part of a country that its addresses or its taxes name.
type Region struct {
	Code   string `json:"code"` // "CA"; unique in its country
	Name   string `json:"name"` // "California"
	Native string `json:"native,omitempty"`
}

// Field is one input of an address form.
type Field struct {
	Name         string // public name: "postcode"
	Label        string // message key: "address.field.postcode.zip"
	Required     bool
	Max          int    // characters
	Autocomplete string // token of the HTML standard
	Digits       bool   // a numeric keypad will do
	Example      string // "10115"; empty for most
	Regions      []Region
}

// Form is how people of one country are asked for an address: every field but
// the country itself, in the order they expect.
type Form struct {
	Country string
	Fields  []Field
}

// FormOf returns the form of a country. One that needs nothing special, or is
// not known, gets the plain form.
func FormOf(country string) Form {
	r := all().rule(country)
	f := Form{Country: country}
	for _, name := range append(slices.Clone(r.Form), "phone") {
		field := Field{
			Name:         name,
			Label:        "address.field." + name,
			Required:     slices.Contains(r.Required, name),
			Max:          limit(name),
			Autocomplete: autocomplete(name),
		}
		if special := r.Labels[name]; special != "" {
			field.Label += "." + special
		}
		switch name {
		case "postcode":
			field.Digits, field.Example = r.Postcode.Digits, r.Postcode.Example
		case "region":
			field.Regions = slices.Clone(r.Regions)
		}
		f.Fields = append(f.Fields, field)
	}
	return f
}

// Regions lists the regions of a country in the order of its form; empty when
// its addresses have none.
func Regions(country string) []Region { return slices.Clone(all().rule(country).Regions) }

// RegionName is the name of a region for display, or code itself when it is
// not known.
func RegionName(country, code string) string {
	for _, r := range all().rule(country).Regions {
		if r.Code == code {
			return r.Name
		}
	}
	return code
}

// limit is how many characters a field of an address holds.
func limit(field string) int {
	switch field {
	case "city":
		return 80
	case "region":
		return 60
	case "postcode":
		return 12
	case "country":
		return 2
	case "phone":
		return 30
	}
	return 100
}

// autocomplete is the token by which a browser knows a field.
func autocomplete(field string) string {
	switch field {
	case "company":
		return "organization"
	case "line1":
		return "address-line1"
	case "line2":
		return "address-line2"
	case "city":
		return "address-level2"
	case "region":
		return "address-level1"
	case "postcode":
		return "postal-code"
	case "phone":
		return "tel"
	}
	return field
}

// rule is what the data file says of a country.
type rule struct {
	Code     string            `json:"code"`
	Form     []string          `json:"form"`
	Required []string          `json:"required"`
	Labels   map[string]string `json:"labels"`
	Postcode postcode          `json:"postcode"`
	Regions  []Region          `json:"regions"`
	Region   string            `json:"region"` // how a line writes it: "code" or "name"
	Lines    []string          `json:"lines"`
	Native   []string          `json:"native"` // lines of an address in the country's own script
}

// postcode describes the codes of a country without spaces and hyphens: the
// groups of the pattern, joined, are how it is written.
type postcode struct {
	Pattern  string   `json:"pattern"`
	Join     string   `json:"join"`
	Stem     string   `json:"stem"`     // always written in front: "LV-"
	Prefixes []string `json:"prefixes"` // country marks that people put in front
	Example  string   `json:"example"`
	Digits   bool     `json:"digits"`

	re *regexp.Regexp
}

// canonical writes a postcode the way the country does: "sw1a1aa" becomes
// "SW1A 1AA". ok is false when it is none; the text then comes back trimmed
// and in capitals only.
func (p postcode) canonical(s string) (code string, ok bool) {
	if !utf8.ValidString(s) {
		return s, false
	}
	plain := strings.ToUpper(strings.TrimSpace(s))
	if p.re == nil || len(plain) > 40 {
		return plain, p.re == nil
	}
	compact := strings.Map(func(c rune) rune {
		switch c {
		case ' ', '-', '.', '‐', '‑', '–', '—', '−', '\u00a0', '\u3000', '〒':
			return -1
		}
		return c
	}, norm.NFKC.String(plain))
	groups := p.re.FindStringSubmatch(compact)
	for _, mark := range p.Prefixes {
		if groups != nil {
			break
		}
		if rest, found := strings.CutPrefix(compact, mark); found {
			groups = p.re.FindStringSubmatch(rest)
		}
	}
	if groups == nil {
		return plain, false
	}
	parts := slices.DeleteFunc(groups[1:], func(g string) bool { return g == "" })
	return p.Stem + strings.Join(parts, p.Join), true
}

type atlas struct{ rules map[string]*rule }

// plain is the form of countries that need nothing special: postcodes and
// regions are written as their people write them.
func plain() *rule {
	return &rule{
		Form:     []string{"name", "company", "line1", "line2", "city", "region", "postcode"},
		Required: []string{"name", "line1", "city"},
		Lines:    []string{"{name}", "{company}", "{line1}", "{line2}", "{city} {postcode}", "{region}"},
	}
}

func (a *atlas) rule(country string) *rule {
	if r, ok := a.rules[country]; ok {
		return r
	}
	return plain()
}

// all reads the data once. A broken data file is a broken build, which the
// tests of this package find.
var all = sync.OnceValue(func() *atlas {
	var rules []*rule
	if err := json.Unmarshal(countryData, &rules); err != nil {
		panic(fmt.Sprintf("market: data/countries.json: %v", err))
	}
	a := &atlas{rules: make(map[string]*rule)}
	for _, code := range strings.Fields(isoCodes) {
		a.rules[code] = plain()
	}
	for _, r := range rules {
		r.Postcode.re = regexp.MustCompile(`^(?:` + r.Postcode.Pattern + `)$`)
		a.rules[r.Code] = r
	}
	return a
})
