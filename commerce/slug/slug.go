// Package slug keeps the addresses of products, categories, collections and
// pages, one a language, and every address they ever had (rule B23).
//
// The table holds one row an address. The row with current = 1 is where the
// object lives; its other rows redirect there in one step, because a redirect
// names the object and not another address: chains and loops cannot exist.
// Taking an old address into use turns its row into a current one, which ends
// the redirect.
package slug

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Kind says what sort of object an address leads to. Addresses of different
// kinds do not meet.
type Kind string

// The kinds.
const (
	Product    Kind = "product"
	Category   Kind = "category"
	Collection Kind = "collection"
	Page       Kind = "page"
)

// MaxLength is the longest slug in bytes.
const MaxLength = 120

// Target is an object that a deleted one's address leads to instead. The zero
// value means nowhere: the address answers 410.
type Target struct {
	Kind Kind
	ID   string
}

func (t Target) String() string {
	if t.ID == "" {
		return ""
	}
	return string(t.Kind) + ":" + t.ID
}

// ParseTarget is the inverse of Target.String; anything else is the zero value.
func ParseTarget(s string) Target {
	kind, id, ok := strings.Cut(s, ":")
	if !ok {
		return Target{}
	}
	return Target{Kind(kind), id}
}

// Make turns a name into a slug: "Crème brûlée, 2 pcs." becomes
// "creme-brulee-2-pcs", and in German "Größe" becomes "groesse". Letters of
// other scripts stay. It returns "" when the name has neither letters nor
// digits.
func Make(lang, name string) string {
	var b strings.Builder
	dash := false
	// Spelled twice: under the accent of "ǿ" there is an "ø".
	plain := spell(lang, norm.NFKD.String(spell(lang, strings.ToLower(norm.NFKC.String(name)))))
	for _, r := range plain {
		switch {
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
	}
	return cut(norm.NFC.String(b.String()), MaxLength-20) // room for a number
}

// spell writes letters that lose more than an accent the way the language does.
func spell(lang, s string) string {
	if lang == "de" || strings.HasPrefix(lang, "de-") {
		s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue").Replace(s)
	}
	return strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "&", " ").Replace(s)
}

// cut shortens s to at most n bytes, at a word's end where there is one in the
// second half.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	s = s[:n]
	if i := strings.LastIndexByte(s, '-'); i > n/2 {
		s = s[:i]
	}
	return strings.Trim(s, "-")
}

// Valid reports whether s may be an address: lower-case letters and digits in
// words joined by single hyphens, at most MaxLength bytes.
func Valid(s string) bool {
	if s == "" || len(s) > MaxLength || !utf8.ValidString(s) || s != norm.NFC.String(s) {
		return false
	}
	before := '-'
	for _, r := range s {
		switch {
		case r == '-':
			if before == '-' {
				return false
			}
		case unicode.IsUpper(r), !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r):
			return false
		}
		before = r
	}
	return before != '-'
}

// Row is one address as it stands in the table.
type Row struct {
	Locale   string
	Slug     string
	ObjectID string // "" once the object is deleted
	Current  bool
	GoneTo   Target
}

// Hit is what an address leads to.
type Hit struct {
	// ObjectID is the object that lives or lived at the address; "" when it
	// was deleted.
	ObjectID string
	// GoneTo is where a deleted object's address leads instead; the zero value
	// means that it answers 410.
	GoneTo Target
}

// Gone reports whether the object was deleted.
func (h Hit) Gone() bool { return h.ObjectID == "" }

// Pick chooses among the rows that carry a slug in the asked language and in
// the fallback: what lives comes before what was deleted, the asked language
// before the fallback, a current address before an old one. ok is false when
// there are no rows.
func Pick(rows []Row, lang string) (hit Hit, ok bool) {
	best := -1
	for _, r := range rows {
		rank := 0
		if r.Current {
			rank++
		}
		if r.Locale == lang {
			rank += 2
		}
		if r.ObjectID != "" {
			rank += 4
		}
		if rank > best {
			best, hit = rank, Hit{r.ObjectID, r.GoneTo}
		}
	}
	return hit, best >= 0
}
