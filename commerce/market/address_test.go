package market_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/words"
)

func berlin() market.Address {
	return market.Address{Name: "Ada Lovelace", Line1: "Torstraße 1", City: "Berlin", Postcode: "10119", Country: "DE"}
}

// faults returns the reasons of an invalid address by field.
func faults(t *testing.T, a market.Address) map[string]string {
	t.Helper()
	err := market.Validate(a)
	if err == nil {
		return nil
	}
	f := fault.From(err)
	if f.Kind != fault.Invalid || f.Reason != "form.invalid" {
		t.Fatalf("got %v", err)
	}
	got := make(map[string]string)
	for _, field := range f.Fields {
		if got[field.Path] != "" {
			t.Errorf("%s is at fault twice", field.Path)
		}
		got[field.Path] = field.Reason
	}
	return got
}

func TestPostcodes(t *testing.T) {
	// By country: what people type, how it is written, and what is none.
	tests := map[string]struct {
		good map[string]string
		bad  []string
	}{
		"AT": {map[string]string{"1010": "1010", "A-1010": "1010", " 1 010": "1010"}, []string{"101", "10100", "ABCD"}},
		"BE": {map[string]string{"1000": "1000", "B-1000": "1000"}, []string{"100", "10000"}},
		"BG": {map[string]string{"1000": "1000"}, []string{"100"}},
		"CY": {map[string]string{"2008": "2008", "CY-2008": "2008"}, []string{"20081"}},
		"CZ": {map[string]string{"110 00": "110 00", "11000": "110 00", "CZ-11000": "110 00"}, []string{"1100", "1100A"}},
		"DE": {map[string]string{"10115": "10115", "D-10115": "10115", "DE 10115": "10115", "１０１１５": "10115"}, []string{"1011", "101155", "1O115", "FR-10115"}},
		"DK": {map[string]string{"1566": "1566", "DK-1566": "1566"}, []string{"156"}},
		"EE": {map[string]string{"10111": "10111"}, []string{"1011"}},
		"ES": {map[string]string{"28013": "28013", "E-28013": "28013"}, []string{"2801"}},
		"FI": {map[string]string{"00100": "00100", "FI-00100": "00100"}, []string{"0100"}},
		"FR": {map[string]string{"75002": "75002", "F-75002": "75002", "75 002": "75002"}, []string{"7500", "2A004"}},
		"GR": {map[string]string{"10557": "105 57", "105 57": "105 57"}, []string{"1055"}},
		"HR": {map[string]string{"10000": "10000", "HR-10000": "10000"}, []string{"1000"}},
		"HU": {map[string]string{"1055": "1055", "H-1055": "1055"}, []string{"10555"}},
		"IE": {map[string]string{"D02X285": "D02 X285", "d6w xy00": "D6W XY00", "": ""}, []string{"D02", "B02 X285", "D02 X28O"}},
		"IT": {map[string]string{"00184": "00184", "I-00184": "00184"}, []string{"0184"}},
		"LT": {map[string]string{"01103": "01103", "LT-01103": "01103"}, []string{"1103"}},
		"LU": {map[string]string{"1475": "1475", "L-1475": "1475"}, []string{"14755"}},
		"LV": {map[string]string{"1050": "LV-1050", "LV-1050": "LV-1050", "lv 1050": "LV-1050"}, []string{"LV-105"}},
		"MT": {map[string]string{"VLT1117": "VLT 1117", "nxr 01": "NXR 01"}, []string{"1117", "VLT"}},
		"NL": {map[string]string{"1012AB": "1012 AB", "1012 ab": "1012 AB"}, []string{"0012 AB", "1012 SS", "1012"}},
		"PL": {map[string]string{"00950": "00-950", "00-950": "00-950"}, []string{"0-950"}},
		"PT": {map[string]string{"1250096": "1250-096", "1250-096": "1250-096"}, []string{"1250"}},
		"RO": {map[string]string{"010011": "010011"}, []string{"10011"}},
		"SE": {map[string]string{"11455": "114 55", "SE-114 55": "114 55"}, []string{"1145"}},
		"SI": {map[string]string{"1000": "1000", "SI-1000": "1000"}, []string{"10000"}},
		"SK": {map[string]string{"81101": "811 01"}, []string{"8110"}},
		"GB": {
			map[string]string{
				"sw1a1aa": "SW1A 1AA", "M2 5BQ": "M2 5BQ", "cr02yr": "CR0 2YR", "DN169AA": "DN16 9AA",
				"W1A4ZZ": "W1A 4ZZ", "GIR0AA": "GIR 0AA", "BFPO 61": "BFPO 61",
			},
			[]string{"SW1A", "SW1A 1A", "1AA SW1A", "SW1A 1CI", "ABC1 1AA"},
		},
		"GG": {map[string]string{"gy11wr": "GY1 1WR"}, []string{"SW1A 1AA"}},
		"JE": {map[string]string{"JE2 3AB": "JE2 3AB"}, []string{"GY1 1WR"}},
		"IM": {map[string]string{"IM1 1AE": "IM1 1AE"}, []string{"JE2 3AB"}},
		"CH": {map[string]string{"8001": "8001", "CH-8001": "8001"}, []string{"80011"}},
		"LI": {map[string]string{"9490": "9490", "FL-9490": "9490"}, []string{"9499", "8001"}},
		"MC": {map[string]string{"98000": "98000"}, []string{"06000"}},
		"SM": {map[string]string{"47890": "47890"}, []string{"47900"}},
		"NO": {map[string]string{"0155": "0155", "N-0155": "0155"}, []string{"155"}},
		"IS": {map[string]string{"101": "101"}, []string{"1010"}},
		"US": {map[string]string{"94103": "94103", "94103-1234": "94103-1234", "94103 1234": "94103-1234", "941031234": "94103-1234"}, []string{"9410", "94103-12", "A4103"}},
		"CA": {map[string]string{"k1a0b1": "K1A 0B1", "K1A-0B1": "K1A 0B1"}, []string{"D1A 0B1", "K1A 0O1", "K1A"}},
		"AU": {map[string]string{"3000": "3000"}, []string{"300"}},
		"NZ": {map[string]string{"6011": "6011"}, []string{"601"}},
		"JP": {map[string]string{"1540023": "154-0023", "〒154-0023": "154-0023", "１５４－００２３": "154-0023"}, []string{"154-002"}},
		"SG": {map[string]string{"049213": "049213", " 049213 ": "049213"}, []string{"04;9213"}}, // no rule of its own
	}
	for country, tt := range tests {
		t.Run(country, func(t *testing.T) {
			for typed, want := range tt.good {
				a := market.Normalize(market.Address{Country: country, Postcode: typed})
				if a.Postcode != want {
					t.Errorf("%q is written %q, want %q", typed, a.Postcode, want)
				}
				if reason := faults(t, a)["postcode"]; reason != "" {
					t.Errorf("%q is refused: %s", typed, reason)
				}
			}
			for _, typed := range tt.bad {
				a := market.Normalize(market.Address{Country: country, Postcode: typed})
				if reason := faults(t, a)["postcode"]; !strings.HasPrefix(reason, "address.postcode") {
					t.Errorf("%q passes as %q (%s)", typed, a.Postcode, reason)
				}
			}
		})
	}
	for _, code := range market.EU() {
		if _, ok := tests[code]; !ok {
			t.Errorf("no cases for %s", code)
		}
	}
}

func TestValidate_postcodeFaultGivesAnExample(t *testing.T) {
	a := berlin()
	a.Postcode = "1011"
	f := fault.From(market.Validate(market.Normalize(a)))
	if len(f.Fields) != 1 || f.Fields[0].Path != "postcode" || f.Fields[0].Params["example"] != "10115" {
		t.Fatalf("got %+v", f.Fields)
	}
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	if got := catalog.Printer("de", nil).Field(f.Fields[0]); got != "Bitte geben Sie eine Postleitzahl wie 10115 ein." {
		t.Errorf("it reads %q", got)
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		change func(a *market.Address)
		want   map[string]string
	}{
		"good": {func(a *market.Address) {}, nil},
		"good with all": {func(a *market.Address) {
			a.Company, a.Line2, a.Phone = "Analytical Ltd", "3rd floor", "+49 (30) 123-45 67"
		}, nil},
		"nothing at all": {func(a *market.Address) { *a = market.Address{} }, map[string]string{"name": "form.required", "line1": "form.required", "city": "form.required", "country": "form.required"}},
		"only a country": {func(a *market.Address) { *a = market.Address{Country: "DE"} }, map[string]string{"name": "form.required", "line1": "form.required", "city": "form.required", "postcode": "form.required"}},
		"spaces":         {func(a *market.Address) { a.Name = " \u00a0\u3000 " }, map[string]string{"name": "form.required"}},
		"no such land":   {func(a *market.Address) { a.Country = "XX" }, map[string]string{"country": "form.not_a_choice"}},
		"a long land":    {func(a *market.Address) { a.Country = "GERMANY" }, map[string]string{"country": "form.too_long"}},
		"no state":       {func(a *market.Address) { a.Country, a.Postcode = "US", "94103" }, map[string]string{"region": "form.required"}},
		"no such state":  {func(a *market.Address) { a.Country, a.Postcode, a.Region = "US", "94103", "Berlin" }, map[string]string{"region": "form.not_a_choice"}},
		"not UTF-8":      {func(a *market.Address) { a.City = "Berl\xffn" }, map[string]string{"city": "form.not_utf8"}},
		"10 kB":          {func(a *market.Address) { a.Line1 = strings.Repeat("x", 10_000) }, map[string]string{"line1": "form.too_long"}},
		"10 kB postcode": {func(a *market.Address) { a.Postcode = strings.Repeat("1", 10_000) }, map[string]string{"postcode": "form.too_long"}},
		"10 kB of spaces": {
			func(a *market.Address) { a.Name = "a" + strings.Repeat(" ", 10_000) + "b" },
			map[string]string{"name": "form.too_long"},
		},
		"101 characters": {func(a *market.Address) { a.Name = strings.Repeat("ä", 101) }, map[string]string{"name": "form.too_long"}},
		"100 characters": {func(a *market.Address) { a.Name = strings.Repeat("ä", 100) }, nil},
		"CR LF":          {func(a *market.Address) { a.Name = "x\r\nBcc: v@x.example" }, map[string]string{"name": "form.one_line"}},
		"NUL":            {func(a *market.Address) { a.Company = "a\x00b" }, map[string]string{"company": "form.one_line"}},
		"escape":         {func(a *market.Address) { a.Line2 = "\x1b[31m" }, map[string]string{"line2": "form.one_line"}},
		"line separator": {func(a *market.Address) { a.Line2 = "a\u2028b" }, map[string]string{"line2": "form.one_line"}},
		"half a rune":    {func(a *market.Address) { a.Line2 = "a\ufffdb" }, map[string]string{"line2": "form.one_line"}},
		"a word as phone": {
			func(a *market.Address) { a.Phone = "call me" },
			map[string]string{"phone": "address.phone"},
		},
		"markup is only text": {func(a *market.Address) { a.Name = `<script>alert(1)</script> O'Neil "Ed"` }, nil},
		"everything wrong": {
			func(a *market.Address) { a.Name, a.Postcode, a.Phone, a.City = "", "1", "x", "\xff" },
			map[string]string{"name": "form.required", "postcode": "address.postcode", "phone": "address.phone", "city": "form.not_utf8"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := berlin()
			tt.change(&a)
			if diff := cmp.Diff(tt.want, faults(t, market.Normalize(a))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidate_wantsTheWrittenForm(t *testing.T) {
	a := berlin()
	a.Country, a.Postcode = "NL", "1012ab"
	if got := faults(t, a)["postcode"]; got != "address.postcode" {
		t.Errorf("an address that was not normalized: %q", got)
	}
}

func TestNormalize(t *testing.T) {
	tests := map[string]struct{ in, want market.Address }{
		"spaces and marks": {
			market.Address{Name: "\ufeff  Ada \u00a0 Lovelace\u200b\u202e ", City: "Ber\u00adlin", Country: " de "},
			market.Address{Name: "Ada Lovelace", City: "Berlin", Country: "DE"},
		},
		"letters are composed": {
			market.Address{City: "Zu\u0308rich", Country: "CH"}, market.Address{City: "Zürich", Country: "CH"},
		},
		"joiners stay": {
			market.Address{Name: "نامه\u200cای", Country: "IR"}, market.Address{Name: "نامه\u200cای", Country: "IR"},
		},
		"a state by name":         {market.Address{Country: "us", Region: "california"}, market.Address{Country: "US", Region: "CA"}},
		"a prefecture in Japan":   {market.Address{Country: "JP", Region: "東京都"}, market.Address{Country: "JP", Region: "13"}},
		"a prefecture in English": {market.Address{Country: "JP", Region: "tokyo"}, market.Address{Country: "JP", Region: "13"}},
		"a region nobody asks":    {market.Address{Country: "DE", Region: "Berlin"}, market.Address{Country: "DE"}},
		"Britain by habit":        {market.Address{Country: "uk", Postcode: "m25bq"}, market.Address{Country: "GB", Postcode: "M2 5BQ"}},
		"Greece by habit":         {market.Address{Country: "EL", Postcode: "10557"}, market.Address{Country: "GR", Postcode: "105 57"}},
		"not UTF-8 stays":         {market.Address{Name: " \xff "}, market.Address{Name: " \xff "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, market.Normalize(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNormalize_isItsOwnFixedPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Z]{0,2}[ -]?[0-9]{3,6}[ -]?[A-Za-z0-9]{0,3}`))
		a := market.Address{
			Name: text.Draw(t, "name"), Line1: text.Draw(t, "line1"), City: text.Draw(t, "city"), Postcode: text.Draw(t, "postcode"),
			Region: text.Draw(t, "region"), Phone: text.Draw(t, "phone"), Country: rapid.SampledFrom(market.Countries()).Draw(t, "country"),
		}
		once := market.Normalize(a)
		if twice := market.Normalize(once); twice != once {
			t.Fatalf("%+v became %+v", once, twice)
		}
		for _, line := range once.Lines() {
			if strings.ContainsAny(line, "{}") && !strings.ContainsAny(a.Name+a.Line1+a.City+a.Postcode+a.Region, "{}") {
				t.Fatalf("line %q", line)
			}
		}
		if market.Validate(once) == nil && !utf8.ValidString(once.OneLine("")) {
			t.Fatal("a good address that is no text")
		}
	})
}

func TestAddress_Lines(t *testing.T) {
	tests := map[string]struct {
		in   market.Address
		want []string
	}{
		"Germany": {berlin(), []string{"Ada Lovelace", "Torstraße 1", "10119 Berlin"}},
		"Austria puts the company first": {
			market.Address{Name: "A", Company: "B GmbH", Line1: "Ring 1", Line2: "Top 3", City: "Wien", Postcode: "1010", Country: "AT"},
			[]string{"B GmbH", "A", "Ring 1", "Top 3", "1010 Wien"},
		},
		"Britain": {
			market.Address{Name: "A", Line1: "10 Downing Street", City: "London", Postcode: "SW1A 2AA", Country: "GB"},
			[]string{"A", "10 Downing Street", "London", "SW1A 2AA"},
		},
		"Ireland without Eircode": {
			market.Address{Name: "A", Line1: "1 Main St", City: "Naas", Region: "KE", Country: "IE"},
			[]string{"A", "1 Main St", "Naas", "Kildare"},
		},
		"United States": {
			market.Address{Name: "A", Line1: "1 Market St", City: "San Francisco", Region: "CA", Postcode: "94103", Country: "US"},
			[]string{"A", "1 Market St", "San Francisco, CA 94103"},
		},
		"United States, half filled in": {
			market.Address{City: "San Francisco", Postcode: "94103", Country: "US"}, []string{"San Francisco 94103"},
		},
		"United States, the state alone": {market.Address{Region: "NM", Country: "US"}, []string{"NM"}},
		"Canada": {
			market.Address{Name: "A", Line1: "1 Rue", City: "Montréal", Region: "QC", Postcode: "H3Z 2Y7", Country: "CA"},
			[]string{"A", "1 Rue", "Montréal QC H3Z 2Y7"},
		},
		"Italy": {
			market.Address{Name: "A", Line1: "Via 1", City: "Roma", Region: "RM", Postcode: "00184", Country: "IT"},
			[]string{"A", "Via 1", "00184 Roma RM"},
		},
		"Hungary": {
			market.Address{Name: "A", Line1: "Fő utca 1", City: "Budapest", Postcode: "1055", Country: "HU"},
			[]string{"A", "Budapest", "Fő utca 1", "1055"},
		},
		"Latvia":                    {market.Address{City: "Rīga", Postcode: "LV-1050", Country: "LV"}, []string{"Rīga, LV-1050"}},
		"Lithuania":                 {market.Address{City: "Vilnius", Postcode: "01103", Country: "LT"}, []string{"LT-01103 Vilnius"}},
		"Lithuania, no code":        {market.Address{City: "Vilnius", Country: "LT"}, []string{"Vilnius"}},
		"Japan in Latin letters":    {market.Address{Name: "A", Line1: "1-2-3", City: "Setagaya", Region: "13", Postcode: "154-0023", Country: "JP"}, []string{"A", "1-2-3", "Setagaya, Tokyo", "154-0023"}},
		"Japan in its own":          {market.Address{Name: "山田", Line1: "若林1-2-3", City: "世田谷区", Region: "13", Postcode: "154-0023", Country: "JP"}, []string{"〒154-0023", "東京都世田谷区", "若林1-2-3", "山田"}},
		"a country without a rule":  {market.Address{Name: "A", Line1: "1 Road", City: "Singapore", Postcode: "049213", Country: "SG"}, []string{"A", "1 Road", "Singapore 049213"}},
		"braces are text, not code": {market.Address{Name: "{city}", City: "X", Country: "DE"}, []string{"{city}", "X"}},
		"nothing":                   {market.Address{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.in.Lines()); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := berlin().OneLine("Germany"); got != "Ada Lovelace, Torstraße 1, 10119 Berlin, Germany" {
		t.Errorf("one line is %q", got)
	}
}

func TestFormOf(t *testing.T) {
	names := func(f market.Form) (out string) {
		for _, field := range f.Fields {
			out += field.Name
			if field.Required {
				out += "*"
			}
			out += " "
		}
		return strings.TrimSpace(out)
	}
	tests := map[string]string{
		"DE": "name* company line1* line2 postcode* city* phone",
		"GB": "name* company line1* line2 city* postcode* phone",
		"US": "name* company line1* line2 city* region* postcode* phone",
		"IE": "name* company line1* line2 city* region postcode phone",
		"JP": "name* company postcode* region* city* line1* line2 phone",
		"AE": "name* company line1* line2 city* region postcode phone",
		"":   "name* company line1* line2 city* region postcode phone",
	}
	for country, want := range tests {
		if got := names(market.FormOf(country)); got != want {
			t.Errorf("%s asks for %q, want %q", country, got, want)
		}
	}
	counts := map[string]int{"US": 59, "CA": 13, "AU": 8, "JP": 47, "IT": 107, "IE": 26, "DE": 0}
	for country, want := range counts {
		if got := len(market.Regions(country)); got != want {
			t.Errorf("%s has %d regions, want %d", country, got, want)
		}
	}
	if market.RegionName("US", "CA") != "California" || market.RegionName("US", "ZZ") != "ZZ" {
		t.Error("a region's name is wrong")
	}
}

func TestData_isWhole(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, lang := range catalog.Languages() {
		p := catalog.Printer(lang, nil)
		for _, country := range market.Countries() {
			if name := p.T("country." + country); name == "country."+country {
				t.Errorf("%s has no name in %s", country, lang)
			}
			f := market.FormOf(country)
			for _, field := range f.Fields {
				if !slices.Contains(catalog.Keys(lang), field.Label) {
					t.Errorf("%s: no text in %s for %s", country, lang, field.Label)
				}
				if field.Max == 0 || field.Autocomplete == "" {
					t.Errorf("%s: %+v", country, field)
				}
				if field.Example != "" {
					have = append(have, country)
					a := market.Normalize(market.Address{Country: country, Postcode: field.Example})
					if a.Postcode != field.Example || faults(t, a)["postcode"] != "" {
						t.Errorf("%s: its example %q is written %q", country, field.Example, a.Postcode)
					}
				}
				codes := make(map[string]bool)
				for _, r := range field.Regions {
					if codes[r.Code] || r.Code == "" || r.Name == "" {
						t.Errorf("%s: region %+v", country, r)
					}
					codes[r.Code] = true
				}
			}
		}
	}
	for _, country := range append(market.EU(), "GB", "CH", "NO", "US", "CA", "AU", "JP") {
		if !slices.Contains(have, country) {
			t.Errorf("%s has no postcode rule", country)
		}
	}
	if len(market.EU()) != 27 {
		t.Errorf("the EU has %d members", len(market.EU()))
	}
}
