package transfer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/ops/transfer"
)

const small = "Handle,Title,Variant Price,Vendor\n" +
	"mug,Großer Becher,9.50,Töpferei \"Ton & Söhne\"\n" +
	"bowl,Schüssel – tief,12,Töpferei\n"

func TestOpen_readsEveryEncoding(t *testing.T) {
	latin := strings.NewReplacer("ß", "\xdf", "ö", "\xf6", "ü", "\xfc", "–", "\x96").Replace(small)
	u16 := func(order binary.AppendByteOrder, mark string) string {
		b := []byte(mark)
		for _, u := range utf16.Encode([]rune(small)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	tests := map[string]struct {
		text string
		want transfer.Encoding
	}{
		"UTF-8":                              {small, transfer.UTF8},
		"UTF-8 with a byte order mark":       {"\xef\xbb\xbf" + small, transfer.UTF8},
		"Windows-1252":                       {latin, transfer.Windows1252},
		"UTF-16 little-endian":               {u16(binary.LittleEndian, "\xff\xfe"), transfer.UTF16LE},
		"UTF-16 big-endian":                  {u16(binary.BigEndian, "\xfe\xff"), transfer.UTF16BE},
		"lines end in CR LF":                 {strings.ReplaceAll(small, "\n", "\r\n"), transfer.UTF8},
		"lines end in CR":                    {strings.ReplaceAll(small, "\n", "\r"), transfer.UTF8},
		"no line end at the end":             {strings.TrimSuffix(small, "\n"), transfer.UTF8},
		"blank lines before, between, after": {"\n\n" + strings.ReplaceAll(small, "bowl", "\n,,,\nbowl") + "\n\n", transfer.UTF8},
		"divided by semicolons":              {strings.ReplaceAll(small, ",", ";"), transfer.UTF8},
		"divided by tabs":                    {strings.ReplaceAll(small, ",", "\t"), transfer.UTF8},
		"the spreadsheet names its divider":  {"sep=;\r\n" + strings.ReplaceAll(small, ",", ";"), transfer.UTF8},
		"cells padded with blanks":           {strings.ReplaceAll(small, ",", "  ,\t "), transfer.UTF8},
		"empty columns at the end":           {strings.ReplaceAll(small, "\n", ",,,\n"), transfer.UTF8},
		"quoted and padded":                  {strings.ReplaceAll(small, "bowl", " \"bowl\"      "), transfer.UTF8},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, transfer.Shopify, tt.text, euro(t))

			got, problems := read(t, s)

			if s.Encoding != tt.want {
				t.Errorf("encoding %s, want %s", s.Encoding, tt.want)
			}
			if len(problems) > 0 || handles(got) != "mug bowl" {
				t.Fatalf("products %q, problems %v", handles(got), problems)
			}
			if got[0].Name["en"] != "Großer Becher" || got[0].Vendor != `Töpferei "Ton & Söhne"` || got[1].Name["en"] != "Schüssel – tief" {
				t.Errorf("texts %q, %q, %q", got[0].Name["en"], got[0].Vendor, got[1].Name["en"])
			}
		})
	}
}

// One broken byte in a file of sound UTF-8 spoils its row, not every umlaut.
func TestOpen_oneBrokenByteSpoilsOneRow(t *testing.T) {
	s := open(t, transfer.Shopify, strings.Replace(small, "tief", "tief\xff", 1), euro(t))

	got, problems := read(t, s)

	if s.Encoding != transfer.UTF8 || handles(got) != "mug" || got[0].Name["en"] != "Großer Becher" {
		t.Errorf("%s, products %q", s.Encoding, handles(got))
	}
	want := []transfer.Problem{{Row: 3, Column: "Title", Product: "bowl", Reason: "transfer.not_utf8", Value: "Schüssel – tief\uFFFD"}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A row that cannot be read refuses its product and no other.
func TestOpen_brokenRowsRefuseTheirProduct(t *testing.T) {
	const head = "Handle,Title,Body (HTML),Variant Price,Option1 Name,Option1 Value\n"
	tests := map[string]struct {
		broken string
		want   transfer.Problem
	}{
		"too few cells":        {"b,,,9", transfer.Problem{Row: 4, Reason: "transfer.too_few_cells", Params: map[string]any{"cells": int64(4), "columns": int64(6)}}},
		"too many cells":       {"b,,,9,,L,oops", transfer.Problem{Row: 4, Reason: "transfer.more_cells_than_columns", Params: map[string]any{"cells": int64(7), "columns": int64(6)}, Value: "oops"}},
		"empty cells too many": {"b,,,9,,L,", transfer.Problem{Row: 4, Reason: "transfer.more_cells_than_columns", Params: map[string]any{"cells": int64(7), "columns": int64(6)}}},
		"stray quote":          {`b,,"12" wide",9,,L`, transfer.Problem{Row: 4, Column: "Body (HTML)", Reason: "transfer.stray_quote", Value: `12" wide`}},
		"stray quotes in a text of several lines": {"b,,\"He said \"hi\" and\nleft\",9,,L", transfer.Problem{Row: 4, Column: "Body (HTML)", Reason: "transfer.stray_quote", Value: `He said "hi" and left`}},
		"NUL byte":      {"b,,x\x00y,9,,L", transfer.Problem{Row: 4, Column: "Body (HTML)", Reason: "transfer.nul_byte", Value: "xy"}},
		"cell too long": {"b,," + strings.Repeat("x", 2000) + ",9,,L", transfer.Problem{Row: 4, Column: "Body (HTML)", Reason: "transfer.cell_too_long", Params: map[string]any{"max": "1000\u00a0B"}, Value: strings.Repeat("x", 80) + "…"}},
		"row too long":  {"b,," + strings.Repeat("x", 900) + ",9,," + strings.Repeat("L", 900), transfer.Problem{Row: 4, Column: "Option1 Value", Reason: "transfer.row_too_long", Params: map[string]any{"max": "1500\u00a0B"}, Value: strings.Repeat("L", 80) + "…"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := euro(t)
			opt.Limits = transfer.Limits{Field: 1000, Row: 1500}
			s := open(t, transfer.Shopify, head+"a,A,,1,,\nb,B,,9,Size,S\n"+tt.broken+"\nc,C,,3,,\n", opt)

			got, problems := read(t, s)

			if handles(got) != "a c" {
				t.Errorf("products %q, want a and c", handles(got))
			}
			tt.want.Product = "b"
			if diff := cmp.Diff([]transfer.Problem{tt.want}, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpen_goesOnAfterWhatItForgives(t *testing.T) {
	const head = "Handle,Title,Body (HTML),Variant Price\n"
	tests := map[string]struct{ rows, body string }{
		"quote inside an unquoted cell":   {`a,A,12" wide,1`, `<p>12&#34; wide</p>`},
		"doubled quotes":                  {`a,A,"12"" wide",1`, `<p>12&#34; wide</p>`},
		"line breaks in a cell":           {"a,A,\"one\r\ntwo\rthree\",1", `<p>one<br>two<br>three</p>`},
		"vertical tab and other controls": {"a,A,x\vy\x1f,1", `<p>x y</p>`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := read(t, open(t, transfer.Shopify, head+tt.rows+"\nb,B,,2\n", euro(t)))
			if len(problems) > 0 || handles(got) != "a b" {
				t.Fatalf("products %q, problems %v", handles(got), problems)
			}
			if got[0].Description["en"] != tt.body {
				t.Errorf("description %q, want %q", got[0].Description["en"], tt.body)
			}
		})
	}
}

func TestOpen_refusesFilesThatCannotBeUsed(t *testing.T) {
	const head = "Handle,Title,Variant Price\n"
	tests := map[string]struct {
		platform transfer.Platform
		text     string
		want     string
		params   map[string]any
	}{
		"nothing":                       {transfer.Shopify, "", "transfer.empty_file", nil},
		"blank lines":                   {transfer.Shopify, "\n\n\n", "transfer.empty_file", nil},
		"only a header":                 {transfer.Shopify, head, "transfer.no_rows", nil},
		"header and blank rows":         {transfer.Shopify, head + ",,\n\n", "transfer.no_rows", nil},
		"a workbook":                    {transfer.Shopify, "PK\x03\x04\x14\x00", "transfer.is_workbook", nil},
		"binary":                        {transfer.Shopify, "\x7fELF\x02\x01\x01\x00\x00\x00", "transfer.not_csv", nil},
		"missing columns":               {transfer.Shopify, "Handle,Vendor\nx,y\n", "transfer.columns_missing", map[string]any{"columns": "Title, Variant Price"}},
		"prose":                         {transfer.Shopify, "Dear customer,\nhello", "transfer.columns_missing", map[string]any{"columns": "Handle, Title, Variant Price"}},
		"a column twice":                {transfer.Shopify, "Handle,Title,Variant Price,title\nx,y,1,z\n", "transfer.columns_repeated", map[string]any{"columns": "title"}},
		"another platform":              {transfer.Shopify, "slug,sku,name,price\na,a,a,1\n", "transfer.other_platform", map[string]any{"platform": "spree"}},
		"a quote never closed":          {transfer.Shopify, head + "a,A,1\nb,\"B,1\nc,C,1\n", "transfer.quote_never_closed", map[string]any{"row": "3", "line": "3"}},
		"a quote closed by a later row": {transfer.Shopify, head + "a,A,1\nb,\"B,1\nc,\"C\",1\nd,D,1\n", "transfer.quote_never_closed", map[string]any{"row": "3", "line": "3"}},
		"too many rows":                 {transfer.Shopify, head + strings.Repeat("a,A,1\n", 11), "transfer.too_many_rows", map[string]any{"max": int64(10)}},
		"an unknown platform":           {"magento", head, "transfer.unknown_platform", map[string]any{"platform": "magento"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := euro(t)
			opt.Limits.Rows = 10

			s, err := transfer.Open(t.Context(), tt.platform, strings.NewReader(tt.text), opt)

			var f *fault.Error
			if s != nil || !errors.As(err, &f) || f.Reason != tt.want {
				t.Fatalf("Open = %v, %v, want %s", s, err, tt.want)
			}
			if diff := cmp.Diff(tt.params, f.Params); diff != "" {
				t.Errorf("params (-want +got):\n%s", diff)
			}
			if left, _ := os.ReadDir(opt.TempDir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestOpen_missingColumnsAreFields(t *testing.T) {
	_, err := transfer.Open(t.Context(), transfer.Vendure, strings.NewReader("name,description\nx,y\n"), euro(t))
	want := []fault.Field{
		{Path: "slug", Reason: "transfer.column_missing"},
		{Path: "sku", Reason: "transfer.column_missing"},
		{Path: "price", Reason: "transfer.column_missing"},
	}
	if diff := cmp.Diff(want, fault.From(err).Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestOpen_unknownCurrency(t *testing.T) {
	_, err := transfer.Open(t.Context(), transfer.Shopify, strings.NewReader(small), transfer.Options{Currency: "XXQ"})
	if fault.Reason(err) != "transfer.unknown_currency" {
		t.Errorf("Open = %v", err)
	}
}

func TestOpen_headerRepeatedByGluedFilesIsSkipped(t *testing.T) {
	lines := strings.SplitAfter(small, "\n")
	s := open(t, transfer.Shopify, "\ufeff"+lines[0]+lines[1]+"\ufeff"+lines[0]+lines[2], euro(t))

	got, problems := read(t, s)

	want := []transfer.Problem{{Row: 3, Reason: "transfer.header_again", Notice: true}}
	if diff := cmp.Diff(want, problems); diff != "" || handles(got) != "mug bowl" {
		t.Errorf("products %q, problems (-want +got):\n%s", handles(got), diff)
	}
}

// giant is a file with one cell of n bytes, made as it is read.
type giant struct {
	head, tail string
	n, at      int64
}

func (g *giant) Seek(offset int64, _ int) (int64, error) {
	g.at = offset
	return offset, nil
}

func (g *giant) Read(b []byte) (int, error) {
	n := 0
	for ; n < len(b); n++ {
		switch at := g.at - int64(len(g.head)); {
		case at >= 0 && at+int64(len(b)-n) <= g.n:
			for i := n; i < len(b); i++ {
				b[i] = 'x'
			}
			g.at += int64(len(b) - n)
			return len(b), nil
		case at < 0:
			b[n] = g.head[g.at]
		case at < g.n:
			b[n] = 'x'
		case at-g.n < int64(len(g.tail)):
			b[n] = g.tail[at-g.n]
		default:
			return n, io.EOF
		}
		g.at++
	}
	return n, nil
}

func TestOpen_aCellOfAHundredMegabytesTakesNoMemory(t *testing.T) {
	for name, quote := range map[string]string{"quoted": `"`, "bare": ""} {
		t.Run(name, func(t *testing.T) {
			file := &giant{
				head: "Handle,Title,Body (HTML),Variant Price\na,A,,1\nb,B," + quote,
				tail: quote + ",2\nc,C,,3\n",
				n:    100 << 20,
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)

			s, err := transfer.Open(t.Context(), transfer.Shopify, file, euro(t))

			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("reading took %d bytes of memory, want less than 16 MiB", used)
			}
			got, problems := read(t, s)
			want := []transfer.Problem{{Row: 3, Column: "Body (HTML)", Product: "b", Reason: "transfer.cell_too_long", Params: map[string]any{"max": "1\u00a0MiB"}, Value: strings.Repeat("x", 80) + "…"}}
			if diff := cmp.Diff(want, problems); diff != "" || handles(got) != "a c" {
				t.Errorf("products %q, problems (-want +got):\n%s", handles(got), diff)
			}
		})
	}
}

// Rows of one product may be spread over a file of any length.
func TestOpen_rowsOfAProductNeedNotStandTogether(t *testing.T) {
	var b strings.Builder
	b.WriteString("Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant SKU\n")
	for size := range 3 {
		for i := range 500 {
			title, option := "", ""
			if size == 0 {
				title, option = fmt.Sprintf("Product %d", i), "Size"
			}
			fmt.Fprintf(&b, "p%d,%s,%s,%d,%d.50,S-%d-%d\n", i, title, option, size, i+size, i, size)
		}
	}
	s := open(t, transfer.Shopify, b.String(), euro(t))

	got, problems := read(t, s)

	if len(got) != 500 || len(problems) > 0 {
		t.Fatalf("%d products, problems %v", len(got), problems)
	}
	for i, p := range got {
		if len(p.Variants) != 3 || p.Variants[2].SKU != fmt.Sprintf("S-%d-2", i) {
			t.Errorf("%s has variants %+v", p.Handle, p.Variants)
		}
	}
}

func TestSheet_CloseRemovesTheTemporaryFile(t *testing.T) {
	opt := euro(t)
	s, err := transfer.Open(t.Context(), transfer.Shopify, bytes.NewReader([]byte(small)), opt)
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := s.Product(1); err != nil || p.Handle != "bowl" {
		t.Errorf("Product = %+v, %v", p, err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(opt.TempDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
