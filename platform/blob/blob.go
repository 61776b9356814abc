// Package blob keeps files that never change: pictures and their renditions.
// A file is named after what is in it, so the same name always means the same
// bytes and a browser may keep it for ever.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
)

// File is a name and the bytes that belong to it.
type File struct {
	Name string // see Valid
	Data []byte
	// Body is read to its end instead of Data when it is set: for files that
	// are too large to be held. It is not read when the name is there already.
	Body io.Reader
}

// Content is a stored file, open for reading. The caller closes it.
type Content struct {
	io.ReadSeekCloser
	Size int64 // bytes
}

// Store keeps files. Implementations are safe for concurrent use.
type Store interface {
	// Put stores files. When it returns nil they survive a power cut. A name
	// that is already there is left as it is: names mean bytes. Of several
	// files some may be stored when it fails; putting them again is safe.
	Put(ctx context.Context, files ...File) error

	// Open opens a file, or fails with NotFound "blob.missing". A name that
	// is not Valid is missing too.
	Open(ctx context.Context, name string) (Content, error)

	// Delete removes a file. Removing what is not there succeeds.
	Delete(ctx context.Context, name string) error
}

// Hash is the name of some bytes: their SHA-256 in 52 characters a-z, 2-7.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding).EncodeToString(sum[:])
}

// Valid reports whether name can be a file's: up to four parts between
// slashes, each of 1 to 100 characters a-z, 0-9, "-", "_" and ".", beginning
// with a letter or digit. Nothing else reaches a file system.
func Valid(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) > 4 {
		return false
	}
	for _, part := range parts {
		if len(part) < 1 || len(part) > 100 {
			return false
		}
		for i, c := range []byte(part) {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			case i > 0 && (c == '-' || c == '_' || c == '.'):
			default:
				return false
			}
		}
	}
	return true
}

func missing(name string) error {
	return fault.New(fault.NotFound, "blob.missing").With("name", name)
}
