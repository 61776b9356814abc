package image_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	stdimage "image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/image"
)

func asJPEG(t testing.TB, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func uniform(w, h int, c color.Color) *stdimage.NRGBA {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, stdimage.NewUniform(c), stdimage.Point{}, draw.Src)
	return img
}

func decoded(t testing.TB, data []byte) stdimage.Image {
	t.Helper()
	img, _, err := stdimage.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// app1 is a JPEG segment with EXIF metadata: an orientation, a camera's name
// and a place.
func app1(orientation uint16) []byte {
	le := binary.LittleEndian
	tiff := []byte("II*\x00\x08\x00\x00\x00")
	tiff = le.AppendUint16(tiff, 2)
	tiff = append(le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, 0x010f), 2), 12), 38, 0, 0, 0) // Make, at 38
	tiff = le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, 0x0112), 3), 1)                       // Orientation
	tiff = le.AppendUint16(le.AppendUint16(tiff, orientation), 0)
	tiff = le.AppendUint32(tiff, 0)
	tiff = append(tiff, "GPS 52.5/13.4\x00"...)
	seg := append([]byte("Exif\x00\x00"), tiff...)
	return append([]byte{0xff, 0xe1, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}, seg...)
}

func withSegment(jpg, segment []byte) []byte {
	return slices.Concat(jpg[:2], segment, jpg[2:])
}

// The four corners of the test picture, clockwise from the upper left.
var corners = [4]color.NRGBA{{200, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 200, 255}, {220, 220, 40, 255}}

func cornerAt(x, y, w, h int) color.NRGBA {
	switch right, low := x >= w/2, y >= h/2; {
	case !right && !low:
		return corners[0]
	case right && !low:
		return corners[1]
	case right:
		return corners[2]
	}
	return corners[3]
}

func TestPipeline_Process_turnsUpright(t *testing.T) {
	// EXIF 2.32 §4.6.4: where the stored row 0 and column 0 lie to the eye.
	tests := []struct{ row0, column0 string }{
		{"top", "left"},
		{"top", "right"},
		{"bottom", "right"},
		{"bottom", "left"},
		{"left", "top"},
		{"right", "top"},
		{"right", "bottom"},
		{"left", "bottom"},
	}
	const w, h = 160, 96 // upright
	for i, tt := range tests {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			sw, sh := w, h
			if tt.row0 == "left" || tt.row0 == "right" {
				sw, sh = h, w
			}
			stored := stdimage.NewNRGBA(stdimage.Rect(0, 0, sw, sh))
			for r := range sh {
				for c := range sw {
					x, y := 0, 0
					for side, n := range map[string]int{tt.row0: r, tt.column0: c} {
						switch side {
						case "top":
							y = n
						case "bottom":
							y = h - 1 - n
						case "left":
							x = n
						case "right":
							x = w - 1 - n
						}
					}
					stored.Set(c, r, cornerAt(x, y, w, h))
				}
			}

			res, err := image.New(image.Options{}).Process(t.Context(), withSegment(asJPEG(t, stored), app1(uint16(i+1))))
			if err != nil {
				t.Fatal(err)
			}

			if res.Width != w || res.Height != h {
				t.Errorf("got %d × %d, want %d × %d", res.Width, res.Height, w, h)
			}
			got := decoded(t, res.Renditions[len(res.Renditions)-1].Data)
			if got.Bounds() != stdimage.Rect(0, 0, w, h) {
				t.Fatalf("rendition is %v", got.Bounds())
			}
			for _, p := range []stdimage.Point{{w / 4, h / 4}, {3 * w / 4, h / 4}, {3 * w / 4, 3 * h / 4}, {w / 4, 3 * h / 4}} {
				wantNear(t, got.At(p.X, p.Y), cornerAt(p.X, p.Y, w, h), 6)
			}
		})
	}
}

func wantNear(t testing.TB, got, want color.Color, by int) {
	t.Helper()
	a, b := color.NRGBAModel.Convert(got).(color.NRGBA), color.NRGBAModel.Convert(want).(color.NRGBA)
	for i, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if d < -by || d > by {
			t.Errorf("channel %d of %v is not within %d of %v", i, a, by, b)
		}
	}
}

func TestPipeline_Process_ladder(t *testing.T) {
	type size struct{ W, H int }
	tests := map[string]struct {
		w, h int
		want []size
	}{
		"larger than the ladder ends there":    {2400, 1200, []size{{160, 80}, {320, 160}, {480, 240}, {640, 320}, {960, 480}, {1280, 640}, {1920, 960}}},
		"the last one has the picture's width": {1000, 1000, []size{{160, 160}, {320, 320}, {480, 480}, {640, 640}, {1000, 1000}}},
		"smaller than the smallest":            {100, 50, []size{{100, 50}}},
		"no rung a hair below the top":         {1024, 512, []size{{160, 80}, {320, 160}, {480, 240}, {640, 320}, {1024, 512}}},
		"but one a step below":                 {1070, 535, []size{{160, 80}, {320, 160}, {480, 240}, {640, 320}, {960, 480}, {1070, 535}}},
		"a hair's breadth":                     {1, 9, []size{{1, 9}}},
		"a ribbon keeps a line":                {3000, 1, []size{{160, 1}, {320, 1}, {480, 1}, {640, 1}, {960, 1}, {1280, 1}, {1920, 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res, err := image.New(image.Options{}).Process(t.Context(), asPNG(t, uniform(tt.w, tt.h, color.Gray{90})))
			if err != nil {
				t.Fatal(err)
			}
			var got []size
			for _, r := range res.Renditions {
				got = append(got, size{r.Width, r.Height})
				if b := decoded(t, r.Data).Bounds(); b.Dx() != r.Width || b.Dy() != r.Height {
					t.Errorf("file is %v, rendition says %d × %d", b, r.Width, r.Height)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for i, w := range image.Rungs(tt.w) {
				if len(image.Rungs(tt.w)) != len(got) || got[i].W != w {
					t.Errorf("Rungs says %v", image.Rungs(tt.w))
					break
				}
			}
			if res.Width != tt.w || res.Height != tt.h {
				t.Errorf("size of the original: %d × %d", res.Width, res.Height)
			}
		})
	}
}

func TestPipeline_Process_carriesNothingButPixels(t *testing.T) {
	comment := []byte("\xff\xfe\x00\x1b<script>alert(1)</script>")
	jpg := withSegment(withSegment(asJPEG(t, uniform(64, 64, color.Gray{200})), comment), app1(6))
	jpg = append(jpg, "<script>alert(2)</script>PK\x03\x04"...)

	res, err := image.New(image.Options{}).Process(t.Context(), jpg)
	if err != nil {
		t.Fatal(err)
	}

	for _, r := range res.Renditions {
		for _, bad := range []string{"Exif", "GPS", "script", "PK\x03\x04", "\xff\xe1", "\xff\xfe"} {
			if bytes.Contains(r.Data, []byte(bad)) {
				t.Errorf("%d px: %q came across", r.Width, bad)
			}
		}
	}
}

func TestPipeline_Process_isDeterministic(t *testing.T) {
	data := asJPEG(t, noise(340, 200, 1))
	p := image.New(image.Options{})
	first, err := p.Process(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan *image.Result, 4)
	for range 4 {
		go func() {
			res, _ := p.Process(context.Background(), data)
			results <- res
		}()
	}
	for range 4 {
		if diff := cmp.Diff(first, <-results); diff != "" {
			t.Fatal(diff)
		}
	}
}

func noise(w, h int, seed uint64) *stdimage.NRGBA {
	rnd := rand.New(rand.NewPCG(seed, 0))
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(rnd.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestPipeline_Process_transparency(t *testing.T) {
	img := uniform(200, 200, color.NRGBA{0, 255, 0, 0}) // green that nobody sees
	draw.Draw(img, stdimage.Rect(0, 0, 100, 200), stdimage.NewUniform(color.NRGBA{200, 0, 0, 255}), stdimage.Point{}, draw.Src)
	data := asPNG(t, img)

	t.Run("kept as PNG", func(t *testing.T) {
		res, err := image.New(image.Options{}).Process(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range res.Renditions {
			if r.Mime != "image/png" || r.Ext != "png" {
				t.Errorf("%d px is %s", r.Width, r.Mime)
			}
			got := decoded(t, r.Data)
			wantNear(t, got.At(r.Width/4, 0), color.NRGBA{200, 0, 0, 255}, 0)
			wantNear(t, got.At(r.Width*3/4, 0), color.NRGBA{}, 0)
			for x := range r.Width { // no green fringe
				if c := color.NRGBAModel.Convert(got.At(x, 5)).(color.NRGBA); c.A > 0 && c.G > 0 {
					t.Errorf("%d px: pixel %d is %v", r.Width, x, c)
				}
			}
		}
	})
	t.Run("laid on a ground", func(t *testing.T) {
		ground := image.Colour{R: 240, G: 240, B: 238}
		res, err := image.New(image.Options{Ground: &ground}).Process(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range res.Renditions {
			if r.Mime != "image/jpeg" || r.Ext != "jpg" {
				t.Errorf("%d px is %s", r.Width, r.Mime)
			}
			wantNear(t, decoded(t, r.Data).At(r.Width*7/8, 3), color.NRGBA{240, 240, 238, 255}, 2)
		}
	})
}

func TestResize_isTheLanczosFilter(t *testing.T) {
	tests := []struct{ w, h, toW, toH int }{{200, 150, 90, 70}, {200, 150, 199, 149}, {333, 40, 100, 12}, {64, 64, 1, 1}}
	for _, tt := range tests {
		img := noise(tt.w, tt.h, 7)
		got := image.Resize(img, tt.toW, tt.toH)
		if got.Rect != stdimage.Rect(0, 0, tt.toW, tt.toH) {
			t.Fatalf("size %v", got.Rect)
		}
		var worst float64
		for y := range tt.toH {
			for x := range tt.toW {
				for c, want := range reference(img, tt.toW, tt.toH, x, y) {
					have := float64(got.Pix[got.PixOffset(x, y)+c])
					worst = max(worst, math.Abs(have-min(max(want, 0), 255)))
				}
			}
		}
		if worst > 1.6 { // one rounding between the two passes, one at the end

			t.Errorf("%v: off by up to %.1f", tt, worst)
		}
	}
}

// reference is the two-dimensional filter in floating point for one pixel.
func reference(img *stdimage.NRGBA, w, h, x, y int) [3]float64 {
	kernel := func(v float64) float64 {
		if v == 0 {
			return 1
		}
		if math.Abs(v) >= 3 {
			return 0
		}
		v *= math.Pi
		return 3 * math.Sin(v) * math.Sin(v/3) / (v * v)
	}
	axis := func(i, n, m int) (weights []float64) {
		scale := float64(n) / float64(m)
		var sum float64
		for j := range n {
			k := kernel((float64(j) - ((float64(i)+0.5)*scale - 0.5)) / scale)
			weights = append(weights, k)
			sum += k
		}
		for j := range weights {
			weights[j] /= sum
		}
		return weights
	}
	var out [3]float64
	wx, wy := axis(x, img.Rect.Dx(), w), axis(y, img.Rect.Dy(), h)
	for j, b := range wy {
		if b == 0 {
			continue
		}
		for i, a := range wx {
			for c := range out {
				out[c] += a * b * float64(img.Pix[img.PixOffset(i, j)+c])
			}
		}
	}
	return out
}

func TestResize_keepsFlatColourExactly(t *testing.T) {
	for _, c := range []color.NRGBA{{0, 0, 0, 255}, {255, 255, 255, 255}, {255, 0, 1, 255}, {17, 128, 254, 255}} {
		for _, size := range []int{1, 7, 50, 99} {
			for i, got := range [][]uint8{
				image.Resize(uniform(100, 100, c), size, size).Pix,
				image.Shrink(uniform(100, 100, c), size).Pix,
			} {
				for len(got) > 0 {
					if [4]uint8(got) != [4]uint8{c.R, c.G, c.B, c.A} {
						t.Fatalf("way %d, %v at %d px became %v", i, c, size, got[:4])
					}
					got = got[4:]
				}
			}
		}
	}
}

func TestShrink_averages(t *testing.T) {
	img := stdimage.NewGray(stdimage.Rect(10, 10, 15, 13)) // five by three, not at the origin
	copy(img.Pix, []uint8{
		0, 10, 100, 100, 7,
		20, 30, 100, 104, 9,
		5, 6, 1, 2, 200,
	})

	got := image.Shrink(img, 2)

	want := []uint8{15, 101, 8, 6, 2, 200} // halves are rounded up
	for i, v := range want {
		if px := got.Pix[4*i:][:4]; [4]uint8(px) != [4]uint8{v, v, v, 255} {
			t.Errorf("pixel %d is %v, want %d", i, px, v)
		}
	}
}

func TestPipeline_Process_largeOriginalKeepsItsMean(t *testing.T) {
	img := noise(1700, 900, 3)
	var sum [3]float64
	for i, v := range img.Pix {
		if i%4 < 3 {
			sum[i%4] += float64(v)
		}
	}
	res, err := image.New(image.Options{Widths: []int{80, 160}}).Process(t.Context(), asPNG(t, img))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Renditions {
		got := decoded(t, r.Data)
		var mean [3]float64
		for y := range r.Height {
			for x := range r.Width {
				c := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
				mean[0] += float64(c.R)
				mean[1] += float64(c.G)
				mean[2] += float64(c.B)
			}
		}
		for i := range mean {
			a, b := mean[i]/float64(r.Width*r.Height), sum[i]/float64(1700*900)
			if math.Abs(a-b) > 1.5 {
				t.Errorf("%d px, channel %d: mean %.2f, want %.2f", r.Width, i, a, b)
			}
		}
	}
}

func TestPipeline_Process_dominantColour(t *testing.T) {
	mostly := uniform(300, 300, color.NRGBA{243, 240, 235, 255})
	draw.Draw(mostly, stdimage.Rect(100, 100, 200, 200), stdimage.NewUniform(color.NRGBA{20, 40, 60, 255}), stdimage.Point{}, draw.Src)
	tests := map[string]struct {
		img  stdimage.Image
		want string
	}{
		"the ground around a thing": {mostly, "#eeeeee"},
		"black":                     {uniform(10, 10, color.Black), "#000000"},
		"sixteen steps":             {uniform(10, 10, color.NRGBA{0x7e, 0x81, 0x30, 255}), "#778833"},
		"nothing to see":            {uniform(10, 10, color.NRGBA{9, 9, 9, 0}), "#ffffff"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res, err := image.New(image.Options{}).Process(t.Context(), asPNG(t, tt.img))
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Colour.Hex(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// pngHeader is a PNG that claims a size and ends after its header.
func pngHeader(w, h uint32) []byte {
	body := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	body = append(body, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}

func TestT80_bombsAreRefusedBeforeDecoding(t *testing.T) {
	tests := map[string]struct {
		data   []byte
		reason string
	}{
		"fifty thousand square":       {pngHeader(50_000, 50_000), "image.too_many_pixels"},
		"one very long row":           {pngHeader(16_385, 1), "image.too_many_pixels"},
		"just above fifty megapixels": {pngHeader(10_000, 5_001), "image.too_many_pixels"},
		"sides that overflow":         {pngHeader(1<<31-1, 1<<31-1), "image.broken"},
		"no width":                    {pngHeader(0, 10), "image.broken"},
		"header only":                 {pngHeader(10, 10), "image.broken"},
		"over twenty megabytes":       {append(pngHeader(10, 10), make([]byte, 20<<20)...), "image.too_many_bytes"},
		"WebP of a few bytes":         {[]byte("RIFF\x12\x00\x00\x00WEBPVP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f\x00"), "image.too_many_pixels"},
		"WebP that ends early":        {[]byte("RIFF\x10\x00\x00\x00WEBPVP8L\x05\x00\x00\x00\x2f\xff"), "image.broken"},
		"WebP of garbage":             {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 garbage"), "image.broken"},
		"GIF of nothing":              {[]byte("GIF89a"), "image.broken"},
		"JPEG of nothing":             {[]byte("\xff\xd8\xff\xe0"), "image.broken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)

			res, err := image.New(image.Options{}).Process(t.Context(), tt.data)

			runtime.ReadMemStats(&after)
			if res != nil || fault.Reason(err) != tt.reason {
				t.Errorf("got %v, %v, want %s", res, err, tt.reason)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
				t.Errorf("refusing took %d kB", used>>10)
			}
		})
	}
}

func TestT80_ofAnAnimationOnlyTheFirstFrameIsRead(t *testing.T) {
	frame := stdimage.NewPaletted(stdimage.Rect(0, 0, 2, 2), color.Palette{color.White, color.Black})
	anim := &gif.GIF{Config: stdimage.Config{Width: 40, Height: 20, ColorModel: frame.Palette}}
	for range 20_000 {
		anim.Image, anim.Delay = append(anim.Image, frame), append(anim.Delay, 0)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, anim); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)

	res, err := image.New(image.Options{}).Process(t.Context(), b.Bytes())

	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if res.Width != 40 || res.Height != 20 || res.Kind != image.GIF || len(res.Renditions) != 1 {
		t.Errorf("got %+v", res)
	}
	got := decoded(t, res.Renditions[0].Data)
	wantNear(t, got.At(1, 1), color.White, 0)
	wantNear(t, got.At(30, 10), color.NRGBA{}, 0) // the canvas outside the frame
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("one frame took %d kB", used>>10)
	}
}

func TestT76_onlyPicturesAreRead(t *testing.T) {
	tests := map[string]struct{ data, format string }{
		"empty":                    {"", ""},
		"text":                     {"hello", ""},
		"SVG":                      {`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "svg"},
		"SVG behind a declaration": {"\xef\xbb\xbf <?xml version=\"1.0\"?>\n<!-- x --><SVG/>", "svg"},
		"HTML":                     {"<!DOCTYPE html><script>alert(1)</script>", "html"},
		"PDF":                      {"%PDF-1.7", "pdf"},
		"ZIP":                      {"PK\x03\x04....", "zip"},
		"AVIF":                     {"\x00\x00\x00\x1cftypavif", "avif"},
		"HEIC":                     {"\x00\x00\x00\x1cftypheic", "heic"},
		"TIFF":                     {"II*\x00", "tiff"},
		"script behind a GIF mark": {"GIF89a/*\x01\x00<script>*/=1;alert(1)", "gif"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res, err := image.New(image.Options{}).Process(t.Context(), []byte(tt.data))

			if kind := image.Sniff([]byte(tt.data)); string(kind) != tt.format {
				t.Errorf("sniffed %q, want %q", kind, tt.format)
			}
			want := "image.unknown_format"
			if tt.format == "gif" {
				want = "image.broken" // looks like a picture, and is none
			}
			if res != nil || fault.Reason(err) != want || !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, %v, want %s", res, err, want)
			}
		})
	}
}

func TestPipeline_Process_givesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := image.New(image.Options{}).Process(ctx, asPNG(t, uniform(10, 10, color.White)))
	if res != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", res, err)
	}
}

func FuzzPipeline_Process(f *testing.F) {
	f.Add(asPNG(f, uniform(8, 8, color.White)))
	f.Add(withSegment(asJPEG(f, noise(16, 16, 2)), app1(5)))
	f.Add([]byte("GIF89a"))
	f.Add([]byte("RIFF\x10\x00\x00\x00WEBPVP8L\x05\x00\x00\x00\x2f\xff\xff\xff\xff"))
	p := image.New(image.Options{MaxPixels: 1 << 16, Widths: []int{16, 32}})
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := p.Process(t.Context(), data)
		if err != nil {
			if !strings.HasPrefix(fault.Reason(err), "image.") {
				t.Errorf("not a fault of ours: %v", err)
			}
			return
		}
		for _, r := range res.Renditions {
			if b := decoded(t, r.Data).Bounds(); b.Dx() != r.Width || b.Dy() != r.Height {
				t.Errorf("%v, want %d × %d", b, r.Width, r.Height)
			}
		}
	})
}

func BenchmarkResize(b *testing.B) {
	img := noise(2000, 2000, 1)
	b.Run("opaque 2000 to 800", func(b *testing.B) {
		for b.Loop() {
			image.Resize(img, 800, 800)
		}
	})
	clear := noise(2000, 2000, 1)
	clear.Pix[3] = 0
	b.Run("transparent 2000 to 800", func(b *testing.B) {
		for b.Loop() {
			image.Resize(clear, 800, 800)
		}
	})
}

func BenchmarkPipeline_Process(b *testing.B) {
	data := asJPEG(b, image.Resize(noise(1600, 1600, 1), 1600, 1200))
	p := image.New(image.Options{})
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := p.Process(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}
