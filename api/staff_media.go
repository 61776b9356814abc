package api

import (
	"context"
	"mime/multipart"
	"net/http"

	"github.com/stoashop/stoa/api/kit"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// staffMedia are the operations on pictures, which products then name by id.
func (a *API) staffMedia(k *kit.API) {
	const tag = "staff: pictures"
	kit.Add(k, kit.Operation[pictureIn, staffPicture]{
		Name: "staff.media.create", Method: http.MethodPost, Path: "/staff/media", Tag: tag, Who: desk, Permission: policy.CatalogWrite, Status: http.StatusCreated, Once: true, Body: 21 << 20,
		Summary:     "Upload a picture.",
		Description: "JPEG, PNG, GIF or WebP of at most 20 MiB. It is drawn anew from its pixels alone, so places and whatever else was in the file stay behind. The same picture again is the one that is there, with its words. Put its id into media of a product.",
		Handler:     a.addPicture,
	})
	kit.Add(k, kit.Operation[mediaID, staffPicture]{
		Name: "staff.media.get", Method: http.MethodGet, Path: "/staff/media/{id}", Tag: tag, Who: desk, Permission: policy.CatalogRead,
		Summary: "Get a picture's addresses and words.",
		Handler: func(ctx context.Context, in mediaID) (staffPicture, error) { return a.pictureOf(ctx, a.DB, in.ID) },
	})
	kit.Add(k, kit.Operation[altIn, staffPicture]{
		Name: "staff.media.describe", Method: http.MethodPut, Path: "/staff/media/{id}/alt", Tag: tag, Who: desk, Permission: policy.CatalogWrite,
		Summary: "Say what a picture shows, in every language at once.",
		Tx: func(ctx context.Context, tx *db.Tx, in altIn) (staffPicture, error) {
			if _, err := a.pictureOf(ctx, tx, in.ID); err != nil {
				return staffPicture{}, err
			}
			if err := media.SetAlt(ctx, tx, actor(ctx), in.ID, in.Alt, in.Version); err != nil {
				return staffPicture{}, err
			}
			return a.pictureOf(ctx, tx, in.ID)
		},
	})
}

type pictureIn struct {
	File     *multipart.FileHeader `form:"file" required:"true" doc:"The picture; its name is only a note."`
	Alt      string                `form:"alt" max:"500" doc:"What it shows, for those who cannot see it."`
	Language string                `form:"language" max:"35" doc:"Of alt; the shop's first one when absent."`
}

type mediaID struct {
	ID string `path:"id" max:"40"`
}

type altIn struct {
	ID      string      `path:"id" max:"40"`
	Version int64       `json:"version" min:"0" doc:"As it was read; or send If-Match."`
	Alt     locale.Text `json:"alt" required:"true" max:"500" doc:"What it shows, by language."`
}

// staffPicture is a picture as staff keep it.
type staffPicture struct {
	ID      string      `json:"id"`
	Version int64       `json:"version"`
	URL     string      `json:"url" doc:"A middle width; a path of the shop."`
	Srcset  string      `json:"srcset" doc:"Every width, as HTML's srcset."`
	Width   int         `json:"width" doc:"Of the largest rendition, in pixels."`
	Height  int         `json:"height"`
	Bytes   int64       `json:"bytes"`
	Mime    string      `json:"mime" enum:"image/jpeg image/png"`
	Colour  string      `json:"colour" doc:"The dominant one, #rrggbb."`
	Alt     locale.Text `json:"alt"`
	Name    string      `json:"name" doc:"Of the file that was uploaded."`
}

// Location implements kit.Located.
func (p staffPicture) Location() string { return Base + "/staff/media/" + p.ID }

// Edition implements kit.Versioned.
func (p staffPicture) Edition() int64 { return p.Version }

func staffPictureOf(m media.Media) staffPicture {
	return staffPicture{m.ID, m.Version, m.URL(usual), m.Srcset(), m.Width, m.Height, m.Bytes, m.Mime, m.Colour, texts(m.Alt), m.Name}
}

func (a *API) pictureOf(ctx context.Context, q db.Q, name string) (staffPicture, error) {
	missing := fault.New(fault.NotFound, "media.not_found")
	if !id.Valid("med", name) {
		return staffPicture{}, missing
	}
	found, err := media.ByIDs(ctx, q, []string{name})
	if err != nil {
		return staffPicture{}, err
	}
	m, ok := found[name]
	if !ok {
		return staffPicture{}, missing
	}
	return staffPictureOf(m), nil
}

// addPicture stores the bytes, under their hash, before the row that names
// them: a crash in between leaves files that the next try finds in place.
func (a *API) addPicture(ctx context.Context, in pictureIn) (staffPicture, error) {
	var none staffPicture
	v, err := a.visit(ctx, languageIn{in.Language})
	if err != nil {
		return none, err
	}
	lang := in.Language
	if lang == "" {
		lang = v.shop.Shop.Languages[0]
	}
	f, err := in.File.Open()
	if err != nil {
		return none, err
	}
	defer f.Close()
	pic, err := a.Upload.Picture(ctx, f)
	if err != nil {
		if bad := fault.From(err); bad.Kind != fault.Internal && len(bad.Fields) == 0 { // say at which input
			params := make([]any, 0, 2*len(bad.Params))
			for name, value := range bad.Params {
				params = append(params, name, value)
			}
			err = bad.At("file", bad.Reason, params...)
		}
		return none, err
	}
	var alt locale.Text
	if in.Alt != "" {
		alt = locale.Text{lang: in.Alt}
	}
	var m media.Media
	err = a.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		m, err = media.Add(ctx, tx, actor(ctx), media.Input{Hash: pic.Hash, Mime: pic.Mime, Width: pic.Width, Height: pic.Height, Bytes: pic.Bytes, Colour: pic.Colour, Name: in.File.Filename, Alt: alt})
		return err
	})
	return staffPictureOf(m), err
}
