package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/upload"
)

// addresses are what shoppers ask for, by kind of page.
type addresses struct{ products, categories, searches []string }

// someAddresses lists up to ten thousand products' pages, every category in
// every order, and searches for words of the goods' names.
func someAddresses(ctx context.Context, shop *stoa.Shop) (addresses, error) {
	var a addresses
	rows, err := shop.DB.Query(ctx, `
		SELECT s.slug, p.name FROM slug s JOIN product p ON p.id = s.object_id
		WHERE s.kind = 'product' AND s.locale = 'en' AND s.current = 1 AND p.status = 'active' ORDER BY s.slug LIMIT 10000`)
	if err != nil {
		return a, err
	}
	defer rows.Close()
	seen := make(map[string]bool)
	for rows.Next() {
		var slug, name string
		if err := rows.Scan(&slug, &name); err != nil {
			return a, err
		}
		a.products = append(a.products, "/en/p/"+slug)
		for _, word := range strings.FieldsFunc(slug, func(r rune) bool { return r == '-' }) {
			if len(word) > 3 && !seen[word] {
				seen[word] = true
				a.searches = append(a.searches, "/en/search?q="+url.QueryEscape(word))
			}
		}
	}
	if err := rows.Err(); err != nil {
		return a, err
	}
	tree, err := shop.Catalog.Tree(ctx)
	if err != nil {
		return a, err
	}
	for _, n := range tree.All() {
		if !n.Visible() {
			continue
		}
		for _, sort := range []string{"", "?sort=price", "?sort=-price", "?sort=newest"} {
			a.categories = append(a.categories, "/en/c/"+n.Slugs["en"]+sort)
		}
	}
	return a, nil
}

// pictureOf describes a picture without looking into it.
func pictureOf(raw []byte) upload.Picture {
	return upload.Picture{Hash: blob.Hash(raw), Mime: "image/jpeg", Colour: "#dddddd", Width: 1200, Height: 1500, Bytes: int64(len(raw)), Widths: []int{1200}}
}
