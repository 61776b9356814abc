// Package migrations holds the tables of both engines: the same numbers, the
// same names, one meaning. Each column says its class in a comment.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

//go:embed keys
var keys embed.FS

// Files has one folder an engine: the shop's tables.
func Files() fs.FS { return files }

// Keys has one folder an engine: the table of wrapped keys, which lives apart.
func Keys() fs.FS {
	sub, err := fs.Sub(keys, "keys")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}
