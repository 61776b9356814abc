package catalog_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// boutique has a category path, pictures, fields, a related product and stock.
type boutique struct {
	*shop
	Top, Shirts    catalog.Category
	Front, Back    media.Media
	Shirt, Related catalog.Product
}

func openBoutique(t testing.TB, e dbtest.Env) *boutique {
	b := &boutique{shop: open(t, e)}
	b.tx(t, func(ctx context.Context, tx *db.Tx) (err error) {
		if b.Top, err = b.SaveCategory(ctx, tx, actor, catalog.Category{Name: locale.Text{"en": "Clothing", "de": "Kleidung"}}); err != nil {
			return err
		}
		if b.Shirts, err = b.SaveCategory(ctx, tx, actor, catalog.Category{Name: en("Shirts"), ParentID: b.Top.ID}); err != nil {
			return err
		}
		if _, err = b.Fields.Create(ctx, tx, actor, custom.Field{
			Owner: custom.Product, Code: "material", Kind: custom.Choice, Name: en("Material"), Shown: true,
			Choices: []custom.Option{{Code: "linen", Name: en("Linen")}},
		}); err != nil {
			return err
		}
		if _, err = b.Fields.Create(ctx, tx, actor, custom.Field{Owner: custom.Product, Code: "cost_note", Kind: custom.Text, Name: en("Cost note")}); err != nil {
			return err
		}
		if b.Front, err = media.Add(ctx, tx, actor, media.Input{Hash: "aaaaaaaaaaaaaaaa", Mime: "image/jpeg", Width: 1600, Height: 2000, Bytes: 9, Colour: "#c0b0a0", Alt: en("Front")}); err != nil {
			return err
		}
		b.Back, err = media.Add(ctx, tx, actor, media.Input{Hash: "bbbbbbbbbbbbbbbb", Mime: "image/jpeg", Width: 1600, Height: 2000, Bytes: 9, Colour: "#c0b0a1"})
		return err
	})
	b.Related = b.save(t, simple("Belt", "BELT", 3500))
	p := shirt()
	p.CategoryID, p.Media, p.Related = b.Shirts.ID, []string{b.Front.ID, b.Back.ID}, []string{b.Related.ID}
	p.Fields = custom.Values{"material": custom.OfCode("linen"), "cost_note": custom.OfWords("do not show")}
	b.Shirt = b.save(t, p)
	b.stock(t, b.Shirt.Variants[0].ID, location, 5, 2)
	b.stock(t, b.Shirt.Variants[1].ID, location, 0, 0)
	b.stock(t, b.Shirt.Variants[1].ID, "loc_closed", 9, 0)
	return b
}

func TestService_ProductPage_inFiveStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		if _, err := b.Tree(t.Context()); err != nil { // from here on in memory
			t.Fatal(err)
		}
		if _, err := b.Fields.For(t.Context(), custom.Product); err != nil {
			t.Fatal(err)
		}
		before := e.DB.Statements()
		found, err := b.ProductPage(t.Context(), "en", list, "linen-shirt")
		if err != nil {
			t.Fatal(err)
		}
		if n := e.DB.Statements() - before; n != 5 {
			t.Errorf("%d statements, want 5", n)
		}
		p := found.Page
		if p == nil {
			t.Fatalf("found %+v, want a page", found)
		}
		var path []string
		for _, n := range p.Path {
			path = append(path, n.Name["en"])
		}
		if want := []string{"Clothing", "Shirts"}; !cmp.Equal(path, want) {
			t.Errorf("breadcrumbs %v, want %v", path, want)
		}
		type offer struct {
			SKU    string
			Values []string
			Amount int64
			Units  int64
		}
		var offers []offer
		for _, o := range p.Variants {
			offers = append(offers, offer{o.SKU, o.Values, int64(o.Price.Amount), o.Stock.Sellable})
		}
		if diff := cmp.Diff([]offer{
			{"SHIRT-R-M", []string{"red", "m"}, 5900, 3},  // two of five are held
			{"SHIRT-B-M", []string{"blue", "m"}, 5900, 0}, // what a closed location has does not count
			{"SHIRT-B-L", []string{"blue", "l"}, 6100, 0},
		}, offers); diff != "" {
			t.Errorf("offers (-want +got):\n%s", diff)
		}
		if len(p.Options) != 2 || len(p.Options[0].Values) != 2 || p.Options[0].Values[0].Colour != "#aa0000" {
			t.Errorf("options %+v", p.Options)
		}
		if !cmp.Equal(p.Media, []media.Media{b.Front, b.Back}) || !cmp.Equal(p.Related, []string{b.Related.ID}) {
			t.Errorf("media %v related %v", p.Media, p.Related)
		}
		if len(p.Fields) != 1 || p.Fields[0].Field.Code != "material" || p.Fields[0].Value.Code != "linen" {
			t.Errorf("fields %+v, want the material only", p.Fields)
		}
		if !cmp.Equal(p.Slugs, locale.Text{"en": "linen-shirt", "de": "leinenhemd"}) {
			t.Errorf("slugs %v", p.Slugs)
		}
	})
}

func TestService_ProductPage_movedHiddenAndGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		ctx := t.Context()
		look := func(lang, address string) (catalog.Found, string) {
			t.Helper()
			f, err := b.ProductPage(ctx, lang, list, address)
			if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Gone) {
				t.Fatal(err)
			}
			return f, fault.Reason(err)
		}
		if f, _ := look("de", "linen-shirt"); f.MovedTo != "leinenhemd" {
			t.Errorf("the English address in German: %+v, want a move to leinenhemd", f)
		}
		if _, reason := look("en", "leinenhemd"); reason != "catalog.product_not_found" {
			t.Errorf("the German address in English: %q", reason)
		}
		if _, reason := look("en", "nothing"); reason != "catalog.product_not_found" {
			t.Errorf("an unknown address: %q", reason)
		}
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetStatus(ctx, tx, actor, []string{b.Shirt.ID}, catalog.Archived, time.Time{})
		})
		if _, reason := look("en", "linen-shirt"); reason != "catalog.product_not_found" {
			t.Errorf("archived: %q", reason)
		}
		if p, err := b.Preview(ctx, b.Shirt.ID, list); err != nil || p.Status != catalog.Archived {
			t.Errorf("preview of an archived product: %v %v", p, err)
		}
		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.Delete(ctx, tx, actor, b.Shirt.ID, false) })
		if f, _ := look("en", "linen-shirt"); f.Elsewhere != (slug.Target{Kind: slug.Category, ID: b.Shirts.ID}) {
			t.Errorf("deleted: %+v, want its category", f)
		}
		b.tx(t, func(ctx context.Context, tx *db.Tx) error { return b.Delete(ctx, tx, actor, b.Related.ID, false) })
		if _, reason := look("en", "belt"); reason != "catalog.product_gone" {
			t.Errorf("deleted without a category: %q", reason)
		}
	})
}

func TestService_Cards_inThreeStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		before := e.DB.Statements()
		cards, err := b.Cards(t.Context(), e.DB, []string{b.Shirt.ID, b.Related.ID})
		if err != nil {
			t.Fatal(err)
		}
		if n := e.DB.Statements() - before; n != 3 {
			t.Errorf("%d statements, want 3", n)
		}
		c := cards[b.Shirt.ID]
		if diff := cmp.Diff([]catalog.CardPrice{{ListID: list, Currency: "EUR", Min: 5900, Max: 6100, Available: true, Variants: 3, VariantID: b.Shirt.Variants[0].ID}}, c.Prices); diff != "" {
			t.Errorf("prices (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]catalog.Swatch{{en("Red"), "#aa0000", "colour", "red"}, {en("Blue"), "#0000aa", "colour", "blue"}}, c.Swatches); diff != "" {
			t.Errorf("swatches (-want +got):\n%s", diff)
		}
		if !cmp.Equal(c.Media, []media.Media{b.Front, b.Back}) || c.Slugs["de"] != "leinenhemd" || c.Name["de"] != "Leinenhemd" {
			t.Errorf("card %+v", c)
		}
		belt := cards[b.Related.ID]
		if len(belt.Media) != 0 || len(belt.Swatches) != 0 || !belt.Prices[0].Available || belt.Prices[0].Variants != 1 {
			t.Errorf("belt %+v: want no pictures, and to be there since it is not tracked", belt)
		}
	})
}

func TestService_Lines_tellWhatIsNotForSaleAnyMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		b := openBoutique(t, e)
		red, blue := b.Shirt.Variants[0].ID, b.Shirt.Variants[1].ID
		before := e.DB.Statements()
		lines, err := b.Lines(t.Context(), e.DB, list, []string{red, b.Related.Variants[0].ID, "var_none"})
		if err != nil {
			t.Fatal(err)
		}
		if n := e.DB.Statements() - before; n != 2 {
			t.Errorf("%d statements, want 2", n)
		}
		if len(lines) != 2 {
			t.Fatalf("%d lines, want 2", len(lines))
		}
		l := lines[red]
		want := catalog.Line{
			VariantID: red, ProductID: b.Shirt.ID, SKU: "SHIRT-R-M", Brand: "Aure", Name: b.Shirt.Name, Slugs: b.Shirt.Slugs,
			Options:    []catalog.Chosen{{en("Colour"), en("Red")}, {en("Size"), en("M")}},
			Price:      &catalog.Price{ListID: list, Currency: "EUR", Amount: 5900},
			TaxClassID: taxes, CategoryIDs: []string{b.Shirts.ID}, Tracked: true, WeightGrams: 210, ForSale: true, Stock: inventory.Stock{Tracked: true, Sellable: 3, Shelf: 3},
			Media: &media.Media{ID: b.Front.ID, Hash: b.Front.Hash, Mime: "image/jpeg", Width: 1600, Height: 2000, Bytes: 9, Colour: "#c0b0a0", Alt: en("Front")},
		}
		if diff := cmp.Diff(want, *l); diff != "" {
			t.Errorf("line (-want +got):\n%s", diff)
		}

		p := b.Shirt
		p.Variants = p.Variants[1:] // the red one is deleted
		p = b.save(t, p)
		b.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return b.SetStatus(ctx, tx, actor, []string{p.ID}, catalog.Archived, time.Time{})
		})
		lines, err = b.Lines(t.Context(), e.DB, list, []string{red, blue})
		if err != nil {
			t.Fatal(err)
		}
		if l := lines[red]; l == nil || l.ForSale || l.Name["en"] != "Linen shirt" || l.Price != nil {
			t.Errorf("deleted variant: %+v, want it told and not for sale", l)
		}
		if l := lines[blue]; l == nil || l.ForSale {
			t.Errorf("variant of an archived product: %+v, want not for sale", l)
		}
	})
}
