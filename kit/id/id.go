// Package id makes the identifiers of rows: a short prefix that says what it
// names, an underscore, and a UUIDv7 (RFC 9562) in 26 characters of lower-case
// Crockford base32, so that text order is creation order.
//
// An id is never a secret: links that open something carry a Token.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"time"
)

var base = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Source makes ids from a stream of random bytes. It is safe for concurrent
// use. A test or the simulator gives it a seeded stream and gets equal ids.
type Source struct {
	mu   sync.Mutex
	rand io.Reader
	last int64  // milliseconds of the latest id
	seq  uint16 // counts within one millisecond, 12 bits
}

// NewSource returns a source that reads random bytes from r; nil means the
// system's.
func NewSource(r io.Reader) *Source {
	if r == nil {
		r = rand.Reader
	}
	return &Source{rand: r}
}

// New returns a fresh id such as "ord_01k…" for the instant now. Ids of one
// source ascend, also within a millisecond and when now steps back.
func (s *Source) New(prefix string, now time.Time) string {
	var b [16]byte
	s.mu.Lock()
	if _, err := io.ReadFull(s.rand, b[6:]); err != nil {
		s.mu.Unlock()
		panic("id: no random bytes: " + err.Error()) // crypto/rand never fails; a test's stream ran dry
	}
	ms := now.UnixMilli()
	if ms > s.last {
		s.last, s.seq = ms, uint16(b[6])<<8&0x0700|uint16(b[7]) // room to count up
	} else {
		s.seq++
		if s.seq > 0x0fff {
			s.last, s.seq = s.last+1, 0
		}
	}
	ms, seq := s.last, s.seq
	s.mu.Unlock()

	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = 0x70 | byte(seq>>8)
	b[7] = byte(seq)
	b[8] = 0x80 | b[8]&0x3f
	return prefix + "_" + base.EncodeToString(b[:])
}

// Token returns 256 random bits as 43 URL-safe characters. Store its hash,
// never itself.
func (s *Source) Token() string {
	var b [32]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		panic("id: no random bytes: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Valid reports whether s is an id with the given prefix. Handlers use it to
// answer "not found" without asking the database.
func Valid(prefix, s string) bool {
	tail, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(tail) != 26 {
		return false
	}
	_, err := base.DecodeString(tail)
	return err == nil
}
