package search_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// BenchmarkFill saves 10,000 products of three variants each into a fresh
// shop, 200 a transaction, with the index following, and then builds the index
// anew from the database.
func BenchmarkFill(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			e := dbtest.New(b, engine)
			seed(b, e.DB)
			n := start(b, e.DB)
			b.Run("save", func(b *testing.B) {
				if n.search.Size() > 0 {
					b.Skip("filled already")
				}
				began := cpu()
				for batch := range 50 {
					var many []catalog.Product
					for i := range 200 {
						p := product(fmt.Sprintf("Product %d of %d", i, batch), "", 1000)
						p.Options = []catalog.Option{{Name: en("Size"), Values: []catalog.OptionValue{{Name: en("S")}, {Name: en("M")}, {Name: en("L")}}}}
						v := p.Variants[0]
						p.Variants = nil
						for _, size := range []string{"s", "m", "l"} {
							v.SKU, v.Values = fmt.Sprintf("P-%d-%d-%s", batch, i, size), []string{size}
							p.Variants = append(p.Variants, v)
						}
						many = append(many, p)
					}
					tx(b, e.DB, func(ctx context.Context, tx *db.Tx) error {
						_, err := n.catalog.SaveAll(ctx, tx, actor, many)
						return err
					})
				}
				b.ReportMetric(float64((cpu() - began).Milliseconds()), "cpu-ms")
			})
			b.Run("build", func(b *testing.B) {
				measure(b, func() {
					if err := n.search.Rebuild(b.Context()); err != nil {
						b.Fatal(err)
					}
				})
			})
		})
	}
}
