package slug_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestMake(t *testing.T) {
	for _, tt := range []struct{ lang, in, want string }{
		{"en", "Crème brûlée, 2 pcs.", "creme-brulee-2-pcs"},
		{"de", "Größe & Übergröße", "groesse-uebergroesse"},
		{"en", "Größe", "grosse"},
		{"en", "  --Men's T-Shirt!! ", "mens-t-shirt"},
		{"en", "茶 Tea", "茶-tea"},
		{"en", "★ ☆", ""},
		{"en", strings.Repeat("word ", 50), strings.TrimSuffix(strings.Repeat("word-", 20), "-")},
	} {
		if got := slug.Make(tt.lang, tt.in); got != tt.want {
			t.Errorf("Make(%q, %q) = %q, want %q", tt.lang, tt.in, got, tt.want)
		}
	}
}

func TestMake_isValidOrEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if s := slug.Make(rapid.SampledFrom([]string{"en", "de"}).Draw(t, "lang"), rapid.String().Draw(t, "name")); s != "" && !slug.Valid(s) {
			t.Fatalf("%q is not valid", s)
		}
	})
}

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		"a": true, "linen-shirt-2": true, "茶": true, "": false, "-a": false, "a-": false, "a--b": false, "A": false, "a b": false, "a/b": false, "a.b": false,
		"\xff": false, strings.Repeat("a", 121): false, "a?b": false, "a%20b": false,
	} {
		if slug.Valid(s) != want {
			t.Errorf("Valid(%q) = %t", s, !want)
		}
	}
}

type table struct{ dbtest.Env }

func (s table) apply(t testing.TB, objects ...slug.Object) ([]locale.Text, []slug.Taken) {
	t.Helper()
	var current []locale.Text
	var taken []slug.Taken
	err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if current, taken, err = slug.Apply(ctx, tx, slug.Product, objects); err == nil && len(taken) > 0 {
			err = context.Canceled
		}
		return err
	})
	if err != nil && len(taken) == 0 {
		t.Fatal(err)
	}
	return current, taken
}

func (s table) set(t testing.TB, id, lang, address string) []slug.Taken {
	t.Helper()
	_, taken := s.apply(t, slug.Object{ID: id, Slugs: locale.Text{lang: address}})
	return taken
}

// leads says where an address leads: the object and its current address.
func (s table) leads(t testing.TB, lang, address string) string {
	t.Helper()
	hit, ok, err := slug.Find(t.Context(), s.DB, slug.Product, lang, "en", address)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case !ok:
		return "nothing"
	case hit.Gone():
		return "gone " + hit.GoneTo.String()
	}
	all, err := slug.Of(t.Context(), s.DB, []string{hit.ObjectID})
	if err != nil {
		t.Fatal(err)
	}
	return hit.ObjectID + " at " + all[hit.ObjectID].In(lang, "en")
}

func (s table) delete(t testing.TB, kind slug.Kind, id string, to slug.Target) {
	t.Helper()
	if err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return slug.Delete(ctx, tx, kind, id, to) }); err != nil {
		t.Fatal(err)
	}
}

func TestB23_chainsCollapseLoopsCannotBe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := table{e}
		want := func(address, leads string) {
			t.Helper()
			if got := s.leads(t, "en", address); got != leads {
				t.Errorf("/%s leads to %s, want %s", address, got, leads)
			}
		}
		s.set(t, "prd_1", "en", "a")
		s.set(t, "prd_1", "en", "b")
		want("a", "prd_1 at b")
		s.set(t, "prd_1", "en", "c")
		want("a", "prd_1 at c") // directly, not by way of b
		want("b", "prd_1 at c")
		want("c", "prd_1 at c")

		// Back to the first: a → b → c → a would be a loop.
		s.set(t, "prd_1", "en", "a")
		for _, address := range []string{"a", "b", "c"} {
			want(address, "prd_1 at a")
		}

		// Another product takes an old address into use: that redirect is gone.
		if taken := s.set(t, "prd_2", "en", "b"); len(taken) > 0 {
			t.Fatalf("the old address is taken: %v", taken)
		}
		want("b", "prd_2 at b")
		want("c", "prd_1 at a")

		// A living address is not to be had, and nothing changes.
		if taken := s.set(t, "prd_2", "en", "a"); len(taken) != 1 || taken[0] != (slug.Taken{Index: 0, Locale: "en", Slug: "a"}) {
			t.Errorf("taken %v", taken)
		}
		want("a", "prd_1 at a")
		want("b", "prd_2 at b")

		// Two may swap in one step.
		_, taken := s.apply(t, slug.Object{ID: "prd_1", Slugs: locale.Text{"en": "b"}}, slug.Object{ID: "prd_2", Slugs: locale.Text{"en": "a"}})
		if len(taken) > 0 {
			t.Fatalf("the swap is refused: %v", taken)
		}
		want("a", "prd_2 at a")
		want("b", "prd_1 at b")
	})
}

func TestB23_eachLanguageForItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := table{e}
		s.apply(t, slug.Object{ID: "prd_1", New: true, Slugs: locale.Text{"en": "shirt", "de": "hemd"}})
		s.set(t, "prd_1", "de", "leinenhemd")
		for address, want := range map[[2]string]string{
			{"de", "hemd"}: "prd_1 at leinenhemd", {"de", "leinenhemd"}: "prd_1 at leinenhemd", {"en", "shirt"}: "prd_1 at shirt",
			{"de", "shirt"}: "prd_1 at leinenhemd", // the fallback's address leads to the language's own
			{"en", "hemd"}:  "nothing",
		} {
			if got := s.leads(t, address[0], address[1]); got != want {
				t.Errorf("%v leads to %s, want %s", address, got, want)
			}
		}
		if taken := s.set(t, "prd_2", "en", "hemd"); len(taken) > 0 {
			t.Errorf("an address of another language is taken: %v", taken)
		}
	})
}

func TestB23_namesMakeAnAddressOnceAndNeverChangeIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := table{e}
		name := func(id, n string) string {
			t.Helper()
			current, _ := s.apply(t, slug.Object{ID: id, Names: locale.Text{"en": n}})
			return current[0]["en"]
		}
		if got := name("prd_1", "Linen shirt"); got != "linen-shirt" {
			t.Errorf("made %q", got)
		}
		if got := name("prd_1", "Hemp shirt"); got != "linen-shirt" {
			t.Errorf("a new name changed the address to %q", got)
		}
		if got := name("prd_2", "Linen shirt"); got != "linen-shirt-2" {
			t.Errorf("a second one got %q", got)
		}
		if got := name("prd_3", "Linen shirt"); got != "linen-shirt-3" {
			t.Errorf("a third one got %q", got)
		}
		// An address made from a name never ends a redirect.
		s.set(t, "prd_1", "en", "hemp-shirt")
		if got := name("prd_4", "Linen shirt"); got != "linen-shirt-4" {
			t.Errorf("got %q, which redirects", got)
		}
		if got := s.leads(t, "en", "linen-shirt"); got != "prd_1 at hemp-shirt" {
			t.Errorf("the redirect leads to %s", got)
		}
		if got := name("prd_5", "★"); got != "5" {
			t.Errorf("a name without letters got %q", got)
		}
		current, _ := s.apply(t, slug.Object{ID: "prd_6", New: true, Names: locale.Text{"en": "Mug"}}, slug.Object{ID: "prd_7", New: true, Names: locale.Text{"en": "Mug"}})
		if diff := cmp.Diff([]locale.Text{{"en": "mug"}, {"en": "mug-2"}}, current); diff != "" {
			t.Errorf("two at once (-want +got):\n%s", diff)
		}
	})
}

func TestB23_deletedLeadsElsewhereOrIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := table{e}
		s.set(t, "prd_1", "en", "a")
		s.set(t, "prd_1", "en", "b")
		s.set(t, "prd_2", "en", "x")
		s.delete(t, slug.Product, "prd_1", slug.Target{Kind: slug.Category, ID: "cat_1"})
		s.delete(t, slug.Product, "prd_2", slug.Target{})
		check := func(wants map[string]string) {
			t.Helper()
			for address, want := range wants {
				if got := s.leads(t, "en", address); got != want {
					t.Errorf("/%s leads to %s, want %s", address, got, want)
				}
			}
		}
		check(map[string]string{"a": "gone category:cat_1", "b": "gone category:cat_1", "x": "gone "})
		// The category goes too: no chain, the addresses lead on directly.
		s.delete(t, slug.Category, "cat_1", slug.Target{Kind: slug.Category, ID: "cat_0"})
		check(map[string]string{"a": "gone category:cat_0", "b": "gone category:cat_0", "x": "gone "})
		// And a new product takes a dead address.
		s.set(t, "prd_3", "en", "a")
		check(map[string]string{"a": "prd_3 at a", "b": "gone category:cat_0"})
	})
}

func TestApply_oneOfManyGetsAnAddressUnderARace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		var won sync.Map
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				id := fmt.Sprintf("prd_%d", i)
				if taken := (table{e}).set(t, id, "en", "wanted"); len(taken) == 0 {
					won.Store(id, true)
				}
			})
		}
		wg.Wait()
		n := 0
		won.Range(func(id, _ any) bool {
			n++
			if got := (table{e}).leads(t, "en", "wanted"); got != id.(string)+" at wanted" {
				t.Errorf("%s was told it has the address; it leads to %s", id, got)
			}
			return true
		})
		if n != 1 {
			t.Errorf("%d were told they have the address", n)
		}
	})
}

// TestB23_anyHistory draws histories of changes and compares with a plain
// model: every address ever used leads to who has it or had it last.
func TestB23_anyHistory(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	s := table{e}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		name := func(kind string, n int) string { return fmt.Sprintf("%s%d-%d", kind, round, n) }
		owner, current := map[string]string{}, map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "changes") {
			id, address := name("prd_", rapid.IntRange(0, 2).Draw(rt, "object")), name("a", rapid.IntRange(0, 3).Draw(rt, "address"))
			taken := s.set(t, id, "en", address)
			free := current[owner[address]] != address || owner[address] == id
			if (len(taken) == 0) != free {
				rt.Fatalf("%s wants %s: taken %v, owner %s", id, address, taken, owner[address])
			}
			if free {
				owner[address], current[id] = id, address
			}
		}
		for address, id := range owner {
			if got, want := s.leads(t, "en", address), id+" at "+current[id]; got != want {
				rt.Fatalf("/%s leads to %s, want %s", address, got, want)
			}
		}
	})
}
