// Package upload is the one way in for files. Whoever receives one, from a
// form, a program, an import or an archive, hands it to the same Service and
// gets the same verdict.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/image"
)

// Quota may refuse an upload. It is asked with the size of the file in bytes
// before anything is decoded or stored; whose upload it is, it reads from the
// context. Its error, a TooLarge or TooMany fault, goes to the asker.
type Quota func(ctx context.Context, bytes int64) error

// Service takes files in. It is safe for concurrent use.
type Service struct {
	files  blob.Store
	images *image.Pipeline
	quota  Quota
}

// New returns a service that stores in files what images makes. A nil quota
// refuses nothing.
func New(files blob.Store, images *image.Pipeline, quota Quota) *Service {
	return &Service{files, images, quota}
}

// Picture is a picture that has been taken in.
type Picture struct {
	// Hash names the picture: equal pictures have equal hashes. It is the
	// blob.Hash of the largest rendition, 52 characters a-z, 2-7.
	Hash   string
	Mime   string // "image/jpeg", or "image/png" for one with transparency
	Colour string // "#rrggbb", covers most of it; one of few: sixteen steps a channel

	Width, Height int   // of the largest rendition, in pixels
	Bytes         int64 // of the largest rendition
	Widths        []int // of all renditions, ascending; the last is Width
}

// Picture takes a picture in: it reads at most the size that is allowed, looks
// at nothing but the content, makes the renditions and stores them under Name.
// What is stored is made from pixels alone, so scripts, places and whatever
// else was in the file stay behind. Taking the same file in twice stores
// nothing new and returns the same.
//
// It fails with "upload.empty", the quota's error, "image.too_many_bytes",
// "image.too_many_pixels", "image.unknown_format" (SVG and HTML among them) or
// "image.broken"; then nothing has been stored.
func (s *Service) Picture(ctx context.Context, r io.Reader) (Picture, error) {
	data, err := s.read(ctx, r)
	if err != nil {
		return Picture{}, err
	}
	res, err := s.images.Process(ctx, data)
	if err != nil {
		return Picture{}, err
	}
	last := res.Renditions[len(res.Renditions)-1]
	pic := Picture{
		Hash:   blob.Hash(last.Data),
		Mime:   last.Mime,
		Colour: res.Colour.Hex(),
		Width:  last.Width,
		Height: last.Height,
		Bytes:  int64(len(last.Data)),
	}
	files := make([]blob.File, len(res.Renditions))
	for i, rend := range res.Renditions {
		pic.Widths = append(pic.Widths, rend.Width)
		files[i] = blob.File{Name: Name(pic.Hash, pic.Mime, rend.Width), Data: rend.Data}
	}
	if err := s.files.Put(ctx, files...); err != nil {
		return Picture{}, fmt.Errorf("store picture: %w", err)
	}
	return pic, nil
}

// Check fails like Picture where the size, the kind or the header of the file
// is the reason, and takes nothing in. Nobody's quota is asked.
func (s *Service) Check(r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, s.images.MaxBytes()+1))
	switch {
	case err != nil:
		return fmt.Errorf("read upload: %w", err)
	case len(data) == 0:
		return fault.New(fault.Invalid, "upload.empty")
	}
	_, err = s.images.Inspect(data)
	return err
}

func (s *Service) read(ctx context.Context, r io.Reader) ([]byte, error) {
	most := s.images.MaxBytes()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch f := (*fault.Error)(nil); {
	case errors.As(err, &f):
		return nil, err // whoever gave us the reader has limits of his own
	case err != nil:
		return nil, fmt.Errorf("read upload: %w", err)
	case len(data) == 0:
		return nil, fault.New(fault.Invalid, "upload.empty")
	case int64(len(data)) <= most && s.quota != nil: // else Process refuses it
		return data, s.quota(ctx, int64(len(data)))
	}
	return data, nil
}

// Name is where the rendition of a picture lies in the blob store:
// "media/ab/abc…-640.jpg". No part of it comes from whoever sent the file.
func Name(hash, mime string, width int) string {
	return "media/" + hash[:2] + "/" + hash + "-" + strconv.Itoa(width) + "." + Ext(mime)
}

// Ext is the ending of the files of a Picture's mime type.
func Ext(mime string) string {
	if mime == "image/png" {
		return "png"
	}
	return "jpg"
}
