package stoa

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/platform/db"
)

// Settings are what whoever runs the server decides. What the merchant decides
// is in the database and changed in the back office.
type Settings struct {
	Listen        string // address to serve on
	Base          string // address at which people reach the shop; "" is made from Listen
	Hosts         []string
	Data          string // folder for the database, keys and pictures
	Database      string // "sqlite:FILE" or "postgres://…"; "" is stoa.db in Data
	MasterKey     string // 32 bytes in base64; "" is the file master.key in Data
	MetricsListen string // "" serves no metrics
	Proxies       []netip.Prefix
	Insecure      bool // serve plain http beyond loopback
	LogFormat     string
	Theme         string // folder laid over the built-in theme; "" for none

	SMTP     string // "smtp://user:password@host:587", "smtps://…"; "" keeps mails readable in the back office
	MailFrom string // sender; "" is the shop's own address

	SandboxURL     string // address of the sandbox bank; "" offers no sandbox payment
	SandboxKey     string
	SandboxWebhook string

	TestMode bool // the clock may be set over HTTP; refused beside real money
}

// Setting describes one setting for people.
type Setting struct {
	Name    string // as in the environment and in stoa.conf
	Default string
	Secret  bool // also read from the file that NAME_FILE names, and never printed
	Help    string
}

// AllSettings lists every setting in the order of the documentation.
func AllSettings() []Setting {
	return []Setting{
		{"STOA_LISTEN", "localhost:8080", false, "address and port to serve on"},
		{"STOA_BASE_URL", "", false, "address at which people reach the shop, such as https://shop.example; made from STOA_LISTEN when empty"},
		{"STOA_HOSTS", "", false, "further host names that are answered, separated by commas"},
		{"STOA_DATA", "stoa-data", false, "folder for the database, the keys and the pictures"},
		{"STOA_DATABASE", "", true, "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME; stoa.db in the data folder when empty"},
		{"STOA_MASTER_KEY", "", true, "32 bytes in base64 that open personal data; kept as master.key in the data folder when empty"},
		{"STOA_METRICS_LISTEN", "", false, "address and port of the Prometheus metrics, such as localhost:9090; none when empty"},
		{"STOA_TRUSTED_PROXIES", "", false, "networks whose X-Forwarded-For is believed, separated by commas, such as 10.0.0.0/8"},
		{"STOA_INSECURE", "", false, "1 serves plain http to other machines; never for a real shop"},
		{"STOA_LOG_FORMAT", "text", false, "text or json"},
		{"STOA_THEME", "", false, "folder whose templates and assets are laid over the built-in theme"},
		{"STOA_SMTP_URL", "", true, "smtp://USER:PASSWORD@HOST:587 or smtps://…:465; without it mails are kept readable in the back office"},
		{"STOA_MAIL_FROM", "", false, "sender of mails; the shop's own address when empty"},
		{"STOA_SANDBOX_URL", "", false, "address of a sandbox bank, for trying payments out; stoa demo starts one"},
		{"STOA_SANDBOX_KEY", "", true, "the shop's key at the sandbox bank"},
		{"STOA_SANDBOX_WEBHOOK_SECRET", "", true, "the secret that signs the sandbox bank's messages"},
		{"STOA_TEST_MODE", "", false, "1 lets tests set the shop's clock over HTTP; refused beside real money"},
	}
}

// ReadSettings reads the settings: defaults, then the file (stoa.conf in the
// working folder when file is ""; it may be missing then), then the
// environment. Every problem is named in one *SettingsError, a line each; to
// set one name twice in one place is one.
func ReadSettings(environ []string, file string) (Settings, error) {
	values, problem := gather(environ, file)
	s, err := settingsOf(values)
	return s, wrongSettings(errors.Join(problem, err))
}

// value is what a setting is set to, and where.
type value struct{ text, from string }

// gather collects the values of all settings by name.
func gather(environ []string, file string) (map[string]value, error) {
	values := make(map[string]value)
	known := make(map[string]Setting)
	for _, s := range AllSettings() {
		known[s.Name] = s
		values[s.Name] = value{s.Default, "default"}
	}
	var problems []error
	here := make(map[string]string) // the name that set each setting in the place being read
	take := func(from, name, text string) {
		base, isFile := strings.CutSuffix(name, "_FILE")
		s, ok := known[name]
		isFile = isFile && !ok && known[base].Secret
		if !isFile {
			base = name
		}
		if before := here[base]; before != "" && before != name {
			problems = append(problems, fmt.Errorf("%s: %s and %s_FILE are both set; keep one of the two", from, base, base))
			return
		}
		here[base] = name
		if isFile {
			raw, err := os.ReadFile(text)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %s names %s, which cannot be read", from, name, text))
				return
			}
			values[base] = value{strings.TrimSpace(string(raw)), from + ", from the file " + text}
			return
		}
		if !ok {
			problems = append(problems, fmt.Errorf("%s: unknown setting %s%s", from, name, nearest(name, known)))
			return
		}
		values[s.Name] = value{text, from}
	}
	if err := readConf(file, take); err != nil {
		problems = append(problems, err)
	}
	clear(here) // the environment is stronger than the file
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "STOA_") && !strings.HasPrefix(name, "STOA_TEST_POSTGRES") {
			take("environment", name, text)
		}
	}
	return values, errors.Join(problems...)
}

func readConf(file string, take func(from, name, value string)) error {
	asked := file != ""
	if !asked {
		file = "stoa.conf"
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the settings file %s cannot be read", file)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	var problems []error
	seen := make(map[string]int) // the line of each name
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // some editors begin a file with a mark
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			problems = append(problems, fmt.Errorf("%s:%d: expected NAME = value", file, n))
			continue
		}
		name = strings.TrimSpace(name)
		if before := seen[name]; before > 0 {
			problems = append(problems, fmt.Errorf("%s:%d: %s is set in line %d already; keep one of the two", file, n, name, before))
			continue
		}
		seen[name] = n
		take(fmt.Sprintf("%s:%d", file, n), name, strings.Trim(strings.TrimSpace(value), `"`))
	}
	return errors.Join(append(problems, lines.Err())...)
}

// nearest suggests the known name that shares most of its beginning.
func nearest(name string, known map[string]Setting) string {
	best, length := "", len("STOA_")
	for k := range known {
		n := 0
		for n < len(k) && n < len(name) && k[n] == name[n] {
			n++
		}
		if n > length {
			best, length = k, n
		}
	}
	if best == "" {
		return "; see: stoa config print"
	}
	return "; did you mean " + best + "?"
}

func settingsOf(values map[string]value) (Settings, error) {
	v := make(map[string]string, len(values))
	for name, set := range values {
		v[name] = set.text
	}
	s := Settings{
		Listen: v["STOA_LISTEN"], Base: v["STOA_BASE_URL"], Data: v["STOA_DATA"], Database: v["STOA_DATABASE"], MasterKey: v["STOA_MASTER_KEY"],
		MetricsListen: v["STOA_METRICS_LISTEN"], LogFormat: v["STOA_LOG_FORMAT"], Theme: v["STOA_THEME"],
		SMTP: v["STOA_SMTP_URL"], MailFrom: v["STOA_MAIL_FROM"],
		SandboxURL: v["STOA_SANDBOX_URL"], SandboxKey: v["STOA_SANDBOX_KEY"], SandboxWebhook: v["STOA_SANDBOX_WEBHOOK_SECRET"],
	}
	var problems []error
	wrong := func(name, what string) { problems = append(problems, fmt.Errorf("%s %s", name, what)) }
	truth := func(name string) bool {
		switch v[name] {
		case "", "0", "false":
			return false
		case "1", "true":
			return true
		}
		wrong(name, "must be 1 or 0")
		return false
	}
	s.Insecure, s.TestMode = truth("STOA_INSECURE"), truth("STOA_TEST_MODE")
	if !listenable(s.Listen) {
		wrong("STOA_LISTEN", `must be an address and port such as "localhost:8080" or ":8080"`)
	}
	if s.Data == "" {
		wrong("STOA_DATA", "must name a folder")
	}
	if s.Base == "" { // STOA_LISTEN is told of above
		s.Base = baseOf(s.Listen)
	} else if u, err := url.Parse(s.Base); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
		wrong("STOA_BASE_URL", `must be an address without a path, such as "https://shop.example"`)
	}
	s.Base = strings.TrimSuffix(s.Base, "/")
	for _, h := range strings.Split(v["STOA_HOSTS"], ",") {
		if h = strings.TrimSpace(h); h != "" {
			s.Hosts = append(s.Hosts, h)
		}
	}
	for _, p := range strings.Split(v["STOA_TRUSTED_PROXIES"], ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(p)
		if addr, aerr := netip.ParseAddr(p); aerr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			wrong("STOA_TRUSTED_PROXIES", fmt.Sprintf("has %q, which is no network such as 10.0.0.0/8", p))
		}
		s.Proxies = append(s.Proxies, prefix)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		wrong("STOA_LOG_FORMAT", "must be text or json")
	}
	if s.Database == "" {
		s.Database = "sqlite:" + filepath.Join(s.Data, "stoa.db")
	}
	if !slices.ContainsFunc([]string{"sqlite:", "postgres://", "postgresql://"}, func(scheme string) bool { return strings.HasPrefix(s.Database, scheme) }) {
		wrong("STOA_DATABASE", "must be sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME")
	}
	if s.MetricsListen != "" && !listenable(s.MetricsListen) {
		wrong("STOA_METRICS_LISTEN", `must be an address and port such as "localhost:9090"`)
	}
	if s.MasterKey != "" {
		if raw, err := base64.StdEncoding.DecodeString(s.MasterKey); err != nil || len(raw) != privacy.MasterKeySize {
			wrong("STOA_MASTER_KEY", "must be 32 bytes in base64 (openssl rand -base64 32)")
		}
	}
	if s.TestMode && s.SandboxURL != "" && !loopback(s.SandboxURL) {
		wrong("STOA_TEST_MODE", "is refused: the payment address "+s.SandboxURL+" is not on this machine")
	}
	return s, errors.Join(problems...)
}

// listenable reports whether address is a host, perhaps empty, and a port that
// there is.
func listenable(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}

func baseOf(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://localhost:8080"
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || (err == nil && ip.IsLoopback())
}

// masterKey returns the master key: the setting's, else the file's in the data
// folder, which is made when the shop is fresh: holds no key yet that another
// master key sealed.
func (s Settings) masterKey(fresh bool) ([]byte, error) {
	if s.MasterKey != "" {
		return base64.StdEncoding.DecodeString(s.MasterKey)
	}
	name := filepath.Join(s.Data, "master.key")
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !fresh {
		return nil, &db.Trouble{Problem: db.Damaged, Line: "master.key is missing from " + s.Data + ": restore it from your backup"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, privacy.MasterKeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		// Exclusive: of two processes that start at once, one makes the key
		// and the other reads it.
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return s.masterKey(fresh)
		}
		if err != nil {
			return nil, &db.Trouble{Problem: db.NotWritable, Line: "cannot write " + name + "; give this user write access or set STOA_DATA to another folder", Cause: err}
		}
		_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
		return key, errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return nil, &db.Trouble{Problem: db.NotWritable, Line: "cannot read " + name + "; give this user access or set STOA_DATA to another folder", Cause: err}
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != privacy.MasterKeySize {
		return nil, &db.Trouble{Problem: db.Damaged, Line: name + " is damaged: it should hold 32 bytes in base64; restore it from a backup"}
	}
	return key, nil
}

// keysLost says that the key store is empty though the shop's database holds
// what its keys sealed, and names what to restore.
func (s Settings) keysLost() error {
	what := "the schema stoa_keys of the database"
	if file, ok := strings.CutPrefix(privacy.KeysURL(s.Database), "sqlite:"); ok {
		what = file
	}
	master := filepath.Join(s.Data, "master.key")
	if _, err := os.Stat(master); s.MasterKey == "" && errors.Is(err, fs.ErrNotExist) {
		what += " and " + master
	}
	return &db.Trouble{Problem: db.Damaged, Line: "the keys that open this shop's personal data are gone: restore " + what + " from your backup"}
}

// PrintSettings lists the settings in force as lines of stoa.conf, each with
// what it means and where it was set. Secrets are not shown.
func PrintSettings(environ []string, file string) []string {
	values, _ := gather(environ, file) // ReadSettings tells the problems
	s, _ := settingsOf(values)
	made := map[string]string{"STOA_BASE_URL": s.Base, "STOA_DATABASE": s.Database}
	var lines []string
	for _, d := range AllSettings() {
		v := values[d.Name]
		text, from := shown(d, v.text), "from: "+v.from
		switch {
		case v.text == "" && made[d.Name] != "":
			from = "not set, which makes it " + made[d.Name]
		case v.text == "":
			from = "not set"
		}
		lines = append(lines, "# "+d.Help, "# "+from, strings.TrimSpace(d.Name+" = "+text), "")
	}
	return slices.Clip(lines)
}

// shown is what is printed of a setting's value. An address without a password
// in it is no secret.
func shown(d Setting, text string) string {
	if d.Secret && text != "" && !strings.HasPrefix(text, "sqlite:") {
		return "(set, not shown)"
	}
	return db.Redacted(text)
}
