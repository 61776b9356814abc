package api_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"mime/multipart"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/staff"
)

// words splits a command line as a shell does, with 'x', "x" and $NAME.
func words(line string, vars map[string]string) (list []string) {
	name := regexp.MustCompile(`^\$([A-Z]+)`)
	var word strings.Builder
	quote, open := byte(0), false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '$' && quote != '\'' && name.MatchString(line[i:]):
			m := name.FindStringSubmatch(line[i:])
			word.WriteString(vars[m[1]])
			i += len(m[1])
			open = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote, open = c, true
		case c == quote && quote != 0:
			quote = 0
		case c == ' ' && quote == 0:
			if open {
				list = append(list, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		list = append(list, word.String())
	}
	return list
}

// curl does what curl would with these arguments.
func (h *house) curl(args []string, files map[string][]byte) *answer {
	h.t.Helper()
	method, target, body := "GET", "", ""
	header := make(map[string]string)
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-X":
			i++
			method = args[i]
		case "-H":
			i++
			name, value, _ := strings.Cut(args[i], ": ")
			header[name] = value
		case "-d":
			i++
			body = args[i]
		case "-F":
			i++
			name, value, _ := strings.Cut(args[i], "=")
			if file, is := strings.CutPrefix(value, "@"); is {
				part, err := parts.CreateFormFile(name, file)
				if err != nil || files[file] == nil {
					h.t.Fatalf("file %s: %v", file, err)
				}
				_, _ = part.Write(files[file])
			} else {
				_ = parts.WriteField(name, value)
			}
			header["Content-Type"] = parts.FormDataContentType()
		default:
			target = args[i]
		}
	}
	_ = parts.Close()
	if body == "" && strings.HasPrefix(header["Content-Type"], "multipart/") {
		body = form.String()
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	best := ""
	for name, o := range h.ops { // the operation whose path this is
		like := regexp.MustCompile("^" + regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(o.path), "[^/]+") + "$")
		if o.method == method && like.MatchString(r.URL.Path) && (best == "" || !strings.Contains(o.path, "{")) {
			best = name
		}
	}
	if best == "" {
		h.t.Fatalf("%s %s is no operation", method, target)
	}
	return h.read(best, h.send(r))
}

// TestDocs_examplesRun runs every example of the page that programmers start
// from, in its order, and holds the answers against the document.
func TestDocs_examplesRun(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		page, err := os.ReadFile("../docs/api.md")
		if err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := jpeg.Encode(&picture, drawing(300, 200), nil); err != nil {
			t.Fatal(err)
		}
		for _, p := range staff.Scopes() {
			if !strings.Contains(string(page), "`"+string(p)+"`") {
				t.Errorf("the page does not name the scope %s", p)
			}
		}
		made := regexp.MustCompile(`KEY=\$\(stoa token create "Till" --scope ([a-z.,]+)\)`).FindSubmatch(page)
		if made == nil {
			t.Fatal("the page does not say where the key comes from")
		}
		scopes := strings.Split(string(made[1]), ",")
		vars := map[string]string{"STOA": base, "KEY": h.call("staff.tokens.create", object{"name": "Till", "scopes": scopes}, "bearer:"+h.owner).want(201).text("key")}
		keep := regexp.MustCompile(`keep ([a-z_.0-9]+) as ([A-Z]+)`)
		ran := 0
		for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
			lines := strings.Split(strings.TrimSpace(block[1]), "\n")
			args := words(lines[0], vars)
			if args[0] != "curl" {
				continue
			}
			if len(lines) != 2 || !strings.HasPrefix(lines[1], "# ") {
				t.Fatalf("an example must say what it answers: %q", block[1])
			}
			status, err := strconv.Atoi(lines[1][2:5])
			if err != nil {
				t.Fatal(err)
			}
			a := h.curl(args[1:], map[string][]byte{"kettle.jpg": picture.Bytes()}).want(status)
			for _, m := range keep.FindAllStringSubmatch(lines[1], -1) {
				v := a.get(m[1])
				if n, is := v.(float64); is {
					v = int64(n)
				}
				if v == nil {
					t.Fatalf("%s has no %s: %s", lines[0], m[1], a.body)
				}
				vars[m[2]] = fmt.Sprint(v)
			}
			ran++
		}
		if ran < 10 {
			t.Errorf("%d examples", ran)
		}
		if o := h.call("staff.orders.get", nil, "number=1001", "bearer:"+h.owner).want(200); !strings.Contains(o.body, "Printed at the till.") {
			t.Errorf("%s", o.body)
		}
	})
}
