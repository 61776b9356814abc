package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// All runs a query and scans every row. The result is never nil.
func All[T any](ctx context.Context, q Q, scan func(*Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// First runs a query and scans its first row; ErrNoRows when there is none.
func First[T any](ctx context.Context, q Q, scan func(*Rows) (T, error), query string, args ...any) (T, error) {
	var none T
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return none, err
		}
		return none, ErrNoRows
	}
	one, err := scan(rows)
	if err != nil {
		return none, err
	}
	return one, rows.Close()
}

// String scans a row of one text column; for All and First.
func String(rows *Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}

// In writes the placeholders of an IN list of n values, the first being
// $first: In(3, 2) is "($3,$4)". An empty list is "(NULL)", which matches
// nothing.
func In(first, n int) string {
	if n == 0 {
		return "(NULL)"
	}
	var b strings.Builder
	for i := range n {
		b.WriteByte("(,"[min(i, 1)])
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	b.WriteByte(')')
	return b.String()
}

// Values writes the placeholders of a multi-row VALUES list of rows with
// columns values each, from $1: Values(2, 2) is "($1,$2),($3,$4)". Keep
// rows·columns below 30,000.
func Values(rows, columns int) string {
	lines := make([]string, rows)
	for i := range rows {
		lines[i] = In(1+i*columns, columns)
	}
	return strings.Join(lines, ",")
}

// Tuples writes n rows of typed placeholders for "FROM (VALUES …) AS d", whose
// columns both engines call column1, column2 and so on. Types are "TEXT" and
// "BIGINT"; the first placeholder is $first.
func Tuples(first, n int, types ...string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, typ := range types {
			b.WriteByte("(,"[min(j, 1)])
			b.WriteString("CAST($" + strconv.Itoa(first+i*len(types)+j) + " AS " + typ + ")")
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Args turns a list into arguments for In.
func Args[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}

type timeValue struct{ t *time.Time }

// Time binds or scans an integer column of milliseconds since 1970 in UTC.
// The zero time is NULL.
func Time(t *time.Time) interface {
	sql.Scanner
	driver.Valuer
} {
	return timeValue{t}
}

func (v timeValue) Value() (driver.Value, error) {
	if v.t.IsZero() {
		return nil, nil
	}
	return v.t.UnixMilli(), nil
}

func (v timeValue) Scan(src any) error {
	switch x := src.(type) {
	case nil:
		*v.t = time.Time{}
	case int64:
		*v.t = time.UnixMilli(x).UTC()
	default:
		return fmt.Errorf("db: cannot scan %T into a time", src)
	}
	return nil
}

type jsonValue struct{ v any }

// JSON binds or scans a text column that holds JSON. v is a pointer. NULL and
// the empty text leave it as it is.
func JSON(v any) interface {
	sql.Scanner
	driver.Valuer
} {
	return jsonValue{v}
}

func (j jsonValue) Value() (driver.Value, error) {
	b, err := json.Marshal(j.v)
	return string(b), err
}

func (j jsonValue) Scan(src any) error {
	switch x := src.(type) {
	case nil:
		return nil
	case string:
		if x == "" {
			return nil
		}
		return json.Unmarshal([]byte(x), j.v)
	case []byte:
		if len(x) == 0 {
			return nil
		}
		return json.Unmarshal(x, j.v)
	}
	return fmt.Errorf("db: cannot scan %T as JSON", src)
}

type nullString struct{ s *string }

// Null binds or scans a text column in which NULL stands for the empty text.
func Null(s *string) interface {
	sql.Scanner
	driver.Valuer
} {
	return nullString{s}
}

func (n nullString) Value() (driver.Value, error) {
	if *n.s == "" {
		return nil, nil
	}
	return *n.s, nil
}

func (n nullString) Scan(src any) error {
	switch x := src.(type) {
	case nil:
		*n.s = ""
	case string:
		*n.s = x
	case []byte:
		*n.s = string(x)
	default:
		return fmt.Errorf("db: cannot scan %T into a text", src)
	}
	return nil
}

// Bool is 1 or 0, the way both engines store a truth (SQLite has no boolean).
func Bool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

type boolValue struct{ b *bool }

// Truth scans an integer column that holds 0 or 1.
func Truth(b *bool) sql.Scanner { return boolValue{b} }

func (v boolValue) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("db: cannot scan %T into a truth", src)
	}
	*v.b = n != 0
	return nil
}

// IsUnique reports whether err is a broken UNIQUE constraint whose name or
// columns contain part ("variant_sku" and "variant.sku" both contain "sku").
func IsUnique(err error, part string) bool {
	var v *Violation
	return errors.As(err, &v) && v.Unique && strings.Contains(v.Detail, part)
}
