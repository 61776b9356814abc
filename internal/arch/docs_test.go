package arch_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	link     = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	codeSpan = regexp.MustCompile("`([A-Za-z0-9_.{},-]+(?:/[A-Za-z0-9_.{},-]*)+)`")
	treePath = regexp.MustCompile(`([A-Za-z0-9_.{},/-]+/)(?:[\s),;…]|$)`)
	braces   = regexp.MustCompile(`^(.*)\{([^}]*)\}(.*)$`)
)

// TestDocs finds paths in what we say about ourselves that lead nowhere: links,
// paths of this tree between backticks, and the tree of docs/architecture.md.
func TestDocs(t *testing.T) {
	root := os.DirFS("../..")
	there := func(name string) bool {
		_, err := fs.Stat(root, path.Clean(name))
		return err == nil
	}
	checked := 0
	check := func(file, written string, from ...string) {
		for _, name := range expand(written) {
			checked++
			found := false
			for _, dir := range from {
				found = found || there(path.Join(dir, name))
			}
			if !found {
				t.Errorf("%s names %s, which does not exist", file, name)
			}
		}
	}
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file == "." || file == "docs" || strings.HasPrefix(file, "docs/") {
				return nil
			}
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".md") {
			return nil
		}
		raw, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		text := string(raw)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			check(file, m[1], path.Dir(file))
		}
		for _, m := range codeSpan.FindAllStringSubmatch(text, -1) {
			if top, _, _ := strings.Cut(m[1], "/"); there(top) { // else it is somebody else's path
				check(file, m[1], ".")
			}
		}
		for _, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "├── ") {
				continue
			}
			names := treePath.FindAllStringSubmatch(line, -1)
			for _, name := range names { // of the root, or of what the line is about
				about, _, _ := strings.Cut(names[0][1], "{")
				check(file, name[1], ".", about)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 60 {
		t.Errorf("only %d paths found", checked)
	}
}

// expand writes out the alternatives of a path: a/{b,c} is a/b and a/c.
func expand(name string) []string {
	m := braces.FindStringSubmatch(name)
	if m == nil {
		return []string{name}
	}
	var all []string
	for _, one := range strings.Split(m[2], ",") {
		all = append(all, expand(m[1]+one+m[3])...)
	}
	return all
}
