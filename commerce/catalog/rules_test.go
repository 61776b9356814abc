package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestService_Save_refusesAtTheField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		s.save(t, simple("Other", "TAKEN", 100))
		rows := s.count(t, `SELECT COUNT(*) FROM product`)
		changes := s.count(t, `SELECT COUNT(*) FROM change_log`)
		for name, tt := range map[string]struct {
			change func(p *catalog.Product)
			want   []string
		}{
			"no name":                 {func(p *catalog.Product) { p.Name = en("  ") }, []string{"name: form.required"}},
			"a long name":             {func(p *catalog.Product) { p.Name = en(strings.Repeat("é", 251)) }, []string{"name.en: form.too_long"}},
			"no UTF-8":                {func(p *catalog.Product) { p.Description = en("\xff") }, []string{"description.en: form.not_utf8"}},
			"a zero byte":             {func(p *catalog.Product) { p.Brand = "a\x00b" }, []string{"brand: form.not_utf8"}},
			"an option value unnamed": {func(p *catalog.Product) { p.Options[1].Values = append(p.Options[1].Values, catalog.OptionValue{}) }, []string{"options.1.values.2.name: form.required"}},
			"the same value twice": {func(p *catalog.Product) {
				p.Options[0].Values = append(p.Options[0].Values, catalog.OptionValue{Name: en("Red")})
			}, []string{"options.0.values.2.name: catalog.repeated"}},
			"an unknown value":          {func(p *catalog.Product) { p.Variants[2].Values[0] = "green" }, []string{"variants.2.values.0: catalog.unknown_value"}},
			"a value too few":           {func(p *catalog.Product) { p.Variants[1].Values = []string{"blue"} }, []string{"variants.1.values: catalog.one_value_per_option"}},
			"the same combination":      {func(p *catalog.Product) { p.Variants[2].Values[1] = "m" }, []string{"variants.2.values: catalog.combination_repeated"}},
			"an SKU twice, other case":  {func(p *catalog.Product) { p.Variants[2].SKU = "shirt-r-m" }, []string{"variants.2.sku: catalog.sku_repeated"}},
			"another product's SKU":     {func(p *catalog.Product) { p.Variants[1].SKU = "taken" }, []string{"variants.1.sku: catalog.sku_taken"}},
			"wide letters are the same": {func(p *catalog.Product) { p.Variants[1].SKU = "ＴＡＫＥＮ" }, []string{"variants.1.sku: catalog.sku_taken"}},
			"a wrong check digit":       {func(p *catalog.Product) { p.Variants[0].GTIN = "4006381333932" }, []string{"variants.0.gtin: catalog.bad_gtin"}},
			"negative weight":           {func(p *catalog.Product) { p.Variants[0].WeightGrams = -1 }, []string{"variants.0.weight_grams: form.too_small"}},
			"a huge height":             {func(p *catalog.Product) { p.Variants[0].HeightMM = 1 << 60 }, []string{"variants.0.height_mm: form.too_large"}},
			"a negative price":          {func(p *catalog.Product) { p.Variants[0].Prices = eur(-1) }, []string{"variants.0.prices.0.amount: catalog.bad_price"}},
			"a price in other money":    {func(p *catalog.Product) { p.Variants[0].Prices[0].Currency = "CHF" }, []string{"variants.0.prices.0.currency: catalog.wrong_currency"}},
			"a lower comparison":        {func(p *catalog.Product) { p.Variants[0].Prices[0].CompareAt = 5900 }, []string{"variants.0.prices.0.compare_at: catalog.bad_compare_at"}},
			"an unknown list":           {func(p *catalog.Product) { p.Variants[0].Prices[0].ListID = "plist_x" }, []string{"variants.0.prices.0.list: catalog.unknown_price_list"}},
			"unknown references": {func(p *catalog.Product) {
				p.TaxClassID, p.CategoryID, p.Media, p.Related, p.Collections = "txc_x", "cat_x", []string{"med_x"}, []string{"prd_x"}, []string{"col_x"}
			}, []string{"tax_class: catalog.unknown_tax_class", "categories.0: catalog.unknown_category", "media.0: catalog.unknown_media", "related.0: catalog.unknown_product", "collections.0: catalog.unknown_collection"}},
			"nothing to sell": {func(p *catalog.Product) { p.Variants = nil }, []string{"variants: catalog.nothing_to_sell"}},
			"over before it begins": {func(p *catalog.Product) {
				p.Status, p.PublishAt, p.EndAt = catalog.Scheduled, day(2), day(2)
			}, []string{"end_at: catalog.ends_before_it_begins"}},
			"scheduled for when":        {func(p *catalog.Product) { p.Status = catalog.Scheduled }, []string{"publish_at: form.required"}},
			"an unknown field":          {func(p *catalog.Product) { p.Fields = custom.Values{"x": custom.OfTruth(true)} }, []string{"fields.x: custom.unknown_field"}},
			"a variant's unknown field": {func(p *catalog.Product) { p.Variants[1].Fields = custom.Values{"x": custom.OfTruth(true)} }, []string{"variants.1.fields.x: custom.unknown_field"}},
			"a bad address":             {func(p *catalog.Product) { p.Slugs = en("No/Slug") }, []string{"slugs.en: slug.invalid"}},
			"another's address":         {func(p *catalog.Product) { p.Slugs = en("other") }, []string{"slugs.en: slug.taken"}},
			"two at once":               {func(p *catalog.Product) { p.Name = nil; p.Variants[0].Origin = "Germany" }, []string{"name: form.required", "variants.0.origin: catalog.bad_country"}},
		} {
			p := shirt()
			tt.change(&p)
			_, err := s.SaveNow(t.Context(), actor, p)
			t.Run(name, func(t *testing.T) { wantFields(t, err, tt.want...) })
		}
		_, err := s.SaveNow(t.Context(), actor, catalog.Product{ID: "prd_none", Name: en("x"), TaxClassID: taxes})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a product that does not exist: %v", err)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM product`); n != rows {
			t.Errorf("%d products after the refusals, want %d", n, rows)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM variant`); n != 1 {
			t.Errorf("%d variants after the refusals, want 1", n)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM change_log`); n != changes {
			t.Errorf("%d changes after the refusals, want %d", n, changes)
		}
	})
}

func TestService_Save_secondFormOfTheSameVersionIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		p := s.save(t, shirt())
		mine, theirs := p, p
		theirs.Brand = "Bask"
		s.save(t, theirs)
		mine.Brand = "Cora"
		_, err := s.SaveNow(t.Context(), actor, mine)
		if f := fault.From(err); f == nil || f.Kind != fault.Conflict || f.Reason != "catalog.version_conflict" || f.Params["version"] != int64(1) || f.Params["current"] != int64(2) {
			t.Errorf("the second form: %v", err)
		}
		if got := s.get(t, p.ID); got.Brand != "Bask" || got.Version != 2 {
			t.Errorf("stored %s, version %d", got.Brand, got.Version)
		}
		// A change of the price alone counts as well.
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return s.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: p.Variants[0].ID, ListID: list, Amount: 1}})
		})
		theirs.Version = 2
		if _, err := s.SaveNow(t.Context(), actor, theirs); fault.Reason(err) != "catalog.version_conflict" {
			t.Errorf("a form older than the price: %v", err)
		}
		if got := s.get(t, p.ID); got.Variants[0].Prices[0].Amount != 1 {
			t.Errorf("the new price was undone: %v", got.Variants[0].Prices)
		}
	})
}

func TestService_Save_editsNeverRekeyVariants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		p := s.save(t, shirt())
		ids := []string{p.Variants[0].ID, p.Variants[1].ID, p.Variants[2].ID}
		check := func(name string, want ...string) {
			t.Helper()
			p = s.get(t, p.ID)
			var got []string
			for _, v := range p.Variants {
				got = append(got, v.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		p.Options[0].Name, p.Options[0].Code = en("Shade"), "" // a form sends ids and names, no codes
		p.Options[0].Values[0].Name, p.Options[0].Values[0].Code = en("Crimson"), ""
		p = s.save(t, p)
		check("renamed", ids...)
		if p.Options[0].Code != "colour" || p.Options[0].Values[0].Code != "red" || p.Variants[0].Values[0] != "red" {
			t.Errorf("new names changed the codes to %q and %q", p.Options[0].Code, p.Options[0].Values[0].Code)
		}

		// An import knows neither ids nor the order.
		again := shirt()
		again.ID, again.Version = p.ID, p.Version
		again.Options[0].Code, again.Options[0].Values[0].Code = "colour", "red"
		again.Variants[0], again.Variants[2] = again.Variants[2], again.Variants[0]
		s.save(t, again)
		check("saved without ids, in another order", ids[2], ids[1], ids[0])

		// Two swap their SKUs, two others their values, in one step.
		p.Variants[0].SKU, p.Variants[1].SKU = p.Variants[1].SKU, p.Variants[0].SKU
		p.Variants[1].Values, p.Variants[2].Values = p.Variants[2].Values, p.Variants[1].Values
		s.save(t, p)
		check("swapped", ids[2], ids[1], ids[0])
		if p.Variants[0].SKU != "SHIRT-B-M" || p.Variants[1].SKU != "SHIRT-B-L" || p.Variants[1].Values[0] != "red" || p.Variants[2].Values[0] != "blue" {
			t.Errorf("after the swap %+v", p.Variants)
		}

		// Codes change hands: what a variant stands for does not.
		p.Options[0].Values[0].Code, p.Options[0].Values[1].Code = "blue", "red"
		for i := range p.Variants {
			p.Variants[i].Values = []string{map[string]string{"red": "blue", "blue": "red"}[p.Variants[i].Values[0]], p.Variants[i].Values[1]}
		}
		combination := s.text(t, `SELECT combination FROM variant WHERE id = $1`, ids[0])
		s.save(t, p)
		check("codes swapped", ids[2], ids[1], ids[0])
		if now := s.text(t, `SELECT combination FROM variant WHERE id = $1`, ids[0]); now != combination {
			t.Errorf("the combination became %s, it was %s", now, combination)
		}
	})
}

func (s *shop) text(t testing.TB, query string, args ...any) (text string) {
	t.Helper()
	if err := s.DB.QueryRow(t.Context(), query, args...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestService_Save_optionAddedAndRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		p := s.save(t, shirt())
		p.Options = append(p.Options, catalog.Option{Name: en("Fit"), Values: []catalog.OptionValue{{Name: en("Slim")}}})
		for i := range p.Variants {
			p.Variants[i].Values = append(p.Variants[i].Values, "slim")
		}
		p = s.save(t, p)
		if got := s.get(t, p.ID); len(got.Options) != 3 || len(got.Variants[0].Values) != 3 {
			t.Fatalf("after adding: %+v", got.Options)
		}
		// Colour goes; the red shirt is archived, so M and L are left.
		p.Options = p.Options[1:]
		p.Variants[0].Status = catalog.Archived
		for i := range p.Variants {
			p.Variants[i].Values = p.Variants[i].Values[1:]
		}
		p = s.save(t, p)
		got := s.get(t, p.ID)
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read differs from saved (-saved +read):\n%s", diff)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM option_value`); n != 3 {
			t.Errorf("%d values stored, want 3", n)
		}
	})
}

func TestSKU_isUniqueUnderARace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var won, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				sku := "Race-1"
				if i%2 == 0 {
					sku = "RACE-1"
				}
				err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := s.Save(ctx, tx, actor, simple(fmt.Sprintf("Racer %d", i), sku, 100))
					return err
				})
				switch f := fault.From(err); {
				case err == nil:
					won.Add(1)
				case f.Reason == "catalog.sku_taken", f.Reason == "form.invalid" && f.Fields[0].Path == "variants.0.sku":
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || refused.Load() != 7 {
			t.Errorf("%d won and %d were refused, want 1 and 7", won.Load(), refused.Load())
		}
		if n := s.count(t, `SELECT COUNT(*) FROM product`); n != 1 {
			t.Errorf("%d products, want 1", n)
		}
	})
}

func TestB20_deletedVariantsStayForTheOrdersAndFreeTheirSKU(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		p := b.Shirt
		gone, archived := p.Variants[0], p.Variants[1]
		moved := func(variant string) {
			b.tx(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO stock_movement (id, variant_id, location_id, on_hand_delta, allocated_delta, cause, document, note, actor_kind, actor_id, created_at)
					VALUES ($1, $2, 'loc_main', -1, 0, 'sale', 'oln_1', '', 'system', '', 0)`, "mov_"+variant, variant)
				return err
			})
		}
		moved(gone.ID)
		p.Variants[1].Status = catalog.Archived
		p.Variants = p.Variants[1:]
		p = b.save(t, p)
		if got := b.get(t, p.ID); len(got.Variants) != 2 || got.Variants[0].Status != catalog.Archived || got.Variants[0].SKU != archived.SKU {
			t.Errorf("variants %+v", got.Variants)
		}
		if st := b.text(t, `SELECT status FROM variant WHERE id = $1`, gone.ID); st != "deleted" {
			t.Errorf("the variant is %s, want it to stay as deleted", st)
		}
		if sku := b.text(t, `SELECT sku FROM variant WHERE id = $1`, gone.ID); sku != gone.SKU {
			t.Errorf("the deleted variant's SKU reads %q", sku)
		}
		b.save(t, simple("Heir", strings.ToLower(gone.SKU), 100)) // the SKU is free again
		_, err := b.SaveNow(t.Context(), actor, simple("Thief", archived.SKU, 100))
		wantFields(t, err, "variants.0.sku: catalog.sku_taken") // an archived one keeps its own

		moved(archived.ID)
		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.Delete(ctx, tx, actor, p.ID, true) })
		lines, err := b.Lines(t.Context(), e.DB, list, []string{gone.ID, archived.ID})
		if err != nil || len(lines) != 2 {
			t.Fatalf("lines %v, %v; want both told for ever", lines, err)
		}
		for _, l := range lines {
			if l.ForSale || l.Name["en"] != "Linen shirt" || l.WeightGrams != 210 || len(l.Options) != 2 {
				t.Errorf("line %+v", l)
			}
		}
		if n := b.count(t, `SELECT COUNT(*) FROM stock_movement`); n != 2 {
			t.Errorf("%d movements, want 2", n)
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return b.Delete(ctx, tx, actor, p.ID, true) })
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		heir := shirt() // handle and SKUs of the deleted product are free
		heir.Variants = heir.Variants[1:]
		if got := b.save(t, heir); got.Slugs["en"] != "linen-shirt-2" {
			t.Errorf("the heir got the address %q, which answers 410", got.Slugs["en"])
		}
	})
}

// matrix has an option of sixty and one of fifty, and 2,000 of their 3,000
// combinations.
func matrix() catalog.Product {
	p := catalog.Product{Status: catalog.Active, Name: en("Screw"), TaxClassID: taxes}
	for _, o := range []struct {
		name string
		n    int
	}{{"Length", 60}, {"Width", 50}} {
		option := catalog.Option{Name: en(o.name)}
		for i := range o.n {
			option.Values = append(option.Values, catalog.OptionValue{Code: fmt.Sprintf("%s%d", strings.ToLower(o.name[:1]), i), Name: en(fmt.Sprintf("%d mm", i))})
		}
		p.Options = append(p.Options, option)
	}
	for i := range catalog.MaxVariants {
		p.Variants = append(p.Variants, catalog.Variant{
			SKU: fmt.Sprintf("SCREW-%04d", i), Values: []string{fmt.Sprintf("l%d", i/50), fmt.Sprintf("w%d", i%50)}, Tracked: true, WeightGrams: int64(i), Prices: eur(100),
		})
	}
	return p
}

func TestService_Save_twoThousandVariantsInFewStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		statements := func(name string, most int64, fn func()) {
			t.Helper()
			before, watch := e.DB.Statements(), clock.Start()
			fn()
			n := e.DB.Statements() - before
			t.Logf("%s: %d statements, %v", name, n, watch.Elapsed().Round(time.Millisecond))
			if n > most {
				t.Errorf("%s: %d statements, want at most %d", name, n, most)
			}
		}
		var p catalog.Product
		statements("create", 80, func() { p = s.save(t, matrix()) })
		got := s.get(t, p.ID)
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read differs from saved (-saved +read):\n%.2000s", diff)
		}
		statements("nothing changed", 30, func() { s.save(t, got) })
		for i := range got.Variants {
			got.Variants[i].Prices[0].Amount++
			got.Variants[i].WeightGrams++
		}
		statements("all changed", 80, func() { p = s.save(t, got) })
		if got := s.get(t, p.ID); got.Variants[1999].WeightGrams != 2000 || got.Variants[1999].Prices[0].Amount != 101 || got.Version != 2 {
			t.Errorf("the last variant %+v, version %d", got.Variants[1999], got.Version)
		}
		statements("page", 8, func() { // five, and three that fill the memory
			f, err := s.ProductPage(t.Context(), "en", list, "screw")
			if err != nil || len(f.Page.Variants) != 2000 {
				t.Errorf("page: %v", err)
			}
		})
		statements("cards", 3, func() {
			if c, err := s.Cards(t.Context(), e.DB, []string{p.ID}); err != nil || c[p.ID].Prices[0].Variants != 2000 {
				t.Errorf("cards: %v", err)
			}
		})
		one := p
		one.Variants = append(one.Variants, catalog.Variant{SKU: "X", Values: []string{"l59", "w49"}})
		_, err := s.SaveNow(t.Context(), actor, one)
		wantFields(t, err, "variants: catalog.too_many")
		p.Variants = p.Variants[:1]
		statements("all but one deleted", 45, func() { s.save(t, p) })
		if n := s.count(t, `SELECT COUNT(*) FROM variant WHERE status = 'deleted' AND sku_key IS NULL`); n != 1999 {
			t.Errorf("%d deleted, want 1999", n)
		}
	})
}

func TestService_SaveAll_fiveHundredInFewStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var many []catalog.Product
		for i := range 500 {
			p := shirt()
			p.Handle = fmt.Sprintf("shirt-%d", i)
			for j := range p.Variants {
				p.Variants[j].SKU += fmt.Sprintf("-%d", i)
			}
			many = append(many, p)
		}
		before := e.DB.Statements()
		var saved []catalog.Product
		s.tx(t, func(ctx context.Context, tx *db.Tx) (err error) {
			saved, err = s.SaveAll(ctx, tx, actor, many)
			return err
		})
		n := e.DB.Statements() - before
		if n > 100+500 { // one change each goes into the log
			t.Errorf("%d statements, want hardly more than the 500 entries of the log", n)
		}
		if got := s.get(t, saved[499].ID); got.Slugs["en"] != "linen-shirt-500" || got.Slugs["de"] != "leinenhemd-500" {
			t.Errorf("the last one's addresses %v", got.Slugs)
		}
		byHandle, err := s.ByHandles(t.Context(), e.DB, []string{"shirt-7", "shirt-none"})
		if err != nil || len(byHandle) != 1 || byHandle["shirt-7"].ID != saved[7].ID {
			t.Errorf("by handle %v, %v", byHandle, err)
		}
		refs, err := s.BySKUs(t.Context(), e.DB, []string{"shirt-r-m-7"})
		if err != nil || refs["shirt-r-m-7"] != (catalog.VariantRef{VariantID: saved[7].Variants[0].ID, ProductID: saved[7].ID}) {
			t.Errorf("by SKU %v, %v", refs, err)
		}
		twice := []catalog.Product{simple("A", "SAME", 1), simple("B", "same", 1)}
		twice[0].Handle, twice[1].Handle = "h", "h"
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SaveAll(ctx, tx, actor, twice)
			return err
		})
		wantFields(t, err, "1.handle: catalog.handle_taken", "1.variants.0.sku: catalog.sku_taken")
	})
}

func TestScheduled_isVisibleFromTheVeryMillisecond(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		publish := day(1)
		p := simple("Calendar", "CAL", 100)
		p.Status, p.PublishAt = catalog.Scheduled, publish
		p = s.save(t, p)
		for now, want := range map[time.Time]bool{publish.Add(-time.Millisecond): false, publish: true, publish.Add(time.Hour): true} {
			e.Clock.Set(now)
			found, err := s.ProductPage(t.Context(), "en", list, "calendar")
			if (err == nil && found.Page != nil) != want {
				t.Errorf("at %v the page is shown: %t, want %t", now, !want, want)
			}
			lines, err := s.Lines(t.Context(), e.DB, list, []string{p.Variants[0].ID})
			if err != nil || lines[p.Variants[0].ID].ForSale != want {
				t.Errorf("at %v it is for sale: %t, want %t (%v)", now, !want, want, err)
			}
		}
	})
}

// What has an end is gone at it, for shoppers, without anybody's doing; put on
// sale again it has none.
func TestEnd_isInvisibleFromTheVeryMillisecond(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		end := day(1)
		p := simple("Calendar", "CAL", 100)
		p.EndAt = end
		p = s.save(t, p)
		look := func(want bool) {
			t.Helper()
			found, err := s.ProductPage(t.Context(), "en", list, "calendar")
			if (err == nil && found.Page != nil) != want {
				t.Errorf("at %v the page is shown: %t, want %t", e.Clock.Now(), !want, want)
			}
			lines, err := s.Lines(t.Context(), e.DB, list, []string{p.Variants[0].ID})
			if err != nil || lines[p.Variants[0].ID].ForSale != want {
				t.Errorf("at %v it is for sale: %t, want %t (%v)", e.Clock.Now(), !want, want, err)
			}
			cards, err := s.Cards(t.Context(), e.DB, []string{p.ID})
			if err != nil || cards[p.ID].VisibleAt(e.Clock.Now()) != want {
				t.Errorf("at %v the card is shown: %t, want %t (%v)", e.Clock.Now(), !want, want, err)
			}
		}
		for now, want := range map[time.Time]bool{end.Add(-time.Millisecond): true, end: false, end.Add(time.Hour): false} {
			e.Clock.Set(now)
			look(want)
		}
		if got := s.get(t, p.ID); got.Version != 1 || !got.EndAt.Equal(end) || got.Status != catalog.Active {
			t.Errorf("somebody wrote: version %d, %s, ends %v", got.Version, got.Status, got.EndAt)
		}
		e.Clock.Set(end.Add(-time.Hour))
		status := func(to catalog.Status, publish time.Time) time.Time {
			s.tx(t, func(ctx context.Context, tx *db.Tx) error {
				return s.SetStatus(ctx, tx, actor, []string{p.ID}, to, publish)
			})
			return s.get(t, p.ID).EndAt
		}
		if got := status(catalog.Active, time.Time{}); !got.Equal(end) {
			t.Errorf("put on sale before its end, it ends %v", got)
		}
		e.Clock.Set(end)
		if got := status(catalog.Archived, time.Time{}); !got.Equal(end) {
			t.Errorf("archived, it ends %v", got)
		}
		if got := status(catalog.Active, time.Time{}); !got.IsZero() {
			t.Errorf("put on sale after its end, it ends %v", got)
		}
		look(true)
	})
}

func TestService_SetStatusAndMediaInBulk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		empty := b.save(t, catalog.Product{Name: en("Empty"), TaxClassID: taxes})
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return b.SetStatus(ctx, tx, actor, []string{b.Shirt.ID, empty.ID}, catalog.Active, time.Time{})
		})
		if f := fault.From(err); f == nil || f.Reason != "catalog.nothing_to_sell" || f.Params["product"] != empty.ID {
			t.Errorf("without variants: %v", err)
		}
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetStatus(ctx, tx, actor, []string{b.Shirt.ID, b.Related.ID}, catalog.Archived, time.Time{})
		})
		for _, id := range []string{b.Shirt.ID, b.Related.ID} {
			if p := b.get(t, id); p.Status != catalog.Archived || p.Version != 2 {
				t.Errorf("%s: %s, version %d", id, p.Status, p.Version)
			}
		}
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetMedia(ctx, tx, actor, b.Shirt.ID, []string{b.Back.ID, b.Front.ID})
		})
		if p := b.get(t, b.Shirt.ID); !cmp.Equal(p.Media, []string{b.Back.ID, b.Front.ID}) {
			t.Errorf("pictures %v", p.Media)
		}
		p := b.get(t, b.Shirt.ID)
		p.Variants[0].MediaID = b.Front.ID
		b.save(t, p)
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetMedia(ctx, tx, actor, b.Shirt.ID, []string{b.Back.ID})
		})
		if p := b.get(t, b.Shirt.ID); len(p.Media) != 1 || p.Variants[0].MediaID != "" {
			t.Errorf("pictures %v, the variant's %q", p.Media, p.Variants[0].MediaID)
		}
	})
}

func TestCategories_tree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		save := func(c catalog.Category) (catalog.Category, error) {
			t.Helper()
			var saved catalog.Category
			err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				saved, err = s.SaveCategory(ctx, tx, actor, c)
				return err
			})
			return saved, err
		}
		must := func(name, parent string) catalog.Category {
			t.Helper()
			c, err := save(catalog.Category{Name: en(name), ParentID: parent})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		move := func(id, parent string, index int) error {
			return s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.MoveCategory(ctx, tx, actor, id, parent, index) })
		}
		names := func(nodes []*catalog.Node) string {
			var list []string
			for _, n := range nodes {
				list = append(list, n.Name["en"])
			}
			return strings.Join(list, " ")
		}
		tree := func() *catalog.Tree {
			t.Helper()
			tree, err := s.Tree(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return tree
		}
		a, b := must("A", ""), must("B", "")
		c := must("C", a.ID)
		d := must("D", c.ID)
		if got := names(tree().Path(d.ID)); got != "A C D" {
			t.Errorf("breadcrumbs %q", got)
		}
		for _, parent := range []string{a.ID, c.ID, d.ID} {
			if err := move(a.ID, parent, 0); fault.Reason(err) != "catalog.category_cycle" {
				t.Errorf("A below %s: %v", parent, err)
			}
		}
		a.ParentID = d.ID
		_, err := save(a)
		wantFields(t, err, "parent: catalog.category_cycle")
		if got := names(tree().All()); got != "A C D B" {
			t.Errorf("after the refusals %q", got)
		}
		if err := move(b.ID, "", 0); err != nil {
			t.Fatal(err)
		}
		if err := move(c.ID, b.ID, 5); err != nil {
			t.Fatal(err)
		}
		if got := names(tree().All()); got != "B C D A" {
			t.Errorf("after two moves %q", got)
		}
		if before := e.DB.Statements(); tree() != nil && e.DB.Statements() != before {
			t.Error("the tree is not read from memory")
		}

		p := simple("Thing", "THING", 100)
		p.CategoryID, p.Categories = d.ID, []string{a.ID}
		p = s.save(t, p)
		del := func(id string) error {
			return s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.DeleteCategory(ctx, tx, actor, id, false) })
		}
		if err := del(c.ID); fault.Reason(err) != "catalog.category_has_children" {
			t.Errorf("deleting a category with children: %v", err)
		}
		if err := del(d.ID); err != nil {
			t.Fatal(err)
		}
		got := s.get(t, p.ID)
		if got.CategoryID != c.ID || len(got.Categories) != 2 || got.Version != 2 {
			t.Errorf("the product's category is %s among %v, version %d; want the one above, %s", got.CategoryID, got.Categories, got.Version, c.ID)
		}

		hidden, _ := save(catalog.Category{Name: en("H"), Hidden: true})
		below := must("I", hidden.ID)
		if n := tree().Find(below.ID); n.Visible() {
			t.Error("what lies below a hidden category is visible")
		}
		if got := names(tree().Shown()); got != "B A" {
			t.Errorf("shown at the top: %q", got)
		}
	})
}

// TestCategories_twoMovesMakeNoCycle moves A below B and B below A at once.
func TestCategories_twoMovesMakeNoCycle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var ids [2]string
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			for i := range ids {
				c, err := s.SaveCategory(ctx, tx, actor, catalog.Category{Name: en(fmt.Sprint("C", i))})
				if err != nil {
					return err
				}
				ids[i] = c.ID
			}
			return nil
		})
		for range 10 {
			var errs [2]error
			var wg sync.WaitGroup
			for i := range ids {
				wg.Go(func() {
					errs[i] = s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						return s.MoveCategory(ctx, tx, actor, ids[i], ids[1-i], 0)
					})
				})
			}
			wg.Wait()
			refused := 0
			for _, err := range errs {
				if fault.Reason(err) == "catalog.category_cycle" {
					refused++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if refused != 1 {
				t.Fatalf("%d refused, want exactly one: %v", refused, errors.Join(errs[:]...))
			}
			s.tx(t, func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(s.MoveCategory(ctx, tx, actor, ids[0], "", 0), s.MoveCategory(ctx, tx, actor, ids[1], "", 1))
			})
		}
	})
}

func TestB23_productAddressesInTheCatalogue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		p := b.Shirt
		p.Name = locale.Text{"en": "Hemp shirt", "de": "Hanfhemd"}
		p = b.save(t, p)
		if p.Slugs["en"] != "linen-shirt" {
			t.Errorf("a new name changed the address to %s", p.Slugs["en"])
		}
		for _, s := range []string{"b", "c"} {
			p.Slugs = locale.Text{"en": s}
			p = b.save(t, p)
		}
		if p.Slugs["de"] != "leinenhemd" {
			t.Errorf("the German address became %q", p.Slugs["de"])
		}
		for _, old := range []string{"linen-shirt", "b"} {
			if f, err := b.ProductPage(t.Context(), "en", list, old); err != nil || f.MovedTo != "c" {
				t.Errorf("/%s: %+v, %v; want a move to c", old, f, err)
			}
		}
		// A move of its category changes no address below it.
		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.MoveCategory(ctx, tx, actor, b.Shirts.ID, "", 0) })
		if f, err := b.ProductPage(t.Context(), "en", list, "c"); err != nil || f.Page == nil || len(f.Page.Path) != 1 {
			t.Errorf("after the move: %+v, %v", f, err)
		}
		heir := simple("Heir", "HEIR", 100)
		heir.Slugs = en("b")
		b.save(t, heir)
		if f, err := b.ProductPage(t.Context(), "en", list, "b"); err != nil || f.Page == nil || f.Page.Name["en"] != "Heir" {
			t.Errorf("/b: %+v, %v; want the heir", f, err)
		}
	})
}
