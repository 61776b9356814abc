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
	Postgres bool   // a mistake that only shows where transactions run beside each other
	Quick    bool   // found within a few hundred runs, for the short test
}

// Find builds the program with the mutation and plays the simulation until it
// breaks a promise, at most runs times. It returns how many runs that took; 0
// says that the mutation was not found. url is an empty database, for
// mutations that need PostgreSQL.
func Find(ctx context.Context, root, work string, m Mutation, url string, runs int) (int, error) {
	file := filepath.Join(root, m.File)
	source, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	if n := bytes.Count(source, []byte(m.Old)); n != 1 {
		return 0, fmt.Errorf("%s: the text to be replaced is %d times in %s, not once", m.Name, n, m.File)
	}
	mutant := filepath.Join(work, "mutant.go")
	if err := os.WriteFile(mutant, bytes.Replace(source, []byte(m.Old), []byte(m.New), 1), 0o600); err != nil {
		return 0, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(work, "overlay.json"), overlay, 0o600); err != nil {
		return 0, err
	}
	program := filepath.Join(work, "mutant")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", filepath.Join(work, "overlay.json"), "-o", program, "./cmd/stoa")
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
