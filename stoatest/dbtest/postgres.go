package dbtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoashop/stoa/migrations"
	"github.com/stoashop/stoa/platform/db"
)

// cluster is a running PostgreSQL in which tests make databases.
type cluster struct {
	url      string  // of the maintenance database
	server   *Server // nil when STOA_TEST_POSTGRES names it
	template func() (string, error)
	made     atomic.Int64
}

// shared is this process's cluster: the one STOA_TEST_POSTGRES names, else a
// throw-away one from Debian's binaries that ends with the process.
var shared = sync.OnceValues(func() (*cluster, error) {
	c := &cluster{url: os.Getenv("STOA_TEST_POSTGRES")}
	if c.url == "" {
		var err error
		if c.server, err = Start(false); err != nil {
			return nil, err
		}
		c.url = c.server.URL
	}
	c.template = sync.OnceValues(c.makeTemplate)
	return c, nil
})

// Server is a throw-away PostgreSQL. Whoever starts one keeps hold of it: it
// stops when its value is dropped.
type Server struct {
	URL   string
	leash io.WriteCloser // the server stops when this is closed
}

// Stop stops the server and deletes its data. A second call does nothing.
func (s *Server) Stop() { s.leash.Close() }

// Start starts a throw-away cluster on a free port of the loopback address. It
// is stopped and deleted by Stop or when this process ends. As root it runs
// under the user "postgres". durable says whether it syncs to disk.
func Start(durable bool) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stoa-test-postgres-")
	if err != nil {
		return nil, err
	}
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, errors.New(`PostgreSQL does not run as root and there is no user "postgres"; install the package postgresql`)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "stoa", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	sync := "off"
	if durable {
		sync = "on"
	}
	// The shell outlives nothing: its standard input closes when this process
	// ends, however it ends, and then it stops the server and cleans up.
	script := `"$1/postgres" -D "$2/data" -k "$2" -h 127.0.0.1 -p "$3" -c max_connections=400 -c shared_buffers=64MB -c "fsync=$4" -c "full_page_writes=$4" -c "synchronous_commit=$4" >"$2/log" 2>&1 & pid=$!
read -r _ || true
kill -INT $pid; wait $pid; rm -rf "$2"`
	server := exec.Command("/bin/sh", "-c", script, "sh", bin, dir, strconv.Itoa(port), sync)
	server.SysProcAttr, server.Dir = as, dir
	if server.SysProcAttr == nil {
		server.SysProcAttr = &syscall.SysProcAttr{}
	}
	server.SysProcAttr.Setpgid = true // a Ctrl-C for the tests is not one for the clean-up
	leash, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("postgres://stoa@127.0.0.1:%d/postgres?sslmode=disable", port)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			conn.Close(ctx)
			return &Server{address, leash}, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return nil, fmt.Errorf("PostgreSQL did not start: %w: %s", err, log)
		}
	}
}

// binaries finds the newest PostgreSQL server of Debian's layout, else the one
// on the PATH.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.SortFunc(found, func(a, b string) int { return major(a) - major(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", errors.New(`no PostgreSQL server found; run: sudo apt-get install -y postgresql`)
}

func major(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func (c *cluster) makeTemplate() (string, error) {
	ctx := context.Background()
	name := "stoa_template_" + schemaHash()
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	// One process makes it, the others wait until its connection closes.
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(7018624)`); err != nil {
		return "", err
	}
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)`, name).Scan(&there); err != nil || there {
		return name, err
	}
	if _, err := conn.Exec(ctx, `DROP DATABASE IF EXISTS `+quote(name)); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+quote(name)+` TEMPLATE template0`); err != nil {
		return "", err
	}
	d, err := db.Open(ctx, db.Options{URL: withDatabase(c.url, name)})
	if err != nil {
		return "", err
	}
	_, err = d.Migrate(ctx, migrations.Files())
	d.Close()
	if err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, `ALTER DATABASE `+quote(name)+` IS_TEMPLATE true`)
	return name, err
}

func (c *cluster) create(ctx context.Context) (address string, drop func(), err error) {
	template, err := c.template()
	if err != nil {
		return "", nil, err
	}
	return c.createFrom(ctx, template)
}

func (c *cluster) createFrom(ctx context.Context, template string) (address string, drop func(), err error) {
	name := fmt.Sprintf("stoa_test_%d_%d", os.Getpid(), c.made.Add(1))
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return "", nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+quote(name)+` TEMPLATE `+quote(template)); err != nil {
		return "", nil, err
	}
	return withDatabase(c.url, name), func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if conn, err := pgx.Connect(ctx, c.url); err == nil {
			_, _ = conn.Exec(ctx, `DROP DATABASE IF EXISTS `+quote(name)+` WITH (FORCE)`)
			conn.Close(ctx)
		}
	}, nil
}
