package image

import (
	stdimage "image"
	"image/draw"
	"math"
)

// picture is pixels to work on: 8 bits a channel, colours multiplied by alpha,
// so that averages of neighbours are right at transparent edges too.
type picture struct {
	rgba   *stdimage.RGBA // bounds begin at 0,0
	opaque bool           // every alpha is 255
}

func (p picture) size() (w, h int) { return p.rgba.Rect.Dx(), p.rgba.Rect.Dy() }

// load brings any decoded image into working form and averages k × k pixels
// into one on the way (those at the right and lower edge are averages of what
// is left). It goes band by band, so it never holds img twice.
func load(img stdimage.Image, k int) picture {
	b := img.Bounds()
	w, h := (b.Dx()+k-1)/k, (b.Dy()+k-1)/k
	out := stdimage.NewRGBA(stdimage.Rect(0, 0, w, h))
	if k == 1 {
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
		return picture{out, opaque(img, out)}
	}
	band := stdimage.NewRGBA(stdimage.Rect(0, 0, b.Dx(), k))
	sums := make([]uint32, 4*w)
	for y := range h {
		rows := min(k, b.Dy()-y*k)
		draw.Draw(band, stdimage.Rect(0, 0, b.Dx(), rows), img, b.Min.Add(stdimage.Pt(0, y*k)), draw.Src)
		clear(sums)
		for r := range rows {
			line := band.Pix[r*band.Stride:][:4*b.Dx()]
			for x, left := 0, k; len(line) >= 4; line = line[4:] {
				s := sums[4*x:][:4]
				s[0] += uint32(line[0])
				s[1] += uint32(line[1])
				s[2] += uint32(line[2])
				s[3] += uint32(line[3])
				if left--; left == 0 {
					x, left = x+1, k
				}
			}
		}
		row := out.Pix[y*out.Stride:][:4*w]
		for i, s := range sums {
			n := uint32(min(k, b.Dx()-i/4*k) * rows)
			row[i] = uint8((s + n/2) / n)
		}
	}
	return picture{out, opaque(img, out)}
}

func opaque(img stdimage.Image, loaded *stdimage.RGBA) bool {
	switch img.(type) {
	case *stdimage.YCbCr, *stdimage.Gray, *stdimage.CMYK:
		return true
	}
	return loaded.Opaque()
}

// flatten lays the picture on a ground.
func (p *picture) flatten(ground Colour) {
	pix := p.rgba.Pix
	for i := 0; i+3 < len(pix); i += 4 {
		if a := uint32(pix[i+3]); a != 255 {
			pix[i] = uint8(min(255, uint32(pix[i])+(uint32(ground.R)*(255-a)+127)/255))
			pix[i+1] = uint8(min(255, uint32(pix[i+1])+(uint32(ground.G)*(255-a)+127)/255))
			pix[i+2] = uint8(min(255, uint32(pix[i+2])+(uint32(ground.B)*(255-a)+127)/255))
			pix[i+3] = 255
		}
	}
	p.opaque = true
}

// The three colours of a pixel travel in one int64, a signed lane of 21 bits
// each, so that one multiplication weighs them all. A weight is a fraction of
// 1<<10. The positive weights of an output sum up to less than 1.5, so after
// both passes a lane holds less than 255 · (1.5² + 0.5²) · 1024, which is less
// than half of what it can. A negative lane borrows from the one above it, and
// lane gives that back.
const (
	laneBits   = 21
	weightBits = 10
	weightOne  = 1 << weightBits
)

// lane takes the lowest lane out of a weighted sum, rounded, and returns the
// lanes above it too.
func lane(v int64) (value, rest int64) {
	low := v << (64 - laneBits) >> (64 - laneBits)
	return (low + weightOne/2) >> weightBits, (v - low) >> laneBits
}

func clip(v, limit int64) int64 { return min(max(v, 0), limit) }

// taps are the weights of one axis: output i is the sum of weight·input over
// the inputs first[i] … first[i]+len-1.
type taps struct {
	first   []int
	weights [][]int64 // each sums up to weightOne exactly
	most    int       // length of the longest
}

// lanczos returns the taps that bring n inputs to m outputs, m ≤ n, with a
// Lanczos kernel of three lobes.
func lanczos(n, m int) taps {
	const lobes = 3
	scale := float64(n) / float64(m)
	t := taps{make([]int, m), make([][]int64, m), 0}
	for i := range m {
		centre := (float64(i)+0.5)*scale - 0.5
		lo := max(0, int(math.Ceil(centre-lobes*scale)))
		hi := min(n-1, int(math.Floor(centre+lobes*scale)))
		raw := make([]float64, hi-lo+1)
		var sum float64
		for j := range raw {
			x := (float64(lo+j) - centre) / scale
			raw[j] = sinc(x) * sinc(x/lobes)
			sum += raw[j]
		}
		w := make([]int64, len(raw))
		left, largest := int64(weightOne), 0
		for j := range raw {
			w[j] = int64(math.Round(raw[j] / sum * weightOne))
			left -= w[j]
			if w[j] > w[largest] {
				largest = j
			}
		}
		w[largest] += left
		t.first[i], t.weights[i], t.most = lo, w, max(t.most, len(w))
	}
	return t
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// resize returns the picture in w × h, neither larger than it is. It works
// line by line with a window of input lines already brought to width w.
func (p picture) resize(w, h int) picture {
	sw, sh := p.size()
	if w == sw && h == sh {
		return p
	}
	cols, rows := lanczos(sw, w), lanczos(sh, h)
	out := stdimage.NewRGBA(stdimage.Rect(0, 0, w, h))
	rgb, alpha := make([]int64, sw), make([]int64, sw) // one input line, unpacked
	window := make([][]int64, rows.most)               // lines of width w: colours, then alpha
	for i := range window {
		window[i] = make([]int64, 2*w)
	}
	sums := make([]int64, 2*w)
	ready := 0 // input lines below this have been through the window
	for y := range h {
		first, weights := rows.first[y], rows.weights[y]
		for ; ready < first+len(weights); ready++ {
			p.unpack(ready, rgb, alpha)
			narrow(window[ready%rows.most], rgb, alpha, cols, p.opaque)
		}
		n := 2 * w
		if p.opaque {
			n = w
		}
		acc := sums[:n]
		clear(acc)
		for j, weight := range weights {
			line := window[(first+j)%rows.most][:len(acc)]
			for x, v := range line {
				acc[x] += weight * v
			}
		}
		row := out.Pix[y*out.Stride:][:4*w]
		for x := range w {
			a := int64(255)
			if !p.opaque {
				a, _ = lane(sums[w+x])
				a = clip(a, 255)
			}
			r, rest := lane(sums[x])
			g, rest := lane(rest)
			b, _ := lane(rest)
			px := row[4*x:][:4]
			px[0], px[1], px[2], px[3] = uint8(clip(r, a)), uint8(clip(g, a)), uint8(clip(b, a)), uint8(a)
		}
	}
	return picture{out, p.opaque}
}

// unpack brings line y into lanes.
func (p picture) unpack(y int, rgb, alpha []int64) {
	line := p.rgba.Pix[y*p.rgba.Stride:][:4*len(rgb)]
	for x := range rgb {
		px := line[4*x:][:4]
		rgb[x] = int64(px[0]) | int64(px[1])<<laneBits | int64(px[2])<<(2*laneBits)
		alpha[x] = int64(px[3])
	}
}

// narrow brings one line to the width of cols. Overshoot is kept: the second
// pass may take it back.
func narrow(out, rgb, alpha []int64, cols taps, opaque bool) {
	w := len(cols.first)
	for x, weights := range cols.weights {
		r, rest := lane(weigh(weights, rgb[cols.first[x]:]))
		g, rest := lane(rest)
		b, _ := lane(rest)
		out[x] = r + g<<laneBits + b<<(2*laneBits)
		if !opaque {
			out[w+x], _ = lane(weigh(weights, alpha[cols.first[x]:]))
		}
	}
}

// weigh returns the sum of weight·input. It is where the time goes, hence the
// four at a time.
func weigh(weights, in []int64) (sum int64) {
	in = in[:len(weights)]
	for len(weights) >= 4 && len(in) >= 4 {
		sum += weights[0]*in[0] + weights[1]*in[1] + weights[2]*in[2] + weights[3]*in[3]
		weights, in = weights[4:], in[4:]
	}
	for j, weight := range weights {
		sum += weight * in[j]
	}
	return sum
}
