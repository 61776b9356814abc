// Package arch_test keeps the house in order.
package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stoashop/stoa"

// floors lists every room, lowest floor first. A package may import any
// package on a lower floor and, on its own floor, only what stairs allows. A
// name that ends in "/" stands for all packages below it.
var floors = [][]string{
	{"kit/money", "kit/id", "kit/fault", "kit/clock", "kit/locale", "kit/pan", "words", "migrations"},
	{"platform/"},
	{"guard/"},
	{"commerce/"},
	{"ops/"},
	{"storefront", "storefront/", "admin", "admin/", "api", "api/", "provider/", "themes/"},
	{".", "stoatest", "stoatest/"},
	{"cmd/", "bench", "bench/", "examples/", "internal/"},
}

// stairs are the imports allowed between packages of one floor: from a
// package (or "x/" all below x) to any of the listed ones.
var stairs = map[string][]string{
	"kit/locale": {"kit/money", "kit/fault"},

	"platform/job":    {"platform/db"},
	"platform/event":  {"platform/db", "platform/job"},
	"platform/upload": {"platform/image", "platform/blob"},
	"platform/web/":   {"platform/web", "platform/db"},

	"guard/": {"guard/audit", "guard/privacy", "guard/policy", "guard/watch", "guard/password"},

	// the trade: parts below wholes below journeys
	"commerce/catalog":    {"commerce/custom", "commerce/slug", "commerce/media", "commerce/market", "commerce/inventory"},
	"commerce/content":    {"commerce/market", "commerce/media", "commerce/slug", "commerce/catalog"},
	"commerce/search":     {"commerce/catalog", "commerce/slug", "commerce/custom", "commerce/media", "commerce/inventory", "commerce/market"},
	"commerce/market":     {"commerce/tax", "commerce/shipping", "commerce/pricing"},
	"commerce/pricing":    {"commerce/tax"},
	"commerce/shipping":   {"commerce/tax"},
	"commerce/customer":   {"commerce/market", "commerce/custom"},
	"commerce/mailbox":    {"commerce/market"},
	"commerce/cart":       {"commerce/catalog", "commerce/inventory", "commerce/market", "commerce/pricing", "commerce/shipping", "commerce/tax"},
	"commerce/order":      {"commerce/custom", "commerce/market", "commerce/pricing", "commerce/payment", "commerce/inventory", "commerce/tax"},
	"commerce/checkout":   {"commerce/cart", "commerce/catalog", "commerce/inventory", "commerce/market", "commerce/order", "commerce/payment", "commerce/pricing", "commerce/shipping", "commerce/tax", "commerce/customer"},
	"commerce/fulfilment": {"commerce/order", "commerce/inventory", "commerce/payment"},
	"commerce/returns":    {"commerce/order", "commerce/inventory", "commerce/payment", "commerce/pricing", "commerce/checkout"},

	"storefront":        {"storefront/view"},
	"storefront/letter": {"storefront", "storefront/view"},
	"storefront/":       {"storefront/view"},
	"admin":             {"admin/kit", "admin/screen/"},
	"admin/":            {"admin", "admin/kit"},
	"admin/screen":      {"admin/screen/"},
	"api":               {"api/kit"},
	"provider/":         {"provider/payment/"},
	"stoatest":          {".", "stoatest/dbtest", "stoatest/browse", "stoatest/mailsink"},
	"stoatest/":         {".", "stoatest", "stoatest/dbtest", "stoatest/mailsink"},
}

// only names the rooms that may import a tempting package.
var only = map[string][]string{
	"database/sql":        {"platform/db", "bench"},
	"database/sql/driver": {"platform/db"},
	"html/template":       {"platform/theme", "provider/payment/sandbox/bank"}, // the bank is a site of its own
	"math/rand":           {},
}

func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/"); ok {
		return strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func floorOf(pkg string) int {
	for i, names := range floors {
		for _, name := range names {
			if matches(name, pkg) {
				return i
			}
		}
	}
	return -1
}

func stair(from, to string) bool {
	for pattern, targets := range stairs {
		if !matches(pattern, from) {
			continue
		}
		for _, target := range targets {
			if matches(target, to) {
				return true
			}
		}
	}
	return false
}

type source struct {
	file string // slash path from the root
	pkg  string
	ast  *ast.File
	text string
	set  *token.FileSet
}

// sources parses every Go file of the project that is not a test. Reading them
// in process lets the go command know which files the result rests on.
func sources(t *testing.T) []source {
	t.Helper()
	root := os.DirFS("../..")
	var all []source
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "stoa-data") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		raw, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{file, path.Dir(file), f, string(raw), set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d source files found", len(all))
	}
	return all
}

func TestFloors(t *testing.T) {
	for _, s := range sources(t) {
		at := floorOf(s.pkg)
		if at < 0 {
			t.Errorf("package %s lives on no floor; add it to floors", s.pkg)
			continue
		}
		for _, spec := range s.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if allowed, ok := only[imp]; ok && !slices.Contains(allowed, s.pkg) {
				t.Errorf("%s imports %s; only %v may", s.file, imp, allowed)
			}
			to, ours := strings.CutPrefix(imp, module+"/")
			if imp == module {
				to, ours = ".", true
			}
			if !ours {
				continue
			}
			if below := floorOf(to); below > at || (below == at && !stair(s.pkg, to)) {
				t.Errorf("%s (floor %d) imports %s (floor %d)", s.file, at, to, below)
			}
		}
	}
}

// calls are selector uses that only certain rooms may make.
var calls = []struct {
	pkg, name string
	rooms     []string
}{
	{"time", "Now", []string{"kit/clock"}},
	{"time", "Since", []string{"kit/clock"}},
	{"http", "Get", nil},
	{"http", "Post", nil},
	{"http", "Client", []string{"platform/egress"}},
	{"http", "Transport", []string{"platform/egress"}},
	{"http", "DefaultClient", nil},
	{"http", "NewServeMux", []string{"guard/policy"}}, // what is registered elsewhere has no policy
	{"http", "ServeMux", []string{"guard/policy"}},
	{"http", "Handle", nil},
	{"http", "HandleFunc", nil},
}

func TestCalls(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "stoatest") || strings.HasPrefix(s.pkg, "bench") || s.pkg == "provider/payment/sandbox/bank" {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || x.Obj != nil {
				return true
			}
			for _, c := range calls {
				if c.pkg != x.Name || c.name != sel.Sel.Name || slices.Contains(c.rooms, s.pkg) {
					continue
				}
				if c.name == "Client" || c.name == "Transport" {
					if !composes(s.ast, sel) {
						continue // naming the type is fine, making one is not
					}
				}
				t.Errorf("%s uses %s.%s; only %v may", s.set.Position(sel.Pos()), c.pkg, c.name, c.rooms)
			}
			return true
		})
	}
}

// A provider is asked for money in one place, behind the payment budget, so that
// no door is without it.
func TestAuthorize_hasOneDoor(t *testing.T) {
	var doors []string
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "stoatest") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Authorize" {
					doors = append(doors, s.pkg)
				}
			}
			return true
		})
	}
	if !slices.Equal(doors, []string{"commerce/checkout"}) {
		t.Errorf("Authorize is called in %v, want commerce/checkout once", doors)
	}
}

// composes reports whether sel is the type of a composite literal in f.
func composes(f *ast.File, sel *ast.SelectorExpr) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && lit.Type == ast.Expr(sel) {
			found = true
		}
		return !found
	})
	return found
}

var statement = regexp.MustCompile("(?s)[`\"]\\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) ")

// TestSQL finds SQL text outside stores.
func TestSQL(t *testing.T) {
	for _, s := range sources(t) {
		base := path.Base(s.file)
		if s.pkg == "internal/teeth" {
			continue // it quotes the lines that it breaks
		}
		if strings.HasPrefix(base, "store") || s.pkg == "platform/db" || strings.HasPrefix(s.pkg, "stoatest") || strings.HasPrefix(s.pkg, "bench") {
			continue
		}
		if at := statement.FindStringIndex(s.text); at != nil {
			t.Errorf("%s has SQL text: %.60q; SQL lives in store*.go", s.file, s.text[at[0]:])
		}
	}
}

// caches are the package variables that change and may: each holds what follows
// from the program alone, nothing of a shop, so that two shops in one process
// cannot learn of each other through it.
var caches = map[string]string{
	"platform/web plans":     "what reflection found out about types",
	"platform/theme buffers": "empty space to write pages in",
	"kit/locale formatters":  "one way to write amounts for each language",
}

// TestNoInitNoGlobals finds init functions and package variables that could
// change: two shops live in one process.
func TestNoInitNoGlobals(t *testing.T) {
	rooms := make(map[string][]*ast.File)
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "stoatest") || strings.HasPrefix(s.pkg, "bench") {
			continue
		}
		rooms[s.pkg] = append(rooms[s.pkg], s.ast)
		for _, d := range s.ast.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Name.Name == "init" && d.Recv == nil {
				t.Errorf("%s has an init function; register in the composition root", s.file)
			}
		}
	}
	var allowed []string
	for pkg, files := range rooms {
		for _, name := range changing(files) {
			if at := pkg + " " + name; caches[at] != "" {
				allowed = append(allowed, at)
				continue
			}
			t.Errorf("package %s: the variable %s can change; put it in a struct", pkg, name)
		}
	}
	if len(allowed) != len(caches) {
		t.Errorf("of the caches, only %q are there", allowed)
	}
}

// changing lists the package variables of one package that could change: those
// that functions assign to, in whole or in part, and those made to be changed,
// such as a sync.Map, an atomic or a channel. A value computed once is none.
func changing(files []*ast.File) []string {
	//lint:ignore SA1019 a file's own scope is all this needs, and loading types would take seconds
	objects := make(map[*ast.Object]bool)
	names, found := make(map[string]bool), make(map[string]bool)
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					objects[name.Obj], names[name.Name] = true, true
					var value ast.Expr
					if i < len(v.Values) {
						value = v.Values[i]
					}
					if madeToChange(v.Type) || madeToChange(value) {
						found[name.Name] = true
					}
				}
			}
		}
	}
	note := func(e ast.Expr) {
		if x := base(e); x != nil && (objects[x.Obj] || x.Obj == nil && names[x.Name]) { // without an object, it is of another file
			found[x.Name] = true
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						note(e)
					}
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (f.Name == "delete" || f.Name == "clear") {
					note(n.Args[0])
				}
			}
			return true
		})
	}
	delete(found, "_")
	return slices.Sorted(maps.Keys(found))
}

// base is the variable that an assignment to e changes.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// madeToChange reports whether a type, or a value that is made, holds something
// whose only purpose is to change.
func madeToChange(e ast.Expr) (found bool) {
	if e == nil {
		return false
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncType:
			return false
		case *ast.ChanType:
			found = true
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && (x.Name == "atomic" || x.Name == "sync" && !strings.HasPrefix(n.Sel.Name, "OnceValue")) {
				found = true
			}
		}
		return !found
	})
	return found
}

func TestChanging(t *testing.T) {
	var files []*ast.File
	for _, text := range []string{`package p
		var still = map[string]int{"a": 1}
		var once = sync.OnceValue(func() *int { var m sync.Map; return use(&m) })
		var make = func() chan int { return nil }
		var a, b = 1, sync.Pool{New: nil}
		var c sync.Map
		var d = &sync.Map{}
		var e atomic.Int64
		var f = struct { sync.Mutex; n int }{}
		var g chan int
		var h []int
		var i map[string]int
		var j struct{ n int }
		var k int
		var l = map[string]int{}
		func local() { still := still; still["a"] = 2; var k int; k++ }
	`, `package p
		func change() { h[0] = 1; i["a"]++; j.n = 2; k += 1; delete(l, "a") }
	`} {
		f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if got, want := changing(files), strings.Fields("b c d e f g h i j k l"); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// TestNoSleeps keeps waiting for the clock out of the tests.
func TestNoSleeps(t *testing.T) {
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") || file == "internal/arch/arch_test.go" {
			return err
		}
		raw, err := fs.ReadFile(root, file)
		if err == nil && strings.Contains(string(raw), "time.Sleep(") {
			t.Errorf("%s sleeps; wait for what happens, or move the clock", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
