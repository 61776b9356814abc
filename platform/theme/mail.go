package theme

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/stoashop/stoa/kit/locale"
)

// Mail is one letter ready to send.
type Mail struct {
	Subject string // one line
	HTML    string // a complete document
	Text    string // the same letter for readers without HTML
}

// mailTrees holds a mail's two templates, each under its file's name, with
// everything they may use.
type mailTrees struct{ html, text map[string]*parse.Tree }

type mailSet struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

// Mails lists the names Mail knows.
func (t *Theme) Mails() []string {
	names := make([]string, 0, len(t.mails))
	for name := range t.mails {
		names = append(names, name)
	}
	return names
}

// Mail renders mail/<name>.html and mail/<name>.txt. The text file also
// defines the template "subject".
func (t *Theme) Mail(p *locale.Printer, name string, data any) (Mail, error) {
	s, err := t.setFor(p)
	if err != nil {
		return Mail{}, err
	}
	m := s.mails[name]
	if m == nil {
		return Mail{}, fmt.Errorf("theme: no mail %q", name)
	}
	var subject, html, text bytes.Buffer
	if err := m.text.ExecuteTemplate(&subject, "subject", data); err != nil {
		return Mail{}, fmt.Errorf("theme: mail %s: %w", name, err)
	}
	if err := m.html.Execute(&html, data); err != nil {
		return Mail{}, fmt.Errorf("theme: mail %s: %w", name, err)
	}
	if err := m.text.Execute(&text, data); err != nil {
		return Mail{}, fmt.Errorf("theme: mail %s: %w", name, err)
	}
	return Mail{
		Subject: strings.Join(strings.Fields(subject.String()), " "),
		HTML:    html.String(),
		Text:    strings.TrimSpace(text.String()) + "\n",
	}, nil
}

func (t *Theme) parseMails(names []string, files map[string]fs.FS, html, text map[string]*parse.Tree) error {
	for _, name := range names {
		dir, base := path.Split(name)
		mail, isHTML := strings.CutSuffix(base, ".html")
		if dir != "mail/" || !isHTML {
			continue
		}
		txt := "mail/" + mail + ".txt"
		if files[txt] == nil {
			return fmt.Errorf("theme: %s has no %s beside it", name, txt)
		}
		m := mailTrees{maps.Clone(html), maps.Clone(text)}
		own, err := parseFile(files, name)
		if err != nil {
			return err
		}
		maps.Copy(m.html, own)
		if own, err = parseFile(files, txt); err != nil {
			return err
		}
		if own["subject"] == nil {
			return fmt.Errorf("theme: %s must define %q", txt, "subject")
		}
		maps.Copy(m.text, own)
		t.mails[mail] = m
	}
	return nil
}

func bindMail(name string, fm htmltemplate.FuncMap, trees mailTrees, shared map[string]*parse.Tree) (*mailSet, error) {
	html, err := assemble("mail/"+name+".html", fm, trees.html, shared)
	if err != nil {
		return nil, err
	}
	root := "mail/" + name + ".txt"
	text := texttemplate.New(root).Option("missingkey=error").Funcs(fm)
	used, err := reach(root, trees.text, nil)
	if err != nil {
		return nil, err
	}
	used["subject"] = trees.text["subject"]
	for key, tree := range used {
		if _, err := text.AddParseTree(key, tree.Copy()); err != nil {
			return nil, fmt.Errorf("theme: mail %s: %w", name, err)
		}
	}
	var noData texttemplate.ExecError
	text = text.Lookup(root)
	if err := text.Execute(io.Discard, nil); err != nil && !errors.As(err, &noData) {
		return nil, fmt.Errorf("theme: mail %s: %w", name, err)
	}
	return &mailSet{html, text}, nil
}
