package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// memory is what an import remembers of a product: what its file said and the
// catalogue has no place for, and what was made of it, so that the next import
// of the file can tell its own doing from the merchant's.
type memory struct {
	// Product is what the file said, without the long texts.
	Product Product `json:"product"`
	// Codes names the field of each attribute, by its folded name.
	Codes map[string]string `json:"codes,omitempty"`
	// VariantCodes is Codes for the attributes of variants.
	VariantCodes map[string]string `json:"variant_codes,omitempty"`
	Media        map[string]string `json:"media,omitempty"`    // picture by its source
	Missing      []string          `json:"missing,omitempty"`  // pictures that could not be had
	Variants     []string          `json:"variants,omitempty"` // ids, in the order of Product.Variants
	// Merged says that the summary was too long for a subtitle and stands at
	// the head of the description.
	Merged bool `json:"merged,omitempty"`
}

// applier puts one product into the catalogue.
type applier struct {
	*session
	in       Product
	problems []Problem // notices of the mapping

	hash      string
	from      origin // of an earlier import
	known     bool   // from is set
	unchanged bool
	got       map[string]taken // pictures to note, by source
	media     map[string]string
	missing   []string

	// Made anew at each try of the transaction.
	notes []Problem
	paths map[string]string // the transaction's, shared with the other products in it
}

func (a *applier) tell(row int, reason string, params ...any) {
	a.notes = append(a.notes, Problem{Row: row, Product: a.in.Handle, Reason: reason, Params: pairs(params), Notice: true})
}

// fingerprint is the same for files that say the same of a product. A sale
// that has begun or ended since is a change, too.
func (a *applier) fingerprint(now time.Time) (string, error) {
	p := a.in
	p.Rows = nil
	p.Variants = slices.Clone(p.Variants)
	var sales []bool
	for i := range p.Variants {
		p.Variants[i].Row = 0
		for _, price := range p.Variants[i].Prices {
			sales = append(sales, price.holds(now))
		}
	}
	text, err := json.Marshal([]any{p, sales, a.lang})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// holds reports whether the reduced price is the one that counts.
func (p Price) holds(now time.Time) bool {
	return (p.From.IsZero() || !now.Before(p.From)) && (p.Until.IsZero() || now.Before(p.Until))
}

// apply puts the product in. made are the categories that the transaction has
// made so far, by path; it adds its own.
func (a *applier) apply(ctx context.Context, tx *db.Tx, made map[string]string) (Counts, []Problem, error) {
	a.notes, a.paths = slices.Clone(a.problems), made
	old, err := a.target(ctx, tx)
	if err != nil {
		return Counts{}, nil, err
	}
	if err := a.noteMedia(ctx, tx); err != nil {
		return Counts{}, nil, err
	}
	p, err := a.merge(ctx, tx, old)
	if err != nil {
		return Counts{}, nil, err
	}
	saved, err := a.s.catalog.Save(ctx, tx, a.actor, p)
	if err != nil {
		return Counts{}, nil, a.refused(err)
	}
	if old != nil && !a.in.Partial {
		if err := a.lead(ctx, tx, *old, saved); err != nil {
			return Counts{}, nil, err
		}
	}
	moved, err := a.stockUp(ctx, tx, saved)
	if err != nil {
		return Counts{}, nil, err
	}
	if a.in.Partial { // the texts of a product whose file is another
		if saved.Version != old.Version {
			return Counts{Updated: 1}, a.notes, nil
		}
		return Counts{Unchanged: 1}, a.notes, nil
	}
	if err := saveOrigin(ctx, tx, origin{ProductID: saved.ID, Source: a.in.Source, Hash: a.hash, Kept: a.keep(saved, tx.Now())}); err != nil {
		return Counts{}, nil, err
	}
	counts := Counts{Variants: int64(len(a.in.Variants)), Pictures: int64(len(a.got))}
	switch {
	case old == nil:
		counts.Created = 1
	case saved.Version != old.Version || moved:
		counts.Updated = 1
	default:
		counts = Counts{Unchanged: 1}
	}
	return counts, a.notes, nil
}

// target finds the product that the file means: the one that came from there
// before, else the one with its handle, else the one that has its SKUs.
func (a *applier) target(ctx context.Context, tx *db.Tx) (*catalog.Product, error) {
	id := ""
	from, known, err := originBySource(ctx, tx, a.in.Source)
	if err != nil {
		return nil, err
	}
	a.from, a.known = from, known
	if known {
		id = from.ProductID
	}
	if id == "" {
		byHandle, err := a.s.catalog.ByHandles(ctx, tx, []string{a.in.Handle})
		if err != nil {
			return nil, err
		}
		if p := byHandle[a.in.Handle]; p != nil {
			id = p.ID
		}
	}
	if id == "" {
		var skus []string
		for _, v := range a.in.Variants {
			skus = append(skus, v.SKU)
		}
		bySKU, err := a.s.catalog.BySKUs(ctx, tx, skus)
		if err != nil {
			return nil, err
		}
		owners := make(map[string]bool)
		for _, ref := range bySKU {
			owners[ref.ProductID] = true
			id = ref.ProductID
		}
		if len(owners) > 1 {
			return nil, a.refuse(0, "", "transfer.skus_of_several_products")
		}
	}
	if id == "" {
		if a.in.Partial {
			return nil, a.refuse(0, "", "transfer.product_unknown")
		}
		return nil, nil
	}
	p, err := a.s.catalog.Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if !known {
		// The product is here already, from elsewhere: what an earlier import
		// of another file kept is no longer its own.
		if a.from, _, err = originOf(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

func (a *applier) row() int {
	if len(a.in.Rows) > 0 {
		return a.in.Rows[0]
	}
	return 0
}

func (a *applier) refuse(row int, column, reason string, params ...any) error {
	if row == 0 {
		row = a.row()
	}
	return &refusal{append(slices.Clone(a.problems), Problem{Row: row, Column: column, Product: a.in.Handle, Reason: reason, Params: pairs(params)})}
}

// refused turns the catalogue's faults into problems of the product. Anything
// else ends the run.
func (a *applier) refused(err error) error {
	f := fault.From(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	r := &refusal{problems: slices.Clone(a.problems)}
	for _, field := range f.Fields {
		p := Problem{Row: a.row(), Column: field.Path, Product: a.in.Handle, Reason: field.Reason, Params: field.Params}
		if rest, ok := strings.CutPrefix(field.Path, "variants."); ok {
			number, _, _ := strings.Cut(rest, ".")
			if i, err := strconv.Atoi(number); err == nil && i < len(a.in.Variants) {
				p.Row = a.in.Variants[i].Row
			}
		}
		r.problems = append(r.problems, p)
	}
	if len(f.Fields) == 0 {
		r.problems = append(r.problems, Problem{Row: a.row(), Product: a.in.Handle, Reason: f.Reason, Params: f.Params})
	}
	return r
}

// noteMedia gives every picture that was taken in its row.
func (a *applier) noteMedia(ctx context.Context, tx *db.Tx) error {
	for _, src := range slices.Sorted(maps.Keys(a.got)) {
		t := a.got[src]
		var alt locale.Text
		for _, img := range a.in.Images {
			if img.Src == src {
				alt = short(img.Alt, 500)
			}
		}
		m, err := media.Add(ctx, tx, a.actor, media.Input{
			Hash: t.picture.Hash, Mime: t.picture.Mime, Width: t.picture.Width, Height: t.picture.Height,
			Bytes: t.picture.Bytes, Colour: t.picture.Colour, Name: t.name, Alt: alt,
		})
		if err != nil {
			return a.refused(err)
		}
		a.media[src] = m.ID
	}
	return nil
}

// merge lays what the file says over what is there. What the file does not
// mention stays.
func (a *applier) merge(ctx context.Context, tx *db.Tx, old *catalog.Product) (catalog.Product, error) {
	p := catalog.Product{Handle: a.in.Handle, Fields: custom.Values{}}
	if old != nil {
		p = *old
		p.Fields = maps.Clone(old.Fields)
		if p.Fields == nil {
			p.Fields = custom.Values{}
		}
	}
	a.mergeTexts(&p)
	if a.in.Partial {
		return p, nil
	}
	if err := a.mergeAddresses(ctx, tx, &p); err != nil {
		return p, err
	}
	if a.in.Vendor != "" {
		p.Brand = a.in.Vendor
	}
	if len(a.in.Tags) > 0 {
		p.Tags = slices.Clone(a.in.Tags)
	}
	a.mergeStatus(&p, old, tx.Now())
	a.mergeEnd(&p)
	if class, ok := a.taxClass(a.in.TaxClass); ok || p.TaxClassID == "" {
		p.TaxClassID = class
	}
	if err := a.mergeCategories(ctx, tx, &p); err != nil {
		return p, err
	}
	a.mergeMedia(&p)
	a.mergeOptions(&p, old)
	if err := a.mergeVariants(&p, old, tx.Now()); err != nil {
		return p, err
	}
	a.setFields(custom.Product, p.Fields, a.in.Fields, a.in.Attributes, a.row())
	if a.in.Type != "" {
		a.setFields(custom.Product, p.Fields, nil, []Attribute{typeAttribute(a.in.Type)}, a.row())
	}
	a.setAsides(p.Fields, tx.Now(), nil, "", a.row())
	return p, nil
}

func (a *applier) mergeTexts(p *catalog.Product) {
	lay := func(into *locale.Text, from locale.Text, write func(string) string) {
		t := maps.Clone(*into)
		for lang, s := range from {
			if write != nil {
				s = write(s)
			}
			put(&t, lang, s)
		}
		*into = t
	}
	clean := a.sheet.clean
	lay(&p.Name, a.in.Name, nil)
	lay(&p.SEOTitle, a.in.SEOTitle, nil)
	lay(&p.SEODescription, a.in.SEOText, nil)
	if a.merged() {
		all := maps.Clone(a.in.Summary)
		for lang, s := range a.in.Description {
			all[lang] += s
		}
		lay(&p.Description, all, clean.toMarkdown)
		return
	}
	lay(&p.Description, a.in.Description, clean.toMarkdown)
	lay(&p.Subtitle, a.in.Summary, plainWords)
}

// merged reports whether the summary is too long for a subtitle.
func (a *applier) merged() bool {
	for _, s := range a.in.Summary {
		if utf8.RuneCountInString(plainWords(s)) > catalog.MaxName {
			return true
		}
	}
	return false
}

// statusOf is the catalogue's status for what a file says at an instant.
func statusOf(p Product, now time.Time) (catalog.Status, time.Time) {
	switch {
	case p.Status == Archived:
		return catalog.Archived, time.Time{}
	case p.Status != Active && p.Status != Unsaid, p.Visibility == ByAddressOnly:
		return catalog.Draft, time.Time{}
	case now.Before(p.PublishAt):
		return catalog.Scheduled, p.PublishAt
	}
	return catalog.Active, time.Time{}
}

// mergeStatus leaves the merchant's choice of a status alone as long as the
// file says what it said before.
func (a *applier) mergeStatus(p *catalog.Product, old *catalog.Product, now time.Time) {
	was := a.from.Kept.Product
	if old != nil && a.known && was.Status == a.in.Status && was.Visibility == a.in.Visibility && was.PublishAt.Equal(a.in.PublishAt) {
		return
	}
	status, at := statusOf(a.in, now)
	if old != nil && a.unable(*old, status, at) {
		return
	}
	p.Status, p.PublishAt = status, at
	switch {
	case a.in.Status != Active:
	case a.in.Visibility == ByAddressOnly:
		a.tell(a.row(), "transfer.hidden_as_draft")
	case a.in.Visibility == InSearch:
		a.tell(a.row(), "transfer.only_in_search")
	case a.in.Visibility == InCategories:
		a.tell(a.row(), "transfer.only_in_categories")
	}
}

// mergeEnd leaves the merchant's choice of an end alone as long as the file
// says what it said before. An end before the beginning is none.
func (a *applier) mergeEnd(p *catalog.Product) {
	if a.sheet.has("discontinue on") && (!a.known || !a.from.Kept.Product.EndAt.Equal(a.in.EndAt)) {
		p.EndAt = a.in.EndAt
	}
	if !p.EndAt.IsZero() && !p.EndAt.After(p.PublishAt) {
		a.tell(a.row(), "transfer.ends_too_early", "date", a.day(p.EndAt))
		p.EndAt = time.Time{}
	}
}

// unable reports whether the file's word for a status is the nearest that it
// has for the one the product has already.
func (a *applier) unable(old catalog.Product, said catalog.Status, at time.Time) bool {
	f := a.sheet.format
	switch old.Status {
	case catalog.Scheduled:
		return f.silent || f.dateless && said == catalog.Draft || said == catalog.Scheduled && at.Equal(old.PublishAt.Truncate(time.Second))
	case catalog.Archived:
		return f.silent || f.unarchived && said == catalog.Draft
	}
	return f.silent
}

// mergeCategories places the product in the categories of its paths, which are
// made where they are missing. Other places stay.
func (a *applier) mergeCategories(ctx context.Context, tx *db.Tx, p *catalog.Product) error {
	if len(a.in.Categories) == 0 {
		return nil
	}
	tree, err := a.s.catalog.Tree(ctx)
	if err != nil {
		return err
	}
	ids := slices.Clone(p.Categories)
	first, locked := "", false
	for _, path := range a.in.Categories {
		parent, key := "", ""
		for _, name := range path {
			key += "\x00" + fold(name)
			id := cmp.Or(a.paths[key], a.session.paths[key])
			if id == "" {
				id = a.child(tree, parent, name)
			}
			if id == "" && !locked {
				// The tree may be of before: whoever else is importing, or this run
				// when it was stopped, may have made it.
				if tree, err = a.s.catalog.LockTree(ctx, tx); err != nil {
					return err
				}
				locked, id = true, a.child(tree, parent, name)
			}
			if id == "" {
				made, err := a.s.catalog.SaveCategory(ctx, tx, a.actor, catalog.Category{ParentID: parent, Name: locale.Text{a.lang: name}})
				if err != nil {
					return a.refused(err)
				}
				id = made.ID
			}
			a.paths[key], parent = id, id
		}
		if parent == "" {
			continue
		}
		first = cmp.Or(first, parent)
		if !slices.Contains(ids, parent) {
			ids = append(ids, parent)
		}
	}
	p.Categories = ids
	p.CategoryID = cmp.Or(p.CategoryID, first)
	return nil
}

// child finds the category with a name below another one, or at the top; ""
// when there is none.
func (a *applier) child(tree *catalog.Tree, parent, name string) string {
	siblings := tree.Roots()
	if parent != "" {
		siblings = nil
		if n := tree.Find(parent); n != nil {
			siblings = n.Children
		}
	}
	for _, n := range siblings {
		if fold(n.Name.In(a.lang, a.lang)) == fold(name) {
			return n.ID
		}
	}
	return ""
}

// remember notes which categories the last transaction made.
func (ses *session) remember(paths map[string]string) { maps.Copy(ses.paths, paths) }

// mergeMedia puts the file's pictures first, in its order.
func (a *applier) mergeMedia(p *catalog.Product) {
	var ids []string
	add := func(images []Image) {
		for _, img := range images {
			if id := a.media[img.Src]; id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	add(a.in.Images)
	for _, v := range a.in.Variants {
		add(v.Images)
	}
	for _, id := range p.Media {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	p.Media = ids
}

// setFields writes custom fields and attributes. What a definition cannot hold
// is kept beside the product and told.
func (a *applier) setFields(owner custom.Owner, into custom.Values, fields []Field, attributes []Attribute, row int) {
	for _, f := range fields {
		d, ok := a.defs[owner].By(f.Key)
		if !ok {
			if !a.run.DryRun {
				a.tell(row, "transfer.field_kept_aside", "field", f.Key)
			}
			continue
		}
		v, empty, ok := d.Parse(f.Value)
		if ok && d.Kind == custom.Text {
			v = custom.OfText(a.worded(into[f.Key].Text, f.Value))
			ok = utf8.RuneCountInString(f.Value) <= custom.MaxText
		}
		if !ok {
			a.tell(row, "transfer.field_kept_aside", "field", f.Key)
			continue
		}
		if !empty {
			into[f.Key] = v
		}
	}
	for _, t := range attributes {
		code := a.plan.codes[owner][fold(t.Name[a.lang])]
		d, ok := a.defs[owner].By(code)
		if !ok {
			if !a.run.DryRun {
				a.tell(row, "transfer.field_kept_aside", "field", t.Name[a.lang])
			}
			continue
		}
		v, ok := attributeValue(d, t, a.lang)
		if !ok {
			a.tell(row, "transfer.field_kept_aside", "field", t.Name[a.lang])
			continue
		}
		if had := into[code]; d.Kind == custom.Text && had.Text[""] == "" { // languages that the file does not have stay
			all := maps.Clone(had.Text)
			if all == nil {
				all = make(locale.Text)
			}
			maps.Copy(all, v.Text)
			v = custom.OfText(all)
		}
		into[code] = v
	}
}

// worded lays a text in the file's language over the one that is there. One
// that names no language stays so.
func (a *applier) worded(had locale.Text, s string) locale.Text {
	switch {
	case had.In(a.lang, "") == s:
		return had
	case len(had) == 0, had[""] != "":
		return locale.Text{"": s}
	}
	t := maps.Clone(had)
	t[a.lang] = s
	return t
}

// attributeValue writes an attribute as the field's kind asks.
func attributeValue(d custom.Field, t Attribute, lang string) (custom.Value, bool) {
	texts := make(map[string][]string)
	for _, v := range t.Values {
		for l, s := range v {
			texts[l] = append(texts[l], s)
		}
	}
	switch d.Kind {
	case custom.Choice:
		if len(t.Values) != 1 {
			return custom.Value{}, false
		}
		for _, o := range d.Choices {
			if sameName(o.Name, t.Values[0]) {
				return custom.OfCode(o.Code), true
			}
		}
		return custom.Value{}, false
	case custom.Text:
		out := make(locale.Text, len(texts))
		for l, all := range texts {
			out[l] = strings.Join(all, ", ")
			if utf8.RuneCountInString(out[l]) > custom.MaxText {
				return custom.Value{}, false
			}
		}
		return custom.OfText(out), len(out) > 0
	case custom.Number, custom.Colour, custom.Date, custom.Truth:
	}
	v, empty, ok := d.Parse(strings.Join(texts[lang], ", "))
	return v, ok && !empty
}

// keep is what the next import and an export need to know.
func (a *applier) keep(saved catalog.Product, now time.Time) memory {
	k := memory{Product: a.in, Codes: a.plan.codes[custom.Product], VariantCodes: a.plan.codes[custom.Variant], Media: a.media, Missing: a.missing, Merged: a.merged()}
	k.Product.Rows = nil
	k.Product.Name, k.Product.Description, k.Product.SEOTitle, k.Product.SEOText = nil, nil, nil, nil
	k.Product.Variants = slices.Clone(k.Product.Variants)
	for i := range a.in.Variants {
		k.Product.Variants[i].Row = 0
		k.Variants = append(k.Variants, saved.Variants[i].ID)
	}
	return k
}
