package transfer_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// Every real file goes in whole; a second run changes nothing; what comes out
// again is what went in, cell by cell, but for the documented normalisations.
func TestRun_realFilesGoInAndComeOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		for _, name := range slices.Sorted(maps.Keys(realFiles())) {
			file := realFiles()[name]
			first := s.run(t, transfer.Request{Platform: file.platform, File: s.file(t, file.name), FileName: file.name})
			for _, p := range s.problems(t, first.ID) {
				if !p.Notice {
					t.Errorf("%s: %+v", name, p)
				}
			}
			if first.Refused != 0 || first.Created != first.Total-int64(related(name)) {
				t.Errorf("%s: %+v of %d, want all created", name, first.Counts, first.Total)
			}

			// Nothing is different the second time, neither here nor in the log.
			state, logged := s.state(t), s.logged(t)
			again := s.run(t, transfer.Request{Platform: file.platform, File: s.file(t, file.name), FileName: file.name, Again: true})
			if again.ID == first.ID || again.Unchanged != first.Created || again.Created+again.Updated+again.Refused != 0 {
				t.Errorf("%s again: %+v, want all unchanged", name, again.Counts)
			}
			// Not even when the products' fingerprints are lost.
			s.tx(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE import_product SET hash = '' WHERE source >= $1 AND source < $2`, string(file.platform)+":", string(file.platform)+";")
				return err
			})
			third := s.run(t, transfer.Request{Platform: file.platform, File: s.file(t, file.name), FileName: file.name, Again: true})
			if third.Unchanged != first.Created {
				t.Errorf("%s without fingerprints: %+v, want all unchanged", name, third.Counts)
			}
			if diff := cmp.Diff(strings.Split(state, "\n"), strings.Split(s.state(t), "\n")); diff != "" {
				t.Errorf("%s: the second run changes (-first +second):\n%s", name, diff)
			}
			if n := s.logged(t); n != logged {
				t.Errorf("%s: the second run logs %d changes", name, n-logged)
			}

			text, err := io.ReadAll(s.file(t, file.name))
			if err != nil {
				t.Fatal(err)
			}
			s.comesBack(t, name, file.platform, string(text), transfer.Mapped, transfer.Kept, transfer.Dropped)
		}
	})
}

func related(name string) int { return map[string]int{"woocommerce": 2}[name] }

// comesBack exports the shop as the command does and compares with the file:
// every header, and every cell of the columns that became what uses say.
func (s *shop) comesBack(t *testing.T, name string, platform transfer.Platform, source string, uses ...transfer.Use) {
	t.Helper()
	opt := s.ExportOptions(t.Context())
	opt.TempDir = t.TempDir()
	before := open(t, platform, source, opt)
	text := s.exported(t, transfer.ExportRequest{Platform: platform, Kind: before.Kind})
	header, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		t.Fatal(err)
	}
	looked := make(map[string]bool)
	for _, c := range before.Columns() {
		looked[c.Name] = slices.Contains(uses, c.Use)
		if !slices.Contains(header, c.Name) {
			t.Errorf("%s: the export has no column %q", name, c.Name)
		}
	}
	once := make(map[string]bool)
	for _, h := range header {
		if once[strings.ToLower(h)] {
			t.Errorf("%s: the export has column %q twice", name, h)
		}
		once[strings.ToLower(h)] = true
	}
	after := open(t, platform, text, opt)
	got, err := transfer.Compare(t.Context(), before, after)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Missing) > 0 || got.Products != before.Len() {
		t.Errorf("%s: missing %v", name, got.Missing)
	}
	for _, d := range got.Losses() {
		if looked[d.Column] {
			t.Errorf("%s: lost: %s", name, d)
		}
	}
}

func TestRun_whatAProductBecomes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv"), Texts: s.file(t, "spree_product_translations.csv")})
		s.run(t, transfer.Request{Platform: transfer.WooCommerce, File: s.file(t, "woocommerce_products.csv")})
		s.run(t, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv")})

		p := s.product(t, "automatic-espresso-machine")
		if p.Name["de"] != "Kaffeevollautomat" || p.Name["fr"] != "Machine Espresso Automatique" || p.Status != catalog.Active || p.TaxClassID != "txc_std" {
			t.Errorf("product %+v", p)
		}
		if got := p.Fields["custom_wattage"].Text[""]; got != "1400W" {
			t.Errorf("wattage %q", got)
		}
		if got := p.Fields["product_type"].Code; got != "kitchen-appliance" {
			t.Errorf("type %q", got)
		}
		v := p.Variants[0]
		usd, _ := v.Price("plist_usd")
		eur, _ := v.Price("plist_std")
		if usd.Amount != 87999 || eur.Amount != 81999 || v.WeightGrams != 8981 || !v.Tracked || s.onHand(t, v.ID) != 5000 {
			t.Errorf("variant %+v, on hand %d", v, s.onHand(t, v.ID))
		}
		tree, err := s.Catalog.Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if path := tree.Path(p.CategoryID); len(path) != 2 || path[0].Name["en"] != "Kitchen" || path[1].Name["en"] != "Coffee Machines" {
			t.Errorf("category %v", path)
		}

		apron := s.product(t, "linen-apron")
		var got []string
		for _, v := range apron.Variants {
			price, _ := v.Price("plist_std")
			got = append(got, strings.Join([]string{v.SKU, string(v.Status), strings.Join(v.Values, "+"), price.Amount.Decimal("EUR"), price.CompareAt.Decimal("EUR")}, " "))
		}
		want := []string{"APR-BLUE-M active blue+m 32.00 0.00", "APR-BLUE-L active blue+l 34.00 0.00", "APR-SAND-M active sand+m 24.00 32.00", "APR-SAND-L archived sand+l 34.00 0.00"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("apron (-want +got):\n%s", diff)
		}
		if n := s.Int(t, `SELECT backorder_limit FROM stock_level WHERE variant_id = $1`, apron.Variants[1].ID); n == 0 {
			t.Error("the large blue apron may be ordered without stock")
		}
		kettle := s.product(t, "stovetop-kettle")
		if kettle.Subtitle["en"] != "A kettle that whistles." || !strings.HasPrefix(kettle.Description["en"], "## Made to be heard\n\nBrushed steel") || kettle.Brand != "Hearth & Hob" {
			t.Errorf("kettle %q, %q", kettle.Subtitle, kettle.Description)
		}
		if set, box := s.product(t, "tea-for-two"), s.product(t, "20-c-freezer-box"); !slices.Equal(set.Related, []string{kettle.ID, box.ID}) || set.Status != catalog.Draft {
			t.Errorf("set %s points to %v, want the kettle and the box", set.Status, set.Related)
		}
		if board := s.product(t, "oak-chopping-board"); board.TaxClassID != "txc_red" || len(board.Variants) != 3 {
			t.Errorf("board %+v", board)
		}
		// The kettle's sale begins the day after the test.
		if price, _ := kettle.Variants[0].Price("plist_std"); price.Amount != 4900 || price.CompareAt != 0 {
			t.Errorf("the kettle costs %+v", price)
		}
	})
}

// Killed between any two steps and started again, an import ends as one that
// was never disturbed, with nothing done twice.
func TestRun_goesOnWhereItStood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		whole := newShop(t, e, nil)
		ref := whole.run(t, transfer.Request{Platform: transfer.WooCommerce, File: whole.file(t, "woocommerce_products.csv")})
		state := whole.state(t)

		other := dbtest.New(t, e.DB.Engine())
		s := newShop(t, other, nil)
		s.SetBatch(1, 0)
		starts := 0
		for {
			ctx, kill := context.WithCancel(t.Context())
			run, err := s.Run(ctx, transfer.Request{Platform: transfer.WooCommerce, File: s.file(t, "woocommerce_products.csv"), Progress: func(transfer.Run) { kill() }})
			kill()
			starts++
			if err == nil {
				if run.State != transfer.Done {
					t.Fatalf("state %s", run.State)
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			now, err := s.Get(t.Context(), run.ID)
			if err != nil || now.Done != int64(starts) || now.State != transfer.Running {
				t.Fatalf("after %d kills the run is %s at %d, %v", starts, now.State, now.Done, err)
			}
			if n := s.Int(t, `SELECT COUNT(*) FROM product`); n > int64(starts) {
				t.Fatalf("%d products after %d steps", n, starts)
			}
		}
		if starts < int(ref.Total) {
			t.Errorf("only %d starts for %d steps", starts, ref.Total)
		}
		if diff := cmp.Diff(state, s.state(t)); diff != "" {
			t.Errorf("final state (-undisturbed +killed):\n%s", diff)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM import_run`); n != 1 {
			t.Errorf("%d runs, want the one", n)
		}
		runs, err := s.List(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ref.Counts, runs[0].Counts); diff != "" {
			t.Errorf("counts (-undisturbed +killed):\n%s", diff)
		}
		if diff := cmp.Diff(whole.problems(t, ref.ID), s.problems(t, runs[0].ID)); diff != "" {
			t.Errorf("problems (-undisturbed +killed):\n%s", diff)
		}
	})
}

// At no moment does anybody see a product with fewer variants, prices or stock
// than its file has.
func TestRun_noProductIsEverHalfVisible(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		half := `SELECT COUNT(*) FROM product p WHERE p.status = 'active' AND (
			NOT EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id)
			OR EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id AND NOT EXISTS (SELECT 1 FROM price r WHERE r.variant_id = v.id AND r.list_id = 'plist_std'))
			OR EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id AND NOT EXISTS (SELECT 1 FROM stock_level l WHERE l.variant_id = v.id))
			OR NOT EXISTS (SELECT 1 FROM product_category c WHERE c.product_id = p.id)
			OR NOT EXISTS (SELECT 1 FROM import_product i WHERE i.product_id = p.id))`
		stop, watched := make(chan struct{}), make(chan int64)
		go func() {
			var seen int64
			for {
				select {
				case <-stop:
					watched <- seen
					return
				default:
				}
				var n int64
				if err := s.DB.QueryRow(context.Background(), half).Scan(&n); err == nil && n > 0 {
					seen += n
				}
			}
		}()
		s.run(t, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv")})
		close(stop)
		if n := <-watched; n > 0 {
			t.Errorf("half a product was seen %d times", n)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM product WHERE status = 'active'`); n != 54 {
			t.Errorf("%d products, want 54", n)
		}
	})
}

func TestRun_dryRunWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		state := s.state(t)
		file := "Handle,Title,Variant Price,Variant SKU,Type\na,A,1,A1,Cups\nb,B,x,B1,Cups\nc,C,3,A1,Cups\n"

		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), DryRun: true})

		if run.Created != 1 || run.Refused != 2 || run.Total != 3 || !run.DryRun {
			t.Errorf("counts %+v, want 1 created and 2 refused", run.Counts)
		}
		if s.state(t) != state {
			t.Error("a dry run changed the shop")
		}
		var reasons []string
		for _, p := range s.problems(t, run.ID) {
			reasons = append(reasons, p.Reason)
		}
		if want := []string{"transfer.not_an_amount", "transfer.sku_taken"}; !slices.Equal(reasons, want) {
			t.Errorf("problems %v, want %v", reasons, want)
		}
		if len(run.Report.Columns) != 5 || run.Report.Kind != transfer.Products || run.Report.Rows != 3 {
			t.Errorf("report %+v", run.Report)
		}
	})
}

// What the shop already has is recognised by source, handle or SKU.
func TestRun_upserts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		byHandle, err := s.Catalog.SaveNow(t.Context(), audit.System("test"), catalog.Product{
			Handle: "mug", Status: catalog.Active, Name: en("Old mug"), Description: en("Old text"), TaxClassID: "txc_red", Brand: "Smith",
			Tags: []string{"kept"}, Variants: []catalog.Variant{{SKU: "M-1", HSCode: "6912 00", Prices: []catalog.Price{{ListID: "plist_std", Amount: 500}, {ListID: "plist_usd", Amount: 600}}}, {SKU: "M-0", Status: catalog.Archived}},
		})
		if err != nil {
			t.Fatal(err)
		}
		bySKU, err := s.Catalog.SaveNow(t.Context(), audit.System("test"), catalog.Product{Handle: "other-name", Name: en("Bowl"), TaxClassID: "txc_std", Variants: []catalog.Variant{{SKU: "B-1"}}})
		if err != nil {
			t.Fatal(err)
		}
		file := "Handle,Title,Variant Price,Variant SKU,Tags,Variant Inventory Tracker,Variant Inventory Qty\nmug,Mug,9,M-1,,shopify,4\nbowl,Big bowl,12,b-1,x,shopify,0\ncup,Cup,3,C-1,,,\n"

		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})

		if run.Created != 1 || run.Updated != 2 || run.Refused != 0 {
			t.Errorf("counts %+v, want 1 created, 2 updated", run.Counts)
		}
		mug, err := s.Catalog.Get(t.Context(), s.DB, byHandle.ID)
		if err != nil {
			t.Fatal(err)
		}
		eur, _ := mug.Variants[0].Price("plist_std")
		usd, _ := mug.Variants[0].Price("plist_usd")
		if mug.Name["en"] != "Mug" || mug.Description["en"] != "Old text" || mug.Brand != "Smith" || !slices.Equal(mug.Tags, []string{"kept"}) ||
			mug.Variants[0].ID != byHandle.Variants[0].ID || mug.Variants[0].HSCode != "6912 00" || eur.Amount != 900 || usd.Amount != 600 || s.onHand(t, mug.Variants[0].ID) != 4 {
			t.Errorf("mug %+v", mug)
		}
		bowl, err := s.Catalog.Get(t.Context(), s.DB, bySKU.ID)
		if err != nil || bowl.Name["en"] != "Big bowl" || bowl.Handle != "other-name" || bowl.Variants[0].ID != bySKU.Variants[0].ID {
			t.Errorf("bowl %+v, %v", bowl, err)
		}

		// The merchant archives the mug and sells one; the file says nothing new.
		mug.Status = catalog.Archived
		if _, err := s.Catalog.SaveNow(t.Context(), audit.System("test"), mug); err != nil {
			t.Fatal(err)
		}
		s.Exec(t, `UPDATE stock_level SET on_hand = 3 WHERE variant_id = '`+mug.Variants[0].ID+`'`)
		file = strings.Replace(file, "Mug,9", "Mug,10", 1)
		run = s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})
		mug = *s.product(t, "mug")
		eur, _ = mug.Variants[0].Price("plist_std")
		if run.Updated != 1 || run.Unchanged != 2 || mug.Status != catalog.Archived || eur.Amount != 1000 || s.onHand(t, mug.Variants[0].ID) != 3 {
			t.Errorf("counts %+v, mug %s at %v with %d on hand", run.Counts, mug.Status, eur.Amount, s.onHand(t, mug.Variants[0].ID))
		}
		// A new number in the file counts.
		file = strings.Replace(file, "shopify,4", "shopify,20", 1)
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})
		if n := s.onHand(t, mug.Variants[0].ID); n != 20 {
			t.Errorf("%d on hand, want 20", n)
		}
	})
}

// Variants that a file no longer has are archived, not deleted (B20).
func TestB20_variantsThatAreGoneFromTheFileAreArchived(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		file := "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant SKU\na,A,Size,S,1,A-S\na,,,M,2,A-M\n"
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})
		was := s.product(t, "a")
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(file, "a,,,M,2,A-M", "a,,,L,3,A-L"), "Size,S", "Size,Small"))})
		p := s.product(t, "a")
		got := make(map[string]string)
		for _, v := range p.Variants {
			got[v.SKU] = string(v.Status)
		}
		if diff := cmp.Diff(map[string]string{"A-S": "active", "A-L": "active", "A-M": "archived"}, got); diff != "" {
			t.Errorf("variants (-want +got):\n%s", diff)
		}
		if p.Options[0].ID != was.Options[0].ID || p.Variants[0].ID != was.Variants[0].ID {
			t.Error("the option or the variant is another one than before")
		}
	})
}

// What the catalogue refuses becomes a problem of the product, and the others
// go on.
func TestRun_theCataloguesRefusalsAreProblems(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		for _, p := range []catalog.Product{
			{Handle: "x", Name: en("X"), TaxClassID: "txc_std", Variants: []catalog.Variant{{SKU: "X-1"}}},
			{Handle: "y", Name: en("Y"), TaxClassID: "txc_std", Variants: []catalog.Variant{{SKU: "Y-1"}}},
		} {
			if _, err := s.Catalog.SaveNow(t.Context(), audit.System("test"), p); err != nil {
				t.Fatal(err)
			}
		}
		file := "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant SKU,Tags,Type\n" +
			"a,A,,,1,A-1," + strings.Repeat("t", 61) + ",Lamps\n" +
			"b,B,Size,S,1,B-1,,\nb,,,M,1," + strings.Repeat("S", 101) + ",,\n" +
			"c,C,Size,S,1,X-1,,\nc,,,M,1,Y-1,,\n" +
			"x,X,Size,S,1,X-1,,\nx,,,M,1,Y-1,,\n" +
			"d,D,,,1,D-1,,\n"

		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})

		if run.Created != 1 || run.Refused != 4 || run.Updated != 0 {
			t.Errorf("counts %+v", run.Counts)
		}
		type brief struct {
			row             int
			product, reason string
		}
		var got []brief
		for _, p := range s.problems(t, run.ID) {
			got = append(got, brief{p.Row, p.Product, p.Reason})
		}
		want := []brief{{2, "a", "form.too_long"}, {4, "b", "form.too_long"}, {5, "c", "transfer.skus_of_several_products"}, {7, "x", "transfer.sku_taken"}, {8, "x", "transfer.sku_taken"}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(brief{})); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM category`); n != 0 {
			t.Errorf("%d categories are left of refused products", n)
		}
	})
}

func TestRun_translationsAreLaidOverProductsThatAreThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv")})
		run := s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_product_translations.csv")})
		if run.Updated != 37 || run.Created+run.Refused+run.Unchanged != 0 || run.Report.Kind != transfer.Translations {
			t.Errorf("counts %+v", run.Counts)
		}
		if p := s.product(t, "steam-iron"); p.Name["en"] == "" || p.Name["de"] == "" || len(p.Variants) != 2 {
			t.Errorf("iron %+v", p)
		}
		if run := s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv"), Again: true}); run.Unchanged != 37 {
			t.Errorf("products again: %+v", run.Counts)
		}
		if run := s.run(t, transfer.Request{Platform: transfer.Spree, File: strings.NewReader("slug,locale,name\nnobody,de,Niemand\n")}); run.Refused != 1 || s.problems(t, run.ID)[0].Reason != "transfer.product_unknown" {
			t.Errorf("counts %+v", run.Counts)
		}
	})
}

func TestRun_aDeletedProductIsMadeAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		file := "Handle,Title,Variant Price,Variant SKU\na,A,1,A-1\n"
		s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file)})
		was := s.product(t, "a")
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return s.Catalog.Delete(ctx, tx, audit.System("test"), was.ID, false)
		})
		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), Again: true})
		if now := s.product(t, "a"); run.Created != 1 || now.ID == was.ID {
			t.Errorf("counts %+v, product %s, was %s", run.Counts, now.ID, was.ID)
		}
	})
}

func TestRun_saysOnceWhatConcernsTheWholeFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		file := "slug,sku,name,price,currency,tax_category,image1_src\na,A,A,1,GBP,Books,https://pics.example/a.png\nb,B,B,1,GBP,Books,\n"
		run := s.run(t, transfer.Request{Platform: transfer.Spree, File: strings.NewReader(file)})
		var got []string
		for _, p := range s.problems(t, run.ID) {
			got = append(got, p.Reason)
			if p.Row != 0 || !p.Notice {
				t.Errorf("problem %+v", p)
			}
		}
		if want := []string{"transfer.no_tax_class", "transfer.no_price_list", "transfer.pictures_not_fetched"}; !slices.Equal(got, want) {
			t.Errorf("problems %v, want %v", got, want)
		}
		left := make(map[string]string)
		for _, c := range run.Report.Columns {
			if c.Use == transfer.Dropped {
				left[c.Name] = c.Reason
			}
		}
		if diff := cmp.Diff(map[string]string{"price": "transfer.column_unpriced", "currency": "transfer.column_unpriced", "image1_src": "transfer.column_unpictured"}, left); diff != "" {
			t.Errorf("columns that are left out (-want +got):\n%s", diff)
		}
		for p, err := range s.Catalogue(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if price, ok := p.Variants[0].Price("GBP"); !ok || price.Amount != money.Minor(100) || p.TaxClass != "Books" {
				t.Errorf("%s comes back with %+v, %q", p.Handle, p.Variants[0].Prices, p.TaxClass)
			}
		}
	})
}

func TestRun_aFileThatCannotBeUsedFailsItsRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		run, err := s.Run(t.Context(), transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_customers.csv")})
		if fault.Reason(err) != "transfer.no_customers" || run.State != transfer.Failed || run.Report.Failure != "transfer.no_customers" {
			t.Errorf("Run = %s, %v", run.State, err)
		}
		run, err = s.Run(t.Context(), transfer.Request{Platform: transfer.Spree, File: strings.NewReader("a,b\n1,2\n")})
		if fault.Reason(err) != "transfer.columns_missing" || run.State != transfer.Failed {
			t.Errorf("Run = %s, %v", run.State, err)
		}
	})
}

func TestRun_aShopWithoutAMarketRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.Exec(t, `DELETE FROM market`)
		s.reload(t)
		run, err := s.Run(t.Context(), transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv")})
		if fault.Reason(err) != "transfer.shop_not_set_up" || run.ID != "" || s.Int(t, `SELECT COUNT(*) FROM import_run`) != 0 {
			t.Errorf("Run = %+v, %v", run, err)
		}
	})
}

// Steps share transactions, and no transaction takes another step when its time
// is up.
func TestRun_stepsShareATransactionForAMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		for name, tt := range map[string]struct {
			patience time.Duration
			commits  int
		}{
			"time enough": {time.Hour, 4},
			"time is up":  {0, 54},
		} {
			s := newShop(t, dbtest.New(t, e.DB.Engine()), nil)
			s.SetBatch(16, tt.patience)
			seen := make(map[*db.Tx]bool)
			s.Stock.Changed.Add("test", func(_ context.Context, c inventory.Changed) error {
				seen[c.Tx] = true
				return nil
			})
			var done []int64
			run := s.run(t, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv"), Progress: func(r transfer.Run) { done = append(done, r.Done) }})
			if want := []int64{16, 32, 48, 54}; run.Created != 54 || !slices.Equal(done, want) {
				t.Errorf("%s: %+v, progress at %v, want %v", name, run.Counts, done, want)
			}
			if len(seen) != tt.commits {
				t.Errorf("%s: %d transactions, want %d", name, len(seen), tt.commits)
			}
		}
	})
}

// A product that is refused takes nothing with it of those that share its
// transaction, and leaves nothing of its own.
func TestRun_aBadProductInABatchFailsAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.SetBatch(16, time.Hour)
		file := "Handle,Title,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status\n" +
			"ash,Ash,,Size,Small,A,shopify,3,1.00,active\n" +
			"birch,Birch,,Size,Small,B,shopify,4,2.00,active\n" +
			"bad,Bad," + strings.Repeat("t", 61) + ",Size,Small,X,shopify,5,3.00,active\n" +
			"cedar,Cedar,,Size,Small,C,shopify,7,4.00,active\n"
		var done []int64
		run := s.run(t, transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), Progress: func(r transfer.Run) { done = append(done, r.Done) }})

		if run.Created != 3 || run.Refused != 1 || run.Variants != 3 || !slices.Equal(done, []int64{4}) {
			t.Errorf("counts %+v, progress at %v", run.Counts, done)
		}
		problems := s.problems(t, run.ID)
		if len(problems) != 1 || problems[0].Reason != "form.too_long" || problems[0].Row != 4 {
			t.Errorf("problems %v", problems)
		}
		for _, tt := range []struct {
			query string
			want  int64
		}{
			{`SELECT COUNT(*) FROM product`, 3},
			{`SELECT COUNT(*) FROM stock_movement`, 3},
			{`SELECT CAST(SUM(on_hand) AS BIGINT) FROM stock_level`, 14},
			{`SELECT COUNT(*) FROM change_log WHERE object_kind = 'product'`, 3},
			{`SELECT COUNT(*) FROM import_product`, 3},
		} {
			if n := s.Int(t, tt.query); n != tt.want {
				t.Errorf("%s = %d, want %d", tt.query, n, tt.want)
			}
		}
	})
}

// Killed at any moment, also in the middle of a transaction, and started again
// until it is through: counts, ledger and shop are those of one calm run.
func TestRun_killedAtAnyMomentDoesNothingTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		whole := newShop(t, e, nil)
		ref := whole.run(t, transfer.Request{Platform: transfer.Vendure, File: whole.file(t, "vendure_products.csv")})

		other := dbtest.New(t, e.DB.Engine())
		s := newShop(t, other, nil)
		var run transfer.Run
		kills := 0
		for n := 0; run.State != transfer.Done; n++ {
			patience := time.Duration(1+n%20) * time.Duration(1+n/20) * 1237 * time.Microsecond
			ctx, stop := context.WithTimeout(t.Context(), patience)
			got, err := s.Run(ctx, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv")})
			stop()
			if err == nil {
				run = got
			} else if kills++; ctx.Err() == nil {
				t.Fatal(err)
			}
		}
		t.Logf("killed %d times", kills)
		if diff := cmp.Diff(ref.Counts, run.Counts); diff != "" {
			t.Errorf("counts (-calm +killed):\n%s", diff)
		}
		if diff := cmp.Diff(strings.Split(whole.state(t), "\n"), strings.Split(s.state(t), "\n")); diff != "" {
			t.Errorf("shop (-calm +killed):\n%s", diff)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM import_run`); n != 1 {
			t.Errorf("%d runs, want the one", n)
		}
	})
}

// A category that somebody else has made since the tree was read is not made
// once more.
func TestRun_makesNoCategoryTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		if _, err := s.Catalog.Tree(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.Exec(t, `INSERT INTO category (id, parent_id, position, status, name, description, seo_title, seo_description, fields, created_at, updated_at, version)
			VALUES ('cat_top', NULL, 0, 'active', '{"en":"Clothes"}', '{}', '{}', '{}', '{}', 0, 0, 1), ('cat_sub', 'cat_top', 0, 'active', '{"en":"Shirts"}', '{}', '{}', '{}', '{}', 0, 0, 1)`)
		run := s.run(t, transfer.Request{Platform: transfer.WooCommerce, File: strings.NewReader("Type,SKU,Name,Published,Regular price,Categories\n" +
			"simple,A-1,Linen shirt,1,10,Clothes > Shirts\n" +
			"simple,A-2,Socks,1,5,Clothes > Socks\n")})
		if run.Created != 2 {
			t.Fatalf("created %d", run.Created)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM category`); n != 3 {
			t.Errorf("%d categories, want the two there were and Socks", n)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM product_category WHERE category_id = 'cat_sub'`); n != 1 {
			t.Errorf("%d products in the category there was, want the shirt", n)
		}
	})
}

// Customers of a file get accounts that nobody can sign in to yet; an account
// that is there already is its owner's and stays as it is.
func TestRun_customersAreAdmitted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		people := s.keepPeople(t)
		count := func() int64 { return s.Int(t, `SELECT COUNT(*) FROM customer`) }
		request := transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_customers.csv")}

		request.DryRun = true
		if dry := s.run(t, request); dry.Created != 20 || count() != 0 {
			t.Errorf("the trial counts %+v and keeps %d", dry.Counts, count())
		}
		request.DryRun = false
		run := s.run(t, request)
		if run.Created != 20 || run.Refused != 0 || run.Report.Kind != transfer.Customers || count() != 20 {
			t.Errorf("counts %+v, problems %v, %d customers", run.Counts, s.problems(t, run.ID), count())
		}
		mia := func() (customer.Customer, []market.Address) {
			found, err := people.List(t.Context(), s.DB, customer.Filter{Email: "mia.scott@example.com"})
			if err != nil || len(found) != 1 {
				t.Fatalf("found %v, %v", found, err)
			}
			book, err := people.Addresses(t.Context(), s.DB, found[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			var all []market.Address
			for _, a := range book {
				all = append(all, a.Address)
			}
			return found[0], all
		}
		c, book := mia()
		if c.Name != "Mia Scott" || c.Phone != "+1 604-555-0248" || c.Locale != "en" || c.Verified() {
			t.Errorf("customer %+v", c)
		}
		if diff := cmp.Diff(custom.Values{"accepts_marketing": custom.OfTruth(true), "customer_tags": custom.OfWords("Wholesale")}, c.Fields); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
		want := []market.Address{{Name: "Mia Scott", Company: "Pacific Coast Supplies", Line1: "800 Robson Street", Line2: "Unit 305", City: "Vancouver", Region: "BC", Postcode: "V6Z 3B7", Country: "CA"}}
		if diff := cmp.Diff(want, book); diff != "" {
			t.Errorf("address book (-want +got):\n%s", diff)
		}

		logged := s.logged(t)
		request.Again = true
		if again := s.run(t, request); again.Unchanged != 20 || s.logged(t) != logged {
			t.Errorf("again: %+v and %d entries of the log", again.Counts, s.logged(t)-logged)
		}
		changed := "email,first_name,last_name,phone\nMIA.SCOTT@example.com,Somebody,Else,0301234567\n"
		if run := s.run(t, transfer.Request{Platform: transfer.Spree, File: strings.NewReader(changed)}); run.Unchanged != 1 {
			t.Errorf("a file about a known account: %+v", run.Counts)
		}
		if now, nowBook := mia(); now.Name != c.Name || now.Phone != c.Phone || now.Version != c.Version || !slices.Equal(nowBook, book) {
			t.Errorf("the owner's account was changed: %+v", now)
		}

		bad := "email,first_name,address1,city,zip,country_code\na@b.example,Anna,Street 1,Berlin,1,DE\nnobody,Otto,,,,\n"
		run = s.run(t, transfer.Request{Platform: transfer.Spree, File: strings.NewReader(bad)})
		var got []string
		for _, p := range s.problems(t, run.ID) {
			got = append(got, p.Reason+p.Value)
		}
		if want := []string{"address.postcode", "transfer.not_an_email"}; run.Refused != 2 || !slices.Equal(got, want) || count() != 20 {
			t.Errorf("counts %+v, problems %v, want %v without a word of the person", run.Counts, got, want)
		}
	})
}

// Customers go in and come out again, cell by cell.
func TestRun_customersComeBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.keepPeople(t)
		s.run(t, transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_customers.csv")})
		opt := transfer.Options{TempDir: t.TempDir()}
		before := openFile(t, transfer.Spree, "spree_customers.csv", opt)
		var out strings.Builder
		if err := transfer.ExportCustomers(&out, transfer.Spree, headerOf(before), s.People(t.Context())); err != nil {
			t.Fatal(err)
		}

		got, err := transfer.Compare(t.Context(), before, open(t, transfer.Spree, out.String(), opt))

		if err != nil || got.Products != 20 || len(got.Missing) != 0 {
			t.Errorf("%d customers, missing %v, %v", got.Products, got.Missing, err)
		}
		for _, d := range got.Differences {
			t.Errorf("%s", d)
		}
	})
}
