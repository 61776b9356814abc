package search

import (
	"cmp"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
)

// Index is the index alone, for tests that need no database.
type Index struct{ x *index }

// NewIndex indexes documents.
func NewIndex(langs []string, fields []custom.Field, tree *catalog.Tree, docs []*catalog.Document) *Index {
	x := newIndex(langs, fields, tree)
	for _, d := range docs {
		x.put(d.ID, d)
	}
	x.settle()
	return &Index{x}
}

// Put replaces a document; nil takes it out.
func (i *Index) Put(id string, d *catalog.Document) {
	i.x.mu.Lock()
	defer i.x.mu.Unlock()
	i.x.put(id, d)
}

// Search answers a query as of now, in milliseconds.
func (i *Index) Search(q Query, now int64) (Result, error) {
	if err := q.check(); err != nil {
		return Result{}, err
	}
	from, err := decode(cmp.Or(q.After, q.Before), q.Sort)
	if err != nil {
		return Result{}, err
	}
	i.x.mu.RLock()
	defer i.x.mu.RUnlock()
	return i.x.run(q, from, now), nil
}

// Terms and Code are how text is taken apart.
var (
	Terms = terms
	Code  = code
)
