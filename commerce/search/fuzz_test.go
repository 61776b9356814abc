package search_test

import (
	"testing"

	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/kit/fault"
)

// Whatever is typed, and whatever cursor is sent: hits within the limit or a
// refusal that says why, and a page's own cursor leads on.
func FuzzSearch(f *testing.F) {
	x := index(doc("a", "Blue teapot, 2 cups", 1999), doc("b", "Blaue Teekanne", 2499), doc("c", "Cup", 0), doc("d", "日本茶", 500), doc("e", "SKU-12/b", 999))
	for _, seed := range []string{"tea", "blue teapot", "te", "\u0301", "SKU-12/b", "日本", "\"tea", "-tea OR cup", "ﬁ", "a\u00ada", "\xff"} {
		f.Add(seed, "", "", byte(1))
	}
	f.Add("tea", "eyJzIjoicmVsZXZhbmNlIiwiYyI6MCwiaSI6ImEifQ", "relevance", byte(2))
	f.Add("", "eyJzIjoibmFtZSIsImsiOiIvLy8vIiwiYyI6LTEsImkiOiIifQ", "name", byte(2))
	f.Fuzz(func(t *testing.T, text, cursor, sort string, limit byte) {
		q := search.Query{Lang: "de", ListID: list, Text: text, Sort: search.Sort(sort), After: cursor, Limit: int(limit), Complete: limit%2 == 0}
		page, err := x.Search(q, now)
		if err != nil {
			if reason := fault.Reason(err); reason != "form.invalid" && reason != "search.bad_cursor" {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if limit > 0 && len(page.Hits) > int(limit) {
			t.Errorf("%d hits, asked for %d", len(page.Hits), limit)
		}
		if page.Next == "" {
			return
		}
		last := page.Hits[len(page.Hits)-1].Card.ID
		q.After = page.Next
		next, err := x.Search(q, now)
		if err != nil {
			t.Fatalf("the next page: %v", err)
		}
		for _, h := range next.Hits {
			if h.Card.ID == last {
				t.Errorf("%s is on both pages", last)
			}
		}
	})
}
