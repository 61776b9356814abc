package theme

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// funcs is what a template can call, besides Go's built-ins. Every function is
// pure: same arguments, same result.
//
//	t "key" "name" value …      the message, parameters filled in
//	tx "key" "name" html …      the same as markup; values of type HTML stay markup
//	has "key"                   whether the message exists
//	text .LocaleText            a locale.Text in the page's language
//	money .Amount .Currency     a money.Minor; or money .Money alone;
//	                            nothing for a nil *money.Money
//	date, datetime, time        a time.Time
//	day, days                   "24 November"; days .From .To is "24–26 November"
//	isodate                     "2026-11-24" for <time datetime>
//	number, percent, weight     int64, money.Rate, grams
//	decimal                     a plain decimal such as "1.75"
//	lang, dir                   the language's tag; "ltr" or "rtl"
//	asset "css/store.css"       the file's immutable URL
//	icon "bag" "class"          the symbol of assets/icons.svg; class is optional
//	dict "a" 1 "b" 2            a map, to pass several values to a partial
//	list 1 2 3                  a slice
//	classes "a" cond "b" cond   the names whose condition is true, joined
//	default "x" .Value          .Value, or "x" when it is empty
//	join .Names ", "            strings together
//	first 3 .Items              at most the first three
//	html "<b>"                  escaped text as markup, for tx
//
// And one that is there for speed:
//
//	kept .Memo "card" .Data     the partial drawn once a memo, see Memo
func (t *Theme) funcs(p *locale.Printer, s *set) map[string]any {
	return map[string]any{
		"kept":    s.kept,
		"t":       p.T,
		"tx":      func(key string, params ...any) (HTML, error) { return markup(p, key, params) },
		"has":     p.Has,
		"text":    func(x locale.Text) string { return x.In(p.Lang(), t.catalog.Languages()[0]) },
		"money":   func(amount any, code ...string) (string, error) { return formatMoney(p, amount, code) },
		"date":    p.Date,
		"time":    p.Time,
		"day":     p.Day,
		"days":    p.Days,
		"isodate": func(at time.Time) string { return at.In(p.Zone()).Format(time.DateOnly) },
		"datetime": func(at time.Time) string {
			return p.DateTime(at)
		},
		"number":  func(n any) (string, error) { return formatNumber(p, n) },
		"decimal": p.Decimal,
		"percent": p.Percent,
		"weight":  p.Weight,
		"lang":    p.Lang,
		"dir":     func() string { return direction(p.Lang()) },
		"asset":   t.assets.url,
		"icon":    t.assets.icon,
		"dict":    dict,
		"list":    func(v ...any) []any { return v },
		"classes": classes,
		"default": func(fallback, v any) any {
			if truth, _ := htmltemplate.IsTrue(v); truth {
				return v
			}
			return fallback
		},
		"join":  strings.Join,
		"first": first,
		"html":  func(s string) HTML { return HTML(htmltemplate.HTMLEscapeString(s)) },
	}
}

// markup writes a message whose parameters may be markup. The message itself
// and every other value are escaped.
func markup(p *locale.Printer, key string, params []any) (HTML, error) {
	if len(params)%2 != 0 {
		return "", fmt.Errorf("tx %q: parameters come in pairs", key)
	}
	var swap []string
	plain := make([]any, len(params))
	for i, v := range params {
		plain[i] = v
		if h, ok := v.(HTML); ok && i%2 == 1 {
			mark := "\x01" + strconv.Itoa(i) + "\x02"
			plain[i] = mark
			swap = append(swap, mark, string(h))
		}
	}
	escaped := htmltemplate.HTMLEscapeString(p.T(key, plain...))
	return HTML(strings.NewReplacer(swap...).Replace(escaped)), nil
}

func formatMoney(p *locale.Printer, amount any, code []string) (string, error) {
	switch m := amount.(type) {
	case money.Money:
		return p.Money(m.Amount, m.Currency), nil
	case *money.Money:
		if m == nil {
			return "", nil
		}
		return p.Money(m.Amount, m.Currency), nil
	case money.Minor:
		if len(code) == 1 {
			return p.Money(m, code[0]), nil
		}
		return "", errors.New("money: an amount needs its currency: money .Amount .Currency")
	}
	return "", fmt.Errorf("money: %T is not an amount", amount)
}

func formatNumber(p *locale.Printer, n any) (string, error) {
	v := reflect.ValueOf(n)
	if !v.CanInt() {
		return "", fmt.Errorf("number: %T is not a whole number", n)
	}
	return p.Number(v.Int()), nil
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: values come in pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is no string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

func classes(pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", errors.New("classes: names and conditions come in pairs")
	}
	var names []string
	for i := 0; i < len(pairs); i += 2 {
		if truth, _ := htmltemplate.IsTrue(pairs[i+1]); truth {
			names = append(names, fmt.Sprint(pairs[i]))
		}
	}
	return strings.Join(names, " "), nil
}

func first(n int, items any) (any, error) {
	v := reflect.ValueOf(items)
	if v.Kind() != reflect.Slice {
		return nil, fmt.Errorf("first: %T is no list", items)
	}
	return v.Slice(0, min(max(n, 0), v.Len())).Interface(), nil
}

func direction(lang string) string {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "ar", "fa", "he", "ur":
		return "rtl"
	}
	return "ltr"
}
