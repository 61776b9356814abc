// Package teeth shows that the simulation bites: each mutation here breaks the
// order core in one place, at build time and nowhere else, and the simulation
// must find it. A simulation that cannot find planted mistakes proves nothing
// by finding none.
package teeth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Mutation is one planted mistake.
type Mutation struct {
	Name     string
	File     string // below the module's root
	Old, New string // Old is in the file exactly once
	Also     []Edit // in the same file, for a mistake that two checks guard against
	Postgres bool   // a mistake that only shows where transactions run beside each other
	Quick    bool   // found within a few hundred runs, for the short test

	// Package and Test name the test that must fail, where the simulation is
	// not what looks for the mistake.
	Package, Test string
}

// Edit replaces a text that is in a file exactly once.
type Edit struct{ Old, New string }

func (m Mutation) edits() []Edit { return append([]Edit{{m.Old, m.New}}, m.Also...) }

// Apply makes the mistake in the file's source.
func (m Mutation) Apply(source []byte) ([]byte, error) {
	for _, e := range m.edits() {
		if n := bytes.Count(source, []byte(e.Old)); n != 1 {
			return nil, fmt.Errorf("%s: what it replaces is %d times in %s, not once: %s", m.Name, n, m.File, e.Old)
		}
		source = bytes.Replace(source, []byte(e.Old), []byte(e.New), 1)
	}
	return source, nil
}

// Find builds the program with the mutation and plays the simulation until it
// breaks a promise, at most runs times. It returns how many runs that took; 0
// says that the mutation was not found. url is an empty database, for
// mutations that need PostgreSQL. A mutation with a test of its own is found
// by run 1 when that test fails.
func Find(ctx context.Context, root, work string, m Mutation, url string, runs int) (int, error) {
	overlay, err := m.overlay(root, work)
	if err != nil {
		return 0, err
	}
	if m.Test != "" {
		return m.test(ctx, root, overlay)
	}
	program := filepath.Join(work, "mutant")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "./cmd/stoa")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s does not build: %s", m.Name, out)
	}
	args := []string{"sim", "--stop", "--runs", strconv.Itoa(runs)}
	if url != "" {
		args = append(args, "--database", url)
	}
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err == nil {
		return 0, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || ctx.Err() != nil {
		return 0, errors.Join(err, ctx.Err())
	}
	found := regexp.MustCompile(`(?m)^(\d+) runs, `).FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("%s: the simulation could not be run: %s", m.Name, out)
	}
	return strconv.Atoi(string(found[1]))
}

// overlay writes the mutant beside a file that tells the go command to compile
// it instead of the original, which stays as it is.
func (m Mutation) overlay(root, work string) (string, error) {
	file := filepath.Join(root, m.File)
	source, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	mutated, err := m.Apply(source)
	if err != nil {
		return "", err
	}
	mutant := filepath.Join(work, "mutant.go")
	if err := os.WriteFile(mutant, mutated, 0o600); err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(work, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}

// test runs the mutation's test, which is to fail.
func (m Mutation) test(ctx context.Context, root, overlay string) (int, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-timeout", "5m", "-run", "^"+m.Test+"$", "./"+m.Package)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case bytes.Contains(out, []byte("--- FAIL: "+m.Test+" ")):
		return 1, nil
	case err != nil:
		return 0, fmt.Errorf("%s: %s could not be run: %w: %s", m.Name, m.Test, err, out)
	case bytes.Contains(out, []byte("no tests to run")):
		return 0, fmt.Errorf("%s: there is no %s in %s", m.Name, m.Test, m.Package)
	}
	return 0, nil
}
