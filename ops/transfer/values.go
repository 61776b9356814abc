package transfer

import (
	"cmp"
	"errors"
	"math/big"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/stoashop/stoa/kit/money"
)

// decimals says how a column writes the decimal point. It is found out from
// the whole column, because "1,234" alone may be either of two numbers.
type decimals int

const (
	decimalsUnknown decimals = iota
	decimalPoint
	decimalComma
)

// evidence reports what one value tells about its column's decimal sign.
func evidence(s string) decimals {
	dot, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
	sign, at := decimalPoint, dot
	if comma > dot {
		sign, at = decimalComma, comma
	}
	if at < 0 || strings.Count(s, s[at:at+1]) > 1 {
		return decimalsUnknown
	}
	if min(dot, comma) < 0 && len(s)-at-1 == 3 && s[:at] != "0" && s[:at] != "" {
		return decimalsUnknown // 1,234 and 1.234
	}
	return sign
}

// plainDecimal turns what people and spreadsheets write into "-1234.56".
// An empty reason means success.
func plainDecimal(s string, style decimals) (plain, reason string) {
	const bad = "transfer.not_a_number"
	body, neg := strings.CutPrefix(s, "-")
	if len(body) > 40 {
		return "", bad
	}
	body = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\u2009', '\'', '’':
			return '\''
		}
		return r
	}, body)
	dot, comma := strings.Count(body, "."), strings.Count(body, ",")
	point, group := ".", ","
	switch {
	case dot > 0 && comma > 0:
		if strings.LastIndexByte(body, ',') > strings.LastIndexByte(body, '.') {
			point, group = ",", "."
		}
	case comma == 1:
		whole, frac, _ := strings.Cut(body, ",")
		switch {
		case len(frac) != 3 || whole == "" || whole[0] == '0' || style == decimalComma:
			point, group = ",", "."
		case style == decimalsUnknown:
			return "", "transfer.ambiguous_number"
		}
	case dot > 1, dot == 1 && style == decimalComma && grouped(body, "."):
		point, group = ",", "."
	}
	if strings.Count(body, point) > 1 {
		return "", bad
	}
	whole, frac, hasPoint := strings.Cut(body, point)
	for _, sep := range []string{group, "'"} {
		if strings.Contains(whole, sep) {
			if !grouped(whole, sep) {
				return "", bad
			}
			whole = strings.ReplaceAll(whole, sep, "")
		}
	}
	if whole == "" && frac == "" {
		return "", bad
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return "", bad
		}
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	plain = whole
	if hasPoint && frac != "" {
		plain += "." + frac
	}
	if neg && strings.Trim(plain, "0.") != "" {
		plain = "-" + plain
	}
	return plain, ""
}

// grouped reports whether sep divides digits into thousands: 1.234.567.
func grouped(s, sep string) bool {
	parts := strings.Split(s, sep)
	if len(parts[0]) == 0 || len(parts[0]) > 3 || parts[0] == "0" {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return false
		}
	}
	return len(parts) > 1
}

// maxAmount is far above any price and far below what sums of lines overflow.
const maxAmount money.Minor = 1_000_000_000_000

// parseAmount reads a price of 0 or more.
func parseAmount(s, currency string, style decimals) (money.Minor, string) {
	plain, reason := plainDecimal(s, style)
	if reason == "transfer.not_a_number" {
		return 0, "transfer.not_an_amount"
	} else if reason != "" {
		return 0, reason
	}
	amount, err := money.Parse(plain, currency)
	switch {
	case errors.Is(err, money.ErrSyntax) && len(strings.TrimLeft(plain, "-")) < 20:
		return 0, "transfer.too_many_decimals"
	case err != nil, amount > maxAmount, amount < -maxAmount:
		return 0, "transfer.number_too_large"
	case amount < 0:
		return 0, "transfer.negative"
	}
	return amount, ""
}

// maxCount bounds pieces in stock and positions.
const maxCount = 1_000_000_000

// parseCount reads a whole number; "5.0" is 5. It may be negative.
func parseCount(s string, style decimals) (int64, string) {
	plain, reason := plainDecimal(s, style)
	if reason != "" {
		return 0, reason
	}
	whole, frac, _ := strings.Cut(plain, ".")
	if strings.Trim(frac, "0") != "" {
		return 0, "transfer.not_whole"
	}
	n, ok := new(big.Int).SetString(whole, 10)
	if !ok || !n.IsInt64() || n.Int64() > maxCount || n.Int64() < -maxCount {
		return 0, "transfer.number_too_large"
	}
	return n.Int64(), ""
}

// grams and millimetres per unit. The pound and the inch are exact.
func unitFactor(unit string) (factor *big.Rat, weight, ok bool) {
	f := func(num, den int64) *big.Rat { return big.NewRat(num, den) }
	switch strings.ToLower(unit) {
	case "g", "gram", "grams":
		return f(1, 1), true, true
	case "kg", "kgs", "kilogram", "kilograms":
		return f(1000, 1), true, true
	case "lb", "lbs", "pound", "pounds":
		return f(45_359_237, 100_000), true, true
	case "oz", "ounce", "ounces":
		return f(28_349_523_125, 1_000_000_000), true, true
	case "mm":
		return f(1, 1), false, true
	case "cm":
		return f(10, 1), false, true
	case "m":
		return f(1000, 1), false, true
	case "in", "inch", "inches", "\"":
		return f(254, 10), false, true
	case "ft", "foot", "feet":
		return f(3048, 10), false, true
	case "yd", "yard", "yards":
		return f(9144, 10), false, true
	}
	return nil, false, false
}

// maxMeasure is a thousand tonnes in grams and a thousand kilometres in
// millimetres.
const maxMeasure = 1_000_000_000

// parseMeasure reads a weight in grams or a length in millimetres, rounded
// half up to whole ones.
func parseMeasure(s, unit string, style decimals) (int64, string) {
	factor, _, ok := unitFactor(unit)
	if !ok {
		return 0, "transfer.unknown_unit"
	}
	plain, reason := plainDecimal(s, style)
	if reason != "" {
		return 0, reason
	}
	if strings.HasPrefix(plain, "-") {
		return 0, "transfer.negative"
	}
	r, ok := new(big.Rat).SetString(plain)
	if !ok {
		return 0, "transfer.not_a_number"
	}
	r.Mul(r, factor)
	r.Add(r, big.NewRat(1, 2))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() > maxMeasure {
		return 0, "transfer.number_too_large"
	}
	return n.Int64(), ""
}

// formatMeasure writes n grams or millimetres in unit, with as few decimals as
// read as n again.
func formatMeasure(n int64, unit string) string {
	factor, _, ok := unitFactor(unit)
	if !ok {
		return ""
	}
	r := new(big.Rat).Quo(new(big.Rat).SetInt64(n), factor)
	for places := 0; ; places++ {
		s := r.FloatString(places)
		if again, reason := parseMeasure(s, unit, decimalPoint); again == n || reason != "" || places == 6 {
			return s
		}
	}
}

// parseBool reads the ways in which the platforms write yes and no.
func parseBool(s string) (yes, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "1", "y", "t", "wahr", "ja":
		return true, true
	case "false", "no", "0", "n", "f", "falsch", "nein":
		return false, true
	}
	return false, false
}

// parseTime reads a date with or without a time of day and offset. A date
// without an offset is in zone.
func parseTime(s string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 UTC"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), sensible(t)
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), sensible(t)
		}
	}
	return time.Time{}, false
}

func sensible(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 3000 }

// slug makes the address of a product out of its name: letters and digits of
// any script in lower case, accents of Latin letters dropped, everything else
// a hyphen. At most 100 runes.
func slug(s string) string {
	var b strings.Builder
	hyphen := false
	count := 0
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		piece := string(r)
		switch {
		case r >= 0x300 && r < 0x370, r == '\'', r == '’': // accents of Latin script
			continue
		case r == 'ß':
			piece = "ss"
		case r == 'æ':
			piece = "ae"
		case r == 'œ':
			piece = "oe"
		case r == 'ø':
			piece = "o"
		case r == 'ł':
			piece = "l"
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r):
			hyphen = b.Len() > 0
			continue
		}
		if count == 100 {
			break
		}
		if hyphen {
			b.WriteByte('-')
			hyphen = false
		}
		b.WriteString(piece)
		count++
	}
	return norm.NFC.String(b.String())
}

// handleOf is the address that a source's handle stands for: itself in lower
// case when it can be one, else what slug makes of it, else s.
func handleOf(s string) string {
	s = strings.ToLower(s)
	if isHandle(s) {
		return s
	}
	return cmp.Or(slug(s), s)
}

// isHandle reports whether a source's handle can stand in an address as it is.
func isHandle(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i, r := range s {
		if unicode.IsLetter(r) && unicode.ToLower(r) == r || unicode.IsDigit(r) || unicode.Is(unicode.M, r) {
			continue
		}
		if i == 0 || !strings.ContainsRune("-_.", r) {
			return false
		}
	}
	return s[len(s)-1] != '.'
}
