package shipping_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

func place(country, region, from, to string) shipping.Place {
	return shipping.Place{Country: country, Region: region, PostcodeFrom: from, PostcodeTo: to}
}

func flat(id string, price, freeFrom money.Minor) shipping.Method {
	return shipping.Method{ID: id, Code: id, Name: locale.Text{"en": id}, Kind: shipping.Flat, Currency: "EUR", Price: price, FreeFrom: freeFrom, Active: true}
}

func table(id string, freeFrom money.Minor, rates ...shipping.Rate) shipping.Method {
	m := flat(id, 0, freeFrom)
	m.Kind, m.Rates = shipping.ByWeight, rates
	return m
}

func zones() []shipping.Zone {
	return []shipping.Zone{
		{ID: "zon_de", Position: 1, Places: []shipping.Place{place("DE", "", "", "")}, Methods: []shipping.Method{
			table("parcel", 50_00, shipping.Rate{MaxGrams: 2000, Price: 4_90}, shipping.Rate{MaxGrams: 10_000, Price: 7_90}),
			flat("express", 14_90, 0),
		}},
		{ID: "zon_islands", Position: 2, Places: []shipping.Place{place("DE", "", "25846", "25999"), place("DE", "", "26465", "")}, Methods: []shipping.Method{flat("ferry", 19_00, 0)}},
		{ID: "zon_west", Position: 3, Places: []shipping.Place{place("US", "CA", "", ""), place("US", "OR", "", "")}, Methods: []shipping.Method{flat("west", 9_00, 0)}},
		{ID: "zon_us", Position: 4, Places: []shipping.Place{place("US", "", "", "")}, Methods: []shipping.Method{flat("us", 12_00, 100_00)}},
		{ID: "zon_ni", Position: 5, Places: []shipping.Place{place("GB", "", "BT", "")}, Methods: []shipping.Method{flat("ni", 8_00, 0)}},
		{ID: "zon_world", Position: 6, Places: []shipping.Place{place(shipping.Everywhere, "", "", "")}, Methods: []shipping.Method{flat("world", 29_00, 0)}},
	}
}

func TestZoneOf(t *testing.T) {
	tests := map[tax.Place]string{
		{Country: "DE", Postcode: "10115"}:               "zon_de",
		{Country: "DE", Postcode: "25846"}:               "zon_islands",
		{Country: "DE", Postcode: "25999"}:               "zon_islands",
		{Country: "DE", Postcode: "26000"}:               "zon_de",
		{Country: "DE", Postcode: "25845"}:               "zon_de",
		{Country: "DE", Postcode: "26465"}:               "zon_islands",
		{Country: "DE", Postcode: "26466"}:               "zon_de",
		{Country: "DE"}:                                  "zon_de",
		{Country: "US", Region: "CA", Postcode: "94103"}: "zon_west",
		{Country: "US", Region: "NY", Postcode: "10001"}: "zon_us",
		{Country: "US"}:                                  "zon_us",
		{Country: "GB", Postcode: "BT1 1AA"}:             "zon_ni",
		{Country: "GB", Postcode: "bt93 8aa"}:            "zon_ni",
		{Country: "GB", Postcode: "B1 1AA"}:              "zon_world",
		{Country: "GB"}:                                  "zon_world",
		{Country: "JP"}:                                  "zon_world",
	}
	for to, want := range tests {
		if got, ok := shipping.ZoneOf(zones(), to); !ok || got.ID != want {
			t.Errorf("%+v is in %q, want %q", to, got.ID, want)
		}
	}
	if _, ok := shipping.ZoneOf(zones()[:5], tax.Place{Country: "JP"}); ok {
		t.Error("a place outside all zones has one")
	}
	if _, ok := shipping.ZoneOf(nil, tax.Place{}); ok {
		t.Error("no zones, and still one was found")
	}
}

func TestZoneOf_equalPlacesGoByPosition(t *testing.T) {
	a := shipping.Zone{ID: "zon_b", Position: 1, Places: []shipping.Place{place("DE", "", "", "")}}
	b := shipping.Zone{ID: "zon_a", Position: 2, Places: a.Places}
	c := shipping.Zone{ID: "zon_c", Position: 1, Places: a.Places}
	to := tax.Place{Country: "DE"}
	for _, order := range [][]shipping.Zone{{a, b, c}, {c, b, a}, {b, c, a}} {
		if got, _ := shipping.ZoneOf(order, to); got.ID != "zon_b" {
			t.Errorf("got %s, want the lowest position, then the lowest id", got.ID)
		}
	}
}

func TestOptions(t *testing.T) {
	type offer struct {
		ID    string
		Price money.Minor
		Free  bool
	}
	germany := tax.Place{Country: "DE", Postcode: "10115"}
	tests := map[string]struct {
		to     tax.Place
		parcel shipping.Parcel
		want   []offer
	}{
		"light":                     {germany, shipping.Parcel{Grams: 500, Value: 20_00, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 4_90, false}}},
		"at the limit":              {germany, shipping.Parcel{Grams: 2000, Value: 20_00, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 4_90, false}}},
		"a gram above it":           {germany, shipping.Parcel{Grams: 2001, Value: 20_00, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 7_90, false}}},
		"the heaviest":              {germany, shipping.Parcel{Grams: 10_000, Value: 20_00, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 7_90, false}}},
		"too heavy for the table":   {germany, shipping.Parcel{Grams: 10_001, Value: 20_00, Currency: "EUR"}, []offer{{"express", 14_90, false}}},
		"a cent short of free":      {germany, shipping.Parcel{Grams: 500, Value: 49_99, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 4_90, false}}},
		"free from the cent":        {germany, shipping.Parcel{Grams: 500, Value: 50_00, Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 0, true}}},
		"free is no way around kg":  {germany, shipping.Parcel{Grams: 10_001, Value: 500_00, Currency: "EUR"}, []offer{{"express", 14_90, false}}},
		"weightless":                {germany, shipping.Parcel{Currency: "EUR"}, []offer{{"express", 14_90, false}, {"parcel", 4_90, false}}},
		"another currency":          {germany, shipping.Parcel{Grams: 500, Currency: "USD"}, nil},
		"an island has only a boat": {tax.Place{Country: "DE", Postcode: "25999"}, shipping.Parcel{Grams: 500, Currency: "EUR"}, []offer{{"ferry", 19_00, false}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []offer
			for _, o := range shipping.Options(zones(), tt.to, tt.parcel) {
				got = append(got, offer{o.ID, o.Price, o.Free})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOptions_inTheMerchantsOrder(t *testing.T) {
	z := zones()[:1]
	z[0].Methods[0].Position, z[0].Methods[1].Position = 1, 2
	got := shipping.Options(z, tax.Place{Country: "DE"}, shipping.Parcel{Currency: "EUR"})
	if len(got) != 2 || got[0].ID != "parcel" {
		t.Errorf("got %+v", got)
	}
	z[0].Methods[0].Active = false
	if got := shipping.Options(z, tax.Place{Country: "DE"}, shipping.Parcel{Currency: "EUR"}); len(got) != 1 || got[0].ID != "express" {
		t.Errorf("a method that is switched off is offered: %+v", got)
	}
}

func TestChoose(t *testing.T) {
	light := shipping.Parcel{Grams: 500, Value: 20_00, Currency: "EUR"}
	germany := tax.Place{Country: "DE"}
	got, err := shipping.Choose(zones(), germany, light, "parcel")
	if err != nil || got.ID != "parcel" || got.Price != 4_90 {
		t.Errorf("got %+v, %v", got, err)
	}
	onlyTable := zones()[:1]
	onlyTable[0].Methods = onlyTable[0].Methods[:1]
	tests := map[string]struct {
		zones  []shipping.Zone
		to     tax.Place
		parcel shipping.Parcel
		method string
		kind   fault.Kind
		reason string
	}{
		"of another zone":        {zones(), germany, light, "ferry", fault.Conflict, "shipping.method_unavailable"},
		"none at all":            {zones(), germany, light, "", fault.Conflict, "shipping.method_unavailable"},
		"too heavy for this one": {zones(), germany, shipping.Parcel{Grams: 10_001, Currency: "EUR"}, "parcel", fault.Conflict, "shipping.method_unavailable"},
		"too heavy for all":      {onlyTable, germany, shipping.Parcel{Grams: 10_001, Currency: "EUR"}, "parcel", fault.Invalid, "shipping.too_heavy"},
		"too heavy to weigh":     {onlyTable, germany, shipping.Parcel{Grams: math.MaxInt64, Currency: "EUR"}, "parcel", fault.Invalid, "shipping.too_heavy"},
		"nobody goes there":      {onlyTable, tax.Place{Country: "JP"}, light, "parcel", fault.Invalid, "shipping.no_zone"},
		"not in that currency":   {onlyTable, germany, shipping.Parcel{Currency: "USD"}, "parcel", fault.Invalid, "shipping.no_zone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := shipping.Choose(tt.zones, tt.to, tt.parcel, tt.method)
			if fault.Reason(err) != tt.reason || !fault.Is(err, tt.kind) {
				t.Errorf("got %v, want %s", err, tt.reason)
			}
			if diff := cmp.Diff(shipping.Option{}, got); diff != "" {
				t.Error("a refusal still chooses: " + diff)
			}
		})
	}
	if err := shipping.Serves(zones(), germany, light); err != nil {
		t.Error(err)
	}
	if err := shipping.Serves(nil, germany, light); fault.Reason(err) != "shipping.no_zone" {
		t.Errorf("got %v", err)
	}
}

func TestFreeMeter(t *testing.T) {
	germany := tax.Place{Country: "DE"}
	tests := map[string]struct {
		value money.Minor
		want  shipping.Meter
	}{
		"empty":    {0, shipping.Meter{FreeFrom: 50_00, Missing: 50_00}},
		"half":     {25_00, shipping.Meter{FreeFrom: 50_00, Missing: 25_00, Percent: 50}},
		"a cent":   {49_99, shipping.Meter{FreeFrom: 50_00, Missing: 1, Percent: 99}},
		"reached":  {50_00, shipping.Meter{FreeFrom: 50_00, Percent: 100}},
		"above":    {80_00, shipping.Meter{FreeFrom: 50_00, Percent: 100}},
		"enormous": {math.MaxInt64, shipping.Meter{FreeFrom: 50_00, Percent: 100}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := shipping.FreeMeter(zones(), germany, shipping.Parcel{Value: tt.value, Currency: "EUR"})
			if !ok || got != tt.want || got.Reached() != (tt.want.Missing == 0) {
				t.Errorf("got %+v (%v), want %+v", got, ok, tt.want)
			}
		})
	}
	if _, ok := shipping.FreeMeter(zones(), tax.Place{Country: "JP"}, shipping.Parcel{Currency: "EUR"}); ok {
		t.Error("a meter without a threshold")
	}
	if _, ok := shipping.FreeMeter(zones(), germany, shipping.Parcel{Grams: 10_001, Currency: "EUR"}); ok {
		t.Error("a meter for a parcel that cannot travel free")
	}
	z := zones()[:1]
	z[0].Methods[1].FreeFrom = 40_00
	if got, _ := shipping.FreeMeter(z, germany, shipping.Parcel{Currency: "EUR"}); got.FreeFrom != 40_00 {
		t.Errorf("the meter aims at %d, want the lowest threshold 4000", got.FreeFrom)
	}
}

// A dearer basket never pays more for the same parcel, and a heavier parcel
// never less.
func TestOptions_areMonotone(t *testing.T) {
	to := tax.Place{Country: "DE"}
	price := func(grams int64, value money.Minor) (money.Minor, bool) {
		for _, o := range shipping.Options(zones(), to, shipping.Parcel{Grams: grams, Value: value, Currency: "EUR"}) {
			if o.ID == "parcel" {
				return o.Price, true
			}
		}
		return 0, false
	}
	rapid.Check(t, func(t *rapid.T) {
		grams := rapid.Int64Range(0, 12_000).Draw(t, "grams")
		value := money.Minor(rapid.Int64Range(0, 100_00).Draw(t, "value"))
		more := rapid.Int64Range(0, 5_000).Draw(t, "more")
		base, ok := price(grams, value)
		if dearer, ok2 := price(grams, value+money.Minor(more)); ok != ok2 || dearer > base {
			t.Fatalf("%d g of %d cost %d, of more %d", grams, value, base, dearer)
		}
		if heavier, ok2 := price(grams+more, value); ok2 && (!ok || heavier < base) {
			t.Fatalf("%d g cost %d, heavier %d", grams, base, heavier)
		}
	})
}

func TestZone_Validate(t *testing.T) {
	good := shipping.Zone{Name: "Home", Places: []shipping.Place{
		place("DE", "", "", ""), place("DE", "", "25", "26"), place("US", "CA", "", ""), place("GB", "", "BT", ""), place("ZZ", "", "", ""), place("PL", "", "00-9", "01"),
	}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(z *shipping.Zone)
		field  string
		reason string
	}{
		"no name":             {func(z *shipping.Zone) { z.Name = "  " }, "name", "form.required"},
		"a long name":         {func(z *shipping.Zone) { z.Name = strings.Repeat("x", 10_000) }, "name", "form.too_long"},
		"not UTF-8":           {func(z *shipping.Zone) { z.Name = "\xff" }, "name", "form.not_utf8"},
		"CR LF":               {func(z *shipping.Zone) { z.Name = "a\r\nb" }, "name", "form.one_line"},
		"nowhere":             {func(z *shipping.Zone) { z.Places = nil }, "places", "form.required"},
		"too many places":     {func(z *shipping.Zone) { z.Places = make([]shipping.Place, 501) }, "places", "form.too_large"},
		"no country":          {func(z *shipping.Zone) { z.Places = []shipping.Place{place("", "", "", "")} }, "places.0.country", "form.not_a_choice"},
		"odd region":          {func(z *shipping.Zone) { z.Places = []shipping.Place{place("US", "ca", "", "")} }, "places.0.region", "form.not_a_choice"},
		"odd postcode":        {func(z *shipping.Zone) { z.Places = []shipping.Place{place("DE", "", "2*", "")} }, "places.0.postcode_from", "shipping.postcode_range"},
		"end before begin":    {func(z *shipping.Zone) { z.Places = []shipping.Place{place("DE", "", "26", "25")} }, "places.0.postcode_to", "shipping.postcode_range"},
		"end without begin":   {func(z *shipping.Zone) { z.Places = []shipping.Place{place("DE", "", "", "25")} }, "places.0.postcode_to", "shipping.postcode_range"},
		"the same twice":      {func(z *shipping.Zone) { z.Places = append(z.Places, place("DE", "", "25", "29")) }, "places.6.country", "shipping.place_twice"},
		"a part of the world": {func(z *shipping.Zone) { z.Places = []shipping.Place{place("ZZ", "", "1", "")} }, "places.0.country", "form.not_a_choice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			z := good
			z.Places = append([]shipping.Place{}, good.Places...)
			tt.change(&z)
			f := fault.From(z.Validate())
			if f == nil || len(f.Fields) == 0 || f.Fields[0].Path != tt.field || f.Fields[0].Reason != tt.reason {
				t.Errorf("got %v", f)
			}
		})
	}
}

func TestMethod_Validate(t *testing.T) {
	good := map[string]shipping.Method{
		"flat":  flat("standard", 4_90, 50_00),
		"table": table("parcel", 0, shipping.Rate{MaxGrams: 1, Price: 0}, shipping.Rate{MaxGrams: 2, Price: 5}),
	}
	for name, m := range good {
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	tests := map[string]struct {
		of     string
		change func(m *shipping.Method)
		field  string
		reason string
	}{
		"no code":                {"flat", func(m *shipping.Method) { m.Code = "" }, "code", "shipping.code"},
		"capitals in the code":   {"flat", func(m *shipping.Method) { m.Code = "Express" }, "code", "shipping.code"},
		"no name":                {"flat", func(m *shipping.Method) { m.Name = nil }, "name", "form.required"},
		"an empty name":          {"flat", func(m *shipping.Method) { m.Name = locale.Text{"de": " "} }, "name.de", "form.required"},
		"unknown currency":       {"flat", func(m *shipping.Method) { m.Currency = "EURO" }, "currency", "form.not_a_choice"},
		"negative price":         {"flat", func(m *shipping.Method) { m.Price = -1 }, "price", "form.too_small"},
		"negative threshold":     {"flat", func(m *shipping.Method) { m.FreeFrom = -1 }, "free_from", "form.too_small"},
		"unknown kind":           {"flat", func(m *shipping.Method) { m.Kind = "distance" }, "kind", "form.not_a_choice"},
		"flat with a table":      {"flat", func(m *shipping.Method) { m.Rates = []shipping.Rate{{MaxGrams: 1}} }, "rates", "shipping.flat_has_no_table"},
		"table with a price":     {"table", func(m *shipping.Method) { m.Price = 1 }, "price", "shipping.table_has_no_price"},
		"table without rows":     {"table", func(m *shipping.Method) { m.Rates = nil }, "rates", "form.required"},
		"table of 101 rows":      {"table", func(m *shipping.Method) { m.Rates = make([]shipping.Rate, 101) }, "rates", "form.too_large"},
		"rows out of order":      {"table", func(m *shipping.Method) { m.Rates = []shipping.Rate{{MaxGrams: 2}, {MaxGrams: 2}} }, "rates.1.max_grams", "form.too_small"},
		"a row without weight":   {"table", func(m *shipping.Method) { m.Rates = []shipping.Rate{{MaxGrams: 0}} }, "rates.0.max_grams", "form.too_small"},
		"a row that pays":        {"table", func(m *shipping.Method) { m.Rates = []shipping.Rate{{MaxGrams: 1, Price: -1}} }, "rates.0.price", "form.too_small"},
		"arrives before it left": {"flat", func(m *shipping.Method) { m.DaysMin = -1 }, "days_min", "form.too_small"},
		"latest before earliest": {"flat", func(m *shipping.Method) { m.DaysMin, m.DaysMax = 3, 2 }, "days_max", "form.too_small"},
		"in two years":           {"flat", func(m *shipping.Method) { m.DaysMax = 700 }, "days_max", "form.too_large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := good[tt.of]
			tt.change(&m)
			f := fault.From(m.Validate())
			if f == nil || len(f.Fields) != 1 || f.Fields[0].Path != tt.field || f.Fields[0].Reason != tt.reason {
				t.Errorf("got %v", f)
			}
		})
	}
}
