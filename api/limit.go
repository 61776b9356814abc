package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
)

// Rate says how often one asker may ask: a token or an account, and of those
// that are unknown a network. A node counts for itself.
type Rate struct {
	Known watch.Limit // zero: 600 at once, 20 a second
	Guest watch.Limit // zero: 300 at once, 10 a second
}

func (r Rate) filled() Rate {
	if r.Known.Burst == 0 {
		r.Known = watch.Limit{Every: 50 * time.Millisecond, Burst: 600}
	}
	if r.Guest.Burst == 0 {
		r.Guest = watch.Limit{Every: 100 * time.Millisecond, Burst: 300}
	}
	return r
}

// maxAskers bounds the memory of a limiter: it knows at most twice as many.
const maxAskers = 50_000

// limiter counts askers by the generic cell rate algorithm. Whoever has not
// asked for longest is forgotten first, and begins anew.
type limiter struct {
	mu     sync.Mutex
	recent map[string]time.Time // asker → when the next request is due at the steady rate
	older  map[string]time.Time
}

// verdict is what a limiter says of one request.
type verdict struct {
	left  int64         // requests that may follow at once
	reset time.Duration // until all of them may again
	wait  time.Duration // until this one may; 0: now
}

// take counts a request. Whoever is refused loses nothing by it.
func (l *limiter) take(asker string, limit watch.Limit, now time.Time) verdict {
	room := limit.Every * time.Duration(limit.Burst)
	l.mu.Lock()
	defer l.mu.Unlock()
	due, ok := l.recent[asker]
	if !ok {
		due = l.older[asker]
	}
	if due.Before(now) || due.Sub(now) > room { // more than room: the clock was set back
		due = now
	}
	next := due.Add(limit.Every)
	if over := next.Sub(now) - room; over > 0 {
		return verdict{0, due.Sub(now), over}
	}
	if l.recent == nil || len(l.recent) >= maxAskers {
		l.older, l.recent = l.recent, make(map[string]time.Time)
	}
	l.recent[asker] = next
	return verdict{int64((room - next.Sub(now)) / limit.Every), next.Sub(now), 0}
}

// limited refuses askers who ask too often, and tells the others how much they
// have left. Who asks is found out here, once for the whole request: a made-up
// token counts for the network it comes from.
func (a *API) limited(next http.Handler) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		ask := asked(r.Context())
		ask.me, ask.failed = a.look(r)
		name, asker, limit := "guest", "net:"+network(r.Context()), a.Rate.Guest
		if ask.failed == nil && ask.me.Known() {
			name, asker, limit = "known", ask.me.Kind.String()+":"+ask.me.ID, a.Rate.Known
		}
		v := a.limiter.take(asker, limit, a.DB.Now())
		window := limit.Every * time.Duration(limit.Burst)
		w.Header().Set("RateLimit-Policy", `"`+name+`";q=`+strconv.FormatInt(limit.Burst, 10)+`;w=`+seconds(window))
		w.Header().Set("RateLimit", `"`+name+`";r=`+strconv.FormatInt(v.left, 10)+`;t=`+seconds(v.reset))
		if v.wait > 0 {
			return fault.New(fault.TooMany, "fault.too_many").With("retry_after", whole(v.wait))
		}
		next.ServeHTTP(w, r)
		return nil
	}
}

// whole is a time in seconds, rounded up.
func whole(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func seconds(d time.Duration) string { return strconv.FormatInt(whole(d), 10) }

// identify tells the policies who is asking.
func (a *API) identify(r *http.Request) (policy.Identity, error) {
	ask := asked(r.Context())
	return ask.me, ask.failed
}
