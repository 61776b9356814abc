// Package money counts money in whole minor units and never in fractions.
package money

import (
	"cmp"
	"errors"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// ErrOverflow is returned when a result does not fit into an int64.
var ErrOverflow = errors.New("money: amount too large")

// Minor is a count of a currency's smallest unit: cents for EUR (1999 is
// €19.99), yen for JPY (1999 is ¥1999), fils for KWD (1999 is 1.999 KWD).
// It carries no currency of its own. A cart, an order or an invoice names its
// currency once and all its amounts are Minor in that currency, so two
// currencies cannot meet inside one document.
type Minor int64

// Money is an amount that travels without a document.
type Money struct {
	Amount   Minor
	Currency string // ISO 4217, upper case
}

// Rate is a share in parts per million: 190_000 is 19 %. Range -1e9..1e9.
type Rate int64

// Whole is the rate of 100 %.
const Whole Rate = 1_000_000

// Rounding says what becomes of a half unit.
type Rounding int

const (
	// HalfUp rounds a half away from zero: 0.5 → 1, -0.5 → -1.
	HalfUp Rounding = iota
	// HalfEven rounds a half to the even neighbour.
	HalfEven
	// Down drops the fraction (towards zero).
	Down
)

// Add returns m+n, or ErrOverflow.
func (m Minor) Add(n Minor) (Minor, error) {
	s := m + n
	if (m > 0 && n > 0 && s < 0) || (m < 0 && n < 0 && s >= 0) {
		return 0, ErrOverflow
	}
	return s, nil
}

// Times returns m·n, or ErrOverflow.
func (m Minor) Times(n int64) (Minor, error) {
	return MulDiv(m, n, 1, Down)
}

// Part returns the share r of m: Part(10_70, 210_000, HalfUp) is 2_25.
func (m Minor) Part(r Rate, round Rounding) (Minor, error) {
	return MulDiv(m, int64(r), int64(Whole), round)
}

// Sum adds up amounts, or returns ErrOverflow.
func Sum(amounts ...Minor) (Minor, error) {
	var total Minor
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// MulDiv returns m·num/den with a 128-bit product, rounded as asked. den must
// be positive. It returns ErrOverflow when the result does not fit.
func MulDiv(m Minor, num, den int64, round Rounding) (Minor, error) {
	if den <= 0 {
		return 0, errors.New("money: divisor must be positive")
	}
	neg := (m < 0) != (num < 0)
	hi, lo := bits.Mul64(abs(int64(m)), abs(num))
	d := uint64(den)
	if hi >= d {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, d)
	switch round {
	case HalfUp:
		if rem >= d-rem {
			q++
		}
	case HalfEven:
		if rem > d-rem || (rem == d-rem && q%2 == 1) {
			q++
		}
	case Down:
	}
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	if neg {
		return -Minor(q), nil
	}
	return Minor(q), nil
}

// Net takes a gross amount that contains tax at rate r and returns the net
// amount and the tax. One of the two is rounded, the other is what is left, so
// they always add up to gross (rule B2).
func (m Minor) Net(r Rate) (net, tax Minor, err error) {
	net, err = MulDiv(m, int64(Whole), int64(Whole+r), HalfUp)
	return net, m - net, err
}

// Split shares m out by weights. Every share is rounded down and the units
// left over go to the largest remainders, ties to the lowest index (rule B4),
// so the shares always add up to m. When all weights are zero the first takes
// all. Weights must not be negative. No weights, no shares.
func (m Minor) Split(weights []int64) []Minor {
	shares := make([]Minor, len(weights))
	if len(weights) == 0 {
		return shares
	}
	var hi, total uint64
	for _, w := range weights {
		var carry uint64
		total, carry = bits.Add64(total, uint64(w), 0)
		hi += carry
	}
	for hi > 0 { // more units than 64 bits hold: halve until they fit
		hi >>= 1
		half := make([]int64, len(weights))
		total = 0
		for i, w := range weights {
			half[i] = w >> 1
			total += uint64(half[i])
		}
		weights = half
	}
	if total == 0 {
		shares[0] = m
		return shares
	}
	type rest struct {
		index int
		rem   uint64
	}
	left := abs(int64(m))
	rests := make([]rest, len(weights))
	for i, w := range weights {
		h, l := bits.Mul64(abs(int64(m)), uint64(w))
		q, rem := bits.Div64(h, l, total) // w ≤ total, so h < total
		shares[i] = Minor(q)
		left -= q
		rests[i] = rest{i, rem}
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return cmp.Compare(b.rem, a.rem) })
	for i := range left {
		shares[rests[i].index]++
	}
	if m < 0 {
		for i := range shares {
			shares[i] = -shares[i]
		}
	}
	return shares
}

// Cumulative returns the part of paid that belongs to units from+1 .. from+n
// of total units: hu(paid·(from+n)/total) − hu(paid·from/total). Any sequence
// of partial refunds therefore adds up to what was paid (rule B17).
func Cumulative(paid Minor, from, n, total int64) (Minor, error) {
	upto, err := MulDiv(paid, from+n, total, HalfUp)
	if err != nil {
		return 0, err
	}
	before, err := MulDiv(paid, from, total, HalfUp)
	return upto - before, err
}

// Exponent is the number of decimals of a currency: 2 for EUR, 0 for JPY,
// 3 for KWD. ok is false for a code that ISO 4217 does not know.
func Exponent(code string) (digits int, ok bool) {
	d, ok := currency.GetDigits(code)
	return int(d), ok
}

// Known reports whether code is an ISO 4217 currency.
func Known(code string) bool { return code != "" && currency.IsValid(code) }

// Codes lists the ISO 4217 codes, sorted.
func Codes() []string {
	codes := slices.Clone(currency.GetCurrencyCodes())
	slices.Sort(codes)
	return codes
}

// ErrSyntax is returned by Parse for text that is not an amount.
var ErrSyntax = errors.New("money: not an amount")

// Parse reads a plain decimal such as "19.99" or "-5" in the given currency.
// It refuses more decimals than the currency has, unless they are zeros.
// Thousands separators are refused: whoever reads people's input cleans it up
// first, knowing their locale.
func Parse(s, code string) (Minor, error) {
	digits, ok := Exponent(code)
	if !ok {
		return 0, errors.New("money: unknown currency " + strconv.Quote(code))
	}
	body, neg := strings.CutPrefix(s, "-")
	whole, frac, dot := strings.Cut(body, ".")
	if whole == "" || (dot && frac == "") || len(whole) > 19 {
		return 0, ErrSyntax
	}
	if len(frac) > digits {
		if strings.Trim(frac[digits:], "0") != "" {
			return 0, ErrSyntax
		}
		frac = frac[:digits]
	}
	frac += strings.Repeat("0", digits-len(frac))
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, ErrSyntax
		}
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return 0, ErrOverflow
	}
	if neg {
		n = -n
	}
	return Minor(n), nil
}

// Decimal writes m as a plain decimal: Minor(1999).Decimal("EUR") is "19.99".
// It is the inverse of Parse and no way to show a price: kit/locale does that.
func (m Minor) Decimal(code string) string {
	digits, _ := Exponent(code)
	s := strconv.FormatUint(abs(int64(m)), 10)
	if pad := digits + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if m < 0 {
		s = "-" + s
	}
	return s
}

func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
