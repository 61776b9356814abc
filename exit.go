package stoa

import (
	"context"
	"errors"
	"strings"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// SettingsError is what is wrong with the settings, a line each.
type SettingsError struct{ Lines []string }

func (e *SettingsError) Error() string { return strings.Join(e.Lines, "\n") }

// wrongSettings makes the lines of err, which may be nil, a SettingsError.
func wrongSettings(err error) error {
	if err == nil {
		return nil
	}
	return &SettingsError{strings.Split(err.Error(), "\n")}
}

// ExitError is an error in one line that has a code.
type ExitError struct {
	Code int
	Line string
}

func (e *ExitError) Error() string { return e.Line }

// The codes with which the program ends. Scripts may rely on them.
const (
	ExitFailure     = 1   // what none of the others says
	ExitUsage       = 2   // the command line
	ExitSettings    = 3   // a setting is wrong or refused
	ExitAddress     = 4   // the address to listen on is in use or forbidden
	ExitNotWritable = 5   // the data folder, its files or its disk take no writes
	ExitInUse       = 6   // another process serves this data folder
	ExitAway        = 7   // PostgreSQL does not answer
	ExitNewer       = 8   // the database is newer than the program
	ExitDamaged     = 9   // the database is damaged, or keys of personal data are missing or wrong
	ExitRefused     = 10  // an import is done, but left rows of its file out
	ExitStopped     = 130 // stopped by a signal before it was done
)

// ExitCode is the code that tells err apart, 0 for nil.
func ExitCode(err error) int {
	var settings *SettingsError
	var coded *ExitError
	var trouble *db.Trouble
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.Code
	case errors.As(err, &settings):
		return ExitSettings
	case errors.Is(err, web.ErrAddress):
		return ExitAddress
	case errors.As(err, &trouble):
		return map[db.Problem]int{
			db.WrongAddress: ExitSettings, db.Away: ExitAway, db.NotWritable: ExitNotWritable,
			db.InUse: ExitInUse, db.Newer: ExitNewer, db.Damaged: ExitDamaged,
		}[trouble.Problem]
	case errors.Is(err, context.Canceled):
		return ExitStopped
	}
	return ExitFailure
}
