package tax

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stoashop/stoa/kit/money"
)

//go:embed data/rates.json
var rateData []byte

// Preset is a published rate a shop can start from.
//
// In the United States it is the rate that holds in the whole state, as the
// state names it: what counties and cities add is left out, except where Note
// says that the state's own figure holds a part of it.
type Preset struct {
	Country string     `json:"country"`
	Region  string     `json:"region"`
	Class   string     `json:"class"`
	Rate    money.Rate `json:"rate"`
	Name    string     `json:"name"`
	From    string     `json:"from"`         // first day; see Began
	To      string     `json:"to,omitempty"` // first day no more

	// Began says that the rate began on From. Otherwise From is the earliest
	// day the source vouches for, and the rate may be older.
	Began bool `json:"began"`

	Title string `json:"title"`          // of the publication, and who published it
	URL   string `json:"url"`            // its page, https
	Note  string `json:"note,omitempty"` // what the rate is made of, where that is not plain
}

// Source names the publication and its address, with what a reader must know
// about the rate, and says whether From is the day since which it is in force
// or the one on which the publication attests it. It fits Row.Source.
func (p Preset) Source() string {
	s := p.Title + ": " + p.URL
	if p.Note != "" {
		s += " (" + p.Note + ")"
	}
	if p.Began {
		return s + " (in force since " + p.From + ")"
	}
	return s + " (attested on " + p.From + ", may be older)"
}

// Library is every rate that comes with the shop: standard rates of the
// European Union with Madeira and the Azores, of the United Kingdom and of
// Switzerland, and the state rates of the United States. Each names its
// source. What has none is not in it: the District of Columbia is missing,
// because no publication settles what it collects since October 2026.
func Library() []Preset { return slices.Clone(presets()) }

// Starting picks the rates a new shop in country (and region, where rates
// differ by region) collects, as far as the library knows them: every member
// state for a shop in the Union, which reports them in one place; otherwise
// its own country or region. Rates that ended before at are left out. Days
// begin in zone.
func Starting(country, region string, at time.Time, zone *time.Location) (Table, error) {
	var t Table
	for _, p := range presets() {
		mine := p.Country == country && (p.Region == "" || p.Region == region)
		if !mine && !(inUnion(country) && inUnion(p.Country)) {
			continue
		}
		r, err := p.Row(zone)
		if err != nil {
			return nil, err
		}
		if r.To.IsZero() || at.Before(r.To) {
			t = append(t, r)
		}
	}
	return t, nil
}

// Row makes a row of a preset, without an id. Days begin in zone; nil means
// UTC.
func (p Preset) Row(zone *time.Location) (Row, error) {
	if zone == nil {
		zone = time.UTC
	}
	r := Row{Country: p.Country, Region: p.Region, Class: p.Class, Rate: p.Rate, Name: p.Name, Source: p.Source()}
	var err error
	if r.From, err = time.ParseInLocation(time.DateOnly, p.From, zone); err != nil {
		return Row{}, fmt.Errorf("tax rate of %s %s: %w", p.Country, p.Region, err)
	}
	if p.To != "" {
		if r.To, err = time.ParseInLocation(time.DateOnly, p.To, zone); err != nil {
			return Row{}, fmt.Errorf("tax rate of %s %s: %w", p.Country, p.Region, err)
		}
	}
	r.From, r.To = r.From.UTC(), r.To.UTC()
	return r, nil
}

// inUnion reports whether a country is a member state of the European Union.
func inUnion(country string) bool {
	return len(country) == 2 && strings.Contains(
		" AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK ", " "+country+" ")
}

var presets = sync.OnceValue(func() []Preset {
	var list []Preset
	if err := json.Unmarshal(rateData, &list); err != nil {
		panic(fmt.Sprintf("tax: data/rates.json: %v", err)) // a test reads it
	}
	return list
})
