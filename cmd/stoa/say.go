package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/words"
)

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return &stoa.ExitError{Code: stoa.ExitUsage, Line: fmt.Sprintf(format, args...)}
}

// complain writes an error for a person, without a trace.
func complain(err error) {
	for _, l := range said(err) {
		fmt.Fprintln(os.Stderr, "stoa:", l)
	}
}

// said is an error in lines for a person. A fault is said in words, with a line
// for each bad value; what was being tried when it came is left out.
func said(err error) []string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return strings.Split(strings.TrimSpace(err.Error()), "\n")
	}
	switch e := any(err).(type) {
	case *fault.Error:
		return inWords(e)
	case interface{ Unwrap() error }:
		return said(e.Unwrap())
	case interface{ Unwrap() []error }:
		var lines []string
		for _, one := range e.Unwrap() {
			lines = append(lines, said(one)...)
		}
		return lines
	}
	return inWords(f)
}

func inWords(f *fault.Error) []string {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		return []string{err.Error()}
	}
	say := catalog.Printer("en", nil)
	var lines []string
	if len(f.Fields) == 0 || f.Reason != "form.invalid" {
		lines = append(lines, say.Fault(f))
	}
	if f.Kind == fault.Internal && f.Cause != nil {
		lines = append(lines, said(f.Cause)...)
	}
	for _, field := range f.Fields {
		lines = append(lines, field.Path+": "+say.Field(field))
	}
	return lines
}
