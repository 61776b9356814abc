package content

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Service reads and changes the shop's words.
type Service struct {
	*Markdown
	db     *db.DB
	lang   string // the shop's first language
	vault  *privacy.Vault
	pages  *audit.Held[[]Page]
	blocks *audit.Held[[]Shown]
}

// New returns the words of a shop; lang is its first language. Call it before
// the log's Start.
func New(d *db.DB, log *audit.Log, vault *privacy.Vault, lang string) *Service {
	return &Service{
		Markdown: NewMarkdown(), db: d, lang: lang, vault: vault,
		pages:  audit.Hold(log, "pages", []string{"page"}, func(ctx context.Context) ([]Page, error) { return pages(ctx, d) }),
		blocks: audit.Hold(log, "blocks", []string{"block", "media"}, func(ctx context.Context) ([]Shown, error) { return blocks(ctx, d) }),
	}
}

// Pages lists every page in order, drafts included, from memory.
func (s *Service) Pages(ctx context.Context) ([]Page, error) { return s.pages.Get(ctx) }

// Menu lists the pages of a menu that shoppers see, in order, from memory.
func (s *Service) Menu(ctx context.Context, menu Menu) ([]Page, error) {
	all, err := s.pages.Get(ctx)
	var list []Page
	for _, p := range all {
		if p.Menu == menu && !p.Draft {
			list = append(list, p)
		}
	}
	return list, err
}

// ByCode returns the page with a code that shoppers see, from memory. It fails
// with "content.page_not_found".
func (s *Service) ByCode(ctx context.Context, code string) (Page, error) {
	all, err := s.pages.Get(ctx)
	if err != nil {
		return Page{}, err
	}
	for _, p := range all {
		if p.Code == code && !p.Draft {
			return p, nil
		}
	}
	return Page{}, pageNotFound()
}

// Terms names the pages of Agreed that shoppers see, with their versions, from
// memory: "terms 3, returns 1". It is "" when there are none. What a version
// said, the change log keeps.
func (s *Service) Terms(ctx context.Context) (string, error) {
	var list []string
	for _, code := range Agreed() {
		p, err := s.ByCode(ctx, code)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return "", err
		default:
			list = append(list, code+" "+strconv.FormatInt(p.Version, 10))
		}
	}
	return strings.Join(list, ", "), nil
}

func pageNotFound() error { return fault.New(fault.NotFound, "content.page_not_found") }

// Found is what a page's address leads to: exactly one of its members is set.
type Found struct {
	Page *Page
	// MovedTo is the page's current address in the asked language.
	MovedTo string
	// Elsewhere is what a deleted page's address leads to.
	Elsewhere slug.Target
}

// At finds a page by its address: from memory when it is a current one, else
// with one statement. It fails with "content.page_not_found", and with
// "content.page_gone" when it was deleted for good.
func (s *Service) At(ctx context.Context, lang, address string) (Found, error) {
	all, err := s.pages.Get(ctx)
	if err != nil {
		return Found{}, err
	}
	for i, p := range all {
		if !p.Draft && p.Slugs.In(lang, s.lang) == address {
			return Found{Page: &all[i]}, nil
		}
	}
	hit, ok, err := slug.Find(ctx, s.db, slug.Page, lang, s.lang, address)
	switch {
	case err != nil:
		return Found{}, err
	case !ok:
		return Found{}, pageNotFound()
	case hit.Gone() && hit.GoneTo.ID != "":
		return Found{Elsewhere: hit.GoneTo}, nil
	case hit.Gone():
		return Found{}, fault.New(fault.Gone, "content.page_gone")
	}
	for _, p := range all {
		if p.ID == hit.ObjectID && !p.Draft && p.Slugs.In(lang, s.lang) != address {
			return Found{MovedTo: p.Slugs.In(lang, s.lang)}, nil
		}
	}
	return Found{}, pageNotFound()
}

// SavePage creates a page (ID is "") or rewrites one; the code of an existing
// page stays. It fails with "form.invalid" at the field,
// "content.page_not_found" and "content.version_conflict".
func (s *Service) SavePage(ctx context.Context, tx *db.Tx, actor audit.Actor, p Page) (Page, error) {
	tidy(&p.Title, &p.Body, &p.SEODescription, &p.Slugs)
	change := audit.Change{Actor: actor, Action: "page.created", Object: "page"}
	fresh := p.ID == ""
	if !fresh {
		old, err := lockPage(ctx, tx, p.ID)
		if errors.Is(err, db.ErrNoRows) {
			return p, pageNotFound()
		}
		if err != nil {
			return p, err
		}
		if p.Version != old.Version {
			return p, conflict(p.Version, old.Version)
		}
		p.Code = old.Code
		change.Action, change.Before = "page.saved", old
	} else if p.Code == "" {
		p.Code = slug.Make("", p.Title.In("en", s.lang))
	}
	if err := p.check(); err != nil {
		return p, err
	}
	p.Version++
	p.UpdatedAt = tx.Now()
	if fresh {
		p.ID, p.Version = tx.NewID("pag"), 1
		n, err := insertPage(ctx, tx, p)
		if err != nil {
			return p, err
		}
		if n == 0 {
			return p, fault.New(fault.Invalid, "form.invalid").At("code", "content.code_taken")
		}
	} else if err := updatePage(ctx, tx, p); err != nil {
		return p, err
	}
	slugs, taken, err := slug.Apply(ctx, tx, slug.Page, []slug.Object{{ID: p.ID, New: fresh, Slugs: p.Slugs, Names: p.Title}})
	if err != nil {
		return p, err
	}
	var form fault.Form
	for _, t := range taken {
		form.Add("slugs."+t.Locale, "slug.taken", "slug", t.Slug)
	}
	if err := form.Err(); err != nil {
		return p, err
	}
	p.Slugs = slugs[0]
	change.ID, change.After = p.ID, p
	return p, audit.Append(ctx, tx, change)
}

func conflict(given, current int64) error {
	return fault.New(fault.Conflict, "content.version_conflict").With("version", given).With("current", current)
}

// DeletePage deletes a page. Its address leads to another object from now on,
// or answers 410 when to is the zero value.
func (s *Service) DeletePage(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, to slug.Target) error {
	old, err := lockPage(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return pageNotFound()
	}
	if err != nil {
		return err
	}
	if err := deletePage(ctx, tx, id); err != nil {
		return err
	}
	if err := slug.Delete(ctx, tx, slug.Page, id, to); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "page.deleted", Object: "page", ID: id, Before: old})
}

// Blocks lists the blocks of a place in order, from memory; drafts only when
// asked for.
func (s *Service) Blocks(ctx context.Context, place Place, drafts bool) ([]Shown, error) {
	all, err := s.blocks.Get(ctx)
	var list []Shown
	for _, b := range all {
		if b.Place == place && (drafts || !b.Draft) {
			list = append(list, b)
		}
	}
	return list, err
}

// SaveBlock creates a block (ID is "", at the end of its place) or rewrites
// one; it keeps its place and position. It fails with "form.invalid" at the
// field, "content.block_not_found" and "content.version_conflict".
func (s *Service) SaveBlock(ctx context.Context, tx *db.Tx, actor audit.Actor, b Block) (Block, error) {
	tidy(&b.Title, &b.Body, &b.Action)
	change := audit.Change{Actor: actor, Action: "block.created", Object: "block"}
	if b.ID == "" {
		others, err := lockBlocks(ctx, tx, b.Place)
		if err != nil {
			return b, err
		}
		b.Position, b.Version = 0, 0
		if n := len(others); n > 0 {
			b.Position = others[n-1].Position + 1
		}
	} else {
		old, err := lockBlock(ctx, tx, b.ID)
		if errors.Is(err, db.ErrNoRows) {
			return b, blockNotFound()
		}
		if err != nil {
			return b, err
		}
		if b.Version != old.Version {
			return b, conflict(b.Version, old.Version)
		}
		b.Place, b.Position = old.Place, old.Position
		change.Action, change.Before = "block.saved", old
	}
	if err := b.check(); err != nil {
		return b, err
	}
	if b.MediaID != "" {
		found, err := media.ByIDs(ctx, tx, []string{b.MediaID})
		if err != nil {
			return b, err
		}
		if len(found) == 0 {
			return b, fault.New(fault.Invalid, "form.invalid").At("media", "media.not_found")
		}
	}
	if b.ID == "" {
		b.ID = tx.NewID("blk")
	}
	b.Version++
	if err := putBlock(ctx, tx, b); err != nil {
		return b, err
	}
	change.ID, change.After = b.ID, b
	return b, audit.Append(ctx, tx, change)
}

func blockNotFound() error { return fault.New(fault.NotFound, "content.block_not_found") }

// MoveBlock puts a block at an index among those of its place, counted from 0.
func (s *Service) MoveBlock(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, index int) error {
	b, err := lockBlock(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return blockNotFound()
	}
	if err != nil {
		return err
	}
	all, err := lockBlocks(ctx, tx, b.Place)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, x := range all {
		ids[i] = x.ID
	}
	for i, x := range move(ids, id, index) {
		if err := setBlockPosition(ctx, tx, x, i); err != nil {
			return err
		}
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "block.moved", Object: "block", ID: id, Before: b.Position, After: index})
}

// DeleteBlock deletes a block. A second call fails with
// "content.block_not_found".
func (s *Service) DeleteBlock(ctx context.Context, tx *db.Tx, actor audit.Actor, id string) error {
	old, err := lockBlock(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return blockNotFound()
	}
	if err != nil {
		return err
	}
	if err := deleteBlock(ctx, tx, id); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "block.deleted", Object: "block", ID: id, Before: old})
}

// sealedFields is what of a message is sealed.
type sealedFields struct {
	Name, Email, Order, Text, Lang string
}

func messagePlace(id string) string { return "contact_message.message:" + id }

// Send stores a message, sealed under a key of its own, and returns it with
// its id. It fails as Message.Check does.
func (s *Service) Send(ctx context.Context, tx *db.Tx, m Message) (Message, error) {
	m.Name, m.Email, m.Order, m.Text = strings.TrimSpace(m.Name), strings.TrimSpace(m.Email), strings.TrimSpace(m.Order), strings.TrimSpace(m.Text)
	if err := m.Check(); err != nil {
		return m, err
	}
	key, err := s.vault.NewKey()
	if err != nil {
		return m, err
	}
	m.ID, m.At, m.Done = tx.NewID("msg"), tx.Now(), false
	sealed, err := s.vault.SealJSON(ctx, key, messagePlace(m.ID), sealedFields{m.Name, m.Email, m.Order, m.Text, m.Lang})
	if err != nil {
		return m, err
	}
	return m, insertMessage(ctx, tx, m.ID, key, sealed, s.from(m.Email))
}

// from is the blind index of a writer's address.
func (s *Service) from(email string) []byte { return s.vault.Index("email", market.EmailKey(email)) }

// MessagesOf lists every message that came from an address, newest first.
func (s *Service) MessagesOf(ctx context.Context, q db.Q, email string) ([]Message, error) {
	rows, err := messagesFrom(ctx, q, s.from(email))
	if err != nil {
		return nil, err
	}
	return s.read(ctx, rows)
}

// Messages lists messages newest first, at most limit, those before a given id
// ("" for the first page).
func (s *Service) Messages(ctx context.Context, q db.Q, before string, limit int) ([]Message, error) {
	rows, err := messages(ctx, q, before, limit)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, rows)
}

func (s *Service) read(ctx context.Context, rows []sealedMessage) ([]Message, error) {
	list := make([]Message, len(rows))
	for i, r := range rows {
		var f sealedFields
		err := s.vault.OpenJSON(ctx, r.keyID, messagePlace(r.ID), r.sealed, &f)
		switch {
		case errors.Is(err, privacy.ErrErased):
			r.Erased = true
		case err != nil:
			return nil, err
		}
		r.Name, r.Email, r.Order, r.Text, r.Lang = f.Name, f.Email, f.Order, f.Text, f.Lang
		list[i] = r.Message
	}
	return list, nil
}

// SetDone notes that a message was dealt with, or is to be looked at again. It
// fails with "content.message_not_found".
func (s *Service) SetDone(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, done bool) error {
	state := "new"
	if done {
		state = "done"
	}
	n, err := setMessageState(ctx, tx, id, state)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "content.message_not_found")
	}
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "message." + state, Object: "message", ID: id})
}
