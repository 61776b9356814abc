package tax_test

import (
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

func TestLibrary_standardRates(t *testing.T) {
	// What holds on 24 November 2026, in parts per million.
	want := map[string]money.Rate{
		"AT": 200_000, "BE": 210_000, "BG": 200_000, "CY": 190_000, "CZ": 210_000, "DE": 190_000, "DK": 250_000,
		"EE": 240_000, "ES": 210_000, "FI": 255_000, "FR": 200_000, "GR": 240_000, "HR": 250_000, "HU": 270_000,
		"IE": 230_000, "IT": 220_000, "LT": 210_000, "LU": 170_000, "LV": 210_000, "MT": 180_000, "NL": 210_000,
		"PL": 230_000, "PT": 230_000, "RO": 210_000, "SE": 250_000, "SI": 220_000, "SK": 230_000,
		"PT-20": 160_000, "PT-30": 220_000, "GB": 200_000, "CH": 81_000,
		"US-AL": 40_000, "US-AZ": 56_000, "US-AR": 65_000, "US-CA": 72_500, "US-CO": 29_000, "US-CT": 63_500,
		"US-FL": 60_000, "US-GA": 40_000, "US-HI": 40_000, "US-ID": 60_000, "US-IL": 62_500, "US-IN": 70_000,
		"US-IA": 60_000, "US-KS": 65_000, "US-KY": 60_000, "US-LA": 50_000, "US-ME": 55_000, "US-MD": 60_000,
		"US-MA": 62_500, "US-MI": 60_000, "US-MN": 68_750, "US-MS": 70_000, "US-MO": 42_250, "US-NE": 55_000,
		"US-NV": 68_500, "US-NJ": 66_250, "US-NM": 48_750, "US-NY": 40_000, "US-NC": 47_500, "US-ND": 50_000,
		"US-OH": 57_500, "US-OK": 45_000, "US-PA": 60_000, "US-RI": 70_000, "US-SC": 60_000, "US-SD": 42_000,
		"US-TN": 70_000, "US-TX": 62_500, "US-UT": 48_500, "US-VT": 60_000, "US-VA": 53_000, "US-WA": 65_000,
		"US-WV": 60_000, "US-WI": 50_000, "US-WY": 40_000,
		"US-AK": 0, "US-DE": 0, "US-MT": 0, "US-NH": 0, "US-OR": 0,
	}
	table := library(t)
	areas := make(map[string]bool)
	for _, r := range table {
		key := r.Country
		if r.Region != "" {
			key += "-" + r.Region
		}
		areas[key] = true
		if err := r.Validate(); err != nil {
			t.Errorf("%s from %s: %v", key, r.From, err)
		}
		if !strings.Contains(r.Source, ": https://") {
			t.Errorf("%s: source %q names no publication and address", key, r.Source)
		}
	}
	for key, rate := range want {
		country, region, _ := strings.Cut(key, "-")
		row, ok := table.Rate(tax.Area{Country: country, Region: region}, tax.Standard, now)
		if !ok || row.Rate != rate || row.Region != region {
			t.Errorf("%s is %d (%q, found %v), want %d", key, row.Rate, row.Region, ok, rate)
		}
	}
	for key := range areas {
		if _, ok := want[key]; !ok {
			t.Errorf("%s is in the library and in no list", key)
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
		{"LA", "2029-12-31", 50_000}, {"LA", "2030-01-01", 47_500},
		{"SD", "2027-06-30", 42_000}, {"SD", "2027-07-01", 45_000},
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
			tax.Place{Country: "US", Region: "OR"}, "OR", tax.Place{Country: "US", Region: "OR"}, tax.Refuse,
			tax.Applied{Name: "No state sales tax", Code: "US-OR"},
		},
		"Liechtenstein from Zurich": {
			tax.Place{Country: "CH"}, "", tax.Place{Country: "LI", Postcode: "9490"}, tax.Refuse,
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
		{"DE", ""}: 29, {"PT", ""}: 29, {"GB", ""}: 1, {"CH", ""}: 1, {"US", "CA"}: 1, {"US", ""}: 0, {"US", "DC"}: 0, {"JP", ""}: 0, {"", ""}: 0,
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
