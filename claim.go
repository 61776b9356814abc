package stoa

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stoashop/stoa/platform/db"
)

// Claim makes this process the only one that serves the SQLite database of the
// settings, until release is called or the process ends. Run does it by
// itself, unless the shop was made with Claimed. Commands that only look or
// write beside a running shop need no claim, and on PostgreSQL, which serves
// many nodes, it does nothing.
//
// It fails with a *db.Trouble: db.InUse when another process has the claim.
func (s Settings) Claim() (release func() error, err error) {
	file, ok := strings.CutPrefix(s.Database, "sqlite:")
	if !ok {
		return func() error { return nil }, nil
	}
	if err := makeFolder(filepath.Dir(file)); err != nil {
		return nil, err
	}
	return lock(file+".lock", "another stoa serves "+file+" already; stop it, or set STOA_DATA to another folder")
}

// ClaimFolder makes this process the only one that keeps something of its own
// in the data folder, until release is called or the process ends; what names
// the lock file and the reason. It fails as Claim does, on both engines.
func (s Settings) ClaimFolder(what string) (release func() error, err error) {
	if err := makeFolder(s.Data); err != nil {
		return nil, err
	}
	return lock(filepath.Join(s.Data, what+".lock"), "another stoa "+what+" keeps the folder "+s.Data+" already; stop it, or set STOA_DATA to another folder")
}

// lock locks a file, which is made if need be and stays.
func lock(name, taken string) (release func() error, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, notWritable(filepath.Dir(name), err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(&db.Trouble{Problem: db.InUse, Line: taken, Cause: err}, f.Close())
	}
	return f.Close, nil // closing ends the lock
}

// makeFolder makes a folder of the shop's own, if it is not there.
func makeFolder(name string) error {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return notMade(name, err)
	}
	return nil
}

// Writable fails with a *db.Trouble when the shop could not keep its data in a
// folder, which need not be there yet. It leaves nothing behind.
func Writable(folder string) error {
	there := filepath.Clean(folder)
	about, err := os.Stat(there)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(there) != there {
		there = filepath.Dir(there)
		about, err = os.Stat(there)
	}
	if err == nil && !about.IsDir() {
		err = syscall.ENOTDIR
	}
	if err == nil {
		var probe string
		if probe, err = os.MkdirTemp(there, ".write-probe-*"); err == nil {
			return os.Remove(probe)
		}
	}
	if there != filepath.Clean(folder) {
		return notMade(folder, err)
	}
	return notWritable(folder, err)
}

func notWritable(folder string, cause error) error {
	return &db.Trouble{Problem: db.NotWritable, Line: fmt.Sprintf("the data folder %s is not writable; give this user write access or set STOA_DATA to another folder", folder), Cause: cause}
}

func notMade(folder string, cause error) error {
	why := cause
	var path *os.PathError
	if errors.As(cause, &path) {
		why = path.Err
	}
	return &db.Trouble{Problem: db.NotWritable, Line: fmt.Sprintf("cannot make the data folder %s: %v; set STOA_DATA to another folder", folder, why), Cause: cause}
}
