package transfer_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/words"
)

const (
	manual     = "../../docs/import.md"
	tablesFrom = "<!-- from here on written by make golden -->\n"
)

// The manual's tables are those of the program, and what it says of the real
// files is what comparing them gives. STOA_GOLDEN=1 writes them.
func TestManual_isInStep(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(text), tablesFrom)
	if !ok {
		t.Fatalf("%s has no place for the tables", manual)
	}
	want := head + tablesFrom + tables(t)
	if os.Getenv("STOA_GOLDEN") != "" {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s is not in step with the program (-file +program), write it with STOA_GOLDEN=1:\n%s", manual, diff)
	}
}

func tables(t *testing.T) string {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	say := catalog.Printer("en", nil)
	var b strings.Builder
	for _, g := range transfer.Guides() {
		fmt.Fprintf(&b, "\n## %s: %s\n\n", say.T("transfer.platform."+string(g.Platform)), strings.ToLower(say.T("transfer.kind."+string(g.Kind))))
		b.WriteString("| column | also called | what becomes of it |\n|---|---|---|\n")
		for _, c := range g.Columns {
			what := "`" + c.Target + "`"
			switch c.Use {
			case transfer.Kept:
				what = "custom field `" + c.Field + "`"
			case transfer.Dropped:
				what = "left out: " + say.T(c.Reason)
			case transfer.Mapped:
			}
			for _, key := range c.Also {
				what += ", custom field `" + key + "`"
			}
			if c.Usual != "" {
				what += ", usually `" + c.Usual + "`"
			}
			name := "`" + c.Header + "`"
			if c.Required {
				name += " (needed)"
			}
			var also []string
			for _, o := range c.Others {
				also = append(also, "`"+o+"`")
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(also, ", "), what)
		}
	}
	b.WriteString("\n## What may read otherwise after import and export\n\n| rule | why |\n|---|---|\n")
	for _, key := range transfer.Normalisations() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", key, say.T("transfer.rule."+key))
	}
	b.WriteString("\n## What the test files show\n\nEvery file is imported, exported in its own columns and compared cell by cell.\n\n" +
		"| file | rows | products or customers | cells | lost | read otherwise, by rule |\n|---|---:|---:|---:|---:|---|\n")
	for _, name := range slices.Sorted(maps.Keys(realFiles())) {
		f := realFiles()[name]
		opt := transfer.Options{Currency: f.currency, TempDir: t.TempDir()}
		before := openFile(t, f.platform, f.name, opt)
		products, _ := read(t, before)
		after := open(t, f.platform, export(t, f.platform, headerOf(before), opt, products), opt)
		row(t, &b, f.name, before, after)
	}
	opt := euro(t)
	before := openFile(t, transfer.Spree, "spree_product_translations.csv", opt)
	texts, _ := read(t, before)
	var out strings.Builder
	if err := transfer.ExportTranslations(&out, transfer.Spree, headerOf(before), opt, each(texts)); err != nil {
		t.Fatal(err)
	}
	row(t, &b, "spree_product_translations.csv", before, open(t, transfer.Spree, out.String(), opt))
	before = openFile(t, transfer.Spree, "spree_customers.csv", opt)
	var people []transfer.Customer
	for i := range before.Len() {
		c, problems, err := before.Customer(i)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		people = append(people, c)
	}
	row(t, &b, "spree_customers.csv", before, open(t, transfer.Spree, exportCustomers(t, headerOf(before), people), opt))
	return b.String()
}

func row(t *testing.T, b *strings.Builder, name string, before, after *transfer.Sheet) {
	t.Helper()
	got, err := transfer.Compare(t.Context(), before, after)
	if err != nil {
		t.Fatal(err)
	}
	rules := make(map[string]int)
	for _, d := range got.Differences {
		rules[d.Rule]++
	}
	var why []string
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		if rule != "" {
			why = append(why, fmt.Sprintf("`%s` %d", rule, rules[rule]))
		}
	}
	fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %s |\n", name, before.Rows, got.Products, got.Cells, len(got.Losses())+len(got.Missing), strings.Join(why, ", "))
}
