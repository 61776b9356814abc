package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/platform/web"
)

func TestServe_drainsAndSaysWhatIsInTheWay(t *testing.T) {
	var log logbook
	broken := errors.New("disk full")
	var checkErr error
	health := web.NewHealth(log.logger(), web.Check{Name: "database", Run: func(context.Context) error { return checkErr }})
	entered, release := make(chan struct{}), make(chan struct{})
	door := newDoor(t, log.logger())
	live, ready := door.Mount(health.Live), door.Mount(health.Ready)
	h := web.Probed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz/live":
			live.ServeHTTP(w, r)
		case "/healthz/ready":
			ready.ServeHTTP(w, r)
		default:
			close(entered)
			<-release
			_, _ = w.Write([]byte("finished"))
		}
	}))
	probe := func(path string) string {
		w := ask(h, "GET", path, "Host", "10.0.0.1")
		return strings.TrimSpace(w.Body.String()) + " " + http.StatusText(w.Code)
	}
	if got := probe("/healthz/live") + "; " + probe("/healthz/ready"); got != "ok OK; ok OK" {
		t.Error(got)
	}
	checkErr = broken
	if got := probe("/healthz/live") + "; " + probe("/healthz/ready"); got != "ok OK; database is away Service Unavailable" {
		t.Error(got)
	}
	checkErr = nil

	ctx, stop := context.WithCancel(t.Context())
	addr := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	o := web.ServerOptions{
		Listen: "127.0.0.1:0", Handler: h, Log: log.logger(), Health: health,
		MetricsListen: "127.0.0.1:0", Metrics: web.NewMetrics().Handler(),
		Started: func(a net.Addr) { addr <- a },
	}
	go func() { ended <- web.Serve(ctx, o) }()
	at := (<-addr).String()

	second := o
	second.Listen = at
	if err := web.Serve(t.Context(), second); err == nil || !strings.HasPrefix(err.Error(), at+" is in use by another program") || !strings.HasSuffix(err.Error(), "(STOA_LISTEN)") {
		t.Errorf("port in use: %v", err)
	}
	second.Listen, second.MetricsListen = "127.0.0.1:0", at
	if err := web.Serve(t.Context(), second); err == nil || !strings.HasPrefix(err.Error(), at+" is in use by another program") || !strings.HasSuffix(err.Error(), "(STOA_METRICS_LISTEN)") {
		t.Errorf("port of the metrics in use: %v", err)
	}
	if err := web.Free(t.Context(), "127.0.0.1:0", at); err == nil || !errors.Is(err, web.ErrAddress) || !strings.HasSuffix(err.Error(), "(STOA_METRICS_LISTEN)") {
		t.Errorf("looked for beforehand: %v", err)
	}
	if err := web.Free(t.Context(), "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Errorf("free: %v", err)
	}

	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + at + "/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	stop()
	for probe("/healthz/ready") != "draining Service Unavailable" {
		select {
		case err := <-ended:
			t.Fatalf("ended with a request in flight: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if !cmp.Equal(probe("/healthz/live"), "ok OK") {
		t.Error("liveness must not turn while draining")
	}
}
