package theme_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/words"
)

func catalog(t *testing.T) *locale.Catalog {
	t.Helper()
	own := fstest.MapFS{
		"en/x.json": file(`{"greet": "Hello {name}", "agree": "I accept the {terms} & more"}`),
		"de/x.json": file(`{"greet": "Hallo {name}", "agree": "Ich akzeptiere die {terms} & mehr"}`),
	}
	c, err := locale.Load("en", words.Files, own)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// base is the smallest theme that shows every kind of file.
func base() fstest.MapFS {
	return fstest.MapFS{
		"layouts/layout.html": file(`{{define "layout"}}<!doctype html><html lang="{{lang}}">{{template "main" .}}</html>{{end}}`),
		"pages/home.html":     file(`{{template "layout" .}}{{define "main"}}<h1>{{t "greet" "name" .Name}}</h1>{{template "tile" .}}{{end}}`),
		"pages/a/b.html":      file(`deep`),
		"partials/tile.html":  file(`{{- /* a tile */ -}}{{define "tile"}}<a title="{{.Name}}">{{money .Price "EUR"}}</a>{{end}}`),
		"assets/css/all.css":  file("/* all */\n@import \"a.css\";\n@import \"../placeholder.css\";\nb { c: d }"),
		"assets/css/a.css":    file("a {\n  src: url(\"../f.woff2\");\n}"),
		"assets/f.woff2":      file("font"),
		"assets/js/main.js":   file("import {x} from './part.js';\nx();"),
		"assets/js/part.js":   file("export const x = () => {};"),
		"assets/icons.svg":    file(`<svg xmlns="http://www.w3.org/2000/svg"><symbol id="bag" viewBox="0 0 24 24"></symbol></svg>`),
		"assets/f.LICENSE.md": file("OFL"),
	}
}

func build(t *testing.T, layers ...fs.FS) *theme.Theme {
	t.Helper()
	th, err := theme.New(theme.Options{Catalog: catalog(t), Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	return th
}

type tile struct {
	Name  string
	Price money.Minor
}

func TestRender_speaksThePrintersLanguage(t *testing.T) {
	th := build(t, base())
	tests := map[string]struct{ lang, want string }{
		"English": {"en", `<!doctype html><html lang="en"><h1>Hello Ada</h1><a title="Ada">€19.99</a></html>`},
		"German":  {"de", "<!doctype html><html lang=\"de\"><h1>Hallo Ada</h1><a title=\"Ada\">19,99\u00a0€</a></html>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			p := catalog(t).Printer(tt.lang, nil)
			if err := th.Render(&got, p, "home", tile{"Ada", 1999}); err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want {
				t.Errorf("got  %s\nwant %s", got.String(), tt.want)
			}
		})
	}
}

func TestRender_escapesByContext(t *testing.T) {
	th := build(t, base())
	var got bytes.Buffer
	err := th.Render(&got, catalog(t).Printer("en", nil), "home", tile{`"><script>alert(1)</script>`, 0})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.String(), "<script>") {
		t.Errorf("markup came through: %s", got.String())
	}
}

func TestRender_tellsTimeInThePrintersZone(t *testing.T) {
	layer := base()
	layer["pages/when.html"] = file(`{{datetime .}} {{isodate .}} {{day .}}`)
	th := build(t, layer)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC)
	for zone, want := range map[*time.Location]string{
		time.UTC: "24 November 2026, 23:30 2026-11-24 24 November",
		berlin:   "25 November 2026, 00:30 2026-11-25 25 November",
	} {
		var got bytes.Buffer
		if err := th.Render(&got, catalog(t).Printer("en", zone), "when", at); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("in %s: got %q, want %q", zone, got.String(), want)
		}
	}
}

func TestFragment_isThePartialOfThePage(t *testing.T) {
	th := build(t, base())
	var got bytes.Buffer
	if err := th.Fragment(&got, catalog(t).Printer("en", nil), "tile", tile{"Ada", 500}); err != nil {
		t.Fatal(err)
	}
	if want := `<a title="Ada">€5.00</a>`; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
	if err := th.Fragment(&got, catalog(t).Printer("en", nil), "layout", nil); err == nil {
		t.Error("a layout is no fragment, yet it was rendered")
	}
}

func TestRender_aPageMayShareItsNameWithAPartial(t *testing.T) {
	layer := base()
	layer["pages/tile.html"] = file(`<p>{{template "tile" .}}</p>`)
	var got bytes.Buffer
	if err := build(t, layer).Render(&got, catalog(t).Printer("en", nil), "tile", tile{"Ada", 1}); err != nil {
		t.Fatal(err)
	}
	if want := `<p><a title="Ada">€0.01</a></p>`; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}

func TestLayers_theFirstThatHasAFileWins(t *testing.T) {
	site := fstest.MapFS{"partials/tile.html": file(`{{define "tile"}}<b>{{.Name}}</b>{{end}}`)}
	th := build(t, site, base())
	var got bytes.Buffer
	if err := th.Render(&got, catalog(t).Printer("en", nil), "home", tile{"Ada", 1}); err != nil {
		t.Fatal(err)
	}
	if want := `<!doctype html><html lang="en"><h1>Hello Ada</h1><b>Ada</b></html>`; got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}

func TestDir_readsNothingOutside(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "secret.html"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := t.TempDir()
	if err := os.Mkdir(filepath.Join(in, "pages"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(out, "secret.html"), filepath.Join(in, "pages", "home.html")); err != nil {
		t.Fatal(err)
	}
	layer, closer, err := theme.Dir(in)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closer.Close() }()
	if raw, err := fs.ReadFile(layer, "pages/home.html"); err == nil {
		t.Errorf("read %q through a symbolic link", raw)
	}
	var got bytes.Buffer
	if err := build(t, layer, base()).Render(&got, catalog(t).Printer("en", nil), "home", tile{"Ada", 1}); err != nil || strings.Contains(got.String(), "secret") {
		t.Errorf("got %q, %v; want the base theme's page", got.String(), err)
	}
}

func TestNew_refusesWhatWouldFailLater(t *testing.T) {
	tests := map[string]struct {
		name, text, want string
	}{
		"a template that does not parse":     {"pages/home.html", `{{if}}`, "home.html"},
		"a partial nobody defined":           {"pages/home.html", `{{template "nothing" .}}`, `"nothing"`},
		"a message nobody wrote":             {"pages/home.html", `{{t "no.such.key"}}`, `"no.such.key"`},
		"a message in a branch":              {"partials/tile.html", `{{define "tile"}}{{if .}}{{with .}}{{t "no.such.key"}}{{end}}{{end}}{{end}}`, `"no.such.key"`},
		"an asset that is not there":         {"pages/home.html", `{{asset "css/none.css"}}`, `"css/none.css"`},
		"an icon that is not there":          {"pages/home.html", `{{icon "moon"}}`, `"moon"`},
		"a function that is not there":       {"pages/home.html", `{{readFile "/etc/passwd"}}`, `"readFile"`},
		"markup that cannot be made safe":    {"pages/home.html", `<a href="{{if .}}x?y={{end}}{{.}}`, "ambiguous context"},
		"a partial under another name":       {"partials/tile.html", `{{define "other"}}{{end}}`, `"tile"`},
		"a partial with text around":         {"partials/tile.html", `loose{{define "tile"}}{{end}}`, "outside"},
		"a name two files define":            {"partials/zwei.html", `{{define "zwei"}}{{end}}{{define "tile"}}{{end}}`, `"tile"`},
		"a style sheet that includes itself": {"assets/css/a.css", `@import "all.css";`, "includes itself"},
		"a style sheet with a lost font":     {"assets/css/a.css", `a{src:url(none.woff2)}`, "none.woff2"},
		"a kind of file nobody serves":       {"assets/x.php", `<?php`, ".php"},
		"a mail with a lost partial":         {"mail/hi.txt", `{{define "subject"}}x{{end}}{{template "lost"}}`, `"lost"`},
		"a mail without its text":            {"mail/hello.html", `<p>hello</p>`, "hello.txt"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			layer := base()
			layer["mail/hi.html"], layer["mail/hi.txt"] = file("hi"), file(`{{define "subject"}}x{{end}}hi`)
			layer[tt.name] = file(tt.text)
			_, err := theme.New(theme.Options{Catalog: catalog(t), Layers: []fs.FS{layer}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that names %s", err, tt.want)
			}
		})
	}
}

func TestRender_failsBeforeTheFirstByte(t *testing.T) {
	layer := base()
	layer["pages/bad.html"] = file(`<p>begun</p>{{.missing}}`)
	th := build(t, layer)
	var got bytes.Buffer
	err := th.Render(&got, catalog(t).Printer("en", nil), "bad", map[string]any{"other": 1})
	if err == nil {
		t.Error("a missing key was printed as nothing")
	}
	if got.Len() != 0 {
		t.Errorf("%d bytes were written before the failure", got.Len())
	}
	if err := th.Render(&got, catalog(t).Printer("en", nil), "none", nil); err == nil || got.Len() != 0 {
		t.Errorf("an unknown page gave %v and %d bytes", err, got.Len())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestRender_saysThatTheReaderIsGone(t *testing.T) {
	if err := build(t, base()).Render(failing{}, catalog(t).Printer("en", nil), "home", tile{}); err == nil {
		t.Error("the writer's error was swallowed")
	}
}

func TestFuncs(t *testing.T) {
	tests := map[string]struct {
		text string
		data any
		want string
	}{
		"tx keeps markup and escapes the rest": {`{{tx "agree" "terms" .}}`, theme.HTML(`<a href="/t">terms</a>`), `I accept the <a href="/t">terms</a> &amp; more`},
		"tx escapes what a person typed":       {`{{tx "greet" "name" .}}`, "<b>", "Hello &lt;b&gt;"},
		"text picks the language":              {`{{text .}}`, locale.Text{"en": "one", "de": "eins"}, "one"},
		"money alone":                          {`{{money .}}`, money.Money{Amount: 250, Currency: "EUR"}, "€2.50"},
		"number":                               {`{{number .}}`, 12345, "12,345"},
		"percent":                              {`{{percent .}}`, money.Rate(190_000), "19%"},
		"weight":                               {`{{weight .}}`, int64(1750), "1.75\u00a0kg"},
		"classes":                              {`{{classes "a" true "b" false "c" .}}`, 1, "a c"},
		"default":                              {`{{default "none" .}}`, "", "none"},
		"dict":                                 {`{{(dict "a" .).a}}`, 7, "7"},
		"first":                                {`{{range first 2 .}}{{.}}{{end}}`, []int{1, 2, 3}, "12"},
		"icon":                                 {`{{icon "bag" "big"}}`, nil, `<svg class="icon big" width="20" height="20" aria-hidden="true" focusable="false"><use href="HREF#bag"/></svg>`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			layer := base()
			layer["pages/f.html"] = file(tt.text)
			th := build(t, layer)
			var got bytes.Buffer
			if err := th.Render(&got, catalog(t).Printer("en", nil), "f", tt.data); err != nil {
				t.Fatal(err)
			}
			href, err := th.Asset("icons.svg")
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(tt.want, "HREF", href, 1); got.String() != want {
				t.Errorf("got %q, want %q", got.String(), want)
			}
		})
	}
}

func TestFuncs_refuseNonsense(t *testing.T) {
	for name, text := range map[string]string{
		"an amount without its currency": `{{money .}}`,
		"a dict with half a pair":        `{{dict "a"}}`,
		"classes with half a pair":       `{{classes "a"}}`,
		"a number that is text":          `{{number "x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			layer := base()
			layer["pages/f.html"] = file(text)
			var got bytes.Buffer
			if err := build(t, layer).Render(&got, catalog(t).Printer("en", nil), "f", money.Minor(1)); err == nil {
				t.Errorf("printed %q", got.String())
			}
		})
	}
}

func TestMail(t *testing.T) {
	layer := base()
	layer["mail/layouts/letter.html"] = file(`{{define "letter"}}<table>{{template "body" .}}</table>{{end}}`)
	layer["mail/layouts/letter.txt"] = file(`{{define "sign"}}-- the shop{{end}}`)
	layer["mail/hello.html"] = file(`{{template "letter" .}}{{define "body"}}<td style="color:#111">{{t "greet" "name" .Name}}</td>{{end}}`)
	layer["mail/hello.txt"] = file("{{define \"subject\"}}{{t \"greet\" \"name\" .Name}}{{end}}{{t \"greet\" \"name\" .Name}}\n{{template \"sign\"}}\n")
	th := build(t, layer)
	got, err := th.Mail(catalog(t).Printer("de", nil), "hello", tile{Name: "A & <B>\r\nBcc: x@y"})
	if err != nil {
		t.Fatal(err)
	}
	want := theme.Mail{
		Subject: "Hallo A & <B> Bcc: x@y",
		HTML:    "<table><td style=\"color:#111\">Hallo A &amp; &lt;B&gt;\r\nBcc: x@y</td></table>",
		Text:    "Hallo A & <B>\r\nBcc: x@y\n-- the shop\n",
	}
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestColourClass_isTheNearestOfTheSheet(t *testing.T) {
	for in, want := range map[string]string{
		"#000000": "ph-g00",
		"#ffffff": "ph-g32",
		"#fff":    "ph-g32",
		"aa33cc":  "ph-516",
		"#121212": "ph-g02",
		"#f5f3ee": "ph-g30", // paper, not yellow
		"#ffe0c0": "ph-765",
		"":        "",
		"red":     "",
		"#12345g": "",
	} {
		if got := theme.ColourClass(in); got != want {
			t.Errorf("ColourClass(%q) = %q, want %q", in, got, want)
		}
	}
}
