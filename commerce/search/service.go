package search

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/platform/db"
)

// readAtOnce is how many products one round of reading asks for.
const readAtOnce = 500

// fewSoldOut is how many products that sold out, or came back, are read before
// the transaction returns. An order sells out a few, a delivery note restocks
// thousands.
const fewSoldOut = 20

// Service answers queries and keeps the index fresh.
type Service struct {
	db      *db.DB
	catalog *catalog.Service
	fields  *custom.Service
	langs   []string
	log     *slog.Logger

	index    atomic.Pointer[index]
	building sync.Mutex // held by whoever builds a new index

	mu      sync.Mutex      // held by whoever changes the index
	late    map[string]bool // products to read again: what Run has not come to yet
	during  map[string]bool // products that changed while a new index is being built; nil when none is
	rebuild bool            // a new index is wanted
	wake    chan struct{}
}

// New returns the search of a shop in the given languages, the first being the
// fallback. The log's Start builds the index; from then on a change of a
// product, its selling out included, is found as soon as its transaction has
// returned on the node that made it, and within a second or so on the others.
// What changes many products is left to Run.
func New(d *db.DB, log *audit.Log, cat *catalog.Service, fields *custom.Service, langs []string, logger *slog.Logger) *Service {
	s := &Service{
		db: d, catalog: cat, fields: fields, langs: slices.Clone(langs), log: logger,
		late: make(map[string]bool), wake: make(chan struct{}, 1),
	}
	empty := newIndex(s.langs, nil, catalog.NewTree(nil))
	empty.settle()
	s.index.Store(empty)
	log.Follow("search", s.tell, s.Rebuild)
	return s
}

// Search answers a query. It fails with "form.invalid" at "q", "filters",
// "limit" or "sort", and with "search.bad_cursor".
func (s *Service) Search(q Query) (Result, error) {
	if err := q.check(); err != nil {
		return Result{}, err
	}
	from, err := decode(cmp.Or(q.After, q.Before), q.Sort)
	if err != nil {
		return Result{}, err
	}
	x := s.index.Load()
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.run(q, from, s.db.Now().UnixMilli()), nil
}

// Knows reports whether a facet is one that products can be narrowed by, and
// whether the value is one of its own. What is known may still narrow a query
// to nothing.
func (s *Service) Knows(key, value string) (facet, known bool) {
	if key == FacetAvailability {
		return true, value == InStock || value == SoldOut
	}
	x := s.index.Load()
	x.mu.RLock()
	defer x.mu.RUnlock()
	f, facet := x.facetAt[key]
	if facet {
		_, known = x.valueAt[valueKey{f, value}]
	}
	return facet, known
}

// Cards returns the cards of those of the products that shoppers see and can
// buy from a price list, in the given order. They are shared: not to be
// changed.
func (s *Service) Cards(listID string, ids []string) []*catalog.Card {
	now := s.db.Now().UnixMilli()
	x := s.index.Load()
	x.mu.RLock()
	defer x.mu.RUnlock()
	cards := make([]*catalog.Card, 0, len(ids))
	p := plan{x: x, q: Query{ListID: listID}, now: now, price: x.prices[listID]}
	for _, id := range ids {
		if doc, ok := x.byID[id]; ok && p.shows(&x.docs[doc], doc) {
			cards = append(cards, x.docs[doc].card)
		}
	}
	return cards
}

// Size is the number of products in the index, whatever their status.
func (s *Service) Size() int {
	x := s.index.Load()
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.byID)
}

// Rebuild reads everything anew and swaps the index in one step. Until then
// the old one answers.
func (s *Service) Rebuild(ctx context.Context) error {
	s.building.Lock()
	defer s.building.Unlock()
	s.mu.Lock()
	s.rebuild = false
	s.during = make(map[string]bool)
	s.mu.Unlock()
	x, err := s.build(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.during
	s.during = nil
	if err != nil {
		s.rebuild = true
		return err
	}
	s.index.Store(x)
	clear(s.late)
	return s.refresh(ctx, keys(changed))
}

func (s *Service) build(ctx context.Context) (*index, error) {
	tree, err := s.catalog.Tree(ctx)
	if err != nil {
		return nil, err
	}
	var fields []custom.Field
	for _, owner := range []custom.Owner{custom.Product, custom.Variant} {
		own, err := s.fields.For(ctx, owner)
		if err != nil {
			return nil, err
		}
		for _, f := range own {
			if f.Facet || f.Searchable {
				fields = append(fields, f)
			}
		}
	}
	x := newIndex(s.langs, fields, tree)
	after := ""
	for {
		ids, err := s.catalog.ProductIDs(ctx, s.db, after, readAtOnce)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			break
		}
		docs, err := s.catalog.Documents(ctx, s.db, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if d := docs[id]; d != nil {
				x.put(id, d)
			}
		}
		after = ids[len(ids)-1]
	}
	x.settle()
	return x, nil
}

func keys(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for k := range set {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// refresh reads products anew and puts them into the index. The caller holds
// s.mu.
func (s *Service) refresh(ctx context.Context, ids []string) error {
	for part := range slices.Chunk(ids, readAtOnce) {
		docs, err := s.catalog.Documents(ctx, s.db, part)
		if err != nil {
			return err
		}
		x := s.index.Load()
		x.mu.Lock()
		for _, id := range part {
			x.put(id, docs[id])
		}
		crowded := x.dead > 1000 && x.dead > len(x.byID)/2
		x.mu.Unlock()
		if crowded && !s.rebuild {
			s.rebuild = true
			s.poke()
		}
	}
	return nil
}

func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// tell takes note of changes. Products are read at once; what touches many is
// left to Run.
func (s *Service) tell(entries []audit.Entry) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var now, later, variants []string
	rebuild, arranged := false, false
	x := s.index.Load()
	for _, e := range entries {
		switch e.Object {
		case "product":
			now = append(now, e.ID)
		case "stock":
			if soldOut(e.Before) != soldOut(e.After) {
				variants = append(variants, e.ID)
			}
		case "media":
			later = append(later, x.showing(e.ID)...)
		case "category":
			arranged = true
			later = append(later, x.holding(FacetCategory, e.ID)...)
		case "collection":
			members, err := s.catalog.CollectionProducts(ctx, s.db, e.ID)
			rebuild = rebuild || err != nil
			later = append(append(later, members...), x.holding(facetCollection, e.ID)...)
		case "field":
			rebuild = true
		}
	}
	if len(now)+len(later)+len(variants) == 0 && !rebuild && !arranged {
		return
	}
	known, unknown := x.owners(variants)
	if len(unknown) > 0 {
		found, err := s.catalog.ProductsOf(ctx, s.db, unknown)
		rebuild = rebuild || err != nil
		known = append(known, found...)
	}
	if len(known) <= fewSoldOut {
		now = append(now, known...)
	} else {
		later = append(later, known...)
	}
	slices.Sort(now)
	now = slices.Compact(now)

	s.mu.Lock()
	defer s.mu.Unlock()
	if arranged && !s.arrange(ctx) {
		rebuild = true
	}
	if s.during != nil {
		for _, id := range append(slices.Clone(now), later...) {
			s.during[id] = true
		}
	}
	if err := s.refresh(ctx, now); err != nil {
		s.log.ErrorContext(ctx, "changed products could not be read; search will show them late", "err", err)
		later = append(later, now...)
	}
	for _, id := range later {
		s.late[id] = true
	}
	s.rebuild = s.rebuild || rebuild
	if len(s.late) > 0 || s.rebuild {
		s.poke()
	}
}

// arrange gives the index the category tree as it is now. It reports false
// when that cannot be done: the tree cannot be read, or a new index is being
// built on an older one.
func (s *Service) arrange(ctx context.Context) bool {
	tree, err := s.catalog.Tree(ctx)
	if err != nil || s.during != nil {
		return false
	}
	x := s.index.Load()
	x.mu.Lock()
	x.tree = tree
	x.mu.Unlock()
	return true
}

// soldOut reads what inventory writes into the log: the public face of a
// stock level.
func soldOut(face json.RawMessage) bool {
	var a struct{ State string }
	return json.Unmarshal(face, &a) == nil && a.State == "sold_out"
}

// showing lists the products whose cards show a picture.
func (x *index) showing(mediaID string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var ids []string
	for i := range x.docs {
		if e := &x.docs[i]; e.live {
			for _, m := range e.card.Media {
				if m.ID == mediaID {
					ids = append(ids, e.card.ID)
					break
				}
			}
		}
	}
	return ids
}

// holding lists the products in a category or below it, or in a collection.
func (x *index) holding(facetKey, id string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var ids []string
	for _, doc := range x.in(facetKey, id) {
		if e := &x.docs[doc]; e.live {
			ids = append(ids, e.card.ID)
		}
	}
	return ids
}

// owners lists the products of variants, and the variants nobody knows.
func (x *index) owners(variants []string) (products, unknown []string) {
	if len(variants) == 0 {
		return nil, nil
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, v := range variants {
		if doc, ok := x.variantAt[v]; ok && x.docs[doc].live {
			products = append(products, x.docs[doc].card.ID)
		} else {
			unknown = append(unknown, v)
		}
	}
	return products, unknown
}

// Settle does what Run would do and returns when it is done.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	if s.rebuild {
		s.mu.Unlock()
		return s.Rebuild(ctx)
	}
	defer s.mu.Unlock()
	ids := keys(s.late)
	if err := s.refresh(ctx, ids); err != nil {
		return err
	}
	clear(s.late)
	return nil
}

// Run settles whenever something was put off, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	retry := time.NewTicker(5 * time.Second)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-retry.C:
		}
		if err := s.Settle(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "the search index could not be brought up to date; it will be tried again", "err", err)
		}
	}
}

// Suggestions is what is offered while somebody types.
type Suggestions struct {
	Total      int   // products that match
	Products   []Hit // the best of them
	Categories []*catalog.Node
}

// Suggest completes what somebody has typed so far: the best products, at most
// n, and categories one of whose words begins so, at most four.
func (s *Service) Suggest(lang, listID, text string, n int) (Suggestions, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Suggestions{}, nil
	}
	r, err := s.Search(Query{Lang: lang, ListID: listID, Text: text, Limit: n, NoFacets: true, Complete: true})
	if err != nil {
		return Suggestions{}, err
	}
	out := Suggestions{Total: r.Total, Products: r.Hits}
	x := s.index.Load()
	x.mu.RLock()
	tree := x.tree
	x.mu.RUnlock()
	for _, node := range tree.All() {
		if len(out.Categories) == 4 {
			break
		}
		if node.Visible() && begins(terms(node.Name.In(lang, x.fallback)), terms(text)) {
			out.Categories = append(out.Categories, node)
		}
	}
	return out, nil
}

// begins reports whether every typed word begins one of the words.
func begins(words, typed []string) bool {
	for _, t := range typed {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, t) }) {
			return false
		}
	}
	return len(typed) > 0
}
