package db

import (
	"iter"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// manyParameters is how many parameters a statement has before their names
// cost SQLite more than their values.
const manyParameters = 32

// unnamed writes the placeholders $1, $2, $3 … as "?" when each stands once
// and in order, as in a multi-row INSERT. SQLite looks each name up among all
// of them, both when it reads the statement and when it is given the values,
// so that a statement of a thousand names costs a million comparisons. Any
// other statement comes back as it is.
func unnamed(query string) string {
	if strings.Count(query, "$") < manyParameters {
		return query
	}
	var b strings.Builder
	b.Grow(len(query))
	next := 1
	for i := 0; i < len(query); {
		switch c := query[i]; c {
		case '\'':
			end := strings.IndexByte(query[i+1:], '\'')
			if end < 0 {
				return query
			}
			b.WriteString(query[i : i+end+2])
			i += end + 2
		case '$':
			j := i + 1
			for j < len(query) && query[j] >= '0' && query[j] <= '9' {
				j++
			}
			if query[i+1:j] != strconv.Itoa(next) {
				return query
			}
			next++
			b.WriteByte('?')
			i = j
		case '?', '"', '-', '/': // a quoted name or a comment: not one of ours
			if c == '?' || c == '"' || strings.HasPrefix(query[i:], "--") || strings.HasPrefix(query[i:], "/*") {
				return query
			}
			fallthrough
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// Padded repeats the last of a list until its length is a power of two, for an
// IN list: so there are few texts of the statement, and each is prepared once.
func Padded[T any](list []T) []T {
	if len(list) == 0 || len(list)&(len(list)-1) == 0 {
		return list
	}
	padded := slices.Grow(slices.Clip(list), 1<<bits.Len(uint(len(list)))-len(list))
	for len(padded)&(len(padded)-1) != 0 {
		padded = append(padded, list[len(list)-1])
	}
	return padded
}

// Batches cuts a list into parts whose lengths are powers of two, for multi-row
// INSERTs: so there are few texts of the statement, and each is prepared once.
// No part is longer than most.
func Batches[T any](list []T, most int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			n := 1 << (bits.Len(uint(max(1, min(len(list), most)))) - 1)
			if !yield(list[:n:n]) {
				return
			}
			list = list[n:]
		}
	}
}
