package content_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var actor = audit.Staff("stf_1")

type shop struct {
	dbtest.Env
	*content.Service
	vault *privacy.Vault
}

func open(t *testing.T, e dbtest.Env) *shop {
	t.Helper()
	log := audit.NewLog(e.DB, slog.New(slog.NewTextHandler(io.Discard, nil)))
	vault := e.Vault(t)
	s := &shop{e, content.New(e.DB, log, vault, "en"), vault}
	if err := log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) tx(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func en(s string) locale.Text { return locale.Text{"en": s} }

func TestPages_areReadFromMemoryAndNeverOld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var about content.Page
		save := func(p content.Page) content.Page {
			t.Helper()
			s.tx(t, func(ctx context.Context, tx *db.Tx) (err error) {
				p, err = s.SavePage(ctx, tx, actor, p)
				return err
			})
			return p
		}
		about = save(content.Page{Title: locale.Text{"en": "About us", "de": "Über uns"}, Body: en("Since **1998**."), Menu: content.ShopMenu})
		save(content.Page{Title: en("Secret"), Menu: content.ShopMenu, Draft: true})
		if about.Code != "about-us" || about.Slugs["de"] != "ueber-uns" {
			t.Errorf("code %q, slugs %v", about.Code, about.Slugs)
		}
		menu, err := s.Menu(t.Context(), content.ShopMenu)
		if err != nil || len(menu) != 1 || menu[0].ID != about.ID {
			t.Fatalf("menu %v, %v; want the page that is no draft", menu, err)
		}
		before := e.DB.Statements()
		if f, err := s.At(t.Context(), "de", "ueber-uns"); err != nil || f.Page == nil || f.Page.Title["de"] != "Über uns" {
			t.Errorf("at its address: %+v, %v", f, err)
		}
		if n := e.DB.Statements() - before; n != 0 {
			t.Errorf("%d statements, want none", n)
		}
		if _, err := s.At(t.Context(), "en", "secret"); fault.Reason(err) != "content.page_not_found" {
			t.Errorf("a draft: %v", err)
		}

		about.Slugs = locale.Text{"en": "our-story"}
		about.Title = en("Our story")
		about = save(about)
		if f, err := s.At(t.Context(), "en", "about-us"); err != nil || f.MovedTo != "our-story" {
			t.Errorf("the old address: %+v, %v", f, err)
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			stale := about
			stale.Version = 1
			_, err := s.SavePage(ctx, tx, actor, stale)
			return err
		})
		if f := fault.From(err); f == nil || f.Kind != fault.Conflict || f.Params["version"] != int64(1) || f.Params["current"] != int64(2) {
			t.Errorf("an old version: %v", err)
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			return s.DeletePage(ctx, tx, actor, about.ID, slug.Target{})
		})
		for _, address := range []string{"about-us", "our-story"} {
			if _, err := s.At(t.Context(), "en", address); fault.Reason(err) != "content.page_gone" {
				t.Errorf("deleted, %s: %v", address, err)
			}
		}
		if menu, _ := s.Menu(t.Context(), content.ShopMenu); len(menu) != 0 {
			t.Errorf("the menu still has %v", menu)
		}
	})
}

func TestMarkdown_isCleaned(t *testing.T) {
	m := content.NewMarkdown()
	for in, want := range map[string]string{
		"# Hello\n\nYou *and* **me**":     "<h2>Hello</h2>\n<p>You <em>and</em> <strong>me</strong></p>\n",
		"[shop](/products/x)":             "<p><a href=\"/products/x\">shop</a></p>\n",
		"[out](https://example.com)":      "<p><a href=\"https://example.com\">out</a></p>\n",
		"| a | b |\n|---|---|\n| 1 | 2 |": "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n",
		"":                                "",
	} {
		if got := string(m.HTML(in)); got != want {
			t.Errorf("HTML(%q) = %q, want %q", in, got, want)
		}
		if again := string(m.HTML(in)); again != want {
			t.Errorf("a second time HTML(%q) = %q", in, again)
		}
	}
	for _, evil := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](data:text/html;base64,AAAA)",
		"<a href=\"https://e.com\" onclick=\"x\">y</a>", "[x](JaVaScRiPt:alert(1))", "![x](javascript:alert(1))", "<style>*{}</style>", "<iframe src=//e></iframe>",
		"[x](  java\nscript:alert(1))", "<svg/onload=alert(1)>", "<p style=\"position:fixed\">x</p>",
	} {
		got := strings.ToLower(string(m.HTML(evil)))
		for _, bad := range []string{"<script", "onerror", "onclick", "href=\"javascript", "href=\"data", "<style", "<iframe", "<svg", "style=", "<img"} {
			if strings.Contains(got, bad) {
				t.Errorf("HTML(%q) = %q has %s", evil, got, bad)
			}
		}
	}
}

func TestBlocks_standInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var ids []string
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			ids = nil
			m, err := media.Add(ctx, tx, actor, media.Input{Hash: "aaaaaaaaaaaaaaaa", Mime: "image/jpeg", Width: 10, Height: 10, Bytes: 1})
			if err != nil {
				return err
			}
			for _, b := range []content.Block{
				{Place: content.Home, Kind: content.Hero, Title: en("First"), MediaID: m.ID, Target: slug.Target{Kind: slug.Category, ID: "cat_1"}},
				{Place: content.Home, Kind: content.Categories},
				{Place: content.Home, Kind: content.Story, Title: en("Third"), Draft: true},
				{Place: content.Announcement, Kind: content.Notice, Title: en("Free delivery from 50 €")},
			} {
				b, err := s.SaveBlock(ctx, tx, actor, b)
				if err != nil {
					return err
				}
				ids = append(ids, b.ID)
			}
			return nil
		})
		order := func(drafts bool) []string {
			t.Helper()
			list, err := s.Blocks(t.Context(), content.Home, drafts)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range list {
				got = append(got, b.ID)
			}
			return got
		}
		if got := order(false); !slices.Equal(got, ids[:2]) {
			t.Errorf("shown %v, want %v", got, ids[:2])
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error { return s.MoveBlock(ctx, tx, actor, ids[2], 0) })
		if got, want := order(true), []string{ids[2], ids[0], ids[1]}; !slices.Equal(got, want) {
			t.Errorf("after the move %v, want %v", got, want)
		}
		list, _ := s.Blocks(t.Context(), content.Home, false)
		if list[0].Media == nil || list[0].Media.Hash != "aaaaaaaaaaaaaaaa" || list[0].Target != (slug.Target{Kind: slug.Category, ID: "cat_1"}) {
			t.Errorf("hero %+v", list[0])
		}
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SaveBlock(ctx, tx, actor, content.Block{Place: content.Announcement, Kind: content.Hero, Title: en("x"), Target: slug.Target{Kind: "elsewhere", ID: "1"}})
			return err
		})
		if f := fault.From(err); f == nil || len(f.Fields) != 2 {
			t.Errorf("a hero as announcement, leading elsewhere: %v", err)
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := media.Delete(ctx, tx, actor, list[0].MediaID)
			return err
		})
		if fault.Reason(err) != "media.in_use" {
			t.Errorf("a shown picture was deleted: %v", err)
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error { return s.DeleteBlock(ctx, tx, actor, ids[0]) })
		s.tx(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := media.Delete(ctx, tx, actor, list[0].MediaID)
			return err
		})
	})
}

func TestMessages_areSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		var sent content.Message
		s.tx(t, func(ctx context.Context, tx *db.Tx) (err error) {
			sent, err = s.Send(ctx, tx, content.Message{Name: " Ada ", Email: "ada@example.com", Text: "Where is my parcel?", Lang: "en"})
			return err
		})
		var raw []byte
		var key string
		if err := e.DB.QueryRow(t.Context(), `SELECT message, key_id FROM contact_message`).Scan(&raw, &key); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("parcel")) || bytes.Contains(raw, []byte("ada")) {
			t.Error("the stored message can be read")
		}
		list, err := s.Messages(t.Context(), e.DB, "", 10)
		if err != nil || len(list) != 1 || list[0] != sent || list[0].Name != "Ada" || list[0].Text != "Where is my parcel?" {
			t.Errorf("messages %+v, %v; want %+v", list, err, sent)
		}
		s.tx(t, func(ctx context.Context, tx *db.Tx) error { return s.SetDone(ctx, tx, actor, sent.ID, true) })
		if err := s.vault.Erase(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		list, err = s.Messages(t.Context(), e.DB, "", 10)
		if err != nil || len(list) != 1 || !list[0].Erased || !list[0].Done || list[0].Text != "" {
			t.Errorf("after the erasure %+v, %v", list, err)
		}
		for field, m := range map[string]content.Message{
			"name":    {Email: "a@example.com", Text: "x"},
			"email":   {Name: "A", Email: "a@b c.de", Text: "x"},
			"message": {Name: "A", Email: "a@example.com", Text: strings.Repeat("x", 5001)},
		} {
			err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Send(ctx, tx, m)
				return err
			})
			if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Path != field {
				t.Errorf("bad %s: %v", field, err)
			}
		}
		if list, _ := s.Messages(t.Context(), e.DB, "", 10); len(list) != 1 {
			t.Errorf("%d messages, want still 1", len(list))
		}
	})
}
