package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var target = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`)

// fuzzed is a package with the names of its targets.
type fuzzed struct {
	dir   string
	names []string
}

// fuzzTargets lists the project's targets by package.
func fuzzTargets() ([]fuzzed, error) {
	var all []fuzzed
	err := filepath.WalkDir(".", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(name)
		dir := "./" + filepath.ToSlash(filepath.Dir(name))
		for _, m := range target.FindAllStringSubmatch(string(raw), -1) {
			at := slices.IndexFunc(all, func(f fuzzed) bool { return f.dir == dir })
			if at < 0 {
				at = len(all)
				all = append(all, fuzzed{dir: dir})
			}
			all[at].names = append(all[at].names, m[1])
		}
		return err
	})
	return all, err
}

// fuzzAll fuzzes every target of the project in turn.
func fuzzAll(each time.Duration) error {
	all, err := fuzzTargets()
	if err != nil {
		return err
	}
	for _, p := range all {
		for _, name := range p.names {
			fmt.Println(p.dir, name)
			cmd := exec.Command("go", "test", p.dir, "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", each.String())
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s %s: %w", p.dir, name, err)
			}
		}
	}
	return nil
}

// fuzzShort fuzzes every target for a moment, two packages at a time. The test
// programs are built as the tests were: to compile everything anew with the
// instruments of a long run would take minutes.
func fuzzShort(each time.Duration) error {
	all, err := fuzzTargets()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "fuzz")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	packages := make(chan fuzzed, len(all))
	count := 0
	for _, p := range all {
		packages <- p
		count += len(p.names)
	}
	close(packages)
	failed := make([]error, 2)
	var both sync.WaitGroup
	for i := range failed {
		both.Go(func() {
			for p := range packages {
				dir := filepath.Join(work, strconv.Itoa(i))
				failed[i] = errors.Join(failed[i], p.fuzz(dir, each))
			}
		})
	}
	both.Wait()
	fmt.Printf("fuzzed %d targets for %s each\n", count, each)
	return errors.Join(failed...)
}

// fuzz builds the package's test program and fuzzes its targets in turn. What
// was found is written below the package's testdata/fuzz, to be kept.
func (p fuzzed) fuzz(work string, each time.Duration) error {
	program := filepath.Join(work, "fuzz.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-o", program, p.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", p.dir, err, out)
	}
	for _, name := range p.names {
		cmd := exec.Command(program, "-test.run", "^$", "-test.fuzz", "^"+name+"$", "-test.fuzztime", each.String(),
			"-test.fuzzcachedir", filepath.Join(work, "cache"), "-test.parallel", "1", "-test.timeout", "2m")
		cmd.Dir = p.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w\n%s", p.dir, name, err, out)
		}
	}
	return nil
}
