// Package theme turns data into pages. A theme is a stack of file systems
// (the site's own folder, the theme it builds on, the embedded base); the
// first layer that has a file wins, so a site overrides one partial and keeps
// the rest.
//
// A layer is laid out like this:
//
//	pages/**/*.html     one page each; names its layout: {{template "layout" .}}
//	layouts/*.html      {{define}}s that pages name
//	partials/**/*.html  one element each, {{define}}d under the file's base name;
//	                    part of pages and renderable alone
//	mail/*.html, *.txt  one mail each, see Mail
//	mail/layouts/*      {{define}}s that mails name
//	assets/**           style sheets, scripts, fonts, icons.svg; served by Assets
//
// Templates see pure functions bound to one language (see funcs) and nothing
// else: no request, no clock, no database.
package theme

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/template/parse"
	"time"

	"github.com/stoashop/stoa/kit/locale"
)

// HTML is markup that is safe to write as it stands: sanitised rich text, or
// markup this program made itself. It is never made from what a person typed.
type HTML = htmltemplate.HTML

// Options says what a theme is made of.
type Options struct {
	Catalog *locale.Catalog // the words; every language it speaks is prepared
	Layers  []fs.FS         // most specific first, at least one

	// AssetPrefix is the path under which Assets is mounted, with slashes at
	// both ends. "" means "/assets/".
	AssetPrefix string
}

// Theme is a parsed stack of layers. It never changes after New and is safe
// for concurrent use.
type Theme struct {
	catalog *locale.Catalog
	assets  *assets

	shared   map[string]*parse.Tree            // layouts and partials by template name
	partials []string                          // names of partials, sorted
	pages    map[string]map[string]*parse.Tree // page name → its own templates; the page itself is under its file name
	mails    map[string]mailTrees

	mu   sync.RWMutex
	sets map[setKey]*set
	made atomic.Uint64 // sets so far
}

// setKey names a prepared set: the functions of a template are bound to a
// language and to the zone in which wall-clock times are told.
type setKey struct{ lang, zone string }

// maxSets bounds how many sets are kept. A shop has a handful of languages and
// one time zone, so the bound only matters to a caller that makes zones up.
const maxSets = 64

// New reads, parses and checks every template and asset of every language. It
// fails on the first template that does not parse, is not safe HTML, or names
// a partial, message, icon or asset that does not exist, so that a theme which
// starts also renders.
func New(o Options) (*Theme, error) {
	if o.Catalog == nil || len(o.Layers) == 0 {
		return nil, errors.New("theme: needs a catalogue and at least one layer")
	}
	if o.AssetPrefix == "" {
		o.AssetPrefix = "/assets/"
	}
	if !strings.HasPrefix(o.AssetPrefix, "/") || !strings.HasSuffix(o.AssetPrefix, "/") {
		return nil, fmt.Errorf("theme: asset prefix %q needs a slash at both ends", o.AssetPrefix)
	}
	files, err := stack(o.Layers)
	if err != nil {
		return nil, err
	}
	t := &Theme{
		catalog: o.Catalog,
		shared:  make(map[string]*parse.Tree),
		pages:   make(map[string]map[string]*parse.Tree),
		mails:   make(map[string]mailTrees),
		sets:    make(map[setKey]*set),
	}
	if t.assets, err = buildAssets(files, o.AssetPrefix); err != nil {
		return nil, err
	}
	if err := t.parse(files); err != nil {
		return nil, err
	}
	for _, lang := range o.Catalog.Languages() {
		p := o.Catalog.Printer(lang, time.UTC)
		if err := t.check(p); err != nil {
			return nil, fmt.Errorf("theme: %w", err)
		}
		if _, err := t.setFor(p); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Dir opens a folder as a layer. Nothing outside of it can be read through it,
// not even by a symbolic link. Close it when the theme is no longer used.
func Dir(name string) (fs.FS, io.Closer, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, nil, fmt.Errorf("theme: open folder: %w", err)
	}
	return root.FS(), root, nil
}

// Pages lists the names Render knows, sorted.
func (t *Theme) Pages() []string {
	names := make([]string, 0, len(t.pages))
	for name := range t.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Partials lists the names Fragment knows, sorted.
func (t *Theme) Partials() []string { return slices.Clone(t.partials) }

// Asset returns the immutable URL of a file in assets/, for instance
// "css/store.css" → "/assets/css/store.1f0c9a7b2d3e.css".
func (t *Theme) Asset(name string) (string, error) { return t.assets.url(name) }

// Render writes the page pages/<page>.html in the printer's language. The page
// is complete before its first byte is written: after an error w is untouched.
func (t *Theme) Render(w io.Writer, p *locale.Printer, page string, data any) error {
	s, err := t.setFor(p)
	if err != nil {
		return err
	}
	tmpl := s.pages[page]
	if tmpl == nil {
		return fmt.Errorf("theme: no page %q", page)
	}
	return write(w, tmpl.Execute, data, "page "+page)
}

// Fragment writes one partial alone, as Render writes a page.
func (t *Theme) Fragment(w io.Writer, p *locale.Printer, partial string, data any) error {
	s, err := t.setFor(p)
	if err != nil {
		return err
	}
	tmpl := s.partials[partial]
	if tmpl == nil {
		return fmt.Errorf("theme: no partial %q", partial)
	}
	return write(w, tmpl.Execute, data, "partial "+partial)
}

// buffers holds the space pages are rendered in.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const keepBuffer = 512 << 10 // bytes; a larger buffer is left to the collector

func write(w io.Writer, execute func(io.Writer, any) error, data any, what string) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	if err := execute(buf, data); err != nil {
		return fmt.Errorf("theme: %s: %w", what, err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// set is every template bound to one language and zone.
type set struct {
	number   uint64 // its own among the sets of a theme
	pages    map[string]*htmltemplate.Template
	partials map[string]*htmltemplate.Template // each to be drawn alone
	mails    map[string]*mailSet
}

func (t *Theme) setFor(p *locale.Printer) (*set, error) {
	key := setKey{p.Lang(), p.Zone().String()}
	t.mu.RLock()
	s := t.sets[key]
	t.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	s, err := t.bind(t.catalog.Printer(p.Lang(), p.Zone()))
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sets) >= maxSets {
		clear(t.sets)
	}
	t.sets[key] = s
	return s, nil
}

// bind builds the templates of one printer. Every root gets copies of the
// templates it can reach and no more, because escaping rewrites them.
func (t *Theme) bind(p *locale.Printer) (*set, error) {
	s := &set{
		number:   t.made.Add(1),
		pages:    make(map[string]*htmltemplate.Template, len(t.pages)),
		partials: make(map[string]*htmltemplate.Template, len(t.partials)),
		mails:    make(map[string]*mailSet, len(t.mails)),
	}
	fm := htmltemplate.FuncMap(t.funcs(p, s))
	for name, own := range t.pages {
		tmpl, err := assemble("pages/"+name+".html", fm, own, t.shared)
		if err != nil {
			return nil, err
		}
		s.pages[name] = tmpl
	}
	all := htmltemplate.New("").Option("missingkey=error").Funcs(fm)
	for name, tree := range t.shared {
		if _, err := all.AddParseTree(name, tree.Copy()); err != nil {
			return nil, fmt.Errorf("theme: %s: %w", name, err)
		}
	}
	for _, name := range t.partials {
		s.partials[name] = all.Lookup(name)
		if err := escape(s.partials[name]); err != nil {
			return nil, err
		}
	}
	if len(t.partials) > 0 {
		fold(s.partials[t.partials[0]])
	}
	for name, trees := range t.mails {
		m, err := bindMail(name, fm, trees, t.shared)
		if err != nil {
			return nil, err
		}
		s.mails[name] = m
	}
	return s, nil
}

// assemble builds the template of one root out of copies of everything that
// root reaches.
func assemble(root string, fm htmltemplate.FuncMap, own, shared map[string]*parse.Tree) (*htmltemplate.Template, error) {
	tmpl := htmltemplate.New(root).Option("missingkey=error").Funcs(fm)
	trees, err := reach(root, own, shared)
	if err != nil {
		return nil, err
	}
	for name, tree := range trees {
		if _, err := tmpl.AddParseTree(name, tree.Copy()); err != nil {
			return nil, fmt.Errorf("theme: %s: %w", name, err)
		}
	}
	tmpl = tmpl.Lookup(root) // adding the root's tree replaced the first one
	if err := escape(tmpl); err != nil {
		return nil, err
	}
	fold(tmpl)
	return tmpl, nil
}

// escape runs a template once without data. The first execution escapes: a
// template that cannot be made safe says so now; that there is nothing to show
// is expected.
func escape(tmpl *htmltemplate.Template) error {
	var unsafe *htmltemplate.Error
	if err := tmpl.Execute(io.Discard, nil); errors.As(err, &unsafe) {
		return fmt.Errorf("theme: %w", unsafe)
	}
	return nil
}

// reach collects the templates that root uses, directly or not. own comes
// before shared.
func reach(root string, own, shared map[string]*parse.Tree) (map[string]*parse.Tree, error) {
	found := make(map[string]*parse.Tree)
	var visit func(name, from string) error
	visit = func(name, from string) error {
		if found[name] != nil {
			return nil
		}
		tree := own[name]
		if tree == nil {
			tree = shared[name]
		}
		if tree == nil {
			return fmt.Errorf("theme: %s uses %q, which is not defined", from, name)
		}
		found[name] = tree
		var err error
		walk(tree.Root, func(n parse.Node) {
			if use, ok := n.(*parse.TemplateNode); ok && err == nil {
				err = visit(use.Name, name)
			}
		})
		return err
	}
	return found, visit(root, root)
}

// parse reads every template of the stack.
func (t *Theme) parse(files map[string]fs.FS) error {
	mailLayouts := make(map[string]*parse.Tree)
	textLayouts := make(map[string]*parse.Tree)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		dir, rest, _ := strings.Cut(name, "/")
		ext := path.Ext(name)
		stem := strings.TrimSuffix(rest, ext)
		var err error
		switch {
		case dir == "pages" && ext == ".html":
			t.pages[stem], err = parseFile(files, name)
		case dir == "layouts" && ext == ".html":
			err = define(t.shared, files, name)
		case dir == "partials" && ext == ".html":
			if err = define(t.shared, files, name); err == nil {
				base := path.Base(stem)
				if t.shared[base] == nil {
					err = fmt.Errorf("theme: %s must define %q", name, base)
				}
				t.partials = append(t.partials, base)
			}
		case strings.HasPrefix(name, "mail/layouts/") && ext == ".html":
			err = define(mailLayouts, files, name)
		case strings.HasPrefix(name, "mail/layouts/") && ext == ".txt":
			err = define(textLayouts, files, name)
		}
		if err != nil {
			return err
		}
	}
	slices.Sort(t.partials)
	return t.parseMails(names, files, mailLayouts, textLayouts)
}

// define adds the templates of a file that only defines. A name belongs to
// one file.
func define(into map[string]*parse.Tree, files map[string]fs.FS, name string) error {
	trees, err := parseFile(files, name)
	if err != nil {
		return err
	}
	for key, tree := range trees {
		switch {
		case key == name && parse.IsEmptyTree(tree.Root):
		case key == name:
			return fmt.Errorf("theme: %s has text outside of {{define}}", name)
		case into[key] != nil:
			return fmt.Errorf("theme: %s defines %q, which another file defines", name, key)
		default:
			into[key] = tree
		}
	}
	return nil
}

// parseFile returns the templates of a file; what stands outside of {{define}}
// is under the file's own name, which no partial can have.
func parseFile(files map[string]fs.FS, name string) (map[string]*parse.Tree, error) {
	raw, err := fs.ReadFile(files[name], name)
	if err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	trees := make(map[string]*parse.Tree)
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck // check names them with their file
	if _, err := tree.Parse(string(raw), "", "", trees); err != nil {
		return nil, fmt.Errorf("theme: %s: %w", name, err)
	}
	for _, tree := range trees {
		tree.ParseName = name
	}
	return trees, nil
}

// stack says which layer each file is read from: the first that has it.
func stack(layers []fs.FS) (map[string]fs.FS, error) {
	files := make(map[string]fs.FS)
	for _, layer := range layers {
		err := fs.WalkDir(layer, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if hidden := strings.HasPrefix(d.Name(), ".") && name != "."; hidden && d.IsDir() {
				return fs.SkipDir
			} else if hidden || !d.Type().IsRegular() {
				return nil
			}
			if files[name] == nil {
				files[name] = layer
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("theme: read layer: %w", err)
		}
	}
	return files, nil
}
