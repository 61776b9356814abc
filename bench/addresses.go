package main

import (
	"context"
	"html"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/upload"
)

// addresses are what shoppers ask for, by kind of page, what is asked for most
// first.
type addresses struct{ products, categories, searches []string }

// most is how many different addresses of a kind there are.
const most = 10_000

// someAddresses lists products' pages; every category, in every order, narrowed
// by every facet and by two of them, and its further pages; and searches for
// the words of the goods' names, alone, in every order and two together.
func someAddresses(ctx context.Context, shop *stoa.Shop, handler http.Handler) (addresses, error) {
	var a addresses
	rows, err := shop.DB.Query(ctx, `
		SELECT s.slug FROM slug s JOIN product p ON p.id = s.object_id
		WHERE s.kind = 'product' AND s.locale = 'en' AND s.current = 1 AND p.status = 'active' ORDER BY s.slug LIMIT $1`, most)
	if err != nil {
		return a, err
	}
	defer rows.Close()
	words, pairs := newList(), newList()
	for rows.Next() {
		var slug string
		if err := rows.Scan(&slug); err != nil {
			return a, err
		}
		a.products = append(a.products, "/en/p/"+slug)
		before := ""
		for word := range strings.SplitSeq(slug, "-") {
			if len(word) > 3 {
				words.add("/en/search?q=" + word)
			}
			if before != "" {
				pairs.add("/en/search?q=" + before + "+" + word)
			}
			before = word
		}
	}
	if err := rows.Err(); err != nil {
		return a, err
	}
	sorts := []string{"price", "-price", "newest", "name"}
	for _, w := range words.all {
		for _, sort := range sorts {
			pairs.add(w + "&sort=" + sort)
		}
	}
	a.searches = first(slices.Concat(words.all, pairs.all))
	a.categories, err = categories(ctx, shop, handler, sorts)
	return a, err
}

var (
	checkbox = regexp.MustCompile(`type="checkbox" id="f-[^"]*" name="([^"]+)" value="([^"]+)"`)
	nextPage = regexp.MustCompile(`rel="next" href="([^"]+)"`)
)

// categories lists the addresses that the pages of categories offer.
func categories(ctx context.Context, shop *stoa.Shop, handler http.Handler, sorts []string) ([]string, error) {
	tree, err := shop.Catalog.Tree(ctx)
	if err != nil {
		return nil, err
	}
	plain, single, double := newList(), newList(), newList()
	for _, n := range tree.All() {
		if !n.Visible() {
			continue
		}
		at := "/en/c/" + n.Slugs["en"]
		plain.add(at)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, shop.Settings.Base+at, nil))
		if next := nextPage.FindStringSubmatch(w.Body.String()); next != nil {
			single.add(strings.TrimPrefix(html.UnescapeString(next[1]), shop.Settings.Base))
		}
		var chosen []string
		for _, box := range checkbox.FindAllStringSubmatch(w.Body.String(), -1) {
			chosen = append(chosen, url.Values{html.UnescapeString(box[1]): {html.UnescapeString(box[2])}}.Encode())
		}
		for i, choice := range chosen {
			single.add(at + "?" + choice)
			for _, also := range chosen[i+1:] {
				double.add(at + "?" + choice + "&" + also)
			}
		}
		for _, sort := range sorts {
			single.add(at + "?sort=" + sort)
			for _, choice := range chosen {
				double.add(at + "?" + choice + "&sort=" + sort)
			}
		}
	}
	// Of the pairs, those of all categories alike.
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(double.all), func(i, j int) { double.all[i], double.all[j] = double.all[j], double.all[i] })
	return first(slices.Concat(plain.all, single.all, double.all)), nil
}

// list keeps what was added, each once.
type list struct {
	all  []string
	seen map[string]bool
}

func newList() *list { return &list{seen: make(map[string]bool)} }

func (l *list) add(s string) {
	if !l.seen[s] {
		l.seen[s] = true
		l.all = append(l.all, s)
	}
}

func first(all []string) []string { return all[:min(len(all), most)] }

// pictureOf describes a picture without looking into it.
func pictureOf(raw []byte) upload.Picture {
	return upload.Picture{Hash: blob.Hash(raw), Mime: "image/jpeg", Colour: "#dddddd", Width: 1200, Height: 1500, Bytes: int64(len(raw)), Widths: []int{1200}}
}
