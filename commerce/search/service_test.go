package search_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var actor = audit.System("test")

// node is one process of a shop.
type node struct {
	db      *db.DB
	log     *audit.Log
	fields  *custom.Service
	catalog *catalog.Service
	search  *search.Service
}

func start(t testing.TB, d *db.DB) *node {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	n := &node{db: d, log: audit.NewLog(d, quiet)}
	n.fields = custom.New(d, n.log)
	n.catalog = catalog.New(d, n.log, n.fields, "en")
	n.search = search.New(d, n.log, n.catalog, n.fields, []string{"en", "de"}, quiet)
	if err := n.log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// seed makes the rows a catalogue stands on.
func seed(t testing.TB, d *db.DB) {
	t.Helper()
	tx(t, d, func(ctx context.Context, tx *db.Tx) error {
		for _, query := range []string{
			`INSERT INTO tax_class (id, code, name, position, version) VALUES ('txc_standard', 'standard', '{"en":"Standard"}', 0, 1)`,
			`INSERT INTO price_list (id, code, name, currency, version) VALUES ('plist_eur', 'eur', 'Euro', 'EUR', 1)`,
			`INSERT INTO location (id, code, name, country, position, active, created_at, version) VALUES ('loc_main', 'main', 'Main', 'DE', 0, 1, 0, 1)`,
		} {
			if _, err := tx.Exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
}

func tx(t testing.TB, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func product(name, sku string, amount money.Minor) catalog.Product {
	return catalog.Product{
		Status: catalog.Active, Name: en(name), TaxClassID: "txc_standard",
		Variants: []catalog.Variant{{SKU: sku, Tracked: true, Prices: []catalog.Price{{ListID: list, Amount: amount}}}},
	}
}

func (n *node) save(t testing.TB, p catalog.Product) catalog.Product {
	t.Helper()
	saved, err := n.catalog.SaveNow(t.Context(), actor, p)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (n *node) find(t testing.TB, q search.Query) search.Result {
	t.Helper()
	q.Lang, q.ListID = "en", list
	r, err := n.search.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestService_findsAChangeAsSoonAsItIsCommitted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seed(t, e.DB)
		here := start(t, e.DB)
		other, err := db.Open(t.Context(), db.Options{URL: e.URL, Clock: e.Clock})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		there := start(t, other)
		everywhere := func(name string, check func(t *testing.T, n *node)) {
			t.Helper()
			t.Run(name+" here", func(t *testing.T) { check(t, here) })
			if err := there.log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := there.search.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Run(name+" on another node", func(t *testing.T) { check(t, there) })
		}

		p := here.save(t, product("Linen shirt", "SHIRT", 5900))
		everywhere("created", func(t *testing.T, n *node) {
			if r := n.find(t, search.Query{Text: "linen"}); r.Total != 1 || r.Hits[0].Card.ID != p.ID {
				t.Errorf("found %v", ids(r.Hits))
			}
		})

		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			return here.catalog.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: p.Variants[0].ID, ListID: list, Amount: 4900, CompareAt: 5900}})
		})
		everywhere("priced", func(t *testing.T, n *node) {
			if c := n.search.Cards(list, []string{p.ID}); len(c) != 1 || c[0].Prices[0].Min != 4900 || c[0].Prices[0].CompareAt != 5900 {
				t.Errorf("cards %+v", c)
			}
		})

		p, err = here.catalog.Get(t.Context(), e.DB, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		p.Name = en("Hemp shirt")
		p = here.save(t, p)
		everywhere("renamed", func(t *testing.T, n *node) {
			if r := n.find(t, search.Query{Text: "linen"}); r.Total != 0 {
				t.Errorf("the old name still finds %v", ids(r.Hits))
			}
			if r := n.find(t, search.Query{Text: "hemp"}); r.Total != 1 {
				t.Errorf("the new name finds %d", r.Total)
			}
		})

		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error { return here.catalog.Delete(ctx, tx, actor, p.ID, false) })
		everywhere("deleted", func(t *testing.T, n *node) {
			if r := n.find(t, search.Query{}); r.Total != 0 || n.search.Size() != 0 {
				t.Errorf("%d hits of %d, want none", r.Total, n.search.Size())
			}
		})

		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := here.catalog.Save(ctx, tx, actor, product("Never", "NEVER", 1)); err != nil {
				return err
			}
			return context.Canceled
		})
		if err == nil {
			t.Fatal("the transaction was to fail")
		}
		everywhere("rolled back", func(t *testing.T, n *node) {
			if r := n.find(t, search.Query{}); r.Total != 0 {
				t.Errorf("%d hits, want none", r.Total)
			}
		})
	})
}

func TestService_followsStockCategoriesFieldsAndPictures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seed(t, e.DB)
		n := start(t, e.DB)
		settle := func() {
			t.Helper()
			if err := n.search.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var top, shirts catalog.Category
		var picture media.Media
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) (err error) {
			if top, err = n.catalog.SaveCategory(ctx, tx, actor, catalog.Category{Name: en("Clothing")}); err != nil {
				return err
			}
			if shirts, err = n.catalog.SaveCategory(ctx, tx, actor, catalog.Category{Name: en("Shirts"), ParentID: top.ID}); err != nil {
				return err
			}
			picture, err = media.Add(ctx, tx, actor, media.Input{Hash: "aaaaaaaaaaaaaaaa", Mime: "image/jpeg", Width: 10, Height: 10, Bytes: 1})
			return err
		})
		p := product("Blouse", "BLOUSE", 100)
		p.CategoryID, p.Media = shirts.ID, []string{picture.ID}
		p = n.save(t, p)
		settle()
		if r := n.find(t, search.Query{Category: top.ID}); r.Total != 1 {
			t.Errorf("%d in the category above, want 1", r.Total)
		}

		stock := inventory.New(func() inventory.Display { return inventory.Display{Mode: "few", Few: 3} })
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			return stock.Adjust(ctx, tx, actor, inventory.Opening, []inventory.Change{{VariantID: p.Variants[0].ID, LocationID: "loc_main", Delta: 5}})
		})
		settle()
		if r := n.find(t, search.Query{Filters: map[string][]string{search.FacetAvailability: {search.InStock}}}); r.Total != 1 || !r.Hits[0].Card.Prices[0].Available {
			t.Errorf("%d in stock after the delivery, want 1", r.Total)
		}

		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			shirts.Name = en("Tops")
			_, err := n.catalog.SaveCategory(ctx, tx, actor, shirts)
			return err
		})
		settle()
		if r := n.find(t, search.Query{Text: "shirts"}); r.Total != 0 {
			t.Errorf("the category's old name finds %d", r.Total)
		}
		if r := n.find(t, search.Query{Text: "tops"}); r.Total != 1 {
			t.Errorf("the category's new name finds %d", r.Total)
		}

		rule := catalog.Rule{Conditions: []catalog.Condition{{On: catalog.OnStock, Is: catalog.AtLeast, Number: 4}}}
		var plenty catalog.Collection
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) (err error) {
			plenty, err = n.catalog.SaveCollection(ctx, tx, actor, catalog.Collection{Name: en("Plenty"), Rule: &rule})
			return err
		})
		settle()
		if r := n.find(t, search.Query{Collection: plenty.ID}); r.Total != 1 {
			t.Errorf("%d in the new collection, want 1", r.Total)
		}
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			if err := stock.Adjust(ctx, tx, actor, inventory.Adjustment, []inventory.Change{{VariantID: p.Variants[0].ID, LocationID: "loc_main", Delta: -3}}); err != nil {
				return err
			}
			return n.catalog.SortStock(ctx, tx, []string{p.Variants[0].ID})
		})
		settle()
		if r := n.find(t, search.Query{Collection: plenty.ID}); r.Total != 0 {
			t.Errorf("%d in the collection after the sale, want none", r.Total)
		}

		other := top
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) (err error) {
			if other, err = n.catalog.SaveCategory(ctx, tx, actor, catalog.Category{Name: en("Outdoor")}); err != nil {
				return err
			}
			return n.catalog.MoveCategory(ctx, tx, actor, shirts.ID, other.ID, 0)
		})
		settle()
		if was, is := n.find(t, search.Query{Category: top.ID}).Total, n.find(t, search.Query{Category: other.ID}).Total; was != 0 || is != 1 {
			t.Errorf("%d where the category was and %d where it is, want 0 and 1", was, is)
		}

		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			return media.SetAlt(ctx, tx, actor, picture.ID, en("A blouse on a chair"), 1)
		})
		settle()
		if c := n.search.Cards(list, []string{p.ID}); c[0].Media[0].Alt["en"] != "A blouse on a chair" {
			t.Errorf("alt text %q", c[0].Media[0].Alt)
		}

		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			_, err := n.fields.Create(ctx, tx, actor, custom.Field{
				Owner: custom.Product, Code: "fit", Kind: custom.Choice, Name: en("Fit"), Facet: true,
				Choices: []custom.Option{{Code: "slim", Name: en("Slim")}},
			})
			return err
		})
		p.Fields = custom.Values{"fit": custom.OfCode("slim")}
		p = n.save(t, p)
		settle()
		if r := n.find(t, search.Query{Filters: map[string][]string{"field:fit": {"slim"}}}); r.Total != 1 {
			t.Errorf("%d by the new field, want 1", r.Total)
		}
	})
}

// A shopper who wants a red one in M, in stock and for twenty at most, finds
// what has a variant that is all of that: as soon as it is delivered, until it
// is sold, and not because other variants are each a part of it.
func TestService_followsEveryVariantsPriceAndStock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seed(t, e.DB)
		n := start(t, e.DB)
		p := product("Shirt", "", 0)
		value := func(s string) catalog.OptionValue { return catalog.OptionValue{Code: s, Name: en(s)} }
		p.Options = []catalog.Option{
			{Code: "colour", Name: en("Colour"), Values: []catalog.OptionValue{value("red"), value("blue")}},
			{Code: "size", Name: en("Size"), Values: []catalog.OptionValue{value("m"), value("l")}},
		}
		p.Variants = nil
		for _, v := range []struct {
			colour, size string
			amount       money.Minor
		}{{"red", "m", 1900}, {"red", "l", 2900}, {"blue", "m", 1500}} {
			p.Variants = append(p.Variants, catalog.Variant{
				SKU: v.colour + v.size, Tracked: true, Values: []string{v.colour, v.size}, Prices: []catalog.Price{{ListID: list, Amount: v.amount}},
			})
		}
		p = n.save(t, p)
		stock := inventory.New(func() inventory.Display { return inventory.Display{Mode: "hidden"} })
		move := func(variant int, delta int64) {
			t.Helper()
			tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
				return stock.Adjust(ctx, tx, actor, inventory.Adjustment, []inventory.Change{{VariantID: p.Variants[variant].ID, LocationID: "loc_main", Delta: delta}})
			})
		}
		want := func(when string, total, soldOut int) {
			t.Helper()
			q := search.Query{
				Filters: map[string][]string{"option:colour": {"red"}, "option:size": {"m"}, search.FacetAvailability: {search.InStock}},
				Ranges:  map[string]search.Range{search.FacetPrice: {Max: at(int64(2000))}},
			}
			if r := n.find(t, q); r.Total != total {
				t.Errorf("%s: %d in stock, want %d", when, r.Total, total)
			}
			q.Filters[search.FacetAvailability] = []string{search.SoldOut}
			if r := n.find(t, q); r.Total != soldOut {
				t.Errorf("%s: %d sold out, want %d", when, r.Total, soldOut)
			}
		}
		move(1, 5)
		move(2, 5)
		want("a dear one and a blue one are there", 0, 1)
		move(0, 1)
		want("delivered", 1, 0)
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			return n.catalog.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: p.Variants[0].ID, ListID: list, Amount: 2100}})
		})
		want("dearer", 0, 0)
		tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
			return n.catalog.SetPrices(ctx, tx, actor, []catalog.VariantPrice{{VariantID: p.Variants[0].ID, ListID: list, Amount: 2000}})
		})
		want("cheaper", 1, 0)
		move(0, -1)
		want("sold", 0, 1)
		if c := n.search.Cards(list, []string{p.ID})[0].Prices[0]; c.Min != 1500 || c.Max != 2900 || c.Variants != 3 || c.VariantID != p.Variants[2].ID || !c.Available {
			t.Errorf("the card says %+v", c)
		}
	})
}

func TestService_scheduledAppearsWithoutAnybodysDoing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		seed(t, e.DB)
		n := start(t, e.DB)
		p := product("Advent calendar", "ADV", 100)
		p.Status, p.PublishAt, p.EndAt = catalog.Scheduled, e.Clock.Now().Add(time.Hour), e.Clock.Now().Add(2*time.Hour)
		p = n.save(t, p)
		for _, step := range []struct {
			to   time.Duration
			want []string
		}{{0, []string{}}, {time.Hour - time.Millisecond, []string{}}, {time.Hour, []string{p.ID}}, {2*time.Hour - time.Millisecond, []string{p.ID}}, {2 * time.Hour, []string{}}} {
			e.Clock.Set(dbtest.Began.Add(step.to))
			if got := ids(n.find(t, search.Query{}).Hits); !slices.Equal(got, step.want) {
				t.Errorf("after %v search shows %v, want %v", step.to, got, step.want)
			}
			found, err := n.catalog.ProductPage(t.Context(), "en", list, "advent-calendar")
			if shown := err == nil && found.Page != nil; shown != (len(step.want) > 0) {
				t.Errorf("after %v the page is shown: %t", step.to, shown)
			}
		}
	})
}

func TestService_Suggest(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	seed(t, e.DB)
	n := start(t, e.DB)
	tx(t, e.DB, func(ctx context.Context, tx *db.Tx) error {
		_, err := n.catalog.SaveCategory(ctx, tx, actor, catalog.Category{Name: en("Linen goods")})
		return err
	})
	p := n.save(t, product("Linen shirt", "SHIRT", 5900))
	n.save(t, product("Wool coat", "COAT", 9900))
	if err := n.search.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := n.search.Suggest("en", list, " l", 5)
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != 1 || got.Products[0].Card.ID != p.ID || len(got.Categories) != 1 || got.Categories[0].Name["en"] != "Linen goods" {
		t.Errorf("suggestions %+v", got)
	}
	if got, err := n.search.Suggest("en", list, "  ", 5); err != nil || got.Total != 0 {
		t.Errorf("nothing typed suggests %+v, %v", got, err)
	}
}
