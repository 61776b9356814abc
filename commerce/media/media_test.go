package media_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var actor = audit.Staff("stf_1")

func TestMedia_addressesNeverEnlarge(t *testing.T) {
	m := media.Media{Hash: "abc", Mime: "image/jpeg", Width: 700}
	if got, want := m.Ladder(), []int{160, 320, 480, 700}; !slices.Equal(got, want) {
		t.Errorf("ladder %v, want %v", got, want)
	}
	if got, want := m.Srcset(), "/media/abc/160.jpg 160w, /media/abc/320.jpg 320w, /media/abc/480.jpg 480w, /media/abc/700.jpg 700w"; got != want {
		t.Errorf("srcset %q", got)
	}
	for width, want := range map[int]string{50: "/media/abc/160.jpg", 500: "/media/abc/480.jpg", 5000: "/media/abc/700.jpg"} {
		if got := m.URL(width); got != want {
			t.Errorf("URL(%d) = %s, want %s", width, got, want)
		}
	}
	wide := media.Media{Hash: "abc", Mime: "image/png", Width: 4000}
	if got, want := wide.URL(9999), "/media/abc/1920.png"; got != want {
		t.Errorf("a wide one: %s, want %s", got, want)
	}
	tiny := media.Media{Hash: "abc", Mime: "image/png", Width: 20}
	if got := tiny.Ladder(); !slices.Equal(got, []int{20}) {
		t.Errorf("a tiny one: %v", got)
	}
}

func TestAdd_onceForTheSameBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		in := media.Input{Hash: "aaaaaaaaaaaaaaaa", Mime: "image/jpeg", Width: 700, Height: 900, Bytes: 5, Colour: "#aabbcc", Name: "a.jpg", Alt: locale.Text{"en": " A cup ", "de": ""}}
		add := func(in media.Input) (m media.Media, err error) {
			err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				m, err = media.Add(ctx, tx, actor, in)
				return err
			})
			return m, err
		}
		first, err := add(in)
		if err != nil || first.Alt["en"] != "A cup" || len(first.Alt) != 1 {
			t.Fatalf("added %+v, %v", first, err)
		}
		in.Name = "b.jpg"
		second, err := add(in)
		if err != nil || second.ID != first.ID || second.Name != "a.jpg" {
			t.Errorf("the same bytes: %+v, %v; want the first row", second, err)
		}
		for _, bad := range []media.Input{{Hash: "../../etc/passwd", Mime: "image/jpeg", Width: 1, Height: 1, Bytes: 1}, {Hash: in.Hash, Mime: "text/html", Width: 1, Height: 1, Bytes: 1}, {Hash: in.Hash, Mime: "image/jpeg"}} {
			if _, err := add(bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return media.SetAlt(ctx, tx, actor, first.ID, locale.Text{"de": "Eine Tasse"}, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return media.SetAlt(ctx, tx, actor, first.ID, locale.Text{"de": "Zwei Tassen"}, 1)
		})
		if f := fault.From(err); f == nil || f.Reason != "media.version_conflict" || f.Params["current"] != int64(2) {
			t.Errorf("an old version: %v", err)
		}
		all, err := media.ByIDs(t.Context(), e.DB, []string{first.ID, "med_none"})
		if err != nil || len(all) != 1 || all[first.ID].Alt["de"] != "Eine Tasse" || all[first.ID].Alt["en"] != "" {
			t.Errorf("stored %+v, %v", all, err)
		}
	})
}
