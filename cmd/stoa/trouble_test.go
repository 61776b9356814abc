package main_test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stoashop/stoa"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

func TestTrouble_settingsAreNamedALineEach(t *testing.T) {
	folder := t.TempDir()
	conf := filepath.Join(folder, "stoa.conf")
	text := "STOA_LISTEN = 8080\nSTOA_LISTN = localhost:1\nnonsense\nSTOA_LOG_FORMAT = xml\nSTOA_METRICS_LISTEN=x\nSTOA_DATABASE = mysql://shop\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	code, out := run(t, settings{"STOA_DATA=" + filepath.Join(folder, "data"), "STOA_TEST_MODE=perhaps", "STOA_COLOUR=red", "STOA_MASTER_KEY_FILE=/nowhere/key"}, "serve", "-c", conf)

	for _, want := range []string{
		"stoa: " + conf + ":2: unknown setting STOA_LISTN; did you mean STOA_LISTEN?\n",
		"stoa: " + conf + ":3: expected NAME = value\n",
		"stoa: environment: unknown setting STOA_COLOUR; see: stoa config print\n",
		"stoa: environment: STOA_MASTER_KEY_FILE names /nowhere/key, which cannot be read\n",
		"stoa: STOA_TEST_MODE must be 1 or 0\n",
		`stoa: STOA_LISTEN must be an address and port such as "localhost:8080" or ":8080"` + "\n",
		"stoa: STOA_LOG_FORMAT must be text or json\n",
		`stoa: STOA_METRICS_LISTEN must be an address and port such as "localhost:9090"` + "\n",
		"stoa: STOA_DATABASE must be sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME\n",
	} {
		refused(t, code, out, stoa.ExitSettings, want)
	}
	if n := strings.Count(out, "\n"); n != 9 {
		t.Errorf("%d lines, want 9:\n%s", n, out)
	}
	if _, err := os.Stat(filepath.Join(folder, "data")); err == nil {
		t.Error("a data folder was made all the same")
	}
}

func TestTrouble_refusedSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		set  settings
		want string
	}{
		"plain http for other machines":       {settings{"STOA_LISTEN=0.0.0.0:0", "STOA_BASE_URL=http://shop.example"}, "STOA_INSECURE"},
		"test mode beside a bank elsewhere":   {settings{"STOA_LISTEN=localhost:0", "STOA_TEST_MODE=1", "STOA_SANDBOX_URL=https://bank.example"}, "STOA_TEST_MODE is refused: the payment address https://bank.example is not on this machine"},
		"a mail server that cannot be one":    {settings{"STOA_LISTEN=localhost:0", "STOA_SMTP_URL=http://mail.example"}, "STOA_SMTP_URL"},
		"a PostgreSQL address that is broken": {settings{"STOA_LISTEN=localhost:0", "STOA_DATABASE=postgres://shop@db:99999999/x"}, "cannot be read"},
		"a port that cannot be":               {settings{"STOA_LISTEN=localhost:99999"}, `STOA_LISTEN must be an address and port such as "localhost:8080" or ":8080"`},
		"a metrics port that cannot be":       {settings{"STOA_LISTEN=localhost:0", "STOA_METRICS_LISTEN=localhost:-1"}, `STOA_METRICS_LISTEN must be an address and port such as "localhost:9090"`},
		"a secret set twice":                  {settings{"STOA_LISTEN=localhost:0", "STOA_SMTP_URL=smtp://mail.example", "STOA_SMTP_URL_FILE=/nowhere"}, "environment: STOA_SMTP_URL and STOA_SMTP_URL_FILE are both set; keep one of the two"},
		"a port that is a word":               {settings{"STOA_LISTEN=localhost:web site"}, "STOA_LISTEN must be"},
		"a file that is not there":            {settings{"STOA_LISTEN=localhost:0", "STOA_SMTP_URL_FILE=/nowhere"}, "names /nowhere, which cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := run(t, append(tt.set, "STOA_DATA="+t.TempDir()), "serve")
			oneLine(t, code, out, stoa.ExitSettings, tt.want)
		})
	}
	ill(t, settings{"STOA_LISTEN=8080", "STOA_DATA=" + t.TempDir()}, stoa.ExitSettings, `settings: STOA_LISTEN must be an address and port such as "localhost:8080"`)
}

func TestTrouble_settingsFile(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "stoa.conf")
	write := func(text string) {
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("\ufeffSTOA_LISTEN = localhost:1234\n") // as an editor of another system saves it
	if code, out := run(t, nil, "config", "print", "-c", conf); code != 0 || !strings.Contains(out, "\nSTOA_LISTEN = localhost:1234\n") {
		t.Errorf("with a mark before the first name: exit code %d, it wrote\n%s", code, out)
	}

	write("STOA_LISTEN = localhost:1\n\n# the other\nSTOA_LISTEN = localhost:2\n")
	code, out := run(t, settings{"STOA_DATA=" + t.TempDir()}, "serve", "-c", conf)
	oneLine(t, code, out, stoa.ExitSettings, conf+":4: STOA_LISTEN is set in line 1 already; keep one of the two")
}

func TestTrouble_commandLine(t *testing.T) {
	for line, tt := range map[string]struct{ want, help string }{
		"sreve":                  {`unexpected argument sreve, did you mean "serve"?`, "stoa"},
		"--nope":                 {"unknown flag --nope", "stoa"},
		"serve --port=80":        {"unknown flag --port", "stoa serve"},
		"demo --products":        {"--products", "stoa demo"},
		"config":                 {`expected "print"`, "stoa config"},
		"config print --nope":    {"unknown flag --nope", "stoa config print"},
		"import shopfy /nowhere": {`<platform>: "shopfy" is not known; the known ones are shopify, woocommerce, spree, vendure`, "stoa import"},
		"import shopfy":          {`"shopfy" is not known; the known ones are `, "stoa import"},
		"import spree":           {"<file>", "stoa import"},
		"help sreve":             {"unexpected argument sreve", "stoa"},
		"help token mkae":        {"unexpected argument mkae", "stoa token"},
		"serve -c":               {"--config", "stoa serve"},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			code, out := run(t, nil, strings.Fields(line)...)
			if code != stoa.ExitUsage || !strings.Contains(out, tt.want) || !strings.HasPrefix(out, "stoa: ") || !strings.HasSuffix(out, "\nTry: "+tt.help+" --help\n") {
				t.Errorf("exit code %d, it wrote\n%s\nwant %d, %s and the help of %s", code, out, stoa.ExitUsage, tt.want, tt.help)
			}
		})
	}
}

// TestTrouble_postgresSaysWhatToDo holds the line that each way of being away
// is told in.
func TestTrouble_postgresSaysWhatToDo(t *testing.T) {
	here, err := url.Parse(dbtest.Empty(t, db.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	none := *here
	none.Path = "/nobody_made_it"
	for address, want := range map[string]string{
		"postgres://shop:secret-word@127.0.0.1:1/x":  "cannot reach PostgreSQL at postgres://shop:xxxxx@127.0.0.1:1/x: nothing answers there; start it, or look at STOA_DATABASE",
		"postgres://shop:secret-word@shop.invalid/x": "cannot reach PostgreSQL at postgres://shop:xxxxx@shop.invalid/x: there is no host shop.invalid; look at STOA_DATABASE",
		none.String(): `: it has no database "nobody_made_it"; make one (createdb nobody_made_it), or look at STOA_DATABASE`,
	} {
		env := settings{"STOA_DATA=" + t.TempDir(), "STOA_LISTEN=" + port(t), "STOA_DATABASE=" + address}
		code, out := run(t, env, "serve")
		oneLine(t, code, out, stoa.ExitAway, want)
		ill(t, env, stoa.ExitAway, "database, data folder and master key: ")
	}
}

func TestTrouble_addressInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	for _, command := range []string{"serve", "demo"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			code, out := run(t, settings{"STOA_DATA=" + data, "STOA_LISTEN=" + ln.Addr().String()}, command)
			oneLine(t, code, out, stoa.ExitAddress, ln.Addr().String()+" is in use by another program, perhaps another stoa; stop it or listen on another address (STOA_LISTEN)")
			if _, err := os.Stat(filepath.Join(data, "stoa.db")); err == nil {
				t.Error("a database was made all the same")
			}
		})
	}
	ill(t, settings{"STOA_DATA=" + t.TempDir(), "STOA_LISTEN=" + ln.Addr().String()}, stoa.ExitAddress, "address "+ln.Addr().String()+": "+ln.Addr().String()+" is in use by another program")
}

// asNobody runs a program without the privilege that passes over permissions.
func asNobody(p *program) *program {
	if os.Getuid() == 0 {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		p.cmd.Dir = os.TempDir()
	}
	return p
}

func TestTrouble_folderNotWritable(t *testing.T) {
	locked := t.TempDir()
	for dir := locked; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ data, want string }{
		"a folder of somebody else":        {locked, "the data folder " + locked + " is not writable"},
		"a new one in it":                  {filepath.Join(locked, "shop"), "cannot make the data folder " + filepath.Join(locked, "shop") + ": permission denied"},
		"a file":                           {file, "cannot make the data folder " + file},
		"a place where nobody may make it": {"/proc/shop", "cannot make the data folder /proc/shop"},
	} {
		for _, command := range []string{"serve", "demo", "migrate", "setup"} {
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Parallel()
				p := asNobody(start(t, settings{"STOA_DATA=" + tt.data, "STOA_LISTEN=" + port(t)}, command)).begin()
				want := tt.want
				code := p.code()
				if name == "a file" && os.Getuid() == 0 {
					want = "file" // nobody may not even look at it
				}
				oneLine(t, code, p.out.String(), stoa.ExitNotWritable, want)
			})
		}
		t.Run(name+"/doctor", func(t *testing.T) {
			t.Parallel()
			illness(t, asNobody(start(t, settings{"STOA_DATA=" + tt.data, "STOA_LISTEN=" + port(t)}, "doctor")).begin(), stoa.ExitNotWritable, "data folder "+tt.data)
		})
	}
}

func TestTrouble_newerDatabase(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		if code, out := run(t, env, "migrate"); code != 0 || out != "The database is up to date.\n" {
			t.Fatalf("exit code %d, it wrote\n%s", code, out)
		}
		address := strings.TrimPrefix(env[2], "STOA_DATABASE=")
		d, err := db.Open(t.Context(), db.Options{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		dbtest.Env{DB: d}.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		has, err := d.Version(t.Context(), migrations.Files())
		if err != nil || has != 9999 {
			t.Fatalf("version %d, %v", has, err)
		}
		for _, command := range []string{"serve", "demo", "migrate", "setup"} {
			code, out := run(t, env, command)
			oneLine(t, code, out, stoa.ExitNewer, "the database is newer (version 9999) than this program")
		}
		ill(t, env, stoa.ExitNewer, "master key: the database is newer (version 9999) than this program")
	})
}

func TestTrouble_damagedDatabase(t *testing.T) {
	whole := fresh(t, db.SQLite)
	file := strings.TrimPrefix(whole[2], "STOA_DATABASE=sqlite:")
	if code, out := run(t, whole, "migrate"); code != 0 {
		t.Fatal(out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte(nil), raw...)
	for i := 4096; i < len(torn); i++ { // every page but the first
		torn[i] = byte(i)
	}
	for name, content := range map[string][]byte{"words": []byte(strings.Repeat("not a database ", 500)), "torn": torn, "cut short": raw[:8192]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			if err := os.WriteFile(filepath.Join(data, "stoa.db"), content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"serve", "migrate"} {
				code, out := run(t, settings{"STOA_DATA=" + data, "STOA_LISTEN=" + port(t)}, command)
				oneLine(t, code, out, stoa.ExitDamaged, filepath.Join(data, "stoa.db")+" is damaged or not a database; restore it from a backup")
			}
			ill(t, settings{"STOA_DATA=" + data, "STOA_LISTEN=" + port(t)}, stoa.ExitDamaged, "master key: the database "+filepath.Join(data, "stoa.db")+" is damaged")
			if now, err := os.ReadFile(filepath.Join(data, "stoa.db")); err != nil || string(now) != string(content) {
				t.Error("the damaged file was changed")
			}
		})
	}
	t.Run("master key", func(t *testing.T) {
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, "master.key"), []byte("short\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out := run(t, settings{"STOA_DATA=" + data, "STOA_LISTEN=" + port(t)}, "serve")
		oneLine(t, code, out, stoa.ExitDamaged, "master.key is damaged: it should hold 32 bytes in base64; restore it from a backup")
	})
}

func TestTrouble_folderInUse(t *testing.T) {
	env := fresh(t, db.SQLite)
	first := start(t, env, "serve").begin().serving()
	other := append(settings{env[0], env[2]}, "STOA_LISTEN="+port(t))

	for _, command := range [][]string{{"serve"}, {"demo"}, {"demo", "--fresh"}} {
		code, out := run(t, other, command...)
		oneLine(t, code, out, stoa.ExitInUse, "another stoa serves "+strings.TrimPrefix(env[2], "STOA_DATABASE=sqlite:")+" already; stop it, or set STOA_DATA to another folder")
	}

	// What only looks or writes a little may come beside it.
	if code, out := run(t, other, "setup"); code != 0 || !strings.Contains(out, "/admin/setup/") {
		t.Errorf("setup: exit code %d, it wrote\n%s", code, out)
	}
	if status, _ := first.get("/healthz/ready"); status != 200 {
		t.Errorf("the first shop says %d", status)
	}
	if code := first.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	second := start(t, other, "serve").begin().serving()
	if code := second.terminate(); code != 0 {
		t.Errorf("after the first has left: exit code %d", code)
	}
}

func TestTrouble_postgresAway(t *testing.T) {
	address := dbtest.Empty(t, db.Postgres)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, u.Host)
	u.Host = w.at
	u.User = url.UserPassword(u.User.Username(), "secret-word")
	env := settings{"STOA_DATA=" + t.TempDir(), "STOA_LISTEN=" + port(t), "STOA_DATABASE=" + u.String()}
	p := start(t, env, "serve").begin().serving()
	if status, _ := p.get("/healthz/ready"); status != 200 {
		t.Fatalf("ready says %d", status)
	}
	started, _ := p.get("/")

	w.cut()
	until(t, "not ready", func() bool { status, _ := p.get("/healthz/ready"); return status == 503 })
	if status, body := p.get("/healthz/live"); status != 200 {
		t.Errorf("alive says %d %s", status, body)
	}
	for _, path := range []string{"/orders/none", "/search?q=none", "/api/v1/products/none", "/api/v1/orders/none"} {
		var body string
		until(t, path+" says that it is unavailable", func() bool { // a connection cut in mid-request may fail otherwise, once
			var status int
			status, body = p.get(path)
			return status == 503 || status == 404
		})
		for _, trace := range []string{"goroutine", "dial tcp", "secret-word", w.at} {
			if strings.Contains(body, trace) {
				t.Errorf("%s tells %q", path, trace)
			}
		}
	}
	code, out := run(t, append(settings{"STOA_LISTEN=" + port(t)}, env[0], env[2]), "serve")
	oneLine(t, code, out, stoa.ExitAway, "cannot reach PostgreSQL at "+strings.ReplaceAll(u.String(), "secret-word", "xxxxx")+": ")
	if strings.Count(out, w.at) != 1 || strings.Contains(out, "dial") {
		t.Errorf("not one clear line: %s", out)
	}
	if strings.Contains(out, "secret-word") {
		t.Error("the password is told")
	}

	w.mend()
	until(t, "ready again", func() bool { status, _ := p.get("/healthz/ready"); return status == 200 })
	if status, _ := p.get("/"); status != started {
		t.Errorf("the home page says %d, was %d", status, started)
	}
	if code := p.terminate(); code != 0 {
		t.Errorf("exit code %d; it wrote\n%s", code, p.out.String())
	}
	if strings.Contains(p.out.String(), "secret-word") {
		t.Error("the log tells the password")
	}
}

func TestTrouble_wrongMasterKey(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		if code, out := run(t, env, "migrate"); code != 0 {
			t.Fatal(out)
		}
		code, out := run(t, append(env, "STOA_MASTER_KEY=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), "serve")
		oneLine(t, code, out, stoa.ExitDamaged, "the master key does not open this shop's personal data")
	})
}

// A key made in the place of a lost one opens nothing, and the next backup
// would put it over the right one.
func TestTrouble_missingMasterKey(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		if code, out := run(t, env, "migrate"); code != 0 {
			t.Fatal(out)
		}
		folder := env.data()
		if err := os.Remove(filepath.Join(folder, "master.key")); err != nil {
			t.Fatal(err)
		}

		code, out := run(t, env, "serve")

		oneLine(t, code, out, stoa.ExitDamaged, "master.key is missing from "+folder+": restore it from your backup")
		ill(t, env, stoa.ExitDamaged, "master key: master.key is missing from "+folder)
		if _, err := os.Stat(filepath.Join(folder, "master.key")); err == nil {
			t.Error("another key was made")
		}
	})
}

// A shop whose keys are gone is refused and gets no new ones, which would open
// nothing of it, whether the master key is gone with them or not. One in which
// nothing is sealed yet loses nothing.
func TestTrouble_lostKeys(t *testing.T) {
	each(t, func(t *testing.T, env settings) {
		address, folder := env.database(), env.data()
		master, store := filepath.Join(folder, "master.key"), "the schema stoa_keys of the database"
		file, isFile := strings.CutPrefix(privacy.KeysURL(address), "sqlite:")
		if isFile {
			store = file
		}
		lose := func() {
			t.Helper()
			if isFile {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				return
			}
			d, err := db.Open(t.Context(), db.Options{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			dbtest.Env{DB: d}.Exec(t, `DROP SCHEMA stoa_keys CASCADE`)
		}
		gone := func(name string) {
			t.Helper()
			if _, err := os.Stat(name); err == nil {
				t.Errorf("another %s was made", name)
			}
		}
		for range 2 { // what is empty is furnished anew
			if code, out := run(t, env, "migrate"); code != 0 {
				t.Fatal(out)
			}
			lose()
			if err := os.Remove(master); err != nil {
				t.Fatal(err)
			}
		}
		hire(t, env)
		lose()

		code, out := run(t, env, "serve")
		oneLine(t, code, out, stoa.ExitDamaged, "the keys that open this shop's personal data are gone: restore "+store+" from your backup")
		if err := os.Remove(master); err != nil {
			t.Fatal(err)
		}
		code, out = run(t, env, "serve")
		oneLine(t, code, out, stoa.ExitDamaged, "are gone: restore "+store+" and "+master+" from your backup")
		ill(t, env, stoa.ExitDamaged, "are gone: restore "+store+" and "+master)

		gone(master)
		if isFile {
			gone(file)
		}
	})
}

// hire makes the shop's owner.
func hire(t *testing.T, env settings) {
	t.Helper()
	shop := whole(t, env)
	defer shop.Close()
	link, err := shop.Staff.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Staff.SetUp(t.Context(), link, staff.Newcomer{Name: "Mira", Email: "mira@example.com", Password: "correct horse battery", Locale: "en"}); err != nil {
		t.Fatal(err)
	}
}

func TestTrouble_noKeyBeforeTheDatabaseAnswers(t *testing.T) {
	folder := t.TempDir()
	env := settings{"STOA_DATA=" + folder, "STOA_LISTEN=" + port(t), "STOA_DATABASE=postgres://shop:word@" + port(t) + "/shop"}

	code, out := run(t, env, "migrate")

	if code != stoa.ExitAway {
		t.Errorf("code %d, want %d:\n%s", code, stoa.ExitAway, out)
	}
	if _, err := os.Stat(filepath.Join(folder, "master.key")); err == nil {
		t.Error("a key was made all the same")
	}
}

// What the command line names is looked for before the shop is, and said in
// words.
func TestTrouble_importNamesWhatIsMissing(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "goods.csv")
	if err := os.WriteFile(file, []byte("slug,sku,name,price\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(folder, "gone")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no such file":         {[]string{gone}, "there is no file " + gone},
		"a folder":             {[]string{folder}, folder + " is a folder, not a file"},
		"under a file":         {[]string{file + "/x"}, file + "/x is no file"},
		"no such pictures":     {[]string{file, "--images", gone}, "there is no folder " + gone},
		"pictures in a file":   {[]string{file, "--images", file}, file + " is no folder"},
		"no such translations": {[]string{file, "--translations", gone}, "there is no file " + gone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := run(t, settings{"STOA_DATA=" + gone}, append([]string{"import", "spree"}, tt.args...)...)
			oneLine(t, code, out, stoa.ExitUsage, "stoa: "+tt.want)
		})
	}
	if _, err := os.Stat(gone); err == nil {
		t.Error("a data folder was made all the same")
	}
}
