package kit_test

import (
	"testing"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/kit/fault"
)

// A cursor that is read names a place that is written as a cursor of the same
// place; any other is refused at its field.
func FuzzCursor(f *testing.F) {
	type place struct {
		At int64
		ID string
	}
	f.Add(kit.NextCursor(place{1764000000000, "ord_a"}))
	for _, seed := range []string{"e30", "e30=", "bnVsbA", "W10", "eyJBdCI6MWU5OX0", "eyJYIjoxfQ", "e317fQ", "\xff", "__8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		var at place
		ok, err := kit.PageIn{Cursor: cursor}.After(&at)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || ok {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if !ok {
			return
		}
		var again place
		if _, err := (kit.PageIn{Cursor: kit.NextCursor(at)}).After(&again); err != nil || again != at {
			t.Errorf("%q is %+v, written and read %+v, %v", cursor, at, again, err)
		}
	})
}
