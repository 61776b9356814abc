package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encoding is how a file writes its characters.
type Encoding string

// The encodings that are recognised.
const (
	UTF8        Encoding = "UTF-8"
	UTF16LE     Encoding = "UTF-16LE"
	UTF16BE     Encoding = "UTF-16BE"
	Windows1252 Encoding = "Windows-1252" // and its subset ISO 8859-1
)

// decode finds out how src is encoded and returns its text as UTF-8 without a
// byte order mark. A file that is not valid UTF-8 is Windows-1252, unless most
// of what lies outside ASCII is sound UTF-8: then only the broken rows are at
// fault and are reported one by one.
func decode(src io.ReadSeeker) (io.Reader, Encoding, error) {
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("rewind import: %w", err)
	}
	var mark [3]byte
	n, err := io.ReadFull(src, mark[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, "", fmt.Errorf("read import: %w", err)
	}
	var start int64
	switch head := mark[:n]; {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		start = 3
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return utf16(src, unicode.LittleEndian, UTF16LE)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return utf16(src, unicode.BigEndian, UTF16BE)
	}
	if _, err := src.Seek(start, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("rewind import: %w", err)
	}
	sound, broken, err := census(src)
	if err != nil {
		return nil, "", fmt.Errorf("read import: %w", err)
	}
	if _, err := src.Seek(start, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("rewind import: %w", err)
	}
	if broken > 0 && broken >= sound && start == 0 {
		return transform.NewReader(src, charmap.Windows1252.NewDecoder()), Windows1252, nil
	}
	return src, UTF8, nil
}

func utf16(src io.ReadSeeker, order unicode.Endianness, name Encoding) (io.Reader, Encoding, error) {
	if _, err := src.Seek(2, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("rewind import: %w", err)
	}
	return transform.NewReader(src, unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder()), name, nil
}

// census counts the characters beyond ASCII that are sound UTF-8, and the
// bytes that are not.
func census(r io.Reader) (sound, broken int64, err error) {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		part := buf[:kept+n]
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return 0, 0, err
		}
		for len(part) > 0 {
			if part[0] < utf8.RuneSelf {
				part = part[1:]
				continue
			}
			if !last && !utf8.FullRune(part) {
				break
			}
			c, size := utf8.DecodeRune(part)
			if c == utf8.RuneError && size == 1 {
				broken++
			} else {
				sound++
			}
			part = part[size:]
		}
		if last {
			return sound, broken, nil
		}
		kept = copy(buf, part)
	}
}
