package payment

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// Budget decides who may try to pay, before a provider is asked (T40). People
// who test stolen cards try often, from many addresses, with many e-mail
// addresses, and are declined nearly always; shoppers try a few times and
// succeed. So every try costs the address, the e-mail and the cart one unit
// that comes back when the payment succeeds, and declines that outnumber
// approvals put a brake on the whole shop, or on one amount, for everybody who
// never paid here before.
//
// A Budget is arithmetic only. Levels are stored by the caller, which locks the
// rows of Keys in that order, calls Spend, Declined or Approved, and writes the
// levels that came back. Each level is one instant: the moment at which the
// bucket would be empty again (GCRA's theoretical arrival time).
type Budget struct {
	IP    Rule // each client address; IPv6 by /64
	Email Rule
	Cart  Rule

	Amount Brake // all attempts for one amount in one currency
	Shop   Brake // all attempts
}

// Rule allows Burst tries at once and one more each Every.
type Rule struct {
	Burst int64
	Every time.Duration
}

// Brake bites when declines outnumber approvals by Declines, where an approval
// makes up for one and a half declines and one decline is forgotten each Every.
// It therefore never bites below a decline rate of 60 %, nor below one decline
// each Every. While it bites, one try each Lane is let through; it lets go at
// the latest Lasts after the declines stop.
type Brake struct {
	Declines int64
	Every    time.Duration
	Lane     time.Duration
	Lasts    time.Duration
}

// DefaultBudget is what a shop uses. Of 400 declined tries spread over ten
// minutes a provider sees 21 from one address, 9 for one e-mail address, 6 from
// one cart. From endless addresses it sees 17 for one product and 23 for many.
func DefaultBudget() Budget {
	return Budget{
		IP:     Rule{Burst: 12, Every: time.Minute},
		Email:  Rule{Burst: 8, Every: 5 * time.Minute},
		Cart:   Rule{Burst: 5, Every: 5 * time.Minute},
		Amount: Brake{Declines: 6, Every: time.Minute, Lane: time.Minute, Lasts: 5 * time.Minute},
		Shop:   Brake{Declines: 12, Every: time.Minute, Lane: time.Minute, Lasts: 5 * time.Minute},
	}
}

// Subject is who tries. The strings are opaque keys, at most 64 characters: the
// caller may hash what is personal and keep the subject beside the attempt, to
// report the result when it comes, perhaps days later. An empty one is skipped.
type Subject struct {
	IP     string // see IPKey
	Email  string // a blind index, never the address
	Cart   string
	Amount money.Money

	// Proven is somebody who paid here before and is signed in. The brakes
	// spare them, so that an attack does not close the shop.
	Proven bool
}

// IPKey is the key of a client address: IPv4 as it is, IPv6 by its /64, which
// is what one household gets.
func IPKey(a netip.Addr) string {
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr().String()
		}
	}
	return a.String()
}

// Levels maps bucket keys to levels. A missing one is empty.
type Levels map[string]time.Time

// Verdict is the answer to a try.
type Verdict struct {
	Allowed    bool
	Rule       string        // which limit refused: "ip", "email", "cart", "amount", "shop"
	RetryAfter time.Duration // whole seconds, at least one, when refused

	// Braked says that a brake bites, whether or not this try was let
	// through. It is a reason to tell the shop's owner.
	Braked bool
}

// Err is nil for an allowed try, else a TooMany fault
// "payment.too_many_attempts" with "retry_after" in seconds.
func (v Verdict) Err() error {
	if v.Allowed {
		return nil
	}
	return fault.New(fault.TooMany, "payment.too_many_attempts").
		With("retry_after", int64(v.RetryAfter/time.Second))
}

type bucket struct {
	name, key string
	rule      Rule
}

func (b Budget) rules(s Subject) []bucket {
	var list []bucket
	add := func(name, key string, r Rule) {
		if key != "" {
			list = append(list, bucket{name, name + ":" + key, r})
		}
	}
	add("ip", s.IP, b.IP)
	add("email", s.Email, b.Email)
	add("cart", s.Cart, b.Cart)
	return list
}

type brake struct {
	name, key, lane string
	Brake
}

func (b Budget) brakes(s Subject) []brake {
	amount := s.Amount.Currency + strconv.FormatInt(int64(s.Amount.Amount), 10)
	return []brake{
		{"amount", "amount:" + amount, "lane:" + amount, b.Amount},
		{"shop", "shop", "lane", b.Shop},
	}
}

// Keys lists every bucket that concerns a subject, in the order in which rows
// are to be locked.
func (b Budget) Keys(s Subject) []string {
	var keys []string
	for _, r := range b.rules(s) {
		keys = append(keys, r.key)
	}
	for _, k := range b.brakes(s) {
		keys = append(keys, k.key, k.lane)
	}
	slices.Sort(keys)
	return keys
}

// Spend asks for one try. It returns the levels that changed; a refused try
// changes none, so knocking on makes nobody wait longer.
func (b Budget) Spend(s Subject, l Levels, now time.Time) (Verdict, Levels) {
	changed := make(Levels)
	var v Verdict
	take := func(name, key string, r Rule) bool {
		level := later(l[key], now).Add(r.Every)
		if over := level.Sub(now) - time.Duration(r.Burst)*r.Every; over > 0 {
			v.Rule = name
			v.RetryAfter = max((over + time.Second - 1).Truncate(time.Second), time.Second)
			return false
		}
		changed[key] = level
		return true
	}
	for _, r := range b.rules(s) {
		if !take(r.name, r.key, r.rule) {
			return v, nil
		}
	}
	for _, k := range b.brakes(s) {
		if later(l[k.key], now).Sub(now) < k.limit() {
			continue
		}
		v.Braked = true
		if !s.Proven && !take(k.name, k.lane, Rule{Burst: 1, Every: k.Lane}) {
			return v, nil
		}
	}
	v.Allowed = true
	return v, changed
}

func (k Brake) limit() time.Duration { return time.Duration(k.Declines) * k.Every }

// Declined reports that a try was refused by the provider. It returns the
// levels that changed.
func (b Budget) Declined(s Subject, l Levels, now time.Time) Levels {
	changed := make(Levels)
	for _, k := range b.brakes(s) {
		level := later(l[k.key], now).Add(k.Every)
		if most := now.Add(k.limit() + k.Lasts); level.After(most) {
			level = most
		}
		changed[k.key] = level
	}
	return changed
}

// Approved reports that a try succeeded: the units of the address, the e-mail
// and the cart come back, and the brakes ease. It returns the levels that
// changed, often none, so that a busy shop does not queue at one row.
func (b Budget) Approved(s Subject, l Levels, now time.Time) Levels {
	changed := make(Levels)
	ease := func(key string, by time.Duration) {
		if level := l[key]; level.After(now) {
			changed[key] = later(level.Add(-by), now)
		}
	}
	for _, r := range b.rules(s) {
		ease(r.key, r.rule.Every)
	}
	for _, k := range b.brakes(s) {
		ease(k.key, k.Every*3/2)
	}
	return changed
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
