package upload_test

import (
	"bytes"
	"context"
	"errors"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/upload"
)

type bench struct {
	*upload.Service
	dir string
}

func start(t *testing.T, opt image.Options, quota upload.Quota) bench {
	t.Helper()
	dir := t.TempDir()
	files, err := blob.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return bench{upload.New(files, image.New(opt), quota), dir}
}

// stored returns the stored files by name.
func (b bench) stored(t *testing.T) map[string][]byte {
	t.Helper()
	found := make(map[string][]byte)
	err := filepath.WalkDir(b.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(b.dir, p)
		found[filepath.ToSlash(rel)], err = os.ReadFile(p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func gradient(w, h int) *stdimage.NRGBA {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), 90, 255})
		}
	}
	return img
}

func jpegOf(t *testing.T, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, img stdimage.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestService_Picture(t *testing.T) {
	see := gradient(700, 350)
	see.Set(0, 0, color.NRGBA{})
	tests := map[string]struct {
		data   []byte
		widths []int
		mime   string
		ext    string
	}{
		"JPEG":              {jpegOf(t, gradient(700, 350)), []int{160, 320, 480, 700}, "image/jpeg", "jpg"},
		"PNG without holes": {pngOf(t, gradient(700, 350)), []int{160, 320, 480, 700}, "image/jpeg", "jpg"},
		"PNG with one":      {pngOf(t, see), []int{160, 320, 480, 700}, "image/png", "png"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, image.Options{}, nil)

			pic, err := b.Picture(t.Context(), bytes.NewReader(tt.data))
			if err != nil {
				t.Fatal(err)
			}

			files := b.stored(t)
			if len(files) != len(tt.widths) {
				t.Errorf("stored %d files", len(files))
			}
			for _, w := range tt.widths {
				file := upload.Name(pic.Hash, pic.Mime, w)
				if want := "media/" + pic.Hash[:2] + "/" + pic.Hash; !strings.HasPrefix(file, want) || !strings.HasSuffix(file, "."+tt.ext) {
					t.Errorf("name %s", file)
				}
				conf, _, err := stdimage.DecodeConfig(bytes.NewReader(files[file]))
				if err != nil || conf.Width != w || conf.Height != w/2 {
					t.Errorf("%s: %+v, %v", file, conf, err)
				}
			}
			top := files[upload.Name(pic.Hash, pic.Mime, 700)]
			want := upload.Picture{Hash: blob.Hash(top), Mime: tt.mime, Colour: pic.Colour, Width: 700, Height: 350, Bytes: int64(len(top)), Widths: tt.widths}
			if diff := cmp.Diff(want, pic); diff != "" {
				t.Error(diff)
			}

			again, err := b.Picture(t.Context(), bytes.NewReader(tt.data))
			if diff := cmp.Diff(pic, again); err != nil || diff != "" {
				t.Errorf("the same file again: %v %s", err, diff)
			}
			if n := len(b.stored(t)); n != len(files) {
				t.Errorf("the same file again left %d files", n)
			}
		})
	}
}

func TestT76_whatIsNoPictureIsRefusedAndNothingIsStored(t *testing.T) {
	tests := map[string]struct {
		data   string
		kind   fault.Kind
		reason string
	}{
		"nothing":           {"", fault.Invalid, "upload.empty"},
		"SVG with a script": {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, fault.Invalid, "image.unknown_format"},
		"HTML":              {"<html><script>alert(1)</script></html>", fault.Invalid, "image.unknown_format"},
		"PDF and script":    {"%PDF-1.4\n/*\n*/alert(1)", fault.Invalid, "image.unknown_format"},
		"ZIP":               {"PK\x03\x04", fault.Invalid, "image.unknown_format"},
		"GIF and script":    {"GIF89a/*\x01\x00\x00\x00\x00*/=alert(1)", fault.Invalid, "image.broken"},
		"half a JPEG":       {string(jpegOf(t, gradient(300, 300))[:2000]), fault.Invalid, "image.broken"},
		"too many pixels":   {string(pngOf(t, gradient(401, 250))), fault.TooLarge, "image.too_many_pixels"},
		"too many bytes":    {strings.Repeat("x", 100_001), fault.TooLarge, "image.too_many_bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, image.Options{MaxBytes: 100_000, MaxPixels: 100_000}, nil)

			pic, err := b.Picture(t.Context(), strings.NewReader(tt.data))

			if fault.Reason(err) != tt.reason || !fault.Is(err, tt.kind) || pic.Hash != "" {
				t.Errorf("got %+v, %v, want %s", pic, err, tt.reason)
			}
			if files := b.stored(t); len(files) != 0 {
				t.Errorf("stored %v", files)
			}
		})
	}
}

func TestT76_aPolyglotLosesItsSecondMeaning(t *testing.T) {
	const script = "<script>alert(1)</script>"
	jpg := jpegOf(t, gradient(64, 64))
	jpg = slices.Concat(jpg[:2], []byte("\xff\xfe\x00\x1b"+script), jpg[2:], []byte(script+"PK\x05\x06"))
	b := start(t, image.Options{}, nil)

	if _, err := b.Picture(t.Context(), bytes.NewReader(jpg)); err != nil {
		t.Fatal(err)
	}

	files := b.stored(t)
	if len(files) != 1 {
		t.Fatalf("stored %d files", len(files))
	}
	for name, data := range files {
		if bytes.Contains(data, []byte("script")) || bytes.Contains(data, []byte("PK")) {
			t.Errorf("%s still says it", name)
		}
	}
}

func TestT77_theQuotaIsAskedBeforeAnythingHappens(t *testing.T) {
	full := fault.New(fault.TooLarge, "test.quota")
	data := jpegOf(t, gradient(50, 50))
	var asked []int64
	b := start(t, image.Options{}, func(_ context.Context, n int64) error {
		asked = append(asked, n)
		return full
	})

	_, err := b.Picture(t.Context(), bytes.NewReader(data))

	if !errors.Is(err, full) || !slices.Equal(asked, []int64{int64(len(data))}) {
		t.Errorf("got %v, asked %v", err, asked)
	}
	if files := b.stored(t); len(files) != 0 {
		t.Errorf("stored %v", files)
	}
}

func TestT77_noMoreIsReadThanIsAllowed(t *testing.T) {
	src := &counter{}
	b := start(t, image.Options{MaxBytes: 1 << 20}, nil)
	if _, err := b.Picture(t.Context(), src); fault.Reason(err) != "image.too_many_bytes" {
		t.Errorf("got %v", err)
	}
	if src.n != 1<<20+1 {
		t.Errorf("read %d bytes of an endless file", src.n)
	}
}

// counter is an endless file.
type counter struct{ n int64 }

func (c *counter) Read(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func TestService_Picture_passesOnWhatTheReaderSays(t *testing.T) {
	cause := errors.New("connection reset")
	for _, want := range []error{cause, fault.New(fault.TooLarge, "test.body")} {
		b := start(t, image.Options{}, nil)
		_, err := b.Picture(t.Context(), io.MultiReader(strings.NewReader("\xff\xd8\xff"), iotest.ErrReader(want)))
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
