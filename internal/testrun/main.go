// Command testrun runs every test, counts how many ran on each engine, and
// fails when the two numbers differ: a feature that works on one is not done.
// Then it fuzzes every parser for a moment.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func main() {
	fuzz := flag.Duration("fuzz", 0, "fuzz every target for this long instead")
	short := flag.Duration("short", 1500*time.Millisecond, "fuzz every target for this long after the tests")
	flag.Parse()
	watch := clock.Start()
	var err error
	if *fuzz > 0 {
		err = fuzzAll(*fuzz)
	} else {
		err = testAll(flag.Args(), watch)
	}
	if err == nil && *fuzz == 0 && flag.NArg() == 0 {
		err = fuzzShort(*short)
		fmt.Printf("took %s in all\n", watch.Elapsed().Round(time.Second))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(1)
	}
}

// event is a line of go test -json.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

// packages is how many packages are tested at once: one more than the two
// cores that a run may count on, since browsers and databases are waited for.
const packages = "3"

// longest names the packages whose tests take minutes. They begin first, so that
// none of them runs alone at the end.
func longest() []string {
	return []string{"./stoatest", "./admin/screen", "./cmd/stoa", "./ops/sim", "./api", "./storefront", "./storefront/view/sample", "./ops/transfer", "./internal/teeth", "."}
}

func testAll(args []string, watch clock.Stopwatch) error {
	if os.Getenv("STOA_TEST_POSTGRES") == "" {
		// One cluster for all packages: starting one takes a second.
		server, err := dbtest.Start(false)
		if err != nil {
			return err
		}
		defer server.Stop()
		os.Setenv("STOA_TEST_POSTGRES", server.URL)
	}
	if len(args) == 0 {
		args = append(longest(), "./...")
	}
	cmd := exec.Command("go", append([]string{"test", "-json", "-timeout", "14m", "-vet=off", "-p", packages}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	engines := make(map[string]int)
	passed, failed, skipped := 0, 0, 0
	said := make(map[string][]string) // output per test, shown when it fails
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + "\x00" + e.Test
		switch e.Action {
		case "output":
			said[key] = append(said[key], e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "pass", "skip", "fail":
			count(e, engines, &passed, &failed, &skipped)
			if e.Action == "fail" {
				fmt.Print(strings.Join(said[key], ""))
			}
			if e.Test == "" {
				fmt.Printf("%-4s %-60s %6.1fs\n", e.Action, e.Package, e.Elapsed)
			}
			delete(said, key)
		}
	}
	err = cmd.Wait()
	fmt.Printf("\nengines: %d tests on sqlite, %d on postgres\n", engines["sqlite"], engines["postgres"])
	fmt.Printf("took %s\n", watch.Elapsed().Round(time.Second))
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if err != nil || failed > 0 {
		return fmt.Errorf("the tests failed")
	}
	if engines["sqlite"] != engines["postgres"] || engines["sqlite"] == 0 {
		return fmt.Errorf("as many tests must run on each engine")
	}
	return nil
}

// count books a test's end. A test that has an engine in its name counts for
// that engine.
func count(e event, engines map[string]int, passed, failed, skipped *int) {
	if e.Test == "" {
		if e.Action == "fail" {
			*failed++
		}
		return
	}
	switch e.Action {
	case "pass":
		*passed++
	case "fail":
		*failed++
	case "skip":
		*skipped++
	}
	for _, part := range strings.Split(e.Test, "/")[1:] {
		if (part == "sqlite" || part == "postgres") && e.Action != "skip" {
			engines[part]++
		}
	}
}
