package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// binary is the program under test, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "stoa-program-")
	if err != nil {
		return "", err
	}
	// Others may run it, so that a test that is root can have it run as nobody.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, "stoa")
	out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if name, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// program is one run of the program.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	ended  chan struct{}
	out    output
	listen string
}

// output is what a program wrote so far, on both streams.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// settings are environment variables of a run, NAME=value.
type settings []string

// start runs the program in an empty folder with only these settings.
func start(t *testing.T, env settings, args ...string) *program {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, ended: make(chan struct{}), out: output{more: make(chan struct{}, 1)}}
	p.cmd = exec.Command(name, args...)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.cmd.Dir}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	for _, e := range env {
		if at, ok := strings.CutPrefix(e, "STOA_LISTEN="); ok {
			p.listen = at
		}
	}
	return p
}

func (p *program) begin() *program {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // ProcessState tells
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // most have ended by now
		<-p.ended
	})
	return p
}

// code waits for the end.
func (p *program) code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		p.t.Fatalf("the program does not end; it wrote\n%s", p.out.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// wrote waits until the output matches and returns the match.
func (p *program) wrote(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(2 * time.Minute)
	for {
		if m := re.FindStringSubmatch(p.out.String()); m != nil {
			return m
		}
		select {
		case <-p.out.more:
		case <-p.ended:
			if m := re.FindStringSubmatch(p.out.String()); m != nil {
				return m
			}
			p.t.Fatalf("ended without writing %s; it wrote\n%s", pattern, p.out.String())
		case <-late:
			p.t.Fatalf("does not write %s; it wrote\n%s", pattern, p.out.String())
		}
	}
}

// serving waits until the shop answers.
func (p *program) serving() *program {
	p.t.Helper()
	p.wrote(`(?m)^  Back office  http`)
	return p
}

// get returns the status and the body of a page.
func (p *program) get(path string) (int, string) {
	p.t.Helper()
	return get(p.t, "http://"+p.listen+path)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: 30 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

// terminate asks the program to leave and waits until it has.
func (p *program) terminate() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.code()
}

// run runs a command to its end.
func run(t *testing.T, env settings, args ...string) (code int, out string) {
	t.Helper()
	p := start(t, env, args...).begin()
	code = p.code()
	return code, p.out.String()
}

var ports atomic.Int64

// port is an address on this machine that is free and stays so until the
// program listens on it: it lies below those that the system gives to whoever
// asks for any, and no two tests get the same.
func port(t *testing.T) string {
	t.Helper()
	for range 1000 {
		at := fmt.Sprintf("127.0.0.1:%d", 20_000+(int64(os.Getpid())*37+ports.Add(1))%12_000)
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			return at
		}
	}
	t.Fatal("no address is free")
	return ""
}

// fresh are the settings of a shop that is not there yet.
func fresh(t *testing.T, engine db.Engine) settings {
	t.Helper()
	return settings{"STOA_DATA=" + t.TempDir(), "STOA_LISTEN=" + port(t), "STOA_DATABASE=" + dbtest.Empty(t, engine)}
}

// each runs a test on both engines.
func each(t *testing.T, fn func(t *testing.T, env settings)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { fn(t, fresh(t, engine)) })
	}
}

// refused fails unless a run ended with a code and one plain line.
func refused(t *testing.T, code int, out string, wantCode int, wantLine string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code %d, want %d; it wrote\n%s", code, wantCode, out)
	}
	if !strings.Contains(out, wantLine) {
		t.Errorf("it wrote\n%s\nwant %q", out, wantLine)
	}
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasPrefix(l, "stoa: ") {
			t.Errorf("the line %q is none for a person", l)
		}
	}
	for _, trace := range []string{"goroutine ", "panic", ".go:"} {
		if strings.Contains(out, trace) {
			t.Errorf("a trace: %s", out)
		}
	}
}

// oneLine is refused for a single line.
func oneLine(t *testing.T, code int, out string, wantCode int, wantLine string) {
	t.Helper()
	refused(t, code, out, wantCode, wantLine)
	if strings.Count(strings.TrimSpace(out), "\n") != 0 {
		t.Errorf("more than one line:\n%s", out)
	}
}

// ill fails unless doctor ended with a code and says why beside what is not
// well, and nothing else but that not everything is.
func ill(t *testing.T, env settings, wantCode int, wantLine string) {
	t.Helper()
	illness(t, start(t, env, "doctor").begin(), wantCode, wantLine)
}

func illness(t *testing.T, p *program, wantCode int, wantLine string) {
	t.Helper()
	code := p.code()
	found := ""
	for _, l := range strings.Split(strings.TrimRight(p.out.String(), "\n"), "\n") {
		bad, isBad := strings.CutPrefix(l, "  not well   ")
		switch {
		case isBad:
			found += bad + "\n"
		case strings.HasPrefix(l, "  well       "), strings.HasPrefix(l, "  to do      "), l == "stoa: not everything is well; the lines above say what to do":
		default:
			t.Errorf("doctor: the line %q is none for a person", l)
		}
	}
	if code != wantCode || !strings.Contains(found, wantLine) || strings.Count(found, "\n") != 1 {
		t.Errorf("doctor: exit code %d, want %d; it is told\n%s\nwant %q", code, wantCode, found, wantLine)
	}
}

// wire stands between a shop and its PostgreSQL and can be cut.
type wire struct {
	t    *testing.T
	to   string
	at   string
	mu   sync.Mutex
	ln   net.Listener
	open map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	w := &wire{t: t, to: to, at: port(t)}
	w.mend()
	t.Cleanup(w.cut)
	return w
}

// mend lets connections through.
func (w *wire) mend() {
	w.t.Helper()
	ln, err := net.Listen("tcp", w.at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at, w.ln, w.open = ln.Addr().String(), ln, make(map[net.Conn]bool)
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", w.to)
			if err != nil || !w.keep(ln, near, far) {
				near.Close()
				continue
			}
			go pass(near, far)
			go pass(far, near)
		}
	}()
}

func (w *wire) keep(ln net.Listener, conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		if w.ln != ln {
			c.Close()
			continue
		}
		w.open[c] = true
	}
	return w.ln == ln
}

func pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut breaks every connection and lets none through.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ln == nil {
		return
	}
	w.ln.Close()
	w.ln = nil
	for c := range w.open {
		c.Close()
	}
}

// until asks again and again, for half a minute at most.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Fatalf("never %s", what)
			}
			return
		}
	}
}
