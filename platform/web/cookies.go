package web

import (
	"net/http"
	"net/url"
	"time"
)

// Cookies writes the shop's cookies: HttpOnly, SameSite=Lax, for the whole
// host. When Secure is set they are also Secure and carry the prefix __Host-,
// which no other subdomain can forge. Port, where it is set, is a part of
// their names: browsers send a host's cookies to all its ports.
type Cookies struct {
	Secure bool
	Port   string
}

// CookiesAt are the cookies of a shop at base. On this machine, where several
// shops may be tried out side by side, each has its own.
func CookiesAt(base *url.URL, secure bool) Cookies {
	c := Cookies{Secure: secure}
	if loopback(base.Hostname()) {
		c.Port = base.Port()
	}
	return c
}

// maxCookie is the longest value that is set or believed.
const maxCookie = 3500

func (c Cookies) name(name string) string {
	if c.Port != "" {
		name += "-" + c.Port
	}
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

// Set writes a cookie. keep is how long the browser holds it; 0 means until it
// is closed. An answer with a cookie is never shared: Set forbids caching it.
func (c Cookies) Set(w http.ResponseWriter, name, value string, keep time.Duration) {
	if len(value) > maxCookie {
		panic("web: cookie " + name + " is too long")
	}
	c.write(w, name, value, int(keep/time.Second))
}

// Clear makes the browser forget a cookie.
func (c Cookies) Clear(w http.ResponseWriter, name string) { c.write(w, name, "", -1) }

func (c Cookies) write(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	w.Header().Set("Cache-Control", "no-store")
}

// Get returns a cookie's value. A cookie that is sent twice with different
// values, or is longer than Set allows, is nobody's and so not ok.
func (c Cookies) Get(r *http.Request, name string) (value string, ok bool) {
	for i, found := range r.CookiesNamed(c.name(name)) {
		if len(found.Value) > maxCookie || (i > 0 && found.Value != value) {
			return "", false
		}
		value, ok = found.Value, true
	}
	return value, ok && value != ""
}
