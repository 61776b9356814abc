package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Local is a Store in a folder of this machine.
type Local struct{ root *os.Root }

// incoming is the folder below the root where files are written before they
// get their name. It begins with a dot, so no name leads there.
const incoming = ".incoming"

// abandoned is how old a half-written file has to be before it is certain that
// no other process of this shop is still writing it.
const abandoned = time.Hour

// OpenLocal opens the store in dir and makes the folder when it is not there.
// What a crash left half-written long ago is removed. Nothing outside of dir
// can be reached through the store, by no name and by no symbolic link.
func OpenLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	l := &Local{root}
	if err := errors.Join(root.MkdirAll(incoming, 0o755), l.sweep()); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("prepare %s: %w", dir, err)
	}
	return l, nil
}

// sweep removes abandoned files. What "now" is it learns from the file system,
// whose clock has dated the others too.
func (l *Local) sweep() error {
	temp, file, err := l.temp()
	if err != nil {
		return err
	}
	now, err := file.Stat()
	if err = errors.Join(err, file.Close(), l.root.Remove(temp)); err != nil {
		return err
	}
	entries, err := fs.ReadDir(l.root.FS(), incoming)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || now.ModTime().Sub(info.ModTime()) < abandoned {
			continue
		}
		if err := l.root.Remove(incoming + "/" + e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// temp makes a file of its own to write into.
func (l *Local) temp() (name string, file *os.File, err error) {
	name = incoming + "/" + strings.ToLower(rand.Text())
	file, err = l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	return name, file, err
}

// Close lets go of the folder. Files that are open stay readable.
func (l *Local) Close() error { return l.root.Close() }

// Put implements Store. Every file is written beside its place, brought to
// disk and then renamed, so a reader sees all of it or nothing.
func (l *Local) Put(ctx context.Context, files ...File) error {
	dirs := make(map[string]bool) // folders whose entries have to reach the disk
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !Valid(f.Name) {
			return fmt.Errorf("store %q: not a file name", f.Name)
		}
		switch _, err := l.root.Stat(f.Name); {
		case err == nil:
			continue
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := l.write(f, dirs); err != nil {
			return fmt.Errorf("store %s: %w", f.Name, err)
		}
	}
	for dir := range dirs {
		if err := l.sync(dir); err != nil {
			return err
		}
	}
	return nil
}

func (l *Local) write(f File, dirs map[string]bool) error {
	temp, file, err := l.temp()
	if err != nil {
		return err
	}
	if f.Body != nil {
		_, err = io.Copy(file, f.Body)
	} else {
		_, err = file.Write(f.Data)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		dir := path.Dir(f.Name)
		if err = l.makeDirs(dir, dirs); err == nil {
			dirs[dir] = true
			err = l.root.Rename(temp, f.Name)
		}
	}
	if err != nil {
		return errors.Join(err, l.root.Remove(temp))
	}
	return nil
}

// makeDirs makes dir and notes the folders that got a new entry by it.
func (l *Local) makeDirs(dir string, changed map[string]bool) error {
	if _, err := l.root.Stat(dir); err == nil {
		return nil
	}
	if err := l.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for dir != "." {
		dir = path.Dir(dir)
		changed[dir] = true
	}
	return nil
}

func (l *Local) sync(dir string) error {
	d, err := l.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements Store.
func (l *Local) Open(_ context.Context, name string) (Content, error) {
	if !Valid(name) {
		return Content{}, missing(name)
	}
	file, err := l.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{}, missing(name)
	}
	if err != nil {
		return Content{}, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = missing(name)
	}
	if err != nil {
		_ = file.Close()
		return Content{}, err
	}
	return Content{file, info.Size()}, nil
}

// Delete implements Store.
func (l *Local) Delete(_ context.Context, name string) error {
	if !Valid(name) {
		return nil
	}
	if err := l.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
