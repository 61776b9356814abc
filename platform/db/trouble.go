package db

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Problem is why a database as a whole cannot be used.
type Problem string

// What whoever runs the shop can do something about.
const (
	WrongAddress Problem = "wrong address" // no database can have it
	Away         Problem = "away"          // does not answer, or lets nobody in
	NotWritable  Problem = "not writable"  // the folder, the file or the disk takes no writes
	InUse        Problem = "in use"        // another program has it
	Newer        Problem = "newer"         // made by a newer program
	Damaged      Problem = "damaged"       // not a database, or not whole
)

// Trouble is a Problem in one line for whoever runs the shop. Cause, which may
// be nil, is the driver's word.
type Trouble struct {
	Problem Problem
	Line    string
	Cause   error
}

func (t *Trouble) Error() string { return t.Line }
func (t *Trouble) Unwrap() error { return t.Cause }

// TroubleOf returns the trouble in err: one that is there already, or what a
// driver's error means for the database at address. It is nil when err is
// about something else.
func TroubleOf(err error, address string) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		file := strings.TrimPrefix(address, "sqlite:")
		trouble := func(p Problem, line string) *Trouble { return &Trouble{p, fmt.Sprintf(line, file), err} }
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			return trouble(Damaged, "the database %s is damaged or not a database; restore it from a backup")
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return trouble(NotWritable, "the database %s takes no writes; give this user write access to the file and its folder, and see that the disk is not read-only")
		case sqlite3.SQLITE_CANTOPEN:
			return trouble(NotWritable, "the database %s cannot be opened; it must be a file that this user may write")
		case sqlite3.SQLITE_FULL:
			return trouble(NotWritable, "the disk of the database %s is full")
		case sqlite3.SQLITE_IOERR:
			return trouble(NotWritable, "the disk of the database %s fails to read or write")
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return trouble(InUse, "another program keeps the database %s locked; stop it")
		}
		return nil
	}
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.As(err, &server) && (strings.HasPrefix(server.Code, "53") || strings.HasPrefix(server.Code, "57P")) {
		return &Trouble{Away, "PostgreSQL at " + Redacted(address) + " does not answer: " + remedy(err), err}
	}
	return nil
}

// explained is err, or the trouble it means.
func explained(err error, address string) error {
	if t := TroubleOf(err, address); t != nil {
		return t
	}
	return err
}
