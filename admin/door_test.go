package admin_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/guard/password"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/words"
)

const secret = "the kettle sings at six"

// house is a back office behind a real server.
type house struct {
	t     *testing.T
	env   dbtest.Env
	staff *staff.Service
	url   string
}

func open(t *testing.T, e dbtest.Env) *house {
	t.Helper()
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h := &house{t: t, env: e, staff: staff.New(e.DB, e.Vault(t), password.New(password.Params{Memory: 64, Time: 1, Threads: 1}, 4))}
	office, err := admin.New(admin.Options{
		DB: e.DB, Words: catalog, Staff: h.staff, Once: once.New(e.DB, log), Log: log,
		Shop: func(context.Context) admin.Shop {
			return admin.Shop{Name: "Stoa", Zone: time.UTC, Languages: []string{"en", "de"}, Currency: "EUR"}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := office.Handler()
	if err != nil {
		t.Fatal(err)
	}
	var site *web.Site
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { site.Wrap(handler).ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL)
	if site, err = web.NewSite(web.SiteOptions{Log: log, Clock: e.Clock, Base: base}); err != nil {
		t.Fatal(err)
	}
	h.url = server.URL
	return h
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	h    *house
	c    *http.Client
	page string
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{h: h, c: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get returns the status and, for redirects, where it leads.
func (b *browser) get(path string) (int, string) {
	b.h.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// post sends a form with the key of the page seen last.
func (b *browser) post(path string, pairs ...string) (int, string) {
	b.h.t.Helper()
	form := url.Values{}
	if m := regexp.MustCompile(`name="form_key" value="([^"]+)"`).FindStringSubmatch(b.page); m != nil {
		form.Set("form_key", m[1])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

func (b *browser) do(method, path string, form url.Values) (int, string) {
	b.h.t.Helper()
	req, err := http.NewRequest(method, b.h.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.h.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	req.Header.Set("Accept", "text/html")
	res, err := b.c.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	b.page = string(body)
	return res.StatusCode, res.Header.Get("Location")
}

func (b *browser) wants(text string) {
	b.h.t.Helper()
	if !strings.Contains(b.page, text) {
		b.h.t.Errorf("the page does not say %q:\n%.2000s", text, b.page)
	}
}

func TestDoor_fromTheFirstLinkToSignOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		h := open(t, e)
		b := h.browser()
		if status, to := b.get("/admin/profile?tab=1"); status != 303 || to != "/admin/sign-in?next=%2Fadmin%2Fprofile%3Ftab%3D1" {
			t.Fatalf("a stranger gets %d to %q", status, to)
		}
		token, err := h.staff.SetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := b.get("/admin/setup/" + token); status != 200 {
			t.Fatalf("set-up page: %d", status)
		}
		if status, _ := b.post("/admin/setup/"+token, "name", "Mira", "email", "mira@", "password", "short"); status != 422 {
			t.Fatalf("a bad set-up: %d", status)
		}
		b.wants(`value="mira@"`)
		b.wants("Please use at least 12 characters.")
		b.wants(`aria-describedby="email-fault"`)
		if strings.Contains(b.page, "short") {
			t.Error("the password comes back in the page")
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM staff`); n != 0 {
			t.Fatalf("%d members after a refused set-up", n)
		}
		if status, to := b.post("/admin/setup/"+token, "name", "Mira Lindqvist", "email", "mira@example.com", "password", secret); status != 303 || to != "/admin" {
			t.Fatalf("set-up: %d to %q", status, to)
		}
		if status, _ := h.browser().get("/admin/setup/" + token); status != 404 {
			t.Errorf("the set-up stays open: %d", status)
		}
		if status, _ := b.get("/admin/profile"); status != 200 {
			t.Fatalf("profile: %d", status)
		}
		b.wants("Mira Lindqvist")

		// Letters alone are shortcuts until their reader switches them off, and
		// every page says so to the script.
		for _, sent := range [][]string{{"single_keys", "off"}, {"single_keys", "on"}} {
			off := sent[1] == "off"
			if off {
				sent = nil // what a browser sends of a box without its tick
			}
			b.get("/admin/profile")
			if status, to := b.post("/admin/profile", append(sent, "name", "Mira Lindqvist", "language", "en")...); status != 303 || to != "/admin/profile?done=saved" {
				t.Fatalf("save: %d to %q", status, to)
			}
			b.get("/admin/profile")
			if got := strings.Contains(b.page, `<body data-screen="/admin/profile" data-single-keys="off">`); got != off {
				t.Errorf("single keys off is %t on the page, want %t", got, off)
			}
			if got := e.Int(t, `SELECT single_keys FROM staff`); (got == 0) != off {
				t.Errorf("stored: %d", got)
			}
			if words := map[bool]string{true: "you switched them off", false: "Letters and signs alone can be switched off here:"}[off]; !strings.Contains(b.page, words) {
				t.Errorf("the help does not say %q", words)
			}
		}
		saved := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'staff.profile_changed'`)

		// A profile that is saved twice with one key is saved once.
		page := b.page
		for range 2 {
			b.page = page
			if status, to := b.post("/admin/profile", "name", "Mira L.", "language", "de"); status != 303 || to != "/admin/profile?done=saved" {
				t.Fatalf("save: %d to %q", status, to)
			}
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE action = 'staff.profile_changed'`) - saved; n != 1 {
			t.Errorf("saved %d times", n)
		}
		b.get("/admin/profile?done=saved")
		b.wants("Gespeichert.")
		b.get("/admin/profile?done=sign_in.title")
		if strings.Contains(b.page, "data-toast") {
			t.Error("an address can make the page say things")
		}
		if status, to := b.post("/admin/session/end"); status != 303 || to != "/admin/sign-in" {
			t.Fatalf("sign-out: %d to %q", status, to)
		}
		if status, _ := b.get("/admin/profile"); status != 303 {
			t.Errorf("still signed in: %d", status)
		}

		// In again, and only to places within the office.
		for next, want := range map[string]string{"/admin/profile": "/admin/profile", "//evil.example": "/admin", "/": "/admin", "/admin/../x": "/admin", "https://evil.example/admin": "/admin"} {
			b := h.browser()
			b.get("/admin/sign-in")
			status, to := b.post("/admin/sign-in", "email", "mira@example.com", "password", secret, "next", next)
			if status != 303 || to != want {
				t.Errorf("next=%q leads to %q (%d), want %q", next, to, status, want)
			}
		}
		b = h.browser()
		if status, _ := b.post("/admin/sign-in", "email", "mira@example.com", "password", "wrong wrong wrong"); status != 422 {
			t.Errorf("a wrong password: %d", status)
		}
		b.wants("E-mail address and password do not belong together.")
		b.wants(`value="mira@example.com"`)
	})
}

func TestDoor_otherSitesPostNothing(t *testing.T) {
	e := dbtest.New(t, "sqlite")
	h := open(t, e)
	req, _ := http.NewRequest(http.MethodPost, h.url+"/admin/sign-in", strings.NewReader("email=a@b.cd&password=x"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Origin", "https://evil.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got %d, want 403", res.StatusCode)
	}
	if n := e.Int(t, `SELECT COUNT(*) FROM throttle`); n != 0 {
		t.Error("a foreign post was counted as a try")
	}
}
