package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/blob"
)

func open(t *testing.T) (store *blob.Local, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "files")
	store, err := blob.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, dir
}

func read(t *testing.T, s blob.Store, name string) string {
	t.Helper()
	c, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil || int64(len(b)) != c.Size {
		t.Fatalf("%d bytes of %d, %v", len(b), c.Size, err)
	}
	return string(b)
}

// names lists every file below dir.
func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLocal_keepsWhatItIsGiven(t *testing.T) {
	s, dir := open(t)
	files := []blob.File{
		{Name: "media/ab/one.jpg", Data: []byte("first")},
		{Name: "media/ab/two.jpg"},
		{Name: "plain", Data: []byte("x")},
	}
	streamed := blob.File{Name: "streamed", Body: strings.NewReader("from a reader")}

	if err := s.Put(t.Context(), streamed); err != nil || read(t, s, "streamed") != "from a reader" {
		t.Errorf("a body is not stored: %v", err)
	}
	if err := s.Delete(t.Context(), "streamed"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), files...); err != nil {
		t.Fatal(err)
	}

	for _, f := range files {
		if got := read(t, s, f.Name); got != string(f.Data) {
			t.Errorf("%s holds %q", f.Name, got)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"media/ab/one.jpg", "media/ab/two.jpg", "plain"}) {
		t.Errorf("on disk: %v", got)
	}
}

func TestLocal_Put_aNameMeansItsBytes(t *testing.T) {
	s, _ := open(t)
	for _, data := range []string{"first", "second"} {
		if err := s.Put(t.Context(), blob.File{Name: "a", Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, s, "a"); got != "first" {
		t.Errorf("got %q", got)
	}
}

func TestLocal_Delete(t *testing.T) {
	s, dir := open(t)
	if err := s.Put(t.Context(), blob.File{Name: "d/a", Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one finds nothing and is content
		if err := s.Delete(t.Context(), "d/a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), "d/a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestT79_noNameLeadsOutOfTheFolder(t *testing.T) {
	s, dir := open(t)
	outside := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(dir), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".incoming", "x"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := []string{
		"", "/", ".", "..", "../secret", "a/../../secret", "a/./b", "a//b", "/etc/passwd", "a/", `..\secret`, `c:\x`, "a\x00b",
		".incoming/x", "%2e%2e/secret", "UPPER", "ä", "a b", "-a", "a/b/c/d/e", strings.Repeat("a", 101), outside,
		"link/secret", // valid as a name; the folder refuses to be left
	}
	for _, name := range bad {
		if c, err := s.Open(t.Context(), name); err == nil {
			_ = c.Close()
			t.Errorf("opened %q", name)
		}
		if err := s.Put(t.Context(), blob.File{Name: name, Data: []byte("x")}); err == nil {
			t.Errorf("wrote %q", name)
		}
		_ = s.Delete(t.Context(), name)
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "secret" {
		t.Errorf("the file outside: %q, %v", got, err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{".incoming/x", "link"}) {
		t.Errorf("inside: %v", got)
	}
}

func TestLocal_Open_aFolderIsNoFile(t *testing.T) {
	s, _ := open(t)
	if err := s.Put(t.Context(), blob.File{Name: "d/a", Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "d"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestLocal_Put_manyAtOnce(t *testing.T) {
	s, dir := open(t)
	data := bytes.Repeat([]byte("content "), 5000)
	name := "m/" + blob.Hash(data)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Put(context.Background(), blob.File{Name: name, Data: data}); err != nil {
				t.Error(err)
			}
			if got := read(t, s, name); got != string(data) {
				t.Errorf("read %d bytes", len(got))
			}
		})
	}
	wg.Wait()
	if got := names(t, dir); !slices.Equal(got, []string{name}) {
		t.Errorf("on disk: %v", got)
	}
}

func TestLocal_Put_stopsWithItsContext(t *testing.T) {
	s, dir := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, blob.File{Name: "a", Data: nil}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestOpenLocal_sweepsWhatACrashLeft(t *testing.T) {
	s, dir := open(t)
	if err := s.Put(t.Context(), blob.File{Name: "kept", Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"half": 2 * time.Hour, "being-written": time.Minute} {
		file := filepath.Join(dir, ".incoming", name)
		if err := os.WriteFile(file, []byte("hal"), 0o644); err != nil {
			t.Fatal(err)
		}
		now, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		then := now.ModTime().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}

	again, err := blob.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()

	if got := names(t, dir); !slices.Equal(got, []string{".incoming/being-written", "kept"}) {
		t.Errorf("on disk: %v", got)
	}
}

func TestHash(t *testing.T) {
	// SHA-256 of "abc" is ba7816bf 8f01cfea …
	if got, want := blob.Hash([]byte("abc")), "xj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq"; got != want || !blob.Valid(got) {
		t.Errorf("got %s", got)
	}
}

func BenchmarkLocal_Put(b *testing.B) {
	s, err := blob.OpenLocal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, 40_000)
	for i := 0; b.Loop(); i++ {
		if err := s.Put(b.Context(), blob.File{Name: "m/" + strconv.Itoa(i), Data: data}); err != nil {
			b.Fatal(err)
		}
	}
}
