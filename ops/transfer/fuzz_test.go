package transfer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/ops/transfer"
)

// seed adds the beginnings of the real files and some broken ones.
func seed(f *testing.F, name string, lines int) {
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	parts := bytes.SplitAfter(text, []byte("\n"))
	head := bytes.Join(parts[:min(lines, len(parts))], nil)
	f.Add(head)
	f.Add(bytes.ReplaceAll(head, []byte(","), []byte(";")))
	f.Add(bytes.ReplaceAll(head, []byte("\n"), []byte("\r")))
	f.Add(append([]byte("\xff\xfe"), head...))
	f.Add(head[:len(head)*2/3])
	f.Add(bytes.Replace(head, []byte(`"`), nil, 1))
}

// survives reads data as a file of platform and checks what must hold of any:
// no panic, every row accounted for, refused products empty, and good ones
// unchanged by an export and a second import.
func survives(t *testing.T, platform transfer.Platform, data []byte) {
	opt := transfer.Options{Currency: "EUR", TempDir: t.TempDir(), Limits: transfer.Limits{Field: 10_000, Row: 50_000, Rows: 500, Columns: 200, Variants: 50}}
	s, err := transfer.Open(t.Context(), platform, bytes.NewReader(data), opt)
	if err != nil {
		if !strings.Contains(err.Error(), "transfer.") {
			t.Fatalf("Open fails without a reason: %v", err)
		}
		return
	}
	defer s.Close()
	if s.Kind == transfer.Customers {
		for i := range s.Len() {
			if _, _, err := s.Customer(i); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	good, problems := read(t, s)
	accounted := make(map[int]bool)
	for _, p := range problems {
		accounted[p.Row] = true
	}
	for i := range s.Len() {
		p, _, _ := s.Product(i)
		for _, row := range p.Rows {
			accounted[row] = true
		}
	}
	delete(accounted, 0)
	if len(accounted) < s.Rows && len(problems) < 50 {
		t.Fatalf("%d rows, only %d accounted for", s.Rows, len(accounted))
	}
	if s.Kind != transfer.Products || len(good) == 0 {
		return
	}
	header := headerOf(s)
	second, _ := read(t, open(t, platform, export(t, platform, header, opt, good), opt))
	third, _ := read(t, open(t, platform, export(t, platform, header, opt, second), opt))
	if slices.ContainsFunc(header, func(h string) bool { return h == "" }) {
		return
	}
	if diff := cmp.Diff(withoutRows(good), withoutRows(second)); diff != "" {
		t.Fatalf("exported and imported again (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(withoutRows(second), withoutRows(third)); diff != "" {
		t.Fatalf("and once more (-before +after):\n%s", diff)
	}
}

func FuzzShopify(f *testing.F) {
	seed(f, "shopify_packt_Product-data.csv", 4)
	f.Add([]byte(small))
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, transfer.Shopify, data) })
}

func FuzzWooCommerce(f *testing.F) {
	seed(f, "woocommerce_products.csv", 7)
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, transfer.WooCommerce, data) })
}

func FuzzSpree(f *testing.F) {
	seed(f, "spree_products.csv", 5)
	seed(f, "spree_product_translations.csv", 3)
	seed(f, "spree_customers.csv", 3)
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, transfer.Spree, data) })
}

func FuzzVendure(f *testing.F) {
	seed(f, "vendure_products.csv", 6)
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, transfer.Vendure, data) })
}
