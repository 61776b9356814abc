package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestRule_Matches(t *testing.T) {
	facts := catalog.Facts{
		Price: 5000, Priced: true, Stock: 3, Tags: []string{"summer"}, Categories: []string{"cat_a"}, Brand: "Aure",
		Fields: custom.Values{"height": custom.OfNumber(12_000_000), "material": custom.OfCode("linen"), "washable": custom.OfTruth(true), "note": custom.OfText(en("soft")), "since": custom.OfCode("2026-03-01")},
	}
	cond := func(on catalog.Subject, field string, op catalog.Op, text string, n int64) catalog.Condition {
		return catalog.Condition{On: on, Field: field, Is: op, Text: text, Number: n}
	}
	for _, tt := range []struct {
		c    catalog.Condition
		want bool
	}{
		{cond(catalog.OnPrice, "", catalog.AtMost, "", 5000), true},
		{cond(catalog.OnPrice, "", catalog.AtMost, "", 4999), false},
		{cond(catalog.OnPrice, "", catalog.AtLeast, "", 5000), true},
		{cond(catalog.OnStock, "", catalog.AtLeast, "", 4), false},
		{cond(catalog.OnStock, "", catalog.IsNot, "", 0), true},
		{cond(catalog.OnTag, "", catalog.Is, "summer", 0), true},
		{cond(catalog.OnTag, "", catalog.IsNot, "summer", 0), false},
		{cond(catalog.OnCategory, "", catalog.Is, "cat_b", 0), false},
		{cond(catalog.OnBrand, "", catalog.Is, "Aure", 0), true},
		{cond(catalog.OnField, "height", catalog.AtLeast, "", 12_000_000), true},
		{cond(catalog.OnField, "material", catalog.Is, "linen", 0), true},
		{cond(catalog.OnField, "washable", catalog.Is, "true", 0), true},
		{cond(catalog.OnField, "washable", catalog.IsNot, "true", 0), false},
		{cond(catalog.OnField, "note", catalog.Is, "soft", 0), true},
		{cond(catalog.OnField, "since", catalog.AtLeast, "2026-03-02", 0), false},
		{cond(catalog.OnField, "missing", catalog.Is, "x", 0), false},
		{cond(catalog.OnField, "missing", catalog.IsNot, "x", 0), true},
	} {
		if got := (catalog.Rule{Conditions: []catalog.Condition{tt.c}}).Matches(facts); got != tt.want {
			t.Errorf("%+v holds: %t, want %t", tt.c, got, tt.want)
		}
	}
	yes, no := cond(catalog.OnTag, "", catalog.Is, "summer", 0), cond(catalog.OnTag, "", catalog.Is, "winter", 0)
	for name, tt := range map[string]struct {
		r    catalog.Rule
		want bool
	}{
		"all of both":  {catalog.Rule{Conditions: []catalog.Condition{yes, no}}, false},
		"any of both":  {catalog.Rule{Any: true, Conditions: []catalog.Condition{no, yes}}, true},
		"any of none":  {catalog.Rule{Any: true, Conditions: []catalog.Condition{no, no}}, false},
		"all of two":   {catalog.Rule{Conditions: []catalog.Condition{yes, yes}}, true},
		"no condition": {catalog.Rule{}, false},
		"none, any":    {catalog.Rule{Any: true}, false},
	} {
		if got := tt.r.Matches(facts); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
	if (catalog.Rule{Conditions: []catalog.Condition{cond(catalog.OnPrice, "", catalog.AtMost, "", 5000)}}).Matches(catalog.Facts{}) {
		t.Error("what has no price is cheap")
	}
}

func (s *shop) collection(t testing.TB, c catalog.Collection) catalog.Collection {
	t.Helper()
	s.tx(t, func(ctx context.Context, tx *db.Tx) (err error) {
		c, err = s.SaveCollection(ctx, tx, actor, c)
		return err
	})
	return c
}

func (s *shop) members(t testing.TB, id string) []string {
	t.Helper()
	ids, err := s.CollectionProducts(t.Context(), s.DB, id)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

func one(on catalog.Subject, op catalog.Op, text string, n int64) *catalog.Rule {
	return &catalog.Rule{Conditions: []catalog.Condition{{On: on, Is: op, Text: text, Number: n}}}
}

func TestCollections_followTheChangedProductInItsTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		shirt, belt := b.Shirt, b.Related
		cheap := b.collection(t, catalog.Collection{Name: en("Cheap"), Rule: one(catalog.OnPrice, catalog.AtMost, "", 4000)})
		stocked := b.collection(t, catalog.Collection{Name: en("In stock"), Rule: one(catalog.OnStock, catalog.AtLeast, "", 4)})
		clothing := b.collection(t, catalog.Collection{Name: en("Clothing"), Rule: one(catalog.OnCategory, catalog.Is, b.Top.ID, 0)})
		want := func(when string, c catalog.Collection, ids ...string) {
			t.Helper()
			slices.Sort(ids)
			if got := b.members(t, c.ID); !slices.Equal(got, ids) {
				t.Errorf("%s: %s has %v, want %v", when, c.Code, got, ids)
			}
		}
		want("at first", cheap, belt.ID)
		want("at first", stocked, belt.ID) // not tracked; of the shirt there are three
		want("at first", clothing, shirt.ID)

		// Prices.
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: shirt.Variants[1].ID, ListID: list, Amount: 3900}, {VariantID: belt.Variants[0].ID, ListID: list, Amount: 4100}})
		})
		want("priced", cheap, shirt.ID)

		// Stock.
		b.stock(t, shirt.Variants[0].ID, location, 8, 2)
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SortStock(ctx, tx, []string{shirt.Variants[0].ID})
		})
		want("delivered", stocked, belt.ID, shirt.ID)

		// A category moves with all that is in it.
		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.MoveCategory(ctx, tx, actor, b.Shirts.ID, "", 0) })
		want("moved out", clothing)
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.MoveCategory(ctx, tx, actor, b.Shirts.ID, b.Top.ID, 0)
		})
		want("moved back", clothing, shirt.ID)

		// What fails changes nothing.
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := b.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: belt.Variants[0].ID, ListID: list, Amount: 1}}); err != nil {
				return err
			}
			return context.Canceled
		})
		if err == nil {
			t.Fatal("the transaction was to fail")
		}
		want("rolled back", cheap, shirt.ID)

		// A new rule looks at everything, once.
		cheap.Rule = one(catalog.OnPrice, catalog.AtLeast, "", 4000)
		cheap = b.collection(t, cheap)
		want("ruled anew", cheap, belt.ID)

		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.Delete(ctx, tx, actor, shirt.ID, false) })
		for _, c := range []catalog.Collection{cheap, stocked} {
			want("deleted", c, belt.ID)
		}
		want("deleted", clothing)
	})
}

// TestCollections_lookAtTheChangedProductOnly saves one product among many and
// counts: the statements are as many as with one product, and no other
// membership is written.
func TestCollections_lookAtTheChangedProductOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		for i := range 5 {
			s.collection(t, catalog.Collection{Name: en(fmt.Sprintf("Under %d", i)), Rule: &catalog.Rule{Conditions: []catalog.Condition{
				{On: catalog.OnPrice, Is: catalog.AtMost, Number: int64(i) * 1000}, {On: catalog.OnStock, Is: catalog.AtLeast, Number: 1}, {On: catalog.OnBrand, Is: catalog.IsNot, Text: "x"},
			}}})
		}
		cost := func(p catalog.Product) int64 {
			t.Helper()
			before := e.DB.Statements()
			s.save(t, p)
			return e.DB.Statements() - before
		}
		p := s.save(t, simple("First", "FIRST", 2500))
		p.Brand = "a"
		alone := cost(p)
		var many []catalog.Product
		for i := range 300 {
			many = append(many, simple(fmt.Sprintf("Other %d", i), fmt.Sprintf("OTHER-%d", i), 1500))
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SaveAll(ctx, tx, actor, many)
			return err
		})
		// Somebody tampers with another product's membership: only an
		// evaluation of that product would notice.
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM collection_product WHERE product_id <> $1`, p.ID)
			return err
		})
		p = s.get(t, p.ID)
		p.Brand = "b"
		if among := cost(p); among != alone {
			t.Errorf("%d statements among many products, %d alone", among, alone)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM collection_product WHERE product_id <> $1`, p.ID); n != 0 {
			t.Errorf("%d memberships of other products were worked out", n)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM collection_product WHERE product_id = $1`, p.ID); n != 2 {
			t.Errorf("the product is in %d collections, want 2", n)
		}
	})
}

// TestCollections_anyRule draws rules and products and compares what is stored
// with Rule.Matches.
func TestCollections_anyRule(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	s := open(t, e)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		var rule catalog.Rule
		rule.Any = rapid.Bool().Draw(rt, "any")
		for range rapid.IntRange(1, 3).Draw(rt, "conditions") {
			rule.Conditions = append(rule.Conditions, rapid.SampledFrom([]catalog.Condition{
				{On: catalog.OnPrice, Is: catalog.AtMost, Number: 200},
				{On: catalog.OnPrice, Is: catalog.Is, Number: 300},
				{On: catalog.OnTag, Is: catalog.Is, Text: "a"},
				{On: catalog.OnTag, Is: catalog.IsNot, Text: "b"},
				{On: catalog.OnBrand, Is: catalog.Is, Text: "Aure"},
				{On: catalog.OnStock, Is: catalog.AtLeast, Number: 1},
			}).Draw(rt, "condition"))
		}
		early := rapid.Bool().Draw(rt, "collection first")
		c := catalog.Collection{Name: en(fmt.Sprintf("C%d", round)), Rule: &rule}
		if early {
			c = s.collection(t, c)
		}
		var want []string
		for i := range rapid.IntRange(1, 4).Draw(rt, "products") {
			p := simple(fmt.Sprintf("P %d %d", round, i), "", 0)
			draw := func(p *catalog.Product) {
				p.Variants[0].Prices = eur(100)
				p.Variants[0].Prices[0].Amount = rapid.SampledFrom([]catalog.Price{{Amount: 100}, {Amount: 200}, {Amount: 300}}).Draw(rt, "price").Amount
				p.Tags = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b"}), rapid.ID[string]).Draw(rt, "tags")
				p.Brand = rapid.SampledFrom([]string{"Aure", "Bask"}).Draw(rt, "brand")
				p.Variants[0].Tracked = rapid.Bool().Draw(rt, "tracked")
			}
			draw(&p)
			p = s.save(t, p)
			if rapid.Bool().Draw(rt, "change") {
				draw(&p)
				p = s.save(t, p)
			}
			f := catalog.Facts{Price: int64(p.Variants[0].Prices[0].Amount), Priced: true, Tags: p.Tags, Brand: p.Brand, Stock: 1_000_000_000}
			if p.Variants[0].Tracked {
				f.Stock = 0
			}
			if rule.Matches(f) {
				want = append(want, p.ID)
			}
		}
		if !early {
			c = s.collection(t, c)
		}
		got := s.members(t, c.ID)
		got = slices.DeleteFunc(got, func(id string) bool { // of earlier rounds
			p := s.get(t, id)
			var r, i int
			fmt.Sscanf(p.Name["en"], "P %d %d", &r, &i)
			return r != round
		})
		slices.Sort(want)
		if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
			rt.Fatalf("%+v (-want +got):\n%s", rule, diff)
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error { return s.DeleteCollection(ctx, tx, actor, c.ID) })
	})
}

func TestCollections_byHand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		c := b.collection(t, catalog.Collection{Name: en("Favourites")})
		set := func(id string, products ...string) error {
			return e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return b.SetCollectionProducts(ctx, tx, actor, id, products)
			})
		}
		if err := set(c.ID, b.Related.ID, b.Shirt.ID); err != nil {
			t.Fatal(err)
		}
		order := func() []string {
			ids, err := b.CollectionProducts(t.Context(), e.DB, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		if got := order(); !slices.Equal(got, []string{b.Related.ID, b.Shirt.ID}) {
			t.Errorf("order %v", got)
		}
		if err := set(c.ID, b.Shirt.ID, "prd_none"); !fault.Is(err, fault.Invalid) {
			t.Errorf("an unknown product: %v", err)
		}
		if err := set(c.ID, b.Shirt.ID); err != nil {
			t.Fatal(err)
		}
		if got := order(); !slices.Equal(got, []string{b.Shirt.ID}) {
			t.Errorf("order %v", got)
		}
		p := b.get(t, b.Related.ID) // the product's own form places it as well
		p.Collections = []string{c.ID}
		b.save(t, p)
		if got := order(); !slices.Equal(got, []string{b.Shirt.ID, b.Related.ID}) {
			t.Errorf("order %v", got)
		}
		if got := b.get(t, b.Shirt.ID).Collections; !slices.Equal(got, []string{c.ID}) {
			t.Errorf("the shirt's collections %v", got)
		}
		ruled := b.collection(t, catalog.Collection{Name: en("Ruled"), Rule: one(catalog.OnBrand, catalog.Is, "Aure", 0)})
		if err := set(ruled.ID, b.Related.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("a product the rule leaves out was put in: %v", err)
		}
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := b.SaveCollection(ctx, tx, actor, catalog.Collection{Name: en("Bad"), Rule: &catalog.Rule{Conditions: []catalog.Condition{
				{On: catalog.OnTag, Is: catalog.AtLeast, Text: "a"}, {On: catalog.OnField, Field: "none", Is: catalog.Is}, {On: "moon", Is: catalog.Is},
			}}})
			return err
		})
		wantFields(t, err, "rule.conditions.0.is: catalog.not_comparable", "rule.conditions.1.field: custom.unknown_field", "rule.conditions.2.on: form.not_a_choice")
		all, err := b.Collections(t.Context(), e.DB)
		if err != nil || len(all) != 2 || all[0].Slugs["en"] != "favourites" || all[1].Rule == nil || all[0].Rule != nil {
			t.Errorf("collections %+v, %v", all, err)
		}
		c2 := catalog.Collection{Name: en("Other"), Code: "favourites"}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := b.SaveCollection(ctx, tx, actor, c2)
			return err
		})
		wantFields(t, err, "code: catalog.code_taken")
	})
}
