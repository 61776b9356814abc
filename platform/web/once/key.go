package once

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
)

// read takes the key and the body of a request, and leaves the body to be read
// again.
func (rule Rule) read(r *http.Request) (*claim, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				return nil, err
			}
			return nil, fault.New(fault.Malformed, "request.unreadable").Because(err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what is wrong with it, the decoder says
	var keys []string
	missing := "idempotency_key_required"
	if rule.Form {
		missing = "request.form_key_missing"
		var err error
		if keys, err = formKeys(kind, params["boundary"], body); err != nil {
			return nil, err
		}
	} else {
		keys = r.Header.Values("Idempotency-Key")
	}
	switch {
	case len(keys) == 0 || keys[0] == "":
		return nil, fault.New(fault.Malformed, missing)
	case len(keys) > 1 || len(keys[0]) > 255 || strings.ContainsFunc(keys[0], func(c rune) bool { return c < '!' || c > '~' }):
		return nil, fault.New(fault.Malformed, "idempotency_key_invalid")
	}
	key := keys[0]

	// Browsers choose a new boundary each time they send the same form.
	if boundary := params["boundary"]; boundary != "" {
		body = bytes.ReplaceAll(body, []byte(boundary), nil)
	}
	scope := digest("scope", rule.Scope(r), r.Method, r.URL.EscapedPath())
	return &claim{
		scope:    hex.EncodeToString(scope),
		key:      hex.EncodeToString(digest("key", string(scope), key)),
		bodyHash: keyed(key, "body", r.URL.RawQuery, kind, strings.Join(r.Header.Values("If-Match"), ","), string(body)),
		token:    rand.Text(),
		secret:   keyed(key, "answer", string(scope)),
	}, nil
}

// formKeys finds the values of the key's input in a form.
func formKeys(kind, boundary string, body []byte) ([]string, error) {
	unreadable := fault.New(fault.Malformed, "request.unreadable")
	switch kind {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, unreadable.Because(err)
		}
		return values[web.FormKeyField], nil
	case "multipart/form-data":
		var keys []string
		parts := multipart.NewReader(bytes.NewReader(body), boundary)
		for {
			part, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				return keys, nil
			}
			if err != nil {
				return nil, unreadable.Because(err)
			}
			if part.FormName() == web.FormKeyField {
				value, err := io.ReadAll(io.LimitReader(part, 256))
				if err != nil {
					return nil, unreadable.Because(err)
				}
				keys = append(keys, string(value))
			}
		}
	}
	return nil, fault.New(fault.Malformed, "request.wrong_content_type").With("want", "application/x-www-form-urlencoded, multipart/form-data")
}

// digest hashes parts so that no two lists of parts hash alike.
func digest(parts ...string) []byte { return keyed("", parts...) }

// keyed is digest under a key.
func keyed(key string, parts ...string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return h.Sum(nil)
}

// kept are the headers that describe an answer.
func kept() []string {
	return []string{"Allow", "Cache-Control", "Content-Language", "Content-Type", "Etag", "Link", "Location", "Retry-After", "Vary"}
}

// seal encrypts an answer under the request's key.
func (c *claim) seal(a Response) ([]byte, error) {
	header := make(http.Header)
	for name, values := range a.Header {
		if slices.Contains(kept(), name) {
			header[name] = values
		}
	}
	plain, err := json.Marshal(Response{a.Status, header, a.Body})
	if err != nil {
		return nil, err
	}
	aead, err := c.cipher()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, plain, nil), nil
}

func (c *claim) open(sealed []byte) (*Response, error) {
	aead, err := c.cipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("once: a remembered answer is too short")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	a := new(Response)
	return a, json.Unmarshal(plain, a)
}

func (c *claim) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(c.secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
