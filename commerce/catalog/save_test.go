package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// shirt has two options and a sparse matrix: no large in red.
func shirt() catalog.Product {
	return catalog.Product{
		Handle: "linen-shirt", Status: catalog.Active, Brand: "Aure", TaxClassID: taxes,
		Name: locale.Text{"en": "Linen shirt", "de": "Leinenhemd"},
		Tags: []string{"summer", "linen"},
		Options: []catalog.Option{
			{Name: en("Colour"), Values: []catalog.OptionValue{{Name: en("Red"), Colour: "#AA0000"}, {Name: en("Blue"), Colour: "#0000aa"}}},
			{Name: en("Size"), Values: []catalog.OptionValue{{Name: en("M")}, {Name: en("L")}}},
		},
		Variants: []catalog.Variant{
			{SKU: "SHIRT-R-M", Values: []string{"red", "m"}, Prices: eur(5900), Tracked: true, WeightGrams: 210},
			{SKU: "SHIRT-B-M", Values: []string{"blue", "m"}, Prices: eur(5900), Tracked: true, WeightGrams: 210},
			{SKU: "SHIRT-B-L", Values: []string{"blue", "l"}, Prices: []catalog.Price{{ListID: list, Amount: 6100, CompareAt: 6900}}, Tracked: true, WeightGrams: 230},
		},
	}
}

func TestService_Save_readsBackWhatWasSaved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		saved := s.save(t, shirt())
		got := s.get(t, saved.ID)
		if diff := cmp.Diff(saved, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read differs from saved (-saved +read):\n%s", diff)
		}
		if want := (locale.Text{"en": "linen-shirt", "de": "leinenhemd"}); !cmp.Equal(got.Slugs, want) {
			t.Errorf("slugs %v, want %v", got.Slugs, want)
		}
		if v := got.Variants[2]; v.Prices[0] != (catalog.Price{ListID: list, Currency: "EUR", Amount: 6100, CompareAt: 6900}) {
			t.Errorf("price %v", v.Prices)
		}
		entries := s.count(t, `SELECT COUNT(*) FROM change_log`)
		again := s.save(t, got)
		if again.Version != 1 || s.count(t, `SELECT COUNT(*) FROM change_log`) != entries {
			t.Errorf("saving what was read made version %d and a change", again.Version)
		}
	})
}
