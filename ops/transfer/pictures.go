package transfer

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/stoashop/stoa/kit/fault"
)

// atOnce is how many pictures of a product are fetched at a time.
const atOnce = 4

// takePictures takes the product's pictures in, before its transaction: what
// an earlier import had already, what lies in the folder, what the web gives.
// A picture that cannot be had is told and keeps nothing back; the next import
// tries it again.
func (a *applier) takePictures(ctx context.Context) error {
	var err error
	if a.hash, err = a.fingerprint(a.s.db.Now()); err != nil {
		return err
	}
	if a.from, a.known, err = originBySource(ctx, a.s.db, a.in.Source); err != nil {
		return err
	}
	reach := a.near() || a.fetch != nil
	if a.known && a.from.Hash == a.hash && !a.in.Partial && (len(a.from.Kept.Missing) == 0 || !reach) {
		a.unchanged = true
		return nil
	}
	a.media, a.got = make(map[string]string), make(map[string]taken)
	var wanted []string
	for _, images := range append([][]Image{a.in.Images}, variantImages(a.in)...) {
		for _, img := range images {
			if !slices.Contains(wanted, img.Src) {
				wanted = append(wanted, img.Src)
			}
		}
	}
	pictures := make([]picture, len(wanted))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, src := range wanted {
		if id := a.from.Kept.Media[src]; a.known && id != "" {
			a.media[src] = id
			continue
		}
		if t, ok := a.taken[src]; ok {
			pictures[i] = picture{taken: t}
			continue
		}
		group.Go(func() (err error) {
			pictures[i], err = a.take(ctx, src)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, src := range wanted {
		switch p := pictures[i]; {
		case a.media[src] != "":
		case p.picture.Hash != "":
			a.got[src] = p.taken
			if len(a.taken) < 20_000 {
				a.taken[src] = p.taken
			}
		default:
			a.missing = append(a.missing, src)
			if p.reason != "" {
				a.problems = append(a.problems, Problem{Row: a.row(), Product: a.in.Handle, Reason: p.reason, Params: p.params, Value: excerpt(src), Notice: true})
			}
		}
	}
	return nil
}

func variantImages(p Product) [][]Image {
	var all [][]Image
	for _, v := range p.Variants {
		all = append(all, v.Images)
	}
	return all
}

// isLocal reports whether a picture is named by its file, not by its address.
func isLocal(src string) bool { return !strings.Contains(src, "://") }

// take finds one picture. The error is one of the disk or the context.
func (a *applier) take(ctx context.Context, src string) (picture, error) {
	name := path.Base(src)
	if u, err := url.Parse(src); err == nil {
		name = path.Base(u.Path)
	}
	local := isLocal(src)
	names := []string{name}
	if local {
		names = []string{src, name}
	}
	f, reason, err := a.openNear(ctx, names)
	switch {
	case err != nil:
		return picture{}, err
	case reason != "":
		return picture{reason: reason}, nil
	case f != nil:
		defer f.Close()
		if a.run.DryRun {
			return picture{}, nil
		}
		return a.s.takeIn(ctx, f, name)
	}
	switch {
	case local && a.root != nil:
		return picture{reason: "transfer.picture_not_in_folder"}, nil
	case local && a.near():
		return picture{reason: "transfer.picture_not_given"}, nil
	case local, a.run.DryRun, a.fetch == nil: // told once for the whole file
		return picture{}, nil
	}
	return a.fetch(ctx, src), ctx.Err()
}

// takeIn hands a file to the one way in for pictures.
func (s *Service) takeIn(ctx context.Context, r io.Reader, name string) (picture, error) {
	p, err := s.pictures.Picture(ctx, r)
	if f := fault.From(err); f != nil {
		if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
			return picture{}, err
		}
		return picture{reason: f.Reason, params: f.Params}, nil
	}
	if len(name) > 200 {
		name = name[len(name)-200:]
	}
	return picture{taken: taken{p, strings.ToValidUTF8(name, "")}}, nil
}

// fetch gets a picture from the web.
func (s *Service) fetch(ctx context.Context, src string) picture {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, src, nil)
	if err != nil {
		return picture{reason: "egress.address_refused"}
	}
	req.Header.Set("Accept", "image/webp,image/png,image/jpeg,image/gif")
	res, err := s.web.Do(req)
	if err != nil {
		if reason := fault.Reason(err); reason != "" {
			f := fault.From(err)
			return picture{reason: reason, params: f.Params}
		}
		return picture{reason: "transfer.picture_unreachable"}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return picture{reason: "transfer.picture_refused", params: map[string]any{"status": int64(res.StatusCode)}}
	}
	p, err := s.takeIn(ctx, res.Body, path.Base(req.URL.Path))
	if err != nil {
		s.log.WarnContext(ctx, "a picture could not be taken in", "from", req.URL.Host, "err", err)
		return picture{reason: "transfer.picture_unreachable"}
	}
	return p
}
