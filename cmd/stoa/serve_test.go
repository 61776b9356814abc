package main_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/platform/db"
)

func TestServe_healthMetricsAndDrain(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		metrics := port(t)
		p := start(t, append(env, "STOA_METRICS_LISTEN="+metrics, "STOA_TEST_MODE=1", "STOA_LOG_FORMAT=json"), "serve").begin().serving()
		p.wrote(`(?m)^  Owner        http://\S+/admin/setup/\S+$`)

		for _, path := range []string{"/healthz/live", "/healthz/ready"} {
			if status, body := p.get(path); status != 200 || body != "ok\n" {
				t.Errorf("%s: %d %q", path, status, body)
			}
		}
		if status, _ := p.get("/metrics"); status == 200 {
			t.Error("the shop's own address serves metrics")
		}
		status, body := get(t, "http://"+metrics+"/metrics")
		if status != 200 || !strings.Contains(body, "stoa_http_requests_total{") || !strings.Contains(body, "go_goroutines ") {
			t.Errorf("metrics: %d %.300s", status, body)
		}

		// A request whose body is half sent when the signal comes.
		conn, err := net.Dial("tcp", p.listen)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		text := `{"now":"2026-12-24T18:00:00Z"}`
		fmt.Fprintf(conn, "PUT /test/clock HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", p.listen, len(text))
		answers := bufio.NewReader(conn)
		if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q, %v", line, err) // the handler reads by now
		}
		if _, err := answers.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text[:9])
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		until(t, "closed to others", func() bool {
			c, err := net.Dial("tcp", p.listen)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
		io.WriteString(conn, text[9:])
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("the request in flight was cut: %v", err)
		}
		answer, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || !strings.HasPrefix(string(answer), `{"now":"2026-12-24T18:00:00`) {
			t.Errorf("the request in flight: %d %s", res.StatusCode, answer)
		}
		if code := p.code(); code != 0 {
			t.Errorf("exit code %d; it wrote\n%s", code, p.out.String())
		}
	})
}

func TestServe_settingsFromFileAndEnvironment(t *testing.T) {
	folder := t.TempDir()
	conf := filepath.Join(folder, "stoa.conf")
	secret := filepath.Join(folder, "key")
	text := "# a comment\n\nSTOA_LISTEN = localhost:1\nSTOA_LOG_FORMAT=\"json\"\nSTOA_SMTP_URL = smtp://user:hidden-word@mail.example:587\n"
	for name, content := range map[string]string{conf: text, secret: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	code, out := run(t, settings{"STOA_LISTEN=localhost:2", "STOA_MASTER_KEY_FILE=" + secret}, "config", "print", "-c", conf)

	if code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	for _, want := range []string{
		"\n# from: environment\nSTOA_LISTEN = localhost:2\n", // which is stronger
		"\n# from: " + conf + ":4\nSTOA_LOG_FORMAT = json\n",
		"\n# from: " + conf + ":5\nSTOA_SMTP_URL = (set, not shown)\n",
		"\n# from: environment, from the file " + secret + "\nSTOA_MASTER_KEY = (set, not shown)\n",
		"\n# from: default\nSTOA_DATA = stoa-data\n",
		"\n# not set, which makes it http://localhost:2\nSTOA_BASE_URL =\n",
		"\n# not set, which makes it sqlite:stoa-data/stoa.db\nSTOA_DATABASE =\n",
		"\n# not set\nSTOA_HOSTS =\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
	for _, hidden := range []string{"hidden-word", "MDEy"} {
		if strings.Contains(out, hidden) {
			t.Errorf("a secret is shown: %s", hidden)
		}
	}
	_, out = run(t, settings{"STOA_DATABASE=postgres://shop:hidden-word@db/x", "STOA_SANDBOX_KEY=hidden-word", "STOA_SANDBOX_URL=https://shop:hidden-word@bank.example", "STOA_SANDBOX_WEBHOOK_SECRET=hidden-word"}, "config", "print")
	if n := strings.Count(out, "# from: environment\n"); n != 4 || strings.Contains(out, "hidden-word") {
		t.Errorf("%d settings from the environment, want 4, and no secret in\n%s", n, out)
	}
	names := regexp.MustCompile(`(?m)^(STOA_\w+) =`).FindAllStringSubmatch(out, -1)
	if len(names) != len(stoa.AllSettings()) {
		t.Errorf("%d settings printed, there are %d", len(names), len(stoa.AllSettings()))
	}
}

func TestImport_needsAShopAndImports(t *testing.T) {
	file, err := filepath.Abs("../../ops/transfer/testdata/spree_products.csv")
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, env settings) {
		code, out := run(t, env, "import", "spree", file, "--dry-run")
		oneLine(t, code, out, stoa.ExitFailure, "the shop is not set up yet: run stoa serve, open the owner's link (stoa setup prints a new one) and name the shop first")

		open(t, env)
		for _, tt := range []struct {
			args []string
			want string
		}{
			{[]string{"--dry-run"}, "(100 %)\nspree_products.csv: 37 products would be created, 0 updated, 0 unchanged, 0 refused; "},
			{nil, "(100 %)\nspree_products.csv: 37 products created, 0 updated, 0 unchanged, 0 refused; "},
			{nil, "This file was imported to the end before; --again imports it once more. What became of it then:\nspree_products.csv: 37 products created, "},
		} {
			code, out = run(t, env, append([]string{"import", "spree", file}, tt.args...)...)
			if code != 0 || !strings.Contains(out, tt.want) || !strings.Contains(out, "column ") {
				t.Errorf("%v: exit code %d, it wrote\n%.2000s", tt.args, code, out)
			}
		}
		code, out = run(t, env, "export", "spree", "-")
		if code != 0 {
			t.Errorf("export: exit code %d, it wrote\n%.2000s", code, out)
		}
		comesBack(t, file, out)
		for _, tt := range []struct {
			options []stoa.Option
			size    int
			served  bool
		}{
			{nil, 37, true},
			{[]stoa.Option{stoa.WithoutSearch()}, 0, false},
		} {
			s, err := stoa.ReadSettings(env, "")
			if err != nil {
				t.Fatal(err)
			}
			shop, err := stoa.New(t.Context(), s, tt.options...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = shop.Handler(nil)
			if size := shop.Search.Size(); size != tt.size || (err == nil) != tt.served {
				t.Errorf("the index holds %d goods, want %d; Handler: %v", size, tt.size, err)
			}
			shop.Close()
		}
	})
}

// comesBack finds every custom field of a file in an export, under the header
// that it had and beside the SKU that it stood at.
func comesBack(t *testing.T, file, export string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cells := func(text string) map[string]string {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		out := make(map[string]string)
		sku := slices.Index(rows[0], "sku")
		for i, header := range rows[0] {
			for _, row := range rows {
				if strings.HasPrefix(header, "custom_field.") && row[i] != "" {
					out[header+" of "+row[sku]] = row[i]
				}
			}
		}
		return out
	}
	want := cells(string(text))
	if diff := cmp.Diff(want, cells(export)); diff != "" || len(want) < 20 {
		t.Errorf("%d cells of custom fields (-file +export):\n%s", len(want), diff)
	}
}

// A file of which something is left out ends with a code of its own, and what
// is wrong is said in sentences, with the row it is about.
func TestImport_saysWhatIsWrong(t *testing.T) {
	env := fresh(t, db.SQLite)
	open(t, env)
	for name, tt := range map[string]struct {
		text string
		code int
		want []string
	}{
		"a workbook":       {"PK\x03\x04 sheet", stoa.ExitFailure, []string{"stoa: This is a workbook. Save the sheet as CSV and import that.\n"}},
		"nothing":          {"", stoa.ExitFailure, []string{"stoa: The file is empty.\n"}},
		"another platform": {"Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price\na,A,,,,,TRUE,,,a,1\n", stoa.ExitFailure, []string{"stoa: This looks like an export from shopify. Choose that instead.\n"}},
		"too few columns":  {"slug,sku\na,a\n", stoa.ExitFailure, []string{"stoa: These columns are missing: name, price. Export the file again with all columns.\n", "stoa: price: The file needs this column.\n"}},
		"a bad row": {"slug,sku,name,price\na,a,A,1\nb,b,B,much\n", stoa.ExitRefused, []string{
			".csv: 1 product created, 0 updated, 0 unchanged, 1 refused; 1 variant and 0 pictures.\n",
			"  refused  row 3, price: Please write the amount as a number such as 19.99, without a currency sign. (\"much\")\n",
			"stoa: not everything in the file could be taken; correct the rows named above and import it again\n",
		}},
		"a picture":   {"slug,sku,name,price,image1_src\ne,e,E,1,https://pics.example/e.png\n", 0, []string{"  note     the whole file: One image was not fetched from the web.\n"}},
		"a long cell": {"slug,sku,name,price,description\nf,f,F,1," + strings.Repeat("x", 1<<20+1) + "\n", stoa.ExitRefused, []string{"row 2, description: This cell is longer than 1\u00a0MiB. A missing"}},
		"a note":      {"slug,sku,name,price,currency\nc,c,C,1,EUR\nd,d,D,1,USD\n", 0, []string{"  note     the whole file: The shop has no price list in USD."}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "goods.csv")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}

			code, out := run(t, env, "import", "spree", file)

			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("it wrote\n%s\nwant %q", out, want)
				}
			}
			if key := regexp.MustCompile(`\b(transfer|market|catalog|form|fault)\.[a-z_]+`).FindString(out); key != "" {
				t.Errorf("the key %s is shown", key)
			}
		})
	}
}

func TestDoctorVersionSetup(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		if code, out := run(t, env, "migrate"); code != 0 {
			t.Fatalf("migrate: exit code %d: %s", code, out)
		}
		code, out := run(t, env, "doctor")
		for _, want := range []string{"  well       settings\n", "  well       address ", "  well       database, data folder and master key\n", "  to do      the shop is not set up yet"} {
			if !strings.Contains(out, want) {
				t.Errorf("doctor does not say %q:\n%s", want, out)
			}
		}
		if code != 0 {
			t.Errorf("doctor: exit code %d", code)
		}
		code, out = run(t, env, "setup")
		if code != 0 || !regexp.MustCompile(`(?m)^http://\S+/admin/setup/\S{20,}$`).MatchString(out) {
			t.Errorf("setup: exit code %d, it wrote %q", code, out)
		}
	})
	for _, arg := range []string{"version", "--version"} {
		if code, out := run(t, nil, arg); code != 0 || !regexp.MustCompile(`^stoa \S+\ncommit \S+(, modified)?\ngo\d\S* \S+/\S+\n$`).MatchString(out) {
			t.Errorf("%s: exit code %d, it wrote %q", arg, code, out)
		}
	}
	for _, same := range [][][]string{{{}, {"--help"}, {"help"}}, {{"import", "--help"}, {"help", "import"}}, {{"token", "create", "-h"}, {"help", "token", "create"}}} {
		_, want := run(t, nil, same[0]...)
		if !strings.HasPrefix(want, "Usage: stoa ") {
			t.Errorf("%v wrote %q", same[0], want)
		}
		for _, args := range same[1:] {
			if code, out := run(t, nil, args...); code != 0 || out != want {
				t.Errorf("%v: exit code %d, it wrote %q", args, code, out)
			}
		}
	}
	data := t.TempDir()
	nowhere := filepath.Join(data, "mistyped")
	if code, out := run(t, settings{"STOA_DATA=" + nowhere, "STOA_LISTEN=" + port(t)}, "doctor"); code != 0 || !strings.Contains(out, "  to do      there is no database ") {
		t.Errorf("doctor of a folder that is not there: exit code %d, it wrote\n%s", code, out)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("doctor made the folder it was asked to look at")
	}
	env := settings{"STOA_DATA=" + data, "STOA_LISTEN=" + port(t), "STOA_SMTP_URL=smtp://127.0.0.1:1"}
	run(t, env, "migrate")
	code, out := run(t, env, "doctor")
	if code != stoa.ExitFailure || !strings.Contains(out, "not well   mail server: 127.0.0.1:1 does not answer") {
		t.Errorf("doctor without its mail server: exit code %d, it wrote\n%s", code, out)
	}
}

// open names the shop, as its owner would in the back office.
func open(t *testing.T, env settings) {
	t.Helper()
	s, err := stoa.ReadSettings(env, "")
	if err != nil {
		t.Fatal(err)
	}
	shop, err := stoa.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	setup := market.Suggest("DE")
	setup.Name, setup.Email = "Hausrat", "hallo@hausrat.example"
	err = shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return shop.Market.SetUp(ctx, tx, audit.System("test"), setup)
	})
	if err != nil {
		t.Fatal(err)
	}
}
