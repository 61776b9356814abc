package image

import "fmt"

// Colour is an opaque colour.
type Colour struct{ R, G, B uint8 }

// Hex writes the colour as "#rrggbb".
func (c Colour) Hex() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// dominant returns the colour that covers most of the picture, with sixteen
// steps a channel (#rrggbb is then always of the form #xxyyzz), so that a shop
// full of pictures has few different ones. It looks at no more than 64 × 64
// pixels. Of two colours that cover as much the darker one wins; transparent
// pixels do not count, and a picture that has no others is white.
func (p picture) dominant() Colour {
	const side = 64
	if w, h := p.size(); w > side || h > side {
		p = p.resize(min(w, side), min(h, side))
	}
	type box struct{ n, r, g, b uint32 }
	boxes := make([]box, 1<<12)
	for pix := p.rgba.Pix; len(pix) >= 4; pix = pix[4:] {
		a := uint32(pix[3])
		if a < 128 {
			continue
		}
		r, g, b := uint32(pix[0])*255/a, uint32(pix[1])*255/a, uint32(pix[2])*255/a
		x := &boxes[r>>4<<8|g>>4<<4|b>>4]
		*x = box{x.n + 1, x.r + r, x.g + g, x.b + b}
	}
	var most box
	for _, x := range boxes {
		if x.n > most.n {
			most = x
		}
	}
	if most.n == 0 {
		return Colour{255, 255, 255}
	}
	step := func(sum uint32) uint8 { return uint8((sum/most.n + 8) / 17 * 17) }
	return Colour{step(most.r), step(most.g), step(most.b)}
}
