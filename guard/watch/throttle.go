// Package watch keeps an eye on who tries what, and how often.
package watch

import (
	"context"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Limit is a rate with room for a burst: Burst at once, and one more every
// Every. It is the generic cell rate algorithm, one row a bucket, so that all
// nodes count together.
type Limit struct {
	Every time.Duration // > 0
	Burst int64         // ≥ 1
}

// Bucket is what is counted: an address, an account, both.
type Bucket struct {
	Name  string // "staff.sign_in:ip:192.0.2.1"; never personal data in the clear
	Limit Limit
}

// Take takes one from every bucket, or fails with TooMany ("fault.too_many"
// and the seconds to wait) when one of them is empty; the others then keep
// what they have lost, so that hammering does not pay. The caller commits
// before it does what the buckets guard, else a rollback would forgive the
// try.
func Take(ctx context.Context, tx *db.Tx, buckets ...Bucket) error {
	var wait time.Duration
	for _, b := range buckets {
		w, err := take(ctx, tx, b)
		if err != nil {
			return err
		}
		wait = max(wait, w)
	}
	if wait > 0 {
		return fault.New(fault.TooMany, "fault.too_many").With("retry_after", int64((wait+time.Second-1)/time.Second))
	}
	return nil
}

// Reset fills buckets up: the person proved who they are.
func Reset(ctx context.Context, tx *db.Tx, names ...string) error {
	for _, name := range names {
		if err := drop(ctx, tx, name); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes buckets that are full again. It is housekeeping.
func Sweep(ctx context.Context, d *db.DB) error {
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return sweep(ctx, tx) })
}

// Network is the part of an address that one customer of a network provider
// holds: the address itself under IPv4, the /64 under IPv6.
func Network(ip netip.Addr) string {
	ip = ip.Unmap()
	if !ip.IsValid() {
		return "unknown"
	}
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}

// Key makes a bucket's name of a blind index.
func Key(prefix string, index []byte) string { return prefix + hex.EncodeToString(index) }
