// Package password hashes what people sign in with, for staff and shoppers
// alike: argon2id (RFC 9106), never more than a few at a time, and as slow for
// an account that does not exist as for one that does.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/stoashop/stoa/kit/fault"
)

// Lengths of a password in characters.
const (
	MinStaff    = 12
	MinCustomer = 8
	Max         = 200
)

// Params are argon2id's costs. The zero value is not usable; see Default.
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// Default is one of the combinations OWASP names as equally strong.
func Default() Params { return Params{Memory: 46 << 10, Time: 1, Threads: 1} }

const (
	saltLen = 16
	keyLen  = 32
)

// Hasher hashes and verifies. It is safe for concurrent use; who finds all
// slots taken waits.
type Hasher struct {
	params Params
	slots  chan struct{}
	decoy  string // hash of nobody's password, for accounts that do not exist
}

// New returns a hasher that works on at most slots passwords at a time, so
// that sign-ins cannot take the shop's memory.
func New(p Params, slots int) *Hasher {
	h := &Hasher{params: p, slots: make(chan struct{}, max(slots, 1))}
	h.decoy = h.hash("nobody")
	return h
}

// Hash returns the encoded hash of a password with a fresh salt. It fails only
// when ctx ends while it waits for a slot.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return h.hash(password), nil
}

// Verify reports whether password is the one behind encoded. An empty encoded
// (no such account, or no password set) takes as long and is false. stale says
// that the hash was made with other costs and should be made anew.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, stale bool, err error) {
	release, err := h.slot(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	real := encoded != ""
	if !real {
		encoded = h.decoy
	}
	p, salt, want, err := parse(encoded)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey(bytesOf(password), salt, p.Time, p.Memory, p.Threads, uint32(len(want)))
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && real, p != h.params, nil
}

func (h *Hasher) slot(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "fault.unavailable").Because(ctx.Err())
	}
}

func (h *Hasher) hash(password string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt) //nolint:errcheck // crypto/rand never fails
	key := argon2.IDKey(bytesOf(password), salt, h.params.Time, h.params.Memory, h.params.Threads, keyLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.params.Memory, h.params.Time, h.params.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// bytesOf makes one byte string of every way to type the same characters.
func bytesOf(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

func parse(encoded string) (p Params, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	bad := errors.New("password: not an argon2id hash")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil || p.Memory == 0 || p.Time == 0 || p.Threads == 0 {
		return p, nil, nil, bad
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, nil, nil, bad
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) == 0 {
		return p, nil, nil, bad
	}
	return p, salt, key, nil
}

// Check says why a new password will not do, as the reason of a field: too
// short, too long, one character over and over, or made of what everybody
// knows about the person (known: the e-mail address, the name). "" means that
// it will do.
func Check(password string, min int, known ...string) (reason string, params []any) {
	n := utf8.RuneCountInString(password)
	switch {
	case n < min:
		return "password.too_short", []any{"min", min}
	case n > Max:
		return "form.too_long", []any{"max", Max}
	}
	first, _ := utf8.DecodeRuneInString(password)
	if strings.Trim(password, string(first)) == "" {
		return "password.too_simple", nil
	}
	low := strings.ToLower(password)
	for _, k := range known {
		k = strings.ToLower(strings.TrimSpace(k))
		local, _, _ := strings.Cut(k, "@")
		for _, part := range []string{k, local} {
			if utf8.RuneCountInString(part) >= 4 && utf8.RuneCountInString(strings.ReplaceAll(low, part, "")) < 4 {
				return "password.too_simple", nil
			}
		}
	}
	return "", nil
}
