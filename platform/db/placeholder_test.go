package db_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestUnnamed_onlyWhatStandsInOrder(t *testing.T) {
	plain := "VALUES " + strings.TrimSuffix(strings.Repeat("(?,?),", 20), ",")
	for name, tt := range map[string]struct{ in, want string }{
		"in order":          {"VALUES " + db.Values(20, 2), plain},
		"a literal between": {"'$7' VALUES " + db.Values(20, 2), "'$7' " + plain},
		"few":               {"VALUES " + db.Values(2, 2), ""},
		"one twice":         {"$1 VALUES " + db.Values(20, 2), ""},
		"a later one first": {"VALUES " + db.In(2, 40) + " $1", ""},
		"a comment":         {"-- $\nVALUES " + db.Values(20, 2), ""},
		"an open literal":   {"VALUES " + db.Values(20, 2) + "'", ""},
	} {
		want := tt.want
		if want == "" {
			want = tt.in
		}
		if got := db.Unnamed(tt.in); got != want {
			t.Errorf("%s: %q became %q, want %q", name, tt.in, got, want)
		}
	}
}

func TestTx_manyParametersReachTheirColumns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		const rows = 500
		args := make([]any, 0, 3*rows)
		for i := range rows {
			args = append(args, "bucket-"+string(rune('a'+i%26))+strings.Repeat("x", i), i, 2*i)
		}
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO throttle (bucket, arrival_at, expires_at) VALUES `+db.Values(rows, 3), args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var n, wrong int
		if err := e.DB.QueryRow(t.Context(), `SELECT COUNT(*), COALESCE(CAST(SUM(CASE WHEN expires_at = 2 * arrival_at AND length(bucket) = 8 + arrival_at THEN 0 ELSE 1 END) AS BIGINT), 0) FROM throttle`).Scan(&n, &wrong); err != nil || n != rows || wrong != 0 {
			t.Errorf("%d rows, %d wrong, %v; want %d and none", n, wrong, err, rows)
		}
	})
}

func TestPaddedAndBatches(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 4, 5: 8, 8: 8, 1000: 1024} {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		padded := db.Padded(list)
		if len(padded) != want {
			t.Errorf("%d padded to %d, want %d", n, len(padded), want)
		}
		for i, v := range padded {
			if v != min(i, n-1) {
				t.Errorf("%d padded has %d at %d", n, v, i)
			}
		}
		next := 0
		for part := range db.Batches(list, 100) {
			if len(part)&(len(part)-1) != 0 || len(part) > 64 {
				t.Errorf("%d cut into a part of %d", n, len(part))
			}
			for _, v := range part {
				if v != next {
					t.Errorf("%d cut: %d comes after %d", n, v, next-1)
				}
				next++
			}
		}
		if next != n {
			t.Errorf("%d cut: %d came out", n, next)
		}
	}
}
