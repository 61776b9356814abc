// Package privacy keeps personal data sealed: each person has a key, wrapped
// by the shop's master key; personal columns hold AES-256-GCM under that key,
// and look-ups go through a blind index (HMAC-SHA256). Deleting a person's key
// makes all that was sealed under it unreadable, in every copy.
//
// The wrapped keys live apart from the shop's tables (a file of their own, or
// a schema of their own on PostgreSQL), so that long-lived backups of the shop
// hold none of them.
package privacy

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// ErrErased is returned by the vault's Open when the key is gone: the person was erased.
var ErrErased = fault.New(fault.NotFound, "privacy.erased")

// ErrMaster is returned by the function Open when the master key is another
// than the one that sealed the key store.
var ErrMaster = errors.New("the master key does not open this shop's personal data; restore the right one (STOA_MASTER_KEY or master.key in the data folder)")

// MasterKeySize is the length of the master key in bytes.
const MasterKeySize = 32

// pooled is how many keys are made durable at a time. Handing one out costs no
// disk sync; keys that are never handed out are harmless.
const pooled = 64

// Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	db     *db.DB
	master cipher.AEAD
	index  []byte

	mu    sync.Mutex
	spare []string // ids of keys on disk that nobody has yet

	cacheMu sync.RWMutex
	cache   map[string]cipher.AEAD
}

const cacheSize = 20_000

// Open opens the key store at keys (already open, see KeysURL), brings its
// table up to date from files, and returns the vault. master is the shop's
// 32-byte key: lost, everything personal is lost.
func Open(ctx context.Context, keys *db.DB, files fs.FS, master []byte) (*Vault, error) {
	if len(master) != MasterKeySize {
		return nil, fmt.Errorf("the master key must be %d bytes, it is %d", MasterKeySize, len(master))
	}
	if _, err := keys.Migrate(ctx, files); err != nil {
		return nil, err
	}
	wrap, err := newAEAD(derive(master, "wrap"))
	if err != nil {
		return nil, err
	}
	v := &Vault{db: keys, master: wrap, index: derive(master, "index"), cache: make(map[string]cipher.AEAD)}
	return v, v.checkMaster(ctx)
}

// Held brings the key store at keys up to date from files and reports whether
// it holds keys already, which only the master key that sealed them opens.
func Held(ctx context.Context, keys *db.DB, files fs.FS) (bool, error) {
	if _, err := keys.Migrate(ctx, files); err != nil {
		return false, err
	}
	return holdsKeys(ctx, keys)
}

// Sealed reports whether a shop's database, up to date, holds anything that
// only the keys of its key store open.
func Sealed(ctx context.Context, shop db.Q) (bool, error) { return somethingSealed(ctx, shop) }

// KeysURL is the address of the key store that belongs to a shop's database: a
// file beside it, or the schema "stoa_keys" of the same PostgreSQL.
func KeysURL(shop string) string {
	if file, ok := strings.CutPrefix(shop, "sqlite:"); ok {
		return "sqlite:" + strings.TrimSuffix(file, ".db") + "-keys.db"
	}
	mark := "?"
	if strings.Contains(shop, "?") {
		mark = "&"
	}
	return shop + mark + "search_path=stoa_keys"
}

func derive(master []byte, purpose string) []byte {
	h := hmac.New(sha256.New, master)
	h.Write([]byte("stoa/" + purpose))
	return h.Sum(nil)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// systemKey seals what belongs to no single person, such as stored answers to
// repeated requests.
const systemKey = "key_system"

// checkMaster makes the system key at the first start, and at later ones finds
// out at once when the master key is not this shop's.
func (v *Vault) checkMaster(ctx context.Context) error {
	fresh, err := v.wrapNew(systemKey)
	if err != nil {
		return err
	}
	err = v.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return insertKeys(ctx, tx, []wrapped{fresh})
	})
	if err != nil {
		return err
	}
	if _, err := v.aead(ctx, systemKey); err != nil {
		return ErrMaster
	}
	return nil
}

func (v *Vault) wrapNew(id string) (wrapped, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return wrapped{}, err
	}
	return wrapped{id, v.master.Seal(nil, nil, key, []byte(id))}, nil
}

// NewKey returns the id of a fresh key that is already on disk. Call it before
// the transaction that stores the id, or inside it: it never waits for the
// shop's database.
func (v *Vault) NewKey() (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.spare) == 0 {
		if err := v.refill(); err != nil {
			return "", fmt.Errorf("make privacy keys: %w", err)
		}
	}
	last := len(v.spare) - 1
	id := v.spare[last]
	v.spare = v.spare[:last]
	return id, nil
}

func (v *Vault) refill() error {
	// Background: the key store is another database, and its transaction must
	// not count as one inside the asker's.
	return v.db.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		batch := make([]wrapped, pooled)
		ids := make([]string, pooled)
		for i := range batch {
			ids[i] = tx.NewID("key")
			var err error
			if batch[i], err = v.wrapNew(ids[i]); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { v.spare = ids })
		return insertKeys(ctx, tx, batch)
	})
}

// SystemKey is the id of the key for what belongs to no single person.
func (v *Vault) SystemKey() string { return systemKey }

func (v *Vault) aead(ctx context.Context, keyID string) (cipher.AEAD, error) {
	v.cacheMu.RLock()
	a := v.cache[keyID]
	v.cacheMu.RUnlock()
	if a != nil {
		return a, nil
	}
	sealed, err := findKey(ctx, v.db, keyID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, ErrErased
	}
	if err != nil {
		return nil, err
	}
	key, err := v.master.Open(nil, nil, sealed, []byte(keyID))
	if err != nil {
		return nil, fmt.Errorf("privacy key %s cannot be unwrapped: %w", keyID, err)
	}
	if a, err = newAEAD(key); err != nil {
		return nil, err
	}
	v.cacheMu.Lock()
	defer v.cacheMu.Unlock()
	if len(v.cache) >= cacheSize {
		clear(v.cache)
	}
	v.cache[keyID] = a
	return a, nil
}

// format is the first byte of everything sealed; another layout gets another.
const format = 1

// Seal encrypts plain under a person's key. place names the column and row
// ("customer.email:cus_…"); the same must be given to Open, so that a sealed
// value moved elsewhere does not open.
func (v *Vault) Seal(ctx context.Context, keyID, place string, plain []byte) ([]byte, error) {
	a, err := v.aead(ctx, keyID)
	if err != nil {
		return nil, err
	}
	return a.Seal([]byte{format}, nil, plain, []byte(place)), nil
}

// Open decrypts what Seal made. It returns ErrErased when the key is gone.
func (v *Vault) Open(ctx context.Context, keyID, place string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	if sealed[0] != format {
		return nil, fmt.Errorf("sealed value %s has an unknown format %d", place, sealed[0])
	}
	a, err := v.aead(ctx, keyID)
	if err != nil {
		return nil, err
	}
	plain, err := a.Open(nil, nil, sealed[1:], []byte(place))
	if err != nil {
		return nil, fmt.Errorf("sealed value %s does not open: %w", place, err)
	}
	return plain, nil
}

// SealText is Seal for a text.
func (v *Vault) SealText(ctx context.Context, keyID, place, text string) ([]byte, error) {
	return v.Seal(ctx, keyID, place, []byte(text))
}

// OpenText is Open for a text.
func (v *Vault) OpenText(ctx context.Context, keyID, place string, sealed []byte) (string, error) {
	b, err := v.Open(ctx, keyID, place, sealed)
	return string(b), err
}

// SealJSON is Seal for a value as JSON.
func (v *Vault) SealJSON(ctx context.Context, keyID, place string, value any) ([]byte, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return v.Seal(ctx, keyID, place, raw)
}

// OpenJSON is Open for a value as JSON; an empty column leaves value as it is.
func (v *Vault) OpenJSON(ctx context.Context, keyID, place string, sealed []byte, value any) error {
	raw, err := v.Open(ctx, keyID, place, sealed)
	if err != nil || raw == nil {
		return err
	}
	return json.Unmarshal(raw, value)
}

// Index is the blind index of a value for look-up by equality. Normalise the
// value first (an e-mail address: market.NormalizeEmail). kind keeps values of
// different columns apart.
func (v *Vault) Index(kind, value string) []byte {
	h := hmac.New(sha256.New, v.index)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return h.Sum(nil)
}

// Erase deletes a person's key: nothing sealed under it opens again. A second
// call does nothing. The system key is refused.
func (v *Vault) Erase(ctx context.Context, keyID string) error {
	if keyID == systemKey {
		return errors.New("privacy: the system key cannot be erased")
	}
	err := v.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return deleteKey(ctx, tx, keyID)
	})
	v.Forget(keyID)
	return err
}

// Forget drops a key from this node's memory. Other nodes call it when the
// change log tells them of an erasure.
func (v *Vault) Forget(keyID string) {
	v.cacheMu.Lock()
	defer v.cacheMu.Unlock()
	delete(v.cache, keyID)
}

// ForgetAll drops every key from this node's memory, for when it cannot know
// which were erased elsewhere.
func (v *Vault) ForgetAll() {
	v.cacheMu.Lock()
	defer v.cacheMu.Unlock()
	clear(v.cache)
}
