package egress_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/egress"
)

// world is the internet of a test. The name shop.example leads to a public
// address that site answers; every other connection is made for real, so a
// forgotten check would reach the canary on loopback.
type world struct {
	site   http.Handler
	names  map[string][]string
	hits   atomic.Int64 // on the canary
	canary *httptest.Server
	client *egress.Client

	mu    sync.Mutex
	asked []string // names looked up, in order
}

func newWorld(t *testing.T) *world {
	w := &world{names: map[string][]string{"shop.example": {"93.184.216.34"}}}
	w.canary = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { w.hits.Add(1) }))
	t.Cleanup(w.canary.Close)
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.site.ServeHTTP(rw, r) }))
	t.Cleanup(site.Close)
	w.client = egress.New(
		egress.WithResolver(func(_ context.Context, host string) ([]netip.Addr, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked = append(w.asked, host)
			var addrs []netip.Addr
			for _, a := range w.names[host] {
				addrs = append(addrs, netip.MustParseAddr(a))
			}
			if addrs == nil {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return addrs, nil
		}),
		egress.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "93.184.216.34:") {
				address = site.Listener.Addr().String()
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}),
	)
	return w
}

func (w *world) port() string {
	_, port, _ := net.SplitHostPort(w.canary.Listener.Addr().String())
	return port
}

func get(c *http.Client, address string) (string, error) {
	res, err := c.Get(address)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestT83_loopbackIsNeverReachedWhateverItIsCalled(t *testing.T) {
	w := newWorld(t)
	w.names["localhost"] = []string{"127.0.0.1"}
	w.names["rebind.example"] = []string{"93.184.216.34", "127.0.0.1"}
	w.names["mapped.example"] = []string{"::ffff:127.0.0.1"}
	w.names["v6.example"] = []string{"::1"}
	w.names["2130706433"] = []string{"127.0.0.1"} // what a C library would make of it
	w.names["0177.0.0.1"] = []string{"127.0.0.1"}
	w.names["0x7f000001"] = []string{"127.0.0.1"}
	w.names["0x7f.0.0.1"] = []string{"127.0.0.1"}
	w.names["127.1"] = []string{"127.0.0.1"}
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, r.URL.Query().Get("to"), http.StatusFound)
	})

	hosts := []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]",
		"2130706433", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1", "127.1", "0.0.0.0", "127.255.255.254",
		"rebind.example", "mapped.example", "v6.example", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]",
		"user@127.0.0.1", "shop.example@127.0.0.1",
	}
	for _, host := range hosts {
		direct := "http://" + host + ":" + w.port() + "/"
		for name, address := range map[string]string{"direct": direct, "redirect": "http://shop.example/?to=" + direct} {
			t.Run(name+" "+host, func(t *testing.T) {
				_, err := get(w.client.Public(), address)
				if fault.Reason(err) != "egress.address_refused" {
					t.Errorf("get %s: error %v, want egress.address_refused", address, err)
				}
			})
		}
	}
	// Refused for their form alone, even where they would lead to a public host.
	w.names["2130706433"] = []string{"93.184.216.34"}
	for _, address := range []string{"http://2130706433/", "http://user@shop.example/"} {
		if _, err := get(w.client.Public(), address); fault.Reason(err) != "egress.address_refused" {
			t.Errorf("get %s: error %v, want egress.address_refused", address, err)
		}
	}
	for _, scheme := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://shop.example/"} {
		if _, err := get(w.client.Public(), scheme); err == nil {
			t.Errorf("get %s succeeded", scheme)
		}
	}
	if n := w.hits.Load(); n != 0 {
		t.Errorf("the canary was hit %d times", n)
	}
}

// The address that was checked is the address that is visited: the name is
// not looked up a second time.
func TestT45_aNameThatChangesItsMindGainsNothing(t *testing.T) {
	w := newWorld(t)
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "hello "+r.Host) })

	body, err := get(w.client.Public(), "http://shop.example/")

	if err != nil || body != "hello shop.example" {
		t.Fatalf("got %q, %v", body, err)
	}
	if len(w.asked) != 1 {
		t.Errorf("looked up %v, want one question", w.asked)
	}
	w.client.Public().CloseIdleConnections()
	w.names["shop.example"] = []string{"127.0.0.1"}
	if _, err := get(w.client.Public(), "http://shop.example:"+w.port()+"/"); fault.Reason(err) != "egress.address_refused" {
		t.Errorf("after rebinding: %v, want egress.address_refused", err)
	}
	if w.hits.Load() != 0 {
		t.Error("the canary was hit")
	}
}

// Without a dialer of the test's own the kernel's address is checked as well.
func TestPublic_systemDialerRefusesLoopback(t *testing.T) {
	w := newWorld(t)
	c := egress.New().Public()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		if _, err := get(c, "http://"+host+":"+w.port()+"/"); fault.Reason(err) != "egress.address_refused" {
			t.Errorf("%s: %v, want egress.address_refused", host, err)
		}
	}
	if w.hits.Load() != 0 {
		t.Error("the canary was hit")
	}
}

func TestPublic_redirects(t *testing.T) {
	w := newWorld(t)
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		if n == 0 {
			io.WriteString(rw, "arrived")
			return
		}
		http.Redirect(rw, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
	})
	if body, err := get(w.client.Public(), "http://shop.example/3"); err != nil || body != "arrived" {
		t.Errorf("three redirects: %q, %v", body, err)
	}
	if _, err := get(w.client.Public(), "http://shop.example/4"); fault.Reason(err) != "egress.too_many_redirects" {
		t.Errorf("four redirects: %v, want egress.too_many_redirects", err)
	}
	if _, err := get(w.client.Public(egress.Redirects(0)), "http://shop.example/1"); fault.Reason(err) != "egress.too_many_redirects" {
		t.Errorf("none allowed: %v, want egress.too_many_redirects", err)
	}
	if _, err := get(w.client.Public(egress.Redirects(99)), "http://shop.example/4"); fault.Reason(err) != "egress.too_many_redirects" {
		t.Errorf("99 asked for: %v, want egress.too_many_redirects", err)
	}
}

func TestPublic_bodyCap(t *testing.T) {
	w := newWorld(t)
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			io.WriteString(rw, strings.Repeat("x", 1000))
		case "/announced":
			rw.Header().Set("Content-Length", "1001")
			io.WriteString(rw, strings.Repeat("x", 1001))
		case "/chunked":
			for range 11 {
				io.WriteString(rw, strings.Repeat("x", 100))
				rw.(http.Flusher).Flush()
			}
		case "/bomb":
			rw.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(rw)
			io.WriteString(z, strings.Repeat("x", 1<<20))
			z.Close()
		}
	})
	c := w.client.Public(egress.MaxBody(1000))
	if body, err := get(c, "http://shop.example/exact"); err != nil || len(body) != 1000 {
		t.Errorf("a body of exactly the cap: %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/announced", "/chunked", "/bomb"} {
		body, err := get(c, "http://shop.example"+path)
		if fault.Reason(err) != "egress.too_large" || !fault.Is(err, fault.TooLarge) || len(body) > 1000 {
			t.Errorf("%s: %d bytes, %v, want egress.too_large", path, len(body), err)
		}
	}
}

func TestPublic_slowBodyIsCutOff(t *testing.T) {
	w := newWorld(t)
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "x")
		rw.(http.Flusher).Flush()
		<-r.Context().Done() // until the client gives up
	})

	body, err := get(w.client.Public(egress.Total(80*time.Millisecond)), "http://shop.example/")

	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %q, %v, want a timeout", body, err)
	}
}

// TestMain names a proxy for every test of this package (net/http reads the
// environment once in a process). Nothing listens there: whoever used it would
// fail.
func TestMain(m *testing.M) {
	os.Setenv("HTTP_PROXY", "http://93.184.216.34:1")
	os.Setenv("http_proxy", "http://93.184.216.34:1")
	os.Exit(m.Run())
}

func TestNew_ignoresProxiesOfTheEnvironment(t *testing.T) {
	w := newWorld(t)
	w.names["other.example"] = []string{"::ffff:93.184.216.34"} // a public answer, written as IPv6
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "for "+r.URL.String()) })

	body, err := get(w.client.Public(), "http://other.example/a")

	if err != nil || body != "for /a" { // a proxy is sent the whole address
		t.Errorf("got %q, %v", body, err)
	}
}

func TestPrivate_isPinnedToItsOrigin(t *testing.T) {
	w := newWorld(t)
	inside := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(rw, r, to, http.StatusFound)
			return
		}
		io.WriteString(rw, "inside "+r.URL.Path)
	}))
	t.Cleanup(inside.Close)
	c, err := w.client.Private(inside.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}

	if body, err := get(c, inside.URL+"/a"); err != nil || body != "inside /a" {
		t.Errorf("own origin: %q, %v", body, err)
	}
	if body, err := get(c, inside.URL+"/?to=/b"); err != nil || body != "inside /b" {
		t.Errorf("redirect at home: %q, %v", body, err)
	}
	for _, address := range []string{w.canary.URL, inside.URL + "/?to=" + w.canary.URL, "http://shop.example/", strings.Replace(inside.URL, "http:", "https:", 1)} {
		if _, err := get(c, address); fault.Reason(err) != "egress.address_refused" {
			t.Errorf("%s: %v, want egress.address_refused", address, err)
		}
	}
	if w.hits.Load() != 0 {
		t.Error("the canary was hit")
	}
	for _, base := range []string{"", "127.0.0.1:80", "ftp://a", "http://", "http://me:pw@a/", "/path"} {
		if _, err := w.client.Private(base); err == nil {
			t.Errorf("Private(%q) succeeded", base)
		}
	}
}

func TestClient_sameLimitsSameDoor(t *testing.T) {
	c := egress.New()
	if c.Public() != c.Public(egress.Total(15*time.Second)) {
		t.Error("equal limits gave two clients")
	}
	if c.Public() == c.Public(egress.Total(time.Second)) {
		t.Error("other limits gave the same client")
	}
}

func TestRoutable(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "93.184.216.34": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true, "100.128.0.1": true,
		"0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.1": false, "192.0.2.1": false,
		"192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"2606:4700::1111": true, "2a00:1450::1": true, "2001:4860:4860::8888": true,
		"::": false, "::1": false, "::ffff:8.8.8.8": false, "64:ff9b::808:808": false, "100::1": false, "fc00::1": false,
		"fd12::1": false, "fe80::1": false, "fe80::1%eth0": false, "2606:4700::1111%eth0": false, "ff02::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff:1::1": false, "::7f00:1": false,
	} {
		if got := egress.Routable(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Routable(%s) = %v, want %v", addr, got, want)
		}
	}
	if egress.Routable(netip.Addr{}) {
		t.Error("the zero address is routable")
	}
}

func TestCheck(t *testing.T) {
	for address, want := range map[string]bool{
		"https://shop.example/hook?a=1": true, "http://8.8.8.8:8080/": true, "https://bücher.example/": true,
		"": false, "shop.example": false, "/hook": false, "https://": false, "mailto:a@b.example": false,
		"ftp://shop.example/": false, "https://me@shop.example/": false, "https://localhost/": false,
		"https://a.localhost/": false, "https://printer.local/": false, "http://metadata.google.internal/": false,
		"http://LOCALHOST./": false, "http://127.0.0.1/": false, "http://[::1]/": false, "http://2130706433/": false,
		"http://0x7f.1/": false, "http://shop.example.0x1/": false, "https://" + strings.Repeat("a", 2000) + ".example/": false,
		"http://\xff.example/": false,
	} {
		u, err := egress.Check(address)
		if (err == nil) != want || (u != nil) != want {
			t.Errorf("Check(%q) = %v, %v, want ok %v", address, u, err, want)
		}
	}
}
