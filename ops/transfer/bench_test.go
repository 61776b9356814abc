package transfer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// manyGoods is a file of products with two variants each, two rows a product.
func manyGoods(products int) string {
	var b strings.Builder
	b.WriteString("Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Variant Compare At Price,Status,Fabric,SEO Title\n")
	for i := range products {
		fmt.Fprintf(&b, "good-%d,\"Lamp number %d, brass\",\"<p>A lamp of brass, made in small numbers. It hangs well over a table.</p><p>Shade of glass, cable of linen.</p>\",Maker %d,Lamps,\"brass, lamp\",true,Size,Small,SKU-%d-S,%d,shopify,%d,%d.99,,active,Linen,Lamp %d\n", i, i, i%97, i, 500+i%900, i%50, 20+i%300, i)
		fmt.Fprintf(&b, "good-%d,,,,,,,,Large,SKU-%d-L,%d,shopify,%d,%d.99,%d.99,,,\n", i, i, 900+i%900, i%40, 30+i%300, 40+i%300)
	}
	return b.String()
}

// BenchmarkRun imports products of two variants, as it is done and with each in
// a transaction of its own, and then the same file again.
func BenchmarkRun(b *testing.B) {
	const products = 1000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		file := manyGoods(products)
		for _, how := range []string{"one by one", "first", "again"} {
			b.Run(string(engine)+"/"+how, func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					s := newShop(b, dbtest.New(b, engine), nil)
					if how == "one by one" {
						s.SetBatch(1, 0)
					}
					request := transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), Again: how == "again"}
					if request.Again {
						s.run(b, request)
					}
					b.StartTimer()
					if run := s.run(b, request); run.Refused != 0 {
						b.Fatal(run.Counts)
					}
				}
				b.ReportMetric(2*products*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// Of a file with a hundred thousand rows little more is held in memory than
// where its rows lie; their text is on disk.
func TestOpen_aHundredThousandRowsStaySmall(t *testing.T) {
	name := filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(name, []byte(manyGoods(50_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()

	s, err := transfer.Open(t.Context(), transfer.Shopify, file, euro(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Rows != 100_000 || s.Len() != 50_000 {
		t.Fatalf("%d rows of %d products", s.Rows, s.Len())
	}
	held := int64(heap() - before)
	for i := range s.Len() {
		if _, problems, err := s.Product(i); err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
	}
	after := int64(heap() - before)
	t.Logf("%d kB held, %d kB after all products", held>>10, after>>10)
	if held > 32<<20 || after > held+1<<20 {
		t.Errorf("%d kB held after reading 17 MB and %d kB after all products, want at most 32 MB and no more later", held>>10, after>>10)
	}
	runtime.KeepAlive(s)
}
