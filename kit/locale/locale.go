// Package locale turns words, amounts and dates into what a person of a given
// language expects to read. It knows catalogues of messages, CLDR plurals and
// number formats; it does no I/O of its own.
package locale

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/collate"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Text is one text in several languages, keyed by BCP 47 tag ("en", "de").
// It is stored as a JSON object.
type Text map[string]string

// In returns the text in lang, else in the base language of lang, else in
// fallback, else in the alphabetically first language that has one.
func (t Text) In(lang, fallback string) string {
	if s := t[lang]; s != "" {
		return s
	}
	if base, _, ok := strings.Cut(lang, "-"); ok && t[base] != "" {
		return t[base]
	}
	if s := t[fallback]; s != "" {
		return s
	}
	keys := make([]string, 0, len(t))
	for k := range t {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if t[k] != "" {
			return t[k]
		}
	}
	return ""
}

// message is one entry of a catalogue: a text, or one text per plural form of
// the parameter "count".
type message struct {
	other string
	forms map[string]string // "zero", "one", "two", "few", "many"
}

func (m *message) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.other)
	}
	if err := json.Unmarshal(b, &m.forms); err != nil {
		return err
	}
	m.other = m.forms["other"]
	if m.other == "" {
		return fmt.Errorf("locale: a plural message needs the form %q", "other")
	}
	return nil
}

// Catalog holds every message of a shop in every language it speaks.
type Catalog struct {
	langs    []string
	messages map[string]map[string]message // language, key
	matcher  language.Matcher
}

// Load reads <language>/*.json below the root of each file system. Later file
// systems override earlier ones, so a theme may re-word the shop. The language
// called first is the fallback of all others.
func Load(first string, layers ...fs.FS) (*Catalog, error) {
	c := &Catalog{messages: make(map[string]map[string]message)}
	for _, layer := range layers {
		files, err := fs.Glob(layer, "*/*.json")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			raw, err := fs.ReadFile(layer, file)
			if err != nil {
				return nil, err
			}
			var part map[string]message
			if err := json.Unmarshal(raw, &part); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			lang := path.Dir(file)
			if c.messages[lang] == nil {
				c.messages[lang] = make(map[string]message)
			}
			for key, m := range part {
				c.messages[lang][key] = m
			}
		}
	}
	if c.messages[first] == nil {
		return nil, fmt.Errorf("locale: no messages in %q", first)
	}
	for lang := range c.messages {
		if lang != first {
			c.langs = append(c.langs, lang)
		}
	}
	slices.Sort(c.langs)
	c.langs = append([]string{first}, c.langs...)
	tags := make([]language.Tag, len(c.langs))
	for i, lang := range c.langs {
		tag, err := language.Parse(lang)
		if err != nil {
			return nil, fmt.Errorf("locale: folder %q is no language: %w", lang, err)
		}
		tags[i] = tag
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// Languages lists what the catalogue speaks, the fallback first.
func (c *Catalog) Languages() []string { return slices.Clone(c.langs) }

// Keys lists the message keys of one language, sorted.
func (c *Catalog) Keys(lang string) []string {
	keys := make([]string, 0, len(c.messages[lang]))
	for k := range c.messages[lang] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Match picks the language that suits an Accept-Language header best.
func (c *Catalog) Match(accept string) string {
	if len(accept) > 200 {
		return c.langs[0]
	}
	want, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(want) == 0 {
		return c.langs[0]
	}
	_, i, _ := c.matcher.Match(want...)
	return c.langs[i]
}

// Printer writes for one language and one time zone.
type Printer struct {
	catalog *Catalog
	lang    string
	tag     language.Tag
	loc     currency.Locale
	zone    *time.Location
}

// Printer returns the writer for a language; an unknown one gets the fallback.
// zone is where wall-clock times are told; nil means UTC.
func (c *Catalog) Printer(lang string, zone *time.Location) *Printer {
	if c.messages[lang] == nil {
		lang = c.langs[0]
	}
	if zone == nil {
		zone = time.UTC
	}
	return &Printer{c, lang, language.Make(lang), currency.NewLocale(lang), zone}
}

// Lang is the language the printer writes.
func (p *Printer) Lang() string { return p.lang }

// Zone is where the printer tells wall-clock times.
func (p *Printer) Zone() *time.Location { return p.zone }

// Has reports whether the catalogue knows key in this printer's language or
// in the fallback.
func (p *Printer) Has(key string) bool {
	_, ok := p.find(key)
	return ok
}

func (p *Printer) find(key string) (message, bool) {
	if m, ok := p.catalog.messages[p.lang][key]; ok {
		return m, true
	}
	m, ok := p.catalog.messages[p.catalog.langs[0]][key]
	return m, ok
}

// T returns the message of key with {name} replaced by the parameters, given
// as pairs of name and value or as one map[string]any. A message with plural
// forms picks by the whole number "count". money.Money, money.Rate, Size and
// time.Time values are formatted; everything else is printed plainly. An
// unknown key comes back as itself.
func (p *Printer) T(key string, params ...any) string {
	m, ok := p.find(key)
	if !ok {
		return key
	}
	named := pairs(params)
	text := m.other
	if m.forms != nil {
		if n, ok := whole(named["count"]); ok {
			if n == 0 && m.forms["zero"] != "" {
				text = m.forms["zero"]
			} else if form := m.forms[p.form(n)]; form != "" {
				text = form
			}
		}
	}
	if len(named) == 0 || !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if v, known := named[name]; ok && known {
			b.WriteString(p.value(v))
			text = after
			continue
		}
		b.WriteByte('{')
		text = rest
	}
}

func pairs(params []any) map[string]any {
	if len(params) == 1 {
		if m, ok := params[0].(map[string]any); ok {
			return m
		}
	}
	m := make(map[string]any, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		m[fmt.Sprint(params[i])] = params[i+1]
	}
	return m
}

func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		// A whole number that was kept as JSON comes back so.
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int(n), true
		}
	}
	return 0, false
}

func (p *Printer) form(n int) string {
	if n < 0 {
		n = -n
	}
	switch plural.Cardinal.MatchPlural(p.tag, n, 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

func (p *Printer) value(v any) string {
	switch x := v.(type) {
	case money.Money:
		return p.Money(x.Amount, x.Currency)
	case time.Time:
		return p.DateTime(x)
	case int, int64, float64:
		if n, ok := whole(x); ok {
			return p.Number(int64(n))
		}
	case money.Rate:
		return p.Percent(x)
	case Size:
		return p.Size(x)
	case Text:
		return x.In(p.lang, p.catalog.langs[0])
	}
	return fmt.Sprint(v)
}

// Fault says what went wrong in words; an unknown reason says that something
// did.
func (p *Printer) Fault(f *fault.Error) string {
	if p.Has(f.Reason) {
		return p.T(f.Reason, f.Params)
	}
	return p.T("fault." + f.Kind.String())
}

// Field says what is wrong with one input in words.
func (p *Printer) Field(f fault.Field) string {
	if p.Has(f.Reason) {
		return p.T(f.Reason, f.Params)
	}
	return p.T("form.invalid_value")
}

// Money formats an amount the way the language writes it: "€19.99" in English,
// "19,99 €" (with a no-break space) in German.
func (p *Printer) Money(m money.Minor, code string) string {
	return formatter(p.lang).format(m, code)
}

// Symbol is how the language abbreviates a currency: "€"; the code itself when
// it has no sign.
func (p *Printer) Symbol(code string) string {
	s, _ := currency.GetSymbol(code, p.loc)
	return s
}

type moneyFormatter struct {
	mu sync.Mutex
	f  *currency.Formatter
}

func (m *moneyFormatter) format(amount money.Minor, code string) string {
	a, err := currency.NewAmount(amount.Decimal(code), code)
	if err != nil {
		return amount.Decimal(code) + " " + code
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.f.Format(a)
}

// formatters caches one formatter per language; making one costs more than
// using it. It only ever grows by languages a catalogue has.
var formatters sync.Map

func formatter(lang string) *moneyFormatter {
	if f, ok := formatters.Load(lang); ok {
		return f.(*moneyFormatter)
	}
	f := currency.NewFormatter(currency.NewLocale(lang))
	f.CurrencyDisplay = currency.DisplaySymbol
	got, _ := formatters.LoadOrStore(lang, &moneyFormatter{f: f})
	return got.(*moneyFormatter)
}

// Sort puts a list in the order of the language's dictionaries, by the text
// that key takes from each element.
func Sort[T any](p *Printer, list []T, key func(T) string) {
	c := collate.New(p.tag, collate.IgnoreCase)
	slices.SortStableFunc(list, func(a, b T) int { return c.CompareString(key(a), key(b)) })
}

// Number writes a whole number with the language's grouping.
func (p *Printer) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if len(s) > 3 && (p.base() != "es" || len(s) > 4) {
		var parts []string
		for len(s) > 3 {
			parts = append([]string{s[len(s)-3:]}, parts...)
			s = s[:len(s)-3]
		}
		s = strings.Join(append([]string{s}, parts...), p.group())
	}
	if neg {
		return "-" + s
	}
	return s
}

// Decimal writes a plain decimal such as "1.75" with the language's mark.
func (p *Printer) Decimal(s string) string {
	if p.base() == "en" {
		return s
	}
	return strings.Replace(s, ".", ",", 1)
}

func (p *Printer) base() string {
	base, _, _ := strings.Cut(p.lang, "-")
	return base
}

func (p *Printer) group() string {
	switch p.base() {
	case "de", "es", "it", "nl", "da":
		return "."
	case "fr":
		return "\u202f"
	}
	return ","
}

// Percent writes a rate: 190_000 is "19%" in English and "19 %" in German.
func (p *Printer) Percent(r money.Rate) string {
	s := strconv.FormatFloat(float64(r)/10_000, 'f', -1, 64)
	if p.base() == "en" {
		return s + "%"
	}
	return p.Decimal(s) + "\u00a0%"
}

// Weight writes grams as g below a kilogram and as kg from there.
func (p *Printer) Weight(grams int64) string {
	if grams < 1000 {
		return p.Number(grams) + "\u00a0g"
	}
	s := strconv.FormatFloat(float64(grams)/1000, 'f', -1, 64)
	return p.Decimal(s) + "\u00a0kg"
}

// Size is a number of bytes.
type Size int64

// Size writes whole MB from a mebibyte on, whole KB from a kibibyte on, and
// bytes as B below: "64 MB".
func (p *Printer) Size(n Size) string {
	switch {
	case n >= 1<<20:
		return p.Number(int64(n>>20)) + "\u00a0MB"
	case n >= 1<<10:
		return p.Number(int64(n>>10)) + "\u00a0KB"
	}
	return p.Number(int64(n)) + "\u00a0B"
}

// Date writes a day: "24 November 2026", "24. November 2026".
func (p *Printer) Date(t time.Time) string {
	t = t.In(p.zone)
	month := p.T("date.month." + strconv.Itoa(int(t.Month())))
	return p.T("date.long", "day", strconv.Itoa(t.Day()), "month", month, "year", strconv.Itoa(t.Year()))
}

// Day writes a day of the near future or past without its year: "24 November",
// "24. November".
func (p *Printer) Day(t time.Time) string {
	t = t.In(p.zone)
	month := p.T("date.month." + strconv.Itoa(int(t.Month())))
	return p.T("date.day", "day", strconv.Itoa(t.Day()), "month", month)
}

// Days writes a span of days as shortly as the language allows: "26 November",
// "26–28 November", "30 November – 2 December".
func (p *Printer) Days(from, to time.Time) string {
	from, to = from.In(p.zone), to.In(p.zone)
	switch {
	case !to.After(from) || from.YearDay() == to.YearDay() && from.Year() == to.Year():
		return p.Day(from)
	case from.Month() == to.Month() && from.Year() == to.Year():
		return p.T("date.days", "from", strconv.Itoa(from.Day()), "to", p.Day(to))
	}
	return p.Day(from) + " – " + p.Day(to)
}

// Time writes a time of day: "18:05".
func (p *Printer) Time(t time.Time) string { return t.In(p.zone).Format("15:04") }

// DateTime writes a day and a time of day in the printer's zone.
func (p *Printer) DateTime(t time.Time) string {
	return p.T("date.with_time", "date", p.Date(t), "time", p.Time(t))
}
