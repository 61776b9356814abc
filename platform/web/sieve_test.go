package web_test

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stoashop/stoa/platform/web"
)

// An order over its limit is refused at what was too large, and the rest of it
// is there to be shown again; what is read of it stays below the limit.
func TestLimitForm_keepsTheRestOfWhatIsTooLarge(t *testing.T) {
	const limit = 4000
	type part struct{ name, file, value string }
	big := strings.Repeat("9", limit)
	files := func(parts ...part) *http.Request {
		return multi(t, func(w *multipart.Writer) {
			for _, p := range parts {
				to, err := w.CreateFormField(p.name)
				if p.file != "" {
					to, err = w.CreateFormFile(p.name, p.file)
				}
				if err == nil {
					_, err = io.WriteString(to, p.value)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	pairs := func(parts ...part) *http.Request {
		var all []string
		for _, p := range parts {
			all = append(all, p.name+"="+p.value)
		}
		return post(strings.Join(all, "&"))
	}
	name, photo := part{"name", "", "Ada"}, part{"photos", "a.png", "12345"}
	for what, tt := range map[string]struct {
		request *http.Request
		want    string
		kept    int // bytes of the note
	}{
		"nothing":                 {files(name, photo), "<nil>", 0},
		"a file":                  {files(part{"photo", "b.png", big}, name, part{"note", "", "page"}), "too_large photo: form.files_too_large", 4},
		"two files":               {files(name, part{"photos", "a", big}, part{"photos", "b", big}), "too_large photos: form.files_too_large", 0},
		"a file and a bad text":   {files(name, photo, part{"photo", "b", big}, part{"kind", "", "x"}), "too_large kind: form.not_a_choice photos: form.files_too_large photo: form.files_too_large", 0},
		"an unknown file":         {files(name, part{"evil", "a", big}), "malformed evil: form.unknown evil: form.files_too_large", 0},
		"a text among files":      {files(name, photo, part{"note", "", big}), "too_large photos: form.files_too_large note: request.too_large", limit / 8},
		"a text":                  {pairs(part{"note", "", big}, name), "too_large note: request.too_large", limit/8 - len("note=")},
		"a text in escapes":       {pairs(part{"note", "", strings.Repeat("%C3%A4", limit/6)}, name), "too_large note: request.too_large", 164},
		"a text before its field": {pairs(name, part{"note", "", "page"}, part{"surprise", "", big}), "malformed surprise: form.unknown", 4},
		"a name":                  {pairs(name, part{big, "", "page"}), "malformed " + strings.Repeat("9", 200) + "…: form.unknown", 0},
	} {
		for _, known := range []bool{true, false} {
			if !known && what != "nothing" && what != "a file" { // the length is seen only on the way
				continue
			}
			r := tt.request.Clone(t.Context())
			body, err := io.ReadAll(tt.request.Body)
			if err != nil {
				t.Fatal(err)
			}
			tt.request.Body = io.NopCloser(strings.NewReader(string(body)))
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if !known {
				r.ContentLength = -1
			}
			r, err = web.LimitForm(httptest.NewRecorder(), r, limit)
			if err != nil {
				t.Fatal(err)
			}
			read := new(counter)
			r.Body = io.NopCloser(io.TeeReader(r.Body, read))
			small := limits
			small.Bytes = limit
			_, raw, err := web.DecodeForm[order](r, small)
			if summary(err) != tt.want || raw.Get("name") != "Ada" || len(raw.Get("note")) != tt.kept || int(*read) > limit {
				t.Errorf("%s: %s, name %q, %d of note, %d bytes read; want %s, %d", what, summary(err), raw.Get("name"), len(raw.Get("note")), *read, tt.want, tt.kept)
			}
		}
	}
	for what, r := range map[string]*http.Request{
		"four times too much": pairs(name, part{"note", "", strings.Repeat(big, 4)}),
		"many texts":          pairs(part{"a", "", big}, part{"b", "", big[:500]}, part{"c", "", big[:500]}, part{"d", "", big[:500]}, part{"e", "", big[:500]}, part{"f", "", big[:500]}, part{"g", "", big[:500]}, part{"h", "", big[:500]}, part{"i", "", big[:500]}),
		"no form":             postJSON(big + big),
	} {
		r, err := web.LimitForm(httptest.NewRecorder(), r, limit)
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		if status := web.Status(err); status != http.StatusRequestEntityTooLarge || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %d %v", what, status, err)
		}
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
