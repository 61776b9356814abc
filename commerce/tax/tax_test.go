package tax_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/words"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	now   = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	dated = []string{tax.Standard}
)

// starting is the table of a new shop.
func starting(t *testing.T, country, region string) tax.Table {
	t.Helper()
	table, err := tax.Starting(country, region, now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// library is every row there is.
func library(t *testing.T) tax.Table {
	t.Helper()
	var table tax.Table
	for _, p := range tax.Library() {
		r, err := p.Row(time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		table = append(table, r)
	}
	return table
}

// published is every rate of the library in percent, typed from the sources and
// not from the data: area, rate, first day ("~": the earliest day that the
// source vouches for) and first day no more.
const published = `
AT 20 1984-01-01
BE 21 1996-01-01
BG 20 1999-01-01
CY 19 2014-01-13
CZ 21 2013-01-01
DE 19 2007-01-01 2020-07-01
DE 16 2020-07-01 2021-01-01
DE 19 2021-01-01
DK 25 1992-01-01
EE 20 2009-07-01 2024-01-01
EE 22 2024-01-01 2025-07-01
EE 24 2025-07-01
ES 21 2012-09-01
FI 24 2013-01-01 2024-09-01
FI 25.5 2024-09-01
FR 20 2014-01-01
GR 24 2016-06-01
HR 25 2012-03-01
HU 27 2012-01-01
IE 23 2012-01-01 2020-09-01
IE 21 2020-09-01 2021-03-01
IE 23 2021-03-01
IT 22 2013-10-01
LT 21 2009-09-01
LU 17 2015-01-01 2023-01-01
LU 16 2023-01-01 2024-01-01
LU 17 2024-01-01
LV 21 2012-07-01
MT 18 2004-01-01
NL 21 2012-10-01
PL 23 2011-01-01
PT 23 2011-01-01
PT-20 16 2021-07-01
PT-30 22 2012-04-01
RO 19 2017-01-01 2025-08-01
RO 21 2025-08-01
SE 25 1990-07-01
SI 22 2013-07-01
SK 20 2011-01-01 2025-01-01
SK 23 2025-01-01
GB 20 2011-01-04
CH 7.7 2018-01-01 2024-01-01
CH 8.1 2024-01-01
US-AL 4 ~2017-12-31
US-AK 0 ~2016-10-31
US-AZ 5.6 2013-06-01
US-AR 6.5 2013-07-01
US-CA 7.25 2017-01-01
US-CO 2.9 ~2019-07-01
US-CT 6.35 2011-07-01
US-DE 0 ~2014-09-12
US-FL 6 1988-02-01
US-GA 4 ~2017-09-30
US-HI 4 ~2014-12-31
US-ID 6 2006-10-01
US-IL 6.25 1990-01-01
US-IN 7 2008-04-01
US-IA 6 2008-07-01
US-KS 6.5 2015-07-01
US-KY 6 1990-07-01
US-LA 5 2025-01-01 2030-01-01
US-LA 4.75 2030-01-01
US-ME 5.5 2013-10-01
US-MD 6 2008-01-03
US-MA 6.25 2009-08-01
US-MI 6 ~1994-12-31
US-MN 6.875 2009-07-01 2034-07-01
US-MN 6.5 2034-07-01
US-MS 7 ~2017-12-31
US-MO 4.225 ~2020-01-01
US-MT 0 ~2016-10-31
US-NE 5.5 2002-10-01
US-NV 6.85 2009-07-01
US-NH 0 ~2016-10-31
US-NJ 6.625 2018-01-01
US-NM 4.875 2023-07-01
US-NY 4 2005-06-01
US-NC 4.75 2011-07-01
US-ND 5 ~2015-12-31
US-OH 5.75 2013-09-01
US-OK 4.5 ~2018-12-31
US-OR 0 ~2016-10-31
US-PA 6 ~1968-12-31
US-RI 7 1990-07-01
US-SC 6 2007-06-01
US-SD 4.2 2023-07-01 2027-07-01
US-SD 4.5 2027-07-01
US-TN 7 2002-07-15
US-TX 6.25 1990-07-01
US-UT 4.85 2019-04-01
US-VT 6 ~2003-12-31
US-VA 5.3 2013-07-01
US-WA 6.5 ~2019-12-31
US-WV 6 ~2016-12-31
US-WI 5 ~1982-12-31
US-WY 4 ~2014-12-31
`

func TestLibrary_isWhatThePublicationsSay(t *testing.T) {
	want := make(map[string]bool)
	for line := range strings.Lines(published) {
		if line = strings.TrimSpace(line); line != "" {
			want[line] = true
		}
	}
	if len(want) != 96 {
		t.Fatalf("%d rows are typed here, want 96", len(want))
	}
	for _, p := range tax.Library() {
		line := p.Country
		if p.Region != "" {
			line += "-" + p.Region
		}
		line += " " + strconv.FormatFloat(float64(p.Rate)/10_000, 'f', -1, 64) + " "
		if !p.Began {
			line += "~"
		}
		line += p.From
		if p.To != "" {
			line += " " + p.To
		}
		if !want[line] {
			t.Errorf("the library says %q and the publications do not", line)
		}
		delete(want, line)
	}
	for line := range want {
		t.Errorf("%q is not in the library", line)
	}
}

func TestLibrary_everyRowNamesItsSource(t *testing.T) {
	for _, p := range tax.Library() {
		key := p.Country + " " + p.Region + " " + p.From
		address, err := url.Parse(p.URL)
		if err != nil || address.Scheme != "https" || !strings.Contains(address.Host, ".") {
			t.Errorf("%s: %q is no https address", key, p.URL)
		} else if strings.Trim(address.Path, "/") == "" {
			t.Errorf("%s: %q is a front page and not a publication", key, p.URL)
		}
		if len(strings.Fields(p.Title)) < 2 {
			t.Errorf("%s: %q is no title", key, p.Title)
		}
		for _, day := range []string{p.From, p.To} {
			if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
				t.Errorf("%s: %v", key, err)
			}
		}
		row, err := p.Row(time.UTC)
		if err != nil {
			t.Errorf("%s: %v", key, err)
		} else if err := row.Validate(); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if want := p.Title + ": " + p.URL; !strings.HasPrefix(row.Source, want) {
			t.Errorf("%s: the row's source is %q, want it to begin with %q", key, row.Source, want)
		}
		day := " (attested on " + p.From + ", may be older)"
		if p.Began {
			day = " (in force since " + p.From + ")"
		}
		if !strings.HasSuffix(row.Source, day) {
			t.Errorf("%s: the row's source is %q, want it to end with %q", key, row.Source, day)
		}
		if !strings.Contains(row.Source, p.Note) {
			t.Errorf("%s: the row's source %q keeps back the note %q", key, row.Source, p.Note)
		}
	}
}

// Rates whose law says when they end are followed by what comes after them,
// without a day in between.
func TestLibrary_lawsThatEnd(t *testing.T) {
	table := library(t)
	for _, c := range []struct {
		region, day string
		want        money.Rate
	}{
		{"LA", "2029-12-31", 50_000},
		{"LA", "2030-01-01", 47_500},
		{"MN", "2034-06-30", 68_750},
		{"MN", "2034-07-01", 65_000},
		{"SD", "2027-06-30", 42_000},
		{"SD", "2027-07-01", 45_000},
	} {
		at, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		row, ok := table.Rate(tax.Area{Country: "US", Region: c.region}, tax.Standard, at.Add(12*time.Hour))
		if !ok || row.Rate != c.want {
			t.Errorf("%s on %s: %d (found %v), want %d", c.region, c.day, row.Rate, ok, c.want)
		}
	}
}

func TestLibrary_spansDoNotOverlap(t *testing.T) {
	table := library(t)
	for i, a := range table {
		for _, b := range table[i+1:] {
			if a.Country != b.Country || a.Region != b.Region || a.Class != b.Class {
				continue
			}
			if (a.To.IsZero() || b.From.Before(a.To)) && (b.To.IsZero() || a.From.Before(b.To)) {
				t.Errorf("%s %s: rows from %s and from %s overlap", a.Country, a.Region, a.From, b.From)
			}
		}
	}
}

func TestRate_byEffectiveDate(t *testing.T) {
	table := library(t)
	tests := []struct {
		country string
		at      time.Time
		want    money.Rate
		none    bool
	}{
		{country: "FI", at: day("2024-08-31"), want: 240_000},
		{country: "FI", at: day("2024-09-01").Add(-time.Millisecond), want: 240_000},
		{country: "FI", at: day("2024-09-01"), want: 255_000},
		{country: "EE", at: day("2025-06-30"), want: 220_000},
		{country: "EE", at: day("2025-07-01"), want: 240_000},
		{country: "RO", at: day("2025-07-31"), want: 190_000},
		{country: "RO", at: day("2025-08-01"), want: 210_000},
		{country: "SK", at: day("2024-12-31"), want: 200_000},
		{country: "SK", at: day("2025-01-01"), want: 230_000},
		{country: "DE", at: day("2020-07-01"), want: 160_000},
		{country: "DE", at: day("2020-12-31"), want: 160_000},
		{country: "DE", at: day("2021-01-01"), want: 190_000},
		{country: "IE", at: day("2020-09-01"), want: 210_000},
		{country: "IE", at: day("2021-03-01"), want: 230_000},
		{country: "LU", at: day("2023-12-31"), want: 160_000},
		{country: "LU", at: day("2024-01-01"), want: 170_000},
		{country: "CH", at: day("2023-12-31"), want: 77_000},
		{country: "CH", at: day("2024-01-01"), want: 81_000},
		{country: "CH", at: day("2017-12-31"), none: true},
		{country: "FI", at: day("2012-12-31"), none: true},
	}
	for _, tt := range tests {
		row, ok := table.Rate(tax.Area{Country: tt.country}, tax.Standard, tt.at)
		if ok == tt.none || row.Rate != tt.want {
			t.Errorf("%s on %s is %d (found %v), want %d", tt.country, tt.at.Format(time.RFC3339Nano), row.Rate, ok, tt.want)
		}
	}
}

func TestRate_daysBeginInTheShopsZone(t *testing.T) {
	helsinki := time.FixedZone("EET", 3*3600)
	table, err := tax.Starting("FI", "", day("2024-01-01"), helsinki)
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2024, 9, 1, 0, 0, 0, 0, helsinki)
	before, _ := table.Rate(tax.Area{Country: "FI"}, tax.Standard, midnight.Add(-time.Millisecond))
	after, _ := table.Rate(tax.Area{Country: "FI"}, tax.Standard, midnight)
	if before.Rate != 240_000 || after.Rate != 255_000 {
		t.Errorf("before midnight %d, after it %d", before.Rate, after.Rate)
	}
}

func TestRate_regionBeforeCountryAndLaterBeforeEarlier(t *testing.T) {
	row := func(region, from string, rate money.Rate) tax.Row {
		return tax.Row{Country: "PT", Region: region, Class: "standard", Rate: rate, From: day(from)}
	}
	table := tax.Table{row("", "2020-01-01", 1), row("30", "2010-01-01", 2), row("", "2021-01-01", 3), row("20", "2022-01-01", 4)}
	for region, want := range map[string]money.Rate{"": 3, "30": 2, "20": 4, "99": 3} {
		if got, _ := table.Rate(tax.Area{Country: "PT", Region: region}, "standard", now); got.Rate != want {
			t.Errorf("region %q gets %d, want %d", region, got.Rate, want)
		}
	}
	if got, _ := table.Rate(tax.Area{Country: "PT", Region: "20"}, "standard", day("2021-06-01")); got.Rate != 3 {
		t.Errorf("before its own row begins a region gets %d, want 3", got.Rate)
	}
	if _, ok := table.Rate(tax.Area{Country: "PT", Region: "99", Apart: true}, "standard", now); ok {
		t.Error("a part that the law leaves out got the country's rate")
	}
	if _, ok := table.Rate(tax.Area{Country: "PT"}, "books", now); ok {
		t.Error("a class without rows got a rate")
	}
}

func TestRate_endsWithoutASuccessor(t *testing.T) {
	table := tax.Table{{Country: "DE", Class: "standard", Rate: 1, From: day("2020-01-01"), To: day("2021-01-01")}}
	germany := tax.Area{Country: "DE"}
	if _, ok := table.Rate(germany, "standard", day("2021-01-01").Add(-time.Millisecond)); !ok {
		t.Error("the last instant of a rate has none")
	}
	if _, ok := table.Rate(germany, "standard", day("2021-01-01")); ok {
		t.Error("a rate goes on after its end")
	}
	if _, err := table.Resolve(tax.Place{Country: "DE"}, tax.Place{Country: "DE"}, dated, day("2021-01-01"), tax.Refuse); fault.Reason(err) != "tax.unknown_destination" {
		t.Errorf("got %v", err)
	}
}

func TestLocate(t *testing.T) {
	tests := map[tax.Place]tax.Area{
		{Country: "DE", Postcode: "10115"}:               {Country: "DE"},
		{Country: "DE", Postcode: "27498"}:               {Country: "DE", Region: "HELGOLAND", Apart: true},
		{Country: "DE", Postcode: "78266"}:               {Country: "DE", Region: "BUESINGEN", Apart: true},
		{Country: "ES", Postcode: "28013"}:               {Country: "ES"},
		{Country: "ES", Postcode: "35001"}:               {Country: "ES", Region: "CN", Apart: true},
		{Country: "ES", Postcode: "38001"}:               {Country: "ES", Region: "CN", Apart: true},
		{Country: "ES", Postcode: "51001"}:               {Country: "ES", Region: "CE", Apart: true},
		{Country: "ES", Postcode: "52001"}:               {Country: "ES", Region: "ML", Apart: true},
		{Country: "FI", Postcode: "00100"}:               {Country: "FI"},
		{Country: "FI", Postcode: "22100"}:               {Country: "AX"},
		{Country: "FR", Postcode: "97110"}:               {Country: "GP"},
		{Country: "FR", Postcode: "97400"}:               {Country: "RE"},
		{Country: "FR", Postcode: "20000"}:               {Country: "FR"},
		{Country: "MC", Postcode: "98000"}:               {Country: "FR"},
		{Country: "GB", Postcode: "SW1A 1AA"}:            {Country: "GB"},
		{Country: "GB", Postcode: "je2 3ab"}:             {Country: "JE"},
		{Country: "GB", Postcode: "GY1 1WR"}:             {Country: "GG"},
		{Country: "IM", Postcode: "IM1 1AE"}:             {Country: "GB"},
		{Country: "GR", Postcode: "630 86"}:              {Country: "GR", Region: "69", Apart: true},
		{Country: "IT", Postcode: "23041"}:               {Country: "IT", Region: "LIVIGNO", Apart: true},
		{Country: "IT", Postcode: "22061"}:               {Country: "IT", Region: "CAMPIONE", Apart: true},
		{Country: "IT", Region: "RM", Postcode: "00184"}: {Country: "IT", Region: "RM"},
		{Country: "PT", Postcode: "1250-096"}:            {Country: "PT"},
		{Country: "PT", Postcode: "9000-001"}:            {Country: "PT", Region: "30"},
		{Country: "PT", Postcode: "9500-150"}:            {Country: "PT", Region: "20"},
		{Country: "LI", Postcode: "9490"}:                {Country: "CH"},
		{Country: "US", Region: "CA", Postcode: "94103"}: {Country: "US", Region: "CA"},
		{Country: "US", Region: "", Postcode: "35004"}:   {Country: "US"},
	}
	for place, want := range tests {
		if got := tax.Locate(place); got != want {
			t.Errorf("%+v is in %+v, want %+v", place, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	berlin := tax.Place{Country: "DE", Postcode: "10115"}
	sf := tax.Place{Country: "US", Region: "CA", Postcode: "94103"}
	tests := map[string]struct {
		shop    tax.Place
		region  string
		to      tax.Place
		outside tax.Outside
		want    tax.Applied
	}{
		"at home":             {berlin, "", berlin, tax.Refuse, tax.Applied{Rate: 190_000, Home: 190_000, Name: "MwSt.", Code: "DE"}},
		"across the Union":    {berlin, "", tax.Place{Country: "FR", Postcode: "75002"}, tax.Refuse, tax.Applied{Rate: 200_000, Home: 190_000, Name: "TVA", Code: "FR"}},
		"Madeira":             {berlin, "", tax.Place{Country: "PT", Postcode: "9000-001"}, tax.Refuse, tax.Applied{Rate: 220_000, Home: 190_000, Name: "IVA", Code: "PT-30"}},
		"export":              {berlin, "", sf, tax.Zero, tax.Applied{Home: 190_000, Code: "export", Reason: "tax.export"}},
		"the Canary Islands":  {berlin, "", tax.Place{Country: "ES", Postcode: "35001"}, tax.Zero, tax.Applied{Home: 190_000, Code: "export", Reason: "tax.export"}},
		"Helgoland from home": {berlin, "", tax.Place{Country: "DE", Postcode: "27498"}, tax.Zero, tax.Applied{Home: 190_000, Code: "export", Reason: "tax.export"}},
		"California at home":  {sf, "CA", sf, tax.Refuse, tax.Applied{Rate: 72_500, Home: 72_500, Name: "Sales tax", Code: "US-CA"}},
		"another state":       {sf, "CA", tax.Place{Country: "US", Region: "NY"}, tax.Zero, tax.Applied{Home: 72_500, Code: "not_registered", Reason: "tax.not_registered"}},
		"Oregon has none": {
			tax.Place{Country: "US", Region: "OR"},
			"OR",
			tax.Place{Country: "US", Region: "OR"},
			tax.Refuse,
			tax.Applied{Name: "No state sales tax", Code: "US-OR"},
		},
		"Liechtenstein from Zurich": {
			tax.Place{Country: "CH"},
			"",
			tax.Place{Country: "LI", Postcode: "9490"},
			tax.Refuse,
			tax.Applied{Rate: 81_000, Home: 81_000, Name: "MWST", Code: "CH"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table := starting(t, tt.shop.Country, tt.region)
			got, err := table.Resolve(tt.shop, tt.to, dated, now, tt.outside)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]tax.Applied{tax.Standard: tt.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolve_neverSilentlyNothing(t *testing.T) {
	home := tax.Place{Country: "DE"}
	table := starting(t, "DE", "")
	t.Run("an unknown destination is refused", func(t *testing.T) {
		for _, to := range []tax.Place{{Country: "US", Region: "CA"}, {Country: "XX"}, {}, {Country: "ES", Postcode: "35001"}, {Country: "CH"}} {
			got, err := table.Resolve(home, to, dated, now, tax.Refuse)
			f := fault.From(err)
			if got != nil || f == nil || f.Kind != fault.Invalid || f.Reason != "tax.unknown_destination" || len(f.Fields) != 1 || f.Fields[0].Path != "country" {
				t.Errorf("%+v: got %v, %v", to, got, err)
			}
		}
	})
	t.Run("an unsaid choice is a refusal", func(t *testing.T) {
		if _, err := table.Resolve(home, tax.Place{Country: "US"}, dated, now, ""); fault.Reason(err) != "tax.unknown_destination" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a class without a rate is refused even where nothing else is taxed outside", func(t *testing.T) {
		got, err := table.Resolve(home, home, []string{tax.Standard, "books"}, now, tax.Zero)
		if got != nil || !fault.Is(err, fault.Conflict) || fault.Reason(err) != "tax.rate_missing" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("before the first row there is no rate", func(t *testing.T) {
		if _, err := table.Resolve(home, home, dated, day("2019-01-01"), tax.Refuse); fault.Reason(err) != "tax.unknown_destination" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is exempt says so", func(t *testing.T) {
		got, err := table.Resolve(home, home, []string{tax.Exempt}, now, tax.Refuse)
		want := map[string]tax.Applied{tax.Exempt: {Code: "exempt", Reason: "tax.exempt"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// B6: re-opening an old order reproduces its tax; a change at midnight does
// not reach back.
func TestB6_theInstantDecides(t *testing.T) {
	table := library(t)
	home := tax.Place{Country: "EE"}
	midnight := day("2025-07-01")
	for at, want := range map[time.Time]money.Rate{midnight.Add(-time.Millisecond): 220_000, midnight: 240_000} {
		got, err := table.Resolve(home, home, dated, at, tax.Refuse)
		if err != nil || got[tax.Standard].Rate != want {
			t.Errorf("at %s: %+v, %v", at, got, err)
		}
	}
}

func TestStarting(t *testing.T) {
	counts := map[[2]string]int{
		{"DE", ""}: 29, {"PT", ""}: 29, {"GB", ""}: 1, {"CH", ""}: 1, {"US", "CA"}: 1, {"US", ""}: 0, {"US", "MN"}: 2, {"US", "DC"}: 0, {"JP", ""}: 0, {"", ""}: 0,
	}
	for shop, want := range counts {
		if got := len(starting(t, shop[0], shop[1])); got != want {
			t.Errorf("a shop in %v starts with %d rows, want %d", shop, got, want)
		}
	}
	for _, r := range starting(t, "DE", "") {
		if !r.To.IsZero() {
			t.Errorf("%s starts with a rate that has ended", r.Country)
		}
	}
}

func TestShown(t *testing.T) {
	tests := []struct {
		price        money.Minor
		listed, show bool
		want         money.Minor
	}{
		{119_00, true, true, 119_00},
		{119_00, true, false, 100_00},
		{100_00, false, true, 119_00},
		{100_00, false, false, 100_00},
		{9_99, true, false, 8_39},
		{8_39, false, true, 9_98},
	}
	for _, tt := range tests {
		if got, err := tax.Shown(tt.price, 190_000, tt.listed, tt.show); got != tt.want || err != nil {
			t.Errorf("%d listed %v shown %v is %d (%v), want %d", tt.price, tt.listed, tt.show, got, err, tt.want)
		}
	}
	if _, err := tax.Shown(1<<62, 1_000_000, false, true); err == nil {
		t.Error("an overflow was shown")
	}
}

func TestNote_readsWell(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	german := tax.Applied{Rate: 190_000, Name: "MwSt."}
	tests := []struct {
		applied tax.Applied
		with    bool
		en, de  string
	}{
		{german, true, "incl. 19% MwSt.", "inkl. 19\u00a0% MwSt."},
		{german, false, "plus 19% MwSt.", "zzgl. 19\u00a0% MwSt."},
		{tax.Applied{}, true, "no tax", "ohne Steuer"},
		{tax.Applied{Reason: "tax.export"}, true, "No tax collected: export", "Ohne Steuer: Ausfuhr"},
	}
	for _, tt := range tests {
		for lang, want := range map[string]string{"en": tt.en, "de": tt.de} {
			if got := catalog.Printer(lang, nil).T(tt.applied.Note(tt.with), "rate", tt.applied.Rate, "name", tt.applied.Name); got != want {
				t.Errorf("%s: %q, want %q", lang, got, want)
			}
		}
	}
}

func TestRow_Validate(t *testing.T) {
	good := tax.Row{Country: "CA", Region: "QC", Class: "standard", Rate: 149_750, Name: "GST/QST", Source: "x", From: now}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(r *tax.Row)
		field  string
		reason string
	}{
		"no country":         {func(r *tax.Row) { r.Country = "" }, "country", "form.not_a_choice"},
		"small letters":      {func(r *tax.Row) { r.Country = "ca" }, "country", "form.not_a_choice"},
		"odd region":         {func(r *tax.Row) { r.Region = "Q C" }, "region", "form.not_a_choice"},
		"no class":           {func(r *tax.Row) { r.Class = "" }, "class", "form.not_a_choice"},
		"a rate of exempt":   {func(r *tax.Row) { r.Class = tax.Exempt }, "class", "form.not_a_choice"},
		"negative":           {func(r *tax.Row) { r.Rate = -1 }, "rate", "form.too_small"},
		"above 100 %":        {func(r *tax.Row) { r.Rate = money.Whole + 1 }, "rate", "form.too_large"},
		"no name":            {func(r *tax.Row) { r.Name = " " }, "name", "form.required"},
		"no source":          {func(r *tax.Row) { r.Source = "" }, "source", "form.required"},
		"a novel for a name": {func(r *tax.Row) { r.Name = strings.Repeat("x", 10_000) }, "name", "form.too_long"},
		"no beginning":       {func(r *tax.Row) { r.From = time.Time{} }, "from", "form.required"},
		"ends first":         {func(r *tax.Row) { r.To = r.From }, "to", "tax.ends_before_it_begins"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := good
			tt.change(&r)
			f := fault.From(r.Validate())
			if f == nil || len(f.Fields) != 1 || f.Fields[0].Path != tt.field || f.Fields[0].Reason != tt.reason {
				t.Errorf("got %v", f)
			}
		})
	}
}

// TestTitle_inTheReadersLanguage knows every name of value added tax that comes
// with the shop.
func TestTitle_inTheReadersLanguage(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	en, de := catalog.Printer("en", nil), catalog.Printer("de", nil)
	for _, r := range tax.Library() {
		switch got := tax.Title(r.Name, en); {
		case r.Country == "US" && got != r.Name:
			t.Errorf("%s %s: %q is %q in English", r.Country, r.Region, r.Name, got)
		case r.Country != "US" && got != "VAT":
			t.Errorf("%s: %q is %q in English", r.Country, r.Name, got)
		case r.Country != "US" && tax.Title(r.Name, de) != "MwSt.":
			t.Errorf("%s: %q is %q in German", r.Country, r.Name, tax.Title(r.Name, de))
		}
	}
	if got := tax.Title("MVA", de); got != "MVA" {
		t.Errorf("a name of one's own became %q", got)
	}
}
