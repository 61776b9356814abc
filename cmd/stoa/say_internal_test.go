package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/words"
)

// Whatever a command may fail with has a sentence of its own.
func TestSaid_noKeyReachesAPerson(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	general := []string{catalog.Printer("en", nil).T("form.invalid_value")}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		general = append(general, catalog.Printer("en", nil).T("fault."+k.String()))
	}
	whole := regexp.MustCompile(`fault\.New\(fault\.(\w+), "([a-z_.0-9]+)"`)
	field := regexp.MustCompile(`\.(?:At|Add)\([^,\n]+, "([a-z_]+\.[a-z_.0-9]+)"`)
	plain := func(t *testing.T, reason string, err error) {
		t.Helper()
		for _, line := range said(err) {
			if strings.Contains(line, reason) || slices.Contains(general, strings.TrimPrefix(line, "a field: ")) {
				t.Errorf("%s is said as %q", reason, line)
			}
		}
	}
	for room, least := range map[string]int{"ops/transfer": 20, "guard/staff": 15, "commerce/market": 15, "commerce/catalog": 10, "commerce/custom": 5, "commerce/inventory": 2, "commerce/shipping": 3} {
		files, err := filepath.Glob("../../" + room + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range whole.FindAllStringSubmatch(string(text), -1) {
				found++
				if m[2] == "form.invalid" {
					continue // it comes with fields, which are said
				}
				plain(t, m[2], fmt.Errorf("do it: %w", fault.New(fault.Conflict, m[2])))
			}
			for _, m := range field.FindAllStringSubmatch(string(text), -1) {
				found++
				plain(t, m[1], fault.New(fault.Invalid, "form.invalid").At("a field", m[1]))
			}
		}
		if found < least {
			t.Errorf("only %d reasons found in %s", found, room)
		}
	}
}

func TestSaid(t *testing.T) {
	empty := fault.New(fault.Invalid, "transfer.empty_file")
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"a plain error":             {errors.New("one\ntwo\n"), []string{"one", "two"}},
		"a fault deep down":         {fmt.Errorf("open: %w", fmt.Errorf("read: %w", empty)), []string{"The file is empty."}},
		"its values":                {fault.New(fault.Invalid, "transfer.no_folder").With("folder", "pics").Because(os.ErrNotExist), []string{"The folder pics cannot be opened."}},
		"a form":                    {fault.New(fault.Invalid, "form.invalid").At("name", "transfer.name_missing").At("sku", "transfer.sku_repeated", "row", 7), []string{"name: The product has no name.", "sku: Row 7 has the same SKU."}},
		"several":                   {errors.Join(errors.New("one"), empty), []string{"one", "The file is empty."}},
		"a fault made of several":   {fault.New(fault.Invalid, "transfer.not_csv").Because(errors.Join(errors.New("one"), empty)), []string{"This file cannot be read as CSV. Save it as “CSV UTF-8”."}},
		"our mistake tells its own": {&fault.Error{Cause: errors.New("disk on fire")}, []string{"Something went wrong on our side. It has been noted; please try again.", "disk on fire"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := said(tt.err); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
