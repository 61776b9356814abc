package theme

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// types is every kind of file a theme may serve. The machine's own table is
// not asked: it differs from one system to the next.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
	".png":   "image/png",
	".jpg":   "image/jpeg",
	".webp":  "image/webp",
	".avif":  "image/avif",
	".ico":   "image/x-icon",
	".txt":   "text/plain; charset=utf-8",
	".wasm":  "application/wasm",

	".webmanifest": "application/manifest+json",
}

// asset is one file ready to be served.
type asset struct {
	path             string // with the hash: "css/store.1f0c9a7b2d3e.css"
	kind             string // content type
	etag             string
	raw, gzip, brotl []byte // the latter two are nil where they would not help
}

// assets is every file below assets/, hashed and compressed once.
type assets struct {
	prefix string
	byName map[string]*asset // "css/store.css"
	byPath map[string]*asset // "css/store.1f0c9a7b2d3e.css"
	icons  map[string]bool   // ids in icons.svg
}

// url is what templates call as "asset".
func (a *assets) url(name string) (string, error) {
	f := a.byName[name]
	if f == nil {
		return "", fmt.Errorf("no asset %q", name)
	}
	return a.prefix + f.path, nil
}

// icon is what templates call as "icon": the symbol called name of icons.svg,
// hidden from screen readers, because a control has a label of its own.
func (a *assets) icon(name string, class ...string) (HTML, error) {
	if !a.icons[name] {
		return "", fmt.Errorf("no icon %q in icons.svg", name)
	}
	url, err := a.url("icons.svg")
	if err != nil {
		return "", err
	}
	extra := ""
	if len(class) > 0 && class[0] != "" {
		extra = " " + htmltemplate.HTMLEscapeString(strings.Join(class, " "))
	}
	return HTML(`<svg class="icon` + extra + `" width="20" height="20" aria-hidden="true" focusable="false"><use href="` + url + "#" + name + `"/></svg>`), nil
}

// builder resolves what files say about each other before they are named by
// their content.
type builder struct {
	files  map[string]fs.FS
	out    *assets
	open   map[string]bool // being built, to find circles
	inline map[string]bool // style sheets that are part of another
}

var (
	cssImport  = regexp.MustCompile(`@import\s+(?:url\()?["']([^"')]+)["']\)?\s*;`)
	cssURL     = regexp.MustCompile(`url\(\s*["']?([^"')]+)["']?\s*\)`)
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s*\n\s*`)
	jsImport   = regexp.MustCompile(`((?:from|import)\s*\(?\s*)["'](\.{1,2}/[^"']+)["']`)
	symbolID   = regexp.MustCompile(`<symbol[^>]*\sid="([^"]+)"`)
)

// buildAssets reads the files below assets/. Style sheets swallow what they
// @import, so a theme keeps one file a component and a page loads one sheet;
// url() and module imports are rewritten to hashed names.
func buildAssets(files map[string]fs.FS, prefix string) (*assets, error) {
	out := &assets{prefix: prefix, byName: make(map[string]*asset), byPath: make(map[string]*asset), icons: make(map[string]bool)}
	b := &builder{files, out, make(map[string]bool), make(map[string]bool)}
	for name := range files {
		if rest, ok := strings.CutPrefix(name, "assets/"); ok && path.Ext(rest) == ".css" {
			if _, err := b.sheet(rest); err != nil {
				return nil, err
			}
		}
	}
	for name := range files {
		rest, ok := strings.CutPrefix(name, "assets/")
		if !ok || b.inline[rest] {
			continue
		}
		if _, err := b.build(rest); err != nil {
			return nil, err
		}
	}
	var wait sync.WaitGroup
	for _, f := range out.byName {
		wait.Go(f.compress)
	}
	wait.Wait()
	if f := out.byName["icons.svg"]; f != nil {
		for _, m := range symbolID.FindAllSubmatch(f.raw, -1) {
			out.icons[string(m[1])] = true
		}
	}
	return out, nil
}

func (b *builder) read(name string) ([]byte, error) {
	layer := b.files["assets/"+name]
	if layer == nil {
		if name == "placeholder.css" {
			return placeholderSheet(), nil
		}
		return nil, fmt.Errorf("theme: no asset %q", name)
	}
	raw, err := fs.ReadFile(layer, "assets/"+name)
	if err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	return raw, nil
}

// build makes name servable and returns its URL.
func (b *builder) build(name string) (string, error) {
	if f := b.out.byName[name]; f != nil {
		return b.out.prefix + f.path, nil
	}
	ext := path.Ext(name)
	kind := types[ext]
	if kind == "" {
		if strings.HasSuffix(name, ".md") || ext == "" { // licences and notes beside the files
			return "", nil
		}
		return "", fmt.Errorf("theme: assets/%s: files of type %q are not served", name, ext)
	}
	var raw []byte
	var err error
	switch ext {
	case ".css":
		raw, err = b.sheet(name)
	case ".js":
		raw, err = b.script(name)
	default:
		raw, err = b.read(name)
	}
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:6])
	f := &asset{
		path: strings.TrimSuffix(name, ext) + "." + hash + ext,
		kind: kind,
		etag: strconv.Quote(hash),
		raw:  raw,
	}
	b.out.byName[name] = f
	b.out.byPath[f.path] = f
	return b.out.prefix + f.path, nil
}

// enter notes that name is being built and refuses circles.
func (b *builder) enter(name string) error {
	if b.open[name] {
		return fmt.Errorf("theme: assets/%s includes itself", name)
	}
	b.open[name] = true
	return nil
}

func (b *builder) sheet(name string) ([]byte, error) {
	if err := b.enter(name); err != nil {
		return nil, err
	}
	defer delete(b.open, name)
	raw, err := b.read(name)
	if err != nil {
		return nil, err
	}
	raw = cssComment.ReplaceAll(raw, nil)
	raw, err = replace(cssImport, raw, func(m [][]byte) (string, error) {
		part := path.Join(path.Dir(name), string(m[1]))
		b.inline[part] = true
		css, err := b.sheet(part)
		return string(css), err
	})
	if err != nil {
		return nil, err
	}
	raw, err = replace(cssURL, raw, func(m [][]byte) (string, error) {
		ref := string(m[1])
		if strings.HasPrefix(ref, "data:") || strings.HasPrefix(ref, "#") || strings.HasPrefix(ref, "/") {
			return string(m[0]), nil
		}
		url, err := b.build(path.Join(path.Dir(name), ref))
		return `url("` + url + `")`, err
	})
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(cssSpace.ReplaceAll(raw, []byte("\n"))), nil
}

func (b *builder) script(name string) ([]byte, error) {
	if err := b.enter(name); err != nil {
		return nil, err
	}
	defer delete(b.open, name)
	raw, err := b.read(name)
	if err != nil {
		return nil, err
	}
	return replace(jsImport, raw, func(m [][]byte) (string, error) {
		url, err := b.build(path.Join(path.Dir(name), string(m[2])))
		return string(m[1]) + strconv.Quote(url), err
	})
}

func replace(re *regexp.Regexp, raw []byte, with func(m [][]byte) (string, error)) ([]byte, error) {
	var failed error
	out := re.ReplaceAllFunc(raw, func(match []byte) []byte {
		s, err := with(re.FindSubmatch(match))
		if err != nil && failed == nil {
			failed = err
		}
		return []byte(s)
	})
	return out, failed
}

// smallWindow is 2 to the 16th, the window of which brotli uses all but 16
// bytes.
const smallWindow = 1 << 16

// compress keeps a form only when it is smaller. Brotli's quality 9 is within
// a few percent of its best and twenty times faster, which a start can afford.
// A file that fits into the smallest window that the fast tables need gets it:
// clearing the large tables takes longer than compressing.
func (f *asset) compress() {
	switch path.Ext(f.path) {
	case ".woff2", ".png", ".jpg", ".webp", ".avif":
		return
	}
	var buf bytes.Buffer
	o := brotli.WriterOptions{Quality: 9}
	if len(f.raw) < smallWindow-16 {
		o.LGWin = 16
	}
	w := brotli.NewWriterOptions(&buf, o)
	if _, err := w.Write(f.raw); err == nil && w.Close() == nil && buf.Len() < len(f.raw) {
		f.brotl = bytes.Clone(buf.Bytes())
	}
	buf.Reset()
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return
	}
	if _, err := z.Write(f.raw); err == nil && z.Close() == nil && buf.Len() < len(f.raw) {
		f.gzip = bytes.Clone(buf.Bytes())
	}
}

// Assets serves the files of assets/ below the asset prefix. A name with the
// right hash may be kept for ever. A name with another hash, which a page from
// before an update may still ask for, gets today's file and must be asked for
// again. Everything else is 404.
func (t *Theme) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		name, ok := strings.CutPrefix(r.URL.Path, t.assets.prefix)
		f, current := t.assets.find(name)
		if !ok || f == nil {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r, current)
	})
}

// find returns the file for a hashed path and whether the hash is the one the
// file has now.
func (a *assets) find(name string) (f *asset, current bool) {
	if f := a.byPath[name]; f != nil {
		return f, true
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if hash := path.Ext(stem); len(hash) == 13 && ext != "" {
		return a.byName[strings.TrimSuffix(stem, hash)+ext], false
	}
	return nil, false
}

func (f *asset) serve(w http.ResponseWriter, r *http.Request, current bool) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body, etag := f.raw, f.etag
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case f.brotl != nil && accepts(accept, "br"):
		body, etag = f.brotl, strings.TrimSuffix(etag, `"`)+`-br"`
		h.Set("Content-Encoding", "br")
	case f.gzip != nil && accepts(accept, "gzip"):
		body, etag = f.gzip, strings.TrimSuffix(etag, `"`)+`-gz"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone: nobody is left to tell
	}
}

// accepts reports whether an Accept-Encoding header names coding and does not
// refuse it with q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		return strings.Trim(q, "0.") != "" || params == ""
	}
	return false
}
