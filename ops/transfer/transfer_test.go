package transfer_test

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
)

func euro(t *testing.T) transfer.Options {
	t.Helper()
	return transfer.Options{Currency: "EUR", TempDir: t.TempDir()}
}

// open reads text as a file of platform.
func open(t *testing.T, platform transfer.Platform, text string, opt transfer.Options) *transfer.Sheet {
	t.Helper()
	s, err := transfer.Open(t.Context(), platform, strings.NewReader(text), opt)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func openFile(t *testing.T, platform transfer.Platform, name string, opt transfer.Options) *transfer.Sheet {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return open(t, platform, string(text), opt)
}

// read returns the good products of a sheet and all problems.
func read(t *testing.T, s *transfer.Sheet) ([]transfer.Product, []transfer.Problem) {
	t.Helper()
	var good []transfer.Product
	problems := slices.Clone(s.Problems())
	for i := range s.Len() {
		p, pp, err := s.Product(i)
		if err != nil {
			t.Fatalf("Product(%d): %v", i, err)
		}
		problems = append(problems, pp...)
		if !transfer.Refused(pp) {
			good = append(good, p)
		} else if len(p.Variants) > 0 || len(p.Name) > 0 {
			t.Errorf("product %s is refused and yet half there: %+v", p.Handle, p)
		}
	}
	return good, problems
}

func find(t *testing.T, products []transfer.Product, handle string) transfer.Product {
	t.Helper()
	for _, p := range products {
		if p.Handle == handle {
			return p
		}
	}
	t.Fatalf("no product %q", handle)
	return transfer.Product{}
}

func handles(products []transfer.Product) string {
	var out []string
	for _, p := range products {
		out = append(out, p.Handle)
	}
	return strings.Join(out, " ")
}

func en(s string) locale.Text { return locale.Text{"en": s} }

func each(products []transfer.Product) iter.Seq2[transfer.Product, error] {
	return func(yield func(transfer.Product, error) bool) {
		for _, p := range products {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func export(t *testing.T, platform transfer.Platform, header []string, opt transfer.Options, products []transfer.Product) string {
	t.Helper()
	var out bytes.Buffer
	if err := transfer.Export(&out, platform, header, opt, each(products)); err != nil {
		t.Fatalf("Export: %v", err)
	}
	return out.String()
}

func headerOf(s *transfer.Sheet) []string {
	var header []string
	for _, c := range s.Columns() {
		header = append(header, c.Name)
	}
	return header
}

func exportCustomers(t *testing.T, header []string, customers []transfer.Customer) string {
	t.Helper()
	var out bytes.Buffer
	err := transfer.ExportCustomers(&out, transfer.Spree, header, func(yield func(transfer.Customer, error) bool) {
		for _, c := range customers {
			if !yield(c, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatalf("ExportCustomers: %v", err)
	}
	return out.String()
}
