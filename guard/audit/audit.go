// Package audit keeps the change log: who changed what, when, from what, to
// what. Every staff write and every change of what the storefront shows
// appends a row in the same transaction. Timelines, undo, caches, the search
// index and settings on every node all read this one log.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

// Kind says what sort of actor acted.
type Kind string

// The actors.
const (
	KindSystem   Kind = "system"   // a job, an import, the program itself
	KindStaff    Kind = "staff"    // ID is stf_…
	KindCustomer Kind = "customer" // ID is cus_…
	KindGuest    Kind = "guest"    // a shopper without account; ID is the order or cart
	KindKey      Kind = "key"      // a program; ID is tok_…
)

// Actor is whoever did it.
type Actor struct {
	Kind Kind
	ID   string
}

// System is the shop itself; name says which part: "import", "demo", "payment".
func System(name string) Actor { return Actor{KindSystem, name} }

// Staff is a member of staff.
func Staff(id string) Actor { return Actor{KindStaff, id} }

// Customer is a shopper with an account.
func Customer(id string) Actor { return Actor{KindCustomer, id} }

// Guest is a shopper without one.
func Guest(id string) Actor { return Actor{KindGuest, id} }

// Change is one entry to be written. Before and After become JSON; nil means
// there was, or is, nothing. Never put personal data into them: name the
// field that changed instead.
type Change struct {
	Actor  Actor
	Action string // "product.saved", "order.shipped"
	Object string // "product", "order", "settings"
	ID     string
	Before any
	After  any
	Reason string
}

// Entry is a change as it stands in the log.
type Entry struct {
	Seq    int64
	At     time.Time
	Actor  Actor
	Action string
	Object string
	ID     string
	Before json.RawMessage // null when there was nothing
	After  json.RawMessage
	Reason string
}

const topic = "changes"

// Append writes a change into the transaction. Followers on this node have
// seen it when InTx returns, those on other nodes within a second.
func Append(ctx context.Context, tx *db.Tx, c Change) error {
	e := &Entry{At: tx.Now(), Actor: c.Actor, Action: c.Action, Object: c.Object, ID: c.ID, Reason: c.Reason}
	var err error
	if e.Before, err = json.Marshal(c.Before); err != nil {
		return fmt.Errorf("audit %s: %w", c.Action, err)
	}
	if e.After, err = json.Marshal(c.After); err != nil {
		return fmt.Errorf("audit %s: %w", c.Action, err)
	}
	if err := insert(ctx, tx, e); err != nil {
		return fmt.Errorf("audit %s: %w", c.Action, err)
	}
	tx.Publish(topic, e)
	tx.Wake(topic)
	return nil
}

// History lists an object's changes, newest first, at most limit.
func History(ctx context.Context, q db.Q, object, id string, limit int) ([]Entry, error) {
	return history(ctx, q, object, id, limit)
}
