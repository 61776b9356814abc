// Package image turns picture files that nobody vouches for into clean ones:
// it looks at the header before it decodes, turns the picture the way its
// camera meant, makes it smaller in good quality, and writes new files that
// carry nothing but pixels.
package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	stdimage "image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"

	"github.com/stoashop/stoa/kit/fault"
)

// Options bound and shape what a Pipeline does. The zero value is what a shop
// uses for its own pictures.
type Options struct {
	MaxBytes  int64 // largest file that is looked at; 0 means 20 MiB
	MaxPixels int64 // largest width × height that is decoded; 0 means 50 million

	// Widths are the widths to make, in pixels, ascending; nil means Ladder.
	// A picture is never enlarged: the last rendition of one that is smaller
	// than the largest width has the picture's own width.
	Widths []int

	Quality int // of JPEG files, 1..100; 0 means 82

	// Ground lies behind transparent pictures, which then become JPEG like
	// the others. Nil keeps the transparency and makes PNG of them.
	Ground *Colour
}

// Ladder is the widths that srcset offers, from a thumbnail to a full-width
// picture on a dense screen.
func Ladder() []int { return []int{160, 320, 480, 640, 960, 1280, 1920} }

// maxSide is the largest width or height, whatever the area: beyond it a
// "picture" is an attempt to make the rows overflow something.
const maxSide = 16_384

// Pipeline makes renditions. It is safe for concurrent use and bounds the
// memory of all decodings together: pictures wait for one another once those
// being decoded hold MaxPixels between them.
type Pipeline struct {
	opt    Options
	pixels *semaphore.Weighted
}

// New returns a pipeline.
func New(opt Options) *Pipeline {
	if opt.MaxBytes == 0 {
		opt.MaxBytes = 20 << 20
	}
	if opt.MaxPixels == 0 {
		opt.MaxPixels = 50_000_000
	}
	if opt.Widths == nil {
		opt.Widths = Ladder()
	}
	if opt.Quality == 0 {
		opt.Quality = 82
	}
	return &Pipeline{opt, semaphore.NewWeighted(opt.MaxPixels)}
}

// MaxBytes is the largest file the pipeline looks at.
func (p *Pipeline) MaxBytes() int64 { return p.opt.MaxBytes }

// Info is what the header of a picture file says.
type Info struct {
	Kind          Kind // one of JPEG, PNG, GIF, WebP
	Width, Height int  // as stored, before the camera's orientation is applied
}

// Inspect reads the header of a picture file and refuses what must not be
// decoded: "image.too_many_bytes", "image.unknown_format" (with the kind it
// seems to be, "" when nobody can tell), "image.broken" when the header cannot
// be read, "image.too_many_pixels".
func (p *Pipeline) Inspect(data []byte) (Info, error) {
	if int64(len(data)) > p.opt.MaxBytes {
		return Info{}, fault.New(fault.TooLarge, "image.too_many_bytes").With("max_mb", p.opt.MaxBytes>>20)
	}
	kind := Sniff(data)
	if !kind.Picture() {
		return Info{}, fault.New(fault.Invalid, "image.unknown_format").With("format", string(kind))
	}
	conf, err := header(kind, data)
	if err != nil || conf.Width <= 0 || conf.Height <= 0 {
		return Info{}, fault.New(fault.Invalid, "image.broken").Because(err)
	}
	if conf.Width > maxSide || conf.Height > maxSide || int64(conf.Width)*int64(conf.Height) > p.opt.MaxPixels {
		return Info{}, fault.New(fault.TooLarge, "image.too_many_pixels").
			With("width", conf.Width).With("height", conf.Height).With("max_mpx", p.opt.MaxPixels/1_000_000)
	}
	return Info{kind, conf.Width, conf.Height}, nil
}

// Rendition is one finished file.
type Rendition struct {
	Width, Height int
	Mime          string // "image/jpeg" or "image/png"
	Ext           string // "jpg" or "png"
	Data          []byte
}

// Result is a picture made ready for the shop.
type Result struct {
	Kind          Kind   // of the file that came in
	Width, Height int    // of the picture that came in, turned upright
	Colour        Colour // the colour that covers most of it, for a placeholder
	Renditions    []Rendition
}

// Process makes the renditions of a picture file, smallest first. The same
// bytes give the same renditions. Metadata, comments, embedded thumbnails and
// whatever was appended to the file do not come across; of an animation the
// first frame does. It fails like Inspect, with "image.broken" when the pixels
// cannot be read, and with the context's error while it waits its turn.
func (p *Pipeline) Process(ctx context.Context, data []byte) (*Result, error) {
	info, err := p.Inspect(data)
	if err != nil {
		return nil, err
	}
	area := int64(info.Width) * int64(info.Height)
	if err := p.pixels.Acquire(ctx, area); err != nil {
		return nil, err
	}
	defer p.pixels.Release(area)

	turn := orientation(info.Kind, data)
	img, err := decode(info.Kind, data)
	if err != nil {
		return nil, fault.New(fault.Invalid, "image.broken").Because(err)
	}
	width, height := info.Width, info.Height
	if turn.swaps() {
		width, height = height, width
	}
	widths := rungs(p.opt.Widths, width)
	top := widths[len(widths)-1]

	// A picture far larger than the largest rendition is averaged down while
	// its pixels are read, so that no second copy of full size is ever held.
	pic := turn.apply(load(img, max(1, width/(2*top))))
	ext, mime := "jpg", "image/jpeg"
	if !pic.opaque {
		if p.opt.Ground != nil {
			pic.flatten(*p.opt.Ground)
		} else {
			ext, mime = "png", "image/png"
		}
	}

	res := &Result{Kind: info.Kind, Width: width, Height: height}
	res.Renditions = make([]Rendition, len(widths))
	for i := len(widths) - 1; i >= 0; i-- {
		w := widths[i]
		h := max(1, (height*w+width/2)/width)
		pic = pic.resize(w, h) // each from the next larger one
		var buf bytes.Buffer
		if pic.opaque {
			err = jpeg.Encode(&buf, pic.rgba, &jpeg.Options{Quality: p.opt.Quality})
		} else {
			err = (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&buf, pic.rgba)
		}
		if err != nil {
			return nil, fmt.Errorf("encode %d px: %w", w, err)
		}
		res.Renditions[i] = Rendition{w, h, mime, ext, buf.Bytes()}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	res.Colour = pic.dominant()
	return res, nil
}

// Rungs is the widths in which a picture of the given width is kept when the
// ladder is Ladder, ascending: those clearly smaller than it and then its own,
// or the whole ladder when it is wider than that.
func Rungs(width int) []int { return rungs(Ladder(), width) }

func rungs(ladder []int, width int) []int {
	top := ladder[len(ladder)-1]
	if width >= top {
		return ladder
	}
	var out []int
	for _, w := range ladder {
		if w*10 < width*9 {
			out = append(out, w)
		}
	}
	return append(out, width)
}

func header(kind Kind, data []byte) (conf stdimage.Config, err error) {
	defer recovered(&err)
	r := bytes.NewReader(data)
	switch kind {
	case JPEG:
		return jpeg.DecodeConfig(r)
	case PNG:
		return png.DecodeConfig(r)
	case GIF:
		return gif.DecodeConfig(r)
	case WebP:
		return webp.DecodeConfig(r)
	}
	return conf, errors.ErrUnsupported
}

func decode(kind Kind, data []byte) (img stdimage.Image, err error) {
	defer recovered(&err)
	r := bytes.NewReader(data)
	switch kind {
	case JPEG:
		return jpeg.Decode(r)
	case PNG:
		return png.Decode(r)
	case GIF:
		return firstFrame(data)
	case WebP:
		return webp.Decode(r)
	}
	return nil, errors.ErrUnsupported
}

// firstFrame decodes the first frame of a GIF, laid on its canvas, and reads
// no further, however many frames there are.
func firstFrame(data []byte) (stdimage.Image, error) {
	conf, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	canvas := stdimage.Rect(0, 0, conf.Width, conf.Height)
	if frame.Bounds() == canvas {
		return frame, nil
	}
	whole := stdimage.NewRGBA(canvas)
	draw.Draw(whole, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return whole, nil
}

// recovered turns a panic of a decoder into an error: a file that upsets a
// decoder is a broken file, not a broken shop.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decoder panicked: %v", r)
	}
}
