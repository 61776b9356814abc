package privacy_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestVault_opensOnlyWhatItSealedForThePlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		v := e.Vault(t)
		key, err := v.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := v.SealText(t.Context(), key, "customer.email:cus_1", "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, []byte("ada")) {
			t.Error("the sealed value shows the plain one")
		}
		if got, err := v.OpenText(t.Context(), key, "customer.email:cus_1", sealed); got != "ada@example.com" || err != nil {
			t.Errorf("opened %q, %v", got, err)
		}
		if got, err := v.OpenText(t.Context(), key, "customer.email:cus_2", sealed); err == nil {
			t.Errorf("moved to another row it still opens: %q", got)
		}
		other, _ := v.NewKey()
		if got, err := v.OpenText(t.Context(), other, "customer.email:cus_1", sealed); err == nil {
			t.Errorf("another person's key opens it: %q", got)
		}
	})
}

func TestVault_erasedIsUnreadable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		v := e.Vault(t)
		key, _ := v.NewKey()
		sealed, err := v.SealText(t.Context(), key, "x", "secret")
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Erase(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := v.OpenText(t.Context(), key, "x", sealed); !errors.Is(err, privacy.ErrErased) {
			t.Errorf("after erasure: %v, want ErrErased", err)
		}
		if err := v.Erase(t.Context(), v.SystemKey()); err == nil {
			t.Error("the system key was erased")
		}
	})
}

func TestVault_newKeyInsideAForeignTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		v := e.Vault(t)
		seen := make(map[string]bool)
		err := e.DB.InTx(t.Context(), func(context.Context, *db.Tx) error {
			for range 200 { // more than one batch
				key, err := v.NewKey()
				if err != nil {
					return err
				}
				seen[key] = true
			}
			return nil
		})
		if err != nil || len(seen) != 200 {
			t.Errorf("%d different keys, %v; want 200", len(seen), err)
		}
	})
}

func TestOpen_refusesAnotherShopsMasterKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Vault(t)
		keys, err := db.Open(t.Context(), db.Options{URL: privacy.KeysURL(e.URL)})
		if err != nil {
			t.Fatal(err)
		}
		defer keys.Close()
		wrong := bytes.Repeat([]byte{7}, privacy.MasterKeySize)
		if _, err := privacy.Open(t.Context(), keys, migrations.Keys(), wrong); err == nil {
			t.Error("a wrong master key was accepted")
		}
	})
}

func TestVault_Index(t *testing.T) {
	v := dbtest.New(t, db.SQLite).Vault(t)
	if !bytes.Equal(v.Index("email", "a@example.com"), v.Index("email", "a@example.com")) {
		t.Error("equal values have different indexes")
	}
	if bytes.Equal(v.Index("email", "a@example.com"), v.Index("phone", "a@example.com")) {
		t.Error("two columns share an index")
	}
}

// Sealed looks into every table that has sealed columns.
func TestSealed_knowsEveryTable(t *testing.T) {
	schema, err := os.ReadFile("../../migrations/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	store, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`(?m)^(\w+)\.\w+ (?:personal|secret) bytes`).FindAllStringSubmatch(string(schema), -1)
	if len(tables) < 11 {
		t.Fatalf("the schema has %d sealed columns", len(tables))
	}
	for _, m := range tables {
		if !regexp.MustCompile(`EXISTS \(SELECT 1 FROM ` + m[1] + `\b`).Match(store) {
			t.Errorf("Sealed does not look into %s", m[1])
		}
	}
}
