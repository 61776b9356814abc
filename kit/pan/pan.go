// Package pan finds payment card numbers where none belong. Card numbers are
// typed at the payment provider only; a shop that stores one by accident, in
// an order note or a log line, is in breach of its card rules.
package pan

import "strings"

// In reports whether text holds something that is very likely a card number:
// 14 to 19 digits, at most one space, dot or hyphen between two of them, with
// a prefix that card networks issue and a right check digit. Phone numbers,
// IBANs, EAN codes and parcel numbers are let through.
func In(text string) bool {
	_, _, found := find(text, 0)
	return found
}

// Mask replaces every card number in text by its last four digits:
// "my card 4242 4242 4242 4242" becomes "my card ••••4242".
func Mask(text string) string {
	from, to, found := find(text, 0)
	if !found {
		return text
	}
	var b strings.Builder
	at := 0
	for found {
		digits := only(text[from:to])
		b.WriteString(text[at:from])
		b.WriteString("••••" + digits[len(digits)-4:])
		at = to
		from, to, found = find(text, at)
	}
	b.WriteString(text[at:])
	return b.String()
}

// find returns the byte range of the first card number at or after start. A
// run of digit groups may hold more than the number ("4242 4242 4242 4242
// 12/29 123"), so every row of neighbouring groups is looked at.
func find(text string, start int) (from, to int, found bool) {
	for i := start; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		groups := [][2]int{{i, i + 1}}
		end := i + 1
		for {
			last := &groups[len(groups)-1]
			if end < len(text) && digit(text[end]) {
				end++
				last[1] = end
				continue
			}
			if end+1 < len(text) && strings.IndexByte(" -.", text[end]) >= 0 && digit(text[end+1]) {
				groups = append(groups, [2]int{end + 1, end + 2})
				end += 2
				continue
			}
			break
		}
		if !iban(text[:i]) {
			for g := range groups {
				for h := g; h < len(groups) && h-g < 19; h++ {
					if card(only(text[groups[g][0]:groups[h][1]])) {
						return groups[g][0], groups[h][1], true
					}
				}
			}
		}
		i = end
	}
	return 0, 0, false
}

// iban reports whether the text before a run of digits ends in a word of two
// letters that touches the run, as in "DE89 3704 …".
func iban(before string) bool {
	n := len(before)
	return n >= 2 && letter(before[n-1]) && letter(before[n-2]) && (n == 2 || !letter(before[n-3]) && !digit(before[n-3]))
}

func card(n string) bool {
	if len(n) < 14 || len(n) > 19 || !issued(n) {
		return false
	}
	return Luhn(n)
}

// Luhn reports whether the last of the decimal digits is the right check digit
// for the others (ISO/IEC 7812). It is false for anything but digits.
func Luhn(n string) bool {
	sum := 0
	for i := range len(n) {
		if !digit(n[len(n)-1-i]) {
			return false
		}
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(n) > 1 && sum%10 == 0
}

// issued reports whether length and prefix are those of a card network.
func issued(n string) bool {
	head := func(k int) int {
		v := 0
		for _, c := range n[:k] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	two, three, four := head(2), head(3), head(4)
	switch {
	case n[0] == '4': // Visa
		return len(n) == 16 || len(n) == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return len(n) == 16
	case two == 34, two == 37: // American Express
		return len(n) == 15
	case two == 36, two == 38, three >= 300 && three <= 305: // Diners
		return len(n) == 14 || len(n) == 16
	case four >= 3528 && four <= 3589, // JCB
		four == 6011, two == 65, three >= 644 && three <= 649, // Discover
		two == 62: // UnionPay
		return len(n) >= 16
	}
	return false
}

func only(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
