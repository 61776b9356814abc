package image

import (
	"bytes"
	"encoding/binary"
	stdimage "image"

	"github.com/bep/imagemeta"
)

// turn is an EXIF orientation, 1..8: how the stored rows have to be turned and
// mirrored to stand upright.
type turn int

// swaps reports whether width and height change places.
func (t turn) swaps() bool { return t >= 5 && t <= 8 }

// orientation reads the camera's orientation from the metadata; whatever goes
// wrong there, the picture is taken as it is.
func orientation(kind Kind, data []byte) (t turn) {
	t = 1
	defer func() {
		if recover() != nil {
			t = 1
		}
	}()
	var format imagemeta.ImageFormat
	switch kind {
	case JPEG:
		format = imagemeta.JPEG
	case PNG:
		format = imagemeta.PNG
	case WebP:
		format = imagemeta.WebP
	default:
		return 1
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:            bytes.NewReader(data),
		ImageFormat:  format,
		Sources:      imagemeta.EXIF,
		LimitNumTags: 500,
		LimitTagSize: 1000,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return tag.Tag == "Orientation" && tag.Namespace == "IFD0"
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && v >= 1 && v <= 8 {
				t = turn(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return t
}

// apply returns the picture upright.
func (t turn) apply(p picture) picture {
	if t <= 1 || t > 8 {
		return p
	}
	w, h := p.size()
	ow, oh := w, h
	if t.swaps() {
		ow, oh = h, w
	}
	out := stdimage.NewRGBA(stdimage.Rect(0, 0, ow, oh))
	for y := range oh {
		row := out.Pix[y*out.Stride:][:4*ow]
		for x := range ow {
			var sx, sy int
			switch t {
			case 2: // mirrored
				sx, sy = w-1-x, y
			case 3: // upside down
				sx, sy = w-1-x, h-1-y
			case 4: // mirrored and upside down
				sx, sy = x, h-1-y
			case 5: // mirrored along the main diagonal
				sx, sy = y, x
			case 6: // camera held clockwise: turn right
				sx, sy = y, h-1-x
			case 7: // mirrored along the other diagonal
				sx, sy = w-1-y, h-1-x
			case 8: // turn left
				sx, sy = w-1-y, x
			}
			px := binary.NativeEndian.Uint32(p.rgba.Pix[sy*p.rgba.Stride+4*sx:])
			binary.NativeEndian.PutUint32(row[4*x:], px)
		}
	}
	return picture{out, p.opaque}
}
