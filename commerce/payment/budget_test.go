package payment_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
)

// tills plays the caller of a Budget: it keeps the levels.
type tills struct {
	budget payment.Budget
	levels payment.Levels
	now    time.Time
}

func newTills() *tills {
	return &tills{payment.DefaultBudget(), payment.Levels{}, time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)}
}

func (c *tills) spend(s payment.Subject) payment.Verdict {
	v, changed := c.budget.Spend(s, c.levels, c.now)
	c.keep(s, changed)
	return v
}

func (c *tills) keep(s payment.Subject, changed payment.Levels) {
	keys := c.budget.Keys(s)
	for key, level := range changed {
		if !slices.Contains(keys, key) {
			panic("a level that was not locked: " + key)
		}
		c.levels[key] = level
	}
}

func (c *tills) declined(s payment.Subject) { c.keep(s, c.budget.Declined(s, c.levels, c.now)) }
func (c *tills) approved(s payment.Subject) { c.keep(s, c.budget.Approved(s, c.levels, c.now)) }

func eur(n money.Minor) money.Money { return money.Money{Amount: n, Currency: "EUR"} }

// attack makes 400 declined tries in ten minutes and counts those that a
// provider would see.
func attack(c *tills, subject func(i int) payment.Subject) (seen int) {
	for i := range 400 {
		s := subject(i)
		if c.spend(s).Allowed {
			seen++
			c.declined(s)
		}
		c.now = c.now.Add(1500 * time.Millisecond)
	}
	return seen
}

func TestT40_cardTestersReachTheProviderRarely(t *testing.T) {
	ip := func(i int) string { return netip.AddrFrom4([4]byte{5, 9, byte(i >> 8), byte(i)}).String() }
	tests := map[string]struct {
		subject func(i int) payment.Subject
		want    int
	}{
		"one address": {func(i int) payment.Subject {
			return payment.Subject{IP: "5.9.0.1", Email: fmt.Sprint("e", i), Cart: fmt.Sprint("c", i), Amount: eur(money.Minor(100 + i))}
		}, 21},
		"one e-mail": {func(i int) payment.Subject {
			return payment.Subject{IP: ip(i), Email: "e", Cart: fmt.Sprint("c", i), Amount: eur(money.Minor(100 + i))}
		}, 9},
		"one cart": {func(i int) payment.Subject {
			return payment.Subject{IP: ip(i), Email: fmt.Sprint("e", i), Cart: "c", Amount: eur(499)}
		}, 6},
		"endless addresses, one product": {func(i int) payment.Subject {
			return payment.Subject{IP: ip(i), Email: fmt.Sprint("e", i), Cart: fmt.Sprint("c", i), Amount: eur(499)}
		}, 17},
		"endless addresses, many products": {func(i int) payment.Subject {
			return payment.Subject{IP: ip(i), Email: fmt.Sprint("e", i), Cart: fmt.Sprint("c", i), Amount: eur(money.Minor(100 + i))}
		}, 23},
		"no address, no e-mail, no cart": {func(i int) payment.Subject { return payment.Subject{Amount: eur(money.Minor(100 + i))} }, 23},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if seen := attack(newTills(), tt.subject); seen != tt.want || seen > 30 {
				t.Errorf("%d of 400 reached the provider, want %d", seen, tt.want)
			}
		})
	}
}

// While an attack runs, people who paid here before are served as ever, and
// the shop is open for everybody again five minutes after it ends.
func TestT40_goodBuyersStillSucceed(t *testing.T) {
	c := newTills()
	attack(c, func(i int) payment.Subject {
		s := payment.Subject{IP: fmt.Sprint("bad", i), Cart: fmt.Sprint("bad", i), Amount: eur(499)}
		if i%4 == 0 {
			good := payment.Subject{IP: fmt.Sprint("good", i), Cart: fmt.Sprint("good", i), Amount: eur(499), Proven: true}
			if v := c.spend(good); !v.Allowed {
				t.Errorf("try %d: a proven buyer was refused by %s", i, v.Rule)
			}
			// Somebody new who buys something else is not held up either.
			fresh := payment.Subject{IP: fmt.Sprint("new", i), Cart: fmt.Sprint("new", i), Amount: eur(7900)}
			if v := c.spend(fresh); !v.Allowed {
				t.Errorf("try %d: a new buyer was refused by %s", i, v.Rule)
			}
			c.approved(fresh)
		}
		return s
	})
	c.now = c.now.Add(5*time.Minute + time.Second)
	if v := c.spend(payment.Subject{IP: "late", Cart: "late", Amount: eur(499)}); !v.Allowed || v.Braked {
		t.Errorf("five minutes later: %+v", v)
	}
}

// However many declines come in at once, the brake is off five minutes later.
func TestT40_theBrakeLetsGo(t *testing.T) {
	c := newTills()
	for i := range 1000 {
		c.declined(payment.Subject{Amount: eur(money.Minor(100 + i))})
	}
	s := payment.Subject{Amount: eur(7900)}
	if v := c.spend(s); !v.Allowed || !v.Braked {
		t.Errorf("first through the lane: %+v", v)
	}
	if v := c.spend(s); v.Allowed || v.Rule != "shop" || v.RetryAfter != time.Minute {
		t.Errorf("second: %+v", v)
	}
	c.now = c.now.Add(5*time.Minute + time.Millisecond)
	for i := range 5 {
		if v := c.spend(s); !v.Allowed || v.Braked {
			t.Errorf("later, try %d: %+v", i, v)
		}
	}
}

// A busy day with every fifth card declined trips nothing, not even for a
// hundred people behind one address who buy the same thing.
func TestT40_aBusyDayTripsNothing(t *testing.T) {
	c := newTills()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		s := payment.Subject{IP: fmt.Sprint("ip", i%30), Email: fmt.Sprint("e", i), Cart: fmt.Sprint("c", i), Amount: eur(4900)}
		for try := 0; ; try++ {
			if v := c.spend(s); !v.Allowed || v.Braked {
				t.Fatalf("buyer %d, try %d: %+v", i, try, v)
			}
			if try < 3 && r.IntN(5) == 0 {
				c.declined(s)
				continue
			}
			c.approved(s)
			break
		}
		c.now = c.now.Add(time.Second)
	}
}

func TestBudget_refusalsCostNothingAndSayWhen(t *testing.T) {
	c := newTills()
	s := payment.Subject{Cart: "c", Amount: eur(499)}
	for range 5 {
		if v := c.spend(s); !v.Allowed || v.Err() != nil {
			t.Fatalf("%+v", v)
		}
	}
	c.now = c.now.Add(time.Second)
	for range 100 {
		v, changed := c.budget.Spend(s, c.levels, c.now)
		if v.Allowed || v.Rule != "cart" || v.RetryAfter != 299*time.Second || changed != nil {
			t.Fatalf("%+v, changed %v", v, changed)
		}
		f := fault.From(v.Err())
		if f.Kind != fault.TooMany || f.Reason != "payment.too_many_attempts" || f.Params["retry_after"] != int64(299) {
			t.Fatalf("fault %+v", f)
		}
	}
	c.now = c.now.Add(299*time.Second - time.Millisecond)
	if v := c.spend(s); v.Allowed || v.RetryAfter != time.Second {
		t.Errorf("a moment too early: %+v", v)
	}
	c.now = c.now.Add(time.Millisecond)
	if v := c.spend(s); !v.Allowed {
		t.Errorf("on time: %+v", v)
	}
}

func TestBudget_successGivesBack(t *testing.T) {
	c := newTills()
	s := payment.Subject{IP: "1.1.1.1", Email: "e", Cart: "c", Amount: eur(499)}
	for i := range 100 {
		if v := c.spend(s); !v.Allowed {
			t.Fatalf("success %d was refused by %s", i, v.Rule)
		}
		c.approved(s)
	}
	if changed := c.budget.Approved(s, c.levels, c.now); len(changed) != 0 {
		t.Errorf("nothing to give back changed %v", changed)
	}
}

func TestBudget_Keys(t *testing.T) {
	b := payment.DefaultBudget()
	got := b.Keys(payment.Subject{IP: "1.1.1.1", Email: "e", Cart: "c", Amount: eur(499)})
	want := []string{"amount:EUR499", "cart:c", "email:e", "ip:1.1.1.1", "lane", "lane:EUR499", "shop"}
	if !slices.Equal(got, want) || !slices.IsSorted(got) {
		t.Errorf("Keys = %v, want %v", got, want)
	}
	if got := b.Keys(payment.Subject{Amount: eur(499)}); !reflect.DeepEqual(got, []string{"amount:EUR499", "lane", "lane:EUR499", "shop"}) {
		t.Errorf("Keys of nobody = %v", got)
	}
}

func TestIPKey(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9":           "203.0.113.9",
		"::ffff:203.0.113.9":    "203.0.113.9",
		"2a02:8108:1:2:3:4:5:6": "2a02:8108:1:2::",
		"2a02:8108:1:2:ffff::":  "2a02:8108:1:2::",
		"fe80::1%eth0":          "fe80::",
		"2a02:8108:1:3::":       "2a02:8108:1:3::",
	} {
		if got := payment.IPKey(netip.MustParseAddr(in)); got != want {
			t.Errorf("IPKey(%s) = %s, want %s", in, got, want)
		}
	}
}
