package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/blob"
)

// Given is a picture that is handed over together with the file that names it.
type Given struct {
	Name string // of the file; folders before it do not count
	// Open opens it. It is closed before the next one is opened.
	Open func() (io.ReadSeekCloser, error)
}

// store keeps the pictures that came with the file of which hash is the name,
// and returns their places by file name. What is no picture, or too large, is
// told of the whole file and keeps nothing back.
func (s *Service) store(ctx context.Context, hash string, pictures []Given) (kept map[string]string, refused []Problem, err error) {
	kept = make(map[string]string, len(pictures))
	keep := func(g Given, name string) error {
		file, err := g.Open()
		if err != nil {
			return fmt.Errorf("open picture: %w", err)
		}
		defer file.Close()
		if err := s.pictures.Check(file); err != nil {
			return err
		}
		sum, err := sumOf(file)
		if err != nil {
			return err
		}
		stored := "imports/" + hash[:32] + "/" + sum + ".img"
		if err := s.files.Put(ctx, blob.File{Name: stored, Body: file}); err != nil {
			return fmt.Errorf("store picture: %w", err)
		}
		kept[name] = stored
		return nil
	}
	for _, g := range pictures {
		name := path.Base(strings.ReplaceAll(strings.ToValidUTF8(g.Name, ""), "\\", "/"))
		if err := keep(g, name); err != nil {
			f := fault.From(err)
			if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
				return nil, nil, err
			}
			refused = append(refused, Problem{Reason: f.Reason, Params: f.Params, Value: excerpt(name), Notice: true})
		}
	}
	return kept, refused, nil
}

// sumOf names a file after its content and leaves it at its beginning.
func sumOf(f io.ReadSeeker) (string, error) {
	h := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("rewind picture: %w", err)
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read picture: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("rewind picture: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// near reports whether pictures are looked for by their file names.
func (ses *session) near() bool { return ses.root != nil || len(ses.run.Report.Given) > 0 }

// submitted reports whether the run's file was uploaded, so that pictures come
// with it and lie in no folder.
func (ses *session) submitted() bool { return ses.run.Report.File != "" }

// openNear opens a picture by the first of its names that is there. reason says
// why it cannot be read; without a reason and a file it is not there.
func (ses *session) openNear(ctx context.Context, names []string) (f io.ReadCloser, reason string, err error) {
	for _, n := range names {
		if ses.root != nil {
			f, err := ses.root.Open(n)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, "transfer.picture_unreadable", nil
			}
			return f, "", nil
		}
		stored, ok := ses.run.Report.Given[n]
		if !ok {
			continue
		}
		f, err := ses.s.files.Open(ctx, stored)
		if fault.Is(err, fault.NotFound) {
			return nil, "transfer.picture_gone", nil
		}
		return f, "", err
	}
	return nil, "", nil
}
