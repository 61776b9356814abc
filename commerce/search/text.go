package search

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold brings text into the form in which it is compared: lower case, without
// accents, "ß" as "ss".
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	s = strings.ToLower(s)
	if ascii {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'ø':
			b.WriteByte('o')
		case r == 'œ':
			b.WriteString("oe")
		default:
			b.WriteRune(r)
		}
	}
	return strings.ToLower(b.String())
}

// maxTerm is the longest term that is kept, in bytes; the rest of a longer one
// is cut off on both sides, the index and the query.
const maxTerm = 64

// terms splits text into folded words of letters and digits. An apostrophe
// within a word does not end it.
func terms(s string) []string {
	var list []string
	s = fold(s)
	start := -1
	for i, r := range s {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r)
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0 && r != '\'' && r != '’':
			list = append(list, word(s[start:i]))
			start = -1
		}
	}
	if start >= 0 {
		list = append(list, word(s[start:]))
	}
	return list
}

func word(s string) string {
	if strings.ContainsAny(s, "'’") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "'", ""), "’", "")
	}
	if len(s) > maxTerm {
		s = strings.ToValidUTF8(s[:maxTerm], "")
	}
	return s
}

// code is the form in which SKUs and GTINs are compared: letters and digits
// only, so that "AB-12 3" and "ab123" are one.
func code(s string) string {
	return word(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, fold(s)))
}

// posting says that a document has a term, and how much that weighs.
type posting struct {
	doc    uint32
	weight uint16
}

// listing is a term with the documents that have it.
type listing struct {
	term     string
	postings []posting
}

// vocabulary is an inverted index of one language. Documents are only ever
// added, in ascending order; those that are gone are skipped by whoever reads.
type vocabulary struct {
	listings map[string]*listing
	sorted   []*listing // by term, once settled
	settled  bool
}

func newVocabulary() *vocabulary { return &vocabulary{listings: make(map[string]*listing)} }

// add notes a document's terms. Before settle the order of terms is not kept.
func (v *vocabulary) add(doc uint32, weights map[string]int) {
	for term, weight := range weights {
		e := v.listings[term]
		if e == nil {
			e = &listing{term: term}
			v.listings[term] = e
			if v.settled {
				v.sorted = slices.Insert(v.sorted, v.place(term), e)
			}
		}
		e.postings = append(e.postings, posting{doc, uint16(min(weight, 1<<16-1))})
	}
}

// settle sorts the terms after many additions.
func (v *vocabulary) settle() {
	v.sorted = slices.SortedFunc(maps.Values(v.listings), func(a, b *listing) int { return strings.Compare(a.term, b.term) })
	v.settled = true
}

// place is where a term stands, or would stand, in order.
func (v *vocabulary) place(term string) int {
	return sort.Search(len(v.sorted), func(i int) bool { return v.sorted[i].term >= term })
}

// from lists the terms that begin with prefix, itself first.
func (v *vocabulary) from(prefix string) []*listing {
	i := v.place(prefix)
	n := sort.Search(len(v.sorted)-i, func(n int) bool { return !strings.HasPrefix(v.sorted[i+n].term, prefix) })
	return v.sorted[i : i+n]
}

// is lists the term alone, if there is such a one.
func (v *vocabulary) is(term string) []*listing {
	if e := v.listings[term]; e != nil {
		return []*listing{e}
	}
	return nil
}
