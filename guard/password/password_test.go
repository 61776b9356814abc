package password_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/kit/fault"
)

var cheap = password.Params{Memory: 64, Time: 1, Threads: 1}

func TestVerify(t *testing.T) {
	h := password.New(cheap, 2)
	hash, err := h.Hash(t.Context(), "crème brûlée at dawn")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := h.Hash(t.Context(), "crème brûlée at dawn")
	if again == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	tests := map[string]struct {
		hash, password string
		ok             bool
	}{
		"the password":                  {hash, "crème brûlée at dawn", true},
		"the same letters typed apart":  {hash, "cre\u0300me bru\u0302le\u0301e at dawn", true},
		"another case":                  {hash, "Crème brûlée at dawn", false},
		"nothing":                       {hash, "", false},
		"no such account":               {"", "crème brûlée at dawn", false},
		"nobody's password, no account": {"", "nobody", false},
		"a prefix":                      {hash, "crème brûlée", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ok, stale, err := h.Verify(t.Context(), tt.hash, tt.password)
			if err != nil || stale || ok != tt.ok {
				t.Errorf("got %v, stale %v, %v; want %v", ok, stale, err, tt.ok)
			}
		})
	}
	if _, stale, _ := password.New(password.Params{Memory: 128, Time: 1, Threads: 1}, 1).Verify(t.Context(), hash, "x"); !stale {
		t.Error("a hash with old costs is not called stale")
	}
	for _, broken := range []string{"$argon2i$", "x", strings.Replace(hash, "t=1", "t=0", 1), hash[:strings.LastIndex(hash, "$")+1]} {
		if ok, _, err := h.Verify(t.Context(), broken, "x"); ok || err == nil {
			t.Errorf("%q: got %v, %v", broken, ok, err)
		}
	}
}

func TestVerify_waitsForASlotOnlyAsLongAsItsCaller(t *testing.T) {
	h := password.New(cheap, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // select picks at random when both are ready; a taken slot must never be lost
		if _, err := h.Hash(ctx, "x"); err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := h.Hash(t.Context(), "x"); err != nil {
		t.Errorf("a slot was lost: %v", err)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct{ password, want string }{
		"a sentence":              {"the kettle sings at six", ""},
		"eleven characters":       {"12345678901", "password.too_short"},
		"twelve, beyond ASCII":    {"ééééééééééèè", ""},
		"one character":           {"aaaaaaaaaaaaaaaa", "password.too_simple"},
		"the address":             {"mira@example.com", "password.too_simple"},
		"the name and a year":     {"MiraLindqvist24", "password.too_simple"},
		"a sentence with a name":  {"mira drinks green tea", ""},
		"longer than we will use": {strings.Repeat("ab", 101), "form.too_long"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := password.Check(tt.password, password.MinStaff, "mira@example.com", "MiraLindqvist")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
