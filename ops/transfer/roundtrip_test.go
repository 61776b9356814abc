package transfer_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// furnish fills the shop and then does to its goods what merchants do and no
// file has a word for.
func (s *shop) furnish(t *testing.T) {
	t.Helper()
	s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv"), Texts: s.file(t, "spree_product_translations.csv")})
	s.run(t, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv")})
	staff := audit.Staff("stf_1")
	s.tx(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Fields.Create(ctx, tx, staff, custom.Field{
			Owner: custom.Variant, Code: "shade", Kind: custom.Choice, Name: locale.Text{"en": "Shade"},
			Choices: []custom.Option{{Code: "dark", Name: locale.Text{"en": "Dark"}}, {Code: "light", Name: locale.Text{"en": "Light"}}},
		})
		return err
	})
	change := func(handle string, how func(p *catalog.Product)) {
		t.Helper()
		p := *s.product(t, handle)
		how(&p)
		if _, err := s.Catalog.SaveNow(t.Context(), staff, p); err != nil {
			t.Fatalf("%s: %v", handle, err)
		}
	}
	change("laptop", func(p *catalog.Product) {
		for i := range p.Variants {
			p.Variants[i].Fields = custom.Values{"shade": custom.OfCode([]string{"dark", "light"}[i%2])}
			p.Variants[i].WeightGrams = 84
		}
		p.Variants[0].Prices[0].CompareAt = p.Variants[0].Prices[0].Amount + 1
		p.Variants[3].Status = catalog.Archived
	})
	change("tablet", func(p *catalog.Product) {
		p.Variants[0].Fields = custom.Values{"shade": custom.OfCode("light")}
	})
	change("tripod", func(p *catalog.Product) { p.Status = catalog.Archived })
	change("orchid", func(p *catalog.Product) { p.Status, p.EndAt = catalog.Draft, s.Clock.Now().Add(72*time.Hour) })
	change("bonsai-tree", func(p *catalog.Product) {
		p.Status, p.PublishAt = catalog.Scheduled, s.Clock.Now().Add(48*time.Hour+7*time.Millisecond)
	})
	change("automatic-espresso-machine", func(p *catalog.Product) {
		p.Variants[0].HSCode, p.Variants[0].Origin = "851671", "IT"
		p.Slugs["de"] = "vollautomat"
	})
}

func (s *shop) exported(t *testing.T, r transfer.ExportRequest) string {
	t.Helper()
	r.Base, r.Actor = "https://shop.example", audit.Staff("stf_1")
	var out strings.Builder
	if err := s.Export(t.Context(), &out, r); err != nil {
		t.Fatalf("%s: %v", r.Platform, err)
	}
	return out.String()
}

// What the shop writes for another system, read again by the shop, changes
// nothing here: not a status, a reduction, a field or a gram for which the
// other system's columns have no word.
func TestExport_readAgainChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.furnish(t)
		goods := func() string {
			var lines []string
			for line := range strings.SplitSeq(s.exported(t, transfer.ExportRequest{Platform: transfer.Own}), "\n") {
				var p map[string]any
				if line == "" || json.Unmarshal([]byte(line), &p) != nil || p["kind"] != "product" {
					continue
				}
				delete(p, "updated_at")
				delete(p, "source")
				if fields, ok := p["fields"].(map[string]any); ok {
					delete(fields, "woocommerce_parent_sku") // made up for a file that must name a parent
					if len(fields) == 0 {
						delete(p, "fields")
					}
				}
				text, err := json.MarshalIndent(p, "", " ")
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, string(text))
			}
			return strings.Join(lines, "\n")
		}
		before := goods()
		for _, platform := range transfer.Platforms() {
			run := s.run(t, transfer.Request{Platform: platform, File: strings.NewReader(s.exported(t, transfer.ExportRequest{Platform: platform}))})

			if run.Created+run.Refused != 0 {
				t.Errorf("%s: %+v, problems %v", platform, run.Counts, s.problems(t, run.ID))
			}
			if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(goods(), "\n")); diff != "" {
				t.Errorf("%s changes (-before +after):\n%s", platform, diff)
			}
		}
	})
}

// The texts of further languages go in and come out again, cell by cell.
func TestExport_translationsComeBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv"), Texts: s.file(t, "spree_product_translations.csv")})
		opt := s.ExportOptions(t.Context())
		opt.TempDir = t.TempDir()
		before := openFile(t, transfer.Spree, "spree_product_translations.csv", opt)
		after := open(t, transfer.Spree, s.exported(t, transfer.ExportRequest{Platform: transfer.Spree, Kind: transfer.Translations}), opt)

		got, err := transfer.Compare(t.Context(), before, after)

		if err != nil || got.Products != 37 || len(got.Missing) != 0 || after.Rows != 74 {
			t.Errorf("%d products in %d rows, missing %v, %v", got.Products, after.Rows, got.Missing, err)
		}
		for _, d := range got.Losses() {
			t.Errorf("lost: %s", d)
		}
	})
}

// What shoppers cannot see does not show in the other shop because its files
// have no word for it.
func TestExport_whatIsNotForSaleIsNotOffered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.furnish(t)
		want := map[transfer.Platform]map[string]transfer.Status{
			transfer.Shopify:     {"tripod": transfer.Archived, "orchid": transfer.Draft, "bonsai-tree": transfer.Draft, "tablet": transfer.Active},
			transfer.WooCommerce: {"tripod": transfer.Draft, "orchid": transfer.Draft, "bonsai-tree": transfer.Draft, "tablet": transfer.Active},
			transfer.Spree:       {"tripod": transfer.Archived, "orchid": transfer.Draft, "bonsai-tree": transfer.Active, "tablet": transfer.Active},
			transfer.Vendure:     {"tablet": transfer.Unsaid},
		}
		for _, platform := range transfer.Platforms() {
			opt := s.ExportOptions(t.Context())
			opt.TempDir = t.TempDir()
			products, _ := read(t, open(t, platform, s.exported(t, transfer.ExportRequest{Platform: platform}), opt))
			got := make(map[string]transfer.Status)
			for _, p := range products {
				if slices.Contains([]string{"tripod", "orchid", "bonsai-tree", "tablet"}, p.Handle) {
					got[p.Handle] = p.Status
				}
				if p.Handle == "bonsai-tree" && platform == transfer.Spree && !p.PublishAt.After(s.Clock.Now()) {
					t.Errorf("spree: the bonsai shows from %s on", p.PublishAt)
				}
				if p.Handle == "laptop" && platform != transfer.WooCommerce && len(p.Variants) != 3 {
					t.Errorf("%s: %d laptops are offered, want the 3 that are for sale", platform, len(p.Variants))
				}
			}
			if diff := cmp.Diff(want[platform], got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", platform, diff)
			}
		}
	})
}

func TestExport_ownFormatTellsEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.furnish(t)

		text := s.exported(t, transfer.ExportRequest{Platform: transfer.Own})

		kinds := make(map[string]int64)
		var espresso struct {
			Status   catalog.Status           `json:"status"`
			Name     locale.Text              `json:"name"`
			Slugs    locale.Text              `json:"slugs"`
			TaxClass string                   `json:"tax_class"`
			Options  []struct{ Values []any } `json:"options"`
			Variants []struct {
				SKU    string `json:"sku"`
				HSCode string `json:"hs_code"`
				Origin string `json:"origin"`
				Weight int64  `json:"weight_grams"`
				Prices []struct {
					List     string      `json:"list"`
					Currency string      `json:"currency"`
					Amount   money.Minor `json:"amount"`
				} `json:"prices"`
				Stock []struct {
					Location string `json:"location"`
					OnHand   int64  `json:"on_hand"`
				} `json:"stock"`
			} `json:"variants"`
		}
		for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
			var head struct{ Kind, Handle string }
			if err := json.Unmarshal([]byte(line), &head); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			kinds[head.Kind]++
			if head.Handle == "automatic-espresso-machine" {
				if err := json.Unmarshal([]byte(line), &espresso); err != nil {
					t.Fatal(err)
				}
			}
		}
		count := func(table string) int64 { return s.Int(t, `SELECT COUNT(*) FROM `+table) }
		want := map[string]int64{
			"stoa": 1, "price_list": count("price_list"), "tax_class": count("tax_class"), "location": count("location"),
			"field": count("field"), "category": count("category"), "product": 91,
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		if !strings.HasPrefix(text, `{"kind":"stoa","version":1,`) {
			t.Errorf("the first line is %.60s", text)
		}
		if espresso.Name["de"] != "Kaffeevollautomat" || espresso.Slugs["de"] != "vollautomat" || espresso.Status != catalog.Active || espresso.TaxClass != "standard" || len(espresso.Variants) != 3 || len(espresso.Options) != 1 {
			t.Fatalf("espresso machine %+v", espresso)
		}
		v := espresso.Variants[0]
		if v.HSCode != "851671" || v.Origin != "IT" || v.Weight != 8981 || len(v.Prices) != 2 || v.Prices[0].Amount+v.Prices[1].Amount != 87999+81999 || len(v.Stock) != 1 || v.Stock[0].OnHand != 5000 {
			t.Errorf("variant %+v", v)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'export.written' AND actor_id = 'stf_1'`); n != 1 {
			t.Errorf("%d entries of the export, want 1", n)
		}
	})
}

func TestExport_refusesFilesThatNobodyHas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.keepPeople(t)
		for _, r := range []transfer.ExportRequest{{Platform: transfer.Vendure, Kind: transfer.Customers}, {Platform: transfer.Shopify, Kind: transfer.Translations}, {Platform: transfer.Own, Kind: transfer.Customers}, {Platform: "magento"}} {
			var out strings.Builder
			if err := s.Export(t.Context(), &out, r); fault.Reason(err) != "transfer.unknown_platform" || out.Len() != 0 || s.logged(t) != 0 {
				t.Errorf("%+v: %v, %d bytes", r, err, out.Len())
			}
		}
	})
}

// A column of a file comes back under its header also where it speaks of the
// product in one row and of variants in others. What a merchant says of the
// variant in the first row stands beside it, and is read again as that.
func TestExport_aColumnThatProductsAndVariantsShare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(table(
			"Handle|Title|Option1 Name|Option1 Value|Variant SKU|Variant Price|Shelf / Room",
			"mug|Mug|Size|S|mug-s|9|north",
			"mug|||M|mug-m|9|south",
		))})
		shelves := func(header string) []string {
			rows, err := csv.NewReader(strings.NewReader(s.exported(t, transfer.ExportRequest{Platform: transfer.Shopify}))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			at := slices.Index(rows[0], header)
			if at < 0 {
				return nil
			}
			return []string{rows[1][at], rows[2][at]}
		}
		if got := shelves("Shelf / Room"); !slices.Equal(got, []string{"north", "south"}) || shelves("variant:shelf_room") != nil {
			t.Errorf("the column holds %q, beside it %q", got, shelves("variant:shelf_room"))
		}

		p := *s.product(t, "mug")
		p.Variants[0].Fields = custom.Values{"shelf_room": custom.OfWords("cellar")}
		if _, err := s.Catalog.SaveNow(t.Context(), audit.Staff("stf_1"), p); err != nil {
			t.Fatal(err)
		}

		if got, beside := shelves("Shelf / Room"), shelves("variant:shelf_room"); !slices.Equal(got, []string{"north", "south"}) || !slices.Equal(beside, []string{"cellar", ""}) {
			t.Errorf("the column holds %q, beside it %q", got, beside)
		}
		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(s.exported(t, transfer.ExportRequest{Platform: transfer.Shopify}))})
		if run.Created+run.Updated+run.Refused != 0 {
			t.Errorf("read again: %+v, %v", run.Counts, s.problems(t, run.ID))
		}
	})
}

// A trial remembers no header, and the newer of two files says what a column
// is called.
func TestExport_headersAreThoseOfTheLastFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		header := func() string {
			first, _, _ := strings.Cut(s.exported(t, transfer.ExportRequest{Platform: transfer.Spree}), "\n")
			return "," + first + ","
		}
		file := func(field string) *strings.Reader {
			return strings.NewReader(table("slug|sku|name|price|"+field, "mug|mug|Mug|9|blue"))
		}
		for _, tt := range []struct {
			field string
			dry   bool
			want  string
		}{
			{"custom_field.custom.glaze", true, ""},
			{"custom_field.custom.glaze", false, "custom_field.custom.glaze"},
			{"metafield.custom.glaze", false, "metafield.custom.glaze"},
		} {
			s.run(t, transfer.Request{Platform: transfer.Spree, File: file(tt.field), DryRun: tt.dry})
			got := header()
			if n := strings.Count(got, "glaze"); tt.want == "" && n != 0 || tt.want != "" && (n != 1 || !strings.Contains(got, ","+tt.want+",")) {
				t.Errorf("after %s (trial %t): %s", tt.field, tt.dry, got)
			}
		}
	})
}
