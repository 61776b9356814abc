package demo

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
)

// portion is how many further products one transaction makes.
const portion = 200

// multiply adds n products made out of those of the demo.
func (f *filler) multiply(ctx context.Context, n int) error {
	for from := 0; from < n; from += portion {
		wanted := make([]Product, min(portion, n-from))
		for i := range wanted {
			wanted[i] = f.another(from + i)
		}
		err := f.s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			drafts := make([]catalog.Product, len(wanted))
			for i, p := range wanted {
				drafts[i] = f.product(p)
				for _, handle := range p.Related {
					drafts[i].Related = append(drafts[i].Related, f.products[handle])
				}
			}
			saved, err := f.s.Catalog.SaveAll(ctx, tx, f.actor, drafts)
			if err != nil {
				return err
			}
			if err := f.shelve(ctx, tx, saved, wanted); err != nil {
				return err
			}
			return grow(ctx, tx, len(wanted))
		})
		if err != nil {
			return fmt.Errorf("make further products from the %d. on: %w", from+1, err)
		}
		f.step(len(wanted))
	}
	return nil
}

// another makes the k-th further product, always the same one. It takes the
// demo's products in turn and gives them another maker and name, another
// price, values within a fifth of the original's, some of its variants, and
// other photographs of the same goods first.
func (f *filler) another(k int) Product {
	rnd := rand.New(rand.NewPCG(uint64(k), 71))
	p := f.Products[k%len(f.Products)]
	word := name(k)

	p.Handle += "-" + strconv.Itoa(k+1)
	p.Status, p.PublishInDays = "", 0
	p.Brand = name(7919 * (k % 60))
	title := make(locale.Text, len(p.Name))
	for lang, s := range p.Name {
		title[lang] = s + " " + word
	}
	p.Name, p.SEOTitle = title, title
	p.Fields = f.vary(p.Fields, rnd)

	images := make([]string, 0, len(p.Images))
	turn := rnd.IntN(len(p.Images))
	p.Images = append(append(images, p.Images[turn:]...), p.Images[:turn]...)

	factor := money.Rate(700_000 + 1000*rnd.Int64N(601)) // 70 % to 130 %
	var variants []Variant
	for i, v := range p.Variants {
		if last := i == len(p.Variants)-1; rnd.IntN(4) == 0 && (!last || len(variants) > 0) {
			continue
		}
		v.SKU += "-" + strconv.FormatInt(int64(k+1), 36)
		v.Price = scale(v.Price, factor)
		v.CompareAt = 0
		if rnd.IntN(10) == 0 {
			v.CompareAt = scale(v.Price, 1_200_000) + 100
		}
		v.Stock = max(0, rnd.Int64N(60)-3)
		variants = append(variants, v)
	}
	p.Variants = variants
	return p
}

// scale multiplies a price and rounds it to whole units of a hundred.
func scale(m money.Minor, r money.Rate) money.Minor {
	scaled, err := m.Part(r, money.HalfUp)
	if err != nil {
		return m
	}
	return max(100, (scaled+50)/100*100)
}

// vary changes the measured values a little.
func (f *filler) vary(values custom.Values, rnd *rand.Rand) custom.Values {
	out := maps.Clone(values)
	for _, field := range f.Fields { // in order, so that the draw is the same each time
		v, ok := out[field.Code]
		if !ok || !field.Facet || field.Kind != custom.Number {
			continue
		}
		step := int64(1_000_000)
		for range field.Decimals {
			step /= 10
		}
		n := v.Number / 100 * (80 + rnd.Int64N(41)) / step * step
		out[field.Code] = custom.OfNumber(max(step, n))
	}
	return out
}

// name makes the k-th word of an endless list of names that sound as if they
// stood on a map.
func name(k int) string {
	first := [...]string{"Ahl", "Birk", "Dal", "Ehr", "Falk", "Grun", "Hald", "Ing", "Kall", "Lind", "Mar", "Nord", "Oster", "Rand", "Sol", "Tann", "Ulm", "Vest", "Wald", "Zell", "Brem", "Stav", "Kirk", "Leth", "Mosk", "Pers", "Quel", "Rosk", "Sund"}
	second := [...]string{"berg", "by", "dorf", "feld", "gard", "hagen", "heim", "holm", "kamp", "land", "lund", "mark", "moor", "rode", "stad", "strand", "sund", "torp", "vik", "wang", "weiler", "wik", "horn", "brink", "aue", "bek", "rup"}
	n := len(first) * len(second)
	word := first[k%len(first)] + second[k/len(first)%len(second)]
	if k >= n {
		word += " " + strconv.Itoa(k/n+1)
	}
	return word
}
