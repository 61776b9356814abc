package transfer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// at says what answers at an address: the id of the product that lives there,
// or "to " and where it sends the reader.
func (s *shop) at(t *testing.T, lang, address string) string {
	t.Helper()
	found, err := s.Catalog.ProductPage(t.Context(), lang, "plist_std", address)
	switch {
	case err != nil:
		return err.Error()
	case found.Page != nil:
		return found.Page.ID
	}
	return "to " + found.MovedTo
}

// Links from the old shop live on: whatever is for sale answers at the address
// that its file gives it.
func TestAddresses_productsLiveAtTheirHandles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		want := map[string]int{"shopify": 20, "woocommerce": 4, "spree": 37, "vendure": 54}
		for name, file := range realFiles() {
			sheet := openFile(t, file.platform, file.name, transfer.Options{Currency: file.currency, TempDir: t.TempDir()})
			products, _ := read(t, sheet)
			s.run(t, transfer.Request{Platform: file.platform, File: s.file(t, file.name)})
			active := 0
			for _, p := range products {
				id := s.product(t, p.Handle).ID
				if s.product(t, p.Handle).Status != catalog.Active {
					continue
				}
				active++
				if got := s.at(t, "en", p.Handle); got != id {
					t.Errorf("%s: %s answers %q, want its product", name, p.Handle, got)
				}
			}
			if active != want[name] {
				t.Errorf("%s: %d products are for sale, want %d", name, active, want[name])
			}
		}
	})
}

// A product that is here already keeps its address, and the other shop's leads
// to it; one that another product has, or had, is left to it and told.
func TestAddresses_ofProductsThatAreHere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		save := func(p catalog.Product) catalog.Product {
			t.Helper()
			p.Status, p.TaxClassID = catalog.Active, "txc_std"
			saved, err := s.Catalog.SaveNow(t.Context(), audit.System("test"), p)
			if err != nil {
				t.Fatal(err)
			}
			return saved
		}
		mug := save(catalog.Product{Handle: "m", Name: en("Blue mug"), Variants: []catalog.Variant{{SKU: "M-1"}}})
		bowl := save(catalog.Product{Handle: "b", Name: en("Bowl"), Variants: []catalog.Variant{{SKU: "B-1"}}})
		cup := save(catalog.Product{Handle: "c", Name: en("Cup"), Slugs: locale.Text{"en": "beaker"}, Variants: []catalog.Variant{{SKU: "C-1"}}})
		cup.Slugs = locale.Text{"en": "tumbler"}
		cup = save(cup)
		file := table("Handle|Title|Variant SKU|Variant Price", "mug|Blue mug|M-1|9", "bowl|New bowl|N-1|9", "beaker|New beaker|N-2|9", "tumbler|Tumbler|M-2|9", "old_name.1|New name|N-3|9")

		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})

		for address, want := range map[string]string{
			"mug": "to blue-mug", "blue-mug": mug.ID,
			"bowl": bowl.ID, "new-bowl": s.product(t, "bowl").ID,
			"beaker": "to tumbler", "tumbler": cup.ID, "new-beaker": s.product(t, "beaker").ID,
			"tumbler-2": s.product(t, "tumbler").ID, "old-name-1": s.product(t, "old_name.1").ID,
		} {
			if got := s.at(t, "en", address); got != want {
				t.Errorf("%s answers %q, want %q", address, got, want)
			}
		}
		var told []int
		for _, p := range s.problems(t, run.ID) {
			if p.Reason == "transfer.address_taken" && p.Notice {
				told = append(told, p.Row)
			}
		}
		if !slices.Equal(told, []int{3, 4, 5}) {
			t.Errorf("addresses that are taken are told at rows %v, want 3, 4 and 5", told)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'product.redirected' AND object_id = $1`, mug.ID); n != 1 {
			t.Errorf("%d entries about the mug's old address, want 1", n)
		}
		before := s.logged(t)
		if s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)}); s.logged(t) != before {
			t.Error("the same file again writes to the change log")
		}
	})
}

// Vendure has an address a language.
func TestAddresses_inLanguages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		file := table("name:en|name:de|slug:en|slug:de|sku|price", "Mug|Großer Becher|mug|becher|M-1|9")

		s.run(t, transfer.Request{Platform: transfer.Vendure, File: strings.NewReader(file)})

		id := s.product(t, "mug").ID
		if en, de := s.at(t, "en", "mug"), s.at(t, "de", "becher"); en != id || de != id {
			t.Errorf("/mug answers %q and /de/becher %q, want the mug", en, de)
		}
		var out strings.Builder
		if err := transfer.Export(&out, transfer.Vendure, strings.Split("name:en name:de slug:en slug:de sku price", " "), s.ExportOptions(t.Context()), s.Catalogue(t.Context(), "")); err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(out.String(), "\n")[1]; got != "Mug,Großer Becher,mug,becher,M-1,9.00" {
			t.Errorf("exported %s", got)
		}
	})
}
