package storefront

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

// picture describes a picture in all its sizes.
func (v *Visit) picture(m media.Media) view.Image {
	ladder := m.Ladder()
	width := ladder[0]
	for _, w := range ladder {
		if w <= 960 {
			width = w
		}
	}
	return view.Image{
		Src: m.URL(width), Srcset: m.Srcset(), Large: m.URL(ladder[len(ladder)-1]),
		Width: width, Height: max(1, width*m.Height/max(1, m.Width)),
		Alt: v.text(m.Alt), Colour: theme.ColourClass(m.Colour),
	}
}

// maxPictures bounds how many pictures are remembered by hash.
const maxPictures = 20_000

// byHash finds the pictures of bag and order lines, which know only the hash.
// What a hash names never changes, so most are remembered.
func (s *Store) byHash(ctx context.Context, v *Visit, hashes []string) (map[string]*view.Image, error) {
	found := make(map[string]*view.Image, len(hashes))
	for _, hash := range hashes {
		if hash == "" || found[hash] != nil {
			continue
		}
		s.mu.Lock()
		m, ok := s.pictures[hash]
		s.mu.Unlock()
		if !ok {
			var err error
			m, err = media.ByHash(ctx, s.DB, hash)
			if errors.Is(err, db.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read picture: %w", err)
			}
			s.mu.Lock()
			if len(s.pictures) >= maxPictures {
				clear(s.pictures)
			}
			s.pictures[hash] = m
			s.mu.Unlock()
		}
		image := v.picture(m)
		found[hash] = &image
	}
	return found, nil
}
