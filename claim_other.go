//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package stoa

import "os"

// lockFile does nothing where files cannot be locked this way.
func lockFile(*os.File) error { return nil }
