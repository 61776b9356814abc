package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// patience is how many times its limit a form may be read, so that whoever
// sent too much is told at the field and finds the rest as it was typed.
const patience = 4

// LimitForm is LimitBody for a route that takes forms. A form over its limit is
// read on, up to four times as much: of its files nothing is kept, of its texts
// an eighth of the limit of each, and DecodeForm refuses it at
// the fields that were too large, with Raw holding the rest. What is read from
// the request it returns is never more than limit bytes.
func LimitForm(w http.ResponseWriter, r *http.Request, limit int64) (*http.Request, error) {
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what is wrong with it, the decoder says
	if (r.ContentLength >= 0 && r.ContentLength <= limit) || r.Body == nil || (kind != formKind && (kind != filesKind || params["boundary"] == "")) {
		return r, LimitBody(w, r, limit)
	}
	o := &oversize{limit: limit}
	s := sieve{o: o, most: limit / 8, known: r.ContentLength > limit}
	if !s.known {
		s.most = limit - limit/4
	}
	if err := LimitBody(w, r, patience*limit); err != nil {
		return r, &http.MaxBytesError{Limit: limit}
	}
	var sifted io.Reader = &pairSieve{sieve: s, from: r.Body}
	if kind == filesKind {
		parts := &partSieve{sieve: s, parts: multipart.NewReader(r.Body, params["boundary"])}
		parts.to = multipart.NewWriter(&parts.out)
		if err := parts.to.SetBoundary(params["boundary"]); err != nil {
			return r, unreadable(err)
		}
		sifted = parts
	}
	r = r.WithContext(context.WithValue(r.Context(), oversizeKey{}, o))
	r.Body = io.NopCloser(sifted)
	r.ContentLength = -1
	return r, nil
}

const (
	formKind  = "application/x-www-form-urlencoded"
	filesKind = "multipart/form-data"
)

type oversizeKey struct{}

// oversize tells which inputs of a form were too large. It is complete once
// the body has been read to its end.
type oversize struct {
	limit        int64
	files, texts []string
}

func oversized(r *http.Request) *oversize {
	o, _ := r.Context().Value(oversizeKey{}).(*oversize)
	return o
}

func note(list *[]string, name string) {
	if len(*list) < most && !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// round takes away the half of a character that a text was cut in.
func (o *oversize) round(values map[string][]string) {
	for _, name := range o.texts {
		for i, s := range values[name] {
			for range utf8.UTFMax - 1 {
				if last, size := utf8.DecodeLastRuneInString(s); last != utf8.RuneError || size != 1 {
					break
				}
				s = s[:len(s)-1]
			}
			values[name][i] = s
		}
	}
}

// tell notes the faults, where the field has not said itself what is wrong.
func (o *oversize) tell(b *binder) {
	limit := locale.Size(o.limit)
	for _, name := range o.files {
		b.bad(name, "form.files_too_large", "max", limit)
	}
	for _, name := range o.texts {
		if !slices.ContainsFunc(b.fields, func(f fault.Field) bool { return f.Path == clip(name) }) {
			b.bad(name, "request.too_large", "max", limit)
		}
	}
}

// sieve is what both kinds of form have in common: a stream that is made ready
// piece by piece.
type sieve struct {
	o     *oversize
	most  int64 // bytes of one text that are kept
	known bool  // that the form is too large, before anything is read
	out   bytes.Buffer
	sent  int64 // bytes that have gone through out
	err   error // after what is in out
}

func (s *sieve) read(p []byte, step func() error) (int, error) {
	for s.out.Len() == 0 && s.err == nil {
		if s.err = step(); s.sent+int64(s.out.Len()) > s.o.limit {
			s.out.Reset()
			s.err = &http.MaxBytesError{Limit: s.o.limit}
		}
		var tooLarge *http.MaxBytesError
		if errors.As(s.err, &tooLarge) {
			s.err = &http.MaxBytesError{Limit: s.o.limit}
		}
	}
	if s.out.Len() == 0 {
		return 0, s.err
	}
	n, err := s.out.Read(p)
	s.sent += int64(n)
	return n, err
}

// partSieve sifts a multipart form.
type partSieve struct {
	sieve
	parts *multipart.Reader
	to    *multipart.Writer
	part  *multipart.Part
	into  io.Writer
	kept  int64 // bytes of the part
	piece [16 << 10]byte
}

func (s *partSieve) Read(p []byte) (int, error) { return s.read(p, s.step) }

func (s *partSieve) step() (err error) {
	if s.part == nil {
		if s.part, err = s.parts.NextRawPart(); errors.Is(err, io.EOF) {
			if err = s.to.Close(); err == nil {
				err = io.EOF
			}
		}
		if err != nil {
			return err
		}
		s.kept = 0
		s.into, err = s.to.CreatePart(s.part.Header)
		return err
	}
	n, err := s.part.Read(s.piece[:])
	piece := s.piece[:n]
	if errors.Is(err, io.EOF) {
		err = nil
		defer func() { s.part = nil }()
	}
	if s.part.FileName() != "" {
		// A form that says its length is over its limit for sure; one that does
		// not is so once its files leave no room for the texts behind them.
		room := s.o.limit - min(s.o.limit/4, 1<<20)
		if n > 0 && (s.known || s.sent+int64(n) > room) {
			note(&s.o.files, s.part.FormName())
			s.known, piece = true, nil
		}
	} else if s.kept += int64(n); s.kept > s.most {
		note(&s.o.texts, s.part.FormName())
		piece = piece[:max(0, int64(n)-(s.kept-s.most))]
	}
	if _, e := s.into.Write(piece); e != nil {
		return e
	}
	return err
}

// pairSieve sifts an urlencoded form.
type pairSieve struct {
	sieve
	from  io.Reader
	name  []byte // of the pair, as it was sent
	value bool   // past the name
	kept  int64  // bytes of the pair
	half  int    // bytes that the escape at hand still lacks
	piece [16 << 10]byte
}

func (s *pairSieve) Read(p []byte) (int, error) { return s.read(p, s.step) }

func (s *pairSieve) step() error {
	n, err := s.from.Read(s.piece[:])
	for _, c := range s.piece[:n] {
		switch {
		case c == '&':
			s.name, s.value, s.kept, s.half = s.name[:0], false, 0, 0
			s.out.WriteByte(c)
			continue
		case s.kept >= s.most && s.half == 0:
			if name, err := url.QueryUnescape(string(s.name)); s.value && err == nil {
				note(&s.o.texts, strings.ToValidUTF8(name, "\ufffd"))
			}
			s.kept = s.most + 1
			continue
		case c == '=' && !s.value:
			s.value = true
		case !s.value:
			s.name = append(s.name, c)
		}
		if s.half > 0 {
			s.half--
		}
		if c == '%' {
			s.half = 2
		}
		s.kept++
		s.out.WriteByte(c)
	}
	return err
}
