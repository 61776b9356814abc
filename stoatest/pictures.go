package stoatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/image"
	"github.com/stoashop/stoa/platform/upload"
)

// pictures takes the demo's pictures in without making their renditions anew:
// that takes as long as a hundred tests, and they are always the same. Other
// pictures go to the shop's own service.
type pictures struct {
	known map[string]upload.Picture // by the hash of the master
	shop  *upload.Service
}

func (p pictures) Picture(ctx context.Context, r io.Reader) (upload.Picture, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return upload.Picture{}, err
	}
	if known, ok := p.known[blob.Hash(data)]; ok {
		return known, nil
	}
	return p.shop.Picture(ctx, bytes.NewReader(data))
}

// store is the folder with the renditions of the demo's pictures, and what is
// known of them. The first test on a machine makes it, the others find it.
var store = sync.OnceValues(func() (string, error) {
	d, err := demo.Load()
	if err != nil {
		return "", err
	}
	key, err := storeKey(d)
	if err != nil {
		return "", err
	}
	parent := filepath.Join(os.TempDir(), fmt.Sprintf("stoa-test-%d", os.Getuid()))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	dir := filepath.Join(parent, "pictures-"+key)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(parent, "work-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := makeStore(d, work); err != nil {
		return "", err
	}
	if err := os.Rename(work, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // nobody else was faster
			return "", err
		}
	}
	return dir, nil
})

// storeKey changes with the pictures and with what is made of them.
func storeKey(d *demo.Demo) (string, error) {
	h := sha256.New()
	for i, img := range d.Images {
		data, err := demo.Master(img)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, img.File, blob.Hash(data))
		if i > 0 {
			continue
		}
		sample, err := image.New(image.Options{}).Process(context.Background(), data)
		if err != nil {
			return "", err
		}
		for _, r := range sample.Renditions {
			fmt.Fprintln(h, r.Width, r.Mime, blob.Hash(r.Data))
		}
	}
	fmt.Fprintln(h, image.Ladder(), upload.Name("hash", "image/jpeg", 1))
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func makeStore(d *demo.Demo, dir string) error {
	files, err := blob.OpenLocal(filepath.Join(dir, "files"))
	if err != nil {
		return err
	}
	taker := upload.New(files, image.New(image.Options{}), nil)
	var mu sync.Mutex
	known := make(map[string]upload.Picture, len(d.Images))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, img := range d.Images {
		g.Go(func() error {
			data, err := demo.Master(img)
			if err != nil {
				return err
			}
			pic, err := taker.Picture(context.Background(), bytes.NewReader(data))
			if err != nil {
				return fmt.Errorf("%s: %w", img.File, err)
			}
			mu.Lock()
			defer mu.Unlock()
			known[blob.Hash(data)] = pic
			return nil
		})
	}
	if err := errors.Join(g.Wait(), files.Close()); err != nil {
		return err
	}
	raw, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "known.json"), raw, 0o600)
}

// stockPictures puts the renditions into a shop's data folder and returns
// what is known of them. The files are linked, not copied; the shop may
// delete its links.
func stockPictures(data string) (known map[string]upload.Picture, err error) {
	dir, err := store()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "known.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, err
	}
	from, to := filepath.Join(dir, "files"), filepath.Join(data, "files")
	return known, filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if os.Link(name, filepath.Join(to, rel)) == nil {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o644)
	})
}
